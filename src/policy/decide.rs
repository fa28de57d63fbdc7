//! The decision: a pure function of policy, reports and circumstances.
//!
//! No clock, no file, no environment, no printing. Everything that can go wrong
//! with the world has gone wrong before, and stands in the reports.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::judge::Judge;
pub use super::judge::{Judged, Refusal, Standing, Status};
pub use super::notices::Notice;
use super::notices::{Notices, Unanswered};
use super::selector::{Needs, Subject};
use super::{Action, Exception, Policy, Rule};
use crate::finding::{Finding, Severity};
use crate::report::Report;

/// Whether the release may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every rule with the action `fail` holds, over all that was to be scanned.
    Pass,
    /// A rule with the action `fail` is broken.
    Fail,
    /// None is, but something that is required is missing or proves nothing.
    Incomplete,
}

impl Verdict {
    /// The word used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
        }
    }
}

/// All that the policy has to say of the reports.
#[derive(Debug)]
pub struct Decision<'a> {
    /// The reports, in the order of lanes and paths.
    pub reports: Vec<&'a Report>,
    /// Every finding, worst first.
    pub findings: Vec<Judged<'a>>,
    /// Every rule, in the policy's order.
    pub rules: Vec<RuleOutcome<'a>>,
    /// Every exception, in the policy's order.
    pub exceptions: Vec<ExceptionOutcome<'a>>,
    /// Why the decision is incomplete.
    pub gaps: Vec<Notice>,
    /// What is to be known, and changes nothing.
    pub warnings: Vec<Notice>,
}

/// What became of a rule.
#[derive(Debug)]
pub struct RuleOutcome<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// What it does today if it is broken.
    pub action: Action,
    /// The open findings that it counts, by their index in
    /// [`Decision::findings`].
    pub findings: Vec<usize>,
    /// How many they are, each identity once.
    pub count: u64,
}

impl RuleOutcome<'_> {
    /// Whether there are more than it allows.
    pub fn is_broken(&self) -> bool {
        self.count > self.rule.max
    }
}

/// What became of an exception.
#[derive(Debug)]
pub struct ExceptionOutcome<'a> {
    /// The exception.
    pub exception: &'a Exception,
    /// Whether it holds today, and for anything.
    pub state: ExceptionState,
    /// Whether its end is near.
    pub expires_soon: bool,
    /// The findings that it accepts.
    pub findings: Vec<usize>,
    /// The open findings that it means and does not accept, and why not.
    pub refused: Vec<(usize, Refusal)>,
}

/// Whether an exception holds, and for anything.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// It accepts findings.
    Used,
    /// It would hold, but nothing matches it.
    Unused,
    /// Its last day is over.
    Expired,
    /// Its first day is yet to come.
    NotYetInForce,
    /// The policy does not let it hold, for anything that it means.
    Refused,
}

impl Decision<'_> {
    /// The verdict. A known violation is not hidden by a missing report.
    pub fn verdict(&self) -> Verdict {
        if self.broken(Action::Fail).next().is_some() {
            Verdict::Fail
        } else if self.gaps.is_empty() {
            Verdict::Pass
        } else {
            Verdict::Incomplete
        }
    }

    /// The rules with this action that are broken.
    pub fn broken(&self, action: Action) -> impl Iterator<Item = &RuleOutcome<'_>> {
        self.rules
            .iter()
            .filter(move |outcome| outcome.action == action && outcome.is_broken())
    }
}

/// What a decision depends on besides the policy and the reports.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The day on which it is made, in UTC.
    pub today: Date,
    /// The folder of the checkout, where the environment tells.
    pub workspace: Option<&'a str>,
    /// Who made the change under test, by all names that are known.
    pub authors: &'a [String],
}

/// Decides by `policy` about what `reports` say.
pub fn decide<'a>(
    policy: &'a Policy,
    reports: &'a [Report],
    circumstances: Circumstances<'a>,
) -> Decision<'a> {
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| (&report.lane, &report.path, &report.sha256));
    let known = Needs::default();
    let judge = Judge::new(policy, &circumstances, known);
    let mut findings: Vec<_> = subjects(policy, &sorted, circumstances)
        .map(|(report, subject)| Judged {
            standing: judge.judge(&subject),
            subject,
            report,
            breaks: Vec::new(),
        })
        .collect();
    findings.sort_by(|one, other| order(one).cmp(&order(other)));
    let mut notices = Notices::of_reports(policy, &sorted);
    let today = circumstances.today;
    let rules: Vec<_> = policy
        .rules
        .iter()
        .map(|rule| count(rule, today, known, &findings, &mut notices))
        .collect();
    for outcome in rules
        .iter()
        .filter(|outcome| outcome.is_broken() && outcome.action == Action::Fail)
    {
        for &index in &outcome.findings {
            if let Some(judged) = findings.get_mut(index) {
                judged.breaks.push(&outcome.rule.id);
            }
        }
    }
    let exceptions = settle(policy, &findings, &circumstances, &mut notices);
    notices.gaps.sort();
    notices.warnings.sort();
    let Notices { gaps, warnings } = notices;
    Decision {
        reports: sorted,
        findings,
        rules,
        exceptions,
        gaps,
        warnings,
    }
}

