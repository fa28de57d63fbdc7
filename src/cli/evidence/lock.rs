//! One run at a time per record: two would send the same reports.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;
use fs_err::File;

/// A lock that ends with this, or with the program, however that ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a record, by a file beside it that stays.
    ///
    /// # Errors
    ///
    /// When another run has it.
    pub(super) fn of(record: &Path) -> anyhow::Result<Self> {
        let mut name = OsString::from(".");
        name.push(record.file_name().unwrap_or_default());
        name.push(".lock");
        let path = record.with_file_name(name);
        let mut options = fs_err::OpenOptions::new();
        let file = options.create(true).append(true).open(&path);
        let file = file.context("the record cannot be locked")?;
        take(&file).with_context(|| {
            format!(
                "another run is using the record {}: wait for its end, or name another by `--record`",
                record.display()
            )
        })?;
        Ok(Self { _file: file })
    }
}

#[cfg(unix)]
fn take(file: &File) -> std::io::Result<()> {
    use rustix::fs::{FlockOperation, flock};

    Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "as elsewhere")]
fn take(_: &File) -> std::io::Result<()> {
    Ok(())
}
