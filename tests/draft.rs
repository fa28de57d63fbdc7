//! A drafted exception is true to its word, whatever the reports say: it is read,
//! and accepts the finding that it is for and no other.

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

use jiff::Timestamp;
use proptest::prelude::*;
use security_gate::finding::{Category, Finding, Location, Severity, Text};
use security_gate::fingerprint::Fingerprint;
use security_gate::parser;
use security_gate::policy::Policy;
use security_gate::policy::decide::{Circumstances, Decision, Status, decide};
use security_gate::policy::draft::{Draft, NoDraft, Particulars, draft};
use security_gate::policy::knowledge::{Given, Knowledge};
use security_gate::policy::load::{self, Vocabulary};
use security_gate::report::{Report, Scan, Tally};
use security_gate::text::line;

const NOW: Circumstances<'_> = Circumstances {
    now: Timestamp::constant(1_795_262_400, 0),
    workspace: None,
    commit: None,
    authors: &[],
    change: None,
    knowledge: Knowledge {
        baseline: Given::Nothing,
        kev: Given::Nothing,
        epss: Given::Nothing,
        vex: Given::Nothing,
    },
};

const POLICY: &str = "\
[lane.nightly]
[exceptions]
max_days = 30
require = ['approved_by', 'ticket', 'decided']
never = { severity = 'critical' }
[[rule]]
id = 'none'
";

/// What upsets a reader of TOML, of patterns or of terminals, and what is alike.
const PIECES: [&str; 24] = [
    "a", "src", "/", "/", "\\", "\"", "'", "\n", "\r", "\t", "\0", "\x1b[31m", "\u{202e}", "é",
    "*", "**", "?", "[", "]", "{", "}", "!", "# ", "'''",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(PIECES.to_vec());
    prop_oneof![
        prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat()),
        Just("[[exception]]\nid = \"b\"\nwhere = { severity = '>=info' }\n".to_owned()),
        any::<String>(),
    ]
}

fn location() -> impl Strategy<Value = Location<Text<'static>>> {
    let some = || prop::option::of(text());
    prop_oneof![
        text().prop_map(|path| Location::source(path, Some(3))),
        (some(), text(), some(), some()).prop_map(|(purl, name, version, path)| {
            Location::Package {
                purl: purl.map(|purl| format!("pkg:npm/{purl}").into()),
                name: name.into(),
                version: version.map(Into::into),
                target: None,
                path: path.map(Into::into),
            }
        }),
        (text(), some()).prop_map(|(url, parameter)| Location::Web {
            url: format!("https://shop.example/{url}").into(),
            method: None,
            parameter: parameter.map(Into::into),
        }),
        (text(), some()).prop_map(|(target, resource)| Location::Resource {
            target: target.into(),
            resource: resource.map(Into::into),
            line: None,
            end_line: None,
        }),
    ]
}

fn finding() -> impl Strategy<Value = Finding<'static>> {
    let categories = [Category::Sast, Category::Sca, Category::Secret];
    let severities = [Severity::Critical, Severity::High, Severity::Low];
    (
        prop::sample::select(vec!["a", "b", "c", "d"]),
        0..2_u32,
        prop::sample::select(categories.to_vec()),
        prop::sample::select(severities.to_vec()),
        (text(), text(), location()),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(key, ordinal, category, severity, texts, is_suppressed)| {
            let (rule, title, location) = texts;
            let fingerprint = Fingerprint::new("test", &[key]).with_ordinal(ordinal);
            let mut finding = Finding::new(fingerprint, category, rule, severity, location);
            finding.title = title.into();
            finding.suppressed = is_suppressed.then(|| "it is fine".into());
            finding
        })
}

fn report(lane: &str, findings: Vec<Finding>) -> Report {
    Report {
        path: format!("{lane}.json"),
        lane: lane.to_owned(),
        bytes: 0,
        sha256: String::new(),
        scan: Ok(Scan {
            scanner: "semgrep",
            format: "test",
            ..Scan::default()
        }),
        findings: findings.into_iter().collect(),
        tally: Tally::default(),
        record: None,
        modified: None,
    }
}

