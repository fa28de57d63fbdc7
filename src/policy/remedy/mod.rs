//! What would do: a smallest set of actions by which the rules that fail hold.
//!
//! An action is what somebody does in one go: an upgrade clears all findings of
//! a package, whichever scanners saw them. Every open finding is cleared by
//! exactly one.

use std::cmp::Reverse;

use foldhash::HashMap;

use super::decide::{Decision, RuleOutcome, Verdict};
use super::judge::Status;
use super::{Action, Rule};
use crate::finding::Found;
use crate::issue::Tally;

mod step;

use step::{Grouping, Place};

/// With more actions to choose from, not all choices are tried.
const MOST_CHOICES: usize = 16;

/// With more work to do for that, either.
const MOST_WORK: usize = 20_000_000;

/// Actions by which a verdict is `fail` no more.
#[derive(Debug)]
pub struct Remedy<'a> {
    /// What the verdict is then: `incomplete`, when something is missing besides.
    pub then: Verdict,
    /// Whether no fewer actions would do. None can be left out of the others,
    /// either.
    pub is_smallest: bool,
    /// The actions, those first that clear most. At most [`Remedy::MOST_STEPS`] are
    /// listed.
    pub steps: Vec<Step<'a>>,
    /// How many more it takes, none of which clears more than the last that is listed.
    pub more: usize,
}

impl Remedy<'_> {
    /// How many actions are listed: nobody goes through more.
    pub const MOST_STEPS: usize = 1000;
}

/// An action that clears findings.
#[derive(Debug)]
pub struct Step<'a> {
    /// What kind of action it is.
    pub kind: Kind,
    /// What to do, in a line. Names in it are the scanners': neutralize them for
    /// where they go.
    pub text: String,
    /// How many findings it clears that keep the release from going on, each
    /// identity once.
    pub clears: u64,
    /// All open findings that it clears, by their index in
    /// [`Decision::findings`].
    pub findings: Vec<usize>,
    /// The rules that fail by what it clears.
    pub rules: Vec<&'a Rule>,
}

/// What kind of action clears findings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Take a repaired version of a package.
    Upgrade,
    /// Do without a package, or without this version of it.
    Replace,
    /// Mend what was written.
    Fix,
    /// Make a secret useless, and take it out.
    Revoke,
}

/// Finds what would do, where the verdict is `fail`.
pub fn passes_if<'a>(decision: &Decision<'a>) -> Option<Remedy<'a>> {
    let broken: Vec<_> = decision.broken(Action::Fail).collect();
    if broken.is_empty() {
        return None;
    }
    let groups = groups(decision);
    let group_of = group_of(&groups, decision.findings.len());
    let limits = broken.iter().map(|outcome| Limit::of(outcome, &group_of));
    let limits: Vec<_> = limits.collect();
    let Choice {
        chosen,
        is_smallest,
    } = choose(decision, &groups, &limits);
    // What was found by adding and removing is counted once more from nothing.
    let is_kept = |limit: &Limit<'_, '_>| {
        let is_left = |index: &usize| {
            let group = group_of.get(*index).copied().flatten();
            group.is_none_or(|at| !is_in(&chosen, at))
        };
        let left = limit.outcome.findings.iter().copied().filter(is_left);
        decision.issues.count(left) <= limit.outcome.rule.max
    };
    if !limits.iter().all(is_kept) {
        return None;
    }
    let chosen = groups.iter().zip(0..).filter(|(_, at)| is_in(&chosen, *at));
    let mut chosen: Vec<_> = chosen
        .map(|(group, at)| (blocking(decision, &group.findings), group, at))
        .collect();
    // Stable: of those that clear as much, the one with the worst finding first.
    chosen.sort_by_key(|(clears, ..)| Reverse(*clears));
    let more = chosen.len().saturating_sub(Remedy::MOST_STEPS);
    let listed = chosen.into_iter().take(Remedy::MOST_STEPS);
    let step = |(clears, group, at): (u64, &Group<'a>, usize)| {
        let serves = limits.iter().filter(|limit| !limit.of_group(at).is_empty());
        Step {
            kind: group.place.kind(),
            text: group.text(decision),
            clears,
            findings: group.findings.clone(),
            rules: serves.map(|limit| limit.outcome.rule).collect(),
        }
    };
    Some(Remedy {
        then: match decision.gaps.is_empty() {
            true => Verdict::Pass,
            false => Verdict::Incomplete,
        },
        is_smallest,
        steps: listed.map(step).collect(),
        more,
    })
}

fn is_in(chosen: &[bool], group: usize) -> bool {
    chosen.get(group).is_some_and(|is_chosen| *is_chosen)
}

fn put_in(chosen: &mut [bool], group: usize) {
    if let Some(is_chosen) = chosen.get_mut(group) {
        *is_chosen = true;
    }
}

/// The findings that one action clears.
#[derive(Debug)]
struct Group<'a> {
    place: Place<'a>,
    /// Ascending.
    findings: Vec<usize>,
}

