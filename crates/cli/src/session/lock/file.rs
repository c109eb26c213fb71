//! Lock files: where they are, and how they are locked, read and written.
//!
//! They are in a folder that only this user may enter. One that all users share would let every user of the machine
//! block all others. The lock ends with its holder; the file stays.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, mkdir, open, openat, statat};
use rustix::process::geteuid;

use super::holder::Holder;

/// How long the name of a holder may come after its lock.
const TIME_TO_WRITE: Duration = Duration::from_millis(50);

/// An open folder of lock files.
#[derive(Debug)]
pub(super) struct Folder(rustix::fd::OwnedFd);

impl Folder {
    /// The first folder in which the file `name` can be locked. All sessions of a user have to find the same one, so what
    /// the environment says is followed by where it usually points to.
    pub(super) fn find(runtime: Option<&Path>, name: &str) -> io::Result<Self> {
        let user = geteuid().as_raw();
        let places = [
            runtime.map(|runtime| runtime.join("wharf")),
            Some(PathBuf::from(format!("/run/user/{user}/wharf"))),
            Some(PathBuf::from(format!("/tmp/wharf-{user}"))),
        ];
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for place in places.into_iter().flatten().filter(|place| place.is_absolute()) {
            match Folder::open(&place).and_then(|folder| folder.file(name).map(|_| folder)) {
                Ok(folder) => return Ok(folder),
                Err(error) => last = io::Error::new(error.kind(), format!("{}: {error}", place.display())),
            }
        }
        Err(last)
    }

    /// Opens the folder, and makes it if it is not there. Another user may have been faster.
    fn open(path: &Path) -> io::Result<Self> {
        match mkdir(path, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = open(path, flags, Mode::empty())?;
        let found = fstat(&folder)?;
        if found.st_uid != geteuid().as_raw() || !Mode::from_raw_mode(found.st_mode).intersection(others()).is_empty() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "other users may write there"));
        }
        Ok(Folder(folder))
    }

    pub(super) fn file(&self, name: &str) -> io::Result<LockFile> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR)?);
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(LockFile(file)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the lock is not a file")),
        }
    }

    /// Whether the file still has the name. What cleans a folder for temporary files may have removed it.
    fn has(&self, name: &str, file: &LockFile) -> io::Result<bool> {
        let (named, opened) = match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => (named, fstat(&file.0)?),
            Err(rustix::io::Errno::NOENT) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        Ok((named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino))
    }

    /// Locks the file of that name, and writes the holder into it. `occupied` is called before it waits.
    pub(super) fn lock(
        &self,
        name: &str,
        holder: &Holder,
        occupied: impl FnOnce(Option<Holder>) -> io::Result<Wait>,
    ) -> io::Result<Option<Held>> {
        let mut occupied = Some(occupied);
        loop {
            let file = self.file(name)?;
            if !file.try_lock()? {
                if let Some(occupied) = occupied.take()
                    && let Wait::No = occupied(file.holder_soon())?
                {
                    return Ok(None);
                }
                file.0.lock()?;
            }
            if self.has(name, &file)? {
                // On a full disk it is held without a name.
                let _ = file.write(&holder.line());
                return Ok(Some(Held(file)));
            }
        }
    }
}

/// Permissions that nobody else may have.
fn others() -> Mode {
    Mode::RWXG | Mode::RWXO
}

/// Whether to wait for a lock.
pub(super) enum Wait {
    Yes,
    No,
}

/// An open lock file.
#[derive(Debug)]
pub(super) struct LockFile(File);

impl LockFile {
    fn try_lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether somebody holds it.
    pub(super) fn is_held(&self) -> bool {
        let held = matches!(self.0.try_lock_shared(), Err(TryLockError::WouldBlock));
        if !held {
            // It ends with the file anyway.
            let _ = self.0.unlock();
        }
        held
    }

    /// Who holds it; `None` if that is not written yet.
    pub(super) fn holder(&self) -> Option<Holder> {
        let mut text = String::new();
        let mut file = &self.0;
        file.rewind().ok()?;
        file.take(1024).read_to_string(&mut text).ok()?;
        Holder::parse(&text)
    }

    /// The same; one that has just begun gets time to write.
    fn holder_soon(&self) -> Option<Holder> {
        self.holder().or_else(|| {
            std::thread::sleep(TIME_TO_WRITE);
            self.holder()
        })
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut file = &self.0;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}

/// A lock that is held for as long as this lives.
#[derive(Debug)]
pub(super) struct Held(LockFile);

impl Drop for Held {
    fn drop(&mut self) {
        // The next holder must not be taken for this one, if it is slow to write.
        let _ = self.0.write("");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::super::holder::Process;
    use super::*;

    fn holder(pid: u32) -> Holder {
        Holder { process: Process { pid, start: 1 }, verb: "up".to_owned(), since: 0 }
    }

    fn free(_: Option<Holder>) -> io::Result<Wait> {
        panic!("nobody holds it")
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped_and_says_by_whom() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::find(Some(place.path()), "shop").unwrap();
        let held = folder.lock("shop", &holder(1), free).unwrap();
        let mut seen = None;
        let second = folder.lock("shop", &holder(2), |first| {
            seen = first;
            Ok(Wait::No)
        });
        assert!(second.unwrap().is_none());
        assert_eq!(seen, Some(holder(1)));
        let file = folder.file("shop").unwrap();
        assert!(file.is_held());
        drop(held);
        assert!(!file.is_held());
        assert_eq!(file.holder(), None);
        folder.lock("shop", &holder(2), free).unwrap().unwrap();
    }

    #[test]
    fn a_file_that_was_removed_while_it_was_waited_for_is_made_again() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::find(Some(place.path()), "shop").unwrap();
        let mut held = folder.lock("shop", &holder(1), free).unwrap();
        let second = folder.lock("shop", &holder(2), |_| {
            std::fs::remove_file(place.path().join("wharf/shop")).unwrap();
            held = None;
            Ok(Wait::Yes)
        });
        let _second = second.unwrap().unwrap();
        assert_eq!(folder.file("shop").unwrap().holder(), Some(holder(2)));
    }

    #[test]
    fn a_folder_of_others_is_not_used() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("wharf");
        symlink(place.path(), &folder).unwrap();
        assert!(Folder::open(&folder).is_err(), "somebody may have put the link there");
        std::fs::remove_file(&folder).unwrap();
        Folder::open(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(Folder::open(&folder).is_err(), "others could remove the lock");
    }

    #[test]
    fn a_lock_file_is_no_link() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(&place.path().join("wharf")).unwrap();
        symlink("/etc/passwd", place.path().join("wharf/shop")).unwrap();
        assert!(folder.file("shop").is_err());
    }
}
