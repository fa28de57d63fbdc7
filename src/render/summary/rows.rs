//! What the summary says of reports, rules, exceptions, issues and what was
//! known besides.

use std::collections::BTreeMap;

use foldhash::HashSet;
use schemars::JsonSchema;
use serde::Serialize;

use super::finding::short;
use super::shown::Shown;
use crate::baseline::{Entry, Fate, Source};
use crate::enrichment::Origin;
use crate::finding::{Category, Severity};
use crate::fingerprint::Fingerprint;
use crate::issue::Issue;
use crate::policy::Action;
use crate::policy::decide::{Decision, ExceptionOutcome, ExceptionState, Refusal, RuleOutcome};
use crate::policy::knowledge::Knowledge;
use crate::report::{BySeverity, Health, Proof, Report};

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
    /// The scan record beside it, if there is one that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordRow<'a>>,
    /// When the file was last changed, RFC 3339 in UTC; only where its lane tells
    /// the age of scans from that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// All names and digests by which the report knows what was scanned; absent for
    /// scanners whose reports do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<&'a [String]>,
}

/// What the scan record beside a report says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecordRow<'a> {
    /// The record's file.
    pub path: &'a str,
    /// SHA-256 of that file, in hexadecimal.
    pub sha256: &'a str,
    /// Whether it is of the report as it was read, and shows that the scan ran.
    pub holds: bool,
    /// The exit code of the scanner; `null` when it was killed or not started.
    pub exit_code: Option<i32>,
    /// When the scan began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended; `null` when it did not.
    pub ended: Option<String>,
    /// The commit that was scanned, where the environment told.
    pub commit: Option<&'a str>,
}

impl<'a> From<&'a Proof> for RecordRow<'a> {
    fn from(proof: &'a Proof) -> Self {
        Self {
            path: &proof.path,
            sha256: &proof.sha256,
            holds: proof.holds,
            exit_code: proof.exit_code,
            started: proof.started.to_string(),
            ended: proof.ended.map(|time| time.to_string()),
            commit: proof.commit.as_deref(),
        }
    }
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
            record: report.record.as_ref().map(RecordRow::from),
            modified: report.modified.map(|time| time.to_string()),
            artifacts: scan.and_then(|scan| scan.artifacts.as_deref()),
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
    /// Whether there are more problems than it allows.
    pub broken: bool,
    /// How many problems it allows.
    pub max: u64,
    /// How many problems it counts: findings of one issue count once.
    pub count: u64,
    /// What to do when it is broken.
    pub help: Option<&'a str>,
    /// The fingerprints of those that it counts.
    pub findings: Box<[Shown<Fingerprint>]>,
}

impl<'a> RuleRow<'a> {
    /// Writes down what came of a rule.
    pub fn new(decision: &Decision<'a>, outcome: &RuleOutcome<'a>) -> Self {
        let rule = outcome.rule;
        Self {
            id: &rule.id,
            condition: &rule.condition,
            action: outcome.action,
            effective: rule.effective.map(|date| date.to_string()),
            broken: outcome.is_broken(),
            max: rule.max,
            count: outcome.count,
            help: rule.help.as_deref(),
            findings: fingerprints(decision, &outcome.findings),
        }
    }
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
    pub findings: Box<[Shown<Fingerprint>]>,
    /// The open findings that it means and does not accept though it holds today.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedRow>,
}

/// A finding that an exception means and does not accept.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct RefusedRow {
    /// The finding's fingerprint.
    pub finding: Shown<Fingerprint>,
    /// Why it is not accepted, in words.
    pub why: String,
}

/// Findings that are one problem.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IssueRow<'a> {
    /// The smallest fingerprint of its findings.
    pub id: String,
    /// The fingerprints of its findings.
    pub findings: Box<[Shown<Fingerprint>]>,
    /// The scanners that see it.
    pub seen_by: &'a [&'a str],
    /// The worst severity that a scanner gives it.
    pub worst: Severity,
    /// The least severity that a scanner gives it.
    pub best: Severity,
    /// Why its findings are one.
    pub reasons: Vec<String>,
}

