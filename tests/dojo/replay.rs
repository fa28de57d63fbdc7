//! Recorded exchanges: what a real server was asked, and what it answered.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::http::Answer;

/// One recorded exchange. The format is in `fixtures/defectdojo/sequences/README.md`.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) request: Value,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// JSON, or the text of a page.
    pub(crate) body: Value,
    /// The ids of the findings an upload created, where later requests name them.
    pub(crate) created: Vec<u64>,
}

/// Where the recorded sequences are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/defectdojo/sequences")
}

impl Exchange {
    pub(crate) fn from_json(recorded: &Value) -> Self {
        let response = &recorded["response"];
        let headers = response["headers"].as_object().into_iter().flatten();
        Self {
            name: recorded["name"].as_str().unwrap_or_default().to_owned(),
            request: recorded["request"].clone(),
            status: u16::try_from(response["status"].as_u64().unwrap_or(0)).unwrap_or(0),
            headers: headers
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            body: response["body"].clone(),
            created: recorded["created"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64)
                .collect(),
        }
    }

    /// The exchanges of one sequence, in their order.
    pub(crate) fn sequence(name: &str) -> Vec<Self> {
        let path = folder().join(format!("{name}.jsonl"));
        let text = fs_err::read_to_string(path).expect("a sequence");
        let lines = text.lines().filter(|line| !line.is_empty());
        lines
            .map(|line| Self::from_json(&serde_json::from_str(line).expect("an exchange")))
            .collect()
    }

    /// One exchange of a sequence, by its name.
    pub(crate) fn named(sequence: &str, name: &str) -> Self {
        let mut all = Self::sequence(sequence).into_iter();
        all.find(|exchange| exchange.name == name)
            .expect("recorded")
    }

    /// The recorded answer.
    pub(crate) fn answer(&self) -> Answer {
        let body = match &self.body {
            Value::String(text) => text.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        let apart = |name: &str| {
            ["content-length", "connection", "transfer-encoding"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        };
        let headers = self.headers.iter().filter(|(name, _)| !apart(name));
        Answer {
            status: self.status,
            headers: headers.cloned().collect(),
            body,
        }
    }

    fn path(&self) -> &str {
        let target = self.request["path"].as_str().unwrap_or_default();
        target.split('?').next().unwrap_or_default()
    }
}

/// Exchanges still to be answered.
#[derive(Debug)]
pub(crate) struct Replay(VecDeque<Exchange>);

impl Replay {
    pub(crate) fn new(exchanges: Vec<Exchange>) -> Self {
        Self(exchanges.into())
    }

    /// The answer of the first exchange left with this method and path.
    pub(crate) fn answer(&mut self, method: &str, target: &str) -> Option<Answer> {
        let path = target.split('?').next().unwrap_or_default();
        let place = self
            .0
            .iter()
            .position(|exchange| exchange.request["method"] == method && exchange.path() == path)?;
        self.0.remove(place).map(|exchange| exchange.answer())
    }
}
