//! Reading a record, strictly: from one that is not entirely sound nothing is gone
//! on with.

use super::{Record, SCHEMA};
use crate::artifact::{Digested, Window};
use crate::evidence::is_digest;
use crate::parser::ParseError;
use crate::parser::own;
use crate::policy::evidence::address;

/// The largest record that is read, in bytes: thousands of reports.
pub const MAX_SIZE: u64 = 32 << 20;

impl Record {
    /// Reads a record to its end, and says what the file was.
    ///
    /// # Errors
    ///
    /// When the file is cut off, of another kind or version, or contradicts
    /// itself.
    pub fn read(window: Window) -> Result<(Self, Digested), ParseError> {
        let (record, digested): (Self, _) = own::read(window, SCHEMA, "a record of evidence")?;
        match record.contradiction() {
            Some(text) => Err(ParseError::new(text)),
            None => Ok((record, digested)),
        }
    }

    /// What in the record cannot be true together with the rest.
    fn contradiction(&self) -> Option<String> {
        if let Some(Err(why)) = self.server.as_ref().map(|server| address(server)) {
            return Some(format!("its `server` is no address: {why}"));
        }
        for (index, delivery) in self.deliveries.iter().enumerate() {
            let at = |text: String| Some(format!("at `deliveries[{index}]`: {text}"));
            let digests = [
                Some(&delivery.artifact.sha256).filter(|digest| !digest.is_empty()),
                delivery.sent().map(|sent| &sent.sha256),
                delivery.scan_record.as_ref().map(|record| &record.sha256),
            ];
            let mut digests = digests.into_iter().flatten();
            if let Some(wrong) = digests.find(|digest| !is_digest(digest)) {
                return at(format!("`{wrong}` is no SHA-256 in hexadecimal"));
            }
            if let Some(text) = delivery.contradiction() {
                return at(text);
            }
        }
        let mut files = self
            .attachments
            .iter()
            .map(|row| &row.attachment.file.sha256);
        files
            .find(|digest| !is_digest(digest))
            .map(|wrong| format!("at `attachments`: `{wrong}` is no SHA-256 in hexadecimal"))
    }
}
