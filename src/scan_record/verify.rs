//! Holding a record against the report beside it.

use super::exit_code::{self, Meaning};
use super::{Outcome, ScanRecord};
use crate::artifact::Digested;
use crate::report::{Proof, Report};
use jiff::SignedDuration;

/// What was found in the place of a report's record.
#[derive(Debug)]
pub enum Found {
    /// A record, and what its file is.
    Record(Box<ScanRecord>, Digested),
    /// Something that cannot be used: why, in words.
    Unusable(String),
}

/// How far a report's own time may be before the start of its scan: clocks of
/// containers and hosts differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Holds a report against what was found in the place of its record, which is
/// called `path`. One that proves the scan takes doubts away; whatever else it is
/// makes the report prove nothing, because somebody meant it to be proven.
pub fn verify(report: &mut Report, path: &str, found: Found) {
    let (record, stored) = match found {
        Found::Record(record, stored) => (record, stored),
        Found::Unusable(why) => {
            refuse(
                report,
                &format!("its scan record {path} cannot be used: {why}"),
            );
            return;
        }
    };
    let result = record.agrees(report).and_then(|()| record.judge(report));
    report.record = Some(Proof {
        path: path.to_owned(),
        sha256: stored.sha256,
        exit_code: record.exit_code,
        started: record.started,
        ended: record.ended,
        commit: record.context.commit.clone(),
        holds: result.is_ok(),
    });
    match (result, &mut report.scan) {
        // What cannot be read has said so.
        (Err(why), Err(error)) if why == *error => {}
        (Err(why), _) => refuse(
            report,
            &format!("its scan record {path} says otherwise: {why}"),
        ),
        (Ok(partly), Ok(scan)) => {
            scan.trust();
            if let Some(partly) = partly {
                scan.degrade(partly);
            }
        }
        (Ok(_), Err(_)) => {}
    }
}

fn refuse(report: &mut Report, why: &str) {
    match &mut report.scan {
        Ok(scan) => scan.fail(why),
        Err(error) => {
            error.push_str("; ");
            error.push_str(why);
        }
    }
}

impl ScanRecord {
    /// Whether the record is of this report.
    fn agrees(&self, report: &Report) -> Result<(), String> {
        if self.outcome == Outcome::Failed {
            return Err(self.why.clone().unwrap_or_default());
        }
        let Some(file) = &self.report else {
            return Err("the scan wrote no report".to_owned());
        };
        // What could not be read says so itself.
        if !report.sha256.is_empty()
            && (file.bytes, file.sha256.as_str()) != (report.bytes, report.sha256.as_str())
        {
            return Err(format!(
                "it is of a report of {} bytes with the SHA-256 {}, and this one is not that: it was changed, or the two are of different runs",
                file.bytes, file.sha256
            ));
        }
        if let Some(lane) = &self.lane
            && *lane != report.lane
        {
            return Err(format!(
                "the scan was made for the lane {lane}, and the report is read in {}",
                report.lane
            ));
        }
        if let (Some(named), Ok(scan)) = (&self.scanner, &report.scan)
            && *named != scan.scanner
        {
            return Err(format!(
                "the scan was by {named}, and the report is of {}",
                scan.scanner
            ));
        }
        Ok(())
    }

    /// Whether the command's end and the report together show that the scan ran. If
    /// it did so only in part, says what is missing.
    ///
    /// # Errors
    ///
    /// Why they do not, in words.
    pub fn judge(&self, report: &Report) -> Result<Option<String>, String> {
        if let Some(why) = self.broken_off() {
            return Err(why);
        }
        let scan = report.scan.as_ref().map_err(Clone::clone)?;
        if let Some(written) = scan.generated_at
            && self.started.duration_since(written) > SKEW
        {
            return Err(format!(
                "the report says that it was written at {written}, before the scan was started at {}: it is of an earlier run",
                self.started
            ));
        }
        if let (Some(written), Some(ended)) = (scan.generated_at, self.ended)
            && written.duration_since(ended) > SKEW
        {
            return Err(format!(
                "the report says that it was written at {written}, after the scan ended at {ended}: it is of another run, or a clock is wrong"
            ));
        }
        let Some(exit_code) = self.exit_code else {
            return Err("the scan has no exit code".to_owned());
        };
        let findings = report.tally.findings + report.tally.suppressed;
        match exit_code::meaning(scan.scanner, &self.command, exit_code, findings) {
            Meaning::Ran => Ok(None),
            Meaning::Partly(why) => Ok(Some(format!("exit code {exit_code}: {why}"))),
            Meaning::Failed(why) => Err(format!("exit code {exit_code}: {why}")),
        }
    }

    /// Why the command came to no end of its own.
    fn broken_off(&self) -> Option<String> {
        if self.timed_out {
            Some("the scan took longer than `--timeout` allows and was ended".to_owned())
        } else if let Some(signal) = &self.interrupted {
            Some(format!("the job was sent {signal} while the scan ran"))
        } else {
            let signal = self.signal.as_ref()?;
            Some(format!("the scanner was killed by {signal}"))
        }
    }
}
