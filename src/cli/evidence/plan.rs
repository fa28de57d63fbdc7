//! `evidence plan`: what would be filed where.

use clap::Args;

use super::matters::Matters;
use crate::cli::output::{Console, width};
use crate::cli::{Exit, Format, Global};
use crate::evidence::plan::Plan;
use crate::evidence::table;

const AFTER_HELP: &str = "\
Needs no server and no token. Exit codes: 0 all of it can be filed; 2 a mistake in the
configuration or in usage; 3 something cannot be filed, or is missing.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    matters: Matters,
    /// How to print the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let plan = arguments.matters.plan(global, console)?;
    match arguments.format {
        Format::Json => Console::json(&plan)?,
        Format::Text if console.is_quiet() => {}
        Format::Text => console.result(table::render(&plan, width()).as_bytes())?,
    }
    Ok(exit(&plan))
}

/// How a command ends that can do no more than is planned.
pub(super) fn exit(plan: &Plan) -> Exit {
    match (plan.is_configured(), plan.is_sound()) {
        (false, _) => Exit::Usage,
        (true, false) => Exit::Incomplete,
        (true, true) => Exit::Done,
    }
}
