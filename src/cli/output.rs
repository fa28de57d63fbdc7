//! What the process prints and writes.

use std::io::{self, Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use serde::Serialize;

use super::Colour;
pub(super) use crate::atomic::write as write_file;
use crate::policy::problem::Problem;
use crate::render::json;
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
        let mut out = io::BufWriter::new(Logged::new(io::stdout()));
        // Written as into a file, so that the program has one way of writing each value.
        serde_json::to_writer_pretty(&mut out as &mut dyn io::Write, value)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .context(CANNOT_PRINT)
    }

    /// The same of what has long lists, as it is written into files.
    ///
    /// # Errors
    ///
    /// When nobody takes it.
    pub(super) fn long_json(value: &impl Serialize) -> anyhow::Result<()> {
        json::write(value, &mut Logged::new(io::stdout())).context(CANNOT_PRINT)
    }

    fn write(mut out: impl io::Write, text: &[u8]) -> anyhow::Result<()> {
        out.write_all(text)
            .and_then(|()| out.flush())
            .context(CANNOT_PRINT)
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

const CANNOT_PRINT: &str = "cannot print the result";

/// JSON on its way to a job's log, a line at a time.
struct Logged<W> {
    out: W,
    /// The beginning of a line.
    line: Vec<u8>,
}

impl<W> Logged<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            line: Vec::new(),
        }
    }
}

impl<W: io::Write> io::Write for Logged<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let (lines, rest) = bytes.split_at(end);
        if !lines.is_empty() {
            self.line.extend_from_slice(lines);
            let lines = str::from_utf8(&self.line).map_err(io::Error::other)?;
            self.out.write_all(text::logged_json(lines).as_bytes())?;
            self.line.clear();
        }
        self.line.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The width of the terminal in columns. A job's log has room for more.
pub(super) fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout())
        .map_or(160, |(width, _)| usize::from(width.0))
        .clamp(40, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_ci_system_is_escaped_however_the_lines_come() {
        let json = "{\n  \"é\": \"::error::x\",\n  \"##vso[x]\": 1\n}\n";
        for size in 1..json.len() {
            let mut logged = Logged::new(Vec::new());
            for piece in json.as_bytes().chunks(size) {
                logged.write_all(piece).unwrap();
            }
            let expected = text::logged_json(json);
            assert_eq!(str::from_utf8(&logged.out), Ok(&*expected), "{size}");
        }
    }
}
