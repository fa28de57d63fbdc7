//! What would be filed where.

use std::fmt::Write as _;

use insta::assert_snapshot;
use security_gate::evidence::plan::Plan;
use security_gate::evidence::table;

use crate::workplace::{CLEAN, Run, Workplace, semgrep};
use crate::{LEAK, SECRET, assert_valid, workplace};

const CONFIGURATION: &str = r#"
[evidence]
url = "https://defectdojo.example"
product_type = "Payments"
product = "{{ project }}"
tags = ["gate", "{{ provider }}"]

[lane.mainline-sast]
reports = ["semgrep.json"]
expect = ["semgrep", "bandit"]

[lane.secret-detection]
reports = ["gitleaks=leaks.json"]

[lane.secret-detection.evidence]
product = "secrets"
test_title = "leaks"
close_old_findings = false

[lane.staging-dast]
reports = ["zap.json"]

[lane.staging-dast.evidence]
engagement = "Staging"
environment = "Staging"
"#;
const ZAP: &str = r#"{"@version":"2.17.0","created":"2026-11-21T11:30:00Z","site":[{"@name":"https://staging.example","alerts":[]}]}"#;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("semgrep.json", CLEAN),
        ("leaks.json", LEAK),
        ("zap.json", ZAP),
        ("dist/security-gate-summary.json", "{}\n"),
        ("security-exceptions.toml", "\n"),
    ]
}

fn plan(workplace: &Workplace, arguments: &[&str]) -> Run {
    workplace.run(&[&["evidence", "plan", "--summaries", "dist"], arguments].concat())
}

/// The plan as data, whatever is wrong in it.
fn planned(workplace: &Workplace) -> (i32, Plan) {
    let run = plan(workplace, &["--format", "json"]);
    assert_eq!(run.stderr, "");
    assert_valid("evidence-plan", &run.stdout);
    (run.code, serde_json::from_str(&run.stdout).unwrap())
}

/// What is said of the only report of a configuration that has one lane.
fn said(configuration: &str, variables: &[(&'static str, &'static str)]) -> String {
    let lane = "[lane.a]\nreports = [\"semgrep.json\"]\n";
    let mut workplace = workplace(
        &format!("{lane}{configuration}"),
        &[("semgrep.json", CLEAN)],
    );
    workplace.variables.extend(variables);
    let (code, plan) = planned(&workplace);
    let row = &plan.reports[0];
    let mut said = format!("exit {code}\n");
    match &row.target {
        Some(target) => writeln!(
            said,
            "{} / {} / {}",
            target.product.as_deref().unwrap_or("–"),
            target.engagement,
            target.test_title
        )
        .unwrap(),
        None => said.push_str("nowhere\n"),
    }
    let closing = &row.closing;
    writeln!(said, "close {}: {}", closing.close, closing.why).unwrap();
    for note in &row.notes {
        writeln!(said, "note: {note}").unwrap();
    }
    for wrong in &row.wrong {
        writeln!(said, "wrong ({:?}): {}", wrong.what, wrong.text).unwrap();
    }
    said
}

#[test]
fn each_report_has_its_place() {
    let workplace = workplace(CONFIGURATION, &files());
    let run = plan(&workplace, &[]);
    // There is no report of Bandit.
    assert_eq!((run.code, run.stderr.as_str()), (3, ""));
    assert!(!run.stdout.contains(SECRET), "{}", run.stdout);
    let again = plan(&workplace, &["zap.json", "leaks.json", "semgrep.json"]);
    assert_eq!(run.stdout, again.stdout, "the order of arguments matters");
    assert_snapshot!("plan", run.stdout);
    let run = plan(&workplace, &["--format", "json"]);
    let value = assert_valid("evidence-plan", &run.stdout);
    assert!(!run.stdout.contains(SECRET), "{}", run.stdout);
    assert_snapshot!(
        "plan_json",
        serde_json::to_string_pretty(&value["reports"][2]).unwrap()
    );
}

#[test]
fn a_narrow_terminal_has_lines_for_columns() {
    let (_, plan) = planned(&workplace(CONFIGURATION, &files()));
    assert_snapshot!("plan_narrow", table::render(&plan, 60));
    for width in [40, 60, 80, 120, 200] {
        let text = table::render(&plan, width);
        for part in ["semgrep.json", "secrets", "Staging", "converted"] {
            assert!(
                text.contains(part) || width == 120,
                "{width}: {part}\n{text}"
            );
        }
    }
}

