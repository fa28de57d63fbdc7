//! What links two findings, decided from these two alone.
//!
//! Every way to be linked is to share something: a vulnerability of a package,
//! a weakness on a line, a secret in a file. A [`Bond`] is what is shared, with
//! all who share it, so that a thousand findings of one thing are a thousand
//! members and not half a million pairs.

use std::borrow::Cow;
use std::hash::Hash;
use std::ops::RangeInclusive;

use foldhash::HashMap;
use percent_encoding::percent_decode_str;

use crate::digests::{Digest, Digests};
use crate::finding::{AnyCase, Category, Found, Kind, Location, Severity};
use crate::fingerprint::stable_path;

/// A finding as far as links are concerned.
pub(super) struct Item<'a> {
    /// Its place in what was given.
    pub(super) index: u32,
    /// The place of the first with its fingerprint.
    pub(super) identity: u32,
    /// The number of its site.
    pub(super) site: u32,
    /// Its scanner, as a number; there are never as many as that.
    pub(super) scanner: u16,
    /// Its severity, or what `unknown` counts as.
    pub(super) severity: Severity,
    pub(super) finding: Found<'a>,
}

/// Something that findings of at least two identities share, and that connects
/// all of them.
pub(super) struct Bond<'s, 'a> {
    pub(super) reason: Reason<'a>,
    /// In the order of their indices.
    pub(super) members: Vec<Member<'s, 'a>>,
}

impl Bond<'_, '_> {
    /// That of the first member.
    pub(super) fn identity(&self) -> u32 {
        self.members
            .first()
            .map_or(0, |member| member.item.identity)
    }
}

/// One that shares something.
#[derive(Clone, Copy)]
pub(super) struct Member<'s, 'a> {
    pub(super) item: &'s Item<'a>,
    pub(super) side: Side,
}

/// Whom a member is linked to by what it shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// Everybody who shares it.
    All,
    /// All but those of the same number.
    Not(u32),
}

impl Side {
    pub(super) fn links_to(self, other: Self) -> bool {
        self == Self::All || self != other
    }
}

/// Why findings are one. Its text is the scanners': neutralize it for where it
/// goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason<'a> {
    /// The same vulnerability of the same version of a package.
    Vulnerability {
        /// The identifier in common.
        id: &'a str,
        /// The package's name.
        package: &'a str,
        /// Its version, where the reports have one.
        version: Option<&'a str>,
    },
    /// The same weakness, seen by different scanners on the same line.
    Weakness {
        /// The number of the weakness in common.
        cwe: u32,
        /// The file, without the folder of the checkout.
        path: Cow<'a, str>,
        /// 1-based.
        line: u32,
    },
    /// The same secret in the same file.
    Secret {
        /// The file, without the folder of the checkout.
        path: Cow<'a, str>,
        /// Where different scanners see one, when it cannot be told by its
        /// digest; 1-based.
        line: Option<u32>,
    },
}

impl std::fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Vulnerability {
                id,
                package,
                version,
            } => {
                write!(f, "{id} in {package}")?;
                version.map_or(Ok(()), |version| write!(f, " {version}"))
            }
            Self::Weakness { cwe, path, line } => write!(f, "CWE-{cwe} at {path}:{line}"),
            Self::Secret { path, line: None } => write!(f, "one secret in {path}"),
            Self::Secret {
                path,
                line: Some(line),
            } => write!(f, "one secret at {path}:{line}"),
        }
    }
}

/// Everything that links findings.
pub(super) fn bonds<'s, 'a>(items: &'s [Item<'a>], workspace: Option<&str>) -> Vec<Bond<'s, 'a>> {
    let mut bonds = Vec::new();
    vulnerabilities(items, &mut bonds);
    weaknesses(items, workspace, &mut bonds);
    secrets(items, workspace, &mut bonds);
    bonds
}

