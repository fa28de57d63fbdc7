//! What a policy asks for besides the reports, in the built program: a baseline,
//! knowledge from elsewhere, several policies, and only observing.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::fmt::Write as _;

use insta::assert_snapshot;

#[path = "common/workplace.rs"]
mod workplace;

use workplace::{CLEAN, Run, Workplace, semgrep, verdict};

const NEW_ONLY: &str = r#"
[[rule]]
id    = "nothing-new"
where = { severity = ">=high", new = true }
"#;

/// A run before, whose summary is the baseline of the next.
fn with_baseline(before: &str, policy: &str) -> Workplace {
    let workplace = Workplace::new(&[("semgrep.json", before), ("policy.toml", policy)]);
    workplace.run(&["check", "--now", "2026-10-01T12:00:00Z", "semgrep.json"]);
    fs_err::rename(
        workplace.path("security-gate-summary.json"),
        workplace.path("baseline.json"),
    )
    .unwrap();
    workplace
}

fn write(workplace: &Workplace, name: &str, text: &str) {
    fs_err::write(workplace.path(name), text).unwrap();
}

fn reasons(run: &Run) -> String {
    let summary = run.summary.as_ref().unwrap();
    let reasons = summary["reasons"].as_array().unwrap();
    let text = |reason: &serde_json::Value| {
        let effect = reason["effect"].as_str().unwrap();
        format!("{effect}: {}", reason["text"].as_str().unwrap())
    };
    reasons.iter().map(text).collect::<Vec<_>>().join("\n")
}

const CHECK: [&str; 4] = ["semgrep.json", "--policy", "policy.toml", "--baseline"];

fn check(workplace: &Workplace) -> Run {
    workplace.check(&[&CHECK[..], &["baseline.json"]].concat())
}

#[test]
fn only_what_is_new_fails() {
    let (one, two) = (semgrep(&["ERROR"]), semgrep(&["ERROR", "ERROR"]));
    let workplace = with_baseline(&one, NEW_ONLY);
    let known = check(&workplace);
    assert_eq!(
        (known.code, verdict(&known)),
        (0, "pass"),
        "{}",
        known.stdout
    );
    let summary = known.summary.unwrap();
    assert_eq!(summary["findings"][0]["new"], false);
    assert_eq!(summary["findings"][0]["first_seen"], "2026-10-01");
    assert_eq!(summary["baseline"]["unchanged"], 1);
    write(&workplace, "semgrep.json", &two);
    let added = check(&workplace);
    assert_eq!(
        (added.code, verdict(&added)),
        (1, "fail"),
        "{}",
        added.stdout
    );
    let summary = added.summary.unwrap();
    assert_eq!(summary["baseline"]["new"], 1);
    assert_eq!(summary["baseline"]["unchanged"], 1);
    write(&workplace, "semgrep.json", CLEAN);
    let fixed = check(&workplace).summary.unwrap();
    assert_eq!(fixed["baseline"]["fixed"][0]["rule_id"], "conf.no-eval");
}

#[test]
fn a_summary_is_the_baseline_of_the_next_and_ages_go_on() {
    let policy = "[sla]\nhigh = 30\n[[rule]]\nid = \"late\"\nwhere = { overdue = true }\n";
    let workplace = with_baseline(&semgrep(&["ERROR"]), policy);
    for (now, code) in [("2026-10-31", 0), ("2026-11-01", 1)] {
        let now = format!("{now}T00:00:00Z");
        let arguments = [&["check", "--now", &now], &CHECK[..], &["baseline.json"]].concat();
        let run = workplace.run(&arguments);
        assert_eq!(run.code, code, "{now}: {}", run.stdout);
        assert_eq!(run.summary.unwrap()["findings"][0]["due"], "2026-10-31");
        fs_err::rename(
            workplace.path("security-gate-summary.json"),
            workplace.path("baseline.json"),
        )
        .unwrap();
    }
}

#[test]
fn a_baseline_that_is_needed_and_not_there_is_incomplete() {
    let first_run = |word: &str| format!("first_run = \"{word}\"\n{NEW_ONLY}");
    let (all_new, none_new) = (first_run("all-new"), first_run("none-new"));
    let indifferent = "[[rule]]\nid = \"many\"\nmax = 9\n";
    let mut told = String::new();
    for (baseline, policy, expected) in [
        (None, NEW_ONLY, "incomplete"),
        (None, &all_new, "fail"),
        (None, &none_new, "pass"),
        (None, indifferent, "pass"),
        (Some("{"), NEW_ONLY, "incomplete"),
        (Some("{"), &all_new, "fail"),
        // What is damaged is no first run: nothing may pass by it.
        (Some("{"), &none_new, "incomplete"),
        (Some("{"), indifferent, "pass"),
        (Some(""), NEW_ONLY, "incomplete"),
        (Some(CLEAN), NEW_ONLY, "incomplete"),
        (
            Some(r#"{"schema":"security-gate-summary/2","findings":[]}"#),
            NEW_ONLY,
            "incomplete",
        ),
    ] {
        let report = semgrep(&["ERROR"]);
        let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
        if let Some(text) = baseline {
            write(&workplace, "baseline.json", text);
        }
        let run = check(&workplace);
        assert_eq!(verdict(&run), expected, "{baseline:?} {policy}");
        let policy = policy.lines().find(|line| !line.is_empty()).unwrap();
        let given = baseline.unwrap_or("(no file)");
        writeln!(told, "== {given}\n   {policy}\n{}\n", reasons(&run)).unwrap();
    }
    assert_snapshot!(told);
}

/// A report of Trivy with a vulnerability in a package.
fn trivy() -> String {
    r#"{"SchemaVersion":2,"ArtifactName":"shop","ArtifactType":"filesystem","Results":[{"Target":"package-lock.json",
      "Class":"lang-pkgs","Type":"npm","Vulnerabilities":[{"VulnerabilityID":"CVE-2021-44228","PkgName":"lodash",
      "PkgIdentifier":{"PURL":"pkg:npm/lodash@4.17.4"},"InstalledVersion":"4.17.4","Severity":"MEDIUM"}]}]}"#
        .to_owned()
}

