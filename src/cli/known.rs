//! Reading what was known at some time: summaries, baselines, or reports.

use std::path::Path;

use clap::Args;
use jiff::Timestamp;

use super::inputs::{self, Input};
use super::intake::{self, Effort, Intake, Reading};
use super::output::Console;
use super::{Global, Surroundings, decision, load_policy, shown};
use crate::artifact;
use crate::baseline::Baseline;
use crate::parser::{self, Options, recognize};
use crate::policy::Policy;
use crate::report::{Health, Report};

/// What reading needs besides the names of files.
#[derive(Debug, Args)]
pub(super) struct Matters {
    /// The policy whose lanes the reports belong to, in place of the
    /// configuration's: a file, or `builtin:NAME`
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    #[command(flatten)]
    effort: Effort,
    /// The time at which reports are read, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = decision::time)]
    now: Option<Timestamp>,
}

/// Reads what was known.
pub(super) struct Reader<'a> {
    policy: Policy,
    options: Options,
    effort: Effort,
    now: Timestamp,
    console: &'a Console,
}

impl Matters {
    /// # Errors
    ///
    /// When there is a mistake in the policy.
    pub(super) fn reader<'a>(
        &self,
        global: &Global,
        console: &'a Console,
    ) -> anyhow::Result<Reader<'a>> {
        Ok(Reader {
            policy: load_policy(self.policy.as_deref(), global, console)?,
            options: Surroundings::read(self.effort.limit.max_findings).options,
            effort: self.effort,
            now: self.now.unwrap_or_else(decision::this_second),
            console,
        })
    }
}

impl Reader<'_> {
    /// Reads all that is named, in one; if nothing is, what the lanes' `reports`
    /// match. Absent when some of it cannot be relied on; what, has then been said.
    ///
    /// # Errors
    ///
    /// When the arguments make no sense, or nothing says what to read.
    pub(super) fn read(&self, named: &[String]) -> anyhow::Result<Option<Baseline>> {
        let inputs = inputs::find(named, &self.policy)?;
        let (own, reports): (Vec<_>, Vec<_>) =
            inputs.into_iter().partition(|input| self.is_own(input));
        // All of it is tried, so that all problems are said at once.
        let mut baselines: Vec<_> = own.iter().map(|input| self.open(&input.path)).collect();
        if own.is_empty() || !reports.is_empty() {
            baselines.push(self.reports(&reports));
        }
        let baselines: Option<Vec<_>> = baselines.into_iter().collect();
        Ok(baselines.and_then(Baseline::merge))
    }

    /// Reads a summary or a baseline. Absent when it is neither; that has then been
    /// said.
    pub(super) fn open(&self, path: &Path) -> Option<Baseline> {
        let name = shown(path);
        let read = artifact::open(path, self.effort.limit.size.max_report_size)
            .map_err(anyhow::Error::from)
            .and_then(|window| Ok(Baseline::read(window, &name)?));
        match read {
            Ok((baseline, _)) => Some(baseline),
            Err(error) => {
                self.console.error(&anyhow::anyhow!("{name}: {error}"));
                None
            }
        }
    }

    /// Whether a file that was named is one that the program wrote itself.
    fn is_own(&self, input: &Input) -> bool {
        let may_be = !input.is_found
            && input.declared.is_none()
            && input.missing.is_none()
            && input.path.as_os_str() != artifact::STDIN;
        let look = || {
            let window =
                artifact::open(&input.path, self.effort.limit.size.max_report_size).ok()?;
            parser::look(window, |outline| outline.has("schema")).0.ok()
        };
        may_be && look().is_some_and(|outline| recognize::is_own(&outline))
    }

    fn reports(&self, inputs: &[Input]) -> Option<Baseline> {
        let Intake {
            reports,
            passed_over,
        } = intake::read_all(
            inputs,
            self.effort,
            &self.policy,
            &self.options,
            Reading::ForSummary,
            self.console,
        );
        for path in &passed_over {
            self.console
                .warning(&format!("{path}: passed over, as no report"));
        }
        if reports.is_empty() {
            let error = anyhow::anyhow!(match passed_over.is_empty() {
                true => "no report was read: nothing was looked at",
                false =>
                    "no report was read: nothing was looked at; name a summary or a baseline itself, not its folder",
            });
            self.console.error(&error);
            return None;
        }
        let sound = reports.iter().filter(|report| self.is_sound(report));
        (sound.count() == reports.len()).then(|| Baseline::of_reports(&reports, self.now))
    }

    /// Whether a report proves something. What there is to say of it is said.
    fn is_sound(&self, report: &Report) -> bool {
        let path = &report.path;
        let why = match &report.scan {
            Err(error) => error.clone(),
            Ok(scan) => scan.reasons().collect::<Vec<_>>().join("; "),
        };
        let error = match report.health() {
            Health::Complete => return true,
            Health::Degraded => {
                self.console
                    .warning(&format!("{path}: the scan was not whole: {why}"));
                return true;
            }
            Health::Failed => anyhow::anyhow!("{path}: the scan proves nothing: {why}"),
            Health::Unreadable => anyhow::anyhow!("{path}: unreadable: {why}"),
        };
        self.console.error(&error);
        false
    }
}
