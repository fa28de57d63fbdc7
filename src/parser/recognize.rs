//! What a file is, by its content, held against what the caller declares.
//!
//! The outline of a document is held against what each scanner writes, and
//! against the reports of others and files that are often mistaken for reports.

use super::outline::{Outline, Shape};
use super::{Format, PARSERS, Parse, ParseError, Parser, Untyped};
use crate::artifact::Window;

/// What a document turned out to be.
pub(super) struct Recognized {
    outline: Outline,
    /// The reader for it, if there is one.
    known: Option<(&'static Parser, &'static Format)>,
}

/// Something that is not read: its name, and whether it lists findings, so that
/// nobody may pass over it.
struct Foreign {
    name: &'static str,
    is_report: bool,
    looks: fn(&Outline) -> bool,
}

const fn report(name: &'static str, looks: fn(&Outline) -> bool) -> Foreign {
    Foreign {
        name,
        is_report: true,
        looks,
    }
}

const fn other(name: &'static str, looks: fn(&Outline) -> bool) -> Foreign {
    Foreign {
        name,
        is_report: false,
        looks,
    }
}

/// Reports that others write and we do not read, and files that are often
/// mistaken for reports. Named, so that an error can say what was found.
const FOREIGN: &[Foreign] = &[
    report("a SARIF log", |o| {
        o.has_array("runs") && o.has_text("version", |version| version.starts_with("2."))
    }),
    report("a CycloneDX document with vulnerabilities", |o| {
        is_cyclonedx(o) && o.has("vulnerabilities")
    }),
    other("a CycloneDX document", is_cyclonedx),
    other("an OpenVEX document", is_openvex),
    report("a GitLab security report", |o| {
        o.has_array("vulnerabilities") && (o.has_in("scan", "type") || o.has_in("scan", "scanner"))
    }),
    report("a Trivy compliance report, which lists no findings", |o| {
        o.has("ID")
            && o.has("Title")
            && (o.has("SummaryControls") || o.has_in("Results", "Results"))
    }),
    report("an OSV-Scanner report", |o| {
        o.has("experimental_config") || o.has_in("results", "packages")
    }),
    report("a Checkov report", |o| {
        o.has("check_type") || o.has("checkov_version") || o.is_array_of(&["check_type"])
    }),
    report("a Grype report", |o| {
        o.has_array("matches") && o.has("descriptor")
    }),
    report("a Dependency-Track export", |o| {
        o.has_in("meta", "application") && o.has("project")
    }),
    report("a SonarQube export", |o| {
        o.has("paging") && (o.has("issues") || o.has("hotspots"))
    }),
    report("a Snyk report", |o| {
        o.has_array("vulnerabilities") && o.has("ok")
            || o.is_array_of(&["vulnerabilities", "packageManager"])
    }),
    report("a Nuclei report", |o| {
        ["template-id", "templateID"]
            .iter()
            .any(|key| o.has(key) || o.is_array_of(&[key]))
    }),
    report("a DefectDojo generic findings file", |o| {
        o.has_in("findings", "title") && o.has_in("findings", "severity")
    }),
    report("secureCodeBox findings", |o| {
        o.is_array_of(&["parsed_at", "category", "severity"])
    }),
    other(
        "the CISA catalogue of known exploited vulnerabilities",
        is_kev,
    ),
    other("EPSS scores", is_epss),
    other("a record of security-gate", is_own),
    report("a Burp report", |o| {
        o.is_xml("issues") && o.has_attribute(|name, _| name == "burpVersion")
    }),
    other("a JUnit report", |o| {
        o.is_xml("testsuites") || o.is_xml("testsuite")
    }),
    report("a Nessus report", |o| o.is_xml("NessusClientData_v2")),
    report("an HTML page, such as a proxy's or a login page", |o| {
        matches!(o, Outline::Xml { root, .. } if root.eq_ignore_ascii_case("html"))
            || matches!(o, Outline::Text(line) if line.to_ascii_lowercase().starts_with("<!doctype html"))
    }),
    report(
        "a ZIP archive; unpack it first",
        |o| matches!(o, Outline::Text(line) if line.starts_with("PK\u{3}\u{4}")),
    ),
];

