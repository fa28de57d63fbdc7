//! Runs that end in the middle, and the next ones.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::dojo::{Dojo, Fault, Options, Schedule};
use crate::site::{Site, assert_filed_once, ran};

/// A server that takes its time for the uploads, and runs of the program.
fn slow() -> (Dojo, Site) {
    let dojo = Dojo::start(Options {
        upload_takes: Duration::from_millis(300),
        ..Options::default()
    });
    let site = Site::new(&dojo);
    (dojo, site)
}

/// Begins a run, and waits until its upload with this number is being carried out.
fn begun(dojo: &Dojo, site: &Site, upload: usize) -> Child {
    let mut command = site.command(&["--settle", "2s"]);
    command.args(["--jobs", "1"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let is_there = || {
        let requests = dojo.requests();
        let uploads = requests
            .iter()
            .filter(|seen| seen.method == "POST" && !seen.body.is_empty());
        uploads.count() > upload
    };
    while !is_there() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn a_run_that_was_killed_is_gone_on_with() {
    for upload in 0..4 {
        let (dojo, site) = slow();
        let mut child = begun(&dojo, &site, upload);
        child.kill().unwrap();
        child.wait().unwrap();
        let states = site.states();
        assert_eq!(states[upload], "sending", "{states:?}");
        assert!(states[..upload].iter().all(|state| state == "filed"));
        let run = site.upload(&["--settle", "2s"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert_filed_once(&dojo, &site.record(), "killed");
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_told_to_end_sends_nothing_more_and_says_so() {
    use rustix::process::{Pid, Signal, kill_process};

    for signal in [Signal::INT, Signal::TERM] {
        let (dojo, site) = slow();
        let mut child = begun(&dojo, &site, 1);
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3));
        dojo.settle();
        assert!(dojo.state().test_imports.len() <= 2);
        let states = site.states();
        assert_eq!(states[2..], ["planned", "planned"], "{states:?}");
        let run = site.upload(&["--settle", "2s"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert_filed_once(&dojo, &site.record(), "told to end");
    }
}

#[test]
fn an_upload_that_lands_after_the_time_is_over_is_found_by_the_next_run() {
    let dojo = Dojo::start(Options {
        faults: Schedule::uploads([None, Some(Fault::Late(Duration::from_secs(3)))]),
        ..Options::default()
    });
    let site = Site::new(&dojo);
    let run = site.upload(&["--timeout", "1s", "--jobs", "1"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    let states = site.states();
    assert_eq!(states[..2], ["filed", "unknown"], "{states:?}");
    let run = site.upload(&["--settle", "10s"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "late");
}

#[test]
fn two_runs_do_not_share_a_record() {
    let (dojo, site) = slow();
    let mut child = begun(&dojo, &site, 0);
    let run = site.upload(&[]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("another run"), "{}", run.stderr);
    assert!(child.wait().unwrap().success());
    assert_filed_once(&dojo, &site.record(), "locked");
}

#[test]
fn a_record_that_is_not_sound_is_not_gone_on_with() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    assert_eq!(site.upload(&[]).code, 0);
    let path = site.workplace.path("security-evidence.json");
    let whole = fs_err::read_to_string(&path).unwrap();
    for text in [
        "",
        "{}",
        &whole[..whole.len() / 2],
        &whole.replace("\"filed\"", "\"sent\""),
    ] {
        fs_err::write(&path, text).unwrap();
        let run = site.upload(&[]);
        assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
        assert!(
            run.stderr.contains("cannot be gone on with"),
            "{}",
            run.stderr
        );
        assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_record_that_cannot_be_written_lets_nothing_leave() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    let run = site.upload(&["--record", "no/such/folder/record.json"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert_eq!(dojo.state().uploads.len(), 0);
}

#[test]
fn another_commit_is_another_delivery_and_again_is_said() {
    let dojo = Dojo::start(Options::default());
    let mut site = Site::new(&dojo);
    assert_eq!(site.upload(&[]).code, 0);
    assert_eq!(site.upload(&["--again"]).code, 0);
    site.workplace.variables.push(("CI_COMMIT_SHA", "decade"));
    assert_eq!(site.upload(&[]).code, 0);
    let state = dojo.state();
    assert_eq!(state.test_imports.len(), 12);
    let mut keys: Vec<_> = state
        .test_imports
        .iter()
        .map(|import| &import.build_id)
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 12, "each upload has a key of its own");
    assert!(
        keys.iter()
            .all(|key| key.len() <= 150 && key.contains(":c0ffee:") || key.contains(":decade:"))
    );
}

#[test]
fn a_bundle_is_filed_later() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    let run = ran(&mut site.evidence(&["evidence", "upload", "--to", "kept"]));
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for name in ["semgrep.json", "more.json", "leaks.json", "zap.json"] {
        fs_err::remove_file(site.workplace.path(name)).unwrap();
    }
    for _ in 0..2 {
        let run = site.upload(&["--from", "kept"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert_filed_once(&dojo, &site.record(), "from a bundle");
    }
}
