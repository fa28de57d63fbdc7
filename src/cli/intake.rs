//! Finding the reports, and reading them.
//!
//! A report is named on the command line, or matched by a lane's patterns. What
//! was asked for and is not there becomes an unreadable report, so that the
//! decision knows of it.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::bail;
use clap::Args;
use globset::{GlobBuilder, GlobMatcher};
use walkdir::WalkDir;

use super::output::Console;
use super::{context, shown};
use crate::artifact::{self, Digested};
use crate::parser::{self, Options, PARSERS};
use crate::policy::Policy;
use crate::render::summary::Context;
use crate::report::{Report, Tally};
use crate::secret::SecretKey;

#[derive(Debug, Args)]
pub(super) struct Sources {
    /// Report files, folders with some, or patterns; `-` is standard input.
    /// `SCANNER=` in front says what wrote them, `LANE=` where they belong
    /// [default: what the lanes' `reports` match]
    #[arg(value_name = "REPORT")]
    reports: Vec<String>,
    /// The largest report that is read, in bytes, also when unpacked
    #[arg(long, value_name = "BYTES", default_value_t = artifact::DEFAULT_MAX_SIZE)]
    max_report_size: u64,
}

/// What is kept of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The findings.
    Findings,
    /// Only how many there are.
    Counts,
}

/// All that came in.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) reports: Vec<Report>,
    pub(super) context: Context,
}

/// The lane of what cannot be read and says not where it belongs.
const NO_LANE: &str = "unassigned";

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Input {
    path: PathBuf,
    lane: Option<String>,
    declared: Option<&'static str>,
    /// Found by looking around in a folder, where other files may be, too.
    is_found: bool,
    /// Why there is nothing to read.
    missing: Option<String>,
}

/// Finds and reads the reports.
///
/// # Errors
///
/// When the arguments make no sense, or nothing says which reports to read.
pub(super) fn read(
    sources: &Sources,
    policy: &Policy,
    keep: Reading,
    console: &Console,
) -> anyhow::Result<Intake> {
    let variable = |name: &str| {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the environment is read"
        )]
        std::env::var(name).ok()
    };
    let (context, workspace) = context::read(&variable);
    let here = std::env::current_dir().ok().map(|path| shown(&path));
    let options = Options {
        secrets: SecretKey::new(variable("SECURITY_GATE_KEY").unwrap_or_default()),
        workspace: workspace.or(here),
    };
    let inputs = match sources.reports.as_slice() {
        [] => configured(policy)?,
        named => named_inputs(named, policy)?,
    };
    let reader = Reader {
        policy,
        options: &options,
        keep,
        max_size: sources.max_report_size,
    };
    let mut reports = Vec::new();
    for (input, report) in inputs.iter().zip(reader.read_all(&inputs)) {
        match report {
            Some(report) => {
                console.detail(format_args!(
                    "{}: {}, lane {}",
                    report.path,
                    report.health().name(),
                    report.lane
                ));
                reports.push(report);
            }
            None => console.detail(format_args!(
                "{}: not a report, passed over",
                shown(&input.path)
            )),
        }
    }
    Ok(Intake { reports, context })
}

/// What the lanes' patterns match.
fn configured(policy: &Policy) -> anyhow::Result<Vec<Input>> {
    if policy.lanes.values().all(|lane| lane.reports.is_empty()) {
        bail!(
            "no reports are named: name files or a folder, or give the lanes `reports` in security-gate.toml"
        );
    }
    let mut inputs = BTreeSet::new();
    for (name, lane) in &policy.lanes {
        for pattern in &lane.reports {
            let (declared, pattern) = split_scanner(pattern);
            for path in expand(&lane.folder.join(pattern))? {
                inputs.insert(Input {
                    path,
                    lane: Some(name.clone()),
                    declared,
                    is_found: false,
                    missing: None,
                });
            }
        }
    }
    // One file that two patterns of a lane match is read once, as declared.
    let mut inputs: Vec<_> = inputs.into_iter().collect();
    inputs.sort_by_key(|input| {
        (
            input.path.clone(),
            input.lane.clone(),
            input.declared.is_none(),
        )
    });
    inputs.dedup_by(|second, first| second.path == first.path && second.lane == first.lane);
    Ok(inputs)
}

