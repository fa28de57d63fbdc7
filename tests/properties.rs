//! What holds of every decision, whatever the policy and the reports.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use security_gate::artifact::Window;
use security_gate::baseline::Baseline;
use security_gate::finding::{Category, Finding, Findings, Location, Severity};
use security_gate::fingerprint::{ContentDigest, Fingerprint};
use security_gate::policy::decide::{Circumstances, Decision, Judged, Status, Verdict, decide};
use security_gate::policy::evidence::Filing;
use security_gate::policy::expression::Expression;
use security_gate::policy::knowledge::{Given, Knowledge};
use security_gate::policy::selector::{
    Bound, Fix, Patterns, Question, SeenBy, Selector, Severities,
};
use security_gate::policy::{
    Action, Bounds, Degraded, Demand, Demands, Exception, Lane, Mode, Never, Origin, Policy,
    ProofBy, Rule, Trust,
};
use security_gate::render::Summary;
use security_gate::render::summary::Context;
use security_gate::report::{Report, Scan, Tally};

#[path = "properties/forecast.rs"]
mod forecast;
#[path = "properties/remedy.rs"]
mod remedy;
#[path = "properties/strictest.rs"]
mod strictest;

const TODAY: Date = date(2026, 11, 21);
const NOTHING: Knowledge<'_> = Knowledge {
    baseline: Given::Nothing,
    kev: Given::Nothing,
    epss: Given::Nothing,
    vex: Given::Nothing,
};
const ON_TODAY: Circumstances<'_> = Circumstances {
    now: Timestamp::constant(1_795_262_400, 0),
    workspace: None,
    commit: None,
    authors: &[],
    change: None,
    knowledge: NOTHING,
};
const LANES: [&str; 3] = ["mainline-sast", "mainline-sca", "extra"];
const SCANNERS: [&str; 3] = ["semgrep", "trivy", "zap"];
const TOKENS: [&str; 48] = [
    "kev",
    "title",
    "cwe",
    "line",
    "x",
    "a",
    "re",
    "glob",
    "size",
    "has",
    "cwe.exists(x,",
    ".all(a,",
    ".map(",
    "filter",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "?",
    ":",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "&&",
    "||",
    "==",
    "!=",
    "<",
    ">=",
    " in ",
    "'a'",
    "\"é\"",
    "'",
    "\\",
    "1",
    "1.5",
    "0x1u",
    "null",
    "true",
    "\n",
    "`a`",
];
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn finding() -> impl Strategy<Value = Finding<'static>> {
    let severity = prop::sample::select(Severity::ALL.to_vec());
    let category = prop::sample::select(Category::ALL.to_vec());
    let name = prop::sample::select(NAMES.to_vec());
    (
        severity,
        category,
        name.clone(),
        name,
        any::<bool>(),
        prop::bool::weighted(0.2),
        0..3_u32,
    )
        .prop_map(
            |(severity, category, rule, place, is_package, is_suppressed, ordinal)| {
                let location = match is_package {
                    true => Location::Package {
                        purl: Some(format!("pkg:npm/{place}@1.0").into()),
                        name: place.into(),
                        version: Some("1.0".into()),
                        target: None,
                        path: None,
                    },
                    false => Location::source(format!("src/{place}.py"), Some(1)),
                };
                let fingerprint = Fingerprint::new("test", &[rule, place]).with_ordinal(ordinal);
                let mut finding = Finding::new(fingerprint, category, rule, severity, location);
                finding.cwes = vec![79];
                finding.fixed_in = is_package.then(|| "2.0".into()).into_iter().collect();
                finding.content = Some(ContentDigest::new("test", &[rule]));
                finding.suppressed = is_suppressed.then(|| "by its scanner".into());
                // As in a real report, no two entries stand in the same place.
                finding.pointer = format!("{finding:?}").into();
                finding
            },
        )
}

