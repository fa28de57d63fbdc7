//! How long a decision takes, with about as many findings as a large company
//! has: run by hand, `cargo bench --bench decision`.
//!
//! One thread does all of it, so on an idle machine time is CPU time. Compare
//! the fastest of each; `-- --sample-count 20` for more of them, and a part of a
//! name for only some benches. `-- --test` only tries them, once each.

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
use security_gate::baseline::Baseline;
use security_gate::policy::decide::decide;

#[allow(dead_code, reason = "not every bench needs all of it")]
mod scene;

fn main() {
    divan::main();
}

fn decision(bencher: Bencher<'_, '_>, size: usize, expressions: bool, baseline: Option<&Baseline>) {
    let reports = scene::reports(size);
    let policy = scene::policy(expressions);
    let circumstances = scene::circumstances(baseline);
    // What is returned is dropped outside of the measurement.
    bencher.bench_local(|| decide(&policy, &reports, circumstances));
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn decide_20_rules_200_exceptions(bencher: Bencher<'_, '_>, size: usize) {
    decision(bencher, size, false, None);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn decide_with_3_expressions(bencher: Bencher<'_, '_>, size: usize) {
    decision(bencher, size, true, None);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn decide_with_baseline(bencher: Bencher<'_, '_>, size: usize) {
    let baseline = scene::baseline(&scene::reports(size), 10);
    decision(bencher, size, false, Some(&baseline));
}
