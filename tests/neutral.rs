//! Whatever a report or a policy says, no output of the program acts on a terminal,
//! a page of a forge, or the CI system that keeps the log.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use proptest::prelude::*;
use security_gate::text;
use serde_json::{Value, json};

#[path = "../fuzz/laws/outputs.rs"]
mod outputs;
#[path = "common/workplace.rs"]
mod workplace;

use outputs::{hold_json, hold_log, hold_markdown, hold_terminal, hold_visible};
use workplace::{CLEAN, Run, Workplace, verdict};

/// In every foreign text, and in nothing that the program says itself.
const FOREIGN: &str = "qzx";

/// Texts that act on something, if nobody stops them. What follows them shows
/// where they got to.
const HOSTILE: [&str; 34] = [
    "# heading",
    "**bold** _italic_ ~~gone~~",
    "[link](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "https://evil.example www.evil.example",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!-- comment --> <details>",
    "| a | b |\n| - | - |",
    "```\nfence\n```",
    "`tick` ``ticks`` \\` \\",
    "$x^2$ $$y$$",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}",
    "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m",
    "over\rwritten\u{8}\u{8}",
    "\u{202e}reversed\u{2066}isolated\u{2069}",
    "zero\u{200b}width\u{feff}\u{2060}\u{ad}",
    "tags\u{e0041}\u{e0042}",
    "line\u{2028}separator\u{85}next",
    "::error::an error",
    "::error file=a.py,line=1::an error",
    "  ::add-mask::e",
    "text\n::add-mask::e\n::stop-commands::token",
    "\u{b}::set-output name=a::b",
    "##[error]an error",
    "text ##[add-mask]e",
    "##vso[task.complete result=Succeeded]",
    "##teamcity[buildStatus status='SUCCESS']",
    "section_start:1560896352:a[collapsed=true]\r\u{1b}[0K",
    "section_end:1560896352:a\r\u{1b}[0K",
    "/close",
    "text\n/merge\n/label ~evil",
    "@all @octocat closes #1, fixes !1, GH-1",
    "{{ 7 * 7 }}{% raw %}${x}$(x)",
];

fn foreign() -> impl Iterator<Item = String> {
    HOSTILE.iter().map(|text| format!("{text}{FOREIGN}"))
}

/// A finding for each hostile text, of which all words are that text.
fn semgrep() -> Value {
    let result = |text: String| {
        json!({
            "check_id": text,
            "path": text,
            "start": {"line": 1, "col": 1},
            "end": {"line": 1, "col": 2},
            "extra": {
                "message": text, "severity": "ERROR", "lines": text,
                "metadata": {"cwe": text, "references": [text], "confidence": text},
            },
        })
    };
    json!({
        "version": "::error::qzx",
        "results": foreign().map(result).collect::<Vec<_>>(),
        "errors": foreign()
            .map(|text| json!({"type": text, "level": "warn", "message": text, "path": text}))
            .collect::<Vec<_>>(),
        "paths": {"scanned": ["a.py"]},
    })
}

fn trivy() -> Value {
    let vulnerability = |text: String| {
        json!({
            "VulnerabilityID": text, "PkgName": text, "InstalledVersion": text,
            "FixedVersion": text, "Title": text, "Description": text, "Severity": "HIGH",
            "PrimaryURL": text, "PkgIdentifier": {"PURL": text}, "PkgPath": text,
        })
    };
    let result = |text: String| {
        json!({
            "Target": text, "Class": "lang-pkgs", "Type": text,
            "Vulnerabilities": [vulnerability(text.clone())],
        })
    };
    json!({
        "SchemaVersion": 2,
        "ArtifactName": "##[error]qzx",
        "ArtifactType": "container_image",
        "Metadata": {"OS": {"Family": "::error::qzx", "Name": "1"}},
        "Results": foreign().map(result).collect::<Vec<_>>(),
    })
}

fn gitleaks() -> Value {
    let record = |text: String| {
        json!({
            "RuleID": text, "Description": text, "StartLine": 1, "EndLine": 1,
            "StartColumn": 1, "EndColumn": 2, "Match": "hunter2hunter2",
            "Secret": "hunter2hunter2", "File": text, "Commit": text, "Author": text,
            "Email": text, "Message": text, "Tags": [text], "Fingerprint": text,
        })
    };
    foreign().map(record).collect()
}