/// A summary, a baseline, or whatever else the program wrote itself.
pub(crate) fn is_own(outline: &Outline) -> bool {
    outline.has_text("schema", |schema| schema.starts_with("security-gate-"))
}

pub(crate) fn is_openvex(outline: &Outline) -> bool {
    outline.has_text("@context", |context| {
        context.starts_with("https://openvex.dev/ns")
    })
}

/// In JSON or in XML.
pub(crate) fn is_cyclonedx(outline: &Outline) -> bool {
    outline.has_text("bomFormat", |format| format == "CycloneDX")
        || outline.is_xml("bom")
            && outline.has_attribute(|_, value| value.contains("cyclonedx.org/schema/bom"))
}

/// Both keys: a list of vulnerabilities alone may well be a report.
fn is_kev(outline: &Outline) -> bool {
    outline.has("catalogVersion") && outline.has("dateReleased")
}

/// The first line says the model and the date; files of before 2022 have none.
pub(crate) fn is_epss(outline: &Outline) -> bool {
    matches!(outline, Outline::Text(line) if line.starts_with("#model_version:")
        || line.trim_end() == "cve,epss,percentile")
}

/// What a document looks like, in words.
pub(crate) fn words_for(outline: &Outline) -> String {
    match (known(outline), foreign(outline)) {
        (Some((_, format)), _) => format!("a {} report", format.name),
        (None, Some(foreign)) => foreign.name.to_owned(),
        (None, None) => outline.describe(),
    }
}

/// Whether a document of no known kind has keys as reports have them: it may be
/// one that was damaged or changed, and nobody may pass over it.
fn may_be_a_report(outline: &Outline) -> bool {
    const KEYS: [&str; 14] = [
        "alerts",
        "error",
        "findings",
        "issues",
        "leaks",
        "matches",
        "misconfigurations",
        "results",
        "runs",
        "secrets",
        "site",
        "sites",
        "target",
        "vulnerabilities",
    ];
    let is_telling = |key: &str| KEYS.contains(&key.to_ascii_lowercase().as_str());
    match outline {
        Outline::Object { members, .. } => members.iter().any(|(key, _)| is_telling(key)),
        Outline::Array(Shape::Object(keys)) => keys.iter().any(|key| is_telling(key)),
        _ => false,
    }
}

/// Looks at a document.
pub(super) fn recognize(window: Window) -> (Result<Recognized, ParseError>, Window) {
    let (outline, window) = super::look(window, |outline| known(outline).is_some());
    (
        outline.map(|outline| Recognized {
            known: known(&outline),
            outline,
        }),
        window,
    )
}

/// The reader for a document, if its content and the declaration allow one.
pub(super) fn agree(
    recognized: &Recognized,
    declared: Option<&'static Parser>,
    name: &str,
) -> Result<(&'static Parser, &'static Format), ParseError> {
    let outline = &recognized.outline;
    match (recognized.known, declared) {
        (Some(known), None) => Ok(known),
        (Some(known), Some(declared)) if known.0.scanner == declared.scanner => Ok(known),
        (Some((_, format)), Some(declared)) => Err(ParseError::new(format!(
            "declared as {}, but it looks like {}",
            declared.scanner, format.name
        ))),
        (None, Some(declared)) => {
            by_declaration(outline, declared, name).map(|format| (declared, format))
        }
        (None, None) => Err(undeclared(outline, name)),
    }
}

fn known(outline: &Outline) -> Option<(&'static Parser, &'static Format)> {
    PARSERS.iter().find_map(|parser| {
        let format = parser
            .formats
            .iter()
            .find(|format| (format.recognize)(outline))?;
        Some((parser, format))
    })
}

fn foreign(outline: &Outline) -> Option<&'static Foreign> {
    FOREIGN.iter().find(|foreign| (foreign.looks)(outline))
}

