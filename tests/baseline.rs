//! Real reports, changed as code changes, against what is known to be new.
//!
//! Each case takes a real report as the baseline, changes it as a commit would
//! (lines move, code is reformatted, files are renamed, findings are copied,
//! mended and made again), and reads both with the real parsers. What was added
//! is counted by rule, file and code as the report has them, not by what the
//! program makes of them.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may fail by a panic, and drives the world around the program"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::Date;
use security_gate::artifact::Window;
use security_gate::baseline::{self, Baseline, Comparison, Current, Fate, Looked};
use security_gate::finding::{Finding, Findings};
use security_gate::parser::{self, Options};
use security_gate::render::summary::{FindingRow, ReportRow, SCHEMA};
use security_gate::report::{Report, Scan, Tally};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const LANE: &str = "lane";

/// One result of a report, with what it is of.
#[derive(Clone)]
struct Occurrence {
    /// What makes it what it is, in any file and layout.
    class: String,
    path: String,
    entry: Value,
    /// What the entry stands in: a result of Trivy, a dependency, a site.
    around: Value,
}

/// A scanner, and how its reports are taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scanner {
    Semgrep,
    Bandit,
    Gitleaks,
    Trivy,
    DependencyCheck,
    Zap,
}

use Scanner::{Bandit, DependencyCheck, Gitleaks, Semgrep, Trivy, Zap};

const LISTS: [&str; 4] = [
    "Vulnerabilities",
    "Misconfigurations",
    "Secrets",
    "Licenses",
];

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn squeezed(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).collect()
}

