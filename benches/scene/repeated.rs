//! Reports of any size: real ones, with their findings repeated.

use std::fmt;
use std::path::Path;

/// A format of a scanner's reports, and a report in it.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    pub(crate) scanner: &'static str,
    /// The file in `fixtures/reports`.
    fixture: &'static str,
    /// What is repeated stands between the first of these and the last of those.
    opens: &'static str,
    closes: &'static str,
    between: &'static str,
    /// After these words the number of the repetition is put, so that each has
    /// findings of its own.
    numbered: &'static str,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All formats that are read.
pub(crate) const FORMATS: [Format; 11] = [
    Format {
        name: "bandit-json",
        scanner: "bandit",
        fixture: "bandit/bandit-1.6.2-pygoat.json",
        opens: "\"results\": [",
        closes: "]",
        between: ",",
        numbered: "\"filename\": \"",
    },
    Format {
        name: "dependency-check-json",
        scanner: "dependency-check",
        fixture: "dependency-check/armorcode-maven.json",
        opens: "\"dependencies\": [",
        closes: "]",
        between: ",",
        numbered: "\"fileName\": \"",
    },
    Format {
        name: "dependency-check-xml",
        scanner: "dependency-check",
        fixture: "dependency-check/armorcode-maven.xml",
        opens: "<dependencies>",
        closes: "</dependencies>",
        between: "",
        numbered: "<fileName>",
    },
    Format {
        name: "gitleaks-json",
        scanner: "gitleaks",
        fixture: "gitleaks/gitleaks-8.26.0-ownrepo-git.json",
        opens: "[",
        closes: "]",
        between: ",",
        numbered: "\"File\": \"",
    },
    Format {
        name: "gitleaks-csv",
        scanner: "gitleaks",
        fixture: "gitleaks/gitleaks-8.26.0-ownrepo-git.csv",
        opens: "Tags\n",
        closes: "",
        between: "",
        numbered: ",config",
    },
    Format {
        name: "semgrep-json",
        scanner: "semgrep",
        fixture: "semgrep/semgrep-1.182.0-pygoat.json",
        opens: "\"results\":[",
        closes: "],\"errors\":[",
        between: ",",
        numbered: "\"path\":\"",
    },
    Format {
        name: "trivy-json",
        scanner: "trivy",
        fixture: "trivy/defectdojo-issue_9333.json",
        opens: "\"Results\": [",
        closes: "]",
        between: ",",
        numbered: "\"PkgName\": \"",
    },
    Format {
        name: "trivy-k8s-json",
        scanner: "trivy",
        fixture: "trivy/scb-k8s-results_unexpected-attribute.json",
        opens: "\"Resources\": [",
        closes: "]",
        between: ",",
        numbered: "\"Name\": \"",
    },
    Format {
        name: "trivy-json-legacy",
        scanner: "trivy",
        fixture: "trivy/defectdojo-legacy_trivy_mix.json",
        opens: "[",
        closes: "]",
        between: ",",
        numbered: "\"PkgName\": \"",
    },
    Format {
        name: "zap-json",
        scanner: "zap",
        fixture: "zap/secobserve-owasp_zap.json",
        opens: "\"alerts\": [",
        closes: "]\n\t\t}",
        between: ",",
        numbered: "\"pluginid\": \"",
    },
    Format {
        name: "zap-xml",
        scanner: "zap",
        fixture: "zap/defectdojo-zap-results-second-scan.xml",
        opens: "<alerts>",
        closes: "</alerts>",
        between: "",
        numbered: "<pluginid>",
    },
];

impl Format {
    /// A report of about this many bytes.
    pub(crate) fn report(&self, bytes: usize) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
        let fixture = fs_err::read_to_string(path.join(self.fixture)).unwrap();
        let (head, rest) = fixture.split_once(self.opens).unwrap();
        let (findings, tail) = rest.rsplit_once(self.closes).unwrap();
        let mut report = format!("{head}{}{findings}", self.opens);
        let mut number = 0;
        while report.len() < bytes {
            number += 1;
            report.push_str(self.between);
            let numbered = format!("{}{number}", self.numbered);
            report.push_str(&findings.replace(self.numbered, &numbered));
        }
        report + self.closes + tail
    }
}
