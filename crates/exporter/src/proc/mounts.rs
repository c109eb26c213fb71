//! `/proc/<pid>/mountinfo`: mounts (proc_pid_mountinfo(5)).

use crate::proc::flat_keyed::unescaped;

/// A mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// The mounted folder of the file system.
    pub(crate) root: String,
    /// Where.
    pub(crate) point: String,
    /// The type of the file system.
    pub(crate) kind: String,
    /// The source of the mount: for a disk its device.
    pub(crate) source: String,
    /// Options of the file system; for a cgroup hierarchy of version 1 its controllers.
    pub(crate) super_options: String,
}

/// The mounts of a `mountinfo` file. Lines of another form are skipped.
pub(crate) fn mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    // Any number of optional fields comes before the separator.
    let (place, file_system) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let mut file_system = file_system.split(' ');
    Some(Mount {
        root: unescaped(place.next()?),
        point: unescaped(place.next()?),
        kind: file_system.next()?.to_owned(),
        source: unescaped(file_system.next()?),
        super_options: file_system.next().unwrap_or_default().to_owned(),
    })
}

/// The device of the file system of `path`: the source of the deepest mount above it.
pub(crate) fn device_of(path: &str, mounts: &[Mount]) -> Option<String> {
    let above = |mount: &&Mount| std::path::Path::new(path).starts_with(&mount.point);
    // A later mount at the same place hides an earlier one.
    mounts.iter().filter(above).max_by_key(|mount| mount.point.len()).map(|mount| mount.source.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
22 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda1 rw
odd line
36 22 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct
40 22 254:1 / /var/lib/my\\040data rw - xfs /dev/vdb rw";

    #[test]
    fn optional_fields_and_odd_lines_do_no_harm() {
        let mounts = mounts(TEXT);
        assert_eq!(mounts.len(), 3);
        assert_eq!((mounts[0].point.as_str(), mounts[0].source.as_str()), ("/", "/dev/vda1"));
        assert_eq!((mounts[1].root.as_str(), mounts[1].super_options.as_str()), ("/docker/abc", "rw,cpu,cpuacct"));
    }

    #[test]
    fn a_path_is_on_the_device_of_the_deepest_mount() {
        let mounts = mounts(TEXT);
        assert_eq!(device_of("/var/lib/my data/docker", &mounts).as_deref(), Some("/dev/vdb"));
        assert_eq!(device_of("/var/lib/docker", &mounts).as_deref(), Some("/dev/vda1"));
    }
}
