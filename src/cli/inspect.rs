//! `inspect`: what each file is, and what the gate reads from it.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::intake::{self, Intake, Reading};
use super::output::Console;
use super::{Exit, Format, Global, Surroundings, load_policy};
use crate::render::summary::{FindingRow, ReportRow};
use crate::report::{BySeverity, Health, Report};
use crate::text::line;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: intake::Sources,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Add every finding in full; with `--format json`
    #[arg(long)]
    findings: bool,
}

/// The printed object; see the contract of `inspect` in the documentation.
#[derive(Serialize)]
struct Inspection<'a> {
    reports: Vec<ReportRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<FindingRow<'a>>>,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let policy = load_policy(None, global, console)?;
    let keep = if arguments.findings {
        Reading::InFull
    } else {
        Reading::Counts
    };
    let Intake { reports, .. } = intake::read(
        &arguments.sources,
        &policy,
        &Surroundings::read(arguments.sources.effort.limit.max_findings).options,
        keep,
        console,
    )?;
    match arguments.format {
        Format::Json => Console::json(&inspection(&reports, arguments.findings))?,
        Format::Text if console.is_quiet() => {}
        Format::Text => console.result(text(&reports, arguments.findings).as_bytes())?,
    }
    let is_readable =
        |report: &Report| matches!(report.health(), Health::Complete | Health::Degraded);
    Ok(if reports.iter().all(is_readable) {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

fn inspection(reports: &[Report], with_findings: bool) -> Inspection<'_> {
    // The contract of `inspect` has no target; the text has.
    let rows = reports.iter().map(|report| ReportRow {
        target: None,
        artifacts: None,
        ..ReportRow::from(report)
    });
    let findings = reports.iter().flat_map(|report| {
        report
            .findings
            .iter()
            .map(move |finding| FindingRow::undecided(finding, report))
    });
    Inspection {
        reports: rows.collect(),
        findings: with_findings.then(|| findings.collect()),
    }
}

fn text(reports: &[Report], with_findings: bool) -> String {
    let mut out = String::new();
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        describe(&mut out, report).expect("a String takes all text");
        if with_findings {
            for finding in report.findings.iter() {
                let suppressed = if finding.suppressed().is_some() {
                    " (suppressed)"
                } else {
                    ""
                };
                let place = finding.location().to_string();
                writeln!(
                    out,
                    "  {:8}  {}  {}: {}{suppressed}",
                    finding.severity.name(),
                    line(finding.rule_id()),
                    line(&place),
                    line(finding.title())
                )
                .expect("a String takes all text");
            }
        }
    }
    out
}

fn describe(out: &mut String, report: &Report) -> std::fmt::Result {
    let row = ReportRow::from(report);
    writeln!(out, "{}", line(row.path))?;
    writeln!(out, "  status    {}", row.status.name())?;
    if let (Some(scanner), Some(format)) = (row.scanner, row.format) {
        let version = row
            .scanner_version
            .map(|version| format!(" {}", line(version)))
            .unwrap_or_default();
        writeln!(
            out,
            "  scanner   {scanner}{version}, {format}, lane {}",
            line(row.lane)
        )?;
    }
    if let Some(target) = row.target {
        writeln!(out, "  target    {}", line(target))?;
    }
    if let Some(time) = &row.generated_at {
        writeln!(out, "  written   {time}")?;
    }
    if row.error.is_none() {
        writeln!(
            out,
            "  findings  {} in {} ({}), {} suppressed",
            row.findings,
            if row.instances == 1 {
                "1 place".to_owned()
            } else {
                format!("{} places", row.instances)
            },
            by_severity(row.by_severity),
            row.suppressed
        )?;
    }
    if !row.sha256.is_empty() {
        writeln!(
            out,
            "  file      {} bytes, SHA-256 {}",
            row.bytes, row.sha256
        )?;
    }
    if let Some(record) = &row.record {
        let holds = match record.holds {
            true => "proves the scan",
            false => "proves nothing",
        };
        writeln!(out, "  record    {}, {holds}", line(record.path))?;
    }
    for note in row.notes {
        writeln!(out, "  note      {}", line(note))?;
    }
    if let Some(error) = row.error {
        writeln!(out, "  error     {}", line(error))?;
    }
    Ok(())
}

/// Severities with their counts, those without any left out: `2 high, 1 low`.
fn by_severity(counts: BySeverity) -> String {
    let shown: Vec<_> = counts
        .listed()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| format!("{count} {}", severity.name()))
        .collect();
    if shown.is_empty() {
        "none".to_owned()
    } else {
        shown.join(", ")
    }
}
