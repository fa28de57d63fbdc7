//! Reports into findings: one file per scanner, one table of them all.
//!
//! A new scanner is a new file with a constant [`Parser`] and its line in
//! [`PARSERS`]. What a file is, is found in its content (`recognize`) and held
//! against what the caller declares; a name proves nothing.

use std::borrow::Cow;
use std::io;

use foldhash::{HashMap, HashSet};

use crate::artifact::{self, ArtifactError, Digested, Place, Window};
use crate::finding::{Details, Finding};
use crate::fingerprint;
use crate::report::Scan;
use crate::scanner::{Kind, Scanner};
use crate::secret::SecretKey;

pub(crate) mod bandit;
pub(crate) mod dependency_check;
pub(crate) mod examples;
pub(crate) mod fields;
pub(crate) mod gitleaks;
pub(crate) mod json;
mod json_path;
pub mod limits;
pub(crate) mod outline;
pub(crate) mod own;
pub(crate) mod recognize;
pub(crate) mod semgrep;
mod trivy;
pub(crate) mod url;
pub(crate) mod xml;
mod zap;

use json::Json;
use limits::Beyond;
use outline::Outline;
use xml::Xml;

/// All scanners whose reports can be read.
pub const PARSERS: &[Parser] = &[
    bandit::PARSER,
    dependency_check::PARSER,
    gitleaks::PARSER,
    semgrep::PARSER,
    trivy::PARSER,
    zap::PARSER,
];

/// All that the rest of the program knows of a scanner.
#[derive(Debug)]
pub struct Parser {
    /// Its name in policies, on the command line and in outputs.
    pub scanner: &'static str,
    /// The lane of its reports, unless configured otherwise.
    pub lane: &'static str,
    /// The kinds of findings that its reports can hold.
    pub kinds: &'static [Kind],
    /// Whether its reports say what was scanned, so that another target is
    /// noticed.
    pub tells_target: bool,
    /// The names of its programs.
    pub programs: &'static [&'static str],
    /// How it writes reports. The first of a syntax is tried on a report that
    /// is declared to be this scanner's and looks like nothing known.
    formats: &'static [Format],
}

impl Parser {
    /// The names of its formats, as outputs have them.
    pub fn format_names(&self) -> impl Iterator<Item = &'static str> {
        self.formats.iter().map(|format| format.name)
    }
}

/// A way in which a scanner writes reports.
#[derive(Debug)]
struct Format {
    /// The scanner and the encoding, as outputs have it: `zap-xml`.
    name: &'static str,
    /// Whether a document with this outline is in this format.
    recognize: fn(&Outline) -> bool,
    /// Contents that say nothing of their scanner and mean "nothing found" in
    /// this format. They are read only when declared.
    untyped: &'static [Untyped],
    parse: Parse,
}

/// Contents that many scanners may have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Untyped {
    /// `[]`.
    EmptyArray,
    /// `null`.
    Null,
    /// No bytes at all, in a file with this extension.
    EmptyFile(&'static str),
}