impl Group<'_> {
    fn text(&self, decision: &Decision<'_>) -> String {
        let findings = self.findings.iter();
        let findings = findings.filter_map(|index| decision.findings.get(*index));
        let findings: Vec<Found<'_>> = findings.map(|judged| judged.subject.finding).collect();
        self.place.text(&findings)
    }
}

/// The actions that clear a finding that keeps the release from going on, with
/// all open findings that they clear; in the order of their first such finding.
fn groups<'a>(decision: &Decision<'a>) -> Vec<Group<'a>> {
    let grouping = Grouping::of(decision);
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut by_place: HashMap<Place<'a>, usize> = HashMap::default();
    for is_blocking in [true, false] {
        for (index, judged) in decision.findings.iter().enumerate() {
            if judged.standing.status != Status::Open || judged.breaks.is_empty() == is_blocking {
                continue;
            }
            let Some(place) = grouping.place(index) else {
                continue;
            };
            let at = match by_place.get(&place) {
                Some(at) => *at,
                None if is_blocking => {
                    let at = groups.len();
                    by_place.insert(place.clone(), at);
                    groups.push(Group {
                        place,
                        findings: Vec::new(),
                    });
                    at
                }
                None => continue,
            };
            if let Some(group) = groups.get_mut(at) {
                group.findings.push(index);
            }
        }
    }
    for group in &mut groups {
        group.findings.sort_unstable();
    }
    groups
}

/// The group of each finding that is of one.
fn group_of(groups: &[Group<'_>], findings: usize) -> Vec<Option<usize>> {
    let mut group_of = vec![None; findings];
    for (at, group) in groups.iter().enumerate() {
        for index in &group.findings {
            if let Some(group) = group_of.get_mut(*index) {
                *group = Some(at);
            }
        }
    }
    group_of
}

/// How many of these findings keep the release from going on, each identity once.
fn blocking(decision: &Decision<'_>, indices: &[usize]) -> u64 {
    let is_blocking = |index: &usize| {
        let judged = decision.findings.get(*index);
        judged.is_some_and(|judged| !judged.breaks.is_empty())
    };
    let blocking = indices.iter().copied().filter(is_blocking);
    decision.issues.identities(blocking)
}

/// A rule that is broken, and who can do something about it.
struct Limit<'d, 'a> {
    outcome: &'d RuleOutcome<'a>,
    /// The groups that clear findings that it counts, each with these. Sorted.
    by_group: Vec<(usize, usize)>,
}

impl<'d, 'a> Limit<'d, 'a> {
    fn of(outcome: &'d RuleOutcome<'a>, group_of: &[Option<usize>]) -> Self {
        let with_group = |index: &usize| Some(((*group_of.get(*index)?)?, *index));
        let mut by_group: Vec<_> = outcome.findings.iter().filter_map(with_group).collect();
        by_group.sort_unstable();
        Self { outcome, by_group }
    }

    /// The findings that it counts and a group clears, with the group.
    fn of_group(&self, group: usize) -> &[(usize, usize)] {
        let start = self.by_group.partition_point(|(at, _)| *at < group);
        let rest = self.by_group.get(start..).unwrap_or_default();
        let end = rest.partition_point(|(at, _)| *at == group);
        rest.get(..end).unwrap_or_default()
    }
}

struct Choice {
    /// Of each group, whether it is.
    chosen: Vec<bool>,
    is_smallest: bool,
}

/// Chooses groups so that the rules hold without them. Those of rules that allow
/// nothing are no choice.
fn choose(decision: &Decision<'_>, groups: &[Group<'_>], limits: &[Limit<'_, '_>]) -> Choice {
    let strict = limits.iter().filter(|limit| limit.outcome.rule.max == 0);
    let mut chosen = vec![false; groups.len()];
    for (group, _) in strict.flat_map(|limit| &limit.by_group) {
        put_in(&mut chosen, *group);
    }
    let lenient = limits.iter().filter(|limit| limit.outcome.rule.max > 0);
    let mut open: Vec<_> = lenient
        .map(|limit| Count::of(decision, limit, &chosen))
        .collect();
    open.retain_mut(|count| !count.is_kept());
    let candidates = |at: &usize| {
        let is_counted = open
            .iter()
            .any(|count| !count.limit.of_group(*at).is_empty());
        is_counted && !is_in(&chosen, *at)
    };
    let candidates: Vec<usize> = (0..groups.len()).filter(candidates).collect();
    let Ranking {
        ranked,
        is_additive,
    } = rank(decision, groups, &candidates, &mut open);
    let work: usize = open
        .iter()
        .flat_map(|count| ranked.iter().map(|at| 1 + count.limit.of_group(*at).len()))
        .sum();
    let is_small = ranked.len() <= MOST_CHOICES && work << ranked.len() <= MOST_WORK;
    let more = match is_small {
        true => smallest(&ranked, &mut open),
        false => irreducible(&ranked, &mut open),
    };
    for group in more {
        put_in(&mut chosen, group);
    }
    Choice {
        chosen,
        is_smallest: is_small || is_additive,
    }
}

