//! Bandit JSON (`bandit -f json`).
//!
//! Source of the format: `bandit/formatters/json.py` and `bandit/core/issue.py`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::fields::{List, Number, Text, timestamp, title};
use super::json::{Json, Piece};
use super::{Emitter, Format, Parse, ParseError, Parser};
use crate::finding::{Category, Confidence, Details, Finding, Location, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint, without_white_space};
use crate::report::{Files, Scan};
use crate::scanner::{self, Detail};

pub(super) const PARSER: Parser = Parser {
    scanner: "bandit",
    lane: "mainline-sast",
    kinds: &[scanner::Kind {
        category: Category::Sast,
        severities: &[
            Severity::Critical,
            Severity::High,
            Severity::Medium,
            Severity::Low,
            Severity::Unknown,
        ],
        details: &[Detail::Confidence, Detail::Cwe, Detail::Path],
    }],
    tells_target: false,
    programs: &["bandit"],
    formats: &[Format {
        name: "bandit-json",
        recognize: |outline| {
            // `_totals` may stand behind more files than are looked at.
            outline.has_array("errors") && outline.has("generated_at") && outline.has("metrics")
                || outline.has_array("results") && outline.has_in("metrics", "_totals")
                || outline.has_in("results", "issue_text")
        },
        untyped: &[],
        parse: Parse::Json(parse),
    }],
};

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    #[serde(borrow, default)]
    test_id: Text<'a>,
    #[serde(borrow, default)]
    test_name: Text<'a>,
    #[serde(borrow, default)]
    issue_severity: Text<'a>,
    #[serde(borrow, default)]
    issue_confidence: Text<'a>,
    #[serde(default)]
    issue_cwe: Option<Cwe>,
    #[serde(borrow, default)]
    issue_text: Text<'a>,
    #[serde(default)]
    line_number: Number,
    #[serde(default)]
    line_range: List<Number>,
    #[serde(default)]
    col_offset: Number,
    /// The lines in question and their neighbours, each behind its number.
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    more_info: Text<'a>,
}

impl Piece for Entry<'_> {
    type Of<'a> = Entry<'a>;
}

/// `{}` when the test names no weakness.
#[derive(Deserialize)]
struct Cwe {
    #[serde(default)]
    id: Number,
}

/// A file that was not analysed, or a path that is not there.
#[derive(Deserialize)]
struct Unread<'a> {
    #[serde(borrow, default)]
    filename: Text<'a>,
    #[serde(borrow, default)]
    reason: Text<'a>,
}

fn parse(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut findings = None;
    let mut generated_at = None;
    let mut health = Health::default();
    json.object(|json, key| match key {
        "generated_at" => {
            generated_at = timestamp(&json.value::<Text<'_>>()?);
            Ok(())
        }
        "results" => {
            let mut count = 0_u64;
            json.array(|json| {
                let pointer = json.pointer();
                json.made_of::<Entry<'_>, _>(|entry| {
                    if scan.version.is_none() {
                        scan.version = version(&entry.more_info).map(str::to_owned);
                    }
                    let rule = entry.test_id.some().or(entry.test_name.some());
                    let rule = rule.ok_or_else(|| {
                        ParseError::at(
                            pointer.clone(),
                            None,
                            "neither `test_id` nor `test_name`: not a result of Bandit",
                        )
                    })?;
                    let finding = finding(&entry, rule, pointer, emitter);
                    emitter.emit(finding);
                    Ok(())
                })??;
                count += 1;
                Ok(())
            })?;
            findings = Some(count);
            Ok(())
        }
        "errors" => {
            health.has_errors = true;
            json.array_or_null(|json| {
                health.add_unread(&json.value::<Unread<'_>>()?);
                Ok(())
            })
        }
        "metrics" => {
            health.files = Some(0);
            json.object(|json, file| match file {
                "_totals" => health.add_totals(json),
                file => {
                    health.add_file(file);
                    Ok(())
                }
            })
        }
        _ => Ok(()),
    })?;
    let Some(findings) = findings else {
        return Err(json.error("`results` is missing: this is not a Bandit report"));
    };
    scan.generated_at = generated_at;
    if generated_at.is_none() {
        scan.note("the report does not say when it was written, or not in a form that is known");
    }
    health.judge(findings, &mut scan);
    Ok(scan)
}

