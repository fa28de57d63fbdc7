//! Evidence: each report filed once, in the right place, whatever was decided.
//!
//! A [`Plan`](plan::Plan) says what would be filed where; a
//! [`Record`](record::Record) says what became of it; a [`bundle`] keeps both with
//! the reports where there is no server. Nothing here asks for a verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Health;

pub mod bundle;
mod closing;
pub mod deliver;
pub mod doctor;
pub mod keep;
mod metadata;
pub mod plan;
pub mod record;
pub mod scan_type;
mod statement;
pub mod table;

pub use metadata::{BUILD_ID, MAX_FILE, Metadata};

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `security-gate`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program.
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A file, by its bytes.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// As it was named or found.
    pub path: String,
    /// SHA-256 of the bytes as stored, in hexadecimal; empty when they could not be
    /// read.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
}

/// What a report was read as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The scanner; `null` when the report is unreadable.
    pub scanner: Option<String>,
    /// The scanner and the encoding: `zap-json`.
    pub format: Option<String>,
    /// What it proves.
    pub health: Health,
    /// Findings that the scanner did not suppress.
    pub findings: u64,
    /// Findings that it did.
    pub suppressed: u64,
    /// Findings that show a secret or are about one.
    pub secrets: u64,
}

/// The place at the server where a report belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The product type, for a product that has to be made.
    pub product_type: Option<String>,
    /// The product; `null` where an id says it.
    pub product: Option<String>,
    /// The engagement.
    pub engagement: String,
    /// The engagement by the server's number.
    pub engagement_id: Option<u64>,
    /// The title of the test.
    pub test_title: String,
    /// The test by the server's number.
    pub test_id: Option<u64>,
    /// The scan type, exactly as the server has it.
    pub scan_type: String,
}

impl Target {
    /// What tells tests apart: of two uploads with the same, the second takes the
    /// place of the first.
    pub fn test(&self) -> impl Ord + '_ {
        // A number says all that names could.
        let names = self.test_id.is_none().then(|| {
            let product = self.engagement_id.is_none().then_some(&self.product);
            let engagement = (product, self.engagement_id, &self.engagement);
            (engagement, &self.scan_type, &self.test_title)
        });
        (self.test_id, names)
    }
}

/// Whether what a report lacks is to be closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// Whether it is.
    pub close: bool,
    /// Why, or why not.
    pub why: String,
    /// How many of the test's open findings one upload may close, in percent, if
    /// they are more than `max_count`.
    pub max_percent: u8,
    /// How many it may close whatever their share is.
    pub max_count: u64,
}

impl Closing {
    /// Closes nothing, for this reason.
    fn forbid(&mut self, why: &str) {
        self.close = false;
        why.clone_into(&mut self.why);
    }
}

/// Whether a text is a SHA-256 as it is written here: 64 hexadecimal digits in
/// lower case.
pub(crate) fn is_digest(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 64 && text.bytes().all(is_digit)
}
