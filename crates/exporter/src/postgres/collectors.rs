//! The queries, under postgres_exporter's names. They need no more than the role `pg_monitor`.
//!
//! The views: <https://www.postgresql.org/docs/current/monitoring-stats.html>.

use super::table::{Collector, Metric};
use crate::exposition::Kind::{self, Counter, Gauge};

/// The first version that is supported: PostgreSQL 10.
pub(crate) const OLDEST: u32 = 100_000;
const V13: u32 = 130_000;
const V14: u32 = 140_000;
const V17: u32 = 170_000;
const V18: u32 = 180_000;

const fn metric(column: &'static str, kind: Kind, name: &'static str, help: &'static str) -> Metric {
    Metric { column, name, kind, help }
}

/// In the order in which they are asked: what alerts need most comes first, a scrape may run out of time.
pub(crate) const COLLECTORS: &[Collector] = &[
    DATABASE,
    ACTIVE_TIME,
    CONFLICTS,
    ACTIVITY,
    LOCKS,
    BGWRITER,
    CHECKPOINTER,
    REPLICATION,
    STAT_REPLICATION,
    REPLICATION_SLOTS,
    REPLICATION_SLOTS_13,
    POSTMASTER,
    LONG_TRANSACTIONS,
    ARCHIVER,
    WRAPAROUND,
    TRANSACTION_ID,
    ROLES,
    USER_TABLES,
    STATIO_USER_TABLES,
    AUTOVACUUM,
    VACUUM,
    VACUUM_PHASE,
    WAL,
    DATABASE_LIMIT,
    DATABASE_SIZE,
];

const DATABASE: Collector = Collector {
    name: "stat_database",
    queries: &[(OLDEST, "SELECT *, trunc(extract(epoch FROM stats_reset)) AS reset FROM pg_stat_database")],
    labels: &["datid", "datname"],
    metrics: &[
        metric("numbackends", Gauge, "pg_stat_database_numbackends", "Connections to the database."),
        metric("xact_commit", Counter, "pg_stat_database_xact_commit", "Transactions that were committed."),
        metric("xact_rollback", Counter, "pg_stat_database_xact_rollback", "Transactions that were rolled back."),
        metric("blks_read", Counter, "pg_stat_database_blks_read", "Blocks that were read from the operating system."),
        metric("blks_hit", Counter, "pg_stat_database_blks_hit", "Blocks that were found in the shared buffers."),
        metric(
            "tup_returned",
            Counter,
            "pg_stat_database_tup_returned",
            "Live rows that scans of tables and entries that scans of indexes returned.",
        ),
        metric("tup_fetched", Counter, "pg_stat_database_tup_fetched", "Live rows that scans of indexes fetched."),
        metric("tup_inserted", Counter, "pg_stat_database_tup_inserted", "Rows inserted."),
        metric("tup_updated", Counter, "pg_stat_database_tup_updated", "Rows updated."),
        metric("tup_deleted", Counter, "pg_stat_database_tup_deleted", "Rows deleted."),
        metric("conflicts", Counter, "pg_stat_database_conflicts", "Queries that a standby cancelled for recovery."),
        metric("temp_files", Counter, "pg_stat_database_temp_files", "Temporary files that queries made."),
        metric("temp_bytes", Counter, "pg_stat_database_temp_bytes", "Bytes that queries wrote to temporary files."),
        metric("deadlocks", Counter, "pg_stat_database_deadlocks", "Deadlocks."),
        metric(
            "blk_read_time",
            Counter,
            "pg_stat_database_blk_read_time",
            "Milliseconds of reading blocks; with track_io_timing.",
        ),
        metric(
            "blk_write_time",
            Counter,
            "pg_stat_database_blk_write_time",
            "Milliseconds of writing blocks; with track_io_timing.",
        ),
        metric("sessions", Counter, "pg_stat_database_sessions", "Sessions; PostgreSQL 14."),
        metric(
            "sessions_abandoned",
            Counter,
            "pg_stat_database_sessions_abandoned",
            "Sessions whose client was lost; PostgreSQL 14.",
        ),
        metric(
            "sessions_fatal",
            Counter,
            "pg_stat_database_sessions_fatal",
            "Sessions that ended with a fatal error; PostgreSQL 14.",
        ),
        metric(
            "sessions_killed",
            Counter,
            "pg_stat_database_sessions_killed",
            "Sessions that were terminated; PostgreSQL 14.",
        ),
        metric("session_time", Counter, "pg_stat_database_session_time", "Milliseconds of sessions; PostgreSQL 14."),
        metric(
            "active_time",
            Counter,
            "pg_stat_database_active_time",
            "Milliseconds of running statements; PostgreSQL 14.",
        ),
        metric(
            "idle_in_transaction_time",
            Counter,
            "pg_stat_database_idle_in_transaction_time",
            "Milliseconds of idling within transactions; PostgreSQL 14.",
        ),
        metric(
            "checksum_failures",
            Counter,
            "pg_stat_database_checksum_failures",
            "Pages whose checksum was wrong; with data checksums.",
        ),
        metric(
            "checksum_last_failure",
            Gauge,
            "pg_stat_database_checksum_last_failure",
            "When a checksum was last wrong, in seconds since the epoch.",
        ),
        metric(
            "reset",
            Counter,
            "pg_stat_database_stats_reset",
            "When these statistics were last reset, in seconds since the epoch.",
        ),
    ],
};

