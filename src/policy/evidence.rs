//! Where the reports are filed as evidence, and how: what `[evidence]` and
//! `[lane.NAME.evidence]` say.
//!
//! No decision asks for it. That it stands in the policy's text spares a second
//! file with the same lanes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Policy;
use super::template::Template;
use crate::finding::Severity;

/// How reports are filed, as far as it is said; a lane's lies over that of all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filing {
    /// The server's address; never with a password in it.
    pub url: Option<String>,
    /// What is a text with places to fill.
    pub texts: BTreeMap<Field, Template>,
    /// What is switched on or off.
    pub switches: BTreeMap<Switch, bool>,
    /// The tags of the test.
    pub tags: Option<Vec<Template>>,
    /// What else is given the tags.
    pub apply_tags: Option<Vec<Tagged>>,
    /// The engagement, by the server's number.
    pub engagement_id: Option<u64>,
    /// The test, by the server's number.
    pub test_id: Option<u64>,
    /// The least severity that is taken over.
    pub minimum_severity: Option<Severity>,
    /// What findings are grouped by.
    pub group_by: Option<Grouping>,
    /// How many of a test's open findings one upload may close, in percent.
    pub max_close: Option<u8>,
    /// How many it may close whatever their share is.
    pub max_close_count: Option<u64>,
}

impl Filing {
    /// The title of a test where none is said.
    pub const TEST_TITLE: &'static str = "{{ scanner }}-{{ branch }}";
    /// The share that one upload may close where none is said, in percent.
    pub const MAX_CLOSE: u8 = 50;
    /// The number that it may close whatever the share is, where none is said.
    pub const MAX_CLOSE_COUNT: u64 = 10;

    /// Lays these over others, each for itself.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        let Self {
            url,
            texts,
            switches,
            tags,
            apply_tags,
            engagement_id,
            test_id,
            minimum_severity,
            group_by,
            max_close,
            max_close_count,
        } = self;
        let mut all = base;
        all.texts.extend(texts);
        all.switches.extend(switches);
        Self {
            url: url.or(all.url),
            texts: all.texts,
            switches: all.switches,
            tags: tags.or(all.tags),
            apply_tags: apply_tags.or(all.apply_tags),
            engagement_id: engagement_id.or(all.engagement_id),
            test_id: test_id.or(all.test_id),
            minimum_severity: minimum_severity.or(all.minimum_severity),
            group_by: group_by.or(all.group_by),
            max_close: max_close.or(all.max_close),
            max_close_count: max_close_count.or(all.max_close_count),
        }
    }

    /// Every key that is said, with its value as a policy has it.
    pub(super) fn settings(&self) -> Vec<(&'static str, Value)> {
        // A new field must be shown, too.
        let Self {
            url,
            texts,
            switches,
            tags,
            apply_tags,
            engagement_id,
            test_id,
            minimum_severity,
            group_by,
            max_close,
            max_close_count,
        } = self;
        let mut settings = vec![("url", url.as_ref().map(|url| json!(url)))];
        for (key, field) in Field::KEYS {
            settings.push((key, texts.get(&field).map(|text| json!(text.text()))));
        }
        for (key, switch) in Switch::KEYS {
            settings.push((key, switches.get(&switch).map(|on| json!(on))));
        }
        let tags = tags.as_ref().map(|tags| {
            let tags: Vec<_> = tags.iter().map(Template::text).collect();
            json!(tags)
        });
        let apply_tags = apply_tags.as_ref().map(|tagged| {
            let words: Vec<_> = tagged
                .iter()
                .map(|each| word(&Tagged::WORDS, each))
                .collect();
            json!(words)
        });
        let severity = minimum_severity.map(Severity::name);
        let grouping = group_by.as_ref().map(|by| word(&Grouping::WORDS, by));
        settings.extend([
            ("tags", tags),
            ("apply_tags", apply_tags),
            ("engagement_id", engagement_id.map(|id| json!(id))),
            ("test_id", test_id.map(|id| json!(id))),
            ("minimum_severity", severity.map(|name| json!(name))),
            ("group_by", grouping.map(|word| json!(word))),
            ("max_close", max_close.map(|share| json!(share))),
            ("max_close_count", max_close_count.map(|count| json!(count))),
        ]);
        let said = settings.into_iter();
        said.filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }

    /// Whether something is switched on; absent: nobody says.
    pub fn switched(&self, switch: Switch) -> Option<bool> {
        self.switches.get(&switch).copied()
    }
}

