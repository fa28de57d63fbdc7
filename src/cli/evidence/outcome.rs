//! What became of the reports, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::evidence::bundle::{self, Written};
use crate::evidence::record::{Delivery, Record, State, Statistics};
use crate::text::line;

/// The deliveries that are not filed yet, by their places in the record.
pub(super) fn open(record: &Record) -> BTreeSet<usize> {
    let deliveries = record.deliveries.iter().enumerate();
    let open = deliveries.filter(|(_, delivery)| delivery.state() != State::Filed);
    open.map(|(at, _)| at).collect()
}

/// What is filed where, and what is not and why. `open` was not filed before.
pub(super) fn filed(record: &Record, open: &BTreeSet<usize>, file: &str) -> String {
    let mut out = String::new();
    describe_filed(&mut out, record, open, file).expect("a String takes all text");
    out
}

fn describe_filed(
    out: &mut String,
    record: &Record,
    open: &BTreeSet<usize>,
    file: &str,
) -> std::fmt::Result {
    for (at, delivery) in record.deliveries.iter().enumerate() {
        let path = line(&delivery.artifact.path);
        let lane = line(&delivery.lane);
        let why = line(delivery.why().unwrap_or("it was not its turn"));
        match delivery.state() {
            State::Filed => {
                let when = if open.contains(&at) { "" } else { " already" };
                writeln!(out, "✓ {path} ({lane}) is filed{when}: {}", place(delivery))?;
                let closing = delivery.closing();
                if !closing.close {
                    writeln!(out, "    closed nothing: {}", line(&closing.why))?;
                }
            }
            State::Sending | State::Unknown => {
                writeln!(
                    out,
                    "? {path} ({lane}) may be filed, the next run asks: {why}"
                )?;
            }
            State::Skipped => writeln!(out, "- {path} ({lane}) is not to be filed: {why}")?,
            State::Planned | State::Failed | State::Refused => {
                writeln!(out, "✗ {path} ({lane}) is not filed: {why}")?;
            }
        }
    }
    missing(out, record)?;
    for row in &record.attachments {
        let path = line(&row.attachment.file.path);
        match (&row.why, row.engagements.len()) {
            (Some(why), _) => writeln!(out, "✗ {path} is not attached everywhere: {}", line(why))?,
            (None, 0) => writeln!(out, "- {path} is attached nowhere yet")?,
            (None, 1) => writeln!(out, "✓ {path} is attached to 1 engagement")?,
            (None, count) => writeln!(out, "✓ {path} is attached to {count} engagements")?,
        }
    }
    let deliveries = &record.deliveries;
    let is_filed = |delivery: &&Delivery| delivery.state() == State::Filed;
    let (filed, count) = (deliveries.iter().filter(is_filed).count(), deliveries.len());
    writeln!(
        out,
        "{filed} of {count} {} filed at {}; the record is {}",
        if count == 1 {
            "report is"
        } else {
            "reports are"
        },
        line(record.server.as_deref().unwrap_or_default()),
        line(file)
    )
}

/// Where a report is, and what it did there.
fn place(delivery: &Delivery) -> String {
    let mut names = Vec::new();
    if let Some(target) = &delivery.target {
        names.extend(target.product.as_deref());
        names.extend([&*target.engagement, &*target.test_title]);
    }
    let mut text = line(&names.join(" / ")).into_owned();
    let Some(filed) = delivery.filed() else {
        return text;
    };
    write!(text, ", test {}", filed.test_id).expect("a String takes all text");
    let Statistics {
        created,
        closed,
        reactivated,
        untouched,
        total,
    } = filed.statistics.unwrap_or_default();
    let counts = [
        ("new", created),
        ("closed", closed),
        ("opened again", reactivated),
        ("as before", untouched),
        ("in all", total),
    ];
    let counts = counts
        .into_iter()
        .filter_map(|(word, count)| Some((word, count?)));
    let counts: Vec<_> = counts
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    if !counts.is_empty() {
        write!(text, "; {}", counts.join(", ")).expect("a String takes all text");
    }
    text
}

fn missing(out: &mut String, record: &Record) -> std::fmt::Result {
    for missing in &record.missing {
        let (lane, scanner) = (line(&missing.lane), line(&missing.scanner));
        writeln!(
            out,
            "✗ lane {lane}: there is no report of {scanner}, which it expects"
        )?;
    }
    Ok(())
}

/// What is kept in a bundle.
pub(super) fn kept(written: &Written, folder: &str) -> String {
    let mut out = String::new();
    describe_kept(&mut out, written, folder).expect("a String takes all text");
    out
}

fn describe_kept(out: &mut String, written: &Written, folder: &str) -> std::fmt::Result {
    let deliveries = &written.record.deliveries;
    for (path, why) in &written.left_out {
        writeln!(out, "✗ {} is not kept: {}", line(path), line(why))?;
    }
    let is_kept = |delivery: &&Delivery| delivery.sent().is_some();
    for delivery in deliveries.iter().filter(is_kept) {
        if let (State::Refused, Some(why)) = (delivery.state(), delivery.why()) {
            let path = line(&delivery.artifact.path);
            writeln!(
                out,
                "! {path} is kept, and cannot be filed as it is: {}",
                line(why)
            )?;
        }
    }
    missing(out, &written.record)?;
    let (kept, count) = (deliveries.iter().filter(is_kept).count(), deliveries.len());
    let reports = if count == 1 {
        "report is"
    } else {
        "reports are"
    };
    let when = if written.was_there { " already" } else { "" };
    writeln!(
        out,
        "{kept} of {count} {reports} kept in {}{when}; SHA-256 of its {} is {}",
        line(folder),
        bundle::SUMS,
        written.sha256
    )
}
