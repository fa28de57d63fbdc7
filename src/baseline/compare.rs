//! Holds the findings of today against what was known.
//!
//! First by fingerprint: it has an ordinal, so that the fourth copy of a known
//! bug is new. What is left over on both sides is compared by content: in the
//! same file it was reformatted; in another it moved, if the old file is gone
//! and the new one was not there. So a further copy is new, and so is what is
//! mended in one file and made in another.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Baseline, Entry, Raised, place};
use crate::finding::{Finding, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint, stable_path};

/// A finding of today, as far as matching asks about it.
#[derive(Debug, Clone, Copy)]
pub struct Current<'a> {
    /// The scanner that found it.
    pub scanner: &'a str,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What stays of it when its file is renamed or reformatted.
    pub content: Option<ContentDigest>,
    /// How bad it is.
    pub severity: Severity,
    /// The file or the site that it is in.
    pub place: Option<&'a str>,
}

impl<'a> Current<'a> {
    /// What a scanner found.
    pub fn new(scanner: &'a str, finding: &'a Finding) -> Self {
        Self {
            scanner,
            fingerprint: finding.fingerprint,
            content: finding.content,
            severity: finding.severity,
            place: place(&finding.location),
        }
    }
}

impl<'a> From<&'a Entry> for Current<'a> {
    /// What was known at some time, held against what was known before.
    fn from(entry: &'a Entry) -> Self {
        Self {
            scanner: &entry.scanner,
            fingerprint: entry.fingerprint,
            content: entry.content,
            severity: entry.severity,
            place: entry.place.as_deref(),
        }
    }
}

/// What became of a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// For each finding of today, in their order.
    pub histories: Vec<History>,
    /// For each entry of the baseline, in the order of [`Baseline::entries`].
    /// Entries of one fingerprint share theirs.
    pub fates: Vec<Fate>,
}

/// What a baseline says of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Whether the baseline does not know it.
    pub new: bool,
    /// The day, in UTC, on which it was first seen. A copy of something known is new,
    /// and as old as what it copies.
    pub first_seen: Date,
    /// The last time that its severity rose. An unknown severity is neither
    /// higher nor lower than any other.
    pub raised: Option<Raised>,
    /// How bad it was, by the worst that the baseline has of it; absent when it is
    /// new.
    pub severity_before: Option<Severity>,
    /// The file that it was in, where that was another one.
    pub renamed_from: Option<Arc<str>>,
}

/// What became of a known finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is still there.
    Unchanged,
    /// It is gone from all lanes that had it, and all of them were looked at.
    Fixed,
    /// It was not seen, and not looked for either.
    NotLookedAt,
}

impl Comparison {
    /// The entries with this fate.
    pub fn with_fate<'b>(
        &self,
        fate: Fate,
        baseline: &'b Baseline,
    ) -> impl Iterator<Item = &'b Entry> {
        let fates = baseline.entries.iter().zip(&self.fates);
        fates
            .filter(move |(_, own)| **own == fate)
            .map(|(entry, _)| entry)
    }
}

/// Holds the findings of today against the baseline. `looked_at` are the lanes
/// and scanners, in this order, with a sound report today.
///
/// The order of the findings makes no difference, and neither does how often one
/// fingerprint is among them.
pub fn compare<'a>(
    baseline: &'a Baseline,
    current: &[Current<'a>],
    looked_at: &BTreeSet<(&str, &str)>,
    today: Date,
) -> Comparison {
    let known = Identities::of(baseline);
    let mut seen = vec![false; known.0.len()];
    let mut matched = Vec::with_capacity(current.len());
    let by_fingerprint = known.by_fingerprint();
    for subject in current {
        let identity = by_fingerprint.get(&subject.fingerprint).copied();
        if let Some(seen) = identity.and_then(|identity| seen.get_mut(identity)) {
            *seen = true;
        }
        matched.push(identity);
    }
    let mut stable = Stable::default();
    let left: Vec<_> = known
        .0
        .iter()
        .enumerate()
        .zip(&seen)
        .filter(|((_, entries), seen)| !**seen && are_looked_at(entries, looked_at))
        .filter_map(|((identity, entries), _)| Left::known(identity, entries, &mut stable))
        .collect();
    let moved = match left.is_empty() {
        true => Vec::new(),
        false => moves(
            left,
            left_of(current, &matched, &mut stable),
            baseline,
            current,
        ),
    };
    for (_, old) in &moved {
        if let Some(seen) = seen.get_mut(old.identity) {
            *seen = true;
        }
    }
    let moved: HashMap<_, _> = moved.into_iter().collect();
    let kin = Kin::new(baseline, current, &matched);
    let histories = current.iter().zip(&matched).map(|(subject, identity)| {
        let old = match identity {
            Some(identity) => Some(Old {
                identity: *identity,
                is_renamed: false,
            }),
            None => moved.get(&subject.fingerprint).copied(),
        };
        let entries = old.and_then(|old| known.0.get(old.identity).copied());
        let past = match identity {
            Some(_) => Past::of(entries.unwrap_or_default()),
            None => kin.of(subject),
        };
        let entries = entries.into_iter().flatten();
        let old_place = entries.clone().find_map(|entry| entry.place.as_ref());
        History {
            new: old.is_none(),
            first_seen: past.first_seen.map_or(today, |date| date.min(today)),
            raised: past.raised(subject.severity, today),
            severity_before: entries.map(|entry| entry.severity).min(),
            renamed_from: old_place
                .filter(|_| old.is_some_and(|old| old.is_renamed))
                .cloned(),
        }
    });
    let fates = known.0.iter().zip(&seen).flat_map(|(entries, seen)| {
        let fate = match seen {
            true => Fate::Unchanged,
            false if are_looked_at(entries, looked_at) => Fate::Fixed,
            false => Fate::NotLookedAt,
        };
        std::iter::repeat_n(fate, entries.len())
    });
    Comparison {
        histories: histories.collect(),
        fates: fates.collect(),
    }
}

