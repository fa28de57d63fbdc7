//! Reports as DefectDojo can read them, without the secrets in them.
//!
//! Its parsers take fewer formats than we do, refuse a whole report for one
//! unexpected word, and store secrets. [`prepare`] makes of a report on disk what
//! is to be sent: the file itself where that is read as it was meant, else a
//! temporary one, with every change listed. Whether there is a change is looked for
//! first, so that nothing is written for a report that needs none. A copy is read
//! back by our own parser, and what does not hold the same findings is not sent.
//!
//! Source: DefectDojo's parsers in `dojo/tools`, version 3.2, and how servers of
//! 2.58 and 3.2 were seen to answer.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use crate::artifact::{self, Digested, Window};
use crate::finding::Severity;
use crate::parser::json::Json;
use crate::parser::xml::Xml;
use crate::parser::{self, ParseError, Parser};

mod bandit;
mod changes;
mod count;
mod dependency_check;
mod error;
mod generic;
mod gitleaks;
mod json;
mod out;
mod redact;
mod scan_type;
mod semgrep;
mod trivy;
mod variables;
mod xml;
mod zap;

pub use changes::Change;
use changes::Changes;
use count::Count;
pub use error::ConvertError;
use out::Out;
use redact::Redactor;
use scan_type::{GENERIC, Target};
pub use scan_type::{file_name, scan_type};

/// What preparing a report depends on besides the report.
#[derive(Debug, Clone)]
pub struct Options {
    /// As the report is parsed; its key makes the digests that stand for secrets.
    pub parser: parser::Options,
    /// The largest report that is read, in bytes.
    pub max_size: u64,
    /// Whether secrets are sent as they stand in the report.
    pub send_secrets: bool,
    /// What a severity counts as that is unknown and that DefectDojo's parser
    /// refuses; the policy's, if it says. `Unknown` counts as `Medium`.
    pub unknown_severity: Severity,
    /// Send generic findings even where DefectDojo has a parser for the format:
    /// each then has our fingerprint, and those that the scanner suppressed
    /// arrive as inactive. The scan type is another then, and with it the test.
    pub generic: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parser: parser::Options::default(),
            max_size: artifact::DEFAULT_MAX_SIZE,
            send_secrets: false,
            unknown_severity: Severity::Unknown,
            generic: false,
        }
    }
}

/// What a report on disk was found to be by who read it.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// Whose it is.
    pub scanner: &'static Parser,
    /// Its format, as a report's scan names it.
    pub format: &'a str,
    /// The bytes that this is known of.
    pub digested: Digested,
}

/// What is to be sent of a report.
#[derive(Debug)]
pub struct Prepared {
    /// DefectDojo's name for it.
    pub scan_type: &'static str,
    /// The name that the file is to be sent under.
    pub file_name: &'static str,
    /// What is to be sent.
    pub body: Body,
    /// Size and digest of what is to be sent.
    pub sent: Digested,
    /// Size and digest of the report on disk.
    pub raw: Digested,
    /// What is sent otherwise than it stands in the report. Empty if and only if
    /// the report is sent as it is.
    pub changes: Vec<Change>,
    /// What DefectDojo reads otherwise than we do, though it is sent as it is.
    pub caveats: Vec<Change>,
    /// In how many places a digest stands for a secret.
    pub redacted: u64,
}

/// The bytes to send.
#[derive(Debug)]
pub enum Body {
    /// The report itself, at this path.
    Original(PathBuf),
    /// A copy, which is removed when this is dropped.
    Converted(NamedTempFile),
}

impl Body {
    /// Where the bytes are.
    pub fn path(&self) -> &Path {
        match self {
            Self::Original(path) => path,
            Self::Converted(file) => file.path(),
        }
    }
}

/// Makes of the report at `path` what is to be sent to DefectDojo.
///
/// Only one entry of the report is in memory at a time. Whatever is read of it is
/// read to its end, and must be the bytes of which it is `known` what they are.
///
/// # Errors
///
/// When the report cannot be read to its end, is not what is known, or when what
/// would be sent does not hold the same findings.
pub fn prepare(
    path: &Path,
    known: &Known<'_>,
    options: &Options,
) -> Result<Prepared, ConvertError> {
    if path.as_os_str() == artifact::STDIN {
        return Err(ConvertError::Stdin);
    }
    let source = Source {
        path,
        scanner: known.scanner,
        options,
        digested: &known.digested,
    };
    let target = match options.generic {
        true => &GENERIC,
        false => scan_type::of(known.format),
    };
    let mut context = Context::new(options);
    let mut out = Out::nowhere();
    if source.is_encoded()? {
        context.changes.add(changes::ENCODING);
    }
    (target.convert)(&source, &mut context, &mut out)?;
    let copy = out.finish().map_err(|error| source.unwritten(error))?;
    let (body, sent) = match (copy, context.changes.is_empty()) {
        (None, true) => (Body::Original(path.to_owned()), known.digested.clone()),
        (Some((file, sent)), false) => {
            source.compare(target, file.path(), &context.changes)?;
            (Body::Converted(file), sent)
        }
        (_, _) => return Err(source.unequal("it has changes and no copy, or a copy of nothing")),
    };
    Ok(Prepared {
        scan_type: target.scan_type,
        file_name: target.file_name,
        body,
        sent,
        raw: known.digested.clone(),
        changes: context.changes.list(),
        caveats: context.caveats.list(),
        redacted: context.redacted,
    })
}

