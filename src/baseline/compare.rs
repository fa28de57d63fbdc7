//! Holds the findings of today against what was known.
//!
//! Lane by lane: what is known in one context is new in another. First by
//! fingerprint: it has an ordinal, so that the fourth copy of a known bug is new.
//! What is left over on both sides is compared by content: in the same file it
//! was reformatted; in another it moved, if the old file is gone and the new one
//! was not there. So a further copy is new, and so is what is mended in one file
//! and made in another, where the scan says which files there are; where it does
//! not, a file without findings is taken to be gone.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use foldhash::{HashMap, HashSet};
use jiff::civil::Date;

use super::{Baseline, Entry, Held, Raised, place};
use crate::finding::{Found, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint, stable_path};
use crate::report::Files;

/// A finding of today, as far as matching asks about it.
#[derive(Debug, Clone, Copy)]
pub struct Current<'a> {
    /// The lane of its report.
    pub lane: &'a str,
    /// The scanner that found it.
    pub scanner: &'a str,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// What stays of it when its file is renamed or reformatted.
    pub content: Option<ContentDigest>,
    /// How bad it is, or what its unknown severity counts as.
    pub severity: Severity,
    /// The file or the site that it is in.
    pub place: Option<&'a str>,
}

impl<'a> Current<'a> {
    /// What a scanner found in a lane.
    pub fn new(lane: &'a str, scanner: &'a str, finding: Found<'a>) -> Self {
        Self {
            lane,
            scanner,
            fingerprint: finding.fingerprint,
            content: finding.content,
            severity: finding.severity,
            place: place(finding.location()),
        }
    }
}

impl<'a> From<&'a Entry> for Current<'a> {
    /// What was known at some time, held against what was known before.
    fn from(entry: &'a Entry) -> Self {
        Self {
            lane: &entry.lane,
            scanner: &entry.scanner,
            fingerprint: entry.fingerprint,
            content: entry.content,
            severity: entry.severity,
            place: entry.place.as_deref(),
        }
    }
}

/// Where somebody looked today.
#[derive(Debug, Default)]
pub struct Looked<'a> {
    /// The lanes and scanners, in this order, with a sound report.
    pub at: BTreeSet<(&'a str, &'a str)>,
    /// The files that scanners looked at, by lane and scanner, where they say it.
    pub files: Vec<(&'a str, &'a str, &'a Files)>,
}

impl Looked<'_> {
    fn at_file(&self, lane: &str, scanner: &str, path: &str) -> bool {
        let mut files = self.files.iter();
        files.any(|(of_lane, of_scanner, files)| {
            (*of_lane, *of_scanner) == (lane, scanner) && files.contain(path)
        })
    }
}

/// What became of a baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// For each finding of today, in their order.
    pub histories: Vec<History>,
    /// For each entry of the baseline, in the order of [`Baseline::entries`].
    /// Entries of one fingerprint and lane share theirs.
    pub fates: Vec<Fate>,
}

/// What a baseline says of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Whether the baseline does not know it.
    pub new: bool,
    /// Whether it stays new though the baseline knows it; see [`Held`].
    pub held: bool,
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
    /// It is gone from its lane, which was looked at.
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

/// Holds the findings of today against the baseline. `change` is what is decided
/// about, by its [name](super::change).
///
/// The order of the findings makes no difference, and neither does how often one
/// fingerprint is among them.
pub fn compare<'a>(
    baseline: &'a Baseline,
    current: &[Current<'a>],
    looked: &Looked<'_>,
    change: Option<&str>,
    today: Date,
) -> Comparison {
    let known = Identities::of(baseline);
    let mut seen = vec![false; known.0.len()];
    let mut matched = Vec::with_capacity(current.len());
    let by_key = known.by_key();
    for subject in current {
        let identity = by_key.get(&subject.key()).copied();
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
        .filter(|((_, entries), seen)| !**seen && are_looked_at(entries, looked))
        .filter_map(|((identity, entries), _)| Left::known(identity, entries, &mut stable))
        .collect();
    let moved = match left.is_empty() {
        true => Vec::new(),
        false => moves(
            left,
            left_of(current, &matched, &mut stable),
            baseline,
            current,
            looked,
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
            None => moved.get(&subject.key()).copied(),
        };
        let entries = old.and_then(|old| known.0.get(old.identity).copied());
        let past = match identity {
            Some(_) => Past::of(entries.unwrap_or_default()),
            None => kin.of(subject),
        };
        let entries = entries.into_iter().flatten();
        let held = old.is_some() && entries.clone().all(|entry| entry.is_held(change));
        let old_place = entries.clone().find_map(|entry| entry.place.as_ref());
        History {
            new: old.is_none(),
            held,
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
            false if are_looked_at(entries, looked) => Fate::Fixed,
            false => Fate::NotLookedAt,
        };
        std::iter::repeat_n(fate, entries.len())
    });
    Comparison {
        histories: histories.collect(),
        fates: fates.collect(),
    }
}

