//! Semgrep JSON (`semgrep scan --json`, `semgrep ci --json`).
//!
//! Source of the format: `semgrep_output_v1.atd`, type `cli_output`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::examples::Examples;
use super::fields::{Number, Text, Texts, cwes, title};
use super::json::{Json, Kind, Piece};
use super::{Emitter, Format, Parse, ParseError, Parser, url};
use crate::finding::{Category, Confidence, Details, Finding, Location, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint, without_white_space};
use crate::report::{Files, Scan};
use crate::scanner::{self, Detail};
use crate::secret::SecretKey;

pub(super) const PARSER: Parser = Parser {
    scanner: "semgrep",
    lane: "mainline-sast",
    kinds: &[
        scanner::Kind {
            category: Category::Sast,
            severities: &Severity::ALL,
            details: &[
                Detail::Confidence,
                Detail::Cwe,
                Detail::Vulnerability,
                Detail::Path,
            ],
        },
        scanner::Kind {
            category: Category::Sca,
            severities: &Severity::ALL,
            details: &[
                Detail::Confidence,
                Detail::Cwe,
                Detail::Vulnerability,
                Detail::Package,
                Detail::Path,
            ],
        },
    ],
    tells_target: false,
    programs: &["semgrep"],
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

impl Piece for Entry<'_> {
    type Of<'a> = Entry<'a>;
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
    /// The code; the constant [`NO_LOGIN`] without a login.
    #[serde(borrow, default)]
    lines: Text<'a>,
    #[serde(default)]
    is_ignored: Option<bool>,
    #[serde(borrow, default)]
    sca_info: Option<ScaInfo<'a>>,
    /// What the rule's variables matched; messages repeat it.
    #[serde(borrow, default)]
    metavars: Option<BTreeMap<Text<'a>, Metavariable<'a>>>,
    /// Whether a secret was tried out, in reports of Semgrep Secrets.
    #[serde(borrow, default)]
    validation_state: Text<'a>,
}

#[derive(Deserialize, Default)]
struct Metavariable<'a> {
    #[serde(borrow, default)]
    abstract_content: Text<'a>,
    #[serde(borrow, default)]
    propagated_value: Option<Propagated<'a>>,
}

#[derive(Deserialize, Default)]
struct Propagated<'a> {
    #[serde(borrow, default)]
    svalue_abstract_content: Text<'a>,
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
    #[serde(borrow, default)]
    category: Texts<'a>,
    #[serde(borrow, default)]
    subcategory: Texts<'a>,
    #[serde(borrow, default)]
    technology: Texts<'a>,
    #[serde(borrow, default)]
    vulnerability_class: Texts<'a>,
    #[serde(borrow, default)]
    product: Texts<'a>,
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
                json.made_of::<Entry<'_>, _>(|entry| {
                    let finding = finding(&entry, pointer, emitter);
                    emitter.emit(finding);
                })?;
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

