//! Sites: the files, packages, pages and resources that findings are at, by number.
//!
//! A million findings are at far fewer sites, and most stand next to another one
//! of the same. To compare numbers no text has to be looked up in memory, which is
//! what takes the time with so many.

use std::hash::{BuildHasher as _, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Found;

/// The sites that were met. Two findings have one number if their locations are of
/// one kind and share the texts that they are compared by first: the path of a file;
/// URL, name and version of a package; an address; the target of a resource.
#[derive(Debug, Default)]
pub struct Sites<'a> {
    /// Half of the digest of each, and its number.
    numbers: HashTable<(u32, u32)>,
    /// A finding at each.
    examples: Vec<Found<'a>>,
    digests: RandomState,
    /// What was asked for last: findings of one site often stand together.
    last: Option<(Found<'a>, u32)>,
}

/// What makes a site.
fn site(finding: Found<'_>) -> impl Hash + Eq {
    (finding.kind, finding.site())
}

impl<'a> Sites<'a> {
    /// The number of the site of a finding. They begin with 0.
    pub fn number(&mut self, finding: Found<'a>) -> u32 {
        if let Some((last, number)) = self.last
            && last.is_beside(finding)
        {
            return number;
        }
        let site_of = site(finding);
        let half = (self.digests.hash_one(&site_of) >> 32) as u32;
        let examples = &mut self.examples;
        let example = |number: u32| examples.get(usize::try_from(number).ok()?);
        let whole = |half: u32| u64::from(half) << 32 | u64::from(half);
        let is_same = |(other, number): &(u32, u32)| {
            *other == half && example(*number).is_some_and(|example| site(*example) == site_of)
        };
        let number = if let Some((_, number)) = self.numbers.find(whole(half), is_same) {
            *number
        } else {
            // Each takes more than a byte, so that there are never as many.
            let next = u32::try_from(examples.len()).unwrap_or(u32::MAX);
            self.numbers
                .insert_unique(whole(half), (half, next), |(half, _)| whole(*half));
            examples.push(finding);
            next
        };
        self.last = Some((finding, number));
        number
    }

    /// A finding at each site, by its number.
    pub fn examples(&self) -> &[Found<'a>] {
        &self.examples
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Category, Finding, Findings, Location, Severity};
    use super::*;
    use crate::fingerprint::Fingerprint;

    #[test]
    fn locations_of_a_site_have_its_number() {
        let package =
            |purl: &'static str, version: &'static str, target: &'static str| Location::Package {
                purl: Some(purl.into()),
                name: "a".into(),
                version: Some(version.into()),
                target: Some(target.into()),
                path: None,
            };
        let resource = |resource: &'static str| Location::Resource {
            target: "a".into(),
            resource: Some(resource.into()),
            line: None,
            end_line: None,
        };
        let locations = [
            Location::source("a", Some(1)),
            Location::source("b", Some(1)),
            Location::source("a", Some(2)),
            package("pkg:npm/a@1", "1", "x"),
            package("pkg:npm/a@1", "2", "x"),
            package("pkg:npm/a@1", "1", "y"),
            resource("x"),
            resource("y"),
        ];
        let fingerprint = Fingerprint::new("test", &[]);
        let finding =
            |location| Finding::new(fingerprint, Category::Sca, "rule", Severity::Low, location);
        let findings: Findings = locations.into_iter().map(finding).collect();
        let mut sites = Sites::default();
        let numbers: Vec<_> = findings.iter().map(|found| sites.number(found)).collect();
        assert_eq!(numbers, [0, 1, 0, 2, 3, 2, 4, 4]);
        let examples = [0, 1, 3, 4, 6].map(|at| findings.get(at).unwrap());
        assert_eq!(sites.examples(), examples);
    }
}
