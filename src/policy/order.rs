//! The order of listings, the same whatever order the reports came in.

use std::cmp::Ordering;

use super::judge::Judged;
use crate::finding::{Found, Sites};

/// The place of each finding, given in the order of their reports with the number
/// of its site, in the listing of all: worst first.
///
/// Comparing texts is what takes time, so that is done once for each site, and of
/// single findings only where that is not enough.
pub(super) fn places(findings: &[Judged<'_>], sites: &Sites<'_>, site_of: &[u32]) -> Vec<u32> {
    let mut places = vec![0; findings.len()];
    for (place, (_, index)) in (0..).zip(listed(findings, &places_of_sites(sites), site_of)) {
        if let Some(at) = places.get_mut(index as usize) {
            *at = place;
        }
    }
    places
}

/// What comes first in the order of a finding, in one number, and its index.
type Listed = (u64, u32);

fn listed(findings: &[Judged<'_>], places: &[u32], site_of: &[u32]) -> Vec<Listed> {
    let of_reports = || findings.chunk_by(|one, other| one.report == other.report);
    let mut ranks: Vec<_> = of_reports().filter_map(source).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let mut listed = Vec::with_capacity(findings.len());
    let mut site_of = site_of.iter().zip(0..);
    for findings in of_reports() {
        // Reports of one lane and scanner have one rank.
        let rank = ranks.partition_point(|other| Some(*other) < source(findings));
        for (Judged { subject, .. }, (site, index)) in findings.iter().zip(&mut site_of) {
            let place = places.get(*site as usize).copied().unwrap_or_default();
            let key = (subject.severity as u64) << 56 | (rank as u64) << 32 | u64::from(place);
            listed.push((key, index));
        }
    }
    listed.sort_unstable();
    // Looked up once each, as comparing asks for them again and again.
    let mut beside = Vec::new();
    for like in listed.chunk_by_mut(|one, other| one.0 == other.0) {
        if like.len() > 1 {
            beside.clear();
            beside.extend(like.iter().filter_map(|(_, index)| {
                let Judged {
                    subject, report, ..
                } = findings.get(*index as usize)?;
                Some((subject.finding, *report, *index))
            }));
            beside.sort_by(order);
            for ((_, at), (.., index)) in like.iter_mut().zip(&beside) {
                *at = *index;
            }
        }
    }
    listed
}

/// The place of each site in the order of locations, by its number.
fn places_of_sites(sites: &Sites<'_>) -> Vec<u32> {
    let examples = sites.examples();
    let location = |number: u32| examples.get(number as usize).map(|found| found.location());
    let numbered = examples.iter().zip(0..);
    let mut sorted: Vec<(Beginning, u32)> = numbered
        .map(|(found, number)| (beginning(*found), number))
        .collect();
    sorted.sort_unstable_by(|(one, number), (other, beside)| {
        let of_beginning = one.cmp(other);
        of_beginning.then_with(|| location(*number).cmp(&location(*beside)))
    });
    let mut places = vec![0; sorted.len()];
    for (place, (_, number)) in (0..).zip(sorted) {
        if let Some(at) = places.get_mut(number as usize) {
            *at = place;
        }
    }
    places
}

/// The bytes that the location of a finding begins with in the order of locations: mostly, no more
/// has to be compared.
type Beginning = [u8; 40];

fn beginning(finding: Found<'_>) -> Beginning {
    let first = finding.first_text();
    let kind = finding.kind as u8;
    let text = first.unwrap_or_default();
    let bytes = [kind, u8::from(first.is_some())]
        .into_iter()
        .chain(text.bytes());
    let mut beginning = [0; 40];
    beginning
        .iter_mut()
        .zip(bytes)
        .for_each(|(at, byte)| *at = byte);
    beginning
}

/// The lane and the scanner that all of the findings are of.
fn source<'a>(findings: &[Judged<'a>]) -> Option<(&'a str, &'a str)> {
    let Judged { subject, .. } = findings.first()?;
    Some((subject.source.lane, subject.source.scanner))
}

/// A finding, the number of its report, and its index.
type Beside<'a> = (Found<'a>, u32, u32);

/// The order of findings of one severity, lane and scanner.
fn order((one, report, _): &Beside<'_>, (other, other_report, _): &Beside<'_>) -> Ordering {
    let of_finding = one.place_at_site(*other);
    // In one report no two have the same fingerprint.
    of_finding.then(report.cmp(other_report))
}

/// Puts things that are in the order of the reports into their places, without room
/// for a second list of them.
pub(super) fn arrange<T>(things: &mut [T], places: &[u32]) {
    let mut places = places.to_vec();
    for at in 0..places.len() {
        while let Some(&place) = places.get(at)
            && place as usize != at
        {
            things.swap(at, place as usize);
            places.swap(at, place as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::judge::Standing;
    use super::super::selector::Subject;
    use super::*;
    use crate::finding::{Category, Finding, Findings, Location, Severity, Text};
    use crate::fingerprint::Fingerprint;

    fn locations() -> Vec<Location<Text<'static>>> {
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
        let findings: Findings = findings.collect();
        let sources = [("b", "a"), ("a", "c"), ("a", "b")];
        let today = "2026-11-21".parse().unwrap();
        let judged = |report, (lane, scanner), finding| Judged {
            subject: Subject::new(lane, scanner, finding, today),
            report,
            standing: Standing::default(),
            breaks: Arc::default(),
        };
        let all = (0..).zip(sources).flat_map(|(report, source)| {
            let findings = findings.iter();
            findings.map(move |finding| judged(report, source, finding))
        });
        let mut all: Vec<_> = all.collect();
        let mut sites = Sites::default();
        let site_of = all
            .iter()
            .map(|judged| sites.number(judged.subject.finding));
        let site_of: Vec<_> = site_of.collect();
        let places = places(&all, &sites, &site_of);
        arrange(&mut all, &places);
        let keys = all.iter().map(|Judged { subject, .. }| {
            let finding = subject.finding;
            let (lane, scanner) = (subject.source.lane, subject.source.scanner);
            (
                subject.severity,
                lane,
                scanner,
                finding.location(),
                finding.rule_id(),
            )
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
