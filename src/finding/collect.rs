//! The findings of a report, in as little memory as they need.

use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

use super::details::{Details, Kept, Store};
use super::text::Recent;
use super::{Finding, Severity};

/// Of which findings the details are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Of all: in a file, where they are many.
    All,
    /// Of the first [`Details::MAX_FINDINGS`] of a listing, worst first, in memory.
    Foremost {
        /// What an unknown severity counts as.
        unknown: Severity,
    },
}

/// Findings that are kept, each compact.
#[derive(Debug)]
pub struct Collector {
    findings: Vec<Finding>,
    recent: Recent,
    details: Shelf,
    /// Why details could not be put aside.
    lost: Option<io::Error>,
}

/// Where the details are.
#[derive(Debug)]
enum Shelf {
    Aside(Arc<Store>),
    Here(Foremost),
}

impl Collector {
    /// Has no findings yet.
    pub fn new(keep: Keep) -> Self {
        Self {
            findings: Vec::new(),
            recent: Recent::default(),
            details: match keep {
                Keep::All => Shelf::Aside(Arc::default()),
                Keep::Foremost { unknown } => Shelf::Here(Foremost::new(unknown)),
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
    pub fn add(&mut self, mut finding: Finding) {
        finding.compact(&mut self.recent);
        match &mut self.details {
            Shelf::Aside(store) => {
                let error = finding.details.put_aside(store).err();
                self.lost = self.lost.take().or(error);
            }
            Shelf::Here(foremost) => foremost.admit(&mut finding, &mut self.findings),
        }
        if self.findings.len() == self.findings.capacity() {
            // By less than a doubling: the last one would be half of all memory.
            self.findings
                .reserve_exact(1024.max(self.findings.len() / 8));
        }
        self.findings.push(finding);
    }

    /// All of them.
    ///
    /// # Errors
    ///
    /// When the details of one could not be put aside.
    pub fn finish(mut self) -> io::Result<Vec<Finding>> {
        if let Shelf::Here(foremost) = &mut self.details {
            foremost.cut(&mut self.findings);
        }
        self.findings.shrink_to_fit();
        match self.lost {
            Some(error) => Err(error),
            None => Ok(self.findings),
        }
    }
}

/// Which findings come first, as far as they have come. The details of the others
/// are let go.
#[derive(Debug)]
struct Foremost {
    unknown: Severity,
    /// The findings whose details are kept, by their index: some more than are wanted
    /// before it is found out which of them go.
    kept: Vec<usize>,
    /// One that has enough before it.
    bound: Option<usize>,
}

impl Foremost {
    const WANTED: usize = Details::MAX_FINDINGS;
    const MOST: usize = Self::WANTED + Self::WANTED / 4;

    fn new(unknown: Severity) -> Self {
        Self {
            unknown,
            kept: Vec::new(),
            bound: None,
        }
    }

    /// Lets the details go of the next finding, or of earlier ones, unless it is too
    /// soon to tell.
    fn admit(&mut self, next: &mut Finding, findings: &mut [Finding]) {
        let bound = self.bound.and_then(|bound| findings.get(bound));
        if bound.is_some_and(|bound| self.order(bound, next).is_le()) {
            next.details = Kept::default();
            return;
        }
        if self.kept.len() >= Self::MOST {
            self.cut(findings);
        }
        self.kept.push(findings.len());
    }

    /// Lets the details go of those that are not wanted.
    fn cut(&mut self, findings: &mut [Finding]) {
        if self.kept.len() <= Self::WANTED {
            return;
        }
        let mut kept = std::mem::take(&mut self.kept);
        let (_, bound, rest) = kept.select_nth_unstable_by(Self::WANTED - 1, |one, other| {
            let of = findings.get(*one).zip(findings.get(*other));
            of.map_or(Ordering::Equal, |(one, other)| self.order(one, other))
        });
        self.bound = Some(*bound);
        for index in rest {
            if let Some(finding) = findings.get_mut(*index) {
                finding.details = Kept::default();
            }
        }
        kept.truncate(Self::WANTED);
        self.kept = kept;
    }

    /// The order of the listing, as far as it is that of one report.
    fn order(&self, one: &Finding, other: &Finding) -> Ordering {
        let severity = |finding: &Finding| finding.severity.or(self.unknown);
        let of_severity = severity(one).cmp(&severity(other));
        of_severity.then_with(|| one.place_in_listing(other))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Category, Location};
    use super::*;
    use crate::fingerprint::Fingerprint;

    fn finding(number: usize, severity: Severity) -> Finding {
        let location = Location::source(format!("src/{}.py", number % 3), Some(7));
        let fingerprint = Fingerprint::new("test", &[&number.to_string()]);
        let mut finding = Finding::new(fingerprint, Category::Sast, "rule", severity, location);
        finding.details = Details {
            description: Some(format!("what is wrong with {number}")),
            ..Details::default()
        }
        .into();
        finding
    }

    fn kept(keep: Keep, findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
        let mut collector = Collector::new(keep);
        findings.for_each(|finding| collector.add(finding));
        collector.finish().unwrap()
    }

    #[test]
    fn what_is_kept_is_what_was_read() {
        let findings = || (0..3000).map(|number| finding(number, Severity::High));
        let kept = kept(Keep::All, findings());
        assert_eq!(kept.len(), 3000);
        assert!(findings().eq(kept));
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
            let kept = kept(Keep::Foremost { unknown }, findings());
            let foremost = Foremost::new(unknown);
            let mut listed: Vec<_> = findings().zip(kept).collect();
            listed.sort_by(|(one, _), (other, _)| foremost.order(one, other));
            let (first, rest) = listed.split_at(Details::MAX_FINDINGS);
            assert!(first.iter().all(|(read, kept)| read == kept));
            let with_details = rest.iter().filter(|(read, kept)| read == kept);
            assert!(with_details.count() <= Details::MAX_FINDINGS);
        }
    }

    #[test]
    fn details_that_are_not_kept_cost_one_word() {
        assert_eq!(size_of::<Kept>(), size_of::<usize>());
    }
}
