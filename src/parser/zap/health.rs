//! What a ZAP report says of its own scan.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Site, url};
use crate::parser::examples::Examples;
use crate::parser::fields::Text;
use crate::parser::{Emitter, ParseError};
use crate::report::Scan;

/// What a report says, as it is read.
#[derive(Default)]
pub(super) struct Report {
    scan: Scan,
    sites: Listed,
    /// All of them, as far as anyone may ask for one.
    names: Vec<String>,
    pub(super) stopped: Listed,
    pub(super) plan_errors: Listed,
    pub(super) plan_warnings: Listed,
    insights: Listed,
    failed_steps: Listed,
    /// How many findings are in more places than the report lists.
    cut: u64,
}

impl Report {
    pub(super) fn set_version(&mut self, version: &str) {
        self.scan.version = Some(version.trim().to_owned()).filter(|version| !version.is_empty());
    }

    /// Only `created` is an instant. `generated`, in all versions, is a local
    /// time without a zone, in the words of the machine's language.
    pub(super) fn set_created(&mut self, created: &str) {
        let created = created.trim();
        match created.parse::<Timestamp>() {
            Ok(time) => self.scan.generated_at = Some(time),
            Err(_) if created.is_empty() => {}
            Err(_) => self
                .scan
                .note("the report's time, `created`, is not readable"),
        }
    }

    /// Takes a site that has been read to its end.
    pub(super) fn add_site(
        &mut self,
        site: Site,
        emitter: &mut Emitter<'_>,
    ) -> Result<(), ParseError> {
        const MOST_SITES: usize = 1000;
        self.sites.add(&site.name);
        let name = url::mask(&site.name).into_owned();
        if self.names.len() < MOST_SITES && !self.names.contains(&name) {
            self.names.push(name);
        }
        self.cut += site.emit(emitter)?;
        Ok(())
    }

    pub(super) fn add_insight(&mut self, insight: &Insight<'_>) {
        if insight.is_serious() {
            self.insights.add(&insight.describe());
        }
    }

    pub(super) fn add_step(&mut self, sequence: &str, step: &str, pass: &str) {
        if pass.trim().eq_ignore_ascii_case("false") {
            self.failed_steps
                .add(&format!("{} step {}", sequence.trim(), step.trim()));
        }
    }

    pub(super) fn into_scan(self) -> Scan {
        let mut scan = self.scan;
        scan.target = self.sites.join(", ");
        scan.artifacts = Some(self.names);
        if scan.target.is_none() {
            scan.fail(
                "ZAP scanned no site: the target was not reached, or nothing of it was in scope",
            );
        }
        if let Some(reason) = self.stopped.join("; ") {
            scan.fail(format!("ZAP stopped the scan before its end: {reason}"));
        }
        if let Some(errors) = self.plan_errors.join("; ") {
            scan.fail(format!("ZAP's automation plan had errors: {errors}"));
        }
        if let Some(warnings) = self.plan_warnings.join("; ") {
            scan.degrade(format!("ZAP's automation plan had warnings: {warnings}"));
        }
        if let Some(insights) = self.insights.join("; ") {
            scan.degrade(format!("ZAP doubts its own scan: {insights}"));
        }
        if let Some(steps) = self.failed_steps.join(", ") {
            scan.degrade(format!("ZAP could not replay: {steps}"));
        }
        if self.cut > 0 {
            scan.note(format!(
                "{} of the findings are in more places than ZAP lists",
                self.cut
            ));
        }
        scan
    }
}

/// Texts of the report, which may quote addresses.
#[derive(Default)]
pub(super) struct Listed(Examples<5>);

impl Listed {
    const LONGEST: usize = 200;

    pub(super) fn add(&mut self, text: &str) {
        self.0.add(|| {
            let text = url::mask_words(text);
            match text.char_indices().nth(Self::LONGEST) {
                Some((end, _)) => format!("{}…", text.split_at(end).0),
                None => text,
            }
        });
    }

    /// All in one line; absent when there are none.
    fn join(&self, separator: &str) -> Option<String> {
        (self.0.count() > 0).then(|| self.0.join(separator))
    }
}

/// What ZAP says of how the scan went, since 2.17.
#[derive(Deserialize, Default)]
pub(super) struct Insight<'a> {
    #[serde(borrow, default)]
    level: Text<'a>,
    #[serde(borrow, default)]
    site: Text<'a>,
    #[serde(borrow, default)]
    key: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
    #[serde(borrow, default)]
    statistic: Text<'a>,
}