/// What the command line names.
fn named_inputs(named: &[String], policy: &Policy) -> anyhow::Result<Vec<Input>> {
    let lanes: Vec<&str> = policy
        .lanes
        .keys()
        .map(String::as_str)
        .chain(parser::lanes())
        .collect();
    let mut inputs = Vec::new();
    for argument in named {
        let (lane, declared, pattern) = split_argument(argument, &lanes)?;
        let path = Path::new(pattern);
        let input = |path: PathBuf, is_found, missing: Option<&str>| {
            let by_pattern = lane.is_none().then(|| by_pattern(&path, policy)).flatten();
            Input {
                lane: lane
                    .clone()
                    .or(by_pattern.as_ref().map(|(lane, _)| lane.clone())),
                declared: declared.or(by_pattern.and_then(|(_, declared)| declared)),
                path,
                is_found,
                missing: missing.map(str::to_owned),
            }
        };
        if pattern == artifact::STDIN || !is_pattern(pattern) && !path.is_dir() || path.is_file() {
            inputs.push(input(path.to_path_buf(), false, None));
            continue;
        }
        let (found, missing) = match path.is_dir() {
            true => (
                search(path)?,
                "the folder holds no file that may be a report",
            ),
            false => (expand(path)?, "the pattern matches no file"),
        };
        if found.is_empty() {
            inputs.push(input(path.to_path_buf(), false, Some(missing)));
        }
        inputs.extend(
            found
                .into_iter()
                .map(|found| input(found, path.is_dir() && declared.is_none(), None)),
        );
    }
    inputs.sort();
    inputs.dedup();
    Ok(inputs)
}

/// `gitleaks=report.json` into the scanner and the rest.
fn split_scanner(text: &str) -> (Option<&'static str>, &str) {
    match text.split_once('=') {
        Some((name, rest)) if let Some(parser) = parser::by_name(name) => {
            (Some(parser.scanner), rest)
        }
        _ => (None, text),
    }
}

/// `LANE=SCANNER=PATH` into its parts, of which the first two may be missing.
fn split_argument<'t>(
    argument: &'t str,
    lanes: &[&str],
) -> anyhow::Result<(Option<String>, Option<&'static str>, &'t str)> {
    if Path::new(argument).exists() {
        return Ok((None, None, argument));
    }
    let (lane, rest) = match argument.split_once('=') {
        Some((name, rest)) if lanes.contains(&name) => (Some(name.to_owned()), rest),
        _ => (None, argument),
    };
    let (declared, rest) = split_scanner(rest);
    match rest.split_once('=') {
        Some((name, _))
            if lane.is_none() && declared.is_none() && !name.contains(['/', '.', '*']) =>
        {
            let scanners = PARSERS
                .iter()
                .map(|parser| parser.scanner)
                .collect::<Vec<_>>()
                .join(", ");
            bail!(
                "`{name}` is neither a scanner nor a lane; scanners are {scanners}; lanes are {}",
                lanes.join(", ")
            )
        }
        _ => Ok((lane, declared, rest)),
    }
}

/// The lane whose patterns match a file that was named without one.
fn by_pattern(path: &Path, policy: &Policy) -> Option<(String, Option<&'static str>)> {
    let path = std::path::absolute(path).ok()?;
    policy.lanes.iter().find_map(|(name, lane)| {
        lane.reports.iter().find_map(|pattern| {
            let (declared, pattern) = split_scanner(pattern);
            let pattern = std::path::absolute(lane.folder.join(pattern)).ok()?;
            glob(pattern.to_str()?)
                .ok()?
                .is_match(&path)
                .then(|| (name.clone(), declared))
        })
    })
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()?
        .compile_matcher())
}

