//! Drafting an exception for findings: it accepts them and nothing else, holds when
//! lines move, and is tried before it is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Span;
use jiff::civil::Date;
use serde_json::json;

use super::decide::{Decision, Judged, Refusal, Status, decide};
use super::load::Vocabulary;
use super::problem::Problem;
use super::selector::{Patterns, Subject, Texts};
use super::show::written;
use super::{Particular, Policy};
use crate::finding::{Category, Location};
use crate::fingerprint::Fingerprint;
use crate::report::Report;
use crate::text::{line, short_line, toml_string};

/// For how many days an exception holds where nobody says it.
pub const USUAL_DAYS: u32 = 90;

/// What a person says of an exception.
#[derive(Debug, Clone, Copy, Default)]
pub struct Particulars<'a> {
    /// Why the risk is accepted.
    pub reason: Option<&'a str>,
    /// Who accepted it.
    pub approved_by: Option<&'a str>,
    /// Where it is tracked.
    pub ticket: Option<&'a str>,
    /// For how many days; absent: [`USUAL_DAYS`], or what the policy allows.
    pub days: Option<u32>,
}

/// An exception that has been tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its TOML. It loads as it is where nothing is [`missing`](Self::missing).
    pub text: String,
    /// What a person has yet to say: the keys whose values are empty.
    pub missing: Vec<&'static str>,
}

/// Why there is no exception for a finding.
#[derive(Debug, thiserror::Error)]
pub enum NoDraft {
    /// None of the findings counts.
    #[error("there is nothing to accept: {0}")]
    NotOpen(String),
    /// The policy does not let it hold.
    #[error("{}", refused(*.0, .1))]
    Refused(Refusal, String),
    /// It would hold for too long.
    #[error("the policy lets an exception hold for {most} days at most, not for {days}")]
    TooLong {
        /// As asked for.
        days: u32,
        /// What the policy allows.
        most: u32,
    },
    /// There is no such day.
    #[error("there is no day {0} days from now")]
    NoDay(u32),
    /// What was said of it does not load.
    #[error("the exception would not load")]
    Mistakes(Vec<Problem>),
    /// Tried, it did not accept what it is for, or more than that.
    #[error("no exception can be made that accepts this and nothing else")]
    NotExact,
}

fn refused(refusal: Refusal, never: &str) -> String {
    match refusal {
        Refusal::Never => {
            format!("the policy lets no exception accept this: never = {{ {never} }}")
        }
        Refusal::ApprovedByAuthor => {
            "who made the change may not approve an exception: name somebody else".to_owned()
        }
        Refusal::Expired | Refusal::NotYetInForce | Refusal::Lapsed { .. } => {
            "the exception would not hold today".to_owned()
        }
    }
}

/// Drafts an exception for those of the findings with these fingerprints that are
/// open, and tries it. `reports` are those of the decision.
///
/// # Errors
///
/// When none of them is open, or the policy lets no exception hold for them.
pub fn draft(
    decision: &Decision<'_>,
    reports: &[Report],
    fingerprints: &BTreeSet<Fingerprint>,
    particulars: Particulars<'_>,
    vocabulary: Vocabulary<'_>,
) -> Result<Draft, NoDraft> {
    let all = decision.findings.iter().enumerate();
    let all = all.filter(|(_, judged)| fingerprints.contains(&judged.subject.finding.fingerprint));
    let is_open = |judged: &Judged<'_>| judged.standing.status == Status::Open;
    let open = all.clone().filter(|(_, judged)| is_open(judged));
    let open: BTreeMap<usize, &Judged<'_>> = open.collect();
    let Some(first) = open.values().next() else {
        let why = all.map(|(_, judged)| why_not_open(decision, judged)).next();
        return Err(NoDraft::NotOpen(why.unwrap_or_default()));
    };
    let today = decision.circumstances.today();
    let subjects = open.values().map(|judged| &judged.subject);
    let form = Form {
        id: unused_id(decision.policy, &first.subject),
        about: abouts(subjects.clone()),
        scope: scope(subjects),
        decided: today,
        expires: last_day(decision.policy, today, particulars.days)?,
        particulars,
        require: &decision.policy.bounds.require,
    };
    let (tried, _) = form.text(Gaps::Filled);
    let mut policy = decision.policy.clone();
    policy
        .add_exceptions("the exception", tried, vocabulary)
        .map_err(NoDraft::Mistakes)?;
    let again = decide(&policy, reports, decision.circumstances);
    let mut outcomes = again.exceptions.iter();
    let outcome = outcomes.find(|outcome| outcome.exception.id == form.id);
    let outcome = outcome.ok_or(NoDraft::NotExact)?;
    if let Some((_, refusal)) = outcome.refused.first() {
        let never = never(decision.policy, &first.subject);
        return Err(NoDraft::Refused(*refusal, never));
    }
    let accepted: BTreeSet<usize> = outcome.findings.iter().copied().collect();
    if !accepted.iter().eq(open.keys()) {
        return Err(NoDraft::NotExact);
    }
    let (text, missing) = form.text(Gaps::Empty);
    Ok(Draft { text, missing })
}

