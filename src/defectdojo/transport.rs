//! Requests over the wire, and what goes wrong on it.
//!
//! Redirects are not followed, for one would lose the body or take the token to
//! another host. Connections are not kept: an upload over one that the server has
//! just closed would leave nobody knowing whether it arrived.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde::de::DeserializeOwned;
use ureq::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, EXPECT, LOCATION, RETRY_AFTER,
};
use ureq::http::{HeaderMap, HeaderName, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, SendBody};

use super::body::Body;
use super::broken::{Attempt, broken, unsendable};
use super::explain::{Call, explain};
use super::failure::{Failure, Outcome, Reason, SAID_LIMIT};
use super::{BaseUrl, Proxy, Token};

/// The most that is read of an answer to an upload, in bytes.
const ANSWER_LIMIT: u64 = 4 << 20;
/// The most that is read of a list: it is not kept, but it must end.
const LIST_LIMIT: u64 = 64 << 20;
/// The most that is read of an answer that is no success, in bytes.
const REFUSAL_LIMIT: u64 = 64 << 10;
/// Bodies above this are announced, so that a server can refuse them before they
/// are sent; without that its answer is lost with the connection.
const ANNOUNCED: u64 = 1 << 20;
/// No server is waited for longer, whatever it asks.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// What is read and sent at once, in bytes.
const BUFFER: usize = 64 << 10;

/// How a DefectDojo is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is.
    pub base: BaseUrl,
    /// Who uploads.
    pub token: Token,
    /// Certificates (PEM) that are trusted in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy in between. Nothing is taken from the environment here.
    pub proxy: Option<Proxy>,
    /// How long to wait for what.
    pub patience: Patience,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the host's address, and again for a connection.
    pub connect: Duration,
    /// For the answer to a question, from beginning to end.
    pub lookup: Duration,
    /// For a server that takes nothing more of a body.
    pub stall: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            // The import history has a row for each finding of an upload.
            lookup: Duration::from_secs(300),
            stall: Duration::from_secs(120),
        }
    }
}

