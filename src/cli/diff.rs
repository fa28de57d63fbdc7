//! `diff`: what is new and what is fixed between two times.

use clap::{Args, ValueEnum};

use super::known::Matters;
use super::output::{Console, width};
use super::{Exit, Global};
use crate::render::Diff;

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// What was known before: a summary, a baseline, a report, or a folder of
    /// reports
    #[arg(value_name = "BEFORE")]
    before: String,
    /// What was known after that
    #[arg(value_name = "AFTER")]
    after: String,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    matters: Matters,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

const AFTER_HELP: &str = "\
Exit codes: 0 compared, whatever the differences; 2 a mistake; 3 a side is missing, unreadable,
or proves nothing.";

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let Arguments {
        before,
        after,
        format,
        matters,
    } = arguments;
    let reader = matters.reader(global, console)?;
    let read = |named: &String| reader.read(std::slice::from_ref(named));
    // Both are tried, so that all problems are said at once.
    let (Some(older), Some(newer)) = (read(before)?, read(after)?) else {
        let error = anyhow::anyhow!("`{before}` and `{after}` are not compared");
        console.error(&error);
        return Ok(Exit::Incomplete);
    };
    let diff = Diff::new((before, &older), (after, &newer));
    match format {
        Format::Json => Console::json(&diff)?,
        Format::Markdown => Console::data(diff.markdown().as_bytes())?,
        Format::Text => console.result(diff.text(width()).as_bytes())?,
    }
    Ok(Exit::Done)
}
