//! Why a decision is as it is, for one finding, issue, rule or exception.
//!
//! [`Explanation`] is a public record like the summary: its types are frozen, and
//! what a terminal shows is made of it.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::summary::{FindingRow, IssueRow};
use crate::policy::decide::{Decision, Judged, Status, Verdict};
use crate::policy::explain::Meaning;
use crate::policy::selector::Answer;
use crate::policy::{Mode, Origin};

mod exception;
mod finding;
mod rule;
pub mod terminal;

pub use exception::ExceptionExplanation;
pub use finding::{
    FindingExceptionRow, FindingExplanation, FindingRuleRow, OccurrenceRow, StatementRow,
};
pub use rule::{FoundRow, MissedRow, RuleExplanation};

/// The name and version of the record's format.
pub const SCHEMA: &str = "security-gate-explanation/1";

/// How many findings a list has at most; how many there are is said beside it.
pub const MOST_FINDINGS: usize = 20;

/// Why a decision is as it is, for one thing in it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explanation<'a> {
    /// `security-gate-explanation/1`.
    pub schema: &'static str,
    /// When it was decided, RFC 3339 in UTC.
    pub time: String,
    /// Whether the release may go on.
    pub verdict: Verdict,
    /// Whether the verdict decides the exit code.
    pub mode: Mode,
    /// An identifier that means this and nothing else.
    pub id: String,
    /// What is explained.
    #[serde(flatten)]
    pub about: About<'a>,
}

/// What is explained.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum About<'a> {
    /// A finding.
    Finding(Box<FindingExplanation<'a>>),
    /// An issue.
    Issue(IssueExplanation<'a>),
    /// A rule.
    Rule(RuleExplanation<'a>),
    /// An exception.
    Exception(ExceptionExplanation<'a>),
}

/// Findings that are one problem, with what they are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IssueExplanation<'a> {
    /// The issue.
    pub issue: IssueRow<'a>,
    /// Its findings, worst first.
    pub members: List<'a>,
}

/// Some findings, worst first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List<'a> {
    /// How many there are, each identity once.
    pub count: usize,
    /// The first of them.
    pub findings: Vec<ShortRow<'a>>,
}

/// A finding in short.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShortRow<'a> {
    /// What makes it the same finding from run to run.
    pub fingerprint: String,
    /// Whether it counts against rules.
    pub status: Status,
    /// Its severity, or what an unknown one counts as.
    pub severity: crate::finding::Severity,
    /// The scanner that found it.
    pub scanner: &'a str,
    /// The scanner's name of the rule, advisory or check.
    pub rule_id: &'a str,
    /// What it is, in a line.
    pub title: String,
    /// Where it is, in words.
    pub location: String,
    /// Why it stands here, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What a selector asks by one key, and what a finding has.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AnswerRow<'a> {
    /// The key.
    pub key: &'static str,
    /// Its value as the policy has it, for `when` the expression.
    pub asked: &'a str,
    /// What the finding has; for `when` the values of the names that it uses. Empty
    /// when it is not known.
    pub found: String,
    /// Whether it holds; `null` when that cannot be said.
    pub holds: Option<bool>,
    /// Why that cannot be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What would have to hold, in words; absent when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<String>,
}

/// A place in a policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlaceRow<'a> {
    /// The file, or `builtin:NAME`.
    pub source: &'a str,
    /// The line, counted from 1.
    pub line: usize,
}

impl<'a> From<&'a Origin> for PlaceRow<'a> {
    fn from(origin: &'a Origin) -> Self {
        Self {
            source: &origin.source.name,
            line: origin.line(),
        }
    }
}

impl<'a> From<Answer<'a>> for AnswerRow<'a> {
    fn from(answer: Answer<'a>) -> Self {
        let is_yes = answer.is_yes();
        Self {
            key: answer.key,
            asked: answer.asked,
            found: answer.found,
            holds: answer.holds.as_ref().ok().copied(),
            needed: (!is_yes).then_some(answer.needed),
            error: answer.holds.err(),
        }
    }
}