/// The entries of each fingerprint, by fingerprint; none is empty.
struct Identities<'b>(Vec<&'b [Entry]>);

impl<'b> Identities<'b> {
    fn of(baseline: &'b Baseline) -> Self {
        let entries = &baseline.entries;
        Self(
            entries
                .chunk_by(|a, b| a.fingerprint == b.fingerprint)
                .collect(),
        )
    }

    fn by_fingerprint(&self) -> HashMap<Fingerprint, usize> {
        let first =
            |(index, entries): (usize, &&[Entry])| Some((entries.first()?.fingerprint, index));
        self.0.iter().enumerate().filter_map(first).collect()
    }
}

fn are_looked_at(entries: &[Entry], looked_at: &BTreeSet<(&str, &str)>) -> bool {
    entries
        .iter()
        .all(|entry| looked_at.contains(&(&*entry.lane, &*entry.scanner)))
}

/// What is known of a finding's past.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    /// A clock that was wrong may have put it after today.
    first_seen: Option<Date>,
    worst: Option<Severity>,
    raised: Option<Raised>,
}

impl Past {
    fn of(entries: &[Entry]) -> Self {
        entries.iter().fold(Self::default(), Self::with)
    }

    fn with(self, entry: &Entry) -> Self {
        let Entry {
            first_seen,
            severity,
            raised,
            ..
        } = entry;
        Self {
            first_seen: self.first_seen.into_iter().chain([*first_seen]).min(),
            worst: self.worst.into_iter().chain([*severity]).min(),
            raised: self.raised.max(*raised),
        }
    }

    fn raised(self, severity: Severity, today: Date) -> Option<Raised> {
        match self.worst {
            Some(from) if severity.is_worse_than(from) => Some(Raised { on: today, from }),
            _ => self.raised,
        }
    }
}

/// The past of what has a new fingerprint: that of all that had its content,
/// wherever they were. Which of them it is depends on what else was found, and
/// one more finding must never make another one younger.
struct Kin<'a>(HashMap<(&'a str, ContentDigest), Past>);

impl<'a> Kin<'a> {
    fn new(baseline: &'a Baseline, current: &[Current<'a>], matched: &[Option<usize>]) -> Self {
        let unmatched = current
            .iter()
            .zip(matched)
            .filter(|(_, matched)| matched.is_none());
        let keys = unmatched.filter_map(|(subject, _)| {
            let key = (subject.scanner, subject.content?);
            Some((key, Past::default()))
        });
        let mut pasts: HashMap<_, _> = keys.collect();
        let entries = match pasts.is_empty() {
            true => &[],
            false => baseline.entries.as_slice(),
        };
        for entry in entries {
            if let Some(content) = entry.content
                && let Some(past) = pasts.get_mut(&(&*entry.scanner, content))
            {
                *past = past.with(entry);
            }
        }
        Self(pasts)
    }

    fn of(&self, subject: &Current<'_>) -> Past {
        let content = subject.content;
        let past = content.and_then(|content| self.0.get(&(subject.scanner, content)));
        past.copied().unwrap_or_default()
    }
}

/// Places as they are compared, each made only once.
#[derive(Default)]
struct Stable<'a>(HashMap<&'a str, Rc<str>>);

impl<'a> Stable<'a> {
    fn of(&mut self, place: &'a str) -> Rc<str> {
        let make = || match place.contains("://") {
            true => place.to_ascii_lowercase().into(),
            false => stable_path(place, None).into(),
        };
        Rc::clone(self.0.entry(place).or_insert_with(make))
    }
}

