//! What can be wrong with a scan, with the exit code and the reason that are due.

use serde_json::json;

use crate::formats::{FORMATS, Format, format, gzip, replaced};
use crate::workplace::CLEAN as SEMGREP;
use crate::{Case, DEGRADED};

/// A case, the exit code that it has, and a part of the reason that is given.
pub(crate) type Row = (Case, i32, &'static str);

/// What can happen to any report.
pub(crate) fn faults_of(format: &Format) -> Vec<Row> {
    let faults = [contents, structures, encodings, ends, records, demands];
    faults.iter().flat_map(|fault| fault(format)).collect()
}

/// What is no report at all.
fn contents(format: &Format) -> Vec<Row> {
    let clean = format.clean;
    let guilty = format.guilty();
    let is_xml = format.file.ends_with("xml");
    let is_csv = format.file.ends_with("csv");
    let cut = match is_csv {
        // Further on it would have a finding.
        true => &guilty[..40],
        false => &guilty[..guilty.len() - 9],
    };
    let mut missing = format.case("missing", "");
    missing.files.clear();
    let other = match format.scanner {
        "trivy" => SEMGREP,
        _ => FORMATS[6].clean,
    };
    vec![
        (missing, 3, "no report of"),
        // Gitleaks' CSV is empty when it found nothing.
        (
            format
                .case("empty", "")
                .demanding(if is_csv { DEGRADED } else { "" }),
            3,
            if is_csv {
                "only a scan record with its exit code shows"
            } else {
                "an empty file"
            },
        ),
        (
            format.case("only spaces", "  \n\n"),
            3,
            if is_csv {
                "no column `RuleID`"
            } else {
                "an empty file"
            },
        ),
        (
            format.case("zero bytes", vec![0; 4096]),
            3,
            "it holds NUL bytes",
        ),
        (
            format.case("cut off", cut),
            3,
            if is_xml {
                "tag not closed"
            } else if is_csv {
                "the header does not end"
            } else {
                "it is cut off"
            },
        ),
        (
            format.case("cut off, packed", &gzip(&guilty)[..40]),
            3,
            "the packed file is cut off",
        ),
        (
            format.case("another scanner's", other),
            3,
            "but it looks like",
        ),
        (
            format.case(
                "an error page",
                "<html><body>502 Bad Gateway</body></html>\n",
            ),
            3,
            "an HTML page, such as a proxy's",
        ),
        (
            format.case(
                "a log",
                "2026-11-21T11:00:00Z INFO scanning\nERROR no space left\n",
            ),
            3,
            "neither JSON nor XML",
        ),
        (
            format.case("a log in front", format!("INFO scanning 12 files\n{clean}")),
            3,
            "if a log line stands before the report",
        ),
        (
            format.case(
                "a pointer of Git LFS",
                "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n",
            ),
            3,
            "neither JSON nor XML",
        ),
    ]
}

/// What is JSON or XML, and no report, or more than one.
fn structures(format: &Format) -> Vec<Row> {
    let clean = format.clean;
    let guilty = format.guilty();
    let is_xml = format.file.ends_with("xml");
    let is_csv = format.file.ends_with("csv");
    let mut rows = Vec::new();
    if !is_csv {
        rows.push((
            format.case(
                "another document after a clean one",
                format!("{clean}\n{guilty}"),
            ),
            3,
            if is_xml {
                "not at the beginning"
            } else {
                "a second document follows"
            },
        ));
        let deep = match is_xml {
            true => format!("{clean}{}", "<a>".repeat(100_000)),
            false => "[".repeat(100_000),
        };
        rows.push((
            format.case("nested without end", deep),
            3,
            if is_xml {
                "a second document follows"
            } else {
                "it is cut off"
            },
        ));
    }
    if !is_xml && !is_csv {
        for text in ["null", "true", "0", "\"\"", "{}", "[null]", "[[]]"] {
            // Of these, old versions wrote `null` when they found nothing.
            let (demands, said) = match (format.scanner, text) {
                ("gitleaks", "null") => (DEGRADED, "the scan of Gitleaks 8 broke off"),
                ("trivy", "null") => (DEGRADED, "as old versions of Trivy write"),
                ("gitleaks", "[null]" | "[[]]") => ("", "at `[0]`"),
                (_, "null") => ("", "never writes"),
                (_, "{}") if format.scanner != "gitleaks" => ("", "this is not a"),
                _ => ("", "expected a"),
            };
            rows.push((format.case(text, text).demanding(demands), 3, said));
        }
        if format.scanner != "gitleaks" {
            rows.push((format.case("[]", "[]"), 3, "never writes"));
        }
    }
    rows
}

/// Findings that are not in plain UTF-8.
fn encodings(format: &Format) -> Vec<Row> {
    let guilty = format.guilty();
    let utf16 = || "\u{feff}".encode_utf16().chain(guilty.encode_utf16());
    vec![
        (
            format.case(
                "findings after a byte order mark",
                format!("\u{feff}{guilty}"),
            ),
            1,
            "1 open finding, 0 allowed",
        ),
        (
            format.case("findings, packed", gzip(&guilty)),
            1,
            "1 open finding, 0 allowed",
        ),
        (
            format.case(
                "findings in UTF-16",
                utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            ),
            1,
            "1 open finding, 0 allowed",
        ),
        (
            format.case(
                "findings in UTF-16, big end first",
                utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>(),
            ),
            1,
            "1 open finding, 0 allowed",
        ),
    ]
}

/// Scans that did not go through, by their records.
fn ends(format: &Format) -> Vec<Row> {
    let clean = format.clean;
    vec![
        (
            format.case("crashed", clean).recorded(&json!({"exit_code": 126})),
            3,
            "exit code 126",
        ),
        (
            format.case("killed", clean).recorded(
                &json!({"exit_code": null, "signal": "SIGKILL", "outcome": "failed", "why": "the scanner was killed by SIGKILL"}),
            ),
            3,
            "killed by SIGKILL",
        ),
        (
            format.case("too slow", clean).recorded(
                &json!({"exit_code": 0, "timed_out": true, "outcome": "failed", "why": "too slow"}),
            ),
            3,
            "too slow",
        ),
        (
            format.case("never ended", clean).recorded(
                &json!({"exit_code": null, "outcome": "failed", "why": "has not ended"}),
            ),
            3,
            "has not ended",
        ),
    ]
}

/// Records that are not of this report, or none.
fn records(format: &Format) -> Vec<Row> {
    let clean = format.clean;
    let mut rows = vec![
        (
            format.case("changed since", clean).recorded(
                &json!({"report": {"path": format.file, "bytes": clean.len(), "sha256": "00".repeat(32)}}),
            ),
            3,
            "this one is not that",
        ),
        (
            format.case("cut since", clean).recorded(
                &json!({"report": {"path": format.file, "bytes": clean.len() + 1, "sha256": "00".repeat(32)}}),
            ),
            3,
            "this one is not that",
        ),
        (
            format.case("the record of another scanner", clean).recorded(
                &json!({"scanner": if format.scanner == "trivy" { "zap" } else { "trivy" }}),
            ),
            3,
            "the scan was by",
        ),
        (
            format.case("the record of another lane", clean).recorded(&json!({"lane": "y"})),
            3,
            "the scan was made for the lane y",
        ),
    ];
    // A record that is none.
    for (name, text) in [
        ("cut off", "{\"schema\":"),
        ("empty", ""),
        ("another file", "{}"),
    ] {
        let mut case = format
            .case(&format!("a record that is {name}"), clean)
            .recorded(&json!({}));
        case.files[1].1 = text.into();
        rows.push((case, 3, "cannot be used"));
    }
    rows
}

/// What is not what the lane asks for.
fn demands(format: &Format) -> Vec<Row> {
    let clean = format.clean;
    vec![
        (
            format
                .case("no record", clean)
                .demanding("proof = \"record\""),
            3,
            "keep FILE.scan.json beside the report",
        ),
        (
            format
                .case("stale", clean.replace("2026-11-21T", "2026-11-19T"))
                .recorded(
                    &json!({"started": "2026-11-19T11:00:00Z", "ended": "2026-11-19T11:40:00Z"}),
                )
                .demanding("max_age = \"24h\""),
            3,
            "2 days old, and the lane allows 24 hours",
        ),
        (
            format
                .case("ahead of time", clean.replace("2026-11-21T", "2026-11-22T"))
                .recorded(
                    &json!({"started": "2026-11-22T11:00:00Z", "ended": "2026-11-22T11:40:00Z"}),
                )
                .demanding("max_age = \"24h\""),
            3,
            "is a clock wrong?",
        ),
        (
            format
                .case("of another commit", clean)
                .recorded(&json!({"context": {
                    "provider": "gitlab", "project": null, "branch": "main", "target_branch": null,
                    "merge_request": null, "commit": "decade", "tag": null, "environment": null,
                    "pipeline": null,
                }}))
                .demanding("commit = true"),
            3,
            "the commit decade was scanned, and c0ffee is under test",
        ),
        (
            format
                .case("of no commit", clean)
                .demanding("commit = true"),
            3,
            "nothing says which commit was scanned",
        ),
    ]
}

/// What only one scanner's report can be.
pub(crate) fn faults_of_one_scanner() -> Vec<Row> {
    let semgrep_report = format("semgrep.json");
    let bandit = format("bandit.json");
    let gitleaks = format("gitleaks.json");
    let csv = format("gitleaks.csv");
    let checked = format("dependency-check.json");
    let checked_xml = format("dependency-check.xml");
    let trivy = format("trivy.json");
    let zap = format("zap.json");
    let zap_xml = format("zap.xml");
    let again = |format: &Format, key: &str| {
        let guilty = format.guilty();
        let end = guilty.rfind('}').unwrap();
        let twice = format!("{},{key}}}", &guilty[..end]);
        format.case("a key again that hides the findings", twice)
    };
    let guilty = |format: &Format, name: &str, from: &str, to: &str| {
        format.case(name, replaced(&format.guilty(), from, to))
    };
    let error = |level: &str, kind: &str| {
        format!(
            r#""errors":[{{"code":3,"level":"{level}","type":"{kind}","message":"it went wrong","path":"src/a.py"}}]"#
        )
    };
    vec![
        (again(semgrep_report, r#""results":[]"#), 3, "is given twice"),
        (again(bandit, r#""results":[]"#), 3, "is given twice"),
        (again(checked, r#""dependencies":[]"#), 3, "is given twice"),
        (again(trivy, r#""Results":[]"#), 3, "is given twice"),
        (again(zap, r#""site":[]"#), 3, "is given twice"),
        // Semgrep
        (semgrep_report.with("no file was scanned", r#""src/a.py""#, ""), 3, "no file was scanned"),
        (semgrep_report.with("no word of what was scanned", r#","paths":{"scanned":["src/a.py"]}"#, ""), 3, "does not say that any file was scanned"),
        (semgrep_report.with("a fatal error", r#""errors":[]"#, &error("error", "Fatal error")), 3, "Semgrep says that the scan failed: Fatal error"),
        (semgrep_report.with("a rejected configuration", r#""errors":[]"#, &error("error", "InvalidRuleSchemaError")), 3, "Semgrep says that the scan failed"),
        (semgrep_report.with("every file had an error", r#""errors":[]"#, &error("warn", "Syntax error")), 3, "every"),
        (semgrep_report.with("a rule timed out", r#""errors":[]"#, &error("warn", "Timeout").replace("src/a", "src/b")).demanding(DEGRADED), 3, "gave up on time"),
        (semgrep_report.with("errors of no known kind", r#""errors":[]"#, r#""errors":"many""#), 3, "at `errors`"),
        (semgrep_report.with("no results", r#""results":[],"#, ""), 3, "`results` is missing"),
        (semgrep_report.with("results that are no list", r#""results":[]"#, r#""results":{}"#), 3, "expected a list"),
        (guilty(semgrep_report, "an unknown severity", "\"ERROR\"", "\"URGENT\""), 1, "1 open finding, 0 allowed"),
        (guilty(semgrep_report, "a severity in other letters", "\"ERROR\"", "\"Error\""), 1, "1 open finding, 0 allowed"),
        (guilty(semgrep_report, "no severity", "\"severity\":\"ERROR\",", ""), 1, "1 open finding, 0 allowed"),
        // Bandit
        (bandit.with("no file was looked at", r#","a.py":{"SEVERITY.HIGH":0,"loc":7,"nosec":0}"#, "").demanding(""), 3, "the path given to Bandit is wrong"),
        (bandit.with("no line was looked at", r#""loc":7"#, r#""loc":0"#), 3, "no line of code was scanned"),
        (bandit.with("no metrics", r#""metrics":{"_totals":{"SEVERITY.HIGH":0,"loc":7,"nosec":0},"a.py":{"SEVERITY.HIGH":0,"loc":7,"nosec":0}},"#, ""), 3, "does not say that any file was scanned"),
        (bandit.with("every file had an error", r#""errors":[]"#, r#""errors":[{"filename":"a.py","reason":"syntax error while parsing AST from file"}]"#), 3, "every"),
        (bandit.with("a file had an error", r#""errors":[]"#, r#""errors":[{"filename":"b.py","reason":"syntax error while parsing AST from file"}]"#).demanding(DEGRADED), 3, "1 path was not analysed: b.py"),
        (bandit.with("filtered", r#""SEVERITY.HIGH":0"#, r#""SEVERITY.HIGH":2"#).demanding(DEGRADED), 3, "Bandit found 2 and reported 0"),
        (bandit.with("no results", r#","results":[]"#, ""), 3, "`results` is missing"),
        (bandit.with("stale", "2026-11-21", "2026-11-19").demanding("max_age = \"24h\""), 3, "2 days old, and the lane allows 24 hours"),
        (guilty(bandit, "an unknown severity", r#""issue_severity":"HIGH""#, r#""issue_severity":"DIRE""#), 1, "1 open finding, 0 allowed"),
        // Gitleaks
        (gitleaks.case("no proof", "[]").demanding(DEGRADED), 3, "only a scan record with its exit code shows"),
        (gitleaks.case("null, and no proof", "null").demanding(DEGRADED), 3, "only a scan record"),
        (csv.case("no proof", csv.clean).demanding(DEGRADED), 3, "only a scan record with its exit code shows"),
        (gitleaks.case("an exit code that may mean a failure", "[]").recorded(&json!({"exit_code": 1})), 3, "this is how Gitleaks ends when its scan breaks off"),
        (gitleaks.case("no exit code that could mean one", "[]").recorded(&json!({"command": ["gitleaks", "git", "--exit-code", "0"]})), 3, "makes Gitleaks hide whether the scan broke off"),
        (gitleaks.case("of no known time", "[]").demanding("max_age = \"24h\""), 3, "nothing says when the scan ran"),
        (gitleaks.case("a list of something else", r#"[{"id":1}]"#), 3, "missing field `RuleID`"),
        // Dependency-Check
        (checked.with("no dependency was looked at", r#"{"isVirtual":false,"fileName":"a.jar"}"#, ""), 3, "no dependency was looked at"),
        (checked_xml.with("no dependency was looked at", r#"<dependency isVirtual="false"><fileName>a.jar</fileName></dependency>"#, ""), 3, "no dependency was looked at"),
        (checked.with("no engine", r#""engineVersion":"12.1.0","#, ""), 3, "which version of Dependency-Check wrote it"),
        (checked_xml.with("no engine", "<engineVersion>12.1.0</engineVersion>", ""), 3, "which version of Dependency-Check wrote it"),
        (checked.with("an update failed", r#""dataSource":[]"#, r#""dataSource":[],"analysisExceptions":[{"exception":{"message":"org.owasp.dependencycheck.data.update.exception.UpdateException: Unable to download the NVD CVE data"}}]"#).demanding(DEGRADED), 3, "part of the analysis failed: UpdateException"),
        (checked_xml.with("an update failed", "</engineVersion>", "</engineVersion><analysisExceptions><exception><message>org.x.UpdateException: no data</message></exception></analysisExceptions>").demanding(DEGRADED), 3, "part of the analysis failed: UpdateException"),
        (checked.with("data that nobody renewed", r#""dataSource":[]"#, r#""dataSource":[{"name":"NVD API Last Checked","timestamp":"2026-09-01T00:00:00Z"}]"#).demanding(DEGRADED), 3, "data"),
        (checked.with("no dependencies", r#","dependencies":[{"isVirtual":false,"fileName":"a.jar"}]"#, ""), 3, "`dependencies` is missing"),
        (checked.with("stale", "2026-11-21", "2026-11-19").demanding("max_age = \"24h\""), 3, "2 days old, and the lane allows 24 hours"),
        (guilty(checked, "an unknown severity", "CRITICAL", "URGENT"), 1, "1 open finding, 0 allowed"),
        (guilty(checked_xml, "an unknown severity", "CRITICAL", "URGENT"), 1, "1 open finding, 0 allowed"),
        // Trivy
        (trivy.with("of another image", "{", "{").demanding("target = \"reg.example/shop:*\""), 3, "`reg.example/app:1.2` was scanned"),
        (trivy.with("of another digest", "{", "{").demanding("target = \"sha256:cc\""), 3, "the lane is for `sha256:cc`"),
        (trivy.with("a distribution out of support", r#""Name":"3.20""#, r#""Name":"3.9","EOSL":true"#).demanding(DEGRADED), 3, "alpine 3.9 is out of support"),
        (trivy.with("neither system nor packages", r#""Metadata":{"OS":{"Family":"alpine","Name":"3.20"},"ImageID":"sha256:aa","RepoDigests":["reg.example/app@sha256:bb"]},"Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]"#, r#""Metadata":{"ImageID":"sha256:aa"}"#).demanding(DEGRADED), 3, "neither"),
        (trivy.with("results that are no list", r#""Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]"#, r#""Results":"none""#), 3, "expected a list"),
        (trivy.case("only an envelope", r#"{"SchemaVersion":2}"#), 3, "this is not a whole Trivy report"),
        (trivy.with("a schema of the future", r#""SchemaVersion":2"#, r#""SchemaVersion":99"#), 3, "version 99 of Trivy's schema"),
        (trivy.case("no resource of a cluster", r#"{"ClusterName":"prod","Resources":[{"Namespace":"a","Kind":"Pod","Name":"p","Error":"scan failed"}]}"#), 3, "no resource could be scanned"),
        (trivy.with("stale", "2026-11-21", "2026-11-19").demanding("max_age = \"24h\""), 3, "2 days old, and the lane allows 24 hours"),
        (trivy.with("ahead of time", "2026-11-21", "2026-11-22").demanding("max_age = \"24h\""), 3, "is a clock wrong?"),
        (guilty(trivy, "an unknown severity", "CRITICAL", "URGENT"), 1, "1 open finding, 0 allowed"),
        (guilty(trivy, "a severity in other letters", "CRITICAL", "Critical"), 1, "1 open finding, 0 allowed"),
        (guilty(trivy, "no severity", "\"Severity\":\"CRITICAL\",", ""), 1, "1 open finding, 0 allowed"),
        // ZAP
        (zap.with("no site", r#"{"@name":"https://staging.example","alerts":[]}"#, ""), 3, "ZAP scanned no site"),
        (zap_xml.with("no site", r#"<site name="https://staging.example" host="staging.example" port="443" ssl="true"><alerts></alerts></site>"#, ""), 3, "ZAP scanned no site"),
        (zap.with("of another site", "{", "{").demanding("target = \"https://www.example\""), 3, "`https://staging.example` was scanned"),
        (zap_xml.with("of another site", "<", "<").demanding("target = \"https://www.example\""), 3, "`https://staging.example` was scanned"),
        (zap.with("stopped", r#""site""#, r#""stoppingInsight":{"level":"High","reason":"Exceeded High","site":"https://staging.example","key":"insight.auth.failure","description":"authentication failures","statistic":"100"},"site""#), 3, "ZAP stopped the scan before its end"),
        (zap.with("an error of the plan", r#""site""#, r#""afPlanErrors":["Job spider failed to access URL https://staging.example"],"site""#), 3, "ZAP's automation plan had errors"),
        (zap.with("half of the requests failed", r#""site""#, r#""insights":[{"level":"High","reason":"Warning","site":"https://staging.example","key":"insight.code.5xx","description":"Percentage of responses with status code 5xx","statistic":"80"}],"site""#).demanding(DEGRADED), 3, "ZAP doubts its own scan"),
        (zap.with("stale", "2026-11-21", "2026-11-19").demanding("max_age = \"24h\""), 3, "2 days old, and the lane allows 24 hours"),
        (guilty(zap, "an unknown risk", r#""riskcode":"3""#, r#""riskcode":"9""#), 1, "1 open finding, 0 allowed"),
        (guilty(zap_xml, "an unknown risk", "<riskcode>3</riskcode>", "<riskcode>dire</riskcode>"), 1, "1 open finding, 0 allowed"),
        (zap_xml.with("entities that grow", "<OWASP", "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><OWASP"), 3, "defines entities"),
        (zap_xml.with("an outer entity", "<OWASP", "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><OWASP"), 3, "defines entities"),
    ]
}