fn report() -> impl Strategy<Value = Report> {
    let lane = prop::sample::select(LANES.to_vec());
    let scanner = prop::sample::select(SCANNERS.to_vec());
    let name = prop::sample::select(NAMES.to_vec());
    (
        lane,
        scanner,
        name,
        0..8_u8,
        prop::collection::vec(finding(), 0..8),
    )
        .prop_map(|(lane, scanner, name, health, mut findings)| {
            // Those of one key have different ordinals in a real report.
            let mut seen = HashSet::new();
            findings.retain(|finding| seen.insert(finding.fingerprint));
            let mut scan = Scan {
                scanner,
                format: "test",
                ..Scan::default()
            };
            match health {
                0 => scan.fail("it proves nothing"),
                1 => scan.degrade("it was not whole"),
                _ => {}
            }
            let is_unreadable = health == 2;
            Report {
                path: format!("{name}.json"),
                lane: lane.into(),
                bytes: 1,
                sha256: format!("{scan:?}{findings:?}{is_unreadable}"),
                findings: match is_unreadable {
                    true => Findings::default(),
                    false => findings.into_iter().collect(),
                },
                scan: if is_unreadable {
                    Err("cut off".into())
                } else {
                    Ok(scan)
                },
                tally: Tally::default(),
                record: None,
                modified: None,
            }
        })
}

/// Changes the findings of a report.
fn edit(report: &mut Report, change: impl FnOnce(&mut Vec<Finding>)) {
    let findings = report.findings.iter();
    let mut findings = findings.map(|found| found.unpacked().unwrap()).collect();
    change(&mut findings);
    report.findings = findings.into_iter().collect();
}

fn patterns(names: &'static [&'static str]) -> impl Strategy<Value = Option<Patterns>> {
    prop::option::weighted(0.3, prop::sample::select(names.to_vec()))
        .prop_map(|name| name.map(|name| Patterns::new([name]).unwrap()))
}

fn selector() -> impl Strategy<Value = Selector> {
    let severity = prop::option::of(prop::sample::select(vec![
        ">=high", "<=medium", "critical", "unknown", "low",
    ]));
    let category = prop::option::weighted(0.3, prop::sample::select(Category::ALL.to_vec()));
    let fix = prop::option::weighted(0.2, prop::sample::select(vec![Fix::Available, Fix::None]));
    let lane = patterns(&["mainline-*", "extra"]);
    let rule = patterns(&["a", "[bc]", "*"]);
    let path = patterns(&["src/**", "src/a.py"]);
    let package = patterns(&["pkg:npm/*", "b"]);
    (
        severity,
        category,
        fix,
        lane,
        rule,
        path,
        package,
        patterns(&SCANNERS),
    )
        .prop_map(
            |(severity, category, fix, lane, rule, path, package, scanner)| {
                let severity = severity.map(|text| Severities::parse([text]).unwrap());
                let questions = [
                    severity.map(Question::Severity),
                    category.map(|category| Question::Category(vec![category])),
                    fix.map(Question::Fix),
                    lane.map(Question::Lane),
                    rule.map(Question::Rule),
                    path.map(Question::Path),
                    package.map(Question::Package),
                    scanner.map(Question::Scanner),
                ];
                Selector::from(questions.into_iter().flatten().collect::<Vec<_>>())
            },
        )
}

/// Questions that the reports alone do not answer, for rules. `new = false` is not
/// among them: what takes the place of a known finding ends its being known.
fn question_of_rules() -> impl Strategy<Value = Option<Question>> {
    let days = |text| Question::Age(Bound::parse_days(text).unwrap());
    let questions = vec![
        Question::New(true),
        Question::Overdue(true),
        days(">30d"),
        Question::Kev(true),
        Question::SeenBy(SeenBy::AtLeast(2)),
    ];
    prop::option::weighted(0.4, prop::sample::select(questions))
}

/// The same for exceptions.
fn question_of_exceptions() -> impl Strategy<Value = Option<Question>> {
    let days = |text| Question::Age(Bound::parse_days(text).unwrap());
    let questions = vec![
        Question::New(false),
        Question::Overdue(false),
        days("<40d"),
        Question::Kev(false),
    ];
    prop::option::weighted(0.4, prop::sample::select(questions))
}

fn asking_also(selector: &Selector, question: Option<Question>) -> Selector {
    let asked = selector.asked().iter().map(|asked| asked.question.clone());
    Selector::from(asked.chain(question).collect::<Vec<_>>())
}

