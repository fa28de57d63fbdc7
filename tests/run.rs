//! `run`: what a scanner's end and its report make of the record, of the exit code
//! and of the decision that relies on them.

#![cfg(unix)]
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
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Run, Workplace, semgrep, verdict};

const BANDIT: &str = r#"{"errors":[],"generated_at":"2026-11-21T11:00:00Z","metrics":{"_totals":{"loc":9,"nosec":0},"a.py":{"loc":9}},"results":[]}"#;
const LEAK: &str =
    r#"[{"RuleID":"aws","StartLine":1,"File":"a","Secret":"AKIA0123","Match":"x","Commit":"c"}]"#;
const TRIVY: &str = r#"{"SchemaVersion":2,"Trivy":{"Version":"0.70.0"},"ArtifactName":"reg.example/app:1.2","ArtifactType":"container_image","Metadata":{"OS":{"Family":"alpine","Name":"3.20"},"ImageID":"sha256:aa","RepoDigests":["reg.example/app@sha256:bb"]},"Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]}"#;
const ZAP: &str =
    r#"{"@version":"2.17.0","site":[{"@name":"https://staging.example","alerts":[]}]}"#;
const CHECKED: &str = r#"{"reportSchema":"1.1","scanInfo":{"engineVersion":"12.0.0","dataSource":[]},"projectInfo":{"name":"a"},"dependencies":[{"fileName":"a.jar"}]}"#;

