//! Finding and reading the scan records beside reports.

use std::io;
use std::path::Path;

use super::shown;
use crate::artifact::{self, ArtifactError};
use crate::parser;
use crate::scan_record::{self, Found, ScanRecord};

/// What is in the place of a report's record, and where that is; absent when there
/// is nothing.
pub(super) fn find(report: &Path) -> Option<(String, Found)> {
    if report.as_os_str() == artifact::STDIN {
        return None;
    }
    let path = scan_record::path_of(report);
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        // Not even the report can be there.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return None,
        _ => {}
    }
    let window = artifact::open(&path, scan_record::MAX_SIZE).map_err(|error| match error {
        ArtifactError::Missing => "the link leads nowhere".to_owned(),
        ArtifactError::NotAFile => "it is not a regular file".to_owned(),
        ArtifactError::TooLarge(limit) => format!("it is larger than {limit} bytes"),
        error => error.to_string(),
    });
    let read =
        window.and_then(|window| ScanRecord::read(window).map_err(|error| error.to_string()));
    let found = match read {
        Ok((record, stored)) => Found::Record(Box::new(record), stored),
        Err(why) => Found::Unusable(why),
    };
    Some((shown(&path), found))
}

/// The scanner that a record names.
pub(super) fn scanner(found: &Found) -> Option<&'static str> {
    let Found::Record(record, _) = found else {
        return None;
    };
    let parser = record.scanner.as_deref().and_then(parser::by_name)?;
    Some(parser.scanner)
}
