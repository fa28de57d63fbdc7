//! Parallel uploads: what goes wrong with them on the real server goes wrong here.

use std::time::Duration;

use crate::client::Answer;
use crate::dojo::Dojo;
use crate::storage::{SEMGREP, Upload};

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends these uploads so that none writes before all have looked.
fn at_once(dojo: &Dojo, uploads: &[Upload<'_>]) -> Vec<Answer> {
    dojo.rendezvous(uploads.len(), PATIENCE);
    std::thread::scope(|scope| {
        let running: Vec<_> = uploads
            .iter()
            .map(|upload| scope.spawn(|| upload.send(dojo).expect("an answer")))
            .collect();
        running
            .into_iter()
            .map(|upload| upload.join().unwrap())
            .collect()
    })
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn parallel_first_uploads_into_a_new_product_fail_but_for_one() {
    let dojo = crate::fresh();
    let titles = ["t-1", "t-2", "t-3"].map(|title| Upload::new(title, SEMGREP));
    let answers = at_once(&dojo, &titles);
    assert_eq!(statuses(&answers), [201, 400, 400]);
    let lost = answers.iter().find(|answer| answer.status == 400).unwrap();
    assert_eq!(
        lost.json()["message"],
        "{'name': ['Product_ type with this Name already exists.']}"
    );
    let state = dojo.state();
    assert_eq!(state.products.len(), 1);
    // Sent again, one after the other, they succeed.
    for upload in &titles {
        assert_eq!(upload.send(&dojo).unwrap().status, 201);
    }
    assert_eq!(dojo.state().engagements.len(), 1);
    assert_eq!(dojo.state().tests.len(), 3);
}

#[test]
fn a_new_product_of_a_known_type_is_lost_with_other_words() {
    let dojo = crate::fresh();
    dojo.edit(|state| state.create_product_type("Lab PT"));
    let titles = ["t-1", "t-2"].map(|title| Upload::new(title, SEMGREP));
    let answers = at_once(&dojo, &titles);
    assert_eq!(statuses(&answers), [201, 400]);
    let lost = answers.iter().find(|answer| answer.status == 400).unwrap();
    assert_eq!(
        lost.json()["message"],
        "{'name': ['Product with this Name already exists.']}"
    );
}

#[test]
fn parallel_first_uploads_of_one_title_make_several_tests() {
    let dojo = crate::fresh();
    Upload::new("other", SEMGREP).send(&dojo).unwrap();
    let same = ["t", "t"].map(|title| Upload::new(title, SEMGREP));
    assert_eq!(statuses(&at_once(&dojo, &same)), [201, 201]);
    let state = dojo.state();
    let tests = state.tests("shop", "mainline-sast", "t");
    assert_eq!(tests.len(), 2);
    // A later upload goes to the newest.
    let newest = tests[1].id;
    let answer = Upload::new("t", SEMGREP).send(&dojo).unwrap();
    assert_eq!(answer.json()["test_id"], newest);
}

#[test]
fn parallel_uploads_into_one_test_multiply_its_findings() {
    let dojo = crate::fresh();
    Upload::new("t", r#"{"results": []}"#).send(&dojo).unwrap();
    let same = ["t"; 3].map(|title| Upload::new(title, SEMGREP));
    assert_eq!(statuses(&at_once(&dojo, &same)), [201, 201, 201]);
    let test = dojo.state().only_test("shop", "mainline-sast", "t");
    assert_eq!(dojo.state().active(test.id), 6);
    // The next one closes the surplus.
    let answer = Upload::new("t", SEMGREP).send(&dojo).unwrap();
    assert_eq!(
        answer.json()["statistics"]["delta"]["closed"]["total"]["total"],
        4
    );
    assert_eq!(dojo.state().active(test.id), 2);
}
