//! The decision: a pure function of policy, reports and day.
//!
//! No clock, no file, no environment, no printing. Everything that can go wrong
//! with the world has gone wrong before, and stands in the reports.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::civil::Date;

use super::selector::Subject;
use super::{Action, Degraded, Exception, Policy, Rule};
use crate::finding::{Finding, Severity};
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
    pub gaps: Vec<Gap>,
    /// What is to be known, and changes nothing.
    pub warnings: Vec<Gap>,
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

impl Status {
    /// The word used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Suppressed => "suppressed",
        }
    }
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
    NotYetDecided,
}

impl ExceptionState {
    /// The words used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Expired => "expired",
            Self::NotYetDecided => "not yet decided",
        }
    }
}

/// Something that is missing, or does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The lane that it is missing from; absent for the gate as a whole.
    pub lane: Option<String>,
    /// The report that it is about.
    pub report: Option<String>,
    /// What is missing, in words.
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

/// Decides by `policy` about what `reports` say, on `today`.
pub fn decide<'a>(policy: &'a Policy, reports: &'a [Report], today: Date) -> Decision<'a> {
    let mut sorted: Vec<&Report> = reports.iter().collect();
    sorted.sort_by_key(|report| (&report.lane, &report.path, &report.sha256));
    let mut findings = judge(policy, &sorted, today);
    findings.sort_by(|one, other| order(one).cmp(&order(other)));
    let rules: Vec<_> = policy
        .rules
        .iter()
        .map(|rule| count(rule, &findings))
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
        .map(|exception| settle(exception, &findings, today))
        .collect();
    let (gaps, warnings) = gaps(policy, &sorted);
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
fn judge<'a>(policy: &'a Policy, reports: &[&'a Report], today: Date) -> Vec<Judged<'a>> {
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
            let subject = subject(policy, report, scan.scanner, finding);
            let exception = in_force
                .iter()
                .find(|exception| exception.selector.matches(&subject));
            let (status, exception) = match exception {
                _ if trusted && finding.suppressed.is_some() => (Status::Suppressed, None),
                Some(exception) => (Status::Accepted, Some(exception.id.as_str())),
                None => (Status::Open, None),
            };
            findings.push(Judged {
                subject,
                report: index,
                status,
                exception,
                breaks: Vec::new(),
            });
        }
    }
    findings
}

fn subject<'a>(
    policy: &Policy,
    report: &'a Report,
    scanner: &'a str,
    finding: &'a Finding,
) -> Subject<'a> {
    let severity = match finding.severity {
        Severity::Unknown => policy.unknown_severity,
        known => known,
    };
    Subject {
        lane: &report.lane,
        scanner,
        finding,
        severity,
    }
}

/// The order of listings, the same whatever order the reports came in.
fn order<'j>(judged: &'j Judged<'_>) -> impl Ord + use<'j> {
    let Subject {
        lane,
        scanner,
        finding,
        severity,
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
fn count<'a>(rule: &'a Rule, findings: &[Judged<'_>]) -> RuleOutcome<'a> {
    let mut identities = HashSet::new();
    let findings: Vec<_> = findings
        .iter()
        .enumerate()
        .filter(|(_, judged)| {
            judged.status == Status::Open && rule.selector.matches(&judged.subject)
        })
        .map(|(index, judged)| {
            identities.insert(judged.subject.finding.fingerprint);
            index
        })
        .collect();
    RuleOutcome {
        rule,
        findings,
        count: identities.len() as u64,
    }
}

fn settle<'a>(
    exception: &'a Exception,
    findings: &[Judged<'_>],
    today: Date,
) -> ExceptionOutcome<'a> {
    let in_force = exception.in_force(today);
    let concerns = |judged: &Judged<'_>| match in_force {
        true => judged.exception == Some(exception.id.as_str()),
        false => judged.status == Status::Open && exception.selector.matches(&judged.subject),
    };
    let findings: Vec<_> = findings
        .iter()
        .enumerate()
        .filter(|(_, judged)| concerns(judged))
        .map(|(index, _)| index)
        .collect();
    let state = match () {
        () if exception.expires < today => ExceptionState::Expired,
        () if !in_force => ExceptionState::NotYetDecided,
        () if findings.is_empty() => ExceptionState::Unused,
        () => ExceptionState::Used,
    };
    ExceptionOutcome {
        exception,
        state,
        findings,
    }
}

/// What is missing, and what is only to be known.
fn gaps(policy: &Policy, reports: &[&Report]) -> (Vec<Gap>, Vec<Gap>) {
    let mut gaps = Vec::new();
    let mut warnings = Vec::new();
    if reports.is_empty() {
        gaps.push(Gap {
            lane: None,
            report: None,
            text: "no report was read: nothing was looked at".to_owned(),
        });
    }
    let mut proven: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for report in reports {
        let gap = |text: String| Gap {
            lane: Some(report.lane.clone()),
            report: Some(report.path.clone()),
            text,
        };
        let scan = match &report.scan {
            Ok(scan) => scan,
            Err(error) => {
                gaps.push(gap(format!("unreadable: {error}")));
                continue;
            }
        };
        let texts = |effect| {
            scan.notes
                .iter()
                .filter(move |note| note.effect == effect)
                .map(|note| &note.text)
        };
        let degraded = policy
            .lanes
            .get(&report.lane)
            .map_or(&Degraded::Warn, |lane| &lane.degraded);
        match (scan.health(), degraded) {
            (Health::Failed | Health::Unreadable, _) => {
                gaps.extend(
                    texts(Health::Failed)
                        .map(|text| gap(format!("the scan proves nothing: {text}"))),
                );
                continue;
            }
            (Health::Degraded, Degraded::Incomplete) => {
                gaps.extend(
                    texts(Health::Degraded)
                        .map(|text| gap(format!("the scan was not whole: {text}"))),
                );
                continue;
            }
            (Health::Degraded, Degraded::Warn) => {
                warnings.extend(
                    texts(Health::Degraded)
                        .map(|text| gap(format!("the scan was not whole: {text}"))),
                );
            }
            (Health::Degraded, Degraded::Ignore(_)) | (Health::Complete, _) => {}
        }
        proven.entry(&report.lane).or_default().insert(scan.scanner);
    }
    for (name, lane) in &policy.lanes {
        let proven = proven.get(name.as_str());
        let missing = lane
            .expect
            .iter()
            .filter(|scanner| !proven.is_some_and(|p| p.contains(scanner.as_str())));
        for scanner in missing {
            let patterns = match lane.reports.as_slice() {
                [] => String::new(),
                patterns => format!("; looked for {}", patterns.join(", ")),
            };
            gaps.push(Gap {
                lane: Some(name.clone()),
                report: None,
                text: format!("no report of {scanner} that proves a scan{patterns}"),
            });
        }
        if lane.expect.is_empty()
            && !lane.reports.is_empty()
            && !reports.iter().any(|report| report.lane == *name)
        {
            warnings.push(Gap {
                lane: Some(name.clone()),
                report: None,
                text: format!(
                    "no report, and none is expected; looked for {}",
                    lane.reports.join(", ")
                ),
            });
        }
    }
    gaps.sort();
    warnings.sort();
    (gaps, warnings)
}
