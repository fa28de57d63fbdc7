//! The process: arguments, files, clock, environment, streams, exit code.
//!
//! Only here is the world asked for anything. Each command is a file with its
//! arguments and a function `run`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
#[cfg(unix)]
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::parser::{self, Options};
use crate::policy::decide::{Decision, Verdict};
use crate::policy::load::{self, LoadError, Vocabulary};
use crate::policy::{Mode, Policy};
use crate::render::summary::Context;
use crate::scan_record;
use crate::secret::SecretKey;

mod backtest;
mod baseline;
mod check;
mod context;
mod decision;
mod diff;
mod evidence;
mod explain;
mod inputs;
mod inspect;
mod intake;
mod knowledge;
mod known;
mod output;
mod policy;
mod process;
mod proof;
mod run;
mod schema;
mod strictest;

use output::Console;

/// The configuration that is looked for when none is named.
const CONFIG_FILE: &str = "security-gate.toml";

/// Decides by a policy whether a release may go on, from the reports that
/// security scanners left.
#[derive(Debug, Parser)]
#[command(name = "security-gate", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 pass, or done; 1 a rule with the action `fail` is broken; 2 a mistake in
usage, configuration or policy: nothing was decided; 3 something required is missing,
unreadable, or proves nothing. Every code but 0 means no.";

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Global {
    /// The configuration with lanes, rules and exceptions [default:
    /// security-gate.toml here or in a folder above]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// Print nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also say what is read, and how
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

/// How a result is printed to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decide whether the release may go on, and write the summaries
    Check(check::Arguments),
    /// Say why a finding, a rule or an exception is as it is, or draft an exception
    Explain(explain::Arguments),
    /// Make the file that later decisions are compared with
    #[command(subcommand)]
    Baseline(baseline::Command),
    /// Say what is new and what is fixed between two summaries, baselines or
    /// folders of reports
    Diff(diff::Arguments),
    /// Say what each file is and what the gate reads from it
    Inspect(inspect::Arguments),
    /// Run a scanner, and record beside its report that, and how, it ran
    Run(run::Arguments),
    /// Check a policy, show the one that holds, run its examples, or hold it
    /// against past decisions
    #[command(subcommand)]
    Policy(policy::Command),
    /// File the reports as evidence, or say where they would be filed
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Print the JSON Schema of an output
    Schema(schema::Arguments),
    /// Print a script that completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man {
        /// The command that the page is about, such as `policy check` [default: the
        /// program]
        command: Vec<String>,
    },
}

/// How the process ends. A caller may rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    /// Pass, or done.
    Done = 0,
    /// A rule is broken.
    Negative = 1,
    /// A mistake in usage, configuration or policy: nothing was decided.
    Usage = 2,
    /// Something required is missing, unreadable, or proves nothing.
    Incomplete = 3,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Done,
            Verdict::Fail => Self::Negative,
            Verdict::Incomplete => Self::Incomplete,
        }
    }
}

impl From<&Decision<'_>> for Exit {
    fn from(decision: &Decision<'_>) -> Self {
        match decision.policy.mode {
            Mode::Enforce => Self::from(decision.verdict()),
            Mode::Observe => Self::Done,
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    say_of_a_panic_that_nothing_was_decided();
    #[cfg(unix)]
    take_a_limit_of_file_sizes_for_an_error();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and the version go to standard output, and are no mistake.
            let printed = error.print();
            let is_mistake = error.use_stderr() || printed.is_err();
            return ExitCode::from(if is_mistake { Exit::Usage } else { Exit::Done } as u8);
        }
    };
    let console = Console::new(cli.global.color, cli.global.quiet, cli.global.verbose);
    let exit = run(&cli, &console).unwrap_or_else(|error| {
        console.error(&error);
        Exit::Usage
    });
    ExitCode::from(exit as u8)
}

fn run(cli: &Cli, console: &Console) -> anyhow::Result<Exit> {
    match &cli.command {
        Command::Check(arguments) => check::run(arguments, &cli.global, console),
        Command::Explain(arguments) => explain::run(arguments, &cli.global, console),
        Command::Baseline(command) => baseline::run(command, &cli.global, console),
        Command::Diff(arguments) => diff::run(arguments, &cli.global, console),
        Command::Inspect(arguments) => inspect::run(arguments, &cli.global, console),
        Command::Policy(command) => policy::run(command, &cli.global, console),
        Command::Run(arguments) => run::run(arguments, console),
        Command::Evidence(command) => evidence::run(command, &cli.global, console),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut command(), "security-gate", &mut script);
            Console::data(&script)?;
            Ok(Exit::Done)
        }
        Command::Man { command: names } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(page_of(names)?).render(&mut page)?;
            Console::data(&page)?;
            Ok(Exit::Done)
        }
    }
}

fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// The command of these names, one below the other, as its page shows it.
fn page_of(names: &[String]) -> anyhow::Result<clap::Command> {
    let mut whole = command();
    // Global options are every command's only once that is built.
    whole.build();
    let mut page = whole;
    for name in names {
        let found = page.find_subcommand(name).cloned();
        page = found.with_context(|| format!("there is no command `{name}`"))?;
    }
    Ok(page)
}

/// A panic leaves with 101, which every pipeline takes for a no.
fn say_of_a_panic_that_nothing_was_decided() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        anstream::eprintln!(
            "error: this is a defect of security-gate; what it was doing has not been done"
        );
    }));
}

/// Otherwise the signal ends the process, and leaves half a summary aside.
#[cfg(unix)]
fn take_a_limit_of_file_sizes_for_an_error() {
    let exceeded = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    // Without it, the exit code of that end is no pass either.
    drop(exceeded);
}

/// What the environment says that a command may need.
#[derive(Debug)]
struct Surroundings {
    context: Context,
    options: Options,
}

impl Surroundings {
    /// With how many findings of a report are to be kept.
    fn read(max_findings: u64) -> Self {
        let variable = |name: &str| {
            #[expect(
                clippy::disallowed_methods,
                reason = "this is where the environment is read"
            )]
            std::env::var(name).ok()
        };
        let (context, workspace) = context::read(&variable);
        let here = std::env::current_dir().ok().map(|path| shown(&path));
        let secrets = SecretKey::new(variable("SECURITY_GATE_KEY").unwrap_or_default());
        Self {
            context,
            options: Options {
                secrets,
                workspace: workspace.or(here),
                max_findings,
            },
        }
    }
}

/// The context without people.
fn scan_context(surroundings: &Surroundings) -> scan_record::Context {
    let context = surroundings.context.clone();
    scan_record::Context {
        provider: context.provider,
        project: context.project,
        branch: context.branch,
        target_branch: context.target_branch,
        merge_request: context.merge_request,
        commit: context.commit,
        tag: context.tag,
        environment: context.environment,
        pipeline: context.pipeline,
    }
}

/// The name of the policy that holds: `named`, else the configuration, else the
/// built-in baseline.
fn policy_name(named: Option<&str>, global: &Global) -> anyhow::Result<String> {
    Ok(match (named, &global.config) {
        (Some(name), _) => name.to_owned(),
        (None, Some(config)) => config.display().to_string(),
        (None, None) => match find_config()? {
            Some(config) => config.display().to_string(),
            None => format!("{}baseline", load::BUILTIN_PREFIX),
        },
    })
}

/// Loads a policy from its files.
fn read_policy(name: &str, console: &Console) -> Result<Policy, LoadError> {
    read_policy_by(name, console, &read_file)
}

/// Reads a file of the user's own.
///
/// # Errors
///
/// Also for what is not a regular file: opening a pipe that nobody writes to never
/// returns, and a device may never end.
fn read_file(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let file = std::fs::OpenOptions::new().read(true).open(path);
    file.and_then(io::read_to_string)
}

/// Loads a policy from what `read` reads.
fn read_policy_by(
    name: &str,
    console: &Console,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Policy, LoadError> {
    console.detail(format_args!("policy: {name}"));
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    load::load(name, vocabulary, read)
}

/// Loads the policy that holds, and shows its mistakes.
fn load_policy(named: Option<&str>, global: &Global, console: &Console) -> anyhow::Result<Policy> {
    let name = policy_name(named, global)?;
    read_policy(&name, console).map_err(|error| show_mistakes(error, console))
}

fn show_mistakes(error: LoadError, console: &Console) -> anyhow::Error {
    match error {
        LoadError::Mistakes(problems) => {
            for problem in &problems {
                console.problem(problem);
            }
            anyhow::anyhow!("{}, so nothing was decided", LoadError::Mistakes(problems))
        }
        error => error.into(),
    }
}

/// The nearest configuration in the working folder and those above it.
fn find_config() -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("cannot tell the working folder")?;
    let found = here
        .ancestors()
        .map(|folder| folder.join(CONFIG_FILE))
        .find(|path| path.is_file());
    // Shown as the user would write it.
    Ok(found.map(|path| match path.strip_prefix(&here) {
        Ok(below) => below.to_path_buf(),
        Err(_) => path,
    }))
}

/// A time as it is written in an argument.
fn time(text: &str) -> Result<Duration, &'static str> {
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let mut units = UNITS.iter();
    let time = units.find_map(|(unit, factor)| {
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_millis(u64::from(number) * factor))
    });
    time.filter(|time| !time.is_zero())
        .ok_or("a time is a number with s, m or h: 90s, 30m, 2h")
}

/// A path as it is shown and recorded: lossily, if it is not Unicode.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