/// The same package and version, and an identifier in common. Where both name
/// CVEs it must be one of these: the advisory of a distribution (DSA, RHSA, USN)
/// stands for many.
fn vulnerabilities<'s, 'a>(items: &'s [Item<'a>], bonds: &mut Vec<Bond<'s, 'a>>) {
    const NAMES_CVES: Side = Side::Not(0);
    let mut ids: HashMap<AnyCase<'a>, u32> = HashMap::default();
    let mut shares = Vec::new();
    let packages = Places::of(items, is_vulnerable, |location| {
        let (name, version) = written_package(location)?;
        Some((package_name(name), version.map(package_version)))
    });
    for members in packages.shared() {
        for (_, item) in members {
            let names_cves = vulnerability_ids(item.finding).any(is_cve);
            for id in vulnerability_ids(item.finding) {
                let side = match names_cves && !is_cve(id) {
                    true => NAMES_CVES,
                    false => Side::All,
                };
                let next = number(ids.len());
                let number = *ids.entry(AnyCase(id)).or_insert(next);
                shares.push((number, Member { item, side }));
            }
        }
        // Of several spellings, the same one whatever the order of findings.
        bind(&mut shares, bonds, |number, members| {
            let findings = || members.iter().map(|member| member.item.finding);
            let ids_of = || findings().flat_map(vulnerability_ids);
            let example = ids_of().find(|id| ids.get(&AnyCase(id)) == Some(number));
            let names = findings().filter_map(|finding| match finding.location() {
                Location::Package { name, version, .. } => Some((name, version)),
                _ => None,
            });
            let (package, version) = names.min().unwrap_or_default();
            Reason::Vulnerability {
                id: ids_of()
                    .filter(|id| example.is_some_and(|example| AnyCase(id) == AnyCase(example)))
                    .min()
                    .unwrap_or_default(),
                package,
                version,
            }
        });
    }
}

/// The scanner's rule stands in where it names no vulnerability: next to names
/// it may be a rule for vulnerabilities at large.
fn vulnerability_ids(finding: Found<'_>) -> impl Iterator<Item = &str> {
    let rule = Some(finding.rule_id()).filter(|_| finding.vulnerability_ids().is_empty());
    let ids = finding.vulnerability_ids().iter().chain(rule);
    ids.map(str::trim).filter(|id| !id.is_empty())
}

fn is_cve(id: &str) -> bool {
    id.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("CVE-"))
}

fn is_vulnerable(finding: Found<'_>) -> bool {
    finding.category == Category::Sca && finding.kind == Kind::Package
}

/// A package's name, or its package URL, and its version, as they are written.
fn written_package(location: Location<&str>) -> Option<(&str, Option<&str>)> {
    match location {
        Location::Package {
            purl,
            name,
            version,
            ..
        } => {
            let purl = purl.filter(|purl| purl.starts_with("pkg:"));
            let in_purl = || split_purl(purl?).1;
            let version = version.or_else(in_purl);
            Some((
                purl.unwrap_or(name),
                version.filter(|version| !version.trim().is_empty()),
            ))
        }
        _ => None,
    }
}

/// What all scanners would call the package that a location is, and its version.
pub fn package_identity(location: Location<&str>) -> Option<(Cow<'_, str>, Option<Cow<'_, str>>)> {
    let (name, version) = written_package(location)?;
    Some((package_name(name), version.map(package_version)))
}

/// What a finding is compared by with another of the same package: its CVEs or,
/// where it names none, all its identifiers; in capitals.
pub fn decisive_ids(finding: Found<'_>) -> Vec<String> {
    let names_cves = vulnerability_ids(finding).any(is_cve);
    vulnerability_ids(finding)
        .filter(|id| !names_cves || is_cve(id))
        .map(str::to_ascii_uppercase)
        .collect()
}

/// A package URL's part before the version, and the version.
fn split_purl(purl: &str) -> (&str, Option<&str>) {
    let end = memchr::memchr2(b'?', b'#', purl.as_bytes());
    let bare = end.and_then(|end| purl.get(..end)).unwrap_or(purl);
    match bare.rsplit_once('@') {
        // The mark of a scope that should have been encoded.
        Some((name, _)) if name.ends_with('/') => (bare, None),
        Some((name, version)) => (name, Some(version)),
        None => (bare, None),
    }
}

