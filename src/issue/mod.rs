//! Issues: findings that are one problem seen more than once.
//!
//! Two findings are linked by what stands in these two alone (`link` says
//! when). What people are shown are the connected groups of links; what rules
//! count is something else. A finding that links two groups makes one of them,
//! so that with one finding more there would be one problem less, and a release
//! that fails would pass. Rules therefore count the most findings of which no
//! two are linked ([`Issues::count`]): one more finding never lowers that.

use std::num::NonZeroU32;

use foldhash::HashMap;

use crate::finding::{Found, Severity};
use crate::fingerprint::Fingerprint;

mod count;
mod link;

pub use count::Tally;
pub use link::{Reason, decisive_ids, package_identity};

use count::Classes;
use link::{Bond, Item};

/// A finding, with what it does not say of itself.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The scanner of its report.
    pub scanner: &'a str,
    /// Its severity, or what `unknown` counts as.
    pub severity: Severity,
    /// The number of its location, of one [`Sites`](crate::finding::Sites) for all.
    pub site: u32,
    /// The finding.
    pub finding: Found<'a>,
}

/// At least two findings, of different identities, that are one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue<'a> {
    /// The smallest fingerprint of its findings: whoever looks it up finds one
    /// of them. It stays as long as that finding does and no smaller one joins.
    pub id: Fingerprint,
    /// Its findings, by their index in what was given, ascending.
    pub findings: Vec<usize>,
    /// The scanners that see it, by name, each once: of all its findings, not only
    /// of those linked to one of them. Aliases carry over (one scanner knows the
    /// CVE, one the GHSA, a third one both), and it errs on the strict side.
    pub seen_by: Vec<&'a str>,
    /// The worst severity that a scanner gives it.
    pub worst: Severity,
    /// The least severity that a scanner gives it.
    pub best: Severity,
    /// Why the findings are one: as many reasons as it takes to connect them.
    pub reasons: Vec<Reason<'a>>,
}

/// The issues among findings. Findings are named by their index in what was
/// given to [`Issues::of`].
#[derive(Debug)]
pub struct Issues<'a> {
    /// Those of different fingerprints, by [`Issue::id`].
    issues: Vec<Issue<'a>>,
    /// The issue of each finding that is of one; they begin with 1.
    issue_of: Vec<Option<NonZeroU32>>,
    /// The identity of each finding, by number.
    identities: Vec<u32>,
    classes: Classes,
}

impl<'a> Issues<'a> {
    /// Finds them. `workspace` is the folder of the checkout, which is no part
    /// of a path. The order of the findings changes nothing but their indices.
    pub fn of(seen: impl IntoIterator<Item = Seen<'a>>, workspace: Option<&str>) -> Self {
        let (items, scanners) = items(seen);
        let bonds = link::bonds(&items, workspace);
        let mut groups = Groups::new(&items);
        let mut is_bound = vec![false; items.len()];
        for bond in &bonds {
            groups.join_all(bond);
        }
        let mut bonds: Vec<(u32, Bond<'_, 'a>)> = bonds
            .into_iter()
            .map(|bond| (groups.of(bond.identity()), bond))
            .collect();
        bonds.sort_unstable_by(|one, other| {
            let by_group = one.0.cmp(&other.0);
            by_group.then_with(|| one.1.reason.cmp(&other.1.reason))
        });
        for (group, _) in &bonds {
            if let Some(is_bound) = is_bound.get_mut(*group as usize) {
                *is_bound = true;
            }
        }
        let mut bound: Vec<(u32, &Item<'a>)> = items
            .iter()
            .map(|item| (groups.of(item.identity), item))
            .filter(|(group, _)| {
                is_bound
                    .get(*group as usize)
                    .is_some_and(|is_bound| *is_bound)
            })
            .collect();
        // Stable: the findings of a group stay in their order.
        bound.sort_by_key(|(group, _)| *group);

        let mut classes = Classes::new(&items);
        let mut issues = Vec::new();
        let mut connected = Groups::new(&items);
        // Both are in the order of the groups, and every group has some of each.
        let bonds = bonds.chunk_by(|one, other| one.0 == other.0);
        let bound = bound.chunk_by(|one, other| one.0 == other.0);
        for (members, bonds) in bound.zip(bonds) {
            let members: Vec<_> = members.iter().map(|(_, item)| *item).collect();
            let bonds: Vec<_> = bonds.iter().map(|(_, bond)| bond).collect();
            classes.add(&members, &bonds);
            let mut reasons: Vec<_> = bonds
                .iter()
                .filter(|bond| connected.join_all(bond))
                .map(|bond| bond.reason.clone())
                .collect();
            reasons.dedup();
            issues.extend(issue(&scanners, &members, reasons));
        }
        issues.sort_unstable_by_key(|issue| issue.id);
        let mut issue_of = vec![None; items.len()];
        for (number, issue) in (1..).zip(&issues) {
            for finding in &issue.findings {
                if let Some(issue) = issue_of.get_mut(*finding) {
                    *issue = NonZeroU32::new(number);
                }
            }
        }
        Self {
            issues,
            issue_of,
            identities: items.iter().map(|item| item.identity).collect(),
            classes,
        }
    }

    /// Names each finding by its place in `places` in place of its index. These are
    /// the numbers from 0, each once.
    pub fn renumber(&mut self, places: &[u32]) {
        let place_of = |finding: &usize| places.get(*finding).map(|place| *place as usize);
        for issue in &mut self.issues {
            issue.findings = issue.findings.iter().filter_map(place_of).collect();
            issue.findings.sort_unstable();
        }
        self.issue_of = arranged(&self.issue_of, places);
        self.identities = arranged(&self.identities, places);
        self.classes.renumber(places);
    }

    /// All issues, by their identifiers.
    pub fn all(&self) -> &[Issue<'a>] {
        &self.issues
    }

    /// The issue that a finding is of; most findings are of none.
    pub fn of_finding(&self, finding: usize) -> Option<&Issue<'a>> {
        let number = (*self.issue_of.get(finding)?)?;
        self.issues.get(number.get() as usize - 1)
    }

