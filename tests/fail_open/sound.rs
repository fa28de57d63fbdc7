//! Scans that ran, whatever their reports lack.

use serde_json::json;

use crate::formats::{FORMATS, format, gzip};
use crate::{Case, DEGRADED};

/// Scans that ran, whatever their reports lack.
pub(crate) fn sound() -> Vec<Case> {
    let mut cases = Vec::new();
    for format in &FORMATS {
        let clean = format.clean;
        let mark = format!("\u{feff}{clean}");
        let wide = mark.encode_utf16();
        let all = [
            format.case("clean", clean),
            format.case("clean after a byte order mark", mark.clone()),
            format.case(
                "clean in UTF-16",
                wide.flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            ),
            format.case("clean, packed", gzip(clean)),
            format.case("clean, lines of Windows", clean.replace('\n', "\r\n")),
        ];
        // Gitleaks with and without its record; the others need none.
        cases.extend(all.map(|case| case.recorded(&json!({})).demanding(WHOLE)));
        if format.scanner != "gitleaks" {
            cases.push(
                format
                    .case("clean without a record", clean)
                    .demanding(DEGRADED),
            );
        }
    }
    let trivy = format("trivy.json");
    let dependency_check = format("dependency-check.json");
    cases.extend([
        trivy
            .with(
                "no results",
                r#","Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]"#,
                "",
            )
            .demanding(DEGRADED),
        trivy
            .case(
                "no results of a folder",
                r#"{"SchemaVersion":2,"CreatedAt":"2026-11-21T11:30:00Z","ArtifactName":".","ArtifactType":"filesystem","Metadata":{}}"#,
            )
            .demanding("degraded = \"incomplete\"\nmax_age = \"24h\""),
        trivy
            .case("of the image that is meant", trivy.clean)
            .demanding("target = \"reg.example/app:*\""),
        trivy
            .case("of the digest that is meant", trivy.clean)
            .demanding("target = \"sha256:bb\""),
        format("zap.json")
            .case("of the site that is meant", format("zap.json").clean)
            .demanding("target = \"https://staging.example\""),
        dependency_check
            .with(
                "data of today",
                r#""dataSource":[]"#,
                r#""dataSource":[{"name":"NVD API Last Checked","timestamp":"2026-11-21T10:00:00Z"}]"#,
            )
            .demanding(DEGRADED),
        format("gitleaks.csv")
            .case("nothing found, as Gitleaks 8 writes", "")
            .recorded(&json!({}))
            .demanding(WHOLE),
        format("gitleaks.json")
            .case("null, by its record", "null")
            .recorded(&json!({})),
    ]);
    cases
}

/// All that a lane can ask for.
pub(crate) const WHOLE: &str =
    "degraded = \"incomplete\"\nproof = \"record\"\nmax_age = \"24h\"\ncommit = true";
