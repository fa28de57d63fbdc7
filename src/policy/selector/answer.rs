//! What a finding answers to each question of a selector, for people who ask why
//! it matches or why not.

use super::{Bound, Fix, Question, SeenBy, Selector, Subject, Texts};

/// A question of a selector, and a subject's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'s> {
    /// The key of the question.
    pub key: &'static str,
    /// Its value as the policy has it, for `when` the expression.
    pub asked: &'s str,
    /// What the subject has to say to it; empty where it has nothing. Its text is
    /// the scanners': neutralize it for where it goes.
    pub found: String,
    /// Whether it holds, or why that cannot be said.
    pub holds: Result<bool, String>,
    /// What would have to hold, in words.
    pub needed: String,
    /// Whether it means findings by a name of theirs, and not by what they share
    /// with many others.
    pub names: bool,
}

impl Answer<'_> {
    /// Whether it holds; what cannot be said does not.
    pub fn is_yes(&self) -> bool {
        self.holds == Ok(true)
    }
}

impl Selector {
    /// The subject's answers to all questions, in the order in which a decision
    /// asks them. Other than there, `when` is asked in any case.
    pub fn answers(&self, subject: &Subject<'_>) -> Vec<Answer<'_>> {
        let texts = Texts::of(subject);
        let asked = self.asked.iter().map(|asked| Answer {
            key: asked.question.key(),
            asked: &asked.written,
            found: asked.question.found(subject),
            holds: Ok(self.holds(&asked.question, &texts)),
            needed: asked.question.needed(&asked.written),
            names: asked.question.names(),
        });
        let when = self.when.as_ref().map(|expression| {
            let values = expression.values(subject).into_iter();
            let values: Vec<_> = values
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            Answer {
                key: "when",
                asked: expression.text(),
                found: values.join(", "),
                holds: self.is_true(expression, subject),
                needed: "the expression would have to be true".to_owned(),
                names: false,
            }
        });
        asked.chain(when).collect()
    }
}

impl Question {
    /// What would have to hold of a finding, in words.
    fn needed(&self, written: &str) -> String {
        let one_of = |what: &str| {
            let verb = if written.starts_with('[') {
                "be one of"
            } else {
                "be"
            };
            format!("its {what} would have to {verb} {written}")
        };
        let like = |what: &str| {
            let verb = if written.starts_with('[') {
                "match one of"
            } else {
                "match"
            };
            format!("{what} would have to {verb} {written}")
        };
        let fixed = |text: &str| text.to_owned();
        match self {
            Self::Category(_) => one_of("category"),
            Self::Severity(_) => one_of("severity"),
            Self::Confidence(_) => one_of("scanner's confidence"),
            Self::Cvss(_) => one_of("CVSS score"),
            Self::Epss(_) => one_of("EPSS score"),
            Self::Age(bound) => turning(*bound, written),
            Self::Fix(Fix::Available) => fixed("the report would have to name a repaired version"),
            Self::Fix(Fix::None) => fixed("the report would have to name no repaired version"),
            Self::Kev(true) => fixed("it would have to be known to be exploited"),
            Self::Kev(false) => fixed("it would have to be known as not exploited"),
            Self::New(true) => fixed("the baseline would have to be without it"),
            Self::New(false) => fixed("the baseline would have to know it"),
            Self::Overdue(true) => fixed("it would have to be older than `[sla]` allows"),
            Self::Overdue(false) => fixed("it would have to be within what `[sla]` allows"),
            Self::Cwe(_) => one_of("CWE"),
            Self::Fingerprint(_) => one_of("fingerprint"),
            Self::SeenBy(SeenBy::AtLeast(least)) => {
                format!("at least {least} scanners would have to see it")
            }
            Self::SeenBy(SeenBy::Any(_)) => like("a scanner that sees it"),
            Self::Lane(_) => like("its lane"),
            Self::Scanner(_) => like("its scanner"),
            Self::Rule(_) => like("its rule"),
            Self::Vulnerability(_) => like("one of its identifiers"),
            Self::Title(_) => like("its title"),
            Self::Package(_) => like("its package"),
            Self::Url(_) => like("its address"),
            Self::Path(_) => like("its path"),
        }
    }

    /// Whether it means findings by a name of theirs.
    fn names(&self) -> bool {
        matches!(
            self,
            Self::Fingerprint(_)
                | Self::Rule(_)
                | Self::Vulnerability(_)
                | Self::Title(_)
                | Self::Package(_)
                | Self::Url(_)
                | Self::Path(_)
        )
    }
}

/// An age grows, so there is a day on which the answer becomes another.
fn turning(bound: Bound<u32>, written: &str) -> String {
    let day = bound.turns_at();
    let tense = if bound.holds(&day) { "is" } else { "ends" };
    format!("its age would have to be {written}, which {tense} at {day} days")
}

#[cfg(test)]
mod tests {
    use super::super::super::load::{Vocabulary, load};
    use super::*;
    use crate::finding::{Category, Finding, Findings, Location, Severity};
    use crate::fingerprint::Fingerprint;
    use crate::scanner::Scanner;

