//! What a request that got no answer means, and what to do about it.

use std::io::ErrorKind;

use ureq::{Error, Timeout};

use super::BaseUrl;
use super::body::PayloadError;
use super::explain::Call;
use super::failure::{Failure, Outcome, Reason};

/// A request, as far as its end depends on it.
pub(super) struct Attempt<'a> {
    pub(super) call: Call,
    /// Whether any of its body was handed to the connection.
    pub(super) has_left: bool,
    pub(super) base: &'a BaseUrl,
    pub(super) has_proxy: bool,
}

/// The failure that an error on the way is. `said` are its words.
pub(super) fn broken(error: &Error, attempt: &Attempt<'_>, said: Option<String>) -> Failure {
    let (reason, sentence, advice) = if is_tls(error) {
        tls(error, attempt.base)
    } else if is_before(error, attempt) {
        before(error, attempt)
    } else {
        after(error, attempt.base)
    };
    let is_sent = match attempt.call {
        Call::Upload => attempt.has_left,
        // Nothing hangs on it; but a question that was asked may be answered yet.
        Call::Lookup => !is_tls(error) && !is_before(error, attempt),
    };
    Failure {
        outcome: match is_sent {
            true => Outcome::Unknown,
            false => Outcome::NotSent,
        },
        reason,
        status: None,
        sentence,
        advice: advice.to_owned(),
        said,
    }
}

/// The file's fault.
pub(super) fn unsendable(error: &PayloadError) -> Failure {
    Failure {
        outcome: Outcome::Unsendable,
        reason: Reason::File,
        status: None,
        sentence: format!("the report cannot be sent: {error}"),
        advice: "plan again, once whatever writes the file is done with it".to_owned(),
        said: None,
    }
}

/// Whether there was no connection.
fn is_before(error: &Error, attempt: &Attempt<'_>) -> bool {
    match error {
        Error::HostNotFound
        | Error::Timeout(Timeout::Resolve | Timeout::Connect)
        | Error::ConnectProxyFailed(_)
        | Error::ConnectionFailed
        | Error::InvalidProxyUrl => true,
        Error::Io(error) => {
            let is_lost = matches!(
                error.kind(),
                ErrorKind::UnexpectedEof
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe
            );
            !attempt.has_left && !is_lost
        }
        _ => false,
    }
}

fn before(error: &Error, attempt: &Attempt<'_>) -> (Reason, String, &'static str) {
    let base = attempt.base;
    let place = match attempt.has_proxy {
        true => format!("the proxy to {base}"),
        false => base.to_string(),
    };
    match error {
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => (
            Reason::Proxy,
            format!("the proxy makes no connection to {base}"),
            "check the proxy variable, and that the proxy allows `CONNECT` to that port; `no_proxy` leaves hosts out",
        ),
        Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => (
            Reason::Connect,
            format!("nothing listens at {place}"),
            "check the URL and its port, and whether the server is up",
        ),
        Error::Timeout(_) => (
            Reason::Connect,
            format!("no connection to {place} in time"),
            "check that this machine may reach it: firewall, VPN, proxy (`https_proxy`)",
        ),
        _ => (
            Reason::Connect,
            format!("no connection to {place}"),
            "check the URL, and that this machine may reach it: name server, firewall, proxy (`https_proxy`)",
        ),
    }
}

fn after(error: &Error, base: &BaseUrl) -> (Reason, String, &'static str) {
    match error {
        Error::Timeout(_) => (
            Reason::Timeout,
            format!("no answer of {base} in time"),
            "DefectDojo may still be at it: large reports take it minutes; wait, or allow more time",
        ),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => (
            Reason::NotTheApi,
            format!("what {base} answers is no HTTP"),
            "check the URL, its scheme and its port",
        ),
        _ => (
            Reason::Lost,
            format!("the connection to {base} was lost"),
            "try again; if it recurs, see the server's log and that of the proxy before it",
        ),
    }
}

/// Whether TLS is what failed; most of it arrives as an error of reading.
fn is_tls(error: &Error) -> bool {
    match error {
        Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) | Error::TlsRequired => true,
        Error::Io(error) => error.kind() == ErrorKind::InvalidData,
        _ => false,
    }
}

fn tls(error: &Error, base: &BaseUrl) -> (Reason, String, &'static str) {
    let text = error.to_string();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let advice = if has(&["UnknownIssuer", "unknown issuer"]) {
        "the server's certificate is of an authority that is not trusted here: give that authority's certificate as CA file (PEM)"
    } else if has(&["NotValidForName", "not valid for name"]) {
        "the server's certificate is for another host name: use the name that it is for"
    } else if has(&["Expired", "expired", "NotValidYet", "not valid yet"]) {
        "the server's certificate is out of date, or the clock of this machine is wrong"
    } else if has(&["No CA certificates"]) {
        "this machine has no CA certificates: install its package of them (`ca-certificates`), or give a CA file"
    } else if has(&["corrupt message"]) {
        "the server does not speak TLS at that port: check the port, and whether the URL should begin with `http://`"
    } else {
        "check the server's certificate and TLS version; the certificate of an authority of your own is given as CA file (PEM)"
    };
    (
        Reason::Tls,
        format!("no trusted TLS connection to {base}"),
        advice,
    )
}
