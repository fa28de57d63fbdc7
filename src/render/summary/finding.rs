//! What the summary says of a finding.

use std::borrow::Cow;

use foldhash::HashSet;
use jiff::Span;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::shown::{Shown, Weaknesses};
use crate::finding::{
    Category, Confidence, CvssVersion, Details, Found, Location, PlaceList, Pointer, Severity,
    TextList,
};
use crate::fingerprint::{ContentDigest, Fingerprint};
use crate::policy::decide::{Decision, Judged, Status};
use crate::report::Report;
use crate::upgrade;

/// A finding, with its way to the verdict.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingRow<'a> {
    /// What makes it the same finding from run to run, `sg1:…`.
    pub fingerprint: Shown<Fingerprint>,
    /// What stays the same when its file is renamed or reformatted, `sc1:…`;
    /// absent when that is no more than the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Shown<ContentDigest>>,
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
    /// The scanner's explanation; of the first findings only, as many as `detailed`
    /// says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Cow<'a, str>>,
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
    #[serde(skip_serializing_if = "Weaknesses::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub cwe: Weaknesses<'a>,
    /// CVE and other advisory identifiers.
    #[serde(skip_serializing_if = "TextList::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub vulnerability_ids: TextList<'a>,
    /// The scanner's CVSS score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cvss: Option<CvssRow<'a>>,
    /// Whether it is known to be exploited, by the report or the catalogue.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kev: bool,
    /// The probability, 0 to 1, that it is exploited within 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epss: Option<f64>,
    /// Whether the baseline does not know it; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<bool>,
    /// The day on which it was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen: Option<Shown<Date>>,
    /// The last day that the policy's `[sla]` allows it to stay open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Shown<Date>>,
    /// The last time that its severity rose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raised: Option<RaisedRow>,
    /// The file that it was in, where that was another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// The VEX statement that takes it out of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vex: Option<VexRow<'a>>,
    /// The issue that it is of, where it is seen more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issue: Option<Shown<Fingerprint>>,
    /// Where it is.
    pub location: Location<&'a str>,
    /// In how many places it was seen.
    pub instance_count: u64,
    /// The first of these places, where a scanner groups several.
    #[serde(skip_serializing_if = "PlaceList::is_empty")]
    #[schemars(with = "Vec<Location<String>>")]
    pub instances: PlaceList<'a>,
    /// Versions in which the package is repaired.
    #[serde(skip_serializing_if = "TextList::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub fixed_in: TextList<'a>,
    /// Addresses to read on: the first of those that the report has, and of the first
    /// findings only, as many as `detailed` says.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub references: Cow<'a, [String]>,
    /// How many addresses the report has.
    pub reference_count: u32,
    /// The keyed digest that stands for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<&'a str>,
    /// The report's path.
    pub report: &'a str,
    /// Where in the report it stands.
    pub pointer: Pointer<&'a str>,
}

/// A rise of a severity.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RaisedRow {
    /// What it was.
    pub from: Severity,
    /// The day on which that was seen.
    pub on: Shown<Date>,
}