const ACTIVE_TIME: Collector = Collector {
    name: "stat_database_active_time",
    queries: &[(
        V14,
        "SELECT datid, datname, active_time / 1000 AS active FROM pg_stat_database WHERE datname IS NOT NULL",
    )],
    labels: &["datid", "datname"],
    metrics: &[metric(
        "active",
        Counter,
        "pg_stat_database_active_time_seconds_total",
        "Seconds of running statements.",
    )],
};

const CONFLICTS: Collector = Collector {
    name: "stat_database_conflicts",
    queries: &[(OLDEST, "SELECT * FROM pg_stat_database_conflicts")],
    labels: &["datid", "datname"],
    metrics: &[
        metric(
            "confl_tablespace",
            Counter,
            "pg_stat_database_conflicts_confl_tablespace",
            "Queries cancelled for a dropped tablespace.",
        ),
        metric("confl_lock", Counter, "pg_stat_database_conflicts_confl_lock", "Queries cancelled for a lock."),
        metric(
            "confl_snapshot",
            Counter,
            "pg_stat_database_conflicts_confl_snapshot",
            "Queries cancelled for an old snapshot.",
        ),
        metric(
            "confl_bufferpin",
            Counter,
            "pg_stat_database_conflicts_confl_bufferpin",
            "Queries cancelled for a pinned buffer.",
        ),
        metric(
            "confl_deadlock",
            Counter,
            "pg_stat_database_conflicts_confl_deadlock",
            "Queries cancelled for a deadlock.",
        ),
    ],
};

const ACTIVITY: Collector = Collector {
    name: "stat_activity",
    queries: &[(
        OLDEST,
        "SELECT d.datname, s.state, count(a.pid) AS count,
                coalesce(max(extract(epoch FROM now() - a.xact_start)), 0) AS duration
         FROM pg_database d
         CROSS JOIN unnest(ARRAY['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)',
                                 'fastpath function call', 'disabled']) AS s(state)
         LEFT JOIN pg_stat_activity a
                ON a.datname = d.datname AND a.state = s.state AND a.pid <> pg_backend_pid()
         GROUP BY d.datname, s.state",
    )],
    labels: &["datname", "state"],
    metrics: &[
        metric("count", Gauge, "pg_stat_activity_count", "Connections in this state, without the exporter's."),
        metric(
            "duration",
            Gauge,
            "pg_stat_activity_max_tx_duration",
            "Seconds since the oldest transaction of a connection in this state began.",
        ),
    ],
};

const LOCKS: Collector = Collector {
    name: "locks",
    queries: &[(
        OLDEST,
        "SELECT d.datname, m.mode, count(l.pid) AS count
         FROM pg_database d
         CROSS JOIN unnest(ARRAY['accesssharelock', 'rowsharelock', 'rowexclusivelock', 'shareupdateexclusivelock',
                                 'sharelock', 'sharerowexclusivelock', 'exclusivelock', 'accessexclusivelock',
                                 'sireadlock']) AS m(mode)
         LEFT JOIN pg_locks l ON l.database = d.oid AND lower(l.mode) = m.mode
         GROUP BY d.datname, m.mode",
    )],
    labels: &["datname", "mode"],
    metrics: &[metric("count", Gauge, "pg_locks_count", "Locks.")],
};

