use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::finding::{Category, Finding, Findings, Location, Sites, Text};

/// A finding and its scanner.
type Given = (&'static str, Finding<'static>);

fn new(
    key: &str,
    category: Category,
    rule: &str,
    location: Location<Text<'_>>,
) -> Finding<'static> {
    Finding::new(
        Fingerprint::new("test", &[key]),
        category,
        rule,
        Severity::High,
        location,
    )
    .into_owned()
}

fn vulnerable(
    key: &str,
    purl: Option<&str>,
    name: &str,
    version: &str,
    ids: &[&str],
) -> Finding<'static> {
    let location = Location::Package {
        purl: purl.map(Into::into),
        name: name.into(),
        version: Some(version)
            .filter(|version| !version.is_empty())
            .map(Into::into),
        target: None,
        path: None,
    };
    let mut finding = new(key, Category::Sca, "rule", location);
    finding.vulnerability_ids = ids.iter().map(|id| id.to_string().into()).collect();
    finding
}

fn weak(key: &str, path: &str, lines: (u32, u32), cwes: &[u32]) -> Finding<'static> {
    let location = Location::Source {
        path: path.into(),
        line: Some(lines.0),
        end_line: Some(lines.1),
        column: None,
        commit: None,
    };
    let mut finding = new(key, Category::Sast, "rule", location);
    finding.cwes = cwes.to_vec();
    finding
}

fn secret(key: &str, path: &str, line: u32, digest: Option<&str>) -> Finding<'static> {
    let location = Location::source(path, Some(line));
    let mut finding = new(key, Category::Secret, "rule", location);
    finding.secret = digest.map(|digest| digest.to_owned().into());
    finding
}

fn packed(given: &[Given]) -> Findings {
    given.iter().map(|(_, finding)| finding.clone()).collect()
}

fn seen<'a>(given: &[Given], findings: &'a Findings) -> Vec<Seen<'a>> {
    let mut sites = Sites::default();
    let of_findings = |(&(scanner, _), finding): (&Given, Found<'a>)| Seen {
        scanner,
        severity: finding.severity,
        site: sites.number(finding),
        finding,
    };
    given.iter().zip(findings.iter()).map(of_findings).collect()
}

fn count(given: &[Given]) -> u64 {
    Issues::of(seen(given, &packed(given)), None).count(0..given.len())
}

fn reasons(given: &[Given]) -> Vec<String> {
    let packed = packed(given);
    let seen = seen(given, &packed);
    let issues = Issues::of(seen.iter().copied(), None);
    let reasons = issues.all().iter().flat_map(|issue| &issue.reasons);
    reasons.map(Reason::to_string).collect()
}

#[test]
fn one_vulnerability_of_a_package_is_one_whatever_scanners_call_it() {
    for (one, other) in [
        (
            vulnerable(
                "1",
                Some("pkg:maven/org.x/x@1.0?type=jar"),
                "",
                "1.0",
                &["CVE-2026-1"],
            ),
            vulnerable("2", None, "org.x:X", "1.0", &["cve-2026-1", "GHSA-x"]),
        ),
        (
            vulnerable("1", Some("pkg:npm/%40a%2Fb@1.0"), "", "", &["GHSA-aa-bb"]),
            vulnerable(
                "2",
                Some("pkg:npm/@a/b"),
                "",
                "=1.0",
                &["CVE-2026-1", "GHSA-AA-BB"],
            ),
        ),
        (
            vulnerable(
                "1",
                Some("pkg:golang/github.com/a/b@v1.0"),
                "",
                "v1.0",
                &["GO-1"],
            ),
            vulnerable("2", None, "github.com/a/b", "1.0", &["GO-1"]),
        ),
        (
            vulnerable(
                "1",
                Some("pkg:deb/debian/libx@1-2?arch=all"),
                "libx",
                "1-2",
                &["CVE-2026-1"],
            ),
            vulnerable("2", None, "libx", "1-2", &["CVE-2026-1"]),
        ),
        (
            vulnerable(
                "1",
                Some("pkg:pypi/a-b@1%2B2"),
                "a-b",
                "1+2",
                &["CVE-2026-1"],
            ),
            vulnerable("2", None, "A_b", "1+2", &["CVE-2026-1"]),
        ),
        (
            vulnerable("1", None, "x.jar", "", &["CVE-2026-1"]),
            vulnerable("2", None, "x.jar", " ", &["CVE-2026-1"]),
        ),
        // A scanner's rule stands in for the identifier that is missing.
        (
            vulnerable("1", None, "x", "1", &["RULE"]),
            vulnerable("2", None, "x", "1", &[]),
        ),
    ] {
        for scanners in [("a", "a"), ("a", "b")] {
            let given = [(scanners.0, one.clone()), (scanners.1, other.clone())];
            assert_eq!(count(&given), 1, "{one:?} {other:?}");
        }
    }
}

