//! The whole way of evidence, at a real server:
//!
//! ```console
//! $ DEFECTDOJO_URL=https://… DEFECTDOJO_TOKEN=… cargo test --test live_defectdojo -- --ignored
//! ```
//!
//! It makes a product with a random name in the product type of
//! `DEFECTDOJO_PRODUCT_TYPE` (`Research and Development` without), and leaves it there.
//! The same way is gone at the loopback server, so that it stays one that works.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

mod dojo;
#[path = "common/workplace.rs"]
mod workplace;

use std::process::{Command, Stdio};
use std::time::Duration;

use security_gate::defectdojo::{BaseUrl, Client, Patience, Settings, Token};
use serde_json::Value;

use workplace::{Workplace, semgrep};

const LEAK: &str = r#"[{"Description":"AWS","StartLine":3,"EndLine":3,"StartColumn":1,"EndColumn":20,"Match":"key = AKIAQWERTYUIOPASDFGH","Secret":"AKIAQWERTYUIOPASDFGH","File":"src/a.py","SymlinkFile":"","Commit":"","Entropy":3.5,"Author":"","Email":"","Date":"","Message":"","Tags":[],"RuleID":"aws-access-token","Fingerprint":"src/a.py:aws-access-token:3"}]"#;
const ZAP: &str = r#"{"@version":"2.17.0","created":"2026-01-20T11:30:00Z","site":[{"@name":"https://staging.example","@host":"staging.example","@port":"443","@ssl":"true","alerts":[{"pluginid":"10038","alertRef":"10038","alert":"CSP Header Not Set","name":"CSP Header Not Set","riskcode":"2","confidence":"3","riskdesc":"Medium (High)","desc":"<p>CSP</p>","instances":[{"uri":"https://staging.example/","method":"GET","param":"","attack":"","evidence":"","otherinfo":""}],"count":"1","solution":"<p>set it</p>","otherinfo":"","reference":"","cweid":"693","wascid":"15","sourceid":"1"}]}]}"#;
const LANES: usize = 3;

struct Live {
    workplace: Workplace,
    url: String,
    token: String,
    client: Client,
}

impl Live {
    fn new(url: String, token: String, product_type: &str) -> Self {
        let product = format!("security-gate live {:016x}", fastrand::u64(..));
        let configuration = format!(
            "extends = [\"builtin:baseline\"]\n[evidence]\nproduct_type = {product_type:?}\nproduct = {product:?}\n\
             [lane.mainline-sast]\nreports = [\"semgrep.json\"]\n\
             [lane.secret-detection]\nreports = [\"gitleaks=leaks.json\"]\n\
             [lane.staging-dast]\nreports = [\"zap.json\"]\n"
        );
        let mut workplace = Workplace::new(&[
            ("security-gate.toml", &configuration),
            ("leaks.json", LEAK),
            ("zap.json", ZAP),
            (
                "dist/security-gate-summary.json",
                &format!("{{\"of\": {product:?}}}\n"),
            ),
            ("dist/security-gate-summary.md", &format!("# {product}\n")),
        ]);
        workplace.variables.extend([
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "acme/shop"),
            ("CI_COMMIT_BRANCH", "main"),
        ]);
        let client = Client::new(Settings {
            base: BaseUrl::parse(&url).unwrap(),
            token: Token::new(&token).unwrap(),
            ca_file: None,
            proxy: None,
            patience: Patience::default(),
        });
        Self {
            workplace,
            url,
            token,
            client: client.unwrap(),
        }
    }

    fn evidence(&self, arguments: &[&str], commit: &str) -> Command {
        let mut command = self.workplace.command(&[&["evidence"], arguments].concat());
        command
            .env("DEFECTDOJO_URL", &self.url)
            .env("DEFECTDOJO_TOKEN", &self.token)
            .env("CI_COMMIT_SHA", commit);
        command
    }

    fn said(&self, arguments: &[&str], commit: &str) -> String {
        let output = self
            .evidence(arguments, commit)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        println!("$ evidence {}\n{said}", arguments.join(" "));
        assert!(output.status.success(), "{said}");
        assert!(!said.contains(&self.token));
        said
    }

    /// Files a Semgrep report with so many findings beside the others.
    fn upload(&self, findings: usize, commit: &str) -> Value {
        let report = semgrep(&vec!["ERROR"; findings]);
        fs_err::write(self.workplace.path("semgrep.json"), report).unwrap();
        self.said(&["upload", "--summaries", "dist"], commit);
        self.filed()
    }

    /// What became of the Semgrep report; every report is at the server once.
    fn filed(&self) -> Value {
        let path = self.workplace.path("security-evidence.json");
        let record: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
        let deliveries = record["deliveries"].as_array().unwrap();
        assert_eq!(deliveries.len(), LANES);
        for delivery in deliveries {
            assert_eq!(delivery["state"], "filed", "{delivery}");
            let test = delivery["filed"]["test_id"].as_u64().unwrap();
            let key = delivery["build_id"].as_str().unwrap();
            assert_eq!(
                self.client.imports(test, key).unwrap().len(),
                1,
                "{delivery}"
            );
        }
        for row in record["attachments"].as_array().unwrap() {
            assert_eq!(row["engagements"].as_array().unwrap().len(), LANES, "{row}");
        }
        let mut deliveries = deliveries.iter();
        let filed = deliveries.find(|delivery| delivery["lane"] == "mainline-sast");
        filed.unwrap()["filed"].clone()
    }

    fn go(&self) {
        let said = self.said(&["doctor"], "1");
        assert!(said.contains("6 scan types"), "{said}");
        fs_err::write(self.workplace.path("semgrep.json"), semgrep(&["ERROR"])).unwrap();
        self.said(&["plan"], "1");

        let first = self.upload(3, "1");
        assert_eq!(first["statistics"]["total"], 3);
        let test = first["test_id"].as_u64().unwrap();
        assert_eq!(self.client.active_findings(test).unwrap(), 3);

        let again = self.upload(3, "1");
        assert_eq!(again, first, "filed already");
        let same = self.upload(3, "2");
        assert_eq!(same["test_id"], test);
        assert_eq!(same["statistics"]["untouched"], 3);

        let fewer = self.upload(2, "3");
        assert_eq!(fewer["statistics"]["closed"], 1);
        assert_eq!(self.client.active_findings(test).unwrap(), 2);

        // Ended in the middle, wherever that is, several times.
        for (at, wait) in [40, 120, 200, 350, 600].into_iter().enumerate() {
            let commit = format!("killed-{at}");
            let mut command = self.evidence(&["upload", "--summaries", "dist"], &commit);
            let mut child = command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(wait));
            child.kill().unwrap();
            child.wait().unwrap();
            self.said(
                &["upload", "--summaries", "dist", "--settle", "5s"],
                &commit,
            );
            self.filed();
        }
        assert_eq!(self.client.active_findings(test).unwrap(), 2);
    }
}

#[test]
#[ignore = "needs a DefectDojo: see above"]
fn the_whole_way_at_a_real_server() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let product_type = std::env::var("DEFECTDOJO_PRODUCT_TYPE");
    let product_type = product_type.unwrap_or_else(|_| "Research and Development".to_owned());
    Live::new(
        variable("DEFECTDOJO_URL"),
        variable("DEFECTDOJO_TOKEN"),
        &product_type,
    )
    .go();
}

#[test]
fn the_whole_way_at_the_loopback_server() {
    let dojo = dojo::Dojo::start(dojo::Options {
        upload_takes: Duration::from_millis(100),
        ..dojo::Options::default()
    });
    Live::new(dojo.url(), dojo.token.clone(), "Research and Development").go();
}