/// What a rule counts, while groups of findings come and go.
struct Count<'l, 'd, 'a> {
    limit: &'l Limit<'d, 'a>,
    tally: Tally<'d>,
}

impl<'l, 'd, 'a> Count<'l, 'd, 'a> {
    /// Without what is cleared in any case.
    fn of(decision: &'d Decision<'a>, limit: &'l Limit<'d, 'a>, cleared: &[bool]) -> Self {
        let mut tally = decision.issues.tally();
        limit
            .outcome
            .findings
            .iter()
            .for_each(|index| tally.add(*index));
        for (group, index) in &limit.by_group {
            if is_in(cleared, *group) {
                tally.remove(*index);
            }
        }
        Self { limit, tally }
    }

    fn is_kept(&mut self) -> bool {
        self.tally.count() <= self.limit.outcome.rule.max
    }

    fn clear(&mut self, group: usize) {
        let Self { limit, tally } = self;
        limit
            .of_group(group)
            .iter()
            .for_each(|(_, index)| tally.remove(*index));
    }

    fn restore(&mut self, group: usize) {
        let Self { limit, tally } = self;
        limit
            .of_group(group)
            .iter()
            .for_each(|(_, index)| tally.add(*index));
    }
}

fn clear(open: &mut [Count<'_, '_, '_>], group: usize) {
    for count in open {
        count.clear(group);
    }
}

fn restore(open: &mut [Count<'_, '_, '_>], group: usize) {
    for count in open {
        count.restore(group);
    }
}

struct Ranking {
    /// Those first that clear most problems.
    ranked: Vec<usize>,
    /// Whether there is one rule, and no problem that two groups share: then to
    /// take those first that clear most takes the fewest.
    is_additive: bool,
}

fn rank(
    decision: &Decision<'_>,
    groups: &[Group<'_>],
    candidates: &[usize],
    open: &mut [Count<'_, '_, '_>],
) -> Ranking {
    let mut problems: HashMap<usize, u64> = HashMap::default();
    let mut is_additive = open.len() <= 1;
    for count in open {
        let mut tally = decision.issues.tally();
        let mut sum = 0;
        for &at in candidates {
            let findings = count.limit.of_group(at);
            for (_, index) in findings {
                tally.add(*index);
            }
            sum += tally.count();
            *problems.entry(at).or_default() += tally.count();
            for (_, index) in findings {
                tally.remove(*index);
            }
        }
        is_additive &= sum == count.tally.count();
    }
    let mut ranked = candidates.to_vec();
    // Stable: of equals, the one with the worst finding first. To do without a
    // package is harder than anything else.
    ranked.sort_by_key(|at| {
        let is_hard = groups.get(*at).map(|group| group.place.kind()) == Some(Kind::Replace);
        (std::cmp::Reverse(problems.get(at).copied()), is_hard)
    });
    Ranking {
        ranked,
        is_additive,
    }
}

/// The first of the smallest sets by which all rules hold.
fn smallest(ranked: &[usize], open: &mut [Count<'_, '_, '_>]) -> Vec<usize> {
    let mut taken = Vec::new();
    for size in 0..=ranked.len() {
        if search(ranked, size, open, &mut taken) {
            break;
        }
    }
    taken
}

/// Whether the rules hold with at most `more` of `ranked` besides.
fn search(
    ranked: &[usize],
    more: usize,
    open: &mut [Count<'_, '_, '_>],
    taken: &mut Vec<usize>,
) -> bool {
    if open.iter_mut().all(Count::is_kept) {
        return true;
    }
    let mut rest = ranked;
    while let [next, after @ ..] = rest
        && more > 0
        && more <= rest.len()
    {
        taken.push(*next);
        clear(open, *next);
        if search(after, more - 1, open, taken) {
            return true;
        }
        restore(open, *next);
        taken.pop();
        rest = after;
    }
    false
}

/// Those that clear most, without any that the others make superfluous.
fn irreducible(ranked: &[usize], open: &mut [Count<'_, '_, '_>]) -> Vec<usize> {
    let mut taken = Vec::new();
    for &next in ranked {
        let mut broken = open
            .iter_mut()
            .filter_map(|count| (!count.is_kept()).then_some(count.limit));
        let Some(first) = broken.next() else {
            break;
        };
        let mut broken = std::iter::once(first).chain(broken);
        if broken.any(|limit| !limit.of_group(next).is_empty()) {
            clear(open, next);
            taken.push(next);
        }
    }
    // Backwards: those that clear least are the first to go.
    let mut needed = Vec::new();
    for &last in taken.iter().rev() {
        restore(open, last);
        if !open.iter_mut().all(Count::is_kept) {
            clear(open, last);
            needed.push(last);
        }
    }
    needed
}
