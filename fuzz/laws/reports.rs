//! Laws of reading: of reports, of their encodings, and of telling what they are.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use security_gate::artifact::{Digested, Window};
use security_gate::finding::{Details, Finding};
use security_gate::parser::{self, Options, PARSERS, Parser};
use security_gate::report::{Health, Report, Scan, Tally};

use super::decisions;
use super::listed;

/// What was read.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) scan: Result<Scan, String>,
    pub(super) findings: Vec<Finding<'static>>,
    digested: Digested,
}

impl Reading {
    /// The report, as `check` makes one.
    pub(super) fn report(&self, parser: &Parser) -> Report {
        let mut tally = Tally::default();
        let findings = match self.scan {
            Ok(_) => self.findings.as_slice(),
            Err(_) => &[],
        };
        for finding in findings {
            tally.add(finding);
        }
        Report {
            path: "report".to_owned(),
            lane: parser.lane.to_owned(),
            bytes: self.digested.bytes,
            sha256: self.digested.sha256.clone(),
            scan: self.scan.clone(),
            findings: findings.iter().cloned().collect(),
            tally,
            record: None,
            modified: None,
        }
    }

    /// The same, whatever the bytes are that it was read from.
    fn without_digest(mut self) -> Self {
        self.digested = Digested::default();
        self
    }
}

pub(super) fn read(data: &[u8], name: &str, declared: Option<&'static Parser>) -> Reading {
    let mut findings = Vec::new();
    let window = match Window::over(data) {
        Ok(window) => window,
        Err(error) => {
            return Reading {
                scan: Err(error.to_string()),
                findings,
                digested: Digested::default(),
            };
        }
    };
    let options = Options {
        workspace: Some("/builds/acme/shop".to_owned()),
        ..Options::default()
    };
    let (scan, digested) = parser::parse(window, name, declared, &options, &mut |finding| {
        findings.push(finding.into_owned());
    });
    Reading {
        scan: scan.map_err(|error| error.to_string()),
        findings,
        digested,
    }
}

/// A report that is declared to be of this scanner.
pub(super) fn hold(data: &[u8], scanner: &str, extension: &str) {
    let parser = parser::by_name(scanner).expect("a known scanner");
    let name = format!("report{extension}");
    let reading = read(data, &name, Some(parser));
    assert_eq!(
        reading,
        read(data, &name, Some(parser)),
        "read twice, it is not the same"
    );
    hold_reading(&reading, data, parser);
    decisions::hold_strict(&reading.report(parser), parser);
    if !data.starts_with(&GZIP) {
        let parts = in_parts(data);
        let again = read(&parts, &name, Some(parser));
        assert_eq!(
            again.without_digest(),
            reading.without_digest(),
            "what is read depends on where reading stops"
        );
    }
}

fn hold_reading(reading: &Reading, data: &[u8], parser: &Parser) {
    let Ok(scan) = &reading.scan else { return };
    assert_eq!(scan.scanner, parser.scanner);
    assert!(scan.format.starts_with(parser.scanner), "{}", scan.format);
    assert_eq!(reading.digested.bytes, data.len() as u64);
    let Tally {
        findings,
        instances,
        suppressed,
        secrets,
        by_severity,
        by_category,
    } = reading.report(parser).tally;
    let all = reading.findings.len() as u64;
    assert_eq!(findings + suppressed, all, "the tally is of all findings");
    assert_eq!(by_severity.total(), findings);
    assert_eq!(by_category.values().sum::<u64>(), findings);
    assert!(instances >= findings);
    let secret = reading.findings.iter().filter(|f| f.secret.is_some());
    assert!(secret.count() as u64 <= secrets && secrets <= all);
    let mut identities = BTreeSet::new();
    for finding in &reading.findings {
        hold_finding(finding, parser);
        assert!(
            identities.insert(finding.fingerprint),
            "an identity is given twice: {finding:?}"
        );
    }
    if let Some(listed) = listed::count(&text(data), scan.format) {
        let read = match parser.scanner {
            // One finding is all alerts of a kind on a site.
            "zap" => reading.findings.iter().map(|f| f.instance_count).sum(),
            _ => all,
        };
        assert_eq!(
            read,
            listed,
            "{} of the findings that are listed are read, and the report is {}",
            read,
            scan.health().name()
        );
    }
    if scan.health() > Health::Complete {
        assert!(
            scan.reasons().all(|reason| !reason.trim().is_empty()),
            "not complete, for no reason"
        );
    }
}

