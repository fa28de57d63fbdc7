//! Statements of the Vulnerability Exploitability eXchange (VEX): whether a
//! vulnerability affects a product, as its maker or somebody else says.
//!
//! One file per format makes [`Statement`]s; [`lookup`] finds the one that holds
//! for a finding. A statement can take a finding out of the decision, so one that
//! does holds only for exactly what it names, and what is unclear about its meaning
//! suppresses nothing. One that takes such a claim back holds for all that it may
//! be about.

use std::cmp::Ordering;
use std::collections::HashMap;

use jiff::Timestamp;

use super::{Error, Kind, Origin, json};
use crate::artifact::Window;
use crate::parser::examples::Examples;
use crate::parser::outline::Outline;
use crate::parser::recognize;

mod cyclonedx;
mod openvex;
mod product;

use product::{Purl, Target};

const KIND: Kind = Kind {
    name: "a VEX document",
    mend: "give OpenVEX, or CycloneDX as JSON",
    is: |outline| recognize::is_openvex(outline) || is_cyclonedx_json(outline),
};

fn is_cyclonedx_json(outline: &Outline) -> bool {
    recognize::is_cyclonedx(outline) && outline.has("bomFormat")
}

/// A document with statements.
#[derive(Debug, Clone, PartialEq)]
pub struct Vex {
    /// The file, and when the document was last changed.
    pub origin: Origin,
    /// `openvex` or `cyclonedx`.
    pub format: &'static str,
    /// What in the document has no effect, or less than its author may think.
    pub notes: Vec<String>,
    statements: Vec<Statement>,
    /// The places in `statements` of each vulnerability, by its name in lower case.
    by_name: HashMap<String, Vec<usize>>,
}

/// What a document says of a vulnerability in some products.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The vulnerability, by the first of its names.
    pub vulnerability: String,
    /// What is said of it.
    pub status: Status,
    /// The justification, in the document's words: foreign text.
    pub reason: Option<String>,
    /// When it was known to be so.
    pub time: Timestamp,
    /// Where in the document it stands: a JSON Pointer.
    pub pointer: String,
    /// All names of the vulnerability.
    names: Vec<String>,
    targets: Vec<Target>,
}

/// What a statement says, most suppressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// There is nothing to do.
    NotAffected,
    /// This version has the fix.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
    /// A word that is not known, or a claim without the reason that it needs.
    Unclear,
    /// There is something to do.
    Affected,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NotAffected,
        Self::Fixed,
        Self::UnderInvestigation,
        Self::Unclear,
        Self::Affected,
    ];

    /// Whether a finding need not count because of it.
    pub fn suppresses(self) -> bool {
        match self {
            Self::NotAffected | Self::Fixed => true,
            Self::UnderInvestigation | Self::Unclear | Self::Affected => false,
        }
    }

    /// The word used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under investigation",
            Self::Unclear => "unclear",
            Self::Affected => "affected",
        }
    }
}

/// A finding, as far as statements ask about it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its identifiers, aliases included.
    pub ids: &'a [String],
    /// The package URL of the package that it is in.
    pub package: Option<&'a str>,
    /// The package URL of what was scanned and is to be released; absent when
    /// nobody knows. Statements about a product's parts hold only with it.
    pub artifact: Option<&'a str>,
}

/// The statement that holds for a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling<'a> {
    /// The document that has it.
    pub document: &'a Vex,
    /// The statement.
    pub statement: &'a Statement,
}