#[test]
fn other_vulnerabilities_packages_and_versions_are_others() {
    let one = vulnerable(
        "1",
        Some("pkg:maven/org.x/x@1.0"),
        "",
        "1.0",
        &["CVE-2026-1", "DSA-1"],
    );
    let mut license = vulnerable("2", None, "org.x:x", "1.0", &["CVE-2026-1"]);
    license.category = Category::License;
    for other in [
        vulnerable("2", None, "org.x:x", "1.0", &["CVE-2026-2"]),
        vulnerable("2", None, "org.x:x", "1.0", &[]),
        vulnerable("2", None, "org.x:x", "1.0.1", &["CVE-2026-1"]),
        vulnerable("2", None, "org.x:x", "", &["CVE-2026-1"]),
        vulnerable("2", None, "org.x:y", "1.0", &["CVE-2026-1"]),
        vulnerable("2", None, "x", "1.0", &["CVE-2026-1"]),
        license,
    ] {
        assert_eq!(
            count(&[("a", one.clone()), ("b", other.clone())]),
            2,
            "{other:?}"
        );
    }
}

#[test]
fn an_advisory_for_many_vulnerabilities_makes_them_no_one() {
    let of_cve = |number: usize| {
        let id = format!("CVE-2026-{number}");
        vulnerable(&id, None, "kernel", "5", &[&id, "RHSA-1"])
    };
    let mut given: Vec<Given> = (0..40).map(|number| ("trivy", of_cve(number))).collect();
    assert_eq!(count(&given), 40);
    assert!(
        Issues::of(seen(&given, &packed(&given)), None)
            .all()
            .is_empty()
    );
    // Somebody who knows only the advisory adds nothing to them.
    given.truncate(30);
    given.push(("nessus", vulnerable("x", None, "kernel", "5", &["RHSA-1"])));
    assert_eq!(count(&given), 30);
}

#[test]
fn one_weakness_on_a_line_is_one_for_different_scanners_only() {
    let one = weak("1", "src/a.py", (3, 5), &[78, 79]);
    for (other, expected) in [
        (weak("2", "/builds/g/p/src/a.py", (5, 9), &[78]), 1),
        (weak("2", "./src/a.py", (3, 3), &[79]), 1),
        (weak("2", "src/a.py", (6, 9), &[78]), 2),
        (weak("2", "src/a.py", (3, 3), &[89]), 2),
        (weak("2", "src/b.py", (3, 3), &[78]), 2),
        // A whole function stands on its first line.
        (weak("2", "src/a.py", (1, 11), &[78]), 2),
        (weak("2", "src/a.py", (4, 14), &[78]), 1),
        (weak("2", "src/a.py", (4, 2), &[78]), 1),
    ] {
        let given = [("a", one.clone()), ("b", other.clone())];
        assert_eq!(count(&given), expected, "{other:?}");
        assert_eq!(count(&[("a", one.clone()), ("a", other)]), 2);
    }
    let end = weak("2", "src/a.py", (u32::MAX, u32::MAX), &[78]);
    let same = weak("3", "src/a.py", (u32::MAX, 1), &[78]);
    assert_eq!(count(&[("a", end), ("b", same)]), 1);
}

