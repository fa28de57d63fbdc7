//! The built program in a working folder of its own.

#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the program did in its working folder.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The record of the decision, if there is one; always valid.
    pub(crate) summary: Option<Value>,
    pub(crate) markdown: Option<String>,
}

/// A working folder of its own, and nothing in the environment.
pub(crate) struct Workplace {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) variables: Vec<(&'static str, &'static str)>,
}

pub(crate) const CLEAN: &str =
    r#"{"version":"1.90.0","results":[],"errors":[],"paths":{"scanned":["src/a.py"]}}"#;

pub(crate) fn semgrep(severities: &[&str]) -> String {
    let result = |(line, severity): (usize, &&str)| {
        format!(
            r#"{{"check_id":"conf.no-eval","path":"src/a.py","start":{{"line":{0},"col":5}},"end":{{"line":{0},"col":9}},
               "extra":{{"message":"eval of input {0}","severity":"{severity}","metadata":{{"cwe":"CWE-95: Eval"}}}}}}"#,
            line + 1
        )
    };
    let results: Vec<_> = severities.iter().enumerate().map(result).collect();
    CLEAN.replace(
        r#""results":[]"#,
        &format!(r#""results":[{}]"#, results.join(",")),
    )
}

impl Workplace {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let workplace = Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        };
        for (name, text) in files {
            let path = workplace.path(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        workplace
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_security-gate"));
        command
            .env_clear()
            .envs(self.variables.iter().copied())
            .current_dir(self.folder.path());
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with_input(arguments, Stdio::null())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: impl Into<Stdio>) -> Run {
        let output = self.command(arguments).stdin(input).output().unwrap();
        let read = |name| fs_err::read_to_string(self.path(name)).ok();
        let summary =
            read("security-gate-summary.json").map(|text| serde_json::from_str(&text).unwrap());
        if let Some(summary) = &summary {
            assert_valid(summary);
        }
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            summary,
            markdown: read("security-gate-summary.md"),
        }
    }

    /// `check` at a fixed time.
    pub(crate) fn check(&self, arguments: &[&str]) -> Run {
        self.run(&[&["check", "--now", "2026-11-21T12:00:00Z"], arguments].concat())
    }
}

/// Every summary of every test is held against the schema that the program prints.
pub(crate) fn assert_valid(summary: &Value) {
    let schema = Command::new(env!("CARGO_BIN_EXE_security-gate"))
        .args(["schema", "summary"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(summary)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

pub(crate) fn verdict(run: &Run) -> &str {
    let summary = run
        .summary
        .as_ref()
        .unwrap_or_else(|| panic!("{}", run.stderr));
    summary["verdict"].as_str().unwrap()
}