/// How long to wait for the answer to an upload of `bytes`: half an hour, and a
/// minute for each MiB. DefectDojo answers when it is done, which took 15 s for a
/// MB of new findings and 26 s for one of closed ones.
pub fn answer_timeout(bytes: u64) -> Duration {
    let per_mib = bytes.div_ceil(1 << 20).saturating_mul(60);
    Duration::from_secs(per_mib.saturating_add(30 * 60))
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of certificates cannot be read.
    #[error("cannot read the CA certificates: {0}")]
    CaFile(#[from] io::Error),
    /// There is none in it.
    #[error("`{}` has no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)", .0.display())]
    NoCertificate(PathBuf),
}

/// An answer that is no success.
pub(super) struct Refusal {
    pub(super) status: u16,
    /// In lower case.
    pub(super) content_type: String,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    /// As much of the body as arrived.
    pub(super) text: String,
    /// Why it is none, when its status is one of success.
    pub(super) problem: Option<String>,
}

/// The way to one DefectDojo.
#[derive(Debug, Clone)]
pub(super) struct Transport {
    agent: Agent,
    base: BaseUrl,
    token: Token,
    patience: Patience,
}

impl Transport {
    pub(super) fn new(settings: Settings) -> Result<Self, SetupError> {
        // Named, because `ureq` comes without one: with its own it would bring a list
        // of roots too, which nobody wants beside the system's.
        let cryptography = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(cryptography)
            .root_certs(RootCerts::PlatformVerifier);
        if let Some(path) = settings.ca_file {
            let pem = fs_err::read(&path)?;
            let certificates: Vec<_> = parse_pem(&pem)
                .filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                })
                .collect();
            if certificates.is_empty() {
                return Err(SetupError::NoCertificate(path));
            }
            tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .https_only(settings.base.is_https())
            .proxy(settings.proxy.map(|Proxy(proxy)| proxy))
            .tls_config(tls.build())
            .user_agent(concat!("security-gate/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .max_idle_connections(0)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .timeout_resolve(Some(settings.patience.connect))
            .timeout_connect(Some(settings.patience.connect))
            .timeout_per_write(Some(settings.patience.stall))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            base: settings.base,
            token: settings.token,
            patience: settings.patience,
        })
    }

    /// Asks, and reads the answer while it arrives. Returns the server's clock too.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<(T, Option<Timestamp>), Failure> {
        let response = self
            .agent
            .get(self.base.endpoint(path, query))
            .header(AUTHORIZATION, self.token.header())
            .config()
            .timeout_global(Some(self.patience.lookup))
            .build()
            .call()
            .map_err(|error| self.broken(&error, Call::Lookup, false))?;
        if response.status() != 200 || !is_json(response.headers()) {
            return Err(self.refusal(Call::Lookup, response, None));
        }
        let status = response.status().as_u16();
        let date = date(response.headers());
        let body = response.into_body().into_with_config().limit(LIST_LIMIT);
        let mut json = serde_json::Deserializer::from_reader(io::BufReader::new(body.reader()));
        let value = T::deserialize(&mut json).and_then(|value| json.end().map(|()| value));
        match value {
            Ok(value) => Ok((value, date)),
            // It ended too early, or the connection did.
            Err(error) if error.is_io() || error.is_eof() => Err(self.cut(status, &error)),
            Err(error) => Err(self.unexpected(Call::Lookup, status, &error)),
        }
    }

    /// Sends a body of known length, waits `answer` for an answer to begin, and
    /// takes at most `total` for all of it.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &mut Body<'_>,
        answer: Duration,
        total: Option<Duration>,
    ) -> Result<T, Failure> {
        let mut request = self
            .agent
            .post(self.base.endpoint(path, &[]))
            .header(AUTHORIZATION, self.token.header())
            .header(CONTENT_TYPE, body.content_type())
            .header(CONTENT_LENGTH, body.len());
        if body.len() > ANNOUNCED {
            request = request.header(EXPECT, "100-continue");
        }
        let result = request
            .config()
            .timeout_global(total)
            .timeout_recv_response(Some(answer))
            .timeout_recv_body(Some(self.patience.lookup))
            .build()
            .send(SendBody::from_reader(body));
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                return Err(match body.take_error() {
                    Some(error) => unsendable(&error),
                    None => self.broken(&error, Call::Upload, body.has_left()),
                });
            }
        };
        if response.status() != 201 || !is_json(response.headers()) {
            return Err(self.refusal(Call::Upload, response, None));
        }
        let mut answer = Vec::new();
        let status = response.status().as_u16();
        let reader = response.into_body().into_reader();
        match reader.take(ANSWER_LIMIT + 1).read_to_end(&mut answer) {
            Err(error) => return Err(self.cut(status, &error)),
            Ok(read) if read as u64 > ANSWER_LIMIT => {
                return Err(self.unexpected(Call::Upload, status, &"it is too long"));
            }
            Ok(_) => {}
        }
        // A list would pass for the fields of an object in their order.
        if !answer.trim_ascii_start().starts_with(b"{") {
            return Err(self.unexpected(Call::Upload, status, &"it is no JSON object"));
        }
        serde_json::from_slice(&answer)
            .map_err(|error| self.unexpected(Call::Upload, status, &error))
    }

    /// An answer that is no success, with as much of its body as arrives.
    fn refusal(
        &self,
        call: Call,
        response: Response<ureq::Body>,
        problem: Option<String>,
    ) -> Failure {
        let headers = response.headers();
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let mut refusal = Refusal {
            status: response.status().as_u16(),
            content_type: text(CONTENT_TYPE).unwrap_or_default().to_lowercase(),
            location: text(LOCATION),
            retry_after: retry_after(headers),
            text: String::new(),
            problem,
        };
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(REFUSAL_LIMIT);
        // The status says no, whether or not all of the reason arrives.
        let _cut = body.read_to_end(&mut bytes);
        refusal.text = String::from_utf8_lossy(&bytes).into_owned();
        explain(call, &refusal, &self.base, &self.token)
    }

    /// A success whose body is of another shape.
    fn unexpected(&self, call: Call, status: u16, problem: &dyn std::fmt::Display) -> Failure {
        let refusal = Refusal {
            status,
            content_type: String::new(),
            location: None,
            retry_after: None,
            text: String::new(),
            problem: Some(self.said(problem)),
        };
        explain(call, &refusal, &self.base, &self.token)
    }

    /// A success whose body ended too early.
    fn cut(&self, status: u16, error: &dyn std::fmt::Display) -> Failure {
        Failure {
            outcome: Outcome::Unknown,
            reason: Reason::Lost,
            status: Some(status),
            sentence: format!("the answer of {} broke off", self.base),
            advice: "try again; if it recurs, a proxy may cut answers short".to_owned(),
            said: Some(self.said(error)),
        }
    }

    /// No answer. `has_left` is whether any of the body went out.
    fn broken(&self, error: &ureq::Error, call: Call, has_left: bool) -> Failure {
        let attempt = Attempt {
            call,
            has_left,
            base: &self.base,
            has_proxy: self.agent.config().proxy().is_some(),
        };
        broken(error, &attempt, Some(self.said(error)))
    }

    fn said(&self, error: &dyn std::fmt::Display) -> String {
        let text = self.token.mask(&error.to_string());
        text.chars().take(SAID_LIMIT).collect()
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    // `application/vnd.oai.openapi+json` is the schema's.
    value.is_some_and(|value| value.to_ascii_lowercase().contains("json"))
}

/// How long a server asks to wait: seconds, or a date by its own clock (RFC 9110,
/// section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = value.parse() {
        Duration::from_secs(seconds)
    } else {
        let wait = parse_date(value)?.duration_since(date(headers)?);
        Duration::try_from(wait).ok()?
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The server's clock.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(headers.get(DATE)?.to_str().ok()?)
}

fn parse_date(text: &str) -> Option<Timestamp> {
    let parser = rfc2822::DateTimeParser::new();
    parser.parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_ask_to_wait_in_seconds_or_until_a_date() {
        let wait = |value: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let date = "Sat, 21 Nov 2026 19:11:18 GMT";
        assert_eq!(wait("120", None), Some(120));
        assert_eq!(wait("Sat, 21 Nov 2026 19:12:18 GMT", Some(date)), Some(60));
        assert_eq!(wait("Sat, 21 Nov 2026 19:12:18 GMT", None), None);
        assert_eq!(wait("Sat, 21 Nov 2026 19:10:18 GMT", Some(date)), None);
        assert_eq!(wait("99999999999999999", None), Some(86_400));
        assert_eq!(wait("-1", None), None);
        assert_eq!(wait("soon", None), None);
    }

    #[test]
    fn the_wait_for_an_answer_grows_with_the_report() {
        assert_eq!(answer_timeout(0).as_secs(), 1800);
        assert_eq!(answer_timeout(100 << 20).as_secs(), 1800 + 6000);
        assert!(answer_timeout(u64::MAX) > answer_timeout(1 << 40));
    }
}
