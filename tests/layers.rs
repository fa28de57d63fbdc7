//! Who may use whom. The decision knows nothing of files and formats, outputs
//! compute no verdict, and nothing but the command line touches the world: a
//! promise that is lost one convenient import at a time.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each module, and what it may use of the others.
const MAY_USE: &[(&str, &[&str])] = &[
    ("artifact", &[]),
    ("atomic", &[]),
    ("digests", &[]),
    ("fingerprint", &[]),
    ("secret", &[]),
    ("text", &[]),
    ("defectdojo", &[]),
    ("upgrade", &[]),
    ("finding", &["fingerprint"]),
    ("issue", &["digests", "finding", "fingerprint"]),
    ("report", &["finding", "fingerprint"]),
    ("scanner", &["finding"]),
    (
        "parser",
        &[
            "artifact",
            "finding",
            "fingerprint",
            "report",
            "scanner",
            "secret",
        ],
    ),
    (
        "convert",
        &["artifact", "finding", "parser", "report", "secret"],
    ),
    ("scan_record", &["artifact", "parser", "report"]),
    ("enrichment", &["artifact", "parser"]),
    (
        "baseline",
        &["artifact", "finding", "fingerprint", "parser", "report"],
    ),
    (
        "policy",
        &[
            "baseline",
            "digests",
            "enrichment",
            "finding",
            "fingerprint",
            "issue",
            "report",
            "scanner",
            "text",
            "upgrade",
        ],
    ),
    (
        "record",
        &[
            "artifact",
            "baseline",
            "enrichment",
            "finding",
            "fingerprint",
            "parser",
            "policy",
            "report",
        ],
    ),
    (
        "evidence",
        &[
            "artifact",
            "atomic",
            "convert",
            "defectdojo",
            "finding",
            "parser",
            "policy",
            "report",
            "scan_record",
            "text",
        ],
    ),
    (
        "render",
        &[
            "baseline",
            "enrichment",
            "finding",
            "fingerprint",
            "issue",
            "policy",
            "record",
            "report",
            "text",
            "upgrade",
        ],
    ),
    (
        "cli",
        &[
            "artifact",
            "atomic",
            "convert",
            "defectdojo",
            "enrichment",
            "evidence",
            "baseline",
            "finding",
            "fingerprint",
            "parser",
            "policy",
            "record",
            "render",
            "report",
            "scan_record",
            "secret",
            "text",
        ],
    ),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The modules named in `crate::MODULE` and `crate::{MODULE, …}`.
fn used(text: &str) -> BTreeSet<String> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let mut modules = BTreeSet::new();
    for after in text.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => {
                let list = list.split_once("};").map_or(list, |(list, _)| list);
                let mut depth = 0;
                let mut start = true;
                for (at, character) in list.char_indices() {
                    if start && depth == 0 && character.is_alphabetic() {
                        modules.insert(word(&list[at..]));
                        start = false;
                    }
                    match character {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' => start = true,
                        _ => {}
                    }
                }
            }
            None => {
                modules.insert(word(after));
            }
        }
    }
    modules
}

#[test]
fn no_module_uses_what_it_may_not() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    for path in sources(&src) {
        let below = path.strip_prefix(&src).unwrap();
        let module = below
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if ["main", "lib"].contains(&module) {
            continue;
        }
        seen.insert(module.to_owned());
        let (_, may_use) = MAY_USE
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("`{module}` is not in the table: say what it may use"));
        let text = fs_err::read_to_string(&path).unwrap();
        let code: Vec<_> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for used in used(&code.join("\n")) {
            assert!(
                used == module || may_use.contains(&used.as_str()),
                "{} uses `{used}`, which `{module}` may not",
                below.display()
            );
        }
    }
    let table: BTreeSet<_> = MAY_USE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(seen, table, "the table names modules that there are not");
}
