//! Findings as they are kept: packed.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::io;
use std::mem;
use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::details::{Details, Shelf};
use super::pool::{self, Pool, Recent};
use super::{
    Category, Collector, Confidence, Cvss, CvssVersion, Finding, Keep, Location, Pointer, Severity,
    Text,
};
use crate::fingerprint::{ContentDigest, Fingerprint};

/// Findings of a report, of which there may be a million: what a [`Finding`] has,
/// without an allocation for each of its texts and lists.
#[derive(Clone, Default)]
pub struct Findings {
    each: Vec<Packed>,
    pool: Pool,
    details: Shelf,
}

/// A finding that is kept, to be looked at.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    of: &'a Findings,
    packed: &'a Packed,
}

/// What takes the same room in all findings: for texts and lists their number, 0 for
/// those that are absent. The public ones are those of [`Finding`].
#[derive(Clone)]
#[expect(missing_docs, reason = "see `Finding`")]
pub struct Packed {
    pub fingerprint: Fingerprint,
    pub content: Option<ContentDigest>,
    pub category: Category,
    pub severity: Severity,
    pub confidence: Option<Confidence>,
    pub kev: bool,
    pub instance_count: u64,
    pub reference_count: u32,
    /// Of what kind the location is.
    pub kind: Kind,
    rule_id: u32,
    title: u32,
    scanner_severity: u32,
    cwes: u32,
    vulnerability_ids: u32,
    /// The version, both halves of the score, the vector.
    cvss: u32,
    place: Place,
    /// Of each its kind, and what it has as a place.
    instances: u32,
    fixed_in: u32,
    details: u32,
    pointer_text: u32,
    pointer_number: u32,
    pointer_at: u16,
    secret: u32,
    suppressed: u32,
}

/// In the order of their numbers.
const VERSIONS: [CvssVersion; 3] = [CvssVersion::V2, CvssVersion::V3, CvssVersion::V4];

/// What is in a location of some kind: numbers of texts, and lines.
type Place = [u32; 5];

/// A kind of [`Location`], as named there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "see `Location`")]
pub enum Kind {
    Source,
    Package,
    Web,
    Resource,
}

impl Findings {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.each.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// The one with this index.
    pub fn get(&self, index: usize) -> Option<Found<'_>> {
        let packed = self.each.get(index)?;
        Some(Found { of: self, packed })
    }

    /// All of them, in the order of the report.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Found<'_>> + DoubleEndedIterator + Clone {
        let each = self.each.iter();
        each.map(|packed| Found { of: self, packed })
    }

    /// Adds one, but for what only people read of it.
    pub(super) fn push(&mut self, recent: &mut Recent, finding: &Finding<'_>) -> io::Result<()> {
        let pool = &mut self.pool;
        let packed = Packer { pool, recent }.pack(finding)?;
        pool::push(&mut self.each, packed);
        Ok(())
    }

    /// The index of each of which it is kept what only people read.
    pub fn detailed(&self) -> impl Iterator<Item = usize> {
        let each = self.each.iter().enumerate();
        let detailed = each.filter(|(_, packed)| packed.details > 0);
        detailed.map(|(index, _)| index)
    }

    /// Lets go what only people read of a finding.
    pub fn let_go(&mut self, index: usize) {
        if let Some(packed) = self.each.get_mut(index) {
            self.details.let_go(mem::take(&mut packed.details));
        }
    }

    /// Changes where what people read of findings is.
    pub(super) fn shelf(&mut self) -> &mut Shelf {
        &mut self.details
    }

    /// Adds what people read of a finding.
    pub(super) fn detail(&mut self, index: usize, details: Details) -> io::Result<()> {
        if let Some(packed) = self.each.get_mut(index) {
            packed.details = self.details.add(details)?;
        }
        Ok(())
    }

    /// Makes them as small as they can be.
    pub(super) fn shrink_to_fit(&mut self) {
        self.each.shrink_to_fit();
        self.pool.shrink_to_fit();
    }
}

impl<'a> FromIterator<Finding<'a>> for Findings {
    /// Packs findings that are few; those of a report have a [`Collector`].
    fn from_iter<I: IntoIterator<Item = Finding<'a>>>(findings: I) -> Self {
        let mut collector = Collector::new(Keep::AtHand);
        for finding in findings {
            collector.add(finding);
        }
        collector
            .finish()
            .expect("they have less than 4 GiB of text")
    }
}

