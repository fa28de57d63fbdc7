//! The findings of a report, in as little memory as they need.

use std::cmp::Ordering;
use std::io;
use std::mem;

use super::details::{Details, Shelf};
use super::pool::Recent;
use super::{Finding, Findings, Found, Severity, Text};

/// Of which findings the details are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Of all: in a file, where they are many.
    All,
    /// Of all, in memory: they are few.
    AtHand,
    /// Of the first [`Details::MAX_FINDINGS`] of a listing, worst first, in memory.
    Foremost {
        /// What an unknown severity counts as.
        unknown: Severity,
        /// Those that are less severe than this are not among the first.
        least: Option<Severity>,
    },
}

/// Findings that are kept, each packed.
#[derive(Debug)]
pub struct Collector {
    findings: Findings,
    recent: Recent,
    /// Where not the details of all are kept.
    foremost: Option<Foremost>,
    /// Why not everything could be kept.
    lost: Option<io::Error>,
}

impl Collector {
    /// Has no findings yet.
    pub fn new(keep: Keep) -> Self {
        let mut findings = Findings::default();
        if keep == Keep::All {
            *findings.shelf() = Shelf::aside();
        }
        Self {
            findings,
            recent: Recent::default(),
            foremost: match keep {
                Keep::All | Keep::AtHand => None,
                Keep::Foremost { unknown, least } => Some(Foremost::new(unknown, least)),
            },
            lost: None,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Keeps one more.
    pub fn add(&mut self, mut finding: Finding<'_>) {
        if self.lost.is_none() {
            let details = mem::take(&mut finding.details);
            self.lost = self.keep(&finding, details).err();
        }
    }

    fn keep(&mut self, finding: &Finding<'_>, details: Details<Text<'_>>) -> io::Result<()> {
        let index = self.findings.len();
        self.findings.push(&mut self.recent, finding)?;
        match &mut self.foremost {
            Some(foremost) => foremost.admit(index, details, &self.findings),
            None => self.findings.detail(index, details.into_owned())?,
        }
        Ok(())
    }

    /// All of them.
    ///
    /// # Errors
    ///
    /// When not all could be kept, or not their details.
    pub fn finish(mut self) -> io::Result<Findings> {
        if let Some(error) = self.lost {
            return Err(error);
        }
        if let Some(mut foremost) = self.foremost {
            foremost.cut(&self.findings);
            for (index, details) in foremost.kept {
                self.findings.detail(index, details)?;
            }
        }
        self.findings.shrink_to_fit();
        Ok(self.findings)
    }
}

/// Which findings come first, as far as they have come, and their details. Those of
/// the others are let go.
#[derive(Debug)]
struct Foremost {
    unknown: Severity,
    least: Option<Severity>,
    /// Findings by their index: some more than are wanted before it is found out which
    /// of them go.
    kept: Vec<(usize, Details)>,
    /// One that has enough before it.
    bound: Option<usize>,
}

impl Foremost {
    const WANTED: usize = Details::MAX_FINDINGS;
    const MOST: usize = Self::WANTED + Self::WANTED / 4;

    fn new(unknown: Severity, least: Option<Severity>) -> Self {
        Self {
            unknown,
            least,
            kept: Vec::new(),
            bound: None,
        }
    }

    /// Lets go the details of the last finding, or of earlier ones, unless it is too
    /// soon to tell.
    fn admit(&mut self, last: usize, details: Details<Text<'_>>, findings: &Findings) {
        let severity = |found: Found<'_>| found.severity.or(self.unknown);
        let severity = findings.get(last).map(severity);
        // The order of severities begins with the worst.
        let is_too_light = self.least.is_some_and(|least| severity > Some(least));
        let is_beyond = |bound| self.order(bound, last, findings).is_le();
        if is_too_light || self.bound.is_some_and(is_beyond) {
            return;
        }
        if self.kept.len() >= Self::MOST {
            self.cut(findings);
        }
        self.kept.push((last, details.into_owned()));
    }

    /// Lets go the details of those that are not wanted.
    fn cut(&mut self, findings: &Findings) {
        if self.kept.len() <= Self::WANTED {
            return;
        }
        let mut kept = mem::take(&mut self.kept);
        let (_, (bound, _), _) = kept
            .select_nth_unstable_by(Self::WANTED - 1, |(one, _), (other, _)| {
                self.order(*one, *other, findings)
            });
        self.bound = Some(*bound);
        kept.truncate(Self::WANTED);
        self.kept = kept;
    }

    /// The order of the listing, as far as it is that of one report.
    fn order(&self, one: usize, other: usize, findings: &Findings) -> Ordering {
        let Some((one, other)) = findings.get(one).zip(findings.get(other)) else {
            return Ordering::Equal;
        };
        let of_severity = one.severity.or(self.unknown);
        let of_severity = of_severity.cmp(&other.severity.or(self.unknown));
        of_severity.then_with(|| one.place_in_listing(other))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Category, Location};
    use super::*;
    use crate::fingerprint::Fingerprint;

    fn finding(number: usize, severity: Severity) -> Finding<'static> {
        let location = Location::source(format!("src/{}.py", number % 3), Some(7));
        let fingerprint = Fingerprint::new("test", &[&number.to_string()]);
        let mut finding = Finding::new(fingerprint, Category::Sast, "rule", severity, location);
        finding.details = Details {
            description: Some(format!("what is wrong with {number}").into()),
            ..Details::default()
        };
        finding
    }

    fn kept(keep: Keep, findings: impl Iterator<Item = Finding<'static>>) -> Findings {
        let mut collector = Collector::new(keep);
        findings.for_each(|finding| collector.add(finding));
        collector.finish().unwrap()
    }

    #[test]
    fn what_is_kept_is_what_was_read() {
        let findings = || (0..3000).map(|number| finding(number, Severity::High));
        for keep in [Keep::All, Keep::AtHand] {
            let kept = kept(keep, findings());
            assert_eq!(kept.len(), 3000);
            for (found, finding) in kept.iter().zip(findings()) {
                assert_eq!(found.unpacked().unwrap(), finding);
            }
        }
    }

    /// Numbers that look like chance, the same each time.
    fn scattered(seed: usize) -> impl Iterator<Item = usize> {
        let next = |number: &usize| Some(number.wrapping_mul(6_364_136_223_846_793_005) + 1);
        std::iter::successors(Some(seed), next).map(|number| number >> 33)
    }

    #[test]
    fn the_first_of_the_listing_keep_their_details() {
        const SEVERITIES: [Severity; 4] = [
            Severity::Low,
            Severity::Unknown,
            Severity::Critical,
            Severity::High,
        ];
        let scatter = |seed| scattered(seed).take(5000).collect::<Vec<_>>();
        let falling: Vec<_> = (0..5000).rev().collect();
        for numbers in [scatter(1), scatter(2), (0..5000).collect(), falling] {
            let findings = || {
                let numbers = numbers.iter();
                numbers.map(|number| finding(*number, SEVERITIES[number / 7 % 4]))
            };
            let unknown = Severity::High;
            let least = None;
            let kept = kept(Keep::Foremost { unknown, least }, findings());
            let foremost = Foremost::new(unknown, None);
            let mut listed: Vec<_> = (0..kept.len()).collect();
            listed.sort_by(|one, other| foremost.order(*one, *other, &kept));
            let read: Vec<_> = findings().collect();
            let is_whole =
                |index: &&usize| kept.get(**index).unwrap().unpacked().unwrap() == read[**index];
            let (first, rest) = listed.split_at(Details::MAX_FINDINGS);
            assert!(first.iter().all(|index| is_whole(&index)));
            assert_eq!(rest.iter().filter(is_whole).count(), 0);
        }
    }
}
