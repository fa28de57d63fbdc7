//! Reading the reports, several at a time.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use clap::Args;
use jiff::Timestamp;

use super::inputs::{self, Input};
use super::output::Console;
use super::{proof, shown};
use crate::artifact::{self, Digested};
use crate::finding::{Collector, Findings, Keep};
use crate::parser::limits::DEFAULT_MAX_FINDINGS;
use crate::parser::{self, Options, ParseError};
use crate::policy::{AgeBy, Lane, Policy};
use crate::report::{Foremost, Report, Tally};
use crate::scan_record;

#[derive(Debug, Args)]
pub(super) struct Sources {
    /// Report files, folders with some, or patterns; `-` is standard input.
    /// `SCANNER=` in front says what wrote them, `LANE=` where they belong
    /// [default: what the lanes' `reports` match]
    #[arg(value_name = "REPORT")]
    pub(super) reports: Vec<String>,
    #[command(flatten)]
    pub(super) effort: Effort,
}

/// How much is read, and how much of it at a time.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Effort {
    #[command(flatten)]
    pub(super) limit: Limit,
    /// How many reports are read at a time, which changes no output [default: as
    /// many as there are processors]
    #[arg(long, value_name = "COUNT")]
    threads: Option<NonZeroUsize>,
}

impl Effort {
    fn threads(self) -> usize {
        let processors = || thread::available_parallelism().ok();
        self.threads.or_else(processors).map_or(1, usize::from)
    }
}

/// How much is read, and how much of it is kept.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Limit {
    #[command(flatten)]
    pub(super) size: Size,
    /// How many findings of a report are kept; one with more is counted to its end,
    /// and proves nothing
    #[arg(long, value_name = "COUNT", default_value_t = DEFAULT_MAX_FINDINGS)]
    pub(super) max_findings: u64,
}

/// How much is read.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Size {
    /// The largest report that is read, also when unpacked: bytes, or with K, M
    /// or G
    #[arg(long, value_name = "SIZE", default_value = "8G", value_parser = size)]
    pub(super) max_report_size: u64,
}

fn size(text: &str) -> Result<u64, &'static str> {
    let (digits, factor) = match text.char_indices().next_back() {
        Some((at, 'K' | 'k')) => (text.get(..at), 1 << 10),
        Some((at, 'M' | 'm')) => (text.get(..at), 1 << 20),
        Some((at, 'G' | 'g')) => (text.get(..at), 1 << 30),
        _ => (Some(text), 1),
    };
    let number = digits.and_then(|digits| digits.parse::<u64>().ok());
    number
        .and_then(|number| number.checked_mul(factor))
        .ok_or("a size is a number of bytes, or one with K, M or G: 512M")
}

/// What is kept of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The findings, and all that is said of them.
    InFull,
    /// The findings, and of what is said of them as much as a summary shows or the
    /// policy asks for.
    ForSummary,
    /// Only how many there are.
    Counts,
}

/// All that came in.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) reports: Vec<Report>,
    /// Files of searched folders that are sound and no reports.
    pub(super) passed_over: Vec<String>,
}

/// The lane of what cannot be read and says not where it belongs.
const NO_LANE: &str = "unassigned";

/// Finds and reads the reports.
///
/// # Errors
///
/// When the arguments make no sense, or nothing says which reports to read.
pub(super) fn read(
    sources: &Sources,
    policy: &Policy,
    options: &Options,
    keep: Reading,
    console: &Console,
) -> anyhow::Result<Intake> {
    let inputs = inputs::find(&sources.reports, policy)?;
    Ok(read_all(
        &inputs,
        sources.effort,
        policy,
        options,
        keep,
        console,
    ))
}

/// Reads what was found.
pub(super) fn read_all(
    inputs: &[Input],
    effort: Effort,
    policy: &Policy,
    options: &Options,
    keep: Reading,
    console: &Console,
) -> Intake {
    let reader = Reader {
        policy,
        options,
        keep,
        max_size: effort.limit.size.max_report_size,
    };
    let mut intake = Intake {
        reports: Vec::new(),
        passed_over: Vec::new(),
    };
    for (input, report) in inputs.iter().zip(reader.read_all(inputs, effort.threads())) {
        match report {
            Some(report) => {
                let format = report.scan.as_ref().map_or("no report", |scan| scan.format);
                let health = report.health().name();
                console.detail(format_args!(
                    "{}: {format}, {health}, lane {}",
                    report.path, report.lane
                ));
                intake.reports.push(report);
            }
            None => intake.passed_over.push(shown(&input.path)),
        }
    }
    intake
}

