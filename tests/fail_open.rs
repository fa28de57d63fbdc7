//! No broken scan is green, and no clean one is a false alarm: the built program
//! over one report at a time, each with one thing wrong with it.
//!
//! Gates fail open where a scan that did not happen looks like one that found
//! nothing. Every case here is such a scan, or hides its findings.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN as SEMGREP, Workplace};

/// What a scanner leaves.
struct Format {
    scanner: &'static str,
    file: &'static str,
    /// A report of a scan that found nothing.
    clean: &'static str,
    /// What makes a report with a grave finding of it, in place of what.
    guilt: (&'static str, &'static str),
}

const FORMATS: [Format; 9] = [
    Format {
        scanner: "semgrep",
        file: "semgrep.json",
        clean: SEMGREP,
        guilt: (
            r#""results":[]"#,
            r#""results":[{"check_id":"conf.no-eval","path":"src/a.py","start":{"line":1,"col":5},"end":{"line":1,"col":9},"extra":{"message":"eval of input","severity":"ERROR","metadata":{}}}]"#,
        ),
    },
    Format {
        scanner: "bandit",
        file: "bandit.json",
        clean: r#"{"errors":[],"generated_at":"2026-11-21T11:30:00Z","metrics":{"_totals":{"SEVERITY.HIGH":0,"loc":7,"nosec":0},"a.py":{"SEVERITY.HIGH":0,"loc":7,"nosec":0}},"results":[]}"#,
        guilt: (
            r#""results":[]"#,
            r#""results":[{"code":"5 call(c, shell=True)\n","filename":"a.py","issue_confidence":"MEDIUM","issue_cwe":{"id":78},"issue_severity":"HIGH","issue_text":"subprocess call with shell=True","line_number":5,"line_range":[5],"more_info":"https://bandit.example/b602.html","test_id":"B602","test_name":"subprocess_popen_with_shell_equals_true"}]"#,
        ),
    },
    Format {
        scanner: "gitleaks",
        file: "gitleaks.json",
        clean: "[]\n",
        guilt: (
            "[]",
            r#"[{"RuleID":"aws","Description":"AWS key","StartLine":1,"EndLine":1,"StartColumn":1,"EndColumn":9,"File":"a","Secret":"AKIA0123","Match":"x","Commit":"c","Entropy":3.1,"Author":"","Email":"","Date":"","Message":"","Tags":[],"Fingerprint":"c:a:aws:1"}]"#,
        ),
    },
    Format {
        scanner: "gitleaks",
        file: "gitleaks.csv",
        clean: "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,Author,Message,Date,Email,Fingerprint\n",
        guilt: (
            "Fingerprint\n",
            "Fingerprint\naws,c,a,,AKIA0123,x,1,1,1,9,me,first,2026-11-20T10:00:00Z,me@example.org,c:a:aws:1\n",
        ),
    },
    Format {
        scanner: "dependency-check",
        file: "dependency-check.json",
        clean: r#"{"reportSchema":"1.1","scanInfo":{"engineVersion":"12.1.0","dataSource":[]},"projectInfo":{"name":"shop","reportDate":"2026-11-21T11:30:00Z"},"dependencies":[{"isVirtual":false,"fileName":"a.jar"}]}"#,
        guilt: (
            r#""fileName":"a.jar""#,
            r#""fileName":"a.jar","vulnerabilities":[{"source":"NVD","name":"CVE-2021-44228","severity":"CRITICAL","description":"a lookup","references":[]}]"#,
        ),
    },
    Format {
        scanner: "dependency-check",
        file: "dependency-check.xml",
        clean: r#"<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd"><scanInfo><engineVersion>12.1.0</engineVersion></scanInfo><projectInfo><name>shop</name><reportDate>2026-11-21T11:30:00Z</reportDate></projectInfo><dependencies><dependency isVirtual="false"><fileName>a.jar</fileName></dependency></dependencies></analysis>"#,
        guilt: (
            "<fileName>a.jar</fileName>",
            r#"<fileName>a.jar</fileName><vulnerabilities><vulnerability source="NVD"><name>CVE-2021-44228</name><severity>CRITICAL</severity><description>a lookup</description></vulnerability></vulnerabilities>"#,
        ),
    },
    Format {
        scanner: "trivy",
        file: "trivy.json",
        clean: r#"{"SchemaVersion":2,"Trivy":{"Version":"0.70.0"},"ArtifactName":"reg.example/app:1.2","ArtifactType":"container_image","CreatedAt":"2026-11-21T11:30:00Z","Metadata":{"OS":{"Family":"alpine","Name":"3.20"},"ImageID":"sha256:aa","RepoDigests":["reg.example/app@sha256:bb"]},"Results":[{"Target":"a","Class":"os-pkgs","Type":"alpine"}]}"#,
        guilt: (
            r#""Type":"alpine"}"#,
            r#""Type":"alpine","Vulnerabilities":[{"VulnerabilityID":"CVE-2024-1","PkgName":"p","InstalledVersion":"1","Severity":"CRITICAL","Title":"t","References":["https://r.example/1"]}]}"#,
        ),
    },
    Format {
        scanner: "zap",
        file: "zap.json",
        clean: r#"{"@programName":"ZAP","@version":"2.17.0","created":"2026-11-21T11:30:00Z","site":[{"@name":"https://staging.example","alerts":[]}]}"#,
        guilt: (
            r#""alerts":[]"#,
            r#""alerts":[{"pluginid":"40018","alertRef":"40018","alert":"SQL Injection","name":"SQL Injection","riskcode":"3","confidence":"2","riskdesc":"High (Medium)","desc":"x","instances":[{"uri":"https://staging.example/q","method":"GET","param":"q"}],"count":"1","cweid":"89"}]"#,
        ),
    },
    Format {
        scanner: "zap",
        file: "zap.xml",
        clean: r#"<?xml version="1.0"?><OWASPZAPReport programName="ZAP" version="2.17.0" generated="Sat, 21 Nov 2026 11:30:00" created="2026-11-21T11:30:00Z"><site name="https://staging.example" host="staging.example" port="443" ssl="true"><alerts></alerts></site></OWASPZAPReport>"#,
        guilt: (
            "<alerts></alerts>",
            "<alerts><alertitem><pluginid>40018</pluginid><alertRef>40018</alertRef><alert>SQL Injection</alert><name>SQL Injection</name><riskcode>3</riskcode><confidence>2</confidence><riskdesc>High (Medium)</riskdesc><desc>x</desc><instances><instance><uri>https://staging.example/q</uri><method>GET</method><param>q</param></instance></instances><count>1</count><cweid>89</cweid></alertitem></alerts>",
        ),
    },
];

