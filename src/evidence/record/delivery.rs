//! What became of one report, step by step.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attempt::{Attempt, Filed, Outcome, Sent};
use crate::evidence::plan::{Beside, Row};
use crate::evidence::{Artifact, BUILD_ID, Closing, Content, Metadata, Target};

/// How far a report has come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing of it was sent.
    Planned,
    /// It is being sent, or whoever sent it was ended meanwhile.
    Sending,
    /// It was sent, and nobody knows whether it arrived.
    Unknown,
    /// It is there.
    Filed,
    /// It is not there, and may be sent again.
    Failed,
    /// It cannot be filed as it is.
    Refused,
    /// It was not to be filed.
    Skipped,
}

impl State {
    /// The word used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Filed => "filed",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Skipped => "skipped",
        }
    }
}

/// A step that cannot follow on the state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misstep {
    /// The state is another one.
    #[error("what is {} cannot be {step}", state.name())]
    State {
        /// The state.
        state: State,
        /// What was to be done.
        step: &'static str,
    },
    /// Nothing says where it goes, or what is sent.
    #[error("it cannot be sent before its place and its bytes are known")]
    Unready,
    /// The key of an upload must tell it from all others.
    #[error("the key of an upload has 1 to {BUILD_ID} characters")]
    Key,
}

/// A report, and what became of it. The steps are methods, and each says what it
/// follows on; so no report is sent while nobody knows whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// The file.
    pub artifact: Artifact,
    /// The lane.
    pub lane: String,
    /// What it was read as.
    pub content: Content,
    /// The scan record beside it.
    pub scan_record: Option<Beside>,
    /// Whether it is sent in another format than it has.
    pub converted: bool,
    /// Where it is filed; `null` when that cannot be told.
    pub target: Option<Target>,
    /// What is sent with it.
    pub metadata: Metadata,
    /// What is done to what is sent, in words.
    pub notes: Vec<String>,
    closing: Closing,
    sent: Option<Sent>,
    pub(super) state: State,
    /// Why it is not filed.
    why: Option<String>,
    build_id: Option<String>,
    attempts: Vec<Attempt>,
    filed: Option<Filed>,
}

impl Delivery {
    /// What is planned; refused, if something is wrong.
    pub(super) fn planned(row: Row) -> Self {
        let Row {
            artifact,
            lane,
            content,
            scan_record,
            converted,
            target,
            metadata,
            closing,
            notes,
            wrong,
        } = row;
        let why: Vec<_> = wrong.into_iter().map(|wrong| wrong.text).collect();
        let is_refused = !why.is_empty() || target.is_none();
        Self {
            artifact,
            lane,
            content,
            scan_record,
            converted,
            target,
            metadata,
            notes,
            closing,
            sent: None,
            state: match is_refused {
                true => State::Refused,
                false => State::Planned,
            },
            why: is_refused.then(|| why.join("; ")),
            build_id: None,
            attempts: Vec::new(),
            filed: None,
        }
    }

    /// How far it has come.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it is not filed.
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Whether what the report lacks is closed, and why.
    pub fn closing(&self) -> &Closing {
        &self.closing
    }

    /// The bytes that are sent.
    pub fn sent(&self) -> Option<&Sent> {
        self.sent.as_ref()
    }

    /// The key of the upload, by which the server can be asked for it; the same in
    /// every attempt.
    pub fn build_id(&self) -> Option<&str> {
        self.build_id.as_deref()
    }

    /// Each time that it was sent.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Where it is at the server.
    pub fn filed(&self) -> Option<&Filed> {
        self.filed.as_ref()
    }

    /// Says which bytes are sent.
    ///
    /// # Errors
    ///
    /// When some were sent already.
    pub fn prepare(&mut self, sent: Sent) -> Result<(), Misstep> {
        let states = [State::Planned, State::Failed, State::Refused];
        self.expect(&states, "prepared")?;
        self.sent = Some(sent);
        Ok(())
    }

    /// Decides that nothing is closed after all. The other way round there is none.
    ///
    /// # Errors
    ///
    /// When it is sent already.
    pub fn close_nothing(&mut self, why: &str) -> Result<(), Misstep> {
        self.expect(&[State::Planned, State::Failed], "changed")?;
        self.closing.forbid(why);
        Ok(())
    }

