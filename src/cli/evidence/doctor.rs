//! `evidence doctor`: whether the server is one that reports can be filed at.

use std::collections::BTreeSet;

use clap::Args;

use super::matters::Place;
use super::server::Server;
use crate::cli::decision::this_second;
use crate::cli::output::{Console, width};
use crate::cli::{Exit, Global, Surroundings, load_policy, scan_context};
use crate::evidence::doctor::{Check, Standing, examine};
use crate::policy::Policy;
use crate::policy::evidence::Field;
use crate::scan_record::Context;
use crate::text::wrapped;

const AFTER_HELP: &str = "\
Files nothing. The token is in DEFECTDOJO_TOKEN or DEFECTDOJO_APIKEY. Exit codes: 0 nothing
that was seen stands in the way; 2 a mistake in the configuration or in usage; 3 uploads will
fail, and why.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    let policy = load_policy(None, global, console)?;
    let url = arguments.place.server()?.or(policy.evidence.url.clone());
    let connected = arguments.server.connect(url.as_deref(), None, console)?;
    let context = scan_context(&Surroundings::read(0));
    let products = products(&policy, &context, arguments.place.product());
    let checks = examine(&connected.client, &products, this_second);
    let mut out = format!("{}\n", connected.base);
    for check in &checks {
        show(&mut out, check);
    }
    console.result(out.as_bytes())?;
    let works = checks.iter().all(|check| check.standing != Standing::Fails);
    Ok(if works { Exit::Done } else { Exit::Incomplete })
}

fn show(out: &mut String, check: &Check) {
    let mark = match check.standing {
        Standing::Works => "✓",
        Standing::Beware => "!",
        Standing::Fails => "✗",
    };
    for (at, part) in wrapped(&check.text, width().saturating_sub(2))
        .iter()
        .enumerate()
    {
        out.push_str(if at == 0 { mark } else { " " });
        out.push(' ');
        out.push_str(part);
        out.push('\n');
    }
}

/// The products that lanes name, with their types, as far as the surroundings fill
/// their names.
fn products(
    policy: &Policy,
    context: &Context,
    told: Option<String>,
) -> Vec<(String, Option<String>)> {
    let known = [
        ("provider", &context.provider),
        ("project", &context.project),
        ("branch", &context.branch),
        ("environment", &context.environment),
    ];
    let known = known.into_iter();
    let variables = known
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect();
    let lanes = policy.lanes.keys().map(|lane| policy.filing(lane));
    let filings = lanes.chain([policy.evidence.clone()]);
    let filled = filings.filter_map(|filing| {
        let text = |field| filing.texts.get(&field)?.fill(&variables).ok();
        Some((text(Field::Product)?, text(Field::ProductType)))
    });
    let mut products: BTreeSet<_> = filled.collect();
    if let Some(told) = told {
        let kind = policy.evidence.texts.get(&Field::ProductType);
        let kind = kind.and_then(|kind| kind.fill(&variables).ok());
        products.insert((told, kind));
    }
    products.into_iter().collect()
}
