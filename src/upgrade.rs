//! Which version of a package repairs what was found in it.
//!
//! Reports name a repaired version for each line of releases. Versions are
//! compared only where they are numbers with dots: what `~` and epochs mean differs
//! from one kind of package to the next.

use std::cmp::Ordering;

use version_compare::{Cmp, Part, Version};

/// The version to take, in words. `repairs` are the versions that the report names
/// for each of the findings. The least one above the installed version that has
/// all the repairs; where versions cannot be compared, all that are named.
pub fn to_take<'v>(
    installed: Option<&str>,
    repairs: impl IntoIterator<Item = impl Iterator<Item = &'v str>>,
) -> String {
    let repairs: Vec<Vec<&str>> = repairs
        .into_iter()
        .map(|versions| versions.map(str::trim).collect())
        .filter(|versions: &Vec<&str>| !versions.is_empty())
        .collect();
    match least(installed, &repairs) {
        Some(least) => least.to_owned(),
        None => named(repairs),
    }
}

fn least<'v>(installed: Option<&str>, repairs: &[Vec<&'v str>]) -> Option<&'v str> {
    let installed = comparable(installed?.trim())?;
    let versions = |named: &Vec<&'v str>| named.iter().map(|text| comparable(text)).collect();
    let repairs_of: Option<Vec<Vec<Version<'v>>>> = repairs.iter().map(versions).collect();
    let repairs_of = repairs_of?;
    let named = repairs.iter().flatten().zip(repairs_of.iter().flatten());
    let newer = named.filter(|(_, version)| version.compare(&installed) == Cmp::Gt);
    let all =
        newer.filter(|(_, version)| repairs_of.iter().all(|fixes| has_repair(version, fixes)));
    let least = all.min_by(|(_, one), (_, other)| {
        let order = one.compare(*other).ord();
        order.unwrap_or(Ordering::Equal)
    });
    least.map(|(text, _)| *text)
}

/// Only a version that begins with a number, in plain characters.
fn comparable(text: &str) -> Option<Version<'_>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
    let version = Version::from(text)?;
    let is_number = matches!(version.part(0), Ok(Part::Number(_)));
    (is_number && text.chars().all(is_plain)).then_some(version)
}

fn is_at_least(version: &Version<'_>, other: &Version<'_>) -> bool {
    matches!(version.compare(other), Cmp::Gt | Cmp::Eq)
}

/// Whether the repair is in the version: it is not older than the last repaired
/// one, or than the repaired one of its own line.
fn has_repair(version: &Version<'_>, fixes: &[Version<'_>]) -> bool {
    let is_of_line = |fix: &&Version<'_>, parts: usize| {
        (0..parts).all(|at| {
            fix.part(at).unwrap_or(Part::Number(0)) == version.part(at).unwrap_or(Part::Number(0))
        })
    };
    let is_past = |fix: &Version<'_>| is_at_least(version, fix);
    // With one repair in a major version, that is a line of its own.
    [1, 2].into_iter().any(|parts| {
        let mut of_line = fixes.iter().filter(|fix| is_of_line(fix, parts)).peekable();
        of_line.peek().is_some() && of_line.all(is_past)
    }) || fixes.iter().all(is_past)
}

fn named(mut repairs: Vec<Vec<&str>>) -> String {
    repairs.sort();
    repairs.dedup();
    match repairs.as_slice() {
        [] => "a repaired version".to_owned(),
        [versions] => versions.join(" or "),
        several => {
            let several: Vec<_> = several
                .iter()
                .map(|versions| versions.join(" or "))
                .collect();
            format!(
                "a version with all repairs, those of {}",
                several.join(", of ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(installed: &str, repairs: &[&str]) -> String {
        let repairs = repairs.iter().map(|versions| versions.split(", "));
        to_take(Some(installed), repairs)
    }

    #[test]
    fn the_least_version_with_all_repairs_is_taken_and_never_an_older_one() {
        for (installed, repairs, expected) in [
            ("7.4.6", &["5.2.4, 6.2.3, 7.5.10, 8.17.1"][..], "7.5.10"),
            ("3.2.1", &["3.2.2, 2.6.4"], "3.2.2"),
            (
                "4.0.4",
                &["4.0.5, 4.2.1, 3.3.3, 3.4.2", "4.2.3, 3.4.3, 3.3.4"],
                "4.2.3",
            ),
            ("4.0.4", &["4.0.5, 4.2.1", "4.1.1"], "4.2.1"),
            ("4.17.4", &["4.17.12", "4.17.5", "4.17.21"], "4.17.21"),
            ("2.6.0", &["2.6.9, 3.1.0", "3.0.5"], "3.1.0"),
            ("v1.2.3", &["v1.2.4"], "v1.2.4"),
            // All that is named is older: it is for who reads it to judge.
            ("9.0", &["1.0, 2.0"], "1.0 or 2.0"),
            ("1:2.36-9", &["1:2.36-9+deb12u4"], "1:2.36-9+deb12u4"),
            (
                "1.0~rc1",
                &["1.0, 1.1", "2.0"],
                "a version with all repairs, those of 1.0 or 1.1, of 2.0",
            ),
            ("1.0", &[], "a repaired version"),
        ] {
            assert_eq!(
                taken(installed, repairs),
                expected,
                "{installed} {repairs:?}"
            );
        }
        assert_eq!(to_take(None, [["1.0"].into_iter()]), "1.0");
    }
}
