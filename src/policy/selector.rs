//! What a rule or an exception can ask of a finding.
//!
//! A new question is a new field of [`Selector`], its reading in `load`, and its
//! line in [`Selector::matches`]; leaving the line out does not compile.

use globset::{GlobBuilder, GlobMatcher};

use super::expression::Expression;
use crate::finding::{Category, Finding, Location, Severity};
use crate::fingerprint::{Fingerprint, stable_path};

/// What must hold of a finding: all that is given, and of a list any.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    /// Patterns of lanes.
    pub lane: Option<Patterns>,
    /// Patterns of scanners.
    pub scanner: Option<Patterns>,
    /// Kinds of problems.
    pub category: Option<Vec<Category>>,
    /// Severities, after the policy has said what `unknown` counts as.
    pub severity: Option<Severities>,
    /// Patterns of the scanner's rule identifiers.
    pub rule: Option<Patterns>,
    /// Numbers of weaknesses.
    pub cwe: Option<Vec<u32>>,
    /// Patterns of CVE and other advisory identifiers, aliases included.
    pub vulnerability: Option<Patterns>,
    /// Patterns of package URLs or names, with or without the version.
    pub package: Option<Patterns>,
    /// Patterns of paths.
    pub path: Option<Patterns>,
    /// Whether there is a version without the vulnerability.
    pub fix: Option<Fix>,
    /// Single findings.
    pub fingerprint: Option<Vec<Fingerprint>>,
    /// What the other keys cannot say; asked only where they hold.
    pub when: Option<Expression>,
}

/// A finding with what surrounds it, as a selector sees it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The lane of its report.
    pub lane: &'a str,
    /// The scanner of its report.
    pub scanner: &'a str,
    /// The finding.
    pub finding: &'a Finding,
    /// Its severity, or what `unknown` counts as.
    pub severity: Severity,
    /// The folder of the checkout, which is no part of a path.
    pub workspace: Option<&'a str>,
}

impl Selector {
    /// Whether nothing is asked that any finding could fail.
    pub fn matches_everything(&self) -> bool {
        let Self {
            lane,
            scanner,
            category,
            severity,
            rule,
            cwe,
            vulnerability,
            package,
            path,
            fix,
            fingerprint,
            when,
        } = self;
        let patterns = [lane, scanner, rule, vulnerability, package, path];
        patterns
            .into_iter()
            .flatten()
            .all(Patterns::match_everything)
            && category.as_ref().is_none_or(|wanted| {
                Category::ALL
                    .iter()
                    .all(|category| wanted.contains(category))
            })
            && severity.as_ref().is_none_or(|wanted| {
                Severities::SCALE
                    .iter()
                    .all(|rank| wanted.ranked.contains(rank))
            })
            && cwe.is_none()
            && fix.is_none()
            && fingerprint.is_none()
            && when.is_none()
    }

    /// Whether all that is asked holds of the subject.
    ///
    /// # Errors
    ///
    /// Why that cannot be said. It is neither a yes nor a no.
    pub fn matches(&self, subject: &Subject<'_>) -> Result<bool, String> {
        let Self {
            lane,
            scanner,
            category,
            severity,
            rule,
            cwe,
            vulnerability,
            package,
            path,
            fix,
            fingerprint,
            when,
        } = self;
        let finding = subject.finding;
        let matches = holds(category.as_ref(), |wanted| {
            wanted.contains(&finding.category)
        }) && holds(severity.as_ref(), |wanted| {
            wanted.contain(finding.severity, subject.severity)
        }) && holds(fix.as_ref(), |wanted| *wanted == Fix::of(finding))
            && holds(cwe.as_ref(), |wanted| {
                wanted.iter().any(|number| finding.cwes.contains(number))
            })
            && holds(fingerprint.as_ref(), |wanted| {
                wanted.contains(&finding.fingerprint)
            })
            && holds(lane.as_ref(), |wanted| wanted.match_any([subject.lane]))
            && holds(scanner.as_ref(), |wanted| {
                wanted.match_any([subject.scanner])
            })
            && holds(rule.as_ref(), |wanted| {
                wanted.match_any([finding.rule_id.as_str()])
            })
            && holds(vulnerability.as_ref(), |wanted| {
                let ids = finding.vulnerability_ids.iter().map(String::as_str);
                wanted.match_any(ids.chain([finding.rule_id.as_str()]))
            })
            && holds(package.as_ref(), |wanted| {
                package_names(finding)
                    .iter()
                    .any(|name| wanted.match_any([name.as_str()]))
            })
            && holds(path.as_ref(), |wanted| {
                paths(subject)
                    .iter()
                    .any(|path| wanted.match_any([path.as_str()]))
            });
        match when {
            Some(expression) if matches => expression.matches(subject),
            _ => Ok(matches),
        }
    }
}

