//! The catalogue of known exploited vulnerabilities (KEV) of CISA, as JSON.
//!
//! Source of the format: the catalogue's own JSON schema,
//! `known_exploited_vulnerabilities_schema.json`.

use jiff::civil::Date;
use serde::Deserialize;

use super::{CveId, Day, Error, Kind, Origin, Time};
use crate::artifact::Window;
use crate::parser::ParseError;
use crate::parser::json::Json;

const KIND: Kind = Kind {
    name: "the CISA catalogue of known exploited vulnerabilities",
    mend: "give the catalogue's JSON, `known_exploited_vulnerabilities.json`",
    is: |outline| outline.has("catalogVersion") || outline.has_in("vulnerabilities", "cveID"),
};

/// The vulnerabilities that are known to be exploited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kev {
    /// The file, and when the catalogue was released.
    pub origin: Origin,
    /// In the order of their numbers.
    entries: Vec<KevEntry>,
}

/// What the catalogue says of one vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KevEntry {
    /// The vulnerability.
    pub cve: CveId,
    /// The day it was added to the catalogue.
    pub date_added: Date,
    /// The day by which federal agencies have to act.
    pub due_date: Date,
    /// Whether it is known to be used for ransomware. Any word but `Unknown`
    /// counts as known.
    pub is_ransomware: bool,
}

impl Kev {
    /// Reads the catalogue.
    ///
    /// # Errors
    ///
    /// When the file is anything else, or not all of the catalogue.
    pub fn read(path: &str, window: Window) -> Result<Self, Error> {
        let (origin, entries) =
            KIND.read(path, window, |window, _| super::json(window, catalogue))?;
        Ok(Self { origin, entries })
    }

    /// The entry for any of a finding's identifiers; of several, that which is
    /// due first.
    pub fn lookup<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Option<&KevEntry> {
        CveId::among(ids)
            .filter_map(|id| {
                let at = self
                    .entries
                    .binary_search_by_key(&id, |entry| entry.cve)
                    .ok()?;
                self.entries.get(at)
            })
            .min_by_key(|entry| (entry.due_date, entry.cve))
    }

    /// How many vulnerabilities are listed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never: an empty catalogue is refused.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve_id: CveId,
    date_added: Day,
    due_date: Day,
    known_ransomware_campaign_use: Option<String>,
}

