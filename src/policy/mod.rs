//! The policy: what the lanes must contain, what is not accepted, and what is
//! accepted for a time.
//!
//! [`load`](load::load) makes a [`Policy`] of TOML, with all mistakes shown at
//! once; [`decide`](decide::decide) holds it against the reports. A value of
//! type [`Policy`] is valid: nothing downstream checks it again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::finding::Severity;

pub mod decide;
mod document;
pub mod draft;
pub mod evidence;
pub mod example;
pub mod explain;
pub mod expression;
pub mod forecast;
mod index;
mod judge;
pub mod knowledge;
pub mod lint;
pub mod load;
mod notices;
mod order;
pub mod problem;
mod proof;
mod reader;
pub mod remedy;
pub mod selector;
pub mod show;
pub mod strictest;
pub mod template;
pub mod told;

use evidence::Filing;
use example::Example;
use problem::Source;
use selector::Selector;

/// A valid policy, with all that it extends.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The texts that it was made of, those extended first.
    pub sources: Vec<Arc<Source>>,
    /// Whether the verdict decides the exit code.
    pub mode: Mode,
    /// What counts as new where there is no baseline.
    pub first_run: Option<FirstRun>,
    /// What a finding without a known severity counts as.
    pub unknown_severity: Severity,
    /// Whose suppressions hold.
    pub trust_suppressions: Trust,
    /// How many days a finding may stay open, by severity.
    pub sla: BTreeMap<Severity, u32>,
    /// What is demanded of the catalogue of known exploited vulnerabilities.
    pub kev: Demand,
    /// What is demanded of exploit predictions.
    pub epss: Demand,
    /// What is demanded of VEX documents.
    pub vex: Demand,
    /// What exceptions may be.
    pub bounds: Bounds,
    /// Where the reports are filed, and how, unless a lane says otherwise.
    pub evidence: Filing,
    /// What reports there are to be, by lane.
    pub lanes: BTreeMap<String, Lane>,
    /// What is not accepted. All rules are independent of each other.
    pub rules: Vec<Rule>,
    /// What is accepted for a time.
    pub exceptions: Vec<Exception>,
    /// What is to be decided about some findings.
    pub examples: Vec<Example>,
    /// Where each setting stands that is no rule and no exception, by its key:
    /// `severity.unknown`, `lane.NAME.expect`.
    pub settings: BTreeMap<String, Origin>,
}

impl Policy {
    /// What it was called when it was named: not what it extends, and not the
    /// exceptions beside it.
    pub fn name(&self) -> &str {
        let mut latest = self.sources.iter().rev();
        let own = latest.find(|source| !source.name.ends_with(load::EXCEPTIONS_FILE));
        own.map_or("", |source| &source.name)
    }

    /// Whether it asks for what else only people read of a finding.
    pub fn asks_for_details(&self) -> bool {
        let rules = self.rules.iter().map(|rule| &rule.selector);
        let exceptions = self.exceptions.iter();
        let exceptions = exceptions.map(|exception| &exception.selector);
        let never = self.bounds.never.iter().map(|never| &never.selector);
        let mut selectors = rules.chain(exceptions).chain(never);
        selectors.any(|selector| selector.needs().details)
    }
}

/// A place in a policy's texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The text.
    pub source: Arc<Source>,
    /// The bytes of the text.
    pub span: Range<usize>,
}

impl Origin {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        let before = self.source.text.get(..self.span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    /// What stands there.
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }
}

impl std::fmt::Display for Origin {
    /// The text and the line: `security-gate.toml:12`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.source.name, self.line())
    }
}

/// Whether the verdict decides the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It does.
    #[default]
    Enforce,
    /// It is only said: the exit code is that of a pass.
    Observe,
}

/// What counts as new where there is no baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstRun {
    /// Every finding.
    AllNew,
    /// None.
    NoneNew,
}

/// What is demanded of data from elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demand {
    /// Whether there must be some; absent: when a rule or an exception asks for it.
    pub required: Option<bool>,
    /// How old it may be.
    pub max_age: Option<SignedDuration>,
}

