//! `policy check`, `policy show` and `policy test` of the built program.

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

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs `policy` with these arguments in a folder with these files.
fn policy(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_security-gate"))
        .env_clear()
        .current_dir(folder.path())
        .arg("policy")
        .args(arguments)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

const NOW: &str = "2026-11-21T12:00:00Z";
const BUILTIN: [&str; 3] = ["builtin:baseline", "builtin:pre-push", "builtin:strict"];
const CLEAN: &str =
    r#"{"version":"1.90.0","results":[],"errors":[],"paths":{"scanned":["src/a.py"]}}"#;

/// A policy with all that a policy can have.
const FULL: &str = r#"schema = 1
extends = ["base.toml", "builtin:strict"]
trust_suppressions = ["semgrep", "zap"]
first_run = "none-new"

[gate]
mode = "observe"

[severity]
unknown = "medium"

[sla]
critical = 7
high = 30

[kev]
required = true
max_age = "36h"

[epss]
max_age = "1000w"

[vex]
max_age = "9d"

[exceptions]
max_days = 400
require = ["ticket"]
never = { category = "secret", path = ["src/**", # the code
  'a"b'] }
author_may_approve = true
warn_days = 30

[lane."a b"]
reports = ["x/*.json", "zap=/var/z.json"]
degraded = "ignore"
degraded_reason = "it \"never\" is\twhole"

[evidence]
url = "https://defectdojo.example/dojo/"
product_type = "Payments"
product = "{{ project }}"
description = "Filed by a \"pipeline\"."
engagement = "{{ lane }}"
test_title = "{{ scanner }}-{{ tag or branch }}"
branch = "main"
version = "{{ tag or commit }}"
branch_tag = "{{ branch }}"
environment = "Production"
service = "api"
source_code_uri = "https://forge.example/{{ project }}"
close_old_findings = false
do_not_reactivate = true
deduplication_on_engagement = true
push_to_jira = false
import = true
tags = ["gate", "{{ environment }}"]
apply_tags = "findings"
engagement_id = 7
test_id = 9
minimum_severity = "low"
group_by = "component_name+component_version"
max_close = 20
max_close_count = 3

[lane."a b".evidence]
product = "other"

[[rule]]
id = "all of them"
max = 3
effective = 2027-01-01
help = "Nothing 'to' do.\nReally."
[rule.where]
category = ["sca", "sast"]
severity = ["unknown", ">=high"]
fix = "available"
kev = true
new = true
overdue = true
confidence = ["none", ">=low"]
cvss = ">=7.5"
epss = ">0.1"
age = ">4w"
cwe = [0x4f, "CWE-80"]
seen_by = 1
lane = "a b"
scanner = "*"
rule = "*"
vulnerability = "CVE-*"
title = "a  b\u007f*"
package = "pkg:npm/@a/*"
url = "https://**"
path = "src/[ab]*"
when = """
kev
  || title == "it's" """

[[exception]]
id = "e"
where = { fingerprint = "sg1:00112233445566778899aabbccddeeff~2" }
reason = "r"
ticket = "T-1"
approved_by = "ann"
decided = 2026-09-01
expires = 2026-12-01
"#;

const BASE: &str = r#"[exceptions]
max_days = 100
require = ["approved_by", "decided"]
never = { severity = "critical", rule = "a" }
author_may_approve = false
warn_days = 20
[[rule]]
id = "base"
where.severity = "high"
[[example]]
id = "base"
findings = []
verdict = "pass"
"#;

#[test]
fn the_built_in_policies_have_nothing_wrong_and_do_what_their_examples_say() {
    for name in BUILTIN {
        let check = policy(&[], &["check", "--strict", name]);
        assert_eq!(check.code, 0, "{}", check.stdout);
        assert_eq!(check.stdout, format!("{name}: nothing is wrong\n"));
        let test = policy(&[], &["test", name]);
        assert_eq!(test.code, 0, "{}", test.stdout);
        assert!(test.stdout.ends_with(" ok, 0 failed\n"), "{}", test.stdout);
    }
    let default = policy(&[], &["check"]);
    assert_eq!(default.stdout, "builtin:baseline: nothing is wrong\n");
}

/// Something to say of everything.
const DOUBTFUL: &str = r#"extends = "builtin:baseline"

[gate]
mode = "observe"

[exceptions]
never = { category = "secret" }

[lane.api]
reports = ["zap=zap*.json"]
expect  = ["zap", "trivy"]

[[rule]]
id    = "packages-of-zap"
where = { scanner = "zap", severity = ">=high", category = "sca" }

[[rule]]
id    = "criticals-in-the-code"
where = { severity = "critical", path = "src/**" }

[[rule]]
id    = "some-highs"
where = { severity = "high" }
max   = 5

[[exception]]
id      = "old"
where   = { rule = "a" }
reason  = "It was."
expires = 2026-11-20

[[exception]]
id      = "key"
where   = { scanner = "gitleaks", path = "tests/key.pem" }
reason  = "It is for tests."
expires = 2027-01-01

[[exception]]
id      = "info"
where   = { category = "dast", severity = "info" }
reason  = "Nobody minds."
expires = 2027-01-01
"#;

#[test]
fn what_is_wrong_with_a_policy_is_shown_in_its_text() {
    let files = [("security-gate.toml", DOUBTFUL)];
    let run = policy(&files, &["check", "--now", NOW]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""));
    assert_snapshot!("policy_check", run.stdout);
    let run = policy(&files, &["check", "--now", NOW, "--format", "json"]);
    assert_eq!(run.code, 1);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["errors"], 2);
    assert_eq!(json["warnings"], 5);
    let first = &json["problems"][0];
    assert_eq!(first["level"], "note");
    assert_eq!(first["file"], "security-gate.toml");
    assert_eq!((&first["line"], &first["column"]), (&4.into(), &8.into()));
    // What holds in a decision depends on none of this.
    assert_eq!(policy(&files, &["show"]).code, 0);
}

