//! Trivy's JSON, for `Trivy Scan`.
//!
//! That parser stops at most of what Go writes as `null`, passes over a
//! vulnerability with a severity that it has no word for, and makes findings of
//! checks that passed.

use serde_json::Value;

use super::changes::{WEAKNESSES, WORDS, WRONG_TYPE};
use super::json::{
    Entry, Object, PATH, Writer, allow_text_lists, allow_texts, drop_nulls, limit_texts,
    need_texts, redact, scalar_text, text,
};
use super::{Context, ConvertError, Out, Source, variables};
use crate::finding::Severity;
use crate::parser::ParseError;
use crate::parser::json::{Json, Kind};
use crate::parser::semgrep::says_so;

const SCHEMA: &str = "reports without the version of their schema, sent with it";
const PASSED: &str = "checks that passed, left out: DefectDojo would file them as findings";
const RESOURCES: &str =
    "lists of a cluster's resources, sent under a name for which DefectDojo reads all of them";
const UNNAMED: &str = "clusters without a name, called `cluster`";
const SUMMARY: &str = "summaries of a cluster, sent as lists of its resources";
const CODE: &str = "code around secrets, left out";
const MODIFIED: &str = "findings that Trivy lists as suppressed, which DefectDojo does not file";
const EXCEPTIONS: &str =
    "checks excepted by the scan's policy, which DefectDojo files as active findings";
const SCORED: &str =
    "vulnerabilities without a severity, which DefectDojo computes from their scores";
const UNKNOWN: &str = "findings of unknown severity, which DefectDojo files as `Info`";

pub(super) fn convert(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    let shape = shape(source)?;
    source.copy_json(context, out, |writer, json| {
        if json.kind()? != Kind::Object {
            return match json.kind()? {
                Kind::Null => writer.copy(json),
                _ => writer.list(json, result),
            };
        }
        writer.begin(b"{");
        json.object(|json, key| match key {
            "Results" => {
                writer.key(key);
                writer.list(json, result)
            }
            "Resources" | "Findings" | "Vulnerabilities" | "Misconfigurations"
                if shape.is_cluster =>
            {
                writer.key(shape.name_for(key));
                if key == "Findings" {
                    writer.context.changes.add(SUMMARY);
                } else if shape.name_for(key) != key {
                    writer.context.changes.add(RESOURCES);
                }
                writer.list(json, resource)
            }
            "Metadata" => metadata(writer, json, key),
            "ClusterName" => {
                let mut name = json.value::<Value>()?;
                // Some versions of DefectDojo know a cluster by that it has a name.
                if name.as_str().is_some_and(str::is_empty) {
                    name = "cluster".into();
                    writer.context.changes.add(UNNAMED);
                }
                writer.key(key);
                writer.value(name);
                Ok(())
            }
            _ => writer.member(json, key),
        })?;
        if !shape.is_cluster && !shape.is_versioned {
            writer.key("SchemaVersion");
            writer.value(2.into());
            writer.context.changes.add(SCHEMA);
        }
        writer.end(b"}");
        Ok(())
    })
}

/// What has to be known of a report before its first member is written.
#[derive(Default)]
struct Shape {
    is_versioned: bool,
    is_cluster: bool,
    /// Whether there is a resource that is in no namespace. DefectDojo's parser
    /// takes those under `Resources` for ones of the resource before, and fails
    /// when there is none; those under the name of 2022 it reads well.
    has_global: bool,
}

impl Shape {
    fn name_for<'a>(&self, key: &'a str) -> &'a str {
        match key {
            "Resources" | "Findings" if self.has_global => "Vulnerabilities",
            "Findings" => "Resources",
            key => key,
        }
    }
}

