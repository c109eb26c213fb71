//! Files that are written as a whole or not at all.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// A file that replaces the one at its path once it is complete.
pub(crate) struct WholeFile {
    path: PathBuf,
    out: Out,
}

enum Out {
    /// Written beside the file.
    Beside(NamedTempFile),
    /// A device or a pipe, which cannot be replaced.
    Direct(File),
}

impl WholeFile {
    /// Opens a file beside `path`, or where `path` leads as a symbolic link. It gets the mode and the owner of the file that
    /// is there.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let open = || {
            let target = followed(path)?;
            let out = match std::fs::metadata(&target) {
                Ok(old) if !old.is_file() => Out::Direct(File::options().write(true).open(&target)?),
                Ok(old) => {
                    let file = beside(&target)?;
                    if file.as_file().metadata().is_ok_and(|new| (new.uid(), new.gid()) != (old.uid(), old.gid())) {
                        // Another user's file cannot always be left to that user.
                        let _ = chown(file.path(), Some(old.uid()), Some(old.gid()));
                    }
                    file.as_file().set_permissions(old.permissions())?;
                    Out::Beside(file)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Out::Beside(beside(&target)?),
                Err(error) => return Err(error),
            };
            Ok(WholeFile { path: target, out })
        };
        open().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Writes a text as the whole file.
    pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
        let mut file = WholeFile::create(path)?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        file.finish()
    }

    /// Puts the file in its place. Until then the old one stays.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let WholeFile { path, out } = self;
        let result = match out {
            Out::Beside(file) => {
                file.as_file().sync_all().and_then(|()| file.persist(&path).map(drop).map_err(|error| error.error))
            }
            Out::Direct(mut file) => file.flush(),
        };
        result.with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Out::Beside(file) => file.write(bytes),
            Out::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Beside(file) => file.flush(),
            Out::Direct(file) => file.flush(),
        }
    }
}

/// Where a path leads, also if nothing is there yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The mode of any new file, of which the umask takes its part.
    tempfile::Builder::new().prefix(".wharf-").permissions(Permissions::from_mode(0o666)).tempfile_in(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_finished_leaves_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        std::fs::write(&path, "old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_links_lead_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("file"), "old").unwrap();
        std::fs::set_permissions(at("file"), Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        std::os::unix::fs::symlink("later", at("dangling")).unwrap();
        WholeFile::write(&at("link"), "new").unwrap();
        WholeFile::write(&at("dangling"), "first").unwrap();
        let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();
        assert_eq!([read("file"), read("later")], ["new", "first"]);
        assert!(at("link").is_symlink() && at("dangling").is_symlink());
        assert_eq!(at("file").metadata().unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_device_is_written_directly() {
        WholeFile::write(Path::new("/dev/null"), "text").unwrap();
        let full = WholeFile::write(Path::new("/dev/full"), "text").unwrap_err();
        assert!(format!("{full:#}").starts_with("cannot write /dev/full: No space left on device"), "{full:#}");
        let gone = WholeFile::write(Path::new("/gone/file"), "text").unwrap_err();
        assert!(format!("{gone:#}").starts_with("cannot write /gone/file: "), "{gone:#}");
    }
}
