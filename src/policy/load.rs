//! Making a policy of its texts.
//!
//! A policy is a TOML file, what it extends, and the exceptions beside it. All
//! texts are read before anything is decided, and every mistake in any of them
//! is found in one go.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::ToSpan as _;

use super::evidence::Filing;
use super::problem::{Level, Problem, nearest, suggestion};
use super::reader::{BoundsPart, Part, Reader};
use super::{Action, Bounds, Demand, Exception, Mode, Origin, Particular, Policy, Trust};
use crate::finding::Severity;
use crate::fingerprint::without_detours;
use crate::scanner::Scanner;

/// The policies that are part of the program: name and text.
pub const BUILTIN: &[(&str, &str)] = &[
    ("baseline", include_str!("../../policies/baseline.toml")),
    ("pre-push", include_str!("../../policies/pre-push.toml")),
    ("strict", include_str!("../../policies/strict.toml")),
];

/// What stands before the name of a policy that is part of the program.
pub const BUILTIN_PREFIX: &str = "builtin:";

/// The file beside a policy that holds its exceptions.
pub const EXCEPTIONS_FILE: &str = "security-exceptions.toml";

/// The names that policies may use.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    /// All scanners whose reports can be read. Their lanes exist without being
    /// configured.
    pub scanners: &'a [Scanner],
}

impl<'a> Vocabulary<'a> {
    /// The names of all scanners.
    pub(super) fn scanner_names(self) -> Vec<&'static str> {
        self.scanners.iter().map(|scanner| scanner.name).collect()
    }

    /// The scanners whose reports say what was scanned.
    pub(super) fn telling_target(self) -> Vec<&'static str> {
        let telling = self.scanners.iter().filter(|scanner| scanner.tells_target);
        telling.map(|scanner| scanner.name).collect()
    }

    /// The lanes that exist without being configured.
    pub(super) fn lanes(self) -> BTreeSet<&'a str> {
        self.scanners.iter().map(|scanner| scanner.lane).collect()
    }
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The policy cannot be read.
    #[error("cannot read the policy `{name}`")]
    Unreadable {
        /// As it was named.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// There is no policy of this name in the program.
    #[error("there is no policy `{name}`: {suggestion}")]
    NotBuiltin {
        /// As it was named.
        name: String,
        /// What may have been meant.
        suggestion: String,
    },
    /// Mistakes, at least one.
    #[error("the policy has {} mistake{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    Mistakes(Vec<Problem>),
}

/// Loads the policy `name`, a path or `builtin:NAME`, with what it extends and
/// the exceptions beside it. Files are read by `read`.
///
/// # Errors
///
/// When a file cannot be read, or there is a mistake in one of them.
pub fn load(
    name: &str,
    vocabulary: Vocabulary<'_>,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Policy, LoadError> {
    let mut loader = Loader {
        vocabulary,
        read,
        parts: Vec::new(),
        problems: Vec::new(),
    };
    let (text, folder) = loader.fetch(name)?;
    loader.add(name, text, &folder, &mut vec![name.to_owned()]);
    // Beside a built-in policy is the working folder.
    let path = folder.join(EXCEPTIONS_FILE);
    match read(&path) {
        Ok(text) => loader.add_exceptions(&path, text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(LoadError::Unreadable {
                name: path.display().to_string(),
                source,
            });
        }
    }
    loader.finish()
}