fn shape(source: &Source<'_>) -> Result<Shape, ConvertError> {
    let mut shape = Shape::default();
    let mut has_both = false;
    source.read_json(|json| match json.kind()? {
        Kind::Object => json.object(|json, key| {
            match key {
                "SchemaVersion" => shape.is_versioned = true,
                "ClusterName" => shape.is_cluster = true,
                "Vulnerabilities" => has_both = true,
                "Resources" | "Findings" => {
                    json.array_or_null(|json| {
                        let mut is_global = true;
                        json.object(|json, key| {
                            if key == "Namespace" {
                                let namespace = json.value::<Value>()?;
                                is_global = namespace.as_str().is_none_or(str::is_empty);
                            }
                            Ok(())
                        })?;
                        shape.has_global |= is_global;
                        Ok(())
                    })?;
                }
                _ => {}
            }
            Ok(())
        }),
        _ => json.skip(),
    })?;
    shape.has_global &= !has_both;
    Ok(shape)
}

fn resource(writer: &mut Writer<'_, '_>, json: &mut Json) -> Result<(), ParseError> {
    writer.object(json, |writer, json, key| match key {
        "Results" => {
            writer.key(key);
            writer.list(json, result)
        }
        "Metadata" => metadata(writer, json, key),
        _ => writer.member(json, key),
    })
}

/// What is known of an image, and the variables that were set in it.
fn metadata(writer: &mut Writer<'_, '_>, json: &mut Json, key: &str) -> Result<(), ParseError> {
    let mut value = json.value::<Value>()?;
    if writer.context.redactor.is_on() {
        variables::redact(writer.context, &mut value);
    }
    writer.key(key);
    writer.value(value);
    Ok(())
}

fn result(writer: &mut Writer<'_, '_>, json: &mut Json) -> Result<(), ParseError> {
    writer.object(json, |writer, json, key| {
        let edit = match key {
            "Vulnerabilities" => vulnerability,
            "Misconfigurations" => misconfiguration,
            "Secrets" => secret,
            "Licenses" => license,
            "ExperimentalModifiedFindings" => modified,
            _ => return writer.member(json, key),
        };
        // The one list that is taken as `null`, too.
        if key == "Vulnerabilities" && json.kind()? == Kind::Null {
            return writer.member(json, key);
        }
        writer.key(key);
        writer.entries(json, edit)
    })
}

fn vulnerability(context: &mut Context<'_>, entry: &mut Object) -> Entry {
    need_texts(context, entry, &["PkgName"], "");
    let limits = [
        ("InstalledVersion", 100),
        ("PkgName", 500),
        ("PkgPath", PATH),
    ];
    limit_texts(context, entry, &limits);
    severity(context, entry, Absent::Scored, true);
    allow_texts(context, entry, &["Status", "PkgPath", "SeveritySource"]);
    drop_nulls(context, entry, &["CVSS", "VulnerabilityID"]);
    allow_text_lists(context, entry, &["References", "CweIDs"]);
    weaknesses(context, entry);
    Entry::Sent
}

