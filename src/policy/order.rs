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
pub(super) struct Listed<'s, 'a> {
    /// The severity, or what `unknown` counts as.
    pub(super) severity: Severity,
    /// The place of its lane and scanner among all.
    rank: usize,
    /// The place among all of what its location begins with.
    place: usize,
    pub(super) source: &'s Source<'a>,
    pub(super) finding: &'a Finding,
    /// Its place in its report.
    pub(super) index: usize,
}

/// The findings of all reports, worst first.
///
/// Comparing texts is what takes time, so that is done once for those that are
/// many findings' own, and of single findings only where these are not enough.
pub(super) fn listed<'s, 'a>(sources: &'s [Source<'a>], unknown: Severity) -> Vec<Listed<'s, 'a>> {
    let mut ranks: Vec<_> = sources.iter().map(Source::key).collect();
    ranks.sort_unstable();
    let mut beginnings = Beginnings::default();
    let count = sources.iter().map(|source| source.findings.len()).sum();
    let mut listed = Vec::with_capacity(count);
    for source in sources {
        // Reports of one lane and scanner have one rank.
        let rank = ranks.partition_point(|other| *other < source.key());
        for (index, finding) in source.findings.iter().enumerate() {
            listed.push(Listed {
                severity: match finding.severity {
                    Severity::Unknown => unknown,
                    known => known,
                },
                rank,
                place: beginnings.number(&finding.location),
                source,
                finding,
                index,
            });
        }
    }
    let places = beginnings.places();
    for listed in &mut listed {
        listed.place = places.get(listed.place).copied().unwrap_or_default();
    }
    listed.sort_by(Listed::order);
    listed
}

impl<'a> Source<'a> {
    fn key(&self) -> (&'a str, &'a str) {
        (self.lane, self.scanner)
    }
}

impl Listed<'_, '_> {
    fn order(&self, other: &Self) -> Ordering {
        let coarse = |one: &Self| (one.severity, one.rank, one.place);
        coarse(self).cmp(&coarse(other)).then_with(|| {
            let (one, two) = (self.finding, other.finding);
            let of_finding = one.location.cmp(&two.location);
            let of_finding = of_finding
                .then_with(|| one.rule_id.cmp(&two.rule_id))
                .then_with(|| one.fingerprint.cmp(&two.fingerprint));
            let of_report = of_finding.then_with(|| self.source.report.cmp(&other.source.report));
            of_report.then_with(|| one.pointer.cmp(&two.pointer))
        })
    }
}

type Beginning<'a> = (Discriminant<Location>, Option<&'a str>);

/// What locations begin with: the fields that are compared first.
#[derive(Default)]
struct Beginnings<'a> {
    numbers: HashMap<Beginning<'a>, usize>,
    /// A location with each.
    examples: Vec<&'a Location>,
    /// What was asked for last: findings of one place often stand together.
    last: Option<(Beginning<'a>, usize)>,
}

impl<'a> Beginnings<'a> {
    fn number(&mut self, location: &'a Location) -> usize {
        let first = match location {
            Location::Source { path, .. } => Some(path.as_str()),
            Location::Package { purl, .. } => purl.as_deref(),
            Location::Web { url, .. } => Some(url.as_str()),
            Location::Resource { target, .. } => Some(target.as_str()),
        };
        let key = (std::mem::discriminant(location), first);
        if let Some((last, number)) = self.last
            && last == key
        {
            return number;
        }
        let number = *self.numbers.entry(key).or_insert_with(|| {
            self.examples.push(location);
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
            let (lane, scanner) = listed.source.key();
            let Finding {
                location, rule_id, ..
            } = listed.finding;
            (listed.severity, lane, scanner, location, rule_id)
        });
        assert_eq!(keys.len(), 3 * findings.len());
        assert!(keys.is_sorted());
    }
}
