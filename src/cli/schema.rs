//! `schema`: the JSON Schema of what the program writes.
//!
//! The schemas are files, made of the types by a test. Making them at run time
//! would cost half a megabyte of code in every copy of the program.

use clap::{Args, ValueEnum};

use super::Exit;
use super::output::Console;

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

impl Name {
    fn schema(self) -> &'static str {
        match self {
            Self::Summary => include_str!("../../schemas/summary.json"),
            Self::Explanation => include_str!("../../schemas/explanation.json"),
            Self::Scan => include_str!("../../schemas/scan.json"),
            Self::Evidence => include_str!("../../schemas/evidence.json"),
            Self::EvidencePlan => include_str!("../../schemas/evidence-plan.json"),
            Self::Diff => include_str!("../../schemas/diff.json"),
            Self::Backtest => include_str!("../../schemas/backtest.json"),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    Console::data(arguments.name.schema().as_bytes())?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::evidence::plan::Plan;
    use crate::evidence::record::Record;
    use crate::render::{Backtest, Diff, Explanation, Summary};
    use crate::scan_record::ScanRecord;

    /// The schema that follows from the type.
    fn made(name: Name) -> String {
        let generator = SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator();
        let schema = match name {
            Name::Summary => generator.into_root_schema_for::<Summary<'_>>(),
            Name::Explanation => generator.into_root_schema_for::<Explanation<'_>>(),
            Name::Scan => generator.into_root_schema_for::<ScanRecord>(),
            Name::Evidence => generator.into_root_schema_for::<Record>(),
            Name::EvidencePlan => generator.into_root_schema_for::<Plan>(),
            Name::Diff => generator.into_root_schema_for::<Diff<'_>>(),
            Name::Backtest => generator.into_root_schema_for::<Backtest<'_>>(),
        };
        serde_json::to_string_pretty(&schema).unwrap() + "\n"
    }

    #[test]
    fn the_schemas_are_those_of_the_types() {
        for name in Name::value_variants() {
            assert!(
                name.schema() == made(*name),
                "the schema of {name:?} is an old one: cargo test --lib schema -- --ignored"
            );
        }
    }

    #[test]
    #[ignore = "writes the schemas anew"]
    fn the_schemas_are_made_of_the_types() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for name in Name::value_variants() {
            let value = name.to_possible_value().unwrap();
            let path = folder.join(value.get_name()).with_extension("json");
            fs_err::write(path, made(*name)).unwrap();
        }
    }
}