struct Loader<'a> {
    vocabulary: Vocabulary<'a>,
    read: &'a dyn Fn(&Path) -> io::Result<String>,
    /// Extended texts come before those that extend them.
    parts: Vec<(Reader<'a>, Part)>,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    /// The text of a policy, and the folder that its paths are relative to.
    fn fetch(&self, name: &str) -> Result<(String, PathBuf), LoadError> {
        if let Some(builtin) = name.strip_prefix(BUILTIN_PREFIX) {
            if let Some((_, text)) = BUILTIN.iter().find(|(known, _)| *known == builtin) {
                return Ok(((*text).to_owned(), PathBuf::new()));
            }
            let known = BUILTIN.iter().map(|(known, _)| *known);
            let names: Vec<_> = known
                .clone()
                .map(|known| format!("{BUILTIN_PREFIX}{known}"))
                .collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            return Err(LoadError::NotBuiltin {
                name: name.to_owned(),
                suggestion: match nearest(builtin, known) {
                    Some(nearest) => format!("did you mean `{BUILTIN_PREFIX}{nearest}`?"),
                    None => suggestion(name, &names),
                },
            });
        }
        let path = Path::new(name);
        match (self.read)(path) {
            Ok(text) => Ok((
                text,
                path.parent().map(Path::to_path_buf).unwrap_or_default(),
            )),
            Err(_) if BUILTIN.iter().any(|(known, _)| *known == name) => {
                Err(LoadError::NotBuiltin {
                    name: name.to_owned(),
                    suggestion: format!("did you mean `{BUILTIN_PREFIX}{name}`?"),
                })
            }
            Err(source) => Err(LoadError::Unreadable {
                name: name.to_owned(),
                source,
            }),
        }
    }

    /// Reads a text with what it extends. `open` are the texts being read, to
    /// notice a circle.
    fn add(&mut self, name: &str, text: String, folder: &Path, open: &mut Vec<String>) {
        let mut reader = Reader::new(name, text, self.vocabulary);
        let (part, extends) = reader.policy(folder);
        for base in extends {
            let name = match base.value.starts_with(BUILTIN_PREFIX) {
                true => base.value.clone(),
                false => without_detours(&folder.join(&base.value).to_string_lossy()).into_owned(),
            };
            if open.contains(&name) {
                let circle = format!("{} → {name}", open.join(" → "));
                reader
                    .problems
                    .add(base.span, "the policy extends itself", circle);
                continue;
            }
            // What several extend is the base of all of them, and comes first.
            if self
                .parts
                .iter()
                .any(|(reader, _)| reader.problems.source().name == name)
            {
                continue;
            }
            match self.fetch(&name) {
                Ok((text, folder)) => {
                    open.push(name.clone());
                    self.add(&name, text, &folder, open);
                    open.pop();
                }
                Err(error @ LoadError::Unreadable { .. }) => {
                    let cause = std::error::Error::source(&error)
                        .map(ToString::to_string)
                        .unwrap_or_default();
                    reader.problems.add(base.span, error.to_string(), cause);
                }
                Err(error) => reader
                    .problems
                    .add(base.span, error.to_string(), "not a policy"),
            }
        }
        self.parts.push((reader, part));
    }

    fn add_exceptions(&mut self, path: &Path, text: String) {
        let mut reader = Reader::new(&path.display().to_string(), text, self.vocabulary);
        let part = reader.exceptions_only();
        self.parts.push((reader, part));
    }

    /// Lays the texts over each other, and checks what only all together tell.
    fn finish(mut self) -> Result<Policy, LoadError> {
        let mut policy = Policy {
            sources: Vec::new(),
            mode: Mode::Enforce,
            first_run: None,
            unknown_severity: Severity::High,
            trust_suppressions: Trust::All,
            sla: BTreeMap::new(),
            kev: Demand::default(),
            epss: Demand::default(),
            vex: Demand::default(),
            bounds: Bounds::default(),
            evidence: Filing::default(),
            lanes: BTreeMap::new(),
            rules: Vec::new(),
            exceptions: Vec::new(),
            examples: Vec::new(),
            settings: BTreeMap::new(),
        };
        let configured: Vec<String> = self
            .parts
            .iter()
            .flat_map(|(_, part)| &part.lanes)
            .map(|(name, _)| name.clone())
            .collect();
        let mut lanes: Vec<&str> = configured.iter().map(String::as_str).collect();
        lanes.extend(self.vocabulary.lanes());
        for (mut reader, part) in self.parts {
            reader.check_lane_names(&lanes);
            reader.check_repeated_exceptions(&policy.exceptions);
            policy.sources.push(Arc::clone(reader.problems.source()));
            let mut settings = part.settings;
            for key in policy.bounds.tighten(part.bounds) {
                settings.remove(key);
            }
            policy.settings.extend(settings);
            policy.mode = part.mode.unwrap_or(policy.mode);
            policy.first_run = part.first_run.or(policy.first_run);
            policy.unknown_severity = part.unknown_severity.unwrap_or(policy.unknown_severity);
            policy.sla.extend(part.sla);
            policy.kev = part.kev.unwrap_or_default().over(policy.kev);
            policy.epss = part.epss.unwrap_or_default().over(policy.epss);
            policy.vex = part.vex.unwrap_or_default().over(policy.vex);
            policy.evidence = part.evidence.over(policy.evidence);
            policy.trust_suppressions =
                part.trust_suppressions.unwrap_or(policy.trust_suppressions);
            for (name, lane) in part.lanes {
                let known = policy.lanes.entry(name).or_default();
                if let Some(reports) = lane.reports {
                    known.reports = reports;
                    known.folder.clone_from(&part.folder);
                }
                known.expect = lane
                    .expect
                    .unwrap_or_else(|| std::mem::take(&mut known.expect));
                known.product = lane.product.or(known.product.take());
                known.degraded = lane
                    .degraded
                    .unwrap_or_else(|| std::mem::take(&mut known.degraded));
                lane.demands.lay_over(&mut known.demands);
                known.evidence = lane.evidence.over(std::mem::take(&mut known.evidence));
            }
            for rule in part.rules {
                match policy.rules.iter_mut().find(|known| known.id == rule.id) {
                    Some(known) => *known = rule,
                    None => policy.rules.push(rule),
                }
            }
            for example in part.examples {
                let mut examples = policy.examples.iter_mut();
                match examples.find(|known| known.id == example.id) {
                    Some(known) => *known = example,
                    None => policy.examples.push(example),
                }
            }
            policy.exceptions.extend(part.exceptions);
            self.problems.extend(reader.problems.into_vec());
        }
        self.problems.extend(policy.mistakes());
        if self.problems.is_empty() && !policy.rules.iter().any(|rule| rule.action == Action::Fail)
        {
            self.problems
                .extend(policy.sources.last().map(|source| Problem {
                    level: Level::Error,
                    title: "a policy without a rule that can fail passes everything".to_owned(),
                    label: "add `extends = [\"builtin:baseline\"]`, or a rule".to_owned(),
                    span: 0..0,
                    source: Arc::clone(source),
                }));
        }
        if self.problems.is_empty() {
            Ok(policy)
        } else {
            Err(LoadError::Mistakes(self.problems))
        }
    }
}

