//! A summary is a record: what was decided can be decided again from it, by the
//! same policy with the same outcome, and by another one as if it had been asked
//! then. A summary that is not whole is refused.

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
use std::io::ErrorKind;
use std::path::Path;
use std::sync::LazyLock;

use insta::assert_snapshot;
use jiff::Timestamp;
use security_gate::artifact::{self, Window};
use security_gate::baseline::Baseline;
use security_gate::enrichment::{Epss, Kev, Vex};
use security_gate::finding::{Findings, Severity};
use security_gate::parser;
use security_gate::policy::Policy;
use security_gate::policy::decide::{Circumstances, Decision, decide};
use security_gate::policy::knowledge::{Given, Knowledge};
use security_gate::policy::load::{self, LoadError, Vocabulary};
use security_gate::record::Record;
use security_gate::render::Summary;
use security_gate::render::summary::Context;
use security_gate::report::{Proof, Report, Tally};
use serde_json::{Value, json};

mod common;

/// Asks for all that a summary has to tell.
const DEMANDING: &str = r#"
first_run = "all-new"
[severity]
unknown = "medium"
[sla]
critical = 7
high = 30
medium = 40
[lane.mainline-sast]
degraded = "incomplete"
[lane.image-security]
product = "pkg:oci/shop"
[[rule]]
id    = "new"
where = { severity = ">=high", new = true }
[[rule]]
id    = "exploited"
where = { kev = true }
[[rule]]
id    = "likely"
where = { epss = ">=0.1" }
max   = 1
[[rule]]
id    = "late"
where = { overdue = true }
[[rule]]
id    = "old"
where = { age = ">20d", category = ["sast", "sca"] }
max   = 5
[[rule]]
id    = "agreed"
where = { seen_by = 2 }
action = "warn"
[[rule]]
id    = "expression"
where = { when = 'cvss >= 7.5 || 89 in cwe || (fix && path.startsWith("src/")) || size(title) > 60 || instances > 3' }
max   = 10
[[exception]]
id      = "some"
where   = { severity = "high", age = ">5d" }
reason  = "accepted"
expires = 2026-12-24
"#;

/// What the lanes ask of their scans.
const PROVING: &str = r#"
extends = ["builtin:baseline"]
[lane.mainline-sast]
proof = "record"
commit = true
[lane.mainline-sca]
max_age = "24h"
[lane.image-security]
target = "*alpine*"
[lane.secret-detection]
max_age = "24h"
age = "mtime"
[lane.staging-dast]
max_age = "500w"
target = ["http://*", "https://*"]
"#;

const OBSERVING: &str = r#"
extends = ["builtin:strict"]
trust_suppressions = false
[gate]
mode = "observe"
[kev]
required = false
[epss]
required = false
[[rule]]
id    = "expressed"
where = { when = 'kev || epss > 0.01 || confidence == "low" || url != null || fix && fixed_in[1] != ""' }
"#;

