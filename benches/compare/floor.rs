//! The floor under all reading of reports: files are read into memory, and their syntax
//! is checked, as fast as the same libraries can. `compare.sh` holds the program against
//! it.

#![allow(
    clippy::disallowed_methods,
    missing_docs,
    reason = "it may fail by a panic, and is no part of the program"
)]

use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::de::IgnoredAny;

fn main() {
    for path in std::env::args_os().skip(1) {
        let bytes = fs_err::read(&path).expect("a file that can be read");
        match Path::new(&path).extension() {
            Some(extension) if extension == "xml" => {
                let mut reader = Reader::from_reader(bytes.as_slice());
                while !matches!(reader.read_event().expect("XML"), Event::Eof) {}
            }
            _ => {
                serde_json::from_slice::<IgnoredAny>(&bytes).expect("JSON");
            }
        }
    }
}
