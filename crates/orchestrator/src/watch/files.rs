//! Changes of the watched files, as the system reports them (on Linux inotify).

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as std_mpsc;
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::batch::Batcher;
use super::rules::Rules;
use super::tree::walk;
use crate::Error;

/// Reports of the system that wait to be looked at. If there are more, everything is looked at again.
const WAITING: usize = 16 * 1024;

/// The changes of the files that rules are about.
#[derive(Debug)]
pub struct Files {
    batches: mpsc::Receiver<Changes>,
    stop: std_mpsc::SyncSender<Report>,
    _batching: AbortOnDropHandle<()>,
}

/// What there is to say about the files.
#[derive(Debug)]
pub enum Changes {
    /// These have changed: they are new, other than before, or gone.
    Paths(BTreeSet<PathBuf>),
    /// Not everything is watched from here on.
    Unwatched(Error),
}

enum Report {
    Event(notify::Result<notify::Event>),
    Stop,
}

enum Found {
    Path(PathBuf),
    Failed(Error),
}

impl Files {
    /// Begins to watch. A directory is watched if something below it may concern a rule.
    ///
    /// # Errors
    /// [`Error::Refused`]: the system does not let us watch them all.
    pub async fn watch(rules: Arc<Rules>) -> Result<Self, Error> {
        let (reports, reported) = std_mpsc::sync_channel(WAITING);
        let (found, mut finds) = mpsc::channel(1024);
        let (send, batches) = mpsc::channel(1);
        let stop = reports.clone();
        let begin = move || {
            let lost = Arc::new(AtomicBool::new(false));
            let mut scout = Scout::new(rules, reports, lost)?;
            for root in scout.roots() {
                scout.watch_root(&root, &mut BTreeSet::new())?;
            }
            let thread = std::thread::Builder::new().name("watch".to_owned());
            thread.spawn(move || scout.report(&reported, &found)).map_err(|error| refused(&error.to_string(), None))?;
            Ok::<(), Error>(())
        };
        tokio::task::spawn_blocking(begin).await.map_err(|error| refused(&error.to_string(), None))??;
        let batching = tokio::spawn(async move {
            let mut batcher = Batcher::default();
            loop {
                tokio::select! {
                    find = finds.recv() => match find {
                        Some(Found::Path(path)) => batcher.add(path, Instant::now()),
                        Some(Found::Failed(error)) => if send.send(Changes::Unwatched(error)).await.is_err() { return },
                        None => return,
                    },
                    Some(place) = place_when(&send, batcher.due()) => place.send(Changes::Paths(batcher.take())),
                }
            }
        });
        Ok(Files { batches, stop, _batching: AbortOnDropHandle::new(batching) })
    }

    /// The next changes that belong together. While the last ones are acted on, further ones are collected.
    pub async fn next(&mut self) -> Option<Changes> {
        self.batches.recv().await
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // If it is full, the thread ends when it finds that nobody listens.
        let _ = self.stop.try_send(Report::Stop);
    }
}

/// A place for a batch, once it is due and the one before was taken.
async fn place_when(send: &mpsc::Sender<Changes>, due: Option<Instant>) -> Option<mpsc::Permit<'_, Changes>> {
    match due {
        None => std::future::pending().await,
        Some(due) => {
            tokio::time::sleep_until(due.into()).await;
            send.reserve().await.ok()
        }
    }
}

/// Knows which directories are watched, on a thread of its own.
struct Scout {
    rules: Arc<Rules>,
    watcher: RecommendedWatcher,
    /// Set when reports were dropped.
    lost: Arc<AtomicBool>,
}

impl Scout {
    fn new(rules: Arc<Rules>, reports: std_mpsc::SyncSender<Report>, lost: Arc<AtomicBool>) -> Result<Self, Error> {
        let dropped = lost.clone();
        let take = move |event: notify::Result<notify::Event>| {
            if event.as_ref().is_ok_and(|event| !counts(event.kind) && !event.need_rescan()) {
                return;
            }
            if let Err(std_mpsc::TrySendError::Full(_)) = reports.try_send(Report::Event(event)) {
                dropped.store(true, Ordering::Release);
            }
        };
        let watcher = notify::recommended_watcher(take).map_err(|error| unwatched(Path::new("files"), error))?;
        Ok(Scout { rules, watcher, lost })
    }

