//! `wharf push`

use std::process::ExitCode;

use wharf_orchestrator::apply;
use wharf_orchestrator::plan::{self, PushOptions};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services whose images to push (default: all that are built and name an image)
    services: Vec<String>,
    /// Also push images of dependencies
    #[arg(long)]
    include_deps: bool,
    /// Report images that cannot be pushed, and continue
    #[arg(long)]
    ignore_push_failures: bool,
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load_with(&args.services)?;
    let options = PushOptions {
        services: args.services,
        no_deps: !args.include_deps,
        ignore_failures: args.ignore_push_failures,
    };
    let plan = plan::push(&project, &options)?;
    if plan.is_empty() {
        report::line("nothing to push: only images of services that have both `build` and `image` are pushed");
        return Ok(ExitCode::SUCCESS);
    }
    let engine = session.connect().await?;
    let apply_options = session.apply_options_without_grace()?;
    apply(&engine, &project, &plan, &apply_options, &session.display(args.quiet)).await?;
    Ok(ExitCode::SUCCESS)
}
