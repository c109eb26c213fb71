//! Reading the history for pages and the API, on a connection that the flusher does not use.
//!
//! At most one query runs at a time, however many requests there are. Its result, or its failure, answers all requests of
//! the next seconds.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::history::{HistoryError, adapted, begin, connect};
use crate::settings::Database;
use crate::slots::{DAY, DAYS, HOUR, HOURS, Stats, first_start, slots};
use crate::trace;

/// How long an answer may take, connecting included.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long an answer is used again.
const FRESH: Duration = Duration::from_secs(2);

/// Why there are no [`Stats`].
#[derive(Clone, Debug)]
pub(crate) enum ReadError {
    /// No database is configured.
    NotKept,
    /// Postgres did not answer.
    Away(Arc<HistoryError>),
}

/// Reads the history.
pub(crate) struct Reader {
    database: Database,
    state: Mutex<State>,
}

/// The result of a query, shared by requests.
type Answer = Result<Arc<Stats>, Arc<HistoryError>>;

#[derive(Default)]
struct State {
    connection: Option<PgConnection>,
    last: Option<(Instant, Answer)>,
}

impl Reader {
    pub(crate) fn new(Database(options): Database) -> Self {
        Self { database: adapted(options), state: Mutex::default() }
    }

    /// The visits up to now. The answer is at most [`FRESH`] old and comes within [`DEADLINE`].
    pub(crate) async fn stats(&self) -> Result<Arc<Stats>, ReadError> {
        let too_slow = || Arc::new(HistoryError::TooSlow(DEADLINE));
        let answer = timeout(DEADLINE, async {
            let mut state = self.state.lock().await;
            match &state.last {
                Some((when, answer)) if when.elapsed() < FRESH => answer.clone(),
                _ => {
                    // A deadline of its own, so that requests that wait for the lock get the failure, too.
                    let answer = timeout(DEADLINE, state.read(&self.database)).await;
                    let answer = answer.map_or_else(|_| Err(too_slow()), |answer| answer.map_err(Arc::new));
                    let answer = answer.map(Arc::new);
                    state.last = Some((Instant::now(), answer.clone()));
                    answer
                }
            }
        });
        answer.await.unwrap_or_else(|_| Err(too_slow())).map_err(ReadError::Away)
    }
}

impl State {
    /// Queries Postgres. The connection is kept only after success.
    async fn read(&mut self, database: &Database) -> Result<Stats, HistoryError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(database).await?,
        };
        let now = Timestamp::now();
        let mut transaction = begin(&mut connection).await?;
        let hours = visits(&mut transaction, HOUR, first_start(now, HOUR, HOURS)).await?;
        let days = visits(&mut transaction, DAY, first_start(now, DAY, DAYS)).await?;
        transaction.commit().await?;
        self.connection = Some(connection);
        Ok(Stats { hours: slots(now, HOUR, HOURS, &hours), days: slots(now, DAY, DAYS, &days) })
    }
}

/// Visits since `since` in slots of `length` seconds: the start of each slot in Unix seconds, and its visits.
async fn visits(connection: &mut PgConnection, length: i64, since: i64) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let query = sqlx::query!(
        r#"SELECT extract(epoch FROM minute)::bigint / $1 * $1 AS "start!", sum(visits)::bigint AS "visits!"
           FROM visits_history
           WHERE minute >= to_timestamp($2::bigint)
           GROUP BY 1"#,
        length,
        since,
    );
    let rows = trace::statement("SELECT", "visits_history", query.fetch_all(connection)).await?;
    Ok(rows.into_iter().map(|row| (row.start, row.visits)).collect())
}
