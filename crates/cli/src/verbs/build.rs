//! `wharf build`

use std::process::ExitCode;

use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::plan::{self, BuildOverrides, Only};
use wharf_orchestrator::{apply, observe};

use crate::failure::Failure;
use crate::flags::size::parse_size;
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
    /// Memory limit for the build (512m, 2g)
    #[arg(short, long, value_name = "SIZE", value_parser = parse_size)]
    memory: Option<i64>,
    /// Set a build argument (KEY=VALUE, or KEY from the environment)
    #[arg(long = "build-arg", value_name = "KEY[=VALUE]")]
    build_args: Vec<String>,
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
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

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
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
    let display = session.display(args.quiet);
    let options = ApplyOptions { build_memory: args.memory, ..session.apply_options_without_grace()? };
    apply(&engine, &project, &plan, &options, &display).await?;
    Ok(ExitCode::SUCCESS)
}
