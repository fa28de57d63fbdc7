//! What a policy would have said of past decisions, shown by `policy backtest`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::summary::FileRow;
use super::terminal::{BOLD, DIM, put, verdict_style};
use crate::policy::decide::{Decision, Notice, RuleOutcome, Status, Verdict};
use crate::policy::selector::Texts;
use crate::policy::{Action, Policy};
use crate::record::{Context, PastRule, Record};
use crate::text::{line, short_line};

/// The format of [`Backtest`] as JSON.
const SCHEMA: &str = "security-gate-backtest/1";

/// How many findings of a broken rule are named.
const EXAMPLES: usize = 3;

/// Past decisions, decided again by another policy, each as of its own time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Backtest<'a> {
    /// The version of this format.
    pub schema: &'static str,
    /// The policy, as it was named.
    pub policy: &'a str,
    /// How many verdicts are others.
    pub flips: usize,
    /// The decisions, by time.
    pub decisions: Vec<PastRow<'a>>,
}

/// A past decision, decided again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PastRow<'a> {
    /// The summary.
    pub summary: FileRow<'a>,
    /// When it was decided, RFC 3339 in UTC.
    pub time: String,
    /// The branch; in a merge request, its source.
    pub branch: Option<&'a str>,
    /// The number of the merge or pull request.
    pub merge_request: Option<&'a str>,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The commit.
    pub commit: Option<&'a str>,
    /// What was decided.
    pub then: Verdict,
    /// What this policy decides.
    pub now: Verdict,
    /// Whether that is something else.
    pub flips: bool,
    /// The rules that made the verdict `fail` then and do not now, or the other
    /// way round.
    pub rules: Vec<RuleChange>,
    /// Why the decision is incomplete now and was not then.
    pub added_gaps: Vec<String>,
    /// Why the decision was incomplete then and is not now.
    pub removed_gaps: Vec<String>,
}

/// A rule that fails on one side only.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleChange {
    /// Its name.
    pub id: String,
    /// What had become of it; absent where the policy of then had no such rule.
    pub then: Option<RuleState>,
    /// What becomes of it; absent where this policy has no such rule.
    pub now: Option<RuleState>,
    /// The first of the findings that it counts now, in words.
    pub examples: Vec<String>,
    /// Why findings that it means do not count now, with their number, in words.
    pub left_out: Vec<String>,
}

/// What becomes of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleState {
    /// What it does when it is broken.
    pub action: Action,
    /// How many problems it counts.
    pub count: u64,
    /// How many it allows.
    pub max: u64,
}

impl<'a> Backtest<'a> {
    /// Decides again about all `records` by a policy, which goes by `name`.
    pub fn new(name: &'a str, policy: &Policy, records: &'a [Record]) -> Self {
        let mut records: Vec<_> = records.iter().collect();
        records.sort_by_key(|record| (record.time, &record.source));
        let decisions: Vec<_> = records
            .into_iter()
            .map(|record| PastRow::new(record, &record.decide(policy)))
            .collect();
        Self {
            schema: SCHEMA,
            policy: name,
            flips: decisions.iter().filter(|row| row.flips).count(),
            decisions,
        }
    }

    /// A table of the verdicts, with reasons where they are others, on lines of at
    /// most `width` columns. Styled; strip it for what is no terminal.
    pub fn text(&self, width: usize) -> String {
        let mut out = String::new();
        put(
            &mut out,
            format_args!(
                "{DIM}{:<10}  {:<10}         decided at{DIM:#}",
                "then", "now"
            ),
        );
        for row in &self.decisions {
            row.put(&mut out, width);
        }
        put(&mut out, format_args!("\n{BOLD}{}{BOLD:#}", self.total()));
        out
    }

