//! What of a report may leave the machine.
//!
//! Reports may hold the secrets that they are about, and be of a format that the
//! server cannot read. What is kept in a bundle or sent to a server goes through a
//! [`Keep`], and through nothing else.

use std::path::Path;

use super::bundle;
use super::record::{Delivery, Sent};
use crate::artifact::Digested;
use crate::convert::{self, Body, ConvertError, Known, Prepared};
use crate::parser;

/// Says what is kept of a report, or why nothing may be.
pub type Keep<'a> = &'a (dyn Fn(&Delivery) -> Result<Kept, String> + Sync);

/// What is kept of a report.
#[derive(Debug)]
pub struct Kept {
    /// The file that has it; a copy goes with this.
    pub file: Body,
    /// The name that it is sent under.
    pub name: &'static str,
    /// Its bytes, and in what they differ from the report.
    pub sent: Sent,
    /// What the server will read otherwise than we do, in words.
    pub caveats: Vec<String>,
}

/// Makes of a report what the server can read, without secrets.
///
/// # Errors
///
/// Why it may not be kept.
pub fn prepared(delivery: &Delivery, options: &convert::Options) -> Result<Kept, String> {
    let (artifact, content) = (&delivery.artifact, &delivery.content);
    let scanner = content.scanner.as_deref().and_then(parser::by_name);
    let (Some(scanner), Some(format), false) =
        (scanner, &content.format, artifact.sha256.is_empty())
    else {
        return Err(
            "it cannot be read, so nobody can say whether there are secrets in it, nor file it"
                .to_owned(),
        );
    };
    let known = Known {
        scanner,
        format,
        digested: Digested {
            bytes: artifact.bytes,
            sha256: artifact.sha256.clone(),
        },
    };
    let prepared = convert::prepare(Path::new(&artifact.path), &known, options);
    let prepared = prepared.map_err(|error| match error {
        ConvertError::Changed { .. } => "it was changed since it was read".to_owned(),
        error => error.to_string(),
    })?;
    if let Some(target) = &delivery.target
        && target.scan_type != prepared.scan_type
    {
        return Err(format!(
            "it became a `{}`, and was planned as a `{}`",
            prepared.scan_type, target.scan_type
        ));
    }
    Ok(kept(delivery, options, prepared))
}

fn kept(delivery: &Delivery, options: &convert::Options, prepared: Prepared) -> Kept {
    let words = |changes: Vec<convert::Change>| -> Vec<String> {
        let words = changes.into_iter();
        words
            .map(|change| format!("{} ({})", change.what, change.count))
            .collect()
    };
    let mut changes = words(prepared.changes);
    if options.send_secrets && delivery.content.secrets > 0 {
        changes.push("secrets were left in it by `--send-secrets`".to_owned());
    }
    Kept {
        file: prepared.body,
        name: prepared.file_name,
        sent: Sent {
            sha256: prepared.sent.sha256,
            bytes: prepared.sent.bytes,
            redacted: prepared.redacted > 0,
            changes,
        },
        caveats: words(prepared.caveats),
    }
}

/// What a bundle has of a report, which was made for the server when it was kept.
///
/// # Errors
///
/// When it has nothing of it.
pub fn from_bundle(delivery: &Delivery, folder: &Path) -> Result<Kept, String> {
    let (Some(sent), Some(format)) = (delivery.sent(), &delivery.content.format) else {
        return Err("the bundle does not have it".to_owned());
    };
    Ok(Kept {
        file: Body::Original(bundle::content(folder, &sent.sha256)),
        name: convert::file_name(format),
        sent: sent.clone(),
        caveats: Vec::new(),
    })
}
