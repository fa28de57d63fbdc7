//! `import-scan/` and `reimport-scan/`.

use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::commit::{self, Sight, Wishes};
use super::context::{Context, Names};
use super::echo;
use super::form::Form;
use super::http::{Answer, Body, Head};
use super::reports::{self, Misread, Reading, Severity};
use super::rights::User;
use super::server::Shared;
use super::state::{Action, State, Test, TestImport, Upload};
use super::statistics;
use super::words::{Refused, detail, internal_error, listed, message, name_message, no_permission};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reimport,
    Import,
}

/// Carries an upload out, and keeps what was sent.
pub(crate) fn upload(
    head: &Head,
    body: &Body,
    user: &User,
    shared: &Shared,
    kind: Kind,
    takes: Duration,
) -> Answer {
    let form = match Form::read(head, body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let done = if head.method == "POST" {
        carry_out(&form, user, shared, kind, takes)
    } else {
        // Rights come first, and so does what they are asked of.
        Err(match form.raw("product_name") {
            None => listed("product_name parameter missing"),
            Some(_) => detail(405, &format!("Method \"{}\" not allowed.", head.method)),
        })
    };
    let (answer, test) = match done {
        Ok((answer, test)) => (answer, Some(test)),
        Err(refusal) => (refusal, None),
    };
    let file = form.file();
    let bytes = file.map(|file| file.bytes.clone()).unwrap_or_default();
    shared.state().uploads.push(Upload {
        sha256: base16ct::lower::encode_string(&Sha256::digest(&bytes)),
        file_name: file.map(|file| file.name.clone()),
        file: bytes,
        fields: form.fields,
        status: answer.status,
        test,
    });
    answer
}

fn carry_out(
    form: &Form,
    user: &User,
    shared: &Shared,
    kind: Kind,
    takes: Duration,
) -> Refused<(Answer, u64)> {
    let (seen, sight) = {
        let state = shared.state();
        let seen = Context::look(&state, form, kind, Names::AsSent)?;
        seen.permit(&state, form, user)?;
        form.validate(&state, shared.options.max_file)?;
        let seen = Context::look(&state, form, kind, Names::Trimmed)?;
        let sight: Option<Sight> = seen.test.map(|test| {
            let findings = state.findings_of(test);
            findings.iter().map(|finding| finding.id).collect()
        });
        (seen, sight)
    };
    // All parallel uploads have looked; now they write.
    shared.meeting.attend();
    let running = Running {
        form,
        user,
        kind,
        tracks_history: shared.options.tracks_history,
    };
    let created = match seen.test {
        Some(_) => None,
        None => Some(running.create(&mut shared.state(), &seen)?),
    };
    std::thread::sleep(takes);
    let state = &mut shared.state();
    match (created, seen.test.zip(sight)) {
        (None, Some((test, sight))) => running.again(state, test, &sight),
        (Some(test), _) => running.first(state, test),
        (None, None) => Err(internal_error()),
    }
}

/// An upload that has passed the checks.
struct Running<'a> {
    form: &'a Form,
    user: &'a User,
    kind: Kind,
    tracks_history: bool,
}

/// Limits whose excess is a 500: the database refuses it, after the findings.
const METADATA: [(&str, usize); 4] = [
    ("version", 100),
    ("branch_tag", 150),
    ("commit_hash", 150),
    ("build_id", 150),
];

/// A name that is not too long to be stored.
fn fits(limit: usize, name: &str) -> Refused<()> {
    let length = name.chars().count();
    if length <= limit {
        return Ok(());
    }
    Err(name_message(&format!(
        "Ensure this value has at most {limit} characters (it has {length})."
    )))
}

