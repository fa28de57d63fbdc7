//! Finding the exceptions that may concern a finding without asking all of them.
//!
//! A finding's own names lead to the few exceptions that name them. The others,
//! which name nothing or only patterns, are asked about every finding.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use foldhash::HashMap;

use super::Exception;
use super::selector::{Question, Selector, Subject};
use crate::fingerprint::Fingerprint;

/// The exceptions of a policy, by what they name.
#[derive(Debug)]
pub(super) struct Index<'a> {
    exceptions: Vec<&'a Exception>,
    by_fingerprint: HashMap<Fingerprint, Vec<usize>>,
    /// By the names of rules and vulnerabilities.
    by_name: HashMap<Name<'a>, Vec<usize>>,
    others: Vec<usize>,
}

/// A name whose case does not matter.
#[derive(Debug, Clone, Copy)]
struct Name<'a>(&'a str);

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Name<'_> {}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for chunk in self.0.as_bytes().chunks(32) {
            let mut lower = [0; 32];
            for (lower, byte) in lower.iter_mut().zip(chunk) {
                *lower = byte.to_ascii_lowercase();
            }
            state.write(&lower);
        }
    }
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
                        index.by_name.entry(Name(name)).or_default().push(at);
                    }
                }
                None => index.others.push(at),
            }
        }
        index.exceptions = exceptions;
        index
    }

    /// Those that name nothing, by their numbers.
    pub(super) fn others(&self) -> &[usize] {
        &self.others
    }

    /// The exception of a number.
    pub(super) fn exception(&self, number: usize) -> Option<&'a Exception> {
        self.exceptions.get(number).copied()
    }

    /// The exceptions that may match the subject, in the policy's order: of those
    /// that name nothing these `others`.
    pub(super) fn candidates<'s>(
        &'s self,
        subject: &Subject<'_>,
        others: &'s [usize],
    ) -> impl Iterator<Item = &'a Exception> + use<'a, 's> {
        let mut found = Cow::from(others);
        if let Some(named) = self.by_fingerprint.get(&subject.finding.fingerprint) {
            found.to_mut().extend(named);
        }
        let mut last = None;
        for name in subject.vulnerability_ids() {
            // The name of the rule often is that of the vulnerability.
            if last.replace(name) == Some(name) {
                continue;
            }
            if let Some(named) = self.by_name.get(&Name(name)) {
                found.to_mut().extend(named);
            }
        }
        if let Cow::Owned(found) = &mut found {
            found.sort_unstable();
            found.dedup();
        }
        (0..found.len()).filter_map(move |nth| self.exception(*found.get(nth)?))
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
