//! Gitleaks' JSON and CSV, for `Gitleaks Scan`, which takes JSON only.
//!
//! That parser puts the secret and the line around it into the description of a
//! finding, and merges findings with equal description, file, line and secret. So
//! a digest stands for each secret: different ones stay different. It refuses the
//! report when one rule has no description.

use std::collections::BTreeSet;

use csv::StringRecord;
use serde_json::{Value, json};

use super::changes::{MISSING, WRONG_TYPE};
use super::json::{
    Entry, Object, PATH, Writer, allow_text_lists, allow_texts, drop_nulls, limit_texts,
    need_texts, redact, scalar_text, text,
};
use super::{Context, ConvertError, Out, Source};
use crate::parser::ParseError;
use crate::parser::gitleaks::{has_credentials, is_redacted};
use crate::parser::json::Kind;

/// What repeats the secret, and often more of the line.
const QUOTES: [&str; 5] = ["Match", "line", "Line", "Context", "Fragment"];

/// Words in the names of rules of version 7 that the server's parser looks for.
const CRITICAL: [&str; 3] = ["AWS", "Github", "Heroku"];

const CRITICAL_RULES: &str =
    "secrets of AWS, GitHub and Heroku found by Gitleaks 7, which DefectDojo files as `Critical`";
const ROWS: &str = "rows of CSV, rewritten as JSON of Gitleaks 8";
const EMPTY_TABLE: &str = "tables without rows, rewritten as an empty list";
const DESCRIPTION: &str = "rules without a description, sent with their identifier as one";
const LINK: &str = "links that repeat a secret, left out";

pub(super) fn convert_json(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    if context.redactor.is_on() {
        let mut secrets = BTreeSet::new();
        source.read_json(|json| {
            json.array_or_null(|json| {
                let entry = json.value::<Value>()?;
                secrets.extend(entry.as_object().and_then(written_secret));
                Ok(())
            })
        })?;
        context.learn(source, &secrets)?;
    }
    source.copy_json(context, out, |writer, json| match json.kind()? {
        Kind::Null => writer.copy(json),
        _ => writer.entries(json, record),
    })
}

pub(super) fn convert_csv(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    if context.redactor.is_on() {
        let mut secrets = BTreeSet::new();
        each_row(source, |row| {
            secrets.extend(written_secret(&row));
        })?;
        context.learn(source, &secrets)?;
    }
    source.begin(out)?;
    let mut writer = Writer::new(context, out);
    writer.begin(b"[");
    let mut rows = 0;
    each_row(source, |mut row| {
        rows += 1;
        writer.context.changes.add(ROWS);
        record(writer.context, &mut row);
        writer.value(Value::Object(row));
    })?;
    writer.end(b"]");
    if rows == 0 {
        context.changes.add(EMPTY_TABLE);
    }
    out.put(b"\n");
    Ok(())
}

/// Reads a table that our parser has read before: its quotes are sound.
fn each_row(source: &Source<'_>, mut row: impl FnMut(Object)) -> Result<(), ConvertError> {
    let mut window = source.open()?;
    let unreadable = |error: csv::Error| {
        source.unreadable(ParseError::new(format!("not readable as CSV: {error}")))
    };
    let mut reader = csv::Reader::from_reader(&mut window);
    let header = reader.headers().map_err(unreadable)?.clone();
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(unreadable)? {
        row(object_of(&header, &record));
    }
    drop(reader);
    source.close(window)
}

/// A row of either version as a record of version 8.
fn object_of(header: &StringRecord, row: &StringRecord) -> Object {
    let mut object = Object::new();
    for (column, field) in header.iter().zip(row) {
        let column = column.trim();
        let is_old = column.starts_with(|first: char| first.is_ascii_lowercase());
        let name = match column {
            "rule" => "RuleID",
            "file" => "File",
            "offender" => "Secret",
            "line" => "Match",
            "lineNumber" => "StartLine",
            "commit" => "Commit",
            "leakURL" => "Link",
            "commitMsg" => "Message",
            "author" => "Author",
            "email" => "Email",
            "date" => "Date",
            "tags" => "Tags",
            column => column,
        };
        let value = match name {
            "StartLine" | "EndLine" | "StartColumn" | "EndColumn" => {
                field.trim().parse::<u64>().map_or(Value::Null, Value::from)
            }
            "Tags" => {
                let tags = field.split(if is_old { ", " } else { " " });
                tags.filter(|tag| !tag.is_empty()).collect()
            }
            _ => field.into(),
        };
        object.insert(name.to_owned(), value);
    }
    object
}

