//! `wharf completion`

use std::process::ExitCode;

use clap_complete::Shell;

use crate::failure::Failure;
use crate::invocation::Called;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to write the script for
    shell: Shell,
}

pub(crate) fn run(args: &Args, session: &Session, command: &clap::Command) -> Result<ExitCode, Failure> {
    report::print(&script(args.shell, session.called, &mut command.clone()))?;
    Ok(ExitCode::SUCCESS)
}

/// The completion script of a shell. `docker` completes its plugins itself, so for the plugin it is docker-compose's.
pub(crate) fn script(shell: Shell, called: Called, command: &mut clap::Command) -> String {
    let name = if called.is_compose() { Called::DockerCompose } else { called }.program();
    let mut script = Vec::new();
    clap_complete::generate(shell, command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