fn workplace() -> Workplace {
    Workplace::new(&[
        ("semgrep.json", &semgrep().to_string()),
        ("trivy.json", &trivy().to_string()),
        ("gitleaks.json", &gitleaks().to_string()),
        ("clean.json", CLEAN),
    ])
}

const REPORTS: [&str; 3] = ["semgrep.json", "trivy.json", "gitleaks.json"];

fn run(workplace: &Workplace, arguments: &[&str]) -> Run {
    let run = workplace.run(&[arguments, &["--now", "2026-11-21T12:00:00Z"]].concat());
    hold_terminal(&run.stderr);
    run
}

#[test]
fn verdicts_do_nothing() {
    let workplace = workplace();
    for colour in ["never", "always"] {
        let run = run(
            &workplace,
            &[&["check", "--forecast", "--color", colour], &REPORTS[..]].concat(),
        );
        assert_eq!(verdict(&run), "fail", "{}", run.stderr);
        hold_terminal(&run.stdout);
        let page = run.markdown.unwrap();
        assert!(page.contains(FOREIGN), "{page}");
        hold_markdown(&page, Some(FOREIGN));
        hold_log(&page);
    }
    let run = run(
        &workplace,
        &[&["check", "--format", "json"], &REPORTS[..]].concat(),
    );
    hold_log(&run.stdout);
    assert_eq!(
        Some(hold_json(&run.stdout)),
        run.summary,
        "an escape means the same"
    );
}

