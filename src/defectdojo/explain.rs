//! What an answer that is no success means, and what to do about it.
//!
//! DefectDojo says no in four shapes (a list of texts, `detail`, lists by field, and
//! `message`), and what stands before it in HTML; the words are those of 2.58 and
//! 3.2.

use serde_json::Value;

use super::BaseUrl;
use super::failure::{Failure, Outcome, Reason, SAID_LIMIT};
use super::token::Token;
use super::transport::Refusal;
use super::words;

/// What was asked for; the same status means another thing for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Something was sent.
    Upload,
    /// Something was asked.
    Lookup,
}

/// What a body turned out to be.
enum Body {
    Json(Value),
    Html,
    Other,
}

pub(super) type Verdict = (Outcome, Reason, String, String);

/// The failure that an answer is.
pub(super) fn explain(call: Call, refusal: &Refusal, base: &BaseUrl, token: &Token) -> Failure {
    // Before anything is taken out of it, such as the names of fields.
    let text = token.mask(&refusal.text);
    let body = match serde_json::from_slice(text.as_bytes()) {
        Ok(value) => Body::Json(value),
        Err(_) if is_html(refusal) => Body::Html,
        Err(_) => Body::Other,
    };
    let said = match &body {
        Body::Json(value) => said(value),
        Body::Html => title(&text),
        Body::Other => text.trim().to_owned(),
    };
    let said: String = token.mask(&said).chars().take(SAID_LIMIT).collect();
    let (outcome, reason, sentence, advice) = match (refusal.status, &body) {
        (200..=299, _) => unproven(call, refusal, &body),
        (300..=399, _) => redirect(refusal, base),
        (400..=499, Body::Html) | (401 | 403, Body::Other) => page(refusal, base),
        (400, _) => bad_request(&said, &body),
        (401 | 403, _) => forbidden(refusal.status, &said),
        _ => by_status(refusal, &said, base),
    };
    Failure {
        outcome,
        reason,
        status: Some(refusal.status),
        sentence,
        advice,
        said: Some(said).filter(|said| !said.is_empty()),
    }
}

fn verdict(
    outcome: Outcome,
    reason: Reason,
    sentence: impl Into<String>,
    advice: impl Into<String>,
) -> Verdict {
    (outcome, reason, sentence.into(), advice.into())
}

fn refused(reason: Reason, sentence: impl Into<String>, advice: impl Into<String>) -> Verdict {
    verdict(Outcome::Refused, reason, sentence, advice)
}

/// A status of success, and a body that does not show one.
fn unproven(call: Call, refusal: &Refusal, body: &Body) -> Verdict {
    let outcome = match call {
        Call::Upload => Outcome::Unknown,
        Call::Lookup => Outcome::Refused,
    };
    let status = refusal.status;
    match body {
        Body::Html => verdict(
            outcome,
            Reason::NotTheApi,
            format!("the answer is an HTML page with status {status}, not DefectDojo's"),
            "a login page or a proxy stands before the API: check the URL, and let the CI system reach `/api/v2/` without a browser's login",
        ),
        Body::Json(_) if call == Call::Upload && status != 201 => verdict(
            outcome,
            Reason::Answer,
            format!("the answer has status {status}; DefectDojo confirms an upload with 201"),
            "check that the URL is that of a DefectDojo, and that no proxy answers in its place",
        ),
        Body::Json(_) | Body::Other => verdict(
            outcome,
            Reason::Answer,
            format!(
                "the answer with status {status} is not one of DefectDojo's: {}",
                refusal.problem.as_deref().unwrap_or("it cannot be read")
            ),
            "check that the URL is that of a DefectDojo, and that no proxy cuts or changes its answers",
        ),
    }
}

/// Redirects are not followed: one would lose the body, or take the token elsewhere.
fn redirect(refusal: &Refusal, base: &BaseUrl) -> Verdict {
    let place = refusal.location.as_deref().unwrap_or_default();
    let lower = place.to_lowercase();
    let is_login = ["login", "signin", "sign_in", "oauth", "saml", "sso", "auth"]
        .iter()
        .any(|word| lower.contains(word));
    if is_login {
        return refused(
            Reason::Login,
            "the server redirects to a page to log in at; nothing was filed",
            "let the CI system reach `/api/v2/` without a browser's login (exempt it from single sign-on), and check the token",
        );
    }
    if !base.is_https() && lower.starts_with("https://") {
        return refused(
            Reason::Redirect,
            "the server redirects from `http://` to `https://`; nothing was filed",
            "write the URL with `https://`",
        );
    }
    refused(
        Reason::Redirect,
        "the server redirects elsewhere; nothing was filed",
        "give the URL at which DefectDojo answers itself, with the path it is served under; a proxy must not take the slash off the end of a path",
    )
}

