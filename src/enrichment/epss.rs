//! The scores of the Exploit Prediction Scoring System (EPSS) of FIRST, as CSV.
//!
//! Source of the format: the daily file of FIRST, `epss_scores-DATE.csv.gz`: a
//! line with the model's version and the date of the scores, a header, and a row
//! per vulnerability. No field is ever quoted, so a line is a row.

use std::io::{BufRead as _, Read as _};

use jiff::Timestamp;

use super::{CveId, Error, Kind, Origin};
use crate::artifact::Window;
use crate::parser::{ParseError, fields, io_error, recognize};

const KIND: Kind = Kind {
    name: "EPSS scores",
    mend: "give the daily file of FIRST, `epss_scores-DATE.csv`, or `.csv.gz`",
    is: recognize::is_epss,
};

const HEADER: &str = "cve,epss,percentile";

/// How likely vulnerabilities are to be exploited in the next 30 days.
#[derive(Debug, Clone, PartialEq)]
pub struct Epss {
    /// The file, and the date of the scores.
    pub origin: Origin,
    /// In the order of their numbers.
    rows: Vec<(CveId, Score)>,
}

/// The scores of one vulnerability. They are kept as `f64`: rounded to `f32`, a
/// score of 0.7 would be below a limit of 0.7.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The probability of exploitation, 0 to 1.
    pub score: f64,
    /// The share of all vulnerabilities that score no higher, 0 to 1.
    pub percentile: f64,
}

impl Epss {
    /// Reads the scores.
    ///
    /// # Errors
    ///
    /// When the file is anything else, has no date, or is cut off.
    pub fn read(path: &str, window: Window) -> Result<Self, Error> {
        let (origin, rows) =
            KIND.read(path, window, |mut window, _| (scores(&mut window), window))?;
        Ok(Self { origin, rows })
    }

    /// The highest score of a finding's identifiers.
    pub fn lookup<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Option<Score> {
        CveId::among(ids)
            .filter_map(|id| {
                let at = self.rows.binary_search_by_key(&id, |(cve, _)| *cve).ok()?;
                self.rows.get(at).map(|(_, score)| *score)
            })
            .max_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// How many vulnerabilities have a score.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: a file without scores is refused.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn scores(window: &mut Window) -> Result<(Timestamp, Vec<(CveId, Score)>), ParseError> {
    let mut line = String::new();
    next_line(window, &mut line)?;
    let start = window.place();
    let date = date(&line).map_err(|message| ParseError::new(format!("in line 1: {message}")))?;
    next_line(window, &mut line)?;
    if line != HEADER {
        return Err(ParseError::at(
            String::new(),
            Some(start),
            format!("expected the header `{HEADER}`; {}", KIND.mend),
        ));
    }
    let mut rows = Vec::new();
    loop {
        let place = window.place();
        if !next_line(window, &mut line)? {
            break;
        }
        rows.push(row(&line).ok_or_else(|| {
            ParseError::at(
                String::new(),
                Some(place),
                "expected a CVE number and two numbers of 0 to 1; fetch the file again",
            )
        })?);
    }
    if rows.is_empty() {
        return Err(ParseError::new("no scores: fetch the file again"));
    }
    rows.sort_unstable_by_key(|(cve, _)| *cve);
    match super::repeated(&rows, |(cve, _)| *cve) {
        Some(cve) => Err(ParseError::new(format!(
            "{cve} has two rows: the file was changed; fetch it again"
        ))),
        None => Ok((date, rows)),
    }
}

/// Takes the next line, without its end. False when there are no more.
fn next_line(window: &mut Window, line: &mut String) -> Result<bool, ParseError> {
    /// A row has some 40 bytes.
    const LONGEST: u64 = 1000;
    let place = window.place();
    line.clear();
    let read = window
        .by_ref()
        .take(LONGEST)
        .read_line(line)
        .map_err(|error| io_error(String::new(), Some(place), &error))?;
    if read == 0 {
        return Ok(false);
    }
    // The file of FIRST ends with a line's end; without it a number may be cut.
    if line.pop() != Some('\n') {
        return Err(ParseError::at(
            String::new(),
            Some(place),
            "a line without an end: the file is cut off; fetch it again",
        ));
    }
    if line.ends_with('\r') {
        line.pop();
    }
    Ok(true)
}

/// The date in `#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000`.
fn date(line: &str) -> Result<Timestamp, &'static str> {
    let date = line
        .strip_prefix('#')
        .and_then(|line| {
            line.split(',')
                .find_map(|part| part.trim().strip_prefix("score_date:"))
        })
        .ok_or(
            "no `score_date`, so nobody knows how old the scores are; give a file of 2022 or later",
        )?;
    fields::timestamp(date).ok_or("`score_date` is not a time; fetch the file again")
}

