//! The public record of a decision, `security-gate-summary.json`.
//!
//! These types are frozen: pipelines read them for years. They copy what the
//! program's own types say, so that those may change. A field may be added; a
//! change of meaning needs a new [`SCHEMA`].

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::finding::{Category, Confidence, CvssVersion, Finding, Location, Severity};
use crate::policy::decide::{
    Decision, ExceptionOutcome, ExceptionState, Judged, Notice, Refusal, Status, Verdict,
};
use crate::policy::{Action, Policy};
use crate::report::{BySeverity, Health, Report};

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
    /// By what it was decided.
    pub policy: PolicyRow<'a>,
    /// Whether the release may go on.
    pub verdict: Verdict,
    /// The exit code of the program: 0 pass, 1 fail, 3 incomplete.
    pub exit_code: u8,
    /// Why, most important first. Empty when there is nothing to say.
    pub reasons: Vec<Reason>,
    /// Findings by status and severity, each identity once.
    pub counts: Counts,
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

/// One text of a policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceRow<'a> {
    /// The file as it was named, or `builtin:NAME`.
    pub name: &'a str,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
}

/// One reason for a verdict, or a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reason {
    /// What it does.
    pub effect: Effect,
    /// The rule that is broken.
    pub rule: Option<String>,
    /// The lane that it is about.
    pub lane: Option<String>,
    /// The report that it is about.
    pub report: Option<String>,
    /// The reason, in words.
    pub text: String,
}

/// What a reason does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// The verdict is `fail`.
    Fail,
    /// The verdict is `incomplete`, unless it is `fail`.
    Incomplete,
    /// Nothing; it is to be known.
    Warn,
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

/// A report file, and what was read from it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReportRow<'a> {
    /// As named or found.
    pub path: &'a str,
    /// What it proves.
    pub status: Health,
    /// The scanner that wrote it; `null` when unreadable.
    pub scanner: Option<&'a str>,
    /// The scanner's version, where the report has it.
    pub scanner_version: Option<&'a str>,
    /// The scanner and the encoding.
    pub format: Option<&'a str>,
    /// The lane that it belongs to.
    pub lane: &'a str,
    /// Size of the file as stored.
    pub bytes: u64,
    /// SHA-256 of the file as stored; empty when it could not be read to its end.
    pub sha256: &'a str,
    /// When the report says that it was written, RFC 3339 in UTC.
    pub generated_at: Option<String>,
    /// What was scanned, where the report says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<&'a str>,
    /// Findings that the scanner did not suppress.
    pub findings: u64,
    /// The places of those findings.
    pub instances: u64,
    /// Findings that the scanner suppressed.
    pub suppressed: u64,
    /// Results that the scanner suppressed and does not list.
    pub hidden: u64,
    /// `findings` by severity.
    pub by_severity: BySeverity,
    /// `findings` by category; those without any are left out.
    pub by_category: &'a BTreeMap<Category, u64>,
    /// What there is to say of the scan.
    pub notes: Vec<&'a str>,
    /// Why the file is unreadable.
    pub error: Option<&'a str>,
}

impl<'a> From<&'a Report> for ReportRow<'a> {
    fn from(report: &'a Report) -> Self {
        let scan = report.scan.as_ref().ok();
        Self {
            path: &report.path,
            lane: &report.lane,
            status: report.health(),
            scanner: scan.map(|scan| scan.scanner),
            scanner_version: scan.and_then(|scan| scan.version.as_deref()),
            format: scan.map(|scan| scan.format),
            bytes: report.bytes,
            sha256: &report.sha256,
            generated_at: scan
                .and_then(|scan| scan.generated_at)
                .map(|time| time.to_string()),
            target: scan.and_then(|scan| scan.target.as_deref()),
            findings: report.tally.findings,
            instances: report.tally.instances,
            suppressed: report.tally.suppressed,
            hidden: scan.map_or(0, |scan| scan.hidden),
            by_severity: report.tally.by_severity,
            by_category: &report.tally.by_category,
            notes: scan
                .iter()
                .flat_map(|scan| &scan.notes)
                .map(|note| note.text.as_str())
                .collect(),
            error: report.scan.as_ref().err().map(String::as_str),
        }
    }
}

