//! Delivery: each report filed exactly once, whatever the network and the server do.
//!
//! Nothing is sent before the record says so, and nothing is sent again before the
//! server was asked for it by its key: see `one` for the steps of a report, `landed`
//! for the question, `order` for what may run beside what, `ledger` for the record,
//! `pauses` for how long is waited for what, `closing` for what may be closed, and
//! `reconcile` for whether the server read what was sent.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::keep::Kept;
use super::record::{Delivery, Record};
use crate::defectdojo::Client;

mod attach;
mod closing;
mod landed;
mod ledger;
mod one;
mod order;
mod pauses;
mod reconcile;
mod request;

use ledger::Ledger;
pub(super) use one::told;
use order::Order;
use pauses::Clock;
pub use pauses::Pauses;

/// How a delivery is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub client: Client,
    /// How many reports are sent at once, at most.
    pub jobs: usize,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How long is waited for what.
    pub pauses: Pauses,
    /// Where the record is kept.
    pub record: PathBuf,
    /// The bundle that has what is sent, where there is one.
    pub bundle: Option<PathBuf>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// How long a whole delivery may take unless it is said: what an upload of all the
/// reports in one may, and a quarter of an hour for what has to be tried again.
pub fn usual_timeout(record: &Record) -> Duration {
    const RETRIES: Duration = Duration::from_secs(15 * 60);
    let bytes = record
        .deliveries
        .iter()
        .map(|delivery| delivery.artifact.bytes);
    let bytes = bytes.fold(0, u64::saturating_add);
    let answer = crate::defectdojo::answer_timeout(bytes);
    answer.saturating_add(RETRIES)
}

/// Makes of a report what is sent.
pub type Prepare = dyn Fn(&Delivery) -> Result<Kept, String> + Send + Sync;

/// Who is told what happens, from several threads.
pub trait Watch: Send + Sync {
    /// Bytes of a report, of so many, have been sent.
    fn sent(&self, at: usize, bytes: u64, of: u64);
    /// Something happened to a report that is not its end.
    fn says(&self, at: usize, text: &str);
    /// A report is where it will be after this run.
    fn ended(&self, at: usize, delivery: &Delivery);
}

/// Why a delivery was broken off. The record says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// A signal.
    #[error("interrupted: run it again with the same record to go on")]
    Interrupted,
    /// The time is over.
    #[error("the time is over (`--timeout`): run it again with the same record to go on")]
    OutOfTime,
    /// Without a record nothing may be sent.
    #[error("the record {path} cannot be kept, so nothing more was sent")]
    Unkept {
        /// The record.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A step that does not follow; nothing was sent for it.
    #[error("a defect of security-gate: {0}")]
    Misstep(#[from] super::record::Misstep),
}

/// How a delivery ended.
#[derive(Debug)]
pub struct Ended {
    /// The record as it is kept.
    pub record: Record,
    /// Why it was broken off.
    pub halt: Option<Halt>,
}

/// How long uploads that run are waited for after a signal. What they become of
/// then, the next run asks the server.
const GRACE: Duration = Duration::from_secs(3);
/// How often a signal is looked for.
const GLANCE: Duration = Duration::from_millis(20);

/// Delivers what the record has open, and keeps it at every step. `is_over` says
/// whether to stop.
pub fn deliver(
    record: Record,
    settings: &Settings,
    prepare: &Arc<Prepare>,
    watch: &Arc<dyn Watch>,
    is_over: &dyn Fn() -> bool,
) -> Ended {
    let order = Arc::new(Order::new(&record));
    let ledger = Arc::new(Ledger::new(record, settings));
    if let Err(halt) = ledger.keep() {
        return ledger.end(Some(halt));
    }
    let clock = Clock::new(settings.timeout);
    let (told, ends) = mpsc::channel();
    let jobs = settings.jobs.clamp(1, order.len().max(1));
    for _ in 0..jobs {
        let worker = one::Worker {
            client: settings.client.clone(),
            pauses: settings.pauses,
            clock: clock.clone(),
            ledger: Arc::clone(&ledger),
            prepare: Arc::clone(prepare),
            watch: Arc::clone(watch),
        };
        let (order, clock, told) = (Arc::clone(&order), clock.clone(), told.clone());
        // A thread that may be left behind: a signal does not wait for a server.
        thread::spawn(move || {
            let end = order.work(&clock, |at| worker.file(at));
            // Nobody listens any more after a signal.
            drop(told.send(end));
        });
    }
    drop(told);
    let halt = wait(&ends, &clock, &order, is_over);
    let halt = halt.or_else(|| {
        let attacher = attach::Attacher {
            settings,
            clock: &clock,
            ledger: &ledger,
        };
        attacher.attach(is_over).err()
    });
    ledger.end(halt)
}

/// Waits for the workers; why one of them stopped before the end.
fn wait(
    ends: &mpsc::Receiver<Result<(), Halt>>,
    clock: &Clock,
    order: &Order,
    is_over: &dyn Fn() -> bool,
) -> Option<Halt> {
    let mut halt = None;
    let mut left_at = None;
    loop {
        match ends.recv_timeout(GLANCE) {
            Ok(Ok(())) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(Err(error)) => {
                clock.stop();
                order.wake();
                halt.get_or_insert(error);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return halt,
        }
        if left_at.is_none() && is_over() {
            clock.stop();
            order.wake();
            halt.get_or_insert(Halt::Interrupted);
            left_at = Some(Instant::now());
        }
        if left_at.is_some_and(|since: Instant| since.elapsed() >= GRACE) {
            return halt;
        }
    }
}
