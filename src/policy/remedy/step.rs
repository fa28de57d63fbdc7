//! Which findings one action clears, and what to call it.

use std::borrow::Cow;
use std::num::NonZeroU32;

use foldhash::{HashMap, HashSet};

use super::Kind;
use crate::digests::{Digest, Digests};
use crate::finding::{self, Category, Found, Location};
use crate::fingerprint::{Fingerprint, stable_path};
use crate::issue::{decisive_ids, package_identity};
use crate::policy::decide::Decision;
use crate::policy::judge::Status;
use crate::upgrade;

/// What findings must have in common for one action to clear them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place<'a> {
    /// A version of a package, by its number.
    Package {
        package: NonZeroU32,
        /// Whether a repaired version is known for what was found.
        is_repaired: bool,
    },
    /// A line of a source file.
    Source {
        path: Cow<'a, str>,
        line: Option<u32>,
        is_secret: bool,
    },
    /// An alert about an address.
    Web {
        rule: &'a str,
        url: &'a str,
        parameter: Option<&'a str>,
    },
    /// A configured resource.
    Resource {
        target: Cow<'a, str>,
        resource: Option<&'a str>,
        /// Where the resource has no name.
        line: Option<u32>,
    },
}

/// Finds the places of a decision's findings.
pub(super) struct Grouping<'d, 'a> {
    decision: &'d Decision<'a>,
    /// The package of each open finding of one that is asked about.
    packages: Vec<Option<NonZeroU32>>,
    /// What a repaired version of a package is known for.
    repaired: HashSet<Digest>,
    /// Those of packages with a vulnerability.
    digests: Digests,
    /// The first open finding of an issue in source code stands for all of them,
    /// by the issue and whether it is a secret.
    heads: HashMap<(Fingerprint, bool), usize>,
}

/// Packages by number: those with a finding that keeps the release from going on, as
/// no others are asked about.
#[derive(Default)]
struct Packages<'a> {
    numbers: HashMap<Digest, NonZeroU32>,
    digests: Digests,
    /// What was asked for last: findings of one package often stand together.
    last: Option<(Found<'a>, Option<NonZeroU32>)>,
}

impl<'a> Packages<'a> {
    fn of(findings: impl Iterator<Item = Found<'a>>) -> Self {
        let mut packages = Self::default();
        for finding in findings {
            if packages
                .last
                .is_some_and(|(last, _)| last.is_beside(finding))
            {
                continue;
            }
            if let Some(name) = package_identity(finding.location()) {
                let next = u32::try_from(packages.numbers.len() + 1).ok();
                let number = packages.numbers.entry(packages.digests.of(&name));
                let next = next.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
                packages.last = Some((finding, Some(*number.or_insert(next))));
            }
        }
        packages
    }

    fn number(&mut self, finding: Found<'a>) -> Option<NonZeroU32> {
        match self.last {
            Some((last, number)) if last.is_beside(finding) => number,
            _ => {
                let name = package_identity(finding.location())?;
                let number = self.numbers.get(&self.digests.of(&name)).copied();
                self.last = Some((finding, number));
                number
            }
        }
    }
}

impl<'d, 'a> Grouping<'d, 'a> {
    pub(super) fn of(decision: &'d Decision<'a>) -> Self {
        let mut grouping = Self {
            decision,
            packages: Vec::new(),
            digests: Digests::default(),
            repaired: HashSet::default(),
            heads: HashMap::default(),
        };
        let blocking = decision
            .findings
            .iter()
            .filter(|judged| !judged.breaks.is_empty());
        let mut packages = Packages::of(blocking.map(|judged| judged.subject.finding));
        let mut numbers = vec![None; decision.findings.len()];
        for ((index, judged), number) in decision.findings.iter().enumerate().zip(&mut numbers) {
            let finding = judged.subject.finding;
            if judged.standing.status != Status::Open {
                continue;
            }
            match finding.kind {
                finding::Kind::Package => {
                    *number = packages.number(finding);
                    if let Some(package) = number.filter(|_| !finding.fixed_in().is_empty()) {
                        let ids = decisive_ids(finding).into_iter();
                        let repairs = ids.map(|id| grouping.digests.of(&(package, id)));
                        grouping.repaired.extend(repairs);
                    }
                }
                finding::Kind::Source => {
                    if let Some(issue) = decision.issues.of_finding(index) {
                        let head = grouping.heads.entry((issue.id, is_secret(finding)));
                        head.or_insert(index);
                    }
                }
                _ => {}
            }
        }
        grouping.packages = numbers;
        grouping
    }

