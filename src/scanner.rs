//! What is known of a scanner before it has written anything.
//!
//! Each parser says which kinds of findings it makes, and what those can have;
//! so a policy can be told that it asks for what no report can hold.

use crate::finding::{Category, Finding, Location, Severity};

/// A scanner whose reports can be read.
#[derive(Debug, Clone, Copy)]
pub struct Scanner {
    /// Its name in policies, on the command line and in outputs.
    pub name: &'static str,
    /// The lane of its reports, unless configured otherwise.
    pub lane: &'static str,
    /// The kinds of findings that its reports can hold.
    pub kinds: &'static [Kind],
    /// Whether its reports say what was scanned, so that another target is
    /// noticed.
    pub tells_target: bool,
}

/// A kind of findings.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// What kind of problem they are.
    pub category: Category,
    /// The severities that they can have.
    pub severities: &'static [Severity],
    /// What they can have that not every finding has.
    pub details: &'static [Detail],
}

impl Kind {
    /// Whether its findings can have this.
    pub fn has(&self, detail: Detail) -> bool {
        self.details.contains(&detail)
    }
}

/// Something that not every finding has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// How sure the scanner is.
    Confidence,
    /// The number of a weakness.
    Cwe,
    /// The identifier of an advisory; without one, nothing is known of exploits.
    Vulnerability,
    /// A CVSS score.
    Cvss,
    /// A repaired version.
    Fix,
    /// A package.
    Package,
    /// An address.
    Url,
    /// A path.
    Path,
}

impl Detail {
    /// What a finding has of these.
    pub fn of(finding: &Finding) -> Vec<Self> {
        let places = || std::iter::once(&finding.location).chain(&finding.instances);
        let is_package = |place: &Location<_>| matches!(place, Location::Package { .. });
        let is_web = |place: &Location<_>| matches!(place, Location::Web { .. });
        let details = [
            (Self::Confidence, finding.confidence.is_some()),
            (Self::Cwe, !finding.cwes.is_empty()),
            (
                Self::Vulnerability,
                finding.kev || !finding.vulnerability_ids.is_empty(),
            ),
            (Self::Cvss, finding.cvss.is_some()),
            (Self::Fix, !finding.fixed_in.is_empty()),
            (Self::Package, places().any(is_package)),
            (Self::Url, places().any(is_web)),
            (
                Self::Path,
                places().any(|place| place.borrowed().path().is_some()),
            ),
        ];
        let there = details.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(detail, _)| detail).collect()
    }
}
