//! `wharf completion`

use std::process::ExitCode;

use clap_complete::Shell;

use crate::failure::Failure;
use crate::screen::report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to write the script for
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "wharf", &mut script);
    report::print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
