//! Reading a lane.

use std::str::FromStr as _;

use jiff::SignedDuration;
use packageurl::PackageUrl;

use super::{Reader, check_pattern};
use crate::policy::document::{At, Table};
use crate::policy::evidence::Filing;
use crate::policy::problem::Problems;
use crate::policy::selector::Patterns;
use crate::policy::{AgeBy, Degraded, Demands, ProofBy, ReportPattern};

/// What one text says of a lane; what it leaves out is as in those it extends.
#[derive(Default)]
pub(in crate::policy) struct LanePart {
    pub(in crate::policy) reports: Option<Vec<ReportPattern>>,
    pub(in crate::policy) expect: Option<Vec<String>>,
    pub(in crate::policy) degraded: Option<Degraded>,
    pub(in crate::policy) product: Option<String>,
    pub(in crate::policy) demands: DemandsPart,
    pub(in crate::policy) evidence: Filing,
}

/// What one text asks of the scans of a lane.
#[derive(Default)]
pub(in crate::policy) struct DemandsPart {
    proof: Option<ProofBy>,
    max_age: Option<SignedDuration>,
    age: Option<AgeBy>,
    commit: Option<bool>,
    target: Option<Vec<At<String>>>,
}

impl DemandsPart {
    /// Takes the place of what was asked before, where it says something.
    pub(in crate::policy) fn lay_over(self, known: &mut Demands) {
        known.proof = self.proof.unwrap_or(known.proof);
        known.max_age = self.max_age.or(known.max_age);
        known.age = self.age.unwrap_or(known.age);
        known.commit = self.commit.unwrap_or(known.commit);
        if let Some(target) = self.target {
            known.target = target.into_iter().map(|target| target.value).collect();
        }
    }
}

fn demands(table: &mut Table<'_>, problems: &mut Problems) -> DemandsPart {
    let proofs = [("report", ProofBy::Report), ("record", ProofBy::Record)];
    let ages = [("report", AgeBy::Report), ("mtime", AgeBy::Mtime)];
    let demands = DemandsPart {
        proof: table
            .word("proof", &proofs, problems)
            .map(|word| word.value),
        max_age: table.duration("max_age", problems).map(|age| age.value),
        age: table.word("age", &ages, problems).map(|word| word.value),
        commit: table.truth("commit", problems).map(|truth| truth.value),
        target: table.texts("target", problems),
    };
    for target in demands.target.iter().flatten() {
        if target.value.trim().is_empty() {
            problems.add(
                target.span.clone(),
                "`target` is empty",
                "an image by name or digest, or the address of a site",
            );
        } else if let Err((_, error)) = Patterns::of_sentences([target.value.as_str()]) {
            let title = format!("`{}` is no pattern", target.value);
            problems.add(target.span.clone(), title, error);
        }
    }
    demands
}

impl Reader<'_> {
    pub(super) fn lane(&mut self, mut table: Table<'_>) -> LanePart {
        let problems = &mut self.problems;
        let reports = table.texts("reports", problems);
        let expect = table.texts("expect", problems);
        let reason = table.text("degraded_reason", problems);
        let product = table.text("product", problems);
        if let Some(product) = &product
            && let Err(error) = PackageUrl::from_str(&product.value)
        {
            let title = format!("`{}` is no package URL", product.value);
            let label = format!("{error}; it is such as `pkg:npm/shop@1.0`");
            problems.add(product.span.clone(), title, label);
        }
        let words = [
            ("warn", Degraded::Warn),
            ("incomplete", Degraded::Incomplete),
        ];
        let known = [("warn", 0), ("incomplete", 1), ("ignore", 2)];
        let word = table.word("degraded", &known, problems);
        let is_ignored = word.as_ref().is_some_and(|word| word.value == 2);
        let has_reason = reason
            .as_ref()
            .is_some_and(|reason| !reason.value.trim().is_empty());
        let degraded = match (&word, &reason) {
            (Some(word), _) if is_ignored && !has_reason => {
                let label = "say why in `degraded_reason`";
                problems.add(
                    word.span.clone(),
                    "to ignore degraded scans needs a reason",
                    label,
                );
                None
            }
            (_, Some(reason)) if !is_ignored => {
                let title = "`degraded_reason` is for `degraded = \"ignore\"`";
                problems.add(
                    reason.span.clone(),
                    title,
                    "leave it out, or ignore degraded scans",
                );
                None
            }
            (Some(_), Some(reason)) => Some(Degraded::Ignore(reason.value.clone())),
            (Some(word), None) => words.get(word.value).map(|(_, degraded)| degraded.clone()),
            (None, _) => None,
        };
        let demands = demands(&mut table, problems);
        let evidence = self.filing(&mut table, true);
        table.finish(&mut self.problems);
        let reports = reports.map(|reports| {
            let pattern = |report: At<String>| {
                let pattern = ReportPattern::parse(&report.value);
                check_pattern(&pattern.pattern, &report, &mut self.problems);
                let scanner = pattern.scanner.iter().map(|scanner| At {
                    value: scanner.clone(),
                    span: report.span.clone(),
                });
                self.scanner_names(scanner.collect());
                pattern
            };
            reports.into_iter().map(pattern).collect()
        });
        let expect = expect.map(|expect| self.scanner_names(expect));
        self.check_target(&demands, expect.as_deref());
        LanePart {
            reports,
            expect,
            degraded,
            product: product.map(|product| product.value),
            demands,
            evidence,
        }
    }

    /// Makes a problem of a target that no report of the lane can name.
    fn check_target(&mut self, demands: &DemandsPart, expect: Option<&[String]>) {
        let telling: Vec<_> = self.vocabulary.telling_target();
        let Some([target, ..]) = demands.target.as_deref() else {
            return;
        };
        let is_telling = |name: &String| telling.contains(&name.as_str());
        if expect.is_some_and(|expect| !expect.iter().any(is_telling)) {
            self.problems.add(
                target.span.clone(),
                "no scanner that the lane expects says in its reports what was scanned",
                format!("leave `target` out; it is for {}", telling.join(", ")),
            );
        }
    }
}
