//! `policy`: checks a policy, shows the one that holds, runs its examples; and
//! holds it against past decisions, in [`backtest`].

use std::fmt::Write as _;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::backtest::{self, Backtest};
use super::decision::{folder, this_second, time};
use super::inputs::{Input, scanner_of};
use super::output::Console;
use super::{Exit, Format, Global, Surroundings, intake, load_policy, policy_name, read_policy};
use crate::parser;
use crate::parser::limits::DEFAULT_MAX_FINDINGS;
use crate::policy::Policy;
use crate::policy::decide::Verdict;
use crate::policy::example::{Example, Given, Trial};
use crate::policy::lint::lint;
use crate::policy::load::LoadError;
use crate::policy::problem::{Level, Problem};
use crate::policy::show::{Section, show, to_toml};
use crate::text::line;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say all that is wrong with a policy, and what in it does nothing
    #[command(after_help = CHECK_HELP)]
    Check(Check),
    /// Print the policy that holds after all that it extends, and where each
    /// value stands
    Show(Show),
    /// Decide about the examples in a policy
    #[command(after_help = TEST_HELP)]
    Test(Test),
    /// Decide again about past summaries, and say which verdicts flip and why
    #[command(after_help = backtest::AFTER_HELP)]
    Backtest(Backtest),
}

const CHECK_HELP: &str = "\
Exit codes: 0 nothing, or only warnings without --strict; 1 something that makes no sense; 2 a
mistake for which the policy cannot be used.";

const TEST_HELP: &str = "\
Exit codes: 0 everything is decided as the examples say; 1 something is not, or there is no
example; 2 a mistake in the policy, or a report that is not there.";

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    which: Which,
    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    day: Day,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    day: Day,
}

#[derive(Debug, Args)]
struct Which {
    /// The policy: a file, or `builtin:NAME` [default: the configuration, else
    /// builtin:baseline]
    policy: Option<String>,
    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Day {
    /// The time to hold it against, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
}

impl Day {
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(this_second)
    }
}

pub(super) fn run(command: &Command, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    match command {
        Command::Check(arguments) => check(arguments, global, console),
        Command::Show(arguments) => print_policy(arguments, global, console),
        Command::Test(arguments) => test(arguments, global, console),
        Command::Backtest(arguments) => backtest::run(arguments, global, console),
    }
}

/// What `policy check --format json` prints.
#[derive(Serialize)]
struct Checked<'a> {
    policy: &'a str,
    errors: usize,
    warnings: usize,
    problems: Vec<ProblemRow<'a>>,
}

#[derive(Serialize)]
struct ProblemRow<'a> {
    level: Level,
    file: &'a str,
    line: usize,
    column: usize,
    title: &'a str,
    label: &'a str,
}

impl<'a> From<&'a Problem> for ProblemRow<'a> {
    fn from(problem: &'a Problem) -> Self {
        let (line, column) = problem.place();
        Self {
            level: problem.level,
            file: &problem.source.name,
            line,
            column,
            title: &problem.title,
            label: &problem.label,
        }
    }
}

fn check(arguments: &Check, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    let Check { which, strict, day } = arguments;
    let name = policy_name(which.policy.as_deref(), global)?;
    let (problems, negative) = match read_policy(&name, console) {
        Ok(policy) => {
            let today = day.now().to_zoned(TimeZone::UTC).date();
            let problems = lint(&policy, &parser::scanners(), today);
            (problems, Exit::Negative)
        }
        // What is wrong with it is what was asked for.
        Err(LoadError::Mistakes(problems)) => (problems, Exit::Usage),
        Err(error) => return Err(error.into()),
    };
    let count = |level| {
        let problems = problems.iter();
        problems.filter(|problem| problem.level == level).count()
    };
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let exit = match errors > 0 || *strict && warnings > 0 {
        true => negative,
        false => Exit::Done,
    };
    match which.format {
        Format::Json => Console::json(&Checked {
            policy: &name,
            errors,
            warnings,
            problems: problems.iter().map(ProblemRow::from).collect(),
        })?,
        Format::Text if console.is_quiet() && exit == Exit::Done => {}
        Format::Text => {
            let problems = problems.iter().map(|problem| problem.render(true) + "\n");
            let total = format!("{}: {}\n", line(&name), counted(errors, warnings));
            console.result((problems.collect::<String>() + &total).as_bytes())?;
        }
    }
    Ok(exit)
}

/// `2 errors, 1 warning`.
fn counted(errors: usize, warnings: usize) -> String {
    let one = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{count} {what}s")),
    };
    let both = [one(errors, "error"), one(warnings, "warning")];
    let both: Vec<_> = both.into_iter().flatten().collect();
    match both.as_slice() {
        [] => "nothing is wrong".to_owned(),
        both => both.join(", "),
    }
}

/// What `policy show --format json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    policy: &'a str,
    sections: Vec<Section>,
}

