//! What is wrong with a policy, shown in its text.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level as Heading, Renderer, Snippet};

use crate::text::{line, visible, visible_place};
pub(super) use crate::text::{nearest, suggestion};

/// A policy's text, and where it is from.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's path as it was named, or `builtin:NAME`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The policy cannot mean this.
    Error,
    /// The policy may not do what somebody expects.
    Warning,
    /// Good to know.
    Note,
}

/// One mistake in a policy. All of them are found and shown at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is; a policy with an error is not loaded.
    pub level: Level,
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
    /// The line and the column, both counted from 1, the latter in characters.
    pub fn place(&self) -> (usize, usize) {
        let before = self.source.text.get(..self.span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// The problem as compilers show one: file, line, column, the line itself
    /// and the remedy. The text may be anybody's: nothing in it acts on a terminal.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let (text, span) = self.visible();
        let (title, label) = (line(&self.title), line(&self.label));
        let name = line(&self.source.name);
        let snippet = Snippet::source(&*text)
            .path(&*name)
            .annotation(AnnotationKind::Primary.span(span).label(&*label));
        let heading = match self.level {
            Level::Error => Heading::ERROR,
            Level::Warning => Heading::WARNING,
            Level::Note => Heading::NOTE,
        };
        renderer.render(&[heading.primary_title(&*title).element(snippet)])
    }

    /// The source's text made visible, and where in it the span then is.
    fn visible(&self) -> (Cow<'_, str>, Range<usize>) {
        let text = self.source.text.as_str();
        let place = |place| visible_place(text, place);
        let Range { start, end } = self.span;
        (visible(text), place(start)..place(end))
    }
}

/// The mistakes found so far in one text.
#[derive(Debug)]
pub(super) struct Problems {
    source: Arc<Source>,
    found: Vec<Problem>,
    /// What must not be shown of the text.
    hidden: Vec<Range<usize>>,
}

impl Problems {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            found: Vec::new(),
            hidden: Vec::new(),
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
            level: Level::Error,
            title: title.into(),
            label: label.into(),
            span,
            source: Arc::clone(&self.source),
        });
    }

    /// Keeps a part of the text from being shown with any problem.
    pub(super) fn hide(&mut self, span: Range<usize>) {
        self.hidden.push(span);
    }

    /// How many there are so far.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// All of them, in the order of the text.
    pub(super) fn into_vec(mut self) -> Vec<Problem> {
        self.found.sort_by_key(|problem| problem.span.start);
        if !self.hidden.is_empty() {
            let mut text = self.source.text.clone();
            for span in self.hidden {
                // Of the same length: places in the text stay what they are.
                let kept = |c: char| if c == '\n' { "\n" } else { "*" };
                let part = text.get(span.clone()).unwrap_or_default();
                let masked = part.chars().flat_map(|c| [kept(c)].repeat(c.len_utf8()));
                let masked: String = masked.collect();
                text.replace_range(span, &masked);
            }
            let name = self.source.name.clone();
            let source = Arc::new(Source { name, text });
            for problem in &mut self.found {
                problem.source = Arc::clone(&source);
            }
        }
        self.found
    }
}
