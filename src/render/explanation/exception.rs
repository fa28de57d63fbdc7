//! What an exception accepts, what it means and does not accept, and for how long.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::summary::{ExceptionForecastRow, ExceptionRow, in_words};
use super::{List, PlaceRow};
use crate::policy::decide::{Decision, ExceptionOutcome, Status};
use crate::policy::explain::Accepts;
use crate::policy::forecast::forecast;
use crate::policy::selector::Answer;

/// What an exception accepts, what it means and does not accept, and for how long.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExceptionExplanation<'a> {
    /// The exception.
    pub exception: ExceptionRow<'a>,
    /// Where it stands.
    pub place: PlaceRow<'a>,
    /// How many days are left, today not counted; negative when it is over.
    pub days_left: i32,
    /// What its end does; absent when no finding comes back by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<ExceptionForecastRow<'a>>,
    /// What it accepts.
    pub accepted: List<'a>,
    /// What it means and does not accept, with the reason.
    pub refused: List<'a>,
    /// What it means and something else has taken out already.
    pub not_needed: List<'a>,
    /// Open findings about which it could not be asked.
    pub unknown: List<'a>,
    /// Open findings that it nearly means, with what would have to hold.
    pub nearly: List<'a>,
}

impl<'a> ExceptionExplanation<'a> {
    pub(super) fn new(decision: &'a Decision<'a>, outcome: &'a ExceptionOutcome<'a>) -> Self {
        let mut lists: [Vec<(usize, Option<String>)>; 5] = Default::default();
        let [accepted, refused, not_needed, unknown, nearly] = &mut lists;
        for (index, judged) in decision.findings.iter().enumerate() {
            let is_open = judged.standing.status == Status::Open;
            let (accepts, refusal, answers) = decision.accepting(outcome, judged);
            match accepts {
                Accepts::Yes => accepted.push((index, None)),
                Accepts::Refused => refused.push((index, refusal.map(in_words))),
                Accepts::NotNeeded => not_needed.push((index, super::why_closed(decision, index))),
                Accepts::Unknown => {
                    let mut errors = answers.into_iter();
                    unknown.push((index, errors.find_map(|answer| answer.holds.err())));
                }
                Accepts::Nearly if is_open => nearly.push((index, Some(needed(answers)))),
                Accepts::Nearly | Accepts::No => {}
            }
        }
        let [accepted, refused, not_needed, unknown, nearly] =
            lists.map(|findings| List::of(decision, findings.into_iter()));
        let today = decision.circumstances.today();
        Self {
            exception: ExceptionRow::new(decision, outcome),
            place: PlaceRow::from(&outcome.exception.origin),
            days_left: (outcome.exception.expires - today).get_days(),
            end: end(decision, outcome),
            accepted,
            refused,
            not_needed,
            unknown,
            nearly,
        }
    }
}

fn end<'a>(
    decision: &Decision<'a>,
    outcome: &ExceptionOutcome<'a>,
) -> Option<ExceptionForecastRow<'a>> {
    let ahead = forecast(decision).exceptions;
    let mut ahead = ahead.iter();
    let ahead = ahead.find(|ahead| ahead.exception.id == outcome.exception.id)?;
    Some(ExceptionForecastRow::new(decision, ahead))
}

/// What would have to hold, and what there is.
fn needed(answers: Vec<Answer<'_>>) -> String {
    let no = answers.into_iter().filter(|answer| !answer.is_yes());
    let needed = no.map(|answer| match answer.found.as_str() {
        "" => format!("{}, which is not known", answer.needed),
        found => format!("{}, and is {found}", answer.needed),
    });
    needed.collect::<Vec<_>>().join("; ")
}
