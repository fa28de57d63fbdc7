//! Issues: findings that are one problem seen more than once.
//!
//! Two findings are linked by what stands in these two alone (`link` says
//! when). What people are shown are the connected groups of links; what rules
//! count is something else. A finding that links two groups makes one of them,
//! so that with one finding more there would be one problem less, and a release
//! that fails would pass. Rules therefore count the most findings of which no
//! two are linked ([`Issues::count`]): one more finding never lowers that.

use foldhash::HashMap;

use crate::finding::{Finding, Severity};
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
    /// The finding.
    pub finding: &'a Finding,
}

/// At least two findings, of different identities, that are one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue<'a> {
    /// The smallest fingerprint of its findings: whoever looks it up finds one
    /// of them. It stays as long as that finding does and no smaller one joins.
    pub id: Fingerprint,
    /// Its findings, by their index in what was given, ascending.
    pub findings: Vec<usize>,
    /// The scanners that see it, by name, each once.
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
    /// The issue of each finding that is of one.
    issue_of: Vec<Option<usize>>,
    /// The scanner of each finding.
    scanners: Vec<&'a str>,
    classes: Classes,
}

impl<'a> Issues<'a> {
    /// Finds them. `workspace` is the folder of the checkout, which is no part
    /// of a path. The order of the findings changes nothing but their indices.
    pub fn of(seen: &[Seen<'a>], workspace: Option<&str>) -> Self {
        let (items, identities) = items(seen);
        let bonds = link::bonds(&items, workspace);
        let mut groups = Groups::new(identities);
        let mut is_bound = vec![false; identities];
        for bond in &bonds {
            groups.join_all(bond);
        }
        let mut bonds: Vec<(usize, Bond<'_, 'a>)> = bonds
            .into_iter()
            .map(|bond| (groups.of(bond.identity()), bond))
            .collect();
        bonds.sort_unstable_by(|one, other| {
            let by_group = one.0.cmp(&other.0);
            by_group.then_with(|| one.1.reason.cmp(&other.1.reason))
        });
        for (group, _) in &bonds {
            if let Some(is_bound) = is_bound.get_mut(*group) {
                *is_bound = true;
            }
        }
        let mut bound: Vec<(usize, &Item<'a>)> = items
            .iter()
            .map(|item| (groups.of(item.identity), item))
            .filter(|(group, _)| is_bound.get(*group).is_some_and(|is_bound| *is_bound))
            .collect();
        // Stable: the findings of a group stay in their order.
        bound.sort_by_key(|(group, _)| *group);

        let mut classes = Classes::new(&items, identities);
        let mut issue_of = vec![None; seen.len()];
        let mut issues = Vec::new();
        let mut connected = Groups::new(identities);
        // Both are in the order of the groups, and every group has some of each.
        let bonds = bonds.chunk_by(|one, other| one.0 == other.0);
        let bound = bound.chunk_by(|one, other| one.0 == other.0);
        for (members, bonds) in bound.zip(bonds) {
            let members: Vec<_> = members.iter().map(|(_, item)| *item).collect();
            let bonds: Vec<_> = bonds.iter().map(|(_, bond)| bond).collect();
            classes.add(&members, &bonds);
            for item in &members {
                if let Some(issue) = issue_of.get_mut(item.index) {
                    *issue = Some(issues.len());
                }
            }
            let mut reasons: Vec<_> = bonds
                .iter()
                .filter(|bond| connected.join_all(bond))
                .map(|bond| bond.reason.clone())
                .collect();
            reasons.dedup();
            issues.extend(issue(seen, &members, reasons));
        }
        Self {
            issues,
            issue_of,
            scanners: seen.iter().map(|seen| seen.scanner).collect(),
            classes,
        }
    }

    /// Names each finding by its place in `places` in place of its index. These are
    /// the numbers from 0, each once.
    pub fn renumber(&mut self, places: &[usize]) {
        let place_of = |finding: &usize| places.get(*finding).copied();
        for issue in &mut self.issues {
            issue.findings = issue.findings.iter().filter_map(place_of).collect();
            issue.findings.sort_unstable();
        }
        self.issue_of = arranged(&self.issue_of, places);
        self.scanners = arranged(&self.scanners, places);
        self.classes.renumber(places);
    }

    /// All issues, by their identifiers.
    pub fn all(&self) -> &[Issue<'a>] {
        &self.issues
    }

    /// The issue that a finding is of; most findings are of none.
    pub fn of_finding(&self, finding: usize) -> Option<&Issue<'a>> {
        let issue = *self.issue_of.get(finding)?;
        self.issues.get(issue?)
    }

    /// The scanners that see the problem of a finding, by name, each once: all
    /// those of its issue, not only those linked to the finding itself. That is
    /// what people are shown of it, aliases carry over (one scanner knows the
    /// CVE, one the GHSA, a third one both), and it errs on the strict side.
    pub fn seen_by(&self, finding: usize) -> &[&'a str] {
        match self.of_finding(finding) {
            Some(issue) => &issue.seen_by,
            None => self
                .scanners
                .get(finding)
                .map(std::slice::from_ref)
                .unwrap_or_default(),
        }
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
fn arranged<T: Copy + Default>(things: &[T], places: &[usize]) -> Vec<T> {
    let mut arranged = vec![T::default(); things.len()];
    for (thing, place) in things.iter().zip(places) {
        if let Some(at) = arranged.get_mut(*place) {
            *at = *thing;
        }
    }
    arranged
}

fn issue<'a>(
    seen: &[Seen<'a>],
    members: &[&Item<'a>],
    reasons: Vec<Reason<'a>>,
) -> Option<Issue<'a>> {
    let of_members = || members.iter().filter_map(|item| seen.get(item.index));
    let mut seen_by: Vec<_> = of_members().map(|seen| seen.scanner).collect();
    seen_by.sort_unstable();
    seen_by.dedup();
    let severities = || of_members().map(|seen| seen.severity);
    Some(Issue {
        id: of_members().map(|seen| seen.finding.fingerprint).min()?,
        findings: members.iter().map(|item| item.index).collect(),
        seen_by,
        // The order of severities begins with the worst.
        worst: severities().min()?,
        best: severities().max()?,
        reasons,
    })
}

/// The findings with their identities, which are numbered in the order of the
/// fingerprints; and the number of identities.
fn items<'a>(seen: &[Seen<'a>]) -> (Vec<Item<'a>>, usize) {
    // Of copies, as looking a million of them up while sorting takes seconds.
    let fingerprint = |index: usize| seen.get(index).map(|seen| seen.finding.fingerprint);
    let beginnings = seen.iter().map(|seen| seen.finding.fingerprint.beginning());
    let mut sorted: Vec<(u64, usize)> = beginnings.zip(0..).collect();
    sorted.sort_unstable();
    let mut identity_of = vec![0; seen.len()];
    let mut identities = 0;
    for alike in sorted.chunk_by_mut(|one, other| one.0 == other.0) {
        if alike.len() > 1 {
            alike.sort_by_key(|(_, index)| fingerprint(*index));
        }
        let is_same = |one: &(u64, usize), other: &(u64, usize)| {
            one.1 == other.1 || fingerprint(one.1) == fingerprint(other.1)
        };
        for group in alike.chunk_by(is_same) {
            for (_, index) in group {
                if let Some(identity) = identity_of.get_mut(*index) {
                    *identity = identities;
                }
            }
            identities += 1;
        }
    }
    let mut scanners = HashMap::default();
    let items = seen.iter().zip(identity_of).enumerate();
    let items = items.map(|(index, (seen, identity))| {
        let next = scanners.len();
        Item {
            index,
            identity,
            scanner: *scanners.entry(seen.scanner).or_insert(next),
            finding: seen.finding,
        }
    });
    (items.collect(), identities)
}

/// Identities that are connected, each group named by its first one.
struct Groups(Vec<usize>);

impl Groups {
    fn new(identities: usize) -> Self {
        Self((0..identities).collect())
    }

    fn of(&mut self, mut identity: usize) -> usize {
        while let Some(&above) = self.0.get(identity)
            && above != identity
        {
            let next = self.0.get(above).copied().unwrap_or(above);
            if let Some(above) = self.0.get_mut(identity) {
                *above = next;
            }
            identity = next;
        }
        identity
    }

    /// Whether they were not one before.
    fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.of(one), self.of(other));
        if let Some(above) = self.0.get_mut(one.max(other)) {
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
