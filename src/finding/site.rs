//! Sites: the files, packages, pages and resources that findings are at, by number.
//!
//! A million findings are at far fewer sites, and most stand next to another one
//! of the same. To compare numbers no text has to be looked up in memory, which is
//! what takes the time with so many.

use std::hash::BuildHasher as _;
use std::mem::{Discriminant, discriminant};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Location, Text};

/// The sites that were met. Two locations have one number if they are of one kind
/// and share the texts that they are compared by first: the path of a file; URL,
/// name and version of a package; an address; the target of a resource.
#[derive(Debug, Default)]
pub struct Sites<'a> {
    /// The digest of each, and its number.
    numbers: HashTable<(u64, u32)>,
    /// A location of each.
    examples: Vec<&'a Location>,
    digests: RandomState,
    /// What was asked for last: findings of one site often stand together.
    last: Option<(Site<'a>, u32)>,
}

/// What makes a site: the kind of location, and the texts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Site<'a>(Discriminant<Location>, [Option<&'a Text>; 3]);

impl<'a> Site<'a> {
    fn of(location: &'a Location) -> Self {
        let texts = match location {
            Location::Source { path: text, .. }
            | Location::Web { url: text, .. }
            | Location::Resource { target: text, .. } => [Some(text), None, None],
            Location::Package {
                purl,
                name,
                version,
                ..
            } => [purl.as_ref(), Some(name), version.as_ref()],
        };
        Self(discriminant(location), texts)
    }
}

impl<'a> Sites<'a> {
    /// The number of the site of a location. They begin with 0.
    pub fn number(&mut self, location: &'a Location) -> u32 {
        let site = Site::of(location);
        if let Some((last, number)) = &self.last
            && *last == site
        {
            return *number;
        }
        let digest = self.digests.hash_one(&site);
        let examples = &mut self.examples;
        let example = |number: u32| examples.get(usize::try_from(number).ok()?);
        let is_same = |(other, number): &(u64, u32)| {
            *other == digest && example(*number).is_some_and(|example| Site::of(example) == site)
        };
        let number = if let Some((_, number)) = self.numbers.find(digest, is_same) {
            *number
        } else {
            // Each takes more than a byte, so that there are never as many.
            let next = u32::try_from(examples.len()).unwrap_or(u32::MAX);
            self.numbers
                .insert_unique(digest, (digest, next), |(digest, _)| *digest);
            examples.push(location);
            next
        };
        self.last = Some((site, number));
        number
    }

    /// A location of each site, by its number.
    pub fn examples(&self) -> &[&'a Location] {
        &self.examples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_of_a_site_have_its_number() {
        let package = |purl: &str, version: &str, target: &str| Location::Package {
            purl: Some(purl.into()),
            name: "a".into(),
            version: Some(version.into()),
            target: Some(target.into()),
            path: None,
        };
        let resource = |resource: &str| Location::Resource {
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
        let mut sites = Sites::default();
        let numbers: Vec<_> = locations
            .iter()
            .map(|location| sites.number(location))
            .collect();
        assert_eq!(numbers, [0, 1, 0, 2, 3, 2, 4, 4]);
        let examples: Vec<_> = [0, 1, 3, 4, 6].map(|at| &locations[at]).into();
        assert_eq!(sites.examples(), examples);
    }
}