impl Insight<'_> {
    pub(super) fn set(&mut self, field: &str, text: String) {
        let text = Text(Cow::Owned(text));
        match field {
            "level" => self.level = text,
            "site" => self.site = text,
            "key" => self.key = text,
            "description" => self.description = text,
            "statistic" => self.statistic = text,
            _ => {}
        }
    }

    /// Whether it says that part of the target was not seen. Levels are in
    /// ZAP's language, keys are not; and a level needs a thousand requests.
    fn is_serious(&self) -> bool {
        const HALF: f64 = 50.0;
        let level = self.level.trim().to_ascii_lowercase();
        let statistic = self.statistic.trim().trim_end_matches('%').trim_end();
        let is_half = statistic.parse::<f64>().is_ok_and(|share| share >= HALF);
        match self.key.trim() {
            _ if matches!(level.as_str(), "high" | "medium") => true,
            // Reported only when it is so.
            "insight.database.full" | "insight.diskspace.full" | "insight.memory.usage" => true,
            "insight.network.failure" | "insight.auth.failure" | "insight.code.5xx" => is_half,
            // Of few requests, most may ask for `robots.txt` and its like.
            "insight.code.4xx" => is_half && level != "info",
            // Counts without a measure: only the level says how bad it is, and
            // one in another language may be any.
            "insight.log.error" | "insight.response.slow" => {
                !matches!(level.as_str(), "low" | "info" | "informational")
            }
            _ => false,
        }
    }

    pub(super) fn describe(&self) -> String {
        let what = self.description.some().or(self.key.some());
        let mut text = what.unwrap_or("ZAP gives no reason").to_owned();
        if let Some(statistic) = self.statistic.some() {
            text = format!("{text}: {statistic}");
        }
        if let Some(site) = self.site.some() {
            text = format!("{text} ({site})");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{json, read, xml};
    use crate::report::Health::{self, Complete, Degraded, Failed};

    fn health(text: String) -> (Health, String) {
        let (scan, _) = read(text).unwrap();
        let notes: Vec<_> = scan.notes.iter().map(|note| note.text.as_str()).collect();
        (scan.health(), notes.join("\n"))
    }

    #[test]
    fn what_the_report_says_of_its_scan_decides_its_health() {
        let insight = |level: &str, key: &str, statistic: &str| {
            format!(r#""insights":[{{"level":"{level}","key":"{key}","statistic":{statistic}}}]"#)
        };
        for (member, expected, words) in [
            (String::new(), Complete, ""),
            (r#""insights":[],"afPlanErrors":null,"stoppingInsight":null"#.into(), Complete, ""),
            (insight("Info", "insight.network.failure", r#""2""#), Complete, ""),
            (insight("Info", "insight.network.failure", "63"), Degraded, "insight.network.failure: 63"),
            (insight("Medium", "insight.network.failure", r#""10""#), Degraded, "doubts"),
            (insight("high", "insight.new", r#""1""#), Degraded, "insight.new"),
            (insight("Hoch", "insight.auth.failure", r#""50 %""#), Degraded, "insight.auth"),
            (insight("Niedrig", "insight.diskspace.full", r#""1""#), Degraded, "diskspace"),
            (insight("Low", "insight.code.5xx", r#""51""#), Degraded, "5xx"),
            (insight("Low", "insight.code.4xx", r#""51""#), Degraded, "4xx"),
            (insight("Info", "insight.code.4xx", r#""66""#), Complete, ""),
            (insight("Low", "insight.log.error", r#""9""#), Complete, ""),
            (insight("Mittel", "insight.log.error", r#""9""#), Degraded, "log.error"),
            (insight("", "insight.response.slow", r#""9""#), Degraded, "response.slow"),
            (insight("Info", "insight.response.slow", r#""9""#), Complete, ""),
            (
                r#""stoppingInsight":{"description":"Authentication failures","statistic":75,"site":"https://u:hunter2@h"}"#.into(),
                Failed,
                "stopped the scan before its end: Authentication failures: 75 (https://***@h)",
            ),
            (r#""stoppingInsight":{}"#.into(), Failed, "ZAP gives no reason"),
            (r#""stoppingInsight":"x""#.into(), Failed, "before its end: x"),
            (r#""afPlanErrors":["Job spider\nfailed", {}]"#.into(), Failed, "Job spider failed; a message"),
            (r#""afPlanWarns":["1","2","3","4","5","6","7"]"#.into(), Degraded, "1; 2; 3; 4; 5 and 2 more"),
            (
                r#""sequences":[{"name":"buy","steps":[{"step":"1","pass":"true"},{"step":2,"pass":"False"}]}]"#.into(),
                Degraded,
                "could not replay: buy step 2",
            ),
        ] {
            let comma = if member.is_empty() { "" } else { "," };
            let report = json("[]", "").replacen('{', &format!("{{{member}{comma}"), 1);
            let (health, notes) = health(report.clone());
            assert_eq!(health, expected, "{report}: {notes}");
            assert!(notes.contains(words), "{report}: {notes}");
        }
    }

    #[test]
    fn the_same_is_read_from_xml() {
        for (element, expected) in [
            ("", Complete),
            (
                "<insights><insight><level>Info</level><key>insight.code.5xx</key><statistic>4</statistic></insight></insights>",
                Complete,
            ),
            (
                "<insights><insight><level>Medium</level><key>x</key></insight></insights>",
                Degraded,
            ),
            (
                "<stoppingInsight><key>insight.auth.failure</key></stoppingInsight>",
                Failed,
            ),
            ("<stoppingInsight/>", Failed),
        ] {
            let report =
                xml("", "").replace("</OWASPZAPReport>", &format!("{element}</OWASPZAPReport>"));
            assert_eq!(health(report).0, expected, "{element}");
        }
    }

    #[test]
    fn a_report_without_sites_proves_nothing() {
        for report in [
            r#"{"@version":"2.17.0","site":[]}"#,
            r#"<OWASPZAPReport version="2.17.0"></OWASPZAPReport>"#,
        ] {
            assert_eq!(health(report.into()).0, Failed, "{report}");
        }
    }

    #[test]
    fn only_the_instant_is_the_reports_time() {
        for (created, time, notes) in [
            (
                "2026-01-05T09:00:00.123456789Z",
                Some("2026-01-05T09:00:00.123456789Z"),
                "",
            ),
            (
                "2026-01-05T10:00:00+01:00",
                Some("2026-01-05T09:00:00Z"),
                "",
            ),
            ("", None, ""),
            ("Mon, 5 Jan 2026 10:00:00", None, "not readable"),
        ] {
            let (scan, _) = read(json("[]", created)).unwrap();
            assert_eq!(
                scan.generated_at.map(|time| time.to_string()).as_deref(),
                time
            );
            assert_eq!(scan.notes.is_empty(), notes.is_empty(), "{created}");
            assert_eq!(scan.version.as_deref(), Some("2.17.0"));
            assert_eq!(scan.target.as_deref(), Some("https://h"));
        }
    }
}
