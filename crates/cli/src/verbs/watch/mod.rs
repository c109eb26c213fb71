//! `wharf watch`

pub(crate) mod watching;

use std::process::ExitCode;
use std::sync::Arc;

use wharf_orchestrator::plan::{ImageOptions, UpOptions};
use wharf_orchestrator::watch::{Rules, with_fresh_images};
use wharf_orchestrator::{ConvergeOptions, up};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;
use watching::{Ended, Watching};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to watch, with their dependencies (default: all)
    services: Vec<String>,
    /// Do not build and start the services first
    #[arg(long)]
    no_up: bool,
    /// Remove images that a rebuild has left without a name (default: true)
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    #[arg(hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    prune: bool,
    /// Build without showing the builder's output
    #[arg(long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load(&args.services)?;
    let (rules, warnings) = Rules::read(&project, &args.services)?;
    warnings.iter().for_each(|warning| report::plan_warning(warning, session.colours.err));
    let (engine, interrupts, lock, observed) = session.connect_to_change("watch", &project).await?;
    let display = session.display(false).without_output_of(args.quiet, args.quiet);
    // Before the images are built, so that what is saved meanwhile is not missed.
    let watching = Watching { session, engine: &engine, project: &project, display: &display, prune: args.prune };
    let opened = watching.open(Arc::new(rules)).await?;
    if !args.no_up {
        let options = ConvergeOptions {
            images: ImageOptions { services: args.services.clone(), ..ImageOptions::default() },
            containers: UpOptions {
                services: args.services.clone(),
                ignore_orphans: session.is_set("COMPOSE_IGNORE_ORPHANS"),
                ..UpOptions::default()
            },
            apply: lock.options(session.apply_options(&interrupts)),
            seen: Some(observed),
        };
        up(&engine, &with_fresh_images(&project), &options, &display).await.map_err(|error| lock.failure(error))?;
    }
    drop(lock);
    if session.is_dry_run() {
        return Ok(ExitCode::SUCCESS);
    }
    match watching.follow(opened, &interrupts).await? {
        Ended::Interrupted => Ok(ExitCode::from(130)),
        Ended::Gone => Ok(ExitCode::SUCCESS),
    }
}
