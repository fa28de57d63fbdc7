//! The way of one report.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::landed::{self, Settled, with_asked};
use super::ledger::Ledger;
use super::pauses::{Clock, Pauses};
use super::request;
use super::{Halt, Prepare, Watch, reconcile};
use crate::defectdojo::{Answer, Client, Failure, Fields, Outcome, Payload, Reason};
use crate::evidence::Target;
use crate::evidence::keep::Kept;
use crate::evidence::record::{Delivery, Filed, State};

/// Who delivers one report after the other.
pub(super) struct Worker {
    pub(super) client: Client,
    pub(super) pauses: Pauses,
    pub(super) clock: Clock,
    pub(super) ledger: Arc<Ledger>,
    pub(super) prepare: Arc<Prepare>,
    pub(super) watch: Arc<dyn Watch>,
}

/// What is next.
enum Next {
    /// Nothing more in this run.
    Over,
    /// It is sent again after this, if `tries` allows it.
    Again(Failure),
}

impl Worker {
    /// Files a report; whether it is filed.
    pub(super) fn file(&self, at: usize) -> Result<bool, Halt> {
        self.go(at)?;
        let Some(delivery) = self.ledger.delivery(at) else {
            return Ok(false);
        };
        self.watch.ended(at, &delivery);
        Ok(delivery.state() == State::Filed)
    }

    fn go(&self, at: usize) -> Result<(), Halt> {
        let (Some(delivery), ledger) = (self.ledger.delivery(at), &self.ledger) else {
            return Ok(());
        };
        let Some(target) = delivery.target.clone() else {
            return Ok(());
        };
        if delivery.state() == State::Unknown {
            self.watch.says(at, "asks the server whether it has it");
            let patience = self.patience(&delivery);
            if !self.resolve(at, &target, patience, None)? {
                return Ok(());
            }
        }
        let kept = match (self.prepare)(&delivery) {
            Ok(kept) => kept,
            Err(why) => return ledger.step(at, |delivery, now| delivery.refuse(now, &why)),
        };
        ledger.step(at, |delivery, _| {
            let is_new = |caveat: &&String| !delivery.notes.contains(caveat);
            let caveats: Vec<_> = kept.caveats.iter().filter(is_new).cloned().collect();
            delivery.notes.extend(caveats);
            delivery.prepare(kept.sent.clone())
        })?;
        let mut tries = Tries::new(&self.pauses);
        loop {
            let failure = match self.send(at, &target, &kept)? {
                Next::Over => return Ok(()),
                Next::Again(failure) => failure,
            };
            let is_lost = failure.outcome == Outcome::NotSent;
            if is_lost && self.clock.is_away() {
                return Ok(());
            }
            let Some(pause) = tries.pause(&failure) else {
                self.clock.reached(!is_lost);
                return Ok(());
            };
            self.watch.says(
                at,
                &format!("{failure}; sends it again in {:.1} s", pause.as_secs_f64()),
            );
            self.clock.pause(pause)?;
        }
    }

    /// Sends it once, and says what is next.
    fn send(&self, at: usize, target: &Target, kept: &Kept) -> Result<Next, Halt> {
        let Some(delivery) = self.ledger.delivery(at) else {
            return Ok(Next::Over);
        };
        // Asked even by whoever closes nothing when a number says where it goes.
        let needs_tests = delivery.closing().close || target.engagement_id.is_some();
        let tests = match needs_tests {
            true => self.ask(|| landed::tests(&self.client, target))?,
            false => Ok(Vec::new()),
        };
        self.guard(at, &delivery, target, &tests)?;
        let place = match &tests {
            Err(failure) if target.engagement_id.is_some() => {
                let why = told(failure);
                self.ledger
                    .step(at, |delivery, now| delivery.refuse(now, &why))?;
                return Ok(Next::Over);
            }
            tests => {
                let tests = tests.as_deref().unwrap_or_default();
                landed::place(target, tests, delivery.metadata.import)
            }
        };
        let Some(delivery) = self.ledger.delivery(at) else {
            return Ok(Next::Over);
        };
        let key = match delivery.build_id() {
            Some(key) => key.to_owned(),
            None => request::key(&delivery),
        };
        let upload = request::upload(&delivery, target, place, &key, self.ledger.now());
        let fields = match Fields::new(&upload) {
            Ok(fields) => fields,
            Err(error) => {
                let why = error.to_string();
                self.ledger
                    .step(at, |delivery, now| delivery.refuse(now, &why))?;
                return Ok(Next::Over);
            }
        };
        let payload = Payload {
            path: kept.file.path().to_owned(),
            name: kept.name.to_owned(),
            bytes: kept.sent.bytes,
            sha256: kept.sent.sha256.clone(),
        };
        let left = self.clock.left()?;
        self.ledger
            .step(at, |delivery, now| delivery.begin(now, || key.clone()))?;
        let mut sent = 0;
        let mut progress = |bytes| {
            sent = bytes;
            self.watch.sent(at, bytes.min(payload.bytes), payload.bytes);
        };
        match self.client.upload(&fields, &payload, left, &mut progress) {
            Ok(answer) => {
                self.clock.reached(true);
                self.accept(at, target, &key, &answer)
            }
            // What says what it is comes after the file: see `defectdojo::body`.
            Err(failure) if failure.status.is_none() && sent <= payload.bytes => self.fail(
                at,
                target,
                Failure {
                    outcome: not_sent(&failure),
                    ..failure
                },
            ),
            Err(failure) => self.fail(at, target, failure),
        }
    }