fn finding<'a>(
    entry: &'a Entry<'_>,
    rule: &'a str,
    pointer: String,
    emitter: &Emitter<'_>,
) -> Finding<'a> {
    let secrets = emitter.secrets();
    let path = emitter.stable_path(&entry.filename);
    let source = source(entry);
    let identity = match source.as_str() {
        "" => &*entry.issue_text,
        source => source,
    };
    let mut text = Cow::Borrowed(&*entry.issue_text);
    let mut secret = None;
    let content;
    let fingerprint = if is_about_passwords(entry) {
        if let Some((label, password)) = password(&entry.issue_text) {
            let digest = secrets.digest(password);
            text = format!("{label}: [secret {digest}]").into();
            secret = Some(digest);
        }
        // The line has the password in it: a plain hash could confirm a guess.
        let line = secrets.digest(identity);
        // One more digest of the line would help to confirm one, too. An empty
        // password is none to guess.
        content = secret
            .clone()
            .unwrap_or_else(|| secrets.digest(&without_white_space(&source)));
        Fingerprint::new("bandit", &[rule, &path, &line])
    } else {
        content = without_white_space(&source);
        Fingerprint::new("bandit", &[rule, &path, identity])
    };
    let line = entry.line_number.line();
    let last = entry
        .line_range
        .0
        .iter()
        .filter_map(|line| line.line())
        .max();
    let location = Location::Source {
        path: (&*entry.filename).into(),
        line,
        end_line: last.filter(|&last| line.is_some_and(|line| line <= last)),
        // Python counts columns from 0; -1 is none.
        column: entry
            .col_offset
            .whole()
            .and_then(|column| u32::try_from(column + 1).ok()),
        commit: None,
    };
    let severity = severity(&entry.issue_severity);
    let mut finding = Finding::new(fingerprint, Category::Sast, rule, severity, location);
    finding.content = (!source.is_empty()).then(|| ContentDigest::new("bandit", &[rule, &content]));
    finding.title = title(&text).unwrap_or_default();
    finding.details = Details {
        description: Some(text).filter(|text| !text.is_empty()),
        references: entry.more_info.borrowed().into_iter().collect(),
    };
    finding.pointer = pointer.into();
    finding.scanner_severity = entry.issue_severity.borrowed();
    finding.confidence = Confidence::from_word(&entry.issue_confidence);
    finding.cwes = entry
        .issue_cwe
        .as_ref()
        .and_then(|cwe| u32::try_from(cwe.id.whole()?).ok())
        .filter(|&number| number > 0)
        .into_iter()
        .collect();
    finding.secret = secret.map(Into::into);
    finding
}

/// Bandit itself never says `CRITICAL`; `UNDEFINED` is what a test says that
/// has no severity.
fn severity(word: &str) -> Severity {
    match word.trim().to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        _ => Severity::Unknown,
    }
}

/// Whether the test is one of those that repeat the password they found.
fn is_about_passwords(entry: &Entry<'_>) -> bool {
    matches!(&*entry.test_id, "B105" | "B106" | "B107")
        || entry.test_name.starts_with("hardcoded_password")
}

/// What a result says of a password that it repeats, for copies of the report:
/// the text before it, and the password. Absent when its test is about none; an
/// empty password is none.
pub(crate) fn password_of(
    result: &serde_json::Map<String, serde_json::Value>,
) -> Option<(String, Option<String>)> {
    let entry = Entry::deserialize(result).ok()?;
    is_about_passwords(&entry).then(|| match password(&entry.issue_text) {
        Some((label, password)) => (label.to_owned(), Some(password.to_owned())),
        None => (entry.issue_text.to_string(), None),
    })
}

