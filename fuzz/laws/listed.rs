//! How many findings a report lists, counted without a parser of ours.

use serde_json::Value;

/// The findings that a report of this format lists; of ZAP, their places. Absent
/// when that cannot be told.
pub(super) fn count(text: &str, format: &str) -> Option<u64> {
    let text = text.trim_start_matches('\u{feff}');
    match format {
        "gitleaks-csv" => Some(rows(text).saturating_sub(1)),
        "zap-xml" | "dependency-check-xml" => Some(elements(text, format)),
        _ => {
            let value: Value = serde_json::from_str(text).ok()?;
            Some(match format {
                "semgrep-json" | "bandit-json" => length(&value["results"]),
                "gitleaks-json" => length(&value),
                "dependency-check-json" => {
                    let of_one = |dependency: &Value| {
                        length(&dependency["vulnerabilities"])
                            + length(&dependency["suppressedVulnerabilities"])
                    };
                    list(&value["dependencies"]).map(of_one).sum()
                }
                "zap-json" => zap(&value["site"]),
                "trivy-json" => list(&value["Results"]).map(trivy).sum(),
                "trivy-json-legacy" => list(&value).map(trivy).sum(),
                "trivy-k8s-json" => {
                    let lists = [
                        "Resources",
                        "Findings",
                        "Vulnerabilities",
                        "Misconfigurations",
                    ];
                    let resources = lists.iter().flat_map(|key| list(&value[key]));
                    let results = resources.flat_map(|resource| list(&resource["Results"]));
                    results.map(trivy).sum()
                }
                _ => return None,
            })
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn length(value: &Value) -> u64 {
    list(value).count() as u64
}

/// One site, or a list of them.
fn zap(site: &Value) -> u64 {
    let sites = match site {
        Value::Array(sites) => sites.as_slice(),
        site => std::slice::from_ref(site),
    };
    let alerts = sites.iter().flat_map(|site| list(&site["alerts"]));
    // An alert without a place is in one all the same.
    alerts.map(|alert| length(&alert["instances"]).max(1)).sum()
}

fn trivy(result: &Value) -> u64 {
    let is = |value: &Value, words: &[&str]| {
        let word = value.as_str().unwrap_or_default().trim().to_lowercase();
        words.contains(&word.as_str())
    };
    let failed =
        list(&result["Misconfigurations"]).filter(|check| !is(&check["Status"], &["pass"]));
    let modified = list(&result["ExperimentalModifiedFindings"]).filter(|modified| {
        let kinds = ["vulnerability", "misconfiguration", "secret", "license"];
        is(&modified["Type"], &kinds) && !modified["Finding"].is_null()
    });
    let lists = ["Vulnerabilities", "Secrets", "Licenses"];
    let listed: u64 = lists.iter().map(|key| length(&result[key])).sum();
    listed + (failed.count() + modified.count()) as u64
}

/// Rows of CSV that are not empty; a quoted field may have line ends in it.
fn rows(text: &str) -> u64 {
    let (mut rows, mut is_quoted, mut is_empty) = (0, false, true);
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '\n' | '\r' if !is_quoted => {
                rows += u64::from(!is_empty);
                is_empty = true;
                continue;
            }
            _ => {}
        }
        is_empty = false;
    }
    rows + u64::from(!is_empty)
}

/// Elements of XML that is known to be well-formed, by where they stand.
fn elements(text: &str, format: &str) -> u64 {
    let mut open: Vec<&str> = Vec::new();
    let mut counted = 0;
    let mut without_places = 0;
    let mut places = 0;
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>"), ("!", ">")]
            .into_iter()
            .find_map(|(start, end)| Some((tag.strip_prefix(start)?, end)));
        if let Some((inside, end)) = skipped {
            rest = inside.split_once(end).map_or("", |(_, rest)| rest);
            continue;
        }
        let end = end_of_tag(tag);
        let (tag, after) = tag.split_at(end);
        rest = after;
        if tag.starts_with('/') {
            if open.pop() == Some("alertitem") && format == "zap-xml" && is_at(&open, ALERTS) {
                without_places += u64::from(places == 0);
            }
            continue;
        }
        let name = tag.split([' ', '\t', '\r', '\n', '/']).next();
        let name = name.unwrap_or_default();
        let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
        match (format, name) {
            ("zap-xml", "alertitem") if is_at(&open, ALERTS) => places = 0,
            ("zap-xml", _) if is_at(&open, INSTANCES) => {
                places += 1;
                counted += 1;
            }
            ("dependency-check-xml", "vulnerability" | "suppressedVulnerability")
                if is_at(&open, VULNERABILITIES) =>
            {
                counted += 1;
            }
            _ => {}
        }
        if !tag.ends_with('/') {
            open.push(name);
        } else if format == "zap-xml" && name == "alertitem" && is_at(&open, ALERTS) {
            without_places += 1;
        }
    }
    counted + without_places
}

const ALERTS: &[&str] = &["OWASPZAPReport", "site", "alerts"];
const INSTANCES: &[&str] = &["OWASPZAPReport", "site", "alerts", "alertitem", "instances"];
const VULNERABILITIES: &[&str] = &["analysis", "dependencies", "dependency", "vulnerabilities"];

fn is_at(open: &[&str], path: &[&str]) -> bool {
    open == path
}

/// Where a tag ends: a value may have the bracket in it.
fn end_of_tag(tag: &str) -> usize {
    let mut quote = None;
    for (at, character) in tag.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), character) if open == character => quote = None,
            (None, '>') => return at,
            _ => {}
        }
    }
    tag.len()
}
