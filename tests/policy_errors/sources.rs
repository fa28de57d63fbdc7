//! That no message is without a transcript: the texts in the sources, held
//! against what the transcripts show.

use std::path::Path;

use regex::Regex;

/// Where a mistake in a policy gets its words.
const SOURCES: [&str; 19] = [
    "src/policy/document.rs",
    "src/policy/evidence.rs",
    "src/policy/load.rs",
    "src/policy/problem.rs",
    "src/policy/reader/evidence.rs",
    "src/policy/reader/lane.rs",
    "src/policy/reader/mod.rs",
    "src/policy/reader/rules.rs",
    "src/policy/reader/selector.rs",
    "src/policy/reader/example.rs",
    "src/policy/expression/mod.rs",
    "src/policy/expression/check.rs",
    "src/policy/expression/functions.rs",
    "src/policy/expression/values.rs",
    "src/policy/selector/bounds.rs",
    "src/policy/selector/patterns.rs",
    "src/policy/selector/subject.rs",
    "src/policy/template.rs",
    "src/text.rs",
];

/// Texts of more than one word that no transcript can have, and why.
const NEVER_SEEN: [(&str, &str); 12] = [
    (
        "so says the example",
        "why a finding is suppressed; no mistake",
    ),
    ("Syntax error: ", "how the parser begins, which is cut off"),
    ("reserved identifier: package", "how the parser says it"),
    ("token recognition error", "how the parser says it"),
    ("extraneous input", "how the parser says it"),
    ("Recursion limit", "how the parser says it"),
    (
        "it cannot be read",
        "the parser has never failed without an error",
    ),
    (
        "the expression cannot be used",
        "the functions' names differ",
    ),
    (
        "it is neither true nor false",
        "the types are checked before",
    ),
    ("it is not defined here", "the names are checked before"),
    (
        "`{}` needs the {}, and the pipeline's environment does not tell one: name it with `--set {name}=…`, or write `{{{{ {name} or … }}}}`",
        "said where a template is filled",
    ),
    (
        "{{ scanner }}-{{ branch }}",
        "the title of a test where none is said; no mistake",
    ),
];

#[test]
fn every_message_has_a_transcript() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = ["reader", "expression"].map(|name| root.join("src/policy").join(name));
    for folder in &mut folders {
        for entry in fs_err::read_dir(&*folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy();
            assert!(SOURCES.contains(&&*name), "{name} is not looked at");
        }
    }
    let transcripts: String = fs_err::read_dir(root.join("tests/snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("policy_errors__") && name.ends_with(".snap")
        })
        .map(|path| fs_err::read_to_string(path).unwrap())
        .collect();
    let mut unseen = Vec::new();
    let mut needless: Vec<_> = NEVER_SEEN.iter().map(|(text, _)| *text).collect();
    let mut count = 0;
    for file in SOURCES {
        let source = fs_err::read_to_string(root.join(file)).unwrap();
        for text in sentences(&source) {
            count += 1;
            if pattern(&text).is_match(&transcripts) {
                continue;
            }
            if NEVER_SEEN.iter().any(|(known, _)| *known == text) {
                needless.retain(|known| *known != text);
                continue;
            }
            unseen.push(format!("{file}: {text}"));
        }
    }
    assert!(
        count > 150,
        "only {count} messages are found in the sources"
    );
    assert_eq!(unseen, Vec::<String>::new(), "add policies that show them");
    assert_eq!(
        needless,
        Vec::<&str>::new(),
        "these are seen, or are no more"
    );
}

/// The fixed parts of a message, in their order on one line.
fn pattern(text: &str) -> Regex {
    let parts = Regex::new(r"\{[^{} ]*\}").unwrap();
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let fixed: Vec<_> = parts
        .split(&text)
        .map(|part| regex::escape(&part.replace('\u{1}', "{").replace('\u{2}', "}")))
        .collect();
    Regex::new(&fixed.join(".*")).unwrap()
}

/// The texts of several words in a source, up to its tests: all that can be part
/// of a message. What only a defect would show is none.
fn sentences(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let token = Regex::new(
        r#"(?sx) //[^\n]* | '(?:\\.[^']*|[^'\\])' | (?<before>expect\(|reason\s=\s)?\s*"(?<text>(?:[^"\\]|\\.)*)" "#,
    )
    .unwrap();
    let continued = Regex::new(r"\\\n\s*").unwrap();
    token
        .captures_iter(source)
        .filter_map(|found| {
            let text = found.name("text")?.as_str();
            let is_for_developers = found.name("before").is_some();
            let text = continued.replace_all(text, "").replace("\\\"", "\"");
            let has_words = text.trim().contains(' ') && text.contains(char::is_alphabetic);
            (has_words && !is_for_developers).then_some(text)
        })
        .collect()
}