    /// The server says that it has it: as a test that must know the upload's key.
    fn accept(&self, at: usize, target: &Target, key: &str, answer: &Answer) -> Result<Next, Halt> {
        let test = self.ask(|| self.client.test(answer.test))?;
        let test = test
            .ok()
            .filter(|test| test.build_id.as_deref() == Some(key));
        let Some(test) = test else {
            return self.accept_unseen(at, target, answer);
        };
        let mut statistics = reconcile::statistics(answer);
        let mut is_first = reconcile::is_first(answer);
        if statistics.is_none()
            && let Ok(landed::Found::There {
                filed,
                is_first: is_new,
                ..
            }) = self.ask(|| landed::find(&self.client, target, key))?
        {
            (statistics, is_first) = (filed.statistics, is_new);
        }
        let filed = Filed {
            test_id: test.id,
            engagement_id: Some(test.engagement),
            product_id: answer.product,
            statistics,
        };
        self.landed(at, filed, is_first)?;
        Ok(Next::Over)
    }

    /// The server says that it has it, as a test that is not to be seen, or does not
    /// know the upload. A token that sees no test of the product has only the answer;
    /// its counts prove it then.
    fn accept_unseen(&self, at: usize, target: &Target, answer: &Answer) -> Result<Next, Halt> {
        const WHY: &str =
            "the server says that it is filed, and names a test that does not know it";
        const UNSEEN: &str =
            "it is filed by the server's word: the token's user does not see the test";
        let statistics = reconcile::statistics(answer);
        let is_unseen = matches!(self.ask(|| landed::tests(&self.client, target))?, Ok(tests) if tests.is_empty());
        if is_unseen && statistics.is_some() {
            self.ledger.step(at, |delivery, _| {
                delivery.notes.push(UNSEEN.to_owned());
                Ok(())
            })?;
            let filed = Filed {
                test_id: answer.test,
                engagement_id: answer.engagement,
                product_id: answer.product,
                statistics,
            };
            self.landed(at, filed, reconcile::is_first(answer))?;
            return Ok(Next::Over);
        }
        self.ledger
            .step(at, |delivery, now| delivery.lost(now, WHY))?;
        self.resolve(at, target, Duration::ZERO, None)?;
        Ok(Next::Over)
    }

    /// It is there; whether it is as it was sent is still to be seen.
    fn landed(&self, at: usize, filed: Filed, is_first: bool) -> Result<(), Halt> {
        self.ledger.step(at, |delivery, now| {
            let statistics = filed.statistics.as_ref();
            let expected = reconcile::Expected::of(delivery);
            let why = statistics.and_then(|it| expected.misread(it, is_first));
            match why {
                Some(why) => delivery.misread(now, filed, &why),
                None => delivery.landed(now, filed),
            }
        })
    }

    /// Writes a failure down, and finds out what it means.
    fn fail(&self, at: usize, target: &Target, failure: Failure) -> Result<Next, Halt> {
        let why = told(&failure);
        if failure.may_have_landed() {
            self.ledger
                .step(at, |delivery, now| delivery.lost(now, &why))?;
            self.watch
                .says(at, &format!("{failure}; asks whether it has arrived"));
            let patience = match self.ledger.delivery(at) {
                Some(delivery) if goes_on(&failure) => self.pauses.settle(items(&delivery)),
                _ => Duration::ZERO,
            };
            return Ok(match self.resolve(at, target, patience, Some(&failure))? {
                true => Next::Again(failure),
                false => Next::Over,
            });
        }
        if failure.is_final() {
            let is_refused = failure.outcome != Outcome::NotSent;
            self.ledger.step(at, |delivery, now| match is_refused {
                true => delivery.refuse(now, &why),
                false => delivery.not_landed(now, &why),
            })?;
            return Ok(Next::Over);
        }
        self.ledger
            .step(at, |delivery, now| delivery.not_landed(now, &why))?;
        Ok(Next::Again(failure))
    }