/// The password in `Possible hardcoded password: 'hunter2'`, and the text
/// before it. An empty one is none.
fn password(text: &str) -> Option<(&str, &str)> {
    const QUOTES: [char; 2] = ['\'', '"'];
    let (label, rest) = text.split_at(text.find([':', '\'', '"'])?);
    let quoted = rest.strip_prefix(':').unwrap_or(rest).trim();
    let opened = quoted.strip_prefix(QUOTES).unwrap_or(quoted);
    let password = opened.strip_suffix(QUOTES).unwrap_or(opened);
    (!password.is_empty()).then_some((label.trim_end(), password))
}

/// The lines that the finding is about, without their numbers and neighbours.
/// Empty when the report was written without code.
fn source(entry: &Entry<'_>) -> String {
    let mut wanted: BTreeSet<_> = entry
        .line_range
        .0
        .iter()
        .filter_map(|line| line.whole())
        .collect();
    if wanted.is_empty() {
        wanted.extend(entry.line_number.whole());
    }
    let mut source = String::new();
    for line in entry.code.split('\n') {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let Some((number, line)) = line.split_at_checked(digits) else {
            continue;
        };
        if number
            .parse()
            .is_ok_and(|number: u64| wanted.contains(&number))
        {
            source.push_str(line.strip_prefix([' ', '\t']).unwrap_or(line).trim_end());
            source.push('\n');
        }
    }
    // Older Pythons count blank lines behind a statement to it.
    source.truncate(source.trim_end().len());
    source
}

/// Bandit's version is only in the addresses of its documentation:
/// `https://bandit.readthedocs.io/en/1.9.4/…`; builds from source say `latest`.
fn version(more_info: &str) -> Option<&str> {
    let (_, rest) = more_info.split_once("/en/")?;
    let (version, _) = rest.split_once('/')?;
    version
        .starts_with(|first: char| first.is_ascii_digit())
        .then_some(version)
}

/// What the report says of its own scan, gathered in whatever order it comes.
#[derive(Default)]
struct Health {
    has_errors: bool,
    unread: u64,
    /// The first of the files that were not analysed, and why.
    first_unread: Vec<(String, String)>,
    /// Files that were opened, those with errors too; absent without metrics.
    files: Option<u64>,
    names: Files,
    /// The first of them, as many as may all have failed.
    first_files: Vec<String>,
    totals: Option<Totals>,
}

/// Bandit's counters over all files, taken before it filters its results.
#[derive(Default)]
struct Totals {
    lines: Option<u64>,
    results: u64,
    marked: u64,
}

impl Health {
    const MOST_FILES: usize = 1000;
    const SHOWN: usize = 3;

    fn add_unread(&mut self, unread: &Unread<'_>) {
        self.unread += 1;
        if self.first_unread.len() < Self::MOST_FILES {
            let reason = unread.reason.some().unwrap_or("no reason given");
            self.first_unread
                .push((unread.filename.to_string(), reason.to_owned()));
        }
    }

    fn add_file(&mut self, file: &str) {
        *self.files.get_or_insert(0) += 1;
        self.names.add(file);
        if self.first_files.len() < Self::MOST_FILES {
            self.first_files.push(file.to_owned());
        }
    }

    fn add_totals(&mut self, json: &mut Json) -> Result<(), ParseError> {
        let totals = self.totals.get_or_insert_default();
        json.object(|json, counter| {
            let count = json.value::<Number>()?.whole();
            let add = |sum: &mut u64| *sum = sum.saturating_add(count.unwrap_or_default());
            match counter {
                "loc" => totals.lines = count,
                "nosec" | "skipped_tests" => add(&mut totals.marked),
                counter if counter.starts_with("SEVERITY.") => add(&mut totals.results),
                _ => {}
            }
            Ok(())
        })
    }