impl PartialEq for Findings {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

struct Packer<'p> {
    pool: &'p mut Pool,
    recent: &'p mut Recent,
}

impl Packer<'_> {
    fn pack(&mut self, finding: &Finding<'_>) -> io::Result<Packed> {
        let (kind, place) = self.place(&finding.location)?;
        Ok(Packed {
            fingerprint: finding.fingerprint,
            content: finding.content,
            category: finding.category,
            severity: finding.severity,
            confidence: finding.confidence,
            kev: finding.kev,
            instance_count: finding.instance_count,
            reference_count: finding.reference_count,
            rule_id: self.text(&finding.rule_id)?,
            title: self.text(&finding.title)?,
            scanner_severity: self.option(finding.scanner_severity.as_ref())?,
            cwes: self.list(&finding.cwes)?,
            vulnerability_ids: self.texts(&finding.vulnerability_ids)?,
            cvss: self.cvss(finding.cvss.as_ref())?,
            kind,
            place,
            instances: self.instances(&finding.instances)?,
            fixed_in: self.texts(&finding.fixed_in)?,
            details: 0,
            pointer_text: self.text(&finding.pointer.text)?,
            pointer_number: finding.pointer.number,
            pointer_at: finding.pointer.at,
            secret: self.option(finding.secret.as_ref())?,
            suppressed: self.option(finding.suppressed.as_ref())?,
        })
    }

    fn text(&mut self, text: &str) -> io::Result<u32> {
        self.recent.text(self.pool, text)
    }

    fn option(&mut self, text: Option<&Text<'_>>) -> io::Result<u32> {
        text.map_or(Ok(0), |text| self.text(text))
    }

    fn list(&mut self, list: &[u32]) -> io::Result<u32> {
        self.recent.list(self.pool, list)
    }

    fn texts(&mut self, texts: &[Text<'_>]) -> io::Result<u32> {
        if let [text] = texts {
            let number = self.text(text)?;
            return self.list(&[number]);
        }
        let numbers = texts.iter().map(|text| self.text(text));
        let numbers: Vec<_> = numbers.collect::<io::Result<_>>()?;
        self.list(&numbers)
    }

    fn cvss(&mut self, cvss: Option<&Cvss<Text<'_>>>) -> io::Result<u32> {
        let Some(cvss) = cvss else {
            return Ok(0);
        };
        let score = cvss.score.to_bits();
        #[expect(clippy::cast_possible_truncation, reason = "half of it each")]
        let halves = [(score >> 32) as u32, score as u32];
        let vector = self.option(cvss.vector.as_ref())?;
        self.list(&[cvss.version as u32, halves[0], halves[1], vector])
    }

    fn place(&mut self, location: &Location<Text<'_>>) -> io::Result<(Kind, Place)> {
        // There is no line 0.
        let line = |line: &Option<u32>| line.unwrap_or_default();
        Ok(match location {
            Location::Source {
                path,
                line: first,
                end_line,
                column,
                commit,
            } => {
                let (path, commit) = (self.text(path)?, self.option(commit.as_ref())?);
                let place = [path, line(first), line(end_line), line(column), commit];
                (Kind::Source, place)
            }
            Location::Package {
                purl,
                name,
                version,
                target,
                path,
            } => {
                let place = [
                    self.option(purl.as_ref())?,
                    self.text(name)?,
                    self.option(version.as_ref())?,
                    self.option(target.as_ref())?,
                    self.option(path.as_ref())?,
                ];
                (Kind::Package, place)
            }
            Location::Web {
                url,
                method,
                parameter,
            } => {
                let place = [
                    self.text(url)?,
                    self.option(method.as_ref())?,
                    self.option(parameter.as_ref())?,
                    0,
                    0,
                ];
                (Kind::Web, place)
            }
            Location::Resource {
                target,
                resource,
                line: first,
                end_line,
            } => {
                let resource = self.option(resource.as_ref())?;
                let place = [self.text(target)?, resource, line(first), line(end_line), 0];
                (Kind::Resource, place)
            }
        })
    }

    fn instances(&mut self, places: &[Location<Text<'_>>]) -> io::Result<u32> {
        let mut numbers = Vec::with_capacity(places.len() * Kind::WITH_PLACE);
        for location in places {
            let (kind, place) = self.place(location)?;
            numbers.push(kind as u32);
            numbers.extend(place);
        }
        self.list(&numbers)
    }
}

impl Packed {
    /// The texts that make its [site](super::Sites), besides the kind.
    fn site(&self) -> [u32; 3] {
        let [first, second, third, ..] = self.place;
        match self.kind {
            Kind::Package => [first, second, third],
            Kind::Source | Kind::Web | Kind::Resource => [first, 0, 0],
        }
    }
}

impl Kind {
    /// How many numbers a place has with its kind.
    const WITH_PLACE: usize = 1 + size_of::<Place>() / size_of::<u32>();

    const ALL: [Self; 4] = [Self::Source, Self::Package, Self::Web, Self::Resource];

    fn of(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}

impl Deref for Found<'_> {
    type Target = Packed;

    fn deref(&self) -> &Packed {
        self.packed
    }
}

/// What the fields of [`Finding`] have.
impl<'a> Found<'a> {
    fn text(self, number: u32) -> &'a str {
        self.of.pool.text(number).unwrap_or_default()
    }

    fn option(self, number: u32) -> Option<&'a str> {
        self.of.pool.text(number)
    }

    fn texts(self, number: u32) -> TextList<'a> {
        TextList {
            pool: &self.of.pool,
            numbers: self.of.pool.list(number),
        }
    }

    /// The scanner's own name of the rule, advisory or check.
    pub fn rule_id(self) -> &'a str {
        self.text(self.packed.rule_id)
    }

    /// One line for people.
    pub fn title(self) -> &'a str {
        self.text(self.packed.title)
    }

    /// The scanner's own word or number.
    pub fn scanner_severity(self) -> Option<&'a str> {
        self.option(self.packed.scanner_severity)
    }

    /// Numbers of the Common Weakness Enumeration.
    pub fn cwes(self) -> &'a [u32] {
        self.of.pool.list(self.packed.cwes)
    }

    /// CVE, GHSA and other advisory identifiers.
    pub fn vulnerability_ids(self) -> TextList<'a> {
        self.texts(self.packed.vulnerability_ids)
    }

    /// The score that the scanner reports.
    pub fn cvss(self) -> Option<Cvss<&'a str>> {
        let &[version, high, low, vector] = self.of.pool.list(self.packed.cvss) else {
            return None;
        };
        Some(Cvss {
            version: *VERSIONS.get(version as usize)?,
            score: f64::from_bits(u64::from(high) << 32 | u64::from(low)),
            vector: self.option(vector),
        })
    }

    /// Where the problem is.
    pub fn location(self) -> Location<&'a str> {
        self.located(self.packed.kind, self.packed.place)
    }

    /// Whether it is at the same [site](super::Sites) as another of its report, as far
    /// as that is seen without looking at texts: equal ones mostly have one number.
    pub fn is_beside(self, other: Self) -> bool {
        std::ptr::eq(self.of, other.of)
            && self.kind == other.kind
            && self.packed.site() == other.packed.site()
    }

    /// What its location is compared by first, where it has that: the path of a file,
    /// the URL of a package, an address, the target of a resource.
    pub fn first_text(self) -> Option<&'a str> {
        let [first, ..] = self.packed.place;
        self.option(first)
    }

    /// What makes its [site](super::Sites), besides the kind.
    pub(super) fn site(self) -> [Option<&'a str>; 3] {
        self.packed.site().map(|number| self.option(number))
    }

    /// The places, where a scanner groups several.
    pub fn instances(self) -> PlaceList<'a> {
        PlaceList(self)
    }

    fn located(self, kind: Kind, place: Place) -> Location<&'a str> {
        let line = |line| Some(line).filter(|line| *line > 0);
        let [first, second, third, fourth, fifth] = place;
        match kind {
            Kind::Source => Location::Source {
                path: self.text(first),
                line: line(second),
                end_line: line(third),
                column: line(fourth),
                commit: self.option(fifth),
            },
            Kind::Package => Location::Package {
                purl: self.option(first),
                name: self.text(second),
                version: self.option(third),
                target: self.option(fourth),
                path: self.option(fifth),
            },
            Kind::Web => Location::Web {
                url: self.text(first),
                method: self.option(second),
                parameter: self.option(third),
            },
            Kind::Resource => Location::Resource {
                target: self.text(first),
                resource: self.option(second),
                line: line(third),
                end_line: line(fourth),
            },
        }
    }

    /// Which of two comes first in a listing where both are as severe, and of one
    /// lane and scanner.
    pub fn place_in_listing(self, other: Self) -> Ordering {
        let of_location = self.location().cmp(&other.location());
        of_location.then_with(|| self.place_at_site(other))
    }

    /// The same of two that are at one site.
    pub fn place_at_site(self, other: Self) -> Ordering {
        let within_site = |finding: Self| finding.location().within_site();
        let of_location = within_site(self).cmp(&within_site(other));
        of_location
            .then_with(|| self.rule_id().cmp(other.rule_id()))
            .then_with(|| self.fingerprint.cmp(&other.fingerprint))
    }

    /// Versions in which the package is repaired.
    pub fn fixed_in(self) -> TextList<'a> {
        self.texts(self.packed.fixed_in)
    }

    /// What only people read of it, from wherever that is.
    ///
    /// # Errors
    ///
    /// When what was put aside cannot be read back.
    pub fn details(self) -> io::Result<Cow<'a, Details>> {
        self.of.details.read(self.packed.details)
    }

    /// Where in the report it stands.
    pub fn pointer(self) -> Pointer<&'a str> {
        Pointer {
            text: self.text(self.packed.pointer_text),
            at: self.packed.pointer_at,
            number: self.packed.pointer_number,
        }
    }

    /// The keyed digest of the secret that was found.
    pub fn secret(self) -> Option<&'a str> {
        self.option(self.packed.secret)
    }

    /// Why the scanner itself suppressed it.
    pub fn suppressed(self) -> Option<&'a str> {
        self.option(self.packed.suppressed)
    }

    /// The finding, unpacked.
    ///
    /// # Errors
    ///
    /// When its details cannot be read back.
    pub fn unpacked(self) -> io::Result<Finding<'a>> {
        let text = Text::Borrowed;
        Ok(Finding {
            fingerprint: self.fingerprint,
            content: self.content,
            category: self.category,
            rule_id: self.rule_id().into(),
            title: self.title().into(),
            severity: self.severity,
            scanner_severity: self.scanner_severity().map(text),
            confidence: self.confidence,
            cwes: self.cwes().into(),
            vulnerability_ids: self.vulnerability_ids().iter().map(text).collect(),
            cvss: self.cvss().map(|cvss| cvss.map(text)),
            kev: self.kev,
            location: self.location().into(),
            instances: self.instances().iter().map(Into::into).collect(),
            instance_count: self.instance_count,
            fixed_in: self.fixed_in().iter().map(text).collect(),
            details: self.details()?.into_owned().into(),
            reference_count: self.reference_count,
            pointer: self.pointer().map(text),
            secret: self.secret().map(text),
            suppressed: self.suppressed().map(text),
        })
    }
}

