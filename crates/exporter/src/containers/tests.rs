use std::sync::Arc;

use super::*;
use crate::exposition::write;

/// Containers on a machine whose `/proc` and cgroups are in a folder.
struct Machine {
    folder: tempfile::TempDir,
    inventory: watch::Sender<Inventory>,
    containers: Containers,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inventory = watch::Sender::new(Inventory::default());
        let settings = Settings {
            procfs: folder.path().join("proc"),
            labels: Labels::new(&["com.docker.compose.service".to_owned()]).unwrap(),
            more: false,
            layer_sizes_every: None,
        };
        let mountinfo = format!("30 1 0:26 / {}/sys rw - cgroup2 cgroup2 rw", folder.path().display());
        let containers = Containers::new(inventory.subscribe(), settings, &mountinfo);
        Machine { folder, inventory, containers }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A container that runs as `pid`, with a few of its files.
    fn start(&self, number: u32, pid: u32) -> Container {
        let id = format!("{number:064x}");
        self.write(&format!("proc/{pid}/cgroup"), &format!("0::/docker/{id}\n"));
        self.write(
            &format!("proc/{pid}/net/dev"),
            "  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n    lo: 1 1 1 1 0 0 0 0 1 1 1 1 0 0 0 0\n",
        );
        self.write(&format!("sys/docker/{id}/cpu.stat"), "usage_usec 1000000\nuser_usec 1\nsystem_usec 1\n");
        self.write(&format!("sys/docker/{id}/memory.current"), "4096\n");
        let container = Container {
            id: id.clone(),
            name: format!("c{number}"),
            pid: Some(pid),
            started: Some(1.0),
            own_network: true,
            ..Container::default()
        };
        self.put(container.clone());
        container
    }

    fn put(&self, container: Container) {
        self.inventory.send_modify(|inventory| {
            inventory.containers.insert(container.id.clone(), Arc::new(container));
        });
    }

    fn text(&mut self) -> String {
        write(&self.containers.collect().families)
    }
}

#[test]
fn a_thousand_containers_that_came_and_went_leave_nothing_behind() {
    let mut machine = Machine::new();
    let before = machine.text();
    for number in 0..1_000 {
        machine.start(number, 10_000 + number);
    }
    let during = machine.text();
    assert_eq!(during.matches("\ncontainer_memory_usage_bytes{").count(), 1_000);
    assert_eq!(machine.containers.places.len(), 1_000);
    machine.inventory.send_modify(|inventory| inventory.containers.clear());
    assert_eq!(machine.text(), before);
    assert!(machine.containers.places.is_empty() && machine.containers.places.capacity() < 10_000);
    assert_eq!(machine.containers.streams.len(), 0);
}

#[test]
fn interfaces_of_the_host_and_the_loopback_are_not_the_containers() {
    let mut machine = Machine::new();
    machine.start(1, 10);
    let on_host = Container { own_network: false, ..machine.start(2, 20) };
    machine.put(on_host);
    let text = machine.text();
    let interfaces: Vec<&str> =
        text.lines().filter(|line| line.starts_with("container_network_receive_bytes")).collect();
    assert_eq!(interfaces.len(), 1, "{interfaces:?}");
    assert!(interfaces[0].contains("name=\"c1\",interface=\"eth0\"} 1"), "{interfaces:?}");
}

#[test]
fn one_that_ought_to_run_is_told_by_its_restarts_alone() {
    let mut machine = Machine::new();
    let running = machine.start(1, 10);
    machine.put(Container { pid: None, missed: true, restarts: 5, oom_events: 2, ..running });
    let text = machine.text();
    let of_it: Vec<&str> = text.lines().filter(|line| line.contains("name=\"c1\"")).collect();
    assert_eq!(of_it.len(), 2, "{of_it:?}");
    assert!(of_it[0].starts_with("container_oom_events_total") && of_it[0].ends_with(" 2"), "{of_it:?}");
    assert!(of_it[1].starts_with("container_restarts_total") && of_it[1].ends_with(" 5"), "{of_it:?}");
}

#[test]
fn a_restarted_container_is_read_where_its_new_process_is() {
    let mut machine = Machine::new();
    let first = machine.start(1, 10);
    assert!(machine.text().contains("container_memory_usage_bytes"));
    // The id of the first process now belongs to another container.
    machine.write("proc/10/cgroup", "0::/docker/another\n");
    machine.put(Container { pid: Some(11), ..first });
    assert!(!machine.text().contains("container_memory_usage_bytes"), "there is no such process");
    machine.start(1, 11);
    assert!(machine.text().contains("container_memory_usage_bytes"));
}
