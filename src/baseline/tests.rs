use super::*;
use crate::artifact::Window;
use crate::finding::{Category, Finding, Findings};
use crate::parser::by_name;
use crate::report::Files;

const SCANNER: &str = "bandit";

/// A finding of a rule in a file with some code; a code of "" is none.
fn finding(path: &str, code: &str) -> Finding<'static> {
    let mut finding = Finding::new(
        Fingerprint::new("test", &[path, code]),
        Category::Sast,
        "B602",
        Severity::Medium,
        Location::source(path, Some(3)),
    );
    let content = code.replace(' ', "");
    finding.content = (!code.is_empty()).then(|| ContentDigest::new("test", &[&content]));
    finding.into_owned()
}

fn nth(ordinal: u32, finding: &Finding<'static>) -> Finding<'static> {
    Finding {
        fingerprint: finding.fingerprint.with_ordinal(ordinal),
        ..finding.clone()
    }
}

fn rated(severity: Severity, finding: &Finding<'static>) -> Finding<'static> {
    Finding {
        severity,
        ..finding.clone()
    }
}

fn row(finding: &Finding, lane: &str, more: &str) -> String {
    let content = finding
        .content
        .map(|content| format!(r#""content":"{content}","#));
    format!(
        r#"{{"fingerprint":"{}",{}"status":"open","scanner":"{SCANNER}","lane":"{lane}",
        "category":"sast","rule_id":"{}","title":"t","description":"d","severity":"{}",
        "location":{},"instance_count":1,"report":"r.json","pointer":"/results/0"{more}}}"#,
        finding.fingerprint,
        content.unwrap_or_default(),
        finding.rule_id,
        finding.severity.name(),
        serde_json::to_string(&finding.location).unwrap(),
    )
}

fn summary(day: &str, rows: &[String]) -> String {
    let reports: Vec<_> = ["a", "b"]
        .iter()
        .map(|lane| {
            format!(
                r#"{{"path":"r.json","status":"complete","scanner":"{SCANNER}","lane":"{lane}"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"schema":"security-gate-summary/1","tool":{{"name":"security-gate"}},"time":"{day}T10:00:00Z",
        "reports":[{},{{"path":"x","status":"failed","scanner":"zap","lane":"dast"}},
        {{"path":"y","status":"unreadable","scanner":null,"lane":"dast"}}],"findings":[{}]}}"#,
        reports.join(","),
        rows.join(",")
    )
}

fn read(text: &str) -> Result<Baseline, String> {
    Baseline::read(Window::over(text).unwrap(), "b.json")
        .map(|(baseline, _)| baseline)
        .map_err(|error| error.to_string())
}

/// What was known on 1 November in lane `a`.
fn known(findings: &[Finding]) -> Baseline {
    let rows: Vec<_> = findings
        .iter()
        .map(|finding| row(finding, "a", ""))
        .collect();
    read(&summary("2026-11-01", &rows)).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn today() -> Date {
    day("2026-11-21")
}

fn compare_with(baseline: &Baseline, findings: &[Finding], lanes: &[&str]) -> Comparison {
    let findings: Findings = findings.iter().cloned().collect();
    let current: Vec<_> = findings
        .iter()
        .map(|finding| Current::new("a", SCANNER, finding))
        .collect();
    let looked = Looked {
        at: lanes.iter().map(|lane| (*lane, SCANNER)).collect(),
        files: Vec::new(),
    };
    compare(baseline, &current, &looked, None, today())
}

/// Which of the findings are new, after those before.
fn new(before: &[Finding], now: &[Finding]) -> Vec<bool> {
    compare_with(&known(before), now, &["a"])
        .histories
        .iter()
        .map(|history| history.new)
        .collect()
}

fn written(baseline: &Baseline) -> String {
    let mut out = Vec::new();
    baseline.write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_moved_line_is_old_and_a_further_copy_is_new() {
    let bug = finding("a.py", "f(x)");
    let mut moved = bug.clone();
    moved.location = Location::source("a.py", Some(90));
    let copies: Vec<_> = (0..4).map(|ordinal| nth(ordinal, &bug)).collect();
    assert_eq!(new(std::slice::from_ref(&bug), &[moved]), [false]);
    assert_eq!(new(&copies[..3], &copies), [false, false, false, true]);
    assert_eq!(new(&[], &[bug]), [true]);
}

#[test]
fn what_is_reformatted_in_its_file_is_old_as_often_as_it_was_there() {
    let before = finding("a.py", "f(x)");
    let after = finding("a.py", "f( x )");
    let again = finding("a.py", "f(x )");
    assert_eq!(
        new(std::slice::from_ref(&before), std::slice::from_ref(&after)),
        [false]
    );
    let both = new(std::slice::from_ref(&before), &[after.clone(), again]);
    assert_eq!(both.iter().filter(|new| **new).count(), 1);
    // The one before is still there.
    assert_eq!(
        new(std::slice::from_ref(&before), &[before.clone(), after]),
        [false, true]
    );
}

#[test]
fn a_renamed_file_is_old_and_a_copied_one_is_new() {
    let [one, two] = ["f(x)", "g(x)"].map(|code| finding("src/a.py", code));
    let [moved, more] = ["f(x)", "g(x)"].map(|code| finding("lib/b.py", code));
    let before = [one.clone(), two.clone()];
    assert_eq!(new(&before, &[moved.clone(), more.clone()]), [false, false]);
    assert_eq!(
        new(&before, &[one, two.clone(), moved.clone()]),
        [false, false, true]
    );
    // Mended in one file, made in another.
    assert_eq!(new(&before, &[two.clone(), moved.clone()]), [false, true]);
    // Both files were there before.
    let other = finding("lib/b.py", "h(x)");
    assert_eq!(
        new(
            &[two, finding("src/a.py", "f(x)"), other.clone()],
            &[other, moved.clone()]
        ),
        [false, true]
    );
    let comparison = compare_with(&known(&before), &[moved], &["a"]);
    assert_eq!(
        comparison.histories[0].renamed_from.as_deref(),
        Some("src/a.py")
    );
    assert_eq!(
        comparison
            .fates
            .iter()
            .filter(|fate| **fate == Fate::Fixed)
            .count(),
        1
    );
}

#[test]
fn what_has_no_content_of_its_own_never_moves() {
    assert_eq!(new(&[finding("a.py", "")], &[finding("b.py", "")]), [true]);
}

#[test]
fn nothing_moves_away_from_where_nobody_looked() {
    let (before, after) = (finding("a.py", "f(x)"), finding("b.py", "f(x)"));
    let comparison = compare_with(&known(&[before]), &[after], &["b"]);
    assert!(comparison.histories[0].new);
    assert_eq!(comparison.fates, [Fate::NotLookedAt]);
}

#[test]
fn the_order_of_findings_makes_no_difference() {
    let paths = ["d.py", "c.py", "b.py", "a.py"];
    let before = paths.map(|path| finding(path, "f(x)"));
    let mut now: Vec<_> = ["x/d.py", "x/c.py", "x/b.py", "x/a.py", "x/e.py"]
        .map(|path| finding(path, "f(x)"))
        .into();
    let (mut reversed, mut backwards) = (before.clone(), Vec::new());
    reversed.reverse();
    let forwards = compare_with(&known(&before), &now, &["a"]).histories;
    now.reverse();
    backwards.extend(compare_with(&known(&reversed), &now, &["a"]).histories);
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let from: Vec<_> = forwards
        .iter()
        .map(|history| history.renamed_from.as_deref())
        .collect();
    assert_eq!(
        from,
        [Some("d.py"), Some("c.py"), Some("b.py"), Some("a.py"), None]
    );
}

#[test]
fn a_file_that_moves_rather_keeps_its_name() {
    let before = [finding("a/one.py", "f(x)"), finding("b/two.py", "f(x)")];
    let now = [finding("c/two.py", "f(x)"), finding("d/other.py", "f(x)")];
    let comparison = compare_with(&known(&before), &now, &["a"]);
    let from: Vec<_> = comparison
        .histories
        .iter()
        .map(|history| history.renamed_from.as_deref())
        .collect();
    assert_eq!(from, [Some("b/two.py"), Some("a/one.py")]);
}

#[test]
fn an_identity_is_as_old_in_all_lanes_and_known_in_its_own() {
    let bug = finding("a.py", "f(x)");
    let rows = [
        row(&bug, "a", r#","first_seen":"2026-10-01""#),
        row(&bug, "b", r#","first_seen":"2026-09-01""#),
        row(&bug, "b", ""),
    ];
    let baseline = read(&summary("2026-11-01", &rows)).unwrap();
    assert_eq!(baseline.entries().len(), 2);
    let both = compare_with(&baseline, &[bug.clone(), bug], &["a"]);
    assert_eq!(both.histories[0].first_seen, day("2026-09-01"));
    assert_eq!(both.histories[0], both.histories[1]);
    assert_eq!(both.fates, [Fate::Unchanged, Fate::NotLookedAt]);
    let gone = compare_with(&baseline, &[], &["a"]);
    assert_eq!(gone.fates, [Fate::Fixed, Fate::NotLookedAt]);
    let gone = compare_with(&baseline, &[], &["a", "b"]);
    assert_eq!(gone.with_fate(Fate::Fixed, &baseline).count(), 2);
}

#[test]
fn a_severity_that_rose_is_remembered() {
    let bug = finding("a.py", "f(x)");
    let history = |before: Severity, more: &str, now: Severity| {
        let rows = [row(&rated(before, &bug), "a", more)];
        let baseline = read(&summary("2026-11-01", &rows)).unwrap();
        compare_with(&baseline, &[rated(now, &bug)], &["a"]).histories[0].raised
    };
    let raised = |on, from| Some(Raised { on: day(on), from });
    let earlier = r#","raised":{"from":"low","on":"2026-10-01"}"#;
    for (before, more, now, expected) in [
        (Severity::Medium, "", Severity::Medium, None),
        (Severity::Medium, "", Severity::Low, None),
        (
            Severity::Medium,
            "",
            Severity::High,
            raised("2026-11-21", Severity::Medium),
        ),
        (
            Severity::Medium,
            earlier,
            Severity::Medium,
            raised("2026-10-01", Severity::Low),
        ),
        (
            Severity::Medium,
            earlier,
            Severity::Critical,
            raised("2026-11-21", Severity::Medium),
        ),
        (Severity::Unknown, "", Severity::Critical, None),
        (Severity::Critical, "", Severity::Unknown, None),
        (
            Severity::Info,
            "",
            Severity::Low,
            raised("2026-11-21", Severity::Info),
        ),
    ] {
        assert_eq!(
            history(before, more, now),
            expected,
            "{before:?} {more} {now:?}"
        );
    }
}

#[test]
fn what_is_new_is_first_seen_today_and_the_rest_when_it_was() {
    let bug = finding("a.py", "f(x)");
    let comparison = compare_with(
        &known(std::slice::from_ref(&bug)),
        &[bug, finding("z.py", "g(x)")],
        &["a"],
    );
    let seen: Vec<_> = comparison
        .histories
        .iter()
        .map(|history| history.first_seen)
        .collect();
    assert_eq!(seen, [day("2026-11-01"), today()]);
}

#[test]
fn a_copy_is_new_and_as_old_as_what_it_copies() {
    let bug = finding("src/a.py", "f(x)");
    let moved = finding("lib/b.py", "f(x)");
    let first_seen = |now: &[Finding]| {
        let comparison = compare_with(&known(std::slice::from_ref(&bug)), now, &["a"]);
        let history = &comparison.histories[0];
        (history.new, history.first_seen)
    };
    let before = day("2026-11-01");
    assert_eq!(first_seen(std::slice::from_ref(&moved)), (false, before));
    // One more finding in the old file takes the rename away, and must not take the age.
    let other = finding("src/a.py", "g(x)");
    assert_eq!(first_seen(&[moved.clone(), other]), (true, before));
    assert_eq!(first_seen(&[moved, bug.clone()]), (true, before));
}

#[test]
fn what_is_known_in_one_lane_is_new_in_another() {
    let bug = finding("a.py", "f(x)");
    let rows = [row(&bug, "b", r#","first_seen":"2026-09-01""#)];
    let baseline = read(&summary("2026-11-01", &rows)).unwrap();
    let comparison = compare_with(&baseline, &[bug, finding("z.py", "f(x)")], &["a", "b"]);
    for history in &comparison.histories {
        assert!(history.new);
        assert_eq!(history.first_seen, day("2026-09-01"));
    }
    assert_eq!(comparison.fates, [Fate::Fixed]);
}

#[test]
fn what_nobody_let_in_is_held() {
    let bug = finding("a.py", "f(x)");
    let held = |more: &str, change: Option<&str>| {
        let row = row(&bug, "a", "").replacen(r#","status":"open""#, more, 1);
        let text = summary("2026-11-01", &[row]);
        let text = text.replacen(
            r#""time""#,
            r#""context":{"branch":"main","merge_request":null},"time""#,
            1,
        );
        let baseline = read(&text).unwrap();
        let compact = read(&written(&baseline)).unwrap();
        assert_eq!(baseline.entries(), compact.entries());
        let findings = Findings::from_iter([bug.clone()]);
        let current = [Current::new("a", SCANNER, findings.get(0).unwrap())];
        let looked = Looked::default();
        let comparison = compare(&compact, &current, &looked, change, today());
        let history = &comparison.histories[0];
        assert!(!history.new);
        history.held
    };
    let (main, other) = (Some("branch main"), Some("merge request 7"));
    for (more, in_main, elsewhere, unknown) in [
        (r#","status":"open""#, false, false, false),
        (r#","new":false,"status":"accepted""#, false, false, false),
        (
            r#","new":false,"status":"open","breaks":["a"]"#,
            false,
            false,
            false,
        ),
        (r#","new":true,"status":"open""#, false, false, false),
        (
            r#","new":true,"status":"open","breaks":["a"]"#,
            true,
            false,
            true,
        ),
        (r#","new":true,"status":"accepted""#, true, true, true),
        (r#","new":true,"status":"not-affected""#, true, true, true),
        (r#","new":true,"status":"suppressed""#, true, true, true),
    ] {
        let found = [held(more, main), held(more, other), held(more, None)];
        assert_eq!(found, [in_main, elsewhere, unknown], "{more}");
    }
}

#[test]
fn a_file_that_was_looked_at_has_not_moved() {
    let [mended, anew] = ["src/a.py", "src/b.py"].map(|path| finding(path, "f(x)"));
    let baseline = known(&[mended]);
    let findings = Findings::from_iter([anew]);
    let current = [Current::new("a", SCANNER, findings.get(0).unwrap())];
    for (files, expected) in [
        (&["src/b.py"][..], false),
        (&["./src/a.py", "src/b.py"], true),
    ] {
        let mut listed = Files::default();
        for file in files {
            listed.add(file);
        }
        let looked = Looked {
            at: BTreeSet::from([("a", SCANNER)]),
            files: vec![("a", SCANNER, &listed)],
        };
        let comparison = compare(&baseline, &current, &looked, None, today());
        assert_eq!(comparison.histories[0].new, expected, "{files:?}");
    }
}

#[test]
fn a_summary_says_where_it_looked() {
    let baseline = known(&[]);
    assert!(baseline.looked_at("a", SCANNER));
    assert!(!baseline.looked_at("a", "zap"));
    assert!(!baseline.looked_at("dast", "zap"), "a scan that failed");
}

#[test]
fn the_place_of_a_web_finding_is_its_site() {
    for (url, expected) in [
        ("https://h/a?b", "https://h"),
        ("https://h:1?b", "https://h:1"),
        ("https://h", "https://h"),
        ("h/a", "h"),
        ("", ""),
    ] {
        let location = Location::Web {
            url,
            method: None,
            parameter: None,
        };
        assert_eq!(place(location.borrowed()), Some(expected), "{url}");
    }
}

#[test]
fn the_compact_form_is_read_back_and_written_alike() {
    let more = r#","first_seen":"2026-10-01","raised":{"from":"low","on":"2026-10-02"}"#;
    let rows = [
        row(&finding("b.py", "f(\"x\")"), "a", more),
        row(&finding("a.py", ""), "a", ""),
    ];
    let baseline = read(&summary("2026-11-01", &rows)).unwrap();
    let text = written(&baseline);
    assert_eq!(text.lines().count(), 13, "{text}");
    let again = read(&text).unwrap();
    assert_eq!(again, baseline);
    assert_eq!(written(&again), text);
    let [one, two] = rows;
    let reversed = read(&summary("2026-11-01", &[two, one])).unwrap();
    assert_eq!(reversed.entries(), baseline.entries());
    assert_eq!(read(&written(&known(&[]))).unwrap(), known(&[]));
}

#[test]
fn several_are_merged_in_any_order() {
    let bug = finding("a.py", "f(x)");
    let raised = r#","first_seen":"2026-10-01","raised":{"from":"low","on":"2026-10-02"}"#;
    let texts = [
        summary("2026-11-01", &[row(&rated(Severity::High, &bug), "a", "")]),
        summary(
            "2026-11-02",
            &[row(&bug, "a", raised), row(&finding("b.py", "g"), "b", "")],
        ),
        summary("2026-11-02", &[row(&nth(1, &bug), "a", "")]),
    ];
    let [one, two, three] = texts.map(|text| read(&text).unwrap());
    let merged = Baseline::merge(vec![one.clone(), two.clone(), three.clone()]).unwrap();
    assert_eq!(
        Baseline::merge(vec![three, two, one.clone()]).as_ref(),
        Some(&merged)
    );
    assert_eq!(merged.time().to_string(), "2026-11-02T10:00:00Z");
    assert_eq!(merged.sources().count(), 3);
    assert_eq!(merged.entries().len(), 3);
    let entry = merged
        .entries()
        .iter()
        .find(|entry| entry.fingerprint == bug.fingerprint)
        .unwrap();
    assert_eq!(entry.severity, Severity::High);
    assert_eq!(entry.first_seen, day("2026-10-01"));
    assert_eq!(
        entry.raised.map(|raised| raised.on),
        Some(day("2026-10-02"))
    );
    assert_eq!(Baseline::merge(vec![one.clone()]), Some(one));
    assert_eq!(Baseline::merge(Vec::new()), None);
}

/// A summary that is sound, with something else in place of a part of it.
fn changed(from: &str, to: &str) -> String {
    let sound = summary("2026-11-01", &[row(&finding("a.py", "f(x)"), "a", "")]);
    assert!(read(&sound).is_ok());
    assert!(sound.contains(from), "{from}");
    sound.replace(from, to)
}

fn assert_refused(cases: &[(String, &str)]) {
    for (text, message) in cases {
        let error = read(text).expect_err(message);
        assert!(error.contains(message), "{message}: {error}");
    }
}

#[test]
fn what_is_no_baseline_is_refused() {
    let sound = changed("", "");
    let foreign = "neither a summary nor a baseline";
    assert_refused(&[
        (String::new(), "the file is empty"),
        (" \n".to_owned(), "cut off"),
        ("[]".to_owned(), foreign),
        ("null".to_owned(), foreign),
        ("{}".to_owned(), foreign),
        ("<xml/>".to_owned(), "expected a JSON value"),
        (r#"{"results":[],"errors":[]}"#.to_owned(), foreign),
        (r#"{"schema":"https://gitlab/x"}"#.to_owned(), foreign),
        (r#"{"findings":[{"id":1}]}"#.to_owned(), foreign),
        (
            changed("summary/1", "summary/2"),
            "reads `security-gate-summary/1`",
        ),
        (changed("-summary/1", "-evidence/1"), "no baseline"),
        (
            changed(r#""schema":"security-gate-summary/1""#, r#""schema":1"#),
            "invalid type",
        ),
        (changed(r#""time""#, r#""tome""#), "`time` is missing"),
        (
            changed("2026-11-01T10:00:00Z", "yesterday"),
            "`time` is no time",
        ),
        (
            changed(r#""reports""#, r#""report""#),
            "`reports` is missing",
        ),
        (
            changed(r#""findings""#, r#""finding""#),
            "`findings` is missing",
        ),
        (
            changed(r#""findings":["#, r#""findings":null,"x":["#),
            "expected a list",
        ),
        (sound.clone() + "{}", "a second document"),
        (sound.split_at(sound.len() - 1).0.to_owned(), "cut off"),
        (sound.split_at(sound.len() / 2).0.to_owned(), "cut off"),
    ]);
    let compact = written(&known(&[finding("a.py", "f(x)")]));
    assert!(read(&compact).is_ok());
    for key in ["time", "sources", "lanes", "findings"] {
        let text = compact.replace(&format!("\"{key}\""), "\"other\"");
        let error = read(&text).unwrap_err();
        assert!(error.contains(&format!("`{key}` is missing")), "{error}");
    }
}

#[test]
fn a_row_that_does_not_say_all_is_refused() {
    let fingerprint = finding("a.py", "f(x)").fingerprint.to_string();
    assert_refused(&[
        (
            changed(r#""fingerprint":"#, r#""x":"#),
            "missing field `fingerprint`",
        ),
        (
            changed(&fingerprint, "sg2:00"),
            "`sg2:00` is no fingerprint",
        ),
        (changed("sc1:", "sc2:"), "no digest of a content"),
        (
            changed(r#""severity":"medium""#, r#""severity":"grave""#),
            "unknown variant",
        ),
        (
            changed(
                r#""severity":"medium""#,
                r#""severity":"low","severity":"low""#,
            ),
            "duplicate field",
        ),
        (
            changed(r#""kind":"source""#, r#""kind":"cloud""#),
            "did not match",
        ),
        (changed(r#""tool""#, r#""time""#), "invalid type"),
        (
            changed("", "").replacen(
                r#""tool":"#,
                r#""schema":"security-gate-summary/1","tool":"#,
                1,
            ),
            "given twice",
        ),
        (
            changed(r#""title":"t""#, r#""title":"t","first_seen":"soon""#),
            "`soon` is no day",
        ),
        (
            changed(
                r#""title":"t""#,
                r#""title":"t","first_seen":"2026-11-01T00:00""#,
            ),
            "is no day",
        ),
        (
            changed(r#""title":"t""#, r#""title":"t","first_seen":"2026-12-24""#),
            "after the file's own time",
        ),
        (
            changed(r#""title":"t""#, r#""title":"t","raised":{"from":"low"}"#),
            "missing field `on`",
        ),
        (
            changed(
                r#""title":"t""#,
                r#""title":"t","raised":{"from":"low","on":"2026-13-01"}"#,
            ),
            "is no day",
        ),
        (
            changed(
                r#""location":{"#,
                &format!(
                    r#""location":{{"x":{}{},"#,
                    "[".repeat(9_000),
                    "]".repeat(9_000)
                ),
            ),
            "recursion",
        ),
    ]);
}

#[test]
fn a_cut_compact_form_is_refused_wherever_it_ends() {
    let compact = written(&known(&[finding("a.py", "f(x)")]));
    for end in 0..compact.trim_end().len() {
        assert!(read(compact.split_at(end).0).is_err(), "{end}");
    }
}

#[test]
fn keys_that_are_not_known_are_passed_over() {
    let row = row(
        &finding("a.py", "f(x)"),
        "a",
        r#","issue":{"a":[1]},"epss":0.5"#,
    );
    let text = summary("2026-11-01", &[row]).replace(r#""tool""#, r#""later":[{}],"tool""#);
    assert_eq!(read(&text).unwrap().entries().len(), 1);
}

#[test]
fn every_report_of_a_scanner_is_refused() {
    let reports = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/reports");
    for file in fs_err::read_dir(reports).unwrap() {
        let path = file.unwrap().path();
        let window = crate::artifact::open(&path, crate::artifact::DEFAULT_MAX_SIZE).unwrap();
        assert!(
            Baseline::read(window, "b.json").is_err(),
            "{}",
            path.display()
        );
    }
    assert!(by_name(SCANNER).is_some());
}
