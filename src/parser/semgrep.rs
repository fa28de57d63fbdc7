//! Semgrep JSON (`semgrep scan --json`, `semgrep ci --json`).
//!
//! Source of the format: `semgrep_output_v1.atd`, type `cli_output`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::fields::{Number, Text, Texts, cwes};
use super::json::{Json, Kind};
use super::{Emitter, Format, Parse, ParseError, Parser};
use crate::finding::{Category, Confidence, Finding, Location, Severity};
use crate::fingerprint::Fingerprint;
use crate::report::Scan;

pub(super) const PARSER: Parser = Parser {
    scanner: "semgrep",
    lane: "mainline-sast",
    formats: &[Format {
        name: "semgrep-json",
        recognize: |outline| {
            outline.has_in("results", "check_id")
                || outline.has_array("results") && outline.has_array("errors") && outline.has("paths")
                // Versions before 0.30 wrote nothing else.
                || outline.has_only(&["results", "errors"]) && outline.has_array("results")
        },
        untyped: &[],
        parse: Parse::Json(parse),
    }],
};

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    check_id: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(default)]
    start: Option<Position>,
    #[serde(default)]
    end: Option<Position>,
    #[serde(borrow)]
    extra: Extra<'a>,
}

#[derive(Deserialize, Default)]
struct Position {
    #[serde(default)]
    line: Number,
    #[serde(default)]
    col: Number,
}

#[derive(Deserialize)]
struct Extra<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    severity: Text<'a>,
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
    #[serde(borrow, default)]
    fingerprint: Text<'a>,
    #[serde(default)]
    is_ignored: Option<bool>,
    #[serde(borrow, default)]
    sca_info: Option<ScaInfo<'a>>,
}

/// The rule author's free form; the names are a convention of the registry.
#[derive(Deserialize, Default)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    cwe: Texts<'a>,
    #[serde(borrow, default)]
    confidence: Text<'a>,
    #[serde(borrow, default)]
    references: Texts<'a>,
    #[serde(borrow, default, rename = "sca-vuln-database-identifier")]
    vulnerability: Texts<'a>,
}

#[derive(Deserialize)]
struct ScaInfo<'a> {
    #[serde(borrow, default)]
    dependency_match: Option<DependencyMatch<'a>>,
}

#[derive(Deserialize)]
struct DependencyMatch<'a> {
    #[serde(borrow)]
    found_dependency: FoundDependency<'a>,
    #[serde(borrow, default)]
    lockfile: Text<'a>,
}

#[derive(Deserialize)]
struct FoundDependency<'a> {
    #[serde(borrow, default)]
    package: Text<'a>,
    #[serde(borrow, default)]
    version: Text<'a>,
}

/// Something that did not go well. Its level does not tell whether files were
/// left out: a rule that times out is a warning.
#[derive(Deserialize)]
struct Error<'a> {
    #[serde(default)]
    code: Number,
    #[serde(borrow, default)]
    level: Text<'a>,
    /// A word, or a list that begins with one.
    #[serde(borrow, default, rename = "type")]
    kind: Texts<'a>,
    #[serde(borrow, default)]
    path: Text<'a>,
    #[serde(borrow, default)]
    rule_id: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
}

#[derive(Deserialize)]
struct Skipped<'a> {
    #[serde(borrow, default)]
    path: Text<'a>,
    #[serde(borrow, default)]
    reason: Text<'a>,
}

