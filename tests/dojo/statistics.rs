//! The counts in the answer to an upload.

use serde_json::{Map, Value, json};

use super::reports::Severity;
use super::state::{Action, Finding, State};

/// `{info: {active, …, total}, …, total: {…}}` of these findings.
pub(crate) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Value {
    let findings: Vec<_> = findings.into_iter().collect();
    let mut levels = Map::new();
    for severity in Severity::ALL {
        let of_level = findings
            .iter()
            .filter(|finding| finding.item.severity == severity);
        let name = severity.name().to_lowercase();
        levels.insert(name, flags(of_level.copied()));
    }
    levels.insert("total".into(), flags(findings.iter().copied()));
    levels.into()
}

fn flags<'a>(findings: impl Iterator<Item = &'a Finding> + Clone) -> Value {
    let count =
        |flag: fn(&Finding) -> bool| findings.clone().filter(|finding| flag(finding)).count();
    json!({
        "active": count(|finding| finding.active),
        "verified": count(|finding| finding.verified),
        "duplicate": 0,
        "false_p": count(|finding| finding.false_p),
        "out_of_scope": count(|finding| finding.out_of_scope),
        "is_mitigated": count(|finding| finding.is_mitigated),
        "risk_accepted": count(|finding| finding.risk_accepted),
        "total": count(|_| true),
    })
}

/// What one upload did, with the findings as they are after it.
pub(crate) fn delta(state: &State, actions: &[(Action, u64)]) -> Value {
    let group = |action| {
        let ids: Vec<_> = actions
            .iter()
            .filter(|(done, _)| *done == action)
            .map(|(_, id)| *id)
            .collect();
        of(state
            .findings
            .iter()
            .filter(|finding| ids.contains(&finding.id)))
    };
    json!({
        "created": group(Action::New),
        "closed": group(Action::Closed),
        "reactivated": group(Action::Reactivated),
        "untouched": group(Action::Untouched),
    })
}
