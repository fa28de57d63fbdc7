//! Dependency-Check's JSON and XML, for `Dependency Check Scan`, which takes XML
//! only.
//!
//! That parser fails on a package URL that is none, on a description that is
//! missing, and on a CVSS 2 score without a word. The JSON becomes the XML that
//! Dependency-Check writes itself: source, `xmlReport.vsl`.

use std::str::FromStr as _;

use packageurl::PackageUrl;
use serde_json::{Map, Value};

use super::changes::{HALF_CHARACTERS, MISSING, NAMESPACES, WORDS, WRONG_TYPE};
use super::json::scalar_text;
use super::xml::{Element, Writer};
use super::{Context, ConvertError, Out, Source};
use crate::finding::{CvssVersion, Severity};
use crate::parser::dependency_check::of_score;
use crate::parser::json::Kind;

const ROOT: &str = "analysis";
/// Of Dependency-Check 12.
const NAMESPACE: &str = "https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd";

const REWRITTEN: &str = "reports in JSON, rewritten as XML";
const LEFT_OUT: &str =
    "parts of the report besides dependencies, for which XML has no place, left out";
const PACKAGES: &str = "package URLs and CPEs that are none, left out";
const BRACKETS: &str = "CPEs in brackets, sent without";
const SCORED: &str = "vulnerabilities without a severity, sent with that of their scores";
const UNKNOWN: &str = "vulnerabilities of unknown severity, which DefectDojo files as `Medium`";

pub(super) fn convert_xml(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    source.copy_xml(context, out, |writer, xml| {
        xml.root()?;
        let attributes = xml.attributes()?;
        let mut namespace = attributes
            .into_iter()
            .find(|(name, value)| name.starts_with("xmlns") && value.contains("dependency-check"));
        if let Some((name, _)) = namespace.as_mut().filter(|(name, _)| name != "xmlns") {
            // The server's parser looks for all elements where the root is.
            "xmlns".clone_into(name);
            writer.context.changes.add(NAMESPACES);
        }
        writer.start(ROOT, namespace.as_slice());
        xml.children(|xml| {
            if xml.name() == "dependencies" {
                writer.start("dependencies", &[]);
                xml.children(|xml| {
                    let mut dependency = xml.tree()?;
                    mend_dependency(writer.context, &mut dependency);
                    writer.element(&dependency);
                    writer.goes_on()
                })?;
                writer.end("dependencies");
            } else {
                let mut part = xml.tree()?;
                mend_date(writer.context, &mut part);
                writer.element(&part);
            }
            Ok(())
        })?;
        writer.end(ROOT);
        Ok(())
    })
}

pub(super) fn convert_json(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    source.begin(out)?;
    let mut writer = Writer::new(context, out);
    writer.context.changes.add(REWRITTEN);
    writer.start(ROOT, &[("xmlns".to_owned(), NAMESPACE.to_owned())]);
    let has_repairs = source.read_json(|json| {
        json.object(|json, key| {
            match key {
                "scanInfo" => {
                    let info = json.value::<Map<String, Value>>()?;
                    writer.element(&scan_info(&info));
                }
                "projectInfo" if json.kind()? == Kind::Object => {
                    let mut project = Element::of_json(key, &json.value::<Value>()?, "item");
                    mend_date(writer.context, &mut project);
                    writer.element(&project);
                }
                "dependencies" => {
                    writer.start(key, &[]);
                    json.array(|json| {
                        let members = json.value::<Map<String, Value>>()?;
                        let mut dependency = dependency(&members);
                        mend_dependency(writer.context, &mut dependency);
                        writer.element(&dependency);
                        Ok(())
                    })?;
                    writer.end(key);
                }
                // The same in all versions.
                "reportSchema" => {}
                _ => writer.context.changes.add(LEFT_OUT),
            }
            Ok(())
        })
    })?;
    writer.end(ROOT);
    if has_repairs {
        context.changes.add(HALF_CHARACTERS);
    }
    Ok(())
}

