//! A real Postgres: every name that dashboards ask for, the same as postgres_exporter says, and SQL of one's own.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use wharf_exporter::databases::{Config, Databases, Method, Protocol, Server};
use wharf_testkit::{Peer, Postgres, eventually};

use crate::{
    peer::{NotServed, Scrape, Slack, differences, get},
    scraped::{Log, SECRET, collect, password, probe, probe_up, server, shows_down, shows_up},
};

/// What the Postgres mixin, Grafana's dashboard 9628 and the alerts of awesome-prometheus-alerts ask of a primary
/// without replication slots, in the spellings of all versions.
const NAMES: [&str; 76] = [
    "pg_database_size_bytes",
    "pg_exporter_last_scrape_error",
    "pg_locks_count",
    "pg_long_running_transactions",
    "pg_postmaster_start_time_seconds",
    "pg_replication_is_replica",
    "pg_replication_lag",
    "pg_replication_lag_seconds",
    "pg_settings_autovacuum_analyze_threshold",
    "pg_settings_autovacuum_vacuum_scale_factor",
    "pg_settings_autovacuum_vacuum_threshold",
    "pg_settings_effective_cache_size_bytes",
    "pg_settings_maintenance_work_mem_bytes",
    "pg_settings_max_connections",
    "pg_settings_max_locks_per_transaction",
    "pg_settings_max_parallel_workers",
    "pg_settings_max_wal_size_bytes",
    "pg_settings_max_worker_processes",
    "pg_settings_random_page_cost",
    "pg_settings_seq_page_cost",
    "pg_settings_shared_buffers_bytes",
    "pg_settings_superuser_reserved_connections",
    "pg_settings_transaction_read_only",
    "pg_settings_work_mem_bytes",
    "pg_stat_activity_count",
    "pg_stat_activity_max_tx_duration",
    "pg_stat_archiver_archived_count",
    "pg_stat_archiver_failed_count",
    "pg_stat_bgwriter_buffers_alloc",
    "pg_stat_bgwriter_buffers_alloc_total",
    "pg_stat_bgwriter_buffers_backend",
    "pg_stat_bgwriter_buffers_backend_fsync",
    "pg_stat_bgwriter_buffers_backend_fsync_total",
    "pg_stat_bgwriter_buffers_backend_total",
    "pg_stat_bgwriter_buffers_checkpoint",
    "pg_stat_bgwriter_buffers_checkpoint_total",
    "pg_stat_bgwriter_buffers_clean",
    "pg_stat_bgwriter_buffers_clean_total",
    "pg_stat_bgwriter_checkpoint_sync_time",
    "pg_stat_bgwriter_checkpoint_sync_time_total",
    "pg_stat_bgwriter_checkpoint_write_time",
    "pg_stat_bgwriter_checkpoint_write_time_total",
    "pg_stat_bgwriter_checkpoints_req_total",
    "pg_stat_bgwriter_checkpoints_timed_total",
    "pg_stat_checkpointer_num_requested_total",
    "pg_stat_checkpointer_num_timed_total",
    "pg_stat_checkpointer_write_time_total",
    "pg_stat_database_blk_read_time",
    "pg_stat_database_blk_write_time",
    "pg_stat_database_blks_hit",
    "pg_stat_database_blks_read",
    "pg_stat_database_conflicts",
    "pg_stat_database_deadlocks",
    "pg_stat_database_numbackends",
    "pg_stat_database_temp_bytes",
    "pg_stat_database_temp_files",
    "pg_stat_database_tup_deleted",
    "pg_stat_database_tup_fetched",
    "pg_stat_database_tup_inserted",
    "pg_stat_database_tup_returned",
    "pg_stat_database_tup_updated",
    "pg_stat_database_xact_commit",
    "pg_stat_database_xact_rollback",
    "pg_stat_user_tables_last_autoanalyze",
    "pg_stat_user_tables_last_autovacuum",
    "pg_stat_user_tables_n_dead_tup",
    "pg_stat_user_tables_n_live_tup",
    "pg_stat_user_tables_n_tup_del",
    "pg_stat_user_tables_n_tup_hot_upd",
    "pg_stat_user_tables_n_tup_upd",
    "pg_statio_user_tables_heap_blks_read",
    "pg_statio_user_tables_heap_blocks_read",
    "pg_static",
    "pg_txid_current",
    "pg_up",
    "pg_wal_size_bytes",
];

