use std::path::Path;

use super::filesystem::{FileSystems, file_systems};
use super::*;
use crate::exposition::write;

/// A `/proc` with some of its files.
fn procfs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "stat",
            "cpu  10 0 20 30\ncpu0 100 200 300 400 500 600 700 800 5 6\nintr 42 0 1\nctxt 7\nbtime 1700000000\nprocesses 9\nprocs_running 2\nprocs_blocked 1\n",
        ),
        ("loadavg", "0.52 0.58 0.59 1/467 12345\n"),
        ("meminfo", "MemTotal:  1000 kB\nMemFree:  10 kB\nActive(anon): 3 kB\n"),
        ("vmstat", "nr_free_pages 1\npgfault 77\noom_kill 3\n"),
        ("diskstats", " 254 0 vda 1 2 4 1500 5 6 8 2500 3 3500 4500\n 8 1 sda1 1 2 3 4 5 6 7 8 9 10 11\n"),
        ("sys/fs/file-nr", "1184\t0\t1048576\n"),
        (
            "1/net/dev",
            "Inter-|\n face |\n  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n    lo: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0\n",
        ),
        ("pressure/io", "some avg10=0 total=1500000\nfull avg10=0 total=500000\n"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// The lines of a scrape without comments, and without what is this machine's.
fn lines(families: &[crate::exposition::Family]) -> String {
    let text = write(families);
    let ours =
        |line: &&str| !line.starts_with('#') && !line.starts_with("node_time") && !line.starts_with("node_uname");
    text.lines().filter(ours).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_files_of_proc_become_node_exporters_metrics() {
    let folder = procfs();
    let collected = Host::new(folder.path()).collect();
    assert_eq!(collected.errors, Vec::<String>::new());
    insta::assert_snapshot!(lines(&collected.families));
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_others_alone() {
    let folder = procfs();
    std::fs::remove_file(folder.path().join("meminfo")).unwrap();
    std::fs::write(folder.path().join("loadavg"), b"\xff\xfe 1 2").unwrap();
    let collected = Host::new(folder.path()).collect();
    assert_eq!(collected.errors.len(), 1, "{:?}", collected.errors);
    assert!(collected.errors[0].contains("meminfo"), "{}", collected.errors[0]);
    let lines = lines(&collected.families);
    assert!(lines.contains("node_load5 1\n") && lines.contains("node_context_switches_total 7\n"), "{lines}");
}

#[test]
fn file_systems_with_data_are_told_once() {
    let text = "\
/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/vdb /mnt/my\\040data xfs ro,nosuid 0 0
/dev/vdb /mnt/my\\040data xfs rw 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
/dev/vdc /var/lib/docker ext4 rw 0 0
/dev/vdd /var/lib/docker/volumes ext4 rw 0 0
odd
";
    let found = file_systems(text.as_bytes(), Path::new("/"));
    let found: Vec<String> = found.iter().map(|found| format!("{found:?}")).collect();
    insta::assert_snapshot!(found.join("\n"));
    let below = file_systems(b"/dev/vda1 /host/etc ext4 rw 0 0\n", Path::new("/host"));
    assert!(format!("{below:?}").contains("point: \"/etc\""), "{below:?}");
}

#[test]
fn a_mount_point_whose_name_is_not_utf_8_has_its_sizes() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, root) = (procfs(), tempfile::tempdir().unwrap());
    std::fs::create_dir(root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap();
    std::fs::write(folder.path().join("1/mounts"), b"/dev/vdb /caf\xe9 ext4 rw 0 0\n").unwrap();
    let text = write(&FileSystems::new(folder.path(), root.path()).collect().families);
    let of = r#"{device="/dev/vdb",mountpoint="/caf\\xE9",fstype="ext4"} "#;
    assert!(text.contains(&format!("node_filesystem_device_error{of}0\n")), "{text}");
    assert!(text.contains(&format!("node_filesystem_size_bytes{of}")), "{text}");
}

#[test]
fn a_file_system_that_does_not_answer_is_an_error_of_its_own() {
    let folder = procfs();
    std::fs::write(folder.path().join("1/mounts"), "/dev/vda1 / ext4 rw 0 0\n/dev/gone /no/such/folder ext4 rw 0 0\n")
        .unwrap();
    let collected = FileSystems::new(folder.path(), Path::new("/")).collect();
    let text = write(&collected.families);
    assert!(text.contains(
        "node_filesystem_device_error{device=\"/dev/gone\",mountpoint=\"/no/such/folder\",fstype=\"ext4\"} 1"
    ));
    assert!(
        text.contains("node_filesystem_size_bytes{device=\"/dev/vda1\",mountpoint=\"/\",fstype=\"ext4\"} "),
        "{text}"
    );
    assert!(!text.contains("node_filesystem_size_bytes{device=\"/dev/gone\""), "{text}");
}
