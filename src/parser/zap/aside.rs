//! Alerts that wait for the end of their site, out of memory: all that a scanner
//! sent is about one site, more often than not.

use std::io::{self, BufReader, BufWriter, IntoInnerError, Read as _, Seek as _, Write as _};

use foldhash::HashMap;
use tempfile::SpooledTempFile;

use super::Alert;
use crate::fingerprint::Fingerprint;
use crate::parser::ParseError;

/// What makes items one finding, and whether they are suppressed.
type Key = (Fingerprint, bool);

/// Alerts that were put aside: the first in memory, with more of them all in a file
/// without a name, which goes with the program.
pub(super) struct Aside {
    file: BufWriter<SpooledTempFile>,
    items: Vec<Item>,
    /// Which finding a key stands for, counted as they come.
    findings: HashMap<Key, usize>,
}

/// Where an item is.
struct Item {
    is_suppressed: bool,
    finding: usize,
    at: u64,
    length: usize,
}

impl Item {
    fn end(&self) -> u64 {
        self.at + self.length as u64
    }
}

impl Default for Aside {
    fn default() -> Self {
        /// What small reports have; theirs never reach a disk.
        const IN_MEMORY: usize = 1 << 20;
        Self {
            file: BufWriter::new(SpooledTempFile::new(IN_MEMORY)),
            items: Vec::new(),
            findings: HashMap::default(),
        }
    }
}

impl Aside {
    /// Puts an item aside.
    pub(super) fn add(&mut self, alert: &Alert, key: Key) -> Result<(), ParseError> {
        self.write(alert, key).map_err(|error| cannot(&error))
    }

    fn write(&mut self, alert: &Alert, key: Key) -> io::Result<()> {
        let bytes = postcard::to_stdvec(alert).map_err(io::Error::other)?;
        self.file.write_all(&bytes)?;
        let next = self.findings.len();
        self.items.push(Item {
            is_suppressed: key.1,
            finding: *self.findings.entry(key).or_insert(next),
            at: self.items.last().map_or(0, Item::end),
            length: bytes.len(),
        });
        Ok(())
    }

    /// Hands on what the items of each finding say together, in the order of the
    /// first items.
    pub(super) fn take_each(self, take: impl FnMut(Alert)) -> Result<(), ParseError> {
        self.read(take).map_err(|error| cannot(&error))
    }

    fn read(mut self, mut take: impl FnMut(Alert)) -> io::Result<()> {
        let file = self.file.into_inner().map_err(IntoInnerError::into_error)?;
        let mut file = BufReader::new(file);
        file.rewind()?;
        let mut at = 0;
        let mut bytes = Vec::new();
        let mut read = |item: &Item| -> io::Result<Alert> {
            // A file is never so long that this would wrap.
            file.seek_relative(item.at.wrapping_sub(at).cast_signed())?;
            at = item.end();
            bytes.resize(item.length, 0);
            file.read_exact(&mut bytes)?;
            postcard::from_bytes(&bytes).map_err(io::Error::other)
        };
        // A true alert and one of the same kind that is marked as false share a
        // fingerprint; the true one is the first of them.
        self.items
            .sort_by_key(|item| (item.is_suppressed, item.finding));
        for items in self.items.chunk_by(|one, next| one.finding == next.finding) {
            let mut whole: Option<Alert> = None;
            for item in items {
                let alert = read(item)?;
                match &mut whole {
                    Some(whole) => whole.merge(alert),
                    None => whole = Some(alert),
                }
            }
            whole.into_iter().for_each(&mut take);
        }
        Ok(())
    }
}

fn cannot(error: &io::Error) -> ParseError {
    ParseError::new(format!(
        "its alerts cannot be put aside in {}: {error}; set TMPDIR to a folder that can be written to",
        std::env::temp_dir().display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_aside_comes_back_by_its_finding() {
        const FINDINGS: usize = 700;
        let mut aside = Aside::default();
        // More than stays in memory.
        for number in 0..3 * FINDINGS {
            let finding = (number % FINDINGS).to_string();
            let mut alert = Alert::new(format!("/{number}"));
            alert.set("alert", &finding);
            alert.set("desc", &"é".repeat(number));
            alert.add_instance(&format!("https://h/{number}"), "GET", "");
            let key = Fingerprint::new("zap", &[&finding]);
            aside.add(&alert, (key, number % 7 == 0)).unwrap();
        }
        let mut seen = Vec::new();
        let read = aside.take_each(|alert| {
            let number = alert.pointer.trim_start_matches('/').parse().unwrap();
            assert_eq!(alert.get("desc").map_or(0, str::len), 2 * number);
            let urls = alert.instances.iter().map(|instance| instance.url.clone());
            let expected = (number..3 * FINDINGS).step_by(FINDINGS);
            assert!(urls.eq(expected.map(|number| format!("https://h/{number}"))));
            seen.push(number);
        });
        read.unwrap();
        let (suppressed, shown): (Vec<_>, Vec<_>) =
            (0..FINDINGS).partition(|number| number % 7 == 0);
        assert_eq!(seen, [shown, suppressed].concat());
    }
}
