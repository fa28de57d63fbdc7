//! ZAP's XML.

use super::health::{Insight, Report};
use super::{Alert, Site};
use crate::parser::xml::Xml;
use crate::parser::{Emitter, ParseError};
use crate::report::Scan;

pub(super) const ROOT: &str = "OWASPZAPReport";

pub(super) fn parse(xml: &mut Xml, emitter: &mut Emitter<'_>) -> Result<Scan, ParseError> {
    xml.root()?;
    if xml.name() != ROOT {
        return Err(xml.error(format!(
            "the root element is `{}` and not `{ROOT}`: this is not a ZAP report",
            xml.name()
        )));
    }
    let mut report = Report::default();
    report.set_version(&xml.attribute("version")?.unwrap_or_default());
    report.set_created(&xml.attribute("created")?.unwrap_or_default());
    let mut sites = 0;
    xml.children(|xml| {
        match xml.name() {
            "site" => {
                sites += 1;
                let site = read_site(xml, sites)?;
                report.add_site(site, emitter)?;
            }
            "insights" => xml.children(|xml| {
                report.add_insight(&read_insight(xml)?);
                Ok(())
            })?,
            "stoppingInsight" => {
                let insight = read_insight(xml)?;
                report.stopped.add(&insight.describe());
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(report.into_scan())
}

fn read_site(xml: &mut Xml, number: usize) -> Result<Site, ParseError> {
    let mut site = Site::default();
    let name = xml.attribute("name")?.unwrap_or_default();
    let host = xml.attribute("host")?.unwrap_or_default();
    site.set_name(&name, &host);
    if site.name.is_empty() {
        return Err(xml.error("`name` is missing: which site was scanned is not known"));
    }
    let mut has_alerts = false;
    let mut alerts = 0;
    xml.children(|xml| {
        if xml.name() != "alerts" {
            return Ok(());
        }
        has_alerts = true;
        xml.children(|xml| {
            if xml.name() != "alertitem" {
                return Err(xml.error("not an `alertitem`, and nothing else is read among alerts"));
            }
            alerts += 1;
            let pointer = format!("/{ROOT}/site[{number}]/alerts/alertitem[{alerts}]");
            site.add(read_alert(xml, pointer)?)
        })
    })?;
    if !has_alerts {
        return Err(xml.error("`alerts` is missing: what was found on the site is not known"));
    }
    Ok(site)
}

fn read_alert(xml: &mut Xml, pointer: String) -> Result<Alert, ParseError> {
    let mut alert = Alert::new(pointer);
    let mut text = String::new();
    let mut instance = Instance::default();
    xml.children(|xml| {
        if xml.name() == "instances" {
            return xml.children(|xml| {
                instance.read(xml)?;
                alert.add_instance(&instance.uri, &instance.method, &instance.parameter);
                Ok(())
            });
        }
        if let Some(field) = Alert::field(xml.name()) {
            xml.text_into(&mut text)?;
            if !alert.set(field, &text) {
                return Err(xml.error(format!("`{field}` is given twice")));
            }
        }
        Ok(())
    })?;
    Ok(alert)
}

/// Where an alert was seen. There are many: one after the other gets its memory.
#[derive(Default)]
struct Instance {
    uri: String,
    method: String,
    parameter: String,
}

impl Instance {
    fn read(&mut self, xml: &mut Xml) -> Result<(), ParseError> {
        for text in [&mut self.uri, &mut self.method, &mut self.parameter] {
            text.clear();
        }
        xml.children(|xml| match xml.name() {
            "uri" => xml.text_into(&mut self.uri),
            "method" => xml.text_into(&mut self.method),
            "param" => xml.text_into(&mut self.parameter),
            _ => Ok(()),
        })
    }
}

fn read_insight(xml: &mut Xml) -> Result<Insight<'static>, ParseError> {
    let mut insight = Insight::default();
    xml.children(|xml| {
        let field = xml.name().to_owned();
        insight.set(&field, xml.text()?);
        Ok(())
    })?;
    Ok(insight)
}