/// From PostgreSQL 17 on, most of it is in other views.
const BGWRITER: Collector = Collector {
    name: "stat_bgwriter",
    queries: &[
        (OLDEST, "SELECT *, trunc(extract(epoch FROM stats_reset)) AS reset FROM pg_stat_bgwriter"),
        (
            V17,
            "SELECT num_timed AS checkpoints_timed, num_requested AS checkpoints_req, write_time AS checkpoint_write_time,
                    sync_time AS checkpoint_sync_time, buffers_written AS buffers_checkpoint, buffers_clean,
                    maxwritten_clean, buffers_backend, buffers_backend_fsync, buffers_alloc,
                    trunc(extract(epoch FROM b.stats_reset)) AS reset
             FROM pg_stat_bgwriter b, pg_stat_checkpointer,
                  (SELECT sum(coalesce(writes, 0) + coalesce(extends, 0)) AS buffers_backend,
                          sum(fsyncs) AS buffers_backend_fsync
                   FROM pg_stat_io WHERE backend_type NOT IN ('checkpointer', 'background writer')) io",
        ),
        (
            V18,
            "SELECT num_timed AS checkpoints_timed, num_requested AS checkpoints_req, write_time AS checkpoint_write_time,
                    sync_time AS checkpoint_sync_time, buffers_written AS buffers_checkpoint, buffers_clean,
                    maxwritten_clean, buffers_backend, buffers_backend_fsync, buffers_alloc,
                    trunc(extract(epoch FROM b.stats_reset)) AS reset
             FROM pg_stat_bgwriter b, pg_stat_checkpointer,
                  (SELECT trunc(sum(coalesce(write_bytes, 0) + coalesce(extend_bytes, 0))
                                / current_setting('block_size')::numeric) AS buffers_backend,
                          sum(fsyncs) AS buffers_backend_fsync
                   FROM pg_stat_io
                   WHERE object <> 'wal' AND backend_type NOT IN ('checkpointer', 'background writer')) io",
        ),
    ],
    labels: &[],
    metrics: &[
        metric("checkpoints_timed", Counter, "pg_stat_bgwriter_checkpoints_timed_total", "Checkpoints that came by time."),
        metric("checkpoints_timed", Counter, "pg_stat_bgwriter_checkpoints_timed", "The same under its name before postgres_exporter 0.11."),
        metric("checkpoints_req", Counter, "pg_stat_bgwriter_checkpoints_req_total", "Checkpoints that were requested."),
        metric("checkpoints_req", Counter, "pg_stat_bgwriter_checkpoints_req", "The same under its name before postgres_exporter 0.11."),
        metric("checkpoint_write_time", Counter, "pg_stat_bgwriter_checkpoint_write_time_total", "Milliseconds of writing files in checkpoints."),
        metric("checkpoint_write_time", Counter, "pg_stat_bgwriter_checkpoint_write_time", "The same under its name before postgres_exporter 0.11."),
        metric("checkpoint_sync_time", Counter, "pg_stat_bgwriter_checkpoint_sync_time_total", "Milliseconds of syncing files in checkpoints."),
        metric("checkpoint_sync_time", Counter, "pg_stat_bgwriter_checkpoint_sync_time", "The same under its name before postgres_exporter 0.11."),
        metric("buffers_checkpoint", Counter, "pg_stat_bgwriter_buffers_checkpoint_total", "Buffers written in checkpoints."),
        metric("buffers_checkpoint", Counter, "pg_stat_bgwriter_buffers_checkpoint", "The same under its name before postgres_exporter 0.11."),
        metric("buffers_clean", Counter, "pg_stat_bgwriter_buffers_clean_total", "Buffers written by the background writer."),
        metric("buffers_clean", Counter, "pg_stat_bgwriter_buffers_clean", "The same under its name before postgres_exporter 0.11."),
        metric("maxwritten_clean", Counter, "pg_stat_bgwriter_maxwritten_clean_total", "Rounds of the background writer that ended at its limit."),
        metric("maxwritten_clean", Counter, "pg_stat_bgwriter_maxwritten_clean", "The same under its name before postgres_exporter 0.11."),
        metric("buffers_backend", Counter, "pg_stat_bgwriter_buffers_backend_total", "Buffers that other processes wrote themselves; from PostgreSQL 17 on out of pg_stat_io."),
        metric("buffers_backend", Counter, "pg_stat_bgwriter_buffers_backend", "The same under its name before postgres_exporter 0.11."),
        metric("buffers_backend_fsync", Counter, "pg_stat_bgwriter_buffers_backend_fsync_total", "Syncs that other processes made themselves; from PostgreSQL 17 on out of pg_stat_io."),
        metric("buffers_backend_fsync", Counter, "pg_stat_bgwriter_buffers_backend_fsync", "The same under its name before postgres_exporter 0.11."),
        metric("buffers_alloc", Counter, "pg_stat_bgwriter_buffers_alloc_total", "Buffers allocated."),
        metric("buffers_alloc", Counter, "pg_stat_bgwriter_buffers_alloc", "The same under its name before postgres_exporter 0.11."),
        metric("reset", Counter, "pg_stat_bgwriter_stats_reset_total", "When these statistics were last reset, in seconds since the epoch."),
        metric("reset", Counter, "pg_stat_bgwriter_stats_reset", "The same under its name before postgres_exporter 0.11."),
    ],
};