/// 4xx with a page: nothing of the API's.
fn page(refusal: &Refusal, base: &BaseUrl) -> Verdict {
    match refusal.status {
        // DefectDojo's own page for a host that it was not told of.
        400 => refused(
            Reason::WrongHost,
            "the server does not accept requests for this host name",
            format!(
                "check the URL; if it is right, its administrator has to add `{}` to `DD_ALLOWED_HOSTS`",
                base.host()
            ),
        ),
        404 => refused(
            Reason::NotTheApi,
            format!("there is no DefectDojo API under {base}"),
            "check the URL, and the path that DefectDojo is served under; `/api/v2` is no part of it",
        ),
        413 => too_large_for_proxy(),
        status @ (401 | 403) => refused(
            Reason::NotTheApi,
            format!(
                "what stands before DefectDojo forbids the request (status {status}, not in its words)"
            ),
            "ask who runs the proxy or firewall to let the CI system reach `/api/v2/`",
        ),
        407 => proxy_login(),
        408 => timed_out(),
        429 => busy(refusal),
        status => refused(
            Reason::NotTheApi,
            format!("the answer is an HTML page with status {status}, not DefectDojo's"),
            "check the URL, and ask who runs the proxy before it",
        ),
    }
}

/// 401 and 403: DefectDojo uses 403 for a wrong token too.
fn forbidden(status: u16, said: &str) -> Verdict {
    let meaning = match status {
        401 => words::UNKNOWN_TOKEN,
        _ => words::find(words::FORBIDDEN, said).unwrap_or(words::NO_RIGHT),
    };
    meaning.verdict()
}

/// 400 in the words of the API.
fn bad_request(said: &str, body: &Body) -> Verdict {
    if let Some(meaning) = words::find(words::BAD_REQUEST, said) {
        return meaning.verdict();
    }
    let Body::Json(value) = body else {
        return refused(
            Reason::Answer,
            "DefectDojo, or what stands before it, refuses the request (status 400)",
            "check the URL and the server's log",
        );
    };
    if value.get("scan_type").is_some() {
        return words::SCAN_TYPE.verdict();
    }
    if value.get("file").is_some() {
        return words::FILE.verdict();
    }
    let fields = fields(value);
    if fields.is_empty() && value.get("message").is_some() {
        return words::PARSER.verdict();
    }
    let names: Vec<_> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
    let sentence = match names.is_empty() {
        true => "DefectDojo does not accept the request".to_owned(),
        false => format!(
            "DefectDojo does not accept the value of {}",
            names.join(", ")
        ),
    };
    let sentence: String = sentence.chars().take(SAID_LIMIT).collect();
    refused(
        Reason::Field,
        sentence,
        "correct the value; DefectDojo says what is wrong with it",
    )
}

/// What the status alone says.
fn by_status(refusal: &Refusal, said: &str, base: &BaseUrl) -> Verdict {
    match refusal.status {
        404 if said.to_lowercase().contains("could not be found") => refused(
            Reason::UnknownTarget,
            "there is no such test, and nothing may be created",
            "check the names, their case too, or allow what is missing to be created (`auto_create_context`)",
        ),
        404 if !said.is_empty() => refused(
            Reason::UnknownTarget,
            "there is no such object, or the token's user may not see it",
            "check the id; without a right on the product DefectDojo hides what is in it",
        ),
        404 => refused(
            Reason::NotTheApi,
            format!("there is no DefectDojo API under {base}"),
            "check the URL, and the path that DefectDojo is served under; `/api/v2` is no part of it",
        ),
        407 => proxy_login(),
        408 => timed_out(),
        409 => words::RACE.verdict(),
        411 | 415 => refused(
            Reason::Mangled,
            "the upload's form or length did not reach DefectDojo",
            "have the proxy pass `Content-Type`, `Content-Length` and the body on as they are",
        ),
        413 => too_large_for_proxy(),
        429 | 502..=504 => busy(refusal),
        500 => verdict(
            Outcome::Unknown,
            Reason::Server,
            "DefectDojo failed (status 500), and may have changed findings before it did",
            "the report may not be of this scan type, or a text too long; the server's log says which",
        ),
        501..=599 => verdict(
            Outcome::Unknown,
            Reason::Server,
            format!("the server failed (status {})", refusal.status),
            "the server's log, or that of the proxy before it, says why",
        ),
        status => refused(
            Reason::Answer,
            format!("the server refuses the request (status {status})"),
            "check the URL, and ask who runs the server",
        ),
    }
}

fn busy(refusal: &Refusal) -> Verdict {
    let status = refusal.status;
    let outcome = Outcome::Busy {
        retry_after: refusal.retry_after,
    };
    match status {
        429 => verdict(
            outcome,
            Reason::Busy,
            "the server asks for fewer requests (status 429)",
            "try again later, with fewer jobs at once",
        ),
        _ => verdict(
            outcome,
            Reason::Busy,
            format!("DefectDojo is not reached behind its proxy, or not in time (status {status})"),
            "try again later; if it recurs with large reports, the proxy has to wait longer for DefectDojo (1800 s)",
        ),
    }
}

