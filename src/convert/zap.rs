//! ZAP's JSON and XML, for `ZAP Scan`, which takes XML only.
//!
//! That parser needs a description, a solution and references of every alert,
//! and a risk that it knows. It stores what was sent and received. It has no mark
//! for alerts that ZAP's user found to be false.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::changes::{MISSING, NAMESPACES, WORDS, WRONG_TYPE};
use super::json::scalar_text;
use super::xml::{Element, Writer};
use super::{Context, ConvertError, Out, Source};
use crate::finding::Severity;
use crate::parser::ParseError;
use crate::parser::json::{Json, Kind};
use crate::parser::url;
use crate::parser::xml::Xml;

const ROOT: &str = "OWASPZAPReport";

const REWRITTEN: &str = "reports in JSON, rewritten as XML";
const LEFT_OUT: &str = "parts of the report besides sites, for which XML has no place, left out";
const FALSE_POSITIVES: &str =
    "alerts marked as false positives in ZAP, which DefectDojo files as active findings";
const TRAFFIC: &str = "requests, responses, evidence and attacks, sent as digests";
const ADDRESSES: &str = "addresses and parameters sent without credentials";
/// Digits of a weakness that the server's database takes for sure.
const LONGEST_WEAKNESS: usize = 6;
/// All risks that there are.
const RISKS: [(&str, Severity); 4] = [
    ("3", Severity::High),
    ("2", Severity::Medium),
    ("1", Severity::Low),
    ("0", Severity::Info),
];
const PLACES: &str = "addresses of alerts without a list of places, sent as one";

/// What was sent and received, which holds sessions and passwords.
const EXCHANGED: [&str; 6] = [
    "attack",
    "evidence",
    "requestheader",
    "requestbody",
    "responseheader",
    "responsebody",
];

pub(super) fn convert_xml(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    source.copy_xml(context, out, |writer, xml| {
        xml.root()?;
        let attributes = xml.attributes()?;
        if attributes.iter().any(is_declaration) {
            writer.context.changes.add(NAMESPACES);
        }
        writer.start(ROOT, &plain(attributes));
        xml.children(|xml| {
            if xml.name() == "site" {
                return copy_site(writer, xml);
            }
            writer.element(&without_prefixes(xml.tree()?));
            Ok(())
        })?;
        writer.end(ROOT);
        Ok(())
    })
}

fn is_declaration((name, _): &(String, String)) -> bool {
    name == "xmlns" || name.starts_with("xmlns:")
}

/// Attributes without namespaces, which the server's parser does not look
/// through.
fn plain(attributes: Vec<(String, String)>) -> Vec<(String, String)> {
    let attributes = attributes.into_iter();
    let plain = attributes.filter(|attribute| !is_declaration(attribute));
    let local = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
    plain.map(|(name, value)| (local(&name), value)).collect()
}

fn without_prefixes(mut element: Element) -> Element {
    element.attributes = plain(element.attributes);
    let children = element.children.into_iter();
    element.children = children.map(without_prefixes).collect();
    element
}

fn copy_site(writer: &mut Writer<'_, '_>, xml: &mut Xml) -> Result<(), ParseError> {
    let attributes = plain(xml.attributes()?);
    let name = site_name(&attributes);
    writer.start("site", &attributes);
    xml.children(|xml| {
        if xml.name() != "alerts" {
            writer.element(&without_prefixes(xml.tree()?));
            return Ok(());
        }
        writer.start("alerts", &[]);
        xml.children(|xml| {
            let mut alert = Alert::start(writer, &name);
            xml.children(|xml| {
                if xml.name() != "instances" {
                    alert.field(without_prefixes(xml.tree()?));
                    return Ok(());
                }
                alert.begin_instances();
                xml.children(|xml| {
                    alert.instance(without_prefixes(xml.tree()?));
                    Ok(())
                })?;
                alert.end_instances();
                Ok(())
            })?;
            alert.end();
            writer.goes_on()
        })?;
        writer.end("alerts");
        Ok(())
    })?;
    writer.end("site");
    Ok(())
}

fn site_name(attributes: &[(String, String)]) -> String {
    let value = |wanted: &str| {
        let found = attributes.iter().find(|(name, _)| name == wanted);
        found
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    };
    value("name")
        .or(value("host"))
        .unwrap_or_default()
        .to_owned()
}

/// The attributes of the root, and of each site.
#[derive(Default)]
struct Attributes {
    root: Vec<(String, String)>,
    sites: Vec<Vec<(String, String)>>,
}

