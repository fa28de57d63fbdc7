//! The bundle: the same evidence as a folder, where there is no server.
//!
//! | file | what it is |
//! | --- | --- |
//! | `sha256/DIGEST` | a report as it is sent, and as it was written unless there are secrets in it; a scan record, a summary or exceptions; by its content |
//! | `plan.json` | what would be filed where |
//! | `security-evidence.json` | the record |
//! | `statement.json` | an in-toto Statement of the reports' digests |
//! | `SHA256SUMS` | the digest of each of these, as `sha256sum --check` reads it |
//!
//! `SHA256SUMS` is written last: without it nothing verifies, so that a run that was
//! ended leaves no bundle. Whoever notes or signs its digest fixes all of it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::keep::{Keep, Kept};
use super::plan::Plan;
use super::record::{Delivery, FILE, Record, State};
use crate::artifact::{self, ArtifactError};
use crate::atomic;

mod sums;
mod verify;

pub use super::statement::Statement;
use sums::Sums;
pub use verify::{Fault, Verified, record, verify};

/// The folder of what is kept by its content.
const STORE: &str = "sha256";
/// The plan.
const PLAN: &str = "plan.json";
/// The statement.
const STATEMENT: &str = "statement.json";
/// The digests of everything else.
pub const SUMS: &str = "SHA256SUMS";
/// What is in a bundle besides what is kept by its content.
const DOCUMENTS: [&str; 3] = [PLAN, FILE, STATEMENT];

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder has another one, or something else.
    #[error("{folder} is no place for this bundle: {why}; name a folder that is empty")]
    Taken {
        /// The folder.
        folder: String,
        /// What is there.
        why: String,
    },
    /// A file is not what it was when it was read.
    #[error("{path} cannot be kept: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the bundle cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// The bundle that is read is not whole.
    #[error("{0}")]
    Broken(String),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The record, with what is kept of each report.
    pub record: Record,
    /// What is not kept, and why.
    pub left_out: Vec<(String, String)>,
    /// Whether the bundle was there already.
    pub was_there: bool,
    /// SHA-256 of the bundle's `SHA256SUMS`, in hexadecimal.
    pub sha256: String,
}

/// Keeps what is planned, and the record of it, in a folder. What of each report is
/// kept, `keep` says. The same again changes nothing.
///
/// # Errors
///
/// When the folder has something else, or a file cannot be read or written. The
/// folder then has no bundle.
pub fn write(
    folder: &Path,
    plan: &Plan,
    mut record: Record,
    keep: Keep<'_>,
) -> Result<Written, BundleError> {
    let mut contents = BTreeMap::new();
    // Copies go when this goes.
    let mut files = Vec::new();
    let mut left_out = Vec::new();
    for delivery in &mut record.deliveries {
        let kept = keep(delivery).and_then(|kept| unchanged(delivery, kept));
        let now = record.started;
        match kept {
            Ok(Kept { file, sent, .. }) => {
                contents.insert(sent.sha256.clone(), file.path().to_owned());
                files.push(file);
                // What cannot be filed as it is can be kept as it is.
                drop(delivery.prepare(sent));
            }
            Err(why) => {
                left_out.push((delivery.artifact.path.clone(), why.clone()));
                if delivery.state() == State::Planned {
                    drop(delivery.refuse(now, &format!("not kept: {why}")));
                }
            }
        }
    }
    contents.extend(record.deliveries.iter().filter_map(raw));
    contents.extend(beside(&record));
    prepare(folder, &contents)?;
    let existing = folder.join(SUMS);
    if existing.symlink_metadata().is_ok() {
        return same(folder, record, left_out);
    }
    for (digest, source) in &contents {
        store(&folder.join(STORE).join(digest), digest, source)?;
    }
    let statement = Statement::of(&record);
    let documents = [json(plan), json(&record), json(&statement)];
    let mut sums = Sums::default();
    for digest in contents.keys() {
        sums.add(format!("{STORE}/{digest}"), digest.clone());
    }
    for (name, bytes) in DOCUMENTS.into_iter().zip(documents) {
        let bytes = bytes.map_err(|error| failed(&folder.join(name), error.into()))?;
        write_file(&folder.join(name), &bytes)?;
        sums.add(name.to_owned(), digest_of(&bytes));
    }
    let sums = sums.to_string();
    write_file(&existing, sums.as_bytes())?;
    Ok(Written {
        record,
        left_out,
        was_there: false,
        sha256: digest_of(sums.as_bytes()),
    })
}

/// A report of a bundle, as something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<'r> {
    /// What the record says of it.
    pub delivery: &'r Delivery,
    /// The file in the bundle; its bytes are those of [`Delivery::sent`].
    pub file: PathBuf,
}

/// Reads a bundle back: its record, if all of it is whole.
///
/// # Errors
///
/// When anything in it is missing, changed or too much.
pub fn read(folder: &Path) -> Result<Record, BundleError> {
    let verified = verify(folder).map_err(BundleError::Broken)?;
    match (verified.faults.first(), verified.record) {
        (None, Some(record)) => Ok(record),
        (fault, _) => {
            let fault = fault.map_or_else(String::new, |fault| format!(": {fault}"));
            let text = format!("{} is not whole{fault}", folder.display());
            Err(BundleError::Broken(text))
        }
    }
}

/// The reports that a bundle keeps, in the order of its record.
pub fn reports<'r>(folder: &Path, record: &'r Record) -> Vec<Report<'r>> {
    let deliveries = record.deliveries.iter();
    let reports = deliveries.filter_map(|delivery| {
        let sent = delivery.sent()?;
        Some(Report {
            delivery,
            file: content(folder, &sent.sha256),
        })
    });
    reports.collect()
}

