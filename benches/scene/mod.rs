//! What is decided about: reports as a large project has them, a policy, and a
//! baseline. Everything is a function of numbers, so that each run is the same.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use security_gate::artifact::Window;
use security_gate::baseline::Baseline;
use security_gate::finding::{
    Category, Collector, Confidence, Cvss, CvssVersion, Details, Finding, Keep, Location, Severity,
};
use security_gate::fingerprint::{ContentDigest, Fingerprint};
use security_gate::parser;
use security_gate::policy::Policy;
use security_gate::policy::decide::Circumstances;
use security_gate::policy::knowledge::{Given, Knowledge};
use security_gate::policy::load::{Vocabulary, load};
use security_gate::report::{Report, Scan, Tally};

const LANES: [&str; 6] = [
    "image",
    "mainline-sca",
    "mainline-sast",
    "release-sast",
    "secret-detection",
    "staging-dast",
];

/// How many findings there are, so that growth is seen.
pub(crate) const SIZES: [usize; 3] = [1_000, 30_000, 1_000_000];

pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A number that looks like chance, for each kind of question and index.
fn chance(question: &str, index: usize) -> usize {
    let mut hash = question.bytes().fold(index as u64 + 1, |hash, byte| {
        hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte)
    });
    for _ in 0..3 {
        hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    usize::try_from(hash >> 33).unwrap()
}

fn one_of<T: Copy>(list: &[T], question: &str, index: usize) -> T {
    list[chance(question, index) % list.len()]
}

fn severity(index: usize) -> Severity {
    match chance("severity", index) % 100 {
        0..4 => Severity::Critical,
        4..22 => Severity::High,
        22..60 => Severity::Medium,
        60..90 => Severity::Low,
        90..96 => Severity::Info,
        _ => Severity::Unknown,
    }
}

/// A package as scanners name it. They repeat: images share most of theirs.
struct Package {
    number: usize,
    purl: String,
    name: String,
    version: String,
}

impl Package {
    fn new(number: usize) -> Self {
        const WORDS: [&str; 8] = [
            "log", "http", "json", "crypto", "xml", "auth", "image", "lodash",
        ];
        let word = one_of(&WORDS, "package", number);
        let version = format!("{}.{}.{}", number % 5, number % 17, number % 29);
        let (purl, name) = match number % 10 {
            0..4 => (
                format!("pkg:deb/debian/lib{word}{number}@{version}?arch=amd64&distro=debian-12.5"),
                format!("lib{word}{number}"),
            ),
            4..7 => (
                format!("pkg:npm/%40acme/{word}-{number}@{version}"),
                format!("@acme/{word}-{number}"),
            ),
            7 | 8 => (
                format!("pkg:maven/org.acme.{word}/{word}-core{number}@{version}"),
                format!("org.acme.{word}:{word}-core{number}"),
            ),
            _ => (
                format!("pkg:pypi/py-{word}{number}@{version}"),
                format!("Py_{word}{number}"),
            ),
        };
        Self {
            number,
            purl,
            name,
            version,
        }
    }

    /// The `nth` vulnerability of the package.
    fn cve(&self, nth: usize) -> String {
        let number = chance("cve", self.number * 64 + nth) % 60_000;
        format!("CVE-{}-{}", 2018 + number % 9, 1000 + number)
    }
}

fn describe(finding: &mut Finding, index: usize, title: String) {
    finding.title = title.into();
    let description = format!(
        "An attacker that reaches the interface number {index} may do what it was not made for. \
         Upgrade, or keep the interface out of reach."
    );
    finding.details = Details {
        description: Some(description.into()),
        references: vec![
            format!("https://advisories.example/{index}").into(),
            format!("https://tracker.example/issues/{index}").into(),
        ],
    };
    finding.reference_count = 2;
    finding.pointer = format!("/results/{index}").into();
}

fn cvss(finding: &mut Finding, index: usize) {
    let score = [9.8, 7.5, 5.3, 3.1][chance("cvss", index) % 4];
    finding.cvss = Some(Cvss {
        version: CvssVersion::V3,
        score,
        vector: None,
    });
}

