//! Reports that are broken, cut, mislabelled or made to do harm.
//!
//! `fixtures/hostile/expected.json` says of each case whether it is refused,
//! read with these counts, or either. `SECURITY_GATE_HOSTILE=DIR` runs the same
//! test over another folder of the same shape.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use security_gate::finding::Severity;
use security_gate::parser;
use security_gate::report::Health;
use serde::Deserialize;

mod common;

use common::read;

#[derive(Deserialize)]
struct Expectations {
    cases: BTreeMap<String, Case>,
}

#[derive(Deserialize)]
struct Case {
    scanner: String,
    action: Action,
    why: String,
    findings: Option<usize>,
    severity: Option<BTreeMap<Severity, usize>>,
    #[serde(default)]
    suppressed: usize,
    #[serde(default)]
    incomplete: bool,
    #[serde(default)]
    absent: Vec<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Action {
    Accept,
    Reject,
    Either,
}

fn folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile");
    let other = std::env::var_os("SECURITY_GATE_HOSTILE").map(PathBuf::from);
    std::iter::once(own).chain(other).collect()
}

fn problem(path: &Path, case: &Case) -> Option<String> {
    let (scan, findings) = read(path, Some(&case.scanner));
    let everything = format!("{scan:?}{findings:?}");
    if let Some(secret) = case
        .absent
        .iter()
        .find(|secret| everything.contains(secret.as_str()))
    {
        return Some(format!("`{secret}` is repeated"));
    }
    let scan = match (scan, &case.action) {
        (Err(_), Action::Reject | Action::Either) => return None,
        (Err(error), Action::Accept) => return Some(format!("refused: {error}")),
        (Ok(_), Action::Reject) => return Some("read, and is to be refused".to_owned()),
        (Ok(scan), _) => scan,
    };
    let count = case.findings.unwrap_or(findings.len());
    if findings.len() != count {
        return Some(format!("{} findings, expected {count}", findings.len()));
    }
    let (suppressed, active): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|finding| finding.suppressed.is_some());
    if suppressed.len() != case.suppressed {
        return Some(format!(
            "{} suppressed, expected {}",
            suppressed.len(),
            case.suppressed
        ));
    }
    if let Some(expected) = &case.severity {
        let mut found: BTreeMap<Severity, usize> = BTreeMap::new();
        for finding in active {
            *found.entry(finding.severity).or_default() += 1;
        }
        if &found != expected {
            return Some(format!("severities {found:?}, expected {expected:?}"));
        }
    }
    (case.incomplete && scan.health() == Health::Complete)
        .then(|| "is complete, and should not be".to_owned())
}

#[test]
fn no_hostile_report_is_read_as_what_it_is_not() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for folder in folders() {
        let expectations = fs_err::read_to_string(folder.join("expected.json")).unwrap();
        let expectations: Expectations = serde_json::from_str(&expectations).unwrap();
        for (name, case) in &expectations.cases {
            if parser::by_name(&case.scanner).is_none() {
                continue;
            }
            read += 1;
            if let Some(problem) = problem(&folder.join(name), case) {
                wrong.push(format!("{name}: {problem} ({})", case.why));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {read} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(read > 0, "no case was read");
}
