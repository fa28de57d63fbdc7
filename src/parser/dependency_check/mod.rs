//! OWASP Dependency-Check reports, JSON and XML, of versions 1.3 to 12.
//!
//! Source of the format: the templates `jsonReport.vsl` and `xmlReport.vsl`,
//! and the schemas `dependency-check.1.3.xsd` to `dependency-check.4.1.xsd`. The
//! two encodings say the same in other places; both are read into the types
//! here, which are JSON's, and become findings in one way.

use std::borrow::Cow;
use std::fmt;

use foldhash::HashSet;
use serde::de::{IgnoredAny, MapAccess};
use serde::{Deserialize, Deserializer};

use super::fields::{Checked, Lenient, List, Number, Text, Texts, cwes, first_line, leniently};
use super::json::Piece;
use super::outline::Outline;
use super::{Emitter, Format, Parse, Parser};
use crate::finding::{Category, Cvss, CvssVersion, Details, Finding, Location, Severity};
use crate::fingerprint::{ContentDigest, Fingerprint};
use crate::scanner::{self, Detail};

mod health;
mod json;
mod package;
mod xml;

use package::Package;

pub(super) const PARSER: Parser = Parser {
    scanner: "dependency-check",
    lane: "mainline-sca",
    kinds: &[scanner::Kind {
        category: Category::Sca,
        severities: &Severity::ALL,
        details: &[
            Detail::Cwe,
            Detail::Vulnerability,
            Detail::Cvss,
            Detail::Fix,
            Detail::Package,
            Detail::Path,
        ],
    }],
    tells_target: false,
    programs: &[
        "dependency-check",
        "dependency-check.bat",
        "dependency-check.sh",
    ],
    formats: &[
        Format {
            name: "dependency-check-json",
            recognize: |outline| {
                outline.has("reportSchema")
                    && outline.has("scanInfo")
                    && outline.has_array("dependencies")
            },
            untyped: &[],
            parse: Parse::Json(json::parse),
        },
        Format {
            name: "dependency-check-xml",
            recognize: is_analysis,
            untyped: &[],
            parse: Parse::Xml(xml::parse),
        },
    ],
};

/// The host of the namespace has changed over the years, and the version does
/// with every other release.
fn is_analysis(outline: &Outline) -> bool {
    let is_schema = |namespace: &str| {
        let name = namespace.trim().rsplit('/').next().unwrap_or_default();
        name.strip_prefix("dependency-check.")
            .and_then(|rest| rest.strip_suffix(".xsd"))
            .is_some_and(|version| {
                version.starts_with(|first: char| first.is_ascii_digit())
                    && version.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            })
    };
    outline.is_xml("analysis")
        && outline.has_attribute(|name, value| {
            (name == "xmlns" || name.starts_with("xmlns:")) && is_schema(value)
        })
}

/// A file or package that was looked at, and what is known against it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    #[serde(borrow)]
    file_name: Cow<'a, str>,
    #[serde(borrow, default)]
    file_path: Text<'a>,
    #[serde(borrow, default)]
    sha1: Text<'a>,
    #[serde(borrow, default)]
    packages: List<PackageId<'a>>,
    /// Before 5.0, in place of `packages`.
    #[serde(borrow, default)]
    identifiers: List<Identifier<'a>>,
    #[serde(borrow, default)]
    vulnerabilities: List<Vulnerability<'a>>,
    #[serde(borrow, default)]
    suppressed_vulnerabilities: List<Vulnerability<'a>>,
}

impl Piece for Dependency<'_> {
    type Of<'a> = Dependency<'a>;
}

#[derive(Deserialize)]
struct PackageId<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Vulnerability<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// Absent where it is suppressed, and where there is no score either.
    #[serde(borrow, default)]
    severity: Option<Word<'a>>,
    /// `true` when the severity is the source's own text.
    #[serde(borrow, default)]
    unscored: Text<'a>,
    #[serde(borrow, default)]
    cvssv4: Option<Score<'a>>,
    #[serde(borrow, default)]
    cvssv3: Option<Score<'a>>,
    #[serde(borrow, default)]
    cvssv2: Option<Score<'a>>,
    /// Before 5.0, of version 2, and 0 when there is none.
    #[serde(default)]
    cvss_score: Number,
    #[serde(borrow, default)]
    cwes: Texts<'a>,
    /// Before 5.0.
    #[serde(borrow, default)]
    cwe: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
    /// Of the suppression.
    #[serde(borrow, default)]
    notes: Text<'a>,
    #[serde(borrow, default)]
    references: List<Reference<'a>>,
    #[serde(borrow, default)]
    vulnerable_software: List<SoftwareEntry<'a>>,
    #[serde(default)]
    known_exploited_vulnerability: Option<IgnoredAny>,
}

