//! Each lint, where it must speak and where it must be silent.

use crate::finding::{Category, Severity};
use crate::policy::load::{self, Vocabulary};
use crate::policy::problem::Level;
use crate::scanner::{Detail, Kind, Scanner};

use super::lint;

const SCANNERS: &[Scanner] = &[
    Scanner {
        name: "trivy",
        lane: "image",
        tells_target: false,
        kinds: &[
            Kind {
                category: Category::Sca,
                severities: &Severity::ALL,
                details: &[
                    Detail::Vulnerability,
                    Detail::Cvss,
                    Detail::Fix,
                    Detail::Package,
                ],
            },
            Kind {
                category: Category::Secret,
                severities: &[Severity::High],
                details: &[Detail::Path],
            },
        ],
    },
    Scanner {
        name: "zap",
        lane: "staging",
        tells_target: false,
        kinds: &[Kind {
            category: Category::Dast,
            severities: &[Severity::High, Severity::Medium, Severity::Unknown],
            details: &[Detail::Confidence, Detail::Cwe, Detail::Url],
        }],
    },
];

/// The lints of a policy on 2026-11-21: level, title and label of each.
fn lints(text: &str) -> Vec<String> {
    let vocabulary = Vocabulary { scanners: SCANNERS };
    let read = |path: &std::path::Path| match path.to_str() {
        Some("policy.toml") => Ok(text.to_owned()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    let policy = load::load("policy.toml", vocabulary, &read).unwrap();
    let today = "2026-11-21".parse().unwrap();
    let shown = |level| match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    lint(&policy, SCANNERS, today)
        .iter()
        .map(|problem| {
            format!(
                "{}: {}: {}",
                shown(problem.level),
                problem.title,
                problem.label
            )
        })
        .collect()
}

/// Every table is a rule with this selector; the ids are `a`, `b`, ….
fn rules(rules: &[&str]) -> String {
    let ids = "abcdef".chars();
    let rules = ids
        .zip(rules)
        .map(|(id, rule)| format!("[[rule]]\nid = \"{id}\"\n{rule}\n"));
    rules.collect()
}

fn exception(id: &str, rest: &str) -> String {
    let expires = match rest.contains("expires") {
        true => "",
        false => "expires = 2027-06-01\n",
    };
    format!("[[exception]]\nid = \"{id}\"\nreason = \"r\"\n{expires}{rest}\n")
}

fn assert_lints(text: &str, expected: &[&str]) {
    let found = lints(text);
    let is_as_expected = found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, expected)| found.contains(expected));
    assert!(
        is_as_expected,
        "{text}\nfound {found:#?}\nexpected {expected:#?}"
    );
}

