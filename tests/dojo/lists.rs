//! Reading: lists with filters and pages, and single objects.

use serde_json::{Value, json};

use super::http::{Answer, Head};
use super::rights::{self, Right, User};
use super::rows;
use super::state::State;
use super::words::{detail, field, no_permission};

/// How a query parameter chooses rows.
#[derive(Clone, Copy, Debug)]
enum Filter {
    /// The text of a field is this.
    Is(&'static str),
    /// … whatever the case.
    IsFolded(&'static str),
    /// … has this in it, whatever the case.
    Has(&'static str),
    /// A field is this number; what is no known id is refused.
    Id(&'static str, &'static str),
    /// A field is this boolean.
    Flag(&'static str),
    /// The severity is one of a comma-separated list.
    Severities,
    /// The row is of a test of this engagement, or of one of this product.
    Within(&'static str),
    /// The name of the row's product is, or has, this.
    ProductName { whole: bool },
    /// A list of numbers has this.
    Contains(&'static str),
    /// A list of objects has one whose field is this.
    Any(&'static str),
}

type Filters = &'static [(&'static str, Filter)];

fn filters(kind: &str) -> Filters {
    use Filter::{Any, Contains, Flag, Has, Id, Is, IsFolded, ProductName, Severities, Within};
    match kind {
        "findings" => &[
            ("test", Id("test", "tests")),
            ("test__engagement", Within("engagement")),
            ("test__engagement__product", Within("product")),
            ("active", Flag("active")),
            ("duplicate", Flag("duplicate")),
            ("risk_accepted", Flag("risk_accepted")),
            ("false_p", Flag("false_p")),
            ("out_of_scope", Flag("out_of_scope")),
            ("is_mitigated", Flag("is_mitigated")),
            ("severity", Severities),
            ("product_name", ProductName { whole: true }),
            ("product_name_contains", ProductName { whole: false }),
            ("hash_code", Is("hash_code")),
            ("unique_id_from_tool", Is("unique_id_from_tool")),
            ("vuln_id_from_tool", Is("vuln_id_from_tool")),
            ("vulnerability_id", Any("vulnerability_ids")),
            ("file_path", Has("file_path")),
            ("title", Has("title")),
            ("exact_title", IsFolded("title")),
        ],
        "tests" => &[
            ("engagement", Id("engagement", "engagements")),
            ("title", Is("title")),
            ("scan_type", Is("scan_type")),
            ("build_id", Is("build_id")),
            ("percent_complete", Is("percent_complete")),
        ],
        "engagements" => &[
            ("product", Id("product", "products")),
            ("name", Is("name")),
            ("status", Is("status")),
        ],
        "products" => &[
            ("name", Has("name")),
            ("name_exact", IsFolded("name")),
            ("prod_type", Id("prod_type", "product_types")),
        ],
        "product_types" | "test_types" => &[("name", Is("name"))],
        "test_imports" => &[
            ("test", Id("test", "tests")),
            ("build_id", Is("build_id")),
            ("version", Is("version")),
            ("branch_tag", Is("branch_tag")),
            ("commit_hash", Is("commit_hash")),
            ("findings_affected", Contains("findings_affected")),
        ],
        "risk_acceptance" => &[
            ("name", Is("name")),
            ("accepted_findings", Contains("accepted_findings")),
        ],
        _ => &[],
    }
}

/// `GET /api/v2/KIND/` and `GET /api/v2/KIND/ID/`.
pub(crate) fn read(
    state: &State,
    user: &User,
    kind: &str,
    id: Option<&str>,
    head: &Head,
) -> Answer {
    if kind == "system_settings" && !user.superuser {
        return no_permission();
    }
    let Some(rows) = visible(state, user, kind) else {
        return Answer::html(404, "Page not found");
    };
    let Some(id) = id else {
        return list(state, kind, rows, head);
    };
    let found = rows
        .into_iter()
        .find(|row| row["id"].as_u64() == id.parse().ok());
    match found {
        Some(row) => Answer::json(200, &row),
        None => detail(
            404,
            &format!("No {} matches the given query.", singular(kind)),
        ),
    }
}

pub(crate) fn singular(kind: &str) -> &'static str {
    match kind {
        "findings" => "Finding",
        "tests" => "Test",
        "engagements" => "Engagement",
        "products" => "Product",
        "product_types" => "Product_Type",
        "test_imports" => "Test_Import",
        "risk_acceptance" => "Risk_Acceptance",
        _ => "Object",
    }
}

/// The rows a user may see, in the order of their ids, but products by name and
/// imports newest first; `None` for what there is not.
fn visible(state: &State, user: &User, kind: &str) -> Option<Vec<Value>> {
    let sees_product = |id: u64| {
        let product = state.product_by_id(id);
        product.is_some_and(|product| rights::may_with_product(state, user, Right::View, product))
    };
    let sees_engagement = |id: u64| {
        let engagement = state.engagement_by_id(id);
        engagement.is_some_and(|engagement| sees_product(engagement.product))
    };
    let sees_test = |id: u64| {
        let test = state.test_by_id(id);
        test.is_some_and(|test| sees_engagement(test.engagement))
    };
    Some(match kind {
        "findings" => {
            let seen = state.findings.iter().filter(|finding| sees_test(finding.test));
            seen.map(|finding| rows::finding(state, finding)).collect()
        }
        "tests" => {
            let seen = state.tests.iter().filter(|test| sees_test(test.id));
            seen.map(|test| rows::test(state, test)).collect()
        }
        "engagements" => {
            let seen = state.engagements.iter();
            let seen = seen.filter(|engagement| sees_engagement(engagement.id));
            seen.map(|engagement| rows::engagement(state, engagement)).collect()
        }
        "products" => {
            let seen = state.products.iter();
            let mut seen: Vec<_> = seen.filter(|product| sees_product(product.id)).collect();
            seen.sort_by_key(|product| &product.name);
            seen.into_iter().map(|product| rows::product(state, product)).collect()
        }
        "product_types" => {
            let kinds = state.product_types.iter();
            kinds
                .filter(|kind| rights::may(state, user, Right::View, kind, None))
                .map(rows::product_type)
                .collect()
        }
        "test_imports" => {
            let seen = state.test_imports.iter().rev();
            let seen = seen.filter(|import| sees_test(import.test));
            seen.map(rows::test_import).collect()
        }
        "risk_acceptance" => {
            let seen = state.acceptances.iter();
            let seen = seen.filter(|acceptance| user.superuser || acceptance.owner == user.id);
            seen.map(rows::acceptance).collect()
        }
        "test_types" => (1..)
            .zip(&state.test_types)
            .map(|(id, name): (u64, _)| {
                json!({"id": id, "name": name, "static_tool": false, "dynamic_tool": false, "active": true})
            })
            .collect(),
        "development_environments" => {
            let rows = state.environments.iter();
            rows.map(|(id, name)| json!({"id": id, "name": name})).collect()
        }
        "system_settings" => vec![json!({"id": 1, "enable_deduplication": false})],
        _ => return None,
    })
}

fn list(state: &State, kind: &str, mut rows: Vec<Value>, head: &Head) -> Answer {
    let query = head.query();
    for (name, filter) in filters(kind) {
        // Of several the last counts, and an empty one does not.
        let given = query.iter().rev().find(|(given, _)| given == name);
        if let Some((_, wanted)) = given.filter(|(_, wanted)| !wanted.is_empty())
            && let Err(refusal) = keep(state, &mut rows, *filter, name, wanted)
        {
            return refusal;
        }
    }
    if let Some((_, order)) = query.iter().rev().find(|(name, _)| name == "o") {
        if kind == "engagements" && order.trim_start_matches('-') == "id" {
            let text =
                format!("Select a valid choice. {order} is not one of the available choices.");
            return field("o", &text, "invalid_choice");
        }
        if order.trim_start_matches('-') == "id" {
            rows.sort_by_key(|row| row["id"].as_u64());
        }
        if order.starts_with('-') {
            rows.reverse();
        }
    }
    page(kind, &rows, head, &query)
}

fn keep(
    state: &State,
    rows: &mut Vec<Value>,
    filter: Filter,
    name: &str,
    wanted: &str,
) -> Result<(), Answer> {
    let text = |row: &Value, of: &str| match &row[of] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let folded = |text: &str| text.to_lowercase();
    match filter {
        Filter::Is(of) => rows.retain(|row| text(row, of) == wanted),
        Filter::IsFolded(of) => rows.retain(|row| folded(&text(row, of)) == folded(wanted)),
        Filter::Has(of) => rows.retain(|row| folded(&text(row, of)).contains(&folded(wanted))),
        Filter::Id(of, kind) => {
            if !known_id(state, kind, wanted) {
                let text =
                    "Select a valid choice. That choice is not one of the available choices.";
                return Err(field(name, text, "invalid_choice"));
            }
            rows.retain(|row| text(row, of) == wanted);
        }
        Filter::Flag(of) => {
            let flag = matches!(wanted, "true" | "True" | "1");
            rows.retain(|row| row[of] == flag);
        }
        Filter::Severities => {
            let wanted: Vec<_> = wanted.split(',').collect();
            rows.retain(|row| wanted.contains(&text(row, "severity").as_str()));
        }
        Filter::Within(of) => rows.retain(|row| {
            let of_test = row["test"].as_u64().and_then(|id| state.test_by_id(id));
            let engagement = of_test.and_then(|test| state.engagement_by_id(test.engagement));
            let id = match of {
                "engagement" => engagement.map(|engagement| engagement.id),
                _ => engagement.map(|engagement| engagement.product),
            };
            id.is_some_and(|id| id.to_string() == wanted)
        }),
        Filter::ProductName { whole } => rows.retain(|row| {
            let product = row["test"]
                .as_u64()
                .and_then(|id| state.product_of_test(id));
            product.is_some_and(|product| {
                product.name == wanted || !whole && folded(&product.name).contains(&folded(wanted))
            })
        }),
        Filter::Contains(of) => rows.retain(|row| {
            let list = row[of].as_array().into_iter().flatten();
            list.into_iter()
                .any(|number| number.as_u64() == wanted.parse().ok())
        }),
        Filter::Any(of) => rows.retain(|row| {
            let list = row[of].as_array().into_iter().flatten();
            list.into_iter()
                .any(|entry| entry["vulnerability_id"] == wanted)
        }),
    }
    Ok(())
}

fn known_id(state: &State, kind: &str, wanted: &str) -> bool {
    let Ok(id) = wanted.parse() else { return false };
    match kind {
        "tests" => state.test_by_id(id).is_some(),
        "engagements" => state.engagement_by_id(id).is_some(),
        "products" => state.product_by_id(id).is_some(),
        _ => state.product_type_by_id(id).is_some(),
    }
}

const PAGE: usize = 25;

fn page(kind: &str, rows: &[Value], head: &Head, query: &[(String, String)]) -> Answer {
    let number = |name: &str| {
        let given = query.iter().rev().find(|(given, _)| given == name);
        given.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(PAGE);
    let offset = number("offset").unwrap_or(0);
    // From the Host of the request, whatever it is.
    let link = |offset: usize| {
        let mut pairs: Vec<_> = query
            .iter()
            .filter(|(name, _)| name != "limit" && name != "offset")
            .cloned()
            .collect();
        pairs.push(("limit".into(), limit.to_string()));
        if offset > 0 {
            pairs.push(("offset".into(), offset.to_string()));
        }
        pairs.sort();
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, QUERY).to_string();
        let pairs = pairs.iter();
        let pairs: Vec<_> = pairs
            .map(|(key, value)| format!("{key}={}", encode(value)))
            .collect();
        let host = head.header("host").unwrap_or("localhost");
        format!("http://{host}{}?{}", head.path(), pairs.join("&"))
    };
    let results: Vec<_> = rows.iter().skip(offset).take(limit).collect();
    let next = (offset + limit < rows.len()).then(|| link(offset + limit));
    let previous = (offset > 0).then(|| link(offset.saturating_sub(limit)));
    let mut body = json!({
        "count": rows.len(),
        "next": next,
        "previous": previous,
        "results": results,
    });
    if !matches!(
        kind,
        "engagements" | "test_types" | "development_environments" | "system_settings"
    ) {
        body["prefetch"] = json!({});
    }
    Answer::json(200, &body)
}

/// What a query value may not have as it is.
const QUERY: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
