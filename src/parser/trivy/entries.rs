//! One entry of a list of a result, and the finding that it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::place::Place;
use crate::finding::{Category, Cvss, CvssVersion, Details, Finding, Location, Severity};
use crate::fingerprint::{self, ContentDigest, Fingerprint, without_white_space};
use crate::parser::Emitter;
use crate::parser::fields::{List, Number, Text, Texts, cwes, first_line};
use crate::parser::json::Piece;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Vulnerability,
    Misconfiguration,
    Secret,
    License,
}

impl Kind {
    /// The entries of the list under this key of a result.
    pub(super) fn of_list(key: &str) -> Option<Self> {
        match key {
            "Vulnerabilities" => Some(Self::Vulnerability),
            "Misconfigurations" => Some(Self::Misconfiguration),
            "Secrets" => Some(Self::Secret),
            "Licenses" => Some(Self::License),
            _ => None,
        }
    }

    /// Reads the word that modified findings have.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "vulnerability" => Some(Self::Vulnerability),
            "misconfiguration" => Some(Self::Misconfiguration),
            "secret" => Some(Self::Secret),
            "license" => Some(Self::License),
            _ => None,
        }
    }

    const fn category(self) -> Category {
        match self {
            Self::Vulnerability => Category::Sca,
            Self::Misconfiguration => Category::Misconfiguration,
            Self::Secret => Category::Secret,
            Self::License => Category::License,
        }
    }

    const fn fingerprint_kind(self) -> &'static str {
        match self {
            Self::Vulnerability => "trivy-vulnerability",
            Self::Misconfiguration => "trivy-misconfiguration",
            Self::Secret => "trivy-secret",
            Self::License => "trivy-license",
        }
    }
}

/// An entry of any kind: they share most names, and that of a modified finding
/// may come before the word that says of which kind it is.
///
/// The lines of a secret's code are not read: Trivy masks the match, and not what
/// is around it. Those of a check enter a keyed digest, and nothing else.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    title: Text<'a>,
    description: Text<'a>,
    /// For a vulnerability what its distribution does about it; `fixed` means
    /// that there is a fix. For a check how it ended.
    status: Text<'a>,
    category: Text<'a>,
    #[serde(rename = "PrimaryURL")]
    primary_url: Text<'a>,
    references: Texts<'a>,
    link: Text<'a>,

    #[serde(rename = "VulnerabilityID")]
    vulnerability_id: Text<'a>,
    #[serde(rename = "VendorIDs")]
    vendor_ids: Texts<'a>,
    pkg_name: Text<'a>,
    pkg_path: Text<'a>,
    pkg_identifier: Option<Identifier<'a>>,
    installed_version: Text<'a>,
    fixed_version: Text<'a>,
    severity_source: Text<'a>,
    #[serde(rename = "CweIDs")]
    cwe_ids: Texts<'a>,
    #[serde(rename = "CVSS")]
    cvss: Option<BTreeMap<Text<'a>, Scores<'a>>>,

    #[serde(rename = "ID")]
    id: Text<'a>,
    #[serde(rename = "AVDID")]
    avd_id: Text<'a>,
    message: Text<'a>,
    cause_metadata: Option<Cause<'a>>,

    #[serde(rename = "RuleID")]
    rule_id: Text<'a>,
    start_line: Number,
    end_line: Number,
    r#match: Text<'a>,

    name: Text<'a>,
    file_path: Text<'a>,
}

impl Piece for Entry<'_> {
    type Of<'a> = Entry<'a>;
}

#[derive(Deserialize)]
struct Identifier<'a> {
    #[serde(borrow, default, rename = "PURL")]
    purl: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Cause<'a> {
    #[serde(borrow)]
    resource: Text<'a>,
    start_line: Number,
    end_line: Number,
    code: Option<Code<'a>>,
}

impl Cause<'_> {
    /// The code that fails the check, without what is around it.
    fn code(&self) -> String {
        let lines = self.code.iter().flat_map(|code| &code.lines.0);
        lines
            .filter(|line| &*line.is_cause == "true")
            .map(|line| without_white_space(&line.content))
            .collect()
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Code<'a> {
    #[serde(borrow)]
    lines: List<CodeLine<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct CodeLine<'a> {
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    is_cause: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Scores<'a> {
    v40_score: Number,
    #[serde(borrow)]
    v40_vector: Text<'a>,
    v3_score: Number,
    v3_vector: Text<'a>,
    v2_score: Number,
    v2_vector: Text<'a>,
}

