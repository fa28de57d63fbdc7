//! A pipeline with reports of several scanners, and a server.

use std::process::Stdio;

use serde_json::Value;

use crate::dojo::{Dojo, Schedule};
use crate::workplace::{Run, Workplace, semgrep};

/// A secret of the reports; and in what else they have one.
pub(crate) const SECRET: &str = "AKIAQWERTYUIOPASDFGH";
/// A Gitleaks report with it.
pub(crate) const LEAK: &str = r#"[{"Description":"AWS","StartLine":3,"EndLine":3,"StartColumn":1,"EndColumn":20,"Match":"key = AKIAQWERTYUIOPASDFGH","Secret":"AKIAQWERTYUIOPASDFGH","File":"src/a.py","SymlinkFile":"","Commit":"","Entropy":3.5,"Author":"","Email":"","Date":"","Message":"","Tags":[],"RuleID":"aws-access-token","Fingerprint":"src/a.py:aws-access-token:3"}]"#;
/// A ZAP report, which DefectDojo takes as XML only.
pub(crate) const ZAP: &str = r#"{"@version":"2.17.0","created":"2026-11-20T11:30:00Z","site":[{"@name":"https://staging.example","@host":"staging.example","@port":"443","@ssl":"true","alerts":[{"pluginid":"10038","alertRef":"10038","alert":"CSP Header Not Set","name":"CSP Header Not Set","riskcode":"2","confidence":"3","riskdesc":"Medium (High)","desc":"<p>CSP</p>","instances":[{"uri":"https://staging.example/","method":"GET","param":"","attack":"","evidence":"","otherinfo":""}],"count":"1","solution":"<p>set it</p>","otherinfo":"","reference":"","cweid":"693","wascid":"15","sourceid":"1"}]}]}"#;

pub(crate) const CONFIGURATION: &str = r#"
extends = ["builtin:baseline"]

[evidence]
product_type = "Payments"
product = "shop"

[lane.mainline-sast]
reports = ["semgrep.json"]

[lane.quality]
reports = ["more.json"]

[lane.quality.evidence]
engagement = "mainline-sast"
test_title = "more-{{ branch }}"

[lane.secret-detection]
reports = ["gitleaks=leaks.json"]

[lane.staging-dast]
reports = ["zap.json"]
"#;

/// Engagement, title of the test and number of findings of each report.
pub(crate) const TESTS: [(&str, &str, usize); 4] = [
    ("mainline-sast", "semgrep-main", 3),
    ("mainline-sast", "more-main", 2),
    ("secret-detection", "gitleaks-main", 1),
    ("staging-dast", "zap-main", 1),
];

pub(crate) struct Site {
    pub(crate) workplace: Workplace,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Site {
    pub(crate) fn new(dojo: &Dojo) -> Self {
        Self::with(dojo, CONFIGURATION)
    }

    pub(crate) fn with(dojo: &Dojo, configuration: &str) -> Self {
        let files = [
            ("security-gate.toml", configuration),
            ("semgrep.json", &semgrep(&["ERROR", "WARNING", "INFO"])),
            ("more.json", &semgrep(&["ERROR", "ERROR"])),
            ("leaks.json", LEAK),
            ("zap.json", ZAP),
        ];
        let mut workplace = Workplace::new(&files);
        workplace.variables.extend([
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "acme/shop"),
            ("CI_COMMIT_BRANCH", "main"),
            ("CI_COMMIT_SHA", "c0ffee"),
        ]);
        Self {
            workplace,
            url: dojo.url(),
            token: dojo.token.clone(),
        }
    }

    /// The command, with pauses that are short.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut all = vec!["evidence", "upload", "--pause", "4ms"];
        if !arguments.contains(&"--settle") {
            all.extend(["--settle", "250ms"]);
        }
        self.evidence(&[&all, arguments].concat())
    }

    pub(crate) fn evidence(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.workplace.command(arguments);
        command
            .env("DEFECTDOJO_URL", &self.url)
            .env("DEFECTDOJO_TOKEN", &self.token);
        command
    }

    pub(crate) fn upload(&self, arguments: &[&str]) -> Run {
        ran(&mut self.command(arguments))
    }

    /// The record, as a person reads it.
    pub(crate) fn record(&self) -> Value {
        let path = self.workplace.path("security-evidence.json");
        serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
    }

    pub(crate) fn states(&self) -> Vec<String> {
        let record = self.record();
        let deliveries = record["deliveries"].as_array().unwrap().iter();
        deliveries
            .map(|delivery| delivery["state"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn ran(command: &mut std::process::Command) -> Run {
    let output = command.stdin(Stdio::null()).output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        summary: None,
        markdown: None,
    }
}

/// That each report is at the server exactly once, in the place that the record says.
pub(crate) fn assert_filed_once(dojo: &Dojo, record: &Value, context: &str) {
    dojo.settle();
    let state = dojo.state();
    for (engagement, title, findings) in TESTS {
        let test = state.only_test("shop", engagement, title);
        assert_eq!(state.imports(test.id).len(), 1, "{title}: {context}");
        assert_eq!(state.active(test.id), findings, "{title}: {context}");
        let import = state.imports(test.id)[0];
        let deliveries = record["deliveries"].as_array().unwrap();
        let delivery = deliveries
            .iter()
            .find(|delivery| delivery["build_id"] == import.build_id.as_str());
        let delivery = delivery.unwrap_or_else(|| panic!("{title}: {context}"));
        assert_eq!(delivery["state"], "filed", "{title}: {context}");
        assert_eq!(delivery["filed"]["test_id"], test.id, "{title}: {context}");
        // What arrived is what the record says was sent.
        let mut uploads = state.uploads.iter();
        assert!(
            uploads.any(|upload| upload.field("build_id") == Some(&import.build_id)
                && delivery["sent"]["sha256"] == upload.sha256.as_str()),
            "{title}: {context}"
        );
    }
    assert_eq!(state.test_imports.len(), TESTS.len(), "{context}");
    assert_eq!(state.products.len(), 1, "{context}");
    assert_eq!(state.engagements.len(), 3, "{context}");
}

/// Runs until all is filed, at most three times; the faults are gone after the first.
pub(crate) fn until_filed(dojo: &Dojo, site: &Site, context: &str) -> Vec<Run> {
    let mut runs = vec![site.upload(&[])];
    while runs.last().unwrap().code != 0 {
        let last = runs.last().unwrap();
        assert_eq!(last.code, 3, "{context}: {}{}", last.stdout, last.stderr);
        assert!(runs.len() < 3, "{context}: {}{}", last.stdout, last.stderr);
        dojo.schedule(Schedule::none());
        runs.push(site.upload(&[]));
    }
    assert_filed_once(dojo, &site.record(), context);
    runs
}
