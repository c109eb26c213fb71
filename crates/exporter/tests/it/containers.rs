//! Containers of a real engine.

use std::time::Duration;

use bollard::models::{HostConfig, RestartPolicy, RestartPolicyNameEnum};
use wharf_exporter::Collector;
use wharf_testkit::eventually;

use crate::peer::get;
use crate::served::{Container, DEADLINE, Served, config, of};

const SLEEP: [&str; 2] = ["sleep", "600"];

/// What the Docker mixin of grafana/jsonnet-libs queries, and what most cAdvisor dashboards do beyond it.
const NAMES: [&str; 30] = [
    "container_cpu_cfs_periods_total",
    "container_cpu_cfs_throttled_periods_total",
    "container_cpu_cfs_throttled_seconds_total",
    "container_cpu_system_seconds_total",
    "container_cpu_usage_seconds_total",
    "container_cpu_user_seconds_total",
    "container_fs_usage_bytes",
    "container_last_seen",
    "container_memory_cache",
    "container_memory_failcnt",
    "container_memory_max_usage_bytes",
    "container_memory_rss",
    "container_memory_swap",
    "container_memory_usage_bytes",
    "container_memory_working_set_bytes",
    "container_network_receive_bytes_total",
    "container_network_receive_errors_total",
    "container_network_receive_packets_dropped_total",
    "container_network_receive_packets_total",
    "container_network_transmit_bytes_total",
    "container_network_transmit_errors_total",
    "container_network_transmit_packets_dropped_total",
    "container_network_transmit_packets_total",
    "container_oom_events_total",
    "container_restarts_total",
    "container_spec_cpu_period",
    "container_spec_cpu_quota",
    "container_spec_memory_limit_bytes",
    "container_spec_memory_reservation_limit_bytes",
    "container_start_time_seconds",
];

fn limited() -> HostConfig {
    HostConfig {
        memory: Some(64 << 20),
        memory_reservation: Some(32 << 20),
        nano_cpus: Some(500_000_000),
        ..HostConfig::default()
    }
}

#[tokio::test]
async fn a_container_has_the_names_that_dashboards_ask_for_in_thirty_series() {
    let labels = [("com.docker.compose.project", "p"), ("com.docker.compose.service", "s"), ("another", "label")];
    let container = Container::start("names", &SLEEP, &labels, limited()).await;
    let served = Served::start(config(&[Collector::Containers])).await;
    let scrape = served.scrape_with("container_fs_usage_bytes", &container.name).await;
    let mut found: Vec<String> = of(&scrape, &container.name).into_iter().map(|(name, _)| name).collect();
    // Only once there was I/O, which depends on the page cache.
    found.retain(|name| !["container_fs_reads", "container_fs_writes"].iter().any(|prefix| name.starts_with(prefix)));
    assert_eq!(found, NAMES);
    assert!(scrape.value("machine_memory_bytes", &[]) > 1e8 && scrape.value("machine_cpu_cores", &[]) >= 1.0);

    let is = [("name", container.name.as_str())];
    let value = |name: &str| scrape.value(name, &is);
    assert_eq!(value("container_spec_memory_limit_bytes"), f64::from(64 << 20));
    assert_eq!(value("container_spec_memory_reservation_limit_bytes"), f64::from(32 << 20));
    assert_eq!((value("container_spec_cpu_quota"), value("container_spec_cpu_period")), (50_000.0, 100_000.0));
    assert!(value("container_memory_working_set_bytes") <= value("container_memory_usage_bytes"));
    assert!((0.0..60.0).contains(&(value("container_last_seen") - value("container_start_time_seconds"))));

    let (labels, _) =
        scrape.0["container_last_seen"].iter().find(|(labels, _)| labels["name"] == container.name).unwrap();
    assert_eq!(labels["container_label_com_docker_compose_project"], "p");
    assert_eq!(labels["container_label_com_docker_compose_service"], "s");
    assert_eq!(labels["image"], "wharf-local/debian:bookworm");
    assert!(labels["id"].starts_with('/'), "{labels:?}");
    assert_eq!(labels.len(), 5, "only labels that are allowed: {labels:?}");
}

#[tokio::test]
async fn where_files_are_out_of_reach_streams_tell_the_same() {
    let container = Container::start("stream", &SLEEP, &[], limited()).await;
    let files = Served::start(config(&[Collector::Containers])).await;
    let nothing = tempfile::tempdir().unwrap();
    let streams = Served::start({
        let mut config = config(&[Collector::Containers]);
        config.procfs = nothing.path().to_owned();
        config
    })
    .await;
    let told = streams.scrape_with("container_memory_usage_bytes", &container.name).await;
    assert!(told.value("wharf_exporter_containers", &[("source", "stream")]) >= 1.0);
    assert_eq!(told.value("wharf_exporter_containers", &[("source", "files")]), 0.0);
    let read = files.scrape_with("container_memory_usage_bytes", &container.name).await;
    assert!(read.value("wharf_exporter_containers", &[("source", "files")]) >= 1.0);
    let is = [("name", container.name.as_str())];
    for (name, slack) in [
        ("container_cpu_usage_seconds_total", 0.5),
        ("container_memory_rss", 1e6),
        ("container_memory_working_set_bytes", 2e6),
        ("container_network_receive_bytes_total", 5_000.0),
        ("container_spec_memory_limit_bytes", 0.0),
        ("container_spec_cpu_quota", 0.0),
        ("container_start_time_seconds", 0.0),
    ] {
        let (told, read) = (told.value(name, &is), read.value(name, &is));
        assert!((told - read).abs() <= slack, "{name}: {told} by stream, {read} by files");
    }
}

