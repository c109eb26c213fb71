//! Maps a server's replies to the names and labels of [redis_exporter](https://github.com/oliver006/redis_exporter).

use super::{
    fields::FIELDS,
    info::{Info, number, parse_info},
    replies::{parse_buffer_limits, parse_clients, parse_config, parse_latency, parse_slowlog},
    resp::Reply,
};
use crate::{
    description::{Description, descriptions},
    families::Families,
};

/// Databases without keys are served as zeros, as long as the server has no more of them than this.
const MAX_EMPTY_DATABASES: u32 = 256;
/// The assumed number for a server whose configuration may not be read.
const DEFAULT_DATABASES: u32 = 16;

/// Settings that are read, with one `CONFIG GET` for each. The other settings include passwords.
pub(crate) const SETTINGS: [&str; 6] =
    ["databases", "maxclients", "maxmemory", "io-threads", "repl-backlog-size", "client-output-buffer-limit"];

descriptions! { LABELLED:
    UP = Gauge "redis_up" [] "Whether the server answered.";
    SCRAPE_ERROR = Gauge "redis_exporter_last_scrape_error" ["err"] "Whether the last scrape failed, and why.";
    SCRAPE_DURATION = Gauge "redis_exporter_last_scrape_duration_seconds" [] "Duration of the last scrape.";
    CONNECT_DURATION = Gauge "redis_exporter_last_scrape_connect_time_seconds" [] "Time to a connection in the last scrape.";
    INSTANCE_INFO = Gauge "redis_instance_info" ["role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id", "process_id", "valkey_version"] "1, with what the server is in its labels.";
    START_TIME = Gauge "redis_start_time_seconds" [] "When the server started, in seconds since the epoch.";
    DB_KEYS = Gauge "redis_db_keys" ["db"] "Keys in the database.";
    DB_KEYS_EXPIRING = Gauge "redis_db_keys_expiring" ["db"] "Keys in the database that have a time to live.";
    DB_AVERAGE_TTL = Gauge "redis_db_avg_ttl_seconds" ["db"] "Mean time to live in the database.";
    COMMANDS = Counter "redis_commands_total" ["cmd"] "Calls of the command.";
    COMMAND_CALLS = Counter "redis_command_calls_total" ["cmd"] "redis_commands_total under the name that the Redis mixin asks for.";
    COMMANDS_DURATION = Counter "redis_commands_duration_seconds_total" ["cmd"] "Seconds in the command.";
    COMMANDS_REJECTED = Counter "redis_commands_rejected_calls_total" ["cmd"] "Calls of the command that were refused before they ran.";
    COMMANDS_FAILED = Counter "redis_commands_failed_calls_total" ["cmd"] "Calls of the command that failed.";
    ERRORS = Counter "redis_errors_total" ["err"] "Error answers, by their first word.";
    SLAVE_INFO = Gauge "redis_slave_info" ["master_host", "master_port", "read_only"] "1, on a replica.";
    MASTER_LINK_UP = Gauge "redis_master_link_up" ["master_host", "master_port"] "Whether the link to the master is up.";
    MASTER_LAST_IO = Gauge "redis_master_last_io_seconds_ago" ["master_host", "master_port"] "Seconds since the master was heard last.";
    MASTER_SYNC = Gauge "redis_master_sync_in_progress" ["master_host", "master_port"] "Whether the master sends all its data.";
    SLAVE_OFFSET = Gauge "redis_slave_repl_offset" ["master_host", "master_port"] "Offset of the replication stream on this replica.";
    REPLICA_OFFSET = Gauge "redis_connected_slave_offset_bytes" ["slave_ip", "slave_port", "slave_state"] "Offset of the replication stream that the replica has.";
    REPLICA_LAG = Gauge "redis_connected_slave_lag_seconds" ["slave_ip", "slave_port", "slave_state"] "Seconds since the replica's last acknowledgement.";
    LATENCY_LAST = Gauge "redis_latency_spike_last" ["event_name"] "When the event was last slow, in seconds since the epoch.";
    LATENCY_DURATION = Gauge "redis_latency_spike_duration_seconds" ["event_name"] "How slow the event was last.";
    SLOWLOG_LENGTH = Gauge "redis_slowlog_length" [] "Entries in the slow log.";
    SLOWLOG_LAST_ID = Gauge "redis_slowlog_last_id" [] "Number of the newest entry in the slow log.";
    SLOWLOG_LAST_DURATION = Gauge "redis_last_slow_execution_duration_seconds" [] "Duration of the newest entry in the slow log.";
    CONFIG_MAXCLIENTS = Gauge "redis_config_maxclients" [] "Setting maxclients.";
    CONFIG_MAXMEMORY = Gauge "redis_config_maxmemory" [] "Setting maxmemory, in bytes; 0 is no limit.";
    CONFIG_IO_THREADS = Gauge "redis_config_io_threads" [] "Setting io-threads.";
    CONFIG_BACKLOG = Gauge "redis_config_repl_backlog_size" [] "Setting repl-backlog-size, in bytes.";
    CONFIG_BUFFER_LIMIT = Gauge "redis_config_client_output_buffer_limit_bytes" ["class", "limit"] "Setting client-output-buffer-limit.";
    CONFIG_BUFFER_SECONDS = Gauge "redis_config_client_output_buffer_limit_overcome_seconds" ["class", "limit"] "How long a client may be above the soft limit.";
    CLIENT_INFO = Gauge "redis_connected_client_info" ["id", "name", "flags", "db", "host", "user", "resp"] "1, with what the client is in its labels. Only on request.";
    CLIENT_CREATED = Gauge "redis_connected_client_created_at_timestamp" ["id", "name"] "When the client connected, in seconds since the epoch. Only on request.";
    CLIENT_IDLE = Gauge "redis_connected_client_idle_since_timestamp" ["id", "name"] "When the client sent its last command, in seconds since the epoch. Only on request.";
    CLIENT_OUTPUT = Gauge "redis_connected_client_output_buffer_memory_usage_bytes" ["id", "name"] "Memory of the client's output buffer. Only on request.";
    CLIENT_MEMORY = Gauge "redis_connected_client_total_memory_consumed_bytes" ["id", "name"] "Memory of the client's buffers. Only on request.";
}

