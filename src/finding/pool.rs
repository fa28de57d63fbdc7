//! Texts and lists of numbers that many findings share, each under a number.

use std::hash::BuildHasher as _;
use std::io;

use foldhash::fast::RandomState;

/// All texts in one, and all lists in one: of a million, each would otherwise be an
/// allocation of its own. What has the number 0 is not there.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    /// Each text after its length, where its number says; before them, one that is
    /// empty. They stand together, as looking them up is what takes the time.
    text: String,
    /// Each list after its length; before them, the empty one.
    lists: Vec<u32>,
}

/// A length is written in characters of this many bits each, the lowest first: all of
/// them are ASCII, and all but the last have [`MORE`].
const BITS: u32 = 6;
const MORE: u8 = 1 << BITS;

impl Pool {
    /// The text with this number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        if number == 0 {
            return None;
        }
        let mut start = number as usize;
        let (mut length, mut shift) = (0, 0);
        loop {
            let digit = *self.text.as_bytes().get(start)?;
            start += 1;
            length |= usize::from(digit & (MORE - 1)) << shift;
            shift += BITS;
            if digit & MORE == 0 {
                return self.text.get(start..start + length);
            }
        }
    }

    /// The list with this number.
    pub(super) fn list(&self, number: u32) -> &[u32] {
        let rest = self.lists.get(number as usize..).unwrap_or_default();
        let list = rest
            .split_first()
            .and_then(|(length, rest)| rest.get(..*length as usize));
        list.unwrap_or_default()
    }

    fn add_text(&mut self, text: &str) -> io::Result<u32> {
        /// What a length takes at most.
        const LENGTH: usize = usize::BITS.div_ceil(BITS) as usize;
        let needed = LENGTH + text.len();
        if self.text.capacity() - self.text.len() < needed {
            self.text.reserve_exact(room(self.text.len(), needed));
        }
        if self.text.is_empty() {
            self.text.push('\0');
        }
        let number = number(self.text.len())?;
        let mut length = text.len();
        while length >= usize::from(MORE) {
            let digit = u8::try_from(length % usize::from(MORE)).unwrap_or_default();
            self.text.push(char::from(digit | MORE));
            length >>= BITS;
        }
        self.text
            .push(char::from(u8::try_from(length).unwrap_or_default()));
        self.text.push_str(text);
        Ok(number)
    }

    fn add_list(&mut self, list: &[u32]) -> io::Result<u32> {
        if self.lists.is_empty() {
            self.lists.push(0);
        }
        let number = number(self.lists.len())?;
        push(&mut self.lists, self::number(list.len())?);
        for each in list {
            push(&mut self.lists, *each);
        }
        Ok(number)
    }

    /// Makes it as small as it can be.
    pub(super) fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.lists.shrink_to_fit();
    }
}

fn number(of: usize) -> io::Result<u32> {
    u32::try_from(of).map_err(|_| io::Error::other("they have more than 4 GiB of text"))
}

/// Appends to what may be very long.
pub(super) fn push<T>(list: &mut Vec<T>, more: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(room(list.len(), 1));
    }
    list.push(more);
}

/// For how much more to make room: less than a doubling, the last of which would be
/// half of all memory.
fn room(length: usize, needed: usize) -> usize {
    needed.max(length / 8).max(1024)
}

/// What was put into a pool last. What is among it is not put there again, so that
/// each is held about once; its own memory does not grow.
#[derive(Debug)]
pub(super) struct Recent {
    /// Each text has one place, by its digest. A part of the digest of what was put
    /// there, and its number: another text is mostly told without a look at it.
    texts: Vec<(u32, u32)>,
    lists: Vec<(u32, u32)>,
    digests: RandomState,
}

impl Default for Recent {
    fn default() -> Self {
        /// Findings of a file, rule or package stand near each other.
        const PLACES: usize = 4096;
        Self {
            texts: vec![(0, 0); PLACES],
            lists: vec![(0, 0); PLACES],
            digests: RandomState::default(),
        }
    }
}

impl Recent {
    /// The number of a text in the pool.
    ///
    /// # Errors
    ///
    /// When the pool has no numbers left.
    pub(super) fn text(&mut self, pool: &mut Pool, text: &str) -> io::Result<u32> {
        let (place, digest) = place(&mut self.texts, self.digests.hash_one(text));
        let (known, number) = *place;
        if known == digest && pool.text(number) == Some(text) {
            return Ok(number);
        }
        let number = pool.add_text(text)?;
        *place = (digest, number);
        Ok(number)
    }

    /// The number of a list in the pool: that of an empty one is 0.
    ///
    /// # Errors
    ///
    /// When the pool has no numbers left.
    pub(super) fn list(&mut self, pool: &mut Pool, list: &[u32]) -> io::Result<u32> {
        if list.is_empty() {
            return Ok(0);
        }
        let (place, digest) = place(&mut self.lists, self.digests.hash_one(list));
        let (known, number) = *place;
        if known == digest && pool.list(number) == list {
            return Ok(number);
        }
        let number = pool.add_list(list)?;
        *place = (digest, number);
        Ok(number)
    }
}

/// The place of what has this digest, and what of the digest does not make the place.
#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a remainder is below what it is of, and half of a digest is one"
)]
fn place(places: &mut [(u32, u32)], digest: u64) -> (&mut (u32, u32), u32) {
    let at = (digest >> 32) as usize % places.len();
    (&mut places[at], digest as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_not_added() {
        let (mut pool, mut recent) = (Pool::default(), Recent::default());
        let mut text = |text| recent.text(&mut pool, text).unwrap();
        let numbers = ["a", "", "é", "a", "", "b"].map(&mut text);
        assert_eq!(numbers, [1, 3, 4, 1, 3, 7]);
        let texts = [0, 1, 3, 4, 7, 9].map(|number| pool.text(number));
        assert_eq!(
            texts,
            [None, Some("a"), Some(""), Some("é"), Some("b"), None]
        );

        let mut list = |list| recent.list(&mut pool, list).unwrap();
        let numbers = [&[7][..], &[], &[8, 9], &[7]].map(&mut list);
        assert_eq!(numbers, [1, 0, 3, 1]);
        let lists = numbers.map(|number| pool.list(number));
        assert_eq!(lists, [&[7][..], &[], &[8, 9], &[7]]);
        assert_eq!(pool.lists.len(), 6);
    }

    #[test]
    fn a_text_is_there_whatever_its_length() {
        let (mut pool, mut recent) = (Pool::default(), Recent::default());
        for length in [0, 1, 63, 64, 65, 4095, 4096, 300_000] {
            let text = "x".repeat(length);
            let number = recent.text(&mut pool, &text).unwrap();
            assert_eq!(pool.text(number), Some(text.as_str()));
        }
    }

    #[test]
    fn what_was_forgotten_is_added_again() {
        let (mut pool, mut recent) = (Pool::default(), Recent::default());
        let texts: Vec<_> = (0..20_000).map(|number| format!("text {number}")).collect();
        for text in texts.iter().chain(&texts) {
            let number = recent.text(&mut pool, text).unwrap();
            assert_eq!(pool.text(number), Some(text.as_str()));
        }
    }

    #[test]
    fn there_are_only_so_many_numbers() {
        assert_eq!(number(u32::MAX as usize).unwrap(), u32::MAX);
        let error = number(1 << 32).unwrap_err().to_string();
        insta::assert_snapshot!(error, @"they have more than 4 GiB of text");
    }
}
