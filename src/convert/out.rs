//! The file that is sent instead of the report.

use std::io::{self, BufWriter, Write};

use base16ct::lower;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::changes::Changes;
use crate::artifact::Digested;
use crate::parser::ParseError;

/// A temporary file, counted and hashed while it is written; or nothing, for who
/// only looks whether a copy would differ.
///
/// An error is kept until the end: whoever writes here is reading a report, and
/// has no other use for it.
#[derive(Debug)]
pub(super) struct Out {
    file: Option<BufWriter<Hashed>>,
    error: Option<io::Error>,
}

impl Out {
    pub(super) fn new() -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix("security-gate-")
            .tempfile()?;
        let file = Hashed {
            file,
            hash: Sha256::new(),
            bytes: 0,
        };
        Ok(Self {
            file: Some(BufWriter::with_capacity(1 << 16, file)),
            error: None,
        })
    }

    /// Keeps nothing.
    pub(super) fn nowhere() -> Self {
        Self {
            file: None,
            error: None,
        }
    }

    pub(super) fn is_nowhere(&self) -> bool {
        self.file.is_none()
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.write(|file| file.write_all(bytes));
    }

    pub(super) fn put_json(&mut self, value: &Value) {
        self.write(|file| Ok(serde_json::to_writer(file, value)?));
    }

    fn write(&mut self, write: impl FnOnce(&mut BufWriter<Hashed>) -> io::Result<()>) {
        if let (Some(file), None) = (&mut self.file, &self.error) {
            self.error = write(file).err();
        }
    }

    /// To be asked after each entry: who only looks has seen enough with the first
    /// change.
    ///
    /// # Errors
    ///
    /// Then.
    pub(super) fn goes_on(&self, changes: &Changes) -> Result<(), ParseError> {
        match self.is_nowhere() && !changes.is_empty() {
            true => Err(ParseError::new("it has to be copied")),
            false => Ok(()),
        }
    }

    /// The file, if there is one.
    pub(super) fn finish(self) -> io::Result<Option<(NamedTempFile, Digested)>> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let Some(file) = self.file else {
            return Ok(None);
        };
        let Hashed { file, hash, bytes } =
            file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let digested = Digested {
            bytes,
            sha256: lower::encode_string(&hash.finalize()),
        };
        Ok(Some((file, digested)))
    }
}

/// Where large pieces are counted and hashed.
#[derive(Debug)]
struct Hashed {
    file: NamedTempFile,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
