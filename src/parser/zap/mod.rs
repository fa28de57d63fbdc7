//! ZAP's reports: JSON and XML, traditional and "plus".
//!
//! Source of the format: the templates of ZAP's add-on `reports`; up to ZAP
//! 2.10 its core, which wrote XML and converted that to JSON, element by
//! element. Names and meanings are the same in both, so one mapping serves both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::outline::Shape;
use super::{Emitter, Format, Parse, ParseError, Parser, url};
use crate::finding::{Category, Confidence, Details, Finding, Location, Severity, Text};
use crate::fingerprint::{ContentDigest, Fingerprint};
use crate::scanner::{self, Detail};

mod aside;
mod health;
mod json;
mod text;
mod xml;

pub(super) const PARSER: Parser = Parser {
    scanner: "zap",
    lane: "staging-dast",
    kinds: &[scanner::Kind {
        category: Category::Dast,
        severities: &[
            Severity::High,
            Severity::Medium,
            Severity::Low,
            Severity::Info,
            Severity::Unknown,
        ],
        details: &[Detail::Confidence, Detail::Cwe, Detail::Url],
    }],
    tells_target: true,
    programs: &[
        "zap-api-scan.py",
        "zap-baseline.py",
        "zap-full-scan.py",
        "zap.bat",
        "zap.sh",
    ],
    formats: &[
        Format {
            name: "zap-json",
            recognize: |outline| {
                // Before 2.8 a single site is no list. A text is the site of
                // another report of ZAP's, on authentication.
                matches!(
                    outline.get("site"),
                    Some(Shape::Array(_) | Shape::Object(_))
                ) && ["@version", "@generated", "@programName"]
                    .iter()
                    .any(|key| outline.has(key))
            },
            untyped: &[],
            parse: Parse::Json(json::parse),
        },
        Format {
            name: "zap-xml",
            recognize: |outline| outline.is_xml(xml::ROOT),
            untyped: &[],
            parse: Parse::Xml(xml::parse),
        },
    ],
};

use aside::Aside;

/// One item in the list of a site's alerts.
#[derive(Serialize, Deserialize)]
struct Alert {
    /// Those of [`Alert::FIELDS`], in their order.
    fields: [Option<String>; Alert::FIELDS.len()],
    /// The first of them.
    instances: Vec<Instance>,
    /// The parameters of all of them, in lower case.
    parameters: BTreeSet<String>,
    /// How many instances there are, kept or not.
    count: u64,
    /// Whether there are more than are listed.
    is_cut: bool,
    pointer: String,
}

/// Where an alert was seen.
#[derive(Serialize, Deserialize)]
struct Instance {
    /// Empty for the site as a whole.
    url: String,
    method: Option<String>,
    parameter: Option<String>,
}

impl Instance {
    fn location<'a>(&'a self, site: &'a str) -> Location<Text<'a>> {
        Location::Web {
            url: match self.url.as_str() {
                "" => site.into(),
                url => url.into(),
            },
            method: self.method.as_deref().map(Into::into),
            parameter: self.parameter.as_deref().map(Into::into),
        }
    }
}

impl Alert {
    const FIELDS: [&'static str; 14] = [
        "pluginid",
        "alertRef",
        "alert",
        "name",
        "riskcode",
        "confidence",
        "desc",
        "count",
        "systemic",
        "reference",
        "cweid",
        "uri",
        "method",
        "param",
    ];

    fn new(pointer: String) -> Self {
        Self {
            fields: Default::default(),
            instances: Vec::new(),
            parameters: BTreeSet::new(),
            count: 0,
            is_cut: false,
            pointer,
        }
    }

