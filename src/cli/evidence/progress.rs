//! What is said while reports are sent: bars on a terminal, else a line for each end.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::output::Console;
use crate::evidence::deliver::Watch;
use crate::evidence::record::{Delivery, Record, State};
use crate::text::{line, short_line};

pub(super) struct Progress {
    console: Console,
    names: Vec<String>,
    /// On a terminal.
    bars: Option<(MultiProgress, Mutex<BTreeMap<usize, ProgressBar>>)>,
}

impl Progress {
    pub(super) fn new(record: &Record, console: &Console) -> Self {
        let is_shown = std::io::stderr().is_terminal() && !console.is_quiet();
        let deliveries = record.deliveries.iter();
        Self {
            console: console.clone(),
            names: deliveries
                .map(|delivery| line(&delivery.artifact.path).into_owned())
                .collect(),
            bars: is_shown.then(|| (MultiProgress::new(), Mutex::default())),
        }
    }

    fn name(&self, at: usize) -> &str {
        self.names.get(at).map_or("", |name| name)
    }

    /// Changes the bar of a report, which is made when it is needed.
    fn bar(&self, at: usize, change: impl FnOnce(&ProgressBar)) {
        const NAME: usize = 40;
        let Some((all, bars)) = &self.bars else {
            return;
        };
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(at).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix}  {bytes}/{total_bytes}  {msg}");
            let bar = all.add(ProgressBar::new(0));
            bar.set_prefix(short_line(self.name(at), NAME).into_owned());
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        change(bar);
    }
}

impl Watch for Progress {
    fn sent(&self, at: usize, bytes: u64, of: u64) {
        self.bar(at, |bar| {
            bar.set_length(of);
            bar.set_position(bytes);
            // It answers when it is done, and says nothing before.
            bar.set_message(if bytes < of {
                ""
            } else {
                "DefectDojo is at it"
            });
        });
    }

    fn says(&self, at: usize, text: &str) {
        let text = line(text).into_owned();
        match &self.bars {
            Some(_) => self.bar(at, |bar| bar.set_message(text)),
            None => self.console.note(&format!("{}: {text}", self.name(at))),
        }
    }

    fn ended(&self, at: usize, delivery: &Delivery) {
        match &self.bars {
            Some(_) => self.bar(at, ProgressBar::finish_and_clear),
            None => self.console.note(&format!(
                "{}: {}",
                self.name(at),
                match delivery.state() {
                    State::Filed => "filed",
                    State::Unknown => "nobody knows yet whether it is filed",
                    _ => "not filed",
                }
            )),
        }
    }
}
