//! Trivy JSON (`trivy image`, `fs`, `repo`, `config`, `k8s … --format json`).
//!
//! Source of the format: Trivy's `pkg/types/report.go` and, for clusters,
//! `pkg/k8s/report/report.go`.

use super::fields::{Number, Text, Texts, timestamp};
use super::json::{self, Json};
use super::{Emitter, Format, Parse, ParseError, Parser, Untyped};
use crate::finding::{Category, Severity};
use crate::report::Scan;
use crate::scanner::{self, Detail};
use place::without_user_info;
use result::Tally;

mod cluster;
mod entries;
mod place;
mod result;

pub(super) const PARSER: Parser = Parser {
    scanner: "trivy",
    lane: "image-security",
    kinds: &[
        scanner::Kind {
            category: Category::Sca,
            severities: &Severity::ALL,
            details: &[
                Detail::Cwe,
                Detail::Vulnerability,
                Detail::Cvss,
                Detail::Fix,
                Detail::Package,
                Detail::Path,
            ],
        },
        scanner::Kind {
            category: Category::Misconfiguration,
            severities: &Severity::ALL,
            details: &[Detail::Path],
        },
        scanner::Kind {
            category: Category::Secret,
            severities: &Severity::ALL,
            details: &[Detail::Path],
        },
        scanner::Kind {
            category: Category::License,
            severities: &Severity::ALL,
            details: &[Detail::Package, Detail::Path],
        },
    ],
    tells_target: true,
    programs: &["trivy"],
    formats: &[
        Format {
            name: "trivy-json",
            recognize: |outline| {
                let is_named = outline.has("ArtifactName") || outline.has("ArtifactType");
                outline.has("SchemaVersion") && is_named
                    // Versions before 0.20, and scans of accounts.
                    || outline.has_in("Results", "Target")
                        && ENVELOPE.iter().any(|key| outline.has(key))
            },
            untyped: &[],
            parse: Parse::Json(parse),
        },
        Format {
            name: "trivy-k8s-json",
            recognize: |outline| {
                outline.has("ClusterName") && RESOURCES.iter().any(|key| outline.has(key))
                    || outline.has_only(&["ClusterName"])
            },
            untyped: &[],
            parse: Parse::Json(cluster::parse),
        },
        Format {
            name: "trivy-json-legacy",
            recognize: |outline| {
                ["Vulnerabilities", "Type", "Class", "Misconfigurations"]
                    .iter()
                    .any(|key| outline.is_array_of(&["Target", key]))
            },
            untyped: &[Untyped::Null],
            parse: Parse::Json(parse_legacy),
        },
    ],
};

/// What a report says of itself, one of which it must.
const ENVELOPE: [&str; 5] = [
    "ArtifactName",
    "ArtifactType",
    "ImageID",
    "RepoTags",
    "RepoDigests",
];

/// Where reports of clusters have their resources: all reports, summaries, and
/// twice in those of 2022.
const RESOURCES: [&str; 4] = [
    "Resources",
    "Findings",
    "Vulnerabilities",
    "Misconfigurations",
];

fn parse(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut tally = Tally::default();
    let mut system = System::default();
    let mut is_versioned = false;
    let mut has_envelope = false;
    let mut artifact_type = String::new();
    let mut names = Names::default();
    json.object(|json, key| {
        has_envelope |= ENVELOPE.contains(&key);
        match key {
            "SchemaVersion" => {
                is_versioned = true;
                schema_version(json)
            }
            "Trivy" if is_object(json)? => json.object(|json, key| {
                if key == "Version" {
                    scan.version = json.value::<Text<'_>>()?.owned();
                }
                Ok(())
            }),
            "CreatedAt" => {
                let text = json.value::<Text<'_>>()?;
                created_at(&text, &mut scan);
                Ok(())
            }
            "ArtifactName" => {
                let name = json.value::<String>()?;
                scan.target = Some(without_user_info(&name)).filter(|name| !name.is_empty());
                names.add(&name);
                Ok(())
            }
            "ArtifactType" => {
                artifact_type = json.value()?;
                Ok(())
            }
            "RepoTags" => {
                let tags = json.value::<Texts<'_>>()?;
                let tags = tags.borrowed();
                for tag in &tags {
                    names.add(tag);
                }
                let first = || tags.first().map(ToString::to_string);
                scan.target = scan.target.take().or_else(first);
                Ok(())
            }
            "RepoDigests" | "ImageID" => names.read(json),
            "Metadata" if is_object(json)? => system.read(json, &mut names),
            "Results" => json.array_or_null(|json| result::read(json, &mut tally, emitter)),
            _ => Ok(()),
        }
    })?;
    if !has_envelope {
        return Err(json
            .error("neither `ArtifactName` nor `ArtifactType`: this is not a whole Trivy report"));
    }
    if !is_versioned && tally.results == 0 {
        return Err(
            json.error("neither `SchemaVersion` nor any result: this is not a whole Trivy report")
        );
    }
    let is_image = artifact_type == "container_image";
    let is_blank = is_image && tally.results == 0 && system.family.is_none();
    if is_blank {
        scan.degrade("neither an operating system nor packages were detected: was the image empty, or not reached?");
    } else if tally.results == 0 {
        scan.note(
            "no results: Trivy found nothing to report, or nothing that it knows how to check",
        );
    }
    system.judge(&mut scan);
    let of_system = system.family.as_deref().unwrap_or("the operating system");
    if is_image && !is_blank && !tally.has_system && !system.is_unknown {
        scan.note(format!("no result for the packages of {of_system}"));
    }
    tally.judge(&mut scan);
    scan.artifacts = Some(names.0);
    Ok(scan)
}