/// What tells findings apart: their lane and identity.
type Key<'a> = (&'a str, Fingerprint);

impl<'a> Current<'a> {
    fn key(&self) -> Key<'a> {
        (self.lane, self.fingerprint)
    }

    fn traits(&self) -> impl Iterator<Item = Trait<'a>> + use<'a> {
        let content = self
            .content
            .map(|content| Trait::Content(self.scanner, content));
        std::iter::once(Trait::Identity(self.fingerprint)).chain(content)
    }
}

impl Entry {
    /// Whether it stays new to who decides about this change.
    fn is_held(&self, change: Option<&str>) -> bool {
        match &self.held {
            None => false,
            Some(Held::Excused) => true,
            // Who does not know may be the same.
            Some(Held::Blocking(of)) => match (of, change) {
                (Some(of), Some(change)) => **of == *change,
                _ => true,
            },
        }
    }
}

/// The entries of each fingerprint in a lane; none is empty.
struct Identities<'b>(Vec<&'b [Entry]>);

impl<'b> Identities<'b> {
    fn of(baseline: &'b Baseline) -> Self {
        let entries = &baseline.entries;
        let of_one = |a: &Entry, b: &Entry| a.fingerprint == b.fingerprint && a.lane == b.lane;
        Self(entries.chunk_by(of_one).collect())
    }

    fn by_key(&self) -> HashMap<Key<'b>, usize> {
        let first = |(index, entries): (usize, &&'b [Entry])| {
            let entry = entries.first()?;
            Some(((&*entry.lane, entry.fingerprint), index))
        };
        self.0.iter().enumerate().filter_map(first).collect()
    }
}

fn are_looked_at(entries: &[Entry], looked: &Looked<'_>) -> bool {
    let mut entries = entries.iter();
    entries.all(|entry| looked.at.contains(&(&*entry.lane, &*entry.scanner)))
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
        self.and(Self {
            first_seen: Some(*first_seen),
            worst: Some(*severity),
            raised: *raised,
        })
    }

    fn and(self, other: Self) -> Self {
        Self {
            first_seen: self.first_seen.into_iter().chain(other.first_seen).min(),
            worst: self.worst.into_iter().chain(other.worst).min(),
            raised: self.raised.max(other.raised),
        }
    }

    fn raised(self, severity: Severity, today: Date) -> Option<Raised> {
        match self.worst {
            Some(from) if severity.is_worse_than(from) => Some(Raised { on: today, from }),
            _ => self.raised,
        }
    }
}

/// The past of what its lane did not have: that of all that had its identity or
/// its content, wherever they were. Which of them it is depends on what else was
/// found, and one more finding must never make another one younger.
struct Kin<'a>(HashMap<Trait<'a>, Past>);

/// What makes findings alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Trait<'a> {
    Identity(Fingerprint),
    Content(&'a str, ContentDigest),
}

impl<'a> Kin<'a> {
    fn new(baseline: &'a Baseline, current: &[Current<'a>], matched: &[Option<usize>]) -> Self {
        let unmatched = current
            .iter()
            .zip(matched)
            .filter(|(_, matched)| matched.is_none());
        let traits = unmatched.flat_map(|(subject, _)| subject.traits());
        let mut pasts: HashMap<_, _> = traits.map(|key| (key, Past::default())).collect();
        let entries = match pasts.is_empty() {
            true => &[],
            false => baseline.entries.as_slice(),
        };
        for entry in entries {
            for key in Current::from(entry).traits() {
                if let Some(past) = pasts.get_mut(&key) {
                    *past = past.with(entry);
                }
            }
        }
        Self(pasts)
    }

    fn of(&self, subject: &Current<'_>) -> Past {
        let pasts = subject.traits().filter_map(|key| self.0.get(&key));
        pasts.fold(Past::default(), |past, other| past.and(*other))
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
    lane: &'a str,
    scanner: &'a str,
    content: ContentDigest,
    place: Option<Rc<str>>,
    identity: T,
}

