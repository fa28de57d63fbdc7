//! Fields as scanners really write them.
//!
//! Numbers come as strings, lists as `null`, one word as a list of one. These
//! types read what can be understood, and nothing else; where a report would
//! lose a finding by it, a parser uses plain serde types and fails.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The first line that is not blank, without white space around it.
pub(super) fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

/// The first line of a text as a finding's title.
pub(super) fn title<'a>(text: &Cow<'a, str>) -> Option<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => first_line(text).map(Cow::Borrowed),
        Cow::Owned(text) => first_line(text).map(|line| Cow::Owned(line.to_owned())),
    }
}

/// A text, borrowed where the report allows. Numbers and booleans are read as
/// their text; `null`, lists and objects as the empty one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text, unless there is none.
    pub(super) fn some(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }

    /// The text as one of a finding, unless there is none.
    pub(super) fn borrowed(&self) -> Option<Cow<'_, str>> {
        self.some().map(Cow::Borrowed)
    }

    /// A copy of the text, unless there is none.
    pub(super) fn owned(&self) -> Option<String> {
        self.some().map(str::to_owned)
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A [`Text`] that also refuses what is broken inside a value that is none.
#[derive(Debug, Default)]
pub(super) struct Checked<'a>(pub Text<'a>);

/// A list; `null` is one without elements, as producers in Go write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Vec<T>>::deserialize(deserializer).map(|list| Self(list.unwrap_or_default()))
    }
}

/// A list of texts; one text is a list of one, anything else an empty one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Texts<'a>(pub Vec<Text<'a>>);

impl Texts<'_> {
    /// The texts that are not empty, as those of a finding.
    pub(super) fn borrowed(&self) -> Vec<Cow<'_, str>> {
        self.0.iter().filter_map(Text::borrowed).collect()
    }
}

/// A number, also one in a string; absent for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Number(pub Option<f64>);

impl Number {
    /// The number as a line or a column: whole, and from 1. One that no file has is
    /// none.
    pub(super) fn line(self) -> Option<u32> {
        let number = u32::try_from(self.whole()?).ok()?;
        (number > 0).then_some(number)
    }

    /// The number as a count: whole, not negative, and small enough to be exact.
    pub(super) fn whole(self) -> Option<u64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = self
            .0
            .filter(|number| (0.0..EXACT).contains(number) && number.fract() == 0.0)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        Some(number as u64)
    }
}

/// What a type like [`Text`] makes of each kind of value.
pub(super) trait Lenient<'de>: Default {
    /// What is inside a value that is passed over.
    type Inner: Deserialize<'de>;

    fn text(text: Cow<'de, str>) -> Self;

    fn number(number: f64, text: impl fmt::Display) -> Self;

    fn boolean(_: bool) -> Self {
        Self::default()
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self::Inner>()?.is_some() {}
        Ok(Self::default())
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self::Inner, Self::Inner>()?.is_some() {}
        Ok(Self::default())
    }
}

impl<'de> Lenient<'de> for Text<'de> {
    type Inner = IgnoredAny;

    fn text(text: Cow<'de, str>) -> Self {
        Self(text)
    }

    fn number(_: f64, text: impl fmt::Display) -> Self {
        Self(Cow::Owned(text.to_string()))
    }

    fn boolean(value: bool) -> Self {
        Self(Cow::Borrowed(if value { "true" } else { "false" }))
    }
}

impl<'de> Lenient<'de> for Checked<'de> {
    type Inner = Self;

    fn text(text: Cow<'de, str>) -> Self {
        Self(Text::text(text))
    }

    fn number(number: f64, text: impl fmt::Display) -> Self {
        Self(Text::number(number, text))
    }

    fn boolean(value: bool) -> Self {
        Self(Text::boolean(value))
    }
}

impl<'de> Lenient<'de> for Texts<'de> {
    type Inner = IgnoredAny;

    fn text(text: Cow<'de, str>) -> Self {
        Self(vec![Text(text)])
    }

    fn number(_: f64, _: impl fmt::Display) -> Self {
        Self::default()
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element()? {
            texts.push(text);
        }
        Ok(Self(texts))
    }
}

impl<'de> Lenient<'de> for Number {
    type Inner = IgnoredAny;

    fn text(text: Cow<'de, str>) -> Self {
        Self(text.trim().parse().ok())
    }

    fn number(number: f64, _: impl fmt::Display) -> Self {
        Self(Some(number))
    }
}

/// Reads a value of any kind as a `T`.
pub(super) fn leniently<'de, T: Lenient<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(LenientVisitor(PhantomData))
}

struct LenientVisitor<T>(PhantomData<T>);