/// The word of a value.
pub(crate) fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    let found = words.iter().find(|(_, each)| each == value);
    found.map_or("", |(word, _)| word)
}

impl Policy {
    /// How the reports of a lane are filed.
    pub fn filing(&self, lane: &str) -> Filing {
        let own = self.lanes.get(lane).map(|lane| lane.evidence.clone());
        own.unwrap_or_default().over(self.evidence.clone())
    }
}

/// Whether a text is the address of a page, and gives no access.
///
/// # Errors
///
/// Why it is not, in words that do not repeat it.
pub fn address(text: &str) -> Result<(), &'static str> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or("it begins with `https://`")?;
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return Err("leave out the name and the password before the `@`");
    }
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#');
    if host.is_empty() || rest.contains(is_odd) {
        return Err("it has a host, perhaps a path, and nothing else");
    }
    Ok(())
}

/// A text of a [`Filing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The product type that the product is made in, if it has to be made.
    ProductType,
    /// The product.
    Product,
    /// What is said of an engagement that has to be made.
    Description,
    /// The engagement.
    Engagement,
    /// The test: with the scan type, what a later upload is compared with.
    TestTitle,
    /// The branch that a test stands for whose title does not say it.
    Branch,
    /// The version of what was scanned.
    Version,
    /// The branch as the server keeps it with the test.
    BranchTag,
    /// The environment of a test that has to be made.
    Environment,
    /// The service; part of every finding's identity.
    Service,
    /// Where the source code is, for an engagement that has to be made.
    SourceCodeUri,
}

impl Field {
    /// All of them, with their keys.
    pub const KEYS: [(&'static str, Self); 11] = [
        ("product_type", Self::ProductType),
        ("product", Self::Product),
        ("description", Self::Description),
        ("engagement", Self::Engagement),
        ("test_title", Self::TestTitle),
        ("branch", Self::Branch),
        ("version", Self::Version),
        ("branch_tag", Self::BranchTag),
        ("environment", Self::Environment),
        ("service", Self::Service),
        ("source_code_uri", Self::SourceCodeUri),
    ];

    /// Whether it is part of what tells tests or findings apart, and so must be the
    /// same in every pipeline.
    pub(super) fn is_lasting(self) -> bool {
        matches!(
            self,
            Self::ProductType
                | Self::Product
                | Self::Engagement
                | Self::TestTitle
                | Self::Branch
                | Self::Service
        )
    }
}

/// A switch of a [`Filing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Switch {
    /// Whether what the report lacks is closed, where nothing speaks against it.
    CloseOldFindings,
    /// Whether what was closed stays so when it is reported again.
    DoNotReactivate,
    /// Whether duplicates are looked for within the engagement only.
    DeduplicationOnEngagement,
    /// Whether findings are handed on to JIRA.
    PushToJira,
    /// Whether every upload makes a test of its own (`import-scan`).
    Import,
}

impl Switch {
    /// All of them, with their keys.
    pub const KEYS: [(&'static str, Self); 5] = [
        ("close_old_findings", Self::CloseOldFindings),
        ("do_not_reactivate", Self::DoNotReactivate),
        (
            "deduplication_on_engagement",
            Self::DeduplicationOnEngagement,
        ),
        ("push_to_jira", Self::PushToJira),
        ("import", Self::Import),
    ];
}

/// What is given the tags of a test besides the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// The findings of the report.
    Findings,
    /// Their endpoints.
    Endpoints,
}

impl Tagged {
    /// Both, with their words.
    pub const WORDS: [(&'static str, Self); 2] =
        [("findings", Self::Findings), ("endpoints", Self::Endpoints)];
}

/// What findings are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// The component.
    Component,
    /// The component in its version.
    ComponentAndVersion,
    /// The file.
    File,
    /// The title.
    Title,
    /// The scanner's own name of the vulnerability.
    Vulnerability,
}

impl Grouping {
    /// All of them, with the words that DefectDojo has for them.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("component_name", Self::Component),
        (
            "component_name+component_version",
            Self::ComponentAndVersion,
        ),
        ("file_path", Self::File),
        ("finding_title", Self::Title),
        ("vuln_id_from_tool", Self::Vulnerability),
    ];
}
