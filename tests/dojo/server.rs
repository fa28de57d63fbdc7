//! Connections: reading requests, letting faults happen, writing answers.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use super::faults::{Fault, Schedule, Shape};
use super::http::{Answer, Body, Head};
use super::replay::Replay;
use super::state::State;
use super::words::INTERNAL_ERROR;
use super::{Options, lists, objects, rights, upload};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Counted from 0 over all connections.
    pub(crate) number: usize,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// What was made to go wrong with it.
    pub(crate) fault: Option<Fault>,
    /// The status of the answer, where one was sent.
    pub(crate) status: Option<u16>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = |(header, _): &&(String, String)| header.eq_ignore_ascii_case(name);
        self.headers.iter().find(found).map(|(_, value)| &**value)
    }
}

/// What the connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) stopped: AtomicBool,
    pub(crate) meeting: Meeting,
    /// How many requests are being carried out.
    pub(crate) working: AtomicUsize,
    state: Mutex<State>,
    seen: Mutex<Vec<Seen>>,
    /// With the number of the request it is counted from.
    faults: Mutex<(usize, Schedule)>,
    replay: Mutex<Replay>,
    count: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            stopped: AtomicBool::new(false),
            meeting: Meeting::default(),
            working: AtomicUsize::new(0),
            state: Mutex::new(State::fresh(&options)),
            seen: Mutex::default(),
            faults: Mutex::new((0, options.faults.clone())),
            replay: Mutex::new(Replay::new(options.replay.clone())),
            count: AtomicUsize::new(0),
            options,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panicked over it")
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().expect("no thread panicked over it")
    }

    pub(crate) fn faults_left(&self) -> usize {
        self.faults.lock().expect("whole").1.left()
    }

    pub(crate) fn reschedule(&self, schedule: Schedule) {
        let from = self.count.load(Ordering::SeqCst);
        *self.faults.lock().expect("whole") = (from, schedule);
    }
}

/// Where uploads wait for each other, so that they race.
#[derive(Debug, Default)]
pub(crate) struct Meeting {
    /// How many are still to come, and how long one waits for them.
    expected: Mutex<(usize, Duration)>,
    complete: Condvar,
}

impl Meeting {
    pub(crate) fn announce(&self, count: usize, patience: Duration) {
        *self.expected.lock().expect("whole") = (count, patience);
    }

    /// Waits until all have come.
    pub(crate) fn attend(&self) {
        let mut expected = self.expected.lock().expect("whole");
        if expected.0 == 0 {
            return;
        }
        expected.0 -= 1;
        if expected.0 == 0 {
            self.complete.notify_all();
            return;
        }
        let patience = expected.1;
        let waited = self
            .complete
            .wait_timeout_while(expected, patience, |expected| expected.0 > 0);
        // Whoever waited in vain ends the meeting for all.
        waited.expect("whole").0.0 = 0;
        self.complete.notify_all();
    }
}

/// Takes connections until the server stops.
pub(crate) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A connection that fails is the client's matter.
        std::thread::spawn(move || drop(converse(stream, &shared)));
    }
}

/// Whether the connection may be used again.
type Again = bool;

fn converse(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    while let Some(head) = Head::read(&mut stream)? {
        let asks_to_close = head
            .header("connection")
            .is_some_and(|wish| wish.eq_ignore_ascii_case("close"));
        shared.working.fetch_add(1, Ordering::SeqCst);
        let again = handle(&mut stream, &head, shared);
        shared.working.fetch_sub(1, Ordering::SeqCst);
        let again = again?;
        if asks_to_close || !again || shared.stopped.load(Ordering::SeqCst) {
            break;
        }
    }
    Ok(())
}

fn handle(stream: &mut TcpStream, head: &Head, shared: &Shared) -> io::Result<Again> {
    let number = shared.count.fetch_add(1, Ordering::SeqCst);
    let fault = {
        let mut faults = shared.faults.lock().expect("whole");
        let from = faults.0;
        faults.1.take(number - from, &head.method, head.path())
    };
    let place = {
        let mut seen = shared.seen();
        seen.push(Seen {
            number,
            method: head.method.clone(),
            target: head.target.clone(),
            headers: head.headers.clone(),
            body: Vec::new(),
            fault: fault.clone(),
            status: None,
        });
        seen.len() - 1
    };
    let reset = matches!(
        fault,
        Some(Fault::ResetBeforeCommit | Fault::ResetAfterCommit)
    );
    let body = match fault {
        // With bytes unread, closing is a reset.
        Some(Fault::Refuse) => return Ok(false),
        Some(Fault::DropDuringBody) => {
            let mut some = vec![0; head.content_length() / 2];
            stream.read_exact(&mut some)?;
            shared.seen()[place].body = some;
            return Ok(false);
        }
        _ if reset => Body::read_to_reset(stream, head)?,
        _ => Body::read(stream, head)?,
    };
    shared.seen()[place].body.clone_from(&body.bytes);
    if let Some(Fault::LostThenCommit(_)) = fault {
        stream.shutdown(Shutdown::Both)?;
    }
    let Some(answer) = answer(head, &body, fault.as_ref(), shared) else {
        return Ok(false);
    };
    shared.seen()[place].status = Some(answer.status);
    let mut wire = answer.bytes();
    match fault {
        Some(Fault::Slow(time)) => std::thread::sleep(time),
        Some(Fault::Truncated) => {
            wire.truncate(wire.len() - answer.body.len().div_ceil(2));
            stream.write_all(&wire)?;
            stream.shutdown(Shutdown::Both)?;
            return Ok(false);
        }
        Some(Fault::Overlong) => wire.extend(b"\n{\"and\": \"more\"}\n"),
        _ => {}
    }
    stream.write_all(&wire)?;
    Ok(!matches!(fault, Some(Fault::Overlong)))
}

