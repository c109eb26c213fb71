//! Reading the history for pages and the API, on connections that the flusher does not use.
//!
//! There are two kinds of question: for one history and for the list of keys. Of each kind at most one query runs at a
//! time, however many requests there are. It answers what waits, several histories at once. Its results answer all requests of the
//! next seconds that ask the same, and its failure all that ask anything.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use tokio::time::timeout_at;

use crate::clock::Clock;
use crate::history::{ALL_KEYS, HistoryError, adapted, begin, connect};
use crate::recent::Recent;
use crate::retention::{DAY, Row, Width};
use crate::series::{Series, Subject};
use crate::settings::Database;
use crate::sqlite::{self, File, StoreError};
use crate::trace;

/// How long an answer may take, connecting included.
const DEADLINE: Duration = Duration::from_secs(2);

/// How much of that a request waits for others' queries.
const TURN: Duration = Duration::from_secs(1);

/// How long an answer is used again.
const FRESH: Duration = Duration::from_secs(2);

/// How many histories are kept for that long. One has some 10,000 pairs of numbers at most.
const SERIES_AT_MOST: usize = 256;

/// How many histories one query reads at most.
const SERIES_AT_ONCE: usize = 32;

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum ReadError {
    /// No database is configured.
    NotKept,
    /// Postgres did not answer, or the file could not be read.
    Away(Failure),
}

