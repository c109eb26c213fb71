//! `up` in the foreground: the logs on the screen while containers start, run and stop.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use wharf_compose::Project;
use wharf_docker::{Engine, events};
use wharf_orchestrator::logs::{self, LogEvent, LogOptions, Origin, short_name};
use wharf_orchestrator::observe::{Container, is_running, list_containers};
use wharf_orchestrator::{ConvergeOptions, Error, StopOptions, observe, stop, up};
use wharf_serve::Interrupts;

use crate::failure::Failure;
use crate::screen::log_lines::LinePrinter;
use crate::screen::progress::Display;
use crate::screen::report;
use crate::session::{ProjectLock, Session};
use crate::verbs::up::menu::{Menu, Wish};
use crate::verbs::up::switch::Switch;
use crate::verbs::watch::watching::Watching;

/// The longest wait for the last lines of containers that were stopped.
const LAST_LINES: Duration = Duration::from_secs(2);
/// Events that are printed at a time.
const BATCH: usize = 256;

/// Which services count.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    /// Those whose logs are shown.
    pub(crate) shown: Vec<String>,
    /// Those whose containers' exits count.
    pub(crate) services: Vec<String>,
    /// Those that are stopped at the end; none: all.
    pub(crate) stopped: Vec<String>,
    pub(crate) ending: Ending,
    /// The service whose exit code is the command's.
    pub(crate) exit_code_from: Option<String>,
    /// Seconds a container gets to stop.
    pub(crate) timeout: Option<u64>,
    /// Whether files are watched from the start.
    pub(crate) watch: bool,
    /// Whether the menu is wanted; `None`: nothing was said.
    pub(crate) menu: Option<bool>,
}

/// What ends all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    AllStopped,
    FirstExit,
    FirstFailure,
}

/// Why following ended.
enum End {
    Interrupted,
    AllStopped,
    Exited(i64),
    ReaderGone,
    /// The person leaves, and the containers stay.
    Detached,
}

/// Where lines of logs and of hooks are printed.
pub(crate) type Screen = Arc<Mutex<LinePrinter>>;

type Events<'a> = Pin<Box<dyn Stream<Item = Vec<LogEvent>> + Send + 'a>>;

/// What is brought up.
#[derive(Clone)]
pub(crate) struct Foreground<'a> {
    pub(crate) session: &'a Session,
    pub(crate) engine: &'a Engine,
    pub(crate) project: &'a Project,
    pub(crate) display: &'a Display,
    pub(crate) options: ConvergeOptions,
}

pub(crate) struct Attached<'a> {
    foreground: Foreground<'a>,
    watched: Watched,
    screen: Screen,
    events: Events<'a>,
    /// Exits that were not looked at yet.
    exits: Vec<(Origin, i64)>,
    /// The last exit of each container.
    codes: BTreeMap<String, i64>,
    reader_gone: bool,
    /// Why lines could not be printed, other than that.
    unwritten: Option<anyhow::Error>,
}

impl<'a> Attached<'a> {
    /// A display that leaves the lines of hooks to the printer of logs.
    pub(crate) fn screen(
        display: Display,
        printer: LinePrinter,
        watched: &Watched,
        project: &Project,
    ) -> (Display, Option<Screen>) {
        let screen = Arc::new(Mutex::new(printer));
        let (hooks, shown, project) = (screen.clone(), watched.shown.clone(), project.name.clone());
        let display = display.with_hook_lines(Box::new(move |service, container, text| {
            if shown.iter().any(|shown| shown == service) {
                let mut printer = hooks.lock().unwrap_or_else(PoisonError::into_inner);
                // The reader may be gone; the next line of a log finds out.
                let _ = printer
                    .hook_line(service, short_name(container, &project, service), text)
                    .and_then(|()| printer.flush());
            }
        }));
        (display, Some(screen))
    }

    /// Starts the project and follows its logs until all has stopped, something ends it, or an interrupt.
    pub(crate) async fn run(
        foreground: Foreground<'a>,
        lock: ProjectLock,
        screen: Screen,
        watched: Watched,
        interrupts: &Interrupts,
    ) -> Result<ExitCode, Failure> {
        let since = events::now(foreground.engine).await?;
        let services: BTreeSet<&String> = watched.shown.iter().chain(&watched.services).collect();
        let services = services.into_iter().cloned().collect();
        let options = LogOptions { services, since: Some(since), ..LogOptions::default() };
        let events = logs::follow(foreground.engine, &foreground.project.name, options).await?;
        {
            let mut printer = screen.lock().unwrap_or_else(PoisonError::into_inner);
            for service in &watched.shown {
                let replicas = foreground.project.services.get(service).map_or(1, |service| service.replicas());
                let replicas = foreground.options.containers.scale.get(service).copied().unwrap_or(replicas);
                let last = foreground.project.replica_name(service, replicas.max(1));
                printer.expect(short_name(&last, &foreground.project.name, service));
            }
        }
        let events = Box::pin(events.ready_chunks(BATCH));
        let (exits, codes) = (Vec::new(), BTreeMap::new());
        let (reader_gone, unwritten) = (false, None);
        let mut attached = Attached { foreground, watched, screen, events, exits, codes, reader_gone, unwritten };
        attached.go(lock, interrupts).await
    }

