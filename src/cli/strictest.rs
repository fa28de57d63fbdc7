//! Loading several policies of which the strictest decides.
//!
//! They are copies of one policy at different times, or stand one above the other.
//! None of them may get at what another one reads, or has accepted.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::decision::folder;
use super::output::Console;
use super::{read_file, read_policy_by, show_mistakes};
use crate::fingerprint::without_detours;
use crate::policy::Policy;
use crate::policy::load::{BUILTIN_PREFIX, EXCEPTIONS_FILE};

/// Loads the policies in the order of their names. Their lanes' patterns are
/// relative to where the last one stands, and built-in ones have no exceptions.
///
/// # Errors
///
/// When there is a mistake in one of them, or two have the same exceptions.
pub(super) fn load(names: &[String], console: &Console) -> anyhow::Result<Vec<Policy>> {
    let here = std::env::current_dir().context("cannot tell the working folder")?;
    let mut keepers: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut policies = Vec::new();
    for name in names {
        let is_builtin = name.starts_with(BUILTIN_PREFIX);
        let read = |path: &Path| match is_builtin {
            true => Err(io::ErrorKind::NotFound.into()),
            false => read_file(path),
        };
        let policy = read_policy_by(name, console, &read);
        policies.push(policy.map_err(|error| show_mistakes(error, console))?);
        let exceptions = plain(&here, &folder(name).join(EXCEPTIONS_FILE));
        if !is_builtin
            && exceptions.exists()
            && let Some(other) = keepers.insert(exceptions, name)
            && other != name
        {
            bail!(
                "`{other}` and `{name}` stand beside one {EXCEPTIONS_FILE}, so whoever changes one \
                changes both: put one of them into a folder of its own"
            );
        }
    }
    if let Some(last) = names.last() {
        let to = plain(&here, folder(last));
        for (policy, name) in policies.iter_mut().zip(names) {
            let from = plain(&here, folder(name));
            for lane in policy.lanes.values_mut() {
                let moved = moved(&plain(&here, &lane.folder), &from, &to);
                lane.folder = moved
                    .strip_prefix(&here)
                    .map_or(moved.clone(), Path::to_path_buf);
            }
        }
    }
    Ok(policies)
}

fn plain(here: &Path, path: &Path) -> PathBuf {
    without_detours(&here.join(path).to_string_lossy())
        .into_owned()
        .into()
}

/// The folder that is to `to` as `folder` is to `from`: also one that lies above.
fn moved(folder: &Path, from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(folder.components());
    let shared = shared.take_while(|(one, other)| one == other).count();
    let mut moved = to.to_path_buf();
    for _ in from.components().skip(shared) {
        moved.pop();
    }
    moved.extend(folder.components().skip(shared));
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_place_beside_the_policy() {
        for (folder, expected) in [
            ("/w/.base/ci", "/w/ci"),
            ("/w/.base/ci/deep", "/w/ci/deep"),
            ("/w/.base", "/w"),
            ("/w/.base/other", "/w/other"),
        ] {
            let moved = moved(
                Path::new(folder),
                Path::new("/w/.base/ci"),
                Path::new("/w/ci"),
            );
            assert_eq!(moved, Path::new(expected), "{folder}");
        }
    }
}