impl PartialEq for Found<'_> {
    /// What cannot be read back equals nothing.
    fn eq(&self, other: &Self) -> bool {
        let both = (self.unpacked(), other.unpacked());
        matches!(both, (Ok(one), Ok(other)) if one == other)
    }
}

impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.unpacked().fmt(f)
    }
}

/// Texts that a finding has several of.
#[derive(Clone, Copy)]
pub struct TextList<'a> {
    pool: &'a Pool,
    numbers: &'a [u32],
}

impl<'a> TextList<'a> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Each of them, in the order of the report.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a str> + Clone {
        let texts = self.numbers.iter();
        texts.map(move |number| self.pool.text(*number).unwrap_or_default())
    }
}

impl Serialize for TextList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Debug for TextList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The places of a finding, where a scanner groups several.
#[derive(Clone, Copy)]
pub struct PlaceList<'a>(Found<'a>);

impl<'a> PlaceList<'a> {
    /// How many of them are kept.
    pub fn len(&self) -> usize {
        self.iter().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them, in the order of the report.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Location<&'a str>> + Clone {
        let Self(found) = self;
        let (places, _) = found.of.pool.list(found.packed.instances).as_chunks();
        places
            .iter()
            .map(move |&[kind, ref place @ ..]: &[u32; Kind::WITH_PLACE]| {
                found.located(Kind::of(kind).unwrap_or(found.packed.kind), *place)
            })
    }
}

