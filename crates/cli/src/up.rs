//! `wharf up`

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use wharf_compose::Project;
use wharf_docker::{Engine, events};
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::logs::{self, LogEvent, LogOptions};
use wharf_orchestrator::observe::{is_running, list_containers};
use wharf_orchestrator::plan::{ImageOptions, Recreate, UpOptions};
use wharf_orchestrator::{Error, Plan, observe, plan};

use crate::duration;
use crate::failure::Failure;
use crate::line::LinePrinter;
use crate::logs::print;
use crate::progress::Display;
use crate::report;
use crate::session::{Interrupts, Session};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to start, with all that they depend on (default: all)
    services: Vec<String>,
    /// Run in the background
    #[arg(short, long)]
    detach: bool,
    /// Wait until services run, or are healthy; implies --detach
    #[arg(long)]
    wait: bool,
    /// Seconds to wait at most
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
    /// Build images before starting, even when they are there
    #[arg(long, conflicts_with = "no_build")]
    build: bool,
    /// Build no image
    #[arg(long)]
    no_build: bool,
    /// Pull images before starting: always, missing, never
    #[arg(long, value_name = "POLICY", value_parser = ["always", "missing", "never"])]
    pull: Option<String>,
    /// Number of replicas instead of the file's; may be repeated
    #[arg(long, value_name = "SERVICE=NUM", value_parser = parse_scale)]
    scale: Vec<(String, u32)>,
    /// Recreate containers even if nothing changed
    #[arg(long, conflicts_with = "no_recreate")]
    force_recreate: bool,
    /// Recreate no container that exists
    #[arg(long)]
    no_recreate: bool,
    /// Do not start the services that the named ones depend on
    #[arg(long)]
    no_deps: bool,
    /// Create containers, do not start them
    #[arg(long)]
    no_start: bool,
    /// Remove containers of services that are not in the file
    #[arg(long)]
    remove_orphans: bool,
    /// New anonymous volumes instead of those of the containers before
    #[arg(short = 'V', long)]
    renew_anon_volumes: bool,
    /// Seconds until a container that does not stop is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Stop all containers when one of them stops
    #[arg(long, conflicts_with = "detach")]
    abort_on_container_exit: bool,
    /// Exit with the code of this service's container; implies --abort-on-container-exit
    #[arg(long, value_name = "SERVICE", conflicts_with = "detach")]
    exit_code_from: Option<String>,
    /// Logs without colours
    #[arg(long)]
    no_color: bool,
    /// Logs without the container's name before each line
    #[arg(long)]
    no_log_prefix: bool,
    /// Logs with each line's time
    #[arg(long)]
    timestamps: bool,
    /// Accepted for docker compose's sake; there is no menu
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    menu: Option<bool>,
    /// Follow the logs of the services that the named ones depend on, too
    #[arg(long)]
    attach_dependencies: bool,
    /// Show no progress
    #[arg(long, visible_alias = "quiet-pull")]
    quiet: bool,
}

fn parse_scale(text: &str) -> Result<(String, u32), String> {
    let (service, number) = text.split_once('=').ok_or("use SERVICE=NUMBER, as in web=3")?;
    let number = number.parse().map_err(|_| format!("{number:?} is no number of replicas"))?;
    Ok((service.to_owned(), number))
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load(&args.services)?;
    let engine = session.connect().await?;
    let up = Up { session, project: &project, engine: &engine, display: session.display(args.quiet), args: &args };
    let interrupts = Interrupts::take().map_err(anyhow::Error::from)?;
    if args.detach || args.wait || args.no_start || session.global.dry_run {
        up.converge(&interrupts).await?;
        return Ok(ExitCode::SUCCESS);
    }
    up.attached(&interrupts).await
}

struct Up<'a> {
    session: &'a Session,
    project: &'a Project,
    engine: &'a Engine,
    display: Display,
    args: &'a Args,
}

