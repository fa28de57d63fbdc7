//! What of a report may leave the machine.
//!
//! Reports may hold the secrets that they are about. What is kept in a bundle or
//! sent to a server goes through a [`Keep`], and through nothing else.

use std::path::PathBuf;

use super::record::{Delivery, Sent};

/// Says what is kept of a report, or why nothing may be.
pub type Keep<'a> = &'a dyn Fn(&Delivery) -> Result<Kept, String>;

/// What is kept of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The file that has it.
    pub file: PathBuf,
    /// Its bytes, and in what they differ from the report.
    pub sent: Sent,
}

/// Keeps a report as it is, unless it has secrets; `with_secrets` keeps it all the
/// same.
///
/// # Errors
///
/// Why it may not be kept.
pub fn as_it_is(delivery: &Delivery, with_secrets: bool) -> Result<Kept, String> {
    let artifact = &delivery.artifact;
    if artifact.sha256.is_empty() || delivery.content.format.is_none() {
        return Err(
            "it cannot be read, so nobody can say whether there are secrets in it".to_owned(),
        );
    }
    let secrets = delivery.content.secrets;
    if secrets > 0 && !with_secrets {
        let findings = if secrets == 1 { "finding" } else { "findings" };
        return Err(format!(
            "{secrets} {findings} in it may show a secret: let the scanner redact it, or keep it as it is by `--send-secrets`"
        ));
    }
    let changes = match secrets {
        0 => Vec::new(),
        _ => vec!["none: secrets were left in it by `--send-secrets`".to_owned()],
    };
    Ok(Kept {
        file: PathBuf::from(&artifact.path),
        sent: Sent {
            sha256: artifact.sha256.clone(),
            bytes: artifact.bytes,
            redacted: false,
            changes,
        },
    })
}
