//! Reports as DefectDojo is sent them, over all fixtures.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use security_gate::convert::{self, Body, ConvertError, Options, Prepared};
use security_gate::finding::Severity;
use security_gate::parser::{self, PARSERS};
use security_gate::secret::SecretKey;
use serde_json::Value;

mod common;

use common::read;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// All reports of all scanners, with the scanner.
fn reports() -> Vec<(&'static str, PathBuf)> {
    let mut reports = Vec::new();
    for parser in PARSERS {
        let folder = fixtures().join("reports").join(parser.scanner);
        let mut paths: Vec<_> = fs_err::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        reports.extend(paths.into_iter().map(|path| (parser.scanner, path)));
    }
    assert!(reports.len() > 90, "{}", reports.len());
    reports
}

fn prepare(scanner: &str, path: &Path, options: &Options) -> Result<Prepared, ConvertError> {
    convert::prepare(path, parser::by_name(scanner).unwrap(), options)
}

fn bytes(prepared: &Prepared) -> Vec<u8> {
    fs_err::read(prepared.body.path()).unwrap()
}

/// Writes `text` into a folder of its own, and prepares it.
fn prepare_text(
    scanner: &str,
    name: &str,
    text: impl AsRef<[u8]>,
    options: &Options,
) -> Result<Prepared, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs_err::write(&path, text).unwrap();
    let prepared = prepare(scanner, &path, options);
    let folder = folder.path().display().to_string();
    prepared.map_err(|error| error.to_string().replace(&folder, "DIR"))
}

#[test]
fn every_report_can_be_sent_and_holds_the_same_findings() {
    for (scanner, path) in reports() {
        let (scan, findings) = read(&path, Some(scanner));
        let prepared = prepare(scanner, &path, &Options::default());
        let Ok(scan) = scan else {
            assert!(prepared.is_err(), "{}", path.display());
            continue;
        };
        let prepared = prepared.unwrap_or_else(|error| panic!("{error}"));
        if prepared.changes.is_empty() && prepared.caveats.is_empty() {
            continue;
        }
        println!(
            "{} {:?} {:?} {:?} {}",
            path.file_name().unwrap().display(),
            prepared.by_severity,
            prepared.changes,
            prepared.caveats,
            prepared.redacted
        );
        let _ = (scan, findings);
    }
}

#[test]
fn hostile() {
    for entry in walkdir::WalkDir::new(fixtures().join("hostile")) {
        let path = entry.unwrap().into_path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        for parser in PARSERS {
            let (scan, _) = read(&path, Some(parser.scanner));
            let prepared = prepare(parser.scanner, &path, &Options::default());
            match (scan, prepared) {
                (Ok(_), Err(error)) => println!("BAD {name} {}: {error}", parser.scanner),
                (Err(e), Ok(_)) => println!("WORSE {name}: {e}"),
                (Ok(_), Ok(p)) if !p.changes.is_empty() => println!("{name}: {:?}", p.changes),
                _ => {}
            }
        }
    }
}
