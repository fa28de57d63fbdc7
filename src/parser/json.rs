//! Reading JSON reports piece by piece.
//!
//! A report is one large document of which a parser wants small parts. [`Json`]
//! walks objects and arrays from outside to inside and hands over one value at a
//! time, deserialized by serde from the window over the file: the text of a
//! value is in memory, the report never is. What a parser does not take is
//! checked for well-formedness and skipped.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ParseError;
use super::json_path::{self, Step};
use crate::artifact::{Place, Window};

/// A reader at some place of a JSON document.
pub(crate) struct Json {
    window: Window,
    path: Vec<Step>,
    repaired: Vec<u8>,
    has_repairs: bool,
}

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Kind {
    /// What a value is that begins with this byte.
    fn of(first: u8) -> Option<Self> {
        match first {
            b'{' => Some(Self::Object),
            b'[' => Some(Self::Array),
            b'"' => Some(Self::String),
            b'-' | b'0'..=b'9' => Some(Self::Number),
            b't' | b'f' => Some(Self::Bool),
            b'n' => Some(Self::Null),
            _ => None,
        }
    }
}

impl Json {
    /// The largest single value that is taken into memory, in bytes.
    const MAX_VALUE: usize = 64 << 20;
    /// How much of a value is looked at before it is skipped by its parts.
    const MAX_SKIPPED_WHOLE: usize = 1 << 20;
    /// How deep objects and arrays are walked; the limit of `serde_json`, too.
    const MAX_DEPTH: usize = 128;

    pub(crate) fn new(window: Window) -> Self {
        Self {
            window,
            path: Vec::new(),
            repaired: Vec::new(),
            has_repairs: false,
        }
    }

    /// Whether half surrogate pairs were read as U+FFFD.
    pub(crate) fn has_repairs(&self) -> bool {
        self.has_repairs
    }

