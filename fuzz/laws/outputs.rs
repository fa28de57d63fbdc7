//! Laws of outputs: whatever a report says, it acts on nothing.

use serde_json::Value;

/// JSON is JSON.
pub(super) fn hold_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON: {error}\n{text}"))
}

/// What is printed has no control characters but line ends and the program's own
/// styles, and nothing hidden in it.
pub(super) fn hold_terminal(styled: &str) {
    let plain = without_styles(styled);
    hold_visible(&plain);
    hold_log(&plain);
}

/// Nothing in a job's log is a command to the CI system: to GitHub at the start of
/// a line, after blanks; to GitHub and Azure anywhere in it.
pub(super) fn hold_log(text: &str) {
    for line in text.lines() {
        let start = line.trim_start();
        for mark in ["::", "##teamcity["] {
            let name = start.strip_prefix(mark);
            let is_named = name.is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic()));
            assert!(!is_named, "a command to CI: {line:?}");
        }
        let lower = line.to_ascii_lowercase();
        for mark in ["##[", "##vso["] {
            assert!(!lower.contains(mark), "a command to CI: {line:?}");
        }
    }
}

/// All that is not plain text has to be an escape.
pub(super) fn hold_visible(text: &str) {
    for character in text.chars() {
        assert!(
            character == '\n' || !character.is_control() && !is_invisible(character),
            "{character:?} is not made visible in {text:?}"
        );
    }
}

/// What reorders or hides text, by Unicode's own lists of bidirectional controls
/// and default ignorable code points; emoji have a use for the rest.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0001}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

/// Takes out the escapes that the program itself writes.
fn without_styles(styled: &str) -> String {
    let mut pieces = styled.split('\x1b');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let style = ["0", "1", "2", "31", "32", "33", "36"];
        let rest = style.iter().find_map(|style| {
            let rest = piece.strip_prefix('[')?.strip_prefix(style)?;
            rest.strip_prefix('m')
        });
        let rest = rest.unwrap_or_else(|| panic!("not a style of ours: {piece:?}"));
        plain.push_str(rest);
    }
    plain
}

/// Markdown has no markup but the template's: what a report says is in code
/// spans. `foreign` is a word that is in every foreign text and nowhere else.
pub(super) fn hold_markdown(page: &str, foreign: Option<&str>) {
    hold_visible(page);
    let mut columns = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            columns = None;
            hold_inline(line, foreign);
            continue;
        }
        let cells = cells(line);
        let columns = columns.get_or_insert(cells.len());
        assert_eq!(cells.len(), *columns, "cells of {line:?}");
        for cell in cells {
            hold_inline(&cell, foreign);
        }
    }
}

/// The cells of a row; a bar behind a backslash is text, also in code spans.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut before = ' ';
    for character in line.chars() {
        let cell = cells.last_mut().expect("there is one");
        match character {
            '|' if before == '\\' => {
                cell.pop();
                cell.push('|');
            }
            '|' => cells.push(String::new()),
            _ => cell.push(character),
        }
        before = character;
    }
    cells
}

/// What is left of a text without its code spans does nothing.
fn hold_inline(text: &str, foreign: Option<&str>) {
    let rest = without_code(text);
    let is_active = |character| "`<>&[]@!\\~$".contains(character);
    assert!(
        !rest.contains(is_active),
        "markup outside of code spans: {rest:?} of {text:?}"
    );
    for word in ["://", "www."] {
        assert!(!rest.contains(word), "a link: {rest:?} of {text:?}");
    }
    assert!(!rest.trim_start().starts_with('/'), "a command: {text:?}");
    if let Some(foreign) = foreign {
        assert!(!rest.contains(foreign), "outside of code spans: {text:?}");
    }
}

/// Takes out code spans as Markdown has them: a run of backticks up to the next
/// of the same length. Runs that nothing closes stay.
fn without_code(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some(start) = rest.find('`') {
        let (before, run) = rest.split_at(start);
        kept.push_str(before);
        let length = run.len() - run.trim_start_matches('`').len();
        let (fence, inside) = run.split_at(length);
        let mut at = 0;
        let end = loop {
            let Some(found) = inside[at..].find('`').map(|found| at + found) else {
                break None;
            };
            let ticks = inside[found..].len() - inside[found..].trim_start_matches('`').len();
            if ticks == length {
                break Some(found);
            }
            at = found + ticks;
        };
        if let Some(end) = end {
            rest = &inside[end + length..];
        } else {
            kept.push_str(fence);
            rest = inside;
        }
    }
    kept + rest
}
