//! Digests in place of secrets, in whatever is sent.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;

use crate::parser::url::without_user_info;
use crate::secret::SecretKey;

/// Takes secrets out of texts, or nothing when they are to be sent.
#[derive(Debug, Default)]
pub(super) struct Redactor<'a> {
    key: Option<&'a SecretKey>,
    /// Secrets that the report names somewhere.
    known: Option<AhoCorasick>,
}

impl<'a> Redactor<'a> {
    /// The shortest value that is looked for in texts other than its own:
    /// shorter ones are part of words.
    const SHORTEST: usize = 6;
    /// The shortest line of a secret of several lines that is one by itself.
    const SHORTEST_LINE: usize = 20;

    pub(super) fn new(key: Option<&'a SecretKey>) -> Self {
        Self { key, known: None }
    }

    pub(super) fn key(&self) -> Option<&'a SecretKey> {
        self.key
    }

    /// Whether secrets are to be taken out.
    pub(super) fn is_on(&self) -> bool {
        self.key.is_some()
    }

    /// Looks for these, too, from now on. False when they are too many.
    pub(super) fn learn(&mut self, secrets: &BTreeSet<String>) -> bool {
        let mut known = BTreeSet::new();
        for secret in secrets {
            let secret = secret.trim();
            let lines = secret.lines().map(str::trim).filter(|line| {
                line.len() >= Self::SHORTEST_LINE && !line.starts_with('-') && *line != secret
            });
            known.extend(lines);
            if secret.len() >= Self::SHORTEST {
                known.insert(secret);
            }
        }
        if known.is_empty() || !self.is_on() {
            return true;
        }
        self.known = AhoCorasick::new(known).ok();
        self.known.is_some()
    }

    /// What stands for a text that is a secret as a whole; absent when there is
    /// nothing to hide.
    pub(super) fn secret(&self, text: &str) -> Option<String> {
        let key = self.key?;
        (!text.is_empty()).then(|| format!("[secret {}]", key.digest(text)))
    }

    /// A text without the secrets that are known; absent when it has none.
    pub(super) fn without_known(&self, text: &str) -> Option<String> {
        let (key, known) = (self.key?, self.known.as_ref()?);
        let mut spans: Vec<Range<usize>> = Vec::new();
        for found in known.find_overlapping_iter(text) {
            let mut span = found.range();
            // They come by their ends, so one may reach back over several.
            while let Some(last) = spans.pop_if(|last| span.start < last.end) {
                span = span.start.min(last.start)..span.end.max(last.end);
            }
            spans.push(span);
        }
        if spans.is_empty() {
            return None;
        }
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for span in spans {
            masked.push_str(text.get(end..span.start).unwrap_or_default());
            let digest = key.digest(text.get(span.clone()).unwrap_or_default());
            masked = masked + "[secret " + &digest + "]";
            end = span.end;
        }
        masked.push_str(text.get(end..).unwrap_or_default());
        Some(masked)
    }

    /// A text without the users and passwords in its addresses; absent when it
    /// has none.
    pub(super) fn without_users(&self, text: &str) -> Option<String> {
        // What most texts lack is looked for first.
        let has_at = memchr::memchr(b'@', text.as_bytes()).is_some();
        if !self.is_on() || !has_at || !text.contains("://") {
            return None;
        }
        Some(without_user_info(text)).filter(|masked| masked != text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing<'a>(key: &'a SecretKey, secrets: &[&str]) -> Redactor<'a> {
        let mut redactor = Redactor::new(Some(key));
        assert!(redactor.learn(&secrets.iter().map(|&secret| secret.to_owned()).collect()));
        redactor
    }

    #[test]
    fn secrets_that_overlap_leave_nothing_of_each_other() {
        let key = SecretKey::default();
        let redactor = knowing(&key, &["abcdef123", "123xyz789", "f123x!"]);
        let masked = redactor
            .without_known("<abcdef123xyz789> and abcdef123")
            .unwrap();
        for part in ["abc", "123x", "xyz", "789"] {
            assert!(!masked.contains(part), "{masked}");
        }
        assert!(masked.starts_with("<[secret ") && masked.contains("> and [secret "));
        assert_eq!(redactor.without_known("abcdef 123"), None);
    }

    #[test]
    fn the_lines_of_a_key_are_secrets_by_themselves() {
        let key = SecretKey::default();
        let line = "MIIEpAIBAAKCAQEA7v1hunter2hunter2";
        let secret =
            format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n-----END RSA PRIVATE KEY-----");
        let redactor = knowing(&key, &[&secret]);
        assert!(
            !redactor
                .without_known(&format!("a {line} b"))
                .unwrap()
                .contains("hunter2")
        );
        assert_eq!(
            redactor.without_known("-----BEGIN RSA PRIVATE KEY-----"),
            None
        );
    }

    #[test]
    fn short_words_stay_and_so_does_everything_when_secrets_are_sent() {
        let key = SecretKey::default();
        assert_eq!(knowing(&key, &["root"]).without_known("root"), None);
        let mut off = Redactor::new(None);
        assert!(off.learn(&BTreeSet::from(["hunter2hunter2".to_owned()])));
        assert_eq!(off.without_known("hunter2hunter2"), None);
        assert_eq!(off.secret("hunter2hunter2"), None);
        assert_eq!(off.without_users("https://me:pa55@h/"), None);
    }

    #[test]
    fn addresses_lose_their_users_once() {
        let key = SecretKey::default();
        let redactor = Redactor::new(Some(&key));
        let masked = redactor.without_users("see https://me:pa55@h/a").unwrap();
        assert_eq!(masked, "see https://***@h/a");
        assert_eq!(redactor.without_users(&masked), None);
        assert_eq!(redactor.without_users("mail me@h, see https://h"), None);
    }

    #[test]
    fn different_secrets_have_different_digests() {
        let key = SecretKey::new("k");
        let redactor = Redactor::new(Some(&key));
        assert_ne!(redactor.secret("one"), redactor.secret("two"));
        assert_eq!(redactor.secret(""), None);
    }
}