fn rule() -> impl Strategy<Value = Rule> {
    let effective = prop::option::weighted(0.2, -20..20_i64);
    (
        selector(),
        question_of_rules(),
        0..4_u64,
        any::<bool>(),
        effective,
    )
        .prop_map(|(selector, question, max, fails, effective)| Rule {
            id: String::new(),
            selector: asking_also(&selector, question),
            condition: String::new(),
            max,
            action: if fails { Action::Fail } else { Action::Warn },
            effective: effective.map(day),
            help: None,
            origin: Origin::default(),
        })
}

/// So many days from today.
fn day(offset: i64) -> Date {
    TODAY.saturating_add(jiff::Span::new().days(offset))
}

fn exception() -> impl Strategy<Value = Exception> {
    (
        selector(),
        question_of_exceptions(),
        -30..30_i64,
        prop::option::of(-60..10_i64),
    )
        .prop_map(|(selector, question, expires, decided)| Exception {
            id: String::new(),
            selector: asking_also(&selector, question),
            condition: String::new(),
            reason: "a test".into(),
            approved_by: None,
            decided: decided.map(day),
            expires: day(expires),
            ticket: None,
            origin: Origin::default(),
        })
}

fn policy() -> impl Strategy<Value = Policy> {
    let unknown = prop::sample::select(Severities::SCALE.to_vec());
    let demands = prop_oneof![
        6 => Just(Demands::default()),
        1 => Just(Demands { proof: ProofBy::Record, ..Demands::default() }),
        1 => Just(Demands { max_age: Some(jiff::SignedDuration::from_hours(24)), ..Demands::default() }),
        1 => Just(Demands { commit: true, ..Demands::default() }),
        1 => Just(Demands { target: vec!["a".into()], ..Demands::default() }),
    ];
    let scanners = prop::sample::subsequence(SCANNERS.to_vec(), 0..2);
    let lane = (scanners, 0..3_u8, demands).prop_map(|(expect, degraded, demands)| Lane {
        expect: expect.into_iter().map(str::to_owned).collect(),
        degraded: match degraded {
            0 => Degraded::Warn,
            1 => Degraded::Incomplete,
            _ => Degraded::Ignore("a test".into()),
        },
        demands,
        ..Lane::default()
    });
    let lanes = prop::collection::btree_map(prop::sample::select(LANES.to_vec()), lane, 0..3);
    let rules = prop::collection::vec(rule(), 0..4);
    let exceptions = prop::collection::vec(exception(), 0..4);
    let days = prop::collection::btree_map(unknown.clone(), 1..90_u32, 0..4);
    let never = prop::option::weighted(0.2, selector());
    (
        unknown,
        any::<bool>(),
        lanes,
        rules,
        exceptions,
        days,
        never,
        any::<bool>(),
    )
        .prop_map(
            |(unknown, trust, lanes, rules, exceptions, sla, never, needs_kev)| Policy {
                unknown_severity: unknown,
                sla,
                kev: Demand {
                    required: (!needs_kev).then_some(false),
                    max_age: None,
                },
                bounds: Bounds {
                    never: never
                        .map(|selector| Never {
                            selector,
                            condition: String::new(),
                            origin: Origin::default(),
                        })
                        .into_iter()
                        .collect(),
                    ..Bounds::default()
                },
                trust_suppressions: if trust {
                    Trust::All
                } else {
                    Trust::Only(vec!["zap".into()])
                },
                lanes: lanes
                    .into_iter()
                    .map(|(name, lane)| (name.to_owned(), lane))
                    .collect(),
                rules: named(rules, |rule, id| rule.id = id),
                exceptions: named(exceptions, |exception, id| exception.id = id),
                ..empty_policy()
            },
        )
}

fn empty_policy() -> Policy {
    Policy {
        sources: Vec::new(),
        mode: Mode::Enforce,
        first_run: None,
        unknown_severity: Severity::High,
        trust_suppressions: Trust::All,
        sla: BTreeMap::new(),
        kev: Demand::default(),
        epss: Demand::default(),
        vex: Demand::default(),
        bounds: Bounds::default(),
        evidence: Filing::default(),
        lanes: BTreeMap::new(),
        rules: Vec::new(),
        exceptions: Vec::new(),
        examples: Vec::new(),
        settings: BTreeMap::new(),
    }
}

