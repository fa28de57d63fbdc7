//! What DefectDojo answers to an upload.
//!
//! Read leniently, for servers older and newer than those that were looked at: the
//! test's id proves that the upload was taken, the rest may be missing, and what is
//! not known is passed over.

use serde::{Deserialize, Deserializer};

/// The answer to an upload that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The test that it went into.
    pub test: u64,
    /// That test's engagement.
    pub engagement: Option<u64>,
    /// That engagement's product.
    pub product: Option<u64>,
    /// That product's type.
    pub product_type: Option<u64>,
    /// What became of the findings. The echo of the request is not looked at: it is
    /// not what is stored.
    pub statistics: Option<Statistics>,
    /// Whether duplicates were marked before the answer; `None` before 3.1.
    pub deduplication_complete: Option<bool>,
}

/// The findings of the whole test, not only of this upload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Statistics {
    /// Before the upload; none for a test that was new, and for an import.
    #[serde(default)]
    pub before: Option<Tally>,
    /// After it. Duplicates may still be marked later.
    #[serde(default)]
    pub after: Option<Tally>,
    /// What changed; none for a test that was new, for an import, and where the
    /// import history is switched off.
    #[serde(default)]
    pub delta: Option<Delta>,
}

/// What a reimport changed. Findings that are false positives or out of scope, and
/// those that `do_not_reactivate` kept closed, are in none of the groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Delta {
    /// Findings that are new.
    pub created: Tally,
    /// Findings that the report lacks.
    pub closed: Tally,
    /// Closed findings that are back.
    pub reactivated: Tally,
    /// Findings that were there already; `left untouched` before 2.46.
    #[serde(alias = "left untouched")]
    pub untouched: Tally,
}

/// Findings by severity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Info.
    pub info: Counts,
    /// Low.
    pub low: Counts,
    /// Medium.
    pub medium: Counts,
    /// High.
    pub high: Counts,
    /// Critical.
    pub critical: Counts,
    /// All of them.
    pub total: Counts,
}

/// Findings by state; one may be in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Open.
    pub active: u64,
    /// Confirmed by someone.
    pub verified: u64,
    /// The same as another.
    pub duplicate: u64,
    /// Marked as false positives.
    pub false_p: u64,
    /// Marked as out of scope.
    pub out_of_scope: u64,
    /// Closed.
    pub is_mitigated: u64,
    /// Accepted.
    pub risk_accepted: u64,
    /// All of them.
    pub total: u64,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(expecting = "an object with a test's id")]
        struct Raw {
            test: Option<u64>,
            test_id: Option<u64>,
            engagement_id: Option<u64>,
            product_id: Option<u64>,
            product_type_id: Option<u64>,
            statistics: Option<Statistics>,
            deduplication_complete: Option<bool>,
        }
        let raw = Raw::deserialize(deserializer)?;
        let test = match (raw.test_id, raw.test) {
            (Some(one), Some(other)) if one != other => None,
            (one, other) => one.or(other),
        };
        let missing = || serde::de::Error::custom("it has no test's id, or two");
        Ok(Self {
            test: test.ok_or_else(missing)?,
            engagement: raw.engagement_id,
            product: raw.product_id,
            product_type: raw.product_type_id,
            statistics: raw.statistics,
            deduplication_complete: raw.deduplication_complete,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_the_test_is_needed() {
        let answer: Answer = serde_json::from_str(r#"{"test": 3, "later": [1]}"#).unwrap();
        assert_eq!((answer.test, answer.statistics), (3, None));
        let answer: Answer = serde_json::from_str(
            r#"{"test_id": 3, "statistics": {"before": null, "later": 1,
                "delta": {"left untouched": {"high": {"active": 2, "later": 0}}}}}"#,
        )
        .unwrap();
        let delta = answer.statistics.unwrap().delta.unwrap();
        assert_eq!(delta.untouched.high.active, 2);
        assert_eq!(delta.created, Tally::default());
    }

    #[test]
    fn what_names_no_test_or_is_of_another_shape_is_no_answer() {
        for text in [
            "{}",
            "[]",
            "null",
            "\"created\"",
            r#"{"test": null}"#,
            r#"{"test": "3"}"#,
            r#"{"test": -3}"#,
            r#"{"test": 99999999999999999999}"#,
            r#"{"test": 3, "test": 4}"#,
            r#"{"test": 3, "test_id": 4}"#,
            r#"{"test": 3, "statistics": {"after": {"total": 7}}}"#,
            r#"{"test": 3, "statistics": {"after": {"total": {"active": -1}}}}"#,
        ] {
            assert!(serde_json::from_str::<Answer>(text).is_err(), "{text}");
        }
    }
}
