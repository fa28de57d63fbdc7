//! One result: what was found in one file, package list or image.

use serde::Deserialize;

use super::entries::{Draft, Entry, Kind};
use super::place::{Place, without_user_info};
use super::{is_object, named, objects};
use crate::parser::examples::Examples;
use crate::parser::fields::{Number, Text};
use crate::parser::json::{self, Json};
use crate::parser::{Emitter, ParseError};
use crate::report::Scan;

/// Reads a result and hands its findings on, as soon as it is known what they
/// are of.
pub(super) fn read(
    json: &mut Json,
    tally: &mut Tally,
    emitter: &mut Emitter<'_>,
) -> Result<(), ParseError> {
    let mut reader = Reader::new(tally, emitter, false);
    json.object(|json, key| reader.member(json, key))?;
    let place = reader.place(json)?;
    for draft in reader.drafts {
        draft.emit(&place, None, emitter);
    }
    Ok(())
}

/// Findings of a result that wait for the name of the resource.
pub(super) struct Held {
    place: Place,
    drafts: Vec<Draft<'static>>,
}

impl Held {
    /// Reads a result of a cluster's resource.
    pub(super) fn read(
        json: &mut Json,
        tally: &mut Tally,
        emitter: &mut Emitter<'_>,
    ) -> Result<Self, ParseError> {
        let mut reader = Reader::new(tally, emitter, true);
        json.object(|json, key| reader.member(json, key))?;
        Ok(Self {
            place: reader.place(json)?,
            drafts: reader.drafts,
        })
    }

    pub(super) fn emit(self, workload: &str, emitter: &mut Emitter<'_>) {
        for draft in self.drafts {
            draft.emit(&self.place, Some(workload), emitter);
        }
    }
}

/// What has been read of a result.
struct Reader<'r, 'e> {
    tally: &'r mut Tally,
    emitter: &'r mut Emitter<'e>,
    /// Whether findings have to wait for what follows the result.
    holds: bool,
    target: Option<String>,
    class: Option<String>,
    place: Option<Place>,
    drafts: Vec<Draft<'static>>,
    failures: u64,
    listed: u64,
}

impl<'r, 'e> Reader<'r, 'e> {
    fn new(tally: &'r mut Tally, emitter: &'r mut Emitter<'e>, holds: bool) -> Self {
        Self {
            tally,
            emitter,
            holds,
            target: None,
            class: None,
            place: None,
            drafts: Vec::new(),
            failures: 0,
            listed: 0,
        }
    }

    fn member(&mut self, json: &mut Json, key: &str) -> Result<(), ParseError> {
        match key {
            "Target" => self.target = Some(json.value()?),
            "Class" => self.class = json.value::<Text<'_>>()?.owned(),
            "Type" | "Packages" => {}
            "MisconfSummary" if is_object(json)? => json.object(|json, key| {
                if key == "Failures" {
                    self.failures = json.value::<Number>()?.whole().unwrap_or_default();
                }
                Ok(())
            })?,
            "CustomResources" => json.array_or_null(|_| {
                self.tally.custom += 1;
                Ok(())
            })?,
            "ExperimentalModifiedFindings" => objects(json, |json| self.modified(json))?,
            key => match Kind::of_list(key) {
                Some(kind) => objects(json, |json| self.entry(json, kind))?,
                None if json.kind()? == json::Kind::Array => {
                    let mut is_empty = true;
                    json.array(|_| {
                        is_empty = false;
                        Ok(())
                    })?;
                    if !is_empty {
                        self.tally.unknown_lists.add(|| named(key));
                    }
                }
                None => {}
            },
        }
        if let (None, Some(target), Some(class)) = (&self.place, &self.target, &self.class) {
            self.place = Some(Place::new(target, class, self.emitter));
        }
        Ok(())
    }