fn format(file: &str) -> &'static Format {
    FORMATS.iter().find(|format| format.file == file).unwrap()
}

impl Format {
    fn guilty(&self) -> String {
        replaced(self.clean, self.guilt.0, self.guilt.1)
    }

    fn case(&self, name: &str, report: impl Into<Vec<u8>>) -> Case {
        Case {
            name: format!("{}: {name}", self.file),
            scanner: self.scanner,
            files: vec![(self.file.to_owned(), report.into())],
            demands: "",
        }
    }

    /// The clean report with some other text in it.
    fn with(&self, name: &str, from: &str, to: &str) -> Case {
        self.case(name, replaced(self.clean, from, to))
    }
}

/// As `str::replace`, of what is there.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in {text}");
    text.replace(from, to)
}

/// A working folder, and a lane that expects the scanner's report there.
struct Case {
    name: String,
    scanner: &'static str,
    files: Vec<(String, Vec<u8>)>,
    /// Keys of the lane.
    demands: &'static str,
}

impl Case {
    fn demanding(mut self, demands: &'static str) -> Self {
        self.demands = demands;
        self
    }

    /// With a record of its scan, in which these members differ from a sound one's.
    fn recorded(mut self, other: &Value) -> Self {
        let (path, report) = &self.files[0];
        let mut record = json!({
            "schema": "security-gate-scan/1",
            "tool": {"name": "security-gate", "version": "0.1.0"},
            "outcome": "ran",
            "why": null,
            "report": {
                "path": path,
                "bytes": report.len(),
                "sha256": base16ct::lower::encode_string(&Sha256::digest(report)),
            },
            "scanner": self.scanner,
            "scanner_version": null,
            "lane": null,
            "command": [self.scanner],
            "exit_code": 0,
            "signal": null,
            "interrupted": null,
            "timed_out": false,
            "started": "2026-11-21T11:00:00Z",
            "ended": "2026-11-21T11:40:00Z",
            "context": {
                "provider": "gitlab", "project": null, "branch": "main", "target_branch": null,
                "merge_request": null, "commit": "c0ffee", "tag": null, "environment": null,
                "pipeline": null,
            },
        });
        for (key, value) in other.as_object().unwrap() {
            record[key] = value.clone();
        }
        let record = (format!("{path}.scan.json"), record.to_string().into_bytes());
        self.files.push(record);
        self
    }

