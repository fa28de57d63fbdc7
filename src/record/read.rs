//! Reads a summary, finding by finding.
//!
//! Keys that are not known are passed over, because the format may get more of
//! them. What a decision depends on is there and sound, or the file is refused:
//! a summary with a finding less than it had would say `pass` where it should
//! not.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, BufRead as _};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::IgnoredAny;

use super::rows::{FindingRow, KnowledgeRow, ReasonRow, ReportRow, time};
use super::{Context, Past, PastFacts, PastRule, Record};
use crate::artifact::{Digested, Window};
use crate::baseline::{SUMMARY_SCHEMA, Source};
use crate::finding::{Collector, Keep};
use crate::parser::ParseError;
use crate::parser::json::{Json, Kind};
use crate::policy::decide::{Notice, Verdict};
use crate::report::{Report, Tally};

const FOREIGN: &str =
    "not a summary of security-gate: name a `security-gate-summary.json`, as `check` wrote it";

/// The members of a summary, as far as they have come.
#[derive(Default)]
struct Reading {
    is_summary: bool,
    time: Option<Timestamp>,
    context: Option<Context>,
    verdict: Option<Verdict>,
    workspace: Option<String>,
    rules: Option<Vec<PastRule>>,
    reasons: Option<Vec<ReasonRow>>,
    has_baseline: bool,
    knowledge: Option<KnowledgeRow>,
    reports: Option<Vec<ReportRow>>,
    detailed: Option<u64>,
    findings: Option<Vec<FindingRow>>,
}

impl Record {
    /// Reads a summary to its end. `path` is the file's name.
    ///
    /// # Errors
    ///
    /// When the file is cut off, of another kind or version, or does not say all
    /// that a decision depends on.
    pub fn read(mut window: Window, path: &str) -> Result<Self, ParseError> {
        let stored = |error: String| ParseError::new(error);
        let start = window
            .fill_buf()
            .map_err(|error| stored(error.to_string()))?;
        if start.is_empty() {
            return Err(ParseError::new("the file is empty"));
        }
        let mut json = Json::new(window);
        if json.kind()? != Kind::Object {
            return Err(json.error(FOREIGN));
        }
        let mut reading = Reading::default();
        json.object(|json, key| reading.member(json, key))?;
        json.finish()?;
        let digested = json.into_window().finish();
        let Digested { sha256, .. } = digested.map_err(|error| stored(error.to_string()))?;
        reading.record(Source {
            path: path.to_owned(),
            sha256,
        })
    }
}

