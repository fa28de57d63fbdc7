//! What may be closed, and what the server must have read.

use crate::dojo::{Dojo, Fault, Options, Schedule, Shape};
use crate::site::{CONFIGURATION, Site};
use crate::workplace::{CLEAN, Run, semgrep};

/// Files a Semgrep report with so many findings, as another commit.
fn upload(site: &mut Site, findings: usize, commit: &'static str) -> Run {
    let report = match findings {
        0 => CLEAN.to_owned(),
        findings => semgrep(&vec!["ERROR"; findings]),
    };
    fs_err::write(site.workplace.path("semgrep.json"), report).unwrap();
    site.workplace.variables.push(("CI_COMMIT_SHA", commit));
    let run = site.upload(&[]);
    assert!([0, 3].contains(&run.code), "{}{}", run.stdout, run.stderr);
    run
}

fn counts(dojo: &Dojo) -> (usize, usize) {
    let state = dojo.state();
    let test = state.only_test("shop", "mainline-sast", "semgrep-main");
    (state.active(test.id), state.closed(test.id))
}

#[test]
fn more_than_half_and_more_than_ten_are_not_closed() {
    let dojo = Dojo::start(Options::default());
    let mut site = Site::new(&dojo);
    upload(&mut site, 30, "1");
    upload(&mut site, 15, "2");
    // Half of them is not more than half.
    assert_eq!(counts(&dojo), (15, 15));
    let run = upload(&mut site, 4, "3");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(counts(&dojo), (15, 15));
    assert!(
        run.stdout.contains("at least 11 of the 15"),
        "{}",
        run.stdout
    );
    let record = site.record();
    let delivery = record["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|delivery| delivery["lane"] == "mainline-sast")
        .unwrap();
    assert_eq!(delivery["closing"]["close"], false);
    assert_eq!(delivery["attempts"][0]["close"], false);
    // Ten are few, whatever their share is.
    upload(&mut site, 5, "4");
    assert_eq!(counts(&dojo), (5, 25));
    upload(&mut site, 0, "5");
    assert_eq!(counts(&dojo), (0, 30));
}

#[test]
fn the_policy_says_how_much_may_be_closed() {
    let configuration =
        CONFIGURATION.replace("product = \"shop\"", "product = \"shop\"\nmax_close = 90");
    let dojo = Dojo::start(Options::default());
    let mut site = Site::with(&dojo, &configuration);
    upload(&mut site, 30, "1");
    upload(&mut site, 3, "2");
    assert_eq!(counts(&dojo), (3, 27));
}

#[test]
fn what_the_server_does_not_count_is_not_closed() {
    for fault in [
        Fault::Html(403),
        Fault::Wrong(Shape::NoResults),
        Fault::InternalError,
    ] {
        let dojo = Dojo::start(Options::default());
        let mut site = Site::new(&dojo);
        upload(&mut site, 3, "1");
        dojo.schedule(Schedule::always("GET", "/findings/", fault));
        let run = upload(&mut site, 2, "2");
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert_eq!(counts(&dojo), (3, 0));
        assert!(
            run.stdout
                .contains("closed nothing: the server does not say"),
            "{}",
            run.stdout
        );
    }
}
