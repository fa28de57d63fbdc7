//! The multipart form of an upload, and what its fields must be.

use super::http::{Body, Head};
use super::state::{State, TODAY};
use super::words::{FieldErrors, Refused, detail};

/// A decoded form: nothing is checked yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    /// In the order sent.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<Part>,
}

/// A part with a file name.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) field: String,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Form {
    pub(crate) fn read(head: &Head, body: &Body) -> Refused<Self> {
        let Some(content_type) = head.header("content-type") else {
            return Ok(Self::default());
        };
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if media_type != "multipart/form-data" {
            let text = format!("Unsupported media type \"{media_type}\" in request.");
            return Err(detail(415, &text));
        }
        let boundary = content_type
            .split(';')
            .find_map(|parameter| parameter.trim().strip_prefix("boundary="));
        let Some(boundary) = boundary else {
            let text = "Multipart form parse error - Invalid boundary in multipart: None";
            return Err(detail(400, text));
        };
        if body.chunked {
            return Ok(Self::default());
        }
        let mut form = Self::default();
        for part in split(&body.bytes, boundary.trim_matches('"')) {
            form.add(part);
        }
        Ok(form)
    }

    fn add(&mut self, part: &[u8]) {
        let Some(end) = find(part, b"\r\n\r\n") else {
            return;
        };
        let head = String::from_utf8_lossy(&part[..end]);
        let content = &part[end + 4..];
        let disposition = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("content-disposition"))
            .unwrap_or_default();
        let Some(field) = parameter(disposition, "name") else {
            return;
        };
        let name = extended(disposition).or_else(|| parameter(disposition, "filename"));
        match name {
            // The server takes the last segment of a path.
            Some(name) if !name.is_empty() => self.files.push(Part {
                field,
                name: name
                    .rsplit(['/', '\\'])
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                bytes: content.to_vec(),
            }),
            _ => {
                let text = String::from_utf8_lossy(content).into_owned();
                self.fields.push((field, text));
            }
        }
    }

    /// A field as sent; of several the last. An empty one is absent.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter().rev();
        let found = fields.find(|(field, _)| field == name);
        found
            .map(|(_, text)| &**text)
            .filter(|text| !text.is_empty())
    }

    /// A field without the blanks around it.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.raw(name)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn file(&self) -> Option<&Part> {
        self.files.iter().rev().find(|part| part.field == "file")
    }

    /// A boolean; `None` where it is absent or no boolean.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.raw(name)? {
            "true" | "True" | "TRUE" | "t" | "T" | "y" | "Y" | "yes" | "Yes" | "YES" | "on"
            | "On" | "ON" | "1" => Some(true),
            "false" | "False" | "FALSE" | "f" | "F" | "n" | "N" | "no" | "No" | "NO" | "off"
            | "Off" | "OFF" | "0" => Some(false),
            _ => None,
        }
    }

    /// The tags: from repeated fields and split at commas.
    pub(crate) fn tags(&self) -> Option<Vec<String>> {
        let fields = self.fields.iter().filter(|(field, _)| field == "tags");
        let tags: Vec<_> = fields
            .flat_map(|(_, text)| text.trim_matches(['[', ']']).split(','))
            .map(str::trim)
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .collect();
        (!tags.is_empty()).then_some(tags)
    }

    /// Holds the fields against what they must be, as the serializer does.
    pub(crate) fn validate(&self, state: &State, max_file: usize) -> Refused<()> {
        let mut errors = FieldErrors::default();
        self.validate_choices(state, &mut errors);
        for name in BOOLEANS {
            if self.raw(name).is_some() && self.flag(name).is_none() {
                errors.add(name, "Must be a valid boolean.", "invalid");
            }
        }
        self.validate_dates(&mut errors);
        if let Some(uri) = self.raw("source_code_management_uri")
            && !["http://", "https://", "ftp://"]
                .iter()
                .any(|scheme| uri.starts_with(scheme))
        {
            errors.add(
                "source_code_management_uri",
                "Enter a valid URL.",
                "invalid",
            );
        }
        for tag in self.tags().into_iter().flatten() {
            if tag.contains([' ', ',', '"', '\'']) {
                let text = format!(
                    "Invalid tag: '{tag}'. Tags should not contain spaces, commas, or quotes."
                );
                errors.add("tags", text, "invalid");
                break;
            }
        }
        if let Some(lead) = self.raw("lead")
            && !state.users.iter().any(|user| user.id.to_string() == lead)
        {
            let text = format!("Invalid pk \"{lead}\" - object does not exist.");
            errors.add("lead", text, "does_not_exist");
        }
        self.validate_file(&mut errors);
        errors.check()?;
        let mut errors = FieldErrors::default();
        match self.file() {
            None => {
                let scan_type = self.text("scan_type").unwrap_or_default();
                let text = format!("Uploading a Report File is required for {scan_type}");
                errors.add("non_field_errors", text, "invalid");
            }
            Some(file) if file.bytes.len() > max_file => {
                let text = "Report file is too large. Maximum supported size is 100 MB";
                errors.add("non_field_errors", text, "invalid");
            }
            Some(_) => {}
        }
        errors.check()
    }

    fn validate_choices(&self, state: &State, errors: &mut FieldErrors) {
        match self.raw("scan_type") {
            None => errors.add("scan_type", "This field is required.", "required"),
            Some(name) if state.test_types.iter().all(|known| known != name) => {
                errors.add("scan_type", not_a_choice(name), "invalid_choice");
            }
            Some(_) => {}
        }
        for (field, choices) in CHOICES {
            if *field == "deduplication_execution_mode" && state.version == super::Version::V2 {
                continue;
            }
            if let Some(value) = self.raw(field)
                && !choices.contains(&value)
            {
                errors.add(field, not_a_choice(value), "invalid_choice");
            }
        }
    }

    fn validate_dates(&self, errors: &mut FieldErrors) {
        for name in ["scan_date", "engagement_end_date"] {
            let Some(date) = self.raw(name) else { continue };
            if date.parse::<jiff::civil::Date>().is_err() || date.len() != 10 {
                let text = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";
                errors.add(name, text, "invalid");
            } else if name == "scan_date" && date > TODAY {
                errors.add(name, "The scan_date cannot be in the future!", "invalid");
            }
        }
    }

    fn validate_file(&self, errors: &mut FieldErrors) {
        if let Some(file) = self.file() {
            let extension = match file.name.rsplit_once('.') {
                Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
                _ => String::new(),
            };
            if !EXTENSIONS.contains(&extension.as_str()) {
                let text = format!(
                    "File extension “{extension}” is not allowed. Allowed extensions are: {}.",
                    EXTENSIONS.join(", ")
                );
                errors.add("file", text, "invalid_extension");
            }
        } else if self.raw("file").is_some() {
            let text = "The submitted data was not a file. Check the encoding type on the form.";
            errors.add("file", text, "invalid");
        }
    }
}