impl Serialize for PlaceList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl fmt::Debug for PlaceList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = Text<'static>> {
        // Short ones are shared, and some are empty.
        "[ab]{0,2}|[a-zé]{1,9}".prop_map(Text::from)
    }

    fn some<T: fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
        prop::option::of(of)
    }

    fn texts() -> impl Strategy<Value = Vec<Text<'static>>> {
        prop::collection::vec(text(), 0..4)
    }

    fn location() -> impl Strategy<Value = Location<Text<'static>>> {
        let line = || some(1..u32::MAX);
        prop_oneof![
            (text(), line(), line(), line(), some(text())).prop_map(
                |(path, line, end_line, column, commit)| Location::Source {
                    path,
                    line,
                    end_line,
                    column,
                    commit,
                }
            ),
            (
                some(text()),
                text(),
                some(text()),
                some(text()),
                some(text())
            )
                .prop_map(|(purl, name, version, target, path)| Location::Package {
                    purl,
                    name,
                    version,
                    target,
                    path,
                }),
            (text(), some(text()), some(text())).prop_map(|(url, method, parameter)| {
                Location::Web {
                    url,
                    method,
                    parameter,
                }
            }),
            (text(), some(text()), line(), line()).prop_map(
                |(target, resource, line, end_line)| Location::Resource {
                    target,
                    resource,
                    line,
                    end_line,
                }
            ),
        ]
    }

    fn cvss() -> impl Strategy<Value = Cvss<Text<'static>>> {
        let version = prop::sample::select(VERSIONS.to_vec());
        (version, 0.0..10.0, some(text())).prop_map(|(version, score, vector)| Cvss {
            version,
            score,
            vector,
        })
    }

    prop_compose! {
        fn finding()(
            (key, has_content, kev) in any::<(u8, bool, bool)>(),
            category in prop::sample::select(Category::ALL.to_vec()),
            severity in prop::sample::select(Severity::ALL.to_vec()),
            is_sure in any::<bool>(),
            (rule_id, title, pointer) in (text(), text(), "[a-z/]{0,4}[0-9]{0,3}[a-z]?"),
            (scanner_severity, secret, suppressed) in (some(text()), some(text()), some(text())),
            cwes in prop::collection::vec(any::<u32>(), 0..3),
            (vulnerability_ids, fixed_in) in (texts(), texts()),
            cvss in some(cvss()),
            location in location(),
            instances in prop::collection::vec(location(), 0..4),
            (instance_count, reference_count) in any::<(u64, u32)>(),
            description in some(text()),
        ) -> Finding<'static> {
            let key = key.to_string();
            Finding {
                fingerprint: Fingerprint::new("test", &[&key]).with_ordinal(reference_count),
                content: has_content.then(|| ContentDigest::new("test", &[&key])),
                category,
                rule_id,
                title,
                severity,
                scanner_severity,
                confidence: is_sure.then_some(Confidence::High),
                cwes,
                vulnerability_ids,
                cvss,
                kev,
                location,
                instances,
                instance_count,
                fixed_in,
                details: Details {
                    description,
                    references: Vec::new(),
                },
                reference_count,
                pointer: pointer.into(),
                secret,
                suppressed,
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_is_there(findings in prop::collection::vec(finding(), 0..20)) {
            let packed: Findings = findings.iter().cloned().collect();
            prop_assert_eq!(packed.len(), findings.len());
            for (found, finding) in packed.iter().zip(&findings) {
                prop_assert_eq!(&found.unpacked().unwrap(), finding);
            }
        }
    }

    #[test]
    fn a_packed_finding_takes_128_bytes_and_its_texts() {
        assert_eq!(size_of::<Packed>(), 128);
    }
}
