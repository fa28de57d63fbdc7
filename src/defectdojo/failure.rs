//! How a call fails: what it means for the delivery, and what to do.

use std::fmt;
use std::time::Duration;

/// A call that did not do what it should.
///
/// Shown, it is one sentence without a full stop. What the server said is foreign
/// text: whoever prints it makes it harmless (`text::short_line`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means for the delivery.
    pub outcome: Outcome,
    /// What happened.
    pub reason: Reason,
    /// The answer's status, where there was an answer.
    pub status: Option<u16>,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What to do about it, in one sentence.
    pub advice: String,
    /// What the server said, at most [`SAID_LIMIT`] characters, without the token.
    pub said: Option<String>,
}

/// The most that is kept of what a server said, in characters.
pub const SAID_LIMIT: usize = 300;

/// What is safe after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of the report left this machine: it may be sent again.
    NotSent,
    /// The file on this side is missing or is not the one that was planned. What
    /// was sent of it cannot have been taken for an upload.
    Unsendable,
    /// It may have landed: look for its key before it is sent again.
    Unknown,
    /// The answer is no, and will be.
    Refused,
    /// Not now. After a 5xx it may still have landed: see
    /// [`Failure::may_have_landed`].
    Busy {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// Another upload created the same thing at the same time: wait a little, at
    /// random, and send it again.
    Race,
}

/// What happened, for a caller that can do something about one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No connection: nobody there, or not in time.
    Connect,
    /// No trust in the server's certificate, or no TLS there.
    Tls,
    /// The proxy does not let it through.
    Proxy,
    /// The connection ended before the answer did.
    Lost,
    /// The answer took longer than was waited for.
    Timeout,
    /// The file on this side.
    File,
    /// The server does not know the token, or was not shown it.
    Token,
    /// The token's user may not do that.
    Right,
    /// The product is new, and its type was not said.
    NoProductType,
    /// Names and numbers, or product and type, do not belong together.
    Conflict,
    /// Nothing of that name or number is there.
    UnknownTarget,
    /// DefectDojo does not know the scan type.
    ScanType,
    /// The file is too large for DefectDojo or for a proxy.
    TooLarge,
    /// The parser could not read the file.
    Format,
    /// Another field was not accepted.
    Field,
    /// The fields did not arrive.
    Mangled,
    /// A race to create something.
    Race,
    /// A file of that title is attached somewhere.
    TitleTaken,
    /// A redirect to a page to log in at.
    Login,
    /// Another redirect.
    Redirect,
    /// Not an answer of DefectDojo's API.
    NotTheApi,
    /// DefectDojo does not know itself by that name.
    WrongHost,
    /// Too many requests, or none served at present.
    Busy,
    /// DefectDojo failed.
    Server,
    /// An answer of the API that cannot be right.
    Answer,
}

impl Failure {
    /// Whether the upload may be in DefectDojo nevertheless, so that it must be
    /// looked for before it is sent again. A proxy that gives up with a 502, 503 or
    /// 504 does not stop DefectDojo behind it.
    pub fn may_have_landed(&self) -> bool {
        match self.outcome {
            Outcome::Unknown => true,
            Outcome::Busy { .. } => self.status.is_none_or(|status| status >= 500),
            Outcome::NotSent | Outcome::Unsendable | Outcome::Refused | Outcome::Race => false,
        }
    }

    /// Whether trying again cannot help before someone has mended something.
    pub fn is_final(&self) -> bool {
        match self.outcome {
            Outcome::Refused | Outcome::Unsendable => true,
            Outcome::NotSent => self.reason == Reason::Tls,
            Outcome::Unknown | Outcome::Busy { .. } | Outcome::Race => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}
