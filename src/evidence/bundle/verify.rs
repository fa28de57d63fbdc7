//! Holding a bundle, or a record, against its files. No server is asked.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use walkdir::WalkDir;

use super::{
    DOCUMENTS, PLAN, STATEMENT, STORE, SUMS, Statement, Sums, beside, digest, digest_of, json, raw,
};
use crate::artifact::{self, ArtifactError, Window};
use crate::evidence::plan::Plan;
use crate::evidence::record::{self, FILE, Record};

/// The largest list of digests that is read, in bytes.
const MAX_SUMS: u64 = 16 << 20;

/// What was found.
#[derive(Debug)]
pub struct Verified {
    /// How many files were looked at.
    pub files: usize,
    /// What is not as it should be, in the order of the paths; nothing, if all is.
    pub faults: Vec<Fault>,
    /// The record, if it could be read.
    pub record: Option<Record>,
    /// SHA-256 of what fixes all the rest, in hexadecimal: the bundle's
    /// `SHA256SUMS`, or the record itself.
    pub sha256: String,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A file is not there.
    Missing(String),
    /// A file has other bytes than it had.
    Changed(String),
    /// A file is there that should not be.
    Extra(String),
    /// Files contradict each other, or cannot be read: which, and how.
    Wrong(String, String),
}

impl Fault {
    /// What is the matter, in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Changed(_) => "changed",
            Self::Extra(_) => "extra",
            Self::Wrong(..) => "wrong",
        }
    }

    /// The file.
    pub fn path(&self) -> &str {
        match self {
            Self::Missing(path)
            | Self::Changed(path)
            | Self::Extra(path)
            | Self::Wrong(path, _) => path,
        }
    }

    /// What there is to say besides the word.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Wrong(_, text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.path(), self.word())?;
        self.text().map_or(Ok(()), |text| write!(f, ": {text}"))
    }
}

/// Holds a bundle against itself.
///
/// # Errors
///
/// When the folder cannot be looked at.
pub fn verify(folder: &Path) -> Result<Verified, String> {
    let (files, mut faults) = list(folder)?;
    let nothing = |faults| Verified {
        files: files.len(),
        faults,
        record: None,
        sha256: String::new(),
    };
    if !files.contains(SUMS) {
        let text = "it is written last: whoever wrote the bundle did not come to its end";
        let text = format!("there is none; {text}");
        faults.push(Fault::Wrong(SUMS.to_owned(), text));
        return Ok(nothing(faults));
    }
    let (text, sha256) = match document(&folder.join(SUMS), MAX_SUMS) {
        Ok(read) => read,
        Err(why) => {
            faults.push(Fault::Wrong(SUMS.to_owned(), why));
            return Ok(nothing(faults));
        }
    };
    let sums = match Sums::parse(&text) {
        Ok(sums) => sums,
        Err(why) => {
            faults.push(Fault::Wrong(SUMS.to_owned(), why));
            return Ok(nothing(faults));
        }
    };
    for (path, wanted) in sums.iter() {
        if !files.contains(path) {
            faults.push(Fault::Missing(path.to_owned()));
            continue;
        }
        match digest(&folder.join(path)) {
            Ok(found) if found == wanted => {}
            Ok(_) => faults.push(Fault::Changed(path.to_owned())),
            Err(error) => faults.push(Fault::Wrong(path.to_owned(), error.to_string())),
        }
    }
    let listed: BTreeSet<&str> = sums.iter().map(|(path, _)| path).collect();
    let extra = files
        .iter()
        .filter(|path| *path != SUMS && !listed.contains(path.as_str()));
    faults.extend(extra.cloned().map(Fault::Extra));
    let unlisted = DOCUMENTS.into_iter().filter(|name| !listed.contains(name));
    faults.extend(unlisted.map(|name| Fault::Missing(name.to_owned())));
    let record = match faults.is_empty() {
        true => agreement(folder, &sums, &mut faults),
        false => None,
    };
    faults.sort();
    faults.dedup();
    Ok(Verified {
        files: files.len(),
        faults,
        record,
        sha256,
    })
}

