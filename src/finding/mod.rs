//! The finding: one result of one scanner, normalized.
//!
//! Every parser makes these, every rule asks about them, every output shows
//! them. A finding says nothing of its report, lane or status: a report holds
//! its findings ([`crate::report::Report`]), and the policy decides the status.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use thin_vec::ThinVec;

use crate::fingerprint::{ContentDigest, Fingerprint};

mod collect;
mod details;
mod pointer;
mod site;
mod text;

pub use collect::{Collector, Keep};
pub use details::{Details, Kept};
pub use pointer::Pointer;
pub use site::Sites;
use text::Recent;
pub use text::{AnyCase, Text};

/// One result of one scanner, normalized. Absent fields are those the scanner
/// does not give.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What makes this the same finding from run to run.
    pub fingerprint: Fingerprint,
    /// What stays the same when its file is renamed or reformatted; absent when
    /// that is no more than the rule.
    pub content: Option<ContentDigest>,
    /// What kind of problem it is.
    pub category: Category,
    /// The scanner's own name of the rule, advisory or check.
    pub rule_id: Text,
    /// One line for people; never empty.
    pub title: Text,
    /// On the gate's scale.
    pub severity: Severity,
    /// The scanner's own word or number, as written.
    pub scanner_severity: Option<Text>,
    /// How sure the scanner is.
    pub confidence: Option<Confidence>,
    /// Numbers of the Common Weakness Enumeration, without the prefix.
    pub cwes: ThinVec<u32>,
    /// CVE, GHSA and other advisory identifiers, aliases included.
    pub vulnerability_ids: ThinVec<Text>,
    /// The score that the scanner reports, never one that we computed.
    pub cvss: Option<Cvss>,
    /// Whether the report says that the vulnerability is known to be exploited.
    pub kev: bool,
    /// Where the problem is; for several places, the first.
    pub location: Location,
    /// The places, where a scanner groups several under one finding. At most
    /// [`Finding::MAX_INSTANCES`] are kept; `instance_count` has them all.
    pub instances: ThinVec<Location>,
    /// In how many places the scanner saw it; at least 1.
    pub instance_count: u64,
    /// Versions in which the package is repaired, in the scanner's words.
    pub fixed_in: ThinVec<Text>,
    /// What only people read of it.
    pub details: Kept,
    /// How many addresses to read on the scanner gives.
    pub reference_count: u32,
    /// Where in the report it stands.
    pub pointer: Pointer,
    /// The keyed digest of the secret that was found, in place of its value.
    pub secret: Option<Text>,
    /// Why the scanner itself suppressed the finding; absent when it did not.
    pub suppressed: Option<Text>,
}

impl Finding {
    /// How many places of one finding are kept.
    pub const MAX_INSTANCES: usize = 50;