    /// The lock is held while the project is changed, and not while its logs are followed.
    async fn go(&mut self, lock: ProjectLock, interrupts: &Interrupts) -> Result<ExitCode, Failure> {
        let Foreground { session, engine, project, display, options } = self.foreground.clone();
        let services = self.watched.stopped.clone();
        let watching = Watching { session, engine, project, display, prune: true };
        let mut switch = Switch::new(watching, &services, interrupts);
        // What is saved while the project starts is not missed.
        let opened = if self.watched.watch { Some(switch.open().await?) } else { None };
        // The plan is carried out while this one prints.
        match self.beside(up(engine, project, &options, display)).await {
            Ok(_) => drop(lock),
            Err(Error::Interrupted) => return self.interrupted(Some(lock), interrupts).await,
            Err(other) => return Err(lock.failure(other)),
        }
        opened.into_iter().for_each(|opened| switch.turn_on(opened));
        let end = self.follow(interrupts, &mut switch).await?;
        self.beside(switch.turn_off()).await?;
        let code = match end {
            End::Interrupted => return self.interrupted(None, interrupts).await,
            End::AllStopped => match &self.watched.exit_code_from {
                Some(service) => self.code_of(service).await?,
                None => 0,
            },
            End::Exited(code) => {
                report::line("Aborting on container exit...");
                self.stop(None, interrupts).await?;
                match &self.watched.exit_code_from {
                    Some(service) => self.code_of(service).await?,
                    None => code,
                }
            }
            End::Detached => {
                report::line("Detached; the containers keep running");
                0
            }
            End::ReaderGone => 0,
        };
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    }