fn kev(released: &str) -> String {
    format!(
        r#"{{"title":"CISA Catalog of Known Exploited Vulnerabilities","catalogVersion":"2026.11.20","dateReleased":"{released}T00:00:00Z","count":1,
        "vulnerabilities":[{{"cveID":"CVE-2021-44228","vendorProject":"Apache","product":"Log4j2","vulnerabilityName":"Log4Shell","dateAdded":"2021-12-10",
        "shortDescription":"x","requiredAction":"x","dueDate":"2021-12-24","knownRansomwareCampaignUse":"Known","notes":"","cwes":[]}}]}}"#
    )
}

#[test]
fn what_is_known_to_be_exploited_fails_by_fresh_knowledge_only() {
    let rule = "[[rule]]\nid = \"exploited\"\nwhere = { kev = true }\n";
    let (fresh, old, future) = (kev("2026-11-20"), kev("2026-11-01"), kev("2026-12-24"));
    let mut told = String::new();
    for (settings, file, expected) in [
        ("", Some(fresh.as_str()), "fail"),
        ("[kev]\nmax_age = \"7d\"\n", Some(&fresh), "fail"),
        ("", None, "incomplete"),
        // The report itself does not say so.
        ("[kev]\nrequired = false\n", None, "pass"),
        ("", Some("{}"), "incomplete"),
        ("", Some(CLEAN), "incomplete"),
        ("[kev]\nmax_age = \"7d\"\n", Some(&old), "fail"),
        ("", Some(&future), "fail"),
    ] {
        let policy = format!("{settings}{rule}");
        let workplace = Workplace::new(&[("trivy.json", &trivy()), ("policy.toml", &policy)]);
        let mut arguments = vec!["trivy.json", "--policy", "policy.toml"];
        if let Some(text) = file {
            write(&workplace, "kev.json", text);
            arguments.extend(["--kev", "kev.json"]);
        }
        let run = workplace.check(&arguments);
        assert_eq!(verdict(&run), expected, "{settings} {file:?}");
        let head: String = file.unwrap_or("(no file)").chars().take(20).collect();
        let settings = settings.replace('\n', " ");
        writeln!(told, "== {head} {settings}\n{}\n", reasons(&run)).unwrap();
    }
    assert_snapshot!(told);
}

#[test]
fn a_likely_exploit_fails_and_missing_scores_are_incomplete() {
    let policy = "[[rule]]\nid = \"likely\"\nwhere = { epss = \">=0.5\" }\n";
    let scores = |score: &str| {
        format!(
            "#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\ncve,epss,percentile\nCVE-2021-44228,{score},0.99999\n"
        )
    };
    let (likely, unlikely) = (scores("0.94358"), scores("0.00042"));
    for (file, expected) in [
        (Some(likely.as_str()), "fail"),
        (Some(&unlikely), "pass"),
        (None, "incomplete"),
        (Some("cve,epss\n"), "incomplete"),
    ] {
        let workplace = Workplace::new(&[("trivy.json", &trivy()), ("policy.toml", policy)]);
        let mut arguments = vec!["trivy.json", "--policy", "policy.toml"];
        if let Some(text) = file {
            write(&workplace, "epss.csv", text);
            arguments.extend(["--epss", "epss.csv"]);
        }
        let run = workplace.check(&arguments);
        assert_eq!(verdict(&run), expected, "{file:?}");
    }
}

#[test]
fn scores_that_may_be_cut_off_are_told() {
    let policy = "[[rule]]\nid = \"likely\"\nwhere = { epss = \">=0.5\" }\n";
    for (count, is_told) in [(1, true), (99_999, true), (100_000, false)] {
        let mut scores = String::from(
            "#model_version:v2025.03.14,score_date:2026-11-20T12:55:00Z\ncve,epss,percentile\n",
        );
        for number in 0..count {
            writeln!(scores, "CVE-2024-{number:06},0.00042,0.5").unwrap();
        }
        let workplace = Workplace::new(&[
            ("trivy.json", &trivy()),
            ("policy.toml", policy),
            ("epss.csv", &scores),
        ]);
        let run = workplace.check(&[
            "trivy.json",
            "--policy",
            "policy.toml",
            "--epss",
            "epss.csv",
        ]);
        assert_eq!(verdict(&run), "pass");
        let reasons = reasons(&run);
        assert_eq!(reasons.contains("is it whole?"), is_told, "{reasons}");
        assert_eq!(
            run.stdout.contains("is it whole?"),
            is_told,
            "{}",
            run.stdout
        );
        assert_eq!(run.summary.unwrap()["knowledge"]["epss"]["entries"], count);
        let page = run.markdown.unwrap();
        assert!(page.contains(&format!(", {count} vulnerabilit")), "{page}");
    }
}