/// Leaves out weaknesses without a number behind the first `-`.
fn weaknesses(context: &mut Context<'_>, entry: &mut Object) {
    const LONGEST: usize = 6;
    let Some(Value::Array(names)) = entry.get_mut("CweIDs") else {
        return;
    };
    let is_weakness = |name: &Value| {
        let number = name.as_str().and_then(|name| name.split('-').nth(1));
        let number = number.unwrap_or_default().trim();
        (1..=LONGEST).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let before = names.len();
    names.retain(is_weakness);
    let left_out = (before - names.len()) as u64;
    context.changes.add_many(WEAKNESSES, left_out);
}

fn misconfiguration(context: &mut Context<'_>, entry: &mut Object) -> Entry {
    let status = entry.get("Status").and_then(scalar_text);
    let status = status.unwrap_or_default().trim().to_ascii_uppercase();
    if status == "PASS" {
        context.changes.add(PASSED);
        return Entry::LeftOut;
    }
    if status == "EXCEPTION" {
        context.caveats.add(EXCEPTIONS);
    }
    // Without one it is `Low` there.
    severity(context, entry, Absent::Unknown, status != "EXCEPTION");
    let lists = ["References"];
    allow_text_lists(context, entry, &lists);
    drop_nulls(context, entry, &["CauseMetadata", "Title"]);
    if entry
        .get("Message")
        .is_some_and(|message| !message.is_string())
    {
        need_texts(context, entry, &["Message"], "");
    }
    cause(context, entry);
    Entry::Sent
}

/// What fails a check. Where the check is about secrets, it has one in it.
fn cause(context: &mut Context<'_>, entry: &mut Object) {
    let is_about_secrets = ["ID", "Title", "Message"]
        .iter()
        .any(|key| says_so(text(entry, key)));
    match entry.get_mut("CauseMetadata") {
        None => {}
        Some(Value::Object(cause)) => {
            drop_nulls(context, cause, &["Code"]);
            lines(context, cause, is_about_secrets);
        }
        Some(_) => {
            entry.remove("CauseMetadata");
            context.changes.add(WRONG_TYPE);
        }
    }
}

fn lines(context: &mut Context<'_>, cause: &mut Object, is_about_secrets: bool) {
    if is_about_secrets && let Some(Value::Object(code)) = cause.get_mut("RenderedCause") {
        redact(context, code, &["Raw", "Highlighted"]);
    }
    let Some(code) = cause.get_mut("Code") else {
        return;
    };
    let Value::Object(code) = code else {
        cause.remove("Code");
        return context.changes.add(WRONG_TYPE);
    };
    match code.get_mut("Lines") {
        None | Some(Value::Null) => {}
        Some(Value::Array(lines)) if lines.iter().all(Value::is_object) => {
            for line in lines.iter_mut().filter_map(Value::as_object_mut) {
                if is_about_secrets {
                    redact(context, line, &["Content", "Highlighted"]);
                }
            }
        }
        Some(_) => {
            code.remove("Lines");
            context.changes.add(WRONG_TYPE);
        }
    }
}

fn secret(context: &mut Context<'_>, entry: &mut Object) -> Entry {
    severity(context, entry, Absent::Unknown, true);
    redact_match(context, entry);
    Entry::Sent
}

/// Trivy masks what matched, and not what stands beside it.
fn redact_match(context: &mut Context<'_>, entry: &mut Object) {
    redact(context, entry, &["Match"]);
    if context.redactor.is_on() && entry.remove("Code").is_some_and(|code| !code.is_null()) {
        context.redacted += 1;
        context.changes.add(CODE);
    }
}

fn license(context: &mut Context<'_>, entry: &mut Object) -> Entry {
    severity(context, entry, Absent::Unknown, true);
    Entry::Sent
}

/// Not read there; but secrets are secrets.
fn modified(context: &mut Context<'_>, entry: &mut Object) -> Entry {
    context.caveats.add(MODIFIED);
    if let Some(Value::Object(finding)) = entry.get_mut("Finding") {
        redact_match(context, finding);
        cause(context, finding);
    }
    Entry::Sent
}

/// What the server's parser makes of an absent severity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// It looks at the scores.
    Scored,
    /// It fails, or takes another one; so it is written.
    Unknown,
}

/// Writes the severity in one of the words of the server's parser, and in the
/// one for `unknown` what it has no word for.
fn severity(context: &mut Context<'_>, entry: &mut Object, absent: Absent, is_active: bool) {
    const KNOWN: [&str; 5] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"];
    let written = entry.get("Severity");
    if absent == Absent::Scored
        && written.is_none_or(|word| word.is_null() || word.as_str() == Some(""))
    {
        context.caveats.add(SCORED);
        return;
    }
    let text = written.and_then(scalar_text).unwrap_or_default();
    let word = text.trim().to_ascii_uppercase();
    // Both words are `Info` there.
    if ["NEGLIGIBLE", "NONE"].contains(&word.as_str()) {
        let (from, to) = (Severity::Info, Severity::Unknown);
        context.changes.add_severity(from, to, is_active);
        entry.insert("Severity".to_owned(), "UNKNOWN".into());
        return;
    }
    let word = match KNOWN.contains(&word.as_str()) {
        true => word,
        false => "UNKNOWN".to_owned(),
    };
    if word == "UNKNOWN" {
        context.caveats.add(UNKNOWN);
    }
    if written.and_then(Value::as_str) != Some(word.as_str()) {
        entry.insert("Severity".to_owned(), word.into());
        context.changes.add(WORDS);
    }
}
