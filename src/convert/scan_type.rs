//! Under which name DefectDojo reads a report, and as what kind of file.
//!
//! Source: the `scan_type` choices of DefectDojo 2.58 and 3.2, which are exact and
//! case-sensitive, and the parsers in its `dojo/tools`.

use super::{Convert, bandit, dependency_check, generic, gitleaks, semgrep, trivy, zap};

/// What DefectDojo wants of a report in one of our formats.
#[derive(Debug)]
pub(super) struct Target {
    format: &'static str,
    /// The name of its parser.
    pub(super) scan_type: &'static str,
    /// The name of the file that is sent. The server looks at the extension, and
    /// its ZAP parser at the case of it, too.
    pub(super) file_name: &'static str,
    pub(super) convert: Convert,
}

const BANDIT: &str = "Bandit Scan";
const DEPENDENCY_CHECK: &str = "Dependency Check Scan";
const GITLEAKS: &str = "Gitleaks Scan";
const SEMGREP: &str = "Semgrep JSON Report";
const TRIVY: &str = "Trivy Scan";
const ZAP: &str = "ZAP Scan";

/// What a report becomes whose format DefectDojo has no parser for.
pub(super) const GENERIC: Target = Target {
    format: "",
    scan_type: "Generic Findings Import",
    file_name: "findings.json",
    convert: generic::convert,
};

const TARGETS: &[Target] = &[
    target("bandit-json", BANDIT, "bandit.json", bandit::convert),
    target(
        "dependency-check-json",
        DEPENDENCY_CHECK,
        "dependency-check.xml",
        dependency_check::convert_json,
    ),
    target(
        "dependency-check-xml",
        DEPENDENCY_CHECK,
        "dependency-check.xml",
        dependency_check::convert_xml,
    ),
    target(
        "gitleaks-csv",
        GITLEAKS,
        "gitleaks.json",
        gitleaks::convert_csv,
    ),
    target(
        "gitleaks-json",
        GITLEAKS,
        "gitleaks.json",
        gitleaks::convert_json,
    ),
    target("semgrep-json", SEMGREP, "semgrep.json", semgrep::convert),
    target("trivy-json", TRIVY, "trivy.json", trivy::convert),
    target("trivy-json-legacy", TRIVY, "trivy.json", trivy::convert),
    target("trivy-k8s-json", TRIVY, "trivy.json", trivy::convert),
    target("zap-json", ZAP, "zap.xml", zap::convert_json),
    target("zap-xml", ZAP, "zap.xml", zap::convert_xml),
];

const fn target(
    format: &'static str,
    scan_type: &'static str,
    file_name: &'static str,
    convert: Convert,
) -> Target {
    Target {
        format,
        scan_type,
        file_name,
        convert,
    }
}

/// What DefectDojo wants of a report in this format, as a report's scan names it.
pub(super) fn of(format: &str) -> &'static Target {
    TARGETS
        .iter()
        .find(|target| target.format == format)
        .unwrap_or(&GENERIC)
}

/// The scan type of reports in this format: `Trivy Scan` for `trivy-json`.
///
/// It depends on the format alone, so that a test in DefectDojo keeps its type
/// whatever is in a report. A format without a parser there has that of generic
/// findings.
pub fn scan_type(format: &str) -> &'static str {
    of(format).scan_type
}

/// The name that reports in this format are sent under.
pub fn file_name(format: &str) -> &'static str {
    of(format).file_name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::PARSERS;

    /// Names in DefectDojo's list that are not those of snippets in circulation.
    #[test]
    fn the_names_are_those_of_the_server() {
        for (format, name) in [
            ("bandit-json", "Bandit Scan"),
            ("dependency-check-json", "Dependency Check Scan"),
            ("gitleaks-csv", "Gitleaks Scan"),
            ("semgrep-json", "Semgrep JSON Report"),
            ("trivy-k8s-json", "Trivy Scan"),
            ("zap-json", "ZAP Scan"),
            ("something-new", "Generic Findings Import"),
        ] {
            assert_eq!(scan_type(format), name);
        }
    }

    #[test]
    fn every_format_that_is_read_has_a_parser_there() {
        for format in PARSERS.iter().flat_map(crate::parser::Parser::formats) {
            assert_ne!(scan_type(format), GENERIC.scan_type, "{format}");
        }
    }

    #[test]
    fn the_server_takes_the_names_of_the_files() {
        for target in TARGETS.iter().chain([&GENERIC]) {
            let extension = target.file_name.rsplit_once('.').unwrap().1;
            assert!(["xml", "json"].contains(&extension), "{}", target.file_name);
            assert_eq!(
                extension == "xml",
                [ZAP, DEPENDENCY_CHECK].contains(&target.scan_type)
            );
        }
    }
}
