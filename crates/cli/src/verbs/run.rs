//! `wharf run`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use wharf_docker::{Engine, ErrorKind};
use wharf_orchestrator::observe::is_running;
use wharf_orchestrator::plan::{self, ImageOptions, UpOptions};
use wharf_orchestrator::run_once::{self, Overrides, RunOptions};
use wharf_orchestrator::{ConvergeOptions, apply, containers, prepare_run};
use wharf_serve::Interrupts;

use crate::failure::Failure;
use crate::flags::key_value::{parse_label, variable};
use crate::flags::short_forms;
use crate::flags::tty::TtyChoice;
use crate::screen::{report, terminal};
use crate::session::{Session, known};
use crate::verbs::attach;

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
    /// Add a capability; may be repeated
    #[arg(long, value_name = "CAPABILITY")]
    cap_add: Vec<String>,
    /// Drop a capability; may be repeated
    #[arg(long, value_name = "CAPABILITY")]
    cap_drop: Vec<String>,
    /// Run in the background and print the container's name
    #[arg(short, long)]
    detach: bool,
    /// Override the entrypoint
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<String>,
    /// Set an environment variable (KEY=VALUE, or KEY from the environment or `.env`); may be repeated
    #[arg(short, long, value_name = "KEY[=VALUE]")]
    env: Vec<String>,
    /// Set environment variables from a file; may be repeated
    #[arg(long, value_name = "FILE")]
    env_from_file: Vec<PathBuf>,
    /// Keep standard input open
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set)]
    interactive: bool,
    /// Add a label (KEY=VALUE); may be repeated
    #[arg(short, long, visible_alias = "labels", value_name = "KEY=VALUE", value_parser = parse_label)]
    label: Vec<(String, String)>,
    /// Name of the container
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    tty: TtyChoice,
    /// Do not start dependencies
    #[arg(long)]
    no_deps: bool,
    /// Publish a port ([[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]); may be repeated
    #[arg(short, long, value_name = "PORT", conflicts_with = "service_ports")]
    publish: Vec<String>,
    /// When to pull images: always, missing, never, build, or policy (as in the file)
    #[arg(long, value_name = "POLICY", default_value = "policy", hide_default_value = true)]
    #[arg(hide_possible_values = true)]
    #[arg(value_parser = ["always", "missing", "if_not_present", "never", "build", "policy"])]
    pull: String,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    /// Build without showing the builder's output
    #[arg(long)]
    quiet_build: bool,
    /// Pull without showing layers
    #[arg(long)]
    quiet_pull: bool,
    /// Remove containers of services that are not in the file, and of earlier runs
    #[arg(long)]
    remove_orphans: bool,
    /// Publish the service's own ports
    #[arg(short = 'P', long)]
    service_ports: bool,
    /// Remove the container when it exits
    #[arg(long)]
    rm: bool,
    /// Use the service's network aliases
    #[arg(long)]
    use_aliases: bool,
    /// User to run as
    #[arg(short, long)]
    user: Option<String>,
    /// Mount a volume or path ([SOURCE:]TARGET[:OPTIONS]); may be repeated
    #[arg(short, long, visible_alias = "volumes", value_name = "MOUNT")]
    volume: Vec<String>,
    /// Working directory
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let services = std::slice::from_ref(&args.service);
    let mut project = session.load(services)?;
    known(&project, services)?;
    let tty = args.tty.wants_terminal(args.detach, args.interactive)?;
    let overrides = overrides(&args, tty, session)?;
    if let Some(service) = project.services.get_mut(&args.service) {
        overrides.apply(service);
    }
    let (engine, interrupts, lock, observed) = session.connect_to_change("run", &project).await?;
    let display = session.display(args.quiet).without_output_of(args.quiet_pull, args.quiet_build);
    let mut options = options(&args, session, &interrupts);
    options.apply = lock.options(options.apply);
    options.seen = Some(observed);
    let converged = prepare_run(&engine, &project, &args.service, &options, &display).await;
    let project = converged.map_err(|error| lock.failure(error))?.project;
    if session.only_shows(|| format!("run a command in a new container of service {}\n", args.service))? {
        return Ok(ExitCode::SUCCESS);
    }
    let name = args.name.clone().unwrap_or_else(|| run_once::name(&project, &args.service));
    let kind = RunOptions { use_aliases: args.use_aliases, auto_remove: args.rm && args.detach };
    let id = options.apply.unless_aborted(run_once::create(&engine, &project, &args.service, &name, kind)).await?;
    let hooks = plan::after_start(&project, &args.service, &name)?;
    let start = async {
        let started = async {
            containers::start(&engine, &name).await?;
            drop(lock);
            match apply(&engine, &project, &hooks, &options.apply, &display).await {
                // The command has ended: its output and its exit code are what counts.
                Err(wharf_orchestrator::Error::Failed(_)) if !is_running(&engine, &id).await? => Ok(()),
                result => result,
            }
        };
        Ok(options.apply.unless_aborted(started).await?)
    };
    if args.detach {
        start.await?;
        report::print(&format!("{id}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = terminal::Options { tty, input: args.interactive, closes_input: true };
    let conversation = attach::join(&engine, &name, options, None, start);
    let result = match attach::beside_signals(&engine, &name, session.signals()?, conversation).await {
        Ok(()) => containers::exit_code(&engine, &name).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if args.rm || result.is_err() {
        removed(&engine, &name).await;
    }
    Ok(ExitCode::from(u8::try_from(result?).unwrap_or(1)))
}

/// Removes the container, also by an engine that comes back only now.
async fn removed(engine: &Engine, name: &str) {
    const PATIENCE: Duration = Duration::from_secs(10);
    let removal = async {
        while let Err(error) = containers::remove(engine, name).await
            && matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut)
        {
            // It answers, or the time is over.
            Engine::connect_when_there(engine.endpoint(), |_| {}).await;
        }
    };
    if tokio::time::timeout(PATIENCE, removal).await.is_err() {
        report::line(&format!(
            "the container {name} is left, because the engine is away: `docker rm -f {name}` removes it"
        ));
    }
}

/// What the container needs: images, networks, volumes, services.
fn options(args: &Args, session: &Session, interrupts: &Interrupts) -> ConvergeOptions {
    let services = vec![args.service.clone()];
    ConvergeOptions {
        images: ImageOptions {
            services: services.clone(),
            no_deps: args.no_deps,
            build: args.build,
            // `policy` is not one: the file decides.
            pull: args.pull.parse().ok(),
            ..ImageOptions::default()
        },
        containers: UpOptions {
            services,
            no_deps: args.no_deps,
            remove_orphans: args.remove_orphans,
            ignore_orphans: session.is_set("COMPOSE_IGNORE_ORPHANS"),
            ..UpOptions::default()
        },
        apply: session.apply_options(interrupts),
        seen: None,
    }
}

fn overrides(args: &Args, tty: bool, session: &Session) -> anyhow::Result<Overrides> {
    let mut environment: Vec<(String, Option<String>)> = Vec::new();
    for file in &args.env_from_file {
        environment.extend(short_forms::environment_file(file)?);
    }
    let said = args.env.iter().filter_map(|entry| variable(entry, |name| session.settings.variable(name)));
    environment.extend(said.map(|(key, value)| (key, Some(value))));
    Ok(Overrides {
        command: (!args.command.is_empty()).then(|| args.command.clone()),
        entrypoint: args.entrypoint.as_deref().map(short_forms::words).transpose()?,
        environment,
        labels: args.label.iter().cloned().collect(),
        service_ports: args.service_ports,
        ports: short_forms::ports(&args.publish)?,
        volumes: short_forms::mounts(&args.volume)?,
        cap_add: args.cap_add.clone(),
        cap_drop: args.cap_drop.clone(),
        user: args.user.clone(),
        working_dir: args.workdir.clone(),
        tty,
        stdin_open: args.interactive,
    })
}
