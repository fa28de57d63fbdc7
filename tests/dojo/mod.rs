//! A DefectDojo on the loopback, for the tests of `evidence upload`.
//!
//! It is a state machine with the semantics of the open-source server 3.2 (or
//! 2.58), as measured and recorded: products, engagements, tests, findings and
//! import history; who may do what; what is refused and with which words; what is
//! changed although the answer is an error. On top of it faults can be scheduled,
//! request by request, and recorded exchanges replayed.
//!
//! ```ignore
//! mod dojo;
//!
//! let dojo = dojo::Dojo::start(dojo::Options {
//!     faults: Schedule::on("POST", "/reimport-scan/", Fault::ResetAfterCommit),
//!     ..Default::default()
//! });
//! // … the program, with dojo.url() and dojo.token …
//! let state = dojo.state();
//! let test = state.only_test("shop", "mainline-sast", "semgrep-main");
//! assert_eq!(state.active(test.id), 3);
//! assert_eq!(state.imports(test.id).len(), 1);
//! ```
//!
//! It counts findings by itself (`reports`), not with the program's parsers, so
//! that it is an independent witness of what was sent. Its identities are those of
//! the server's hash where that is documented.
//!
//! Not modelled: de-duplication across tests (off in a fresh installation), JIRA,
//! finding groups, notes, endpoints, expiry of risk acceptances.

#![allow(dead_code, unused_imports, reason = "not every test needs all of it")]
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail by a panic"
)]

pub(crate) mod commit;
pub(crate) mod context;
pub(crate) mod echo;
pub(crate) mod faults;
pub(crate) mod form;
pub(crate) mod http;
pub(crate) mod lists;
pub(crate) mod objects;
pub(crate) mod replay;
pub(crate) mod reports;
pub(crate) mod rights;
pub(crate) mod rows;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod statistics;
pub(crate) mod upload;
pub(crate) mod words;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use faults::{Fault, RetryAfter, Schedule, Shape, When};
pub(crate) use replay::Exchange;
pub(crate) use rights::{Role, User};
pub(crate) use server::Seen;
pub(crate) use state::{State, Test};

/// Which server it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Version {
    /// 3.2.0: rights by `authorized_users`, answers with `deduplication_*`.
    #[default]
    V3,
    /// 2.58.0: rights by roles, no `deduplication_*` in answers.
    V2,
}

impl Version {
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::V3 => "3.2.0",
            Self::V2 => "2.58.0",
        }
    }
}

/// What kind of server to start. The default is a fresh 3.2.0 without faults.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) version: Version,
    pub(crate) faults: Schedule,
    /// Exchanges that are answered as recorded, in their order, before anything
    /// is asked of the state machine.
    pub(crate) replay: Vec<Exchange>,
    /// How long the findings of an upload take. Meanwhile a new test is there, empty
    /// and half complete, and parallel uploads into one test race.
    pub(crate) upload_takes: Duration,
    /// The size limit of a report, in bytes; DefectDojo's own is 100 MB.
    pub(crate) max_file: usize,
    /// Scan types an administrator has deactivated.
    pub(crate) deactivated: Vec<String>,
    /// The hosts that may stand in `Host` (`DD_ALLOWED_HOSTS`); without one, all.
    pub(crate) allowed_hosts: Vec<String>,
    /// Whether answers to reimports have a `delta` (`DD_TRACK_IMPORT_HISTORY`).
    pub(crate) tracks_history: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::V3,
            faults: Schedule::none(),
            replay: Vec::new(),
            upload_takes: Duration::ZERO,
            max_file: 100 * 1024 * 1024,
            deactivated: Vec::new(),
            allowed_hosts: Vec::new(),
            tracks_history: true,
        }
    }
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Dojo {
    address: SocketAddr,
    /// The token of the administrator; more users by [`Dojo::edit`].
    pub(crate) token: String,
    shared: Arc<server::Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// The administrator's token. Distinctive, so that a leak is found by a search.
pub(crate) const TOKEN: &str = "5ca1ab1e0ddba11c0ffee0decade0facade0f00d";

impl Dojo {
    /// Starts a server on a free port of 127.0.0.1.
    pub(crate) fn start(options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(server::Shared::new(options));
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || server::accept(&listener, &shared)
        });
        Self {
            address,
            token: TOKEN.to_owned(),
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// The base URL, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that is stored, as it is now.
    pub(crate) fn state(&self) -> State {
        self.shared.state().clone()
    }

    /// Changes what is stored: users, products, marks on findings, lost tests.
    pub(crate) fn edit<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.shared.state())
    }

    /// Every request seen, in the order of arrival: headers and bodies too.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.shared.seen().clone()
    }

    /// The faults that were scheduled and have not come to pass.
    pub(crate) fn faults_left(&self) -> usize {
        self.shared.faults_left()
    }

    /// Waits until nothing is being worked on: also uploads whose connection is gone.
    pub(crate) fn settle(&self) {
        while self.shared.working.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// From now on other faults, counted from the next request on.
    pub(crate) fn schedule(&self, faults: Schedule) {
        self.shared.reschedule(faults);
    }

    /// The next `count` uploads all look what there is before the first of them
    /// writes: a race without luck. An upload that waits in vain for the others
    /// goes on after `patience`.
    pub(crate) fn rendezvous(&self, count: usize, patience: Duration) {
        self.shared.meeting.announce(count, patience);
    }
}

impl Drop for Dojo {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor; it may already be gone.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

/// A base URL where nobody listens: connections are refused.
pub(crate) fn nobody_listens() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("bound"))
}
