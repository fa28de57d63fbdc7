//! The JSON reports.

use serde_json::{Map, Value};

use super::{Item, Misread, Read, Reading, Severity};

/// A key that must be there: its absence is a `KeyError`, a 500.
fn must<'a>(value: &'a Value, key: &str) -> Read<&'a Value> {
    value.get(key).ok_or(Misread::Crashed)
}

fn text(value: &Value, key: &str) -> Read<String> {
    must(value, key).map(shown)
}

/// Text as it is, other values as their JSON; an absent one as Python's `None`.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".into(),
        other => other.to_string(),
    }
}

fn optional(value: &Value, key: &str) -> Option<String> {
    value.get(key).filter(|found| !found.is_null()).map(shown)
}

/// A list to go through; Python cannot go through `null`, a number or a boolean.
fn each(value: &Value) -> Read<&[Value]> {
    match value {
        Value::Array(list) => Ok(list),
        _ => Err(Misread::Crashed),
    }
}

fn object(value: &Value) -> Read<&Map<String, Value>> {
    value.as_object().ok_or(Misread::Crashed)
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "None".into(), |value| value.to_string())
}

/// `CWE-79: …` as a number.
fn cwe(text: &str) -> Read<u64> {
    let head = text.split(':').next().unwrap_or_default();
    let number = head.split_once('-').map_or("", |(_, number)| number).trim();
    number.parse().map_err(|_| {
        Misread::Refused(format!(
            "invalid literal for int() with base 10: '{number}'"
        ))
    })
}

pub(super) fn semgrep(report: &Value) -> Read<Vec<Item>> {
    let results = match report {
        Value::Null | Value::Bool(_) | Value::Number(_) => return Err(Misread::Crashed),
        Value::Object(report) => report.get("results"),
        _ => None,
    };
    let Some(results) = results else {
        return Ok(Vec::new());
    };
    let mut items: Vec<Item> = Vec::new();
    for result in each(results)? {
        let extra = must(result, "extra")?;
        let given = text(extra, "severity")?;
        let severity = match given.to_uppercase().as_str() {
            "CRITICAL" => Severity::Critical,
            "ERROR" | "HIGH" => Severity::High,
            "WARNING" | "MEDIUM" => Severity::Medium,
            "LOW" | "INFO" => Severity::Low,
            _ => {
                let text = format!("Unknown value for severity: {given}");
                return Err(Misread::Refused(text));
            }
        };
        let mut item = Item::new(text(result, "check_id")?, severity);
        item.vuln_id = Some(item.title.clone());
        item.file_path = Some(text(result, "path")?);
        item.line = must(must(result, "start")?, "line")?.as_u64();
        item.cwe = match must(extra, "metadata")?.get("cwe") {
            Some(Value::Array(list)) => Some(cwe(&shown(list.first().ok_or(Misread::Crashed)?))?),
            Some(one) => Some(cwe(&shown(one))?),
            None => None,
        };
        item.description = format!("**Result message:** {}\n", text(extra, "message")?);
        let login = |text: &String| text == "requires login";
        if let Some(lines) = optional(extra, "lines").filter(|lines| !login(lines)) {
            item.description
                .extend(["**Snippet:**\n```", &lines, "```\n"]);
        }
        item.unique_id = optional(extra, "fingerprint").filter(|print| !login(print));
        item.identity = vec![
            item.title.clone(),
            item.cwe.unwrap_or(0).to_string(),
            or_none(item.line),
            or_none(item.file_path.as_ref()),
            item.description.clone(),
        ];
        let place = |item: &Item| (item.title.clone(), item.file_path.clone(), item.line);
        if items.iter().all(|known| place(known) != place(&item)) {
            items.push(item);
        }
    }
    Ok(items)
}

pub(super) fn bandit(report: &Value) -> Read<Vec<Item>> {
    let generated = text(report, "generated_at")?;
    let mut items = Vec::new();
    for result in each(must(report, "results")?)? {
        let severity = text(result, "issue_severity")?;
        let severity = Severity::named(&severity).ok_or(Misread::Crashed)?;
        let id = format!(
            "{}:{}",
            text(result, "test_name")?,
            text(result, "test_id")?
        );
        let mut item = Item::new(text(result, "issue_text")?, severity);
        item.file_path = Some(text(result, "filename")?);
        item.line = must(result, "line_number")?.as_u64();
        item.date = generated.get(..10).map(str::to_owned);
        item.identity = vec![
            or_none(item.file_path.as_ref()),
            or_none(item.line),
            id.clone(),
        ];
        item.vuln_id = Some(id);
        items.push(item);
    }
    Ok(items)
}

