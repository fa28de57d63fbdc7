//! `--format XML`.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::health::{Health, set_date};
use super::{
    DataSource, Dependency, Identifier, PackageId, Reference, Score, Software, SoftwareEntry,
    State, Vulnerability, Word,
};
use crate::parser::fields::{Number, Text};
use crate::parser::xml::Xml;
use crate::parser::{Emitter, ParseError};
use crate::report::Scan;

pub(super) fn parse(xml: &mut Xml, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    xml.root()?;
    if xml.name() != "analysis" {
        return Err(
            xml.error("the root element is not `analysis`: this is not a Dependency-Check report")
        );
    }
    let mut scan = Scan::default();
    let mut health = Health::default();
    let mut has_scan_info = false;
    let mut has_dependencies = false;
    xml.children(|xml| match xml.name() {
        "scanInfo" => {
            has_scan_info = true;
            scan_info(xml, &mut scan, &mut health)
        }
        "projectInfo" => xml.children(|xml| match xml.name() {
            "name" => {
                scan.target = super::text(&xml.text()?);
                Ok(())
            }
            "reportDate" => {
                set_date(&mut scan, &xml.text()?);
                Ok(())
            }
            _ => Ok(()),
        }),
        "dependencies" => {
            has_dependencies = true;
            xml.children(|xml| {
                if xml.name() != "dependency" {
                    return Err(xml.error("a dependency was expected here"));
                }
                health.dependencies += 1;
                dependency(xml, &mut health, emitter)
            })
        }
        _ => Ok(()),
    })?;
    for (found, element) in [
        (has_scan_info, "scanInfo"),
        (has_dependencies, "dependencies"),
    ] {
        if !found {
            return Err(xml.error(format!(
                "`{element}` is missing: this is not a Dependency-Check report"
            )));
        }
    }
    health.judge(&mut scan);
    Ok(scan)
}

fn scan_info(xml: &mut Xml, scan: &mut Scan, health: &mut Health) -> Result<(), ParseError> {
    xml.children(|xml| match xml.name() {
        "engineVersion" => {
            scan.version = super::text(&xml.text()?);
            Ok(())
        }
        "dataSource" => {
            let mut name = Text::default();
            let mut timestamp = Text::default();
            xml.children(|xml| match xml.name() {
                "name" => set(&mut name, xml),
                "timestamp" => set(&mut timestamp, xml),
                _ => Ok(()),
            })?;
            health.add_data(&DataSource { name, timestamp });
            Ok(())
        }
        "analysisExceptions" => exceptions(xml, health),
        _ => Ok(()),
    })
}

fn exceptions(xml: &mut Xml, health: &mut Health) -> Result<(), ParseError> {
    xml.children(|xml| {
        let (message, cause) = exception(xml)?;
        health.add_exception(&message, cause.as_deref());
        Ok(())
    })
}

/// The message of an exception, and that of its innermost cause.
fn exception(xml: &mut Xml) -> Result<(String, Option<String>), ParseError> {
    let mut message = String::new();
    let mut root = None;
    xml.children(|xml| match xml.name() {
        "message" => {
            message = xml.text()?;
            Ok(())
        }
        "cause" | "innerException" => {
            let (message, cause) = exception(xml)?;
            root = cause.or_else(|| super::text(&message));
            Ok(())
        }
        _ => Ok(()),
    })?;
    Ok((message, root))
}

