//! From a line of `/proc/<pid>/cgroup` to a folder (cgroups(7), cgroup_namespaces(7)).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::proc::mounts::Mount;

/// A mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// Its controllers; empty for version 2, which has all of them.
    controllers: Option<Vec<String>>,
    /// The mounted cgroup.
    root: String,
    /// Where.
    point: PathBuf,
    /// The cgroup that paths are relative to: the root of this process' cgroup namespace.
    namespace: String,
}

/// The folders of a container's cgroup, for each controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its path in the hierarchy, which cAdvisor calls the container's `id`.
    pub(crate) path: String,
    pub(crate) cpu: Option<Folder>,
    pub(crate) cpuacct: Option<Folder>,
    pub(crate) memory: Option<Folder>,
    pub(crate) io: Option<Folder>,
    pub(crate) pids: Option<Folder>,
}

/// A folder and the cgroup version of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    V1(PathBuf),
    V2(PathBuf),
}

/// The hierarchy of a mount. This process' own mount is among `all`.
pub(crate) fn hierarchy(mount: &Mount, all: &[Mount]) -> Hierarchy {
    let controllers =
        (mount.kind == "cgroup").then(|| mount.super_options.split(',').map(str::to_owned).collect::<Vec<_>>());
    let point = PathBuf::from(&mount.point);
    let above = mount.root.split('/').skip(1);
    let (root, namespace) = match mount.root.starts_with("/..") && above.clone().all(|part| part == "..") {
        // The host's mount, seen from a namespace whose root is that many levels deeper.
        true => {
            let own = all.iter().find(|own| own.root == "/" && same_hierarchy(own, mount));
            let inode = own.and_then(|own| Some(std::fs::metadata(&own.point).ok()?.ino()));
            let found = inode.and_then(|inode| find_inode(&point, above.count(), inode));
            let inside = found.and_then(|found| Some(format!("/{}", found.strip_prefix(&point).ok()?.display())));
            ("/".to_owned(), inside.unwrap_or_else(|| "/".to_owned()))
        }
        false => (mount.root.clone(), "/".to_owned()),
    };
    Hierarchy { controllers, root, point, namespace }
}

fn same_hierarchy(one: &Mount, other: &Mount) -> bool {
    one.kind == other.kind && (one.kind == "cgroup2" || one.super_options == other.super_options)
}

/// The folder `depth` levels below `folder` with this inode.
fn find_inode(folder: &Path, depth: usize, inode: u64) -> Option<PathBuf> {
    if depth == 0 {
        return (std::fs::metadata(folder).ok()?.ino() == inode).then(|| folder.to_owned());
    }
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.into_iter().find_map(|entry| find_inode(&entry.path(), depth - 1, inode))
}

/// The container's place, from the text of its first process' `/proc/<pid>/cgroup`.
///
/// A path must name the container, so that a process id of another namespace, or a reused one, is not mistaken for it. The
/// path ends at that name: cgroups that a container makes below its own belong to it.
pub(crate) fn place(text: &str, hierarchies: &[Hierarchy], id: &str) -> Option<Place> {
    let lines: Vec<(&str, &str)> = text.lines().filter_map(line).collect();
    let mut path = None;
    let mut folder = |v1_name: &str| {
        let v1 = lines.iter().find(|(controllers, _)| controllers.split(',').any(|controller| controller == v1_name));
        let v2 = || lines.iter().find(|(controllers, _)| controllers.is_empty());
        let (line, version): (_, fn(PathBuf) -> Folder) = match v1 {
            Some(line) => (line, Folder::V1),
            None => (v2()?, Folder::V2),
        };
        let fits = |hierarchy: &&Hierarchy| match &hierarchy.controllers {
            Some(controllers) => v1.is_some() && controllers.iter().any(|controller| controller == v1_name),
            None => v1.is_none(),
        };
        let (found, folder) = hierarchies.iter().filter(fits).find_map(|hierarchy| within(hierarchy, line.1, id))?;
        path.get_or_insert(found);
        Some(version(folder))
    };
    let (memory, cpu, cpuacct) = (folder("memory"), folder("cpu"), folder("cpuacct"));
    let (io, pids) = (folder("blkio"), folder("pids"));
    Some(Place { path: path?, cpu, cpuacct, memory, io, pids })
}

/// `4:memory:/docker/<id>` to its controllers and its path.
fn line(line: &str) -> Option<(&str, &str)> {
    let mut parts = line.splitn(3, ':');
    parts.next()?;
    Some((parts.next()?, parts.next()?))
}

fn within(hierarchy: &Hierarchy, path: &str, id: &str) -> Option<(String, PathBuf)> {
    let path = joined(&hierarchy.namespace, path)?;
    let name_at = path.find(id)?;
    let end = path[name_at..].find('/').map_or(path.len(), |length| name_at + length);
    let path = &path[..end];
    let inside = Path::new(path).strip_prefix(&hierarchy.root).ok()?;
    let folder = hierarchy.point.join(inside);
    folder.is_dir().then(|| (path.to_owned(), folder))
}

/// `path`, relative to `base`, with each `..` resolved. `None` if it leads out of the root.
pub(crate) fn joined(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}
