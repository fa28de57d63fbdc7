//! `explain` in the built program: why something is as it is, and an exception for
//! it that says no more than it should.

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
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Run, Workplace, semgrep};

fn explain(workplace: &Workplace, arguments: &[&str]) -> Run {
    workplace.run(&[&["explain", "--now", "2026-11-21T12:00:00Z"], arguments].concat())
}

/// Explains by `policy.toml` what is in `semgrep.json`.
fn explain_semgrep(workplace: &Workplace, arguments: &[&str]) -> Run {
    let inputs = ["semgrep.json", "--policy", "policy.toml"];
    explain(workplace, &[arguments, &inputs].concat())
}

const DEMO: [&str; 4] = [
    "--config",
    "fixtures/demo/security-gate.toml",
    "--now",
    "2026-06-01T12:00:00Z",
];

/// A command about the demo, run from the checkout as the documentation has it.
fn demo(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_security-gate"))
        .env_clear()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        summary: None,
        markdown: None,
    }
}

fn explain_demo(id: &str, arguments: &[&str]) -> Run {
    demo(&[&["explain", id], &DEMO[..], arguments].concat())
}

fn told(runs: &[(&str, Run)]) -> String {
    let mut told = String::new();
    for (what, run) in runs {
        let Run {
            code,
            stdout,
            stderr,
            ..
        } = run;
        writeln!(told, "== {what}: {code}\n{stdout}{stderr}").unwrap();
    }
    told
}

const IDS: [(&str, &str); 6] = [
    ("finding", "7511339822eb5b3e3aa3ab31cd4ec508"),
    ("issue", "issue:b32a"),
    ("rule", "medium-backlog"),
    ("rule_broken", "no-critical"),
    ("exception", "md5-of-cache-keys"),
    ("exception_in_force", "fake-tokens"),
];

