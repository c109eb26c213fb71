//! One command at a time changes a project: a lock on this machine, for the project's name and its engine.
//!
//! A command that changes containers holds it while it observes, plans and applies. A second one waits. `down`, `stop` and
//! `kill` also ask the holder to give way, which it does when it only waits for containers.

mod file;
mod holder;

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::Error;
use wharf_orchestrator::apply::ApplyOptions;

use super::Session;
use crate::failure::Failure;
use crate::screen::report;
use file::{Folder, Held, LockFile, Wait};
use holder::{Holder, Process, VARIABLE};

/// How often a holder looks whether it has to give way.
const LOOK: Duration = Duration::from_millis(100);
/// How long a command that takes over waits before it says for whom.
const PATIENCE: Duration = Duration::from_secs(1);

/// A project's lock, held until this is dropped. The default holds nothing.
#[derive(Debug, Default)]
pub(crate) struct ProjectLock {
    _held: Option<Held>,
    /// The process that holds the lock, which hooks are told.
    process: Option<Process>,
    /// Cancelled when another command takes over.
    give_way: CancellationToken,
    /// That command.
    taker: Arc<OnceLock<Holder>>,
    /// Looks for it.
    _watch: Option<AbortOnDropHandle<()>>,
}

impl ProjectLock {
    /// The options of plans that are carried out under the lock.
    pub(crate) fn options(&self, options: ApplyOptions) -> ApplyOptions {
        ApplyOptions {
            give_way: self.give_way.clone(),
            hook_environment: self.process.iter().map(|process| format!("{VARIABLE}={process}")).collect(),
            ..options
        }
    }

    /// The failure of something that was done under the lock.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        match (error, self.taker.get()) {
            (Error::TakenOver, Some(taker)) => Failure::TakenOver { by: taker.name() },
            (error, _) => error.into(),
        }
    }
}

impl Session {
    /// Locks the project for `verb`, and waits while another command has it. Prints for whom it waits.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once `give_up` is cancelled. Where no lock is possible there is a warning instead.
    pub(crate) async fn lock(
        &self,
        verb: &'static str,
        project: &Project,
        engine: &Engine,
        give_up: &CancellationToken,
    ) -> Result<ProjectLock, Failure> {
        if self.is_dry_run() {
            return Ok(ProjectLock::default());
        }
        let id = tokio::select! {
            id = engine.identity() => id,
            () = give_up.cancelled() => return Err(Error::Interrupted.into()),
        };
        let name = holder::file_name(&id.unwrap_or_else(|| engine.endpoint().host.clone()), &project.name);
        match self.claim(verb, name, give_up).await {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(Error::Interrupted.into()),
            Err(error) => {
                let text = format!("the project is not locked against other wharf commands: {error}");
                report::warning(&text, self.colours.err);
                Ok(ProjectLock::default())
            }
        }
    }

    /// `None` if it was interrupted.
    async fn claim(
        &self,
        verb: &'static str,
        name: String,
        give_up: &CancellationToken,
    ) -> io::Result<Option<ProjectLock>> {
        let runtime = self.settings.environment.get("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
        let folder = Folder::find(runtime.map(Path::new), &name)?;
        let requests = folder.file(&requests(&name))?;
        let (tell, told) = oneshot::channel();
        let claim = Claim {
            holder: Holder { process: this_process(), verb: verb.to_owned(), since: now() },
            takes_over: matches!(verb, "down" | "stop" | "kill"),
            variable: self.settings.environment.get(VARIABLE).cloned(),
        };
        let takes_over = claim.takes_over;
        // It cannot be cancelled; the lock of a command that does not wait any more is dropped when it comes.
        let mut waiting = tokio::task::spawn_blocking(move || claim.wait(&folder, &name, tell));
        let say = async {
            let Ok(holder) = told.await else { return std::future::pending().await };
            if takes_over {
                tokio::time::sleep(PATIENCE).await;
            }
            say_for_whom(holder.as_ref());
            std::future::pending().await
        };
        let claimed: Claimed = tokio::select! {
            biased;
            claimed = &mut waiting => claimed.map_err(io::Error::other)??,
            () = give_up.cancelled() => return Ok(None),
            never = say => never,
        };
        Ok(Some(match claimed {
            Claimed::Held(held, holder) => ProjectLock::watched(held, holder.process, requests),
            Claimed::Below(process) => ProjectLock { process: Some(process), ..ProjectLock::default() },
        }))
    }
}

impl ProjectLock {
    fn watched(held: Held, process: Process, requests: LockFile) -> Self {
        let (give_way, taker) = (CancellationToken::new(), Arc::new(OnceLock::new()));
        let (cancel, found) = (give_way.clone(), taker.clone());
        let watch = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                if let (true, Some(holder)) = (requests.is_held(), requests.holder()) {
                    let _ = found.set(holder);
                    return cancel.cancel();
                }
            }
        });
        let _watch = Some(AbortOnDropHandle::new(watch));
        ProjectLock { _held: Some(held), process: Some(process), give_way, taker, _watch }
    }
}

/// What a command asks for.
struct Claim {
    holder: Holder,
    takes_over: bool,
    /// The value of [`VARIABLE`].
    variable: Option<String>,
}

/// What it gets.
enum Claimed {
    /// The lock.
    Held(Held, Holder),
    /// No lock: this process has it, and waits for this command.
    Below(Process),
}

impl Claim {
    /// Waits for the lock. `tell` gets its holder, if it is not free.
    fn wait(self, folder: &Folder, name: &str, tell: oneshot::Sender<Option<Holder>>) -> io::Result<Claimed> {
        let (mut above, mut request) = (None, None);
        let held = folder.lock(name, &self.holder, |holder| {
            let process = holder.as_ref().map(|holder| holder.process);
            let pid = self.holder.process.pid;
            above = process.filter(|process| process.is_behind(pid, self.variable.as_deref(), status));
            if above.is_some() {
                return Ok(Wait::No);
            }
            // Nobody listens after an interrupt.
            let _ = tell.send(holder);
            if self.takes_over {
                request = folder.lock(&requests(name), &self.holder, |_| Ok(Wait::Yes))?;
            }
            Ok(Wait::Yes)
        })?;
        drop(request);
        match (held, above) {
            (Some(held), _) => Ok(Claimed::Held(held, self.holder)),
            (None, Some(process)) => Ok(Claimed::Below(process)),
            (None, None) => Err(io::Error::other("the lock was given up")),
        }
    }
}

/// The file that a command locks while it asks the holder to give way.
fn requests(name: &str) -> String {
    format!("{name}.takeover")
}

fn say_for_whom(holder: Option<&Holder>) {
    let name = holder.map(|holder| holder.name_and_time(TimeZone::system()));
    report::line(&format!("waiting for {}", name.as_deref().unwrap_or("another wharf command")));
}

fn status(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()
}

fn this_process() -> Process {
    let pid = std::process::id();
    let process = status(pid).and_then(|text| Process::and_parent(pid, &text)).map(|(process, _)| process);
    process.unwrap_or(Process { pid, start: 0 })
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
