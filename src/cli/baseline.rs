//! `baseline`: makes the file that later decisions are compared with.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::known::Matters;
use super::output::{Console, write_file};
use super::{Exit, Global, shown};
use crate::baseline::Baseline;
use crate::render::Diff;
use crate::text::line;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a baseline of reports or summaries
    #[command(after_help = AFTER_HELP)]
    Create(Create),
}

const AFTER_HELP: &str = "\
Everything that is named must prove something, else nothing is written. Exit codes: 0 written;
2 a mistake; 3 something is missing, unreadable, or proves nothing.";

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What was known: reports as for `check`, summaries, baselines, or folders of
    /// reports [default: what the lanes' `reports` match]
    #[arg(value_name = "REPORT|SUMMARY")]
    named: Vec<String>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// An earlier summary or baseline, which tells since when findings are known
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    matters: Matters,
}

pub(super) fn run(command: &Command, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    let Command::Create(arguments) = command;
    let reader = arguments.matters.reader(global, console)?;
    // Both are tried, so that all problems are said at once.
    let now = reader.read(&arguments.named)?;
    let earlier = arguments.baseline.as_deref().map(|path| reader.open(path));
    let baseline = match (now, earlier) {
        (Some(baseline), None) => baseline,
        (Some(baseline), Some(Some(earlier))) => {
            say_what_ends(&earlier, &baseline, console);
            baseline.since(&earlier)
        }
        (None, _) | (_, Some(None)) => {
            let path = shown(&arguments.output);
            console.error(&anyhow::anyhow!("`{path}` is not written"));
            return Ok(Exit::Incomplete);
        }
    };
    write_file(&arguments.output, |out| baseline.write(out))
        .with_context(|| format!("cannot write `{}`", shown(&arguments.output)))?;
    report(&baseline, arguments, console)?;
    Ok(Exit::Done)
}

/// What the earlier baseline has and nobody looked for is not carried on: it would
/// be known for ever.
fn say_what_ends(earlier: &Baseline, baseline: &Baseline, console: &Console) {
    let diff = Diff::new(("", earlier), ("", baseline));
    for row in diff
        .not_looked_at_after
        .iter()
        .filter(|row| row.findings > 0)
    {
        console.warning(&format!(
            "no sound report of {} in the lane {}: {} of the earlier baseline's findings are not in this one, and new if they are seen again",
            row.scanner, row.lane, row.findings
        ));
    }
}

fn report(baseline: &Baseline, arguments: &Create, console: &Console) -> anyhow::Result<()> {
    if console.is_quiet() {
        return Ok(());
    }
    let findings = match baseline.count() {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let path = shown(&arguments.output);
    let headline = format!("{}: {findings}\n", line(&path));
    let places = baseline.all_looked_at().into_iter();
    let places = places.map(|(lane, scanner)| format!("  {} by {}\n", line(lane), line(scanner)));
    console.result((headline + &places.collect::<String>()).as_bytes())
}