/// The names of PostgreSQL 17 for all versions: a dashboard may use either.
const CHECKPOINTER: Collector = Collector {
    name: "stat_checkpointer",
    queries: &[
        (
            OLDEST,
            "SELECT checkpoints_timed AS num_timed, checkpoints_req AS num_requested,
                    checkpoint_write_time AS write_time, checkpoint_sync_time AS sync_time,
                    buffers_checkpoint AS buffers_written, trunc(extract(epoch FROM stats_reset)) AS reset
             FROM pg_stat_bgwriter",
        ),
        (V17, "SELECT *, trunc(extract(epoch FROM stats_reset)) AS reset FROM pg_stat_checkpointer"),
    ],
    labels: &[],
    metrics: &[
        metric("num_timed", Counter, "pg_stat_checkpointer_num_timed_total", "Checkpoints that came by time."),
        metric(
            "num_requested",
            Counter,
            "pg_stat_checkpointer_num_requested_total",
            "Checkpoints that were requested.",
        ),
        metric(
            "restartpoints_timed",
            Counter,
            "pg_stat_checkpointer_restartpoints_timed_total",
            "Restartpoints that came by time; PostgreSQL 17.",
        ),
        metric(
            "restartpoints_req",
            Counter,
            "pg_stat_checkpointer_restartpoints_req_total",
            "Restartpoints that were requested; PostgreSQL 17.",
        ),
        metric(
            "restartpoints_done",
            Counter,
            "pg_stat_checkpointer_restartpoints_done_total",
            "Restartpoints that were made; PostgreSQL 17.",
        ),
        metric(
            "write_time",
            Counter,
            "pg_stat_checkpointer_write_time_total",
            "Milliseconds of writing files in checkpoints.",
        ),
        metric(
            "sync_time",
            Counter,
            "pg_stat_checkpointer_sync_time_total",
            "Milliseconds of syncing files in checkpoints.",
        ),
        metric(
            "buffers_written",
            Counter,
            "pg_stat_checkpointer_buffers_written_total",
            "Buffers written in checkpoints.",
        ),
        metric(
            "reset",
            Counter,
            "pg_stat_checkpointer_stats_reset_total",
            "When these statistics were last reset, in seconds since the epoch.",
        ),
    ],
};

const REPLICATION: Collector = Collector {
    name: "replication",
    queries: &[(
        OLDEST,
        "SELECT CASE WHEN NOT recovery OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                     ELSE coalesce(replayed, 0) END AS lag,
                recovery AS is_replica, coalesce(replayed, 0) AS last_replay
         FROM (SELECT pg_is_in_recovery() AS recovery,
                      greatest(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp())) AS replayed) r",
    )],
    labels: &[],
    metrics: &[
        metric("lag", Gauge, "pg_replication_lag_seconds", "Seconds that this replica is behind."),
        metric("lag", Gauge, "pg_replication_lag", "The same under its name before postgres_exporter 0.13."),
        metric("is_replica", Gauge, "pg_replication_is_replica", "Whether the server is a replica."),
        metric(
            "last_replay",
            Gauge,
            "pg_replication_last_replay_seconds",
            "Seconds since this replica applied a transaction.",
        ),
    ],
};

