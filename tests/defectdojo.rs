//! The client against servers on the loopback: recorded answers of DefectDojo, and
//! answers that no DefectDojo gives.

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
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use insta::assert_snapshot;
use security_gate::defectdojo::{
    BaseUrl, Client, Failure, Fields, Method, Outcome, Patience, Payload, Proxy, Reason, Settings,
    Token, Upload,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
const REPORT: &[u8] = b"{\"SchemaVersion\": 2, \"Results\": []}\r\n--\xff\x00";

/// What a server does with one connection.
enum Reply {
    /// Answers, and closes.
    Bytes(Vec<u8>),
    /// Answers without reading the body, when it was announced.
    Early(Vec<u8>),
    /// Closes when the head of the request is there.
    CutAfterHead,
    /// Closes when all of the request is there.
    CutAfterBody,
    /// Says nothing until the other side hangs up.
    Silence,
}

#[derive(Debug)]
struct Request {
    /// Method and target.
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} twice");
        value
    }
}

struct Server {
    url: String,
    thread: JoinHandle<Vec<Request>>,
}

impl Server {
    /// Serves one connection for each reply.
    fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let connection = |reply| serve(listener.accept().unwrap().0, reply);
            replies.into_iter().map(connection).collect()
        });
        Self { url, thread }
    }

    fn client(&self) -> Client {
        client(&self.url, Patience::default())
    }

    fn requests(self) -> Vec<Request> {
        self.thread.join().unwrap()
    }
}

fn serve(stream: TcpStream, reply: Reply) -> Request {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut request = Request {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        request
            .headers
            .push((name.to_lowercase(), value.to_owned()));
    }
    if let Reply::Early(bytes) = &reply {
        assert_eq!(request.header("expect"), Some("100-continue"));
        writer.write_all(bytes).unwrap();
        return request;
    }
    if matches!(reply, Reply::CutAfterHead) {
        return request;
    }
    if request.header("expect").is_some() {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    }
    let length = request
        .header("content-length")
        .map_or("0", |length| length);
    request.body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut request.body).unwrap();
    match reply {
        Reply::Bytes(bytes) => {
            // Nobody has to read all of it.
            let _sent = writer.write_all(&bytes);
        }
        Reply::Silence => {
            // The other side's end of the connection, or its reset.
            let _end = reader.read(&mut [0]);
        }
        Reply::CutAfterHead | Reply::CutAfterBody | Reply::Early(_) => {}
    }
    request
}

fn client(url: &str, patience: Patience) -> Client {
    Client::new(Settings {
        base: BaseUrl::parse(url).unwrap(),
        token: Token::new(TOKEN).unwrap(),
        ca_file: None,
        proxy: None,
        patience,
    })
    .unwrap()
}

fn http(status: &str, headers: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes(),
    )
}

fn json_answer(status: &str, body: &Value) -> Reply {
    http(
        status,
        "Content-Type: application/json\r\n",
        &body.to_string(),
    )
}

/// The folder must live as long as the file is needed.
fn report(bytes: &[u8]) -> (tempfile::TempDir, Payload) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trivy.json");
    fs_err::write(&path, bytes).unwrap();
    let payload = Payload {
        path,
        name: "trivy.json".to_owned(),
        bytes: bytes.len() as u64,
        sha256: base16ct::lower::encode_string(&Sha256::digest(bytes)),
    };
    (folder, payload)
}

fn fields() -> Fields {
    Fields::new(&Upload {
        product_type: Some("Web".to_owned()),
        product: Some("Café".to_owned()),
        engagement: Some("image-security".to_owned()),
        test_title: Some("trivy-main".to_owned()),
        auto_create_context: true,
        branch_tag: "main".to_owned(),
        ..Upload::new("Trivy Scan", "key-1")
    })
    .unwrap()
}

fn upload(client: &Client) -> Result<security_gate::defectdojo::Answer, Failure> {
    let (_folder, payload) = report(REPORT);
    client.upload(&fields(), &payload, None, &mut |_| ())
}