pub(super) fn gitleaks(report: &Value) -> Read<Vec<Item>> {
    let leaks = match report {
        Value::Null => return Ok(Vec::new()),
        Value::Object(report) if report.is_empty() => return Ok(Vec::new()),
        other => each(other)?,
    };
    let mut items: Vec<(String, Item)> = Vec::new();
    for leak in leaks {
        object(leak)?;
        // Version 7 has `rule`, version 8 `RuleID`.
        let v7 = leak.get("rule").is_some();
        let name = |old: &'static str, new: &'static str| if v7 { old } else { new };
        let secret = text(leak, name("offender", "Secret"))?;
        let file = text(leak, name("file", "File"))?;
        let line = leak
            .get(name("lineNumber", "StartLine"))
            .and_then(Value::as_u64);
        let about = text(leak, name("rule", "Description"))?;
        let mut item = Item::new(
            format!("Hard coded {about} found in {file}"),
            Severity::High,
        );
        item.cwe = Some(798);
        item.description = leak_description(leak, &secret);
        item.file_path = Some(file);
        item.line = line;
        let key = format!("{}\0{secret}\0{}", item.title, or_none(line));
        match items.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => {
                let description = [&*known.description, &*item.description];
                known.description = description.join("\n\n***\n\n");
            }
            None => items.push((key, item)),
        }
    }
    for (_, item) in &mut items {
        item.identity = vec![
            item.title.clone(),
            "798".into(),
            or_none(item.line),
            or_none(item.file_path.as_ref()),
            item.description.clone(),
        ];
    }
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

/// The lines of a finding that say what was found and in which commit; those
/// without a value are left out.
fn leak_description(leak: &Value, secret: &str) -> String {
    let message = optional(leak, "Message").map(|message| match message.contains('\n') {
        true => format!("\n```\n{message}\n```"),
        false => format!(" {message}"),
    });
    let get = |key| optional(leak, key).map(|value| format!(" {value}"));
    let lines = [
        ("Secret", Some(format!(" {secret}"))),
        ("Match", get("Match")),
        ("Commit message", message),
        ("Commit hash", get("Commit")),
        ("Commit date", get("Date")),
        ("Rule Id", get("RuleID")),
    ];
    let lines: Vec<_> = lines
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| value != " ")?)))
        .map(|(name, value)| format!("**{name}:**{value}"))
        .collect();
    lines.join("\n")
}

fn is_name(value: &Value) -> bool {
    value.as_str().is_some_and(|name| !name.is_empty())
}

pub(super) fn trivy(report: &Value) -> Read<Vec<Item>> {
    let targets_of_cluster;
    let targets = match report {
        Value::Null => return Ok(Vec::new()),
        // The oldest shape: a list of targets.
        Value::Array(targets) => targets,
        Value::Object(fields) if fields.get("SchemaVersion") == Some(&2.into()) => {
            match fields.get("Results") {
                None => return Ok(Vec::new()),
                Some(results) => each(results)?,
            }
        }
        // Of a cluster: lists of its resources, each with targets.
        Value::Object(fields) if fields.get("ClusterName").is_some_and(is_name) => {
            let lists = ["Vulnerabilities", "Misconfigurations", "Resources"];
            let mut targets = Vec::new();
            for list in lists.iter().filter_map(|key| fields.get(*key)) {
                for resource in each(list)? {
                    targets.extend(resource.get("Results").map_or(Ok(&[][..]), each)?.iter());
                }
            }
            targets_of_cluster = targets.into_iter().cloned().collect::<Vec<_>>();
            &targets_of_cluster
        }
        Value::Object(_) => {
            let text = "Schema of Trivy json report is not supported";
            return Err(Misread::Refused(text.into()));
        }
        _ => return Err(Misread::Crashed),
    };
    let mut items = Vec::new();
    for target in targets {
        let Some(name) = optional(target, "Target") else {
            continue;
        };
        if let Some(list) = target.get("Vulnerabilities").and_then(Value::as_array) {
            let kind = or_none(optional(target, "Type"));
            items.extend(
                list.iter()
                    .filter_map(|found| vulnerability(found, &name, &kind)),
            );
        }
        for (key, make) in [
            (
                "Misconfigurations",
                misconfiguration as fn(&Value, &str) -> Read<Item>,
            ),
            ("Secrets", trivy_secret),
            ("Licenses", license),
        ] {
            if let Some(list) = target.get(key) {
                for found in each(list)? {
                    items.push(make(found, &name)?);
                }
            }
        }
    }
    Ok(items)
}

