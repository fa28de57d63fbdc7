//! Findings of a kind: those of a report that share category and severity.
//!
//! Most of what rules and exceptions ask has one answer for all of a kind. It is
//! found once, and of each finding only asked what is left.

use foldhash::HashMap;

use super::Rule;
use super::index::Index;
use super::selector::Texts;
use crate::finding::{Category, Severity};

/// What may mean findings of a kind.
#[derive(Debug, Default)]
pub(super) struct Kind {
    /// The exceptions that name nothing, by their number in the index.
    pub(super) exceptions: Vec<usize>,
    /// The rules, by their number in the policy.
    pub(super) rules: Vec<usize>,
}

/// The kinds that were met, by their report's number.
pub(super) struct Kinds<'k, 'a> {
    index: &'k Index<'a>,
    rules: &'a [Rule],
    met: HashMap<(usize, Category, Severity), Kind>,
}

impl<'k, 'a> Kinds<'k, 'a> {
    pub(super) fn new(index: &'k Index<'a>, rules: &'a [Rule]) -> Self {
        Self {
            index,
            rules,
            met: HashMap::default(),
        }
    }

    /// The kind of a finding of a report, which has a number.
    pub(super) fn of(&mut self, report: usize, texts: &Texts<'_, '_>) -> &Kind {
        let finding = texts.subject.finding;
        let (index, rules) = (self.index, self.rules);
        let key = (report, finding.category, finding.severity);
        let met = self.met.entry(key);
        met.or_insert_with(|| Kind::of(texts, index, rules))
    }
}

impl Kind {
    fn of(texts: &Texts<'_, '_>, index: &Index<'_>, rules: &[Rule]) -> Self {
        let others = index.others().iter().copied();
        let may_accept = |at: &usize| {
            let exception = index.exception(*at);
            exception.is_some_and(|exception| exception.selector.may_mean_kind(texts))
        };
        let rules = rules.iter().enumerate();
        let rules = rules.filter(|(_, rule)| rule.selector.may_mean_kind(texts));
        Self {
            exceptions: others.filter(may_accept).collect(),
            rules: rules.map(|(at, _)| at).collect(),
        }
    }
}