/// The entries of a list; none of anything else.
fn list<'a>(members: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    let list = members.get(key).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// An element with these members as attributes and the others as children.
fn with_attributes(name: &str, value: &Value, attributes: &[&str]) -> Element {
    let mut element = Element::new(name);
    if let Value::Object(members) = value {
        for &key in attributes {
            if let Some(text) = members.get(key).and_then(scalar_text) {
                element.set_attribute(key, text);
            }
        }
        element.take_members(members, attributes);
    }
    element
}

/// An element of this name around others, unless there are none.
fn around(name: &str, children: impl Iterator<Item = Element>) -> Option<Element> {
    let children: Vec<_> = children.collect();
    (!children.is_empty()).then(|| Element {
        children,
        ..Element::new(name)
    })
}

fn scan_info(members: &Map<String, Value>) -> Element {
    let mut info = Element::new("scanInfo");
    info.take_members(members, &["dataSource", "analysisExceptions"]);
    let sources = list(members, "dataSource");
    info.children
        .extend(sources.map(|source| Element::of_json("dataSource", source, "item")));
    let exceptions = list(members, "analysisExceptions").map(|entry| {
        let exception = entry.get("exception").unwrap_or(entry);
        Element::of_json("exception", exception, "trace")
    });
    info.children
        .extend(around("analysisExceptions", exceptions));
    info
}

fn dependency(members: &Map<String, Value>) -> Element {
    const ELSEWHERE: [&str; 11] = [
        "isVirtual",
        "projectReferences",
        "includedBy",
        "relatedDependencies",
        "evidenceCollected",
        "packages",
        "vulnerabilityIds",
        "suppressedVulnerabilityIds",
        "identifiers",
        "vulnerabilities",
        "suppressedVulnerabilities",
    ];
    let mut dependency = Element::new("dependency");
    if let Some(is_virtual) = members.get("isVirtual").and_then(scalar_text) {
        dependency.set_attribute("isVirtual", is_virtual);
    }
    dependency.take_members(members, &ELSEWHERE);
    let references = list(members, "projectReferences")
        .map(|reference| Element::of_json("projectReference", reference, "item"));
    let included_by =
        list(members, "includedBy").map(|entry| Element::of_json("reference", entry, "item"));
    let related = list(members, "relatedDependencies").map(related);
    let evidence = ["vendorEvidence", "productEvidence", "versionEvidence"];
    let collected = members.get("evidenceCollected").and_then(Value::as_object);
    let collected = collected.into_iter().flat_map(|collected| {
        let entries = evidence.iter().flat_map(|kind| list(collected, kind));
        entries.map(|entry| with_attributes("evidence", entry, &["type", "confidence"]))
    });
    let identifiers = [
        ("packages", "package"),
        ("vulnerabilityIds", "vulnerabilityIds"),
        ("suppressedVulnerabilityIds", "suppressedVulnerabilityIds"),
        ("identifiers", "identifier"),
    ];
    let identifiers = identifiers.into_iter().flat_map(|(key, name)| {
        list(members, key).map(move |entry| with_attributes(name, entry, &["type", "confidence"]))
    });
    let vulnerabilities = [
        ("vulnerabilities", "vulnerability"),
        ("suppressedVulnerabilities", "suppressedVulnerability"),
    ];
    let vulnerabilities = vulnerabilities.into_iter().flat_map(|(key, name)| {
        let entries = list(members, key).filter_map(Value::as_object);
        entries.map(move |entry| vulnerability(name, entry))
    });
    let parts = [
        around("projectReferences", references),
        around("includedBy", included_by),
        around("relatedDependencies", related),
        around("evidenceCollected", collected),
        around("identifiers", identifiers),
        around("vulnerabilities", vulnerabilities),
    ];
    dependency.children.extend(parts.into_iter().flatten());
    dependency
}

