//! `evidence upload`: files the reports at a server, or keeps them in a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use super::lock::Lock;
use super::matters::Matters;
use super::outcome;
use super::progress::Progress;
use super::server::Server;
use crate::artifact::{self, ArtifactError};
use crate::cli::decision::this_second;
use crate::cli::output::Console;
use crate::cli::process::Signals;
use crate::cli::{Exit, Global, load_policy, shown, time};
use crate::evidence::bundle;
use crate::evidence::deliver::{self, Pauses, Prepare, Settings, Watch, deliver};
use crate::evidence::keep;
use crate::evidence::plan::{Cause, Plan};
use crate::evidence::record::{self, Delivery, Record};

const AFTER_HELP: &str = "\
The token is in DEFECTDOJO_TOKEN or DEFECTDOJO_APIKEY. What is filed already for this commit is
not sent again, and what was broken off is gone on with, by the record. Secrets are masked.
Exit codes: 0 every report is filed, or kept; 2 a mistake in the configuration or in usage,
nothing was sent; 3 one is not filed, or is missing.";

/// A shipped DefectDojo serves 16 requests at once, and every upload keeps one of its
/// processors busy: two leave it to its users.
const JOBS: u8 = 2;

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    matters: Matters,
    /// Keep a bundle in this folder and file nothing: the reports by their digests,
    /// what would be filed where, the record, and an in-toto statement
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "again", "record"])]
    to: Option<PathBuf>,
    /// File what a bundle has
    #[arg(long, value_name = "DIR", conflicts_with = "send_secrets")]
    from: Option<PathBuf>,
    /// Leave secrets in what is sent or kept; the record says so
    #[arg(long)]
    send_secrets: bool,
    /// The record of what was filed, to go on with and to write
    #[arg(long, value_name = "FILE", default_value = record::FILE)]
    record: PathBuf,
    /// File again what is filed already
    #[arg(long)]
    again: bool,
    /// How many reports are sent at once, at most
    #[arg(long, value_name = "COUNT", default_value_t = JOBS, value_parser = clap::value_parser!(u8).range(1..=16))]
    jobs: u8,
    /// How long all of it may take, such as 90s, 30m or 2h [default: 45m, and a minute
    /// for each MiB]
    #[arg(long, value_name = "TIME", value_parser = time)]
    timeout: Option<Duration>,
    /// How long the server may go on with an upload whose answer was lost, before it is
    /// sent again [default: 30s, and 60ms for each finding]
    #[arg(long, value_name = "TIME", value_parser = time)]
    settle: Option<Duration>,
    /// The pause before something is tried again; further ones are longer
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1s")]
    pause: Duration,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    match &arguments.to {
        Some(folder) => keep_in(folder, arguments, global, console),
        None => file(arguments, global, console),
    }
}

fn keep_in(
    folder: &Path,
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let (plan, mut options) = arguments.matters.read(global, console)?;
    options.send_secrets = arguments.send_secrets;
    let record = Record::new(plan.clone(), this_second());
    let keep = |delivery: &Delivery| keep::prepared(delivery, &options);
    let written = bundle::write(folder, &plan, record, &keep)?;
    if !console.is_quiet() {
        console.result(outcome::kept(&written, &shown(folder)).as_bytes())?;
    }
    let is_whole = written.left_out.is_empty() && plan.missing.is_empty();
    Ok(if is_whole {
        Exit::Done
    } else {
        Exit::Incomplete
    })
}

fn file(arguments: &Arguments, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    let (mut record, prepare) = matter(arguments, global, console)?;
    let server = arguments.matters.server()?.or(record.server.take());
    let connected = arguments
        .server
        .connect(server.as_deref(), arguments.timeout, console)?;
    record.server = Some(connected.base.to_string());
    let _lock = Lock::of(&arguments.record)?;
    if let Some(earlier) = earlier(&arguments.record)? {
        record = record.resume(earlier).map_err(|why| anyhow!(why))?;
    }
    if arguments.again {
        for delivery in &mut record.deliveries {
            // What is not filed is sent anyway.
            drop(delivery.again());
        }
    }
    let open = outcome::open(&record);
    let progress: Arc<dyn Watch> = Arc::new(Progress::new(&record, console));
    let signals = Signals::watch().context("signals cannot be watched")?;
    let settings = Settings {
        client: connected.client,
        jobs: usize::from(arguments.jobs),
        timeout: arguments
            .timeout
            .unwrap_or_else(|| deliver::usual_timeout(&record)),
        pauses: Pauses {
            first: arguments.pause,
            settle: arguments.settle,
        },
        record: arguments.record.clone(),
        bundle: arguments.from.clone(),
        now: this_second,
    };
    let is_over = || signals.take().is_some();
    let ended = deliver(record, &settings, &prepare, &progress, &is_over);
    let record = shown(&arguments.record);
    if !console.is_quiet() {
        console.result(outcome::filed(&ended.record, &open, &record).as_bytes())?;
    }
    let is_delivered = ended.record.is_delivered() && ended.halt.is_none();
    if let Some(halt) = ended.halt {
        console.error(&halt.into());
    }
    let is_attached = ended.record.attachments.iter().all(|row| row.why.is_none());
    Ok(match is_delivered && is_attached {
        true => Exit::Done,
        false => Exit::Incomplete,
    })
}

/// What there is to file, and how it is made ready.
fn matter(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<(Record, Arc<Prepare>)> {
    if let Some(folder) = &arguments.from {
        let mut record = bundle::read(folder)?;
        if record.server.is_none() {
            record.server = load_policy(None, global, console)?.evidence.url;
        }
        let folder = folder.clone();
        let prepare = move |delivery: &Delivery| keep::from_bundle(delivery, &folder);
        return Ok((record, Arc::new(prepare)));
    }
    let (plan, mut options) = arguments.matters.read(global, console)?;
    refuse_mistakes(&plan)?;
    options.send_secrets = arguments.send_secrets;
    let prepare = move |delivery: &Delivery| keep::prepared(delivery, &options);
    Ok((Record::new(plan, this_second()), Arc::new(prepare)))
}

/// With a mistake in the configuration nothing is sent: it may be in all of it.
fn refuse_mistakes(plan: &Plan) -> anyhow::Result<()> {
    let wrong = plan.reports.iter().flat_map(|row| {
        let wrong = row.wrong.iter();
        let wrong = wrong.filter(|wrong| wrong.what == Cause::Configuration);
        wrong.map(|wrong| format!("{}: {}", row.artifact.path, wrong.text))
    });
    let wrong: Vec<_> = wrong.collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => bail!("nothing was sent: {}", wrong.join("; ")),
    }
}

/// The record of an earlier run, if there is one.
fn earlier(path: &Path) -> anyhow::Result<Option<Record>> {
    let unsound = |error: String| {
        anyhow!(
            "the record {} cannot be gone on with: {error}; keep it under another name, and ask the server what it has",
            shown(path)
        )
    };
    match artifact::open(path, record::MAX_SIZE) {
        Err(ArtifactError::Missing) => Ok(None),
        Err(error) => Err(unsound(error.to_string())),
        Ok(window) => match Record::read(window) {
            Ok((record, _)) => Ok(Some(record)),
            Err(error) => Err(unsound(error.to_string())),
        },
    }
}