/// All metrics of a Redis server.
pub fn descriptions() -> impl Iterator<Item = &'static Description> {
    LABELLED.iter().chain(FIELDS.iter().map(|field| &field.metric))
}

/// A server's replies. A refused command has an error reply, and no metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// `INFO ALL`.
    pub info: String,
    /// `CONFIG GET`, one for each of the settings that are read.
    pub settings: Vec<Reply>,
    /// `LATENCY LATEST`.
    pub latency: Reply,
    /// `SLOWLOG LEN`.
    pub slowlog_length: Reply,
    /// `SLOWLOG GET 1`.
    pub slowlog: Reply,
    /// `CLUSTER INFO`, of a node of a cluster.
    pub cluster: Option<Reply>,
    /// The reply to `CLIENT LIST`, if that is enabled.
    pub clients: Option<Reply>,
}

/// The families of a server that answered; `now` in seconds since the epoch.
pub(crate) fn families(answers: &Answers, now: f64) -> Families {
    let info = parse_info(&answers.info);
    let mut families = Families::default();
    families.add(&UP, &[], 1.0);
    let databases = settings(&mut families, &answers.settings);
    fields(&mut families, info.fields());
    if let Some(Reply::Text(cluster)) = &answers.cluster {
        fields(&mut families, parse_info(cluster).fields());
    }
    instance(&mut families, &info, now);
    keyspace(&mut families, &info, if info.is_cluster() { 1 } else { databases });
    commands(&mut families, &info);
    replication(&mut families, &info);
    logs(&mut families, answers);
    if let Some(Reply::Text(list)) = &answers.clients {
        clients(&mut families, list, now);
    }
    families
}

/// The result of a scrape. `error` is a label, so it contains no passwords and no addresses.
pub(crate) fn scraped(families: &mut Families, error: &str, duration: f64, connect: Option<f64>) {
    families.add(&SCRAPE_ERROR, &[error], f64::from(u8::from(!error.is_empty())));
    families.add(&SCRAPE_DURATION, &[], duration);
    if let Some(connect) = connect {
        families.add(&CONNECT_DURATION, &[], connect);
    }
}

