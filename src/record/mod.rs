//! The record of a past decision: a summary, read back into what it was decided
//! about.
//!
//! A summary lists every report and every finding in full, and what was known of
//! them, so that another policy can be asked what it would have said then
//! ([`Record::decide`]). The policy of then says the same again.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::baseline::{Raised, Source};
use crate::enrichment::Vex;
use crate::enrichment::vex::Ruling;
use crate::policy::Action;
use crate::policy::Policy;
use crate::policy::decide::{Circumstances, Decision, Notice, Verdict, decide_told};
use crate::policy::knowledge::{Dates, Given, Knowledge};
use crate::policy::told::{Facts, Told};
use crate::report::Report;

mod read;
mod rows;

/// A past decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The summary that it was read from.
    pub source: Source,
    /// When it was decided.
    pub time: Timestamp,
    /// What it was decided about.
    pub context: Context,
    /// What was decided.
    pub verdict: Verdict,
    /// The rules of then, in the order of the policy.
    pub rules: Vec<PastRule>,
    /// Why the decision was incomplete.
    pub gaps: Vec<Notice>,
    /// The reports, with their findings.
    pub reports: Vec<Report>,
    /// The folder of the checkout, where a path of a finding is below it.
    workspace: Option<String>,
    knowledge: Past,
    /// What was known of each finding of each report.
    facts: Vec<Vec<PastFacts>>,
}

/// What a past decision was about, where the environment told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Context {
    /// The branch; in a merge request, its source.
    pub branch: Option<String>,
    /// The number of the merge or pull request.
    pub merge_request: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// Who made the change, by all names that were known.
    pub authors: Vec<String>,
}

/// What had become of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PastRule {
    /// Its name.
    pub id: String,
    /// What it did when it was broken.
    pub action: Action,
    /// Whether it was broken.
    pub broken: bool,
    /// How many problems it allowed.
    pub max: u64,
    /// How many it counted.
    pub count: u64,
}

impl PastRule {
    /// Whether it made the verdict `fail`.
    pub fn fails(&self) -> bool {
        self.broken && self.action == Action::Fail
    }
}

/// What had been given besides the reports.
#[derive(Debug, Clone, PartialEq)]
struct Past {
    has_baseline: bool,
    kev: Option<Timestamp>,
    epss: Option<Timestamp>,
    vex: Vec<Vex>,
    /// What could not be used, and why.
    unusable: Vec<Unusable>,
    /// Whether the details of some findings are not recorded.
    lacks_details: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Unusable {
    what: String,
    why: String,
}

/// What was known of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct PastFacts {
    new: Option<bool>,
    first_seen: Option<Date>,
    raised: Option<Raised>,
    epss: Option<f64>,
    /// The document and the statement in it.
    vex: Option<(usize, usize)>,
}

impl Record {
    /// Decides again, by any policy, as of then: what was known then is known, and
    /// what was not is missing.
    pub fn decide<'a>(&'a self, policy: &'a Policy) -> Decision<'a> {
        let circumstances = Circumstances {
            now: self.time,
            workspace: self.workspace.as_deref(),
            commit: self.context.commit.as_deref(),
            authors: &self.context.authors,
            change: None,
            knowledge: Knowledge::default(),
        };
        decide_told(policy, &self.reports, circumstances, &self.told())
    }

    fn told(&self) -> Told<'_> {
        let mut told = Told::new(self.knowledge.dates(self.time));
        for (report, facts) in self.reports.iter().zip(&self.facts) {
            let facts = facts.iter().map(|facts| Facts {
                new: facts.new,
                first_seen: facts.first_seen,
                raised: facts.raised,
                epss: facts.epss,
                vex: facts.vex.and_then(|at| self.knowledge.ruling(at)),
            });
            told.add(report, facts);
        }
        told
    }
}

impl Past {
    fn dates(&self, time: Timestamp) -> Dates<'_> {
        let dated = |what, dates: Vec<Timestamp>| match dates.as_slice() {
            [] => self.absent(what),
            _ => Given::Read(dates),
        };
        Dates {
            baseline: match self.has_baseline {
                true => Given::Read(time),
                false => self.absent("baseline"),
            },
            kev: dated("kev", self.kev.into_iter().collect()),
            epss: dated("epss", self.epss.into_iter().collect()),
            vex: dated("vex", self.vex.iter().map(|vex| vex.origin.date).collect()),
            lacks_details: self.lacks_details,
        }
    }

    /// Why something is not there: nobody gave it, or it could not be used.
    fn absent<T>(&self, what: &str) -> Given<'_, T> {
        let mut unusable = self.unusable.iter();
        match unusable.find(|unusable| unusable.what == what) {
            Some(unusable) => Given::Unusable(&unusable.why),
            None => Given::Nothing,
        }
    }

    fn ruling(&self, (document, statement): (usize, usize)) -> Option<Ruling<'_>> {
        let document = self.vex.get(document)?;
        Some(Ruling {
            document,
            statement: document.statements().get(statement)?,
        })
    }
}
