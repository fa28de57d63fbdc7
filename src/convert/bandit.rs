//! Bandit's JSON, for `Bandit Scan`.
//!
//! That parser fails without a date and on `UNDEFINED` severities. The lines of
//! code in a report come with their neighbours, so a password stands in other
//! results than that of the test that found it, too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::changes::{MISSING, WORDS};
use super::json::{
    Entry, Object, PATH, allow_texts, limit_texts, need_texts, redact, scalar_text, text,
};
use super::{Context, ConvertError, Out, Redactor, Source};
use crate::finding::Severity;
use crate::parser::bandit::password_of;
use crate::parser::fields::timestamp;
use crate::parser::json::Kind;

const DATE: &str =
    "dates that are missing or not readable, sent as the time when the file was last changed";
const CODE: &str = "lines of code with a password in them, sent with digests in their place";

/// The passwords that a report repeats. Many are none, but words such as `token`:
/// they are looked for in code only, and not in the names of files.
#[derive(Default)]
struct Passwords<'a> {
    /// Lines with one in them, by file.
    lines: BTreeMap<String, BTreeSet<u64>>,
    known: Redactor<'a>,
}

pub(super) fn convert(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    let passwords = match context.redactor.is_on() {
        true => learn(source, context)?,
        false => Passwords::default(),
    };
    source.copy_json(context, out, |writer, json| {
        let mut has_date = false;
        writer.begin(b"{");
        json.object(|json, key| match key {
            "generated_at" => {
                let written = match json.kind()? {
                    Kind::String => json.value::<String>()?,
                    _ => String::new(),
                };
                has_date = timestamp(&written).is_some();
                if has_date {
                    writer.key(key);
                    writer.value(written.into());
                }
                Ok(())
            }
            "results" => {
                writer.key(key);
                writer.entries(json, |context, entry| result(context, entry, &passwords))
            }
            _ => writer.member(json, key),
        })?;
        if !has_date {
            let date = source.modified().unwrap_or_default();
            writer.key("generated_at");
            writer.value(date.to_string().into());
            writer.context.changes.add(DATE);
        }
        writer.end(b"}");
        Ok(())
    })
}

/// Gathers the passwords that the report repeats, and where they stand.
fn learn<'a>(source: &Source<'_>, context: &Context<'a>) -> Result<Passwords<'a>, ConvertError> {
    let mut lines = BTreeMap::<_, BTreeSet<_>>::new();
    let mut passwords = BTreeSet::new();
    source.read_json(|json| {
        json.object(|json, key| match key {
            "results" => json.array(|json| {
                let entry = json.value::<Value>()?;
                if let Some(entry) = entry.as_object()
                    && let Some((_, password)) = password_of(entry)
                {
                    passwords.extend(password);
                    let numbers = lines.entry(text(entry, "filename").to_owned());
                    numbers.or_default().extend(line_numbers(entry));
                }
                Ok(())
            }),
            _ => Ok(()),
        })
    })?;
    Ok(Passwords {
        lines,
        known: context.learned(source, &passwords)?,
    })
}

fn line_numbers(entry: &Object) -> impl Iterator<Item = u64> {
    let range = entry.get("line_range").and_then(Value::as_array);
    let numbers = range.into_iter().flatten().chain(entry.get("line_number"));
    numbers.filter_map(Value::as_u64)
}

fn result(context: &mut Context<'_>, entry: &mut Object, passwords: &Passwords<'_>) -> Entry {
    redact_password(context, entry, passwords);
    let texts = ["test_id", "test_name", "filename", "issue_confidence"];
    need_texts(context, entry, &texts, "");
    if !entry.contains_key("line_number") {
        entry.insert("line_number".to_owned(), Value::Null);
        context.changes.add(MISSING);
    }
    limit_texts(context, entry, &[("filename", PATH)]);
    allow_texts(context, entry, &["code", "more_info"]);
    let name = [text(entry, "test_id"), text(entry, "test_name")];
    let name = name.into_iter().find(|name| !name.is_empty());
    let name = name.unwrap_or_default().to_owned();
    need_texts(context, entry, &["issue_text"], &name);
    word_of_severity(context, entry);
    Entry::Sent
}

fn redact_password(context: &mut Context<'_>, entry: &mut Object, passwords: &Passwords<'_>) {
    if !context.redactor.is_on() {
        return;
    }
    let code = text(entry, "code");
    let numbers = passwords.lines.get(text(entry, "filename"));
    let masked = numbers.and_then(|numbers| without_lines(context, code, numbers));
    let is_masked = masked.is_some();
    let code = masked.as_deref().unwrap_or(code);
    let elsewhere = passwords.known.without_known(code);
    if elsewhere.is_some() {
        context.note_redaction();
    }
    if let Some(code) = elsewhere.or(masked) {
        entry.insert("code".to_owned(), code.into());
    }
    let Some((label, password)) = password_of(entry) else {
        return;
    };
    if !is_masked {
        // Without numbers nothing tells the lines apart.
        redact(context, entry, &["code"]);
    }
    if let Some(digest) = password.and_then(|password| context.redact(&password)) {
        entry.insert(
            "issue_text".to_owned(),
            format!("{label}: '{digest}'").into(),
        );
    }
}

/// Code with digests in the place of these lines; absent when it has none of
/// them.
fn without_lines(context: &mut Context<'_>, code: &str, numbers: &BTreeSet<u64>) -> Option<String> {
    let mut masked = String::with_capacity(code.len());
    let mut found = false;
    for line in code.split_inclusive('\n') {
        let end = line
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(line.len());
        let (number, rest) = line.split_at(end);
        let is_secret = number
            .parse()
            .is_ok_and(|number: u64| numbers.contains(&number));
        match is_secret
            .then(|| context.redactor.secret(rest.trim()))
            .flatten()
        {
            Some(digest) => {
                found = true;
                context.redacted += 1;
                context.changes.add(CODE);
                masked = masked + number + " " + &digest;
                masked.push_str(if line.ends_with('\n') { "\n" } else { "" });
            }
            None => masked.push_str(line),
        }
    }
    found.then_some(masked)
}

fn word_of_severity(context: &mut Context<'_>, entry: &mut Object) {
    const KNOWN: [&str; 4] = ["CRITICAL", "HIGH", "MEDIUM", "LOW"];
    let written = entry.get("issue_severity").and_then(scalar_text);
    let written = written.unwrap_or_default();
    let word = written.trim().to_ascii_uppercase();
    if !KNOWN.contains(&word.as_str()) {
        let severity = context.instead_of_unknown(true, Severity::Critical..=Severity::Low);
        entry.insert(
            "issue_severity".to_owned(),
            severity.name().to_ascii_uppercase().into(),
        );
    } else if written.trim() != written {
        context.changes.add(WORDS);
        entry.insert("issue_severity".to_owned(), word.into());
    }
}