/// What an upload gets from a server that replies so.
fn failure(reply: Reply) -> Failure {
    let server = Server::start(vec![reply]);
    let failure = upload(&server.client()).unwrap_err();
    server.requests();
    failure
}

fn recording(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/defectdojo/recordings");
    let text = fs_err::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn recordings() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/defectdojo/recordings");
    let mut names: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// The answer of a recording, as it went over the wire.
fn replay(name: &str) -> Reply {
    let recording = recording(name);
    let response = &recording["response"];
    let body = match &response["body"] {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let mut headers = String::new();
    for (name, value) in response["headers"].as_object().unwrap() {
        if !["Content-Length", "Connection"].contains(&name.as_str()) {
            write!(headers, "{name}: {}\r\n", value.as_str().unwrap()).unwrap();
        }
    }
    let status = response["status_line"].as_str().unwrap();
    http(status.trim_start_matches("HTTP/1.1 "), &headers, &body)
}

fn show(table: &mut String, name: &str, failure: &Failure) {
    // The port is another each time, and so may be what the system says of a
    // connection that broke.
    let url = "http://127.0.0.1:";
    let mut sentence = failure.to_string();
    if let Some((before, after)) = sentence.split_once(url) {
        sentence = format!(
            "{before}[URL]{}",
            after.trim_start_matches(|c: char| c.is_ascii_digit())
        );
    }
    let said = failure.said.as_deref().filter(|_| failure.status.is_some());
    let status = failure.status.map_or("-".to_owned(), |s| s.to_string());
    writeln!(
        table,
        "{name}\n  {status} {:?} {:?}{}\n  {sentence}\n  > {}\n  said: {}\n",
        failure.outcome,
        failure.reason,
        if failure.may_have_landed() {
            ", may have landed"
        } else {
            ""
        },
        failure.advice,
        said.unwrap_or("-"),
    )
    .unwrap();
}

#[test]
fn every_recorded_refusal_is_a_sentence_with_what_to_do() {
    let mut table = String::new();
    for name in recordings() {
        let recording = recording(&name);
        let status = recording["response"]["status"].as_u64().unwrap();
        if status < 300 {
            continue;
        }
        let server = Server::start(vec![replay(&name)]);
        let client = server.client();
        let failure = match recording["request"]["method"].as_str() {
            Some("GET") if name.starts_with("get_") => client.test(999_999).unwrap_err(),
            _ => upload(&client).unwrap_err(),
        };
        assert_eq!(failure.status.map(u64::from), Some(status));
        assert!(failure.is_final() || failure.outcome != Outcome::Refused);
        show(&mut table, &name, &failure);
        server.requests();
    }
    assert_snapshot!("defectdojo_refusals", table);
}

#[test]
fn an_upload_that_was_taken_has_its_numbers() {
    let cases = [
        // Name, test, before, created, closed, reactivated, untouched, after (active).
        (
            "reimport_01_first_auto_create",
            [None, None, None, None, None, Some(3)],
        ),
        (
            "reimport_02_identical",
            [Some(3), Some(0), Some(0), Some(0), Some(3), Some(3)],
        ),
        (
            "reimport_05_fewer_close_default",
            [Some(3), Some(0), Some(1), Some(0), Some(2), Some(2)],
        ),
        (
            "reimport_07_back_reactivates",
            [Some(2), Some(0), Some(0), Some(1), Some(2), Some(3)],
        ),
        (
            "import_01_first_auto_create",
            [None, None, None, None, None, Some(3)],
        ),
        (
            "v258_02_identical",
            [Some(3), Some(0), Some(0), Some(0), Some(3), Some(3)],
        ),
    ];
    for (name, expected) in cases {
        let server = Server::start(vec![replay(name)]);
        let answer = upload(&server.client()).unwrap();
        server.requests();
        let body = &recording(name)["response"]["body"];
        let id = |name: &str| body[name].as_u64();
        assert_eq!(Some(answer.test), id("test_id"));
        assert_eq!(answer.engagement, id("engagement_id"));
        assert_eq!(answer.product, id("product_id"));
        assert_eq!(answer.product_type, id("product_type_id"));
        assert_eq!(
            answer.deduplication_complete,
            body["deduplication_complete"].as_bool()
        );
        let statistics = answer.statistics.unwrap();
        let delta = statistics.delta;
        let found = [
            statistics.before.map(|tally| tally.total.active),
            delta.as_ref().map(|delta| delta.created.total.total),
            delta.as_ref().map(|delta| delta.closed.total.total),
            delta.as_ref().map(|delta| delta.reactivated.total.total),
            delta.as_ref().map(|delta| delta.untouched.total.total),
            statistics.after.map(|tally| tally.total.active),
        ];
        assert_eq!(found, expected, "{name}");
    }
    let server = Server::start(vec![replay("dedup_03_third_engagement_async_wait")]);
    let answer = upload(&server.client()).unwrap();
    server.requests();
    assert_eq!(answer.deduplication_complete, Some(true));
    assert_eq!(answer.statistics.unwrap().after.unwrap().total.duplicate, 3);
}

#[test]
fn an_upload_is_one_whole_body_of_known_length() {
    let server = Server::start(vec![
        replay("reimport_01_first_auto_create"),
        replay("import_01_first_auto_create"),
    ]);
    let client = client(
        &format!("{}/security/dojo/", server.url),
        Patience::default(),
    );
    upload(&client).unwrap();
    let import = Upload {
        method: Method::Import,
        engagement_id: Some(7),
        ..Upload::new("Trivy Scan", "key-2")
    };
    let (_folder, payload) = report(REPORT);
    let mut told = Vec::new();
    client
        .upload(
            &Fields::new(&import).unwrap(),
            &payload,
            None,
            &mut |sent| told.push(sent),
        )
        .unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[0].line,
        "POST /security/dojo/api/v2/reimport-scan/"
    );
    assert_eq!(requests[1].line, "POST /security/dojo/api/v2/import-scan/");
    assert_eq!(told.last(), Some(&(requests[1].body.len() as u64)));
    let request = &requests[0];
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(request.header("expect"), None);
    assert_eq!(
        request.header("authorization"),
        Some(&*format!("Token {TOKEN}"))
    );
    assert_eq!(
        request.header("content-length"),
        Some(&*request.body.len().to_string())
    );
    let content_type = request.header("content-type").unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let part = |head: &str, body: &[u8]| {
        [
            format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
            body,
            b"\r\n",
        ]
        .concat()
    };
    let mut expected = part(
        "name=\"file\"; filename=\"trivy.json\"\r\nContent-Type: application/octet-stream",
        REPORT,
    );
    for (name, value) in [
        ("product_type_name", "Web"),
        ("product_name", "Café"),
        ("engagement_name", "image-security"),
        ("test_title", "trivy-main"),
        ("auto_create_context", "true"),
        ("close_old_findings", "false"),
        ("do_not_reactivate", "false"),
        ("minimum_severity", "Info"),
        ("branch_tag", "main"),
        ("build_id", "key-1"),
        ("scan_type", "Trivy Scan"),
    ] {
        expected.extend(part(&format!("name=\"{name}\""), value.as_bytes()));
    }
    expected.extend(format!("--{boundary}--\r\n").into_bytes());
    assert_eq!(
        String::from_utf8_lossy(&request.body),
        String::from_utf8_lossy(&expected)
    );
    assert_eq!(request.body, expected);
}

#[test]
fn a_large_report_is_announced_and_arrives_byte_for_byte() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let (_folder, payload) = report(&large);
    let too_large = b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>";
    let server = Server::start(vec![
        replay("reimport_01_first_auto_create"),
        Reply::Early(too_large.to_vec()),
    ]);
    let client = server.client();
    client
        .upload(&fields(), &payload, None, &mut |_| ())
        .unwrap();
    let mut sent = 0;
    let refused = client.upload(&fields(), &payload, None, &mut |bytes| sent = bytes);
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.outcome, refused.reason),
        (Outcome::Refused, Reason::TooLarge)
    );
    assert_eq!(sent, 0);
    let requests = server.requests();
    let place = requests[0]
        .body
        .windows(4)
        .position(|four| four == b"\r\n\r\n");
    assert_eq!(requests[0].body[place.unwrap() + 4..][..large.len()], large);
    assert_eq!(requests[0].header("transfer-encoding"), None);
}