/// Where a bundle has what has this digest.
pub fn content(folder: &Path, sha256: &str) -> PathBuf {
    folder.join(STORE).join(sha256)
}

/// A report as the scanner wrote it, by its digest, if it may be kept so: what was only
/// converted has no secrets.
fn raw(delivery: &Delivery) -> Option<(String, PathBuf)> {
    let may_stay = delivery.content.secrets == 0 && !delivery.sent()?.redacted;
    let artifact = &delivery.artifact;
    may_stay.then(|| (artifact.sha256.clone(), PathBuf::from(&artifact.path)))
}

/// What there is besides the reports, by digest: scan records, summaries, exceptions.
fn beside(record: &Record) -> Vec<(String, PathBuf)> {
    let records = record.deliveries.iter().filter_map(|delivery| {
        let record = delivery.scan_record.as_ref()?;
        Some((record.sha256.clone(), PathBuf::from(&record.path)))
    });
    let attachments = record.attachments.iter().map(|row| {
        let file = &row.attachment.file;
        (file.sha256.clone(), PathBuf::from(&file.path))
    });
    records.chain(attachments).collect()
}

/// What is kept of a report, if it is still what it was when it was read.
fn unchanged(delivery: &Delivery, kept: Kept) -> Result<Kept, String> {
    if delivery.sent().is_some_and(|sent| *sent != kept.sent) {
        return Err("other bytes were sent of it before".to_owned());
    }
    let digest = digest(kept.file.path()).map_err(|error| error.to_string())?;
    match digest == kept.sent.sha256 {
        true => Ok(kept),
        false => Err("it was changed since it was read".to_owned()),
    }
}

/// Makes the folder, and refuses one that has something else in it. What a run
/// that was ended left half written is taken away.
fn prepare(folder: &Path, contents: &BTreeMap<String, PathBuf>) -> Result<(), BundleError> {
    let store = folder.join(STORE);
    fs_err::create_dir_all(&store).map_err(|error| failed(&store, error))?;
    let is_whole = folder.join(SUMS).symlink_metadata().is_ok();
    for (folder_in, is_store) in [(folder, false), (store.as_path(), true)] {
        let entries = fs_err::read_dir(folder_in).map_err(|error| failed(folder_in, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| failed(folder_in, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_known = match is_store {
                true => contents.contains_key(&name),
                false => name == STORE || name == SUMS || DOCUMENTS.contains(&&*name),
            };
            if is_known || is_whole {
                continue;
            }
            if name.starts_with(atomic::PREFIX) {
                fs_err::remove_file(entry.path()).map_err(|error| failed(&entry.path(), error))?;
                continue;
            }
            return Err(taken(
                folder,
                &format!("{} is in it", entry.path().display()),
            ));
        }
    }
    Ok(())
}

/// That the bundle that is there is this one.
fn same(
    folder: &Path,
    mut record: Record,
    left_out: Vec<(String, String)>,
) -> Result<Written, BundleError> {
    let verified = verify(folder).map_err(|why| taken(folder, &why))?;
    if let Some(fault) = verified.faults.first() {
        return Err(taken(
            folder,
            &format!("a bundle is in it that is not whole: {fault}"),
        ));
    }
    let Some(there) = verified.record else {
        return Err(taken(folder, "another bundle is in it"));
    };
    // When it was made is no part of what it is.
    record.started = there.started;
    if there != record {
        return Err(taken(folder, "another bundle is in it"));
    }
    Ok(Written {
        record: there,
        left_out,
        was_there: true,
        sha256: verified.sha256,
    })
}

fn taken(folder: &Path, why: &str) -> BundleError {
    BundleError::Taken {
        folder: folder.display().to_string(),
        why: why.to_owned(),
    }
}

fn failed(path: &Path, source: io::Error) -> BundleError {
    BundleError::Write {
        path: path.display().to_string(),
        source,
    }
}

/// Copies a file to its place, if it has the digest that it should have.
fn store(place: &Path, digest: &str, source: &Path) -> Result<(), BundleError> {
    let unusable = |why: String| BundleError::File {
        path: source.display().to_string(),
        why,
    };
    let metadata = fs_err::metadata(source).map_err(|error| unusable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unusable("it is not a regular file".to_owned()));
    }
    let file = fs_err::OpenOptions::new().read(true).open(source);
    let mut file = file.map_err(|error| unusable(error.to_string()))?;
    let mut is_same = true;
    let written = atomic::write(place, |out| {
        let mut hashed = Hashed {
            out,
            hash: Sha256::new(),
        };
        io::copy(&mut file, &mut hashed)?;
        is_same = base16ct::lower::encode_string(&hashed.hash.finalize()) == digest;
        match is_same {
            true => Ok(()),
            false => Err(io::Error::other("changed")),
        }
    });
    match written {
        Err(_) if !is_same => Err(unusable("it was changed since it was read".to_owned())),
        Err(error) => Err(failed(place, error)),
        Ok(()) => Ok(()),
    }
}

/// What is written, hashed on the way.
struct Hashed<'o> {
    out: &'o mut dyn io::Write,
    hash: Sha256,
}

impl io::Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BundleError> {
    atomic::write(path, |out| out.write_all(bytes)).map_err(|error| failed(path, error))
}

fn json(value: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    serde_json::to_writer_pretty(&mut bytes as &mut dyn io::Write, value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn digest_of(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// The SHA-256 of a file, in hexadecimal.
fn digest(path: &Path) -> Result<String, ArtifactError> {
    let window = artifact::open(path, artifact::DEFAULT_MAX_SIZE)?;
    Ok(window.finish()?.sha256)
}