/// Which of what no exception can accept means the subject.
fn never(policy: &Policy, subject: &Subject<'_>) -> String {
    let texts = Texts::of(subject);
    let mut never = policy.bounds.never.iter();
    let found = never.find(|never| never.selector.matches(&texts).unwrap_or(true));
    let found = found.or(policy.bounds.never.first());
    found
        .map(|never| never.condition.clone())
        .unwrap_or_default()
}

fn why_not_open(decision: &Decision<'_>, judged: &Judged<'_>) -> String {
    let standing = &judged.standing;
    match (standing.status, standing.exception) {
        (Status::Accepted, Some(by)) => {
            format!("the exception {} accepts it until {}", by.id, by.expires)
        }
        (Status::NotAffected, _) => {
            let document = judged
                .subject
                .vex
                .as_ref()
                .map(|ruling| &ruling.document.origin.path);
            match document {
                Some(document) => format!("{document} says that the product is not affected"),
                None => "the product is not affected".to_owned(),
            }
        }
        (Status::Suppressed, _) => {
            let words = judged.subject.finding.suppressed();
            let words = words.map(line).unwrap_or_default();
            format!("{} suppressed it: {words}", judged.subject.source.scanner)
        }
        (Status::Open | Status::Accepted, _) => {
            format!("it does not count on {}", decision.circumstances.today())
        }
    }
}

fn last_day(policy: &Policy, today: Date, days: Option<u32>) -> Result<Date, NoDraft> {
    let most = policy.bounds.max_days;
    let days = match (days, most) {
        (Some(days), Some(most)) if days > most => return Err(NoDraft::TooLong { days, most }),
        (Some(days), _) => days,
        (None, most) => most.unwrap_or(USUAL_DAYS).min(USUAL_DAYS),
    };
    let span = Span::new().try_days(days);
    let day = span.and_then(|span| today.checked_add(span));
    day.map_err(|_| NoDraft::NoDay(days))
}

/// Keys of a selector with their values, in the order in which they are written.
type Scope = Vec<(&'static str, Vec<String>)>;

/// The fingerprints, which mean the findings and no other in the lanes where they
/// are; and, for who reads it, what they are about.
fn scope<'s>(subjects: impl Iterator<Item = &'s Subject<'s>> + Clone) -> Scope {
    let fingerprints = subjects
        .clone()
        .map(|subject| subject.finding.fingerprint.to_string());
    let lanes = subjects
        .clone()
        .map(|subject| Patterns::escape(subject.source.lane));
    let mut scope: Scope = vec![
        ("fingerprint", fingerprints.collect()),
        ("lane", lanes.collect()),
    ];
    scope.extend(subjects.map(identity).reduce(common).unwrap_or_default());
    for (_, values) in &mut scope {
        values.sort();
        values.dedup();
    }
    scope
}

/// The keys that both have, each with the values of both.
fn common(one: Scope, mut other: Scope) -> Scope {
    let both = one.into_iter().filter_map(|(key, mut values)| {
        let at = other.iter().position(|(known, _)| *known == key)?;
        values.append(&mut other.swap_remove(at).1);
        Some((key, values))
    });
    both.collect()
}

/// What a finding is about, by what stays while its fingerprint does.
fn identity(subject: &Subject<'_>) -> Scope {
    let finding = subject.finding;
    let mut scope = Scope::new();
    let mut say = |key, value: Option<&str>| {
        let value = value.filter(|value| !value.is_empty());
        scope.extend(value.map(|value| (key, vec![Patterns::escape(value)])));
    };
    match finding.location() {
        Location::Package { purl, name, .. } => {
            let is_advisory = finding.category == Category::Sca;
            let key = if is_advisory { "vulnerability" } else { "rule" };
            say(key, Some(finding.rule_id()));
            // Without the version: the next one may have the same vulnerability.
            let names = subject.package_names();
            let mut names = names.iter().flatten();
            let package = purl.and(names.next_back());
            let package = package.map_or(name, |name| name);
            say("package", Some(package));
        }
        Location::Web { .. } => {
            say("rule", Some(finding.rule_id()));
            // The one without the query, if there is one; of several places, each
            // crawl finds others.
            let address = |url: &&str| finding.instance_count <= 1 && !url.contains(['?', '#']);
            say("url", subject.urls().into_iter().find(address));
        }
        Location::Source { .. } | Location::Resource { .. } => {
            say("rule", Some(finding.rule_id()));
            let paths: Vec<_> = subject.paths().collect();
            let only = paths
                .first()
                .filter(|first| paths.iter().all(|path| path == *first));
            say("path", only.map(|path| &**path));
        }
    }
    scope
}