fn related(entry: &Value) -> Element {
    let mut related = with_attributes("relatedDependency", entry, &["isVirtual"]);
    for part in &mut related.children {
        if part.name == "packageIds" {
            "identifiers".clone_into(&mut part.name);
            for package in &mut part.children {
                "package".clone_into(&mut package.name);
            }
        }
    }
    related
}

fn vulnerability(name: &str, members: &Map<String, Value>) -> Element {
    const TEXTS: [&str; 3] = ["name", "description", "notes"];
    const ELSEWHERE: [&str; 12] = [
        "name",
        "description",
        "notes",
        "source",
        "severity",
        "unscored",
        "cvssv2",
        "cvssv3",
        "cvssv4",
        "cwes",
        "references",
        "vulnerableSoftware",
    ];
    let mut vulnerability = Element::new(name);
    let text = |key: &str| members.get(key).and_then(scalar_text);
    if let Some(source) = text("source") {
        vulnerability.set_attribute("source", source);
    }
    let texts = TEXTS.into_iter().filter(|key| members.contains_key(*key));
    let mut parts: Vec<_> = texts
        .map(|key| Element::with_text(key, text(key).unwrap_or_default()))
        .collect();
    match members.get("severity") {
        None | Some(Value::Null) => {}
        Some(word) => {
            // What is no word is none that is known.
            let mut severity = Element::with_text("severity", word.as_str().unwrap_or("unknown"));
            if let Some(unscored) = text("unscored") {
                severity.set_attribute("unscored", unscored);
            }
            parts.push(severity);
        }
    }
    for (key, name) in [
        ("cvssv2", "cvssV2"),
        ("cvssv3", "cvssV3"),
        ("cvssv4", "cvssV4"),
    ] {
        if let Some(score @ Value::Object(_)) = members.get(key) {
            parts.push(Element::of_json(name, score, "item"));
        }
    }
    let weaknesses = match members.get("cwes") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let weaknesses = weaknesses.iter().filter_map(scalar_text);
    let weaknesses = weaknesses.map(|text| Element::with_text("cwe", text));
    let references =
        list(members, "references").map(|entry| Element::of_json("reference", entry, "item"));
    let software = list(members, "vulnerableSoftware").filter_map(software);
    parts.extend(around("cwes", weaknesses));
    parts.extend(around("references", references));
    parts.extend(around("vulnerableSoftware", software));
    vulnerability.children = parts;
    vulnerability.take_members(members, &ELSEWHERE);
    vulnerability
}

/// A name before 5.0; since then an object with a range, which XML has as
/// attributes.
fn software(entry: &Value) -> Option<Element> {
    let software = entry.get("software")?;
    let Value::Object(members) = software else {
        return Some(Element::with_text("software", scalar_text(software)?));
    };
    let mut element = Element::new("software");
    for (key, value) in members {
        let Some(text) = scalar_text(value) else {
            continue;
        };
        if key == "id" {
            element.text = text;
        } else if key.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            element.set_attribute(key, text);
        }
    }
    Some(element)
}

/// A date without a digit is none; the server's parser fails on it.
fn mend_date(context: &mut Context<'_>, part: &mut Element) {
    let is_bad = |child: &Element| {
        let text = child.text.trim();
        child.name == "reportDate"
            && !text.is_empty()
            && !text.contains(|c: char| c.is_ascii_digit())
    };
    if part.name == "projectInfo" && part.children.iter().any(is_bad) {
        part.children.retain(|child| !is_bad(child));
        context.changes.add(WRONG_TYPE);
    }
}

fn mend_dependency(context: &mut Context<'_>, dependency: &mut Element) {
    if let Some(identifiers) = dependency.child_mut("identifiers") {
        for identifier in &mut identifiers.children {
            mend_brackets(context, identifier);
        }
        let before = identifiers.children.len();
        identifiers.children.retain(is_readable);
        let left_out = before - identifiers.children.len();
        context.changes.add_many(PACKAGES, left_out as u64);
    }
    if let Some(vulnerabilities) = dependency.child_mut("vulnerabilities") {
        for vulnerability in &mut vulnerabilities.children {
            mend_vulnerability(context, vulnerability);
        }
    }
}

