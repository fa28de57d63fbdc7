//! Where a DefectDojo is.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;

/// The address of a DefectDojo, with the path that it is served under, if any.
/// It holds no user name, no password and no query, so that it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Scheme, host, port and path, without a slash at the end.
    text: String,
    host: String,
    is_https: bool,
    is_loopback: bool,
}

/// Why a text is no address of a DefectDojo. It is not repeated: it may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Nothing.
    #[error("the URL is empty")]
    Empty,
    /// `user:password@`.
    #[error(
        "the URL has a user name or password in it; leave them out: the token alone says who uploads"
    )]
    UserInfo,
    /// `?` or `#`.
    #[error("the URL has a query or a fragment; leave out what follows `?` or `#`")]
    Query,
    /// Neither `http` nor `https`.
    #[error("the URL begins with neither `https://` nor `http://`")]
    Scheme,
    /// Not a URL.
    #[error("not a URL such as `https://defectdojo.example.org`")]
    Malformed,
}

impl BaseUrl {
    /// Reads an address. Slashes at its end and the API's own path are no part of
    /// it; without a scheme it is `https`, but for this machine.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        if rest.contains(['?', '#']) {
            return Err(UrlError::Query);
        }
        let path = rest.trim_end_matches('/');
        let path = path.strip_suffix("/api/v2").unwrap_or(path);
        let rest = path.trim_end_matches('/');
        let is_https = match scheme.as_deref() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(UrlError::Scheme),
            None => !is_loopback(host_of(authority)),
        };
        let scheme = if is_https { "https" } else { "http" };
        let text = format!("{scheme}://{rest}");
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let host = host_of(uri.host().unwrap_or_default()).to_owned();
        // `http` takes an authority such as `a:b` for one without a port.
        let has_port = authority.rsplit_once(':').is_none_or(|(_, port)| {
            port.ends_with(']') || port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if host.is_empty() || !has_port || rest.contains("//") {
            return Err(UrlError::Malformed);
        }
        Ok(Self {
            is_loopback: is_loopback(&host),
            text,
            host,
            is_https,
        })
    }

    /// Whether the token would travel in the clear to another machine: worth a
    /// warning.
    pub fn is_unprotected(&self) -> bool {
        !self.is_https && !self.is_loopback
    }

    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The host, without a port or brackets.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// An endpoint of the API: `path` is without a slash at either end, which
    /// DefectDojo asks for at the end (without it there is a redirect that loses
    /// the body).
    pub(super) fn endpoint(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut url = format!("{}/api/v2/{path}/", self.text);
        for (at, (name, value)) in query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(name);
            url.push('=');
            url.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        url
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_of(authority: &str) -> &str {
    if let Some((address, _)) = authority.strip_prefix('[').and_then(|a| a.split_once(']')) {
        return address;
    }
    authority
        .split_once(':')
        .map_or(authority, |(host, _)| host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_the_path_of_the_api_do_not_matter() {
        for text in [
            "https://dojo.example",
            "https://dojo.example/",
            " https://dojo.example// ",
            "HTTPS://dojo.example/api/v2",
            "https://dojo.example/api/v2/",
            "dojo.example",
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(base.to_string(), "https://dojo.example", "{text}");
            assert_eq!(
                base.endpoint("tests", &[("title", "a b&c"), ("engagement", "3")]),
                "https://dojo.example/api/v2/tests/?title=a%20b%26c&engagement=3"
            );
        }
        let base = BaseUrl::parse("https://x.example:8443/security/dojo/").unwrap();
        assert_eq!(
            base.endpoint("reimport-scan", &[]),
            "https://x.example:8443/security/dojo/api/v2/reimport-scan/"
        );
    }

    #[test]
    fn only_what_is_written_as_http_or_is_this_machine_goes_without_tls() {
        for (text, is_https, is_unprotected) in [
            ("http://dojo.example", false, true),
            ("http://127.0.0.1:8080", false, false),
            ("http://localhost", false, false),
            ("http://[::1]:8080", false, false),
            ("localhost:8080", false, false),
            ("127.0.0.1:8080", false, false),
            ("localhost.evil.example", true, false),
            ("https://127.0.0.1", true, false),
        ] {
            let base = BaseUrl::parse(text).unwrap();
            assert_eq!(base.is_https(), is_https, "{text}");
            assert_eq!(base.is_unprotected(), is_unprotected, "{text}");
        }
    }

    #[test]
    fn what_may_leak_or_is_no_url_is_refused() {
        for (text, expected) in [
            ("", UrlError::Empty),
            ("https://user:pa55@dojo.example", UrlError::UserInfo),
            ("pa55@dojo.example", UrlError::UserInfo),
            ("https://dojo.example?token=pa55", UrlError::Query),
            ("https://dojo.example/#x", UrlError::Query),
            ("ftp://dojo.example", UrlError::Scheme),
            ("https://", UrlError::Malformed),
            ("https:///api/v2", UrlError::Malformed),
            ("https://dojo example", UrlError::Malformed),
            ("https://dojo.example:port", UrlError::Malformed),
            ("https://dojo.example:0", UrlError::Malformed),
            ("https://dojo.example:99999", UrlError::Malformed),
            ("https://dojo.example/a//b", UrlError::Malformed),
            ("https://dojo.example\r\nX: 1", UrlError::Malformed),
            ("https://dojö.example", UrlError::Malformed),
        ] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text:?}");
            assert!(!format!("{error} {error:?}").contains("pa55"));
        }
    }
}