/// Why a query was not answered.
type Failure = Arc<dyn Error + Send + Sync>;

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
    pub(crate) fn postgres(Database(options): Database, clock: Clock) -> Self {
        Self::new(&Source::Postgres(adapted(options)), &clock)
    }

    pub(crate) fn sqlite(file: Arc<File>, clock: Clock) -> Self {
        Self::new(&Source::Sqlite(file), &clock)
    }

    fn new(source: &Source, clock: &Clock) -> Self {
        Self {
            series: Desk::new(source.clone(), clock.clone(), (SERIES_AT_ONCE, SERIES_AT_MOST)),
            keys: Desk::new(source.clone(), clock.clone(), (1, 1)),
        }
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

/// Where a history is.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are two")]
enum Source {
    Postgres(Database),
    Sqlite(Arc<File>),
}

impl Source {
    async fn connect(&self) -> Result<Session, Failure> {
        match self {
            Self::Postgres(database) => connect(database).await.map(Session::Postgres).map_err(failure),
            Self::Sqlite(file) => file.reader().await.map(Session::Sqlite).map_err(failure),
        }
    }

    fn too_slow(&self) -> Failure {
        match self {
            Self::Postgres(_) => failure(HistoryError::TooSlow(DEADLINE)),
            Self::Sqlite(_) => failure(StoreError::TooSlow(DEADLINE)),
        }
    }
}

fn failure(error: impl Error + Send + Sync + 'static) -> Failure {
    Arc::new(error)
}

/// A connection to it.
enum Session {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What a query answers, as it is at `now` (Unix seconds): one answer for each question, in their order.
trait Question: Clone + Hash + Eq + Send + Sync {
    type Answer: Send;

    fn ask_postgres(
        questions: &[Self],
        connection: &mut PgConnection,
        now: i64,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, sqlx::Error>> + Send;

    fn ask_sqlite(
        questions: &[Self],
        connection: &mut SqliteConnection,
        now: i64,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, sqlx::Error>> + Send;
}

/// Answers questions of one kind.
struct Desk<Q: Question> {
    source: Source,
    clock: Clock,
    /// Whoever has it may ask.
    session: tokio::sync::Mutex<Option<Session>>,
    /// What requests wait for.
    waiting: Mutex<HashSet<Q>>,
    /// How many questions one query answers.
    at_once: usize,
    recent: Mutex<Recent<Q, Arc<Q::Answer>, Failure>>,
}

impl<Q: Question> Desk<Q> {
    fn new(source: Source, clock: Clock, (at_once, at_most): (usize, usize)) -> Self {
        Self {
            source,
            clock,
            session: tokio::sync::Mutex::default(),
            waiting: Mutex::default(),
            at_once,
            recent: Mutex::new(Recent::new(FRESH, at_most)),
        }
    }

    async fn ask(&self, question: &Q) -> Result<Arc<Q::Answer>, ReadError> {
        if let Some(answer) = self.recent(question) {
            return answer.map_err(ReadError::Away);
        }
        let start = tokio::time::Instant::now();
        let _waits = Waits::new(&self.waiting, question);
        let Ok(mut session) = timeout_at(start + TURN, self.session.lock()).await else {
            return Err(ReadError::Away(self.source.too_slow()));
        };
        // The one who had the turn before may have read this, too.
        if let Some(answer) = self.recent(question) {
            return answer.map_err(ReadError::Away);
        }
        let questions = self.next(question);
        let answers = match timeout_at(start + DEADLINE, self.read(&mut session, &questions)).await {
            Ok(answers) => answers,
            Err(_) => Err(self.source.too_slow()),
        };
        let mut recent = locked(&self.recent);
        match answers {
            Ok(answers) => {
                let now = Instant::now();
                let answers = questions.into_iter().zip(answers.into_iter().map(Arc::new));
                answers.for_each(|(question, answer)| recent.put(question, Ok(answer), now));
            }
            Err(error) => recent.put(question.clone(), Err(error), Instant::now()),
        }
        let answer = recent.get(question, Instant::now());
        answer.unwrap_or_else(|| Err(self.source.too_slow())).map_err(ReadError::Away)
    }

    /// This question and others that wait, which no longer wait then.
    fn next(&self, question: &Q) -> Vec<Q> {
        let mut waiting = locked(&self.waiting);
        waiting.remove(question);
        let mut questions: Vec<_> = waiting.iter().take(self.at_once - 1).cloned().collect();
        waiting.retain(|question| !questions.contains(question));
        questions.push(question.clone());
        questions
    }

    fn recent(&self, question: &Q) -> Option<Result<Arc<Q::Answer>, Failure>> {
        locked(&self.recent).get(question, Instant::now())
    }

    /// Asks on the kept session, or on a new one where there is none or it fails: the server may have been started again.
    async fn read(&self, kept: &mut Option<Session>, questions: &[Q]) -> Result<Vec<Q::Answer>, Failure> {
        if let Some(session) = kept.take()
            && let Ok(answers) = self.read_on(session, kept, questions).await
        {
            return Ok(answers);
        }
        let session = self.source.connect().await?;
        self.read_on(session, kept, questions).await
    }

    /// Asks. The session is kept only after success.
    async fn read_on(
        &self,
        mut session: Session,
        kept: &mut Option<Session>,
        questions: &[Q],
    ) -> Result<Vec<Q::Answer>, Failure> {
        let now = (self.clock)().as_second();
        let answers = match &mut session {
            Session::Postgres(connection) => within_limits(connection, questions, now).await.map_err(failure)?,
            Session::Sqlite(connection) => Q::ask_sqlite(questions, connection, now).await.map_err(failure)?,
        };
        *kept = Some(session);
        Ok(answers)
    }
}

/// Asks in a transaction with limits.
async fn within_limits<Q: Question>(
    connection: &mut PgConnection,
    questions: &[Q],
    now: i64,
) -> Result<Vec<Q::Answer>, HistoryError> {
    let mut transaction = begin(connection).await?;
    let answers = Q::ask_postgres(questions, &mut transaction, now).await?;
    transaction.commit().await?;
    Ok(answers)
}

/// A request that waits. When it has its answer, or is given up, it waits no longer.
struct Waits<'a, Q: Question> {
    waiting: &'a Mutex<HashSet<Q>>,
    question: &'a Q,
}

impl<'a, Q: Question> Waits<'a, Q> {
    fn new(waiting: &'a Mutex<HashSet<Q>>, question: &'a Q) -> Self {
        locked(waiting).insert(question.clone());
        Self { waiting, question }
    }
}

impl<Q: Question> Drop for Waits<'_, Q> {
    fn drop(&mut self) {
        locked(self.waiting).remove(self.question);
    }
}

/// The value, which is as it should be also after a panic: each change is one call.
fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Question for Subject {
    type Answer = Series;

    async fn ask_sqlite(
        subjects: &[Self],
        connection: &mut SqliteConnection,
        _: i64,
    ) -> Result<Vec<Series>, sqlx::Error> {
        let mut histories = Vec::with_capacity(subjects.len());
        for subject in subjects {
            histories.push(Series::new(sqlite::rows(connection, subject).await?));
        }
        Ok(histories)
    }

    async fn ask_postgres(
        subjects: &[Self],
        connection: &mut PgConnection,
        now: i64,
    ) -> Result<Vec<Series>, sqlx::Error> {
        let mut hits = hits(connection, subjects.iter().filter_map(Self::key)).await?;
        let mut histories = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let rows = match subject.key() {
                Some(key) => hits.remove(key).unwrap_or_default(),
                None => visits(connection, now).await?,
            };
            histories.push(Series::new(rows));
        }
        Ok(histories)
    }
}

impl Subject {
    /// The key under which a history of hits stands.
    fn key(&self) -> Option<&str> {
        match self {
            Self::Visits => None,
            Self::Key(key) => Some(key.as_str()),
            Self::AllKeys => Some(ALL_KEYS),
        }
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

/// The histories of these keys.
async fn hits<'a>(
    connection: &mut PgConnection,
    keys: impl Iterator<Item = &'a str> + Send,
) -> Result<HashMap<String, Vec<Row>>, sqlx::Error> {
    let keys: Vec<String> = keys.map(str::to_owned).collect();
    let mut histories: HashMap<String, Vec<Row>> = HashMap::new();
    if keys.is_empty() {
        return Ok(histories);
    }
    let query = sqlx::query!(
        r#"SELECT key, width, extract(epoch FROM start)::bigint AS "start!", hits
           FROM hits_history WHERE key = ANY($1::text[])"#,
        &keys,
    );
    for read in trace::statement("SELECT", "hits_history", query.fetch_all(connection)).await? {
        // What a newer replica keeps in a width that this one does not know has no time for it.
        let width = Width::numbered(read.width).unwrap_or(Width::Ever);
        histories.entry(read.key).or_default().push(Row { width, start: read.start, count: read.hits });
    }
    Ok(histories)
}

/// The question for all keys.
#[derive(Clone, PartialEq, Eq, Hash)]
struct EveryKey;

impl Question for EveryKey {
    type Answer = Vec<KeyRow>;

    async fn ask_sqlite(
        _: &[Self],
        connection: &mut SqliteConnection,
        now: i64,
    ) -> Result<Vec<Vec<KeyRow>>, sqlx::Error> {
        Ok(vec![sqlite::keys(connection, now).await?])
    }

    async fn ask_postgres(
        _: &[Self],
        connection: &mut PgConnection,
        now: i64,
    ) -> Result<Vec<Vec<KeyRow>>, sqlx::Error> {
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
        Ok(vec![row.collect()])
    }
}