fn finding<'a>(entry: &'a Entry<'_>, pointer: String, emitter: &Emitter<'_>) -> Finding<'a> {
    let extra = &entry.extra;
    let metadata = extra.metadata.as_ref();
    let path = emitter.stable_path(&entry.path);
    let rule = entry.check_id.rsplit('.').next().unwrap_or_default();
    let is_secret = is_about_secrets(entry);
    let (message, secret) = match is_secret {
        true => {
            let (message, secret) = without_secret(entry, emitter.secrets());
            (message.into(), secret)
        }
        false => (Cow::Borrowed(&*extra.message), None),
    };
    let kind = "semgrep";
    let fingerprint = match own_fingerprint(&extra.fingerprint) {
        Some(own) => Fingerprint::new(kind, &[rule, &path, own]),
        None => Fingerprint::new(kind, &[rule, &path, "", &message]),
    };
    let line = |position: &Option<Position>| position.as_ref().and_then(|p| p.line.line());
    let dependency = extra
        .sca_info
        .as_ref()
        .and_then(|info| info.dependency_match.as_ref());
    let location = match dependency {
        Some(dependency) => Location::Package {
            purl: None,
            name: (&*dependency.found_dependency.package).into(),
            version: dependency.found_dependency.version.borrowed(),
            target: Some(
                dependency
                    .lockfile
                    .borrowed()
                    .unwrap_or_else(|| (&*entry.path).into()),
            ),
            path: None,
        },
        None => Location::Source {
            path: (&*entry.path).into(),
            line: line(&entry.start),
            end_line: line(&entry.end),
            column: entry.start.as_ref().and_then(|p| p.col.line()),
            commit: None,
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
    finding.content = content(entry, rule, is_secret, emitter.secrets());
    finding.title = title(&message).unwrap_or_default();
    finding.details = Details {
        description: Some(message).filter(|text| !text.is_empty()),
        references: metadata.map_or_else(Vec::new, |metadata| metadata.references.borrowed()),
    };
    finding.pointer = pointer.into();
    finding.secret = secret.map(Into::into);
    finding.scanner_severity = extra.severity.borrowed();
    if let Some(metadata) = metadata {
        finding.confidence = Confidence::from_word(&metadata.confidence);
        finding.cwes = metadata.cwe.0.iter().flat_map(|text| cwes(text)).collect();
        finding.vulnerability_ids = metadata.vulnerability.borrowed();
    }
    finding.suppressed =
        (extra.is_ignored == Some(true)).then(|| "marked with nosemgrep in the source".into());
    finding
}

/// What is left without the path. Semgrep's own fingerprint has the path in it,
/// and a message may be the same wherever its rule matches.
fn content(
    entry: &Entry<'_>,
    rule: &str,
    is_secret: bool,
    secrets: &SecretKey,
) -> Option<ContentDigest> {
    let code = without_white_space(&entry.extra.lines);
    if code.is_empty() || code == without_white_space(NO_LOGIN) {
        return None;
    }
    let code = match is_secret {
        true => secrets.digest(&code),
        false => code,
    };
    Some(ContentDigest::new("semgrep", &[rule, &code]))
}

/// The message of a rule about secrets, to be shown, and the digest of the secret in
/// it if there is one.
///
/// Semgrep puts what a rule's variables matched into its message. Rules about
/// secrets so repeat the secret, and nothing marks where it begins or ends.
fn without_secret(entry: &Entry<'_>, secrets: &SecretKey) -> (String, Option<String>) {
    let extra = &entry.extra;
    let text = &*extra.message;
    let matched = extra.metavars.iter().flat_map(BTreeMap::values);
    let matched = matched.flat_map(|variable| {
        let propagated = variable.propagated_value.as_ref();
        [
            Some(&*variable.abstract_content),
            propagated.map(|value| &*value.svalue_abstract_content),
        ]
    });
    let mut spans = quoted(text);
    spans.extend(telling_words(text));
    spans.extend(matched.flatten().flat_map(|value| occurrences(text, value)));
    let mut digests = Vec::new();
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for span in merged(spans) {
        masked.push_str(text.get(end..span.start).unwrap_or_default());
        let digest = secrets.digest(text.get(span.clone()).unwrap_or_default());
        masked = masked + "[secret " + &digest + "]";
        if !digests.contains(&digest) {
            digests.push(digest);
        }
        end = span.end;
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    let digest = digests.pop().filter(|_| digests.is_empty());
    (masked, digest)
}

/// The message of a result without the secret in it, for copies of the report;
/// absent when its rule is not about secrets.
pub(crate) fn message_without_secret(
    result: &serde_json::Map<String, serde_json::Value>,
    secrets: &SecretKey,
) -> Option<String> {
    let entry = Entry::deserialize(result).ok()?;
    is_about_secrets(&entry).then(|| without_secret(&entry, secrets).0)
}

/// Rather one rule too many: a masked word costs a look at the code.
fn is_about_secrets(entry: &Entry<'_>) -> bool {
    /// Credentials and keys in the code, or ill protected.
    const WEAKNESSES: [u32; 4] = [259, 321, 522, 798];
    let state = entry.extra.validation_state.trim();
    let is_tried = !state.is_empty() && !state.eq_ignore_ascii_case("NO_VALIDATOR");
    let metadata = entry.extra.metadata.iter();
    let mut texts = metadata.flat_map(|metadata| {
        let lists = [
            &metadata.cwe,
            &metadata.category,
            &metadata.subcategory,
            &metadata.technology,
            &metadata.vulnerability_class,
            &metadata.product,
        ];
        lists.into_iter().flat_map(|list| &list.0)
    });
    is_tried
        || any_says_so(std::iter::once(&*entry.check_id).chain(texts.clone().map(|text| &**text)))
        || texts.any(|text| cwes(text).iter().any(|number| WEAKNESSES.contains(number)))
}

/// Whether the name or title of a rule says that it is about secrets.
pub(crate) fn says_so(text: &str) -> bool {
    any_says_so([text])
}

/// Whether one of the texts says so; all are searched at once.
fn any_says_so<'t>(texts: impl IntoIterator<Item = &'t str>) -> bool {
    static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::new([
            "accesskey",
            "apikey",
            "credential",
            "hardcoded",
            "passphrase",
            "passwd",
            "password",
            "privatekey",
            "secret",
            "token",
        ])
        .expect("few words")
    });
    let mut all = Vec::with_capacity(512);
    for text in texts {
        let letters = text
            .bytes()
            .filter(|byte| !matches!(byte, b'-' | b'_' | b' '));
        all.extend(letters.map(|letter| letter.to_ascii_lowercase()));
        all.push(b'\n');
    }
    WORDS.is_match(&all)
}