/// The answer, or `None` where the connection is to be reset.
fn answer(head: &Head, body: &Body, fault: Option<&Fault>, shared: &Shared) -> Option<Answer> {
    let replayed = || {
        let mut replay = shared.replay.lock().expect("whole");
        replay.answer(&head.method, &head.target)
    };
    let takes = match fault {
        Some(Fault::Late(time) | Fault::LostThenCommit(time)) => *time,
        _ => shared.options.upload_takes,
    };
    let carried_out = || replayed().unwrap_or_else(|| route(head, body, shared, takes));
    Some(match fault {
        None | Some(Fault::Slow(_) | Fault::Late(_) | Fault::Truncated | Fault::Overlong) => {
            carried_out()
        }
        Some(Fault::Refuse | Fault::DropDuringBody | Fault::ResetBeforeCommit) => return None,
        Some(Fault::ResetAfterCommit | Fault::LostThenCommit(_)) => {
            carried_out();
            return None;
        }
        Some(Fault::CommitThen500) => {
            carried_out();
            Answer::json(500, &INTERNAL_ERROR)
        }
        Some(Fault::CommitThenGateway(status)) => {
            carried_out();
            Answer::html(*status, "Gateway")
        }
        Some(Fault::InternalError) => Answer::json(500, &INTERNAL_ERROR),
        Some(Fault::Status(status, after)) => {
            let answer = Answer::html(*status, "Try again later");
            match after.text() {
                Some(after) => answer.with("Retry-After", &after),
                None => answer,
            }
        }
        Some(Fault::Html(status)) => Answer::html(*status, "Log in"),
        Some(Fault::Login(status)) => Answer::redirect(*status, "/login?next=/api/v2/"),
        Some(Fault::Wrong(shape)) => deform(carried_out(), *shape),
    })
}

fn deform(mut answer: Answer, shape: Shape) -> Answer {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let mut each_id = |change: &dyn Fn(&mut Value)| {
        for name in ["test", "test_id", "engagement_id", "product_id", "id"] {
            if let Some(id) = body.get_mut(name) {
                change(id);
            }
        }
    };
    match shape {
        Shape::NotJson => {
            answer.body = b"{\"test_id\": 1, ".to_vec();
            return answer;
        }
        Shape::Null => body = Value::Null,
        Shape::Array => body = json!([body]),
        Shape::Text => body = json!("created"),
        Shape::EmptyObject => body = json!({}),
        Shape::IdsAsText => each_id(&|id| *id = id.to_string().into()),
        Shape::OtherTestId => each_id(&|id| *id = (id.as_u64().unwrap_or(0) + 7_000).into()),
        Shape::NoTestId | Shape::NoResults | Shape::NoStatistics => {
            let names: &[&str] = match shape {
                Shape::NoTestId => &["test", "test_id"],
                Shape::NoResults => &["results"],
                _ => &["statistics"],
            };
            if let Some(object) = body.as_object_mut() {
                object.retain(|name, _| !names.contains(&name.as_str()));
            }
        }
    }
    answer.body = body.to_string().into_bytes();
    answer
}

/// The application: who asks, and for what.
fn route(head: &Head, body: &Body, shared: &Shared, takes: Duration) -> Answer {
    let path = head.path();
    let host = head.header("host").unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let allowed = &shared.options.allowed_hosts;
    if !allowed.is_empty() && allowed.iter().all(|name| name != host) {
        return Answer::html(400, "Bad Request (400)");
    }
    let Some(rest) = path.strip_prefix("/api/v2/") else {
        return Answer::html(404, "Page not found");
    };
    if !path.ends_with('/') {
        return Answer::redirect(301, &format!("{path}/"));
    }
    if rest == "oa3/schema/" {
        let version = shared.options.version.number();
        let schema = json!({"openapi": "3.0.3", "info": {"title": "DefectDojo API v2", "version": version}, "paths": {}});
        return Answer::json(200, &schema);
    }
    let authenticated = rights::authenticate(&shared.state(), head.header("authorization"));
    let user = match authenticated {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let mut segments = rest.trim_end_matches('/').split('/');
    let kind = segments.next().unwrap_or_default();
    let id = segments.next();
    let action = segments.next();
    match (kind, id) {
        ("reimport-scan", None) => {
            upload::upload(head, body, &user, shared, upload::Kind::Reimport, takes)
        }
        ("import-scan", None) => {
            upload::upload(head, body, &user, shared, upload::Kind::Import, takes)
        }
        ("user_profile", None) => Answer::json(200, &rights::profile(&shared.state(), &user)),
        _ if head.method == "GET" && action.is_none() => {
            lists::read(&shared.state(), &user, kind, id, head)
        }
        _ => objects::act(&mut shared.state(), &user, kind, id, action, head, body),
    }
}
