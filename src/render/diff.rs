//! What is new and what is fixed between two times, shown by `diff`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::markdown::{BUDGET, ROWS, TEXT_LIMIT};
use super::summary::{EntryRow, FileRow};
use super::terminal::{BOLD, DIM, put, severity_style};
use crate::baseline::{Baseline, Entry, Fate, History};
use crate::finding::Severity;
use crate::text::{code_span, line, short_line};

/// The format of [`Diff`] as JSON.
const SCHEMA: &str = "security-gate-diff/1";

/// What became of the findings of one time by another. A finding counts once in
/// whatever lanes it is, by the same matching as in decisions with a baseline.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Diff<'a> {
    /// The version of this format.
    pub schema: &'static str,
    /// What was known before.
    pub before: SideRow<'a>,
    /// What was known after that.
    pub after: SideRow<'a>,
    /// How many findings are on both sides, the renamed ones included.
    pub unchanged: usize,
    /// Findings that were not known before.
    pub new: Vec<EntryRow<'a>>,
    /// Findings that are gone, from all lanes that had them.
    pub fixed: Vec<EntryRow<'a>>,
    /// Findings whose file got another name.
    pub renamed: Vec<RenamedRow<'a>>,
    /// Findings that became better or worse.
    pub severity_changed: Vec<SeverityRow<'a>>,
    /// What was looked at before and not after: its findings are neither fixed
    /// nor unchanged.
    pub not_looked_at_after: Vec<UnseenRow<'a>>,
    /// What was looked at after and not before: its findings are new because
    /// nobody had looked.
    pub not_looked_at_before: Vec<UnseenRow<'a>>,
}

/// A side of a comparison.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SideRow<'a> {
    /// As it was named.
    pub name: &'a str,
    /// When it was written, or its reports were read, RFC 3339 in UTC.
    pub time: String,
    /// The summaries or reports that it is made of.
    pub sources: Vec<FileRow<'a>>,
    /// How many findings it has.
    pub findings: usize,
}

/// A finding whose file got another name.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RenamedRow<'a> {
    /// The finding, after.
    #[serde(flatten)]
    pub finding: EntryRow<'a>,
    /// The file before.
    pub renamed_from: String,
}

/// A finding that became better or worse.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SeverityRow<'a> {
    /// The finding, after.
    #[serde(flatten)]
    pub finding: EntryRow<'a>,
    /// Its severity before.
    pub severity_before: Severity,
}

/// A scanner of a lane that has no sound report on one of the sides.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnseenRow<'a> {
    /// The lane.
    pub lane: &'a str,
    /// The scanner.
    pub scanner: &'a str,
    /// How many findings of the other side are not compared therefore.
    pub findings: usize,
}

impl<'a> SideRow<'a> {
    fn new(name: &'a str, baseline: &'a Baseline) -> Self {
        Self {
            name,
            time: baseline.time().to_string(),
            sources: baseline.sources().map(FileRow::from).collect(),
            findings: baseline.count(),
        }
    }
}

impl<'a> Diff<'a> {
    /// Holds what was known later against what was known before, each with its
    /// name.
    pub fn new(before: (&'a str, &'a Baseline), after: (&'a str, &'a Baseline)) -> Self {
        let (older, newer) = (before.1, after.1);
        let comparison = newer.compare(older);
        let mut diff = Self {
            schema: SCHEMA,
            before: SideRow::new(before.0, older),
            after: SideRow::new(after.0, newer),
            unchanged: 0,
            new: Vec::new(),
            fixed: Vec::new(),
            renamed: Vec::new(),
            severity_changed: Vec::new(),
            not_looked_at_after: unseen(older, newer, |index| {
                comparison.fates.get(index) == Some(&Fate::NotLookedAt)
            }),
            not_looked_at_before: unseen(newer, older, |index| {
                let history = comparison.histories.get(index);
                history.is_some_and(|history| history.new)
            }),
        };
        let known: Vec<_> = newer.entries().iter().zip(&comparison.histories).collect();
        let of_one = |a: &Entry, b: &Entry| (&a.lane, a.fingerprint) == (&b.lane, b.fingerprint);
        for identity in known.chunk_by(|(a, _), (b, _)| of_one(a, b)) {
            diff.add(identity);
        }
        let mut gone: Vec<_> = comparison.with_fate(Fate::Fixed, older).collect();
        gone.dedup_by(|a, b| of_one(a, b));
        diff.fixed = gone.into_iter().map(EntryRow::from).collect();
        diff.new.sort_by(worst_first);
        diff.fixed.sort_by(worst_first);
        diff.renamed
            .sort_by(|one, other| worst_first(&one.finding, &other.finding));
        diff.severity_changed
            .sort_by(|one, other| worst_first(&one.finding, &other.finding));
        diff
    }

