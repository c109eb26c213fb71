use std::path::Path;

use super::*;
use crate::resource_usage::{CpuTime, Throttling};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A machine's files in a folder: `/proc/42/cgroup` and cgroup folders.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new(cgroup: &str) -> Self {
        let machine = Machine(tempfile::tempdir().unwrap());
        machine.write("proc/42/cgroup", &cgroup.replace("ID", ID));
        machine
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path.replace("ID", ID));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn path(&self, path: &str) -> String {
        self.0.path().join(path).display().to_string()
    }

    /// What is found with this `mountinfo`. `@` is replaced by the folder.
    fn find(&self, mountinfo: &str) -> Result<Place, Unreachable> {
        let mountinfo = mountinfo.replace('@', &self.path("")).replace("ID", ID);
        Cgroups::new(&self.0.path().join("proc"), &mountinfo).find(ID, 42)
    }

    fn read(&self, mountinfo: &str) -> (String, Usage) {
        let place = self.find(mountinfo).unwrap();
        let usage = read(&place, &mut Text::default()).unwrap();
        (place.path.replace(ID, "ID"), usage)
    }
}

const V2: &str = "30 1 0:26 / @sys rw - cgroup2 cgroup2 rw,nsdelegate";

fn write_v2(machine: &Machine, folder: &str) {
    machine
        .write(&format!("{folder}/cpu.stat"), "usage_usec 3500000\nuser_usec 2000000\nsystem_usec 1500000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 250000\n")
        .write(&format!("{folder}/cpu.max"), "50000 100000\n")
        .write(&format!("{folder}/cpu.weight"), "39\n")
        .write(&format!("{folder}/memory.current"), "1000\n")
        .write(&format!("{folder}/memory.stat"), "anon 400\nfile 500\nfile_mapped 30\ninactive_file 300\npgfault 9\npgmajfault 2\n")
        .write(&format!("{folder}/memory.max"), "max\n")
        .write(&format!("{folder}/memory.low"), "77\n")
        .write(&format!("{folder}/memory.events"), "low 0\nhigh 0\nmax 5\noom 2\noom_kill 1\n")
        .write(&format!("{folder}/memory.peak"), "2000\n")
        .write(&format!("{folder}/io.stat"), "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:0\n")
        .write(&format!("{folder}/pids.current"), "3\n")
        .write(&format!("{folder}/pids.max"), "max\n")
        .write(&format!("{folder}/cgroup.procs"), "42\n43\n");
}

#[test]
fn version_2_is_read_where_systemd_puts_it() {
    let machine = Machine::new("0::/system.slice/docker-ID.scope\n");
    write_v2(&machine, "sys/system.slice/docker-ID.scope");
    let (path, usage) = machine.read(V2);
    assert_eq!(path, "/system.slice/docker-ID.scope");
    assert_eq!(usage.cpu, Some(CpuTime { total: 3.5, user: 2.0, system: 1.5 }));
    assert_eq!(usage.throttling, Some(Throttling { periods: 10, throttled_periods: 4, throttled: 0.25 }));
    insta::assert_debug_snapshot!(usage);
}

#[test]
fn a_rootless_engines_container_is_found_in_its_users_slice() {
    let folder = "user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope";
    let machine = Machine::new(&format!("0::/{folder}\n"));
    write_v2(&machine, &format!("sys/{folder}"));
    assert_eq!(machine.read(V2).0, format!("/{folder}"));
}

#[test]
fn without_a_limit_on_cpu_time_there_is_no_throttling() {
    let machine = Machine::new("0::/docker/ID\n");
    write_v2(&machine, "sys/docker/ID");
    machine.write("sys/docker/ID/cpu.max", "max 100000\n");
    let (_, usage) = machine.read(V2);
    assert_eq!((usage.throttling, usage.limits.cpu_quota), (None, None));
}

const V1: &str = "\
31 1 0:27 / @sys/cpu rw - cgroup cgroup rw,cpu
32 1 0:28 / @sys/cpuacct rw - cgroup cgroup rw,cpuacct
33 1 0:29 / @sys/memory rw - cgroup cgroup rw,memory
34 1 0:30 / @sys/blkio rw - cgroup cgroup rw,blkio
35 1 0:31 / @sys/pids rw - cgroup cgroup rw,pids
36 1 0:32 / @sys/systemd rw - cgroup cgroup rw,xattr,name=systemd";

