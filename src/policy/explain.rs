//! Why a decision is as it is: what an identifier means in it, and what each
//! rule and each exception has to say to a finding.
//!
//! Nothing is decided here. What a decision says is asked for again, key by key,
//! and shown beside what was decided.

use std::collections::BTreeMap;

use super::decide::{
    Decision, ExceptionOutcome, Judged, Refusal, RuleOutcome, Status, vex_subject,
};
use super::selector::{Answer, Selector, Texts};
use crate::enrichment::vex::{self, Idle, Ruling};
use crate::fingerprint::Fingerprint;
use crate::text::nearest;

/// What an identifier means; each by its index in the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A finding: of several with its fingerprint the first that is open.
    Finding(usize),
    /// An issue.
    Issue(usize),
    /// A rule.
    Rule(usize),
    /// An exception.
    Exception(usize),
}

/// Why an identifier means nothing, or not one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unclear {
    /// There is nothing of the name.
    Nothing {
        /// What may have been meant.
        nearest: Vec<String>,
        /// Whether a finding's fingerprint begins so, with too few digits to tell.
        is_short: bool,
    },
    /// There are several things.
    Several(Vec<Meaning>),
}

impl Meaning {
    /// An identifier that means this and nothing else.
    pub fn name(self, decision: &Decision<'_>) -> Option<String> {
        Some(match self {
            Self::Finding(index) => {
                let judged = decision.findings.get(index)?;
                judged.subject.finding.fingerprint.to_string()
            }
            Self::Issue(index) => format!("issue:{}", decision.issues.all().get(index)?.id),
            Self::Rule(index) => format!("rule:{}", decision.rules.get(index)?.rule.id),
            Self::Exception(index) => {
                let outcome = decision.exceptions.get(index)?;
                format!("exception:{}", outcome.exception.id)
            }
        })
    }
}

/// The fewest digits of a fingerprint that mean it.
pub const LEAST_DIGITS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Finding,
    Issue,
    Rule,
    Exception,
}

const KINDS: [(&str, Kind); 4] = [
    ("finding:", Kind::Finding),
    ("issue:", Kind::Issue),
    ("rule:", Kind::Rule),
    ("exception:", Kind::Exception),
];

/// Finds what `id` means: a fingerprint or an unambiguous beginning of one, with
/// or without `sg1:`, the name of a rule or of an exception. The kind may stand in
/// front: `rule:NAME`; an issue needs it, as it has the name of one of its
/// findings. A whole name goes before the beginning of a fingerprint.
///
/// # Errors
///
/// When it means nothing, or several things.
pub fn find(decision: &Decision<'_>, id: &str) -> Result<Meaning, Unclear> {
    let named = |kind: Option<Kind>, name: &str| {
        let is = |wanted| kind.is_none_or(|kind| kind == wanted);
        let rules = decision.rules.iter().enumerate();
        let rules = rules.filter(|(_, outcome)| is(Kind::Rule) && outcome.rule.id == name);
        let exceptions = decision.exceptions.iter().enumerate();
        let exceptions =
            exceptions.filter(|(_, outcome)| is(Kind::Exception) && outcome.exception.id == name);
        let mut found: Vec<_> = rules.map(|(index, _)| Meaning::Rule(index)).collect();
        found.extend(exceptions.map(|(index, _)| Meaning::Exception(index)));
        found
    };
    let mut kinds = KINDS.into_iter();
    let kind = kinds.find_map(|(prefix, kind)| Some((kind, id.strip_prefix(prefix)?)));
    let (kind, name) = match kind {
        // A rule may be named `rule:a`.
        Some((kind, name)) if named(None, id).is_empty() => (Some(kind), name),
        _ => (None, id),
    };
    let mut found = named(kind, name);
    let fingerprints = match kind {
        None | Some(Kind::Finding) => of_fingerprints(decision),
        Some(Kind::Issue) => of_issues(decision),
        Some(Kind::Rule | Kind::Exception) => BTreeMap::new(),
    };
    let exact = Fingerprint::parse(name).or_else(|| Fingerprint::parse(&format!("sg1:{name}")));
    found.extend(exact.and_then(|exact| fingerprints.get(&exact).copied()));
    if found.is_empty() && exact.is_none() {
        let beginning = |fingerprint: &Fingerprint| begins(&fingerprint.to_string(), name);
        let beginnings = fingerprints.iter().filter(|(key, _)| beginning(key));
        found.extend(beginnings.map(|(_, meaning)| *meaning));
    }
    match found.as_slice() {
        [] => Err(Unclear::Nothing {
            nearest: suggestions(decision, &fingerprints, name),
            is_short: is_short(&fingerprints, name),
        }),
        [meaning] => Ok(*meaning),
        _ => Err(Unclear::Several(found)),
    }
}

