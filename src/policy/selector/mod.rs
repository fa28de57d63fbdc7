//! What a rule or an exception can ask of a finding.
//!
//! A new question is a new variant of [`Question`] and its reading in `reader`;
//! the compiler asks for the rest.

use std::borrow::Cow;
use std::ops::Range;

use super::expression::Expression;
use crate::finding::{Category, Finding, Findings, Severity};
use crate::fingerprint::Fingerprint;

mod answer;
mod beside;
mod bounds;
mod patterns;
mod subject;
mod turns;

pub use answer::Answer;
pub use beside::{Beside, OfPlace};
pub use bounds::{Bound, Confidences, Fix, SeenBy, Severities};
pub use patterns::Patterns;
pub use subject::{Source, Subject, Texts};
pub use turns::Turns;

/// What must hold of a finding: all that is asked.
#[derive(Debug, Clone, Default)]
pub struct Selector {
    asked: Vec<Asked>,
    when: Option<Expression>,
    /// Whether what it asks of places must hold of all that a finding has.
    everywhere: bool,
}

/// A question, and how it stands in the policy.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The value of its key, as written.
    pub written: String,
    /// The bytes of that value in the policy's text.
    pub span: Range<usize>,
}

/// What can be asked of a finding by a key of its own. Of a list, any may hold.
/// What is quickly answered stands first, here and in [`Selector::asked`].
#[derive(Debug, Clone)]
pub enum Question {
    /// Kinds of problems.
    Category(Vec<Category>),
    /// Severities, after the policy has said what `unknown` counts as.
    Severity(Severities),
    /// Whether there is a version without the vulnerability.
    Fix(Fix),
    /// Whether it is known to be exploited.
    Kev(bool),
    /// Whether the baseline does not know it.
    New(bool),
    /// Whether it is older than `[sla]` allows.
    Overdue(bool),
    /// How sure its scanner is.
    Confidence(Confidences),
    /// The scanner's CVSS score.
    Cvss(Bound<f64>),
    /// The probability that it is exploited within 30 days.
    Epss(Bound<f64>),
    /// The days since it was first seen.
    Age(Bound<u32>),
    /// Numbers of weaknesses.
    Cwe(Vec<u32>),
    /// Single findings.
    Fingerprint(Vec<Fingerprint>),
    /// The scanners that see the same problem.
    SeenBy(SeenBy),
    /// Patterns of lanes.
    Lane(Patterns),
    /// Patterns of scanners.
    Scanner(Patterns),
    /// Patterns of the scanner's rule identifiers.
    Rule(Patterns),
    /// Patterns of CVE and other advisory identifiers, aliases included.
    Vulnerability(Patterns),
    /// Patterns of titles.
    Title(Patterns),
    /// Patterns of package URLs or names, with or without the version.
    Package(Patterns),
    /// Patterns of addresses, with or without the query.
    Url(Patterns),
    /// Patterns of paths.
    Path(Patterns),
}

/// What a selector needs to know that no report tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a need of its own")]
pub struct Needs {
    /// An earlier summary: for `new`, `age` and `overdue`.
    pub baseline: bool,
    /// The catalogue of known exploited vulnerabilities.
    pub kev: bool,
    /// Exploit predictions.
    pub epss: bool,
    /// The policy's `[sla]`: for `overdue`.
    pub sla: bool,
    /// What only people read of a finding: for `description` and `references`. It is
    /// there, except in an earlier summary.
    pub details: bool,
}

impl Needs {
    /// Whether any of it is needed and not there.
    pub fn exceed(self, there: Self) -> bool {
        self.baseline && !there.baseline
            || self.kev && !there.kev
            || self.epss && !there.epss
            || self.details && !there.details
    }

    fn and(self, other: Self) -> Self {
        Self {
            baseline: self.baseline || other.baseline,
            kev: self.kev || other.kev,
            epss: self.epss || other.epss,
            sla: self.sla || other.sla,
            details: self.details || other.details,
        }
    }
}

impl Selector {
    /// A selector that asks all of these.
    pub fn new(asked: Vec<Asked>, when: Option<Expression>) -> Self {
        Self {
            asked,
            when,
            everywhere: false,
        }
    }

    /// The same of every place: a finding of which one place is meant and another
    /// is not is not meant. So exceptions ask; rules ask of any place.
    #[must_use]
    pub fn everywhere(self) -> Self {
        Self {
            everywhere: true,
            ..self
        }
    }

    /// The questions that have a key of their own.
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// What the other keys cannot say; asked only where they hold.
    pub fn when(&self) -> Option<&Expression> {
        self.when.as_ref()
    }

