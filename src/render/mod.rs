//! The decision, shown: to machines, to reviewers, on a terminal.
//!
//! [`Summary`] is the public record of a decision, and every output is made of
//! it: an output shows the verdict, none computes it. A new output is a new file
//! here. The other commands have outputs of their own: [`Explanation`], [`Diff`]
//! and [`Backtest`].

pub mod backtest;
pub mod diff;
pub mod explanation;
pub mod json;
pub mod markdown;
pub mod summary;
pub mod terminal;

pub use backtest::Backtest;
pub use diff::Diff;
pub use explanation::Explanation;
pub use summary::Summary;
