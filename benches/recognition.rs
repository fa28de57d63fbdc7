//! How long it takes to find out what a file is.

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
use security_gate::artifact::Window;
use security_gate::parser::{self, Options, PARSERS};

#[path = "scene/repeated.rs"]
mod repeated;

use repeated::{FORMATS, Format};

fn main() {
    divan::main();
}

/// A report that is declared to be another scanner's is looked at, and hashed; then
/// nothing of it is read. The report is as small as it comes, so that hashing is not
/// most of it.
#[divan::bench(args = FORMATS, sample_count = 100)]
fn recognize(bencher: Bencher<'_, '_>, format: &Format) {
    let report = format.report(0);
    let other = PARSERS
        .iter()
        .find(|parser| parser.scanner != format.scanner);
    let options = Options::default();
    bencher
        .with_inputs(|| Window::over(report.as_bytes()).unwrap())
        .bench_local_values(|window| {
            let (scan, _) = parser::parse(window, format.name, other, &options, &mut |finding| {
                divan::black_box_drop(finding);
            });
            assert!(scan.is_err(), "{format}");
        });
}