/// The files that a pattern matches, in order. A path without wildcards matches
/// itself, if it is there.
fn expand(pattern: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Some(text) = pattern.to_str().filter(|text| is_pattern(text)) else {
        return Ok(if pattern.symlink_metadata().is_ok() {
            vec![pattern.to_path_buf()]
        } else {
            Vec::new()
        });
    };
    let matcher = glob(text)?;
    let literal =
        |part: &std::path::Component<'_>| !part.as_os_str().to_str().is_some_and(is_pattern);
    let base: PathBuf = pattern.components().take_while(literal).collect();
    let depth = match text.contains("**") {
        true => usize::MAX,
        false => pattern.components().skip_while(literal).count(),
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
        let entry = entry?;
        let path = entry.path().strip_prefix("./").unwrap_or(entry.path());
        if !entry.file_type().is_dir() && matcher.is_match(path) {
            found.push(path.to_path_buf());
        }
    }
    Ok(found)
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
        let entry = entry?;
        let name = entry.file_name().to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        if !entry.file_type().is_dir()
            && extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
        {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// Reads reports, several at a time.
struct Reader<'a> {
    policy: &'a Policy,
    options: &'a Options,
    keep: Reading,
    max_size: u64,
}

impl Reader<'_> {
    /// Reads all inputs, and answers in their order. What is no report and was
    /// only found by looking around is absent.
    fn read_all(&self, inputs: &[Input]) -> Vec<Option<Report>> {
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Report>>> = inputs.iter().map(|_| Mutex::new(None)).collect();
        let threads = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(inputs.len());
        let work = || {
            while let Some((input, result)) = {
                let index = next.fetch_add(1, Ordering::Relaxed);
                inputs.get(index).zip(results.get(index))
            } {
                let report = catch_unwind(AssertUnwindSafe(|| self.read(input)));
                let report = report.unwrap_or_else(|_| {
                    Some(self.unreadable(
                        input,
                        "reading it ended in a defect of security-gate; please report it",
                    ))
                });
                *result
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner) = report;
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let taken = |result: Mutex<_>| {
            result
                .into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        results.into_iter().map(taken).collect()
    }

    fn read(&self, input: &Input) -> Option<Report> {
        if let Some(missing) = &input.missing {
            return Some(self.unreadable(input, missing));
        }
        let window = match artifact::open(&input.path, self.max_size) {
            Ok(window) => window,
            Err(error) => return Some(self.unreadable(input, &error.to_string())),
        };
        let mut findings = Vec::new();
        let mut tally = Tally::default();
        let name = input.path.file_name().unwrap_or_default().to_string_lossy();
        let (scan, digested) = parser::parse(
            window,
            &name,
            input.declared.and_then(parser::by_name),
            self.options,
            &mut |finding| {
                tally.add(&finding);
                if self.keep == Reading::Findings {
                    findings.push(finding);
                }
            },
        );
        if input.is_found && scan.as_ref().is_err_and(parser::ParseError::is_foreign) {
            return None;
        }
        if scan.is_err() {
            findings.clear();
            tally = Tally::default();
        }
        let scanner = scan
            .as_ref()
            .map(|scan| scan.scanner)
            .ok()
            .or(input.declared);
        let Digested { bytes, sha256 } = digested;
        let scan = scan.map_err(|error| error.to_string());
        Some(Report {
            path: shown(&input.path),
            lane: self.lane(input, scanner),
            bytes,
            sha256,
            scan,
            findings,
            tally,
        })
    }

    fn unreadable(&self, input: &Input, why: &str) -> Report {
        Report {
            path: shown(&input.path),
            lane: self.lane(input, input.declared),
            bytes: 0,
            sha256: String::new(),
            scan: Err(why.to_owned()),
            findings: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// The lane of a report: as named; else the one that expects its scanner,
    /// the scanner's usual one before others; else the usual one.
    fn lane(&self, input: &Input, scanner: Option<&str>) -> String {
        if let Some(lane) = &input.lane {
            return lane.clone();
        }
        let Some(parser) = scanner.and_then(parser::by_name) else {
            return NO_LANE.to_owned();
        };
        let expecting = |(name, lane): (&String, &crate::policy::Lane)| {
            lane.expect
                .iter()
                .any(|scanner| scanner == parser.scanner)
                .then(|| name.clone())
        };
        let mut expecting: Vec<String> = self.policy.lanes.iter().filter_map(expecting).collect();
        expecting.sort_by_key(|name| name != parser.lane);
        expecting
            .into_iter()
            .next()
            .unwrap_or_else(|| parser.lane.to_owned())
    }
}
