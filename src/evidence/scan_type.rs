//! What DefectDojo calls each format, and whether it reads it as it is.
//!
//! The names are those of DefectDojo 2.58 to 3.2 (`GET /api/v2/test_types/`), exact
//! in every letter: it refuses any other.

/// How a format is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The scan type.
    pub scan_type: &'static str,
    /// Whether it has to be converted, because no parser there reads it.
    pub converted: bool,
}

/// What each format that can be read is sent as. DefectDojo reads ZAP and
/// Dependency-Check reports as XML only, and Gitleaks' as JSON only.
const FORMS: [(&str, &str, bool); 11] = [
    ("bandit-json", "Bandit Scan", false),
    ("dependency-check-json", "Dependency Check Scan", true),
    ("dependency-check-xml", "Dependency Check Scan", false),
    ("gitleaks-csv", "Gitleaks Scan", true),
    ("gitleaks-json", "Gitleaks Scan", false),
    ("semgrep-json", "Semgrep JSON Report", false),
    ("trivy-json", "Trivy Scan", false),
    ("trivy-json-legacy", "Trivy Scan", false),
    ("trivy-k8s-json", "Trivy Scan", false),
    ("zap-json", "ZAP Scan", true),
    ("zap-xml", "ZAP Scan", false),
];

/// How a format is sent; absent for one that nobody has a form for.
pub fn form(format: &str) -> Option<Form> {
    let mut forms = FORMS.iter();
    let (_, scan_type, converted) = forms.find(|(name, ..)| *name == format)?;
    Some(Form {
        scan_type,
        converted: *converted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::{PARSERS, Parser};

    #[test]
    fn every_format_that_is_read_has_a_form() {
        let formats = PARSERS.iter().flat_map(Parser::format_names);
        let formats: Vec<_> = formats.collect();
        assert_eq!(formats.len(), FORMS.len());
        for format in formats {
            assert!(form(format).is_some(), "{format}");
        }
        assert_eq!(form("sarif"), None);
    }
}