    /// `3 decisions, 2 flip: 1 from fail to pass, 1 from pass to fail`.
    fn total(&self) -> String {
        let decisions = match self.decisions.len() {
            1 => "1 decision".to_owned(),
            count => format!("{count} decisions"),
        };
        let mut kinds = BTreeMap::<_, usize>::new();
        for row in self.decisions.iter().filter(|row| row.flips) {
            *kinds.entry((row.then.name(), row.now.name())).or_default() += 1;
        }
        let kinds = kinds.into_iter();
        let kinds: Vec<_> = kinds
            .map(|((then, now), count)| format!("{count} from {then} to {now}"))
            .collect();
        match self.flips {
            0 => format!("{decisions}, none flips"),
            1 => format!("{decisions}, 1 flips: {}", kinds.join(", ")),
            flips => format!("{decisions}, {flips} flip: {}", kinds.join(", ")),
        }
    }
}

impl<'a> PastRow<'a> {
    fn new(record: &'a Record, decision: &Decision<'_>) -> Self {
        let now = decision.verdict();
        let Context {
            branch,
            merge_request,
            commit,
            tag,
            authors: _,
        } = &record.context;
        Self {
            summary: FileRow::from(&record.source),
            time: record.time.to_string(),
            branch: branch.as_deref(),
            merge_request: merge_request.as_deref(),
            tag: tag.as_deref(),
            commit: commit.as_deref(),
            then: record.verdict,
            now,
            flips: record.verdict != now,
            rules: changes(record, decision),
            added_gaps: only_of(&decision.gaps, &record.gaps),
            removed_gaps: only_of(&record.gaps, &decision.gaps),
        }
    }

    fn put(&self, out: &mut String, width: usize) {
        let name = |verdict: Verdict| format!("{:<10}", verdict.name());
        let (then, now) = (verdict_style(self.then), verdict_style(self.now));
        let place = format!("{}  {}  {}", self.time, self.about(), self.summary.path);
        put(
            out,
            format_args!(
                "{then}{}{then:#}  {now}{}{now:#}  {:<5}  {}",
                name(self.then),
                name(self.now),
                if self.flips { "flips" } else { "" },
                short_line(&place, width.saturating_sub(31))
            ),
        );
        if !self.flips {
            return;
        }
        let rules = self.rules.iter().map(RuleChange::in_words);
        let gaps = |gaps: &[String], word: &str| -> Vec<_> {
            gaps.iter().map(|gap| format!("{word}: {gap}")).collect()
        };
        let reasons = rules
            .chain(gaps(&self.added_gaps, "missing now"))
            .chain(gaps(&self.removed_gaps, "missing no longer"));
        for reason in reasons {
            put(out, format_args!("    {}", line(&reason)));
        }
    }

    /// What was decided about.
    fn about(&self) -> String {
        let request = self.merge_request.map(|number| format!("!{number}"));
        let what = self.tag.map(str::to_owned).or(request);
        let what = what.or(self.branch.map(str::to_owned));
        let commit = self.commit.and_then(|commit| commit.get(..8));
        let both: Vec<_> = what.as_deref().into_iter().chain(commit).collect();
        match both.as_slice() {
            [] => "–".to_owned(),
            both => both.join(" "),
        }
    }
}

impl RuleChange {
    fn in_words(&self) -> String {
        let Self {
            id,
            then,
            now,
            examples,
            left_out,
        } = self;
        let then = match then {
            None => "there was none".to_owned(),
            Some(then) => then.in_words("only warned"),
        };
        let now = match now {
            None => "there is none".to_owned(),
            Some(now) => now.in_words("only warns"),
        };
        let examples = match examples.as_slice() {
            [] => String::new(),
            examples => format!(", such as {}", examples.join(", ")),
        };
        let left_out = left_out.iter().map(|why| format!(", {why}"));
        let left_out: String = left_out.collect();
        format!("rule {id}: then {then}; now {now}{examples}{left_out}")
    }
}

impl RuleState {
    fn in_words(self, warning: &str) -> String {
        let Self { action, count, max } = self;
        let action = match action {
            Action::Fail => String::new(),
            Action::Warn => format!(", and it {warning}"),
        };
        format!("{count} ({max} allowed){action}")
    }
}

