//! `evidence`: files the reports, says where it would, and checks what was kept.

use clap::Subcommand;

use super::output::Console;
use super::{Exit, Global};

mod doctor;
mod lock;
mod matters;
mod outcome;
mod plan;
mod progress;
mod server;
mod upload;
mod verify;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what would be filed where, and what is wrong; asks no server
    Plan(plan::Arguments),
    /// File the reports, each once, and keep a record of it
    Upload(upload::Arguments),
    /// Say what of a bundle or of a record's reports is missing, changed or too much;
    /// asks no server
    Verify(verify::Arguments),
    /// Say whether reports can be filed at the server, and what to ask its administrator
    /// for; files nothing
    Doctor(doctor::Arguments),
}

pub(super) fn run(command: &Command, global: &Global, console: &Console) -> anyhow::Result<Exit> {
    match command {
        Command::Plan(arguments) => plan::run(arguments, global, console),
        Command::Upload(arguments) => upload::run(arguments, global, console),
        Command::Verify(arguments) => verify::run(arguments, console),
        Command::Doctor(arguments) => doctor::run(arguments, global, console),
    }
}
