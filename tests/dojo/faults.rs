//! What goes wrong, and when: plain data.

use std::time::Duration;

/// One thing that goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is closed as soon as a head has come; with a body unread, that
    /// is a reset. (For a refused connection: [`super::nobody_listens`].)
    Refuse,
    /// The connection is reset while the body is being sent.
    DropDuringBody,
    /// The request is read, nothing is done, and the connection reset.
    ResetBeforeCommit,
    /// The request is carried out, and the connection reset without an answer.
    ResetAfterCommit,
    /// The request is carried out; the answer is a 500.
    CommitThen500,
    /// The request is carried out; the answer is a gateway's of this status.
    CommitThenGateway(u16),
    /// The request is carried out at once; the answer comes after this time.
    Slow(Duration),
    /// The request takes this time to be carried out, and then has its answer: a
    /// client that gives up before does not stop it.
    Late(Duration),
    /// The connection ends at once; the request is carried out after this time.
    LostThenCommit(Duration),
    /// Nothing is done; the answer has this status, as a proxy would give it.
    Status(u16, RetryAfter),
    /// Nothing is done; DefectDojo's own 500.
    InternalError,
    /// The request is carried out; the connection ends in the midst of the answer.
    Truncated,
    /// Nothing is done; an HTML page with this status.
    Html(u16),
    /// Nothing is done; a redirect with this status to a login page.
    Login(u16),
    /// The request is carried out; the answer is JSON of another shape.
    Wrong(Shape),
    /// The request is carried out; more bytes come than `Content-Length` says.
    Overlong,
}

/// The header `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Absent,
    Seconds(u32),
    /// An HTTP date.
    Date(&'static str),
    /// Something that is neither.
    Nonsense,
}

impl RetryAfter {
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Seconds(seconds) => Some(seconds.to_string()),
            Self::Date(date) => Some(date.to_owned()),
            Self::Nonsense => Some("soon".to_owned()),
        }
    }
}

/// JSON of another shape than expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Null,
    Array,
    Text,
    EmptyObject,
    NotJson,
    /// The answer without `test_id` and `test`.
    NoTestId,
    /// The answer with its ids as text.
    IdsAsText,
    /// The answer with another test's id.
    OtherTestId,
    /// A list answer whose `results` is missing.
    NoResults,
    /// The answer without `statistics`.
    NoStatistics,
}

/// When a fault comes to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// At the request with this number, counted from 0 over all connections.
    Request(usize),
    /// At requests of this method whose path has this text; the first `skip` of
    /// them are spared.
    Matching {
        method: String,
        path: String,
        skip: usize,
    },
}

/// One line of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) when: When,
    pub(crate) fault: Fault,
    /// How often it still comes to pass.
    pub(crate) times: usize,
}

/// All that is to go wrong. The first rule that fits a request is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule(pub(crate) Vec<Rule>);

impl Schedule {
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// One fault at the request with this number.
    pub(crate) fn at(number: usize, fault: Fault) -> Self {
        Self::none().and_at(number, fault)
    }

    pub(crate) fn and_at(mut self, number: usize, fault: Fault) -> Self {
        self.0.push(Rule {
            when: When::Request(number),
            fault,
            times: 1,
        });
        self
    }

    /// One fault at the first request of this method whose path has this text.
    pub(crate) fn on(method: &str, path: &str, fault: Fault) -> Self {
        Self::none().and_on(method, path, 0, fault, 1)
    }

    /// The same fault at every request of this method whose path has this text.
    pub(crate) fn always(method: &str, path: &str, fault: Fault) -> Self {
        Self::none().and_on(method, path, 0, fault, usize::MAX)
    }

    pub(crate) fn and_on(
        mut self,
        method: &str,
        path: &str,
        skip: usize,
        fault: Fault,
        times: usize,
    ) -> Self {
        self.0.push(Rule {
            when: When::Matching {
                method: method.to_owned(),
                path: path.to_owned(),
                skip,
            },
            fault,
            times,
        });
        self
    }