    /// Adds the entries of one fingerprint in a lane.
    fn add(&mut self, identity: &[(&'a Entry, &History)]) {
        let Some((entry, history)) = identity.first() else {
            return;
        };
        let worst = identity.iter().map(|(entry, _)| entry.severity).min();
        let row = || EntryRow {
            severity: worst.unwrap_or(entry.severity),
            ..EntryRow::from(*entry)
        };
        if history.new {
            self.new.push(row());
            return;
        }
        self.unchanged += 1;
        if let Some(from) = &history.renamed_from {
            self.renamed.push(RenamedRow {
                finding: row(),
                renamed_from: from.to_string(),
            });
        }
        if let Some(severity_before) = history.severity_before
            && Some(severity_before) != worst
        {
            self.severity_changed.push(SeverityRow {
                finding: row(),
                severity_before,
            });
        }
    }

    /// `1 new, 2 fixed, 30 unchanged`, and what else there is.
    fn in_words(&self) -> String {
        let counts = [
            ("new", self.new.len()),
            ("fixed", self.fixed.len()),
            ("unchanged", self.unchanged),
            ("renamed", self.renamed.len()),
            ("of another severity", self.severity_changed.len()),
        ];
        // The first three are always said.
        let counts = counts.into_iter().enumerate();
        let counts = counts.filter(|(index, (_, count))| *index < 3 || *count > 0);
        let words = counts.map(|(_, (what, count))| format!("{count} {what}"));
        words.collect::<Vec<_>>().join(", ")
    }

    /// What was not looked at on one of the sides, in sentences.
    fn caveats(&self) -> Vec<String> {
        let sentence = |row: &UnseenRow<'_>, side: &str, what: &str| {
            let UnseenRow {
                lane,
                scanner,
                findings,
            } = row;
            let what = match findings {
                0 => String::new(),
                1 => format!(": 1 finding is {what}"),
                _ => format!(": {findings} findings are {what}"),
            };
            format!("{side} has no sound report of {scanner} in the lane {lane}{what}")
        };
        let after = self.not_looked_at_after.iter();
        let after = after.map(|row| sentence(row, self.after.name, "neither fixed nor unchanged"));
        let before = self.not_looked_at_before.iter();
        let before = before.map(|row| sentence(row, self.before.name, "new because of that"));
        after.chain(before).collect()
    }

    /// The lists that are not empty, each with its heading.
    fn lists(&self) -> Vec<(&'static str, Vec<Line<'_>>)> {
        let renamed = self.renamed.iter().map(|row| Line {
            finding: &row.finding,
            remark: Some(format!("was in {}", row.renamed_from)),
        });
        let changed = self.severity_changed.iter().map(|row| Line {
            finding: &row.finding,
            remark: Some(format!("was {}", row.severity_before.name())),
        });
        let lists = [
            ("new", self.new.iter().map(Line::from).collect()),
            ("fixed", self.fixed.iter().map(Line::from).collect()),
            ("renamed", renamed.collect()),
            ("of another severity", changed.collect::<Vec<_>>()),
        ];
        let mut lists = Vec::from(lists);
        lists.retain(|(_, lines)| !lines.is_empty());
        lists
    }

    /// All of it on lines of at most `width` columns. Styled; strip it for what is
    /// no terminal.
    pub fn text(&self, width: usize) -> String {
        let mut out = String::new();
        for (word, side) in [("before", &self.before), ("after", &self.after)] {
            let text = format!("{word}: {}", side.in_words());
            put(
                &mut out,
                format_args!("{DIM}{}{DIM:#}", short_line(&text, width)),
            );
        }
        put(&mut out, format_args!("{BOLD}{}{BOLD:#}", self.in_words()));
        for (heading, lines) in self.lists() {
            put(&mut out, format_args!("\n{BOLD}{heading}{BOLD:#}"));
            for line in lines {
                let EntryRow { severity, .. } = line.finding;
                let (style, name) = (severity_style(*severity), severity.name());
                let text = short_line(&line.in_words(), width.saturating_sub(12)).into_owned();
                put(
                    &mut out,
                    format_args!("  {style}{name:<8}{style:#}  {text}"),
                );
            }
        }
        let caveats = self.caveats();
        if !caveats.is_empty() {
            put(&mut out, format_args!("\n{BOLD}not looked at{BOLD:#}"));
        }
        for caveat in caveats {
            put(&mut out, format_args!("  {}", line(&caveat)));
        }
        out
    }

    /// All of it as a page for reviewers; of long lists the first, so that no
    /// forge cuts it.
    pub fn markdown(&self) -> String {
        let mut page = String::new();
        for rows in ROWS {
            page = self.page(rows);
            if page.len() <= BUDGET {
                break;
            }
        }
        page
    }

    fn page(&self, rows: usize) -> String {
        let span = |text: &str| code_span(text, TEXT_LIMIT);
        let mut out = format!("# Findings: {}\n\n", self.in_words());
        for (word, side) in [("Before", &self.before), ("After", &self.after)] {
            put(
                &mut out,
                format_args!("- {word}: {}", span(&side.in_words())),
            );
        }
        for caveat in self.caveats().iter().take(rows) {
            put(&mut out, format_args!("- Not looked at: {}", span(caveat)));
        }
        for (heading, lines) in self.lists() {
            put(
                &mut out,
                format_args!(
                    "\n## {} {heading}\n\n| severity | scanner | lane | finding | where | |\n| --- | --- | --- | --- | --- | --- |",
                    lines.len()
                ),
            );
            for Line { finding, remark } in lines.iter().take(rows) {
                put(
                    &mut out,
                    format_args!(
                        "| {} | {} | {} | {} | {} | {} |",
                        finding.severity.name(),
                        span(finding.scanner),
                        span(finding.lane),
                        span(&headline(finding)),
                        span(finding.location),
                        remark.as_deref().map(span).unwrap_or_default()
                    ),
                );
            }
            if let Some(more @ 1..) = lines.len().checked_sub(rows) {
                put(&mut out, format_args!("\nand {more} more."));
            }
        }
        out
    }
}

impl SideRow<'_> {
    fn in_words(&self) -> String {
        let findings = match self.findings {
            1 => "1 finding".to_owned(),
            count => format!("{count} findings"),
        };
        format!("{} of {}: {findings}", self.name, self.time)
    }
}