    /// Whether nothing is asked that any finding could fail.
    pub fn matches_everything(&self) -> bool {
        self.when.is_none() && self.asked.iter().all(|asked| asked.question.is_vacuous())
    }

    /// What it needs to know that no report tells.
    pub fn needs(&self) -> Needs {
        let expression = self.when.as_ref().map(Expression::needs);
        let needs = self.asked.iter().map(|asked| asked.question.needs());
        needs.chain(expression).fold(Needs::default(), Needs::and)
    }

    /// Whether all that is asked holds of the subject.
    ///
    /// # Errors
    ///
    /// Why that cannot be said. It is neither a yes nor a no.
    pub fn matches(&self, texts: &Texts<'_, '_>) -> Result<bool, String> {
        self.matches_beside(texts, &OfPlace::default())
    }

    /// Whether a question of its own holds.
    fn holds(&self, question: &Question, texts: &Texts<'_, '_>) -> bool {
        match question {
            Question::Url(patterns) if self.everywhere => {
                let matches = |urls: &[&str]| patterns.match_any(urls.iter().copied());
                texts.subject.all_urls(matches)
            }
            Question::Path(patterns) if self.everywhere => {
                let mut paths = texts.paths();
                texts.subject.knows_all_places()
                    && paths.next().is_some()
                    && texts.paths().all(|path| patterns.match_any([path]))
            }
            question => question.holds(texts),
        }
    }

    fn is_true(&self, expression: &Expression, subject: &Subject<'_>) -> Result<bool, String> {
        let finding = subject.finding;
        if !self.everywhere || finding.instances().len() < 2 && subject.knows_all_places() {
            return expression.matches(subject);
        }
        let mut alone = finding.unpacked().map_err(|error| error.to_string())?;
        alone.instances.clear();
        let at_each_place = finding.instances().iter().map(|place| Finding {
            location: place.into(),
            ..alone.clone()
        });
        // One after the other, each as if it were the only one.
        for finding in at_each_place.collect::<Findings>().iter() {
            let subject = Subject {
                finding,
                ..subject.clone()
            };
            if !expression.matches(&subject)? {
                return Ok(false);
            }
        }
        Ok(subject.knows_all_places())
    }
}

impl From<Vec<Question>> for Selector {
    fn from(questions: Vec<Question>) -> Self {
        let asked = questions.into_iter().map(|question| Asked {
            question,
            written: String::new(),
            span: 0..0,
        });
        Self::new(asked.collect(), None)
    }
}

