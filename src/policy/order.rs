//! The order of listings, the same whatever order the reports came in.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::mem::Discriminant;
use std::sync::Arc;

use crate::finding::{Finding, Location, Severity};

/// A report that could be read, with what is the same for all of its findings.
pub(super) struct Source<'a> {
    /// The index of the report.
    pub(super) report: usize,
    pub(super) lane: &'a str,
    pub(super) scanner: &'a str,
    /// What the lane's reports are about, for VEX.
    pub(super) product: Option<&'a str>,
    pub(super) seen_by: Arc<[&'a str]>,
    pub(super) findings: &'a [Finding],
}

/// A finding, with what it is listed by.
struct Listed<'a> {
    /// The severity, or what `unknown` counts as.
    severity: Severity,
    /// The place of its lane and scanner, and of what its location begins with,
    /// among all.
    place: usize,
    /// The index of its report.
    report: usize,
    /// Its place in the order of the reports.
    index: usize,
    finding: &'a Finding,
}

/// The place of each finding, in the order of the reports, in the listing of all:
/// worst first.
///
/// Comparing texts is what takes time, so that is done once for those that are
/// many findings' own, and of single findings only where these are not enough.
pub(super) fn places(sources: &[Source<'_>], unknown: Severity) -> Vec<usize> {
    let mut places = vec![0; sources.iter().map(|source| source.findings.len()).sum()];
    for (place, listed) in listed(sources, unknown).iter().enumerate() {
        if let Some(at) = places.get_mut(listed.index) {
            *at = place;
        }
    }
    places
}

fn listed<'a>(sources: &[Source<'a>], unknown: Severity) -> Vec<Listed<'a>> {
    let mut ranks: Vec<_> = sources.iter().map(Source::key).collect();
    ranks.sort_unstable();
    let mut beginnings = Beginnings::default();
    let count = sources.iter().map(|source| source.findings.len()).sum();
    let mut listed = Vec::with_capacity(count);
    for source in sources {
        // Reports of one lane and scanner have one rank.
        let rank = ranks.partition_point(|other| *other < source.key());
        for finding in source.findings {
            listed.push(Listed {
                severity: finding.severity.or(unknown),
                place: beginnings.number(rank, &finding.location),
                report: source.report,
                index: listed.len(),
                finding,
            });
        }
    }
    let places = beginnings.places();
    for listed in &mut listed {
        listed.place = places.get(listed.place).copied().unwrap_or_default();
    }
    listed.sort_unstable_by(Listed::order);
    listed
}

/// Puts things that are in the order of the reports into their places.
pub(super) fn arrange<T>(things: &mut [T], places: &[usize]) {
    let mut places = places.to_vec();
    for at in 0..places.len() {
        while let Some(&place) = places.get(at)
            && place != at
        {
            things.swap(at, place);
            places.swap(at, place);
        }
    }
}

impl<'a> Source<'a> {
    fn key(&self) -> (&'a str, &'a str) {
        (self.lane, self.scanner)
    }
}

impl Listed<'_> {
    fn order(&self, other: &Self) -> Ordering {
        let coarse = |one: &Self| (one.severity, one.place);
        coarse(self).cmp(&coarse(other)).then_with(|| {
            let (one, two) = (self.finding, other.finding);
            let of_finding = one.location.cmp(&two.location);
            let of_finding = of_finding
                .then_with(|| one.rule_id.cmp(&two.rule_id))
                .then_with(|| one.fingerprint.cmp(&two.fingerprint));
            let of_report = of_finding.then_with(|| self.report.cmp(&other.report));
            let of_pointer = of_report.then_with(|| one.pointer.cmp(&two.pointer));
            of_pointer.then_with(|| self.index.cmp(&other.index))
        })
    }
}

/// A lane and scanner, by their rank, and the field of a location that is compared
/// first.
type Beginning<'a> = (usize, Discriminant<Location>, Option<&'a str>);