#[derive(Default)]
enum Word<'a> {
    Text(Cow<'a, str>),
    #[default]
    Other,
}

impl<'de> Lenient<'de> for Word<'de> {
    type Inner = Checked<'de>;

    fn text(text: Cow<'de, str>) -> Self {
        Self::Text(text)
    }

    fn number(_: f64, _: impl fmt::Display) -> Self {
        Self::Other
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        leniently::<Word<'de>, _>(deserializer)
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Score<'a> {
    #[serde(default)]
    base_score: Number,
    /// The name in version 2.
    #[serde(default)]
    score: Number,
    /// Since CVSS 4; the others are written in parts only.
    #[serde(borrow, default)]
    vector_string: Text<'a>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    url: Text<'a>,
}

#[derive(Deserialize)]
struct SoftwareEntry<'a> {
    #[serde(borrow, default)]
    software: Option<Software<'a>>,
}

#[derive(Default)]
enum Software<'a> {
    Range {
        vulnerability_id_matched: Text<'a>,
        version_end_excluding: Text<'a>,
    },
    /// Before 5.0, a name only.
    #[default]
    Other,
}

impl<'de> Lenient<'de> for Software<'de> {
    type Inner = Checked<'de>;

    fn text(_: Cow<'de, str>) -> Self {
        Self::Other
    }

    fn number(_: f64, _: impl fmt::Display) -> Self {
        Self::Other
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut matched = None;
        let mut end = None;
        // Either of two would hide the other.
        let mut is_doubtful = false;
        while let Some((Checked(key), Checked(value))) = map.next_entry()? {
            let before = match &*key {
                "vulnerabilityIdMatched" => matched.replace(value),
                "versionEndExcluding" => end.replace(value),
                _ => None,
            };
            is_doubtful |= before.is_some();
        }
        Ok(match is_doubtful {
            true => Self::Other,
            false => Self::Range {
                vulnerability_id_matched: matched.unwrap_or_default(),
                version_end_excluding: end.unwrap_or_default(),
            },
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Software<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        leniently::<Software<'de>, _>(deserializer)
    }
}

#[derive(Deserialize)]
struct DataSource<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
}