    /// The place of a finding.
    pub(super) fn place(&self, index: usize) -> Option<Place<'a>> {
        let workspace = self.decision.circumstances.workspace;
        let finding = self.finding(index)?;
        Some(match finding.location() {
            Location::Package { .. } => {
                let package = self.packages.get(index).copied().flatten()?;
                // What one scanner knows to be repaired is repaired.
                let is_known = || {
                    let ids = decisive_ids(finding);
                    let mut ids = ids.into_iter().peekable();
                    ids.peek().is_some()
                        && ids.all(|id| self.repaired.contains(&self.digests.of(&(package, id))))
                };
                Place::Package {
                    package,
                    is_repaired: !finding.fixed_in().is_empty() || is_known(),
                }
            }
            Location::Source { .. } => {
                let is_secret = is_secret(finding);
                let issue = self.decision.issues.of_finding(index);
                let head = issue.and_then(|issue| self.heads.get(&(issue.id, is_secret)));
                let head = self.finding(head.copied().unwrap_or(index))?;
                let Location::Source { path, line, .. } = head.location() else {
                    return None;
                };
                Place::Source {
                    path: stable_path(path, workspace),
                    line,
                    is_secret,
                }
            }
            Location::Web { url, parameter, .. } => Place::Web {
                rule: finding.rule_id(),
                url,
                parameter,
            },
            Location::Resource {
                target,
                resource,
                line,
                ..
            } => Place::Resource {
                target: stable_path(target, workspace),
                resource,
                line: line.filter(|_| resource.is_none()),
            },
        })
    }

    fn finding(&self, index: usize) -> Option<Found<'a>> {
        let judged = self.decision.findings.get(index)?;
        Some(judged.subject.finding)
    }
}

fn is_secret(finding: Found<'_>) -> bool {
    finding.category == Category::Secret || finding.secret().is_some()
}

impl Place<'_> {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Package { is_repaired, .. } => match is_repaired {
                true => Kind::Upgrade,
                false => Kind::Replace,
            },
            Self::Source { is_secret, .. } => match is_secret {
                true => Kind::Revoke,
                false => Kind::Fix,
            },
            Self::Web { .. } | Self::Resource { .. } => Kind::Fix,
        }
    }

    /// What to do there about these findings, in a line.
    pub(super) fn text(&self, findings: &[Found<'_>]) -> String {
        let at_line = |place: &str, line: Option<u32>| match line {
            Some(line) => format!("{place}:{line}"),
            None => place.to_owned(),
        };
        match self {
            Self::Package { is_repaired, .. } => {
                let package = package_text(findings);
                match is_repaired {
                    true => format!("upgrade {package} to {}", upgrade_to(findings)),
                    false => format!("replace or remove {package}"),
                }
            }
            Self::Source {
                path,
                line,
                is_secret,
            } => {
                let place = at_line(path, *line);
                match is_secret {
                    true => format!("revoke and remove the secret at {place}"),
                    false => format!("fix {place}"),
                }
            }
            Self::Web { url, parameter, .. } => {
                let title = findings.first().map_or("", |finding| finding.title());
                match parameter {
                    Some(parameter) => format!("fix {title} at {url} ({parameter})"),
                    None => format!("fix {title} at {url}"),
                }
            }
            Self::Resource {
                target,
                resource,
                line,
            } => match resource {
                Some(resource) => format!("fix {resource} in {target}"),
                None => format!("fix {}", at_line(target, *line)),
            },
        }
    }
}

/// A package and its version as a scanner writes them: of several spellings the
/// same one whatever the order of findings.
fn package_text(findings: &[Found<'_>]) -> String {
    let names = findings
        .iter()
        .filter_map(|finding| match finding.location() {
            Location::Package { name, version, .. } => Some((name.trim(), version)),
            _ => None,
        });
    match names.min().unwrap_or_default() {
        (name, Some(version)) => format!("{name} {}", version.trim()),
        (name, None) => name.to_owned(),
    }
}

fn upgrade_to(findings: &[Found<'_>]) -> String {
    let versions = findings
        .iter()
        .filter_map(|finding| match finding.location() {
            Location::Package { version, .. } => version,
            _ => None,
        });
    let repairs = findings.iter().map(|finding| finding.fixed_in().iter());
    upgrade::to_take(versions.min(), repairs)
}
