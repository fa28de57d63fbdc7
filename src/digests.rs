//! Things told apart by digests: to hold the names of a million of them would take
//! more memory than all that is asked about them.

use std::hash::{BuildHasher as _, Hash};

use foldhash::quality::RandomState;

/// Makes digests with two keys of chance, so that nobody can make things that share
/// one.
#[derive(Debug, Default)]
pub struct Digests([RandomState; 2]);

/// What stands for a thing as long as its [`Digests`] are there.
pub type Digest = [u64; 2];

impl Digests {
    /// The digest of a thing.
    pub fn of(&self, thing: &impl Hash) -> Digest {
        self.0.each_ref().map(|state| state.hash_one(thing))
    }
}