const STAT_REPLICATION: Collector = Collector {
    name: "stat_replication",
    queries: &[(
        OLDEST,
        "SELECT application_name, host(client_addr) AS client_addr, state, slot_name, max(here) AS here,
                max(here - (replay_lsn - '0/0')) AS behind
         FROM (SELECT r.*, s.slot_name,
                      CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END - '0/0' AS here
               FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid) r
         GROUP BY application_name, client_addr, state, slot_name",
    )],
    labels: &["application_name", "client_addr", "state", "slot_name"],
    metrics: &[
        metric("here", Gauge, "pg_stat_replication_pg_current_wal_lsn_bytes", "Position in the write-ahead log."),
        metric("behind", Gauge, "pg_stat_replication_pg_wal_lsn_diff", "Bytes that the replica has not applied yet."),
    ],
};

const REPLICATION_SLOTS: Collector = Collector {
    name: "replication_slots",
    queries: &[(
        OLDEST,
        "SELECT slot_name, database, active, here - restart_lsn AS behind
         FROM pg_replication_slots,
              (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS here) h",
    )],
    labels: &["slot_name", "database"],
    metrics: &[
        metric("active", Gauge, "pg_replication_slots_active", "Whether the slot is in use."),
        metric("behind", Gauge, "pg_replication_slots_pg_wal_lsn_diff", "Bytes of write-ahead log that the slot keeps."),
    ],
};

const REPLICATION_SLOTS_13: Collector = Collector {
    name: "replication_slots_wal",
    queries: &[(
        V13,
        "SELECT slot_name, slot_type, active, here - '0/0' AS here, confirmed_flush_lsn - '0/0' AS flushed, safe_wal_size
         FROM pg_replication_slots,
              (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS here) h",
    )],
    labels: &["slot_name", "slot_type"],
    metrics: &[
        metric("active", Gauge, "pg_replication_slots_slot_is_active", "Whether the slot is in use."),
        metric("active", Gauge, "pg_replication_slot_slot_is_active", "The same under its name in older versions of postgres_exporter."),
        metric("here", Gauge, "pg_replication_slots_slot_current_wal_lsn", "Position in the write-ahead log."),
        metric("here", Gauge, "pg_replication_slot_slot_current_wal_lsn", "The same under its name in older versions of postgres_exporter."),
        metric("flushed", Gauge, "pg_replication_slots_slot_confirmed_flush_lsn", "Position up to which a logical slot was confirmed."),
        metric("flushed", Gauge, "pg_replication_slot_slot_confirmed_flush_lsn", "The same under its name in older versions of postgres_exporter."),
        metric("safe_wal_size", Gauge, "pg_replication_slots_safe_wal_size_bytes", "Bytes that can be written before the slot is in danger of being lost."),
        metric("safe_wal_size", Gauge, "pg_replication_slot_safe_wal_size_bytes", "The same under its name in older versions of postgres_exporter."),
    ],
};

const POSTMASTER: Collector = Collector {
    name: "postmaster",
    queries: &[(OLDEST, "SELECT extract(epoch FROM pg_postmaster_start_time()) AS start")],
    labels: &[],
    metrics: &[metric(
        "start",
        Gauge,
        "pg_postmaster_start_time_seconds",
        "When the server started, in seconds since the epoch.",
    )],
};

const LONG_TRANSACTIONS: Collector = Collector {
    name: "long_running_transactions",
    queries: &[(
        OLDEST,
        "SELECT count(*) AS count, coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) AS oldest
         FROM pg_stat_activity
         WHERE xact_start IS NOT NULL AND state IS DISTINCT FROM 'idle' AND pid <> pg_backend_pid()
           AND backend_type <> 'autovacuum worker'",
    )],
    labels: &[],
    metrics: &[
        metric("count", Gauge, "pg_long_running_transactions", "Transactions that are open."),
        metric(
            "oldest",
            Gauge,
            "pg_long_running_transactions_oldest_timestamp_seconds",
            "Age of the oldest of them; a duration, though its name does not say so.",
        ),
    ],
};

