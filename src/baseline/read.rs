//! Reads summaries and compact baselines, entry by entry.
//!
//! Keys that are not known are passed over, because both formats may get more
//! of them; everything that matching needs is there and sound, or the file is
//! refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::BufRead as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Baseline, Entry, Held, Raised, SCHEMA, SUMMARY_SCHEMA, Source, change, place};
use crate::artifact::{ArtifactError, Window};
use crate::finding::{Location, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint};
use crate::parser::ParseError;
use crate::parser::json::{Json, Kind};

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file cannot be read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The file has nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is not what it is to be; says where.
    #[error(transparent)]
    Content(#[from] ParseError),
}

/// Which of the formats a file is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Summary,
    Compact,
}

/// A finding in either format.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    fingerprint: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    scanner: Cow<'a, str>,
    #[serde(borrow)]
    lane: Cow<'a, str>,
    #[serde(borrow)]
    rule_id: Cow<'a, str>,
    #[serde(borrow)]
    title: Cow<'a, str>,
    severity: Severity,
    /// What an unknown severity counted as; in summaries.
    #[serde(default)]
    counts_as: Option<Severity>,
    /// In summaries.
    #[serde(default)]
    new: Option<bool>,
    /// In summaries.
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    /// In summaries.
    #[serde(default)]
    breaks: Vec<IgnoredAny>,
    /// In the compact form.
    #[serde(borrow, default)]
    held: Option<HeldRow<'a>>,
    #[serde(borrow, default)]
    first_seen: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    raised: Option<RaisedRow<'a>>,
    #[serde(borrow)]
    location: Place<'a>,
    /// In the compact form, whose location is for people.
    #[serde(borrow, default)]
    path: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum HeldRow<'a> {
    #[serde(borrow)]
    Blocking(Option<Cow<'a, str>>),
    Excused,
}

/// What a summary was about.
#[derive(Deserialize)]
struct ContextRow<'a> {
    #[serde(borrow, default)]
    branch: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    merge_request: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct RaisedRow<'a> {
    from: Severity,
    #[serde(borrow)]
    on: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place<'a> {
    Words(#[serde(borrow)] Cow<'a, str>),
    Location(Location<String>),
}

/// A row of a summary's reports.
#[derive(Deserialize)]
struct ReportRow<'a> {
    #[serde(borrow)]
    lane: Cow<'a, str>,
    #[serde(borrow)]
    scanner: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Cow<'a, str>,
}

/// A row of the compact form's lanes.
#[derive(Deserialize)]
struct LaneRow<'a> {
    #[serde(borrow)]
    lane: Cow<'a, str>,
    #[serde(borrow)]
    scanners: Vec<Cow<'a, str>>,
}

/// Texts, each in memory once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(text) = self.0.get(text) {
            return Arc::clone(text);
        }
        let text: Arc<str> = text.into();
        self.0.insert(Arc::clone(&text));
        text
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    format: Option<Format>,
    time: Option<Timestamp>,
    texts: Texts,
    sources: Option<BTreeSet<Source>>,
    lanes: Option<BTreeMap<Arc<str>, BTreeSet<Arc<str>>>>,
    entries: Option<Vec<Entry>>,
    /// What the summary was about.
    change: Option<Arc<str>>,
    /// The entries whose rows do not say when they were first seen.
    undated: Vec<usize>,
}

const FOREIGN: &str = "neither a summary nor a baseline of security-gate: name a \
    `security-gate-summary.json`, or what `baseline create` wrote";

impl Baseline {
    /// Reads a summary or a compact baseline to its end. `path` is the file's
    /// name; the second value is what the file was.
    ///
    /// # Errors
    ///
    /// When the file is cut off, of another kind, of another version of the
    /// format, or does not say of each finding what matching needs.
    pub fn read(mut window: Window, path: &str) -> Result<(Self, Source), BaselineError> {
        if window.fill_buf().map_err(ArtifactError::from)?.is_empty() {
            return Err(BaselineError::Empty);
        }
        let mut json = Json::new(window);
        if json.kind()? != Kind::Object {
            return Err(json.error(FOREIGN).into());
        }
        let mut reading = Reading::default();
        json.object(|json, key| reading.member(json, key))?;
        json.finish()?;
        let missing = |key: &str| json.error(format!("`{key}` is missing"));
        let format = reading.format.ok_or_else(|| json.error(FOREIGN))?;
        let time = reading.time.ok_or_else(|| missing("time"))?;
        let lanes = reading.lanes.ok_or_else(|| match format {
            Format::Summary => missing("reports"),
            Format::Compact => missing("lanes"),
        })?;
        let mut entries = reading.entries.ok_or_else(|| missing("findings"))?;
        let today = TimeZone::UTC.to_datetime(time).date();
        for index in reading.undated {
            if let Some(entry) = entries.get_mut(index) {
                entry.first_seen = today;
            }
        }
        if let (Format::Summary, Some(change)) = (format, reading.change) {
            for entry in &mut entries {
                if let Some(Held::Blocking(of)) = &mut entry.held {
                    *of = Some(Arc::clone(&change));
                }
            }
        }
        if let Some(entry) = entries.iter().find(|entry| entry.first_seen > today) {
            return Err(json
                .error(format!(
                    "{} was first seen on {}, after the file's own time",
                    entry.fingerprint, entry.first_seen
                ))
                .into());
        }
        let sources = match format {
            Format::Summary => None,
            Format::Compact => Some(reading.sources.ok_or_else(|| missing("sources"))?),
        };
        let file = Source {
            path: path.to_owned(),
            sha256: json.into_window().finish()?.sha256,
        };
        let sources = sources.unwrap_or_else(|| BTreeSet::from([file.clone()]));
        Ok((Self::new(time, sources, lanes, entries), file))
    }
}

