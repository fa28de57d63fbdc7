//! What goes along with the reports: the decision, and the exceptions in force.
//!
//! Nothing of a report depends on it. A title says which file it is and of which
//! engagement, for DefectDojo takes each title only once; so whoever attaches a file
//! again finds it there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::landed::ask;
use super::ledger::Ledger;
use super::one::told;
use super::pauses::Clock;
use super::{Halt, Settings};
use crate::defectdojo::{Failure, Payload, Reason};
use crate::evidence::bundle;
use crate::evidence::plan::Attachment;
use crate::evidence::record::{Delivery, State};

pub(super) struct Attacher<'a> {
    pub(super) settings: &'a Settings,
    pub(super) clock: &'a Clock,
    pub(super) ledger: &'a Ledger,
}

impl Attacher<'_> {
    /// Attaches what each engagement has not yet.
    pub(super) fn attach(&self, is_over: &dyn Fn() -> bool) -> Result<(), Halt> {
        let deliveries = self.ledger.deliveries();
        let filed = deliveries
            .iter()
            .filter(|delivery| delivery.state() == State::Filed);
        let engagements: BTreeSet<u64> = filed
            .filter_map(Delivery::filed)
            .filter_map(|filed| filed.engagement_id)
            .collect();
        for (at, row) in self.ledger.attachments().into_iter().enumerate() {
            let mut why = None;
            for engagement in &engagements {
                if row.engagements.contains(engagement) {
                    continue;
                }
                if is_over() {
                    return Err(Halt::Interrupted);
                }
                match self.one(*engagement, &row.attachment)? {
                    Ok(()) => self
                        .ledger
                        .attach(at, |row| row.engagements.push(*engagement))?,
                    Err(failure) => why = Some(told(&failure)),
                }
            }
            self.ledger.attach(at, |row| row.why = why)?;
        }
        Ok(())
    }

    fn one(&self, engagement: u64, attachment: &Attachment) -> Result<Result<(), Failure>, Halt> {
        let (name, title) = names(engagement, attachment);
        let payload = Payload {
            path: match &self.settings.bundle {
                Some(folder) => bundle::content(folder, &attachment.file.sha256),
                None => PathBuf::from(&attachment.file.path),
            },
            name,
            bytes: attachment.file.bytes,
            sha256: attachment.file.sha256.clone(),
        };
        let client = &self.settings.client;
        ask(&self.settings.pauses, self.clock, || {
            let attached = client.attached(engagement)?;
            if attached.iter().any(|file| file.title == title) {
                return Ok(());
            }
            let total = self.clock.left().ok().flatten();
            match client.attach(engagement, &title, &payload, total) {
                Ok(_) => Ok(()),
                // Somebody did the same meanwhile.
                Err(failure) if failure.reason == Reason::TitleTaken => {
                    let attached = client.attached(engagement)?;
                    match attached.iter().any(|file| file.title == title) {
                        true => Ok(()),
                        false => Err(failure),
                    }
                }
                Err(failure) => Err(failure),
            }
        })
    }
}

/// The name and the title that a file is attached under. DefectDojo takes titles of
/// 100 characters, and of formats of text no Markdown and no TOML.
fn names(engagement: u64, attachment: &Attachment) -> (String, String) {
    const DIGITS: usize = 16;
    const NAME: usize = 50;
    let name = Path::new(&attachment.file.path)
        .file_name()
        .unwrap_or_default();
    let mut name: String = name.to_string_lossy().chars().take(NAME).collect();
    let digest: String = attachment.file.sha256.chars().take(DIGITS).collect();
    let title = format!("{name} {digest} in engagement {engagement}");
    if !["json", "xml", "csv", "txt"].iter().any(|known| {
        let extension = Path::new(&name).extension();
        extension.is_some_and(|extension| extension == *known)
    }) {
        name.push_str(".txt");
    }
    (name, title)
}
