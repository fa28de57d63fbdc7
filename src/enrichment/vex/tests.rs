use proptest::prelude::*;

use super::super::testing::{NEVER, fixture_text, gzip};
use super::*;

fn read_as(path: &str, bytes: impl Into<Vec<u8>>) -> Result<Vex, String> {
    let window = Window::over(bytes).map_err(|error| error.to_string())?;
    Vex::read(path, window).map_err(|error| error.to_string())
}

pub(super) fn read(bytes: impl Into<Vec<u8>>) -> Result<Vex, String> {
    read_as("vex.json", bytes)
}

/// An OpenVEX document with these statements.
pub(super) fn openvex(statements: &str) -> String {
    format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","timestamp":"2026-03-01T00:00:00Z","statements":[{statements}]}}"#
    )
}

/// An OpenVEX statement about CVE-2026-1 in `pkg:npm/x`.
pub(super) fn statement(members: &str) -> String {
    format!(
        r#"{{"vulnerability":{{"name":"CVE-2026-1"}},"products":[{{"@id":"pkg:npm/x"}}],{members}}}"#
    )
}

/// A CycloneDX document with one vulnerability, CVE-2026-1.
pub(super) fn cyclonedx(members: &str) -> String {
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{{"timestamp":"2026-03-01T00:00:00Z"}},
        "components":[{{"bom-ref":"x","purl":"pkg:npm/x"}}],
        "vulnerabilities":[{{"id":"CVE-2026-1",{members}}}]}}"#
    )
}

/// When the tests ask.
const LATEST: &str = "2026-11-20T00:00:00Z";

/// The status of the statement that holds for these identifiers, separated by
/// blanks, in a package of an artifact; an empty text is none.
pub(super) fn status(
    documents: &[Vex],
    ids: &str,
    package: &str,
    artifact: &str,
) -> Option<Status> {
    let subject = Subject {
        ids: ids.split_whitespace().collect(),
        package: Some(package).filter(|purl| !purl.is_empty()),
        artifact: Some(artifact).filter(|purl| !purl.is_empty()),
        latest: LATEST.parse().unwrap(),
    };
    lookup(documents, &subject).map(|ruling| ruling.statement.status)
}

/// The status of CVE-2026-1 in version 1 of `pkg:npm/x`.
pub(super) fn status_in(document: &str) -> Option<Status> {
    let document = read(document).unwrap_or_else(|error| panic!("{document}: {error}"));
    status(&[document], "CVE-2026-1", "pkg:npm/x@1", "")
}

