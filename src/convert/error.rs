//! Why a report is not sent.

use std::io;
use std::path::PathBuf;

use crate::artifact::ArtifactError;
use crate::parser::ParseError;

/// Why a report cannot be sent: which, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// It is no report of the scanner that it is said to be of, or not whole.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The report.
        path: PathBuf,
        /// What is wrong with it, and where.
        error: ParseError,
    },
    /// It cannot be opened.
    #[error("{}: {error}", path.display())]
    Unopened {
        /// The report.
        path: PathBuf,
        /// Why.
        error: ArtifactError,
    },
    /// It is standard input, which cannot be read again.
    #[error(
        "standard input cannot be filed as evidence: write the report to a file, and name that"
    )]
    Stdin,
    /// It was another one when it was read again.
    #[error("{}: changed while it was read: wait until its job has ended", path.display())]
    Changed {
        /// The report.
        path: PathBuf,
    },
    /// The copy cannot be written.
    #[error("{}: cannot write a copy for DefectDojo into the temporary folder: {error}", path.display())]
    Unwritten {
        /// The report.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The copy does not hold the findings of the report.
    #[error(
        "{}: the copy for DefectDojo does not hold what the report does ({what}); nothing is sent; this is a defect of security-gate: report it, and file the report by hand until then",
        path.display()
    )]
    Unequal {
        /// The report.
        path: PathBuf,
        /// What differs.
        what: String,
    },
}
