//! `check`: reads the reports, decides, writes the summaries.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::decision;
use super::intake::Reading;
use super::output::{Console, width, write_file};
use super::{Exit, Format, Global, read_file, strictest};
use crate::policy::{self, Policy};
use crate::render::summary::OtherPolicyRow;
use crate::render::{Summary, json, markdown, terminal};

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    decision: decision::Matters,
    /// Let the strictest of several policies decide, such as those of the target
    /// branch and of the change; their lanes' reports are looked for where the
    /// last one stands
    #[arg(long, requires = "policy")]
    strictest: bool,
    /// The folder that the summaries are written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// A template for the Markdown summary, in place of the built-in one
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Say after the verdict what it turns into with time alone: by which rules,
    /// and by the end of which exceptions
    #[arg(long)]
    forecast: bool,
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
    let template = template(arguments.template.as_deref())?;
    let out = arguments.out.display();
    if !arguments.out.exists() {
        bail!("there is no folder `{out}` for the summaries: make it first");
    }
    if !arguments.out.is_dir() {
        bail!("`{out}` is no folder that the summaries can be written to");
    }
    // A mistake in any policy comes before all reading.
    let policies = policies(arguments, global, console)?;
    let setting = arguments.decision.setting();
    let matters = arguments
        .decision
        .matters(policies, &setting, Reading::ForSummary, console)?;
    let decisions: Vec<_> = matters
        .iter()
        .map(|matter| matter.decide(&setting))
        .collect();
    let decision = policy::strictest::strictest(&decisions).context("there is no policy")?;
    let matter = matters
        .iter()
        .find(|matter| std::ptr::eq(&raw const matter.policy, decision.policy))
        .context("there is no policy")?;

    let mut exit = Exit::from(decision);
    let mut summary = Summary::new(decision, &matter.passed_over, &setting.context, exit as u8);
    let others = decisions
        .iter()
        .filter(|other| !std::ptr::eq(*other, decision));
    summary.other_policies = others.map(OtherPolicyRow::new).collect();
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
            // The page has no place for it.
            drop(std::fs::remove_file(arguments.out.join(MARKDOWN_FILE)));
        }
    }
    // The program ends, and to free each of a million findings takes its time.
    std::mem::forget(summary);
    std::mem::forget(decisions);
    std::mem::forget(matters);
    Ok(exit)
}

/// The policies that decide, in the order in which they were named.
fn policies(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Vec<Policy>> {
    match arguments.decision.policy.as_slice() {
        names if arguments.strictest => strictest::load(names, console),
        [] | [_] => Ok(vec![arguments.decision.policy(global, console)?]),
        _ => bail!("with several policies, add `--strictest`: the strictest of them decides"),
    }
}

/// Read before anything is decided: a wrong name is a mistake in usage.
fn template(file: Option<&Path>) -> anyhow::Result<String> {
    match file {
        None => Ok(markdown::TEMPLATE.to_owned()),
        Some(file) => read_file(file)
            .with_context(|| format!("cannot read the template `{}`", file.display())),
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
    print(summary, arguments, console)?;
    json?;
    markdown.with_context(|| format!("cannot write `{}`", path.display()))
}

fn write_json(summary: &Summary<'_>, arguments: &Arguments) -> anyhow::Result<()> {
    let path = arguments.out.join(JSON_FILE);
    let written = write_file(&path, |out| json::write(summary, out));
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

fn print(summary: &Summary<'_>, arguments: &Arguments, console: &Console) -> anyhow::Result<()> {
    match arguments.format {
        Format::Json => Console::long_json(summary),
        Format::Text if console.is_quiet() => Ok(()),
        Format::Text => {
            let mut text = terminal::render(summary, width());
            if arguments.forecast {
                text.push('\n');
                text.push_str(&terminal::forecast(summary, width()));
            }
            console.result(text.as_bytes())
        }
    }
}
