//! What a lane asks of its scans besides what their reports say: that a record
//! shows them, that they are fresh, of the commit under test, and of what is to be
//! released.

use jiff::{SignedDuration, Timestamp};

use super::decide::Circumstances;
use super::knowledge::in_words;
use super::notices::{Notice, Notices};
use super::selector::Patterns;
use super::{AgeBy, Demands, ProofBy};
use crate::report::{Health, Proof, Report};

/// Clocks of the machines of one pipeline may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Makes a gap of all that the reports of a lane do not show. Those that prove
/// nothing are gaps already.
pub(super) fn check(
    lane: &str,
    demands: &Demands,
    reports: &[&Report],
    circumstances: &Circumstances<'_>,
    notices: &mut Notices,
) {
    let mut gap = |report: Option<&Report>, text: String| {
        notices.gaps.push(Notice {
            lane: Some(lane.to_owned()),
            report: report.map(|report| report.path.clone()),
            text,
        });
    };
    let is_sound = |report: &&&Report| report.health() <= Health::Degraded;
    for report in reports.iter().filter(is_sound) {
        let record = report.record.as_ref().filter(|record| record.holds);
        let missing = [
            demands.proven(record),
            demands.fresh(report, record, circumstances.now),
            demands.of_commit(record, circumstances.commit),
        ];
        for text in missing.into_iter().flatten() {
            gap(Some(report), text);
        }
    }
    let named = reports.iter().filter(is_sound);
    let named: Vec<_> = named
        .filter_map(|report| Some((*report, report.scan.as_ref().ok()?.artifacts.as_ref()?)))
        .collect();
    if demands.target.is_empty() {
        return;
    }
    let expected = demands.target.join("` or `");
    for (report, artifacts) in &named {
        if !demands
            .target
            .iter()
            .any(|target| is_among(target, artifacts))
        {
            let text = match artifacts.as_slice() {
                [] => format!(
                    "the report does not say what was scanned, and the lane is for `{expected}`"
                ),
                [first, ..] => format!(
                    "another artifact than expected: `{first}` was scanned, and the lane is for `{expected}`"
                ),
            };
            gap(Some(report), text);
        }
    }
    for target in &demands.target {
        if !named
            .iter()
            .any(|(_, artifacts)| is_among(target, artifacts))
        {
            gap(None, format!("no report of a scan of `{target}`"));
        }
    }
}

const MEND: &str = "run the scanner by `security-gate run --report FILE -- …`, and keep FILE.scan.json beside the report";

impl Demands {
    fn proven(&self, record: Option<&Proof>) -> Option<String> {
        let is_missing = self.proof == ProofBy::Record && record.is_none();
        is_missing.then(|| format!("there is no scan record, and the lane asks for one: {MEND}"))
    }

    fn fresh(&self, report: &Report, record: Option<&Proof>, now: Timestamp) -> Option<String> {
        let most = self.max_age?;
        let own = || report.scan.as_ref().ok()?.generated_at;
        let modified = || report.modified.filter(|_| self.age == AgeBy::Mtime);
        let time = record.and_then(|record| record.ended);
        let Some(time) = time.or_else(own).or_else(modified) else {
            return Some(format!(
                "nothing says when the scan ran, and the lane allows {}: {MEND}",
                in_words(most)
            ));
        };
        let age = now.duration_since(time);
        if age < -SKEW {
            Some(format!(
                "the scan is of {time}, which is yet to come: is a clock wrong?"
            ))
        } else if age > most {
            Some(format!(
                "the scan is of {time}, {} old, and the lane allows {}",
                in_words(age),
                in_words(most)
            ))
        } else {
            None
        }
    }

    fn of_commit(&self, record: Option<&Proof>, tested: Option<&str>) -> Option<String> {
        if !self.commit {
            return None;
        }
        let Some(record) = record else {
            return Some(format!("nothing says which commit was scanned: {MEND}"));
        };
        match (record.commit.as_deref(), tested) {
            (None, _) => Some("the scan record does not say which commit was scanned: was the scan run in a pipeline?".to_owned()),
            (_, None) => Some("nothing says which commit is under test: is the gate run in a pipeline?".to_owned()),
            (Some(scanned), Some(tested)) if !scanned.eq_ignore_ascii_case(tested) => Some(format!(
                "the commit {scanned} was scanned, and {tested} is under test"
            )),
            (Some(_), Some(_)) => None,
        }
    }
}

/// Whether one of the names of what was scanned is meant by `target`.
fn is_among(target: &str, artifacts: &[String]) -> bool {
    let target = origin(target);
    // Checked when the policy was read.
    let Ok(patterns) = Patterns::of_sentences([target.as_str()]) else {
        return false;
    };
    artifacts
        .iter()
        .any(|name| patterns.match_any([origin(name).as_str()]))
}

/// Of a web address its scheme, host and port, which is left out where it is the
/// usual one; another name as it is.
fn origin(name: &str) -> String {
    let name = name.trim();
    let Some((scheme, rest)) = name.split_once("://") else {
        return name.to_owned();
    };
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return name.to_owned(),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.strip_suffix(usual).unwrap_or(host);
    format!("{scheme}://{}", host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_meant_by_name_digest_pattern_or_origin() {
        let image = [
            "reg.example/app:1.2",
            "reg.example/app@sha256:ab",
            "sha256:ab",
        ];
        let site = ["https://staging.example:443", "http://cdn.example:8080"];
        for (target, names, is_meant) in [
            ("reg.example/app:1.2", &image[..], true),
            ("sha256:ab", &image, true),
            ("reg.example/app@sha256:ab", &image, true),
            ("reg.example/app:*", &image, true),
            ("reg.example/app:1", &image, false),
            ("reg.example/ap", &image, false),
            ("sha256:a", &image, false),
            ("https://staging.example", &site, true),
            ("https://Staging.example/login?a=b", &site, true),
            ("http://cdn.example:8080/", &site, true),
            ("http://cdn.example", &site, false),
            ("http://staging.example", &site, false),
            ("https://*.example", &site, true),
            ("staging.example", &site, false),
            ("https://staging.example", &[], false),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(is_among(target, &names), is_meant, "{target} {names:?}");
        }
    }
}
