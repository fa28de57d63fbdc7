//! Laws of reading back what was known: baselines, records, and what the world
//! knows of vulnerabilities.

use security_gate::baseline::Baseline;
use security_gate::enrichment::vex::{self, Subject};
use security_gate::enrichment::{Epss, Kev, Vex};
use security_gate::record::Record;
use security_gate::render::Backtest;

use super::outputs::{hold_json, hold_terminal, hold_visible};
use super::{NOW, load_policy, window};

/// What is written of a baseline is the same baseline.
pub(super) fn hold_baseline(data: &[u8]) {
    let Ok((baseline, _)) = Baseline::read(window(data), "baseline.json") else {
        return;
    };
    let write = |baseline: &Baseline| {
        let mut written = Vec::new();
        baseline.write(&mut written).expect("memory takes all");
        written
    };
    let written = write(&baseline);
    let again = Baseline::read(window(&written), "baseline.json");
    let (again, _) = again.unwrap_or_else(|error| {
        panic!("{error}\n{}", String::from_utf8_lossy(&written));
    });
    assert_eq!(again.entries(), baseline.entries());
    assert_eq!(again.time(), baseline.time());
    assert_eq!(again.all_looked_at(), baseline.all_looked_at());
    assert_eq!(write(&again), written);
    let merged = Baseline::merge(vec![baseline.clone(), baseline.clone()]);
    assert_eq!(merged.as_ref(), Some(&baseline), "merged with itself");
}

/// A record that is read can be decided about, again and again.
pub(super) fn hold_record(data: &[u8]) {
    let Ok(record) = Record::read(window(data), "summary.json") else {
        return;
    };
    let policy = load_policy(include_str!("policy.toml"), None);
    let policy = policy.expect("the policy has no mistakes");
    let verdict = record.decide(&policy).verdict();
    assert_eq!(verdict, record.decide(&policy).verdict());
    let records = [record];
    let backtest = Backtest::new("policy.toml", &policy, &records);
    hold_json(&serde_json::to_string(&backtest).expect("it is JSON"));
    hold_terminal(&backtest.text(100));
}

const IDS: [&str; 3] = ["CVE-2021-44228", "cve-2021-44906", "GHSA-xvch-5gv4-984h"];

/// A catalogue that is read knows something.
pub(super) fn hold_kev(data: &[u8]) {
    match Kev::read("kev.json", window(data)) {
        Ok(kev) => {
            assert!(!kev.is_empty());
            kev.lookup(IDS);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Scores are shares.
pub(super) fn hold_epss(data: &[u8]) {
    match Epss::read("epss.csv", window(data)) {
        Ok(epss) => {
            assert!(!epss.is_empty());
            if let Some(score) = epss.lookup(IDS) {
                assert!((0.0..=1.0).contains(&score.score));
                assert!((0.0..=1.0).contains(&score.percentile));
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// No statement takes a finding out of a decision whose product nobody names.
pub(super) fn hold_vex(data: &[u8]) {
    let document = match Vex::read("vex.json", window(data)) {
        Ok(document) => document,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for note in &document.notes {
        hold_visible(&security_gate::text::line(note));
    }
    let documents = [document];
    let names = documents[0].statements().iter();
    let names: Vec<_> = names
        .map(|statement| statement.vulnerability.as_str())
        .take(3)
        .collect();
    for ids in [IDS.to_vec(), names] {
        for package in [None, Some("pkg:npm/minimist@1.2.0")] {
            for artifact in [None, Some("pkg:oci/shop")] {
                let subject = Subject {
                    ids: ids.clone(),
                    package,
                    artifact,
                    latest: NOW,
                };
                let ruling = vex::lookup(&documents, &subject);
                let is_named = package.is_some() || artifact.is_some();
                assert!(
                    is_named || ruling.is_none_or(|ruling| !ruling.statement.status.suppresses()),
                    "a statement suppresses what nobody names"
                );
            }
        }
    }
}