/// Whether what nobody has said yet is left empty, which does not load, or filled
/// in for a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gaps {
    Empty,
    Filled,
}

/// All of an exception but its selector.
struct Form<'a> {
    id: String,
    about: Vec<String>,
    scope: Scope,
    decided: Date,
    expires: Date,
    particulars: Particulars<'a>,
    require: &'a [Particular],
}

impl Form<'_> {
    /// The exception in TOML, and what a person has yet to say.
    fn text(&self, gaps: Gaps) -> (String, Vec<&'static str>) {
        let Self {
            id,
            about,
            scope,
            decided,
            expires,
            particulars,
            require,
        } = self;
        let mut missing = Vec::new();
        let mut out = String::new();
        for about in about {
            put(&mut out, format_args!("# {about}"));
        }
        let keys: Vec<_> = scope
            .iter()
            .map(|(key, values)| format!("{key} = {}", value(values)))
            .collect();
        put(&mut out, format_args!("[[exception]]"));
        put(&mut out, format_args!("id          = {}", toml_string(id)));
        put(
            &mut out,
            format_args!("where       = {{ {} }}", keys.join(", ")),
        );
        let mut say = |key: &'static str, said: Option<&str>, is_required: bool| {
            let text = match (said, gaps) {
                (Some(said), _) => toml_string(said),
                (None, _) if !is_required => return,
                (None, Gaps::Filled) => "\"yet to be said\"".to_owned(),
                (None, Gaps::Empty) => {
                    missing.push(key);
                    "\"\" # to be filled in: empty, it does not load".to_owned()
                }
            };
            put(&mut out, format_args!("{key:11} = {text}"));
        };
        let requires = |particular| require.contains(&particular);
        say("reason", particulars.reason, true);
        // Somebody has to answer for it, whatever the policy requires.
        say("approved_by", particulars.approved_by, true);
        say("ticket", particulars.ticket, requires(Particular::Ticket));
        put(&mut out, format_args!("decided     = {decided}"));
        put(&mut out, format_args!("expires     = {expires}"));
        (out, missing)
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes all text");
    out.push('\n');
}

fn value(values: &[String]) -> String {
    match values {
        [one] => toml_string(one),
        several => written(&json!(several)),
    }
}

/// What the findings are, in a line each, for whoever reviews the exception.
fn abouts<'s>(subjects: impl Iterator<Item = &'s Subject<'s>>) -> Vec<String> {
    const LONGEST: usize = 200;
    let about = |subject: &Subject<'_>| {
        let finding = subject.finding;
        let about = format!(
            "{}, {}: {} at {}: {}",
            subject.source.scanner,
            subject.severity.name(),
            finding.rule_id(),
            finding.location(),
            finding.title()
        );
        short_line(about.trim_end_matches([':', ' ']), LONGEST).into_owned()
    };
    let mut abouts: Vec<_> = subjects.map(about).collect();
    abouts.sort();
    abouts.dedup();
    abouts
}

/// A name for the exception that no other has: the rule, and what it is about.
fn unused_id(policy: &Policy, subject: &Subject<'_>) -> String {
    const LONGEST: usize = 60;
    let finding = subject.finding;
    let last = |text: &str, at: char| text.rsplit(at).next().unwrap_or_default().to_owned();
    let about = match finding.location() {
        _ if finding.category == Category::Secret => {
            let fingerprint = finding.fingerprint.to_string();
            fingerprint.chars().skip("sg1:".len()).take(8).collect()
        }
        Location::Package { name, .. } => last(name, '/'),
        Location::Source { .. } | Location::Resource { .. } => {
            let path = subject.paths().next().unwrap_or_default();
            last(&path, '/')
        }
        Location::Web { url, .. } => {
            let address = url.split(['?', '#']).next().unwrap_or_default();
            last(address.trim_end_matches('/'), '/')
        }
    };
    let words = format!("{}-{about}", last(finding.rule_id(), '.')).to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let id: String = words.join("-").chars().take(LONGEST).collect();
    let id = match id.trim_end_matches('-') {
        "" => "exception",
        id => id,
    };
    let is_used = |id: &str| policy.exceptions.iter().any(|known| known.id == id);
    let numbered = (2_u64..).map(|number| format!("{id}-{number}"));
    let mut ids = std::iter::once(id.to_owned()).chain(numbered);
    ids.find(|id| !is_used(id)).unwrap_or_else(|| id.to_owned())
}
