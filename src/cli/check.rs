//! `check`: reads the reports, decides, writes the summaries.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::intake::{self, Intake, Reading};
use super::output::{Console, width, write_file};
use super::{Exit, Format, Global, load_policy};
use crate::policy::decide::{Verdict, decide};
use crate::render::{Summary, markdown, terminal};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: intake::Sources,
    /// The policy, in place of the configuration's: a file, or `builtin:NAME`
    /// with baseline, strict or pre-push
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// The folder that the summaries are written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// A template for the Markdown summary, in place of the built-in one
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// The time to decide at, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// The names of the summaries.
const JSON_FILE: &str = "security-gate-summary.json";
const MARKDOWN_FILE: &str = "security-gate-summary.md";

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let now = arguments.now.unwrap_or_else(this_second);
    let template = template(arguments.template.as_deref())?;
    let policy = load_policy(arguments.policy.as_deref(), global, console)?;
    let Intake { reports, context } =
        intake::read(&arguments.sources, &policy, Reading::Findings, console)?;

    let decision = decide(&policy, &reports, now.to_zoned(TimeZone::UTC).date());
    let exit = Exit::from(decision.verdict());
    let summary = Summary::new(&decision, &policy, context, now, exit as u8);

    let written = publish(&summary, &template, arguments, console);
    Ok(match written {
        Ok(()) => exit,
        // A decision that nobody can read is no pass.
        Err(error) => {
            console.error(&error);
            if decision.verdict() == Verdict::Fail {
                exit
            } else {
                Exit::Incomplete
            }
        }
    })
}

/// A decision is not made to the nanosecond.
fn this_second() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Read before anything is decided: a wrong name is a mistake in usage.
fn template(file: Option<&Path>) -> anyhow::Result<String> {
    match file {
        None => Ok(markdown::TEMPLATE.to_owned()),
        Some(file) => fs_err::OpenOptions::new()
            .read(true)
            .open(file)
            .and_then(io::read_to_string)
            .context("cannot read the template"),
    }
}

/// Writes both summaries, and prints the verdict. All of it is tried.
fn publish(
    summary: &Summary<'_>,
    template: &str,
    arguments: &Arguments,
    console: &Console,
) -> anyhow::Result<()> {
    let file = |name: &str| arguments.out.join(name);
    let json = write_file(&file(JSON_FILE), |out| {
        serde_json::to_writer_pretty(&mut *out, summary)?;
        out.write_all(b"\n")
    });
    let markdown = markdown::render(summary, template)
        .map_err(io::Error::other)
        .and_then(|page| write_file(&file(MARKDOWN_FILE), |out| out.write_all(page.as_bytes())));
    let printed = print(summary, arguments.format, console);
    json.with_context(|| format!("cannot write `{}`", file(JSON_FILE).display()))?;
    markdown.with_context(|| format!("cannot write `{}`", file(MARKDOWN_FILE).display()))?;
    printed
}

fn print(summary: &Summary<'_>, format: Format, console: &Console) -> anyhow::Result<()> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(summary)? + "\n",
        Format::Text if console.is_quiet() => return Ok(()),
        Format::Text => terminal::render(summary, width()),
    };
    console.result(text.as_bytes()).map(drop)
}