/// A finding in a list, and what there is to say of it besides.
struct Line<'d> {
    finding: &'d EntryRow<'d>,
    remark: Option<String>,
}

impl<'d> From<&'d EntryRow<'d>> for Line<'d> {
    fn from(finding: &'d EntryRow<'d>) -> Self {
        Self {
            finding,
            remark: None,
        }
    }
}

impl Line<'_> {
    fn in_words(&self) -> String {
        let EntryRow {
            scanner,
            lane,
            location,
            ..
        } = self.finding;
        let remark = self.remark.iter().map(|remark| format!(", {remark}"));
        let remark: String = remark.collect();
        let headline = headline(self.finding);
        format!("{location}{remark} ({scanner}, {lane}): {headline}")
    }
}

/// What it is: the rule, and the title if that says more.
fn headline(finding: &EntryRow<'_>) -> String {
    match finding.title == finding.rule_id {
        true => finding.rule_id.to_owned(),
        false => format!("{}: {}", finding.rule_id, finding.title),
    }
}

/// The lanes and scanners that one side looked at, or has findings of, and the
/// other did not look at; with the number of the entries of `one` that
/// `is_affected` says.
fn unseen<'a>(
    one: &'a Baseline,
    other: &Baseline,
    is_affected: impl Fn(usize) -> bool,
) -> Vec<UnseenRow<'a>> {
    let looked_at = one.all_looked_at().into_iter();
    let mut counts: BTreeMap<_, usize> = looked_at.map(|place| (place, 0)).collect();
    for (index, entry) in one.entries().iter().enumerate() {
        let count = counts.entry((&*entry.lane, &*entry.scanner)).or_default();
        *count += usize::from(is_affected(index));
    }
    counts.retain(|(lane, scanner), _| !other.looked_at(lane, scanner));
    let rows = counts.into_iter();
    rows.map(|((lane, scanner), findings)| UnseenRow {
        lane,
        scanner,
        findings,
    })
    .collect()
}

fn worst_first(one: &EntryRow<'_>, other: &EntryRow<'_>) -> Ordering {
    fn key<'r>(row: &'r EntryRow<'_>) -> impl Ord + use<'r> {
        let names = [row.lane, row.scanner, row.location, row.rule_id];
        (row.severity, names, &row.fingerprint)
    }
    key(one).cmp(&key(other))
}