    /// The field of this name, if it is one that we keep.
    fn field(name: &str) -> Option<&'static str> {
        Self::FIELDS.into_iter().find(|field| *field == name)
    }

    /// False if the field has been set before.
    fn set(&mut self, field: &str, text: &str) -> bool {
        self.put(field, Some(text.trim().to_owned())).is_none()
    }

    /// Puts another text in the place of a field's, and gives back what was there.
    fn put(&mut self, field: &str, text: Option<String>) -> Option<String> {
        let mut fields = Self::FIELDS.iter().zip(&mut self.fields);
        let (_, place) = fields.find(|(name, _)| **name == field)?;
        std::mem::replace(place, text)
    }

    fn get(&self, field: &str) -> Option<&str> {
        let mut fields = Self::FIELDS.iter().zip(&self.fields);
        let (_, text) = fields.find(|(name, _)| **name == field)?;
        text.as_deref().filter(|text| !text.is_empty())
    }

    /// What was sent and received stays in the report: it holds secrets.
    fn add_instance(&mut self, uri: &str, method: &str, parameter: &str) {
        self.count += 1;
        if !parameter.trim().is_empty() {
            self.parameters
                .insert(url::mask(parameter.trim()).to_lowercase());
        }
        if self.instances.len() < Finding::MAX_INSTANCES {
            let some = |text: &str| {
                Some(text.trim())
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
            };
            self.instances.push(Instance {
                url: url::mask(uri.trim()).into_owned(),
                method: some(method),
                parameter: some(&url::mask(parameter)),
            });
        }
    }

    fn title(&self) -> String {
        let title = self.get("alert").or(self.get("name")).unwrap_or_default();
        title.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn is_suppressed(&self) -> bool {
        self.get("confidence") == Some("0")
    }

    fn severity(&self) -> Severity {
        match self.get("riskcode") {
            Some("3") => Severity::High,
            Some("2") => Severity::Medium,
            Some("1") => Severity::Low,
            Some("0") => Severity::Info,
            _ => Severity::Unknown,
        }
    }

    fn confidence(&self) -> Option<Confidence> {
        match self.get("confidence")? {
            "1" => Some(Confidence::Low),
            "2" => Some(Confidence::Medium),
            "3" => Some(Confidence::High),
            "4" => Some(Confidence::Confirmed),
            _ => None,
        }
    }

    /// `-1` and `0` stand for none.
    fn cwe(&self) -> Option<u32> {
        self.get("cweid")?.parse().ok().filter(|&number| number > 0)
    }

    /// Settles what only the whole item tells. Before 2.5 an item was one place,
    /// without a list; and an item that lists none is in one all the same.
    fn close(&mut self) {
        if self.count == 0 {
            let own = |field: &str| self.get(field).unwrap_or_default().to_owned();
            let (uri, method, parameter) = (own("uri"), own("method"), own("param"));
            if uri.is_empty() {
                self.count = 1;
            } else {
                self.add_instance(&uri, &method, &parameter);
            }
        }
        // The list ends early by the scan's settings, and for a "systemic"
        // alert after the first few.
        let count = self.get("count").and_then(|count| count.parse().ok());
        self.is_cut = count.is_some_and(|count: u64| count > self.count)
            || self
                .get("systemic")
                .is_some_and(|text| text.eq_ignore_ascii_case("true"));
    }

    /// Takes in another item of the same finding.
    fn merge(&mut self, other: Self) {
        // Either of two would depend on their order.
        if self.get("alertRef") != other.get("alertRef") {
            self.put("alertRef", None);
        }
        if self.confidence() < other.confidence() {
            self.take("confidence", &other);
        }
        if self.cwe().is_none() {
            self.take("cweid", &other);
        }
        let room = Finding::MAX_INSTANCES.saturating_sub(self.instances.len());
        self.instances
            .extend(other.instances.into_iter().take(room));
        self.parameters.extend(other.parameters);
        self.count += other.count;
        self.is_cut |= other.is_cut;
    }

    fn take(&mut self, field: &str, other: &Self) {
        if let Some(text) = other.get(field) {
            self.put(field, Some(text.to_owned()));
        }
    }
}

/// A site with its findings. They wait for its end: in JSON its name may come
/// last, and reports before 2.5 have an item for every instance.
#[derive(Default)]
struct Site {
    name: String,
    alerts: Aside,
}