#[test]
fn two_sinks_on_a_line_are_two_although_another_scanner_sees_one() {
    let on_line = |key| weak(key, "a.py", (3, 3), &[78]);
    let given = [
        ("a", on_line("1")),
        ("a", on_line("2")),
        ("b", on_line("3")),
    ];
    assert_eq!(count(&given), 2);
    assert_eq!(reasons(&given), ["CWE-78 at a.py:3"]);
}

#[test]
fn one_secret_in_a_file_is_one() {
    let one = secret("1", "a.env", 3, Some("abc"));
    for (scanner, other, expected) in [
        ("a", secret("2", "./a.env", 9, Some("abc")), 1),
        ("b", secret("2", "a.env", 9, Some("abc")), 1),
        ("b", secret("2", "a.env", 3, None), 1),
        ("a", secret("2", "a.env", 3, None), 2),
        ("a", secret("2", "a.env", 3, Some("abd")), 2),
        ("b", secret("2", "a.env", 4, None), 2),
        ("b", secret("2", "b.env", 3, Some("abc")), 2),
    ] {
        let given = [("a", one.clone()), (scanner, other.clone())];
        assert_eq!(count(&given), expected, "{other:?}");
    }
    let mut in_history = secret("2", "a.env", 7, Some("abc"));
    if let Location::Source { commit, .. } = &mut in_history.location {
        *commit = Some("4a96ad7".into());
    }
    let given = [("a", one), ("a", in_history)];
    assert_eq!(reasons(&given), ["one secret in a.env"]);
}

#[test]
fn an_issue_says_who_sees_it_how_bad_and_why() {
    let purl = Some("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1");
    let ids = ["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"];
    let mut given = [
        (
            "trivy",
            vulnerable(
                "1",
                purl,
                "org.apache.logging.log4j:log4j-core",
                "2.14.1",
                &ids,
            ),
        ),
        (
            "trivy",
            vulnerable(
                "2",
                purl,
                "org.apache.logging.log4j:log4j-core",
                "2.14.1",
                &["CVE-1"],
            ),
        ),
        (
            "depcheck",
            vulnerable(
                "3",
                purl,
                "org.apache.logging.log4j:log4j-core",
                "2.14.1",
                &ids[..1],
            ),
        ),
        (
            "npm",
            vulnerable(
                "4",
                purl,
                "org.apache.logging.log4j:log4j-core",
                "2.14.1",
                &ids[1..],
            ),
        ),
    ];
    given[2].1.severity = Severity::Critical;
    given[3].1.severity = Severity::Medium;
    let packed = packed(&given);
    let seen = seen(&given, &packed);
    let issues = Issues::of(seen.iter().copied(), None);
    let [issue] = issues.all() else {
        panic!("{issues:?}")
    };
    let fingerprints = [0, 2, 3].map(|index| given[index].1.fingerprint);
    assert_eq!(Some(issue.id), fingerprints.into_iter().min());
    assert_eq!(issue.findings, [0, 2, 3]);
    assert_eq!(issue.seen_by, ["depcheck", "npm", "trivy"]);
    assert_eq!(
        (issue.worst, issue.best),
        (Severity::Critical, Severity::Medium)
    );
    let reasons: Vec<_> = issue.reasons.iter().map(Reason::to_string).collect();
    assert_eq!(
        reasons,
        [
            "CVE-2021-44228 in org.apache.logging.log4j:log4j-core 2.14.1",
            "GHSA-jfh8-c2jp-5v3q in org.apache.logging.log4j:log4j-core 2.14.1",
        ]
    );
    assert_eq!(issues.of_finding(3), Some(issue));
    assert_eq!(issues.of_finding(1), None);
    assert_eq!(issues.of_finding(4), None);
    // Whatever is asked for, however often.
    assert_eq!(issues.count([0, 1, 2, 2, 99]), 2);
    assert_eq!(issues.count([2, 3]), 2);
    assert_eq!(issues.count([]), 0);
}

