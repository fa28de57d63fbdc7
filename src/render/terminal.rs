//! The verdict on a terminal or in a job's log: at most a screen.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::summary::{Effect, FindingRow, LaneRow, Reason, Summary};
use crate::finding::Severity;
use crate::policy::decide::Verdict;
use crate::text::{line, short_line};

/// How many lines there are on a screen.
const LINES: usize = 24;
/// How many reasons are shown, and how many lanes.
const MOST_REASONS: usize = 6;
const MOST_LANES: usize = 8;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// The verdict, why, the lanes, and the blocking findings with what to do, on
/// lines of at most `width` columns. Styled; strip it for what is no terminal.
pub fn render(summary: &Summary<'_>, width: usize) -> String {
    let mut out = String::new();
    let style = verdict_style(summary.verdict);
    let headline = headline(summary);
    let name = summary.verdict.name().to_uppercase();
    put(
        &mut out,
        format_args!(
            "{style}{name}{style:#}  {}",
            short_line(&headline, width.saturating_sub(name.len() + 2))
        ),
    );
    put(&mut out, format_args!(""));
    reasons(&mut out, summary, width);
    lanes(&mut out, &summary.lanes, width);
    let used = out.lines().count();
    blocking(&mut out, summary, width, LINES.saturating_sub(used));
    out
}

/// Writing to a string cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes all text");
    out.push('\n');
}

fn headline(summary: &Summary<'_>) -> String {
    let count = |effect| {
        summary
            .reasons
            .iter()
            .filter(|reason| reason.effect == effect)
            .count()
    };
    let several = |count: usize, one: &str, more: &str| {
        format!("{count} {}", if count == 1 { one } else { more })
    };
    let open = summary.counts.open.total();
    let mut parts = Vec::new();
    match count(Effect::Fail) {
        0 => {}
        broken => parts.push(several(broken, "rule broken", "rules broken")),
    }
    match count(Effect::Incomplete) {
        0 => {}
        gaps => parts.push(several(gaps, "gap", "gaps")),
    }
    parts.push(format!(
        "{} in {}",
        several(
            usize::try_from(open).unwrap_or(usize::MAX),
            "open finding",
            "open findings"
        ),
        several(summary.reports.len(), "report", "reports")
    ));
    parts.join(", ")
}

fn reasons(out: &mut String, summary: &Summary<'_>, width: usize) {
    for reason in summary.reasons.iter().take(MOST_REASONS) {
        let (mark, style) = match reason.effect {
            Effect::Fail => ("✗", verdict_style(Verdict::Fail)),
            Effect::Incomplete => ("?", verdict_style(Verdict::Incomplete)),
            Effect::Warn => ("!", DIM),
        };
        let text = short_line(&in_words(reason), width.saturating_sub(4)).into_owned();
        put(out, format_args!("  {style}{mark}{style:#} {text}"));
    }
    let cut = summary.reasons.len().saturating_sub(MOST_REASONS);
    if cut > 0 {
        put(
            out,
            format_args!("    {DIM}and {cut} more in the summary{DIM:#}"),
        );
    }
    if !summary.reasons.is_empty() {
        put(out, format_args!(""));
    }
}

/// A reason as one line, with what it is about in front. A report goes by its
/// file's name, so that the reason itself keeps its place on the line.
fn in_words(reason: &Reason) -> String {
    let Reason {
        rule,
        lane,
        report,
        text,
        ..
    } = reason;
    let report = report
        .as_deref()
        .map(|path| path.rsplit('/').next().unwrap_or(path));
    match rule.as_deref().or(report).or(lane.as_deref()) {
        Some(about) => format!("{about}: {text}"),
        None => text.clone(),
    }
}

