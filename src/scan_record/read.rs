//! Reading a record, strictly: what is not entirely a record proves nothing.

use super::{Outcome, SCHEMA, ScanRecord};
use crate::artifact::{Digested, Window};
use crate::parser::ParseError;
use crate::parser::own;

/// The largest record that is read, in bytes. Commands are not longer.
pub const MAX_SIZE: u64 = 1 << 20;

/// Whether a document is a record of a scan, of whatever version.
pub fn is_record(window: Window) -> bool {
    own::is_record(window, SCHEMA)
}

impl ScanRecord {
    /// Reads a record to its end, and says what the file was.
    ///
    /// # Errors
    ///
    /// When the file is cut off, of another kind or version, or contradicts
    /// itself.
    pub fn read(window: Window) -> Result<(Self, Digested), ParseError> {
        let (record, digested): (Self, _) = own::read(window, SCHEMA, "a scan record")?;
        match record.contradiction() {
            Some(text) => Err(ParseError::new(text)),
            None => Ok((record, digested)),
        }
    }

    /// What in the record cannot be true together with the rest.
    fn contradiction(&self) -> Option<String> {
        let Self {
            outcome,
            why,
            report,
            exit_code,
            signal,
            interrupted,
            timed_out,
            started,
            ended,
            command,
            ..
        } = self;
        if let Some(ended) = ended
            && ended < started
        {
            return Some(format!(
                "it ended at {ended}, before it started at {started}"
            ));
        }
        if command.is_empty() {
            return Some("it names no command".to_owned());
        }
        if exit_code.is_some() && signal.is_some() {
            return Some("what was killed by a signal has no exit code".to_owned());
        }
        if exit_code.is_some() && ended.is_none() {
            return Some("what has not ended has no exit code".to_owned());
        }
        if let Some(report) = report {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if report.sha256.len() != 64 || !report.sha256.bytes().all(is_digit) {
                return Some(format!("`{}` is no SHA-256 in hexadecimal", report.sha256));
            }
        }
        let is_failed = *timed_out
            || signal.is_some()
            || interrupted.is_some()
            || exit_code.is_none()
            || ended.is_none()
            || report.is_none();
        match outcome {
            Outcome::Ran if is_failed => Some(
                "it says `ran`, and nothing else in it says that the scan came to its end"
                    .to_owned(),
            ),
            Outcome::Ran if why.is_some() => Some("it says `ran`, and why it did not".to_owned()),
            Outcome::Failed if why.is_none() => Some("it says `failed`, and not why".to_owned()),
            _ => None,
        }
    }
}
