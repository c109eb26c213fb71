//! The queries, under postgres_exporter's names. They need no more than the role `pg_monitor`.
//!
//! The views: <https://www.postgresql.org/docs/current/monitoring-stats.html>.

mod activity;
mod objects;
mod wal;

use super::table::{Collector, Metric};
use crate::exposition::Kind;
use activity::{
    ACTIVE_TIME, ACTIVITY, AUTOVACUUM, CONFLICTS, DATABASE, LOCKS, LONG_TRANSACTIONS, TRANSACTION_ID, VACUUM,
    VACUUM_PHASE,
};
use objects::{
    DATABASE_LIMIT, DATABASE_SIZE, POSTMASTER, ROLES, STATIO_USER_TABLES, TABLE_SIZE, USER_TABLES, WRAPAROUND,
};
use wal::{
    ARCHIVER, BGWRITER, CHECKPOINTER, REPLICATION, REPLICATION_SLOTS, REPLICATION_SLOTS_13, REPLICATION_SLOTS_STATUS,
    STAT_REPLICATION, WAL,
};

/// The first version that is supported: PostgreSQL 10.
pub(crate) const OLDEST: u32 = 100_000;
const V13: u32 = 130_000;
const V14: u32 = 140_000;
const V17: u32 = 170_000;
const V18: u32 = 180_000;

const fn metric(column: &'static str, kind: Kind, name: &'static str, help: &'static str) -> Metric {
    Metric { column, name, kind, help }
}

/// In the order in which they run. What alerts need most comes first, because a scrape may run out of time.
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
    REPLICATION_SLOTS_STATUS,
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
    TABLE_SIZE,
];

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