/// Six vulnerabilities a package, in five images that share their packages.
fn trivy(index: usize, packages: usize) -> Finding<'static> {
    let package = Package::new(index / 6 % packages);
    let nth = index % 6;
    let cve = package.cve(nth);
    let image = index / 6 / packages;
    let target = format!("registry.example/shop/service-{image}:1.4 (debian 12.5)");
    let fingerprint = Fingerprint::new("trivy", &[&cve, &package.purl, &target]);
    let location = Location::Package {
        path: (package.number % 10 >= 4)
            .then(|| format!("app/lib/{}/package", package.number).into()),
        purl: Some(package.purl.clone().into()),
        name: package.name.clone().into(),
        version: Some(package.version.clone().into()),
        target: Some(target.into()),
    };
    let of_package = package.number * 6 + nth;
    let severity = severity(of_package);
    let mut finding = Finding::new(fingerprint, Category::Sca, cve.clone(), severity, location);
    let title = format!("{}: {} may overflow", package.name, package.name);
    describe(&mut finding, index, title);
    cvss(&mut finding, of_package);
    finding.content = Some(ContentDigest::new("trivy", &[&cve, &package.purl]));
    finding.vulnerability_ids = vec![cve.into()];
    finding.cwes = vec![one_of(&[787, 79, 89, 400, 20], "cwe", of_package)];
    if !chance("fix", of_package).is_multiple_of(3) {
        finding.fixed_in = vec!["9.9.9".to_owned().into()];
    }
    finding
}

/// Half of what Trivy sees, and as much of its own.
fn dependency_check(index: usize, packages: usize) -> Finding<'static> {
    let package = Package::new(index / 4 % packages);
    let nth = index % 4;
    let cve = match nth {
        0 | 1 => package.cve(nth),
        _ => package.cve(nth + 32),
    };
    let file = format!(
        "/builds/acme/shop/module-{}/lib/{}.jar",
        index / 4 / packages,
        package.number
    );
    let purl = package.purl.split('?').next().unwrap().to_owned();
    let fingerprint = Fingerprint::new("dependency-check", &[&cve, &file]);
    let location = Location::Package {
        purl: Some(purl.into()),
        name: package.name.replace(':', "/").into(),
        version: Some(package.version.clone().into()),
        target: None,
        path: Some(file.into()),
    };
    let severity = severity(package.number * 4 + nth);
    let mut finding = Finding::new(fingerprint, Category::Sca, cve.clone(), severity, location);
    let title = format!("{cve} in {}", package.name);
    describe(&mut finding, index, title);
    cvss(&mut finding, index);
    finding.content = Some(ContentDigest::new(
        "dependency-check",
        &[&cve, &package.purl],
    ));
    finding.vulnerability_ids = vec![cve.into()];
    finding.cwes = vec![one_of(&[787, 79, 89, 400, 20], "cwe", index)];
    finding
}

fn source_path(file: usize) -> String {
    const FOLDERS: [&str; 6] = ["api/auth", "api/orders", "web", "jobs", "lib/util", "tests"];
    let folder = one_of(&FOLDERS, "folder", file);
    format!("src/{folder}/part{}/module_{file}.py", file % 40)
}

/// Where the `index`-th finding in source code is, and its weakness. Both
/// scanners of code see it, one a line later.
fn source_place(index: usize) -> (String, u32, u32) {
    let line = chance("line", index) % 2_000 + 1;
    let cwe = one_of(&[78, 79, 89, 94, 259, 327, 502, 703], "source cwe", index);
    (source_path(index / 8), u32::try_from(line).unwrap(), cwe)
}

fn semgrep(index: usize) -> Finding<'static> {
    const RULES: [&str; 5] = [
        "python.lang.security.audit.exec-detected",
        "python.flask.security.injection.tainted-sql-string",
        "python.lang.security.audit.subprocess-shell-true",
        "python.django.security.audit.xss",
        "generic.secrets.security.detected-token",
    ];
    let rule = one_of(&RULES, "semgrep", index);
    let (path, line, cwe) = source_place(index);
    let code = format!("call_{index}(argument)");
    let location = Location::Source {
        path: path.clone().into(),
        line: Some(line),
        end_line: Some(line + u32::try_from(chance("length", index) % 4).unwrap()),
        column: Some(5),
        commit: None,
    };
    let fingerprint = Fingerprint::new("semgrep", &[rule, &path, &code]);
    let severity = severity(index);
    let mut finding = Finding::new(fingerprint, Category::Sast, rule, severity, location);
    let title = format!("Detected SQL injection or the like in call_{index}");
    describe(&mut finding, index, title);
    finding.content = Some(ContentDigest::new("semgrep", &[rule, &code]));
    finding.confidence = Some(one_of(
        &[Confidence::Low, Confidence::Medium, Confidence::High],
        "confidence",
        index,
    ));
    finding.cwes = vec![cwe];
    if chance("suppressed", index).is_multiple_of(50) {
        finding.suppressed = Some("nosemgrep".to_owned().into());
    }
    finding
}

