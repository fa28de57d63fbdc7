//! What is stored, kept and shown: besides the recorded sequences.

use std::io::{self, Read, Write};

use crate::client::{Answer, Request};
use crate::dojo::{Dojo, Exchange, Options, TOKEN, nobody_listens};

/// Two findings.
pub(crate) const SEMGREP: &str = r#"{"results": [
    {"check_id": "a", "path": "x.py", "start": {"line": 1}, "end": {"line": 1},
     "extra": {"severity": "ERROR", "message": "m", "metadata": {}}},
    {"check_id": "b", "path": "y.py", "start": {"line": 2}, "end": {"line": 2},
     "extra": {"severity": "INFO", "message": "n", "metadata": {}}}]}"#;

/// A reimport into the product `shop`.
#[derive(Clone, Debug)]
pub(crate) struct Upload<'a> {
    pub(crate) fields: Vec<(&'a str, &'a str)>,
    pub(crate) report: &'a str,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(title: &'a str, report: &'a str) -> Self {
        Self {
            fields: vec![
                ("scan_type", "Semgrep JSON Report"),
                ("product_type_name", "Lab PT"),
                ("product_name", "shop"),
                ("engagement_name", "mainline-sast"),
                ("test_title", title),
                ("auto_create_context", "true"),
            ],
            report,
        }
    }

    pub(crate) fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.fields.push((name, value));
        self
    }

    pub(crate) fn request(&self) -> Request {
        let file = ("file", "semgrep.json", self.report.as_bytes());
        Request::form("/api/v2/reimport-scan/", TOKEN, &self.fields, Some(file))
    }

    pub(crate) fn send(&self, dojo: &Dojo) -> io::Result<Answer> {
        self.request().send(dojo.address())
    }
}

fn get(dojo: &Dojo, target: &str) -> Answer {
    Request::get(target, TOKEN).send(dojo.address()).unwrap()
}

#[test]
fn a_failed_first_upload_leaves_an_empty_test_that_the_next_one_takes() {
    let dojo = crate::fresh();
    assert_eq!(Upload::new("t", "{").send(&dojo).unwrap().status, 400);
    let debris = dojo.state().only_test("shop", "mainline-sast", "t");
    assert_eq!(debris.percent_complete, 50);
    assert!(dojo.state().imports(debris.id).is_empty());
    let answer = Upload::new("t", SEMGREP).send(&dojo).unwrap();
    assert_eq!(answer.json()["test_id"], debris.id);
    let mended = dojo.state().only_test("shop", "mainline-sast", "t");
    assert_eq!(mended.percent_complete, 100);
    assert_eq!(dojo.state().active(mended.id), 2);
}

#[test]
fn what_is_refused_changes_nothing_in_a_test_that_is_there() {
    let dojo = crate::fresh();
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    let before = format!("{:?}", dojo.state().findings);
    assert_eq!(Upload::new("t", "null").send(&dojo).unwrap().status, 500);
    assert_eq!(Upload::new("t", "{").send(&dojo).unwrap().status, 400);
    assert_eq!(format!("{:?}", dojo.state().findings), before);
}

#[test]
fn too_long_metadata_closes_findings_before_it_fails() {
    let dojo = crate::fresh();
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    let long = "b".repeat(151);
    let upload = Upload::new("t", r#"{"results": []}"#).with("branch_tag", &long);
    assert_eq!(upload.send(&dojo).unwrap().status, 500);
    let test = dojo.state().only_test("shop", "mainline-sast", "t");
    assert_eq!(dojo.state().closed(test.id), 2);
    assert_eq!(dojo.state().imports(test.id).len(), 1);
}

#[test]
fn duplicates_in_one_report_are_stored_first_and_closed_later() {
    let dojo = crate::fresh();
    let report =
        fs_err::read_to_string(crate::dojo::replay::folder().join("reports/made/bandit-214.json"));
    let report = report.unwrap();
    let mut upload = Upload::new("t", &report);
    upload.fields[0].1 = "Bandit Scan";
    upload.send(&dojo).unwrap();
    let test = dojo.state().only_test("shop", "mainline-sast", "t").id;
    assert_eq!(dojo.state().active(test), 214);
    upload.send(&dojo).unwrap();
    assert_eq!(
        (dojo.state().active(test), dojo.state().closed(test)),
        (213, 1)
    );
    let again = upload.send(&dojo).unwrap().json();
    assert_eq!(
        again["statistics"]["delta"]["untouched"]["total"]["total"],
        213
    );
}

#[test]
fn a_report_over_the_limit_is_refused_in_the_recorded_words() {
    let dojo = Dojo::start(Options {
        max_file: 10,
        ..Options::default()
    });
    let answer = Upload::new("t", SEMGREP).send(&dojo).unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json()["non_field_errors"][0],
        "Report file is too large. Maximum supported size is 100 MB"
    );
}

#[test]
fn a_deactivated_scan_type_is_no_choice() {
    let dojo = Dojo::start(Options {
        deactivated: vec!["Semgrep JSON Report".into()],
        ..Options::default()
    });
    let answer = Upload::new("t", SEMGREP).send(&dojo).unwrap();
    assert_eq!(
        answer.json()["scan_type"][0],
        "\"Semgrep JSON Report\" is not a valid choice."
    );
}

