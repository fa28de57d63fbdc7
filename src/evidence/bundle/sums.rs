//! `SHA256SUMS`: a line for each file of a bundle, in the order of their names.

use std::collections::BTreeMap;
use std::fmt;

use super::{DOCUMENTS, STORE};
use crate::evidence::is_digest;

/// The digest of each file, by its path in the bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums(BTreeMap<String, String>);

impl Sums {
    pub(super) fn add(&mut self, path: String, digest: String) {
        self.0.insert(path, digest);
    }

    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Each path with its digest.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.0.iter();
        entries.map(|(path, digest)| (path.as_str(), digest.as_str()))
    }

    /// Reads what was written, to the byte.
    ///
    /// # Errors
    ///
    /// What is not as it is written.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut sums = Self::default();
        for (at, line) in text.lines().enumerate() {
            let known = line.split_once("  ").filter(|(digest, path)| {
                let stored = path.strip_prefix(STORE);
                let stored = stored.and_then(|path| path.strip_prefix('/'));
                is_digest(digest) && (stored == Some(*digest) || DOCUMENTS.contains(path))
            });
            let Some((digest, path)) = known else {
                return Err(format!("line {} is of no file of a bundle", at + 1));
            };
            sums.add(path.to_owned(), digest.to_owned());
        }
        // Order, repetitions and ends of lines, too.
        match sums.to_string() == text {
            true => Ok(sums),
            false => Err("its lines are not in their order, or come twice".to_owned()),
        }
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, digest) in &self.0 {
            writeln!(f, "{digest}  {path}")?;
        }
        Ok(())
    }
}