impl<T> Left<'_, T> {
    /// Whether it is in a file that is not among these.
    fn is_outside(&self, places: &HashSet<(&str, &str, Rc<str>)>) -> bool {
        let place = self.place.as_ref().map(Rc::clone);
        place.is_some_and(|place| !places.contains(&(self.lane, self.scanner, place)))
    }

    fn place_is(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.place.as_deref().is_some_and(wanted)
    }
}

impl<'b> Left<'b, usize> {
    fn known(identity: usize, entries: &'b [Entry], stable: &mut Stable<'b>) -> Option<Self> {
        let (entry, content) = entries
            .iter()
            .find_map(|entry| Some((entry, entry.content?)))?;
        Some(Self {
            lane: &entry.lane,
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
) -> Vec<Left<'a, Key<'a>>> {
    let unmatched = current
        .iter()
        .zip(matched)
        .filter(|(_, matched)| matched.is_none());
    let mut left: Vec<_> = unmatched
        .filter_map(|(subject, _)| {
            Some(Left {
                lane: subject.lane,
                scanner: subject.scanner,
                content: subject.content?,
                place: subject.place.map(|place| stable.of(place)),
                identity: subject.key(),
            })
        })
        .collect();
    left.sort_unstable();
    let mut seen = HashSet::default();
    left.retain(|left| seen.insert(left.identity));
    left
}

/// Which entries the identities that are left over are, with neither taken twice:
/// in the same file, else in one that has moved, rather under its old name.
fn moves<'a>(
    mut known: Vec<Left<'_, usize>>,
    mut left: Vec<Left<'a, Key<'a>>>,
    baseline: &Baseline,
    current: &[Current<'_>],
    looked: &Looked<'_>,
) -> Vec<(Key<'a>, Old)> {
    known.sort_unstable();
    let mut found = pair(&mut known, &mut left, false, |place| place);
    if known.is_empty() || left.is_empty() {
        return found;
    }
    let before = baseline.entries.iter().map(Current::from);
    let before = places(before);
    let now = places(current.iter().copied());
    known.retain(|known| {
        known.is_outside(&now)
            && !known.place_is(|path| looked.at_file(known.lane, known.scanner, path))
    });
    left.retain(|left| left.is_outside(&before));
    found.extend(pair(&mut known, &mut left, true, |place| {
        place?.rsplit('/').next()
    }));
    found.extend(pair(&mut known, &mut left, true, |_| None));
    found
}

/// Takes out the pairs that share lane, scanner, content, and what `part` makes
/// of their places.
fn pair<'a>(
    known: &mut Vec<Left<'_, usize>>,
    left: &mut Vec<Left<'a, Key<'a>>>,
    is_renamed: bool,
    part: fn(Option<&str>) -> Option<&str>,
) -> Vec<(Key<'a>, Old)> {
    let mut by_key = HashMap::<_, VecDeque<_>>::default();
    for known in known.iter() {
        let key = (
            known.lane,
            known.scanner,
            known.content,
            part(known.place.as_deref()),
        );
        by_key.entry(key).or_default().push_back(known.identity);
    }
    let mut found = Vec::new();
    for left in left.iter() {
        let key = (
            left.lane,
            left.scanner,
            left.content,
            part(left.place.as_deref()),
        );
        let identity = by_key.get_mut(&key).and_then(VecDeque::pop_front);
        let old = identity.map(|identity| Old {
            identity,
            is_renamed,
        });
        found.extend(old.map(|old| (left.identity, old)));
    }
    let new: HashSet<_> = found.iter().map(|(key, _)| *key).collect();
    left.retain(|left| !new.contains(&left.identity));
    let taken: HashSet<_> = found.iter().map(|(_, old)| old.identity).collect();
    known.retain(|known| !taken.contains(&known.identity));
    found
}

/// The places that there are findings in, each made comparable only once.
fn places<'a>(findings: impl Iterator<Item = Current<'a>>) -> HashSet<(&'a str, &'a str, Rc<str>)> {
    let mut stable = Stable::default();
    let places =
        findings.filter_map(|finding| Some((finding.lane, finding.scanner, finding.place?)));
    let distinct: HashSet<_> = places.collect();
    distinct
        .into_iter()
        .map(|(lane, scanner, place)| (lane, scanner, stable.of(place)))
        .collect()
}
