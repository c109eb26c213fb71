//! File systems: the mounts of the first process, and their sizes from the kernel.
//!
//! They are a collector of their own: a network file system whose server is down may block the caller forever.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::metrics as of;
use crate::cgroup::Text;
use crate::collector::Collected;
use crate::families::Families;
use crate::proc::flat_keyed::unescaped_bytes;
use crate::readable::readable;

/// Types without data of their own. node_exporter leaves out the same ones.
const FOREIGN_TYPES: [&str; 24] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];
/// Folders at and below which file systems are left out.
const FOREIGN_FOLDERS: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];
/// Folders below which file systems are left out: those of containers.
const FOREIGN_BELOW: [&str; 2] = ["/var/lib/docker", "/var/lib/containers/storage"];

/// A file system that is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileSystem {
    device: String,
    /// Where it is mounted, for its label.
    point: String,
    /// The same, as bytes.
    path: PathBuf,
    kind: String,
    read_only: bool,
}

/// Reads the mounts, and asks the kernel for their sizes.
#[derive(Debug)]
pub(crate) struct FileSystems {
    procfs: PathBuf,
    rootfs: PathBuf,
    text: Text,
}

impl FileSystems {
    pub(crate) fn new(procfs: &Path, rootfs: &Path) -> Self {
        FileSystems { procfs: procfs.to_owned(), rootfs: rootfs.to_owned(), text: Text::default() }
    }

    /// The families of all file systems. Blocks, perhaps for long.
    pub(crate) fn collect(&mut self) -> Collected {
        let mut families = Families::default();
        let path = self.procfs.join("1/mounts");
        // With `hidepid` only the mounts of this process can be read.
        let bytes = match self.text.try_bytes(&path) {
            Ok(bytes) => bytes.to_vec(),
            Err(_) => match self.text.try_bytes(self.procfs.join("self/mounts")) {
                Ok(bytes) => bytes.to_vec(),
                Err(error) => {
                    let errors = vec![format!("cannot read {}: {error}", path.display())];
                    return Collected { errors, ..Collected::default() };
                }
            },
        };
        for file_system in file_systems(&bytes, &self.rootfs) {
            let inside = file_system.path.strip_prefix("/").unwrap_or(&file_system.path);
            add(&file_system, rustix::fs::statfs(self.rootfs.join(inside)).ok(), &mut families);
        }
        Collected { families: families.into_vec(), ..Collected::default() }
    }
}

fn add(file_system: &FileSystem, stat: Option<rustix::fs::StatFs>, families: &mut Families) {
    let labels = [file_system.device.as_str(), &file_system.point, &file_system.kind];
    families.add(&of::DEVICE_ERROR, &labels, f64::from(u8::from(stat.is_none())));
    let Some(stat) = stat else { return };
    let bytes = |blocks: u64| blocks as f64 * stat.f_bsize as f64;
    families.add(&of::SIZE, &labels, bytes(stat.f_blocks));
    families.add(&of::FREE, &labels, bytes(stat.f_bfree));
    families.add(&of::AVAILABLE, &labels, bytes(stat.f_bavail));
    families.add(&of::FILES, &labels, stat.f_files as f64);
    families.add(&of::FILES_FREE, &labels, stat.f_ffree as f64);
    families.add(&of::READ_ONLY, &labels, f64::from(u8::from(file_system.read_only)));
}

/// The file systems of a `mounts` file (proc_pid_mounts(5)) that hold data, each once. Mount points below `rootfs` are returned
/// without it.
pub(crate) fn file_systems(mounts: &[u8], rootfs: &Path) -> Vec<FileSystem> {
    let mut seen = HashSet::new();
    let all = mounts.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut words = line.split(|byte| *byte == b' ');
        let device = readable(&unescaped_bytes(words.next()?));
        let path = PathBuf::from(OsString::from_vec(unescaped_bytes(words.next()?)));
        let (kind, options) = (readable(words.next()?), words.next()?);
        let path = match path.strip_prefix(rootfs) {
            Ok(inside) => Path::new("/").join(inside),
            Err(_) => path,
        };
        let point = readable(path.as_os_str().as_bytes());
        let read_only = options.split(|byte| *byte == b',').any(|option| option == b"ro");
        Some(FileSystem { device, point, path, kind, read_only })
    });
    all.filter(|file_system| !is_left_out(file_system))
        .filter(|file_system| {
            seen.insert((file_system.device.clone(), file_system.point.clone(), file_system.kind.clone()))
        })
        .collect()
}

fn is_left_out(file_system: &FileSystem) -> bool {
    let point = &file_system.path;
    FOREIGN_TYPES.contains(&file_system.kind.as_str())
        || FOREIGN_FOLDERS.iter().any(|folder| point.starts_with(folder))
        || FOREIGN_BELOW.iter().any(|folder| point.starts_with(folder) && point != Path::new(folder))
}
