//! What would be filed where, and what is wrong.
//!
//! A pure function of the reports, the configuration and what the pipeline tells.
//! No server is asked, so what only one can tell is not in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metadata::Metadata;
use super::{Artifact, Closing, Content, Target, Tool};
use crate::policy::Policy;
use crate::policy::evidence::Switch;
use crate::report::Report;
use crate::scan_record::Context;

mod row;

use row::Planner;

/// The format of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Schema {
    /// The first.
    #[serde(rename = "security-evidence-plan/1")]
    V1,
}

/// What would be filed where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `security-evidence-plan/1`.
    pub schema: Schema,
    /// What made the plan.
    pub tool: Tool,
    /// The server's address; `null` when none is configured.
    pub server: Option<String>,
    /// What was scanned, as the pipeline's environment tells.
    pub context: Context,
    /// The reports, in the order of their lanes and paths.
    pub reports: Vec<Row>,
    /// Files that go with the reports to their engagements, if they are there.
    pub attachments: Vec<Attachment>,
    /// What there should be a report of, and is none.
    pub missing: Vec<Missing>,
}

/// A report, and where it would be filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The file.
    pub artifact: Artifact,
    /// The lane.
    pub lane: String,
    /// What it was read as.
    pub content: Content,
    /// The scan record beside it.
    pub scan_record: Option<Beside>,
    /// Whether it is sent in another format than it has.
    pub converted: bool,
    /// Where it is filed; `null` when that cannot be told.
    pub target: Option<Target>,
    /// What is sent with it.
    pub metadata: Metadata,
    /// Whether what it lacks is closed.
    pub closing: Closing,
    /// What is done to what is sent, in words.
    pub notes: Vec<String>,
    /// Why it cannot be filed; empty when it can.
    pub wrong: Vec<Wrong>,
}

/// A file beside a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// Where it is.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Why a report cannot be filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// What has to be mended.
    pub what: Cause,
    /// In words.
    pub text: String,
}

/// What has to be mended so that a report can be filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The configuration.
    Configuration,
    /// What the pipeline tells.
    Context,
    /// The report.
    Report,
}

/// A file that goes with the reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// What it is.
    pub what: Attached,
    /// The file.
    pub file: Artifact,
}

/// What is filed besides reports.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Attached {
    /// `security-gate-summary.json` or `.md`: the decision.
    Summary,
    /// `security-exceptions.toml`: the risks that were accepted.
    Exceptions,
}

/// A scanner of which a lane expects a report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The lane.
    pub lane: String,
    /// The scanner.
    pub scanner: String,
}

/// What is told on the command line or by the environment in place of the
/// configuration.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// The server's address.
    pub server: Option<String>,
    /// The product of lanes that name none of their own.
    pub product: Option<String>,
}

impl Plan {
    /// Plans where `reports` are filed.
    pub fn new(
        policy: &Policy,
        reports: &[Report],
        attachments: Vec<Attachment>,
        context: Context,
        told: &Told,
    ) -> Self {
        let planner = Planner {
            policy,
            context: &context,
            told,
        };
        let mut rows: Vec<_> = reports.iter().map(|report| planner.row(report)).collect();
        rows.sort_by(|one, other| (&one.lane, &one.artifact).cmp(&(&other.lane, &other.artifact)));
        refuse_shared_tests(&mut rows, policy);
        let mut attachments = attachments;
        attachments.sort();
        Self {
            schema: Schema::V1,
            tool: Tool::this(),
            server: told.server.clone().or(policy.evidence.url.clone()),
            missing: missing(policy, &rows),
            context,
            reports: rows,
            attachments,
        }
    }

    /// Whether everything can be filed, as far as the configuration goes.
    pub fn is_configured(&self) -> bool {
        let mut wrong = self.reports.iter().flat_map(|row| &row.wrong);
        !wrong.any(|wrong| wrong.what == Cause::Configuration)
    }

    /// Whether everything can be filed, and is there.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.reports.iter().all(|row| row.wrong.is_empty())
    }
}

/// Of two reports for one test the second would take the place of the first, and
/// close what only that has.
fn refuse_shared_tests(rows: &mut [Row], policy: &Policy) {
    let shares = |one: &Row, other: &Row| match (&one.target, &other.target) {
        (Some(one), Some(other)) => one.test() == other.test(),
        _ => false,
    };
    let replaces = |row: &Row| {
        let filing = policy.filing(&row.lane);
        let may_share = filing.switched(Switch::CloseOldFindings) == Some(false);
        !row.metadata.import && !may_share
    };
    let found: Vec<_> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| replaces(row))
        .filter_map(|(at, row)| {
            let mut others = rows.iter().enumerate();
            let (_, other) = others.find(|(index, other)| *index != at && shares(row, other))?;
            Some((at, other.artifact.path.clone(), other.lane.clone()))
        })
        .collect();
    for (at, path, lane) in found {
        if let Some(row) = rows.get_mut(at) {
            row.closing.forbid("it cannot be filed");
            let place = match lane == row.lane {
                true => path,
                false => format!("{path} in the lane {lane}"),
            };
            row.wrong.push(Wrong {
                what: Cause::Configuration,
                text: format!(
                    "it would be filed as the same test as {place}, and each would close what only the other has: tell them apart with `{{{{ report }}}}` in `test_title`, or set `close_old_findings = false`"
                ),
            });
        }
    }
}

/// The scanners that lanes expect, and of which there is no report.
fn missing(policy: &Policy, rows: &[Row]) -> Vec<Missing> {
    let expected = policy.lanes.iter().flat_map(|(name, lane)| {
        let scanners = lane.expect.iter();
        scanners.map(move |scanner| (name, scanner))
    });
    let is_there = |lane: &String, scanner: &String| {
        let mut rows = rows.iter();
        rows.any(|row| row.lane == *lane && row.content.scanner.as_ref() == Some(scanner))
    };
    let mut missing: Vec<_> = expected
        .filter(|(lane, scanner)| !is_there(lane, scanner))
        .map(|(lane, scanner)| Missing {
            lane: lane.clone(),
            scanner: scanner.clone(),
        })
        .collect();
    missing.sort();
    missing.dedup();
    missing
}