/// Nobody can tell apart what is one finding by its fingerprint and differs.
fn reports(findings: Vec<Finding>) -> Vec<Report> {
    let mut seen = BTreeSet::new();
    let findings = findings.into_iter();
    let findings: Vec<_> = findings
        .filter(|finding| seen.insert(finding.fingerprint))
        .collect();
    let again = findings.first().cloned();
    vec![
        report("mainline-sast", findings),
        report("nightly", again.into_iter().collect()),
    ]
}

fn policy(exceptions: Option<&str>) -> Policy {
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    let read = |path: &std::path::Path| match path.to_str() {
        Some("policy.toml") => Ok(POLICY.to_owned()),
        Some(load::EXCEPTIONS_FILE) => exceptions
            .map(str::to_owned)
            .ok_or_else(|| ErrorKind::NotFound.into()),
        _ => Err(ErrorKind::NotFound.into()),
    };
    let policy = load::load("policy.toml", vocabulary, &read);
    policy.unwrap_or_else(|error| panic!("{error:?}\n{exceptions:?}"))
}

fn drafted(
    decision: &Decision<'_>,
    reports: &[Report],
    fingerprint: Fingerprint,
) -> Result<Draft, NoDraft> {
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    let wanted = BTreeSet::from([fingerprint]);
    draft(
        decision,
        reports,
        &wanted,
        Particulars::default(),
        vocabulary,
    )
}

/// What somebody makes of a draft who says what it asks for, and nothing else.
fn filled(draft: &Draft) -> String {
    let mut lines: Vec<String> = draft.text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        for key in &draft.missing {
            if line.starts_with(key) {
                *line = line.replace("= \"\" ", "= \"said\" ");
            }
        }
    }
    lines.join("\n")
}

fn standings(decision: &Decision<'_>) -> Vec<(Fingerprint, String, Status)> {
    let findings = decision.findings.iter();
    findings
        .map(|judged| {
            let lane = judged.subject.source.lane.to_owned();
            let status = judged.standing.status;
            (judged.subject.finding.fingerprint, lane, status)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_draft_is_read_and_accepts_its_finding_and_no_other(
        findings in prop::collection::vec(finding(), 1..6),
    ) {
        let reports = reports(findings);
        let before = policy(None);
        let decision = decide(&before, &reports, NOW);
        for judged in &decision.findings {
            let finding = judged.subject.finding;
            let draft = match drafted(&decision, &reports, finding.fingerprint) {
                Ok(draft) => draft,
                Err(error) => {
                    let is_right = match error {
                        NoDraft::NotOpen(_) => judged.standing.status != Status::Open,
                        NoDraft::Refused(..) => finding.severity == Severity::Critical,
                        _ => false,
                    };
                    prop_assert!(is_right, "{error}: {finding:?}");
                    continue;
                }
            };
            let text = filled(&draft);
            let table: toml::Table = toml::from_str(&text).unwrap();
            let keys: Vec<_> = table.keys().collect();
            prop_assert_eq!(keys, ["exception"]);
            prop_assert_eq!(table["exception"].as_array().unwrap().len(), 1);
            // A blank alone is no line, so it stands between two letters.
            let is_plain = |c: char| c == '\n' || line(&format!("a{c}a")).chars().count() == 3;
            prop_assert!(draft.text.chars().all(is_plain), "{:?}", draft.text);
            let after = policy(Some(&text));
            let again = decide(&after, &reports, NOW);
            let expected = standings(&decision).into_iter().map(|(fingerprint, lane, status)| {
                let is_meant = fingerprint == finding.fingerprint && status == Status::Open;
                (fingerprint, lane, if is_meant { Status::Accepted } else { status })
            });
            let expected: BTreeSet<_> = expected.map(|row| format!("{row:?}")).collect();
            let found: BTreeSet<_> = standings(&again).iter().map(|row| format!("{row:?}")).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
