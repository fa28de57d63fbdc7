//! The answer to an upload that was accepted.

use serde_json::{Map, Value, json};

use super::Version;
use super::form::Form;
use super::state::State;
use super::upload::Kind;
use super::words::PRO;

/// The request given back, with the ids and the counts.
pub(crate) fn of(form: &Form, kind: Kind, state: &State, test: u64, counts: &Value) -> Value {
    let test = state.test_by_id(test);
    let engagement = test.and_then(|test| state.engagement_by_id(test.engagement));
    let product = engagement.and_then(|engagement| state.product_by_id(engagement.product));
    let mut echo = Map::new();
    let flag = |name: &str, default| Value::from(form.flag(name).unwrap_or(default));
    for name in [
        "product_type_name",
        "product_name",
        "engagement_name",
        "test_title",
        "version",
        "branch_tag",
        "commit_hash",
        "build_id",
        "service",
        "environment",
        "scan_date",
        "engagement_end_date",
        "source_code_management_uri",
        "group_by",
    ] {
        if let Some(text) = form.text(name) {
            echo.insert(name.into(), text.into());
        }
    }
    if form.fields.iter().any(|(name, _)| name == "tags") {
        echo.insert("tags".into(), json!(form.tags().unwrap_or_default()));
    }
    if kind == Kind::Import && form.raw("engagement").is_some() {
        let id = engagement.map(|engagement| engagement.id);
        echo.insert("engagement".into(), id.into());
    }
    for name in [
        "active",
        "verified",
        "push_to_jira",
        "apply_tags_to_findings",
        "apply_tags_to_endpoints",
        "deduplication_on_engagement",
        "auto_create_context",
        "close_old_findings_product_scope",
    ] {
        echo.insert(name.into(), flag(name, false));
    }
    echo.insert(
        "create_finding_groups_for_all_findings".into(),
        flag("create_finding_groups_for_all_findings", true),
    );
    let closes = kind == Kind::Reimport;
    echo.insert(
        "close_old_findings".into(),
        flag("close_old_findings", closes),
    );
    if closes {
        echo.insert("do_not_reactivate".into(), flag("do_not_reactivate", false));
    }
    let minimum = form.text("minimum_severity").unwrap_or("Info");
    echo.insert("minimum_severity".into(), minimum.into());
    echo.insert("scan_type".into(), form.text("scan_type").into());
    for name in ["endpoint_to_add", "api_scan_configuration", "lead"] {
        echo.insert(name.into(), Value::Null);
    }
    if state.version == Version::V3 {
        let mode = form.text("deduplication_execution_mode");
        let complete = matches!(mode, Some("sync" | "async_wait"));
        echo.insert("deduplication_execution_mode".into(), mode.into());
        echo.insert("deduplication_complete".into(), complete.into());
    }
    let id = test.map(|test| test.id);
    echo.insert("test".into(), id.into());
    echo.insert("test_id".into(), id.into());
    echo.insert(
        "engagement_id".into(),
        engagement.map(|found| found.id).into(),
    );
    echo.insert("product_id".into(), product.map(|found| found.id).into());
    let product_type = product.map(|found| found.product_type);
    echo.insert("product_type_id".into(), product_type.into());
    echo.insert("statistics".into(), counts.clone());
    echo.insert("pro".into(), json!([PRO]));
    echo.into()
}
