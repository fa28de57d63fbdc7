//! What the summary says of what is to come: when today's state turns red, and
//! what would turn it green.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::fingerprints;
use super::shown::Shown;
use crate::fingerprint::Fingerprint;
use crate::policy::decide::{Decision, Verdict};
use crate::policy::forecast::{ExceptionForecast, Forecast, RuleForecast, forecast};
use crate::policy::remedy::{Kind, Remedy, Step, passes_if};

/// What becomes of the verdict with time alone: with the same reports and the
/// same knowledge, as far as the policy is concerned.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ForecastRow<'a> {
    /// The first day on which the verdict is `fail`; `null` where it is today, and
    /// where it never will be.
    pub red_on: Option<String>,
    /// That day and what happens on it, in words.
    pub text: Option<String>,
    /// The last day of which this is known; absent where it is known of all days
    /// to come. Only an expression that calculates with the age limits it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The rules that fail on some day and do not today, by day.
    pub rules: Vec<RuleForecastRow<'a>>,
    /// The exceptions by whose end findings come back, by day.
    pub exceptions: Vec<ExceptionForecastRow<'a>>,
}

/// A rule that is going to fail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleForecastRow<'a> {
    /// Its name.
    pub id: &'a str,
    /// The first day on which it fails.
    pub on: String,
    /// How many problems it counts on that day.
    pub count: u64,
    /// How many problems it allows.
    pub max: u64,
}

/// An exception that is going to end.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExceptionForecastRow<'a> {
    /// Its name.
    pub id: &'a str,
    /// The day after its last one.
    pub on: String,
    /// The fingerprints of the findings that come back.
    pub findings: Box<[Shown<Fingerprint>]>,
    /// The rules that fail on that day and count one of them.
    pub breaks: Vec<&'a str>,
}

impl<'a> ForecastRow<'a> {
    pub(super) fn new(decision: &Decision<'a>) -> Self {
        let forecast = forecast(decision);
        let text = forecast.line();
        let Forecast {
            red_on,
            rules,
            exceptions,
            until,
        } = forecast;
        let rule = |RuleForecast {
                        rule, on, count, ..
                    }| RuleForecastRow {
            id: &rule.id,
            on: on.to_string(),
            count,
            max: rule.max,
        };
        Self {
            red_on: red_on.map(|day| day.to_string()),
            text,
            until: until.map(|day| day.to_string()),
            rules: rules.into_iter().map(rule).collect(),
            exceptions: exceptions
                .iter()
                .map(|exception| ExceptionForecastRow::new(decision, exception))
                .collect(),
        }
    }
}

impl<'a> ExceptionForecastRow<'a> {
    /// Writes down what the end of an exception does.
    pub(in crate::render) fn new(
        decision: &Decision<'a>,
        forecast: &ExceptionForecast<'a>,
    ) -> Self {
        Self {
            id: &forecast.exception.id,
            on: forecast.on.to_string(),
            findings: fingerprints(decision, &forecast.findings),
            breaks: forecast
                .breaks
                .iter()
                .map(|rule| rule.id.as_str())
                .collect(),
        }
    }
}

/// Actions by which a verdict is `fail` no more.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RemedyRow<'a> {
    /// What the verdict is then; `incomplete` when something is missing besides.
    pub then: Verdict,
    /// Whether fewer actions are known not to do. None of the actions can be left
    /// out in any case.
    pub is_smallest: bool,
    /// The actions, those first that clear most: at most 1,000 of them.
    pub actions: Vec<ActionRow<'a>>,
    /// How many more it takes, none of which clears more than the last that is
    /// listed; absent where all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<NonZeroUsize>,
}

/// An action that clears findings.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ActionRow<'a> {
    /// What kind of action it is.
    pub kind: Kind,
    /// What to do, in words.
    pub text: String,
    /// How many of the findings that keep the release from going on it clears.
    pub clears: u64,
    /// The rules that fail by these.
    pub rules: Vec<&'a str>,
    /// The fingerprints of all open findings that it clears.
    pub findings: Box<[Shown<Fingerprint>]>,
}

impl<'a> RemedyRow<'a> {
    /// Absent unless the verdict is `fail`.
    pub(in crate::render) fn new(decision: &Decision<'a>) -> Option<Self> {
        let Remedy {
            then,
            is_smallest,
            steps,
            more,
        } = passes_if(decision)?;
        let action = |step: Step<'a>| ActionRow {
            kind: step.kind,
            text: step.text,
            clears: step.clears,
            rules: step.rules.iter().map(|rule| rule.id.as_str()).collect(),
            findings: fingerprints(decision, &step.findings),
        };
        Some(Self {
            then,
            is_smallest,
            actions: steps.into_iter().map(action).collect(),
            more: NonZeroUsize::new(more),
        })
    }

    /// How many actions it takes.
    pub fn count(&self) -> usize {
        self.actions.len() + self.more.map_or(0, NonZeroUsize::get)
    }

    /// What the actions do together, in a line.
    pub fn in_words(&self) -> String {
        let outcome = match self.then {
            Verdict::Pass => "passes",
            Verdict::Incomplete | Verdict::Fail => "no longer fails, but is incomplete,",
        };
        match (self.count(), self.is_smallest) {
            (1, _) => format!("{outcome} with one action"),
            (count, true) => format!("{outcome} with {count} actions; no fewer would do"),
            (count, false) => format!("{outcome} with {count} actions; none can be left out"),
        }
    }
}
