//! Whether the server read in a report what is in it.
//!
//! DefectDojo answers 201 to a file that its parser takes for an empty one, and
//! closes everything. So what it says that it did is held against our own counts.

use crate::defectdojo::{self, Answer};
use crate::evidence::Content;
use crate::evidence::record::{Delivery, Statistics};

/// Scan types of which some servers make more findings than we: before 3.0 each
/// related dependency had its own.
const MAKES_MORE: [&str; 1] = ["Dependency Check Scan"];

/// What an answer says that the upload did.
pub(super) fn statistics(answer: &Answer) -> Option<Statistics> {
    let defectdojo::Statistics { after, delta, .. } = answer.statistics.as_ref()?;
    let delta = |group: fn(&defectdojo::Delta) -> &defectdojo::Tally| {
        delta.as_ref().map(|delta| group(delta).total.total)
    };
    Some(Statistics {
        created: delta(|delta| &delta.created),
        closed: delta(|delta| &delta.closed),
        reactivated: delta(|delta| &delta.reactivated),
        untouched: delta(|delta| &delta.untouched),
        total: after.as_ref().map(|after| after.total.total),
    })
}

/// Whether the answer is to an upload that made its test.
pub(super) fn is_first(answer: &Answer) -> bool {
    let statistics = answer.statistics.as_ref();
    statistics.is_some_and(|statistics| statistics.before.is_none() && statistics.delta.is_none())
}

/// What is in a report, as far as it can be held against what the server says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    /// Findings that are open.
    findings: u64,
    /// Findings in all.
    items: u64,
    /// Whether the server leaves some out, as it was told.
    is_filtered: bool,
    /// Whether it may make more of them.
    makes_more: bool,
}

impl Expected {
    pub(super) fn of(delivery: &Delivery) -> Self {
        let Content {
            findings,
            suppressed,
            ..
        } = delivery.content;
        let scan_type = delivery.target.as_ref().map(|target| &*target.scan_type);
        Self {
            findings,
            items: findings.saturating_add(suppressed),
            is_filtered: delivery.metadata.minimum_severity != "Info",
            makes_more: scan_type.is_some_and(|name| MAKES_MORE.contains(&name)),
        }
    }

    /// What the server read otherwise than it was sent; absent when all can be right.
    /// Its counts may be below ours: its parsers merge findings.
    pub(super) fn misread(&self, statistics: &Statistics, is_first: bool) -> Option<String> {
        const MEND: &str =
            "see to the test there, and file the report with `--again` once that is mended";
        let Statistics {
            created,
            closed,
            reactivated,
            untouched,
            total,
        } = *statistics;
        let met = created.map(|_| {
            let groups = [created, reactivated, untouched].into_iter().flatten();
            groups.fold(0, u64::saturating_add)
        });
        let closed = closed.unwrap_or(0);
        let read = if is_first { met.or(total) } else { met };
        let is_empty = total == Some(0) || read == Some(0) && (is_first || closed > 0);
        if self.findings > 0 && is_empty && !self.is_filtered {
            let closed = match closed {
                0 => String::new(),
                closed => format!(", and closed {closed}"),
            };
            return Some(format!(
                "DefectDojo read none of the {} findings that were sent{closed}: {MEND}",
                self.findings
            ));
        }
        let read = read.filter(|read| *read > self.items && !self.makes_more)?;
        Some(format!(
            "DefectDojo read {read} findings where {} were sent: {MEND}",
            self.items
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Expected = Expected {
        findings: 5,
        items: 7,
        is_filtered: false,
        makes_more: false,
    };

    /// Created, closed, reactivated, untouched.
    fn later(counts: [u64; 4], total: u64) -> Statistics {
        let [created, closed, reactivated, untouched] = counts.map(Some);
        Statistics {
            created,
            closed,
            reactivated,
            untouched,
            total: Some(total),
        }
    }

    fn first(total: u64) -> Statistics {
        Statistics {
            total: Some(total),
            ..Statistics::default()
        }
    }

    #[test]
    fn a_report_that_was_read_for_an_empty_one_is_misread() {
        for (statistics, is_first) in [
            (first(0), true),
            (later([0, 12, 0, 0], 12), false),
            (later([0, 0, 0, 0], 0), true),
        ] {
            let why = FIVE.misread(&statistics, is_first).unwrap();
            assert!(why.contains("none of the 5 findings"), "{why}");
            let filtered = Expected {
                is_filtered: true,
                ..FIVE
            };
            assert_eq!(filtered.misread(&statistics, is_first), None);
            let empty = Expected {
                findings: 0,
                ..FIVE
            };
            assert_eq!(empty.misread(&statistics, is_first), None);
        }
    }

    #[test]
    fn more_than_was_sent_is_misread_where_no_parser_makes_more() {
        for (statistics, is_first) in [(first(8), true), (later([3, 0, 1, 4], 40), false)] {
            let why = FIVE.misread(&statistics, is_first).unwrap();
            assert!(why.contains("8 findings where 7 were sent"), "{why}");
            let more = Expected {
                makes_more: true,
                ..FIVE
            };
            assert_eq!(more.misread(&statistics, is_first), None);
        }
    }

    #[test]
    fn what_can_be_right_is_right() {
        for (statistics, is_first) in [
            // Merged by the parser.
            (first(2), true),
            (later([0, 2, 0, 3], 30), false),
            (later([2, 0, 3, 2], 400), false),
            // All of them are marked as false positives there.
            (later([0, 0, 0, 0], 5), false),
            // The server keeps no history.
            (first(400), false),
        ] {
            assert_eq!(FIVE.misread(&statistics, is_first), None);
        }
    }
}