/// By what an artifact is known: names with tags, names with digests, digests.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn read(&mut self, json: &mut Json) -> Result<(), ParseError> {
        for name in json.value::<Texts<'_>>()?.borrowed() {
            self.add(&name);
        }
        Ok(())
    }

    /// The digest of `NAME@DIGEST` is a name of its own.
    fn add(&mut self, name: &str) {
        const MOST: usize = 100;
        let digest = name.rsplit_once('@').map(|(_, digest)| digest);
        let digest = digest.filter(|digest| digest.starts_with("sha256:"));
        let name = without_user_info(name);
        for name in [Some(name.as_str()), digest].into_iter().flatten() {
            let is_known = self.0.iter().any(|known| known == name);
            if !name.is_empty() && !is_known && self.0.len() < MOST {
                self.0.push(name.to_owned());
            }
        }
    }
}

/// The list of results before 0.20, `null` without any.
fn parse_legacy(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut tally = Tally::default();
    json.array_or_null(|json| result::read(json, &mut tally, emitter))?;
    if tally.results == 0 {
        scan.degrade("no results, as old versions of Trivy write when they find nothing to check");
    }
    tally.judge(&mut scan);
    scan.artifacts = Some(Vec::new());
    Ok(scan)
}

fn schema_version(json: &mut Json) -> Result<(), ParseError> {
    if json.kind()? != json::Kind::Number {
        return Err(json.error("the schema version of a Trivy report is a number"));
    }
    match json.value::<Number>()?.0 {
        Some(2.0) => Ok(()),
        version => Err(json.error(format!(
            "version {} of Trivy's schema is not known; 2 is",
            version.unwrap_or_default()
        ))),
    }
}

/// When the report was written. Go's zero time is none.
fn created_at(text: &str, scan: &mut Scan) {
    if text.is_empty() || text.starts_with("0001-01-01T") {
        return;
    }
    scan.generated_at = timestamp(text);
    if scan.generated_at.is_none() {
        scan.note("the time in `CreatedAt` is not readable");
    }
}

fn is_object(json: &mut Json) -> Result<bool, ParseError> {
    Ok(json.kind()? == json::Kind::Object)
}

/// Walks a list of objects; Go writes an empty one as `null`.
fn objects(
    json: &mut Json,
    mut object: impl FnMut(&mut Json) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    json.array_or_null(|json| {
        if is_object(json)? {
            object(json)
        } else {
            Err(json.error("expected an object"))
        }
    })
}

/// The operating system of an artifact.
#[derive(Default)]
struct System {
    family: Option<String>,
    name: String,
    is_out_of_support: bool,
    /// Whether there are packages of a system that Trivy does not know.
    is_unknown: bool,
}

impl System {
    fn read(&mut self, json: &mut Json, names: &mut Names) -> Result<(), ParseError> {
        json.object(|json, key| match key {
            "RepoTags" | "RepoDigests" | "ImageID" => names.read(json),
            "OS" if is_object(json)? => json.object(|json, key| {
                match key {
                    "Family" => {
                        self.family = json.value::<Text<'_>>()?.owned();
                        self.is_unknown |= self.family.as_deref() == Some("none");
                    }
                    "Name" => self.name = json.value::<Text<'_>>()?.to_string(),
                    "EOSL" => self.is_out_of_support |= &*json.value::<Text<'_>>()? == "true",
                    _ => {}
                }
                Ok(())
            }),
            _ => Ok(()),
        })
    }

