//! The summary for reviewers, `security-gate-summary.md`.
//!
//! A minijinja template in which every text is put into a code span, unless its
//! author marks it safe: nothing out of a report can act on the page. The page
//! keeps within a byte budget, because forges cut longer ones without a word.

use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::summary::{
    ActionRow, Context, Counts, Effect, EntryRow, ExceptionRow, FindingRow, ForecastRow, IssueRow,
    KnowledgeRow, LaneRow, OtherPolicyRow, PolicyRow, Reason, ReportRow, RuleRow, Summary, Tool,
};
use crate::policy::{Action, Mode};
use crate::text;

/// The template that is used unless the user has one.
pub const TEMPLATE: &str = include_str!("../../templates/summary.md.j2");

/// The most bytes that the page takes.
pub const BUDGET: usize = 60_000;

/// How long a single text may be, in characters.
pub(super) const TEXT_LIMIT: usize = 200;

/// How many rows of each list are tried, until the page keeps to its budget: first as
/// many as mostly fit.
pub(super) const ROWS: [usize; 6] = [150, 75, 30, 10, 3, 1];

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
    let blocking = summary.blocking_count();
    let mut page = String::new();
    for rows in ROWS {
        page = template
            .render(Serde(Page::new(summary, blocking, rows)))
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

/// What a template can ask for. Lists are cut to what fits on the page.
#[derive(Serialize)]
struct Page<'a> {
    mode: Mode,
    verdict: &'static str,
    time: &'a str,
    tool: &'a Tool,
    context: &'a Context,
    policy: &'a PolicyRow<'a>,
    counts: &'a Counts,
    /// How many problems the open findings are.
    problems: u64,
    /// What the policies say that are not the strictest.
    other_policies: Vec<String>,
    baseline: Option<Baseline<'a>>,
    knowledge: &'a KnowledgeRow<'a>,
    /// Rules that make the verdict `fail`.
    broken: Vec<&'a RuleRow<'a>>,
    /// Reasons for the verdict `incomplete`.
    gaps: Vec<&'a Reason>,
    /// Reasons that change nothing.
    warnings: Vec<&'a Reason>,
    lanes: Vec<Lane<'a>>,
    reports: Vec<&'a ReportRow<'a>>,
    exceptions: Vec<Exception<'a>>,
    /// Findings that are one problem.
    issues: Vec<Issue<'a>>,
    /// Findings that VEX statements take out of the decision.
    not_affected: Vec<Listed<'a>>,
    forecast: &'a ForecastRow<'a>,
    passes_if: Option<PassesIf<'a>>,
    blocking: Vec<Listed<'a>>,
    /// How many findings block.
    blocking_count: usize,
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
    not_affected: u64,
    suppressed: u64,
}

#[derive(Serialize)]
struct Baseline<'a> {
    words: String,
    /// Findings that are gone.
    fixed: Vec<&'a EntryRow<'a>>,
}

#[derive(Serialize)]
struct Exception<'a> {
    #[serde(flatten)]
    row: &'a ExceptionRow<'a>,
    count: usize,
}

#[derive(Serialize)]
struct PassesIf<'a> {
    words: String,
    actions: Vec<&'a ActionRow<'a>>,
}

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(flatten)]
    row: &'a IssueRow<'a>,
    /// What `explain` takes.
    short_id: String,
}

/// A finding in a table.
#[derive(Serialize)]
struct Listed<'a> {
    #[serde(flatten)]
    row: FindingRow<'a>,
    /// What `explain` takes.
    id: String,
    headline: String,
    place: String,
    advice: Option<String>,
    /// What makes it more urgent, in words of the gate's own.
    marks: Vec<String>,
}

impl<'a> Listed<'a> {
    fn new(summary: &Summary<'_>, row: FindingRow<'a>) -> Self {
        let mut marks = Vec::new();
        if row.kev {
            marks.push("known to be exploited".to_owned());
        }
        marks.extend(row.epss.map(|epss| format!("EPSS {epss:.2}")));
        marks.extend(row.due.as_ref().map(|due| format!("due {due}")));
        Self {
            id: row.short_id(),
            headline: row.headline().to_owned(),
            place: row.location.to_string(),
            advice: summary.advice(&row),
            marks,
            row,
        }
    }
}

impl<'a> Page<'a> {
    fn new(summary: &'a Summary<'a>, blocking_count: usize, rows: usize) -> Self {
        let mut cut = Cut { rows, left_out: 0 };
        let reasons = |effect| {
            summary
                .reasons
                .iter()
                .filter(move |reason| reason.effect == effect)
        };
        let is_failing = |rule: &&RuleRow<'_>| rule.broken && rule.action == Action::Fail;
        let listed = |row| Listed::new(summary, row);
        let blocking = summary.blocking().take(rows).map(listed);
        let blocking: Vec<_> = blocking.collect();
        // There may be as many: those that are left out are not even made.
        let not_affected = summary.not_affected().take(rows).map(listed);
        let not_affected: Vec<_> = not_affected.collect();
        cut.left_out += summary.not_affected_count() - not_affected.len();
        Self {
            mode: summary.mode,
            verdict: summary.verdict.name(),
            time: &summary.time,
            tool: &summary.tool,
            context: summary.context,
            policy: &summary.policy,
            counts: &summary.counts,
            problems: summary.problems,
            other_policies: summary
                .other_policies
                .iter()
                .map(OtherPolicyRow::in_words)
                .collect(),
            knowledge: &summary.knowledge,
            baseline: summary.baseline.as_ref().map(|row| Baseline {
                words: row.in_words(),
                fixed: cut.list(row.fixed.iter()),
            }),
            broken: cut.list(summary.rules.iter().filter(is_failing)),
            gaps: cut.list(reasons(Effect::Incomplete)),
            warnings: cut.list(reasons(Effect::Warn)),
            lanes: cut.list(summary.lanes.iter().map(|row| Lane {
                row,
                accepted: row.counts.accepted.total(),
                not_affected: row.counts.not_affected.total(),
                suppressed: row.counts.suppressed.total(),
            })),
            reports: cut.list(summary.reports.iter()),
            exceptions: cut.list(summary.exceptions.iter().map(|row| Exception {
                row,
                count: row.findings.len(),
            })),
            issues: cut.list(summary.issues.iter().map(|row| Issue {
                short_id: row.short_id(),
                row,
            })),
            not_affected,
            forecast: &summary.forecast,
            passes_if: summary.passes_if.as_ref().map(|row| PassesIf {
                words: row.in_words(),
                actions: cut.list(row.actions.iter()),
            }),
            blocking_cut: blocking_count - blocking.len(),
            blocking_count,
            blocking,
            rows_cut: cut.left_out,
        }
    }
}

/// Cuts lists to a number of rows, and counts what it leaves out.
struct Cut {
    rows: usize,
    left_out: usize,
}

impl Cut {
    fn list<T>(&mut self, mut rows: impl Iterator<Item = T>) -> Vec<T> {
        let kept = rows.by_ref().take(self.rows).collect();
        self.left_out += rows.count();
        kept
    }
}