#[test]
fn what_no_defectdojo_answers_is_never_a_success() {
    let html = "<html><head><title>Sign in\n to x</title></head></html>";
    let page = "Content-Type: text/html\r\n";
    let plain = "Content-Type: application/json\r\n";
    let cases = [
        ("redirect to a login", http("302 Found", "Location: /login?next=/api/v2/\r\n", "")),
        ("redirect to https", http("301 Moved Permanently", "Location: https://127.0.0.1/api/v2/reimport-scan/\r\n", "")),
        ("redirect that keeps the method", http("307 Temporary Redirect", "Location: /elsewhere/\r\n", "")),
        ("HTML with 200", http("200 OK", page, html)),
        ("HTML with 201", http("201 Created", page, html)),
        ("HTML that says it is JSON", http("201 Created", plain, html)),
        ("JSON with 200", http("200 OK", plain, r#"{"test": 1, "id": 1}"#)),
        ("201 without a test", http("201 Created", plain, r#"{"id": 1}"#)),
        ("201 with a list", http("201 Created", plain, "[1]")),
        ("201 and nothing", http("201 Created", plain, "")),
        ("204", http("204 No Content", "", "")),
        ("truncated", Reply::Bytes(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"test\": 1".to_vec())),
        ("truncated without a length", Reply::Bytes(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{\"test\": 1".to_vec())),
        ("endless", http("201 Created", plain, &" ".repeat(5 << 20))),
        ("not HTTP", Reply::Bytes(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())),
        ("no answer at all", Reply::CutAfterBody),
        ("cut while sending", Reply::CutAfterHead),
        ("half a head", Reply::Bytes(b"HTTP/1.1 201 Cre".to_vec())),
        ("401", http("401 Unauthorized", plain, r#"{"detail": "No."}"#)),
        ("403 by a firewall", http("403 Forbidden", page, html)),
        ("403 in plain text", http("403 Forbidden", "Content-Type: text/plain\r\n", "blocked")),
        ("407", http("407 Proxy Authentication Required", page, html)),
        ("409", http("409 Conflict", plain, r#"{"message": "Conflict"}"#)),
        ("413", http("413 Request Entity Too Large", page, html)),
        ("429", http("429 Too Many Requests", "Retry-After: 7\r\n", "")),
        ("500 in HTML", http("500 Internal Server Error", page, html)),
        ("502", http("502 Bad Gateway", page, html)),
        ("503", http("503 Service Unavailable", "Date: Sat, 21 Nov 2026 19:11:18 GMT\r\nRetry-After: Sat, 21 Nov 2026 19:12:18 GMT\r\n", "")),
        ("504", http("504 Gateway Timeout", page, html)),
        ("507", http("507 Insufficient Storage", "", "")),
        ("title taken", http("400 Bad Request", plain, r#"{"title": ["file upload with this title already exists."]}"#)),
    ];
    let mut table = String::new();
    for (name, reply) in cases {
        let failure = failure(reply);
        show(&mut table, name, &failure);
    }
    assert_snapshot!("defectdojo_not_answers", table);
}

#[test]
fn before_a_connection_nothing_was_sent() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let cases = [
        (format!("http://{gone}"), Reason::Connect),
        ("http://no-such-host.invalid".to_owned(), Reason::Connect),
    ];
    for (url, reason) in cases {
        let failure = upload(&client(&url, Patience::default())).unwrap_err();
        assert_eq!(
            (failure.outcome, failure.reason),
            (Outcome::NotSent, reason),
            "{failure:?}"
        );
        assert!(!failure.is_final() && !failure.may_have_landed());
    }
    // TLS to a port that speaks none.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        let _end = stream.read_to_end(&mut Vec::new());
    });
    let failure = upload(&client(&url, Patience::default())).unwrap_err();
    server.join().unwrap();
    assert_eq!(
        (failure.outcome, failure.reason),
        (Outcome::NotSent, Reason::Tls)
    );
    assert!(failure.is_final());
    assert!(failure.advice.contains("`http://`"), "{failure:?}");
}

#[test]
fn a_server_that_is_silent_after_the_body_leaves_the_outcome_open() {
    let server = Server::start(vec![Reply::Silence, Reply::Silence]);
    let (_folder, payload) = report(REPORT);
    let patience = Patience {
        lookup: Duration::from_millis(300),
        ..Patience::default()
    };
    let client = client(&server.url, patience);
    let total = Some(Duration::from_millis(300));
    let failure = client
        .upload(&fields(), &payload, total, &mut |_| ())
        .unwrap_err();
    assert_eq!(
        (failure.outcome, failure.reason),
        (Outcome::Unknown, Reason::Timeout)
    );
    assert!(failure.may_have_landed());
    let failure = client.profile().unwrap_err();
    assert_eq!(
        (failure.outcome, failure.reason),
        (Outcome::Unknown, Reason::Timeout)
    );
    server.requests();
}

#[test]
fn a_file_that_is_not_the_planned_one_is_not_sent() {
    let (_folder, mut payload) = report(REPORT);
    payload.sha256 = "0".repeat(64);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut received = Vec::new();
        let (mut stream, _) = listener.accept().unwrap();
        let _end = stream.read_to_end(&mut received);
        received
    });
    let client = client(&url, Patience::default());
    let failure = client
        .upload(&fields(), &payload, None, &mut |_| ())
        .unwrap_err();
    assert_eq!(
        (failure.outcome, failure.reason),
        (Outcome::Unsendable, Reason::File)
    );
    assert!(failure.sentence.contains("has changed"), "{failure}");
    // What had left names no scan type, so that it cannot be taken for an upload.
    let received = String::from_utf8_lossy(&server.join().unwrap()).into_owned();
    assert!(received.contains("SchemaVersion") && !received.contains("scan_type"));
    payload.path = "no/such/file.json".into();
    let failure = client
        .upload(&fields(), &payload, None, &mut |_| ())
        .unwrap_err();
    assert_eq!(failure.outcome, Outcome::Unsendable);
}

#[test]
fn the_token_is_in_no_failure_even_if_the_server_repeats_it() {
    let plain = "Content-Type: application/json\r\n";
    let echo = |status: &str, body: String| http(status, plain, &body);
    let replies = [
        echo(
            "403 Forbidden",
            format!(r#"{{"detail": "Invalid token {TOKEN}."}}"#),
        ),
        echo(
            "400 Bad Request",
            format!(r#"{{"scan_type": ["Token {TOKEN}"]}}"#),
        ),
        echo("400 Bad Request", format!(r#"["{TOKEN}"]"#)),
        echo(
            "500 Internal Server Error",
            format!("Authorization: Token {TOKEN}"),
        ),
        http(
            "404 Not Found",
            "Content-Type: text/html\r\n",
            &format!("<title>{TOKEN}</title>"),
        ),
        http("302 Found", &format!("Location: /login?{TOKEN}\r\n"), TOKEN),
        echo("201 Created", format!(r#"{{"test": "{TOKEN}"}}"#)),
        http(
            &format!("418 {TOKEN}"),
            &format!("X-Token: {TOKEN}\r\n"),
            TOKEN,
        ),
    ];
    for reply in replies {
        let failure = failure(reply);
        let text = format!("{failure:?} {failure} {:?}", failure.said);
        assert!(!text.contains(TOKEN), "{text}");
    }
    let client = client("http://127.0.0.1:1", Patience::default());
    assert!(!format!("{client:?}").contains(TOKEN));
}

#[test]
fn questions_are_answered_by_the_rows_that_were_asked_for() {
    let server = Server::start(vec![
        replay("get_products_by_name_exact"),
        replay("get_engagements_by_product"),
        replay("get_tests_by_engagement"),
        replay("idem_test_imports_test_T_build_id_pipeline_77_upload_3"),
        replay("idem_test_imports_test_T_build_id_pipeline_79_upload_3"),
        replay("get_user_profile"),
        replay("v258_23_user_profile"),
        replay("get_test_types"),
    ]);
    let client = server.client();
    let products = client.products("prod-rb").unwrap();
    assert_eq!((products[0].id, products[0].prod_type), (36, Some(2)));
    let engagements = client.engagements(36, "mainline-sast").unwrap();
    assert_eq!(
        (engagements[0].id, engagements[0].status.as_deref()),
        (55, Some("In Progress"))
    );
    let tests = client
        .tests(55, "semgrep-main", "Semgrep JSON Report")
        .unwrap();
    assert_eq!((tests[0].id, tests[0].percent_complete), (164, Some(100)));
    let imports = client.imports(458, "pipeline-77-upload-3").unwrap();
    assert_eq!(imports.len(), 1);
    assert_eq!(
        (imports[0].actions.created, imports[0].actions.closed),
        (3, 0)
    );
    assert_eq!(client.imports(458, "pipeline-79-upload-3").unwrap(), []);
    let profile = client.profile().unwrap();
    assert_eq!(
        (profile.user_name.as_str(), profile.is_staff),
        ("admin", true)
    );
    assert!(client.profile().unwrap().is_superuser);
    assert_eq!(client.test_types().unwrap(), ["Semgrep JSON Report"]);
    let requests = server.requests();
    let lines: Vec<_> = requests
        .iter()
        .map(|request| request.line.as_str())
        .collect();
    assert_eq!(
        lines[0],
        "GET /api/v2/products/?name_exact=prod%2Drb&limit=250&offset=0"
    );
    assert_eq!(
        lines[2],
        "GET /api/v2/tests/?engagement=55&title=semgrep%2Dmain&scan_type=Semgrep%20JSON%20Report&limit=250&offset=0"
    );
    assert_eq!(
        lines[3],
        "GET /api/v2/test_imports/?test=458&build_id=pipeline%2D77%2Dupload%2D3&limit=250&offset=0"
    );
    assert_eq!(lines[5], "GET /api/v2/user_profile/");
}

#[test]
fn a_list_that_ignores_its_filter_answers_nothing_wrong() {
    let rows = json!([
        {"id": 1, "name": "PROD", "test": 8, "build_id": "key", "product": 8, "engagement": 8, "title": "t", "scan_type": "s"},
        {"id": 2, "name": "prod", "test": 9, "build_id": "other", "product": 9, "engagement": 9, "title": "T", "scan_type": "s"},
    ]);
    let page = json!({"count": 2, "next": null, "results": rows});
    let server = Server::start((0..4).map(|_| json_answer("200 OK", &page)).collect());
    let client = server.client();
    assert_eq!(client.products("prod").unwrap()[0].id, 2);
    assert_eq!(client.imports(9, "key").unwrap(), []);
    assert_eq!(client.engagements(8, "prod").unwrap(), []);
    assert_eq!(client.tests(9, "t", "s").unwrap(), []);
    server.requests();
}

#[test]
fn pages_are_asked_for_here_whatever_host_the_next_one_is_said_to_be_at() {
    let row = |id: u64| json!({"id": id, "name": format!("type {id}")});
    let next = "http://evil.example/api/v2/test_types/?limit=1&offset=1";
    let page = |id, next: Option<&str>| {
        json_answer(
            "200 OK",
            &json!({"count": 2, "next": next, "results": [row(id)]}),
        )
    };
    let server = Server::start(vec![page(1, Some(next)), page(2, None)]);
    assert_eq!(server.client().test_types().unwrap(), ["type 1", "type 2"]);
    let requests = server.requests();
    assert_eq!(
        requests[1].line,
        "GET /api/v2/test_types/?limit=250&offset=1"
    );

    for page in [
        json!({"count": 2, "next": next, "results": []}),
        json!({"count": 2, "next": null, "results": [row(1)]}),
        json!({"count": 0, "next": null, "results": [row(1)]}),
        json!({"count": 1, "next": null}),
        json!([row(1)]),
        json!({"count": 1, "next": null, "results": [{"id": "1"}]}),
    ] {
        let server = Server::start(vec![json_answer("200 OK", &page)]);
        let failure = server.client().test_types().unwrap_err();
        assert_eq!(failure.reason, Reason::Answer, "{page}");
        server.requests();
    }
}

#[test]
fn answers_to_questions_that_are_none_are_failures() {
    let html = |status| http(status, "Content-Type: text/html\r\n", "<html>login</html>");
    let plain = "Content-Type: application/json\r\n";
    let cut = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"count\": 0";
    let cases = [
        (html("200 OK"), Outcome::Refused, Reason::NotTheApi),
        (
            http("302 Found", "Location: /login\r\n", ""),
            Outcome::Refused,
            Reason::Login,
        ),
        (http("200 OK", plain, ""), Outcome::Unknown, Reason::Lost),
        (Reply::Bytes(cut.to_vec()), Outcome::Unknown, Reason::Lost),
        (
            http("200 OK", plain, r#"{"count": 0, "results": []} {}"#),
            Outcome::Refused,
            Reason::Answer,
        ),
        (
            html("503 Service Unavailable"),
            Outcome::Busy { retry_after: None },
            Reason::Busy,
        ),
        (Reply::CutAfterHead, Outcome::Unknown, Reason::Lost),
        (
            http("200 OK", plain, &"[".repeat(100_000)),
            Outcome::Refused,
            Reason::Answer,
        ),
    ];
    for (at, (reply, outcome, reason)) in cases.into_iter().enumerate() {
        let server = Server::start(vec![reply]);
        let failure = server.client().imports(1, "key").unwrap_err();
        assert_eq!(
            (failure.outcome, failure.reason),
            (outcome, reason),
            "{at}: {failure:?}"
        );
        server.requests();
    }
}

#[test]
fn open_findings_of_a_test_are_counted_by_one_question() {
    let page = |count: u64, rows: Value| {
        let page = json!({"count": count, "next": "http://x/?offset=1", "results": rows});
        json_answer("200 OK", &page)
    };
    let row = |test: u64, active| json!([{"test": test, "active": active, "title": "x"}]);
    for (count, rows, expected) in [
        (37, row(5, true), Ok(37)),
        (0, json!([]), Ok(0)),
        // A filter that was ignored, and a count that is none.
        (37, row(6, true), Err(Reason::Answer)),
        (37, row(5, false), Err(Reason::Answer)),
        (37, json!([]), Err(Reason::Answer)),
        (0, row(5, true), Err(Reason::Answer)),
    ] {
        let server = Server::start(vec![page(count, rows)]);
        let found = server.client().active_findings(5);
        assert_eq!(found.map_err(|failure| failure.reason), expected);
        let requests = server.requests();
        assert_eq!(
            requests[0].line,
            "GET /api/v2/findings/?test=5&active=true&limit=1"
        );
    }
}

#[test]
fn files_are_attached_to_an_engagement() {
    let (_folder, payload) = report(REPORT);
    let server = Server::start(vec![
        json_answer(
            "201 Created",
            &json!({"id": 4, "title": "summary 1", "file": "http://x/y"}),
        ),
        json_answer(
            "200 OK",
            &json!({"engagement_id": {}, "files": [{"id": 4, "title": "summary 1"}]}),
        ),
    ]);
    let client = server.client();
    assert_eq!(client.attach(7, "summary 1", &payload, None).unwrap().id, 4);
    assert_eq!(client.attached(7).unwrap()[0].title, "summary 1");
    let requests = server.requests();
    assert_eq!(requests[0].line, "POST /api/v2/engagements/7/files/");
    assert_eq!(requests[1].line, "GET /api/v2/engagements/7/files/");
    let body = String::from_utf8_lossy(&requests[0].body);
    assert!(
        body.contains("name=\"title\"\r\n\r\nsummary 1\r\n"),
        "{body}"
    );
}

#[test]
fn a_doctor_learns_version_and_clock() {
    let schema = json!({"openapi": "3.0.3", "info": {"title": "DefectDojo API v2", "version": "3.2.0"}, "paths": {"/x": [[[{}]]]}});
    let kind = "Content-Type: application/vnd.oai.openapi+json; charset=utf-8\r\n";
    let profile = json!({"user": {"username": "ci"}}).to_string();
    let date = "Content-Type: application/json\r\nDate: Sat, 21 Nov 2026 19:11:18 GMT\r\n";
    let server = Server::start(vec![
        http("200 OK", kind, &schema.to_string()),
        http("200 OK", date, &profile),
        http("200 OK", kind, "{\"openapi\": \"3.0.3\"}"),
    ]);
    let client = server.client();
    assert_eq!(client.version().unwrap(), "3.2.0");
    let time = client.profile().unwrap().server_time.unwrap();
    assert_eq!(time.to_string(), "2026-11-21T19:11:18Z");
    assert_eq!(client.version().unwrap_err().reason, Reason::Answer);
    let requests = server.requests();
    assert_eq!(requests[0].line, "GET /api/v2/oa3/schema/?format=json");
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_and_never_sees_the_token() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let mut stream = stream;
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        head
    });
    let base = BaseUrl::parse("http://dojo.invalid").unwrap();
    let variable =
        |name: &str| (name == "http_proxy").then(|| format!("http://user:pa55@{address}"));
    let client = Client::new(Settings {
        proxy: Proxy::from_variables(&base, variable).unwrap(),
        base,
        token: Token::new(TOKEN).unwrap(),
        ca_file: None,
        patience: Patience::default(),
    })
    .unwrap();
    let failure = upload(&client).unwrap_err();
    assert_eq!(
        (failure.outcome, failure.reason),
        (Outcome::NotSent, Reason::Proxy)
    );
    assert!(!format!("{failure:?} {client:?}").contains("pa55"));
    let head = proxy.join().unwrap();
    assert!(head.starts_with("CONNECT dojo.invalid:80 "), "{head}");
    assert!(!head.contains(TOKEN));
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let error = |text: &str| {
        fs_err::write(&path, text).unwrap();
        let settings = Settings {
            base: BaseUrl::parse("https://dojo.example").unwrap(),
            token: Token::new(TOKEN).unwrap(),
            ca_file: Some(path.clone()),
            proxy: None,
            patience: Patience::default(),
        };
        Client::new(settings).unwrap_err().to_string()
    };
    for text in ["", "certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        assert!(error(text).contains("no certificate in PEM form"), "{text}");
    }
}

/// One connection with TLS, as `localhost`; returns the head of the request that it
/// got, if any.
fn serve_tls(listener: &TcpListener) -> String {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/defectdojo/tls");
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let connection = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut stream = BufReader::new(rustls::StreamOwned::new(connection, stream));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        // An alert, a reset or the end.
        if !matches!(stream.read_line(&mut head), Ok(1..)) {
            return head;
        }
    }
    let body = r#"{"user": {"username": "ci"}}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let stream = stream.get_mut();
    stream.write_all(answer.as_bytes()).unwrap();
    stream.flush().unwrap();
    head
}

#[test]
fn only_a_certificate_of_a_trusted_authority_for_that_host_will_do() {
    let ca = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/defectdojo/tls/ca.pem");
    for (host, ca_file, advice) in [
        ("localhost", Some(&ca), None),
        ("127.0.0.1", Some(&ca), Some("is for another host name")),
        (
            "localhost",
            None,
            Some("not trusted here: give that authority's certificate"),
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || serve_tls(&listener));
        let client = Client::new(Settings {
            base: BaseUrl::parse(&format!("https://{host}:{port}")).unwrap(),
            token: Token::new(TOKEN).unwrap(),
            ca_file: ca_file.cloned(),
            proxy: None,
            patience: Patience::default(),
        })
        .unwrap();
        let Some(advice) = advice else {
            assert_eq!(client.profile().unwrap().user_name, "ci");
            assert!(server.join().unwrap().starts_with("GET "));
            continue;
        };
        let failure = upload(&client).unwrap_err();
        assert_eq!(
            (failure.outcome, failure.reason),
            (Outcome::NotSent, Reason::Tls)
        );
        // A machine without any certificates does not get as far.
        if !failure.advice.contains("has no CA certificates") {
            assert!(failure.advice.contains(advice), "{failure:?}");
            assert_eq!(server.join().unwrap(), "");
        }
    }
}
