//! Marks containers with their test run, and removes what dead runs left behind.

use std::{collections::HashMap, fmt, fs, str::FromStr};

use bollard::{
    Docker,
    query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder},
};

/// The label with the test's name.
pub(crate) const TEST_LABEL: &str = "org.wharf.testkit.test";
/// The label with the [`Run`].
pub(crate) const RUN_LABEL: &str = "org.wharf.testkit.run";

/// Identifies a test process uniquely: process ids are reused, but not with the same start time, boot and process
/// namespace.
///
/// Its text form, `boot-namespace-pid-start`, consists of digits, the letters a to f and `-`, so it can be part of the
/// names of containers and Compose projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    boot: String,
    namespace: String,
    pid: u32,
    start: u64,
}

impl Run {
    /// The run of this process. `None` without `/proc`, so on systems other than Linux.
    #[must_use]
    pub fn current() -> Option<Self> {
        let pid = std::process::id();
        Some(Self { boot: boot()?, namespace: namespace()?, pid, start: start_of(pid)? })
    }

    /// Whether the process is known to be gone. False if this cannot be determined from here.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let (Some(boot), Some(namespace)) = (boot(), namespace()) else { return false };
        if self.boot != boot {
            return true;
        }
        self.namespace == namespace && start_of(self.pid) != Some(self.start)
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.boot, self.namespace, self.pid, self.start)
    }
}

/// The text does not describe a [`Run`].
#[derive(Debug, thiserror::Error)]
#[error("`{0}` does not name a test run")]
pub struct NotARun(String);

impl FromStr for Run {
    type Err = NotARun;

    fn from_str(text: &str) -> Result<Self, NotARun> {
        let parts: Vec<&str> = text.split('-').collect();
        let [boot, namespace, pid, start] = parts[..] else { return Err(NotARun(text.to_owned())) };
        match (pid.parse(), start.parse()) {
            (Ok(pid), Ok(start)) => Ok(Self { boot: boot.to_owned(), namespace: namespace.to_owned(), pid, start }),
            _ => Err(NotARun(text.to_owned())),
        }
    }
}

/// The first part of the boot's random id, which is enough to distinguish boots.
fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.split('-').next()?.to_owned())
}

/// The number in `pid:[4026531836]`.
fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_str()?.chars().filter(char::is_ascii_digit).collect())
}

/// When a process started, in clock ticks since boot. `None` if it does not exist.
fn start_of(pid: u32) -> Option<u64> {
    start_in_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of `/proc/<pid>/stat` (proc(5)). The second field, a program's name in brackets, may hold anything.
fn start_in_stat(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// The name of the test that runs on this thread. libtest names threads after their tests.
pub(crate) fn test_name() -> String {
    std::thread::current().name().unwrap_or("unnamed").to_owned()
}

/// Removes the containers of runs that are over, with their volumes. What cannot be removed is left for the next sweep,
/// because a test must not fail because of another run's leftovers.
pub(crate) async fn sweep(docker: &Docker) {
    let filters = HashMap::from([("label", vec![RUN_LABEL])]);
    let all = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    for container in docker.list_containers(Some(all)).await.unwrap_or_default() {
        let run = container.labels.as_ref().and_then(|labels| labels.get(RUN_LABEL)?.parse::<Run>().ok());
        if let (Some(id), true) = (container.id, run.is_some_and(|run| run.is_over())) {
            remove(docker, &id).await;
        }
    }
}

/// Removes a container with its volumes. It is fine if it is already gone.
pub(crate) async fn remove(docker: &Docker, container: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let _gone_or_for_the_next_sweep = docker.remove_container(container, Some(options)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_run_goes_on_and_others_are_over() {
        let run = Run::current().unwrap();
        assert!(!run.is_over());
        assert_eq!(run.to_string().parse::<Run>().unwrap(), run);
        assert!(Run { start: run.start + 1, ..run.clone() }.is_over(), "the id was used again");
        assert!(Run { boot: "another".to_owned(), ..run.clone() }.is_over(), "the machine was booted again");
        assert!(!Run { namespace: "1".to_owned(), start: 0, ..run }.is_over(), "another container's process");
    }

    #[test]
    fn the_start_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4 9 0 0 0 2 1 0 0 20 0 1 0 424242 5 6";
        assert_eq!(start_in_stat(stat), Some(424_242));
        assert_eq!(start_in_stat("7 (cut"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_label_upsets_the_sweep(label: String) {
            if let Ok(run) = label.parse::<Run>() {
                let _ = run.is_over();
            }
        }
    }
}
