//! How long it takes to find what several findings are one issue.

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
use security_gate::finding::Sites;
use security_gate::issue::{Issues, Seen};

#[allow(dead_code, reason = "not every bench needs all of it")]
mod scene;

fn main() {
    divan::main();
}

#[divan::bench(args = scene::SIZES, sample_count = 5)]
fn issues(bencher: Bencher<'_, '_>, size: usize) {
    let reports = scene::reports(size);
    let findings: Vec<_> = scene::with_scanners(&reports)
        .flat_map(|(scanner, report)| {
            report
                .findings
                .iter()
                .map(move |finding| (scanner, finding))
        })
        .collect();
    bencher.bench_local(|| {
        let mut sites = Sites::default();
        let seen = findings.iter().map(|(scanner, finding)| Seen {
            scanner,
            severity: finding.severity,
            site: sites.number(*finding),
            finding: *finding,
        });
        Issues::of(seen, None)
    });
}
