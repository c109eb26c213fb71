//! Decides where a copy goes, by the rules of `docker cp`. Pure, except that it inspects a path on this machine.

use std::path::Path;

/// Bits of Go's `FileMode`, which the engine reports.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

/// The engine's description of a path.
#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) mode: u32,
    pub(super) link_target: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Missing,
    Directory,
    File,
}

/// A path, as it was written, and what is there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: String,
    kind: Kind,
}

impl Place {
    pub(super) fn missing(path: &str) -> Self {
        Place { path: path.to_owned(), kind: Kind::Missing }
    }

    pub(super) fn inside(path: &str, stat: &Stat) -> Self {
        let kind = if stat.mode & DIRECTORY != 0 { Kind::Directory } else { Kind::File };
        Place { path: path.to_owned(), kind }
    }

    /// A path on this machine. As usual, a link whose path ends in a slash is resolved.
    pub(super) fn here(path: &Path, follow: bool) -> std::io::Result<Self> {
        let text = path.to_string_lossy().into_owned();
        let follow = follow || text.ends_with('/') || text.ends_with("/.");
        let metadata = if follow { std::fs::metadata(path)? } else { std::fs::symlink_metadata(path)? };
        Ok(Place { path: text, kind: if metadata.is_dir() { Kind::Directory } else { Kind::File } })
    }

    pub(super) fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }
}

/// The path that a link in a container points at.
pub(super) fn pointed_at(path: &str, stat: &Stat) -> Option<String> {
    if stat.mode & LINK == 0 || stat.link_target.is_empty() {
        return None;
    }
    Some(match stat.link_target.starts_with('/') {
        true => stat.link_target.clone(),
        false => format!("{}/{}", parent(path), stat.link_target),
    })
}

/// The directory that receives the archive, and the name of the copy in it. `None`: the content of a directory is
/// copied.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) directory: String,
    pub(super) name: Option<String>,
}

/// Decides where a copy goes.
pub(super) fn route(source: &Place, target: &Place) -> Result<Route, String> {
    let contents = source.is_directory() && (source.path == "." || source.path.ends_with("/."));
    let beside = || Route { directory: parent(&target.path), name: Some(name(&target.path).to_owned()) };
    match (target.kind, source.kind) {
        (_, Kind::Missing) => Err(format!("there is no file or directory {}", source.path)),
        (Kind::Directory, _) => {
            let name = (!contents).then(|| name(&source.path).to_owned()).filter(|name| !name.is_empty());
            Ok(Route { directory: target.path.clone(), name })
        }
        (Kind::File, Kind::Directory) => {
            Err(format!("the directory {} cannot be copied onto the file {}", source.path, target.path))
        }
        (Kind::Missing, Kind::File) if target.path.ends_with('/') => {
            Err(format!("there is no directory {}", target.path))
        }
        (Kind::File | Kind::Missing, _) => Ok(beside()),
    }
}

/// The last part of a path.
fn name(path: &str) -> &str {
    bare(path).rsplit('/').next().unwrap_or_default()
}

/// The path without its last part.
fn parent(path: &str) -> String {
    match bare(path).rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None if path.starts_with('/') => "/".to_owned(),
        None => ".".to_owned(),
    }
}

fn bare(path: &str) -> &str {
    let path = path.strip_suffix("/.").unwrap_or(path);
    path.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str, kind: Kind) -> Place {
        Place { path: path.to_owned(), kind }
    }

    fn to(directory: &str, name: Option<&str>) -> Result<Route, String> {
        Ok(Route { directory: directory.to_owned(), name: name.map(str::to_owned) })
    }

    #[test]
    fn a_file_takes_the_targets_name_or_goes_into_its_directory() {
        use Kind::{Directory, File, Missing};
        let file = || place("dir/a.txt", File);
        assert_eq!(route(&file(), &place("/tmp/b.txt", Missing)), to("/tmp", Some("b.txt")));
        assert_eq!(route(&file(), &place("/tmp/b.txt", File)), to("/tmp", Some("b.txt")));
        assert_eq!(route(&file(), &place("/tmp", Directory)), to("/tmp", Some("a.txt")));
        assert_eq!(route(&file(), &place("/b.txt", Missing)), to("/", Some("b.txt")));
        assert_eq!(route(&file(), &place("b.txt", Missing)), to(".", Some("b.txt")));
        assert!(route(&file(), &place("/tmp/new/", Missing)).is_err());
    }

    #[test]
    fn a_directory_goes_into_another_and_its_content_with_a_dot() {
        use Kind::{Directory, File, Missing};
        assert_eq!(route(&place("a/dir/", Directory), &place("/tmp", Directory)), to("/tmp", Some("dir")));
        assert_eq!(route(&place("a/dir/.", Directory), &place("/tmp", Directory)), to("/tmp", None));
        assert_eq!(route(&place(".", Directory), &place("/tmp", Directory)), to("/tmp", None));
        assert_eq!(route(&place("a/dir", Directory), &place("/tmp/new", Missing)), to("/tmp", Some("new")));
        assert_eq!(route(&place("a/dir/.", Directory), &place("/tmp/new/", Missing)), to("/tmp", Some("new")));
        assert!(route(&place("a/dir", Directory), &place("/tmp/file", File)).is_err());
    }

    #[test]
    fn a_link_in_a_container_points_from_its_own_directory() {
        let link = |target: &str| Stat { mode: LINK, link_target: target.to_owned() };
        assert_eq!(pointed_at("/a/link", &link("file")), Some("/a/file".to_owned()));
        assert_eq!(pointed_at("/a/link", &link("/etc/file")), Some("/etc/file".to_owned()));
        assert_eq!(pointed_at("/a", &Stat { mode: 0, link_target: String::new() }), None);
    }
}
