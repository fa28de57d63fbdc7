//! What is known of findings besides their reports, where it is told rather than
//! looked up: by the summary of an earlier decision, or by an example.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::knowledge::Dates;
use crate::baseline::Raised;
use crate::enrichment::vex::Ruling;
use crate::report::Report;

/// What is known, and what it says of each finding.
#[derive(Debug, Clone, Default)]
pub struct Told<'a> {
    /// What is given.
    pub(super) dates: Dates<'a>,
    facts: BTreeMap<Key<'a>, Vec<Facts<'a>>>,
}

/// What is known of a finding besides its report; absent where nothing is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Whether the baseline does not know it.
    pub new: Option<bool>,
    /// The day on which it was first seen.
    pub first_seen: Option<Date>,
    /// When its severity last rose.
    pub raised: Option<Raised>,
    /// The VEX statement that takes it out of the decision.
    pub vex: Option<Ruling<'a>>,
    /// The probability that it is exploited.
    pub epss: Option<f64>,
}

impl<'a> Told<'a> {
    /// What is given, and nothing yet of any finding.
    pub fn new(dates: Dates<'a>) -> Self {
        Self {
            dates,
            facts: BTreeMap::new(),
        }
    }

    /// Adds what is known of the findings of a report, in their order. Lane, path
    /// and scanner tell a report from others.
    pub fn add(&mut self, report: &'a Report, facts: impl IntoIterator<Item = Facts<'a>>) {
        let facts = facts.into_iter().collect();
        self.facts.insert(key(report), facts);
    }

    /// What is known of the findings of a report.
    pub(super) fn of<'s>(&'s self, report: &'s Report) -> &'s [Facts<'a>] {
        self.facts.get(&key(report)).map_or(&[], Vec::as_slice)
    }
}

type Key<'a> = (&'a str, &'a str, &'static str);

fn key(report: &Report) -> Key<'_> {
    let scanner = report.scan.as_ref().map_or("", |scan| scan.scanner);
    (&report.lane, &report.path, scanner)
}