fn dependency(
    xml: &mut Xml,
    health: &mut Health,
    emitter: &mut Emitter<'_>,
) -> Result<(), ParseError> {
    let number = health.dependencies;
    let mut dependency = Dependency::default();
    let mut file_name = None;
    xml.children(|xml| match xml.name() {
        "fileName" => {
            file_name = Some(xml.text()?);
            Ok(())
        }
        "filePath" => set(&mut dependency.file_path, xml),
        "sha1" => set(&mut dependency.sha1, xml),
        "identifiers" => xml.children(|xml| identifier(xml, &mut dependency)),
        "vulnerabilities" => xml.children(|xml| match xml.name() {
            "vulnerability" => {
                dependency.vulnerabilities.0.push(vulnerability(xml)?);
                Ok(())
            }
            "suppressedVulnerability" => {
                let suppressed = vulnerability(xml)?;
                dependency.suppressed_vulnerabilities.0.push(suppressed);
                Ok(())
            }
            _ => Err(xml.error("a vulnerability was expected here")),
        }),
        // The schemas before 5.0 allow them here.
        "analysisExceptions" => exceptions(xml, health),
        _ => Ok(()),
    })?;
    dependency.file_name = match file_name {
        Some(name) => Cow::Owned(name),
        None => return Err(xml.error("a dependency without a `fileName`")),
    };
    dependency.emit(emitter, |state, index| {
        let element = match state {
            State::Active => "vulnerability",
            State::Suppressed => "suppressedVulnerability",
        };
        let index = index + 1;
        format!("/analysis/dependencies/dependency[{number}]/vulnerabilities/{element}[{index}]")
    });
    Ok(())
}

fn identifier(xml: &mut Xml, dependency: &mut Dependency<'_>) -> Result<(), ParseError> {
    match xml.name() {
        "package" => {
            let mut id = Text::default();
            xml.children(|xml| match xml.name() {
                "id" => set(&mut id, xml),
                _ => Ok(()),
            })?;
            dependency.packages.0.push(PackageId { id });
        }
        "identifier" => {
            let kind = attribute(xml, "type")?;
            let mut name = Text::default();
            xml.children(|xml| match xml.name() {
                "name" => set(&mut name, xml),
                _ => Ok(()),
            })?;
            dependency.identifiers.0.push(Identifier { kind, name });
        }
        _ => {}
    }
    Ok(())
}

fn vulnerability(xml: &mut Xml) -> Result<Vulnerability<'static>, ParseError> {
    /// What decides how bad it is and what it is: a second one would hide the
    /// first.
    const ONCE: [&str; 7] = [
        "name",
        "severity",
        "cvssV4",
        "cvssV3",
        "cvssV2",
        "cvssScore",
        "description",
    ];
    let mut vulnerability = Vulnerability::default();
    let mut name = None;
    let mut seen = Vec::with_capacity(ONCE.len());
    xml.children(|xml| {
        once(xml, &ONCE, &mut seen)?;
        match xml.name() {
            "name" => name = Some(xml.text()?),
            "severity" => {
                vulnerability.unscored = attribute(xml, "unscored")?;
                vulnerability.severity = Some(Word::Text(Cow::Owned(xml.text()?)));
            }
            "cvssV4" => vulnerability.cvssv4 = Some(score(xml)?),
            "cvssV3" => vulnerability.cvssv3 = Some(score(xml)?),
            "cvssV2" => vulnerability.cvssv2 = Some(score(xml)?),
            "cvssScore" => vulnerability.cvss_score = number(xml)?,
            "cwe" => set(&mut vulnerability.cwe, xml)?,
            "cwes" => xml.children(|xml| {
                let mut cwe = Text::default();
                set(&mut cwe, xml)?;
                vulnerability.cwes.0.push(cwe);
                Ok(())
            })?,
            "description" => set(&mut vulnerability.description, xml)?,
            "notes" => set(&mut vulnerability.notes, xml)?,
            "references" => xml.children(|xml| {
                xml.children(|xml| {
                    if xml.name() == "url" {
                        let mut url = Text::default();
                        set(&mut url, xml)?;
                        vulnerability.references.0.push(Reference { url });
                    }
                    Ok(())
                })
            })?,
            "vulnerableSoftware" => xml.children(|xml| {
                let software = software(xml)?;
                vulnerability.vulnerable_software.0.extend(software);
                Ok(())
            })?,
            "knownExploitedVulnerability" => {
                vulnerability.known_exploited_vulnerability = Some(IgnoredAny);
            }
            _ => {}
        }
        Ok(())
    })?;
    vulnerability.name = match name {
        Some(name) => Cow::Owned(name),
        None => return Err(xml.error("a vulnerability without a `name`")),
    };
    Ok(vulnerability)
}

