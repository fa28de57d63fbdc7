//! Judging one finding: whether it counts against rules, and why not.

use std::sync::Arc;

use jiff::civil::Date;
use thin_vec::ThinVec;

use super::decide::Circumstances;
use super::index::Index;
use super::selector::{Needs, Selector, Subject, Texts};
use super::{Exception, Policy};
use crate::finding::Severity;

/// A finding with its status.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The finding, and what is known of it.
    pub subject: Subject<'a>,
    /// The index of its report in [`super::decide::Decision::reports`].
    pub report: u32,
    /// Whether it counts against rules, and why not.
    pub standing: Standing<'a>,
    /// The broken rules with the action `fail` that it counts for. Many findings
    /// share theirs.
    pub breaks: Arc<Vec<&'a str>>,
}

/// Whether a finding counts against rules, and why not.
#[derive(Debug, Clone, Default)]
pub struct Standing<'a> {
    /// Whether it does.
    pub status: Status,
    /// The exception that accepts it.
    pub exception: Option<&'a Exception>,
    /// The exceptions that concern it and do not accept it, and why not.
    pub passed_over: ThinVec<(&'a Exception, PassedOver)>,
}

/// Why an exception that concerns a finding does not accept it.
#[derive(Debug, Clone)]
pub enum PassedOver {
    /// It means the finding, and does not hold.
    Refused(Refusal),
    /// It could not be asked, for this reason.
    Unanswered(String),
}

impl<'a> Standing<'a> {
    /// The exceptions that mean it and do not hold, and why not.
    pub fn refused(&self) -> impl Iterator<Item = (&'a Exception, Refusal)> {
        let refused = self.passed_over.iter();
        refused.filter_map(|(exception, why)| match why {
            PassedOver::Refused(refusal) => Some((*exception, *refusal)),
            PassedOver::Unanswered(_) => None,
        })
    }
}

/// Whether a finding counts against rules.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It does.
    #[default]
    Open,
    /// An exception accepts it.
    Accepted,
    /// A VEX document says that the product is not affected.
    NotAffected,
    /// Its scanner suppressed it.
    Suppressed,
}

/// Why an exception does not accept a finding that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Its last day is over.
    Expired,
    /// Its first day is yet to come.
    NotYetInForce,
    /// Who made the change approved it.
    ApprovedByAuthor,
    /// The severity rose after the exception was decided.
    Lapsed {
        /// What it was.
        from: Severity,
        /// The day on which that was seen.
        on: Date,
    },
    /// The policy lets no exception accept it.
    Never,
}

/// All that judges a finding.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    policy: &'a Policy,
    authors: &'a [String],
    /// The exceptions that can be asked.
    index: Index<'a>,
    /// What is known that no report tells.
    known: Needs,
}

impl<'a> Judge<'a> {
    pub(super) fn new(policy: &'a Policy, circumstances: &Circumstances<'a>, known: Needs) -> Self {
        // What is missing for an answer is a gap of its own.
        let can_be_asked = |exception: &&Exception| !exception.selector.needs().exceed(known);
        Self {
            policy,
            authors: circumstances.authors,
            index: Index::new(policy.exceptions.iter().filter(can_be_asked).collect()),
            known,
        }
    }

    /// Judges a finding on the subject's day, in this order of precedence:
    /// suppressed, not affected, accepted, open.
    pub(super) fn judge(&self, texts: &Texts<'_, 'a>) -> Standing<'a> {
        let Texts { subject, .. } = texts;
        let mut standing = Standing::default();
        if subject.finding.suppressed().is_some()
            && self
                .policy
                .trust_suppressions
                .includes(subject.source.scanner)
        {
            standing.status = Status::Suppressed;
            return standing;
        }
        if subject.vex.is_some() {
            standing.status = Status::NotAffected;
            return standing;
        }
        for (exception, of_place) in self.index.candidates(subject) {
            match exception.selector.matches_beside(texts, of_place) {
                Ok(false) => {}
                Err(error) => {
                    let why = PassedOver::Unanswered(error);
                    standing.passed_over.push((exception, why));
                }
                Ok(true) => {
                    if let Some(refusal) = self.refusal(exception, texts) {
                        let why = PassedOver::Refused(refusal);
                        standing.passed_over.push((exception, why));
                        continue;
                    }
                    standing.status = Status::Accepted;
                    standing.exception = Some(exception);
                    let is_unanswered = |why: &_| matches!(why, PassedOver::Unanswered(_));
                    standing.passed_over.retain(|(_, why)| is_unanswered(why));
                    break;
                }
            }
        }
        standing
    }

    /// The exceptions that may mean a finding, on its own day or on another.
    pub(super) fn concerning<'s>(
        &'s self,
        texts: &'s Texts<'_, 'a>,
    ) -> impl Iterator<Item = &'a Exception> {
        let candidates = self.index.candidates(texts.subject);
        let exceptions = candidates.map(|(exception, _)| *exception);
        exceptions.filter(|exception| exception.selector.could_match(texts))
    }

    fn refusal(&self, exception: &Exception, texts: &Texts<'_, '_>) -> Option<Refusal> {
        let Policy { bounds, .. } = self.policy;
        let Texts { subject, .. } = texts;
        // A question without an answer is no leave.
        let is_never = |selector: &Selector| {
            selector.needs().exceed(self.known) || selector.matches(texts).unwrap_or(true)
        };
        let raised = subject
            .raised
            .filter(|raised| exception.decided.is_none_or(|decided| raised.on > decided));
        match () {
            () if exception.expires < subject.source.today => Some(Refusal::Expired),
            () if !exception.in_force(subject.source.today) => Some(Refusal::NotYetInForce),
            () if !bounds.author_may_approve && exception.is_approved_by(self.authors) => {
                Some(Refusal::ApprovedByAuthor)
            }
            () if bounds.never.iter().any(|never| is_never(&never.selector)) => {
                Some(Refusal::Never)
            }
            () => raised.map(|raised| Refusal::Lapsed {
                from: raised.from,
                on: raised.on,
            }),
        }
    }
}

impl Exception {
    /// Whether nobody but these people approved it. Of names only letters and
    /// digits count, so that none looks like another's to people alone.
    pub fn is_approved_by(&self, people: &[String]) -> bool {
        let bare = |name: &str| -> String {
            let letters = name.chars().filter(|c| c.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect()
        };
        let people: Vec<_> = people.iter().map(|person| bare(person)).collect();
        let is_one = |name: &str| name.is_empty() || people.iter().any(|person| person == name);
        let approvers = self.approved_by.as_ref();
        approvers.is_some_and(|names| {
            let mut names = names.split([',', ';', '&', '/', '+', '\n']).map(bare);
            names.all(|name| is_one(&name))
        })
    }
}
