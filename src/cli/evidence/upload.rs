//! `evidence upload`: keeps the reports as evidence, in a folder.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::matters::Matters;
use crate::cli::decision::this_second;
use crate::cli::output::Console;
use crate::cli::{Exit, Global};
use crate::evidence::bundle::{self, Written};
use crate::evidence::keep;
use crate::evidence::record::{Delivery, Record, State};
use crate::text::line;

const AFTER_HELP: &str = "\
A report with secrets is left out, unless `--send-secrets` is given. Exit codes: 0 every report
is kept; 2 a mistake in the configuration or in usage; 3 one is not kept, or is missing.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    matters: Matters,
    /// Keep a bundle in this folder: the reports by their digests, what would be
    /// filed where, the record, and an in-toto statement
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Keep reports with secrets, too, and as they are; the record says so
    #[arg(long)]
    send_secrets: bool,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let plan = arguments.matters.plan(global, console)?;
    let record = Record::new(plan.clone(), this_second());
    let keep = |delivery: &Delivery| keep::as_it_is(delivery, arguments.send_secrets);
    let written = bundle::write(&arguments.to, &plan, record, &keep)?;
    if !console.is_quiet() {
        console.result(text(&written, &arguments.to.display().to_string()).as_bytes())?;
    }
    let is_whole = written.left_out.is_empty() && plan.missing.is_empty();
    Ok(if is_whole {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

fn text(written: &Written, folder: &str) -> String {
    let mut out = String::new();
    describe(&mut out, written, folder).expect("a String takes all text");
    out
}

fn describe(out: &mut String, written: &Written, folder: &str) -> std::fmt::Result {
    let deliveries = &written.record.deliveries;
    for (path, why) in &written.left_out {
        writeln!(out, "✗ {} is not kept: {}", line(path), line(why))?;
    }
    let is_kept = |delivery: &&Delivery| delivery.sent().is_some();
    for delivery in deliveries.iter().filter(is_kept) {
        if let (State::Refused, Some(why)) = (delivery.state(), delivery.why()) {
            let path = line(&delivery.artifact.path);
            writeln!(
                out,
                "! {path} is kept, and cannot be filed as it is: {}",
                line(why)
            )?;
        }
    }
    for missing in &written.record.missing {
        let (lane, scanner) = (line(&missing.lane), line(&missing.scanner));
        writeln!(
            out,
            "✗ lane {lane}: there is no report of {scanner}, which it expects"
        )?;
    }
    let (kept, count) = (deliveries.iter().filter(is_kept).count(), deliveries.len());
    let reports = if count == 1 {
        "report is"
    } else {
        "reports are"
    };
    let when = if written.was_there { " already" } else { "" };
    writeln!(
        out,
        "{kept} of {count} {reports} kept in {}{when}; SHA-256 of its {} is {}",
        line(folder),
        bundle::SUMS,
        written.sha256
    )
}