    /// Prints while `work` goes on.
    async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(batch) = self.events.next() => self.show(batch),
            }
        }
    }

    fn show(&mut self, batch: Vec<LogEvent>) {
        let mut shown = Vec::with_capacity(batch.len());
        for event in batch {
            let (LogEvent::Line(origin, _) | LogEvent::Exited(origin, _) | LogEvent::Unreadable(origin, _)) = &event;
            if let LogEvent::Exited(origin, code) = &event {
                self.exits.push((origin.clone(), *code));
                self.codes.insert(origin.id.clone(), *code);
            }
            if self.watched.shown.contains(&origin.service) {
                shown.push(event);
            }
        }
        let screen = self.screen.clone();
        let mut written = Ok(());
        self.foreground.display.aside(|| {
            let mut printer = screen.lock().unwrap_or_else(PoisonError::into_inner);
            let printed = shown.into_iter().try_for_each(|event| printer.event(event));
            written = printed.and_then(|()| printer.flush());
        });
        match report::is_read(written) {
            Ok(is_read) => self.reader_gone |= !is_read,
            Err(error) => self.unwritten = Some(error),
        }
    }

    async fn follow(&mut self, interrupts: &Interrupts, switch: &mut Switch<'_>) -> Result<End, Failure> {
        let mut first = true;
        let Foreground { session, display, .. } = self.foreground;
        let mut menu = Menu::open(self.watched.menu, session, display);
        let mut shows = None;
        loop {
            if let Some(menu) = menu.as_mut().filter(|_| shows != Some(switch.is_on())) {
                menu.show(switch.is_on());
                shows = Some(switch.is_on());
            }
            let exits = std::mem::take(&mut self.exits);
            if let Some(error) = self.unwritten.take() {
                return Err(error.into());
            }
            if self.reader_gone {
                return Ok(End::ReaderGone);
            }
            // A watch stops containers to replace and restart them.
            let ending = exits.iter().find_map(|(origin, code)| self.ends_all(origin, *code));
            if let Some(code) = ending.filter(|_| !switch.is_on()) {
                return Ok(End::Exited(code));
            }
            // At first it may be over already. A watch may start again what has stopped.
            if (std::mem::take(&mut first) || !exits.is_empty())
                && !switch.is_on()
                && let Some(stopped) = self.all_stopped().await?
            {
                self.last_lines(&stopped.iter().map(|found| found.id.clone()).collect()).await;
                return Ok(self.end_of(&stopped));
            }
            tokio::select! {
                batch = self.events.next() => match batch {
                    Some(batch) => self.show(batch),
                    None => return Ok(End::AllStopped),
                },
                () = interrupts.first.cancelled() => return Ok(End::Interrupted),
                // Without it the logs go on, and end when nothing runs.
                ended = switch.ended() => {
                    ended?;
                    first = true;
                }
                wish = wish(&mut menu) => match wish {
                    Wish::Watch => switch.toggle().await,
                    Wish::Detach => return Ok(End::Detached),
                    Wish::Help => menu.iter().for_each(Menu::help),
                    Wish::Line => display.aside(|| report::line("")),
                },
            }
        }
    }

    /// Whether the exit of a container ends all.
    fn ends_all(&self, origin: &Origin, code: i64) -> Option<i64> {
        let ends = match self.watched.ending {
            Ending::AllStopped => false,
            Ending::FirstExit => true,
            Ending::FirstFailure => code != 0,
        };
        (ends && self.watched.services.contains(&origin.service)).then_some(code)
    }

    /// Why following ended, if all have stopped. Their exits may have come while it was found out, or not at all yet.
    fn end_of(&self, stopped: &[Container]) -> End {
        let told = self.exits.iter().find_map(|(origin, code)| self.ends_all(origin, *code));
        let mut listed = stopped.iter().filter_map(|found| self.ends_all(&Origin::from(found), found.exit_code?));
        told.or_else(|| listed.next()).map_or(End::AllStopped, End::Exited)
    }

    /// The watched containers, if none of them runs. The engine's list is a moment behind its events, so what it calls
    /// running is looked at itself.
    async fn all_stopped(&self) -> Result<Option<Vec<Container>>, Failure> {
        let engine = self.foreground.engine;
        let mut containers = list_containers(engine, Some(&self.foreground.project.name), true).await?;
        containers.retain(|found| !found.one_off && self.watched.services.contains(&found.service));
        for container in containers.iter().filter(|found| found.is_up()) {
            if is_running(engine, &container.id).await? {
                return Ok(None);
            }
        }
        Ok(Some(containers))
    }

    async fn code_of(&self, service: &str) -> Result<i64, Failure> {
        let foreground = &self.foreground;
        let containers = list_containers(foreground.engine, Some(&foreground.project.name), true).await?;
        let replica = containers.iter().find(|found| found.service == service && !found.one_off);
        let code = replica.and_then(|replica| self.codes.get(&replica.id).copied().or(replica.exit_code));
        Ok(code.unwrap_or(0))
    }

    /// Stops all on an interrupt, while containers start or later.
    async fn interrupted(&mut self, lock: Option<ProjectLock>, interrupts: &Interrupts) -> Result<ExitCode, Failure> {
        report::line("Gracefully stopping... (press Ctrl+C again to force)");
        self.stop(lock, interrupts).await?;
        Ok(ExitCode::from(130))
    }

    /// Asks all containers to stop; the second interrupt kills them.
    async fn stop(&mut self, lock: Option<ProjectLock>, interrupts: &Interrupts) -> Result<(), Failure> {
        let Foreground { session, engine, project, display, options } = self.foreground.clone();
        let lock = match lock {
            Some(lock) => lock,
            // The second interrupt does not wait for others.
            None => match self.beside(session.lock("stop", project, engine, &interrupts.second)).await {
                Err(Failure::Orchestrator(Error::Interrupted)) => ProjectLock::default(),
                locked => locked?,
            },
        };
        let services = self.watched.stopped.clone();
        let observed = observe(engine, project).await?;
        let running = observed.containers.iter().filter(|found| {
            found.is_up() && !found.one_off && (services.is_empty() || services.contains(&found.service))
        });
        let running: BTreeSet<String> = running.map(|found| found.id.clone()).collect();
        let timeout = self.watched.timeout;
        let options =
            StopOptions { services, timeout, force: interrupts.second.clone(), apply: lock.options(options.apply) };
        let stopped = self.beside(stop(engine, project, &options, display)).await;
        self.last_lines(&running).await;
        Ok(stopped?)
    }

    /// Prints what containers wrote before they stopped.
    async fn last_lines(&mut self, stopped: &BTreeSet<String>) {
        let deadline = tokio::time::Instant::now() + LAST_LINES;
        while !stopped.iter().all(|id| self.codes.contains_key(id)) {
            match tokio::time::timeout_at(deadline, self.events.next()).await {
                Ok(Some(batch)) => self.show(batch),
                Ok(None) | Err(_) => return,
            }
        }
    }
}

/// What a key of the menu asks for, if there is one.
async fn wish(menu: &mut Option<Menu<'_>>) -> Wish {
    match menu {
        Some(menu) => menu.next().await,
        None => std::future::pending().await,
    }
}
