//! Reports as DefectDojo is sent them, over all fixtures.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use security_gate::artifact::{self, ArtifactError, Digested};
use security_gate::convert::{self, Body, ConvertError, Known, Options, Prepared};
use security_gate::finding::{Finding, Pointer, Severity};
use security_gate::parser::{self, PARSERS};
use security_gate::report::{Scan, Tally};
use security_gate::secret::SecretKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

mod common;
#[path = "convert/needs.rs"]
mod needs;

use common::read;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs_err::read_dir(fixtures().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// All reports of all scanners that can be read, with the scanner.
fn reports() -> Vec<(&'static str, PathBuf)> {
    let mut reports = Vec::new();
    for parser in PARSERS {
        let paths = files(&format!("reports/{}", parser.scanner));
        reports.extend(paths.into_iter().map(|path| (parser.scanner, path)));
    }
    reports.retain(|(scanner, path)| read(path, Some(scanner)).0.is_ok());
    assert!(reports.len() > 90, "{}", reports.len());
    reports
}

/// All of them, and what was made to be hard to read.
fn all_files() -> Vec<(&'static str, PathBuf)> {
    let mut all = reports();
    for path in files("hostile") {
        all.extend(PARSERS.iter().map(|parser| (parser.scanner, path.clone())));
    }
    all
}

/// What is known of a report that is one of this format.
fn known<'a>(scanner: &str, format: &'a str, bytes: &[u8]) -> Known<'a> {
    Known {
        scanner: parser::by_name(scanner).unwrap(),
        format,
        digested: Digested {
            bytes: bytes.len() as u64,
            sha256: base16ct::lower::encode_string(&Sha256::digest(bytes)),
        },
    }
}

/// Reads a report, and prepares it.
fn prepare(scanner: &str, path: &Path, options: &Options) -> Result<Prepared, ConvertError> {
    let scanner = parser::by_name(scanner).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let window = artifact::open(path, options.max_size).map_err(|error| {
        let path = path.to_owned();
        ConvertError::Unopened { path, error }
    })?;
    let (scan, digested) =
        parser::parse(window, &name, Some(scanner), &options.parser, &mut |_| {});
    let scan = scan.map_err(|error| {
        let path = path.to_owned();
        ConvertError::Unreadable { path, error }
    })?;
    let known = Known {
        scanner,
        format: scan.format,
        digested,
    };
    convert::prepare(path, &known, options)
}

fn bytes(prepared: &Prepared) -> Vec<u8> {
    fs_err::read(prepared.body.path()).unwrap()
}

fn text(prepared: &Prepared) -> String {
    String::from_utf8(bytes(prepared)).unwrap()
}

/// Writes a report into a folder of its own, and prepares it.
fn prepare_text(
    scanner: &str,
    name: &str,
    report: impl AsRef<[u8]>,
    options: &Options,
) -> Result<(Prepared, String), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, report).unwrap();
    let prepared = prepare(scanner, &path, options);
    let folder = folder.path().display().to_string();
    let prepared = prepared.map_err(|error| error.to_string().replace(&folder, "DIR"))?;
    let text = text(&prepared);
    Ok((prepared, text))
}

fn sending_secrets() -> Options {
    Options {
        send_secrets: true,
        ..Options::default()
    }
}

fn tally(findings: &[Finding]) -> Tally {
    let mut tally = Tally::default();
    for finding in findings {
        tally.add(finding);
    }
    tally
}

fn read_back(scanner: &str, prepared: &Prepared) -> (Scan, Vec<Finding<'static>>) {
    let (scan, findings) = read(prepared.body.path(), Some(scanner));
    (scan.unwrap(), findings)
}

#[test]
fn every_report_is_sent_with_all_its_findings() {
    for (scanner, path) in all_files() {
        let (scan, findings) = read(&path, Some(scanner));
        let name = path.file_name().unwrap().to_str().unwrap();
        let prepared = prepare(scanner, &path, &Options::default());
        let (Ok(scan), Ok(prepared)) = (&scan, &prepared) else {
            // A second attribute of a name is overlooked by our parser, and by no
            // other; a copy of it would be a guess.
            assert!(
                scan.is_err() && prepared.is_err() || name.starts_with("duplicate-attribute"),
                "{name}: {scan:?} {prepared:?}"
            );
            continue;
        };
        let before = tally(&findings);
        assert_eq!(prepared.scan_type, convert::scan_type(scan.format));
        assert_eq!(
            prepared.sent.sha256,
            base16ct::lower::encode_string(&Sha256::digest(bytes(prepared))),
            "{name}"
        );
        let is_original = matches!(prepared.body, Body::Original(_));
        assert_eq!(is_original, prepared.changes.is_empty(), "{name}");
        assert_eq!(is_original, prepared.raw == prepared.sent, "{name}");
        let (_, after) = read_back(scanner, prepared);
        let (before, after) = (before, tally(&after));
        assert_eq!(after.findings, after.by_severity.total(), "{name}");
        assert_eq!(
            (
                before.findings,
                before.suppressed,
                before.instances,
                before.by_category
            ),
            (
                after.findings,
                after.suppressed,
                after.instances,
                after.by_category
            ),
            "{name}"
        );
    }
}