const BOOLEANS: [&str; 12] = [
    "active",
    "verified",
    "auto_create_context",
    "deduplication_on_engagement",
    "push_to_jira",
    "apply_tags_to_findings",
    "apply_tags_to_endpoints",
    "close_old_findings",
    "close_old_findings_product_scope",
    "do_not_reactivate",
    "create_finding_groups_for_all_findings",
    "is_mitigated",
];

const CHOICES: &[(&str, &[&str])] = &[
    (
        "minimum_severity",
        &["Info", "Low", "Medium", "High", "Critical"],
    ),
    (
        "group_by",
        &[
            "component_name",
            "component_name+component_version",
            "file_path",
            "finding_title",
            "vuln_id_from_tool",
        ],
    ),
    (
        "deduplication_execution_mode",
        &["async", "async_wait", "sync"],
    ),
];

const EXTENSIONS: [&str; 15] = [
    "xml", "csv", "nessus", "json", "jsonl", "html", "js", "zip", "xlsx", "txt", "sarif", "fpr",
    "md", "log", "fvdl",
];

fn not_a_choice(name: &str) -> String {
    format!("\"{name}\" is not a valid choice.")
}

/// The parts between the boundaries, without the line ends that belong to them.
fn split<'a>(bytes: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(found) = find(&bytes[at..], &delimiter) {
        let found = at + found;
        if let Some(start) = start {
            parts.push(&bytes[start..found.saturating_sub(2).max(start)]);
        }
        at = found + delimiter.len();
        start = Some((at + 2).min(bytes.len()));
    }
    parts
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, part)
}

/// A quoted or bare parameter of a header.
fn parameter(header: &str, name: &str) -> Option<String> {
    let start = header.find(&format!("; {name}="))? + name.len() + 3;
    let rest = &header[start..];
    match rest.strip_prefix('"') {
        Some(quoted) => {
            let mut text = String::new();
            let mut characters = quoted.chars();
            while let Some(character) = characters.next() {
                match character {
                    '"' => break,
                    '\\' => text.extend(characters.next()),
                    other => text.push(other),
                }
            }
            Some(text.replace("%22", "\""))
        }
        None => Some(
            rest.split([';', '\r'])
                .next()
                .unwrap_or_default()
                .to_owned(),
        ),
    }
}

/// `filename*=UTF-8''…`
fn extended(header: &str) -> Option<String> {
    let start = header.find("; filename*=")? + "; filename*=".len();
    let value = header[start..].split([';', '\r']).next()?;
    let encoded = value.splitn(3, '\'').nth(2)?;
    let decoded = percent_encoding::percent_decode_str(encoded);
    Some(decoded.decode_utf8_lossy().into_owned())
}
