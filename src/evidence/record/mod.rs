//! The record of what became of each report, `security-evidence.json`.
//!
//! It is written before and after every step, so that whatever ends the program
//! leaves a file from which the next run can go on: what was being sent then is
//! `unknown` until the server is asked.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use super::plan::{Attachment, Missing, Plan};
use crate::atomic;
use crate::scan_record::Context;

mod attempt;
mod delivery;
mod read;

pub use attempt::{Attempt, Filed, Outcome, Sent, Statistics};
pub use delivery::{Delivery, Misstep, State};
pub use read::MAX_SIZE;

/// The name of the file.
pub const FILE: &str = "security-evidence.json";

/// The name and version of the record's format.
pub const SCHEMA: &str = "security-evidence/1";

/// The format of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Schema {
    /// The first.
    #[serde(rename = "security-evidence/1")]
    V1,
}

/// What became of each report. This is a public format: a field may be added only
/// with a new [`SCHEMA`], because readers refuse what they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `security-evidence/1`.
    pub schema: Schema,
    /// What wrote the record.
    pub tool: Tool,
    /// When the delivery was begun.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// What was scanned, as the pipeline's environment tells.
    pub context: Context,
    /// The server's address; `null` where there is none. Never with a password.
    pub server: Option<String>,
    /// What became of each report, in the order of their lanes and paths.
    pub deliveries: Vec<Delivery>,
    /// What became of the files that go along with them.
    pub attachments: Vec<AttachmentRow>,
    /// What there should have been a report of, and was none.
    pub missing: Vec<Missing>,
}

/// A file that goes along with the reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRow {
    /// The file.
    pub attachment: Attachment,
    /// The engagements that have it, by the server's numbers.
    pub engagements: Vec<u64>,
    /// Why one has it not.
    pub why: Option<String>,
}

impl Record {
    /// The record of what is planned. What cannot be filed is refused from the
    /// start.
    pub fn new(plan: Plan, now: Timestamp) -> Self {
        let Plan {
            schema: _,
            tool,
            server,
            context,
            reports,
            attachments,
            missing,
        } = plan;
        let attachments = attachments.into_iter().map(|attachment| AttachmentRow {
            attachment,
            engagements: Vec::new(),
            why: None,
        });
        Self {
            schema: Schema::V1,
            tool,
            started: now,
            context,
            server,
            deliveries: reports.into_iter().map(Delivery::planned).collect(),
            attachments: attachments.collect(),
            missing,
        }
    }

    /// Goes on with what an earlier record of the same commit and server left: what
    /// is filed stays filed, and what was being sent is unknown.
    ///
    /// # Errors
    ///
    /// When the earlier one leaves something open that is not of this plan, so that
    /// nobody would ever ask for it again: why, in words.
    pub fn resume(mut self, earlier: Self) -> Result<Self, String> {
        let is_of_this =
            earlier.context.commit == self.context.commit && earlier.server == self.server;
        let mut left = Vec::new();
        for mut delivery in earlier.deliveries {
            delivery.interrupt();
            let mut own = self.deliveries.iter_mut();
            match own.find(|own| is_of_this && own.is_same(&delivery)) {
                Some(own) => own.go_on(delivery),
                None => left.push(delivery),
            }
        }
        match left
            .iter()
            .find(|delivery| delivery.state() == State::Unknown)
        {
            Some(open) => Err(format!(
                "nobody knows yet whether {} of the lane {} was filed at {}: go on with the same reports, commit and server, or keep that record under another name",
                open.artifact.path,
                open.lane,
                earlier
                    .server
                    .as_deref()
                    .unwrap_or("a server without a name")
            )),
            None => Ok(self),
        }
    }

    /// How many reports are in each state, as far as there are any, in the order of
    /// the states.
    pub fn states(&self) -> Vec<(State, usize)> {
        let mut states = BTreeMap::new();
        for delivery in &self.deliveries {
            *states.entry(delivery.state()).or_default() += 1;
        }
        states.into_iter().collect()
    }

    /// Whether everything is filed, or was never to be.
    pub fn is_delivered(&self) -> bool {
        let is_done =
            |delivery: &Delivery| matches!(delivery.state(), State::Filed | State::Skipped);
        self.missing.is_empty() && self.deliveries.iter().all(is_done)
    }

    /// Writes the record as JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// Keeps the record in a file, in place of the one before.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the one before is then still whole.
    pub fn keep(&self, path: &Path) -> io::Result<()> {
        atomic::write(path, |out| self.write(out))
    }
}
