//! The strictest of several decisions about the same reports.
//!
//! In a merge request the policy of the target branch and that of the change
//! both decide, so that a change cannot loosen its own gate.

use super::Mode;
use super::decide::{Decision, Verdict};

/// The decision that stops the most: of those that are enforced one that fails,
/// else one that is incomplete, else one that passes; one that only observes
/// comes last. Of equals the first.
pub fn strictest<'d, 'a>(decisions: &'d [Decision<'a>]) -> Option<&'d Decision<'a>> {
    let leniency = |decision: &&Decision<'_>| {
        let verdict = match decision.verdict() {
            Verdict::Fail => 0,
            Verdict::Incomplete => 1,
            Verdict::Pass => 2,
        };
        (decision.policy.mode == Mode::Observe, verdict)
    };
    decisions.iter().min_by_key(leniency)
}
