//! Texts of findings.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// A text of a finding: mostly a piece of its report, which is at hand as long as the
/// finding is read.
pub type Text<'a> = Cow<'a, str>;

/// A name whose case does not matter, as far as it is ASCII.
#[derive(Debug, Clone, Copy)]
pub struct AnyCase<'a>(pub &'a str);

impl PartialEq for AnyCase<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for AnyCase<'_> {}

impl Hash for AnyCase<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for chunk in self.0.as_bytes().chunks(32) {
            let mut lower = [0; 32];
            for (lower, byte) in lower.iter_mut().zip(chunk) {
                *lower = byte.to_ascii_lowercase();
            }
            state.write(&lower);
        }
    }
}
