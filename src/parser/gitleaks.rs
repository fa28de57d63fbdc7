//! Gitleaks JSON and CSV, of version 8 and of 7 and before.
//!
//! Source of the formats: `report/finding.go`, `json.go` and `csv.go`; for
//! version 7 `scan/leak.go`. Its reports hold findings and nothing else: no
//! version, no date, and no word on whether the scan went through.

use std::borrow::Cow;
use std::io::{self, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use serde::Deserialize;

use super::fields::{Number, Text, title};
use super::json::{Json, Kind, Piece};
use super::outline::Outline;
use super::{Emitter, Format, Parse, ParseError, Parser, Untyped, io_message};
use crate::artifact::Window;
use crate::finding::{Category, Details, Finding, Location, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint};
use crate::report::Scan;
use crate::scanner::{self, Detail};

pub(super) const PARSER: Parser = Parser {
    scanner: "gitleaks",
    lane: "secret-detection",
    kinds: &[scanner::Kind {
        category: Category::Secret,
        severities: &[Severity::High],
        details: &[Detail::Cwe, Detail::Path],
    }],
    tells_target: false,
    programs: &["gitleaks"],
    formats: &[
        Format {
            name: "gitleaks-json",
            recognize: |outline| {
                outline.is_array_of(&["RuleID", "StartLine"])
                    || outline.is_array_of(&["rule", "offender"])
            },
            untyped: &[Untyped::EmptyArray, Untyped::Null],
            parse: Parse::Json(parse_json),
        },
        Format {
            name: "gitleaks-csv",
            recognize: |outline| matches!(outline, Outline::Text(line) if is_header(line)),
            untyped: &[Untyped::EmptyFile(".csv")],
            parse: Parse::Text(parse_csv),
        },
    ],
};

/// A record of either format and any version. What surrounds the secret
/// (`Match`, `line`, `Fragment`) and who committed it are left in the report.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "RuleID", alias = "rule")]
    rule: Cow<'a, str>,
    #[serde(borrow, rename = "File", alias = "file")]
    file: Text<'a>,
    #[serde(borrow, default, rename = "Secret", alias = "offender")]
    secret: Text<'a>,
    /// Of the rule, not of the place; in JSON of version 8 only.
    #[serde(borrow, default, rename = "Description")]
    description: Text<'a>,
    #[serde(borrow, default, rename = "Commit", alias = "commit")]
    commit: Text<'a>,
    #[serde(borrow, default, rename = "Link", alias = "leakURL")]
    link: Text<'a>,
    #[serde(default, rename = "StartLine", alias = "lineNumber")]
    start_line: Number,
    #[serde(default, rename = "EndLine")]
    end_line: Number,
    #[serde(default, rename = "StartColumn")]
    start_column: Number,
}

impl Piece for Entry<'_> {
    type Of<'a> = Entry<'a>;
}

fn parse_json(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    if json.kind()? == Kind::Null {
        json.skip()?;
        scan.doubt(format!(
            "`null`: Gitleaks 7 found nothing, or the scan of Gitleaks 8 broke off; {PROOF}"
        ));
        return Ok(scan);
    }
    let mut count = 0;
    json.array(|json| {
        let pointer = json.pointer();
        json.made_of::<Entry<'_>, _>(|entry| {
            let finding = finding(&entry, pointer, emitter);
            emitter.emit(finding);
        })?;
        count += 1;
        Ok(())
    })?;
    judge(count, &mut scan);
    Ok(scan)
}

fn parse_csv(window: &mut Window, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut reader = ReaderBuilder::new().from_reader(Quoted::new(window));
    let header = reader
        .headers()
        .map_err(|error| csv_error(error, 0))?
        .clone();
    let mut rows = 0;
    if !header.is_empty() {
        let columns = Columns::of(&header)?;
        let mut record = StringRecord::new();
        while reader
            .read_record(&mut record)
            .map_err(|error| csv_error(error, rows + 1))?
        {
            rows += 1;
            let entry = columns.entry(&record);
            let finding = finding(&entry, format!("row {rows}"), emitter);
            emitter.emit(finding);
        }
        if !reader.get_ref().at_line_end {
            if rows == 0 {
                return Err(ParseError::new(
                    "the header does not end with a line break: the report is cut off",
                ));
            }
            scan.degrade("the last row does not end with a line break: the report may be cut off");
        }
    }
    judge(rows, &mut scan);
    Ok(scan)
}

