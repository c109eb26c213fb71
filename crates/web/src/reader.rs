//! Reading the history for pages and the API, on connections that the flusher does not use.
//!
//! There are two kinds of question: for one history and for the list of keys. Of each kind at most one query runs at a
//! time, however many requests there are. Its result answers all requests of the next seconds that ask the same, and its failure
//! all that ask anything.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use tokio::time::timeout_at;

use crate::history::{HistoryError, adapted, begin, connect};
use crate::recent::Recent;
use crate::retention::{DAY, Row, Width};
use crate::series::{Series, Subject};
use crate::settings::Database;
use crate::trace;

/// How long an answer may take, connecting included.
const DEADLINE: Duration = Duration::from_secs(2);

/// How much of that a request waits for others' queries.
const TURN: Duration = Duration::from_secs(1);

/// How long an answer is used again.
const FRESH: Duration = Duration::from_secs(2);

/// How many histories are kept for that long. One has some 10,000 pairs of numbers at most.
const SERIES_AT_MOST: usize = 256;

/// The key under which the hits of all keys stand.
pub(crate) const ALL_KEYS: &str = "";

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum ReadError {
    /// No database is configured.
    NotKept,
    /// Postgres did not answer.
    Away(Arc<HistoryError>),
}

/// A key in the list of keys. Its periods are days of UTC and include today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRow {
    pub(crate) key: String,
    pub(crate) total: i64,
    pub(crate) today: i64,
    /// The last 7 days.
    pub(crate) week: i64,
    /// The last 30 days.
    pub(crate) month: i64,
    /// When the total last changed, in Unix seconds.
    pub(crate) changed: i64,
}

/// Reads the history.
pub(crate) struct Reader {
    series: Desk<Subject>,
    keys: Desk<EveryKey>,
}

impl Reader {
    pub(crate) fn new(Database(options): Database) -> Self {
        let database = adapted(options);
        Self { series: Desk::new(database.clone(), SERIES_AT_MOST), keys: Desk::new(database, 1) }
    }

    /// One history. The answer is at most [`FRESH`] old and comes within [`DEADLINE`].
    pub(crate) async fn series(&self, subject: &Subject) -> Result<Arc<Series>, ReadError> {
        self.series.ask(subject).await
    }

    /// All keys, in no order, like [`series`](Self::series).
    pub(crate) async fn keys(&self) -> Result<Arc<Vec<KeyRow>>, ReadError> {
        self.keys.ask(&EveryKey).await
    }
}

/// What a query answers.
trait Question: Clone + Hash + Eq + Sync {
    type Answer;

    /// Reads the answer as it is at `now`, in Unix seconds.
    fn read(
        &self,
        connection: &mut PgConnection,
        now: i64,
    ) -> impl Future<Output = Result<Self::Answer, sqlx::Error>> + Send;
}

type Answer<A> = Result<Arc<A>, Arc<HistoryError>>;

/// Answers questions of one kind.
struct Desk<Q: Question> {
    database: Database,
    /// Whoever has it may ask.
    connection: tokio::sync::Mutex<Option<PgConnection>>,
    recent: Mutex<Recent<Q, Arc<Q::Answer>, Arc<HistoryError>>>,
}

impl<Q: Question> Desk<Q> {
    fn new(database: Database, at_most: usize) -> Self {
        Self { database, connection: tokio::sync::Mutex::default(), recent: Mutex::new(Recent::new(FRESH, at_most)) }
    }

    async fn ask(&self, question: &Q) -> Result<Arc<Q::Answer>, ReadError> {
        if let Some(answer) = self.recent(question) {
            return answer.map_err(ReadError::Away);
        }
        let start = tokio::time::Instant::now();
        let too_slow = || Arc::new(HistoryError::TooSlow(DEADLINE));
        let Ok(mut connection) = timeout_at(start + TURN, self.connection.lock()).await else {
            return Err(ReadError::Away(too_slow()));
        };
        // The one who had the turn before may have asked the same.
        if let Some(answer) = self.recent(question) {
            return answer.map_err(ReadError::Away);
        }
        let answer = match timeout_at(start + DEADLINE, self.read(&mut connection, question)).await {
            Ok(answer) => answer.map(Arc::new).map_err(Arc::new),
            Err(_) => Err(too_slow()),
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.put(question.clone(), answer.clone(), Instant::now());
        answer.map_err(ReadError::Away)
    }

    fn recent(&self, question: &Q) -> Option<Answer<Q::Answer>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).get(question, Instant::now())
    }

    /// Queries Postgres. The connection is kept only after success.
    async fn read(&self, kept: &mut Option<PgConnection>, question: &Q) -> Result<Q::Answer, HistoryError> {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => connect(&self.database).await?,
        };
        let mut transaction = begin(&mut connection).await?;
        let answer = question.read(&mut transaction, Timestamp::now().as_second()).await?;
        transaction.commit().await?;
        *kept = Some(connection);
        Ok(answer)
    }
}