    fn judge(self, findings: u64, scan: &mut Scan) {
        match self.files {
            Some(0) if findings == 0 => scan.fail(
                "no file was scanned: the path given to Bandit is wrong, or has no Python in it",
            ),
            None if findings == 0 => scan.fail("the report does not say that any file was scanned"),
            Some(0) | None => scan.degrade("the report does not say which files were scanned"),
            Some(files) => {
                let failed = |file| self.first_unread.iter().any(|(unread, _)| unread == file);
                if files <= Self::MOST_FILES as u64 && self.first_files.iter().all(failed) {
                    scan.fail("no file was analysed: every one had an error");
                }
            }
        }
        if self.unread > 0 {
            scan.degrade(format!(
                "{} {} not analysed: {}",
                self.unread,
                if self.unread == 1 {
                    "path was"
                } else {
                    "paths were"
                },
                self.listed()
            ));
        } else if !self.has_errors {
            scan.degrade("the report does not say whether all files were analysed");
        }
        scan.files = self.files.map(|_| self.names);
        let Some(totals) = self.totals else {
            if self.files.is_some() {
                scan.degrade("the report's metrics have no totals, so nothing tells whether results were left out");
            }
            return;
        };
        match totals.lines {
            // Said above.
            _ if self.files == Some(0) => {}
            Some(0) => scan.fail("no line of code was scanned"),
            Some(_) => {}
            None => {
                let text = "the report's totals do not say how many lines of code were scanned";
                if findings == 0 {
                    scan.fail(text);
                } else {
                    scan.degrade(text);
                }
            }
        }
        match totals.results {
            found if found > findings => scan.degrade(format!(
                "Bandit found {found} and reported {findings}: a severity, confidence or baseline option left the others out"
            )),
            found if found < findings => scan.note(format!(
                "Bandit counted {found} results and the report has {findings}; those in the report are what counts"
            )),
            _ => {}
        }
        scan.hidden = totals.marked;
        if totals.marked > 0 {
            scan.note(format!(
                "results hidden by `# nosec` comments in the source, which the report does not list: {}",
                totals.marked
            ));
        }
    }

    fn listed(&self) -> String {
        let names: Vec<_> = self
            .first_unread
            .iter()
            .take(Self::SHOWN)
            .map(|(file, reason)| format!("{file} ({reason})"))
            .collect();
        let shown = names.join(", ");
        match self.unread.saturating_sub(Self::SHOWN as u64) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::Options;
    use crate::parser::testing::{self, read};
    use crate::report::Health;
    use crate::secret::SecretKey;

    const CLEAN: &str = r#"{"errors":[],"generated_at":"2026-01-05T10:00:00Z",
        "metrics":{"_totals":{"SEVERITY.HIGH":0,"loc":7,"nosec":0},"app.py":{"loc":7}},"results":[]}"#;

    fn read_with(text: &str, options: &Options) -> Result<(Scan, Vec<Finding<'static>>), String> {
        testing::read_with(text, "report", None, options)
    }

    /// A report of these results, whole otherwise.
    fn report(results: &str) -> String {
        let count = results.matches("issue_text").count();
        CLEAN
            .replace(
                r#""SEVERITY.HIGH":0"#,
                &format!(r#""SEVERITY.HIGH":{count}"#),
            )
            .replace(r#""results":[]"#, &format!(r#""results":[{results}]"#))
    }

    const RESULT: &str = r#"{"code":"5 def run(c):\n6     call(c,  \n7          shell=True)\n8 \n9 x = 1\n",
        "col_offset":4,"end_col_offset":23,"filename":"./src/app.py","issue_confidence":"MEDIUM",
        "issue_cwe":{"id":78,"link":"https://cwe.mitre.org/data/definitions/78.html"},
        "issue_severity":"HIGH","issue_text":"subprocess call with shell=True\n identified",
        "line_number":6,"line_range":[6,7],
        "more_info":"https://bandit.readthedocs.io/en/1.9.4/plugins/b602.html","test_id":"B602",
        "test_name":"subprocess_popen_with_shell_equals_true"}"#;

    fn finding_of(result: &str) -> Finding<'static> {
        let (_, mut findings) = read(report(result)).unwrap();
        assert_eq!(findings.len(), 1, "{result}");
        findings.remove(0)
    }