impl Up<'_> {
    /// Images, then containers: two plans, each from what is there then.
    async fn converge(&self, interrupts: &Interrupts) -> Result<(), Failure> {
        let observed = observe(self.engine, self.project).await?;
        // What cannot work is refused before anything is built or pulled.
        let options = self.up_options();
        plan::up(self.project, &observed, &options)?;
        let images = plan::images(self.project, &observed, &self.image_options())?;
        let observed = if images.is_empty() {
            observed
        } else {
            self.apply(&images, interrupts).await?;
            observe(self.engine, self.project).await?
        };
        let plan = plan::up(self.project, &observed, &options)?;
        self.apply(&plan, interrupts).await
    }

    async fn apply(&self, plan: &Plan, interrupts: &Interrupts) -> Result<(), Failure> {
        let options = ApplyOptions {
            stop: interrupts.first.clone(),
            wait_timeout: self.args.wait_timeout.map(Duration::from_secs),
        };
        let work = self.session.apply(plan, self.project, self.engine, &self.display, &options);
        tokio::select! {
            result = work => result,
            () = interrupts.second.cancelled() => Err(Error::Interrupted.into()),
        }
    }

    fn image_options(&self) -> ImageOptions {
        ImageOptions {
            services: self.args.services.clone(),
            no_deps: self.args.no_deps,
            build: self.args.build,
            no_build: self.args.no_build,
            only_build: false,
            pull: self.args.pull.clone(),
            now: duration::now().0,
        }
    }

    fn up_options(&self) -> UpOptions {
        UpOptions {
            services: self.args.services.clone(),
            no_deps: self.args.no_deps,
            recreate: match (self.args.force_recreate, self.args.no_recreate) {
                (true, _) => Recreate::Always,
                (_, true) => Recreate::Never,
                _ => Recreate::Changed,
            },
            no_start: self.args.no_start,
            only_existing: false,
            wait: self.args.wait,
            scale: self.args.scale.iter().cloned().collect::<BTreeMap<_, _>>(),
            remove_orphans: self.args.remove_orphans,
            timeout: self.args.timeout,
            renew_anonymous_volumes: self.args.renew_anon_volumes,
        }
    }

    /// Starts the project and follows its logs until all containers have stopped or somebody interrupts.
    async fn attached(&self, interrupts: &Interrupts) -> Result<ExitCode, Failure> {
        let since = events::now(self.engine).await?;
        let services = match self.args.attach_dependencies {
            true => Vec::new(),
            false => self.args.services.clone(),
        };
        let options = LogOptions { services, since: Some(since), ..LogOptions::default() };
        let events = logs::follow(self.engine, &self.project.name, options).await?;
        match self.converge(interrupts).await {
            Ok(()) => {}
            Err(Failure::Orchestrator(Error::Interrupted)) => {
                self.stop(interrupts).await?;
                return Ok(ExitCode::from(130));
            }
            Err(other) => return Err(other),
        }
        let end = self.follow(events, interrupts).await?;
        match end {
            End::Interrupted => {
                report::line("Gracefully stopping... (press Ctrl+C again to force)");
                self.stop(interrupts).await?;
                Ok(ExitCode::from(130))
            }
            End::AllStopped => Ok(ExitCode::SUCCESS),
            End::Exited(code) => {
                self.stop(interrupts).await?;
                Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
            }
            End::NobodyReads => Ok(ExitCode::SUCCESS),
        }
    }

    async fn follow(&self, events: impl Stream<Item = LogEvent>, interrupts: &Interrupts) -> Result<End, Failure> {
        let colour = self.session.colour_out && !self.args.no_color;
        let mut printer = LinePrinter::new(colour, !self.args.no_log_prefix, self.args.timestamps);
        for container in list_containers(self.engine, Some(&self.project.name), true).await? {
            printer.expect(&container.service, container.number);
        }
        let mut events = std::pin::pin!(events.ready_chunks(256));
        loop {
            let batch = tokio::select! {
                batch = events.next() => batch.unwrap_or_default(),
                () = interrupts.first.cancelled() => return Ok(End::Interrupted),
            };
            let mut exited = None;
            for event in batch {
                if let LogEvent::Exited(origin, code) = &event {
                    exited = Some((origin.service.clone(), *code));
                }
                if print(event, &mut printer).is_err() {
                    return Ok(End::NobodyReads);
                }
                if let Some(end) = exited.as_ref().and_then(|(service, code)| self.end_after(service, *code)) {
                    printer.flush().map_err(anyhow::Error::from)?;
                    return Ok(end);
                }
            }
            if printer.flush().is_err() {
                return Ok(End::NobodyReads);
            }
            if exited.is_some() && !self.anything_runs().await? {
                return Ok(End::AllStopped);
            }
        }
    }

    /// Whether the exit of a service's container ends all.
    fn end_after(&self, service: &str, code: i64) -> Option<End> {
        if self.args.attach_dependencies && !self.args.services.iter().any(|named| named == service) {
            return None;
        }
        match &self.args.exit_code_from {
            Some(wanted) if wanted == service => Some(End::Exited(code)),
            Some(_) => None,
            None if self.args.abort_on_container_exit => Some(End::Exited(code)),
            None => None,
        }
    }

    /// The engine's list is a moment behind its events, so what it calls running is looked at itself.
    async fn anything_runs(&self) -> Result<bool, Failure> {
        let containers = list_containers(self.engine, Some(&self.project.name), true).await?;
        let watched =
            |service: &String| self.args.services.is_empty() || self.args.services.iter().any(|name| name == service);
        for container in containers.iter().filter(|container| container.is_up() && watched(&container.service)) {
            if is_running(self.engine, &container.id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks all containers to stop; the second interrupt kills them.
    async fn stop(&self, interrupts: &Interrupts) -> Result<(), Failure> {
        let observed = observe(self.engine, self.project).await?;
        let gentle = plan::stop(self.project, &observed, &self.args.services, self.args.timeout);
        let options = ApplyOptions::default();
        let stopping = self.session.apply(&gentle, self.project, self.engine, &self.display, &options);
        tokio::select! {
            result = stopping => return result,
            () = interrupts.second.cancelled() => {}
        }
        self.display.end();
        let observed = observe(self.engine, self.project).await?;
        let kill = plan::kill(&observed, &self.args.services, "SIGKILL");
        self.session.apply(&kill, self.project, self.engine, &self.display, &options).await
    }
}

/// Why following ended.
enum End {
    Interrupted,
    AllStopped,
    Exited(i64),
    NobodyReads,
}
