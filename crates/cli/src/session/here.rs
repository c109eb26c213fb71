//! The directory that the command runs in, by the name that the caller knows it by.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The working directory. `PWD` names it if that leads to the same directory, as for Go's `os.Getwd`: in a directory that
/// was entered through a symbolic link, paths and the project's name are those of the link.
///
/// # Errors
/// If the directory is gone.
pub(crate) fn directory() -> io::Result<PathBuf> {
    let actual = std::env::current_dir()?;
    Ok(named(std::env::var_os("PWD").map(PathBuf::from), actual))
}

fn named(pwd: Option<PathBuf>, actual: PathBuf) -> PathBuf {
    pwd.filter(|pwd| pwd.is_absolute() && is_same(pwd, &actual)).unwrap_or(actual)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_name_for_the_directory_wins_if_it_is_the_same() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir(path("release-1")).unwrap();
        std::fs::create_dir(path("elsewhere")).unwrap();
        std::os::unix::fs::symlink("release-1", path("current")).unwrap();
        let named = |pwd: Option<PathBuf>| named(pwd, path("release-1"));
        assert_eq!(named(Some(path("current"))), path("current"));
        assert_eq!(named(Some(path("elsewhere"))), path("release-1"));
        assert_eq!(named(Some(path("gone"))), path("release-1"));
        assert_eq!(named(Some("current".into())), path("release-1"));
        assert_eq!(named(None), path("release-1"));
    }
}