/// A rule, and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RuleRow<'a> {
    /// Its name.
    pub id: &'a str,
    /// The selector of its findings as the policy has it; empty for all.
    pub condition: &'a str,
    /// What happens today when it is broken.
    pub action: Action,
    /// The first day on which it can fail; it warns until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<String>,
    /// Whether there are more findings than it allows.
    pub broken: bool,
    /// How many findings it allows.
    pub max: u64,
    /// How many it counts, each identity once.
    pub count: u64,
    /// What to do when it is broken.
    pub help: Option<&'a str>,
    /// The fingerprints of those that it counts.
    pub findings: Vec<String>,
}

/// An exception, and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExceptionRow<'a> {
    /// Its name.
    pub id: &'a str,
    /// The selector of its findings, as the policy has it.
    pub condition: &'a str,
    /// Whether it holds, and for anything.
    pub state: ExceptionState,
    /// Why the risk is accepted.
    pub reason: &'a str,
    /// Who accepted it.
    pub approved_by: Option<&'a str>,
    /// The first day on which it holds.
    pub decided: Option<String>,
    /// The last day on which it holds.
    pub expires: String,
    /// Whether that day is near.
    pub expires_soon: bool,
    /// Where the risk is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<&'a str>,
    /// The fingerprints of the findings that it accepts or, when it does not hold
    /// today, would accept.
    pub findings: Vec<String>,
    /// The open findings that it means and does not accept though it holds today.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedRow>,
}

/// A finding that an exception means and does not accept.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct RefusedRow {
    /// The finding's fingerprint.
    pub finding: String,
    /// Why it is not accepted, in words.
    pub why: String,
}

/// A finding, with its way to the verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingRow<'a> {
    /// What makes it the same finding from run to run, `sg1:…`.
    pub fingerprint: String,
    /// What stays the same when its file is renamed or reformatted, `sc1:…`;
    /// absent when that is no more than the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Whether it counts against rules.
    pub status: Status,
    /// The exception that accepts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<&'a str>,
    /// Why its scanner suppressed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<&'a str>,
    /// The broken rules that it counts for and that make the verdict `fail`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<&'a str>,
    /// The scanner that found it.
    pub scanner: &'a str,
    /// The lane of its report.
    pub lane: &'a str,
    /// What kind of problem it is.
    pub category: Category,
    /// The scanner's name of the rule, advisory or check.
    pub rule_id: &'a str,
    /// One line for people.
    pub title: &'a str,
    /// The scanner's explanation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// On the gate's scale.
    pub severity: Severity,
    /// What the policy counts an unknown severity as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_as: Option<Severity>,
    /// The scanner's own word or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanner_severity: Option<&'a str>,
    /// How sure the scanner is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Weaknesses, as `CWE-79`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwe: Vec<String>,
    /// CVE and other advisory identifiers.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub vulnerability_ids: &'a [String],
    /// The scanner's CVSS score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<CvssRow<'a>>,
    /// Whether the report says that it is known to be exploited.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kev: bool,
    /// Where it is.
    pub location: &'a Location,
    /// In how many places it was seen.
    pub instance_count: u64,
    /// The first of these places, where a scanner groups several.
    #[serde(skip_serializing_if = "<[Location]>::is_empty")]
    pub instances: &'a [Location],
    /// Versions in which the package is repaired.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub fixed_in: &'a [String],
    /// Addresses to read on: the first of those that the report has.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub references: &'a [String],
    /// How many addresses the report has.
    pub reference_count: u64,
    /// The keyed digest that stands for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<&'a str>,
    /// The report's path.
    pub report: &'a str,
    /// Where in the report it stands.
    pub pointer: &'a str,
}

/// A score of the Common Vulnerability Scoring System.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CvssRow<'a> {
    /// The major version.
    pub version: CvssVersion,
    /// The base score, 0 to 10.
    pub score: f64,
    /// The vector, where the report has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<&'a str>,
}

