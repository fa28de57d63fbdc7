//! The statement: the reports' digests as an in-toto Statement, for whoever signs
//! evidence or looks for it by digest.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use jiff::Timestamp;
use serde::Serialize;

use super::Tool;
use super::record::{Delivery, Record};
use crate::report::Health;
use crate::scan_record::Context;

/// The type of a statement.
const TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of what it says.
const PREDICATE: &str = "urn:security-gate:evidence-bundle:1";

/// What is stated of the reports of a record.
#[derive(Debug, Serialize)]
pub struct Statement<'r> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject<'r>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: Predicate<'r>,
}

/// A report as its scanner left it.
#[derive(Debug, Serialize)]
struct Subject<'r> {
    name: &'r str,
    digest: Digest<'r>,
}

#[derive(Debug, Serialize)]
struct Digest<'r> {
    sha256: &'r str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'r> {
    tool: &'r Tool,
    created: Timestamp,
    context: &'r Context,
    reports: Vec<Report<'r>>,
    /// The decision and the exceptions, as far as they were there.
    attachments: Vec<Subject<'r>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'r> {
    name: &'r str,
    lane: &'r str,
    scanner: Option<&'r str>,
    health: Health,
    digest: Digest<'r>,
    /// What is kept of it; `null` when nothing is.
    kept: Option<Digest<'r>>,
    /// Whether secrets are masked in what is kept.
    redacted: bool,
    /// Its scan record.
    scan_record: Option<Digest<'r>>,
}

impl<'r> Statement<'r> {
    /// What a record says; the same record, the same statement.
    pub fn of(record: &'r Record) -> Self {
        // What could not be read has no digest, and is no subject.
        let deliveries = record.deliveries.iter();
        let deliveries: Vec<_> = deliveries
            .filter(|delivery| !delivery.artifact.sha256.is_empty())
            .collect();
        let subject = |delivery: &&'r Delivery| Subject {
            name: &delivery.artifact.path,
            digest: Digest {
                sha256: &delivery.artifact.sha256,
            },
        };
        let attachments = record.attachments.iter().map(|row| Subject {
            name: &row.attachment.file.path,
            digest: Digest {
                sha256: &row.attachment.file.sha256,
            },
        });
        Self {
            kind: TYPE,
            subject: deliveries.iter().map(subject).collect(),
            predicate_type: PREDICATE,
            predicate: Predicate {
                tool: &record.tool,
                created: record.started,
                context: &record.context,
                reports: deliveries
                    .iter()
                    .map(|delivery| Report::of(delivery))
                    .collect(),
                attachments: attachments.collect(),
            },
        }
    }
}

impl<'r> Report<'r> {
    fn of(delivery: &'r Delivery) -> Self {
        let sent = delivery.sent();
        let record = delivery.scan_record.as_ref();
        Self {
            name: &delivery.artifact.path,
            lane: &delivery.lane,
            scanner: delivery.content.scanner.as_deref(),
            health: delivery.content.health,
            digest: Digest {
                sha256: &delivery.artifact.sha256,
            },
            kept: sent.map(|sent| Digest {
                sha256: &sent.sha256,
            }),
            redacted: sent.is_some_and(|sent| sent.redacted),
            scan_record: record.map(|record| Digest {
                sha256: &record.sha256,
            }),
        }
    }
}
