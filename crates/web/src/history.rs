//! The history in Postgres: visits and hits in slots of time.
//!
//! There is one connection and no pool. After any error it is dropped, and the next call makes a new one. So no transaction
//! is left half-finished, and the history reconnects without help.

mod folding;
mod hits;

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Postgres, Transaction};
use tokio::time::timeout;
use uuid::Uuid;

pub use self::folding::Folded;
use crate::hits_ledger::HitsTotal;
use crate::ledger::{Entries, Sample};
use crate::retention::Bounds;
use crate::settings::Database;
use crate::trace::statement;

/// How long one call may take, connecting and migrating included.
const DEADLINE: Duration = Duration::from_secs(5);

/// Begins a transaction with limits that the server enforces, so that a replica that froze in one does not keep the lock
/// that others wait for.
///
/// All of this is for poolers that give each transaction another connection, such as PgBouncer with `pool_mode =
/// transaction`: limits of the session would be lost, and names of prepared statements may be taken there.
const BEGIN: &str = "BEGIN; DEALLOCATE ALL; SET LOCAL statement_timeout = '4s'; SET LOCAL lock_timeout = '3s'; \
    SET LOCAL idle_in_transaction_session_timeout = '5s'";

/// The key under which the hits of all keys stand.
pub(crate) const ALL_KEYS: &str = "";

/// The key of the advisory lock under which a replica brings the tables up to date.
const MIGRATING: i64 = i64::from_be_bytes(*b"wharfweb");

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
        Self { database: adapted(options), connection: None }
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
            let mut transaction = begin(&mut connection).await?;
            let added = add(&mut transaction, epoch, samples).await?;
            transaction.commit().await?;
            self.connection = Some(connection);
            Ok(added)
        })
        .await
    }

    /// Adds the hits of one epoch's `totals` above those that are recorded. Returns the number added.
    ///
    /// This is one transaction, like [`add`](Self::add).
    ///
    /// # Errors
    ///
    /// When Postgres does not answer.
    pub async fn add_hits(&mut self, epoch: Uuid, totals: &[HitsTotal]) -> Result<i64, HistoryError> {
        within_deadline(async {
            let mut connection = self.take_connection().await?;
            let mut transaction = begin(&mut connection).await?;
            let added = hits::add(&mut transaction, epoch, totals).await?;
            transaction.commit().await?;
            self.connection = Some(connection);
            Ok(added)
        })
        .await
    }

    /// Folds rows that are old at `now` (Unix seconds) or beyond the `bounds`: some thousands, in one transaction. Does nothing
    /// while another replica folds.
    ///
    /// # Errors
    ///
    /// When Postgres does not answer.
    pub async fn fold(&mut self, now: i64, bounds: &Bounds) -> Result<Folded, HistoryError> {
        within_deadline(async {
            let mut connection = self.take_connection().await?;
            let mut transaction = begin(&mut connection).await?;
            let folded = folding::step(&mut transaction, now, bounds).await?;
            transaction.commit().await?;
            self.connection = Some(connection);
            Ok(folded)
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

/// The options with the name that `pg_stat_activity` shows. They are such that a pooler takes them: it knows neither `options`
/// nor `extra_float_digits`, and no statement that was prepared on another connection.
pub(crate) fn adapted(options: PgConnectOptions) -> Database {
    let options = options.application_name("wharf-web").extra_float_digits(None).statement_cache_capacity(0);
    Database(options.disable_statement_logging())
}

/// A transaction with limits.
pub(crate) async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection.begin_with(BEGIN).await
}

async fn within_deadline<T>(work: impl Future<Output = Result<T, HistoryError>>) -> Result<T, HistoryError> {
    timeout(DEADLINE, work).await.unwrap_or(Err(HistoryError::TooSlow(DEADLINE)))
}

/// A new connection to a database whose tables are up to date. Replicas that start together wait for each other.
pub(crate) async fn connect(Database(options): &Database) -> Result<PgConnection, HistoryError> {
    let mut connection = options.connect().await?;
    let mut transaction = begin(&mut connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut *transaction).await?;
    let mut migrations = sqlx::migrate!();
    // During an update a newer replica may have migrated already. Migrations only add, so this one still works. sqlx' own
    // lock is one of the session.
    migrations.set_ignore_missing(true).set_locking(false);
    migrations.run_direct(None, &mut *transaction, false).await?;
    transaction.commit().await?;
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
