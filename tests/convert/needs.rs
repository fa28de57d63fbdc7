//! What DefectDojo's parsers need of a report, and which findings they make.
//!
//! A model of `dojo/tools/*/parser.py` of version 3.2: where those fail, this
//! says so. It knows nothing of how reports are converted.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

/// A finding's title and severity there.
pub(crate) type There = (String, &'static str);

/// Reads a report as the parser of `scan_type` does.
pub(crate) fn read(scan_type: &str, name: &str, bytes: &[u8]) -> Result<Vec<There>, String> {
    match scan_type {
        "ZAP Scan" if name.rsplit_once('.').is_none_or(|(_, end)| end != "xml") => {
            Err("please use xml".to_owned())
        }
        "ZAP Scan" => zap(&element(bytes)?),
        "Dependency Check Scan" => dependency_check(&element(bytes)?),
        _ => {
            // Python reads a byte order mark.
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let json: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
            match scan_type {
                "Bandit Scan" => bandit(&json),
                "Generic Findings Import" => generic(&json),
                "Gitleaks Scan" => gitleaks(&json),
                "Semgrep JSON Report" => semgrep(&json),
                "Trivy Scan" => trivy(&json),
                other => Err(format!("no such scan type: {other}")),
            }
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    let text = value[key].as_str();
    text.filter(|text| !text.contains('\0'))
        .ok_or_else(|| format!("no text `{key}` in {value}"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match value.get(key) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(other) => Err(format!("`{key}` is {other}")),
    }
}

fn number(text: &str) -> Result<i32, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("no number: {text}"))
}

fn bandit(json: &Value) -> Result<Vec<There>, String> {
    let date = text(json, "generated_at")?;
    date.parse::<jiff::Timestamp>()
        .map_err(|error| error.to_string())?;
    let mut findings = Vec::new();
    for item in list(json, "results")? {
        for key in ["test_name", "test_id", "filename", "issue_confidence"] {
            text(item, key)?;
        }
        item.get("line_number").ok_or("no line")?;
        let severity = match text(item, "issue_severity")?.to_uppercase().as_str() {
            "CRITICAL" => "Critical",
            "HIGH" => "High",
            "MEDIUM" => "Medium",
            "LOW" => "Low",
            other => return Err(format!("severity {other}")),
        };
        findings.push((text(item, "issue_text")?.to_owned(), severity));
    }
    Ok(findings)
}

fn generic(json: &Value) -> Result<Vec<There>, String> {
    let mut findings = Vec::new();
    for item in list(json, "findings")? {
        text(item, "description")?;
        for key in item.as_object().unwrap().keys() {
            let known = [
                "active",
                "component_name",
                "component_version",
                "cwe",
                "description",
                "dynamic_finding",
                "endpoints",
                "file_path",
                "line",
                "mitigation",
                "nb_occurences",
                "references",
                "severity",
                "static_finding",
                "title",
                "unique_id_from_tool",
                "vuln_id_from_tool",
                "vulnerability_ids",
            ];
            assert!(known.contains(&key.as_str()), "{key}");
        }
        let severity = ["Critical", "High", "Medium", "Low", "Info"];
        let severity = severity
            .into_iter()
            .find(|known| item["severity"] == *known);
        findings.push((
            text(item, "title")?.to_owned(),
            severity.ok_or("no severity")?,
        ));
    }
    Ok(findings)
}

fn gitleaks(json: &Value) -> Result<Vec<There>, String> {
    let Value::Array(issues) = json else {
        return json.is_null().then(Vec::new).ok_or("no list".to_owned());
    };
    let mut findings = Vec::new();
    for issue in issues {
        if issue["rule"].as_str().is_some_and(|rule| !rule.is_empty()) {
            let needed = [
                "file",
                "commitMessage",
                "commit",
                "date",
                "author",
                "email",
                "line",
                "offender",
            ];
            for key in needed {
                text(issue, key)?;
            }
            let rule = text(issue, "rule")?;
            let is_critical = ["Github", "AWS", "Heroku"]
                .iter()
                .any(|word| rule.contains(word));
            let severity = if is_critical { "Critical" } else { "High" };
            findings.push((format!("Hard Coded {rule}"), severity));
            continue;
        }
        let reason = text(issue, "Description")?;
        if reason.is_empty() {
            return Err("Format is not recognized for Gitleaks".to_owned());
        }
        text(issue, "Secret")?;
        if !issue["StartLine"].is_null() && issue["StartLine"].as_i64().is_none() {
            return Err("no line".to_owned());
        }
        if !issue["Message"].is_null() {
            text(issue, "Message")?;
        }
        if !issue["Tags"].is_null() {
            list(issue, "Tags")?;
        }
        let said = ["Secret", "Match", "Message", "Commit", "Date", "RuleID"];
        if said
            .iter()
            .all(|key| issue[*key].as_str().is_none_or(str::is_empty))
        {
            return Err("string index out of range".to_owned());
        }
        let file = text(issue, "File")?;
        findings.push((format!("Hard coded {reason} found in {file}"), "High"));
    }
    Ok(findings)
}

fn semgrep(json: &Value) -> Result<Vec<There>, String> {
    let mut findings = Vec::new();
    for item in list(json, "results")? {
        let extra = &item["extra"];
        let severity = match text(extra, "severity")?.to_uppercase().as_str() {
            "CRITICAL" => "Critical",
            "ERROR" | "HIGH" => "High",
            "WARNING" | "MEDIUM" => "Medium",
            "INFO" | "LOW" => "Low",
            other => return Err(format!("Unknown value for severity: {other}")),
        };
        text(extra, "message")?;
        text(item, "path")?;
        item["start"].get("line").ok_or("no line")?;
        let metadata = extra["metadata"].as_object().ok_or("no metadata")?;
        if let Some(cwe) = metadata.get("cwe") {
            let names = match cwe {
                Value::Array(names) if names.is_empty() => return Err("list index".to_owned()),
                Value::Array(names) => names.as_slice(),
                one => std::slice::from_ref(one),
            };
            for name in names {
                let name = name.as_str().ok_or("no text")?;
                let name = name.split(':').next().unwrap();
                number(name.split_once('-').map_or("", |(_, number)| number))?;
            }
        }
        if let Some(references) = metadata.get("references") {
            let references = references.as_array().ok_or("references")?;
            assert!(references.iter().all(Value::is_string));
        }
        findings.push((text(item, "check_id")?.to_owned(), severity));
    }
    Ok(findings)
}

fn trivy_severity(word: &Value) -> Option<&'static str> {
    match word.as_str()? {
        "CRITICAL" => Some("Critical"),
        "HIGH" => Some("High"),
        "MEDIUM" => Some("Medium"),
        "LOW" => Some("Low"),
        "UNKNOWN" => Some("Info"),
        _ => None,
    }
}

fn trivy(json: &Value) -> Result<Vec<There>, String> {
    let mut findings = Vec::new();
    match json {
        Value::Null => {}
        Value::Array(results) => trivy_results(results, &mut findings)?,
        _ if json["SchemaVersion"] == 2 => trivy_results(list(json, "Results")?, &mut findings)?,
        _ if json["ClusterName"].is_string() => {
            for key in ["Vulnerabilities", "Misconfigurations", "Resources"] {
                for resource in list(json, key)? {
                    let is_global = resource["Namespace"].as_str().is_none_or(str::is_empty);
                    if key == "Resources" && is_global {
                        return Err("resource_name is not bound".to_owned());
                    }
                    trivy_results(list(resource, "Results")?, &mut findings)?;
                }
            }
        }
        _ => return Err("Schema of Trivy json report is not supported".to_owned()),
    }
    Ok(findings)
}

fn trivy_results(results: &[Value], findings: &mut Vec<There>) -> Result<(), String> {
    for result in results {
        text(result, "Target")?;
        if !result["Vulnerabilities"].is_null() {
            for entry in list(result, "Vulnerabilities")? {
                if !entry.get("CVSS").is_none_or(Value::is_object) {
                    return Err("CVSS".to_owned());
                }
                assert!(list(entry, "References")?.iter().all(Value::is_string));
                for cwe in list(entry, "CweIDs")? {
                    number(cwe.as_str().unwrap().split('-').nth(1).unwrap_or_default())?;
                }
                let severity = &entry["Severity"];
                let severity = match severity.as_str() {
                    None | Some("") => "Info",
                    // Caught there, and the vulnerability is passed over.
                    Some(_) => trivy_severity(severity).ok_or("skipped")?,
                };
                let package = text(entry, "PkgName")?;
                findings.push((format!("{} {package}", entry["VulnerabilityID"]), severity));
            }
        }
        for entry in list(result, "Misconfigurations")? {
            list(entry, "References")?;
            for (object, key) in [(entry, "CauseMetadata"), (&entry["CauseMetadata"], "Code")] {
                if !object.get(key).is_none_or(Value::is_object) {
                    return Err(format!("`{key}` is no object"));
                }
            }
            let severity = trivy_severity(&entry["Severity"]).ok_or("lowered to `Info`")?;
            findings.push((entry["ID"].to_string(), severity));
        }
        for key in ["Secrets", "Licenses"] {
            for entry in list(result, key)? {
                let severity = trivy_severity(&entry["Severity"]).ok_or("KeyError")?;
                findings.push((entry["Title"].to_string(), severity));
            }
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    namespace: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// As Python's `find`: names without a namespace are not those in one.
    fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Self> {
        let children = self.children.iter();
        children.filter(move |child| child.name == name && child.namespace == namespace)
    }

    fn text_of(&self, namespace: &str, name: &str) -> Result<&str, String> {
        let children = self.children.iter();
        let mut named = children.filter(|child| child.name == name);
        named
            .find(|child| child.namespace == namespace)
            .map(|child| child.text.as_str())
            .ok_or_else(|| format!("no `{name}` in `{}`", self.name))
    }
}

fn element(bytes: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => {
                let mut namespace = open.last().unwrap().namespace.clone();
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(|error| error.to_string())?;
                    if attribute.key.as_ref() == "xmlns" {
                        namespace = attribute.value.to_string();
                    }
                }
                open.push(Element {
                    name: tag.name().as_ref().to_owned(),
                    namespace,
                    ..Element::default()
                });
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().unwrap().children.push(closed);
            }
            Event::Text(piece) => open.last_mut().unwrap().text += &piece.xml10_content(),
            Event::CData(piece) => open.last_mut().unwrap().text += &piece.xml10_content(),
            Event::GeneralRef(reference) => {
                let character = reference
                    .resolve_char_ref()
                    .map_err(|error| error.to_string())?;
                let text = match character {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or("an entity")?
                        .to_owned(),
                };
                let is_xml = |c: char| c >= ' ' || "\t\n\r".contains(c);
                if !text.chars().all(is_xml) {
                    return Err("reference to invalid character number".to_owned());
                }
                open.last_mut().unwrap().text += &text;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    open.pop()
        .unwrap()
        .children
        .pop()
        .ok_or("no element found".to_owned())
}

fn zap(root: &Element) -> Result<Vec<There>, String> {
    let mut findings = Vec::new();
    for item in root
        .all("", "site")
        .flat_map(|site| site.all("", "alerts"))
        .flat_map(|alerts| alerts.all("", "alertitem"))
    {
        for name in ["desc", "solution", "reference"] {
            item.text_of("", name)?;
        }
        let severity = match item.text_of("", "riskcode")? {
            "3" => "High",
            "2" => "Medium",
            "1" => "Low",
            "0" => "Info",
            other => return Err(format!("no severity for {other:?}")),
        };
        for instance in item
            .all("", "instances")
            .flat_map(|instances| instances.all("", "instance"))
        {
            if instance.text_of("", "uri")?.is_empty() {
                return Err("no address".to_owned());
            }
            if instance.text_of("", "requestheader").is_ok() {
                for name in ["requestbody", "responseheader", "responsebody"] {
                    instance.text_of("", name)?;
                }
            }
        }
        findings.push((item.text_of("", "alert")?.to_owned(), severity));
    }
    Ok(findings)
}

fn dependency_check(root: &Element) -> Result<Vec<There>, String> {
    let space = root.namespace.as_str();
    let mut findings = Vec::new();
    for dependency in root
        .all(space, "dependencies")
        .flat_map(|dependencies| dependencies.all(space, "dependency"))
    {
        for package in dependency
            .all(space, "identifiers")
            .flat_map(|identifiers| identifiers.all(space, "package"))
        {
            let id = package.text_of(space, "id")?.trim();
            id.parse::<packageurl::PackageUrl<'_>>()
                .map_err(|error| format!("{id}: {error}"))?;
        }
        let file = dependency.text_of(space, "fileName")?;
        let vulnerabilities = dependency.all(space, "vulnerabilities").flat_map(|list| {
            let suppressed = list.all(space, "suppressedVulnerability");
            list.all(space, "vulnerability").chain(suppressed)
        });
        for vulnerability in vulnerabilities {
            vulnerability.text_of(space, "description")?;
            let mut severity = vulnerability.text_of(space, "severity").unwrap_or_default();
            let has = |name| vulnerability.all(space, name).next();
            if let (None, Some(score)) = (has("cvssV3"), has("cvssV2")) {
                severity = score.text_of(space, "severity")?;
            }
            let severity = match severity.trim().to_lowercase().as_str() {
                "critical" => "Critical",
                "high" => "High",
                "low" => "Low",
                "info" => "Info",
                _ => "Medium",
            };
            let name = vulnerability.text_of(space, "name")?;
            findings.push((format!("{file} | {name}"), severity));
        }
    }
    Ok(findings)
}
