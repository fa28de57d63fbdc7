//! `run`: runs a scanner, and writes the record that its scan ran.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;

use super::intake::{self, Limit};
use super::output::{Console, write_file};
use super::process;
use super::{Exit, Surroundings, scan_context, shown, time};
use crate::artifact;
use crate::parser::{self, PARSERS, url};
use crate::report::{Health, Report};
use crate::scan_record::exit_code::{self, Meaning};
use crate::scan_record::mask::Private;
use crate::scan_record::{self, Outcome, ReportFile, ScanRecord, signal_name};

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// The report that the command writes; the record is FILE.scan.json
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// The scanner, where neither its report nor the command's name tells
    #[arg(long, value_name = "SCANNER", value_parser = scanners())]
    scanner: Option<String>,
    /// The lane that the report is for
    #[arg(long, value_name = "LANE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    lane: Option<String>,
    /// How long the command may take, such as 90s, 30m or 2h
    #[arg(long, value_name = "TIME", value_parser = time)]
    timeout: Option<Duration>,
    #[command(flatten)]
    limit: Limit,
    /// The scanner with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
The command has the standard streams of this one. Exit codes: 0 the scan ran, whatever it
found; 2 a mistake in usage; 3 it did not run, or nothing shows that it did. The exit codes
by which scanners tell of findings are known, so no `|| true` is needed.";

fn scanners() -> PossibleValuesParser {
    PossibleValuesParser::new(PARSERS.iter().map(|parser| parser.scanner))
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> anyhow::Result<Exit> {
    let Some((program, rest)) = arguments.command.split_first() else {
        bail!("there is no command to run");
    };
    if arguments.report.as_os_str() == artifact::STDIN {
        bail!("`--report` names a file: a record cannot be put beside a stream");
    }
    let surroundings = Surroundings::read(arguments.limit.max_findings);
    let private = private(&surroundings);
    let command: Vec<_> = arguments
        .command
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let declared = arguments.scanner.as_deref().or_else(|| scanner_of(program));
    let declared = declared
        .and_then(parser::by_name)
        .map(|parser| parser.scanner);
    let context = scan_context(&surroundings);
    let mut record = ScanRecord::begin(private.command(&command), now(), context);
    record.scanner = declared.map(str::to_owned);
    record.lane.clone_from(&arguments.lane);

    let path = scan_record::path_of(&arguments.report);
    let before = Trace::of(&arguments.report);
    if let Err(error) = put(&path, &record) {
        console.error(&error.context("the scan was not started"));
        return Ok(Exit::Incomplete);
    }
    let begun = Trace::of(&path).map(|trace| trace.modified);
    console.detail(format_args!("runs {}", record.command.join(" ")));
    let mut scanner = Command::new(program);
    scanner.args(rest);
    let ended = process::run(scanner, arguments.timeout);
    // A clock that was set back must not make a record that contradicts itself.
    record.ended = Some(now().max(record.started));
    let result = match ended {
        Ok(ended) => {
            record.exit_code = ended.exit_code;
            record.signal = ended.signal.map(signal_name);
            record.interrupted = ended.interrupted.map(signal_name);
            record.timed_out = ended.timed_out;
            let scan = Scan {
                arguments,
                declared,
                before,
                begun,
            };
            scan.conclude(&mut record, &private, &surroundings.options)
        }
        Err(error) => Err(not_started(program, &error)),
    };
    record.outcome = match result {
        Ok(()) => Outcome::Ran,
        Err(_) => Outcome::Failed,
    };
    record.why = result.err().map(|why| private.text(&why));
    // What was written before says that the scan did not end.
    if let Err(error) = put(&path, &record) {
        console.error(&error.context("the scan ended, and nothing shows that"));
        return Ok(Exit::Incomplete);
    }
    let Some(why) = &record.why else {
        console.detail(format_args!("the scan ran: {}", shown(&path)));
        return Ok(Exit::Done);
    };
    console.error(&anyhow!("nothing shows that the scan ran: {why}"));
    Ok(Exit::Incomplete)
}

/// A command that has come to its end.
struct Scan<'a> {
    arguments: &'a Arguments,
    declared: Option<&'static str>,
    /// The report before the start.
    before: Option<Trace>,
    /// When the command was started, by the clock of the report's file system.
    begun: Option<SystemTime>,
}