impl Vex {
    /// Reads OpenVEX, or CycloneDX in JSON, whichever it is.
    ///
    /// # Errors
    ///
    /// When the file is anything else, has no date, or is not well-formed.
    pub fn read(path: &str, window: Window) -> Result<Self, Error> {
        let mut format = "";
        let (origin, (statements, notes)) = KIND.read(path, window, |window, outline| {
            if is_cyclonedx_json(outline) {
                format = "cyclonedx";
                json(window, cyclonedx::read)
            } else {
                format = "openvex";
                json(window, openvex::read)
            }
        })?;
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, statement) in statements.iter().enumerate() {
            for name in &statement.names {
                by_name.entry(key(name)).or_default().push(at);
            }
        }
        Ok(Self {
            origin,
            format,
            notes: notes.in_words(),
            statements,
            by_name,
        })
    }

    /// A document that an earlier decision had, still without the statements that
    /// it relied on.
    pub fn recorded(origin: Origin) -> Self {
        Self {
            origin,
            format: "recorded",
            notes: Vec::new(),
            statements: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    /// Adds a statement that an earlier decision relied on, and gives its place.
    /// What it was about is not recorded, so nothing finds it but its place.
    pub fn add_recorded(
        &mut self,
        status: Status,
        reason: Option<String>,
        pointer: String,
    ) -> usize {
        self.statements.push(Statement {
            vulnerability: String::new(),
            status,
            reason,
            time: self.origin.date,
            pointer,
            names: Vec::new(),
            targets: Vec::new(),
        });
        self.statements.len() - 1
    }

    /// The statements, in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

fn key(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

/// The statement that holds for a finding: of those for the same vulnerability
/// in the same product the newest, and of equally new ones the one that
/// suppresses least, in whatever order they come.
///
/// A finding of several CVE numbers is suppressed only if each of them is.
pub fn lookup<'a>(documents: &'a [Vex], subject: &Subject<'_>) -> Option<Ruling<'a>> {
    let keys: Vec<_> = subject.ids.iter().map(|id| key(id)).collect();
    let is_cve = |key: &&str| key.starts_with("cve-");
    let (mut cves, others): (Vec<_>, Vec<_>) = keys.iter().map(String::as_str).partition(is_cve);
    cves.sort_unstable();
    cves.dedup();
    if cves.len() < 2 {
        return newest(documents, subject, &[cves, others].concat());
    }
    let each: Vec<_> = cves
        .into_iter()
        .map(|cve| newest(documents, subject, &[&[cve], others.as_slice()].concat()))
        .collect();
    let least = each.iter().flatten().max_by(|a, b| {
        let status = a.statement.status.cmp(&b.statement.status);
        status.then_with(|| a.precedence(b))
    })?;
    let is_for_all = each.iter().all(Option::is_some);
    (is_for_all || !least.statement.status.suppresses()).then_some(*least)
}

/// The statement that holds for one vulnerability with these names.
fn newest<'a>(documents: &'a [Vex], subject: &Subject<'_>, keys: &[&str]) -> Option<Ruling<'a>> {
    // Parsed only when there is something to compare with.
    let mut purls = None;
    let mut best: Option<Ruling<'a>> = None;
    for document in documents {
        let places = keys.iter().filter_map(|&key| document.by_name.get(key));
        for at in places.flatten() {
            let Some(statement) = document.statements.get(*at) else {
                continue;
            };
            let (package, artifact) = purls.get_or_insert_with(|| {
                (
                    subject.package.and_then(Purl::parse),
                    subject.artifact.and_then(Purl::parse),
                )
            });
            let (package, artifact) = (package.as_ref(), artifact.as_ref());
            let holds = |target: &Target| match statement.status.suppresses() {
                true => target.covers(package, artifact),
                false => target.may_cover(package, artifact),
            };
            let ruling = Ruling {
                document,
                statement,
            };
            if statement.targets.iter().any(holds)
                && best.is_none_or(|best| best.precedence(&ruling).is_lt())
            {
                best = Some(ruling);
            }
        }
    }
    best
}

impl Ruling<'_> {
    /// The greater one holds.
    fn precedence(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }

    /// The last parts only make the order total, so that the same statement is
    /// shown whatever the order of the documents.
    fn rank(&self) -> impl Ord {
        let Statement {
            time,
            status,
            reason,
            pointer,
            ..
        } = self.statement;
        let Origin { path, stored, .. } = &self.document.origin;
        (time, status, reason, pointer, &stored.sha256, path)
    }
}

/// What to say of a document that was read.
#[derive(Default)]
struct Notes {
    unjustified: Examples,
    unknown_status: Examples,
    without_product: Examples,
    ranges: Examples,
}

impl Notes {
    fn in_words(self) -> Vec<String> {
        [
            (
                self.unjustified,
                "not affected, but with neither a known justification nor an explanation; suppresses nothing",
            ),
            (
                self.unknown_status,
                "a status that is not known; suppresses nothing",
            ),
            (
                self.without_product,
                "a product or part that is not named by a package URL; suppresses nothing",
            ),
            (
                self.ranges,
                "a range of versions, which is not evaluated; suppresses nothing",
            ),
        ]
        .into_iter()
        .filter(|(examples, _)| examples.count() > 0)
        .map(|(examples, text)| format!("{examples}: {text}"))
        .collect()
    }
}

#[cfg(test)]
mod tests;