fn policy(name: &str) -> Policy {
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    let text = |path: &Path| match path.to_str() {
        Some("demanding.toml") => Ok(DEMANDING.to_owned()),
        Some("observing.toml") => Ok(OBSERVING.to_owned()),
        Some("proving.toml") => Ok(PROVING.to_owned()),
        _ => Err(ErrorKind::NotFound.into()),
    };
    load::load(name, vocabulary, &text).unwrap_or_else(|error| match error {
        LoadError::Mistakes(problems) => {
            let problems = problems.iter().map(|problem| problem.render(false));
            panic!("{}", problems.collect::<String>())
        }
        error => panic!("{error}"),
    })
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every report of the corpus, as `check` reads it.
fn reports() -> Vec<Report> {
    let folder = fixtures().join("reports");
    let text = fs_err::read_to_string(folder.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let report = |(name, file): (&String, &Value)| {
        let parser = parser::by_name(file["scanner"].as_str().unwrap())?;
        let (scan, findings) = common::read(&folder.join(name), Some(parser.scanner));
        let mut tally = Tally::default();
        for finding in &findings {
            tally.add(finding);
        }
        Some(Report {
            path: name.clone(),
            lane: parser.lane.to_owned(),
            bytes: 1,
            sha256: "00".to_owned(),
            findings: match scan {
                Ok(_) => findings.into_iter().collect(),
                Err(_) => Findings::default(),
            },
            tally: if scan.is_ok() {
                tally
            } else {
                Tally::default()
            },
            scan,
            record: (name.len() % 3 > 0).then(|| Proof {
                path: format!("{name}.scan.json"),
                sha256: "11".to_owned(),
                exit_code: Some(0),
                started: at("2026-11-21T10:00:00Z"),
                ended: Some(at("2026-11-21T10:30:00Z")),
                commit: (name.len() % 2 > 0).then(|| "c0ffee".to_owned()),
                holds: name.len() % 5 > 0,
            }),
            modified: Some(at("2026-11-21T11:00:00Z")),
        })
    };
    let reports = expected["files"].as_object().unwrap().iter();
    let mut reports: Vec<_> = reports.filter_map(report).collect();
    reports.push(Report {
        path: "gone.json".to_owned(),
        lane: "unassigned".to_owned(),
        bytes: 0,
        sha256: String::new(),
        scan: Err("there is no such file".to_owned()),
        findings: Findings::default(),
        tally: Tally::default(),
        record: None,
        modified: None,
    });
    reports
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-11-21T12:00:00Z";

/// What was known besides the reports.
struct Library {
    baseline: Baseline,
    kev: Kev,
    epss: Epss,
    vex: Vec<Vex>,
}

impl Library {
    /// The baseline has every second finding, some of them less severe.
    fn new(reports: &[Report]) -> Self {
        let mut before = reports.to_vec();
        for report in &mut before {
            let second = report.findings.iter().skip(1).step_by(2);
            let mut findings: Vec<_> = second.map(|found| found.unpacked().unwrap()).collect();
            for finding in findings.iter_mut().step_by(3) {
                finding.severity = Severity::Low;
            }
            report.findings = findings.into_iter().collect();
        }
        let open = |name: &str| {
            let path = fixtures().join("enrichment").join(name);
            artifact::open(&path, artifact::DEFAULT_MAX_SIZE).unwrap()
        };
        let vex = ["openvex.json", "cyclonedx-vex.json"];
        Self {
            baseline: Baseline::of_reports(&before, at("2026-10-10T00:00:00Z")),
            kev: Kev::read("kev.json", open("kev.json")).unwrap(),
            epss: Epss::read("epss.csv", open("epss.csv")).unwrap(),
            vex: vex.map(|name| Vex::read(name, open(name)).unwrap()).into(),
        }
    }

    fn knowledge(&self) -> Knowledge<'_> {
        Knowledge {
            baseline: Given::Read(&self.baseline),
            kev: Given::Read(&self.kev),
            epss: Given::Read(&self.epss),
            vex: Given::Read(&self.vex),
        }
    }
}

fn then<'a>(policy: &'a Policy, reports: &'a [Report], knowledge: Knowledge<'a>) -> Decision<'a> {
    let circumstances = Circumstances {
        now: at(NOW),
        workspace: Some("/builds/acme/shop"),
        commit: Some("c0ffee"),
        authors: &[],
        change: None,
        knowledge,
    };
    decide(policy, reports, circumstances)
}

fn summary(decision: &Decision<'_>) -> String {
    let context = Context {
        branch: Some("main".to_owned()),
        commit: Some("c0ffee".to_owned()),
        ..Context::default()
    };
    serde_json::to_string(&Summary::new(decision, &[], &context, 0)).unwrap()
}

fn read(text: impl Into<Vec<u8>>) -> Result<Record, String> {
    let window = Window::over(text.into()).unwrap();
    Record::read(window, "summary.json").map_err(|error| error.to_string())
}