    fn workplace(&self) -> Workplace {
        let policy = format!(
            "extends = [\"builtin:baseline\"]\n[lane.x]\nexpect = [\"{0}\"]\nreports = [\"{0}={0}*\"]\n{1}\n",
            self.scanner, self.demands
        );
        let mut workplace = Workplace::new(&[("security-gate.toml", &policy)]);
        for (name, content) in &self.files {
            fs_err::write(workplace.path(name), content).unwrap();
        }
        workplace
            .variables
            .extend([("GITLAB_CI", "true"), ("CI_COMMIT_SHA", "c0ffee")]);
        workplace
    }

    /// The exit code, and what a pipeline's owner is told.
    fn check(&self) -> (i32, String) {
        let workplace = self.workplace();
        let output = workplace
            .command(&["check", "--now", "2026-11-21T12:00:00Z"])
            .output()
            .unwrap();
        let mut told = String::from_utf8(output.stderr).unwrap();
        let summary = fs_err::read(workplace.path("security-gate-summary.json"));
        let summary: Value =
            summary.map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
        let code = output.status.code().unwrap();
        let is_green = summary["verdict"] == "pass";
        assert_eq!(is_green, code == 0, "{}: {summary:#}", self.name);
        for reason in summary["reasons"].as_array().into_iter().flatten() {
            if code == 0 || reason["effect"] != "warn" {
                writeln!(told, "{}", reason["text"].as_str().unwrap()).unwrap();
            }
        }
        (code, told)
    }
}

