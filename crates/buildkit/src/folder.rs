//! Folders that a build may read, and what of them the engine asks for.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::fsutil::types::Stat;

use crate::patterns::Patterns;
use crate::regular_file::open_regular_itself;

/// A folder that a build may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// A directory of this machine, absolute and without symbolic links.
    Directory(PathBuf),
    /// Files with these names and contents.
    Files(BTreeMap<String, Vec<u8>>),
}

/// Which paths of a folder are meant.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// `None`: all of them.
    pub(crate) included: Option<Patterns>,
    pub(crate) excluded: Patterns,
}

impl Selection {
    fn includes(&self, path: &str) -> bool {
        self.included.as_ref().is_none_or(|included| included.matches(path)) && !self.excluded.matches(path)
    }

    fn reaches_below(&self, directory: &str) -> bool {
        let included = self
            .included
            .as_ref()
            .is_none_or(|included| included.matches(directory) || included.may_match_below(directory));
        included && (!self.excluded.matches(directory) || self.excluded.may_except_below(directory))
    }
}

/// Bits of a file's mode in the wire format, which are those of Go's `os.FileMode`.
mod mode {
    pub(super) const DIRECTORY: u32 = 1 << 31;
    pub(super) const SYMLINK: u32 = 1 << 27;
    pub(super) const SETUID: u32 = 1 << 23;
    pub(super) const SETGID: u32 = 1 << 22;
    pub(super) const STICKY: u32 = 1 << 20;
    pub(super) const PERMISSIONS: u32 = 0o777;
}

impl Folder {
    /// Calls `give` with each path that is meant, in the order that the wire format demands: by name, a directory before
    /// what is in it. Directories above a path that is meant are given, too. Sockets, pipes and devices are left out.
    ///
    /// # Errors
    /// Those of `give`, and what cannot be read.
    pub(crate) fn walk(&self, selection: &Selection, give: &mut dyn FnMut(Stat) -> io::Result<()>) -> io::Result<()> {
        match self {
            Folder::Directory(root) => {
                let mut walk = Walk { root, selection, above: Vec::new(), linked: HashMap::new(), give };
                walk.directory("")
            }
            Folder::Files(files) => {
                files.iter().filter(|(name, _)| selection.includes(name)).try_for_each(|(name, text)| {
                    let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
                    give(Stat { path: name.clone(), mode: 0o644, size, ..Stat::default() })
                })
            }
        }
    }

    /// Opens a file that [`Folder::walk`] has given.
    ///
    /// # Errors
    /// If it is no longer there, or is no regular file any more.
    pub(crate) fn open(&self, path: &str) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Folder::Directory(root) => Ok(Box::new(open_regular_itself(&root.join(path))?)),
            Folder::Files(files) => match files.get(path) {
                Some(text) => Ok(Box::new(text.as_slice())),
                None => Err(io::ErrorKind::NotFound.into()),
            },
        }
    }

    /// The names in a directory of the folder.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        match self {
            Folder::Directory(root) => {
                let entries = std::fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
                entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
            }
            Folder::Files(files) => files.keys().filter(|_| directory.is_empty()).cloned().collect(),
        }
    }

    /// Where a symbolic link of the folder points to; `None`: it is none.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        match self {
            Folder::Directory(root) => std::fs::read_link(root.join(path)).ok()?.into_os_string().into_string().ok(),
            Folder::Files(_) => None,
        }
    }
}

