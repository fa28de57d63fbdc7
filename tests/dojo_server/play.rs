//! Playing a recorded sequence against the server of the tests.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::Request;
use crate::dojo::replay::folder;
use crate::dojo::{Dojo, Exchange, TOKEN};

/// Plays the exchanges in their order; gives what differs from the recording.
pub(crate) fn play(dojo: &Dojo, sequence: &str) -> Vec<String> {
    let mut player = Player::default();
    for exchange in Exchange::sequence(sequence) {
        player.play(dojo, &exchange);
    }
    player.differences
}

#[derive(Default)]
struct Player {
    /// Kind and recorded id, and the id here.
    ids: BTreeMap<(&'static str, u64), u64>,
    differences: Vec<String>,
}

/// What depends on the day, on the numbering of tables or on the numbers of rows.
const NOT_COMPARED: [&str; 14] = [
    "created",
    "updated",
    "modified",
    "mitigated",
    "target_start",
    "target_end",
    "test_type",
    "environment",
    "deduplication_algorithm",
    "hash_code_fields",
    "pro",
    "test_import",
    "display_status",
    "test_import_finding_action_set",
];

impl Player {
    fn play(&mut self, dojo: &Dojo, exchange: &Exchange) {
        let request = self.request(exchange, dojo);
        let answer = request.send(dojo.address()).expect("an answer");
        let name = &exchange.name;
        if answer.status != exchange.status {
            let body = String::from_utf8_lossy(&answer.body);
            let text = format!("{name}: {} for {}: {body}", answer.status, exchange.status);
            self.differences.push(text);
            return;
        }
        for (header, value) in &exchange.headers {
            if header == "Allow" {
                continue;
            }
            let given = answer.header(header);
            if given != Some(value)
                && !(value.is_empty() || answer.body.is_empty() && header == "Content-Type")
            {
                let text = format!("{name}: {header} is {given:?} for {value:?}");
                self.differences.push(text);
            }
        }
        if exchange.body.is_string() {
            // A page: its text is of no matter.
            return;
        }
        let kind = subject(exchange.request["path"].as_str().unwrap_or_default());
        self.compare(name, "", kind, &answer.json(), &exchange.body);
        let created = &exchange.created;
        if !created.is_empty() {
            let test = answer.json()["test_id"].as_u64().expect("a test");
            let state = dojo.state();
            for (recorded, finding) in created.iter().zip(state.findings_of(test)) {
                self.ids.insert(("finding", *recorded), finding.id);
            }
        }
    }

    fn request(&self, exchange: &Exchange, dojo: &Dojo) -> Request {
        let recorded = &exchange.request;
        let text = |name: &str| recorded[name].as_str().map(str::to_owned);
        let target = self.target(&text("path").expect("a path"));
        let token = match recorded["token"].as_str() {
            None | Some("bearer") => TOKEN.to_owned(),
            Some("bad") => "0000".into(),
            Some("none") => "none".into(),
            Some("empty") => String::new(),
            Some(user) => {
                let users = dojo.state().users;
                let found = users.iter().find(|known| known.name.ends_with(user));
                found.expect("a user of that name").token.clone()
            }
        };
        let mut request = Request::get(&target, &token);
        request.method = text("method").expect("a method");
        if let Some(fields) = recorded["fields"].as_array() {
            let fields: Vec<_> = fields
                .iter()
                .map(|pair| (pair[0].as_str().expect("a name"), self.field(pair)))
                .collect();
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (*name, &**value))
                .collect();
            let file = &recorded["file"];
            let bytes = file["report"].as_str().map(|report| {
                fs_err::read(folder().join("reports").join(report)).expect("a report")
            });
            let file = bytes.as_ref().map(|bytes| {
                let text = |name: &str| file[name].as_str().expect("text");
                (text("field"), text("filename"), &bytes[..])
            });
            request = Request::form(&target, &token, &fields, file);
        } else if !recorded["json"].is_null() {
            let mut json = recorded["json"].clone();
            self.translate(&mut json);
            request.body = json.to_string().into_bytes();
        } else if let Some(body) = text("body") {
            request.body = body.into_bytes();
        }
        request.host = text("host");
        request.chunked = recorded["chunked"] == true;
        request.content_type = text("content_type").or(request.content_type);
        match recorded["token"].as_str() {
            Some("none") => request.authorization = None,
            Some("bearer") => request.authorization = Some(format!("Bearer {token}")),
            _ => {}
        }
        request
    }

    fn known(&self, kind: &'static str, recorded: u64) -> u64 {
        *self.ids.get(&(kind, recorded)).unwrap_or(&recorded)
    }

    fn field(&self, pair: &Value) -> String {
        let value = pair[1].as_str().expect("text");
        let kind = match pair[0].as_str() {
            Some("test") => "test",
            Some("engagement") => "engagement",
            _ => return value.to_owned(),
        };
        let known = value
            .parse()
            .map(|recorded| self.known(kind, recorded).to_string());
        known.unwrap_or_else(|_| value.to_owned())
    }

