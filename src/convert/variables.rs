//! The variables that were set in an image, without the secrets among them.

use serde_json::Value;

use super::Context;
use crate::parser::url;

const VARIABLES: &str = "variables of an image that are named like credentials, sent as digests";

/// Puts digests in the place of what is assigned to names of credentials, in any
/// text of a value.
pub(super) fn redact(context: &mut Context<'_>, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(masked) = without_assignments(context, text) {
                context.redacted += 1;
                context.changes.add(VARIABLES);
                *text = masked;
            }
        }
        Value::Array(list) => {
            for value in list {
                redact(context, value);
            }
        }
        Value::Object(members) => {
            for (_, value) in members {
                redact(context, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text like `ENV API_TOKEN=…` without the value; absent when there is nothing
/// of the kind.
fn without_assignments(context: &Context<'_>, text: &str) -> Option<String> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('=') {
        masked = masked + before + "=";
        rest = after;
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let name = before.trim_end_matches(is_name).len();
        if !before.get(name..).is_some_and(url::is_credential) {
            continue;
        }
        let end = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let closing = after.get(1..).and_then(|text| text.find(quote));
                closing.map_or(after.len(), |closing| closing + 2)
            }
            _ => after.find(char::is_whitespace).unwrap_or(after.len()),
        };
        let (value, after) = after.split_at(end);
        if let Some(digest) = context.redactor.secret(value) {
            masked.push_str(&digest);
            rest = after;
        }
    }
    masked.push_str(rest);
    (masked != text).then_some(masked)
}
