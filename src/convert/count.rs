//! What is in a report, counted before and after it is converted.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::changes::Changes;
use super::{ConvertError, Options};
use crate::artifact::{self, Digested};
use crate::finding::Finding;
use crate::parser::{self, Parser};
use crate::report::{Scan, Tally};

/// What is in a report, without its findings in memory.
pub(super) struct Count {
    pub(super) scan: Scan,
    pub(super) tally: Tally,
    pub(super) digested: Digested,
    /// A digest over what each finding is, in their order.
    pub(super) sequence: [u8; 32],
}

impl Count {
    /// Reads the report at `read`, which is or comes from that at `path`.
    pub(super) fn of(
        path: &Path,
        read: &Path,
        scanner: &'static Parser,
        options: &Options,
    ) -> Result<Self, ConvertError> {
        let window =
            artifact::open(read, options.max_size).map_err(|error| ConvertError::Unopened {
                path: path.to_owned(),
                error,
            })?;
        let name = read.file_name().unwrap_or_default().to_string_lossy();
        let mut tally = Tally::default();
        let mut sequence = Sha256::new();
        let mut sink = |finding: Finding| {
            tally.add(&finding);
            sequence.update(line(&finding));
        };
        let (scan, digested) =
            parser::parse(window, &name, Some(scanner), &options.parser, &mut sink);
        match scan {
            Ok(scan) => Ok(Self {
                scan,
                tally,
                digested,
                sequence: sequence.finalize().into(),
            }),
            Err(error) => Err(ConvertError::Unreadable {
                path: path.to_owned(),
                error,
            }),
        }
    }

    /// Makes sure that a copy holds the same findings, but for the severities
    /// that were changed on purpose.
    pub(super) fn compare(&self, after: &Self, changes: &Changes) -> Result<(), String> {
        let mut expected = BTreeMap::from(self.tally.by_severity.listed());
        for (from, to, count) in changes.severities() {
            let taken = expected.entry(from).or_default();
            *taken = taken.saturating_sub(count);
            *expected.entry(to).or_default() += count;
        }
        let (before, found) = (&self.tally, &after.tally);
        if (before.findings, before.suppressed) != (found.findings, found.suppressed) {
            return Err(format!(
                "{} findings and {} suppressed ones became {} and {}",
                before.findings, before.suppressed, found.findings, found.suppressed
            ));
        }
        if expected != BTreeMap::from(found.by_severity.listed()) {
            return Err("the severities differ".to_owned());
        }
        if before.by_category != found.by_category || before.instances != found.instances {
            return Err("the kinds or the places of findings differ".to_owned());
        }
        if self.sequence != after.sequence {
            return Err("the rules of findings or their order differ".to_owned());
        }
        Ok(())
    }
}

/// What is to be the same of a finding in a copy. Texts are not: they may have
/// had secrets in them.
fn line(finding: &Finding) -> String {
    let state = finding.suppressed.is_some();
    format!(
        "{} {state} {:?}\n",
        finding.category.name(),
        finding.rule_id
    )
}
