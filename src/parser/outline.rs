//! The shape of a document, seen from its beginning.
//!
//! No further than needed: the root element of XML, the keys of a JSON object
//! and of what stands first in each of its lists, the first line of anything
//! else. Descriptions quote other tools, so no text is searched for words.

use super::ParseError;
use super::fields::Text;
use super::json::{Json, Kind};
use super::xml::Xml;
use crate::artifact::Window;

/// The shape of a document, as far as it has been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outline {
    /// No bytes, or white space.
    Empty,
    /// The literal `null`.
    Null,
    /// `[]`.
    EmptyArray,
    /// A JSON array, by its first element.
    Array(Shape),
    /// A JSON object, by its keys so far; `whole` when there are no more.
    Object {
        members: Vec<(String, Shape)>,
        whole: bool,
    },
    /// A JSON value that is no container.
    Scalar,
    /// XML, by its root element.
    Xml {
        root: String,
        attributes: Vec<(String, String)>,
    },
    /// Anything else, by its first line.
    Text(String),
}

/// What is known of one JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A string, number or boolean, as text; empty for `null`.
    Scalar(String),
    /// An object, by its keys.
    Object(Vec<String>),
    /// An array, by its first element; without one, empty.
    Array(Option<Box<Shape>>),
}

impl Shape {
    /// Whether it is an object with this key, or an array of such.
    pub(super) fn has(&self, key: &str) -> bool {
        match self {
            Self::Object(keys) => keys.iter().any(|k| k == key),
            Self::Array(Some(first)) => matches!(&**first, Self::Object(_)) && first.has(key),
            Self::Array(None) | Self::Scalar(_) => false,
        }
    }

    /// Whether it is an array.
    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }
}

impl Outline {
    /// The value of a key of the root object.
    pub(super) fn get(&self, key: &str) -> Option<&Shape> {
        match self {
            Self::Object { members, .. } => members
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, shape)| shape),
            _ => None,
        }
    }

    /// Whether the root object has a text under `key` that passes.
    pub(crate) fn has_text(&self, key: &str, wanted: impl Fn(&str) -> bool) -> bool {
        matches!(self.get(key), Some(Shape::Scalar(text)) if wanted(text))
    }

    /// Whether the root object has this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether the root object has an array under this key.
    pub(super) fn has_array(&self, key: &str) -> bool {
        self.get(key).is_some_and(Shape::is_array)
    }

    /// Whether the root object has an object with `inner`, or an array of such,
    /// under `key`.
    pub(crate) fn has_in(&self, key: &str, inner: &str) -> bool {
        self.get(key).is_some_and(|shape| shape.has(inner))
    }

    /// Whether the root object has these keys and no others.
    pub(super) fn has_only(&self, keys: &[&str]) -> bool {
        match self {
            Self::Object {
                members,
                whole: true,
            } => members.len() == keys.len() && keys.iter().all(|key| self.has(key)),
            _ => false,
        }
    }

    /// Whether the root is an array whose first element has all these keys.
    pub(super) fn is_array_of(&self, keys: &[&str]) -> bool {
        matches!(self, Self::Array(first) if keys.iter().all(|key| first.has(key)))
    }

    /// Whether the root is an XML element of this name.
    pub(super) fn is_xml(&self, name: &str) -> bool {
        matches!(self, Self::Xml { root, .. } if root == name)
    }

    /// Whether the root is an XML element with an attribute that passes.
    pub(super) fn has_attribute(&self, wanted: impl Fn(&str, &str) -> bool) -> bool {
        matches!(self, Self::Xml { attributes, .. } if attributes.iter().any(|(name, value)| wanted(name, value)))
    }

    /// In words, for an error.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Empty => "an empty file".to_owned(),
            Self::Null => "`null`".to_owned(),
            Self::EmptyArray => "an empty list, `[]`".to_owned(),
            Self::Array(Shape::Object(keys)) => {
                format!("a JSON list of objects with {}", listed(keys))
            }
            Self::Array(_) => "a JSON list of something other than objects".to_owned(),
            Self::Object { members, .. } if members.is_empty() => {
                "an empty JSON object, `{}`".to_owned()
            }
            Self::Object { members, .. } => {
                let keys: Vec<_> = members.iter().map(|(key, _)| key.clone()).collect();
                format!("a JSON object with {}", listed(&keys))
            }
            Self::Scalar => "a single JSON value".to_owned(),
            Self::Xml { root, .. } => format!("XML with the root element `{root}`"),
            Self::Text(_) => "neither JSON nor XML".to_owned(),
        }
    }
}

