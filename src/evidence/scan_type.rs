//! What DefectDojo calls each format, and whether it reads it as it is.

use crate::convert;

/// How a format is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The scan type.
    pub scan_type: &'static str,
    /// Whether it has to be converted, because no parser there reads it.
    pub converted: bool,
}

/// The formats that DefectDojo reads only in another form: ZAP and Dependency-Check
/// reports as XML, and Gitleaks' as JSON.
const CONVERTED: [&str; 3] = ["dependency-check-json", "gitleaks-csv", "zap-json"];

/// How a format is sent.
pub fn form(format: &str) -> Form {
    let scan_type = convert::scan_type(format);
    Form {
        scan_type,
        converted: CONVERTED.contains(&format) || scan_type == convert::scan_type(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_reads_in_another_form_or_not_at_all_is_converted() {
        assert!(form("zap-json").converted);
        assert!(!form("zap-xml").converted);
        assert!(form("of-a-scanner-to-come").converted);
    }
}