impl<'a> IssueRow<'a> {
    /// Writes an issue down.
    pub fn new(decision: &Decision<'a>, issue: &'a Issue<'a>) -> Self {
        Self {
            id: issue.id.to_string(),
            findings: fingerprints(decision, &issue.findings),
            seen_by: &issue.seen_by,
            worst: issue.worst,
            best: issue.best,
            reasons: issue.reasons.iter().map(ToString::to_string).collect(),
        }
    }

    /// The beginning of its name: what `explain` takes.
    pub fn short_id(&self) -> String {
        format!("issue:{}", short(&self.id))
    }
}

/// What became of the baseline.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BaselineRow<'a> {
    /// When the latest summary in it was written, RFC 3339 in UTC.
    pub time: String,
    /// The summaries that it is made of.
    pub sources: Vec<FileRow<'a>>,
    /// Findings that it does not know, whatever their status: each once in a lane,
    /// as all that is counted here.
    pub new: usize,
    /// Findings that it knows and that are still there.
    pub unchanged: usize,
    /// Findings that it knows and that nobody looked for today: no sound report
    /// of that scanner in that lane.
    pub not_looked_at: usize,
    /// Findings that it knows and that are gone.
    pub fixed: Vec<EntryRow<'a>>,
}

/// A finding of a baseline.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EntryRow<'a> {
    /// Its fingerprint.
    pub fingerprint: String,
    /// The scanner that found it.
    pub scanner: &'a str,
    /// The lane that it was in.
    pub lane: &'a str,
    /// The scanner's name of the rule, advisory or check.
    pub rule_id: &'a str,
    /// One line for people.
    pub title: &'a str,
    /// How bad it was.
    pub severity: Severity,
    /// Where it was, in words.
    pub location: &'a str,
    /// The day on which it was first seen.
    pub first_seen: String,
}

impl<'a> From<&'a Entry> for EntryRow<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            fingerprint: entry.fingerprint.to_string(),
            scanner: &entry.scanner,
            lane: &entry.lane,
            rule_id: &entry.rule_id,
            title: &entry.title,
            severity: entry.severity,
            location: &entry.location,
            first_seen: entry.first_seen.to_string(),
        }
    }
}

/// A file besides the reports.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileRow<'a> {
    /// As it was named.
    pub path: &'a str,
    /// SHA-256 of the file as stored, in hexadecimal.
    pub sha256: &'a str,
}

impl<'a> From<&'a Source> for FileRow<'a> {
    fn from(source: &'a Source) -> Self {
        Self {
            path: &source.path,
            sha256: &source.sha256,
        }
    }
}

/// A file with knowledge from elsewhere.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DatedRow<'a> {
    /// As it was named.
    pub path: &'a str,
    /// SHA-256 of the file as stored, in hexadecimal.
    pub sha256: &'a str,
    /// When the knowledge is of, RFC 3339 in UTC.
    pub date: String,
    /// How much there is in it: vulnerabilities, or statements of VEX.
    pub entries: usize,
    /// What in the file has no effect, or less than its author may think.
    pub notes: &'a [String],
}

impl<'a> DatedRow<'a> {
    fn new(origin: &'a Origin, entries: usize) -> Self {
        Self {
            path: &origin.path,
            sha256: &origin.stored.sha256,
            date: origin.date.to_string(),
            entries,
            notes: &[],
        }
    }
}

/// What was known besides the reports.
#[derive(Debug, Serialize, JsonSchema)]
pub struct KnowledgeRow<'a> {
    /// The catalogue of known exploited vulnerabilities.
    pub kev: Option<DatedRow<'a>>,
    /// Exploit predictions.
    pub epss: Option<DatedRow<'a>>,
    /// What makers say of vulnerabilities in their products.
    pub vex: Vec<DatedRow<'a>>,
    /// What was given and could not be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<UnusableRow<'a>>,
}