    /// It is about to be sent. `key` makes the key of the upload, the first time.
    ///
    /// # Errors
    ///
    /// Unless it is known that the server does not have it.
    pub fn begin(&mut self, now: Timestamp, key: impl FnOnce() -> String) -> Result<(), Misstep> {
        self.expect(&[State::Planned, State::Failed], "sent")?;
        if self.target.is_none() || self.sent.is_none() {
            return Err(Misstep::Unready);
        }
        let key = self.build_id.clone().unwrap_or_else(key);
        if !is_key(&key) {
            return Err(Misstep::Key);
        }
        self.build_id = Some(key);
        self.attempts.push(Attempt {
            began: now,
            ended: None,
            close: self.closing.close,
            outcome: None,
            text: None,
        });
        self.why = None;
        self.state = State::Sending;
        Ok(())
    }

    /// The server has it: by its answer, or because it was asked.
    ///
    /// # Errors
    ///
    /// When it was not sent.
    pub fn landed(&mut self, now: Timestamp, filed: Filed) -> Result<(), Misstep> {
        self.expect(&[State::Sending, State::Unknown], "filed")?;
        self.end(now, Outcome::Landed, None);
        self.filed = Some(filed);
        self.why = None;
        self.state = State::Filed;
        Ok(())
    }

    /// The server has it, and read something else than is in it.
    ///
    /// # Errors
    ///
    /// When it was not sent.
    pub fn misread(&mut self, now: Timestamp, filed: Filed, why: &str) -> Result<(), Misstep> {
        self.expect(&[State::Sending, State::Unknown], "misread")?;
        self.end(now, Outcome::Misread, Some(why));
        self.filed = Some(filed);
        self.stop(State::Refused, why);
        Ok(())
    }

    /// Nobody knows whether it arrived: no answer, or none that says it.
    ///
    /// # Errors
    ///
    /// When it was not sent.
    pub fn lost(&mut self, now: Timestamp, why: &str) -> Result<(), Misstep> {
        self.expect(&[State::Sending, State::Unknown], "lost")?;
        self.end(now, Outcome::Unknown, Some(why));
        self.stop(State::Unknown, why);
        Ok(())
    }

    /// The server does not have it: it was never reached, said so, or was asked.
    ///
    /// # Errors
    ///
    /// When it was not sent.
    pub fn not_landed(&mut self, now: Timestamp, why: &str) -> Result<(), Misstep> {
        self.expect(&[State::Sending, State::Unknown], "found missing")?;
        self.end(now, Outcome::NotLanded, Some(why));
        self.stop(State::Failed, why);
        Ok(())
    }

    /// It cannot be filed as it is: the server says so, or it must not leave.
    ///
    /// # Errors
    ///
    /// When it is filed, or may be.
    pub fn refuse(&mut self, now: Timestamp, why: &str) -> Result<(), Misstep> {
        self.expect(&[State::Planned, State::Sending, State::Failed], "refused")?;
        if self.state == State::Sending {
            self.end(now, Outcome::Refused, Some(why));
        }
        self.stop(State::Refused, why);
        Ok(())
    }

    /// It is to be filed once more, though it is there, or was misread there.
    ///
    /// # Errors
    ///
    /// Unless it is.
    pub fn again(&mut self) -> Result<(), Misstep> {
        if !self.is_misread() {
            self.expect(&[State::Filed], "filed again")?;
        }
        self.filed = None;
        self.why = None;
        // The server knows the key by now.
        self.build_id = None;
        self.state = State::Planned;
        Ok(())
    }

    /// It is not to be filed.
    ///
    /// # Errors
    ///
    /// When some of it was sent.
    pub fn skip(&mut self, why: &str) -> Result<(), Misstep> {
        self.expect(&[State::Planned], "skipped")?;
        self.stop(State::Skipped, why);
        Ok(())
    }

    /// Whoever sent it was ended: nobody knows whether it arrived.
    pub(super) fn interrupt(&mut self) {
        const WHY: &str = "the program was ended while it sent the report";
        if self.state == State::Sending {
            if let Some(attempt) = self.attempts.last_mut() {
                attempt.outcome = Some(Outcome::Unknown);
                attempt.text = Some(WHY.to_owned());
            }
            self.stop(State::Unknown, WHY);
        }
    }

