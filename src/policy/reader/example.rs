//! Reading examples.

use std::path::Path;

use jiff::tz::TimeZone;

use super::super::ReportPattern;
use super::super::decide::Verdict;
use super::super::document::{At, Table};
use super::super::example::{Example, ExampleFinding, Given};
use super::super::problem::suggestion;
use super::super::selector::Confidences;
use super::Reader;
use super::selector::cwe;
use crate::finding::{Category, Cvss, CvssVersion, Finding, Location, Severity, Text};
use crate::fingerprint::Fingerprint;
use crate::scanner::{Detail, Kind, Scanner};

/// What stands for a path or a name that an example does not say.
const ANY: &str = "example";

impl Reader<'_> {
    pub(super) fn example(
        &mut self,
        mut table: Table<'_>,
        folder: &Path,
    ) -> Option<(At<String>, Example)> {
        let problems = &mut self.problems;
        let id = table.required_text("id", problems);
        let now = table.date("now", problems).and_then(|now| {
            let time = now.value.to_zoned(TimeZone::UTC);
            if time.is_err() {
                problems.add(now.span, "`now` is too far off", "take an earlier day");
            }
            Some(time.ok()?.timestamp())
        });
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Incomplete]
            .map(|verdict| (verdict.name(), verdict));
        let has_verdict = table.required("verdict", problems);
        let verdict = table
            .word("verdict", &verdicts, problems)
            .filter(|_| has_verdict);
        let rules = table.texts("rules", problems);
        if let (Some(rules), Some(verdict)) = (&rules, &verdict)
            && verdict.value != Verdict::Fail
            && let Some(rule) = rules.first()
        {
            let label = "leave it out, or let the verdict be `fail`";
            problems.add(
                rule.span.clone(),
                "an example that does not fail breaks no rule",
                label,
            );
        }
        let given = self.given(&mut table, folder);
        let origin = self.origin(&table);
        table.finish(&mut self.problems);
        let id = id?;
        let example = Example {
            id: id.value.clone(),
            now,
            given: given?,
            verdict: verdict?.value,
            rules: rules.map(|rules| rules.into_iter().map(|rule| rule.value).collect()),
            origin,
        };
        Some((id, example))
    }

    fn given(&mut self, table: &mut Table<'_>, folder: &Path) -> Option<Given> {
        let has_findings = table.contains("findings");
        let problems = &mut self.problems;
        let findings = table.tables("findings", "a finding", problems);
        let report = table.text("report", problems);
        let lane = table.text("lane", problems);
        match (has_findings, report) {
            (true, None) => {
                if let Some(lane) = lane {
                    let label = "say it in each finding";
                    problems.add(lane.span, "`lane` is that of a `report`", label);
                }
                let findings = findings.into_iter().enumerate();
                let findings = findings.map(|(index, finding)| self.finding(index, finding));
                let findings: Vec<_> = findings.collect();
                findings
                    .into_iter()
                    .collect::<Option<_>>()
                    .map(Given::Findings)
            }
            (false, Some(report)) => {
                let pattern = ReportPattern::parse(&report.value);
                let scanner = pattern.scanner.iter().map(|scanner| At {
                    value: scanner.clone(),
                    span: report.span.clone(),
                });
                self.scanner_names(scanner.collect());
                self.example_lane(lane.as_ref());
                Some(Given::Report {
                    report: pattern,
                    folder: folder.to_path_buf(),
                    lane: lane.map(|lane| lane.value),
                })
            }
            (is_both, _) => {
                let label = match is_both {
                    true => "leave out one of them",
                    false => "say what there is to decide about; `findings = []` is nothing",
                };
                let title = "an example has either `findings` or a `report`";
                problems.add(table.span(), title, label);
                None
            }
        }
    }

    fn finding(&mut self, index: usize, mut table: Table<'_>) -> Option<ExampleFinding> {
        let mistakes = self.problems.count();
        let scanner = self.scanner(&mut table);
        let span = table.span();
        let lane = table.text("lane", &mut self.problems);
        self.example_lane(lane.as_ref());
        let problems = &mut self.problems;
        let categories = Category::ALL.map(|category| (category.name(), category));
        let category = table.word("category", &categories, problems);
        let severities = Severity::ALL.map(|severity| (severity.name(), severity));
        let severity = table.word("severity", &severities, problems);
        let rule = table.text("rule", problems);
        let title = table.text("title", problems);
        let vulnerability = table.texts("vulnerability", problems).unwrap_or_default();
        let vulnerabilities: Vec<String> = vulnerability.into_iter().map(|id| id.value).collect();
        let rule = rule.map(|rule| rule.value);
        let rule = rule.or_else(|| vulnerabilities.first().cloned());
        let rule = rule.unwrap_or_else(|| ANY.to_owned());
        let fingerprint = Fingerprint::new("example", &[&index.to_string()]);
        let nowhere = Location::source(ANY, None);
        let mut finding = Finding::new(
            fingerprint,
            Category::Quality,
            rule,
            Severity::Unknown,
            nowhere,
        );
        if let Some(title) = title {
            finding.title = title.value.into();
        }
        finding.vulnerability_ids = vulnerabilities.into_iter().map(Text::from).collect();
        let confidence = table.word("confidence", &Confidences::WORDS, problems);
        finding.confidence = confidence.map(|confidence| confidence.value);
        let wanted = "a number such as 79, or a text such as \"CWE-79\"";
        let cwes = table.list("cwe", wanted, problems, cwe);
        finding.cwes = values(cwes);
        let fixed_in = values(table.texts("fixed_in", problems));
        finding.fixed_in = fixed_in.into_iter().map(Text::from).collect();
        finding.cvss = table.number("cvss", 10.0, problems).map(|score| Cvss {
            version: CvssVersion::V3,
            score: score.value,
            vector: None,
        });
        finding.kev = table.truth("kev", problems).is_some_and(|kev| kev.value);
        let suppressed = table.truth("suppressed", problems);
        if suppressed.is_some_and(|suppressed| suppressed.value) {
            finding.suppressed = Some("so says the example".into());
        }
        let epss = table.number("epss", 1.0, problems).map(|epss| epss.value);
        let (new, age) = self.time(&mut table);
        let place = self.place(&mut table);
        let has_place = place.is_some();
        if let Some(place) = place {
            finding.location = place;
        }
        table.finish(&mut self.problems);
        let scanner = scanner?;
        if self.problems.count() > mistakes {
            return None;
        }
        let category = category.map(|category| category.value);
        let kind = match kind(&scanner, category, &finding) {
            Ok(kind) => kind,
            Err((title, label)) => {
                self.problems.add(span, title, label);
                return None;
            }
        };
        finding.category = kind.category;
        finding.severity = match (severity, kind.severities) {
            (Some(severity), severities) if severities.contains(&severity.value) => severity.value,
            (Some(severity), severities) => {
                let title = format!("{} never says `{}`", scanner.name, severity.value.name());
                let known: Vec<_> = severities.iter().map(|each| each.name()).collect();
                self.problems
                    .add(severity.span, title, suggestion("", &known));
                return None;
            }
            (None, [only]) => *only,
            (None, _) => {
                let label = "`severity` is missing";
                self.problems.add(span, "a finding needs `severity`", label);
                return None;
            }
        };
        if !has_place {
            finding.location = usual_place(kind);
        }
        Some(ExampleFinding {
            lane: lane.map_or_else(|| scanner.lane.to_owned(), |lane| lane.value),
            scanner: scanner.name,
            finding,
            epss,
            new,
            age,
        })
    }

    /// A lane is named, and there must be one of that name.
    fn example_lane(&mut self, lane: Option<&At<String>>) {
        let Some(lane) = lane else {
            return;
        };
        if lane.value.contains(['*', '?', '[', '{']) {
            let title = format!("`{}` is no name of a lane", lane.value);
            self.problems
                .add(lane.span.clone(), title, "a report is in one lane");
        }
        self.lane_patterns.push(lane.clone());
    }

    fn scanner(&mut self, table: &mut Table<'_>) -> Option<Scanner> {
        let name = table.required_text("scanner", &mut self.problems)?;
        let mut scanners = self.vocabulary.scanners.iter();
        let found = scanners.find(|scanner| scanner.name == name.value).copied();
        // Says what there is, if it is not found.
        self.scanner_names(vec![name]);
        found
    }

    /// Whether it is new, and how old it is. What nothing is said of is new.
    fn time(&mut self, table: &mut Table<'_>) -> (bool, Option<u32>) {
        let new = table.truth("new", &mut self.problems);
        let age = table.duration("age", &mut self.problems);
        let days = age.as_ref().map(|age| {
            let days = age.value.as_hours() / 24;
            u32::try_from(days).unwrap_or(u32::MAX)
        });
        if let (Some(new), Some(_)) = (&new, &age)
            && new.value
        {
            let title = "what is new has no `age`";
            self.problems
                .add(new.span.clone(), title, "leave out one of them");
        }
        let is_new = new.map_or(age.is_none(), |new| new.value);
        (is_new, days)
    }

    /// Where the finding is; absent when nothing says.
    fn place(&mut self, table: &mut Table<'_>) -> Option<Location<Text<'static>>> {
        let problems = &mut self.problems;
        let package = table.text("package", problems);
        let version = table.text("version", problems);
        let path = table.text("path", problems);
        let line = table.whole("line", problems);
        let number = line
            .as_ref()
            .and_then(|line| u32::try_from(line.value).ok());
        if let (Some(line), None) = (&line, number) {
            problems.add(line.span.clone(), "no file has so many lines", "not a line");
        }
        let url = table.text("url", problems);
        let others = [&package, &version, &path];
        if let (Some(url), Some(_)) = (&url, others.into_iter().flatten().next()) {
            let label = "leave out the `url`, or the others";
            problems.add(url.span.clone(), "a finding is in one place", label);
        }
        if let (Some(version), None) = (&version, &package) {
            let label = "`package` is missing";
            problems.add(
                version.span.clone(),
                "a `version` is that of a package",
                label,
            );
        }
        if let (Some(line), None) = (&line, &path) {
            let label = "`path` is missing";
            problems.add(line.span.clone(), "a `line` is that of a file", label);
        }
        let path = path.map(|path| path.value);
        match (package, url) {
            (Some(package), _) => {
                let (name, own_version) = named(&package.value);
                Some(Location::Package {
                    purl: package
                        .value
                        .starts_with(PURL)
                        .then_some(package.value.into()),
                    name: name.into(),
                    version: version
                        .map(|version| version.value)
                        .or(own_version)
                        .map(Text::from),
                    target: None,
                    path: path.map(Text::from),
                })
            }
            (None, Some(url)) => Some(Location::Web {
                url: url.value.into(),
                method: None,
                parameter: None,
            }),
            (None, None) => path.map(|path| Location::source(path, number)),
        }
    }
}