#[expect(clippy::cast_precision_loss, reason = "counts and scores are small")]
impl<'de, T: Lenient<'de>> Visitor<'de> for LenientVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::boolean(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::number(number as f64, number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number as f64, number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::number(number, number))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::object(map)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        leniently::<Text<'de>, _>(deserializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        leniently::<Texts<'de>, _>(deserializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Checked<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        leniently::<Checked<'de>, _>(deserializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        leniently(deserializer)
    }
}

/// The numbers of the weaknesses named in `text`: `CWE-79: Cross-site …`.
pub(crate) fn cwes(text: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for dash in memchr::memchr_iter(b'-', text.as_bytes()) {
        let (Some(before), Some(rest)) = (text.as_bytes().get(..dash), text.get(dash + 1..)) else {
            continue;
        };
        let prefix = before.last_chunk().unwrap_or(b"   ");
        if !prefix.eq_ignore_ascii_case(b"cwe") {
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(Ok(number)) = rest.get(..digits).map(str::parse)
            && number > 0
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
    }
    numbers
}

/// A time in ISO 8601. Producers that leave the zone out mean UTC: those that
/// write a local time do not write ISO 8601.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, T: Deserialize<'a>>(json: &'a str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_text_is_read_from_what_can_be_one() {
        for (json, text) in [
            (r#""x""#, "x"),
            (r#""\u0041""#, "A"),
            ("7", "7"),
            ("-1", "-1"),
            ("7.5", "7.5"),
            ("true", "true"),
            ("null", ""),
            ("[]", ""),
            (r#"{"a": [1]}"#, ""),
        ] {
            assert_eq!(&*read::<Text<'_>>(json), text, "{json}");
        }
        assert!(matches!(read::<Text<'_>>(r#""x""#).0, Cow::Borrowed(_)));
    }

    #[test]
    fn a_checked_text_is_sound_wherever_it_is_passed_over() {
        for (json, text) in [
            (r#""x""#, Some("x")),
            ("7.5", Some("7.5")),
            ("false", Some("false")),
            (r#"{"a": [1, {"b": null}]}"#, Some("")),
            (r#"[["\ud83d"]]"#, None),
            (r#"{"\ud83d": 1}"#, None),
            (r#"{"a": {"b": "\ud83d"}}"#, None),
        ] {
            let read = serde_json::from_str::<Checked<'_>>(json);
            let read = read.as_ref().map(|checked| &*checked.0);
            assert_eq!(read.ok(), text, "{json}");
        }
    }

    #[test]
    fn texts_are_read_from_one_or_many() {
        let texts = |json| {
            let texts = read::<Texts<'_>>(json);
            texts.0.iter().filter_map(Text::owned).collect::<Vec<_>>()
        };
        assert_eq!(texts(r#""x""#), ["x"]);
        assert_eq!(texts(r#"["x", "", null, 3]"#), ["x", "3"]);
        assert!(texts("null").is_empty());
        assert!(texts("{}").is_empty());
    }

    #[test]
    fn lines_and_counts_are_whole_and_not_negative() {
        for (json, number) in [
            ("12", Some(12)),
            ("1.0", Some(1)),
            (r#"" 12 ""#, Some(12)),
            ("0", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("18446744073709551616", None),
            (r#""x""#, None),
            ("true", None),
            ("[3]", None),
            ("null", None),
        ] {
            assert_eq!(read::<Number>(json).whole(), number, "{json}");
        }
    }

    #[test]
    fn weaknesses_are_found_in_text() {
        assert_eq!(cwes("CWE-89: SQL Injection, cwe-079"), [89, 79]);
        assert_eq!(cwes("CWE-89 CWE-89"), [89]);
        assert_eq!(cwes("é-Cwe-1cwe-cwe-2 -3 we-4 CWE-"), [1, 2]);
        assert!(cwes("NVD-CWE-noinfo").is_empty());
        assert!(cwes("CWE-99999999999999").is_empty());
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        for text in [
            "2026-01-05T10:00:00",
            "2026-01-05T11:00:00+01:00",
            " 2026-01-05T10:00:00Z ",
        ] {
            assert_eq!(
                timestamp(text),
                "2026-01-05T10:00:00Z".parse().ok(),
                "{text}"
            );
        }
        for text in [
            "",
            "yesterday",
            "1735689599",
            "2026-02-30T00:00:00Z",
            "Fri, 2 Jan 2026 03:04:05",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_list_may_be_null_but_nothing_else() {
        assert!(read::<List<u8>>("null").0.is_empty());
        assert_eq!(read::<List<u8>>("[1]").0, [1]);
        assert!(serde_json::from_str::<List<u8>>("{}").is_err());
    }
}