impl<'a> FindingRow<'a> {
    /// A finding as it stands in a report, before any policy.
    pub fn undecided(finding: &'a Finding, report: &'a Report) -> Self {
        let suppressed = finding.suppressed.as_deref();
        Self {
            fingerprint: finding.fingerprint.to_string(),
            content: finding.content.map(|content| content.to_string()),
            status: if suppressed.is_some() {
                Status::Suppressed
            } else {
                Status::Open
            },
            exception: None,
            suppressed,
            breaks: Vec::new(),
            scanner: report.scan.as_ref().map_or("", |scan| scan.scanner),
            lane: &report.lane,
            category: finding.category,
            rule_id: &finding.rule_id,
            title: &finding.title,
            description: finding.description.as_deref(),
            severity: finding.severity,
            counts_as: None,
            scanner_severity: finding.scanner_severity.as_deref(),
            confidence: finding.confidence,
            cwe: finding
                .cwes
                .iter()
                .map(|number| format!("CWE-{number}"))
                .collect(),
            vulnerability_ids: &finding.vulnerability_ids,
            cvss: finding.cvss.as_ref().map(|cvss| CvssRow {
                version: cvss.version,
                score: cvss.score,
                vector: cvss.vector.as_deref(),
            }),
            kev: finding.kev,
            location: &finding.location,
            instance_count: finding.instance_count,
            instances: &finding.instances,
            fixed_in: &finding.fixed_in,
            references: &finding.references,
            reference_count: finding.reference_count,
            secret: finding.secret.as_deref(),
            report: &report.path,
            pointer: &finding.pointer,
        }
    }

    fn decided(judged: &Judged<'a>, report: &'a Report) -> Self {
        let Judged {
            subject,
            standing,
            breaks,
            ..
        } = judged;
        let is_unknown = subject.finding.severity == Severity::Unknown;
        Self {
            status: standing.status,
            exception: standing.exception.map(|exception| exception.id.as_str()),
            breaks: breaks.clone(),
            counts_as: is_unknown.then_some(subject.severity),
            ..Self::undecided(subject.finding, report)
        }
    }

    /// What it is, in a line: the title or, where that says no more than the
    /// rule, the beginning of the explanation.
    pub fn headline(&self) -> &'a str {
        match self.description {
            Some(description) if self.title == self.rule_id => {
                let line = description.trim().lines().next().unwrap_or_default();
                line.split_once(". ").map_or(line, |(sentence, _)| sentence)
            }
            _ => self.title,
        }
    }

    /// The upgrade that the report names, in words.
    pub fn upgrade(&self) -> Option<String> {
        match (self.location, self.fixed_in) {
            (Location::Package { name, .. }, [fixed, ..]) => {
                Some(format!("upgrade {name} to {fixed}"))
            }
            _ => None,
        }
    }
}

/// The findings of a decision, each made into a row only when it is written:
/// there may be a million.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a>(&'a Decision<'a>);

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0
                .findings
                .iter()
                .filter_map(|judged| row(self.0, judged)),
        )
    }
}

fn row<'a>(decision: &Decision<'a>, judged: &Judged<'a>) -> Option<FindingRow<'a>> {
    Some(FindingRow::decided(
        judged,
        decision.reports.get(judged.report)?,
    ))
}

fn blocking<'d, 'a>(decision: &'d Decision<'a>) -> impl Iterator<Item = &'d Judged<'a>> {
    let mut seen = HashSet::new();
    decision.findings.iter().filter(move |judged| {
        !judged.breaks.is_empty() && seen.insert(judged.subject.finding.fingerprint)
    })
}

