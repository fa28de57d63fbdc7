//! The policy that holds, after all that it extends, with the place of
//! everything: as TOML that loads to the same policy, or as data.

use std::path::{Component, Path, PathBuf};

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::evidence::Filing;
use super::selector::Selector;
use super::{
    AgeBy, Bounds, Degraded, Demand, Demands, Exception, FirstRun, Lane, Mode, Never, Origin,
    Particular, Policy, ProofBy, Rule, Trust,
};
use crate::text::{line, toml_string};

/// A table of the policy that holds.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Its name in TOML: `lane.image-security`, `rule`; empty at the top.
    pub table: String,
    /// Whether it is one of a list: `[[rule]]`.
    #[serde(skip)]
    is_listed: bool,
    /// Where it stands, for those that stand in one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Place>,
    /// Its keys and values.
    pub values: Vec<Setting>,
}

/// A value of the policy that holds.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// The key in its table: `where.severity`.
    pub key: String,
    /// The value; days are texts.
    pub value: Value,
    /// Where it stands; absent where it stands with its table, and for defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Place>,
    /// Whether no text says it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_default: bool,
}

/// A line of a policy's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, or `builtin:NAME`.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

impl From<&Origin> for Place {
    fn from(origin: &Origin) -> Self {
        Self {
            file: origin.source.name.clone(),
            line: origin.line(),
        }
    }
}

/// The policy that holds, without its examples. Paths in it are relative to
/// `folder`, where they can be.
pub fn show(policy: &Policy, folder: &Path) -> Vec<Section> {
    // A new field must be shown, too.
    let Policy {
        sources: _,
        mode,
        first_run,
        unknown_severity,
        trust_suppressions,
        sla,
        kev,
        epss,
        vex,
        bounds,
        evidence,
        lanes,
        rules,
        exceptions,
        examples: _,
        settings: _,
    } = policy;
    let mut top = Draft::new(policy, "");
    top.add("schema", json!(1));
    let trust = match trust_suppressions {
        Trust::All => json!(true),
        Trust::Only(scanners) if scanners.is_empty() => json!(false),
        Trust::Only(scanners) => json!(scanners),
    };
    top.add("trust_suppressions", trust);
    if let Some(first_run) = first_run {
        let word = match first_run {
            FirstRun::AllNew => "all-new",
            FirstRun::NoneNew => "none-new",
        };
        top.add("first_run", json!(word));
    }
    let mut gate = Draft::new(policy, "gate");
    let mode = match mode {
        Mode::Enforce => "enforce",
        Mode::Observe => "observe",
    };
    gate.add("mode", json!(mode));
    let mut severity = Draft::new(policy, "severity");
    severity.add("unknown", json!(unknown_severity.name()));
    let mut days = Draft::new(policy, "sla");
    for (severity, allowance) in sla {
        days.add(severity.name(), json!(allowance));
    }
    let mut sections = vec![top.0, gate.0, severity.0, days.0];
    for (table, demand) in [("kev", kev), ("epss", epss), ("vex", vex)] {
        sections.push(demanded(policy, table, *demand));
    }
    sections.push(bounded(policy, bounds));
    sections.push(filed(policy, "evidence", "evidence", evidence));
    // A lane without keys is one, too: selectors may name it.
    sections.retain(|section| !section.values.is_empty());
    let never = |never: &Never| {
        let mut section = listed("exceptions.never", &never.origin);
        section.values = asked(&never.selector, &never.origin, "");
        section
    };
    sections.extend(bounds.never.iter().map(never));
    for (name, lane) in lanes {
        sections.push(shown_lane(policy, name, lane, folder));
        let table = format!("lane.{}.evidence", key(name));
        let known = format!("lane.{name}.evidence");
        let filed = filed(policy, &table, &known, &lane.evidence);
        sections.extend(Some(filed).filter(|section| !section.values.is_empty()));
    }
    sections.extend(rules.iter().map(shown_rule));
    sections.extend(exceptions.iter().map(shown_exception));
    sections
}

/// The sections as TOML, with the place of each as a comment.
pub fn to_toml(sections: &[Section]) -> String {
    let tables: Vec<_> = sections.iter().map(Section::to_toml).collect();
    tables.join("\n")
}

impl Section {
    fn to_toml(&self) -> String {
        let header = match (self.table.as_str(), self.is_listed) {
            ("", _) => String::new(),
            (table, true) => format!("[[{table}]]{}\n", comment(self.origin.as_ref())),
            (table, false) => format!("[{table}]{}\n", comment(self.origin.as_ref())),
        };
        let values = self.values.iter().map(Setting::to_toml);
        header + &values.collect::<String>()
    }
}