fn listed(keys: &[String]) -> String {
    const SHOWN: usize = 5;
    match keys {
        [] => "no keys".to_owned(),
        keys => {
            let shown: Vec<_> = keys
                .iter()
                .take(SHOWN)
                .map(|key| format!("`{key}`"))
                .collect();
            let more = if keys.len() > SHOWN { ", …" } else { "" };
            let word = if keys.len() == 1 {
                "the key"
            } else {
                "the keys"
            };
            format!("{word} {}{more}", shown.join(", "))
        }
    }
}

/// Looks at a document until `enough` is known of it.
pub(super) fn outline(
    mut window: Window,
    enough: fn(&Outline) -> bool,
) -> (Result<Outline, ParseError>, Window) {
    match first_byte(&mut window) {
        Err(error) => (Err(error), window),
        Ok(None) => (Ok(Outline::Empty), window),
        Ok(Some(b'<')) => xml_outline(window),
        Ok(Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) => {
            let text = match first_line(&mut window) {
                Ok(text) => text,
                Err(error) => return (Err(error), window),
            };
            let mut json = Json::new(window);
            let outline = json_outline(&mut json, enough);
            let window = json.into_window();
            match outline {
                // A log line may well begin with a bracket, or a word with an `n`.
                Err(_) if !text.starts_with(['{', '[']) => (Ok(Outline::Text(text)), window),
                outline => (outline, window),
            }
        }
        Ok(Some(_)) => (first_line(&mut window).map(Outline::Text), window),
    }
}

/// The first byte that is not white space.
fn first_byte(window: &mut Window) -> Result<Option<u8>, ParseError> {
    loop {
        let available = window.available();
        if let Some(&byte) = available.get(blanks(available)..).and_then(<[u8]>::first) {
            return Ok(Some(byte));
        }
        let blanks = window.available().len();
        window.consume(blanks);
        if !fill(window)? {
            return Ok(None);
        }
    }
}

/// How many bytes of white space stand first, by what JSON and XML take for it.
fn blanks(text: &[u8]) -> usize {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    text.iter().take_while(|byte| is_blank(byte)).count()
}

fn fill(window: &mut Window) -> Result<bool, ParseError> {
    window
        .fill()
        .map_err(|error| ParseError::new(super::io_message(&error)))
}

/// The first line that is not blank, or as much of it as tells what it is.
fn first_line(window: &mut Window) -> Result<String, ParseError> {
    const ENOUGH: usize = 1000;
    let first = blanks(window.available());
    // A single read may give a few bytes only.
    while window.available().len() < first + ENOUGH && fill(window)? {}
    let text = window.available().get(first..).unwrap_or_default();
    let start = text.get(..ENOUGH).unwrap_or(text);
    Ok(String::from_utf8_lossy(start)
        .trim_start()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned())
}

fn xml_outline(mut window: Window) -> (Result<Outline, ParseError>, Window) {
    let text = match first_line(&mut window) {
        Ok(text) => text,
        Err(error) => return (Err(error), window),
    };
    let mut xml = Xml::new(window);
    let outline = xml.root().and_then(|()| {
        Ok(Outline::Xml {
            root: xml.name().to_owned(),
            attributes: xml.attributes()?,
        })
    });
    let outline = match outline {
        Err(_) if text.to_ascii_lowercase().starts_with("<!doctype html") => {
            Ok(Outline::Text(text))
        }
        outline => outline,
    };
    (outline, xml.into_window())
}

/// How far into a document we look for what it is, in bytes: all of it is held
/// meanwhile.
pub(super) const FAR_ENOUGH: usize = 8 << 20;

/// How many keys of an object are looked at: reports begin with what they are.
const MOST_KEYS: usize = 64;

fn json_outline(json: &mut Json, enough: fn(&Outline) -> bool) -> Result<Outline, ParseError> {
    match json.kind()? {
        Kind::Object => object_outline(json, enough),
        Kind::Array => array_outline(json, enough),
        Kind::Null => json.value().map(|()| Outline::Null),
        _ => json
            .value::<serde::de::IgnoredAny>()
            .map(|_| Outline::Scalar),
    }
}

fn object_outline(json: &mut Json, is_enough: fn(&Outline) -> bool) -> Result<Outline, ParseError> {
    let mut outline = Outline::Object {
        members: Vec::new(),
        whole: false,
    };
    let mut enough = false;
    let walked = json.object(|json, key| {
        if let Outline::Object { members, .. } = &mut outline {
            if members.len() >= MOST_KEYS {
                enough = true;
                return Err(json.error("nothing like a report"));
            }
            members.push((key.to_owned(), Shape::Scalar(String::new())));
        }
        look(json, &mut |shape| {
            if let Outline::Object { members, .. } = &mut outline
                && let Some((_, last)) = members.last_mut()
            {
                *last = shape;
            }
            enough = is_enough(&outline);
            enough
        })
    });
    match walked {
        Err(_) if enough => {}
        Err(error) if error.is_too_far => {}
        Err(error) => return Err(error),
        Ok(()) => {
            if let Outline::Object { whole, .. } = &mut outline {
                *whole = true;
            }
        }
    }
    Ok(outline)
}

