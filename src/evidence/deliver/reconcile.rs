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

/// What the server read otherwise than it was sent; absent when all can be right.
/// Its counts may be below ours: its parsers merge findings.
pub(super) fn misread(
    delivery: &Delivery,
    statistics: &Statistics,
    is_first: bool,
) -> Option<String> {
    let Content {
        findings,
        suppressed,
        ..
    } = delivery.content;
    let sent = findings + suppressed;
    let scan_type = delivery.target.as_ref().map(|target| &*target.scan_type);
    let makes_more = scan_type.is_some_and(|name| MAKES_MORE.contains(&name));
    let is_filtered = delivery.metadata.minimum_severity != "Info";
    let Statistics {
        created,
        closed,
        reactivated,
        untouched,
        total,
    } = *statistics;
    let groups = [created, reactivated, untouched];
    let met = created.map(|_| {
        let counts = groups.into_iter().flatten();
        counts.fold(0, u64::saturating_add)
    });
    let closed = closed.unwrap_or(0);
    let read = if is_first { met.or(total) } else { met };
    let is_empty = total == Some(0) || read == Some(0) && (is_first || closed > 0);
    if findings > 0 && is_empty && !is_filtered {
        let closed = match closed {
            0 => String::new(),
            closed => format!(", and closed {closed}"),
        };
        return Some(format!(
            "DefectDojo read none of the {findings} findings that were sent{closed}: see to the test there, and file the report with `--again` once that is mended"
        ));
    }
    let read = read.filter(|read| *read > sent && !makes_more)?;
    Some(format!(
        "DefectDojo read {read} findings where {sent} were sent: see to the test there, and file the report with `--again` once that is mended"
    ))
}