impl Scanner {
    fn name(self) -> &'static str {
        match self {
            Semgrep => "semgrep",
            Bandit => "bandit",
            Gitleaks => "gitleaks",
            Trivy => "trivy",
            DependencyCheck => "dependency-check",
            Zap => "zap",
        }
    }

    /// The lists of a report in which results stand, with what is around each.
    fn results(self, report: &Value) -> Vec<(Value, Value)> {
        let plain = |entries: &Value| {
            let entries = list(entries).into_iter();
            entries.map(|entry| (Value::Null, entry)).collect()
        };
        let inside = |outer: &Value, lists: &[&str]| {
            let mut found = Vec::new();
            for outer in list(outer) {
                let mut around = outer.clone();
                for name in lists {
                    around.as_object_mut().unwrap().remove(*name);
                }
                for name in lists {
                    let entries = list(&outer[*name]).into_iter();
                    let entries = entries.filter(|entry| entry["Status"] != "PASS");
                    found.extend(entries.map(|entry| (json!([name, around]), entry)));
                }
            }
            found
        };
        match self {
            Semgrep | Bandit => plain(&report["results"]),
            Gitleaks => plain(report),
            Trivy => inside(&report["Results"], &LISTS),
            DependencyCheck => inside(&report["dependencies"], &["vulnerabilities"]),
            Zap => inside(&report["site"], &["alerts"]),
        }
    }

    fn occurrence(self, around: Value, entry: Value) -> Occurrence {
        let outer = &around[1];
        let (path, class) = match self {
            Semgrep => {
                // What Semgrep takes to be one thing in a file, or else says of it.
                let extra = &entry["extra"];
                let own = text(&extra["fingerprint"]).rsplit_once('_');
                let own = own.filter(|(hash, _)| hash.len() >= 64);
                let own = own.map_or(text(&extra["message"]), |(hash, _)| hash);
                let rule = text(&entry["check_id"]);
                (&entry["path"], format!("{rule} {own}"))
            }
            Bandit => {
                let code = lines_of(&entry)
                    .into_iter()
                    .filter(|line| line.1)
                    .map(|line| line.2);
                let code = squeezed(&code.collect::<String>());
                (&entry["filename"], format!("{} {code}", entry["test_id"]))
            }
            Gitleaks => (
                &entry["File"],
                format!("{} {}", entry["RuleID"], entry["Secret"]),
            ),
            Trivy => {
                let code: Vec<_> = list(&entry["CauseMetadata"]["Code"]["Lines"]);
                let code = code.iter().filter(|line| line["IsCause"] == true);
                let code: String = code.map(|line| squeezed(text(&line["Content"]))).collect();
                let keys = [
                    "VulnerabilityID",
                    "PkgName",
                    "ID",
                    "Message",
                    "RuleID",
                    "Name",
                ];
                let own = keys.map(|key| entry[key].to_string()).join(" ");
                let resource = &entry["CauseMetadata"]["Resource"];
                let matched = squeezed(text(&entry["Match"]));
                (
                    &outer["Target"],
                    format!("{own} {resource} {matched} {code}"),
                )
            }
            DependencyCheck => {
                let package = outer["packages"][0]["id"]
                    .as_str()
                    .or(outer["sha1"].as_str());
                let class = format!("{} {}", entry["name"], package.unwrap_or_default());
                (&outer["filePath"], class)
            }
            Zap => {
                let class = format!("{} {}", entry["alertRef"], entry["name"]);
                (&outer["@name"], class)
            }
        };
        Occurrence {
            class,
            path: text(path).to_owned(),
            entry,
            around,
        }
    }

    /// The report with these results in place of its own, in their order.
    fn report(self, original: &Value, occurrences: &[Occurrence]) -> String {
        let mut report = original.clone();
        let entries: Vec<_> = occurrences.iter().map(|one| self.entry(one)).collect();
        match self {
            Semgrep | Bandit => report["results"] = entries.into(),
            Gitleaks => report = entries.into(),
            Trivy => report["Results"] = entries.into(),
            DependencyCheck => report["dependencies"] = entries.into(),
            Zap => report["site"] = entries.into(),
        }
        report.to_string()
    }

    fn entry(self, occurrence: &Occurrence) -> Value {
        let Occurrence {
            path,
            entry,
            around,
            ..
        } = occurrence;
        let mut entry = entry.clone();
        let path_key = match self {
            Semgrep => {
                // Semgrep's own fingerprint has the path in it.
                let own = text(&entry["extra"]["fingerprint"]).to_owned();
                if own.len() > 128 && entry["path"] != path.as_str() {
                    let hash = base16ct::lower::encode_string(&Sha256::digest(own.clone() + path));
                    entry["extra"]["fingerprint"] = format!("{hash}{hash}_0").into();
                }
                "path"
            }
            Bandit => "filename",
            Gitleaks => "File",
            Trivy | DependencyCheck | Zap => {
                let mut outer = around[1].clone();
                let key = match self {
                    Trivy => "Target",
                    Zap => "@name",
                    _ => "filePath",
                };
                outer[key] = path.as_str().into();
                outer[text(&around[0])] = json!([entry]);
                return outer;
            }
        };
        entry[path_key] = path.as_str().into();
        entry
    }

    /// Whether a file may be renamed or copied. A site is no file.
    fn has_files(self) -> bool {
        self != Zap
    }

    /// Whether the file is part of what makes a finding.
    fn tells_files_apart(self) -> bool {
        self != DependencyCheck
    }
}

/// The lines of a result of Bandit: number, whether it is about them, text.
fn lines_of(entry: &Value) -> Vec<(u64, bool, String)> {
    let wanted: Vec<_> = list(&entry["line_range"])
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    let code = text(&entry["code"]).lines();
    code.filter_map(|line| {
        let (number, text) = line.split_once(' ')?;
        let number = number.parse().ok()?;
        Some((number, wanted.contains(&number), text.to_owned()))
    })
    .collect()
}

fn set_lines(entry: &mut Value, lines: &[(u64, bool, String)]) {
    let code: Vec<_> = lines
        .iter()
        .map(|(number, _, text)| format!("{number} {text}\n"))
        .collect();
    entry["code"] = code.concat().into();
    let wanted: Vec<_> = lines
        .iter()
        .filter(|line| line.1)
        .map(|line| line.0)
        .collect();
    if let Some(first) = wanted.first() {
        entry["line_number"] = (*first).into();
    }
    entry["line_range"] = wanted.into();
}

