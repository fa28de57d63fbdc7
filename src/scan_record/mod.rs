//! The scan record: a file beside a report that says by which command, when and
//! with what end the scanner ran.
//!
//! A report alone cannot show that the scan that it is of went through, or that it
//! is not that of yesterday. `security-gate run` writes the record ([`ScanRecord`]);
//! whoever reads the report holds the two against each other ([`verify`]), and
//! judges the exit code anew ([`exit_code`]). What the record itself concludes is
//! never enough.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod exit_code;
pub mod mask;
mod read;
mod verify;

pub use read::{MAX_SIZE, is_record};
pub use verify::{Found, verify};

/// What the name of a record ends with, after that of its report.
pub const SUFFIX: &str = ".scan.json";

/// The name and version of the record's format.
pub const SCHEMA: &str = "security-gate-scan/1";

/// Where the record of a report is.
pub fn path_of(report: &Path) -> PathBuf {
    let mut name = OsString::from(report);
    name.push(SUFFIX);
    name.into()
}

/// The record of a scan. This is a public format: a field may be added only with a
/// new [`SCHEMA`], because readers refuse what they do not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanRecord {
    /// `security-gate-scan/1`.
    pub schema: Schema,
    /// What wrote the record.
    pub tool: Tool,
    /// Whether the scan ran.
    pub outcome: Outcome,
    /// Why it did not.
    pub why: Option<String>,
    /// The report that the scan wrote; `null` when it wrote none.
    pub report: Option<ReportFile>,
    /// The scanner: as the report shows, else as it was named; `null` when neither
    /// tells.
    pub scanner: Option<String>,
    /// The scanner's version, where the report has it.
    pub scanner_version: Option<String>,
    /// The lane that the report was made for, where it was named.
    pub lane: Option<String>,
    /// The command with its arguments, without secrets and without the folder of
    /// the checkout.
    pub command: Vec<String>,
    /// The command's exit code; `null` when it was killed or could not be started.
    pub exit_code: Option<i32>,
    /// The signal that killed the command: `SIGKILL`.
    pub signal: Option<String>,
    /// The signal that the job was sent while the command ran, and that was passed
    /// on to it.
    pub interrupted: Option<String>,
    /// Whether the command was ended because it took too long.
    pub timed_out: bool,
    /// When the command was started.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// When it ended; `null` while it runs, and when whoever waited for it was
    /// killed.
    #[schemars(with = "Option<String>")]
    pub ended: Option<Timestamp>,
    /// What was scanned, as the pipeline's environment tells.
    pub context: Context,
}

/// The version of the format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Schema {
    /// This one.
    #[default]
    #[serde(rename = "security-gate-scan/1")]
    V1,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `security-gate`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Whether a scan ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The scan ran, whatever it found.
    Ran,
    /// It did not, or nothing shows that it did.
    Failed,
}

/// The report as the scan left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportFile {
    /// As it was named.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// What was scanned, as the pipeline's environment tells; `null` where it does
/// not. Nothing in it is of the machine or of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The CI system: `gitlab`, `github`, ….
    pub provider: Option<String>,
    /// The project, as its forge names it.
    pub project: Option<String>,
    /// The branch; in a merge request, its source.
    pub branch: Option<String>,
    /// The branch that a merge request goes to.
    pub target_branch: Option<String>,
    /// The number of the merge or pull request.
    pub merge_request: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// The environment that is deployed to.
    pub environment: Option<String>,
    /// The pipeline's address, or else its number.
    pub pipeline: Option<String>,
}

impl ScanRecord {
    /// The record of a command that is about to be started. It says `failed` until
    /// the scan is known to have run: so it is true whatever happens meanwhile.
    pub fn begin(command: Vec<String>, started: Timestamp, context: Context) -> Self {
        Self {
            schema: Schema::V1,
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            outcome: Outcome::Failed,
            why: Some(UNFINISHED.to_owned()),
            report: None,
            scanner: None,
            scanner_version: None,
            lane: None,
            command,
            exit_code: None,
            signal: None,
            interrupted: None,
            timed_out: false,
            started,
            ended: None,
            context,
        }
    }

    /// Writes the record as JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

const UNFINISHED: &str = "the scan did not end: its job was stopped, or it runs still";

/// The name of a signal: `SIGKILL`.
pub fn signal_name(signal: i32) -> String {
    const NAMES: [(i32, &str); 11] = [
        (1, "SIGHUP"),
        (2, "SIGINT"),
        (3, "SIGQUIT"),
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (7, "SIGBUS"),
        (8, "SIGFPE"),
        (9, "SIGKILL"),
        (11, "SIGSEGV"),
        (13, "SIGPIPE"),
        (15, "SIGTERM"),
    ];
    let name = NAMES.iter().find(|(number, _)| *number == signal);
    name.map_or_else(
        || format!("signal {signal}"),
        |(_, name)| (*name).to_owned(),
    )
}
