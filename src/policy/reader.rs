//! Reading one text of a policy: its TOML into rules, exceptions and lanes.
//!
//! Every mistake becomes a problem with its place; what only all texts together
//! tell is left to `load`.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::document::{At, Table};
use super::expression::Expression;
use super::load::Vocabulary;
use super::problem::{Problems, Source, nearest, suggestion};
use super::selector::{Fix, Patterns, Selector, Severities};
use super::{Action, Degraded, Exception, ReportPattern, Rule, Trust};
use crate::finding::{Category, Severity};
use crate::fingerprint::Fingerprint;

/// What one text says.
#[derive(Default)]
pub(super) struct Part {
    pub(super) folder: PathBuf,
    pub(super) unknown_severity: Option<Severity>,
    pub(super) trust_suppressions: Option<Trust>,
    pub(super) lanes: Vec<(String, LanePart)>,
    pub(super) rules: Vec<Rule>,
    pub(super) exceptions: Vec<Exception>,
}

/// What one text says of a lane; what it leaves out is as in those it extends.
#[derive(Default)]
pub(super) struct LanePart {
    pub(super) reports: Option<Vec<ReportPattern>>,
    pub(super) expect: Option<Vec<String>>,
    pub(super) degraded: Option<Degraded>,
}

/// Reads one text.
pub(super) struct Reader<'a> {
    vocabulary: Vocabulary<'a>,
    pub(super) problems: Problems,
    /// Lanes that selectors name: checked when all of them are known.
    lane_patterns: Vec<At<String>>,
    exception_ids: Vec<At<String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(name: &str, text: String, vocabulary: Vocabulary<'a>) -> Self {
        let source = Arc::new(Source {
            name: name.to_owned(),
            text,
        });
        Self {
            vocabulary,
            problems: Problems::new(source),
            lane_patterns: Vec::new(),
            exception_ids: Vec::new(),
        }
    }

    /// Reads the text as TOML and hands its table on; nothing is read of a text
    /// that is no TOML, since half of it may be missing.
    fn document(&mut self, what: &'static str, read: impl FnOnce(&mut Self, Table<'_>)) {
        let source = Arc::clone(self.problems.source());
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            self.problems.add(
                error.span().unwrap_or_default(),
                "this is not TOML",
                error.message(),
            );
        }
        if errors.is_empty() {
            let span = 0..source.text.lines().next().map_or(0, str::len);
            read(self, Table::new(table.get_ref(), span, what));
        }
    }

    pub(super) fn policy(&mut self, folder: &Path) -> (Part, Vec<At<String>>) {
        let mut part = Part {
            folder: folder.to_path_buf(),
            ..Part::default()
        };
        let mut extends = Vec::new();
        self.document("a policy", |reader, mut table| {
            reader.schema(&mut table);
            extends = table
                .texts("extends", &mut reader.problems)
                .unwrap_or_default();
            part.trust_suppressions = reader.trust_suppressions(&mut table);
            if let Some(mut severity) =
                table.table("severity", "`[severity]`", &mut reader.problems)
            {
                let words = Severities::SCALE.map(|severity| (severity.name(), severity));
                part.unknown_severity = severity
                    .word("unknown", &words, &mut reader.problems)
                    .map(|word| word.value);
                severity.finish(&mut reader.problems);
            }
            part.lanes = table
                .named_tables("lane", "a lane", &mut reader.problems)
                .into_iter()
                .map(|(name, lane)| (name.value, reader.lane(lane)))
                .collect();
            let rules = table.tables("rule", "a rule", &mut reader.problems);
            let rules: Vec<_> = rules
                .into_iter()
                .filter_map(|rule| reader.rule(rule))
                .collect();
            part.rules = reader.unique(rules, "rule");
            part.exceptions = reader.exceptions(&mut table);
            table.finish(&mut reader.problems);
        });
        (part, extends)
    }

    pub(super) fn exceptions_only(&mut self) -> Part {
        let mut part = Part::default();
        self.document("a file of exceptions", |reader, mut table| {
            reader.schema(&mut table);
            part.exceptions = reader.exceptions(&mut table);
            table.finish(&mut reader.problems);
        });
        part
    }

    fn schema(&mut self, table: &mut Table<'_>) {
        if let Some(schema) = table.whole("schema", &mut self.problems)
            && schema.value != 1
        {
            self.problems.add(
                schema.span,
                "the only schema of policies is 1",
                "a later version may read this",
            );
        }
    }

    fn trust_suppressions(&mut self, table: &mut Table<'_>) -> Option<Trust> {
        let wanted = "true, false or a list of scanners";
        let read = |value: &DeValue<'_>| match value {
            DeValue::Boolean(trust) => Some(Ok(*trust)),
            DeValue::String(scanner) => Some(Err(scanner.to_string())),
            _ => None,
        };
        let given = table.list("trust_suppressions", wanted, &mut self.problems, read)?;
        let mut scanners = Vec::new();
        for item in given {
            match item.value {
                Ok(true) => return Some(Trust::All),
                Ok(false) => {}
                Err(scanner) => scanners.push(At {
                    value: scanner,
                    span: item.span,
                }),
            }
        }
        Some(Trust::Only(self.scanner_names(scanners)))
    }

    fn lane(&mut self, mut table: Table<'_>) -> LanePart {
        let problems = &mut self.problems;
        let reports = table.texts("reports", problems);
        let expect = table.texts("expect", problems);
        let reason = table.text("degraded_reason", problems);
        let words = [
            ("warn", Degraded::Warn),
            ("incomplete", Degraded::Incomplete),
        ];
        let known = [("warn", 0), ("incomplete", 1), ("ignore", 2)];
        let word = table.word("degraded", &known, problems);
        let is_ignored = word.as_ref().is_some_and(|word| word.value == 2);
        let has_reason = reason
            .as_ref()
            .is_some_and(|reason| !reason.value.trim().is_empty());
        let degraded = match (&word, &reason) {
            (Some(word), _) if is_ignored && !has_reason => {
                let label = "say why in `degraded_reason`";
                problems.add(
                    word.span.clone(),
                    "to ignore degraded scans needs a reason",
                    label,
                );
                None
            }
            (_, Some(reason)) if !is_ignored => {
                let title = "`degraded_reason` is for `degraded = \"ignore\"`";
                problems.add(
                    reason.span.clone(),
                    title,
                    "leave it out, or ignore degraded scans",
                );
                None
            }
            (Some(_), Some(reason)) => Some(Degraded::Ignore(reason.value.clone())),
            (Some(word), None) => words.get(word.value).map(|(_, degraded)| degraded.clone()),
            (None, _) => None,
        };
        table.finish(problems);
        let reports = reports.map(|reports| {
            let pattern = |report: At<String>| {
                let pattern = ReportPattern::parse(&report.value);
                check_pattern(&pattern.pattern, &report, &mut self.problems);
                let scanner = pattern.scanner.iter().map(|scanner| At {
                    value: scanner.clone(),
                    span: report.span.clone(),
                });
                self.scanner_names(scanner.collect());
                pattern
            };
            reports.into_iter().map(pattern).collect()
        });
        LanePart {
            reports,
            expect: expect.map(|expect| self.scanner_names(expect)),
            degraded,
        }
    }

    /// Names that must be those of scanners.
    fn scanner_names(&mut self, names: Vec<At<String>>) -> Vec<String> {
        for name in &names {
            if !self.vocabulary.scanners.contains(&name.value.as_str()) {
                self.problems.add(
                    name.span.clone(),
                    format!("`{}` is no scanner whose reports can be read", name.value),
                    suggestion(&name.value, self.vocabulary.scanners),
                );
            }
        }
        names.into_iter().map(|name| name.value).collect()
    }

    fn rule(&mut self, mut table: Table<'_>) -> Option<(At<String>, Rule)> {
        let problems = &mut self.problems;
        let id = table.required_text("id", problems);
        let max = table.whole("max", problems).map_or(0, |max| max.value);
        let actions = [("fail", Action::Fail), ("warn", Action::Warn)];
        let action = table
            .word("action", &actions, problems)
            .map_or(Action::Fail, |action| action.value);
        let help = table.text("help", problems).map(|help| help.value);
        let given = table.table("where", "`where`", problems);
        let condition = self.as_written(given.as_ref());
        let selector = given.map(|given| self.selector(given)).unwrap_or_default();
        table.finish(&mut self.problems);
        let id = id?;
        Some((
            id.clone(),
            Rule {
                id: id.value,
                selector,
                condition,
                max,
                action,
                help,
            },
        ))
    }

    fn exceptions(&mut self, table: &mut Table<'_>) -> Vec<Exception> {
        let tables = table.tables("exception", "an exception", &mut self.problems);
        let exceptions: Vec<_> = tables
            .into_iter()
            .filter_map(|table| self.exception(table))
            .collect();
        self.exception_ids = exceptions.iter().map(|(id, _)| id.clone()).collect();
        self.unique(exceptions, "exception")
    }

    fn exception(&mut self, mut table: Table<'_>) -> Option<(At<String>, Exception)> {
        let problems = &mut self.problems;
        let id = table.required_text("id", problems);
        let reason = table.required_text("reason", problems);
        let approved_by = table.text("approved_by", problems);
        if let Some(by) = approved_by.as_ref().filter(|by| by.value.trim().is_empty()) {
            problems.add(
                by.span.clone(),
                "`approved_by` is empty",
                "name somebody, or leave it out",
            );
        }
        let decided = table.date("decided", problems);
        let has_expiry = table.required("expires", problems);
        let expires = table.date("expires", problems).filter(|_| has_expiry);
        if let (Some(decided), Some(expires)) = (&decided, &expires)
            && expires.value < decided.value
        {
            problems.add(
                expires.span.clone(),
                "an exception cannot expire before it was decided",
                format!("decided on {}", decided.value),
            );
        }
        let given = table.table("where", "`where`", problems);
        let span = given.as_ref().map_or_else(|| table.span(), Table::span);
        let mistakes = problems.count();
        let condition = self.as_written(given.as_ref());
        let selector = given.map(|given| self.selector(given)).unwrap_or_default();
        // What could not be read says nothing of what was meant.
        if selector.matches_everything() && self.problems.count() == mistakes {
            self.problems.add(
                span,
                "an exception cannot accept everything",
                "say in `where` which findings are meant",
            );
        }
        table.finish(&mut self.problems);
        let (id, reason, expires) = (id?, reason?, expires?);
        let exception = Exception {
            id: id.value.clone(),
            selector,
            condition,
            reason: reason.value,
            approved_by: approved_by.map(|by| by.value),
            decided: decided.map(|decided| decided.value),
            expires: expires.value,
        };
        Some((id, exception))
    }

    fn as_written(&self, selector: Option<&Table<'_>>) -> String {
        selector
            .map(|selector| selector.as_written(&self.problems.source().text))
            .unwrap_or_default()
    }

    /// Drops the names, and makes a problem of each that comes again.
    fn unique<T>(&mut self, named: Vec<(At<String>, T)>, what: &str) -> Vec<T> {
        let mut seen: Vec<String> = Vec::new();
        let mut items = Vec::new();
        for (name, item) in named {
            if seen.contains(&name.value) {
                self.problems.add(
                    name.span,
                    format!("there are two of the {what} `{}`", name.value),
                    "the second one",
                );
            }
            seen.push(name.value);
            items.push(item);
        }
        items
    }

    fn selector(&mut self, mut table: Table<'_>) -> Selector {
        let mut selector = Selector::default();
        let lanes = table.texts("lane", &mut self.problems);
        self.lane_patterns.extend(lanes.iter().flatten().cloned());
        selector.lane = self.patterns(lanes);
        let scanners = table.texts("scanner", &mut self.problems);
        for scanner in scanners.iter().flatten() {
            self.check_can_match(scanner, "scanner", self.vocabulary.scanners);
        }
        selector.scanner = self.patterns(scanners);
        let rules = table.texts("rule", &mut self.problems);
        selector.rule = self.patterns(rules);
        let vulnerabilities = table.texts("vulnerability", &mut self.problems);
        selector.vulnerability = self.patterns(vulnerabilities);
        let packages = table.texts("package", &mut self.problems);
        selector.package = self.patterns(packages);
        let paths = table.texts("path", &mut self.problems);
        selector.path = self.path_patterns(paths);

        let problems = &mut self.problems;
        selector.category = table.texts("category", problems).map(|words| {
            let known = Category::ALL.map(Category::name);
            let find = |word: &str| {
                Category::ALL
                    .into_iter()
                    .find(|category| category.name() == word)
            };
            each(words, problems, |word| {
                find(word)
                    .ok_or_else(|| (format!("`{word}` is no category"), suggestion(word, &known)))
            })
        });
        selector.severity = table
            .texts("severity", problems)
            .and_then(|words| severities(&words, problems));
        selector.cwe = table
            .list(
                "cwe",
                "a number such as 79, or a text such as \"CWE-79\"",
                problems,
                cwe,
            )
            .map(|numbers| numbers.into_iter().map(|number| number.value).collect());
        selector.fingerprint = table.texts("fingerprint", problems).map(|texts| {
            each(texts, problems, |text| {
                Fingerprint::parse(text).ok_or_else(|| {
                    (
                        format!("`{text}` is no fingerprint"),
                        "`sg1:` and 32 hexadecimal digits".to_owned(),
                    )
                })
            })
        });
        let fixes = [("available", Fix::Available), ("none", Fix::None)];
        selector.fix = table.word("fix", &fixes, problems).map(|fix| fix.value);
        let when = table.text("when", problems);
        table.finish(problems);
        selector.when = when.and_then(|when| self.expression(&when));
        selector
    }

    fn expression(&mut self, text: &At<String>) -> Option<Expression> {
        // The written text has quotes, and may have escapes: the places in it are
        // those in the value only where the value stands there as it is.
        let source = Arc::clone(self.problems.source());
        let written = source.text.get(text.span.clone()).unwrap_or_default();
        let start = written.find(&text.value).map(|at| text.span.start + at);
        let place = |range: &Range<usize>| match start {
            Some(start) => start + range.start..start + range.end,
            None => text.span.clone(),
        };
        match Expression::compile(&text.value) {
            Ok(expression) => {
                for named in expression.named() {
                    let word = At {
                        value: named.word.clone(),
                        span: place(&named.range),
                    };
                    match named.variable {
                        "lane" => self.lane_patterns.push(word),
                        _ => self.check_can_match(&word, "scanner", self.vocabulary.scanners),
                    }
                }
                Some(expression)
            }
            Err(errors) => {
                for error in errors {
                    let span = place(&error.range);
                    self.problems.add(span, error.title, error.label);
                }
                None
            }
        }
    }

    fn patterns(&mut self, texts: Option<Vec<At<String>>>) -> Option<Patterns> {
        let texts = self.valid_patterns(texts)?;
        Patterns::new(texts.iter().map(String::as_str)).ok()
    }

    fn path_patterns(&mut self, texts: Option<Vec<At<String>>>) -> Option<Patterns> {
        let texts = self.valid_patterns(texts)?;
        Patterns::of_paths(texts.iter().map(String::as_str)).ok()
    }

    fn valid_patterns(&mut self, texts: Option<Vec<At<String>>>) -> Option<Vec<String>> {
        let texts = texts?;
        for text in &texts {
            check_pattern(&text.value, text, &mut self.problems);
        }
        Some(texts.into_iter().map(|text| text.value).collect())
    }

    /// Makes a problem of every lane in a selector that is no lane.
    pub(super) fn check_lane_names(&mut self, lanes: &[&str]) {
        for lane in std::mem::take(&mut self.lane_patterns) {
            self.check_can_match(&lane, "lane", lanes);
        }
    }

    /// Makes a problem of a pattern that none of the names can match.
    fn check_can_match(&mut self, pattern: &At<String>, what: &str, names: &[&str]) {
        let matches = Patterns::new([pattern.value.as_str()]);
        if matches.is_ok_and(|patterns| !patterns.match_any(names.iter().copied())) {
            let known = || {
                names
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let label = match nearest(&pattern.value, names.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there are {}", known()),
            };
            self.problems.add(
                pattern.span.clone(),
                format!("`{}` matches no {what}", pattern.value),
                label,
            );
        }
    }

    pub(super) fn check_repeated_exceptions(&mut self, known: &[Exception]) {
        for id in std::mem::take(&mut self.exception_ids) {
            if known.iter().any(|exception| exception.id == id.value) {
                self.problems.add(
                    id.span,
                    format!("another file has the exception `{}`, too", id.value),
                    "give it another `id`",
                );
            }
        }
    }
}

