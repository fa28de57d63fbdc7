//! Real reports: what the server counts in them is what was sent.

use std::path::Path;

use crate::dojo::{Dojo, Options};
use crate::site::Site;

const CONFIGURATION: &str = r#"
extends = ["builtin:baseline"]
[evidence]
product_type = "Payments"
product = "shop"
test_title = "{{ scanner }}-{{ report }}"
"#;

#[test]
fn every_report_of_the_corpus_is_read_there_as_it_was_sent() {
    let dojo = Dojo::start(Options::default());
    let site = Site::with(&dojo, CONFIGURATION);
    let mut arguments = vec!["--again".to_owned()];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
    for scanner in [
        "bandit",
        "dependency-check",
        "gitleaks",
        "semgrep",
        "trivy",
        "zap",
    ] {
        let mut entries: Vec<_> = fs_err::read_dir(corpus.join(scanner))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect();
        entries.sort();
        for (number, path) in entries.iter().enumerate() {
            // Names tell the tests apart up to their first dot.
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            let name = format!("{scanner}-{number}.{extension}");
            fs_err::copy(path, site.workplace.path(&name)).unwrap();
            arguments.push(format!("{scanner}={name}"));
        }
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    // The second time there are findings to close, to open again and to leave.
    for _ in 0..2 {
        let run = site.upload(&arguments);
        let record = site.record();
        let deliveries = record["deliveries"].as_array().unwrap().iter();
        let refused = deliveries.filter(|delivery| {
            let is_readable = !delivery["content"]["format"].is_null();
            is_readable && delivery["state"] != "filed"
        });
        let refused: Vec<_> = refused
            .map(|delivery| format!("{} {}", delivery["artifact"]["path"], delivery["why"]))
            .collect();
        assert!(refused.is_empty(), "{}{}", refused.join("\n"), run.stderr);
        assert!(!run.stdout.contains("DefectDojo read"), "{}", run.stdout);
    }
}
