//! `schema`: the JSON Schema of what the program writes.

use clap::{Args, ValueEnum};
use schemars::generate::SchemaSettings;

use super::Exit;
use super::output::Console;
use crate::evidence::plan::Plan;
use crate::evidence::record::Record;
use crate::render::{Backtest, Diff, Explanation, Summary};
use crate::scan_record::ScanRecord;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The output
    name: Name,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// security-gate-summary.json
    Summary,
    /// What `explain --format json` prints
    Explanation,
    /// FILE.scan.json, which `run` writes beside a report
    Scan,
    /// security-evidence.json, which says what became of each report
    Evidence,
    /// What `evidence plan --format json` prints
    EvidencePlan,
    /// What `diff --format json` prints
    Diff,
    /// What `policy backtest --format json` prints
    Backtest,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let schema = match arguments.name {
        Name::Summary => generator.into_root_schema_for::<Summary<'_>>(),
        Name::Explanation => generator.into_root_schema_for::<Explanation<'_>>(),
        Name::Scan => generator.into_root_schema_for::<ScanRecord>(),
        Name::Evidence => generator.into_root_schema_for::<Record>(),
        Name::EvidencePlan => generator.into_root_schema_for::<Plan>(),
        Name::Diff => generator.into_root_schema_for::<Diff<'_>>(),
        Name::Backtest => generator.into_root_schema_for::<Backtest<'_>>(),
    };
    let mut text = serde_json::to_vec_pretty(&schema)?;
    text.push(b'\n');
    Console::data(&text)?;
    Ok(Exit::Done)
}