fn is_cpe(identifier: &Element) -> bool {
    identifier.name == "identifier" && identifier.attribute("type") == Some("cpe")
}

fn mend_brackets(context: &mut Context<'_>, identifier: &mut Element) {
    if !is_cpe(identifier) {
        return;
    }
    if let Some(name) = identifier.child_mut("name") {
        let plain = name.text.trim().trim_matches(['(', ')']);
        if plain != name.text.trim() {
            name.text = plain.to_owned();
            context.changes.add(BRACKETS);
        }
    }
}

/// Whether the server makes something of it, or nothing, but does not fail.
fn is_readable(identifier: &Element) -> bool {
    if identifier.name == "package" {
        PackageUrl::from_str(identifier.child_text("id")).is_ok()
    } else if is_cpe(identifier) {
        let name = identifier.child_text("name");
        name.starts_with("cpe:/") || name.starts_with("cpe:2.3:")
    } else {
        true
    }
}

fn mend_vulnerability(context: &mut Context<'_>, vulnerability: &mut Element) {
    if vulnerability.child("description").is_none() {
        vulnerability.children.push(Element::new("description"));
        context.changes.add(MISSING);
    }
    mend_severity(context, vulnerability);
    // It outdoes the other, and must be a word at least.
    let word = vulnerability.child_text("severity").to_owned();
    if let Some(score) = vulnerability.child_mut("cvssV2")
        && score.child("severity").is_none()
    {
        score
            .children
            .push(Element::with_text("severity", word.to_ascii_uppercase()));
        context.changes.add(MISSING);
    }
}

/// Writes a severity in one of the words that the server's parser has, if we
/// know what it means.
fn mend_severity(context: &mut Context<'_>, vulnerability: &mut Element) {
    const KNOWN: [&str; 6] = ["info", "low", "moderate", "medium", "high", "critical"];
    let by_score = severity_by_score(vulnerability);
    if vulnerability.child("severity").is_none() {
        match by_score {
            Severity::Unknown => return context.caveats.add(UNKNOWN),
            _ => vulnerability.children.push(Element::new("severity")),
        }
    }
    let Some(severity) = vulnerability.child_mut("severity") else {
        return;
    };
    let word = severity.text.trim().to_ascii_lowercase();
    let is_unscored = severity
        .attribute("unscored")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    let meant = match word.as_str() {
        known if KNOWN.contains(&known) => return,
        "" => by_score,
        "informational" | "none" => Severity::Info,
        score if is_unscored => of_score(score),
        _ => Severity::Unknown,
    };
    if meant == Severity::Unknown {
        context.caveats.add(UNKNOWN);
    } else {
        meant.name().clone_into(&mut severity.text);
        context
            .changes
            .add(if word.is_empty() { SCORED } else { WORDS });
    }
}

/// The severity by the score of the highest version that has one. 0 also stands
/// for a score that was not given: it yields to any other.
fn severity_by_score(vulnerability: &Element) -> Severity {
    let number = |element: Option<&Element>, name: &str| {
        let number = element?.child_text(name).parse().ok();
        number.filter(|number: &f64| (0.0..=10.0).contains(number))
    };
    let of = |name: &str| {
        let score = vulnerability.child(name);
        number(score, "baseScore").or_else(|| number(score, "score"))
    };
    let old = number(Some(vulnerability), "cvssScore").filter(|score| *score > 0.0);
    let scores = [
        (CvssVersion::V4, of("cvssV4")),
        (CvssVersion::V3, of("cvssV3")),
        (CvssVersion::V2, of("cvssV2")),
        (CvssVersion::V2, old),
    ];
    let given = || {
        let scores = scores.into_iter();
        scores.filter_map(|(version, score)| Some((version, score?)))
    };
    let best = given().find(|(_, score)| *score > 0.0).or(given().next());
    best.map_or(Severity::Unknown, |(version, score)| {
        Severity::from_cvss(version, score)
    })
}
