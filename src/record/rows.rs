//! The rows of a summary, as far as a decision depends on them, and what they
//! stand for.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::{Past, PastFacts, Unusable};
use crate::artifact::Digested;
use crate::baseline::Raised;
use crate::enrichment::vex::Status;
use crate::enrichment::{Origin, Vex};
use crate::finding::{
    Category, Confidence, Cvss, CvssVersion, Details, Finding, Findings, Location, Severity,
};
use crate::fingerprint::{ContentDigest, Fingerprint};
use crate::parser;
use crate::report::{Health, Note, Proof, Report, Scan, Tally};

type Text = crate::finding::Text<'static>;

#[derive(Deserialize)]
pub(super) struct ReasonRow {
    pub(super) effect: String,
    pub(super) lane: Option<String>,
    pub(super) report: Option<String>,
    pub(super) text: String,
}

#[derive(Deserialize)]
pub(super) struct KnowledgeRow {
    kev: Option<DatedRow>,
    epss: Option<DatedRow>,
    vex: Vec<DatedRow>,
    #[serde(default)]
    unusable: Vec<Unusable>,
}

#[derive(Deserialize)]
struct DatedRow {
    path: String,
    sha256: String,
    date: String,
}

#[derive(Deserialize)]
pub(super) struct ReportRow {
    pub(super) path: String,
    status: Health,
    scanner: Option<String>,
    scanner_version: Option<String>,
    pub(super) lane: String,
    bytes: u64,
    sha256: String,
    pub(super) findings: u64,
    pub(super) suppressed: u64,
    hidden: u64,
    notes: Vec<String>,
    error: Option<String>,
    generated_at: Option<String>,
    record: Option<RecordRow>,
    modified: Option<String>,
    artifacts: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct RecordRow {
    path: String,
    sha256: String,
    holds: bool,
    exit_code: Option<i32>,
    started: String,
    ended: Option<String>,
    commit: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct FindingRow {
    fingerprint: String,
    content: Option<String>,
    suppressed: Option<Text>,
    pub(super) scanner: String,
    pub(super) lane: String,
    category: Category,
    rule_id: Text,
    title: Text,
    description: Option<Text>,
    severity: Severity,
    scanner_severity: Option<Text>,
    confidence: Option<Confidence>,
    #[serde(default)]
    cwe: Vec<String>,
    #[serde(default)]
    vulnerability_ids: Vec<Text>,
    cvss: Option<CvssRow>,
    #[serde(default)]
    kev: bool,
    epss: Option<f64>,
    new: Option<bool>,
    first_seen: Option<String>,
    raised: Option<RaisedRow>,
    vex: Option<VexRow>,
    location: Location<Text>,
    instance_count: u64,
    #[serde(default)]
    instances: Vec<Location<Text>>,
    #[serde(default)]
    fixed_in: Vec<Text>,
    #[serde(default)]
    references: Vec<Text>,
    reference_count: u32,
    secret: Option<Text>,
    pub(super) report: String,
    pointer: String,
}

#[derive(Deserialize)]
struct CvssRow {
    version: CvssVersion,
    score: f64,
    vector: Option<Text>,
}

#[derive(Deserialize)]
struct RaisedRow {
    from: Severity,
    on: String,
}

#[derive(Deserialize)]
struct VexRow {
    status: String,
    reason: Option<String>,
    document: String,
    pointer: String,
}

pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let time = text.parse();
    time.map_err(|_| format!("`{text}` is no time such as `2026-11-21T10:00:00Z`"))
}

/// Reads a day, and nothing else that a date may be read from.
fn day(text: &str) -> Result<Date, String> {
    text.parse()
        .ok()
        .filter(|date: &Date| date.to_string() == text)
        .ok_or_else(|| format!("`{text}` is no day such as `2026-11-21`"))
}

impl KnowledgeRow {
    pub(super) fn past(self, has_baseline: bool) -> Result<Past, String> {
        let date = |row: Option<DatedRow>| row.map(|row| time(&row.date)).transpose();
        let vex = self.vex.into_iter().map(|row| {
            let origin = Origin {
                date: time(&row.date)?,
                path: row.path,
                stored: Digested {
                    bytes: 0,
                    sha256: row.sha256,
                },
            };
            Ok(Vex::recorded(origin))
        });
        Ok(Past {
            has_baseline,
            kev: date(self.kev)?,
            epss: date(self.epss)?,
            vex: vex.collect::<Result<_, String>>()?,
            unusable: self.unusable,
            lacks_details: false,
        })
    }
}

impl ReportRow {
    /// The report, still without its findings.
    pub(super) fn report(&self) -> Result<Report, String> {
        let scan = match (self.status, self.scanner.as_deref()) {
            (Health::Unreadable, _) => Err(self.error.clone().ok_or("`error` is missing")?),
            (_, None) => return Err("`scanner` is missing".to_owned()),
            (_, Some(name)) => Ok(self.scan(
                parser::by_name(name)
                    .ok_or_else(|| format!("`{name}` is no scanner that this version knows"))?
                    .scanner,
            )?),
        };
        Ok(Report {
            path: self.path.clone(),
            lane: self.lane.clone(),
            bytes: self.bytes,
            sha256: self.sha256.clone(),
            scan,
            findings: Findings::default(),
            tally: Tally::default(),
            record: self.record.as_ref().map(RecordRow::proof).transpose()?,
            modified: self.modified.as_deref().map(time).transpose()?,
        })
    }

