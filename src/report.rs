//! The report: what was read from one scanner's file, and what it proves.

use jiff::Timestamp;
use serde::Serialize;

use crate::finding::Finding;

/// One report file, read or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// As named by the user or found by a glob; `-` is standard input.
    pub path: String,
    /// The delivery context that the report belongs to.
    pub lane: String,
    /// Size of the file in bytes, as stored.
    pub bytes: u64,
    /// SHA-256 of the file's bytes, as stored, in hexadecimal. Empty when the
    /// file could not be read at all.
    pub sha256: String,
    /// The scan, or why the file is unreadable: place and cause, in words.
    pub scan: Result<Scan, String>,
    /// What the scanner found, suppressed findings included; empty when the
    /// report is unreadable.
    pub findings: Vec<Finding>,
}

impl Report {
    /// What the report proves.
    pub fn health(&self) -> Health {
        match &self.scan {
            Ok(scan) => scan.health(),
            Err(_) => Health::Unreadable,
        }
    }
}

/// What a report says of its scan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scan {
    /// The scanner, by its name in policies: `semgrep`, `zap`, ….
    pub scanner: &'static str,
    /// The scanner and the encoding: `zap-xml`, `gitleaks-csv`, ….
    pub format: &'static str,
    /// The scanner's version, where the report has it.
    pub version: Option<String>,
    /// When the report says that it was written.
    pub generated_at: Option<Timestamp>,
    /// What was scanned: an image, a repository, an address, a project.
    pub target: Option<String>,
    /// What there is to say of the scan, in the order of the report.
    pub notes: Vec<Note>,
}

impl Scan {
    /// The worst effect of the notes.
    pub fn health(&self) -> Health {
        self.notes
            .iter()
            .map(|note| note.effect)
            .max()
            .unwrap_or_default()
    }

    /// Adds a note that changes nothing.
    pub fn note(&mut self, text: impl Into<String>) {
        self.add(Health::Complete, text);
    }

    /// Adds why some of the scan did not happen.
    pub fn degrade(&mut self, text: impl Into<String>) {
        self.add(Health::Degraded, text);
    }

    /// Adds why the report proves nothing.
    pub fn fail(&mut self, text: impl Into<String>) {
        self.add(Health::Failed, text);
    }

    fn add(&mut self, effect: Health, text: impl Into<String>) {
        self.notes.push(Note {
            effect,
            text: text.into(),
        });
    }
}

/// Something to say of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it does to the report's health.
    pub effect: Health,
    /// In words that a pipeline's owner can act on.
    pub text: String,
}

/// What a report proves about its scan, best first.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// The scan ran, over all that it says it covers.
    #[default]
    Complete,
    /// Some of it did not happen.
    Degraded,
    /// Readable, but it proves nothing.
    Failed,
    /// Not readable as a report.
    Unreadable,
}

impl Health {
    /// The word used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
        }
    }
}
