//! Finding the reports: those named on the command line, or those that the
//! lanes' patterns match.
//!
//! What was asked for and is not there stays in the list as missing, so that the
//! decision knows of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use globset::{GlobBuilder, GlobMatcher};
use walkdir::WalkDir;

use crate::artifact;
use crate::fingerprint::without_detours;
use crate::parser::{self, PARSERS};
use crate::policy::{Lane, Policy, ReportPattern};
use crate::scan_record;
use crate::text::suggestion;

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    pub(super) lane: Option<String>,
    pub(super) declared: Option<&'static str>,
    /// Found by looking around in a folder, where other files may be, too.
    pub(super) is_found: bool,
    /// Why there is nothing to read.
    pub(super) missing: Option<&'static str>,
}

/// What the command line names; if it names nothing, what the lanes match.
///
/// # Errors
///
/// When the arguments make no sense, or nothing says which reports to read.
pub(super) fn find(named: &[String], policy: &Policy) -> anyhow::Result<Vec<Input>> {
    let mut inputs = match named {
        [] => by_lanes(policy)?,
        named => by_name(named, policy)?,
    };
    // One file that is matched twice in a lane is read once, as declared.
    inputs.sort_by(|one, other| {
        let key = |input: &Input| {
            (
                input.path.clone(),
                input.lane.clone(),
                input.declared.is_none(),
            )
        };
        key(one).cmp(&key(other))
    });
    inputs.dedup_by(|second, first| {
        (&second.path, &second.lane) == (&first.path, &first.lane)
            && (second.declared == first.declared || second.declared.is_none())
    });
    Ok(inputs)
}

/// What each of several policies has to read: what any of them asks for, in the
/// lane that it gives it itself, or else another one does.
///
/// # Errors
///
/// As of [`find`]. That one of several policies names no reports is no mistake.
pub(super) fn find_for_all(
    named: &[String],
    policies: &[Policy],
) -> anyhow::Result<Vec<Vec<Input>>> {
    let is_other_named = named.is_empty() && policies.iter().any(names_reports);
    let own = |policy| match is_other_named && !names_reports(policy) {
        true => Ok(Vec::new()),
        false => find(named, policy),
    };
    let found: Vec<Vec<Input>> = policies.iter().map(own).collect::<anyhow::Result<_>>()?;
    let plain = |path: &Path| without_detours(&path.to_string_lossy()).into_owned();
    let with_others = |own: &Vec<Input>| {
        let mut paths: BTreeSet<_> = own.iter().map(|input| plain(&input.path)).collect();
        let others = found.iter().flatten();
        let others = others.filter(|input| paths.insert(plain(&input.path)));
        let mut all = own.clone();
        all.extend(others.cloned());
        all.sort();
        all
    };
    Ok(found.iter().map(with_others).collect())
}

fn names_reports(policy: &Policy) -> bool {
    policy.lanes.values().any(|lane| !lane.reports.is_empty())
}

fn by_lanes(policy: &Policy) -> anyhow::Result<Vec<Input>> {
    if !names_reports(policy) {
        bail!(
            "no reports are named: name files or a folder, or give the lanes `reports` in security-gate.toml"
        );
    }
    let mut inputs = Vec::new();
    for (name, lane) in &policy.lanes {
        for report in &lane.reports {
            for path in expand(&lane.folder, &report.pattern)? {
                inputs.push(Input {
                    path,
                    lane: Some(name.clone()),
                    declared: scanner_of(report),
                    is_found: false,
                    missing: None,
                });
            }
        }
    }
    Ok(inputs)
}

fn by_name(named: &[String], policy: &Policy) -> anyhow::Result<Vec<Input>> {
    let mut lanes: Vec<&str> = policy
        .lanes
        .keys()
        .map(String::as_str)
        .chain(parser::lanes())
        .collect();
    lanes.sort_unstable();
    lanes.dedup();
    let mut inputs = Vec::new();
    for argument in named {
        let (lane, declared, pattern) = split(argument, &lanes)?;
        if pattern.is_empty() {
            bail!("`{argument}` names no report");
        }
        let path = Path::new(pattern);
        let input = |path: PathBuf, is_found: bool, missing: Option<&'static str>| {
            let matched = lane
                .is_none()
                .then(|| matching_lane(&path, policy))
                .flatten();
            Input {
                lane: lane
                    .map(str::to_owned)
                    .or(matched.map(|(lane, _)| lane.to_owned())),
                declared: declared.or(matched.and_then(|(_, declared)| declared)),
                path,
                is_found,
                missing,
            }
        };
        let (found, missing) = if path.is_dir() {
            (
                search(path)?,
                "the folder holds no file that may be a report: did the jobs before keep theirs?",
            )
        } else if pattern == artifact::STDIN || path.is_file() || !is_pattern(pattern) {
            (vec![path.to_path_buf()], "")
        } else {
            (
                expand(Path::new(""), pattern)?,
                "the pattern matches no file: did the jobs before keep theirs?",
            )
        };
        if found.is_empty() {
            inputs.push(input(path.to_path_buf(), false, Some(missing)));
        }
        let is_found = path.is_dir() && declared.is_none();
        inputs.extend(found.into_iter().map(|found| input(found, is_found, None)));
    }
    Ok(inputs)
}

