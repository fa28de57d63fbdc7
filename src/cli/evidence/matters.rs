//! What the evidence commands are about: the plan, from the arguments that all of
//! them have.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use crate::artifact::{self, ArtifactError};
use crate::cli::intake::{self, Intake, Reading, Sources};
use crate::cli::output::Console;
use crate::cli::{Global, Surroundings, load_policy, scan_context, shown};
use crate::convert;
use crate::evidence::Artifact;
use crate::evidence::plan::{Attached, Attachment, Plan, Told};
use crate::policy::Policy;
use crate::policy::load::EXCEPTIONS_FILE;
use crate::scan_record::Context;

/// The names of the summaries.
const SUMMARIES: [&str; 2] = ["security-gate-summary.json", "security-gate-summary.md"];

/// What is told of where reports are filed, in place of the configuration.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The server's address, in place of the configuration's
    #[arg(
        long,
        value_name = "URL",
        env = "DEFECTDOJO_URL",
        hide_env_values = true
    )]
    url: Option<String>,
    /// The product of lanes that name none of their own, in place of the
    /// configuration's
    #[arg(long, value_name = "NAME", env = "DD_PRODUCT", hide_env_values = true)]
    product: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Matters {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    place: Place,
    /// What the pipeline's environment does not tell, such as branch=main
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// The folder of the summaries, which go along if they are there
    #[arg(long, value_name = "DIR", default_value = ".")]
    summaries: PathBuf,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !value.trim().is_empty() => {
            Ok((name.to_owned(), value.trim().to_owned()))
        }
        _ => Err("it is a name and a value, such as branch=main".to_owned()),
    }
}

impl Place {
    /// The product, where one is told.
    pub(super) fn product(&self) -> Option<String> {
        self.product.clone().filter(|name| !name.trim().is_empty())
    }

    /// The server's address, where one is told.
    pub(super) fn server(&self) -> anyhow::Result<Option<String>> {
        let Some(url) = self.url.as_ref().filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        if let Err(why) = crate::policy::evidence::address(url) {
            // Not shown: there may be a password in it.
            bail!("the server's address (`--url` or DEFECTDOJO_URL) is none: {why}");
        }
        Ok(Some(url.clone()))
    }
}

impl Matters {
    /// Reads the reports, and plans where they are filed.
    ///
    /// # Errors
    ///
    /// When there is a mistake in the configuration or in the arguments, or nothing
    /// says which reports to read.
    pub(super) fn plan(&self, global: &Global, console: &Console) -> anyhow::Result<Plan> {
        self.read(global, console).map(|(plan, _)| plan)
    }

    /// The plan, and how its reports are made ready to be sent.
    ///
    /// # Errors
    ///
    /// As for [`Matters::plan`].
    pub(super) fn read(
        &self,
        global: &Global,
        console: &Console,
    ) -> anyhow::Result<(Plan, convert::Options)> {
        let policy = load_policy(None, global, console)?;
        let surroundings = Surroundings::read(self.sources.effort.limit.max_findings);
        let mut context = scan_context(&surroundings);
        for (name, value) in &self.set {
            set(&mut context, name, value)?;
        }
        let Intake { reports, .. } = intake::read(
            &self.sources,
            &policy,
            &surroundings.options,
            Reading::Counts,
            console,
        )?;
        let told = Told {
            server: self.server()?,
            product: self.place.product(),
        };
        let attachments = self.attachments(&policy)?;
        let options = convert::Options {
            parser: surroundings.options,
            max_size: self.sources.effort.limit.size.max_report_size,
            unknown_severity: policy.unknown_severity,
            ..convert::Options::default()
        };
        let plan = Plan::new(&policy, &reports, attachments, context, &told);
        Ok((plan, options))
    }

    /// The server's address, where one is told.
    pub(super) fn server(&self) -> anyhow::Result<Option<String>> {
        self.place.server()
    }

    /// What goes along with the reports, as far as it is there.
    fn attachments(&self, policy: &Policy) -> anyhow::Result<Vec<Attachment>> {
        let folder = match self.summaries.as_os_str() == "." {
            true => Path::new(""),
            false => &self.summaries,
        };
        let summaries = SUMMARIES.map(|name| (Attached::Summary, folder.join(name)));
        let sources = policy.sources.iter().map(|source| &source.name);
        let exceptions = sources.filter(|name| name.ends_with(EXCEPTIONS_FILE));
        let exceptions = exceptions.map(|name| (Attached::Exceptions, PathBuf::from(name)));
        let mut attachments = Vec::new();
        for (what, path) in summaries.into_iter().chain(exceptions) {
            match digested(&path) {
                Ok(file) => attachments.push(Attachment { what, file }),
                Err(ArtifactError::Missing) => {}
                Err(error) => bail!("cannot read `{}`: {error}", path.display()),
            }
        }
        Ok(attachments)
    }
}

/// A file with the digest of its bytes.
fn digested(path: &Path) -> Result<Artifact, ArtifactError> {
    let digested = artifact::open(path, artifact::DEFAULT_MAX_SIZE)?.finish()?;
    Ok(Artifact {
        path: shown(path),
        sha256: digested.sha256,
        bytes: digested.bytes,
    })
}

/// Puts a value into the context.
fn set(context: &mut Context, name: &str, value: &str) -> anyhow::Result<()> {
    let fields = [
        ("project", &mut context.project),
        ("branch", &mut context.branch),
        ("target_branch", &mut context.target_branch),
        ("merge_request", &mut context.merge_request),
        ("commit", &mut context.commit),
        ("tag", &mut context.tag),
        ("environment", &mut context.environment),
        ("pipeline", &mut context.pipeline),
    ];
    let known: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let found = fields.into_iter().find(|(known, _)| *known == name);
    let Some((_, field)) = found else {
        bail!(
            "`{name}` in `--set` is nothing that a pipeline tells: {}",
            crate::text::suggestion(name, &known)
        );
    };
    *field = Some(value.to_owned());
    Ok(())
}
