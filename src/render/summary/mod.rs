//! The public record of a decision, `security-gate-summary.json`.
//!
//! These types are frozen: pipelines read them for years. They copy what the
//! program's own types say, so that those may change. A field may be added; a
//! change of meaning needs a new [`SCHEMA`].

use std::collections::BTreeMap;

use foldhash::HashSet;
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::finding::Severity;
use crate::policy::decide::{Decision, Judged, Status, Verdict};
use crate::policy::selector::Subject;
use crate::policy::{Mode, Policy};
use crate::report::BySeverity;

mod finding;
mod outlook;
mod reasons;
mod rows;
mod shown;

pub use finding::{CvssRow, FindingRow, Findings, RaisedRow, VexRow};
pub use outlook::{ActionRow, ExceptionForecastRow, ForecastRow, RemedyRow, RuleForecastRow};
pub use reasons::{Effect, Reason};
pub use rows::{
    BaselineRow, DatedRow, EntryRow, ExceptionRow, FileRow, IssueRow, KnowledgeRow, RecordRow,
    RefusedRow, ReportRow, RuleRow, UnusableRow,
};

pub use shown::{Shown, Weaknesses};

pub(in crate::render) use rows::in_words;

/// The name and version of the record's format.
pub const SCHEMA: &str = "security-gate-summary/1";

/// The record of a decision.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Summary<'a> {
    /// `security-gate-summary/1`.
    pub schema: &'static str,
    /// What decided.
    pub tool: Tool,
    /// When it was decided, RFC 3339 in UTC.
    pub time: String,
    /// What was decided about.
    pub context: &'a Context,
    /// The folder of the checkout, which is no part of a path below it; absent
    /// where no finding's path is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<&'a str>,
    /// By what it was decided; of several policies by the strictest.
    pub policy: PolicyRow<'a>,
    /// The other policies that were asked, with `--strictest`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_policies: Vec<OtherPolicyRow<'a>>,
    /// Whether the verdict decides the exit code.
    pub mode: Mode,
    /// Whether the release may go on; when observing, whether it might.
    pub verdict: Verdict,
    /// The exit code of the program: 0 pass, 1 fail, 3 incomplete; when observing,
    /// 0 whatever the verdict.
    pub exit_code: u8,
    /// Why, most important first. Empty when there is nothing to say.
    pub reasons: Vec<Reason>,
    /// Findings by status and severity, each identity once.
    pub counts: Counts,
    /// How many problems the open findings are: those of one issue are one.
    pub problems: u64,
    /// What became of the baseline; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineRow<'a>>,
    /// What was known besides the reports.
    pub knowledge: KnowledgeRow<'a>,
    /// The lanes, by name.
    pub lanes: Vec<LaneRow<'a>>,
    /// The report files, by lane and path.
    pub reports: Vec<ReportRow<'a>>,
    /// Files of searched folders that are sound and no reports: they were passed
    /// over.
    pub passed_over: &'a [String],
    /// The rules, in the policy's order.
    pub rules: Vec<RuleRow<'a>>,
    /// The exceptions, in the policy's order.
    pub exceptions: Vec<ExceptionRow<'a>>,
    /// When today's state turns red by itself.
    pub forecast: ForecastRow<'a>,
    /// A smallest set of actions by which the verdict is no longer `fail`; absent
    /// when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes_if: Option<RemedyRow<'a>>,
    /// Findings that are one problem, seen more than once.
    pub issues: Vec<IssueRow<'a>>,
    /// Of how many findings, the first ones, `description` and `references` are
    /// written: 1,000, and all where an expression of the policy asks for them. Those
    /// of the others are in the report, at the finding's `pointer`.
    pub detailed: usize,
    /// Every finding, worst first.
    #[schemars(with = "Vec<FindingRow<'a>>")]
    pub findings: Findings<'a>,
}

/// The program.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `security-gate`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What a decision is about, as the pipeline's environment tells; `null` where it
/// does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Context {
    /// The CI system: `gitlab`, `github`, ….
    pub provider: Option<String>,
    /// The project, as its forge names it.
    pub project: Option<String>,
    /// The branch under test; in a merge request, its source.
    pub branch: Option<String>,
    /// The branch that a merge request goes to.
    pub target_branch: Option<String>,
    /// The number of the merge or pull request.
    pub merge_request: Option<String>,
    /// The commit under test.
    pub commit: Option<String>,
    /// The tag under test.
    pub tag: Option<String>,
    /// The environment that is deployed to.
    pub environment: Option<String>,
    /// The pipeline's address, or else its number.
    pub pipeline: Option<String>,
    /// Who made the change under test, by all names that the environment tells.
    pub authors: Vec<String>,
}