fn lanes(out: &mut String, lanes: &[LaneRow<'_>], width: usize) {
    const OUTCOME: usize = "incomplete".len();
    const ALL: [&str; 9] = [
        "reports",
        "critical",
        "high",
        "medium",
        "low",
        "info",
        "unknown",
        "accepted",
        "suppressed",
    ];
    let longest = lanes
        .iter()
        .map(|lane| line(lane.name).width())
        .max()
        .unwrap_or_default()
        .clamp(4, 24);
    let taken =
        2 + longest + 2 + OUTCOME + ALL.iter().map(|column| column.len() + 1).sum::<usize>();
    // On a narrow terminal, only what is open.
    let columns = if taken <= width { 0..9 } else { 1..7 };
    let shown = |cells: [String; 9]| {
        let cells = cells
            .into_iter()
            .zip(ALL)
            .map(|(cell, column)| format!(" {cell:>0$}", column.len()));
        cells
            .skip(columns.start)
            .take(columns.len())
            .collect::<String>()
    };
    let header = shown(ALL.map(str::to_owned));
    put(
        out,
        format_args!(
            "  {DIM}{:longest$}  {:OUTCOME$}{header}{DIM:#}",
            "lane", "outcome"
        ),
    );
    for lane in lanes.iter().take(MOST_LANES) {
        let [critical, high, medium, low, info, unknown] =
            lane.counts.open.listed().map(|(_, count)| count);
        let (accepted, suppressed) = (lane.counts.accepted.total(), lane.counts.suppressed.total());
        let reports = lane.reports as u64;
        let counts = [
            reports, critical, high, medium, low, info, unknown, accepted, suppressed,
        ];
        let cells = shown(counts.map(|count| {
            if count == 0 {
                "·".to_owned()
            } else {
                count.to_string()
            }
        }));
        let style = verdict_style(lane.outcome);
        let name = short_line(lane.name, longest);
        let pad = " ".repeat(longest.saturating_sub(name.width()));
        put(
            out,
            format_args!(
                "  {name}{pad}  {style}{:OUTCOME$}{style:#}{cells}",
                lane.outcome.name()
            ),
        );
    }
    let cut = lanes.len().saturating_sub(MOST_LANES);
    if cut > 0 {
        put(out, format_args!("  {DIM}and {cut} more lanes{DIM:#}"));
    }
}

fn blocking(out: &mut String, summary: &Summary<'_>, width: usize, lines: usize) {
    let total = summary.blocking_count();
    if total == 0 || lines < 4 {
        return;
    }
    put(out, format_args!(""));
    // Two lines a finding, and one for what is left out.
    let shown = ((lines - 2) / 2).min(total);
    for finding in summary.blocking().take(shown) {
        let style = severity_style(finding.severity);
        let severity = finding.severity.name();
        let what = what(&finding);
        put(
            out,
            format_args!(
                "  {style}{severity:8}{style:#} {}",
                short_line(&what, width.saturating_sub(11))
            ),
        );
        let place = match finding.upgrade() {
            Some(upgrade) => format!("{upgrade}: {}", finding.location),
            None => finding.location.to_string(),
        };
        put(
            out,
            format_args!(
                "           {DIM}{}{DIM:#}",
                short_line(&place, width.saturating_sub(11))
            ),
        );
    }
    if total > shown {
        put(
            out,
            format_args!(
                "  {DIM}and {} more blocking findings in the summary{DIM:#}",
                total - shown
            ),
        );
    }
}

fn what(finding: &FindingRow<'_>) -> String {
    if finding.title.contains(finding.rule_id) {
        format!("{} [{}]", finding.title, finding.scanner)
    } else {
        format!(
            "{} {} [{}]",
            finding.rule_id, finding.title, finding.scanner
        )
    }
}

fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => AnsiColor::Green.on_default().bold(),
        Verdict::Fail => AnsiColor::Red.on_default().bold(),
        Verdict::Incomplete => AnsiColor::Yellow.on_default().bold(),
    }
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium | Severity::Unknown => AnsiColor::Yellow.on_default(),
        Severity::Low | Severity::Info => BOLD,
    }
}
