//! The decision: a pure function of policy, reports and day.
//!
//! No clock, no file, no environment, no printing. Everything that can go wrong
//! with the world has gone wrong before, and stands in the reports.

use std::collections::HashSet;

use jiff::civil::Date;

use super::selector::Subject;
use super::{Action, Degraded, Exception, Lane, Policy, Rule, Trust};
use crate::finding::Severity;
use crate::report::{Health, Report};

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

/// A finding with its status.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The finding, and where it comes from.
    pub subject: Subject<'a>,
    /// The index of its report in [`Decision::reports`].
    pub report: usize,
    /// Whether it counts against rules.
    pub status: Status,
    /// The exception that accepts it.
    pub exception: Option<&'a str>,
    /// The exceptions that could not be asked about it, and why. They do not
    /// accept it.
    pub unanswered: Vec<(&'a str, String)>,
    /// The broken rules with the action `fail` that it counts for.
    pub breaks: Vec<&'a str>,
}

/// Whether a finding counts against rules.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Open,
    /// An exception accepts it.
    Accepted,
    /// Its scanner suppressed it.
    Suppressed,
}

/// What became of a rule.
#[derive(Debug)]
pub struct RuleOutcome<'a> {
    /// The rule.
    pub rule: &'a Rule,
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
    /// The findings that it accepts or, if it does not hold today, would.
    pub findings: Vec<usize>,
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
}

/// Something to say of a report, a lane or the gate as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The lane that it is about.
    pub lane: Option<String>,
    /// The report that it is about.
    pub report: Option<String>,
    /// What there is to say, in words.
    pub text: String,
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
            .filter(move |outcome| outcome.rule.action == action && outcome.is_broken())
    }
}

/// What a decision depends on besides the policy and the reports.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The day on which it is made, in UTC.
    pub today: Date,
    /// The folder of the checkout, where the environment tells.
    pub workspace: Option<&'a str>,
}

/// Decides by `policy` about what `reports` say.
pub fn decide<'a>(
    policy: &'a Policy,
    reports: &'a [Report],
    circumstances: Circumstances<'a>,
) -> Decision<'a> {
    let Circumstances { today, .. } = circumstances;
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| (&report.lane, &report.path, &report.sha256));
    let mut findings = judge(policy, &sorted, circumstances);
    findings.sort_by(|one, other| order(one).cmp(&order(other)));
    let mut notices = notices(policy, &sorted);
    let rules: Vec<_> = policy
        .rules
        .iter()
        .map(|rule| count(rule, &findings, &mut notices))
        .collect();
    for outcome in rules
        .iter()
        .filter(|outcome| outcome.is_broken() && outcome.rule.action == Action::Fail)
    {
        for &index in &outcome.findings {
            if let Some(judged) = findings.get_mut(index) {
                judged.breaks.push(&outcome.rule.id);
            }
        }
    }
    let exceptions = policy
        .exceptions
        .iter()
        .map(|exception| settle(exception, &findings, today, &mut notices))
        .collect();
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

/// The findings of all reports with their status, in this order of precedence:
/// suppressed, accepted, open.
fn judge<'a>(
    policy: &'a Policy,
    reports: &[&'a Report],
    circumstances: Circumstances<'a>,
) -> Vec<Judged<'a>> {
    let Circumstances { today, workspace } = circumstances;
    let in_force: Vec<_> = policy
        .exceptions
        .iter()
        .filter(|exception| exception.in_force(today))
        .collect();
    let mut findings = Vec::new();
    for (index, report) in reports.iter().enumerate() {
        let Ok(scan) = &report.scan else { continue };
        let trusted = policy.trust_suppressions.includes(scan.scanner);
        for finding in &report.findings {
            let severity = match finding.severity {
                Severity::Unknown => policy.unknown_severity,
                known => known,
            };
            let subject = Subject {
                lane: &report.lane,
                scanner: scan.scanner,
                finding,
                severity,
                workspace,
            };
            let mut unanswered = Vec::new();
            let mut accepts = |exception: &&&'a Exception| {
                let answer = exception.selector.matches(&subject);
                answer.unwrap_or_else(|error| {
                    unanswered.push((exception.id.as_str(), error));
                    false
                })
            };
            let (status, exception) = if trusted && finding.suppressed.is_some() {
                (Status::Suppressed, None)
            } else {
                match in_force.iter().find(&mut accepts) {
                    Some(exception) => (Status::Accepted, Some(exception.id.as_str())),
                    None => (Status::Open, None),
                }
            };
            findings.push(Judged {
                subject,
                report: index,
                status,
                exception,
                unanswered,
                breaks: Vec::new(),
            });
        }
    }
    findings
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
        judged.status,
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
fn count<'a>(rule: &'a Rule, findings: &[Judged<'_>], notices: &mut Notices) -> RuleOutcome<'a> {
    let mut identities = HashSet::new();
    let mut counted = Vec::new();
    let mut unanswered = Unanswered::default();
    for (index, judged) in findings.iter().enumerate() {
        if judged.status != Status::Open {
            continue;
        }
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
        findings: counted,
        count: identities.len() as u64,
    }
}

fn settle<'a>(
    exception: &'a Exception,
    findings: &[Judged<'_>],
    today: Date,
    notices: &mut Notices,
) -> ExceptionOutcome<'a> {
    let in_force = exception.in_force(today);
    let mut concerned = Vec::new();
    let mut unanswered = Unanswered::default();
    for (index, judged) in findings.iter().enumerate() {
        let answer = match (in_force, judged.status) {
            (true, _) => {
                let asked = |(id, _): &&(&str, String)| *id == exception.id;
                match judged.unanswered.iter().find(asked) {
                    Some((_, error)) => Err(error.clone()),
                    None => Ok(judged.exception == Some(exception.id.as_str())),
                }
            }
            (false, Status::Open) => exception.selector.matches(&judged.subject),
            (false, Status::Accepted | Status::Suppressed) => Ok(false),
        };
        match answer {
            Ok(true) => concerned.push(index),
            Ok(false) => {}
            Err(error) => unanswered.add(judged, &error),
        }
    }
    // One that does not hold today changes nothing, whatever its answer.
    let told = if in_force {
        &mut notices.gaps
    } else {
        &mut notices.warnings
    };
    told.extend(unanswered.into_notice("exception", &exception.id));
    let state = match () {
        () if exception.expires < today => ExceptionState::Expired,
        () if !in_force => ExceptionState::NotYetInForce,
        () if concerned.is_empty() => ExceptionState::Unused,
        () => ExceptionState::Used,
    };
    ExceptionOutcome {
        exception,
        state,
        findings: concerned,
    }
}