pub(super) fn convert_json(
    source: &Source<'_>,
    context: &mut Context<'_>,
    out: &mut Out,
) -> Result<(), ConvertError> {
    let attributes = attributes(source)?;
    let mut sites = attributes.sites.into_iter();
    source.begin(out)?;
    let mut writer = Writer::new(context, out);
    writer.context.changes.add(REWRITTEN);
    writer.start(ROOT, &attributes.root);
    let has_repairs = source.read_json(|json| {
        json.object(|json, key| match key {
            "site" => each_site(json, |json| {
                write_site(&mut writer, json, &sites.next().unwrap_or_default())
            }),
            "insights" => json.array_or_null(|json| {
                let insight = json.value::<Value>()?;
                writer.start("insights", &[]);
                writer.element(&Element::of_json("insight", &insight, "item"));
                writer.end("insights");
                Ok(())
            }),
            "stoppingInsight" if json.kind()? == Kind::Object => {
                let insight = json.value::<Value>()?;
                writer.element(&Element::of_json(key, &insight, "item"));
                Ok(())
            }
            key if key.starts_with('@') || key == "created" => Ok(()),
            _ => {
                writer.context.changes.add(LEFT_OUT);
                Ok(())
            }
        })
    })?;
    writer.end(ROOT);
    if has_repairs {
        context.changes.add(super::changes::HALF_CHARACTERS);
    }
    Ok(())
}

/// A single site is no list before 2.8.
fn each_site(
    json: &mut Json,
    mut site: impl FnMut(&mut Json) -> Result<(), ParseError>,
) -> Result<(), ParseError> {
    match json.kind()? {
        Kind::Object => site(json),
        _ => json.array(site),
    }
}

/// XML has these first; in JSON they may come last.
fn attributes(source: &Source<'_>) -> Result<Attributes, ConvertError> {
    let mut attributes = Attributes::default();
    let Attributes { root, sites } = &mut attributes;
    source.read_json(|json| {
        json.object(|json, key| match key {
            "site" => each_site(json, |json| {
                let mut site = Vec::new();
                json.object(|json, key| take_attribute(json, key, &mut site))?;
                sites.push(site);
                Ok(())
            }),
            "created" => {
                let created = json.value::<Value>()?;
                root.extend(scalar_text(&created).map(|text| (key.to_owned(), text)));
                Ok(())
            }
            _ => take_attribute(json, key, root),
        })
    })?;
    Ok(attributes)
}

fn take_attribute(
    json: &mut Json,
    key: &str,
    attributes: &mut Vec<(String, String)>,
) -> Result<(), ParseError> {
    let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphabetic());
    if let Some(name) = key.strip_prefix('@').filter(is_name) {
        let value = json.value::<Value>()?;
        attributes.extend(scalar_text(&value).map(|text| (name.to_owned(), text)));
    }
    Ok(())
}

fn write_site(
    writer: &mut Writer<'_, '_>,
    json: &mut Json,
    attributes: &[(String, String)],
) -> Result<(), ParseError> {
    let name = site_name(attributes);
    writer.start("site", attributes);
    json.object(|json, key| {
        if key == "alerts" {
            writer.start("alerts", &[]);
            json.array(|json| write_alert(writer, json, &name))?;
            writer.end("alerts");
        } else if !key.starts_with('@') {
            writer.context.changes.add(LEFT_OUT);
        }
        Ok(())
    })?;
    writer.end("site");
    Ok(())
}

fn write_alert(writer: &mut Writer<'_, '_>, json: &mut Json, site: &str) -> Result<(), ParseError> {
    let mut alert = Alert::start(writer, site);
    json.object(|json, key| {
        if key == "instances" && json.kind()? == Kind::Array {
            alert.begin_instances();
            json.array(|json| {
                let instance = json.value::<Value>()?;
                alert.instance(instance_of(&instance));
                Ok(())
            })?;
            alert.end_instances();
            return Ok(());
        }
        let value = json.value::<Value>()?;
        let item = if key == "tags" { "tag" } else { "item" };
        let mut field = Element::of_json(key, &value, item);
        if key == "tags" {
            // `{"tag": …, "link": …}` each.
            field.children.retain(|tag| !tag.children.is_empty());
        }
        alert.field(field);
        Ok(())
    })?;
    alert.end();
    Ok(())
}

/// An instance that has nothing but an address is a list of one in reports of
/// old.
fn instance_of(value: &Value) -> Element {
    let mut instance = Element::new("instance");
    match value {
        Value::Object(members) => instance.take_members(members, &[]),
        Value::Array(texts) => {
            let first = texts.first().and_then(scalar_text).unwrap_or_default();
            instance.children.push(Element::with_text("uri", first));
        }
        other => {
            let members = Map::from_iter([("uri".to_owned(), other.clone())]);
            instance.take_members(&members, &[]);
        }
    }
    instance
}

/// An alert while it is written.
struct Alert<'a, 'w, 'o> {
    writer: &'a mut Writer<'w, 'o>,
    site: &'a str,
    /// Its short fields, by name.
    seen: BTreeMap<&'static str, String>,
    has_places: bool,
}

