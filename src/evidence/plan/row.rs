//! One report, and where it is filed.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;

use super::{Beside, Cause, Row, Told, Wrong};
use crate::artifact::STDIN;
use crate::evidence::closing::closing;
use crate::evidence::metadata::{self, Cut, Metadata};
use crate::evidence::scan_type::{self, Form};
use crate::evidence::{Artifact, Content, Target};
use crate::finding::Severity;
use crate::parser;
use crate::policy::Policy;
use crate::policy::evidence::{Field, Filing, Grouping, Switch, Tagged, word};
use crate::policy::template::Template;
use crate::report::{Health, Report};
use crate::scan_record::Context;

/// What the place of every report follows from.
pub(super) struct Planner<'a> {
    pub(super) policy: &'a Policy,
    pub(super) context: &'a Context,
    pub(super) told: &'a Told,
}

impl Planner<'_> {
    pub(super) fn row(&self, report: &Report) -> Row {
        let filing = self.policy.filing(&report.lane);
        let variables = self.variables(report);
        let mut draft = Draft {
            filing: &filing,
            variables: &variables,
            notes: Vec::new(),
            wrong: Vec::new(),
        };
        let form = self.form(report, &mut draft);
        let title = draft.title();
        let target = self.target(report, form, &title, &mut draft);
        let metadata = self.metadata(report, &mut draft);
        if report.bytes > metadata::MAX_FILE {
            draft.notes.push(format!(
                "{} bytes are more than the 100 MB that DefectDojo takes unless it is configured otherwise",
                report.bytes
            ));
        }
        let Draft { notes, wrong, .. } = draft;
        let mut closing = closing(report, &filing, &title, self.context, &variables);
        if !wrong.is_empty() {
            closing.forbid("it cannot be filed");
        }
        let scan = report.scan.as_ref().ok();
        Row {
            artifact: Artifact {
                path: report.path.clone(),
                sha256: report.sha256.clone(),
                bytes: report.bytes,
            },
            lane: report.lane.clone(),
            content: Content {
                scanner: scan.map(|scan| scan.scanner.to_owned()),
                format: scan.map(|scan| scan.format.to_owned()),
                health: report.health(),
                findings: report.tally.findings,
                suppressed: report.tally.suppressed,
                secrets: report.tally.secrets,
            },
            scan_record: report.record.as_ref().map(|record| Beside {
                path: record.path.clone(),
                sha256: record.sha256.clone(),
            }),
            converted: form.is_some_and(|form| form.converted),
            target,
            metadata,
            closing,
            notes,
            wrong,
        }
    }

    /// What templates can be filled with.
    fn variables(&self, report: &Report) -> BTreeMap<&'static str, String> {
        let Context {
            provider,
            project,
            branch,
            target_branch,
            merge_request,
            commit,
            tag,
            environment,
            pipeline,
        } = self.context.clone();
        let name = Path::new(&report.path).file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let name = name.split('.').next().unwrap_or_default().to_owned();
        let scanner = report.scan.as_ref().map(|scan| scan.scanner.to_owned());
        let known = [
            ("provider", provider),
            ("project", project),
            ("branch", branch),
            ("target_branch", target_branch),
            ("merge_request", merge_request),
            ("commit", commit),
            ("tag", tag),
            ("environment", environment),
            ("pipeline", pipeline),
            ("lane", Some(report.lane.clone())),
            ("report", Some(name).filter(|name| !name.is_empty())),
            ("scanner", scanner.ok()),
        ];
        let known = known.into_iter();
        known
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    /// How the report is sent; absent when it cannot be.
    fn form(&self, report: &Report, draft: &mut Draft<'_>) -> Option<Form> {
        if report.path == STDIN {
            draft.wrong(
                Cause::Report,
                "what comes from standard input cannot be kept: write it to a file".to_owned(),
            );
        }
        match &report.scan {
            Err(error) => {
                draft.wrong(Cause::Report, format!("it cannot be read: {error}"));
                None
            }
            Ok(scan) => {
                self.refuse_unknown_lane(&report.lane, draft);
                if scan.health() == Health::Failed {
                    let text = "the report proves nothing of its scan, and is filed as it is";
                    draft.notes.push(text.to_owned());
                }
                Some(scan_type::form(scan.format))
            }
        }
    }

    /// A lane that nobody declared has no place.
    fn refuse_unknown_lane(&self, lane: &str, draft: &mut Draft<'_>) {
        if !self.policy.lanes.contains_key(lane) && !parser::lanes().contains(&lane) {
            let text = format!(
                "there is no lane `{lane}`: add `[lane.{lane}]`, or name one in front of the report"
            );
            draft.wrong(Cause::Configuration, text);
        }
    }

    fn target(
        &self,
        report: &Report,
        form: Option<Form>,
        title: &Template,
        draft: &mut Draft<'_>,
    ) -> Option<Target> {
        let filing = draft.filing;
        let is_numbered = filing.test_id.is_some() || filing.engagement_id.is_some();
        let own = self.policy.lanes.get(&report.lane);
        let own = own.and_then(|lane| lane.evidence.texts.get(&Field::Product));
        let product = match (own, &self.told.product) {
            (None, Some(told)) => Some(told.trim().to_owned()),
            _ => draft.text(Field::Product),
        };
        let product = product.filter(|product| !product.is_empty());
        if product.is_none() && !is_numbered && !draft.has(Field::Product) {
            draft.wrong(
                Cause::Configuration,
                "there is no product: say `product` in `[evidence]`, or set DD_PRODUCT".to_owned(),
            );
        }
        let product_type = draft.text(Field::ProductType);
        for (key, text) in [("product", &product), ("product_type", &product_type)] {
            let is_long = text
                .as_ref()
                .is_some_and(|text| text.chars().count() > metadata::PRODUCT);
            if is_long {
                let text = format!(
                    "`{key}` has more than the {} characters that DefectDojo takes",
                    metadata::PRODUCT
                );
                draft.wrong(Cause::Configuration, text);
            }
        }
        let engagement = draft
            .text(Field::Engagement)
            .unwrap_or_else(|| report.lane.clone());
        let engagement = draft
            .cut()
            .name("engagement", engagement, metadata::ENGAGEMENT);
        let title_text = match (form, filing.test_id) {
            // What it is of is not known, and that was said.
            (None, _) => None,
            (_, Some(_)) => title.fill(draft.variables).ok(),
            (_, None) => draft.fill(title),
        };
        let test_title = draft.cut().name(
            "test_title",
            title_text.unwrap_or_default(),
            metadata::TEST_TITLE,
        );
        self.refuse_foreign_branch(title, draft);
        Some(Target {
            product_type,
            product: Some(product).filter(|product| product.is_some() || is_numbered)?,
            engagement,
            engagement_id: filing.engagement_id,
            test_id: Some(filing.test_id).filter(|id| id.is_some() || !test_title.is_empty())?,
            test_title,
            scan_type: form?.scan_type.to_owned(),
        })
    }

    /// A change of another project whose branch has the name of the one that it goes
    /// to is not that branch.
    fn refuse_foreign_branch(&self, title: &Template, draft: &mut Draft<'_>) {
        let Context {
            branch: Some(branch),
            target_branch: Some(target),
            merge_request: Some(number),
            ..
        } = self.context
        else {
            return;
        };
        let mut names = draft.filing.texts.values();
        let is_apart = title.asks("merge_request") || names.any(|text| text.asks("merge_request"));
        if branch == target && title.asks("branch") && !is_apart {
            draft.wrong(
                Cause::Context,
                format!(
                    "the change {number} comes from a branch of another project that is called {branch}, too, and would be filed as that: add `{{{{ merge_request }}}}` to `test_title`, or file none of it"
                ),
            );
        }
    }

    fn metadata(&self, report: &Report, draft: &mut Draft<'_>) -> Metadata {
        let Context {
            branch,
            commit,
            tag,
            ..
        } = self.context.clone();
        let version = draft.text(Field::Version).or(tag.clone());
        let branch_tag = draft.text(Field::BranchTag).or(branch).or(tag);
        let environment = draft.text(Field::Environment);
        let service = draft.text(Field::Service);
        let description = draft.text(Field::Description);
        let source_code_uri = draft.text(Field::SourceCodeUri);
        let filing = draft.filing;
        let tags: Vec<_> = filing.tags.iter().flatten().collect();
        let tags: Vec<_> = tags.into_iter().filter_map(|tag| draft.fill(tag)).collect();
        let mut cut = draft.cut();
        let mut tags: Vec<_> = tags.iter().filter_map(|tag| cut.tag(tag)).collect();
        tags.sort();
        tags.dedup();
        let mut within = |key: &str, text: Option<String>, limit: usize| {
            text.map(|text| cut.text(key, text, limit))
        };
        let version = within("version", version, metadata::VERSION);
        let branch_tag = within("branch_tag", branch_tag, metadata::BRANCH_TAG);
        let commit_hash = within("commit_hash", commit, metadata::COMMIT_HASH);
        let service = service.map(|service| cut.name("service", service, metadata::SERVICE));
        let applies = |tagged| {
            filing
                .apply_tags
                .iter()
                .flatten()
                .any(|each| *each == tagged)
        };
        let least = filing.minimum_severity.unwrap_or(Severity::Info);
        let metadata = Metadata {
            version,
            branch_tag,
            commit_hash,
            scan_date: scan_date(report),
            environment,
            service,
            description,
            source_code_uri,
            tags,
            apply_tags_to_findings: applies(Tagged::Findings),
            apply_tags_to_endpoints: applies(Tagged::Endpoints),
            minimum_severity: capitalized(least.name()),
            group_by: filing
                .group_by
                .map(|by| word(&Grouping::WORDS, &by).to_owned()),
            deduplication_on_engagement: filing.switched(Switch::DeduplicationOnEngagement),
            push_to_jira: filing.switched(Switch::PushToJira),
            do_not_reactivate: filing.switched(Switch::DoNotReactivate).unwrap_or(false),
            import: filing.switched(Switch::Import).unwrap_or(false),
        };
        if least != Severity::Info {
            draft.notes.push(format!(
                "findings below `minimum_severity = \"{}\"` are not filed",
                least.name()
            ));
        }
        metadata
    }
}

