//! The DefectDojo of the tests, for as long as standard input is open: `compare.sh`
//! uploads to it. Its first line is its address and its token.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    reason = "it may fail by a panic, and is no part of the program"
)]

use std::io::{self, Read as _};

#[path = "../../tests/dojo/mod.rs"]
mod dojo;

fn main() {
    let dojo = dojo::Dojo::start(dojo::Options::default());
    println!("{} {}", dojo.url(), dojo.token);
    let mut nothing = [0];
    while io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
}
