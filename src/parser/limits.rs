//! How much of a report is kept: findings, and the length of their texts.
//!
//! What is beyond a limit is counted and told, and the report is then no whole
//! one: a rule may ask for just what is not there any more.

use sha2::{Digest as _, Sha256};

use super::ParseError;
use crate::finding::{Finding, Pointer, Text};
use crate::report::Scan;

/// How many findings of a report are kept unless told otherwise.
pub const DEFAULT_MAX_FINDINGS: u64 = 2_000_000;

/// The longest text of a finding or a note that is kept whole, in bytes. No
/// scanner is known to write a tenth of that.
pub const MAX_TEXT: usize = 64 << 10;

/// What of a report's findings was not kept.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    /// Findings over the limit.
    findings: u64,
    /// Findings whose place or name was cut.
    names: u64,
    /// Findings of which only other texts were cut.
    texts: u64,
}

impl Beyond {
    /// Counts a finding that is over the limit.
    pub(super) fn count(&mut self) {
        self.findings += 1;
    }

    /// Cuts what is too long of a finding. Its identity is made already, and of
    /// the whole texts.
    pub(super) fn cut(&mut self, finding: &mut Finding<'_>) {
        let Finding {
            rule_id,
            title,
            scanner_severity,
            vulnerability_ids,
            cvss,
            location,
            instances,
            fixed_in,
            details,
            pointer,
            suppressed,
            ..
        } = finding;
        let mut names = rule_id.cut() | cut_all(vulnerability_ids) | cut_all(fixed_in);
        for place in std::iter::once(location).chain(instances) {
            names |= cut_all(place.texts_mut());
        }
        let mut texts = title.cut() | pointer.cut();
        texts |= cut_all(&mut details.references) | cut_all(&mut details.description);
        let vector = cvss.as_mut().map(|cvss| &mut cvss.vector);
        for text in [Some(scanner_severity), Some(suppressed), vector] {
            texts |= cut_all(text.into_iter().flatten());
        }
        self.names += u64::from(names);
        self.texts += u64::from(texts && !names);
    }

    /// Says in the scan what was not kept, of at most `max` findings, and cuts
    /// its own texts.
    pub(super) fn tell(self, max: u64, scan: &mut Scan) {
        let several = |count| match count {
            1 => "1 finding has".to_owned(),
            count => format!("{count} findings have"),
        };
        if self.findings > 0 {
            scan.fail(format!(
                "more than {max} findings: {} more are counted and not kept; raise the limit with `--max-findings` if this is right",
                self.findings
            ));
        }
        if self.names > 0 {
            scan.fail(format!(
                "{} a rule, place or identifier longer than {MAX_TEXT} bytes, which is cut: rules and exceptions cannot ask for it",
                several(self.names)
            ));
        }
        if self.texts > 0 {
            scan.degrade(format!(
                "{} a text longer than {MAX_TEXT} bytes, which is cut",
                several(self.texts)
            ));
        }
        let Scan {
            version,
            target,
            artifacts,
            notes,
            ..
        } = scan;
        cut_all(version);
        cut_all(target);
        cut_all(artifacts.iter_mut().flatten());
        cut_all(notes.iter_mut().map(|note| &mut note.text));
    }
}

/// An error with what it repeats of the report cut.
pub(super) fn of_error(mut error: ParseError) -> ParseError {
    error.path.cut();
    error.message.cut();
    error
}

fn cut_all<'a, T: Cut + 'a>(texts: impl IntoIterator<Item = &'a mut T>) -> bool {
    // No short cut: each is looked at.
    texts.into_iter().fold(false, |any, text| text.cut() | any)
}

/// A text that may be too long.
trait Cut {
    /// Cuts it, and says whether it was too long.
    fn cut(&mut self) -> bool;
}

impl<T: AsRef<str> + From<String>> Cut for T {
    fn cut(&mut self) -> bool {
        let cut = cut(self.as_ref());
        let is_cut = cut.is_some();
        if let Some(cut) = cut {
            *self = cut.into();
        }
        is_cut
    }
}

impl Cut for Pointer<Text<'_>> {
    fn cut(&mut self) -> bool {
        self.len() > MAX_TEXT && {
            let mut written = self.to_string();
            let is_cut = written.cut();
            *self = written.into();
            is_cut
        }
    }
}

