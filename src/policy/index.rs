//! Finding the exceptions that may concern a finding without asking all of them.
//!
//! A finding's own names lead to the few exceptions that name them. The others,
//! which name nothing or only patterns, are asked about every finding.

use std::borrow::Cow;

use foldhash::HashMap;

use super::Exception;
use super::selector::{OfPlace, Question, Selector, Subject};
use crate::finding::AnyCase;
use crate::fingerprint::Fingerprint;

/// The exceptions of a policy, by what they name.
#[derive(Debug)]
pub(super) struct Index<'a> {
    exceptions: Vec<(&'a Exception, OfPlace)>,
    by_fingerprint: HashMap<Fingerprint, Vec<usize>>,
    /// By the names of rules and vulnerabilities.
    by_name: HashMap<AnyCase<'a>, Vec<usize>>,
    others: Vec<usize>,
}

/// What a selector names, all that it matches having one of them.
enum Handle<'a> {
    Fingerprints(&'a [Fingerprint]),
    Names(Vec<&'a str>),
}

impl<'a> Index<'a> {
    /// The exceptions are in the policy's order.
    pub(super) fn new(exceptions: Vec<&'a Exception>) -> Self {
        let mut index = Self {
            exceptions: Vec::new(),
            by_fingerprint: HashMap::default(),
            by_name: HashMap::default(),
            others: Vec::new(),
        };
        for (at, exception) in exceptions.iter().enumerate() {
            match Handle::of(&exception.selector) {
                Some(Handle::Fingerprints(fingerprints)) => {
                    for fingerprint in fingerprints {
                        index
                            .by_fingerprint
                            .entry(*fingerprint)
                            .or_default()
                            .push(at);
                    }
                }
                Some(Handle::Names(names)) => {
                    for name in names {
                        index.by_name.entry(AnyCase(name)).or_default().push(at);
                    }
                }
                None => index.others.push(at),
            }
        }
        let exceptions = exceptions.into_iter();
        index.exceptions = exceptions
            .map(|exception| (exception, OfPlace::default()))
            .collect();
        index
    }

    /// The exceptions that may match the subject, in the policy's order, each with what
    /// it answered of the place before.
    pub(super) fn candidates<'s>(
        &'s self,
        subject: &Subject<'_>,
    ) -> impl Iterator<Item = &'s (&'a Exception, OfPlace)> {
        let mut found = Cow::from(&self.others);
        if let Some(named) = self.by_fingerprint.get(&subject.finding.fingerprint) {
            found.to_mut().extend(named);
        }
        let mut last = None;
        for name in subject.vulnerability_ids() {
            // The name of the rule often is that of the vulnerability.
            if last.replace(name) == Some(name) {
                continue;
            }
            if let Some(named) = self.by_name.get(&AnyCase(name)) {
                found.to_mut().extend(named);
            }
        }
        if let Cow::Owned(found) = &mut found {
            found.sort_unstable();
            found.dedup();
        }
        (0..found.len()).filter_map(move |nth| self.exceptions.get(*found.get(nth)?))
    }
}

impl<'a> Handle<'a> {
    fn of(selector: &'a Selector) -> Option<Self> {
        let questions = || selector.asked().iter().map(|asked| &asked.question);
        let fingerprints = questions().find_map(|question| match question {
            Question::Fingerprint(wanted) => Some(Self::Fingerprints(wanted)),
            _ => None,
        });
        fingerprints.or_else(|| {
            questions().find_map(|question| match question {
                Question::Rule(patterns) | Question::Vulnerability(patterns) => {
                    Some(Self::Names(patterns.literals()?.collect()))
                }
                _ => None,
            })
        })
    }
}