fn holds<T>(wanted: Option<&T>, matches: impl FnOnce(&T) -> bool) -> bool {
    wanted.is_none_or(matches)
}

/// The names a package may be meant by: its package URL and its name, each with
/// and without the version.
fn package_names(finding: &Finding) -> Vec<String> {
    let Location::Package {
        purl,
        name,
        version,
        ..
    } = &finding.location
    else {
        return Vec::new();
    };
    let mut names = vec![name.clone()];
    if let Some(version) = version {
        names.push(format!("{name}@{version}"));
    }
    if let Some(purl) = purl {
        let bare = purl.split(['?', '#']).next().unwrap_or_default();
        names.push(bare.to_owned());
        // A scope begins with `@`; a version follows the last one, after the name.
        if let Some((package, version)) = bare.rsplit_once('@')
            && !version.contains('/')
        {
            names.push(package.to_owned());
        }
    }
    names
}

/// Every path of a finding, the places of its instances included.
pub(super) fn paths(subject: &Subject<'_>) -> Vec<String> {
    std::iter::once(&subject.finding.location)
        .chain(&subject.finding.instances)
        .filter_map(Location::path)
        .map(|path| stable_path(path, subject.workspace))
        .collect()
}

/// Shell patterns (`*`, `?`, `[a-z]`, `{a,b}`; `**` also crosses `/`), any of
/// which may match. Case does not matter but in paths: scanners spell as they like.
#[derive(Debug, Clone)]
pub struct Patterns(Vec<GlobMatcher>);

impl Patterns {
    /// Compiles patterns.
    ///
    /// # Errors
    ///
    /// The index of the first that is none, and why.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, String)> {
        Self::compile(patterns, true)
    }

    /// Compiles patterns of paths, whose case matters.
    ///
    /// # Errors
    ///
    /// The index of the first that is none, and why.
    pub fn of_paths<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (usize, String)> {
        Self::compile(patterns, false)
    }

    fn compile<'a>(
        patterns: impl IntoIterator<Item = &'a str>,
        is_case_insensitive: bool,
    ) -> Result<Self, (usize, String)> {
        patterns
            .into_iter()
            .enumerate()
            .map(|(index, pattern)| {
                GlobBuilder::new(pattern)
                    .literal_separator(true)
                    .case_insensitive(is_case_insensitive)
                    .build()
                    .map(|glob| glob.compile_matcher())
                    .map_err(|error| (index, error.kind().to_string()))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether any pattern matches any of the texts.
    pub fn match_any<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> bool {
        texts
            .into_iter()
            .any(|text| self.0.iter().any(|glob| glob.is_match(text)))
    }

    /// Whether one of them is nothing but wildcards.
    fn match_everything(&self) -> bool {
        let is_wild =
            |glob: &GlobMatcher| glob.glob().glob().chars().all(|c| matches!(c, '*' | '/'));
        self.0.iter().any(is_wild)
    }
}

/// Whether a vulnerable package can be replaced by a repaired one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// The report names a repaired version.
    Available,
    /// It names none.
    None,
}

impl Fix {
    fn of(finding: &Finding) -> Self {
        if finding.fixed_in.is_empty() {
            Self::None
        } else {
            Self::Available
        }
    }
}

/// A set of severities: words, or a bound such as `>=high`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severities {
    /// The ranked severities of the set, worst first.
    ranked: Vec<Severity>,
    /// Whether findings without a known severity are meant by name.
    unknown: bool,
}

impl Severities {
    /// The scale, worst first. `unknown` is not on it: it counts as another.
    pub const SCALE: [Severity; 5] = [
        Severity::Critical,
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
    ];

