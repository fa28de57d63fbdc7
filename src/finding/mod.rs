//! The finding: one result of one scanner, normalized.
//!
//! Every parser makes these, every rule asks about them, every output shows
//! them. A finding says nothing of its report, lane or status: a report holds
//! its findings ([`crate::report::Report`]), and the policy decides the status.

use serde::{Deserialize, Serialize};

use crate::fingerprint::{ContentDigest, Fingerprint};

mod collect;
mod details;
mod location;
mod packed;
mod pointer;
mod pool;
mod site;
mod text;

pub use collect::{Collector, Keep};
pub use details::Details;
pub use location::Location;
pub use packed::{Findings, Found, Kind, Packed, PlaceList, TextList};
pub use pointer::Pointer;
pub use site::Sites;
pub use text::{AnyCase, Text};

/// One result of one scanner, normalized, as it is handed on by whoever reads it.
/// Absent fields are those the scanner does not give.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding<'a> {
    /// What makes this the same finding from run to run.
    pub fingerprint: Fingerprint,
    /// What stays the same when its file is renamed or reformatted; absent when
    /// that is no more than the rule.
    pub content: Option<ContentDigest>,
    /// What kind of problem it is.
    pub category: Category,
    /// The scanner's own name of the rule, advisory or check.
    pub rule_id: Text<'a>,
    /// One line for people; never empty.
    pub title: Text<'a>,
    /// On the gate's scale.
    pub severity: Severity,
    /// The scanner's own word or number, as written.
    pub scanner_severity: Option<Text<'a>>,
    /// How sure the scanner is.
    pub confidence: Option<Confidence>,
    /// Numbers of the Common Weakness Enumeration, without the prefix.
    pub cwes: Vec<u32>,
    /// CVE, GHSA and other advisory identifiers, aliases included.
    pub vulnerability_ids: Vec<Text<'a>>,
    /// The score that the scanner reports, never one that we computed.
    pub cvss: Option<Cvss<Text<'a>>>,
    /// Whether the report says that the vulnerability is known to be exploited.
    pub kev: bool,
    /// Where the problem is; for several places, the first.
    pub location: Location<Text<'a>>,
    /// The places, where a scanner groups several under one finding. At most
    /// [`Finding::MAX_INSTANCES`] are kept; `instance_count` has them all.
    pub instances: Vec<Location<Text<'a>>>,
    /// In how many places the scanner saw it; at least 1.
    pub instance_count: u64,
    /// Versions in which the package is repaired, in the scanner's words.
    pub fixed_in: Vec<Text<'a>>,
    /// What only people read of it.
    pub details: Details<Text<'a>>,
    /// How many addresses to read on the scanner gives.
    pub reference_count: u32,
    /// Where in the report it stands.
    pub pointer: Pointer<Text<'a>>,
    /// The keyed digest of the secret that was found, in place of its value.
    pub secret: Option<Text<'a>>,
    /// Why the scanner itself suppressed the finding; absent when it did not.
    pub suppressed: Option<Text<'a>>,
}

impl<'a> Finding<'a> {
    /// How many places of one finding are kept.
    pub const MAX_INSTANCES: usize = 50;

    /// Makes a finding with what every finding has; the rest is absent.
    pub fn new(
        fingerprint: Fingerprint,
        category: Category,
        rule_id: impl Into<Text<'a>>,
        severity: Severity,
        location: Location<Text<'a>>,
    ) -> Self {
        let rule_id = rule_id.into();
        Self {
            fingerprint,
            content: None,
            category,
            title: rule_id.clone(),
            rule_id,
            severity,
            scanner_severity: None,
            confidence: None,
            cwes: Vec::new(),
            vulnerability_ids: Vec::new(),
            cvss: None,
            kev: false,
            location,
            instances: Vec::new(),
            instance_count: 1,
            fixed_in: Vec::new(),
            details: Details::default(),
            reference_count: 0,
            pointer: Pointer::default(),
            secret: None,
            suppressed: None,
        }
    }

    /// The same with texts of its own.
    pub fn into_owned(self) -> Finding<'static> {
        let text = |text: Text<'_>| Text::Owned(text.into_owned());
        let texts = |texts: Vec<Text<'_>>| texts.into_iter().map(text).collect();
        let location = |location: &Location<Text<'_>>| location.map(|text| text.to_string().into());
        Finding {
            fingerprint: self.fingerprint,
            content: self.content,
            category: self.category,
            rule_id: text(self.rule_id),
            title: text(self.title),
            severity: self.severity,
            scanner_severity: self.scanner_severity.map(text),
            confidence: self.confidence,
            cwes: self.cwes,
            vulnerability_ids: texts(self.vulnerability_ids),
            cvss: self.cvss.map(|cvss| cvss.map(text)),
            kev: self.kev,
            location: location(&self.location),
            instances: self.instances.iter().map(location).collect(),
            instance_count: self.instance_count,
            fixed_in: texts(self.fixed_in),
            details: self.details.into_owned().into(),
            reference_count: self.reference_count,
            pointer: self.pointer.map(text),
            secret: self.secret.map(text),
            suppressed: self.suppressed.map(text),
        }
    }
}