    /// The current place as a JSON Pointer (RFC 6901).
    pub(crate) fn pointer(&self) -> String {
        // One finding after the other asks for it.
        let mut pointer = String::with_capacity(64);
        for step in &self.path {
            pointer.push('/');
            match step {
                Step::Key(key) if key.contains(['~', '/']) => {
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
                Step::Key(key) => pointer.push_str(key),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    /// Where the next value begins in the text.
    pub(crate) fn place(&self) -> Place {
        self.window.place()
    }

    /// What comes next.
    pub(crate) fn kind(&mut self) -> Result<Kind, ParseError> {
        match self.peek()? {
            Some(byte) => Kind::of(byte).ok_or_else(|| self.error("expected a JSON value")),
            None => Err(self.cut_off()),
        }
    }

    /// Walks an object: `member` is called at each value, with its key, and may
    /// take the value or leave it. A repeated key is an error, because either
    /// value would hide the other.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        self.open(b'{', "an object")?;
        let mut seen = HashSet::new();
        let mut first = true;
        while !self.closes(b'}', first)? {
            first = false;
            if self.peek()? != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key = self.value::<Cow<'_, str>>()?.into_owned();
            match self.peek()? {
                Some(b':') => {}
                Some(_) => return Err(self.error("expected `:` after a key")),
                None => return Err(self.cut_off()),
            }
            self.window.consume(1);
            self.path.push(Step::Key(key.clone()));
            self.member(|json| member(json, &key))?;
            self.path.pop();
            if let Some(key) = seen.replace(key) {
                return Err(self.error(format!("the key `{key}` is given twice")));
            }
        }
        Ok(())
    }

    /// Walks an array: `element` is called at each element, and may take it or
    /// leave it.
    pub(crate) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        self.open(b'[', "a list")?;
        let mut index = 0;
        while !self.closes(b']', index == 0)? {
            self.path.push(Step::Index(index));
            self.member(&mut element)?;
            self.path.pop();
            index += 1;
        }
        Ok(())
    }

    /// Walks an array, or takes `null` for one without elements, as producers
    /// in Go write it.
    pub(crate) fn array_or_null(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        match self.kind()? {
            Kind::Null => self.skip(),
            _ => self.array(element),
        }
    }

    /// Takes the value.
    pub(crate) fn value<'a, T: Deserialize<'a>>(&'a mut self) -> Result<T, ParseError> {
        let Some(length) = self.frame(Self::MAX_VALUE)? else {
            return Err(self.error(format!(
                "a single value of more than {} bytes",
                Self::MAX_VALUE
            )));
        };
        if length == 0 {
            return Err(self.error("expected a JSON value"));
        }
        // Consuming moves no bytes, so the value stays where it is until the
        // window is filled again.
        self.window.consume(length);
        let text = self.window.consumed(length);
        let error = match serde_json::from_slice(text) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let place = self.window.place_before(length);
        if repair_surrogates(text, &mut self.repaired) {
            self.has_repairs = true;
            serde_json::from_slice(&self.repaired)
                .map_err(|error| located(&self.path, place, &self.repaired, &error))
        } else {
            Err(located(&self.path, place, text, &error))
        }
    }

    /// Takes the value, and makes of it what keeps nothing of its text: as with
    /// [`Json::value`], but its end need not be found before it is read.
    pub(crate) fn made_of<T: Piece, R>(
        &mut self,
        make: impl FnOnce(T::Of<'_>) -> R,
    ) -> Result<R, ParseError> {
        self.peek()?;
        let Some((value, length)) = at_hand(self.window.available()) else {
            // Cut off by the window, or in error, of which the other way tells more.
            return self.value().map(make);
        };
        let result = make(value);
        self.window.consume(length);
        Ok(result)
    }

    /// Passes over the value, however large; it must be well-formed all the same.
    pub(crate) fn skip(&mut self) -> Result<(), ParseError> {
        let kind = self.kind()?;
        if self.frame(Self::MAX_SKIPPED_WHOLE)?.is_some() {
            self.value::<IgnoredAny>().map(drop)
        } else if self.path.len() >= Self::MAX_DEPTH {
            Err(self.error(format!("nested more than {} levels deep", Self::MAX_DEPTH)))
        } else {
            match kind {
                Kind::Object => self.object(|json, _| json.skip()),
                Kind::Array => self.array(Self::skip),
                _ => self.value::<IgnoredAny>().map(drop),
            }
        }
    }

    /// Whether the value is small enough to be taken as a whole by someone who
    /// copies it; a larger one is to be walked.
    pub(crate) fn is_small(&mut self) -> Result<bool, ParseError> {
        if self.path.len() >= Self::MAX_DEPTH {
            return Err(self.error(format!("nested more than {} levels deep", Self::MAX_DEPTH)));
        }
        Ok(self.frame(Self::MAX_SKIPPED_WHOLE)?.is_some())
    }

    /// Makes sure that nothing follows the document.
    pub(crate) fn finish(&mut self) -> Result<(), ParseError> {
        match self.peek()? {
            None => Ok(()),
            Some(b'{' | b'[') => Err(self.error("a second document follows the report")),
            Some(_) => Err(self.error("more text follows the report")),
        }
    }

    /// Gives the file back, wherever the reader stands.
    pub(crate) fn into_window(self) -> Window {
        self.window
    }

    /// An error at this place.
    pub(crate) fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError::at(json_path::describe(&self.path), Some(self.place()), message)
    }

    fn cut_off(&self) -> ParseError {
        self.error("the text ends in the middle: it is cut off")
    }

    fn open(&mut self, bracket: u8, what: &str) -> Result<(), ParseError> {
        match self.peek()? {
            Some(byte) if byte == bracket => {
                self.window.consume(1);
                Ok(())
            }
            Some(_) => Err(self.error(format!("expected {what}, found {}", self.found()))),
            None => Err(self.cut_off()),
        }
    }

    /// What the next byte begins, for an error.
    fn found(&self) -> &'static str {
        match self
            .window
            .available()
            .first()
            .and_then(|&byte| Kind::of(byte))
        {
            Some(Kind::Object) => "an object",
            Some(Kind::Array) => "a list",
            Some(Kind::String) => "a string",
            Some(Kind::Number) => "a number",
            Some(Kind::Bool) => "a boolean",
            Some(Kind::Null) => "`null`",
            None => "something that is not JSON",
        }
    }

    /// Whether the object or array ends here; otherwise stands at the next
    /// member, behind the comma.
    fn closes(&mut self, bracket: u8, first: bool) -> Result<bool, ParseError> {
        match self.peek()? {
            Some(byte) if byte == bracket => {
                self.window.consume(1);
                Ok(true)
            }
            Some(_) if first => Ok(false),
            Some(b',') => {
                self.window.consume(1);
                match self.peek()? {
                    Some(byte) if byte == bracket => {
                        Err(self.error("a comma before the closing bracket"))
                    }
                    Some(_) => Ok(false),
                    None => Err(self.cut_off()),
                }
            }
            Some(_) => Err(self.error("expected a comma or the closing bracket")),
            None => Err(self.cut_off()),
        }
    }

    /// Calls `take` at a value, and passes over the value if it was not taken.
    fn member(
        &mut self,
        take: impl FnOnce(&mut Self) -> Result<(), ParseError>,
    ) -> Result<(), ParseError> {
        self.peek()?;
        let before = self.window.position();
        take(self)?;
        if self.window.position() == before {
            self.skip()
        } else {
            Ok(())
        }
    }

    /// The next byte that is not white space; absent at the end of the text.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, ParseError> {
        loop {
            let blanks = self
                .window
                .available()
                .iter()
                .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
                .count();
            self.window.consume(blanks);
            if let Some(&byte) = self.window.available().first() {
                return Ok(Some(byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The length of the next value, with all of it in the window; absent when
    /// it is longer than `limit`.
    fn frame(&mut self, limit: usize) -> Result<Option<usize>, ParseError> {
        self.peek()?;
        let mut frame = Frame::default();
        loop {
            if let Some(length) = frame.advance(self.window.available()) {
                return Ok(Some(length));
            }
            if self.window.available().len() > limit {
                return Ok(None);
            }
            if !self.fill()? {
                return match self.window.available() {
                    [] | [b'{' | b'[' | b'"', ..] => Err(self.cut_off()),
                    // A number or a word may well be the last of a text.
                    word => Ok(Some(word.len())),
                };
            }
        }
    }

    fn fill(&mut self) -> Result<bool, ParseError> {
        self.window
            .fill()
            .map_err(|error| super::io_error(String::new(), Some(self.place()), &error))
    }
}

/// A kind of value that is borrowed from the text of a report.
pub(crate) trait Piece {
    /// It, for as long as the text is there.
    type Of<'a>: Deserialize<'a>;
}

/// The value at the beginning of `text`, if all of it is there and sound, and its
/// length. It has to be an object, whose end does not depend on what follows.
fn at_hand<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<(T, usize)> {
    text.first().filter(|first| **first == b'{')?;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = T::deserialize(&mut reader).ok()?;
    Some((value, reader.into_iter::<IgnoredAny>().byte_offset()))
}

/// Finds the end of a value without looking into it: brackets and strings only.
/// serde checks the rest. Goes on where it stopped when there is more text.
#[derive(Default)]
struct Frame {
    at: usize,
    depth: usize,
    in_string: bool,
}

impl Frame {
    /// The length of the value at the beginning of `text`, if it ends there.
    fn advance(&mut self, text: &[u8]) -> Option<usize> {
        match text.first()? {
            b'{' | b'[' | b'"' => self.closing(text),
            _ => text
                .iter()
                .position(|byte| b",:]}[{\" \t\r\n".contains(byte)),
        }
    }

    fn closing(&mut self, text: &[u8]) -> Option<usize> {
        loop {
            let rest = text.get(self.at..)?;
            let found = if self.in_string {
                memchr::memchr2(b'"', b'\\', rest)
            } else {
                rest.iter()
                    .position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
            };
            let Some(found) = found else {
                self.at = text.len();
                return None;
            };
            self.at += found + 1;
            match rest.get(found)? {
                // An escaped character; if it is yet to come, come back to the backslash.
                b'\\' if found + 1 == rest.len() => {
                    self.at -= 1;
                    return None;
                }
                b'\\' => self.at += 1,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' => self.depth += 1,
                _ => self.depth = self.depth.saturating_sub(1),
            }
            if self.depth == 0 && !self.in_string {
                return Some(self.at);
            }
        }
    }
}

/// Says where in a value, and where in the file, deserializing went wrong.
fn located(path: &[Step], place: Place, text: &[u8], error: &serde_json::Error) -> ParseError {
    let line = (1..error.line())
        .try_fold(0, |start, _| {
            Some(start + memchr::memchr(b'\n', text.get(start..)?)? + 1)
        })
        .unwrap_or_default();
    // A column is that of the last byte that was read; for what is no JSON, of
    // the first that should not be there.
    let offset = line + error.column().saturating_sub(1);
    let read = line + error.column() - usize::from(!error.is_data() && error.column() > 0);
    let until = |end: usize| text.get(..end.min(text.len())).unwrap_or_default();
    let inner = json_path::to_end_of(until(read));
    ParseError::at(
        json_path::describe(path.iter().chain(&inner)),
        Some(place.after(until(offset))),
        without_values(&error.to_string()),
    )
}

/// serde's message without the place, which is relative to the value, and
/// without the text of strings, which may be secrets.
fn without_values(message: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message);
    match (message.find("string \""), message.rfind("\", expected")) {
        (Some(from), Some(to)) if from < to => {
            let (before, rest) = message.split_at(from);
            let after = rest.get(to - from + 1..).unwrap_or_default();
            format!("{before}a string{after}")
        }
        _ => message.to_owned(),
    }
}

/// Copies `text` with every escaped half of a surrogate pair as U+FFFD; false
/// when there is none. Producers in Java escape UTF-16 units one by one, and a
/// cut in the middle of a pair leaves a half that no JSON reader takes.
fn repair_surrogates(text: &[u8], repaired: &mut Vec<u8>) -> bool {
    repaired.clear();
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut found = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let length = match (byte, unit(at)) {
            (b'\\', Some(0xd800..=0xdbff)) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            (b'\\', Some(0xd800..=0xdfff)) => {
                repaired.extend_from_slice(b"\\ufffd");
                found = true;
                at += 6;
                continue;
            }
            (b'\\', _) => 2,
            _ => 1,
        };
        let end = (at + length).min(text.len());
        repaired.extend_from_slice(text.get(at..end).unwrap_or_default());
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: impl Into<Vec<u8>>) -> Json {
        Json::new(Window::over(text).unwrap())
    }

    /// Walks everything by its parts, down to single values.
    fn walk(json: &mut Json, leaves: &mut Vec<String>) -> Result<(), ParseError> {
        match json.kind()? {
            Kind::Object => json.object(|json, _| walk(json, leaves)),
            Kind::Array => json.array(|json| walk(json, leaves)),
            _ => {
                let value = json.value::<serde_json::Value>()?;
                leaves.push(format!("{} {value}", json.pointer()));
                Ok(())
            }
        }
    }

    fn leaves(text: impl Into<Vec<u8>>) -> Result<Vec<String>, String> {
        let mut reader = json(text);
        let mut leaves = Vec::new();
        walk(&mut reader, &mut leaves).map_err(|error| error.to_string())?;
        reader.finish().map_err(|error| error.to_string())?;
        Ok(leaves)
    }

    #[test]
    fn a_document_is_walked_in_its_order() {
        assert_eq!(
            leaves(
                r#" { "a/b" : [1, -2.5e3 ,true,null, "x\"y\\"], "~": {}, "c":[[],[{"d":"}"}]] } "#
            )
            .unwrap(),
            [
                "/a~1b/0 1",
                "/a~1b/1 -2500.0",
                "/a~1b/2 true",
                "/a~1b/3 null",
                r#"/a~1b/4 "x\"y\\""#,
                r#"/c/1/0/d "}""#,
            ]
        );
        assert_eq!(leaves("7").unwrap(), [" 7"]);
    }

    #[test]
    fn what_is_not_well_formed_is_an_error_with_its_place() {
        for (text, message) in [
            ("", "the text ends in the middle: it is cut off"),
            ("{", "it is cut off"),
            (r#"{"a""#, "it is cut off"),
            (r#"{"a":"#, "it is cut off"),
            (r#"{"a":[1,2"#, "it is cut off"),
            (r#"{"a":"x"#, "it is cut off"),
            (r#"{"a":"x\"#, "it is cut off"),
            ("[1,]", "a comma before the closing bracket"),
            ("[1 2]", "expected a comma or the closing bracket"),
            ("[1}", "expected a comma or the closing bracket"),
            ("{'a':1}", "expected a key in double quotes"),
            (r#"{"a" 1}"#, "expected `:` after a key"),
            (r#"{"a":1,"b":2,"a":3}"#, "the key `a` is given twice"),
            ("[1] [2]", "a second document follows the report"),
            ("[1] x", "more text follows the report"),
            ("[nul]", "at `[0]`, line 1, column"),
            ("[01]", "invalid number"),
            ("[NaN]", "expected a JSON value"),
            ("[\"a\u{1}\"]", "control character"),
            ("[1,\n  2,\n  x]", "line 3, column 3"),
        ] {
            let error = leaves(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_left_is_skipped_and_checked() {
        let mut reader = json(r#"{"a":[1,{"b":[]}],"c":2}"#);
        let mut taken = 0;
        reader
            .object(|json, key| {
                if key == "c" {
                    taken = json.value::<u8>()?;
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(taken, 2);
        assert!(
            json(r#"{"a":[1,{"b":]}],"c":2}"#)
                .object(|_, _| Ok(()))
                .is_err()
        );
    }

    #[test]
    fn a_large_part_is_skipped_without_being_held() {
        let element = format!("[{}1]", "\"0123456789abcdef\",".repeat(1000));
        let text = format!(
            "{{\"big\":[{}[]],\"c\":2}}",
            format!("{element},").repeat(200)
        );
        let mut reader = json(text);
        let mut seen = 0;
        reader
            .object(|json, key| {
                if key == "c" {
                    seen = json.value::<u8>()?;
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, 2);
    }

    #[test]
    fn values_over_the_edge_of_the_window_are_whole() {
        let word = "é\\\\".repeat(50_000);
        let text = format!("[\"{word}\", \"{word}\", 12345]");
        let mut lengths = Vec::new();
        let mut reader = json(text);
        reader
            .array(|json| {
                lengths.push(
                    json.value::<serde_json::Value>()?
                        .as_str()
                        .map_or(0, str::len),
                );
                Ok(())
            })
            .unwrap();
        assert_eq!(lengths, [word.len() - 50_000, word.len() - 50_000, 0]);
    }

    #[derive(Deserialize)]
    struct Pair<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
        number: u32,
    }

    impl Piece for Pair<'_> {
        type Of<'a> = Pair<'a>;
    }

    impl Pair<'_> {
        fn shown(&self) -> String {
            format!("{} {}", self.text, self.number)
        }
    }

    /// The elements of an array, read by either way, and how it ended.
    fn pairs(
        text: &str,
        read: fn(&mut Json) -> Result<String, ParseError>,
    ) -> (Vec<String>, Result<bool, String>) {
        let mut reader = json(text);
        let mut pairs = Vec::new();
        let walked = reader.array(|json| {
            pairs.push(read(json)?);
            Ok(())
        });
        let walked = walked.and_then(|()| reader.finish());
        let ended = walked.map(|()| reader.has_repairs());
        (pairs, ended.map_err(|error| error.to_string()))
    }

    #[test]
    fn what_is_read_at_once_is_what_is_read_by_its_end() {
        let long = "x\\n é ".repeat(100_000);
        let many: Vec<_> = (0..30_000)
            .map(|number| format!("{{\"text\": \"{number} é\", \"number\": {number}}}"))
            .collect();
        for elements in [
            many.join(","),
            format!("{{\"text\":\"{long}\",\"number\":1}},{{\"number\":2,\"text\":\"\"}}"),
            r#"{"text":"a\ud83d","number":1}"#.to_owned(),
            r#"{"other":"a\ud83d","text":"","number":1}"#.to_owned(),
            r#"["a", 1]"#.to_owned(),
            r#"{"text":"a","number":1,"text":"b"}"#.to_owned(),
            r#"{"text":"a","number":"hunter2"}"#.to_owned(),
            r#"{"text":"a","number":1,}"#.to_owned(),
            r#"{"text":"a","number":1"#.to_owned(),
            r#"{"text":"a","number":1]"#.to_owned(),
            r#"{"text":"a","number":1}}"#.to_owned(),
            r#"{"text":"a","number":1} {}"#.to_owned(),
            r#"{"text":"a","number":1},null"#.to_owned(),
            format!("{{\"a\":{},\"text\":\"\",\"number\":1}}", "[".repeat(500)),
            String::new(),
        ] {
            let text = format!("[{elements}]");
            let whole = pairs(&text, |json| Ok(json.value::<Pair<'_>>()?.shown()));
            let at_once = pairs(&text, |json| {
                json.made_of::<Pair<'_>, _>(|pair| pair.shown())
            });
            assert!(at_once == whole, "{text:.100}");
        }
    }

    #[test]
    fn depth_neither_overflows_the_stack_nor_passes() {
        for text in [
            "[".repeat(1_000_000),
            format!("{}{}", "[".repeat(3_000_000), "]".repeat(3_000_000)),
        ] {
            assert!(json(text).array(|_| Ok(())).is_err());
        }
        assert!(
            json(format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000)))
                .array(|_| Ok(()))
                .is_ok()
        );
    }

    #[test]
    fn an_error_in_a_value_says_where_and_keeps_its_text_to_itself() {
        #[derive(Debug, Deserialize)]
        struct Entry {
            #[expect(dead_code, reason = "only its reading matters")]
            line: u32,
        }
        let mut reader = json("{\"list\":[\n {\"line\": \"hunter2\"}]}");
        let error = reader
            .object(|json, _| json.array(|json| json.value::<Entry>().map(drop)))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "at `list[0].line`, line 2, column 19 (byte 28): invalid type: a string, expected u32"
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_read_as_a_replacement_character() {
        for (text, value, repaired) in [
            (r#""\ud83d\ude00 \\ud83d""#, "😀 \\ud83d", false),
            (r#""a\ud83d b""#, "a\u{fffd} b", true),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}", true),
        ] {
            let mut reader = json(text);
            assert_eq!(reader.value::<Cow<'_, str>>().unwrap(), value);
            assert_eq!(reader.has_repairs(), repaired, "{text}");
        }
    }
}