fn parse(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut findings = None;
    let mut health = Health::default();
    json.object(|json, key| match key {
        "version" => {
            scan.version = json.value::<Text<'_>>()?.owned();
            Ok(())
        }
        "results" => {
            let mut count = 0_u64;
            json.array(|json| {
                let pointer = json.pointer();
                let entry = json.value::<Entry<'_>>()?;
                let finding = finding(&entry, pointer, emitter);
                emitter.emit(finding);
                count += 1;
                Ok(())
            })?;
            findings = Some(count);
            Ok(())
        }
        "errors" => json.array_or_null(|json| {
            health.add_error(&json.value::<Error<'_>>()?);
            Ok(())
        }),
        "paths" if json.kind()? == Kind::Object => json.object(|json, key| match key {
            "scanned" => {
                health.scanned = Some(0);
                json.array_or_null(|json| {
                    health.add_scanned(&json.value::<Text<'_>>()?);
                    Ok(())
                })
            }
            "skipped" => json.array_or_null(|json| {
                health.add_skipped(&json.value::<Skipped<'_>>()?);
                Ok(())
            }),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })?;
    let Some(findings) = findings else {
        return Err(json.error("`results` is missing: this is not a Semgrep report"));
    };
    health.judge(findings, &mut scan);
    Ok(scan)
}

fn finding(entry: &Entry<'_>, pointer: String, emitter: &Emitter<'_>) -> Finding {
    let extra = &entry.extra;
    let metadata = extra.metadata.as_ref();
    let path = emitter.stable_path(&entry.path);
    let rule = entry.check_id.rsplit('.').next().unwrap_or_default();
    let kind = "semgrep";
    let fingerprint = match own_fingerprint(&extra.fingerprint) {
        Some(own) => Fingerprint::new(kind, &[rule, &path, own]),
        None => Fingerprint::new(kind, &[rule, &path, "", &extra.message]),
    };
    let line = |position: &Option<Position>| {
        position
            .as_ref()
            .and_then(|p| p.line.whole())
            .filter(|&line| line > 0)
    };
    let dependency = extra
        .sca_info
        .as_ref()
        .and_then(|info| info.dependency_match.as_ref());
    let location = match dependency {
        Some(dependency) => Location::Package {
            purl: None,
            name: dependency.found_dependency.package.to_string(),
            version: dependency.found_dependency.version.owned(),
            target: Some(
                dependency
                    .lockfile
                    .owned()
                    .unwrap_or_else(|| entry.path.to_string()),
            ),
            path: None,
        },
        None => Location::Source {
            path: entry.path.to_string(),
            line: line(&entry.start),
            end_line: line(&entry.end),
            column: entry
                .start
                .as_ref()
                .and_then(|p| p.col.whole())
                .filter(|&column| column > 0),
        },
    };
    let category = if extra.sca_info.is_some() {
        Category::Sca
    } else {
        Category::Sast
    };
    let mut finding = Finding::new(
        fingerprint,
        category,
        &*entry.check_id,
        severity(&extra.severity),
        location,
    );
    extra
        .message
        .trim()
        .lines()
        .next()
        .unwrap_or_default()
        .clone_into(&mut finding.title);
    finding.description = extra.message.owned();
    finding.scanner_severity = extra.severity.owned();
    if let Some(metadata) = metadata {
        finding.confidence = Confidence::from_word(&metadata.confidence);
        finding.cwes = metadata.cwe.0.iter().flat_map(|text| cwes(text)).collect();
        finding.references = metadata.references.owned();
        finding.vulnerability_ids = metadata.vulnerability.owned();
    }
    finding.suppressed =
        (extra.is_ignored == Some(true)).then(|| "marked with nosemgrep in the source".to_owned());
    finding.pointer = pointer;
    finding
}

/// `ERROR`, `WARNING` and `INFO` are the words of old for high, medium and low.
/// `EXPERIMENT` and `INVENTORY` are no problems by themselves.
fn severity(word: &str) -> Severity {
    match word.trim().to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" | "ERROR" => Severity::High,
        "MEDIUM" | "WARNING" => Severity::Medium,
        "LOW" | "INFO" => Severity::Low,
        "EXPERIMENT" | "INVENTORY" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// Semgrep's fingerprint without its count of equal matches, which shifts when
/// one is added above. Without a login it is the constant `requires login`.
fn own_fingerprint(fingerprint: &str) -> Option<&str> {
    let (hash, count) = fingerprint.rsplit_once('_')?;
    let is_hash =
        (64..=128).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    (is_hash && is_count).then_some(hash)
}

/// What the report says of its own scan, gathered in whatever order it comes.
#[derive(Default)]
struct Health {
    /// Files; absent when the report has no list of them.
    scanned: Option<u64>,
    /// The first of them, as many as may all have failed.
    first_scanned: Vec<String>,
    /// Whether the scan as a whole failed, with Semgrep's words.
    fatal: Vec<String>,
    /// Paths and rules, by what went wrong with them.
    partial: BTreeMap<String, Vec<String>>,
    failed_paths: Vec<String>,
    unread: BTreeMap<String, Vec<String>>,
}

impl Health {
    const MOST_PATHS: usize = 1000;
    const SHOWN: usize = 3;

    /// Errors that end a scan, whatever else the report says.
    const FATAL: [&str; 5] = [
        "SemgrepError",
        "InvalidRuleSchemaError",
        "Invalid YAML",
        "Fatal error",
        "UnknownLanguageError",
    ];

    /// Why a file was rightly left out. Other reasons mean a loss of coverage.
    const INTENDED: [&str; 10] = [
        "semgrepignore_patterns_match",
        "cli_include_flags_do_not_match",
        "cli_exclude_flags_match",
        "always_skipped",
        "gitignore_patterns_match",
        "dotfile",
        "wrong_language",
        "irrelevant_rule",
        "minified",
        "binary",
    ];

    fn add_error(&mut self, error: &Error<'_>) {
        let kind = error
            .kind
            .0
            .first()
            .and_then(Text::some)
            .unwrap_or("an error without a type");
        let is_error = error.level.eq_ignore_ascii_case("error");
        if is_error && (Self::FATAL.contains(&kind) || matches!(error.code.whole(), Some(4 | 7))) {
            let message = error.message.lines().next().unwrap_or_default().trim();
            self.fatal.push(if message.is_empty() {
                kind.to_owned()
            } else {
                format!("{kind}: {message}")
            });
            return;
        }
        let subject = error
            .path
            .some()
            .or(error.rule_id.some())
            .unwrap_or_default()
            .to_owned();
        if !error.path.is_empty() && self.failed_paths.len() < Self::MOST_PATHS {
            self.failed_paths.push(error.path.to_string());
        }
        self.partial
            .entry(kind.to_owned())
            .or_default()
            .push(subject);
    }

    fn add_scanned(&mut self, path: &str) {
        let count = self.scanned.get_or_insert(0);
        *count += 1;
        if self.first_scanned.len() < Self::MOST_PATHS {
            self.first_scanned.push(path.to_owned());
        }
    }

    fn add_skipped(&mut self, skipped: &Skipped<'_>) {
        let reason = skipped.reason.to_ascii_lowercase();
        if !Self::INTENDED.contains(&reason.as_str()) {
            self.unread
                .entry(reason)
                .or_default()
                .push(skipped.path.to_string());
        }
    }

    fn judge(self, findings: u64, scan: &mut Scan) {
        for message in self.fatal {
            scan.fail(format!("Semgrep says that the scan failed: {message}"));
        }
        match self.scanned {
            Some(0) => scan.fail("no file was scanned: the target has none that the rules cover, or the scan did not start"),
            None if findings == 0 => scan.fail("the report does not say that any file was scanned"),
            None => scan.degrade("the report does not say which files were scanned"),
            Some(count) => {
                let all_known = count <= Self::MOST_PATHS as u64;
                if findings == 0 && all_known && self.first_scanned.iter().all(|path| self.failed_paths.contains(path)) {
                    scan.fail("every file that was scanned had an error, and nothing was found");
                }
            }
        }
        for (kind, subjects) in self.partial {
            scan.degrade(format!(
                "{}: {}",
                kind_in_words(&kind),
                listed(&subjects, Self::SHOWN)
            ));
        }
        for (reason, paths) in self.unread {
            scan.degrade(format!(
                "not scanned ({reason}): {}",
                listed(&paths, Self::SHOWN)
            ));
        }
    }
}

fn kind_in_words(kind: &str) -> String {
    match kind {
        "PartialParsing" => "parsed only in part".to_owned(),
        "Syntax error" | "Other syntax error" | "Lexical error" | "AST builder error" => {
            format!("not parsed ({kind})")
        }
        "Timeout" | "Fixpoint timeout" => format!("gave up on time ({kind})"),
        "Out of memory" | "Stack overflow" => format!("gave up on memory ({kind})"),
        "Rule parse error" | "PatternParseError" | "Pattern parse error" => {
            format!("rule not used ({kind})")
        }
        _ => format!("Semgrep reports {kind}"),
    }
}

/// How many, and the first of them.
fn listed(subjects: &[String], shown: usize) -> String {
    let mut names: Vec<_> = subjects
        .iter()
        .filter(|name| !name.is_empty())
        .map(String::as_str)
        .collect();
    names.dedup();
    let times = subjects.len();
    let more = if names.len() > shown { ", …" } else { "" };
    names.truncate(shown);
    match names.as_slice() {
        [] => format!("{times} times"),
        names => format!("{times} times, in {}{more}", names.join(", ")),
    }
}