impl Running<'_> {
    fn text(&self, field: &str) -> String {
        self.form.text(field).unwrap_or_default().to_owned()
    }

    fn is_too_long(&self, field: &str, limit: usize) -> bool {
        self.text(field).chars().count() > limit
    }

    fn metadata_too_long(&self) -> bool {
        METADATA
            .iter()
            .any(|(field, limit)| self.is_too_long(field, *limit))
    }

    fn wishes(&self, first: bool) -> Wishes {
        let flag = |name| self.form.flag(name);
        let tags = self.tags().unwrap_or_default();
        let tag_findings = flag("apply_tags_to_findings").unwrap_or(false);
        Wishes {
            minimum: Severity::named(&self.text("minimum_severity")).unwrap_or(Severity::Info),
            active: flag("active"),
            verified: flag("verified"),
            close_old: match self.kind {
                Kind::Reimport => !first && flag("close_old_findings").unwrap_or(true),
                Kind::Import => flag("close_old_findings").unwrap_or(false),
            },
            reactivate: !flag("do_not_reactivate").unwrap_or(false),
            service: self.form.text("service").map(str::to_owned),
            date: self.form.text("scan_date").map(str::to_owned),
            finding_tags: if tag_findings { tags } else { Vec::new() },
        }
    }

    fn tags(&self) -> Option<Vec<String>> {
        let tags = self.form.tags()?;
        Some(tags.iter().map(|tag| tag.to_lowercase()).collect())
    }

    fn read(&self) -> Refused<Reading> {
        let file = self.form.file().ok_or_else(internal_error)?;
        let scan_type = self.text("scan_type");
        reports::read(&scan_type, &file.name, &file.bytes).map_err(|misread| match misread {
            Misread::Refused(text) => message(&text),
            Misread::Crashed => internal_error(),
        })
    }

    fn environment(&self, state: &mut State) -> Refused<u64> {
        let name = self
            .form
            .text("environment")
            .unwrap_or("Development")
            .to_owned();
        let known = state.environments.iter().find(|(_, known)| *known == name);
        match known {
            Some((id, _)) => Ok(*id),
            None if self.form.flag("auto_create_context") == Some(true) => {
                let id = state.environments.len() as u64 + 1;
                state.environments.push((id, name));
                Ok(id)
            }
            None => Err(message(&format!(
                "Environment named {name} does not exist."
            ))),
        }
    }

    /// A test that is not there yet, with all it is in; empty.
    fn create(&self, state: &mut State, seen: &Context) -> Refused<u64> {
        let environment = self.environment(state)?;
        let auto = self.form.flag("auto_create_context") == Some(true);
        if !auto && (self.kind == Kind::Reimport || seen.engagement.is_none()) {
            let what = match self.kind {
                Kind::Reimport => "A test could not be found!",
                Kind::Import => "An engagement could not be found!",
            };
            return Err(detail(404, what));
        }
        let engagement = self.engagement(state, seen)?;
        self.create_test(state, engagement, environment)
    }

    /// The findings of a new test: an import, also where a reimport was asked.
    fn first(&self, state: &mut State, test: u64) -> Refused<(Answer, u64)> {
        let wishes = self.wishes(true);
        let reading = self.read()?;
        if self.is_too_long("service", 200) && !reading.items.is_empty() {
            return Err(internal_error());
        }
        if let Some(test_type) = reading.test_type
            && let Some(test) = state.test_mut(test)
        {
            test.test_type = test_type;
        }
        let mut actions = commit::import(state, test, reading.items, &wishes);
        if self.kind == Kind::Import && wishes.close_old {
            let others = self.other_tests(state, test);
            actions.extend(commit::close_elsewhere(state, &others, &actions, &wishes));
        }
        if let Some(test) = state.test_mut(test) {
            test.percent_complete = 100;
        }
        self.remember(state, test, "import", actions, &wishes);
        let findings = state.findings_of(test);
        let counts = json!({"after": statistics::of(findings)});
        Ok((
            Answer::json(201, &echo::of(self.form, self.kind, state, test, &counts)),
            test,
        ))
    }

    /// A test that is there.
    fn again(&self, state: &mut State, test: u64, sight: &Sight) -> Refused<(Answer, u64)> {
        self.environment(state)?;
        let wishes = self.wishes(false);
        let before = statistics::of(state.findings_of(test));
        let untouched = state.imports(test).is_empty() && sight.is_empty();
        let reading = self.read()?;
        if let (Some(found), Some(test)) = (&reading.test_type, state.test_mut(test)) {
            if untouched && test.test_type == test.scan_type {
                test.test_type.clone_from(found);
            }
            if test.test_type != *found {
                return Err(message(&format!(
                    "Test type mismatch: Test {} has test_type '{}', but the report contains \
                     test_type '{found}'. Reimport with matching test_type or create a new test.",
                    test.id, test.test_type
                )));
            }
        }
        if self.is_too_long("service", 200) && !reading.items.is_empty() {
            return Err(internal_error());
        }
        let actions = commit::reimport(state, test, reading.items, &wishes, sight);
        if self.metadata_too_long() {
            return Err(internal_error());
        }
        let tags = self.tags();
        if let Some(test) = state.test_mut(test) {
            test.version = self.text("version");
            test.branch_tag = self.text("branch_tag");
            test.commit_hash = self.text("commit_hash");
            test.build_id = self.text("build_id");
            test.percent_complete = 100;
            if let Some(tags) = tags {
                test.tags = tags;
            }
        }
        let mut counts = json!({"before": before});
        if self.tracks_history {
            counts["delta"] = statistics::delta(state, &actions);
        }
        counts["after"] = statistics::of(state.findings_of(test));
        self.remember(state, test, "reimport", actions, &wishes);
        Ok((
            Answer::json(201, &echo::of(self.form, self.kind, state, test, &counts)),
            test,
        ))
    }

    /// The product, with its type, created where missing. Whoever looked before
    /// another created one is told that it exists.
    fn product(&self, state: &mut State, seen: &Context) -> Refused<u64> {
        if let Some(product) = seen.product {
            return Ok(product);
        }
        let exists = |what: &str| name_message(&format!("{what} with this Name already exists."));
        let type_name = self.text("product_type_name");
        if seen.product_type.is_none() {
            if state.product_type(&type_name).is_some() {
                return Err(exists("Product_ type"));
            }
            fits(255, &type_name)?;
            state.create_product_type(&type_name);
        }
        let name = self.text("product_name");
        if state.product(&name).is_some() {
            return Err(exists("Product"));
        }
        fits(255, &name)?;
        Ok(state.create_product(&type_name, &name))
    }

    /// The engagement, with its product, created where missing.
    fn engagement(&self, state: &mut State, seen: &Context) -> Refused<u64> {
        if let Some(engagement) = seen.engagement {
            return Ok(engagement);
        }
        let product = self.product(state, seen)?;
        let engagement = self.text("engagement_name");
        // Engagements are looked for again, under a lock.
        let again = state
            .engagements
            .iter()
            .rev()
            .find(|found| found.product == product && found.name == engagement);
        if let Some(found) = again {
            return Ok(found.id);
        }
        fits(300, &engagement)?;
        let id = state.create_engagement(product, &engagement);
        if let Some(created) = state
            .engagements
            .iter_mut()
            .find(|created| created.id == id)
        {
            created.lead = Some(self.user.id);
            created.source_uri = self
                .form
                .text("source_code_management_uri")
                .map(str::to_owned);
            created.deduplication_on_engagement = self
                .form
                .flag("deduplication_on_engagement")
                .unwrap_or(false);
            let end = self.form.text("engagement_end_date");
            if let Some(end) = end.filter(|end| *end > super::state::TODAY) {
                end.clone_into(&mut created.target_end);
            }
        }
        Ok(id)
    }

    /// An empty test, half complete until its findings are stored. Metadata that is
    /// too long is taken to fail here, before a test is stored: not measured.
    fn create_test(&self, state: &mut State, engagement: u64, environment: u64) -> Refused<u64> {
        if self.metadata_too_long() || self.is_too_long("test_title", 255) {
            return Err(internal_error());
        }
        let id = state.new_id();
        let scan_type = self.text("scan_type");
        state.tests.push(Test {
            id,
            title: self.form.text("test_title").map(str::to_owned),
            test_type: scan_type.clone(),
            scan_type,
            engagement,
            percent_complete: 50,
            environment,
            version: self.text("version"),
            branch_tag: self.text("branch_tag"),
            commit_hash: self.text("commit_hash"),
            build_id: self.text("build_id"),
            tags: self.tags().unwrap_or_default(),
        });
        Ok(id)
    }

    /// The earlier tests an import closes findings of.
    fn other_tests(&self, state: &State, test: u64) -> Vec<u64> {
        let whole = self.form.flag("close_old_findings_product_scope") == Some(true);
        let Some(own) = state.test_by_id(test) else {
            return Vec::new();
        };
        let product = |test: &Test| {
            let engagement = state.engagement_by_id(test.engagement);
            engagement.map(|engagement| engagement.product)
        };
        let near = |other: &&Test| {
            other.id != test
                && other.test_type == own.test_type
                && (other.engagement == own.engagement || whole && product(other) == product(own))
        };
        state
            .tests
            .iter()
            .filter(near)
            .map(|test| test.id)
            .collect()
    }

    fn remember(
        &self,
        state: &mut State,
        test: u64,
        kind: &'static str,
        actions: Vec<(Action, u64)>,
        wishes: &Wishes,
    ) {
        let flag = |name| self.form.flag(name).unwrap_or(false);
        let settings = json!({
            "tags": self.form.tags().unwrap_or_default(),
            "active": wishes.active,
            "service": wishes.service,
            "group_by": self.form.text("group_by"),
            "verified": wishes.verified,
            "scan_date": wishes.date,
            "push_to_jira": flag("push_to_jira"),
            "minimum_severity": wishes.minimum.name(),
            "do_not_reactivate": !wishes.reactivate,
            "close_old_findings": wishes.close_old,
            "apply_tags_to_findings": flag("apply_tags_to_findings"),
            "apply_tags_to_endpoints": flag("apply_tags_to_endpoints"),
            "close_old_findings_product_scope": flag("close_old_findings_product_scope"),
            "create_finding_groups_for_all_findings":
                self.form.flag("create_finding_groups_for_all_findings").unwrap_or(true),
        });
        let id = state.new_id();
        state.test_imports.push(TestImport {
            id,
            test,
            kind,
            version: self.text("version"),
            branch_tag: self.text("branch_tag"),
            commit_hash: self.text("commit_hash"),
            build_id: self.text("build_id"),
            settings,
            actions,
        });
    }
}
