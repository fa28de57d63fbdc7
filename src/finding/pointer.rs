//! Where in its report a finding stands.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use super::Text;

/// A JSON Pointer, an element path or a row.
///
/// Those of a report mostly differ by their last number and nothing else, so that
/// is held apart from a text that they can share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pointer<T> {
    /// All but the number.
    pub(super) text: T,
    /// Where in the text the number belongs; [`u16::MAX`] where there is none.
    pub(super) at: u16,
    pub(super) number: u32,
}

impl<T> Pointer<T> {
    /// The same with its text in another form.
    pub(super) fn map<U>(self, to: impl FnOnce(T) -> U) -> Pointer<U> {
        Pointer {
            text: to(self.text),
            at: self.at,
            number: self.number,
        }
    }
}

impl<'a> Pointer<Text<'a>> {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> Pointer<&str> {
        Pointer {
            text: &self.text,
            at: self.at,
            number: self.number,
        }
    }

    /// How many bytes it has when it is written.
    pub fn len(&self) -> usize {
        let digits = match self.borrowed().around() {
            Some(_) => 1 + self.number.checked_ilog10().unwrap_or_default() as usize,
            None => 0,
        };
        self.text.len() + digits
    }

    fn read_from(mut text: Text<'a>) -> Self {
        let found = last_number(&text).and_then(|(number, range)| {
            let at = u16::try_from(range.start).ok();
            Some((number, at.filter(|at| *at < u16::MAX)?, range))
        });
        let Some((number, at, range)) = found else {
            return Self::without_number(text);
        };
        match text {
            Text::Borrowed(written) if range.end == written.len() => {
                text = written.get(..range.start).unwrap_or_default().into();
            }
            _ => text.to_mut().replace_range(range, ""),
        }
        Self { text, at, number }
    }

    fn without_number(text: Text<'a>) -> Self {
        Self {
            text,
            at: u16::MAX,
            number: 0,
        }
    }
}

impl<'a> Pointer<&'a str> {
    /// What stands before the number and after it.
    fn around(self) -> Option<(&'a str, &'a str)> {
        let at = (self.at < u16::MAX).then_some(self.at)?;
        self.text.split_at_checked(usize::from(at))
    }
}

impl Default for Pointer<Text<'_>> {
    fn default() -> Self {
        Self::without_number(Text::default())
    }
}

impl<'a> From<&'a str> for Pointer<Text<'a>> {
    fn from(written: &'a str) -> Self {
        Self::read_from(written.into())
    }
}

impl From<String> for Pointer<Text<'_>> {
    fn from(written: String) -> Self {
        Self::read_from(written.into())
    }
}

/// The last number, and where it is, unless it would not come back the same.
fn last_number(written: &str) -> Option<(u32, Range<usize>)> {
    let before = written.trim_end_matches(|c: char| !c.is_ascii_digit());
    let start = before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let digits = before.get(start..)?;
    let has_zeros = digits.len() > 1 && digits.starts_with('0');
    let number = digits.parse().ok().filter(|_| !has_zeros)?;
    Some((number, start..before.len()))
}

impl fmt::Display for Pointer<&str> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.around() {
            Some((before, after)) => write!(f, "{before}{}{after}", self.number),
            None => f.write_str(self.text),
        }
    }
}

impl fmt::Display for Pointer<Text<'_>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

impl<T> fmt::Debug for Pointer<T>
where
    Self: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Serialize for Pointer<&str> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Pointer<&str> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_comes_back_as_it_was_written() {
        for written in [
            "",
            "/",
            "0",
            "7",
            "/results/0",
            "/Results/0/Vulnerabilities/25",
            "/Resources/3/Results/1/Misconfigurations/2/Finding",
            "/OWASPZAPReport/site[1]/alerts/alertitem[4294967295]",
            "/a/4294967296",
            "/a/007",
            "/a/00",
            "row 3",
            "/é/3/ü",
            "/no number",
            &format!("{}/7", "/a".repeat(40_000)),
        ] {
            let pointer = Pointer::from(written);
            assert_eq!(pointer.to_string(), written);
            assert_eq!(pointer, Pointer::from(written.to_owned()));
            assert_eq!(pointer.len(), written.len(), "{written}");
            assert_eq!(pointer.is_empty(), written.is_empty(), "{written}");
        }
    }

    #[test]
    fn pointers_of_one_list_share_their_text() {
        let [one, other] = ["/a[1]/b[9]", "/a[1]/b[10]"].map(Pointer::from);
        assert_eq!(one.text, other.text);
        assert_ne!(one, other);
    }
}
