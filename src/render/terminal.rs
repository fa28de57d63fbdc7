//! The verdict on a terminal or in a job's log: at most a screen.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::summary::{
    Effect, ExceptionForecastRow, FindingRow, ForecastRow, LaneRow, Reason, RuleForecastRow,
    Summary,
};
use crate::finding::Severity;
use crate::policy::Mode;
use crate::policy::decide::Verdict;
use crate::text::{line, short_line, wrapped};

/// How many lines there are on a screen.
const LINES: usize = 24;
/// How many reasons are shown, and how many lanes.
const MOST_REASONS: usize = 6;
const MOST_LANES: usize = 8;
/// How many of the actions are shown that would turn the verdict.
const MOST_ACTIONS: usize = 3;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();

/// The verdict, why, the lanes, and the blocking findings with what to do, on
/// lines of at most `width` columns. Styled; strip it for what is no terminal.
pub fn render(summary: &Summary<'_>, width: usize) -> String {
    let mut out = String::new();
    let style = verdict_style(summary.verdict);
    let headline = headline(summary);
    let name = verdict(summary);
    put(
        &mut out,
        format_args!(
            "{style}{name}{style:#}  {}",
            short_line(&headline, width.saturating_sub(name.len() + 2))
        ),
    );
    if summary.mode == Mode::Observe {
        let text = "The policy only observes: this stops nothing, and the exit code is 0.";
        put(&mut out, format_args!("  {style}{text}{style:#}"));
    }
    put(&mut out, format_args!(""));
    reasons(&mut out, summary, width);
    background(&mut out, summary, width);
    lanes(&mut out, &summary.lanes, width);
    let used = out.lines().count();
    passes_if(&mut out, summary, width, LINES.saturating_sub(used));
    let used = out.lines().count();
    blocking(&mut out, summary, width, LINES.saturating_sub(used));
    out
}

/// The verdict, which does not look like itself where it stops nothing.
fn verdict(summary: &Summary<'_>) -> String {
    let name = summary.verdict.name().to_uppercase();
    match summary.mode {
        Mode::Enforce => name,
        Mode::Observe => format!("OBSERVED {name}"),
    }
}

/// What the verdict was compared with, the baseline and other policies, and when
/// it turns.
fn background(out: &mut String, summary: &Summary<'_>, width: usize) {
    let mut lines = Vec::new();
    if let Some(baseline) = &summary.baseline {
        lines.push(baseline.in_words());
    }
    for other in &summary.other_policies {
        lines.push(other.in_words());
    }
    lines.extend(summary.forecast.text.clone());
    for text in &lines {
        let text = short_line(text, width.saturating_sub(4));
        put(out, format_args!("    {DIM}{text}{DIM:#}"));
    }
    if !lines.is_empty() {
        put(out, format_args!(""));
    }
}

/// Writing to a string cannot fail.
pub(super) fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
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
        gaps => parts.push(several(gaps, "thing missing", "things missing")),
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
        // What to do stands at the end: it is never cut off.
        let lines = wrapped(&in_words(reason), width.saturating_sub(4));
        for (at, text) in lines.iter().enumerate() {
            let mark = if at == 0 { mark } else { " " };
            put(out, format_args!("  {style}{mark}{style:#} {text}"));
        }
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

/// A reason, with what it is about in front.
fn in_words(reason: &Reason) -> String {
    let Reason {
        rule,
        lane,
        report,
        text,
        ..
    } = reason;
    match rule.as_ref().or(report.as_ref()).or(lane.as_ref()) {
        Some(about) => format!("{about}: {text}"),
        None => text.clone(),
    }
}

/// A column of the table of lanes: its name, its value, and how soon it goes when
/// there is no room; 0 stays.
type Column = (&'static str, fn(&LaneRow<'_>) -> u64, u8);

const COLUMNS: [Column; 10] = [
    ("reports", |lane| lane.reports as u64, 3),
    ("critical", |lane| lane.counts.open.critical, 0),
    ("high", |lane| lane.counts.open.high, 0),
    ("medium", |lane| lane.counts.open.medium, 1),
    ("low", |lane| lane.counts.open.low, 4),
    ("info", |lane| lane.counts.open.info, 5),
    ("unknown", |lane| lane.counts.open.unknown, 0),
    ("accepted", |lane| lane.counts.accepted.total(), 2),
    ("unaffected", |lane| lane.counts.not_affected.total(), 3),
    ("suppressed", |lane| lane.counts.suppressed.total(), 2),
];

