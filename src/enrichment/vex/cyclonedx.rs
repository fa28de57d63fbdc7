//! CycloneDX, from 1.4 on, in JSON: the analyses of its vulnerabilities.
//!
//! Source of the format: `bom-1.6.schema.json` of CycloneDX/specification, and
//! the VEX examples of CycloneDX/bom-examples.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::product::{Purl, Target};
use super::{Notes, Statement, Status};
use crate::enrichment::Time;
use crate::parser::ParseError;
use crate::parser::fields::List;
use crate::parser::json::Json;

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<Time>,
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    purl: Option<String>,
    #[serde(default)]
    components: List<Component>,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: Option<String>,
    #[serde(default)]
    references: List<Reference>,
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: List<Affected>,
}

#[derive(Deserialize)]
struct Reference {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    detail: Option<String>,
    first_issued: Option<Time>,
    last_updated: Option<Time>,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    versions: List<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: Option<String>,
    status: Option<String>,
}

/// The package URLs of the components, by their names in this document.
#[derive(Default)]
struct Components(HashMap<String, Option<Purl>>);

impl Components {
    /// Two components of one name would make a statement about one hold for the
    /// other.
    fn add(&mut self, json: &Json, component: Component) -> Result<(), ParseError> {
        if let Some(name) = component.bom_ref {
            let purl = component.purl.as_deref().and_then(Purl::parse);
            if self.0.insert(name.clone(), purl).is_some() {
                return Err(json.error(format!(
                    "two components have the `bom-ref` `{name}`; write the document again with one for each"
                )));
            }
        }
        component
            .components
            .0
            .into_iter()
            .try_for_each(|part| self.add(json, part))
    }

    /// What a reference names: a component of this document, or a package URL,
    /// alone or as a BOM-Link into another document (`urn:cdx:SERIAL/VERSION#REF`).
    fn resolve(&self, reference: &str) -> Option<Purl> {
        if let Some(purl) = self.0.get(reference) {
            return purl.clone();
        }
        match reference.strip_prefix("urn:cdx:") {
            None => Purl::parse(reference),
            Some(link) => {
                let (_, name) = link.split_once('#')?;
                Purl::parse(name)
                    .or_else(|| Purl::parse(&percent_decode_str(name).decode_utf8().ok()?))
            }
        }
    }
}

/// Reads a document: its date, its statements, and what to say of them.
pub(super) fn read(json: &mut Json) -> Result<(Timestamp, (Vec<Statement>, Notes)), ParseError> {
    let mut date = None;
    let mut components = Components::default();
    let mut vulnerabilities = None;
    json.object(|json, key| {
        match key {
            "metadata" => {
                let metadata: Metadata = json.value()?;
                date = metadata.timestamp;
                if let Some(component) = metadata.component {
                    components.add(json, component)?;
                }
            }
            "components" => json.array_or_null(|json| {
                let component = json.value()?;
                components.add(json, component)
            })?,
            "vulnerabilities" => {
                let mut read = Vec::new();
                json.array(|json| {
                    let pointer = json.pointer();
                    read.push((json.value::<Vulnerability>()?, pointer));
                    Ok(())
                })?;
                vulnerabilities = Some(read);
            }
            _ => {}
        }
        Ok(())
    })?;
    let vulnerabilities = vulnerabilities.ok_or_else(|| {
        ParseError::new("no `vulnerabilities`: this is an inventory, which says nothing of vulnerabilities; give the VEX that belongs to it")
    })?;
    let Time(date) = date.ok_or_else(|| {
        ParseError::new("no `metadata.timestamp`, so nobody knows which statements are the newest; add when the document was written")
    })?;
    let mut notes = Notes::default();
    let statements = vulnerabilities
        .into_iter()
        .flat_map(|(vulnerability, pointer)| {
            vulnerability.into_statements(&pointer, date, &components, &mut notes)
        })
        .collect();
    Ok((date, (statements, notes)))
}

