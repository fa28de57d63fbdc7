//! What only people read of findings: a summary has it of the first, and of all
//! where the policy asks for it. Nobody is told that it is not there where it only
//! was not written.

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
use std::io::ErrorKind;
use std::path::Path;

use proptest::prelude::*;
use security_gate::finding::{Category, Collector, Details, Finding, Keep, Location, Severity};
use security_gate::fingerprint::Fingerprint;
use security_gate::parser;
use security_gate::policy::Policy;
use security_gate::policy::decide::{Circumstances, decide};
use security_gate::policy::knowledge::Knowledge;
use security_gate::policy::load::{self, Vocabulary};
use security_gate::render::Summary;
use security_gate::render::summary::Context;
use security_gate::report::{Foremost, Report, Scan, Tally};
use serde_json::Value;

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{Run, Workplace, semgrep, verdict};

const PLAIN: &str = r#"
[[rule]]
id = "none"
where = { title = "no such title" }
"#;

const ASKING: &str = r#"
[[rule]]
id = "described"
where = { when = 'description == "eval of input 1499"' }
"#;

/// Two reports with 3,000 findings, the worst of them not at their beginning.
fn workplace() -> Workplace {
    let severities = |worst: usize| -> Vec<_> {
        let severity = |at: usize| match at {
            at if at < worst => "INFO",
            at if at % 3 == 0 => "ERROR",
            _ => "WARNING",
        };
        (0..1500).map(severity).collect()
    };
    Workplace::new(&[
        ("a/semgrep.json", &semgrep(&severities(900))),
        ("b/semgrep.json", &semgrep(&severities(300))),
        ("plain.toml", PLAIN),
        ("asking.toml", ASKING),
    ])
}

fn check(workplace: &Workplace, policy: &str) -> Run {
    workplace.check(&["a/semgrep.json", "b/semgrep.json", "--policy", policy])
}

fn described(summary: &Value) -> Vec<bool> {
    let findings = summary["findings"].as_array().unwrap().iter();
    let has = |finding: &Value| finding.get("description").is_some();
    findings.map(has).collect()
}

#[test]
fn the_first_findings_are_shown_in_full_and_all_are_placed() {
    let summary = check(&workplace(), "plain.toml").summary.unwrap();
    let described = described(&summary);
    assert_eq!(summary["detailed"], 1000);
    assert_eq!(described.len(), 3000);
    let (first, rest) = described.split_at(1000);
    assert!(first.iter().all(|described| *described));
    assert!(!rest.iter().any(|described| *described));
    let findings = summary["findings"].as_array().unwrap();
    let is_placed = |finding: &Value| {
        let pointer = finding["pointer"].as_str().unwrap();
        pointer.starts_with("/results/") && finding["reference_count"] == 0
    };
    assert!(findings.iter().all(is_placed));
}

