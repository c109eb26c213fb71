//! `wharf build`

use std::process::ExitCode;

use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::{observe, plan};

use crate::failure::Failure;
use crate::flags::size::parse_size;
use crate::session::{Interrupts, Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to build (default: all that have a `build`)
    services: Vec<String>,
    /// Build the services that they depend on, too
    #[arg(long)]
    with_dependencies: bool,
    /// Do not use the builder's cache
    #[arg(long)]
    no_cache: bool,
    /// Pull newer versions of the base images
    #[arg(long)]
    pull: bool,
    /// Memory that the build may use (512m, 2g)
    #[arg(short, long, value_name = "SIZE", value_parser = parse_size)]
    memory: Option<i64>,
    /// Set a build argument (KEY=VALUE, or KEY from the environment)
    #[arg(long = "build-arg", value_name = "KEY[=VALUE]")]
    build_args: Vec<String>,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let mut project = session.load(&args.services)?;
    known(&project, true, &args.services)?;
    for build in project.services.values_mut().filter_map(|service| service.build.as_mut()) {
        build.no_cache |= args.no_cache;
        build.pull |= args.pull;
        for argument in &args.build_args {
            let (key, value) = match argument.split_once('=') {
                Some((key, value)) => (key, Some(value.to_owned())),
                None => (argument.as_str(), std::env::var(argument).ok()),
            };
            build.args.insert(key.to_owned(), value);
        }
    }
    let engine = session.connect().await?;
    let observed = observe(&engine, &project).await?;
    let options = plan::ImageOptions {
        services: args.services,
        no_deps: !args.with_dependencies,
        build: true,
        only_build: true,
        ..Default::default()
    };
    let plan = plan::images(&project, &observed, &options)?;
    let display = session.display(args.quiet);
    let interrupts = Interrupts::take().map_err(anyhow::Error::from)?;
    let options = ApplyOptions { build_memory: args.memory, ..session.apply_options(&interrupts.first) };
    let build = session.apply(&plan, &project, &engine, &display, &options);
    tokio::select! {
        result = build => result?,
        () = interrupts.first.cancelled() => return Err(wharf_orchestrator::Error::Interrupted.into()),
    }
    Ok(ExitCode::SUCCESS)
}
