//! A finding with all that a selector may ask about it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::civil::Date;

use crate::baseline::Raised;
use crate::enrichment::vex::Ruling;
use crate::finding::{Found, Location, Severity};
use crate::fingerprint::stable_path;

/// What all findings of a report have in common.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// The lane of the report.
    pub lane: &'a str,
    /// The scanner of the report.
    pub scanner: &'a str,
    /// The folder of the checkout, which is no part of a path.
    pub workspace: Option<&'a str>,
    /// The day of the decision, in UTC.
    pub today: Date,
}

/// A finding with what surrounds it, as a selector sees it. What is not known is
/// absent, and answers no question.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Where it is from.
    pub source: Arc<Source<'a>>,
    /// The finding.
    pub finding: Found<'a>,
    /// Its severity, or what `unknown` counts as.
    pub severity: Severity,
    /// Whether the baseline does not know it.
    pub new: Option<bool>,
    /// The day on which it was first seen.
    pub first_seen: Option<Date>,
    /// When its severity last rose.
    pub raised: Option<Raised>,
    /// The VEX statement that takes it out of the decision.
    pub vex: Option<Box<Ruling<'a>>>,
    /// How many days the policy allows for its mending.
    pub allowance: Option<u32>,
    /// Whether it is known to be exploited.
    pub kev: Option<bool>,
    /// The probability, 0 to 1, that it is exploited within 30 days.
    pub epss: Option<f64>,
    /// The scanners that see the same problem, its own included.
    pub seen_by: Arc<Vec<&'a str>>,
}

impl<'a> Subject<'a> {
    /// A finding of a report, of which nothing else is known.
    pub fn new(lane: &'a str, scanner: &'a str, finding: Found<'a>, today: Date) -> Self {
        let source = Source {
            lane,
            scanner,
            workspace: None,
            today,
        };
        Self::of(source.into(), finding)
    }

    /// A finding from somewhere, of which nothing else is known.
    pub fn of(source: Arc<Source<'a>>, finding: Found<'a>) -> Self {
        let scanner = source.scanner;
        Self {
            source,
            finding,
            severity: finding.severity,
            new: None,
            first_seen: None,
            raised: None,
            vex: None,
            allowance: None,
            kev: None,
            epss: None,
            seen_by: Arc::new(vec![scanner]),
        }
    }

    /// For how many days it has been known; 0 on the first.
    pub fn age(&self) -> Option<u32> {
        let days = (self.source.today - self.first_seen?).get_days();
        Some(u32::try_from(days).unwrap_or(0))
    }

    /// Whether it is older than the policy allows; one without an allowance never
    /// is.
    pub fn overdue(&self) -> Option<bool> {
        match self.allowance {
            Some(days) => self.age().map(|age| age > days),
            None => Some(false),
        }
    }

    /// CVE and other advisory identifiers, and the rule's, which often is one.
    pub fn vulnerability_ids(&self) -> impl Iterator<Item = &'a str> {
        let ids = self.finding.vulnerability_ids().iter();
        ids.chain([self.finding.rule_id()])
    }

    /// The names a package may be meant by: its package URL and its name, each with
    /// and without the version.
    pub fn package_names(&self) -> [Option<Cow<'a, str>>; 4] {
        let Location::Package {
            purl,
            name,
            version,
            ..
        } = self.finding.location()
        else {
            return [const { None }; 4];
        };
        let versioned = version.map(|version| [name, "@", version].concat().into());
        let bare = purl.and_then(|purl| purl.split(['?', '#']).next());
        // A scope begins with `@`; a version follows the last one, after the name.
        let package = bare.and_then(|bare| bare.rsplit_once('@'));
        let package = package.filter(|(_, version)| !version.contains('/'));
        [
            Some(name.into()),
            versioned,
            bare.map(Cow::from),
            package.map(|(package, _)| package.into()),
        ]
    }

    /// Every path of the finding, the places of its instances included.
    pub fn paths(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'_, 'a> {
        self.places()
            .filter_map(Location::path)
            .map(|path| stable_path(path, self.source.workspace))
    }

    /// Whether one of its paths is below the checkout where only the workspace
    /// tells.
    pub fn is_in_workspace(&self) -> bool {
        let is_absolute =
            |path: &&str| path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
        let mut paths = self.places().filter_map(Location::path).filter(is_absolute);
        paths.any(|path| stable_path(path, self.source.workspace) != stable_path(path, None))
    }

    /// Every address of the finding, with and without its query.
    pub fn urls(&self) -> Vec<&'a str> {
        self.places().flat_map(urls_of).collect()
    }

    /// Whether this holds of the addresses of each place, and every place is known.
    pub(super) fn all_urls(&self, holds: impl Fn(&[&'a str]) -> bool) -> bool {
        let each = |place| holds(&urls_of(place).collect::<Vec<_>>());
        self.knows_all_places() && self.places().all(each)
    }

    /// Whether all places of the finding are listed: of very many, the first are.
    pub(super) fn knows_all_places(&self) -> bool {
        let listed = self.finding.instances().len().max(1);
        self.finding.instance_count <= u64::try_from(listed).unwrap_or(u64::MAX)
    }

    fn places(&self) -> impl Iterator<Item = Location<&'a str>> + use<'a> {
        std::iter::once(self.finding.location()).chain(self.finding.instances().iter())
    }
}

/// The address of a place, with and without its query.
fn urls_of(place: Location<&str>) -> impl Iterator<Item = &str> {
    let url = match place {
        Location::Web { url, .. } => Some(url),
        _ => None,
    };
    let bare = url.and_then(|url| url.split(['?', '#']).next());
    url.into_iter()
        .chain(bare.filter(|bare| Some(*bare) != url))
}

type FirstAndOthers<T> = (Option<T>, Vec<T>);

/// A subject for the time that it is asked about. What its texts have to be made
/// of is made at most once, and only if a question wants it.
#[derive(Debug)]
pub struct Texts<'s, 'a> {
    /// The subject.
    pub subject: &'s Subject<'a>,
    package_names: OnceCell<[Option<Cow<'a, str>>; 4]>,
    /// The first, which most have alone, and the others.
    paths: OnceCell<FirstAndOthers<Cow<'a, str>>>,
    /// The number of its place, where it stands beside others.
    pub(super) place: Option<NonZeroU32>,
}

impl<'s, 'a> Texts<'s, 'a> {
    /// All that there is to ask about a subject.
    pub fn of(subject: &'s Subject<'a>) -> Self {
        Self {
            subject,
            package_names: OnceCell::new(),
            paths: OnceCell::new(),
            place: None,
        }
    }

    /// See [`Subject::package_names`].
    pub fn package_names(&self) -> impl Iterator<Item = &str> {
        let names = || self.subject.package_names();
        self.package_names
            .get_or_init(names)
            .iter()
            .flatten()
            .map(|name| &**name)
    }

    /// See [`Subject::paths`].
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let paths = || {
            let mut paths = self.subject.paths();
            (paths.next(), paths.collect())
        };
        let (first, others) = self.paths.get_or_init(paths);
        first.iter().chain(others).map(|path| &**path)
    }
}