/// Moves the numbers under these keys, wherever they are.
fn move_lines(value: &mut Value, down: u64) {
    const KEYS: [&str; 7] = [
        "line",
        "StartLine",
        "EndLine",
        "Number",
        "col",
        "StartColumn",
        "offset",
    ];
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_u64() {
                    Some(number) if KEYS.contains(&key.as_str()) && number > 0 => {
                        *value = (number + down).into();
                    }
                    _ => move_lines(value, down),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| move_lines(value, down)),
        _ => {}
    }
}

/// Changes the code, wherever a report has some.
fn change_code(scanner: Scanner, entry: &mut Value, change: &mut dyn FnMut(&str) -> String) {
    let mut at = |value: &mut Value| {
        if let Some(code) = value.as_str().filter(|code| *code != "requires login") {
            *value = change(code).into();
        }
    };
    match scanner {
        Semgrep => at(&mut entry["extra"]["lines"]),
        Gitleaks => at(&mut entry["Match"]),
        Trivy => {
            if let Some(matched) = entry.get_mut("Match") {
                at(matched);
            }
            let lines = entry.pointer_mut("/CauseMetadata/Code/Lines");
            for line in lines.and_then(Value::as_array_mut).into_iter().flatten() {
                at(&mut line["Content"]);
            }
        }
        Bandit => {
            let mut lines = lines_of(entry);
            for (_, _, text) in &mut lines {
                *text = change(text);
            }
            set_lines(entry, &lines);
        }
        DependencyCheck | Zap => {}
    }
}

/// `SplitMix64`: the same cases everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// What a commit may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Shift,
    Reformat,
    RenameFile,
    RenameFolder,
    CopyHere,
    CopyToAnotherFile,
    CopyToNewFile,
    CopyFile,
    Delete,
    MakeAgainHere,
    MendHereAndMakeElsewhere,
}

use Change::*;

const CHANGES: [Change; 11] = [
    Shift,
    Reformat,
    RenameFile,
    RenameFolder,
    CopyHere,
    CopyToAnotherFile,
    CopyToNewFile,
    CopyFile,
    Delete,
    MakeAgainHere,
    MendHereAndMakeElsewhere,
];

impl Change {
    /// Whether it moves what is known to files that were not there.
    fn is_renaming(self) -> bool {
        matches!(self, RenameFile | RenameFolder)
    }

    /// Whether it may put a finding into a file that was not there.
    fn makes_files(self) -> bool {
        matches!(self, CopyToNewFile | CopyFile | MendHereAndMakeElsewhere)
    }

    /// Whether it is one that the scanner's reports can show.
    fn is_of(self, scanner: Scanner) -> bool {
        match self {
            Shift | Reformat | Delete | CopyToAnotherFile | CopyToNewFile | CopyFile => true,
            // ZAP has one alert of a kind for a site.
            CopyHere | MakeAgainHere => scanner != Zap,
            RenameFile | RenameFolder => scanner.has_files(),
            MendHereAndMakeElsewhere => scanner.tells_files_apart(),
        }
    }
}

/// A report in the course of being changed.
#[derive(Clone)]
struct Project {
    scanner: Scanner,
    occurrences: Vec<Occurrence>,
    /// The name of each file of the baseline by now.
    names: BTreeMap<String, String>,
}

impl Project {
    fn files(&self) -> Vec<String> {
        let files: BTreeSet<_> = self
            .occurrences
            .iter()
            .map(|one| one.path.clone())
            .collect();
        files.into_iter().collect()
    }

    fn count(&self, file: &str) -> usize {
        self.occurrences
            .iter()
            .filter(|one| one.path == file)
            .count()
    }

    fn rename(&mut self, from: &str, to: &str) {
        for one in &mut self.occurrences {
            if one.path == from {
                to.clone_into(&mut one.path);
            }
        }
        for name in self.names.values_mut() {
            if name == from {
                to.clone_into(name);
            }
        }
    }

