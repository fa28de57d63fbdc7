//! OpenVEX, versions 0.0.1 and 0.2.0.
//!
//! Source of the format: `OPENVEX-SPEC.md` of openvex/spec. Before 0.2.0 a
//! vulnerability and a product were texts, and the subcomponents stood beside
//! the products.

use jiff::Timestamp;
use serde::Deserialize;

use super::product::{Purl, Target};
use super::{Notes, Statement, Status};
use crate::enrichment::Time;
use crate::parser::ParseError;
use crate::parser::fields::List;
use crate::parser::json::Json;

/// Why something is not affected, in the words of the specification.
const JUSTIFICATIONS: [&str; 5] = [
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
];

#[derive(Deserialize)]
struct Entry {
    vulnerability: Vulnerability,
    #[serde(default)]
    products: List<Product>,
    #[serde(default)]
    subcomponents: List<Component>,
    status: Option<String>,
    justification: Option<String>,
    impact_statement: Option<String>,
    timestamp: Option<Time>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a vulnerability: a name, or an object with a `name`"
)]
enum Vulnerability {
    Name(String),
    Object {
        name: String,
        #[serde(default)]
        aliases: List<String>,
    },
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a product: a package URL, or an object with an `@id` or `identifiers`"
)]
enum Product {
    Id(String),
    Object {
        #[serde(flatten)]
        component: Identified,
        #[serde(default)]
        subcomponents: List<Component>,
    },
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a component: a package URL, or an object with an `@id` or `identifiers`"
)]
enum Component {
    Id(String),
    Object(Identified),
}

#[derive(Deserialize)]
struct Identified {
    #[serde(rename = "@id")]
    id: Option<String>,
    identifiers: Option<Identifiers>,
}

#[derive(Deserialize)]
struct Identifiers {
    purl: Option<String>,
}

impl Identified {
    fn purl(&self) -> Option<Purl> {
        let identifiers = self.identifiers.as_ref();
        identifiers
            .and_then(|identifiers| identifiers.purl.as_ref())
            .or(self.id.as_ref())
            .and_then(|text| Purl::parse(text))
    }
}

impl Component {
    fn purl(&self) -> Option<Purl> {
        match self {
            Self::Id(text) => Purl::parse(text),
            Self::Object(component) => component.purl(),
        }
    }
}

/// Reads a document: its date, its statements, and what to say of them.
pub(super) fn read(json: &mut Json) -> Result<(Timestamp, (Vec<Statement>, Notes)), ParseError> {
    let mut issued = None;
    let mut updated = None;
    let mut notes = Notes::default();
    let mut entries = None;
    json.object(|json, key| {
        match key {
            "timestamp" => issued = Some(json.value::<Time>()?.0),
            "last_updated" => updated = json.value::<Option<Time>>()?,
            "statements" => {
                let mut read = Vec::new();
                json.array(|json| {
                    let pointer = json.pointer();
                    read.push((json.value::<Entry>()?, pointer));
                    Ok(())
                })?;
                entries = Some(read);
            }
            _ => {}
        }
        Ok(())
    })?;
    let issued = issued.ok_or_else(|| {
        ParseError::new(
            "no `timestamp`, so nobody knows which statements are the newest; add when the document was issued",
        )
    })?;
    let entries = entries.ok_or_else(|| {
        ParseError::new("no `statements`: this is not all of an OpenVEX document; fetch it again")
    })?;
    let statements = entries
        .into_iter()
        .map(|(entry, pointer)| {
            notes.of_statement(|notes| entry.into_statement(pointer, issued, notes))
        })
        .collect();
    let date = updated.map_or(issued, |updated| updated.0);
    Ok((date, (statements, notes)))
}

