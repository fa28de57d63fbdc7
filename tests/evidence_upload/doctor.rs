//! What `evidence doctor` says of servers.

use crate::dojo::{Dojo, Fault, Options, Schedule, User, Version, nobody_listens};
use crate::site::{Site, ran};
use crate::workplace::Run;

fn doctor(site: &Site) -> Run {
    let run = ran(&mut site.evidence(&["evidence", "doctor"]));
    assert!(!(run.stdout.clone() + &run.stderr).contains(&site.token));
    run
}

#[test]
fn a_server_that_works_is_said_to() {
    for version in [Version::V3, Version::V2] {
        let dojo = Dojo::start(Options {
            version,
            ..Options::default()
        });
        let run = doctor(&Site::new(&dojo));
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        for said in [
            version.number(),
            "admin",
            "6 scan types",
            "creates it in Payments",
        ] {
            assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
        }
        assert!(dojo.state().uploads.is_empty() && dojo.state().products.is_empty());
    }
}

#[test]
fn what_is_missing_is_said_with_whom_to_ask() {
    let dojo = Dojo::start(Options {
        deactivated: vec!["Trivy Scan".to_owned()],
        ..Options::default()
    });
    dojo.edit(|state| state.users.push(User::new(7, "ci", "token-of-ci")));
    let mut site = Site::new(&dojo);
    site.token = "token-of-ci".to_owned();
    let run = doctor(&site);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    for said in ["missing: Trivy Scan", "API_Importer", "authorized user"] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
}

#[test]
fn a_server_that_cannot_be_used_is_explained() {
    let dojo = Dojo::start(Options::default());
    let mut site = Site::new(&dojo);
    site.token = "of-somebody-else".to_owned();
    let run = doctor(&site);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stdout.contains("does not know the token"),
        "{}",
        run.stdout
    );
    for fault in [
        Fault::Login(302),
        Fault::Html(200),
        Fault::Html(403),
        Fault::Refuse,
    ] {
        dojo.schedule(Schedule::always("GET", "/", fault));
        assert_eq!(doctor(&site).code, 3);
    }
    site.url = nobody_listens();
    let run = doctor(&site);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("nothing listens"), "{}", run.stdout);
    site.url = "ftp://dojo.example".to_owned();
    assert_eq!(doctor(&site).code, 2);
}
