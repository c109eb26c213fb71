//! The host, beside node_exporter of Debian.

use wharf_exporter::Collector;
use wharf_testkit::{Peer, eventually};

use crate::peer::{NotServed, Scrape, Slack, differences, get};
use crate::served::{DEADLINE, Served, config};

const FEW: &str = "no container dashboard asks for it";

/// What node_exporter serves with its default collectors, and we do not.
const NOT_SERVED: &[NotServed] = &[
    NotServed { prefix: "go_", reason: "about that exporter's own runtime" },
    NotServed { prefix: "promhttp_", reason: "about that exporter itself" },
    NotServed { prefix: "node_exporter_build_info", reason: "about that exporter itself" },
    NotServed {
        prefix: "node_scrape_collector_",
        reason: "about that exporter itself; ours are wharf_exporter_collector_*",
    },
    NotServed { prefix: "node_textfile_scrape_error", reason: "there is no textfile collector" },
    NotServed { prefix: "node_arp_entries", reason: FEW },
    NotServed { prefix: "node_disk_discard", reason: FEW },
    NotServed { prefix: "node_disk_flush", reason: FEW },
    NotServed { prefix: "node_disk_info", reason: FEW },
    NotServed { prefix: "node_entropy_", reason: FEW },
    NotServed { prefix: "node_memory_", reason: "22 fields of /proc/meminfo are served, not all 50" },
    NotServed { prefix: "node_netstat_", reason: FEW },
    NotServed {
        prefix: "node_network_",
        reason: "bytes, packets, errors and drops are served; no properties of devices",
    },
    NotServed { prefix: "node_nf_conntrack_stat_", reason: FEW },
    NotServed { prefix: "node_os_", reason: FEW },
    NotServed { prefix: "node_selinux_", reason: FEW },
    NotServed { prefix: "node_sockstat_", reason: FEW },
    NotServed { prefix: "node_softnet_", reason: FEW },
    NotServed { prefix: "node_time_", reason: "the time is served, neither zone nor clock source" },
    NotServed { prefix: "node_timex_", reason: FEW },
    NotServed { prefix: "node_udp_queues", reason: FEW },
];

const MB: f64 = 1_048_576.0;

const SLACK: &[Slack] = &[
    Slack { prefix: "node_memory_", absolute: 512.0 * MB, reason: "memory goes up and down while tests run" },
    Slack { prefix: "node_filesystem_free", absolute: 512.0 * MB, reason: "files come and go while tests run" },
    Slack { prefix: "node_filesystem_avail", absolute: 512.0 * MB, reason: "files come and go while tests run" },
    Slack { prefix: "node_filesystem_files_free", absolute: 5_000.0, reason: "files come and go while tests run" },
    Slack { prefix: "node_disk_io_now", absolute: 500.0, reason: "operations come and go" },
    // One scheduler tick, and what is read at another moment of the same scrape.
    Slack { prefix: "node_cpu_", absolute: 0.05, reason: "node_exporter keeps a value that went backwards" },
    Slack { prefix: "node_procs_", absolute: 100.0, reason: "tasks come and go" },
    Slack { prefix: "node_filefd_allocated", absolute: 5_000.0, reason: "files are opened and closed" },
    Slack { prefix: "node_nf_conntrack_entries", absolute: 5_000.0, reason: "connections come and go" },
    Slack { prefix: "node_pressure_", absolute: 1e-6, reason: "a microsecond divided by another number" },
    Slack { prefix: "node_disk_", absolute: 1e-3, reason: "a millisecond divided by another number" },
    Slack { prefix: "node_load", absolute: 5.0, reason: "an average moves every five seconds" },
];

/// Mount points that node_exporter is configured to leave out, as we do.
const NO_DATA: &str = "^/(dev|proc|run|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)";

#[tokio::test]
async fn the_same_names_labels_and_values_as_node_exporter() {
    let arguments = |port| {
        vec![
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--path.procfs=/host/proc".to_owned(),
            "--path.sysfs=/host/sys".to_owned(),
            "--path.rootfs=/host".to_owned(),
            // Debian's package leaves out /mnt and /media, too, where many have their disks.
            format!("--collector.filesystem.mount-points-exclude={NO_DATA}"),
        ]
    };
    let peer = Peer::start_with_folders("prometheus-node-exporter", arguments, &[], &[("/", "/host")]).await.unwrap();
    let served = Served::start(config(&[Collector::Host, Collector::Filesystem])).await;
    // Interfaces come and go with the containers of other tests: one calm moment is enough.
    let agree = eventually("the two agree", DEADLINE, async || {
        let before = served.scrape().await;
        let mut theirs = Scrape::parse(&get(peer.port(), "/metrics").await);
        let after = served.scrape().await;
        theirs.0.retain(|name, _| !name.starts_with("process_"));
        let found = differences(&before, &theirs, &after, SLACK, NOT_SERVED);
        assert!(theirs.0.len() > 200, "{}", theirs.0.len());
        if found.is_empty() { Ok(()) } else { Err(format!("{found:#?}")) }
    });
    agree.await.unwrap();
}