#[test]
fn everything_in_the_demo_can_be_explained() {
    for (name, id) in IDS {
        let run = explain_demo(id, &[]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{id}");
        assert_snapshot!(format!("demo_{name}"), run.stdout);
    }
}

#[test]
fn an_explanation_as_data_is_as_its_schema_says() {
    let schema = demo(&["schema", "explanation"]).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, id) in IDS {
        let run = explain_demo(id, &["--format", "json"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{id}");
        let data: Value = serde_json::from_str(&run.stdout).unwrap();
        let errors = validator.iter_errors(&data).map(|error| error.to_string());
        let errors: Vec<_> = errors.collect();
        assert!(errors.is_empty(), "{id}: {errors:#?}");
        assert_eq!(data["schema"], "security-gate-explanation/1");
        assert!(data[name.split('_').next().unwrap()].is_object(), "{id}");
        // What it is called is enough to find it again.
        let again = explain_demo(data["id"].as_str().unwrap(), &["--format", "json"]);
        assert_eq!(again.stdout, run.stdout);
        if name == "finding" {
            assert_snapshot!("demo_finding_json", run.stdout);
        }
    }
}

#[test]
fn what_a_name_means_must_be_clear() {
    let policy = "\
[[rule]]
id = 'no-high'
where = { severity = '>=high' }
[[rule]]
id = 'both'
[[exception]]
id = 'both'
where = { rule = 'other' }
reason = 'it is fine'
expires = 2027-01-01
";
    // Two that are alike.
    let report = semgrep(&["ERROR", "ERROR"]).replace("input 2", "input 1");
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
    let ids = [
        "nohigh",
        "both",
        "D289c980~3",
        "sg1:d28a",
        "d289c980ed71fb74abc42c2aa4890c16",
        "sg1:d28",
        "sg1:",
        "",
        "rule:d289c980",
        "exception:no-high",
        "issue:d289c980",
        "\u{1b}[31mred\n\u{202e}",
    ];
    let runs = ids.map(|id| (id, explain_semgrep(&workplace, &[id])));
    for (id, run) in &runs {
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{id:?}");
    }
    let runs = runs.map(|(id, run)| (id.escape_debug().to_string(), run));
    let runs: Vec<_> = runs.iter().map(|(id, run)| (id.as_str(), run)).collect();
    let errors = runs
        .iter()
        .map(|(id, run)| format!("{id}\n    {}", run.stderr));
    assert_snapshot!(errors.collect::<String>());
    for (id, name) in [
        ("rule:both", "rule:both"),
        ("exception:both", "exception:both"),
        ("D289c980~2", "sg1:d289c980ed71fb74abc42c2aa4890c15~2"),
        ("d289", "sg1:d289c980ed71fb74abc42c2aa4890c15"),
        ("d289~1", "sg1:d289c980ed71fb74abc42c2aa4890c15"),
        (
            "finding:sg1:d289c980ed71fb74abc42c2aa4890c15",
            "sg1:d289c980ed71fb74abc42c2aa4890c15",
        ),
    ] {
        let run = explain_semgrep(&workplace, &[id, "--format", "json"]);
        let data: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(data["id"], name, "{id}");
    }
}

#[test]
fn an_id_may_be_in_a_report_that_cannot_be_read() {
    let workplace = Workplace::new(&[
        ("semgrep.json", "{"),
        ("policy.toml", "[[rule]]\nid = 'any'\n"),
    ]);
    let run = explain_semgrep(&workplace, &["d289c980"]);
    assert_eq!(run.code, 2);
    assert_snapshot!(run.stderr);
}

/// A finding that became worse since the baseline, and exceptions that all mean it
/// and none of which holds.
fn worse() -> Workplace {
    let exception = |id: &str, rest: &str| {
        format!(
            "[[exception]]\nid = '{id}'\nreason = 'it is fine'\nwhere = {{ rule = 'conf.no-eval' }}\n{rest}\n"
        )
    };
    let policy = [
        "[exceptions]\nnever = { severity = 'critical' }\nauthor_may_approve = false\n",
        "[[rule]]\nid = 'high'\nwhere = { severity = '>=high' }\nhelp = 'Mend it.'\n",
        "[[rule]]\nid = 'new'\nwhere = { new = true }\n",
        "[[rule]]\nid = 'later'\neffective = 2026-12-01\nmax = 1\n",
        &exception("lapsed", "decided = 2026-09-01\nexpires = 2027-01-01"),
        &exception("over", "expires = 2026-11-20"),
        &exception("early", "decided = 2026-11-22\nexpires = 2027-01-01"),
        &exception("own", "approved_by = 'alice'\nexpires = 2026-11-21"),
        "[[exception]]\nid = 'unused'\nreason = 'it is fine'\nwhere = { rule = 'conf.no-eval', path = 'src/b.py' }\nexpires = 2027-01-01\n",
        "[[exception]]\nid = 'far'\nreason = 'it is fine'\nwhere = { rule = 'else', path = 'src/b.py', severity = 'low' }\nexpires = 2027-01-01\n",
    ]
    .concat();
    let (before, after) = (semgrep(&["WARNING"]), semgrep(&["ERROR", "WARNING"]));
    let mut workplace = Workplace::new(&[("semgrep.json", &before), ("policy.toml", &policy)]);
    workplace.run(&["check", "--now", "2026-10-01T12:00:00Z", "semgrep.json"]);
    let rename = |from: &str, to: &str| {
        fs_err::rename(workplace.path(from), workplace.path(to)).unwrap();
    };
    rename("security-gate-summary.json", "baseline.json");
    fs_err::write(workplace.path("semgrep.json"), after).unwrap();
    workplace.variables = vec![("GITLAB_CI", "true"), ("GITLAB_USER_LOGIN", "alice")];
    workplace
}

#[test]
fn every_exception_says_why_it_does_not_hold() {
    let workplace = worse();
    let ids = [
        "d289c980ed71fb74abc42c2aa4890c15",
        "cb2264ea",
        "lapsed",
        "over",
        "early",
        "own",
        "unused",
        "far",
    ];
    let baseline = ["--baseline", "baseline.json"];
    let runs = ids.map(|id| {
        let run = explain_semgrep(&workplace, &[&[id], &baseline[..]].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{id}");
        (id, run)
    });
    assert_snapshot!(told(&runs));
}

#[test]
fn a_rule_says_what_turns_it() {
    let workplace = worse();
    let ids = ["high", "new", "later"];
    let baseline = ["--baseline", "baseline.json"];
    let runs = ids.map(|id| {
        let arguments = [&[id], &baseline[..]].concat();
        (id, explain_semgrep(&workplace, &arguments))
    });
    assert_snapshot!("rules", told(&runs));
    // Without the baseline nobody knows.
    let finding = "d289c980ed71fb74abc42c2aa4890c15";
    let runs = [finding, "new"].map(|id| (id, explain_semgrep(&workplace, &[id])));
    assert_snapshot!("without_baseline", told(&runs));
}

#[test]
fn what_has_no_answer_is_told() {
    let when = "title != \"a\" && cvss - 1.0 > 3.0";
    let policy = format!(
        "[[rule]]\nid = 'by score'\nwhere = {{ when = '{when}' }}\n[[exception]]\nid = 'low score'\n\
         reason = 'it is fine'\nexpires = 2027-01-01\nwhere = {{ rule = 'conf.*', when = '{when}' }}\n"
    );
    let report = semgrep(&["ERROR"]);
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", &policy)]);
    let ids = ["d289c980", "by score", "low score"];
    let runs = ids.map(|id| (id, explain_semgrep(&workplace, &[id])));
    assert_snapshot!(told(&runs));
}

#[test]
fn statements_that_do_not_hold_say_why() {
    let report = r#"{"SchemaVersion":2,"ArtifactName":"shop","ArtifactType":"filesystem","Results":[{"Target":"package-lock.json",
      "Class":"lang-pkgs","Type":"npm","Vulnerabilities":[{"VulnerabilityID":"CVE-2026-1","PkgName":"x",
      "PkgIdentifier":{"PURL":"pkg:npm/x@1"},"InstalledVersion":"1","Severity":"HIGH"}]}]}"#;
    let said = |product: &str, more: &str| {
        format!(
            r#"{{"vulnerability":{{"name":"CVE-2026-1"}},"products":["{product}"],"status":{more}}}"#
        )
    };
    let statements = [
        said("pkg:npm/x", r#""fixed","timestamp":"2030-01-01T00:00:00Z""#),
        said("pkg:npm/x@2", r#""fixed""#),
        said("pkg:npm/x", r#""not_affected""#),
        said(
            "pkg:npm/x",
            r#""affected","timestamp":"2026-11-02T00:00:00Z""#,
        ),
        said("pkg:npm/x", r#""fixed""#),
    ];
    let document = format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2026-11-01T00:00:00Z","statements":[{}]}}"#,
        statements.join(",")
    );
    let policy = "[[rule]]\nid = \"any\"\n";
    let workplace = Workplace::new(&[
        ("trivy.json", report),
        ("policy.toml", policy),
        ("vex.json", &document),
    ]);
    let matter = [
        "trivy.json",
        "--policy",
        "policy.toml",
        "--vex",
        "vex.json",
        "--now",
        "2026-11-21T12:00:00Z",
    ];
    let checked = workplace.run(&[&["check"], &matter[..]].concat());
    let summary = checked.summary.unwrap();
    let id = summary["findings"][0]["fingerprint"].as_str().unwrap();
    let run = workplace.run(&[&["explain", id], &matter[..]].concat());
    assert_snapshot!(run.stdout);
}

#[test]
fn what_only_observes_is_marked_as_such() {
    let policy = "[gate]\nmode = 'observe'\n[[rule]]\nid = 'high'\n";
    let report = semgrep(&["ERROR"]);
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
    let runs = ["d289c980", "high"].map(|id| (id, explain_semgrep(&workplace, &[id])));
    assert_snapshot!(told(&runs));
}

#[test]
fn no_text_of_a_report_reaches_the_terminal_as_it_is() {
    let report = semgrep(&["ERROR"])
        .replace("eval of input 1", r"a\u001b[31m\nb\u202e\u0007|`<b>")
        .replace(
            "src/a.py",
            r"s\u001b]0;x\u0007rc/\n[[exception]]\n\u0027\u0022.py",
        )
        .replace("conf.no-eval", r"no\r\u009beval");
    let policy = "[[rule]]\nid = 'when'\nwhere = { when = 'title != \"a\" && path != \"b\"' }\n";
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
    let check = workplace.check(&["semgrep.json", "--policy", "policy.toml"]);
    let finding = &check.summary.unwrap()["findings"][0];
    let fingerprint = finding["fingerprint"].as_str().unwrap();
    let mut runs = Vec::new();
    for arguments in [
        &[fingerprint] as &[_],
        &["when"],
        &[fingerprint, "--as-exception"],
    ] {
        let run = explain_semgrep(&workplace, arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        let is_raw = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!run.stdout.contains(is_raw), "{:?}", run.stdout);
        assert!(!run.stderr.contains(is_raw), "{:?}", run.stderr);
        runs.push((arguments[0], run));
    }
    let draft: toml::Table = toml::from_str(&runs[2].1.stdout).unwrap();
    assert_eq!(draft["exception"].as_array().unwrap().len(), 1);
    assert_snapshot!(told(&runs));
}

/// What somebody makes of a draft who says what it asks for.
fn filled(draft: &str) -> String {
    draft.replace(
        "= \"\" # to be filled in: empty, it does not load",
        "= \"said\"",
    )
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let (path, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs_err::copy(path, to).unwrap();
        }
    }
}

fn statuses(summary: &Value) -> BTreeMap<String, String> {
    let findings = summary["findings"].as_array().unwrap().iter();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings
        .map(|finding| (text(finding, "fingerprint"), text(finding, "status")))
        .collect()
}

#[test]
fn a_pasted_draft_accepts_its_finding_and_no_other() {
    let workplace = Workplace::new(&[]);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy(&checkout.join("fixtures/demo"), workplace.folder.path());
    let exceptions = workplace.path("security-exceptions.toml");
    let before = fs_err::read_to_string(&exceptions).unwrap();
    let at = ["--now", "2026-06-01T12:00:00Z"];
    let check = |text: &str| {
        fs_err::write(&exceptions, format!("{before}\n{text}")).unwrap();
        workplace.run(&[&["check"], &at[..]].concat())
    };
    let statuses_before = statuses(&check("").summary.unwrap());
    // One of each kind of place, and one of two alike.
    for fingerprint in [
        "sg1:7114db8da5b8932b8f966d8ebbc8f59d",
        "sg1:7511339822eb5b3e3aa3ab31cd4ec508~2",
        "sg1:904bed66389711eab4cb0e1a920b8e35",
        "sg1:257823c33ff977f60b4208d7d38d2633",
        "sg1:d758a9af851105b9e571ed3301707d5b",
    ] {
        check("");
        let arguments = [&["explain", fingerprint, "--as-exception"], &at[..]].concat();
        let draft = workplace.run(&arguments);
        assert_eq!(draft.code, 0, "{}", draft.stderr);
        let unfilled = check(&draft.stdout);
        assert_eq!(unfilled.code, 2, "{}", unfilled.stdout);
        assert!(unfilled.stderr.contains("is empty"), "{}", unfilled.stderr);
        let run = check(&filled(&draft.stdout));
        let mut expected = statuses_before.clone();
        let status = expected.insert(fingerprint.to_owned(), "accepted".to_owned());
        assert_eq!(status.as_deref(), Some("open"));
        assert_eq!(
            statuses(&run.summary.unwrap()),
            expected,
            "{}",
            draft.stdout
        );
    }
}

#[test]
fn a_draft_is_within_what_the_policy_allows() {
    let rule = "[[rule]]\nid = 'high'\nwhere = { severity = '>=high' }\n";
    let bounds = "[exceptions]\nmax_days = 30\nrequire = ['ticket', 'decided']\n";
    let never = "[exceptions]\nnever = [{ category = 'secret' }, { severity = '>=high', path = 'src/**' }]\n";
    let author = "[exceptions]\nauthor_may_approve = false\n";
    let accepted = "[[exception]]\nid = 'all-eval'\nreason = 'it is fine'\nexpires = 2027-01-01\nwhere = { rule = 'conf.no-eval' }\n";
    let mut runs = Vec::new();
    let report = semgrep(&["ERROR"]);
    let id = "d289c980ed71fb74abc42c2aa4890c15";
    let mut sound = 0;
    for (what, settings, arguments, code) in [
        ("plain", "", &[] as &[_], 0),
        ("bounded", bounds, &[], 0),
        (
            "all said",
            bounds,
            &[
                "--reason",
                "it's \"fine\"",
                "--approved-by",
                "ann",
                "--ticket",
                "T-1",
                "--days",
                "7",
            ],
            0,
        ),
        ("too long", bounds, &["--days", "31"], 2),
        ("no such day", "", &["--days", "0"], 2),
        ("never", never, &[], 1),
        ("by the author", author, &["--approved-by", "alice"], 1),
        ("accepted already", accepted, &[], 1),
        ("an empty reason", "", &["--reason", " "], 2),
    ] {
        let policy = format!("{settings}{rule}");
        let mut workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", &policy)]);
        workplace.variables = vec![("GITLAB_CI", "true"), ("GITLAB_USER_LOGIN", "alice")];
        let arguments = [&[id, "--as-exception"], arguments].concat();
        let run = explain_semgrep(&workplace, &arguments);
        assert_eq!(run.code, code, "{what}: {}{}", run.stdout, run.stderr);
        if code == 0 {
            let pasted = policy + &filled(&run.stdout);
            fs_err::write(workplace.path("policy.toml"), pasted).unwrap();
            let check = workplace.check(&["semgrep.json", "--policy", "policy.toml"]);
            assert_eq!(check.code, 0, "{what}: {}{}", check.stdout, check.stderr);
            sound += 1;
        } else {
            assert_eq!(run.stdout, "", "{what}");
        }
        runs.push((what, run));
    }
    assert_eq!(sound, 3);
    assert_snapshot!(told(&runs));
}

#[test]
fn drafts_settle_what_became_worse_under_names_of_their_own() {
    let workplace = worse();
    let policy = workplace.path("policy.toml");
    // The one exception that holds.
    let lapsed = "decided = 2026-09-01\nexpires = 2027-01-01";
    let text = fs_err::read_to_string(&policy).unwrap();
    fs_err::write(&policy, text.replace(lapsed, "expires = 2026-01-01")).unwrap();
    let baseline = ["--baseline", "baseline.json"];
    for (id, name) in [("d289", "no-eval-a-py"), ("cb22", "no-eval-a-py-2")] {
        let arguments = [&[id, "--as-exception"], &baseline[..]].concat();
        let draft = explain_semgrep(&workplace, &arguments);
        assert_eq!(draft.code, 0, "{}", draft.stderr);
        assert!(
            draft.stdout.contains(&format!("= \"{name}\"\n")),
            "{}",
            draft.stdout
        );
        let text = fs_err::read_to_string(&policy).unwrap();
        fs_err::write(&policy, text + &filled(&draft.stdout)).unwrap();
    }
    let inputs = ["semgrep.json", "--policy", "policy.toml"];
    let run = workplace.check(&[&inputs, &baseline[..]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_draft_for_an_issue_accepts_all_its_findings() {
    let run = explain_demo("issue:b32a", &["--as-exception"]);
    let single = explain_demo("b32a", &["--as-exception"]);
    let rule = explain_demo("no-high", &["--as-exception"]);
    let exception = explain_demo("fake-tokens", &["--as-exception"]);
    let codes = [&run, &single, &rule, &exception].map(|run| run.code);
    assert_eq!(codes, [0, 0, 2, 2]);
    let runs = [
        ("issue", run),
        ("a finding of it", single),
        ("a rule", rule),
        ("an exception", exception),
    ];
    assert_snapshot!(told(&runs));
}

#[test]
fn an_explanation_is_of_one_policy_and_of_reports_that_there_are() {
    let policy = "[[rule]]\nid = 'any'\n";
    let workplace = Workplace::new(&[("semgrep.json", CLEAN), ("policy.toml", policy)]);
    for (arguments, said) in [
        (&["any", "--policy", "policy.toml"] as &[_], "one policy"),
        (
            &["any", "--as-exception", "--format", "json"],
            "cannot be used with",
        ),
        (&["any", "--reason", "a"], "--as-exception"),
    ] {
        let run = explain_semgrep(&workplace, arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
    let run = explain(&workplace, &["any", "--policy", "none.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("none.toml"), "{}", run.stderr);
    // It decides, and writes nothing.
    let run = explain_semgrep(&workplace, &["any"]);
    assert_eq!(run.code, 0);
    assert!(run.summary.is_none() && run.markdown.is_none());
}

#[test]
fn the_help_says_what_there_is() {
    assert_snapshot!("help", demo(&["explain", "--help"]).stdout);
}

#[test]
fn the_documentation_shows_what_is_printed() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs_err::read_to_string(checkout.join("docs/explain.md")).unwrap();
    let examples = page.split("```console\n").skip(1);
    let mut count = 0;
    for example in examples.map(|rest| rest.split("```").next().unwrap()) {
        let (command, expected) = example.split_once('\n').unwrap();
        let arguments = command.strip_prefix("$ security-gate ").unwrap();
        let arguments: Vec<_> = arguments.split(' ').collect();
        let run = demo(&[&arguments[..], &DEMO[..]].concat());
        assert_eq!(run.stdout + &run.stderr, expected, "{command}");
        count += 1;
    }
    assert!(count >= 4, "{count}");
}
