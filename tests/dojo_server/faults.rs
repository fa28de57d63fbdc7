//! Every fault does what it says: to the answer, and to what is stored.

use std::io;
use std::time::Duration;

use proptest::prelude::*;

use crate::client::{Answer, Request};
use crate::dojo::{Dojo, Fault, Options, RetryAfter, Schedule, Shape, TOKEN};
use crate::storage::{SEMGREP, Upload};

/// Uploads once with a fault; gives the answer and how many uploads landed.
fn upload_with(fault: &Fault) -> (io::Result<Answer>, usize) {
    let dojo = Dojo::start(Options {
        faults: Schedule::on("POST", "/reimport-scan/", fault.clone()),
        ..Options::default()
    });
    let answer = Upload::new("t", SEMGREP).send(&dojo);
    assert_eq!(dojo.faults_left(), 0, "{fault:?}");
    assert_eq!(dojo.requests()[0].fault.as_ref(), Some(fault));
    (answer, dojo.state().test_imports.len())
}

#[test]
fn a_fault_says_whether_the_upload_landed() {
    for fault in Fault::quick() {
        let (_, landed) = upload_with(&fault);
        assert_eq!(landed, usize::from(fault.commits()), "{fault:?}");
    }
}

#[test]
fn lost_connections_have_no_answer() {
    for fault in [
        Fault::Refuse,
        Fault::DropDuringBody,
        Fault::ResetBeforeCommit,
        Fault::ResetAfterCommit,
        Fault::Truncated,
    ] {
        let (answer, _) = upload_with(&fault);
        assert!(answer.is_err(), "{fault:?}: {answer:?}");
    }
}

#[test]
fn a_connection_is_reset_while_bytes_are_unread() {
    for fault in [Fault::ResetBeforeCommit, Fault::ResetAfterCommit] {
        let error = upload_with(&fault).0.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{fault:?}");
    }
}

#[test]
fn a_proxy_says_when_to_come_again() {
    let after = |after| {
        let answer = upload_with(&Fault::Status(503, after)).0.unwrap();
        assert_eq!(answer.status, 503);
        answer.header("retry-after").map(str::to_owned)
    };
    assert_eq!(after(RetryAfter::Absent), None);
    assert_eq!(after(RetryAfter::Seconds(7)).as_deref(), Some("7"));
    let date = "Sat, 21 Nov 2026 01:00:00 GMT";
    assert_eq!(after(RetryAfter::Date(date)).as_deref(), Some(date));
}

#[test]
fn a_login_page_is_a_redirect_or_html_with_a_good_status() {
    let redirect = upload_with(&Fault::Login(302)).0.unwrap();
    assert_eq!(redirect.status, 302);
    assert_eq!(redirect.header("location"), Some("/login?next=/api/v2/"));
    let page = upload_with(&Fault::Html(201)).0.unwrap();
    assert_eq!(page.status, 201);
    assert!(page.body.windows(6).any(|window| window == b"<html "));
}

#[test]
fn an_answer_has_the_wrong_shape() {
    let body = |shape| upload_with(&Fault::Wrong(shape)).0.unwrap().json();
    assert!(body(Shape::Array).is_array());
    assert!(body(Shape::NoTestId).get("test_id").is_none());
    assert!(body(Shape::IdsAsText)["test_id"].is_string());
    assert!(body(Shape::NoStatistics).get("statistics").is_none());
    assert!(body(Shape::OtherTestId)["test_id"].as_u64() > Some(7000));
}

#[test]
fn an_answer_is_longer_than_it_says() {
    let answer = upload_with(&Fault::Overlong).0.unwrap();
    assert_eq!(answer.status, 201);
    assert!(!answer.surplus.is_empty());
}

#[test]
fn a_slow_answer_comes_in_the_end() {
    let answer = upload_with(&Fault::Slow(Duration::from_millis(1)))
        .0
        .unwrap();
    assert_eq!(answer.status, 201);
}

#[test]
fn an_upload_lands_after_its_client_has_gone() {
    let later = Duration::from_millis(300);
    let dojo = Dojo::start(Options {
        faults: Schedule::on("POST", "/reimport-scan/", Fault::LostThenCommit(later)),
        ..Options::default()
    });
    assert!(Upload::new("t", SEMGREP).send(&dojo).is_err());
    dojo.settle();
    let test = dojo.state().only_test("shop", "mainline-sast", "t");
    assert_eq!(
        (test.percent_complete, dojo.state().active(test.id)),
        (100, 2)
    );
    assert_eq!(dojo.state().imports(test.id).len(), 1);
}

#[test]
fn a_late_upload_has_its_answer_in_the_end() {
    let dojo = Dojo::start(Options {
        faults: Schedule::on("POST", "/", Fault::Late(Duration::from_millis(1))),
        ..Options::default()
    });
    assert_eq!(Upload::new("t", SEMGREP).send(&dojo).unwrap().status, 201);
}

#[test]
fn faults_come_in_the_order_of_the_uploads() {
    let dojo = crate::fresh();
    dojo.schedule(Schedule::uploads([
        Some(Fault::InternalError),
        None,
        Some(Fault::Status(429, RetryAfter::Seconds(0))),
    ]));
    let profile = Request::get("/api/v2/user_profile/", TOKEN);
    let statuses: Vec<_> = (0..4)
        .map(|_| {
            assert_eq!(profile.send(dojo.address()).unwrap().status, 200);
            Upload::new("t", SEMGREP).send(&dojo).unwrap().status
        })
        .collect();
    assert_eq!(statuses, [500, 201, 429, 201]);
}

#[test]
fn a_fault_comes_at_the_numbered_request() {
    let dojo = Dojo::start(Options {
        faults: Schedule::at(1, Fault::Html(200)),
        ..Options::default()
    });
    let profile = Request::get("/api/v2/user_profile/", TOKEN);
    let bodies = [0, 1, 2].map(|_| profile.send(dojo.address()).unwrap().json());
    assert_eq!(bodies.map(|body| body.is_object()), [true, false, true]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_seed_gives_the_same_schedule_every_time(seed: u64) {
        prop_assert_eq!(Schedule::random(seed, 40, 3), Schedule::random(seed, 40, 3));
    }

    #[test]
    fn an_upload_lands_exactly_when_its_fault_lets_it(seed: u64) {
        let dojo = Dojo::start(Options {
            faults: Schedule::random(seed, 6, 2),
            ..Options::default()
        });
        for _ in 0..6 {
            // What the client makes of it is its matter.
            drop(Upload::new("t", SEMGREP).send(&dojo));
        }
        let requests = dojo.requests();
        let landed = requests.iter().filter(|request| {
            request.fault.as_ref().is_none_or(Fault::commits)
        });
        prop_assert_eq!(dojo.state().test_imports.len(), landed.count());
    }
}
