//! `wharf up`

pub(crate) mod foreground;
mod menu;
mod switch;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::plan::{self, UpOptions};
use wharf_orchestrator::{ConvergeOptions, up};

use crate::failure::Failure;
use crate::flags::provisioning::{Attended, Provisioning};
use crate::screen::addresses::unchanged;
use crate::screen::log_lines::LinePrinter;
use crate::session::{Session, known};
use crate::verbs::up::foreground::{Attached, Ending, Foreground, Watched};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to start, with their dependencies (default: all)
    services: Vec<String>,
    /// Run in the background
    #[arg(short, long)]
    detach: bool,
    /// Wait until services are running or healthy; implies --detach
    #[arg(long)]
    wait: bool,
    /// Maximum number of seconds to wait
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    #[command(flatten)]
    provisioning: Provisioning,
    #[command(flatten)]
    attended: Attended,
    /// Build without showing the builder's output
    #[arg(long)]
    quiet_build: bool,
    /// Also recreate dependencies of the named services
    #[arg(long, conflicts_with = "no_recreate")]
    always_recreate_deps: bool,
    /// Do not start dependencies
    #[arg(long)]
    no_deps: bool,
    /// Create containers without starting them
    #[arg(long)]
    no_start: bool,
    /// Create new anonymous volumes instead of reusing those of the previous containers
    #[arg(short = 'V', long, conflicts_with = "no_recreate")]
    renew_anon_volumes: bool,
    /// Seconds to wait for a container to stop before it is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Stop all containers when one of them stops
    #[arg(long, conflicts_with_all = ["detach", "wait"])]
    abort_on_container_exit: bool,
    /// Stop all containers when one of them fails
    #[arg(long, conflicts_with_all = ["detach", "wait", "abort_on_container_exit"])]
    abort_on_container_failure: bool,
    /// Exit with the code of this service's container; implies --abort-on-container-exit
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["detach", "wait"])]
    exit_code_from: Option<String>,
    /// Follow only the logs of this service; may be repeated
    #[arg(long, value_name = "SERVICE", conflicts_with_all = ["detach", "wait", "attach_dependencies"])]
    attach: Vec<String>,
    /// Do not follow the logs of this service; may be repeated
    #[arg(long, value_name = "SERVICE")]
    no_attach: Vec<String>,
    /// Also follow the logs of dependencies
    #[arg(long, conflicts_with_all = ["detach", "wait"])]
    attach_dependencies: bool,
    /// Print logs without colours
    #[arg(long)]
    no_color: bool,
    /// Print logs without the container's name before each line
    #[arg(long)]
    no_log_prefix: bool,
    /// Print logs with timestamps
    #[arg(long)]
    timestamps: bool,
    /// Keep containers up to date with the files that `develop.watch` names
    #[arg(short, long, conflicts_with_all = ["detach", "wait", "no_start", "no_build"])]
    #[arg(conflicts_with_all = ["abort_on_container_exit", "abort_on_container_failure", "exit_code_from"])]
    watch: bool,
    /// Show a line with keys on a terminal (default: yes, or COMPOSE_MENU)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    menu: Option<bool>,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load(&args.services)?;
    let mentioned = [&args.attach[..], &args.no_attach, args.exit_code_from.as_slice()].concat();
    known(&project, &mentioned)?;
    let (engine, interrupts, lock, observed) = session.connect_to_change("up", &project).await?;
    let colour = session.colours.out && !args.no_color;
    let printer = LinePrinter::new(colour, !args.no_log_prefix, args.timestamps).with_streams_apart();
    let consent = args.attended.consent(session);
    let display =
        session.display(args.quiet).with_consent(consent).without_output_of(args.attended.quiet_pull, args.quiet_build);
    let detached = args.detach || args.wait || args.no_start || session.is_dry_run();
    let watched = watched(&args, &project)?;
    let (display, printer) = match detached {
        true => (display, None),
        false => Attached::screen(display, printer, &watched, &project),
    };
    let options = ConvergeOptions {
        images: args.provisioning.image_options(&args.services, args.no_deps),
        containers: UpOptions {
            no_deps: args.no_deps,
            recreate_dependencies: args.always_recreate_deps,
            no_start: args.no_start,
            wait: args.wait,
            timeout: args.timeout,
            renew_anonymous_volumes: args.renew_anon_volumes,
            remove_orphans: args.provisioning.remove_orphans || session.is_set("COMPOSE_REMOVE_ORPHANS"),
            ..args.provisioning.up_options(session, &project, &args.services)?
        },
        apply: lock.options(ApplyOptions {
            wait_timeout: args.wait_timeout.map(Duration::from_secs),
            ..session.apply_options(&interrupts)
        }),
        seen: Some(observed),
    };
    match printer {
        None => {
            let converged = up(&engine, &project, &options, &display).await.map_err(|error| lock.failure(error))?;
            if !converged.changed && !args.no_start {
                let links = session.colours.err && std::io::stderr().is_terminal();
                let text = unchanged(&project, &converged.observed.containers, &args.services, links);
                display.tell(&session.called.name_in(&text));
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(screen) => {
            let foreground = Foreground { session, engine: &engine, project: &project, display: &display, options };
            Attached::run(foreground, lock, screen, watched, &interrupts).await
        }
    }
}

/// Which services are followed, and what ends all of it.
fn watched(args: &Args, project: &wharf_compose::Project) -> Result<Watched, Failure> {
    let attachable = |name: &String| {
        let wanted = project.services.get(name).is_none_or(|service| service.attach.unwrap_or(true));
        wanted && !args.no_attach.contains(name)
    };
    let named = match args.services.is_empty() {
        true => project.services.keys().cloned().collect(),
        false => args.services.clone(),
    };
    let mut shown: Vec<String> = match (&args.attach[..], args.attach_dependencies) {
        ([], true) => plan::with_dependencies(project, &args.services)?.into_iter().collect(),
        ([], false) => named.clone(),
        (attach, _) => attach.to_vec(),
    };
    shown.retain(|name| if args.attach.is_empty() { attachable(name) } else { !args.no_attach.contains(name) });
    Ok(Watched {
        shown,
        services: named,
        stopped: args.services.clone(),
        ending: match (&args.exit_code_from, args.abort_on_container_exit, args.abort_on_container_failure) {
            (Some(_), _, false) | (None, true, _) => Ending::FirstExit,
            (_, _, true) => Ending::FirstFailure,
            (None, false, false) => Ending::AllStopped,
        },
        exit_code_from: args.exit_code_from.clone(),
        timeout: args.timeout,
        watch: args.watch,
        menu: args.menu,
    })
}