    /// Applies the change somewhere; whether there was a place for it.
    fn apply(&mut self, change: Change, random: &mut Random) -> bool {
        let scanner = self.scanner;
        if self.occurrences.is_empty() || !change.is_of(scanner) {
            return false;
        }
        let picked = random.below(self.occurrences.len());
        let one = self.occurrences[picked].clone();
        let file = one.path.clone();
        let down = random.next() % 90 + 1;
        let new_file = match scanner {
            Zap => format!("https://new{down}.example"),
            _ => format!("fresh/{down}/{}", file.rsplit(['/', '\\']).next().unwrap()),
        };
        let others: Vec<_> = self
            .files()
            .into_iter()
            .filter(|other| *other != file)
            .collect();
        let other = others.get(random.below(others.len().max(1))).cloned();
        match change {
            Shift | Reformat => {
                let mut of_file = self.occurrences.iter_mut().filter(|one| one.path == file);
                of_file.by_ref().for_each(|one| match change {
                    Shift => shift(scanner, &mut one.entry, down),
                    _ => reformat(scanner, &mut one.entry, down),
                });
                // A report lists what it likes in whatever order.
                if scanner != Zap {
                    let turn = random.below(self.occurrences.len());
                    self.occurrences.rotate_left(turn);
                }
            }
            RenameFile => self.rename(&file, &new_file),
            RenameFolder => {
                let folder = file
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder)
                    .to_owned();
                for file in self.files() {
                    if let Some(name) = file.strip_prefix(&folder) {
                        self.rename(&file, &format!("moved/{}", name.trim_start_matches('/')));
                    }
                }
            }
            CopyHere => self.occurrences.push(shifted(scanner, &one, down)),
            CopyToAnotherFile => {
                let Some(other) = other else { return false };
                let is_there = |two: &Occurrence| two.path == other && two.class == one.class;
                if scanner == Zap && self.occurrences.iter().any(is_there) {
                    return false;
                }
                self.occurrences.push(Occurrence {
                    path: other,
                    ..shifted(scanner, &one, down)
                });
            }
            CopyToNewFile => self.occurrences.push(Occurrence {
                path: new_file,
                ..one
            }),
            CopyFile => {
                let copies: Vec<_> = self
                    .occurrences
                    .iter()
                    .filter(|one| one.path == file)
                    .cloned()
                    .collect();
                let copies = copies.into_iter().map(|one| Occurrence {
                    path: new_file.clone(),
                    ..one
                });
                self.occurrences.extend(copies);
            }
            // A file that is gone for good looks renamed when its like appears.
            Delete if self.count(&file) < 2 => return false,
            Delete => {
                self.occurrences.remove(picked);
            }
            MakeAgainHere => {
                self.occurrences.remove(picked);
                let mut again = shifted(scanner, &one, down);
                reformat(scanner, &mut again.entry, down);
                self.occurrences.push(again);
            }
            MendHereAndMakeElsewhere => {
                if self.count(&file) < 2 {
                    return false;
                }
                self.occurrences.remove(picked);
                let path = other.filter(|_| scanner != Zap).unwrap_or(new_file);
                self.occurrences.push(Occurrence { path, ..one });
            }
        }
        true
    }
}

fn shift(scanner: Scanner, entry: &mut Value, down: u64) {
    move_lines(entry, down);
    if scanner == Bandit {
        let mut lines = lines_of(entry);
        for line in &mut lines {
            line.0 += down;
        }
        set_lines(entry, &lines);
    }
    let indent = " ".repeat(usize::try_from(down % 4).unwrap() * 2);
    if scanner != Gitleaks {
        change_code(scanner, entry, &mut |code| {
            let lines: Vec<_> = code.lines().map(|line| format!("{indent}{line}")).collect();
            lines.join("\n")
        });
    }
}

fn shifted(scanner: Scanner, one: &Occurrence, down: u64) -> Occurrence {
    let mut copy = one.clone();
    shift(scanner, &mut copy.entry, down);
    copy
}

