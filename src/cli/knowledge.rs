//! Reading what is known besides the reports: a baseline, KEV, EPSS, VEX.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::shown;
use crate::artifact::{self, ArtifactError, Window};
use crate::baseline::Baseline;
use crate::enrichment::{Epss, Kev, Vex};
use crate::policy::knowledge::{Given, Knowledge};

#[derive(Debug, Args)]
pub(super) struct Files {
    /// An earlier summary, or what `baseline create` made of some: tells new
    /// findings from known ones, and since when they are known
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// CISA's catalogue of known exploited vulnerabilities, JSON
    #[arg(long, value_name = "FILE")]
    kev: Option<PathBuf>,
    /// FIRST's exploit predictions, CSV, also compressed by gzip
    #[arg(long, value_name = "FILE")]
    epss: Option<PathBuf>,
    /// A VEX document, OpenVEX or CycloneDX in JSON; may be given several times
    #[arg(long, value_name = "FILE")]
    vex: Vec<PathBuf>,
}

/// A file that was named, or not.
#[derive(Debug)]
enum Loaded<T> {
    Nothing,
    Missing(String),
    Unusable(String),
    Read(T),
}

/// What was read.
#[derive(Debug)]
pub(super) struct Library {
    baseline: Loaded<Baseline>,
    kev: Loaded<Kev>,
    epss: Loaded<Epss>,
    vex: Loaded<Vec<Vex>>,
}

impl Files {
    /// Reads the files. Whether one that cannot be used matters is for the policy
    /// to say.
    pub(super) fn read(&self) -> Library {
        Library {
            baseline: baseline(self.baseline.as_deref()),
            kev: load(self.kev.as_deref(), Kev::read),
            epss: load(self.epss.as_deref(), Epss::read),
            vex: vex(&self.vex),
        }
    }
}

fn open(path: &Path) -> Result<Window, ArtifactError> {
    artifact::open(path, artifact::DEFAULT_MAX_SIZE)
}

fn load<T, E: std::fmt::Display>(
    path: Option<&Path>,
    read: impl FnOnce(&str, Window) -> Result<T, E>,
) -> Loaded<T> {
    let Some(path) = path else {
        return Loaded::Nothing;
    };
    match open(path) {
        Ok(window) => match read(&shown(path), window) {
            Ok(read) => Loaded::Read(read),
            Err(error) => Loaded::Unusable(error.to_string()),
        },
        Err(ArtifactError::Missing) => Loaded::Unusable(format!(
            "{}: there is no such file; did the job that fetches it keep it?",
            shown(path)
        )),
        Err(error) => Loaded::Unusable(format!("{}: {error}", shown(path))),
    }
}

/// A first run has no baseline: that there is no such file is no damage.
fn baseline(path: Option<&Path>) -> Loaded<Baseline> {
    if let Some(path) = path
        && let Err(error) = path.symlink_metadata()
        && error.kind() == io::ErrorKind::NotFound
    {
        return Loaded::Missing(shown(path));
    }
    load(path, |name, window| {
        let read = Baseline::read(window, name);
        read.map(|(baseline, _)| baseline)
            .map_err(|error| format!("{name}: {error}"))
    })
}

/// All of them, or none: one that cannot be read may take back what another says.
fn vex(paths: &[PathBuf]) -> Loaded<Vec<Vex>> {
    let mut documents = Vec::new();
    for path in paths {
        match load(Some(path), Vex::read) {
            Loaded::Read(document) => documents.push(document),
            Loaded::Unusable(why) => return Loaded::Unusable(why),
            Loaded::Nothing | Loaded::Missing(_) => {}
        }
    }
    match documents.is_empty() {
        true => Loaded::Nothing,
        false => Loaded::Read(documents),
    }
}

impl<T> Loaded<T> {
    fn given(&self) -> Given<'_, &T> {
        match self {
            Self::Nothing => Given::Nothing,
            Self::Missing(path) => Given::Missing(path),
            Self::Unusable(why) => Given::Unusable(why),
            Self::Read(read) => Given::Read(read),
        }
    }
}

impl Library {
    pub(super) fn knowledge(&self) -> Knowledge<'_> {
        let vex = match self.vex.given() {
            Given::Read(documents) => Given::Read(documents.as_slice()),
            Given::Nothing => Given::Nothing,
            Given::Missing(path) => Given::Missing(path),
            Given::Unusable(why) => Given::Unusable(why),
        };
        Knowledge {
            baseline: self.baseline.given(),
            kev: self.kev.given(),
            epss: self.epss.given(),
            vex,
        }
    }
}