#[test]
fn a_selector_that_no_scanner_can_match_is_an_error() {
    for (selector, culprits) in [
        (
            r#"scanner = "zap", category = "sca""#,
            r#"no finding has `scanner = "zap"` and `category = "sca"`"#,
        ),
        (
            r#"category = "sast""#,
            r#"`category = "sast"` holds of no finding"#,
        ),
        (r#"scanner = "zap", fix = "available""#, "`fix = "),
        (
            r#"scanner = "zap", package = "a*", severity = "high""#,
            r#"`scanner = "zap"` and `package = "a*"`"#,
        ),
        (r#"category = "secret", cvss = ">=7""#, "`cvss = "),
        (r#"category = "dast", kev = true"#, "`kev = true`"),
        (r#"category = "dast", epss = ">0.1""#, "`epss = "),
        (r#"category = "sca", url = "https://**""#, "`url = "),
        (r#"category = "dast", path = "src/**""#, "`path = "),
        (r#"scanner = "trivy", cwe = 79"#, "`cwe = 79`"),
        (
            r#"scanner = "trivy", confidence = "high""#,
            "`confidence = ",
        ),
        (r#"category = "secret", severity = "low""#, "`severity = "),
    ] {
        let text = rules(&[&format!("where = {{ {selector} }}")]);
        let found = lints(&text);
        assert_eq!(found.len(), 1, "{selector}: {found:?}");
        assert!(
            found[0].starts_with("error: the rule `a` can never be broken"),
            "{found:?}"
        );
        assert!(found[0].contains(culprits), "{found:?}");
    }
}

#[test]
fn a_selector_that_something_can_match_is_none() {
    for selector in [
        r#"scanner = "*", category = "sca""#,
        r#"scanner = "zap", fix = "none""#,
        r#"category = "dast", kev = false"#,
        r#"scanner = "trivy", confidence = "none""#,
        r#"category = ["secret", "sca"], severity = "low""#,
        r#"new = true, age = ">30d""#,
        r#"age = "=0d", new = true"#,
        r#"scanner = "zap", vulnerability = "40012*""#,
        r#"scanner = "zap", when = 'fix'"#,
        // Unknown counts as high.
        r#"scanner = "zap", severity = "unknown""#,
    ] {
        assert_lints(&rules(&[&format!("where = {{ {selector} }}")]), &[]);
    }
    // What a severity that nobody knows counts as can be found, too.
    let critical = rules(&[r#"where = { scanner = "zap", severity = "critical" }"#]);
    assert_lints(&critical, &["no finding has"]);
    assert_lints(
        &("[severity]\nunknown = \"critical\"\n".to_owned() + &critical),
        &[],
    );
}

#[test]
fn only_severities_with_an_allowance_are_ever_overdue() {
    let sla = "[sla]\nhigh = 30\n";
    for (selector, expected) in [
        (
            r#"overdue = true, severity = "low""#,
            &["no finding has"][..],
        ),
        (r#"overdue = true, severity = ">=low""#, &[]),
        ("overdue = true, new = true", &[]),
        (r#"overdue = true, age = "<=30d""#, &["no finding has"]),
        (r#"overdue = true, age = "<=31d""#, &[]),
    ] {
        let rules = rules(&[&format!("where = {{ {selector} }}")]);
        assert_lints(&format!("{sla}{rules}"), expected);
    }
}

#[test]
fn a_rule_that_another_covers_is_dead() {
    let high = r#"where = { severity = "high" }"#;
    for (other, expected) in [
        (
            r#"where = { severity = ">=high" }"#,
            "`a` never makes a difference",
        ),
        ("", "`a` never makes a difference"),
        (
            r#"where = { severity = ["high"] }"#,
            "`b` says what `a` says",
        ),
        (
            &format!("{high}\nmax = 3"),
            "`b` contradicts `a`, which is stricter",
        ),
        (&format!("{high}\naction = \"warn\""), "`b` contradicts `a`"),
        (
            &format!("{high}\neffective = 2027-01-01"),
            "`b` contradicts `a`",
        ),
        (
            r#"where = { severity = "high", path = "src/**" }"#,
            "`b` never makes a difference",
        ),
        (
            r#"where = { severity = "high", when = 'kev' }"#,
            "`b` never makes a difference",
        ),
        (
            r#"where = { category = "secret" }"#,
            "`b` never makes a difference",
        ),
    ] {
        assert_lints(&rules(&[high, other]), &[expected]);
    }
    for (one, other) in [
        (r#"path = "src/**""#, r#"path = ["src/a.py", "src/api/**"]"#),
        (r#"cvss = ">=7""#, r#"cvss = ">8""#),
        (r#"vulnerability = "CVE-*""#, r#"rule = "CVE-2026-1""#),
        (r#"age = ">7d""#, r#"age = ">=2w""#),
        (r#"category = "sca""#, r#"fix = "available""#),
        (r#"scanner = "trivy""#, r#"category = "sca""#),
        (r#"lane = ["staging", "image"]"#, r#"scanner = "zap""#),
        ("when = 'kev'", r#"when = 'kev', severity = "high""#),
    ] {
        let of = |selector: &str| format!("where = {{ {selector} }}");
        assert_lints(
            &rules(&[&of(one), &of(other)]),
            &["`b` never makes a difference"],
        );
        assert_lints(
            &rules(&[&of(other), &of(one)]),
            &["`a` never makes a difference"],
        );
    }
}

#[test]
fn a_rule_that_can_make_a_difference_is_not_dead() {
    let high = r#"where = { severity = "high" }"#;
    for other in [
        r#"where = { severity = "medium" }"#,
        r#"where = { category = "sca" }"#,
        r#"where = { severity = ["high", "low"] }
max = 1"#,
        r#"where = { severity = ">=high" }
action = "warn""#,
        r#"where = { severity = ">=high" }
effective = 2027-01-01"#,
    ] {
        assert_lints(&rules(&[high, other]), &[]);
    }
    // Warns of one, fails at six.
    let few = format!("{high}\naction = \"warn\"");
    assert_lints(&rules(&[&few, &format!("{high}\nmax = 5")]), &[]);
    // Is strict some day.
    let some_day = format!("{high}\neffective = 2027-01-01");
    assert_lints(&rules(&[&some_day, &format!("{high}\nmax = 5")]), &[]);
    for (one, other) in [
        (r#"path = "*""#, r#"path = "src/**""#),
        (r#"cvss = ">=7""#, r#"cvss = "<=8""#),
        ("when = 'kev'", "when = 'fix'"),
        ("new = true", r#"age = "=1d""#),
        (r#"age = "<=1d""#, "new = true"),
        ("kev = false", "kev = true"),
        // The baseline may be silent on it.
        ("new = true", r#"severity = "high""#),
    ] {
        let of = |selector: &str| format!("where = {{ {selector} }}");
        assert_lints(&rules(&[&of(one), &of(other)]), &[]);
    }
}

#[test]
fn an_exception_without_effect_is_told() {
    let high = rules(&[r#"where = { severity = ">=medium" }"#]);
    let never = "[exceptions]\nnever = { category = \"secret\" }\n";
    let cve = r#"where = { vulnerability = "CVE-2026-1" }"#;
    let two = r#"where = { vulnerability = "CVE-2026-1", package = "pkg:npm/a" }"#;
    let pair =
        |one: &str, other: &str| high.clone() + &exception("x", one) + &exception("y", other);
    for (text, expected) in [
        (high.clone() + &exception("x", cve), &[][..]),
        (
            high.clone() + &exception("x", &format!("{cve}\nexpires = 2026-11-20")),
            &["warning: the exception `x` has expired"],
        ),
        (
            high.clone() + &exception("x", &format!("{cve}\nexpires = 2026-11-21")),
            &[],
        ),
        (
            never.to_owned()
                + &high
                + &exception("x", r#"where = { category = "secret", path = "a" }"#),
            &["error: the exception `x` is one that `never` forbids"],
        ),
        (
            never.to_owned() + &high + &exception("x", r#"where = { path = "a" }"#),
            &["forbids"],
        ),
        (never.to_owned() + &high + &exception("x", cve), &[]),
        (
            high.clone() + &exception("x", r#"where = { severity = "low" }"#),
            &["warning: the exception `x` accepts what no rule counts"],
        ),
        (
            high.clone() + &exception("x", r#"where = { scanner = "zap", category = "sca" }"#),
            &["error: the exception `x` can never accept anything"],
        ),
        (pair(cve, two), &["the exception `y` changes nothing"]),
        (pair(two, cve), &["the exception `x` changes nothing"]),
        (pair(cve, cve), &["the exception `y` changes nothing"]),
        (pair(cve, &format!("{two}\nexpires = 2028-01-01")), &[]),
        // A rise of the severity ends the first, and not the second.
        (
            pair(
                &format!("{cve}\ndecided = 2026-01-01"),
                &format!("{two}\ndecided = 2026-06-01"),
            ),
            &[],
        ),
        (
            pair(
                &format!("{cve}\ndecided = 2026-06-01"),
                &format!("{two}\ndecided = 2026-01-01"),
            ),
            &["the exception `y` changes nothing"],
        ),
        (pair(&format!("{cve}\ndecided = 2027-01-01"), two), &[]),
    ] {
        assert_lints(&text, expected);
    }
    let own = "[exceptions]\nauthor_may_approve = false\n";
    let approved = |by: &str, rest: &str| format!("{rest}\napproved_by = \"{by}\"");
    let others = pair(&approved("ann", cve), &approved("bob", two));
    assert_lints(&others, &["the exception `y` changes nothing"]);
    assert_lints(&format!("{own}{others}"), &[]);
}

#[test]
fn a_never_that_forbids_nothing_is_an_error() {
    let never = r#"never = [{ category = "secret" }, { category = "secret", severity = "low" }]"#;
    let text = format!("[exceptions]\n{never}\n{}", rules(&[""]));
    assert_lints(&text, &["error: `never` keeps no exception from anything"]);
}

#[test]
fn what_lanes_cannot_hold_is_told() {
    let lane = "[lane.api]\nreports = [\"zap=*.json\"]\n";
    let any = rules(&[""]);
    for (text, expected) in [
        (
            format!("{lane}expect = [\"trivy\"]\n{any}"),
            &["warning: the lane `api` expects trivy, and none of its `reports` can be that"][..],
        ),
        (format!("{lane}expect = [\"zap\"]\n{any}"), &[]),
        (format!("[lane.api]\nexpect = [\"trivy\"]\n{any}"), &[]),
        (
            format!("{lane}age = \"mtime\"\n{any}"),
            &["and not how old they may be"],
        ),
        (
            format!("{lane}age = \"mtime\"\nmax_age = \"1d\"\n{any}"),
            &[],
        ),
        (
            lane.to_owned() + &rules(&[r#"where = { lane = "api", scanner = "trivy" }"#]),
            &["warning: the rule `a` asks for what its lanes do not hold"],
        ),
        (
            lane.to_owned() + &rules(&[r#"where = { lane = "api", category = "sca" }"#]),
            &["hold"],
        ),
        (
            lane.to_owned() + &rules(&[r#"where = { lane = "*", category = "sca" }"#]),
            &[],
        ),
        (
            lane.replace("zap=", "") + &rules(&[r#"where = { lane = "api", category = "sca" }"#]),
            &[],
        ),
        (
            "[lane.api]\ndegraded = \"warn\"\n".to_owned()
                + &rules(&[r#"where = { lane = "api" }"#]),
            &["asks for what its lanes do not hold"],
        ),
        (
            lane.to_owned() + &rules(&["where = { seen_by = 2 }"]),
            &[
                "warning: the rule `a` asks for scanners that have no `reports`: the lanes have those of zap",
            ],
        ),
        (
            lane.to_owned() + &rules(&[r#"where = { seen_by = "trivy" }"#]),
            &["no `reports`"],
        ),
        (
            lane.to_owned() + &rules(&[r#"where = { seen_by = ["trivy", "zap"] }"#]),
            &[],
        ),
        (
            lane.replace("zap=", "") + &rules(&["where = { seen_by = 2 }"]),
            &[],
        ),
        (rules(&["where = { seen_by = 2 }"]), &[]),
    ] {
        assert_lints(&text, expected);
    }
}

#[test]
fn a_policy_that_stops_nothing_yet_is_told() {
    let observe = "[gate]\nmode = \"observe\"\n".to_owned() + &rules(&[""]);
    assert_lints(&observe, &["note: this policy stops nothing"]);
    assert_lints(&observe.replace("observe", "enforce"), &[]);
    let late = "where = { severity = \"high\" }\neffective = 2026-12-01";
    let later = "where = { severity = \"medium\" }\neffective = 2027-01-01";
    let warns = "where = { severity = \"low\" }\naction = \"warn\"";
    assert_lints(
        &rules(&[later, late, warns]),
        &["warning: nothing can fail before 2026-12-01: `b` is the first rule that can"],
    );
    assert_lints(&rules(&[later, &late.replace("12-01", "11-21")]), &[]);
    assert_lints(&rules(&[later, r#"where = { severity = "low" }"#]), &[]);
}