#[test]
fn only_known_words_with_their_reasons_suppress() {
    for (members, expected) in [
        (r#""status":"fixed""#, Status::Fixed),
        (r#""status":"affected""#, Status::Affected),
        (
            r#""status":"under_investigation""#,
            Status::UnderInvestigation,
        ),
        (
            r#""status":"not_affected","justification":"component_not_present""#,
            Status::NotAffected,
        ),
        (
            r#""status":"not_affected","impact_statement":"Not shipped.""#,
            Status::NotAffected,
        ),
        (
            r#""status":"not_affected","justification":"trust_me","impact_statement":"Not shipped.""#,
            Status::NotAffected,
        ),
        (r#""status":"not_affected""#, Status::Unclear),
        (
            r#""status":"not_affected","justification":"trust_me""#,
            Status::Unclear,
        ),
        (
            r#""status":"not_affected","justification":"","impact_statement":" ""#,
            Status::Unclear,
        ),
        (
            r#""status":"not_affected","justification":null"#,
            Status::Unclear,
        ),
        (r#""status":"Fixed""#, Status::Unclear),
        (r#""status":"wont_fix""#, Status::Unclear),
        (r#""status":"""#, Status::Unclear),
        (r#""status":null"#, Status::Unclear),
        (r#""supplier":"x""#, Status::Unclear),
    ] {
        let status = status_in(&openvex(&statement(members)));
        assert_eq!(status, Some(expected), "{members}");
    }
    let affects = r#""affects":[{"ref":"x"}]"#;
    for (analysis, expected) in [
        (
            r#"{"state":"not_affected","justification":"code_not_reachable"}"#,
            Some(Status::NotAffected),
        ),
        (
            r#"{"state":"not_affected","detail":"Not shipped."}"#,
            Some(Status::NotAffected),
        ),
        (
            r#"{"state":"false_positive","justification":"trust_me","detail":"Another product."}"#,
            Some(Status::NotAffected),
        ),
        (r#"{"state":"not_affected"}"#, Some(Status::Unclear)),
        (
            r#"{"state":"not_affected","justification":"trust_me"}"#,
            Some(Status::Unclear),
        ),
        (
            r#"{"state":"not_affected","justification":"component_not_present","detail":" "}"#,
            Some(Status::Unclear),
        ),
        (r#"{"state":"false_positive"}"#, Some(Status::Unclear)),
        (r#"{"state":"resolved"}"#, Some(Status::Fixed)),
        (r#"{"state":"resolved_with_pedigree"}"#, Some(Status::Fixed)),
        (r#"{"state":"exploitable"}"#, Some(Status::Affected)),
        (r#"{"state":"in_triage"}"#, Some(Status::UnderInvestigation)),
        (r#"{"state":"ignored"}"#, Some(Status::Unclear)),
        (
            r#"{"justification":"code_not_present"}"#,
            Some(Status::Unclear),
        ),
        ("null", None),
    ] {
        let document = cyclonedx(&format!(r#""analysis":{analysis},{affects}"#));
        assert_eq!(status_in(&document), expected, "{analysis}");
    }
    for status in [
        Status::UnderInvestigation,
        Status::Unclear,
        Status::Affected,
    ] {
        assert!(!status.suppresses());
    }
}

#[test]
fn a_statement_that_names_no_product_suppresses_nothing_and_takes_back() {
    for products in [
        "null",
        "[]",
        "[{}]",
        r#"[""]"#,
        r#"[{"@id":"x"}]"#,
        r#"[{"identifiers":{"cpe23":"cpe:2.3:a:x:x:1:*:*:*:*:*:*:*"}}]"#,
        r#"[{"@id":"pkg:npm/x","subcomponents":[{"@id":"pkg:npm/x"}]}]"#,
        r#"[{"@id":"pkg:npm/x","subcomponents":[{"@id":"cpe:/a:x:x"}]}]"#,
    ] {
        for (status, expected) in [
            ("fixed", None),
            ("affected", Some(Status::Affected)),
            ("under_investigation", Some(Status::UnderInvestigation)),
            ("harmless", Some(Status::Unclear)),
        ] {
            let document = openvex(&format!(
                r#"{{"vulnerability":{{"name":"CVE-2026-1"}},"products":{products},"status":"{status}"}}"#
            ));
            assert_eq!(status_in(&document), expected, "{products} {status}");
        }
    }
    // The identifier is the exact one of two names.
    let other = r#"{"vulnerability":{"name":"CVE-2026-1"},"products":[{"@id":"pkg:npm/x","identifiers":{"purl":"pkg:npm/y"}}],"status":"fixed"}"#;
    assert_eq!(status_in(&openvex(other)), None);
    let without = r#"{"vulnerability":{"name":"CVE-2026-1"},"status":"fixed"}"#;
    assert_eq!(status_in(&openvex(without)), None);
    for (state, expected) in [("resolved", None), ("exploitable", Some(Status::Affected))] {
        for affects in ["[]", r#"[{"ref":"y"}]"#] {
            let document = cyclonedx(&format!(
                r#""analysis":{{"state":"{state}"}},"affects":{affects}"#
            ));
            assert_eq!(status_in(&document), expected, "{state} {affects}");
        }
    }
}

/// A claim of 1 April, and what is said at some time of the same vulnerability in
/// these products.
fn claim_and(products: &str, status: &str, time: &str) -> String {
    openvex(&format!(
        r#"{},{{"vulnerability":{{"name":"CVE-2026-1"}},"products":{products},"status":"{status}","timestamp":"{time}"}}"#,
        statement(r#""status":"fixed","timestamp":"2026-04-01T00:00:00Z""#)
    ))
}

#[test]
fn what_may_be_about_the_same_product_takes_a_claim_back() {
    let (before, after) = ("2026-03-31T00:00:00Z", "2026-04-02T00:00:00Z");
    for (products, takes_back) in [
        (r#"["cpe:2.3:a:x:x:1:*:*:*:*:*:*:*"]"#, true),
        ("[]", true),
        (r#"["pkg:npm/y","the shop"]"#, true),
        (r#"["pkg:npm/x@1"]"#, true),
        (r#"["pkg:npm/x?os=linux"]"#, true),
        (
            r#"[{"@id":"pkg:oci/app","subcomponents":["pkg:npm/x"]}]"#,
            true,
        ),
        (
            r#"[{"@id":"pkg:oci/app","subcomponents":["pkg:npm/y"]}]"#,
            false,
        ),
        (r#"["pkg:npm/x@2"]"#, false),
        (r#"["pkg:npm/y"]"#, false),
    ] {
        for (status, takes) in [
            ("affected", Status::Affected),
            ("under_investigation", Status::UnderInvestigation),
        ] {
            let late = status_in(&claim_and(products, status, after));
            let expected = if takes_back { takes } else { Status::Fixed };
            assert_eq!(late, Some(expected), "{products} {status}");
            let early = status_in(&claim_and(products, status, before));
            assert_eq!(early, Some(Status::Fixed), "{products} {status}");
        }
    }
}

#[test]
fn a_finding_of_several_vulnerabilities_needs_a_statement_for_each() {
    let about = |name: &str, status: &str| {
        format!(
            r#"{{"vulnerability":{{"name":"{name}"}},"products":["pkg:npm/x"],"status":"{status}"}}"#
        )
    };
    for (statements, ids, expected) in [
        (
            vec![about("CVE-2026-1", "fixed")],
            "CVE-2026-1 GHSA-1",
            Some(Status::Fixed),
        ),
        (
            vec![about("CVE-2026-1", "fixed")],
            "CVE-2026-1 cve-2026-1",
            Some(Status::Fixed),
        ),
        (
            vec![about("CVE-2026-1", "fixed")],
            "CVE-2026-1 CVE-2026-2",
            None,
        ),
        (
            vec![about("GHSA-1", "fixed")],
            "CVE-2026-1 CVE-2026-2 GHSA-1",
            Some(Status::Fixed),
        ),
        (
            vec![about("CVE-2026-1", "fixed"), about("CVE-2026-2", "fixed")],
            "CVE-2026-1 CVE-2026-2",
            Some(Status::Fixed),
        ),
        (
            vec![
                about("CVE-2026-1", "fixed"),
                about("CVE-2026-2", "affected"),
            ],
            "CVE-2026-1 CVE-2026-2",
            Some(Status::Affected),
        ),
        (
            vec![about("CVE-2026-2", "affected")],
            "CVE-2026-1 CVE-2026-2",
            Some(Status::Affected),
        ),
    ] {
        let document = read(openvex(&statements.join(","))).unwrap();
        assert_eq!(
            status(&[document], ids, "pkg:npm/x@1", ""),
            expected,
            "{statements:?} {ids}"
        );
    }
}

#[test]
fn a_claim_of_the_future_holds_for_none_of_the_vulnerabilities() {
    let about = |name: &str, status: &str, time: &str| {
        format!(
            r#"{{"vulnerability":{{"name":"{name}"}},"products":["pkg:npm/x"],"status":"{status}","timestamp":"{time}"}}"#
        )
    };
    let (past, future) = ("2026-11-20T00:00:00Z", "2026-11-20T00:00:01Z");
    for (first, second, expected) in [
        (("fixed", past), ("fixed", past), Some(Status::Fixed)),
        (("fixed", past), ("fixed", future), None),
        (("fixed", future), ("fixed", past), None),
        (("fixed", future), ("fixed", future), None),
        // A doubt is no less one by a wrong clock.
        (
            ("fixed", past),
            ("affected", future),
            Some(Status::Affected),
        ),
    ] {
        let statements = [
            about("CVE-2026-1", first.0, first.1),
            about("CVE-2026-2", second.0, second.1),
        ];
        let document = read(openvex(&statements.join(","))).unwrap();
        let found = status(&[document], "CVE-2026-1 CVE-2026-2", "pkg:npm/x@1", "");
        assert_eq!(found, expected, "{first:?} {second:?}");
    }
    // A claim of the past holds until that of the future is due.
    let twice = [
        about("CVE-2026-1", "fixed", past),
        about("CVE-2026-1", "fixed", future),
    ];
    assert_eq!(status_in(&openvex(&twice.join(","))), Some(Status::Fixed));
}

#[test]
fn statements_that_do_nothing_say_why() {
    for (statements, expected) in [
        (vec![statement(r#""status":"affected""#)], vec![Idle::Says]),
        (
            vec![statement(r#""status":"not_affected""#)],
            vec![Idle::Says],
        ),
        (
            vec![statement(
                r#""status":"fixed","timestamp":"2030-01-01T00:00:00Z""#,
            )],
            vec![Idle::Future],
        ),
        (
            vec![statement(r#""status":"fixed""#).replace("npm/x", "npm/x@2")],
            vec![Idle::Elsewhere],
        ),
        (
            vec![statement(r#""status":"fixed""#).replace("pkg:npm/x", "cpe:/a:x:x")],
            vec![Idle::Elsewhere],
        ),
        (
            vec![
                statement(r#""status":"fixed","timestamp":"2026-01-01T00:00:00Z""#),
                statement(r#""status":"affected","timestamp":"2026-01-02T00:00:00Z""#),
            ],
            vec![Idle::Says, Idle::Outweighed],
        ),
        (
            vec![statement(r#""status":"affected""#).replace("CVE-2026-1", "CVE-2026-2")],
            vec![],
        ),
        (
            vec![
                statement(r#""status":"affected""#)
                    .replace(r#""CVE-2026-1""#, r#""CVE-2026-1","aliases":["GHSA-1"]"#),
            ],
            vec![Idle::Says],
        ),
    ] {
        let documents = [read(openvex(&statements.join(","))).unwrap()];
        let subject = Subject {
            ids: vec!["cve-2026-1", "GHSA-1"],
            package: Some("pkg:npm/x@1"),
            artifact: None,
            latest: LATEST.parse().unwrap(),
        };
        let found = idle(&documents, &subject);
        let found: Vec<_> = found.into_iter().map(|(_, why)| why).collect();
        assert_eq!(found, expected, "{statements:?}");
    }
}

/// That the document with `to` in place of `from` is refused, saying `message`.
pub(super) fn assert_refused(document: &str, from: &str, to: &str, message: &str) {
    assert!(document.contains(from), "{from}");
    let error = read(document.replacen(from, to, 1)).unwrap_err();
    assert!(
        error.starts_with("vex.json: ") && error.contains(message),
        "{from} {to}: {error}"
    );
}

#[test]
fn a_cut_document_is_refused_wherever_it_is_cut() {
    for name in ["openvex.json", "cyclonedx-vex.json"] {
        let text = fixture_text(name);
        let text = text.trim_end();
        for end in 0..text.len() {
            assert!(read(&text.as_bytes()[..end]).is_err(), "{name} {end}");
        }
        let packed = gzip(text.as_bytes());
        assert_eq!(read(&*packed).unwrap().notes, read(text).unwrap().notes);
        for end in 0..packed.len() {
            assert!(read(&packed[..end]).is_err(), "{name} packed {end}");
        }
    }
}

#[test]
fn other_files_are_refused_by_what_they_are() {
    for (text, message) in NEVER {
        let error = read(*text).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
    let xml = r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"></bom>"#;
    for (text, message) in [
        (
            xml.to_owned(),
            "it looks like a CycloneDX document; give OpenVEX, or CycloneDX as JSON",
        ),
        (fixture_text("kev.json"), "it looks like the CISA catalogue"),
        (fixture_text("epss.csv"), "it looks like EPSS scores"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn nesting_is_refused_and_not_followed() {
    let nested =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for text in [
        cyclonedx("").replace(
            r#"{"bom-ref":"x","purl":"pkg:npm/x"}"#,
            &nested(r#"{"components":["#, "]}"),
        ),
        cyclonedx(&format!(r#""analysis":{}"#, nested("[", "]"))),
        openvex(&nested("[", "]")),
        openvex(&statement(&format!(
            r#""status":{}"#,
            nested(r#"{"a":"#, "}")
        ))),
    ] {
        assert!(read(text).is_err());
    }
}

proptest! {
    /// The newest statement holds, and of equally new ones that which suppresses
    /// least; the order of documents and of statements does not matter.
    #[test]
    fn the_newest_statement_wins_in_any_order(
        documents in proptest::collection::vec(
            proptest::collection::vec((1..4_u8, 0..4_usize), 0..4),
            1..4,
        ),
        turn in 0..4_usize,
    ) {
        const SAID: [(&str, Status); 4] = [
            (r#""status":"not_affected","justification":"component_not_present""#, Status::NotAffected),
            (r#""status":"fixed""#, Status::Fixed),
            (r#""status":"who_knows""#, Status::Unclear),
            (r#""status":"affected""#, Status::Affected),
        ];
        let text = |statements: &[(u8, usize)]| {
            let statements: Vec<_> = statements
                .iter()
                .map(|&(day, said)| {
                    statement(&format!(r#"{},"timestamp":"2026-04-0{day}T00:00:00Z""#, SAID[said].0))
                })
                .collect();
            openvex(&statements.join(","))
        };
        let expected = documents
            .iter()
            .flatten()
            .map(|&(day, said)| (day, SAID[said].1))
            .max()
            .map(|(_, status)| status);
        let read_all = |documents: &[Vec<(u8, usize)>]| -> Vec<Vex> {
            documents
                .iter()
                .map(|document| read_as("vex.json", text(document)).unwrap())
                .collect()
        };
        let in_order = read_all(&documents);
        prop_assert_eq!(status(&in_order, "CVE-2026-1", "pkg:npm/x@1", ""), expected);

        let mut turned = documents.clone();
        let by = turn % turned.len();
        turned.rotate_left(by);
        for document in &mut turned {
            document.reverse();
        }
        prop_assert_eq!(status(&read_all(&turned), "CVE-2026-1", "pkg:npm/x@1", ""), expected);

        // The very same documents in another order: the very same statement.
        let subject = Subject { ids: vec!["CVE-2026-1"], package: Some("pkg:npm/x@1"), artifact: None, latest: LATEST.parse().unwrap() };
        let place = |documents: &[Vex]| {
            lookup(documents, &subject).map(|ruling| {
                (ruling.document.origin.stored.sha256.clone(), ruling.statement.pointer.clone())
            })
        };
        let mut reversed = in_order.clone();
        reversed.reverse();
        prop_assert_eq!(place(&in_order), place(&reversed));
    }
}
