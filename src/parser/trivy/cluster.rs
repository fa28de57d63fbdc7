//! The report of a cluster, a list of resources with results each.

use super::place::without_user_info;
use super::result::{Held, Tally};
use super::{Names, RESOURCES, System, is_object, named, objects};
use crate::parser::examples::Examples;
use crate::parser::fields::Text;
use crate::parser::json::Json;
use crate::parser::{Emitter, ParseError, url};
use crate::report::Scan;

pub(super) fn parse(json: &mut Json, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    let mut scan = Scan::default();
    let mut tally = Tally::default();
    let mut cluster = Cluster::default();
    let mut has_name = false;
    json.object(|json, key| match key {
        "ClusterName" => {
            let name = json.value::<String>()?;
            scan.target = Some(without_user_info(&name)).filter(|name| !name.is_empty());
            has_name = true;
            Ok(())
        }
        // Trivy merges resources for its summary, and forgets their errors.
        "Findings" => {
            scan.degrade(
                "a summary does not say which resources could not be scanned; use `--report all`",
            );
            objects(json, |json| cluster.read(json, &mut tally, emitter))
        }
        key if RESOURCES.contains(&key) => {
            objects(json, |json| cluster.read(json, &mut tally, emitter))
        }
        _ => Ok(()),
    })?;
    if !has_name {
        return Err(json.error("`ClusterName` is missing: this is not a Trivy report of a cluster"));
    }
    cluster.judge(&mut scan);
    tally.judge(&mut scan);
    scan.artifacts = Some(scan.target.iter().cloned().collect());
    Ok(scan)
}

/// What the resources of a cluster say besides findings.
#[derive(Default)]
struct Cluster {
    resources: u64,
    errors: Examples,
    out_of_support: Examples,
    unknown_systems: Examples,
}

