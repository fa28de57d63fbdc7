//! Words for people: foreign text made safe for where it goes, and suggestions.
//!
//! Titles, paths and messages come from the code under test, and so from
//! whoever wrote it. Nothing in them may act on a terminal, a page or a log.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// One line of visible characters: white space becomes single blanks, and what
/// controls, reorders or hides text is written as an escape (`\u{202e}`), and so
/// is the beginning of what a CI system would obey (`\u{3a}:error`).
pub fn line(text: &str) -> Cow<'_, str> {
    let is_plain = |character: char| {
        matches!(character, ' '..='~') || !character.is_whitespace() && !is_hidden(character)
    };
    if text.chars().all(is_plain)
        && !has_command(text)
        && !text.contains("  ")
        && text.trim_matches(' ').len() == text.len()
    {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for word in text
        .split(char::is_whitespace)
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        for (at, character) in word.char_indices() {
            if is_hidden(character) || starts_command(word, at) {
                line.extend(character.escape_unicode());
            } else {
                line.push(character);
            }
        }
    }
    Cow::Owned(line)
}

/// The same text, in which what controls, reorders or hides text or commands a CI
/// system is written as an escape; line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_kept = |at, character| is_kept(character) && !starts_command(text, at);
    if text.char_indices().all(|(at, c)| is_kept(at, c)) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if is_kept(at, character) {
            visible.push(character);
        } else {
            visible.extend(character.escape_unicode());
        }
    }
    Cow::Owned(visible)
}

/// Where a place of `text`, in bytes, is in [`visible`].
pub fn visible_place(text: &str, place: usize) -> usize {
    let before = text.char_indices().take_while(|(at, _)| *at < place);
    let length =
        |(at, character): (usize, char)| match is_kept(character) && !starts_command(text, at) {
            true => character.len_utf8(),
            false => character.escape_unicode().len(),
        };
    before.map(length).sum()
}

fn is_kept(character: char) -> bool {
    matches!(character, '\n' | '\t') || !is_hidden(character)
}

/// [`line()`], of at most `limit` columns; a cut is shown by `…`.
pub fn short_line(text: &str, limit: usize) -> Cow<'_, str> {
    // Looking at more than can be shown would only cost time: a line is never
    // much shorter than its text, unless that is mostly blank.
    let most = limit.saturating_mul(4);
    let end = match text.len() > most {
        true => text.char_indices().nth(most).map(|(end, _)| end),
        false => None,
    };
    let start = end.and_then(|end| text.get(..end)).unwrap_or(text);
    let was_cut = start.len() < text.len();
    let line = line(start);
    // Most are ASCII, of which a line shows each.
    let width = match line.is_ascii() {
        true => line.len(),
        false => line.width(),
    };
    if !was_cut && width <= limit {
        return line;
    }
    let mut kept = String::new();
    let mut left = limit.saturating_sub(1);
    for character in line.chars() {
        let width = character.width().unwrap_or_default();
        if width > left {
            break;
        }
        left -= width;
        kept.push(character);
    }
    Cow::Owned(kept + "…")
}

/// A Markdown code span with `text` as one line of at most `limit` columns.
///
/// In a code span nothing is markup: no HTML, no link, no mention, no reference
/// to an issue, no command of a forge. Bars are escaped, for table cells.
pub fn code_span(text: &str, limit: usize) -> String {
    let line = short_line(text, limit);
    if line.is_empty() {
        return "–".to_owned();
    }
    let longest = match line.contains('`') {
        true => line.split(|character| character != '`').map(str::len).max(),
        false => None,
    };
    let longest = longest.unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // A blank keeps a backtick of the text apart from the fence.
    let pad = if line.starts_with('`') || line.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{}{pad}{fence}", line.replace('|', "\\|"))
}