/// White space as formatters change it: in and out of brackets, behind commas,
/// and a statement on two lines.
fn reformat(scanner: Scanner, entry: &mut Value, seed: u64) {
    change_code(scanner, entry, &mut |code| match seed % 3 {
        0 => code
            .replace('(', "( ")
            .replace(')', " )")
            .replace('=', " = "),
        1 => code
            .replace(", ", ",")
            .replace(" = ", "=")
            .replace(": ", ":"),
        _ => code.replace(',', " ,  "),
    });
    if scanner == Bandit && seed.is_multiple_of(2) {
        let mut lines = lines_of(entry);
        let found = lines
            .iter()
            .position(|(_, wanted, text)| *wanted && text.contains('('));
        if let Some((at, open)) = found.and_then(|at| Some((at, lines[at].2.find('(')?))) {
            let rest = lines[at].2.split_off(open + 1);
            lines[at + 1..].iter_mut().for_each(|line| line.0 += 1);
            lines.insert(at + 1, (lines[at].0 + 1, true, format!("        {rest}")));
            set_lines(entry, &lines);
        }
    }
    if scanner == Semgrep && text(&entry["extra"]["lines"]) != "requires login" {
        let code = text(&entry["extra"]["lines"]).replacen('(', "(\n    ", 1);
        entry["extra"]["lines"] = code.into();
    }
}

fn parse(scanner: Scanner, report: &str) -> Vec<Finding<'static>> {
    let mut findings = Vec::new();
    let window = Window::over(report).unwrap();
    let declared = parser::by_name(scanner.name());
    let (scan, _) = parser::parse(
        window,
        "report",
        declared,
        &Options::default(),
        &mut |one| {
            findings.push(one.into_owned());
        },
    );
    scan.unwrap();
    findings
}

