//! The summary for reviewers, `security-gate-summary.md`.
//!
//! A minijinja template in which every text is put into a code span, unless its
//! author marks it safe: nothing out of a report can act on the page. The page
//! keeps within a byte budget, because forges cut longer ones without a word.

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::summary::{ExceptionRow, FindingRow, LaneRow, ReportRow, Summary};
use crate::text;

/// The template that is used unless the user has one.
pub const TEMPLATE: &str = include_str!("../../templates/summary.md.j2");

/// The most bytes that the page takes.
pub const BUDGET: usize = 60_000;

/// How long a single text may be, in characters.
const TEXT_LIMIT: usize = 200;

/// How many rows of each list are tried, until the page keeps to its budget.
const ROWS: [usize; 6] = [100, 50, 25, 10, 3, 0];

/// Fills `template` with the summary.
///
/// # Errors
///
/// When the template is none, or asks for what there is not; the text says
/// where.
pub fn render(summary: &Summary<'_>, template: &str) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(|out, _, value| {
        let text = match value.kind() {
            ValueKind::String if !value.is_safe() => {
                text::code_span(value.as_str().unwrap_or_default(), TEXT_LIMIT)
            }
            ValueKind::None => "–".to_owned(),
            _ => value.to_string(),
        };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    // A template is the user's own, but a slip in one should not hang a job.
    environment.set_fuel(Some(50_000_000));
    let template = environment
        .template_from_named_str("template", template)
        .map_err(|error| describe(&error))?;
    let mut page = String::new();
    for rows in ROWS {
        page = template
            .render(Serde(Page::new(summary, rows)))
            .map_err(|error| describe(&error))?;
        if page.len() <= BUDGET {
            break;
        }
    }
    Ok(cut(page))
}

/// The last resort, for a template that writes much of its own.
fn cut(mut page: String) -> String {
    const NOTICE: &str = "\n\nThis page was cut here to stay within its size.\n";
    if page.len() > BUDGET {
        let end = (0..=BUDGET - NOTICE.len())
            .rev()
            .find(|&end| page.is_char_boundary(end));
        page.truncate(end.unwrap_or_default());
        page.push_str(NOTICE);
    }
    if !page.ends_with('\n') {
        page.push('\n');
    }
    page
}

fn describe(error: &minijinja::Error) -> String {
    let line = error
        .line()
        .map(|line| format!("line {line}: "))
        .unwrap_or_default();
    let detail = error
        .detail()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    format!("{line}{}{detail}", error.kind())
}

/// What a template can ask for.
#[derive(Serialize)]
struct Page<'a> {
    verdict: &'static str,
    time: &'a str,
    tool: &'a super::summary::Tool,
    context: &'a super::summary::Context,
    policy: &'a super::summary::PolicyRow<'a>,
    counts: &'a super::summary::Counts,
    reasons: Vec<&'a super::summary::Reason>,
    rules: Vec<&'a super::summary::RuleRow<'a>>,
    lanes: Vec<Lane<'a>>,
    reports: Vec<&'a ReportRow<'a>>,
    exceptions: Vec<Exception<'a>>,
    blocking: Vec<Blocking<'a>>,
    /// Blocking findings that are left out.
    blocking_cut: usize,
    /// Other rows that are left out.
    rows_cut: usize,
}

#[derive(Serialize)]
struct Lane<'a> {
    #[serde(flatten)]
    row: &'a LaneRow<'a>,
    accepted: u64,
    suppressed: u64,
}

#[derive(Serialize)]
struct Exception<'a> {
    #[serde(flatten)]
    row: &'a ExceptionRow<'a>,
    count: usize,
}

#[derive(Serialize)]
struct Blocking<'a> {
    #[serde(flatten)]
    row: FindingRow<'a>,
    place: String,
    advice: Option<String>,
}

impl<'a> Page<'a> {
    fn new(summary: &'a Summary<'a>, rows: usize) -> Self {
        let mut rows_cut = 0;
        let mut cut = |length: usize| {
            rows_cut += length.saturating_sub(rows.max(1));
            rows.max(1)
        };
        let reasons = summary
            .reasons
            .iter()
            .take(cut(summary.reasons.len()))
            .collect();
        let rules = summary
            .rules
            .iter()
            .take(cut(summary.rules.len()))
            .collect();
        let lanes = summary
            .lanes
            .iter()
            .take(cut(summary.lanes.len()))
            .map(|row| Lane {
                row,
                accepted: row.counts.accepted.total(),
                suppressed: row.counts.suppressed.total(),
            });
        let lanes = lanes.collect();
        let reports = summary
            .reports
            .iter()
            .take(cut(summary.reports.len()))
            .collect();
        let exceptions = summary
            .exceptions
            .iter()
            .take(cut(summary.exceptions.len()))
            .map(|row| Exception {
                row,
                count: row.findings.len(),
            });
        let exceptions = exceptions.collect();
        let blocking: Vec<_> = summary
            .blocking()
            .take(rows)
            .map(|row| Blocking {
                place: row.location.to_string(),
                advice: summary.advice(&row),
                row,
            })
            .collect();
        Self {
            verdict: summary.verdict.name(),
            time: &summary.time,
            tool: &summary.tool,
            context: &summary.context,
            policy: &summary.policy,
            counts: &summary.counts,
            reasons,
            rules,
            lanes,
            reports,
            exceptions,
            blocking_cut: summary.blocking_count() - blocking.len(),
            blocking,
            rows_cut,
        }
    }
}