struct Walk<'a> {
    root: &'a Path,
    selection: &'a Selection,
    /// Directories on the way that are not given yet.
    above: Vec<Stat>,
    /// The first path of each file that has several names, by device and inode.
    linked: HashMap<(u64, u64), String>,
    give: &'a mut dyn FnMut(Stat) -> io::Result<()>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &str) -> io::Result<()> {
        let at = |error: io::Error, path: &Path| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let folder = self.root.join(directory);
        let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = entries.map_err(|error| at(error, &folder))?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let text = name.to_string_lossy();
            let path = if directory.is_empty() { text.clone().into_owned() } else { format!("{directory}/{text}") };
            let is_meant = self.selection.includes(&path);
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let is_on_the_way = is_directory && self.selection.reaches_below(&path);
            if !is_meant && !is_on_the_way {
                continue;
            }
            if name.to_str().is_none() {
                let path = entry.path();
                let problem = format!("{}: the name is not UTF-8, which a build cannot carry", path.display());
                return Err(io::Error::other(problem));
            }
            let stat = match self.stat(&entry.path(), &path) {
                Ok(Some(stat)) => stat,
                // It vanished meanwhile, or is nothing that an image can hold.
                Ok(None) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(at(error, &entry.path())),
            };
            if is_meant {
                for directory in std::mem::take(&mut self.above) {
                    (self.give)(directory)?;
                }
            }
            match (is_directory, is_meant) {
                (false, _) => (self.give)(stat)?,
                (true, true) => {
                    (self.give)(stat)?;
                    if self.selection.reaches_below(&path) {
                        self.directory(&path)?;
                    }
                }
                (true, false) => {
                    let waiting = self.above.len();
                    self.above.push(stat);
                    self.directory(&path)?;
                    self.above.truncate(waiting);
                }
            }
        }
        Ok(())
    }

    fn stat(&mut self, at: &Path, path: &str) -> io::Result<Option<Stat>> {
        let metadata = std::fs::symlink_metadata(at)?;
        let kind = metadata.file_type();
        // Owners are root's, as the docker command has them.
        let mut stat = Stat {
            path: path.to_owned(),
            mode: wire_mode(&metadata),
            mod_time: metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec()),
            xattrs: attributes(at),
            ..Stat::default()
        };
        if kind.is_symlink() {
            let target = std::fs::read_link(at)?;
            stat.linkname = target.to_string_lossy().into_owned();
            stat.size = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
        } else if kind.is_file() {
            stat.size = i64::try_from(metadata.len()).unwrap_or(i64::MAX);
            if metadata.nlink() > 1 {
                match self.linked.get(&(metadata.dev(), metadata.ino())) {
                    Some(first) => {
                        stat.linkname.clone_from(first);
                        stat.size = 0;
                    }
                    None => {
                        self.linked.insert((metadata.dev(), metadata.ino()), path.to_owned());
                    }
                }
            }
        } else if !kind.is_dir() {
            return Ok(None);
        }
        Ok(Some(stat))
    }
}

/// Whether the engine may ask for the content of what `stat` describes.
pub(crate) fn has_content(stat: &Stat) -> bool {
    stat.mode & !(mode::PERMISSIONS | mode::SETUID | mode::SETGID | mode::STICKY) == 0
}

fn wire_mode(metadata: &Metadata) -> u32 {
    let own = metadata.mode();
    let mut wire = own & mode::PERMISSIONS;
    for (bit, wired) in [(0o4000, mode::SETUID), (0o2000, mode::SETGID), (0o1000, mode::STICKY)] {
        if own & bit != 0 {
            wire |= wired;
        }
    }
    if metadata.is_dir() {
        wire |= mode::DIRECTORY;
    } else if metadata.is_symlink() {
        wire |= mode::SYMLINK;
    }
    wire
}

/// A file's extended attributes, such as capabilities. A file system without them has none.
fn attributes(path: &Path) -> HashMap<String, Vec<u8>> {
    let mut names = vec![0; 4096];
    let Ok(length) = rustix::fs::llistxattr(path, &mut names[..]) else { return HashMap::new() };
    let names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let attribute = |name: &[u8]| {
        let mut value = vec![0; 64 * 1024];
        let length = rustix::fs::lgetxattr(path, OsStr::from_bytes(name), &mut value[..]).ok()?;
        value.truncate(length);
        Some((std::str::from_utf8(name).ok()?.to_owned(), value))
    };
    names.filter_map(attribute).collect()
}