/// A package's name as all scanners have it: without the type, which only some
/// know, and without the namespace of a system's package, which is the system.
fn package_name(written: &str) -> Cow<'_, str> {
    const SYSTEMS: [&str; 4] = ["alpm", "apk", "deb", "rpm"];
    let name = match written.strip_prefix("pkg:") {
        Some(purl) => {
            let path = split_purl(purl).0.trim_matches('/');
            let (kind, name) = path.split_once('/').unwrap_or(("", path));
            let is_system = SYSTEMS
                .iter()
                .any(|system| kind.eq_ignore_ascii_case(system));
            match name.rsplit_once('/') {
                Some((_, name)) if is_system => name,
                _ => name,
            }
        }
        None => written.trim(),
    };
    // Nearly all of them.
    let is_settled = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'/' | b'@');
    if name.bytes().all(is_settled) {
        return name.into();
    }
    let name = percent_decode_str(name).decode_utf8_lossy().to_lowercase();
    name.replace(':', "/").replace('_', "-").into()
}

/// A version without the marks that only some scanners write.
fn package_version(written: &str) -> Cow<'_, str> {
    fn bare(version: &str) -> &str {
        version.trim().trim_start_matches(['v', 'V', '=', ' '])
    }
    match percent_decode_str(written).decode_utf8_lossy() {
        Cow::Borrowed(version) => bare(version).into(),
        Cow::Owned(version) => bare(&version).to_owned().into(),
    }
}

/// The same weakness on the same line, seen by different scanners: two findings
/// of one scanner on a line are two. Scanners point at different lines of a
/// statement, so that a finding stands on all of its lines, unless they are so
/// many that it must be a whole function.
fn weaknesses<'s, 'a>(
    items: &'s [Item<'a>],
    workspace: Option<&str>,
    bonds: &mut Vec<Bond<'s, 'a>>,
) {
    let mut shares = Vec::new();
    let files = Places::of(items, is_code, |location| {
        Some(stable_path(location.path()?, workspace))
    });
    for members in files.shared() {
        let mut scanners = members.iter().map(|(_, item)| item.scanner);
        let first = scanners.next();
        if scanners.all(|scanner| Some(scanner) == first) {
            continue;
        }
        for (_, item) in members {
            for line in lines(item.finding.location()).into_iter().flatten() {
                for cwe in item.finding.cwes() {
                    let side = Side::Not(item.scanner.into());
                    shares.push(((line, *cwe), Member { item, side }));
                }
            }
        }
        bind(&mut shares, bonds, |(line, cwe), members| {
            Reason::Weakness {
                cwe: *cwe,
                path: path_of(members, workspace),
                line: *line,
            }
        });
    }
}

fn is_code(finding: Found<'_>) -> bool {
    finding.category == Category::Sast && finding.kind == Kind::Source
}

fn lines(location: Location<&str>) -> Option<RangeInclusive<u32>> {
    const MOST: u32 = 10;
    match location {
        Location::Source {
            line: Some(first),
            end_line,
            ..
        } => {
            let is_near = |last: &u32| last.checked_sub(first).is_some_and(|more| more < MOST);
            let last = end_line.filter(is_near);
            Some(first..=last.unwrap_or(first))
        }
        _ => None,
    }
}

/// The same secret in the same file, at whatever commit; or a secret that
/// different scanners see on the same line.
fn secrets<'s, 'a>(items: &'s [Item<'a>], workspace: Option<&str>, bonds: &mut Vec<Bond<'s, 'a>>) {
    let mut shares = Vec::new();
    let files = Places::of(items, is_secret, |location| {
        Some(stable_path(location.path()?, workspace))
    });
    for members in files.shared() {
        for (_, item) in members {
            if let Some(digest) = item.finding.secret() {
                let side = Side::All;
                shares.push(((None, digest), Member { item, side }));
            }
            if let Location::Source {
                line: Some(line), ..
            } = item.finding.location()
            {
                let side = Side::Not(item.scanner.into());
                shares.push(((Some(line), ""), Member { item, side }));
            }
        }
        bind(&mut shares, bonds, |(line, _), members| Reason::Secret {
            path: path_of(members, workspace),
            line: *line,
        });
    }
}