#[tokio::test]
async fn a_container_killed_for_its_memory_and_restarted_is_counted() {
    // The kernel kills `tail`, which keeps a line that has no end, and the engine starts the container again.
    let policy = RestartPolicy { name: Some(RestartPolicyNameEnum::ON_FAILURE), maximum_retry_count: Some(2) };
    let host = HostConfig {
        memory: Some(16 << 20),
        memory_swap: Some(16 << 20),
        restart_policy: Some(policy),
        ..HostConfig::default()
    };
    let served = Served::start(config(&[Collector::Containers])).await;
    let ready = served.scrape_until("the engine is listened to", |scrape| {
        match scrape.value("wharf_exporter_collector_success", &[("collector", "containers")]) {
            1.0 => Ok(()),
            _ => Err("not yet".to_owned()),
        }
    });
    ready.await;
    let container = Container::start("oom", &["tail", "/dev/zero"], &[], host).await;
    let counted = served.scrape_until("restarts and their cause are counted", |scrape| {
        let value = |name: &str| {
            of(scrape, &container.name).into_iter().find_map(|(found, value)| (found == name).then_some(value))
        };
        match (value("container_restarts_total"), value("container_oom_events_total")) {
            (Some(restarts), Some(ooms)) if restarts >= 1.0 && ooms >= 1.0 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    counted.await;
    drop(container);
}

#[tokio::test]
async fn containers_that_are_removed_leave_nothing_behind() {
    let served = Served::start(config(&[Collector::Containers])).await;
    let mut containers = Vec::new();
    for number in 0..4 {
        containers.push(Container::start(&format!("gone{number}"), &SLEEP, &[], HostConfig::default()).await);
    }
    for container in &containers {
        served.scrape_with("container_memory_usage_bytes", &container.name).await;
        container.remove().await;
    }
    let gone = eventually("no series of removed containers", DEADLINE, async || {
        let text = get(served.port, "/metrics").await;
        let left = containers.iter().find(|container| text.contains(&container.name));
        left.map_or(Ok(()), |container| Err(format!("{} is still there", container.name)))
    });
    gone.await.unwrap();
}

#[tokio::test]
async fn each_replica_is_a_target_until_it_is_removed() {
    let labels = [
        ("wharf.metrics.port", "8080"),
        ("com.docker.compose.project", "exporter-core-sd"),
        ("com.docker.compose.service", "web"),
    ];
    let served = Served::start(config(&[Collector::Containers])).await;
    let one = Container::start("replica1", &SLEEP, &labels, HostConfig::default()).await;
    let two = Container::start("replica2", &SLEEP, &labels, HostConfig::default()).await;
    let targets = async || {
        let groups: serde_json::Value = serde_json::from_str(&get(served.port, "/sd").await).unwrap();
        let groups = groups.as_array().unwrap().iter();
        let ours = groups.filter(|group| group["labels"]["project"] == "exporter-core-sd");
        ours.map(|group| group["labels"]["instance"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let are = async |expected: Vec<String>| {
        let found = eventually(format!("targets {expected:?}"), DEADLINE, async || {
            let found = targets().await;
            if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
        });
        found.await.unwrap();
    };
    let (first, second) = (format!("{}:8080", one.name), format!("{}:8080", two.name));
    are(vec![first.clone(), second]).await;
    two.remove().await;
    are(vec![first]).await;
}

#[tokio::test]
async fn without_an_engine_the_scrape_goes_on() {
    // One that is not there, and one that takes connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for host in ["unix:///nonexistent/docker.sock".to_owned(), format!("tcp://{}", silent.local_addr().unwrap())] {
        let mut config = config(&[Collector::Containers, Collector::Host]);
        config.engine.host = host.clone();
        let served = Served::start(config).await;
        let scrape = served.scrape().await;
        assert!(scrape.0.contains_key("node_load1"), "{:?}", scrape.names());
        assert!(!scrape.0.contains_key("container_last_seen"));
        let errors = scrape.value("wharf_exporter_collector_errors_total", &[("collector", "containers")]);
        assert!(errors >= 1.0, "{host}");
        assert_eq!(scrape.value("wharf_exporter_collector_success", &[("collector", "containers")]), 0.0, "{host}");
        assert_eq!(scrape.value("wharf_exporter_collector_success", &[("collector", "host")]), 1.0, "{host}");
    }
}

#[tokio::test]
async fn it_ends_when_it_is_asked_to() {
    let served = Served::start(config(&[Collector::Containers, Collector::Host])).await;
    served.scrape().await;
    served.stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), served.task).await.unwrap().unwrap().unwrap();
}