const PROOF: &str = "only a scan record with its exit code shows that the scan went through: run it by `security-gate run`";

/// Gitleaks scans in part, writes what it has and exits as if it had found
/// something; a report with nothing in it may be all that is left of a scan.
fn judge(count: u64, scan: &mut Scan) {
    if count == 0 {
        scan.doubt(format!(
            "no findings, and Gitleaks writes the same when its scan breaks off; {PROOF}"
        ));
    }
}

fn finding<'a>(entry: &'a Entry<'_>, pointer: String, emitter: &Emitter<'_>) -> Finding<'a> {
    let secrets = emitter.secrets();
    let written = entry.secret.trim();
    let secret = Some(written).filter(|secret| !secret.is_empty() && !is_redacted(secret));
    let hidden = |text: &'a str| match (secret, visible_part(written)) {
        (Some(secret), _) => secrets.mask(text, secret),
        (None, Some(part)) => text.replace(part, "[secret]").into(),
        (None, None) => text.into(),
    };
    let digest = secret.map(|secret| secrets.digest(secret));
    let file = hidden(&entry.file);
    // What is not committed yet has a commit of zeros in version 7.
    let commit = Some(entry.commit.trim())
        .filter(|commit| commit.bytes().any(|byte| byte != b'0'))
        .unwrap_or_default();
    let line = entry.start_line.line();
    // A redacted secret tells nothing apart. Its line does, where it is that of
    // a commit and cannot move.
    let anchor = match (&digest, line) {
        (None, Some(line)) if !commit.is_empty() => line.to_string(),
        _ => String::new(),
    };
    let fingerprint = Fingerprint::new(
        "gitleaks",
        &[
            &entry.rule,
            &emitter.stable_path(&file),
            commit,
            digest.as_deref().unwrap_or_default(),
            &anchor,
        ],
    );
    let location = Location::Source {
        line,
        end_line: entry
            .end_line
            .line()
            .filter(|&end| line.is_some_and(|line| line <= end)),
        column: entry.start_column.line(),
        commit: Some(hidden(commit)).filter(|commit| !commit.is_empty()),
        path: file,
    };
    // Gitleaks has no severities, only rules for what must not be there.
    let mut finding = Finding::new(
        fingerprint,
        Category::Secret,
        &*entry.rule,
        Severity::High,
        location,
    );
    let description = hidden(&entry.description);
    let title = title(&description);
    finding.content = digest
        .as_deref()
        .map(|digest| ContentDigest::new("gitleaks", &[&entry.rule, commit, digest]));
    finding.cwes = vec![798];
    // An address repeats the path in an encoding of its own.
    let is_clean =
        finding.location.borrowed().path() == Some(&*entry.file) && !has_credentials(&entry.link);
    let address = entry.link.some().filter(|_| is_clean);
    finding.details = Details {
        description: title.is_some().then_some(description),
        references: address.map(hidden).into_iter().collect(),
    };
    finding.pointer = pointer.into();
    if let Some(title) = title {
        finding.title = title;
    }
    finding.secret = digest.map(Into::into);
    finding
}

/// `--redact` leaves a word, or with a percentage a part of the secret.
pub(crate) fn is_redacted(secret: &str) -> bool {
    matches!(secret, "REDACTED" | "REDACT") || secret.ends_with("...")
}

/// What `--redact` with a percentage leaves, if it is enough to be one secret's.
fn visible_part(secret: &str) -> Option<&str> {
    const ENOUGH: usize = 4;
    secret
        .strip_suffix("...")
        .filter(|part| part.len() >= ENOUGH)
}

/// Whether an address has a user's name or token before its host.
pub(crate) fn has_credentials(link: &str) -> bool {
    let (_, rest) = link.split_once("://").unwrap_or(("", link));
    rest.split('/')
        .next()
        .is_some_and(|host| host.contains('@'))
}

/// Whether a line of text begins a CSV report. The line of version 7 has the
/// text of a line in it, not its number.
fn is_header(line: &str) -> bool {
    let has = |name| line.split(',').any(|column| column.trim() == name);
    has("RuleID") && (has("Secret") || has("Fingerprint")) || has("offender") && has("commit")
}

