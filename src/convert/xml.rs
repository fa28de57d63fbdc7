//! Copies of XML reports, and XML made of JSON.

use serde_json::{Map, Value};

use super::Context;
use super::json::scalar_text;
use super::out::Out;
use crate::parser::ParseError;
pub(super) use crate::parser::xml::Element;

impl Element {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    pub(super) fn with_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::new(name)
        }
    }

    /// An element of this name that says what a JSON value does: members are
    /// children, entries of a list are children called `item`.
    pub(super) fn of_json(name: &str, value: &Value, item: &str) -> Self {
        let mut element = Self::new(name);
        match value {
            Value::Object(members) => element.take_members(members, &[]),
            Value::Array(list) => {
                let entries = list.iter().map(|entry| Self::of_json(item, entry, item));
                element.children = entries.collect();
            }
            scalar => element.text = scalar_text(scalar).unwrap_or_default(),
        }
        element
    }

    /// Adds the members of an object as children, but for some. `null` is no
    /// member.
    pub(super) fn take_members(&mut self, members: &Map<String, Value>, without: &[&str]) {
        let wanted = members
            .iter()
            .filter(|(key, value)| !without.contains(&key.as_str()) && !value.is_null());
        for (key, value) in wanted {
            self.children.push(Self::of_json(&tag(key), value, "item"));
        }
    }

    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.children.iter_mut().find(|child| child.name == name)
    }

    /// The text of a child, without blanks around it; empty without one.
    pub(super) fn child_text(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let (_, value) = attributes.find(|(full, _)| full == name)?;
        Some(value)
    }

    pub(super) fn set_attribute(&mut self, name: &str, value: impl Into<String>) {
        self.attributes.push((name.to_owned(), value.into()));
    }
}

/// A key of JSON as the name of an element: what no name can have is left out.
fn tag(key: &str) -> String {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let name: String = key.chars().filter(is_name).collect();
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() || first == '_' => name,
        _ => format!("_{name}"),
    }
}

/// Writes XML, each text of it cleaned.
pub(super) struct Writer<'w, 'o> {
    pub(super) context: &'w mut Context<'o>,
    out: &'w mut Out,
}

impl<'w, 'o> Writer<'w, 'o> {
    pub(super) fn new(context: &'w mut Context<'o>, out: &'w mut Out) -> Self {
        out.put(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { context, out }
    }

    pub(super) fn start(&mut self, name: &str, attributes: &[(String, String)]) {
        self.out.put(b"<");
        self.out.put(name.as_bytes());
        for (name, value) in attributes {
            self.out.put(b" ");
            self.out.put(name.as_bytes());
            self.out.put(b"=\"");
            self.text(value, true);
            self.out.put(b"\"");
        }
        self.out.put(b">");
    }

    /// As [`Out::goes_on`].
    pub(super) fn goes_on(&self) -> Result<(), ParseError> {
        self.out.goes_on(&self.context.changes)
    }

    pub(super) fn end(&mut self, name: &str) {
        self.out.put(b"</");
        self.out.put(name.as_bytes());
        self.out.put(b">\n");
    }

    pub(super) fn element(&mut self, element: &Element) {
        self.start(&element.name, &element.attributes);
        if element.children.is_empty() || !element.text.trim().is_empty() {
            self.text(&element.text, false);
        }
        for child in &element.children {
            self.element(child);
        }
        self.end(&element.name);
    }

    fn text(&mut self, text: &str, is_attribute: bool) {
        let has_bad = |text: &str| text.contains(is_no_xml);
        let cleaned = self.context.clean(text, has_bad, is_no_xml);
        if self.out.is_nowhere() {
            return;
        }
        let text = cleaned.as_deref().unwrap_or(text);
        let mut written = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '<' => written.push_str("&lt;"),
                '>' => written.push_str("&gt;"),
                '&' => written.push_str("&amp;"),
                '"' => written.push_str("&quot;"),
                // A reader would make a line feed or a blank of them.
                '\r' => written.push_str("&#13;"),
                '\n' if is_attribute => written.push_str("&#10;"),
                '\t' if is_attribute => written.push_str("&#9;"),
                character => written.push(character),
            }
        }
        self.out.put(written.as_bytes());
    }
}

/// What XML 1.0 has no way to write.
fn is_no_xml(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_becomes_a_name() {
        for (key, name) in [
            ("desc", "desc"),
            ("@name", "name"),
            ("request-header", "requestheader"),
            ("1<2", "_12"),
            ("", "_"),
        ] {
            assert_eq!(tag(key), name);
        }
    }
}