    /// Ids in a path and in a query.
    fn target(&self, recorded: &str) -> String {
        let (path, query) = recorded.split_once('?').unwrap_or((recorded, ""));
        let kind = subject(path);
        let segments: Vec<_> = path
            .split('/')
            .map(|segment| match segment.parse() {
                Ok(id) => self.known(kind, id).to_string(),
                Err(_) => segment.to_owned(),
            })
            .collect();
        let pairs: Vec<_> = query
            .split('&')
            .map(|pair| match pair.strip_prefix("test=").map(str::parse) {
                Some(Ok(id)) => format!("test={}", self.known("test", id)),
                _ => pair.to_owned(),
            })
            .collect();
        if query.is_empty() {
            return segments.join("/");
        }
        format!("{}?{}", segments.join("/"), pairs.join("&"))
    }

    /// Ids in a JSON body.
    fn translate(&self, json: &mut Value) {
        for (name, kind) in [
            ("product", "product"),
            ("prod_type", "product_type"),
            ("accepted_findings", "finding"),
        ] {
            match json.get_mut(name) {
                Some(Value::Array(list)) => {
                    for id in list {
                        *id = self.known(kind, id.as_u64().expect("an id")).into();
                    }
                }
                Some(id) => *id = self.known(kind, id.as_u64().expect("an id")).into(),
                None => {}
            }
        }
    }

    /// Every field given here must be as recorded; ids must stand for the same.
    fn compare(
        &mut self,
        name: &str,
        path: &str,
        kind: &'static str,
        here: &Value,
        recorded: &Value,
    ) {
        match (here, recorded) {
            (Value::Object(here), Value::Object(recorded)) => {
                for (key, value) in here {
                    if NOT_COMPARED.contains(&key.as_str()) {
                        continue;
                    }
                    let path = format!("{path}/{key}");
                    match recorded.get(key) {
                        Some(other) => {
                            self.compare(name, &path, kind_of(key, kind), value, other);
                        }
                        None => self
                            .differences
                            .push(format!("{name}: {path} is not recorded")),
                    }
                }
                // An upload's answer and an error are whole; rows are not.
                if recorded.contains_key("statistics")
                    || path.is_empty() && recorded.contains_key("message")
                {
                    for key in recorded.keys().filter(|key| !here.contains_key(*key)) {
                        self.differences
                            .push(format!("{name}: {path}/{key} is missing"));
                    }
                }
            }
            (Value::Array(here), Value::Array(recorded)) => {
                if here.len() != recorded.len() {
                    let text = format!("{name}: {path} has {} for {}", here.len(), recorded.len());
                    self.differences.push(text);
                }
                for (here, recorded) in here.iter().zip(recorded) {
                    self.compare(name, path, kind, here, recorded);
                }
            }
            (Value::Number(here), Value::Number(recorded)) if !kind.is_empty() => {
                let here = here.as_u64().expect("an id");
                let recorded = recorded.as_u64().expect("an id");
                let known = *self.ids.entry((kind, recorded)).or_insert(here);
                if known != here {
                    let text = format!("{name}: {path} is {here}, recorded {recorded} = {known}");
                    self.differences.push(text);
                }
            }
            (Value::String(here), Value::String(recorded)) if path.ends_with("/next") => {
                // Another host and other ids, but the same path.
                let path_of = |url: &str| {
                    url.split('?')
                        .next()
                        .and_then(|url| url.split_once("/api"))
                        .map(|(_, path)| path.to_owned())
                };
                assert_eq!(path_of(here), path_of(recorded), "{name}");
            }
            (Value::String(here), Value::String(recorded)) if key_is_message(path) => {
                if without_ids(here) != without_ids(recorded) {
                    self.differences
                        .push(format!("{name}: {path} is {here} for {recorded}"));
                }
            }
            _ if here == recorded => {}
            _ => self
                .differences
                .push(format!("{name}: {path} is {here} for {recorded}")),
        }
    }
}

fn key_is_message(path: &str) -> bool {
    path == "/message"
}

/// The number of a test in a message is another here.
fn without_ids(message: &str) -> String {
    let words = message.split(' ');
    let words: Vec<_> = words.filter(|word| word.parse::<u64>().is_err()).collect();
    words.join(" ")
}

/// What the ids of a path are of.
fn subject(path: &str) -> &'static str {
    let kinds = [
        ("/findings/", "finding"),
        ("/tests/", "test"),
        ("/engagements/", "engagement"),
        ("/products/", "product"),
        ("/product_types/", "product_type"),
        ("/test_imports/", "test_import"),
        ("/risk_acceptance/", "acceptance"),
    ];
    let found = kinds.iter().find(|(part, _)| path.contains(part));
    found.map_or("", |(_, kind)| kind)
}

/// What a number under this key is the id of; empty for a plain number.
fn kind_of(key: &str, subject: &'static str) -> &'static str {
    match key {
        "test" | "test_id" => "test",
        "engagement" | "engagement_id" => "engagement",
        "product" | "product_id" => "product",
        "product_type_id" | "prod_type" | "product_type" => "product_type",
        "product_member" => "product_member",
        "product_type_member" => "product_type_member",
        "findings_affected" | "findings_list" | "accepted_findings" | "finding" => "finding",
        "accepted_risks" => "acceptance",
        "id" | "results" => subject,
        _ => "",
    }
}
