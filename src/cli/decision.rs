//! What a decision is made of: the policy, the reports, what is known besides,
//! and the time; from the arguments that all commands that decide have.

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use super::inputs::{self, Input};
use super::intake::{self, Intake, Reading};
use super::knowledge::{Files, Library};
use super::output::Console;
use super::{Global, Surroundings, load_policy};
use crate::baseline::change;
use crate::policy::Policy;
use crate::policy::decide::{Circumstances, Decision, decide};
use crate::policy::load::BUILTIN_PREFIX;
use crate::render::summary::Context;
use crate::report::Report;

#[derive(Debug, Args)]
pub(super) struct Matters {
    #[command(flatten)]
    pub(super) sources: intake::Sources,
    /// The policy, in place of the configuration's: a file, or `builtin:NAME`
    /// with baseline, strict or pre-push. With `--strictest` several: the
    /// strictest of them decides
    #[arg(long, value_name = "FILE")]
    pub(super) policy: Vec<String>,
    #[command(flatten)]
    pub(super) files: Files,
    /// The time to decide at, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) now: Option<Timestamp>,
}

pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse()
        .map_err(|_| "a time has a date, a time of day and a zone, such as 2026-11-21T12:00:00Z")
}

/// A decision is not made to the nanosecond.
pub(super) fn this_second() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// What is the same whatever the policy.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) context: Context,
    change: Option<String>,
    options: crate::parser::Options,
    library: Library,
    now: Timestamp,
}

/// A policy with the reports that it reads.
#[derive(Debug)]
pub(super) struct Matter {
    pub(super) policy: Policy,
    pub(super) reports: Vec<Report>,
    /// Files of searched folders that are sound and no reports.
    pub(super) passed_over: Vec<String>,
}

impl Matters {
    /// The policy that holds, where there is one: the one that is named, else the
    /// configuration's.
    ///
    /// # Errors
    ///
    /// When there is a mistake in it.
    pub(super) fn policy(&self, global: &Global, console: &Console) -> anyhow::Result<Policy> {
        load_policy(self.policy.first().map(String::as_str), global, console)
    }

    /// Reads what is the same whatever the policy.
    pub(super) fn setting(&self) -> Setting {
        let Surroundings { context, options } =
            Surroundings::read(self.sources.effort.limit.max_findings);
        Setting {
            change: change(context.branch.as_deref(), context.merge_request.as_deref()),
            context,
            options,
            library: self.files.read(),
            now: self.now.unwrap_or_else(this_second),
        }
    }

    /// Reads the reports by each policy. Of several, each reads what any of them
    /// asks for: none can be kept from a report by another one's patterns.
    ///
    /// # Errors
    ///
    /// When the arguments make no sense, or nothing says which reports to read.
    pub(super) fn matters(
        &self,
        policies: Vec<Policy>,
        setting: &Setting,
        keep: Reading,
        console: &Console,
    ) -> anyhow::Result<Vec<Matter>> {
        let inputs = inputs::find_for_all(&self.sources.reports, &policies)?;
        let matter = |(policy, inputs): (Policy, Vec<Input>)| {
            let Intake {
                reports,
                passed_over,
            } = intake::read_all(
                &inputs,
                self.sources.effort,
                &policy,
                &setting.options,
                keep,
                console,
            );
            Matter {
                policy,
                reports,
                passed_over,
            }
        };
        Ok(policies.into_iter().zip(inputs).map(matter).collect())
    }

    /// Reads the reports in full, by the one policy that decides.
    ///
    /// # Errors
    ///
    /// As of [`matters`](Self::matters).
    pub(super) fn matter(
        &self,
        policy: Policy,
        setting: &Setting,
        console: &Console,
    ) -> anyhow::Result<Matter> {
        let mut matters = self.matters(vec![policy], setting, Reading::InFull, console)?;
        matters.pop().context("there is no policy")
    }
}

impl Matter {
    pub(super) fn decide<'a>(&'a self, setting: &'a Setting) -> Decision<'a> {
        let circumstances = Circumstances {
            now: setting.now,
            workspace: setting.options.workspace.as_deref(),
            commit: setting.context.commit.as_deref(),
            authors: &setting.context.authors,
            change: setting.change.as_deref(),
            knowledge: setting.library.knowledge(),
        };
        decide(&self.policy, &self.reports, circumstances)
    }
}

/// The folder that a policy's patterns of reports are relative to.
pub(super) fn folder(policy: &str) -> &Path {
    match policy.starts_with(BUILTIN_PREFIX) {
        true => Path::new(""),
        false => Path::new(policy).parent().unwrap_or(Path::new("")),
    }
}