fn named<T>(mut items: Vec<T>, name: impl Fn(&mut T, String)) -> Vec<T> {
    items
        .iter_mut()
        .enumerate()
        .for_each(|(index, item)| name(item, format!("n{index}")));
    items
}

fn verdict(policy: &Policy, reports: &[Report]) -> Verdict {
    decide(policy, reports, ON_TODAY).verdict()
}

/// The summary of what was there fifty days ago, as a baseline.
fn baseline() -> impl Strategy<Value = Baseline> {
    prop::collection::vec(report(), 1..4).prop_map(|reports| {
        let circumstances = Circumstances {
            now: ON_TODAY.now - jiff::SignedDuration::from_hours(50 * 24),
            ..ON_TODAY
        };
        let policy = empty_policy();
        let decision = decide(&policy, &reports, circumstances);
        let context = Context::default();
        let text = serde_json::to_vec(&Summary::new(&decision, &[], &context, 0)).unwrap();
        let read = Baseline::read(Window::over(text).unwrap(), "baseline.json");
        read.unwrap().0
    })
}

fn since(baseline: Option<&Baseline>) -> Circumstances<'_> {
    Circumstances {
        knowledge: Knowledge {
            baseline: baseline.map_or(Given::Nothing, Given::Read),
            ..NOTHING
        },
        ..ON_TODAY
    }
}

/// Selectors that ask the same, natively and by an expression.
fn same_selectors() -> impl Strategy<Value = (Selector, Selector)> {
    let patterns = |text| Patterns::new([text]).unwrap();
    let severities = |texts: &[&'static str]| {
        Question::Severity(Severities::parse(texts.iter().copied()).unwrap())
    };
    let pairs = [
        (severities(&[">=high"]), "severity_rank >= 3"),
        (severities(&["low", "info"]), "severity in ['low', 'info']"),
        (
            Question::Category(vec![Category::Sca, Category::Sast]),
            "category == 'sca' || category == 'sast'",
        ),
        (Question::Fix(Fix::Available), "fix"),
        (Question::Fix(Fix::None), "fixed_in == []"),
        (Question::Cwe(vec![79]), "79 in cwe"),
        (
            Question::Lane(patterns("mainline-*")),
            "re(lane, '^mainline-')",
        ),
        (Question::Scanner(patterns("trivy")), "scanner == 'trivy'"),
        (Question::Rule(patterns("[bc]")), "rule in ['b', 'c']"),
        (
            Question::Path(Patterns::of_paths(["src/**"]).unwrap()),
            "paths.exists(p, glob(p, 'src/**'))",
        ),
        (Question::Package(patterns("b")), "package_name == 'b'"),
    ];
    let pairs = pairs.map(|(question, text)| (Selector::from(vec![question]), asking(text)));
    prop::sample::select(pairs.to_vec())
}

fn asking(text: &str) -> Selector {
    Selector::new(Vec::new(), Some(Expression::compile(text).unwrap()))
}

/// An expression that has no answer for some of the findings.
fn unanswerable() -> Selector {
    asking("rule in ['b', 'c'] && references[7] == 'x'")
}