    fn roots(&self) -> Vec<PathBuf> {
        self.rules.roots().into_iter().map(Path::to_owned).collect()
    }

    /// Passes on what concerns a rule, until nobody listens.
    fn report(mut self, reports: &std_mpsc::Receiver<Report>, found: &mpsc::Sender<Found>) {
        while let Ok(report) = reports.recv() {
            let mut paths = BTreeSet::new();
            let result = match report {
                Report::Stop => return,
                _ if self.lost.swap(false, Ordering::AcqRel) => self.look_again(&mut paths),
                Report::Event(Ok(event)) if event.need_rescan() => self.look_again(&mut paths),
                Report::Event(Ok(event)) => self.take(&event, &mut paths),
                Report::Event(Err(error)) => Err(unwatched(Path::new("files"), error)),
            };
            let concerning = paths.into_iter().filter(|path| self.rules.concern(path)).map(Found::Path);
            for find in concerning.chain(result.err().map(Found::Failed)) {
                if found.blocking_send(find).is_err() {
                    return;
                }
            }
        }
    }

    /// The paths of an event; what is in a new directory is new, too.
    fn take(&mut self, event: &notify::Event, paths: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
        let appears = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
        let vanishes = matches!(event.kind, EventKind::Remove(_));
        for path in &event.paths {
            for root in self.roots().into_iter().filter(|root| root.starts_with(path)) {
                // The path that is watched, or a directory above it, is replaced by another one.
                if appears || vanishes {
                    self.watch_root(&root, paths)?;
                }
            }
            // A watched path that is gone may come back, and the container may have more in the place of it.
            let is_root = self.rules.roots().contains(path.as_path());
            if !is_root || path.is_file() {
                paths.insert(path.clone());
            }
            if appears && is_directory(path) && !is_root {
                self.watch_below(path, paths)?;
            }
        }
        Ok(())
    }

    /// After reports were lost.
    fn look_again(&mut self, paths: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
        self.roots().iter().try_for_each(|root| self.watch_root(root, paths))
    }

    /// Watches a path of a rule, and the directory above it, since the path may be replaced by another one. `found` gets all
    /// that is there.
    fn watch_root(&mut self, root: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
        let above = root.ancestors().skip(1).find(|above| above.is_dir());
        above.map_or(Ok(()), |above| self.watch(above))?;
        if root.is_dir() {
            return self.watch_below(root, found);
        }
        if root.exists() {
            found.insert(root.to_owned());
        }
        Ok(())
    }

    /// Watches a directory and those below it. Each is watched before it is read, so nothing is missed.
    fn watch_below(&mut self, directory: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), Error> {
        let rules = self.rules.clone();
        walk(&rules, directory, &mut |directory| self.watch(directory), found)
    }

    fn watch(&mut self, directory: &Path) -> Result<(), Error> {
        match self.watcher.watch(directory, RecursiveMode::NonRecursive) {
            Err(error) if is_gone(&error) => Ok(()),
            result => result.map_err(|error| unwatched(directory, error)),
        }
    }
}

/// Whether something may have changed. Reading changes nothing.
fn counts(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn is_directory(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        _ => false,
    }
}

/// Why something cannot be watched, and what to do.
fn unwatched(path: &Path, error: notify::Error) -> Error {
    let limit = |name: &str, otherwise: &str| {
        let set = std::fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).unwrap_or_default();
        let set: u64 = set.trim().parse().unwrap_or(0);
        let message = format!("cannot watch {}: the limit fs.inotify.{name} ({set}) is reached", path.display());
        (message, Some(format!("raise it (`sysctl fs.inotify.{name}={}`), or {otherwise}", set * 2)))
    };
    let (message, help) = match &error.kind {
        ErrorKind::MaxFilesWatch => limit("max_user_watches", "name large folders in `ignore`"),
        ErrorKind::Io(io) if io.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            limit("max_user_instances", "end other programs that watch files")
        }
        ErrorKind::Io(io) => (format!("cannot watch {}: {io}", path.display()), None),
        _ => (format!("cannot watch {}: {error}", path.display()), None),
    };
    Error::refused(message, None, help)
}

fn refused(message: &str, help: Option<String>) -> Error {
    Error::refused(format!("cannot watch files: {message}"), None, help)
}

#[cfg(test)]
mod tests;
