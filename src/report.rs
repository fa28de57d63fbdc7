//! The report: what was read from one scanner's file, and what it proves.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Category, Details, Finding, Findings, Keep, Severity};
use crate::fingerprint::stable_path;

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
    /// report is unreadable, or when only the counts were asked for.
    pub findings: Findings,
    /// The counts of what the scanner found; all 0 when it is unreadable.
    pub tally: Tally,
    /// The scan record beside it, if there is one that could be read.
    pub record: Option<Proof>,
    /// When the file was last changed, if its lane counts that as its time.
    pub modified: Option<Timestamp>,
}

/// What the scan record beside a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The record's file.
    pub path: String,
    /// SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// The exit code of the scanner, unless it was killed or never ran.
    pub exit_code: Option<i32>,
    /// When the scan began.
    pub started: Timestamp,
    /// When it ended; absent when it did not.
    pub ended: Option<Timestamp>,
    /// The commit that was scanned, where the environment told.
    pub commit: Option<String>,
    /// Whether it is of this report, and shows that the scan ran.
    pub holds: bool,
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

/// Of which findings of several reports it is kept what only people read: the first
/// [`Details::MAX_FINDINGS`] of the listing of all.
#[derive(Debug)]
pub struct Foremost {
    /// What an unknown severity counts as.
    unknown: Severity,
    /// The place of the report of each, and its index there.
    findings: Vec<(usize, usize)>,
    /// How severe the last of them is, where they are that many.
    least: Option<Severity>,
}

impl Foremost {
    /// Knows of no report yet.
    pub fn new(unknown: Severity) -> Self {
        Self {
            unknown,
            findings: Vec::new(),
            least: None,
        }
    }

    /// What to keep of the findings of the next report.
    pub fn keep(&self) -> Keep {
        Keep::Foremost {
            unknown: self.unknown,
            least: self.least,
        }
    }

    /// Takes in one more of the reports, which has this place, and lets go what is not
    /// kept of it, or of the others beside it.
    pub fn add(&mut self, reports: &mut [Option<Report>], place: usize) {
        let Some(Some(report)) = reports.get(place) else {
            return;
        };
        let detailed = report.findings.detailed();
        self.findings.extend(detailed.map(|index| (place, index)));
        if self.findings.len() < Details::MAX_FINDINGS {
            return;
        }
        let listed = |&(place, index): &(usize, usize)| {
            let report = reports.get(place)?.as_ref()?;
            let finding = report.findings.get(index)?;
            let scanner = report.scan.as_ref().map_or("", |scan| scan.scanner);
            let severity = finding.severity.or(self.unknown);
            Some(((severity, &report.lane, scanner), finding, report))
        };
        let order = |one: &(usize, usize), other: &(usize, usize)| {
            let (Some(one), Some(other)) = (listed(one), listed(other)) else {
                return Ordering::Equal;
            };
            let of_source = one.0.cmp(&other.0);
            of_source
                .then_with(|| one.1.place_in_listing(other.1))
                .then_with(|| one.2.path.cmp(&other.2.path))
                .then_with(|| one.2.sha256.cmp(&other.2.sha256))
        };
        let (_, last, _) = self
            .findings
            .select_nth_unstable_by(Details::MAX_FINDINGS - 1, order);
        self.least = listed(last).map(|((severity, ..), ..)| severity);
        for (place, index) in self.findings.drain(Details::MAX_FINDINGS..) {
            if let Some(Some(report)) = reports.get_mut(place) {
                report.findings.let_go(index);
            }
        }
    }
}

/// How many findings there are in a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Findings that the scanner did not suppress.
    pub findings: u64,
    /// The places of those findings.
    pub instances: u64,
    /// Findings that the scanner suppressed.
    pub suppressed: u64,
    /// Findings that show a secret or are about one, suppressed ones included: a
    /// report with any may hold the secret itself.
    pub secrets: u64,
    /// `findings` by severity.
    pub by_severity: BySeverity,
    /// `findings` by category; those without any are left out.
    pub by_category: BTreeMap<Category, u64>,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, finding: &Finding) {
        if finding.category == Category::Secret || finding.secret.is_some() {
            self.secrets += 1;
        }
        if finding.suppressed.is_some() {
            self.suppressed += 1;
            return;
        }
        self.findings += 1;
        self.instances += finding.instance_count;
        self.by_severity.add(finding.severity);
        *self.by_category.entry(finding.category).or_default() += 1;
    }
}

/// Findings by severity. `unknown` stands for itself here, whatever the policy
/// counts it as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[expect(missing_docs, reason = "the names are the severities")]
pub struct BySeverity {
    pub critical: u64,
    pub high: u64,
    pub medium: u64,
    pub low: u64,
    pub info: u64,
    pub unknown: u64,
}

impl BySeverity {
    /// Counts one more.
    pub fn add(&mut self, severity: Severity) {
        let count = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
            Severity::Unknown => &mut self.unknown,
        };
        *count += 1;
    }

    /// The counts, worst first.
    pub fn listed(&self) -> [(Severity, u64); 6] {
        let Self {
            critical,
            high,
            medium,
            low,
            info,
            unknown,
        } = *self;
        let counts = [critical, high, medium, low, info, unknown];
        let mut counts = counts.into_iter();
        Severity::ALL.map(|severity| (severity, counts.next().unwrap_or_default()))
    }

    /// All of them together.
    pub fn total(&self) -> u64 {
        self.listed().iter().map(|(_, count)| count).sum()
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
    /// All names and digests by which the report knows what was scanned; absent
    /// for a scanner whose reports do not tell.
    pub artifacts: Option<Vec<String>>,
    /// Results that the scanner suppressed and does not list; 0 where the
    /// report does not tell.
    pub hidden: u64,
    /// The files that were looked at, findings or not; absent where the report
    /// does not list them.
    pub files: Option<Files>,
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

    /// The texts of the notes that make its health what it is.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        let health = self.health();
        let notes = self.notes.iter();
        let worst = notes.filter(move |note| note.effect == health);
        worst.map(|note| note.text.as_str())
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

    /// Adds why the report alone does not show that the scan went through.
    pub fn doubt(&mut self, text: impl Into<String>) {
        self.notes.push(Note {
            needs_record: true,
            ..Note::new(Health::Degraded, text)
        });
    }

    /// Takes away the doubts: a scan record shows that the scan went through.
    pub fn trust(&mut self) {
        self.notes.retain(|note| !note.needs_record);
    }

    fn add(&mut self, effect: Health, text: impl Into<String>) {
        self.notes.push(Note::new(effect, text));
    }
}

/// The files that a scan looked at, as far as telling whether one was among them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Files(HashSet<u64>);

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files", self.0.len())
    }
}

impl Files {
    /// Adds a file.
    pub fn add(&mut self, path: &str) {
        self.0.insert(Self::key(path));
    }

    /// Whether a file was looked at, by its path below the checkout.
    pub fn contain(&self, path: &str) -> bool {
        self.0.contains(&Self::key(path))
    }

    /// Paths themselves would take much memory.
    fn key(path: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        stable_path(path, None).hash(&mut hasher);
        hasher.finish()
    }
}

/// Something to say of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it does to the report's health.
    pub effect: Health,
    /// In words that a pipeline's owner can act on.
    pub text: String,
    /// Whether it is only said for want of a scan record.
    pub needs_record: bool,
}

impl Note {
    /// Something to say whether or not there is a scan record.
    pub fn new(effect: Health, text: impl Into<String>) -> Self {
        Self {
            effect,
            text: text.into(),
            needs_record: false,
        }
    }
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
    Deserialize,
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
