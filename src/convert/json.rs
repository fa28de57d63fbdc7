//! Copies of JSON reports in which some values are changed.
//!
//! The copy walks along with [`Json`]: what is not looked at goes over in pieces,
//! and no more than one entry of a list is in memory at a time.

use base16ct::lower;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::Context;
use super::changes::{MISSING, NULLS, TOO_LONG, WRONG_TYPE};
use super::out::Out;
use crate::parser::ParseError;
use crate::parser::json::{Json, Kind};

/// The longest path that the server stores, in characters.
pub(super) const PATH: usize = 4000;

pub(super) type Object = Map<String, Value>;

/// Writes JSON, each text of it cleaned.
pub(super) struct Writer<'w, 'o> {
    pub(super) context: &'w mut Context<'o>,
    out: &'w mut Out,
    needs_comma: bool,
}

/// Whether an entry is to be sent.
pub(super) enum Entry {
    Sent,
    LeftOut,
}

impl<'w, 'o> Writer<'w, 'o> {
    pub(super) fn new(context: &'w mut Context<'o>, out: &'w mut Out) -> Self {
        Self {
            context,
            out,
            needs_comma: false,
        }
    }

    /// Copies the object that comes next. `member` is called with each key and
    /// is to write the member, or not.
    pub(super) fn object(
        &mut self,
        json: &mut Json,
        mut member: impl FnMut(&mut Self, &mut Json, &str) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        self.begin(b"{");
        json.object(|json, key| member(self, json, key))?;
        self.end(b"}");
        Ok(())
    }

    /// Copies the list that comes next, `null` as an empty one. `element` is to
    /// write each.
    pub(super) fn list(
        &mut self,
        json: &mut Json,
        mut element: impl FnMut(&mut Self, &mut Json) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        if json.kind()? == Kind::Null {
            self.context.changes.add(NULLS);
        }
        self.begin(b"[");
        json.array_or_null(|json| element(self, json))?;
        self.end(b"]");
        Ok(())
    }

