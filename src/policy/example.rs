//! Examples in a policy: findings, and what is to be decided about them.
//!
//! An example is a `check` of its own, decided by the very same
//! [`decide`](super::decide): with its findings, or with a report, and with
//! nothing else. So that it says something of the rules, all that the lanes
//! `expect` is taken to be there and without findings, unless the example is
//! about what is missing: where it says `incomplete`, nothing is added.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::decide::{Circumstances, Decision, Judged, Status, Verdict, decide_told};
use super::knowledge::{Dates, Knowledge};
use super::selector::Subject;
use super::told::{Facts, Told};
use super::{Action, Demands, Origin, Policy, ReportPattern};
use crate::finding::Finding;
use crate::fingerprint::Fingerprint;
use crate::report::{Report, Scan, Tally};
use crate::scanner::Scanner;

/// Findings, and what is to be decided about them.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it shows; unique.
    pub id: String,
    /// The time of the decision, the first moment of a day; absent: any.
    pub now: Option<Timestamp>,
    /// What there is to decide about.
    pub given: Given,
    /// What is to be decided.
    pub verdict: Verdict,
    /// The rules that are to be broken, and no others with the action `fail`;
    /// absent: whichever.
    pub rules: Option<Vec<String>>,
    /// Where it stands.
    pub origin: Origin,
}

/// What an example decides about.
#[derive(Debug, Clone)]
pub enum Given {
    /// Findings.
    Findings(Vec<ExampleFinding>),
    /// A report.
    Report {
        /// The file, and what it is declared to be of.
        report: ReportPattern,
        /// The folder that the file is relative to.
        folder: PathBuf,
        /// Its lane; absent: as in `check`.
        lane: Option<String>,
    },
}

/// A finding of an example, with what is known of it.
#[derive(Debug, Clone)]
pub struct ExampleFinding {
    /// The lane of its report.
    pub lane: String,
    /// The scanner of its report.
    pub scanner: &'static str,
    /// The finding.
    pub finding: Finding<'static>,
    /// The probability that it is exploited within 30 days.
    pub epss: Option<f64>,
    /// Whether the baseline does not know it.
    pub new: bool,
    /// For how many days it is known.
    pub age: Option<u32>,
}

/// What became of an example.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The example.
    pub example: &'a Example,
    /// What is decided.
    pub verdict: Verdict,
    /// The broken rules with the action `fail`, and the findings that they count.
    pub broken: Vec<(String, Vec<String>)>,
    /// Why that is not what the example says, in words; nothing if it is.
    pub differences: Vec<String>,
}

