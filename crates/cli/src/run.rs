//! `wharf run`

use std::process::ExitCode;

use bollard::query_parameters::{AttachContainerOptionsBuilder, ResizeContainerTTYOptionsBuilder};
use wharf_docker::Engine;
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::one_off::{self, Overrides};
use wharf_orchestrator::plan::{self, ImageOptions, UpOptions};
use wharf_orchestrator::{Error, observe};

use crate::duration;
use crate::failure::Failure;
use crate::report;
use crate::session::{Interrupts, Session, known};
use crate::terminal::{self, Attached, Size};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Command and its arguments (default: the service's own)
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
    /// Build the image first
    #[arg(long)]
    build: bool,
    /// Run in the background and print the container's name
    #[arg(short, long)]
    detach: bool,
    /// Replace the entrypoint
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,
    /// Set an environment variable (KEY=VALUE, or KEY from the environment); may be repeated
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// Add a label (KEY=VALUE); may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// Name of the container
    #[arg(long)]
    name: Option<String>,
    /// Without a terminal (it has one when standard input and output are terminals)
    #[arg(short = 'T', long = "no-tty", visible_alias = "no-TTY")]
    no_tty: bool,
    /// Do not start the services that it depends on
    #[arg(long)]
    no_deps: bool,
    /// Publish the service's own ports
    #[arg(long)]
    service_ports: bool,
    /// Remove the container when it has ended
    #[arg(long)]
    rm: bool,
    /// User to run as
    #[arg(short, long)]
    user: Option<String>,
    /// Working directory
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let services = std::slice::from_ref(&args.service);
    let project = session.load(services)?;
    known(&project, true, services)?;
    let engine = session.connect().await?;
    let interrupts = Interrupts::take().map_err(anyhow::Error::from)?;
    let apply = ApplyOptions { stop: interrupts.first.clone(), ..ApplyOptions::default() };
    let display = session.display(false);

    let observed = observe(&engine, &project).await?;
    let images = ImageOptions {
        services: services.to_vec(),
        no_deps: args.no_deps,
        build: args.build,
        now: duration::now().0,
        ..ImageOptions::default()
    };
    let images = plan::images(&project, &observed, &images)?;
    session.apply(&images, &project, &engine, &display, &apply).await?;
    if session.global.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let observed = observe(&engine, &project).await?;
    let up = UpOptions { services: services.to_vec(), no_deps: args.no_deps, ..UpOptions::default() };
    let around = plan::around(&project, &observed, &args.service, &up)?;
    session.apply(&around, &project, &engine, &display, &apply).await?;

    let tty = !args.no_tty && !args.detach && terminal::is_interactive();
    let overrides = Overrides {
        command: (!args.command.is_empty()).then(|| args.command.clone()),
        entrypoint: args.entrypoint.clone(),
        environment: args.env.iter().map(|entry| variable(entry)).collect(),
        labels: args.label.iter().map(|entry| pair(entry)).collect(),
        service_ports: args.service_ports,
        user: args.user.clone(),
        working_dir: args.workdir.clone(),
        tty,
        stdin_open: !args.detach,
    };
    let name = args.name.clone().unwrap_or_else(|| one_off::name(&project, &args.service));
    one_off::create(&engine, &project, &args.service, &name, &overrides).await?;
    if args.detach {
        one_off::start(&engine, &name).await?;
        report::print(&format!("{name}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let result = tokio::select! {
        code = attached(&engine, &name, tty) => code,
        () = interrupts.first.cancelled() => {
            one_off::stop(&engine, &name).await;
            Err(Error::Interrupted.into())
        }
    };
    if args.rm || result.is_err() {
        one_off::remove(&engine, &name).await;
    }
    result
}

async fn attached(engine: &Engine, name: &str, tty: bool) -> Result<ExitCode, Failure> {
    let options = AttachContainerOptionsBuilder::default().stream(true).stdin(true).stdout(true).stderr(true).build();
    let joined = engine.docker().attach_container(name, Some(options)).await.map_err(wharf_docker::Error::from)?;
    one_off::start(engine, name).await?;
    let joined = Attached { output: joined.output, input: joined.input };
    terminal::converse(joined, tty, true, |size| resize(engine, name, size)).await?;
    let code = one_off::exit_code(engine, name).await?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

async fn resize(engine: &Engine, name: &str, size: Size) {
    let options =
        ResizeContainerTTYOptionsBuilder::default().h(i32::from(size.height)).w(i32::from(size.width)).build();
    if let Err(error) = engine.docker().resize_container_tty(name, options).await {
        tracing::debug!(%error, "terminal size not passed on");
    }
}

/// `KEY=VALUE`, or `KEY` with its value from the environment.
fn variable(entry: &str) -> (String, Option<String>) {
    match entry.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (entry.to_owned(), std::env::var(entry).ok()),
    }
}

fn pair(entry: &str) -> (String, String) {
    let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
    (key.to_owned(), value.to_owned())
}