fn hold_finding(finding: &Finding, parser: &Parser) {
    assert!(!finding.title.trim().is_empty(), "{finding:?}");
    assert!(finding.instance_count >= 1, "{finding:?}");
    assert!(finding.instances.len() as u64 <= finding.instance_count);
    assert!(finding.instances.len() <= Finding::MAX_INSTANCES);
    let details = &finding.details;
    assert!(!finding.pointer.is_empty(), "{finding:?}");
    assert!(details.references.len() <= Details::MAX_REFERENCES);
    assert!(details.references.len() as u64 <= u64::from(finding.reference_count));
    let kind = parser
        .kinds
        .iter()
        .find(|kind| kind.category == finding.category);
    let kind = kind.unwrap_or_else(|| panic!("{:?} of {}", finding.category, parser.scanner));
    assert!(
        kind.severities.contains(&finding.severity),
        "{} does not say {:?} of {:?}",
        parser.scanner,
        finding.severity,
        finding.category
    );
    if let Some(cvss) = &finding.cvss {
        assert!(cvss.score.is_finite(), "{finding:?}");
    }
}

/// A report that nobody says anything about: what it is, is one thing, and
/// saying it changes nothing.
pub(super) fn hold_recognition(data: &[u8]) {
    let undeclared = read(data, "report", None);
    let declared = PARSERS
        .iter()
        .map(|parser| (parser, read(data, "report", Some(parser))));
    let read: Vec<_> = declared
        .filter(|(_, reading)| reading.scan.is_ok())
        .collect();
    if let Ok(scan) = &undeclared.scan {
        let [(parser, reading)] = read.as_slice() else {
            panic!("a {} report is read as {} others", scan.format, read.len());
        };
        assert_eq!(parser.scanner, scan.scanner);
        assert_eq!(reading, &undeclared);
    }
    for (parser, reading) in &read {
        hold_reading(reading, data, parser);
    }
}

/// A text means the same in every encoding, and what is none is no text.
pub(super) fn hold_encodings(data: &[u8]) {
    if let Ok(mut window) = Window::over(data) {
        let mut text = Vec::new();
        let is_read = window.read_to_end(&mut text).is_ok();
        if let Ok(digested) = window.finish() {
            assert_eq!(digested.bytes, data.len() as u64);
        }
        let is_plain = !data.starts_with(&GZIP)
            && !data.starts_with(&[0xef, 0xbb, 0xbf])
            && !data.starts_with(&[0xff, 0xfe])
            && !data.starts_with(&[0xfe, 0xff]);
        assert!(
            !is_plain || is_read && text == data,
            "plain text is as it is"
        );
    }
    let text = String::from_utf8_lossy(data);
    let text = text.trim_start_matches('\u{feff}');
    let plain = read(text.as_bytes(), "report", None).without_digest();
    let marked = format!("\u{feff}{text}");
    let little = utf16(&marked, u16::to_le_bytes);
    for encoded in [
        marked.as_bytes(),
        &little,
        &utf16(&marked, u16::to_be_bytes),
        &gzip(text.as_bytes()),
        &gzip(&little),
        &in_parts(text.as_bytes()),
    ] {
        let mut decoded = String::new();
        window_of(encoded)
            .read_to_string(&mut decoded)
            .expect("it is text");
        assert_eq!(decoded, text);
        assert_eq!(read(encoded, "report", None).without_digest(), plain);
    }
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

fn window_of(data: &[u8]) -> Window {
    Window::over(data).expect("it can be read")
}

/// The text in UTF-8; what is none is replaced.
fn text(data: &[u8]) -> String {
    let mut text = Vec::new();
    // What follows a mistake was not read by anybody.
    drop(super::window(data).read_to_end(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

fn utf16(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes_of).collect()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(data).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// The data as an archive of three members. A reader gets no more than one of
/// them at a time, so that every place becomes the end of a read.
fn in_parts(data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(data.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    let (first, rest) = data.split_at(sum % (data.len() + 1));
    let (second, third) = rest.split_at(sum / 7 % (rest.len() + 1));
    [first, second, third].map(gzip).concat()
}
