//! ZAP's JSON, in which attributes have an `@` before their names.

use serde::Deserialize;

use super::health::{Insight, Listed, Report};
use super::{Alert, Site};
use crate::parser::fields::{List, Text, Texts};
use crate::parser::json::{Json, Kind};
use crate::parser::{Emitter, ParseError};
use crate::report::Scan;

#[derive(Deserialize)]
struct Instance<'a> {
    #[serde(borrow, default)]
    uri: Text<'a>,
    #[serde(borrow, default)]
    method: Text<'a>,
    #[serde(borrow, default)]
    param: Text<'a>,
}

#[derive(Deserialize)]
struct Sequence<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    steps: List<SequenceStep<'a>>,
}

#[derive(Deserialize)]
struct SequenceStep<'a> {
    #[serde(borrow, default)]
    step: Text<'a>,
    #[serde(borrow, default)]
    pass: Text<'a>,
}

pub(super) fn parse(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut report = Report::default();
    let mut has_sites = false;
    json.object(|json, key| {
        match key {
            "@version" => report.set_version(&json.value::<Text<'_>>()?),
            "created" => report.set_created(&json.value::<Text<'_>>()?),
            "site" => {
                has_sites = true;
                if json.kind()? == Kind::Object {
                    read_site(json, &mut report, emitter)?;
                } else {
                    json.array(|json| read_site(json, &mut report, emitter))?;
                }
            }
            "insights" => json.array_or_null(|json| {
                report.add_insight(&json.value::<Insight<'_>>()?);
                Ok(())
            })?,
            "stoppingInsight" => match json.kind()? {
                Kind::Null => {}
                Kind::Object => {
                    let insight = json.value::<Insight<'_>>()?;
                    report.stopped.add(&insight.describe());
                }
                _ => report.stopped.add(&json.value::<Text<'_>>()?),
            },
            "afPlanErrors" => read_messages(json, &mut report.plan_errors)?,
            "afPlanWarns" => read_messages(json, &mut report.plan_warnings)?,
            "sequences" => json.array_or_null(|json| {
                let sequence = json.value::<Sequence<'_>>()?;
                for step in &sequence.steps.0 {
                    report.add_step(&sequence.name, &step.step, &step.pass);
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    if !has_sites {
        return Err(json.error("`site` is missing: this is not a ZAP report"));
    }
    Ok(report.into_scan())
}

fn read_site(
    json: &mut Json,
    report: &mut Report,
    emitter: &mut Emitter<'_>,
) -> Result<(), ParseError> {
    let mut site = Site::default();
    let mut name = String::new();
    let mut host = String::new();
    let mut has_alerts = false;
    json.object(|json, key| {
        match key {
            "@name" => name = json.value::<Text<'_>>()?.to_string(),
            "@host" => host = json.value::<Text<'_>>()?.to_string(),
            "alerts" => {
                has_alerts = true;
                json.array(|json| {
                    let alert = read_alert(json)?;
                    site.add(alert)
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    site.set_name(&name, &host);
    if !has_alerts {
        return Err(json.error("`alerts` is missing: what was found on the site is not known"));
    }
    if site.name.is_empty() {
        return Err(json.error("`@name` is missing: which site was scanned is not known"));
    }
    report.add_site(site, emitter)
}

fn read_alert(json: &mut Json) -> Result<Alert, ParseError> {
    let mut alert = Alert::new(json.pointer());
    json.object(|json, key| {
        if key == "instances" && json.kind()? == Kind::Array {
            return json.array(|json| read_instance(json, &mut alert));
        }
        if let Some(field) = Alert::field(key) {
            // A repeated key is an error of its own.
            alert.set(field, &json.value::<Text<'_>>()?);
        }
        Ok(())
    })?;
    Ok(alert)
}

/// The converter of old made a list of an element with one child, so an
/// instance that has nothing but an address is a list of one.
fn read_instance(json: &mut Json, alert: &mut Alert) -> Result<(), ParseError> {
    if json.kind()? == Kind::Object {
        let instance = json.value::<Instance<'_>>()?;
        alert.add_instance(&instance.uri, &instance.method, &instance.param);
    } else {
        let texts = json.value::<Texts<'_>>()?;
        alert.add_instance(texts.0.first().map_or("", |text| text), "", "");
    }
    Ok(())
}

/// A list of messages; one that is no text counts all the same.
fn read_messages(json: &mut Json, messages: &mut Listed) -> Result<(), ParseError> {
    json.array_or_null(|json| {
        let text = json.value::<Text<'_>>()?;
        messages.add(text.some().unwrap_or("a message that is no text"));
        Ok(())
    })
}