/// What one parser there leaves out of all that is sent: findings that Trivy
/// lists as suppressed.
fn unread(prepared: &Prepared) -> u64 {
    let is_modified = |what: &str| what.contains("DefectDojo does not file");
    let caveats = prepared.caveats.iter();
    caveats
        .filter(|caveat| is_modified(&caveat.what))
        .map(|caveat| caveat.count)
        .sum()
}

#[test]
fn defectdojo_reads_whatever_is_sent() {
    for (scanner, path) in all_files() {
        for generic in [false, true] {
            let options = Options {
                generic,
                ..Options::default()
            };
            let Ok(prepared) = prepare(scanner, &path, &options) else {
                continue;
            };
            let name = format!("{} as {}", path.display(), prepared.scan_type);
            let found = needs::read(prepared.scan_type, prepared.file_name, &bytes(&prepared));
            let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
            // ZAP of before 2.5 has an item for every place.
            if !name.contains("zap-2.4.3-merged") || generic {
                let (_, findings) = read(&path, Some(scanner));
                let expected = findings.len() as u64 - unread(&prepared);
                assert_eq!(found.len() as u64, expected, "{name}");
            }
        }
    }
}

#[test]
fn severities_there_are_ours_unless_a_caveat_says_so() {
    let mut compared = 0;
    for (scanner, path) in all_files() {
        let Ok(prepared) = prepare(scanner, &path, &Options::default()) else {
            continue;
        };
        // Dependency-Check's are computed anew of the vectors; and ZAP of before
        // 2.5 lists a finding many times.
        let sent = tally(&read_back(scanner, &prepared).1);
        let is_odd = sent.suppressed > 0
            || !prepared.caveats.is_empty()
            || sent.by_severity.unknown > 0
            || path.ends_with("zap-2.4.3-merged.xml");
        if scanner == "dependency-check" && prepared.file_name.ends_with("json") || is_odd {
            continue;
        }
        let found = needs::read(prepared.scan_type, prepared.file_name, &bytes(&prepared)).unwrap();
        for (severity, count) in sent.by_severity.listed() {
            let there = found
                .iter()
                .filter(|(_, there)| there.eq_ignore_ascii_case(severity.name()))
                .count() as u64;
            assert_eq!(there, count, "{}: {severity:?}", path.display());
        }
        compared += 1;
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn the_changes_to_every_report_are_known() {
    let mut all = String::new();
    for (scanner, path) in reports() {
        let prepared = prepare(scanner, &path, &Options::default()).unwrap();
        let name = path.strip_prefix(fixtures().join("reports")).unwrap();
        let form = match prepared.body {
            Body::Original(_) => "as it is".to_owned(),
            Body::Converted(_) => format!("as {}", prepared.file_name),
        };
        writeln!(all, "{}: {}, {form}", name.display(), prepared.scan_type).unwrap();
        for change in &prepared.changes {
            writeln!(all, "    {} × {}", change.count, change.what).unwrap();
        }
        for caveat in &prepared.caveats {
            writeln!(all, "    ! {} × {}", caveat.count, caveat.what).unwrap();
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn each_conversion_writes_what_it_wrote_before() {
    for (scanner, name) in [
        ("bandit", "bandit-1.9.4-odd-names-errors.json"),
        ("dependency-check", "constructed-suppressed-and-scores.json"),
        ("gitleaks", "gitleaks-csv_simple.csv"),
        ("gitleaks", "gitleaks-json_simple.json"),
        ("gitleaks", "defectdojo-data_one.json"),
        ("trivy", "constructed-statuses-and-classes.json"),
        ("trivy", "trivy-secrets.json"),
        ("zap", "constructed-multisite-false-positive.json"),
        ("zap", "constructed-multisite-false-positive.xml"),
        ("zap", "zap-extensions-basic-traditional-xml-plus.xml"),
    ] {
        let path = fixtures().join("reports").join(scanner).join(name);
        let prepared = prepare(scanner, &path, &Options::default()).unwrap();
        insta::assert_snapshot!(format!("{scanner}-{name}"), text(&prepared));
    }
    let path = fixtures().join("reports/zap/constructed-multisite-false-positive.json");
    let options = Options {
        generic: true,
        ..Options::default()
    };
    let prepared = prepare("zap", &path, &options).unwrap();
    insta::assert_snapshot!("zap-as-generic-findings", text(&prepared));
}

/// Values shorter than this occur in any text by chance.
const SHORTEST: usize = 8;

/// Every value that a fixture holds under a name for secrets.
fn secrets(scanner: &str, path: &Path) -> BTreeSet<String> {
    let bytes = fs_err::read(path).unwrap();
    let mut found = BTreeSet::new();
    let keys: &[&str] = match scanner {
        "gitleaks" => &["Secret", "Match", "offender", "line", "Fragment"],
        "trivy" => &["Match"],
        "zap" => &[
            "attack",
            "evidence",
            "request-header",
            "request-body",
            "response-header",
            "response-body",
        ],
        _ => &[],
    };
    if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
        gather(&value, keys, &mut found);
        for result in value["results"].as_array().into_iter().flatten() {
            let id = result["test_id"].as_str().unwrap_or_default();
            let text = result["issue_text"].as_str().unwrap_or_default();
            if ["B105", "B106", "B107"].contains(&id) {
                let password = text.split_once(": ").unwrap().1;
                found.insert(password.trim_matches('\'').to_owned());
            }
        }
    } else if path.extension().is_some_and(|extension| extension == "csv") {
        let mut rows = csv::Reader::from_reader(bytes.as_slice());
        let header = rows.headers().unwrap().clone();
        for row in rows.records() {
            let row = row.unwrap();
            let fields = header.iter().zip(&row);
            let fields = fields.filter(|(name, _)| keys.contains(name));
            found.extend(fields.map(|(_, value)| value.to_owned()));
        }
    } else if scanner == "zap" {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let names = [
            "attack",
            "evidence",
            "requestheader",
            "requestbody",
            "responseheader",
            "responsebody",
        ];
        for name in names {
            for piece in text.split(&format!("<{name}>")).skip(1) {
                let (value, _) = piece.split_once("</").unwrap();
                found.insert(value.trim().to_owned());
            }
        }
    }
    found.retain(|secret| secret.len() >= SHORTEST && !secret.contains("REDACTED"));
    found
}

fn gather(value: &Value, keys: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(text) if keys.contains(&key.as_str()) => {
                        found.insert(text.to_owned());
                    }
                    _ => gather(value, keys, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| gather(value, keys, found)),
        _ => {}
    }
}

/// A text as it stands in JSON and in XML.
fn forms(text: &str) -> [String; 3] {
    let json = serde_json::to_string(text).unwrap();
    let xml = quick_xml::escape::escape(text).into_owned();
    [text.to_owned(), json[1..json.len() - 1].to_owned(), xml]
}

#[test]
fn no_secret_of_any_report_is_sent() {
    let mut looked_for = 0;
    let mut hidden = 0;
    for (scanner, path) in reports() {
        let prepared = prepare(scanner, &path, &Options::default()).unwrap();
        let sent = text(&prepared);
        let open = prepare(scanner, &path, &sending_secrets()).unwrap();
        assert_eq!(open.redacted, 0);
        let open = text(&open);
        // What ZAP quotes of a page stands in its own descriptions, too.
        for secret in secrets(scanner, &path) {
            let quoted = |text: &str| forms(&secret).iter().any(|form| text.contains(form));
            looked_for += 1;
            hidden += u64::from(quoted(&open));
            if scanner == "bandit" {
                // Words such as `token` are passwords to it; so are parts of paths.
                let sent: Value = serde_json::from_str(&sent).unwrap();
                for result in sent["results"].as_array().unwrap() {
                    let code = format!("{} {}", result["code"], result["issue_text"]);
                    assert!(!quoted(&code), "{}: {secret}", path.display());
                }
            } else if scanner == "zap" {
                let values = ["attack", "evidence", "requestheader", "responsebody"];
                for name in values {
                    let element = format!("<{name}>{}</{name}>", forms(&secret)[2]);
                    assert!(!sent.contains(&element), "{}: {element}", path.display());
                }
            } else {
                assert!(!quoted(&sent), "{}: {secret}", path.display());
            }
        }
    }
    assert!(looked_for > 150, "{looked_for}");
    assert!(hidden > 150, "{hidden} of {looked_for}");
}

#[test]
fn a_secret_is_masked_wherever_the_report_repeats_it() {
    const SECRET: &str = "glpat-hunter2hunter2";
    let record = |file: &str, message: &str| {
        json!({"RuleID": "gitlab-pat", "Description": "token", "StartLine": 3, "Secret": SECRET,
            "Match": format!("t = {SECRET}"), "File": file, "Message": message, "Tags": ["a"],
            "Link": format!("https://gitlab.com/a/{SECRET}#L3"), "Fragment": {"Raw": SECRET},
            "Fingerprint": format!("{file}:gitlab-pat:3"), "Commit": "", "Date": ""})
    };
    let report = json!([
        record("a/glpat-hunter2hunter2.env", "x"),
        record("b", "use glpat-hunter2hunter2")
    ]);
    let report = report.to_string();
    let (prepared, sent) =
        prepare_text("gitleaks", "g.json", &report, &Options::default()).unwrap();
    assert!(!sent.contains("hunter2"), "{sent}");
    assert!(prepared.redacted > 6);
    let (_, open) = prepare_text("gitleaks", "g.json", &report, &sending_secrets()).unwrap();
    assert_eq!(open, report);
}

#[test]
fn different_secrets_stay_different() {
    let record = |secret: &str| {
        json!({"RuleID": "r", "Description": "d", "StartLine": 1, "File": "f", "Secret": secret,
            "Match": format!("x = {secret}")})
    };
    let report = json!([
        record("one-secret-value"),
        record("two-secret-value"),
        record("one-secret-value")
    ]);
    for key in ["", "a key of the project"] {
        let mut options = Options::default();
        options.parser.secrets = SecretKey::new(key);
        let (_, sent) = prepare_text("gitleaks", "g.json", report.to_string(), &options).unwrap();
        let sent: Value = serde_json::from_str(&sent).unwrap();
        assert_ne!(sent[0]["Secret"], sent[1]["Secret"]);
        assert_eq!(sent[0]["Secret"], sent[2]["Secret"]);
        assert_eq!(sent[0]["Secret"], sent[0]["Match"]);
    }
}

#[test]
fn the_lines_around_a_password_are_sent_without_it() {
    let result = |id: &str, line: u64, text: &str| {
        json!({"test_id": id, "test_name": "t", "filename": "a.py", "line_number": line, "line_range": [line],
            "issue_severity": "LOW", "issue_confidence": "LOW", "issue_text": text,
            "code": "1 import x\n2 p = 'hunter2hunter2'\n3 x.y(p)\n"})
    };
    let report = json!({"generated_at": "2026-01-05T10:00:00Z", "errors": [], "metrics": {"_totals": {"loc": 3}, "a.py": {"loc": 3}},
        "results": [result("B105", 2, "Possible hardcoded password: 'hunter2hunter2'"), result("B602", 3, "a call")]});
    let (prepared, sent) =
        prepare_text("bandit", "b.json", report.to_string(), &Options::default()).unwrap();
    assert!(!sent.contains("hunter2"), "{sent}");
    assert!(
        sent.contains("1 import x") && sent.contains("3 x.y(p)"),
        "{sent}"
    );
    assert_eq!(prepared.redacted, 3);
}

#[test]
fn the_variables_of_an_image_are_sent_without_their_secrets() {
    let report = json!({"SchemaVersion": 2, "ArtifactName": "a", "ArtifactType": "container_image",
        "Metadata": {"OS": {"Family": "debian", "Name": "12"}, "ImageConfig": {
            "config": {"Env": ["PATH=/bin:/usr/bin", "API_TOKEN=hunter2hunter2=="]},
            "history": [{"created_by": "ENV A=b DB_PASSWORD=\"hunter2 hunter2\" C='d' SECRET='hunter2"}]}},
        "Results": [{"Target": "t", "Class": "os-pkgs", "Type": "debian"}]});
    let (prepared, sent) =
        prepare_text("trivy", "t.json", report.to_string(), &Options::default()).unwrap();
    assert!(!sent.contains("hunter2"), "{sent}");
    for kept in [
        "PATH=/bin:/usr/bin",
        "ENV A=b DB_PASSWORD=[secret ",
        " C='d' SECRET=[secret ",
    ] {
        assert!(sent.contains(kept), "{sent}");
    }
    assert_eq!(prepared.redacted, 2);
}

#[test]
fn a_rule_about_secrets_loses_its_code_and_no_other_does() {
    let result = |id: &str| {
        json!({"check_id": id, "path": "a.py", "start": {"line": 1, "col": 1}, "end": {"line": 1, "col": 9},
            "extra": {"message": "do not write `hunter2hunter2`", "severity": "ERROR", "metadata": {},
                "lines": "p = 'hunter2hunter2'", "fix": "p = env('hunter2hunter2')",
                "metavars": {"$X": {"abstract_content": "hunter2hunter2"}}}})
    };
    let report = |id: &str| {
        json!({"version": "1.100.0", "results": [result(id)], "errors": [], "paths": {"scanned": ["a.py"]}})
            .to_string()
    };
    let secret = report("conf.hardcoded-password");
    let (_, sent) = prepare_text("semgrep", "s.json", secret, &Options::default()).unwrap();
    assert!(!sent.contains("hunter2"), "{sent}");
    let (prepared, _) = prepare_text(
        "semgrep",
        "s.json",
        report("conf.eval"),
        &Options::default(),
    )
    .unwrap();
    assert!(
        matches!(prepared.body, Body::Original(_)),
        "{:?}",
        prepared.changes
    );
}

#[test]
fn what_fails_a_whole_import_is_mended_and_told() {
    let semgrep = |extra: &str| {
        format!(
            r#"{{"version":"1","errors":[],"paths":{{"scanned":["a"]}},"results":[{{"check_id":"r","path":"a","start":{{"line":1}},"extra":{{"message":"m",{extra}}}}}]}}"#
        )
    };
    let bandit = |date: &str, result: &str| {
        format!(
            r#"{{{date}"errors":[],"metrics":{{"_totals":{{"loc":1}},"a":{{"loc":1}}}},"results":[{{"test_id":"B1","filename":"a"{result}}}]}}"#
        )
    };
    let trivy = |result: &str| {
        format!(r#"{{"SchemaVersion":2,"ArtifactName":"a","Results":[{{"Target":"t",{result}}}]}}"#)
    };
    let cluster = r#"{"ClusterName":"c","KEY":[{"Kind":"Node","Name":"n","Results":null},
        {"Namespace":"s","Kind":"Pod","Name":"p","Results":[{"Target":"t","Misconfigurations":[{"ID":"K","Severity":"LOW","CauseMetadata":null}]}]}]}"#;
    let zap = |alert: &str| {
        format!(
            r#"<OWASPZAPReport version="2"><site name="https://h"><alerts><alertitem>{alert}</alertitem></alerts></site></OWASPZAPReport>"#
        )
    };
    let check = |vulnerability: &str| {
        format!(
            r#"<analysis xmlns="https://x/dependency-check.4.1.xsd"><scanInfo><engineVersion>12</engineVersion></scanInfo><projectInfo><reportDate>soon</reportDate></projectInfo><dependencies><dependency><fileName>a</fileName><identifiers><package><id>nothing</id></package><identifier type="cpe"><name>(cpe:/a:b:c:1)</name></identifier></identifiers><vulnerabilities><vulnerability source="NVD"><name>CVE-2026-1</name>{vulnerability}</vulnerability></vulnerabilities></dependency></dependencies></analysis>"#
        )
    };
    for (scanner, report, words) in [
        ("semgrep", semgrep(r#""severity":"EXPERIMENT","metadata":{}"#), "severity `info`"),
        ("semgrep", semgrep(r#""severity":"odd","metadata":{}"#), "severity `unknown`"),
        ("semgrep", semgrep(r#""severity":" error ","metadata":{}"#), "between blanks"),
        ("semgrep", semgrep(r#""severity":"INFO""#), "added empty"),
        ("semgrep", semgrep(r#""severity":"INFO","metadata":{"cwe":["SQL","CWE-89 x"]}"#), "without a number"),
        ("semgrep", semgrep(r#""severity":"INFO","metadata":{"cwe":[]}"#), "without a number"),
        ("semgrep", semgrep(r#""severity":"INFO","metadata":{"references":"https://x"}"#), "of a type"),
        ("semgrep", semgrep(r#""severity":"INFO","metadata":{"references":null}"#), "`null`"),
        ("semgrep", semgrep(r#""severity":"INFO","metadata":{},"lines":"a\u0000b""#), "cannot store"),
        ("bandit", bandit("", r#","issue_severity":"LOW""#), "dates that are missing"),
        ("bandit", bandit(r#""generated_at":7,"#, r#","issue_severity":"LOW""#), "dates that are missing"),
        ("bandit", bandit("", r#","issue_severity":"UNDEFINED""#), "severity `unknown`"),
        ("gitleaks", r#"[{"RuleID":"r","Description":"","File":"f","StartLine":"3","Tags":"a"}]"#.to_owned(), "without a description"),
        ("gitleaks", r#"[{"rule":"r","file":"f","offender":"x","line":"x","leakURL":null}]"#.to_owned(), "added empty"),
        ("trivy", r#"{"SchemaVersion":2,"ArtifactName":"a","Results":null}"#.to_owned(), "`null`"),
        ("trivy", trivy(r#""Misconfigurations":null,"Secrets":null,"Licenses":null"#), "`null`"),
        ("trivy", trivy(r#""Vulnerabilities":[{"VulnerabilityID":"C","PkgName":"p","Severity":"high","CVSS":null,"References":null,"CweIDs":["NVD-CWE-noinfo"]}]"#), "another case"),
        ("trivy", trivy(r#""Vulnerabilities":[{"VulnerabilityID":"C","PkgName":"p","Severity":"NEGLIGIBLE"}]"#), "severity `info`"),
        ("trivy", trivy(r#""Misconfigurations":[{"ID":"a","Status":"PASS"},{"ID":"b","Severity":"odd","Message":null,"CauseMetadata":{"Code":null}}]"#), "checks that passed"),
        ("trivy", trivy(r#""Secrets":[{"RuleID":"a"}],"Licenses":[{"Name":"b"}]"#), "another case"),
        ("trivy", trivy(&format!(r#""Vulnerabilities":[{{"VulnerabilityID":"C","PkgName":"p","Severity":"LOW","InstalledVersion":"{}"}}]"#, "é".repeat(101))), "database takes"),
        ("trivy", r#"{"ArtifactName":"a","ArtifactType":"aws_account","Results":[{"Target":"t","Type":"x"}]}"#.to_owned(), "version of their schema"),
        ("trivy", cluster.replace("KEY", "Resources"), "cluster's resources"),
        ("trivy", cluster.replace("KEY", "Findings"), "summaries of a cluster"),
        ("trivy", cluster.replace("KEY", "Resources").replace(r#""c""#, r#""""#), "without a name"),
        ("zap", zap("<name>n</name><riskcode>x</riskcode>"), "severity `unknown`"),
        ("zap", zap("<name>n</name><riskcode> 3 </riskcode><cweid>99999999999</cweid>"), "of a type"),
        ("zap", zap("<alert>n</alert><riskcode>1</riskcode><uri>https://h/a</uri><desc/><solution/><reference/>"), "sent as one"),
        ("zap", zap("<alert>n</alert><riskcode>1</riskcode><desc/><solution/><reference/><instances><instance><requestheader>G</requestheader></instance></instances>"), "added empty"),
        ("dependency-check", check("<cvssV2><score>9</score></cvssV2>"), "that of their scores"),
        ("dependency-check", check("<severity unscored='true'>7.5</severity>"), "another case"),
        ("dependency-check", check("<severity>none</severity>"), "package URLs"),
        ("dependency-check", check("<severity>HIGH</severity><description>d</description>"), "in brackets"),
        ("dependency-check", check("<severity>HIGH</severity>").replace("xmlns=", "xmlns:d=").replace("analysis", "d:analysis"), "namespaces"),
    ] {
        let (prepared, sent) =
            prepare_text(scanner, "r.json", &report, &Options::default()).unwrap_or_else(|error| panic!("{report}: {error}"));
        let told = prepared.changes.iter().any(|change| change.what.contains(words));
        assert!(told, "{report}: {:?}", prepared.changes);
        let found = needs::read(prepared.scan_type, prepared.file_name, sent.as_bytes());
        let (_, findings) = read_back(scanner, &prepared);
        assert_eq!(found.map(|found| found.len()), Ok(findings.len()), "{sent}");
    }
}

#[test]
fn an_unknown_severity_counts_as_the_policy_says() {
    let report = r#"{"errors":[],"generated_at":"2026-01-05T10:00:00Z","metrics":{"_totals":{"loc":1},"a":{"loc":1}},"results":[{"test_id":"B1","filename":"a","issue_severity":"UNDEFINED"}]}"#;
    for (unknown, word) in [
        (Severity::Unknown, "MEDIUM"),
        (Severity::Critical, "CRITICAL"),
        (Severity::Low, "LOW"),
        // There is nothing below it.
        (Severity::Info, "LOW"),
    ] {
        let options = Options {
            unknown_severity: unknown,
            ..Options::default()
        };
        let (_, sent) = prepare_text("bandit", "b.json", report, &options).unwrap();
        assert!(
            sent.contains(&format!(r#""issue_severity":"{word}""#)),
            "{sent}"
        );
    }
}

#[test]
fn packed_and_encoded_reports_are_sent_plain() {
    let plain = fs_err::read(fixtures().join("reports/bandit/defectdojo-one_vuln.json")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let text = String::from_utf8(plain).unwrap();
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for packed in [gzip.finish().unwrap(), utf16] {
        let (prepared, sent) =
            prepare_text("bandit", "b.json.gz", packed, &Options::default()).unwrap();
        assert_eq!(prepared.file_name, "bandit.json");
        assert_eq!(
            serde_json::from_str::<Value>(&sent).unwrap(),
            serde_json::from_str::<Value>(&text).unwrap()
        );
    }
}

#[test]
fn what_is_no_whole_report_of_the_scanner_is_refused() {
    for (scanner, report, words) in [
        ("semgrep", "", "DIR/r.json: an empty file"),
        ("semgrep", " \n", "DIR/r.json: an empty file"),
        ("semgrep", r#"{"results":["#, "cut off"),
        ("bandit", r#"{"errors":[]}"#, "`results` is missing"),
        ("trivy", "[]", "an empty list"),
        ("zap", "<html></html>", "HTML page"),
        ("zap", "<OWASPZAPReport><site name='a'><alerts>", "cut off"),
        (
            "gitleaks",
            r#"[{"RuleID":"r","File":"f","StartLine":1},{}]"#,
            "missing field",
        ),
        (
            "gitleaks",
            "RuleID,Commit,File,Secret\nr,c,\"f",
            "never closed",
        ),
        (
            "dependency-check",
            r#"{"reportSchema":"1","scanInfo":{},"dependencies":[{}]}"#,
            "fileName",
        ),
        (
            "dependency-check",
            r#"{"results":[],"results":[]}"#,
            "DIR/r.json",
        ),
    ] {
        let error = prepare_text(scanner, "r.json", report, &Options::default()).unwrap_err();
        assert!(error.contains(words), "{scanner} {report}: {error}");
        assert!(error.starts_with("DIR/r.json: "), "{error}");
    }
    let path = fixtures().join("reports/bandit/defectdojo-one_vuln.json");
    let error = prepare("semgrep", &path, &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("declared as semgrep, but it looks like bandit-json"),
        "{error}"
    );
}

#[test]
fn what_is_no_file_or_too_large_is_not_sent() {
    let options = Options::default();
    let known = known("bandit", "bandit-json", b"{}");
    let refused = |path: &Path, options| convert::prepare(path, &known, options).unwrap_err();
    let missing = refused(Path::new("no/such/file"), &options);
    assert!(matches!(
        missing,
        ConvertError::Unopened {
            error: ArtifactError::Missing,
            ..
        }
    ));
    let stdin = refused(Path::new("-"), &options);
    assert!(matches!(stdin, ConvertError::Stdin), "{stdin}");
    let folder = refused(&fixtures(), &options);
    assert!(matches!(
        folder,
        ConvertError::Unopened {
            error: ArtifactError::NotAFile,
            ..
        }
    ));
    let path = fixtures().join("reports/bandit/defectdojo-one_vuln.json");
    let small = Options {
        max_size: 10,
        ..Options::default()
    };
    let large = refused(&path, &small).to_string();
    assert!(large.contains("limit of 10 bytes"), "{large}");
}

const BANDIT: &str =
    r#"{"errors":[],"generated_at":"2026-01-02T03:04:05Z","metrics":{},"results":[]}"#;

#[test]
fn a_report_that_is_no_longer_what_was_read_is_not_sent() {
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let plain = |text: &str| text.as_bytes().to_vec();
    let trivy = r#"{"ArtifactName":"2026","ArtifactType":"filesystem","Results":[{"Target":"a","Misconfigurations":null}]}"#;
    let zap = r#"{"site":[{"@name":"2026","alerts":[]}]}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report");
    let options = Options::default();
    // As it is, unpacked, with changes, and in another format.
    for (scanner, format, text, stored) in [
        (
            "bandit",
            "bandit-json",
            BANDIT,
            plain as fn(&str) -> Vec<u8>,
        ),
        ("bandit", "bandit-json", BANDIT, gzip),
        ("trivy", "trivy-json", trivy, plain),
        ("zap", "zap-json", zap, plain),
    ] {
        let report = stored(text);
        let known = known(scanner, format, &report);
        fs_err::write(&path, &report).unwrap();
        let prepared = convert::prepare(&path, &known, &options).unwrap();
        assert_eq!(prepared.raw, known.digested, "{format}");
        for other in [text.replace("2026", "2025"), format!("{text} ")] {
            fs_err::write(&path, stored(&other)).unwrap();
            let error = convert::prepare(&path, &known, &options).unwrap_err();
            let is_noticed = matches!(error, ConvertError::Changed { .. });
            assert!(is_noticed, "{format}: {error}");
        }
    }
}

#[test]
fn a_report_is_read_to_its_end_before_it_is_sent_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    for end in 1..BANDIT.len() {
        let cut = &BANDIT[..end];
        fs_err::write(&path, cut).unwrap();
        let known = known("bandit", "bandit-json", cut.as_bytes());
        let error = convert::prepare(&path, &known, &Options::default()).unwrap_err();
        assert!(
            matches!(error, ConvertError::Unreadable { .. }),
            "{cut}: {error}"
        );
    }
}

#[test]
fn nothing_that_is_nested_without_end_is_followed() {
    let deep = format!(
        r#"{{"errors":[],"paths":{{"scanned":["a"]}},"results":[],"x":{}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(prepare_text("semgrep", "s.json", deep, &Options::default()).is_err());
    let deep = "<a>".repeat(100_000);
    let report = format!("<OWASPZAPReport>{deep}");
    assert!(prepare_text("zap", "z.xml", report, &Options::default()).is_err());
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for (scanner, path) in reports() {
        let once = prepare(scanner, &path, &Options::default()).unwrap();
        let twice = prepare(scanner, &path, &Options::default()).unwrap();
        assert_eq!(once.sent, twice.sent);
        assert_eq!(once.changes, twice.changes);
    }
}

#[test]
fn generic_findings_keep_our_identity_and_what_was_suppressed() {
    for (scanner, path) in reports() {
        let options = Options {
            generic: true,
            ..Options::default()
        };
        let prepared = prepare(scanner, &path, &options).unwrap();
        assert_eq!(prepared.scan_type, "Generic Findings Import");
        let sent: Value = serde_json::from_slice(&bytes(&prepared)).unwrap();
        let sent = sent["findings"].as_array().unwrap();
        let (_, findings) = read(&path, Some(scanner));
        let there: Vec<_> = sent
            .iter()
            .map(|item| {
                (
                    item["unique_id_from_tool"].as_str().unwrap().to_owned(),
                    item["active"] == true,
                )
            })
            .collect();
        let ours: Vec<_> = findings
            .iter()
            .map(|finding| {
                (
                    finding.fingerprint.to_string(),
                    finding.suppressed.is_none(),
                )
            })
            .collect();
        assert_eq!(there, ours, "{}", path.display());
        let ids: BTreeSet<_> = there.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), there.len(), "{}", path.display());
    }
}

/// What is to survive a conversion when nothing is hidden.
fn essence(findings: &[Finding]) -> Vec<String> {
    let essence = |finding: &Finding| {
        let mut finding = finding.clone();
        finding.pointer = Pointer::default();
        // Put into the server's words.
        finding.scanner_severity = None;
        format!("{finding:?}")
    };
    findings.iter().map(essence).collect()
}

fn converts_faithfully(scanner: &str, name: &str, report: &str) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, report).unwrap();
    let (scan, before) = read(&path, Some(scanner));
    let prepared = prepare(scanner, &path, &sending_secrets());
    prop_assert_eq!(
        scan.is_ok(),
        prepared.is_ok(),
        "{:?} {:?} {}",
        scan,
        prepared,
        report
    );
    if let Ok(prepared) = prepared {
        let (_, after) = read_back(scanner, &prepared);
        prop_assert_eq!(essence(&before), essence(&after), "{}", report);
        let found = needs::read(prepared.scan_type, prepared.file_name, &bytes(&prepared));
        prop_assert!(found.is_ok(), "{:?} {}", found, report);
    }
    Ok(())
}

/// Texts with all that XML and JSON escape, and what XML has no way to write
/// left out.
fn words() -> impl Strategy<Value = String> {
    "[a-z<>&\"' \\\\é\n\r\t\u{2028}]{0,12}"
}

fn instance() -> impl Strategy<Value = Value> {
    ("[a-z]{1,4}", words(), words()).prop_map(|(path, param, evidence)| {
        json!({"uri": format!("https://h/{path}?q=<1>&r=2"), "method": "GET", "param": param,
            "attack": "", "evidence": evidence, "nodeName": null})
    })
}

fn alert() -> impl Strategy<Value = Value> {
    (
        0..4_u8,
        words(),
        words(),
        "[0-4]",
        -1..900_i32,
        prop::collection::vec(instance(), 0..4),
    )
        .prop_map(|(risk, name, description, confidence, cwe, instances)| {
            json!({"pluginid": "1000", "alertRef": "1000-1", "alert": name, "name": "n",
                "riskcode": risk.to_string(), "confidence": confidence, "desc": description,
                "solution": "", "reference": "https://a\nhttps://b", "cweid": cwe.to_string(),
                "count": instances.len().to_string(), "systemic": true, "instances": instances})
        })
}

fn vulnerability(is_suppressed: bool) -> impl Strategy<Value = Value> {
    (
        "CVE-2026-[0-9]{4}",
        prop::sample::select(vec!["HIGH", "moderate", "7.5", "none", "", "odd", "-1.0"]),
        prop::option::of(0.0..10.0_f64),
        prop::option::of(0.0..10.0_f64),
        words(),
        any::<bool>(),
    )
        .prop_map(move |(name, severity, v3, v2, text, is_unscored)| {
            let mut entry = json!({"name": name, "source": "NVD", "description": text, "notes": text,
                "cwes": ["CWE-79", "NVD-CWE-noinfo"], "references": [{"source": "s", "url": "https://x/?a=1&b=2", "name": text}],
                "vulnerableSoftware": [{"software": {"id": "cpe:2.3:a:b:c:*", "vulnerabilityIdMatched": "true", "versionEndExcluding": "1.2"}}]});
            if !is_suppressed {
                entry["severity"] = severity.into();
                if is_unscored {
                    entry["unscored"] = "true".into();
                }
            }
            if let Some(score) = v3 {
                entry["cvssv3"] = json!({"baseScore": score, "attackVector": "NETWORK"});
            }
            if let Some(score) = v2 {
                entry["cvssv2"] = json!({"score": score, "severity": "LOW"});
            }
            entry
        })
}

fn dependency() -> impl Strategy<Value = Value> {
    (
        words(),
        prop::sample::select(vec![json!([]), json!([{"id": "pkg:maven/g/a@1", "confidence": "HIGH"}])]),
        prop::collection::vec(vulnerability(false), 0..3),
        prop::collection::vec(vulnerability(true), 0..2),
    )
        .prop_map(|(text, packages, active, suppressed)| {
            json!({"isVirtual": false, "fileName": "a.jar", "filePath": "/ci/a.jar", "description": text,
                "packages": packages, "vulnerabilities": active, "suppressedVulnerabilities": suppressed,
                "evidenceCollected": {"vendorEvidence": [{"type": "vendor", "confidence": "LOW", "source": "s", "name": "n", "value": text}]}})
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn zap_json_becomes_xml_of_the_same_findings(alerts in prop::collection::vec(alert(), 0..5)) {
        let report = json!({"@version": "2.17.0", "created": "2026-01-05T09:00:00Z",
            "site": [{"alerts": alerts, "@name": "https://h", "@port": 443}]});
        converts_faithfully("zap", "zap.json", &report.to_string())?;
    }

    #[test]
    fn dependency_check_json_becomes_xml_of_the_same_findings(dependencies in prop::collection::vec(dependency(), 0..4)) {
        let report = json!({"reportSchema": "1.1", "scanInfo": {"engineVersion": "12.1.0", "dataSource": [{"name": "NVD", "timestamp": "2026-01-05T02:00:00Z"}]},
            "projectInfo": {"name": "p", "reportDate": "2026-01-05T10:00:00Z"}, "dependencies": dependencies});
        converts_faithfully("dependency-check", "dc.json", &report.to_string())?;
    }
}