/// Reads one report, whatever becomes of it.
pub(super) fn read_one(input: &Input, policy: &Policy, options: &Options) -> Report {
    let reader = Reader {
        policy,
        options,
        keep: Reading::InFull,
        max_size: artifact::DEFAULT_MAX_SIZE,
    };
    let report = reader.read(input, reader.keep());
    report.unwrap_or_else(|| reader.unreadable(input, "this is no report"))
}

/// Reads a file as a report, and says what was wrong with its content. The lane is
/// left to be told. Without `keep` no finding is kept.
pub(super) fn read_file(
    path: &Path,
    declared: Option<&'static str>,
    max_size: u64,
    options: &Options,
    keep: Option<Keep>,
) -> (Report, Option<ParseError>) {
    let name = shown(path);
    let window = match artifact::open(path, max_size) {
        Ok(window) => window,
        Err(error) => return (unreadable(name, error.to_string()), None),
    };
    let mut kept = keep.map(Collector::new);
    let mut tally = Tally::default();
    let declared = declared.and_then(parser::by_name);
    let (scan, Digested { bytes, sha256 }) =
        parser::parse(window, &name, declared, options, &mut |finding| {
            tally.add(&finding);
            let is_within = |kept: &&mut Collector| (kept.len() as u64) < options.max_findings;
            if let Some(kept) = kept.as_mut().filter(is_within) {
                kept.add(finding);
            }
        });
    let findings = || kept.map_or_else(|| Ok(Findings::default()), Collector::finish);
    match scan.map(|scan| (scan, findings())) {
        Ok((_, Err(error))) => (unreadable(name, error.to_string()), None),
        Ok((scan, Ok(findings))) => {
            let report = Report {
                bytes,
                sha256,
                scan: Ok(scan),
                findings,
                tally,
                ..unreadable(name, String::new())
            };
            (report, None)
        }
        Err(error) => {
            let report = Report {
                bytes,
                sha256,
                ..unreadable(name, error.to_string())
            };
            (report, Some(error))
        }
    }
}

/// A report that cannot be read.
pub(super) fn unreadable(path: String, why: String) -> Report {
    Report {
        path,
        lane: String::new(),
        bytes: 0,
        sha256: String::new(),
        scan: Err(why),
        findings: Findings::default(),
        tally: Tally::default(),
        record: None,
        modified: None,
    }
}

/// When a file was last changed, to the second.
fn modified(path: &Path) -> Option<Timestamp> {
    let time = path.metadata().ok()?.modified().ok()?;
    let time = Timestamp::try_from(time).ok()?;
    Timestamp::from_second(time.as_second()).ok()
}

/// The inputs by their index, each with its size: in the order in which to begin with
/// them, so that none is long alone at the end.
fn largest_first(inputs: &[Input]) -> Vec<(usize, u64)> {
    let size = |input: &Input| input.path.metadata().map_or(0, |metadata| metadata.len());
    let mut sizes: Vec<_> = inputs.iter().map(size).enumerate().collect();
    sizes.sort_by_key(|&(_, size)| Reverse(size));
    sizes
}

/// How many threads of those that there may be are worth beginning: reading less than
/// this takes no longer alone.
fn worth(threads: usize, sizes: &[(usize, u64)]) -> usize {
    const LEAST: u64 = 2 << 20;
    let bytes = sizes.iter().map(|(_, size)| size);
    let most = bytes.fold(0, |all: u64, size| all.saturating_add(*size)) / LEAST + 1;
    threads
        .min(sizes.len())
        .min(usize::try_from(most).unwrap_or(usize::MAX))
}

/// What is read so far.
struct Read {
    /// In the order of the inputs.
    reports: Vec<Option<Report>>,
    /// Where not the details of all findings are kept.
    foremost: Option<Foremost>,
}

impl Read {
    fn add(&mut self, place: usize, report: Option<Report>) {
        if let Some(at) = self.reports.get_mut(place) {
            *at = report;
        }
        if let Some(foremost) = &mut self.foremost {
            foremost.add(&mut self.reports, place);
        }
    }
}

fn lock(read: &Mutex<Read>) -> MutexGuard<'_, Read> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Reader<'a> {
    policy: &'a Policy,
    options: &'a Options,
    keep: Reading,
    max_size: u64,
}

