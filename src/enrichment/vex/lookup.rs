//! Which statement holds for a finding, and why others do not.

use std::cell::LazyCell;
use std::cmp::Ordering;

use jiff::Timestamp;

use super::product::{Purl, Target};
use super::{Origin, Statement, Vex, key};

/// A finding, as far as statements ask about it.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Its identifiers, aliases included.
    pub ids: Vec<&'a str>,
    /// The package URL of the package that it is in.
    pub package: Option<&'a str>,
    /// The package URL of what was scanned and is to be released; absent when
    /// nobody knows. Claims about a product's parts hold only with it.
    pub artifact: Option<&'a str>,
    /// The latest time at which anything can have been said: a later claim was
    /// not made by an honest clock.
    pub latest: Timestamp,
}

/// The statement that holds for a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruling<'a> {
    /// The document that has it.
    pub document: &'a Vex,
    /// The statement.
    pub statement: &'a Statement,
}

/// Why a statement about a finding's vulnerability does not take the finding out
/// of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// It does not say that there is nothing to do.
    Says,
    /// It is of a time that is yet to come.
    Future,
    /// Its products are others, or it does not tell which they are.
    Elsewhere,
    /// Another statement takes it back, or there is none for another one of the
    /// finding's vulnerabilities.
    Outweighed,
}

/// The statement that holds for a finding: of those for the same vulnerability
/// in the same product the newest, and of equally new ones the one that
/// suppresses least, in whatever order they come.
///
/// A finding of several CVE numbers is suppressed only if each of them is.
pub fn lookup<'a>(documents: &'a [Vex], subject: &Subject<'_>) -> Option<Ruling<'a>> {
    let keys: Vec<_> = subject.ids.iter().map(|id| key(id)).collect();
    let is_cve = |key: &&str| key.starts_with("cve-");
    let (mut cves, others): (Vec<_>, Vec<_>) = keys.iter().map(String::as_str).partition(is_cve);
    cves.sort_unstable();
    cves.dedup();
    if cves.len() < 2 {
        return newest(documents, subject, &[cves, others].concat());
    }
    let each: Vec<_> = cves
        .into_iter()
        .map(|cve| newest(documents, subject, &[&[cve], others.as_slice()].concat()))
        .collect();
    let least = each.iter().flatten().max_by(|a, b| {
        let status = a.statement.status.cmp(&b.statement.status);
        status.then_with(|| a.precedence(b))
    })?;
    let is_for_all = each.iter().all(Option::is_some);
    (is_for_all || !least.statement.status.suppresses()).then_some(*least)
}

/// Every statement about a finding that nothing takes out of the decision, and why
/// it does not.
pub fn idle<'a>(documents: &'a [Vex], subject: &Subject<'_>) -> Vec<(Ruling<'a>, Idle)> {
    let keys: Vec<_> = subject.ids.iter().map(|id| key(id)).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let place = Place::of(subject);
    let mut rulings: Vec<_> = about(documents, &keys).collect();
    rulings.sort_by(Ruling::precedence);
    rulings.dedup_by_key(|ruling| std::ptr::from_ref(ruling.statement));
    let why = |ruling: &Ruling<'_>| match ruling.statement {
        Statement { status, .. } if !status.suppresses() => Idle::Says,
        Statement { time, .. } if *time > subject.latest => Idle::Future,
        statement if !place.is_in(statement) => Idle::Elsewhere,
        _ => Idle::Outweighed,
    };
    let newest_first = rulings.into_iter().rev();
    newest_first.map(|ruling| (ruling, why(&ruling))).collect()
}

/// The statements about a vulnerability with these names, some of them twice.
fn about<'a>(documents: &'a [Vex], keys: &[&str]) -> impl Iterator<Item = Ruling<'a>> {
    documents.iter().flat_map(move |document| {
        let places = keys.iter().filter_map(|&key| document.by_name.get(key));
        let statements = places
            .flatten()
            .filter_map(|&at| document.statements.get(at));
        statements.map(move |statement| Ruling {
            document,
            statement,
        })
    })
}

/// The statement that holds for one vulnerability with these names.
fn newest<'a>(documents: &'a [Vex], subject: &Subject<'_>, keys: &[&str]) -> Option<Ruling<'a>> {
    // Parsed only when there is something to compare with.
    let place = LazyCell::new(|| Place::of(subject));
    about(documents, keys)
        .filter(
            |Ruling { statement, .. }| match statement.status.suppresses() {
                true => statement.time <= subject.latest && place.is_in(statement),
                false => place.may_be_in(statement),
            },
        )
        .max_by(Ruling::precedence)
}

/// Where a finding is.
struct Place {
    package: Option<Purl>,
    artifact: Option<Purl>,
}

impl Place {
    fn of(subject: &Subject<'_>) -> Self {
        Self {
            package: subject.package.and_then(Purl::parse),
            artifact: subject.artifact.and_then(Purl::parse),
        }
    }

    /// Whether a statement is about it.
    fn is_in(&self, statement: &Statement) -> bool {
        let covers = |target: &Target| target.covers(self.package.as_ref(), self.artifact.as_ref());
        statement.targets.iter().any(covers)
    }

    /// Whether a statement may be about it.
    fn may_be_in(&self, statement: &Statement) -> bool {
        let may_cover =
            |target: &Target| target.may_cover(self.package.as_ref(), self.artifact.as_ref());
        statement.targets.iter().any(may_cover)
    }
}

impl Ruling<'_> {
    /// The greater one holds.
    fn precedence(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }

    /// The last parts only make the order total, so that the same statement is
    /// shown whatever the order of the documents.
    fn rank(&self) -> impl Ord {
        let Statement {
            time,
            status,
            reason,
            pointer,
            ..
        } = self.statement;
        let Origin { path, stored, .. } = &self.document.origin;
        (time, status, reason, pointer, &stored.sha256, path)
    }
}