    /// Copies the list of entries that comes next, each changed by `edit`.
    pub(super) fn entries(
        &mut self,
        json: &mut Json,
        mut edit: impl FnMut(&mut Context<'_>, &mut Object) -> Entry,
    ) -> Result<(), ParseError> {
        self.list(json, |writer, json| {
            let mut entry = json.value::<Value>()?;
            let sent = match entry.as_object_mut() {
                Some(entry) => edit(writer.context, entry),
                None => Entry::Sent,
            };
            if matches!(sent, Entry::Sent) {
                writer.value(entry);
            }
            writer.out.goes_on(&writer.context.changes)
        })
    }

    /// Copies a member as it is.
    pub(super) fn member(&mut self, json: &mut Json, key: &str) -> Result<(), ParseError> {
        self.key(key);
        self.copy(json)
    }

    /// Copies the value that comes next, however large.
    pub(super) fn copy(&mut self, json: &mut Json) -> Result<(), ParseError> {
        if json.is_small()? {
            let value = json.value::<Value>()?;
            self.value(value);
            return Ok(());
        }
        match json.kind()? {
            Kind::Object => self.object(json, Self::member),
            Kind::Array => self.list(json, Self::copy),
            _ => {
                let value = json.value::<Value>()?;
                self.value(value);
                Ok(())
            }
        }
    }

    pub(super) fn key(&mut self, key: &str) {
        self.separate();
        self.out.put(Value::from(key).to_string().as_bytes());
        self.out.put(b":");
        self.needs_comma = false;
    }

    pub(super) fn value(&mut self, mut value: Value) {
        self.separate();
        clean(self.context, &mut value);
        self.out.put_json(&value);
        self.needs_comma = true;
    }

    pub(super) fn begin(&mut self, bracket: &[u8]) {
        self.separate();
        self.out.put(bracket);
        self.needs_comma = false;
    }

    pub(super) fn end(&mut self, bracket: &[u8]) {
        self.out.put(bracket);
        self.needs_comma = true;
    }

    fn separate(&mut self) {
        if self.needs_comma {
            self.out.put(b",\n");
        }
        self.needs_comma = false;
    }
}

/// Cleans every text in a value.
fn clean(context: &mut Context<'_>, value: &mut Value) {
    match value {
        Value::String(text) => {
            let has_bad = |text: &str| memchr::memchr(0, text.as_bytes()).is_some();
            if let Some(cleaned) = context.clean(text, has_bad, |character| character == '\0') {
                *text = cleaned;
            }
        }
        Value::Array(list) => {
            for value in list {
                clean(context, value);
            }
        }
        Value::Object(object) => {
            for (_, value) in object {
                clean(context, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Makes sure that these members are texts: `default` where there is none.
pub(super) fn need_texts(
    context: &mut Context<'_>,
    object: &mut Object,
    keys: &[&str],
    default: &str,
) {
    for &key in keys {
        match object.get(key) {
            Some(Value::String(_)) => continue,
            Some(Value::Null) | None => context.changes.add(MISSING),
            Some(_) => context.changes.add(WRONG_TYPE),
        }
        let text = object.get(key).and_then(scalar_text);
        let text = text.unwrap_or_else(|| default.to_owned());
        object.insert(key.to_owned(), text.into());
    }
}

/// Makes texts of these members where they are something else, and leaves out
/// what cannot be one.
pub(super) fn allow_texts(context: &mut Context<'_>, object: &mut Object, keys: &[&str]) {
    for &key in keys {
        let text = match object.get(key) {
            None | Some(Value::String(_) | Value::Null) => continue,
            Some(other) => scalar_text(other),
        };
        context.changes.add(WRONG_TYPE);
        match text {
            Some(text) => object.insert(key.to_owned(), text.into()),
            None => object.remove(key),
        };
    }
}

/// Makes lists of texts of these members: a text becomes a list of one, and what
/// is neither is left out.
pub(super) fn allow_text_lists(context: &mut Context<'_>, object: &mut Object, keys: &[&str]) {
    for &key in keys {
        let texts: Vec<Value> = match object.get(key) {
            None => continue,
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => continue,
            Some(Value::Array(list)) => {
                let texts = list.iter().filter_map(scalar_text);
                texts.map(Value::from).collect()
            }
            Some(other) => {
                let text = scalar_text(other).filter(|text| !text.is_empty());
                text.into_iter().map(Value::from).collect()
            }
        };
        let is_null = object.get(key).is_some_and(Value::is_null);
        context
            .changes
            .add(if is_null { NULLS } else { WRONG_TYPE });
        if texts.is_empty() {
            object.remove(key);
        } else {
            object.insert(key.to_owned(), texts.into());
        }
    }
}

/// Cuts these members to as many characters as the server's database takes; one
/// more fails the import when part of it is done.
pub(super) fn limit_texts(
    context: &mut Context<'_>,
    object: &mut Object,
    limits: &[(&str, usize)],
) {
    for &(key, limit) in limits {
        let text = text(object, key);
        if text.len() <= limit || text.chars().count() <= limit {
            continue;
        }
        // What was different stays so.
        let digest = Sha256::digest(text.as_bytes());
        let digest = lower::encode_string(digest.get(..8).unwrap_or_default());
        let kept = limit.saturating_sub(digest.len() + 1);
        let cut: String = text.chars().take(kept).chain(['…']).collect();
        object.insert(key.to_owned(), (cut + &digest).into());
        context.changes.add(TOO_LONG);
    }
}

/// Leaves out these members where they are `null`.
pub(super) fn drop_nulls(context: &mut Context<'_>, object: &mut Object, keys: &[&str]) {
    for &key in keys {
        if object.get(key).is_some_and(Value::is_null) {
            object.remove(key);
            context.changes.add(NULLS);
        }
    }
}

/// The text of a member, or none.
pub(super) fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A text, number or boolean as text.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Puts a digest in the place of these texts, where secrets are not to be sent.
pub(super) fn redact(context: &mut Context<'_>, object: &mut Object, keys: &[&str]) {
    for &key in keys {
        let Some(value) = object.get_mut(key) else {
            continue;
        };
        redact_value(context, value);
    }
}

fn redact_value(context: &mut Context<'_>, value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(redacted) = context.redact(text) {
                *text = redacted;
            }
        }
        Value::Array(list) => {
            for value in list {
                redact_value(context, value);
            }
        }
        Value::Object(object) => {
            for (_, value) in object {
                redact_value(context, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