/// The identity of the baseline that another one of today is.
#[derive(Clone, Copy)]
struct Old {
    identity: usize,
    /// Whether it was in another file.
    is_renamed: bool,
}

/// An identity that only one side has, by what may tell it on the other. The
/// order decides which of several like ones are taken to be one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Left<'a, T> {
    scanner: &'a str,
    content: ContentDigest,
    place: Option<Rc<str>>,
    identity: T,
}

impl<T> Left<'_, T> {
    /// Whether it is in a file that is not among these.
    fn is_outside(&self, places: &HashSet<(&str, Rc<str>)>) -> bool {
        let place = self.place.as_ref().map(Rc::clone);
        place.is_some_and(|place| !places.contains(&(self.scanner, place)))
    }
}

impl<'b> Left<'b, usize> {
    fn known(identity: usize, entries: &'b [Entry], stable: &mut Stable<'b>) -> Option<Self> {
        let (entry, content) = entries
            .iter()
            .find_map(|entry| Some((entry, entry.content?)))?;
        Some(Self {
            scanner: &entry.scanner,
            content,
            place: entry.place.as_deref().map(|place| stable.of(place)),
            identity,
        })
    }
}

/// The identities that no entry has, each once.
fn left_of<'a>(
    current: &[Current<'a>],
    matched: &[Option<usize>],
    stable: &mut Stable<'a>,
) -> Vec<Left<'a, Fingerprint>> {
    let unmatched = current
        .iter()
        .zip(matched)
        .filter(|(_, matched)| matched.is_none());
    let mut left: Vec<_> = unmatched
        .filter_map(|(subject, _)| {
            Some(Left {
                scanner: subject.scanner,
                content: subject.content?,
                place: subject.place.map(|place| stable.of(place)),
                identity: subject.fingerprint,
            })
        })
        .collect();
    left.sort_unstable();
    let mut seen = HashSet::new();
    left.retain(|left| seen.insert(left.identity));
    left
}

/// Which entries the identities that are left over are, with neither taken twice:
/// in the same file, else in one that has moved, rather under its old name.
fn moves(
    mut known: Vec<Left<'_, usize>>,
    mut left: Vec<Left<'_, Fingerprint>>,
    baseline: &Baseline,
    current: &[Current<'_>],
) -> Vec<(Fingerprint, Old)> {
    known.sort_unstable();
    let mut found = pair(&mut known, &mut left, false, |place| place);
    if known.is_empty() || left.is_empty() {
        return found;
    }
    let before = baseline.entries.iter();
    let before =
        places(before.filter_map(|entry| Some((&*entry.scanner, entry.place.as_deref()?))));
    let now = current.iter();
    let now = places(now.filter_map(|subject| Some((subject.scanner, subject.place?))));
    known.retain(|known| known.is_outside(&now));
    left.retain(|left| left.is_outside(&before));
    found.extend(pair(&mut known, &mut left, true, |place| {
        place?.rsplit('/').next()
    }));
    found.extend(pair(&mut known, &mut left, true, |_| None));
    found
}

/// Takes out the pairs that share scanner, content, and what `part` makes of
/// their places.
fn pair(
    known: &mut Vec<Left<'_, usize>>,
    left: &mut Vec<Left<'_, Fingerprint>>,
    is_renamed: bool,
    part: fn(Option<&str>) -> Option<&str>,
) -> Vec<(Fingerprint, Old)> {
    let mut by_key = HashMap::<_, VecDeque<_>>::new();
    for known in known.iter() {
        let key = (known.scanner, known.content, part(known.place.as_deref()));
        by_key.entry(key).or_default().push_back(known.identity);
    }
    let mut found = Vec::new();
    for left in left.iter() {
        let key = (left.scanner, left.content, part(left.place.as_deref()));
        let identity = by_key.get_mut(&key).and_then(VecDeque::pop_front);
        let old = identity.map(|identity| Old {
            identity,
            is_renamed,
        });
        found.extend(old.map(|old| (left.identity, old)));
    }
    let new: HashSet<_> = found.iter().map(|(fingerprint, _)| *fingerprint).collect();
    left.retain(|left| !new.contains(&left.identity));
    let taken: HashSet<_> = found.iter().map(|(_, old)| old.identity).collect();
    known.retain(|known| !taken.contains(&known.identity));
    found
}

/// The places that there are findings in, each made comparable only once.
fn places<'a>(places: impl Iterator<Item = (&'a str, &'a str)>) -> HashSet<(&'a str, Rc<str>)> {
    let mut stable = Stable::default();
    let distinct: HashSet<_> = places.collect();
    distinct
        .into_iter()
        .map(|(scanner, place)| (scanner, stable.of(place)))
        .collect()
}
