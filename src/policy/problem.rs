//! What is wrong with a policy, shown in its text.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

pub(super) use crate::text::{nearest, suggestion};

/// A policy's text, and where it is from.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's path as it was named, or `builtin:NAME`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// One mistake in a policy. All of them are found and shown at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub title: String,
    /// What it is at this place, in a few words.
    pub label: String,
    /// The bytes of the text that are meant.
    pub span: Range<usize>,
    /// The text that it is in.
    pub source: Arc<Source>,
}

impl Problem {
    /// The problem as compilers show one: file, line, column, the line itself
    /// and the remedy.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let end = self.source.text.len();
        let span = self.span.start.min(end)..self.span.end.min(end);
        let snippet = Snippet::source(self.source.text.as_str())
            .path(self.source.name.as_str())
            .annotation(
                AnnotationKind::Primary
                    .span(span)
                    .label(self.label.as_str()),
            );
        renderer.render(&[Level::ERROR
            .primary_title(self.title.as_str())
            .element(snippet)])
    }
}

/// The mistakes found so far in one text.
#[derive(Debug)]
pub(super) struct Problems {
    source: Arc<Source>,
    found: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            found: Vec::new(),
        }
    }

    pub(super) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    pub(super) fn add(
        &mut self,
        span: Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.found.push(Problem {
            title: title.into(),
            label: label.into(),
            span,
            source: Arc::clone(&self.source),
        });
    }

    /// How many there are so far.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// All of them, in the order of the text.
    pub(super) fn into_vec(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.span.start);
        self.found
    }
}