impl Dependency<'_> {
    /// Hands on what is known against the dependency. `pointer` tells where the
    /// n-th of the active or the suppressed ones stands, counted from 0.
    fn emit(&self, emitter: &mut Emitter<'_>, pointer: impl Fn(State, usize) -> String) {
        let lists = [
            (State::Active, &self.vulnerabilities),
            (State::Suppressed, &self.suppressed_vulnerabilities),
        ];
        let package = Package::of(self);
        for (state, list) in lists {
            for (index, vulnerability) in list.0.iter().enumerate() {
                let mut finding = vulnerability.finding(&package, self);
                if state == State::Suppressed {
                    let reason = text(&vulnerability.notes);
                    let no_reason = || "suppressed by Dependency-Check's configuration".into();
                    finding.suppressed = Some(reason.unwrap_or_else(no_reason));
                }
                finding.pointer = pointer(state, index).into();
                emitter.emit(finding);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Suppressed,
}

impl Vulnerability<'_> {
    fn finding<'a>(&'a self, package: &'a Package, dependency: &'a Dependency<'_>) -> Finding<'a> {
        let name = self.name.trim();
        let cvss = self.cvss();
        let location = Location::Package {
            purl: package.purl.as_deref().map(Into::into),
            name: package.name.as_str().into(),
            version: package.version.as_deref().map(Into::into),
            target: text(&dependency.file_name),
            path: text(&dependency.file_path),
        };
        let mut finding = Finding::new(
            Fingerprint::new("dependency-check", &[name, &package.key]),
            Category::Sca,
            name,
            self.severity(cvss.as_ref()),
            location,
        );
        // A key of this kind is the file's name.
        let is_telling = !package.key.starts_with("file:");
        finding.content =
            is_telling.then(|| ContentDigest::new("dependency-check", &[name, &package.key]));
        finding.title = first_line(name).unwrap_or_default().into();
        finding.details = Details {
            description: text(&self.description),
            references: distinct(self.references.0.iter().map(|r| &*r.url)),
        };
        finding.scanner_severity = match &self.severity {
            Some(Word::Text(word)) => text(word),
            Some(Word::Other) | None => None,
        };
        finding.cwes = self.weaknesses();
        finding.vulnerability_ids = is_identifier(name)
            .then(|| name.into())
            .into_iter()
            .collect();
        finding.cvss = cvss;
        finding.kev = self.known_exploited_vulnerability.is_some();
        finding.fixed_in = distinct(self.fixed_versions());
        finding
    }

    /// Dependency-Check's own word, which it takes from the source's text, else
    /// from CVSS 4, 3 or 2; suppressed ones have none, so we do the same.
    fn severity(&self, cvss: Option<&Cvss<Cow<'_, str>>>) -> Severity {
        let word = match &self.severity {
            Some(Word::Text(word)) => word.trim(),
            Some(Word::Other) => return Severity::Unknown,
            None => "",
        };
        match word.to_ascii_lowercase().as_str() {
            "" => cvss.map_or(Severity::Unknown, |cvss| {
                Severity::from_cvss(cvss.version, cvss.score)
            }),
            "critical" => Severity::Critical,
            "high" => Severity::High,
            "medium" | "moderate" => Severity::Medium,
            "low" => Severity::Low,
            "info" | "informational" | "none" => Severity::Info,
            // Without the mark no number is ever written.
            word if self.unscored.trim().eq_ignore_ascii_case("true") => of_score(word),
            _ => Severity::Unknown,
        }
    }

    /// The score of the highest version that has a sound one. 0 is also what
    /// stands for a score that was not given: it yields to any other.
    fn cvss(&self) -> Option<Cvss<Cow<'_, str>>> {
        let versions = [
            (CvssVersion::V4, &self.cvssv4),
            (CvssVersion::V3, &self.cvssv3),
            (CvssVersion::V2, &self.cvssv2),
        ];
        let old = Cvss {
            version: CvssVersion::V2,
            score: self.cvss_score.0.unwrap_or_default(),
            vector: None,
        };
        let mut scores: Vec<_> = versions
            .into_iter()
            .filter_map(|(version, score)| {
                let score = score.as_ref()?;
                Some(Cvss {
                    version,
                    score: score.base_score.0.or(score.score.0)?,
                    vector: text(&score.vector_string),
                })
            })
            .chain(Some(old).filter(|old| old.score > 0.0))
            .filter(|cvss| (0.0..=10.0).contains(&cvss.score))
            .collect();
        let best = scores.iter().position(|cvss| cvss.score > 0.0);
        let best = best.or_else(|| (!scores.is_empty()).then_some(0))?;
        let mut best = scores.swap_remove(best);
        best.score = narrowed(best.score);
        Some(best)
    }

    fn weaknesses(&self) -> Vec<u32> {
        let texts = self.cwes.0.iter().chain([&self.cwe]);
        let mut numbers: Vec<u32> = Vec::new();
        for number in texts.flat_map(|text| cwes(text)) {
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers
    }

    /// Where the range ends in which the dependency was matched. The other
    /// ranges may be of other products.
    fn fixed_versions(&self) -> impl Iterator<Item = &str> {
        let entries = self.vulnerable_software.0.iter();
        entries.filter_map(|entry| match entry.software.as_ref()? {
            Software::Range {
                vulnerability_id_matched: matched,
                version_end_excluding: end,
            } if matched.trim().eq_ignore_ascii_case("true") => end.some(),
            Software::Range { .. } | Software::Other => None,
        })
    }
}

/// The score that was meant: Dependency-Check keeps some in single precision and
/// writes them in double, 9.8 as 9.800000190734863.
#[expect(
    clippy::cast_possible_truncation,
    clippy::float_cmp,
    reason = "whether precision is lost is the question"
)]
fn narrowed(score: f64) -> f64 {
    let single = score as f32;
    if f64::from(single) == score {
        single.to_string().parse().unwrap_or(score)
    } else {
        score
    }
}