impl Scores<'_> {
    fn best(&self) -> Option<Cvss<Cow<'_, str>>> {
        [
            (CvssVersion::V4, self.v40_score, &self.v40_vector),
            (CvssVersion::V3, self.v3_score, &self.v3_vector),
            (CvssVersion::V2, self.v2_score, &self.v2_vector),
        ]
        .into_iter()
        .find_map(|(version, score, vector)| {
            Some(Cvss {
                version,
                score: score.0.filter(|score| (0.0..=10.0).contains(score))?,
                vector: vector.borrowed(),
            })
        })
    }
}

impl Entry<'_> {
    /// Whether this is a check that found nothing.
    pub(super) fn has_passed(&self) -> bool {
        self.status.trim().eq_ignore_ascii_case("PASS")
    }

    /// The finding, as far as the entry alone tells.
    pub(super) fn draft(&self, kind: Kind, pointer: String, emitter: &Emitter<'_>) -> Draft<'_> {
        let (rule, location, identity) = match kind {
            Kind::Vulnerability => self.vulnerability(emitter),
            Kind::Misconfiguration => self.misconfiguration(),
            Kind::Secret => self.secret(emitter),
            Kind::License => self.license(emitter),
        };
        let mut finding = Finding::new(
            // Not known before the target is.
            Fingerprint::new(kind.fingerprint_kind(), &[]),
            kind.category(),
            rule,
            severity(&self.severity),
            location,
        );
        finding.scanner_severity = self.severity.borrowed();
        finding.details = self.details(kind);
        finding.pointer = pointer.into();
        if let Some(title) = self.title(kind) {
            finding.title = title;
        }
        match kind {
            Kind::Vulnerability => {
                finding.cwes = self.cwe_ids.0.iter().flat_map(|id| cwes(id)).collect();
                finding.vulnerability_ids = self.vulnerability_ids();
                finding.cvss = self.cvss();
                finding.fixed_in = self
                    .fixed_version
                    .split(',')
                    .map(str::trim)
                    .filter(|version| !version.is_empty())
                    .map(Into::into)
                    .collect();
            }
            Kind::Misconfiguration => {
                if self.status.trim().eq_ignore_ascii_case("EXCEPTION") {
                    finding.suppressed = Some("an exception in the scan's policy".into());
                }
            }
            Kind::Secret | Kind::License => {}
        }
        Draft {
            kind,
            content: self.content(kind, &identity, emitter),
            finding,
            identity,
        }
    }

    fn details(&self, kind: Kind) -> Details<Cow<'_, str>> {
        let description = match kind {
            Kind::Vulnerability => self.description.borrowed(),
            Kind::Misconfiguration => {
                let texts = [self.message.some(), self.description.some()];
                let text = texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
                Some(text).filter(|text| !text.is_empty()).map(Cow::from)
            }
            // The match is masked, so that it stands for no one secret.
            Kind::Secret | Kind::License => None,
        };
        Details {
            description,
            references: self.references(),
        }
    }

    /// What is left of the identity without the file; absent when that is no
    /// more than the rule, as a message may be the same wherever a check fails.
    fn content<'a>(
        &self,
        kind: Kind,
        identity: &[Cow<'a, str>; 3],
        emitter: &Emitter<'_>,
    ) -> Option<[Cow<'a, str>; 4]> {
        let [rule, subject, detail] = identity.clone();
        match kind {
            Kind::Vulnerability | Kind::License => {
                (!subject.is_empty()).then(|| [rule, subject, "".into(), "".into()])
            }
            Kind::Misconfiguration => {
                let cause = self.cause_metadata.as_ref()?;
                let code = cause.code();
                let is_telling = !subject.is_empty() || !code.is_empty();
                // Code of this kind has passwords in it.
                is_telling.then(|| {
                    [
                        rule,
                        subject,
                        detail,
                        emitter.secrets().digest(&code).into(),
                    ]
                })
            }
            Kind::Secret => {
                let text = without_white_space(&self.r#match);
                let digest = emitter.secrets().digest(&text);
                let is_telling = text.bytes().any(|byte| byte != b'*');
                is_telling.then(|| [rule, digest.into(), "".into(), "".into()])
            }
        }
    }

    fn vulnerability(&self, emitter: &Emitter<'_>) -> Subject<'_> {
        let location = Location::Package {
            purl: self
                .pkg_identifier
                .as_ref()
                .and_then(|identifier| identifier.purl.borrowed()),
            name: (&*self.pkg_name).into(),
            version: self.installed_version.borrowed(),
            target: None,
            path: self.pkg_path.borrowed(),
        };
        let path = without_version(
            &emitter.stable_path(&self.pkg_path),
            &self.installed_version,
        );
        let id = &*self.vulnerability_id;
        let identity = [id.into(), (&*self.pkg_name).into(), path.into()];
        (id, location, identity)
    }

    fn misconfiguration(&self) -> Subject<'_> {
        let id = self.avd_id.some().unwrap_or(&self.id);
        let cause = self.cause_metadata.as_ref();
        let location = Location::Resource {
            target: "".into(),
            resource: cause.and_then(|cause| cause.resource.borrowed()),
            line: cause.and_then(|cause| cause.start_line.line()),
            end_line: cause.and_then(|cause| cause.end_line.line()),
        };
        // A message names what is wrong, such as the container or the port.
        let identity = [
            without_renaming(id),
            cause.map_or("", |cause| &cause.resource).into(),
            (&*self.message).into(),
        ];
        (id, location, identity)
    }

    fn secret(&self, emitter: &Emitter<'_>) -> Subject<'_> {
        let rule = &*self.rule_id;
        let location = Location::Source {
            path: "".into(),
            line: self.start_line.line(),
            end_line: self.end_line.line(),
            column: None,
            commit: None,
        };
        let digest = emitter.secrets().digest(&self.r#match);
        (rule, location, [rule.into(), digest.into(), "".into()])
    }

    fn license(&self, emitter: &Emitter<'_>) -> Subject<'_> {
        let license = &*self.name;
        let path = emitter.stable_path(&self.file_path);
        let identity = [license.into(), (&*self.pkg_name).into(), path];
        let location = match self.pkg_name.borrowed() {
            Some(name) => Location::Package {
                purl: None,
                name,
                version: None,
                target: None,
                path: self.file_path.borrowed(),
            },
            None => Location::source(&*self.file_path, None),
        };
        (license, location, identity)
    }

    fn title(&self, kind: Kind) -> Option<Cow<'_, str>> {
        let first_line = |text| first_line(text).map(Cow::Borrowed);
        first_line(&self.title).or_else(|| match kind {
            Kind::Vulnerability => {
                let id = self.vulnerability_id.some().unwrap_or("vulnerability");
                Some(format!("{id} in {}", &*self.pkg_name).into())
            }
            Kind::Misconfiguration => first_line(&self.message),
            Kind::Secret => first_line(&self.category),
            Kind::License => self.name.some().map(|name| match self.category.some() {
                Some(category) => format!("{name} ({category})").into(),
                None => name.into(),
            }),
        })
    }

    fn references(&self) -> Vec<Cow<'_, str>> {
        let mut references = Vec::with_capacity(self.references.0.len() + 1);
        let first = [&self.primary_url, &self.link];
        for reference in first.into_iter().chain(&self.references.0) {
            if let Some(reference) = reference.borrowed()
                && references.first() != Some(&reference)
            {
                references.push(reference);
            }
        }
        references
    }

    fn vulnerability_ids(&self) -> Vec<Cow<'_, str>> {
        let mut ids = Vec::new();
        for id in std::iter::once(&self.vulnerability_id).chain(&self.vendor_ids.0) {
            if let Some(id) = id.borrowed()
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        ids
    }

    /// The score of the source that the severity is from, where there is one.
    fn cvss(&self) -> Option<Cvss<Cow<'_, str>>> {
        let scores = self.cvss.as_ref()?;
        self.severity_source
            .some()
            .into_iter()
            .chain(["nvd", "ghsa", "redhat"])
            .filter_map(|source| scores.get(source))
            .chain(scores.values())
            .find_map(Scores::best)
    }
}

