//! How long it takes to write a decision down, for machines, for reviewers and on a
//! terminal; and to decide and to write all of it.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench may fail by a panic, and drives the world around the program"
)]

use std::io;

use divan::Bencher;
use security_gate::baseline::Baseline;
use security_gate::policy::Policy;
use security_gate::policy::decide::{Decision, decide};
use security_gate::render::summary::Context;
use security_gate::render::{Summary, markdown, terminal};
use security_gate::report::Report;

#[allow(dead_code, reason = "not every bench needs all of it")]
mod scene;

/// Columns of the terminal.
const WIDTH: usize = 100;

fn main() {
    divan::main();
}

fn json(summary: &Summary<'_>) {
    serde_json::to_writer_pretty(io::sink(), summary).unwrap();
}

fn page(summary: &Summary<'_>) -> String {
    markdown::render(summary, markdown::TEMPLATE).unwrap()
}

fn output<T>(bencher: Bencher<'_, '_>, size: usize, write: impl Fn(&Summary<'_>) -> T) {
    let (reports, policy) = (scene::reports(size), scene::policy(false));
    let decision = decide(&policy, &reports, scene::circumstances(None));
    let context = Context::default();
    let summary = Summary::new(&decision, &[], &context, 1);
    bencher.bench_local(|| write(&summary));
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn json_summary(bencher: Bencher<'_, '_>, size: usize) {
    output(bencher, size, json);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn markdown_summary(bencher: Bencher<'_, '_>, size: usize) {
    output(bencher, size, page);
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn terminal_text(bencher: Bencher<'_, '_>, size: usize) {
    output(bencher, size, |summary| terminal::render(summary, WIDTH));
}

fn all<'a>(policy: &'a Policy, reports: &'a [Report], baseline: &'a Baseline) -> Decision<'a> {
    let decision = decide(policy, reports, scene::circumstances(Some(baseline)));
    let context = Context::default();
    let summary = Summary::new(&decision, &[], &context, 1);
    json(&summary);
    divan::black_box_drop(page(&summary));
    divan::black_box_drop(terminal::render(&summary, WIDTH));
    drop(summary);
    decision
}

/// What `check` does once reports and baseline are read.
#[divan::bench(args = scene::SIZES, sample_count = 3)]
fn decide_with_baseline_and_write_all(bencher: Bencher<'_, '_>, size: usize) {
    let (reports, policy) = (scene::reports(size), scene::policy(false));
    let baseline = scene::baseline(&reports, 10);
    bencher.bench_local(|| all(&policy, &reports, &baseline));
}
