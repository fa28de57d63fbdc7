//! Counting the findings of a report, as DefectDojo's parsers do: what is taken,
//! what is one finding, what is refused and what crashes the parser.
//!
//! Scan types that are not here (`SonarQube Scan`, `Burp Scan`, …) are accepted with zero
//! findings, as a parser does that tolerates what it does not know.

mod json;
mod xml;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Ordered by rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub(crate) const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "Info",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// By its name, whatever the case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let named = |severity: &Self| severity.name().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(named)
    }
}

/// One finding of a report.
#[allow(clippy::struct_excessive_bools, reason = "as the API has them")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) description: String,
    pub(crate) file_path: Option<String>,
    pub(crate) line: Option<u64>,
    pub(crate) cwe: Option<u64>,
    pub(crate) component_name: Option<String>,
    pub(crate) component_version: Option<String>,
    pub(crate) vulnerability_ids: Vec<String>,
    pub(crate) unique_id: Option<String>,
    pub(crate) vuln_id: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) active: bool,
    pub(crate) verified: bool,
    pub(crate) false_p: bool,
    pub(crate) is_mitigated: bool,
    /// The fields of the hash, in order.
    pub(crate) identity: Vec<String>,
}

impl Item {
    fn new(title: impl Into<String>, severity: Severity) -> Self {
        Self {
            title: title.into(),
            severity,
            description: String::new(),
            file_path: None,
            line: None,
            cwe: None,
            component_name: None,
            component_version: None,
            vulnerability_ids: Vec::new(),
            unique_id: None,
            vuln_id: None,
            date: None,
            active: true,
            verified: false,
            false_p: false,
            is_mitigated: false,
            identity: Vec::new(),
        }
    }

    /// `hash_code`: SHA-256 of the fields, case-folded, and the service.
    pub(crate) fn hash(&self, service: Option<&str>) -> String {
        let text = self.identity.concat();
        let text = text.trim().to_lowercase();
        let service = service.unwrap_or_default().to_lowercase();
        base16ct::lower::encode_string(&Sha256::digest(text + &service))
    }
}

/// A report that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) items: Vec<Item>,
    /// What the report itself says it is (SARIF, Generic).
    pub(crate) test_type: Option<String>,
}

/// A report that was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    /// 400, with this text.
    Refused(String),
    /// 500: the parser crashed.
    Crashed,
}

type Read<T> = Result<T, Misread>;

pub(crate) fn read(scan_type: &str, name: &str, bytes: &[u8]) -> Read<Reading> {
    let items = match scan_type {
        "Semgrep JSON Report" => json::semgrep(&parse(bytes)?)?,
        "Bandit Scan" => json::bandit(&parse(bytes)?)?,
        "Trivy Scan" => json::trivy(&parse(bytes)?)?,
        "Gitleaks Scan" => json::gitleaks(&parse(bytes)?)?,
        "GitLab Secret Detection Report" => json::gitlab(&parse(bytes)?)?,
        "Generic Findings Import" if ends_with(name, ".csv") => json::generic_csv(bytes)?,
        "Generic Findings Import" => return json::generic(&parse(bytes)?),
        "SARIF" => return json::sarif(&parse(bytes)?),
        // In lower case only.
        "ZAP Scan" if name.rsplit('.').next() != Some("xml") => {
            let text = "Internal error: Wrong file format, please use xml.";
            return Err(Misread::Refused(text.into()));
        }
        "ZAP Scan" => xml::zap(bytes)?,
        "Dependency Check Scan" => xml::dependency_check(bytes)?,
        _ => Vec::new(),
    };
    Ok(Reading {
        items,
        test_type: None,
    })
}

fn ends_with(name: &str, extension: &str) -> bool {
    name.to_ascii_lowercase().ends_with(extension)
}

/// JSON as Python reads it from bytes: UTF-8 with or without a byte order mark,
/// UTF-16. The words and places of its refusal.
fn parse(bytes: &[u8]) -> Read<Value> {
    let wide = |of: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<_> = bytes
            .chunks_exact(2)
            .map(|pair| of([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xFF, 0xFE, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => wide(u16::from_be_bytes, rest),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            // A UnicodeDecodeError is a ValueError.
            Err(error) => return Err(Misread::Refused(error.to_string())),
        },
    };
    serde_json::from_str(&text).map_err(|error| {
        let column = error.column() + usize::from(error.is_eof());
        let before = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1));
        let offset = before.map(str::len).sum::<usize>() + column.saturating_sub(1);
        Misread::Refused(format!(
            "Expecting value: line {} column {column} (char {offset})",
            error.line()
        ))
    })
}
