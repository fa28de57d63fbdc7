//! Reports made of arbitrary texts.

use std::collections::BTreeMap;

use security_gate::finding::{
    Category, Confidence, Cvss, CvssVersion, Details, Finding, Findings, Location, Severity, Text,
};
use security_gate::fingerprint::{ContentDigest, Fingerprint};
use security_gate::parser::PARSERS;
use security_gate::render::summary::Context;
use security_gate::report::{Report, Scan, Tally};

/// A word that is in every text that is made.
pub(super) const FOREIGN: &str = "qzx";

/// How many findings are made at most.
const MOST: usize = 6;

/// Texts that are taken in turn.
struct Texts {
    texts: Vec<String>,
    next: usize,
}

impl Texts {
    fn next(&mut self) -> String {
        let text = self.texts.get(self.next % self.texts.len());
        self.next += 1;
        format!("{FOREIGN}{}", text.map_or("", String::as_str))
    }

    fn some(&mut self, is_there: bool) -> Option<String> {
        is_there.then(|| self.next())
    }
}

/// Makes reports of `data`: what stands before its first NUL says what findings
/// there are, one for each byte; what follows, what they say, parted by NULs.
pub(super) fn make(data: &[u8]) -> (Vec<Report>, Context) {
    let mut parts = data.split(|byte| *byte == 0);
    let script = parts.next().unwrap_or_default();
    let mut texts: Vec<_> = parts
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    if texts.is_empty() {
        texts.push(String::new());
    }
    let mut texts = Texts { texts, next: 0 };
    let mut reports: Vec<Report> = Vec::new();
    let mut findings: Vec<Vec<Finding>> = Vec::new();
    let mut ordinals = BTreeMap::new();
    for choice in script.iter().take(MOST).map(|byte| usize::from(*byte)) {
        let parser = &PARSERS[choice % PARSERS.len()];
        let at = reports.iter().position(is_of(parser.scanner));
        let at = at.unwrap_or_else(|| {
            reports.push(report(parser.scanner, parser.lane, choice, &mut texts));
            findings.push(Vec::new());
            reports.len() - 1
        });
        let kind = &parser.kinds[choice / 6 % parser.kinds.len()];
        let severity = kind.severities[choice / 3 % kind.severities.len()];
        let mut finding = finding(kind.category, severity, choice, &mut texts);
        let ordinal: &mut u32 = ordinals.entry((at, finding.fingerprint)).or_default();
        finding.fingerprint = finding.fingerprint.with_ordinal(*ordinal);
        *ordinal += 1;
        reports[at].tally.add(&finding);
        findings[at].push(finding);
    }
    for (report, findings) in reports.iter_mut().zip(findings) {
        report.findings = findings.into_iter().collect();
    }
    if script.len() % 5 == 4 {
        reports.push(Report {
            path: texts.next(),
            lane: "mainline-sast".to_owned(),
            bytes: 0,
            sha256: String::new(),
            scan: Err(texts.next()),
            findings: Findings::default(),
            tally: Tally::default(),
            record: None,
            modified: None,
        });
    }
    let context = Context {
        project: Some(texts.next()),
        branch: Some(texts.next()),
        commit: Some(texts.next()),
        merge_request: Some(texts.next()),
        pipeline: Some(texts.next()),
        authors: vec![texts.next()],
        ..Context::default()
    };
    (reports, context)
}

fn is_of(scanner: &str) -> impl Fn(&Report) -> bool {
    move |report| {
        report
            .scan
            .as_ref()
            .is_ok_and(|scan| scan.scanner == scanner)
    }
}

fn report(scanner: &'static str, lane: &str, choice: usize, texts: &mut Texts) -> Report {
    let mut scan = Scan {
        scanner,
        format: "made",
        version: texts.some(choice & 1 == 0),
        target: texts.some(choice & 2 == 0),
        ..Scan::default()
    };
    match choice % 4 {
        0 => scan.note(texts.next()),
        1 => scan.degrade(texts.next()),
        2 => scan.fail(texts.next()),
        _ => {}
    }
    Report {
        path: texts.next(),
        lane: lane.to_owned(),
        bytes: 1,
        sha256: "00".repeat(32),
        scan: Ok(scan),
        findings: Findings::default(),
        tally: Tally::default(),
        record: None,
        modified: None,
    }
}

fn finding(
    category: Category,
    severity: Severity,
    choice: usize,
    texts: &mut Texts,
) -> Finding<'static> {
    let rule = texts.next();
    let location = location(category, choice, texts);
    let place = location.to_string();
    let fingerprint = Fingerprint::new("made", &[&rule, &place]);
    let mut finding = Finding::new(fingerprint, category, rule.clone(), severity, location);
    finding.content = Some(ContentDigest::new("made", &[&rule]));
    finding.title = texts.next().into();
    let description = texts.some(choice & 4 == 0).map(Into::into);
    finding.scanner_severity = texts.some(choice & 8 == 0).map(Into::into);
    finding.confidence = (choice & 16 == 0).then_some(Confidence::High);
    finding.cwes = [79, 89].into_iter().collect();
    finding.suppressed = texts.some(choice & 32 == 32).map(Into::into);
    finding.details = Details {
        description,
        references: vec![texts.next().into()],
    };
    finding.reference_count = 1;
    finding.pointer = texts.next().into();
    if category == Category::Sca {
        finding.vulnerability_ids = [texts.next().into(), "CVE-2021-44228".into()]
            .into_iter()
            .collect();
        let fixed_in = texts.some(choice & 64 == 0);
        finding.fixed_in = fixed_in.into_iter().map(Into::into).collect();
        finding.cvss = Some(Cvss {
            version: CvssVersion::V3,
            score: 9.8,
            vector: texts.some(choice & 128 == 0).map(Into::into),
        });
    }
    finding
}

fn location(category: Category, choice: usize, texts: &mut Texts) -> Location<Text<'static>> {
    match category {
        Category::Sca | Category::License => Location::Package {
            purl: texts.some(choice & 2 == 0).map(Into::into),
            name: texts.next().into(),
            version: texts.some(choice & 4 == 0).map(Into::into),
            target: texts.some(choice & 8 == 0).map(Into::into),
            path: texts.some(choice & 16 == 0).map(Into::into),
        },
        Category::Dast => Location::Web {
            url: texts.next().into(),
            method: texts.some(choice & 2 == 0).map(Into::into),
            parameter: texts.some(choice & 4 == 0).map(Into::into),
        },
        Category::Misconfiguration => Location::Resource {
            target: texts.next().into(),
            resource: texts.some(choice & 2 == 0).map(Into::into),
            line: Some(7),
            end_line: None,
        },
        Category::Sast | Category::Secret | Category::Quality => Location::Source {
            path: texts.next().into(),
            line: (choice & 2 == 0).then_some(7),
            end_line: None,
            column: None,
            commit: texts.some(category == Category::Secret).map(Into::into),
        },
    }
}
