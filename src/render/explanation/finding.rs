//! A finding's way to the verdict.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::summary::{FindingRow, IssueRow, in_words};
use super::{AnswerRow, MOST_FINDINGS, PlaceRow, why_closed};
use crate::enrichment::vex::{self, Idle, Ruling};
use crate::finding::Pointer;
use crate::policy::Action;
use crate::policy::decide::{Decision, ExceptionState, Status};
use crate::policy::explain::{Accepts, Counts};

/// A finding's way to the verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingExplanation<'a> {
    /// The finding.
    pub finding: FindingRow<'a>,
    /// Why it does not count, in words; absent when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The VEX statements about its vulnerabilities that do not take it out of the
    /// decision, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementRow<'a>>,
    /// For how many days it has been known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<u32>,
    /// Where else it stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub occurrences: Vec<OccurrenceRow<'a>>,
    /// The issue that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<IssueRow<'a>>,
    /// Every rule, in the policy's order.
    pub rules: Vec<FindingRuleRow<'a>>,
    /// The exceptions that accept it, mean it, or nearly do.
    pub exceptions: Vec<FindingExceptionRow<'a>>,
    /// How many exceptions mean others.
    pub other_exceptions: usize,
}

/// A VEX statement that does not take the finding out of the decision.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatementRow<'a> {
    /// The document's path.
    pub document: &'a str,
    /// Where in the document it stands: a JSON Pointer.
    pub pointer: &'a str,
    /// What it says of the product: `affected`, for one.
    pub status: &'static str,
    /// Why it does not hold; absent when it does, and says that something is to be
    /// done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl<'a> StatementRow<'a> {
    fn new(ruling: &Ruling<'a>, idle: Idle) -> Self {
        let statement = ruling.statement;
        let why = match idle {
            Idle::Says if statement.status == vex::Status::Unclear => {
                Some("its status is not known, or lacks the reason that it needs".to_owned())
            }
            Idle::Says => None,
            Idle::Future => Some(format!("it is of {}, which is yet to come", statement.time)),
            Idle::Elsewhere => Some(
                "it names other products, or none by a package URL that can be compared".to_owned(),
            ),
            Idle::Outweighed => Some(
                "another statement takes it back, or there is none for another vulnerability of the finding".to_owned(),
            ),
        };
        Self {
            document: &ruling.document.origin.path,
            pointer: &statement.pointer,
            status: statement.status.name(),
            why,
        }
    }
}

/// Another place in which the same finding stands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OccurrenceRow<'a> {
    /// The report's path.
    pub report: &'a str,
    /// Where in the report it stands.
    pub pointer: Pointer<&'a str>,
    /// The lane of the report.
    pub lane: &'a str,
    /// Whether it counts there.
    pub status: Status,
}

/// What a rule has to say to a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingRuleRow<'a> {
    /// The rule's name.
    pub id: &'a str,
    /// Where it stands.
    pub place: PlaceRow<'a>,
    /// Whether it counts the finding.
    pub counts: Counts,
    /// What happens today when it is broken.
    pub action: Action,
    /// The first day on which it can fail; it warns until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<String>,
    /// Whether there are more problems than it allows.
    pub broken: bool,
    /// Whether it had an answer for every finding; without one, what is not broken
    /// need not hold.
    pub answered: bool,
    /// How many problems it counts.
    pub count: u64,
    /// How many it allows.
    pub max: u64,
    /// What it asks, key by key, and what the finding has.
    pub answers: Vec<AnswerRow<'a>>,
}

/// What an exception has to say to a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingExceptionRow<'a> {
    /// The exception's name.
    pub id: &'a str,
    /// Where it stands.
    pub place: PlaceRow<'a>,
    /// Whether it accepts the finding.
    pub accepts: Accepts,
    /// Whether it holds, and for anything.
    pub state: ExceptionState,
    /// The last day on which it holds.
    pub expires: String,
    /// Why it does not accept the finding though it means it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it asks, key by key, and what the finding has.
    pub answers: Vec<AnswerRow<'a>>,
}

impl<'a> FindingExplanation<'a> {
    pub(super) fn new(decision: &'a Decision<'a>, index: usize) -> Option<Self> {
        let judged = decision.findings.get(index)?;
        let rules = decision.rules.iter().map(|outcome| {
            let (counts, answers) = decision.counting(outcome, judged);
            FindingRuleRow {
                id: &outcome.rule.id,
                place: PlaceRow::from(&outcome.rule.origin),
                counts,
                action: outcome.action,
                effective: outcome.rule.effective.map(|date| date.to_string()),
                broken: outcome.is_broken(),
                answered: decision.is_answered(outcome),
                count: outcome.count,
                max: outcome.rule.max,
                answers: answers.into_iter().map(AnswerRow::from).collect(),
            }
        });
        let exceptions = decision.exceptions.iter().map(|outcome| {
            let (accepts, refusal, answers) = decision.accepting(outcome, judged);
            FindingExceptionRow {
                id: &outcome.exception.id,
                place: PlaceRow::from(&outcome.exception.origin),
                accepts,
                state: outcome.state,
                expires: outcome.exception.expires.to_string(),
                why: refusal.map(in_words),
                answers: answers.into_iter().map(AnswerRow::from).collect(),
            }
        });
        let (others, mut exceptions): (Vec<_>, Vec<_>) =
            exceptions.partition(|row| row.accepts == Accepts::No);
        // Stable: those of one kind stay in the policy's order.
        exceptions.sort_by_key(|row| row.accepts != Accepts::Yes);
        let fingerprint = judged.subject.finding.fingerprint;
        let same = decision.findings.iter().enumerate();
        let same = same
            .filter(|(at, other)| *at != index && other.subject.finding.fingerprint == fingerprint);
        let occurrences = same.filter_map(|(_, other)| {
            Some(OccurrenceRow {
                report: &decision.reports.get(other.report as usize)?.path,
                pointer: other.subject.finding.pointer(),
                lane: other.subject.source.lane,
                status: other.standing.status,
            })
        });
        let statements = decision.idle_statements(judged).into_iter();
        let statements = statements.map(|(ruling, idle)| StatementRow::new(&ruling, idle));
        let issue = decision.issues.of_finding(index);
        Some(Self {
            finding: FindingRow::of(decision, index)?,
            why: why_closed(decision, index),
            statements: statements.take(MOST_FINDINGS).collect(),
            age: judged.subject.age(),
            occurrences: occurrences.collect(),
            issue: issue.map(|issue| IssueRow::new(decision, issue)),
            rules: rules.collect(),
            exceptions,
            other_exceptions: others.len(),
        })
    }
}