/// The families of a server that is down.
pub(crate) fn down() -> Families {
    let mut families = Families::default();
    families.add(&UP, &[], 0.0);
    families
}

fn fields<'a>(families: &mut Families, lines: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in lines {
        for field in FIELDS.iter().filter(|field| field.field == name) {
            if let Some(value) = number(value) {
                families.add(&field.metric, &[], value / field.divisor);
            }
        }
    }
}

fn instance(families: &mut Families, info: &Info<'_>, now: f64) {
    // The labels have the names of the fields.
    let values: Vec<&str> = INSTANCE_INFO.labels.iter().map(|label| info.get(label).unwrap_or_default()).collect();
    families.add(&INSTANCE_INFO, &values, 1.0);
    if let Some(uptime) = info.get("uptime_in_seconds").and_then(number) {
        families.add(&START_TIME, &[], now.floor() - uptime);
    }
}

fn keyspace(families: &mut Families, info: &Info<'_>, databases: u32) {
    let keyspace = info.keyspace();
    for database in &keyspace {
        families.add(&DB_KEYS, &[database.database], database.keys);
        families.add(&DB_KEYS_EXPIRING, &[database.database], database.expiring);
        if let Some(ttl) = database.average_ttl {
            families.add(&DB_AVERAGE_TTL, &[database.database], ttl);
        }
    }
    // Without its zeros, a database that became empty would keep its last value in a graph.
    for number in 0..databases.min(MAX_EMPTY_DATABASES) {
        let name = format!("db{number}");
        if !keyspace.iter().any(|database| database.database == name) {
            families.add(&DB_KEYS, &[&name], 0.0);
            families.add(&DB_KEYS_EXPIRING, &[&name], 0.0);
        }
    }
}

fn commands(families: &mut Families, info: &Info<'_>) {
    for command in info.commands() {
        let labels = &[command.command][..];
        families.add(&COMMANDS, labels, command.calls);
        families.add(&COMMAND_CALLS, labels, command.calls);
        families.add(&COMMANDS_DURATION, labels, command.seconds);
        if let Some(rejected) = command.rejected {
            families.add(&COMMANDS_REJECTED, labels, rejected);
        }
        if let Some(failed) = command.failed {
            families.add(&COMMANDS_FAILED, labels, failed);
        }
    }
    for (error, count) in info.errors() {
        families.add(&ERRORS, &[error], count);
    }
}

fn replication(families: &mut Families, info: &Info<'_>) {
    for replica in info.replicas() {
        let labels = &[replica.ip, replica.port, replica.state];
        families.add(&REPLICA_OFFSET, labels, replica.offset);
        if let Some(lag) = replica.lag {
            families.add(&REPLICA_LAG, labels, lag);
        }
    }
    let Some(master) = info.master() else { return };
    let labels = &[master.host, master.port];
    families.add(&MASTER_LINK_UP, labels, f64::from(u8::from(master.link_up)));
    families.add(&SLAVE_INFO, &[master.host, master.port, info.get("slave_read_only").unwrap_or_default()], 1.0);
    for (description, value) in [
        (&MASTER_LAST_IO, master.last_io_seconds),
        (&MASTER_SYNC, master.sync_in_progress),
        (&SLAVE_OFFSET, master.offset),
    ] {
        if let Some(value) = value {
            families.add(description, labels, value);
        }
    }
}

fn logs(families: &mut Families, answers: &Answers) {
    for event in parse_latency(&answers.latency) {
        families.add(&LATENCY_LAST, &[event.event], event.last);
        families.add(&LATENCY_DURATION, &[event.event], event.seconds);
    }
    if let Reply::Integer(length) = answers.slowlog_length {
        families.add(&SLOWLOG_LENGTH, &[], length as f64);
    }
    if let Some(entry) = parse_slowlog(&answers.slowlog) {
        families.add(&SLOWLOG_LAST_ID, &[], entry.id);
        families.add(&SLOWLOG_LAST_DURATION, &[], entry.seconds);
    }
}