fn trivy_severity(value: &Value) -> Option<Severity> {
    match value.get("Severity")?.as_str()? {
        "UNKNOWN" => Some(Severity::Info),
        other => Severity::named(other),
    }
}

/// `None` where a key is missing: the parser skips the entry.
fn vulnerability(found: &Value, target: &str, kind: &str) -> Option<Item> {
    let id = optional(found, "VulnerabilityID")?;
    let package = optional(found, "PkgName")?;
    let installed = optional(found, "InstalledVersion").unwrap_or_default();
    let severity = trivy_severity(found)?;
    let get = |key| optional(found, key).unwrap_or_default();
    let mut item = Item::new(format!("{id} {package} {installed}"), severity);
    item.description = format!(
        "{}\n**Target:** {target}\n**Type:** {kind}\n**Fixed version:** {}\n\n{}\n",
        get("Title"),
        get("FixedVersion"),
        get("Description"),
    );
    let cwes = found.get("CweIDs").and_then(Value::as_array);
    let first = cwes
        .and_then(|list| list.first())
        .map(shown)
        .unwrap_or_default();
    item.cwe = cwe(&first).ok();
    item.file_path = optional(found, "PkgPath").or_else(|| Some(target.to_owned()));
    item.identity = vec![
        item.title.clone(),
        severity.name().into(),
        id.clone(),
        item.cwe.unwrap_or(0).to_string(),
        item.description.clone(),
    ];
    item.vulnerability_ids = vec![id];
    item.component_name = Some(package);
    item.component_version = Some(installed);
    match get("Status").as_str() {
        "affected" | "fixed" | "will_not_fix" | "fix_deferred" | "end_of_life" => {
            item.verified = true;
        }
        "not_affected" => {
            item.verified = true;
            item.active = false;
            item.is_mitigated = true;
        }
        _ => {}
    }
    Some(item)
}

fn misconfiguration(found: &Value, target: &str) -> Read<Item> {
    let severity = trivy_severity(found).ok_or(Misread::Crashed)?;
    let title = format!(
        "{} - {}",
        text(found, "ID")?,
        or_none(optional(found, "Title"))
    );
    let mut item = Item::new(title, severity);
    item.description = or_none(optional(found, "Message"));
    Ok(placed(item, target))
}

fn trivy_secret(found: &Value, target: &str) -> Read<Item> {
    let severity = trivy_severity(found).ok_or(Misread::Crashed)?;
    let title = or_none(optional(found, "Title"));
    let mut item = Item::new(format!("Secret detected in {target} - {title}"), severity);
    item.line = found.get("StartLine").and_then(Value::as_u64);
    item.description = or_none(optional(found, "Match"));
    Ok(placed(item, target))
}

fn license(found: &Value, target: &str) -> Read<Item> {
    let severity = trivy_severity(found).ok_or(Misread::Crashed)?;
    let name = or_none(optional(found, "Name"));
    let package = or_none(optional(found, "PkgName"));
    let mut item = Item::new(format!("License detected in {target} - {name}"), severity);
    item.description = package;
    Ok(placed(item, target))
}

fn placed(mut item: Item, target: &str) -> Item {
    item.file_path = Some(target.to_owned());
    item.identity = vec![
        item.title.clone(),
        item.severity.name().into(),
        or_none(item.line),
        item.description.clone(),
    ];
    item
}

pub(super) fn gitlab(report: &Value) -> Read<Vec<Item>> {
    let mut items = Vec::new();
    let found = object(report)?.get("vulnerabilities");
    for found in found.map_or(Ok(&[][..]), each)? {
        let severity = match text(found, "severity")?.as_str() {
            "Unknown" => Severity::Info,
            other => Severity::named(other).ok_or(Misread::Crashed)?,
        };
        let location = must(found, "location")?;
        let name = or_none(optional(found, "name"));
        let title = format!("{name} detected; please remove and revoke it if this is a leak.");
        let mut item = Item::new(title, severity);
        item.file_path = optional(location, "file");
        item.line = location.get("start_line").and_then(Value::as_u64);
        item.unique_id = optional(found, "id");
        item.identity = vec![
            item.title.clone(),
            or_none(item.file_path.as_ref()),
            or_none(item.line),
        ];
        items.push(item);
    }
    Ok(items)
}