fn row(line: &str) -> Option<(CveId, Score)> {
    let (cve, rest) = line.split_once(',')?;
    let (score, percentile) = rest.split_once(',')?;
    // NaN is in no range.
    let share = |text: &str| {
        text.parse()
            .ok()
            .filter(|share| (0.0..=1.0).contains(share))
    };
    let score = Score {
        score: share(score)?,
        percentile: share(percentile)?,
    };
    Some((cve.parse().ok()?, score))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{NEVER, fixture, fixture_text, gzip};
    use super::*;

    const FIRST: &str = "#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\n";

    fn read(bytes: impl Into<Vec<u8>>) -> Result<Epss, String> {
        let window = Window::over(bytes).map_err(|error| error.to_string())?;
        Epss::read("epss.csv", window).map_err(|error| error.to_string())
    }

    #[test]
    fn the_highest_score_of_the_identifiers_counts() {
        let epss = Epss::read("epss.csv", fixture("epss.csv")).unwrap();
        assert_eq!(epss.len(), 5);
        assert_eq!(epss.origin.date.to_string(), "2026-11-20T00:00:00Z");
        let log4shell = Score {
            score: 0.94358,
            percentile: 0.99957,
        };
        assert_eq!(epss.lookup(["cve-2021-44228"]), Some(log4shell));
        assert_eq!(
            epss.lookup(["CVE-1999-0001", "CVE-2021-44228", "CVE-2020-8911"]),
            Some(log4shell)
        );
        assert_eq!(epss.lookup(["CVE-2021-44229", "GHSA-jfh8-c2jp-5v3q"]), None);
    }

    #[test]
    fn the_file_is_read_as_it_is_served() {
        let text = fixture_text("epss.csv");
        for served in [
            gzip(text.as_bytes()),
            text.replace('\n', "\r\n").into_bytes(),
            format!("\u{feff}{text}").into_bytes(),
            text.replace("T00:00:00+0000", "T12:55:00Z").into_bytes(),
        ] {
            assert_eq!(read(served).unwrap().len(), 5);
        }
    }

    #[test]
    fn what_is_not_all_of_the_scores_is_refused() {
        let row = "CVE-2021-44228,0.94358,0.99957\n";
        for (text, message) in [
            (
                format!("{HEADER}\n{row}"),
                "no `score_date`, so nobody knows how old",
            ),
            (
                format!("#model_version:v1\n{HEADER}\n{row}"),
                "no `score_date`",
            ),
            (
                format!("#model_version:v1,score_date:soon\n{HEADER}\n{row}"),
                "in line 1: `score_date` is not a time",
            ),
            (format!("{FIRST}{HEADER}\n"), "no scores"),
            (FIRST.to_owned(), "expected the header"),
            (format!("{FIRST}{row}"), "at line 2, column 1"),
            (
                format!("{FIRST}{HEADER}\n{row}{row}"),
                "CVE-2021-44228 has two rows",
            ),
            (
                format!("{FIRST}{HEADER}\n{}", row.trim_end()),
                "a line without an end: the file is cut off",
            ),
            (
                format!("{FIRST}{HEADER}\n{}", "9".repeat(1 << 20)),
                "a line without an end",
            ),
        ] {
            let error = read(text.as_str()).expect_err(&text);
            assert!(
                error.starts_with("epss.csv: ") && error.contains(message),
                "{text}: {error}"
            );
        }
        for row in [
            "",
            "CVE-2021-44228",
            "CVE-2021-44228,0.9",
            "CVE-2021-44228,0.9,0.9,0.9",
            "CVE-2021-44228,1.1,0.9",
            "CVE-2021-44228,-0.1,0.9",
            "CVE-2021-44228,0.1,1e300",
            "CVE-2021-44228,NaN,0.9",
            "CVE-2021-44228,inf,0.9",
            "CVE-2021-44228,,0.9",
            "CVE-2021-44228,0.1,\"0.9\"",
            "CVE-2021-99999999999,0.1,0.9",
            "GHSA-jfh8-c2jp-5v3q,0.1,0.9",
            "CVE-2021-44228, 0.1,0.9",
        ] {
            let error = read(format!("{FIRST}{HEADER}\n{row}\n")).unwrap_err();
            assert!(
                error.contains("at line 3, column 1") && error.contains("fetch the file again"),
                "{row}: {error}"
            );
        }
        assert!(read(format!("{FIRST}{HEADER}\n\0\u{fffd}\n")).is_err());
        assert!(
            read([format!("{FIRST}{HEADER}\n").as_bytes(), b"\xff,0.1,0.1\n"].concat()).is_err()
        );
    }

    #[test]
    fn a_cut_archive_is_refused_wherever_it_is_cut() {
        let packed = gzip(fixture_text("epss.csv").as_bytes());
        for end in 0..packed.len() {
            assert!(read(&packed[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn other_files_are_refused_by_what_they_are() {
        for (text, message) in NEVER {
            let error = read(*text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        let error = read(fixture_text("kev.json")).unwrap_err();
        assert!(
            error.contains("not EPSS scores: it looks like the CISA catalogue"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn every_row_is_found_in_whatever_order_they_come(
            numbers in proptest::collection::btree_set(0..1_000_000_u32, 1..50),
            seed in any::<u64>(),
        ) {
            let mut rows: Vec<_> = numbers
                .iter()
                .map(|number| format!("CVE-2026-{number:04},0.{number:06},0.5\n"))
                .collect();
            let turn = usize::try_from(seed % rows.len() as u64).unwrap();
            rows.rotate_left(turn);
            let epss = read(format!("{FIRST}{HEADER}\n{}", rows.concat())).unwrap();
            for number in numbers {
                let score = epss.lookup([format!("CVE-2026-{number:04}").as_str()]).unwrap();
                prop_assert!((score.score - f64::from(number) / 1e6).abs() < 1e-9);
            }
        }
    }
}
