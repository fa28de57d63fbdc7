//! What holds of every input, whatever it is. A law that is broken is a panic.
//!
//! The fuzzer searches for inputs that break one; `tests/fuzzed.rs` holds the
//! inputs against them that once did.

use std::io::ErrorKind;
use std::sync::LazyLock;

use jiff::Timestamp;
use security_gate::artifact::Window;
use security_gate::parser;
use security_gate::policy::Policy;
use security_gate::policy::load::{self, LoadError, Vocabulary};
use security_gate::scanner::Scanner;

mod decisions;
mod knowledge;
mod listed;
mod made;
mod outputs;
mod policies;
mod reports;

/// A kind of input.
pub(crate) struct Target {
    /// The name of the folder with its inputs, too.
    pub(crate) name: &'static str,
    /// Panics when the input breaks a law.
    pub(crate) hold: fn(&[u8]),
}

const fn target(name: &'static str, hold: fn(&[u8])) -> Target {
    Target { name, hold }
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    target("bandit-json", |data| reports::hold(data, "bandit", ".json")),
    target("dependency-check-json", |data| {
        reports::hold(data, "dependency-check", ".json");
    }),
    target("dependency-check-xml", |data| {
        reports::hold(data, "dependency-check", ".xml");
    }),
    target("gitleaks-csv", |data| {
        reports::hold(data, "gitleaks", ".csv");
    }),
    target("gitleaks-json", |data| {
        reports::hold(data, "gitleaks", ".json");
    }),
    target("semgrep-json", |data| {
        reports::hold(data, "semgrep", ".json");
    }),
    target("trivy-json", |data| reports::hold(data, "trivy", ".json")),
    target("zap-json", |data| reports::hold(data, "zap", ".json")),
    target("zap-xml", |data| reports::hold(data, "zap", ".xml")),
    target("recognition", reports::hold_recognition),
    target("encodings", reports::hold_encodings),
    target("decision", decisions::hold_report),
    target("renderers", decisions::hold_made),
    target("policy", policies::hold),
    target("expression", policies::hold_expression),
    target("baseline", knowledge::hold_baseline),
    target("record", knowledge::hold_record),
    target("kev", knowledge::hold_kev),
    target("epss", knowledge::hold_epss),
    target("vex", knowledge::hold_vex),
];

/// When all is decided: 2026-11-21T12:00:00Z.
const NOW: Timestamp = Timestamp::constant(1_795_262_400, 0);

static SCANNERS: LazyLock<Vec<Scanner>> = LazyLock::new(parser::scanners);

fn vocabulary() -> Vocabulary<'static> {
    Vocabulary {
        scanners: &SCANNERS,
    }
}

/// Loads a policy with exceptions beside it.
fn load_policy(text: &str, exceptions: Option<&str>) -> Result<Policy, LoadError> {
    load::load("policy.toml", vocabulary(), &|path| match path.to_str() {
        Some("policy.toml") => Ok(text.to_owned()),
        Some(load::EXCEPTIONS_FILE) => {
            let text = exceptions.map(str::to_owned);
            text.ok_or_else(|| ErrorKind::NotFound.into())
        }
        _ => Err(ErrorKind::NotFound.into()),
    })
}

fn window(data: &[u8]) -> Window {
    // An archive that is cut off at its first bytes has no text at all.
    Window::over(data).unwrap_or_else(|_| Window::over(*b"").expect("nothing is no archive"))
}
