//! `explain`: why a finding, an issue, a rule or an exception is as it is in the
//! decision, and an exception for a finding, ready to be pasted.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use clap::Args;

use super::decision::{self, Matter};
use super::output::{Console, width};
use super::{Exit, Format, Global};
use crate::parser;
use crate::policy::decide::Decision;
use crate::policy::draft::{self, Draft, NoDraft, Particulars};
use crate::policy::explain::{self, LEAST_DIGITS, Meaning, Unclear};
use crate::policy::load::{EXCEPTIONS_FILE, Vocabulary};
use crate::render::Explanation;
use crate::render::explanation::terminal;
use crate::text::line;

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// A fingerprint or an unambiguous beginning of one, or the name of a rule or
    /// an exception; `finding:`, `issue:`, `rule:` or `exception:` in front says
    /// which
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    decision: decision::Matters,
    /// Print nothing but an exception for the finding, or for all findings of the
    /// issue, to be added to security-exceptions.toml
    #[arg(long, conflicts_with = "format")]
    as_exception: bool,
    /// Why the risk is accepted; without a reason the exception does not load
    #[arg(long, value_name = "TEXT", requires = "as_exception")]
    reason: Option<String>,
    /// Who accepted the risk
    #[arg(long, value_name = "NAME", requires = "as_exception")]
    approved_by: Option<String>,
    /// Where the risk is tracked
    #[arg(long, value_name = "ID", requires = "as_exception")]
    ticket: Option<String>,
    /// For how many days [default: 90, or what the policy allows]
    #[arg(long, value_name = "N", requires = "as_exception",
          value_parser = clap::value_parser!(u32).range(1..=65535))]
    days: Option<u32>,
    /// How to print the explanation
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

const AFTER_HELP: &str = "\
Decides as `check` does, and writes nothing. Exit codes: 0 explained, whatever the verdict;
1 no exception can be made for this; 2 a mistake: also an ID that means nothing, or several
things.";

pub(super) fn run(
    arguments: &Arguments,
    global: &Global,
    console: &Console,
) -> anyhow::Result<Exit> {
    if arguments.decision.policy.len() > 1 {
        bail!("explain one policy at a time: give `--policy` once");
    }
    let policy = arguments.decision.policy(global, console)?;
    let setting = arguments.decision.setting();
    let matter = arguments.decision.matter(policy, &setting, console)?;
    let decision = matter.decide(&setting);
    let meaning = explain::find(&decision, &arguments.id)
        .map_err(|unclear| in_words(&decision, &arguments.id, &unclear))?;
    if arguments.as_exception {
        return print_exception(arguments, &decision, &matter, meaning, console);
    }
    let explanation = Explanation::new(&decision, meaning)
        .ok_or_else(|| anyhow!("there is nothing to say of `{}`", arguments.id))?;
    match arguments.format {
        Format::Json => Console::json(&explanation)?,
        Format::Text => console.result(terminal::render(&explanation, width()).as_bytes())?,
    }
    Ok(Exit::Done)
}

fn in_words(decision: &Decision<'_>, id: &str, unclear: &Unclear) -> anyhow::Error {
    const SHOWN: usize = 5;
    match unclear {
        Unclear::Nothing { nearest, is_short } => {
            let nearest: Vec<_> = nearest.iter().map(|name| format!("`{name}`")).collect();
            let hint = match (nearest.as_slice(), is_short) {
                ([], true) => format!(": give at least {LEAST_DIGITS} digits of a fingerprint"),
                ([], false) => String::new(),
                (nearest, _) => format!(": did you mean {}?", nearest.join(" or ")),
            };
            let reports = decision.reports.iter();
            let unread = match reports.filter(|report| report.scan.is_err()).count() {
                0 => String::new(),
                1 => "; 1 report cannot be read".to_owned(),
                count => format!("; {count} reports cannot be read"),
            };
            anyhow!("`{id}` is no finding, issue, rule or exception here{hint}{unread}")
        }
        Unclear::Several(meanings) => {
            let name = |meaning: &Meaning| Some(format!("`{}`", meaning.name(decision)?));
            let names: Vec<_> = meanings.iter().take(SHOWN).filter_map(name).collect();
            let more = match meanings.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" or one of {more} more"),
            };
            anyhow!("`{id}` may be {}{more}: say which", names.join(", "))
        }
    }
}

fn print_exception(
    arguments: &Arguments,
    decision: &Decision<'_>,
    matter: &Matter,
    meaning: Meaning,
    console: &Console,
) -> anyhow::Result<Exit> {
    let findings: Vec<usize> = match meaning {
        Meaning::Finding(index) => vec![index],
        Meaning::Issue(index) => {
            let mut issues = decision.issues.all().iter();
            let issue = issues.nth(index);
            issue
                .map(|issue| issue.findings.clone())
                .unwrap_or_default()
        }
        Meaning::Rule(_) | Meaning::Exception(_) => {
            bail!(
                "an exception is for a finding or an issue, which `{}` is not",
                arguments.id
            )
        }
    };
    let findings = findings
        .iter()
        .filter_map(|&index| decision.findings.get(index));
    let fingerprints = findings.map(|judged| judged.subject.finding.fingerprint);
    let wanted: BTreeSet<_> = fingerprints.collect();
    let scanners = parser::scanners();
    let vocabulary = Vocabulary {
        scanners: &scanners,
    };
    let particulars = Particulars {
        reason: arguments.reason.as_deref(),
        approved_by: arguments.approved_by.as_deref(),
        ticket: arguments.ticket.as_deref(),
        days: arguments.days,
    };
    let draft = draft::draft(decision, &matter.reports, &wanted, particulars, vocabulary);
    match draft {
        Ok(draft) => {
            say(&draft, decision, meaning, console);
            Console::data(draft.text.as_bytes())?;
            Ok(Exit::Done)
        }
        Err(NoDraft::Mistakes(problems)) => {
            for problem in &problems {
                console.problem(problem);
            }
            Err(NoDraft::Mistakes(problems).into())
        }
        Err(error @ (NoDraft::TooLong { .. } | NoDraft::NoDay(_))) => Err(error.into()),
        Err(error) => {
            console.error(&error.into());
            Ok(Exit::Negative)
        }
    }
}

/// What is to be known of an exception before it is pasted.
fn say(draft: &Draft, decision: &Decision<'_>, meaning: Meaning, console: &Console) {
    if let Meaning::Finding(index) = meaning
        && let Some(issue) = decision.issues.of_finding(index)
    {
        console.note(&format!(
            "other findings are the same problem and stay open: for all of them say `issue:{}`",
            issue.id
        ));
    }
    if !draft.missing.is_empty() {
        console.note(&format!(
            "it does not load before somebody fills in {}",
            draft.missing.join(" and ")
        ));
    }
    console.note(&format!(
        "it accepts what was asked for and nothing else; add it to {}",
        line(EXCEPTIONS_FILE)
    ));
}
