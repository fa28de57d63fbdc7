//! Inputs that once broke a law of `fuzz/laws`, and a few from elsewhere, held
//! against all of them again: `fixtures/fuzzed/TARGET/NAME`.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::path::Path;

#[path = "../fuzz/laws/mod.rs"]
mod laws;

#[test]
fn no_law_is_broken_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzzed");
    for entry in fs_err::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let target = laws::TARGETS.iter().find(|target| target.name == name);
        let target = target.unwrap_or_else(|| panic!("`{name}` is no target"));
        for entry in fs_err::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            (target.hold)(&fs_err::read(&path).unwrap());
        }
    }
}