/// Looks whether a report has to be changed, and writes a copy if it has to.
type Convert = fn(&Source<'_>, &mut Context<'_>, &mut Out) -> Result<(), ConvertError>;

/// The report that is converted, to be read as often as it takes.
struct Source<'a> {
    path: &'a Path,
    scanner: &'static Parser,
    options: &'a Options,
    digested: &'a Digested,
}

impl Source<'_> {
    fn open(&self) -> Result<Window, ConvertError> {
        artifact::open(self.path, self.options.max_size).map_err(|error| ConvertError::Unopened {
            path: self.path.to_owned(),
            error,
        })
    }

    fn unreadable(&self, error: ParseError) -> ConvertError {
        ConvertError::Unreadable {
            path: self.path.to_owned(),
            error,
        }
    }

    fn unwritten(&self, error: io::Error) -> ConvertError {
        ConvertError::Unwritten {
            path: self.path.to_owned(),
            error,
        }
    }

    /// Ends a reading: the file must be what it was.
    fn close(&self, window: Window) -> Result<(), ConvertError> {
        self.is_same(&window.finish().unwrap_or_default())
    }

    /// Makes sure that a copy holds what the report does.
    fn compare(&self, target: &Target, copy: &Path, changes: &Changes) -> Result<(), ConvertError> {
        let before = Count::of(self.path, self.path, self.scanner, self.options)?;
        self.is_same(&before.digested)?;
        let after = match target.scan_type == GENERIC.scan_type {
            true => generic::count(copy, &before),
            false => Count::of(self.path, copy, self.scanner, self.options),
        };
        let after =
            after.map_err(|error| self.unequal(format!("it cannot be read back: {error}")))?;
        let compared = before.compare(&after, changes);
        compared.map_err(|what| self.unequal(what))
    }

    fn unequal(&self, what: impl Into<String>) -> ConvertError {
        ConvertError::Unequal {
            path: self.path.to_owned(),
            what: what.into(),
        }
    }

    fn is_same(&self, digested: &Digested) -> Result<(), ConvertError> {
        if digested == self.digested {
            return Ok(());
        }
        Err(ConvertError::Changed {
            path: self.path.to_owned(),
        })
    }

    /// Reads it as JSON; tells whether half characters were mended on the way.
    fn read_json(
        &self,
        read: impl FnOnce(&mut Json) -> Result<(), ParseError>,
    ) -> Result<bool, ConvertError> {
        let mut json = Json::new(self.open()?);
        let result = read(&mut json).and_then(|()| json.finish());
        result.map_err(|error| self.unreadable(error))?;
        let has_repairs = json.has_repairs();
        self.close(json.into_window())?;
        Ok(has_repairs)
    }

    /// Copies it as JSON, if that changes anything.
    fn copy_json(
        &self,
        context: &mut Context<'_>,
        out: &mut Out,
        mut copy: impl FnMut(&mut json::Writer<'_, '_>, &mut Json) -> Result<(), ParseError>,
    ) -> Result<(), ConvertError> {
        self.copy(context, out, |context, out| {
            let mut writer = json::Writer::new(context, out);
            let has_repairs = self.read_json(|json| copy(&mut writer, json))?;
            if has_repairs {
                context.changes.add(changes::HALF_CHARACTERS);
            }
            out.put(b"\n");
            Ok(())
        })
    }

    /// Reads it as XML.
    fn read_xml(
        &self,
        read: impl FnOnce(&mut Xml) -> Result<(), ParseError>,
    ) -> Result<(), ConvertError> {
        let mut xml = Xml::new(self.open()?);
        let result = read(&mut xml).and_then(|()| xml.finish());
        result.map_err(|error| self.unreadable(error))?;
        self.close(xml.into_window())
    }

    /// Copies it as XML, if that changes anything.
    fn copy_xml(
        &self,
        context: &mut Context<'_>,
        out: &mut Out,
        mut copy: impl FnMut(&mut xml::Writer<'_, '_>, &mut Xml) -> Result<(), ParseError>,
    ) -> Result<(), ConvertError> {
        self.copy(context, out, |context, out| {
            let mut writer = xml::Writer::new(context, out);
            self.read_xml(|xml| copy(&mut writer, xml))
        })
    }

    /// Copies it, if that changes anything: looks first, up to the first change.
    fn copy(
        &self,
        context: &mut Context<'_>,
        out: &mut Out,
        mut copy: impl FnMut(&mut Context<'_>, &mut Out) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        if context.changes.is_empty() {
            let looked = copy(context, out);
            if context.changes.is_empty() {
                return looked;
            }
            context.forget();
        }
        self.begin(out)?;
        copy(context, out)
    }

    /// Begins a copy.
    fn begin(&self, out: &mut Out) -> Result<(), ConvertError> {
        *out = Out::new().map_err(|error| self.unwritten(error))?;
        Ok(())
    }

    /// Whether it is packed or in UTF-16.
    fn is_encoded(&self) -> Result<bool, ConvertError> {
        let unopened = |error: io::Error| ConvertError::Unopened {
            path: self.path.to_owned(),
            error: error.into(),
        };
        // What is no file is refused here; a pipe would be waited for.
        drop(self.open()?);
        let file = fs_err::File::open(self.path).map_err(unopened)?;
        let mut first = Vec::new();
        file.take(2).read_to_end(&mut first).map_err(unopened)?;
        Ok(matches!(
            first.as_slice(),
            [0x1f, 0x8b] | [0xff, 0xfe] | [0xfe, 0xff]
        ))
    }

    /// When the file was last changed, to the second.
    fn modified(&self) -> Option<Timestamp> {
        let modified = fs_err::metadata(self.path).ok()?.modified().ok()?;
        let modified = Timestamp::try_from(modified).ok()?;
        Timestamp::from_second(modified.as_second()).ok()
    }
}

