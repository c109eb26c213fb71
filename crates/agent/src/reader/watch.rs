//! Changes on disk: inotify on the folders of the logs, one watch per folder.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

/// Watches folders for the readers of their files.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: OwnedFd,
    folders: HashMap<PathBuf, i32>,
    readers: HashMap<i32, Vec<u64>>,
}

/// What happened in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// The reader's number for the target.
    pub(super) reader: u64,
    /// Whether a file appeared or changed its name, and not only its content.
    pub(super) names: bool,
}

impl Watch {
    /// # Errors
    ///
    /// The limit of inotify instances is reached (`fs.inotify.max_user_instances`).
    pub(super) fn new() -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Self { inotify, folders: HashMap::new(), readers: HashMap::new() })
    }

    /// Reports to `reader` what happens in the folder of `file`. False: the folder cannot be watched.
    pub(super) fn add(&mut self, file: &Path, reader: u64) -> bool {
        let Some(folder) = file.parent() else { return false };
        let watch = match self.folders.get(folder) {
            Some(watch) => *watch,
            None => {
                let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR;
                let Ok(watch) = inotify::add_watch(&self.inotify, folder, flags) else { return false };
                self.folders.insert(folder.to_owned(), watch);
                watch
            }
        };
        self.readers.entry(watch).or_default().push(reader);
        true
    }

    /// Ends what [`add`](Self::add) began.
    pub(super) fn remove(&mut self, file: &Path, reader: u64) {
        let Some(folder) = file.parent() else { return };
        let Some(watch) = self.folders.get(folder).copied() else { return };
        let Some(readers) = self.readers.get_mut(&watch) else { return };
        readers.retain(|other| *other != reader);
        if readers.is_empty() {
            self.readers.remove(&watch);
            self.folders.remove(folder);
            // The kernel has ended it already if the folder is gone.
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
    }

    /// Calls back with what has happened, a change for each event of the kernel. False: events were lost, so check
    /// everything.
    pub(super) fn changes(&self, mut out: impl FnMut(Change)) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut complete = true;
        while let Ok(event) = events.next() {
            complete &= !event.events().contains(ReadFlags::QUEUE_OVERFLOW);
            let names = event.events().intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO);
            for reader in self.readers.get(&event.wd()).into_iter().flatten() {
                out(Change { reader: *reader, names });
            }
        }
        complete
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}
