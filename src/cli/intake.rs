//! Reading the reports, several at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;

use super::inputs::{self, Input};
use super::output::Console;
use super::shown;
use crate::artifact::{self, Digested};
use crate::parser::{self, Options};
use crate::policy::{Lane, Policy};
use crate::report::{Report, Tally};

#[derive(Debug, Args)]
pub(super) struct Sources {
    /// Report files, folders with some, or patterns; `-` is standard input.
    /// `SCANNER=` in front says what wrote them, `LANE=` where they belong
    /// [default: what the lanes' `reports` match]
    #[arg(value_name = "REPORT")]
    pub(super) reports: Vec<String>,
    #[command(flatten)]
    pub(super) limit: Limit,
}

/// How much is read.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Limit {
    /// The largest report that is read, also when unpacked: bytes, or with K, M
    /// or G
    #[arg(long, value_name = "SIZE", default_value = "4G", value_parser = size)]
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
    /// The findings.
    Findings,
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
        sources.limit,
        policy,
        options,
        keep,
        console,
    ))
}

/// Reads what was found.
pub(super) fn read_all(
    inputs: &[Input],
    limit: Limit,
    policy: &Policy,
    options: &Options,
    keep: Reading,
    console: &Console,
) -> Intake {
    let reader = Reader {
        policy,
        options,
        keep,
        max_size: limit.max_report_size,
    };
    let mut intake = Intake {
        reports: Vec::new(),
        passed_over: Vec::new(),
    };
    for (input, report) in inputs.iter().zip(reader.read_all(inputs)) {
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
        keep: Reading::Findings,
        max_size: artifact::DEFAULT_MAX_SIZE,
    };
    let report = reader.read(input);
    report.unwrap_or_else(|| reader.unreadable(input, "this is no report"))
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
        if let Some(missing) = input.missing {
            return Some(self.unreadable(input, missing));
        }
        let window = match artifact::open(&input.path, self.max_size) {
            Ok(window) => window,
            Err(error) => return Some(self.unreadable(input, &error.to_string())),
        };
        let mut findings = Vec::new();
        let mut tally = Tally::default();
        let path = shown(&input.path);
        let declared = input.declared.and_then(parser::by_name);
        let (scan, Digested { bytes, sha256 }) =
            parser::parse(window, &path, declared, self.options, &mut |finding| {
                tally.add(&finding);
                if self.keep == Reading::Findings {
                    findings.push(finding);
                }
            });
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
        let lane = self.lane(input, scanner);
        let mend = "; the file was found by searching a folder: name the reports, if it is none";
        let scan =
            scan.map_err(|error| format!("{error}{}", if input.is_found { mend } else { "" }));
        Some(Report {
            path,
            lane,
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
    fn sizes_are_bytes_or_powers_of_1024() {
        for (text, bytes) in [
            ("512", 512),
            ("1k", 1 << 10),
            ("2M", 2 << 20),
            ("4G", artifact::DEFAULT_MAX_SIZE),
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
