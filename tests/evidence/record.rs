//! The record: what a step can follow on, and that it is read as it was written or
//! not at all.

use std::fmt::Write as _;

use jiff::Timestamp;
use proptest::prelude::*;
use security_gate::artifact::Window;
use security_gate::evidence::plan::{Attached, Attachment, Missing, Plan, Schema};
use security_gate::evidence::record::{Filed, Outcome, Record, Sent, State, Statistics};
use security_gate::evidence::{Artifact, Tool};
use serde_json::{Value, json};

use crate::workplace::{CLEAN, Workplace};
use crate::{assert_valid, workplace};

const LANE: &str = "[evidence]\nproduct = \"shop\"\nurl = \"https://dojo.example\"\n[lane.a]\nreports = [\"semgrep*.json\"]\n[lane.a.evidence]\ntest_title = \"{{ report }}-{{ branch }}\"\n";

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A plan of two reports.
fn plan() -> Plan {
    let workplace = workplace(
        LANE,
        &[("semgrep-a.json", CLEAN), ("semgrep-b.json", CLEAN)],
    );
    let run = workplace.run(&["evidence", "plan", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

fn sent() -> Sent {
    Sent {
        sha256: "ab".repeat(32),
        bytes: 7,
        redacted: true,
        changes: vec!["a secret is masked".to_owned()],
    }
}

fn filed(test_id: u64) -> Filed {
    Filed {
        test_id,
        engagement_id: Some(2),
        product_id: None,
        statistics: Some(Statistics {
            created: Some(3),
            ..Statistics::default()
        }),
    }
}

fn text(record: &Record) -> String {
    let mut bytes = Vec::new();
    record.write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn read(text: impl AsRef<[u8]>) -> Result<Record, String> {
    let read = Record::read(Window::over(text.as_ref()).unwrap());
    read.map(|(record, _)| record)
        .map_err(|error| error.to_string())
}

/// One step of a delivery; whether it was taken.
fn step(record: &mut Record, at: usize, kind: u8, second: i64) -> bool {
    let now = time(second);
    let delivery = &mut record.deliveries[at];
    let taken = match kind {
        0 => delivery.prepare(sent()),
        1 => delivery.begin(now, || format!("key-{second}")),
        2 => delivery.landed(now, filed(u64::try_from(second).unwrap())),
        3 => delivery.lost(now, "no answer"),
        4 => delivery.not_landed(now, "connection refused"),
        5 => delivery.refuse(now, "no right"),
        6 => delivery.skip("filed before"),
        7 => delivery.close_nothing("too much would be closed"),
        8 => delivery.misread(now, filed(9), "all of it was closed"),
        _ => delivery.again(),
    };
    taken.is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_steps_are_taken_the_record_is_sound(
        steps in proptest::collection::vec((0..2_usize, 0..11_u8), 0..24)
    ) {
        static PLAN: std::sync::LazyLock<Plan> = std::sync::LazyLock::new(plan);
        let mut record = Record::new(PLAN.clone(), time(0));
        for (second, (at, kind)) in steps.into_iter().enumerate() {
            if kind == 10 {
                // The program was ended, and is run again.
                let kept = read(text(&record)).unwrap();
                record = Record::new(PLAN.clone(), time(0)).resume(kept).unwrap();
                prop_assert_eq!(read(text(&record)), Ok(record.clone()));
                continue;
            }
            let before = record.deliveries[at].state();
            let key = record.deliveries[at].build_id().map(str::to_owned);
            let unchanged = record.clone();
            let taken = step(&mut record, at, kind, i64::try_from(second).unwrap());
            let delivery = &record.deliveries[at];
            if !taken {
                prop_assert_eq!(&record, &unchanged, "a step that is refused changes nothing");
            }
            if taken && kind == 1 {
                // Never while nobody knows whether it is there, and never what is.
                prop_assert!(matches!(before, State::Planned | State::Failed));
                prop_assert!(key.is_none() || key.as_deref() == delivery.build_id());
            }
            let landed = delivery.attempts().last().is_some_and(|attempt| attempt.text.is_none() && attempt.ended.is_some());
            prop_assert_eq!(delivery.state() == State::Filed, landed && delivery.filed().is_some());
            prop_assert_eq!(read(text(&record)), Ok(record.clone()));
            // Whatever ended the program, the next one can go on.
            let resumed = Record::new(PLAN.clone(), time(99)).resume(record.clone()).unwrap();
            for (resumed, own) in resumed.deliveries.iter().zip(&record.deliveries) {
                let last = own.attempts().last().and_then(|attempt| attempt.outcome);
                let expected = match own.state() {
                    State::Sending => State::Unknown,
                    // Not again before somebody looked at it.
                    State::Refused if last == Some(Outcome::Misread) => State::Refused,
                    State::Refused | State::Skipped => State::Planned,
                    state => state,
                };
                prop_assert_eq!(resumed.state(), expected);
            }
            prop_assert_eq!(read(text(&resumed)), Ok(resumed));
        }
    }
}

#[test]
fn a_record_is_as_its_schema_says() {
    let plan = plan();
    let mut record = Record::new(plan, time(0));
    for kind in [0, 1, 3, 4, 1, 2] {
        assert!(step(&mut record, 0, kind, 5));
    }
    assert!(step(&mut record, 1, 6, 6));
    assert!(record.is_delivered());
    assert_valid("evidence", &text(&record));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("security-evidence.json");
    record.keep(&path).unwrap();
    record.keep(&path).unwrap();
    assert_eq!(fs_err::read_to_string(&path).unwrap(), text(&record));
    assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_is_open_elsewhere_is_not_forgotten() {
    let plan = plan();
    let mut earlier = Record::new(plan.clone(), time(0));
    for kind in [0, 1] {
        assert!(step(&mut earlier, 0, kind, 1));
    }
    for change in [
        |plan: &mut Plan| plan.context.commit = Some("other".to_owned()),
        |plan: &mut Plan| plan.server = Some("https://other.example".to_owned()),
        |plan: &mut Plan| plan.reports.clear(),
    ] {
        let mut other = plan.clone();
        change(&mut other);
        let refused = Record::new(other, time(9))
            .resume(earlier.clone())
            .unwrap_err();
        assert!(refused.contains("semgrep-a.json"), "{refused}");
    }
    // What is settled elsewhere is of no concern.
    assert!(step(&mut earlier, 0, 2, 2));
    let mut other = plan;
    other.context.commit = Some("other".to_owned());
    let resumed = Record::new(other, time(9)).resume(earlier).unwrap();
    assert_eq!(resumed.deliveries[0].state(), State::Planned);
}

/// A sound record that has something of everything.
fn sound() -> String {
    let plan = Plan {
        schema: Schema::V1,
        tool: Tool::this(),
        attachments: vec![Attachment {
            what: Attached::Summary,
            file: Artifact {
                path: "s.json".to_owned(),
                sha256: "cd".repeat(32),
                bytes: 3,
            },
        }],
        missing: vec![Missing {
            lane: "a".to_owned(),
            scanner: "zap".to_owned(),
        }],
        ..plan()
    };
    let mut record = Record::new(plan, time(0));
    for kind in [0, 1, 3] {
        assert!(step(&mut record, 0, kind, 5));
    }
    let sound = text(&record);
    assert_eq!(read(&sound), Ok(record));
    sound
}

#[test]
fn a_record_that_is_cut_off_is_refused() {
    let sound = sound();
    for end in 0..sound.trim_end().len() {
        assert!(read(&sound[..end]).is_err(), "{end} bytes");
    }
}

#[test]
fn what_is_no_sound_record_is_refused() {
    let sound = sound();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&sound).unwrap();
        change(&mut value);
        value.to_string()
    };
    let first = |key: &'static str, value: Value| {
        changed(&move |record: &mut Value| record["deliveries"][0][key] = value.clone())
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        ("nothing", String::new()),
        ("another document", "{\"a\": 1}".to_owned()),
        ("a report", CLEAN.to_owned()),
        ("a page", "<html></html>".to_owned()),
        ("a list", format!("[{sound}]")),
        ("two records", format!("{sound}{sound}")),
        (
            "deep nesting",
            sound.replacen(
                "\"context\":",
                &format!("\"deep\": {deep}, \"context\":"),
                1,
            ),
        ),
        (
            "another version",
            sound.replace("security-evidence/1", "security-evidence/2"),
        ),
        (
            "an unknown key",
            changed(&|record| record["more"] = json!(1)),
        ),
        ("an unknown key of a delivery", first("more", json!(1))),
        (
            "a key twice",
            sound.replacen("\"context\":", "\"server\": null, \"context\":", 1),
        ),
        (
            "a key too few",
            changed(&|record| drop(record.as_object_mut().unwrap().remove("missing"))),
        ),
        (
            "another type",
            changed(&|record| record["deliveries"] = json!({})),
        ),
        (
            "a huge number",
            first(
                "artifact",
                json!({"path": "a", "sha256": "ab".repeat(32), "bytes": 1e300}),
            ),
        ),
        (
            "no digest",
            first("artifact", json!({"path": "a", "sha256": "AB", "bytes": 1})),
        ),
        (
            "a digest of an attachment",
            sound.replace(&"cd".repeat(32), "cd"),
        ),
        (
            "a password",
            changed(&|record| record["server"] = json!("https://me:hunter2@dojo.example")),
        ),
        ("an unknown state", first("state", json!("done"))),
        ("filed without a place", first("state", json!("filed"))),
        ("planned and not", first("state", json!("planned"))),
        ("sending, and nothing is", first("state", json!("sending"))),
        ("failed, and unknown", first("state", json!("failed"))),
        ("unknown without a reason", first("why", json!(null))),
        ("unknown without a key", first("build_id", json!(null))),
        (
            "a key that is too long",
            first("build_id", json!("k".repeat(151))),
        ),
        ("unknown, and never sent", first("attempts", json!([]))),
        ("unknown, and nothing to send", first("sent", json!(null))),
        (
            "a place that nobody filed it at",
            first(
                "filed",
                json!({"test_id": 1, "engagement_id": null, "product_id": null, "statistics": null}),
            ),
        ),
    ];
    let mut said = String::new();
    for (name, text) in cases {
        let error = read(text).expect_err(name);
        assert!(!error.contains("hunter2"), "{error}");
        writeln!(said, "{name}: {error}").unwrap();
    }
    insta::assert_snapshot!("record_refused", said);
}

#[test]
fn the_reports_of_a_record_are_held_against_it() {
    let workplace = workplace(
        LANE,
        &[("semgrep-a.json", CLEAN), ("semgrep-b.json", CLEAN)],
    );
    let verify = |workplace: &Workplace| {
        let run = workplace.run(&["evidence", "verify", "r.json"]);
        (run.code, run.stdout)
    };
    fs_err::write(
        workplace.path("r.json"),
        text(&Record::new(plan(), time(0))),
    )
    .unwrap();
    let (code, said) = verify(&workplace);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("reports: 2 planned"), "{said}");
    fs_err::write(workplace.path("semgrep-a.json"), "{}").unwrap();
    fs_err::remove_file(workplace.path("semgrep-b.json")).unwrap();
    let (code, said) = verify(&workplace);
    assert_eq!(code, 1);
    assert!(said.contains("changed  semgrep-a.json"), "{said}");
    assert!(said.contains("missing  semgrep-b.json"), "{said}");
    fs_err::write(workplace.path("r.json"), "{").unwrap();
    assert_eq!(workplace.run(&["evidence", "verify", "r.json"]).code, 2);
    assert_eq!(workplace.run(&["evidence", "verify", "none"]).code, 2);
}