    /// Whether this is the same report at the same place.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_test = match (&self.target, &other.target) {
            (Some(own), Some(other)) => own.test() == other.test(),
            (None, None) => true,
            _ => false,
        };
        self.artifact.sha256 == other.artifact.sha256
            && self.lane == other.lane
            && self.metadata.import == other.metadata.import
            && is_same_test
    }

    /// Whether the server has it, and read something else. Sent again without a
    /// second look it would be misread again.
    fn is_misread(&self) -> bool {
        let last = self.attempts.last().and_then(|attempt| attempt.outcome);
        self.state == State::Refused && last == Some(Outcome::Misread)
    }

    /// Takes over what became of it before. What was refused or skipped then is as
    /// it is planned now: the reason may be gone.
    pub(super) fn go_on(&mut self, earlier: Self) {
        let may_be_there = matches!(earlier.state, State::Filed | State::Unknown);
        match (earlier.state, self.state) {
            _ if may_be_there || earlier.is_misread() => {
                // What these bytes are is believed to who has just read them.
                let artifact = std::mem::take(&mut self.artifact);
                let content = self.content.clone();
                *self = Self {
                    artifact,
                    content,
                    ..earlier
                };
            }
            (State::Failed, State::Planned) => {
                // What is sent with it may be another by now.
                self.state = State::Failed;
                self.why = earlier.why;
                self.build_id = earlier.build_id;
                self.attempts = earlier.attempts;
                self.sent = earlier.sent;
            }
            _ => self.attempts = earlier.attempts,
        }
    }

    fn expect(&self, states: &[State], step: &'static str) -> Result<(), Misstep> {
        match states.contains(&self.state) {
            true => Ok(()),
            false => Err(Misstep::State {
                state: self.state,
                step,
            }),
        }
    }

    fn end(&mut self, now: Timestamp, outcome: Outcome, text: Option<&str>) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.ended = Some(now);
            attempt.outcome = Some(outcome);
            attempt.text = text.map(str::to_owned);
        }
    }

    fn stop(&mut self, state: State, why: &str) {
        self.state = state;
        self.why = Some(why.to_owned());
    }

    /// What in it cannot be true together with the rest.
    pub(super) fn contradiction(&self) -> Option<String> {
        let says = |text: &str| Some(format!("it says `{}`, and {text}", self.state.name()));
        let last = self.attempts.last();
        let outcome = last.map(|attempt| attempt.outcome);
        let runs = self
            .attempts
            .iter()
            .filter(|attempt| attempt.outcome.is_none());
        let most = usize::from(self.state == State::Sending);
        if runs.count() > most {
            return says("an attempt has no end");
        }
        let is_under_way = matches!(
            self.state,
            State::Sending | State::Unknown | State::Failed | State::Filed
        );
        if is_under_way && self.build_id.is_none() {
            return says("what was sent has no `build_id`");
        }
        if self.build_id.as_ref().is_some_and(|key| !is_key(key)) {
            return says("its `build_id` is none");
        }
        let may_be_there = match self.state {
            State::Filed => self.why.is_none(),
            State::Refused => outcome.flatten() == Some(Outcome::Misread),
            _ => false,
        };
        let is_there = self.filed.is_some();
        if is_there && !may_be_there || !is_there && self.state == State::Filed {
            return says("what it says of where it is filed is something else");
        }
        let has_ended_as = |wanted: &[Outcome]| {
            let outcome = outcome.flatten();
            outcome.is_some_and(|outcome| wanted.contains(&outcome))
        };
        match self.state {
            State::Planned if self.why.is_some() => says("why it is not filed"),
            State::Planned => None,
            State::Sending if outcome != Some(None) => says("nothing is being sent"),
            State::Unknown if !has_ended_as(&[Outcome::Unknown]) => {
                says("its last attempt did not end so")
            }
            State::Failed if !has_ended_as(&[Outcome::NotLanded]) => {
                says("its last attempt did not end so")
            }
            State::Filed if !has_ended_as(&[Outcome::Landed]) => {
                says("its last attempt did not end so")
            }
            _ if is_under_way && (self.target.is_none() || self.sent.is_none()) => {
                says("nothing says what was sent where")
            }
            State::Unknown | State::Failed | State::Refused | State::Skipped
                if self.why.is_none() =>
            {
                says("not why")
            }
            _ => None,
        }
    }
}

fn is_key(text: &str) -> bool {
    (1..=BUILD_ID).contains(&text.chars().count()) && !text.contains(char::is_control)
}
