//! What the report says of its own scan.

use jiff::Timestamp;

use super::DataSource;
use crate::parser::fields::{first_line, timestamp};
use crate::parser::url;
use crate::report::Scan;

/// What the report says of its own scan, gathered in whatever order it comes.
#[derive(Default)]
pub(super) struct Health {
    pub(super) dependencies: usize,
    /// What went wrong, each once, as many as are shown.
    exceptions: Vec<String>,
    more_exceptions: usize,
    /// When the vulnerability data was last looked after, by its oldest part.
    checked: Option<(Timestamp, String)>,
    /// When it last changed, by its oldest part.
    modified: Option<(Timestamp, String)>,
}

impl Health {
    const SHOWN: usize = 5;

    /// Takes the message of an exception, and that of what caused it first.
    pub(super) fn add_exception(&mut self, message: &str, cause: Option<&str>) {
        let mut message = in_words(message);
        if let Some(cause) = cause.map(in_words).filter(|cause| !message.contains(cause)) {
            message = format!("{message} ({cause})");
        }
        if self.exceptions.contains(&message) {
            return;
        }
        if self.exceptions.len() < Self::SHOWN {
            self.exceptions.push(message);
        } else {
            self.more_exceptions += 1;
        }
    }

    /// Other sources, such as the search for a newer Dependency-Check, say
    /// nothing of the data's age.
    pub(super) fn add_data(&mut self, source: &DataSource<'_>) {
        let name = source.name.trim();
        let lower = name.to_ascii_lowercase();
        let oldest = match () {
            () if !lower.starts_with("nvd") => return,
            () if lower.contains("checked") => &mut self.checked,
            () if lower.contains("modified") => &mut self.modified,
            () => return,
        };
        let Some(time) = timestamp(&source.timestamp) else {
            return;
        };
        if oldest.as_ref().is_none_or(|(old, _)| time < *old) {
            *oldest = Some((time, name.to_owned()));
        }
    }

    pub(super) fn judge(self, scan: &mut Scan) {
        const OLD: i64 = 7;
        const DAY: i64 = 24 * 60 * 60;
        if scan.version.is_none() {
            scan.fail("the report does not say which version of Dependency-Check wrote it");
        }
        if self.dependencies == 0 {
            scan.fail("no dependency was looked at: the scanned folder has none that Dependency-Check knows, or it is the wrong one");
        }
        for message in self.exceptions {
            scan.degrade(format!("part of the analysis failed: {message}"));
        }
        if self.more_exceptions > 0 {
            scan.degrade(format!(
                "parts of the analysis failed with {} more errors",
                self.more_exceptions
            ));
        }
        let Some(written) = scan.generated_at else {
            return;
        };
        let too_old = |time: &(Timestamp, String)| {
            let days = (written.as_second() - time.0.as_second()) / DAY;
            let name = &time.1;
            let text = format!(
                "the vulnerability data was {days} days old when the scan ran ({name}): does its update work?"
            );
            (days > OLD).then_some(text)
        };
        let unchanged = self.modified.as_ref().and_then(too_old);
        match (self.checked.as_ref().map(too_old), unchanged) {
            (Some(Some(text)), _) | (None, Some(text)) => scan.degrade(text),
            // There may be nothing newer.
            (Some(None), Some(text)) => scan.note(text),
            (_, None) => {}
        }
    }
}

