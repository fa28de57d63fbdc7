//! Evidence: what would be filed where, the record of it, and the bundle.

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

use serde_json::Value;

#[path = "evidence/bundle.rs"]
mod bundle;
#[path = "evidence/plan.rs"]
mod plan;
#[path = "evidence/record.rs"]
mod record;
#[path = "common/workplace.rs"]
mod workplace;

use workplace::Workplace;

/// Variables of a pipeline on the main branch.
const MAIN: [(&str, &str); 4] = [
    ("GITLAB_CI", "true"),
    ("CI_PROJECT_PATH", "acme/shop"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_SHA", "c0ffee"),
];

/// A Gitleaks report with one secret.
const LEAK: &str = r#"[{"Description":"AWS","StartLine":3,"EndLine":3,"StartColumn":1,"EndColumn":20,"Match":"key = AKIAQWERTYUIOPASDFGH","Secret":"AKIAQWERTYUIOPASDFGH","File":"src/a.py","SymlinkFile":"","Commit":"","Entropy":3.5,"Author":"","Email":"","Date":"","Message":"","Tags":[],"RuleID":"aws-access-token","Fingerprint":"src/a.py:aws-access-token:3"}]"#;
const SECRET: &str = "AKIAQWERTYUIOPASDFGH";

/// A working folder with this configuration and these files, in a pipeline.
fn workplace(configuration: &str, files: &[(&str, &str)]) -> Workplace {
    let configuration = format!("extends = [\"builtin:baseline\"]\n{configuration}");
    let files = [files, &[("security-gate.toml", &configuration)]].concat();
    let mut workplace = Workplace::new(&files);
    workplace.variables.extend(MAIN);
    workplace
}

/// Holds an output against the schema that the program prints for it.
fn assert_valid(name: &str, output: &str) -> Value {
    let schema = Workplace::new(&[]).run(&["schema", name]).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let output: Value = serde_json::from_str(output).unwrap();
    let errors = validator.iter_errors(&output);
    let errors: Vec<_> = errors.map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    output
}

#[test]
fn the_help_is_as_documented() {
    let workplace = Workplace::new(&[]);
    let mut said = String::new();
    for command in ["plan", "upload", "verify", "doctor"] {
        let run = workplace.run(&["evidence", command, "--help"]);
        assert_eq!(run.code, 0);
        writeln!(said, "# {command}\n{}", run.stdout).unwrap();
    }
    insta::assert_snapshot!("help", said);
}
