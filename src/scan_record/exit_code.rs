//! What a scanner's exit code says of its scan. Findings are no failure.
//!
//! Sources: Semgrep's and Bandit's documented exit codes; ZAP's packaged scans
//! (`zap_common.py`) and automation framework; Trivy's `--exit-code`; Gitleaks'
//! `cmd/root.go`; Dependency-Check's `App.java`.

use std::borrow::Cow;

/// What an exit code says of the scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// It ran to its end.
    Ran,
    /// It ran, and some of it did not happen.
    Partly(Cow<'static, str>),
    /// It did not run, or nothing shows that it did.
    Failed(Cow<'static, str>),
}

use Meaning::{Failed, Partly, Ran};

const fn partly(why: &'static str) -> Meaning {
    Partly(Cow::Borrowed(why))
}

const fn failed(why: &'static str) -> Meaning {
    Failed(Cow::Borrowed(why))
}

/// Codes that mean the same whatever the options are. What is not here failed.
const TABLE: &[(&str, i32, Meaning)] = &[
    ("bandit", 0, Ran),
    // Findings.
    ("bandit", 1, Ran),
    (
        "bandit",
        2,
        failed("a mistake in Bandit's options or configuration"),
    ),
    ("dependency-check", 0, Ran),
    (
        "dependency-check",
        11,
        failed("the vulnerability database could not be used"),
    ),
    (
        "dependency-check",
        12,
        failed("the report could not be written"),
    ),
    (
        "dependency-check",
        13,
        failed("a fatal error of the analysis"),
    ),
    (
        "dependency-check",
        14,
        partly("part of the analysis failed"),
    ),
    // A score over `--failOnCVSS`.
    ("dependency-check", 15, Ran),
    ("gitleaks", 0, Ran),
    (
        "gitleaks",
        126,
        failed("an option that Gitleaks does not know"),
    ),
    ("semgrep", 0, Ran),
    // Findings, with `--error` and in `semgrep ci`.
    ("semgrep", 1, Ran),
    ("semgrep", 2, failed("a fatal error of Semgrep")),
    (
        "semgrep",
        3,
        partly("code that Semgrep could not parse, by `--strict`"),
    ),
    (
        "semgrep",
        7,
        failed("Semgrep did not find its configuration, or it is not valid"),
    ),
    ("trivy", 0, Ran),
    ("zap", 0, Ran),
    // Alerts of the level FAIL, and of the level WARN.
    ("zap", 1, Ran),
    ("zap", 2, Ran),
    ("zap", 3, failed("ZAP could not scan")),
];

/// What `exit_code` of a scanner says, which was run by `command` and reported so
/// many findings.
pub fn meaning(scanner: &str, command: &[String], exit_code: i32, findings: u64) -> Meaning {
    if words(script(command)).any(|word| word == "||") {
        return failed(
            "the command hides the exit code behind `||`: leave that out, findings are no failure here",
        );
    }
    let own = match scanner {
        "gitleaks" => gitleaks(command, exit_code, findings),
        "trivy" => trivy(command, exit_code),
        "zap" => zap(command, exit_code),
        _ => None,
    };
    let mut known = TABLE.iter();
    own.or_else(|| {
        let (.., meaning) = known.find(|(name, code, _)| (*name, *code) == (scanner, exit_code))?;
        Some(meaning.clone())
    })
    .unwrap_or_else(|| unknown(scanner, exit_code))
}

/// Gitleaks ends a scan that broke off with 1, which is also what it ends with
/// when it found something, unless `--exit-code` says otherwise.
fn gitleaks(command: &[String], exit_code: i32, findings: u64) -> Option<Meaning> {
    let leaks = match option(command, "--exit-code") {
        None => 1,
        Some(code) => match code.parse() {
            Ok(0) => {
                return Some(failed(
                    "`--exit-code 0` makes Gitleaks hide whether the scan broke off: leave it out, findings are no failure here",
                ));
            }
            Ok(code) => code,
            Err(_) => return None,
        },
    };
    match (exit_code, findings) {
        (0, 0) => None,
        (0, _) => Some(failed(
            "Gitleaks says by it that nothing was found, and the report has findings: they are not of one run",
        )),
        (code, 0) if code == leaks || code == 1 => Some(failed(
            "the report has no findings, so this is how Gitleaks ends when its scan breaks off",
        )),
        (code, _) if code == leaks => Some(Ran),
        (1, _) => Some(failed("the scan broke off after these findings")),
        _ => None,
    }
}

/// Trivy ends with what it is told to: on findings, and on a distribution out of
/// support.
fn trivy(command: &[String], exit_code: i32) -> Option<Meaning> {
    let is_told = |name| {
        let code = option(command, name)?.parse::<i32>().ok();
        code.filter(|code| *code == exit_code)
    };
    if exit_code == 0 {
        None
    } else if is_told("--exit-code")
        .or(is_told("--exit-on-eol"))
        .is_some()
    {
        Some(Ran)
    } else if exit_code == 1 {
        Some(failed(
            "an error of Trivy; if 1 is to mean findings, say `--exit-code 1` in the command",
        ))
    } else {
        None
    }
}

/// Plans of the automation framework end with their own codes.
fn zap(command: &[String], exit_code: i32) -> Option<Meaning> {
    let is_plan = words(command).any(|word| word == "-autorun");
    match exit_code {
        1 if is_plan => Some(failed(
            "an error of ZAP's plan, or a job `exitStatus` with `errorLevel`, which cannot be told apart",
        )),
        2 if is_plan => Some(partly("a warning of ZAP's plan")),
        _ => None,
    }
}

fn unknown(scanner: &str, exit_code: i32) -> Meaning {
    let why = match exit_code {
        126 => "a shell says by it that the command could not be run".to_owned(),
        127 => "a shell says by it that the command was not found".to_owned(),
        129..=165 => format!(
            "the scanner was killed by {}",
            crate::scan_record::signal_name(exit_code - 128)
        ),
        _ => format!("{scanner} ends with it only when something went wrong"),
    };
    Failed(why.into())
}

/// What a command hands to a shell; elsewhere `||` may be a pattern.
fn script(command: &[String]) -> &[String] {
    const SHELLS: [&str; 7] = ["ash", "bash", "busybox", "dash", "ksh", "sh", "zsh"];
    let is_shell = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        SHELLS.contains(&name)
    };
    let shell = command.iter().position(is_shell);
    shell.and_then(|at| command.get(at..)).unwrap_or_default()
}

