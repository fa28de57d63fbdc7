//! All findings that there can be, as far as the keys of selectors tell them
//! apart.
//!
//! Of most keys there are only so many answers: categories, severities, lanes.
//! These are all laid out, each as a finding with what surrounds it, and the
//! selectors' own questions are asked of them. The other keys, those with
//! patterns and numbers, are left open.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::finding::{Confidence, Finding, Findings, Found, Location, Severity, Text};
use crate::fingerprint::Fingerprint;
use crate::policy::selector::{Confidences, Question, SeenBy, Selector, Subject, Texts};
use crate::policy::{Lane, Policy};
use crate::scanner::{Detail, Kind, Scanner};

/// What can be found under a policy.
pub(super) struct Space<'a> {
    policy: &'a Policy,
    lanes: Vec<&'a str>,
    sketches: Vec<Sketch>,
    /// That of each sketch.
    findings: Findings,
    scanners: &'a [Scanner],
    today: Date,
}

/// A finding of which only what there are few answers to is said.
struct Sketch {
    scanner: &'static str,
    kind: &'static Kind,
}

/// A sketch, with what surrounds it.
struct Case<'a> {
    kind: &'static Kind,
    subject: Subject<'a>,
}

/// What is to be said of a question before there is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Always,
    Sometimes,
    Never,
}

