//! `wharf rm`

use std::process::ExitCode;

use wharf_orchestrator::plan::{self, ContainerAct, ContainerStep, RemoveOptions, Step};

use crate::failure::Failure;
use crate::screen::plain;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    force: bool,
    /// Stop running containers first
    #[arg(short, long)]
    stop: bool,
    /// Remove their anonymous volumes as well
    #[arg(short, long)]
    volumes: bool,
    /// No effect; accepted for compatibility with docker compose
    #[arg(short, long, hide = true)]
    all: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, observed, engine) = session.observe_existing(&args.services).await?;
    let options = RemoveOptions { services: args.services, stop: args.stop, volumes: args.volumes };
    let plan = plan::remove(&project, &observed, &options);
    let removed = plan.steps().filter_map(|step| match step {
        Step::Container(ContainerStep { name, act: ContainerAct::Remove { .. } }) => Some(name.as_str()),
        _ => None,
    });
    let names: Vec<&str> = removed.collect();
    if names.is_empty() {
        report::line("No stopped containers");
        return Ok(ExitCode::SUCCESS);
    }
    let question = format!("Going to remove {}", plain::one_line(&names.join(", ")));
    match args.force || session.is_dry_run() {
        true => report::print(&format!("{question}\n"))?,
        false if report::confirmed(&question, "--force")? => {}
        false => return Ok(ExitCode::SUCCESS),
    }
    session.carry_out(&plan, &project, &engine).await
}