/// The rules that fail then or now, and not both.
fn changes(record: &Record, decision: &Decision<'_>) -> Vec<RuleChange> {
    let mut changes = Vec::new();
    for outcome in &decision.rules {
        let then = record.rules.iter().find(|rule| rule.id == outcome.rule.id);
        let fails = outcome.action == Action::Fail && outcome.is_broken();
        if then.is_some_and(PastRule::fails) == fails {
            continue;
        }
        changes.push(RuleChange {
            id: outcome.rule.id.clone(),
            then: then.map(RuleState::from),
            now: Some(RuleState {
                action: outcome.action,
                count: outcome.count,
                max: outcome.rule.max,
            }),
            examples: match fails {
                true => examples(outcome, decision),
                false => Vec::new(),
            },
            left_out: match fails {
                true => Vec::new(),
                false => left_out(outcome, decision),
            },
        });
    }
    let is_left = |id: &str| decision.rules.iter().any(|outcome| outcome.rule.id == id);
    let failed = record.rules.iter().filter(|rule| rule.fails());
    changes.extend(
        failed
            .filter(|rule| !is_left(&rule.id))
            .map(|rule| RuleChange {
                id: rule.id.clone(),
                then: Some(RuleState::from(rule)),
                now: None,
                examples: Vec::new(),
                left_out: Vec::new(),
            }),
    );
    changes
}

impl From<&PastRule> for RuleState {
    fn from(rule: &PastRule) -> Self {
        Self {
            action: rule.action,
            count: rule.count,
            max: rule.max,
        }
    }
}

fn examples(outcome: &RuleOutcome<'_>, decision: &Decision<'_>) -> Vec<String> {
    let findings = outcome.findings.iter();
    let findings = findings.filter_map(|&index| decision.findings.get(index));
    let named = findings.map(|judged| {
        let finding = judged.subject.finding;
        format!("{} at {}", finding.rule_id(), finding.location())
    });
    named.take(EXAMPLES).collect()
}

/// Findings that a rule means and that do not count.
fn left_out(outcome: &RuleOutcome<'_>, decision: &Decision<'_>) -> Vec<String> {
    let mut counts = BTreeMap::<String, usize>::new();
    for judged in &decision.findings {
        let why = match (judged.standing.status, judged.standing.exception) {
            (Status::Open, _) => continue,
            (Status::Accepted, Some(exception)) => {
                format!("accepted by the exception {}", exception.id)
            }
            (Status::Accepted, None) => "accepted".to_owned(),
            (Status::NotAffected, _) => "not affected".to_owned(),
            (Status::Suppressed, _) => "suppressed by the scanner".to_owned(),
        };
        if outcome.rule.selector.matches(&Texts::of(&judged.subject)) == Ok(true) {
            *counts.entry(why).or_default() += 1;
        }
    }
    let counts = counts.into_iter();
    counts
        .map(|(why, count)| format!("{count} {why}"))
        .collect()
}

/// The gaps that only `one` has, in words. What follows a colon or a semicolon are
/// details, in which policies differ.
fn only_of(one: &[Notice], other: &[Notice]) -> Vec<String> {
    fn core(notice: &Notice) -> (Option<&str>, Option<&str>, &str) {
        let text = notice.text.split([':', ';']).next();
        let (lane, report) = (notice.lane.as_deref(), notice.report.as_deref());
        (lane, report, text.unwrap_or_default())
    }
    let is_new = |gap: &&Notice| !other.iter().any(|other| core(other) == core(gap));
    one.iter()
        .filter(is_new)
        .map(|gap| {
            let places = [gap.report.as_deref(), gap.lane.as_deref()];
            let places = places.into_iter().flatten();
            places.fold(gap.text.clone(), |text, place| format!("{place}: {text}"))
        })
        .collect()
}