/// A working folder with the reports that fake scanners leave.
fn workplace() -> Workplace {
    let mut workplace = Workplace::new(&[
        ("made/semgrep.json", CLEAN),
        ("made/found.json", &semgrep(&["ERROR"])),
        ("made/bandit.json", BANDIT),
        ("made/empty.json", "[]\n"),
        ("made/leak.json", LEAK),
        ("made/trivy.json", TRIVY),
        ("made/zap.json", ZAP),
        ("made/dependency-check.json", CHECKED),
        ("made/cut.json", &CLEAN[..40]),
        ("made/nothing.json", &CLEAN.replace(r#""src/a.py""#, "")),
    ]);
    workplace.variables.push(("PATH", "/usr/bin:/bin"));
    workplace
}

/// `run` of a shell script as the scanner.
fn run(workplace: &Workplace, options: &[&str], script: &str) -> Run {
    let arguments = [
        &["run", "--report", "r.json"],
        options,
        &["--", "sh", "-c", script],
    ];
    workplace.run(&arguments.concat())
}

fn record(workplace: &Workplace) -> Value {
    let text = fs_err::read_to_string(workplace.path("r.json.scan.json")).unwrap();
    let record = serde_json::from_str(&text).unwrap();
    assert_valid(&record);
    record
}

/// Every record is held against the schema that the program prints.
fn assert_valid(record: &Value) {
    let schema = Command::new(env!("CARGO_BIN_EXE_security-gate"))
        .args(["schema", "scan"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(record)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn each_way_in_which_a_scan_ends_is_told_apart() {
    let mut said = String::new();
    for (scanner, script, code) in [
        ("semgrep", "cp made/semgrep.json r.json", 0),
        ("semgrep", "cp made/found.json r.json; exit 1", 0),
        ("semgrep", "cp made/semgrep.json r.json; exit 2", 3),
        ("semgrep", "cp made/semgrep.json r.json; exit 3", 0),
        ("semgrep", "cp made/semgrep.json r.json; exit 7", 3),
        ("semgrep", "cp made/semgrep.json r.json; false || true", 3),
        ("semgrep", "cp made/nothing.json r.json", 3),
        ("semgrep", "cp made/cut.json r.json", 3),
        ("semgrep", "cp made/bandit.json r.json", 3),
        ("semgrep", "true", 3),
        ("semgrep", "exit 2", 3),
        ("semgrep", "mkdir r.json", 3),
        (
            "bandit",
            "sed s/2026-11-21T11:00:00Z/$(date -u +%Y-%m-%dT%H:%M:%SZ)/ made/bandit.json >r.json; exit 1",
            0,
        ),
        ("bandit", "sed s/2026/2999/ made/bandit.json >r.json", 3),
        ("bandit", "cp made/bandit.json r.json", 3),
        ("gitleaks", "cp made/empty.json r.json", 0),
        ("gitleaks", "cp made/empty.json r.json; exit 1", 3),
        ("gitleaks", "cp made/leak.json r.json; exit 1", 0),
        ("gitleaks", "cp made/leak.json r.json", 3),
        ("gitleaks", ": --exit-code 0; cp made/empty.json r.json", 3),
        (
            "gitleaks",
            ": --exit-code 2; cp made/leak.json r.json; exit 2",
            0,
        ),
        (
            "gitleaks",
            ": --exit-code 2; cp made/leak.json r.json; exit 1",
            3,
        ),
        ("trivy", "cp made/trivy.json r.json", 0),
        ("trivy", "cp made/trivy.json r.json; exit 1", 3),
        (
            "trivy",
            ": --exit-code 1; cp made/trivy.json r.json; exit 1",
            0,
        ),
        ("zap", "cp made/zap.json r.json; exit 2", 0),
        ("zap", "cp made/zap.json r.json; exit 3", 3),
        (
            "dependency-check",
            "cp made/dependency-check.json r.json; exit 15",
            0,
        ),
        (
            "dependency-check",
            "cp made/dependency-check.json r.json; exit 14",
            0,
        ),
        (
            "dependency-check",
            "cp made/dependency-check.json r.json; exit 13",
            3,
        ),
        ("semgrep", "cp made/semgrep.json r.json; kill -KILL $$", 3),
        ("semgrep", "cp made/semgrep.json r.json; exit 137", 3),
    ] {
        let workplace = workplace();
        let run = run(&workplace, &["--scanner", scanner], script);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (code, ""),
            "{script}: {}",
            run.stderr
        );
        let record = record(&workplace);
        let outcome = if code == 0 { "ran" } else { "failed" };
        assert_eq!(record["outcome"], outcome, "{script}");
        assert_eq!(record["why"].is_null(), code == 0, "{script}");
        writeln!(said, "# {scanner}: {script}\n{}", run.stderr).unwrap();
    }
    insta::with_settings!({filters => [(r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME")]}, {
        assert_snapshot!(said);
    });
}

#[test]
fn a_record_says_how_it_was_and_no_secret() {
    let mut workplace = workplace();
    let path = workplace.folder.path().display().to_string();
    workplace.variables.extend([
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", "c0ffee"),
        ("CI_COMMIT_BRANCH", "main"),
        ("GITLAB_USER_LOGIN", "anna-the-author"),
        ("CI_PIPELINE_ID", "42"),
        ("SCANNER_TOKEN", "correct-horse"),
        ("HOSTNAME", "runner-7"),
    ]);
    let absolute = format!("{path}/r.json");
    let run = workplace.run(&[
        "run",
        "--report",
        &absolute,
        "--lane",
        "mainline-sast",
        "--",
        "/bin/sh",
        "-c",
        "cp made/semgrep.json r.json",
        "--token",
        "hunter2",
        "--key=hunter2",
        "https://me:hunter2@h/",
        "correct-horse",
        &absolute,
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut record = record(&workplace);
    let text = record.to_string();
    for hidden in [
        "hunter2",
        "correct-horse",
        "anna-the-author",
        "runner-7",
        path.as_str(),
    ] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    for time in ["started", "ended"] {
        let text = record[time].take();
        assert!(text.as_str().unwrap().ends_with('Z'), "{text}");
    }
    record["tool"]["version"].take();
    assert_eq!(
        record,
        json!({
            "schema": "security-gate-scan/1",
            "tool": {"name": "security-gate", "version": null},
            "outcome": "ran", "why": null,
            "report": {"path": "r.json", "bytes": CLEAN.len(), "sha256": record["report"]["sha256"]},
            "scanner": "semgrep", "scanner_version": "1.90.0", "lane": "mainline-sast",
            "command": ["sh", "-c", "cp made/semgrep.json r.json", "--token", "***", "--key=***", "https://***@h/", "***", "r.json"],
            "exit_code": 0, "signal": null, "interrupted": null, "timed_out": false,
            "started": null, "ended": null,
            "context": {
                "provider": "gitlab", "project": null, "branch": "main", "target_branch": null,
                "merge_request": null, "commit": "c0ffee", "tag": null, "environment": null, "pipeline": "42",
            },
        })
    );
}

#[test]
fn a_record_of_a_failure_does_not_say_where_it_was() {
    let workplace = workplace();
    let folder = workplace.folder.path().display().to_string();
    let (report, program) = (
        format!("{folder}/r.json"),
        format!("{folder}/no-such-scanner"),
    );
    for program in [program.as_str(), "true"] {
        let run = workplace.run(&["run", "--report", &report, "--", program]);
        assert_eq!(run.code, 3);
        let record = record(&workplace).to_string();
        assert!(!record.contains(&folder), "{record}");
    }
}

#[test]
fn a_report_of_an_earlier_run_is_stale() {
    for (script, code, words) in [
        ("true", 3, "was there before"),
        ("cat made/semgrep.json >/dev/null", 3, "was there before"),
        // As a cache or an archive puts it back.
        ("cp -p made/semgrep.json r.json", 3, "older than this run"),
        (
            "cp -p made/semgrep.json x; mv x r.json",
            3,
            "older than this run",
        ),
        // Many a scanner finds the same again, and says so in the same words.
        ("cp made/semgrep.json r.json", 0, ""),
        ("cp made/semgrep.json x; mv x r.json", 0, ""),
    ] {
        let workplace = workplace();
        fs_err::write(workplace.path("r.json"), CLEAN).unwrap();
        for name in ["r.json", "made/semgrep.json"] {
            age(&workplace.path(name));
        }
        let run = run(&workplace, &[], script);
        assert_eq!(run.code, code, "{script}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{script}: {}", run.stderr);
        assert!(workplace.path("r.json").exists(), "nothing is removed");
    }
}

/// Makes a file a day older.
fn age(path: &Path) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    let time = std::time::SystemTime::now() - Duration::from_secs(24 * 60 * 60);
    file.set_modified(time).unwrap();
}

#[test]
fn streams_are_passed_through_as_they_are() {
    let workplace = workplace();
    fs_err::write(workplace.path("input"), "to the scanner\n").unwrap();
    let input = fs_err::File::open(workplace.path("input"))
        .unwrap()
        .into_file();
    let script = "cat; echo of the scanner >&2; cp made/semgrep.json r.json";
    let arguments = ["run", "--report", "r.json", "--", "sh", "-c", script];
    let run = workplace.run_with_input(&arguments, input);
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "to the scanner\n", "of the scanner\n")
    );
}

#[test]
fn what_takes_too_long_is_ended_with_all_that_it_started() {
    let workplace = workplace();
    let script =
        "cp made/semgrep.json r.json; (trap '' TERM; sleep 300; echo still here >left) & wait";
    let run = run(&workplace, &["--timeout", "1s"], script);
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("took longer than `--timeout`"),
        "{}",
        run.stderr
    );
    let record = record(&workplace);
    assert_eq!(
        (&record["timed_out"], &record["outcome"]),
        (&json!(true), &json!("failed"))
    );
    assert!(!workplace.path("left").exists());
}

#[test]
fn what_does_not_listen_is_killed() {
    let workplace = workplace();
    let script = "trap '' TERM; while :; do sleep 1; done";
    let run = run(&workplace, &["--timeout", "1s"], script);
    assert_eq!(run.code, 3);
    assert_eq!(record(&workplace)["signal"], "SIGKILL");
}

#[test]
fn signals_are_passed_on_and_the_scan_has_not_happened() {
    for (signal, name) in [("TERM", "SIGTERM"), ("INT", "SIGINT"), ("HUP", "SIGHUP")] {
        let workplace = workplace();
        // It ends as if all was well, which it is not.
        let script = format!(
            "trap 'cp made/semgrep.json r.json; echo got it; exit 0' {signal}; touch ready; while :; do sleep 1; done"
        );
        let mut child = workplace
            .command(&["run", "--report", "r.json", "--", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while !workplace.path("ready").exists() {
            assert!(child.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(10));
        }
        let sent = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(output.stdout, b"got it\n");
        let record = record(&workplace);
        assert_eq!(record["interrupted"], name);
        assert!(record["why"].as_str().unwrap().contains(name), "{record}");
    }
}

#[test]
fn when_the_gate_itself_is_killed_the_record_says_that_the_scan_did_not_end() {
    let workplace = workplace();
    // What an earlier run left must not speak for this one.
    assert_eq!(run(&workplace, &[], "cp made/semgrep.json r.json").code, 0);
    assert_eq!(workplace.run(&["inspect", "r.json"]).code, 0);
    let script = "touch ready; sleep 5";
    let mut child = workplace
        .command(&["run", "--report", "r.json", "--", "sh", "-c", script])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    while !workplace.path("ready").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(record(&workplace)["outcome"], "failed");
    let run = workplace.run(&["inspect", "r.json"]);
    assert_eq!(run.code, 3);
    assert!(
        run.stdout.contains("the scan did not end"),
        "{}",
        run.stdout
    );
}

#[test]
fn what_cannot_be_run_is_said() {
    let mut said = String::new();
    for (arguments, code) in [
        (&["--report", "r.json", "--", "no-such-scanner"][..], 3),
        (&["--report", "r.json", "--", "./made/semgrep.json"], 3),
        (&["--report", "made/semgrep.json/r.json", "--", "true"], 3),
        (
            &[
                "--report",
                "new/folder/r.json",
                "--",
                "sh",
                "-c",
                "cp made/semgrep.json new/folder/r.json",
            ],
            0,
        ),
        (&["--report", "r.json"], 2),
        (&["--report", "r.json", "--"], 2),
        (&["--report", "-", "--", "true"], 2),
        (&["--", "true"], 2),
        (
            &["--report", "r.json", "--scanner", "semgrpe", "--", "true"],
            2,
        ),
        (&["--report", "r.json", "--lane", "", "--", "true"], 2),
        (
            &["--report", "r.json", "--timeout", "soon", "--", "true"],
            2,
        ),
        (&["--report", "r.json", "--timeout", "0s", "--", "true"], 2),
    ] {
        let workplace = workplace();
        let run = workplace.run(&[&["run"], arguments].concat());
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
        writeln!(said, "# {}\n{}", arguments.join(" "), run.stderr).unwrap();
    }
    assert_snapshot!(said);
}

#[test]
fn the_name_of_the_program_may_tell_the_scanner() {
    let workplace = workplace();
    fs_err::write(
        workplace.path("gitleaks"),
        "#!/bin/sh\ncp made/empty.json r.json\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs_err::set_permissions(workplace.path("gitleaks"), mode).unwrap();
    let run = workplace.run(&["run", "--report", "r.json", "--", "./gitleaks", "git"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(record(&workplace)["scanner"], "gitleaks");
    // And the record tells whoever reads what does not tell itself.
    let run = workplace.check(&["r.json"]);
    assert_eq!((run.code, verdict(&run)), (0, "pass"), "{}", run.stderr);
    let report = &run.summary.unwrap()["reports"][0];
    assert_eq!(
        (&report["status"], &report["scanner"]),
        (&json!("complete"), &json!("gitleaks"))
    );
    assert_eq!(report["record"]["holds"], true);
}

#[test]
fn help() {
    assert_snapshot!(workplace().run(&["run", "--help"]).stdout);
}