fn catalogue(json: &mut Json) -> Result<(jiff::Timestamp, Vec<KevEntry>), ParseError> {
    let mut released = None;
    let mut count = None;
    let mut entries = Vec::new();
    json.object(|json, key| {
        match key {
            "dateReleased" => released = Some(json.value::<Time>()?.0),
            "count" => count = Some(json.value::<u64>()?),
            "vulnerabilities" => json.array(|json| {
                let entry: Entry = json.value()?;
                entries.push(KevEntry {
                    cve: entry.cve_id,
                    date_added: entry.date_added.0,
                    due_date: entry.due_date.0,
                    is_ransomware: entry
                        .known_ransomware_campaign_use
                        .is_some_and(|word| !word.trim().eq_ignore_ascii_case("unknown")),
                });
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    let missing = |key| {
        ParseError::new(format!(
            "no `{key}`: this is not all of the catalogue; {}",
            KIND.mend
        ))
    };
    if entries.is_empty() {
        return Err(missing("vulnerabilities"));
    }
    let released = released.ok_or_else(|| missing("dateReleased"))?;
    let count = count.ok_or_else(|| missing("count"))?;
    if count != entries.len() as u64 {
        return Err(ParseError::new(format!(
            "`count` is {count}, but {} vulnerabilities are listed: the catalogue was changed or cut; fetch it again",
            entries.len()
        )));
    }
    entries.sort_unstable_by_key(|entry| entry.cve);
    match super::repeated(&entries, |entry| entry.cve) {
        Some(cve) => Err(ParseError::new(format!(
            "{cve} is listed twice: the catalogue was changed; fetch it again"
        ))),
        None => Ok((released, entries)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NEVER, fixture, fixture_text, gzip};
    use super::*;

    fn read(bytes: impl Into<Vec<u8>>) -> Result<Kev, String> {
        let window = Window::over(bytes).map_err(|error| error.to_string())?;
        Kev::read("kev.json", window).map_err(|error| error.to_string())
    }

    #[test]
    fn a_listed_vulnerability_is_found_by_any_of_its_identifiers() {
        let kev = Kev::read("kev.json", fixture("kev.json")).unwrap();
        assert_eq!(kev.len(), 3);
        assert_eq!(kev.origin.date.to_string(), "2026-11-18T17:56:26.7341Z");
        assert_eq!(kev.origin.path, "kev.json");
        assert_eq!(
            kev.origin.stored.bytes,
            fixture_text("kev.json").len() as u64
        );
        assert_eq!(kev.origin.stored.sha256.len(), 64);

        let entry = kev
            .lookup(["GHSA-jfh8-c2jp-5v3q", "cve-2021-44228"])
            .unwrap();
        assert_eq!(entry.cve.to_string(), "CVE-2021-44228");
        assert_eq!(entry.date_added.to_string(), "2021-12-10");
        assert_eq!(entry.due_date.to_string(), "2021-12-24");
        assert!(entry.is_ransomware);

        let both = kev.lookup(["CVE-2026-21509", "CVE-2024-4577"]);
        assert_eq!(both.unwrap().cve.to_string(), "CVE-2024-4577");
        assert!(!kev.lookup(["CVE-2026-21509"]).unwrap().is_ransomware);
        assert!(kev.lookup(["CVE-2021-44229", "", "x"]).is_none());
        assert!(kev.lookup([]).is_none());
    }

    #[test]
    fn a_compressed_catalogue_is_read() {
        let text = fixture_text("kev.json");
        assert_eq!(read(gzip(text.as_bytes())).unwrap().len(), 3);
    }

    #[test]
    fn what_is_not_all_of_the_catalogue_is_refused() {
        let text = fixture_text("kev.json");
        for (from, to, message) in [
            ("\"count\": 3", "\"count\": 4", "`count` is 4, but 3"),
            ("\"count\": 3", "\"count\": -3", "at `count`, line 5"),
            ("\"count\": 3", "\"count\": 3.0", "at `count`, line 5"),
            ("\"count\": 3", "\"count\": 1e400", "at `count`, line 5"),
            ("\"count\": 3,", "", "no `count`"),
            ("dateReleased", "released", "no `dateReleased`"),
            ("2026-11-18T17", "2026-13-18T17", "expected a time"),
            ("\"vulnerabilities\"", "\"entries\"", "no `vulnerabilities`"),
            (
                "CVE-2024-4577",
                "CVE-2021-44228",
                "CVE-2021-44228 is listed twice",
            ),
            (
                "CVE-2024-4577",
                "4577",
                "at `vulnerabilities[1].cveID`, line 21",
            ),
            ("2021-12-24", "24.12.2021", "expected a day"),
            ("\"dueDate\"", "\"due\"", "missing field `dueDate`"),
            ("\"cveID\"", "\"cve\"", "missing field `cveID`"),
            (
                "\"title\": \"CISA Catalog of Known Exploited Vulnerabilities\"",
                "\"count\": 3",
                "the key `count` is given twice",
            ),
            ("\"product\"", "\"cveID\"", "duplicate field `cveID`"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = read(text.replacen(from, to, 1)).unwrap_err();
            assert!(
                error.starts_with("kev.json: ") && error.contains(message),
                "{from} {to}: {error}"
            );
        }
        for empty in [
            r#"{"catalogVersion":"1","dateReleased":"2026-11-18T00:00:00Z","count":0,"vulnerabilities":[]}"#,
            r#"{"catalogVersion":"1","dateReleased":"2026-11-18T00:00:00Z","count":0}"#,
        ] {
            assert!(read(empty).unwrap_err().contains("no `vulnerabilities`"));
        }
        for wrong in ["null", "{}", "[1]", "[null]", "[[]]", "7"] {
            let text = format!(r#"{{"catalogVersion":"1","vulnerabilities":{wrong}}}"#);
            assert!(read(text.as_str()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_cut_catalogue_is_refused_wherever_it_is_cut() {
        let text = fixture_text("kev.json");
        let text = text.trim_end();
        for end in 0..text.len() {
            assert!(read(&text.as_bytes()[..end]).is_err(), "{end}");
        }
        let packed = gzip(text.as_bytes());
        for end in 0..packed.len() {
            assert!(read(&packed[..end]).is_err(), "packed {end}");
        }
        for after in ["{}", "x", text] {
            assert!(read(format!("{text}{after}")).is_err(), "{after}");
        }
    }

    #[test]
    fn other_files_are_refused_by_what_they_are() {
        for (text, message) in NEVER {
            let error = read(*text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        for (name, message) in [
            ("epss.csv", "it looks like EPSS scores"),
            ("openvex.json", "it looks like an OpenVEX document"),
            ("cyclonedx-vex.json", "it looks like a CycloneDX document"),
        ] {
            let error = read(fixture_text(name)).unwrap_err();
            assert!(error.contains(message), "{name}: {error}");
        }
        let deep = format!(r#"{{"catalogVersion":{}"#, "[".repeat(100_000));
        assert!(read(deep).is_err());
    }
}