impl Bounds {
    /// Lays those of another text over these. They only become stricter, so that a
    /// policy cannot loosen what it extends. Answers with the keys of those that
    /// change nothing, because these are as strict.
    fn tighten(&mut self, part: BoundsPart) -> Vec<&'static str> {
        let before = self.clone();
        self.max_days = self.max_days.into_iter().chain(part.max_days).min();
        for particular in part.require {
            if !self.require.contains(&particular) {
                self.require.push(particular);
            }
        }
        self.never.extend(part.never);
        self.author_may_approve &= part.author_may_approve.unwrap_or(true);
        self.warn_days = self.warn_days.max(part.warn_days.unwrap_or(0));
        let same = [
            ("exceptions.max_days", before.max_days == self.max_days),
            ("exceptions.require", before.require == self.require),
            (
                "exceptions.author_may_approve",
                before.author_may_approve == self.author_may_approve,
            ),
            ("exceptions.warn_days", before.warn_days == self.warn_days),
        ];
        let same = same.into_iter().filter(|(_, is_same)| *is_same);
        same.map(|(key, _)| key).collect()
    }

    /// What is wrong with an exception.
    fn problems(&self, exception: &Exception) -> Vec<Problem> {
        let at = |title: String, label: String| exception.origin.problem(title, label);
        let mut problems = Vec::new();
        for particular in &self.require {
            let is_there = match particular {
                Particular::ApprovedBy => exception.approved_by.is_some(),
                Particular::Ticket => exception.ticket.is_some(),
                Particular::Decided => exception.decided.is_some(),
            };
            let mut keys = Particular::KEYS.iter();
            if let Some((key, _)) = keys.find(|(_, each)| each == particular)
                && !is_there
            {
                let title = format!("`[exceptions]` requires `{key}`");
                problems.push(at(title, format!("`{key}` is missing")));
            }
        }
        match (self.max_days, exception.decided) {
            (Some(most), Some(decided)) => {
                let days = (exception.expires - decided).get_days();
                if i64::from(days) > i64::from(most) {
                    let title = format!("an exception holds for {most} days at most");
                    let last = decided.saturating_add(i64::from(most).days());
                    let label = format!("this one for {days}; its last day can be {last}");
                    problems.push(at(title, label));
                }
            }
            (Some(most), None) if !self.require.contains(&Particular::Decided) => {
                let title = format!("an exception holds for {most} days at most");
                problems.push(at(title, "since when? `decided` is missing".to_owned()));
            }
            _ => {}
        }
        problems
    }
}