impl Entry {
    /// A statement without a time of its own is of the document's `timestamp`,
    /// as the specification has it, and not of `last_updated`: an old claim is no
    /// younger because another was added.
    fn into_statement(self, pointer: String, issued: Timestamp, notes: &mut Notes) -> Statement {
        let names = match self.vulnerability {
            Vulnerability::Name(name) => vec![name],
            Vulnerability::Object { name, aliases } => {
                std::iter::once(name).chain(aliases.0).collect()
            }
        };
        let vulnerability = names.first().cloned().unwrap_or_default();
        let label = self
            .justification
            .filter(|label| JUSTIFICATIONS.contains(&label.as_str()));
        let text = self.impact_statement.filter(|text| !text.trim().is_empty());
        let status = match self.status.as_deref() {
            Some("not_affected") if label.is_none() && text.is_none() => {
                notes.unjustified.add(|| &vulnerability);
                Status::Unclear
            }
            Some("not_affected") => Status::NotAffected,
            Some("affected") => Status::Affected,
            Some("fixed") => Status::Fixed,
            Some("under_investigation") => Status::UnderInvestigation,
            _ => {
                notes.unknown_status.add(|| &vulnerability);
                Status::Unclear
            }
        };
        let mut targets = Vec::new();
        if self.products.0.is_empty() {
            targets.push(Target::UNNAMED);
        }
        for product in self.products.0 {
            let (product, own) = match product {
                Product::Id(text) => (Purl::parse(&text), List::default()),
                Product::Object {
                    component,
                    subcomponents,
                } => (component.purl(), subcomponents),
            };
            let parts = self.subcomponents.0.iter().chain(&own.0);
            let parts: Vec<_> = parts.map(Component::purl).collect();
            targets.push(Target {
                product,
                parts: (!parts.is_empty()).then_some(parts),
            });
        }
        if targets.iter().any(Target::is_unnamed) {
            notes.without_product.add(|| &vulnerability);
        }
        let reason: Vec<_> = [label, text].into_iter().flatten().collect();
        Statement {
            vulnerability,
            status,
            reason: (!reason.is_empty()).then(|| reason.join(": ")),
            time: self.timestamp.map_or(issued, |time| time.0),
            pointer,
            names,
            targets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Vex;
    use super::super::tests::{assert_refused, openvex, statement, status, status_in};
    use super::*;
    use crate::enrichment::testing::fixture;

    #[test]
    fn openvex_is_read() {
        let vex = Vex::read("vex.json", fixture("openvex.json")).unwrap();
        assert_eq!(vex.format, "openvex");
        assert_eq!(vex.origin.date.to_string(), "2026-10-02T06:30:00Z");
        assert_eq!(vex.origin.stored.sha256.len(), 64);
        assert_eq!(
            vex.notes,
            [
                "CVE-2026-1002: not affected, but with neither a known justification nor an explanation; suppresses nothing",
                "CVE-2026-1005: a product or part that is not named by a package URL; suppresses nothing",
            ]
        );
        assert_eq!(vex.unclear, 2);
        let first = &vex.statements()[0];
        assert_eq!(first.vulnerability, "CVE-2021-44228");
        assert_eq!(first.pointer, "/statements/0");
        assert_eq!(first.time.to_string(), "2026-03-01T09:00:00Z");
        assert_eq!(
            first.reason.as_deref(),
            Some("vulnerable_code_not_in_execute_path: JNDI lookups are removed from the jar.")
        );

        let log4j = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar";
        let app = "pkg:oci/app@sha256%3Aab?repository_url=ghcr.io%2Facme%2Fapp&arch=amd64";
        let documents = [vex];
        for (ids, package, artifact, expected) in [
            ("cve-2021-44228", log4j, "", Some(Status::NotAffected)),
            ("GHSA-JFH8-c2jp-5v3q", log4j, "", Some(Status::NotAffected)),
            ("CVE-2021-44229", log4j, "", None),
            (
                "CVE-2021-44228",
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.15.0",
                "",
                None,
            ),
            (
                "CVE-2021-44228",
                "pkg:maven/org.apache.logging.log4j/log4j-api@2.14.1",
                "",
                None,
            ),
            ("CVE-2021-44228", "", "", None),
            ("CVE-2021-44228", "log4j-core", "", None),
            (
                "CVE-2026-1001",
                "pkg:npm/lib@1.0.0",
                app,
                Some(Status::Fixed),
            ),
            ("CVE-2026-1001", "pkg:npm/lib@1.0.1", app, None),
            ("CVE-2026-1001", "pkg:npm/lib@1.0.0", "", None),
            (
                "CVE-2026-1001",
                "pkg:npm/lib@1.0.0",
                "pkg:oci/app@sha256:cd",
                None,
            ),
            (
                "CVE-2026-1002",
                "pkg:npm/lib@1.0.0",
                "",
                Some(Status::Unclear),
            ),
            (
                "CVE-2026-1003",
                "pkg:npm/lib@1.0.0",
                "",
                Some(Status::Affected),
            ),
            (
                "CVE-2026-1004",
                "pkg:npm/lib@1.0.0",
                "",
                Some(Status::UnderInvestigation),
            ),
            ("CVE-2026-1005", "pkg:npm/lib@1.0.0", app, None),
        ] {
            assert_eq!(
                status(&documents, ids, package, artifact),
                expected,
                "{ids} {package} {artifact}"
            );
        }
    }

    #[test]
    fn openvex_of_the_first_version_is_read() {
        let documents = [Vex::read("vex.json", fixture("openvex-0.0.1.json")).unwrap()];
        let git = "pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64";
        for (ids, package, artifact, expected) in [
            ("CVE-2023-12345", git, "", Some(Status::Fixed)),
            (
                "CVE-2023-12345",
                "pkg:apk/wolfi/git@2.39.0-r1?arch=s390x",
                "",
                None,
            ),
            ("CVE-2023-12345", "pkg:apk/wolfi/git@2.39.0-r1", "", None),
            (
                "CVE-2023-12346",
                git,
                "pkg:oci/app@sha256:ab",
                Some(Status::NotAffected),
            ),
            ("CVE-2023-12346", git, "", None),
        ] {
            assert_eq!(
                status(&documents, ids, package, artifact),
                expected,
                "{ids} {package} {artifact}"
            );
        }
    }

    #[test]
    fn an_old_claim_is_no_younger_because_the_document_was_updated() {
        let document = openvex(&format!(
            "{},{}",
            statement(r#""status":"fixed""#),
            statement(r#""status":"affected","timestamp":"2026-04-01T00:00:00Z""#)
        ))
        .replace(
            r#""statements""#,
            r#""last_updated":"2026-05-01T00:00:00Z","statements""#,
        );
        assert_eq!(status_in(&document), Some(Status::Affected));
    }

    #[test]
    fn what_is_not_all_of_an_openvex_document_is_refused() {
        let fixed = openvex(&statement(r#""status":"fixed""#));
        for (from, to, message) in [
            (
                r#""timestamp":"2026-03-01T00:00:00Z","#,
                "",
                "no `timestamp`",
            ),
            ("2026-03-01T", "2026-03-32T", "at `timestamp`, line 1"),
            (r#""statements""#, r#""claims""#, "no `statements`"),
            (
                r#"{"name":"CVE-2026-1"}"#,
                "{}",
                "at `statements[0].vulnerability`",
            ),
            (r#"{"name":"CVE-2026-1"}"#, "7", "expected a vulnerability"),
            (
                r#"{"name":"#,
                r#"{"name":"CVE-2","name":"#,
                "expected a vulnerability",
            ),
            (r#"[{"@id":"pkg:npm/x"}]"#, "[7]", "expected a product"),
            (
                r#"[{"@id":"pkg:npm/x"}]"#,
                "{}",
                "at `statements[0].products`",
            ),
            (
                r#"{"@id":"#,
                r#"{"@id":"pkg:npm/y","@id":"#,
                "expected a product",
            ),
            (r#""fixed""#, "7", "at `statements[0].status`"),
            (
                r#""status""#,
                r#""status":"affected","status""#,
                "duplicate field `status`",
            ),
            (
                r#""status":"#,
                r#""timestamp":"soon","status":"#,
                "expected a time",
            ),
            (
                r#""statements":["#,
                r#""statements":{"a":["#,
                "expected a list",
            ),
            (
                r#""@context""#,
                r#""timestamp":"2026-01-01T00:00:00Z","@context""#,
                "the key `timestamp` is given twice",
            ),
            (
                "https://openvex.dev/ns/v0.2.0",
                "https://schema.org",
                "not a VEX document: it looks like a JSON object",
            ),
        ] {
            assert_refused(&fixed, from, to, message);
        }
    }
}
