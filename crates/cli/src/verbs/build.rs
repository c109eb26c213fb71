//! `wharf build`

use std::process::ExitCode;

use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::plan::{self, BuildOverrides, Only, Plan};
use wharf_orchestrator::{apply, check_builds, observe};

use crate::failure::Failure;
use crate::flags::size::parse_size;
use crate::screen::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to build (default: all that have a `build`)
    services: Vec<String>,
    /// Also build dependencies
    #[arg(long)]
    with_dependencies: bool,
    /// Do not use the build cache
    #[arg(long)]
    no_cache: bool,
    /// Always try to pull a newer version of the base images
    #[arg(long)]
    pull: bool,
    /// Push the images that were built, if their services name them
    #[arg(long)]
    push: bool,
    /// Check the Dockerfiles, and build nothing
    #[arg(long, conflicts_with = "push")]
    check: bool,
    /// Pass an SSH agent to the build (default, or ID=SOCKET); may be repeated
    #[arg(long, value_name = "ID[=SOCKET]")]
    ssh: Vec<String>,
    /// Attach a provenance attestation (true, false, or its settings), instead of what the file says
    #[arg(long, value_name = "SETTINGS", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    provenance: Option<String>,
    /// Attach a bill of materials (true, false, or its settings), instead of what the file says
    #[arg(long, value_name = "SETTINGS", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sbom: Option<String>,
    /// Memory limit for a step of the build (512m, 2g); only the classic builder has one
    #[arg(short, long, value_name = "SIZE", value_parser = parse_size)]
    memory: Option<i64>,
    /// Set a build argument (KEY=VALUE, or KEY from the environment)
    #[arg(long = "build-arg", value_name = "KEY[=VALUE]")]
    build_args: Vec<String>,
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
    /// The engine's own builder: `default` is the only one
    #[arg(long, value_name = "NAME", hide = true)]
    builder: Option<String>,
    /// No effect; accepted for compatibility with docker compose
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    parallel: Option<bool>,
    /// No effect; accepted for compatibility with docker compose
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    compress: Option<bool>,
    /// No effect; accepted for compatibility with docker compose
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    force_rm: Option<bool>,
    /// No effect; accepted for compatibility with docker compose
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    no_rm: Option<bool>,
}

/// `id`, or `id=socket`.
fn agent(text: &str) -> (String, Option<String>) {
    match text.split_once('=') {
        Some((id, socket)) => (id.to_owned(), Some(socket.to_owned())),
        None => (text.to_owned(), None),
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    if let Some(name) = args.builder.as_deref().filter(|name| !matches!(*name, "" | "default")) {
        let text = "wharf builds with the builder of the engine that --host, --context or DOCKER_HOST name; builders of buildx are \
                    for `docker buildx build`";
        return Err(anyhow::anyhow!("--builder {name}: {text}").into());
    }
    let project = session.load(&args.services)?;
    known(&project, &args.services)?;
    let argument = |argument: &String| match argument.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (argument.clone(), std::env::var(argument).ok()),
    };
    let build_overrides = BuildOverrides {
        no_cache: args.no_cache,
        pull: args.pull,
        args: args.build_args.iter().map(argument).collect(),
        ssh: args.ssh.iter().map(|text| agent(text)).collect(),
        provenance: args.provenance,
        sbom: args.sbom,
    };
    let engine = session.connect().await?;
    let observed = observe(&engine, &project).await?;
    let options = plan::ImageOptions {
        services: args.services,
        no_deps: !args.with_dependencies,
        build: true,
        push: args.push,
        only: Some(Only::Built),
        build_overrides,
        ..Default::default()
    };
    let plan = plan::images(&project, &observed, &options)?;
    if args.check {
        return check(session, &engine, &project, &plan).await;
    }
    let display = session.display(args.quiet);
    let mut options = session.apply_options_without_grace()?;
    options.builds.memory = args.memory;
    apply(&engine, &project, &plan, &options, &display).await?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what is suspicious in the Dockerfiles. There is something: the code is 1, as docker has it.
async fn check(session: &Session, engine: &Engine, project: &Project, plan: &Plan) -> Result<ExitCode, Failure> {
    let options = session.apply_options_without_grace()?;
    let checks = check_builds(engine, project, plan, &options.builds);
    let warnings = options.unless_aborted(checks).await?;
    warnings.iter().for_each(|warning| report::plan_warning(warning, session.colours.err));
    let found = match warnings.len() {
        0 => "no warnings".to_owned(),
        1 => "1 warning".to_owned(),
        count => format!("{count} warnings"),
    };
    report::print(&format!("Check complete, {found} found.\n"))?;
    Ok(if warnings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
