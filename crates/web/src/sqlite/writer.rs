//! The task that owns the connection that writes.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::batch::{Batch, Changes, Known, NoRoom, Raise, Totals, VISITS};
use super::file::{File, StoreError};
use super::folding::fold;
use super::{Gauges, Request, WAITING};
use crate::clock::Clock;
use crate::counter::CounterError;
use crate::key::Key;
use crate::people::memory::Marks;
use crate::retention::{Bounds, Width};

/// How often a file that could not be written is tried again.
const ATTEMPT_EVERY: Duration = Duration::from_millis(500);

/// How often it is looked whether rows of the history are due to be folded, unless more of them are.
const FOLD_EVERY: Duration = Duration::from_secs(60);

/// A connection, and the totals that are on disk.
struct Open {
    connection: SqliteConnection,
    totals: Totals,
}

enum State {
    Open(Box<Open>),
    Failed(Arc<StoreError>),
}

/// Writes the counts of all requests.
pub(crate) struct Writer {
    file: Arc<File>,
    requests: Receiver<Request>,
    keys_at_most: usize,
    gauges: Gauges,
    clock: Clock,
    state: State,
    /// The people who were counted in the last half hour.
    marks: Marks,
    /// When the file may be tried again after a failure.
    next_attempt: Instant,
    next_fold: Instant,
}

impl Writer {
    /// Opens the file. The requests are answered by [`run`](Self::run).
    pub(super) async fn open(
        file: Arc<File>,
        requests: Receiver<Request>,
        keys_at_most: u32,
        gauges: Gauges,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let open = open(&file).await?;
        gauges.up.set(1);
        Ok(Self {
            file,
            requests,
            keys_at_most: usize::try_from(keys_at_most).unwrap_or(usize::MAX),
            gauges,
            clock,
            state: State::Open(Box::new(open)),
            marks: Marks::default(),
            next_attempt: Instant::now(),
            next_fold: Instant::now(),
        })
    }

    /// Answers requests until `stop`, then closes the file.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(ATTEMPT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = Vec::with_capacity(WAITING);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = ticks.tick() => self.tick().await,
                received = self.requests.recv_many(&mut waiting, WAITING) => {
                    if received == 0 {
                        break;
                    }
                    self.answer(waiting.drain(..)).await;
                }
            }
        }
        if let State::Open(open) = self.state
            && let Err(error) = open.connection.close().await
        {
            tracing::warn!(%error, "the store could not be closed; the next start recovers it");
        }
    }

    /// Writes what the requests count and answers them.
    async fn answer(&mut self, requests: impl Iterator<Item = Request>) {
        if let State::Failed(_) = self.state {
            self.attempt().await;
        }
        let open = match &mut self.state {
            State::Open(open) => open,
            State::Failed(why) => {
                for request in requests {
                    // Nobody may be waiting any more, here and below.
                    let _ = request.answer.send(Err(CounterError::Store(why.clone())));
                }
                return;
            }
        };
        let now = (self.clock)().as_second();
        let mut batch = Batch::new(&open.totals, &mut self.marks, self.keys_at_most, now);
        // A client that was told that its request took too long, or that is gone, is not counted.
        let requests = requests.filter(|request| !request.answer.is_closed());
        let answers: Vec<_> = requests.map(|request| (batch.take(request.ask), request.answer)).collect();
        let Changes { raises, marks } = batch.changes();
        let written = match raises.is_empty() {
            true => Ok(()),
            false => write(&mut open.connection, &raises, now).await,
        };
        match written {
            Ok(()) => {
                open.totals.raise(raises);
                marks.into_iter().for_each(|mark| self.marks.leave(mark, now));
                for (answer, to) in answers {
                    let _ = to.send(answer.map_err(|NoRoom| CounterError::KeysExhausted));
                }
            }
            Err(error) => {
                let why = self.failed(self.file.failed(error));
                for (_, to) in answers {
                    let _ = to.send(Err(CounterError::Store(why.clone())));
                }
            }
        }
    }

    /// Tries a file that failed again, or folds what is due.
    async fn tick(&mut self) {
        let open = match &mut self.state {
            State::Failed(_) => return self.attempt().await,
            State::Open(_) if Instant::now() < self.next_fold => return,
            State::Open(open) => open,
        };
        match fold(&mut open.connection, (self.clock)().as_second(), &Bounds::default()).await {
            Ok(Some(rows)) => {
                self.marks.forget((self.clock)().as_second());
                for (width, rows) in rows {
                    self.gauges.rows.with_label_values(&[width.name()]).set(rows);
                }
                self.next_fold = Instant::now() + FOLD_EVERY;
            }
            Ok(None) => {}
            Err(error) => _ = self.failed(self.file.failed(error)),
        }
    }

    /// Opens a file that failed again, and shows that it takes a write.
    async fn attempt(&mut self) {
        if Instant::now() < self.next_attempt {
            return;
        }
        let attempt = async {
            let mut open = open(&self.file).await?;
            let probe = sqlx::query("UPDATE subjects SET total = total WHERE id = ?").bind(VISITS);
            probe.execute(&mut open.connection).await.map_err(|error| self.file.failed(error))?;
            Ok(open)
        };
        match attempt.await {
            Ok(open) => {
                self.state = State::Open(Box::new(open));
                self.gauges.up.set(1);
                tracing::info!("the store takes visits again");
            }
            Err(error) => _ = self.failed(error),
        }
    }

    /// Gives the connection up. What it had written without saying so is found when the file is opened again.
    fn failed(&mut self, why: StoreError) -> Arc<StoreError> {
        let why = Arc::new(why);
        self.gauges.up.set(0);
        self.next_attempt = Instant::now() + ATTEMPT_EVERY;
        let news = !matches!(&self.state, State::Failed(known) if known.to_string() == why.to_string());
        if news {
            tracing::warn!(error = %why, "the store fails, nothing is counted");
        }
        self.state = State::Failed(why.clone());
        why
    }
}

async fn open(file: &File) -> Result<Open, StoreError> {
    let mut connection = file.writer().await?;
    let totals = totals(&mut connection).await.map_err(|error| file.failed(error))?;
    Ok(Open { connection, totals })
}

/// The totals that the file has.
async fn totals(connection: &mut SqliteConnection) -> Result<Totals, sqlx::Error> {
    let mut totals = Totals::default();
    for row in sqlx::query("SELECT id, key, total FROM subjects").fetch_all(connection).await? {
        let (subject, total): (i64, i64) = (row.try_get("id")?, row.try_get("total")?);
        totals.last = totals.last.max(subject);
        match row.try_get::<Option<String>, _>("key")? {
            Some(key) => {
                let key: Key = key.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                totals.keys.insert(key, Known { subject, total });
            }
            None if subject == VISITS => totals.visits = total,
            None => totals.all_keys = total,
        }
    }
    Ok(totals)
}

/// Writes a batch in one transaction, which is on disk when this returns.
async fn write(connection: &mut SqliteConnection, raises: &[Raise], now: i64) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for Raise { subject, key, by, to } in raises {
        sqlx::query(
            "INSERT INTO subjects (id, key, total, changed) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET total = excluded.total, changed = excluded.changed",
        )
        .bind(subject)
        .bind(key.as_ref().map(Key::as_str))
        .bind(to)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO history (subject, width, start, count) VALUES (?, 0, ?, ?)
             ON CONFLICT (subject, width, start) DO UPDATE SET count = count + excluded.count",
        )
        .bind(subject)
        .bind(Width::Minute.start_of(now))
        .bind(by)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await
}