/// What a decision says, without regard to the order in which it was told.
fn essence(decision: &Decision<'_>) -> impl PartialEq + std::fmt::Debug + use<> {
    let rules: BTreeMap<_, _> = decision
        .rules
        .iter()
        .map(|outcome| {
            (
                outcome.rule.id.clone(),
                (outcome.count, outcome.findings.clone()),
            )
        })
        .collect();
    let exceptions: BTreeMap<_, _> = decision
        .exceptions
        .iter()
        .map(|outcome| {
            (
                outcome.exception.id.clone(),
                (outcome.state, outcome.findings.clone()),
            )
        })
        .collect();
    let findings: Vec<_> = decision
        .findings
        .iter()
        .map(|judged| {
            (
                judged.subject.finding.fingerprint,
                judged.standing.status,
                judged.subject.source.lane.to_owned(),
            )
        })
        .collect();
    (
        decision.verdict(),
        rules,
        exceptions,
        findings,
        decision.gaps.clone(),
        decision.warnings.clone(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_more_finding_never_turns_fail_into_pass(
        policy in policy(), mut reports in prop::collection::vec(report(), 1..4),
        finding in finding(), at in any::<prop::sample::Index>(),
        baseline in prop::option::of(baseline()),
    ) {
        let circumstances = since(baseline.as_ref());
        let verdict = |policy: &Policy, reports: &[Report]| decide(policy, reports, circumstances).verdict();
        let before = verdict(&policy, &reports);
        let at = at.index(reports.len());
        if reports[at].scan.is_ok() {
            edit(&mut reports[at], |findings| findings.push(finding.clone()));
        }
        let after = verdict(&policy, &reports);
        prop_assert!(before != Verdict::Fail || after == Verdict::Fail);
        prop_assert!(before == Verdict::Pass || after != Verdict::Pass);
    }

    #[test]
    fn one_more_problem_never_turns_anything_into_pass(
        policy in policy(), mut reports in prop::collection::vec(report(), 0..4), broken in report(), kind in 0..2_u8,
        baseline in prop::option::of(baseline()),
    ) {
        let circumstances = since(baseline.as_ref());
        let verdict = |policy: &Policy, reports: &[Report]| decide(policy, reports, circumstances).verdict();
        let before = verdict(&policy, &reports);
        let mut broken = broken;
        broken.findings = Findings::default();
        let mut scan = Scan { scanner: "semgrep", format: "test", ..Scan::default() };
        scan.fail("it proves nothing");
        broken.scan = if kind == 0 { Err("cut off".into()) } else { Ok(scan) };
        reports.push(broken);
        let after = verdict(&policy, &reports);
        prop_assert_ne!(after, Verdict::Pass);
        prop_assert!(before != Verdict::Fail || after == Verdict::Fail);
    }

    #[test]
    fn one_more_exception_never_turns_pass_into_fail(
        mut policy in policy(), reports in prop::collection::vec(report(), 0..4), exception in exception(),
        baseline in prop::option::of(baseline()),
    ) {
        let circumstances = since(baseline.as_ref());
        let verdict = |policy: &Policy, reports: &[Report]| decide(policy, reports, circumstances).verdict();
        let before = verdict(&policy, &reports);
        policy.exceptions.push(Exception { id: "one more".into(), ..exception });
        prop_assert!(before != Verdict::Pass || verdict(&policy, &reports) == Verdict::Pass);
    }

    #[test]
    fn an_exception_that_does_not_hold_today_is_as_good_as_none(
        mut policy in policy(), reports in prop::collection::vec(report(), 0..4),
        baseline in prop::option::of(baseline()),
    ) {
        let circumstances = since(baseline.as_ref());
        let verdict = |policy: &Policy, reports: &[Report]| decide(policy, reports, circumstances).verdict();
        let before = verdict(&policy, &reports);
        policy.exceptions.retain(|exception| {
            exception.expires >= TODAY && exception.decided.is_none_or(|decided| decided <= TODAY)
        });
        prop_assert_eq!(before, verdict(&policy, &reports));
    }

    #[test]
    fn the_order_of_reports_findings_and_rules_does_not_matter(
        policy in policy(), reports in prop::collection::vec(report(), 0..4),
        baseline in prop::option::of(baseline()),
    ) {
        let circumstances = since(baseline.as_ref());
        let mut other_policy = policy.clone();
        other_policy.rules.reverse();
        let mut other_reports = reports.clone();
        other_reports.reverse();
        for report in &mut other_reports {
            edit(report, |findings| findings.reverse());
        }
        let one = decide(&policy, &reports, circumstances);
        let other = decide(&other_policy, &other_reports, circumstances);
        prop_assert_eq!(essence(&one), essence(&other));
    }

    #[test]
    fn a_finding_in_two_copies_of_a_report_counts_once(
        policy in policy(), reports in prop::collection::vec(report(), 1..4), at in any::<prop::sample::Index>(),
        baseline in prop::option::of(baseline()),
    ) {
        let circumstances = since(baseline.as_ref());
        let mut twice = reports.clone();
        let mut copy = at.get(&reports).clone();
        copy.path = "copy.json".into();
        twice.push(copy);
        let (one, two) = (decide(&policy, &reports, circumstances), decide(&policy, &twice, circumstances));
        prop_assert_eq!(one.verdict(), two.verdict());
        for (one, two) in one.rules.iter().zip(&two.rules) {
            prop_assert_eq!(one.count, two.count);
        }
    }

    #[test]
    fn an_expression_decides_as_the_key_that_says_the_same(
        mut policy in policy(), reports in prop::collection::vec(report(), 0..4),
        (native, asked) in same_selectors(), rule in rule(), exception in exception(), is_rule in any::<bool>(),
    ) {
        let mut other = policy.clone();
        for (policy, selector) in [(&mut policy, native), (&mut other, asked)] {
            match is_rule {
                true => policy.rules.push(Rule { id: "one more".into(), selector, ..rule.clone() }),
                false => policy.exceptions.push(Exception { id: "one more".into(), selector, ..exception.clone() }),
            }
        }
        let (one, other) = (decide(&policy, &reports, ON_TODAY), decide(&other, &reports, ON_TODAY));
        prop_assert_eq!(essence(&one), essence(&other));
    }

    #[test]
    fn an_expression_without_an_answer_is_never_a_pass(
        mut policy in policy(), reports in prop::collection::vec(report(), 1..4), rule in rule(), exception in exception(),
    ) {
        let mut with_exception = policy.clone();
        let before = decide(&policy, &reports, ON_TODAY);
        let has_no_answer = |judged: &Judged<'_>| ["b", "c"].contains(&judged.subject.finding.rule_id());
        let is_open = before.findings.iter().any(|judged| judged.standing.status == Status::Open && has_no_answer(judged));
        let accepted = |decision: &Decision<'_>| {
            decision.findings.iter().filter(|judged| judged.standing.status == Status::Accepted).count()
        };
        let accepted_before = accepted(&before);
        drop(before);
        policy.rules.push(Rule { id: "one more".into(), selector: unanswerable(), ..rule });
        prop_assert!(!is_open || verdict(&policy, &reports) != Verdict::Pass);
        let expires = TODAY.saturating_add(jiff::Span::new().days(1));
        let exception = Exception { id: "one more".into(), selector: unanswerable(), decided: None, expires, ..exception };
        with_exception.exceptions.push(exception);
        let after = decide(&with_exception, &reports, ON_TODAY);
        prop_assert!(!is_open || after.verdict() != Verdict::Pass);
        prop_assert_eq!(accepted_before, accepted(&after));
    }

    #[test]
    fn no_text_is_too_strange_to_be_an_expression(
        tokens in prop::collection::vec(prop::sample::select(TOKENS.to_vec()), 0..24),
    ) {
        let text: String = tokens.concat();
        if let Err(errors) = Expression::compile(&text) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                prop_assert!(text.get(error.range.clone()).is_some(), "{text:?} {error:?}");
            }
        }
    }

    #[test]
    fn what_is_expected_and_missing_is_never_a_pass(
        mut policy in policy(), reports in prop::collection::vec(report(), 0..4),
    ) {
        policy.lanes.insert("nowhere".into(), Lane { expect: vec!["semgrep".into()], ..Lane::default() });
        prop_assert_ne!(verdict(&policy, &reports), Verdict::Pass);
    }

    #[test]
    fn a_rule_that_is_broken_names_its_findings(
        policy in policy(), reports in prop::collection::vec(report(), 0..4),
    ) {
        let decision = decide(&policy, &reports, ON_TODAY);
        for outcome in decision.rules.iter().filter(|outcome| outcome.is_broken()) {
            prop_assert!(outcome.findings.len() as u64 > outcome.rule.max);
            for &index in &outcome.findings {
                let names_it = decision.findings[index].breaks.contains(&outcome.rule.id.as_str());
                prop_assert_eq!(names_it, outcome.action == Action::Fail);
            }
        }
    }
}

#[test]
fn nothing_to_look_at_is_never_a_pass() {
    assert_eq!(verdict(&empty_policy(), &[]), Verdict::Incomplete);
}
