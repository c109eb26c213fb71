//! Unpacks a tar archive from a container on this machine. The archive is not trusted: no entry may leave the
//! directory, neither by its path nor through a link that an earlier entry created.

use std::fs::Permissions;
use std::io::{Error, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

/// Unpacks an archive into `directory`. The first part of each entry's path is the name of what was copied, or `.` if that
/// is the content of a directory. It becomes `name`, or is removed without a name.
pub(super) fn unpack(archive: &mut dyn Read, directory: &Path, name: Option<&str>) -> std::io::Result<()> {
    let root = directory.canonicalize()?;
    let mut archive = tar::Archive::new(archive);
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(inside) = renamed(&entry.path()?, name)? else { continue };
        let path = root.join(&inside);
        within(&root, &path)?;
        let kind = entry.header().entry_type();
        if kind.is_hard_link() {
            let linked = entry.link_name()?.ok_or(ErrorKind::InvalidData)?;
            let Some(linked) = renamed(&linked, name)? else { continue };
            let linked = root.join(linked);
            within(&root, &linked)?;
            if std::fs::symlink_metadata(&linked)?.is_symlink() {
                return Err(odd(&inside));
            }
            replaced(&path)?;
            std::fs::hard_link(linked, &path)?;
        } else if kind.is_dir() {
            match path.is_dir() && !path.is_symlink() {
                true => {}
                false => {
                    std::fs::create_dir(&path)?;
                    directories.push((path, entry.header().mode()?));
                }
            }
        } else if kind.is_file() || kind.is_symlink() || kind.is_contiguous() || kind.is_gnu_sparse() {
            replaced(&path)?;
            entry.set_preserve_permissions(true);
            entry.unpack(&path)?;
        }
    }
    // A directory may be read-only, so its mode comes after its files.
    for (directory, mode) in directories.into_iter().rev() {
        std::fs::set_permissions(directory, Permissions::from_mode(mode & 0o7777))?;
    }
    Ok(())
}

/// The path below the directory; `None` for the directory itself.
fn renamed(path: &Path, name: Option<&str>) -> std::io::Result<Option<PathBuf>> {
    let mut parts = path.components();
    // Only the first component can be `.`: the others are left out when a path is taken apart.
    if !matches!(parts.next(), Some(Component::Normal(_) | Component::CurDir)) {
        return Err(odd(path));
    }
    let rest: PathBuf = parts.collect();
    if !rest.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(odd(path));
    }
    let whole = match name {
        Some(name) => Path::new(name).join(rest),
        None => rest,
    };
    Ok((!whole.as_os_str().is_empty()).then(|| whole.components().collect()))
}

/// Checks that the directory of `path` is below `root` after links are resolved.
fn within(root: &Path, path: &Path) -> std::io::Result<()> {
    let parent = path.parent().ok_or_else(|| odd(path))?.canonicalize()?;
    if parent.starts_with(root) { Ok(()) } else { Err(odd(path)) }
}

/// Removes what is in the way. An existing link is replaced, never followed.
fn replaced(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => {
            Err(Error::new(ErrorKind::IsADirectory, format!("{} is a directory", path.display())))
        }
        Ok(_) => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

fn odd(path: &Path) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{} leads out of its directory", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o755);
            header.set_size(if kind.is_file() { content.len() as u64 } else { 0 });
            // A hostile engine could send this.
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.as_old_mut().linkname[..if kind.is_file() { 0 } else { content.len() }]
                .copy_from_slice(if kind.is_file() { b"" } else { content.as_bytes() });
            header.set_cksum();
            archive.append(&header, if kind.is_file() { content.as_bytes() } else { b"" }).unwrap();
        }
        archive.into_inner().unwrap()
    }

    const DIR: tar::EntryType = tar::EntryType::Directory;
    const FILE: tar::EntryType = tar::EntryType::Regular;
    const LINK: tar::EntryType = tar::EntryType::Symlink;
    const HARD: tar::EntryType = tar::EntryType::Link;

    #[test]
    fn a_directory_takes_another_name_with_all_in_it() {
        let bytes =
            archive(&[("src", DIR, ""), ("src/a", FILE, "one"), ("src/b", HARD, "src/a"), ("src/c", LINK, "a")]);
        let root = tempfile::tempdir().unwrap();
        unpack(&mut bytes.as_slice(), root.path(), Some("copy")).unwrap();
        for name in ["a", "b", "c"] {
            assert_eq!(std::fs::read_to_string(root.path().join("copy").join(name)).unwrap(), "one");
        }
        unpack(&mut bytes.as_slice(), root.path(), None).unwrap();
        assert!(root.path().join("a").is_file());
    }

    #[test]
    fn the_content_of_a_directory_keeps_its_structure() {
        let entries = [
            ("./", DIR, ""),
            ("./top", FILE, "1"),
            ("./a", DIR, ""),
            ("./a/two", FILE, "2"),
            ("./a/b", DIR, ""),
            ("./a/b/three", FILE, "3"),
            ("./c", DIR, ""),
            ("./c/two", HARD, "./a/two"),
        ];
        for name in [None, Some("copy")] {
            let root = tempfile::tempdir().unwrap();
            unpack(&mut archive(&entries).as_slice(), root.path(), name).unwrap();
            let base = root.path().join(name.unwrap_or_default());
            let read = |path: &str| std::fs::read_to_string(base.join(path)).unwrap();
            assert_eq!([read("top"), read("a/two"), read("a/b/three"), read("c/two")], ["1", "2", "3", "2"]);
        }
    }

    #[test]
    fn a_directory_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let mut archive = tar::Builder::new(Vec::new());
        for (path, kind, mode) in [("src/", DIR, 0o750), ("src/secret/", DIR, 0o500), ("src/secret/a", FILE, 0o600)] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_size(0);
            archive.append_data(&mut header, path, std::io::empty()).unwrap();
        }
        let root = tempfile::tempdir().unwrap();
        unpack(&mut archive.into_inner().unwrap().as_slice(), root.path(), Some("copy")).unwrap();
        let mode = |path: &str| root.path().join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!([mode("copy"), mode("copy/secret"), mode("copy/secret/a")], [0o750, 0o500, 0o600]);
    }

    #[test]
    fn nothing_leaves_the_directory() {
        let outside = tempfile::tempdir().unwrap();
        let there = outside.path().to_str().unwrap();
        let hostile = [
            vec![("src/../../evil", FILE, "")],
            vec![("src", DIR, ""), ("src/link", LINK, there), ("src/link/evil", FILE, "")],
            vec![("src", DIR, ""), ("src/link", HARD, "../../etc/passwd")],
        ];
        for entries in hostile {
            let root = tempfile::tempdir().unwrap();
            assert!(unpack(&mut archive(&entries).as_slice(), root.path(), Some("x")).is_err(), "{entries:?}");
        }
        // A link is replaced, not written through.
        let root = tempfile::tempdir().unwrap();
        let target = outside.path().join("file");
        std::fs::write(&target, "kept").unwrap();
        let entries = [("src", LINK, target.to_str().unwrap()), ("src", FILE, "new")];
        unpack(&mut archive(&entries).as_slice(), root.path(), Some("x")).unwrap();
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "kept");
    }
}
