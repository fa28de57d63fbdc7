//! What is said of a report when it is uploaded, within what DefectDojo takes.
//!
//! The limits are those of DefectDojo 2.58 and 3.2. Longer names are refused there;
//! longer metadata ends in an error *after* findings were changed.

use std::collections::BTreeSet;

use base16ct::lower;
use sha2::{Digest, Sha256};

use super::upload::{Method, Upload};

/// Something that is sent otherwise than it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The field.
    pub field: &'static str,
    /// What became of it.
    pub text: String,
}

/// Why an upload cannot be made as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// DefectDojo asks for it.
    #[error("an upload needs `{0}`")]
    Missing(&'static str),
    /// A name with a line end or another control character.
    #[error("`{0}` has a control character in it")]
    Control(&'static str),
    /// It must arrive as it is.
    #[error("`{field}` has {length} characters, and DefectDojo takes {limit}")]
    Long {
        /// The field.
        field: &'static str,
        /// Its characters.
        length: usize,
        /// The most that it may have.
        limit: usize,
    },
    /// DefectDojo would ignore it, and file the report elsewhere.
    #[error("{0}")]
    Ignored(&'static str),
}

/// The fields of an upload as they are sent, and what was changed for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    method: Method,
    sent: Vec<(&'static str, String)>,
    notes: Vec<Note>,
}

impl Fields {
    /// Writes the fields of `upload`, cut to what DefectDojo takes.
    pub fn new(upload: &Upload) -> Result<Self, FieldError> {
        check_target(upload)?;
        let mut fields = Self {
            method: upload.method,
            sent: Vec::new(),
            notes: Vec::new(),
        };
        fields.add_name("product_type_name", upload.product_type.as_deref(), 255)?;
        fields.add_name("product_name", upload.product.as_deref(), 255)?;
        fields.add_name("engagement_name", upload.engagement.as_deref(), 300)?;
        fields.add_name("test_title", upload.test_title.as_deref(), 255)?;
        fields.add_number("test", upload.test);
        fields.add_number("engagement", upload.engagement_id);
        // DefectDojo's permission check takes any text here for "on".
        if upload.auto_create_context {
            fields.add_bool("auto_create_context", true);
        }
        fields.add_bool("close_old_findings", upload.close_old_findings);
        if upload.method == Method::Import {
            let scope = upload.close_old_findings_product_scope;
            fields.add_bool("close_old_findings_product_scope", scope);
        } else {
            fields.add_bool("do_not_reactivate", upload.do_not_reactivate);
        }
        fields.add_text("minimum_severity", &upload.minimum_severity, 100);
        fields.add_text("version", &upload.version, 100);
        fields.add_text("branch_tag", &upload.branch_tag, 150);
        fields.add_text("commit_hash", &upload.commit_hash, 150);
        fields.add_whole("build_id", &upload.build_id, 150)?;
        fields.add_text("environment", &upload.environment, 200);
        fields.add_name("service", Some(&upload.service), 200)?;
        fields.add_tags(&upload.tags);
        for (name, is_set) in [
            ("apply_tags_to_findings", upload.apply_tags_to_findings),
            ("apply_tags_to_endpoints", upload.apply_tags_to_endpoints),
            (
                "deduplication_on_engagement",
                upload.deduplication_on_engagement,
            ),
            ("push_to_jira", upload.push_to_jira),
        ] {
            if is_set {
                fields.add_bool(name, true);
            }
        }
        for (name, date) in [
            ("scan_date", upload.scan_date),
            ("engagement_end_date", upload.engagement_end_date),
        ] {
            if let Some(date) = date {
                fields.sent.push((name, date.to_string()));
            }
        }
        let uri = &upload.source_code_management_uri;
        fields.add_whole("source_code_management_uri", uri, 600)?;
        fields.add_text("group_by", &upload.group_by, 100);
        // Last, because nothing is filed without it: see `body`.
        fields.add_whole("scan_type", &upload.scan_type, 255)?;
        Ok(fields)
    }

    /// How the report is filed.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The fields in the order in which they are sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.sent
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// A field as it is sent, and so as DefectDojo knows it.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.iter().find(|(known, _)| *known == name)?;
        Some(value)
    }

    /// What is sent otherwise than it was given.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// A name that tells things apart: a long one ends in a digest of all of it, so
    /// that two long names stay two.
    fn add_name(
        &mut self,
        field: &'static str,
        name: Option<&str>,
        limit: usize,
    ) -> Result<(), FieldError> {
        const DIGITS: usize = 12;
        let name = name.unwrap_or_default().trim();
        if name.contains(char::is_control) {
            return Err(FieldError::Control(field));
        }
        let length = name.chars().count();
        if length <= limit {
            self.push(field, name);
            return Ok(());
        }
        let digest = lower::encode_string(&Sha256::digest(name));
        let kept = cut(name, limit - DIGITS - 1).trim_end();
        let name = format!("{kept}~{}", cut(&digest, DIGITS));
        self.note(
            field,
            format!(
                "{length} characters are more than DefectDojo's {limit}: cut, and told apart by a digest"
            ),
        );
        self.push(field, &name);
        Ok(())
    }

    /// A text that may be cut.
    fn add_text(&mut self, field: &'static str, text: &str, limit: usize) {
        let mut text = text.trim().to_owned();
        if text.contains(char::is_control) {
            text = text.replace(char::is_control, " ");
            self.note(field, "control characters became blanks".to_owned());
        }
        let length = text.chars().count();
        if length > limit {
            self.note(
                field,
                format!("{length} characters are more than DefectDojo's {limit}: cut"),
            );
        }
        self.push(field, cut(&text, limit).trim_end());
    }

    /// A text that means nothing, or something else, when it is cut.
    fn add_whole(
        &mut self,
        field: &'static str,
        text: &str,
        limit: usize,
    ) -> Result<(), FieldError> {
        let text = text.trim();
        let length = text.chars().count();
        if text.contains(char::is_control) {
            return Err(FieldError::Control(field));
        }
        if length > limit {
            return Err(FieldError::Long {
                field,
                length,
                limit,
            });
        }
        self.push(field, text);
        Ok(())
    }

    /// Tags have no blanks, commas or quotes; DefectDojo makes them lower-case.
    fn add_tags(&mut self, tags: &[String]) {
        const LIMIT: usize = 255;
        let mut known = BTreeSet::new();
        for tag in tags {
            let parts: Vec<_> = tag
                .split(|c: char| c.is_whitespace() || c.is_control() || ",'\"".contains(c))
                .filter(|part| !part.is_empty())
                .collect();
            let sendable = cut(&parts.join("-"), LIMIT).to_owned();
            if sendable != *tag {
                let text = match sendable.as_str() {
                    "" => format!("the tag `{tag}` has nothing that DefectDojo takes: left out"),
                    _ => format!("the tag `{tag}` is sent as `{sendable}`"),
                };
                self.note("tags", text);
            }
            if !sendable.is_empty() && known.insert(sendable.to_lowercase()) {
                self.push("tags", &sendable);
            }
        }
    }

    fn add_bool(&mut self, field: &'static str, value: bool) {
        self.sent.push((field, value.to_string()));
    }

    fn add_number(&mut self, field: &'static str, value: Option<u64>) {
        if let Some(value) = value {
            self.sent.push((field, value.to_string()));
        }
    }

    /// DefectDojo takes an empty value for none.
    fn push(&mut self, field: &'static str, value: &str) {
        if !value.is_empty() {
            self.sent.push((field, value.to_owned()));
        }
    }

    fn note(&mut self, field: &'static str, text: String) {
        self.notes.push(Note { field, text });
    }
}

/// Whether all is there that says where the report goes.
fn check_target(upload: &Upload) -> Result<(), FieldError> {
    let is_blank =
        |name: &Option<String>| name.as_deref().is_none_or(|name| name.trim().is_empty());
    for (field, text) in [
        ("scan_type", &upload.scan_type),
        ("build_id", &upload.build_id),
    ] {
        if text.trim().is_empty() {
            return Err(FieldError::Missing(field));
        }
    }
    if upload.method == Method::Reimport && upload.engagement_id.is_some() {
        return Err(FieldError::Ignored(
            "DefectDojo ignores an engagement's id on a reimport; name the engagement, or import",
        ));
    }
    if upload.method == Method::Import && upload.test.is_some() {
        return Err(FieldError::Ignored(
            "an import makes a test of its own; to upload into a test, reimport",
        ));
    }
    if upload.test.is_some() || upload.engagement_id.is_some() {
        return Ok(());
    }
    let mut needed = vec![
        ("product_name", &upload.product),
        ("engagement_name", &upload.engagement),
    ];
    if upload.method == Method::Reimport {
        // Without a title DefectDojo takes the latest test of that scan type.
        needed.push(("test_title", &upload.test_title));
    }
    match needed.into_iter().find(|(_, name)| is_blank(name)) {
        Some((field, _)) => Err(FieldError::Missing(field)),
        None => Ok(()),
    }
}

/// The first `limit` characters.
fn cut(text: &str, limit: usize) -> &str {
    match text.char_indices().nth(limit) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload() -> Upload {
        Upload {
            product: Some("p".to_owned()),
            engagement: Some("e".to_owned()),
            test_title: Some("t".to_owned()),
            ..Upload::new("Trivy Scan", "key")
        }
    }

    fn sent(upload: &Upload) -> String {
        let fields = Fields::new(upload).unwrap();
        let fields: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={v}")).collect();
        fields.join("&")
    }

    #[test]
    fn what_is_not_asked_for_is_not_sent_and_closing_is_always_said() {
        assert_eq!(
            sent(&upload()),
            "product_name=p&engagement_name=e&test_title=t&close_old_findings=false\
             &do_not_reactivate=false&minimum_severity=Info&build_id=key&scan_type=Trivy Scan"
        );
        let import = Upload {
            method: Method::Import,
            engagement_id: Some(7),
            auto_create_context: true,
            close_old_findings: true,
            scan_date: Some(jiff::civil::date(2026, 11, 21)),
            tags: vec!["a".to_owned(), "b".to_owned()],
            push_to_jira: true,
            ..Upload::new("SARIF", "key")
        };
        assert_eq!(
            sent(&import),
            "engagement=7&auto_create_context=true&close_old_findings=true\
             &close_old_findings_product_scope=false&minimum_severity=Info&build_id=key\
             &tags=a&tags=b&push_to_jira=true&scan_date=2026-11-21&scan_type=SARIF"
        );
    }

    #[test]
    fn long_names_are_cut_and_stay_distinct() {
        for (limit, set) in [
            (255, (|u, n| u.product = Some(n)) as fn(&mut Upload, String)),
            (300, |u, n| u.engagement = Some(n)),
            (255, |u, n| u.test_title = Some(n)),
            (200, |u, n| u.service = n),
        ] {
            let cut = |end: char| {
                let mut upload = upload();
                set(&mut upload, "ü".repeat(400) + &end.to_string());
                let fields = Fields::new(&upload).unwrap();
                assert_eq!(fields.notes().len(), 1);
                let long = fields.iter().find(|(_, value)| value.len() > 50);
                long.unwrap().1.to_owned()
            };
            assert_eq!(cut('a').chars().count(), limit);
            assert_eq!(cut('a'), cut('a'));
            assert_ne!(cut('a'), cut('b'));
        }
    }

    #[test]
    fn metadata_is_cut_at_characters_with_a_note() {
        let upload = Upload {
            version: "ü".repeat(101),
            branch_tag: "b".repeat(150),
            commit_hash: "c".repeat(151),
            environment: "Dev\nelopment".to_owned(),
            ..upload()
        };
        let fields = Fields::new(&upload).unwrap();
        assert_eq!(fields.get("version").unwrap(), "ü".repeat(100));
        assert_eq!(fields.get("branch_tag").unwrap().len(), 150);
        assert_eq!(fields.get("commit_hash").unwrap().len(), 150);
        assert_eq!(fields.get("environment"), Some("Dev elopment"));
        let noted: Vec<_> = fields.notes().iter().map(|note| note.field).collect();
        assert_eq!(noted, ["version", "commit_hash", "environment"]);
    }

    #[test]
    fn tags_are_made_sendable() {
        let tags = ["two words", "a,b", "'\"", "team:x/y", "Team:X/Y"];
        let upload = Upload {
            tags: tags.map(str::to_owned).to_vec(),
            ..upload()
        };
        let fields = Fields::new(&upload).unwrap();
        let sent: Vec<_> = fields.iter().filter(|(name, _)| *name == "tags").collect();
        assert_eq!(
            sent,
            [("tags", "two-words"), ("tags", "a-b"), ("tags", "team:x/y")]
        );
        assert_eq!(fields.notes().len(), 3);
    }

    #[test]
    fn what_cannot_be_sent_as_it_is_meant_is_refused() {
        type Change = fn(&mut Upload);
        let cases: [(Change, FieldError); 9] = [
            (|u| u.scan_type.clear(), FieldError::Missing("scan_type")),
            (|u| u.build_id = " ".into(), FieldError::Missing("build_id")),
            (|u| u.product = None, FieldError::Missing("product_name")),
            (
                |u| u.test_title = Some(String::new()),
                FieldError::Missing("test_title"),
            ),
            (
                |u| u.product = Some("a\0b".into()),
                FieldError::Control("product_name"),
            ),
            (
                |u| u.build_id = "k".repeat(151),
                FieldError::Long {
                    field: "build_id",
                    length: 151,
                    limit: 150,
                },
            ),
            (
                |u| u.source_code_management_uri = "https://x.example/\nb".into(),
                FieldError::Control("source_code_management_uri"),
            ),
            (
                |u| u.engagement_id = Some(1),
                FieldError::Ignored(
                    "DefectDojo ignores an engagement's id on a reimport; name the engagement, or import",
                ),
            ),
            (
                |u| {
                    u.method = Method::Import;
                    u.test = Some(1);
                },
                FieldError::Ignored(
                    "an import makes a test of its own; to upload into a test, reimport",
                ),
            ),
        ];
        for (change, expected) in cases {
            let mut upload = upload();
            change(&mut upload);
            assert_eq!(Fields::new(&upload), Err(expected));
        }
    }
}
