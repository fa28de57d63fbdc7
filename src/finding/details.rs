//! What only people read of a finding, and where it is until they do.
//!
//! It is most of a finding's text, and nothing of it decides, unless a policy's
//! expression asks. Memory is not to grow with it: a reader of reports keeps that of
//! as many findings as people look through, or else puts all of it aside, and it is
//! read back where it is asked for.

use std::borrow::Cow;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tempfile::SpooledTempFile;

use super::Text;

/// What only people read of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details<T = String> {
    /// The scanner's explanation, as plain text.
    pub description: Option<T>,
    /// Addresses to read on. At most [`Details::MAX_REFERENCES`] are kept; the
    /// finding's `reference_count` has them all.
    pub references: Vec<T>,
}

impl Details {
    /// How many addresses of one finding are kept.
    pub const MAX_REFERENCES: usize = 10;
    /// Of how many findings, those first in the listing, a summary has them, unless
    /// the policy asks for those of all. The reports have them in any case.
    pub const MAX_FINDINGS: usize = 1000;
}

impl From<Details> for Details<Text<'_>> {
    fn from(owned: Details) -> Self {
        Self {
            description: owned.description.map(Text::Owned),
            references: owned.references.into_iter().map(Text::Owned).collect(),
        }
    }
}

impl Details<Text<'_>> {
    /// The same with texts of its own.
    pub(super) fn into_owned(self) -> Details {
        let references = self.references.into_iter();
        Details {
            description: self.description.map(Text::into_owned),
            references: references.map(Text::into_owned).collect(),
        }
    }
}

/// Where the details of findings are. They are numbered from 1; 0 is none.
#[derive(Debug, Clone)]
pub(super) enum Shelf {
    /// In memory.
    Here(Vec<Details>),
    /// In a store, each at its place.
    Aside { store: Arc<Store>, places: Vec<u64> },
}

impl Default for Shelf {
    fn default() -> Self {
        Self::Here(Vec::new())
    }
}

impl Shelf {
    /// One out of memory, where they are many.
    pub(super) fn aside() -> Self {
        Self::Aside {
            store: Arc::default(),
            places: Vec::new(),
        }
    }

    /// Takes details in, and gives them a number.
    ///
    /// # Errors
    ///
    /// When the store cannot take them.
    pub(super) fn add(&mut self, details: Details) -> io::Result<u32> {
        if details == Details::default() {
            return Ok(0);
        }
        let count = match self {
            Self::Here(all) => {
                all.push(details);
                all.len()
            }
            Self::Aside { store, places } => {
                let at = store.write(&details).map_err(|error| cannot(&error))?;
                places.push(at);
                places.len()
            }
        };
        u32::try_from(count).map_err(io::Error::other)
    }

    /// Frees the memory of details that nobody is going to read.
    pub(super) fn let_go(&mut self, number: u32) {
        if let Self::Here(all) = self
            && let Some(index) = (number as usize).checked_sub(1)
            && let Some(details) = all.get_mut(index)
        {
            *details = Details::default();
        }
    }

    /// The details with this number.
    ///
    /// # Errors
    ///
    /// When what was put aside cannot be read back.
    pub(super) fn read(&self, number: u32) -> io::Result<Cow<'_, Details>> {
        let Some(index) = (number as usize).checked_sub(1) else {
            return Ok(Cow::default());
        };
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        match self {
            Self::Here(all) => all.get(index).map(Cow::Borrowed).ok_or_else(missing),
            Self::Aside { store, places } => {
                let at = places.get(index).ok_or_else(missing)?;
                store.read(*at).map(Cow::Owned)
            }
        }
    }
}

fn cannot(error: &io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    io::Error::other(format!(
        "what it says of its findings cannot be put aside in {}: {error}; set TMPDIR to a folder that can be written to",
        folder.display()
    ))
}

/// Details that were put aside: the first in memory, with more of them all in a
/// file without a name, which goes with the program.
#[derive(Debug)]
pub(super) struct Store(Mutex<Written>);

#[derive(Debug)]
struct Written {
    file: BufWriter<SpooledTempFile>,
    end: u64,
}

impl Default for Store {
    fn default() -> Self {
        /// What small reports have; theirs never reach a disk.
        const IN_MEMORY: usize = 1 << 20;
        Self(Mutex::new(Written {
            file: BufWriter::new(SpooledTempFile::new(IN_MEMORY)),
            end: 0,
        }))
    }
}

impl Store {
    /// Appends details, and says where they are.
    fn write(&self, details: &Details) -> io::Result<u64> {
        let bytes = postcard::to_stdvec(details).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Written { file, end } = &mut *written;
        let at = *end;
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&bytes)?;
        *end += 4 + u64::from(length);
        Ok(at)
    }

    fn read(&self, at: u64) -> io::Result<Details> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Written { file, end } = &mut *written;
        file.seek(SeekFrom::Start(at))?;
        let mut length = [0; 4];
        let mut bytes = Vec::new();
        let read = (|| {
            let file = file.get_mut();
            file.read_exact(&mut length)?;
            bytes.resize(u32::from_le_bytes(length) as usize, 0);
            file.read_exact(&mut bytes)
        })();
        // Whatever comes next belongs at the end.
        file.seek(SeekFrom::Start(*end))?;
        read?;
        postcard::from_bytes(&bytes).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(number: usize) -> Details {
        Details {
            description: (!number.is_multiple_of(3)).then(|| "é".repeat(number)),
            references: (0..number % 4)
                .map(|nth| format!("https://a/{nth}"))
                .collect(),
        }
    }

    #[test]
    fn what_is_put_in_comes_back_whole() {
        for mut shelf in [Shelf::default(), Shelf::aside()] {
            // More than stays in memory, and read while more is written.
            let mut numbers = Vec::new();
            for at in 0..2000 {
                numbers.push(shelf.add(details(at)).unwrap());
                let earlier = numbers[at / 2];
                assert_eq!(*shelf.read(earlier).unwrap(), details(at / 2));
            }
            for (at, number) in numbers.into_iter().enumerate() {
                assert_eq!(*shelf.read(number).unwrap(), details(at), "{at}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_back_is_an_error() {
        let places = vec![9];
        let store = Arc::default();
        let shelf = Shelf::Aside { store, places };
        assert!(shelf.read(1).is_err());
        assert!(shelf.read(2).is_err());
        assert!(Shelf::default().read(1).is_err());
    }
}