impl Reader<'_> {
    /// Reads all inputs, and answers in their order. What is no report and was
    /// only found by looking around is absent.
    fn read_all(&self, inputs: &[Input], threads: usize) -> Vec<Option<Report>> {
        let order = largest_first(inputs);
        let next = AtomicUsize::new(0);
        let read: Mutex<Read> = Mutex::new(Read {
            reports: inputs.iter().map(|_| None).collect(),
            foremost: self.foremost(),
        });
        let work = || {
            while let Some((index, input)) = {
                let next = order.get(next.fetch_add(1, Ordering::Relaxed));
                next.and_then(|&(index, _)| Some((index, inputs.get(index)?)))
            } {
                let keep = lock(&read).foremost.as_ref().map(Foremost::keep);
                let keep = keep.or_else(|| self.keep());
                let report = catch_unwind(AssertUnwindSafe(|| self.read(input, keep)));
                let report = report.unwrap_or_else(|_| {
                    Some(self.unreadable(
                        input,
                        "reading it ended in a defect of security-gate; please report it",
                    ))
                });
                lock(&read).add(index, report);
            }
        };
        thread::scope(|scope| {
            for _ in 1..worth(threads, &order) {
                // Those that there are do the work, too.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        let read = read.into_inner().unwrap_or_else(PoisonError::into_inner);
        read.reports
    }

    fn read(&self, input: &Input, keep: Option<Keep>) -> Option<Report> {
        if let Some(missing) = input.missing {
            return Some(self.unreadable(input, missing));
        }
        // Read first: a report that does not tell its scanner has one by its record.
        let record = proof::find(&input.path);
        let recorded = record
            .as_ref()
            .and_then(|(_, record)| proof::scanner(record));
        let declared = input.declared.or(recorded);
        let (mut report, error) =
            read_file(&input.path, declared, self.max_size, self.options, keep);
        if let Some(error) = &error
            && input.is_found
        {
            // What has a record is meant to be a report.
            if error.is_foreign() && record.is_none() {
                return None;
            }
            report.scan = Err(format!(
                "{error}; the file was found by searching a folder: name the reports, if it is none"
            ));
        }
        let scanner = report.scan.as_ref().map(|scan| scan.scanner);
        report.lane = self.lane(input, scanner.ok().or(declared));
        let lane = self.policy.lanes.get(&report.lane);
        if lane.is_some_and(|lane| lane.demands.age == AgeBy::Mtime) {
            report.modified = modified(&input.path);
        }
        if let Some((path, found)) = record {
            scan_record::verify(&mut report, &path, found);
        }
        Some(report)
    }

    /// What is kept of the findings of a report alone.
    fn keep(&self) -> Option<Keep> {
        (self.keep != Reading::Counts).then_some(Keep::All)
    }

    /// Where not all is kept that is said of findings.
    fn foremost(&self) -> Option<Foremost> {
        let is_enough = self.keep == Reading::ForSummary && !self.policy.asks_for_details();
        is_enough.then(|| Foremost::new(self.policy.unknown_severity))
    }

    fn unreadable(&self, input: &Input, why: &str) -> Report {
        Report {
            lane: self.lane(input, input.declared),
            ..unreadable(shown(&input.path), why.to_owned())
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
        let expects = |lane: &Lane| lane.expect.iter().any(|scanner| scanner == parser.scanner);
        let expecting = self
            .policy
            .lanes
            .iter()
            .filter(|(_, lane)| expects(lane))
            .map(|(name, _)| name.as_str());
        expecting
            .min_by_key(|name| *name != parser.lane)
            .unwrap_or(parser.lane)
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_threads_than_are_worth_it() {
        const MB: u64 = 1 << 20;
        for (threads, sizes, expected) in [
            (8, &[][..], 0),
            (8, &[MB, MB / 4, 100], 1),
            (8, &[3 * MB, MB], 2),
            (8, &[100 * MB, 1], 2),
            (2, &[100 * MB, 1, 1], 2),
            (8, &[u64::MAX, u64::MAX], 2),
        ] {
            let sizes: Vec<_> = sizes.iter().copied().enumerate().collect();
            assert_eq!(worth(threads, &sizes), expected, "{sizes:?}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_powers_of_1024() {
        for (text, bytes) in [
            ("512", 512),
            ("1k", 1 << 10),
            ("2M", 2 << 20),
            ("8G", artifact::DEFAULT_MAX_SIZE),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in [
            "",
            "G",
            "4 GB",
            "-1",
            "1.5M",
            "99999999999999999999",
            "17179869184G",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