impl<'a> Space<'a> {
    pub(super) fn new(policy: &'a Policy, scanners: &'a [Scanner], today: Date) -> Self {
        let usual = scanners.iter().map(|scanner| scanner.lane);
        let configured = policy.lanes.keys().map(String::as_str);
        let lanes: BTreeSet<&str> = configured.chain(usual).collect();
        let kinds = scanners
            .iter()
            .flat_map(|scanner| scanner.kinds.iter().map(|kind| (scanner.name, kind)));
        let (sketches, findings) = kinds
            .flat_map(|(scanner, kind)| {
                let findings = sketched(kind).into_iter();
                findings.map(move |finding| (Sketch { scanner, kind }, finding))
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        Self {
            policy,
            lanes: lanes.into_iter().collect(),
            sketches,
            findings: findings.into_iter().collect(),
            scanners,
            today,
        }
    }

    /// Whether a finding can match all of the selectors.
    pub(super) fn can_match(&self, selectors: &[&Selector]) -> bool {
        self.can_hold(&questions(selectors))
    }

    /// Whether all of the questions can hold of one finding.
    pub(super) fn can_hold(&self, questions: &[&Question]) -> bool {
        self.any(questions, |case| case.allows(questions))
    }

    /// Whether a finding can match the selector that gets into its lane by the
    /// policy alone, and not because the command line puts it there.
    pub(super) fn can_match_by_itself(&self, selector: &Selector) -> bool {
        let questions = questions(&[selector]);
        self.any(&questions, |case| {
            case.allows(&questions)
                && self.enters(case.subject.source.lane, case.subject.source.scanner)
        })
    }

    /// Whether every finding that the narrow selector can match surely matches
    /// the wide one.
    pub(super) fn covers(&self, wide: &Selector, narrow: &Selector) -> bool {
        let text = |selector: &Selector| selector.when().map(|when| when.text().to_owned());
        if wide.when().is_some() && text(narrow) != text(wide) {
            return false;
        }
        let implied = |question: &Question| {
            let mut narrow = narrow.asked().iter();
            narrow.any(|asked| implies(&asked.question, question))
        };
        let open: Vec<&Question> = wide
            .asked()
            .iter()
            .map(|asked| &asked.question)
            .filter(|question| !implied(question))
            .collect();
        if open.iter().any(|question| !has_few_answers(question)) {
            return false;
        }
        let (narrow, all) = (questions(&[narrow]), questions(&[wide, narrow]));
        !self.any(&all, |case| {
            let always = |question: &&Question| case.answer(question) == Answer::Always;
            case.allows(&narrow) && !open.iter().all(always)
        })
    }

    /// Whether there is such a case, among all that the questions could tell from
    /// another.
    fn any(&self, questions: &[&Question], is_it: impl Fn(&Case<'_>) -> bool) -> bool {
        let times = self.times(questions);
        let asks_kev = questions.iter().any(|q| matches!(q, Question::Kev(_)));
        let kevs: &[Option<bool>] = match asks_kev {
            true => &[None, Some(false), Some(true)],
            false => &[None],
        };
        for (sketch, finding) in self.sketches.iter().zip(self.findings.iter()) {
            for lane in &self.lanes {
                for kev in kevs {
                    for time in &times {
                        if is_it(&self.case(sketch, finding, lane, *kev, *time)) {
                            return true;
                        }
                    }
                }
            }
        }
        false
    }

    fn case<'s>(
        &'s self,
        sketch: &'s Sketch,
        finding: Found<'s>,
        lane: &'s str,
        kev: Option<bool>,
        (new, first_seen): (Option<bool>, Option<Date>),
    ) -> Case<'s> {
        let severity = match finding.severity {
            Severity::Unknown => self.policy.unknown_severity,
            known => known,
        };
        let has_advisory = sketch.kind.has(Detail::Vulnerability);
        Case {
            kind: sketch.kind,
            subject: Subject {
                severity,
                new,
                first_seen,
                allowance: self.policy.sla.get(&severity).copied(),
                kev: kev.filter(|kev| has_advisory || !kev),
                ..Subject::new(lane, sketch.scanner, finding, self.today)
            },
        }
    }

    /// Whether findings can be new, and since when they can be known, as far as
    /// the questions and `[sla]` tell it apart. A new copy is as old as what it
    /// copies.
    fn times(&self, questions: &[&Question]) -> Vec<(Option<bool>, Option<Date>)> {
        let is_time = |q: &&&Question| {
            matches!(
                q,
                Question::New(_) | Question::Age(_) | Question::Overdue(_)
            )
        };
        if !questions.iter().any(|question| is_time(&question)) {
            return vec![(None, None)];
        }
        let bounds = questions.iter().filter_map(|question| match question {
            Question::Age(bound) => Some(bound.turns_at()),
            _ => None,
        });
        let turns = bounds.chain(self.policy.sla.values().copied());
        let ages: BTreeSet<u32> = turns
            .flat_map(|days| [days.saturating_sub(1), days, days.saturating_add(1)])
            .chain([0])
            .collect();
        let since = |days: u32| {
            let time = SignedDuration::from_hours(24 * i64::from(days));
            self.today.checked_sub(time).ok()
        };
        let known = ages.into_iter().flat_map(|days| {
            let since = since(days);
            [(Some(false), since), (Some(true), since)]
        });
        std::iter::once((None, None)).chain(known).collect()
    }

    /// Whether a report of the scanner gets into the lane without the command
    /// line saying so.
    fn enters(&self, lane: &str, scanner: &str) -> bool {
        let usual = self.scanners.iter();
        let mut usual = usual.filter(|known| known.name == scanner);
        if usual.any(|known| known.lane == lane) {
            return true;
        }
        self.policy.lanes.get(lane).is_some_and(|lane| {
            lane.expect.iter().any(|name| name == scanner) || may_hold(lane, scanner)
        })
    }
}

/// Whether one of the lane's patterns can be of reports of the scanner.
pub(super) fn may_hold(lane: &Lane, scanner: &str) -> bool {
    let mut reports = lane.reports.iter();
    reports.any(|report| report.scanner.as_deref().is_none_or(|name| name == scanner))
}

impl Case<'_> {
    fn allows(&self, questions: &[&Question]) -> bool {
        questions
            .iter()
            .all(|question| self.answer(question) != Answer::Never)
    }