impl Setting {
    fn to_toml(&self) -> String {
        let comment = match self.is_default {
            true => "  # default".to_owned(),
            false => comment(self.origin.as_ref()),
        };
        let value = match (self.key.as_str(), &self.value) {
            ("effective" | "decided" | "expires", Value::String(day)) => day.clone(),
            (_, value) => written(value),
        };
        format!("{} = {value}{comment}\n", self.key)
    }
}

fn comment(origin: Option<&Place>) -> String {
    origin.map_or_else(String::new, |place| {
        format!("  # {}:{}", line(&place.file), place.line)
    })
}

/// Settings that are being gathered, with their places.
struct Draft<'a>(Section, &'a Policy);

impl<'a> Draft<'a> {
    fn new(policy: &'a Policy, table: &str) -> Self {
        let section = Section {
            table: table.to_owned(),
            is_listed: false,
            origin: None,
            values: Vec::new(),
        };
        Self(section, policy)
    }

    /// Adds a setting that is known by its own name.
    fn add(&mut self, key: &str, value: Value) {
        let name = match self.0.table.as_str() {
            "" => key.to_owned(),
            table => format!("{table}.{key}"),
        };
        self.add_named(key, value, &name);
    }

    /// Adds a setting that is known by another name.
    fn add_named(&mut self, key: &str, value: Value, name: &str) {
        let origin = self.1.settings.get(name).map(Place::from);
        self.0.values.push(Setting {
            key: key.to_owned(),
            value,
            is_default: origin.is_none(),
            origin,
        });
    }
}

fn demanded(policy: &Policy, table: &str, demand: Demand) -> Section {
    let Demand { required, max_age } = demand;
    let mut draft = Draft::new(policy, table);
    if let Some(required) = required {
        draft.add("required", json!(required));
    }
    if let Some(age) = max_age {
        draft.add("max_age", json!(duration(age)));
    }
    draft.0
}

/// A length of time as a policy has it.
fn duration(duration: SignedDuration) -> String {
    let hours = duration.as_hours();
    match (hours % (24 * 7), hours % 24) {
        (0, _) => format!("{}w", hours / (24 * 7)),
        (_, 0) => format!("{}d", hours / 24),
        _ => format!("{hours}h"),
    }
}

fn bounded(policy: &Policy, bounds: &Bounds) -> Section {
    let Bounds {
        max_days,
        require,
        never: _,
        author_may_approve,
        warn_days,
    } = bounds;
    let mut draft = Draft::new(policy, "exceptions");
    if let Some(days) = max_days {
        draft.add("max_days", json!(days));
    }
    let is_required = |(_, each): &(&str, Particular)| require.contains(each);
    let required = Particular::KEYS.into_iter().filter(is_required);
    let required: Vec<_> = required.map(|(key, _)| key).collect();
    if !required.is_empty() {
        draft.add("require", json!(required));
    }
    draft.add("author_may_approve", json!(author_may_approve));
    draft.add("warn_days", json!(warn_days));
    draft.0
}

/// Where reports are filed, in the table that is known as `name`.
fn filed(policy: &Policy, table: &str, name: &str, filing: &Filing) -> Section {
    let mut draft = Draft::new(policy, table);
    for (key, value) in filing.settings() {
        draft.add_named(key, value, &format!("{name}.{key}"));
    }
    draft.0
}

fn shown_lane(policy: &Policy, name: &str, lane: &Lane, folder: &Path) -> Section {
    let Lane {
        reports,
        folder: own,
        expect,
        degraded,
        product,
        demands,
        evidence: _,
    } = lane;
    let mut draft = Draft::new(policy, &format!("lane.{}", key(name)));
    let mut add = |key: &str, value: Value| {
        draft.add_named(key, value, &format!("lane.{name}.{key}"));
    };
    if !reports.is_empty() {
        let way = way(folder, own);
        let reports = reports.iter().map(|report| {
            let mut report = report.clone();
            let pattern = Path::new(&report.pattern);
            if way != Path::new("") && !pattern.is_absolute() {
                report.pattern = way.join(pattern).to_string_lossy().into_owned();
            }
            report.to_string()
        });
        add("reports", json!(reports.collect::<Vec<_>>()));
    }
    if !expect.is_empty() {
        add("expect", json!(expect));
    }
    if let Some(product) = product {
        add("product", json!(product));
    }
    let (word, reason) = match degraded {
        Degraded::Warn => ("warn", None),
        Degraded::Incomplete => ("incomplete", None),
        Degraded::Ignore(reason) => ("ignore", Some(reason)),
    };
    add("degraded", json!(word));
    if let Some(reason) = reason {
        add("degraded_reason", json!(reason));
    }
    let Demands {
        proof,
        max_age,
        age,
        commit,
        target,
    } = demands;
    let proof = match proof {
        ProofBy::Report => "report",
        ProofBy::Record => "record",
    };
    add("proof", json!(proof));
    if let Some(max_age) = max_age {
        add("max_age", json!(duration(*max_age)));
    }
    match age {
        AgeBy::Report if max_age.is_none() => {}
        AgeBy::Report => add("age", json!("report")),
        AgeBy::Mtime => add("age", json!("mtime")),
    }
    if *commit {
        add("commit", json!(commit));
    }
    if !target.is_empty() {
        add("target", json!(target));
    }
    draft.0
}