#[test]
fn copies_of_a_finding_are_one_and_no_issue() {
    let one = vulnerable("1", None, "x", "1", &["CVE-1"]);
    let given = vec![("a", one); 3];
    assert_eq!(count(&given), 1);
    assert!(
        Issues::of(seen(&given, &packed(&given)), None)
            .all()
            .is_empty()
    );
}

#[test]
fn a_clique_of_any_size_is_one() {
    const MANY: usize = 20_000;
    let given: Vec<Given> = (0..MANY)
        .map(|number| {
            let finding = vulnerable(&number.to_string(), None, "x", "1", &["CVE-1"]);
            ("a", finding)
        })
        .collect();
    assert_eq!(count(&given), 1);
    let on_one_line = |number: usize| {
        let finding = weak(&number.to_string(), "a.py", (1, 1), &[78]);
        (["a", "b"][number % 2], finding)
    };
    // Beyond the limit every fingerprint counts.
    let given: Vec<Given> = (0..MANY).map(on_one_line).collect();
    assert_eq!(count(&given), MANY as u64);
    let given: Vec<Given> = (0..60).map(on_one_line).collect();
    assert_eq!(count(&given), 30);
}

/// The definition of a link, once more, pair by pair.
fn are_linked((one_by, one): &Given, (other_by, other): &Given) -> bool {
    let shared = |are: fn(&str) -> bool| {
        let mut ids = one.vulnerability_ids.iter().filter(|id| are(id));
        ids.any(|id| other.vulnerability_ids.contains(id))
    };
    let is_cve: fn(&str) -> bool = |id| id.starts_with("CVE");
    let names_cves = |finding: &Finding| finding.vulnerability_ids.iter().any(|id| is_cve(id));
    let package = |finding: &Finding| match &finding.location {
        Location::Package { name, version, .. } => {
            Some((name.to_string(), version.as_deref().map(str::to_owned)))
        }
        _ => None,
    };
    let lines = |finding: &Finding| match finding.location {
        Location::Source { line, end_line, .. } => {
            let first = line.unwrap_or_default();
            (first, end_line.unwrap_or(first))
        }
        _ => (0, 0),
    };
    let by_different = one_by != other_by;
    let is_same_file = one.location.borrowed().path() == other.location.borrowed().path();
    let (mine, theirs) = (lines(one), lines(other));
    one.fingerprint == other.fingerprint
        || one.category == other.category
            && match one.category {
                Category::Sca => {
                    package(one) == package(other)
                        && match names_cves(one) && names_cves(other) {
                            true => shared(is_cve),
                            false => shared(|_| true),
                        }
                }
                Category::Sast => {
                    by_different
                        && is_same_file
                        && mine.0 <= theirs.1
                        && theirs.0 <= mine.1
                        && one.cwes.iter().any(|cwe| other.cwes.contains(cwe))
                }
                _ => {
                    let is_same_secret = one.secret.is_some() && one.secret == other.secret;
                    is_same_file && (is_same_secret || by_different && mine.0 == theirs.0)
                }
            }
}

/// The most of the findings of which no two are linked, by trying all.
fn by_trying(given: &[Given]) -> u64 {
    let links: Vec<u32> = given
        .iter()
        .map(|one| {
            let linked = given
                .iter()
                .enumerate()
                .filter(|(_, other)| are_linked(one, other));
            linked.fold(0, |links, (number, _)| links | 1 << number)
        })
        .collect();
    let is_free = |set: u32| {
        (0..given.len()).all(|number| set & 1 << number == 0 || set & links[number] == 1 << number)
    };
    let sets = (0..1_u32 << given.len()).filter(|set| is_free(*set));
    u64::from(sets.map(u32::count_ones).max().unwrap_or_default())
}

/// Issues by the pairs, as the fingerprints of each.
fn by_pairs(given: &[Given]) -> BTreeSet<BTreeSet<Fingerprint>> {
    let mut groups: Vec<usize> = (0..given.len()).collect();
    for _ in given {
        for (one, first) in given.iter().enumerate() {
            for (other, second) in given.iter().enumerate() {
                if are_linked(first, second) {
                    groups[one] = groups[one].min(groups[other]);
                }
            }
        }
    }
    let mut sets: BTreeMap<usize, BTreeSet<Fingerprint>> = BTreeMap::new();
    for (group, (_, finding)) in groups.iter().zip(given) {
        sets.entry(*group).or_default().insert(finding.fingerprint);
    }
    sets.into_values().filter(|set| set.len() > 1).collect()
}