fn check_pattern(pattern: &str, at: &At<String>, problems: &mut Problems) {
    if let Err((_, error)) = Patterns::new([pattern]) {
        problems.add(at.span.clone(), format!("`{pattern}` is no pattern"), error);
    }
}

/// Reads each text; what cannot be read becomes a problem with title and label.
fn each<T>(
    texts: Vec<At<String>>,
    problems: &mut Problems,
    read: impl Fn(&str) -> Result<T, (String, String)>,
) -> Vec<T> {
    texts
        .into_iter()
        .filter_map(|text| {
            read(&text.value)
                .map_err(|(title, label)| problems.add(text.span, title, label))
                .ok()
        })
        .collect()
}

fn severities(words: &[At<String>], problems: &mut Problems) -> Option<Severities> {
    let known = Severity::ALL.map(Severity::name);
    let span = words.first()?.span.start..words.last()?.span.end;
    match Severities::parse(words.iter().map(|word| word.value.as_str())) {
        Ok(set) if set.is_empty() => {
            problems.add(
                span,
                "no severity can ever match this",
                "the scale ends there",
            );
            None
        }
        Ok(set) => Some(set),
        Err(wrong) => {
            let at = words
                .iter()
                .find(|word| word.value == wrong)
                .map_or(span, |word| word.span.clone());
            let word = wrong.trim_start_matches(['<', '>', '=']).trim();
            if known.contains(&word) {
                let label = "bounds are `>=`, `>`, `<=` and `<`, and `unknown` has none";
                problems.add(at, format!("`{wrong}` is no bound"), label);
                return None;
            }
            problems.add(
                at,
                format!("`{wrong}` is no severity and no bound"),
                suggestion(word, &known),
            );
            None
        }
    }
}

fn cwe(value: &DeValue<'_>) -> Option<u32> {
    match value {
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
        DeValue::String(text) => {
            let digits = text
                .get(..4)
                .filter(|prefix| prefix.eq_ignore_ascii_case("cwe-"))
                .and(text.get(4..));
            digits.unwrap_or(text).parse().ok()
        }
        _ => None,
    }
}
