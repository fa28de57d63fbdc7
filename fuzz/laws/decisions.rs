//! Laws of decisions, and of all that shows them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use security_gate::artifact::Window;
use security_gate::baseline::{Baseline, Fate, History};
use security_gate::enrichment::{Epss, Kev, Vex};
use security_gate::finding::{Category, Severity};
use security_gate::parser::{self, PARSERS, Parser};
use security_gate::policy::decide::{Circumstances, Decision, Status, Verdict, decide};
use security_gate::policy::draft::{NoDraft, Particulars, draft};
use security_gate::policy::explain::Meaning;
use security_gate::policy::knowledge::{Given, Knowledge};
use security_gate::policy::load;
use security_gate::policy::{Degraded, Policy};
use security_gate::record::Record;
use security_gate::render::summary::Context;
use security_gate::render::{Explanation, Summary, explanation, markdown, terminal};
use security_gate::report::{Health, Report};
use serde_json::Value;

use super::made::{self, FOREIGN};
use super::outputs::{hold_json, hold_markdown, hold_terminal, hold_visible};
use super::reports::read;
use super::{NOW, load_policy, vocabulary};

const WIDTHS: [usize; 2] = [40, 160];

fn circumstances(knowledge: Knowledge<'_>) -> Circumstances<'_> {
    Circumstances {
        now: NOW,
        workspace: Some("/builds/acme/shop"),
        authors: &[],
        change: None,
        commit: None,
        knowledge,
    }
}

/// The strict policy, for the report of one scanner alone.
fn strict(parser: &Parser) -> &'static Policy {
    static ALL: LazyLock<Vec<(&str, Policy)>> = LazyLock::new(|| {
        let strict = load::load("builtin:strict", vocabulary(), &|_| {
            Err(std::io::ErrorKind::NotFound.into())
        });
        let strict = strict.expect("it is part of the program");
        let only = |parser: &Parser| {
            let mut policy = strict.clone();
            for lane in policy.lanes.values_mut() {
                lane.expect.clear();
            }
            let lane = policy.lanes.entry(parser.lane.to_owned()).or_default();
            lane.expect.push(parser.scanner.to_owned());
            lane.degraded = Degraded::Incomplete;
            (parser.scanner, policy)
        };
        PARSERS.iter().map(only).collect()
    });
    let mut all = ALL.iter();
    let found = all.find(|(scanner, _)| *scanner == parser.scanner);
    found.map(|(_, policy)| policy).expect("a known scanner")
}

/// A strict policy passes only what was scanned as a whole, and is clean.
pub(super) fn hold_strict(report: &Report, parser: &Parser) {
    let reports = std::slice::from_ref(report);
    let decision = decide(strict(parser), reports, circumstances(Knowledge::default()));
    if decision.verdict() != Verdict::Pass {
        return;
    }
    assert_eq!(
        report.health(),
        Health::Complete,
        "passed: {:?}",
        report.scan
    );
    for finding in report.findings.iter() {
        let is_minor = matches!(finding.severity, Severity::Low | Severity::Info);
        let is_fixable = finding.category == Category::Sca
            && finding.severity == Severity::Low
            && finding
                .fixed_in()
                .iter()
                .any(|version| !version.trim().is_empty());
        assert!(is_minor && !is_fixable, "passed: {finding:?}");
    }
}

/// A report of any scanner, all the way through.
pub(super) fn hold_report(data: &[u8]) {
    let reading = read(data, "report", None);
    let scanner = reading.scan.as_ref().map_or("semgrep", |scan| scan.scanner);
    let parser = parser::by_name(scanner).expect("a known scanner");
    hold(&[reading.report(parser)], &Context::default(), None);
}

/// Findings that say anything.
pub(super) fn hold_made(data: &[u8]) {
    let (reports, context) = made::make(data);
    hold(&reports, &context, Some(FOREIGN));
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    load_policy(include_str!("policy.toml"), None).expect("the policy has no mistakes")
});

/// What is known besides reports.
struct Library {
    kev: Kev,
    epss: Epss,
    vex: Vec<Vex>,
}

static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    let window = |text: &str| Window::over(text).expect("it is text");
    let kev = include_str!("../../fixtures/enrichment/kev.json");
    let epss = include_str!("../../fixtures/enrichment/epss.csv");
    let vex = include_str!("../../fixtures/enrichment/openvex.json");
    Library {
        kev: Kev::read("kev.json", window(kev)).expect("a catalogue"),
        epss: Epss::read("epss.csv", window(epss)).expect("scores"),
        vex: vec![Vex::read("vex.json", window(vex)).expect("statements")],
    }
});

fn known(baseline: &Baseline) -> Knowledge<'_> {
    let Library { kev, epss, vex } = &*LIBRARY;
    Knowledge {
        baseline: Given::Read(baseline),
        kev: Given::Read(kev),
        epss: Given::Read(epss),
        vex: Given::Read(vex),
    }
}

fn hold(reports: &[Report], context: &Context, foreign: Option<&str>) {
    let before = Baseline::of_reports(reports.get(1..).unwrap_or_default(), NOW);
    let circumstances = circumstances(known(&before));
    let decision = decide(&POLICY, reports, circumstances);
    let json = summary(&decision, context);
    let again = decide(&POLICY, reports, circumstances);
    assert_eq!(
        json,
        summary(&again, context),
        "decided twice, it is not the same"
    );
    hold_summary(&json, reports, &decision);
    hold_shown(&decision, context, foreign);
    hold_explained(&decision);
    hold_drafted(&decision, reports);
}