const ARCHIVER: Collector = Collector {
    name: "stat_archiver",
    queries: &[(
        OLDEST,
        "SELECT archived_count, failed_count, extract(epoch FROM now() - last_archived_time) AS age FROM pg_stat_archiver",
    )],
    labels: &[],
    metrics: &[
        metric(
            "archived_count",
            Counter,
            "pg_stat_archiver_archived_count",
            "Files of the write-ahead log that were archived.",
        ),
        metric("failed_count", Counter, "pg_stat_archiver_failed_count", "Attempts to archive that failed."),
        metric("age", Gauge, "pg_stat_archiver_last_archive_age", "Seconds since a file was archived."),
    ],
};

const WRAPAROUND: Collector = Collector {
    name: "database_wraparound",
    queries: &[(
        OLDEST,
        "SELECT datname, age(datfrozenxid) AS xid, mxid_age(datminmxid) AS mxid FROM pg_database WHERE datallowconn",
    )],
    labels: &["datname"],
    metrics: &[
        metric(
            "xid",
            Gauge,
            "pg_database_wraparound_age_datfrozenxid_seconds",
            "Age of the oldest transaction id that is not frozen, in transactions, though its name says seconds.",
        ),
        metric(
            "mxid",
            Gauge,
            "pg_database_wraparound_age_datminmxid_seconds",
            "Age of the oldest multixact id, in multixacts, though its name says seconds.",
        ),
    ],
};

/// `txid_current()` would use up an id at each scrape.
const TRANSACTION_ID: Collector = Collector {
    name: "txid",
    queries: &[(OLDEST, "SELECT txid_snapshot_xmax(txid_current_snapshot()) AS current")],
    labels: &[],
    metrics: &[metric("current", Gauge, "pg_txid_current", "The next transaction id.")],
};

const ROLES: Collector = Collector {
    name: "roles",
    queries: &[(OLDEST, "SELECT rolname, rolconnlimit FROM pg_roles ORDER BY oid LIMIT 1000")],
    labels: &["rolname"],
    metrics: &[metric(
        "rolconnlimit",
        Gauge,
        "pg_roles_connection_limit",
        "Limit of the role's connections; -1 is none.",
    )],
};

const USER_TABLES: Collector = Collector {
    name: "stat_user_tables",
    queries: &[(
        OLDEST,
        "SELECT current_database() AS datname, t.*, coalesce(trunc(extract(epoch FROM last_vacuum)), 0) AS vacuumed,
                coalesce(trunc(extract(epoch FROM last_autovacuum)), 0) AS autovacuumed,
                coalesce(trunc(extract(epoch FROM last_analyze)), 0) AS analyzed,
                coalesce(trunc(extract(epoch FROM last_autoanalyze)), 0) AS autoanalyzed,
                pg_indexes_size(relid) AS index_size, pg_table_size(relid) AS table_size
         FROM pg_stat_user_tables t ORDER BY relid LIMIT 1000",
    )],
    labels: &["datname", "schemaname", "relname"],
    metrics: &[
        metric("seq_scan", Counter, "pg_stat_user_tables_seq_scan", "Sequential scans of the table."),
        metric("seq_tup_read", Counter, "pg_stat_user_tables_seq_tup_read", "Live rows that sequential scans read."),
        metric("idx_scan", Counter, "pg_stat_user_tables_idx_scan", "Scans of the table's indexes."),
        metric(
            "idx_tup_fetch",
            Counter,
            "pg_stat_user_tables_idx_tup_fetch",
            "Live rows that scans of indexes fetched.",
        ),
        metric("n_tup_ins", Counter, "pg_stat_user_tables_n_tup_ins", "Rows inserted."),
        metric("n_tup_upd", Counter, "pg_stat_user_tables_n_tup_upd", "Rows updated."),
        metric("n_tup_del", Counter, "pg_stat_user_tables_n_tup_del", "Rows deleted."),
        metric(
            "n_tup_hot_upd",
            Counter,
            "pg_stat_user_tables_n_tup_hot_upd",
            "Rows updated without a change of indexes.",
        ),
        metric("n_live_tup", Gauge, "pg_stat_user_tables_n_live_tup", "Estimate of live rows."),
        metric("n_dead_tup", Gauge, "pg_stat_user_tables_n_dead_tup", "Estimate of dead rows."),
        metric(
            "n_mod_since_analyze",
            Gauge,
            "pg_stat_user_tables_n_mod_since_analyze",
            "Estimate of rows changed since the table was analysed.",
        ),
        metric(
            "vacuumed",
            Gauge,
            "pg_stat_user_tables_last_vacuum",
            "When the table was last vacuumed by hand, in seconds since the epoch; 0 is never.",
        ),
        metric(
            "autovacuumed",
            Gauge,
            "pg_stat_user_tables_last_autovacuum",
            "When autovacuum last vacuumed the table, in seconds since the epoch; 0 is never.",
        ),
        metric(
            "analyzed",
            Gauge,
            "pg_stat_user_tables_last_analyze",
            "When the table was last analysed by hand, in seconds since the epoch; 0 is never.",
        ),
        metric(
            "autoanalyzed",
            Gauge,
            "pg_stat_user_tables_last_autoanalyze",
            "When autovacuum last analysed the table, in seconds since the epoch; 0 is never.",
        ),
        metric("vacuum_count", Counter, "pg_stat_user_tables_vacuum_count", "Vacuums by hand."),
        metric("autovacuum_count", Counter, "pg_stat_user_tables_autovacuum_count", "Vacuums by autovacuum."),
        metric("analyze_count", Counter, "pg_stat_user_tables_analyze_count", "Analyses by hand."),
        metric("autoanalyze_count", Counter, "pg_stat_user_tables_autoanalyze_count", "Analyses by autovacuum."),
        metric("index_size", Gauge, "pg_stat_user_tables_index_size_bytes", "Size of the table's indexes."),
        metric("table_size", Gauge, "pg_stat_user_tables_table_size_bytes", "Size of the table without its indexes."),
    ],
};

