//! The bodies of DefectDojo's refusals, word for word.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::http::Answer;

/// The advertisement that comes with every other answer.
pub(crate) const PRO: &str =
    "Pro comes with support. Try today for free or email us at hello@defectdojo.com";

/// The body of a 500.
pub(crate) static INTERNAL_ERROR: LazyLock<Value> = LazyLock::new(
    || json!({"message": "Internal server error, check logs for details", "pro": [PRO]}),
);

/// An upload that ends without success.
pub(crate) type Refused<T> = Result<T, Answer>;

/// `["…"]`, of the step that looks up what the upload is for.
pub(crate) fn listed(text: &str) -> Answer {
    Answer::json(400, &json!([text]))
}

/// `{"detail": "…"}`.
pub(crate) fn detail(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({"detail": text}))
}

pub(crate) fn no_permission() -> Answer {
    detail(403, "You do not have permission to perform this action.")
}

pub(crate) fn internal_error() -> Answer {
    Answer::json(500, &INTERNAL_ERROR)
}

/// `{"message": "['…']"}`, of a report that cannot be read.
pub(crate) fn message(text: &str) -> Answer {
    let message = format!("[{}]", repr(text));
    Answer::json(400, &json!({"message": message, "pro": [PRO]}))
}

/// `{"message": "{'name': ['…']}"}`, of an object that cannot be created.
pub(crate) fn name_message(text: &str) -> Answer {
    let message = format!("{{'name': [{}]}}", repr(text));
    Answer::json(400, &json!({"message": message, "pro": [PRO]}))
}

/// What is wrong with the fields of a request.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<(String, String, &'static str)>);

impl FieldErrors {
    pub(crate) fn add(&mut self, field: &str, text: impl Into<String>, code: &'static str) {
        self.0.push((field.to_owned(), text.into(), code));
    }

    /// `{"<field>": ["…"], "message": "<python text>"}`, if anything is wrong.
    pub(crate) fn check(self) -> Refused<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut body = Map::new();
        let mut message = Vec::new();
        for (field, text, code) in self.0 {
            message.push(format!(
                "{}: [ErrorDetail(string={}, code='{code}')]",
                repr(&field),
                repr(&text)
            ));
            body.insert(field, json!([text]));
        }
        let message = format!("{{{}}}", message.join(", "));
        body.insert("message".into(), message.into());
        body.insert("pro".into(), json!([PRO]));
        Err(Answer::json(400, &body.into()))
    }
}

/// One wrong field.
pub(crate) fn field(name: &str, text: &str, code: &'static str) -> Answer {
    let mut errors = FieldErrors::default();
    errors.add(name, text, code);
    errors.check().expect_err("one error")
}

/// A text as Python writes it.
fn repr(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    if escaped.contains('\'') && !escaped.contains('"') {
        return format!("\"{escaped}\"");
    }
    format!("'{}'", escaped.replace('\'', "\\'"))
}
