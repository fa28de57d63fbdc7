//! Makes a baseline of reports, as the summary of a decision about them would be,
//! and goes on from an earlier one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::compare::{Comparison, Current, Looked, compare};
use super::{Baseline, Entry, Source, place};
use crate::report::{Health, Report};

impl Baseline {
    /// What the reports have at this time, all of it seen for the first time.
    pub fn of_reports(reports: &[Report], time: Timestamp) -> Self {
        let mut reports: Vec<_> = reports
            .iter()
            .filter_map(|report| Some((report, report.scan.as_ref().ok()?.scanner)))
            .collect();
        reports.sort_by_key(|(report, _)| (&report.lane, &report.path, &report.sha256));
        let mut lanes = BTreeMap::<Arc<str>, BTreeSet<Arc<str>>>::new();
        let mut entries = Vec::new();
        for (report, scanner) in &reports {
            let (lane, name) = (Arc::from(report.lane.as_str()), Arc::from(*scanner));
            if matches!(report.health(), Health::Complete | Health::Degraded) {
                let scanners = lanes.entry(Arc::clone(&lane)).or_default();
                scanners.insert(Arc::clone(&name));
            }
            entries.extend(report.findings.iter().map(|finding| Entry {
                fingerprint: finding.fingerprint,
                content: finding.content,
                scanner: Arc::clone(&name),
                lane: Arc::clone(&lane),
                rule_id: finding.rule_id().into(),
                title: finding.title().into(),
                severity: finding.severity,
                held: None,
                first_seen: day(time),
                raised: None,
                place: place(finding.location()).map(Arc::from),
                location: finding.location().to_string().into_boxed_str(),
            }));
        }
        let sources = reports.iter().map(|(report, _)| Source {
            path: report.path.clone(),
            sha256: report.sha256.clone(),
        });
        Self::new(time, sources.collect(), lanes, entries)
    }

    /// Takes over from an earlier baseline since when each finding is known, and
    /// when its severity last rose. What only the earlier one has is not added.
    #[must_use]
    pub fn since(mut self, earlier: &Self) -> Self {
        let histories = self.compare(earlier).histories;
        for (entry, history) in self.entries.iter_mut().zip(histories) {
            entry.first_seen = entry.first_seen.min(history.first_seen);
            entry.raised = entry.raised.max(history.raised);
        }
        self
    }

    /// Holds it against an earlier one: its entries are the findings of today, and
    /// today is its own day.
    pub fn compare(&self, earlier: &Self) -> Comparison {
        let current: Vec<_> = self.entries.iter().map(Current::from).collect();
        let looked = Looked {
            at: self.all_looked_at(),
            files: Vec::new(),
        };
        compare(earlier, &current, &looked, None, day(self.time))
    }
}

/// The day in UTC.
fn day(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}