/// The findings as `check` writes them down.
fn summary(scanner: Scanner, findings: &[Finding]) -> String {
    let scan = Scan {
        scanner: scanner.name(),
        ..Scan::default()
    };
    let report = Report {
        path: "report".to_owned(),
        lane: LANE.to_owned(),
        bytes: 1,
        sha256: "00".to_owned(),
        scan: Ok(scan),
        findings: Findings::default(),
        tally: Tally::default(),
        record: None,
        modified: None,
    };
    let findings: Findings = findings.iter().cloned().collect();
    let rows: Vec<_> = findings
        .iter()
        .map(|one| FindingRow::undecided(one, &report))
        .collect();
    json!({"schema": SCHEMA, "time": "2026-11-01T10:00:00Z", "reports": [ReportRow::from(&report)], "findings": rows})
        .to_string()
        // The schema comes first in what is really written.
        .replacen('{', &format!(r#"{{"schema":"{SCHEMA}","#), 1)
        .replace(&format!(r#","schema":"{SCHEMA}""#), "")
}

fn compare(scanner: Scanner, before: &[Finding], now: &[Finding]) -> Comparison {
    let window = Window::over(summary(scanner, before)).unwrap();
    let (baseline, _) = Baseline::read(window, "summary.json").unwrap();
    let now: Findings = now.iter().cloned().collect();
    let current: Vec<_> = now
        .iter()
        .map(|finding| Current::new(LANE, scanner.name(), finding))
        .collect();
    let looked = Looked {
        at: BTreeSet::from([(LANE, scanner.name())]),
        files: Vec::new(),
    };
    let today: Date = "2026-11-21".parse().unwrap();
    let comparison = baseline::compare(&baseline, &current, &looked, None, today);
    assert!(!comparison.fates.contains(&Fate::NotLookedAt));
    comparison
}

/// What came of all cases.
#[derive(Default, Debug)]
struct Score {
    cases: usize,
    added: usize,
    missed: usize,
    known: usize,
    false_new: usize,
    /// What went wrong, in words.
    wrong: Vec<String>,
}

type Counts = BTreeMap<(String, String), usize>;

/// Counts by file and class; by class alone where files do not tell.
fn counts<'a>(scanner: Scanner, ones: impl Iterator<Item = (&'a str, &'a Occurrence)>) -> Counts {
    let mut counts = Counts::new();
    for (file, one) in ones {
        let file = if scanner.tells_files_apart() {
            file
        } else {
            ""
        };
        *counts
            .entry((file.to_owned(), one.class.clone()))
            .or_default() += 1;
    }
    counts
}

impl Score {
    fn add(&mut self, name: &str, original: &Value, before: &Project, now: &Project) {
        let scanner = before.scanner;
        let findings = |project: &Project| {
            let findings = parse(scanner, &scanner.report(original, &project.occurrences));
            assert_eq!(findings.len(), project.occurrences.len(), "{name}");
            findings
        };
        let comparison = compare(scanner, &findings(before), &findings(now));
        let known = before
            .occurrences
            .iter()
            .map(|one| (now.names[&one.path].as_str(), one));
        let known = counts(scanner, known);
        let all = now.occurrences.iter().map(|one| (one.path.as_str(), one));
        let flagged = all.clone().zip(&comparison.histories);
        let flagged = flagged
            .filter(|(_, history)| history.new)
            .map(|(one, _)| one);
        let flagged = counts(scanner, flagged);
        self.cases += 1;
        for (class, count) in counts(scanner, all) {
            let added = count.saturating_sub(known.get(&class).copied().unwrap_or_default());
            let flagged = flagged.get(&class).copied().unwrap_or_default();
            self.added += added;
            self.known += count - added;
            self.missed += added.saturating_sub(flagged);
            self.false_new += flagged.saturating_sub(added);
            if added != flagged {
                self.wrong.push(format!(
                    "{name}: {class:?}: {added} added, {flagged} flagged"
                ));
            }
        }
    }
}

const REPORTS: [(Scanner, &str); 24] = [
    (Semgrep, "semgrep-1.60.0-pygoat.json"),
    (Semgrep, "semgrep-1.60.0-mixed-disable-nosem.json"),
    (Semgrep, "defectdojo-many_vulns.json"),
    (Semgrep, "defectdojo-semgrep_version_1_30_0_line_26.json"),
    (Semgrep, "semgrep-1.182.0-pygoat.json"),
    (Semgrep, "juice-shop-24a78e54.json"),
    (Bandit, "bandit-1.6.2-pygoat.json"),
    (Bandit, "bandit-1.7.5-mixed-errors.json"),
    (Bandit, "ash-src.json"),
    (Bandit, "oauthlib-7161f005.json"),
    (Bandit, "smithy-bandit.json"),
    (Gitleaks, "secobserve-gitleaks.dir.json"),
    (Gitleaks, "gitleaks-8.26.0-ownrepo-git.json"),
    (Trivy, "trivy-pnpm.json"),
    (Trivy, "trivy-convert-npm.json"),
    (Trivy, "vulnerable-node.json"),
    (Trivy, "trivy-action-config-scan.json"),
    (Trivy, "trivy-helm_testchart.json"),
    (Trivy, "trivy-secrets.json"),
    (DependencyCheck, "fortify-with-npm.json"),
    (DependencyCheck, "armorcode-maven.json"),
    (Zap, "dotnet-fullscan-zap.json"),
    (Zap, "secobserve-owasp_zap.json"),
    (Zap, "sshniro-report_json.json"),
];

/// A report and its results. Those in which nothing but the rule would be left
/// without the file are in the second project.
fn load(scanner: Scanner, name: &str) -> (Value, Project, Project) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/reports");
    let path = folder.join(scanner.name()).join(name);
    let mut report: Value = serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap();
    if scanner == Gitleaks {
        // As a scan of the folder has it: in history nothing is ever renamed.
        for entry in report.as_array_mut().unwrap() {
            entry["Commit"] = "".into();
        }
    }
    let occurrences = scanner.results(&report).into_iter();
    let occurrences = occurrences.map(|(around, entry)| scanner.occurrence(around, entry));
    let (telling, blind): (Vec<_>, _) = occurrences.partition(|one| {
        let alone = scanner.report(&report, std::slice::from_ref(one));
        parse(scanner, &alone)[0].content.is_some()
    });
    let project = |occurrences: Vec<Occurrence>| Project {
        scanner,
        names: occurrences
            .iter()
            .map(|one| (one.path.clone(), one.path.clone()))
            .collect(),
        occurrences,
    };
    (report, project(telling), project(blind))
}

fn together(one: &Project, two: &Project) -> Project {
    let mut both = one.clone();
    both.occurrences.extend(two.occurrences.clone());
    both.names.extend(two.names.clone());
    both
}

/// Up to four changes that rename files or make new ones, but not both: which of
/// two new files is the old one, and which its copy, no report tells.
fn mix(project: &mut Project, renames: bool, random: &mut Random) -> Vec<Change> {
    let mut done = Vec::new();
    for _ in 0..8 {
        let change = CHANGES[random.below(CHANGES.len())];
        let other_kind = match renames {
            true => change.makes_files(),
            false => change.is_renaming(),
        };
        if !other_kind && done.len() < 4 && project.apply(change, random) {
            done.push(change);
        }
    }
    done
}

#[test]
fn every_added_occurrence_is_new_and_hardly_another() {
    let mut score = Score::default();
    let mut seen = BTreeMap::<Change, usize>::new();
    for (number, (scanner, name)) in REPORTS.into_iter().enumerate() {
        let (report, telling, blind) = load(scanner, name);
        let all = together(&telling, &blind);
        assert!(!all.occurrences.is_empty(), "{name}");
        for seed in 0..6 {
            let mut random = Random(number as u64 * 1000 + seed);
            for change in CHANGES {
                let before = if change.is_renaming() { &telling } else { &all };
                let mut now = before.clone();
                if seed < 2 && now.apply(change, &mut random) {
                    *seen.entry(change).or_default() += 1;
                    let name = format!("{name}, {change:?} {seed}");
                    score.add(&name, &report, before, &now);
                    if change == Delete {
                        // A baseline later, it is made again.
                        let mut later = now.clone();
                        later.names = now
                            .files()
                            .into_iter()
                            .map(|file| (file.clone(), file))
                            .collect();
                        let mut again = before.clone();
                        again.names = later.names.clone();
                        score.add(&format!("{name}, made again"), &report, &later, &again);
                    }
                }
            }
            for (before, renames) in [(&telling, true), (&all, false)] {
                let mut now = before.clone();
                let changes = mix(&mut now, renames, &mut random);
                if !changes.is_empty() {
                    score.add(
                        &format!("{name}, {changes:?} {seed}"),
                        &report,
                        before,
                        &now,
                    );
                }
            }
        }
    }
    let Score {
        cases,
        added,
        missed,
        known,
        false_new,
        wrong,
    } = &score;
    let told = format!(
        "{cases} cases: {missed} of {added} added missed, {false_new} of {known} known called new\n{}",
        wrong.join("\n")
    );
    println!("{told}\n{seen:?}");
    assert_eq!(*missed, 0, "{told}");
    assert!(false_new * 100 < *known, "{told}");
    assert!(*cases >= 200, "{told}");
    assert_eq!(
        seen.len(),
        CHANGES.len(),
        "each change has a case: {seen:?}"
    );
}

/// Semgrep without a login, or a check without code, says no more than its rule.
/// In a file that was renamed that may be another problem of the same kind, so
/// all of it is new.
#[test]
fn what_says_no_more_than_its_rule_is_new_in_a_renamed_file() {
    let mut renamed = 0;
    for (scanner, name) in REPORTS
        .into_iter()
        .filter(|(scanner, _)| scanner.has_files())
    {
        let (report, _, blind) = load(scanner, name);
        let mut now = blind.clone();
        for file in blind.files() {
            now.rename(&file, &format!("moved/{file}"));
        }
        let before = parse(scanner, &scanner.report(&report, &blind.occurrences));
        let after = parse(scanner, &scanner.report(&report, &now.occurrences));
        let comparison = compare(scanner, &before, &after);
        if scanner.tells_files_apart() {
            assert!(
                comparison.histories.iter().all(|history| history.new),
                "{name}"
            );
            renamed += after.len();
        }
    }
    assert!(renamed > 0);
    println!("{renamed} findings that cannot be told apart");
}

#[test]
fn a_baseline_is_a_summary_of_this_version() {
    assert_eq!(baseline::SUMMARY_SCHEMA, SCHEMA);
}
