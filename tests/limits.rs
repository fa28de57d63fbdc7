//! Limits end to end: what is beyond one is never a pass, and never unsaid.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::io::Write as _;

use serde_json::json;

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Workplace, semgrep, verdict};

#[test]
fn alerts_that_cannot_be_put_aside_are_incomplete() {
    let alert = |number| {
        let text = "x".repeat(1000);
        format!(
            r#"{{"pluginid":"{number}","alert":"a","riskcode":"0","confidence":"1","desc":"{text}","instances":[]}}"#
        )
    };
    let alerts: Vec<_> = (0..3000).map(alert).collect();
    let alerts = alerts.join(",");
    let report =
        format!(r#"{{"@version":"2.17.0","site":[{{"@name":"https://h","alerts":[{alerts}]}}]}}"#);
    let mut workplace = Workplace::new(&[("zap.json", &report)]);
    let run = workplace.run(&["inspect", "zap.json"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(run.stdout.contains("3000 in 3000 places"), "{}", run.stdout);

    workplace.variables.push(("TMPDIR", "none"));
    let run = workplace.run(&["inspect", "zap.json"]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    let run = workplace.check(&["zap.json"]);
    assert_eq!((run.code, verdict(&run)), (3, "incomplete"));
    let error = run.summary.unwrap()["reports"][0]["error"].to_string();
    let why = "its alerts cannot be put aside in none: ";
    assert!(error.contains(why), "{error}");
}

#[test]
fn more_findings_than_are_kept_are_incomplete_and_counted() {
    let workplace = Workplace::new(&[("semgrep.json", &semgrep(&["INFO"; 5]))]);
    let run = workplace.check(&["semgrep.json", "--max-findings", "5"]);
    assert_eq!((run.code, verdict(&run)), (0, "pass"), "{}", run.stdout);

    let run = workplace.check(&["semgrep.json", "--max-findings", "2"]);
    assert_eq!(
        (run.code, verdict(&run)),
        (3, "incomplete"),
        "{}",
        run.stdout
    );
    let why = "more than 2 findings: 3 more are counted and not kept; raise the limit with `--max-findings` if this is right";
    assert!(
        run.stdout.contains("more than 2 findings"),
        "{}",
        run.stdout
    );
    let summary = run.summary.unwrap();
    let report = &summary["reports"][0];
    assert_eq!(report["status"], "failed");
    assert_eq!(report["findings"], 5);
    assert_eq!(report["by_severity"]["low"], 5);
    assert_eq!(report["notes"], json!([why]));
    assert_eq!(summary["findings"].as_array().unwrap().len(), 2);

    let inspected = workplace.run(&["inspect", "semgrep.json", "--max-findings", "2"]);
    assert_eq!(inspected.code, 3);
    assert!(inspected.stdout.contains(why), "{}", inspected.stdout);
    assert!(
        inspected.stdout.contains("5 in 5 places"),
        "{}",
        inspected.stdout
    );

    // What nobody has seen whole is nothing to compare with.
    let arguments = [
        "baseline",
        "create",
        "-o",
        "b.json",
        "semgrep.json",
        "--max-findings",
        "2",
    ];
    let created = workplace.run(&arguments);
    assert_ne!(created.code, 0);
    assert!(!workplace.path("b.json").exists());
}

#[test]
fn a_rule_that_is_broken_before_the_limit_stays_broken() {
    let workplace = Workplace::new(&[("semgrep.json", &semgrep(&["CRITICAL"; 5]))]);
    let run = workplace.check(&["semgrep.json", "--max-findings", "1"]);
    assert_eq!((run.code, verdict(&run)), (1, "fail"), "{}", run.stdout);
}

#[test]
fn a_cut_name_is_incomplete() {
    let report = semgrep(&["INFO"]).replace("src/a.py", &"a/".repeat(40_000));
    let workplace = Workplace::new(&[("semgrep.json", &report)]);
    let run = workplace.check(&["semgrep.json"]);
    assert_eq!(
        (run.code, verdict(&run)),
        (3, "incomplete"),
        "{}",
        run.stdout
    );
    let path = run.summary.unwrap()["findings"][0]["location"]["path"].to_string();
    assert!(path.contains("[cut: 80000 bytes, SHA-256 "), "{path}");
}

#[test]
fn a_bomb_is_read_no_further_than_the_limit() {
    let workplace = Workplace::new(&[]);
    let blanks = vec![b' '; 1 << 20];
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    file.write_all(b"{").unwrap();
    for _ in 0..64 {
        file.write_all(&blanks).unwrap();
    }
    file.write_all(&CLEAN.as_bytes()[1..]).unwrap();
    fs_err::write(workplace.path("semgrep.json"), file.finish().unwrap()).unwrap();

    let run = workplace.check(&["semgrep=semgrep.json", "--max-report-size", "8M"]);
    assert_eq!(
        (run.code, verdict(&run)),
        (3, "incomplete"),
        "{}",
        run.stdout
    );
    let report = &run.summary.unwrap()["reports"][0];
    assert_eq!(report["status"], "unreadable");
    let error = report["error"].as_str().unwrap();
    assert!(
        error.contains("larger than the limit of 8388608 bytes"),
        "{error}"
    );
}
