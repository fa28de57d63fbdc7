//! How long it takes to tell new findings from known ones, and to read what is
//! known.

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
use divan::counter::BytesCount;
use security_gate::artifact::Window;
use security_gate::baseline::{self, Baseline, Current, Looked};

#[allow(dead_code, reason = "not every bench needs all of it")]
mod scene;

fn main() {
    divan::main();
}

fn comparison(bencher: Bencher<'_, '_>, size: usize, nth_file: usize) {
    let reports = scene::reports(size);
    let baseline = scene::baseline(&reports, nth_file);
    let current: Vec<_> = scene::with_scanners(&reports)
        .flat_map(|(scanner, report)| {
            let findings = report.findings.iter();
            findings.map(move |finding| Current::new(&report.lane, scanner, finding))
        })
        .collect();
    let looked = Looked {
        at: scene::with_scanners(&reports)
            .map(|(scanner, report)| (report.lane.as_str(), scanner))
            .collect(),
        files: Vec::new(),
    };
    let today = scene::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    bencher.bench_local(|| baseline::compare(&baseline, &current, &looked, None, today));
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn compare_nothing_moved(bencher: Bencher<'_, '_>, size: usize) {
    comparison(bencher, size, 0);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn compare_a_tenth_moved(bencher: Bencher<'_, '_>, size: usize) {
    comparison(bencher, size, 10);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn compare_all_moved(bencher: Bencher<'_, '_>, size: usize) {
    comparison(bencher, size, 1);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn read(bencher: Bencher<'_, '_>, size: usize) {
    let text = scene::baseline_text(&scene::reports(size), 10);
    bencher
        .counter(BytesCount::of_str(&text))
        .with_inputs(|| Window::over(text.as_bytes()).unwrap())
        .bench_local_values(|window| Baseline::read(window, "baseline.json").unwrap());
}
