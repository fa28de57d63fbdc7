//! Everything that is neither an upload nor read: products, engagements and files
//! created, findings marked, risks accepted.

use serde_json::{Value, json};

use super::form::Form;
use super::http::{Answer, Body, Head};
use super::lists::singular;
use super::rights::{self, Right, User};
use super::rows;
use super::state::{File, RiskAcceptance, State};
use super::words::{detail, field, no_permission};

/// Carries out `METHOD /api/v2/KIND/[ID/[ACTION/]]`.
pub(crate) fn act(
    state: &mut State,
    user: &User,
    kind: &str,
    id: Option<&str>,
    action: Option<&str>,
    head: &Head,
    body: &Body,
) -> Answer {
    let json = || serde_json::from_slice::<Value>(&body.bytes).unwrap_or_default();
    let number = id.and_then(|id| id.parse().ok()).unwrap_or(0);
    match (head.method.as_str(), kind, id, action) {
        ("POST", "product_types", None, _) => create_product_type(state, user, &json()),
        ("POST", "products", None, _) => create_product(state, user, &json()),
        ("POST", "engagements", None, _) => create_engagement(state, user, &json()),
        ("POST", "engagements", Some(_), Some("close")) => {
            set_status(state, user, number, "Completed")
        }
        ("POST", "engagements", Some(_), Some("reopen")) => {
            set_status(state, user, number, "In Progress")
        }
        (_, "engagements", Some(_), Some("files")) => files(state, user, number, head, body),
        ("PATCH", "findings", Some(_), None) => mark(state, user, number, &json()),
        ("POST", "findings", Some(_), Some("close")) => close(state, user, number),
        ("POST", "risk_acceptance", None, _) => accept(state, user, &json()),
        ("GET" | "POST" | "PATCH", _, _, Some(_)) => Answer::html(404, "Page not found"),
        (
            method,
            "findings"
            | "tests"
            | "engagements"
            | "products"
            | "product_types"
            | "test_imports"
            | "test_types"
            | "risk_acceptance"
            | "development_environments",
            ..,
        ) => detail(405, &format!("Method \"{method}\" not allowed.")),
        _ => Answer::html(404, "Page not found"),
    }
}

fn ids(value: &Value) -> Vec<u64> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_u64).collect()
}

fn create_product_type(state: &mut State, user: &User, given: &Value) -> Answer {
    if !rights::may_create_types(state, user) {
        return no_permission();
    }
    let name = given["name"].as_str().unwrap_or_default();
    if state.product_type(name).is_some() {
        return field(
            "name",
            "product_ type with this name already exists.",
            "unique",
        );
    }
    let id = state.create_product_type(name);
    let Some(created) = state.product_types.iter_mut().find(|kind| kind.id == id) else {
        return no_permission();
    };
    created.authorized = ids(&given["authorized_users"]);
    Answer::json(201, &rows::product_type(created))
}

fn create_product(state: &mut State, user: &User, given: &Value) -> Answer {
    let kind = given["prod_type"]
        .as_u64()
        .and_then(|id| state.product_type_by_id(id));
    let Some(kind) = kind.cloned() else {
        return field("prod_type", "This field is required.", "required");
    };
    if !rights::may(state, user, Right::AddProduct, &kind, None) {
        return no_permission();
    }
    let name = given["name"].as_str().unwrap_or_default();
    if state.product(name).is_some() {
        return field("name", "product with this name already exists.", "unique");
    }
    let id = state.create_product(&kind.name, name);
    let authorized = ids(&given["authorized_users"]);
    if let Some(created) = state.products.iter_mut().find(|product| product.id == id) {
        created.authorized = authorized;
        let description = given["description"].as_str().unwrap_or_default();
        description.clone_into(&mut created.description);
    }
    let created = state
        .product_by_id(id)
        .map(|created| rows::product(state, created));
    Answer::json(201, &created.unwrap_or_default())
}

fn create_engagement(state: &mut State, user: &User, given: &Value) -> Answer {
    let product = given["product"]
        .as_u64()
        .and_then(|id| state.product_by_id(id));
    let Some(product) = product else {
        return field("product", "This field is required.", "required");
    };
    if !rights::may_with_product(state, user, Right::Import, product) {
        return no_permission();
    }
    let name = given["name"].as_str().unwrap_or_default();
    let id = state.create_engagement(product.id, name);
    let text = |key: &str| given[key].as_str().map(str::to_owned);
    if let Some(created) = state
        .engagements
        .iter_mut()
        .find(|created| created.id == id)
    {
        created.target_start = text("target_start").unwrap_or_default();
        created.target_end = text("target_end").unwrap_or_default();
        created.status = text("status").unwrap_or_default();
    }
    let created = state
        .engagement_by_id(id)
        .map(|created| rows::engagement(state, created));
    Answer::json(201, &created.unwrap_or_default())
}

/// Whether the user sees the product of an engagement, and may upload to it.
fn reach(state: &State, user: &User, engagement: u64, right: Right) -> Result<(), Answer> {
    let found = state.engagement_by_id(engagement);
    let product = found.and_then(|found| state.product_by_id(found.product));
    let may = |right| {
        product.is_some_and(|product| rights::may_with_product(state, user, right, product))
    };
    if !may(Right::View) {
        return Err(not_found("engagements"));
    }
    if may(right) {
        Ok(())
    } else {
        Err(no_permission())
    }
}

fn not_found(kind: &str) -> Answer {
    detail(
        404,
        &format!("No {} matches the given query.", singular(kind)),
    )
}