pub(super) fn generic(report: &Value) -> Read<Reading> {
    let report = object(report)?;
    let found = report.get("findings");
    let mut items = Vec::new();
    for found in found.map_or(Ok(&[][..]), each)? {
        let missing: Vec<_> = ["title", "severity", "description"]
            .into_iter()
            .filter(|key| found.get(key).is_none())
            .collect();
        if !missing.is_empty() {
            let text = format!("Required fields are missing: {missing:?}");
            return Err(Misread::Refused(text));
        }
        let severity = Severity::named(&text(found, "severity")?).unwrap_or(Severity::Info);
        let flag = |key, default| found.get(key).and_then(Value::as_bool).unwrap_or(default);
        let mut item = Item::new(text(found, "title")?, severity);
        item.description = text(found, "description")?;
        item.file_path = optional(found, "file_path");
        item.line = found.get("line").and_then(Value::as_u64);
        item.cwe = found.get("cwe").and_then(Value::as_u64);
        item.component_name = optional(found, "component_name");
        item.component_version = optional(found, "component_version");
        item.unique_id = optional(found, "unique_id_from_tool");
        item.vuln_id = optional(found, "vuln_id_from_tool");
        item.date = optional(found, "date");
        item.active = flag("active", true);
        item.verified = flag("verified", false);
        item.false_p = flag("false_p", false);
        item.is_mitigated = flag("is_mitigated", false);
        item.identity = vec![
            item.title.clone(),
            item.cwe.unwrap_or(0).to_string(),
            or_none(item.line),
            or_none(item.file_path.as_ref()),
            item.description.clone(),
        ];
        items.push(item);
    }
    let kind = report.get("type").map(shown);
    Ok(Reading {
        items,
        test_type: kind.map(|kind| format!("{kind} Scan (Generic Findings Import)")),
    })
}

pub(super) fn generic_csv(bytes: &[u8]) -> Read<Vec<Item>> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().map_err(|_| Misread::Crashed)?.clone();
    let mut items = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| Misread::Crashed)?;
        let get = |name: &str| {
            let place = headers
                .iter()
                .position(|header| header.eq_ignore_ascii_case(name));
            place
                .and_then(|place| record.get(place))
                .unwrap_or_default()
                .to_owned()
        };
        let severity = Severity::named(&get("Severity")).unwrap_or(Severity::Info);
        let mut item = Item::new(get("Title"), severity);
        item.description = get("Description");
        item.identity = vec![item.title.clone(), get("CweId"), item.description.clone()];
        items.push(item);
    }
    Ok(items)
}

pub(super) fn sarif(report: &Value) -> Read<Reading> {
    let mut reading = Reading::default();
    let runs = object(report)?.get("runs");
    for run in runs.map_or(Ok(&[][..]), each)? {
        let driver = must(must(run, "tool")?, "driver")?;
        let tool = text(driver, "name")?;
        reading
            .test_type
            .get_or_insert(format!("{tool} Scan (SARIF)"));
        let results = run.get("results");
        for result in results.map_or(Ok(&[][..]), each)? {
            let severity = match optional(result, "level").as_deref() {
                Some("error") => Severity::High,
                Some("note") => Severity::Low,
                Some("none") => Severity::Info,
                _ => Severity::Medium,
            };
            let message = result
                .pointer("/message/text")
                .map(shown)
                .unwrap_or_default();
            let mut item = Item::new(message.clone(), severity);
            item.vuln_id = optional(result, "ruleId");
            // One finding per location.
            let nowhere = [Value::Null];
            let places = result.get("locations").and_then(Value::as_array);
            for place in places.map_or(&nowhere[..], |places| &places[..]) {
                let at = |pointer| place.pointer(pointer);
                let mut item = item.clone();
                item.file_path = at("/physicalLocation/artifactLocation/uri").map(shown);
                item.line = at("/physicalLocation/region/startLine").and_then(Value::as_u64);
                item.identity = vec![
                    or_none(item.vuln_id.as_ref()),
                    or_none(item.line),
                    or_none(item.file_path.as_ref()),
                    message.clone(),
                ];
                reading.items.push(item);
            }
        }
    }
    Ok(reading)
}