#[test]
fn a_statement_that_nobody_understands_is_told() {
    let policy = "[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    let clear = vex("affected", "pkg:npm/lodash");
    let unclear = vex("harmless", "pkg:npm/lodash");
    let unjustified =
        r#"{"vulnerability":{"name":"CVE-2021-1"},"products":["lodash"],"status":"not_affected"}"#;
    let more = unclear.replace(
        r#""statements":["#,
        &format!(r#""statements":[{unjustified},"#),
    );
    let workplace = Workplace::new(&[
        ("trivy.json", &trivy()),
        ("policy.toml", policy),
        ("clear.json", &clear),
        ("unclear.json", &unclear),
        ("more.json", &more),
    ]);
    let mut arguments = vec!["trivy.json", "--policy", "policy.toml"];
    for name in ["clear.json", "unclear.json", "more.json"] {
        arguments.extend(["--vex", name]);
    }
    let run = workplace.check(&arguments);
    assert_eq!(verdict(&run), "fail");
    assert!(
        run.stdout.contains("unclear.json has 1 unclear statement"),
        "{}",
        run.stdout
    );
    assert_snapshot!(reasons(&run));
}

#[test]
fn knowledge_that_was_not_kept_is_missing_and_no_report() {
    let policy = "[kev]\nrequired = true\n[[rule]]\nid = \"exploited\"\nwhere = { kev = true }\n";
    let workplace = Workplace::new(&[("trivy.json", &trivy()), ("policy.toml", policy)]);
    let run = workplace.check(&[
        "trivy.json",
        "--policy",
        "policy.toml",
        "--kev",
        "nope.json",
        "--vex",
        "nope.json",
    ]);
    assert_eq!(verdict(&run), "incomplete");
    assert_snapshot!(reasons(&run));
}

fn vex(status: &str, purl: &str) -> String {
    format!(
        r#"{{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://shop.example/vex/1","author":"shop","timestamp":"2026-11-01T00:00:00Z","version":1,
        "statements":[{{"vulnerability":{{"name":"CVE-2021-44228"}},"products":[{{"@id":"{purl}"}}],"status":"{status}","justification":"vulnerable_code_not_present"}}]}}"#
    )
}

#[test]
fn a_statement_of_the_maker_takes_a_finding_out_for_its_product_only() {
    let policy = "[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    for (status, purl, expected) in [
        ("not_affected", "pkg:npm/lodash@4.17.4", "pass"),
        ("not_affected", "pkg:npm/lodash", "pass"),
        ("fixed", "pkg:npm/lodash@4.17.4", "pass"),
        ("not_affected", "pkg:npm/lodash@4.17.5", "fail"),
        ("not_affected", "pkg:npm/other@4.17.4", "fail"),
        ("affected", "pkg:npm/lodash@4.17.4", "fail"),
        ("under_investigation", "pkg:npm/lodash@4.17.4", "fail"),
        ("harmless", "pkg:npm/lodash@4.17.4", "fail"),
    ] {
        let document = vex(status, purl);
        let files = [
            ("trivy.json", trivy()),
            ("policy.toml", policy.to_owned()),
            ("vex.json", document),
        ];
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let workplace = Workplace::new(&files);
        let arguments = ["trivy.json", "--policy", "policy.toml", "--vex", "vex.json"];
        let run = workplace.check(&arguments);
        assert_eq!(
            verdict(&run),
            expected,
            "{status} {purl}: {}",
            reasons(&run)
        );
        let summary = run.summary.unwrap();
        let is_out = summary["findings"][0]["status"] == "not-affected";
        assert_eq!(is_out, expected == "pass", "{status} {purl}");
    }
}

#[test]
fn a_statement_about_a_component_holds_in_the_lane_of_its_product() {
    let rule = "[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    let document = vex("not_affected", "pkg:oci/shop").replace(
        r#"{"@id":"pkg:oci/shop"}"#,
        r#"{"@id":"pkg:oci/shop","subcomponents":[{"@id":"pkg:npm/lodash@4.17.4"}]}"#,
    );
    for (lane, expected) in [
        ("product = \"pkg:oci/shop\"", "pass"),
        ("product = \"pkg:oci/other\"", "fail"),
        ("", "fail"),
    ] {
        let policy = format!("[lane.image-security]\n{lane}\n{rule}");
        let workplace = Workplace::new(&[
            ("trivy.json", &trivy()),
            ("policy.toml", &policy),
            ("vex.json", &document),
        ]);
        let run = workplace.check(&[
            "image-security=trivy.json",
            "--policy",
            "policy.toml",
            "--vex",
            "vex.json",
        ]);
        assert_eq!(verdict(&run), expected, "{lane}: {}", run.stdout);
    }
}

#[test]
fn a_claim_of_the_future_leaves_its_vulnerability_open() {
    let policy = "[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    let report = trivy().replace(
        r#""VulnerabilityID":"CVE-2021-44228","#,
        r#""VulnerabilityID":"CVE-2021-44228","VendorIDs":["CVE-2021-44229"],"#,
    );
    let first = vex("fixed", "pkg:npm/lodash");
    let second = vex("not_affected", "pkg:npm/lodash").replace("44228", "44229");
    for (time, expected) in [
        ("2026-11-21T12:30:00Z", "pass"),
        ("2030-01-01T00:00:00Z", "fail"),
    ] {
        let said = format!(r#""timestamp":"{time}","status":"not_affected""#);
        let second = second.replace(r#""status":"not_affected""#, &said);
        let workplace = Workplace::new(&[
            ("trivy.json", &report),
            ("policy.toml", policy),
            ("first.json", &first),
            ("second.json", &second),
        ]);
        let arguments = [
            "trivy.json",
            "--policy",
            "policy.toml",
            "--vex",
            "first.json",
            "--vex",
            "second.json",
        ];
        let run = workplace.check(&arguments);
        assert_eq!(verdict(&run), expected, "{time}: {}", run.stdout);
    }
}

/// A CycloneDX document about lodash in a product, with this analysis.
fn cyclonedx(product: &str, analysis: &str) -> String {
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{{"timestamp":"2026-11-01T00:00:00Z",
        "component":{{"type":"container","name":"shop","bom-ref":"it","purl":"{product}"}}}},
        "vulnerabilities":[{{"id":"CVE-2021-44228","analysis":{{{analysis}}},"affects":[{{"ref":"pkg:npm/lodash@4.17.4"}}]}}]}}"#
    )
}