/// `LANE=SCANNER=PATH` into its parts, of which the first two may be missing.
fn split<'t>(
    argument: &'t str,
    lanes: &[&str],
) -> anyhow::Result<(Option<&'t str>, Option<&'static str>, &'t str)> {
    if Path::new(argument).exists() {
        return Ok((None, None, argument));
    }
    let (lane, rest) = match argument.split_once('=') {
        Some((name, rest)) if lanes.contains(&name) => (Some(name), rest),
        _ => (None, argument),
    };
    let report = ReportPattern::parse(rest);
    let declared = scanner_of(&report);
    if let (Some(name), None) = (&report.scanner, declared) {
        let mut known: Vec<&str> = PARSERS.iter().map(|parser| parser.scanner).collect();
        if lane.is_none() {
            known.extend(lanes);
        }
        bail!(
            "`{name}` in `{argument}` is neither a scanner nor a lane: {}",
            suggestion(name, &known)
        );
    }
    let pattern = rest
        .get(rest.len() - report.pattern.len()..)
        .unwrap_or(rest);
    Ok((lane, declared, pattern))
}

/// The scanner that a report is declared to be of.
pub(super) fn scanner_of(report: &ReportPattern) -> Option<&'static str> {
    report
        .scanner
        .as_deref()
        .and_then(parser::by_name)
        .map(|parser| parser.scanner)
}

/// The lane whose patterns match a file that was named without one.
fn matching_lane<'p>(path: &Path, policy: &'p Policy) -> Option<(&'p str, Option<&'static str>)> {
    let path = std::path::absolute(path).ok()?;
    let matches = |lane: &Lane, report: &ReportPattern| {
        let folder = std::path::absolute(lane.folder.join(".")).ok()?;
        Some(glob(&folder, &report.pattern).ok()?.is_match(&path))
    };
    policy.lanes.iter().find_map(|(name, lane)| {
        let report = lane
            .reports
            .iter()
            .find(|report| matches(lane, report) == Some(true))?;
        Some((name.as_str(), scanner_of(report)))
    })
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

/// A pattern below a folder, whose own name is taken as it is.
fn glob(folder: &Path, pattern: &str) -> anyhow::Result<GlobMatcher> {
    let below = folder.join("").to_string_lossy().into_owned();
    let below = if Path::new(pattern).is_absolute() {
        String::new()
    } else {
        globset::escape(&below)
    };
    let glob = GlobBuilder::new(&(below + &without_detours(pattern)))
        .literal_separator(true)
        .build();
    Ok(glob
        .with_context(|| format!("`{pattern}` is no pattern"))?
        .compile_matcher())
}

/// The files below `folder` that a pattern matches, in order. A path without
/// wildcards matches itself, if it is there.
fn expand(folder: &Path, pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    if !is_pattern(pattern) {
        let path = folder.join(pattern);
        return Ok(if path.symlink_metadata().is_ok() {
            vec![path]
        } else {
            Vec::new()
        });
    }
    let matcher = glob(folder, pattern)?;
    let pattern = &without_detours(pattern);
    let parts = || Path::new(&**pattern).components();
    let is_literal =
        |part: &std::path::Component<'_>| !part.as_os_str().to_str().is_some_and(is_pattern);
    let base = folder.join(parts().take_while(is_literal).collect::<PathBuf>());
    let depth = match pattern.contains("**") {
        true => usize::MAX,
        false => parts().skip_while(is_literal).count(),
    };
    let start = if base.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &base
    };
    if !start.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in WalkDir::new(start).max_depth(depth).sort_by_file_name() {
        let entry = entry.with_context(|| format!("cannot look for `{pattern}`"))?;
        let path = entry.path().strip_prefix("./").unwrap_or(entry.path());
        if !entry.file_type().is_dir() && matcher.is_match(path) && !is_scan_record(path) {
            found.push(path.to_path_buf());
        }
    }
    Ok(found)
}

/// Whether a file is the record beside a report, by its name and its content:
/// either alone may be a report's.
fn is_scan_record(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(scan_record::SUFFIX)
        && artifact::open(path, scan_record::MAX_SIZE).is_ok_and(scan_record::is_record)
}

/// The files below a folder that may be reports, by their extensions. Hidden
/// folders and installed packages are passed over.
fn search(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    const EXTENSIONS: [&str; 4] = ["json", "xml", "csv", "sarif"];
    let may_hold_reports = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0
            || !entry.file_type().is_dir()
            || !name.starts_with('.') && name != "node_modules"
    };
    let mut found = Vec::new();
    for entry in WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(may_hold_reports)
    {
        let entry = entry.with_context(|| format!("cannot search `{}`", folder.display()))?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        if !entry.file_type().is_dir()
            && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
            && !is_scan_record(entry.path())
        {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}
