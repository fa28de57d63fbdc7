//! Laws of policies, their mistakes, and their expressions.

use security_gate::finding::{Category, Finding, Findings, Location, Severity};
use security_gate::fingerprint::Fingerprint;
use security_gate::policy::Policy;
use security_gate::policy::decide::{Circumstances, decide};
use security_gate::policy::expression::Expression;
use security_gate::policy::knowledge::Knowledge;
use security_gate::policy::lint::lint;
use security_gate::policy::load::LoadError;
use security_gate::policy::problem::Problem;
use security_gate::policy::selector::Subject;
use security_gate::policy::show::{show, to_toml};
use security_gate::render::summary::Context;
use security_gate::render::{Summary, markdown, terminal};
use security_gate::report::{Report, Scan, Tally};

use std::path::Path;

use jiff::civil::date;

use super::outputs::{hold_json, hold_terminal, hold_visible};
use super::{NOW, SCANNERS, load_policy};

/// A policy, and behind a NUL the exceptions beside it.
pub(super) fn hold(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, exceptions) = match text.split_once('\0') {
        Some((text, exceptions)) => (text, Some(exceptions)),
        None => (&*text, None),
    };
    match load_policy(text, exceptions) {
        Ok(policy) => hold_policy(&policy),
        Err(LoadError::Mistakes(problems)) => {
            assert!(!problems.is_empty(), "refused, and nobody says why");
            problems.iter().for_each(hold_problem);
        }
        Err(error) => panic!("{error}"),
    }
}

fn hold_problem(problem: &Problem) {
    let text = &problem.source.text;
    assert!(problem.span.start <= problem.span.end, "{:?}", problem.span);
    assert!(problem.span.end <= text.len(), "{:?}", problem.span);
    assert!(text.get(problem.span.clone()).is_some(), "in a character");
    hold_visible(&problem.render(false));
    // In styles that are not ours.
    problem.render(true);
}

fn hold_policy(policy: &Policy) {
    let problems = lint(policy, &SCANNERS, date(2026, 11, 21));
    problems.iter().for_each(hold_problem);
    let shown = to_toml(&show(policy, Path::new("")));
    match load_policy(&shown, None) {
        Ok(again) => assert_eq!(
            without_places(&to_toml(&show(&again, Path::new("")))),
            without_places(&shown),
        ),
        Err(error) => panic!("what is shown does not load: {error:?}\n{shown}"),
    }
    let reports = reports();
    let circumstances = Circumstances {
        now: NOW,
        workspace: None,
        authors: &[],
        change: None,
        commit: None,
        knowledge: Knowledge::default(),
    };
    let decision = decide(policy, &reports, circumstances);
    let context = Context::default();
    let summary = Summary::new(&decision, &[], &context, 0);
    hold_json(&serde_json::to_string(&summary).expect("it is JSON"));
    let page = markdown::render(&summary, markdown::TEMPLATE);
    super::outputs::hold_markdown(&page.expect("the template can be filled"), None);
    hold_terminal(&terminal::render(&summary, 80));
    for example in &policy.examples {
        example.run(policy, &SCANNERS, None, NOW);
    }
}

/// The policy that is shown, without its comments.
fn without_places(shown: &str) -> Vec<&str> {
    let lines = shown.lines().map(|line| match line.rfind("  # ") {
        Some(at) => line.get(..at).unwrap_or_default().trim_end(),
        None => line,
    });
    lines.filter(|line| !line.starts_with('#')).collect()
}

/// An expression is refused with a reason, or has an answer for every finding.
pub(super) fn hold_expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Expression::compile(&text) {
        Ok(expression) => {
            assert_eq!(expression.text(), text);
            for report in reports() {
                for finding in report.findings.iter() {
                    let today = date(2026, 11, 21);
                    let subject = Subject::new(&report.lane, "semgrep", finding, today);
                    let answer = expression.matches(&subject);
                    assert_eq!(answer, expression.matches(&subject));
                    expression.values(&subject);
                }
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "refused, and nobody says why");
            for error in errors {
                assert!(text.get(error.range.clone()).is_some(), "{error:?}");
                assert!(!error.title.is_empty());
            }
        }
    }
}

/// A finding of code and one of a package.
fn reports() -> [Report; 2] {
    let source = Location::source("src/shop.py", Some(7));
    let code = Finding::new(
        Fingerprint::new("made", &["a"]),
        Category::Sast,
        "python.eval",
        Severity::High,
        source,
    );
    let package = Location::Package {
        purl: Some("pkg:npm/minimist@1.2.0".to_owned().into()),
        name: "minimist".to_owned().into(),
        version: Some("1.2.0".to_owned().into()),
        target: None,
        path: None,
    };
    let mut vulnerability = Finding::new(
        Fingerprint::new("made", &["b"]),
        Category::Sca,
        "CVE-2021-44906",
        Severity::Critical,
        package,
    );
    vulnerability.vulnerability_ids = ["CVE-2021-44906".to_owned().into()].into_iter().collect();
    vulnerability.fixed_in = ["1.2.6".to_owned().into()].into_iter().collect();
    [
        report("semgrep", "mainline-sast", code),
        report("trivy", "image-security", vulnerability),
    ]
}

fn report(scanner: &'static str, lane: &str, finding: Finding) -> Report {
    let mut tally = Tally::default();
    tally.add(&finding);
    Report {
        path: format!("{scanner}.json"),
        lane: lane.to_owned(),
        bytes: 1,
        sha256: "00".repeat(32),
        scan: Ok(Scan {
            scanner,
            format: "made",
            ..Scan::default()
        }),
        findings: Findings::from_iter([finding]),
        tally,
        record: None,
        modified: None,
    }
}
