//! The decision, shown: to machines, to reviewers, on a terminal.
//!
//! [`Summary`] is the public record of a decision, and every output is made of
//! it: an output shows the verdict, none computes it. A new output is a new file
//! here.

pub mod explanation;
pub mod markdown;
pub mod summary;
pub mod terminal;

pub use explanation::Explanation;
pub use summary::Summary;
