//! What happens when nothing goes wrong.

use serde_json::{Value, json};

use crate::dojo::{Dojo, Exchange, Fault, Options, Schedule, User};
use crate::site::{CONFIGURATION, Site, assert_filed_once};

#[test]
fn every_report_is_filed_once_and_not_again() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "first");
    let (requests, before) = (dojo.requests().len(), site.record());
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("is filed already"), "{}", run.stdout);
    assert_eq!(dojo.requests().len(), requests, "nothing is asked of it");
    assert_eq!(site.record(), before);
}

#[test]
fn what_is_sent_says_where_it_is_of() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    assert_eq!(site.upload(&[]).code, 0);
    let state = dojo.state();
    for upload in &state.uploads {
        for (field, value) in [
            ("product_type_name", "Payments"),
            ("product_name", "shop"),
            ("branch_tag", "main"),
            ("commit_hash", "c0ffee"),
            ("auto_create_context", "true"),
            ("close_old_findings", "true"),
            ("do_not_reactivate", "false"),
            ("minimum_severity", "Info"),
        ] {
            assert_eq!(upload.field(field), Some(value), "{field}");
        }
    }
    for seen in dojo.requests() {
        assert!(seen.header("transfer-encoding").is_none());
        assert_eq!(
            seen.method == "POST",
            seen.header("content-length").is_some()
        );
    }
    let names: Vec<_> = state
        .uploads
        .iter()
        .filter_map(|upload| upload.file_name.clone())
        .collect();
    assert!(names.contains(&"zap.xml".to_owned()), "{names:?}");
}

#[test]
fn the_first_upload_of_a_product_is_alone_and_no_test_has_two_at_once() {
    let dojo = Dojo::start(Options {
        upload_takes: std::time::Duration::from_millis(40),
        ..Options::default()
    });
    let site = Site::new(&dojo);
    let run = site.upload(&["--jobs", "4"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    // Had two created something, one would have been refused.
    let state = dojo.state();
    assert!(state.uploads.iter().all(|upload| upload.status == 201));
    assert_filed_once(&dojo, &site.record(), "four at once");
}

#[test]
fn a_token_for_one_product_is_enough() {
    let configuration = CONFIGURATION.replace("product_type = \"Payments\"\n", "");
    let dojo = Dojo::start(Options::default());
    let product = dojo.edit(|state| {
        state.users.push(User::new(7, "ci", "token-of-ci"));
        state.create_product("Payments", "shop")
    });
    let mut site = Site::with(&dojo, &configuration);
    site.token = "token-of-ci".to_owned();
    let run = site.upload(&[]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("Authorized users"), "{}", run.stdout);
    dojo.edit(|state| {
        let mut products = state.products.iter_mut();
        let found = products.find(|found| found.id == product).unwrap();
        found.authorized.push(7);
    });
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "least privilege");
}

#[test]
fn numbers_of_the_server_say_where_it_goes() {
    let dojo = Dojo::start(Options::default());
    let engagement = dojo.edit(|state| {
        let product = state.create_product("Payments", "shop");
        state.create_engagement(product, "by hand")
    });
    let configuration =
        format!("{CONFIGURATION}[lane.mainline-sast.evidence]\nengagement_id = {engagement}\n");
    let mut site = Site::with(&dojo, &configuration);
    for (commit, uploads) in [("c0ffee", 1), ("decade", 2)] {
        site.workplace.variables.push(("CI_COMMIT_SHA", commit));
        let run = site.upload(&[]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let state = dojo.state();
        let test = state.only_test("shop", "by hand", "semgrep-main");
        assert_eq!(
            (state.imports(test.id).len(), state.active(test.id)),
            (uploads, 3)
        );
    }
}

#[test]
fn the_decision_goes_along_once() {
    let dojo = Dojo::start(Options {
        faults: Schedule::on("POST", "/files/", Fault::ResetAfterCommit),
        ..Options::default()
    });
    let site = Site::new(&dojo);
    fs_err::create_dir(site.workplace.path("dist")).unwrap();
    for name in [
        "dist/security-gate-summary.json",
        "dist/security-gate-summary.md",
    ] {
        fs_err::write(site.workplace.path(name), "{}\n").unwrap();
    }
    for _ in 0..2 {
        let run = site.upload(&["--summaries", "dist"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let state = dojo.state();
        assert_eq!(state.files.len(), 6, "two files in three engagements");
        let mut names: Vec<_> = state.files.iter().map(|file| &*file.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(
            names,
            ["security-gate-summary.json", "security-gate-summary.md.txt"]
        );
        assert!(state.files.iter().all(|file| file.title.len() <= 100));
    }
    assert_filed_once(&dojo, &site.record(), "with the decision");
}

#[test]
fn what_cannot_be_attached_is_told_and_no_report_is_sent_twice() {
    let dojo = Dojo::start(Options {
        faults: Schedule::always("POST", "/files/", Fault::Html(403)),
        ..Options::default()
    });
    let site = Site::new(&dojo);
    fs_err::create_dir(site.workplace.path("dist")).unwrap();
    fs_err::write(
        site.workplace.path("dist/security-gate-summary.json"),
        "{}\n",
    )
    .unwrap();
    for _ in 0..2 {
        let run = site.upload(&["--summaries", "dist"]);
        assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
        assert!(
            run.stdout.contains("is not attached everywhere"),
            "{}",
            run.stdout
        );
        assert_filed_once(&dojo, &site.record(), "without the decision");
    }
    dojo.schedule(Schedule::none());
    assert_eq!(site.upload(&["--summaries", "dist"]).code, 0);
    assert_eq!(dojo.state().files.len(), 3);
}

#[test]
fn without_a_server_or_with_a_mistake_nothing_is_sent() {
    let dojo = Dojo::start(Options::default());
    let mut site = Site::with(&dojo, &CONFIGURATION.replace("product = \"shop\"\n", ""));
    let run = site.upload(&[]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("there is no product"), "{}", run.stderr);
    site.url = String::new();
    let run = site.upload(&["--product", "shop"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("DEFECTDOJO_URL"), "{}", run.stderr);
    assert!(dojo.requests().is_empty());
}

#[test]
fn a_token_that_sees_nothing_takes_the_servers_word() {
    let nothing = |path: &str, status: u16, body: Value| {
        Exchange::from_json(&json!({
            "name": path,
            "request": {"method": "GET", "path": path},
            "response": {"status": status, "headers": {"Content-Type": "application/json"}, "body": body},
        }))
    };
    let list = || {
        nothing(
            "/api/v2/products/",
            200,
            json!({"count": 0, "next": null, "results": []}),
        )
    };
    // The ids of the first upload: type, product, engagement, test.
    let test = nothing("/api/v2/tests/1004/", 404, json!({"detail": "Not found."}));
    let dojo = Dojo::start(Options {
        replay: vec![list(), list(), test],
        ..Options::default()
    });
    let site = Site::new(&dojo);
    let run = site.upload(&["semgrep.json"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let record = site.record();
    assert_eq!(record["deliveries"][0]["filed"]["test_id"], 1004);
    assert!(record.to_string().contains("by the server's word"));
    assert_eq!(dojo.state().test_imports.len(), 1);
}