fn v1() -> Machine {
    let machine = Machine::new(
        "6:name=systemd:/docker/ID\n5:pids:/docker/ID\n4:blkio:/docker/ID\n3:memory:/docker/ID\n2:cpuacct:/docker/ID\n1:cpu:/docker/ID\n0::/\n",
    );
    for (path, text) in [
        ("cpuacct/docker/ID/cpuacct.usage", "2500000000\n"),
        ("cpuacct/docker/ID/cpuacct.stat", "user 150\nsystem 50\n"),
        ("cpu/docker/ID/cpu.cfs_quota_us", "-1\n"),
        ("cpu/docker/ID/cpu.cfs_period_us", "100000\n"),
        ("cpu/docker/ID/cpu.shares", "1024\n"),
        ("memory/docker/ID/memory.usage_in_bytes", "1000\n"),
        ("memory/docker/ID/memory.stat", "cache 1\nrss 2\ntotal_cache 500\ntotal_rss 400\ntotal_inactive_file 300\n"),
        ("memory/docker/ID/memory.limit_in_bytes", "9223372036854771712\n"),
        ("memory/docker/ID/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
        (
            "blkio/docker/ID/blkio.throttle.io_service_bytes_recursive",
            "254:0 Read 4096\n254:0 Write 8192\nTotal 12288\n",
        ),
        ("blkio/docker/ID/blkio.throttle.io_serviced", "254:0 Read 1\n254:0 Write 2\nTotal 3\n"),
        ("pids/docker/ID/pids.current", "2\n"),
    ] {
        machine.write(&format!("sys/{path}"), text);
    }
    machine
}

#[test]
fn version_1_is_read_from_the_folder_of_each_controller() {
    let (path, usage) = v1().read(V1);
    assert_eq!(path, "/docker/ID");
    insta::assert_debug_snapshot!(usage);
}

#[test]
fn side_by_side_each_controller_is_where_its_line_says() {
    // systemd's hybrid layout, with the memory controller moved to version 2.
    let machine = v1();
    machine.write("proc/42/cgroup", &"2:cpuacct:/docker/ID\n1:cpu:/docker/ID\n0::/docker/ID\n".replace("ID", ID));
    write_v2(&machine, "sys/unified/docker/ID");
    let mountinfo = format!("{V1}\n40 1 0:40 / @sys/unified rw - cgroup2 cgroup2 rw");
    let place = machine.find(&mountinfo).unwrap();
    assert!(matches!((&place.cpuacct, &place.memory), (Some(Folder::V1(_)), Some(Folder::V2(_)))), "{place:?}");
    let (_, usage) = machine.read(&mountinfo);
    assert_eq!((usage.cpu.unwrap().total, usage.memory.unwrap().rss), (2.5, 400));
}

#[test]
fn what_a_container_makes_below_its_cgroup_belongs_to_it() {
    let machine = Machine::new("0::/docker/ID/init.scope\n");
    write_v2(&machine, "sys/docker/ID");
    assert_eq!(machine.read(V2).0, "/docker/ID");
}

#[test]
fn in_a_container_the_mounts_root_is_taken_off() {
    // An engine in a container: its cgroup mount begins at that container.
    let machine = Machine::new("0::/docker/outer/docker/ID\n");
    write_v2(&machine, "sys/docker/ID");
    machine.read("30 1 0:26 /docker/outer @sys rw - cgroup2 cgroup2 rw");
}

#[test]
fn from_a_cgroup_namespace_the_way_leads_through_our_own_cgroup() {
    // The host's files are mounted at `host`, and our own view of them at `own`. The inode shows that they are the
    // same.
    let machine = Machine::new("0::/../docker-ID.scope\n");
    write_v2(&machine, "host/system.slice/docker-ID.scope");
    machine.write("host/system.slice/docker-self.scope/cgroup.procs", "").write("host/user.slice/x/cgroup.procs", "");
    let own = machine.path("host/system.slice/docker-self.scope");
    let mountinfo =
        format!("30 1 0:26 / {own} rw - cgroup2 cgroup2 rw\n31 1 0:26 /../.. @host rw - cgroup2 cgroup2 rw");
    assert_eq!(machine.read(&mountinfo).0, "/system.slice/docker-ID.scope");
}

#[test]
fn a_process_of_another_container_is_not_taken_for_it() {
    let machine = Machine::new("0::/docker/another\n");
    write_v2(&machine, "sys/docker/another");
    assert!(matches!(machine.find(V2), Err(Unreachable::Place { .. })));
    let nothing = Cgroups::new(Path::new("/nonexistent"), "").find(ID, 42);
    assert!(matches!(nothing, Err(Unreachable::Process { .. })));
}

#[test]
fn a_cgroup_that_is_gone_has_no_usage() {
    let machine = Machine::new("0::/docker/ID\n");
    write_v2(&machine, "sys/docker/ID");
    let place = machine.find(V2).unwrap();
    std::fs::remove_dir_all(machine.0.path().join("sys/docker")).unwrap();
    assert_eq!(read(&place, &mut Text::default()), None);
}

#[test]
fn files_that_are_no_text_do_no_harm() {
    let machine = Machine::new("0::/docker/ID\n");
    write_v2(&machine, "sys/docker/ID");
    std::fs::write(machine.0.path().join(format!("sys/docker/{ID}/memory.stat")), b"anon \xff\nfile 5\n").unwrap();
    assert_eq!(machine.read(V2).1.memory.unwrap().cache, 5);
}

#[test]
fn paths_with_dots_never_lead_out_of_the_root() {
    assert_eq!(place::joined("/a/b", "/../c").as_deref(), Some("/a/c"));
    assert_eq!(place::joined("/", "/../c"), None);
    assert_eq!(place::joined("/a", "/../../c"), None);
}