    fn answer(&self, question: &Question) -> Answer {
        let if_there = |detail| match self.kind.has(detail) {
            true => Answer::Sometimes,
            false => Answer::Never,
        };
        match question {
            Question::Category(_)
            | Question::Severity(_)
            | Question::Fix(_)
            | Question::Kev(_)
            | Question::New(_)
            | Question::Overdue(_)
            | Question::Confidence(_)
            | Question::Age(_)
            | Question::Lane(_)
            | Question::Scanner(_) => match question.holds(&Texts::of(&self.subject)) {
                true => Answer::Always,
                false => Answer::Never,
            },
            // Others may agree.
            Question::SeenBy(_) if question.holds(&Texts::of(&self.subject)) => Answer::Always,
            Question::SeenBy(_)
            | Question::Fingerprint(_)
            | Question::Rule(_)
            | Question::Vulnerability(_)
            | Question::Title(_) => Answer::Sometimes,
            Question::Cvss(_) => if_there(Detail::Cvss),
            Question::Epss(_) => if_there(Detail::Vulnerability),
            Question::Cwe(_) => if_there(Detail::Cwe),
            Question::Package(_) => if_there(Detail::Package),
            Question::Url(_) => if_there(Detail::Url),
            Question::Path(_) => if_there(Detail::Path),
        }
    }
}

/// Whether the cases say all that there is to say to the question.
fn has_few_answers(question: &Question) -> bool {
    match question {
        Question::Category(_)
        | Question::Severity(_)
        | Question::Fix(_)
        | Question::Kev(_)
        | Question::New(_)
        | Question::Overdue(_)
        | Question::Confidence(_)
        | Question::Age(_)
        | Question::Lane(_)
        | Question::Scanner(_)
        | Question::SeenBy(_) => true,
        Question::Fingerprint(_)
        | Question::Rule(_)
        | Question::Vulnerability(_)
        | Question::Title(_)
        | Question::Cvss(_)
        | Question::Epss(_)
        | Question::Cwe(_)
        | Question::Package(_)
        | Question::Url(_)
        | Question::Path(_) => false,
    }
}

/// Whether what holds of a finding by one question surely holds by the other.
fn implies(narrow: &Question, wide: &Question) -> bool {
    use Question::{Cvss, Cwe, Epss, Fingerprint, Package, Path, Rule, Title, Url, Vulnerability};
    match (narrow, wide) {
        (Cwe(narrow), Cwe(wide)) => narrow.iter().all(|cwe| wide.contains(cwe)),
        (Fingerprint(narrow), Fingerprint(wide)) => {
            narrow.iter().all(|fingerprint| wide.contains(fingerprint))
        }
        (Cvss(narrow), Cvss(wide)) | (Epss(narrow), Epss(wide)) => narrow.implies(wide),
        (
            Question::SeenBy(SeenBy::AtLeast(narrow)),
            Question::SeenBy(SeenBy::AtLeast(wide)),
        ) => narrow >= wide,
        (Question::SeenBy(SeenBy::Any(narrow)), Question::SeenBy(SeenBy::Any(wide)))
        | (Rule(narrow), Rule(wide))
        // A rule's name often is an identifier, and counts as one.
        | (Rule(narrow) | Vulnerability(narrow), Vulnerability(wide))
        | (Title(narrow), Title(wide))
        | (Package(narrow), Package(wide))
        | (Url(narrow), Url(wide))
        | (Path(narrow), Path(wide)) => wide.include(narrow),
        _ => false,
    }
}

fn questions<'s>(selectors: &[&'s Selector]) -> Vec<&'s Question> {
    let asked = selectors.iter().flat_map(|selector| selector.asked());
    asked.map(|asked| &asked.question).collect()
}

fn sketched(kind: &Kind) -> Vec<Finding<'static>> {
    let sure: Vec<Option<Confidence>> = match kind.has(Detail::Confidence) {
        true => {
            let words = Confidences::WORDS.into_iter();
            std::iter::once(None)
                .chain(words.map(|(_, confidence)| Some(confidence)))
                .collect()
        }
        false => vec![None],
    };
    let fixes: &[bool] = match kind.has(Detail::Fix) {
        true => &[false, true],
        false => &[false],
    };
    let mut findings = Vec::new();
    for severity in kind.severities {
        for confidence in &sure {
            for has_fix in fixes {
                let fingerprint = Fingerprint::new("sketch", &[]);
                let nowhere = Location::source("", None);
                let mut finding = Finding::new(fingerprint, kind.category, "", *severity, nowhere);
                finding.confidence = *confidence;
                finding.fixed_in = has_fix.then(Text::default).into_iter().collect();
                findings.push(finding);
            }
        }
    }
    findings
}
