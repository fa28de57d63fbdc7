//! No broken scan is green, and no clean one is a false alarm: the built program
//! over one report at a time, each with one thing wrong with it.
//!
//! Gates fail open where a scan that did not happen looks like one that found
//! nothing. Every case here is such a scan, or hides its findings.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "fail_open/faults.rs"]
mod faults;
#[path = "fail_open/formats.rs"]
mod formats;
#[path = "fail_open/sound.rs"]
mod sound;
#[path = "common/workplace.rs"]
mod workplace;

use faults::{Row, faults_of, faults_of_one_scanner};
use formats::FORMATS;
use sound::sound;
use workplace::Workplace;

/// What is told where the policy asks for whole scans.
const DEGRADED: &str = "degraded = \"incomplete\"";

/// A working folder, and a lane that expects the scanner's report there.
struct Case {
    name: String,
    scanner: &'static str,
    files: Vec<(String, Vec<u8>)>,
    /// Keys of the lane.
    demands: &'static str,
}

impl Case {
    fn demanding(mut self, demands: &'static str) -> Self {
        self.demands = demands;
        self
    }

    /// With a record of its scan, in which these members differ from a sound one's.
    fn recorded(mut self, other: &Value) -> Self {
        let (path, report) = &self.files[0];
        let mut record = json!({
            "schema": "security-gate-scan/1",
            "tool": {"name": "security-gate", "version": "0.1.0"},
            "outcome": "ran",
            "why": null,
            "report": {
                "path": path,
                "bytes": report.len(),
                "sha256": base16ct::lower::encode_string(&Sha256::digest(report)),
            },
            "scanner": self.scanner,
            "scanner_version": null,
            "lane": null,
            "command": [self.scanner],
            "exit_code": 0,
            "signal": null,
            "interrupted": null,
            "timed_out": false,
            "started": "2026-11-21T11:00:00Z",
            "ended": "2026-11-21T11:40:00Z",
            "context": {
                "provider": "gitlab", "project": null, "branch": "main", "target_branch": null,
                "merge_request": null, "commit": "c0ffee", "tag": null, "environment": null,
                "pipeline": null,
            },
        });
        for (key, value) in other.as_object().unwrap() {
            record[key] = value.clone();
        }
        let record = (format!("{path}.scan.json"), record.to_string().into_bytes());
        self.files.push(record);
        self
    }

    fn workplace(&self) -> Workplace {
        let policy = format!(
            "extends = [\"builtin:baseline\"]\n[lane.x]\nexpect = [\"{0}\"]\nreports = [\"{0}={0}*\"]\n{1}\n",
            self.scanner, self.demands
        );
        let mut workplace = Workplace::new(&[("security-gate.toml", &policy)]);
        for (name, content) in &self.files {
            fs_err::write(workplace.path(name), content).unwrap();
        }
        workplace
            .variables
            .extend([("GITLAB_CI", "true"), ("CI_COMMIT_SHA", "c0ffee")]);
        workplace
    }

    /// The exit code, and what a pipeline's owner is told.
    fn check(&self) -> (i32, String) {
        let workplace = self.workplace();
        let output = workplace
            .command(&["check", "--now", "2026-11-21T12:00:00Z"])
            .output()
            .unwrap();
        let mut told = String::from_utf8(output.stderr).unwrap();
        let summary = fs_err::read(workplace.path("security-gate-summary.json"));
        let summary: Value =
            summary.map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
        let code = output.status.code().unwrap();
        let is_green = summary["verdict"] == "pass";
        assert_eq!(is_green, code == 0, "{}: {summary:#}", self.name);
        for reason in summary["reasons"].as_array().into_iter().flatten() {
            if code == 0 || reason["effect"] != "warn" {
                writeln!(told, "{}", reason["text"].as_str().unwrap()).unwrap();
            }
        }
        (code, told)
    }
}

fn broken() -> Vec<Row> {
    let mut rows: Vec<Row> = FORMATS.iter().flat_map(faults_of).collect();
    rows.extend(faults_of_one_scanner());
    rows
}

#[test]
fn no_broken_scan_is_green() {
    let rows = broken();
    let mut wrong = String::new();
    for (case, exit, said) in &rows {
        let (code, told) = case.check();
        if code != *exit || !told.contains(said) {
            writeln!(
                wrong,
                "{}: exit code {code}, not {exit} with `{said}`:\n{told}",
                case.name
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(rows.len() > 60, "{} cases", rows.len());
}

#[test]
fn no_clean_scan_is_a_false_alarm() {
    let mut wrong = String::new();
    for case in sound() {
        let (code, told) = case.check();
        if code != 0 {
            writeln!(wrong, "{}: exit code {code}:\n{told}", case.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Prints what the dearest refusal takes, by GNU time: `cargo test --release
/// --test fail_open -- --ignored --nocapture`.
#[test]
#[ignore = "measures, and asserts nothing of it"]
fn what_a_refusal_takes() {
    let mut taken = Vec::new();
    for (case, ..) in broken() {
        let workplace = case.workplace();
        let gate = env!("CARGO_BIN_EXE_security-gate");
        let output = std::process::Command::new("time")
            .args([
                "-f",
                "%e %M",
                gate,
                "--quiet",
                "check",
                "--now",
                "2026-11-21T12:00:00Z",
            ])
            .current_dir(workplace.folder.path())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let (seconds, kilobytes) = told.lines().last().unwrap().split_once(' ').unwrap();
        let seconds: f64 = seconds.parse().unwrap();
        let kilobytes: u64 = kilobytes.parse().unwrap();
        taken.push((seconds, kilobytes, case.name));
    }
    taken.sort_by(|one, other| other.0.total_cmp(&one.0));
    let most = taken.iter().max_by_key(|taken| taken.1).unwrap();
    println!("{} refusals", taken.len());
    println!("longest: {} s, {}", taken[0].0, taken[0].2);
    println!("median: {} s", taken[taken.len() / 2].0);
    println!("most memory: {} kB, {}", most.1, most.2);
}