/// An exception's message on one line, without the Java package of its class
/// and what gives access in the addresses it quotes.
fn in_words(message: &str) -> String {
    const LONGEST: usize = 300;
    let line = first_line(message).unwrap_or_default();
    let class = line.split(':').next().unwrap_or_default();
    let words = match class.rsplit_once('.') {
        Some((package, _)) if !package.contains(char::is_whitespace) => {
            line.get(package.len() + 1..).unwrap_or(line)
        }
        _ => line,
    };
    let words = url::mask_words(words);
    match words.char_indices().nth(LONGEST) {
        _ if words.is_empty() => "an exception without a message".to_owned(),
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

/// Fills in when the report was written.
pub(super) fn set_date(scan: &mut Scan, date: &str) {
    scan.generated_at = timestamp(date);
    if scan.generated_at.is_none() && !date.trim().is_empty() {
        scan.note("the report's date cannot be read");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, with_scan};
    use super::*;
    use crate::report::Health as Proof;

    #[test]
    fn health_is_what_the_report_says_of_its_scan() {
        let clean = r#"{"fileName":"a.jar"}"#;
        for (scan_info, dependencies, health, words) in [
            (r#""engineVersion":"12.1.0""#, clean, Proof::Complete, ""),
            (
                r#""engineVersion":"12.1.0","analysisExceptions":null"#,
                clean,
                Proof::Complete,
                "",
            ),
            (
                r#""engineVersion":"12.1.0""#,
                "",
                Proof::Failed,
                "no dependency was looked at",
            ),
            (
                r#""engineVersion":"""#,
                clean,
                Proof::Failed,
                "does not say which version",
            ),
            ("", clean, Proof::Failed, "does not say which version"),
            (
                r#""engineVersion":"8","analysisExceptions":[{"exception":{"message":"org.x.UpdateException: NVD\n  unreachable","cause":{"message":"java.net.Y: a","cause":{"message":"java.net.UnknownHostException: nvd.nist.gov"}}}}]"#,
                clean,
                Proof::Degraded,
                "part of the analysis failed: UpdateException: NVD (UnknownHostException: nvd.nist.gov)",
            ),
            (
                r#""engineVersion":"8","analysisExceptions":[{"exception":{"message":"no https://u:p@h/?token=t"}}]"#,
                clean,
                Proof::Degraded,
                "no https://***@h/?token=***",
            ),
            (
                r#""engineVersion":"8","analysisExceptions":[{}]"#,
                clean,
                Proof::Degraded,
                "an exception without a message",
            ),
            (
                r#""engineVersion":"9","dataSource":[{"name":"NVD API Last Checked","timestamp":"2026-01-09T10:00:00+07"},{"name":"NVD API Last Modified","timestamp":"2025-12-31T00:00:00"},{"name":"VersionCheckOn","timestamp":"2001-01-01T00:00:00"}]"#,
                clean,
                Proof::Complete,
                "10 days old when the scan ran (NVD API Last Modified)",
            ),
            (
                r#""engineVersion":"9","dataSource":[{"name":"NVD API Last Checked","timestamp":"2026-01-01T10:00:00Z"},{"name":"NVD API Last Modified","timestamp":"2025-12-31T00:00:00"}]"#,
                clean,
                Proof::Degraded,
                "8 days old when the scan ran (NVD API Last Checked)",
            ),
            (
                r#""engineVersion":"9","dataSource":[{"name":"NVD CVE Modified","timestamp":"2025-12-31T00:00:00"}]"#,
                clean,
                Proof::Degraded,
                "10 days old when the scan ran (NVD CVE Modified)",
            ),
            (
                r#""engineVersion":"9","dataSource":[{"name":"NVD API Last Checked","timestamp":"2026-01-03T00:00:00Z"},{"name":"NVD CVE Modified","timestamp":"yesterday"}]"#,
                clean,
                Proof::Complete,
                "",
            ),
        ] {
            let scan = read(&with_scan(scan_info, dependencies)).0.unwrap();
            assert_eq!(scan.health(), health, "{scan_info}");
            let notes: Vec<_> = scan.notes.iter().map(|note| &*note.text).collect();
            match words {
                "" => assert!(notes.is_empty(), "{notes:?}"),
                words => assert!(notes[0].contains(words), "{notes:?}"),
            }
        }
    }

    #[test]
    fn many_exceptions_are_counted_and_the_first_are_shown() {
        let exceptions: Vec<_> = (0..9)
            .flat_map(|n| [n, n])
            .map(|n| {
                format!(
                    r#"{{"exception":{{"message":"no {n} {}"}}}}"#,
                    "x".repeat(400)
                )
            })
            .collect();
        let exceptions = exceptions.join(",");
        let report = with_scan(
            &format!(r#""engineVersion":"8","analysisExceptions":[{exceptions}]"#),
            r#"{"fileName":"a.jar"}"#,
        );
        let notes = read(&report).0.unwrap().notes;
        assert_eq!(notes.len(), 6);
        assert!(notes[0].text.ends_with('…'));
        assert!(notes[5].text.contains("8 more errors"));
    }

    #[test]
    fn dates_are_read_as_versions_wrote_them() {
        for (date, time) in [
            ("2026-01-05T10:00:00.5Z", Some("2026-01-05T10:00:00.5Z")),
            (
                "2016-11-05T14:52:15.748-0400",
                Some("2016-11-05T18:52:15.748Z"),
            ),
            ("2024-06-13T10:14:47+01", Some("2024-06-13T09:14:47Z")),
            (" 2019-12-16T13:37:56 ", Some("2019-12-16T13:37:56Z")),
            ("14/08/2015 12:11:51", None),
            ("2026-02-30T00:00:00Z", None),
            ("", None),
        ] {
            let found = timestamp(date).map(|time| time.to_string());
            assert_eq!(found.as_deref(), time, "{date}");
        }
        let mut scan = Scan::default();
        set_date(&mut scan, "soon");
        assert_eq!(scan.notes.len(), 1);
        assert_eq!(scan.health(), Proof::Complete);
    }
}