/// What is known while a report is copied.
struct Context<'a> {
    options: &'a Options,
    redactor: Redactor<'a>,
    changes: Changes,
    caveats: Changes,
    redacted: u64,
}

impl<'a> Context<'a> {
    fn new(options: &'a Options) -> Self {
        let key = (!options.send_secrets).then_some(&options.parser.secrets);
        Self {
            options,
            redactor: Redactor::new(key),
            changes: Changes::default(),
            caveats: Changes::default(),
            redacted: 0,
        }
    }

    /// What was only looked at is to be told again.
    fn forget(&mut self) {
        self.changes = Changes::default();
        self.caveats = Changes::default();
        self.redacted = 0;
    }

    /// What a severity that nobody knows is sent as, where DefectDojo's parser has
    /// words for `known` ones only.
    fn instead_of_unknown(&mut self, is_active: bool, known: RangeInclusive<Severity>) -> Severity {
        let severity = self.options.unknown_severity.or(Severity::Medium);
        let severity = severity.clamp(*known.start(), *known.end());
        self.changes
            .add_severity(Severity::Unknown, severity, is_active);
        severity
    }

    /// Looks for these secrets in all texts from now on.
    fn learn(
        &mut self,
        source: &Source<'_>,
        secrets: &BTreeSet<String>,
    ) -> Result<(), ConvertError> {
        self.redactor = self.learned(source, secrets)?;
        Ok(())
    }

    /// Looks for these secrets in the texts that it is asked about.
    fn learned(
        &self,
        source: &Source<'_>,
        secrets: &BTreeSet<String>,
    ) -> Result<Redactor<'a>, ConvertError> {
        let mut redactor = Redactor::new(self.redactor.key());
        if redactor.learn(secrets) {
            return Ok(redactor);
        }
        Err(source.unreadable(ParseError::new(
            "more secrets than can be looked for at once; split the report",
        )))
    }

    /// A digest in the place of a text that is a secret as a whole.
    fn redact(&mut self, text: &str) -> Option<String> {
        let redacted = self.redactor.secret(text)?;
        self.note_redaction();
        Some(redacted)
    }

    fn note_redaction(&mut self) {
        self.redacted += 1;
        self.changes.add(changes::SECRETS);
    }

    /// A text without secrets, user names, and characters that are `bad`, which
    /// `has_bad` looks for; absent when there is nothing to clean.
    fn clean(
        &mut self,
        text: &str,
        has_bad: fn(&str) -> bool,
        bad: fn(char) -> bool,
    ) -> Option<String> {
        let mut cleaned = None;
        if let Some(masked) = self.redactor.without_known(text) {
            self.note_redaction();
            cleaned = Some(masked);
        }
        if let Some(masked) = self
            .redactor
            .without_users(cleaned.as_deref().unwrap_or(text))
        {
            self.redacted += 1;
            self.changes.add(changes::USER_INFO);
            cleaned = Some(masked);
        }
        let current = cleaned.as_deref().unwrap_or(text);
        if has_bad(current) {
            self.changes.add(changes::BAD_CHARACTERS);
            cleaned = Some(current.replace(bad, "\u{fffd}"));
        }
        cleaned
    }
}