impl Cluster {
    fn read(
        &mut self,
        json: &mut Json,
        tally: &mut Tally,
        emitter: &mut Emitter<'_>,
    ) -> Result<(), ParseError> {
        let (mut namespace, mut kind, mut name) = (String::new(), None, None);
        let mut error = String::new();
        let mut system = System::default();
        let mut held = Vec::new();
        json.object(|json, key| {
            match key {
                "Namespace" => namespace = json.value::<Text<'_>>()?.to_string(),
                "Kind" => kind = Some(json.value::<String>()?),
                "Name" => name = Some(json.value::<String>()?),
                "Error" => error = json.value::<Option<String>>()?.unwrap_or_default(),
                // One for each image, since there may be several.
                "Metadata" if is_object(json)? => system.read(json, &mut Names::default())?,
                "Metadata" => objects(json, |json| system.read(json, &mut Names::default()))?,
                "Results" => json.array_or_null(|json| {
                    held.push(Held::read(json, tally, emitter)?);
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        let (Some(kind), Some(name)) = (kind, name) else {
            return Err(json.error("a resource without `Kind` and `Name`"));
        };
        let workload = match namespace.as_str() {
            "" => format!("{kind}/{name}"),
            namespace => format!("{namespace}/{kind}/{name}"),
        };
        for held in held {
            held.emit(&workload, emitter);
        }
        self.resources += 1;
        if system.is_out_of_support {
            self.out_of_support.add(|| named(&workload));
        }
        if system.is_unknown {
            self.unknown_systems.add(|| named(&workload));
        }
        if !error.is_empty() {
            let error = error.trim().lines().next().unwrap_or_default();
            let error = url::mask_words(error);
            self.errors.add(|| format!("{workload} ({error})"));
        }
        Ok(())
    }

    fn judge(self, scan: &mut Scan) {
        match self.errors.count() {
            _ if self.resources == 0 => scan.fail("no resource of the cluster was scanned"),
            0 => {}
            errors if errors == self.resources => {
                scan.fail(format!("no resource could be scanned: {}", self.errors));
            }
            _ => scan.degrade(format!(
                "resources that could not be scanned: {}",
                self.errors
            )),
        }
        for (what, examples) in [
            ("operating systems out of support", self.out_of_support),
            (
                "operating systems not recognized, their packages not checked",
                self.unknown_systems,
            ),
        ] {
            if examples.count() > 0 {
                scan.degrade(format!("{what}: {examples}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{notes, read};
    use crate::finding::Location;
    use crate::report::Health;

    const CHECKED: &str = r#"{"Namespace":"n","Kind":"Deployment","Name":"d","Results":[
        {"Target":"Deployment/d","Class":"config","Misconfigurations":[{"ID":"KSV001","Severity":"HIGH"}]},
        {"Target":"reg:5000/app:1 (debian 12)","Class":"os-pkgs",
         "Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"x","Severity":"LOW"}]},
        {"Target":"a.key","Class":"secret","Secrets":[{"RuleID":"r","Severity":"LOW"}]}]}"#;
    const FAILED: &str =
        r#"{"Kind":"Node","Name":"w","Error":"pull https://me:pa55@reg/x: denied\nmore"}"#;

    fn report(key: &str, resources: &str) -> String {
        format!(r#"{{"ClusterName":"c","{key}":[{resources}]}}"#)
    }

    #[test]
    fn a_finding_says_in_which_resource_it_is() {
        let (_, findings) = read(&report("Resources", CHECKED)).unwrap();
        let locations: Vec<_> = findings.iter().map(|f| f.location.to_string()).collect();
        assert_eq!(
            locations,
            [
                "Deployment/d (n/Deployment/d)",
                "x in n/Deployment/d: reg:5000/app:1 (debian 12)",
                "a.key",
            ]
        );
        assert_eq!(
            findings[2].details.description.as_deref(),
            Some("in n/Deployment/d")
        );
        assert_eq!(
            findings[1].pointer.to_string(),
            "/Resources/0/Results/1/Vulnerabilities/0"
        );
        assert!(matches!(findings[0].location, Location::Resource { .. }));
    }

    #[test]
    fn identity_is_that_of_the_resource_and_its_image_without_the_tag() {
        let of = |resource: &str| {
            let (_, findings) = read(&report("Resources", resource)).unwrap();
            findings.iter().map(|f| f.fingerprint).collect::<Vec<_>>()
        };
        let known = of(CHECKED);
        let moved = CHECKED
            .replace(r#""Namespace":"n","#, "")
            .replace("}]}]}", r#"}]}],"Namespace":"n"}"#);
        assert_eq!(of(&moved), known, "the order of keys");
        assert_eq!(of(&CHECKED.replace("app:1", "app@sha256:12")), known);
        assert_ne!(of(&CHECKED.replace("app:1", "web:1"))[1], known[1]);
        for other in [r#""Name":"e""#, r#""Name":"d","Namespace":"m""#] {
            let other = of(&CHECKED
                .replace(r#""Namespace":"n","#, "")
                .replace(r#""Name":"d""#, other));
            assert!(other.iter().all(|fingerprint| !known.contains(fingerprint)));
        }
    }

    #[test]
    fn a_cluster_says_what_could_not_be_scanned() {
        let out_of_support = CHECKED.replace(
            r#""Results""#,
            r#""Metadata":[{"OS":{"Family":"debian","EOSL":true}},{"OS":{"Family":"none"}}],"Results""#,
        );
        for (text, health, messages) in [
            (report("Resources", CHECKED), Health::Complete, vec![]),
            (
                report("Resources", &format!("{CHECKED},{FAILED}")),
                Health::Degraded,
                vec!["could not be scanned: Node/w (pull https://***@reg/x: denied)"],
            ),
            (
                report("Resources", FAILED),
                Health::Failed,
                vec!["no resource could be scanned"],
            ),
            (
                report("Resources", ""),
                Health::Failed,
                vec!["no resource of the cluster"],
            ),
            (
                report("Resources", "").replace("[]", "null"),
                Health::Failed,
                vec!["no resource of the cluster"],
            ),
            (
                r#"{"ClusterName":""}"#.to_owned(),
                Health::Failed,
                vec!["no resource of the cluster"],
            ),
            (
                report("Findings", CHECKED),
                Health::Degraded,
                vec!["--report all"],
            ),
            (
                report("Resources", &out_of_support),
                Health::Degraded,
                vec!["out of support: n/Deployment/d", "not recognized"],
            ),
        ] {
            let notes = notes(&text);
            assert_eq!(notes.len(), messages.len(), "{notes:?}");
            for ((effect, note), message) in notes.iter().zip(messages) {
                assert_eq!(*effect, health, "{note}");
                assert!(note.contains(message), "{note}");
            }
        }
    }

    #[test]
    fn reports_of_2022_have_two_lists() {
        let text = format!(
            r#"{{"ClusterName":"c","Vulnerabilities":[{CHECKED}],"Misconfigurations":[{CHECKED}]}}"#
        );
        let (_, findings) = read(&text).unwrap();
        assert_eq!(findings.len(), 6);
        assert_eq!(
            findings[3].pointer.to_string(),
            "/Misconfigurations/0/Results/0/Misconfigurations/0"
        );
    }

    #[test]
    fn what_is_no_whole_report_of_a_cluster_is_refused() {
        for (text, message) in [
            (
                report("Resources", CHECKED).replace("\"c\"", "null"),
                "ClusterName",
            ),
            (report("Resources", "7"), "expected an object"),
            (report("Resources", "null"), "expected an object"),
            (report("Resources", "{}"), "without `Kind`"),
            (
                report("Resources", "").replace("[]", "{}"),
                "expected a list",
            ),
            (
                report("Resources", CHECKED).replace("\"Deployment\"", "1"),
                "Kind",
            ),
            (
                report("Resources", FAILED).replace("\"pull", "7,\"x\":\""),
                "Error",
            ),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
