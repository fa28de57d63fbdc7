//! How much an upload would close, which only the server can tell.

use super::Halt;
use super::landed;
use super::one::Worker;
use crate::defectdojo::Test;
use crate::evidence::record::Delivery;
use crate::evidence::{Closing, Target};

impl Worker {
    /// Closes nothing with an upload that would close too much, or nobody knows how
    /// much. `tests` are those that the upload can go into, if the server says.
    pub(super) fn guard(
        &self,
        at: usize,
        delivery: &Delivery,
        target: &Target,
        tests: &Result<Vec<Test>, crate::defectdojo::Failure>,
    ) -> Result<(), Halt> {
        if !delivery.closing().close {
            return Ok(());
        }
        let why = match tests {
            _ if delivery.metadata.import => Some(
                "an import closes in all tests of its engagement, and nobody knows how much"
                    .to_owned(),
            ),
            Err(failure) => Some(unknown(failure)),
            Ok(tests) => match landed::place(target, tests, false) {
                super::request::Place::Engagement(_) => None,
                _ => match tests.last() {
                    None => None,
                    Some(test) => match self.ask(|| self.client.active_findings(test.id))? {
                        Ok(active) => too_many(delivery, active),
                        Err(failure) => Some(unknown(&failure)),
                    },
                },
            },
        };
        let Some(why) = why else {
            return Ok(());
        };
        self.watch.says(at, &format!("closes nothing: {why}"));
        self.ledger
            .step(at, |delivery, _| delivery.close_nothing(&why))
    }
}

fn unknown(failure: &crate::defectdojo::Failure) -> String {
    format!("the server does not say how many findings the test has: {failure}")
}

/// Why so many findings may not be closed. Of those that are open there as many can
/// stay as there are in the report; the others would be closed, whatever they are.
fn too_many(delivery: &Delivery, active: u64) -> Option<String> {
    let Closing {
        max_percent,
        max_count,
        ..
    } = *delivery.closing();
    let least = active.saturating_sub(delivery.content.findings);
    let share = u128::from(least) * 100;
    let is_many = least > max_count && share > u128::from(active) * u128::from(max_percent);
    is_many.then(|| {
        format!(
            "it would close at least {least} of the {active} findings that are open there, more than {max_percent} %: look whether the scan was whole; if it was, close them there, or allow it by `max_close`"
        )
    })
}
