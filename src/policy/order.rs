//! The order of listings, the same whatever order the reports came in.

use std::cmp::Ordering;
use std::mem::Discriminant;

use foldhash::HashMap;

use super::judge::Judged;
use crate::finding::{Finding, Location, Severity};

/// The place of each finding, given in the order of their reports, in the listing
/// of all: worst first.
///
/// Comparing texts is what takes time, so that is done once for those that are
/// many findings' own, and of single findings only where these are not enough.
pub(super) fn places(findings: &[Judged<'_>]) -> Vec<usize> {
    let mut places = vec![0; findings.len()];
    for (place, (.., index)) in listed(findings).into_iter().enumerate() {
        if let Some(at) = places.get_mut(index) {
            *at = place;
        }
    }
    places
}

/// The severities of findings, the places among all of what their locations begin
/// with, and their indices.
type Listed = (Severity, usize, usize);

fn listed(findings: &[Judged<'_>]) -> Vec<Listed> {
    let of_reports = || findings.chunk_by(|one, other| one.report == other.report);
    let mut ranks: Vec<_> = of_reports().filter_map(source).collect();
    ranks.sort_unstable();
    let mut beginnings = Beginnings::default();
    let mut listed = Vec::with_capacity(findings.len());
    for findings in of_reports() {
        // Reports of one lane and scanner have one rank.
        let rank = ranks.partition_point(|other| Some(*other) < source(findings));
        for Judged { subject, .. } in findings {
            let number = beginnings.number(rank, &subject.finding.location);
            listed.push((subject.severity, number, listed.len()));
        }
    }
    let places = beginnings.places();
    for (_, place, _) in &mut listed {
        *place = places.get(*place).copied().unwrap_or_default();
    }
    listed.sort_unstable();
    // Looked up once each, as comparing asks for them again and again.
    let mut beside = Vec::new();
    for like in listed.chunk_by_mut(|one, other| (one.0, one.1) == (other.0, other.1)) {
        if like.len() > 1 {
            beside.clear();
            beside.extend(like.iter().filter_map(|(.., index)| {
                let Judged {
                    subject, report, ..
                } = findings.get(*index)?;
                Some((subject.finding, *report, *index))
            }));
            beside.sort_by(order);
            for ((.., at), (.., index)) in like.iter_mut().zip(&beside) {
                *at = *index;
            }
        }
    }
    listed
}

/// The lane and the scanner that all of the findings are of.
fn source<'a>(findings: &[Judged<'a>]) -> Option<(&'a str, &'a str)> {
    let Judged { subject, .. } = findings.first()?;
    Some((subject.source.lane, subject.source.scanner))
}

/// A finding, the number of its report, and its index.
type Beside<'a> = (&'a Finding, usize, usize);

/// The order of findings of one severity, lane and scanner.
fn order((one, report, _): &Beside<'_>, (other, other_report, _): &Beside<'_>) -> Ordering {
    let of_finding = one.place_in_listing(other);
    // In one report no two have the same fingerprint.
    of_finding.then(report.cmp(other_report))
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
    use super::super::judge::Standing;
    use super::super::selector::Subject;
    use super::*;
    use crate::finding::{Category, Finding, Text};
    use crate::fingerprint::Fingerprint;

    fn locations() -> Vec<Location> {
        let texts = || ["a", "b"].map(Text::from).into_iter();
        let some = || std::iter::once(None).chain(texts().map(Some));
        let mut locations = Vec::new();
        for text in texts() {
            for other in some() {
                locations.push(Location::Source {
                    path: text.clone(),
                    line: other
                        .as_ref()
                        .map(|other| u32::try_from(other.len()).unwrap()),
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
        let sources = [("b", "a"), ("a", "c"), ("a", "b")];
        let today = "2026-11-21".parse().unwrap();
        let judged = |report, (lane, scanner), finding| Judged {
            subject: Subject::new(lane, scanner, finding, today),
            report,
            standing: Standing::default(),
            breaks: [].into(),
        };
        let all = sources
            .into_iter()
            .enumerate()
            .flat_map(|(report, source)| {
                let findings = findings.iter();
                findings.map(move |finding| judged(report, source, finding))
            });
        let mut all: Vec<_> = all.collect();
        let places = places(&all);
        arrange(&mut all, &places);
        let keys = all.iter().map(|Judged { subject, .. }| {
            let Finding {
                location, rule_id, ..
            } = subject.finding;
            let (lane, scanner) = (subject.source.lane, subject.source.scanner);
            (subject.severity, lane, scanner, location, rule_id)
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