pub(super) fn summary(decision: &Decision<'_>, context: &Context) -> String {
    let summary = Summary::new(decision, &[], context, 0);
    serde_json::to_string(&summary).expect("it is JSON")
}

/// All findings are in the summary, and it can be read back.
fn hold_summary(json: &str, reports: &[Report], decision: &Decision<'_>) {
    let value = hold_json(json);
    let count: usize = reports.iter().map(|report| report.findings.len()).sum();
    assert_eq!(value["findings"].as_array().map(Vec::len), Some(count));
    assert_eq!(value["verdict"], decision.verdict().name());
    let counts = value["counts"].as_object().expect("an object");
    let counted: u64 = counts
        .values()
        .filter_map(Value::as_object)
        .flat_map(|by_severity| by_severity.values())
        .filter_map(Value::as_u64)
        .sum();
    // Copies of a finding count once, unless they differ in what is counted.
    let findings = decision.findings.iter().map(|judged| {
        let finding = judged.subject.finding;
        (
            finding.fingerprint,
            judged.standing.status,
            finding.severity,
        )
    });
    let distinct: BTreeSet<_> = findings.collect();
    assert_eq!(counted, distinct.len() as u64, "{}", value["counts"]);
    let identities: BTreeSet<_> = distinct.iter().map(|(identity, ..)| identity).collect();

    let window = || Window::over(json).expect("it is text");
    let record = Record::read(window(), "summary.json");
    let record = record.unwrap_or_else(|error| panic!("{error}\n{json}"));
    let again = record.decide(decision.policy);
    assert_eq!(
        again.verdict(),
        decision.verdict(),
        "decided from its record"
    );
    let statuses = |decision: &Decision<'_>| -> Vec<Status> {
        let findings = decision.findings.iter();
        findings.map(|judged| judged.standing.status).collect()
    };
    assert_eq!(statuses(&again), statuses(decision));
    let (baseline, _) =
        Baseline::read(window(), "summary.json").unwrap_or_else(|error| panic!("{error}\n{json}"));
    assert_eq!(baseline.count(), identities.len());
    let circumstances = circumstances(known(&baseline));
    let next = decide(decision.policy, reports, circumstances);
    let comparison = next.comparison.expect("there is a baseline");
    let is_new = |history: &History| history.new;
    assert!(!comparison.histories.iter().any(is_new), "new since itself");
    assert!(
        !comparison.fates.contains(&Fate::Fixed),
        "fixed since itself"
    );
}

fn hold_shown(decision: &Decision<'_>, context: &Context, foreign: Option<&str>) {
    let summary = Summary::new(decision, &[], context, 0);
    let page = markdown::render(&summary, markdown::TEMPLATE);
    let page = page.expect("the template can be filled");
    assert!(page.len() <= markdown::BUDGET);
    hold_markdown(&page, foreign);
    for width in WIDTHS {
        hold_terminal(&terminal::render(&summary, width));
        hold_terminal(&terminal::forecast(&summary, width));
    }
}

fn hold_explained(decision: &Decision<'_>) {
    const MOST: usize = 3;
    let findings = (0..decision.findings.len().min(MOST)).map(Meaning::Finding);
    let issues = (0..decision.issues.all().len().min(MOST)).map(Meaning::Issue);
    let rules = (0..decision.rules.len()).map(Meaning::Rule);
    let exceptions = (0..decision.exceptions.len()).map(Meaning::Exception);
    for meaning in findings.chain(issues).chain(rules).chain(exceptions) {
        let explanation = Explanation::new(decision, meaning).expect("there is such a thing");
        hold_json(&serde_json::to_string(&explanation).expect("it is JSON"));
        for width in WIDTHS {
            hold_terminal(&explanation::terminal::render(&explanation, width));
        }
    }
}

/// An exception that is drafted can be read, loads, and accepts what it is for.
fn hold_drafted(decision: &Decision<'_>, reports: &[Report]) {
    let mut open = decision.findings.iter();
    let open = open.find(|judged| judged.standing.status == Status::Open);
    let Some(open) = open else { return };
    let fingerprint = open.subject.finding.fingerprint;
    let particulars = Particulars {
        reason: Some("accepted"),
        approved_by: Some("somebody"),
        ticket: Some("SEC-1"),
        days: None,
    };
    let drafted = draft(
        decision,
        reports,
        &BTreeSet::from([fingerprint]),
        particulars,
        vocabulary(),
    );
    match drafted {
        Ok(draft) => {
            hold_visible(&draft.text);
            let mut policy = decision.policy.clone();
            let added = policy.add_exceptions("drafted", draft.text.clone(), vocabulary());
            assert!(added.is_ok(), "{added:?}\n{}", draft.text);
            let again = decide(&policy, reports, decision.circumstances);
            let is_left = again.findings.iter().any(|judged| {
                judged.subject.finding.fingerprint == fingerprint
                    && judged.standing.status == Status::Open
            });
            assert!(!is_left, "not accepted by\n{}", draft.text);
        }
        Err(NoDraft::Refused(..)) => {}
        Err(error) => panic!("{error:?} for {:?}", open.subject.finding),
    }
}