impl Scan<'_> {
    /// Adds the report to the record, and says whether both show that the scan
    /// ran.
    ///
    /// # Errors
    ///
    /// Why they do not.
    fn conclude(
        &self,
        record: &mut ScanRecord,
        private: &Private,
        options: &parser::Options,
    ) -> Result<(), String> {
        let Arguments {
            report: path,
            limit,
            ..
        } = self.arguments;
        if let Err(why) = self.was_written() {
            return Err(match self.exit_code_in_words(record) {
                Some(code) => format!("{why}; the command ended with {code}"),
                None => record
                    .judge(&intake::unreadable(String::new(), why.clone()))
                    .err()
                    .unwrap_or(why),
            });
        }
        let (mut report, _) = intake::read_file(
            path,
            self.declared,
            limit.size.max_report_size,
            options,
            None,
        );
        if !report.sha256.is_empty() {
            record.report = Some(ReportFile {
                path: private.text(&shown(path)),
                bytes: report.bytes,
                sha256: report.sha256.clone(),
            });
        }
        if let Ok(scan) = &report.scan {
            record.scanner = Some(scan.scanner.to_owned());
            record.scanner_version.clone_from(&scan.version);
        }
        record.judge(&report).map_err(|why| match &report.scan {
            Ok(_) => why,
            Err(_) => format!("the report {} is unreadable: {why}", shown(path)),
        })?;
        proves(&mut report)
    }

    /// Whether the command wrote the report, rather than an earlier one.
    fn was_written(&self) -> Result<(), String> {
        let path = shown(&self.arguments.report);
        let Some(after) = Trace::of(&self.arguments.report) else {
            return Err(format!("the scanner wrote no report {path}"));
        };
        if self.before.as_ref() == Some(&after) {
            return Err(format!(
                "the report {path} was there before and was not written by this run"
            ));
        }
        if self.begun.is_some_and(|begun| after.modified < begun) {
            return Err(format!(
                "the report {path} is older than this run: it was put there, and not written"
            ));
        }
        Ok(())
    }

    /// The exit code with what it means; absent where there is none.
    fn exit_code_in_words(&self, record: &ScanRecord) -> Option<String> {
        let exit_code = record
            .exit_code
            .filter(|_| record.interrupted.is_none() && !record.timed_out)?;
        let scanner = self.declared.unwrap_or_default();
        Some(
            match exit_code::meaning(scanner, &record.command, exit_code, 0) {
                Meaning::Failed(why) if self.declared.is_some() => {
                    format!("exit code {exit_code}: {why}")
                }
                _ => format!("exit code {exit_code}"),
            },
        )
    }
}

/// Whether a report of a scan that ran says so, too.
fn proves(report: &mut Report) -> Result<(), String> {
    if let Ok(scan) = &mut report.scan {
        scan.trust();
    }
    if report.health() <= Health::Degraded {
        return Ok(());
    }
    let notes = report.scan.iter().flat_map(|scan| &scan.notes);
    let notes = notes.filter(|note| note.effect == Health::Failed);
    let notes: Vec<_> = notes.map(|note| note.text.as_str()).collect();
    Err(format!("the report says so: {}", notes.join("; ")))
}

/// What tells whether a file was written.
#[derive(Debug, PartialEq, Eq)]
struct Trace {
    modified: SystemTime,
    bytes: u64,
    /// Device, number and last change of its entry.
    #[cfg(unix)]
    entry: (u64, u64, i64, i64),
}

impl Trace {
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        Some(Self {
            modified: metadata.modified().ok()?,
            bytes: metadata.len(),
            #[cfg(unix)]
            entry: {
                use std::os::unix::fs::MetadataExt as _;
                (
                    metadata.dev(),
                    metadata.ino(),
                    metadata.ctime(),
                    metadata.ctime_nsec(),
                )
            },
        })
    }
}

/// Writes the record; its folder is made, as the scanner will need it, too.
fn put(path: &Path, record: &ScanRecord) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    write_file(path, |out| record.write(out))
        .with_context(|| format!("cannot write the record {}", shown(path)))
}

fn not_started(program: &OsString, error: &io::Error) -> String {
    let program = program.to_string_lossy();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "there is no command `{program}`: is the scanner installed in this job, and its folder in PATH?"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("the command `{program}` may not be run: is it a program?")
        }
        _ => format!("the command `{program}` cannot be started: {error}"),
    }
}

/// The scanner whose program has this name, where no other has it.
fn scanner_of(program: &OsString) -> Option<&'static str> {
    let name = Path::new(program).file_name()?.to_str()?;
    let mut parsers = PARSERS.iter();
    let parser = parsers.find(|parser| parser.programs.contains(&name))?;
    Some(parser.scanner)
}

/// What the record must not repeat: secrets of the environment, and where on this
/// machine the command ran.
fn private(surroundings: &Surroundings) -> Private {
    let mut secrets = Vec::new();
    let mut folders = Vec::new();
    let workspace = surroundings.options.workspace.clone();
    folders.extend(workspace.map(|folder| (folder, "")));
    folders.extend(std::env::current_dir().map(|folder| (shown(&folder), "")));
    for (name, value) in std::env::vars_os() {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy().into_owned());
        match &*name {
            "HOME" => folders.push((value, "~/")),
            "PWD" | "OLDPWD" => {}
            name if url::is_credential(name) => secrets.push(value),
            _ => {}
        }
    }
    // A secret that is part of another must not leave the rest of it.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    Private { secrets, folders }
}

/// To the millisecond.
fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
