//! What is sent otherwise than it stands in a report, for people to read.

use std::collections::BTreeMap;

use crate::finding::Severity;

/// Something that was changed, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What, in words; the report is not quoted.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// Findings that are sent with another severity.
#[derive(Debug, Default)]
struct Severities {
    all: u64,
    /// Without those that the scanner suppressed.
    active: u64,
}

/// Changes while they are made.
#[derive(Debug, Default)]
pub(super) struct Changes {
    kinds: BTreeMap<&'static str, u64>,
    severities: BTreeMap<(Severity, Severity), Severities>,
}

impl Changes {
    pub(super) fn add(&mut self, what: &'static str) {
        self.add_many(what, 1);
    }

    pub(super) fn add_many(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.kinds.entry(what).or_default() += count;
        }
    }

    /// A finding is sent with another severity. A tally counts those that are
    /// active by severity, and the suppressed ones not.
    pub(super) fn add_severity(&mut self, from: Severity, to: Severity, is_active: bool) {
        let counts = self.severities.entry((from, to)).or_default();
        counts.all += 1;
        counts.active += u64::from(is_active);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.severities.is_empty()
    }

    /// How many active findings are sent with another severity, from which to
    /// which.
    pub(super) fn severities(&self) -> impl Iterator<Item = (Severity, Severity, u64)> {
        self.severities
            .iter()
            .map(|(&(from, to), counts)| (from, to, counts.active))
    }

    /// All of them, in the order of their words.
    pub(super) fn list(&self) -> Vec<Change> {
        let kinds = self.kinds.iter().map(|(&what, &count)| Change {
            what: what.to_owned(),
            count,
        });
        let severities = self.severities.iter().map(|((from, to), counts)| Change {
            what: format!(
                "severity `{}`, which DefectDojo's parser refuses, sent as `{}`",
                from.name(),
                to.name()
            ),
            count: counts.all,
        });
        let mut list: Vec<_> = kinds.chain(severities).collect();
        list.sort_by(|one, other| one.what.cmp(&other.what));
        list
    }
}

pub(super) const ENCODING: &str = "unpacked or decoded to plain UTF-8";
pub(super) const HALF_CHARACTERS: &str =
    "lists or entries with escapes of half a character, sent as U+FFFD";
pub(super) const BAD_CHARACTERS: &str =
    "texts with characters that the server cannot store, sent as U+FFFD";
pub(super) const SECRETS: &str = "texts with a secret in them, sent with digests in its place";
pub(super) const USER_INFO: &str = "addresses sent without user names and passwords";
pub(super) const MISSING: &str = "fields that DefectDojo's parser needs, added empty";
pub(super) const WRONG_TYPE: &str =
    "fields of a type that DefectDojo's parser cannot take, rewritten or left out";
pub(super) const NULLS: &str = "lists and objects written as `null`, sent empty or left out";
pub(super) const WEAKNESSES: &str = "names of weaknesses without a number, rewritten or left out";
pub(super) const NAMESPACES: &str = "declarations of namespaces, left out";
pub(super) const TOO_LONG: &str =
    "texts longer than the server's database takes, cut, with a digest of the whole";
pub(super) const WORDS: &str =
    "severities in another case or between blanks, sent as DefectDojo's parser knows them";