/// The day on which the report was written, else that on which its scan ended.
fn scan_date(report: &Report) -> Option<String> {
    let written = report.scan.as_ref().ok().and_then(|scan| scan.generated_at);
    let ended = report.record.as_ref().and_then(|record| record.ended);
    let time = written.or(ended)?;
    Some(TimeZone::UTC.to_datetime(time).date().to_string())
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// A row that is being made.
struct Draft<'a> {
    filing: &'a Filing,
    variables: &'a BTreeMap<&'static str, String>,
    notes: Vec<String>,
    wrong: Vec<Wrong>,
}

impl Draft<'_> {
    fn wrong(&mut self, what: Cause, text: String) {
        self.wrong.push(Wrong { what, text });
    }

    fn cut(&mut self) -> Cut<'_> {
        Cut {
            notes: &mut self.notes,
        }
    }

    fn has(&self, field: Field) -> bool {
        self.filing.texts.contains_key(&field)
    }

    fn title(&self) -> Template {
        let own = self.filing.texts.get(&Field::TestTitle);
        own.cloned().unwrap_or_else(Template::test_title)
    }

    /// A configured text, filled.
    fn text(&mut self, field: Field) -> Option<String> {
        let template = self.filing.texts.get(&field)?;
        self.fill(template)
    }

    fn fill(&mut self, template: &Template) -> Option<String> {
        match template.fill(self.variables) {
            Ok(text) => Some(text).filter(|text| !text.is_empty()),
            Err(text) => {
                self.wrong(Cause::Context, text);
                None
            }
        }
    }
}
