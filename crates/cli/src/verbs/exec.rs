//! `wharf exec`

use std::process::ExitCode;

use wharf_docker::StartError;
use wharf_docker::attach::TerminalSize;
use wharf_docker::exec::{Exec, ExecOptions};

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::flags::tty::TtyChoice;
use crate::screen::{report, terminal};
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    /// Run in the background
    #[arg(short, long)]
    detach: bool,
    /// Set an environment variable (KEY=VALUE, or KEY from the environment); may be repeated
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// Number of the replica (default: the first that is running)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Keep standard input open
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set, hide = true)]
    interactive: bool,
    #[command(flatten)]
    tty: TtyChoice,
    /// Give the process extended privileges
    #[arg(long)]
    privileged: bool,
    /// User to run as
    #[arg(short, long)]
    user: Option<String>,
    /// Working directory
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let tty = args.tty.wants_terminal(args.detach, args.interactive)?;
    let wanted = Wanted { service: &args.service, index: args.index, stopped: false };
    let Target { engine, container, .. } = Target::find(session, &wanted).await?;
    if session.only_shows(|| format!("run {} in {}\n", args.command.join(" "), container.name))? {
        return Ok(ExitCode::SUCCESS);
    }
    let input = args.interactive && !args.detach;
    let environment: Vec<String> = args.env.iter().filter_map(|entry| variable(entry)).collect();
    let options = ExecOptions {
        command: args.command,
        environment,
        user: args.user,
        working_dir: args.workdir,
        privileged: args.privileged,
        tty,
        input,
        detach: args.detach,
    };
    let (exec, attached) = Exec::start(&engine, &container.id, options).await?;
    let Some(attached) = attached else { return Ok(ExitCode::SUCCESS) };
    let (attached, refusal) = Exec::refusal_apart(attached);
    let options = terminal::Options { tty, input, closes_input: true };
    terminal::converse(attached, options, |size| resize(&exec, size)).await?;
    let code = exec.exit_code().await?.unwrap_or(0);
    if let Some(error) = refusal.get() {
        let help = match error {
            StartError::NoSuchCommand { .. } => {
                format!("`{} exec {} sh` may do", session.called.program(), args.service)
            }
            other => other.help().to_owned(),
        };
        report::error(&format!("cannot run the command in {}: {error}", container.name), &help, session.colours.err);
    }
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// `KEY=VALUE`, or `KEY` with its value from the environment, if it has one.
fn variable(entry: &str) -> Option<String> {
    match entry.contains('=') {
        true => Some(entry.to_owned()),
        false => Some(format!("{entry}={}", std::env::var(entry).ok()?)),
    }
}

async fn resize(exec: &Exec<'_>, size: TerminalSize) {
    if let Err(error) = exec.resize(size).await {
        // The process may have ended already, or has not begun.
        tracing::debug!(%error, "terminal size not passed on");
    }
}