fn is_secret(finding: Found<'_>) -> bool {
    let is_secret = finding.category == Category::Secret || finding.secret().is_some();
    is_secret && finding.kind == Kind::Source
}

fn path_of<'a>(members: &[Member<'_, 'a>], workspace: Option<&str>) -> Cow<'a, str> {
    let path = members
        .first()
        .and_then(|member| member.item.finding.location().path());
    stable_path(path.unwrap_or_default(), workspace)
}

/// Makes bonds of what is shared by two identities or more, and takes the rest
/// out of `shares`, too.
fn bind<'s, 'a, K: Ord + Copy>(
    shares: &mut Vec<(K, Member<'s, 'a>)>,
    bonds: &mut Vec<Bond<'s, 'a>>,
    reason: impl Fn(&K, &[Member<'s, 'a>]) -> Reason<'a>,
) {
    // Stable: they come in the order of the findings.
    shares.sort_by_key(|share| share.0);
    // A finding that says a thing twice shares it once.
    shares.dedup_by_key(|share| (share.0, share.1.item.index));
    for group in shares.chunk_by(|one, other| one.0 == other.0) {
        let Some((key, first)) = group.first() else {
            continue;
        };
        let mut others = group.iter().map(|(_, member)| member);
        let has_links =
            first.side == Side::All || others.clone().any(|other| other.side.links_to(first.side));
        if has_links && others.any(|other| other.item.identity != first.item.identity) {
            let members: Vec<_> = group.iter().map(|(_, member)| *member).collect();
            bonds.push(Bond {
                reason: reason(key, &members),
                members,
            });
        }
    }
    shares.clear();
}

/// Findings by where they are.
struct Places<'s, 'a>(Vec<(u32, &'s Item<'a>)>);

impl<'s, 'a> Places<'s, 'a> {
    /// Of those that are `wanted`. `name` is what all scanners would call the site
    /// of a location, some of which write it in several ways; it is made once for
    /// each site.
    fn of<N: Hash>(
        items: &'s [Item<'a>],
        wanted: impl Fn(Found<'_>) -> bool,
        name: impl Fn(Location<&'a str>) -> Option<N>,
    ) -> Self {
        let sites = items.iter().map(|item| item.site as usize + 1);
        let mut place_of_site: Vec<Option<u32>> = vec![None; sites.max().unwrap_or_default()];
        let mut places: HashMap<Digest, u32> = HashMap::default();
        let digests = Digests::default();
        let mut place = |location| {
            let name = name(location)?;
            let next = number(places.len());
            Some(*places.entry(digests.of(&name)).or_insert(next))
        };
        let wanted = items.iter().filter(|item| wanted(item.finding));
        let mut found: Vec<_> = wanted
            .filter_map(|item| {
                let known = place_of_site.get_mut(item.site as usize)?;
                if known.is_none() {
                    *known = place(item.finding.location());
                }
                Some(((*known)?, item))
            })
            .collect();
        // Stable: the findings of a place stay in their order.
        found.sort_by_key(|(place, _)| *place);
        Self(found)
    }

    /// The places where there are findings of several identities.
    fn shared(&self) -> impl Iterator<Item = &[(u32, &'s Item<'a>)]> {
        self.0
            .chunk_by(|one, other| one.0 == other.0)
            .filter(|members| {
                let mut identities = members.iter().map(|(_, item)| item.identity);
                let first = identities.next();
                identities.any(|identity| Some(identity) != first)
            })
    }
}

/// A number of things in memory, of which there are never as many as here fit.
pub(super) fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
