//! Writes the compact form: JSON with a line for each finding, so that two of
//! them can be compared line by line.

use std::io::{self, Write};

use serde::Serialize;

use super::{Baseline, Entry, Held, SCHEMA};
use crate::finding::Severity;

#[derive(Serialize)]
struct LaneRow<'a> {
    lane: &'a str,
    scanners: Vec<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    scanner: &'a str,
    lane: &'a str,
    rule_id: &'a str,
    title: &'a str,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<HeldRow<'a>>,
    first_seen: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    raised: Option<RaisedRow>,
    location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum HeldRow<'a> {
    Blocking(Option<&'a str>),
    Excused,
}

impl<'a> From<&'a Held> for HeldRow<'a> {
    fn from(held: &'a Held) -> Self {
        match held {
            Held::Blocking(change) => Self::Blocking(change.as_deref()),
            Held::Excused => Self::Excused,
        }
    }
}

#[derive(Serialize)]
struct RaisedRow {
    from: Severity,
    on: String,
}

impl<'a> From<&'a Entry> for Row<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            fingerprint: entry.fingerprint.to_string(),
            content: entry.content.map(|content| content.to_string()),
            scanner: &entry.scanner,
            lane: &entry.lane,
            rule_id: &entry.rule_id,
            title: &entry.title,
            severity: entry.severity,
            held: entry.held.as_ref().map(HeldRow::from),
            first_seen: entry.first_seen.to_string(),
            raised: entry.raised.map(|raised| RaisedRow {
                from: raised.from,
                on: raised.on.to_string(),
            }),
            location: &entry.location,
            path: entry.place.as_deref(),
        }
    }
}

impl Baseline {
    /// Writes the compact form; the same baseline is always the same bytes.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written to.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let lanes = self.lanes.iter().map(|(lane, scanners)| LaneRow {
            lane,
            scanners: scanners.iter().map(|scanner| &**scanner).collect(),
        });
        write!(
            out,
            "{{\"schema\":\"{SCHEMA}\",\n\"time\":\"{}\"",
            self.time
        )?;
        rows(&mut out, "sources", &self.sources)?;
        rows(&mut out, "lanes", lanes)?;
        rows(&mut out, "findings", self.entries.iter().map(Row::from))?;
        writeln!(out, "}}")
    }
}

/// A list, each element on a line of its own.
fn rows<T: Serialize>(
    out: &mut impl Write,
    key: &str,
    rows: impl IntoIterator<Item = T>,
) -> io::Result<()> {
    write!(out, ",\n\"{key}\":[")?;
    for (index, row) in rows.into_iter().enumerate() {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &row)?;
    }
    write!(out, "\n]")
}