    fn entry(&mut self, json: &mut Json, kind: Kind) -> Result<(), ParseError> {
        let pointer = json.pointer();
        json.made_of::<Entry<'_>, _>(|entry| {
            if kind == Kind::Misconfiguration && entry.has_passed() {
                self.tally.passed += 1;
            } else {
                self.listed += u64::from(kind == Kind::Misconfiguration);
                self.take(entry.draft(kind, pointer, self.emitter));
            }
        })
    }

    fn modified(&mut self, json: &mut Json) -> Result<(), ParseError> {
        let pointer = json.pointer() + "/Finding";
        let modified = json.value::<Modified<'_>>()?;
        let (Some(kind), Some(entry)) = (Kind::from_word(&modified.kind), &modified.finding) else {
            self.tally.unread.add(|| named(&modified.kind));
            return Ok(());
        };
        if !modified.is_resolved() {
            self.tally.unresolved.add(|| named(&modified.status));
        }
        let mut draft = entry.draft(kind, pointer, self.emitter);
        draft.suppress(modified.reason());
        self.take(draft);
        Ok(())
    }

    fn take(&mut self, draft: Draft<'_>) {
        match &self.place {
            Some(place) if !self.holds => draft.emit(place, None, self.emitter),
            _ => self.drafts.push(draft.into_owned()),
        }
    }

    /// Ends the result: what it was of.
    fn place(&mut self, json: &Json) -> Result<Place, ParseError> {
        let Some(target) = &self.target else {
            return Err(json.error("a result without `Target`"));
        };
        let place = match self.place.take() {
            Some(place) => place,
            None => Place::new(target, "", self.emitter),
        };
        self.tally.results += 1;
        self.tally.has_system |= place.is_system;
        self.tally.unlisted += self.failures.saturating_sub(self.listed);
        Ok(place)
    }
}

/// A finding that has been taken back: by an ignore file, a policy or a VEX
/// document.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified<'a> {
    #[serde(borrow, default, rename = "Type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    statement: Text<'a>,
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    finding: Option<Entry<'a>>,
}

impl Modified<'_> {
    fn reason(&self) -> String {
        let status = self.status.some().unwrap_or("modified");
        let mut reason = status.to_owned();
        if let Some(statement) = self.statement.some() {
            reason = reason + ": " + statement;
        }
        if let Some(source) = self.source.some() {
            reason = format!("{reason} ({source})");
        }
        without_user_info(&reason)
    }

    /// Whether the status takes a finding back, of those that Trivy knows.
    fn is_resolved(&self) -> bool {
        ["ignored", "not_affected", "fixed"]
            .iter()
            .any(|status| self.status.trim().eq_ignore_ascii_case(status))
    }
}

/// What the results say besides findings.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) results: u64,
    passed: u64,
    custom: u64,
    /// Failed checks that are counted, and are not in the list.
    unlisted: u64,
    /// Modified findings of unknown types.
    unread: Examples,
    /// Modified findings with a status that resolves nothing.
    unresolved: Examples,
    /// What later versions may find.
    unknown_lists: Examples,
    /// Whether there is a result for the packages of an operating system.
    pub(super) has_system: bool,
}

