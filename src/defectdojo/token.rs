//! The key that DefectDojo knows its caller by.

use ureq::http::HeaderValue;

/// An API v2 key, which nothing can print.
#[derive(Clone)]
pub struct Token {
    key: String,
    header: HeaderValue,
}

/// Why a text is no API key. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing, or white space.
    #[error("the token is empty")]
    Empty,
    /// White space within, as in `Token 0123…`.
    #[error(
        "the token has white space in it; give the key alone, without a word such as `Token` before it"
    )]
    Blank,
    /// What cannot stand in a header.
    #[error(
        "the token has a character that no API key has; copy it again from DefectDojo (API v2 Key)"
    )]
    Character,
}

impl Token {
    /// Takes the key; white space around it, such as the line end of a file, is
    /// no part of it.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(TokenError::Empty);
        }
        if key.contains(char::is_whitespace) {
            return Err(TokenError::Blank);
        }
        if !key.chars().all(|character| character.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        let mut header =
            HeaderValue::from_str(&format!("Token {key}")).map_err(|_| TokenError::Character)?;
        header.set_sensitive(true);
        Ok(Self {
            key: key.to_owned(),
            header,
        })
    }

    /// The value of `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// `text` with `***` wherever it repeats the key.
    pub(super) fn mask(&self, text: &str) -> String {
        text.replace(&self.key, "***")
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_key_is_refused_and_not_repeated() {
        for (text, expected) in [
            ("", TokenError::Empty),
            (" \n", TokenError::Empty),
            ("Token s3cr3t", TokenError::Blank),
            ("s3cr3t\r\nX-Evil: 1", TokenError::Blank),
            ("s3cr3t\u{7f}", TokenError::Character),
            ("s3cr3tü", TokenError::Character),
        ] {
            let error = Token::new(text).unwrap_err();
            assert_eq!(error, expected, "{text:?}");
            assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        }
    }

    #[test]
    fn a_key_is_trimmed_and_never_printed() {
        let token = Token::new(" s3cr3t\n").unwrap();
        assert_eq!(token.header().to_str().unwrap(), "Token s3cr3t");
        assert_eq!(
            format!("{token:?} {:?}", token.header()),
            "Token(***) Sensitive"
        );
        assert_eq!(token.mask("Token s3cr3t is wrong"), "Token *** is wrong");
    }
}
