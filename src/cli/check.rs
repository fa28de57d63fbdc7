//! `check`: reads the reports, decides, writes the summaries.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;

use super::intake::{self, Intake, Reading};
use super::output::{Console, width, write_file};
use super::{Exit, Format, Global, Surroundings, load_policy};
use crate::policy::decide::{Circumstances, decide};
use crate::policy::knowledge::Knowledge;
use crate::render::{Summary, markdown, terminal};

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
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
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

const AFTER_HELP: &str = "\
Writes security-gate-summary.json and security-gate-summary.md. Exit codes: 0 pass; 1 fail;
2 a mistake, nothing was decided; 3 incomplete. SECURITY_GATE_KEY is the key of the digests
that stand for secrets.";

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
    if !arguments.out.is_dir() {
        bail!(
            "`{}` is no folder that the summaries can be written to",
            arguments.out.display()
        );
    }
    let policy = load_policy(arguments.policy.as_deref(), global, console)?;
    let Surroundings { context, options } = Surroundings::read();
    let Intake {
        reports,
        passed_over,
    } = intake::read(
        &arguments.sources,
        &policy,
        &options,
        Reading::Findings,
        console,
    )?;

    let circumstances = Circumstances {
        now,
        workspace: options.workspace.as_deref(),
        authors: &context.authors,
        knowledge: Knowledge::default(),
    };
    let decision = decide(&policy, &reports, circumstances);
    let mut exit = Exit::from(decision.verdict());
    let mut summary = Summary::new(&decision, &passed_over, &context, exit as u8);
    let page = markdown::render(&summary, &template)
        .map_err(anyhow::Error::msg)
        .context("cannot fill the template")?;

    if let Err(error) = publish(&summary, &page, arguments, console) {
        console.error(&error);
        // A decision that nobody can read is no pass, and no file may say so.
        if exit == Exit::Done {
            exit = Exit::Incomplete;
            summary.exit_code = exit as u8;
            drop(write_json(&summary, arguments));
        }
    }
    Ok(exit)
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse()
        .map_err(|_| "a time has a date, a time of day and a zone, such as 2026-11-21T12:00:00Z")
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
        Some(file) => fs_err::read_to_string(file).context("cannot read the template"),
    }
}

/// Writes both summaries, and prints the verdict. All of it is tried.
fn publish(
    summary: &Summary<'_>,
    page: &str,
    arguments: &Arguments,
    console: &Console,
) -> anyhow::Result<()> {
    let path = arguments.out.join(MARKDOWN_FILE);
    let markdown = write_file(&path, |out| out.write_all(page.as_bytes()));
    let json = write_json(summary, arguments);
    print(summary, arguments.format, console)?;
    json?;
    markdown.with_context(|| format!("cannot write `{}`", path.display()))
}

fn write_json(summary: &Summary<'_>, arguments: &Arguments) -> anyhow::Result<()> {
    let path = arguments.out.join(JSON_FILE);
    let written = write_file(&path, |out| {
        serde_json::to_writer_pretty(&mut *out, summary)?;
        out.write_all(b"\n")
    });
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

fn print(summary: &Summary<'_>, format: Format, console: &Console) -> anyhow::Result<()> {
    match format {
        Format::Json => Console::data((serde_json::to_string_pretty(summary)? + "\n").as_bytes()),
        Format::Text if console.is_quiet() => Ok(()),
        Format::Text => console.result(terminal::render(summary, width()).as_bytes()),
    }
}
