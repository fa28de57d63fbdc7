//! What a statement is about, and whether a finding is in it.

use packageurl::PackageUrl;

/// A package URL, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Purl(PackageUrl<'static>);

impl Purl {
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(Self)
    }

    /// The same package in one version; none if it names another version itself.
    pub(super) fn in_version(&self, version: &str) -> Option<Self> {
        match self.0.version() {
            Some(own) if own != version => None,
            Some(_) => Some(self.clone()),
            None => {
                let mut purl = self.0.clone();
                purl.with_version(version.to_owned()).ok()?;
                Some(Self(purl))
            }
        }
    }

    /// Whether `other` is this package. What this one leaves open may be
    /// anything: the version, the qualifiers, the path inside.
    fn covers(&self, other: &Self) -> bool {
        let (this, other) = (&self.0, &other.0);
        this.ty() == other.ty()
            && this.namespace() == other.namespace()
            && this.name() == other.name()
            && (this.version().is_none() || this.version() == other.version())
            && (this.subpath().is_none() || this.subpath() == other.subpath())
            && this
                .qualifiers()
                .iter()
                .all(|(key, value)| other.qualifiers().get(key) == Some(value))
    }

    /// Whether `other` may be this package. What either leaves open may be
    /// anything.
    fn may_be(&self, other: &Self) -> bool {
        fn agree<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        let (this, other) = (&self.0, &other.0);
        this.ty() == other.ty()
            && this.namespace() == other.namespace()
            && this.name() == other.name()
            && agree(this.version(), other.version())
            && agree(this.subpath(), other.subpath())
            && this
                .qualifiers()
                .iter()
                .all(|(key, value)| agree(Some(value), other.qualifiers().get(key)))
    }
}

/// A product that a statement is about. What is not named by a package URL is
/// there, and absent: nobody can tell what it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Target {
    pub(super) product: Option<Purl>,
    /// The parts of the product that the statement is limited to; absent when it
    /// is about all of the product.
    pub(super) parts: Option<Vec<Option<Purl>>>,
}

impl Target {
    /// A product of which nothing is known.
    pub(super) const UNNAMED: Self = Self {
        product: None,
        parts: None,
    };

    /// Whether nobody can tell all that it means.
    pub(super) fn is_unnamed(&self) -> bool {
        self.product.is_none() || self.parts.iter().flatten().any(Option::is_none)
    }

    /// Whether a finding in `package` of `artifact` is in it. With parts, the
    /// product is the artifact: what is said of a package in one image says
    /// nothing of the package in others.
    pub(super) fn covers(&self, package: Option<&Purl>, artifact: Option<&Purl>) -> bool {
        let is = |named: &Option<Purl>, thing: Option<&Purl>| matches!((named, thing), (Some(named), Some(thing)) if named.covers(thing));
        let is_artifact = is(&self.product, artifact);
        match &self.parts {
            None => is_artifact || is(&self.product, package),
            Some(parts) => is_artifact && parts.iter().any(|part| is(part, package)),
        }
    }

