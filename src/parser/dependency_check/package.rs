//! What a dependency is, and what of that stays the same.

use percent_encoding::percent_decode_str;

use super::{Dependency, Identifier, text};
use crate::fingerprint::without_digits;

/// What a dependency is, as far as the scanner knows. Of several packages in
/// one file it is the first by the alphabet, in whatever order they come.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    /// What stays the same when the version changes.
    pub(super) key: String,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) name: String,
}

impl Package {
    pub(super) fn of(dependency: &Dependency<'_>) -> Self {
        let packages = dependency.packages.0.iter();
        let identifiers = dependency.identifiers.0.iter();
        packages
            .filter_map(|package| Self::from_purl(package.id.trim()))
            .min()
            .or_else(|| identifiers.filter_map(Self::from_coordinates).min())
            .unwrap_or_else(|| {
                let name = dependency.file_name.trim();
                let key = match text::<String>(&dependency.sha1) {
                    Some(sha1) => format!("sha1:{}", sha1.to_ascii_lowercase()),
                    None => format!("file:{}", without_digits(name)),
                };
                Self {
                    key,
                    version: None,
                    purl: None,
                    name: name.to_owned(),
                }
            })
    }

    /// Reads a package URL: `pkg:npm/%40scope%2Fname@1.0?qualifiers#subpath`.
    fn from_purl(purl: &str) -> Option<Self> {
        let rest = purl.strip_prefix("pkg:")?;
        let rest = rest.split(['?', '#']).next()?;
        let (kind, rest) = rest.trim_matches('/').split_once('/')?;
        let (name, version) = match rest.rsplit_once('@') {
            // The mark of a scope that should have been encoded.
            Some((name, _)) if name.is_empty() || name.ends_with('/') => (rest, None),
            Some((name, version)) => (name, text(&decoded(version))),
            None => (rest, None),
        };
        let name = decoded(name);
        Some(Self {
            key: format!("pkg:{}/{name}", kind.to_ascii_lowercase()),
            version,
            purl: Some(purl.to_owned()),
            name,
        })
    }

    /// Reads an identifier of before 5.0: `g:a:1.0` of Maven, `name:1.0` of NPM,
    /// both at times in brackets. The key is that of the package URL that newer
    /// versions write.
    fn from_coordinates(identifier: &Identifier<'_>) -> Option<Self> {
        let kind = identifier.kind.trim().to_ascii_lowercase();
        if kind.is_empty() || kind == "cpe" {
            return None;
        }
        let coordinates = identifier.name.trim_matches(['(', ')', ' ', '\n']);
        let (name, version) = coordinates.rsplit_once(':')?;
        let name = name.replace(':', "/");
        Some(Self {
            key: format!("pkg:{kind}/{name}"),
            version: text(version),
            purl: None,
            name,
        })
    }
}