/// Whether a vulnerability's name is one in a public list: `CVE-2021-44228`,
/// `GHSA-…`, `sonatype-2020-0926`. Others are a sentence of Retire.js, an old
/// number of NPM's, or a weakness.
fn is_identifier(name: &str) -> bool {
    let Some((list, number)) = name.split_once('-') else {
        return false;
    };
    !list.eq_ignore_ascii_case("cwe")
        && list.starts_with(|first: char| first.is_ascii_alphabetic())
        && list.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && number.bytes().any(|byte| byte.is_ascii_digit())
        && number
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// The severity of OSS Index's score, which stands in the place of the word where
/// it has no vector. 0 means that there is no score.
pub(crate) fn of_score(score: &str) -> Severity {
    let score = score.parse().ok().filter(|&score| score > 0.0);
    score.map_or(Severity::Unknown, |score| {
        Severity::from_cvss(CvssVersion::V3, score)
    })
}

/// The trimmed text, unless there is none: people reformat XML.
fn text<'a, T: From<&'a str>>(text: &'a str) -> Option<T> {
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(T::from)
}

/// The texts, each once, in their order.
fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    let mut seen = HashSet::default();
    texts
        .map(str::trim)
        .filter(|text| !text.is_empty() && seen.insert(*text))
        .map(Cow::Borrowed)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Pointer, Text};
    use crate::parser::{Options, by_name, testing};
    use crate::report::Scan;

    pub(super) fn read(report: &str) -> (Result<Scan, String>, Vec<Finding<'static>>) {
        match testing::read_with(
            report,
            "report",
            by_name("dependency-check"),
            &Options::default(),
        ) {
            Ok((scan, findings)) => (Ok(scan), findings),
            Err(error) => (Err(error), Vec::new()),
        }
    }

    pub(super) fn findings(report: &str) -> Vec<Finding<'static>> {
        let (scan, findings) = read(report);
        scan.unwrap();
        findings
    }

    /// A report of one dependency, with more members of it.
    fn with_dependency(members: &str) -> String {
        with_scan(
            r#""engineVersion":"12.1.0""#,
            &format!(r#"{{"fileName":"x-1.0.jar",{members}}}"#),
        )
    }

    pub(super) fn with_scan(scan_info: &str, dependencies: &str) -> String {
        format!(
            r#"{{"reportSchema":"1.1","scanInfo":{{{scan_info}}},"projectInfo":{{"name":"shop","reportDate":"2026-01-10T00:00:00Z"}},"dependencies":[{dependencies}]}}"#
        )
    }

    /// The finding of a report with one vulnerability of these members.
    pub(super) fn finding(members: &str) -> Finding<'static> {
        let report = with_dependency(&format!(
            r#""packages":[{{"id":"pkg:maven/org.x/x@1.0"}}],"vulnerabilities":[{{"name":"CVE-2026-1",{members}}}]"#
        ));
        findings(&report).remove(0)
    }

    #[test]
    fn the_namespace_tells_the_report_whatever_its_host_and_version() {
        for (name, value, is_report) in [
            (
                "xmlns",
                "https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd",
                true,
            ),
            (
                "xmlns:dc",
                "https://example.org/dependency-check.13.0.xsd",
                true,
            ),
            (
                "xmlns",
                "https://jeremylong.github.io/DependencyCheck/dependency-suppression.1.3.xsd",
                false,
            ),
            (
                "xmlns",
                "https://example.org/dependency-check..xsd/other",
                false,
            ),
            ("xmlns", "https://example.org/dependency-check.x.xsd", false),
            ("about", "dependency-check.4.1.xsd", false),
        ] {
            let outline = Outline::Xml {
                root: "analysis".to_owned(),
                attributes: vec![(name.to_owned(), value.to_owned())],
            };
            assert_eq!(is_analysis(&outline), is_report, "{name}={value}");
        }
    }

    #[test]
    fn a_repair_is_the_end_of_the_range_that_matched() {
        let range = r#""vulnerabilityIdMatched":"true","versionEndExcluding""#;
        for (software, fixed) in [
            (format!(r#"{{{range}:" 1.2 ","id":7}}"#), &["1.2"][..]),
            (format!(r"{{{range}:2}}"), &["2"]),
            (format!(r"{{{range}:null}}"), &[]),
            (format!(r#"{{{range}:"1","versionEndExcluding":"2"}}"#), &[]),
            (r#"{"versionEndExcluding":"1"}"#.to_owned(), &[]),
            (r#""cpe:a""#.to_owned(), &[]),
            ("3".to_owned(), &[]),
            ("null".to_owned(), &[]),
        ] {
            let members = format!(r#""vulnerableSoftware":[{{"software":{software}}}]"#);
            assert_eq!(finding(&members).fixed_in, fixed, "{software}");
        }
    }

    #[test]
    fn what_is_broken_where_nobody_looks_is_told() {
        for member in [
            r#""severity":{"a":["\ud83d"]}"#,
            r#""vulnerableSoftware":[{"software":{"id":"\ud83d"}}]"#,
            r#""vulnerableSoftware":[{"software":[{"\ud83d":1}]}]"#,
        ] {
            let members = format!(
                r#"{{"fileName":"x","vulnerabilities":[{{"name":"CVE-2026-1",{member}}}]}}"#
            );
            let report = with_scan(r#""engineVersion":"12""#, &members);
            let (scan, findings) = read(&report);
            assert_eq!(scan.unwrap().health(), crate::report::Health::Degraded);
            assert_eq!(findings.len(), 1, "{member}");
        }
    }

    #[test]
    fn the_word_is_the_severity_and_scores_stand_in_for_it() {
        use Severity::*;
        for (members, severity) in [
            (
                r#""severity":" critical ","cvssv3":{"baseScore":1.0}"#,
                Critical,
            ),
            (r#""severity":"HIGH""#, High),
            (r#""severity":"Moderate","unscored":"true""#, Medium),
            (r#""severity":"medium""#, Medium),
            (r#""severity":"Low","cvssv3":{"baseScore":9.8}"#, Low),
            (r#""severity":"informational""#, Info),
            (r#""severity":"NONE""#, Info),
            (r#""severity":"UNKOWN","unscored":"true""#, Unknown),
            (r#""severity":"SEVERE","cvssv3":{"baseScore":5.0}"#, Unknown),
            (r#""severity":["LOW"],"cvssv3":{"baseScore":5.0}"#, Unknown),
            (r#""severity":3"#, Unknown),
            (r#""severity":"9.8","unscored":"true""#, Critical),
            (r#""severity":"9.8""#, Unknown),
            (r#""severity":"0.0","unscored":"true""#, Unknown),
            (r#""severity":"-1.0","unscored":"true""#, Unknown),
            (r#""severity":"NaN","unscored":"true""#, Unknown),
            (r#""severity":null"#, Unknown),
            (r#""severity":"","cvssv3":{"baseScore":9.0}"#, Critical),
            (
                r#""cvssv4":{"baseScore":9.3},"cvssv3":{"baseScore":5.0},"cvssv2":{"score":4.0}"#,
                Critical,
            ),
            (
                r#""cvssv4":{"baseScore":null},"cvssv3":{"baseScore":"6.999"}"#,
                Medium,
            ),
            (r#""cvssv4":null,"cvssv3":{},"cvssv2":{"score":10}"#, High),
            (r#""cvssv4":{"baseScore":0.0}"#, Info),
            (
                r#""cvssv4":{"baseScore":0.0},"cvssv3":{"baseScore":9.8}"#,
                Critical,
            ),
            (
                r#""cvssv4":{"baseScore":0},"cvssv3":{"baseScore":0},"cvssv2":{"score":7.5}"#,
                High,
            ),
            (r#""cvssv3":{"baseScore":0.0},"cvssScore":"5.0""#, Medium),
            (r#""cvssv3":{"baseScore":-1}"#, Unknown),
            (r#""cvssv3":{"baseScore":11.0}"#, Unknown),
            (r#""cvssScore":"7.5""#, High),
            (r#""cvssScore":"0.0""#, Unknown),
        ] {
            assert_eq!(finding(members).severity, severity, "{members}");
        }
    }

    #[test]
    fn a_finding_says_what_the_report_says() {
        let report = with_dependency(
            r#""filePath":"/ci/w/x-1.0.jar?x","packages":[{"id":"pkg:maven/org.x/x@1.0?type=jar"}],
            "vulnerabilities":[{"source":"NVD","name":"CVE-2026-1","severity":"HIGH",
              "cvssv4":{"vectorString":"CVSS:4.0/AV:N","baseScore":8.699999809265137},
              "cvssv3":{"baseScore":9.8},"cwes":["CWE-79","NVD-CWE-noinfo","CWE-79","CWE-80"],
              "description":" One.\nTwo. ","notes":"","knownExploitedVulnerability":{"Name":"x"},
              "references":[{"url":"https://a"},{"name":"no address"},{"url":"https://b"},{"url":"https://a"}],
              "vulnerableSoftware":[{"software":{"id":"cpe:a","versionEndExcluding":"9"}},
                {"software":{"id":"cpe:b","vulnerabilityIdMatched":"true","versionEndExcluding":"1.2"}},
                {"software":"cpe:c"},{"name":"cpe:d"}]}]"#,
        );
        let finding = findings(&report).remove(0);
        assert_eq!(finding.rule_id, "CVE-2026-1");
        assert_eq!(finding.title, "CVE-2026-1");
        assert_eq!(finding.vulnerability_ids, ["CVE-2026-1"]);
        assert_eq!(finding.category, Category::Sca);
        assert_eq!(finding.scanner_severity.as_deref(), Some("HIGH"));
        let details = finding.details;
        assert_eq!(details.description.as_deref(), Some("One.\nTwo."));
        assert_eq!(finding.cwes, [79, 80]);
        assert_eq!(details.references, ["https://a", "https://b"]);
        assert_eq!(finding.fixed_in, ["1.2"]);
        assert!(finding.kev);
        assert_eq!(finding.suppressed, None);
        assert_eq!(
            finding.pointer.to_string(),
            "/dependencies/0/vulnerabilities/0"
        );
        let cvss = Cvss {
            version: CvssVersion::V4,
            score: 8.7,
            vector: Some("CVSS:4.0/AV:N".into()),
        };
        assert_eq!(finding.cvss, Some(cvss));
        let location = Location::Package {
            purl: Some("pkg:maven/org.x/x@1.0?type=jar".into()),
            name: "org.x/x".into(),
            version: Some("1.0".into()),
            target: Some("x-1.0.jar".into()),
            path: Some("/ci/w/x-1.0.jar?x".into()),
        };
        assert_eq!(finding.location, location);
    }

    #[test]
    fn only_names_from_a_list_are_vulnerability_ids() {
        for (name, is) in [
            ("CVE-2021-44228", true),
            ("GHSA-jfh8-c2jp-5v3q", true),
            ("sonatype-2020-0926", true),
            ("1500", false),
            ("jquery issue: 162", false),
            (
                "Bootstrap before 4.0.0 is end-of-life and no longer maintained.",
                false,
            ),
            ("CWE-400: Uncontrolled Resource Consumption", false),
            ("CWE-400", false),
            ("end-of-life", false),
        ] {
            assert_eq!(is_identifier(name), is, "{name}");
        }
    }

    #[test]
    fn what_was_suppressed_is_marked_and_rated_by_its_score() {
        let report = with_dependency(
            r#""suppressedVulnerabilities":[{"name":"CVE-2020-3","cvssv3":{"baseScore":9.8},"notes":" not reachable "},{"name":"CVE-2020-4","notes":""}],
            "vulnerabilities":[{"name":"CVE-2020-5","severity":"LOW","notes":"seen"}]"#,
        );
        let found: Vec<_> = findings(&report)
            .into_iter()
            .map(|f| (f.rule_id, f.severity.name(), f.suppressed, f.pointer))
            .collect();
        let expected = [
            (
                "CVE-2020-5",
                "low",
                None,
                "/dependencies/0/vulnerabilities/0",
            ),
            (
                "CVE-2020-3",
                "critical",
                Some("not reachable"),
                "/dependencies/0/suppressedVulnerabilities/0",
            ),
            (
                "CVE-2020-4",
                "unknown",
                Some("suppressed by Dependency-Check's configuration"),
                "/dependencies/0/suppressedVulnerabilities/1",
            ),
        ]
        .map(|(rule, severity, reason, pointer)| {
            let texts: (Text, Option<Text>, Pointer<_>) =
                (rule.into(), reason.map(Into::into), pointer.into());
            (texts.0, severity, texts.1, texts.2)
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn both_encodings_of_a_report_are_the_same_findings() {
        let read = |name: &str| {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            let path = folder.join("fixtures/reports/dependency-check").join(name);
            testing::read(fs_err::read(path).unwrap()).unwrap().1
        };
        let (json, xml) = (read("armorcode-maven.json"), read("armorcode-maven.xml"));
        assert_eq!(json.len(), xml.len());
        for (json, xml) in json.into_iter().zip(xml) {
            // The two were written on different days, between which the
            // references changed.
            let details = Details {
                description: xml.details.description.clone(),
                ..json.details.clone()
            };
            let xml = Finding {
                details,
                reference_count: json.reference_count,
                pointer: json.pointer.clone(),
                ..xml
            };
            assert_eq!(json, xml);
        }
    }
}