impl Question {
    /// Its key in policies.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Category(_) => "category",
            Self::Severity(_) => "severity",
            Self::Fix(_) => "fix",
            Self::Kev(_) => "kev",
            Self::New(_) => "new",
            Self::Overdue(_) => "overdue",
            Self::Confidence(_) => "confidence",
            Self::Cvss(_) => "cvss",
            Self::Epss(_) => "epss",
            Self::Age(_) => "age",
            Self::Cwe(_) => "cwe",
            Self::Fingerprint(_) => "fingerprint",
            Self::SeenBy(_) => "seen_by",
            Self::Lane(_) => "lane",
            Self::Scanner(_) => "scanner",
            Self::Rule(_) => "rule",
            Self::Vulnerability(_) => "vulnerability",
            Self::Title(_) => "title",
            Self::Package(_) => "package",
            Self::Url(_) => "url",
            Self::Path(_) => "path",
        }
    }

    /// Whether it holds of the subject. What is not known of it answers nothing.
    pub fn holds(&self, texts: &Texts<'_, '_>) -> bool {
        let Texts { subject, .. } = texts;
        let finding = subject.finding;
        match self {
            Self::Category(wanted) => wanted.contains(&finding.category),
            Self::Severity(wanted) => wanted.contain(finding.severity, subject.severity),
            Self::Fix(wanted) => *wanted == Fix::of(finding),
            Self::Kev(wanted) => subject.kev == Some(*wanted),
            Self::New(wanted) => subject.new == Some(*wanted),
            Self::Overdue(wanted) => subject.overdue() == Some(*wanted),
            Self::Confidence(wanted) => wanted.contain(finding.confidence),
            Self::Cvss(bound) => finding.cvss().is_some_and(|cvss| bound.holds(&cvss.score)),
            Self::Epss(bound) => subject.epss.is_some_and(|epss| bound.holds(&epss)),
            Self::Age(bound) => subject.age().is_some_and(|age| bound.holds(&age)),
            Self::Cwe(wanted) => wanted.iter().any(|cwe| finding.cwes().contains(cwe)),
            Self::Fingerprint(wanted) => wanted.contains(&finding.fingerprint),
            Self::SeenBy(SeenBy::AtLeast(least)) => subject.seen_by.len() as u64 >= *least,
            Self::SeenBy(SeenBy::Any(patterns)) => {
                patterns.match_any(subject.seen_by.iter().copied())
            }
            Self::Lane(patterns) => patterns.match_any([subject.source.lane]),
            Self::Scanner(patterns) => patterns.match_any([subject.source.scanner]),
            Self::Rule(patterns) => patterns.match_any([finding.rule_id()]),
            Self::Vulnerability(patterns) => patterns.match_any(subject.vulnerability_ids()),
            Self::Title(patterns) => patterns.match_any([finding.title()]),
            Self::Package(patterns) => patterns.match_any(texts.package_names()),
            Self::Url(patterns) => patterns.match_any(subject.urls()),
            Self::Path(patterns) => patterns.match_any(texts.paths()),
        }
    }

    /// Whether no finding could fail it.
    fn is_vacuous(&self) -> bool {
        match self {
            Self::Category(wanted) => Category::ALL.iter().all(|each| wanted.contains(each)),
            Self::Severity(wanted) => wanted.is_whole(),
            Self::Confidence(wanted) => wanted.is_whole(),
            Self::SeenBy(SeenBy::AtLeast(least)) => *least <= 1,
            Self::Lane(patterns)
            | Self::Scanner(patterns)
            | Self::Rule(patterns)
            | Self::Vulnerability(patterns)
            | Self::Title(patterns)
            | Self::Package(patterns)
            | Self::Url(patterns)
            | Self::Path(patterns)
            | Self::SeenBy(SeenBy::Any(patterns)) => patterns.match_everything(),
            Self::Cvss(bound) => bound.holds(&0.0) && bound.holds(&10.0),
            Self::Epss(bound) => bound.holds(&0.0) && bound.holds(&1.0),
            Self::Age(bound) => bound.holds(&0) && bound.holds(&u32::MAX),
            Self::Fix(_)
            | Self::Kev(_)
            | Self::New(_)
            | Self::Overdue(_)
            | Self::Cwe(_)
            | Self::Fingerprint(_) => false,
        }
    }

    fn needs(&self) -> Needs {
        Needs {
            baseline: matches!(self, Self::New(_) | Self::Overdue(_) | Self::Age(_)),
            kev: matches!(self, Self::Kev(_)),
            epss: matches!(self, Self::Epss(_)),
            sla: matches!(self, Self::Overdue(_)),
            details: false,
        }
    }

    /// What the subject has to say to the question, in words; empty where it has
    /// nothing.
    pub fn found(&self, subject: &Subject<'_>) -> String {
        let finding = subject.finding;
        let or_nothing = |text: Option<String>| text.unwrap_or_default();
        match self {
            Self::Category(_) => finding.category.name().to_owned(),
            Self::Severity(_) if finding.severity == Severity::Unknown => {
                format!("unknown, counts as {}", subject.severity.name())
            }
            Self::Severity(_) => subject.severity.name().to_owned(),
            Self::Fix(_) if finding.fixed_in().is_empty() => "none".to_owned(),
            Self::Fix(_) => "available".to_owned(),
            Self::Kev(_) => or_nothing(subject.kev.map(|kev| kev.to_string())),
            Self::New(_) => or_nothing(subject.new.map(|new| new.to_string())),
            Self::Overdue(_) => or_nothing(subject.overdue().map(|overdue| overdue.to_string())),
            Self::Confidence(_) => {
                let words = Confidences::WORDS.into_iter();
                let mut words = words.filter(|(_, each)| Some(*each) == finding.confidence);
                words
                    .next()
                    .map_or(Confidences::NONE, |(word, _)| word)
                    .to_owned()
            }
            Self::Cvss(_) => or_nothing(finding.cvss().map(|cvss| cvss.score.to_string())),
            Self::Epss(_) => or_nothing(subject.epss.map(|epss| epss.to_string())),
            Self::Age(_) => or_nothing(subject.age().map(|age| format!("{age}d"))),
            Self::Cwe(_) => {
                let numbers: Vec<_> = finding.cwes().iter().map(ToString::to_string).collect();
                numbers.join(", ")
            }
            Self::Fingerprint(_) => finding.fingerprint.to_string(),
            Self::SeenBy(_) => subject.seen_by.join(", "),
            Self::Lane(_) => subject.source.lane.to_owned(),
            Self::Scanner(_) => subject.source.scanner.to_owned(),
            Self::Rule(_) => finding.rule_id().to_owned(),
            Self::Vulnerability(_) => subject.vulnerability_ids().collect::<Vec<_>>().join(", "),
            Self::Title(_) => finding.title().to_owned(),
            Self::Package(_) => {
                let names = subject.package_names().into_iter().flatten();
                or_nothing(names.last().map(Cow::into_owned))
            }
            Self::Url(_) => or_nothing(subject.urls().first().map(|url| (*url).to_owned())),
            Self::Path(_) => or_nothing(subject.paths().next().map(Cow::into_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::finding::{Confidence, Cvss, CvssVersion, Found, Location};

    fn finding(location: Location<Cow<'_, str>>) -> Finding<'static> {
        let mut finding = Finding::new(
            Fingerprint::new("test", &["a"]),
            Category::Sca,
            "CVE-2026-0001",
            Severity::Unknown,
            location,
        );
        finding.vulnerability_ids = vec!["GHSA-aaaa-bbbb-cccc".into()];
        finding.cwes = vec![79];
        finding.into_owned()
    }

    fn package(purl: &str, name: &str) -> Finding<'static> {
        finding(Location::Package {
            purl: Some(purl.into()),
            name: name.into(),
            version: Some("1.2".into()),
            target: Some("package-lock.json".into()),
            path: None,
        })
    }

    fn matches(selector: &Selector, finding: &Finding) -> bool {
        let source = Source {
            lane: "mainline-sca",
            scanner: "trivy",
            workspace: Some("/builds/group/below/shop"),
            today: "2026-11-21".parse().unwrap(),
        };
        let findings = Findings::from_iter([finding.clone()]);
        let subject = Subject {
            severity: Severity::High,
            ..Subject::of(source.into(), findings.get(0).unwrap())
        };
        selector.matches(&Texts::of(&subject)).unwrap()
    }

    fn patterns(patterns: &[&str]) -> Patterns {
        Patterns::new(patterns.iter().copied()).unwrap()
    }

    #[test]
    fn a_selector_without_questions_matches_everything() {
        let selector = Selector::default();
        assert!(selector.matches_everything());
        assert!(matches(&selector, &package("pkg:npm/a@1.2", "a")));
    }

    #[test]
    fn questions_that_anything_answers_are_none() {
        let of = |texts: &[&str]| Severities::parse(texts.iter().copied()).unwrap();
        for (selector, expected) in [
            (
                Selector::from(vec![Question::Severity(of(&[">=info"]))]),
                true,
            ),
            (
                Selector::from(vec![
                    Question::Severity(of(&["<critical", "critical"])),
                    Question::Rule(patterns(&["**"])),
                ]),
                true,
            ),
            (
                Selector::from(vec![Question::Category(Category::ALL.to_vec())]),
                true,
            ),
            (
                Selector::from(vec![Question::Path(patterns(&["src/**", "**/*"]))]),
                true,
            ),
            (
                {
                    let mut selector = Selector::from(vec![Question::Severity(of(&[">=info"]))]);
                    selector.when = Some(Expression::compile("kev").unwrap());
                    selector
                },
                false,
            ),
            (
                Selector::from(vec![
                    Question::Severity(of(&[">=info"])),
                    Question::Path(patterns(&["src/**"])),
                ]),
                false,
            ),
            (
                Selector::from(vec![Question::Severity(of(&[">=low"]))]),
                false,
            ),
            (Selector::from(vec![Question::Fix(Fix::None)]), false),
        ] {
            assert_eq!(selector.matches_everything(), expected, "{selector:?}");
        }
    }

    #[test]
    fn all_questions_must_hold() {
        let finding = package("pkg:npm/a@1.2", "a");
        let mut selector = Selector::from(vec![
            Question::Lane(patterns(&["mainline-*"])),
            Question::Cwe(vec![79, 80]),
        ]);
        assert!(matches(&selector, &finding));
        selector.asked.push(Asked {
            question: Question::Scanner(patterns(&["grype"])),
            written: String::new(),
            span: 0..0,
        });
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
            let selector = Selector::from(vec![Question::Package(patterns(&[pattern]))]);
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
            let selector = Selector::from(vec![Question::Vulnerability(patterns(&[pattern]))]);
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
            let selector =
                Selector::from(vec![Question::Path(Patterns::of_paths([pattern]).unwrap())]);
            assert_eq!(
                matches(&selector, &finding(Location::source(path, None))),
                expected,
                "{path}"
            );
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
            let selector =
                Selector::from(vec![Question::Severity(Severities::parse([text]).unwrap())]);
            assert_eq!(matches(&selector, &finding), expected, "{text}");
        }
    }

    #[test]
    fn a_fix_is_a_version_that_the_report_names() {
        let mut finding = package("pkg:npm/a", "a");
        let selector = Selector::from(vec![Question::Fix(Fix::Available)]);
        assert!(!matches(&selector, &finding));
        finding.fixed_in = vec!["1.3".into()];
        assert!(matches(&selector, &finding));
    }

    /// A subject of which everything is known.
    fn known(finding: Found<'_>) -> Subject<'_> {
        let today = "2026-11-21".parse().unwrap();
        Subject {
            new: Some(false),
            first_seen: Some("2026-10-21".parse().unwrap()),
            allowance: Some(30),
            kev: Some(true),
            epss: Some(0.42),
            seen_by: vec!["dependency-check", "trivy"].into(),
            ..Subject::new("mainline-sca", "trivy", finding, today)
        }
    }

    #[test]
    fn what_is_known_answers_and_what_is_not_answers_nothing() {
        let mut finding = package("pkg:npm/a@1.2", "a");
        finding.confidence = Some(Confidence::High);
        finding.cvss = Some(Cvss {
            version: CvssVersion::V3,
            score: 7.5,
            vector: None,
        });
        let bare = package("pkg:npm/a@1.2", "a");
        let findings = Findings::from_iter([finding, bare]);
        let [finding, bare] = [0, 1].map(|index| findings.get(index).unwrap());
        let number = |text| Bound::parse(text).unwrap();
        let days = |text| Bound::parse_days(text).unwrap();
        for (question, expected) in [
            (Question::Kev(true), true),
            (Question::Kev(false), false),
            (Question::New(false), true),
            (Question::New(true), false),
            (Question::Overdue(true), true),
            (Question::Overdue(false), false),
            (Question::Epss(number(">=0.4")), true),
            (Question::Epss(number("<0.4")), false),
            (Question::Age(days(">30d")), true),
            (Question::Age(days(">31d")), false),
            (Question::Cvss(number(">7")), true),
            (Question::Cvss(number("<=7")), false),
            (
                Question::Confidence(Confidences::parse([">=high"]).unwrap()),
                true,
            ),
        ] {
            let key = question.key();
            assert_eq!(
                question.holds(&Texts::of(&known(finding))),
                expected,
                "{key}"
            );
            let today = "2026-11-21".parse().unwrap();
            let mut nothing = Subject::new("mainline-sca", "trivy", bare, today);
            nothing.allowance = Some(30);
            assert!(!question.holds(&Texts::of(&nothing)), "{key}");
        }
    }

    #[test]
    fn scanners_agree_by_number_and_by_name() {
        let findings = Findings::from_iter([package("pkg:npm/a@1.2", "a")]);
        let finding = findings.get(0).unwrap();
        let (several, alone) = (known(finding), {
            let mut alone = known(finding);
            alone.seen_by = vec!["trivy"].into();
            alone
        });
        for (seen_by, expected) in [
            (SeenBy::AtLeast(2), [true, false]),
            (SeenBy::AtLeast(3), [false, false]),
            (SeenBy::Any(patterns(&["dependency-*"])), [true, false]),
            (SeenBy::Any(patterns(&["trivy"])), [true, true]),
        ] {
            let question = Question::SeenBy(seen_by);
            let answers = [&several, &alone].map(|subject| question.holds(&Texts::of(subject)));
            assert_eq!(answers, expected, "{question:?}");
        }
    }

    #[test]
    fn an_address_is_known_with_and_without_its_query() {
        let finding = finding(Location::Web {
            url: "https://shop.example/admin/users?id=1".into(),
            method: None,
            parameter: None,
        });
        for (pattern, expected) in [
            ("https://shop.example/admin/**", true),
            ("https://shop.example/admin/users", true),
            ("https://*/admin/users[?]id=*", true),
            ("https://shop.example/*", false),
        ] {
            let selector = Selector::from(vec![Question::Url(patterns(&[pattern]))]);
            assert_eq!(matches(&selector, &finding), expected, "{pattern}");
        }
    }

    #[test]
    fn a_title_is_a_sentence() {
        let mut finding = package("pkg:npm/a@1.2", "a");
        finding.title = "Prototype pollution in a/b".into();
        let wanted = Patterns::of_sentences(["prototype * a/b"]).unwrap();
        assert!(matches(
            &Selector::from(vec![Question::Title(wanted)]),
            &finding
        ));
    }
}