/// The beginning of a text that is too long. The mark has a digest of the whole text: what was
/// different stays so, in comparisons and where findings are put together.
fn cut(text: &str) -> Option<String> {
    if text.len() <= MAX_TEXT {
        return None;
    }
    let digest = Sha256::digest(text.as_bytes());
    let digest = digest.get(..16).unwrap_or_default();
    let mark = format!(
        "… [cut: {} bytes, SHA-256 {}…]",
        text.len(),
        base16ct::lower::encode_string(digest)
    );
    let end = MAX_TEXT - mark.len();
    let end = (0..=end).rev().find(|&end| text.is_char_boundary(end));
    Some([text.get(..end?)?, &mark].concat())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Options;
    use super::super::testing::{read, read_with};
    use super::*;
    use crate::report::Health;

    fn semgrep(results: &[Value]) -> String {
        json!({
            "version": "1.182.0",
            "results": results,
            "errors": [],
            "paths": {"scanned": ["a.py"]},
        })
        .to_string()
    }

    fn result(check_id: &str, path: &str, message: &str) -> Value {
        json!({
            "check_id": check_id,
            "path": path,
            "start": {"line": 1, "col": 1},
            "end": {"line": 1, "col": 2},
            "extra": {"message": message, "severity": "ERROR", "lines": "x", "metadata": {}},
        })
    }

    fn long(end: &str) -> String {
        "é".repeat(MAX_TEXT) + end
    }

    #[test]
    fn a_text_of_the_longest_length_is_kept_whole() {
        let mut text = "a".repeat(MAX_TEXT);
        assert!(!text.cut());
        assert_eq!(text.len(), MAX_TEXT);
        text.push('a');
        assert!(text.cut());
        assert!(text.len() <= MAX_TEXT, "{}", text.len());
        assert!(text.contains("… [cut: 65537 bytes, SHA-256 "), "{text}");
    }

    #[test]
    fn texts_that_differ_after_the_cut_stay_different() {
        let (mut one, mut other) = (long("1"), long("2"));
        assert!(one.cut() && other.cut());
        assert_ne!(one, other);
    }

    #[test]
    fn identities_are_of_the_whole_texts() {
        let report = semgrep(&[
            result("r", &long("1"), "m"),
            result("r", &long("2"), "m"),
            result(&long("1"), "a.py", "m"),
            result(&long("2"), "a.py", "m"),
        ]);
        let (scan, findings) = read(report).unwrap();
        let mut seen: Vec<_> = findings
            .iter()
            .map(|finding| finding.fingerprint.to_string())
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 4);
        assert!(seen.iter().all(|fingerprint| !fingerprint.contains('~')));
        assert_ne!(findings[0].location, findings[1].location);
        assert_ne!(findings[2].rule_id, findings[3].rule_id);
        assert_eq!(scan.health(), Health::Failed);
        let reason: Vec<_> = scan.reasons().collect();
        assert_eq!(
            reason,
            [
                "4 findings have a rule, place or identifier longer than 65536 bytes, which is cut: rules and exceptions cannot ask for it"
            ]
        );
    }

    #[test]
    fn a_long_description_is_cut_and_told() {
        let (scan, findings) = read(semgrep(&[result("r", "a.py", &long(""))])).unwrap();
        let details = &findings[0].details;
        let description = details.description.as_deref().unwrap();
        assert!(description.len() <= MAX_TEXT);
        assert!(description.contains("… [cut: 131072 bytes, SHA-256 "));
        assert_eq!(scan.health(), Health::Degraded);
        assert_eq!(
            scan.reasons().collect::<Vec<_>>(),
            ["1 finding has a text longer than 65536 bytes, which is cut"]
        );
    }

    #[test]
    fn what_is_said_of_a_scan_is_cut_too() {
        let version = format!(
            r#"{{"version": "{}", "results": [], "errors": [], "paths": {{"scanned": ["a"]}}}}"#,
            long("")
        );
        let (scan, _) = read(version).unwrap();
        assert!(scan.version.unwrap().len() <= MAX_TEXT);
        let wrong = format!(
            r#"{{"version": "1", "results": [{{"{0}": 1, "check_id": {{"{0}": "}}}}"#,
            long("")
        );
        assert!(read(wrong).unwrap_err().len() <= 3 * MAX_TEXT);
    }

    #[test]
    fn a_cut_keeps_nothing_of_a_secret() {
        let secret = "hunter2-hunter2";
        let report = json!([{
            "RuleID": "r",
            "Description": format!("{}{secret}", long("")),
            "StartLine": 1,
            "Match": format!("{secret}{}", long("")),
            "Secret": secret,
            "File": format!("{secret}/{}", long("")),
            "Fingerprint": "f",
        }]);
        let (_, findings) = read(report.to_string()).unwrap();
        assert!(!format!("{findings:?}").contains(secret));
    }

    #[test]
    fn findings_beyond_the_limit_are_counted_and_fail_the_report() {
        let options = Options {
            max_findings: 3,
            ..Options::default()
        };
        let read = |count: usize| {
            let results: Vec<_> = (0..count)
                .map(|at| result("r", &format!("{at}.py"), "m"))
                .collect();
            read_with(semgrep(&results), "report", None, &options).unwrap()
        };
        let (scan, findings) = read(3);
        assert_eq!((scan.health(), findings.len()), (Health::Complete, 3));
        let (scan, findings) = read(5);
        assert_eq!((scan.health(), findings.len()), (Health::Failed, 5));
        assert_eq!(
            scan.reasons().collect::<Vec<_>>(),
            [
                "more than 3 findings: 2 more are counted and not kept; raise the limit with `--max-findings` if this is right"
            ]
        );
    }
}
