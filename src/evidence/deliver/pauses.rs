//! How long is waited for what.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

use super::Halt;

/// How long is waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// Before the second time that something is tried; each further pause is twice
    /// the one before, up to [`Pauses::LONGEST`], and all of them up to twice as
    /// long at random, so that pipelines do not come back all at once.
    pub first: Duration,
    /// How long a server may go on with an upload whose answer was lost, before it
    /// counts as not filed; without, what its findings may take.
    pub settle: Option<Duration>,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            settle: None,
        }
    }
}

impl Pauses {
    /// The longest pause of our own.
    pub const LONGEST: Duration = Duration::from_secs(60);
    /// The longest pause that a server may ask for. One that asks for more is left
    /// alone until the next run.
    pub const LONGEST_ASKED: Duration = Duration::from_secs(10 * 60);
    /// How often a report is sent again in one run: with the pauses between, a
    /// server may be away for a minute.
    const RETRIES: usize = 5;
    /// How often a question is asked again.
    const ASKED_AGAIN: usize = 5;
    /// How often it is sent again when others created the same thing at the same
    /// moment. Of 20 bursts of 8 uploads, none needed a second.
    const RACES: usize = 8;
    /// How often after a 500: what failed for its content does so again.
    const FAILURES: usize = 1;
    /// The least time that a server may go on with an upload whose answer was lost.
    const SETTLE: Duration = Duration::from_secs(30);
    /// And for each finding: to create one takes DefectDojo 16 ms, to close one
    /// 26 ms, on a busy machine with two cores.
    const SETTLE_PER_FINDING: Duration = Duration::from_millis(60);

    /// Between the times that a report is sent.
    pub(super) fn retries(&self) -> ExponentialBackoff {
        growing(self.first, Self::RETRIES)
    }

    /// Between the times that a question is asked.
    pub(super) fn questions(&self) -> ExponentialBackoff {
        growing(self.first, Self::ASKED_AGAIN)
    }

    /// After a race: short, and at random.
    pub(super) fn races(&self) -> ExponentialBackoff {
        growing(self.first / 5, Self::RACES)
    }

    /// After a 500.
    pub(super) fn failures(&self) -> ExponentialBackoff {
        growing(self.first, Self::FAILURES)
    }

    /// While a server may still be at it.
    pub(super) fn looks(&self) -> ExponentialBackoff {
        growing(self.first, usize::MAX)
    }

    /// How long a server may still be at an upload of so many findings.
    pub(super) fn settle(&self, findings: u64) -> Duration {
        let findings = u32::try_from(findings).unwrap_or(u32::MAX);
        let usual = Self::SETTLE.saturating_add(Self::SETTLE_PER_FINDING.saturating_mul(findings));
        self.settle.unwrap_or(usual)
    }
}

/// Pauses of which each is twice the one before, and up to twice as long at random.
fn growing(first: Duration, times: usize) -> ExponentialBackoff {
    let builder = ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(Pauses::LONGEST.max(first))
        .with_factor(2.0)
        .with_jitter();
    match times {
        usize::MAX => builder.without_max_times().build(),
        times => builder.with_max_times(times).build(),
    }
}

/// What ends the waiting: a signal, or that the time is over.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    deadline: Option<Instant>,
    stopped: Arc<AtomicBool>,
    is_away: Arc<AtomicBool>,
}

impl Clock {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            deadline: Instant::now().checked_add(timeout),
            stopped: Arc::default(),
            is_away: Arc::default(),
        }
    }

    /// Ends all waiting.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Notes whether the server was reached. Where it was not, however often that was
    /// tried, each further report tries it once: many reports do not wait for it one
    /// after the other.
    pub(super) fn reached(&self, is_reached: bool) {
        self.is_away.store(!is_reached, Ordering::SeqCst);
    }

    /// Whether the server is away.
    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::SeqCst)
    }

    /// The time that is left; none is no limit.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(super) fn left(&self) -> Result<Option<Duration>, Halt> {
        if self.is_stopped() {
            return Err(Halt::Interrupted);
        }
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(Halt::OutOfTime),
            false => Ok(Some(left)),
        }
    }

    /// Waits.
    ///
    /// # Errors
    ///
    /// When the time is over before, or the program is to end.
    pub(super) fn pause(&self, time: Duration) -> Result<(), Halt> {
        const NAP: Duration = Duration::from_millis(20);
        let began = Instant::now();
        if self.left()?.is_some_and(|left| left <= time) {
            return Err(Halt::OutOfTime);
        }
        loop {
            self.left()?;
            match time.checked_sub(began.elapsed()) {
                Some(left) if !left.is_zero() => thread::sleep(left.min(NAP)),
                _ => return Ok(()),
            }
        }
    }
}