fn of_fingerprints(decision: &Decision<'_>) -> BTreeMap<Fingerprint, Meaning> {
    let mut found = BTreeMap::new();
    let is_open = |judged: &Judged<'_>| judged.standing.status == Status::Open;
    for open in [true, false] {
        for (index, judged) in decision.findings.iter().enumerate() {
            if is_open(judged) == open {
                found
                    .entry(judged.subject.finding.fingerprint)
                    .or_insert(Meaning::Finding(index));
            }
        }
    }
    found
}

fn of_issues(decision: &Decision<'_>) -> BTreeMap<Fingerprint, Meaning> {
    let issues = decision.issues.all().iter().enumerate();
    issues
        .map(|(index, issue)| (issue.id, Meaning::Issue(index)))
        .collect()
}

/// Whether a fingerprint begins with these digits. The ordinal is no digit, and
/// whole; without one the first is meant.
fn begins(fingerprint: &str, beginning: &str) -> bool {
    let (digits, ordinal) = apart(fingerprint);
    let (wanted, of_ordinal) = apart(beginning);
    wanted.len() >= LEAST_DIGITS
        && digits.starts_with(&wanted.to_ascii_lowercase())
        && of_ordinal.unwrap_or("1") == ordinal.unwrap_or("1")
}

fn apart(fingerprint: &str) -> (&str, Option<&str>) {
    let bare = fingerprint.strip_prefix("sg1:").unwrap_or(fingerprint);
    match bare.split_once('~') {
        Some((digits, ordinal)) => (digits, Some(ordinal)),
        None => (bare, None),
    }
}

fn is_short(fingerprints: &BTreeMap<Fingerprint, Meaning>, name: &str) -> bool {
    let (digits, _) = apart(name);
    let digits = digits.to_ascii_lowercase();
    (1..LEAST_DIGITS).contains(&digits.len())
        && fingerprints
            .keys()
            .any(|known| apart(&known.to_string()).0.starts_with(&digits))
}

/// The rule or exception of nearly the name, and the fingerprints that begin as it
/// does for longest.
fn suggestions(
    decision: &Decision<'_>,
    fingerprints: &BTreeMap<Fingerprint, Meaning>,
    name: &str,
) -> Vec<String> {
    const MOST: usize = 3;
    let rules = decision.rules.iter();
    let rules = rules.map(|outcome| outcome.rule.id.as_str());
    let exceptions = decision.exceptions.iter();
    let exceptions = exceptions.map(|outcome| outcome.exception.id.as_str());
    let near = nearest(name, rules.chain(exceptions)).map(str::to_owned);
    let shared = |known: &Fingerprint| {
        let (one, other) = (known.to_string(), name.to_ascii_lowercase());
        let digits = apart(&one).0.bytes().zip(apart(&other).0.bytes());
        digits.take_while(|(one, other)| one == other).count()
    };
    let longest = fingerprints.keys().map(shared).max();
    let longest = longest.filter(|&length| length >= LEAST_DIGITS);
    let alike = fingerprints.iter();
    let alike = alike.filter(|(known, _)| Some(shared(known)) == longest);
    let alike = alike.filter_map(|(_, meaning)| meaning.name(decision));
    near.into_iter().chain(alike.take(MOST)).collect()
}

/// Whether a rule counts a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// It does.
    Yes,
    /// It would, if the finding were open.
    IfOpen,
    /// It does not mean the finding.
    No,
    /// It could not be asked, or had no answer: the decision is incomplete.
    Unknown,
}

/// Whether an exception accepts a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Accepts {
    /// It does.
    Yes,
    /// It means the finding, and does not hold.
    Refused,
    /// It means the finding, which something else has taken out already.
    NotNeeded,
    /// It could not be asked, or had no answer.
    Unknown,
    /// It nearly means the finding.
    Nearly,
    /// It means others.
    No,
}

