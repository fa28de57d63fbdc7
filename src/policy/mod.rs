//! The policy: what the lanes must contain, what is not accepted, and what is
//! accepted for a time.
//!
//! [`load`](load::load) makes a [`Policy`] of TOML, with all mistakes shown at
//! once; [`decide`](decide::decide) holds it against the reports. A value of
//! type [`Policy`] is valid: nothing downstream checks it again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::civil::Date;

use crate::finding::Severity;

pub mod decide;
mod document;
pub mod expression;
pub mod load;
pub mod problem;
mod reader;
pub mod selector;

use problem::Source;
use selector::Selector;

/// A valid policy, with all that it extends.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The texts that it was made of, those extended first.
    pub sources: Vec<Arc<Source>>,
    /// What a finding without a known severity counts as.
    pub unknown_severity: Severity,
    /// Whose suppressions hold.
    pub trust_suppressions: Trust,
    /// What reports there are to be, by lane.
    pub lanes: BTreeMap<String, Lane>,
    /// What is not accepted. All rules are independent of each other.
    pub rules: Vec<Rule>,
    /// What is accepted for a time.
    pub exceptions: Vec<Exception>,
}

/// Whose suppressions hold: `nosemgrep` comments, ignore files and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those of every scanner.
    All,
    /// Only those of these scanners; none, if there are none.
    Only(Vec<String>),
}

impl Trust {
    /// Whether what this scanner suppressed stays so.
    pub fn includes(&self, scanner: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(scanners) => scanners.iter().any(|name| name == scanner),
        }
    }
}

/// A delivery context with its own reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    /// Patterns of its report files, relative to `folder`.
    pub reports: Vec<ReportPattern>,
    /// The folder of the file that names the patterns.
    pub folder: PathBuf,
    /// Scanners of which there must be a report that proves a scan.
    pub expect: Vec<String>,
    /// What a report that says that some of its scan did not happen means.
    pub degraded: Degraded,
}

/// `PATTERN` or `SCANNER=PATTERN`: where reports are, and what wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPattern {
    /// What the reports are declared to be of; not checked here.
    pub scanner: Option<String>,
    /// A path, or a pattern of paths.
    pub pattern: String,
}

impl ReportPattern {
    /// Takes a text apart. Only a bare word declares a scanner: paths may hold
    /// `=`, too.
    pub fn parse(text: &str) -> Self {
        let is_word = |name: &str| {
            let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !name.is_empty() && name.chars().all(is_letter)
        };
        let (scanner, pattern) = match text.split_once('=') {
            Some((name, pattern)) if is_word(name) => (Some(name.to_owned()), pattern),
            _ => (None, text),
        };
        Self {
            scanner,
            pattern: pattern.to_owned(),
        }
    }
}

impl std::fmt::Display for ReportPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(scanner) = &self.scanner {
            write!(f, "{scanner}=")?;
        }
        f.write_str(&self.pattern)
    }
}

/// What a degraded report means to a lane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Degraded {
    /// It is said in the summary.
    #[default]
    Warn,
    /// The lane is incomplete.
    Incomplete,
    /// It is of no concern, for this reason.
    Ignore(String),
}

/// A limit on findings.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name in outputs; unique.
    pub id: String,
    /// The findings that it counts.
    pub selector: Selector,
    /// The selector as the policy has it; empty when there is none.
    pub condition: String,
    /// How many open ones there may be.
    pub max: u64,
    /// What happens if there are more.
    pub action: Action,
    /// What to do then, for the people who must.
    pub help: Option<String>,
}

/// What a broken rule does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The verdict is `fail`.
    Fail,
    /// It is said in the summary.
    Warn,
}

/// A risk that somebody accepted for a time.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Its name in outputs; unique.
    pub id: String,
    /// The findings that it accepts; never all.
    pub selector: Selector,
    /// The selector as the policy has it.
    pub condition: String,
    /// Why.
    pub reason: String,
    /// Who accepted it.
    pub approved_by: Option<String>,
    /// The first day on which it holds; absent: ever since.
    pub decided: Option<Date>,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Exception {
    /// Whether it holds on this day.
    pub fn in_force(&self, today: Date) -> bool {
        self.decided.is_none_or(|decided| decided <= today) && today <= self.expires
    }
}
