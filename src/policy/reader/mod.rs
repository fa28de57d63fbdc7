//! Reading one text of a policy: its TOML into rules, exceptions and lanes.
//!
//! Every mistake becomes a problem with its place; what only all texts together
//! tell is left to `load`.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::document::{At, Table};
use super::evidence::Filing;
use super::example::Example;
use super::load::Vocabulary;
use super::problem::{Problems, Source, nearest, suggestion};
use super::selector::{Patterns, Severities};
use super::{Demand, Exception, FirstRun, Mode, Never, Origin, Particular, Rule, Trust};
use crate::finding::Severity;

mod evidence;
mod example;
mod lane;
mod rules;
mod selector;

pub(super) use lane::LanePart;

/// What one text says.
#[derive(Default)]
pub(super) struct Part {
    pub(super) folder: PathBuf,
    pub(super) mode: Option<Mode>,
    pub(super) first_run: Option<FirstRun>,
    pub(super) unknown_severity: Option<Severity>,
    pub(super) trust_suppressions: Option<Trust>,
    pub(super) sla: BTreeMap<Severity, u32>,
    pub(super) kev: Option<Demand>,
    pub(super) epss: Option<Demand>,
    pub(super) vex: Option<Demand>,
    pub(super) bounds: BoundsPart,
    pub(super) evidence: Filing,
    pub(super) lanes: Vec<(String, LanePart)>,
    pub(super) rules: Vec<Rule>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) examples: Vec<Example>,
    pub(super) settings: BTreeMap<String, Origin>,
}

/// What one text demands of exceptions.
#[derive(Default)]
pub(super) struct BoundsPart {
    pub(super) max_days: Option<u32>,
    pub(super) require: Vec<Particular>,
    pub(super) never: Vec<Never>,
    pub(super) author_may_approve: Option<bool>,
    pub(super) warn_days: Option<u32>,
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
        } else {
            evidence::hide_secrets(&source.text, &mut self.problems);
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
            part.settings = reader.settings(&table);
            part.mode = reader.mode(&mut table);
            let first_runs = [
                ("all-new", FirstRun::AllNew),
                ("none-new", FirstRun::NoneNew),
            ];
            part.first_run = table
                .word("first_run", &first_runs, &mut reader.problems)
                .map(|word| word.value);
            part.trust_suppressions = reader.trust_suppressions(&mut table);
            part.sla = reader.sla(&mut table);
            part.kev = reader.demand(&mut table, "kev", "`[kev]`");
            part.epss = reader.demand(&mut table, "epss", "`[epss]`");
            part.vex = reader.demand(&mut table, "vex", "`[vex]`");
            part.bounds = reader.bounds(&mut table);
            part.evidence = reader.filing(&mut table, false);
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
            let examples = table.tables("example", "an example", &mut reader.problems);
            let examples = examples.into_iter();
            let examples: Vec<_> = examples
                .filter_map(|example| reader.example(example, folder))
                .collect();
            part.examples = reader.unique(examples, "example");
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
                "write 1, or use a later version of the program",
            );
        }
    }

    /// Where each setting stands, rules and exceptions apart.
    fn settings(&self, table: &Table<'_>) -> BTreeMap<String, Origin> {
        let source = self.problems.source();
        let leaves = table.leaves().into_iter();
        leaves
            .map(|(key, span)| {
                let source = Arc::clone(source);
                (key, Origin { source, span })
            })
            .collect()
    }

    fn origin(&self, table: &Table<'_>) -> Origin {
        Origin {
            source: Arc::clone(self.problems.source()),
            span: table.span(),
        }
    }

    fn mode(&mut self, table: &mut Table<'_>) -> Option<Mode> {
        let mut gate = table.table("gate", "`[gate]`", &mut self.problems)?;
        let modes = [("enforce", Mode::Enforce), ("observe", Mode::Observe)];
        let mode = gate.word("mode", &modes, &mut self.problems);
        gate.finish(&mut self.problems);
        mode.map(|mode| mode.value)
    }

    fn sla(&mut self, table: &mut Table<'_>) -> BTreeMap<Severity, u32> {
        let problems = &mut self.problems;
        let Some(mut sla) = table.table("sla", "`[sla]`", problems) else {
            return BTreeMap::new();
        };
        let days = Severities::SCALE.into_iter().filter_map(|severity| {
            let days = sla.days(severity.name(), problems)?;
            Some((severity, days.value))
        });
        let days = days.collect();
        sla.finish(problems);
        days
    }

    fn demand(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        what: &'static str,
    ) -> Option<Demand> {
        let problems = &mut self.problems;
        let mut table = table.table(key, what, problems)?;
        let required = table.truth("required", problems);
        let max_age = table.duration("max_age", problems);
        table.finish(problems);
        Some(Demand {
            required: required.map(|required| required.value),
            max_age: max_age.map(|max_age| max_age.value),
        })
    }

    fn trust_suppressions(&mut self, table: &mut Table<'_>) -> Option<Trust> {
        let wanted = "true, false or a list of scanners";
        let read = |value: &DeValue<'_>| match value {
            DeValue::Boolean(trust) => Some(Ok(*trust)),
            DeValue::String(scanner) => Some(Err(scanner.to_string())),
            _ => None,
        };
        let given = table.list("trust_suppressions", wanted, &mut self.problems, read)?;
        if let [
            At {
                value: Ok(trust), ..
            },
        ] = given.as_slice()
        {
            return Some(match trust {
                true => Trust::All,
                false => Trust::Only(Vec::new()),
            });
        }
        let mut scanners = Vec::new();
        for item in given {
            match item.value {
                Ok(trust) => self.problems.add(
                    item.span,
                    format!("`{trust}` stands alone"),
                    "leave it out, or the scanners",
                ),
                Err(scanner) => scanners.push(At {
                    value: scanner,
                    span: item.span,
                }),
            }
        }
        Some(Trust::Only(self.scanner_names(scanners)))
    }

    /// Names that must be those of scanners.
    fn scanner_names(&mut self, names: Vec<At<String>>) -> Vec<String> {
        let known = self.vocabulary.scanner_names();
        for name in &names {
            if !known.contains(&name.value.as_str()) {
                self.problems.add(
                    name.span.clone(),
                    format!("`{}` is no scanner whose reports can be read", name.value),
                    suggestion(&name.value, &known),
                );
            }
        }
        names.into_iter().map(|name| name.value).collect()
    }

    /// Drops the names, and makes a problem of each that comes again.
    fn unique<T>(&mut self, named: Vec<(At<String>, T)>, what: &str) -> Vec<T> {
        let mut seen: HashMap<String, Range<usize>> = HashMap::new();
        let mut items = Vec::new();
        for (name, item) in named {
            if let Some(first) = seen.get(&name.value) {
                let first = Origin {
                    source: Arc::clone(self.problems.source()),
                    span: first.clone(),
                };
                self.problems.add(
                    name.span.clone(),
                    format!("there are two {what}s `{}`", name.value),
                    format!("the first is at {first}; give this one another `id`"),
                );
            }
            seen.entry(name.value).or_insert(name.span);
            items.push(item);
        }
        items
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
            let mut known = known.iter();
            if let Some(other) = known.find(|exception| exception.id == id.value) {
                let place = &other.origin;
                self.problems.add(
                    id.span,
                    format!("{place} has the exception `{}`, too", id.value),
                    "give it another `id`",
                );
            }
        }
    }
}

fn check_pattern(pattern: &str, at: &At<String>, problems: &mut Problems) {
    if pattern.is_empty() {
        problems.add(
            at.span.clone(),
            "an empty pattern matches nothing",
            "leave it out",
        );
    }
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