/// What a selector says to a finding.
enum Matching {
    Yes,
    No,
    Unknown,
}

impl Decision<'_> {
    fn matching(&self, selector: &Selector, answers: &[Answer<'_>]) -> Matching {
        let is_no = |answer: &Answer<'_>| answer.holds == Ok(false);
        match () {
            () if selector.needs().exceed(self.known) => Matching::Unknown,
            () if answers.iter().all(Answer::is_yes) => Matching::Yes,
            () if answers.iter().any(is_no) => Matching::No,
            () => Matching::Unknown,
        }
    }

    /// The VEX statements about the vulnerabilities of a finding that do not take it
    /// out of the decision, newest first; none where one does.
    pub fn idle_statements(&self, judged: &Judged<'_>) -> Vec<(Ruling<'_>, Idle)> {
        let documents = self.circumstances.knowledge.vex.read();
        let product = self.policy.lanes.get(judged.subject.source.lane);
        let product = product.and_then(|lane| lane.product.as_deref());
        match (judged.subject.vex.as_deref(), documents) {
            (None, Some(documents)) => {
                vex_subject(judged.subject.finding, product, self.circumstances.now)
                    .map(|subject| vex::idle(documents, &subject))
                    .unwrap_or_default()
            }
            (Some(_), _) | (None, None) => Vec::new(),
        }
    }

    /// Whether a rule had an answer for every open finding.
    pub fn is_answered(&self, outcome: &RuleOutcome<'_>) -> bool {
        let selector = &outcome.rule.selector;
        let mut findings = self.findings.iter();
        !selector.needs().exceed(self.known)
            && findings.all(|judged| {
                judged.standing.status != Status::Open
                    || selector.matches(&Texts::of(&judged.subject)).is_ok()
            })
    }

    /// Whether a rule counts a finding, and its answers.
    pub fn counting<'s>(
        &self,
        outcome: &'s RuleOutcome<'_>,
        judged: &Judged<'_>,
    ) -> (Counts, Vec<Answer<'s>>) {
        let selector = &outcome.rule.selector;
        let answers = selector.answers(&judged.subject);
        let counts = match self.matching(selector, &answers) {
            Matching::Yes if judged.standing.status == Status::Open => Counts::Yes,
            Matching::Yes => Counts::IfOpen,
            Matching::No => Counts::No,
            Matching::Unknown => Counts::Unknown,
        };
        (counts, answers)
    }

    /// Whether an exception accepts a finding, why not if it only means it, and
    /// the finding's answers.
    pub fn accepting<'s>(
        &self,
        outcome: &'s ExceptionOutcome<'_>,
        judged: &Judged<'_>,
    ) -> (Accepts, Option<Refusal>, Vec<Answer<'s>>) {
        let exception = outcome.exception;
        let answers = exception.selector.answers(&judged.subject);
        let standing = &judged.standing;
        let mut refused = standing.refused();
        let refusal = refused.find(|(refused, _)| refused.id == exception.id);
        let refusal = refusal.map(|(_, refusal)| refusal);
        let is_accepting = standing.exception.is_some_and(|by| by.id == exception.id);
        let accepts = match self.matching(&exception.selector, &answers) {
            _ if is_accepting => Accepts::Yes,
            _ if refusal.is_some() => Accepts::Refused,
            Matching::Yes => Accepts::NotNeeded,
            Matching::Unknown if standing.status == Status::Open => Accepts::Unknown,
            Matching::Unknown | Matching::No if is_near(&answers) => Accepts::Nearly,
            Matching::Unknown | Matching::No => Accepts::No,
        };
        (accepts, refusal, answers)
    }
}

/// Whether all but one or two answers are a yes, and one of these is about a name
/// that the finding has, if any is asked for: a lane alone is not near.
fn is_near(answers: &[Answer<'_>]) -> bool {
    let yes = answers.iter().filter(|answer| answer.is_yes());
    let no = answers.len() - yes.clone().count();
    let asks_names = answers.iter().any(|answer| answer.names);
    no <= 2 && yes.clone().count() > 0 && (!asks_names || yes.clone().any(|answer| answer.names))
}
