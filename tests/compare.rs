//! What was known before, in the built program: `baseline create`, `diff`, and
//! `policy backtest`.

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

use insta::assert_snapshot;
use serde_json::{Value, json};

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Run, Workplace};

const OCTOBER: &str = "2026-10-01T12:00:00Z";
const NOVEMBER: &str = "2026-11-01T12:00:00Z";

/// A result of Semgrep: path, line, rule, severity.
type One = (&'static str, u32, &'static str, &'static str);

/// A report of Semgrep. What a result is about is told by its rule and the code
/// that it quotes.
fn semgrep(results: &[One]) -> String {
    let result = |(path, line, rule, severity): &One| {
        json!({
            "check_id": rule, "path": path,
            "start": {"line": line, "col": 1}, "end": {"line": line, "col": 9},
            "extra": {"message": format!("{rule} is dangerous"), "severity": severity, "lines": format!("call_{rule}(input)"), "metadata": {}},
        })
    };
    let results: Vec<_> = results.iter().map(result).collect();
    json!({"version": "1.90.0", "results": results, "errors": [], "paths": {"scanned": ["src/a.py"]}})
        .to_string()
}

const BANDIT: &str = r#"{"errors":[],"generated_at":"2026-10-01T10:00:00Z","metrics":{"_totals":{"loc":10,"nosec":0}},
    "results":[{"code":"1 eval(x)\n","col_offset":0,"filename":"src/b.py","issue_confidence":"HIGH","issue_severity":"MEDIUM",
    "issue_text":"Use of eval","line_number":1,"line_range":[1],"more_info":"https://bandit.example","test_id":"B307","test_name":"blacklist",
    "issue_cwe":{"id":78,"link":"https://cwe.example"}}]}"#;

const FAILED: &str = r#"{"version":"1.90.0","results":[],"errors":[],"paths":{"scanned":[]}}"#;

const BEFORE: [One; 5] = [
    ("src/a.py", 3, "eval", "ERROR"),
    ("src/a.py", 9, "exec", "WARNING"),
    ("src/old.py", 5, "md5", "WARNING"),
    ("src/old.py", 6, "sha1", "INFO"),
    ("src/c.py", 1, "pickle", "ERROR"),
];

/// `exec` became worse, `old.py` got another name, `pickle` is mended, `yaml` is
/// new, and so is a second `eval`.
const AFTER: [One; 6] = [
    ("src/a.py", 13, "eval", "ERROR"),
    ("src/a.py", 20, "eval", "ERROR"),
    ("src/a.py", 19, "exec", "ERROR"),
    ("src/new.py", 5, "md5", "WARNING"),
    ("src/new.py", 7, "sha1", "INFO"),
    ("src/d.py", 1, "yaml", "WARNING"),
];

fn workplace(files: &[(&str, &str)]) -> Workplace {
    let (before, after) = (semgrep(&BEFORE), semgrep(&AFTER));
    let mut all = vec![
        ("before/semgrep.json", before.as_str()),
        ("before/bandit.json", BANDIT),
        ("after/semgrep.json", after.as_str()),
        ("failed.json", FAILED),
        ("no-report.json", "{\"results\": ["),
    ];
    all.extend(files);
    Workplace::new(&all)
}

fn create(workplace: &Workplace, now: &str, arguments: &[&str]) -> Run {
    workplace.run(&[&["baseline", "create", "--now", now], arguments].concat())
}

