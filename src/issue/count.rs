//! How many problems some findings are: the most of them of which no two are
//! linked. In the words of graphs: the size of a maximum independent set.
//!
//! Findings that are linked to each other and otherwise to the same ones are
//! interchangeable, and form a class. Most groups are one class. The rest is
//! solved exactly up to [`MOST_CLASSES`]; beyond that every fingerprint counts.
//!
//! Why one more finding never lowers that, although the limit is a jump: it only
//! tells more findings apart, so that classes are split and never merged, and a
//! group past the limit stays past it. There, a group has at least as many
//! fingerprints as all that it was made of had problems.

use super::link::{Bond, Item, Member, Side, number};

/// How many classes a group may have to be solved exactly: one word of bits.
const MOST_CLASSES: usize = u64::BITS as usize;

/// The findings by class.
#[derive(Debug)]
pub(super) struct Classes {
    /// The class of each finding. Where not said otherwise it is the number of
    /// the identity.
    of: Vec<u32>,
    /// How many classes there are.
    len: usize,
    /// The groups of more than one class.
    knots: Vec<Knot>,
}

/// A group of findings that are not all linked to each other.
#[derive(Debug)]
struct Knot {
    /// The first of its classes; the others follow.
    first: usize,
    /// For each class those that it is linked to, as bits.
    links: Vec<u64>,
}

/// What a finding shares: the number of the bond, and on which side it is.
type Share = (usize, Side);

impl Classes {
    /// Every identity is a class.
    pub(super) fn new(items: &[Item<'_>]) -> Self {
        Self {
            of: items.iter().map(|item| item.identity).collect(),
            len: items.len(),
            knots: Vec::new(),
        }
    }

    /// See [`super::Issues::renumber`].
    pub(super) fn renumber(&mut self, places: &[u32]) {
        self.of = super::arranged(&self.of, places);
    }

    /// Adds a connected group, with all that links it.
    pub(super) fn add(&mut self, group: &[&Item<'_>], bonds: &[&Bond<'_, '_>]) {
        if let [bond] = bonds
            && bond.members.len() == group.len()
            && bond.members.iter().all(|member| member.side == Side::All)
        {
            self.assign(group.iter().map(|item| item.index));
            return;
        }
        let vertices = vertices(group, bonds);
        let classes: Vec<_> = vertices.chunk_by(|one, other| one.0 == other.0).collect();
        if classes.len() > MOST_CLASSES {
            return;
        }
        let kinds: Vec<&Kind> = classes
            .iter()
            .filter_map(|class| Some(&class.first()?.0))
            .collect();
        let links = kinds.iter().map(|one| {
            let linked = kinds.iter().enumerate();
            linked
                .filter(|(_, other)| one.is_linked_to(other))
                .fold(0, |links, (number, _)| links | 1 << number)
        });
        self.knots.push(Knot {
            first: self.len,
            links: links.collect(),
        });
        for class in classes {
            self.assign(class.iter().map(|(_, index)| *index));
        }
    }

    /// Makes one class of them.
    fn assign(&mut self, findings: impl Iterator<Item = u32>) {
        for finding in findings {
            if let Some(class) = self.of.get_mut(finding as usize) {
                *class = number(self.len);
            }
        }
        self.len += 1;
    }

    /// See [`super::Issues::count`].
    pub(super) fn count(&self, findings: impl IntoIterator<Item = usize>) -> u64 {
        let mut tally = Tally::new(self);
        for finding in findings {
            tally.add(finding);
        }
        tally.count()
    }

    /// The knot that a class is in.
    fn knot_of(&self, class: usize) -> Option<usize> {
        if self.knots.first().is_none_or(|knot| class < knot.first) {
            return None;
        }
        let after = self.knots.partition_point(|knot| knot.first <= class);
        let knot = after.checked_sub(1)?;
        let Knot { first, links } = self.knots.get(knot)?;
        (class < first + links.len()).then_some(knot)
    }
}

/// How many problems some findings are, while they come and go.
#[derive(Debug, Clone)]
pub struct Tally<'i> {
    classes: &'i Classes,
    /// How many findings of each class there are.
    present: Vec<u32>,
    /// How many classes there are findings of.
    count: u64,
    /// How many classes of each knot are no problems of their own.
    linked: Vec<u32>,
    /// How many these are.
    all_linked: u64,
    /// The knots of which that is yet to be found out, each once.
    changed: Vec<usize>,
    is_changed: Vec<bool>,
}

impl<'i> Tally<'i> {
    pub(super) fn new(classes: &'i Classes) -> Self {
        Self {
            classes,
            present: vec![0; classes.len],
            count: 0,
            linked: vec![0; classes.knots.len()],
            all_linked: 0,
            changed: Vec::new(),
            is_changed: vec![false; classes.knots.len()],
        }
    }

    /// One more finding. A finding can be added several times, and is then to be
    /// removed as often.
    pub fn add(&mut self, finding: usize) {
        if let Some(&class) = self.classes.of.get(finding)
            && let class = class as usize
            && let Some(present) = self.present.get_mut(class)
        {
            *present += 1;
            if *present == 1 {
                self.count += 1;
                self.change(class);
            }
        }
    }

