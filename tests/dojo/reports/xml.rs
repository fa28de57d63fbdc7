//! The XML reports.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Item, Misread, Read, Severity};

/// An element: its name without a prefix, its own text, and what is in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn parse(bytes: &[u8]) -> Read<Self> {
        let mut reader = Reader::from_reader(bytes);
        let mut open = vec![Self::default()];
        let mut buffer = Vec::new();
        loop {
            let event = reader.read_event_into(&mut buffer);
            match event.map_err(|_| Misread::Crashed)? {
                Event::Start(start) => open.push(Self::named(start.local_name().as_ref())),
                Event::Empty(start) => {
                    let element = Self::named(start.local_name().as_ref());
                    open.last_mut()
                        .ok_or(Misread::Crashed)?
                        .children
                        .push(element);
                }
                Event::End(_) => {
                    let closed = open.pop().ok_or(Misread::Crashed)?;
                    open.last_mut()
                        .ok_or(Misread::Crashed)?
                        .children
                        .push(closed);
                }
                Event::Text(text) => {
                    open.last_mut().ok_or(Misread::Crashed)?.text += &text;
                }
                Event::CData(text) => {
                    open.last_mut().ok_or(Misread::Crashed)?.text += &text;
                }
                Event::GeneralRef(entity) => {
                    let entity = format!("&{};", &*entity);
                    open.last_mut().ok_or(Misread::Crashed)?.text += &entity;
                }
                Event::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
        let [document] = open.as_mut_slice() else {
            return Err(Misread::Crashed);
        };
        match document.children.as_mut_slice() {
            [_] => document.children.pop().ok_or(Misread::Crashed),
            _ => Err(Misread::Crashed),
        }
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The trimmed text of a child; empty where there is none.
    fn get(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.trim())
    }
}

/// One finding per alert of a site; XML of anything else has no sites.
pub(super) fn zap(bytes: &[u8]) -> Read<Vec<Item>> {
    let report = Element::parse(bytes)?;
    let mut items = Vec::new();
    for site in report.all("site") {
        for alert in site
            .all("alerts")
            .flat_map(|alerts| alerts.all("alertitem"))
        {
            let severity = match alert.get("riskcode") {
                "0" => Severity::Info,
                "1" => Severity::Low,
                "2" => Severity::Medium,
                "3" => Severity::High,
                _ => return Err(Misread::Crashed),
            };
            let mut item = Item::new(alert.get("alert"), severity);
            item.cwe = alert.get("cweid").parse().ok();
            item.vuln_id = Some(alert.get("pluginid").to_owned());
            alert.get("desc").clone_into(&mut item.description);
            item.identity = match item.cwe {
                None | Some(0) => vec![
                    item.title.clone(),
                    "0NoneNone".into(),
                    item.description.clone(),
                ],
                Some(cwe) => vec![item.title.clone(), cwe.to_string(), severity.name().into()],
            };
            items.push(item);
        }
    }
    Ok(items)
}

/// One finding per vulnerability of a dependency; what is not XML crashes the
/// parser, XML of anything else has no dependencies.
pub(super) fn dependency_check(bytes: &[u8]) -> Read<Vec<Item>> {
    let report = Element::parse(bytes)?;
    let mut items: Vec<Item> = Vec::new();
    let dependencies = report.child("dependencies");
    for dependency in dependencies.iter().flat_map(|list| list.all("dependency")) {
        let Some(list) = dependency.child("vulnerabilities") else {
            continue;
        };
        for found in &list.children {
            let suppressed = found.name == "suppressedVulnerability";
            if !suppressed && found.name != "vulnerability" {
                continue;
            }
            let name = found.get("name");
            let mut item = Item::new(name, dependency_severity(found));
            item.file_path = Some(dependency.get("fileName").to_owned());
            let cwes = found.child("cwes").map(|cwes| cwes.get("cwe"));
            let cwe = cwes.unwrap_or_else(|| found.get("cwe"));
            let digits: String = cwe
                .trim_start_matches("CWE-")
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            item.cwe = Some(digits.parse().unwrap_or(1035));
            let (component, version) = component(dependency).unwrap_or_default();
            if name.starts_with("CVE") {
                item.vulnerability_ids = vec![name.to_owned()];
            }
            item.active = !suppressed;
            item.is_mitigated = suppressed;
            item.title = format!("{component}:{version} | {name}");
            item.component_name = Some(component);
            item.component_version = Some(version);
            item.identity = vec![
                item.title.clone(),
                item.cwe.unwrap_or(0).to_string(),
                dependency.get("fileName").to_owned(),
            ];
            if items.iter().all(|known| known.identity != item.identity) {
                items.push(item);
            }
        }
    }
    Ok(items)
}

/// From the score of CVSS 3, else of CVSS 2, else the word.
fn dependency_severity(found: &Element) -> Severity {
    let v3 = found.child("cvssV3").map(|cvss| cvss.get("baseSeverity"));
    let v2 = found.child("cvssV2").map(|cvss| cvss.get("severity"));
    let word = v3.or(v2).unwrap_or_else(|| found.get("severity"));
    match word.to_lowercase().as_str() {
        "moderate" => Severity::Medium,
        other => Severity::named(other).unwrap_or(Severity::Medium),
    }
}

/// Name and version: of a package URL, else of the coordinates of a Maven artifact.
fn component(dependency: &Element) -> Option<(String, String)> {
    let identifiers = dependency.child("identifiers")?;
    if let Some(package) = identifiers.child("package") {
        let named = package.get("id").split_once('/')?.1;
        let (name, version) = named.split_once('@').unwrap_or((named, ""));
        return Some((name.replace('/', ":"), version.to_owned()));
    }
    let named = identifiers.child("identifier")?.get("name");
    let (name, version) = named.rsplit_once(':')?;
    let of = |text: &str| text.trim_matches(['(', ')']).to_owned();
    Some((of(name), of(version)))
}
