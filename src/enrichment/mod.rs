//! What the world knows of a vulnerability, from files that another job fetched:
//! whether it is exploited ([`Kev`]), how likely it is to be ([`Epss`]), and
//! whether it affects what is released ([`Vex`]).
//!
//! Reading and looking up only: whoever decides says what follows, and how old
//! a file may be. A file that is not entirely what it should be is refused: half
//! a catalogue says "not listed" of the other half.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use crate::artifact::{Digested, Window};
use crate::parser::ParseError;
use crate::parser::fields;
use crate::parser::json::Json;
use crate::parser::outline::Outline;
use crate::parser::{self, recognize};

mod epss;
mod kev;
pub mod vex;

pub use epss::{Epss, Score};
pub use kev::{Kev, KevEntry};
pub use vex::Vex;

/// The file that knowledge comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// As named by the user.
    pub path: String,
    /// Size and digest of the file as stored.
    pub stored: Digested,
    /// When the knowledge is of, as the file itself says.
    pub date: Timestamp,
}

/// Why a file cannot be used: the file, the place in it, the cause and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {cause}")]
pub struct Error {
    path: String,
    cause: ParseError,
}

/// A kind of file.
struct Kind {
    /// What it is, for an error: `not NAME`.
    name: &'static str,
    /// Where to get one.
    mend: &'static str,
    is: fn(&Outline) -> bool,
}

impl Kind {
    /// Reads a file of this kind to its end. `read` gives the file's own date
    /// and what it knows.
    fn read<T>(
        &self,
        path: &str,
        window: Window,
        read: impl FnOnce(Window, &Outline) -> (Result<(Timestamp, T), ParseError>, Window),
    ) -> Result<(Origin, T), Error> {
        let error = |cause| Error {
            path: path.to_owned(),
            cause,
        };
        let (outline, window) = parser::look(window, self.is);
        let outline = outline.map_err(error)?;
        if !(self.is)(&outline) {
            return Err(error(ParseError::new(format!(
                "not {}: it looks like {}; {}",
                self.name,
                recognize::words_for(&outline),
                self.mend
            ))));
        }
        let (known, window) = read(window, &outline);
        let (date, known) = known.map_err(error)?;
        let stored = window
            .finish()
            .map_err(|cause| error(ParseError::new(cause.to_string())))?;
        let origin = Origin {
            path: path.to_owned(),
            stored,
            date,
        };
        Ok((origin, known))
    }
}

/// Reads one JSON document, and makes sure that nothing follows it.
fn json<T>(
    window: Window,
    read: impl FnOnce(&mut Json) -> Result<T, ParseError>,
) -> (Result<T, ParseError>, Window) {
    let mut json = Json::new(window);
    let read = read(&mut json).and_then(|read| json.finish().map(|()| read));
    (read, json.into_window())
}

/// The key that two of the sorted `items` share.
fn repeated<T, K: PartialEq>(items: &[T], key: impl Fn(&T) -> K) -> Option<K> {
    items
        .iter()
        .zip(items.iter().skip(1))
        .find(|(one, next)| key(one) == key(next))
        .map(|(one, _)| key(one))
}

/// A number of the CVE list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct CveId {
    year: u16,
    number: u32,
}

impl CveId {
    /// The CVE numbers among a finding's identifiers.
    fn among<'i>(ids: impl IntoIterator<Item = &'i str>) -> impl Iterator<Item = Self> {
        ids.into_iter().filter_map(|id| id.trim().parse().ok())
    }
}

impl FromStr for CveId {
    type Err = String;

    /// Reads `CVE-2021-44228`, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = |text: &str| {
            let (prefix, rest) = text.split_at_checked(4)?;
            let (year, number) = rest.split_once('-')?;
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            (prefix.eq_ignore_ascii_case("CVE-")
                && year.len() == 4
                && number.len() >= 4
                && is_number(year)
                && is_number(number))
            .then_some(Self {
                year: year.parse().ok()?,
                number: number.parse().ok()?,
            })
        };
        parts(text).ok_or_else(|| "expected a CVE number such as `CVE-2021-44228`".to_owned())
    }
}

impl TryFrom<String> for CveId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CVE-{}-{:04}", self.year, self.number)
    }
}

/// A time in a document; without a zone it is in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Time(Timestamp);

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        fields::timestamp(&text)
            .map(Self)
            .ok_or("expected a time such as `2026-11-20T10:00:00Z`")
    }
}

/// A day in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Day(Date);

impl TryFrom<String> for Day {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
            .map(Self)
            .map_err(|_| "expected a day such as `2026-11-20`")
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// A window over a file of `fixtures/enrichment/`.
    pub(super) fn fixture(name: &str) -> Window {
        Window::over(fixture_text(name)).unwrap()
    }

    pub(super) fn fixture_text(name: &str) -> String {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/enrichment");
        fs_err::read_to_string(folder.join(name)).unwrap()
    }

    pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What no file of any kind may be read as, each with a part of the error.
    pub(super) const NEVER: &[(&str, &str)] = &[
        ("", "it looks like an empty file"),
        (" \n\t", "it looks like an empty file"),
        ("[]", "it looks like an empty list"),
        ("null", "it looks like `null`"),
        ("{}", "it looks like an empty JSON object"),
        ("7", "it looks like a single JSON value"),
        (
            "<html><body>502</body></html>",
            "it looks like an HTML page",
        ),
        ("Not Found", "it looks like neither JSON nor XML"),
        (
            r#"{"SchemaVersion":2,"ArtifactName":"alpine:3.10","ArtifactType":"container_image","Results":[]}"#,
            "it looks like a trivy-json report",
        ),
        (r#"{"a":{"a":1,"a":2}}"#, "given twice"),
        (
            r#"{"message":"API rate limit exceeded"}"#,
            "the key `message`",
        ),
    ];

    #[test]
    fn cve_numbers_are_read_in_any_case_and_nothing_else_is_one() {
        for text in ["CVE-2021-44228", "cve-2021-44228", "CVE-2021-0044228"] {
            let id: CveId = text.parse().unwrap();
            assert_eq!(id.to_string(), "CVE-2021-44228");
        }
        assert_eq!(
            "CVE-2021-0001".parse::<CveId>().unwrap().to_string(),
            "CVE-2021-0001"
        );
        for text in [
            "",
            "CVE-",
            "CVE-2021",
            "CVE-2021-1",
            "CVE-2021-+044",
            "CVE-21-44228",
            "CVE-2021-44228 ",
            "CVE-2021-99999999999",
            "GHSA-jfh8-c2jp-5v3q",
            "ÇVE-2021-44228",
        ] {
            assert!(text.parse::<CveId>().is_err(), "{text}");
        }
    }
}
