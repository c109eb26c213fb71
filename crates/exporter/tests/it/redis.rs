//! A real Redis: every name that dashboards ask for, and the same as redis_exporter says.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wharf_exporter::databases::{Config, Databases, Protocol};
use wharf_testkit::{Peer, Redis, eventually};

use crate::{
    peer::{NotServed, Scrape, Slack, differences, get},
    scraped::{SECRET, password, probe, redis, server, shows_down, shows_up},
};

/// What Grafana's dashboard 763, the Redis mixin and the alerts of awesome-prometheus-alerts ask of a server that is no
/// replica and no node of a cluster.
const NAMES: [&str; 33] = [
    "redis_blocked_clients",
    "redis_command_calls_total",
    "redis_commands_duration_seconds_total",
    "redis_commands_processed_total",
    "redis_commands_total",
    "redis_config_maxclients",
    "redis_connected_clients",
    "redis_connected_slaves",
    "redis_connections_received_total",
    "redis_cpu_sys_seconds_total",
    "redis_cpu_user_seconds_total",
    "redis_db_keys",
    "redis_db_keys_expiring",
    "redis_evicted_keys_total",
    "redis_expired_keys_total",
    "redis_instance_info",
    "redis_keyspace_hits_total",
    "redis_keyspace_misses_total",
    "redis_mem_fragmentation_ratio",
    "redis_memory_fragmentation_ratio",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
    "redis_memory_used_rss_bytes",
    "redis_net_input_bytes_total",
    "redis_net_output_bytes_total",
    "redis_rdb_changes_since_last_save",
    "redis_rdb_last_save_timestamp_seconds",
    "redis_rejected_connections_total",
    "redis_slowlog_length",
    "redis_start_time_seconds",
    "redis_total_system_memory_bytes",
    "redis_up",
    "redis_uptime_in_seconds",
];

const NOT_SERVED: &[NotServed] = &[
    NotServed { prefix: "go_", reason: "the Go runtime of that exporter" },
    NotServed {
        prefix: "process_",
        reason: "that exporter's own process; ours is served once, by the exporter itself",
    },
    NotServed { prefix: "redis_last_key_groups", reason: "keys are data: they are not counted by groups" },
    NotServed { prefix: "redis_exporter_build_info", reason: "that exporter's version; ours is wharf's" },
    NotServed { prefix: "redis_exporter_scrapes_total", reason: "that exporter's own count of scrapes" },
    NotServed {
        prefix: "redis_exporter_scrape_duration_seconds",
        reason: "that exporter's own summary; the duration of each scrape is served",
    },
    NotServed {
        prefix: "redis_target_scrape_request_errors_total",
        reason: "that exporter's own count of bad requests",
    },
    NotServed {
        prefix: "redis_latency_percentiles_usec",
        reason: "quantiles, which cannot be added up; the mean is in redis_commands_duration_seconds_total",
    },
];

const SLACK: &[Slack] = &[
    Slack { prefix: "redis_exporter_last_scrape", absolute: 1.0, reason: "durations of two programs" },
    Slack { prefix: "redis_start_time_seconds", absolute: 1.0, reason: "the uptime is in whole seconds" },
    Slack { prefix: "redis_connected_clients", absolute: 1.0, reason: "each of the two is a client while it asks" },
    Slack { prefix: "redis_client_recent_max", absolute: 65_536.0, reason: "the two ask in different portions" },
    Slack { prefix: "redis_mem_clients_normal", absolute: 131_072.0, reason: "the two are clients" },
    Slack {
        prefix: "redis_mem_fragmentation_bytes",
        absolute: 2_097_152.0,
        reason: "memory in use moves with clients",
    },
    Slack { prefix: "redis_mem_fragmentation_ratio", absolute: 3.0, reason: "memory in use moves with clients" },
    Slack { prefix: "redis_memory_used", absolute: 524_288.0, reason: "clients' buffers" },
    Slack { prefix: "redis_allocator", absolute: 1_048_576.0, reason: "clients' buffers" },
];

/// Some life: hits, misses, keys with and without a time to live, an error, a slow command.
async fn live(redis: &Redis) {
    let commands = [
        "CONFIG SET slowlog-log-slower-than 5000",
        "CONFIG SET latency-monitor-threshold 1",
        "SET a 1",
        "SET b 2 EX 1000",
        "GET a",
        "GET nothing",
        "LPUSH list 1 2 3",
        "GET list",
        "SELECT 3",
        "SET c 1",
        r#"EVAL "local n = 0 while n < 3000000 do n = n + 1 end" 0"#,
    ];
    tell(redis, &commands).await;
}

