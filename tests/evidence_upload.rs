//! `evidence upload` against a DefectDojo on the loopback: whatever goes wrong on the
//! way, each report is there exactly once, and the record says so.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

#[path = "evidence_upload/closing.rs"]
mod closing;
#[path = "evidence_upload/corpus.rs"]
mod corpus;
#[path = "evidence_upload/doctor.rs"]
mod doctor;
mod dojo;
#[path = "evidence_upload/faults.rs"]
mod faults;
#[path = "evidence_upload/random.rs"]
mod random;
#[path = "evidence_upload/resume.rs"]
mod resume;
#[path = "evidence_upload/secrets.rs"]
mod secrets;
#[path = "evidence_upload/site.rs"]
mod site;
#[path = "evidence_upload/usual.rs"]
mod usual;
#[path = "common/workplace.rs"]
mod workplace;