/// Reads a document and hands its findings to the emitter.
#[derive(Debug)]
enum Parse {
    Json(fn(&mut Json, &mut Emitter<'_>) -> Result<Scan, ParseError>),
    Xml(fn(&mut Xml, &mut Emitter<'_>) -> Result<Scan, ParseError>),
    Text(fn(&mut Window, &mut Emitter<'_>) -> Result<Scan, ParseError>),
}

/// What parsing depends on besides the report.
#[derive(Debug, Clone)]
pub struct Options {
    /// The key for the digests that stand for secrets.
    pub secrets: SecretKey,
    /// The folder of the checkout, where the environment tells.
    pub workspace: Option<String>,
    /// How many findings of a report are kept; those beyond are only counted.
    pub max_findings: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            secrets: SecretKey::default(),
            workspace: None,
            max_findings: limits::DEFAULT_MAX_FINDINGS,
        }
    }
}

impl Parser {
    /// The names of its formats, as a scan has them.
    pub fn formats(&self) -> impl Iterator<Item = &'static str> {
        self.formats.iter().map(|format| format.name)
    }
}

/// Finds the scanner of this name.
pub fn by_name(scanner: &str) -> Option<&'static Parser> {
    PARSERS.iter().find(|parser| parser.scanner == scanner)
}

/// All scanners, as the rest of the program knows them.
pub fn scanners() -> Vec<Scanner> {
    let scanner = |parser: &Parser| Scanner {
        name: parser.scanner,
        lane: parser.lane,
        kinds: parser.kinds,
        tells_target: parser.tells_target,
    };
    PARSERS.iter().map(scanner).collect()
}

/// The lanes that reports belong to unless configured otherwise.
pub fn lanes() -> Vec<&'static str> {
    let mut lanes: Vec<_> = PARSERS.iter().map(|parser| parser.lane).collect();
    lanes.sort_unstable();
    lanes.dedup();
    lanes
}

/// Reads a report to its end. Findings go to `sink` as they are read; they
/// stand only if the scan is `Ok`. All of them do, to be counted; those after the
/// first [`Options::max_findings`] are not to be kept.
///
/// `name` is the report's file name, and `declared` the scanner that the caller
/// says it is of.
pub fn parse(
    window: Window,
    name: &str,
    declared: Option<&'static Parser>,
    options: &Options,
    sink: &mut dyn FnMut(Finding<'_>),
) -> (Result<Scan, ParseError>, Digested) {
    let (scan, window) = read(window, name, declared, Emitter::new(options, sink));
    match (scan.map_err(limits::of_error), window.finish()) {
        (Ok(_), Err(error)) => (Err(ParseError::new(error.to_string())), Digested::default()),
        (scan, digested) => (scan, digested.unwrap_or_default()),
    }
}

fn read(
    window: Window,
    name: &str,
    declared: Option<&'static Parser>,
    mut emitter: Emitter<'_>,
) -> (Result<Scan, ParseError>, Window) {
    let (recognized, mut window) = recognize::recognize(window);
    let (parser, format) =
        match recognized.and_then(|recognized| recognize::agree(&recognized, declared, name)) {
            Ok(found) => found,
            Err(error) => return (Err(error), window),
        };
    let (mut scan, window) = match format.parse {
        Parse::Json(parse) => {
            let mut json = Json::new(window);
            let scan = parse(&mut json, &mut emitter).and_then(|mut scan| {
                if json.has_repairs() {
                    scan.degrade("escapes of half a character were read as U+FFFD: a text in the report was cut");
                }
                json.finish().map(|()| scan)
            });
            (scan, json.into_window())
        }
        Parse::Xml(parse) => {
            let mut xml = Xml::new(window);
            let scan = parse(&mut xml, &mut emitter).and_then(|scan| xml.finish().map(|()| scan));
            (scan, xml.into_window())
        }
        Parse::Text(parse) => (parse(&mut window, &mut emitter), window),
    };
    if let Ok(scan) = &mut scan {
        scan.scanner = parser.scanner;
        scan.format = format.name;
        emitter.beyond.tell(emitter.options.max_findings, scan);
    }
    (scan, window)
}

/// Looks at a document from its beginning until `enough` is known of it. The
/// window then stands at the beginning again.
pub(crate) fn look(
    mut window: Window,
    enough: fn(&Outline) -> bool,
) -> (Result<Outline, ParseError>, Window) {
    window.pin(outline::FAR_ENOUGH);
    let (outline, mut window) = outline::outline(window, enough);
    window.rewind();
    (outline, window)
}

/// Why a report cannot be read: what, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    path: String,
    place: Option<Place>,
    message: String,
    is_foreign: bool,
    /// Only that recognition has looked at enough.
    is_too_far: bool,
}

impl ParseError {
    /// An error of the report as a whole.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::at(String::new(), None, message)
    }

    /// An error at `path`, in the report's own words, and at `place` of its text.
    pub(crate) fn at(path: String, place: Option<Place>, message: impl Into<String>) -> Self {
        Self {
            path,
            place,
            message: message.into(),
            is_foreign: false,
            is_too_far: false,
        }
    }

