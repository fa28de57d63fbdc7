//! Where in a JSON text a place is, as the steps from the outside to it.
//!
//! serde says at which byte of a value it stopped, not in which of its members.
//! The text up to there tells: looking at it once more, and only after an
//! error, costs less than keeping a path while all is well.

use std::borrow::Cow;

/// A step from a container to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// An object or array that is not closed yet, and where in it the text ends.
enum Open {
    /// In front of a key, or in it.
    Object,
    /// Behind a key.
    Member(String),
    Element(usize),
}

/// The steps to where `text` ends: the beginning of a value, well-formed so far.
pub(super) fn to_end_of(text: &[u8]) -> Vec<Step> {
    let mut open = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, open.last_mut()) {
            (b'{', _) => open.push(Open::Object),
            (b'[', _) => open.push(Open::Element(0)),
            (b'}' | b']', _) => drop(open.pop()),
            (b',', Some(Open::Element(index))) => *index += 1,
            (b',', Some(inside)) => *inside = Open::Object,
            (b'"', inside) => {
                let Some(length) = string(after) else { break };
                let (key, after) = after.split_at(length);
                if let Some(inside @ Open::Object) = inside {
                    *inside = Open::Member(unescaped(key));
                }
                rest = after;
            }
            _ => {}
        }
    }
    let step = |inside| match inside {
        Open::Object => None,
        Open::Member(key) => Some(Step::Key(key)),
        Open::Element(index) => Some(Step::Index(index)),
    };
    open.into_iter().filter_map(step).collect()
}

/// The length of the rest of a string, with its closing quote; absent when the
/// text ends in it.
fn string(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let found = memchr::memchr2(b'"', b'\\', rest)?;
        at += found + 1;
        match rest.get(found) {
            Some(b'"') => return Some(at),
            _ => at += 1,
        }
    }
}

/// A key as it reads, from its text with the closing quote.
fn unescaped(key: &[u8]) -> String {
    let quoted = [b"\"", key].concat();
    let plain = || String::from_utf8_lossy(key.strip_suffix(b"\"").unwrap_or(key));
    serde_json::from_slice::<Cow<'_, str>>(&quoted)
        .unwrap_or_else(|_| plain())
        .into_owned()
}

/// A path as programmers write it: `results[3].extra.severity`.
pub(super) fn describe<'a>(path: impl IntoIterator<Item = &'a Step>) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => {
                text.push('[');
                text.push_str(&index.to_string());
                text.push(']');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_leads_to_where_the_text_ends() {
        for (text, path) in [
            ("", ""),
            ("{", ""),
            (r#"{"a"#, ""),
            (r#"{"a""#, "a"),
            (r#"{"a":"#, "a"),
            (r#"{"a": "x"#, "a"),
            (r#"{"a": "x" "#, "a"),
            (r#"{"a": 1, "#, ""),
            (r#"{"a": 1, "b\u0041\"": "#, "bA\""),
            (r#"{"a": "}],\"\\", "b": ["#, "b[0]"),
            (r#"{"a": ["{", {"b":[1,2],"c":{"#, "a[1].c"),
            (r#"{"a": ["{", {"b":[1,2],"c":{}}"#, "a[1]"),
            (r#"{"a": ["{", {"b":[1,2],"c":{}}]"#, "a"),
            (r#"{"a": 1}"#, ""),
            ("[[[]],[1,[2", "[1][1][0]"),
            ("]}],\"", ""),
        ] {
            let steps = to_end_of(text.as_bytes());
            assert_eq!(describe(&steps), path, "{text}");
        }
    }

    #[test]
    fn a_key_that_is_no_text_is_shown_all_the_same() {
        let steps = to_end_of(b"{\"a\xff\\x\":");
        assert_eq!(steps, [Step::Key("a\u{fffd}\\x".to_owned())]);
    }
}
