//! What was answered for the finding before: those of one place mostly stand side by
//! side, and what is asked of places, with patterns, has one answer for all of them.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::{Question, Selector, Source, Subject, Texts};
use crate::finding::{Found, Kind};

/// The places of findings that are asked one after the other.
#[derive(Debug, Default)]
pub struct Beside<'a> {
    last: Option<(*const Source<'a>, Found<'a>)>,
    place: u32,
}

impl<'a> Beside<'a> {
    /// All that there is to ask about the next subject. The subjects are of one
    /// decision.
    pub fn texts<'s>(&mut self, subject: &'s Subject<'a>) -> Texts<'s, 'a> {
        let source = Arc::as_ptr(&subject.source);
        let is_beside = self.last.is_some_and(|(last, finding)| {
            last == source && is_one_place(finding, subject.finding)
        });
        if !is_beside {
            // A round of all numbers is longer than any run.
            self.place = self.place.wrapping_add(1);
            self.last = Some((source, subject.finding));
        }
        let mut texts = Texts::of(subject);
        texts.place = NonZeroU32::new(self.place);
        texts
    }
}

/// What a selector answered of the place that it was asked about last.
#[derive(Debug, Clone, Default)]
pub struct OfPlace(Cell<Option<(NonZeroU32, bool)>>);

impl OfPlace {
    fn known(&self, place: Option<NonZeroU32>) -> Option<bool> {
        let (last, answer) = self.0.get()?;
        (Some(last) == place).then_some(answer)
    }
}

impl Selector {
    /// As [`Selector::matches`], of subjects one beside the other.
    ///
    /// # Errors
    ///
    /// Why that cannot be said. It is neither a yes nor a no.
    pub fn matches_beside(
        &self,
        texts: &Texts<'_, '_>,
        of_place: &OfPlace,
    ) -> Result<bool, String> {
        let known = of_place.known(texts.place);
        if known == Some(false) {
            return Ok(false);
        }
        let hold = |is_of_place| {
            let asked = self.asked.iter().map(|asked| &asked.question);
            let mut asked = asked.filter(|question| question.is_of_place() == is_of_place);
            asked.all(|question| self.holds(question, texts))
        };
        let holds = hold(false)
            && known.unwrap_or_else(|| {
                let holds = hold(true);
                of_place.0.set(texts.place.map(|place| (place, holds)));
                holds
            });
        match &self.when {
            Some(expression) if holds => self.is_true(expression, texts.subject),
            _ => Ok(holds),
        }
    }
}

/// Whether what is asked of places has the same answer for both. It does where they
/// are packages in one file, or else at one site.
fn is_one_place(one: Found<'_>, other: Found<'_>) -> bool {
    let is_one = one.is_beside(other)
        && (one.kind != Kind::Package || one.location().path() == other.location().path());
    let is_only =
        |finding: Found<'_>| finding.instances().is_empty() && finding.instance_count == 1;
    is_one && is_only(one) && is_only(other)
}

impl Question {
    /// Whether it asks of places, or of what is the same for all findings of a report.
    fn is_of_place(&self) -> bool {
        matches!(
            self,
            Self::Lane(_) | Self::Scanner(_) | Self::Package(_) | Self::Url(_) | Self::Path(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Patterns;
    use super::*;
    use crate::finding::{Category, Finding, Findings, Location, Severity};
    use crate::fingerprint::Fingerprint;

    #[test]
    fn one_beside_the_other_is_answered_as_if_alone() {
        let finding = |path: &'static str, category| {
            let fingerprint = Fingerprint::new("test", &[path]);
            let location = Location::source(path, Some(1));
            Finding::new(fingerprint, category, "rule", Severity::High, location)
        };
        let mut findings = Vec::new();
        for path in ["src/a.py", "src/b.py", "tests/a.py"] {
            for category in [Category::Sast, Category::Secret, Category::Sast] {
                findings.push(finding(path, category));
            }
        }
        // Of two places: what holds of the first does not hold of both.
        let mut grouped = finding("src/a.py", Category::Sast);
        grouped.instances = ["src/a.py", "tests/a.py"]
            .map(|path| Location::source(path, None))
            .into();
        grouped.instance_count = 2;
        findings.extend([grouped, finding("src/a.py", Category::Sast)]);
        let findings = Findings::from_iter(findings);

        let path = || Question::Path(Patterns::of_paths(["src/**"]).unwrap());
        let lane = || Question::Lane(Patterns::new(["a"]).unwrap());
        let sast = || Question::Category(vec![Category::Sast]);
        let selectors = [
            Selector::from(vec![path()]),
            Selector::from(vec![sast(), path()]).everywhere(),
            Selector::from(vec![sast(), lane(), path()]),
            Selector::from(vec![lane()]),
        ];
        let today = "2026-11-21".parse().unwrap();
        let source = |lane| {
            let Subject { source, .. } = Subject::new(lane, "test", findings.get(0)?, today);
            Some(source)
        };
        let sources = ["a", "b"].map(|lane| source(lane).unwrap());
        let mut beside = Beside::default();
        let known: [OfPlace; 4] = std::array::from_fn(|_| OfPlace::default());
        for source in sources {
            for finding in findings.iter() {
                let subject = Subject::of(Arc::clone(&source), finding);
                let texts = beside.texts(&subject);
                for (selector, known) in selectors.iter().zip(&known) {
                    let alone = selector.matches(&Texts::of(&subject));
                    assert_eq!(
                        selector.matches_beside(&texts, known),
                        alone,
                        "{selector:?} {finding:?}"
                    );
                }
            }
        }
    }
}
