//! `evidence`: files the reports, says where it would, and checks what was kept.

use clap::Subcommand;

use super::output::Console;
use super::{Exit, Global};

mod matters;
mod plan;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what would be filed where, and what is wrong; asks no server
    Plan(plan::Arguments),
}

pub(super) fn run(command: &Command, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    match command {
        Command::Plan(arguments) => plan::run(arguments, global, console),
    }
}