impl<'a> Summary<'a> {
    /// Writes the decision down.
    pub fn new(
        decision: &'a Decision<'a>,
        policy: &'a Policy,
        passed_over: &'a [String],
        context: &'a Context,
        now: Timestamp,
        exit_code: u8,
    ) -> Self {
        let verdict = decision.verdict();
        let fingerprints = |indices: &[usize]| fingerprints(decision, indices);
        let rules = decision.rules.iter().map(|outcome| RuleRow {
            id: &outcome.rule.id,
            condition: &outcome.rule.condition,
            action: outcome.action,
            effective: outcome.rule.effective.map(|date| date.to_string()),
            broken: outcome.is_broken(),
            max: outcome.rule.max,
            count: outcome.count,
            help: outcome.rule.help.as_deref(),
            findings: fingerprints(&outcome.findings),
        });
        let exceptions = decision.exceptions.iter();
        let exceptions = exceptions.map(|outcome| ExceptionRow::new(decision, outcome));
        Self {
            schema: SCHEMA,
            tool: Tool {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
            },
            time: now.to_string(),
            context,
            policy: PolicyRow {
                sources: sources(policy),
            },
            verdict,
            exit_code,
            reasons: reasons(decision, passed_over),
            counts: counts(&decision.findings, None),
            lanes: lanes(decision, policy),
            reports: decision
                .reports
                .iter()
                .map(|report| ReportRow::from(*report))
                .collect(),
            passed_over,
            rules: rules.collect(),
            exceptions: exceptions.collect(),
            findings: Findings(decision),
        }
    }

    /// The findings that keep the release from going on, worst first; one that
    /// stands in several reports once.
    pub fn blocking(&self) -> impl Iterator<Item = FindingRow<'a>> {
        let Findings(decision) = self.findings;
        blocking(decision).filter_map(|judged| row(decision, judged))
    }

    /// How many they are.
    pub fn blocking_count(&self) -> usize {
        blocking(self.findings.0).count()
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

/// The identities of findings, each once.
fn fingerprints(decision: &Decision<'_>, indices: &[usize]) -> Vec<String> {
    let fingerprint = |index: &usize| {
        let judged = decision.findings.get(*index)?;
        Some(judged.subject.finding.fingerprint.to_string())
    };
    let mut fingerprints: Vec<_> = indices.iter().filter_map(fingerprint).collect();
    fingerprints.sort();
    fingerprints.dedup();
    fingerprints
}

impl<'a> ExceptionRow<'a> {
    fn new(decision: &Decision<'a>, outcome: &ExceptionOutcome<'a>) -> Self {
        let ExceptionOutcome {
            exception,
            state,
            expires_soon,
            findings,
            refused,
        } = outcome;
        let is_over = matches!(
            state,
            ExceptionState::Expired | ExceptionState::NotYetInForce
        );
        let concerned: Vec<_> = match is_over {
            true => refused.iter().map(|(index, _)| *index).collect(),
            false => findings.clone(),
        };
        let refused = refused.iter().filter(|_| !is_over);
        let refused = refused.filter_map(|(index, refusal)| {
            let judged = decision.findings.get(*index)?;
            Some(RefusedRow {
                finding: judged.subject.finding.fingerprint.to_string(),
                why: in_words(*refusal),
            })
        });
        let mut refused: Vec<_> = refused.collect();
        refused.sort();
        refused.dedup();
        Self {
            id: &exception.id,
            condition: &exception.condition,
            state: *state,
            reason: &exception.reason,
            approved_by: exception.approved_by.as_deref(),
            decided: exception.decided.map(|date| date.to_string()),
            expires: exception.expires.to_string(),
            expires_soon: *expires_soon,
            ticket: exception.ticket.as_deref(),
            findings: fingerprints(decision, &concerned),
            refused,
        }
    }
}

fn in_words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Expired => "it has expired".to_owned(),
        Refusal::NotYetInForce => "it is not yet in force".to_owned(),
        Refusal::ApprovedByAuthor => "who made the change approved it".to_owned(),
        Refusal::Never => "the policy lets no exception accept this".to_owned(),
        Refusal::Lapsed { from, on } => format!(
            "the severity rose from {} on {on}, after it was decided",
            from.name()
        ),
    }
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