impl Demand {
    /// Lays these over those of what is extended, each for itself.
    fn over(self, base: Self) -> Self {
        Self {
            required: self.required.or(base.required),
            max_age: self.max_age.or(base.max_age),
        }
    }
}

/// What exceptions may be. Of the texts of a policy, the strictest holds.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// How many days an exception may hold.
    pub max_days: Option<u32>,
    /// What each must say besides what all must.
    pub require: Vec<Particular>,
    /// What none can accept.
    pub never: Vec<Never>,
    /// Whether who made a change may have approved an exception.
    pub author_may_approve: bool,
    /// For how many days its end is announced.
    pub warn_days: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_days: None,
            require: Vec::new(),
            never: Vec::new(),
            author_may_approve: true,
            warn_days: 14,
        }
    }
}

/// Findings that no exception can accept.
#[derive(Debug, Clone)]
pub struct Never {
    /// The findings.
    pub selector: Selector,
    /// The selector as the policy has it.
    pub condition: String,
    /// Where it stands.
    pub origin: Origin,
}

/// What an exception may say of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Particular {
    /// Who accepted the risk.
    ApprovedBy,
    /// Where it is tracked.
    Ticket,
    /// On which day it was accepted.
    Decided,
}

impl Particular {
    /// All of them, with their keys.
    pub const KEYS: [(&'static str, Self); 3] = [
        ("approved_by", Self::ApprovedBy),
        ("ticket", Self::Ticket),
        ("decided", Self::Decided),
    ];
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lane {
    /// Patterns of its report files, relative to `folder`.
    pub reports: Vec<ReportPattern>,
    /// The folder of the file that names the patterns.
    pub folder: PathBuf,
    /// Scanners of which there must be a report that proves a scan.
    pub expect: Vec<String>,
    /// What a report that says that some of its scan did not happen means.
    pub degraded: Degraded,
    /// What each of its reports must show of its scan besides.
    pub demands: Demands,
    /// The package URL of what is scanned here and is to be released.
    pub product: Option<String>,
    /// Where its reports are filed, and how, as far as it is not as for all.
    pub evidence: Filing,
}

/// What each report of a lane must show of its scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demands {
    /// What shows that the scan ran.
    pub proof: ProofBy,
    /// How old the scan may be.
    pub max_age: Option<SignedDuration>,
    /// What the age is told from where neither a scan record nor the report has a
    /// time.
    pub age: AgeBy,
    /// Whether it must be of the commit under test.
    pub commit: bool,
    /// Patterns of what is to be scanned: images and other artifacts by name or
    /// digest, web sites by origin. Each must be there, and nothing else.
    pub target: Vec<String>,
}

/// What shows that a scan ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProofBy {
    /// The report itself, as far as it tells.
    #[default]
    Report,
    /// A scan record beside it.
    Record,
}

/// What a scan's age is told from where nothing better does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AgeBy {
    /// Nothing: then it is not fresh.
    #[default]
    Report,
    /// When the file was last changed.
    Mtime,
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
    /// What happens if there are more, once the rule is in effect.
    pub action: Action,
    /// The first day on which it can fail; it warns until then.
    pub effective: Option<Date>,
    /// What to do then, for the people who must.
    pub help: Option<String>,
    /// Where it stands.
    pub origin: Origin,
}

impl Rule {
    /// What happens on this day if there are more findings than it allows.
    pub fn action_on(&self, today: Date) -> Action {
        match self.effective {
            Some(effective) if today < effective => Action::Warn,
            _ => self.action,
        }
    }
}

/// What a broken rule does.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
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
    /// Where the risk is tracked.
    pub ticket: Option<String>,
    /// Where it stands.
    pub origin: Origin,
}

impl Exception {
    /// Whether it holds on this day.
    pub fn in_force(&self, today: Date) -> bool {
        self.decided.is_none_or(|decided| decided <= today) && today <= self.expires
    }
}
