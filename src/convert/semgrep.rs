//! Semgrep's JSON, for `Semgrep JSON Report`.
//!
//! That parser takes the words of severities that it knows and no other, reads a
//! number out of the first word of every weakness, and needs some fields that
//! older versions leave out. It has no mark for what `nosemgrep` suppresses.

use serde_json::{Value, json};

use super::changes::{MISSING, WEAKNESSES, WORDS, WRONG_TYPE};
use super::json::{
    Entry, Object, PATH, allow_text_lists, allow_texts, limit_texts, need_texts, redact,
    scalar_text, text,
};
use super::{Context, ConvertError, Out, Source};
use crate::finding::Severity;
use crate::parser::fields::cwes;
use crate::parser::semgrep::{NO_LOGIN, message_without_secret, severity};

/// What repeats the code of a result about a secret.
const CODE: [&str; 5] = ["lines", "fix", "fixed_lines", "metavars", "dataflow_trace"];

const SUPPRESSED: &str =
    "findings that `nosemgrep` suppresses, which DefectDojo files as active ones";

pub(super) fn convert(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    source.copy_json(context, out, |writer, json| {
        writer.object(json, |writer, json, key| {
            writer.key(key);
            match key {
                "results" => writer.entries(json, result),
                _ => writer.copy(json),
            }
        })
    })
}

fn result(context: &mut Context<'_>, result: &mut Object) -> Entry {
    redact_code(context, result);
    match result.get_mut("start") {
        Some(Value::Object(start)) if start.contains_key("line") => {}
        Some(Value::Object(start)) => {
            start.insert("line".to_owned(), Value::Null);
            context.changes.add(MISSING);
        }
        _ => {
            result.insert("start".to_owned(), json!({"line": null}));
            context.changes.add(MISSING);
        }
    }
    limit_texts(context, result, &[("path", PATH)]);
    let Some(Value::Object(extra)) = result.get_mut("extra") else {
        return Entry::Sent;
    };
    if extra.get("is_ignored") == Some(&Value::Bool(true)) {
        context.caveats.add(SUPPRESSED);
    }
    need_texts(context, extra, &["message"], "");
    allow_texts(context, extra, &["lines", "fix"]);
    word_of_severity(context, extra);
    match extra.get_mut("metadata") {
        Some(Value::Object(metadata)) => {
            weaknesses(context, metadata);
            allow_text_lists(context, metadata, &["references"]);
            if metadata.get("references").is_some_and(Value::is_null) {
                metadata.remove("references");
            }
        }
        found => {
            let what = if found.is_none() { MISSING } else { WRONG_TYPE };
            context.changes.add(what);
            extra.insert("metadata".to_owned(), json!({}));
        }
    }
    Entry::Sent
}

fn redact_code(context: &mut Context<'_>, result: &mut Object) {
    if !context.redactor.is_on() {
        return;
    }
    let message = message_without_secret(result, &context.options.parser.secrets);
    let (Some(message), Some(Value::Object(extra))) = (message, result.get_mut("extra")) else {
        return;
    };
    if text(extra, "message") != message {
        extra.insert("message".to_owned(), message.into());
        context.note_redaction();
    }
    if text(extra, "lines") == NO_LOGIN {
        redact(context, extra, &CODE[1..]);
    } else {
        redact(context, extra, &CODE);
    }
}

/// Writes the severity in one of the words that the server's parser has.
fn word_of_severity(context: &mut Context<'_>, extra: &mut Object) {
    const KNOWN: [&str; 7] = [
        "CRITICAL", "ERROR", "HIGH", "WARNING", "MEDIUM", "INFO", "LOW",
    ];
    let written = extra.get("severity").and_then(scalar_text);
    let written = written.unwrap_or_default();
    let word = written.trim().to_ascii_uppercase();
    let is_known = KNOWN.contains(&word.as_str());
    if is_known && written.eq_ignore_ascii_case(&word) {
        return;
    }
    let word = if is_known {
        context.changes.add(WORDS);
        word
    } else {
        let is_counted = extra.get("is_ignored") != Some(&Value::Bool(true));
        let sent = match severity(&word) {
            // There is nothing below `LOW` there.
            Severity::Info => {
                let changes = &mut context.changes;
                changes.add_severity(Severity::Info, Severity::Low, is_counted);
                Severity::Low
            }
            _ => context.instead_of_unknown(is_counted, Severity::Critical..=Severity::Low),
        };
        sent.name().to_ascii_uppercase()
    };
    extra.insert("severity".to_owned(), word.into());
}

/// Writes weaknesses as `CWE-89` or `CWE-89: …`, which is all that is read.
fn weaknesses(context: &mut Context<'_>, metadata: &mut Object) {
    let names: Vec<String> = match metadata.get("cwe") {
        None => return,
        Some(Value::String(name)) if is_weakness(name) => return,
        Some(Value::Array(names))
            if !names.is_empty()
                && names
                    .iter()
                    .all(|name| name.as_str().is_some_and(is_weakness)) =>
        {
            return;
        }
        Some(Value::Array(names)) => names.iter().filter_map(scalar_text).collect(),
        Some(name) => scalar_text(name).into_iter().collect(),
    };
    context.changes.add(WEAKNESSES);
    let mut readable = Vec::new();
    for name in names {
        if is_weakness(&name) {
            readable.push(name);
        } else {
            readable.extend(
                cwes(&name)
                    .into_iter()
                    .map(|number| format!("CWE-{number}")),
            );
        }
    }
    readable.retain(|name| is_weakness(name));
    if readable.is_empty() {
        metadata.remove("cwe");
    } else {
        metadata.insert("cwe".to_owned(), readable.into());
    }
}

/// Whether the server finds a number between the first `-` and the first `:`,
/// and one that its database takes.
fn is_weakness(name: &str) -> bool {
    const LONGEST: usize = 6;
    let name = name.split(':').next().unwrap_or_default();
    let number = name.split_once('-').map_or("", |(_, number)| number.trim());
    (1..=LONGEST).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}