/// A name, a configuration, and variables.
type Case = (&'static str, String, Vec<(&'static str, &'static str)>);

#[test]
fn what_is_wrong_is_said_with_its_mend() {
    let all = "[evidence]\nproduct = \"shop\"\n";
    let cases: Vec<Case> = vec![
        ("no product", String::new(), vec![]),
        (
            "a product of the environment",
            String::new(),
            vec![("DD_PRODUCT", "shop")],
        ),
        ("an empty one", all.to_owned(), vec![("DD_PRODUCT", " ")]),
        (
            "the lane's own product",
            "[lane.a.evidence]\nproduct = \"own\"\n".to_owned(),
            vec![("DD_PRODUCT", "shop")],
        ),
        (
            "no branch",
            all.to_owned(),
            vec![("CI_COMMIT_BRANCH", ""), ("CI_COMMIT_TAG", "v1")],
        ),
        (
            "a tag",
            format!("{all}test_title = \"{{{{ scanner }}}}-{{{{ tag or branch }}}}\"\n"),
            vec![("CI_COMMIT_BRANCH", ""), ("CI_COMMIT_TAG", "v1")],
        ),
        (
            "a title for all branches",
            format!("{all}test_title = \"sast\"\n"),
            vec![],
        ),
        (
            "a title for one branch",
            format!("{all}test_title = \"sast\"\nbranch = \"main\"\n"),
            vec![],
        ),
        (
            "a title for another branch",
            format!("{all}test_title = \"sast\"\nbranch = \"release\"\n"),
            vec![],
        ),
        ("a test by number", format!("{all}test_id = 7\n"), vec![]),
        (
            "an engagement by number",
            "[evidence]\nengagement_id = 7\n".to_owned(),
            vec![],
        ),
        (
            "no closing",
            format!("{all}close_old_findings = false\n"),
            vec![],
        ),
        (
            "a test for each upload",
            format!("{all}import = true\n"),
            vec![],
        ),
        (
            "a least severity",
            format!("{all}minimum_severity = \"high\"\n"),
            vec![],
        ),
        (
            "a merge request",
            all.to_owned(),
            vec![
                ("CI_MERGE_REQUEST_IID", "7"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "fix"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ],
        ),
        (
            "a merge request of a fork",
            all.to_owned(),
            vec![
                ("CI_MERGE_REQUEST_IID", "7"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "main"),
                ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ],
        ),
        (
            "what has to be cut",
            format!(
                "{all}version = \"{}\"\nservice = \"{}\"\nengagement = \"{}\"\ntags = [\"{{{{ project }}}} x\"]\n",
                "1".repeat(120),
                "s".repeat(220),
                "é".repeat(320),
            ),
            vec![],
        ),
        (
            "a long product",
            format!("[evidence]\nproduct = \"{}\"\n", "p".repeat(256)),
            vec![],
        ),
    ];
    let mut transcript = String::new();
    for (name, configuration, variables) in &cases {
        write!(transcript, "# {name}\n{}\n", said(configuration, variables)).unwrap();
    }
    assert_snapshot!("plan_wrong", transcript);
}

#[test]
fn two_reports_never_share_a_test() {
    let lane = "[evidence]\nproduct = \"shop\"\n[lane.a]\nreports = [\"semgrep*.json\"]\n";
    let other = semgrep(&["ERROR"]);
    let files = [
        ("semgrep-a.json", CLEAN),
        ("semgrep-b.json", other.as_str()),
    ];
    let (code, plan) = planned(&workplace(lane, &files));
    assert_eq!(code, 2);
    for row in &plan.reports {
        let [wrong] = row.wrong.as_slice() else {
            panic!("{row:?}");
        };
        assert!(wrong.text.contains("{{ report }}"), "{}", wrong.text);
    }
    let apart = "[lane.a.evidence]\ntest_title = \"{{ report }}-{{ branch }}\"\n";
    let without_closing = "[lane.a.evidence]\nclose_old_findings = false\n";
    for allowed in [apart, without_closing] {
        let (code, plan) = planned(&workplace(&format!("{lane}{allowed}"), &files));
        assert_eq!(code, 0, "{plan:?}");
    }
}

#[test]
fn what_cannot_be_read_is_not_filed() {
    let lane = "[evidence]\nproduct = \"shop\"\n[lane.a]\nreports = [\"semgrep.json\"]\n";
    for broken in ["", "{", "<html>", "{\"version\":\"1.90.0\",\"results\":["] {
        let (code, plan) = planned(&workplace(lane, &[("semgrep.json", broken)]));
        assert_eq!(code, 3, "{plan:?}");
        assert!(plan.reports[0].target.is_none());
        assert!(!plan.reports[0].closing.close);
    }
    let workplace = workplace(lane, &[]);
    let missing = plan(&workplace, &["nowhere.json"]);
    assert_eq!(missing.code, 3, "{}", missing.stdout);
    let degraded = CLEAN.replace(
        r#""errors":[]"#,
        r#""errors":[{"code":3,"level":"warn","type":"Timeout","message":"slow","path":"src/b.py"}]"#,
    );
    fs_err::write(workplace.path("semgrep.json"), degraded).unwrap();
    let (code, plan) = planned(&workplace);
    assert_eq!(code, 0, "{plan:?}");
    assert!(!plan.reports[0].closing.close, "{plan:?}");
}

#[test]
fn an_address_with_a_password_is_not_repeated() {
    let mut workplace = workplace(CONFIGURATION, &files());
    workplace
        .variables
        .push(("DEFECTDOJO_URL", "https://me:hunter2@dojo.example"));
    workplace.variables.push(("DEFECTDOJO_TOKEN", "hunter2"));
    let run = plan(&workplace, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("DEFECTDOJO_URL"), "{}", run.stderr);
    for arguments in [&["--help"][..], &[]] {
        let run = plan(&workplace, arguments);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("hunter2"));
    }
}

#[test]
fn what_the_environment_does_not_tell_can_be_set() {
    let mut workplace = workplace(CONFIGURATION, &files());
    workplace.variables.clear();
    let set = ["--set", "branch=main", "--set", "project=acme/shop"];
    let run = plan(&workplace, &[&set[..], &["semgrep.json"]].concat());
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stdout.contains("semgrep-main"), "{}", run.stdout);
    for (wrong, said) in [
        ("brnch=main", "did you mean `branch`?"),
        ("branch", "a name and a value"),
        ("branch=", "a name and a value"),
        ("lane=a", "nothing that a pipeline tells"),
    ] {
        let run = plan(&workplace, &["--set", wrong]);
        assert_eq!(run.code, 2, "{wrong}");
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
}

#[test]
fn a_configuration_that_may_surprise_is_warned_about() {
    let configuration = "extends = [\"builtin:baseline\"]\n[evidence]\nurl = \"http://dojo.example\"\nminimum_severity = \"high\"\ntest_title = \"sast\"\n[lane.a.evidence]\ntest_title = \"{{ branch }}\"\n";
    let workplace = Workplace::new(&[("security-gate.toml", configuration)]);
    let run = workplace.run(&["policy", "check"]);
    assert_eq!(run.code, 0);
    assert_snapshot!("plan_warnings", run.stdout);
}

#[test]
fn a_lane_lies_over_all_and_a_policy_over_what_it_extends() {
    let base = "[evidence]\nproduct = \"base\"\nservice = \"base\"\nversion = \"1\"\nclose_old_findings = false\n[lane.a]\nreports = [\"semgrep.json\"]\n[lane.a.evidence]\nengagement = \"base\"\nversion = \"2\"\n[[rule]]\nid = \"r\"\n";
    let own = "extends = [\"base.toml\"]\n[evidence]\nproduct = \"own\"\ntags = [\"b\", \"a\"]\n[lane.a.evidence]\nservice = \"lane\"\nclose_old_findings = true\n";
    let mut workplace = Workplace::new(&[
        ("base.toml", base),
        ("security-gate.toml", own),
        ("semgrep.json", CLEAN),
    ]);
    workplace.variables.extend(crate::MAIN);
    let (code, plan) = planned(&workplace);
    assert_eq!(code, 0);
    let row = &plan.reports[0];
    let target = row.target.as_ref().unwrap();
    assert_eq!(target.product.as_deref(), Some("own"));
    assert_eq!(target.engagement, "base");
    assert_eq!(row.metadata.service.as_deref(), Some("lane"));
    assert_eq!(row.metadata.version.as_deref(), Some("2"));
    assert_eq!(row.metadata.tags, ["a", "b"]);
    assert!(row.closing.close);
}

#[test]
fn the_examples_of_the_documentation_are_valid() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs_err::read_to_string(root.join("docs/evidence.md")).unwrap();
    let examples = page.split("```toml\n").skip(1);
    let examples: Vec<_> = examples
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let files = [("reports/semgrep.json", CLEAN), ("reports/bandit.json", "")];
        let run = plan(&workplace(example, &files), &[]);
        // Bandit's report is empty.
        assert_eq!(run.code, 3, "{}\n{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("1 of 2"), "{}", run.stdout);
    }
}