fn array_outline(json: &mut Json, is_enough: fn(&Outline) -> bool) -> Result<Outline, ParseError> {
    let mut outline = Outline::EmptyArray;
    let mut enough = false;
    let walked = look(json, &mut |shape| {
        if let Shape::Array(Some(first)) = shape {
            outline = Outline::Array(*first);
        }
        enough = is_enough(&outline);
        enough
    });
    match walked {
        Err(error) if !enough && !error.is_too_far => Err(error),
        _ => Ok(outline),
    }
}

/// Looks at a value and tells its shape as it becomes known; ends with an error
/// as soon as it hears that this is enough.
fn look(json: &mut Json, enough: &mut dyn FnMut(Shape) -> bool) -> Result<(), ParseError> {
    let mut tell = |shape: Shape, json: &Json| match enough(shape) {
        true => Err(json.error("recognized")),
        false => Ok(()),
    };
    match json.kind()? {
        Kind::Object => {
            let mut keys = Vec::new();
            tell(Shape::Object(Vec::new()), json)?;
            json.object(|json, key| {
                if keys.len() >= MOST_KEYS {
                    return Ok(());
                }
                keys.push(key.to_owned());
                tell(Shape::Object(keys.clone()), json)
            })
        }
        Kind::Array => {
            let mut is_first = true;
            tell(Shape::Array(None), json)?;
            json.array(|json| {
                if std::mem::take(&mut is_first) {
                    return look_at_first(json, &mut tell);
                }
                Ok(())
            })
        }
        Kind::String | Kind::Number | Kind::Bool | Kind::Null => {
            let text = json.value::<Text<'_>>()?.chars().take(100).collect();
            tell(Shape::Scalar(text), json)
        }
    }
}

/// Looks at the first element of an array: at its keys, if it is an object.
fn look_at_first(
    json: &mut Json,
    tell: &mut dyn FnMut(Shape, &Json) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    let first = |shape| Shape::Array(Some(Box::new(shape)));
    if json.kind()? != Kind::Object {
        return tell(first(Shape::Scalar(String::new())), json);
    }
    let mut keys = Vec::new();
    tell(first(Shape::Object(Vec::new())), json)?;
    json.object(|json, key| {
        if keys.len() >= MOST_KEYS {
            return Ok(());
        }
        keys.push(key.to_owned());
        tell(first(Shape::Object(keys.clone())), json)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_whole_however_little_is_read_at_once() {
        for (text, line) in [
            ("RuleID,Commit,File\na,b,c", "RuleID,Commit,File"),
            ("\r\n \nPK\u{3}\u{4} and more\r\n", "PK\u{3}\u{4} and more"),
            ("none of the words of JSON", "none of the words of JSON"),
        ] {
            let (outline, _) = outline(Window::over(text).unwrap(), |_| false);
            assert_eq!(outline.unwrap(), Outline::Text(line.to_owned()));
        }
    }

    #[test]
    fn looking_ends_after_a_while() {
        let keys = |count: usize| {
            (0..count)
                .map(|n| format!("\"k{n}\":0"))
                .collect::<Vec<_>>()
                .join(",")
        };
        for text in [
            format!("{{{}}}", keys(100_000)),
            format!("[{{{}}}]", keys(100_000)),
            format!("{{\"a\":{{{}}},\"b\":1}}", keys(100_000)),
            format!("{{\"zzz\":[{}0],\"results\":[]}}", "0,".repeat(FAR_ENOUGH)),
            format!(
                "{{\"zzz\":\"{}\",\"results\":[]}}",
                "x".repeat(2 * FAR_ENOUGH)
            ),
        ] {
            let mut window = Window::over(text).unwrap();
            window.pin(FAR_ENOUGH);
            let (outline, window) = outline(window, |outline| outline.has("results"));
            assert!(outline.is_ok_and(|outline| !outline.has("results")));
            assert!(window.available().len() < 3 * FAR_ENOUGH);
        }
        let mut window = Window::over(" ".repeat(2 * FAR_ENOUGH) + "[]").unwrap();
        window.pin(FAR_ENOUGH);
        assert!(outline(window, |_| false).0.is_err());
    }
}