    fn answers(selector: &str) -> Vec<(String, Result<bool, String>, String)> {
        let text = format!("[sla]\nhigh = 30\n[[rule]]\nid = 'a'\nwhere = {{ {selector} }}\n");
        let scanner = |name, lane| Scanner {
            name,
            lane,
            tells_target: false,
            kinds: &[],
        };
        let vocabulary = Vocabulary {
            scanners: &[
                scanner("semgrep", "mainline-sast"),
                scanner("trivy", "mainline-sca"),
            ],
        };
        let policy = load(
            "a.toml",
            vocabulary,
            &|path| match path.ends_with("a.toml") {
                true => Ok(text.clone()),
                false => Err(std::io::ErrorKind::NotFound.into()),
            },
        );
        let policy = policy.unwrap_or_else(|error| panic!("{selector}: {error:?}"));
        let mut finding = Finding::new(
            Fingerprint::new("test", &["a"]),
            Category::Sast,
            "no-eval",
            Severity::Medium,
            Location::source("src/a.py", Some(3)),
        );
        finding.cwes = vec![79, 95];
        let findings = Findings::from_iter([finding]);
        let subject = Subject {
            first_seen: Some("2026-11-01".parse().unwrap()),
            ..Subject::new(
                "mainline-sast",
                "semgrep",
                findings.get(0).unwrap(),
                "2026-11-21".parse().unwrap(),
            )
        };
        let answers = policy.rules[0].selector.answers(&subject);
        let answers = answers.into_iter();
        answers
            .map(|answer| (answer.found, answer.holds, answer.needed))
            .collect()
    }

    #[test]
    fn every_question_says_what_it_needs() {
        for (selector, found, needed) in [
            (
                "category = ['sca', 'dast']",
                "sast",
                "its category would have to be one of ['sca', 'dast']",
            ),
            (
                "severity = '>=high'",
                "medium",
                "its severity would have to be '>=high'",
            ),
            (
                "fix = 'available'",
                "none",
                "the report would have to name a repaired version",
            ),
            (
                "kev = true",
                "",
                "it would have to be known to be exploited",
            ),
            ("new = true", "", "the baseline would have to be without it"),
            (
                "overdue = true",
                "false",
                "it would have to be older than `[sla]` allows",
            ),
            (
                "confidence = '>=high'",
                "none",
                "its scanner's confidence would have to be '>=high'",
            ),
            ("cvss = '>7'", "", "its CVSS score would have to be '>7'"),
            (
                "epss = '>0.5'",
                "",
                "its EPSS score would have to be '>0.5'",
            ),
            (
                "age = '>30d'",
                "20d",
                "its age would have to be '>30d', which is at 31 days",
            ),
            (
                "age = '<10d'",
                "20d",
                "its age would have to be '<10d', which ends at 10 days",
            ),
            (
                "cwe = [22, 78]",
                "79, 95",
                "its CWE would have to be one of [22, 78]",
            ),
            (
                "seen_by = 2",
                "semgrep",
                "at least 2 scanners would have to see it",
            ),
            (
                "lane = 'mainline-sca'",
                "mainline-sast",
                "its lane would have to match 'mainline-sca'",
            ),
            (
                "rule = ['a', 'b']",
                "no-eval",
                "its rule would have to match one of ['a', 'b']",
            ),
            (
                "path = 'b/**'",
                "src/a.py",
                "its path would have to match 'b/**'",
            ),
            (
                "url = 'http*'",
                "",
                "its address would have to match 'http*'",
            ),
            (
                "when = 'line > 3 || severity == \"low\"'",
                "line = 3, severity = \"medium\"",
                "the expression would have to be true",
            ),
        ] {
            let expected = (found.to_owned(), Ok(false), needed.to_owned());
            assert_eq!(answers(selector), [expected], "{selector}");
        }
    }

    #[test]
    fn an_expression_without_an_answer_is_neither_a_yes_nor_a_no() {
        let answers = answers("severity = 'medium', when = 'title != \"a\" && cvss - 1.0 > 3.0'");
        let (_, holds, _) = &answers[1];
        assert!(holds.is_err(), "{answers:?}");
        let found = &answers[1].0;
        assert_eq!(found, "title = \"no-eval\", cvss = null");
    }
}