/// What stands between quotes or backticks. What is opened and not closed goes
/// on to the end.
fn quoted(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut open = None;
    let mut before = ' ';
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let in_word = |next: char| character == '\'' && next.is_alphanumeric();
        match open {
            Some((start, close)) if character == close => {
                // Not that of `don't`.
                if !characters.peek().is_some_and(|&(_, next)| in_word(next)) {
                    spans.push(start..at);
                    open = None;
                }
            }
            Some(_) => {}
            None => {
                let close = match character {
                    '\'' if in_word(before) => None,
                    '\'' | '"' | '`' => Some(character),
                    '“' | '„' => Some('”'),
                    '‘' => Some('’'),
                    _ => None,
                };
                open = close.map(|close| (at + character.len_utf8(), close));
            }
        }
        before = character;
    }
    spans.extend(open.map(|(start, _)| start..text.len()));
    spans
}

/// Words as long as secrets are, with letters and digits.
fn telling_words(text: &str) -> impl Iterator<Item = Range<usize>> {
    const SHORTEST: usize = 8;
    const AROUND: [char; 9] = ['.', ',', ';', ':', '"', '\'', '`', '(', ')'];
    let mut at = 0;
    text.split_inclusive(char::is_whitespace)
        .filter_map(move |piece| {
            let start = at + (piece.len() - piece.trim_start_matches(AROUND).len());
            at += piece.len();
            let word = piece.trim_end().trim_matches(AROUND);
            let tells = word.chars().count() >= SHORTEST
                && word.contains(char::is_alphabetic)
                && word.contains(char::is_numeric);
            tells.then(|| start..start + word.len())
        })
}

/// Where `text` repeats what a variable matched, with or without its quotes.
fn occurrences<'a>(text: &'a str, value: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    const SHORTEST: usize = 4;
    let value = value.trim().trim_matches(['"', '\'', '`']);
    text.match_indices(value)
        .filter(move |_| value.chars().count() >= SHORTEST)
        .map(|(at, found)| at..at + found.len())
}

/// Spans in their order, those that touch as one, without empty ones.
fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.retain(|span| !span.is_empty());
    spans.sort_unstable_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// `ERROR`, `WARNING` and `INFO` are the words of old for high, medium and low.
/// `EXPERIMENT` and `INVENTORY` are no problems by themselves.
pub(crate) fn severity(word: &str) -> Severity {
    match word.trim().to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" | "ERROR" => Severity::High,
        "MEDIUM" | "WARNING" => Severity::Medium,
        "LOW" | "INFO" => Severity::Low,
        "EXPERIMENT" | "INVENTORY" => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// What stands in place of code and fingerprints without a login.
pub(crate) const NO_LOGIN: &str = "requires login";

/// Semgrep's fingerprint without its count of equal matches, which shifts when
/// one is added above. Without a login it is the constant [`NO_LOGIN`].
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
    files: Files,
    /// The first of them, as many as may all have failed.
    first_scanned: Vec<String>,
    /// Whether the scan as a whole failed, with Semgrep's words.
    fatal: Vec<String>,
    /// Paths and rules, by what went wrong with them.
    partial: BTreeMap<String, Subjects>,
    failed_paths: Vec<String>,
    /// Paths that were left out, by the reason.
    unread: BTreeMap<String, Subjects>,
}

