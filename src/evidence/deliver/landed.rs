//! Whether an upload is at the server.
//!
//! A server goes on working after its client has given up, and shows nothing of an
//! upload into a test that there is before it is done. So one that is not there is
//! asked for again, at growing intervals, for as long as its findings may take.

use std::time::Duration;

use super::Halt;
use super::one::Worker;
use super::request::Place;
use crate::defectdojo::{Client, Failure, Import, Outcome, Reason, Test};
use crate::evidence::Target;
use crate::evidence::record::{Filed, Statistics};

/// What the server says of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there; what it did, where the server keeps a history.
    There {
        filed: Filed,
        /// Whether the test was new.
        is_first: bool,
        /// How often it is there.
        times: usize,
    },
    /// Its test is there, and half complete: the server is at it, or broke off.
    Begun,
    /// It is not there.
    Nothing,
}

/// The tests that an upload of this target can be in, oldest first. There may be
/// several of one title, and several engagements of one name.
pub(super) fn tests(client: &Client, target: &Target) -> Result<Vec<Test>, Failure> {
    if let Some(id) = target.test_id {
        return client.test(id).map(|test| vec![test]);
    }
    let title = target.test_title.trim();
    let of = |engagement| client.tests(engagement, title, &target.scan_type);
    if let Some(id) = target.engagement_id {
        return of(id);
    }
    let mut tests = Vec::new();
    let product = target.product.as_deref().unwrap_or_default().trim();
    for product in client.products(product)? {
        for engagement in client.engagements(product.id, target.engagement.trim())? {
            tests.extend(of(engagement.id)?);
        }
    }
    Ok(tests)
}

/// Where a target's next upload goes.
pub(super) fn place(target: &Target, tests: &[Test], is_import: bool) -> Place {
    match (target.test_id, target.engagement_id, tests.last()) {
        (Some(id), _, _) => Place::Test(id),
        // A reimport does not look at an engagement's number.
        (None, Some(_), Some(test)) if !is_import => Place::Test(test.id),
        (None, Some(id), _) => Place::Engagement(id),
        (None, None, _) => Place::Names,
    }
}

/// Looks for an upload by its key.
pub(super) fn find(client: &Client, target: &Target, key: &str) -> Result<Found, Failure> {
    let mut found = Found::Nothing;
    // The newest is where it should be.
    for test in tests(client, target)?.into_iter().rev() {
        let imports = client.imports(test.id, key)?;
        let times = imports.len();
        let has_key = test.build_id.as_deref() == Some(key);
        if let Some(import) = imports.last() {
            return Ok(there(&test, Some(import), times));
        }
        match test.percent_complete {
            // Where no history is kept, the test knows the key of the last upload.
            Some(100) if has_key => return Ok(there(&test, None, 1)),
            Some(percent) if percent < 100 && has_key => found = Found::Begun,
            _ => {}
        }
    }
    Ok(found)
}

fn there(test: &Test, import: Option<&Import>, times: usize) -> Found {
    let statistics = import.map(|import| Statistics {
        created: Some(import.actions.created),
        closed: Some(import.actions.closed),
        reactivated: Some(import.actions.reactivated),
        untouched: Some(import.actions.untouched),
        total: None,
    });
    Found::There {
        filed: Filed {
            test_id: test.id,
            engagement_id: Some(test.engagement),
            product_id: None,
            statistics,
        },
        is_first: import.is_some_and(|import| import.kind.as_deref() == Some("import")),
        times,
    }
}

/// What came of looking for an upload.
#[derive(Debug)]
pub(super) enum Settled {
    /// It is there.
    There {
        filed: Filed,
        is_first: bool,
        times: usize,
    },
    /// It is not there, and will not be.
    NotThere,
    /// The server cannot be asked.
    Unknown(Failure),
}

impl Worker {
    /// Looks for an upload until it is there, or the server had `patience` to be
    /// done with it.
    pub(super) fn settle(
        &self,
        target: &Target,
        key: &str,
        patience: Duration,
    ) -> Result<Settled, Halt> {
        /// How much longer is waited for an upload that was seen to be begun.
        const BEGUN: u32 = 3;
        let mut waited = Duration::ZERO;
        let mut pauses = self.pauses.looks();
        loop {
            let patience = match self.ask(|| find(&self.client, target, key))? {
                Err(failure) => return Ok(Settled::Unknown(failure)),
                Ok(Found::There {
                    filed,
                    is_first,
                    times,
                }) => {
                    return Ok(Settled::There {
                        filed,
                        is_first,
                        times,
                    });
                }
                Ok(Found::Begun) => patience.saturating_mul(BEGUN),
                Ok(Found::Nothing) => patience,
            };
            let left = patience.saturating_sub(waited);
            if left.is_zero() {
                return Ok(Settled::NotThere);
            }
            let pause = pauses.next().unwrap_or(left).min(left);
            self.clock.pause(pause)?;
            waited += pause;
        }
    }

    /// Asks the server something, again if it did not get through.
    ///
    /// # Errors
    ///
    /// When the time is over. The inner one is the last failure.
    pub(super) fn ask<T>(
        &self,
        question: impl FnMut() -> Result<T, Failure>,
    ) -> Result<Result<T, Failure>, Halt> {
        ask(&self.pauses, &self.clock, question)
    }
}

/// Asks the server something, again if it did not get through.
pub(super) fn ask<T>(
    pauses: &super::Pauses,
    clock: &super::pauses::Clock,
    mut question: impl FnMut() -> Result<T, Failure>,
) -> Result<Result<T, Failure>, Halt> {
    let mut pauses = pauses.questions();
    loop {
        clock.left()?;
        let failure = match question() {
            Ok(answer) => {
                clock.reached(true);
                return Ok(Ok(answer));
            }
            Err(failure) => failure,
        };
        let is_lost = failure.outcome == Outcome::NotSent;
        if is_lost && clock.is_away() {
            return Ok(Err(failure));
        }
        // A list may have changed between two of its pages.
        let is_final = failure.is_final() && failure.reason != Reason::Answer;
        let (false, Some(pause)) = (is_final, pauses.next()) else {
            clock.reached(!is_lost);
            return Ok(Err(failure));
        };
        let Some(pause) = with_asked(pause, &failure) else {
            return Ok(Err(failure));
        };
        clock.pause(pause)?;
    }
}

/// A pause that is as long as the server asks for; none when it asks for too long.
pub(super) fn with_asked(pause: Duration, failure: &Failure) -> Option<Duration> {
    let asked = match failure.outcome {
        Outcome::Busy { retry_after } => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    };
    (asked <= super::Pauses::LONGEST_ASKED).then(|| pause.max(asked))
}
