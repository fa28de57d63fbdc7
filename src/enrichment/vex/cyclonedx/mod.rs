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

/// Why something is not affected, in the words of the specification.
const JUSTIFICATIONS: [&str; 9] = [
    "code_not_present",
    "code_not_reachable",
    "requires_configuration",
    "requires_dependency",
    "requires_environment",
    "protected_by_compiler",
    "protected_at_runtime",
    "protected_at_perimeter",
    "protected_by_mitigating_control",
];

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

/// What the document is about.
struct Product {
    bom_ref: Option<String>,
    purl: Option<Purl>,
}

#[derive(Default)]
struct Components {
    /// Their package URLs, by their names in this document.
    purls: HashMap<String, Option<Purl>>,
    /// The product of which all others are parts, where the document says so.
    product: Option<Product>,
}

impl Components {
    /// Two components of one name would make a statement about one hold for the
    /// other.
    fn add(&mut self, json: &Json, component: Component) -> Result<(), ParseError> {
        if let Some(name) = component.bom_ref {
            let purl = component.purl.as_deref().and_then(Purl::parse);
            if self.purls.insert(name.clone(), purl).is_some() {
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

    /// Takes the component of the metadata, which is the product.
    fn add_product(&mut self, json: &Json, component: Component) -> Result<(), ParseError> {
        self.product = Some(Product {
            bom_ref: component.bom_ref.clone(),
            purl: component.purl.as_deref().and_then(Purl::parse),
        });
        self.add(json, component)
    }

    /// What a reference is about, once it is known what it names. What is said of
    /// a component in one product says nothing of it in others.
    fn target(&self, reference: Option<&str>, purl: Option<Purl>) -> Target {
        match &self.product {
            Some(product) if !product.is_named(reference) => Target {
                product: product.purl.clone(),
                parts: Some(vec![purl]),
            },
            _ => Target {
                product: purl,
                parts: None,
            },
        }
    }

    /// What a reference names: a component of this document, or a package URL,
    /// alone or as a BOM-Link into another document (`urn:cdx:SERIAL/VERSION#REF`).
    fn resolve(&self, reference: &str) -> Option<Purl> {
        if let Some(purl) = self.purls.get(reference) {
            return purl.clone();
        }
        named_purl(reference)
    }
}

/// The package URL that a reference is, or that a BOM-Link names.
fn named_purl(reference: &str) -> Option<Purl> {
    match reference.strip_prefix("urn:cdx:") {
        None => Purl::parse(reference),
        Some(link) => {
            let (_, name) = link.split_once('#')?;
            Purl::parse(name).or_else(|| Purl::parse(&percent_decode_str(name).decode_utf8().ok()?))
        }
    }
}

impl Product {
    /// Whether a reference names the product itself, by its name in this document
    /// or by its package URL.
    fn is_named(&self, reference: Option<&str>) -> bool {
        reference.is_some_and(|reference| {
            self.bom_ref.as_deref() == Some(reference)
                || self.purl.is_some() && self.purl == named_purl(reference)
        })
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
                    components.add_product(json, component)?;
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
            notes.of_statement(|notes| {
                vulnerability.into_statements(&pointer, date, &components, notes)
            })
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
        let label = analysis
            .justification
            .filter(|label| JUSTIFICATIONS.contains(&label.as_str()));
        let text = analysis.detail.filter(|text| !text.trim().is_empty());
        let has_reason = label.is_some() || text.is_some();
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
        let mut is_unjustified = false;
        let mut add = |status: Status, reference: Option<&str>, purl| {
            let target = components.target(reference, purl);
            let status = match status {
                Status::NotAffected if !has_reason => {
                    is_unjustified = true;
                    Status::Unclear
                }
                status => status,
            };
            targets.entry(status).or_default().push(target);
        };
        if self.affects.0.is_empty() {
            add(state, None, None);
        }
        for affected in self.affects.0 {
            let reference = Some(affected.reference.as_str());
            let purl = components.resolve(&affected.reference);
            if affected.versions.0.is_empty() {
                add(state, reference, purl.clone());
            }
            for version in &affected.versions.0 {
                let status = status_of(version.status.as_deref(), state);
                has_ranges |= version.version.is_none();
                match (&purl, &version.version) {
                    (None, _) => add(status, reference, None),
                    (Some(purl), Some(version)) => {
                        if let Some(purl) = purl.in_version(version) {
                            add(status, reference, Some(purl));
                        }
                    }
                    // A range says less than we would need to let a finding go,
                    // and enough to keep it.
                    (Some(purl), None) if !status.suppresses() => {
                        add(status, reference, Some(purl.clone()));
                    }
                    (Some(_), None) => {}
                }
            }
        }
        if is_unjustified {
            notes.unjustified.add(|| &vulnerability);
        }
        if targets.values().flatten().any(Target::is_unnamed) {
            notes.without_product.add(|| &vulnerability);
        }
        if has_ranges {
            notes.ranges.add(|| &vulnerability);
        }
        let reason: Vec<_> = [label, text].into_iter().flatten().collect();
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
mod tests;
