//! What does not depend on the machine: outputs on the number of threads, and
//! memory on the size of a report.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::path::{Path, PathBuf};

#[path = "common/workplace.rs"]
mod workplace;

use workplace::Workplace;

fn reports() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports")
}

const SCANNERS: [&str; 5] = ["bandit", "dependency-check", "semgrep", "trivy", "zap"];

/// Copies the reports, so that they have more findings than are shown in full.
fn copy_again(workplace: &Workplace) {
    for scanner in SCANNERS {
        let folder = workplace.path("again").join(scanner);
        fs_err::create_dir_all(&folder).unwrap();
        for report in fs_err::read_dir(reports().join(scanner)).unwrap() {
            let report = report.unwrap();
            fs_err::copy(report.path(), folder.join(report.file_name())).unwrap();
        }
    }
}

/// The bytes of what `check` prints and writes about all reports of all scanners.
fn outputs(workplace: &Workplace, threads: &str) -> [Vec<u8>; 3] {
    // Those of Gitleaks do not tell their scanner.
    let of_gitleaks = format!("gitleaks={}", reports().join("gitleaks").display());
    let mut arguments = vec!["check", "--now", "2026-11-21T12:00:00Z"];
    arguments.extend(["--threads", threads, "--policy", "builtin:baseline"]);
    let others = SCANNERS.map(|scanner| reports().join(scanner).display().to_string());
    arguments.extend(others.iter().map(String::as_str));
    arguments.push("again");
    // For each few megabytes there is a thread.
    arguments.push("blank.json");
    arguments.push(&of_gitleaks);
    let output = workplace.command(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let read = |name| fs_err::read(workplace.path(name)).unwrap();
    [
        output.stdout,
        read("security-gate-summary.json"),
        read("security-gate-summary.md"),
    ]
}

#[test]
fn outputs_do_not_depend_on_the_number_of_threads() {
    let blank = r#"{"version":"1","results":[],"errors":[],"paths":{"scanned":["a.py"]}}"#;
    let blank = [blank, &" ".repeat(20 << 20)].concat();
    let workplace = Workplace::new(&[("blank.json", &blank)]);
    copy_again(&workplace);
    let alone = outputs(&workplace, "1");
    let summary: serde_json::Value = serde_json::from_slice(&alone[1]).unwrap();
    let findings = summary["findings"].as_array().unwrap();
    assert!(findings.len() as u64 > summary["detailed"].as_u64().unwrap());
    // More than the machine has, perhaps, and more than there are reports.
    for threads in ["8", "1000"] {
        let several = outputs(&workplace, threads);
        assert!(alone == several, "with {threads} threads");
    }
}

#[test]
fn none_is_no_number_of_threads() {
    let workplace = Workplace::new(&[]);
    for wrong in ["0", "-1", "many", "99999999999999999999"] {
        let threads = format!("--threads={wrong}");
        let run = workplace.check(&[&threads, "report.json"]);
        assert_eq!(run.code, 2, "{wrong}");
        assert!(run.stderr.contains("--threads"), "{}", run.stderr);
    }
}

/// How much memory is taken at most depends on what is kept of the findings, not on
/// what the report says about them.
#[cfg(target_os = "linux")]
mod memory {
    use std::io::{BufWriter, Read as _, Write as _};
    use std::process::Stdio;

    use super::{Workplace, reports};

    /// Writes a report of about 60 MB: a real one with its result repeated, each time
    /// about another target.
    fn write_large(workplace: &Workplace) -> u64 {
        let fixture = fs_err::read_to_string(reports().join("trivy/trivy-ubuntu-1804.json"));
        let fixture = fixture.unwrap();
        let (head, rest) = fixture.split_once("\"Results\": [").unwrap();
        let (result, tail) = rest.rsplit_once(']').unwrap();
        let path = workplace.path("trivy.json");
        let mut out = BufWriter::new(fs_err::File::create(&path).unwrap());
        write!(out, "{head}\"Results\": [").unwrap();
        for number in 0..60_000_000 / result.len() {
            let comma = if number == 0 { "" } else { "," };
            let target = format!("\"Target\": \"layer-{number}/");
            let result = result.replacen("\"Target\": \"", &target, 1);
            write!(out, "{comma}{result}").unwrap();
        }
        write!(out, "]{tail}").unwrap();
        out.into_inner().unwrap().metadata().unwrap().len()
    }

    /// The most memory that a process had up to now, in KiB.
    fn peak(process: u32) -> u64 {
        let status = fs_err::read_to_string(format!("/proc/{process}/status")).unwrap();
        let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
        let words: Vec<_> = peak.unwrap().split_whitespace().collect();
        assert_eq!(words[2], "kB");
        words[1].parse().unwrap()
    }

    #[test]
    fn a_large_report_is_not_held_in_memory() {
        let workplace = Workplace::new(&[]);
        let size = write_large(&workplace);
        assert!(size > 50_000_000, "{size}");
        let arguments = ["check", "--format", "json", "trivy.json"];
        let mut command = workplace.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = child.stdout.take().unwrap();
        // The summaries are written, and it waits for the rest to be read.
        printed.read_exact(&mut [0; 1024]).unwrap();
        let peak = peak(child.id());
        let mut rest = Vec::new();
        printed.read_to_end(&mut rest).unwrap();
        assert!(rest.len() > 1_000_000, "{}", rest.len());
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(peak < 96 << 10, "{peak} KiB for {size} bytes");
    }
}