fn record(context: &mut Context<'_>, record: &mut Object) -> Entry {
    redact_secret(context, record);
    limit_texts(context, record, &[("File", PATH), ("file", PATH)]);
    if record.get("rule").is_some_and(|rule| !text_is_empty(rule)) {
        let texts = [
            "file",
            "rule",
            "commitMessage",
            "commit",
            "date",
            "author",
            "email",
            "line",
            "offender",
            "tags",
        ];
        need_texts(context, record, &texts, "");
        if CRITICAL
            .iter()
            .any(|word| text(record, "rule").contains(word))
        {
            context.caveats.add(CRITICAL_RULES);
        }
        drop_nulls(context, record, &["leakURL"]);
        return Entry::Sent;
    }
    need_texts(context, record, &["Secret", "File"], "");
    allow_texts(context, record, &["Message", "Description"]);
    allow_text_lists(context, record, &["Tags"]);
    let is_line = |line: &Value| line.as_i64().is_some() || line.is_null();
    if let Some(line) = record.get("StartLine").filter(|line| !is_line(line)) {
        let number = scalar_text(line).and_then(|text| text.trim().parse::<f64>().ok());
        let number = number.filter(|number| number.fract() == 0.0 && number.abs() < 1e9);
        context.changes.add(WRONG_TYPE);
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        let number = number.map_or(Value::Null, |number| json!(number as i64));
        record.insert("StartLine".to_owned(), number);
    }
    if text(record, "Description").is_empty() {
        let rule = record.get("RuleID").and_then(scalar_text);
        let rule = rule.filter(|rule| !rule.is_empty());
        let rule = rule.unwrap_or_else(|| "secret".to_owned());
        record.insert("Description".to_owned(), rule.into());
        context.changes.add(DESCRIPTION);
    }
    // Nothing at all to say of a finding fails there.
    let said = ["Secret", "Match", "Message", "Commit", "Date", "RuleID"];
    if said.iter().all(|key| text(record, key).is_empty()) {
        record.insert("Message".to_owned(), "no details".into());
        context.changes.add(MISSING);
    }
    Entry::Sent
}

fn text_is_empty(value: &Value) -> bool {
    scalar_text(value).is_none_or(|text| text.is_empty())
}

/// The secret of a record as it is looked for elsewhere: of one that Gitleaks
/// redacted in part, the part that is left.
fn written_secret(record: &Object) -> Option<String> {
    let written = ["Secret", "offender"]
        .iter()
        .find_map(|key| record.get(*key).and_then(scalar_text))?;
    let written = written.trim();
    match written.strip_suffix("...") {
        Some(part) => Some(part.to_owned()),
        None => Some(written.to_owned()).filter(|written| !is_redacted(written)),
    }
}

fn redact_secret(context: &mut Context<'_>, record: &mut Object) {
    if !context.redactor.is_on() {
        return;
    }
    let key = ["Secret", "offender"]
        .into_iter()
        .find(|key| record.contains_key(*key));
    let written = key.and_then(|key| record.get(key)).and_then(scalar_text);
    let written = written.unwrap_or_default();
    let word = written.trim();
    let is_gone = !word.is_empty() && is_redacted(word) && !word.ends_with("...");
    if !is_gone {
        record
            .remove("Fragment")
            .inspect(|_| context.note_redaction());
        match (key, context.redactor.secret(word)) {
            (Some(key), Some(digest)) => {
                for key in QUOTES.into_iter().chain([key]) {
                    if record.get(key).is_some_and(|value| !text_is_empty(value)) {
                        record.insert(key.to_owned(), digest.as_str().into());
                        context.note_redaction();
                    }
                }
            }
            // What surrounds a secret that is not given repeats it all the same.
            _ => redact(context, record, &QUOTES),
        }
    }
    for key in ["Link", "leakURL"] {
        let link = text(record, key);
        let file = [text(record, "File"), text(record, "file")];
        // An address repeats the path in an encoding of its own.
        let is_told = file
            .iter()
            .any(|file| context.redactor.without_known(file).is_some());
        if !link.is_empty() && (is_told || has_credentials(link)) {
            record.insert(key.to_owned(), "".into());
            context.changes.add(LINK);
        }
    }
}
