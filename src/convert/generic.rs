//! Findings as `Generic Findings Import` takes them, for formats that DefectDojo
//! has no parser for.
//!
//! A key that it does not know fails the import, so only those are written that
//! versions 2.34 and later know. What a finding is, stays in
//! `unique_id_from_tool`: it is our fingerprint.

use std::path::Path;

use serde_json::{Map, Value};

use super::json::{Object, PATH, Writer};
use super::{Context, ConvertError, Count, Out, Source};
use crate::artifact::{self, Digested};
use crate::finding::{Category, Finding, Location, Severity};
use crate::parser;
use crate::parser::json::Json;
use crate::report::Tally;

const REWRITTEN: &str = "findings, rewritten as generic ones";

/// The longest texts that the server stores, in characters.
const TITLE: usize = 511;
const NAME: usize = 500;
const VERSION: usize = 100;

pub(super) fn convert(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    source.begin(out)?;
    let window = source.open()?;
    let name = source.path.file_name().unwrap_or_default();
    let options = &source.options.parser;
    let mut writer = Writer::new(context, out);
    writer.begin(b"{");
    writer.key("findings");
    writer.begin(b"[");
    let mut sink = |finding: Finding| {
        writer.context.changes.add(REWRITTEN);
        let item = item(writer.context, &finding);
        writer.value(Value::Object(item));
    };
    let scanner = Some(source.scanner);
    let (scan, digested) =
        parser::parse(window, &name.to_string_lossy(), scanner, options, &mut sink);
    scan.map_err(|error| source.unreadable(error))?;
    source.is_same(&digested)?;
    writer.end(b"]");
    writer.end(b"}");
    // Without findings, too, it is another file.
    context.changes.add(FORM);
    Ok(())
}

const FORM: &str = "reports, rewritten as lists of generic findings";

fn item(context: &mut Context<'_>, finding: &Finding) -> Object {
    let is_active = finding.suppressed.is_none();
    let severity = match finding.severity {
        Severity::Unknown => {
            context.instead_of_unknown(is_active, Severity::Critical..=Severity::Info)
        }
        known => known,
    };
    let mut item = Map::new();
    let mut put = |key: &str, value: Value| item.insert(key.to_owned(), value);
    put("title", cut(&finding.title, TITLE).into());
    put("severity", word(severity).into());
    put("description", description(finding).into());
    put("active", is_active.into());
    put(
        "unique_id_from_tool",
        finding.fingerprint.to_string().into(),
    );
    put("vuln_id_from_tool", cut(&finding.rule_id, NAME).into());
    let is_dynamic = finding.category == Category::Dast;
    put("static_finding", (!is_dynamic).into());
    put("dynamic_finding", is_dynamic.into());
    put("nb_occurences", finding.instance_count.into());
    if let Some(&weakness) = finding.cwes.first() {
        put("cwe", weakness.into());
    }
    if !finding.vulnerability_ids.is_empty() {
        put(
            "vulnerability_ids",
            serde_json::json!(finding.vulnerability_ids),
        );
    }
    // A parser's are at hand.
    let details = &finding.details;
    if !details.references.is_empty() {
        put("references", details.references.join("\n").into());
    }
    if !finding.fixed_in.is_empty() {
        let versions = finding.fixed_in.join(", ");
        put("mitigation", format!("Fixed in: {versions}").into());
    }
    match &finding.location {
        Location::Package {
            name,
            version,
            target,
            path,
            ..
        } => {
            put("component_name", cut(name, NAME).into());
            if let Some(version) = version {
                put("component_version", cut(version, VERSION).into());
            }
            if let Some(path) = path.as_ref().or(target.as_ref()) {
                put("file_path", cut(path, PATH).into());
            }
        }
        Location::Source { path, line, .. }
        | Location::Resource {
            target: path, line, ..
        } => {
            put("file_path", cut(path, PATH).into());
            // What the server's database takes.
            if let Some(line) = line.filter(|&line| i32::try_from(line).is_ok()) {
                put("line", line.into());
            }
        }
        Location::Web { .. } => {
            put("endpoints", addresses(finding).into());
        }
    }
    item
}

/// The addresses of the places; the server fails on what it cannot take apart.
fn addresses(finding: &Finding) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    for place in std::iter::once(&finding.location).chain(&finding.instances) {
        let Location::Web { url, .. } = place else {
            continue;
        };
        let address = url.split(['?', '#']).next().unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`*@".contains(&byte);
        let host = address.split_once("://").map_or("", |(_, rest)| rest);
        if address.starts_with("http")
            && host.starts_with(|first: char| first.is_ascii_alphanumeric())
            && address.bytes().all(is_plain)
            && !addresses.iter().any(|known| known == address)
        {
            addresses.push(address.to_owned());
        }
    }
    addresses
}

fn description(finding: &Finding) -> String {
    let details = &finding.details;
    let description = details.description.as_deref().unwrap_or_default();
    let text = match description.trim() {
        "" => &finding.title,
        _ => description,
    };
    let mut text = format!(
        "{text}\n\n**Rule:** {}\n**Place:** {}",
        finding.rule_id, finding.location
    );
    if let Some(reason) = &finding.suppressed {
        text = format!("{text}\n**Suppressed by the scanner:** {reason}");
    }
    text
}

/// The word of the server, which takes no other case.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium | Severity::Unknown => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// Reads back what was written. What the form has no place for counts as before.
pub(super) fn count(file: &Path, before: &Count) -> Result<Count, ConvertError> {
    let unopened = |error| ConvertError::Unopened {
        path: file.to_owned(),
        error,
    };
    let mut tally = Tally {
        instances: before.tally.instances,
        by_category: before.tally.by_category.clone(),
        ..Tally::default()
    };
    let mut json = Json::new(artifact::open(file, u64::MAX).map_err(unopened)?);
    let read = json.object(|json, _| {
        json.array(|json| {
            let item = json.value::<Object>()?;
            let known = [
                Severity::Critical,
                Severity::High,
                Severity::Medium,
                Severity::Low,
                Severity::Info,
            ];
            let severity = item.get("severity").and_then(Value::as_str);
            let severity = known
                .into_iter()
                .find(|&known| severity == Some(word(known)));
            if item.get("active") == Some(&Value::Bool(true)) {
                tally.findings += 1;
                tally.by_severity.add(severity.unwrap_or(Severity::Unknown));
            } else {
                tally.suppressed += 1;
            }
            Ok(())
        })
    });
    let read = read.and_then(|()| json.finish());
    read.map_err(|error| ConvertError::Unreadable {
        path: file.to_owned(),
        error,
    })?;
    Ok(Count {
        scan: before.scan.clone(),
        tally,
        digested: Digested::default(),
        sequence: before.sequence,
    })
}