/// Holds a record against the reports that it names, which are looked for from the
/// working folder.
///
/// # Errors
///
/// When it is no record, or cannot be read.
pub fn record(path: &Path) -> Result<Verified, String> {
    let window = artifact::open(path, record::MAX_SIZE).map_err(|error| error.to_string())?;
    let (record, digested) = Record::read(window).map_err(|error| error.to_string())?;
    let reports = record.deliveries.iter().map(|delivery| {
        let artifact = &delivery.artifact;
        (artifact.path.clone(), artifact.sha256.clone())
    });
    // What could not be read then has nothing to be held against.
    let reports = reports.filter(|(_, digest)| !digest.is_empty());
    let others = beside(&record).into_iter();
    let others = others.map(|(digest, path)| (path.display().to_string(), digest));
    let named: BTreeSet<_> = reports.chain(others).collect();
    let mut faults = Vec::new();
    for (path, wanted) in &named {
        match digest(Path::new(path)) {
            Ok(found) if found == *wanted => {}
            Ok(_) => faults.push(Fault::Changed(path.clone())),
            Err(ArtifactError::Missing) => faults.push(Fault::Missing(path.clone())),
            Err(error) => faults.push(Fault::Wrong(path.clone(), error.to_string())),
        }
    }
    Ok(Verified {
        files: named.len(),
        faults,
        record: Some(record),
        sha256: digested.sha256,
    })
}

/// The files of a folder by their paths in it, and what in it is none.
fn list(folder: &Path) -> Result<(BTreeSet<String>, Vec<Fault>), String> {
    let mut files = BTreeSet::new();
    let mut faults = Vec::new();
    for entry in WalkDir::new(folder).min_depth(1) {
        let entry = entry.map_err(|error| error.to_string())?;
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let path = path.to_string_lossy().into_owned();
        let kind = entry.file_type();
        if kind.is_file() {
            files.insert(path);
        } else if !(kind.is_dir() && path == STORE) {
            let text = "a bundle has files and the folder `sha256`, and nothing else";
            faults.push(Fault::Wrong(path, text.to_owned()));
        }
    }
    Ok((files, faults))
}

/// A document's text, and its digest. It is taken as it is stored: what could be
/// undone on the way would be a change that nobody sees.
fn document(path: &Path, most: u64) -> Result<(String, String), String> {
    let metadata = fs_err::metadata(path).map_err(|error| error.to_string())?;
    if metadata.len() > most {
        return Err(format!("it is larger than {most} bytes"));
    }
    let bytes = fs_err::read(path).map_err(|error| error.to_string())?;
    let sha256 = digest_of(&bytes);
    let text = String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())?;
    Ok((text, sha256))
}

/// The record, if the documents agree with each other and with what is kept.
fn agreement(folder: &Path, sums: &Sums, faults: &mut Vec<Fault>) -> Option<Record> {
    let mut wrong = |path: &str, text: &str| {
        faults.push(Fault::Wrong(path.to_owned(), text.to_owned()));
    };
    let read = |name: &str| {
        let read = document(&folder.join(name), record::MAX_SIZE);
        read.map(|(text, _)| text)
    };
    let record = read(FILE).and_then(|text| {
        let window = Window::over(text).map_err(|error| error.to_string())?;
        Record::read(window).map_err(|error| error.to_string())
    });
    let record = match record {
        Ok((record, _)) => record,
        Err(why) => {
            wrong(FILE, &why);
            return None;
        }
    };
    let stated = json(&Statement::of(&record)).ok();
    if read(STATEMENT).ok().map(String::into_bytes) != stated {
        wrong(STATEMENT, "it does not say what the record says");
    }
    let plan = read(PLAN).and_then(|text| {
        serde_json::from_slice::<Plan>(text.as_bytes()).map_err(|error| error.to_string())
    });
    match plan {
        Err(why) => wrong(PLAN, &why),
        Ok(plan) => {
            let planned = plan.reports.iter().map(|row| (&row.artifact, &row.lane));
            let recorded = record.deliveries.iter();
            let recorded = recorded.map(|delivery| (&delivery.artifact, &delivery.lane));
            if !planned.eq(recorded) || plan.context != record.context {
                wrong(PLAN, "it is not of the reports of the record");
            }
        }
    }
    let sent = record
        .deliveries
        .iter()
        .filter_map(|delivery| delivery.sent());
    let sent = sent.map(|sent| sent.sha256.clone());
    let raw = record.deliveries.iter().filter_map(raw);
    let beside = raw.chain(beside(&record)).map(|(digest, _)| digest);
    let named: BTreeSet<_> = sent
        .chain(beside)
        .map(|digest| format!("{STORE}/{digest}"))
        .collect();
    for path in &named {
        if sums.get(path).is_none() {
            faults.push(Fault::Missing(path.clone()));
        }
    }
    let stored = sums.iter().map(|(path, _)| path);
    for path in stored.filter(|path| path.starts_with(STORE)) {
        if !named.contains(path) {
            faults.push(Fault::Extra(path.to_owned()));
        }
    }
    Some(record)
}