fn print_policy(arguments: &Show, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    let which = &arguments.which;
    let name = policy_name(which.policy.as_deref(), global)?;
    let policy = load_policy(Some(&name), global, console)?;
    let sections = show(&policy, folder(&name));
    match which.format {
        Format::Json => Console::json(&Shown {
            policy: &name,
            sections,
        })?,
        Format::Text => Console::data(to_toml(&sections).as_bytes())?,
    }
    Ok(Exit::Done)
}

/// What `policy test --format json` prints.
#[derive(Serialize)]
struct Tested<'a> {
    policy: &'a str,
    failed: usize,
    examples: Vec<TrialRow<'a>>,
}

#[derive(Serialize)]
struct TrialRow<'a> {
    id: &'a str,
    file: &'a str,
    line: usize,
    ok: bool,
    expected: Expected<'a>,
    verdict: Verdict,
    broken: Vec<Broken<'a>>,
    differences: &'a [String],
}

#[derive(Serialize)]
struct Expected<'a> {
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<&'a [String]>,
}

#[derive(Serialize)]
struct Broken<'a> {
    rule: &'a str,
    findings: &'a [String],
}

impl<'a> From<&'a Trial<'_>> for TrialRow<'a> {
    fn from(trial: &'a Trial<'_>) -> Self {
        let Example {
            id,
            origin,
            verdict,
            rules,
            ..
        } = trial.example;
        let broken = trial.broken.iter();
        Self {
            id,
            file: &origin.source.name,
            line: origin.line(),
            ok: trial.is_ok(),
            expected: Expected {
                verdict: *verdict,
                rules: rules.as_deref(),
            },
            verdict: trial.verdict,
            broken: broken
                .map(|(rule, findings)| Broken { rule, findings })
                .collect(),
            differences: &trial.differences,
        }
    }
}

fn test(arguments: &Test, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    let Test { which, day } = arguments;
    let name = policy_name(which.policy.as_deref(), global)?;
    let policy = load_policy(Some(&name), global, console)?;
    let reports = reports(&policy)?;
    let (scanners, now) = (parser::scanners(), day.now());
    let examples = policy.examples.iter().zip(reports);
    let trials: Vec<_> = examples
        .map(|(example, report)| example.run(&policy, &scanners, report, now))
        .collect();
    let failed = trials.iter().filter(|trial| !trial.is_ok()).count();
    match which.format {
        Format::Json => Console::json(&Tested {
            policy: &name,
            failed,
            examples: trials.iter().map(TrialRow::from).collect(),
        })?,
        Format::Text => print_trials(&trials, failed, console)?,
    }
    // A test that cannot fail is none.
    if trials.is_empty() {
        console.error(&anyhow::anyhow!(
            "`{name}` has no `[[example]]`, so nothing was tested: see \"Tools\" in docs/policy.md"
        ));
        return Ok(Exit::Negative);
    }
    Ok(match failed {
        0 => Exit::Done,
        _ => Exit::Negative,
    })
}

/// The reports that the examples name, in their order. All are there before
/// anything is decided.
fn reports(policy: &Policy) -> anyhow::Result<Vec<Option<crate::report::Report>>> {
    let options = Surroundings::read(DEFAULT_MAX_FINDINGS).options;
    let report = |example: &Example| {
        let Given::Report {
            report,
            folder,
            lane,
        } = &example.given
        else {
            return Ok(None);
        };
        let path = folder.join(&report.pattern);
        if !path.is_file() {
            bail!(
                "the report `{}` of the example `{}` ({}) is not there",
                path.display(),
                example.id,
                example.origin
            );
        }
        let input = Input {
            path,
            lane: lane.clone(),
            declared: scanner_of(report),
            is_found: false,
            missing: None,
        };
        Ok(Some(intake::read_one(&input, policy, &options)))
    };
    policy.examples.iter().map(report).collect()
}

fn print_trials(trials: &[Trial<'_>], failed: usize, console: &Console) -> anyhow::Result<()> {
    let mut out = String::new();
    for trial in trials {
        describe(&mut out, trial, console.is_quiet()).expect("a String takes all text");
    }
    let total = match (trials.len() - failed, console.is_quiet()) {
        (_, true) => String::new(),
        (ok, false) => format!("{ok} ok, {failed} failed\n"),
    };
    console.result((out + &total).as_bytes())
}

fn describe(out: &mut String, trial: &Trial<'_>, is_quiet: bool) -> std::fmt::Result {
    let Example { id, origin, .. } = trial.example;
    match (trial.is_ok(), is_quiet) {
        (true, true) => return Ok(()),
        (true, false) => writeln!(out, "ok      {}", line(id))?,
        (false, _) => writeln!(out, "FAILED  {} ({})", line(id), line(&origin.to_string()))?,
    }
    for difference in &trial.differences {
        writeln!(out, "        {}", line(difference))?;
    }
    Ok(())
}
