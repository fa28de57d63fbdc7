//! The counts in the answer to an upload.

use serde_json::{Map, Value, json};

use super::reports::Severity;
use super::state::{Action, Finding, State};

/// `{info: {active, …, total}, …, total: {…}}` of these findings.
pub(crate) fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Value {
    let findings: Vec<_> = findings.into_iter().collect();
    let mut levels = Map::new();
    for severity in Severity::ALL {
        let of_level = findings.iter().copied();
        let of_level = of_level.filter(|finding| finding.item.severity == severity);
        let name = severity.name().to_lowercase();
        levels.insert(name, flags(&of_level.collect::<Vec<_>>()));
    }
    levels.insert("total".into(), flags(&findings));
    levels.into()
}

fn flags(findings: &[&Finding]) -> Value {
    let count = |flag: fn(&Finding) -> bool| {
        let flagged = findings.iter().filter(|finding| flag(finding));
        flagged.count()
    };
    json!({
        "active": count(|finding| finding.active),
        "verified": count(|finding| finding.verified),
        "duplicate": 0,
        "false_p": count(|finding| finding.false_p),
        "out_of_scope": count(|finding| finding.out_of_scope),
        "is_mitigated": count(|finding| finding.is_mitigated),
        "risk_accepted": count(|finding| finding.risk_accepted),
        "total": findings.len(),
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