/// Something that was given and could not be used.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UnusableRow<'a> {
    /// `baseline`, `kev`, `epss` or `vex`.
    pub what: &'static str,
    /// Why, in words.
    pub why: &'a str,
}

impl<'a> KnowledgeRow<'a> {
    pub(super) fn new(knowledge: &Knowledge<'a>) -> Self {
        let (kev, epss) = (knowledge.kev.read(), knowledge.epss.read());
        let vex = knowledge.vex.read().unwrap_or_default();
        let unusable = [
            ("baseline", knowledge.baseline.unusable()),
            ("kev", knowledge.kev.unusable()),
            ("epss", knowledge.epss.unusable()),
            ("vex", knowledge.vex.unusable()),
        ];
        let unusable = unusable
            .into_iter()
            .filter_map(|(what, why)| Some(UnusableRow { what, why: why? }));
        Self {
            unusable: unusable.collect(),
            kev: kev.map(|kev| DatedRow::new(&kev.origin, kev.len())),
            epss: epss.map(|epss| DatedRow::new(&epss.origin, epss.len())),
            vex: vex
                .iter()
                .map(|vex| DatedRow {
                    notes: &vex.notes,
                    ..DatedRow::new(&vex.origin, vex.statements().len())
                })
                .collect(),
        }
    }
}

impl<'a> BaselineRow<'a> {
    /// What became of it, in a line.
    pub fn in_words(&self) -> String {
        let day = self.time.split('T').next().unwrap_or_default();
        let not_looked_at = match self.not_looked_at {
            0 => String::new(),
            count => format!(", {count} not looked at"),
        };
        format!(
            "since {day}: {} new, {} fixed, {} unchanged{not_looked_at}",
            self.new,
            self.fixed.len(),
            self.unchanged
        )
    }

    /// Absent without a baseline.
    pub(super) fn new(decision: &'a Decision<'a>) -> Option<Self> {
        let baseline = decision.circumstances.knowledge.baseline.read()?;
        let comparison = decision.comparison.as_ref()?;
        let entries = |fate| {
            let mut seen = HashSet::default();
            let entries = comparison.with_fate(fate, baseline);
            entries.filter(move |entry| seen.insert((&entry.lane, entry.fingerprint)))
        };
        let count = |new| {
            let findings = decision.findings.iter().enumerate();
            let findings = findings.filter(|(_, judged)| judged.subject.new == Some(new));
            let keys = findings.map(|(index, judged)| {
                let identity = decision.issues.identity(index);
                (judged.subject.source.lane, identity)
            });
            keys.collect::<HashSet<_>>().len()
        };
        Some(Self {
            time: baseline.time().to_string(),
            sources: baseline.sources().map(FileRow::from).collect(),
            new: count(true),
            unchanged: count(false),
            not_looked_at: entries(Fate::NotLookedAt).count(),
            fixed: entries(Fate::Fixed).map(EntryRow::from).collect(),
        })
    }
}

/// The identities of findings, each once.
pub(super) fn fingerprints(
    decision: &Decision<'_>,
    indices: &[usize],
) -> Box<[Shown<Fingerprint>]> {
    let judged = indices
        .iter()
        .filter_map(|&index| decision.findings.get(index));
    let fingerprints = judged.map(|judged| Shown(judged.subject.finding.fingerprint));
    let mut fingerprints: Vec<_> = fingerprints.collect();
    fingerprints.sort_unstable();
    fingerprints.dedup();
    fingerprints.into()
}

impl<'a> ExceptionRow<'a> {
    /// Writes down what became of an exception.
    pub fn new(decision: &Decision<'a>, outcome: &ExceptionOutcome<'a>) -> Self {
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
                finding: Shown(judged.subject.finding.fingerprint),
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

pub(in crate::render) fn in_words(refusal: Refusal) -> String {
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
