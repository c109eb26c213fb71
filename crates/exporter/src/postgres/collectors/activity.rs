//! Activity: transactions, connections, locks, vacuums.

use super::{OLDEST, V14, metric};
use crate::{
    exposition::Kind::{Counter, Gauge},
    postgres::table::Collector,
};

pub(super) const DATABASE: Collector = Collector {
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

pub(super) const ACTIVE_TIME: Collector = Collector {
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

pub(super) const CONFLICTS: Collector = Collector {
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

pub(super) const ACTIVITY: Collector = Collector {
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

pub(super) const LOCKS: Collector = Collector {
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

pub(super) const LONG_TRANSACTIONS: Collector = Collector {
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

/// `txid_current()` would use up an id at each scrape.
pub(super) const TRANSACTION_ID: Collector = Collector {
    name: "txid",
    queries: &[(OLDEST, "SELECT txid_snapshot_xmax(txid_current_snapshot()) AS current")],
    labels: &[],
    metrics: &[metric("current", Gauge, "pg_txid_current", "The next transaction id.")],
};

pub(super) const AUTOVACUUM: Collector = Collector {
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

pub(super) const VACUUM: Collector = Collector {
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

pub(super) const VACUUM_PHASE: Collector = Collector {
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