    /// Faults in a row: the first upload has the first, the second the second.
    pub(crate) fn uploads(faults: impl IntoIterator<Item = Option<Fault>>) -> Self {
        let mut schedule = Self::none();
        for (skip, fault) in faults.into_iter().enumerate() {
            if let Some(fault) = fault {
                schedule = schedule.and_on("POST", "import-scan/", skip, fault, 1);
            }
        }
        schedule
    }

    /// A schedule over the first `requests` requests, the same for the same seed:
    /// one in `one_in` requests has one of the faults that answer at once.
    pub(crate) fn random(seed: u64, requests: usize, one_in: u64) -> Self {
        let faults = Fault::quick();
        let mut schedule = Self::none();
        let mut numbers = SplitMix(seed);
        for number in 0..requests {
            if numbers.next().is_multiple_of(one_in.max(1)) {
                let choice = numbers.next() % faults.len() as u64;
                let fault = faults[usize::try_from(choice).expect("small")].clone();
                schedule = schedule.and_at(number, fault);
            }
        }
        schedule
    }

    /// The fault of this request, if it has one. Every matching rule counts the
    /// request, whether it is used or not.
    pub(crate) fn take(&mut self, number: usize, method: &str, path: &str) -> Option<Fault> {
        let mut found = None;
        for rule in &mut self.0 {
            let fits = match &mut rule.when {
                When::Request(at) => *at == number,
                When::Matching {
                    method: of,
                    path: part,
                    skip,
                } => {
                    let same = of == method && path.contains(part.as_str());
                    let spared = same && *skip > 0;
                    if spared {
                        *skip -= 1;
                    }
                    same && !spared
                }
            };
            if fits && rule.times > 0 && found.is_none() {
                rule.times -= 1;
                found = Some(rule.fault.clone());
            }
        }
        found
    }

    /// How many faults are left; those without end are not counted.
    pub(crate) fn left(&self) -> usize {
        let ending = |rule: &&Rule| rule.times < usize::MAX / 2;
        self.0.iter().filter(ending).map(|rule| rule.times).sum()
    }
}

impl Fault {
    /// Every fault that needs no waiting; for choosing at random.
    pub(crate) fn quick() -> Vec<Self> {
        use RetryAfter::{Absent, Date, Nonsense, Seconds};
        let mut faults = vec![
            Self::Refuse,
            Self::DropDuringBody,
            Self::ResetBeforeCommit,
            Self::ResetAfterCommit,
            Self::CommitThen500,
            Self::InternalError,
            Self::Truncated,
            Self::Overlong,
            Self::Html(200),
            Self::Html(201),
            Self::Login(301),
            Self::Login(302),
            Self::Status(429, Seconds(0)),
            Self::Status(429, Absent),
            Self::Status(503, Date("Sat, 21 Nov 2026 01:00:00 GMT")),
            Self::Status(503, Nonsense),
        ];
        for status in [502, 503, 504] {
            faults.push(Self::Status(status, Absent));
            faults.push(Self::CommitThenGateway(status));
        }
        faults.extend(Shape::ALL.map(Self::Wrong));
        faults
    }

    /// Whether the request is carried out all the same.
    pub(crate) fn commits(&self) -> bool {
        matches!(
            self,
            Self::ResetAfterCommit
                | Self::CommitThen500
                | Self::CommitThenGateway(_)
                | Self::Slow(_)
                | Self::Late(_)
                | Self::LostThenCommit(_)
                | Self::Truncated
                | Self::Wrong(_)
                | Self::Overlong
        )
    }
}

impl Shape {
    pub(crate) const ALL: [Self; 10] = [
        Self::Null,
        Self::Array,
        Self::Text,
        Self::EmptyObject,
        Self::NotJson,
        Self::NoTestId,
        Self::IdsAsText,
        Self::OtherTestId,
        Self::NoResults,
        Self::NoStatistics,
    ];
}

/// `SplitMix64`: a random schedule is the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