async fn tell(redis: &Redis, commands: &[&str]) {
    let mut stream = TcpStream::connect((redis.host(), redis.port())).await.unwrap();
    for command in commands {
        stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn every_name_that_dashboards_ask_for_is_there() {
    let redis = Redis::start().await.unwrap();
    live(&redis).await;
    let databases = self::redis(server(redis.port()));
    let scrape = probe(&databases, Protocol::Redis, redis.port()).await;
    for name in NAMES {
        assert!(scrape.0.contains_key(name), "{name}");
    }
    assert_eq!(scrape.value("redis_up", &[]), 1.0);
    assert_eq!(scrape.value("redis_db_keys", &[("db", "db0")]), 3.0);
    assert_eq!(scrape.value("redis_db_keys_expiring", &[("db", "db0")]), 1.0);
    assert_eq!(scrape.value("redis_db_keys", &[("db", "db3")]), 1.0);
    assert_eq!(scrape.value("redis_db_keys", &[("db", "db15")]), 0.0);
    assert_eq!(scrape.value("redis_errors_total", &[("err", "WRONGTYPE")]), 1.0);
    assert_eq!(scrape.value("redis_keyspace_misses_total", &[]), 1.0);
    assert_eq!(scrape.value("redis_config_maxclients", &[]), 10_000.0);
    assert_eq!(scrape.value("redis_slowlog_length", &[]), 1.0);
    assert!(scrape.value("redis_last_slow_execution_duration_seconds", &[]) > 0.005);
    assert!(scrape.value("redis_latency_spike_duration_seconds", &[("event_name", "command")]) > 0.0);
    // Over one connection, which the next scrape uses again.
    let again = probe(&databases, Protocol::Redis, redis.port()).await;
    let connections = "redis_connections_received_total";
    assert_eq!(again.value(connections, &[]), scrape.value(connections, &[]));
    assert_eq!(again.value("redis_total_error_replies", &[]), 1.0, "our own questions are no errors");
}

/// redis_exporter beside ours, on the same server.
async fn compare(redis: &Redis) -> Vec<String> {
    let arguments = |port| {
        vec![
            format!("-redis.addr=redis://127.0.0.1:{}", redis.port()),
            format!("-web.listen-address=127.0.0.1:{port}"),
            "-include-system-metrics".to_owned(),
        ]
    };
    let peer = Peer::start("prometheus-redis-exporter", arguments, &[]).await.unwrap();
    let databases = self::redis(server(redis.port()));
    // Both have asked everything once: what they ask is counted, too.
    get(peer.port(), "/metrics").await;
    probe(&databases, Protocol::Redis, redis.port()).await;

    let before = probe(&databases, Protocol::Redis, redis.port()).await;
    let theirs = Scrape::parse(&get(peer.port(), "/metrics").await);
    let after = probe(&databases, Protocol::Redis, redis.port()).await;
    assert!(theirs.0.len() > 100, "{}", theirs.0.len());
    differences(&before, &theirs, &after, SLACK, NOT_SERVED)
}

#[tokio::test]
async fn the_same_names_labels_and_values_as_redis_exporter() {
    let redis = Redis::start().await.unwrap();
    live(&redis).await;
    let found = compare(&redis).await;
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn a_master_and_its_replica_know_of_each_other_as_redis_exporter_says() {
    let (master, replica) = (Redis::start().await.unwrap(), Redis::start().await.unwrap());
    live(&master).await;
    let inspect = ["inspect", "--format", "{{.NetworkSettings.IPAddress}}", master.id()];
    let output = tokio::process::Command::new("docker").args(inspect).output().await.unwrap();
    let address = String::from_utf8(output.stdout).unwrap();
    tell(&replica, &[&format!("REPLICAOF {} 6379", address.trim())]).await;
    let databases = self::redis(server(replica.port()));
    let linked = eventually("the replica follows", Duration::from_secs(20), async || {
        let scrape = probe(&databases, Protocol::Redis, replica.port()).await;
        match scrape.0.get("redis_master_link_up") {
            Some(up) if up.values().all(|up| *up == 1.0) => Ok(scrape),
            other => Err(format!("{other:?}")),
        }
    });
    let scrape = linked.await.unwrap();
    assert_eq!(scrape.value("redis_slave_info", &[("master_host", address.trim()), ("read_only", "1")]), 1.0);
    for (server, name) in [(&replica, "redis_slave_repl_offset"), (&master, "redis_connected_slave_offset_bytes")] {
        let scrape = probe(&self::redis(crate::scraped::server(server.port())), Protocol::Redis, server.port()).await;
        assert!(scrape.0.contains_key(name), "{name}");
        let found = compare(server).await;
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[tokio::test]
async fn clients_on_request() {
    let redis = Redis::start().await.unwrap();
    let config = Config { redis: vec![server(redis.port())], client_list: true, ..Config::default() };
    let scrape = probe(&Databases::new(config).unwrap(), Protocol::Redis, redis.port()).await;
    assert_eq!(scrape.value("redis_connected_client_info", &[("name", "wharf_exporter")]), 1.0);
    assert!(scrape.value("redis_connected_client_created_at_timestamp", &[("name", "wharf_exporter")]) > 1.6e9);
}

#[tokio::test]
async fn a_password_is_sent_and_a_wrong_one_is_down() {
    let redis = Redis::start().await.unwrap();
    tell(&redis, &["CONFIG SET requirepass correct-horse-battery"]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut server = server(redis.port());
    let up = async |server| probe(&self::redis(server), Protocol::Redis, redis.port()).await.value("redis_up", &[]);
    assert_eq!(up(server.clone()).await, 0.0, "without a password");
    server.password_file = password(&folder, "wrong");
    let scrape = probe(&self::redis(server.clone()), Protocol::Redis, redis.port()).await;
    assert_eq!(scrape.value("redis_up", &[]), 0.0);
    assert_eq!(scrape.value("redis_exporter_last_scrape_error", &[("err", "the server refused: WRONGPASS")]), 1.0);
    server.password_file = password(&folder, SECRET);
    assert_eq!(up(server.clone()).await, 1.0);
    server.username = Some("default".to_owned());
    assert_eq!(up(server).await, 1.0);
}

#[tokio::test]
async fn a_server_that_goes_is_down_at_once_and_up_when_it_is_back() {
    let redis = Redis::start().await.unwrap();
    let databases = self::redis(server(redis.port()));
    let up = format!("redis_up{{addr=\"127.0.0.1:{}\"}} ", redis.port());
    shows_up(&databases, &up).await;
    redis.pause().await.unwrap();
    shows_down(&databases, &up).await;
    redis.unpause().await.unwrap();
    shows_up(&databases, &up).await;
    redis.kill_main_process().await.unwrap();
    shows_down(&databases, &up).await;
    redis.start_again().await.unwrap();
    shows_up(&databases, &up).await;
}