fn created(workplace: &Workplace, now: &str, arguments: &[&str], output: &str) -> Value {
    let run = create(workplace, now, &[arguments, &["-o", output]].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let text = fs_err::read_to_string(workplace.path(output)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// `check`, and its summary under another name.
fn check(workplace: &Workplace, now: &str, arguments: &[&str], name: &str) -> Value {
    let run = workplace.run(&[&["check", "--now", now], arguments].concat());
    let from = workplace.path("security-gate-summary.json");
    fs_err::rename(from, workplace.path(name)).unwrap_or_else(|_| panic!("{}", run.stderr));
    run.summary.unwrap()
}

/// Rule and day of what is in a baseline or a summary.
fn first_seen(known: &Value) -> Vec<(&str, &str)> {
    let findings = known["findings"].as_array().unwrap().iter();
    let mut rows: Vec<_> = findings
        .map(|finding| {
            (
                finding["rule_id"].as_str().unwrap(),
                finding["first_seen"].as_str().unwrap(),
            )
        })
        .collect();
    rows.sort_unstable();
    rows
}

fn assert_is(name: &str, value: &Value) {
    let schema = Workplace::new(&[]).run(&["schema", name]).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_baseline_of_reports_knows_what_a_summary_of_them_knows() {
    let policy = "[[rule]]\nid = \"new\"\nwhere = { new = true }\n";
    let workplace = workplace(&[("policy.toml", policy)]);
    let made = created(&workplace, OCTOBER, &["before"], "known.json");
    check(
        &workplace,
        OCTOBER,
        &["before", "--policy", "builtin:baseline"],
        "summary.json",
    );
    created(&workplace, OCTOBER, &["summary.json"], "of-summary.json");
    let of_summary = fs_err::read_to_string(workplace.path("of-summary.json")).unwrap();
    let mut of_summary: Value = serde_json::from_str(&of_summary).unwrap();
    assert_ne!(made["sources"], of_summary["sources"]);
    of_summary["sources"] = made["sources"].clone();
    assert_eq!(made, of_summary);
    for (reports, code) in [("before", 0), ("after", 1)] {
        let arguments = [
            reports,
            "--policy",
            "policy.toml",
            "--baseline",
            "known.json",
        ];
        let run = workplace.check(&arguments);
        assert_eq!(run.code, code, "{}", run.stdout);
    }
}

#[test]
fn a_baseline_is_the_same_bytes_in_whatever_order() {
    let workplace = workplace(&[]);
    let (one, other) = ("before/semgrep.json", "before/bandit.json");
    created(&workplace, OCTOBER, &[one, other], "one.json");
    created(&workplace, OCTOBER, &[other, one], "two.json");
    let read = |name| fs_err::read_to_string(workplace.path(name)).unwrap();
    assert_eq!(read("one.json"), read("two.json"));
    assert_snapshot!("baseline", read("one.json"));
}

#[test]
fn ages_go_on_from_an_earlier_baseline() {
    let workplace = workplace(&[]);
    created(&workplace, OCTOBER, &["before"], "october.json");
    let arguments = ["after", "--baseline", "october.json"];
    let november = created(&workplace, NOVEMBER, &arguments, "november.json");
    // Renamed or moved, it is as old as it was. The further `eval` is a copy.
    let expected = [
        ("eval", "2026-10-01"),
        ("eval", "2026-10-01"),
        ("exec", "2026-10-01"),
        ("md5", "2026-10-01"),
        ("sha1", "2026-10-01"),
        ("yaml", "2026-11-01"),
    ];
    assert_eq!(first_seen(&november), expected);
    let findings = november["findings"].as_array().unwrap();
    let exec = findings.iter().find(|finding| finding["rule_id"] == "exec");
    assert_eq!(
        exec.unwrap()["raised"],
        json!({"from": "medium", "on": "2026-11-01"})
    );
    // The same for summaries that were written without a baseline.
    check(&workplace, NOVEMBER, &["after"], "summary.json");
    let arguments = ["summary.json", "--baseline", "october.json"];
    let of_summary = created(
        &workplace,
        "2026-12-01T00:00:00Z",
        &arguments,
        "of-summary.json",
    );
    assert_eq!(of_summary["findings"], november["findings"]);
    assert_eq!(of_summary["time"], NOVEMBER);
    // And on from there.
    let arguments = ["after", "--baseline", "november.json"];
    let december = created(
        &workplace,
        "2026-12-01T00:00:00Z",
        &arguments,
        "december.json",
    );
    assert_eq!(first_seen(&december), expected);
}

#[test]
fn what_nobody_looked_for_ends_with_a_word() {
    let workplace = workplace(&[]);
    created(&workplace, OCTOBER, &["before"], "october.json");
    let arguments = ["after", "--baseline", "october.json", "-o", "november.json"];
    let run = create(&workplace, NOVEMBER, &arguments);
    assert_eq!(
        run.stderr,
        "warning: no sound report of bandit in the lane mainline-sast: 1 of the earlier \
         baseline's findings are not in this one, and new if they are seen again\n"
    );
    assert_eq!(
        run.stdout,
        "november.json: 6 findings\n  mainline-sast by semgrep\n"
    );
}

#[test]
fn summaries_baselines_and_reports_become_one_baseline() {
    let workplace = workplace(&[]);
    check(
        &workplace,
        OCTOBER,
        &["before/semgrep.json"],
        "summary.json",
    );
    let named = ["summary.json", "before/bandit.json", "after"];
    let all = created(&workplace, NOVEMBER, &named, "all.json");
    let sources = all["sources"].as_array().unwrap().iter();
    let paths: Vec<_> = sources
        .map(|source| source["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        paths,
        ["after/semgrep.json", "before/bandit.json", "summary.json"]
    );
    assert_eq!(all["time"], NOVEMBER);
    let eval = first_seen(&all)
        .into_iter()
        .find(|(rule, _)| *rule == "eval");
    assert_eq!(eval, Some(("eval", "2026-10-01")));
}

#[test]
fn no_baseline_is_written_of_what_proves_nothing() {
    let cut = "{\"schema\":\"security-gate-summary/1\",\"findings\":[";
    let workplace = workplace(&[
        ("cut.json", cut),
        ("later.json", "{\"schema\":\"security-gate-summary/9\"}"),
        ("empty.json", ""),
        ("empty/readme.txt", ""),
        (
            "only/security-gate-summary.json",
            "{\"schema\":\"security-gate-summary/1\"}",
        ),
        (
            "security-gate.toml",
            "[lane.a]\nreports = [\"missing/*.json\"]\n[[rule]]\nid = \"r\"\n",
        ),
    ]);
    let before = "before/bandit.json";
    let mut told = String::new();
    for (code, arguments) in [
        (3, &["failed.json"][..]),
        (3, &["no-report.json"]),
        (3, &["before", "failed.json", "no-report.json", "cut.json"]),
        (3, &["missing.json"]),
        (3, &["empty.json"]),
        (3, &["empty"]),
        (3, &["only"]),
        (3, &["cut.json"]),
        (3, &["later.json"]),
        (3, &[before, "--baseline", "missing.json"]),
        (3, &[before, "--baseline", "cut.json"]),
        (3, &[before, "--baseline", "no-report.json"]),
        (3, &[before, "--baseline", "before"]),
        (3, &[before, "--max-report-size", "10"]),
        (3, &[]),
        (2, &["nothing=before"]),
        (2, &[before, "--policy", "missing.toml"]),
    ] {
        let run = create(
            &workplace,
            OCTOBER,
            &[arguments, &["-o", "known.json"]].concat(),
        );
        let line = arguments.join(" ");
        assert_eq!(run.code, code, "{line}: {}", run.stderr);
        assert!(!workplace.path("known.json").exists(), "{line}");
        assert_eq!(run.stdout, "", "{line}");
        writeln!(told, "$ baseline create {line} [{code}]\n{}", run.stderr).unwrap();
    }
    assert_snapshot!("baseline_refused", told);
    let run = create(&workplace, OCTOBER, &["before", "-o", "missing/known.json"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn a_baseline_that_cannot_be_made_leaves_the_old_one() {
    let workplace = workplace(&[("known.json", "the old one")]);
    let run = create(&workplace, OCTOBER, &["failed.json", "-o", "known.json"]);
    assert_eq!(run.code, 3);
    let kept = fs_err::read_to_string(workplace.path("known.json")).unwrap();
    assert_eq!(kept, "the old one");
}

#[test]
fn what_is_new_fixed_and_renamed_is_listed() {
    let workplace = workplace(&[]);
    created(&workplace, OCTOBER, &["before"], "before.json");
    let diff = |format: &str| {
        let arguments = [
            "diff",
            "before.json",
            "after",
            "--now",
            NOVEMBER,
            "--format",
            format,
        ];
        let run = workplace.run(&arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        run.stdout
    };
    assert_snapshot!("diff_text", diff("text"));
    assert_snapshot!("diff_markdown", diff("markdown"));
    let json: Value = serde_json::from_str(&diff("json")).unwrap();
    assert_is("diff", &json);
    let rules = |list: &str| -> Vec<_> {
        let rows = json[list].as_array().unwrap().iter();
        rows.map(|row| row["rule_id"].as_str().unwrap()).collect()
    };
    assert_eq!(rules("new"), ["eval", "yaml"]);
    assert_eq!(rules("fixed"), ["pickle"]);
    assert_eq!(rules("renamed"), ["md5", "sha1"]);
    assert_eq!(rules("severity_changed"), ["exec"]);
    assert_eq!(json["unchanged"], 4);
    let unseen = json!([{"lane": "mainline-sast", "scanner": "bandit", "findings": 1}]);
    assert_eq!(json["not_looked_at_after"], unseen);
}

/// Every file counts once: the numbers of both sides add up.
#[test]
fn the_other_way_round_new_is_fixed() {
    let workplace = workplace(&[]);
    let diff = |one: &str, other: &str| -> Value {
        let run = workplace.run(&["diff", one, other, "--now", OCTOBER, "--format", "json"]);
        serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr))
    };
    let (there, back) = (diff("before", "after"), diff("after", "before"));
    let count = |diff: &Value, list: &str| diff[list].as_array().unwrap().len();
    assert_eq!(count(&there, "new"), count(&back, "fixed"));
    assert_eq!(there["unchanged"], back["unchanged"]);
    // Bandit's is not fixed there, and new here because nobody had looked.
    assert_eq!(count(&back, "new"), count(&there, "fixed") + 1);
    assert_eq!(there["not_looked_at_after"], back["not_looked_at_before"]);
    let none = diff("before", "before");
    for list in ["new", "fixed", "renamed", "severity_changed"] {
        assert_eq!(count(&none, list), 0);
    }
    assert_eq!(none["unchanged"], none["after"]["findings"]);
}

#[test]
fn summaries_are_compared_as_their_reports_are() {
    let workplace = workplace(&[]);
    check(&workplace, OCTOBER, &["before"], "one.json");
    check(&workplace, NOVEMBER, &["after"], "two.json");
    let diff = |one: &str, other: &str| -> Value {
        let run = workplace.run(&["diff", one, other, "--now", NOVEMBER, "--format", "json"]);
        let mut diff: Value = serde_json::from_str(&run.stdout).unwrap();
        for side in ["before", "after"] {
            for key in ["name", "time", "sources"] {
                diff[side].as_object_mut().unwrap().remove(key).unwrap();
            }
        }
        for row in diff["fixed"].as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("first_seen").unwrap();
        }
        diff
    };
    assert_eq!(diff("one.json", "two.json"), diff("before", "after"));
}

#[test]
fn what_proves_nothing_is_not_compared() {
    let workplace = workplace(&[("empty/readme.txt", ""), ("clean.json", CLEAN)]);
    let mut told = String::new();
    for (code, one, other) in [
        (3, "failed.json", "after"),
        (3, "before", "no-report.json"),
        (3, "missing", "empty"),
        (2, "nothing=before", "after"),
    ] {
        let run = workplace.run(&["diff", one, other]);
        assert_eq!(run.code, code, "{one} {other}: {}", run.stderr);
        assert_eq!(run.stdout, "");
        writeln!(told, "$ diff {one} {other} [{code}]\n{}", run.stderr).unwrap();
    }
    assert_snapshot!("diff_refused", told);
    // A sound scan without findings proves that all is fixed.
    let run = workplace.run(&["diff", "before/semgrep.json", "clean.json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("0 new, 5 fixed, 0 unchanged"),
        "{}",
        run.stdout
    );
}

#[test]
fn nothing_in_a_finding_acts_on_a_page_or_a_terminal() {
    let evil = "x\u{1b}[2J<img src=x> @all `code` \u{202e}\n| a |";
    let evil = serde_json::to_string(evil).unwrap();
    let report = semgrep(&[("src/a.py", 1, "eval", "ERROR")])
        .replace("\"eval is dangerous\"", &evil)
        .replacen("\"path\":\"src/a.py\"", &format!("\"path\":{evil}"), 1);
    assert_eq!(report.matches(&evil).count(), 2);
    let workplace = workplace(&[("evil.json", &report), ("clean.json", CLEAN)]);
    for format in ["text", "markdown"] {
        let run = workplace.run(&["diff", "clean.json", "evil.json", "--format", format]);
        assert!(run.stdout.contains("<img src=x>"), "{}", run.stdout);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!run.stdout.contains(acts), "{}", run.stdout);
        assert!(!run.stdout.lines().any(|line| line.starts_with("| a |")));
    }
}

#[test]
fn a_long_page_keeps_within_its_budget_and_says_what_is_left_out() {
    let many: Vec<One> = (1..2000)
        .map(|line| ("src/a.py", line, "eval", "ERROR"))
        .collect();
    let workplace = workplace(&[("many.json", &semgrep(&many)), ("clean.json", CLEAN)]);
    let arguments = ["diff", "clean.json", "many.json", "--format", "markdown"];
    let page = workplace.run(&arguments).stdout;
    assert!(
        page.len() <= 60_000 && page.contains("\nand 1"),
        "{}",
        page.len()
    );
    assert!(page.contains("## 1999 new"));
}

const STRICTER: &str = r#"
[[rule]]
id    = "no-medium"
where = { severity = ">=medium" }
max   = 2
"#;

const LOOSER: &str = r#"
[[rule]]
id    = "no-high"
where = { severity = ">=high" }
[[exception]]
id      = "legacy"
where   = { path = "src/c.py" }
reason  = "to be replaced"
expires = 2026-10-31
[[exception]]
id      = "eval"
where   = { rule = "eval" }
reason  = "trusted input"
expires = 2027-01-01
"#;

const HIGH: &str = "[[rule]]\nid = \"no-high\"\nwhere = { severity = \">=high\" }\n\
    [[rule]]\nid = \"gone\"\nwhere = { rule = \"pickle\" }\n";

const EXPECTING: &str = "[lane.mainline-sast]\nexpect = [\"semgrep\", \"bandit\"]\n\
    [[rule]]\nid = \"no-critical\"\nwhere = { severity = \"critical\" }\n";

fn past() -> Workplace {
    let workplace = workplace(&[
        ("high.toml", HIGH),
        ("stricter.toml", STRICTER),
        ("looser.toml", LOOSER),
        ("expecting.toml", EXPECTING),
        ("medium.json", &semgrep(&[BEFORE[1], BEFORE[2], BEFORE[3]])),
        ("three.json", &semgrep(&[BEFORE[1], BEFORE[2], AFTER[5]])),
    ]);
    let mut workplace = workplace;
    workplace.variables = vec![
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567"),
        ("CI_COMMIT_BRANCH", "main"),
    ];
    let policy = ["--policy", "high.toml"];
    for (now, reports, name) in [
        (OCTOBER, "before", "october.json"),
        ("2026-11-15T12:00:00Z", "before", "november.json"),
        (NOVEMBER, "medium.json", "medium-summary.json"),
        ("2026-11-02T12:00:00Z", "three.json", "three-summary.json"),
        ("2026-11-03T12:00:00Z", "failed.json", "failed-summary.json"),
    ] {
        check(&workplace, now, &[&[reports], &policy[..]].concat(), name);
    }
    workplace
}

const PAST: [&str; 5] = [
    "three-summary.json",
    "october.json",
    "november.json",
    "medium-summary.json",
    "failed-summary.json",
];

fn backtest(workplace: &Workplace, arguments: &[&str]) -> Run {
    workplace.run(&[&["policy", "backtest"], arguments].concat())
}

#[test]
fn the_policy_of_then_flips_nothing() {
    let workplace = past();
    let run = backtest(
        &workplace,
        &[&PAST[..], &["--policy", "high.toml"]].concat(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("5 decisions, none flips"),
        "{}",
        run.stdout
    );
}

#[test]
fn another_policy_flips_verdicts_as_of_then_and_says_why() {
    let workplace = past();
    let mut told = String::new();
    for policy in ["stricter.toml", "looser.toml", "expecting.toml"] {
        let arguments = [&PAST[..], &["--policy", policy]].concat();
        let run = backtest(&workplace, &arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        writeln!(told, "{policy}\n{}", run.stdout).unwrap();
        let run = backtest(
            &workplace,
            &[&arguments[..], &["--format", "json"]].concat(),
        );
        let json: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_is("backtest", &json);
        assert_eq!(json["policy"], policy);
        let decisions = json["decisions"].as_array().unwrap();
        let flips = decisions.iter().filter(|row| row["flips"] == true).count();
        assert_eq!(json["flips"], flips);
        for row in decisions {
            assert_eq!(row["flips"], row["then"] != row["now"]);
        }
    }
    assert_snapshot!("backtest", told);
}

#[test]
fn no_past_decision_is_left_out_without_a_word() {
    let workplace = past();
    created(&workplace, OCTOBER, &["before"], "known.json");
    let text = fs_err::read_to_string(workplace.path("october.json")).unwrap();
    let half = &text[..text.len() / 2];
    fs_err::write(workplace.path("half.json"), half).unwrap();
    let mut short: Value = serde_json::from_str(&text).unwrap();
    short["findings"].as_array_mut().unwrap().pop();
    let short = serde_json::to_string_pretty(&short).unwrap();
    let schema = "  \"schema\": \"security-gate-summary/1\",\n";
    let short = short.replacen("{\n", &format!("{{\n{schema}"), 1);
    let last = short.rfind(schema).unwrap();
    let short = short[..last].to_owned() + &short[last + schema.len()..];
    fs_err::write(workplace.path("short.json"), short).unwrap();
    let mut told = String::new();
    for arguments in [
        &[
            "october.json",
            "half.json",
            "missing.json",
            "short.json",
            "known.json",
        ][..],
        &["before/semgrep.json"],
        &["before"],
        &["october.json", "--max-report-size", "1K"],
    ] {
        let run = backtest(
            &workplace,
            &[arguments, &["--policy", "high.toml"]].concat(),
        );
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{}", run.stderr);
        writeln!(
            told,
            "$ policy backtest {}\n{}",
            arguments.join(" "),
            run.stderr
        )
        .unwrap();
    }
    assert_snapshot!("backtest_refused", told);
    for arguments in [&[][..], &["october.json", "--policy", "missing.toml"]] {
        assert_eq!(backtest(&workplace, arguments).code, 2);
    }
}

#[test]
fn the_help_is_as_documented() {
    let workplace = Workplace::new(&[]);
    for command in [
        &["baseline", "create"][..],
        &["diff"],
        &["policy", "backtest"],
    ] {
        let run = workplace.run(&[command, &["--help"]].concat());
        assert_snapshot!(format!("help_{}", command.join("_")), run.stdout);
    }
}

/// The pages' examples, run.
#[test]
fn the_pages_show_what_happens() {
    let page = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs")
            .join(name);
        fs_err::read_to_string(path).unwrap()
    };
    let workplace = workplace(&[]);
    created(&workplace, OCTOBER, &["before"], "baseline.json");
    let diff = workplace.run(&["diff", "baseline.json", "after", "--now", NOVEMBER]);
    let shown = format!("```text\n{}```", diff.stdout);
    assert!(page("baseline.md").contains(&shown), "{}", diff.stdout);
    let past = past();
    let arguments = [
        "october.json",
        "november.json",
        "medium-summary.json",
        "--policy",
        "looser.toml",
    ];
    let run = backtest(&past, &arguments);
    let shown = format!("```text\n{}```", run.stdout);
    assert!(page("policy.md").contains(&shown), "{}", run.stdout);
}
