//! Reading one report, as the tests over folders of them do.

use std::path::Path;

use security_gate::artifact;
use security_gate::finding::Finding;
use security_gate::parser::{self, Options};
use security_gate::report::Scan;

/// What is read from a report: the scan, or why there is none; and the findings
/// up to there.
pub(crate) fn read(
    path: &Path,
    declared: Option<&str>,
) -> (Result<Scan, String>, Vec<Finding<'static>>) {
    let declared = declared.map(|name| parser::by_name(name).expect("a known scanner"));
    let name = path.file_name().unwrap().to_string_lossy();
    let mut findings = Vec::new();
    let window = match artifact::open(path, artifact::DEFAULT_MAX_SIZE) {
        Ok(window) => window,
        Err(error) => return (Err(error.to_string()), findings),
    };
    let (scan, _) = parser::parse(
        window,
        &name,
        declared,
        &Options::default(),
        &mut |finding| {
            findings.push(finding.into_owned());
        },
    );
    (scan.map_err(|error| error.to_string()), findings)
}
