//! How long it takes to read a report in each format, with real findings: the larger
//! one should take as much longer as it is larger.

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
use security_gate::parser::{self, Options};

#[path = "scene/repeated.rs"]
mod repeated;

use repeated::{FORMATS, Format};

fn main() {
    divan::main();
}

/// Decodes, hashes and parses; the findings are dropped as they come.
#[divan::bench(args = FORMATS, consts = [1, 8], sample_count = 10)]
fn parse<const MEGABYTES: usize>(bencher: Bencher<'_, '_>, format: &Format) {
    let report = format.report(MEGABYTES * 1_000_000);
    let declared = parser::by_name(format.scanner);
    let options = Options::default();
    bencher
        .counter(BytesCount::of_str(&report))
        .with_inputs(|| Window::over(report.as_bytes()).unwrap())
        .bench_local_values(|window| {
            let (scan, digested) =
                parser::parse(window, format.name, declared, &options, &mut |finding| {
                    divan::black_box_drop(finding);
                });
            assert_eq!(scan.unwrap().format, format.name);
            digested
        });
}
