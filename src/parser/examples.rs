//! The first of many, and how many there are: notes name a few things, and no
//! list in memory grows with a report.

use std::fmt;

/// How many texts there are, and the first `SHOWN` of them.
#[derive(Debug, Default)]
pub(crate) struct Examples<const SHOWN: usize = 3> {
    count: u64,
    first: Vec<String>,
}

impl<const SHOWN: usize> Examples<SHOWN> {
    /// Counts one more; `text` is asked for only if it is to be shown.
    pub(crate) fn add<T: Into<String>>(&mut self, text: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(text().into());
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Those that are shown, with `separator` between them and a word of the rest.
    pub(crate) fn join(&self, separator: &str) -> String {
        let shown = self.first.join(separator);
        match self.count - self.first.len() as u64 {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

impl<const SHOWN: usize> fmt::Display for Examples<SHOWN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut examples = Examples::<2>::default();
        for (text, shown) in [
            ("a", "a"),
            ("b", "a, b"),
            ("c", "a, b and 1 more"),
            ("d", "a, b and 2 more"),
        ] {
            examples.add(|| text);
            assert_eq!(examples.to_string(), shown);
        }
        assert_eq!(
            (examples.count(), examples.join("; ").as_str()),
            (4, "a; b and 2 more")
        );
    }
}
