//! What is known of each time that a report was sent.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bytes that are sent for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// SHA-256 of them, in hexadecimal.
    pub sha256: String,
    /// How many.
    pub bytes: u64,
    /// Whether secrets in them were masked; without, they are as in the report.
    pub redacted: bool,
    /// In what they differ from the report, in words.
    pub changes: Vec<String>,
}

/// One time that a report was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// When it began.
    #[schemars(with = "String")]
    pub began: Timestamp,
    /// When it was known how it ended.
    #[schemars(with = "Option<String>")]
    pub ended: Option<Timestamp>,
    /// Whether what is not in the report was closed.
    pub close: bool,
    /// How it ended; `null` while it runs.
    pub outcome: Option<Outcome>,
    /// In words.
    pub text: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The server has it.
    Landed,
    /// The server has it, and not as it is.
    Misread,
    /// The server does not have it.
    NotLanded,
    /// The server does not want it.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// Where a report is at the server, by its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filed {
    /// The test.
    pub test_id: u64,
    /// The engagement; `null` where the server was asked only whether it has it.
    pub engagement_id: Option<u64>,
    /// The product.
    pub product_id: Option<u64>,
    /// What the upload did.
    pub statistics: Option<Statistics>,
}

/// What an upload did to the findings of its test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statistics {
    /// New ones; `null` on a first upload, as for those that follow.
    pub created: Option<u64>,
    /// Ones that were closed.
    pub closed: Option<u64>,
    /// Ones that were opened again.
    pub reactivated: Option<u64>,
    /// Ones that stayed as they were.
    pub untouched: Option<u64>,
    /// All of the test, afterwards.
    pub total: Option<u64>,
}