    /// What a finding shares with those of its fingerprint, and with no others: a number
    /// below that of the findings. To compare a million of these is faster than to look
    /// their fingerprints up.
    pub fn identity(&self, finding: usize) -> Option<u32> {
        self.identities.get(finding).copied()
    }

    /// How many findings these are, those of one fingerprint once.
    pub fn identities(&self, findings: impl IntoIterator<Item = usize>) -> u64 {
        let findings = findings.into_iter();
        let mut identities: Vec<_> = findings.filter_map(|at| self.identity(at)).collect();
        identities.sort_unstable();
        identities.dedup();
        identities.len() as u64
    }

    /// How many problems some of the findings are: the most of them of which no
    /// two are linked. A fingerprint counts once.
    ///
    /// One more finding, counted or not, never lowers the count. In groups of
    /// findings that are too entangled to be sure it is the number of
    /// fingerprints, which is never too low.
    pub fn count(&self, findings: impl IntoIterator<Item = usize>) -> u64 {
        self.classes.count(findings)
    }

    /// Counts in the same way, while findings come and go.
    pub fn tally(&self) -> Tally<'_> {
        Tally::new(&self.classes)
    }
}

/// The same things, each at its place.
fn arranged<T: Copy + Default>(things: &[T], places: &[u32]) -> Vec<T> {
    let mut arranged = vec![T::default(); things.len()];
    for (thing, place) in things.iter().zip(places) {
        if let Some(at) = arranged.get_mut(*place as usize) {
            *at = *thing;
        }
    }
    arranged
}

fn issue<'a>(
    scanners: &[&'a str],
    members: &[&Item<'a>],
    reasons: Vec<Reason<'a>>,
) -> Option<Issue<'a>> {
    let seen_by = members
        .iter()
        .filter_map(|item| scanners.get(usize::from(item.scanner)));
    let mut seen_by: Vec<_> = seen_by.copied().collect();
    seen_by.sort_unstable();
    seen_by.dedup();
    let severities = || members.iter().map(|item| item.severity);
    let identities = members.iter().map(|item| item.finding.fingerprint);
    Some(Issue {
        id: identities.min()?,
        findings: members.iter().map(|item| item.index as usize).collect(),
        seen_by,
        // The order of severities begins with the worst.
        worst: severities().min()?,
        best: severities().max()?,
        reasons,
    })
}

/// The findings with their identities, each named by the first of its findings, and
/// the scanners by number.
fn items<'a>(seen: impl IntoIterator<Item = Seen<'a>>) -> (Vec<Item<'a>>, Vec<&'a str>) {
    let mut scanners: Vec<&str> = Vec::new();
    let mut number = |name| {
        let known = scanners.iter().position(|known| *known == name);
        let number = known.unwrap_or_else(|| {
            scanners.push(name);
            scanners.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    };
    let items = seen.into_iter().zip(0..).map(|(seen, index)| Item {
        index,
        identity: index,
        site: seen.site,
        scanner: number(seen.scanner),
        severity: seen.severity,
        finding: seen.finding,
    });
    let mut items: Vec<_> = items.collect();
    // Of copies, as looking a million of them up while sorting takes seconds.
    let beginnings = items
        .iter()
        .map(|item| item.finding.fingerprint.beginning());
    let mut sorted: Vec<(u64, u32)> = beginnings.zip(0..).collect();
    sorted.sort_unstable();
    for alike in sorted.chunk_by(|one, other| one.0 == other.0) {
        if alike.len() > 1 {
            let mut first_of = HashMap::default();
            for (_, index) in alike {
                if let Some(item) = items.get_mut(*index as usize) {
                    let first = first_of.entry(item.finding.fingerprint);
                    item.identity = *first.or_insert(item.identity);
                }
            }
        }
    }
    (items, scanners)
}

/// Identities that are connected, each group named by its first one.
struct Groups(Vec<u32>);

impl Groups {
    fn new(items: &[Item<'_>]) -> Self {
        Self(items.iter().map(|item| item.identity).collect())
    }

    fn of(&mut self, mut identity: u32) -> u32 {
        while let Some(&above) = self.0.get(identity as usize)
            && above != identity
        {
            let next = self.0.get(above as usize).copied().unwrap_or(above);
            if let Some(above) = self.0.get_mut(identity as usize) {
                *above = next;
            }
            identity = next;
        }
        identity
    }

    /// Whether they were not one before.
    fn join(&mut self, one: u32, other: u32) -> bool {
        let (one, other) = (self.of(one), self.of(other));
        if let Some(above) = self.0.get_mut(one.max(other) as usize) {
            *above = one.min(other);
        }
        one != other
    }

    /// Whether they were not one before. Everything in a bond is connected.
    fn join_all(&mut self, bond: &Bond<'_, '_>) -> bool {
        let first = bond.identity();
        let mut changed = false;
        for member in &bond.members {
            changed |= self.join(first, member.item.identity);
        }
        changed
    }
}

#[cfg(test)]
mod tests;
