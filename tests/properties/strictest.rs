//! Of several policies, the one that stops the most decides: no edit of a
//! change's own policy turns a fail into a pass.

use security_gate::policy::strictest::strictest;

use super::*;

/// How far a decision lets a release go: what is only observed stops nothing.
fn leniency(decision: &Decision<'_>) -> u8 {
    match (decision.policy.mode, decision.verdict()) {
        (Mode::Observe, _) | (Mode::Enforce, Verdict::Pass) => 2,
        (Mode::Enforce, Verdict::Incomplete) => 1,
        (Mode::Enforce, Verdict::Fail) => 0,
    }
}

/// A policy that may only observe.
fn any_policy() -> impl Strategy<Value = Policy> {
    (policy(), any::<bool>()).prop_map(|(policy, observes)| Policy {
        mode: if observes {
            Mode::Observe
        } else {
            Mode::Enforce
        },
        ..policy
    })
}

/// The reports that a policy finds are its lanes' affair, too.
fn reports() -> impl Strategy<Value = Vec<Report>> {
    prop::collection::vec(report(), 0..4)
}

proptest! {
    #[test]
    fn no_edit_of_the_head_policy_makes_the_verdict_better(
        base in any_policy(),
        head in any_policy(),
        seen_by_base in reports(),
        seen_by_head in reports(),
    ) {
        let base = decide(&base, &seen_by_base, ON_TODAY);
        let head = decide(&head, &seen_by_head, ON_TODAY);
        let wanted = leniency(&base).min(leniency(&head));
        let enforces = [&base, &head].iter().any(|each| each.policy.mode == Mode::Enforce);
        let verdict = base.verdict();
        let base_enforces = base.policy.mode == Mode::Enforce;
        let mut decisions = vec![base, head];
        for _ in 0..2 {
            let decided = strictest(&decisions).unwrap();
            prop_assert_eq!(leniency(decided), wanted);
            prop_assert_eq!(decided.policy.mode == Mode::Enforce, enforces);
            if base_enforces && verdict != Verdict::Pass {
                prop_assert_ne!(decided.verdict(), Verdict::Pass);
            }
            if base_enforces && verdict == Verdict::Fail {
                prop_assert_eq!(decided.verdict(), Verdict::Fail);
            }
            decisions.reverse();
        }
    }

    #[test]
    fn a_policy_beside_itself_decides_as_it_does_alone(policy in any_policy(), reports in reports()) {
        let decisions = [decide(&policy, &reports, ON_TODAY), decide(&policy, &reports, ON_TODAY)];
        let decided = strictest(&decisions).unwrap();
        prop_assert_eq!(decided.verdict(), decisions[0].verdict());
        prop_assert!(std::ptr::eq(decided, &raw const decisions[0]));
    }
}
