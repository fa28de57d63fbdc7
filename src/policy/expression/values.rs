//! What an expression can ask for: the names, their types, and their values.

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;

use super::super::selector::{Confidences, Source, Subject};
use crate::finding::{Category, Confidence, Location, Severity, TextList};
use crate::fingerprint::stable_path;

/// The type of a part of an expression, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    /// What is not known, after a mistake or in an empty list: it goes with all.
    Any,
    Null,
    Bool,
    Int,
    Double,
    Text,
    List(Box<Type>),
}

impl Type {
    pub(super) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    /// Whether values of both can ever be equal.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any | Self::Null, _) | (_, Self::Any | Self::Null) => true,
            (Self::List(one), Self::List(other)) => one.goes_with(other),
            (one, other) => one == other || one.is_number() && other.is_number(),
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double | Self::Any)
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Any)
    }

    /// The type in words: "a text".
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Null => "`null`",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a number",
            Self::Text => "a text",
            Self::List(_) => "a list",
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    Int,
    Double,
    Text,
    Ints,
    Texts,
}

impl Kind {
    fn type_of(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Double => Type::Double,
            Self::Text => Type::Text,
            Self::Ints => Type::list(Type::Int),
            Self::Texts => Type::list(Type::Text),
        }
    }
}

/// Every name, its type, and whether a finding may be without it.
const VARIABLES: [(&str, Kind, bool); 32] = [
    ("lane", Kind::Text, false),
    ("scanner", Kind::Text, false),
    ("category", Kind::Text, false),
    ("severity", Kind::Text, false),
    ("severity_rank", Kind::Int, false),
    ("confidence", Kind::Text, true),
    ("rule", Kind::Text, false),
    ("title", Kind::Text, false),
    ("description", Kind::Text, true),
    ("cwe", Kind::Ints, false),
    ("vulnerability", Kind::Texts, false),
    ("cvss", Kind::Double, true),
    ("kev", Kind::Bool, false),
    ("epss", Kind::Double, true),
    ("age", Kind::Int, false),
    ("overdue", Kind::Bool, false),
    ("package_name", Kind::Text, true),
    ("version", Kind::Text, true),
    ("purl", Kind::Text, true),
    ("path", Kind::Text, true),
    ("paths", Kind::Texts, false),
    ("line", Kind::Int, true),
    ("url", Kind::Text, true),
    ("method", Kind::Text, true),
    ("parameter", Kind::Text, true),
    ("resource", Kind::Text, true),
    ("target", Kind::Text, true),
    ("fix", Kind::Bool, false),
    ("fixed_in", Kind::Texts, false),
    ("instances", Kind::Int, false),
    ("fingerprint", Kind::Text, false),
    ("references", Kind::Texts, false),
];

/// The names that an expression may use.
pub(super) fn names() -> Vec<&'static str> {
    VARIABLES.iter().map(|(name, ..)| *name).collect()
}

/// The type of what this name stands for.
pub(super) fn type_of(name: &str) -> Option<Type> {
    let (_, kind, _) = VARIABLES.iter().find(|(known, ..)| *known == name)?;
    Some(kind.type_of())
}

/// The only texts that this name can stand for, where they are known.
pub(super) fn words(name: &str) -> Option<Vec<&'static str>> {
    match name {
        // What is unknown counts as another, so that no rule misses it.
        "severity" => Some(
            Severity::ALL
                .into_iter()
                .filter(|severity| *severity != Severity::Unknown)
                .map(Severity::name)
                .collect(),
        ),
        "category" => Some(Category::ALL.map(Category::name).to_vec()),
        "confidence" => Some(Confidences::WORDS.map(|(word, _)| word).to_vec()),
        _ => None,
    }
}

fn confidence(given: Confidence) -> Option<&'static str> {
    let mut words = Confidences::WORDS.into_iter();
    words.find(|(_, each)| *each == given).map(|(word, _)| word)
}

const fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Critical => 4,
        // Does not reach here: the policy has said what it counts as.
        Severity::Unknown | Severity::High => 3,
        Severity::Medium => 2,
        Severity::Low => 1,
        Severity::Info => 0,
    }
}

/// The values of one finding, borrowed from it where they can be.
pub(super) struct Fields<'a>(pub(super) &'a Subject<'a>);

impl VariableResolver for Fields<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let subject = self.0;
        let &Subject {
            finding, severity, ..
        } = subject;
        let Source {
            lane,
            scanner,
            workspace,
            ..
        } = *subject.source;
        let location = finding.location();
        let value = match name {
            "lane" => text(lane),
            "scanner" => text(scanner),
            "category" => text(finding.category.name()),
            "severity" => text(severity.name()),
            "severity_rank" => CowVal::owned(CelInt::from(rank(severity))),
            "confidence" => or_null(finding.confidence.and_then(confidence).map(text)),
            "rule" => text(finding.rule_id()),
            "title" => text(finding.title()),
            // What cannot be read back is no value, and the expression no answer.
            "description" => or_null(finding.details().ok()?.into_owned().description.map(owned)),
            "cwe" => list(
                finding
                    .cwes()
                    .iter()
                    .map(|&cwe| CelInt::from(i64::from(cwe))),
            ),
            "vulnerability" => texts(finding.vulnerability_ids()),
            "cvss" => or_null(
                finding
                    .cvss()
                    .map(|cvss| CowVal::owned(CelDouble::from(cvss.score))),
            ),
            "kev" => or_null(subject.kev.map(truth)),
            "epss" => or_null(
                subject
                    .epss
                    .map(|epss| CowVal::owned(CelDouble::from(epss))),
            ),
            "age" => or_null(subject.age().map(|age| whole(u64::from(age)))),
            "overdue" => or_null(subject.overdue().map(truth)),
            "fix" => truth(!finding.fixed_in().is_empty()),
            "fixed_in" => texts(finding.fixed_in()),
            "instances" => whole(finding.instance_count),
            "fingerprint" => owned(finding.fingerprint.to_string()),
            "references" => list(
                finding
                    .details()
                    .ok()?
                    .into_owned()
                    .references
                    .into_iter()
                    .map(CelString::from),
            ),
            "path" => or_null(
                location
                    .path()
                    .map(|path| owned(stable_path(path, workspace).into_owned())),
            ),
            "paths" => list(
                subject
                    .paths()
                    .map(|path| CelString::from(path.into_owned())),
            ),
            "line" => or_null(line(location).map(whole)),
            "package_name" | "version" | "purl" | "url" | "method" | "parameter" | "resource"
            | "target" => or_null(placed(location, name).map(text)),
            _ => return None,
        };
        Some(value)
    }
}

