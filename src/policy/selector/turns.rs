//! When a selector's answer may become another though nothing changes but the
//! day.

use jiff::Span;
use jiff::civil::Date;

use super::{Question, Selector, Subject, Texts};

/// The ages at which an answer may become another. Between two of them it stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turns {
    /// In days.
    pub ages: Vec<u32>,
    /// Whether it may when `[sla]`'s allowance is over.
    pub overdue: bool,
    /// Whether it may at any age: an expression calculates with it.
    pub any: bool,
}

impl Turns {
    /// Whether the answer is the same on every day.
    pub fn is_never(&self) -> bool {
        self.ages.is_empty() && !self.overdue && !self.any
    }

    /// What a comparison of an age with a number may do, whatever its sign.
    pub fn around(number: i64) -> impl Iterator<Item = u32> {
        [Some(number), number.checked_add(1)]
            .into_iter()
            .flatten()
            .filter_map(|age| u32::try_from(age).ok())
    }

    /// Adds what another answer turns at.
    pub fn join(&mut self, other: Self) {
        self.ages.extend(other.ages);
        self.ages.sort_unstable();
        self.ages.dedup();
        self.overdue |= other.overdue;
        self.any |= other.any;
    }

    /// The days after the subject's own on which its answer may become another.
    /// Where that may be any day, those up to `until`.
    pub fn days(&self, subject: &Subject<'_>, until: Date, days: &mut Vec<Date>) {
        let Some(first_seen) = subject.first_seen else {
            return;
        };
        let allowance = subject.allowance.filter(|_| self.overdue);
        let over = allowance.and_then(|days| days.checked_add(1));
        let ages = self.ages.iter().copied().chain(over);
        let turns = ages.filter_map(|age| first_seen.checked_add(Span::new().days(age)).ok());
        days.extend(turns.filter(|day| *day > subject.source.today));
        if self.any {
            let every = subject.source.today.series(Span::new().days(1)).skip(1);
            days.extend(every.take_while(|day| *day <= until));
        }
    }
}

impl Question {
    /// Whether the day has a part in the answer.
    fn turns(&self) -> Turns {
        match self {
            Self::Age(bound) => Turns {
                // A bound with `=` turns once more.
                ages: vec![bound.turns_at(), bound.turns_at() + 1],
                ..Turns::default()
            },
            Self::Overdue(_) => Turns {
                overdue: true,
                ..Turns::default()
            },
            _ => Turns::default(),
        }
    }
}

impl Selector {
    /// When its answer may become another though nothing changes but the day.
    pub fn turns(&self) -> Turns {
        let mut turns = Turns::default();
        for asked in &self.asked {
            turns.join(asked.question.turns());
        }
        if let Some(when) = &self.when {
            turns.join(when.turns().clone());
        }
        turns
    }

    /// Whether it could match the subject on another day: what has a key of its
    /// own and does not depend on the day holds.
    pub fn could_match(&self, texts: &Texts<'_, '_>) -> bool {
        let questions = self.asked.iter().map(|asked| &asked.question);
        let mut lasting = questions
            .filter(|question| !matches!(question, Question::Age(_) | Question::Overdue(_)));
        lasting.all(|question| self.holds(question, texts))
    }
}