/// The findings of all reports, with the index of the report of each.
fn subjects<'a>(
    policy: &'a Policy,
    reports: &[&'a Report],
    circumstances: Circumstances<'a>,
) -> impl Iterator<Item = (usize, Subject<'a>)> {
    let of_report = move |(index, report): (usize, &&'a Report)| {
        let report = *report;
        let scanner = report.scan.as_ref().map_or("", |scan| scan.scanner);
        let subject = move |finding: &'a Finding| {
            let severity = match finding.severity {
                Severity::Unknown => policy.unknown_severity,
                known => known,
            };
            let subject = Subject {
                severity,
                workspace: circumstances.workspace,
                allowance: policy.sla.get(&severity).copied(),
                ..Subject::new(&report.lane, scanner, finding, circumstances.today)
            };
            (index, subject)
        };
        report.findings.iter().map(subject)
    };
    reports.iter().enumerate().flat_map(of_report)
}

/// The order of listings, the same whatever order the reports came in.
fn order<'j>(judged: &'j Judged<'_>) -> impl Ord + use<'j> {
    let Subject {
        lane,
        scanner,
        finding,
        severity,
        ..
    } = judged.subject;
    (
        severity,
        judged.standing.status,
        lane,
        scanner,
        &finding.location,
        &finding.rule_id,
        finding.fingerprint,
        judged.report,
        &finding.pointer,
    )
}

/// Counts identities, so that a finding in two copies of a report counts once.
fn count<'a>(
    rule: &'a Rule,
    today: Date,
    known: Needs,
    findings: &[Judged<'_>],
    notices: &mut Notices,
) -> RuleOutcome<'a> {
    let mut identities = HashSet::new();
    let mut counted = Vec::new();
    let mut unanswered = Unanswered::default();
    // What is missing for an answer is a gap of its own.
    let open = findings
        .iter()
        .enumerate()
        .filter(|(_, judged)| judged.standing.status == Status::Open)
        .filter(|_| !rule.selector.needs().exceed(known));
    for (index, judged) in open {
        match rule.selector.matches(&judged.subject) {
            Ok(true) => {
                identities.insert(judged.subject.finding.fingerprint);
                counted.push(index);
            }
            Ok(false) => {}
            Err(error) => unanswered.add(judged, &error),
        }
    }
    notices
        .gaps
        .extend(unanswered.into_notice("rule", &rule.id));
    RuleOutcome {
        rule,
        action: rule.action_on(today),
        findings: counted,
        count: identities.len() as u64,
    }
}

/// What became of the exceptions.
fn settle<'a>(
    policy: &'a Policy,
    findings: &[Judged<'a>],
    circumstances: &Circumstances<'_>,
    notices: &mut Notices,
) -> Vec<ExceptionOutcome<'a>> {
    #[derive(Default)]
    struct Concerned {
        accepted: Vec<usize>,
        refused: Vec<(usize, Refusal)>,
        unanswered: Unanswered,
    }
    let mut concerned: HashMap<&str, Concerned> = HashMap::new();
    for (index, judged) in findings.iter().enumerate() {
        let Standing {
            exception,
            refused,
            unanswered,
            ..
        } = &judged.standing;
        if let Some(exception) = exception {
            let concerned = concerned.entry(&exception.id).or_default();
            concerned.accepted.push(index);
        }
        for (exception, refusal) in refused {
            let concerned = concerned.entry(&exception.id).or_default();
            concerned.refused.push((index, *refusal));
        }
        for (exception, error) in unanswered {
            let concerned = concerned.entry(&exception.id).or_default();
            concerned.unanswered.add(judged, error);
        }
    }
    let Circumstances { today, authors, .. } = *circumstances;
    let outcome = |exception: &'a Exception| {
        let Concerned {
            accepted,
            refused,
            unanswered,
        } = concerned.remove(exception.id.as_str()).unwrap_or_default();
        let in_force = exception.in_force(today);
        // One that does not hold today changes nothing, whatever its answer.
        let told = if in_force {
            &mut notices.gaps
        } else {
            &mut notices.warnings
        };
        told.extend(unanswered.into_notice("exception", &exception.id));
        let is_own = !policy.bounds.author_may_approve && exception.is_approved_by(authors);
        let state = match () {
            () if exception.expires < today => ExceptionState::Expired,
            () if !in_force => ExceptionState::NotYetInForce,
            () if is_own => ExceptionState::Refused,
            () if !accepted.is_empty() => ExceptionState::Used,
            () if !refused.is_empty() => ExceptionState::Refused,
            () => ExceptionState::Unused,
        };
        let days_left = (exception.expires - today).get_days();
        ExceptionOutcome {
            exception,
            state,
            expires_soon: in_force && i64::from(days_left) < i64::from(policy.bounds.warn_days),
            findings: accepted,
            refused,
        }
    };
    policy.exceptions.iter().map(outcome).collect()
}
