//! `evidence verify`: whether what was kept is still what it was.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use crate::cli::output::Console;
use crate::cli::{Exit, Format, shown};
use crate::evidence::bundle::{self, Verified};
use crate::text::line;

const AFTER_HELP: &str = "\
Exit codes: 0 all is as it was; 1 something is missing, changed or too much; 2 it is neither
a bundle nor a record, or cannot be read.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct Arguments {
    /// The folder of a bundle, or a record, whose reports are looked for from the
    /// working folder
    path: PathBuf,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// What `--format json` prints.
#[derive(Serialize)]
struct Row<'a> {
    path: &'a str,
    ok: bool,
    sha256: &'a str,
    files: usize,
    faults: Vec<FaultRow<'a>>,
}

#[derive(Serialize)]
struct FaultRow<'a> {
    path: &'a str,
    what: &'static str,
    text: Option<&'a str>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> anyhow::Result<Exit> {
    let path = shown(&arguments.path);
    let verified = match arguments.path.is_dir() {
        true => bundle::verify(&arguments.path),
        false => bundle::record(&arguments.path),
    };
    let verified = verified.map_err(|why| anyhow!("{path}: {why}"))?;
    let is_sound = verified.faults.is_empty();
    match arguments.format {
        Format::Json => Console::json(&row(&path, &verified))?,
        Format::Text if console.is_quiet() && is_sound => {}
        Format::Text => console.result(text(&path, &verified).as_bytes())?,
    }
    Ok(if is_sound { Exit::Done } else { Exit::Negative })
}

fn row<'a>(path: &'a str, verified: &'a Verified) -> Row<'a> {
    let faults = verified.faults.iter().map(|fault| FaultRow {
        path: fault.path(),
        what: fault.word(),
        text: fault.text(),
    });
    Row {
        path,
        ok: verified.faults.is_empty(),
        sha256: &verified.sha256,
        files: verified.files,
        faults: faults.collect(),
    }
}

fn text(path: &str, verified: &Verified) -> String {
    let mut out = String::new();
    describe(&mut out, path, verified).expect("a String takes all text");
    out
}

fn describe(out: &mut String, path: &str, verified: &Verified) -> std::fmt::Result {
    for fault in &verified.faults {
        write!(out, "{:8} {}", fault.word(), line(fault.path()))?;
        if let Some(text) = fault.text() {
            write!(out, ": {}", line(text))?;
        }
        out.push('\n');
    }
    let files = match verified.files {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    if let Some(record) = &verified.record {
        let states = record.states().into_iter();
        let states: Vec<_> = states
            .map(|(state, count)| format!("{count} {}", state.name()))
            .collect();
        if !states.is_empty() {
            writeln!(out, "reports: {}", states.join(", "))?;
        }
    }
    let path = line(path);
    match (verified.faults.len(), verified.sha256.as_str()) {
        (0, sha256) => writeln!(out, "{path} is whole: {files}, SHA-256 {sha256}"),
        (1, _) => writeln!(out, "{path} is not whole: 1 fault in {files}"),
        (count, _) => writeln!(out, "{path} is not whole: {count} faults in {files}"),
    }
}
