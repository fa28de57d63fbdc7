//! What is wrong with a policy, shown in its text.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A policy's text, and where it is from.
#[derive(Debug, PartialEq, Eq)]
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
    /// What to do about it.
    pub help: Option<String>,
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
        let mut group = Level::ERROR
            .primary_title(self.title.as_str())
            .element(snippet);
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
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
        self.add_with_help(span, title, label, None);
    }

    pub(super) fn add_with_help(
        &mut self,
        span: Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.found.push(Problem {
            title: title.into(),
            label: label.into(),
            span,
            help,
            source: Arc::clone(&self.source),
        });
    }

    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.found
    }
}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), candidate),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, or else the choice.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!(
            "one of {}",
            known
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}
