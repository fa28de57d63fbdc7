//! Whether what a report lacks may be closed at the server, as far as that can be
//! told without asking it.
//!
//! A report that covers less than the one before closes what it did not look at,
//! and the server believes it. So closing needs everything to speak for it.

use std::collections::BTreeMap;

use super::Closing;
use crate::finding::Severity;
use crate::policy::evidence::{Field, Filing, Switch};
use crate::policy::template::Template;
use crate::report::{Health, Report, Scan};
use crate::scan_record::Context;

/// What names the place of a report; which branch it stands for shows in one of
/// them.
const NAMING: [Field; 4] = [
    Field::TestTitle,
    Field::Engagement,
    Field::Product,
    Field::Service,
];

/// Whether a report closes, and why.
pub(super) fn closing(
    report: &Report,
    filing: &Filing,
    title: &Template,
    context: &Context,
    variables: &BTreeMap<&str, String>,
) -> Closing {
    let told = reason(report, filing, title, context, variables);
    let (close, why) = match told {
        Ok(why) => (true, why),
        Err(why) => (false, why),
    };
    Closing {
        close,
        why,
        max_percent: filing.max_close.unwrap_or(Filing::MAX_CLOSE),
        max_count: filing.max_close_count.unwrap_or(Filing::MAX_CLOSE_COUNT),
    }
}

fn reason(
    report: &Report,
    filing: &Filing,
    title: &Template,
    context: &Context,
    variables: &BTreeMap<&str, String>,
) -> Result<String, String> {
    match filing.switched(Switch::CloseOldFindings) {
        Some(false) => return Err("the configuration says so".to_owned()),
        None if filing.switched(Switch::Import) == Some(true) => {
            return Err("each upload makes a test of its own".to_owned());
        }
        _ => {}
    }
    if let Some(least) = filing.minimum_severity
        && least != Severity::Info
    {
        return Err(format!(
            "what is below `minimum_severity = \"{}\"` is not sent, and would be closed",
            least.name()
        ));
    }
    match report.health() {
        Health::Complete => {}
        health => {
            let reasons = report.scan.iter().flat_map(Scan::reasons);
            let reasons: Vec<_> = reasons.collect();
            let health = health.name();
            return Err(match reasons.as_slice() {
                [] => format!("the report is {health}"),
                [first, ..] => format!("the report is {health}: {first}"),
            });
        }
    }
    branch(filing, title, context, variables)
}

/// Whether the report is of the branch that its test stands for.
fn branch(
    filing: &Filing,
    title: &Template,
    context: &Context,
    variables: &BTreeMap<&str, String>,
) -> Result<String, String> {
    if let Some(stands_for) = filing.texts.get(&Field::Branch) {
        let stands_for = stands_for.fill(variables)?;
        return match &context.branch {
            Some(branch) if *branch == stands_for => {
                Ok(format!("complete, and of the branch {branch}"))
            }
            Some(branch) => Err(format!(
                "the test stands for the branch {stands_for}, and this is {branch}"
            )),
            None => Err(format!(
                "the test stands for the branch {stands_for}, and nothing says which one this is"
            )),
        };
    }
    if filing.test_id.is_some() {
        return Err("nothing says which branch the test stands for: say it in `branch`".to_owned());
    }
    let says = |variable| {
        let texts = NAMING.iter().filter(|field| **field != Field::TestTitle);
        let mut texts = texts.filter_map(|field| filing.texts.get(field));
        title.asks(variable) || texts.any(|text| text.asks(variable))
    };
    let told = [
        ("branch", &context.branch),
        ("tag", &context.tag),
        ("merge_request", &context.merge_request),
    ];
    let mut told = told.into_iter();
    let told = told.find_map(|(variable, value)| {
        let value = value.as_ref().filter(|_| says(variable))?;
        Some(format!(
            "complete, and of the {} {value}",
            variable.replace('_', " ")
        ))
    });
    told.ok_or_else(|| {
        "every branch is filed in this test: add `{{ branch }}` to its title, or say in `branch` which one it stands for".to_owned()
    })
}