fn set_status(state: &mut State, user: &User, id: u64, status: &str) -> Answer {
    if let Err(refusal) = reach(state, user, id, Right::Import) {
        return refusal;
    }
    for engagement in state.engagements.iter_mut().filter(|found| found.id == id) {
        status.clone_into(&mut engagement.status);
    }
    Answer::json(200, &json!({}))
}

/// What may be attached; the setting `DD_FILE_UPLOAD_TYPES`.
const ATTACHABLE: [&str; 16] = [
    ".txt", ".pdf", ".json", ".xml", ".csv", ".yml", ".png", ".jpeg", ".sarif", ".xlsx", ".doc",
    ".html", ".js", ".nessus", ".zip", ".fpr",
];

/// Files of an engagement. Not measured: the model and the view are read in
/// DefectDojo's source (a title is unique over the whole server and at most 100
/// characters long, refusals have only their field); the words are the framework's.
fn files(state: &mut State, user: &User, id: u64, head: &Head, body: &Body) -> Answer {
    if let Err(refusal) = reach(state, user, id, Right::Import) {
        return refusal;
    }
    if head.method == "GET" {
        let files: Vec<_> = state.files_of(id).into_iter().map(rows::file).collect();
        return Answer::json(200, &json!({"engagement_id": id, "files": files}));
    }
    let form = match Form::read(head, body) {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    let refused = |field: &str, text: &str| Answer::json(400, &json!({field: [text]}));
    let Some(title) = form.text("title") else {
        return refused("title", "This field is required.");
    };
    let Some(part) = form.file() else {
        return refused("file", "No file was submitted.");
    };
    if title.chars().count() > 100 {
        return refused(
            "title",
            "Ensure this field has no more than 100 characters.",
        );
    }
    if state.files.iter().any(|file| file.title == title) {
        return refused("title", "file upload with this title already exists.");
    }
    if part.bytes.is_empty() {
        return refused("file", "The submitted file is empty.");
    }
    let name = part.name.to_lowercase();
    if ATTACHABLE
        .iter()
        .all(|extension| !name.ends_with(extension))
    {
        let text = "Unsupported extension. Supported extensions are as follows: ";
        return refused(
            "non_field_errors",
            &(text.to_owned() + &ATTACHABLE.join(", ")),
        );
    }
    let file = File {
        id: state.new_id(),
        engagement: id,
        title: title.to_owned(),
        name: part.name.clone(),
        bytes: part.bytes.clone(),
    };
    let answer = Answer::json(201, &rows::file(&file));
    state.files.push(file);
    answer
}

/// Whether the user sees a finding, and may change it.
fn reach_finding(state: &State, user: &User, id: u64) -> Result<(), Answer> {
    let finding = state.findings.iter().find(|finding| finding.id == id);
    let product = finding.and_then(|finding| state.product_of_test(finding.test));
    let may = |right| {
        product.is_some_and(|product| rights::may_with_product(state, user, right, product))
    };
    if !may(Right::View) {
        return Err(not_found("findings"));
    }
    if may(Right::Edit) {
        Ok(())
    } else {
        Err(no_permission())
    }
}

fn mark(state: &mut State, user: &User, id: u64, given: &Value) -> Answer {
    if let Err(refusal) = reach_finding(state, user, id) {
        return refusal;
    }
    let flag = |name: &str| given.get(name).and_then(Value::as_bool);
    if flag("risk_accepted").is_some() {
        let text = "Simple risk acceptance is disabled for this product, use the UI to accept this finding.";
        return field("non_field_errors", text, "invalid");
    }
    for finding in state.findings.iter_mut().filter(|found| found.id == id) {
        for (name, mark) in [
            ("false_p", &mut finding.false_p),
            ("out_of_scope", &mut finding.out_of_scope),
            ("verified", &mut finding.verified),
        ] {
            if let Some(value) = flag(name) {
                *mark = value;
            }
        }
        if finding.false_p || finding.out_of_scope {
            finding.is_mitigated = true;
            finding.active = false;
        }
        if flag("active") == Some(true) {
            // Active wins, and the marks are dropped.
            finding.active = true;
            finding.false_p = false;
            finding.out_of_scope = false;
            finding.is_mitigated = false;
        }
    }
    let marked = state.findings.iter().find(|finding| finding.id == id);
    let marked = marked.map(|marked| rows::finding(state, marked));
    Answer::json(200, &marked.unwrap_or_default())
}

fn close(state: &mut State, user: &User, id: u64) -> Answer {
    if let Err(refusal) = reach_finding(state, user, id) {
        return refusal;
    }
    for finding in state.findings.iter_mut().filter(|found| found.id == id) {
        finding.is_mitigated = true;
        finding.active = false;
    }
    let body =
        json!({"is_mitigated": true, "false_p": false, "out_of_scope": false, "duplicate": false});
    Answer::json(200, &body)
}

fn accept(state: &mut State, user: &User, given: &Value) -> Answer {
    let findings = ids(&given["accepted_findings"]);
    if findings.is_empty() {
        return field("accepted_findings", "This list may not be empty.", "empty");
    }
    if findings
        .iter()
        .any(|id| reach_finding(state, user, *id).is_err())
    {
        let text =
            "You are not permitted to add one or more selected findings to this risk acceptance";
        return detail(403, text);
    }
    for finding in state
        .findings
        .iter_mut()
        .filter(|found| findings.contains(&found.id))
    {
        finding.risk_accepted = true;
        finding.active = false;
    }
    let acceptance = RiskAcceptance {
        id: state.new_id(),
        name: given["name"].as_str().unwrap_or_default().to_owned(),
        owner: given["owner"].as_u64().unwrap_or(user.id),
        findings,
        given: given.clone(),
    };
    let answer = Answer::json(201, &rows::acceptance(&acceptance));
    state.acceptances.push(acceptance);
    answer
}
