//! The findings of a report, in as little memory as they need.

use std::io;
use std::sync::Arc;

use super::Finding;
use super::details::Store;
use super::text::Recent;

/// Findings that are kept: each compact, and its details put aside.
#[derive(Debug, Default)]
pub struct Collector {
    findings: Vec<Finding>,
    recent: Recent,
    store: Arc<Store>,
    /// Why details could not be put aside.
    lost: Option<io::Error>,
}

impl Collector {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Keeps one more.
    pub fn add(&mut self, mut finding: Finding) {
        finding.compact(&mut self.recent);
        let error = finding.details.put_aside(&self.store).err();
        self.lost = self.lost.take().or(error);
        if self.findings.len() == self.findings.capacity() {
            // By less than a doubling: the last one would be half of all memory.
            self.findings
                .reserve_exact(1024.max(self.findings.len() / 8));
        }
        self.findings.push(finding);
    }

    /// All of them.
    ///
    /// # Errors
    ///
    /// When the details of one could not be put aside.
    pub fn finish(mut self) -> io::Result<Vec<Finding>> {
        self.findings.shrink_to_fit();
        match self.lost {
            Some(error) => Err(error),
            None => Ok(self.findings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Category, Details, Location, Severity};
    use super::*;
    use crate::fingerprint::Fingerprint;

    #[test]
    fn what_is_kept_is_what_was_read() {
        let finding = |number: usize| {
            let location = Location::source(format!("src/{}.py", number % 3), Some(7));
            let fingerprint = Fingerprint::new("test", &[&number.to_string()]);
            let severity = Severity::High;
            let mut finding = Finding::new(fingerprint, Category::Sast, "rule", severity, location);
            finding.details = Details {
                description: Some(format!("what is wrong with {number}")),
                ..Details::default()
            }
            .into();
            finding
        };
        let mut collector = Collector::default();
        (0..3000).for_each(|number| collector.add(finding(number)));
        assert_eq!(collector.len(), 3000);
        let kept = collector.finish().unwrap();
        assert!((0..3000).map(finding).eq(kept));
    }
}