const STATIO_USER_TABLES: Collector = Collector {
    name: "statio_user_tables",
    queries: &[(
        OLDEST,
        "SELECT current_database() AS datname, t.* FROM pg_statio_user_tables t ORDER BY relid LIMIT 1000",
    )],
    labels: &["datname", "schemaname", "relname"],
    metrics: &[
        metric(
            "heap_blks_read",
            Counter,
            "pg_statio_user_tables_heap_blocks_read",
            "Blocks of the table that were read.",
        ),
        metric(
            "heap_blks_read",
            Counter,
            "pg_statio_user_tables_heap_blks_read",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "heap_blks_hit",
            Counter,
            "pg_statio_user_tables_heap_blocks_hit",
            "Blocks of the table that were in the shared buffers.",
        ),
        metric(
            "heap_blks_hit",
            Counter,
            "pg_statio_user_tables_heap_blks_hit",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "idx_blks_read",
            Counter,
            "pg_statio_user_tables_idx_blocks_read",
            "Blocks of its indexes that were read.",
        ),
        metric(
            "idx_blks_read",
            Counter,
            "pg_statio_user_tables_idx_blks_read",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "idx_blks_hit",
            Counter,
            "pg_statio_user_tables_idx_blocks_hit",
            "Blocks of its indexes that were in the shared buffers.",
        ),
        metric(
            "idx_blks_hit",
            Counter,
            "pg_statio_user_tables_idx_blks_hit",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "toast_blks_read",
            Counter,
            "pg_statio_user_tables_toast_blocks_read",
            "Blocks of its TOAST table that were read.",
        ),
        metric(
            "toast_blks_read",
            Counter,
            "pg_statio_user_tables_toast_blks_read",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "toast_blks_hit",
            Counter,
            "pg_statio_user_tables_toast_blocks_hit",
            "Blocks of its TOAST table that were in the shared buffers.",
        ),
        metric(
            "toast_blks_hit",
            Counter,
            "pg_statio_user_tables_toast_blks_hit",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "tidx_blks_read",
            Counter,
            "pg_statio_user_tables_tidx_blocks_read",
            "Blocks of its TOAST table's index that were read.",
        ),
        metric(
            "tidx_blks_read",
            Counter,
            "pg_statio_user_tables_tidx_blks_read",
            "The same under its name before postgres_exporter 0.13.",
        ),
        metric(
            "tidx_blks_hit",
            Counter,
            "pg_statio_user_tables_tidx_blocks_hit",
            "Blocks of its TOAST table's index that were in the shared buffers.",
        ),
        metric(
            "tidx_blks_hit",
            Counter,
            "pg_statio_user_tables_tidx_blks_hit",
            "The same under its name before postgres_exporter 0.13.",
        ),
    ],
};