    /// Finds out whether an upload is at the server; whether it may be sent again.
    fn resolve(
        &self,
        at: usize,
        target: &Target,
        patience: Duration,
        failure: Option<&Failure>,
    ) -> Result<bool, Halt> {
        let key = self.ledger.delivery(at);
        let key = key
            .as_ref()
            .and_then(Delivery::build_id)
            .unwrap_or_default();
        match self.settle(target, key, patience)? {
            Settled::There {
                filed,
                is_first,
                times,
            } => {
                self.landed(at, filed, is_first)?;
                if times > 1 {
                    let note = format!(
                        "the server has it {times} times: it went on with an upload for longer than `--settle`"
                    );
                    self.watch.says(at, &note);
                    self.ledger.step(at, |delivery, _| {
                        delivery.notes.push(note);
                        Ok(())
                    })?;
                }
                Ok(false)
            }
            Settled::NotThere => {
                let why = failure.map_or_else(
                    || "the server was asked, and does not have it".to_owned(),
                    told,
                );
                self.ledger
                    .step(at, |delivery, now| delivery.not_landed(now, &why))?;
                Ok(true)
            }
            Settled::Unknown(unanswered) => {
                let before =
                    failure.map_or_else(String::new, |failure| format!("{}; ", told(failure)));
                let why = format!(
                    "{before}whether it is filed cannot be asked: {}",
                    told(&unanswered)
                );
                self.ledger
                    .step(at, |delivery, now| delivery.lost(now, &why))?;
                Ok(false)
            }
        }
    }

    /// How long the server may still be at what an earlier run sent: from when that
    /// lost it, else, where it was ended itself, from now on.
    fn patience(&self, delivery: &Delivery) -> Duration {
        let settle = self.pauses.settle(items(delivery));
        let ended = delivery.attempts().last().and_then(|attempt| attempt.ended);
        let passed = |since: Timestamp| {
            let passed = self.ledger.now().duration_since(since);
            Duration::try_from(passed).unwrap_or_default()
        };
        settle.saturating_sub(ended.map_or(Duration::ZERO, passed))
    }
}

/// The findings that the server has to do with.
fn items(delivery: &Delivery) -> u64 {
    delivery
        .content
        .findings
        .saturating_add(delivery.content.suppressed)
}

/// Whether the server may still be at an upload after this. Its own answer, whatever
/// it says, is its last.
fn goes_on(failure: &Failure) -> bool {
    match failure.status {
        None => true,
        Some(status) => status > 500 || status == 408,
    }
}

/// The outcome of a failure before anything arrived that could be taken for an
/// upload.
fn not_sent(failure: &Failure) -> Outcome {
    match failure.outcome {
        Outcome::Unknown => Outcome::NotSent,
        outcome => outcome,
    }
}

/// A failure with what to do about it.
pub(in crate::evidence) fn told(failure: &Failure) -> String {
    let said = failure.said.as_ref();
    let said = said.map_or_else(String::new, |said| {
        format!(" (it says: {})", crate::text::line(said))
    });
    format!("{}{said}: {}", failure.sentence, failure.advice)
}

/// How often it may be tried again, for which reason.
struct Tries {
    retries: backon::ExponentialBackoff,
    races: backon::ExponentialBackoff,
    failures: backon::ExponentialBackoff,
}

impl Tries {
    fn new(pauses: &Pauses) -> Self {
        Self {
            retries: pauses.retries(),
            races: pauses.races(),
            failures: pauses.failures(),
        }
    }

    /// The pause before the next time; none when there is none.
    fn pause(&mut self, failure: &Failure) -> Option<Duration> {
        let pause = match (failure.outcome, failure.reason) {
            (Outcome::Race, _) => self.races.next(),
            // What is no answer of the API, or its failure, will mostly be so again.
            (_, Reason::Server | Reason::NotTheApi | Reason::Answer) => self.failures.next(),
            _ => self.retries.next(),
        };
        with_asked(pause?, failure)
    }
}