fn reasons(decision: &Decision<'_>, passed_over: &[String]) -> Vec<Reason> {
    let broken = |action, effect| {
        decision.broken(action).map(move |outcome| {
            let (count, max) = (outcome.count, outcome.rule.max);
            let findings = if count == 1 { "finding" } else { "findings" };
            Reason {
                effect,
                rule: Some(outcome.rule.id.clone()),
                lane: None,
                report: None,
                text: match &outcome.rule.help {
                    Some(help) => format!("{count} open {findings}, {max} allowed. {help}"),
                    None => format!("{count} open {findings}, {max} allowed"),
                },
            }
        })
    };
    let notice = |effect| {
        move |notice: &Notice| Reason {
            effect,
            rule: None,
            lane: notice.lane.clone(),
            report: notice.report.clone(),
            text: notice.text.clone(),
        }
    };
    broken(Action::Fail, Effect::Fail)
        .chain(decision.gaps.iter().map(notice(Effect::Incomplete)))
        .chain(decision.exceptions.iter().flat_map(exception_warnings))
        .chain(broken(Action::Warn, Effect::Warn))
        .chain(decision.warnings.iter().map(notice(Effect::Warn)))
        .chain(passed_over_notice(passed_over))
        .collect()
}

/// What is to be known of an exception.
fn exception_warnings(outcome: &ExceptionOutcome<'_>) -> Vec<Reason> {
    let (id, last_day) = (&outcome.exception.id, outcome.exception.expires);
    let findings = |count: usize| match count {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let mut texts = Vec::new();
    match (outcome.state, outcome.refused.as_slice()) {
        (_, []) | (ExceptionState::NotYetInForce, _) => {}
        (ExceptionState::Expired, refused) => texts.push(format!(
            "the exception {id} expired on {last_day}: {} came back",
            findings(refused.len())
        )),
        (_, refused @ [(_, refusal), ..]) => texts.push(format!(
            "the exception {id} does not hold for {}: {}",
            findings(refused.len()),
            in_words(*refusal)
        )),
    }
    if outcome.expires_soon && !outcome.findings.is_empty() {
        texts.push(format!(
            "the exception {id} ends with {last_day}: {} will come back",
            findings(outcome.findings.len())
        ));
    }
    if outcome.state == ExceptionState::Unused {
        texts.push(format!("the exception {id} accepts nothing: remove it"));
    }
    texts.into_iter().map(warning).collect()
}

fn warning(text: String) -> Reason {
    Reason {
        effect: Effect::Warn,
        rule: None,
        lane: None,
        report: None,
        text,
    }
}

fn passed_over_notice(paths: &[String]) -> Option<Reason> {
    const SHOWN: usize = 3;
    let more = match paths.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = paths
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    (!paths.is_empty()).then(|| warning(format!("passed over, as no reports: {shown}{more}")))
}

/// Counts identities; a finding in two copies of a report counts once.
fn counts(findings: &[Judged<'_>], lane: Option<&str>) -> Counts {
    let mut seen = HashSet::new();
    let mut counts = Counts::default();
    for judged in findings
        .iter()
        .filter(|judged| lane.is_none_or(|lane| judged.subject.lane == lane))
    {
        let finding = judged.subject.finding;
        if seen.insert((
            finding.fingerprint,
            judged.standing.status,
            finding.severity,
        )) {
            counts.add(judged);
        }
    }
    counts
}

fn lanes<'a>(decision: &Decision<'a>, policy: &'a Policy) -> Vec<LaneRow<'a>> {
    let mut names: Vec<&str> = policy.lanes.keys().map(String::as_str).collect();
    names.extend(decision.reports.iter().map(|report| report.lane.as_str()));
    names.sort_unstable();
    names.dedup();
    let row = |name: &'a str| {
        let mut findings = decision
            .findings
            .iter()
            .filter(|judged| judged.subject.lane == name);
        let is_missing = decision
            .gaps
            .iter()
            .any(|gap| gap.lane.as_deref() == Some(name));
        LaneRow {
            name,
            outcome: match findings.any(|judged| !judged.breaks.is_empty()) {
                true => Verdict::Fail,
                false if is_missing => Verdict::Incomplete,
                false => Verdict::Pass,
            },
            expect: policy.lanes.get(name).map_or(&[], |lane| &lane.expect),
            reports: decision
                .reports
                .iter()
                .filter(|report| report.lane == name)
                .count(),
            counts: counts(&decision.findings, Some(name)),
        }
    };
    names.into_iter().map(row).collect()
}