/// The declared scanner's format that this may be, to be told by its parser
/// what is missing.
fn by_declaration(
    outline: &Outline,
    declared: &'static Parser,
    name: &str,
) -> Result<&'static Format, ParseError> {
    let scanner = declared.scanner;
    let untyped = |wanted: &dyn Fn(&Untyped) -> bool| {
        declared
            .formats
            .iter()
            .find(|format| format.untyped.iter().any(wanted))
    };
    let format = match outline {
        Outline::Empty => {
            let name = name.strip_suffix(".gz").unwrap_or(name);
            untyped(&|untyped| matches!(untyped, Untyped::EmptyFile(extension) if name.ends_with(extension)))
                .ok_or_else(|| format!("an empty file: {scanner} wrote no report, or the job did not keep it"))
        }
        Outline::Null => untyped(&|untyped| *untyped == Untyped::Null)
            .ok_or_else(|| format!("`null`, which {scanner} never writes")),
        Outline::EmptyArray => untyped(&|untyped| *untyped == Untyped::EmptyArray)
            .ok_or_else(|| format!("an empty list, `[]`, which {scanner} never writes")),
        Outline::Array(_) | Outline::Object { .. } | Outline::Scalar => declared
            .formats
            .iter()
            .find(|format| matches!(format.parse, Parse::Json(_)))
            .ok_or_else(|| format!("JSON, which {scanner} does not write")),
        Outline::Xml { .. } => declared
            .formats
            .iter()
            .find(|format| matches!(format.parse, Parse::Xml(_)))
            .ok_or_else(|| format!("{}, which {scanner} does not write", outline.describe())),
        Outline::Text(line) => Err(format!("not a {scanner} report: {}", text_hint(line))),
    };
    match (format, foreign(outline)) {
        (_, Some(Foreign { name, .. })) => Err(ParseError::new(format!(
            "declared as {scanner}, but it looks like {name}"
        ))),
        (Ok(format), None) => Ok(format),
        (Err(message), None) => Err(ParseError::new(message)),
    }
}

fn undeclared(outline: &Outline, path: &str) -> ParseError {
    let declare = |what: &str, wanted: &dyn Fn(&Untyped) -> bool| {
        let writes = |parser: &&Parser| {
            parser
                .formats
                .iter()
                .any(|format| format.untyped.iter().any(wanted))
        };
        let declared: Vec<_> = PARSERS
            .iter()
            .filter(writes)
            .map(|parser| format!("`{}={path}`", parser.scanner))
            .collect();
        ParseError::new(format!(
            "{what} does not say which scanner wrote it; if it is right, declare it: {}",
            declared.join(" or ")
        ))
    };
    match (outline, foreign(outline)) {
        (Outline::Empty, _) => declare("an empty file", &|untyped| {
            matches!(untyped, Untyped::EmptyFile(_))
        }),
        (Outline::Null, _) => declare("`null`", &|untyped| *untyped == Untyped::Null),
        (Outline::EmptyArray, _) => declare("an empty list, `[]`,", &|untyped| {
            *untyped == Untyped::EmptyArray
        }),
        (
            _,
            Some(Foreign {
                name, is_report, ..
            }),
        ) => {
            let message = format!("it looks like {name}, which is not read");
            if *is_report {
                ParseError::new(message)
            } else {
                ParseError::foreign(message)
            }
        }
        // Tables of all kinds are kept in CSV files.
        (Outline::Text(line), None)
            if path.to_lowercase().ends_with(".csv") && !line.contains('\0') =>
        {
            ParseError::foreign("not a table of a known scanner")
        }
        (Outline::Text(line), None) => {
            ParseError::new(format!("not a report: {}", text_hint(line)))
        }
        // What a scanner or a server leaves in a report's place when it fails.
        (Outline::Object { .. }, None)
            if ["error", "errors", "message", "detail"]
                .iter()
                .any(|key| outline.has_only(&[key])) =>
        {
            ParseError::new(format!(
                "an error message in a report's place: {}",
                outline.describe()
            ))
        }
        (_, None) => {
            let message = format!("not a report of a known scanner: {}", outline.describe());
            if may_be_a_report(outline) {
                ParseError::new(message)
            } else {
                ParseError::foreign(message)
            }
        }
    }
}

/// What a text that is neither JSON nor XML may be.
fn text_hint(line: &str) -> String {
    if line.contains('\0') {
        "it holds NUL bytes; binary, or UTF-16 without a byte order mark".to_owned()
    } else if line.starts_with('{') || line.starts_with('[') {
        "it begins like JSON but is none".to_owned()
    } else {
        "neither JSON nor XML; if a log line stands before the report, keep the scanner's standard error out of the file"
            .to_owned()
    }
}
