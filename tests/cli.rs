//! The built program, as pipelines call it: exit codes, messages, files.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Run, Workplace, assert_valid, semgrep, verdict};

#[test]
fn the_exit_code_is_the_verdict() {
    let (bad, clean) = (semgrep(&["ERROR"]), semgrep(&["INFO"]));
    for (files, code, expected) in [
        (vec![("semgrep.json", CLEAN)], 0, "pass"),
        (vec![("semgrep.json", clean.as_str())], 0, "pass"),
        (vec![("semgrep.json", bad.as_str())], 1, "fail"),
        (vec![("semgrep.json", "")], 3, "incomplete"),
        (
            vec![("semgrep.json", CLEAN), ("other.json", "{")],
            3,
            "incomplete",
        ),
        // A missing report never hides a known violation.
        (
            vec![("semgrep.json", bad.as_str()), ("other.json", "{")],
            1,
            "fail",
        ),
    ] {
        let workplace = Workplace::new(&files);
        let named: Vec<_> = files.iter().map(|(name, _)| *name).collect();
        let run = workplace.check(&named);
        assert_eq!(run.code, code, "{files:?}\n{}", run.stderr);
        assert_eq!(verdict(&run), expected);
        let summary = run.summary.unwrap();
        assert_eq!(summary["exit_code"], code);
        assert!(
            run.markdown
                .unwrap()
                .starts_with(&format!("# Security gate: {}", expected.to_uppercase()))
        );
        assert!(
            run.stdout.starts_with(&expected.to_uppercase()),
            "{}",
            run.stdout
        );
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn a_mistake_in_usage_decides_nothing() {
    let files = [("semgrep.json", CLEAN), ("bad.toml", "rules = 1\n")];
    for arguments in [
        vec!["check"],
        vec!["check", "--polcy", "x", "semgrep.json"],
        vec!["check", "--policy", "none.toml", "semgrep.json"],
        vec!["check", "--policy", "builtin:none", "semgrep.json"],
        vec!["check", "--policy", "bad.toml", "semgrep.json"],
        vec!["check", "--config", "none.toml", "semgrep.json"],
        vec!["check", "--now", "yesterday", "semgrep.json"],
        vec!["check", "--template", "none.md", "semgrep.json"],
        vec!["check", "smgrep=semgrep.json"],
        vec!["chek"],
        vec![],
    ] {
        let workplace = Workplace::new(&files);
        let run = workplace.run(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(
            run.summary.is_none() && run.markdown.is_none(),
            "{arguments:?}"
        );
        assert!(!run.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_policy_shows_all_its_mistakes_at_once() {
    let policy = r#"schema = 1
extends = ["builtin:basline", "none.toml"]
trust_suppresions = true

[severity]
unknown = "bad"

[lane.mainline-sast]
report = ["a.json"]
expect = ["semgrpe"]
degraded = "ignore"

[[rule]]
id = "x"
max = -1
action = "block"
where = { severty = ">=high", severity = "hihg", lane = "mainlin-sast", cwe = [], path = "src/[" }

[[rule]]
max = "3"
where = { severity = ">critical", category = "sats", fix = "yes", fingerprint = "sg1:0" }

[[exception]]
id = "e"
where = {}
expires = "tomorrow"

[[exception]]
id = "e"
reason = " "
decided = 2026-02-01
expires = 2026-01-01
where = { rule = "*" }
"#;
    let workplace = Workplace::new(&[("policy.toml", policy), ("semgrep.json", CLEAN)]);
    let run = workplace.check(&["--policy", "policy.toml", "semgrep.json"]);
    assert_eq!(run.code, 2);
    assert_snapshot!("policy_mistakes", run.stderr);
}

#[test]
fn an_expression_shows_all_its_mistakes_in_the_policy() {
    let policy = r#"[[rule]]
id = "typo"
where = { when = 'sevrity == "high" && kev' }

[[rule]]
id = "type"
where = { when = "kev && severity > 3" }

[[rule]]
id = "escaped"
where = { when = "title == \"a\" && kve" }

[[rule]]
id = "names"
where = { when = 'scanner == "smgrep" && lane in ["mainline-sats"]' }

[[rule]]
id = "lines"
where.when = """
cvss >= 7.0
  && path.matches("é")
"""

[[exception]]
id = "all"
reason = "a test"
expires = 2027-01-01
where = { when = "true" }

[[exception]]
id = "cut"
reason = "a test"
expires = 2027-01-01
where = { when = "kev &&" }

[[exception]]
id = "number"
reason = "a test"
expires = 2027-01-01
where = { when = true }
"#;
    let workplace = Workplace::new(&[("policy.toml", policy), ("semgrep.json", CLEAN)]);
    let run = workplace.check(&["--policy", "policy.toml", "semgrep.json"]);
    assert_eq!(run.code, 2);
    assert!(run.summary.is_none());
    assert_snapshot!("expression_mistakes", run.stderr);
}

#[test]
fn an_expression_decides_or_leaves_the_decision_open() {
    let rule = |when: &str| {
        format!("[[rule]]\nid = \"r\"\nwhere = {{ severity = \">=high\", when = '{when}' }}\n")
    };
    let exception = |when: &str| {
        let head = "[[exception]]\nid = \"e\"\nreason = \"a test\"\nexpires = 2027-01-01\n";
        format!("{head}where = {{ when = '{when}' }}\n")
    };
    let every_high = "[[rule]]\nid = \"r\"\nwhere = { severity = \">=high\" }\n";
    let short = r#"rule != "a" && references[3] == "a""#;
    for (policy, code) in [
        (rule("95 in cwe && line == 1"), 1),
        (rule("95 in cwe && line == 7"), 0),
        (rule("cvss < 7.0 || cvss >= 7.0"), 0),
        (rule(short), 3),
        // The native keys leave nothing to ask of a finding that is not high.
        (rule(short).replace(">=high", "critical"), 0),
        (every_high.to_owned() + &exception("line in [1, 2]"), 0),
        (every_high.to_owned() + &exception("line == 2"), 1),
        (every_high.to_owned() + &exception(short), 1),
        (
            every_high.replace("high", "critical") + &exception(short),
            3,
        ),
        // An expired exception changes nothing, whatever its answer would be.
        (
            every_high.replace("high", "critical") + &exception(short).replace("2027", "2026"),
            0,
        ),
    ] {
        let report = semgrep(&["ERROR", "ERROR"]);
        let workplace = Workplace::new(&[("p.toml", &policy), ("semgrep.json", &report)]);
        let run = workplace.check(&["--policy", "p.toml", "semgrep.json"]);
        assert_eq!(run.code, code, "{policy}\n{}{}", run.stdout, run.stderr);
        if policy.contains("references") && code == 3 {
            let text = "has no answer for 2 findings; the first is conf.no-eval at src/a.py:1: a list is shorter than that";
            assert!(run.stdout.contains("has no answer"), "{}", run.stdout);
            let summary = run.summary.unwrap().to_string();
            assert!(summary.contains(text), "{summary}");
        }
    }
}

#[test]
fn a_policy_that_is_no_toml_says_where() {
    let workplace = Workplace::new(&[
        ("security-gate.toml", "[[rule]]\nid = x\nmax = 0 0\n"),
        ("semgrep.json", CLEAN),
    ]);
    let run = workplace.check(&["semgrep.json"]);
    assert_eq!(run.code, 2);
    assert_snapshot!("policy_syntax", run.stderr);
}

#[test]
fn a_policy_that_extends_itself_is_a_mistake() {
    let workplace = Workplace::new(&[
        ("a.toml", "extends = \"b.toml\"\n"),
        ("b.toml", "extends = [\"a.toml\"]\n"),
        ("semgrep.json", CLEAN),
    ]);
    let run = workplace.check(&["--policy", "a.toml", "semgrep.json"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("the policy extends itself"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_exception_with_the_same_name_in_another_file_is_a_mistake() {
    let exception = "[[exception]]\nid = \"e\"\nreason = \"r\"\nexpires = 2027-01-01\nwhere = { rule = \"a\" }\n";
    let workplace = Workplace::new(&[
        ("security-gate.toml", exception),
        ("security-exceptions.toml", exception),
        ("semgrep.json", CLEAN),
    ]);
    let run = workplace.check(&["semgrep.json"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr
            .contains("security-gate.toml:1 has the exception `e`, too"),
        "{}",
        run.stderr
    );
}

#[test]
fn messages_name_the_file_the_place_and_the_mend() {
    let files = [
        ("cut.json", &semgrep(&["ERROR"])[..200]),
        ("empty.json", ""),
        ("list.json", "[]"),
        ("log.json", "INFO scanning\n{\"results\":[]}"),
        ("page.json", "<!DOCTYPE html><html><body>502</body></html>"),
        ("error.json", r#"{"message":"401 Unauthorized"}"#),
        ("package.json", r#"{"name":"shop","version":"1.0.0"}"#),
        ("sarif.json", r#"{"version":"2.1.0","runs":[]}"#),
        ("semgrep.json", CLEAN),
        (
            "twice.json",
            r#"{"results":[],"errors":[],"paths":{},"results":[]}"#,
        ),
        (
            "wrong.json",
            r#"{"results":{},"errors":[],"paths":{"scanned":["a"]}}"#,
        ),
    ];
    let workplace = Workplace::new(&files);
    let named: Vec<_> = files.iter().map(|(name, _)| *name).collect();
    let run = workplace.run(
        &[
            &["inspect", "none.json", "*.sarif", "bandit=semgrep.json"],
            &named[..],
        ]
        .concat(),
    );
    assert_eq!(run.code, 3);
    assert_snapshot!("refused", run.stdout);
}

#[test]
fn a_folder_is_searched_for_reports() {
    let workplace = Workplace::new(&[
        ("reports/semgrep.json", CLEAN),
        ("reports/deep/other.json", CLEAN),
        ("reports/package.json", r#"{"name":"shop"}"#),
        ("reports/.cache/semgrep.json", "{"),
        ("reports/notes.txt", "not even looked at"),
        (
            "reports/security-gate-summary.json",
            r#"{"schema":"security-gate-summary/1"}"#,
        ),
    ]);
    let run = workplace.check(&["reports"]);
    assert_eq!((run.code, verdict(&run)), (0, "pass"), "{}", run.stdout);
    assert_eq!(run.summary.unwrap()["reports"].as_array().unwrap().len(), 2);

    // What is broken is no other file, but a report that is missing.
    fs_err::write(workplace.path("reports/zap.json"), "").unwrap();
    assert_eq!(workplace.check(&["reports"]).code, 3);
}

#[test]
fn lanes_say_what_must_be_there() {
    let config = r#"
extends = "builtin:baseline"
[lane.mainline-sast]
reports = ["reports/semgrep*.json"]
expect = ["semgrep"]
"#;
    let workplace = Workplace::new(&[("security-gate.toml", config), ("deep/below/empty.txt", "")]);
    let missing = workplace.check(&[]);
    assert_eq!((missing.code, verdict(&missing)), (3, "incomplete"));
    assert!(
        missing
            .stdout
            .contains("the lane's reports are reports/semgrep*.json"),
        "{}",
        missing.stdout
    );

    fs_err::create_dir(workplace.path("reports")).unwrap();
    fs_err::write(workplace.path("reports/semgrep-1.json"), CLEAN).unwrap();
    assert_eq!(workplace.check(&[]).code, 0);

    // The configuration is found from below, and so are its reports.
    let mut command = workplace.command(&["check", "--out", "."]);
    let output = command
        .current_dir(workplace.path("deep/below"))
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );

    fs_err::write(workplace.path("reports/semgrep-2.json"), "{}").unwrap();
    assert_eq!(workplace.check(&[]).code, 3);
}

#[test]
fn a_degraded_scan_is_what_the_lane_says() {
    let degraded = CLEAN.replace(
        r#""errors":[]"#,
        r#""errors":[{"code":3,"level":"warn","type":"Timeout","path":"src/b.py"}]"#,
    );
    for (setting, code) in [
        ("", 0),
        ("degraded = \"warn\"", 0),
        ("degraded = \"incomplete\"", 3),
        (
            "degraded = \"ignore\"\ndegraded_reason = \"generated code\"",
            0,
        ),
    ] {
        let config = format!(
            "extends = \"builtin:baseline\"\n[lane.mainline-sast]\nreports = [\"semgrep.json\"]\n{setting}\n"
        );
        let workplace =
            Workplace::new(&[("security-gate.toml", &config), ("semgrep.json", &degraded)]);
        let run = workplace.check(&[]);
        assert_eq!(run.code, code, "{setting}: {}{}", run.stdout, run.stderr);
        let is_said = run.stdout.contains("src/b.py");
        assert_eq!(
            is_said,
            !setting.contains("ignore"),
            "{setting}: {}",
            run.stdout
        );
    }
}

#[test]
fn an_exception_accepts_until_its_last_day() {
    let exceptions = r#"
[[exception]]
id = "eval-is-fine"
where = { rule = "*no-eval", path = "src/**" }
reason = "The input is a constant."
approved_by = "appsec"
decided = 2026-11-01
expires = 2026-11-21
"#;
    let workplace = Workplace::new(&[
        ("security-gate.toml", "extends = \"builtin:baseline\"\n"),
        ("security-exceptions.toml", exceptions),
        ("semgrep.json", &semgrep(&["ERROR", "WARNING"])),
    ]);
    let run = |now| workplace.run(&["check", "--now", now, "semgrep.json"]);
    let held = run("2026-11-21T23:59:59Z");
    assert_eq!(held.code, 0, "{}", held.stdout);
    let summary = held.summary.unwrap();
    assert_eq!(summary["exceptions"][0]["state"], "used");
    assert_eq!(summary["counts"]["accepted"]["high"], 1);
    assert_eq!(summary["findings"][0]["exception"], "eval-is-fine");

    let expired = run("2026-11-22T00:00:00Z");
    assert_eq!(expired.code, 1);
    assert!(
        expired
            .stdout
            .contains("eval-is-fine expired on 2026-11-21: 2 findings came back"),
        "{}",
        expired.stdout
    );
    assert_eq!(
        expired.summary.unwrap()["exceptions"][0]["state"],
        "expired"
    );

    let early = run("2026-10-31T00:00:00Z");
    assert_eq!(
        (
            early.code,
            early.summary.unwrap()["exceptions"][0]["state"].clone()
        ),
        (1, "not-yet-in-force".into())
    );
}

#[test]
fn suppressions_hold_only_where_they_are_trusted() {
    let ignored = semgrep(&["ERROR"]).replace(
        r#""severity":"ERROR""#,
        r#""severity":"ERROR","is_ignored":true"#,
    );
    for (setting, code) in [
        ("true", 0),
        ("false", 1),
        ("[\"semgrep\"]", 0),
        ("[\"zap\"]", 1),
    ] {
        let config = format!("extends = \"builtin:baseline\"\ntrust_suppressions = {setting}\n");
        let workplace =
            Workplace::new(&[("security-gate.toml", &config), ("semgrep.json", &ignored)]);
        assert_eq!(workplace.check(&["semgrep.json"]).code, code, "{setting}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (one, two) = (
        semgrep(&["ERROR", "INFO", "WARNING"]),
        semgrep(&["WARNING"]),
    );
    let workplace = Workplace::new(&[("a.json", &one), ("b.json", &two), ("c.json", &one)]);
    let bytes = |arguments: &[&str]| {
        let run = workplace.check(arguments);
        (
            run.stdout,
            fs_err::read(workplace.path("security-gate-summary.json")).unwrap(),
            run.markdown,
        )
    };
    let first = bytes(&["a.json", "b.json", "c.json"]);
    assert_eq!(first, bytes(&["a.json", "b.json", "c.json"]));
    assert_eq!(first, bytes(&["c.json", "a.json", "b.json"]));
}

#[test]
fn the_pipeline_says_what_was_decided_about() {
    let mut workplace = Workplace::new(&[("semgrep.json", CLEAN)]);
    workplace.variables = vec![
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_PATH", "acme/shop"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_SHA", "c0ffee"),
        (
            "CI_PIPELINE_URL",
            "https://gitlab.example/acme/shop/-/pipelines/1",
        ),
    ];
    let run = workplace.check(&["semgrep.json"]);
    let context = &run.summary.unwrap()["context"];
    assert_eq!(context["provider"], "gitlab");
    assert_eq!(context["commit"], "c0ffee");
    assert!(
        run.markdown
            .unwrap()
            .contains("for commit `c0ffee` on `main`")
    );
}

#[test]
fn a_template_is_the_users_own() {
    let report = semgrep(&["ERROR"]).replace("eval of input", "<b>@all | `x`</b>");
    let workplace = Workplace::new(&[
        ("semgrep.json", &report),
        (
            "good.md",
            "{{ verdict | safe }}: {% for finding in blocking %}{{ finding.title }}{% endfor %}",
        ),
        ("bad.md", "{{ vedrict }}"),
        (
            "endless.md",
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        ),
        ("long.md", "{% for a in range(90000) %}x{% endfor %}"),
    ]);
    let good = workplace.check(&["semgrep.json", "--template", "good.md"]);
    assert_eq!(good.code, 1);
    assert_eq!(good.markdown.unwrap(), "fail: ``<b>@all \\| `x`</b> 1``\n");
    // A slip in a template is a mistake, found before anything is written.
    let fresh = Workplace::new(&[
        ("semgrep.json", CLEAN),
        ("bad.md", "{{ vedrict }}"),
        ("open.md", "{% for"),
    ]);
    for (template, message) in [("bad.md", "undefined value"), ("open.md", "syntax error")] {
        let bad = fresh.check(&["semgrep.json", "--template", template]);
        assert_eq!((bad.code, bad.summary.is_some()), (2, false), "{template}");
        assert!(bad.stderr.contains(message), "{}", bad.stderr);
    }
    assert_eq!(
        workplace
            .check(&["semgrep.json", "--template", "endless.md"])
            .code,
        2
    );
    let long = workplace
        .check(&["semgrep.json", "--template", "long.md"])
        .markdown
        .unwrap();
    assert!(long.len() <= 60_000 && long.contains("cut here"));
}

#[test]
fn a_decision_that_cannot_be_written_is_no_pass() {
    let workplace = Workplace::new(&[("semgrep.json", CLEAN), ("file", "")]);
    for out in ["file", "none/at/all"] {
        let run = workplace.check(&["semgrep.json", "--out", out]);
        assert_eq!(run.code, 2, "{out}: {}", run.stderr);
        assert!(run.stderr.contains("is no folder"), "{}", run.stderr);
    }
    fs_err::create_dir(workplace.path("security-gate-summary.md")).unwrap();
    let run = workplace.check(&["semgrep.json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("cannot write"), "{}", run.stderr);
    assert_eq!(run.summary.unwrap()["exit_code"], 3);
    fs_err::remove_dir(workplace.path("security-gate-summary.md")).unwrap();
    #[cfg(target_os = "linux")]
    for arguments in [
        vec!["check", "semgrep.json"],
        vec!["inspect", "semgrep.json"],
        vec!["--help"],
        vec!["man"],
    ] {
        let full = fs_err::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let output = workplace
            .command(&arguments)
            .stdout(full.into_file())
            .output()
            .unwrap();
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn standard_input_and_compressed_reports_are_read() {
    use std::io::Write as _;
    let report = semgrep(&["ERROR"]);
    let workplace = Workplace::new(&[("semgrep.json", &report)]);
    let input = || {
        fs_err::File::open(workplace.path("semgrep.json"))
            .unwrap()
            .into_file()
    };
    for named in [
        "-",
        "semgrep=-",
        "mainline-sast=-",
        "mainline-sast=semgrep=-",
    ] {
        let run = workplace.run_with_input(&["check", named], input());
        assert_eq!(run.code, 1, "{named}: {}{}", run.stdout, run.stderr);
    }
    let file = fs_err::File::create(workplace.path("semgrep.json.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    gzip.write_all(report.as_bytes()).unwrap();
    gzip.finish().unwrap();
    assert_eq!(workplace.check(&["semgrep.json.gz"]).code, 1);
    assert_eq!(
        workplace
            .check(&["--max-report-size", "100", "semgrep.json"])
            .code,
        3
    );
    assert_eq!(
        workplace
            .check(&["--max-report-size", "250", "semgrep.json.gz"])
            .code,
        3
    );
}

#[test]
fn quiet_says_nothing_and_verbose_says_how() {
    let workplace = Workplace::new(&[("semgrep.json", CLEAN)]);
    let quiet = workplace.check(&["-q", "semgrep.json"]);
    assert_eq!(
        (quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()),
        (0, "", "")
    );
    let verbose = workplace.check(&["-v", "semgrep.json"]);
    assert!(
        verbose.stderr.contains("policy: builtin:baseline"),
        "{}",
        verbose.stderr
    );
    assert!(
        verbose
            .stderr
            .contains("semgrep.json: semgrep-json, complete, lane mainline-sast"),
        "{}",
        verbose.stderr
    );
    let json = workplace.check(&["-q", "--format", "json", "semgrep.json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&json.stdout).unwrap(),
        json.summary.unwrap()
    );
}

#[test]
fn every_shipped_policy_is_valid() {
    for policy in ["builtin:baseline", "builtin:strict", "builtin:pre-push"] {
        let workplace = Workplace::new(&[("semgrep.json", CLEAN)]);
        let run = workplace.check(&["--policy", policy, "semgrep.json"]);
        assert_ne!(run.code, 2, "{policy}: {}", run.stderr);
    }
}

#[test]
fn the_example_of_the_documentation_is_valid() {
    let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md"))
        .unwrap();
    let examples: Vec<_> = page
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let workplace = Workplace::new(&[("security-gate.toml", example), ("semgrep.json", CLEAN)]);
        let run = workplace.check(&["semgrep.json"]);
        assert_eq!(run.code, 3, "{}", run.stderr);
    }
}

#[test]
fn the_help_is_as_documented() {
    let workplace = Workplace::new(&[]);
    for command in ["check", "inspect", "schema"] {
        let run = workplace.run(&[command, "--help"]);
        assert_eq!(run.code, 0);
        assert_snapshot!(format!("help_{command}"), run.stdout);
    }
    let run = workplace.run(&["--help"]);
    assert_snapshot!("help", run.stdout);
    assert!(
        workplace
            .run(&["completions", "bash"])
            .stdout
            .contains("security-gate")
    );
    assert!(workplace.run(&["man"]).stdout.contains(".TH security-gate"));
    let page = workplace.run(&["man", "policy", "check"]).stdout;
    assert!(page.contains(".TH security-gate-policy-check"), "{page}");
    let unknown = workplace.run(&["man", "nope"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
}

/// The demo is run from the checkout, as the README has it.
fn demo(arguments: &[&str], out: &Path) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_security-gate"))
        .env_clear()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .unwrap();
    let read = |name| fs_err::read_to_string(out.join(name)).ok();
    let summary =
        read("security-gate-summary.json").map(|text| serde_json::from_str(&text).unwrap());
    summary.iter().for_each(assert_valid);
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        summary,
        markdown: read("security-gate-summary.md"),
    }
}

#[test]
fn the_readme_shows_what_happens() {
    let readme =
        fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let check = demo(
        &[
            "check",
            "--config",
            "fixtures/demo/security-gate.toml",
            "--out",
            folder,
        ],
        out.path(),
    );
    assert_eq!(check.code, 1);
    assert!(
        readme.contains(&format!("```text\n{}```", check.stdout)),
        "{}",
        check.stdout
    );
    let inspect = demo(&["inspect", "fixtures/demo/reports/trivy.json"], out.path());
    assert!(readme.contains(&inspect.stdout), "{}", inspect.stdout);
}

#[test]
fn the_demo_fails_for_reasons_worth_reading() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let config = "fixtures/demo/security-gate.toml";
    let run = demo(
        &[
            "check",
            "--config",
            config,
            "--now",
            "2026-11-21T12:00:00Z",
            "--out",
            folder,
        ],
        out.path(),
    );
    assert_eq!(run.code, 1);
    let version = env!("CARGO_PKG_VERSION");
    insta::with_settings!({filters => vec![(version, "[version]")]}, {
        assert_snapshot!("demo_markdown", run.markdown.unwrap());
        assert_snapshot!("demo_json", serde_json::to_string_pretty(&run.summary.unwrap()).unwrap());
    });
}

#[test]
fn a_searched_folder_keeps_nothing_back() {
    let sarif =
        r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"CodeQL"}},"results":[]}]}"#;
    let grype =
        r#"{"matches":[{"vulnerability":{"severity":"Critical"}}],"descriptor":{"name":"grype"}}"#;
    let damaged = r#"{"SchemaVersion":2,"Results":[{"Target":"b","Vulnerabilities":[]}]}"#;
    let legacy = r#"[{"Target":"a"},{"Target":"b","Vulnerabilities":[]}]"#;
    let shouted = semgrep(&["ERROR"]);
    for (name, text, code) in [
        ("more.sarif", sarif, 3),
        ("grype.json", grype, 3),
        ("trivy.json", damaged, 3),
        ("legacy.json", legacy, 3),
        ("page.xml", "<HTML><body>502</body></HTML>", 3),
        ("cut.json", "{\"results\":[", 3),
        ("SEMGREP.JSON", &shouted, 1),
        ("package.json", r#"{"name":"shop","dependencies":{}}"#, 0),
        ("users.csv", "name,mail\na,b\n", 0),
        ("junit.xml", "<testsuites/>", 0),
    ] {
        let workplace = Workplace::new(&[("f/clean.json", CLEAN)]);
        fs_err::write(workplace.path("f").join(name), text).unwrap();
        let run = workplace.check(&["f"]);
        assert_eq!(run.code, code, "{name}: {}", run.stdout);
        assert!(
            run.stdout.contains(name) || code == 1,
            "{name}: {}",
            run.stdout
        );
        let passed_over = run.summary.unwrap()["passed_over"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(passed_over, usize::from(code == 0), "{name}");
    }
}

#[test]
fn a_pattern_matches_however_it_is_spelt() {
    let bad = semgrep(&["ERROR"]);
    for pattern in [
        "reports/*.json",
        "./reports/*.json",
        "reports/./*.json",
        "reports//*.json",
        "x/../reports/*.json",
    ] {
        let config =
            format!("extends = \"builtin:baseline\"\n[lane.other]\nreports = [\"{pattern}\"]\n");
        let workplace = Workplace::new(&[
            ("a[1]/security-gate.toml", &config),
            ("a[1]/reports/s.json", &bad),
        ]);
        let run = workplace.check(&["--config", "a[1]/security-gate.toml"]);
        assert_eq!(run.code, 1, "{pattern}: {}", run.stdout);
        fs_err::create_dir(workplace.path("reports")).unwrap();
        fs_err::copy(
            workplace.path("a[1]/reports/s.json"),
            workplace.path("reports/s.json"),
        )
        .unwrap();
        assert_eq!(workplace.check(&[pattern]).code, 1, "{pattern}");
    }
}

#[test]
fn an_exception_cannot_accept_everything() {
    for selector in [
        "severity = \">=info\"",
        "scanner = \"*\"",
        "lane = \"**\"",
        "rule = \"*\"",
        "vulnerability = [\"CVE-1\", \"*\"]",
        "path = \"**/*\"",
        "category = [\"sast\", \"dast\", \"sca\", \"secret\", \"misconfiguration\", \"license\", \"quality\"]",
        "rule = \"*\", severity = [\">=low\", \"info\"]",
    ] {
        let exception = format!(
            "[[exception]]\nid = \"e\"\nreason = \"r\"\nexpires = 2099-01-01\nwhere = {{ {selector} }}\n"
        );
        let workplace = Workplace::new(&[
            ("semgrep.json", &semgrep(&["ERROR"])),
            ("security-exceptions.toml", &exception),
        ]);
        let run = workplace.check(&["semgrep.json"]);
        assert_eq!(run.code, 2, "{selector}");
        assert!(
            run.stderr.contains("cannot accept everything"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_common_base_does_not_undo_what_is_laid_over_it() {
    let workplace = Workplace::new(&[
        (
            "strict.toml",
            "extends = \"builtin:baseline\"\n[[rule]]\nid = \"medium\"\nwhere = { severity = \"medium\" }\n",
        ),
        (
            "lanes.toml",
            "extends = [\"builtin:baseline\"]\n[lane.mainline-sast]\nexpect = [\"semgrep\"]\n",
        ),
        (
            "top.toml",
            "extends = [\"strict.toml\", \"./lanes.toml\", \"builtin:baseline\"]\n",
        ),
        ("semgrep.json", &semgrep(&["WARNING"])),
    ]);
    for policy in ["strict.toml", "top.toml"] {
        assert_eq!(
            workplace.check(&["--policy", policy, "semgrep.json"]).code,
            1,
            "{policy}"
        );
    }
}

#[test]
fn a_policy_that_cannot_fail_is_refused() {
    for policy in [
        "",
        "[lane.mainline-sast]\nexpect = [\"semgrep\"]\n",
        "[[rule]]\nid = \"a\"\naction = \"warn\"\n",
    ] {
        let workplace = Workplace::new(&[("security-gate.toml", policy), ("semgrep.json", CLEAN)]);
        let run = workplace.check(&["semgrep.json"]);
        assert_eq!(run.code, 2, "{policy}");
        assert!(run.stderr.contains("passes everything"), "{}", run.stderr);
    }
}

#[test]
fn paths_are_meant_below_the_checkout() {
    let rule = "[[rule]]\nid = \"src\"\nwhere = { path = \"src/**\" }\n";
    let mut workplace = Workplace::new(&[("security-gate.toml", rule)]);
    let report = |path: &str| {
        semgrep(&["INFO"]).replace("\"path\":\"src/a.py\"", &format!("\"path\":\"{path}\""))
    };
    let here = workplace
        .path("src/a.py")
        .canonicalize()
        .unwrap_or_else(|_| workplace.path("src/a.py"));
    for (path, code) in [
        ("src/a.py", 1),
        (here.to_str().unwrap(), 1),
        ("/builds/group/below/shop/src/a.py", 1),
        ("tests/../src/a.py", 1),
        ("src/../tests/a.py", 0),
        ("Src/a.py", 0),
    ] {
        let is_gitlab = path.starts_with("/builds");
        let gitlab = [
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_DIR", "/builds/group/below/shop"),
        ];
        workplace.variables = if is_gitlab {
            gitlab.to_vec()
        } else {
            Vec::new()
        };
        fs_err::write(workplace.path("semgrep.json"), report(path)).unwrap();
        assert_eq!(workplace.check(&["semgrep.json"]).code, code, "{path}");
    }
}

#[test]
fn an_ignored_degradation_is_said_with_its_reason() {
    let degraded = CLEAN.replace(
        r#""errors":[]"#,
        r#""errors":[{"level":"warn","type":"Timeout","path":"gen.py"}]"#,
    );
    let config = "extends = \"builtin:baseline\"\n[lane.mainline-sast]\nreports = [\"semgrep.json\"]\n\
                  degraded = \"ignore\"\ndegraded_reason = \"generated code\"\n";
    let workplace = Workplace::new(&[("security-gate.toml", config), ("semgrep.json", &degraded)]);
    let run = workplace.check(&[]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout
            .contains("which this lane ignores: generated code"),
        "{}",
        run.stdout
    );
    assert!(run.markdown.unwrap().contains("generated code"));
}

#[test]
fn a_wrong_value_is_told_what_it_should_be() {
    let workplace = Workplace::new(&[("semgrep.json", CLEAN)]);
    for (arguments, mend) in [
        (["--now", "2026-01-01"], "such as 2026-11-21T12:00:00Z"),
        (["--max-report-size", "4 GB"], "with K, M or G"),
        (["--policy", "baseline"], "did you mean `builtin:baseline`?"),
        (
            ["--policy", "builtin:stric"],
            "did you mean `builtin:strict`?",
        ),
        (["--out", "nowhere"], "there is no folder `nowhere`"),
    ] {
        let run = workplace.run(&[&["check", "semgrep.json"], &arguments[..]].concat());
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(mend), "{}", run.stderr);
    }
    let run = workplace.run(&["check", "gitleask=semgrep.json"]);
    assert!(
        run.stderr.contains("did you mean `gitleaks`?"),
        "{}",
        run.stderr
    );
    assert_eq!(
        workplace
            .check(&["--max-report-size", "1k", "semgrep.json"])
            .code,
        0
    );
}

#[test]
fn what_is_hidden_does_not_pass_where_suppressions_do_not_hold() {
    let bandit = r#"{"errors":[],"generated_at":"2026-01-05T10:00:00Z","results":[],
        "metrics":{"_totals":{"loc":120,"nosec":9,"skipped_tests":3},"a.py":{"loc":120}}}"#;
    for (setting, code) in [("true", 0), ("false", 3)] {
        let config = format!("extends = \"builtin:baseline\"\ntrust_suppressions = {setting}\n");
        let workplace = Workplace::new(&[("security-gate.toml", &config), ("bandit.json", bandit)]);
        let run = workplace.check(&["bandit.json"]);
        assert_eq!(run.code, code, "{setting}: {}", run.stdout);
        assert_eq!(
            run.stdout.contains("12 results are suppressed"),
            code == 3,
            "{}",
            run.stdout
        );
    }
}