impl<'a, 'w, 'o> Alert<'a, 'w, 'o> {
    /// What is converted from HTML there, and must not be missing.
    const TEXTS: [&'static str; 3] = ["desc", "solution", "reference"];
    /// What is looked at when the alert has ended.
    const KEPT: [&'static str; 7] = [
        "alert",
        "name",
        "confidence",
        "riskcode",
        "uri",
        "method",
        "param",
    ];

    fn start(writer: &'a mut Writer<'w, 'o>, site: &'a str) -> Self {
        writer.start("alertitem", &[]);
        Self {
            writer,
            site,
            seen: BTreeMap::new(),
            has_places: false,
        }
    }

    fn field(&mut self, mut field: Element) {
        let name = field.name.as_str();
        if let Some(kept) = Self::KEPT.into_iter().find(|kept| *kept == name) {
            self.seen.insert(kept, field.text.trim().to_owned());
        } else if let Some(text) = Self::TEXTS.into_iter().find(|text| *text == name) {
            self.seen.insert(text, String::new());
        }
        if name == "riskcode" && field.text.trim() != field.text {
            self.writer.context.changes.add(WORDS);
        }
        // These are settled at the end.
        if matches!(name, "alert" | "riskcode") {
            return;
        }
        let text = field.text.trim();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if name == "cweid" && is_number && text.len() > LONGEST_WEAKNESS {
            field.text.clear();
            self.writer.context.changes.add(WRONG_TYPE);
        }
        redact_place(self.writer.context, &mut field);
        self.writer.element(&field);
    }

    fn begin_instances(&mut self) {
        self.writer.start("instances", &[]);
    }

    fn end_instances(&mut self) {
        self.writer.end("instances");
    }

    fn instance(&mut self, mut instance: Element) {
        self.has_places = true;
        "instance".clone_into(&mut instance.name);
        let context = &mut *self.writer.context;
        if instance.child_text("uri").is_empty() {
            instance.children.retain(|child| child.name != "uri");
            let uri = Element::with_text("uri", self.site);
            instance.children.insert(0, uri);
            context.changes.add(MISSING);
        }
        if instance.child("requestheader").is_some() {
            for name in ["requestbody", "responseheader", "responsebody"] {
                if instance.child(name).is_none() {
                    instance.children.push(Element::new(name));
                    context.changes.add(MISSING);
                }
            }
        }
        for child in &mut instance.children {
            redact_place(context, child);
        }
        self.writer.element(&instance);
    }

    fn end(mut self) {
        let own = |seen: &BTreeMap<_, String>, field: &str| seen.get(field).cloned();
        if !self.has_places
            && let Some(uri) = own(&self.seen, "uri").filter(|uri| !uri.is_empty())
        {
            // Before 2.5 an alert is one place, without a list.
            let mut place = Element::new("instance");
            place.children.push(Element::with_text("uri", uri));
            for field in ["method", "param"] {
                let text = own(&self.seen, field).unwrap_or_default();
                place.children.push(Element::with_text(field, text));
            }
            self.writer.context.changes.add(PLACES);
            self.begin_instances();
            self.instance(place);
            self.end_instances();
        }
        for text in Self::TEXTS {
            if !self.seen.contains_key(text) {
                self.writer.context.changes.add(MISSING);
                self.writer.element(&Element::new(text));
            }
        }
        let is_false = own(&self.seen, "confidence").as_deref() == Some("0");
        let context = &mut *self.writer.context;
        if is_false {
            context.caveats.add(FALSE_POSITIVES);
        }
        let is_given = |text: &String| !text.is_empty();
        let title = own(&self.seen, "alert")
            .filter(is_given)
            .unwrap_or_else(|| {
                context.changes.add(MISSING);
                let name = own(&self.seen, "name").filter(is_given);
                name.unwrap_or_else(|| "alert without a name".to_owned())
            });
        let risk = match own(&self.seen, "riskcode") {
            Some(code) if RISKS.iter().any(|(risk, _)| *risk == code) => code,
            _ => {
                let known = Severity::High..=Severity::Info;
                let severity = context.instead_of_unknown(!is_false, known);
                let code = RISKS.iter().find(|(_, known)| *known == severity);
                code.map_or("2", |(code, _)| code).to_owned()
            }
        };
        self.writer.element(&Element::with_text("alert", title));
        self.writer.element(&Element::with_text("riskcode", risk));
        self.writer.end("alertitem");
    }
}

/// Digests in the place of what was exchanged, and addresses without
/// credentials.
fn redact_place(context: &mut Context<'_>, field: &mut Element) {
    if !context.redactor.is_on() {
        return;
    }
    let name = field.name.as_str();
    if EXCHANGED.contains(&name) {
        if let Some(digest) = context.redactor.secret(field.text.trim()) {
            field.text = digest;
            context.redacted += 1;
            context.changes.add(TRAFFIC);
        }
    } else if ["uri", "nodeName", "param"].contains(&name) {
        let masked = url::mask(&field.text);
        if masked != field.text {
            field.text = masked.into_owned();
            context.redacted += 1;
            context.changes.add(ADDRESSES);
        }
    }
}
