//! Statements of the Vulnerability Exploitability eXchange (VEX): whether a
//! vulnerability affects a product, as its maker or somebody else says.
//!
//! One file per format makes [`Statement`]s; [`lookup`] finds the one that holds
//! for a finding. A statement can take a finding out of the decision, so one that
//! does holds only for exactly what it names, and what is unclear about its meaning
//! suppresses nothing. One that takes such a claim back holds for all that it may
//! be about.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Error, Kind, Origin, json};
use crate::artifact::Window;
use crate::parser::examples::Examples;
use crate::parser::outline::Outline;
use crate::parser::recognize;

mod cyclonedx;
mod lookup;
mod openvex;
mod product;

pub use lookup::{Idle, Ruling, Subject, idle, lookup};
use product::Target;

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
    /// How many of its statements the notes are about.
    pub unclear: u64,
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
            unclear: notes.unclear,
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
            unclear: 0,
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

/// What to say of a document that was read.
#[derive(Default)]
struct Notes {
    unjustified: Examples,
    unknown_status: Examples,
    without_product: Examples,
    ranges: Examples,
    /// How many statements they are about.
    unclear: u64,
}

impl Notes {
    /// Notes what there is to say of one statement.
    fn of_statement<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.count();
        let read = read(self);
        self.unclear += u64::from(self.count() > before);
        read
    }

    fn count(&self) -> u64 {
        let all = [
            &self.unjustified,
            &self.unknown_status,
            &self.without_product,
            &self.ranges,
        ];
        all.into_iter().map(Examples::count).sum()
    }

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
