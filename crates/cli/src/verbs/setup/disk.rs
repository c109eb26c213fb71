//! Changes of files that are all made or none: each has its way back.

use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// What a path holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// A symbolic link to this.
    Link(PathBuf),
    /// A file with these bytes.
    File(Vec<u8>),
}

/// The SHA-256 digest of bytes, in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What there is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Content(Content),
    /// A directory, a device, or a file that cannot be read.
    Other,
}

/// Looks at a path without following a link.
pub(super) fn look(path: &Path) -> Found {
    match path.symlink_metadata() {
        Ok(about) if about.is_dir() => Found::Other,
        Ok(_) => read(path).map_or(Found::Other, Found::Content),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Found::Nothing,
        Err(_) => Found::Other,
    }
}

fn read(path: &Path) -> io::Result<Content> {
    let about = path.symlink_metadata()?;
    if about.is_symlink() {
        return Ok(Content::Link(path.read_link()?));
    }
    match about.is_file() {
        true => Ok(Content::File(std::fs::read(path)?)),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Makes a directory.
    MakeDirectory(PathBuf),
    /// Makes a file or a link where there is none.
    Create(PathBuf, Content),
    /// Replaces a file or a link.
    Replace(PathBuf, Content),
    /// Removes a file or a link.
    Remove(PathBuf),
    /// Removes a directory, if it is empty.
    RemoveDirectory(PathBuf),
}

/// Makes all changes in this order. If one fails, those before it are taken back.
///
/// # Errors
/// The failed change, and what could not be taken back after it.
pub(super) fn make(changes: &[Change]) -> anyhow::Result<()> {
    let mut ways_back = Vec::new();
    for change in changes {
        match change.make() {
            Ok(way_back) => ways_back.extend(way_back),
            Err(error) => {
                let left: Vec<String> = ways_back
                    .iter()
                    .rev()
                    .filter_map(|way_back| way_back.make().err().map(|error| format!("{error:#}")))
                    .collect();
                return Err(match left.is_empty() {
                    true => error.context("nothing was changed"),
                    false => error.context(format!("not all could be taken back: {}", left.join("; "))),
                });
            }
        }
    }
    Ok(())
}

impl Change {
    /// Makes the change and gives the one that takes it back, if there was anything to do.
    fn make(&self) -> anyhow::Result<Option<Change>> {
        match self {
            Change::MakeDirectory(path) => {
                std::fs::create_dir(path).with_context(|| format!("cannot create {}", path.display()))?;
                Ok(Some(Change::RemoveDirectory(path.clone())))
            }
            Change::Create(path, content) => {
                create(path, content).with_context(|| format!("cannot create {}", path.display()))?;
                Ok(Some(Change::Remove(path.clone())))
            }
            Change::Replace(path, content) => {
                let replace = || {
                    let before = read(path)?;
                    replace(path, content).map(|()| before)
                };
                let before = replace().with_context(|| format!("cannot replace {}", path.display()))?;
                Ok(Some(Change::Replace(path.clone(), before)))
            }
            Change::Remove(path) => {
                let remove = || {
                    let before = read(path)?;
                    std::fs::remove_file(path).map(|()| before)
                };
                let before = remove().with_context(|| format!("cannot remove {}", path.display()))?;
                Ok(Some(Change::Create(path.clone(), before)))
            }
            Change::RemoveDirectory(path) => match std::fs::remove_dir(path) {
                Ok(()) => Ok(Some(Change::MakeDirectory(path.clone()))),
                Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) => {
                    Ok(None)
                }
                Err(error) => Err(error).with_context(|| format!("cannot remove {}", path.display())),
            },
        }
    }
}

/// Fails if there is something at the path.
fn create(path: &Path, content: &Content) -> io::Result<()> {
    match content {
        Content::Link(target) => symlink(target, path),
        Content::File(bytes) => written(path, bytes)?.persist_noclobber(path).map(drop).map_err(|failed| failed.error),
    }
}

/// The path has the old content or the new one at each moment.
fn replace(path: &Path, content: &Content) -> io::Result<()> {
    match content {
        Content::Link(target) => {
            // A name that is free, in the same directory.
            let place = tempfile::Builder::new().prefix(".wharf-").tempdir_in(directory(path))?;
            let link = place.path().join("link");
            symlink(target, &link)?;
            std::fs::rename(&link, path)
        }
        Content::File(bytes) => written(path, bytes)?.persist(path).map(drop).map_err(|failed| failed.error),
    }
}

/// A file beside the path that is complete and on the disk.
fn written(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let readable = std::fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().prefix(".wharf-").permissions(readable).tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_takes_back_what_was_made_before_it() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::write(path("old"), "old").unwrap();
        symlink("somewhere", path("link")).unwrap();
        let changes = [
            Change::MakeDirectory(path("new")),
            Change::Create(path("new/file"), Content::File(b"new".to_vec())),
            Change::Replace(path("old"), Content::Link("elsewhere".into())),
            Change::Replace(path("link"), Content::File(b"new".to_vec())),
            Change::Remove(path("old")),
            Change::Create(path("nowhere/file"), Content::File(Vec::new())),
        ];
        let error = format!("{:#}", make(&changes).unwrap_err());
        assert!(error.starts_with("nothing was changed: cannot create "), "{error}");
        assert_eq!(look(&path("old")), Found::Content(Content::File(b"old".to_vec())));
        assert_eq!(look(&path("link")), Found::Content(Content::Link("somewhere".into())));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_there_is_never_overwritten_by_a_creation() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        std::fs::write(&path, "mine").unwrap();
        for content in [Content::File(Vec::new()), Content::Link("x".into())] {
            assert!(make(&[Change::Create(path.clone(), content)]).is_err());
        }
        assert_eq!(look(&path), Found::Content(Content::File(b"mine".to_vec())));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