/// Returns how many databases there are.
fn settings(families: &mut Families, replies: &[Reply]) -> u32 {
    let mut databases = DEFAULT_DATABASES;
    for (name, value) in replies.iter().flat_map(parse_config) {
        let description = match name {
            "databases" => {
                databases = value.parse().unwrap_or(DEFAULT_DATABASES);
                continue;
            }
            "client-output-buffer-limit" => {
                buffer_limits(families, value);
                continue;
            }
            "maxclients" => &CONFIG_MAXCLIENTS,
            "maxmemory" => &CONFIG_MAXMEMORY,
            "io-threads" => &CONFIG_IO_THREADS,
            "repl-backlog-size" => &CONFIG_BACKLOG,
            _ => continue,
        };
        if let Some(value) = number(value) {
            families.add(description, &[], value);
        }
    }
    databases
}

fn buffer_limits(families: &mut Families, setting: &str) {
    for limit in parse_buffer_limits(setting) {
        families.add(&CONFIG_BUFFER_LIMIT, &[limit.class, "hard"], limit.hard);
        families.add(&CONFIG_BUFFER_LIMIT, &[limit.class, "soft"], limit.soft);
        families.add(&CONFIG_BUFFER_SECONDS, &[limit.class, "soft"], limit.seconds);
    }
}

fn clients(families: &mut Families, list: &str, now: f64) {
    for client in parse_clients(list) {
        let info = [client.id, client.name, client.flags, client.database, client.host, client.user, client.resp];
        families.add(&CLIENT_INFO, &info, 1.0);
        let labels = &[client.id, client.name];
        families.add(&CLIENT_CREATED, labels, now.floor() - client.age);
        families.add(&CLIENT_IDLE, labels, now.floor() - client.idle);
        families.add(&CLIENT_OUTPUT, labels, client.output_memory);
        if let Some(memory) = client.total_memory {
            families.add(&CLIENT_MEMORY, labels, memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::exposition::write;

    fn answers(info: &str) -> Answers {
        let refused = Reply::Error("NOPERM".to_owned());
        Answers {
            info: info.to_owned(),
            settings: vec![refused.clone()],
            latency: refused.clone(),
            slowlog_length: refused.clone(),
            slowlog: refused,
            cluster: None,
            clients: None,
        }
    }

    #[test]
    fn every_name_comes_once_and_has_a_sentence() {
        let mut names = HashSet::new();
        for description in descriptions() {
            assert!(names.insert(description.name), "{} twice", description.name);
            assert!(description.help.ends_with('.'), "{}", description.name);
        }
        assert!(names.len() > 150);
    }

    #[test]
    fn a_server_that_tells_only_info_has_its_sixteen_databases() {
        let families = families(&answers("# Keyspace\r\ndb1:keys=3,expires=2,avg_ttl=0\r\n"), 100.0).finish();
        let text = write(&families);
        assert!(text.contains("redis_db_keys{db=\"db1\"} 3\n"), "{text}");
        assert!(text.contains("redis_db_keys{db=\"db15\"} 0\n"), "{text}");
        assert!(!text.contains("db16"), "{text}");
    }

    #[test]
    fn a_node_of_a_cluster_has_one_database_and_its_state() {
        let mut answers =
            answers("# Server\r\nuptime_in_seconds:5\r\nlatest_fork_usec:1500\r\n# Cluster\r\ncluster_enabled:1\r\n");
        answers.cluster = Some(Reply::Text("cluster_state:ok\r\ncluster_slots_fail:2\r\n".to_owned()));
        let text = write(&families(&answers, 100.9).finish());
        for line in [
            "redis_cluster_state 1\n",
            "redis_cluster_slots_fail 2\n",
            "redis_cluster_enabled 1\n",
            "redis_start_time_seconds 95\n",
            "redis_latest_fork_seconds 0.0015\n",
            "redis_db_keys{db=\"db0\"} 0\n",
        ] {
            assert!(text.contains(line), "{line} not in {text}");
        }
        assert!(!text.contains("db1\""), "{text}");
    }
}
