//! The world around the program: what stands where a report, a policy or a summary
//! should, and cannot be read or written. Nothing is waited for, nothing is half
//! written, and nothing of it is a pass.

#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Workplace, assert_valid, semgrep};

const GATE: &str = env!("CARGO_BIN_EXE_security-gate");

/// A clean report, and nothing else.
fn workplace() -> Workplace {
    Workplace::new(&[("semgrep.json", CLEAN)])
}

/// A pipe that nobody writes to.
fn pipe(workplace: &Workplace, name: &str) {
    let made = Command::new("mkfifo").arg(workplace.path(name)).status();
    assert!(made.unwrap().success());
}

/// Runs a shell script in which `$0` is the program; it is stopped, with 124,
/// should it wait for something that never comes.
fn script(workplace: &Workplace, script: &str) -> Output {
    let script = format!("gate() {{ timeout 60 \"$0\" \"$@\"; }}; {script}");
    let output = Command::new("sh")
        .args(["-c", &script, GATE])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(workplace.folder.path())
        .stdin(Stdio::null())
        .output();
    assert_nothing_half_written(workplace);
    output.unwrap()
}

fn assert_nothing_half_written(workplace: &Workplace) {
    for entry in fs_err::read_dir(workplace.folder.path()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(
            !name.to_string_lossy().starts_with(".security-gate-"),
            "{} is left",
            name.display()
        );
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

fn summary(workplace: &Workplace) -> Option<Value> {
    let text = fs_err::read(workplace.path("security-gate-summary.json")).ok()?;
    let summary = serde_json::from_slice(&text).unwrap();
    assert_valid(&summary);
    Some(summary)
}

#[test]
fn what_is_no_report_to_read_is_refused_and_never_waited_for() {
    let workplace = workplace();
    pipe(&workplace, "pipe.json");
    for folder in [
        "with-pipe",
        "with-loop",
        "with-folder",
        "with-nothing",
        "empty",
    ] {
        fs_err::create_dir(workplace.path(folder)).unwrap();
    }
    pipe(&workplace, "with-pipe/r.json");
    symlink("loop.json", workplace.path("loop.json")).unwrap();
    symlink("nothing", workplace.path("dangling.json")).unwrap();
    symlink("r.json", workplace.path("with-loop/r.json")).unwrap();
    symlink("../with-folder", workplace.path("with-folder/r.json")).unwrap();
    symlink("nothing", workplace.path("with-nothing/r.json")).unwrap();
    for (named, said) in [
        ("pipe.json", "not a regular file"),
        ("with-pipe", "not a regular file"),
        ("'with-pipe/*.json'", "not a regular file"),
        ("loop.json", "too many"),
        ("with-loop", "too many"),
        ("dangling.json", "there is no such file"),
        ("with-nothing", "there is no such file"),
        ("with-folder", "not a regular file"),
        ("semgrep=empty", "holds no file that may be a report"),
        ("semgrep.json/r.json", "ot a directory"),
        ("/dev/null", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        #[cfg(target_os = "linux")]
        ("/proc/self/mem", "error"),
    ] {
        let output = script(&workplace, &format!("gate check {named}"));
        assert_eq!(code(&output), 3, "{named}: {}", told(&output));
        assert!(
            told(&output).to_lowercase().contains(said),
            "{named}: {}",
            told(&output)
        );
        assert_eq!(summary(&workplace).unwrap()["verdict"], "incomplete");
    }
}

#[test]
fn a_report_that_may_not_be_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let workplace = workplace();
    let path = workplace.path("semgrep.json");
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if fs_err::read(&path).is_ok() {
        return; // Nothing is forbidden to root.
    }
    let output = script(&workplace, "gate check semgrep.json");
    assert_eq!(code(&output), 3, "{}", told(&output));
    assert!(told(&output).contains("denied"), "{}", told(&output));
}

#[test]
fn no_other_file_is_waited_for_either() {
    let workplace = workplace();
    pipe(&workplace, "pipe");
    pipe(&workplace, "semgrep.json.scan.json");
    fs_err::write(workplace.path("other.json"), CLEAN).unwrap();
    fs_err::create_dir(workplace.path("policy")).unwrap();
    let policy =
        "extends = [\"builtin:baseline\"]\n[kev]\nrequired = true\n[vex]\nrequired = true\n";
    fs_err::write(workplace.path("policy/security-gate.toml"), policy).unwrap();
    pipe(&workplace, "policy/security-exceptions.toml");
    fs_err::write(workplace.path("asking.toml"), policy).unwrap();
    for (arguments, exit) in [
        ("--policy pipe other.json", 2),
        ("--config pipe other.json", 2),
        ("--policy policy/security-gate.toml other.json", 2),
        ("--template pipe other.json", 2),
        ("--policy /dev/zero other.json", 2),
        ("--template /dev/zero other.json", 2),
        ("--policy asking.toml --kev pipe other.json", 3),
        ("--policy asking.toml --vex pipe other.json", 3),
        // The record of this one is a pipe.
        ("semgrep.json", 3),
    ] {
        let output = script(&workplace, &format!("gate check {arguments}"));
        assert_eq!(code(&output), exit, "{arguments}: {}", told(&output));
        assert!(
            told(&output).contains("not a regular file"),
            "{arguments}: {}",
            told(&output)
        );
    }
}

#[test]
fn paths_that_are_not_unicode_are_found_and_cannot_be_named() {
    let workplace = workplace();
    let name = OsStr::from_bytes(b"r\xff.json");
    fs_err::create_dir(workplace.path("reports")).unwrap();
    let path = workplace.path("reports").join(name);
    if std::fs::write(&path, semgrep(&["ERROR"])).is_err() {
        return; // Not every file system has such names.
    }
    let check = |named: &[OsString]| {
        let mut command = workplace.command(&["check"]);
        command.args(named).stdin(Stdio::null()).output().unwrap()
    };
    for named in ["reports", "semgrep=reports", "reports/*.json"] {
        let output = check(&[named.into()]);
        assert_eq!(code(&output), 1, "{named}: {}", told(&output));
        let summary = summary(&workplace).unwrap();
        assert_eq!(summary["reports"][0]["path"], "reports/r\u{fffd}.json");
    }
    let output = check(&[Path::new("reports").join(name).into()]);
    assert_eq!(code(&output), 2, "{}", told(&output));
    assert!(told(&output).contains("UTF-8"), "{}", told(&output));
}

#[test]
fn a_full_disk_is_no_pass_and_keeps_no_half_of_a_summary() {
    for report in [CLEAN, &semgrep(&["ERROR"])] {
        let workplace = Workplace::new(&[("semgrep.json", report)]);
        // Where there is no room, the limit of a shell stands for it.
        for limit in [0, 1] {
            let output = script(
                &workplace,
                &format!("ulimit -f {limit}; gate --quiet check semgrep.json"),
            );
            let exit = if report == CLEAN { 3 } else { 1 };
            assert_eq!(code(&output), exit, "{}", told(&output));
            assert!(told(&output).contains("cannot write"), "{}", told(&output));
            for name in ["security-gate-summary.json", "security-gate-summary.md"] {
                let text = fs_err::read_to_string(workplace.path(name));
                assert!(!text.is_ok_and(|text| text.to_lowercase().contains("pass")));
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_summary_is_no_pass() {
    let workplace = workplace();
    for out in ["/proc", "/sys"] {
        let output = script(&workplace, &format!("gate check semgrep.json --out {out}"));
        assert_eq!(code(&output), 3, "{out}: {}", told(&output));
        assert!(
            told(&output).contains(&format!("cannot write `{out}/security-gate-summary")),
            "{}",
            told(&output)
        );
    }
}

#[test]
fn where_one_summary_cannot_be_written_the_other_says_no_pass() {
    let workplace = workplace();
    let json = workplace.path("security-gate-summary.json");
    let markdown = workplace.path("security-gate-summary.md");
    fs_err::create_dir(&json).unwrap();
    let output = script(&workplace, "gate check semgrep.json");
    assert_eq!(code(&output), 3, "{}", told(&output));
    assert!(!markdown.exists(), "a page says that it passed");
    fs_err::remove_dir(&json).unwrap();
    fs_err::create_dir(&markdown).unwrap();
    let output = script(&workplace, "gate check semgrep.json");
    assert_eq!(code(&output), 3, "{}", told(&output));
    assert_eq!(summary(&workplace).unwrap()["exit_code"], 3);
}

#[test]
fn a_verdict_that_nobody_takes_is_no_pass() {
    let workplace = workplace();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut outputs: Vec<Stdio> = vec![writer.into()];
    if let Ok(full) = fs_err::OpenOptions::new().write(true).open("/dev/full") {
        outputs.push(full.into_file().into());
    }
    for out in outputs {
        let mut command = workplace.command(&["check", "semgrep.json"]);
        let output = command.stdin(Stdio::null()).stdout(out).output().unwrap();
        assert_eq!(code(&output), 3, "{}", told(&output));
        assert!(
            told(&output).contains("cannot print the result"),
            "{}",
            told(&output)
        );
        assert_eq!(summary(&workplace).unwrap()["exit_code"], 3);
        assert!(!workplace.path("security-gate-summary.md").exists());
        assert_nothing_half_written(&workplace);
    }
}

#[test]
fn closed_streams_change_no_verdict() {
    for (report, exit) in [(CLEAN, 0), (&*semgrep(&["ERROR"]), 1)] {
        let workplace = Workplace::new(&[("semgrep.json", report)]);
        for streams in [">&-", "2>&-", "<&- >&- 2>&-"] {
            let output = script(&workplace, &format!("\"$0\" check semgrep.json {streams}"));
            assert_eq!(code(&output), exit, "{streams}: {}", told(&output));
            assert_eq!(summary(&workplace).unwrap()["exit_code"], exit);
        }
    }
}