const NOT_SERVED: &[NotServed] = &[
    NotServed { prefix: "go_", reason: "the Go runtime of that exporter" },
    NotServed {
        prefix: "process_",
        reason: "that exporter's own process; ours is served once, by the exporter itself",
    },
    NotServed { prefix: "promhttp_", reason: "the HTTP library of that exporter" },
    NotServed { prefix: "postgres_exporter_build_info", reason: "that exporter's version; ours is wharf's" },
    NotServed { prefix: "pg_exporter_scrapes_total", reason: "that exporter's own count of scrapes" },
    NotServed {
        prefix: "pg_stat_replication_",
        reason: "that version puts the pid into the label slot_name, and a time into reply_time; later ones do not",
    },
    NotServed { prefix: "pg_settings_extra_float_digits", reason: "each of the two sets it for its own connection" },
    NotServed { prefix: "pg_scrape_collector", reason: "its queries are cut into other collectors" },
];

const SLACK: &[Slack] = &[
    Slack { prefix: "pg_exporter_last_scrape_duration", absolute: 1.0, reason: "durations of two programs" },
    // It has two where the connection of its last scrape still ends.
    Slack {
        prefix: "pg_stat_activity",
        absolute: 2.0,
        reason: "it counts its own connections, and ours leaves its own out",
    },
];

fn postgres(port: u16, folder: &tempfile::TempDir) -> Server {
    Server {
        database: Some(Postgres::DATABASE.to_owned()),
        username: Some(Postgres::USER.to_owned()),
        password_file: password(folder, Postgres::PASSWORD),
        ..server(port)
    }
}

fn databases(server: Server) -> Databases {
    Databases::new(Config { postgres: vec![server], ..Config::default() }).unwrap()
}

async fn tell(postgres: &Postgres, sql: &str) {
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
    connection.close().await.unwrap();
}

const SHOP: &str = "CREATE TABLE orders (id int PRIMARY KEY, state text);
    INSERT INTO orders SELECT n, CASE WHEN n % 2 = 0 THEN 'new' ELSE 'paid' END FROM generate_series(1, 100) n;
    UPDATE orders SET state = 'sent' WHERE id = 1; DELETE FROM orders WHERE id = 2; CHECKPOINT;";

#[tokio::test]
async fn every_name_that_dashboards_ask_for_is_there() {
    let server = Postgres::start().await.unwrap();
    tell(&server, SHOP).await;
    let folder = tempfile::tempdir().unwrap();
    let databases = databases(postgres(server.port(), &folder));
    let scrape = probe_up(&databases, Protocol::Postgres, server.port()).await;
    for name in NAMES {
        assert!(scrape.0.contains_key(name), "{name}");
    }
    assert_eq!(scrape.value("pg_up", &[]), 1.0);
    assert_eq!(scrape.value("pg_exporter_last_scrape_error", &[]), 0.0);
    let failed = scrape.0["pg_scrape_collector_success"].iter().find(|(_, success)| **success != 1.0);
    assert_eq!(failed, None);
    assert_eq!(scrape.value("pg_replication_is_replica", &[]), 0.0);
    assert_eq!(scrape.value("pg_static", &[]), 1.0);
    let short = scrape.0["pg_static"].keys().next().unwrap()["short_version"].clone();
    assert!(short.starts_with("15."), "{short}");
    assert!(scrape.value("pg_database_size_bytes", &[("datname", Postgres::DATABASE)]) > 1e6);
    let settings = scrape.0.keys().filter(|name| name.starts_with("pg_settings_")).count();
    assert!(settings > 200, "{settings}");
}

#[tokio::test]
async fn a_role_that_may_only_monitor_is_enough() {
    let server = Postgres::start().await.unwrap();
    tell(&server, "CREATE ROLE metrics LOGIN PASSWORD 'correct-horse-battery' IN ROLE pg_monitor").await;
    let folder = tempfile::tempdir().unwrap();
    let mut entry = postgres(server.port(), &folder);
    entry.username = Some("metrics".to_owned());
    entry.password_file = password(&folder, SECRET);
    let scrape = probe_up(&databases(entry), Protocol::Postgres, server.port()).await;
    let failed = scrape.0["pg_scrape_collector_success"].iter().find(|(_, success)| **success != 1.0);
    assert_eq!(failed, None);
    assert_eq!(scrape.value("pg_exporter_last_scrape_error", &[]), 0.0);
}

