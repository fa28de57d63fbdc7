use super::super::Vex;
use super::super::tests::{assert_refused, cyclonedx, read, status, status_in};
use super::Status;
use crate::enrichment::testing::fixture;

#[test]
fn cyclonedx_is_read() {
    let vex = Vex::read("vex.json", fixture("cyclonedx-vex.json")).unwrap();
    assert_eq!(vex.format, "cyclonedx");
    assert_eq!(vex.origin.date.to_string(), "2026-03-03T00:00:00Z");
    assert_eq!(
        vex.notes,
        [
            "CVE-2026-2005: not affected, but with neither a known justification nor an explanation; suppresses nothing",
            "CVE-2026-2005: a product or part that is not named by a package URL; suppresses nothing",
            "CVE-2026-2001: a range of versions, which is not evaluated; suppresses nothing",
        ]
    );
    assert_eq!(vex.unclear, 2);
    let first = &vex.statements()[0];
    assert_eq!(first.pointer, "/vulnerabilities/0");
    assert_eq!(
        first.reason.as_deref(),
        Some("code_not_reachable: The vulnerable code is not reachable.")
    );
    let times: Vec<_> = vex
        .statements()
        .iter()
        .map(|statement| {
            (
                statement.vulnerability.as_str(),
                statement.time.strftime("%F").to_string(),
            )
        })
        .collect();
    assert!(times.contains(&("CVE-2026-2001", "2026-09-01".to_owned())));
    assert!(times.contains(&("CVE-2026-2002", "2026-08-01".to_owned())));

    let app = "pkg:oci/app@sha256:ab";
    let jackson = "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.10.0?type=jar";
    let documents = [vex];
    for (ids, package, artifact, expected) in [
        ("CVE-2020-25649", jackson, app, Some(Status::NotAffected)),
        ("CVE-2020-25649", jackson, "pkg:oci/other", None),
        ("CVE-2020-25649", jackson, "", None),
        (
            "snyk-java-comfasterxmljacksoncore-1048302",
            jackson,
            app,
            Some(Status::NotAffected),
        ),
        (
            "CVE-2020-25649",
            "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.10.0",
            app,
            None,
        ),
        (
            "CVE-2026-2001",
            "pkg:npm/lib@2.4",
            "",
            Some(Status::Affected),
        ),
        (
            "CVE-2026-2001",
            "pkg:npm/lib@2.5",
            app,
            Some(Status::NotAffected),
        ),
        (
            "CVE-2026-2001",
            "pkg:npm/lib@2.6",
            "",
            Some(Status::Affected),
        ),
        ("CVE-2026-2001", "pkg:npm/lib@3.0", "", None),
        ("CVE-2026-2002", "pkg:npm/any@1", app, Some(Status::Fixed)),
        ("CVE-2026-2002", "pkg:npm/any@1", "", None),
        (
            "CVE-2026-2003",
            "pkg:npm/nested@1.0.0",
            "",
            Some(Status::UnderInvestigation),
        ),
        ("CVE-2026-2004", "pkg:npm/lib@1", "", None),
        (
            "CVE-2026-2005",
            "pkg:npm/no-such-component",
            "",
            Some(Status::Unclear),
        ),
    ] {
        assert_eq!(
            status(&documents, ids, package, artifact),
            expected,
            "{ids} {package} {artifact}"
        );
    }
}

#[test]
fn versions_narrow_what_an_analysis_says() {
    for (state, versions, expected) in [
        (
            "not_affected",
            r#"[{"version":"1","status":"unaffected"}]"#,
            Some(Status::NotAffected),
        ),
        (
            "not_affected",
            r#"[{"version":"2","status":"unaffected"}]"#,
            None,
        ),
        (
            "not_affected",
            r#"[{"version":"1","status":"affected"}]"#,
            Some(Status::Affected),
        ),
        (
            "not_affected",
            r#"[{"version":"1"}]"#,
            Some(Status::Affected),
        ),
        (
            "not_affected",
            r#"[{"version":"1","status":"unknown"}]"#,
            Some(Status::Unclear),
        ),
        (
            "not_affected",
            r#"[{"range":"vers:npm/<2","status":"unaffected"}]"#,
            None,
        ),
        (
            "not_affected",
            r#"[{"version":"1","status":"unaffected"},{"range":"vers:npm/>0","status":"affected"}]"#,
            Some(Status::Affected),
        ),
        ("not_affected", "[]", Some(Status::NotAffected)),
        ("not_affected", "null", Some(Status::NotAffected)),
        (
            "resolved",
            r#"[{"version":"1","status":"unaffected"}]"#,
            Some(Status::Fixed),
        ),
        (
            "resolved",
            r#"[{"version":"1","status":"affected"}]"#,
            Some(Status::Affected),
        ),
        (
            "exploitable",
            r#"[{"version":"1","status":"unaffected"}]"#,
            Some(Status::NotAffected),
        ),
        (
            "exploitable",
            r#"[{"version":"1","status":"unknown"}]"#,
            Some(Status::Affected),
        ),
        (
            "in_triage",
            r#"[{"version":"1","status":"unaffected"}]"#,
            Some(Status::UnderInvestigation),
        ),
        (
            "ignored",
            r#"[{"version":"1","status":"unaffected"}]"#,
            Some(Status::Unclear),
        ),
    ] {
        let document = cyclonedx(&format!(
            r#""analysis":{{"state":"{state}","detail":"Tested."}},"affects":[{{"ref":"x","versions":{versions}}}]"#
        ));
        assert_eq!(status_in(&document), expected, "{state} {versions}");
    }
}