impl Reading {
    fn member(&mut self, json: &mut Json, key: &str) -> Result<(), ParseError> {
        match key {
            "schema" => {
                let schema = json.value::<Cow<'_, str>>()?.into_owned();
                if schema != SUMMARY_SCHEMA {
                    return Err(json.error(match schema.starts_with("security-gate-") {
                        true => format!(
                            "`{schema}` is no record of a decision that this version reads: \
                            it reads `{SUMMARY_SCHEMA}`"
                        ),
                        false => FOREIGN.to_owned(),
                    }));
                }
                self.is_summary = true;
            }
            // Whatever else it is, it need not be searched for findings.
            "findings" if !self.is_summary => return Err(json.error(FOREIGN)),
            "time" => {
                let time = time(&json.value::<Cow<'_, str>>()?);
                self.time = Some(time.map_err(|error| json.error(error))?);
            }
            "context" => self.context = Some(json.value()?),
            "verdict" => self.verdict = Some(json.value()?),
            "workspace" => self.workspace = json.value()?,
            "rules" => self.rules = Some(json.value()?),
            "reasons" => self.reasons = Some(json.value()?),
            "baseline" => self.has_baseline = json.value::<Option<IgnoredAny>>()?.is_some(),
            "knowledge" => self.knowledge = Some(json.value()?),
            "reports" => self.reports = Some(json.value()?),
            "detailed" => self.detailed = Some(json.value()?),
            "findings" => {
                let findings = self.findings.insert(Vec::new());
                json.array(|json| {
                    findings.push(json.value()?);
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts the members together.
    fn record(self, source: Source) -> Result<Record, ParseError> {
        if !self.is_summary {
            return Err(ParseError::new(FOREIGN));
        }
        let time = there(self.time, "time")?;
        let knowledge = there(self.knowledge, "knowledge")?;
        let mut knowledge = knowledge
            .past(self.has_baseline)
            .map_err(|error| at("knowledge", None, error))?;
        let rows = there(self.reports, "reports")?;
        let mut shelves = Shelf::default();
        for (index, row) in rows.iter().enumerate() {
            row.report()
                .and_then(|report| shelves.put(row, report))
                .map_err(|error| at("reports", Some(index), error))?;
        }
        let today = TimeZone::UTC.to_datetime(time).date();
        let findings = there(self.findings, "findings")?;
        // Absent where it is older than that some have none.
        let is_lacking = |detailed| detailed < findings.len() as u64;
        knowledge.lacks_details = self.detailed.is_some_and(is_lacking);
        for (index, row) in findings.into_iter().enumerate() {
            let taken = shelves.take(row, &mut knowledge, today);
            taken.map_err(|error| at("findings", Some(index), error))?;
        }
        let reports = shelves.reports.into_iter().map(|(report, findings)| {
            let findings = findings.finish()?;
            Ok(Report { findings, ..report })
        });
        let reports = reports.collect::<io::Result<Vec<_>>>();
        let reports = reports.map_err(|error| at("findings", None, error.to_string()))?;
        for (index, (row, report)) in rows.iter().zip(&reports).enumerate() {
            let Tally {
                findings,
                suppressed,
                ..
            } = report.tally;
            if (findings, suppressed) != (row.findings, row.suppressed) {
                let error = format!(
                    "its `findings` and `suppressed` are {} and {}, and the summary lists {findings} and {suppressed}",
                    row.findings, row.suppressed
                );
                return Err(at("reports", Some(index), error));
            }
        }
        let gaps = there(self.reasons, "reasons")?.into_iter();
        let gaps = gaps.filter(|reason| reason.effect == "incomplete");
        Ok(Record {
            source,
            time,
            context: there(self.context, "context")?,
            verdict: there(self.verdict, "verdict")?,
            rules: there(self.rules, "rules")?,
            gaps: gaps
                .map(|reason| Notice {
                    lane: reason.lane,
                    report: reason.report,
                    text: reason.text,
                })
                .collect(),
            reports,
            workspace: self.workspace,
            knowledge,
            facts: shelves.facts,
        })
    }
}

fn there<T>(member: Option<T>, key: &str) -> Result<T, ParseError> {
    member.ok_or_else(|| ParseError::new(format!("`{key}` is missing")))
}

fn at(key: &str, index: Option<usize>, error: String) -> ParseError {
    let path = match index {
        Some(index) => format!("{key}[{index}]"),
        None => key.to_owned(),
    };
    ParseError::at(path, None, error)
}

/// The reports, and what was known of their findings.
#[derive(Default)]
struct Shelf {
    /// Each with its findings.
    reports: Vec<(Report, Collector)>,
    facts: Vec<Vec<PastFacts>>,
    /// The readable ones, by lane, path and scanner.
    places: HashMap<(String, String, String), usize>,
}

impl Shelf {
    fn put(&mut self, row: &ReportRow, report: Report) -> Result<(), String> {
        if let Ok(scan) = &report.scan {
            let key = (row.lane.clone(), row.path.clone(), scan.scanner.to_owned());
            if self.places.insert(key, self.reports.len()).is_some() {
                return Err(format!(
                    "a second report `{}` in the lane {}: which of the findings are whose?",
                    row.path, row.lane
                ));
            }
        }
        self.reports.push((report, Collector::new(Keep::AtHand)));
        self.facts.push(Vec::new());
        Ok(())
    }

    /// Puts a finding into its report.
    fn take(&mut self, row: FindingRow, known: &mut Past, today: Date) -> Result<(), String> {
        let facts = row.facts(known, today)?;
        let key = (row.lane.clone(), row.report.clone(), row.scanner.clone());
        let place = self.places.get(&key).copied();
        let place = place.and_then(|at| {
            let (report, collector) = self.reports.get_mut(at)?;
            Some((report, collector, self.facts.get_mut(at)?))
        });
        let Some((report, collector, all)) = place else {
            return Err(format!(
                "there is no readable report `{}` of {} in the lane {}",
                row.report, row.scanner, row.lane
            ));
        };
        let finding = row.finding()?;
        report.tally.add(&finding);
        collector.add(finding);
        all.push(facts);
        Ok(())
    }
}