/// The policy that decided.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PolicyRow<'a> {
    /// Its texts, those extended first.
    pub sources: Vec<SourceRow<'a>>,
}

/// A policy that decided, too, and is not the strictest.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OtherPolicyRow<'a> {
    /// What it was called when it was named.
    pub name: &'a str,
    /// The policy.
    pub policy: PolicyRow<'a>,
    /// Whether its verdict would decide the exit code.
    pub mode: Mode,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
}

impl<'a> OtherPolicyRow<'a> {
    /// Writes down what another policy says.
    pub fn new(decision: &Decision<'a>) -> Self {
        Self {
            name: decision.policy.name(),
            policy: PolicyRow {
                sources: sources(decision.policy),
            },
            mode: decision.policy.mode,
            verdict: decision.verdict(),
            reasons: reasons::reasons(decision, &[]),
        }
    }
}

impl OtherPolicyRow<'_> {
    /// What it says, in a line.
    pub fn in_words(&self) -> String {
        let observes = match self.mode {
            Mode::Enforce => "",
            Mode::Observe => " and only observes",
        };
        let reason = match self.reasons.first() {
            Some(Reason { rule, text, .. }) if self.verdict != Verdict::Pass => match rule {
                Some(rule) => format!(": {rule}: {text}"),
                None => format!(": {text}"),
            },
            _ => String::new(),
        };
        format!(
            "the policy {} says {}{observes}{reason}",
            self.name,
            self.verdict.name()
        )
    }
}

/// One text of a policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceRow<'a> {
    /// The file as it was named, or `builtin:NAME`.
    pub name: &'a str,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
}

/// Findings by status, then by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Those that count against rules.
    pub open: BySeverity,
    /// Those that an exception accepts.
    pub accepted: BySeverity,
    /// Those that a VEX document says do not affect the product.
    pub not_affected: BySeverity,
    /// Those that their scanner suppressed.
    pub suppressed: BySeverity,
}

impl Counts {
    fn add(&mut self, judged: &Judged<'_>) {
        let counts = match judged.standing.status {
            Status::Open => &mut self.open,
            Status::Accepted => &mut self.accepted,
            Status::NotAffected => &mut self.not_affected,
            Status::Suppressed => &mut self.suppressed,
        };
        counts.add(judged.subject.finding.severity);
    }
}

/// A lane, and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LaneRow<'a> {
    /// Its name.
    pub name: &'a str,
    /// `fail` when one of its findings breaks a rule; `incomplete` when
    /// something is missing; else `pass`.
    pub outcome: Verdict,
    /// Scanners that must have a report.
    pub expect: &'a [String],
    /// How many report files it has.
    pub reports: usize,
    /// Its findings, each identity once.
    pub counts: Counts,
}

impl<'a> Summary<'a> {
    /// Writes the decision down.
    pub fn new(
        decision: &'a Decision<'a>,
        passed_over: &'a [String],
        context: &'a Context,
        exit_code: u8,
    ) -> Self {
        let policy = decision.policy;
        let open = decision.findings.iter().enumerate();
        let open = open.filter(|(_, judged)| judged.standing.status == Status::Open);
        let rules = decision.rules.iter();
        let rules = rules.map(|outcome| RuleRow::new(decision, outcome));
        let exceptions = decision.exceptions.iter();
        let exceptions = exceptions.map(|outcome| ExceptionRow::new(decision, outcome));
        let findings = Findings::new(decision);
        let sums = Sums::of(decision);
        Self {
            schema: SCHEMA,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            time: decision.circumstances.now.to_string(),
            context,
            workspace: workspace(decision),
            policy: PolicyRow {
                sources: sources(policy),
            },
            other_policies: Vec::new(),
            mode: policy.mode,
            verdict: decision.verdict(),
            exit_code,
            reasons: reasons::reasons(decision, passed_over),
            counts: sums.all.counts,
            problems: decision.issues.count(open.map(|(index, _)| index)),
            baseline: BaselineRow::new(decision),
            knowledge: KnowledgeRow::new(&decision.circumstances.knowledge),
            lanes: lanes(decision, sums.by_lane),
            reports: decision
                .reports
                .iter()
                .map(|report| ReportRow::from(*report))
                .collect(),
            passed_over,
            rules: rules.collect(),
            exceptions: exceptions.collect(),
            forecast: ForecastRow::new(decision),
            passes_if: RemedyRow::new(decision),
            issues: decision
                .issues
                .all()
                .iter()
                .map(|issue| IssueRow::new(decision, issue))
                .collect(),
            detailed: findings.detailed,
            findings,
        }
    }