/// The current element, if the dependency was matched by it: there can be
/// thousands of others.
fn software(xml: &Xml) -> Result<Option<SoftwareEntry<'static>>, ParseError> {
    let mut matched = None;
    let mut end = None;
    for (name, value) in xml.attributes()? {
        match name.as_str() {
            // The second is the template's name for it in suppressed ones.
            "vulnerabilityIdMatched" | "matched" => matched = Some(value),
            "versionEndExcluding" => end = Some(value),
            _ => {}
        }
    }
    let text = |value: Option<String>| Text(Cow::Owned(value.unwrap_or_default()));
    Ok(matched.is_some().then(|| SoftwareEntry {
        software: Some(Software::Range {
            vulnerability_id_matched: text(matched),
            version_end_excluding: text(end),
        }),
    }))
}

fn score(xml: &mut Xml) -> Result<Score<'static>, ParseError> {
    let mut score = Score::default();
    let mut seen = Vec::new();
    xml.children(|xml| {
        once(xml, &["baseScore", "score", "vectorString"], &mut seen)?;
        match xml.name() {
            "baseScore" => score.base_score = number(xml)?,
            "score" => score.score = number(xml)?,
            "vectorString" => set(&mut score.vector_string, xml)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(score)
}

/// Refuses an element that is one of `names` and has been seen, as JSON's keys
/// are refused.
fn once(xml: &Xml, names: &[&'static str], seen: &mut Vec<&'static str>) -> Result<(), ParseError> {
    let Some(&name) = names.iter().find(|&&name| name == xml.name()) else {
        return Ok(());
    };
    if seen.contains(&name) {
        return Err(xml.error(format!("`{name}` is given twice")));
    }
    seen.push(name);
    Ok(())
}

fn number(xml: &mut Xml) -> Result<Number, ParseError> {
    Ok(Number(xml.text()?.trim().parse().ok()))
}

fn attribute(xml: &Xml, name: &str) -> Result<Text<'static>, ParseError> {
    Ok(Text(Cow::Owned(xml.attribute(name)?.unwrap_or_default())))
}

fn set(text: &mut Text<'_>, xml: &mut Xml) -> Result<(), ParseError> {
    *text = Text(Cow::Owned(xml.text()?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use crate::finding::{CvssVersion, Severity};
    use crate::report::Health as Proof;

    const NAMESPACE: &str = "https://jeremylong.github.io/DependencyCheck/dependency-check.4.1.xsd";

    fn report(parts: &str) -> String {
        format!("<?xml version=\"1.0\"?><analysis xmlns=\"{NAMESPACE}\">{parts}</analysis>")
    }

    fn with_dependencies(dependencies: &str) -> String {
        report(&format!(
            "<scanInfo><engineVersion>12.1.0</engineVersion></scanInfo><dependencies>{dependencies}</dependencies>"
        ))
    }

    #[test]
    fn what_is_not_a_whole_report_is_refused() {
        let whole = with_dependencies("<dependency><fileName>a</fileName></dependency>");
        assert!(read(&whole).0.is_ok());
        for (report, message) in [
            (
                "<analysis><dependencies/></analysis>".to_owned(),
                "`scanInfo` is missing",
            ),
            (report("<dependencies/>"), "`scanInfo` is missing"),
            (report("<scanInfo/>"), "`dependencies` is missing"),
            (
                whole.replace("analysis", "analyses"),
                "the root element is not `analysis`",
            ),
            (whole.replace("</analysis>", ""), "cut off"),
            (with_dependencies("<item/>"), "a dependency was expected"),
            (with_dependencies("<dependency/>"), "without a `fileName`"),
            (
                with_dependencies(
                    "<dependency><fileName>a</fileName><vulnerabilities><vulnerability/></vulnerabilities></dependency>",
                ),
                "without a `name`",
            ),
            (
                with_dependencies(
                    "<dependency><fileName>a</fileName><vulnerabilities><finding/></vulnerabilities></dependency>",
                ),
                "a vulnerability was expected",
            ),
        ] {
            let error = read(&report).0.unwrap_err();
            assert!(error.contains(message), "{report}: {error}");
        }
    }

    #[test]
    fn what_is_given_twice_is_refused() {
        let vulnerability = |parts: &str| {
            with_dependencies(&format!(
                "<dependency><fileName>a</fileName><vulnerabilities><vulnerability>{parts}</vulnerability></vulnerabilities></dependency>"
            ))
        };
        for (parts, name) in [
            ("<name>a</name><name>b</name>", "name"),
            (
                "<name>a</name><severity>HIGH</severity><severity>LOW</severity>",
                "severity",
            ),
            (
                "<name>a</name><description>b</description><description/>",
                "description",
            ),
            (
                "<name>a</name><cvssV3><baseScore>9</baseScore></cvssV3><cvssV3/>",
                "cvssV3",
            ),
            (
                "<name>a</name><cvssV3><baseScore>9</baseScore><baseScore>0</baseScore></cvssV3>",
                "baseScore",
            ),
            (
                "<name>a</name><cvssScore>9</cvssScore><cvssScore>0</cvssScore>",
                "cvssScore",
            ),
        ] {
            let error = read(&vulnerability(parts)).0.unwrap_err();
            let message = format!("`{name}` is given twice");
            assert!(error.contains(&message), "{parts}: {error}");
        }
    }

    #[test]
    fn suppressed_vulnerabilities_stand_among_the_active_ones() {
        let (scan, findings) = read(&with_dependencies(
            "<dependency isVirtual=\"true\">
               <fileName>\n a:1\n </fileName><filePath>/ci/package-lock.json?a</filePath><sha1></sha1>
               <relatedDependencies><relatedDependency><fileName>b</fileName><identifiers><package><id>pkg:npm/b@1</id></package></identifiers></relatedDependency></relatedDependencies>
               <identifiers>
                 <package confidence=\"HIGH\"><id>pkg:npm/%40s%2Fa@1</id></package>
                 <vulnerabilityIds><id>cpe:2.3:a:a:a:1:*:*:*:*:*:*:*</id></vulnerabilityIds>
               </identifiers>
               <vulnerabilities>
                 <vulnerability source=\"NVD\"><name>CVE-2026-1</name>
                   <knownExploitedVulnerability><name>enc.xml($x)</name><description>no</description></knownExploitedVulnerability>
                   <severity>HIGH</severity>
                   <cvssV2><score>4.0</score><severity>MEDIUM</severity></cvssV2>
                   <cvssV4><vectorString>CVSS:4.0/AV:N</vectorString><baseScore>7.5</baseScore></cvssV4>
                   <cwes><cwe>CWE-79</cwe><cwe>CWE-80</cwe></cwes><description>A &lt;b&gt;</description>
                   <references><reference><source>x</source><url>https://a</url><name>n</name></reference></references>
                   <vulnerableSoftware><software versionEndExcluding=\"9\">cpe:b</software><software vulnerabilityIdMatched=\"true\" versionEndExcluding=\"1.2\">cpe:a</software></vulnerableSoftware>
                 </vulnerability>
                 <suppressedVulnerability source=\"NVD\"><name>CVE-2026-2</name><cvssV3><baseScore>5.0</baseScore></cvssV3><notes>not reachable</notes>
                   <vulnerableSoftware><software matched=\"true\" versionEndExcluding=\"1.3\">cpe:a</software></vulnerableSoftware>
                 </suppressedVulnerability>
                 <vulnerability source=\"RETIREJS\"><name>a is old</name><severity unscored=\"true\">7.5</severity></vulnerability>
               </vulnerabilities>
             </dependency>",
        ));
        assert_eq!(scan.unwrap().format, "dependency-check-xml");
        let [first, old, suppressed] = findings.try_into().unwrap();
        assert_eq!(
            first.location.to_string(),
            "@s/a@1 in /ci/package-lock.json?a"
        );
        assert_eq!(first.title, "CVE-2026-1");
        assert_eq!(first.severity, Severity::High);
        assert_eq!(first.cvss.unwrap().version, CvssVersion::V4);
        assert_eq!(first.cwes, [79, 80]);
        let details = &first.details;
        assert_eq!(details.description.as_deref(), Some("A <b>"));
        assert_eq!(details.references, ["https://a"]);
        assert_eq!(first.fixed_in, ["1.2"]);
        assert!(first.kev && !old.kev);
        let parent = "/analysis/dependencies/dependency[1]/vulnerabilities";
        assert_eq!(
            first.pointer.to_string(),
            format!("{parent}/vulnerability[1]")
        );
        assert_eq!(
            old.pointer.to_string(),
            format!("{parent}/vulnerability[2]")
        );
        assert_eq!(old.severity, Severity::High);
        assert!(old.vulnerability_ids.is_empty());
        assert_eq!(
            suppressed.pointer.to_string(),
            format!("{parent}/suppressedVulnerability[1]")
        );
        assert_eq!(suppressed.suppressed.as_deref(), Some("not reachable"));
        assert_eq!(suppressed.severity, Severity::Medium);
        assert_eq!(suppressed.fixed_in, ["1.3"]);
    }

    #[test]
    fn reports_of_the_first_schemas_are_read() {
        let old = with_dependencies(
            "<dependency><fileName>a.jar</fileName><sha1>ab</sha1>
               <identifiers><identifier type=\"cpe\"><name>cpe:/a:x:a:1.0</name></identifier><identifier type=\"maven\"><name>(org.x:a:1.0)</name></identifier></identifiers>
               <vulnerabilities><vulnerability><name>CVE-2015-1</name><cvssScore>7.5</cvssScore><severity>High</severity><cwe>CWE-79 Improper Neutralization</cwe></vulnerability></vulnerabilities>
             </dependency>",
        );
        let (_, findings) = read(&old.replace("4.1.xsd", "1.3.xsd"));
        let finding = &findings[0];
        assert_eq!(finding.location.to_string(), "org.x/a@1.0 in a.jar");
        assert_eq!(finding.severity, Severity::High);
        assert_eq!(finding.cwes, [79]);
        let cvss = finding.cvss.as_ref().unwrap();
        assert_eq!((cvss.version, cvss.score), (CvssVersion::V2, 7.5));
    }

    #[test]
    fn the_scan_is_told_from_the_head() {
        let (scan, _) = read(&report(
            "<scanInfo><engineVersion>8.0</engineVersion>
               <dataSource><name>NVD CVE Modified</name><timestamp>2025-12-31T00:00:00</timestamp></dataSource>
               <analysisExceptions><exception><message>org.x.UpdateException: no data</message><stackTrace><trace>t</trace></stackTrace>
                 <cause><message>a.B: c</message><cause><message>java.net.UnknownHostException: nvd.nist.gov</message></cause></cause></exception></analysisExceptions>
             </scanInfo>
             <projectInfo><name>shop</name><reportDate>2026-01-10T00:00:00Z</reportDate></projectInfo>
             <dependencies><dependency><fileName>a</fileName></dependency></dependencies>",
        ));
        let scan = scan.unwrap();
        assert_eq!(scan.version.as_deref(), Some("8.0"));
        assert_eq!(scan.target.as_deref(), Some("shop"));
        assert_eq!(
            scan.generated_at.unwrap().to_string(),
            "2026-01-10T00:00:00Z"
        );
        assert_eq!(scan.health(), Proof::Degraded);
        assert_eq!(
            scan.notes[0].text,
            "part of the analysis failed: UpdateException: no data (UnknownHostException: nvd.nist.gov)"
        );
        assert!(scan.notes[1].text.contains("10 days old"));
        for (parts, words) in [
            (
                "<scanInfo/><dependencies><dependency><fileName>a</fileName></dependency></dependencies>",
                "which version",
            ),
            (
                "<scanInfo><engineVersion>8</engineVersion></scanInfo><dependencies/>",
                "no dependency",
            ),
        ] {
            let scan = read(&report(parts)).0.unwrap();
            assert_eq!(scan.health(), Proof::Failed);
            assert!(scan.notes[0].text.contains(words));
        }
    }
}
