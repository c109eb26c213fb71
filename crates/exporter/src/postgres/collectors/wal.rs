//! The write-ahead log: checkpoints, archive, replication.

use super::{OLDEST, V13, V17, V18, metric};
use crate::{
    exposition::Kind::{Counter, Gauge},
    postgres::table::Collector,
};

/// From PostgreSQL 17 on, most of it is in other views.
pub(super) const BGWRITER: Collector = Collector {
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
pub(super) const CHECKPOINTER: Collector = Collector {
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

pub(super) const REPLICATION: Collector = Collector {
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

pub(super) const STAT_REPLICATION: Collector = Collector {
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

pub(super) const REPLICATION_SLOTS: Collector = Collector {
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

pub(super) const REPLICATION_SLOTS_13: Collector = Collector {
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

pub(super) const REPLICATION_SLOTS_STATUS: Collector = Collector {
    name: "replication_slots_status",
    queries: &[(
        V13,
        "SELECT slot_name, slot_type, wal_status, 1 AS one FROM pg_replication_slots WHERE wal_status IS NOT NULL",
    )],
    labels: &["slot_name", "slot_type", "wal_status"],
    metrics: &[
        metric(
            "one",
            Gauge,
            "pg_replication_slots_wal_status",
            "1, with the state of the log that the slot needs in a label.",
        ),
        metric(
            "one",
            Gauge,
            "pg_replication_slot_wal_status",
            "The same under its name in older versions of postgres_exporter.",
        ),
    ],
};

pub(super) const ARCHIVER: Collector = Collector {
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

pub(super) const WAL: Collector = Collector {
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