/// How bad a finding is, on one scale for all scanners.
///
/// The order is that of the listing in summaries; it is not the order that
/// policies compare by, because [`Severity::Unknown`] has no rank of its own:
/// the policy says what it counts as.
#[derive(
    Debug,
    Clone,
    Copy,
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
pub enum Severity {
    /// Exploitable with grave effect.
    Critical,
    /// To be mended before a release.
    High,
    /// To be planned.
    Medium,
    /// To be known.
    Low,
    /// For information; no problem by itself.
    Info,
    /// The scanner gives none, or a word that is not known.
    Unknown,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 6] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
        Self::Unknown,
    ];

    /// What it counts as, where one that is unknown counts as another.
    #[must_use]
    pub fn or(self, unknown: Self) -> Self {
        match self {
            Self::Unknown => unknown,
            known => known,
        }
    }

    /// Whether it is worse than another. One that is unknown is neither.
    pub fn is_worse_than(self, other: Self) -> bool {
        // The order is that of listings: the worst is the least.
        self < other && other != Self::Unknown
    }

    /// The word used in policies and outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }

    /// The band of a CVSS base score: v3 and v4 by the standard's own bands,
    /// v2 without `critical`, as NVD has it. Negative scores and those over 10
    /// are `unknown`.
    pub fn from_cvss(version: CvssVersion, score: f64) -> Self {
        match version {
            _ if !(0.0..=10.0).contains(&score) => Self::Unknown,
            CvssVersion::V2 if score >= 7.0 => Self::High,
            CvssVersion::V2 if score >= 4.0 => Self::Medium,
            CvssVersion::V2 => Self::Low,
            CvssVersion::V3 | CvssVersion::V4 if score >= 9.0 => Self::Critical,
            CvssVersion::V3 | CvssVersion::V4 if score >= 7.0 => Self::High,
            CvssVersion::V3 | CvssVersion::V4 if score >= 4.0 => Self::Medium,
            CvssVersion::V3 | CvssVersion::V4 if score > 0.0 => Self::Low,
            CvssVersion::V3 | CvssVersion::V4 => Self::Info,
        }
    }
}

/// How sure a scanner is of a finding.
#[derive(
    Debug,
    Clone,
    Copy,
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
pub enum Confidence {
    /// A guess.
    Low,
    /// Likely.
    Medium,
    /// Nearly certain.
    High,
    /// Proven, by the scanner or by a person.
    Confirmed,
}

impl Confidence {
    /// Reads `low`, `medium`, `high` and `confirmed`, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            "confirmed" => Some(Self::Confirmed),
            _ => None,
        }
    }
}

/// What kind of problem a finding is.
#[derive(
    Debug,
    Clone,
    Copy,
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
pub enum Category {
    /// A weakness in source code.
    Sast,
    /// A weakness seen in a running application.
    Dast,
    /// A vulnerable component.
    Sca,
    /// A credential where it should not be.
    Secret,
    /// A resource configured unsafely.
    Misconfiguration,
    /// A licence that may not be used.
    License,
    /// A defect that is no weakness.
    Quality,
}

impl Category {
    /// All of them, in the order of listings.
    pub const ALL: [Self; 7] = [
        Self::Sast,
        Self::Dast,
        Self::Sca,
        Self::Secret,
        Self::Misconfiguration,
        Self::License,
        Self::Quality,
    ];

    /// The word used in policies and outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sast => "sast",
            Self::Dast => "dast",
            Self::Sca => "sca",
            Self::Secret => "secret",
            Self::Misconfiguration => "misconfiguration",
            Self::License => "license",
            Self::Quality => "quality",
        }
    }
}

/// A score of the Common Vulnerability Scoring System, as the scanner has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cvss<T> {
    /// The major version that the score is of.
    pub version: CvssVersion,
    /// The base score, 0 to 10.
    pub score: f64,
    /// The vector, where the report has one.
    pub vector: Option<T>,
}

impl<T> Cvss<T> {
    /// The same score with its vector in another form.
    fn map<U>(self, to: impl FnOnce(T) -> U) -> Cvss<U> {
        Cvss {
            version: self.version,
            score: self.score,
            vector: self.vector.map(to),
        }
    }
}

/// A major version of CVSS.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum CvssVersion {
    /// 2.0.
    #[serde(rename = "2")]
    V2,
    /// 3.0 and 3.1.
    #[serde(rename = "3")]
    V3,
    /// 4.0.
    #[serde(rename = "4")]
    V4,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cvss_bands_are_those_of_the_standard() {
        use {CvssVersion::*, Severity::*};
        for (version, score, severity) in [
            (V3, 0.0, Info),
            (V3, 0.1, Low),
            (V3, 3.9, Low),
            (V3, 4.0, Medium),
            (V3, 6.999_999, Medium),
            (V4, 7.0, High),
            (V4, 9.0, Critical),
            (V2, 10.0, High),
            (V2, 4.0, Medium),
            (V2, 0.0, Low),
            (V3, -1.0, Unknown),
            (V3, 11.0, Unknown),
            (V3, f64::NAN, Unknown),
        ] {
            assert_eq!(
                Severity::from_cvss(version, score),
                severity,
                "{version:?} {score}"
            );
        }
    }
}
