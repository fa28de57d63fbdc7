//! `--format JSON`.

use serde::Deserialize;

use super::health::{Health, set_date};
use super::{DataSource, Dependency, State};
use crate::parser::fields::Text;
use crate::parser::json::{Json, Kind};
use crate::parser::{Emitter, ParseError};
use crate::report::Scan;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Project<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    report_date: Text<'a>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    #[serde(borrow, default)]
    exception: Exception<'a>,
}

#[derive(Deserialize, Default)]
struct Exception<'a> {
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    cause: Option<Box<Exception<'a>>>,
}

impl Exception<'_> {
    /// The message of the innermost cause.
    fn root(&self) -> Option<&str> {
        let cause = self.cause.as_deref()?;
        cause.root().or_else(|| cause.message.some())
    }
}

pub(super) fn parse(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut health = Health::default();
    let mut has_scan_info = false;
    let mut has_dependencies = false;
    json.object(|json, key| match key {
        "scanInfo" => {
            has_scan_info = true;
            scan_info(json, &mut scan, &mut health)
        }
        "projectInfo" if json.kind()? == Kind::Object => {
            let project = json.value::<Project<'_>>()?;
            scan.target = super::text(&project.name);
            set_date(&mut scan, &project.report_date);
            Ok(())
        }
        "dependencies" => {
            has_dependencies = true;
            json.array(|json| {
                health.dependencies += 1;
                dependency(json, emitter)
            })
        }
        _ => Ok(()),
    })?;
    for (found, key) in [
        (has_scan_info, "scanInfo"),
        (has_dependencies, "dependencies"),
    ] {
        if !found {
            return Err(json.error(format!(
                "`{key}` is missing: this is not a Dependency-Check report"
            )));
        }
    }
    health.judge(&mut scan);
    Ok(scan)
}

fn scan_info(json: &mut Json, scan: &mut Scan, health: &mut Health) -> Result<(), ParseError> {
    json.object(|json, key| match key {
        "engineVersion" => {
            scan.version = super::text(&json.value::<Text<'_>>()?);
            Ok(())
        }
        "dataSource" => json.array_or_null(|json| {
            health.add_data(&json.value::<DataSource<'_>>()?);
            Ok(())
        }),
        "analysisExceptions" => json.array_or_null(|json| {
            let failure = json.value::<Failure<'_>>()?;
            health.add_exception(&failure.exception.message, failure.exception.root());
            Ok(())
        }),
        _ => Ok(()),
    })
}

fn dependency(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<(), ParseError> {
    if json.kind()? != Kind::Object {
        return Err(json.error("a dependency that is not an object"));
    }
    let own = json.pointer();
    let taken = json.made_of::<Dependency<'_>, _>(|dependency| {
        dependency.emit(emitter, |state, index| match state {
            State::Active => format!("{own}/vulnerabilities/{index}"),
            State::Suppressed => format!("{own}/suppressedVulnerabilities/{index}"),
        });
    });
    taken.map_err(with_hint)
}

/// The template sets its commas by hand, and with some of the many optional
/// values of CVSS 4 one is too many.
fn with_hint(mut error: ParseError) -> ParseError {
    if error.path.contains("cvssv4") {
        error.message.push_str(
            "; Dependency-Check 12 can write invalid JSON here: read its XML report instead",
        );
    }
    error
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_is_not_a_whole_report_is_refused() {
        let info = r#""scanInfo":{"engineVersion":"12"}"#;
        for (report, message) in [
            (r#"{"dependencies":[]}"#.to_owned(), "`scanInfo` is missing"),
            (format!("{{{info}}}"), "`dependencies` is missing"),
            (
                format!(r#"{{{info},"dependencies":null}}"#),
                "at `dependencies`",
            ),
            (
                format!(r#"{{{info},"dependencies":{{}}}}"#),
                "at `dependencies`",
            ),
            (
                format!(r#"{{{info},"dependencies":[[]]}}"#),
                "not an object",
            ),
            (
                format!(r#"{{{info},"dependencies":[null]}}"#),
                "not an object",
            ),
            (format!(r#"{{{info},"dependencies":[{{}}]}}"#), "`fileName`"),
            (
                format!(r#"{{{info},"dependencies":[{{"fileName":"a","vulnerabilities":{{}}}}]}}"#),
                "at `dependencies[0].vulnerabilities`",
            ),
            (
                format!(
                    r#"{{{info},"dependencies":[{{"fileName":"a","vulnerabilities":[null]}}]}}"#
                ),
                "at `dependencies[0].vulnerabilities[0]`",
            ),
            (
                format!(
                    r#"{{{info},"dependencies":[{{"fileName":"a","vulnerabilities":[{{"severity":"LOW"}}]}}]}}"#
                ),
                "`name`",
            ),
            (
                format!(r#"{{{info},"dependencies":[{{"fileName":"a"}}"#),
                "cut off",
            ),
            (
                r#"{"scanInfo":null,"dependencies":[]}"#.to_owned(),
                "at `scanInfo`",
            ),
            (
                r#"{"scanInfo":{"analysisExceptions":"none"},"dependencies":[]}"#.to_owned(),
                "at `scanInfo.analysisExceptions`",
            ),
        ] {
            let error = read(&report).0.unwrap_err();
            assert!(error.contains(message), "{report}: {error}");
        }
    }

    #[test]
    fn invalid_json_that_the_template_writes_is_named() {
        for cvss in [r#"{ ,"source":"nvd"}"#, r#"{"baseSeverity":"HIGH",}"#] {
            let report = format!(
                r#"{{"reportSchema":"1.1","scanInfo":{{}},"dependencies":[{{"fileName":"a","vulnerabilities":[{{"name":"CVE-2026-1","cvssv4":{cvss}}}]}}]}}"#
            );
            let error = read(&report).0.unwrap_err();
            assert!(error.contains("read its XML report"), "{error}");
        }
    }

    #[test]
    fn keys_may_come_in_any_order() {
        let (scan, findings) = read(
            r#"{"dependencies":[{"vulnerabilities":[{"severity":"LOW","name":"CVE-2026-1"}],"packages":[{"id":"pkg:npm/a@1"}],"fileName":"a:1"}],"projectInfo":{"name":"shop"},"scanInfo":{"engineVersion":"12"},"reportSchema":"1.1"}"#,
        );
        let scan = scan.unwrap();
        assert_eq!(scan.format, "dependency-check-json");
        assert_eq!(scan.version.as_deref(), Some("12"));
        assert_eq!(scan.target.as_deref(), Some("shop"));
        assert_eq!(findings[0].location.to_string(), "a@1 in a:1");
    }
}