/// The rule of a finding, its place, and what makes its identity.
type Subject<'a> = (&'a str, Location<Cow<'a, str>>, [Cow<'a, str>; 3]);

/// A finding without what its result says of it, which may come later.
pub(super) struct Draft<'a> {
    kind: Kind,
    finding: Finding<'a>,
    /// The rule, what breaks it, and what tells it from its like there.
    identity: [Cow<'a, str>; 3],
    /// What stays of it when the file is renamed or reformatted.
    content: Option<[Cow<'a, str>; 4]>,
}

impl<'a> Draft<'a> {
    /// Notes why the scanner does not count it.
    pub(super) fn suppress(&mut self, reason: String) {
        self.finding.suppressed = Some(reason.into());
    }

    /// The same with texts of its own.
    pub(super) fn into_owned(self) -> Draft<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Draft {
            kind: self.kind,
            finding: self.finding.into_owned(),
            identity: self.identity.map(owned),
            content: self.content.map(|parts| parts.map(owned)),
        }
    }

    /// Completes the finding and hands it on. `workload` is the Kubernetes
    /// resource that it was found in.
    pub(super) fn emit(
        mut self,
        place: &'a Place,
        workload: Option<&'a str>,
        emitter: &mut Emitter<'_>,
    ) {
        let [rule, subject, detail] = &self.identity;
        let target = match self.kind {
            // The path of a package says more than a target such as `Java`;
            // the packages of a system are those of one image among several.
            Kind::Vulnerability if !detail.is_empty() && !place.is_system => "",
            _ => &place.stable,
        };
        self.finding.fingerprint = Fingerprint::new(
            self.kind.fingerprint_kind(),
            &[rule, subject, detail, target, workload.unwrap_or_default()],
        );
        self.finding.content = self.content.map(|[rule, subject, detail, code]| {
            let workload = workload.unwrap_or_default();
            let parts = [&rule, &subject, &detail, &code, workload];
            ContentDigest::new(self.kind.fingerprint_kind(), &parts)
        });
        match &mut self.finding.location {
            Location::Package { target, .. } => {
                *target = Some(match workload {
                    Some(workload) => format!("{workload}: {}", place.target).into(),
                    None => place.target.as_str().into(),
                });
            }
            Location::Source { path, .. } => {
                if path.is_empty() {
                    *path = place.target.as_str().into();
                }
                let description = workload.map(|workload| format!("in {workload}"));
                self.finding.details.description = description.map(Cow::Owned);
            }
            Location::Resource {
                target, resource, ..
            } => {
                *target = place.target.as_str().into();
                if resource.is_none() {
                    *resource = workload.map(Cow::Borrowed);
                }
            }
            Location::Web { .. } => {}
        }
        emitter.emit(self.finding);
    }
}

