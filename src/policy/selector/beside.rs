//! What was answered for the finding before: those of one place mostly stand side by
//! side, and what is asked of places, with patterns, has one answer for all of them.

use std::cell::RefCell;

use foldhash::HashMap;

use super::{Question, Source, Subject, Texts};
use crate::finding::{Finding, Location};

/// The answers for the place of the finding that was asked last.
#[derive(Debug, Default)]
pub struct Beside<'a> {
    last: Option<(*const Source<'a>, &'a Finding)>,
    answers: Answers,
}

/// By the questions' addresses, as the same question may stand in two selectors and
/// mean something else.
pub(super) type Answers = RefCell<HashMap<*const Question, bool>>;

impl<'a> Beside<'a> {
    /// All that there is to ask about a subject, with what is known from before. The
    /// subjects are of one decision.
    pub fn texts<'s>(&'s mut self, subject: &'s Subject<'a>) -> Texts<'s, 'a> {
        let source = std::sync::Arc::as_ptr(&subject.source);
        let is_beside = self.last.is_some_and(|(last, finding)| {
            last == source && is_one_place(finding, subject.finding)
        });
        if !is_beside {
            self.answers.get_mut().clear();
            self.last = Some((source, subject.finding));
        }
        let mut texts = Texts::of(subject);
        texts.beside = Some(&self.answers);
        texts
    }
}

/// Whether what is asked of places has the same answer for both.
fn is_one_place(one: &Finding, other: &Finding) -> bool {
    let is_one = match (&one.location, &other.location) {
        (Location::Source { path: one, .. }, Location::Source { path: other, .. })
        | (Location::Web { url: one, .. }, Location::Web { url: other, .. })
        | (Location::Resource { target: one, .. }, Location::Resource { target: other, .. }) => {
            one == other
        }
        (one @ Location::Package { .. }, other @ Location::Package { .. }) => one == other,
        _ => false,
    };
    let is_only = |finding: &Finding| finding.instances.is_empty() && finding.instance_count == 1;
    is_one && is_only(one) && is_only(other)
}

impl Question {
    /// Whether it asks of places, or of what is the same for all findings of a report.
    pub(super) fn is_of_place(&self) -> bool {
        matches!(
            self,
            Self::Lane(_) | Self::Scanner(_) | Self::Package(_) | Self::Url(_) | Self::Path(_)
        )
    }
}
