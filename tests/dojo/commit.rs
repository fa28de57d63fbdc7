//! What an upload does to the findings of a test.

use super::reports::{Item, Severity};
use super::state::{Action, Finding, State, TODAY};

/// What an upload wants, besides its findings.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub(crate) minimum: Severity,
    pub(crate) active: Option<bool>,
    pub(crate) verified: Option<bool>,
    pub(crate) close_old: bool,
    pub(crate) reactivate: bool,
    pub(crate) service: Option<String>,
    pub(crate) date: Option<String>,
    /// Added to the findings of the report.
    pub(crate) finding_tags: Vec<String>,
}

/// The findings of a test as an upload saw them: ids. What others have stored
/// since then it does not know.
pub(crate) type Sight = Vec<u64>;

/// Stores every finding, also those that are the same: the first upload of a test.
pub(crate) fn import(
    state: &mut State,
    test: u64,
    items: Vec<Item>,
    wishes: &Wishes,
) -> Vec<(Action, u64)> {
    items
        .into_iter()
        .filter(|item| item.severity >= wishes.minimum)
        .map(|item| (Action::New, create(state, test, item, wishes)))
        .collect()
}

/// Matches findings with the stored ones.
pub(crate) fn reimport(
    state: &mut State,
    test: u64,
    items: Vec<Item>,
    wishes: &Wishes,
    sight: &Sight,
) -> Vec<(Action, u64)> {
    let mut actions: Vec<(Action, u64)> = Vec::new();
    let mut matched: Vec<u64> = Vec::new();
    let mut own: Vec<u64> = Vec::new();
    for item in items {
        if item.severity < wishes.minimum {
            continue;
        }
        let hash = item.hash(wishes.service.as_deref());
        let found = state.findings.iter_mut().find(|finding| {
            let known = sight.contains(&finding.id) || own.contains(&finding.id);
            known && is_same(finding, &item, &hash)
        });
        let Some(found) = found else {
            let id = create(state, test, item, wishes);
            own.push(id);
            actions.push((Action::New, id));
            continue;
        };
        let id = found.id;
        add_tags(found, &wishes.finding_tags);
        if matched.contains(&id) || own.contains(&id) {
            continue;
        }
        matched.push(id);
        if let Some(action) = meet(found, &item, wishes) {
            actions.push((action, id));
        }
    }
    if wishes.close_old {
        let missing = |finding: &Finding| {
            sight.contains(&finding.id)
                && !matched.contains(&finding.id)
                && finding.service == wishes.service
        };
        actions.extend(close(state, missing));
    }
    actions
}

/// An import that closes what earlier tests of the type have and it lacks.
pub(crate) fn close_elsewhere(
    state: &mut State,
    tests: &[u64],
    new: &[(Action, u64)],
    wishes: &Wishes,
) -> Vec<(Action, u64)> {
    let hashes: Vec<_> = state
        .findings
        .iter()
        .filter(|finding| new.iter().any(|(_, id)| *id == finding.id))
        .map(|finding| finding.hash.clone())
        .collect();
    close(state, |finding| {
        tests.contains(&finding.test)
            && !hashes.contains(&finding.hash)
            && finding.service == wishes.service
    })
}

/// A unique id of the tool or the hash: either makes two findings the same.
fn is_same(stored: &Finding, item: &Item, hash: &str) -> bool {
    let unique = item.unique_id.as_ref();
    stored.hash == hash || unique.is_some() && stored.item.unique_id.as_ref() == unique
}

/// A stored finding is reported again.
fn meet(stored: &mut Finding, item: &Item, wishes: &Wishes) -> Option<Action> {
    if stored.false_p || stored.out_of_scope {
        return None;
    }
    if stored.is_mitigated {
        if item.is_mitigated {
            return Some(Action::Untouched);
        }
        if !wishes.reactivate {
            return None;
        }
        stored.is_mitigated = false;
        stored.active = true;
        return Some(Action::Reactivated);
    }
    if item.is_mitigated {
        stored.is_mitigated = true;
        stored.active = false;
        return Some(Action::Closed);
    }
    Some(Action::Untouched)
}

/// Closes what is open of these; the acceptance of a risk is lost by it.
fn close(state: &mut State, missing: impl Fn(&Finding) -> bool) -> Vec<(Action, u64)> {
    let mut actions = Vec::new();
    for finding in &mut state.findings {
        if missing(finding) && !finding.is_mitigated {
            finding.is_mitigated = true;
            finding.active = false;
            finding.risk_accepted = false;
            actions.push((Action::Closed, finding.id));
        }
    }
    for acceptance in &mut state.acceptances {
        let closed = |id: &u64| actions.iter().any(|(_, gone)| gone == id);
        acceptance.findings.retain(|id| !closed(id));
    }
    actions
}

fn create(state: &mut State, test: u64, item: Item, wishes: &Wishes) -> u64 {
    let id = state.new_id();
    let date = wishes.date.clone().or_else(|| item.date.clone());
    let mut finding = Finding {
        id,
        test,
        hash: item.hash(wishes.service.as_deref()),
        service: wishes.service.clone(),
        date: date.unwrap_or_else(|| TODAY.to_owned()),
        tags: Vec::new(),
        active: wishes.active.unwrap_or(item.active) && !item.is_mitigated,
        verified: wishes.verified.unwrap_or(item.verified),
        false_p: item.false_p,
        out_of_scope: false,
        risk_accepted: false,
        is_mitigated: item.is_mitigated,
        item,
    };
    add_tags(&mut finding, &wishes.finding_tags);
    state.findings.push(finding);
    id
}

fn add_tags(finding: &mut Finding, tags: &[String]) {
    for tag in tags {
        if !finding.tags.contains(tag) {
            finding.tags.push(tag.clone());
        }
    }
}
