//! No secret leaves, and nothing repeats the token.

use walkdir::WalkDir;

use crate::dojo::{Dojo, Fault, Options, Schedule};
use crate::site::{SECRET, Site};

/// Everything that the program wrote and said.
fn traces(site: &Site, arguments: &[&str]) -> String {
    let run = site.upload(&[&["--verbose"], arguments].concat());
    let mut traces = run.stdout + &run.stderr;
    for entry in WalkDir::new(site.workplace.folder.path()) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() && entry.file_name() != "leaks.json" {
            traces += &String::from_utf8_lossy(&fs_err::read(entry.path()).unwrap());
        }
    }
    traces
}

#[test]
fn no_secret_and_no_token_is_written_said_or_sent_in_a_body() {
    for fault in [
        None,
        Some(Fault::ResetAfterCommit),
        Some(Fault::Html(403)),
        Some(Fault::Truncated),
        Some(Fault::InternalError),
    ] {
        let faults = match fault {
            Some(fault) => Schedule::always("POST", "/reimport-scan/", fault),
            None => Schedule::none(),
        };
        let dojo = Dojo::start(Options {
            faults,
            ..Options::default()
        });
        let site = Site::new(&dojo);
        let traces = traces(&site, &[]);
        for secret in [SECRET, &dojo.token] {
            assert!(!traces.contains(secret), "{traces}");
        }
        let requests = dojo.requests();
        assert!(!requests.is_empty());
        for seen in &requests {
            let body = String::from_utf8_lossy(&seen.body);
            assert!(
                !body.contains(SECRET) && !body.contains(&dojo.token),
                "{body}"
            );
            assert!(!seen.target.contains(&dojo.token));
        }
    }
}

#[test]
fn secrets_are_sent_only_when_that_is_said_and_it_is_recorded() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    let run = site.upload(&["--send-secrets"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let requests = dojo.requests();
    let mut bodies = requests
        .iter()
        .map(|seen| String::from_utf8_lossy(&seen.body));
    assert!(bodies.any(|body| body.contains(SECRET)));
    let record = site.record().to_string();
    assert!(record.contains("--send-secrets") && !record.contains(SECRET));
}

#[test]
fn a_record_that_calls_a_report_something_else_lets_no_secret_pass() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    assert_eq!(site.upload(&[]).code, 0);
    let path = site.workplace.path("security-evidence.json");
    let mut record = site.record();
    let deliveries = record["deliveries"].as_array_mut().unwrap();
    let leaks = deliveries
        .iter_mut()
        .find(|delivery| delivery["content"]["scanner"] == "gitleaks")
        .unwrap();
    let read = leaks["content"].clone();
    leaks["content"]["scanner"] = "semgrep".into();
    leaks["content"]["format"] = "semgrep-json".into();
    leaks["content"]["secrets"] = 0.into();
    fs_err::write(path, record.to_string()).unwrap();

    let run = site.upload(&["--again"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for seen in dojo.requests() {
        assert!(!String::from_utf8_lossy(&seen.body).contains(SECRET));
    }
    let record = site.record();
    let mut deliveries = record["deliveries"].as_array().unwrap().iter();
    assert!(deliveries.any(|delivery| delivery["content"] == read));
}

#[test]
fn the_token_is_in_a_variable_and_nowhere_else() {
    let dojo = Dojo::start(Options::default());
    let mut site = Site::new(&dojo);
    site.token = String::new();
    let run = site.upload(&[]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("DEFECTDOJO_TOKEN"), "{}", run.stderr);
    let mut command = site.command(&[]);
    command
        .env_remove("DEFECTDOJO_TOKEN")
        .env("DEFECTDOJO_APIKEY", format!("{}\n", dojo.token));
    assert_eq!(crate::site::ran(&mut command).code, 0);
    site.token = format!("Token {}", dojo.token);
    let run = site.upload(&["--again"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(!(run.stdout + &run.stderr).contains(&dojo.token));
}