impl Vulnerability {
    /// One statement for each status that versions have; none without analysis,
    /// because then the document only lists what a scanner found.
    fn into_statements(
        self,
        pointer: &str,
        date: Timestamp,
        components: &Components,
        notes: &mut Notes,
    ) -> Vec<Statement> {
        let Some(analysis) = self.analysis else {
            return Vec::new();
        };
        let aliases = self.references.0.into_iter().map(|reference| reference.id);
        let names: Vec<_> = std::iter::once(self.id).chain(aliases).flatten().collect();
        let vulnerability = names.first().cloned().unwrap_or_default();
        let state = match analysis.state.as_deref() {
            Some("not_affected" | "false_positive") => Status::NotAffected,
            Some("resolved" | "resolved_with_pedigree") => Status::Fixed,
            Some("exploitable") => Status::Affected,
            Some("in_triage") => Status::UnderInvestigation,
            _ => {
                notes.unknown_status.add(|| &vulnerability);
                Status::Unclear
            }
        };
        let mut targets: BTreeMap<Status, Vec<Target>> = BTreeMap::new();
        let mut has_ranges = false;
        let mut add = |status: Status, product| {
            targets.entry(status).or_default().push(Target {
                product,
                parts: None,
            });
        };
        if self.affects.0.is_empty() {
            add(state, None);
        }
        for affected in self.affects.0 {
            let purl = components.resolve(&affected.reference);
            if affected.versions.0.is_empty() {
                add(state, purl.clone());
            }
            for version in &affected.versions.0 {
                let status = status_of(version.status.as_deref(), state);
                has_ranges |= version.version.is_none();
                match (&purl, &version.version) {
                    (None, _) => add(status, None),
                    (Some(purl), Some(version)) => {
                        if let Some(purl) = purl.in_version(version) {
                            add(status, Some(purl));
                        }
                    }
                    // A range says less than we would need to let a finding go,
                    // and enough to keep it.
                    (Some(purl), None) if !status.suppresses() => add(status, Some(purl.clone())),
                    (Some(_), None) => {}
                }
            }
        }
        if targets.values().flatten().any(Target::is_unnamed) {
            notes.without_product.add(|| &vulnerability);
        }
        if has_ranges {
            notes.ranges.add(|| &vulnerability);
        }
        let reason: Vec<_> = [analysis.justification, analysis.detail]
            .into_iter()
            .flatten()
            .filter(|text| !text.trim().is_empty())
            .collect();
        let reason = (!reason.is_empty()).then(|| reason.join(": "));
        let time = analysis
            .last_updated
            .or(analysis.first_issued)
            .map_or(date, |time| time.0);
        targets
            .into_iter()
            .map(|(status, targets)| Statement {
                vulnerability: vulnerability.clone(),
                status,
                reason: reason.clone(),
                time,
                pointer: pointer.to_owned(),
                names: names.clone(),
                targets,
            })
            .collect()
    }
}

/// The status of a version in an analysis with this state. A version that is
/// named as affected is so, whatever the state; one that is named as unaffected
/// is so unless the state leaves the matter open.
fn status_of(version: Option<&str>, state: Status) -> Status {
    match (version, state) {
        (None | Some("affected"), Status::NotAffected | Status::Fixed) => Status::Affected,
        (Some("unaffected"), Status::Affected) => Status::NotAffected,
        (None | Some("affected" | "unaffected"), state) => state,
        (Some(_), state) => state.max(Status::Unclear),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vex;
    use super::super::tests::{assert_refused, cyclonedx, status, status_in};
    use super::*;
    use crate::enrichment::testing::fixture;

    #[test]
    fn cyclonedx_is_read() {
        let vex = Vex::read("vex.json", fixture("cyclonedx-vex.json")).unwrap();
        assert_eq!(vex.format, "cyclonedx");
        assert_eq!(vex.origin.date.to_string(), "2026-03-03T00:00:00Z");
        assert_eq!(
            vex.notes,
            [
                "CVE-2026-2005: a product or part that is not named by a package URL; suppresses nothing",
                "CVE-2026-2001: a range of versions, which is not evaluated; suppresses nothing",
            ]
        );
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

        let jackson = "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.10.0?type=jar";
        let documents = [vex];
        for (ids, package, artifact, expected) in [
            ("CVE-2020-25649", jackson, "", Some(Status::NotAffected)),
            (
                "snyk-java-comfasterxmljacksoncore-1048302",
                jackson,
                "",
                Some(Status::NotAffected),
            ),
            (
                "CVE-2020-25649",
                "pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.10.0",
                "",
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
                "",
                Some(Status::NotAffected),
            ),
            (
                "CVE-2026-2001",
                "pkg:npm/lib@2.6",
                "",
                Some(Status::Affected),
            ),
            ("CVE-2026-2001", "pkg:npm/lib@3.0", "", None),
            (
                "CVE-2026-2002",
                "pkg:npm/any@1",
                "pkg:oci/app@sha256:ab",
                Some(Status::Fixed),
            ),
            ("CVE-2026-2002", "pkg:npm/any@1", "", None),
            (
                "CVE-2026-2003",
                "pkg:npm/nested@1.0.0",
                "",
                Some(Status::UnderInvestigation),
            ),
            ("CVE-2026-2004", "pkg:npm/lib@1", "", None),
            ("CVE-2026-2005", "pkg:npm/no-such-component", "", None),
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
                r#""analysis":{{"state":"{state}"}},"affects":[{{"ref":"x","versions":{versions}}}]"#
            ));
            assert_eq!(status_in(&document), expected, "{state} {versions}");
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
}
