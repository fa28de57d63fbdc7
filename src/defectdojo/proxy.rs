//! The proxy between here and DefectDojo, as the usual variables name it.

use super::BaseUrl;

/// A proxy that connections are made through. Its address may hold a password, so
/// it cannot be printed.
#[derive(Clone)]
pub struct Proxy(pub(super) ureq::Proxy);

/// Why a variable names no proxy that can be used. Its value is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` is not the URL of an HTTP proxy, such as `http://proxy.example.org:3128`")]
pub struct ProxyError {
    /// The variable's name.
    pub variable: &'static str,
}

impl Proxy {
    /// The proxy for `base` by the variables that `variable` looks up, if any:
    /// `https_proxy` or `http_proxy` by the scheme, else `all_proxy`, unless
    /// `no_proxy` has the host; each in lower case, else in upper case. There is none
    /// to this machine itself.
    ///
    /// The proxy is asked for a tunnel (`CONNECT`), also to a server of `http://`:
    /// a proxy that tunnels only to port 443 refuses that. SOCKS is not supported.
    pub fn from_variables(
        base: &BaseUrl,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ProxyError> {
        if base.is_loopback() {
            return Ok(None);
        }
        let set = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = variable(name)?;
                Some((*name, value.trim().to_owned())).filter(|(_, value)| !value.is_empty())
            })
        };
        let names = if base.is_https() {
            ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        } else {
            ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        };
        let Some((name, url)) = set(&names) else {
            return Ok(None);
        };
        if let Some((_, list)) = set(&["no_proxy", "NO_PROXY"])
            && list
                .split(',')
                .any(|entry| covers(entry.trim(), base.host()))
        {
            return Ok(None);
        }
        let proxy = ureq::Proxy::new(&url)
            .ok()
            .filter(|proxy| {
                matches!(
                    proxy.protocol(),
                    ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https
                )
            })
            .ok_or(ProxyError { variable: name })?;
        Ok(Some(Self(proxy)))
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proxy(***)")
    }
}

/// Whether an entry of `no_proxy` is about `host`: itself, a domain that it is in
/// (with or without a dot or `*.` before it), or `*`. Ports and networks are not
/// looked at.
fn covers(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    let (domain, host) = (domain.to_ascii_lowercase(), host.to_ascii_lowercase());
    !domain.is_empty()
        && host
            .strip_suffix(&domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(base: &str, variables: &[(&str, &str)]) -> Result<Option<(String, u16)>, ProxyError> {
        let base = BaseUrl::parse(base).unwrap();
        let value = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        };
        let proxy = Proxy::from_variables(&base, value)?;
        Ok(proxy.map(|Proxy(proxy)| (proxy.host().to_owned(), proxy.port())))
    }

    #[test]
    fn the_scheme_says_which_variable_counts() {
        let variables = [
            ("https_proxy", "http://a:1"),
            ("HTTP_PROXY", "http://b:2"),
            ("ALL_PROXY", "http://c:3"),
            (
                "NO_PROXY",
                "internal.example, .local.example,*.wild.example",
            ),
        ];
        let proxy = |base: &str| found(base, &variables).unwrap();
        assert_eq!(proxy("https://dojo.example"), Some(("a".to_owned(), 1)));
        assert_eq!(proxy("http://dojo.example"), Some(("b".to_owned(), 2)));
        assert_eq!(proxy("https://internal.example:8443"), None);
        assert_eq!(proxy("https://dojo.Internal.example"), None);
        assert_eq!(proxy("https://x.local.example"), None);
        assert_eq!(proxy("https://x.wild.example"), None);
        assert!(proxy("https://notinternal.example").is_some());
        assert_eq!(
            found("https://d.example", &[("ALL_PROXY", "proxy.example:3128")]).unwrap(),
            Some(("proxy.example".to_owned(), 3128))
        );
        assert_eq!(proxy("https://127.0.0.1"), None);
        assert_eq!(
            found(
                "https://d.example",
                &[("https_proxy", " "), ("no_proxy", "*")]
            )
            .unwrap(),
            None
        );
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_and_its_password_is_not_shown() {
        for url in [
            "socks5://user:pa55@p.example",
            "http://user:pa55@",
            "pa55 word",
        ] {
            let error = found("https://d.example", &[("HTTPS_PROXY", url)]).unwrap_err();
            assert_eq!(error.variable, "HTTPS_PROXY");
            assert!(!format!("{error} {error:?}").contains("pa55"));
        }
        let base = BaseUrl::parse("https://d.example").unwrap();
        let proxy = Proxy::from_variables(&base, |_| Some("http://u:pa55@p.example".to_owned()));
        assert_eq!(format!("{:?}", proxy.unwrap()), "Some(Proxy(***))");
    }
}
