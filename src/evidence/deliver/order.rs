//! What may be sent beside what.
//!
//! DefectDojo multiplies findings when two uploads into one test overlap, makes
//! several tests or refuses uploads when two create the same thing. So there is one
//! upload per test at a time, the first into a product is alone, and so is the first
//! into an engagement, among those into it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Halt;
use super::pauses::Clock;
use crate::evidence::Target;
use crate::evidence::record::{Record, State};

/// The deliveries that are open, and their turns.
pub(super) struct Order {
    jobs: Vec<Job>,
    turns: Mutex<Turns>,
    changed: Condvar,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Job {
    /// The delivery's place in the record.
    at: usize,
    /// Equal numbers are the same thing; one that has a number at the server is
    /// there already.
    test: usize,
    product: Option<usize>,
    engagement: Option<usize>,
}

#[derive(Debug, Default)]
struct Turns {
    waiting: Vec<usize>,
    running: Vec<usize>,
    /// What is there: something was filed into it.
    products: BTreeSet<usize>,
    engagements: BTreeSet<usize>,
}

impl Order {
    pub(super) fn new(record: &Record) -> Self {
        let mut jobs = Vec::new();
        let mut turns = Turns::default();
        let (mut tests, mut products, mut engagements) = (Vec::new(), Vec::new(), Vec::new());
        for (at, delivery) in record.deliveries.iter().enumerate() {
            let Some(target) = &delivery.target else {
                continue;
            };
            let job = Job {
                at,
                test: number(&mut tests, target.test()),
                product: named(target).then(|| number(&mut products, &target.product)),
                engagement: named(target)
                    .then(|| number(&mut engagements, (&target.product, &target.engagement))),
            };
            match delivery.state() {
                State::Filed => turns.open(&job),
                State::Planned | State::Failed | State::Unknown => {
                    turns.waiting.push(jobs.len());
                    jobs.push(job);
                }
                State::Sending | State::Refused | State::Skipped => {}
            }
        }
        Self {
            jobs,
            turns: Mutex::new(turns),
            changed: Condvar::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Does what comes next until nothing is left; `file` says whether it is filed.
    ///
    /// # Errors
    ///
    /// The first error of `file`.
    pub(super) fn work(
        &self,
        clock: &Clock,
        file: impl Fn(usize) -> Result<bool, Halt>,
    ) -> Result<(), Halt> {
        while let Some(index) = self.take(clock) {
            let mut turn = Turn {
                order: self,
                index,
                is_filed: false,
            };
            if let Some(job) = self.jobs.get(index) {
                turn.is_filed = file(job.at)?;
            }
        }
        Ok(())
    }

    /// Lets those who wait see that all is over.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
    }

    /// The next one, when there is one; waits for its turn.
    fn take(&self, clock: &Clock) -> Option<usize> {
        // Nobody wakes those who wait for a clock that was stopped.
        const LOOK_UP: Duration = Duration::from_millis(100);
        let mut turns = self.turns();
        loop {
            if clock.is_stopped() {
                return None;
            }
            let mut waiting = turns.waiting.iter();
            if let Some(place) = waiting.position(|index| self.is_ready(&turns, *index)) {
                let index = turns.waiting.remove(place);
                turns.running.push(index);
                return Some(index);
            }
            if turns.waiting.is_empty() {
                return None;
            }
            let waited = self.changed.wait_timeout(turns, LOOK_UP);
            turns = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn done(&self, index: usize, is_filed: bool) {
        let mut turns = self.turns();
        turns.running.retain(|running| *running != index);
        if let Some(job) = self.jobs.get(index).filter(|_| is_filed) {
            turns.open(job);
        }
        self.changed.notify_all();
    }

    fn is_ready(&self, turns: &Turns, index: usize) -> bool {
        let Some(job) = self.jobs.get(index) else {
            return true;
        };
        let is_alone = |job: &Job| {
            job.product
                .is_some_and(|product| !turns.products.contains(&product))
        };
        let mut running = turns
            .running
            .iter()
            .filter_map(|index| self.jobs.get(*index));
        running.all(|other| {
            let is_new = |number: usize| !turns.engagements.contains(&number);
            let makes_the_same =
                job.engagement == other.engagement && job.engagement.is_some_and(is_new);
            job.test != other.test && !is_alone(job) && !is_alone(other) && !makes_the_same
        })
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a delivery, which ends even where a defect ends its thread: others
/// wait for it.
struct Turn<'o> {
    order: &'o Order,
    index: usize,
    is_filed: bool,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.order.done(self.index, self.is_filed);
    }
}

impl Turns {
    fn open(&mut self, job: &Job) {
        self.products.extend(job.product);
        self.engagements.extend(job.engagement);
    }
}

/// Whether names say where it goes, so that it may have to be made.
fn named(target: &Target) -> bool {
    target.test_id.is_none() && target.engagement_id.is_none()
}

/// The number of a value among those that were seen.
fn number<T: PartialEq>(seen: &mut Vec<T>, value: T) -> usize {
    let known = seen.iter().position(|known| *known == value);
    known.unwrap_or_else(|| {
        seen.push(value);
        seen.len() - 1
    })
}