/// A case, the exit code that it has, and a part of the reason that is given.
type Row = (Case, i32, &'static str);

/// What is told where the policy asks for whole scans.
const DEGRADED: &str = "degraded = \"incomplete\"";

/// What can happen to any report.
fn faults_of(format: &Format) -> Vec<Row> {
    let Format { clean, .. } = *format;
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
    let utf16 = || "\u{feff}".encode_utf16().chain(guilty.encode_utf16());
    let other = match format.scanner {
        "trivy" => SEMGREP,
        _ => FORMATS[6].clean,
    };
    let sound = || json!({});
    let mut rows = vec![
        (missing, 3, "no report of"),
        // Gitleaks' CSV is empty when it found nothing.
        (
            format.case("empty", "").demanding(if is_csv { DEGRADED } else { "" }),
            3,
            if is_csv { "only a scan record with its exit code shows" } else { "an empty file" },
        ),
        (format.case("only spaces", "  \n\n"), 3, if is_csv { "no column `RuleID`" } else { "an empty file" }),
        (format.case("zero bytes", vec![0; 4096]), 3, "it holds NUL bytes"),
        (format.case("cut off", cut), 3, if is_xml { "tag not closed" } else if is_csv { "the header does not end" } else { "it is cut off" }),
        (format.case("cut off, packed", &gzip(&guilty)[..40]), 3, "the packed file is cut off"),
        (format.case("another scanner's", other), 3, "but it looks like"),
        (
            format.case("an error page", "<html><body>502 Bad Gateway</body></html>\n"),
            3,
            "an HTML page, such as a proxy's",
        ),
        (
            format.case("a log", "2026-11-21T11:00:00Z INFO scanning\nERROR no space left\n"),
            3,
            "neither JSON nor XML",
        ),
        (
            format.case("a log in front", format!("INFO scanning 12 files\n{clean}")),
            3,
            "if a log line stands before the report",
        ),
        (
            format.case("a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12345\n"),
            3,
            "neither JSON nor XML",
        ),
        (format.case("findings after a byte order mark", format!("\u{feff}{guilty}")), 1, "1 open finding, 0 allowed"),
        (format.case("findings, packed", gzip(&guilty)), 1, "1 open finding, 0 allowed"),
        (
            format.case("findings in UTF-16", utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()),
            1,
            "1 open finding, 0 allowed",
        ),
        (
            format.case("findings in UTF-16, big end first", utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>()),
            1,
            "1 open finding, 0 allowed",
        ),
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
        (
            format.case("no record", clean).demanding("proof = \"record\""),
            3,
            "keep FILE.scan.json beside the report",
        ),
        (
            format
                .case("stale", clean.replace("2026-11-21T", "2026-11-19T"))
                .recorded(&json!({"started": "2026-11-19T11:00:00Z", "ended": "2026-11-19T11:40:00Z"}))
                .demanding("max_age = \"24h\""),
            3,
            "2 days old, and the lane allows 24 hours",
        ),
        (
            format
                .case("ahead of time", clean.replace("2026-11-21T", "2026-11-22T"))
                .recorded(&json!({"started": "2026-11-22T11:00:00Z", "ended": "2026-11-22T11:40:00Z"}))
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
            format.case("of no commit", clean).demanding("commit = true"),
            3,
            "nothing says which commit was scanned",
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
            .recorded(&sound());
        case.files[1].1 = text.into();
        rows.push((case, 3, "cannot be used"));
    }
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

/// What only one scanner's report can be.
fn faults_of_one_scanner() -> Vec<Row> {
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

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn broken() -> Vec<Row> {
    let mut rows: Vec<Row> = FORMATS.iter().flat_map(faults_of).collect();
    rows.extend(faults_of_one_scanner());
    rows
}

#[test]
fn no_broken_scan_is_green() {
    let rows = broken();
    let mut wrong = String::new();
    for (case, exit, said) in &rows {
        let (code, told) = case.check();
        if code != *exit || !told.contains(said) {
            writeln!(
                wrong,
                "{}: exit code {code}, not {exit} with `{said}`:\n{told}",
                case.name
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(rows.len() > 60, "{} cases", rows.len());
}

/// Scans that ran, whatever their reports lack.
fn sound() -> Vec<Case> {
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
const WHOLE: &str =
    "degraded = \"incomplete\"\nproof = \"record\"\nmax_age = \"24h\"\ncommit = true";

#[test]
fn no_clean_scan_is_a_false_alarm() {
    let mut wrong = String::new();
    for case in sound() {
        let (code, told) = case.check();
        if code != 0 {
            writeln!(wrong, "{}: exit code {code}:\n{told}", case.name).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Prints what the dearest refusal takes, by GNU time: `cargo test --release
/// --test fail_open -- --ignored --nocapture`.
#[test]
#[ignore = "measures, and asserts nothing of it"]
fn what_a_refusal_takes() {
    let mut taken = Vec::new();
    for (case, ..) in broken() {
        let workplace = case.workplace();
        let gate = env!("CARGO_BIN_EXE_security-gate");
        let output = std::process::Command::new("time")
            .args([
                "-f",
                "%e %M",
                gate,
                "--quiet",
                "check",
                "--now",
                "2026-11-21T12:00:00Z",
            ])
            .current_dir(workplace.folder.path())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let (seconds, kilobytes) = told.lines().last().unwrap().split_once(' ').unwrap();
        let seconds: f64 = seconds.parse().unwrap();
        let kilobytes: u64 = kilobytes.parse().unwrap();
        taken.push((seconds, kilobytes, case.name));
    }
    taken.sort_by(|one, other| other.0.total_cmp(&one.0));
    let most = taken.iter().max_by_key(|taken| taken.1).unwrap();
    println!("{} refusals", taken.len());
    println!("longest: {} s, {}", taken[0].0, taken[0].2);
    println!("median: {} s", taken[taken.len() / 2].0);
    println!("most memory: {} kB, {}", most.1, most.2);
}