impl Question for Subject {
    type Answer = Series;

    async fn read(&self, connection: &mut PgConnection, now: i64) -> Result<Series, sqlx::Error> {
        let rows = match self {
            Self::Visits => visits(connection, now).await?,
            Self::Key(key) => hits(connection, key.as_str()).await?,
            Self::AllKeys => hits(connection, ALL_KEYS).await?,
        };
        Ok(Series::new(rows))
    }
}

/// The history of visits. Its rows are as coarse as their age says, whether they have been folded yet or not.
async fn visits(connection: &mut PgConnection, now: i64) -> Result<Vec<Row>, sqlx::Error> {
    let query = sqlx::query!(
        r#"SELECT CASE WHEN minute >= to_timestamp($1::bigint) THEN extract(epoch FROM minute)::bigint
                       WHEN minute >= to_timestamp($2::bigint) THEN extract(epoch FROM minute)::bigint / 3600 * 3600
                       ELSE extract(epoch FROM minute)::bigint / 86400 * 86400 END AS "start!",
                  sum(visits)::bigint AS "visits!"
           FROM visits_history
           GROUP BY 1"#,
        Width::Minute.kept_from(now),
        Width::Hour.kept_from(now),
    );
    let rows = trace::statement("SELECT", "visits_history", query.fetch_all(connection)).await?;
    let row = |start, count| Row { width: Width::at_age(start, now), start, count };
    Ok(rows.into_iter().map(|read| row(read.start, read.visits)).collect())
}

/// The history of one key.
async fn hits(connection: &mut PgConnection, key: &str) -> Result<Vec<Row>, sqlx::Error> {
    let query = sqlx::query!(
        r#"SELECT width, extract(epoch FROM start)::bigint AS "start!", hits FROM hits_history WHERE key = $1"#,
        key,
    );
    let rows = trace::statement("SELECT", "hits_history", query.fetch_all(connection)).await?;
    // What a newer replica keeps in a width that this one does not know has no time for it.
    let row = |width, start, count| Row { width: Width::numbered(width).unwrap_or(Width::Ever), start, count };
    Ok(rows.into_iter().map(|read| row(read.width, read.start, read.hits)).collect())
}

/// The question for all keys.
#[derive(Clone, PartialEq, Eq, Hash)]
struct EveryKey;

impl Question for EveryKey {
    type Answer = Vec<KeyRow>;

    async fn read(&self, connection: &mut PgConnection, now: i64) -> Result<Vec<KeyRow>, sqlx::Error> {
        let today = Width::Day.start_of(now);
        let query = sqlx::query!(
            r#"SELECT key AS "key!", total AS "total!", extract(epoch FROM changed)::bigint AS "changed!",
                      coalesce(today, 0)::bigint AS "today!", coalesce(week, 0)::bigint AS "week!",
                      coalesce(month, 0)::bigint AS "month!"
               FROM (SELECT key, sum(recorded)::bigint AS total, max(changed) AS changed FROM hits_totals GROUP BY key)
                    AS totals
               LEFT JOIN (SELECT key,
                                 sum(hits) FILTER (WHERE start >= to_timestamp($1::bigint)) AS today,
                                 sum(hits) FILTER (WHERE start >= to_timestamp($2::bigint)) AS week,
                                 sum(hits) AS month
                          FROM hits_history
                          WHERE width IN (0, 1, 2, 3) AND start >= to_timestamp($3::bigint)
                          GROUP BY key) AS periods USING (key)"#,
            today,
            today - 6 * DAY,
            today - 29 * DAY,
        );
        let rows = trace::statement("SELECT", "hits_totals", query.fetch_all(connection)).await?;
        let row = rows.into_iter().map(|row| KeyRow {
            key: row.key,
            total: row.total,
            today: row.today,
            week: row.week,
            month: row.month,
            changed: row.changed,
        });
        Ok(row.collect())
    }
}