#[test]
fn a_cyclonedx_analysis_holds_for_its_product_and_with_a_reason_only() {
    let policy = "[lane.image-security]\nproduct = \"pkg:oci/shop\"\n[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    let claim = r#""state":"not_affected""#;
    let justified = &format!(r#"{claim},"justification":"code_not_reachable""#);
    let invented = &format!(r#"{claim},"justification":"zzz""#);
    for (product, analysis, expected) in [
        ("pkg:oci/shop", justified.as_str(), "pass"),
        ("pkg:oci/other", justified, "fail"),
        ("shop", justified, "fail"),
        ("pkg:oci/shop", claim, "fail"),
        ("pkg:oci/shop", invented, "fail"),
    ] {
        let workplace = Workplace::new(&[
            ("trivy.json", &trivy()),
            ("policy.toml", policy),
            ("vex.json", &cyclonedx(product, analysis)),
        ]);
        let run = workplace.check(&[
            "image-security=trivy.json",
            "--policy",
            "policy.toml",
            "--vex",
            "vex.json",
        ]);
        assert_eq!(
            verdict(&run),
            expected,
            "{product} {analysis}: {}",
            run.stdout
        );
    }
}

#[test]
fn a_later_doubt_about_a_product_that_cannot_be_told_takes_a_claim_back() {
    let policy = "[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    let claim = vex("not_affected", "pkg:npm/lodash@4.17.4");
    let cpe = "cpe:2.3:a:lodash:lodash:4.17.4:*:*:*:*:*:*:*";
    for (status, issued, expected) in [
        ("affected", "2026-11-02", "fail"),
        ("under_investigation", "2026-11-02", "fail"),
        ("affected", "2026-10-31", "pass"),
        ("fixed", "2026-11-02", "pass"),
    ] {
        let doubt = vex(status, cpe).replace("2026-11-01", issued);
        let workplace = Workplace::new(&[
            ("trivy.json", &trivy()),
            ("policy.toml", policy),
            ("claim.json", &claim),
            ("doubt.json", &doubt),
        ]);
        let run = workplace.check(&[
            "trivy.json",
            "--policy",
            "policy.toml",
            "--vex",
            "claim.json",
            "--vex",
            "doubt.json",
        ]);
        assert_eq!(verdict(&run), expected, "{status} {issued}: {}", run.stdout);
    }
}

#[test]
fn of_several_vex_documents_none_holds_if_one_cannot_be_read() {
    let policy = "[[rule]]\nid = \"any\"\nwhere = { category = \"sca\" }\n";
    let document = vex("not_affected", "pkg:npm/lodash");
    let (report, cut) = (trivy(), &document[..60]);
    let workplace = Workplace::new(&[
        ("trivy.json", report.as_str()),
        ("policy.toml", policy),
        ("vex.json", &document),
        ("cut.json", cut),
    ]);
    let run = workplace.check(&[
        "trivy.json",
        "--policy",
        "policy.toml",
        "--vex",
        "vex.json",
        "--vex",
        "cut.json",
    ]);
    assert_eq!(verdict(&run), "fail");
    assert_snapshot!(reasons(&run));
}

#[test]
fn a_policy_that_observes_stops_nothing_and_says_so_everywhere() {
    let policy = "extends = [\"builtin:baseline\"]\n[gate]\nmode = \"observe\"\n";
    let report = semgrep(&["ERROR"]);
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
    let run = workplace.check(&["semgrep.json", "--policy", "policy.toml"]);
    let summary = run.summary.as_ref().unwrap();
    assert_eq!((run.code, verdict(&run)), (0, "fail"));
    assert_eq!(
        (&summary["mode"], &summary["exit_code"]),
        (&"observe".into(), &0.into())
    );
    assert!(run.stdout.starts_with("OBSERVED FAIL"), "{}", run.stdout);
    assert!(run.stdout.contains("stops nothing"), "{}", run.stdout);
    let markdown = run.markdown.unwrap();
    assert!(
        markdown.starts_with("# Security gate: OBSERVED FAIL\n"),
        "{markdown}"
    );
    assert!(
        markdown.contains("this verdict stops nothing"),
        "{markdown}"
    );
    // What nobody can read is no record of a decision, observed or not.
    let read_only = workplace.check(&[
        "semgrep.json",
        "--policy",
        "policy.toml",
        "--out",
        "nowhere",
    ]);
    assert_eq!(read_only.code, 2);
}

#[test]
fn a_change_cannot_loosen_its_own_gate() {
    let strict = "extends = [\"builtin:baseline\"]\n";
    let report = semgrep(&["ERROR"]);
    let loose = [
        "[[rule]]\nid = \"no-high\"\nmax = 99\n",
        "extends = [\"builtin:baseline\"]\n[gate]\nmode = \"observe\"\n",
        "extends = [\"builtin:baseline\"]\n[[exception]]\nid = \"mine\"\nreason = \"it is fine\"\nexpires = 2027-01-01\nwhere = { rule = \"conf.no-eval\" }\n",
        "[lane.nothing]\nreports = [\"nowhere/*.json\"]\n[[rule]]\nid = \"any\"\n",
    ];
    for head in loose {
        let workplace = Workplace::new(&[
            ("semgrep.json", report.as_str()),
            ("security-gate.toml", head),
            (".base/security-gate.toml", strict),
        ]);
        let alone = workplace.check(&["semgrep.json"]);
        let sources = [
            "semgrep.json",
            "--strictest",
            "--policy",
            ".base/security-gate.toml",
        ];
        let both = workplace.check(&[&sources[..], &["--policy", "security-gate.toml"]].concat());
        assert_eq!((both.code, verdict(&both)), (1, "fail"), "{head}");
        let others = &both.summary.as_ref().unwrap()["other_policies"];
        assert_eq!(others.as_array().unwrap().len(), 1, "{head}");
        assert!(
            both.markdown
                .unwrap()
                .contains("the policy security-gate.toml says")
        );
        assert!(
            alone.code == 0 || head.contains("nowhere"),
            "{head}: {}",
            alone.stdout
        );
    }
}

#[test]
fn several_policies_look_for_reports_where_the_last_one_stands() {
    let policy =
        "[lane.code]\nreports = [\"out/*.json\"]\nexpect = [\"semgrep\"]\n[[rule]]\nid = \"any\"\n";
    let workplace = Workplace::new(&[
        ("out/semgrep.json", CLEAN),
        ("security-gate.toml", policy),
        (".base/security-gate.toml", policy),
    ]);
    let names = [
        "--policy",
        ".base/security-gate.toml",
        "--policy",
        "security-gate.toml",
    ];
    let run = workplace.check(&[&["--strictest"], &names[..]].concat());
    assert_eq!((run.code, verdict(&run)), (0, "pass"), "{}", run.stdout);
    let without = workplace.check(&names);
    assert_eq!(without.code, 2);
    assert!(without.stderr.contains("--strictest"), "{}", without.stderr);
    assert!(workplace.check(&["--strictest"]).code == 2);
}

#[test]
fn who_made_the_change_cannot_have_approved_it() {
    let policy = |approver: &str| {
        format!(
            "extends = [\"builtin:baseline\"]\n[exceptions]\nauthor_may_approve = false\n[[exception]]\nid = \"mine\"\nreason = \"it is fine\"\napproved_by = \"{approver}\"\nexpires = 2027-01-01\nwhere = {{ rule = \"conf.no-eval\" }}\n"
        )
    };
    let report = semgrep(&["ERROR"]);
    for (approver, code) in [
        ("bob", 0),
        ("Alice", 1),
        ("@alice", 1),
        ("alice@shop.example", 1),
        ("alice, bob", 0),
    ] {
        let policy = policy(approver);
        let mut workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", &policy)]);
        workplace.variables = vec![
            ("GITLAB_CI", "true"),
            ("GITLAB_USER_LOGIN", "alice"),
            ("CI_COMMIT_AUTHOR", "Alice Smith <alice@shop.example>"),
        ];
        let run = workplace.check(&["semgrep.json", "--policy", "policy.toml"]);
        assert_eq!(run.code, code, "{approver}: {}", run.stdout);
        let state = &run.summary.unwrap()["exceptions"][0]["state"];
        assert_eq!(state, if code == 0 { "used" } else { "refused" });
    }
}

#[test]
fn an_exception_lapses_when_what_it_accepts_became_worse() {
    let policy = "extends = [\"builtin:baseline\"]\n[[exception]]\nid = \"medium-only\"\nreason = \"it is fine\"\ndecided = 2026-09-01\nexpires = 2027-01-01\nwhere = { rule = \"conf.no-eval\" }\n";
    let workplace = with_baseline(&semgrep(&["WARNING"]), policy);
    write(&workplace, "semgrep.json", &semgrep(&["ERROR"]));
    let run = check(&workplace);
    assert_eq!((run.code, verdict(&run)), (1, "fail"), "{}", run.stdout);
    let summary = run.summary.as_ref().unwrap();
    assert_eq!(summary["exceptions"][0]["state"], "refused");
    assert_eq!(summary["findings"][0]["raised"]["from"], "medium");
    assert_snapshot!(reasons(&run));
    // The next run still knows, and a new decision settles it.
    fs_err::rename(
        workplace.path("security-gate-summary.json"),
        workplace.path("baseline.json"),
    )
    .unwrap();
    assert_eq!(check(&workplace).code, 1);
    write(
        &workplace,
        "policy.toml",
        &policy.replace("2026-09-01", "2026-11-21"),
    );
    assert_eq!(check(&workplace).code, 0);
}

#[test]
fn what_no_exception_may_accept_stays_open() {
    let policy = "extends = [\"builtin:baseline\"]\n[exceptions]\nnever = { severity = \">=high\" }\n[[exception]]\nid = \"all-eval\"\nreason = \"it is fine\"\nexpires = 2026-11-25\nwhere = { rule = \"conf.no-eval\" }\n";
    let report = semgrep(&["ERROR", "WARNING"]);
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
    let run = workplace.check(&["semgrep.json", "--policy", "policy.toml"]);
    assert_eq!((run.code, verdict(&run)), (1, "fail"));
    let exception = &run.summary.as_ref().unwrap()["exceptions"][0];
    assert_eq!(
        (&exception["state"], &exception["expires_soon"]),
        (&"used".into(), &true.into())
    );
    assert_snapshot!(reasons(&run));
}

#[test]
fn a_rule_warns_until_it_is_in_effect() {
    let policy = "extends = [\"builtin:baseline\"]\n[[rule]]\nid = \"no-high\"\nwhere = { severity = \"high\" }\neffective = 2026-11-22\n";
    let report = semgrep(&["ERROR"]);
    let workplace = Workplace::new(&[("semgrep.json", &report), ("policy.toml", policy)]);
    for (now, code) in [("2026-11-21T23:59:59Z", 0), ("2026-11-22T00:00:00Z", 1)] {
        let arguments = [
            "check",
            "--now",
            now,
            "semgrep.json",
            "--policy",
            "policy.toml",
        ];
        assert_eq!(workplace.run(&arguments).code, code, "{now}");
    }
}

#[test]
fn what_time_alone_will_do_is_foretold() {
    const POLICY: &str = r#"
[sla]
high = 60

[[rule]]
id    = "overdue"
where = { overdue = true }

[[rule]]
id        = "no-medium"
where     = { severity = "medium" }
max       = 1
effective = 2027-01-15

[[exception]]
id          = "accepted"
where       = { severity = "medium", path = "src/a.py" }
reason      = "for now"
approved_by = "appsec"
expires     = 2027-03-01
"#;
    let workplace = with_baseline(&semgrep(&["ERROR", "WARNING", "WARNING"]), POLICY);
    let run = workplace.check(&[&CHECK[..], &["baseline.json", "--forecast"]].concat());
    assert_eq!((run.code, verdict(&run)), (0, "pass"), "{}", run.stderr);
    let summary = run.summary.unwrap();
    assert_eq!(summary["forecast"]["red_on"], "2026-12-01");
    assert_snapshot!("forecast", run.stdout);
    // On that day it is so.
    let check = |now: &str| {
        let arguments = [&["check", "--now", now], &CHECK[..], &["baseline.json"]].concat();
        workplace.run(&arguments).code
    };
    assert_eq!(check("2026-11-30T23:59:59Z"), 0);
    assert_eq!(check("2026-12-01T00:00:00Z"), 1);
}

#[test]
fn what_would_do_does() {
    const POLICY: &str = r#"
[[rule]]
id    = "no-high"
where = { severity = ">=high" }
max   = 1
"#;
    let finding = |id: &str, package: &str, fixed: &str| {
        format!(
            r#"{{"VulnerabilityID":"{id}","PkgName":"{package}","InstalledVersion":"1.0","FixedVersion":"{fixed}","Severity":"HIGH","Title":"t"}}"#
        )
    };
    let report = |findings: &[String]| {
        format!(
            r#"{{"SchemaVersion":2,"Trivy":{{"Version":"0.60.0"}},"ArtifactName":"app","ArtifactType":"filesystem","Results":[{{"Target":"package-lock.json","Class":"lang-pkgs","Type":"npm","Vulnerabilities":[{}]}}]}}"#,
            findings.join(",")
        )
    };
    let mut findings: Vec<_> = (1..=7)
        .map(|number| finding(&format!("CVE-2026-000{number}"), "lodash", "1.2"))
        .collect();
    findings.push(finding("CVE-2026-0008", "left-pad", ""));
    findings.push(finding("CVE-2026-0009", "right-pad", "2.0"));
    let workplace = Workplace::new(&[("trivy.json", &report(&findings)), ("policy.toml", POLICY)]);
    let run = workplace.check(&["trivy.json", "--policy", "policy.toml"]);
    assert_eq!((run.code, verdict(&run)), (1, "fail"), "{}", run.stderr);
    assert_snapshot!("passes_if", run.stdout);
    let summary = run.summary.unwrap();
    let actions = summary["passes_if"]["actions"].as_array().unwrap();
    let clears: Vec<_> = actions.iter().map(|action| &action["clears"]).collect();
    assert_eq!(clears, [7, 1]);
    assert_eq!(actions[0]["text"], "upgrade lodash 1.0 to 1.2");
    // As if they had been taken.
    let cleared: Vec<_> = actions
        .iter()
        .flat_map(|action| action["findings"].as_array().unwrap())
        .collect();
    let left: Vec<_> = summary["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| !cleared.contains(&&finding["fingerprint"]))
        .map(|finding| finding["rule_id"].as_str().unwrap())
        .collect();
    findings.retain(|text| left.iter().any(|id| text.contains(id)));
    assert_eq!(findings.len(), 1);
    write(&workplace, "trivy.json", &report(&findings));
    assert_eq!(
        workplace
            .check(&["trivy.json", "--policy", "policy.toml"])
            .code,
        0
    );
}

/// What `--strictest` says to a policy of the target branch and one of the change.
fn both(files: &[(&str, &str)], base: &str, head: &str) -> Run {
    let report = semgrep(&["ERROR"]);
    let files = [&[("reports/semgrep.json", report.as_str())], files].concat();
    let workplace = Workplace::new(&files);
    workplace.check(&["--strictest", "--policy", base, "--policy", head])
}

#[test]
fn no_policy_can_be_kept_from_the_reports_of_another() {
    let lane = "[lane.code]\nreports = [\"reports/*.json\"]\n";
    let strict = format!("{lane}[[rule]]\nid = \"any\"\n");
    let loose = "[lane.code]\nreports = [\"reports/*.json\"]\n[[rule]]\nid = \"any\"\nmax = 9\n";
    for (files, base, head) in [
        // What the lanes stand in lies above, and the name has a detour.
        (
            &[
                (".base/common.toml", lane),
                (
                    ".base/ci/gate.toml",
                    "extends = [\"../common.toml\"]\n[[rule]]\nid = \"any\"\n",
                ),
                (
                    "ci/gate.toml",
                    "extends = [\"../common.toml\"]\n[[rule]]\nid = \"any\"\nmax = 9\n",
                ),
                ("common.toml", lane),
            ][..],
            "./.base/ci/gate.toml",
            "ci/gate.toml",
        ),
        // The change looks for reports elsewhere, the other one not at all.
        (
            &[
                (".base/gate.toml", "[[rule]]\nid = \"any\"\n"),
                ("gate.toml", loose),
            ],
            ".base/gate.toml",
            "gate.toml",
        ),
        (
            &[
                (".base/gate.toml", &strict),
                ("gate.toml", "[[rule]]\nid = \"any\"\nmax = 9\n"),
            ],
            ".base/gate.toml",
            "gate.toml",
        ),
        (&[("gate.toml", loose)], "builtin:baseline", "gate.toml"),
    ] {
        let run = both(files, base, head);
        assert_eq!((run.code, verdict(&run)), (1, "fail"), "{base} {files:?}");
    }
}

#[test]
fn a_change_cannot_add_exceptions_to_another_policy() {
    let gate = "[lane.code]\nreports = [\"reports/*.json\"]\n[[rule]]\nid = \"any\"\n";
    let mine = "[[exception]]\nid = \"mine\"\nreason = \"it is fine\"\nexpires = 2027-01-01\nwhere = { rule = \"conf.no-eval\" }\n";
    let files = [("gate.toml", gate), ("security-exceptions.toml", mine)];
    let run = both(&files, "builtin:baseline", "gate.toml");
    assert_eq!((run.code, verdict(&run)), (1, "fail"));
    assert!(
        run.stdout.contains("the policy gate.toml says pass"),
        "{}",
        run.stdout
    );
    let files = [&files[..], &[("base.toml", gate)]].concat();
    let run = both(&files, "base.toml", "gate.toml");
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(
        run.stderr
            .contains("stand beside one security-exceptions.toml"),
        "{}",
        run.stderr
    );
}

/// Decides in an environment, and makes the summary the next baseline.
fn run_in(workplace: &mut Workplace, day: &str, variables: &[(&'static str, &'static str)]) -> i32 {
    workplace.variables = variables.to_vec();
    let now = format!("{day}T12:00:00Z");
    let arguments = [&["check", "--now", &now], &CHECK[..], &["baseline.json"]].concat();
    let run = workplace.run(&arguments);
    fs_err::rename(
        workplace.path("security-gate-summary.json"),
        workplace.path("baseline.json"),
    )
    .unwrap();
    run.code
}

const MAIN: &[(&str, &str)] = &[
    ("GITLAB_CI", "true"),
    ("CI_COMMIT_REF_NAME", "main"),
    ("CI_COMMIT_BRANCH", "main"),
];

#[test]
fn what_was_new_and_blocked_is_not_let_in_by_another_run() {
    let mut workplace = with_baseline(CLEAN, NEW_ONLY);
    write(&workplace, "semgrep.json", &semgrep(&["ERROR"]));
    for _ in 0..3 {
        assert_eq!(run_in(&mut workplace, "2026-11-21", MAIN), 1);
    }
    // In another change it is not new: it came from there.
    let other = &[("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_IID", "7")];
    assert_eq!(run_in(&mut workplace, "2026-11-21", other), 0);
}

#[test]
fn the_end_of_an_exception_brings_back_what_was_new() {
    let policy = format!(
        "{NEW_ONLY}[[exception]]\nid = \"x\"\nreason = \"for a day\"\nexpires = 2026-11-21\nwhere = {{ rule = \"conf.*\" }}\n"
    );
    let mut workplace = with_baseline(CLEAN, &policy);
    write(&workplace, "semgrep.json", &semgrep(&["ERROR"]));
    assert_eq!(run_in(&mut workplace, "2026-11-20", MAIN), 0);
    assert_eq!(run_in(&mut workplace, "2026-11-21", MAIN), 0);
    assert_eq!(run_in(&mut workplace, "2026-11-22", MAIN), 1);
    assert_eq!(run_in(&mut workplace, "2026-11-23", MAIN), 1);
}

#[test]
fn a_baseline_of_the_future_is_none_to_rely_on() {
    let policy = "[sla]\nhigh = 3\n[[rule]]\nid = \"overdue\"\nwhere = { overdue = true }\n";
    let workplace = with_baseline(&semgrep(&["ERROR"]), policy);
    let run = workplace.run(
        &[
            &["check", "--now", "2026-09-30T12:00:00Z"],
            &CHECK[..],
            &["baseline.json"],
        ]
        .concat(),
    );
    assert_eq!((run.code, verdict(&run)), (3, "incomplete"));
    assert!(reasons(&run).contains("the baseline is of the future, 2026-10-01T12:00:00Z"));
}

#[test]
fn a_severity_cannot_rise_unseen_by_way_of_unknown() {
    let policy = "[[rule]]\nid = \"any\"\n[[exception]]\nid = \"x\"\nreason = \"low\"\ndecided = 2026-09-01\nexpires = 2027-11-21\nwhere = { rule = \"conf.*\" }\n";
    let mut workplace = with_baseline(&semgrep(&["LOW"]), policy);
    write(&workplace, "semgrep.json", &semgrep(&["LOW"]));
    assert_eq!(run_in(&mut workplace, "2026-11-20", MAIN), 0);
    // Unknown counts as high.
    for severity in ["SEVERE", "CRITICAL", "LOW"] {
        write(&workplace, "semgrep.json", &semgrep(&[severity]));
        assert_eq!(run_in(&mut workplace, "2026-11-21", MAIN), 1, "{severity}");
    }
}

#[test]
fn what_is_mended_in_a_file_and_made_in_another_is_new() {
    let scanned = |report: &str| {
        report.replace(
            r#""scanned":["src/a.py"]"#,
            r#""scanned":["src/a.py","src/b.py"]"#,
        )
    };
    let before = semgrep(&["ERROR"]).replace(r#""severity""#, r#""lines":"eval(x)","severity""#);
    let workplace = with_baseline(&before, NEW_ONLY);
    let after = before.replace("\"path\":\"src/a.py\"", "\"path\":\"src/b.py\"");
    write(&workplace, "semgrep.json", &scanned(&after));
    assert_eq!(check(&workplace).code, 1);
    // The file is gone.
    write(
        &workplace,
        "semgrep.json",
        &after.replace(r#""scanned":["src/a.py"]"#, r#""scanned":["src/b.py"]"#),
    );
    assert_eq!(check(&workplace).code, 0);
}

/// A ZAP report with an SQL injection at these addresses.
fn zap(urls: &[&str]) -> String {
    let place = |url: &&str| {
        format!(r#"{{"uri":"{url}","method":"GET","param":"q","attack":"","evidence":""}}"#)
    };
    let places: Vec<_> = urls.iter().map(place).collect();
    format!(
        r#"{{"@programName":"ZAP","@version":"2.16.0","@generated":"Sat, 21 Nov 2026 10:00:00","site":[{{"@name":"https://shop.example","@host":"shop.example","@port":"443","@ssl":"true","alerts":[{{"pluginid":"40018","alertRef":"40018","alert":"SQL Injection","name":"SQL Injection","riskcode":"3","confidence":"2","riskdesc":"High (Medium)","desc":"d","instances":[{}],"count":"{}","solution":"","otherinfo":"","reference":"","cweid":"89","wascid":"19","sourceid":"1"}}]}}]}}"#,
        places.join(","),
        urls.len()
    )
}

#[test]
fn an_exception_for_a_place_accepts_no_other() {
    let inside = "https://shop.example/legacy/report";
    for condition in [
        r#"url = "https://shop.example/legacy/**""#,
        r#"when = 'url.startsWith("https://shop.example/legacy/")'"#,
    ] {
        let policy = format!(
            "[[rule]]\nid = \"any\"\n[[exception]]\nid = \"legacy\"\nreason = \"goes away\"\nexpires = 2027-01-01\nwhere = {{ {condition} }}\n"
        );
        let check = |urls: &[&str]| {
            let workplace = Workplace::new(&[("zap.json", &zap(urls)), ("p.toml", &policy)]);
            workplace.check(&["zap.json", "--policy", "p.toml"]).code
        };
        assert_eq!(check(&[inside]), 0, "{condition}");
        assert_eq!(
            check(&[inside, "https://shop.example/legacy/other"]),
            0,
            "{condition}"
        );
        assert_eq!(
            check(&[inside, "https://shop.example/checkout/pay"]),
            1,
            "{condition}"
        );
        assert_eq!(
            check(&["https://shop.example/checkout/pay", inside]),
            1,
            "{condition}"
        );
        // Of more places than are listed, nobody knows where they are.
        let many: Vec<_> = (0..80).map(|number| format!("{inside}/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(check(&many[..40]), 0, "{condition}");
        assert_eq!(check(&many), 1, "{condition}");
    }
}

#[test]
fn a_file_cannot_leave_its_folder_by_its_name() {
    let report = semgrep(&["ERROR"]).replace(
        r#""path":"src/a.py""#,
        r#""path":"src/pay/..\\..\\..\\tests\\x.py""#,
    );
    for rule in [
        r#"path = "src/**""#,
        r#"when = 'path.startsWith("src/")'"#,
        r#"when = 're(path, "^src/.*[.]py$")'"#,
    ] {
        let policy = format!(
            "[[rule]]\nid = \"src\"\nwhere = {{ {rule} }}\n[[exception]]\nid = \"tests\"\nreason = \"tests\"\nexpires = 2027-01-01\nwhere = {{ path = \"tests/**\" }}\n"
        );
        let workplace = Workplace::new(&[("semgrep.json", &report), ("p.toml", &policy)]);
        let run = workplace.check(&["semgrep.json", "--policy", "p.toml"]);
        assert_eq!(run.code, 1, "{rule}: {}", run.stdout);
    }
}

#[test]
fn an_exception_that_accepts_all_is_told() {
    let policy = "[[rule]]\nid = \"any\"\n[[exception]]\nid = \"x\"\nreason = \"none\"\nexpires = 2027-01-01\nwhere = { when = 'fix || !fix' }\n";
    let workplace = Workplace::new(&[
        ("semgrep.json", &semgrep(&["ERROR"; 7])),
        ("p.toml", policy),
    ]);
    let run = workplace.check(&["semgrep.json", "--policy", "p.toml"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stdout
            .contains("the exception x accepts all 7 findings"),
        "{}",
        run.stdout
    );
}
