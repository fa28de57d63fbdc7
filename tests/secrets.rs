//! No secret of any fixture is in any output.

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
use std::process::Command;

use serde_json::Value;

/// Values shorter than this occur in any text by chance.
const SHORTEST: usize = 8;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The Gitleaks reports, with the secrets that they hold.
fn reports() -> Vec<(PathBuf, BTreeSet<String>)> {
    let mut folder: Vec<_> = fs_err::read_dir(fixtures().join("reports/gitleaks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folder.push(fixtures().join("demo/reports/gitleaks.json"));
    folder.sort();
    folder
        .into_iter()
        .map(|path| (path.clone(), secrets(&path)))
        .collect()
}

fn secrets(path: &Path) -> BTreeSet<String> {
    let text = fs_err::read(path).unwrap();
    let mut secrets = BTreeSet::new();
    if path.extension().is_some_and(|extension| extension == "csv") {
        let mut rows = csv::Reader::from_reader(text.as_slice());
        let header = rows.headers().unwrap().clone();
        for row in rows.records() {
            let row = row.unwrap();
            let fields = header
                .iter()
                .zip(&row)
                .filter(|(name, _)| ["Secret", "Match"].contains(name));
            secrets.extend(fields.map(|(_, value)| value.to_owned()));
        }
    } else if let Ok(Value::Array(records)) = serde_json::from_slice(&text) {
        for record in records {
            let fields = ["Secret", "Match", "offender", "line"]
                .into_iter()
                .filter_map(|key| record[key].as_str());
            secrets.extend(fields.map(str::to_owned));
        }
    }
    secrets.retain(|secret| secret.len() >= SHORTEST && !secret.contains("REDACTED"));
    secrets
}

/// Everything that the program says of a report, in all its outputs.
fn outputs(report: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let declared = format!("gitleaks={}", report.display());
    let mut all = String::new();
    for arguments in [
        vec!["inspect", "--findings", "--format", "json"],
        vec!["inspect", "--findings"],
        vec!["check", "-v"],
        vec!["check", "--format", "json", "--policy", "builtin:pre-push"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_security-gate"))
            .env_clear()
            .current_dir(folder.path())
            .args(arguments)
            .arg(&declared)
            .output()
            .unwrap();
        all += &String::from_utf8(output.stdout).unwrap();
        all += &String::from_utf8(output.stderr).unwrap();
    }
    for name in ["security-gate-summary.json", "security-gate-summary.md"] {
        all += &fs_err::read_to_string(folder.path().join(name)).unwrap();
    }
    all
}

#[test]
fn no_secret_that_gitleaks_found_is_repeated() {
    let mut looked_for = 0;
    for (report, secrets) in reports() {
        let outputs = outputs(&report);
        for secret in secrets {
            looked_for += 1;
            // As it is, and as JSON writes it.
            let escaped = serde_json::to_string(&secret).unwrap();
            for form in [secret.as_str(), escaped.trim_matches('"')] {
                assert!(!outputs.contains(form), "{}: {form}", report.display());
            }
        }
    }
    assert!(looked_for > 50, "only {looked_for} secrets were looked for");
}

#[test]
fn no_password_that_bandit_found_is_repeated() {
    let mut looked_for = 0;
    for entry in fs_err::read_dir(fixtures().join("reports/bandit")).unwrap() {
        let path = entry.unwrap().path();
        let report: Value = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_security-gate"))
            .env_clear()
            .args(["inspect", "--findings", "--format", "json"])
            .arg(&path)
            .output()
            .unwrap();
        let inspection: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = inspection["findings"].as_array().unwrap();
        for (index, result) in report["results"].as_array().unwrap().iter().enumerate() {
            let text = result["issue_text"].as_str().unwrap();
            let Some((_, password)) = text.split_once("hardcoded password: ") else {
                continue;
            };
            let password = password.trim_matches('\'');
            let finding = &findings[index];
            assert_eq!(finding["pointer"], format!("/results/{index}"));
            if password.is_empty() {
                continue;
            }
            looked_for += 1;
            for field in ["title", "description"] {
                let text = finding[field].as_str().unwrap_or_default();
                let masked = text.replace("Possible hardcoded password", "");
                assert!(!masked.contains(password), "{}: {text}", path.display());
            }
        }
    }
    assert!(
        looked_for > 10,
        "only {looked_for} passwords were looked for"
    );
}