    fn judge(&self, scan: &mut Scan) {
        if self.is_out_of_support {
            scan.degrade(format!(
                "{} {} is out of support: its new vulnerabilities are not reported",
                self.family.as_deref().unwrap_or("the operating system"),
                self.name
            ));
        }
        if self.is_unknown {
            scan.degrade("the operating system was not recognized: its packages were not checked");
        }
    }
}

/// A name for a list of examples.
fn named(name: &str) -> &str {
    match name.trim() {
        "" => "one without a name",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use crate::parser::{Options, by_name, testing};
    use crate::report::Health;

    type Read = Result<(Scan, Vec<Finding<'static>>), String>;

    fn read_as(text: &str, scanner: Option<&str>) -> Read {
        testing::read_with(
            text,
            "trivy.json",
            scanner.and_then(by_name),
            &Options::default(),
        )
    }

    pub(super) fn read(text: &str) -> Read {
        read_as(text, None)
    }

    /// A report with this in its list of results.
    pub(super) fn report(results: &str) -> String {
        format!(
            r#"{{"SchemaVersion":2,"ArtifactName":"app","ArtifactType":"filesystem","Results":[{results}]}}"#
        )
    }

    pub(super) fn notes(text: &str) -> Vec<(Health, String)> {
        let (scan, _) = read(text).unwrap();
        scan.notes
            .into_iter()
            .map(|note| (note.effect, note.text))
            .collect()
    }

    const RESULT: &str = r#"{"Target":"go.mod","Class":"lang-pkgs","Type":"gomod",
        "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"x","Severity":"HIGH"}]}"#;

    #[test]
    fn every_shape_of_report_is_known_by_its_content() {
        for (text, format, target) in [
            (report(RESULT), "trivy-json", Some("app")),
            (
                format!(r#"{{"ImageID":"sha256:1","RepoTags":["app:1"],"Results":[{RESULT}]}}"#),
                "trivy-json",
                Some("app:1"),
            ),
            (
                format!(
                    r#"{{"ArtifactName":"123","ArtifactType":"aws_account","Results":[{RESULT}]}}"#
                ),
                "trivy-json",
                Some("123"),
            ),
            (format!("[{RESULT}]"), "trivy-json-legacy", None),
            (
                format!(
                    r#"{{"ClusterName":"c","Resources":[{{"Kind":"Pod","Name":"p","Results":[{RESULT}]}}]}}"#
                ),
                "trivy-k8s-json",
                Some("c"),
            ),
        ] {
            let (scan, findings) = read(&text).unwrap();
            assert_eq!(scan.format, format, "{text}");
            assert_eq!(scan.target.as_deref(), target, "{text}");
            assert_eq!(scan.health(), Health::Complete, "{scan:?}");
            assert_eq!(findings.len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_no_whole_report_is_refused() {
        let whole = report(RESULT);
        for (text, message) in [
            ("{}".to_owned(), "`ArtifactName`"),
            (r#"{"Results":[]}"#.to_owned(), "`ArtifactName`"),
            (format!(r#"{{"Results":[{RESULT}]}}"#), "`ArtifactName`"),
            (r#"{"SchemaVersion":2}"#.to_owned(), "`ArtifactName`"),
            (
                r#"{"ArtifactName":"x","ArtifactType":"y"}"#.to_owned(),
                "neither `SchemaVersion`",
            ),
            (whole.replace(":2,", ":3,"), "version 3 of"),
            (whole.replace(":2,", ":2.5,"), "version 2.5 of"),
            (whole.replace(":2,", r#":"2","#), "is a number"),
            (whole.replace(":2,", ":null,"), "is a number"),
            (whole.replace(r#""app""#, "7"), "ArtifactName"),
            (whole.replace(r#""app""#, "null"), "ArtifactName"),
            (whole.replace(r#""go.mod""#, "null"), "Results[0].Target"),
            (whole.replace(r#""Target""#, r#""T""#), "without `Target`"),
            (whole.replace("[{\"Target", "{\"a\":[{\"Target"), "expected"),
            (report("null"), "expected an object, found `null`"),
            (report("[]"), "expected an object, found a list"),
            (
                whole.replace(r#"[{"Vulner"#, r#"["x",{"Vulner"#),
                "expected an object",
            ),
            (
                whole.replace(r#"[{"Vulner"#, r#"[[],{"Vulner"#),
                "expected an object",
            ),
            (
                whole.replace(r#"[{"Vulner"#, r#"{"a":[{"Vulner"#),
                "expected a list",
            ),
            (whole.replace("}]}]}", "}]}]"), "cut off"),
            (format!("{whole}{whole}"), "second document"),
            ("[]".to_owned(), "never writes"),
            ("[1]".to_owned(), "expected an object"),
            (format!("[{RESULT},7]"), "[1]"),
            (
                r#"{"ID":"cis","Title":"CIS","Results":[{"ID":"1","Results":[]}]}"#.to_owned(),
                "compliance report",
            ),
        ] {
            let error = read_as(&text, Some("trivy")).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
            assert!(read(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn null_is_a_report_only_where_one_is_declared() {
        assert!(read("null").is_err());
        let (scan, findings) = read_as("null", Some("trivy")).unwrap();
        assert_eq!(scan.format, "trivy-json-legacy");
        assert_eq!(scan.health(), Health::Degraded);
        assert!(findings.is_empty());
    }

    #[test]
    fn a_report_without_results_is_whole() {
        for text in [
            report(""),
            report("").replace("[]", "null"),
            report("").replace(r#","Results":[]"#, ""),
        ] {
            let notes = notes(&text);
            assert_eq!(notes.len(), 1, "{notes:?}");
            assert_eq!(notes[0].0, Health::Complete);
        }
    }

    #[test]
    fn an_image_says_what_was_not_checked() {
        const SYSTEM: &str = r#"{"Target":"app:1 (debian 12)","Class":"os-pkgs"}"#;
        for (metadata, results, expected) in [
            (r#"{"OS":{"Family":"debian","Name":"12"}}"#, SYSTEM, None),
            (
                r#"{"OS":{"Family":"debian","Name":"8","EOSL":true}}"#,
                SYSTEM,
                Some((Health::Degraded, "debian 8 is out of support")),
            ),
            (
                r#"{"OS":{"Family":"none"}}"#,
                RESULT,
                Some((Health::Degraded, "not recognized")),
            ),
            (
                r#"{"OS":{"Family":"debian","Name":"12"}}"#,
                RESULT,
                Some((Health::Complete, "no result for the packages of debian")),
            ),
            (
                "{}",
                RESULT,
                Some((Health::Complete, "no result for the packages of the")),
            ),
            ("null", SYSTEM, None),
            (
                "{}",
                "",
                Some((Health::Degraded, "neither an operating system")),
            ),
        ] {
            let text = report(results).replace(
                r#""filesystem""#,
                &format!(r#""container_image","Metadata":{metadata}"#),
            );
            let notes = notes(&text);
            assert_eq!(notes.len(), usize::from(expected.is_some()), "{notes:?}");
            if let Some((health, message)) = expected {
                assert_eq!(notes[0].0, health, "{notes:?}");
                assert!(notes[0].1.contains(message), "{notes:?}");
            }
        }
    }

    #[test]
    fn an_image_without_results_was_looked_at_if_its_system_is_known() {
        let text = report("").replace(
            r#""filesystem""#,
            r#""container_image","Metadata":{"OS":{"Family":"alpine","Name":"3.20"}}"#,
        );
        let notes = notes(&text);
        assert!(!notes.is_empty());
        assert!(notes.iter().all(|(health, _)| *health == Health::Complete));
    }

    #[test]
    fn a_report_says_when_and_by_what_it_was_written() {
        for (created_at, expected) in [
            (
                "2026-01-05T10:00:00.5+01:00",
                Some("2026-01-05T09:00:00.5Z"),
            ),
            ("2026-01-05T10:00:00Z", Some("2026-01-05T10:00:00Z")),
            ("2026-01-05T10:00:00", Some("2026-01-05T10:00:00Z")),
            ("0001-01-01T00:00:00Z", None),
            ("yesterday", None),
        ] {
            let text = report(RESULT).replace(
                r#""Results""#,
                &format!(r#""CreatedAt":"{created_at}","Trivy":{{"Version":"0.70.0"}},"Results""#),
            );
            let (scan, _) = read(&text).unwrap();
            assert_eq!(
                scan.generated_at.map(|time| time.to_string()).as_deref(),
                expected
            );
            assert_eq!(scan.notes.len(), usize::from(created_at == "yesterday"));
            assert_eq!(scan.version.as_deref(), Some("0.70.0"));
        }
    }

    #[test]
    fn a_password_in_the_address_of_a_repository_is_left_out() {
        let text = report(RESULT).replace("\"app\"", r#""https://me:pa55@git.example/a.git""#);
        let (scan, _) = read(&text).unwrap();
        assert_eq!(
            scan.target.as_deref(),
            Some("https://***@git.example/a.git")
        );
    }
}