const AUTOVACUUM: Collector = Collector {
    name: "stat_activity_autovacuum",
    queries: &[(
        OLDEST,
        "SELECT split_part(query, '.', 2) AS relname, extract(epoch FROM max(xact_start)) AS start
         FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE 'autovacuum:%' GROUP BY 1",
    )],
    labels: &["relname"],
    metrics: &[metric(
        "start",
        Gauge,
        "pg_stat_activity_autovacuum_timestamp_seconds",
        "When autovacuum began with the table, in seconds since the epoch.",
    )],
};

const VACUUM: Collector = Collector {
    name: "stat_progress_vacuum",
    queries: &[(
        OLDEST,
        "SELECT datname, CASE WHEN datname = current_database() THEN relid::regclass::text ELSE relid::text END AS relname, v.*
         FROM pg_stat_progress_vacuum v",
    )],
    labels: &["datname", "relname"],
    metrics: &[
        metric("heap_blks_total", Gauge, "pg_stat_progress_vacuum_heap_blks", "Blocks of the table that is being vacuumed."),
        metric("heap_blks_scanned", Gauge, "pg_stat_progress_vacuum_heap_blks_scanned", "Blocks of it that were scanned."),
        metric("heap_blks_vacuumed", Gauge, "pg_stat_progress_vacuum_heap_blks_vacuumed", "Blocks of it that were vacuumed."),
        metric("index_vacuum_count", Gauge, "pg_stat_progress_vacuum_index_vacuums", "Rounds over its indexes."),
    ],
};

const VACUUM_PHASE: Collector = Collector {
    name: "stat_progress_vacuum_phase",
    queries: &[(
        OLDEST,
        "SELECT datname, CASE WHEN datname = current_database() THEN relid::regclass::text ELSE relid::text END AS relname,
                p.phase, v.phase = p.phase AS now
         FROM pg_stat_progress_vacuum v
         CROSS JOIN unnest(ARRAY['initializing', 'scanning heap', 'vacuuming indexes', 'vacuuming heap',
                                 'cleaning up indexes', 'truncating heap', 'performing final cleanup']) AS p(phase)",
    )],
    labels: &["datname", "relname", "phase"],
    metrics: &[metric("now", Gauge, "pg_stat_progress_vacuum_phase", "Whether the vacuum is in this phase.")],
};

const WAL: Collector = Collector {
    name: "wal",
    queries: &[(
        OLDEST,
        "SELECT count(*) AS segments, sum(size) AS size FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'",
    )],
    labels: &[],
    metrics: &[
        metric("segments", Gauge, "pg_wal_segments", "Files of the write-ahead log."),
        metric("size", Gauge, "pg_wal_size_bytes", "Size of the write-ahead log."),
    ],
};

const DATABASE_LIMIT: Collector = Collector {
    name: "database",
    queries: &[(OLDEST, "SELECT datname, datconnlimit FROM pg_database")],
    labels: &["datname"],
    metrics: &[metric(
        "datconnlimit",
        Gauge,
        "pg_database_connection_limit",
        "Limit of the database's connections; -1 is none.",
    )],
};

/// Last: the server looks at each file of each database.
const DATABASE_SIZE: Collector = Collector {
    name: "database_size",
    queries: &[(
        OLDEST,
        "SELECT datname, pg_database_size(oid) AS size FROM pg_database
         WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')",
    )],
    labels: &["datname"],
    metrics: &[metric("size", Gauge, "pg_database_size_bytes", "Size of the database on disk.")],
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_comes_once_and_has_a_sentence() {
        let mut names = HashSet::new();
        for description in COLLECTORS.iter().flat_map(Collector::descriptions) {
            assert!(names.insert(description.name), "{} twice", description.name);
            assert!(description.help.ends_with('.'), "{}", description.name);
        }
    }

    #[test]
    fn the_versions_of_a_query_ascend() {
        for collector in COLLECTORS {
            assert!(collector.queries.is_sorted_by_key(|(since, _)| *since), "{}", collector.name);
        }
    }
}
