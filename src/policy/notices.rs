//! What there is to say of reports and lanes: what is missing, and what is only
//! to be known.

use super::decide::{Circumstances, ExceptionOutcome};
use super::judge::{Judged, Status};
use super::proof;
use super::selector::Texts;
use super::{Degraded, Lane, Never, Policy, Trust};
use crate::finding::Found;
use crate::report::{Health, Report};

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

impl From<String> for Notice {
    /// Something to say of the gate as a whole.
    fn from(text: String) -> Self {
        Self {
            lane: None,
            report: None,
            text,
        }
    }
}

/// The findings that a rule or an exception could not be asked about. That is no
/// yes and no no, so whoever relies on an answer must hear of it.
#[derive(Default)]
pub(super) struct Unanswered {
    findings: u64,
    /// Of the first that is listed, its place and what there is to say of it.
    first: Option<(usize, String)>,
}

impl Unanswered {
    pub(super) fn add(&mut self, place: usize, finding: Found<'_>, error: &str) {
        self.findings += 1;
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            let text = format!("{} at {}: {error}", finding.rule_id(), finding.location());
            self.first = Some((place, text));
        }
    }

    pub(super) fn into_notice(self, what: &str, id: &str) -> Option<Notice> {
        let Self { findings, first } = self;
        let (_, first) = first?;
        let text = match findings {
            1 => format!("`when` of the {what} {id} has no answer for one finding, {first}"),
            _ => format!(
                "`when` of the {what} {id} has no answer for {findings} findings; the first is {first}"
            ),
        };
        Some(text.into())
    }
}

/// What is missing, and what is only to be known.
#[derive(Default)]
pub(super) struct Notices {
    pub(super) gaps: Vec<Notice>,
    pub(super) warnings: Vec<Notice>,
}

impl Notices {
    /// What the policy has to say of the reports.
    pub(super) fn of_reports(
        policy: &Policy,
        reports: &[&Report],
        circumstances: &Circumstances<'_>,
    ) -> Self {
        let mut notices = Self::default();
        if reports.is_empty() {
            let text = "no report was read: nothing was looked at".to_owned();
            notices.gaps.push(text.into());
        }
        for report in reports {
            notices.add_report(report, policy.lanes.get(&report.lane));
            notices.add_hidden(report, &policy.trust_suppressions);
        }
        for (name, lane) in &policy.lanes {
            let reports: Vec<&Report> = reports
                .iter()
                .copied()
                .filter(|report| report.lane == *name)
                .collect();
            notices.add_lane(name, lane, &reports);
            proof::check(name, &lane.demands, &reports, circumstances, &mut notices);
        }
        notices
    }

    /// A statement of VEX is no exception, and the bounds of exceptions do not bind
    /// it; but whoever set them wants to hear of it.
    pub(super) fn add_taken_out(&mut self, policy: &Policy, findings: &[Judged<'_>]) {
        let never = &policy.bounds.never;
        let mut taken_out = findings.iter().filter(|judged| {
            let texts = Texts::of(&judged.subject);
            let is_meant = |never: &Never| never.selector.matches(&texts).unwrap_or(true);
            judged.standing.status == Status::NotAffected && never.iter().any(is_meant)
        });
        let Some(first) = taken_out.next() else {
            return;
        };
        let finding = first.subject.finding;
        let more = match taken_out.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!(
            "VEX says that the product is not affected by {} at {}{more}, which no exception may accept",
            finding.rule_id(),
            finding.location()
        );
        self.warnings.push(text.into());
    }

    /// An exception that accepts all that there is was hardly meant so, whatever it
    /// asks for.
    pub(super) fn add_sweeping(&mut self, exceptions: &[ExceptionOutcome<'_>], open: usize) {
        const FEW: usize = 5;
        let all = exceptions.iter().map(|outcome| outcome.findings.len());
        let all = all.sum::<usize>() + open;
        for outcome in exceptions {
            if all > FEW && outcome.findings.len() == all {
                let id = &outcome.exception.id;
                let text = format!("the exception {id} accepts all {all} findings: is that meant?");
                self.warnings.push(text.into());
            }
        }
    }

    fn add_report(&mut self, report: &Report, lane: Option<&Lane>) {
        let degraded = lane.map_or(&Degraded::Warn, |lane| &lane.degraded);
        let health = report.health();
        let why = match &report.scan {
            Err(error) => error.clone(),
            Ok(scan) => scan.reasons().collect::<Vec<_>>().join("; "),
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

    fn add_lane(&mut self, name: &str, lane: &Lane, reports: &[&Report]) {
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
        let usual = match lane.reports.as_slice() {
            [] => String::new(),
            patterns => {
                let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
                format!(": the lane's reports are {}", patterns.join(", "))
            }
        };
        // A report of the scanner that proves nothing is a gap of its own.
        let missing = lane
            .expect
            .iter()
            .filter(|scanner| !reports.iter().any(|report| of(report, scanner)));
        self.gaps
            .extend(missing.map(|scanner| notice(format!("no report of {scanner}{usual}"))));
        if lane.expect.is_empty() && !lane.reports.is_empty() && reports.is_empty() {
            self.warnings
                .push(notice(format!("no report, and none is expected{usual}")));
        }
    }
}