/// `text` as a TOML string on one line, between single quotes where that spares
/// escapes; what controls, reorders or hides text or commands a CI system is
/// written as an escape.
pub fn toml_string(text: &str) -> String {
    let is_literal = !text.contains(|c| c == '\'' || is_hidden(c)) && !has_command(text);
    if is_literal && text.contains(['"', '\\']) {
        return format!("'{text}'");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for (at, character) in text.char_indices() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if is_hidden(character) || starts_command(text, at) => {
                let code = u32::from(character);
                let escape = match u16::try_from(code) {
                    Ok(code) => format!("\\u{code:04x}"),
                    Err(_) => format!("\\U{code:08x}"),
                };
                quoted.push_str(&escape);
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// `text` as lines of at most `width` columns, parted at blanks; a word that is
/// longer stays whole.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in line(text).split(' ') {
        match lines.last_mut() {
            Some(last) if last.width() + 1 + word.width() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The one of `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), candidate),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or else the choice.
pub fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => "there are none".to_owned(),
        None => format!(
            "one of {}",
            known
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// JSON for a job's log: what commands a CI system is written as an escape, which
/// means the same.
pub fn logged_json(json: &str) -> Cow<'_, str> {
    // Only strings have that in them, and no escape of JSON ends in `#` or `:`.
    if !has_command(json) {
        return Cow::Borrowed(json);
    }
    let mut logged = String::with_capacity(json.len());
    for (at, character) in json.char_indices() {
        match character {
            '#' if starts_command(json, at) => logged.push_str("\\u0023"),
            ':' if starts_command(json, at) => logged.push_str("\\u003a"),
            _ => logged.push(character),
        }
    }
    Cow::Owned(logged)
}

fn has_command(text: &str) -> bool {
    let mut marks = memchr::memchr2_iter(b'#', b':', text.as_bytes());
    marks.any(|at| starts_command(text, at))
}

/// Whether the character at this byte has to be something else, so that no CI
/// system takes what follows for a command to itself: `::error …::` at the start of
/// a word, which may come to stand at the start of a line (GitHub); and `##[error]`,
/// `##vso[…]` (GitHub, Azure, in the midst of a line) and `##teamcity[…]`.
/// The markers of GitLab have control characters.
fn starts_command(text: &str, at: usize) -> bool {
    let Some((before, rest)) = text.split_at_checked(at) else {
        return false;
    };
    let name = |text: &str| text.starts_with(char::is_alphabetic);
    if let Some(rest) = rest.strip_prefix("::") {
        return name(rest) && !before.ends_with(|c: char| !c.is_whitespace());
    }
    rest.strip_prefix('#').is_some_and(|rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        before.ends_with('#') && rest.starts_with('[')
    })
}

/// Whether a character controls, reorders or hides text instead of showing.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'                      // soft hyphen
            | '\u{34f}' | '\u{61c}'
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'     // zero-width, direction marks
            | '\u{2028}'..='\u{202e}'     // line separators, bidi overrides
            | '\u{2060}'..='\u{206f}'     // joiners, bidi isolates
            | '\u{3164}' | '\u{ffa0}'
            | '\u{fe00}'..='\u{fe0f}'     // variation selectors
            | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'   // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_hides_or_reorders_is_made_visible() {
        for (text, expected) in [
            ("plain text, é 漢字 😀", "plain text, é 漢字 😀"),
            ("a\nb\t c\r\n", "a b c"),
            ("\x1b[31mred\x1b[0m", "\\u{1b}[31mred\\u{1b}[0m"),
            ("a\u{202e}b\u{200b}c", "a\\u{202e}b\\u{200b}c"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("  a  b ", "a b"),
            ("", ""),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_commands_a_ci_system_is_made_text() {
        for (text, expected) in [
            ("::error::x", "\\u{3a}:error::x"),
            ("::\u{23a}x", "\\u{3a}:\u{23a}x"),
            (" a\n::add-mask::x", "a \\u{3a}:add-mask::x"),
            ("a ##[error]x", "a #\\u{23}[error]x"),
            ("a###vso[task.complete]", "a##\\u{23}vso[task.complete]"),
            ("##teamcity[x]", "#\\u{23}teamcity[x]"),
            (
                "std::vec ::1 a:: :: ## #[x] ##x",
                "std::vec ::1 a:: :: ## #[x] ##x",
            ),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
            assert_eq!(line(&line(text)), expected, "{text:?}");
            assert!(!has_command(&visible(text)), "{text:?}");
            assert!(!has_command(&toml_string(text)), "{text:?}");
            let json = serde_json::to_string(&[text]).unwrap();
            let logged = logged_json(&json);
            assert!(!has_command(&logged), "{logged}");
            let read: Vec<String> = serde_json::from_str(&logged).unwrap();
            assert_eq!(read, [text]);
        }
    }

    #[test]
    fn lines_stay_lines_when_what_hides_is_made_visible() {
        for (text, expected) in [
            ("a = 1\n\tb  = é\n", "a = 1\n\tb  = é\n"),
            ("a\r\nb", "a\\u{d}\nb"),
            ("\u{9b}31m\u{202e}\x1b", "\\u{9b}31m\\u{202e}\\u{1b}"),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_cut_is_shown() {
        assert_eq!(short_line("abcdef", 6), "abcdef");
        assert_eq!(short_line("abcdefg", 6), "abcde…");
        assert_eq!(short_line(&"é".repeat(1_000_000), 3), "éé…");
        assert_eq!(short_line("漢字漢字", 6), "漢字…");
        assert_eq!(short_line("漢字", 4), "漢字");
        assert_eq!(short_line(&"\x1b".repeat(100), 8), "\\u{1b}\\…");
    }

    #[test]
    fn a_toml_string_is_read_back_and_hides_nothing() {
        for text in [
            "plain, é 漢字 😀",
            "a\"b\\c",
            "it's \"quoted\"",
            "a\"b\\c\nd\te\r\x7f\0",
            "\u{202e}\x1b[31m\u{e0041}",
            "::error::x ##vso[x]",
            "",
        ] {
            let quoted = toml_string(text);
            assert_eq!(line(&quoted), quoted, "{text:?}");
            let read: toml::Table = toml::from_str(&format!("a = {quoted}")).unwrap();
            assert_eq!(read["a"].as_str(), Some(text));
        }
    }

    #[test]
    fn lines_are_parted_at_blanks() {
        for (text, expected) in [
            ("aa bb cc", vec!["aa bb", "cc"]),
            ("aaaaaaaa b", vec!["aaaaaaaa", "b"]),
            ("a\nb\u{202e}", vec!["a", "b\\u{202e}"]),
            ("", vec![""]),
        ] {
            assert_eq!(wrapped(text, 5), expected, "{text:?}");
        }
    }

    #[test]
    fn a_code_span_cannot_be_left() {
        for (text, expected) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("``a", "``` ``a ```"),
            ("a | b", "`a \\| b`"),
            ("<b>@all</b> #1\n/close", "`<b>@all</b> #1 /close`"),
            ("", "–"),
        ] {
            assert_eq!(code_span(text, 100), expected, "{text:?}");
        }
    }
}
