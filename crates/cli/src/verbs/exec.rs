//! `wharf exec`

use std::process::ExitCode;

use bollard::exec::{ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use wharf_docker::Engine;

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::flags::tty::TtyChoice;
use crate::screen::report;
use crate::screen::terminal::{self, Attached, Size};
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
    /// Number of the replica (default: the first that runs)
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
    if session.global.dry_run {
        report::print(&format!("run {} in {}\n", args.command.join(" "), container.name));
        return Ok(ExitCode::SUCCESS);
    }
    let input = args.interactive && !args.detach;
    let environment: Vec<String> = args.env.iter().filter_map(|entry| variable(entry)).collect();
    let config = ExecConfig {
        attach_stdin: Some(input),
        attach_stdout: Some(!args.detach),
        attach_stderr: Some(!args.detach),
        tty: Some(tty),
        env: (!environment.is_empty()).then_some(environment),
        cmd: Some(args.command),
        privileged: Some(args.privileged),
        user: args.user,
        working_dir: args.workdir,
        ..ExecConfig::default()
    };
    let created = engine.docker().create_exec(&container.id, config).await.map_err(wharf_docker::Error::from)?;
    let options = StartExecOptions { detach: args.detach, tty, output_capacity: None };
    let started = engine.docker().start_exec(&created.id, Some(options)).await.map_err(wharf_docker::Error::from)?;
    let StartExecResults::Attached { output, input: keyboard } = started else { return Ok(ExitCode::SUCCESS) };
    let joined = Attached { output, input: keyboard, closes: true };
    terminal::converse(joined, tty, input, |size| resize(&engine, &created.id, size)).await?;
    let ended = engine.docker().inspect_exec(&created.id).await.map_err(wharf_docker::Error::from)?;
    Ok(ExitCode::from(u8::try_from(ended.exit_code.unwrap_or(0)).unwrap_or(1)))
}

/// `KEY=VALUE`, or `KEY` with its value from the environment, if it has one.
fn variable(entry: &str) -> Option<String> {
    match entry.contains('=') {
        true => Some(entry.to_owned()),
        false => Some(format!("{entry}={}", std::env::var(entry).ok()?)),
    }
}

async fn resize(engine: &Engine, id: &str, size: Size) {
    let options = ResizeExecOptions { height: size.height, width: size.width };
    if let Err(error) = engine.docker().resize_exec(id, options).await {
        // The process may have ended already, or has not begun.
        tracing::debug!(%error, "terminal size not passed on");
    }
}