fn line(location: Location<&str>) -> Option<u64> {
    match location {
        Location::Source { line, .. } | Location::Resource { line, .. } => line.map(u64::from),
        Location::Package { .. } | Location::Web { .. } => None,
    }
}

/// The texts that only some locations have.
fn placed<'a>(location: Location<&'a str>, wanted: &str) -> Option<&'a str> {
    match (wanted, location) {
        ("package_name", Location::Package { name, .. }) => Some(name),
        ("version", Location::Package { version, .. }) => version,
        ("purl", Location::Package { purl, .. }) => purl,
        ("url", Location::Web { url, .. }) => Some(url),
        ("method", Location::Web { method, .. }) => method,
        ("parameter", Location::Web { parameter, .. }) => parameter,
        ("resource", Location::Resource { resource, .. }) => resource,
        ("target", Location::Resource { target, .. }) => Some(target),
        ("target", Location::Package { target, .. }) => target,
        _ => None,
    }
}

/// A value as an expression would have it: `"high"`, `7.5`, `null`, `["a", "b"]`.
pub(super) fn in_words(value: &dyn Val) -> String {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return format!("{:?}", text.inner());
    }
    if let Some(truth) = value.downcast_ref::<CelBool>() {
        return truth.inner().to_string();
    }
    if let Some(number) = value.downcast_ref::<CelInt>() {
        return number.inner().to_string();
    }
    if let Some(number) = value.downcast_ref::<CelDouble>() {
        return format!("{:?}", number.inner());
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        let items: Vec<_> = list.inner().iter().map(|item| in_words(&**item)).collect();
        return format!("[{}]", items.join(", "));
    }
    "null".to_owned()
}

/// A finding that has everything, or one that has nothing it may be without: an
/// expression is tried on both before it is let near a decision.
pub(super) struct Sample {
    pub(super) is_full: bool,
}

impl VariableResolver for Sample {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let (_, kind, may_be_missing) = VARIABLES.iter().find(|(known, ..)| *known == name)?;
        if *may_be_missing && !self.is_full {
            return Some(CowVal::owned(CelNull));
        }
        let known = words(name).and_then(|words| words.first().copied());
        let sample = known.unwrap_or("a");
        Some(match kind {
            Kind::Bool => truth(self.is_full),
            Kind::Int => whole(u64::from(self.is_full)),
            Kind::Double => CowVal::owned(CelDouble::from(1.0)),
            Kind::Text => text(sample),
            Kind::Ints if self.is_full => list([CelInt::from(1)].into_iter()),
            Kind::Texts if self.is_full => list([CelString::from(sample)].into_iter()),
            Kind::Ints | Kind::Texts => list(std::iter::empty::<CelInt>()),
        })
    }
}

fn text(text: &str) -> CowVal<'_, '_> {
    CowVal::owned(CelString::from(text))
}

fn owned<'v>(text: String) -> CowVal<'v, 'v> {
    CowVal::owned(CelString::from(text))
}

fn truth<'v>(truth: bool) -> CowVal<'v, 'v> {
    CowVal::owned(CelBool::from(truth))
}

fn whole<'v>(number: u64) -> CowVal<'v, 'v> {
    CowVal::owned(CelInt::from(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn or_null<'v>(value: Option<CowVal<'v, 'v>>) -> CowVal<'v, 'v> {
    value.unwrap_or_else(|| CowVal::owned(CelNull))
}

fn texts(texts: TextList<'_>) -> CowVal<'_, '_> {
    list(texts.iter().map(CelString::from))
}

fn list<'v, T: Val + 'v>(items: impl Iterator<Item = T>) -> CowVal<'v, 'v> {
    let items: Vec<Box<dyn Val + 'v>> = items.map(|item| Box::new(item) as _).collect();
    CowVal::owned(CelList::from(items))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Finding, Findings};
    use crate::fingerprint::Fingerprint;

    #[test]
    fn every_name_has_a_value_and_no_other_has() {
        let location = Location::source("a.py", None);
        let fingerprint = Fingerprint::new("test", &["a"]);
        let finding = Finding::new(
            fingerprint,
            Category::Sast,
            "a",
            Severity::Unknown,
            location,
        );
        let findings = Findings::from_iter([finding]);
        let today = "2026-11-21".parse().unwrap();
        let subject = Subject {
            severity: Severity::Low,
            new: Some(true),
            first_seen: Some(today),
            kev: Some(false),
            ..Subject::new("a", "a", findings.get(0).unwrap(), today)
        };
        let fields = Fields(&subject);
        for (name, _, may_be_missing) in VARIABLES {
            let value = fields
                .resolve(name)
                .unwrap_or_else(|| panic!("{name} has none"));
            let is_missing = value.downcast_ref::<CelNull>().is_some();
            assert!(may_be_missing || !is_missing, "{name}");
        }
        assert!(fields.resolve("package").is_none());
    }
}