/// A summary's text, in which the schema comes first, as in what is written.
fn text(mut summary: Value) -> String {
    let schema = summary.as_object_mut().unwrap().remove("schema").unwrap();
    let rest = summary.to_string();
    format!(r#"{{"schema":{schema},{}"#, rest.strip_prefix('{').unwrap())
}

/// All of a decision that does not depend on where its knowledge is from.
fn essence(decision: &Decision<'_>) -> Value {
    let summary: Value = serde_json::from_str(&summary(decision)).unwrap();
    let pick = |value: &Value, keys: &[&str]| -> Value {
        let members = keys.iter().filter_map(|key| {
            let member = value.get(*key)?;
            Some(((*key).to_owned(), member.clone()))
        });
        Value::Object(members.collect())
    };
    let mut essence = pick(
        &summary,
        &["verdict", "counts", "rules", "exceptions", "issues"],
    );
    let findings = summary["findings"].as_array().unwrap().iter();
    let findings = findings.map(|finding| {
        let mut finding = finding.clone();
        // Where the baseline has a finding under another name is not recorded.
        finding.as_object_mut().unwrap().remove("renamed_from");
        finding
    });
    essence["findings"] = findings.collect();
    essence["gaps"] = json!(decision.gaps.len());
    essence
}

const POLICIES: [&str; 6] = [
    "builtin:baseline",
    "builtin:strict",
    "builtin:pre-push",
    "demanding.toml",
    "observing.toml",
    "proving.toml",
];

/// Decides by each policy, and from the record of each decision by each again.
fn hold(reports: &[Report], knowledge: Knowledge<'_>, verdicts: &mut BTreeMap<String, usize>) {
    let policies = POLICIES.map(policy);
    let decisions: Vec<_> = policies
        .iter()
        .map(|policy| then(policy, reports, knowledge))
        .collect();
    let essences: Vec<_> = decisions.iter().map(essence).collect();
    for (of, decision) in POLICIES.iter().zip(&decisions) {
        let record = read(summary(decision)).unwrap();
        assert_eq!(record.verdict, decision.verdict());
        *verdicts
            .entry(record.verdict.name().to_owned())
            .or_default() += 1;
        for ((by, policy), expected) in POLICIES.iter().zip(&policies).zip(&essences) {
            let again = essence(&record.decide(policy));
            let path = &reports[0].path;
            for key in ["verdict", "rules", "exceptions", "gaps", "issues", "counts"] {
                assert_eq!(again[key], expected[key], "{path} of {of} by {by}: {key}");
            }
            let both = [&again, expected].map(|one| one["findings"].as_array().unwrap());
            assert_eq!(both[0].len(), both[1].len());
            for (one, other) in both[0].iter().zip(both[1]) {
                assert_eq!(one, other, "{path} of {of} by {by}");
            }
        }
    }
}

#[test]
fn every_report_is_decided_from_its_summary_as_it_was() {
    let reports = reports();
    let mut verdicts = BTreeMap::new();
    for report in &reports {
        let report = std::slice::from_ref(report);
        hold(report, Knowledge::default(), &mut verdicts);
        let library = Library::new(report);
        hold(report, library.knowledge(), &mut verdicts);
    }
    for verdict in ["pass", "fail", "incomplete"] {
        assert!(verdicts[verdict] > 20, "{verdicts:?}");
    }
}

#[test]
fn all_reports_together_are_decided_from_their_summary_as_they_were() {
    let reports = reports();
    let library = Library::new(&reports);
    hold(&reports, library.knowledge(), &mut BTreeMap::new());
    let unusable = Knowledge {
        baseline: Given::Unusable("it is cut off"),
        kev: Given::Unusable("it is cut off"),
        epss: Given::Unusable("it is cut off"),
        vex: Given::Unusable("it is cut off"),
    };
    hold(&reports, unusable, &mut BTreeMap::new());
}

/// A summary with known and new findings, knowledge, and a report that cannot be
/// read. The schema comes last, as in every `Value`.
static SAMPLE: LazyLock<Value> = LazyLock::new(|| {
    let wanted = [
        "trivy-old-schema.json",
        "semgrep-1.182.0-mixed-errors-nosem.json",
        "gone.json",
    ];
    let mut reports = reports();
    reports.retain(|report| wanted.iter().any(|name| report.path.ends_with(name)));
    assert_eq!(reports.len(), wanted.len());
    let library = Library::new(&reports);
    let policy = policy("demanding.toml");
    let decision = then(&policy, &reports, library.knowledge());
    serde_json::from_str(&summary(&decision)).unwrap()
});

/// The sample with another value at a JSON pointer.
fn with(pointer: &str, value: Value) -> String {
    let mut summary = SAMPLE.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = summary.pointer_mut(parent).unwrap();
    match parent.as_array_mut() {
        Some(list) => list[key.parse::<usize>().unwrap()] = value,
        None => parent[key] = value,
    }
    text(summary)
}

fn without(pointer: &str) -> String {
    let mut summary = SAMPLE.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = summary.pointer_mut(parent).unwrap();
    let removed = match parent.as_array_mut() {
        Some(list) => Some(list.remove(key.parse().unwrap())),
        None => parent.as_object_mut().unwrap().remove(key),
    };
    assert!(removed.is_some(), "{pointer}");
    text(summary)
}

fn with_twice(list: &str) -> String {
    let mut rows = SAMPLE.pointer(list).unwrap().clone();
    let first = rows[0].clone();
    rows.as_array_mut().unwrap().push(first);
    with(list, rows)
}

/// The sample's text, changed at the first place.
fn replaced(from: &str, to: &str) -> String {
    let text = text(SAMPLE.clone());
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// The errors, one a line.
fn refused(cases: &[(&str, String)]) -> String {
    let mut told = String::new();
    for (name, text) in cases {
        let error = read(text.as_str()).err();
        let error = error.unwrap_or_else(|| panic!("{name} is read"));
        writeln!(told, "{name}: {}", without_columns(&error)).unwrap();
    }
    told
}

/// All stands in one line, whose columns move with every new member.
fn without_columns(error: &str) -> String {
    let mut parts = error.splitn(2, ", column ");
    let before = parts.next().unwrap_or_default();
    let after = parts.next().and_then(|rest| rest.split_once(')'));
    match after {
        Some((_, after)) => format!("{before}, column …{after}"),
        None => before.to_owned(),
    }
}

#[test]
fn a_summary_that_is_cut_off_is_refused_wherever() {
    let text = text(SAMPLE.clone());
    assert_eq!(read(text.as_str()).unwrap().reports.len(), 3);
    for end in (0..text.len()).step_by(97).chain([text.len() - 1]) {
        let Some(cut) = text.get(..end) else { continue };
        assert!(read(cut).is_err(), "cut at {end}");
    }
}

#[test]
fn what_is_no_summary_is_refused() {
    let text = text(SAMPLE.clone());
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let schema = "\"security-gate-summary/1\"";
    assert_snapshot!(refused(&[
        ("empty", String::new()),
        ("white space", "  \n".to_owned()),
        ("a list", "[]".to_owned()),
        ("no object", "null".to_owned()),
        ("deep nesting", deep.clone()),
        ("an empty object", "{}".to_owned()),
        ("a second document", format!("{text} {{}}")),
        ("another program's", r#"{"schema":"other/1"}"#.to_owned()),
        ("a report", r#"{"results":[],"errors":[]}"#.to_owned()),
        ("no schema", replaced(&format!("\"schema\":{schema},"), "")),
        (
            "a later version",
            replaced(schema, "\"security-gate-summary/2\"")
        ),
        (
            "a baseline",
            replaced(schema, "\"security-gate-baseline/1\"")
        ),
        ("a schema that is no text", replaced(schema, "1")),
        (
            "a member twice",
            replaced("\"schema\"", "\"verdict\":\"pass\",\"schema\"")
        ),
        (
            "bytes that are no text",
            replaced("\"main\"", "\"ma\u{0}in\"")
        ),
    ]));
}

#[test]
fn a_summary_that_lacks_what_a_decision_needs_is_refused() {
    let members = [
        "time",
        "context",
        "verdict",
        "rules",
        "reasons",
        "knowledge",
        "reports",
        "findings",
    ];
    let mut cases: Vec<_> = members
        .iter()
        .map(|key| (*key, without(&format!("/{key}"))))
        .collect();
    cases.extend([
        ("a time that is none", with("/time", json!("yesterday"))),
        ("a time that is a number", with("/time", json!(20_261_121))),
        (
            "a verdict that there is not",
            with("/verdict", json!("maybe")),
        ),
        ("a rule without a name", without("/rules/0/id")),
        (
            "an action that there is not",
            with("/rules/0/action", json!("ignore")),
        ),
        (
            "authors that are a text",
            with("/context/authors", json!("alice")),
        ),
        (
            "a catalogue without a date",
            with("/knowledge/kev/date", json!("")),
        ),
        ("knowledge of VEX missing", without("/knowledge/vex")),
    ]);
    assert_snapshot!(refused(&cases));
}

#[test]
fn findings_that_are_not_sound_are_refused() {
    let suppressed = SAMPLE["findings"].as_array().unwrap().iter();
    let open = suppressed
        .take_while(|finding| !finding["suppressed"].is_null())
        .count();
    let finding = |key: &str, value: Value| with(&format!("/findings/0/{key}"), value);
    let vex = |status: &str, document: &str| json!({"status": status, "reason": null, "document": document, "pointer": ""});
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_snapshot!(refused(&[
        ("findings that are an object", with("/findings", json!({}))),
        ("findings that are null", with("/findings", Value::Null)),
        ("a finding that is null", with("/findings/0", Value::Null)),
        ("a finding less", without("/findings/0")),
        ("a finding twice", with_twice("/findings")),
        ("no finding", with("/findings", json!([]))),
        (
            "a suppressed one that was none",
            with(&format!("/findings/{open}/suppressed"), json!("by hand"))
        ),
        (
            "a severity that there is not",
            finding("severity", json!("harmless"))
        ),
        ("a severity missing", without("/findings/0/severity")),
        (
            "a severity twice",
            replaced("{\"category\"", "{\"severity\":\"info\",\"category\"")
        ),
        ("no fingerprint", finding("fingerprint", json!("sg1:zz"))),
        ("no digest of a content", finding("content", json!("sc1:"))),
        ("a weakness that is none", finding("cwe", json!(["CWE-"]))),
        (
            "a report that there is not",
            finding("report", json!("other.json"))
        ),
        (
            "a lane that the report is not in",
            finding("lane", json!("elsewhere"))
        ),
        (
            "a scanner that there is not",
            finding("scanner", json!("guesswork"))
        ),
        (
            "a location that is none",
            finding("location", json!({"kind": "nowhere"}))
        ),
        (
            "deep nesting",
            replaced("\"location\":", &format!("\"location\":{deep},\"was\":"))
        ),
        (
            "a negative number of places",
            finding("instance_count", json!(-1))
        ),
        (
            "a huge number of places",
            finding("instance_count", json!(1e300))
        ),
        ("new missing", without("/findings/0/new")),
        ("first seen missing", without("/findings/0/first_seen")),
        (
            "first seen on no day",
            finding("first_seen", json!("2026-02-30"))
        ),
        (
            "first seen at a time",
            finding("first_seen", json!("2026-11-21T00:00:00Z"))
        ),
        (
            "first seen after the decision",
            finding("first_seen", json!("2026-11-22"))
        ),
        (
            "a rise on no day",
            finding("raised", json!({"from": "low", "on": "today"}))
        ),
        (
            "an unknown VEX document",
            finding("vex", vex("fixed", "other.json"))
        ),
        (
            "a VEX status that suppresses nothing",
            finding("vex", vex("affected", "openvex.json"))
        ),
    ]));
}

#[test]
fn reports_that_are_not_sound_are_refused() {
    let rows = SAMPLE["reports"].as_array().unwrap().iter();
    let readable = rows.take_while(|row| row["status"] == "unreadable").count();
    assert_eq!(readable, 0, "the first is readable");
    let report = |key: &str, value: Value| with(&format!("/reports/0/{key}"), value);
    assert_snapshot!(refused(&[
        ("fewer findings", report("findings", json!(0))),
        ("more findings", report("findings", json!(u64::MAX))),
        ("other suppressed ones", report("suppressed", json!(99))),
        ("an unknown scanner", report("scanner", json!("guesswork"))),
        ("no scanner", report("scanner", Value::Null)),
        ("no such health", report("status", json!("fine"))),
        (
            "unreadable without a reason",
            report("status", json!("unreadable"))
        ),
        ("hidden ones in words", report("hidden", json!("none"))),
        ("notes missing", without("/reports/0/notes")),
        ("a report less", without("/reports/0")),
        ("a report twice", with_twice("/reports")),
    ]));
}

#[test]
fn of_how_many_findings_there_are_details_is_a_number_or_unsaid() {
    for wrong in [json!(null), json!(-1), json!(1.5), json!("3"), json!([])] {
        let error = read(with("/detailed", wrong.clone())).unwrap_err();
        assert!(error.contains("detailed"), "{wrong}: {error}");
    }
    for sound in [json!(0), json!(u64::MAX)] {
        read(with("/detailed", sound)).unwrap();
    }
    // As in summaries of before, which have those of all.
    read(without("/detailed")).unwrap();
}

#[test]
fn what_a_later_version_adds_is_passed_over() {
    let mut summary = SAMPLE.clone();
    summary["outlook"] = json!({"of": ["what", {"is": "to come"}]});
    summary["findings"][0]["reachable"] = json!(true);
    summary["reports"][0]["signature"] = json!([1, 2]);
    summary["context"]["runner"] = json!("one");
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let text = text(summary).replacen(r#""schema""#, &format!(r#""tree":{deep},"schema""#), 1);
    assert_eq!(
        read(text).unwrap().reports,
        read(self::text(SAMPLE.clone())).unwrap().reports
    );
}