    /// Reads words (`high`, `unknown`) and bounds (`>=high`, `<medium`).
    ///
    /// # Errors
    ///
    /// The word that is no severity.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut set = Self {
            ranked: Vec::new(),
            unknown: false,
        };
        for text in texts {
            let word = text.trim_start_matches(['<', '>', '=']);
            let bound = text.strip_suffix(word).unwrap_or_default();
            let word = word.trim();
            if word == Severity::Unknown.name() && bound.is_empty() {
                set.unknown = true;
                continue;
            }
            let rank = Self::SCALE
                .iter()
                .position(|severity| severity.name() == word)
                .ok_or(text)?;
            let within: fn(usize, usize) -> bool = match bound {
                "" | "=" => |at, rank| at == rank,
                ">=" => |at, rank| at <= rank,
                ">" => |at, rank| at < rank,
                "<=" => |at, rank| at >= rank,
                "<" => |at, rank| at > rank,
                _ => return Err(text),
            };
            for (at, severity) in Self::SCALE.iter().enumerate() {
                if within(at, rank) && !set.ranked.contains(severity) {
                    set.ranked.push(*severity);
                }
            }
        }
        set.ranked.sort();
        Ok(set)
    }

    /// Whether no severity is in the set, as in `>critical`.
    pub fn is_empty(&self) -> bool {
        self.ranked.is_empty() && !self.unknown
    }

    fn contain(&self, given: Severity, counted: Severity) -> bool {
        self.ranked.contains(&counted) || self.unknown && given == Severity::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(location: Location) -> Finding {
        let mut finding = Finding::new(
            Fingerprint::new("test", &["a"]),
            Category::Sca,
            "CVE-2026-0001",
            Severity::Unknown,
            location,
        );
        finding.vulnerability_ids = vec!["GHSA-aaaa-bbbb-cccc".into()];
        finding.cwes = vec![79];
        finding
    }

    fn package(purl: &str, name: &str) -> Finding {
        finding(Location::Package {
            purl: Some(purl.into()),
            name: name.into(),
            version: Some("1.2".into()),
            target: Some("package-lock.json".into()),
            path: None,
        })
    }

    fn matches(selector: &Selector, finding: &Finding) -> bool {
        let subject = Subject {
            lane: "mainline-sca",
            scanner: "trivy",
            finding,
            severity: Severity::High,
            workspace: Some("/builds/group/below/shop"),
        };
        selector.matches(&subject).unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as selectors have them")]
    fn patterns(patterns: &[&str]) -> Option<Patterns> {
        Some(Patterns::new(patterns.iter().copied()).unwrap())
    }

    #[test]
    fn a_selector_without_questions_matches_everything() {
        let selector = Selector::default();
        assert!(selector.matches_everything());
        assert!(matches(&selector, &package("pkg:npm/a@1.2", "a")));
    }

    #[test]
    fn questions_that_anything_answers_are_none() {
        let of = |texts: &[&str]| Some(Severities::parse(texts.iter().copied()).unwrap());
        for (selector, expected) in [
            (
                Selector {
                    severity: of(&[">=info"]),
                    ..Selector::default()
                },
                true,
            ),
            (
                Selector {
                    severity: of(&["<critical", "critical"]),
                    rule: patterns(&["**"]),
                    ..Selector::default()
                },
                true,
            ),
            (
                Selector {
                    category: Some(Category::ALL.to_vec()),
                    ..Selector::default()
                },
                true,
            ),
            (
                Selector {
                    path: patterns(&["src/**", "**/*"]),
                    ..Selector::default()
                },
                true,
            ),
            (
                Selector {
                    when: Some(Expression::compile("kev").unwrap()),
                    severity: of(&[">=info"]),
                    ..Selector::default()
                },
                false,
            ),
            (
                Selector {
                    severity: of(&[">=info"]),
                    path: patterns(&["src/**"]),
                    ..Selector::default()
                },
                false,
            ),
            (
                Selector {
                    severity: of(&[">=low"]),
                    ..Selector::default()
                },
                false,
            ),
            (
                Selector {
                    fix: Some(Fix::None),
                    ..Selector::default()
                },
                false,
            ),
        ] {
            assert_eq!(selector.matches_everything(), expected, "{selector:?}");
        }
    }

    #[test]
    fn all_questions_must_hold() {
        let finding = package("pkg:npm/a@1.2", "a");
        let mut selector = Selector {
            lane: patterns(&["mainline-*"]),
            cwe: Some(vec![79, 80]),
            ..Selector::default()
        };
        assert!(matches(&selector, &finding));
        selector.scanner = patterns(&["grype"]);
        assert!(!matches(&selector, &finding));
    }

    #[test]
    fn a_package_is_known_by_several_names() {
        for (purl, name, pattern, expected) in [
            (
                "pkg:maven/org.x/libx@1.2?type=jar",
                "org.x/libx",
                "pkg:maven/org.x/*",
                true,
            ),
            (
                "pkg:maven/org.x/libx@1.2?type=jar",
                "org.x/libx",
                "pkg:maven/org.x/libx",
                true,
            ),
            (
                "pkg:maven/org.x/libx@1.2?type=jar",
                "org.x/libx",
                "pkg:maven/org.x/libx@1.2",
                true,
            ),
            (
                "pkg:maven/org.x/libx@1.2?type=jar",
                "org.x/libx",
                "org.x/libx@1.2",
                true,
            ),
            (
                "pkg:maven/org.x/libx@1.2?type=jar",
                "org.x/libx",
                "libx",
                false,
            ),
            (
                "pkg:npm/@angular/core@1.2",
                "@angular/core",
                "pkg:npm/@angular/core",
                true,
            ),
            ("pkg:npm/@angular/core", "@angular/core", "pkg:npm", false),
            ("pkg:npm/lodash@1.2", "lodash", "lodash", true),
            ("pkg:npm/lodash@1.2", "lodash", "lodash.set", false),
        ] {
            let selector = Selector {
                package: patterns(&[pattern]),
                ..Selector::default()
            };
            assert_eq!(
                matches(&selector, &package(purl, name)),
                expected,
                "{pattern} on {purl}"
            );
        }
    }

    #[test]
    fn a_vulnerability_is_known_by_its_aliases() {
        for (pattern, expected) in [
            ("CVE-2026-0001", true),
            ("cve-2026-*", true),
            ("GHSA-aaaa-bbbb-cccc", true),
            ("CVE-2026-0002", false),
        ] {
            let selector = Selector {
                vulnerability: patterns(&[pattern]),
                ..Selector::default()
            };
            assert_eq!(
                matches(&selector, &package("pkg:npm/a", "a")),
                expected,
                "{pattern}"
            );
        }
    }

    #[test]
    fn paths_are_compared_without_the_checkout() {
        for (path, pattern, expected) in [
            ("./src/a.py", "src/**", true),
            ("/builds/acme/shop/src/a.py", "src/*.py", true),
            ("/builds/group/below/shop/src/a.py", "src/*.py", true),
            ("tests/../src/a.py", "tests/**", false),
            ("tests/../src/a.py", "src/*.py", true),
            ("Src/a.py", "src/*.py", false),
            ("src\\a.py", "src/a.py", true),
            ("src/b/a.py", "src/*.py", false),
            ("test/src/a.py", "src/**", false),
        ] {
            let selector = Selector {
                path: Some(Patterns::of_paths([pattern]).unwrap()),
                ..Selector::default()
            };
            assert_eq!(
                matches(&selector, &finding(Location::source(path, None))),
                expected,
                "{path}"
            );
        }
    }

    #[test]
    fn severities_are_words_and_bounds() {
        use Severity::*;
        for (texts, ranked) in [
            (vec![">=high"], vec![Critical, High]),
            (vec![">high"], vec![Critical]),
            (vec!["<medium"], vec![Low, Info]),
            (vec!["<=low"], vec![Low, Info]),
            (vec!["high", "low"], vec![High, Low]),
            (vec![">critical"], vec![]),
        ] {
            assert_eq!(
                Severities::parse(texts.clone()).unwrap().ranked,
                ranked,
                "{texts:?}"
            );
        }
        for wrong in ["hihg", ">=unknown", "=>high", "", ">="] {
            assert_eq!(Severities::parse([wrong]), Err(wrong));
        }
    }

    #[test]
    fn unknown_is_meant_by_name_and_by_what_it_counts_as() {
        let finding = package("pkg:npm/a", "a");
        for (text, expected) in [
            ("unknown", true),
            (">=high", true),
            ("high", true),
            ("critical", false),
        ] {
            let selector = Selector {
                severity: Some(Severities::parse([text]).unwrap()),
                ..Selector::default()
            };
            assert_eq!(matches(&selector, &finding), expected, "{text}");
        }
    }

    #[test]
    fn a_fix_is_a_version_that_the_report_names() {
        let mut finding = package("pkg:npm/a", "a");
        let selector = Selector {
            fix: Some(Fix::Available),
            ..Selector::default()
        };
        assert!(!matches(&selector, &finding));
        finding.fixed_in = vec!["1.3".into()];
        assert!(matches(&selector, &finding));
    }
}