impl Policy {
    /// Adds the exceptions of one more text.
    ///
    /// # Errors
    ///
    /// All mistakes in it, those among all texts included; the policy is then of
    /// no use.
    pub fn add_exceptions(
        &mut self,
        name: &str,
        text: String,
        vocabulary: Vocabulary<'_>,
    ) -> Result<(), Vec<Problem>> {
        let mut reader = Reader::new(name, text, vocabulary);
        let part = reader.exceptions_only();
        let mut lanes: Vec<&str> = self.lanes.keys().map(String::as_str).collect();
        lanes.extend(vocabulary.lanes());
        reader.check_lane_names(&lanes);
        reader.check_repeated_exceptions(&self.exceptions);
        self.sources.push(Arc::clone(reader.problems.source()));
        self.exceptions.extend(part.exceptions);
        let mut problems = reader.problems.into_vec();
        problems.extend(self.mistakes());
        match problems.is_empty() {
            true => Ok(()),
            false => Err(problems),
        }
    }

    /// The mistakes that only all texts together tell.
    fn mistakes(&self) -> Vec<Problem> {
        let bounds = self
            .exceptions
            .iter()
            .flat_map(|exception| self.bounds.problems(exception));
        let rules = self.rules.iter().map(|rule| (&rule.selector, &rule.origin));
        let exceptions = self.exceptions.iter();
        let exceptions = exceptions.map(|exception| (&exception.selector, &exception.origin));
        let without_sla = rules
            .chain(exceptions)
            .filter(|(selector, _)| selector.needs().sla && self.sla.is_empty())
            .map(|(_, origin)| {
                let label = "say in `[sla]` how many days each severity has";
                origin.problem("nothing is ever `overdue` without `[sla]`", label)
            });
        let unknown_rules = self.examples.iter().flat_map(|example| {
            let rules: Vec<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
            let named = example.rules.iter().flatten();
            let unknown = named.filter(move |id| !rules.contains(&id.as_str()));
            unknown.map(|id| {
                let rules: Vec<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
                let title = format!("there is no rule `{id}` that could be broken");
                example.origin.problem(title, suggestion(id, &rules))
            })
        });
        bounds.chain(without_sla).chain(unknown_rules).collect()
    }
}

impl Origin {
    pub(super) fn problem(&self, title: impl Into<String>, label: impl Into<String>) -> Problem {
        Problem {
            level: Level::Error,
            title: title.into(),
            label: label.into(),
            span: self.span.clone(),
            source: Arc::clone(&self.source),
        }
    }
}
