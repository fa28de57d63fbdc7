//! Why a verdict is as it is, in words.

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::in_words;
use crate::policy::Action;
use crate::policy::decide::{Decision, ExceptionOutcome, ExceptionState, Notice, RuleOutcome};

/// One reason for a verdict, or a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reason {
    /// What it does.
    pub effect: Effect,
    /// The rule that is broken.
    pub rule: Option<String>,
    /// The lane that it is about.
    pub lane: Option<String>,
    /// The report that it is about.
    pub report: Option<String>,
    /// The reason, in words.
    pub text: String,
}

/// What a reason does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The verdict is `fail`.
    Fail,
    /// The verdict is `incomplete`, unless it is `fail`.
    Incomplete,
    /// Nothing; it is to be known.
    Warn,
}

pub(super) fn reasons(decision: &Decision<'_>, passed_over: &[String]) -> Vec<Reason> {
    let broken = |action, effect| {
        decision.broken(action).map(move |outcome| {
            let mut text = how_many(decision, outcome);
            if outcome.action != outcome.rule.action
                && let Some(effective) = outcome.rule.effective
            {
                text = format!("{text}; fails from {effective} on");
            }
            if let Some(help) = &outcome.rule.help {
                text = format!("{text}. {help}");
            }
            Reason {
                effect,
                rule: Some(outcome.rule.id.clone()),
                lane: None,
                report: None,
                text,
            }
        })
    };
    let notice = |effect| {
        move |notice: &Notice| Reason {
            effect,
            rule: None,
            lane: notice.lane.clone(),
            report: notice.report.clone(),
            text: notice.text.clone(),
        }
    };
    broken(Action::Fail, Effect::Fail)
        .chain(decision.gaps.iter().map(notice(Effect::Incomplete)))
        .chain(decision.exceptions.iter().flat_map(exception_warnings))
        .chain(broken(Action::Warn, Effect::Warn))
        .chain(decision.warnings.iter().map(notice(Effect::Warn)))
        .chain(passed_over_notice(passed_over))
        .collect()
}

/// What a rule counts, and how much of it there may be: findings of one issue
/// are one problem.
fn how_many(decision: &Decision<'_>, outcome: &RuleOutcome<'_>) -> String {
    let RuleOutcome { rule, count, .. } = outcome;
    let (max, findings) = (rule.max, outcome.identities(decision));
    let noun = |count: u64| if count == 1 { "finding" } else { "findings" };
    if findings == *count {
        return format!("{count} open {}, {max} allowed", noun(*count));
    }
    let problems = if *count == 1 { "problem" } else { "problems" };
    format!(
        "{count} {problems} in {findings} open {}, {max} allowed",
        noun(findings)
    )
}

/// What is to be known of an exception.
fn exception_warnings(outcome: &ExceptionOutcome<'_>) -> Vec<Reason> {
    let (id, last_day) = (&outcome.exception.id, outcome.exception.expires);
    let findings = |count: usize| match count {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let mut texts = Vec::new();
    match (outcome.state, outcome.refused.as_slice()) {
        (_, []) | (ExceptionState::NotYetInForce, _) => {}
        (ExceptionState::Expired, refused) => texts.push(format!(
            "the exception {id} expired on {last_day}: {} came back",
            findings(refused.len())
        )),
        (_, refused @ [(_, refusal), ..]) => texts.push(format!(
            "the exception {id} does not hold for {}: {}",
            findings(refused.len()),
            in_words(*refusal)
        )),
    }
    if outcome.expires_soon && !outcome.findings.is_empty() {
        texts.push(format!(
            "the exception {id} ends with {last_day}: {} will come back",
            findings(outcome.findings.len())
        ));
    }
    if outcome.state == ExceptionState::Unused {
        texts.push(format!("the exception {id} accepts nothing: remove it"));
    }
    texts.into_iter().map(warning).collect()
}

fn warning(text: String) -> Reason {
    Reason {
        effect: Effect::Warn,
        rule: None,
        lane: None,
        report: None,
        text,
    }
}

fn passed_over_notice(paths: &[String]) -> Option<Reason> {
    const SHOWN: usize = 3;
    let more = match paths.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = paths
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    (!paths.is_empty()).then(|| warning(format!("passed over, as no reports: {shown}{more}")))
}
