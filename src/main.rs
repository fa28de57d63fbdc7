//! The command `security-gate`.

use std::process::ExitCode;

fn main() -> ExitCode {
    security_gate::cli::main()
}
