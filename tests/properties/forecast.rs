//! A forecast is what the decision says when its day has come.

use std::collections::BTreeSet;

use jiff::Span;
use security_gate::artifact::Window;
use security_gate::baseline::Baseline;
use security_gate::policy::Never;
use security_gate::policy::forecast::forecast;
use security_gate::policy::selector::{Asked, Bound};

use super::*;

/// How many days are tried.
const DAYS: i64 = 120;

fn day(offset: i64) -> Date {
    TODAY.saturating_add(Span::new().days(offset))
}

/// Makes a selector ask for the time, too, or leaves it as it is.
fn timely(selector: Selector, kind: usize) -> Selector {
    let age = |text| Question::Age(Bound::parse_days(text).unwrap());
    let (question, when) = match kind {
        0 => (Some(age(">30d")), None),
        1 => (Some(age("<=6w")), None),
        2 => (Some(age("=20d")), None),
        3 => (Some(Question::Overdue(true)), None),
        4 => (Some(Question::Overdue(false)), None),
        5 => (None, Some("age >= 25 || overdue && age != 70")),
        6 => (None, Some("age % 7 == 3 && instances < 5")),
        7 => (Some(age(">3d")), Some("age - instances > 40")),
        _ => return selector,
    };
    let mut asked = selector.asked().to_vec();
    asked.extend(question.map(|question| Asked {
        question,
        written: String::new(),
        span: 0..0,
    }));
    Selector::new(asked, when.map(|text| Expression::compile(text).unwrap()))
}

/// A policy in which time passes.
fn policy_with_time() -> impl Strategy<Value = Policy> {
    let kinds = prop::collection::vec(0..16_usize, 12);
    let effective = prop::collection::vec(prop::option::weighted(0.3, -5..60_i64), 4);
    let never = prop::option::weighted(0.2, (selector(), 0..16_usize));
    let sla = prop::collection::btree_map(
        prop::sample::select(Severities::SCALE.to_vec()),
        1..90_u32,
        0..4,
    );
    (policy(), kinds, effective, never, sla).prop_map(|(policy, kinds, effective, never, sla)| {
        let mut kinds = kinds.into_iter();
        let mut timely = |selector| timely(selector, kinds.next().unwrap());
        let rules = policy.rules.into_iter().zip(effective);
        let rules = rules.map(|(rule, effective)| Rule {
            selector: timely(rule.selector),
            effective: effective.map(day),
            ..rule
        });
        let rules = rules.collect();
        let exceptions = policy.exceptions.into_iter().map(|exception| Exception {
            selector: timely(exception.selector),
            ..exception
        });
        let exceptions = exceptions.collect();
        let never = never.map(|(selector, kind)| Never {
            selector: super::forecast::timely(selector, kind),
            condition: String::new(),
            origin: Origin::default(),
        });
        Policy {
            rules,
            exceptions,
            sla,
            bounds: Bounds {
                never: never.into_iter().collect(),
                ..Bounds::default()
            },
            ..policy
        }
    })
}

/// A baseline that knows every finding, some of them for long.
fn baseline(reports: &[Report], ages: &[i64]) -> Baseline {
    let mut rows = Vec::new();
    for report in reports.iter().filter(|report| report.scan.is_ok()) {
        for finding in report.findings.iter() {
            let digit = finding
                .fingerprint
                .to_string()
                .bytes()
                .map(usize::from)
                .sum::<usize>();
            let first_seen = day(-ages[digit % ages.len()]);
            rows.push(format!(
                r#"{{"fingerprint":"{}","scanner":"{}","lane":"{}","rule_id":"r","title":"t","severity":"{}","first_seen":"{first_seen}","location":{}}}"#,
                finding.fingerprint,
                report.scan.as_ref().unwrap().scanner,
                report.lane,
                finding.severity.name(),
                serde_json::to_string(&finding.location()).unwrap(),
            ));
        }
    }
    let text = format!(
        r#"{{"schema":"security-gate-summary/1","tool":{{"name":"security-gate"}},"time":"2026-11-20T10:00:00Z","reports":[],"findings":[{}]}}"#,
        rows.join(",")
    );
    Baseline::read(Window::over(text).unwrap(), "b.json")
        .unwrap()
        .0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_forecast_is_what_is_decided_when_its_day_has_come(
        policy in policy_with_time(), reports in prop::collection::vec(report(), 1..4),
        ages in prop::collection::vec(1..60_i64, 5), has_baseline in prop::bool::weighted(0.8),
    ) {
        let known = baseline(&reports, &ages);
        let knowledge = Knowledge {
            baseline: if has_baseline { Given::Read(&known) } else { Given::Nothing },
            ..NOTHING
        };
        let decided_on = |offset: i64| {
            let now = ON_TODAY.now + Span::new().hours(24 * offset);
            decide(&policy, &reports, Circumstances { now, knowledge, ..ON_TODAY })
        };
        let days: Vec<_> = (0..=DAYS).map(decided_on).collect();
        let today = &days[0];
        let forecast = forecast(today);
        let within = |on: &Date| *on <= day(DAYS);

        let is_red = |decision: &&Decision<'_>| decision.verdict() == Verdict::Fail;
        let red_on = days.iter().find(is_red).map(|decision| decision.circumstances.today());
        let red_on = red_on.filter(|_| !is_red(&today));
        prop_assert_eq!(red_on, forecast.red_on.filter(within));
        prop_assert_eq!(forecast.red_on.is_some(), forecast.line().is_some());

        let fails = |decision: &Decision<'_>, rule: &str| {
            decision.broken(Action::Fail).any(|outcome| outcome.rule.id == rule)
        };
        for (at, rule) in policy.rules.iter().enumerate() {
            let first = days.iter().find(|decision| fails(decision, &rule.id));
            let first = first.filter(|_| !fails(today, &rule.id));
            let expected = first.map(|decision| (decision.circumstances.today(), decision.rules[at].count));
            let found = forecast.rules.iter().find(|found| found.rule.id == rule.id);
            if let Some(found) = found {
                prop_assert!(!found.causes.is_empty());
            }
            prop_assert_eq!(expected, found.map(|found| (found.on, found.count)).filter(|(on, _)| within(on)));
        }

        for exception in &policy.exceptions {
            let found = forecast.exceptions.iter().find(|found| found.exception.id == exception.id);
            let end = (exception.expires - TODAY).get_days() + 1;
            let Some([before, after]) = usize::try_from(end).ok().filter(|end| *end > 0).map(|end| [&days[end - 1], &days[end]]) else {
                prop_assert!(found.is_none());
                continue;
            };
            let back: Vec<usize> = (0..today.findings.len())
                .filter(|at| {
                    let accepted_by = before.findings[*at].standing.exception;
                    accepted_by.is_some_and(|by| by.id == exception.id)
                        && after.findings[*at].standing.status == Status::Open
                })
                .collect();
            let breaks: BTreeSet<&str> = back.iter().flat_map(|at| after.findings[*at].breaks.to_vec()).collect();
            let expected = (!back.is_empty()).then(|| (after.circumstances.today(), back, breaks));
            let found = found.map(|found| {
                let breaks = found.breaks.iter().map(|rule| rule.id.as_str()).collect();
                (found.on, found.findings.clone(), breaks)
            });
            prop_assert_eq!(expected, found);
        }
    }
}
