//! The record while reports are delivered: what is in memory is what is on disk.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{Ended, Halt, Settings};
use crate::evidence::record::{AttachmentRow, Delivery, Misstep, Record};

pub(super) struct Ledger {
    kept: Mutex<Kept>,
    path: PathBuf,
    now: fn() -> Timestamp,
}

struct Kept {
    record: Record,
    /// Whether the run is over; what a thread that was left behind still finds out
    /// is not written any more.
    is_closed: bool,
}

impl Ledger {
    pub(super) fn new(record: Record, settings: &Settings) -> Self {
        Self {
            kept: Mutex::new(Kept {
                record,
                is_closed: false,
            }),
            path: settings.record.clone(),
            now: settings.now,
        }
    }

    /// A delivery as it is now.
    pub(super) fn delivery(&self, at: usize) -> Option<Delivery> {
        self.kept().record.deliveries.get(at).cloned()
    }

    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.kept().record.deliveries.clone()
    }

    pub(super) fn attachments(&self) -> Vec<AttachmentRow> {
        self.kept().record.attachments.clone()
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Writes the record as it is.
    pub(super) fn keep(&self) -> Result<(), Halt> {
        let kept = self.kept();
        kept.record
            .keep(&self.path)
            .map_err(|error| self.unkept(error))
    }

    /// Takes a step of a delivery, and writes it down. When it cannot be written, it
    /// was not taken.
    pub(super) fn step(
        &self,
        at: usize,
        step: impl FnOnce(&mut Delivery, Timestamp) -> Result<(), Misstep>,
    ) -> Result<(), Halt> {
        self.change(|record, now| match record.deliveries.get_mut(at) {
            Some(delivery) => step(delivery, now),
            None => Ok(()),
        })
    }

    /// Says what became of an attachment.
    pub(super) fn attach(
        &self,
        at: usize,
        change: impl FnOnce(&mut AttachmentRow),
    ) -> Result<(), Halt> {
        self.change(|record, _| {
            if let Some(row) = record.attachments.get_mut(at) {
                change(row);
            }
            Ok(())
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Record, Timestamp) -> Result<(), Misstep>,
    ) -> Result<(), Halt> {
        let mut kept = self.kept();
        if kept.is_closed {
            return Err(Halt::Interrupted);
        }
        let mut record = kept.record.clone();
        change(&mut record, self.now())?;
        record
            .keep(&self.path)
            .map_err(|error| self.unkept(error))?;
        kept.record = record;
        Ok(())
    }

    /// Closes the record: nothing is written any more.
    pub(super) fn end(&self, halt: Option<Halt>) -> Ended {
        let mut kept = self.kept();
        kept.is_closed = true;
        Ended {
            record: kept.record.clone(),
            halt,
        }
    }

    fn unkept(&self, source: std::io::Error) -> Halt {
        Halt::Unkept {
            path: self.path.display().to_string(),
            source,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A step is written whole or not at all.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