/// Where the fields of a record stand in a row.
struct Columns {
    rule: usize,
    file: usize,
    secret: Option<usize>,
    commit: Option<usize>,
    link: Option<usize>,
    start_line: Option<usize>,
    end_line: Option<usize>,
    start_column: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, ParseError> {
        let named = |names: [&str; 2]| {
            let mut found = (0..header.len()).filter(|&index| {
                header
                    .get(index)
                    .is_some_and(|name| names.contains(&name.trim()))
            });
            match (found.next(), found.next()) {
                (first, None) => Ok(first),
                (_, Some(_)) => Err(ParseError::new(format!(
                    "the header has the column `{}` twice",
                    names[0]
                ))),
            }
        };
        let needed = |names: [&str; 2]| {
            named(names)?.ok_or_else(|| {
                ParseError::new(format!(
                    "the header has no column `{}` (or `{}`, as Gitleaks 7 names it)",
                    names[0], names[1]
                ))
            })
        };
        Ok(Self {
            rule: needed(["RuleID", "rule"])?,
            file: needed(["File", "file"])?,
            secret: named(["Secret", "offender"])?,
            commit: named(["Commit", "commit"])?,
            link: named(["Link", "leakURL"])?,
            start_line: named(["StartLine", "lineNumber"])?,
            end_line: named(["EndLine", "EndLine"])?,
            start_column: named(["StartColumn", "StartColumn"])?,
        })
    }

    fn entry<'a>(&self, record: &'a StringRecord) -> Entry<'a> {
        let field = |index: Option<usize>| {
            index
                .and_then(|index| record.get(index))
                .unwrap_or_default()
        };
        let text = |index| Text(Cow::Borrowed(field(index)));
        let number = |index| Number(field(index).trim().parse().ok());
        Entry {
            rule: Cow::Borrowed(field(Some(self.rule))),
            file: text(Some(self.file)),
            secret: text(self.secret),
            description: Text::default(),
            commit: text(self.commit),
            link: text(self.link),
            start_line: number(self.start_line),
            end_line: number(self.end_line),
            start_column: number(self.start_column),
        }
    }
}

/// In our own words: those of the library have the wrong count of rows.
fn csv_error(error: csv::Error, row: u64) -> ParseError {
    let place = match row {
        0 => "header".to_owned(),
        row => format!("row {row}"),
    };
    let message = match error.into_kind() {
        ErrorKind::Io(error) => return ParseError::new(io_message(&error)),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} fields, and the header has {expected_len}: the row is cut off or broken")
        }
        ErrorKind::Utf8 { .. } => "not in UTF-8".to_owned(),
        _ => "not readable as CSV".to_owned(),
    };
    ParseError::at(place, None, message)
}

/// Passes CSV on and makes sure that its quotes are as Go writes them. The
/// library takes any, and one that is missing would swallow the rows up to the
/// next, or the rest of the file.
struct Quoted<'a> {
    window: &'a mut Window,
    at: At,
    at_line_end: bool,
    line: u64,
    /// The line in which the last quoted field begins.
    quoted_from: u64,
    row_bytes: usize,
    /// What is wrong behind the bytes that were read last.
    broken: Option<io::Error>,
}

/// Where in a row we are.
#[derive(Clone, Copy)]
enum At {
    Start,
    Bare,
    Quoted,
    /// Behind a quote in a quoted field: its end, or half of an escaped one.
    Quote,
}

impl<'a> Quoted<'a> {
    /// The largest row that is taken into memory, in bytes.
    const MAX_ROW: usize = 64 << 20;

    fn new(window: &'a mut Window) -> Self {
        Self {
            window,
            at: At::Start,
            at_line_end: true,
            line: 1,
            quoted_from: 1,
            row_bytes: 0,
            broken: None,
        }
    }

    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        self.row_bytes += 1;
        self.at = match (self.at, byte) {
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
            (At::Start, b'"') => {
                self.quoted_from = self.line;
                At::Quoted
            }
            (At::Bare, b'"') => return Err("a quote inside a field that does not begin with one"),
            (_, b'\n' | b'\r') => {
                self.row_bytes = 0;
                At::Start
            }
            (_, b',') => At::Start,
            (At::Quote, _) => return Err("text behind the quote that closes a field"),
            (At::Start | At::Bare, _) => At::Bare,
        };
        self.at_line_end = byte == b'\n';
        self.line += u64::from(self.at_line_end);
        if self.row_bytes > Self::MAX_ROW {
            return Err("a row of more than 64 MiB");
        }
        Ok(())
    }
}