    /// Makes a finding with what every finding has; the rest is absent.
    pub fn new(
        fingerprint: Fingerprint,
        category: Category,
        rule_id: impl Into<Text>,
        severity: Severity,
        location: Location,
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
            cwes: ThinVec::new(),
            vulnerability_ids: ThinVec::new(),
            cvss: None,
            kev: false,
            location,
            instances: ThinVec::new(),
            instance_count: 1,
            fixed_in: ThinVec::new(),
            details: Kept::default(),
            reference_count: 0,
            pointer: Pointer::default(),
            secret: None,
            suppressed: None,
        }
    }

    /// Which of two comes first in a listing where both are as severe, and of one
    /// lane and scanner.
    pub fn place_in_listing(&self, other: &Self) -> Ordering {
        let of_location = self.location.cmp(&other.location);
        of_location.then_with(|| self.place_at_site(other))
    }

    /// The same of two that are at one site.
    pub fn place_at_site(&self, other: &Self) -> Ordering {
        let of_location = self
            .location
            .within_site()
            .cmp(&other.location.within_site());
        of_location
            .then_with(|| self.rule_id.cmp(&other.rule_id))
            .then_with(|| self.fingerprint.cmp(&other.fingerprint))
    }

    /// Makes it as small as it can be: texts that were met before take the place of
    /// those equal to them, and lists are as long as they have to be.
    fn compact(&mut self, recent: &mut Recent) {
        let Self {
            rule_id,
            title,
            scanner_severity,
            cwes,
            vulnerability_ids,
            cvss,
            location,
            instances,
            fixed_in,
            pointer,
            suppressed,
            ..
        } = self;
        cwes.shrink_to_fit();
        vulnerability_ids.shrink_to_fit();
        instances.shrink_to_fit();
        fixed_in.shrink_to_fit();
        let vector = cvss.as_mut().and_then(|cvss| cvss.vector.as_mut());
        let single = [
            Some(rule_id),
            Some(title),
            scanner_severity.as_mut(),
            suppressed.as_mut(),
            vector,
            Some(&mut pointer.text),
        ];
        let lists = vulnerability_ids.iter_mut().chain(fixed_in);
        for text in single.into_iter().flatten().chain(lists) {
            recent.share(text);
        }
        for place in std::iter::once(location).chain(instances) {
            place.texts_mut().for_each(|text| recent.share(text));
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
#[derive(Debug, Clone, PartialEq)]
pub struct Cvss {
    /// The major version that the score is of.
    pub version: CvssVersion,
    /// The base score, 0 to 10.
    pub score: f64,
    /// The vector, where the report has one.
    pub vector: Option<Text>,
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

/// Where a problem is.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Location {
    /// A place in a source file.
    Source {
        /// As the scanner wrote it.
        path: Text,
        /// 1-based; absent when the scanner points at the whole file.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// 1-based, inclusive.
        #[serde(skip_serializing_if = "Option::is_none")]
        end_line: Option<u32>,
        /// 1-based.
        #[serde(skip_serializing_if = "Option::is_none")]
        column: Option<u32>,
        /// The commit that holds it, where the scanner looked at history.
        #[serde(skip_serializing_if = "Option::is_none")]
        commit: Option<Text>,
    },
    /// A software package.
    Package {
        /// The package URL, as the report has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        purl: Option<Text>,
        /// The package's name, with its group or scope.
        name: Text,
        /// The version in use; absent when the report has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<Text>,
        /// The image, lock file or archive in which the package was seen.
        #[serde(skip_serializing_if = "Option::is_none")]
        target: Option<Text>,
        /// The file that holds the package inside the target.
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<Text>,
    },
    /// An address of a running application.
    Web {
        /// With its query, as the scanner requested it.
        url: Text,
        /// The HTTP method.
        #[serde(skip_serializing_if = "Option::is_none")]
        method: Option<Text>,
        /// The parameter, header or cookie in question.
        #[serde(skip_serializing_if = "Option::is_none")]
        parameter: Option<Text>,
    },
    /// A configured resource: in an infrastructure file, a cluster, an account.
    Resource {
        /// The file or the object that was checked.
        target: Text,
        /// The resource's own name.
        #[serde(skip_serializing_if = "Option::is_none")]
        resource: Option<Text>,
        /// 1-based.
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// 1-based, inclusive.
        #[serde(skip_serializing_if = "Option::is_none")]
        end_line: Option<u32>,
    },
}

impl Location {
    /// A place in a source file; 0 is no line.
    pub fn source(path: impl Into<Text>, line: Option<u32>) -> Self {
        Self::Source {
            path: path.into(),
            line: line.filter(|&line| line > 0),
            end_line: None,
            column: None,
            commit: None,
        }
    }

    /// What tells it from others at its [site](Sites), in the order of locations.
    fn within_site(&self) -> impl Ord {
        match self {
            Self::Source {
                line,
                end_line,
                column,
                commit,
                ..
            } => (None, None, *line, *end_line, *column, commit.as_ref()),
            Self::Package { target, path, .. } => {
                (target.as_ref(), path.as_ref(), None, None, None, None)
            }
            Self::Web {
                method, parameter, ..
            } => (method.as_ref(), parameter.as_ref(), None, None, None, None),
            Self::Resource {
                resource,
                line,
                end_line,
                ..
            } => (resource.as_ref(), None, *line, *end_line, None, None),
        }
    }

    /// All its texts.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        let (first, others) = match self {
            Self::Source { path, commit, .. } => (path, [commit.as_mut(), None, None, None]),
            Self::Package {
                purl,
                name,
                version,
                target,
                path,
            } => (name, [purl, version, target, path].map(Option::as_mut)),
            Self::Web {
                url,
                method,
                parameter,
            } => (url, [method.as_mut(), parameter.as_mut(), None, None]),
            Self::Resource {
                target, resource, ..
            } => (target, [resource.as_mut(), None, None, None]),
        };
        std::iter::once(first).chain(others.into_iter().flatten())
    }

    /// The file that the location is in, for those that are in one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Source { path, .. } => Some(path),
            Self::Package { path, target, .. } => path.as_deref().or(target.as_deref()),
            Self::Web { .. } => None,
            Self::Resource { target, .. } => Some(target),
        }
    }
}

impl std::fmt::Display for Location {
    /// One line for people. The text is the scanner's: neutralize it for
    /// where it goes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source {
                path, line, commit, ..
            } => {
                f.write_str(path)?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                // As Git shortens it.
                commit
                    .as_ref()
                    .map_or(Ok(()), |commit| write!(f, " at {commit:.7}"))
            }
            Self::Package {
                name,
                version,
                path,
                target,
                ..
            } => {
                f.write_str(name)?;
                if let Some(version) = version {
                    write!(f, "@{version}")?;
                }
                match path.as_ref().or(target.as_ref()) {
                    Some(place) => write!(f, " in {place}"),
                    None => Ok(()),
                }
            }
            Self::Web {
                url,
                method,
                parameter,
            } => {
                if let Some(method) = method {
                    write!(f, "{method} ")?;
                }
                f.write_str(url)?;
                parameter
                    .as_ref()
                    .map_or(Ok(()), |name| write!(f, " ({name})"))
            }
            Self::Resource {
                target,
                resource,
                line,
                ..
            } => {
                f.write_str(target)?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                resource
                    .as_ref()
                    .map_or(Ok(()), |name| write!(f, " ({name})"))
            }
        }
    }
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

    #[test]
    fn a_location_reads_as_one_line() {
        assert_eq!(
            Location::source("src/a.py", Some(3)).to_string(),
            "src/a.py:3"
        );
        assert_eq!(
            Location::source("src/a.py", Some(0)).to_string(),
            "src/a.py"
        );
        let committed = Location::Source {
            path: "config.py".into(),
            line: Some(3),
            end_line: None,
            column: None,
            commit: Some("4a96ad7c0ffee".into()),
        };
        assert_eq!(committed.to_string(), "config.py:3 at 4a96ad7");
        let package = Location::Package {
            purl: None,
            name: "libx".into(),
            version: Some("1.0".into()),
            target: Some("app (debian 12)".into()),
            path: None,
        };
        assert_eq!(package.to_string(), "libx@1.0 in app (debian 12)");
    }
}