impl Trial<'_> {
    /// Whether all is decided as the example says.
    pub fn is_ok(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Example {
    /// Decides about the example. `report` is the one that it names, and `now`
    /// the time of the decision where it says none.
    pub fn run<'a>(
        &'a self,
        policy: &Policy,
        scanners: &[Scanner],
        report: Option<Report>,
        now: Timestamp,
    ) -> Trial<'a> {
        let now = self.now.unwrap_or(now);
        let sound;
        let policy = match self.verdict {
            Verdict::Incomplete => policy,
            Verdict::Pass | Verdict::Fail => {
                sound = policy.taking_scans_for_proven();
                &sound
            }
        };
        let reports = self.reports(policy, scanners, report);
        let circumstances = Circumstances {
            now,
            workspace: None,
            commit: None,
            authors: &[],
            change: None,
            knowledge: Knowledge::default(),
        };
        let today = circumstances.today();
        let examples = self.findings();
        let mut told = Told::new(Dates::all_of(now));
        for report in &reports {
            let findings = report.findings.iter();
            let examples = findings.map(|finding| examples.get(&finding.fingerprint));
            told.add(
                report,
                examples.map(|example| facts(example.copied(), today)),
            );
        }
        let decision = decide_told(policy, &reports, circumstances, &told);
        let broken: Vec<_> = decision
            .broken(Action::Fail)
            .map(|outcome| {
                let findings = outcome.findings.iter();
                let findings = findings.filter_map(|&index| decision.findings.get(index));
                (outcome.rule.id.clone(), findings.map(shown).collect())
            })
            .collect();
        Trial {
            example: self,
            verdict: decision.verdict(),
            differences: self.differences(&decision, &broken),
            broken,
        }
    }

    fn findings(&self) -> HashMap<Fingerprint, &ExampleFinding> {
        let findings = match &self.given {
            Given::Findings(findings) => findings.as_slice(),
            Given::Report { .. } => &[],
        };
        findings
            .iter()
            .map(|given| (given.finding.fingerprint, given))
            .collect()
    }

    fn reports(
        &self,
        policy: &Policy,
        scanners: &[Scanner],
        report: Option<Report>,
    ) -> Vec<Report> {
        let mut reports: Vec<Report> = report.into_iter().collect();
        if let Given::Findings(findings) = &self.given {
            let mut listed: Vec<((&str, &'static str), Vec<Finding>)> = Vec::new();
            for given in findings {
                let source = (given.lane.as_str(), given.scanner);
                let finding = given.finding.clone();
                match listed.iter_mut().find(|(of, _)| *of == source) {
                    Some((_, findings)) => findings.push(finding),
                    None => listed.push((source, vec![finding])),
                }
            }
            let listed = listed.into_iter();
            reports
                .extend(listed.map(|((lane, scanner), findings)| made_up(lane, scanner, findings)));
        }
        if self.verdict == Verdict::Incomplete {
            return reports;
        }
        for (lane, scanner) in policy.expected(scanners) {
            if !reports.iter().any(|report| is_of(report, lane, scanner)) {
                reports.push(made_up(lane, scanner, Vec::new()));
            }
        }
        if reports.is_empty() {
            reports.push(made_up("example", "example", Vec::new()));
        }
        reports
    }

    fn differences(
        &self,
        decision: &Decision<'_>,
        broken: &[(String, Vec<String>)],
    ) -> Vec<String> {
        let verdict = decision.verdict();
        let is_broken = |id: &str| broken.iter().any(|(broken, _)| *broken == id);
        let is_wanted = |id: &str| match &self.rules {
            Some(rules) => rules.iter().any(|rule| rule == id),
            None => self.verdict == Verdict::Fail,
        };
        let mut differences = Vec::new();
        if verdict != self.verdict {
            differences.push(format!(
                "the verdict is {}, not {}",
                verdict.name(),
                self.verdict.name()
            ));
        }
        for (id, findings) in broken.iter().filter(|(id, _)| !is_wanted(id)) {
            differences.push(format!(
                "the rule `{id}` is broken by {}",
                some_of(findings)
            ));
        }
        let wanted = self.rules.iter().flatten();
        for id in wanted.filter(|id| !is_broken(id)) {
            differences.push(format!("the rule `{id}` is not broken"));
        }
        let misses = self.verdict == Verdict::Fail && verdict != Verdict::Fail
            || self.rules.iter().flatten().any(|id| !is_broken(id));
        if misses {
            for judged in &decision.findings {
                let why = match (judged.standing.status, judged.standing.exception) {
                    (Status::Open, _) => continue,
                    (Status::Accepted, Some(exception)) => {
                        format!("accepted by the exception `{}`", exception.id)
                    }
                    (Status::Accepted, None) => "accepted".to_owned(),
                    (Status::NotAffected, _) => "not affected".to_owned(),
                    (Status::Suppressed, _) => "suppressed by its scanner".to_owned(),
                };
                differences.push(format!("{} is {why}", shown(judged)));
            }
        }
        if !differences.is_empty() {
            let gaps = decision.gaps.iter().map(|gap| match &gap.lane {
                Some(lane) => format!("{lane}: {}", gap.text),
                None => gap.text.clone(),
            });
            differences.extend(gaps);
        }
        differences
    }
}

impl Policy {
    /// The same policy about scans that are all that their lanes ask for: an example
    /// is about findings.
    fn taking_scans_for_proven(&self) -> Self {
        let mut policy = self.clone();
        for lane in policy.lanes.values_mut() {
            lane.demands = Demands::default();
        }
        policy
    }

    /// The lanes and the scanners that they expect reports of.
    fn expected<'a>(
        &'a self,
        scanners: &'a [Scanner],
    ) -> impl Iterator<Item = (&'a str, &'static str)> {
        self.lanes.iter().flat_map(|(name, lane)| {
            let expected = |scanner: &&Scanner| lane.expect.iter().any(|n| n == scanner.name);
            let scanners = scanners.iter().filter(expected);
            scanners.map(move |scanner| (name.as_str(), scanner.name))
        })
    }
}

/// What an example says of a finding. What it does not say is known not to be so.
fn facts<'a>(example: Option<&ExampleFinding>, today: Date) -> Facts<'a> {
    let first_seen = match example.map(|example| (example.new, example.age)) {
        None | Some((true, _)) => Some(today),
        Some((false, age)) => age.and_then(|days| {
            let days = SignedDuration::from_hours(24 * i64::from(days));
            today.checked_sub(days).ok()
        }),
    };
    Facts {
        new: Some(example.is_none_or(|example| example.new)),
        first_seen,
        epss: example.and_then(|example| example.epss),
        ..Facts::default()
    }
}

fn is_of(report: &Report, lane: &str, scanner: &str) -> bool {
    let scan = report.scan.as_ref();
    report.lane == lane && scan.is_ok_and(|scan| scan.scanner == scanner)
}

/// A whole report of a sound scan.
fn made_up(lane: &str, scanner: &'static str, findings: Vec<Finding>) -> Report {
    Report {
        path: "example".to_owned(),
        lane: lane.to_owned(),
        bytes: 0,
        sha256: String::new(),
        scan: Ok(Scan {
            scanner,
            format: "example",
            ..Scan::default()
        }),
        findings: findings.into_iter().collect(),
        tally: Tally::default(),
        record: None,
        modified: None,
    }
}

fn shown(judged: &Judged<'_>) -> String {
    let Subject {
        source, finding, ..
    } = &judged.subject;
    let (lane, scanner) = (source.lane, source.scanner);
    format!(
        "{} at {} ({scanner}, {lane})",
        finding.rule_id(),
        finding.location()
    )
}

/// The first of some findings, and how many more there are.
fn some_of(findings: &[String]) -> String {
    const SHOWN: usize = 3;
    let first: Vec<_> = findings.iter().take(SHOWN).map(String::as_str).collect();
    match findings.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