/// Every third is where Semgrep sees one.
fn bandit(index: usize) -> Finding<'static> {
    let rule = one_of(&["B101", "B102", "B301", "B602", "B608"], "bandit", index);
    let (path, line, cwe) = match index.is_multiple_of(3) {
        true => source_place(index),
        false => source_place(index * 2 + 1_000_003),
    };
    let code = format!("other_{index}(argument)");
    let fingerprint = Fingerprint::new("bandit", &[rule, &path, &code]);
    let severity = severity(index);
    let location = Location::source(format!("./{path}"), Some(line));
    let mut finding = Finding::new(fingerprint, Category::Sast, rule, severity, location);
    describe(&mut finding, index, format!("Use of other_{index}"));
    finding.content = Some(ContentDigest::new("bandit", &[rule, &code]));
    finding.confidence = Some(one_of(
        &[Confidence::Low, Confidence::Medium, Confidence::High],
        "confidence",
        index,
    ));
    finding.cwes = vec![cwe];
    finding
}

/// A secret in three commits each.
fn gitleaks(index: usize) -> Finding<'static> {
    const RULES: [&str; 3] = ["generic-api-key", "aws-access-token", "private-key"];
    let secret = index / 3;
    let rule = one_of(&RULES, "gitleaks", secret);
    let path = format!("config/env-{}/settings.yaml", secret / 2);
    let digest = format!("hmac:{:032x}", chance("secret", secret));
    let commit = format!("{:040x}", chance("commit", index));
    let fingerprint = Fingerprint::new("gitleaks", &[rule, &path, &digest, &commit]);
    let location = Location::Source {
        path: path.into(),
        line: Some(u32::try_from(secret % 200 + 1).unwrap()),
        end_line: None,
        column: None,
        commit: Some(commit.clone().into()),
    };
    let severity = Severity::High;
    let mut finding = Finding::new(fingerprint, Category::Secret, rule, severity, location);
    describe(&mut finding, index, format!("{rule} has been found"));
    finding.content = Some(ContentDigest::new("gitleaks", &[rule, &commit, &digest]));
    finding.secret = Some(digest.into());
    finding
}

/// An alert on a page, with the places that it was seen in.
fn zap(index: usize) -> Finding<'static> {
    let rule = one_of(&["10202", "40012", "10038", "90022"], "zap", index);
    let place = |nth: usize| Location::Web {
        url: format!("https://staging.example/shop/page-{index}?item={nth}").into(),
        method: Some("GET".to_owned().into()),
        parameter: Some("item".to_owned().into()),
    };
    let number = index.to_string();
    let fingerprint = Fingerprint::new("zap", &[rule, &number]);
    let severity = severity(index);
    let mut finding = Finding::new(fingerprint, Category::Dast, rule, severity, place(0));
    describe(
        &mut finding,
        index,
        "Absence of anti-CSRF tokens".to_owned(),
    );
    finding.content = Some(ContentDigest::new("zap", &[rule, &number]));
    finding.confidence = Some(Confidence::Medium);
    finding.cwes = vec![one_of(&[352, 79, 693], "zap cwe", index)];
    finding.instances = (0..3).map(place).collect();
    finding.instance_count = 3;
    finding
}

/// A resource in a template that is configured unsafely.
fn misconfiguration(index: usize) -> Finding<'static> {
    let rule = one_of(&["AVD-AWS-0086", "AVD-KSV-0012", "DS002"], "check", index);
    let target = format!("deploy/stage-{}/main-{index}.tf", index % 7);
    let fingerprint = Fingerprint::new("trivy-misconfiguration", &[rule, &target]);
    let location = Location::Resource {
        target: target.into(),
        resource: Some(format!("aws_s3_bucket.bucket{index}").into()),
        line: Some(3),
        end_line: Some(9),
    };
    let category = Category::Misconfiguration;
    let mut finding = Finding::new(fingerprint, category, rule, severity(index), location);
    describe(&mut finding, index, "The bucket is public".to_owned());
    finding
}

