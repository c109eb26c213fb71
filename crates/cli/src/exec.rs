//! `wharf exec`

use std::process::ExitCode;

use bollard::exec::{ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use wharf_docker::Engine;
use wharf_orchestrator::observe::list_containers;

use crate::failure::Failure;
use crate::session::{Session, known};
use crate::terminal::{self, Attached, Size};

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
    /// Without a terminal (it has one when standard input and output are terminals)
    #[arg(short = 'T', long = "no-tty", visible_alias = "no-TTY")]
    no_tty: bool,
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
    let (project, has_file) = session.load_or_name()?;
    known(&project, has_file, std::slice::from_ref(&args.service))?;
    let engine = session.connect().await?;
    let containers = list_containers(&engine, Some(&project.name), false).await?;
    let of_service = || containers.iter().filter(|container| container.service == args.service);
    // Without a number a container of `run` will do where there is no replica.
    let replica = of_service()
        .find(|container| !container.one_off && args.index.is_none_or(|index| container.number == index))
        .or_else(|| of_service().find(|_| args.index.is_none()))
        .ok_or_else(|| anyhow::anyhow!("service {} is not running; `wharf up -d {0}` starts it", args.service))?;
    let tty = !args.no_tty && !args.detach && terminal::is_interactive();
    let environment: Vec<String> = args.env.iter().filter_map(|entry| variable(entry)).collect();
    let config = ExecConfig {
        attach_stdin: Some(!args.detach),
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
    let created = engine.docker().create_exec(&replica.id, config).await.map_err(wharf_docker::Error::from)?;
    let options = StartExecOptions { detach: args.detach, tty, output_capacity: None };
    let started = engine.docker().start_exec(&created.id, Some(options)).await.map_err(wharf_docker::Error::from)?;
    let StartExecResults::Attached { output, input } = started else { return Ok(ExitCode::SUCCESS) };
    terminal::converse(Attached { output, input }, tty, true, |size| resize(&engine, &created.id, size)).await?;
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