    /// That this is a sound document, but no report: whoever only looks around
    /// may pass over it.
    fn foreign(message: impl Into<String>) -> Self {
        Self {
            is_foreign: true,
            ..Self::new(message)
        }
    }

    /// Whether the file is a sound document that is no report of a known scanner.
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.path.as_str(), self.place) {
            ("", None) => {}
            ("", Some(place)) => write!(f, "at {place}: ")?,
            (path, None) => write!(f, "at `{path}`: ")?,
            (path, Some(place)) => write!(f, "at `{path}`, {place}: ")?,
        }
        f.write_str(&self.message)
    }
}

/// An error while reading a file's bytes.
pub(crate) fn io_error(path: String, place: Option<Place>, error: &io::Error) -> ParseError {
    let is_too_far = artifact::is_too_far(error);
    ParseError {
        is_too_far,
        ..ParseError::at(path, place, io_message(error))
    }
}

fn io_message(error: &io::Error) -> String {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<ArtifactError>())
    {
        Some(error) => error.to_string(),
        None => format!("cannot read on: {error}"),
    }
}

/// What a parser hands its findings to.
struct Emitter<'a> {
    options: &'a Options,
    sink: &'a mut dyn FnMut(Finding<'_>),
    /// The keys of all findings.
    seen: HashSet<[u8; 16]>,
    /// How many findings share a key, of those that do: few.
    shared: HashMap<[u8; 16], u32>,
    emitted: u64,
    beyond: Beyond,
}

impl<'a> Emitter<'a> {
    fn new(options: &'a Options, sink: &'a mut dyn FnMut(Finding)) -> Self {
        Self {
            options,
            sink,
            seen: HashSet::default(),
            shared: HashMap::default(),
            emitted: 0,
            beyond: Beyond::default(),
        }
    }

    /// The project's key for digests of secrets.
    fn secrets(&self) -> &'a SecretKey {
        &self.options.secrets
    }

    /// A path without what differs between checkouts, for fingerprints.
    fn stable_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        fingerprint::stable_path(path, self.options.workspace.as_deref())
    }

    /// Hands a finding on, with its ordinal among those of equal identity.
    ///
    /// One that is beyond the limit has none: it is there to be counted, and the
    /// memory for ordinals is bounded, too.
    fn emit(&mut self, mut finding: Finding<'_>) {
        if self.emitted >= self.options.max_findings {
            self.beyond.count();
            return (self.sink)(finding);
        }
        self.emitted += 1;
        let key = finding.fingerprint.key();
        if !self.seen.insert(key) {
            let count = self.shared.entry(key).or_insert(1);
            finding.fingerprint = finding.fingerprint.with_ordinal(*count);
            *count += 1;
        }
        let references = &mut finding.details.references;
        finding.reference_count = u32::try_from(references.len()).unwrap_or(u32::MAX);
        references.truncate(Details::MAX_REFERENCES);
        if finding.title.trim().is_empty() {
            finding.title = match finding.rule_id.trim() {
                "" => "finding without a name".into(),
                rule => rule.to_owned().into(),
            };
        }
        self.beyond.cut(&mut finding);
        (self.sink)(finding);
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// Reads `text` as a file called `name` would be, with its findings.
    pub(super) fn read_with(
        text: impl AsRef<[u8]>,
        name: &str,
        declared: Option<&'static Parser>,
        options: &Options,
    ) -> Result<(Scan, Vec<Finding<'static>>), String> {
        let mut findings = Vec::new();
        let window = Window::over(text.as_ref()).unwrap();
        let (scan, _) = parse(window, name, declared, options, &mut |finding| {
            findings.push(finding.into_owned());
        });
        scan.map(|scan| (scan, findings))
            .map_err(|error| error.to_string())
    }

    /// Reads `text` as a report that nobody says anything about.
    pub(super) fn read(text: impl AsRef<[u8]>) -> Result<(Scan, Vec<Finding<'static>>), String> {
        read_with(text, "report", None, &Options::default())
    }
}