/// Reports with about this many findings, in the proportions of real pipelines.
pub(crate) fn reports(findings: usize) -> Vec<Report> {
    let share = |percent: usize| findings * percent / 100;
    let images = share(36);
    let packages = (images / 6 / 5).max(1);
    let report = |lane: &str,
                  scanner: &'static str,
                  count: usize,
                  make: &dyn Fn(usize) -> Finding<'static>| {
        // As they are when they have been read.
        let mut kept = Collector::new(Keep::Foremost {
            unknown: Severity::High,
            least: None,
        });
        (0..count).for_each(|index| kept.add(make(index)));
        let findings = kept.finish().unwrap();
        Report {
            path: format!("reports/{scanner}-{lane}.json"),
            lane: lane.to_owned(),
            bytes: 1,
            sha256: format!("{:064x}", findings.len()),
            scan: Ok(Scan {
                scanner,
                format: scanner,
                ..Scan::default()
            }),
            findings,
            tally: Tally::default(),
            record: None,
            modified: None,
        }
    };
    let [image, sca, sast, release, secrets, dast] = LANES;
    let of_packages = |index| trivy(index, packages);
    let of_archives = |index| dependency_check(index, packages);
    vec![
        report(image, "trivy", images, &of_packages),
        report(sca, "trivy", share(2), &misconfiguration),
        report(sca, "dependency-check", share(20), &of_archives),
        report(sast, "semgrep", share(16), &semgrep),
        // The release is an earlier state of the same code.
        report(release, "semgrep", share(4), &semgrep),
        report(sast, "bandit", share(8), &bandit),
        report(secrets, "gitleaks", share(6), &gitleaks),
        report(dast, "zap", share(8), &zap),
    ]
}

const RULES: [&str; 20] = [
    r#"severity = "critical""#,
    r#"severity = ">=high""#,
    r#"category = "sca", severity = ">=high", fix = "available""#,
    r#"category = "secret""#,
    r#"lane = "mainline-*", severity = ">=medium""#,
    r#"lane = "release-sast", severity = ["critical", "high", "unknown"]"#,
    "cwe = [78, 79, 89, 94]",
    r#"category = "sca", cvss = ">=9.0""#,
    r#"path = "src/api/**", severity = ">=medium""#,
    r#"path = ["**/tests/**", "**/*.tf"]"#,
    r#"package = "pkg:npm/*/lodash*""#,
    r#"package = ["org.acme.log:*", "pkg:deb/debian/liblog*"], severity = ">=medium""#,
    r#"rule = ["python.lang.security.*", "B6*"]"#,
    r#"title = "*sql injection*""#,
    r#"vulnerability = "CVE-2025-*", fix = "available""#,
    r#"url = "https://staging.example/shop/**", severity = ">=medium""#,
    r#"confidence = ">=high", category = "sast""#,
    r#"seen_by = ["semgrep", "bandit"], severity = ">=high""#,
    r#"new = true, severity = ">=medium""#,
    r#"age = ">30d", severity = ">=high""#,
];

const EXPRESSIONS: [&str; 3] = [
    r#"category == "sca" && cvss != null && cvss >= 9.0 && fix"#,
    r#"severity_rank >= 2 && (79 in cwe || re(title, "(?i)overflow")) && !path.startsWith("src/tests/")"#,
    r#"scanner == "trivy" && glob(purl, "pkg:npm/**") && vulnerability.exists(id, id.startsWith("CVE-2025-"))"#,
];

