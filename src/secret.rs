//! Keyed digests in place of secrets.
//!
//! A secret that a scanner found is replaced while the report is parsed, so
//! that no output can repeat it, and two places with the same secret can still
//! be told to be one.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The project's key for digests of secrets, from `SECURITY_GATE_KEY`.
///
/// Without a key the digest is that of an empty one, cut to 24 bits: enough to
/// tell two secrets in one place apart, too little to confirm a guess.
#[derive(Clone, Default)]
pub struct SecretKey(Option<Vec<u8>>);

impl SecretKey {
    /// Takes the key's bytes; an empty key is none.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self(Some(key.into()).filter(|key| !key.is_empty()))
    }

    /// The digest that stands for `secret`, in hexadecimal: 32 digits with a
    /// key, 6 without.
    pub fn digest(&self, secret: &str) -> String {
        let key = self.0.as_deref().unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(secret.as_bytes());
        let digest = mac.finalize().into_bytes();
        let kept = if self.0.is_some() { 16 } else { 3 };
        base16ct::lower::encode_string(digest.get(..kept).unwrap_or(&digest))
    }

    /// `text` with every occurrence of `secret` replaced by its digest. Very
    /// short values stay: they occur in any text, and prove nothing.
    pub fn mask<'t>(&self, text: &'t str, secret: &str) -> Cow<'t, str> {
        const SHORTEST: usize = 3;
        if secret.len() < SHORTEST || !text.contains(secret) {
            return text.into();
        }
        let mask = format!("[secret {}]", self.digest(secret));
        text.replace(secret, &mask).into()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() {
            "SecretKey(***)"
        } else {
            "SecretKey(none)"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_without_a_key_is_too_short_to_confirm_a_guess() {
        assert_eq!(SecretKey::default().digest("hunter2").len(), 6);
        assert_eq!(
            SecretKey::new("").digest("hunter2"),
            SecretKey::default().digest("hunter2")
        );
    }

    #[test]
    fn the_key_decides_the_digest() {
        let (one, two) = (SecretKey::new("one"), SecretKey::new("two"));
        assert_eq!(one.digest("hunter2").len(), 32);
        assert_eq!(one.digest("hunter2"), one.digest("hunter2"));
        assert_ne!(one.digest("hunter2"), two.digest("hunter2"));
        assert_ne!(one.digest("hunter2"), one.digest("hunter3"));
    }

    #[test]
    fn a_secret_is_masked_wherever_it_occurs() {
        let key = SecretKey::default();
        let masked = key.mask("token hunter2 and hunter2", "hunter2");
        assert!(!masked.contains("hunter2"), "{masked}");
        assert!(!key.mask("pin 123", "123").contains("123"));
        assert_eq!(key.mask("a b", "a"), "a b");
    }

    #[test]
    fn the_key_is_never_printed() {
        assert_eq!(format!("{:?}", SecretKey::new("k3y")), "SecretKey(***)");
    }
}