/// The findings that a rule or an exception could not be asked about. That is no
/// yes and no no, so whoever relies on an answer must hear of it.
#[derive(Default)]
struct Unanswered {
    findings: u64,
    first: String,
}

impl Unanswered {
    fn add(&mut self, judged: &Judged<'_>, error: &str) {
        self.findings += 1;
        if self.findings == 1 {
            let finding = judged.subject.finding;
            self.first = format!("{} at {}: {error}", finding.rule_id, finding.location);
        }
    }

    fn into_notice(self, what: &str, id: &str) -> Option<Notice> {
        let Self { findings, first } = self;
        let text = match findings {
            0 => return None,
            1 => format!("`when` of the {what} {id} has no answer for one finding, {first}"),
            _ => format!(
                "`when` of the {what} {id} has no answer for {findings} findings; the first is {first}"
            ),
        };
        Some(Notice {
            lane: None,
            report: None,
            text,
        })
    }
}

/// What is missing, and what is only to be known.
#[derive(Default)]
struct Notices {
    gaps: Vec<Notice>,
    warnings: Vec<Notice>,
}

fn notices(policy: &Policy, reports: &[&Report]) -> Notices {
    let mut notices = Notices::default();
    if reports.is_empty() {
        let text = "no report was read: nothing was looked at".to_owned();
        notices.gaps.push(Notice {
            lane: None,
            report: None,
            text,
        });
    }
    for report in reports {
        notices.add_report(report, policy.lanes.get(&report.lane));
        notices.add_hidden(report, &policy.trust_suppressions);
    }
    for (name, lane) in &policy.lanes {
        let reports: Vec<_> = reports
            .iter()
            .filter(|report| report.lane == *name)
            .collect();
        notices.add_lane(name, lane, &reports);
    }
    notices
}

impl Notices {
    fn add_report(&mut self, report: &Report, lane: Option<&Lane>) {
        let degraded = lane.map_or(&Degraded::Warn, |lane| &lane.degraded);
        let health = report.health();
        let why = match &report.scan {
            Err(error) => error.clone(),
            Ok(scan) => {
                let texts = scan
                    .notes
                    .iter()
                    .filter(|note| note.effect == health)
                    .map(|note| note.text.as_str());
                texts.collect::<Vec<_>>().join("; ")
            }
        };
        let (list, text) = match (health, degraded) {
            (Health::Complete, _) => return,
            (Health::Unreadable, _) => (&mut self.gaps, format!("unreadable: {why}")),
            (Health::Failed, _) => (&mut self.gaps, format!("the scan proves nothing: {why}")),
            (Health::Degraded, Degraded::Incomplete) => {
                (&mut self.gaps, format!("the scan was not whole: {why}"))
            }
            (Health::Degraded, Degraded::Warn) => {
                (&mut self.warnings, format!("the scan was not whole: {why}"))
            }
            (Health::Degraded, Degraded::Ignore(reason)) => (
                &mut self.warnings,
                format!("the scan was not whole, which this lane ignores: {reason}"),
            ),
        };
        list.push(Notice {
            lane: Some(report.lane.clone()),
            report: Some(report.path.clone()),
            text,
        });
    }

    /// What a scanner suppressed and does not list cannot count as open, so where
    /// suppressions do not hold, the report is not enough.
    fn add_hidden(&mut self, report: &Report, trust: &Trust) {
        if let Ok(scan) = &report.scan
            && scan.hidden > 0
            && !trust.includes(scan.scanner)
        {
            let count = scan.hidden;
            let text = format!(
                "{count} results are suppressed in the code and not in the report, and the policy does not trust suppressions: let {} list them",
                scan.scanner
            );
            self.gaps.push(Notice {
                lane: Some(report.lane.clone()),
                report: Some(report.path.clone()),
                text,
            });
        }
    }

    fn add_lane(&mut self, name: &str, lane: &Lane, reports: &[&&Report]) {
        let of = |report: &Report, scanner: &str| {
            report
                .scan
                .as_ref()
                .is_ok_and(|scan| scan.scanner == scanner)
        };
        let notice = |text: String| Notice {
            lane: Some(name.to_owned()),
            report: None,
            text,
        };
        let looked_for = match lane.reports.as_slice() {
            [] => String::new(),
            patterns => {
                let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
                format!("; looked for {}", patterns.join(", "))
            }
        };
        // A report of the scanner that proves nothing is a gap of its own.
        let missing = lane
            .expect
            .iter()
            .filter(|scanner| !reports.iter().any(|report| of(report, scanner)));
        self.gaps
            .extend(missing.map(|scanner| notice(format!("no report of {scanner}{looked_for}"))));
        if lane.expect.is_empty() && !lane.reports.is_empty() && reports.is_empty() {
            self.warnings.push(notice(format!(
                "no report, and none is expected{looked_for}"
            )));
        }
    }
}
