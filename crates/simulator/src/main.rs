//! `scrip-simulator`: random histories by seed, with faults, against the oracle.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
