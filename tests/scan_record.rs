//! Scan records beside reports: which hold, what is said of those that do not, and
//! what a policy may ask of them.

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

use insta::assert_snapshot;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Run, Workplace, verdict};

const TRIVY: &str = r#"{"SchemaVersion":2,"ArtifactName":"reg.example/app:1.2","ArtifactType":"container_image","CreatedAt":"2026-11-21T11:30:00Z","Metadata":{"OS":{"Family":"alpine","Name":"3.20"},"ImageID":"sha256:aa","RepoDigests":["reg.example/app@sha256:bb"]},"Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]}"#;
const ZAP: &str = r#"{"@version":"2.17.0","created":"2026-11-21T11:30:00Z","site":[{"@name":"https://staging.example","alerts":[]},{"@name":"https://cdn.example:8443","alerts":[]}]}"#;

/// A sound record of a report, with some of its members in place of the usual.
fn record(report: &str, scanner: &str, other: &Value) -> Value {
    let mut record = json!({
        "schema": "security-gate-scan/1",
        "tool": {"name": "security-gate", "version": "0.1.0"},
        "outcome": "ran",
        "why": null,
        "report": {
            "path": "r.json",
            "bytes": report.len(),
            "sha256": base16ct::lower::encode_string(&Sha256::digest(report)),
        },
        "scanner": scanner,
        "scanner_version": null,
        "lane": null,
        "command": [scanner],
        "exit_code": 0,
        "signal": null,
        "interrupted": null,
        "timed_out": false,
        "started": "2026-11-21T11:00:00Z",
        "ended": "2026-11-21T11:40:00Z",
        "context": {
            "provider": "gitlab", "project": null, "branch": "main", "target_branch": null,
            "merge_request": null, "commit": "c0ffee", "tag": null, "environment": null, "pipeline": null,
        },
    });
    for (key, value) in other.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// What is decided about a report with such a record by a lane with such keys.
fn decide(report: &str, scanner: &str, record: Option<&str>, keys: &str) -> Run {
    let policy = format!(
        "extends = [\"builtin:baseline\"]\n[lane.x]\nreports = [\"r*.json\"]\nexpect = [\"{scanner}\"]\n{keys}\n"
    );
    let mut workplace = Workplace::new(&[("security-gate.toml", &policy), ("r.json", report)]);
    if let Some(record) = record {
        fs_err::write(workplace.path("r.json.scan.json"), record).unwrap();
    }
    workplace
        .variables
        .extend([("GITLAB_CI", "true"), ("CI_COMMIT_SHA", "C0FFEE")]);
    workplace.check(&[])
}

/// The reasons for a verdict that is not `pass`.
fn reasons(run: &Run) -> String {
    let reasons = run.summary.as_ref().unwrap()["reasons"]
        .as_array()
        .unwrap()
        .iter();
    let reasons = reasons.filter(|reason| reason["effect"] != "warn");
    let text = |reason: &Value| format!("{}\n", reason["text"].as_str().unwrap());
    reasons.map(text).collect()
}

#[test]
fn a_record_that_does_not_fit_makes_the_report_prove_nothing() {
    let mut said = String::new();
    let changed = CLEAN.replace("1.90.0", "1.91.0");
    let sha256 = |report: &str| base16ct::lower::encode_string(&Sha256::digest(report));
    for (name, other) in [
        (
            "another report",
            json!({"report": {"path": "r.json", "bytes": 82, "sha256": sha256(&changed)}}),
        ),
        (
            "another size",
            json!({"report": {"path": "r.json", "bytes": 1, "sha256": sha256(CLEAN)}}),
        ),
        (
            "no report",
            json!({"report": null, "outcome": "failed", "why": "the scanner wrote no report r.json"}),
        ),
        ("another scanner", json!({"scanner": "trivy"})),
        ("another lane", json!({"lane": "mainline-sast"})),
        (
            "its own word",
            json!({"outcome": "failed", "why": "no luck"}),
        ),
        ("an exit code that means a failure", json!({"exit_code": 2})),
        ("an exit code of 137", json!({"exit_code": 137})),
        ("a negative exit code", json!({"exit_code": -1})),
        (
            "a killed scanner",
            json!({"exit_code": null, "signal": "SIGKILL", "outcome": "failed", "why": "the scanner was killed by SIGKILL"}),
        ),
        (
            "a scanner that was too slow",
            json!({"timed_out": true, "outcome": "failed", "why": "too slow"}),
        ),
        (
            "a hidden exit code",
            json!({"command": ["sh", "-c", "semgrep scan || true"]}),
        ),
        (
            "one that did not end",
            json!({"exit_code": null, "ended": null, "outcome": "failed", "why": "the scan did not end"}),
        ),
    ] {
        let record = record(CLEAN, "semgrep", &other).to_string();
        let run = decide(CLEAN, "semgrep", Some(&record), "");
        assert_eq!((run.code, verdict(&run)), (3, "incomplete"), "{name}");
        let summary = run.summary.as_ref().unwrap();
        let report = &summary["reports"][0];
        assert!(
            report["status"] != "complete" && report["status"] != "degraded",
            "{name}"
        );
        assert_eq!(report["record"]["holds"], false, "{name}");
        write!(said, "# {name}\n{}\n", reasons(&run)).unwrap();
    }
    assert_snapshot!(said);
}

#[test]
fn what_is_no_sound_record_is_refused() {
    let mut said = String::new();
    let sound = record(CLEAN, "semgrep", &json!({})).to_string();
    let with = |other: Value| record(CLEAN, "semgrep", &other).to_string();
    let without = |key: &str| {
        let mut record: Value = serde_json::from_str(&sound).unwrap();
        record.as_object_mut().unwrap().remove(key);
        record.to_string()
    };
    let large = format!("{}{}", sound, " ".repeat(1 << 20));
    let deep = with(json!({"lane": 0}))
        .replace("\"lane\":0", &format!("\"lane\":{}", "[".repeat(200_000)));
    for (name, text) in [
        ("nothing", String::new()),
        ("cut off", sound[..sound.len() - 20].to_owned()),
        ("a second record behind it", format!("{sound}{sound}")),
        ("not JSON", "outcome: ran".to_owned()),
        ("a list", format!("[{sound}]")),
        ("an empty object", "{}".to_owned()),
        ("a report", CLEAN.to_owned()),
        (
            "another record of security-gate",
            r#"{"schema":"security-gate-summary/1"}"#.to_owned(),
        ),
        ("a later version", sound.replace("scan/1", "scan/2")),
        ("a number for the version", with(json!({"schema": 1}))),
        (
            "a key twice",
            sound.replace("\"outcome\"", "\"outcome\":\"failed\",\"outcome\""),
        ),
        (
            "a key twice in its report",
            sound.replace("\"bytes\"", "\"bytes\":1,\"bytes\""),
        ),
        ("a key that is not known", with(json!({"extra": 1}))),
        ("no outcome", without("outcome")),
        ("no start", without("started")),
        ("no context", without("context")),
        ("a word for the outcome", with(json!({"outcome": "passed"}))),
        ("a text for the exit code", with(json!({"exit_code": "0"}))),
        (
            "a large exit code",
            with(json!({"exit_code": 4_294_967_296_u64})),
        ),
        (
            "a negative size",
            with(json!({"report": {"path": "r", "bytes": -1, "sha256": "00"}})),
        ),
        (
            "a digest of nothing",
            with(json!({"report": {"path": "r", "bytes": 1, "sha256": ""}})),
        ),
        (
            "a time without a zone",
            with(json!({"started": "2026-11-21T11:00:00"})),
        ),
        ("a number for a time", with(json!({"ended": 1}))),
        (
            "an end before the start",
            with(json!({"ended": "2026-11-21T10:00:00Z"})),
        ),
        ("no command", with(json!({"command": []}))),
        (
            "a text for the command",
            with(json!({"command": "semgrep"})),
        ),
        ("ran, and why not", with(json!({"why": "x"}))),
        ("failed, and not why", with(json!({"outcome": "failed"}))),
        ("ran without an exit code", with(json!({"exit_code": null}))),
        ("ran without an end", with(json!({"ended": null}))),
        ("ran without a report", with(json!({"report": null}))),
        (
            "ran and killed",
            with(json!({"exit_code": null, "signal": "SIGKILL"})),
        ),
        (
            "killed with an exit code",
            with(json!({"signal": "SIGKILL"})),
        ),
        (
            "ran and interrupted",
            with(json!({"interrupted": "SIGTERM"})),
        ),
        ("ran and too slow", with(json!({"timed_out": true}))),
        ("too large", large),
        ("nested without end", deep),
    ] {
        let run = decide(CLEAN, "semgrep", Some(&text), "");
        assert_eq!((run.code, verdict(&run)), (3, "incomplete"), "{name}");
        write!(said, "# {name}\n{}\n", reasons(&run)).unwrap();
    }
    assert_snapshot!(said);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_no_record() {
    let mut said = String::new();
    for kind in ["folder", "link that leads nowhere", "circle of links"] {
        let workplace = Workplace::new(&[("r.json", CLEAN)]);
        let path = workplace.path("r.json.scan.json");
        match kind {
            "folder" => fs_err::create_dir(&path).unwrap(),
            "circle of links" => std::os::unix::fs::symlink(&path, &path).unwrap(),
            _ => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
        }
        let run = workplace.check(&["r.json"]);
        assert_eq!(run.code, 3, "{kind}");
        write!(said, "# {kind}\n{}\n", reasons(&run)).unwrap();
    }
    assert_snapshot!(said);
}

#[test]
fn an_empty_report_of_gitleaks_is_proven_by_its_exit_code_alone() {
    for (report, record_of, expected) in [
        ("[]\n", None, "degraded"),
        ("[]\n", Some(json!({})), "complete"),
        ("null\n", Some(json!({})), "complete"),
        ("[]\n", Some(json!({"exit_code": 1})), "failed"),
        (
            "[]\n",
            Some(json!({"command": ["gitleaks", "git", "--exit-code=0"]})),
            "failed",
        ),
        (
            "[]\n",
            Some(json!({"report": {"path": "r", "bytes": 1, "sha256": "0".repeat(64)}})),
            "failed",
        ),
    ] {
        let text = record_of.map(|other| record(report, "gitleaks", &other).to_string());
        let mut workplace = Workplace::new(&[("r.json", report)]);
        workplace.variables.push(("A", "b"));
        if let Some(text) = &text {
            fs_err::write(workplace.path("r.json.scan.json"), text).unwrap();
        }
        let run = workplace.check(&["gitleaks=r.json"]);
        let status = &run.summary.unwrap()["reports"][0]["status"];
        assert_eq!(status, expected, "{report} {text:?}");
    }
}

#[test]
fn records_are_not_taken_for_reports() {
    let text = record(CLEAN, "semgrep", &json!({})).to_string();
    // A report may well have such a name.
    let workplace = Workplace::new(&[
        ("r.json", CLEAN),
        ("r.json.scan.json", &text),
        ("trivy.scan.json", TRIVY),
    ]);
    for arguments in [&["."][..], &["*.json"]] {
        let run = workplace.check(arguments);
        let summary = run.summary.unwrap();
        let reports = summary["reports"].as_array().unwrap().iter();
        let mut paths: Vec<_> = reports
            .map(|report| report["path"].as_str().unwrap().trim_start_matches("./"))
            .collect();
        paths.sort_unstable();
        assert_eq!(paths, ["r.json", "trivy.scan.json"], "{arguments:?}");
        fs_err::remove_file(workplace.path("security-gate-summary.json")).unwrap();
    }
    // One that is named is read, and is none.
    let run = workplace.check(&["r.json.scan.json"]);
    assert_eq!(run.code, 3);
    assert!(
        reasons(&run).contains("a record of security-gate"),
        "{}",
        reasons(&run)
    );
}

/// What is said where a lane with such keys gets a report of such a scanner with
/// such a record; it passes, or is incomplete.
fn transcript(cases: &[(&str, &str, Option<String>, bool)]) -> String {
    let mut said = String::new();
    for (keys, scanner, record, passes) in cases {
        let report = match *scanner {
            "trivy" => TRIVY,
            "zap" => ZAP,
            _ => CLEAN,
        };
        let run = decide(report, scanner, record.as_deref(), keys);
        let expected = if *passes {
            (0, "pass")
        } else {
            (3, "incomplete")
        };
        let found = (run.code, verdict(&run));
        assert_eq!(found, expected, "{keys}: {}", reasons(&run));
        if !passes {
            write!(said, "# {keys}\n{}\n", reasons(&run)).unwrap();
        }
    }
    said
}

/// A record of a scan that ended at this time.
fn ended(report: &str, scanner: &str, time: &str) -> String {
    let times = json!({"started": "2026-01-01T00:00:00Z", "ended": time});
    record(report, scanner, &times).to_string()
}

#[test]
fn a_lane_may_ask_for_proof_and_freshness() {
    let sound = || Some(record(CLEAN, "semgrep", &json!({})).to_string());
    let ended_at = |time: &str| Some(ended(CLEAN, "semgrep", time));
    let trivy_at = |time: &str| Some(ended(TRIVY, "trivy", time));
    let day = r#"max_age = "24h""#;
    let hour = r#"max_age = "1h""#;
    let said = transcript(&[
        ("", "semgrep", None, true),
        (r#"proof = "report""#, "semgrep", None, true),
        (r#"proof = "record""#, "semgrep", None, false),
        (r#"proof = "record""#, "semgrep", sound(), true),
        (day, "semgrep", None, false),
        (day, "semgrep", sound(), true),
        (day, "semgrep", ended_at("2026-11-20T12:00:01Z"), true),
        (day, "semgrep", ended_at("2026-11-20T11:59:59Z"), false),
        (
            r#"max_age = "7d""#,
            "semgrep",
            ended_at("2026-11-14T11:59:59Z"),
            false,
        ),
        (day, "semgrep", ended_at("2026-11-21T12:04:59Z"), true),
        (day, "semgrep", ended_at("2026-11-21T12:05:01Z"), false),
        // By the report's own time, and rather by its record's.
        (day, "trivy", None, true),
        (hour, "trivy", None, true),
        (hour, "trivy", trivy_at("2026-11-21T11:30:00Z"), true),
        (hour, "trivy", trivy_at("2026-11-21T11:26:00Z"), true),
        (hour, "trivy", trivy_at("2026-11-21T11:24:00Z"), false),
    ]);
    assert_snapshot!(said);
}

#[test]
fn a_lane_may_ask_for_the_commit_and_the_target() {
    let of_commit = |commit: Value| {
        let mut record = record(CLEAN, "semgrep", &json!({}));
        record["context"]["commit"] = commit;
        Some(record.to_string())
    };
    let commit = "commit = true";
    let said = transcript(&[
        (commit, "semgrep", None, false),
        (commit, "semgrep", of_commit(json!("c0ffee")), true),
        (commit, "semgrep", of_commit(json!("decade")), false),
        (commit, "semgrep", of_commit(json!(null)), false),
        (r#"target = "reg.example/app:1.2""#, "trivy", None, true),
        (r#"target = "reg.example/app:1.3""#, "trivy", None, false),
        (
            r#"target = "reg.example/app@sha256:bb""#,
            "trivy",
            None,
            true,
        ),
        (r#"target = "sha256:bb""#, "trivy", None, true),
        (r#"target = "sha256:aa""#, "trivy", None, true),
        (r#"target = "sha256:cc""#, "trivy", None, false),
        (
            r#"target = ["reg.example/app:*", "reg.example/db:*"]"#,
            "trivy",
            None,
            false,
        ),
        (
            r#"target = "https://staging.example/login""#,
            "zap",
            None,
            true,
        ),
        (r#"target = "https://cdn.example:8443""#, "zap", None, true),
        (r#"target = "https://prod.example""#, "zap", None, false),
    ]);
    assert_snapshot!(said);
}

#[test]
fn the_time_of_the_file_counts_only_where_the_policy_says_so() {
    let policy = |age: &str| {
        format!(
            "extends = [\"builtin:baseline\"]\n[lane.x]\nreports = [\"r.json\"]\nmax_age = \"24h\"\n{age}\n"
        )
    };
    for (age, offset, code) in [
        ("", 0, 3),
        ("age = \"report\"", 0, 3),
        ("age = \"mtime\"", 0, 0),
        ("age = \"mtime\"", 25, 3),
        ("age = \"mtime\"", -1, 3),
    ] {
        let workplace = Workplace::new(&[("security-gate.toml", &policy(age)), ("r.json", CLEAN)]);
        let now: jiff::Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let time = now - jiff::SignedDuration::from_hours(offset);
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(workplace.path("r.json"))
            .unwrap();
        file.set_modified(time.into()).unwrap();
        let run = workplace.check(&[]);
        assert_eq!(run.code, code, "{age} {offset}: {}", reasons(&run));
        let modified = &run.summary.as_ref().unwrap()["reports"][0]["modified"];
        assert_eq!(modified.is_string(), age.contains("mtime"), "{age}");
    }
}

#[test]
fn a_commit_under_test_that_is_not_known_is_none() {
    let text = record(CLEAN, "semgrep", &json!({})).to_string();
    let policy =
        "extends = [\"builtin:baseline\"]\n[lane.x]\nreports = [\"r.json\"]\ncommit = true\n";
    let workplace = Workplace::new(&[
        ("security-gate.toml", policy),
        ("r.json", CLEAN),
        ("r.json.scan.json", &text),
    ]);
    let run = workplace.check(&[]);
    assert_eq!(run.code, 3);
    assert_snapshot!(reasons(&run), @"nothing says which commit is under test: is the gate run in a pipeline?");
}

#[test]
fn a_lane_lays_its_demands_over_those_it_extends() {
    let base = "extends = [\"builtin:baseline\"]\n[lane.x]\nreports = [\"r.json\"]\nproof = \"record\"\nmax_age = \"24h\"\n";
    let workplace = Workplace::new(&[
        ("base.toml", base),
        (
            "p.toml",
            "extends = [\"base.toml\"]\n[lane.x]\nmax_age = \"2w\"\nage = \"mtime\"\ncommit = true\n",
        ),
    ]);
    let shown = workplace.run(&["policy", "show", "p.toml"]).stdout;
    let lane = shown
        .split("[lane.x]")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    assert_snapshot!(lane);
}

#[test]
fn examples_are_about_findings_and_take_scans_for_proven() {
    let policy = "extends = [\"builtin:baseline\"]\n[lane.x]\nreports = [\"trivy=r.json\"]\nexpect = [\"trivy\"]\nproof = \"record\"\nmax_age = \"1h\"\ncommit = true\ntarget = \"a\"\n[[example]]\nid = \"e\"\nverdict = \"pass\"\nfindings = [{ scanner = \"trivy\", lane = \"x\", category = \"sca\", severity = \"low\" }]\n";
    let workplace = Workplace::new(&[("p.toml", policy)]);
    let run = workplace.run(&["policy", "test", "p.toml"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_scan_that_ran_in_part_is_degraded() {
    let report = r#"{"reportSchema":"1.1","scanInfo":{"engineVersion":"12.0.0"},"projectInfo":{"name":"a"},"dependencies":[{"fileName":"a.jar"}]}"#;
    let text = record(report, "dependency-check", &json!({"exit_code": 14})).to_string();
    for (keys, code) in [("", 0), ("degraded = \"incomplete\"", 3)] {
        let run = decide(report, "dependency-check", Some(&text), keys);
        assert_eq!(run.code, code, "{}", reasons(&run));
        let report = &run.summary.as_ref().unwrap()["reports"][0];
        assert_eq!(report["status"], "degraded");
        assert_eq!(
            report["notes"][0],
            "exit code 14: part of the analysis failed"
        );
    }
}

#[test]
fn what_has_a_record_is_not_passed_over() {
    let text = record(CLEAN, "semgrep", &json!({})).to_string();
    let workplace = Workplace::new(&[
        ("in/r.json", CLEAN),
        ("in/package.json", r#"{"name":"a"}"#),
        ("in/lost.json", r#"{"name":"a"}"#),
        ("in/lost.json.scan.json", &text),
    ]);
    let run = workplace.check(&["in"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let summary = run.summary.as_ref().unwrap();
    assert_eq!(summary["passed_over"], json!(["in/package.json"]));
    assert!(
        reasons(&run).contains("it is of a report of"),
        "{}",
        reasons(&run)
    );
}

#[test]
fn the_examples_of_the_documentation_are_valid() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs_err::read_to_string(root.join("docs/health.md")).unwrap();
    let examples = page.split("```toml\n").skip(1);
    let examples: Vec<_> = examples
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let workplace = Workplace::new(&[("p.toml", example)]);
        let run = workplace.run(&["policy", "check", "p.toml"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
}