/// `text` without percent-encoding.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::tests::{finding, findings, with_scan};
    use super::*;
    use crate::fingerprint::Fingerprint;

    /// The identity of CVE-2026-1 in a dependency of these members.
    fn identity(members: &str) -> Fingerprint {
        let report = with_scan(
            r#""engineVersion":"12""#,
            &format!(r#"{{{members},"vulnerabilities":[{{"name":"CVE-2026-1"}}]}}"#),
        );
        findings(&report).remove(0).fingerprint
    }

    #[test]
    fn a_package_url_is_taken_apart() {
        for (purl, key, name, version) in [
            (
                "pkg:maven/org.x/x@1.0?type=jar#sub",
                "pkg:maven/org.x/x",
                "org.x/x",
                Some("1.0"),
            ),
            (
                "pkg:npm/%40antora%2Fasciidoc-loader@3.1.8",
                "pkg:npm/@antora/asciidoc-loader",
                "@antora/asciidoc-loader",
                Some("3.1.8"),
            ),
            (
                "pkg:npm/@antora/asciidoc-loader@3.1.8",
                "pkg:npm/@antora/asciidoc-loader",
                "@antora/asciidoc-loader",
                Some("3.1.8"),
            ),
            (
                "pkg:npm/@antora/asciidoc-loader",
                "pkg:npm/@antora/asciidoc-loader",
                "@antora/asciidoc-loader",
                None,
            ),
            ("pkg:npm/@x", "pkg:npm/@x", "@x", None),
            (
                "pkg:NuGet/A.B@1.0%2B5",
                "pkg:nuget/A.B",
                "A.B",
                Some("1.0+5"),
            ),
            ("pkg:generic/50%", "pkg:generic/50%", "50%", None),
        ] {
            let package = Package::from_purl(purl).unwrap();
            let found = (&*package.key, &*package.name, package.version.as_deref());
            assert_eq!(found, (key, name, version), "{purl}");
        }
        assert!(Package::from_purl("npm:x@1.0").is_none());
        assert!(Package::from_purl("pkg:npm").is_none());
    }

    #[test]
    fn identity_survives_what_does_not_change_the_finding() {
        let package = r#""fileName":"x-1.0.jar","packages":[{"id":"pkg:maven/org.x/x@1.0"}]"#;
        for (same, as_this) in [
            (
                r#""fileName":"x-2.jar","filePath":"/b","sha1":"b","packages":[{"id":"pkg:maven/org.x/x@2?type=jar#a"}]"#,
                package,
            ),
            (
                r#""fileName":"x","packages":[{"id":"pkg:maven/org.y/y@1"},{"id":"pkg:maven/org.x/x@1"}]"#,
                package,
            ),
            (
                r#""fileName":"x","identifiers":[{"type":"cpe","name":"cpe:/a:x:x:1"},{"type":"maven","name":"(org.x:x:0.9)"}]"#,
                package,
            ),
            (
                r#""fileName":"b.jar","filePath":"/b","sha1":"AB""#,
                r#""fileName":"a.jar","filePath":"/a","sha1":"ab""#,
            ),
            (
                r#""fileName":"x:1.10.2","packages":[]"#,
                r#""fileName":"x:1.9.0","sha1":"""#,
            ),
        ] {
            assert_eq!(identity(same), identity(as_this), "{same}");
        }
    }

    #[test]
    fn identity_differs_for_another_vulnerability_package_or_file() {
        let report = with_scan(
            r#""engineVersion":"12""#,
            r#"{"fileName":"x-1.jar","packages":[{"id":"pkg:maven/org.x/x@1"}],"vulnerabilities":[{"name":"CVE-2026-1"},{"name":"CVE-2026-2"}]},
            {"fileName":"copy.jar","packages":[{"id":"pkg:maven/org.x/x@1"}],"vulnerabilities":[{"name":"CVE-2026-1"}]},
            {"fileName":"y-1.jar","packages":[{"id":"pkg:maven/org.x/y@1"}],"vulnerabilities":[{"name":"CVE-2026-1"}]},
            {"fileName":"x-1.jar","packages":[{"id":"pkg:npm/org.x/x@1"}],"vulnerabilities":[{"name":"CVE-2026-1"}]},
            {"fileName":"x-1.jar","sha1":"a","vulnerabilities":[{"name":"CVE-2026-1"}]},
            {"fileName":"x-1.jar","sha1":"b","vulnerabilities":[{"name":"CVE-2026-1"}]},
            {"fileName":"x-1.jar","vulnerabilities":[{"name":"CVE-2026-1"}]},
            {"fileName":"y-1.jar","vulnerabilities":[{"name":"CVE-2026-1"}]}"#,
        );
        let findings = findings(&report);
        let distinct: HashSet<_> = findings.iter().map(|finding| finding.fingerprint).collect();
        assert_eq!(distinct.len(), 9);
    }

    #[test]
    fn the_recipe_is_frozen() {
        let fingerprint = finding(r#""severity":"LOW""#).fingerprint.to_string();
        assert_eq!(fingerprint, "sg1:f7525ab54043555096376c4c066ab821");
    }
}
