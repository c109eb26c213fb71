//! Objects: databases, tables, roles, the server itself.

use super::{OLDEST, metric};
use crate::{
    exposition::Kind::{Counter, Gauge},
    postgres::table::Collector,
};

pub(super) const POSTMASTER: Collector = Collector {
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

pub(super) const WRAPAROUND: Collector = Collector {
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

pub(super) const ROLES: Collector = Collector {
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

pub(super) const USER_TABLES: Collector = Collector {
    name: "stat_user_tables",
    queries: &[(
        OLDEST,
        "SELECT current_database() AS datname, t.*, coalesce(trunc(extract(epoch FROM last_vacuum)), 0) AS vacuumed,
                coalesce(trunc(extract(epoch FROM last_autovacuum)), 0) AS autovacuumed,
                coalesce(trunc(extract(epoch FROM last_analyze)), 0) AS analyzed,
                coalesce(trunc(extract(epoch FROM last_autoanalyze)), 0) AS autoanalyzed
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
    ],
};

/// A size waits for the lock of its table, so tables and indexes that are locked exclusively, or soon will be, are left
/// out. A lock that is taken in between fails this query after [`LOCK_TIMEOUT`](super::super::connection::LOCK_TIMEOUT).
pub(super) const TABLE_SIZE: Collector = Collector {
    name: "stat_user_tables_size",
    queries: &[(
        OLDEST,
        "SELECT current_database() AS datname, schemaname, relname,
                pg_indexes_size(relid) AS index_size, pg_table_size(relid) AS table_size
         FROM pg_stat_user_tables t
         WHERE NOT EXISTS (
             SELECT FROM pg_locks l LEFT JOIN pg_index i ON i.indexrelid = l.relation
             WHERE t.relid IN (l.relation, i.indrelid) AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
         ORDER BY relid LIMIT 1000",
    )],
    labels: &["datname", "schemaname", "relname"],
    metrics: &[
        metric("index_size", Gauge, "pg_stat_user_tables_index_size_bytes", "Size of the table's indexes."),
        metric("table_size", Gauge, "pg_stat_user_tables_table_size_bytes", "Size of the table without its indexes."),
    ],
};

pub(super) const STATIO_USER_TABLES: Collector = Collector {
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

pub(super) const DATABASE_LIMIT: Collector = Collector {
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

/// Late: the server looks at each file of each database.
pub(super) const DATABASE_SIZE: Collector = Collector {
    name: "database_size",
    queries: &[(
        OLDEST,
        "SELECT datname, pg_database_size(oid) AS size FROM pg_database
         WHERE has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')",
    )],
    labels: &["datname"],
    metrics: &[metric("size", Gauge, "pg_database_size_bytes", "Size of the database on disk.")],
};
