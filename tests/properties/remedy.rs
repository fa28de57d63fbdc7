//! What would do does, and nothing in it is too much.

use std::collections::BTreeSet;

use security_gate::finding::Found;
use security_gate::policy::remedy::{Remedy, passes_if};

use super::*;

/// Reports in which an identity is in one place, and some packages cannot be
/// upgraded.
fn reports() -> impl Strategy<Value = Vec<Report>> {
    prop::collection::vec(report(), 1..4).prop_map(|mut reports| {
        let place = |finding: &mut Finding| {
            let place = finding.location.to_string();
            finding.fingerprint =
                Fingerprint::new("placed", &[&finding.fingerprint.to_string(), &place]);
            if finding.severity == Severity::Low {
                finding.fixed_in.clear();
            }
        };
        for report in &mut reports {
            edit(report, |findings| findings.iter_mut().for_each(place));
        }
        reports
    })
}

/// What tells findings apart, those of one identity, too: the pointers of these
/// tests do.
type Key = (Fingerprint, String);

fn key(finding: Found<'_>) -> Key {
    (finding.fingerprint, finding.pointer().to_string())
}

/// What each action clears.
fn cleared(decision: &Decision<'_>, remedy: &Remedy<'_>) -> Vec<BTreeSet<Key>> {
    let key = |at: &usize| key(decision.findings[*at].subject.finding);
    let steps = remedy.steps.iter();
    steps
        .map(|step| step.findings.iter().map(key).collect())
        .collect()
}

fn without<'s>(
    reports: &[Report],
    cleared: impl IntoIterator<Item = &'s BTreeSet<Key>>,
) -> Vec<Report> {
    let cleared: BTreeSet<_> = cleared.into_iter().flatten().collect();
    let mut reports = reports.to_vec();
    for report in &mut reports {
        let findings = report.findings.iter();
        let left = findings.filter(|finding| !cleared.contains(&key(*finding)));
        report.findings = left.map(|finding| finding.unpacked().unwrap()).collect();
    }
    reports
}

/// Every set of so many of them.
fn sets<T>(all: &[T], size: usize) -> Vec<Vec<&T>> {
    match all {
        _ if size == 0 => vec![Vec::new()],
        [] => Vec::new(),
        [first, rest @ ..] => {
            let mut with = sets(rest, size - 1);
            for set in &mut with {
                set.push(first);
            }
            with.extend(sets(rest, size));
            with
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_would_do_does_and_nothing_less(policy in policy(), reports in reports()) {
        let decision = decide(&policy, &reports, ON_TODAY);
        let remedy = passes_if(&decision);
        prop_assert_eq!(remedy.is_some(), decision.verdict() == Verdict::Fail);
        let Some(remedy) = remedy else { return Ok(()) };
        let cleared_by = cleared(&decision, &remedy);
        prop_assert_eq!(verdict(&policy, &without(&reports, &cleared_by)), remedy.then);
        for left_out in 0..cleared_by.len() {
            let mut rest = cleared_by.clone();
            rest.remove(left_out);
            prop_assert_eq!(verdict(&policy, &without(&reports, &rest)), Verdict::Fail);
        }
        for step in &remedy.steps {
            prop_assert!(step.clears > 0 && !step.rules.is_empty() && !step.text.is_empty());
        }
        let all: usize = cleared_by.iter().map(BTreeSet::len).sum();
        prop_assert_eq!(all, cleared_by.iter().flatten().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn fewer_actions_do_not_do(policy in policy(), reports in reports()) {
        let decision = decide(&policy, &reports, ON_TODAY);
        let Some(remedy) = passes_if(&decision).filter(|remedy| remedy.is_smallest) else { return Ok(()) };
        // Where nothing is allowed, everything that can be done has to be.
        let mut strict = policy.clone();
        strict.rules.iter_mut().for_each(|rule| rule.max = 0);
        let strict = decide(&strict, &reports, ON_TODAY);
        let all = cleared(&strict, &passes_if(&strict).unwrap());
        prop_assume!(all.len() <= 8);
        if let Some(fewer) = remedy.steps.len().checked_sub(1) {
            for set in sets(&all, fewer) {
                prop_assert_eq!(verdict(&policy, &without(&reports, set)), Verdict::Fail);
            }
        }
    }
}
