//! How long a decision takes, with about as many findings as a large company
//! has: run by hand, `cargo bench --bench decision`.
//!
//! One thread does all of it, so on an idle machine time is CPU time. Compare
//! the fastest of each; `-- --sample-count 20` for more of them, and a part of a
//! name for only some benches.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench may fail by a panic, and drives the world around the program"
)]

use divan::Bencher;
use security_gate::baseline::{self, Baseline, Current, Looked};
use security_gate::finding::Sites;
use security_gate::issue::{Issues, Seen};
use security_gate::policy::decide::{Circumstances, decide};
use security_gate::policy::knowledge::{Given, Knowledge};
use security_gate::report::Report;

mod scene;

const SIZES: [usize; 3] = [1_000, 30_000, 1_000_000];

fn main() {
    divan::main();
}

fn decision(bencher: Bencher<'_, '_>, size: usize, expressions: bool, baseline: Option<&Baseline>) {
    let reports = scene::reports(size);
    let policy = scene::policy(expressions);
    let circumstances = Circumstances {
        now: scene::now(),
        workspace: None,
        authors: &[],
        change: None,
        commit: None,
        knowledge: Knowledge {
            baseline: baseline.map_or(Given::Nothing, Given::Read),
            ..Knowledge::default()
        },
    };
    // What is returned is dropped outside of the measurement.
    bencher.bench_local(|| decide(&policy, &reports, circumstances));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn decide_20_rules_200_exceptions(bencher: Bencher<'_, '_>, size: usize) {
    decision(bencher, size, false, None);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn decide_with_3_expressions(bencher: Bencher<'_, '_>, size: usize) {
    decision(bencher, size, true, None);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn decide_with_baseline(bencher: Bencher<'_, '_>, size: usize) {
    let baseline = scene::baseline(&scene::reports(size), 10);
    decision(bencher, size, false, Some(&baseline));
}

fn with_scanners(reports: &[Report]) -> impl Iterator<Item = (&'static str, &Report)> {
    reports
        .iter()
        .map(|report| (report.scan.as_ref().unwrap().scanner, report))
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn issues(bencher: Bencher<'_, '_>, size: usize) {
    let reports = scene::reports(size);
    let mut sites = Sites::default();
    let seen: Vec<_> = with_scanners(&reports)
        .flat_map(|(scanner, report)| {
            report
                .findings
                .iter()
                .map(move |finding| (scanner, finding))
        })
        .map(|(scanner, finding)| Seen {
            scanner,
            severity: finding.severity,
            site: sites.number(&finding.location),
            finding,
        })
        .collect();
    bencher.bench_local(|| Issues::of(&seen, None));
}

fn comparison(bencher: Bencher<'_, '_>, size: usize, nth_file: usize) {
    let reports = scene::reports(size);
    let baseline = scene::baseline(&reports, nth_file);
    let current: Vec<_> = with_scanners(&reports)
        .flat_map(|(scanner, report)| {
            let findings = report.findings.iter();
            findings.map(move |finding| Current::new(&report.lane, scanner, finding))
        })
        .collect();
    let looked = Looked {
        at: with_scanners(&reports)
            .map(|(scanner, report)| (report.lane.as_str(), scanner))
            .collect(),
        files: Vec::new(),
    };
    let today = scene::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    bencher.bench_local(|| baseline::compare(&baseline, &current, &looked, None, today));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn compare_nothing_moved(bencher: Bencher<'_, '_>, size: usize) {
    comparison(bencher, size, 0);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn compare_a_tenth_moved(bencher: Bencher<'_, '_>, size: usize) {
    comparison(bencher, size, 10);
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn compare_all_moved(bencher: Bencher<'_, '_>, size: usize) {
    comparison(bencher, size, 1);
}