fn values<T>(given: Option<Vec<At<T>>>) -> Vec<T> {
    let given = given.unwrap_or_default().into_iter();
    given.map(|value| value.value).collect()
}

const PURL: &str = "pkg:";

/// The name and the version of a package, given by them or by its package URL.
fn named(package: &str) -> (String, Option<String>) {
    let bare = package.split(['?', '#']).next().unwrap_or_default();
    let rest = bare.strip_prefix(PURL).unwrap_or(bare);
    // A scope begins with `@`; a version follows the last one, after the name.
    let (name, version) = match rest.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() && !version.contains('/') => {
            (name, Some(version.to_owned()))
        }
        _ => (rest, None),
    };
    let name = match (bare == rest, name.split_once('/')) {
        (false, Some(("maven", name))) => name.replacen('/', ":", 1),
        (false, Some((_, name))) => name.replace("%40", "@"),
        _ => name.to_owned(),
    };
    (name, version)
}

/// The kind of the scanner's findings that it is of: the one that is named; else
/// the only one that can have all that is said of it.
fn kind<'s>(
    scanner: &'s Scanner,
    category: Option<Category>,
    finding: &Finding,
) -> Result<&'s Kind, (String, String)> {
    let all = scanner.kinds.iter();
    let all: Vec<_> = all
        .filter(|kind| category.is_none_or(|category| kind.category == category))
        .collect();
    let name = scanner.name;
    if let (Some(category), []) = (category, all.as_slice()) {
        let title = format!("{name} finds nothing of the category `{}`", category.name());
        return Err((title, format!("it finds {}", names(scanner.kinds.iter()))));
    }
    let details = Detail::of(finding);
    // A place that nothing is said of is none.
    let is_somewhere = !matches!(&finding.location, Location::Source { path, .. } if path == ANY);
    let can_be = |kind: &&&Kind| {
        let mut details = details.iter();
        details.all(|detail| kind.has(*detail) || *detail == Detail::Path && !is_somewhere)
    };
    let possible: Vec<_> = all.iter().filter(can_be).copied().collect();
    let is_package = details.contains(&Detail::Package);
    let fitting = possible.iter().copied();
    let fitting: Vec<_> = fitting
        .filter(|kind| kind.has(Detail::Package) == is_package)
        .collect();
    match (possible.as_slice(), fitting.as_slice()) {
        ([kind], _) | (_, [kind]) => Ok(kind),
        ([], _) => {
            let title = format!("no report of {name} can hold such a finding");
            let said = details.into_iter();
            let said: Vec<_> = said
                .filter(|detail| *detail != Detail::Path || is_somewhere)
                .collect();
            let never = said.iter().copied();
            let never: Vec<_> = never
                .filter(|detail| !all.iter().any(|kind| kind.has(*detail)))
                .collect();
            // Each alone it may say, but not all at once.
            let never = if never.is_empty() { said } else { never };
            let keys: Vec<_> = never.iter().map(|detail| key(*detail, finding)).collect();
            Err((title, format!("it never says `{}`", keys.join("` and `"))))
        }
        (possible, _) => {
            let title = format!("a finding of {name} needs `category` here");
            Err((title, format!("is it {}?", names(possible.iter().copied()))))
        }
    }
}

/// The key by which an example says this of a finding.
fn key(detail: Detail, finding: &Finding) -> &'static str {
    match detail {
        Detail::Confidence => "confidence",
        Detail::Cwe => "cwe",
        Detail::Vulnerability if finding.vulnerability_ids.is_empty() => "kev",
        Detail::Vulnerability => "vulnerability",
        Detail::Cvss => "cvss",
        Detail::Fix => "fixed_in",
        Detail::Package => "package",
        Detail::Url => "url",
        Detail::Path => "path",
    }
}

fn names<'k>(kinds: impl Iterator<Item = &'k Kind>) -> String {
    let names: Vec<_> = kinds.map(|kind| kind.category.name()).collect();
    names.join(", ")
}

/// A place as findings of this kind have it.
fn usual_place(kind: &Kind) -> Location<Text<'static>> {
    if kind.has(Detail::Package) {
        return Location::Package {
            purl: None,
            name: ANY.to_owned().into(),
            version: None,
            target: None,
            path: None,
        };
    }
    if kind.has(Detail::Url) {
        return Location::Web {
            url: "https://example.com/".into(),
            method: None,
            parameter: None,
        };
    }
    Location::source(ANY, None)
}
