//! `wharf completion`: a script for a shell, which asks `__complete` (see `invocation::complete`)

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

pub(crate) fn run(args: &Args, session: &Session) -> Result<ExitCode, Failure> {
    report::print(&script(args.shell, session.called))?;
    Ok(ExitCode::SUCCESS)
}

/// The completion script of a shell. `docker` completes its plugins itself, so for the plugin it is docker-compose's.
///
/// In the usual shells the script asks the program at each press of TAB; in the others it knows verbs and flags alone.
pub(crate) fn script(shell: Shell, called: Called) -> String {
    let called = if called.is_compose() { Called::DockerCompose } else { called };
    let name = called.program();
    let asking = match shell {
        Shell::Bash => Some(include_str!("bash.sh")),
        Shell::Zsh => Some(include_str!("zsh.sh")),
        Shell::Fish => Some(include_str!("fish.sh")),
        _ => None,
    };
    if let Some(script) = asking {
        return script.replace("PROGRAM", name).replace("FUNCTION", &name.replace('-', "_"));
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::command(called), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