/// What the `number`-th exception means: most of them name something.
fn exception(number: usize) -> String {
    let package = Package::new(chance("exception", number) % 500);
    let cve = package.cve(number % 6);
    let rule = one_of(
        &["b602", "generic-api-key", "10202", "B101"],
        "rule",
        number,
    );
    match number % 20 {
        0..9 => {
            let bare = package.purl.split('@').next().unwrap();
            format!(r#"vulnerability = "{cve}", package = "{bare}*""#)
        }
        9..12 => format!(r#"vulnerability = ["{cve}", "{}"]"#, package.cve(0)),
        12..16 => format!(r#"rule = "{rule}", path = "src/**/part{}/**""#, number % 40),
        16..19 => {
            let fingerprints: Vec<_> = (0..10)
                .map(|nth| format!("{:?}", semgrep(number * 10 + nth).fingerprint.to_string()))
                .collect();
            format!("fingerprint = [{}]", fingerprints.join(", "))
        }
        _ if number % 40 == 19 => format!(r#"path = "src/*/legacy-{number}/**""#),
        _ => format!(r#"package = "pkg:npm/%40acme/*-{number}@*""#),
    }
}

/// A policy of 20 rules and 200 exceptions; with expressions, three more rules.
pub(crate) fn policy(with_expressions: bool) -> Policy {
    let mut text = String::from("schema = 1\nfirst_run = \"all-new\"\n");
    for lane in LANES {
        writeln!(text, "[lane.{lane}]").unwrap();
    }
    let expressions = EXPRESSIONS.iter().map(|when| format!("when = '{when}'"));
    let expressions = expressions.filter(|_| with_expressions);
    let selectors = RULES.iter().map(|&rule| rule.to_owned()).chain(expressions);
    for (number, selector) in selectors.enumerate() {
        writeln!(
            text,
            "[[rule]]\nid = \"rule-{number}\"\nwhere = {{ {selector} }}"
        )
        .unwrap();
    }
    for number in 0..200 {
        writeln!(
            text,
            "[[exception]]\nid = \"exception-{number}\"\nwhere = {{ {} }}\nreason = \"not reached\"\n\
             decided = 2026-09-01\nexpires = 2027-03-01",
            exception(number)
        )
        .unwrap();
    }
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    let read = |path: &Path| match path.ends_with("policy.toml") {
        true => Ok(text.clone()),
        false => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    load("policy.toml", vocabulary, &read).unwrap()
}

/// The reports, each with its scanner.
pub(crate) fn with_scanners(reports: &[Report]) -> impl Iterator<Item = (&'static str, &Report)> {
    reports
        .iter()
        .map(|report| (report.scan.as_ref().unwrap().scanner, report))
}

/// When and with what knowledge it is decided.
pub(crate) fn circumstances(baseline: Option<&Baseline>) -> Circumstances<'_> {
    Circumstances {
        now: now(),
        workspace: None,
        authors: &[],
        change: None,
        commit: None,
        knowledge: Knowledge {
            baseline: baseline.map_or(Given::Nothing, Given::Read),
            ..Knowledge::default()
        },
    }
}

/// What was known of these reports, as [`baseline_text`] says.
pub(crate) fn baseline(reports: &[Report], nth_file: usize) -> Baseline {
    let window = Window::over(baseline_text(reports, nth_file)).unwrap();
    Baseline::read(window, "baseline.json").unwrap().0
}

/// A baseline of these reports, when one in `nth_file` of the files had another
/// name; 0 is none.
pub(crate) fn baseline_text(reports: &[Report], nth_file: usize) -> String {
    let mut text = String::from(
        "{\"schema\":\"security-gate-baseline/1\",\"time\":\"2026-11-01T12:00:00Z\",\"sources\":[],\"lanes\":[",
    );
    for report in reports {
        let scanner = report.scan.as_ref().unwrap().scanner;
        let lane = &report.lane;
        write!(
            text,
            "{{\"lane\":\"{lane}\",\"scanners\":[\"{scanner}\"]}},"
        )
        .unwrap();
    }
    text.truncate(text.len() - 1);
    text.push_str("],\"findings\":[");
    for report in reports {
        let scanner = report.scan.as_ref().unwrap().scanner;
        for finding in report.findings.iter() {
            let place = match finding.location() {
                Location::Web { url, .. } => url.split("/shop").next().unwrap(),
                location => location.path().unwrap(),
            };
            let file = place.bytes().fold(7, |hash: usize, byte| {
                hash.wrapping_mul(31).wrapping_add(usize::from(byte))
            });
            let identity = finding.fingerprint.to_string();
            let (fingerprint, place) = match nth_file > 0 && file.is_multiple_of(nth_file) {
                true => (
                    Fingerprint::new("moved", &[&identity]).to_string(),
                    format!("before/{place}"),
                ),
                false => (identity, place.to_owned()),
            };
            let content = match finding.content {
                Some(content) => format!("\"content\":\"{content}\","),
                None => String::new(),
            };
            write!(
                text,
                "{{\"fingerprint\":\"{fingerprint}\",{content}\"scanner\":\"{scanner}\",\"lane\":\"{}\",\
                 \"rule_id\":\"{}\",\"title\":\"t\",\"severity\":\"{}\",\"first_seen\":\"2026-10-01\",\
                 \"location\":\"somewhere\",\"path\":\"{place}\"}},",
                report.lane,
                finding.rule_id(),
                finding.severity.name(),
            )
            .unwrap();
        }
    }
    text.truncate(text.len() - 1);
    text.push_str("]}");
    text
}