#[test]
fn inspections_do_nothing() {
    let workplace = workplace();
    for more in [&[][..], &["--findings"]] {
        let run = workplace.run(&[&["inspect"], more, &REPORTS].concat());
        hold_terminal(&run.stderr);
        hold_terminal(&run.stdout);
        let run = workplace.run(&[&["inspect", "--format", "json"], more, &REPORTS].concat());
        hold_json(&run.stdout);
        hold_log(&run.stdout);
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_do_nothing() {
    let workplace = workplace();
    let folder = workplace.path("reports");
    fs_err::create_dir(&folder).unwrap();
    for (at, text) in foreign().enumerate() {
        let name = text.replace('/', "");
        let content = [CLEAN, "{", "[1]", "{}"][at % 4];
        fs_err::write(folder.join(format!("{name}.json")), content).unwrap();
    }
    // What a shell makes of `*`.
    let mut names: Vec<_> = fs_err::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    fs_err::write(workplace.path("::error::qzx.json"), CLEAN).unwrap();
    for arguments in [
        &["inspect", "reports"][..],
        &["inspect", "::error::qzx.json"],
        &["check", "reports"],
        &["baseline", "create", "-o", "::error::qzx", "reports"],
        &["baseline", "create", "-o", "::error::qzy", "clean.json"],
        &["diff", "clean.json", "reports"],
    ] {
        let run = workplace.run(arguments);
        hold_terminal(&run.stdout);
        hold_terminal(&run.stderr);
        if let Some(page) = run.markdown {
            hold_markdown(&page, Some(FOREIGN));
        }
    }
}

#[test]
fn explanations_and_drafts_do_nothing() {
    let workplace = workplace();
    let summary = run(&workplace, &[&["check"], &REPORTS[..]].concat())
        .summary
        .unwrap();
    let findings = summary["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3 * HOSTILE.len());
    let issues = summary["issues"].as_array().unwrap();
    let rules = summary["rules"].as_array().unwrap();
    let name = |key: &str, value: &Value| value[key].as_str().unwrap().to_owned();
    let ids = findings.iter().map(|finding| name("fingerprint", finding));
    let ids = ids.chain(
        issues
            .iter()
            .map(|issue| format!("issue:{}", name("id", issue))),
    );
    for id in ids.chain(
        rules
            .iter()
            .map(|rule| format!("rule:{}", name("id", rule))),
    ) {
        let explained = run(&workplace, &[&["explain", &id], &REPORTS[..]].concat());
        assert_eq!(explained.code, 0, "{id}: {}", explained.stderr);
        hold_terminal(&explained.stdout);
        if id.starts_with("rule:") {
            continue;
        }
        let draft = run(
            &workplace,
            &[&["explain", &id, "--as-exception"], &REPORTS[..]].concat(),
        );
        hold_visible(&draft.stdout);
        hold_log(&draft.stdout);
        toml::from_str::<toml::Table>(&draft.stdout).expect("TOML");
    }
}

#[test]
fn comparisons_do_nothing() {
    let workplace = workplace();
    for (old, new) in [
        ("clean.json", "semgrep.json"),
        ("semgrep.json", "clean.json"),
        ("trivy.json", "gitleaks.json"),
    ] {
        for format in ["text", "markdown", "json"] {
            let run = run(&workplace, &["diff", old, new, "--format", format]);
            assert!(run.stdout.contains(FOREIGN), "{}{}", run.stdout, run.stderr);
            hold_log(&run.stdout);
            match format {
                "text" => hold_terminal(&run.stdout),
                "markdown" => hold_markdown(&run.stdout, Some(FOREIGN)),
                _ => drop(hold_json(&run.stdout)),
            }
        }
    }
    run(&workplace, &[&["check"], &REPORTS[..]].concat());
    let again = workplace.run(&["policy", "backtest", "security-gate-summary.json"]);
    hold_terminal(&again.stdout);
    hold_terminal(&again.stderr);
}

#[test]
fn policies_do_nothing() {
    for text in foreign() {
        let quoted = text::toml_string(&text);
        let named = format!(
            "schema = \"security-gate-policy/1\"\n\
            [[rule]]\nid = {quoted}\nreason = {quoted}\nwhen = {quoted}\n{quoted} = 1\n\
            [[example]]\nid = {quoted}\nfindings = []\nverdict = {quoted}\n\
            [lane.{quoted}]\nexpect = [{quoted}]\nreports = [{quoted}]\n"
        );
        let raw = format!("# {text}\n{text}\n");
        let commented = format!(
            "schema = 1 # {}\nrules = 2\n",
            text.replace(['\n', '\r'], " ")
        );
        let example = format!(
            "schema = \"security-gate-policy/1\"\n\
            [[example]]\nid = {quoted}\nverdict = \"fail\"\n\
            findings = [{{ scanner = \"semgrep\", severity = \"low\", path = {quoted}, title = {quoted} }}]\n"
        );
        let workplace = Workplace::new(&[
            ("named.toml", &named),
            ("raw.toml", &raw),
            ("commented.toml", &commented),
            ("example.toml", &example),
            ("clean.json", CLEAN),
        ]);
        for policy in ["named.toml", "raw.toml", "commented.toml", "example.toml"] {
            for command in ["check", "test", "show"] {
                let run = workplace.run(&["policy", command, policy]);
                assert_ne!(run.code, 101, "{}", run.stderr);
                hold_terminal(&run.stderr);
                hold_terminal(&run.stdout);
            }
        }
        let run = workplace.run(&["check", "--policy", "named.toml", "clean.json"]);
        hold_terminal(&run.stderr);
    }
}

/// Hostile texts in a row, with and without blanks and words between them.
fn made() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
        1 => prop::sample::select(&[" ", "\n", "#", "##", ":", "::", "[", "a", "`", "|", "\\", "/", "\u{3000}"][..])
            .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_does_anything(made in made(), limit in 1_usize..60) {
        for shown in [text::line(&made), text::short_line(&made, limit)] {
            prop_assert!(!shown.contains('\n'));
            hold_terminal(&shown);
        }
        let line = text::line(&made);
        prop_assert_eq!(&text::line(&line), &line, "what is neutral stays as it is");
        for shown in text::wrapped(&made, limit) {
            hold_terminal(&shown);
        }
        hold_markdown(&text::code_span(&made, limit), None);
        // In a table, where bars part cells.
        hold_markdown(&format!("| {} | b |", text::code_span(&made, limit)), None);
        let visible = text::visible(&made).replace('\t', " ");
        hold_terminal(&visible);
        let toml = format!("a = {}\n", text::toml_string(&made));
        hold_terminal(&toml);
        let read: toml::Table = toml::from_str(&toml).unwrap();
        prop_assert_eq!(read["a"].as_str(), Some(made.as_str()));
        let json = serde_json::to_string_pretty(&[&made]).unwrap();
        let logged = text::logged_json(&json);
        hold_log(&logged);
        prop_assert_eq!(hold_json(&logged), json!([made]));
    }

    #[test]
    fn places_in_a_visible_text_are_those_of_the_text(made in made()) {
        let visible = text::visible(&made);
        let place = |place| text::visible_place(&made, place);
        prop_assert_eq!(place(0), 0);
        prop_assert_eq!(place(made.len()), visible.len());
        let places: Vec<_> = made.char_indices().map(|(at, _)| place(at)).collect();
        prop_assert!(places.is_sorted());
        prop_assert!(places.iter().all(|at| visible.is_char_boundary(*at)));
    }
}