/// What locations begin with.
#[derive(Default)]
struct Beginnings<'a> {
    numbers: HashMap<Beginning<'a>, usize>,
    /// A location with each, and the rank.
    examples: Vec<(usize, &'a Location)>,
    /// What was asked for last: findings of one place often stand together.
    last: Option<(Beginning<'a>, usize)>,
}

impl<'a> Beginnings<'a> {
    fn number(&mut self, rank: usize, location: &'a Location) -> usize {
        let first = match location {
            Location::Source { path, .. } => Some(path.as_str()),
            Location::Package { purl, .. } => purl.as_deref(),
            Location::Web { url, .. } => Some(url.as_str()),
            Location::Resource { target, .. } => Some(target.as_str()),
        };
        let key = (rank, std::mem::discriminant(location), first);
        if let Some((last, number)) = self.last
            && last == key
        {
            return number;
        }
        let number = *self.numbers.entry(key).or_insert_with(|| {
            self.examples.push((rank, location));
            self.examples.len() - 1
        });
        self.last = Some((key, number));
        number
    }

    /// The place of each in their order, by its number.
    fn places(self) -> Vec<usize> {
        let mut sorted: Vec<_> = self.examples.into_iter().zip(0..).collect();
        sorted.sort_unstable();
        let mut places = vec![0; sorted.len()];
        for (place, (_, number)) in sorted.into_iter().enumerate() {
            if let Some(at) = places.get_mut::<usize>(number) {
                *at = place;
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Category;
    use crate::fingerprint::Fingerprint;

    fn locations() -> Vec<Location> {
        let texts = || ["a", "b"].map(str::to_owned).into_iter();
        let some = || std::iter::once(None).chain(texts().map(Some));
        let mut locations = Vec::new();
        for text in texts() {
            for other in some() {
                locations.push(Location::Source {
                    path: text.clone(),
                    line: other.as_ref().map(|other| other.len() as u64),
                    end_line: None,
                    column: None,
                    commit: other.clone(),
                });
                locations.push(Location::Package {
                    purl: other.clone(),
                    name: text.clone(),
                    version: None,
                    target: other.clone(),
                    path: None,
                });
                locations.push(Location::Web {
                    url: text.clone(),
                    method: other.clone(),
                    parameter: None,
                });
                locations.push(Location::Resource {
                    target: text.clone(),
                    resource: other.clone(),
                    line: None,
                    end_line: None,
                });
            }
        }
        locations
    }

    #[test]
    fn findings_are_listed_by_severity_source_location_and_rule() {
        let locations = locations();
        let findings = locations.iter().enumerate().flat_map(|(at, location)| {
            let severities = [Severity::Low, Severity::Unknown, Severity::Critical];
            let rules = ["b", "a"];
            severities.into_iter().flat_map(move |severity| {
                rules.map(|rule| {
                    let fingerprint = Fingerprint::new("test", &[&at.to_string()]);
                    let location = location.clone();
                    Finding::new(fingerprint, Category::Sast, rule, severity, location)
                })
            })
        });
        let findings: Vec<_> = findings.collect();
        let source = |report, lane, scanner| Source {
            report,
            lane,
            scanner,
            product: None,
            seen_by: Arc::new([scanner]),
            findings: &findings,
        };
        let sources = [
            source(0, "b", "a"),
            source(1, "a", "c"),
            source(2, "a", "b"),
        ];
        let listed = listed(&sources, Severity::Medium);
        let keys = listed.iter().map(|listed| {
            let (lane, scanner) = sources[listed.report].key();
            let Finding {
                location, rule_id, ..
            } = listed.finding;
            (listed.severity, lane, scanner, location, rule_id)
        });
        assert_eq!(keys.len(), 3 * findings.len());
        assert!(keys.is_sorted());
    }

    #[test]
    fn things_are_put_into_their_places() {
        for (things, places, expected) in [
            ("", &[][..], ""),
            ("abc", &[0, 1, 2], "abc"),
            ("abcde", &[3, 0, 4, 1, 2], "bdeac"),
        ] {
            let mut things: Vec<_> = things.chars().collect();
            arrange(&mut things, places);
            assert_eq!(String::from_iter(things), expected);
        }
    }
}