impl Site {
    /// The site's name, or what comes closest.
    fn set_name(&mut self, name: &str, host: &str) {
        let name = Some(name.trim()).filter(|name| !name.is_empty());
        self.name = url::mask(name.unwrap_or(host.trim())).into_owned();
    }

    /// An alert that ZAP's user marked as false stays apart from a true one of
    /// the same kind, which it must not suppress.
    fn add(&mut self, mut alert: Alert) -> Result<(), ParseError> {
        alert.close();
        let field = |field: &str| alert.get(field).unwrap_or_default();
        let (title, is_suppressed) = (alert.title(), alert.is_suppressed());
        let key = [field("pluginid"), &title, field("riskcode")];
        let key = (Fingerprint::new("zap", &key), is_suppressed);
        self.alerts.add(&alert, key)
    }

    /// Hands the findings on; tells how many are in more places than listed.
    fn emit(self, emitter: &mut Emitter<'_>) -> Result<u64, ParseError> {
        let mut cut = 0;
        self.alerts.take_each(|alert| {
            cut += u64::from(alert.is_cut);
            emitter.emit(finding(&alert, &self.name));
        })?;
        Ok(cut)
    }
}

fn finding<'a>(alert: &'a Alert, site: &'a str) -> Finding<'a> {
    /// Which part of the identity the risk is.
    const RISK: usize = 3;
    let instances = alert.instances.iter();
    let instances: Vec<_> = instances.map(|each| each.location(site)).collect();
    let title = alert.title();
    let rule = alert.get("pluginid").or(alert.get("alertRef"));
    // A finding is an alert on a site, in however many places: no address and no
    // method is part of it, but another parameter is another weakness. Rules
    // share names, and names change within a rule, so it takes both. The risk
    // tells apart what ZAP lists apart.
    let site_name = site.trim_end_matches('/').to_ascii_lowercase();
    let mut identity = vec![
        site_name.as_str(),
        alert.get("alertRef").or(rule).unwrap_or_default(),
        &title,
        alert.get("riskcode").unwrap_or_default(),
    ];
    identity.extend(alert.parameters.iter().map(String::as_str));
    let fingerprint = Fingerprint::new("zap", &identity);
    // The same alert of another risk, which may rise while the alert stays.
    identity.remove(RISK);
    let content = ContentDigest::new("zap", &identity);
    let severity = alert.severity();
    let location = instances.first().cloned().unwrap_or_else(|| Location::Web {
        url: site.into(),
        method: None,
        parameter: None,
    });
    let rule = rule.unwrap_or_default();
    let mut finding = Finding::new(fingerprint, Category::Dast, rule, severity, location);
    finding.content = Some(content);
    finding.title = title.into();
    let description = alert.get("desc").map(|text| Text::from(text::plain(text)));
    let references = alert.get("reference").map(text::plain).unwrap_or_default();
    let masked = references.lines().map(url::mask);
    finding.details = Details {
        description: description.filter(|text| !text.is_empty()),
        references: masked.map(|address| address.into_owned().into()).collect(),
    };
    finding.pointer = alert.pointer.as_str().into();
    finding.scanner_severity = alert.get("riskcode").map(Into::into);
    finding.confidence = alert.confidence();
    finding.cwes = alert.cwe().into_iter().collect();
    if instances.len() > 1 {
        finding.instances = instances;
    }
    finding.instance_count = alert.count;
    finding.suppressed = alert
        .is_suppressed()
        .then(|| "marked as a false positive in ZAP".into());
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parser::{Options, by_name, testing};
    use crate::report::Scan;

    pub(super) fn read(text: impl AsRef<[u8]>) -> Result<(Scan, Vec<Finding<'static>>), String> {
        testing::read_with(text, "zap", by_name("zap"), &Options::default())
    }

    /// A report on one site, whose name comes last.
    pub(super) fn json(alerts: &str, created: &str) -> String {
        format!(
            r#"{{"site":[{{"alerts":{alerts},"@name":"https://h"}}],"@version":"2.17.0","created":"{created}"}}"#
        )
    }

    pub(super) fn xml(alerts: &str, created: &str) -> String {
        format!(
            r#"<?xml version="1.0"?><OWASPZAPReport version="2.17.0" created="{created}"><site name="https://h"><alerts>{alerts}</alerts></site></OWASPZAPReport>"#
        )
    }

    /// An alert of these fields: `pluginid=1 name=x`, with `_` for a space.
    fn item(fields: &str, instances: &str) -> String {
        let fields: Vec<_> = fields
            .split_whitespace()
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| format!(r#""{name}":"{}""#, value.replace('_', " ")))
            .collect();
        format!(r#"{{"instances":{instances},{}}}"#, fields.join(","))
    }

    fn findings(alerts: &[String]) -> Vec<Finding<'static>> {
        read(json(&format!("[{}]", alerts.join(",")), ""))
            .unwrap()
            .1
    }

    fn fingerprint(fields: &str) -> String {
        findings(&[item(fields, "[]")])[0].fingerprint.to_string()
    }

    fn url_of<'a>(location: &'a Location<Text<'_>>) -> &'a str {
        match location {
            Location::Web { url, .. } => url,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn both_encodings_of_a_scan_give_the_same_findings() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/reports/zap/");
        let read = |extension: &str| {
            let name = format!("{folder}constructed-multisite-false-positive.{extension}");
            let (scan, mut findings) = read(fs_err::read(name).unwrap()).unwrap();
            for finding in &mut findings {
                // Only the JSON has some.
                finding.details.references.clear();
                finding.reference_count = 0;
                assert!(!std::mem::take(&mut finding.pointer).is_empty());
            }
            (scan.target, scan.generated_at, scan.notes, findings)
        };
        let (json, xml) = (read("json"), read("xml"));
        assert_eq!(json, xml);
        assert_eq!(
            json.0.as_deref(),
            Some("https://shop.example, https://shop.example:8443, http://api.example")
        );
        assert_eq!(json.3.len(), 6);
    }

    #[test]
    fn an_alert_becomes_a_finding() {
        let alert = item(
            "pluginid=40012 alertRef=40012-1 alert=Cross_Site_Scripting name=x riskcode=3 confidence=2 \
             desc=<p>One</p><p>&lt;two&gt;</p> cweid=79 reference=<p>https://a</p><p>https://b</p> count=2",
            r#"[{"uri":"https://h/a?q=1&sid=hunter2","method":"GET","param":"q","evidence":"hunter2"},{"uri":"https://h/b"}]"#,
        );
        let finding = &findings(&[alert])[0];
        assert_eq!(finding.category, Category::Dast);
        assert_eq!(finding.rule_id, "40012");
        assert_eq!(finding.title, "Cross Site Scripting");
        let details = &finding.details;
        assert_eq!(details.description.as_deref(), Some("One\n<two>"));
        assert_eq!(finding.severity, Severity::High);
        assert_eq!(finding.scanner_severity.as_deref(), Some("3"));
        assert_eq!(finding.confidence, Some(Confidence::Medium));
        assert_eq!(finding.cwes, [79]);
        assert_eq!(details.references, ["https://a", "https://b"]);
        assert_eq!(
            finding.location,
            Location::Web {
                url: "https://h/a?q=1&sid=***".into(),
                method: Some("GET".into()),
                parameter: Some("q".into()),
            }
        );
        assert_eq!(finding.instances.len(), 2);
        assert_eq!(finding.instance_count, 2);
        assert_eq!(finding.suppressed, None);
        assert_eq!(finding.pointer.to_string(), "/site/0/alerts/0");
        assert!(!format!("{finding:?}").contains("hunter2"));

        let xml = xml(
            "<alertitem><pluginid>1</pluginid><name>&lt;b&gt;</name><desc>&lt;p>&amp;amp;&lt;/p></desc>\
             <riskcode>1</riskcode><instances><instance><uri>https://h/?a=1&amp;b=2</uri></instance></instances></alertitem>",
            "",
        );
        let finding = &read(xml).unwrap().1[0];
        assert_eq!(finding.title, "<b>");
        let details = &finding.details;
        assert_eq!(details.description.as_deref(), Some("&"));
        assert_eq!(url_of(&finding.location), "https://h/?a=1&b=2");
        assert_eq!(
            finding.pointer.to_string(),
            "/OWASPZAPReport/site[1]/alerts/alertitem[1]"
        );
    }

    #[test]
    fn a_risk_that_is_not_known_is_no_severity() {
        use Severity::{High, Info, Low, Medium, Unknown};
        for (code, severity) in [
            (r#""0""#, Info),
            (r#""1""#, Low),
            ("2", Medium),
            (r#"" 3 ""#, High),
            (r#""4""#, Unknown),
            (r#""-1""#, Unknown),
            (r#""3.0""#, Unknown),
            (r#""03""#, Unknown),
            (r#""High""#, Unknown),
            (r#""""#, Unknown),
            ("null", Unknown),
            ("true", Unknown),
            ("[3]", Unknown),
        ] {
            let (_, findings) = read(json(&format!(r#"[{{"riskcode":{code}}}]"#), "")).unwrap();
            assert_eq!(findings[0].severity, severity, "{code}");
        }
    }

    #[test]
    fn reports_of_old_are_read() {
        for (report, urls) in [
            // Before 2.8: one site is no list; empty texts and single children are lists.
            (
                r#"{"@version":"2.7.0","site":{"@name":"https://h","alerts":[{"pluginid":"1","otherinfo":[],"desc":[],"instances":[["https://h/a"],{"uri":"https://h/b"}]}]}}"#,
                vec!["https://h/a", "https://h/b"],
            ),
            (
                r#"{"@generated":"x","site":{"@host":"https://h","alerts":[{"pluginid":"1","instances":[]}]}}"#,
                vec!["https://h"],
            ),
            (
                "<OWASPZAPReport version='2.2.2'><site name='https://h'><alerts><alertitem><pluginid>1</pluginid><uri>https://h/a?token=x</uri><param>p</param></alertitem></alerts></site></OWASPZAPReport>",
                vec!["https://h/a?token=***"],
            ),
        ] {
            let (scan, findings) = read(report).unwrap();
            assert_eq!(findings.len(), 1, "{report}");
            assert_eq!(url_of(&findings[0].location), urls[0], "{report}");
            assert_eq!(findings[0].instance_count, urls.len() as u64, "{report}");
            assert_eq!(scan.target.as_deref(), Some("https://h"));
        }
        let clean = r#"{"@version":"2.7.0","site":{"@name":"https://h","alerts":[]}}"#;
        assert!(read(clean).unwrap().1.is_empty());
    }

    #[test]
    fn items_of_one_alert_are_one_finding() {
        let one = item(
            "pluginid=1 alert=a riskcode=1 confidence=1",
            r#"[{"uri":"https://h/1"}]"#,
        );
        let sure = item("pluginid=1 alert=a riskcode=1 confidence=3 cweid=5", "[]");
        let worse = item("pluginid=1 alert=a riskcode=3 confidence=1", "[]");
        let other = item("pluginid=1 alert=b riskcode=1 confidence=1", "[]");
        let mut alerts = vec![one.clone(), worse, other];
        alerts.resize(60, one);
        alerts.push(sure);
        let findings = findings(&alerts);
        let summary: Vec<_> = findings
            .iter()
            .map(|f| (&*f.title, f.severity, f.instance_count, f.instances.len()))
            .collect();
        assert_eq!(
            summary,
            [
                ("a", Severity::Low, 59, Finding::MAX_INSTANCES),
                ("a", Severity::High, 1, 0),
                ("b", Severity::Low, 1, 0),
            ]
        );
        assert_eq!(findings[0].confidence, Some(Confidence::High));
        assert_eq!(findings[0].cwes, [5]);
    }

    #[test]
    fn a_false_positive_is_suppressed_and_suppresses_no_other() {
        let false_one = item("pluginid=1 alert=a riskcode=3 confidence=0", "[]");
        let true_one = item("pluginid=1 alert=a riskcode=3 confidence=2", "[]");
        for alerts in [
            [false_one.clone(), true_one.clone()],
            [true_one, false_one.clone()],
        ] {
            let both = findings(&alerts);
            assert_eq!(both.len(), 2);
            assert_eq!(both[0].suppressed, None);
            assert_eq!(
                both[1].suppressed.as_deref(),
                Some("marked as a false positive in ZAP")
            );
            assert_eq!(both[1].severity, Severity::High);
            assert!(both[1].fingerprint.to_string().ends_with("~2"));
        }
        assert!(findings(&[false_one])[0].suppressed.is_some());
        for confidence in ["", "00", "False_Positive", "-1"] {
            let alert = item(&format!("pluginid=1 confidence={confidence}"), "[]");
            assert_eq!(findings(&[alert])[0].suppressed, None, "{confidence}");
        }
    }

    #[test]
    fn more_places_than_are_listed_are_noted() {
        for (fields, noted) in [
            ("count=1", false),
            ("count=2", true),
            ("count=many", false),
            ("systemic=true", true),
            ("systemic=false", false),
        ] {
            let alert = item(fields, r#"[{"uri":"https://h/1"}]"#);
            let (scan, _) = read(json(&format!("[{alert}]"), "")).unwrap();
            assert_eq!(!scan.notes.is_empty(), noted, "{fields}");
            assert_eq!(scan.health(), crate::report::Health::Complete);
        }
    }

    #[test]
    fn the_recipe_of_fingerprints_is_frozen() {
        assert_eq!(
            fingerprint("pluginid=10055 alertRef=10055-4 alert=CSP:_Wildcard riskcode=2"),
            "sg1:11fb29a587507da4475489900a1de6dd"
        );
    }

    #[test]
    fn a_fingerprint_is_that_of_an_alert_on_a_site() {
        let known = fingerprint("pluginid=1 alert=a riskcode=1");
        let content = |fields: &str| findings(&[item(fields, "[]")])[0].content;
        assert_eq!(
            content("pluginid=1 alert=a riskcode=1"),
            content("pluginid=1 alert=a riskcode=3")
        );
        assert_ne!(
            content("pluginid=1 alert=a riskcode=1"),
            content("pluginid=1 alert=b riskcode=1")
        );
        for same in [
            "pluginid=1 alert=a riskcode=1 confidence=3",
            "pluginid=1 name=a riskcode=1 count=5 desc=x",
            "pluginid=1 alertRef=1 alert=a riskcode=1",
        ] {
            assert_eq!(fingerprint(same), known, "{same}");
        }
        for different in [
            "pluginid=2 alert=a riskcode=1",
            "pluginid=1 alert=b riskcode=1",
            "pluginid=1 alertRef=1-2 alert=a riskcode=1",
            // Who accepted a mild one has not accepted a bad one.
            "pluginid=1 alert=a riskcode=3",
        ] {
            assert_ne!(fingerprint(different), known, "{different}");
        }
        let of_places = |instances: &str| {
            findings(&[item("pluginid=1 alert=a riskcode=1", instances)])[0]
                .fingerprint
                .to_string()
        };
        let of_q = of_places(r#"[{"uri":"https://h/?q=<x>","param":"q"}]"#);
        for same in [
            r#"[{"uri":"https://h/?q=<y>","param":"Q"}]"#,
            r#"[{"uri":"https://h/b","method":"PUT","param":"q"},{"uri":"https://h/c","param":"q"}]"#,
        ] {
            assert_eq!(of_places(same), of_q, "{same}");
        }
        for different in [
            r#"[{"uri":"https://h/?q=<x>","param":"r"}]"#,
            r#"[{"uri":"https://h/","param":"q"},{"uri":"https://h/","param":"r"}]"#,
        ] {
            assert_ne!(of_places(different), of_q, "{different}");
        }
        let of_site = |site: &str| {
            let alerts = json(
                &format!("[{}]", item("pluginid=1 alert=a riskcode=1", "[]")),
                "",
            );
            read(alerts.replace("https://h", site)).unwrap().1[0]
                .fingerprint
                .to_string()
        };
        assert_eq!(of_site("https://H/"), known);
        assert_ne!(of_site("https://h:8443"), known);
        assert_ne!(of_site("http://h"), known);
    }

    #[test]
    fn fingerprints_do_not_depend_on_the_order_of_alerts() {
        let alerts = [
            item("pluginid=1 alertRef=1-1 alert=a riskcode=3", "[]"),
            item("pluginid=1 alertRef=1-2 alert=a riskcode=3", "[]"),
            item("pluginid=1 alert=a riskcode=0", "[]"),
            item("pluginid=1 alert=a riskcode=x", "[]"),
        ];
        let identities = |alerts: &[String]| {
            let identity = |finding: &Finding| (finding.fingerprint.to_string(), finding.severity);
            findings(alerts)
                .iter()
                .map(identity)
                .collect::<BTreeSet<_>>()
        };
        let mut reversed = alerts.clone();
        reversed.reverse();
        let known = identities(&alerts);
        assert_eq!(known.len(), 3, "the first two are one finding");
        assert_eq!(identities(&reversed), known);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let site = |members: &str| format!(r#"{{"@version":"2","site":[{{{members}}}]}}"#);
        for (text, message) in [
            (json("[]", "").trim_end_matches('}').to_owned(), "cut off"),
            (r#"{"@version":"2.17.0"}"#.into(), "`site` is missing"),
            (
                r#"{"@version":"2","site":null}"#.into(),
                "expected a list, found `null`",
            ),
            (
                r#"{"@version":"2","site":"https://h","summaryItems":[]}"#.into(),
                "expected a list, found a string",
            ),
            (
                r#"{"@version":"2","site":[null]}"#.into(),
                "expected an object, found `null`",
            ),
            (
                r#"{"@version":"2","site":{}}"#.into(),
                "`alerts` is missing",
            ),
            (site(r#""@name":"https://h""#), "`alerts` is missing"),
            (
                site(r#""@name":"https://h","alerts":null"#),
                "expected a list, found `null`",
            ),
            (
                site(r#""@name":"https://h","alerts":{"alertitem":[]}"#),
                "expected a list, found an object",
            ),
            (site(r#""@name":" ","alerts":[]"#), "`@name` is missing"),
            (json("[1]", ""), "expected an object, found a number"),
            (
                json(r#"[{"riskcode":"3","riskcode":"0"}]"#, ""),
                "given twice",
            ),
            (
                r#"{"OWASPZAPReport":{"site":[]}}"#.into(),
                "`site` is missing",
            ),
            ("<report/>".into(), "the root element is `report`"),
            (xml("", "").replace("</OWASPZAPReport>", ""), "cut off"),
            ("<OWASPZAPReport><site name='https://h'>".into(), "cut off"),
            (
                "<OWASPZAPReport><site name='https://h'/></OWASPZAPReport>".into(),
                "`alerts` is missing",
            ),
            (
                "<OWASPZAPReport><site><alerts/></site></OWASPZAPReport>".into(),
                "`name` is missing",
            ),
            (xml("<alert/>", ""), "not an `alertitem`"),
            (
                xml(
                    "<alertitem><riskcode>3</riskcode><riskcode>0</riskcode></alertitem>",
                    "",
                ),
                "`riskcode` is given twice",
            ),
        ] {
            let error = read(text.clone()).map(drop).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