/// The path of a package as it is in all versions of the package: the names of
/// archives carry them, and folders such as `x-1.2.dist-info`.
fn without_version(path: &str, version: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let path = match version.trim() {
        version if version.contains('.') => path.replace(version, ""),
        _ => path.to_owned(),
    };
    match path.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/{}", fingerprint::without_digits(file)),
        None => fingerprint::without_digits(&path),
    }
}

/// A check's identifier as it is since 0.69: `DS002` and `AVD-DS-0002` are
/// `DS-0002`.
fn without_renaming(id: &str) -> Cow<'_, str> {
    let id = id.strip_prefix("AVD-").unwrap_or(id);
    let letters = id.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = id.strip_prefix(letters).unwrap_or_default();
    let group = letters.strip_suffix('-').unwrap_or(letters);
    let is_group = !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_group && !digits.is_empty() {
        Cow::Owned(format!("{group}-{digits:0>4}"))
    } else {
        Cow::Borrowed(id)
    }
}

/// Trivy's outcome. It is not the worst of the sources' severities on purpose:
/// distributions rate what they ship.
fn severity(word: &str) -> Severity {
    match word.trim().to_ascii_uppercase().as_str() {
        "CRITICAL" => Severity::Critical,
        "HIGH" => Severity::High,
        "MEDIUM" => Severity::Medium,
        "LOW" => Severity::Low,
        "NEGLIGIBLE" | "NONE" => Severity::Info,
        _ => Severity::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, report};
    use super::*;

    fn result(target: &str, class: &str, list: &str, entry: &str) -> String {
        format!(r#"{{"Target":"{target}","Class":"{class}","{list}":[{entry}]}}"#)
    }

    fn one(target: &str, class: &str, list: &str, entry: &str) -> Finding<'static> {
        let mut findings = read(&report(&result(target, class, list, entry)))
            .unwrap()
            .1;
        assert_eq!(findings.len(), 1, "{entry}");
        findings.remove(0)
    }

    const VULNERABILITY: &str = r#"{"VulnerabilityID":"CVE-2026-1","VendorIDs":["DSA-1","CVE-2026-1"],
        "PkgID":"libx@1.0-1","PkgName":"libx","PkgIdentifier":{"PURL":"pkg:deb/debian/libx@1.0-1?a=b\u0026c=d"},
        "InstalledVersion":"1.0-1","FixedVersion":"1.0-2, 1.1","Status":"fixed","Layer":{},
        "SeveritySource":"debian","PrimaryURL":"https://p.example","Title":"\n x: bad \n thing",
        "Description":"d","Severity":"LOW","CweIDs":["CWE-787","CWE-20"],"VendorSeverity":{"debian":1,"nvd":4},
        "CVSS":{"nvd":{"V2Score":5,"V3Vector":"CVSS:3.1/AV:N","V3Score":9.8}},
        "References":["https://r.example","https://p.example"]}"#;

    #[test]
    fn a_vulnerability_is_read() {
        let finding = one(
            "app:1 (debian 12)",
            "os-pkgs",
            "Vulnerabilities",
            VULNERABILITY,
        );
        let expected = Finding {
            content: Some(ContentDigest::new(
                "trivy-vulnerability",
                &["CVE-2026-1", "libx", "", "", ""],
            )),
            title: "x: bad".into(),
            scanner_severity: Some("LOW".into()),
            cwes: vec![787, 20],
            vulnerability_ids: vec!["CVE-2026-1".into(), "DSA-1".into()],
            cvss: Some(Cvss {
                version: CvssVersion::V3,
                score: 9.8,
                vector: Some("CVSS:3.1/AV:N".into()),
            }),
            fixed_in: vec!["1.0-2".into(), "1.1".into()],
            details: Details {
                description: Some("d".into()),
                references: vec!["https://p.example".into(), "https://r.example".into()],
            },
            reference_count: 2,
            pointer: "/Results/0/Vulnerabilities/0".into(),
            ..Finding::new(
                Fingerprint::new(
                    "trivy-vulnerability",
                    &["CVE-2026-1", "libx", "", "app", ""],
                ),
                Category::Sca,
                "CVE-2026-1",
                Severity::Low,
                Location::Package {
                    purl: Some("pkg:deb/debian/libx@1.0-1?a=b&c=d".into()),
                    name: "libx".into(),
                    version: Some("1.0-1".into()),
                    target: Some("app:1 (debian 12)".into()),
                    path: None,
                },
            )
        };
        assert_eq!(finding, expected);
    }

    #[test]
    fn a_check_is_read() {
        let finding = one(
            "main.tf",
            "config",
            "Misconfigurations",
            r#"{"ID":"DS002","AVDID":"AVD-DS-0002","Title":"t","Description":"d","Message":"m",
            "Severity":"HIGH","Status":"FAIL","References":null,
            "CauseMetadata":{"Resource":"a.b","StartLine":3,"EndLine":5,"Code":{"Lines":null}}}"#,
        );
        assert_eq!(finding.rule_id, "AVD-DS-0002");
        assert_eq!(finding.category, Category::Misconfiguration);
        let details = finding.details;
        assert_eq!(details.description.as_deref(), Some("m\n\nd"));
        assert_eq!(
            finding.location,
            Location::Resource {
                target: "main.tf".into(),
                resource: Some("a.b".into()),
                line: Some(3),
                end_line: Some(5),
            }
        );
    }

    #[test]
    fn no_value_of_a_secret_is_kept() {
        let finding = one(
            "a/.env",
            "secret",
            "Secrets",
            r#"{"RuleID":"k","Category":"c","Severity":"CRITICAL","Title":"Key","StartLine":3,"EndLine":3,
            "Match":"K=hunter2","Code":{"Lines":[{"Content":"K=hunter2"}]}}"#,
        );
        assert!(!format!("{finding:?}").contains("hunter2"));
        assert_eq!(finding.category, Category::Secret);
        assert_eq!(finding.title, "Key");
        assert_eq!(
            finding.location,
            Location::Source {
                path: "a/.env".into(),
                line: Some(3),
                end_line: Some(3),
                column: None,
                commit: None,
            }
        );
    }

    #[test]
    fn content_is_what_is_left_without_the_file_and_more_than_the_rule() {
        let content =
            |target: &str, list: &str, entry: &str| one(target, "custom", list, entry).content;
        let check = |cause: &str| {
            format!(r#"{{"ID":"A","Message":"m","Status":"FAIL","CauseMetadata":{cause}}}"#)
        };
        let code = |line: &str| {
            check(&format!(
                r#"{{"Code":{{"Lines":[{{"Content":"{line}","IsCause":true}},{{"Content":"x"}}]}}}}"#
            ))
        };
        for (list, entry, other) in [
            (
                "Vulnerabilities",
                VULNERABILITY.to_owned(),
                VULNERABILITY.replace("libx", "y"),
            ),
            ("Misconfigurations", code("USER root"), code("USER admin")),
            (
                "Misconfigurations",
                check(r#"{"Resource":"r"}"#),
                check(r#"{"Resource":"s"}"#),
            ),
            (
                "Secrets",
                r#"{"RuleID":"k","Match":"K = ****"}"#.to_owned(),
                r#"{"RuleID":"k","Match":"L = ****"}"#.to_owned(),
            ),
            (
                "Licenses",
                r#"{"Name":"AGPL","PkgName":"x"}"#.to_owned(),
                r#"{"Name":"AGPL","PkgName":"y"}"#.to_owned(),
            ),
        ] {
            let known = content("a/f", list, &entry);
            assert!(known.is_some(), "{entry}");
            assert_eq!(content("b/f", list, &entry), known, "{entry}");
            assert_ne!(content("a/f", list, &other), known, "{entry}");
        }
        assert_eq!(
            content("f", "Misconfigurations", &code("USER root")),
            content("f", "Misconfigurations", &code("  USER  root"))
        );
        for (list, entry) in [
            (
                "Vulnerabilities",
                r#"{"VulnerabilityID":"CVE-1"}"#.to_owned(),
            ),
            ("Misconfigurations", check("{}")),
            ("Secrets", r#"{"RuleID":"k","Match":" ****"}"#.to_owned()),
            (
                "Licenses",
                r#"{"Name":"AGPL","FilePath":"LICENSE"}"#.to_owned(),
            ),
        ] {
            assert_eq!(content("f", list, &entry), None, "{entry}");
        }
    }

    #[test]
    fn a_license_is_of_a_package_or_a_file() {
        let of = |package: &str, file: &str| {
            one(
                "Java",
                "license",
                "Licenses",
                &format!(
                    r#"{{"Severity":"CRITICAL","Category":"forbidden","PkgName":"{package}",
                    "FilePath":"{file}","Name":"AGPL-3.0","Text":"","Confidence":1,"Link":""}}"#
                ),
            )
        };
        let package = of("x:y", "");
        assert_eq!(package.title, "AGPL-3.0 (forbidden)");
        assert_eq!(package.location.to_string(), "x:y in Java");
        assert_eq!(of("", "LICENSE").location.to_string(), "LICENSE");
        assert_eq!(of("", "").location.to_string(), "Java");
    }

    #[test]
    fn severity_is_the_word_of_trivy_alone() {
        for (severity, expected) in [
            (r#""CRITICAL""#, Severity::Critical),
            (r#"" high ""#, Severity::High),
            (r#""Medium""#, Severity::Medium),
            (r#""LOW""#, Severity::Low),
            (r#""NEGLIGIBLE""#, Severity::Info),
            (r#""NONE""#, Severity::Info),
            (r#""UNKNOWN""#, Severity::Unknown),
            (r#""SEVERE""#, Severity::Unknown),
            (r#""""#, Severity::Unknown),
            ("null", Severity::Unknown),
            ("4", Severity::Unknown),
            ("[\"LOW\"]", Severity::Unknown),
            ("{}", Severity::Unknown),
            ("true", Severity::Unknown),
        ] {
            let entry = VULNERABILITY.replace(r#""LOW""#, severity);
            let finding = one("x", "os-pkgs", "Vulnerabilities", &entry);
            assert_eq!(finding.severity, expected, "{severity}");
        }
    }

    #[test]
    fn the_score_is_that_of_the_severitys_source() {
        for (scores, expected) in [
            (r#""nvd":{"V3Score":9},"debian":{"V3Score":3}"#, Some(3.0)),
            (r#""redhat":{"V3Score":7},"ghsa":{"V3Score":8}"#, Some(8.0)),
            (r#""zzz":{"V3Score":2},"bitnami":{"V3Score":1}"#, Some(1.0)),
            (r#""nvd":{"V3Score":9,"V40Score":5,"V2Score":1}"#, Some(5.0)),
            (
                r#""debian":{"V3Vector":"v"},"nvd":{"V2Score":"6.5"}"#,
                Some(6.5),
            ),
            (r#""nvd":{"V3Score":11}"#, None),
            ("", None),
        ] {
            let entry = VULNERABILITY.replace(
                r#""nvd":{"V2Score":5,"V3Vector":"CVSS:3.1/AV:N","V3Score":9.8}"#,
                scores,
            );
            let finding = one("x", "os-pkgs", "Vulnerabilities", &entry);
            assert_eq!(finding.cvss.map(|cvss| cvss.score), expected, "{scores}");
        }
    }

    #[test]
    fn an_entry_may_have_next_to_nothing() {
        for (list, title) in [
            ("Vulnerabilities", "vulnerability in x"),
            ("Misconfigurations", "finding without a name"),
            ("Secrets", "finding without a name"),
            ("Licenses", "finding without a name"),
        ] {
            let finding = one("x", "y", list, r#"{"PkgName":"x","Layer":{},"CVSS":null}"#);
            assert_eq!(finding.title, title);
            assert_eq!(finding.severity, Severity::Unknown);
        }
    }

    fn fingerprint(list: &str, target: &str, class: &str, entry: &str) -> Fingerprint {
        one(target, class, list, entry).fingerprint
    }

    #[test]
    fn the_identity_of_a_vulnerability_outlives_builds_and_versions() {
        let system =
            |target: &str, entry: &str| fingerprint("Vulnerabilities", target, "os-pkgs", entry);
        let known = system("reg:5000/app:1 (debian 12)", VULNERABILITY);
        for target in [
            "reg:5000/app:2 (debian 13)",
            "reg:5000/app@sha256:12 (debian 12)",
            "reg:5000/app (debian 12)",
        ] {
            assert_eq!(system(target, VULNERABILITY), known, "{target}");
        }
        for target in ["reg:5000/web:1 (debian 12)", "/mnt/root (debian 12)"] {
            assert_ne!(system(target, VULNERABILITY), known, "{target}");
        }
        let known = system("x", VULNERABILITY);
        let legacy = fingerprint("Vulnerabilities", "x:3 (debian 9)", "", VULNERABILITY);
        assert_eq!(legacy, known);
        assert_eq!(system("x", &VULNERABILITY.replace("1.0-1", "1.0-2")), known);
        assert_ne!(
            system("x", &VULNERABILITY.replace("libx\"", "liby\"")),
            known
        );
        assert_ne!(
            system(
                "x",
                &VULNERABILITY.replace("CVE-2026-1\",\"V", "CVE-2\",\"V")
            ),
            known
        );

        let file =
            |target: &str| fingerprint("Vulnerabilities", target, "lang-pkgs", VULNERABILITY);
        assert_eq!(
            file("web/yarn.lock"),
            file("/builds/acme/shop/web/yarn.lock")
        );
        assert_ne!(file("web/yarn.lock"), file("api/yarn.lock"));

        let archive = |path: &str| {
            let path = format!(r#"{{"PkgPath":"{path}","#);
            fingerprint(
                "Vulnerabilities",
                "Java",
                "lang-pkgs",
                &VULNERABILITY.replacen('{', &path, 1),
            )
        };
        assert_eq!(archive("app/x-1.9.jar"), archive("app/x-1.10.jar"));
        assert_ne!(archive("app/x-1.9.jar"), archive("lib/x-1.9.jar"));
        assert_ne!(archive("srv/a1/x.json"), archive("srv/a2/x.json"));
        let metadata = |version: &str| {
            let entry = format!(
                r#"{{"VulnerabilityID":"CVE-1","PkgName":"x","InstalledVersion":"{version}",
                "PkgPath":"lib/python3/x-{version}.dist-info/METADATA"}}"#
            );
            fingerprint("Vulnerabilities", "Python", "lang-pkgs", &entry)
        };
        assert_eq!(metadata("1.9"), metadata("1.10"));
    }

    #[test]
    fn the_identity_of_a_check_outlives_its_renaming() {
        let check = |id: &str, line: u64| {
            fingerprint(
                "Misconfigurations",
                "Dockerfile",
                "config",
                &format!(r#"{{{id},"Message":"port 22","CauseMetadata":{{"StartLine":{line}}}}}"#),
            )
        };
        let known = check(r#""ID":"DS-0002""#, 3);
        for id in [
            r#""ID":"DS002""#,
            r#""ID":"AVD-DS-0002""#,
            r#""ID":"DS002","AVDID":"AVD-DS-0002""#,
        ] {
            assert_eq!(check(id, 9), known, "{id}");
        }
        assert_ne!(check(r#""ID":"DS-0003""#, 3), known);
        let port = |port: u16| {
            let entry = format!(r#"{{"ID":"A","Message":"port {port} is open"}}"#);
            fingerprint("Misconfigurations", "main.tf", "config", &entry)
        };
        assert_ne!(port(22), port(443));

        let of =
            |target: &str, entry: &str| fingerprint("Misconfigurations", target, "config", entry);
        let known = of("app:1", r#"{"ID":"A","CauseMetadata":{"Resource":"r"}}"#);
        assert_eq!(
            of("app:2", r#"{"ID":"A","CauseMetadata":{"Resource":"r"}}"#),
            known
        );
        assert_ne!(
            of("app:1", r#"{"ID":"A","CauseMetadata":{"Resource":"s"}}"#),
            known
        );
        assert_ne!(
            of(
                "app:1",
                r#"{"ID":"A","Message":"m","CauseMetadata":{"Resource":"r"}}"#
            ),
            known
        );
        for (one, other) in [
            ("a.tgz:b.yaml", "a.tgz:c.yaml"),
            ("C:\\\\a\\\\b", "C:\\\\a\\\\c"),
        ] {
            assert_ne!(of(one, r#"{"ID":"A"}"#), of(other, r#"{"ID":"A"}"#));
        }
    }

    #[test]
    fn the_identity_of_a_secret_is_its_rule_file_and_match() {
        let secret = |target: &str, rule: &str, value: &str, line: u64| {
            let entry = format!(r#"{{"RuleID":"{rule}","Match":"{value}","StartLine":{line}}}"#);
            fingerprint("Secrets", target, "secret", &entry)
        };
        let known = secret(".env", "r", "K=***", 3);
        assert_eq!(secret("./.env", "r", "K=***", 9), known);
        assert_ne!(secret("b/.env", "r", "K=***", 3), known);
        assert_ne!(secret(".env", "s", "K=***", 3), known);
        assert_ne!(secret(".env", "r", "K=****", 3), known);
    }

    #[test]
    fn identifiers_are_as_since_0_69() {
        for (id, expected) in [
            ("DS002", "DS-0002"),
            ("AVD-DS002", "DS-0002"),
            ("AVD-KSV-0116", "KSV-0116"),
            ("KCV0001", "KCV-0001"),
            ("aws-s3-encrypt", "aws-s3-encrypt"),
            ("CIS-1.2", "CIS-1.2"),
            ("N/A", "N/A"),
            ("7", "7"),
            ("", ""),
        ] {
            assert_eq!(without_renaming(id), expected);
        }
    }
}
