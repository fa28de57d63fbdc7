//! Addresses without what gives access.
//!
//! A scanner requests pages as a user would, so its addresses carry sessions,
//! tokens and one-time codes. They are shown to everyone who reads a summary.

use std::borrow::Cow;

const MASK: &str = "***";

/// Replaces user names, passwords and the values of parameters that are named
/// like credentials. Takes any text, and leaves what it does not understand.
pub(crate) fn mask(url: &str) -> Cow<'_, str> {
    let named = mask_user_info(url);
    match has_parameters(&named) {
        true => mask_parameters(&named).into(),
        false => named,
    }
}

/// Each address in a text of one line, masked.
pub(super) fn mask_words(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().map(mask).collect();
    words.join(" ")
}

/// `text` with the users and passwords in its addresses left out.
pub(crate) fn without_user_info(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['/', '?', '#', '"', '\'', ' ', '\n']);
        let (authority, rest) = part.split_at(end.unwrap_or(part.len()));
        let host = match authority.rsplit_once('@') {
            Some((_, host)) => format!("***@{host}"),
            None => authority.to_owned(),
        };
        out = out + "://" + &host + rest;
    }
    out
}

/// Also of addresses inside an address, and of one without a scheme.
fn mask_user_info(text: &str) -> Cow<'_, str> {
    const ENDS: [char; 4] = ['/', '?', '#', '\\'];
    if !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (authority, tail) = rest.split_at(rest.find(ENDS).unwrap_or(rest.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                masked.push_str(MASK);
                masked.push('@');
                masked.push_str(host);
            }
            None => masked.push_str(authority),
        }
        let Some((path, next)) = tail.split_once("//") else {
            return Cow::Owned(masked + tail);
        };
        masked.push_str(path);
        masked.push_str("//");
        rest = next;
    }
}

/// Whether there is a mark between a name and a value, plain or percent-encoded.
fn has_parameters(text: &str) -> bool {
    memchr::memchr2(b'=', b'%', text.as_bytes()).is_some()
}

/// Parameters stand in the query, in the fragment, behind semicolons in the
/// path (`/a;jsessionid=1`), and percent-encoded in an address that is itself a
/// parameter.
fn mask_parameters(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_path = true;
    let mut value_goes_on = false;
    loop {
        let (end, length) =
            find(rest, |byte| matches!(byte, b'?' | b'&' | b';' | b'#')).unwrap_or((rest.len(), 0));
        let (piece, tail) = rest.split_at(end);
        let (delimiter, tail) = tail.split_at(length);
        value_goes_on = match find(piece, |byte| byte == b'=') {
            Some((at, length)) => {
                let (name, value) = piece.split_at(at + length);
                let own_name = name.get(..at).unwrap_or_default();
                let own_name = own_name.rsplit('/').next().unwrap_or_default();
                let value_end = value.find('/').filter(|_| in_path).unwrap_or(value.len());
                let (value, path) = value.split_at(value_end);
                let is_secret = !value.is_empty() && is_credential(own_name);
                masked.push_str(name);
                masked.push_str(if is_secret { MASK } else { value });
                masked.push_str(path);
                is_secret && !in_path
            }
            // `token=a;b`: a value may hold what else parts parameters.
            None if value_goes_on && !piece.is_empty() => {
                masked.push_str(MASK);
                true
            }
            None => {
                masked.push_str(piece);
                false
            }
        };
        if delimiter.is_empty() {
            return masked;
        }
        in_path &= !matches!(delimiter, "?" | "#");
        value_goes_on &= matches!(delimiter, "?" | ";");
        masked.push_str(delimiter);
        rest = tail;
    }
}

/// Where the first that is wanted is, plain or percent-encoded, and how long.
fn find(text: &str, is_wanted: impl Fn(u8) -> bool) -> Option<(usize, usize)> {
    text.bytes().enumerate().find_map(|(at, byte)| {
        let (byte, length) = match byte {
            b'%' => (u8::from_str_radix(text.get(at + 1..at + 3)?, 16).ok()?, 3),
            _ => (byte, 1),
        };
        is_wanted(byte).then_some((at, length))
    })
}

/// Rather one name too many: a masked value costs a look at the report.
pub(crate) fn is_credential(name: &str) -> bool {
    const PARTS: [&str; 19] = [
        "accesskey",
        "apikey",
        "assertion",
        "auth",
        "bearer",
        "cookie",
        "credential",
        "csrf",
        "hmac",
        "jwt",
        "pass",
        "pwd",
        "saml",
        "secret",
        "sess",
        "signature",
        "ticket",
        "token",
        "xsrf",
    ];
    const WORDS: [&str; 7] = ["code", "key", "mac", "otp", "pin", "sid", "sig"];
    const SHORTEST: usize = 3;
    if name.len() < SHORTEST {
        return false;
    }
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part))
        || name.ends_with("key")
        || name.ends_with("sid")
        || name
            .split(|character: char| !character.is_ascii_alphanumeric())
            .any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_access_is_masked_and_the_rest_stays() {
        for (url, masked) in [
            ("https://h/a?q=1&page=2#top", "https://h/a?q=1&page=2#top"),
            ("https://u:p@h:8443/a", "https://***@h:8443/a"),
            ("https://u:p@x@h", "https://***@h"),
            ("//u@h/a", "//***@h/a"),
            ("u:p@h/a", "***@h/a"),
            ("https://h/a/b@c?d=e@f", "https://h/a/b@c?d=e@f"),
            (
                "https://h/?next=https://u:p@i/",
                "https://h/?next=https://***@i/",
            ),
            (
                "https://h/cb?code=x&state=y",
                "https://h/cb?code=***&state=y",
            ),
            (
                "https://h/#access_token=x&a=b",
                "https://h/#access_token=***&a=b",
            ),
            ("https://h/?API-Key=x", "https://h/?API-Key=***"),
            (
                "https://h/?X-Amz-Signature=x",
                "https://h/?X-Amz-Signature=***",
            ),
            (
                "https://h/?user[password]=x",
                "https://h/?user[password]=***",
            ),
            ("https://h/?PHPSESSID=x", "https://h/?PHPSESSID=***"),
            ("https://h/?token=a/b+c==", "https://h/?token=***"),
            ("https://h/?token=a;b?c&d", "https://h/?token=***;***?***&d"),
            ("https://h/?a=1;token=b", "https://h/?a=1;token=***"),
            ("https://h/?token=", "https://h/?token="),
            (
                "https://h/a;jsessionid=x/b?c=d",
                "https://h/a;jsessionid=***/b?c=d",
            ),
            ("https://auth.h/a=b?c", "https://auth.h/a=b?c"),
            (
                "https://h/?u=%2Fcb%3Ftoken%3Dx%26a%3Db",
                "https://h/?u=%2Fcb%3Ftoken%3D***%26a%3Db",
            ),
            (
                "https://h/?keyword=a&zipcode=b",
                "https://h/?keyword=a&zipcode=b",
            ),
            ("https://h/?q=%", "https://h/?q=%"),
            ("https://h/é?q=ü%é", "https://h/é?q=ü%é"),
            ("", ""),
        ] {
            assert_eq!(mask(url), masked, "{url}");
        }
    }

    #[test]
    fn a_sentence_is_masked_word_by_word() {
        assert_eq!(
            mask_words("Job spider failed: https://u:p@h/?token=x\n is down"),
            "Job spider failed: https://***@h/?token=*** is down"
        );
    }
}
