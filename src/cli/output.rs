//! What the process prints and writes.

use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use serde::Serialize;

use super::Colour;
pub(super) use crate::atomic::write as write_file;
use crate::policy::problem::Problem;
use crate::text;

/// Standard output for results, standard error for everything else.
#[derive(Debug, Clone)]
pub(super) struct Console {
    choice: ColorChoice,
    quiet: bool,
    verbose: bool,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

impl Console {
    pub(super) fn new(colour: Colour, quiet: bool, verbose: bool) -> Self {
        let choice = match colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        };
        Self {
            choice,
            quiet,
            verbose,
        }
    }

    /// Whether nothing but errors is to be printed.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints the result of a command.
    ///
    /// # Errors
    ///
    /// When nobody takes it: a result that is not printed is not done.
    pub(super) fn result(&self, text: &[u8]) -> anyhow::Result<()> {
        Self::write(AutoStream::new(io::stdout(), self.choice), text)
    }

    /// Prints bytes for another program, as they are.
    ///
    /// # Errors
    ///
    /// When nobody takes them.
    pub(super) fn data(text: &[u8]) -> anyhow::Result<()> {
        Self::write(io::stdout(), text)
    }

    /// Prints JSON for another program.
    ///
    /// # Errors
    ///
    /// When nobody takes it.
    pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
        let mut json = Vec::new();
        // Written as into a file, so that the program has one way of writing each value.
        serde_json::to_writer_pretty(&mut json as &mut dyn io::Write, value)?;
        json.push(b'\n');
        Self::data(text::logged_json(&String::from_utf8(json)?).as_bytes())
    }

    fn write(mut out: impl io::Write, text: &[u8]) -> anyhow::Result<()> {
        out.write_all(text)
            .and_then(|()| out.flush())
            .context("cannot print the result")
    }

    /// Says something that only the curious want to know.
    pub(super) fn detail(&self, detail: std::fmt::Arguments<'_>) {
        if self.verbose {
            self.say(&text::line(&detail.to_string()));
        }
    }

    /// Says what is to be known beside a result.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("{NOTE}note{NOTE:#}: {}", text::line(text)));
        }
    }

    /// Says what may be wrong, and stops nothing.
    pub(super) fn warning(&self, text: &str) {
        if !self.quiet {
            self.say(&format!(
                "{WARNING}warning{WARNING:#}: {}",
                text::line(text)
            ));
        }
    }

    /// Says why a command could not be carried out.
    pub(super) fn error(&self, error: &anyhow::Error) {
        self.say(&format!(
            "{ERROR}error{ERROR:#}: {}",
            text::line(&error.to_string())
        ));
        for cause in error.chain().skip(1) {
            self.say(&format!("  caused by: {}", text::line(&cause.to_string())));
        }
    }

    /// Shows a mistake in a policy.
    pub(super) fn problem(&self, problem: &Problem) {
        self.say(&problem.render(true));
    }

    fn say(&self, text: &str) {
        // Nobody to say it to is no reason to change what is done.
        drop(writeln!(
            AutoStream::new(io::stderr(), self.choice),
            "{text}"
        ));
    }
}

/// The width of the terminal in columns. A job's log has room for more.
pub(super) fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout())
        .map_or(160, |(width, _)| usize::from(width.0))
        .clamp(40, 200)
}