    /// One less of those that were added.
    pub fn remove(&mut self, finding: usize) {
        if let Some(&class) = self.classes.of.get(finding)
            && let class = class as usize
            && let Some(present) = self.present.get_mut(class)
            && *present > 0
        {
            *present -= 1;
            if *present == 0 {
                self.count -= 1;
                self.change(class);
            }
        }
    }

    fn change(&mut self, class: usize) {
        if let Some(knot) = self.classes.knot_of(class)
            && let Some(is_changed) = self.is_changed.get_mut(knot)
            && !std::mem::replace(is_changed, true)
        {
            self.changed.push(knot);
        }
    }

    /// How many problems they are; see [`super::Issues::count`].
    pub fn count(&mut self) -> u64 {
        for number in self.changed.drain(..) {
            let (Some(knot), Some(linked), Some(is_changed)) = (
                self.classes.knots.get(number),
                self.linked.get_mut(number),
                self.is_changed.get_mut(number),
            ) else {
                continue;
            };
            let classes = self.present.iter().skip(knot.first).take(knot.links.len());
            let present = classes
                .enumerate()
                .filter(|(_, findings)| **findings > 0)
                .fold(0_u64, |present, (number, _)| present | 1 << number);
            self.all_linked -= u64::from(*linked);
            *linked = present.count_ones() - independent(&knot.links, present);
            self.all_linked += u64::from(*linked);
            *is_changed = false;
        }
        self.count - self.all_linked
    }
}

/// What findings of one class have in common. Only bonds that exist are in it:
/// something that nobody else shares makes no difference.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// The identity, unless findings of others are the same.
    identity: Option<u32>,
    /// In the order of the bonds.
    shares: Vec<Share>,
}

impl Kind {
    fn is_linked_to(&self, other: &Self) -> bool {
        if self == other {
            return false;
        }
        let is_same = self.identity.is_some() && self.identity == other.identity;
        is_same
            || self.shares.iter().any(|(bond, side)| {
                let at = other.shares.binary_search_by_key(bond, |share| share.0);
                let theirs = at.ok().and_then(|at| other.shares.get(at));
                theirs.is_some_and(|(_, theirs)| side.links_to(*theirs))
            })
    }
}

/// The findings of a group, by their kinds.
fn vertices(group: &[&Item<'_>], bonds: &[&Bond<'_, '_>]) -> Vec<(Kind, u32)> {
    // Not every finding shares something: its identity may be all it has.
    let alone = group.iter().map(|item| (item.identity, item.index, None));
    let shares = bonds.iter().enumerate().flat_map(|(number, bond)| {
        bond.members
            .iter()
            .map(move |Member { item, side }| (item.identity, item.index, Some((number, *side))))
    });
    let mut shares: Vec<(u32, u32, Option<Share>)> = alone.chain(shares).collect();
    shares.sort_unstable();
    let mut vertices = Vec::with_capacity(group.len());
    for of_identity in shares.chunk_by(|one, other| one.0 == other.0) {
        let of_findings = || of_identity.chunk_by(|one, other| one.1 == other.1);
        let shares_of = |finding: &[(u32, u32, Option<Share>)]| -> Vec<Share> {
            finding.iter().filter_map(|share| share.2).collect()
        };
        let first = of_findings().next().map(shares_of).unwrap_or_default();
        // An identity whose findings differ is something that only they share.
        let is_anyones = first.iter().any(|(_, side)| *side == Side::All)
            && of_findings().all(|finding| shares_of(finding) == first);
        for finding in of_findings() {
            let Some((identity, index, _)) = finding.first() else {
                continue;
            };
            let kind = Kind {
                identity: Some(*identity).filter(|_| !is_anyones),
                shares: shares_of(finding),
            };
            vertices.push((kind, *index));
        }
    }
    vertices.sort_unstable();
    vertices
}

/// The most of the classes in `rest` of which no two are linked.
fn independent(links: &[u64], mut rest: u64) -> u32 {
    let mut taken = 0;
    'classes: loop {
        let mut most: Option<(u32, u64, u64)> = None;
        for (one, near) in each(links, rest) {
            let near = near & rest;
            if near.count_ones() <= 1 {
                // No choice of others is better than this one.
                taken += 1;
                rest &= !(one | near);
                continue 'classes;
            }
            if each(links, near).any(|(_, far)| far & rest & !(near | one) == 0) {
                // Whatever it excludes, another excludes no more of.
                rest &= !one;
                continue 'classes;
            }
            if most.is_none_or(|(degree, ..)| degree < near.count_ones()) {
                most = Some((near.count_ones(), one, near));
            }
        }
        let Some((_, one, near)) = most else {
            return taken;
        };
        let with = 1 + independent(links, rest & !(one | near));
        let without = independent(links, rest & !one);
        return taken + with.max(without);
    }
}

/// The classes in `set`, each as a bit, with those they are linked to.
fn each(links: &[u64], set: u64) -> impl Iterator<Item = (u64, u64)> {
    let mut left = set;
    std::iter::from_fn(move || {
        let one = left & left.wrapping_neg();
        left &= !one;
        let near = links.get(one.trailing_zeros() as usize)?;
        Some((one, *near))
    })
}
