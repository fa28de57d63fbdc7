//! Reads security scanners' reports, and decides by a policy whether a release
//! may go on.
//!
//! An artifact is parsed into a report of findings; a policy decides over the
//! findings; the decision is rendered. Each step is a module, and none looks
//! back: see `tests/layers.rs` for who may use whom.

pub mod artifact;
pub mod atomic;
pub mod baseline;
pub mod cli;
pub mod convert;
pub mod defectdojo;
pub mod digests;
pub mod enrichment;
pub mod evidence;
pub mod finding;
pub mod fingerprint;
pub mod issue;
pub mod parser;
pub mod policy;
pub mod record;
pub mod render;
pub mod report;
pub mod scan_record;
pub mod scanner;
pub mod secret;
pub mod text;
pub mod upgrade;
