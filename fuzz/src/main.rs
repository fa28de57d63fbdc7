//! Searches for inputs that break a law: those of the kind that `FUZZ_TARGET`
//! names. `run` says how.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../laws/mod.rs"]
mod laws;

static HOLD: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let mut targets = laws::TARGETS.iter();
    let target = targets.find(|target| target.name == name);
    let names: Vec<_> = laws::TARGETS.iter().map(|target| target.name).collect();
    target.map_or_else(
        || panic!("FUZZ_TARGET is one of {}", names.join(", ")),
        |target| target.hold,
    )
});

fuzz_target!(|data: &[u8]| HOLD(data));