#[test]
fn without_import_history_there_is_no_delta() {
    let dojo = Dojo::start(Options {
        tracks_history: false,
        ..Options::default()
    });
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    let answer = Upload::new("t", SEMGREP).send(&dojo).unwrap().json();
    assert!(answer["statistics"]["before"].is_object());
    assert!(answer["statistics"].get("delta").is_none());
}

#[test]
fn a_file_is_attached_to_an_engagement_under_a_title_of_its_own() {
    let dojo = crate::fresh();
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    let engagement = dojo.state().engagements("shop", "mainline-sast")[0].id;
    let target = format!("/api/v2/engagements/{engagement}/files/");
    let attach_as = |title: &str, name: &str| {
        let file = Some(("file", name, &b"{}"[..]));
        let request = Request::form(&target, TOKEN, &[("title", title)], file);
        request.send(dojo.address()).unwrap()
    };
    let attach = |title: &str| attach_as(title, "evidence.json");
    assert_eq!(attach("evidence 7").status, 201);
    assert_eq!(attach_as("evidence 8", "evidence.md").status, 400);
    assert_eq!(attach("evidence 7").status, 400);
    assert_eq!(attach(&"e".repeat(101)).status, 400);
    let state = dojo.state();
    let files = state.files_of(engagement);
    assert_eq!((files.len(), &*files[0].bytes), (1, &b"{}"[..]));
    let listed = get(&dojo, &target).json();
    assert_eq!(listed["engagement_id"], engagement);
    assert_eq!(listed["files"][0]["title"], "evidence 7");
}

#[test]
fn an_unknown_parameter_is_ignored_and_everything_comes_back() {
    let dojo = crate::fresh();
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    Upload::new("u", SEMGREP).send(&dojo).unwrap();
    let test = dojo.state().only_test("shop", "mainline-sast", "t").id;
    let count = |target: &str| get(&dojo, target).json()["count"].clone();
    assert_eq!(count("/api/v2/findings/?test__title=t"), 4);
    assert_eq!(count(&format!("/api/v2/findings/?test={test}")), 2);
    assert_eq!(get(&dojo, "/api/v2/findings/?test=1,2").status, 400);
    assert_eq!(count("/api/v2/tests/?title=T"), 0);
}

#[test]
fn pages_follow_each_other_on_the_host_that_was_asked() {
    let dojo = crate::fresh();
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    let mut request = Request::get("/api/v2/findings/?o=id&limit=1", TOKEN);
    request.host = Some("elsewhere.example".into());
    let first = request.send(dojo.address()).unwrap().json();
    assert_eq!(
        first["next"],
        "http://elsewhere.example/api/v2/findings/?limit=1&o=id&offset=1"
    );
    let second = get(&dojo, "/api/v2/findings/?limit=1&o=id&offset=1").json();
    assert_eq!(second["next"], serde_json::Value::Null);
    assert_ne!(first["results"][0]["id"], second["results"][0]["id"]);
}

#[test]
fn every_request_is_kept_as_it_came() {
    let dojo = crate::fresh();
    let upload = Upload::new("t", SEMGREP).with("build_id", "key-1");
    upload.send(&dojo).unwrap();
    get(&dojo, "/api/v2/user_profile/");
    let requests = dojo.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, upload.request().body);
    assert_eq!(requests[0].status, Some(201));
    assert_eq!(requests[1].target, "/api/v2/user_profile/");
    let token = format!("Token {TOKEN}");
    assert_eq!(requests[1].header("authorization"), Some(&*token));
    let state = dojo.state();
    assert_eq!(state.uploads[0].field("build_id"), Some("key-1"));
    assert_eq!(state.uploads[0].file, SEMGREP.as_bytes());
    assert_eq!(state.uploads[0].file_name.as_deref(), Some("semgrep.json"));
}

#[test]
fn recorded_answers_come_first_and_then_the_state_machine() {
    let name = "reimport_02_identical";
    let dojo = Dojo::start(Options {
        replay: vec![Exchange::named("reimport", name)],
        ..Options::default()
    });
    let recorded = Upload::new("t", SEMGREP).send(&dojo).unwrap().json();
    assert_eq!(recorded["test_id"], 17);
    assert!(dojo.state().tests.is_empty());
    Upload::new("t", SEMGREP).send(&dojo).unwrap();
    assert_eq!(dojo.state().tests.len(), 1);
}

#[test]
fn a_connection_is_used_again() {
    let dojo = crate::fresh();
    let mut stream = std::net::TcpStream::connect(dojo.address()).unwrap();
    for closing in ["keep-alive", "keep-alive", "close"] {
        let head = format!(
            "GET /api/v2/user_profile/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {TOKEN}\r\n\
             Connection: {closing}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
    }
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
}

#[test]
fn a_whole_url_is_answered_as_by_a_proxy() {
    let dojo = crate::fresh();
    let answer = get(
        &dojo,
        "http://dojo.example/api/v2/test_types/?name=Trivy+Scan",
    );
    assert_eq!(answer.json()["count"], 1);
}

#[test]
fn the_version_is_told_without_a_token() {
    let dojo = crate::fresh();
    let mut request = Request::get("/api/v2/oa3/schema/?format=json", TOKEN);
    request.authorization = None;
    let schema = request.send(dojo.address()).unwrap().json();
    assert_eq!(schema["info"]["version"], "3.2.0");
}

#[test]
fn where_nobody_listens_connections_are_refused() {
    let address = nobody_listens();
    let address = address.trim_start_matches("http://").parse().unwrap();
    let refused = Request::get("/", TOKEN).send(address).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}
