//! Real reports, against what an independent count of the same files says.
//!
//! `fixtures/reports/expected.json` was counted by a script of its own from the
//! raw files, not by this program. Where the two disagree, find out who is
//! right before anything is changed. `SECURITY_GATE_CORPUS=DIR` runs the same
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

use security_gate::finding::{Finding, Severity};
use security_gate::parser;
use security_gate::report::Health;
use security_gate::scanner::Detail;
use serde::Deserialize;

mod common;

use common::read;

#[derive(Deserialize)]
struct Expectations {
    files: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    scanner: String,
    outcome: String,
    format: Option<String>,
    #[serde(default)]
    incomplete: bool,
    counts: Option<Counts>,
    #[serde(default)]
    severity_active: BTreeMap<Severity, u64>,
    #[serde(default)]
    severity_suppressed: BTreeMap<Severity, u64>,
}

#[derive(Deserialize)]
struct Counts {
    active: u64,
    suppressed: u64,
    instances: Option<u64>,
}

fn folders() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
    let other = std::env::var_os("SECURITY_GATE_CORPUS").map(PathBuf::from);
    std::iter::once(own).chain(other).collect()
}

/// What is wrong with how a file is read, if anything is.
fn problems(path: &Path, expected: &Expected, declared: Option<&str>) -> Vec<String> {
    let (scan, findings) = read(path, declared);
    let scan = match (scan, expected.outcome.as_str()) {
        (Err(_), "reject") => return Vec::new(),
        (Ok(_), "reject") => return vec!["was read, and is to be refused".to_owned()],
        (Err(error), _) => return vec![format!("refused: {error}")],
        (Ok(scan), _) => scan,
    };
    let mut problems = Vec::new();
    let mut compare = |what: &str, found: String, expected: String| {
        if found != expected {
            problems.push(format!("{what}: found {found}, expected {expected}"));
        }
    };
    compare("scanner", scan.scanner.to_owned(), expected.scanner.clone());
    let counts = expected
        .counts
        .as_ref()
        .expect("counts of what can be read");
    let (suppressed, active): (Vec<_>, Vec<_>) = findings
        .iter()
        .partition(|finding| finding.suppressed.is_some());
    compare(
        "findings",
        active.len().to_string(),
        counts.active.to_string(),
    );
    compare(
        "suppressed",
        suppressed.len().to_string(),
        counts.suppressed.to_string(),
    );
    if let Some(instances) = counts.instances {
        let found: u64 = findings.iter().map(|finding| finding.instance_count).sum();
        compare("instances", found.to_string(), instances.to_string());
    }
    let by_severity = |findings: &[&Finding]| {
        let mut counts: BTreeMap<Severity, u64> = BTreeMap::new();
        for finding in findings {
            *counts.entry(finding.severity).or_default() += 1;
        }
        format!("{counts:?}")
    };
    let without_zeros = |counts: &BTreeMap<Severity, u64>| {
        let counts: BTreeMap<_, _> = counts.iter().filter(|(_, count)| **count > 0).collect();
        format!("{counts:?}")
    };
    compare(
        "severities",
        by_severity(&active),
        without_zeros(&expected.severity_active),
    );
    if !expected.severity_suppressed.is_empty() {
        compare(
            "suppressed severities",
            by_severity(&suppressed),
            without_zeros(&expected.severity_suppressed),
        );
    }
    if expected.incomplete && scan.health() == Health::Complete {
        problems.push("is complete, and the report says that the scan was not".to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    for finding in &findings {
        if !seen.insert(finding.fingerprint) {
            problems.push(format!(
                "two findings with the fingerprint {}",
                finding.fingerprint
            ));
        }
        if !is_foreseen(finding, scan.scanner) {
            problems.push(format!("its scanner is not said to find: {finding:?}"));
        }
        if finding.title.trim().is_empty()
            || finding.pointer.is_empty()
            || finding.instance_count == 0
        {
            problems.push(format!(
                "a finding without title, pointer or place: {finding:?}"
            ));
        }
    }
    problems
}

/// Whether the scanner's kinds of findings have one like this. The lints of
/// policies hang on that.
fn is_foreseen(finding: &Finding, scanner: &str) -> bool {
    let scanner = parser::by_name(scanner).unwrap();
    scanner.kinds.iter().any(|kind| {
        kind.category == finding.category
            && kind.severities.contains(&finding.severity)
            && Detail::of(finding).iter().all(|detail| kind.has(*detail))
    })
}

#[test]
fn every_report_is_read_as_counted() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for folder in folders() {
        let expectations = fs_err::read_to_string(folder.join("expected.json")).unwrap();
        let expectations: Expectations = serde_json::from_str(&expectations).unwrap();
        for (name, expected) in &expectations.files {
            let sarif = expected.format.as_deref() == Some("gitleaks-sarif");
            if parser::by_name(&expected.scanner).is_none() || sarif {
                continue;
            }
            read += 1;
            let problems = problems(&folder.join(name), expected, Some(&expected.scanner));
            wrong.extend(problems.iter().map(|problem| format!("{name}: {problem}")));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {read} files:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(read > 0, "no file was read");
}

/// What says of itself which scanner wrote it needs no declaration.
#[test]
fn reports_are_recognized_by_their_content() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let expectations = fs_err::read_to_string(folder.join("expected.json")).unwrap();
        let expectations: Expectations = serde_json::from_str(&expectations).unwrap();
        for (name, expected) in &expectations.files {
            let sarif = expected.format.as_deref() == Some("gitleaks-sarif");
            if parser::by_name(&expected.scanner).is_none() || sarif {
                continue;
            }
            let path = folder.join(name);
            let text = fs_err::read(&path).unwrap();
            if matches!(text.trim_ascii(), b"" | b"[]" | b"null") {
                let (scan, _) = common::read(&path, None);
                let error = scan.expect_err("what may be of any scanner needs a declaration");
                assert!(error.contains("declare it"), "{name}: {error}");
                continue;
            }
            let problems = problems(&path, expected, None);
            wrong.extend(problems.iter().map(|problem| format!("{name}: {problem}")));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} problems:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Every field of every finding, of one or two reports of each format.
#[test]
fn findings_are_read_in_full() {
    for name in [
        "semgrep/semgrep-1.182.0-mixed-errors-nosem.json",
        "semgrep/defectdojo-close_old_findings_report_line31.json",
        "bandit/bandit-1.9.4-odd-names-errors.json",
        "zap/constructed-multisite-false-positive.json",
        "zap/constructed-multisite-false-positive.xml",
        "zap/defectdojo-zap-xml-plus-format.xml",
        "trivy/constructed-statuses-and-classes.json",
        "trivy/trivy-convert-npm-with-suppressed.json",
        "trivy/trivy-secrets.json",
        "trivy/trivy-old-schema.json",
        "trivy/scb-k8s-results_unexpected-attribute.json",
        "gitleaks/gitleaks-8.26.0-ownrepo-git.json",
        "gitleaks/gitleaks-8.26.0-ownrepo-dir.csv",
        "gitleaks/defectdojo-version_7.5.0.json",
        "dependency-check/constructed-suppressed-and-scores.json",
        "dependency-check/defectdojo-version-6.5.3.xml",
        "dependency-check/defectdojo-multiple_vulnerabilities_has_multiple_findings.xml",
    ] {
        let folder = &folders()[0];
        let (scan, findings) = read(&folder.join(name), None);
        insta::assert_debug_snapshot!(name.replace('/', "_"), (scan.unwrap(), findings));
    }
}