fn timed_out() -> Verdict {
    verdict(
        Outcome::Unknown,
        Reason::Timeout,
        "the server did not wait for the whole request (status 408)",
        "try again; if it recurs, the proxy has to wait longer for large reports",
    )
}

fn too_large_for_proxy() -> Verdict {
    refused(
        Reason::TooLarge,
        "the report is larger than the proxy before DefectDojo lets through",
        "have its limit raised (nginx: `client_max_body_size`), or split the scan",
    )
}

fn proxy_login() -> Verdict {
    refused(
        Reason::Proxy,
        "the proxy asks for a user and password",
        "put them into the proxy variable: `http://USER:PASSWORD@HOST:PORT`",
    )
}

fn is_html(refusal: &Refusal) -> bool {
    let is_tag = |text: &str| {
        let start: String = text.trim_start().chars().take(15).collect();
        let start = start.to_ascii_lowercase();
        start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with('<')
    };
    refusal.content_type.contains("html") || is_tag(&refusal.text)
}

/// The title of a page.
fn title(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let begin = lower.find("<title");
    let begin = begin.and_then(|at| Some(at + lower.get(at..)?.find('>')? + 1));
    let title = begin.and_then(|begin| {
        let rest = html.get(begin..)?;
        let end = lower.get(begin..)?.find("</title")?;
        rest.get(..end)
    });
    let words: Vec<_> = title.unwrap_or_default().split_whitespace().collect();
    words.join(" ")
}

/// What DefectDojo says: `detail`, else the fields, else `message`, else a list's
/// texts.
fn said(value: &Value) -> String {
    if let Some(text) = value.get("detail").and_then(Value::as_str) {
        return text.to_owned();
    }
    let fields = fields(value);
    if !fields.is_empty() {
        let fields = fields.iter().map(|(name, texts)| match *name {
            "non_field_errors" => texts.clone(),
            _ => format!("{name}: {texts}"),
        });
        return fields.collect::<Vec<_>>().join("; ");
    }
    match value.get("message").unwrap_or(value) {
        // The text of a Python list.
        Value::String(text) => {
            let inner = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
            inner("['", "']")
                .or_else(|| inner("[\"", "\"]"))
                .unwrap_or(text)
                .to_owned()
        }
        value => texts(value),
    }
}

/// The entries about a field: lists of texts.
fn fields(value: &Value) -> Vec<(&str, String)> {
    let Some(object) = value.as_object() else {
        return Vec::new();
    };
    object
        .iter()
        .filter(|(name, value)| *name != "pro" && *name != "message" && value.is_array())
        .map(|(name, value)| (name.as_str(), texts(value)))
        .filter(|(_, texts)| !texts.is_empty())
        .collect()
}

fn texts(value: &Value) -> String {
    let texts = value.as_array().into_iter().flatten();
    texts
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "s3cr3t-key";

    proptest! {
        #[test]
        fn whatever_a_server_says_is_bounded_and_without_the_token(
            status in prop_oneof![Just(400_u16), 200_u16..600],
            kind in "text/html|application/json|",
            location in proptest::option::of(".{0,40}"),
            text in prop_oneof![
                ".{0,400}",
                "<title>.{0,40}(</title>)?",
                r#"\{"(detail|message|file|scan_type|title)": ("|\["|\[\[|\{"a":").{0,40}"?\]?\}"#,
                r#"\["(Product )?.{0,400}( does not exist)?"\]"#,
            ],
            place in prop_oneof![0_usize..12, 0_usize..400],
        ) {
            let mut text = text;
            let place = text.char_indices().nth(place).map_or(0, |(at, _)| at);
            text.insert_str(place, KEY);
            let refusal = Refusal {
                status,
                content_type: kind,
                location,
                retry_after: None,
                text,
                problem: None,
            };
            let base = BaseUrl::parse("https://dojo.example").unwrap();
            let token = Token::new(KEY).unwrap();
            for call in [Call::Upload, Call::Lookup] {
                let failure = explain(call, &refusal, &base, &token);
                prop_assert!(failure.said.as_ref().is_none_or(|said| said.chars().count() <= SAID_LIMIT));
                prop_assert!(failure.sentence.chars().count() <= SAID_LIMIT);
                prop_assert!(!format!("{failure:?}").contains(KEY), "{failure:?}");
                prop_assert_eq!(failure.status, Some(status));
                // Only a refusal by the server proves that nothing was filed.
                if call == Call::Upload && (200..300).contains(&status) {
                    prop_assert!(failure.may_have_landed());
                }
            }
        }
    }
}