impl<'a> Explanation<'a> {
    /// Explains what `meaning` is in `decision`; absent when there is no such
    /// thing in it.
    pub fn new(decision: &'a Decision<'a>, meaning: Meaning) -> Option<Self> {
        let about = match meaning {
            Meaning::Finding(index) => {
                About::Finding(Box::new(FindingExplanation::new(decision, index)?))
            }
            Meaning::Issue(index) => {
                let issue = decision.issues.all().get(index)?;
                let members = issue.findings.iter().map(|&index| (index, None));
                About::Issue(IssueExplanation {
                    issue: IssueRow::new(decision, issue),
                    members: List::of(decision, members),
                })
            }
            Meaning::Rule(index) => {
                About::Rule(RuleExplanation::new(decision, decision.rules.get(index)?))
            }
            Meaning::Exception(index) => {
                let outcome = decision.exceptions.get(index)?;
                About::Exception(ExceptionExplanation::new(decision, outcome))
            }
        };
        Some(Self {
            schema: SCHEMA,
            time: decision.circumstances.now.to_string(),
            verdict: decision.verdict(),
            mode: decision.policy.mode,
            id: meaning.name(decision)?,
            about,
        })
    }
}

/// The identities of findings that were met.
#[derive(Default)]
struct Seen(HashSet<String>);

impl Seen {
    /// Whether none of its identity was met before.
    fn is_first(&mut self, judged: &Judged<'_>) -> bool {
        self.0
            .insert(judged.subject.finding.fingerprint.to_string())
    }
}

impl<'a> List<'a> {
    /// The findings, each identity once, with why they stand there.
    fn of(
        decision: &'a Decision<'a>,
        findings: impl Iterator<Item = (usize, Option<String>)>,
    ) -> Self {
        let mut seen = Seen::default();
        let mut list = Self {
            count: 0,
            findings: Vec::new(),
        };
        for (index, why) in findings {
            let Some(judged) = decision.findings.get(index) else {
                continue;
            };
            if !seen.is_first(judged) {
                continue;
            }
            list.count += 1;
            if list.findings.len() < MOST_FINDINGS {
                list.findings.extend(ShortRow::new(decision, index, why));
            }
        }
        list
    }
}

impl<'a> ShortRow<'a> {
    fn new(decision: &'a Decision<'a>, index: usize, why: Option<String>) -> Option<Self> {
        let row = FindingRow::of(decision, index)?;
        Some(Self {
            status: row.status,
            severity: row.counts_as.unwrap_or(row.severity),
            scanner: row.scanner,
            rule_id: row.rule_id,
            title: row.headline().to_owned(),
            location: row.location.to_string(),
            fingerprint: row.fingerprint.to_string(),
            why,
        })
    }
}

/// Why a finding does not count, in words; absent when it does.
fn why_closed(decision: &Decision<'_>, index: usize) -> Option<String> {
    let judged = decision.findings.get(index)?;
    let standing = &judged.standing;
    match standing.status {
        Status::Open => None,
        Status::Accepted => standing.exception.map(|by| {
            format!(
                "the exception {} accepts it until {}: {}",
                by.id, by.expires, by.reason
            )
        }),
        Status::NotAffected => judged.subject.vex.as_deref().map(|ruling| {
            let statement = ruling.statement;
            let reason = statement.reason.as_deref().unwrap_or("it gives no reason");
            format!(
                "{} says that the product is {}: {reason}",
                ruling.document.origin.path,
                statement.status.name()
            )
        }),
        Status::Suppressed => {
            let words = judged.subject.finding.suppressed();
            Some(format!(
                "{} suppressed it: {}",
                judged.subject.source.scanner,
                words.unwrap_or_default()
            ))
        }
    }
}
