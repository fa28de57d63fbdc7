//! One fault at a time, at every place.

use std::time::Duration;

use crate::dojo::{Dojo, Fault, Options, RetryAfter, Schedule, Shape, nobody_listens};
use crate::site::{Site, assert_filed_once, until_filed};

/// Where faults are put: the first upload makes the product, the third is one beside
/// others.
const PLACES: [usize; 2] = [0, 2];

fn with(faults: Schedule) -> (Dojo, Site) {
    let dojo = Dojo::start(Options {
        faults,
        ..Options::default()
    });
    let site = Site::new(&dojo);
    (dojo, site)
}

/// Faults that one run gets over.
fn passing() -> Vec<Fault> {
    let finals = [Fault::Login(301), Fault::Login(302)];
    let mut faults = Fault::quick();
    faults.retain(|fault| !finals.contains(fault));
    faults.extend([
        Fault::Status(429, RetryAfter::Seconds(1)),
        Fault::Slow(Duration::from_millis(80)),
        Fault::Late(Duration::from_millis(80)),
        Fault::LostThenCommit(Duration::from_millis(80)),
    ]);
    faults
}

#[test]
fn a_fault_of_an_upload_is_got_over_and_leaves_one_import() {
    for fault in passing() {
        for place in PLACES {
            let mut uploads = vec![None; place];
            uploads.push(Some(fault.clone()));
            let (dojo, site) = with(Schedule::uploads(uploads));
            let context = format!("{fault:?} at {place}");
            let run = site.upload(&[]);
            assert_eq!(run.code, 0, "{context}: {}{}", run.stdout, run.stderr);
            assert_eq!(dojo.faults_left(), 0, "{context}");
            assert_filed_once(&dojo, &site.record(), &context);
        }
    }
}

#[test]
fn a_fault_of_a_question_is_got_over_and_leaves_one_import() {
    let lost = || Schedule::uploads([None, Some(Fault::ResetAfterCommit)]);
    for fault in Fault::quick() {
        for path in ["/test_imports/", "/tests/", "/products/", "/engagements/"] {
            let context = format!("{fault:?} at {path}");
            let (dojo, site) = with(lost().and_on("GET", path, 0, fault.clone(), 1));
            until_filed(&dojo, &site, &context);
        }
    }
}

#[test]
fn what_will_not_help_is_not_tried_again() {
    let cases = [
        (Fault::Login(301), "log in"),
        (Fault::Login(302), "log in"),
        (Fault::Html(403), "forbids the request"),
        (Fault::Html(413), "larger than the proxy"),
        (Fault::Html(404), "no DefectDojo API"),
    ];
    for (fault, said) in cases {
        let context = format!("{fault:?}");
        let (dojo, site) = with(Schedule::always("POST", "/reimport-scan/", fault));
        let run = site.upload(&[]);
        assert_eq!(run.code, 3, "{context}: {}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains(said), "{context}: {}", run.stdout);
        assert!(
            run.stdout.contains("0 of 4 reports are filed"),
            "{}",
            run.stdout
        );
        let requests = dojo.requests();
        let uploads = requests.iter().filter(|seen| seen.method == "POST");
        assert_eq!(uploads.count(), 4, "{context}");
        dojo.schedule(Schedule::none());
        let run = site.upload(&[]);
        assert_eq!(run.code, 0, "{context}: {}{}", run.stdout, run.stderr);
        assert_filed_once(&dojo, &site.record(), &context);
    }
}

#[test]
fn one_report_that_fails_does_not_hold_up_the_others() {
    // The first upload of a product, which the others wait for.
    let faults = (0..2).fold(Schedule::none(), |schedule, skip| {
        schedule.and_on("POST", "/reimport-scan/", skip, Fault::InternalError, 1)
    });
    let (dojo, site) = with(faults);
    let run = site.upload(&[]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert_eq!(site.states(), ["failed", "filed", "filed", "filed"]);
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "after a 500");
}

#[test]
fn an_answer_that_anybody_gives_is_no_proof() {
    let (dojo, site) = with(
        Schedule::always("POST", "/reimport-scan/", Fault::Html(200)).and_on(
            "GET",
            "/api/",
            0,
            Fault::Html(200),
            usize::MAX,
        ),
    );
    let run = site.upload(&[]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert_eq!(site.states(), ["unknown"; 4]);
    assert!(run.stdout.contains("may be filed"), "{}", run.stdout);
    dojo.schedule(Schedule::none());
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "after a portal");
}

#[test]
fn a_test_that_the_server_names_wrongly_is_not_believed() {
    let (dojo, site) = with(Schedule::always(
        "POST",
        "/reimport-scan/",
        Fault::Wrong(Shape::OtherTestId),
    ));
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "other ids");
}

#[test]
fn a_server_that_is_not_there_is_told_and_tried_again_by_the_next_run() {
    let dojo = Dojo::start(Options::default());
    let mut site = Site::new(&dojo);
    let there = std::mem::replace(&mut site.url, nobody_listens());
    let run = site.upload(&[]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("nothing listens at"), "{}", run.stdout);
    assert_eq!(site.states(), ["failed"; 4]);
    site.url = there;
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "after nobody");
}

#[test]
fn a_server_that_asks_for_patience_is_given_it_up_to_a_bound() {
    let asks =
        |seconds| Schedule::uploads([Some(Fault::Status(503, RetryAfter::Seconds(seconds)))]);
    let (_dojo, site) = with(asks(86_400));
    let run = site.upload(&[]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert_eq!(site.states(), ["failed", "filed", "filed", "filed"]);
    // Nor is more waited than there is time.
    let (_dojo, site) = with(asks(60));
    let run = site.upload(&["--timeout", "5s"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("--timeout"), "{}", run.stderr);
}

#[test]
fn two_pipelines_may_begin_a_product_at_the_same_moment() {
    let dojo = Dojo::start(Options::default());
    let (one, mut other) = (Site::new(&dojo), Site::new(&dojo));
    other
        .workplace
        .variables
        .retain(|(name, _)| *name != "CI_COMMIT_BRANCH");
    other.workplace.variables.push(("CI_COMMIT_BRANCH", "dev"));
    dojo.rendezvous(2, Duration::from_secs(5));
    std::thread::scope(|scope| {
        for site in [&one, &other] {
            scope.spawn(|| {
                let run = site.upload(&[]);
                assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
            });
        }
    });
    let state = dojo.state();
    let raced = state.uploads.iter().filter(|upload| upload.status == 400);
    assert!(raced.count() > 0, "there was no race");
    assert_eq!(state.products.len(), 1);
    for branch in ["main", "dev"] {
        let test = state.only_test("shop", "staging-dast", &format!("zap-{branch}"));
        assert_eq!(state.imports(test.id).len(), 1);
    }
    assert_eq!(state.test_imports.len(), 8);
}
