//! The history in Postgres: visits by the minute.
//!
//! There is one connection and no pool. After any error it is dropped, and the next call makes a new one. So no transaction
//! is left half-finished, and the history reconnects without help.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;
use uuid::Uuid;

use crate::ledger::{Entries, Sample};
use crate::settings::Database;
use crate::trace::statement;

/// How long one call may take, connecting and migrating included.
const DEADLINE: Duration = Duration::from_secs(5);

/// Limits that the server enforces, so that a replica that froze in a transaction does not keep the lock that others
/// wait for.
const SERVER_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "4s"), ("lock_timeout", "3s"), ("idle_in_transaction_session_timeout", "5s")];

/// Why the history was not updated. Visits that were not written are still part of Redis' total.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The server could not be reached, or refused.
    #[error("Postgres: {0}")]
    Database(#[from] sqlx::Error),
    /// The migrations failed.
    #[error("Postgres: the tables could not be brought up to date: {0}")]
    Migration(#[from] MigrateError),
    /// The deadline passed.
    #[error("Postgres: no answer within {} seconds", .0.as_secs())]
    TooSlow(Duration),
}

/// Writes the history.
pub struct History {
    database: Database,
    connection: Option<PgConnection>,
}

impl History {
    /// A writer for `database`. It connects on the first call.
    pub fn new(Database(options): Database) -> Self {
        Self { database: with_limits(options), connection: None }
    }

    /// Adds the visits of one epoch's `samples` above its flushed total. Returns the number added.
    ///
    /// This is one transaction, which locks the epoch's row first. It may be repeated and may run concurrently. Dropping
    /// the future is safe.
    ///
    /// # Errors
    ///
    /// When Postgres does not answer. The samples may or may not have been added; call this with them again.
    pub async fn add(&mut self, epoch: Uuid, samples: &[Sample]) -> Result<i64, HistoryError> {
        within_deadline(async {
            let mut connection = self.take_connection().await?;
            let mut transaction = connection.begin().await?;
            let added = add(&mut transaction, epoch, samples).await?;
            transaction.commit().await?;
            self.connection = Some(connection);
            Ok(added)
        })
        .await
    }

    /// Raises the stored totals of one epoch's keys to these. Returns how many were raised.
    ///
    /// This is one statement. It may be repeated and may run concurrently.
    ///
    /// # Errors
    ///
    /// When Postgres does not answer.
    pub async fn add_hits(&mut self, epoch: Uuid, totals: &[(String, i64)]) -> Result<u64, HistoryError> {
        within_deadline(async {
            let mut connection = self.take_connection().await?;
            let added = add_hits(&mut connection, epoch, totals).await?;
            self.connection = Some(connection);
            Ok(added)
        })
        .await
    }

    /// Checks that Postgres answers.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn ping(&mut self) -> Result<(), HistoryError> {
        within_deadline(async {
            let mut connection = self.take_connection().await?;
            connection.ping().await?;
            self.connection = Some(connection);
            Ok(())
        })
        .await
    }

    /// The connection. The caller puts it back after success.
    async fn take_connection(&mut self) -> Result<PgConnection, HistoryError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => connect(&self.database).await,
        }
    }
}

/// The options with the limits for the server, and the name that `pg_stat_activity` shows.
pub(crate) fn with_limits(options: PgConnectOptions) -> Database {
    Database(options.application_name("wharf-web").options(SERVER_LIMITS).disable_statement_logging())
}

async fn within_deadline<T>(work: impl Future<Output = Result<T, HistoryError>>) -> Result<T, HistoryError> {
    timeout(DEADLINE, work).await.unwrap_or(Err(HistoryError::TooSlow(DEADLINE)))
}

/// A new connection to a database whose tables are up to date. Replicas that start together wait for each other: sqlx
/// takes an advisory lock.
pub(crate) async fn connect(Database(options): &Database) -> Result<PgConnection, HistoryError> {
    let mut connection = options.connect().await?;
    let mut migrations = sqlx::migrate!();
    // During an update a newer replica may have migrated already. Migrations only add, so this one still works.
    migrations.set_ignore_missing(true);
    migrations.run_direct(None, &mut connection, false).await?;
    Ok(connection)
}

async fn add(connection: &mut PgConnection, epoch: Uuid, samples: &[Sample]) -> Result<i64, sqlx::Error> {
    let insert = sqlx::query!("INSERT INTO visits_epochs (epoch) VALUES ($1) ON CONFLICT DO NOTHING", epoch);
    statement("INSERT", "visits_epochs", insert.execute(&mut *connection)).await?;
    let select = sqlx::query!("SELECT flushed FROM visits_epochs WHERE epoch = $1 FOR UPDATE", epoch);
    let row = statement("SELECT", "visits_epochs", select.fetch_one(&mut *connection)).await?;
    let entries = Entries::new(row.flushed, samples);
    if entries.visits.is_empty() {
        return Ok(0);
    }
    let (minutes, visits): (Vec<i64>, Vec<i64>) =
        entries.visits.iter().map(|(minute, visits)| (minute.unix_seconds(), *visits)).unzip();
    let insert = sqlx::query!(
        "INSERT INTO visits_history (minute, visits)
         SELECT to_timestamp(entry.minute), entry.visits
         FROM unnest($1::bigint[], $2::bigint[]) AS entry (minute, visits)
         ORDER BY entry.minute
         ON CONFLICT (minute) DO UPDATE SET visits = visits_history.visits + excluded.visits",
        &minutes,
        &visits,
    );
    statement("INSERT", "visits_history", insert.execute(&mut *connection)).await?;
    let update = sqlx::query!("UPDATE visits_epochs SET flushed = $2 WHERE epoch = $1", epoch, entries.flushed);
    statement("UPDATE", "visits_epochs", update.execute(&mut *connection)).await?;
    Ok(entries.sum())
}

async fn add_hits(connection: &mut PgConnection, epoch: Uuid, totals: &[(String, i64)]) -> Result<u64, sqlx::Error> {
    let (keys, totals): (Vec<String>, Vec<i64>) = totals.iter().cloned().unzip();
    // All writers take the rows in the same order, so that they cannot deadlock.
    let insert = sqlx::query!(
        "WITH known AS (INSERT INTO visits_epochs (epoch) VALUES ($1) ON CONFLICT DO NOTHING)
         INSERT INTO hits_totals (epoch, key, total)
         SELECT $1, entry.key, entry.total
         FROM unnest($2::text[], $3::bigint[]) AS entry (key, total)
         WHERE entry.total > 0
         ORDER BY entry.key
         ON CONFLICT (epoch, key) DO UPDATE SET total = excluded.total, changed = now()
         WHERE hits_totals.total < excluded.total",
        epoch,
        &keys,
        &totals,
    );
    Ok(statement("INSERT", "hits_totals", insert.execute(connection)).await?.rows_affected())
}