fn fingerprints(given: &[Given], issues: &Issues<'_>) -> BTreeSet<BTreeSet<Fingerprint>> {
    let of_issue = |issue: &Issue<'_>| {
        let findings = issue.findings.iter();
        findings.map(|index| given[*index].1.fingerprint).collect()
    };
    issues.all().iter().map(of_issue).collect()
}

prop_compose! {
    /// Findings among which there is little to differ in.
    fn given()(
        scanner in prop::sample::select(vec!["a", "b", "c"]),
        kind in 0..3_u8,
        key in 0..20_u8,
        place in 0..2_u8,
        line in 1..4_u32,
        lines in 0..2_u32,
        ids in prop::collection::btree_set(
            prop::sample::select(vec!["CVE-1", "CVE-2", "CVE-3", "GHSA-1", "GHSA-2", "DSA-1"]), 1..3),
        cwes in prop::collection::btree_set(1..4_u32, 0..3),
        digest in prop::option::of(prop::sample::select(vec!["x", "y", "z"])),
    ) -> Given {
        let (key, place) = (key.to_string(), place.to_string());
        let ids: Vec<_> = ids.into_iter().collect();
        let cwes: Vec<_> = cwes.into_iter().collect();
        let finding = match kind {
            0 => vulnerable(&key, None, "x", &place, &ids),
            1 => weak(&key, &place, (line, line + lines), &cwes),
            _ => secret(&key, &place, line, digest),
        };
        (scanner, finding)
    }
}

proptest! {
    #[test]
    fn the_count_and_the_issues_are_those_of_the_pairs(given in prop::collection::vec(given(), 0..13)) {
        let packed = packed(&given);
        let seen = seen(&given, &packed);
        let issues = Issues::of(seen.iter().copied(), None);
        prop_assert_eq!(issues.count(0..given.len()), by_trying(&given));
        prop_assert_eq!(fingerprints(&given, &issues), by_pairs(&given));
    }

    #[test]
    fn a_part_counts_by_itself(given in prop::collection::vec(given(), 0..13), kept in any::<u16>()) {
        let packed = packed(&given);
        let seen = seen(&given, &packed);
        let issues = Issues::of(seen.iter().copied(), None);
        let is_kept = |index: &usize| kept & 1 << index != 0;
        let part: Vec<_> = (0..given.len()).filter(is_kept).map(|index| given[index].clone()).collect();
        let counted = issues.count((0..given.len()).filter(is_kept));
        prop_assert_eq!(counted, by_trying(&part));
    }

    #[test]
    fn one_more_finding_never_lowers_the_count(
        mut given in prop::collection::vec(given(), 0..120),
        more in given(),
    ) {
        let packed_before = packed(&given);
        let before = seen(&given, &packed_before);
        let before = Issues::of(before.iter().copied(), None);
        let even = |len: usize| (0..len).filter(|index| index % 2 == 0);
        let counts = (before.count(0..given.len()), before.count(even(given.len())));
        given.push(more);
        let packed_after = packed(&given);
        let after = seen(&given, &packed_after);
        let after = Issues::of(after.iter().copied(), None);
        prop_assert!(after.count(0..given.len()) >= counts.0);
        prop_assert!(after.count(even(given.len() - 1)) >= counts.1);
    }

    #[test]
    fn the_order_of_findings_does_not_matter(
        (given, shuffled) in prop::collection::vec(given(), 0..60)
            .prop_flat_map(|given| (Just(given.clone()), Just(given).prop_shuffle())),
    ) {
        let both = [packed(&given), packed(&shuffled)];
        let (one, other) = (seen(&given, &both[0]), seen(&shuffled, &both[1]));
        let (one, other) = (Issues::of(one.iter().copied(), None), Issues::of(other.iter().copied(), None));
        prop_assert_eq!(one.count(0..given.len()), other.count(0..given.len()));
        let told = |issue: &Issue<'_>| {
            let Issue { id, findings, seen_by, worst, best, reasons } = issue.clone();
            (id, findings.len(), seen_by.join(" "), worst, best, format!("{reasons:?}"))
        };
        let told = |issues: &Issues<'_>| -> Vec<_> { issues.all().iter().map(told).collect() };
        prop_assert_eq!(told(&one), told(&other));
        prop_assert_eq!(fingerprints(&given, &one), fingerprints(&shuffled, &other));
    }

    #[test]
    fn renumbered_issues_are_those_of_the_findings_in_that_order(
        (given, places) in prop::collection::vec(given(), 0..60).prop_flat_map(|given| {
            let places: Vec<u32> = (0..).take(given.len()).collect();
            (Just(given), Just(places).prop_shuffle())
        }),
    ) {
        let mut ordered: Vec<_> = places.iter().zip(&given).collect();
        ordered.sort_by_key(|(place, _)| **place);
        let ordered: Vec<_> = ordered.into_iter().map(|(_, given)| given.clone()).collect();
        let both = [packed(&given), packed(&ordered)];
        let mut issues = Issues::of(seen(&given, &both[0]), None);
        issues.renumber(&places);
        let expected = Issues::of(seen(&ordered, &both[1]), None);
        prop_assert_eq!(issues.all(), expected.all());
        for finding in 0..given.len() {
            prop_assert_eq!(issues.of_finding(finding), expected.of_finding(finding));
            prop_assert_eq!(issues.count(finding..given.len()), expected.count(finding..given.len()));
        }
    }
}