    /// The findings that keep the release from going on, worst first; one that
    /// stands in several reports once.
    pub fn blocking(&self) -> impl Iterator<Item = FindingRow<'a>> {
        self.findings.blocking()
    }

    /// The findings that VEX statements take out of the decision, worst first.
    pub fn not_affected(&self) -> impl Iterator<Item = FindingRow<'a>> {
        self.findings.not_affected()
    }

    /// How many findings VEX statements take out of the decision.
    pub fn not_affected_count(&self) -> usize {
        self.findings.not_affected_indices().count()
    }

    /// How many findings keep the release from going on.
    pub fn blocking_count(&self) -> usize {
        self.findings.blocking_indices().count()
    }

    /// What to do about a finding: the upgrade that the report names, or the help
    /// of the last rule that it breaks, which is the most particular: what a
    /// policy extends comes before its own.
    pub fn advice(&self, finding: &FindingRow<'_>) -> Option<String> {
        let mut broken = self
            .rules
            .iter()
            .rev()
            .filter(|rule| finding.breaks.contains(&rule.id));
        finding
            .upgrade()
            .or_else(|| broken.find_map(|rule| rule.help).map(str::to_owned))
    }
}

fn workspace<'a>(decision: &Decision<'a>) -> Option<&'a str> {
    let workspace = decision.circumstances.workspace?;
    let mut subjects = decision.findings.iter().map(|judged| &judged.subject);
    subjects.any(Subject::is_in_workspace).then_some(workspace)
}

fn sources(policy: &Policy) -> Vec<SourceRow<'_>> {
    let digest = |text: &str| base16ct::lower::encode_string(&Sha256::digest(text));
    policy
        .sources
        .iter()
        .map(|source| SourceRow {
            name: &source.name,
            sha256: digest(&source.text),
        })
        .collect()
}

/// What the findings come to.
#[derive(Default)]
struct Sums<'a> {
    all: Sum,
    by_lane: BTreeMap<&'a str, Sum>,
}

impl<'a> Sums<'a> {
    fn of(decision: &Decision<'a>) -> Self {
        let mut sums = Self::default();
        let lanes = decision.policy.lanes.keys();
        let of_reports = decision.reports.iter().map(|report| &report.lane);
        for lane in lanes.chain(of_reports) {
            sums.by_lane.entry(lane).or_default();
        }
        let identities = copies(decision);
        for (judged, identity) in decision.findings.iter().zip(identities) {
            sums.all.add(judged, identity);
            if let Some(sum) = sums.by_lane.get_mut(judged.subject.source.lane) {
                sum.add(judged, identity);
            }
        }
        sums
    }
}

/// For each finding its identity where several have it. Most have one of their own,
/// and need not be remembered.
fn copies<'d>(decision: &'d Decision<'_>) -> impl Iterator<Item = Option<u32>> + 'd {
    let identities = |at| decision.issues.identity(at);
    let all = 0..decision.findings.len();
    let mut has_copies = vec![None; all.len()];
    for identity in all.clone().filter_map(identities) {
        if let Some(has_copies) = has_copies.get_mut(identity as usize) {
            *has_copies = Some(has_copies.is_some());
        }
    }
    all.map(move |at| {
        identities(at).filter(|identity| has_copies.get(*identity as usize) == Some(&Some(true)))
    })
}

/// What the findings of a lane, or all of them, come to. One in two copies of a
/// report counts once.
#[derive(Default)]
struct Sum {
    counts: Counts,
    has_broken: bool,
    /// Those that may be copies.
    seen: HashSet<(u32, Status, Severity)>,
}

impl Sum {
    fn add(&mut self, judged: &Judged<'_>, copy_of: Option<u32>) {
        self.has_broken |= !judged.breaks.is_empty();
        let is_first = copy_of.is_none_or(|identity| {
            let severity = judged.subject.finding.severity;
            self.seen
                .insert((identity, judged.standing.status, severity))
        });
        if is_first {
            self.counts.add(judged);
        }
    }
}

fn lanes<'a>(decision: &Decision<'a>, sums: BTreeMap<&'a str, Sum>) -> Vec<LaneRow<'a>> {
    let lanes = &decision.policy.lanes;
    let row = |(name, sum): (&'a str, Sum)| {
        let is_missing = decision
            .gaps
            .iter()
            .any(|gap| gap.lane.as_deref() == Some(name));
        LaneRow {
            name,
            outcome: match sum.has_broken {
                true => Verdict::Fail,
                false if is_missing => Verdict::Incomplete,
                false => Verdict::Pass,
            },
            expect: lanes.get(name).map_or(&[], |lane| &lane.expect),
            reports: decision
                .reports
                .iter()
                .filter(|report| report.lane == name)
                .count(),
            counts: sum.counts,
        }
    };
    sums.into_iter().map(row).collect()
}