/// The words of a command, those inside of a script too.
fn words(command: &[String]) -> impl Iterator<Item = &str> {
    let words = command
        .iter()
        .flat_map(|argument| argument.split_whitespace());
    words.map(|word| word.trim_matches(['"', '\'', ';', '(', ')']))
}

/// The value of an option; of several, the last.
fn option<'c>(command: &'c [String], name: &str) -> Option<&'c str> {
    let mut value = None;
    let mut words = words(command).peekable();
    while let Some(word) = words.next() {
        if word == name {
            value = words.peek().copied().or(value);
        } else if let Some(given) = word
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
        {
            value = Some(given);
        }
    }
    value.map(|value| value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(scanner: &str, command: &str, exit_code: i32, findings: u64) -> (u8, String) {
        let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
        match meaning(scanner, &command, exit_code, findings) {
            Ran => (0, String::new()),
            Partly(why) => (1, why.into_owned()),
            Failed(why) => (2, why.into_owned()),
        }
    }

    /// Scanner, command, exit code and findings; then whether it ran (0), did so in
    /// part (1) or failed (2), and what is said of it.
    type Case = (&'static str, &'static str, i32, u64, u8, &'static str);

    fn assert_said(cases: &[Case]) {
        for &(scanner, command, exit_code, findings, expected, words) in cases {
            let (kind, why) = said(scanner, command, exit_code, findings);
            assert_eq!(kind, expected, "{command}, {exit_code}: {why}");
            assert!(why.contains(words), "{command}, {exit_code}: {why}");
        }
    }

    #[test]
    fn findings_are_no_failure_and_failures_are_none_to_overlook() {
        assert_said(&[
            ("semgrep", "semgrep scan", 0, 0, 0, ""),
            ("semgrep", "semgrep scan", 0, 3, 0, ""),
            ("semgrep", "semgrep scan --error", 1, 3, 0, ""),
            ("semgrep", "semgrep scan", 2, 0, 2, "fatal"),
            ("semgrep", "semgrep scan --strict", 3, 0, 1, "parse"),
            ("semgrep", "semgrep scan", 7, 0, 2, "configuration"),
            ("semgrep", "semgrep scan", 13, 0, 2, "went wrong"),
            ("semgrep", "sh -c semgrep || true", 0, 0, 2, "`||`"),
            (
                "semgrep",
                "docker run a /bin/sh -c semgrep || true",
                0,
                0,
                2,
                "`||`",
            ),
            ("semgrep", "semgrep scan -e $X || $Y", 0, 0, 0, ""),
            ("bandit", "bandit -r src", 1, 2, 0, ""),
            ("bandit", "bandit -r src", 2, 0, 2, "options"),
            ("zap", "zap-baseline.py", 1, 2, 0, ""),
            ("zap", "zap-baseline.py", 2, 2, 0, ""),
            ("zap", "zap-baseline.py", 3, 0, 2, "could not scan"),
            (
                "zap",
                "zap.sh -cmd -autorun plan.yaml",
                1,
                0,
                2,
                "exitStatus",
            ),
            ("zap", "zap.sh -cmd -autorun plan.yaml", 2, 0, 1, "warning"),
            ("zap", "zap.sh -cmd -autorun plan.yaml", 0, 0, 0, ""),
            ("trivy", "trivy image a", 0, 9, 0, ""),
            ("trivy", "trivy image a", 1, 9, 2, "`--exit-code 1`"),
            ("trivy", "trivy image --exit-code 1 a", 1, 9, 0, ""),
            ("trivy", "trivy image --exit-code=4 a", 4, 9, 0, ""),
            ("trivy", "trivy image --exit-code 4 a", 1, 9, 2, "error"),
            ("trivy", "trivy image --exit-on-eol 3 a", 3, 0, 0, ""),
            ("dependency-check", "dependency-check", 0, 5, 0, ""),
            ("dependency-check", "dependency-check", 15, 5, 0, ""),
            ("dependency-check", "dependency-check", 14, 5, 1, "part"),
            ("dependency-check", "dependency-check", 13, 0, 2, "fatal"),
            ("dependency-check", "dependency-check", 11, 0, 2, "database"),
            ("dependency-check", "dependency-check", 12, 0, 2, "report"),
            ("semgrep", "sh scan.sh", 126, 0, 2, "could not be run"),
            ("semgrep", "sh scan.sh", 127, 0, 2, "not found"),
            ("semgrep", "sh scan.sh", 137, 0, 2, "SIGKILL"),
            ("trivy", "docker run trivy", 125, 0, 2, "went wrong"),
            ("bandit", "bandit", -1, 0, 2, "went wrong"),
        ]);
    }

    #[test]
    fn gitleaks_has_one_code_for_leaks_and_for_scans_that_broke_off() {
        assert_said(&[
            ("gitleaks", "gitleaks git", 0, 0, 0, ""),
            ("gitleaks", "gitleaks git", 1, 2, 0, ""),
            ("gitleaks", "gitleaks git", 1, 0, 2, "breaks off"),
            ("gitleaks", "gitleaks git", 0, 2, 2, "not of one run"),
            ("gitleaks", "gitleaks git", 126, 0, 2, "option"),
            (
                "gitleaks",
                "gitleaks git --exit-code 0",
                0,
                0,
                2,
                "--exit-code 0",
            ),
            (
                "gitleaks",
                "sh -c gitleaks git --exit-code='0'",
                0,
                0,
                2,
                "--exit-code 0",
            ),
            (
                "gitleaks",
                "gitleaks git --exit-code 0 --exit-code 2",
                2,
                1,
                0,
                "",
            ),
            ("gitleaks", "gitleaks git --exit-code 2", 2, 1, 0, ""),
            (
                "gitleaks",
                "gitleaks git --exit-code 2",
                1,
                1,
                2,
                "broke off",
            ),
            (
                "gitleaks",
                "gitleaks git --exit-code 2",
                2,
                0,
                2,
                "breaks off",
            ),
            (
                "gitleaks",
                "gitleaks git --exit-code x",
                1,
                1,
                2,
                "went wrong",
            ),
        ]);
    }

    #[test]
    fn every_scanner_has_a_code_for_a_scan_that_ran() {
        for parser in crate::parser::PARSERS {
            let known = TABLE.iter().any(|(name, ..)| *name == parser.scanner);
            assert!(known, "{}", parser.scanner);
        }
    }
}