impl Health {
    const MOST_PATHS: usize = 1000;

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
            let message = error.message.trim().lines().next().unwrap_or_default();
            let message = url::mask_words(message);
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
            .unwrap_or_default();
        if !error.path.is_empty() && self.failed_paths.len() < Self::MOST_PATHS {
            self.failed_paths.push(error.path.to_string());
        }
        self.partial
            .entry(kind.to_owned())
            .or_default()
            .add(subject);
    }

    fn add_scanned(&mut self, path: &str) {
        let count = self.scanned.get_or_insert(0);
        *count += 1;
        self.files.add(path);
        if self.first_scanned.len() < Self::MOST_PATHS {
            self.first_scanned.push(path.to_owned());
        }
    }

    fn add_skipped(&mut self, skipped: &Skipped<'_>) {
        let reason = skipped.reason.to_ascii_lowercase();
        if !Self::INTENDED.contains(&reason.as_str()) {
            self.unread.entry(reason).or_default().add(&skipped.path);
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
        scan.files = self.scanned.map(|_| self.files);
        for (kind, subjects) in self.partial {
            scan.degrade(format!("{}: {subjects}", kind_in_words(&kind)));
        }
        for (reason, paths) in self.unread {
            scan.degrade(format!("not scanned ({reason}): {paths}"));
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

/// What went wrong how often, and where: paths, or rules.
#[derive(Default)]
struct Subjects {
    times: u64,
    names: Examples,
    last: String,
}

impl Subjects {
    /// A rule may be named by its address, and a path be one.
    fn add(&mut self, name: &str) {
        self.times += 1;
        if !name.is_empty() && name != self.last {
            self.names.add(|| url::mask(name));
            name.clone_into(&mut self.last);
        }
    }
}

impl fmt::Display for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times", self.times)?;
        match self.names.count() {
            0 => Ok(()),
            _ => write!(f, ", in {}", self.names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::testing::read;

    fn report(check_id: &str, message: &str, more: &str) -> String {
        let message = serde_json::to_string(message).unwrap();
        format!(
            r#"{{"version":"1.100.0","results":[{{"check_id":"{check_id}","path":"a.py","start":{{"line":1}},
            "extra":{{"message":{message},"severity":"ERROR","fingerprint":"requires login"{more}}}}}],
            "errors":[],"paths":{{"scanned":["a.py"]}}}}"#
        )
    }

    fn finding_of(check_id: &str, message: &str, more: &str) -> Finding<'static> {
        let (_, mut findings) = read(report(check_id, message, more)).unwrap();
        findings.remove(0)
    }

    #[test]
    fn content_is_the_code_and_none_without_a_login() {
        let content = |rule: &str, lines: &str| {
            let lines = format!(r#","lines":"{lines}""#);
            finding_of(rule, "m", &lines).content
        };
        let known = content("a.eval", "eval(x)");
        assert!(known.is_some());
        assert_eq!(content("b.eval", "  eval(\\n x )"), known);
        assert_ne!(content("a.eval", "eval(y)"), known);
        for lines in ["", " ", NO_LOGIN] {
            assert_eq!(content("a.eval", lines), None, "{lines}");
        }
        let digest = SecretKey::default().digest("k='hunter2'");
        assert_eq!(
            content("a.password", "k = 'hunter2'"),
            Some(ContentDigest::new("semgrep", &["password", &digest]))
        );
    }

    #[test]
    fn messages_of_rules_about_secrets_repeat_none() {
        let metavars = r#","metavars":{"$X":{"abstract_content":"\"blue horse\"","propagated_value":{"svalue_abstract_content":"green"}}}"#;
        for (message, secret, masked) in [
            ("found 'hunter' here", "hunter", "found '[secret "),
            ("found \"hunter\", don't", "hunter", "]\", don't"),
            ("don't use `hunter`!", "hunter", "don't use `[secret "),
            ("open 'don't say it' now", "say it", "]' now"),
            ("open \"hunter and on", "hunter", "open \"[secret "),
            ("the key is (abcdefg8).", "abcdefg8", "the key is ([secret "),
            (
                "the key is abcdefg8\nand",
                "abcdefg8",
                "the key is [secret ",
            ),
            ("one\ntwo: blue horse, three", "blue horse", "two: [secret "),
            ("was green once", "green", "was [secret "),
            ("“hunter” é", "hunter", "]” é"),
        ] {
            let finding = finding_of("py.hardcoded-key", message, metavars);
            let all = format!("{finding:?}");
            assert!(!all.contains(secret), "{message}: {all}");
            let details = &finding.details;
            let description = details.description.as_deref().unwrap();
            assert!(description.contains(masked), "{message}: {description}");
            assert!(finding.secret.is_some(), "{message}");
        }
        let two = finding_of("a.password", "'one' and 'two'", "");
        assert!(two.secret.is_none());
        assert_eq!(two.title.matches("[secret ").count(), 2);
    }

    #[test]
    fn what_a_rule_is_about_is_told_from_its_name_and_metadata() {
        let metadata = |member: &str| format!(r#","metadata":{{{member}}}"#);
        for (check_id, more, is_masked) in [
            ("py.eval", String::new(), false),
            ("py.Api_Key-in-code", String::new(), true),
            ("py.x", metadata(r#""cwe":["CWE-79: XSS"]"#), false),
            ("py.x", metadata(r#""cwe":["CWE-798: x"]"#), true),
            ("py.x", metadata(r#""cwe":"CWE-321""#), true),
            ("py.x", metadata(r#""product":"secrets""#), true),
            ("py.x", metadata(r#""category":"security""#), false),
            ("py.x", metadata(r#""technology":["secrets"]"#), true),
            (
                "py.x",
                metadata(r#""technology":["py", "sec", "ret"]"#),
                false,
            ),
            (
                "py.x",
                r#","validation_state":"NO_VALIDATOR""#.to_owned(),
                false,
            ),
            (
                "py.x",
                r#","validation_state":"CONFIRMED_VALID""#.to_owned(),
                true,
            ),
        ] {
            let finding = finding_of(check_id, "found 'hunter2'", &more);
            assert_eq!(
                finding.title.contains("[secret"),
                is_masked,
                "{check_id} {more}"
            );
        }
    }

    #[test]
    fn notes_show_no_credentials_of_addresses() {
        let errors = r#""errors":[
            {"code":2,"level":"error","type":"SemgrepError","message":"\n cannot get https://me:pa55@h/r?token=t0k3n"},
            {"code":3,"level":"warn","type":"Timeout","path":"https://me:pa55@h/a.py"},
            {"code":3,"level":"warn","type":"Timeout","path":"b.py"},
            {"code":3,"level":"warn","type":"Timeout","path":"c.py"},
            {"code":3,"level":"warn","type":"Timeout","path":"d.py"}]"#;
        let text = report("a", "b", "").replace(r#""errors":[]"#, errors);
        let notes: Vec<_> = read(text).unwrap().0.notes;
        let notes: Vec<_> = notes.iter().map(|note| &*note.text).collect();
        assert_eq!(
            notes,
            [
                "Semgrep says that the scan failed: SemgrepError: cannot get https://***@h/r?token=***",
                "gave up on time (Timeout): 4 times, in https://***@h/a.py, b.py, c.py and 1 more",
            ]
        );
    }

    #[test]
    fn two_secrets_are_two_identities_and_a_plain_message_stays() {
        let of = |message| finding_of("py.password", message, "").fingerprint;
        assert_eq!(of("found 'one'"), of("found 'one'"));
        assert_ne!(of("found 'one'"), of("found 'two'"));
        let plain = finding_of("py.password", "A password is in the code.", "");
        assert_eq!(plain.title, "A password is in the code.");
        assert!(plain.secret.is_none());
    }
}
