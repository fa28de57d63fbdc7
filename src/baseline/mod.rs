//! The baseline: what was known before, to tell new findings from old ones.
//!
//! A baseline is an earlier summary (`security-gate-summary/1`), several of them,
//! or the compact form of either (`security-gate-baseline/1`). It is read in
//! `read`, made of reports in `make`, written in `write`, and held against the
//! findings of today in [`compare`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::finding::{Location, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint};

mod compare;
mod make;
mod read;
mod write;

pub use compare::{Comparison, Current, Fate, History, Looked, compare};
pub use read::BaselineError;

/// The name and version of the compact form.
pub const SCHEMA: &str = "security-gate-baseline/1";

/// The summaries that are read as baselines.
pub const SUMMARY_SCHEMA: &str = "security-gate-summary/1";

/// What was known at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// When the latest of its summaries was written, or its reports were read.
    time: Timestamp,
    /// The summaries or reports that it is made of, by path and digest.
    sources: BTreeSet<Source>,
    /// The lanes, and the scanners with a sound report there.
    lanes: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// By fingerprint, lane and scanner, each of these once.
    entries: Vec<Entry>,
}

/// A file that a baseline was read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// As it was named.
    pub path: String,
    /// SHA-256 of the file as stored, in hexadecimal.
    pub sha256: String,
}

/// A finding that was known in a lane, whatever its status was: accepted and
/// suppressed findings are known, too, but for what is [`Held`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What stays of it when its file is renamed or reformatted.
    pub content: Option<ContentDigest>,
    /// The scanner that found it.
    pub scanner: Arc<str>,
    /// The lane of its report.
    pub lane: Arc<str>,
    /// The scanner's name of the rule, advisory or check.
    pub rule_id: Arc<str>,
    /// One line for people.
    pub title: Arc<str>,
    /// How bad it was, or what its unknown severity counted as.
    pub severity: Severity,
    /// Why it stays new.
    pub held: Option<Held>,
    /// The day, in UTC, of the first summary that had it in any lane.
    pub first_seen: Date,
    /// The last time that its severity rose.
    pub raised: Option<Raised>,
    /// The file or the site that it was in.
    pub place: Option<Arc<str>>,
    /// Where it was, in words.
    pub location: Box<str>,
}

/// Why a finding stays new that was new already: nobody ever let it in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// It kept the release from going on, in this change where that is known. To
    /// decide about the same change again must not let it in.
    Blocking(Option<Arc<str>>),
    /// An exception accepted it, or it was suppressed or not affected: it did not
    /// count, and does as soon as that ends.
    Excused,
}

/// What a branch, or a merge request into it, is called where it is to be known
/// again. `branch` and `merge_request` are as the CI system has them.
pub fn change(branch: Option<&str>, merge_request: Option<&str>) -> Option<String> {
    let merge_request = merge_request.map(|number| format!("merge request {number}"));
    merge_request.or_else(|| branch.map(|branch| format!("branch {branch}")))
}

/// That a finding became worse between two summaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Raised {
    /// The day of the first summary with the higher severity.
    pub on: Date,
    /// The severity before.
    pub from: Severity,
}

impl Baseline {
    /// Puts entries in their order, one for each fingerprint, lane and scanner.
    ///
    /// Of several the first stays. It gets the worst severity and the latest
    /// rise of all; and the earliest `first_seen` holds for all entries of a
    /// fingerprint, because an identity is one in all lanes.
    fn new(
        time: Timestamp,
        sources: BTreeSet<Source>,
        lanes: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
        mut entries: Vec<Entry>,
    ) -> Self {
        // Stable: the first stays the first.
        entries.sort_by(|a, b| a.key().cmp(&b.key()));
        entries.dedup_by(|next, first| {
            let is_same = next.key() == first.key();
            if is_same {
                first.severity = first.severity.min(next.severity);
                first.raised = first.raised.max(next.raised);
                first.first_seen = first.first_seen.min(next.first_seen);
                // What one of them let in is in.
                first.held = first.held.take().and(next.held.take());
                first.content = first.content.or(next.content);
            }
            is_same
        });
        for identity in entries.chunk_by_mut(|a, b| a.fingerprint == b.fingerprint) {
            let first_seen = identity.iter().map(|entry| entry.first_seen).min();
            for entry in identity {
                entry.first_seen = first_seen.unwrap_or(entry.first_seen);
            }
        }
        Self {
            time,
            sources,
            lanes,
            entries,
        }
    }

    /// Makes one of several, such as those of a pipeline's jobs; absent when
    /// there are none. The order makes no difference: of what is in several of
    /// them, rule, title and place are those of the latest, of several at one
    /// time those of the first source; first seen is the earliest, severity the
    /// worst, and the rise the latest.
    pub fn merge(mut baselines: Vec<Self>) -> Option<Self> {
        baselines.sort_by(|a, b| b.time.cmp(&a.time).then(a.sources.cmp(&b.sources)));
        let time = baselines.first()?.time;
        let mut sources = BTreeSet::new();
        let mut lanes = BTreeMap::<_, BTreeSet<_>>::new();
        let mut entries = Vec::new();
        for baseline in baselines {
            sources.extend(baseline.sources);
            for (lane, scanners) in baseline.lanes {
                lanes.entry(lane).or_default().extend(scanners);
            }
            entries.extend(baseline.entries);
        }
        Some(Self::new(time, sources, lanes, entries))
    }

    /// When the latest of its summaries was written.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The summaries or reports that it is made of, by path and digest.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// Whether there was a sound report of the scanner in the lane. Where there
    /// was none, a finding is new because nobody had looked.
    pub fn looked_at(&self, lane: &str, scanner: &str) -> bool {
        self.lanes
            .get(lane)
            .is_some_and(|scanners| scanners.contains(scanner))
    }

    /// The lanes and scanners with a sound report.
    pub fn all_looked_at(&self) -> BTreeSet<(&str, &str)> {
        let lanes = self.lanes.iter();
        lanes
            .flat_map(|(lane, scanners)| scanners.iter().map(|scanner| (&**lane, &**scanner)))
            .collect()
    }

    /// How many findings there were, each once in whatever lanes it was.
    pub fn count(&self) -> usize {
        let of_one = |a: &Entry, b: &Entry| a.fingerprint == b.fingerprint;
        self.entries.chunk_by(of_one).count()
    }

    /// What was known, by fingerprint, lane and scanner.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Entry {
    fn key(&self) -> (Fingerprint, &str, &str) {
        (self.fingerprint, &self.lane, &self.scanner)
    }
}

/// The file or the site that a finding is in.
fn place(location: Location<&str>) -> Option<&str> {
    match location {
        Location::Web { url, .. } => {
            let host = url.find("://").map_or(0, |at| at + "://".len());
            let end = url.get(host..)?.find(['/', '?', '#']);
            url.get(..end.map_or(url.len(), |end| host + end))
        }
        location => location.path(),
    }
}

#[cfg(test)]
mod tests;
