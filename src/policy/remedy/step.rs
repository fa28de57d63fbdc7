//! Which findings one action clears, and what to call it.

use std::borrow::Cow;

use foldhash::{HashMap, HashSet};

use super::Kind;
use crate::finding::{Category, Finding, Location};
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
        package: usize,
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
    packages: Vec<Option<usize>>,
    /// What a repaired version of a package is known for.
    repaired: HashSet<(usize, String)>,
    /// The first open finding of an issue in source code stands for all of them,
    /// by the issue and whether it is a secret.
    heads: HashMap<(Fingerprint, bool), usize>,
}

/// Packages as their scanners write them, by number: those with a finding that keeps
/// the release from going on, as no others are asked about.
#[derive(Default)]
struct Packages<'a> {
    written: HashMap<Written<'a>, usize>,
    names: HashMap<(String, Option<String>), usize>,
    /// What was asked for last: findings of one package often stand together.
    last: Option<(Written<'a>, Option<usize>)>,
}

type Written<'a> = (Option<&'a str>, &'a str, Option<&'a str>);

impl<'a> Packages<'a> {
    fn add(&mut self, location: &'a Location) {
        if let Some(written) = written(location)
            && !self.written.contains_key(&written)
            && let Some(name) = package_identity(location)
        {
            let next = self.names.len();
            let number = *self.names.entry(name).or_insert(next);
            self.written.insert(written, number);
        }
    }

    fn number(&mut self, location: &'a Location) -> Option<usize> {
        let written = written(location)?;
        if let Some((last, number)) = self.last
            && last == written
        {
            return number;
        }
        let number = self.written.get(&written);
        let number = number.or_else(|| self.names.get(&package_identity(location)?));
        let number = number.copied();
        self.last = Some((written, number));
        number
    }
}

fn written(location: &Location) -> Option<Written<'_>> {
    match location {
        Location::Package {
            purl,
            name,
            version,
            ..
        } => Some((purl.as_deref(), name, version.as_deref())),
        _ => None,
    }
}

impl<'d, 'a> Grouping<'d, 'a> {
    pub(super) fn of(decision: &'d Decision<'a>) -> Self {
        let mut packages = Packages::default();
        let mut grouping = Self {
            decision,
            packages: Vec::new(),
            repaired: HashSet::default(),
            heads: HashMap::default(),
        };
        for judged in &decision.findings {
            if !judged.breaks.is_empty() {
                packages.add(&judged.subject.finding.location);
            }
        }
        let mut numbers = vec![None; decision.findings.len()];
        for ((index, judged), number) in decision.findings.iter().enumerate().zip(&mut numbers) {
            let finding = judged.subject.finding;
            if judged.standing.status != Status::Open {
                continue;
            }
            match &finding.location {
                Location::Package { .. } => {
                    *number = packages.number(&finding.location);
                    if let Some(package) = number.filter(|_| !finding.fixed_in.is_empty()) {
                        let ids = decisive_ids(finding).into_iter();
                        grouping.repaired.extend(ids.map(|id| (package, id)));
                    }
                }
                Location::Source { .. } => {
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
        Some(match &finding.location {
            Location::Package { .. } => {
                let package = self.packages.get(index).copied().flatten()?;
                // What one scanner knows to be repaired is repaired.
                let is_known = || {
                    let ids = decisive_ids(finding);
                    let mut ids = ids.into_iter().peekable();
                    ids.peek().is_some() && ids.all(|id| self.repaired.contains(&(package, id)))
                };
                Place::Package {
                    package,
                    is_repaired: !finding.fixed_in.is_empty() || is_known(),
                }
            }
            Location::Source { .. } => {
                let is_secret = is_secret(finding);
                let issue = self.decision.issues.of_finding(index);
                let head = issue.and_then(|issue| self.heads.get(&(issue.id, is_secret)));
                let head = self.finding(head.copied().unwrap_or(index))?;
                let Location::Source { path, line, .. } = &head.location else {
                    return None;
                };
                Place::Source {
                    path: stable_path(path, workspace),
                    line: *line,
                    is_secret,
                }
            }
            Location::Web { url, parameter, .. } => Place::Web {
                rule: &finding.rule_id,
                url,
                parameter: parameter.as_deref(),
            },
            Location::Resource {
                target,
                resource,
                line,
                ..
            } => Place::Resource {
                target: stable_path(target, workspace),
                resource: resource.as_deref(),
                line: line.filter(|_| resource.is_none()),
            },
        })
    }

    fn finding(&self, index: usize) -> Option<&'a Finding> {
        let judged = self.decision.findings.get(index)?;
        Some(judged.subject.finding)
    }
}

fn is_secret(finding: &Finding) -> bool {
    finding.category == Category::Secret || finding.secret.is_some()
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
    pub(super) fn text(&self, findings: &[&Finding]) -> String {
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
                let title = findings.first().map_or("", |finding| &finding.title);
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
fn package_text(findings: &[&Finding]) -> String {
    let names = findings
        .iter()
        .filter_map(|finding| match &finding.location {
            Location::Package { name, version, .. } => Some((name.trim(), version.as_deref())),
            _ => None,
        });
    match names.min().unwrap_or_default() {
        (name, Some(version)) => format!("{name} {}", version.trim()),
        (name, None) => name.to_owned(),
    }
}

fn upgrade_to(findings: &[&Finding]) -> String {
    let versions = findings
        .iter()
        .filter_map(|finding| match &finding.location {
            Location::Package { version, .. } => version.as_deref(),
            _ => None,
        });
    let repairs: Vec<_> = findings
        .iter()
        .map(|finding| finding.fixed_in.as_slice())
        .collect();
    upgrade::to_take(versions.min(), &repairs)
}