impl Tally {
    pub(super) fn judge(self, scan: &mut Scan) {
        if self.passed > 0 {
            scan.note(format!("checks that passed: {}", self.passed));
        }
        if self.custom > 0 {
            scan.note(format!("custom resources, not read: {}", self.custom));
        }
        if self.unlisted > 0 {
            scan.degrade(format!(
                "failed checks that are counted and not listed: {}",
                self.unlisted
            ));
        }
        for (what, examples) in [
            ("modified findings of unknown types, not read", self.unread),
            (
                "findings taken back by a status that resolves nothing",
                self.unresolved,
            ),
            ("lists of an unknown kind, not read", self.unknown_lists),
        ] {
            if examples.count() > 0 {
                scan.degrade(format!("{what}: {examples}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{notes, read, report};
    use crate::finding::{Category, Finding, Severity};
    use crate::report::Health;

    fn findings(result: &str) -> Vec<Finding<'static>> {
        read(&report(result)).unwrap().1
    }

    const VULNERABILITIES: &str =
        r#""Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"x","Severity":"HIGH"}]"#;

    #[test]
    fn the_order_of_keys_makes_no_difference() {
        let orders = [
            format!(r#"{{"Target":"a/go.mod","Class":"lang-pkgs",{VULNERABILITIES}}}"#),
            format!(r#"{{"Class":"lang-pkgs",{VULNERABILITIES},"Target":"a/go.mod"}}"#),
            format!(r#"{{{VULNERABILITIES},"Target":"a/go.mod","Class":"lang-pkgs"}}"#),
        ];
        for order in &orders {
            assert_eq!(findings(order), findings(&orders[0]), "{order}");
        }
        let (_, reordered) = read(&format!(
            r#"{{"Results":[{}],"ArtifactName":"app","SchemaVersion":2}}"#,
            orders[2]
        ))
        .unwrap();
        assert_eq!(reordered, findings(&orders[0]));
    }

    #[test]
    fn lists_may_be_null_and_nothing_else() {
        for list in [
            "Vulnerabilities",
            "Misconfigurations",
            "Secrets",
            "Licenses",
            "CustomResources",
            "ExperimentalModifiedFindings",
        ] {
            assert!(findings(&format!(r#"{{"Target":"x","{list}":null}}"#)).is_empty());
            for wrong in ["{}", "\"x\"", "7"] {
                let text = report(&format!(r#"{{"Target":"x","{list}":{wrong}}}"#));
                let error = read(&text).unwrap_err();
                assert!(error.contains(list), "{error}");
            }
        }
    }

    #[test]
    fn checks_count_by_how_they_ended() {
        let checks = findings(
            r#"{"Target":"Dockerfile","Class":"config","Misconfigurations":[
            {"ID":"A","Severity":"HIGH","Status":"PASS"},{"ID":"B","Severity":"HIGH","Status":"FAIL"},
            {"ID":"C","Severity":"HIGH","Status":"EXCEPTION"},{"ID":"D","Severity":"HIGH"},
            {"ID":"E","Severity":"HIGH","Status":"ERROR"},{"ID":"F","Severity":"HIGH","Status":7}]}"#,
        );
        let counted: Vec<_> = checks
            .iter()
            .map(|finding| (&*finding.rule_id, finding.suppressed.is_some()))
            .collect();
        assert_eq!(
            counted,
            [
                ("B", false),
                ("C", true),
                ("D", false),
                ("E", false),
                ("F", false)
            ]
        );
    }

    fn modified(kind: &str, status: &str) -> String {
        format!(
            r#"{{"Target":"go.mod","Class":"lang-pkgs","ExperimentalModifiedFindings":[{{
            "Finding":{{"VulnerabilityID":"CVE-1","PkgName":"x","Severity":"CRITICAL","Status":"fixed"}},
            "Type":"{kind}","Status":"{status}","Statement":"not called",
            "Source":"https://me:pa55@vex.example/a"}}]}}"#
        )
    }

    #[test]
    fn a_finding_that_was_taken_back_is_suppressed_and_stays_the_same() {
        let finding = findings(&modified("vulnerability", "not_affected")).remove(0);
        assert_eq!(
            finding.suppressed.as_deref(),
            Some("not_affected: not called (https://***@vex.example/a)")
        );
        assert_eq!(finding.severity, Severity::Critical);
        assert_eq!(
            finding.pointer.to_string(),
            "/Results/0/ExperimentalModifiedFindings/0/Finding"
        );
        let active = findings(&format!(
            r#"{{"Target":"go.mod","Class":"lang-pkgs",{VULNERABILITIES}}}"#
        ));
        assert_eq!(finding.fingerprint, active[0].fingerprint);
        for (kind, category) in [
            ("misconfiguration", Category::Misconfiguration),
            ("secret", Category::Secret),
            ("license", Category::License),
        ] {
            assert_eq!(findings(&modified(kind, "ignored"))[0].category, category);
        }
    }

    #[test]
    fn what_is_not_read_or_not_whole_is_said() {
        let checks = |summary: &str, checks: &str| {
            format!(
                r#"{{"Target":"x","Class":"config","MisconfSummary":{summary},"Misconfigurations":[{checks}]}}"#
            )
        };
        let fail = r#"{"ID":"A","Status":"FAIL"}"#;
        for (result, expected) in [
            (
                r#"{"Target":"x","Packages":[{"Name":"x"}]}"#.to_owned(),
                None,
            ),
            (checks(r#"{"Successes":3,"Failures":1}"#, fail), None),
            (
                checks(r#"{"Failures":3}"#, fail),
                Some((Health::Degraded, "not listed: 2")),
            ),
            (
                checks("null", r#"{"ID":"A","Status":"PASS"}"#),
                Some((Health::Complete, "passed: 1")),
            ),
            (
                r#"{"Target":"x","CustomResources":[{"Data":1},{}]}"#.to_owned(),
                Some((Health::Complete, "custom resources, not read: 2")),
            ),
            (
                r#"{"Target":"x","Malware":[{"Name":"y"}]}"#.to_owned(),
                Some((Health::Degraded, "not read: Malware")),
            ),
            (r#"{"Target":"x","Malware":[]}"#.to_owned(), None),
            (
                modified("malware", "ignored"),
                Some((Health::Degraded, "unknown types, not read: malware")),
            ),
            (
                modified("", "ignored"),
                Some((Health::Degraded, "not read: one without a name")),
            ),
            (
                modified("secret", "ignored").replace("\"Finding\":{", "\"Other\":{"),
                Some((Health::Degraded, "not read: secret")),
            ),
            (
                modified("secret", "under_investigation"),
                Some((Health::Degraded, "resolves nothing: under_investigation")),
            ),
            (modified("vulnerability", "fixed"), None),
        ] {
            let notes = notes(&report(&result));
            assert_eq!(notes.len(), usize::from(expected.is_some()), "{notes:?}");
            if let Some((health, message)) = expected {
                assert_eq!(notes[0].0, health, "{notes:?}");
                assert!(notes[0].1.contains(message), "{notes:?}");
            }
        }
    }
}
