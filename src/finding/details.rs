//! What only people read of a finding, and where it is until they do.
//!
//! It is most of a finding's text, and nothing of it decides, unless a policy's
//! expression asks. Memory is not to grow with it: a reader of reports keeps that of
//! as many findings as people look through, or else puts all of it aside, and it is
//! read back where it is asked for.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tempfile::SpooledTempFile;

/// What only people read of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The scanner's explanation, as plain text.
    pub description: Option<String>,
    /// Addresses to read on. At most [`Details::MAX_REFERENCES`] are kept; the
    /// finding's `reference_count` has them all.
    pub references: Vec<String>,
}

impl Details {
    /// How many addresses of one finding are kept.
    pub const MAX_REFERENCES: usize = 10;
    /// Of how many findings, those first in the listing, a summary has them, unless
    /// the policy asks for those of all. The reports have them in any case.
    pub const MAX_FINDINGS: usize = 1000;
}

/// The details of a finding: none, at hand or put aside. Of most findings none are
/// kept, and that is to cost next to nothing.
#[derive(Clone, Default)]
pub struct Kept(Option<Box<Place>>);

#[derive(Clone)]
enum Place {
    Here(Details),
    Aside { store: Arc<Store>, at: u64 },
}

impl Kept {
    /// The details, from wherever they are.
    ///
    /// # Errors
    ///
    /// When what was put aside cannot be read back.
    pub fn read(&self) -> io::Result<Cow<'_, Details>> {
        match self.0.as_deref() {
            None => Ok(Cow::Owned(Details::default())),
            Some(Place::Here(details)) => Ok(Cow::Borrowed(details)),
            Some(Place::Aside { store, at }) => store.read(*at).map(Cow::Owned),
        }
    }

    /// Changes them as long as they are at hand, which those of a parser are.
    pub fn change(&mut self, change: impl FnOnce(&mut Details)) {
        match self.0.as_deref_mut() {
            Some(Place::Here(details)) => change(details),
            None => {
                let mut details = Details::default();
                change(&mut details);
                *self = details.into();
            }
            Some(Place::Aside { .. }) => {}
        }
    }

    /// Puts them into the store, out of memory.
    ///
    /// # Errors
    ///
    /// When the store cannot take them. They are still here then.
    pub(super) fn put_aside(&mut self, store: &Arc<Store>) -> io::Result<()> {
        if let Some(Place::Here(details)) = self.0.as_deref() {
            let at = store.write(details)?;
            let store = Arc::clone(store);
            self.0 = Some(Box::new(Place::Aside { store, at }));
        }
        Ok(())
    }
}

impl From<Details> for Kept {
    fn from(details: Details) -> Self {
        let is_empty = details == Details::default();
        Self((!is_empty).then(|| Box::new(Place::Here(details))))
    }
}

impl PartialEq for Kept {
    /// What cannot be read back equals nothing.
    fn eq(&self, other: &Self) -> bool {
        matches!((self.read(), other.read()), (Ok(one), Ok(other)) if one == other)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.read() {
            Ok(details) => details.fmt(f),
            Err(error) => f.debug_tuple("Lost").field(&error).finish(),
        }
    }
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
    fn what_is_put_aside_comes_back_whole() {
        let store = Arc::new(Store::default());
        // More than stays in memory, and read while more is written.
        let mut all: Vec<Kept> = (0..2000).map(|at| details(at).into()).collect();
        for at in 0..all.len() {
            all[at].put_aside(&store).unwrap();
            assert_eq!(*all[at / 2].read().unwrap(), details(at / 2));
        }
        for (at, kept) in all.iter().enumerate() {
            let is_here = matches!(kept.0.as_deref(), Some(Place::Here(_)));
            assert!(!is_here, "{at}");
            assert_eq!(*kept.read().unwrap(), details(at), "{at}");
        }
    }

    #[test]
    fn details_are_equal_wherever_they_are() {
        let store = Arc::new(Store::default());
        let mut aside: Kept = details(7).into();
        aside.put_aside(&store).unwrap();
        assert_eq!(aside, details(7).into());
        assert_ne!(aside, details(8).into());
    }

    #[test]
    fn what_cannot_be_read_back_is_an_error() {
        let store = Arc::new(Store::default());
        let lost = Kept(Some(Box::new(Place::Aside { store, at: 9 })));
        assert!(lost.read().is_err());
        assert_ne!(lost, lost.clone());
    }
}