#[test]
fn a_finding_is_a_line_of_the_summary() {
    let workplace = workplace();
    check(&workplace, "plain.toml");
    let text = fs_err::read_to_string(workplace.path("security-gate-summary.json")).unwrap();
    let is_finding = |line: &&str| line.starts_with(r#"    {"fingerprint":"sg1:"#);
    assert_eq!(text.lines().filter(is_finding).count(), 3000);
    let arguments = ["a/semgrep.json", "b/semgrep.json", "--policy", "plain.toml"];
    let printed = workplace.check(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(printed.stdout, text);
}

#[test]
fn of_very_many_actions_the_first_are_listed_and_the_others_counted() {
    let workplace = workplace();
    let policy = "[[rule]]\nid = \"all\"\nwhere = {}\n";
    fs_err::write(workplace.path("strict.toml"), policy).unwrap();
    let run = check(&workplace, "strict.toml");
    let summary = run.summary.unwrap();
    let remedy = &summary["passes_if"];
    assert_eq!(remedy["then"], "pass");
    let actions = remedy["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1000);
    let more = remedy["more"].as_u64().unwrap();
    let all = 1000 + more;
    assert!(
        run.stdout.contains(&format!("passes with {all} actions")),
        "{}",
        run.stdout
    );
    let cleared = |action: &Value| action["clears"].as_u64().unwrap();
    let listed: u64 = actions.iter().map(cleared).sum();
    let least = cleared(actions.last().unwrap());
    let findings = summary["findings"].as_array().unwrap().iter();
    let identities = findings.map(|finding| finding["fingerprint"].as_str());
    let left = identities.collect::<BTreeSet<_>>().len() as u64 - listed;
    assert!((more..=more * least).contains(&left), "{left} of {more}");
}

#[test]
fn a_policy_that_asks_for_details_gets_and_writes_all() {
    let run = check(&workplace(), "asking.toml");
    assert_eq!((run.code, verdict(&run)), (1, "fail"), "{}", run.stdout);
    let summary = run.summary.unwrap();
    assert_eq!(summary["detailed"], 3000);
    assert!(described(&summary).iter().all(|described| *described));
}

#[test]
fn an_explanation_has_what_the_summary_has_not() {
    let workplace = workplace();
    let summary = check(&workplace, "plain.toml").summary.unwrap();
    let last = &summary["findings"][2999];
    let id = last["fingerprint"].as_str().unwrap();
    let arguments = ["explain", id, "--policy", "plain.toml", "--format", "json"];
    let sources = ["a/semgrep.json", "b/semgrep.json"];
    let explained = workplace.run(&[&arguments[..], &sources].concat());
    assert_eq!(explained.code, 0, "{}", explained.stderr);
    assert!(
        explained.stdout.contains("eval of input"),
        "{}",
        explained.stdout
    );
}

#[test]
fn no_verdict_flips_by_details_that_were_not_written_without_saying_so() {
    let workplace = workplace();
    let gap = "the summary has descriptions and references of its first findings only, and the rule described asks for them";
    let backtest = |arguments: &[&str]| {
        let command = [
            "policy",
            "backtest",
            "security-gate-summary.json",
            "--policy",
        ];
        workplace.run(&[&command[..], arguments].concat())
    };
    check(&workplace, "plain.toml");
    let run = backtest(&["asking.toml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stdout.contains("1 from pass to incomplete"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(gap), "{}", run.stdout);
    let run = backtest(&["plain.toml"]);
    assert!(run.stdout.contains("none flips"), "{}", run.stdout);

    check(&workplace, "asking.toml");
    let run = backtest(&["asking.toml"]);
    assert!(run.stdout.contains("none flips"), "{}", run.stdout);
    assert!(
        !run.stdout.contains("first findings only"),
        "{}",
        run.stdout
    );
}

const ROOMS: [(&str, &str); 3] = [("one", "semgrep"), ("one", "bandit"), ("two", "semgrep")];

fn finding() -> impl Strategy<Value = Finding<'static>> {
    let severity = prop::sample::select(vec![
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Unknown,
        Severity::Info,
    ]);
    (severity, 0..40_u32, 0..4_usize, any::<u64>()).prop_map(|(severity, line, file, number)| {
        let path = ["src/a.py", "src/b.py", "lib/a.py", "z"][file];
        let fingerprint = Fingerprint::new("test", &[&number.to_string()]);
        let mut finding = Finding::new(
            fingerprint,
            Category::Sast,
            ["r1", "r2"][file % 2],
            severity,
            Location::source(path, Some(line)),
        );
        finding.details = Details {
            description: Some(number.to_string().into()),
            references: vec![format!("https://a.example/{number}").into()],
        };
        finding.reference_count = 1;
        finding
    })
}

fn report(room: usize, findings: &[Finding], keep: Keep) -> Report {
    let (lane, scanner) = ROOMS[room];
    let mut collector = Collector::new(keep);
    for finding in findings {
        collector.add(finding.clone());
    }
    Report {
        path: format!("{room}-{}.json", findings.len()),
        lane: lane.to_owned(),
        bytes: 1,
        sha256: format!("{:064}", findings.len()),
        scan: Ok(Scan {
            scanner,
            format: scanner,
            ..Scan::default()
        }),
        findings: collector.finish().unwrap(),
        tally: Tally::default(),
        record: None,
        modified: None,
    }
}

fn plain() -> Policy {
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    let text = |path: &Path| match path.to_str() {
        Some("plain.toml") => Ok(PLAIN.to_owned()),
        _ => Err(ErrorKind::NotFound.into()),
    };
    load::load("plain.toml", vocabulary, &text).unwrap()
}

fn summary(policy: &Policy, reports: &[Report]) -> String {
    let circumstances = Circumstances {
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
        workspace: None,
        commit: None,
        authors: &[],
        change: None,
        knowledge: Knowledge::default(),
    };
    let decision = decide(policy, reports, circumstances);
    serde_json::to_string(&Summary::new(&decision, &[], &Context::default(), 0)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whichever reports they come in: what is let go while reading is nothing that
    /// would have been written.
    #[test]
    fn a_summary_is_the_same_as_if_all_were_kept(
        contents in prop::collection::vec((0..3_usize, prop::collection::vec(finding(), 0..3500)), 1..4),
        unknown in prop::sample::select(vec![Severity::Critical, Severity::Medium, Severity::Low]),
    ) {
        let policy = Policy { unknown_severity: unknown, ..plain() };
        let all = contents.iter();
        let all: Vec<_> = all.map(|(room, findings)| report(*room, findings, Keep::All)).collect();
        let all = summary(&policy, &all);
        let mut foremost = Foremost::new(unknown);
        let mut reports = Vec::new();
        for (place, (room, findings)) in contents.iter().enumerate() {
            reports.push(Some(report(*room, findings, foremost.keep())));
            foremost.add(&mut reports, place);
        }
        let reports: Vec<_> = reports.into_iter().flatten().collect();
        prop_assert!(all == summary(&policy, &reports));
    }
}