    #[test]
    fn a_report_is_read() {
        let (scan, findings) = read(report(RESULT)).unwrap();
        assert_eq!(
            (scan.health(), scan.notes.len()),
            (Health::Complete, 0),
            "{scan:?}"
        );
        assert_eq!(scan.version.as_deref(), Some("1.9.4"));
        assert_eq!(scan.generated_at, "2026-01-05T10:00:00Z".parse().ok());
        let finding = &findings[0];
        assert_eq!(
            finding.fingerprint,
            Fingerprint::new(
                "bandit",
                &["B602", "src/app.py", "    call(c,\n         shell=True)"]
            )
        );
        assert_eq!(finding.title, "subprocess call with shell=True");
        assert_eq!(finding.severity, Severity::High);
        assert_eq!(finding.scanner_severity.as_deref(), Some("HIGH"));
        assert_eq!(finding.confidence, Some(Confidence::Medium));
        assert_eq!(finding.cwes, [78]);
        assert_eq!(finding.pointer.to_string(), "/results/0");
        assert_eq!(
            finding.location,
            Location::Source {
                path: "./src/app.py".into(),
                line: Some(6),
                end_line: Some(7),
                column: Some(5),
                commit: None,
            }
        );
    }

    #[test]
    fn old_reports_have_less_and_count_in_fractions() {
        let (scan, findings) = read(
            r#"{"errors":[],"generated_at":"2018-08-19T14:29:46Z",
            "metrics":{"_totals":{"SEVERITY.LOW":1.0,"loc":2.0,"nosec":0},"a.py":{"loc":2}},
            "results":[{"filename":"a.py","issue_confidence":"HIGH","issue_severity":"LOW",
            "issue_text":"Use of assert detected.","line_number":2,"line_range":[2],"test_id":"B101"}]}"#,
        )
        .unwrap();
        assert_eq!(scan.health(), Health::Complete);
        assert_eq!(findings[0].severity, Severity::Low);
    }

    #[test]
    fn content_is_the_code_without_its_file_and_layout() {
        let content = |from: &str, to: &str| finding_of(&RESULT.replace(from, to)).content;
        let known = content("", "");
        assert!(known.is_some());
        assert_eq!(content("src/app.py", "lib/other.py"), known);
        assert_eq!(
            content("call(c,  \\n7          shell", "call( c,shell"),
            known
        );
        assert_ne!(content("call(c,", "call(d,"), known);
        assert_ne!(content("B602", "B603"), known);
        assert_eq!(content(r#""code""#, r#""no_code""#), None);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for (text, message) in [
            (
                CLEAN.replace(r#""results":[]"#, r#""results":null"#),
                "expected a list",
            ),
            (
                CLEAN.replace(r#""results":[]"#, r#""results":{}"#),
                "expected a list",
            ),
            (
                CLEAN.replace(r#","results":[]"#, ""),
                "`results` is missing",
            ),
            (report("7"), "results[0]"),
            (report("null"), "results[0]"),
            (report("{}"), "missing field `filename`"),
            (
                report(r#"{"filename":"a.py"}"#),
                "neither `test_id` nor `test_name`",
            ),
            (
                report(r#"{"filename":7,"test_id":"B1"}"#),
                "expected a string",
            ),
            (
                CLEAN.replace(r#""errors":[]"#, r#""errors":[7]"#),
                "errors[0]",
            ),
            (
                CLEAN
                    .replace(r#"{"_totals""#, r#"[{"_totals""#)
                    .replace("7}},", "7}}],"),
                "expected an object",
            ),
            (CLEAN.split_at(CLEAN.len() - 1).0.to_owned(), "cut off"),
            (report(RESULT).split_at(700).0.to_owned(), "cut off"),
        ] {
            let error = read(&text).expect_err(&text);
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn reports_of_many_files_are_recognized_before_their_totals() {
        let files = (0..100)
            .map(|n| format!(r#""./{n}.py":{{"loc":1}}"#))
            .collect::<Vec<_>>()
            .join(",");
        let text = CLEAN.replace(r#""metrics":{"#, &format!(r#""metrics":{{{files},"#));
        assert_eq!(read(&text).unwrap().0.health(), Health::Complete);
    }

    #[test]
    fn severities_are_those_of_bandit() {
        use Severity::*;
        for (word, severity) in [
            (r#""CRITICAL""#, Critical),
            (r#""HIGH""#, High),
            (r#"" medium ""#, Medium),
            (r#""low""#, Low),
            (r#""UNDEFINED""#, Unknown),
            (r#""SEVERE""#, Unknown),
            (r#""""#, Unknown),
            ("null", Unknown),
            ("3", Unknown),
            ("[]", Unknown),
        ] {
            assert_eq!(
                finding_of(&RESULT.replace(r#""HIGH""#, word)).severity,
                severity,
                "{word}"
            );
        }
        assert_eq!(
            finding_of(r#"{"filename":"a","test_id":"B1","issue_text":"x"}"#).severity,
            Unknown
        );
    }

    #[test]
    fn health_tells_what_was_not_scanned() {
        use Health::*;
        let replaced = |from: &str, to: &str| CLEAN.replace(from, to);
        for (text, health, message) in [
            (CLEAN.to_owned(), Complete, ""),
            (
                replaced(r#","app.py":{"loc":7}"#, ""),
                Failed,
                "no file was scanned",
            ),
            (
                report(RESULT).replace(r#","app.py":{"loc":7}"#, ""),
                Degraded,
                "which files were scanned",
            ),
            (
                replaced(r#""loc":7,"#, r#""loc":0,"#),
                Failed,
                "no line of code",
            ),
            (
                replaced(r#""loc":7,"nosec""#, r#""nosec""#),
                Failed,
                "how many lines",
            ),
            (
                replaced(r#""loc":7,"#, r#""loc":-1,"#),
                Failed,
                "how many lines",
            ),
            (
                report(RESULT).replace(r#""loc":7,"#, r#""loc":null,"#),
                Degraded,
                "how many lines",
            ),
            (
                replaced(
                    r#""errors":[]"#,
                    r#""errors":[{"filename":"app.py","reason":"syntax error"}]"#,
                ),
                Failed,
                "no file was analysed",
            ),
            (
                replaced(
                    r#""errors":[]"#,
                    r#""errors":[{"filename":"x.py","reason":"No such file"}]"#,
                ),
                Degraded,
                "1 path was not analysed: x.py (No such file)",
            ),
            (
                replaced(r#""errors":[]"#, r#""errors":[{},{},{},{}]"#),
                Degraded,
                "4 paths were not analysed",
            ),
            (
                replaced(r#""errors":[],"#, ""),
                Degraded,
                "whether all files were analysed",
            ),
            (
                replaced(
                    r#""SEVERITY.HIGH":0"#,
                    r#""SEVERITY.HIGH":6,"SEVERITY.LOW":2.0"#,
                ),
                Degraded,
                "found 8 and reported 0",
            ),
            (
                replaced(r#""_totals":{"SEVERITY.HIGH":0,"loc":7,"nosec":0},"#, ""),
                Degraded,
                "no totals",
            ),
            (
                replaced(r#""nosec":0"#, r#""nosec":2,"skipped_tests":1"#),
                Complete,
                "`# nosec` comments in the source, which the report does not list: 3",
            ),
            (
                replaced("2026-01-05T10:00:00Z", "yesterday"),
                Complete,
                "when it was written",
            ),
            (
                report(RESULT).replace(r#""SEVERITY.HIGH":1"#, r#""SEVERITY.HIGH":0"#),
                Complete,
                "counted 0 results and the report has 1",
            ),
            (
                r#"{"errors":[],"generated_at":"2026-01-05T10:00:00Z","results":[R]}"#
                    .replace('R', RESULT),
                Degraded,
                "which files were scanned",
            ),
        ] {
            let (scan, _) = read(&text).unwrap();
            assert_eq!(scan.health(), health, "{text}: {:?}", scan.notes);
            let notes: Vec<_> = scan.notes.into_iter().map(|note| note.text).collect();
            assert!(notes.join("|").contains(message), "{message}: {notes:?}");
        }
    }

    #[test]
    fn hidden_results_are_counted() {
        let marked = CLEAN.replace(r#""nosec":0"#, r#""nosec":2,"skipped_tests":1"#);
        assert_eq!(read(marked).unwrap().0.hidden, 3);
        assert_eq!(read(CLEAN).unwrap().0.hidden, 0);
    }

    #[test]
    fn a_report_without_files_and_results_proves_nothing() {
        let text = r#"{"errors":[],"generated_at":"2026-01-05T10:00:00Z","results":[]}"#;
        let (scan, _) =
            testing::read_with(text, "report", Some(&PARSER), &Options::default()).unwrap();
        assert_eq!(scan.health(), Health::Failed);
    }

    #[test]
    fn identity_is_the_rule_the_file_and_the_code() {
        let one = finding_of(RESULT).fingerprint;
        let further_down = RESULT
            .replace("5 def run(c):", "95 y = 1")
            .replace("6     call(c,  ", "96     call(c,")
            .replace("7          shell", "97\\t         shell")
            .replace("9 x = 1", "99 ")
            .replace(":6,", ":96,")
            .replace("[6,7]", "[98,97,96]")
            .replace("\\n8 ", "\\n98 ");
        assert_eq!(finding_of(&further_down).fingerprint, one);
        for (from, to) in [
            ("./src/app.py", "/builds/acme/shop/src/app.py"),
            ("MEDIUM", "LOW"),
            ("shell=True\\n identified", "other words"),
        ] {
            let changed = RESULT.replace(from, to);
            assert_ne!(changed, RESULT, "{from}");
            assert_eq!(finding_of(&changed).fingerprint, one, "{from}");
        }
        for (from, to) in [
            ("B602", "B603"),
            ("src/app.py", "src/other.py"),
            ("call(c,", "call(d,"),
            ("[6,7]", "[6]"),
        ] {
            assert_ne!(
                finding_of(&RESULT.replace(from, to)).fingerprint,
                one,
                "{from}"
            );
        }
        let (_, twice) = read(report(&format!("{RESULT},{RESULT}"))).unwrap();
        assert_eq!(twice[1].fingerprint, one.with_ordinal(1));
    }

    #[test]
    fn without_code_the_text_tells_findings_apart() {
        let bare = |text: &str| {
            let result = r#"{"filename":"a.py","test_id":"B1","line_number":3,"issue_text":"T"}"#;
            finding_of(&result.replace('T', text)).fingerprint
        };
        assert_ne!(bare("one"), bare("two"));
    }

    #[test]
    fn passwords_are_not_repeated() {
        let text = |id: &str, name: &str, text: &str| {
            format!(
                r#"{{"code":"3 p = 'hunter2'\n","filename":"a.py","issue_severity":"LOW","line_number":3,
                "line_range":[3],"test_id":"{id}","test_name":"{name}","issue_text":"{text}"}}"#
            )
        };
        let options = Options {
            secrets: SecretKey::new("key"),
            ..Options::default()
        };
        let digest = options.secrets.digest("hunter2");
        for (id, name, words) in [
            ("B105", "", "Possible hardcoded password: 'hunter2'"),
            ("B106", "", "Possible hardcoded password 'hunter2'"),
            ("B107", "", "Possible hardcoded password: hunter2"),
            (
                "B9",
                "hardcoded_password_string",
                "Possible hardcoded password: 'hunter2'",
            ),
        ] {
            let (_, findings) = read_with(&report(&text(id, name, words)), &options).unwrap();
            let all = format!("{findings:?}");
            assert!(!all.contains("hunter2"), "{all}");
            let finding = &findings[0];
            assert_eq!(
                finding.title,
                format!("Possible hardcoded password: [secret {digest}]")
            );
            assert_eq!(finding.secret.as_deref(), Some(&*digest));
            let keyed = options.secrets.digest("p = 'hunter2'");
            assert_eq!(
                finding.fingerprint,
                Fingerprint::new("bandit", &[id, "a.py", &keyed])
            );
        }
        let short = finding_of(&text(
            "B105",
            "",
            "Possible hardcoded password: 'it''s\\nx'",
        ));
        assert!(!short.title.contains("it"), "{}", short.title);
        let empty = finding_of(&text("B105", "", "Possible hardcoded password: ''"));
        assert_eq!(
            (empty.secret, &*empty.title),
            (None, "Possible hardcoded password: ''")
        );
    }
}