/// For measuring, with optimization: `cargo test --release issue -- --ignored --nocapture`.
#[test]
#[ignore = "measures, and proves nothing"]
fn a_million_findings() {
    const MANY: usize = 1_000_000;
    let package = |number: usize| {
        let key = number.to_string();
        let (name, id) = (format!("org.x:x{}", number % 50_000), number / 100_000);
        let purl = format!("pkg:maven/org.x/x{}@1.0", number % 50_000);
        let id = format!("CVE-2026-{id:05}");
        vulnerable(&key, Some(&purl), &name, "1.0", &[&id, "DSA-1"])
    };
    let hub = |number: usize| vulnerable(&number.to_string(), None, "x", "1", &["CVE-1"]);
    let alone = |number: usize| {
        let id = format!("CVE-{number}");
        vulnerable(&id, None, &format!("x{number}"), "1", &[&id])
    };
    let line = |number: usize| {
        let key = number.to_string();
        weak(
            &key,
            &format!("src/{}.py", number / 40),
            (u32::try_from(number / 2 % 20).unwrap(), 0),
            &[78],
        )
    };
    let one_line = |number: usize| weak(&number.to_string(), "a.py", (3, 9), &[78, 79]);
    let of_line = |number: usize| {
        secret(
            &number.to_string(),
            &format!("{}.env", number / 40),
            u32::try_from(number / 2 % 20).unwrap() + 1,
            None,
        )
    };
    let makers: [(&str, &dyn Fn(usize) -> Finding<'static>); 6] = [
        ("packages", &package),
        ("one vulnerability", &hub),
        ("nothing in common", &alone),
        ("lines", &line),
        ("one line", &one_line),
        ("secrets", &of_line),
    ];
    for (name, make) in makers {
        let given: Vec<Given> = (0..MANY)
            .map(|number| (["a", "b"][number % 2], make(number)))
            .collect();
        let packed = packed(&given);
        let seen = seen(&given, &packed);
        let start = std::time::Instant::now();
        let issues = Issues::of(seen.iter().copied(), None);
        let found = start.elapsed();
        let start = std::time::Instant::now();
        let count = issues.count(0..MANY);
        println!(
            "{name}: {} issues in {found:?}, {count} counted in {:?}",
            issues.all().len(),
            start.elapsed()
        );
    }
}
