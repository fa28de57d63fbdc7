//! Finding the exceptions that may concern a finding without asking all of them.
//!
//! A finding's own names lead to the few exceptions that name them. The others,
//! which name nothing or only patterns, are asked about every finding.

use std::collections::HashMap;

use super::Exception;
use super::selector::{Question, Selector, Subject};
use crate::fingerprint::Fingerprint;

/// The exceptions of a policy, by what they name.
#[derive(Debug)]
pub(super) struct Index<'a> {
    exceptions: Vec<&'a Exception>,
    by_fingerprint: HashMap<Fingerprint, Vec<usize>>,
    /// By the names of rules and vulnerabilities, in lower case.
    by_name: HashMap<String, Vec<usize>>,
    others: Vec<usize>,
}

/// What a selector names, all that it matches having one of them.
enum Handle<'a> {
    Fingerprints(&'a [Fingerprint]),
    Names(Vec<&'a str>),
}

impl<'a> Index<'a> {
    pub(super) fn new(exceptions: &'a [Exception]) -> Self {
        let mut index = Self {
            exceptions: exceptions.iter().collect(),
            by_fingerprint: HashMap::new(),
            by_name: HashMap::new(),
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
                        let name = name.to_ascii_lowercase();
                        index.by_name.entry(name).or_default().push(at);
                    }
                }
                None => index.others.push(at),
            }
        }
        index
    }

    /// The exceptions that may match the subject, in the policy's order.
    pub(super) fn candidates(&self, subject: &Subject<'_>) -> impl Iterator<Item = &'a Exception> {
        let mut found = self.others.clone();
        if let Some(named) = self.by_fingerprint.get(&subject.finding.fingerprint) {
            found.extend(named);
        }
        if !self.by_name.is_empty() {
            for name in subject.vulnerability_ids() {
                if let Some(named) = self.by_name.get(&name.to_ascii_lowercase()) {
                    found.extend(named);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
            .into_iter()
            .filter_map(|at| self.exceptions.get(at).copied())
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
