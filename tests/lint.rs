//! What `policy check` says is true of decisions: nothing that it calls dead or
//! impossible makes a difference to a report that a scanner really wrote.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::io::ErrorKind;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use security_gate::finding::Findings;
use security_gate::parser;
use security_gate::policy::Policy;
use security_gate::policy::decide::{Circumstances, Verdict, decide};
use security_gate::policy::knowledge::Knowledge;
use security_gate::policy::lint::lint;
use security_gate::policy::load::{self, Vocabulary};
use security_gate::policy::problem::Level;
use security_gate::report::{Report, Tally};

mod common;

/// Reports of all scanners, each with one finding.
static REPORTS: LazyLock<Vec<Report>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
    let text = fs_err::read_to_string(folder.join("expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut reports = Vec::new();
    for (name, file) in expected["files"].as_object().unwrap() {
        let Some(parser) = parser::by_name(file["scanner"].as_str().unwrap()) else {
            continue;
        };
        let (Ok(scan), findings) = common::read(&folder.join(name), Some(parser.scanner)) else {
            continue;
        };
        let mut kinds = Vec::new();
        for finding in findings {
            let kind = (finding.category, finding.severity, finding.confidence);
            if kinds.contains(&kind) {
                continue;
            }
            kinds.push(kind);
            reports.push(Report {
                path: format!("{name}:{}", reports.len()),
                lane: parser.lane.to_owned(),
                bytes: 0,
                sha256: String::new(),
                scan: Ok(scan.clone()),
                findings: Findings::from_iter([finding]),
                tally: Tally::default(),
                record: None,
                modified: None,
            });
        }
    }
    assert!(reports.len() > 50, "{}", reports.len());
    reports
});

/// A key with a value; of one key there are several.
const KEYS: &[&[&str]] = &[
    &[
        "category = \"sca\"",
        "category = [\"sast\", \"secret\"]",
        "category = \"dast\"",
        "category = [\"license\", \"misconfiguration\", \"sca\"]",
    ],
    &[
        "severity = \"high\"",
        "severity = \">=high\"",
        "severity = \"critical\"",
        "severity = \"<=medium\"",
        "severity = \"unknown\"",
    ],
    &[
        "scanner = \"zap\"",
        "scanner = \"trivy\"",
        "scanner = [\"semgrep\", \"bandit\"]",
        "scanner = \"*\"",
    ],
    &[
        "lane = \"mainline-*\"",
        "lane = \"staging-dast\"",
        "lane = \"*\"",
    ],
    &["fix = \"available\"", "fix = \"none\""],
    &["confidence = \"none\"", "confidence = \">=medium\""],
    &["cvss = \">=7\"", "cvss = \">8\"", "cvss = \"<5\""],
    &["cwe = 79", "cwe = [79, 89, 798]"],
    &["path = \"**\"", "path = \"src/**\"", "path = \"*\""],
    &["package = \"**\"", "package = \"pkg:npm/**\""],
    &[
        "rule = \"CVE-*\"",
        "vulnerability = \"CVE-*\"",
        "vulnerability = \"**\"",
    ],
    &["url = \"**\"", "url = \"https://**\""],
    &["seen_by = 1"],
    &["when = 'fix'", "when = 'cvss >= 7.0'"],
];

fn rule() -> impl Strategy<Value = String> {
    let keys = proptest::sample::subsequence(KEYS, 0..=3);
    let keys = (keys, any::<[u8; 3]>()).prop_map(|(keys, choices)| {
        let chosen = keys.iter().zip(choices);
        let chosen: Vec<_> = chosen
            .map(|(values, choice)| values[usize::from(choice) % values.len()])
            .collect();
        format!("where = {{ {} }}\n", chosen.join(", "))
    });
    let max = prop_oneof![Just(""), Just("max = 2\n")];
    let rest = prop_oneof![
        3 => Just(""),
        1 => Just("action = \"warn\"\n"),
        1 => Just("effective = 2026-12-01\n"),
    ];
    (keys, max, rest).prop_map(|(keys, max, rest)| keys + max + rest)
}

fn policy(rules: &[String], unknown: &str) -> Option<Policy> {
    let rules = rules.iter().enumerate();
    let rules = rules.map(|(index, rule)| format!("[[rule]]\nid = \"r{index}\"\n{rule}"));
    let text = format!("[severity]\nunknown = \"{unknown}\"\n") + &rules.collect::<String>();
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    // A policy that can never fail is none.
    load::load("p.toml", vocabulary, &|path: &Path| match path.to_str() {
        Some("p.toml") => Ok(text.clone()),
        _ => Err(ErrorKind::NotFound.into()),
    })
    .ok()
}

fn verdict(policy: &Policy, reports: &[Report], today: &str) -> (Verdict, Vec<String>) {
    let circumstances = Circumstances {
        now: format!("{today}T00:00:00Z").parse().unwrap(),
        workspace: None,
        commit: None,
        authors: &[],
        change: None,
        knowledge: Knowledge::default(),
    };
    let decision = decide(policy, reports, circumstances);
    let broken = decision.rules.iter().filter(|outcome| outcome.is_broken());
    let broken = broken.map(|outcome| outcome.rule.id.clone()).collect();
    (decision.verdict(), broken)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_called_needless_makes_no_difference(
        rules in proptest::collection::vec(rule(), 2..5),
        unknown in prop_oneof![Just("critical"), Just("low")],
        picked in proptest::collection::vec(any::<prop::sample::Index>(), 1..12),
    ) {
        let Some(policy) = policy(&rules, unknown) else {
            return Ok(());
        };
        let reports: Vec<Report> = picked.iter().map(|index| index.get(&REPORTS).clone()).collect();
        let problems = lint(&policy, &parser::scanners(), "2026-11-21".parse().unwrap());
        for problem in problems {
            let Some(id) = problem.title.split('`').nth(1).filter(|id| id.starts_with('r')) else {
                continue;
            };
            if problem.title.contains("lanes do not hold") {
                continue;
            }
            let mut without = policy.clone();
            without.rules.retain(|rule| rule.id != id);
            for today in ["2026-11-21", "2026-12-01"] {
                let (with, broken) = verdict(&policy, &reports, today);
                prop_assert_eq!(with, verdict(&without, &reports, today).0, "{}", problem.title);
                if problem.level == Level::Error {
                    prop_assert!(!broken.contains(&id.to_owned()), "{}", problem.title);
                }
            }
        }
    }
}
