//! What is sent with a report, within the server's limits.
//!
//! DefectDojo answers 500 to a text that is too long, after it has changed the
//! findings; so nothing longer is ever sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most characters of each text.
pub(super) const PRODUCT: usize = 255;
pub(super) const ENGAGEMENT: usize = 300;
pub(super) const TEST_TITLE: usize = 255;
pub(super) const VERSION: usize = 100;
pub(super) const BRANCH_TAG: usize = 150;
pub(super) const COMMIT_HASH: usize = 150;
pub(super) const SERVICE: usize = 200;
/// The most characters of an upload's own key.
pub const BUILD_ID: usize = 150;

/// The largest file that DefectDojo takes unless it is configured otherwise, in
/// bytes.
pub const MAX_FILE: u64 = 100 << 20;

/// What is sent with a report besides its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "these are fields of the server's form"
)]
pub struct Metadata {
    /// The version of what was scanned.
    pub version: Option<String>,
    /// The branch or the tag.
    pub branch_tag: Option<String>,
    /// The commit.
    pub commit_hash: Option<String>,
    /// When the report was written, as a day: `2026-11-21`.
    pub scan_date: Option<String>,
    /// The environment, for a test that has to be made.
    pub environment: Option<String>,
    /// The service; part of every finding's identity.
    pub service: Option<String>,
    /// What is said of an engagement that has to be made.
    pub description: Option<String>,
    /// Where the source code is, for an engagement that has to be made.
    pub source_code_uri: Option<String>,
    /// The tags of the test.
    pub tags: Vec<String>,
    /// Whether the findings are given them, too.
    pub apply_tags_to_findings: bool,
    /// Whether the endpoints are.
    pub apply_tags_to_endpoints: bool,
    /// The least severity that is taken over, in the server's word: `Info` is all.
    pub minimum_severity: String,
    /// What findings are grouped by.
    pub group_by: Option<String>,
    /// Whether duplicates are looked for within the engagement only.
    pub deduplication_on_engagement: Option<bool>,
    /// Whether findings are handed on to JIRA.
    pub push_to_jira: Option<bool>,
    /// Whether what was closed stays so when it is reported again.
    pub do_not_reactivate: bool,
    /// Whether the upload makes a test of its own (`import-scan`).
    pub import: bool,
}

/// What is cut to a limit, and a note of it.
pub(super) struct Cut<'n> {
    pub(super) notes: &'n mut Vec<String>,
}

impl Cut<'_> {
    /// A text that only informs: its beginning.
    pub(super) fn text(&mut self, key: &str, text: String, limit: usize) -> String {
        let text = plain(text);
        if text.chars().count() <= limit {
            return text;
        }
        let kept: String = text.chars().take(limit).collect();
        self.notes.push(format!(
            "`{key}` is cut to the {limit} characters that DefectDojo takes: {kept}"
        ));
        kept
    }

    /// A text that tells things apart: its beginning, and a digest of all of it, so
    /// that two of them stay two.
    pub(super) fn name(&mut self, key: &str, text: String, limit: usize) -> String {
        const DIGITS: usize = 8;
        let text = plain(text);
        if text.chars().count() <= limit {
            return text;
        }
        let digest = base16ct::lower::encode_string(&Sha256::digest(&text));
        let digest: String = digest.chars().take(DIGITS).collect();
        let kept: String = text.chars().take(limit - DIGITS - 1).collect();
        let kept = format!("{}-{digest}", kept.trim_end());
        self.notes.push(format!(
            "`{key}` is cut to the {limit} characters that DefectDojo takes, and ends with a digest of the whole: {kept}"
        ));
        kept
    }

    /// A tag without what no tag may have.
    pub(super) fn tag(&mut self, text: &str) -> Option<String> {
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '"' | '\'');
        let parts: Vec<&str> = text.split(is_odd).filter(|part| !part.is_empty()).collect();
        let tag = parts.join("-").to_lowercase();
        if tag != text.to_lowercase() {
            self.notes.push(format!(
                "the tag `{text}` has what DefectDojo takes in no tag: it becomes `{tag}`"
            ));
        }
        Some(tag).filter(|tag| !tag.is_empty())
    }
}

/// A text on one line, as the server keeps it.
fn plain(text: String) -> String {
    match text.contains(char::is_control) {
        true => text
            .split(char::is_control)
            .collect::<Vec<_>>()
            .join(" ")
            .trim()
            .to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_long_names_stay_two() {
        let mut notes = Vec::new();
        let mut cut = Cut { notes: &mut notes };
        let long = "é".repeat(300);
        let one = cut.name("test_title", format!("{long}a"), 255);
        let other = cut.name("test_title", format!("{long}b"), 255);
        assert_ne!(one, other);
        assert_eq!((one.chars().count(), other.chars().count()), (255, 255));
        assert_eq!(cut.text("version", long, 100).chars().count(), 100);
        assert_eq!(cut.text("version", "1.0".to_owned(), 100), "1.0");
        assert_eq!(notes.len(), 3, "{notes:?}");
    }

    #[test]
    fn a_tag_has_no_blanks() {
        let mut notes = Vec::new();
        let mut cut = Cut { notes: &mut notes };
        assert_eq!(cut.tag("Gate").as_deref(), Some("gate"));
        assert_eq!(cut.tag("a b,'c'").as_deref(), Some("a-b-c"));
        assert_eq!(cut.tag(" ,"), None);
        assert_eq!(notes.len(), 2, "{notes:?}");
    }
}
