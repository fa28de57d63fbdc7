//! `policy backtest`: which past verdicts a policy would flip.

use std::path::{Path, PathBuf};

use clap::Args;

use super::intake::Size;
use super::output::{Console, width};
use super::{Exit, Format, Global, load_policy, policy_name, shown};
use crate::artifact;
use crate::record::Record;
use crate::render;

#[derive(Debug, Args)]
pub(super) struct Backtest {
    /// Summaries of past decisions, `security-gate-summary.json` as `check` wrote
    /// them
    #[arg(value_name = "SUMMARY", required = true)]
    summaries: Vec<PathBuf>,
    /// The policy: a file, or `builtin:NAME` [default: the configuration, else
    /// builtin:baseline]
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    size: Size,
}

pub(super) const AFTER_HELP: &str = "\
Each is decided again as of its own time, with what was known then. Exit codes: 0 decided,
whatever the verdicts; 2 a mistake; 3 a summary is missing or unreadable.";

pub(super) fn run(
    arguments: &Backtest,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let name = policy_name(arguments.policy.as_deref(), global)?;
    let policy = load_policy(Some(&name), global, console)?;
    let summaries = &arguments.summaries;
    let mut records = Vec::with_capacity(summaries.len());
    for path in summaries {
        match read(path, arguments.size) {
            Ok(record) => records.push(record),
            Err(error) => console.error(&error),
        }
    }
    if records.len() < summaries.len() {
        let (count, all) = (summaries.len() - records.len(), summaries.len());
        let error = anyhow::anyhow!(
            "{count} of {all} summaries cannot be read, so nothing was decided again"
        );
        console.error(&error);
        return Ok(Exit::Incomplete);
    }
    let backtest = render::Backtest::new(&name, &policy, &records);
    match arguments.format {
        Format::Json => Console::json(&backtest)?,
        Format::Text => console.result(backtest.text(width()).as_bytes())?,
    }
    Ok(Exit::Done)
}

fn read(path: &Path, size: Size) -> anyhow::Result<Record> {
    let name = shown(path);
    let said = |error: &dyn std::fmt::Display| anyhow::anyhow!("{name}: {error}");
    let window = artifact::open(path, size.max_report_size).map_err(|error| said(&error))?;
    Record::read(window, &name).map_err(|error| said(&error))
}