#[test]
fn warnings_are_errors_only_with_strict() {
    let policy_text = "[[rule]]\nid = \"a\"\n[[rule]]\nid = \"b\"\n";
    let files = [("p.toml", policy_text)];
    assert_eq!(policy(&files, &["check", "p.toml"]).code, 0);
    let strict = policy(&files, &["check", "--strict", "p.toml"]);
    assert_eq!(strict.code, 1);
    assert!(
        strict.stdout.ends_with("p.toml: 1 warning\n"),
        "{}",
        strict.stdout
    );
    assert_eq!(policy(&files, &["check", "-q", "p.toml"]).stdout, "");
}

#[test]
fn a_mistake_is_what_the_check_is_for_and_stops_the_others() {
    let files = [("bad.toml", "[[rule]]\nid = \"a\"\nmaximum = 1\n")];
    let check = policy(&files, &["check", "bad.toml"]);
    assert_eq!(check.code, 2);
    assert!(
        check.stdout.contains("a rule has no key `maximum`"),
        "{}",
        check.stdout
    );
    let json = policy(&files, &["check", "bad.toml", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["problems"][0]["line"], 3);
    for command in ["show", "test"] {
        let run = policy(&files, &[command, "bad.toml"]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command}");
        assert!(
            run.stderr.contains("a rule has no key `maximum`"),
            "{}",
            run.stderr
        );
    }
    for command in ["check", "show", "test"] {
        for name in ["none.toml", "builtin:none", "."] {
            let run = policy(&files, &[command, name]);
            assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{command} {name}");
            assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
        }
        assert_eq!(policy(&files, &["--config", "none.toml", command]).code, 2);
    }
    assert_eq!(policy(&files, &["check", "--now", "today"]).code, 2);
}

#[test]
fn the_examples_of_the_documentation_hold() {
    let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md"));
    let page = page.unwrap();
    let texts = page.split("```toml\n").skip(1);
    let texts = texts.map(|rest| rest.split("```").next().unwrap());
    let mut tested = 0;
    for text in texts.filter(|text| text.contains("[[example]]")) {
        let run = policy(&[("p.toml", text)], &["test", "p.toml"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let run = policy(&[("p.toml", text)], &["check", "--strict", "p.toml"]);
        assert_eq!(run.code, 0, "{}", run.stdout);
        tested += 1;
    }
    assert!(tested > 0);
}

/// The policy that is shown, without its comments.
fn without_places(text: &str) -> String {
    let line = |line: &str| {
        line.rsplit_once("  # ")
            .map_or(line, |(line, _)| line)
            .to_owned()
    };
    let lines: Vec<_> = text.lines().map(line).collect();
    lines.join("\n")
}

#[test]
fn what_is_shown_loads_to_the_same_policy() {
    let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md"));
    let page = page.unwrap();
    let examples = page.split("```toml\n").skip(1);
    let examples = examples.map(|rest| rest.split("```").next().unwrap());
    let builtin = BUILTIN.map(|name| format!("extends = \"{name}\"\n"));
    let texts = examples.chain(builtin.iter().map(String::as_str));
    for text in texts.chain([FULL, DOUBTFUL, BASE]) {
        let first = policy(
            &[("p.toml", text), ("base.toml", BASE)],
            &["show", "p.toml"],
        );
        assert_eq!(first.code, 0, "{text}\n{}", first.stderr);
        let again = policy(&[("p.toml", &first.stdout)], &["show", "p.toml"]);
        assert_eq!(again.code, 0, "{}\n{}", first.stdout, again.stderr);
        assert_eq!(
            without_places(&first.stdout),
            without_places(&again.stdout),
            "{text}"
        );
        // All that holds is in it.
        let lines = again.stdout.lines().filter(|line| line.contains("  # "));
        let is_elsewhere =
            |line: &&str| !line.contains("  # p.toml:") && !line.ends_with("  # default");
        let mut lines = lines.filter(is_elsewhere);
        assert_eq!(lines.next(), None);
    }
}

#[test]
fn everything_is_shown_with_its_place() {
    let exceptions = "[[exception]]\nid = \"beside\"\nwhere.rule = \"a\"\nreason = \"r\"\n\
         ticket = \"T-2\"\napproved_by = \"bob\"\ndecided = 2026-09-01\nexpires = 2026-10-01\n";
    let files = [
        ("p.toml", FULL),
        ("base.toml", BASE),
        ("security-exceptions.toml", exceptions),
    ];
    let run = policy(&files, &["show", "p.toml"]);
    assert_snapshot!("policy_show", run.stdout);
    let run = policy(&files, &["show", "p.toml", "--format", "json"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    let sections = json["sections"].as_array().unwrap();
    let severity = sections
        .iter()
        .find(|section| section["table"] == "severity")
        .unwrap();
    let expected = serde_json::json!({
        "table": "severity",
        "values": [{"key": "unknown", "value": "medium", "origin": {"file": "p.toml", "line": 10}}],
    });
    assert_eq!(severity, &expected);
}

#[test]
fn patterns_are_shown_from_the_folder_of_the_policy() {
    let lane = |name: &str| format!("[lane.{name}]\nreports = [\"zap=out/*.json\"]\n");
    let top = "extends = [\"../base/b.toml\", \"builtin:strict\"]\n".to_owned() + &lane("own");
    let files = [
        ("conf/p.toml", top.as_str()),
        ("base/b.toml", &lane("base")),
    ];
    let run = policy(&files, &["show", "conf/p.toml"]);
    for expected in [
        "reports = [\"zap=out/*.json\"]  # conf/p.toml:3",
        "reports = [\"zap=../base/out/*.json\"]  # base/b.toml:2",
        "reports = [\"../trivy*.json\"]  # builtin:strict:",
    ] {
        assert!(
            run.stdout.contains(expected),
            "{}{}",
            run.stdout,
            run.stderr
        );
    }
}

const EXAMPLES: &str = r#"extends = "builtin:baseline"

[sla]
high = 30

[lane.mainline-sca]
expect = ["dependency-check"]

[[rule]]
id    = "exploited"
where = { kev = true }

[[rule]]
id    = "overdue"
where = { overdue = true }

[[rule]]
id    = "likely"
where = { epss = ">=0.5", new = true }

[[exception]]
id      = "one"
where   = { vulnerability = "CVE-2026-1" }
reason  = "It is not reachable."
expires = 2026-12-01

[[example]]
id       = "accepted"
now      = 2026-12-01
findings = [{ scanner = "trivy", severity = "high", vulnerability = "CVE-2026-1", package = "a" }]
verdict  = "pass"

[[example]]
id       = "accepted no longer"
now      = "2026-12-02"
findings = [{ scanner = "trivy", severity = "high", vulnerability = "CVE-2026-1", package = "a" }]
verdict  = "fail"
rules    = "no-high"

[[example]]
id       = "facts"
findings = [
  { scanner = "dependency-check", severity = "low", vulnerability = "CVE-2026-2", kev = true },
  { scanner = "dependency-check", severity = "low", vulnerability = "CVE-2026-3", epss = 0.5 },
  { scanner = "bandit", severity = "low", confidence = "low", cwe = 1, path = "a.py", line = 1 },
]
verdict  = "fail"
rules    = ["likely", "exploited"]

[[example]]
id       = "old facts"
findings = [
  { scanner = "dependency-check", severity = "low", vulnerability = "CVE-2026-3", epss = 1, new = false },
  { scanner = "zap", severity = "info", url = "https://a.example/", age = "99w" },
]
verdict  = "pass"

[[example]]
id       = "overdue"
findings = [{ scanner = "semgrep", severity = "high", age = "31d" }]
verdict  = "fail"
rules    = ["no-high", "overdue"]

[[example]]
id      = "a report"
report  = "reports/clean.json"
verdict = "pass"

[[example]]
id      = "a report alone"
report  = "semgrep=reports/clean.json"
lane    = "mainline-sast"
verdict = "incomplete"

[[example]]
id      = "a report that is none"
report  = "reports/cut.json"
verdict = "incomplete"
"#;

const WRONG: &str = r#"
[[example]]
id       = "wrong verdict"
findings = [{ scanner = "gitleaks" }, { scanner = "gitleaks", rule = "aws", path = "a", line = 3 }]
verdict  = "pass"

[[example]]
id       = "wrong rules"
findings = [{ scanner = "bandit", severity = "critical", path = "a.py" }]
verdict  = "fail"
rules    = ["no-secrets"]

[[example]]
id       = "accepted after all"
now      = 2026-11-21
findings = [{ scanner = "trivy", severity = "high", vulnerability = "CVE-2026-1", package = "pkg:maven/org.a/b@1.0" }]
verdict  = "fail"

[[example]]
id      = "cut"
report  = "reports/cut.json"
verdict = "pass"

[[example]]
id       = "nothing is missing"
findings = [{ scanner = "dependency-check", severity = "low" }]
verdict  = "incomplete"
"#;

#[test]
fn examples_are_decided_as_the_reports_would_be() {
    let reports = [
        ("reports/clean.json", CLEAN),
        ("reports/cut.json", "{\"results\":"),
    ];
    let [clean, cut] = reports;
    let files = [("p.toml", EXAMPLES), clean, cut];
    let run = policy(&files, &["test", "p.toml", "--now", NOW]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert!(run.stdout.ends_with("13 ok, 0 failed\n"), "{}", run.stdout);
    assert_eq!(
        policy(&files, &["test", "-q", "p.toml", "--now", NOW]).stdout,
        ""
    );

    let both = EXAMPLES.to_owned() + WRONG;
    let files = [("p.toml", both.as_str()), clean, cut];
    let run = policy(&files, &["test", "p.toml", "--now", NOW]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{}", run.stdout);
    assert_snapshot!("policy_test", run.stdout);
    let run = policy(
        &files,
        &["test", "p.toml", "--now", NOW, "--format", "json"],
    );
    assert_eq!(run.code, 1);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["failed"], 5);
    let examples = json["examples"].as_array().unwrap();
    let wrong = examples
        .iter()
        .find(|example| example["id"] == "wrong rules")
        .unwrap();
    assert_eq!(wrong["ok"], false);
    assert_eq!(wrong["verdict"], "fail");
    assert_eq!(wrong["expected"]["rules"][0], "no-secrets");
    assert_eq!(wrong["broken"][0]["rule"], "no-critical");
}

#[test]
fn an_example_of_a_base_holds_unless_another_takes_its_place() {
    let loose = "extends = \"builtin:baseline\"\n[[rule]]\nid = \"no-high\"\nwhere.severity = \"high\"\naction = \"warn\"\n";
    let run = policy(&[("p.toml", loose)], &["test", "p.toml"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout
            .contains("FAILED  a weakness of high severity fails (builtin:baseline:"),
        "{}",
        run.stdout
    );
    let meant = |id: &str, severity: &str| {
        format!(
            "[[example]]\nid = \"{id}\"\nfindings = [{{ scanner = \"zap\", severity = \"{severity}\" }}]\nverdict = \"pass\"\n"
        )
    };
    let both = loose.to_owned()
        + &meant("a weakness of high severity fails", "high")
        + &meant("a severity that nobody knows is not low", "unknown");
    let run = policy(&[("p.toml", &both)], &["test", "p.toml"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[test]
fn a_test_without_examples_or_without_its_report_is_none() {
    let rule = "[[rule]]\nid = \"a\"\n";
    let run = policy(&[("p.toml", rule)], &["test", "p.toml"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("`p.toml` has no `[[example]]`"),
        "{}",
        run.stderr
    );
    let report =
        format!("{rule}[[example]]\nid = \"x\"\nreport = \"r.json\"\nverdict = \"pass\"\n");
    let run = policy(&[("c/p.toml", &report)], &["test", "c/p.toml"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let text = "error: the report `c/r.json` of the example `x` (c/p.toml:3) is not there\n";
    assert_eq!(run.stderr, text);
    // It takes no report to decide.
    assert_eq!(policy(&[("p.toml", &report)], &["check", "p.toml"]).code, 0);
}

#[test]
fn a_mistake_in_an_example_is_shown() {
    let findings = [
        r#"severity = "high""#,
        r#"scanner = "zpa", severity = "high""#,
        r#"scanner = "zap""#,
        r#"scanner = "zap", severity = "critical""#,
        r#"scanner = "zap", severity = "grave""#,
        r#"scanner = "zap", category = "sca", severity = "high""#,
        r#"scanner = "zap", severity = "high", cvss = 7.5"#,
        r#"scanner = "trivy", severity = "high", path = "a""#,
        r#"scanner = "trivy", severity = "high", package = "a""#,
        r#"scanner = "trivy", severity = "high", vulnerability = "A", cvss = 11, epss = "1""#,
        r#"scanner = "zap", severity = "high", lane = "stagin-dast""#,
        r#"scanner = "zap", severity = "high", url = "https://a", path = "b", line = 0x1"#,
        r#"scanner = "bandit", severity = "high", line = 1, version = "1""#,
        r#"scanner = "bandit", severity = "high", new = true, age = "4d""#,
        r#"scanner = "bandit", severity = "high", age = "-1d", kev = "no", suppressed = 1"#,
        r#"scanner = "bandit", severty = "high""#,
        r#"scanner = "bandit", severity = "high", lane = "mainline-*""#,
    ];
    let example = |(index, finding): (usize, &&str)| {
        format!("[[example]]\nid = \"{index}\"\nverdict = \"fail\"\nfindings = [{{ {finding} }}]\n")
    };
    let examples = findings.iter().enumerate().map(example);
    let mut text = "[[rule]]\nid = \"a\"\n".to_owned() + &examples.collect::<String>();
    text += r#"
[[example]]
verdict = "maybe"
findings = {}
[[example]]
id = "neither"
verdict = "pass"
rules = ["a"]
[[example]]
id = "both"
verdict = "fail"
findings = []
report = "a.json"
[[example]]
id = "names"
report = "smgrep=a.json"
lane = "nowhere"
now = "2026-13-01"
[[example]]
id = "names"
report = "a.json"
verdict = "fail"
rules = ["b"]
"#;
    let run = policy(&[("p.toml", &text)], &["check", "p.toml"]);
    assert_eq!(run.code, 2);
    assert_snapshot!("policy_example_mistakes", run.stdout);
}

#[test]
fn the_help_says_what_there_is() {
    for command in ["check", "show", "test"] {
        let run = policy(&[], &[command, "--help"]);
        assert_eq!(run.code, 0);
        assert_snapshot!(format!("help_policy_{command}"), run.stdout);
    }
}