/// What a VEX document says of a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VexRow<'a> {
    /// `not affected` or `fixed`.
    pub status: &'a str,
    /// Why, in the document's words.
    pub reason: Option<&'a str>,
    /// The document.
    pub document: &'a str,
    /// Where in the document it stands.
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
    pub fn undecided(finding: Found<'a>, report: &'a Report) -> Self {
        Self::brief(finding, report).in_full(finding)
    }

    /// The same without what only people read.
    fn brief(finding: Found<'a>, report: &'a Report) -> Self {
        let suppressed = finding.suppressed();
        Self {
            fingerprint: Shown(finding.fingerprint),
            content: finding.content.map(Shown),
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
            rule_id: finding.rule_id(),
            title: finding.title(),
            description: None,
            severity: finding.severity,
            counts_as: None,
            scanner_severity: finding.scanner_severity(),
            confidence: finding.confidence,
            cwe: Weaknesses(finding.cwes()),
            vulnerability_ids: finding.vulnerability_ids(),
            cvss: finding.cvss().map(|cvss| CvssRow {
                version: cvss.version,
                score: cvss.score,
                vector: cvss.vector,
            }),
            kev: finding.kev,
            epss: None,
            new: None,
            first_seen: None,
            due: None,
            raised: None,
            renamed_from: None,
            vex: None,
            issue: None,
            location: finding.location(),
            instance_count: finding.instance_count,
            instances: finding.instances(),
            fixed_in: finding.fixed_in(),
            references: Cow::default(),
            reference_count: finding.reference_count,
            secret: finding.secret(),
            report: &report.path,
            pointer: finding.pointer(),
        }
    }

    /// The beginning of its fingerprint: what `explain` takes.
    pub fn short_id(&self) -> String {
        short(&self.fingerprint.to_string())
    }

    /// A finding of a decision, by its index in [`Decision::findings`].
    pub fn of(decision: &Decision<'a>, index: usize) -> Option<Self> {
        let judged = decision.findings.get(index)?;
        Some(Self::brief_of(decision, index)?.in_full(judged.subject.finding))
    }

    /// The same without what only people read.
    fn brief_of(decision: &Decision<'a>, index: usize) -> Option<Self> {
        let judged = decision.findings.get(index)?;
        let report = decision.reports.get(judged.report as usize)?;
        let Judged {
            subject,
            standing,
            breaks,
            ..
        } = judged;
        let is_unknown = subject.finding.severity == Severity::Unknown;
        let history = decision
            .comparison
            .as_ref()
            .and_then(|comparison| comparison.histories.get(index));
        let due = |first_seen: Date| {
            let days = Span::new().days(subject.allowance?);
            first_seen.checked_add(days).ok()
        };
        Some(Self {
            status: standing.status,
            exception: standing.exception.map(|exception| exception.id.as_str()),
            breaks: breaks.to_vec(),
            counts_as: is_unknown.then_some(subject.severity),
            kev: subject.kev.unwrap_or(false),
            epss: subject.epss,
            new: subject.new,
            first_seen: subject.first_seen.map(Shown),
            due: subject.first_seen.and_then(due).map(Shown),
            raised: subject.raised.map(|raised| RaisedRow {
                from: raised.from,
                on: Shown(raised.on),
            }),
            renamed_from: history
                .and_then(|history| history.renamed_from.as_deref())
                .map(str::to_owned),
            vex: subject.vex.as_deref().map(|ruling| VexRow {
                status: ruling.statement.status.name(),
                reason: ruling.statement.reason.as_deref(),
                document: &ruling.document.origin.path,
                pointer: &ruling.statement.pointer,
            }),
            issue: decision
                .issues
                .of_finding(index)
                .map(|issue| Shown(issue.id)),
            ..Self::brief(subject.finding, report)
        })
    }

    /// Adds what only people read; where that is lost, that it is.
    fn in_full(self, finding: Found<'a>) -> Self {
        let (description, references) = match finding.details() {
            Ok(Cow::Borrowed(details)) => {
                let description = details.description.as_deref();
                (
                    description.map(Cow::Borrowed),
                    details.references.as_slice().into(),
                )
            }
            Ok(Cow::Owned(details)) => (
                details.description.map(Cow::Owned),
                details.references.into(),
            ),
            Err(error) => {
                let lost = format!("[what the report says of this cannot be read back: {error}]");
                (Some(lost.into()), Cow::default())
            }
        };
        Self {
            description,
            references,
            ..self
        }
    }

    /// What it is, in a line: the title or, where that says no more than the
    /// rule, the beginning of the explanation.
    pub fn headline(&self) -> &str {
        match &self.description {
            Some(description) if self.title == self.rule_id => {
                let line = description.trim().lines().next().unwrap_or_default();
                line.split_once(". ").map_or(line, |(sentence, _)| sentence)
            }
            _ => self.title,
        }
    }

    /// The upgrade that the report names, in words.
    pub fn upgrade(&self) -> Option<String> {
        match self.location {
            Location::Package { name, version, .. } if !self.fixed_in.is_empty() => {
                let version = upgrade::to_take(version, [self.fixed_in.iter()]);
                Some(format!("upgrade {name} to {version}"))
            }
            _ => None,
        }
    }
}

/// The beginning of a fingerprint in eight characters, the ordinal included.
pub(super) fn short(fingerprint: &str) -> String {
    const LENGTH: usize = 8;
    let bare = fingerprint.strip_prefix("sg1:").unwrap_or(fingerprint);
    let (digits, ordinal) = bare.split_at(bare.find('~').unwrap_or(bare.len()));
    let digits = digits.chars().take(LENGTH.saturating_sub(ordinal.len()));
    digits.chain(ordinal.chars()).collect()
}

/// The findings of a decision, each made into a row only when it is written:
/// there may be a million.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    decision: &'a Decision<'a>,
    /// How many of them, the first ones, are shown with what only people read.
    pub(super) detailed: usize,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = 0..self.decision.findings.len();
        serializer.collect_seq(all.filter_map(|index| self.row(index)))
    }
}

impl<'a> Findings<'a> {
    pub(super) fn new(decision: &'a Decision<'a>) -> Self {
        let count = decision.findings.len();
        Self {
            decision,
            // Who decides again asks again.
            detailed: match decision.policy.asks_for_details() {
                true => count,
                false => count.min(Details::MAX_FINDINGS),
            },
        }
    }

    fn row(self, index: usize) -> Option<FindingRow<'a>> {
        match index < self.detailed {
            true => FindingRow::of(self.decision, index),
            false => FindingRow::brief_of(self.decision, index),
        }
    }

    /// The findings that VEX statements take out of the decision, as often as they
    /// stand in reports.
    pub(super) fn not_affected(self) -> impl Iterator<Item = FindingRow<'a>> {
        self.not_affected_indices()
            .filter_map(move |index| self.row(index))
    }

    pub(super) fn not_affected_indices(self) -> impl Iterator<Item = usize> {
        let findings = self.decision.findings.iter().enumerate();
        let taken_out =
            findings.filter(|(_, judged)| judged.standing.status == Status::NotAffected);
        taken_out.map(|(index, _)| index)
    }

    /// The findings that keep the release from going on; one that stands in
    /// several reports once.
    pub(super) fn blocking(self) -> impl Iterator<Item = FindingRow<'a>> {
        self.blocking_indices()
            .filter_map(move |index| self.row(index))
    }

    pub(super) fn blocking_indices(self) -> impl Iterator<Item = usize> {
        let mut seen = HashSet::default();
        let findings = self.decision.findings.iter().enumerate();
        let blocking = findings.filter(move |(index, judged)| {
            !judged.breaks.is_empty() && seen.insert(self.decision.issues.identity(*index))
        });
        blocking.map(|(index, _)| index)
    }
}