    fn scan(&self, scanner: &'static str) -> Result<Scan, String> {
        let mut texts = self.notes.clone();
        if texts.is_empty() && self.status != Health::Complete {
            texts.push("the summary does not say why".to_owned());
        }
        // Which of the notes made the status is not recorded.
        let note = |text| Note::new(self.status, text);
        Ok(Scan {
            scanner,
            format: "recorded",
            version: self.scanner_version.clone(),
            generated_at: self.generated_at.as_deref().map(time).transpose()?,
            artifacts: self.artifacts.clone(),
            hidden: self.hidden,
            notes: texts.into_iter().map(note).collect(),
            ..Scan::default()
        })
    }
}

impl RecordRow {
    fn proof(&self) -> Result<Proof, String> {
        Ok(Proof {
            path: self.path.clone(),
            sha256: self.sha256.clone(),
            exit_code: self.exit_code,
            started: time(&self.started)?,
            ended: self.ended.as_deref().map(time).transpose()?,
            commit: self.commit.clone(),
            holds: self.holds,
        })
    }
}

impl FindingRow {
    /// What was known of the finding.
    pub(super) fn facts(&self, known: &mut Past, today: Date) -> Result<PastFacts, String> {
        let mut facts = PastFacts {
            epss: self.epss,
            vex: self.vex.as_ref().map(|row| row.ruling(known)).transpose()?,
            ..PastFacts::default()
        };
        // Without a baseline they only say what the policy of then took for new.
        if known.has_baseline {
            let missing = |key| format!("there was a baseline, and `{key}` is missing");
            let first_seen = self.first_seen.as_deref();
            let first_seen = day(first_seen.ok_or_else(|| missing("first_seen"))?)?;
            if first_seen > today {
                return Err(format!(
                    "it was first seen on {first_seen}, after the decision"
                ));
            }
            facts.first_seen = Some(first_seen);
            facts.new = Some(self.new.ok_or_else(|| missing("new"))?);
            let raised = self.raised.as_ref().map(|raised| {
                Ok::<_, String>(Raised {
                    on: day(&raised.on)?,
                    from: raised.from,
                })
            });
            facts.raised = raised.transpose()?;
        }
        Ok(facts)
    }

    pub(super) fn finding(self) -> Result<Finding<'static>, String> {
        let fingerprint = Fingerprint::parse(&self.fingerprint)
            .ok_or_else(|| format!("`{}` is no fingerprint", self.fingerprint))?;
        let content = self.content.map(|text| {
            ContentDigest::parse(&text).ok_or_else(|| format!("`{text}` is no digest of a content"))
        });
        let cwe = |text: &String| {
            let number = text.strip_prefix("CWE-").and_then(|text| text.parse().ok());
            number.ok_or_else(|| format!("`{text}` is no weakness such as `CWE-79`"))
        };
        Ok(Finding {
            fingerprint,
            content: content.transpose()?,
            category: self.category,
            rule_id: self.rule_id,
            title: self.title,
            severity: self.severity,
            scanner_severity: self.scanner_severity,
            confidence: self.confidence,
            cwes: self.cwe.iter().map(cwe).collect::<Result<_, _>>()?,
            vulnerability_ids: self.vulnerability_ids,
            cvss: self.cvss.map(|cvss| Cvss {
                version: cvss.version,
                score: cvss.score,
                vector: cvss.vector,
            }),
            // By the report or by the catalogue: it was known, either way.
            kev: self.kev,
            location: self.location,
            instances: self.instances,
            instance_count: self.instance_count,
            fixed_in: self.fixed_in,
            details: Details {
                description: self.description,
                references: self.references,
            },
            reference_count: self.reference_count,
            pointer: self.pointer.into(),
            secret: self.secret,
            suppressed: self.suppressed,
        })
    }
}

impl VexRow {
    /// Adds the statement to its document, and says where it is.
    fn ruling(&self, known: &mut Past) -> Result<(usize, usize), String> {
        let status = Status::ALL
            .into_iter()
            .find(|status| status.name() == self.status && status.suppresses());
        let status = status.ok_or_else(|| {
            format!(
                "`{}` is nothing that takes a finding out of a decision",
                self.status
            )
        })?;
        let mut documents = known.vex.iter_mut().enumerate();
        let (at, document) = documents
            .find(|(_, document)| document.origin.path == self.document)
            .ok_or_else(|| format!("there is no VEX document `{}`", self.document))?;
        let reason = self.reason.clone();
        let statement = document.add_recorded(status, reason, self.pointer.clone());
        Ok((at, statement))
    }
}
