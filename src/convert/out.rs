//! The file that is sent instead of the report.

use std::io::{self, BufWriter, Write as _};

use base16ct::lower;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use crate::artifact::Digested;

/// A temporary file, counted and hashed while it is written.
///
/// An error is kept until the end: whoever writes here is reading a report, and
/// has no other use for it.
#[derive(Debug)]
pub(super) struct Out {
    file: BufWriter<NamedTempFile>,
    hash: Sha256,
    bytes: u64,
    error: Option<io::Error>,
}

impl Out {
    pub(super) fn new() -> io::Result<Self> {
        let file = tempfile::Builder::new()
            .prefix("security-gate-")
            .tempfile()?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, file),
            hash: Sha256::new(),
            bytes: 0,
            error: None,
        })
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.error.is_some() {
            return;
        }
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.error = self.file.write_all(bytes).err();
    }

    pub(super) fn finish(self) -> io::Result<(NamedTempFile, Digested)> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let digested = Digested {
            bytes: self.bytes,
            sha256: lower::encode_string(&self.hash.finalize()),
        };
        Ok((file, digested))
    }
}
