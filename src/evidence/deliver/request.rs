//! What is said of a report when it is sent.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::defectdojo::{Method, Upload};
use crate::evidence::record::Delivery;
use crate::evidence::{BUILD_ID, Target};

/// Where an upload goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// By names; what there is not yet is created.
    Names,
    /// Into this test.
    Test(u64),
    /// As a new test of this engagement.
    Engagement(u64),
}

/// The upload of a delivery.
pub(super) fn upload(
    delivery: &Delivery,
    target: &Target,
    place: Place,
    key: &str,
    now: Timestamp,
) -> Upload {
    let metadata = &delivery.metadata;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let is_import = metadata.import || matches!(place, Place::Engagement(_));
    let by_names = place == Place::Names;
    Upload {
        method: match is_import {
            true => Method::Import,
            false => Method::Reimport,
        },
        product_type: target.product_type.clone().filter(|_| by_names),
        product: target.product.clone().filter(|_| by_names),
        engagement: by_names.then(|| target.engagement.clone()),
        test_title: Some(target.test_title.clone())
            .filter(|title| !title.is_empty() && !matches!(place, Place::Test(_))),
        test: match place {
            Place::Test(id) => Some(id),
            Place::Names | Place::Engagement(_) => None,
        },
        engagement_id: match place {
            Place::Engagement(id) => Some(id),
            Place::Names | Place::Test(_) => None,
        },
        // In an engagement that there is, an environment may have to be created.
        auto_create_context: !matches!(place, Place::Test(_)),
        // An import closes in other tests of the engagement.
        close_old_findings: delivery.closing().close && !is_import,
        do_not_reactivate: metadata.do_not_reactivate,
        minimum_severity: metadata.minimum_severity.clone(),
        version: text(&metadata.version),
        branch_tag: text(&metadata.branch_tag),
        commit_hash: text(&metadata.commit_hash),
        environment: text(&metadata.environment),
        service: text(&metadata.service),
        tags: metadata.tags.clone(),
        apply_tags_to_findings: metadata.apply_tags_to_findings,
        apply_tags_to_endpoints: metadata.apply_tags_to_endpoints,
        scan_date: metadata.scan_date.as_ref().and_then(|day| past(day, now)),
        source_code_management_uri: text(&metadata.source_code_uri),
        deduplication_on_engagement: metadata.deduplication_on_engagement.unwrap_or(false),
        push_to_jira: metadata.push_to_jira.unwrap_or(false),
        group_by: text(&metadata.group_by),
        ..Upload::new(target.scan_type.clone(), key)
    }
}

/// The key by which an upload is found again: for people the lane, commit and digest,
/// and for the server 64 random bits.
pub(super) fn key(delivery: &Delivery) -> String {
    const LANE: usize = 60;
    const DIGITS: usize = 12;
    let plain = |text: &str, limit: usize| -> String {
        let plain = |c: char| match c.is_ascii_alphanumeric() || "-_.".contains(c) {
            true => c,
            false => '-',
        };
        text.chars().map(plain).take(limit).collect()
    };
    let commit = delivery.metadata.commit_hash.as_deref().unwrap_or("none");
    let key = format!(
        "{}:{}:{}:{:016x}",
        plain(&delivery.lane, LANE),
        plain(commit, DIGITS),
        plain(&delivery.artifact.sha256, DIGITS),
        fastrand::u64(..)
    );
    debug_assert!(key.len() <= BUILD_ID, "its parts are shorter");
    key
}

/// A day that is not to come: DefectDojo refuses a report for one, and a scanner's
/// clock may be ahead.
fn past(day: &str, now: Timestamp) -> Option<Date> {
    let day: Date = day.parse().ok()?;
    Some(day).filter(|day| *day <= TimeZone::UTC.to_datetime(now).date())
}