impl Read for Quoted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let read = self.window.read(out)?;
        let broken = |line, what| io::Error::other(format!("line {line}: {what}"));
        for (at, &byte) in out.get(..read).unwrap_or_default().iter().enumerate() {
            if let Err(what) = self.step(byte) {
                let error = broken(self.line, what);
                if at == 0 {
                    return Err(error);
                }
                // What stands before it comes first, and with it the errors there.
                self.broken = Some(error);
                return Ok(at);
            }
        }
        match self.at {
            At::Quoted if read == 0 => Err(broken(
                self.quoted_from,
                "a quote is never closed: the report is cut off or broken",
            )),
            _ => Ok(read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::{Options, testing};
    use crate::report::Health;
    use crate::secret::SecretKey;

    const SECRET: &str = "glpat-hunter2hunter2";

    const V8: &str = r#"{"RuleID":"gitlab-pat","Description":"A GitLab token\nof a person","StartLine":12,
        "EndLine":13,"StartColumn":9,"EndColumn":29,"Match":"key = glpat-hunter2hunter2",
        "Secret":"glpat-hunter2hunter2","File":"cfg/prod.env","SymlinkFile":"","Commit":"9f1c0e7d2b3a",
        "Link":"https://gitlab.com/a/b/blob/9f1c0e7d2b3a/cfg/prod.env#L12","Entropy":3.6,"Author":"Ann",
        "Email":"ann@example.com","Date":"2026-01-02T08:00:00Z","Message":"cfg","Tags":[],
        "Fingerprint":"9f1c0e7d2b3a:cfg/prod.env:gitlab-pat:12"}"#;

    const V7: &str = r#"{"line":"key = glpat-hunter2hunter2","lineNumber":12,"offender":"glpat-hunter2hunter2",
        "commit":"9f1c0e7d2b3a","repo":".","repoURL":"","leakURL":"","rule":"gitlab-pat",
        "commitMessage":"cfg","author":"Ann","email":"ann@example.com","file":"cfg/prod.env",
        "date":"2026-01-02T08:00:00Z","tags":"key, gitlab","operation":"addition"}"#;

    const HEADER: &str = "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,\
        Author,Message,Date,Email,Fingerprint,Tags\n";

    const ROW: &str = "gitlab-pat,9f1c0e7d2b3a,cfg/prod.env,,glpat-hunter2hunter2,\"key = \"\"glpat-hunter2hunter2\"\"\",\
        12,13,9,29,Ann,\"c,f\ng\",2026-01-02T08:00:00Z,ann@example.com,fp,a b\n";

    fn read_as(
        text: &str,
        name: &str,
        declared: bool,
        options: &Options,
    ) -> Result<(Scan, Vec<Finding<'static>>), String> {
        testing::read_with(text, name, declared.then_some(&PARSER), options)
    }

    fn read(text: &str) -> Result<(Scan, Vec<Finding<'static>>), String> {
        read_as(text, "gitleaks.csv", false, &Options::default())
    }

    fn finding_of(text: &str) -> Finding<'static> {
        let (_, mut findings) = read(text).unwrap();
        assert_eq!(findings.len(), 1, "{text}");
        findings.remove(0)
    }

    fn list(record: &str) -> String {
        format!("[{record}]")
    }

    #[test]
    fn every_format_and_version_is_read_alike() {
        let v8 = finding_of(&list(V8));
        assert_eq!(v8.title, "A GitLab token");
        assert_eq!(
            (v8.severity, v8.category),
            (Severity::High, Category::Secret)
        );
        assert_eq!(v8.cwes, [798]);
        assert_eq!(v8.pointer.to_string(), "/0");
        assert_eq!(v8.details.references.len(), 1);
        assert_eq!(
            v8.secret.as_deref(),
            Some(&*SecretKey::default().digest(SECRET))
        );
        assert_eq!(
            v8.location,
            Location::Source {
                path: "cfg/prod.env".into(),
                line: Some(12),
                end_line: Some(13),
                column: Some(9),
                commit: Some("9f1c0e7d2b3a".into()),
            }
        );
        let csv = finding_of(&format!("{HEADER}{ROW}"));
        assert_eq!(csv.title, "gitlab-pat");
        assert_eq!(csv.pointer.to_string(), "row 1");
        assert_eq!((&csv.location, &csv.secret), (&v8.location, &v8.secret));
        let link = format!("{HEADER}{ROW}")
            .replace("Tags\n", "Tags,Link\n")
            .replace("a b\n", "a b,https://x/y\n");
        let linked = finding_of(&link);
        assert_eq!(linked.details.references, ["https://x/y"]);
        let v7 = finding_of(&list(V7));
        assert_eq!(v7.location.to_string(), "cfg/prod.env:12 at 9f1c0e7");
        let v7_csv = finding_of(
            "repo,line,commit,offender,leakURL,rule,tags,commitMsg,author,email,file,date\n\
            .,x,9f1c0e7d2b3a,glpat-hunter2hunter2,,gitlab-pat,,m,a,e,cfg/prod.env,d\n",
        );
        assert_eq!(v7_csv.location.to_string(), "cfg/prod.env at 9f1c0e7");
        for other in [&csv, &v7, &v7_csv] {
            assert_eq!(other.fingerprint, v8.fingerprint);
        }
        for line in ["-1", "0", "null", r#""x""#] {
            let finding = finding_of(&list(&V7.replace("12", line)));
            assert_eq!(
                finding.location.to_string(),
                "cfg/prod.env at 9f1c0e7",
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let csv = format!("{HEADER}{ROW}");
        for (text, message) in [
            ("[7]".to_owned(), "expected"),
            ("[null]".to_owned(), "expected"),
            (format!("[{V8},{{}}]"), "missing field `RuleID`"),
            (
                list(&V8.replace(r#""gitlab-pat""#, "null")),
                "expected a string",
            ),
            (
                list(&V8.replace(r#""File""#, r#""Path""#)),
                "missing field `File`",
            ),
            (r#"{"leaks":[]}"#.to_owned(), "expected a list"),
            (format!("[{V8}"), "cut off"),
            (format!("{V8}\n{V8}"), "expected a list"),
            (
                csv.replace(",fp,a b", ""),
                "`row 1`: 14 fields, and the header has 16",
            ),
            (format!("{csv}r,c,"), "`row 2`: 3 fields"),
            (csv.replace("File,", "Path,"), "no column `File`"),
            (
                csv.replace("Match,", "Secret,"),
                "the column `Secret` twice",
            ),
            (
                csv.replace("fp,a b", "fp,\"a b"),
                "line 3: a quote is never closed",
            ),
            (
                csv.replace(",cfg/", ",\"cfg/"),
                "line 2: text behind the quote",
            ),
            (
                csv.replace("cfg/", "c\"fg/"),
                "line 2: a quote inside a field",
            ),
            (
                csv.replace("fp,", "\"fp\"x,"),
                "line 3: text behind the quote",
            ),
            (
                "repo,line,commit,offender\n".to_owned(),
                "no column `RuleID` (or `rule`",
            ),
            (" ".to_owned(), "no column"),
        ] {
            let error = read_as(&text, "gitleaks.csv", true, &Options::default()).expect_err(&text);
            assert!(error.contains(message), "{text}: {error}");
            assert!(!error.contains(SECRET), "{error}");
        }
    }

    #[test]
    fn nothing_found_proves_nothing() {
        for (text, message) in [
            ("[]", "no findings"),
            ("null", "`null`"),
            ("", "no findings"),
            (HEADER, "no findings"),
        ] {
            let (scan, findings) = read_as(text, "x.csv", true, &Options::default()).unwrap();
            assert_eq!(
                (scan.health(), findings.len()),
                (Health::Degraded, 0),
                "{text}"
            );
            assert!(
                scan.notes[0].text.contains(message),
                "{text}: {:?}",
                scan.notes
            );
        }
        assert!(read_as("", "x.json", true, &Options::default()).is_err());
        assert!(read("[]").is_err());
        assert_eq!(read(&list(V8)).unwrap().0.health(), Health::Complete);
        let csv = format!("{HEADER}{ROW}");
        assert_eq!(read(&csv).unwrap().0.health(), Health::Complete);
        assert_eq!(read(csv.trim_end()).unwrap().0.health(), Health::Degraded);
    }

    #[test]
    fn equal_records_are_two_findings() {
        let (_, findings) = read(&format!("[{V8},{V8}]")).unwrap();
        assert_eq!(
            findings[1].fingerprint,
            findings[0].fingerprint.with_ordinal(1)
        );
    }

    #[test]
    fn identity_is_the_rule_the_file_the_commit_and_the_secret() {
        const REDACTED: [(&str, &str); 1] = [(SECRET, "REDACTED")];
        const WORK_TREE: [(&str, &str); 1] = [(r#""9f1c0e7d2b3a""#, r#""""#)];
        let identity = |changes: &[(&str, &str)]| {
            let record = changes.iter().fold(V8.to_owned(), |record, (from, to)| {
                assert!(record.contains(from), "{from}");
                record.replace(from, to)
            });
            finding_of(&list(&record)).fingerprint
        };
        let renamed = V8.replace(r#""File":"cfg"#, r#""File":"etc"#);
        let content = finding_of(&list(&renamed)).content;
        assert!(content.is_some());
        assert_eq!(content, finding_of(&list(V8)).content);
        let moved = (r#""StartLine":12"#, r#""StartLine":40"#);
        let file = (r#""File":"cfg"#, r#""File":"etc"#);
        let rule = (r#""RuleID":"gitlab-pat""#, r#""RuleID":"other""#);
        let absolute = (r#""File":"cfg"#, r#""File":"/builds/acme/shop/cfg"#);
        for (base, survives, differs) in [
            (
                vec![],
                vec![moved, absolute],
                vec![
                    file,
                    rule,
                    (SECRET, "other"),
                    (r#""9f1c0e7d2b3a""#, r#""aa""#),
                ],
            ),
            (
                WORK_TREE.to_vec(),
                vec![moved, absolute],
                vec![file, rule, (SECRET, "other")],
            ),
            (REDACTED.to_vec(), vec![absolute], vec![file, rule, moved]),
            (
                [REDACTED, WORK_TREE].concat(),
                vec![moved, absolute],
                vec![file, rule],
            ),
        ] {
            let one = identity(&base);
            let with = |change| identity(&[base.as_slice(), &[change]].concat());
            for change in survives {
                assert_eq!(with(change), one, "{base:?} {change:?}");
            }
            for change in differs {
                assert_ne!(with(change), one, "{base:?} {change:?}");
            }
        }
        let zeros = (r#""9f1c0e7d2b3a""#, r#""000000""#);
        assert_eq!(identity(&[zeros]), identity(&WORK_TREE));
    }

    #[test]
    fn no_secret_is_repeated_and_no_redacted_one_is_taken_for_one() {
        let everywhere = V8
            .replace("A GitLab", "glpat-hunter2hunter2, a GitLab")
            .replace(r#""Commit":"9f1c"#, r#""Commit":"glpat-hunter2hunter2"#)
            .replace("cfg/prod", "cfg/glpat-hunter2hunter2");
        let csv = format!("{HEADER}{ROW}").replace("cfg/prod", "cfg/glpat-hunter2hunter2");
        let options = Options {
            secrets: SecretKey::new("key"),
            ..Options::default()
        };
        for text in [list(&everywhere), csv, list(V7)] {
            let (_, findings) = read_as(&text, "", false, &options).unwrap();
            let all = format!("{findings:?}");
            assert!(!all.contains("hunter2"), "{all}");
            assert!(!all.contains("Ann"), "{all}");
            let digest = options.secrets.digest(SECRET);
            assert_eq!(findings[0].secret.as_deref(), Some(&*digest));
        }
        for word in ["REDACTED", " REDACT ", "glpat-hu...", "...", ""] {
            let redacted = V8.replace(SECRET, word);
            let one = finding_of(&list(&redacted));
            assert_eq!((&one.secret, one.content), (&None, None), "{word}");
            let keyed = read_as(&list(&redacted), "", false, &options).unwrap().1;
            assert_eq!(keyed[0].fingerprint, one.fingerprint, "{word}");
        }
        let part = everywhere.replace(
            r#""Secret":"glpat-hunter2hunter2""#,
            r#""Secret":"glpat-hunter2hu...""#,
        );
        let all = format!("{:?}", finding_of(&list(&part)));
        assert!(!all.contains("glpat"), "{all}");
        let short = V8
            .replace(SECRET, "hunt...")
            .replace("A GitLab token", "A token, hunt");
        let short = finding_of(&list(&short));
        assert_eq!(short.title, "A token, [secret]");
        let link = finding_of(&list(&V8.replace("https://", "https://user:pass@")));
        assert!(link.details.references.is_empty());
    }
}
