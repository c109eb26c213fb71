//! `wharf plan`

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::event::Act;
use wharf_orchestrator::plan::{UpOptions, changes};
use wharf_orchestrator::{ConvergeOptions, Event, Listener, Plan, up};

use crate::failure::Failure;
use crate::flags::provisioning::Provisioning;
use crate::screen::changes::{json, text};
use crate::screen::report;
use crate::session::Session;

/// The exit code of `--exit-code` if there are changes.
const CHANGES: u8 = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to plan for, with their dependencies (default: all)
    services: Vec<String>,
    /// Exit with 10 if there are changes
    #[arg(long)]
    exit_code: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    provisioning: Provisioning,
    /// Leave out dependencies
    #[arg(long)]
    no_deps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Keeps the plans that `up` would carry out.
#[derive(Default)]
struct Plans(Mutex<Vec<Plan>>);

impl Listener for Plans {
    fn plan_begins(&self, plan: &Plan) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(plan.clone());
        Ok(())
    }

    fn event(&self, _: Event) {}
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load(&args.services)?;
    let (engine, observed) = session.connect_to_look(&project).await?;
    let options = ConvergeOptions {
        images: args.provisioning.image_options(&args.services, args.no_deps),
        containers: UpOptions {
            no_deps: args.no_deps,
            remove_orphans: args.provisioning.remove_orphans || session.is_set("COMPOSE_REMOVE_ORPHANS"),
            ..args.provisioning.up_options(session, &project, &args.services)?
        },
        apply: ApplyOptions { dry_run: true, ..session.apply_options_without_grace()? },
        seen: Some(observed),
    };
    let plans = Plans::default();
    up(&engine, &project, &options, &plans).await?;
    let plans = plans.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    for warning in plans.iter().flat_map(Plan::warnings) {
        report::plan_warning(warning, session.colours.err);
    }
    let view = session.view();
    match args.format {
        Format::Text => report::print(&told(&plans, |plan| text(plan, view)))?,
        Format::Json => report::print(&format!("{:#}\n", json(&project.name, &plans, view)))?,
    }
    let is_empty = plans.iter().all(|plan| changes(plan).is_empty());
    Ok(if args.exit_code && !is_empty { ExitCode::from(CHANGES) } else { ExitCode::SUCCESS })
}

/// All plans that change something; what an image's change would mean is not known before it is there.
fn told(plans: &[Plan], text: impl Fn(&Plan) -> String) -> String {
    let mut shown: String = plans.iter().filter(|plan| !changes(plan).is_empty()).map(&text).collect();
    if shown.is_empty() {
        shown = text(&Plan::default());
    }
    let renews = |plan: &Plan| {
        let is_new = |change: &wharf_orchestrator::plan::Change| {
            matches!(change.act, Act::Pull | Act::Build) && change.cause != wharf_orchestrator::plan::Cause::Missing
        };
        changes(plan).iter().any(is_new)
    };
    if plans.iter().any(renews) {
        shown.push_str("containers of a pulled or built image are replaced, too, if the image has changed\n");
    }
    shown
}