fn lanes(out: &mut String, lanes: &[LaneRow<'_>], width: usize) {
    const OUTCOME: usize = "incomplete".len();
    let longest = lanes
        .iter()
        .map(|lane| line(lane.name).width())
        .max()
        .unwrap_or_default()
        .clamp(4, 24);
    let mut columns = COLUMNS.to_vec();
    let too_wide = |columns: &[Column]| {
        2 + longest
            + 2
            + OUTCOME
            + columns
                .iter()
                .map(|(name, ..)| name.len() + 1)
                .sum::<usize>()
            > width
    };
    if too_wide(&columns) {
        columns.retain(|(_, value, goes)| *goes == 0 || lanes.iter().any(|lane| value(lane) > 0));
    }
    let mut left_out = Vec::new();
    while too_wide(&columns)
        && let Some(at) =
            (0..columns.len()).max_by_key(|&at| columns.get(at).map(|(.., goes)| *goes))
        && columns.get(at).is_some_and(|(.., goes)| *goes > 0)
    {
        left_out.push(columns.remove(at).0);
    }
    // What is left of the line is for the names.
    let rest: usize = columns.iter().map(|(name, ..)| name.len() + 1).sum();
    let longest = longest.min(width.saturating_sub(2 + 2 + OUTCOME + rest).max(4));
    let header: String = columns
        .iter()
        .map(|(name, ..)| " ".to_owned() + name)
        .collect();
    put(
        out,
        format_args!(
            "  {DIM}{:longest$}  {:OUTCOME$}{header}{DIM:#}",
            "lane", "outcome"
        ),
    );
    for lane in lanes.iter().take(MOST_LANES) {
        let cell = |(name, value, _): &Column| match value(lane) {
            0 => format!(" {:>1$}", "·", name.len()),
            count => format!(" {count:>0$}", name.len()),
        };
        let cells: String = columns.iter().map(cell).collect();
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
    if !left_out.is_empty() {
        put(
            out,
            format_args!("  {DIM}no room for {}{DIM:#}", left_out.join(", ")),
        );
    }
    let cut = lanes.len().saturating_sub(MOST_LANES);
    if cut > 0 {
        put(out, format_args!("  {DIM}and {cut} more lanes{DIM:#}"));
    }
}

/// The actions that would do: few, where there is little room for what blocks.
fn passes_if(out: &mut String, summary: &Summary<'_>, width: usize, lines: usize) {
    let Some(remedy) = &summary.passes_if else {
        return;
    };
    let most = if lines < 12 { 1 } else { MOST_ACTIONS };
    let shown = remedy.actions.len().min(most);
    let such_as = if shown < remedy.count() {
        ", such as"
    } else {
        ""
    };
    let words = format!("{}{such_as}:", remedy.in_words());
    let words = short_line(&words, width.saturating_sub(2));
    put(out, format_args!(""));
    put(out, format_args!("  {BOLD}{words}{BOLD:#}"));
    for action in remedy.actions.iter().take(shown) {
        let clears = format!(
            " (clears {} of {})",
            action.clears,
            summary.blocking_count()
        );
        let text = short_line(&action.text, width.saturating_sub(4 + clears.len()));
        put(out, format_args!("    {text}{DIM}{clears}{DIM:#}"));
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
                "  {DIM}{:8} {}{DIM:#}",
                finding.short_id(),
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

/// Everything that is to come, by rule and by exception, on lines of at most
/// `width` columns. Styled like the verdict.
pub fn forecast(summary: &Summary<'_>, width: usize) -> String {
    let ForecastRow {
        text,
        until,
        rules,
        exceptions,
        ..
    } = &summary.forecast;
    let mut out = String::new();
    let mut say = |style: Style, text: &str| {
        let text = short_line(text, width.saturating_sub(2));
        put(&mut out, format_args!("  {style}{text}{style:#}"));
    };
    match text {
        Some(_) => say(BOLD, "with the same reports, in time:"),
        None if summary.verdict == Verdict::Fail => say(BOLD, "the verdict is fail today"),
        None => say(BOLD, "time alone never turns the verdict to fail"),
    }
    for RuleForecastRow { id, on, count, max } in rules {
        let text = format!("{on}  rule {id} fails: {count} open, {max} allowed");
        say(Style::new(), &text);
    }
    for exception in exceptions {
        let ExceptionForecastRow {
            id,
            on,
            findings,
            breaks,
        } = exception;
        let findings = match findings.len() {
            1 => "1 finding is".to_owned(),
            count => format!("{count} findings are"),
        };
        let breaks = match breaks.as_slice() {
            [] => String::new(),
            breaks => format!("; counted by {}", breaks.join(", ")),
        };
        let text = format!("{on}  exception {id} has ended: {findings} open again{breaks}");
        say(Style::new(), &text);
    }
    if let Some(until) = until {
        let text = format!("after {until} it is not known: an expression calculates with the age");
        say(DIM, &text);
    }
    out
}

fn what(finding: &FindingRow<'_>) -> String {
    let headline = finding.headline();
    match headline.contains(finding.rule_id) {
        true => format!("{headline} [{}]", finding.scanner),
        false => format!("{} {headline} [{}]", finding.rule_id, finding.scanner),
    }
}

pub(super) fn verdict_style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => AnsiColor::Green.on_default().bold(),
        Verdict::Fail => AnsiColor::Red.on_default().bold(),
        Verdict::Incomplete => AnsiColor::Yellow.on_default().bold(),
    }
}

pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium | Severity::Unknown => AnsiColor::Yellow.on_default(),
        Severity::Low | Severity::Info => BOLD,
    }
}