impl Reading {
    fn member(&mut self, json: &mut Json, key: &str) -> Result<(), ParseError> {
        match (key, self.format) {
            ("schema", _) => {
                let schema = json.value::<Cow<'_, str>>()?.into_owned();
                self.format = Some(match schema.as_str() {
                    SUMMARY_SCHEMA => Format::Summary,
                    SCHEMA => Format::Compact,
                    schema if schema.starts_with("security-gate-") => {
                        return Err(json.error(format!(
                            "`{schema}` is no baseline that this version reads: it reads \
                            `{SUMMARY_SCHEMA}` and `{SCHEMA}`"
                        )));
                    }
                    _ => return Err(json.error(FOREIGN)),
                });
                Ok(())
            }
            ("findings", None) => Err(json.error(FOREIGN)),
            ("findings", Some(_)) => self.findings(json),
            ("time", _) => {
                let time = json.value::<Cow<'_, str>>()?.parse::<Timestamp>();
                let error = "`time` is no time such as `2026-11-21T10:00:00Z`";
                self.time = Some(time.map_err(|_| json.error(error))?);
                Ok(())
            }
            ("context", Some(Format::Summary)) => {
                let row = json.value::<ContextRow<'_>>()?;
                let change = change(row.branch.as_deref(), row.merge_request.as_deref());
                self.change = change.map(|change| self.texts.share(&change));
                Ok(())
            }
            ("reports", Some(Format::Summary)) => {
                let lanes = self.lanes.insert(BTreeMap::new());
                json.array(|json| {
                    let row = json.value::<ReportRow<'_>>()?;
                    if let ("complete" | "degraded", Some(scanner)) = (&*row.status, row.scanner) {
                        let scanners: &mut BTreeSet<_> =
                            lanes.entry(self.texts.share(&row.lane)).or_default();
                        scanners.insert(self.texts.share(&scanner));
                    }
                    Ok(())
                })
            }
            ("lanes", Some(Format::Compact)) => {
                let lanes = self.lanes.insert(BTreeMap::new());
                json.array(|json| {
                    let row = json.value::<LaneRow<'_>>()?;
                    let scanners: &mut BTreeSet<_> =
                        lanes.entry(self.texts.share(&row.lane)).or_default();
                    scanners.extend(row.scanners.iter().map(|name| self.texts.share(name)));
                    Ok(())
                })
            }
            ("sources", Some(Format::Compact)) => {
                self.sources = Some(json.value()?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn findings(&mut self, json: &mut Json) -> Result<(), ParseError> {
        let mut entries = Vec::new();
        json.array(|json| {
            let row = json.value::<Row<'_>>()?;
            if row.first_seen.is_none() {
                self.undated.push(entries.len());
            }
            let entry = row.entry(&mut self.texts);
            entries.push(entry.map_err(|message| json.error(message))?);
            Ok(())
        })?;
        self.entries = Some(entries);
        Ok(())
    }
}

impl Row<'_> {
    fn entry(self, texts: &mut Texts) -> Result<Entry, String> {
        let fingerprint = Fingerprint::parse(&self.fingerprint)
            .ok_or_else(|| format!("`{}` is no fingerprint", self.fingerprint))?;
        let content = match &self.content {
            Some(text) => {
                let digest = ContentDigest::parse(text);
                Some(digest.ok_or_else(|| format!("`{text}` is no digest of a content"))?)
            }
            None => None,
        };
        let raised = match &self.raised {
            Some(raised) => Some(Raised {
                from: raised.from,
                on: date(&raised.on)?,
            }),
            None => None,
        };
        let is_excused = self.status.is_some_and(|status| status != "open");
        let held = match (self.held, self.new) {
            (Some(HeldRow::Blocking(change)), _) => {
                Some(Held::Blocking(change.map(|change| texts.share(&change))))
            }
            (Some(HeldRow::Excused), _) => Some(Held::Excused),
            (None, Some(true)) if is_excused => Some(Held::Excused),
            (None, Some(true)) if !self.breaks.is_empty() => Some(Held::Blocking(None)),
            (None, _) => None,
        };
        let (in_words, in_place) = match &self.location {
            Place::Words(words) => (words.to_string(), self.path.as_deref()),
            Place::Location(location) => (location.to_string(), place(location.borrowed())),
        };
        Ok(Entry {
            fingerprint,
            content,
            scanner: texts.share(&self.scanner),
            lane: texts.share(&self.lane),
            rule_id: texts.share(&self.rule_id),
            title: texts.share(&self.title),
            severity: self.counts_as.unwrap_or(self.severity),
            held,
            first_seen: self.first_seen.as_deref().map_or(Ok(Date::MIN), date)?,
            raised,
            place: in_place.map(|place| texts.share(place)),
            location: in_words.into_boxed_str(),
        })
    }
}

/// Reads a day, and nothing else that a date may be read from.
fn date(text: &str) -> Result<Date, String> {
    text.parse()
        .ok()
        .filter(|date: &Date| date.to_string() == text)
        .ok_or_else(|| format!("`{text}` is no day such as `2026-11-21`"))
}