/// Somebody who receives the write-ahead log, in the server's own container.
async fn receive(server: &Postgres) {
    let password = format!("PGPASSWORD={}", Postgres::PASSWORD);
    let command = ["pg_receivewal", "-D", "/tmp", "-h", "127.0.0.1", "-U", Postgres::USER];
    let arguments = [&["exec", "--detach", "--env", &password, server.id()][..], &command].concat();
    let status = tokio::process::Command::new("docker").args(arguments).status().await.unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn the_same_names_labels_and_values_as_postgres_exporter() {
    let server = Postgres::start().await.unwrap();
    tell(&server, SHOP).await;
    tell(&server, "SELECT pg_create_physical_replication_slot('standby', true)").await;
    receive(&server).await;
    let source = format!("{}?sslmode=disable", server.url());
    let arguments = |port| vec![format!("--web.listen-address=127.0.0.1:{port}")];
    let peer = Peer::start("prometheus-postgres-exporter", arguments, &[("DATA_SOURCE_NAME", &source)]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let databases = databases(postgres(server.port(), &folder));
    get(peer.port(), "/metrics").await;
    let received = eventually("the log is received", Duration::from_secs(20), async || {
        let scrape = probe_up(&databases, Protocol::Postgres, server.port()).await;
        match scrape.0.get("pg_stat_replication_pg_current_wal_lsn_bytes") {
            Some(series) if series.keys().all(|labels| labels["state"] == "streaming") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    received.await.unwrap();

    let before = probe_up(&databases, Protocol::Postgres, server.port()).await;
    let theirs = Scrape::parse(&get(peer.port(), "/metrics").await);
    let after = probe_up(&databases, Protocol::Postgres, server.port()).await;
    let found = differences(&before, &theirs, &after, SLACK, NOT_SERVED);
    assert!(found.is_empty(), "{found:#?}");
    assert!(theirs.0.len() > 100, "{}", theirs.0.len());
    let receiver = [("application_name", "pg_receivewal"), ("client_addr", "127.0.0.1"), ("state", "streaming")];
    let position = "pg_stat_replication_pg_current_wal_lsn_bytes";
    assert!(after.value(position, &receiver) >= theirs.value(position, &receiver));
    let slot = [("slot_name", "standby"), ("slot_type", "physical")];
    assert_eq!(after.value("pg_replication_slots_slot_is_active", &slot), 0.0);
    assert_eq!(after.value("pg_replication_slots_wal_status", &[slot[0], slot[1], ("wal_status", "reserved")]), 1.0);
}

#[tokio::test]
async fn a_server_that_goes_is_down_at_once_and_up_when_it_is_back() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let databases = databases(postgres(server.port(), &folder));
    let up = format!("pg_up{{server=\"127.0.0.1:{}\"}} ", server.port());
    shows_up(&databases, &up).await;
    server.pause().await.unwrap();
    shows_down(&databases, &up).await;
    server.unpause().await.unwrap();
    shows_up(&databases, &up).await;
    server.kill_main_process().await.unwrap();
    shows_down(&databases, &up).await;
    server.start_again().await.unwrap();
    shows_up(&databases, &up).await;
}

#[tokio::test]
async fn a_wrong_password_is_down_and_in_no_log() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut entry = postgres(server.port(), &folder);
    entry.password_file = password(&folder, SECRET);
    let log = Log::default();
    let guard = log.record();
    let scrape = probe(&databases(entry.clone()), Protocol::Postgres, server.port()).await;
    assert_eq!(scrape.value("pg_up", &[]), 0.0);
    entry.password_file = Some(folder.path().join("not-there"));
    let scrape = probe(&databases(entry), Protocol::Postgres, server.port()).await;
    assert_eq!(scrape.value("pg_up", &[]), 0.0);
    drop(guard);
    let log = log.text();
    assert!(log.contains("password authentication failed for user") && log.contains("not-there"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

/// Databases with this queries.yaml.
async fn with_queries(server: &Postgres, folder: &tempfile::TempDir, queries: &str) -> Databases {
    let file = folder.path().join("queries.yaml");
    std::fs::write(&file, queries).unwrap();
    let config = Config { postgres: vec![postgres(server.port(), folder)], queries: Some(file), ..Config::default() };
    Databases::new(config).unwrap()
}

#[tokio::test]
async fn sql_of_ones_own_becomes_metrics_and_can_only_read() {
    let server = Postgres::start().await.unwrap();
    tell(&server, SHOP).await;
    tell(&server, "CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql AS 'DELETE FROM orders RETURNING id'").await;
    let folder = tempfile::tempdir().unwrap();
    let queries = r#"
shop_orders:
  query: "SELECT state, count(*) AS count, max(now()) AS last FROM orders GROUP BY state;"
  metrics:
    - state: {usage: LABEL, description: "State."}
    - count: {usage: GAUGE, description: "Orders."}
    - last: {usage: GAUGE, description: "Last."}
rows:
  query: "SELECT n::text AS n, 1 AS one FROM generate_series(1, 100000) n"
  metrics: [{n: {usage: LABEL}}, {one: {usage: GAUGE}}]
elsewhere:
  query: "SELECT 1 AS x"
  runonserver: "<15"
two_statements:
  query: "SELECT 1 AS x; DELETE FROM orders"
writes:
  query: "DELETE FROM orders RETURNING id"
leaves:
  query: "SELECT 1 AS x; COMMIT; DELETE FROM orders"
hidden:
  query: "SELECT sneaky() AS x"
"#;
    let databases = with_queries(&server, &folder, queries).await;
    let scrape = probe_up(&databases, Protocol::Postgres, server.port()).await;
    assert_eq!(scrape.value("shop_orders_count", &[("state", "paid")]), 49.0);
    assert_eq!(scrape.value("shop_orders_count", &[("state", "new")]), 49.0);
    assert!(scrape.value("shop_orders_last", &[("state", "sent")]) > 1.6e9);
    assert_eq!(scrape.0["rows_one"].len(), 1_000);
    assert!(!scrape.0.contains_key("elsewhere_x"));
    for refused in ["two_statements", "writes", "leaves", "hidden"] {
        assert_eq!(scrape.value("pg_scrape_collector_success", &[("collector", refused)]), 0.0, "{refused}");
    }
    assert_eq!(scrape.value("pg_exporter_last_scrape_error", &[]), 1.0);
    let again = probe_up(&databases, Protocol::Postgres, server.port()).await;
    assert_eq!(again.value("shop_orders_count", &[("state", "paid")]), 49.0, "nothing was deleted");
    assert_eq!(again.value("pg_up", &[]), 1.0);
}

#[tokio::test]
async fn a_query_that_takes_too_long_does_not_hold_the_scrape() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let databases = with_queries(&server, &folder, "slow:\n  query: \"SELECT pg_sleep(60), 1 AS x\"\n").await;
    let (text, took) = collect(&databases, Duration::from_secs(2)).await;
    assert!(took < Duration::from_millis(2_300), "{took:?}");
    assert!(text.contains("pg_stat_database_xact_commit{"), "the others are there: {text}");
    assert!(text.contains("pg_scrape_collector_success{collector=\"slow\","), "{text}");
    assert!(text.contains("pg_exporter_last_scrape_error{server="), "{text}");
}

#[tokio::test]
async fn a_locked_table_costs_its_own_sizes_and_nothing_else() {
    let server = Postgres::start().await.unwrap();
    tell(&server, SHOP).await;
    tell(&server, "CREATE TABLE other (id int PRIMARY KEY)").await;
    let folder = tempfile::tempdir().unwrap();
    let queries = "waits:\n  query: \"SELECT count(*) AS n FROM orders\"\nruns:\n  query: \"SELECT 1 AS x\"\n";
    let databases = with_queries(&server, &folder, queries).await;
    let before = probe_up(&databases, Protocol::Postgres, server.port()).await;
    let mut locker = PgConnection::connect(&server.url()).await.unwrap();
    locker.execute("BEGIN; ALTER TABLE orders ADD COLUMN more int").await.unwrap();
    // The one before may have begun before the lock.
    let (text, took) = collect(&databases, Duration::from_secs(10)).await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    let locked = Scrape::parse(&text);
    let missing: Vec<_> = before.0.keys().filter(|name| !locked.0.contains_key(*name)).collect();
    assert_eq!(missing, ["waits_n"]);
    let sizes = &locked.0["pg_stat_user_tables_table_size_bytes"];
    let tables: Vec<_> = sizes.keys().map(|labels| labels["relname"].as_str()).collect();
    assert_eq!(tables, ["other"], "the locked one is left out");
    let failed: Vec<_> = locked.0["pg_scrape_collector_success"]
        .iter()
        .filter(|(_, success)| **success != 1.0)
        .map(|(labels, _)| labels["collector"].clone())
        .collect();
    assert_eq!(failed, ["waits"]);
}

#[tokio::test]
async fn a_collector_that_was_not_run_has_not_succeeded() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    // The first one ends the connection, so there is none for the second.
    let queries =
        "ends:\n  query: \"SELECT pg_terminate_backend(pg_backend_pid()) AS x\"\nlast:\n  query: \"SELECT 1 AS x\"\n";
    let databases = with_queries(&server, &folder, queries).await;
    let scrape = probe_up(&databases, Protocol::Postgres, server.port()).await;
    for (collector, success) in [("stat_database", 1.0), ("settings", 1.0), ("ends", 0.0), ("last", 0.0)] {
        assert_eq!(scrape.value("pg_scrape_collector_success", &[("collector", collector)]), success, "{collector}");
    }
}

#[tokio::test]
async fn a_probe_of_another_database_leaves_no_connection_behind() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let databases = databases(postgres(server.port(), &folder));
    probe_up(&databases, Protocol::Postgres, server.port()).await;
    let mut connection = PgConnection::connect(&server.url()).await.unwrap();
    for number in 0..8 {
        let create = format!("CREATE DATABASE d{number} STRATEGY file_copy");
        connection.execute(sqlx::raw_sql(AssertSqlSafe(create))).await.unwrap();
        let target = format!("127.0.0.1:{}/d{number}", server.port());
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        databases.probe(Protocol::Postgres, &target, None, &[], deadline).await.unwrap();
    }
    let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wharf_exporter'";
    let one = eventually("one connection is left", Duration::from_secs(20), async || {
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        if count == 1 { Ok(()) } else { Err(count) }
    });
    one.await.unwrap();
}

#[tokio::test]
async fn a_database_without_an_encoding_is_scraped_whatever_its_names_are() {
    let server = Postgres::start().await.unwrap();
    tell(&server, "CREATE DATABASE plain ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0").await;
    let plain = server.url().replace(Postgres::DATABASE, "plain");
    let mut connection = PgConnection::connect(&plain).await.unwrap();
    // Two tables that differ in a byte that is not UTF-8.
    let make = r"DO $$ BEGIN
        EXECUTE convert_from('CREATE TABLE caf\351 (id int)', 'SQL_ASCII');
        EXECUTE convert_from('CREATE TABLE caf\350 (id int)', 'SQL_ASCII');
    END $$";
    connection.execute(sqlx::raw_sql(make)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let entry = Server { database: Some("plain".to_owned()), ..postgres(server.port(), &folder) };
    let scrape = probe_up(&databases(entry), Protocol::Postgres, server.port()).await;
    let failed = scrape.0["pg_scrape_collector_success"].iter().find(|(_, success)| **success != 1.0);
    assert_eq!(failed, None);
    assert_eq!(scrape.0["pg_stat_user_tables_n_live_tup"].len(), 2);
}

#[tokio::test]
async fn a_password_is_only_given_as_the_configuration_allows() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let up = async |methods: &[Method]| {
        let entry = Server { require_auth: methods.to_vec(), ..postgres(server.port(), &folder) };
        probe(&databases(entry), Protocol::Postgres, server.port()).await.value("pg_up", &[])
    };
    assert_eq!(up(&[Method::ScramSha256]).await, 1.0);
    assert_eq!(up(&[Method::Password, Method::Md5]).await, 0.0);

    // A server that asks for it in clear.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 1024];
        let _ = stream.read(&mut bytes).await.unwrap();
        stream.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let entry = Server { require_auth: vec![Method::ScramSha256], ..postgres(port, &folder) };
    assert_eq!(probe(&databases(entry), Protocol::Postgres, port).await.value("pg_up", &[]), 0.0);
    assert_eq!(heard.await.unwrap(), b"", "the password was not sent");
}

#[tokio::test]
async fn an_answer_is_served_again_for_as_long_as_the_file_says() {
    let server = Postgres::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let queries = "clock:\n  query: \"SELECT clock_timestamp() AS kept\"\n  cache_seconds: 60\n\
        watch:\n  query: \"SELECT clock_timestamp() AS new\"\n";
    let databases = with_queries(&server, &folder, queries).await;
    let first = probe_up(&databases, Protocol::Postgres, server.port()).await;
    let second = probe_up(&databases, Protocol::Postgres, server.port()).await;
    assert_eq!(first.value("clock_kept", &[]), second.value("clock_kept", &[]));
    assert!(first.value("watch_new", &[]) < second.value("watch_new", &[]));
}