#[test]
fn what_is_said_of_a_product_holds_in_no_other() {
    let shop = "pkg:oci/shop";
    for (product, reference, artifact, expected) in [
        (
            r#"{"bom-ref":"shop","purl":"pkg:oci/shop"}"#,
            "x",
            shop,
            true,
        ),
        (
            r#"{"bom-ref":"shop","purl":"pkg:oci/shop"}"#,
            "shop",
            shop,
            true,
        ),
        (r#"{"purl":"pkg:oci/shop"}"#, "pkg:oci/shop", shop, true),
        (
            r#"{"purl":"pkg:oci/shop"}"#,
            "urn:cdx:1/1#pkg:oci/shop",
            shop,
            true,
        ),
        (r#"{"purl":"pkg:oci/shop"}"#, "pkg:npm/x@1", shop, true),
        (r#"{"purl":"pkg:npm/x"}"#, "pkg:npm/x", "", true),
        (r#"{"purl":"pkg:oci/shop"}"#, "x", "pkg:oci/other", false),
        (r#"{"purl":"pkg:oci/shop"}"#, "x", "", false),
        (r#"{"purl":"pkg:oci/shop@1"}"#, "x", shop, false),
        (r#"{"purl":"pkg:oci/shop@1"}"#, "pkg:oci/shop", shop, false),
        (r#"{"bom-ref":"shop"}"#, "x", shop, false),
        (r#"{"bom-ref":"shop"}"#, "shop", shop, false),
        ("{}", "x", shop, false),
        ("null", "x", "", true),
    ] {
        let document = cyclonedx(&format!(
            r#""analysis":{{"state":"resolved"}},"affects":[{{"ref":"{reference}"}}]"#
        ))
        .replace(
            r#""metadata":{"#,
            &format!(r#""metadata":{{"component":{product},"#),
        );
        let documents = [read(document.as_str()).unwrap()];
        let found = status(&documents, "CVE-2026-1", "pkg:npm/x@1", artifact);
        let expected = expected.then_some(Status::Fixed);
        assert_eq!(found, expected, "{product} {reference} {artifact}");
    }
}

#[test]
fn a_reference_names_a_component_or_is_a_package_url() {
    let link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#";
    for (reference, expected) in [
        ("x".to_owned(), true),
        ("pkg:npm/x@1".to_owned(), true),
        (format!("{link}pkg:npm/x@1"), true),
        (format!("{link}pkg%3Anpm%2Fx%401"), true),
        (format!("{link}pkg:npm/x@2"), false),
        (format!("{link}x"), false),
        (link.to_owned(), false),
        ("urn:cdx:".to_owned(), false),
        ("y".to_owned(), false),
        (String::new(), false),
    ] {
        let document = cyclonedx(&format!(
            r#""analysis":{{"state":"resolved"}},"affects":[{{"ref":"{reference}"}}]"#
        ));
        let expected = expected.then_some(Status::Fixed);
        assert_eq!(status_in(&document), expected, "{reference}");
    }
}

#[test]
fn what_is_not_all_of_a_cyclonedx_document_is_refused() {
    let fixed = cyclonedx(r#""analysis":{"state":"resolved"},"affects":[{"ref":"x"}]"#);
    for (from, to, message) in [
        (r#""timestamp""#, r#""time""#, "no `metadata.timestamp`"),
        (
            r#""vulnerabilities""#,
            r#""services""#,
            "this is an inventory",
        ),
        (
            r#"{"bom-ref":"x""#,
            r#"{"bom-ref":"x"},{"bom-ref":"x""#,
            "two components have the `bom-ref` `x`",
        ),
        (
            r#""resolved""#,
            "[]",
            "at `vulnerabilities[0].analysis.state`",
        ),
        (r#"{"ref":"x"}"#, "{}", "missing field `ref`"),
        (
            r#"{"ref":"x"}"#,
            r#""x""#,
            "at `vulnerabilities[0].affects[0]`",
        ),
        (
            r#""state""#,
            r#""state":"exploitable","state""#,
            "duplicate field `state`",
        ),
        (
            r#""vulnerabilities":["#,
            r#""vulnerabilities":7,"x":["#,
            "expected a list, found a number",
        ),
    ] {
        assert_refused(&fixed, from, to, message);
    }
}
