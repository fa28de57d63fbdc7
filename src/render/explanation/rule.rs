//! What a rule counts, what it does not, and what turns it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::super::summary::{ActionRow, RemedyRow, RuleRow};
use super::{List, PlaceRow, Seen, why_closed};
use crate::policy::decide::{Decision, RuleOutcome, Status};
use crate::policy::explain::Counts;
use crate::policy::forecast::forecast;
use crate::policy::selector::Answer;

/// How many different answers of the findings that a rule misses are listed.
const MOST_ANSWERS: usize = 5;

/// What a rule counts, what it does not, and what turns it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleExplanation<'a> {
    /// The rule.
    pub rule: RuleRow<'a>,
    /// Where it stands.
    pub place: PlaceRow<'a>,
    /// Whether it had an answer for every finding; without one, what is not broken
    /// need not hold.
    pub answered: bool,
    /// The open findings that it counts.
    pub counted: List<'a>,
    /// Those that it would count if they were open.
    pub closed: List<'a>,
    /// Those about which it could not be asked.
    pub unknown: List<'a>,
    /// The open findings that it does not count, by the first key that fails.
    pub missed: Vec<MissedRow<'a>>,
    /// What turns it, in words.
    pub turns: Vec<String>,
    /// Those of the actions by which the verdict is `fail` no more that make this
    /// rule hold.
    pub actions: Vec<ActionRow<'a>>,
}

/// Open findings that a rule does not count, by one of its keys.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MissedRow<'a> {
    /// The first key that fails.
    pub key: &'static str,
    /// Its value as the policy has it, for `when` the expression.
    pub asked: &'a str,
    /// What would have to hold, in words.
    pub needed: String,
    /// How many findings there are, each identity once.
    pub count: usize,
    /// What the findings have, most frequent first.
    pub found: Vec<FoundRow>,
}

/// What some findings have.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundRow {
    /// What they have; empty when it is not known.
    pub value: String,
    /// How many findings, each identity once.
    pub count: usize,
}

impl<'a> RuleExplanation<'a> {
    pub(super) fn new(decision: &'a Decision<'a>, outcome: &'a RuleOutcome<'a>) -> Self {
        let mut closed = Vec::new();
        let mut unknown = Vec::new();
        let mut missed = Missed::default();
        for (index, judged) in decision.findings.iter().enumerate() {
            let (counts, answers) = decision.counting(outcome, judged);
            let is_open = judged.standing.status == Status::Open;
            match counts {
                Counts::IfOpen => closed.push((index, why_closed(decision, index))),
                Counts::Unknown if is_open => {
                    let mut errors = answers.into_iter();
                    let error = errors.find_map(|answer| answer.holds.err());
                    unknown.push((index, error));
                }
                Counts::No if is_open => {
                    if missed.seen.is_first(judged) {
                        missed.add(answers);
                    }
                }
                Counts::Yes | Counts::No | Counts::Unknown => {}
            }
        }
        let counted = outcome.findings.iter().map(|&index| (index, None));
        Self {
            rule: RuleRow::new(decision, outcome),
            place: PlaceRow::from(&outcome.rule.origin),
            answered: decision.is_answered(outcome),
            counted: List::of(decision, counted),
            closed: List::of(decision, closed.into_iter()),
            unknown: List::of(decision, unknown.into_iter()),
            missed: missed.into_rows(),
            turns: turns(decision, outcome),
            actions: actions(decision, outcome),
        }
    }
}

/// Findings that are missed, by the first answer that is no yes.
#[derive(Default)]
struct Missed<'a> {
    seen: Seen,
    /// By the place of the key in the selector.
    keys: BTreeMap<usize, (Answer<'a>, BTreeMap<String, usize>)>,
}

impl<'a> Missed<'a> {
    fn add(&mut self, answers: Vec<Answer<'a>>) {
        let mut answers = answers.into_iter().enumerate();
        if let Some((at, answer)) = answers.find(|(_, answer)| !answer.is_yes()) {
            let found = answer.found.clone();
            let (_, counts) = self
                .keys
                .entry(at)
                .or_insert_with(|| (answer, BTreeMap::new()));
            *counts.entry(found).or_default() += 1;
        }
    }

    fn into_rows(self) -> Vec<MissedRow<'a>> {
        let row = |(answer, counts): (Answer<'a>, BTreeMap<String, usize>)| {
            let mut found: Vec<_> = counts
                .into_iter()
                .map(|(value, count)| FoundRow { value, count })
                .collect();
            let count = found.iter().map(|row| row.count).sum();
            // Stable: values of one frequency stay in their own order.
            found.sort_by_key(|row| std::cmp::Reverse(row.count));
            found.truncate(MOST_ANSWERS);
            MissedRow {
                key: answer.key,
                asked: answer.asked,
                needed: answer.needed,
                count,
                found,
            }
        };
        self.keys.into_values().map(row).collect()
    }
}

fn actions<'a>(decision: &Decision<'a>, outcome: &RuleOutcome<'a>) -> Vec<ActionRow<'a>> {
    let actions = RemedyRow::new(decision).map(|remedy| remedy.actions);
    let actions = actions.unwrap_or_default().into_iter();
    let serves = |action: &ActionRow<'_>| action.rules.contains(&outcome.rule.id.as_str());
    actions.filter(serves).collect()
}

fn turns(decision: &Decision<'_>, outcome: &RuleOutcome<'_>) -> Vec<String> {
    let (count, max) = (outcome.count, outcome.rule.max);
    let problems = |count: u64| match count {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let mut turns = Vec::new();
    if outcome.is_broken() {
        let over = count - max;
        let verb = if over == 1 { "has" } else { "have" };
        turns.push(format!(
            "it is broken: {} of {count} {verb} to be mended or accepted",
            problems(over)
        ));
    } else if decision.is_answered(outcome) {
        turns.push(format!(
            "it holds: {} more would break it",
            problems((max - count).saturating_add(1))
        ));
    }
    if outcome.rule.selector.needs().exceed(decision.known) {
        turns.push(
            "it asks for what is not known here, so it counts nothing and the decision is incomplete"
                .to_owned(),
        );
    } else if !decision.is_answered(outcome) {
        turns.push("it has no answer for some findings, so the decision is incomplete".to_owned());
    }
    if let Some(effective) = outcome.rule.effective
        && decision.circumstances.today() < effective
    {
        turns.push(format!(
            "it only warns until {effective}; from then on it fails"
        ));
    }
    let ahead = forecast(decision).rules.into_iter();
    let ahead = ahead.filter(|ahead| ahead.rule.id == outcome.rule.id);
    turns.extend(ahead.map(|ahead| {
        let causes: Vec<_> = ahead.causes.iter().map(ToString::to_string).collect();
        let on = ahead.on;
        format!(
            "with time alone it fails from {on} on: {}",
            causes.join("; ")
        )
    }));
    turns
}
