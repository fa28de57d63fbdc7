//! What may go otherwise than expected where reports are filed.

use super::Linter;
use crate::finding::Severity;
use crate::policy::evidence::{Field, Filing, Switch};
use crate::policy::problem::Level;

impl Linter<'_> {
    pub(super) fn filing(&mut self) {
        let policy = self.policy;
        self.filed("evidence", &policy.evidence, &policy.evidence);
        for (name, lane) in &policy.lanes {
            let table = format!("lane.{name}.evidence");
            self.filed(&table, &lane.evidence, &policy.filing(name));
        }
    }

    /// What is said in one table; `holding` is what holds together with that of all
    /// lanes.
    fn filed(&mut self, table: &str, own: &Filing, holding: &Filing) {
        if own
            .minimum_severity
            .is_some_and(|least| least != Severity::Info)
        {
            let title = "`minimum_severity` keeps findings from being filed";
            let label = "so nothing is closed either, or what is below it would be; file all, and filter there";
            self.warn_of(table, "minimum_severity", title, label);
        }
        if let Some(url) = &own.url
            && url.starts_with("http://")
            && !["http://localhost", "http://127.", "http://[::1]"]
                .iter()
                .any(|here| url.starts_with(here))
        {
            let title = "the token would cross the network unencrypted";
            self.warn_of(table, "url", title, "use `https://`");
        }
        let title_says_branch = |field| {
            holding
                .texts
                .get(&field)
                .is_some_and(|text| text.asks("branch"))
        };
        if own.texts.contains_key(&Field::TestTitle)
            && ![Field::TestTitle, Field::Engagement, Field::Product]
                .into_iter()
                .any(title_says_branch)
            && !holding.texts.contains_key(&Field::Branch)
            && holding.switched(Switch::CloseOldFindings) != Some(false)
            && holding.switched(Switch::Import) != Some(true)
        {
            let title = "every branch is filed in the same test, so nothing is ever closed";
            let label = "add `{{ branch }}`, or say in `branch` which one the test stands for";
            self.warn_of(table, "test_title", title, label);
        }
    }

    fn warn_of(&mut self, table: &str, key: &str, title: &str, label: &str) {
        if let Some(origin) = self.policy.settings.get(&format!("{table}.{key}")) {
            self.add(Level::Warning, origin, title, label);
        }
    }
}