    /// Whether a finding in `package` of `artifact` may be in it, as far as anybody
    /// can tell.
    pub(super) fn may_cover(&self, package: Option<&Purl>, artifact: Option<&Purl>) -> bool {
        let may_be = |named: &Option<Purl>, thing: Option<&Purl>| !matches!((named, thing), (Some(named), Some(thing)) if !named.may_be(thing));
        match (&self.parts, &self.product) {
            (Some(parts), product) => {
                may_be(product, artifact) && parts.iter().any(|part| may_be(part, package))
            }
            (None, None) => true,
            // A package of some name: it is not the artifact of which nobody knows
            // the name, or it would be about every package.
            (None, Some(product)) => [artifact, package]
                .into_iter()
                .flatten()
                .any(|thing| product.may_be(thing)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(text: &str) -> Purl {
        Purl::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_package_is_the_same_by_type_namespace_name_and_what_else_is_named() {
        let debian = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12";
        let scoped = "pkg:npm/%40babel/core@7.0.0";
        let jar = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar";
        let image = "pkg:oci/app@sha256%3Aab?repository_url=ghcr.io%2Facme%2Fapp&tag=1";
        for (statement, finding, covers) in [
            (debian, debian, true),
            ("pkg:deb/debian/openssl", debian, true),
            ("pkg:DEB/debian/openssl@3.0.11-1", debian, true),
            ("pkg:deb/debian/openssl@3.0.11-1?arch=amd64", debian, true),
            (
                "pkg:deb/debian/openssl?distro=debian-12&arch=amd64",
                debian,
                true,
            ),
            ("pkg:deb/debian/openssl@3.0.11-1?arch=arm64", debian, false),
            ("pkg:deb/debian/openssl?arch=amd64&epoch=1", debian, false),
            ("pkg:deb/debian/openssl@3.0.11", debian, false),
            ("pkg:deb/debian/openssl@3.0.11-2", debian, false),
            ("pkg:deb/ubuntu/openssl", debian, false),
            ("pkg:deb/openssl", debian, false),
            ("pkg:deb/debian/openssl1.1", debian, false),
            ("pkg:rpm/debian/openssl", debian, false),
            (debian, "pkg:deb/debian/openssl", false),
            (
                "pkg:deb/debian/openssl@3.0.11-1",
                "pkg:deb/debian/openssl",
                false,
            ),
            ("pkg:npm/@babel/core", scoped, true),
            (
                "pkg:npm/%40babel/core@7.0.0",
                "pkg:npm/@babel/core@7.0.0",
                true,
            ),
            ("pkg:npm/core@7.0.0", scoped, false),
            ("pkg:pypi/Foo_Bar", "pkg:pypi/foo-bar@1.0", true),
            ("pkg:maven/org.apache.logging.log4j/log4j-core", jar, true),
            (
                "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
                jar,
                true,
            ),
            ("pkg:maven/org.apache.logging.log4j/Log4j-core", jar, false),
            ("pkg:maven/org.apache.logging/log4j-core", jar, false),
            ("pkg:oci/app", image, true),
            ("pkg:oci/app?repository_url=ghcr.io/acme/app", image, true),
            ("pkg:oci/app@sha256:ab", image, true),
            ("pkg:oci/app@sha256:cd", image, false),
            (
                "pkg:golang/example.com/m#sub",
                "pkg:golang/example.com/m@v1",
                false,
            ),
            (
                "pkg:golang/example.com/m@v1.2+incompatible",
                "pkg:golang/example.com/m@v1.2%2Bincompatible",
                true,
            ),
        ] {
            assert_eq!(
                purl(statement).covers(&purl(finding)),
                covers,
                "{statement} {finding}"
            );
        }
    }

    #[test]
    fn what_is_no_package_url_is_none() {
        for text in [
            "",
            "pkg:",
            "pkg:npm",
            "pkg:npm/",
            "cpe:2.3:a:apache:log4j:2.4:-:*:*:*:*:*:*",
            "https://example.com/pkg:npm/x",
            "npm:x@1.0",
            "pkg:npm/%ff",
        ] {
            assert!(Purl::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_version_from_elsewhere_agrees_with_the_packages_own() {
        let open = purl("pkg:npm/x?a=b");
        assert_eq!(open.in_version("1"), Some(purl("pkg:npm/x@1?a=b")));
        let fixed = purl("pkg:npm/x@1");
        assert_eq!(fixed.in_version("1"), Some(fixed.clone()));
        assert_eq!(fixed.in_version("2"), None);
    }

    #[test]
    fn what_either_leaves_open_may_be_the_same() {
        let exact = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12";
        for (statement, finding, may_be) in [
            (exact, exact, true),
            ("pkg:deb/debian/openssl", exact, true),
            (exact, "pkg:deb/debian/openssl", true),
            (exact, "pkg:deb/debian/openssl@3.0.11-1?arch=amd64", true),
            ("pkg:deb/debian/openssl?epoch=1", exact, true),
            ("pkg:deb/debian/openssl#lib", exact, true),
            (exact, "pkg:deb/debian/openssl@3.0.11-2", false),
            (exact, "pkg:deb/debian/openssl?arch=arm64", false),
            (exact, "pkg:deb/ubuntu/openssl", false),
            (exact, "pkg:deb/debian/openssl1.1", false),
            ("pkg:golang/m#a", "pkg:golang/m#b", false),
        ] {
            let (one, other) = (purl(statement), purl(finding));
            assert_eq!(one.may_be(&other), may_be, "{statement} {finding}");
            assert!(!one.covers(&other) || may_be, "{statement} {finding}");
        }
    }

    #[test]
    fn parts_hold_only_in_their_product() {
        let target = |product: &str, parts: Option<&[&str]>| Target {
            product: Purl::parse(product),
            parts: parts.map(|parts| parts.iter().map(|text| Purl::parse(text)).collect()),
        };
        let image = "pkg:oci/app@sha256:ab";
        let app = purl(image);
        let other = purl("pkg:oci/other@sha256:cd");
        let lib = purl("pkg:npm/lib@1.0.0");
        let parts: &[&str] = &["pkg:npm/x", "pkg:npm/lib"];
        let unnamed: &[&str] = &["cpe:/a:x:lib"];
        for (product, parts, package, artifact, covers, may_cover) in [
            (image, None, Some(&lib), Some(&app), true, true),
            (image, None, None, Some(&app), true, true),
            (image, None, Some(&app), None, true, true),
            (image, None, Some(&lib), None, false, false),
            (image, None, Some(&lib), Some(&other), false, false),
            (image, Some(parts), Some(&lib), Some(&app), true, true),
            (image, Some(parts), Some(&lib), None, false, true),
            (image, Some(parts), Some(&lib), Some(&other), false, false),
            (image, Some(parts), Some(&app), Some(&app), false, false),
            (image, Some(parts), None, Some(&app), false, true),
            (image, Some(&[]), Some(&lib), Some(&app), false, false),
            (image, Some(unnamed), Some(&lib), Some(&app), false, true),
            (image, Some(unnamed), Some(&lib), Some(&other), false, false),
            ("app", None, Some(&lib), Some(&app), false, true),
            ("app", Some(parts), Some(&lib), Some(&app), false, true),
            ("app", Some(parts), Some(&app), Some(&app), false, false),
            ("app", Some(unnamed), Some(&lib), None, false, true),
        ] {
            let target = target(product, parts);
            let is = target.covers(package, artifact);
            let may_be = target.may_cover(package, artifact);
            assert_eq!(
                (is, may_be),
                (covers, may_cover),
                "{target:?} {package:?} {artifact:?}"
            );
        }
    }
}
