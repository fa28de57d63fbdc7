//! What is stored, as the API shows it.

use serde_json::{Value, json};

use super::Version;
use super::state::{
    Engagement, File, Finding, Product, ProductType, RiskAcceptance, State, Test, TestImport,
};

/// The time of everything on this server.
const NOW: &str = "2026-11-21T01:00:00.000000Z";

pub(crate) fn product_type(kind: &ProductType) -> Value {
    json!({
        "id": kind.id,
        "created": NOW,
        "updated": NOW,
        "name": kind.name,
        "description": null,
        "critical_product": false,
        "key_product": false,
        "authorized_users": kind.authorized,
    })
}

pub(crate) fn product(state: &State, product: &Product) -> Value {
    let of_product = |finding: &&Finding| {
        let found = state.product_of_test(finding.test);
        found.is_some_and(|found| found.id == product.id)
    };
    let findings = state.findings.iter().filter(of_product);
    let findings: Vec<_> = findings.map(|finding| finding.id).collect();
    json!({
        "id": product.id,
        "findings_count": findings.len(),
        "findings_list": findings,
        "created": NOW,
        "name": product.name,
        "description": product.description,
        "prod_type": product.product_type,
        "authorized_users": product.authorized,
        "tags": [],
    })
}

pub(crate) fn engagement(state: &State, engagement: &Engagement) -> Value {
    let files: Vec<_> = state
        .files_of(engagement.id)
        .into_iter()
        .map(file)
        .collect();
    let mut row = json!({
        "id": engagement.id,
        "created": NOW,
        "updated": NOW,
        "name": engagement.name,
        "description": null,
        "version": null,
        "target_start": engagement.target_start,
        "target_end": engagement.target_end,
        "active": engagement.status != "Completed",
        "status": engagement.status,
        "engagement_type": "CI/CD",
        "build_id": null,
        "commit_hash": null,
        "branch_tag": null,
        "source_code_management_uri": engagement.source_uri,
        "deduplication_on_engagement": engagement.deduplication_on_engagement,
        "lead": engagement.lead,
        "product": engagement.product,
        "notes": [],
        "files": files,
        "tags": [],
    });
    let servers = match state.version {
        Version::V3 => [
            "cicd_scm_server",
            "cicd_build_server",
            "cicd_orchestration_engine",
        ],
        Version::V2 => [
            "source_code_management_server",
            "build_server",
            "orchestration_engine",
        ],
    };
    for server in servers {
        row[server] = Value::Null;
    }
    row
}

pub(crate) fn file(file: &File) -> Value {
    json!({
        "id": file.id,
        "file": format!(
            "http://localhost:8080/access_file/{}/{}/Engagement",
            file.id, file.engagement
        ),
        "title": file.title,
    })
}

pub(crate) fn test(state: &State, test: &Test) -> Value {
    let number = state
        .test_types
        .iter()
        .position(|name| *name == test.test_type);
    let mut row = json!({
        "id": test.id,
        "test_type_name": test.test_type,
        "scan_type": test.scan_type,
        "title": test.title,
        "description": null,
        "target_start": NOW,
        "target_end": NOW,
        "percent_complete": test.percent_complete,
        "updated": NOW,
        "created": NOW,
        "version": test.version,
        "build_id": test.build_id,
        "commit_hash": test.commit_hash,
        "branch_tag": test.branch_tag,
        "engagement": test.engagement,
        "lead": null,
        "test_type": number.map_or(9999, |number| number + 1),
        "environment": test.environment,
        "api_scan_configuration": null,
        "notes": [],
        "files": [],
        "tags": test.tags,
        "finding_groups": [],
    });
    if state.version == Version::V3 {
        row["deduplication_algorithm"] = "hash_code".into();
        row["hash_code_fields"] = Value::Null;
    }
    row
}

pub(crate) fn test_import(import: &TestImport) -> Value {
    let actions: Vec<_> = import
        .actions
        .iter()
        .map(|(action, finding)| {
            json!({
                "id": import.id * 100_000 + finding,
                "created": NOW,
                "modified": NOW,
                "action": action.letter(),
                "test_import": import.id,
                "finding": finding,
            })
        })
        .collect();
    let mut affected: Vec<_> = import.actions.iter().map(|(_, finding)| *finding).collect();
    affected.sort_unstable();
    json!({
        "id": import.id,
        "test_import_finding_action_set": actions,
        "created": NOW,
        "modified": NOW,
        "import_settings": import.settings,
        "type": import.kind,
        "version": import.version,
        "build_id": import.build_id,
        "commit_hash": import.commit_hash,
        "branch_tag": import.branch_tag,
        "test": import.test,
        "findings_affected": affected,
    })
}

pub(crate) fn finding(state: &State, finding: &Finding) -> Value {
    let item = &finding.item;
    let accepted: Vec<_> = state
        .acceptances
        .iter()
        .filter(|acceptance| acceptance.findings.contains(&finding.id))
        .map(acceptance)
        .collect();
    let ids = item.vulnerability_ids.iter();
    let ids: Vec<_> = ids.map(|id| json!({"vulnerability_id": id})).collect();
    json!({
        "id": finding.id,
        "title": item.title,
        "severity": item.severity.name(),
        "description": item.description,
        "date": finding.date,
        "active": finding.active,
        "verified": finding.verified,
        "false_p": finding.false_p,
        "duplicate": false,
        "duplicate_finding": null,
        "out_of_scope": finding.out_of_scope,
        "risk_accepted": finding.risk_accepted,
        "accepted_risks": accepted,
        "is_mitigated": finding.is_mitigated,
        "mitigated": finding.is_mitigated.then_some(NOW),
        "display_status": display_status(finding),
        "test": finding.test,
        "service": finding.service,
        "hash_code": finding.hash,
        "unique_id_from_tool": item.unique_id,
        "vuln_id_from_tool": item.vuln_id,
        "file_path": item.file_path,
        "line": item.line,
        "component_name": item.component_name,
        "component_version": item.component_version,
        "cwe": item.cwe.unwrap_or(0),
        "vulnerability_ids": ids,
        "endpoints": [],
        "tags": finding.tags,
        "updated": NOW,
        "related_fields": null,
    })
}

fn display_status(finding: &Finding) -> String {
    let flags = [
        (finding.active, "Active"),
        (!finding.active, "Inactive"),
        (finding.active && finding.verified, "Verified"),
        (finding.is_mitigated, "Mitigated"),
        (finding.false_p, "False Positive"),
        (finding.out_of_scope, "Out Of Scope"),
        (finding.risk_accepted, "Risk Accepted"),
    ];
    let words: Vec<_> = flags
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, word)| *word)
        .collect();
    words.join(", ")
}

pub(crate) fn acceptance(acceptance: &RiskAcceptance) -> Value {
    let given = |name: &str| acceptance.given.get(name).cloned().unwrap_or_default();
    json!({
        "id": acceptance.id,
        "name": acceptance.name,
        "decision": "A",
        "accepted_by": given("accepted_by"),
        "expiration_date": given("expiration_date"),
        "owner": acceptance.owner,
        "accepted_findings": acceptance.findings,
    })
}