fn shown_rule(rule: &Rule) -> Section {
    let Rule {
        id,
        selector,
        condition: _,
        max,
        action,
        effective,
        help,
        origin,
    } = rule;
    let mut section = listed("rule", origin);
    section.put("id", json!(id));
    section.values.extend(asked(selector, origin, "where."));
    section.put("max", json!(max));
    section.put("action", json!(action));
    section.put_some("effective", effective.map(|day| day.to_string()));
    section.put_some("help", help.clone());
    section
}

fn shown_exception(exception: &Exception) -> Section {
    let Exception {
        id,
        selector,
        condition: _,
        reason,
        approved_by,
        decided,
        expires,
        ticket,
        origin,
    } = exception;
    let mut section = listed("exception", origin);
    section.put("id", json!(id));
    section.values.extend(asked(selector, origin, "where."));
    section.put("reason", json!(reason));
    section.put_some("approved_by", approved_by.clone());
    section.put_some("ticket", ticket.clone());
    section.put_some("decided", decided.map(|day| day.to_string()));
    section.put("expires", json!(expires.to_string()));
    section
}

fn listed(table: &str, origin: &Origin) -> Section {
    Section {
        table: table.to_owned(),
        is_listed: true,
        origin: Some(origin.into()),
        values: Vec::new(),
    }
}

impl Section {
    /// Adds a value that stands where its table does.
    fn put(&mut self, key: &str, value: Value) {
        self.values.push(Setting {
            key: key.to_owned(),
            value,
            origin: None,
            is_default: false,
        });
    }

    fn put_some(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.put(key, json!(value));
        }
    }
}

/// The questions of a selector, each with its line.
fn asked(selector: &Selector, origin: &Origin, prefix: &str) -> Vec<Setting> {
    let questions = selector.asked().iter().map(|asked| {
        let place = Origin {
            source: origin.source.clone(),
            span: asked.span.clone(),
        };
        Setting {
            key: format!("{prefix}{}", asked.question.key()),
            value: read(&asked.written),
            origin: Some((&place).into()),
            is_default: false,
        }
    });
    let when = selector.when().map(|when| Setting {
        key: format!("{prefix}when"),
        value: json!(when.text()),
        origin: Some(origin.into()),
        is_default: false,
    });
    questions.chain(when).collect()
}

/// A value as it stands in a policy that was loaded.
fn read(written: &str) -> Value {
    let table = toml::from_str::<Map<String, Value>>(&format!("value = {written}"));
    let value = table.ok().and_then(|mut table| table.remove("value"));
    value.unwrap_or_default()
}

/// A value in TOML.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => toml_string(text),
        value => value.to_string(),
    }
}

/// A name as a key.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        written(&json!(name))
    }
}

/// The way from one folder to another; where there is none to be told, the other
/// folder itself.
fn way(from: &Path, to: &Path) -> PathBuf {
    let parts = |path: &Path| -> Vec<PathBuf> {
        let parts = path.components().filter(|part| *part != Component::CurDir);
        parts.map(|part| PathBuf::from(part.as_os_str())).collect()
    };
    let (from_parts, to_parts) = (parts(from), parts(to));
    let shared = from_parts.iter().zip(&to_parts);
    let shared = shared.take_while(|(one, other)| one == other).count();
    let is_up = |part: &PathBuf| part == Path::new("..");
    let back = from_parts.iter().skip(shared);
    if from.is_absolute() != to.is_absolute() || back.clone().any(is_up) {
        return to.to_path_buf();
    }
    let back = back.map(|_| PathBuf::from(".."));
    back.chain(to_parts.iter().skip(shared).cloned()).collect()
}
