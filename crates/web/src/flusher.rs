//! The task that keeps the history up to date: it reads the total, keeps it as a sample, and writes the samples.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::counter::{Counter, CounterError, Reading};
use crate::history::{History, HistoryError};
use crate::instruments::HistoryInstruments;
use crate::ledger::{Minute, Samples};

/// How long the last flush may take. Another replica or the next start writes what is left.
const LAST_FLUSH: Duration = Duration::from_millis(500);

/// The keys' totals are written once in this many flushes: Redis needs longer to read them than one number.
const HITS_EVERY: u32 = 10;

/// Writes the history of one counter.
pub(crate) struct Flusher {
    counter: Counter,
    history: History,
    instruments: HistoryInstruments,
    samples: Samples,
    /// The last reading that the history has.
    flushed: Option<Reading>,
    /// The keys' totals that the history has, at most one for each key in Redis.
    flushed_hits: HashMap<String, i64>,
    /// Their epoch.
    hits_epoch: Option<Uuid>,
    /// Flushes left until the keys' totals are written again.
    hits_in: u32,
    /// Whether the last line that was logged about Postgres says that it is away.
    away: bool,
}

impl Flusher {
    pub(crate) fn new(counter: Counter, history: History, instruments: HistoryInstruments) -> Self {
        Self {
            counter,
            history,
            instruments,
            samples: Samples::default(),
            flushed: None,
            flushed_hits: HashMap::new(),
            hits_epoch: None,
            hits_in: 0,
            away: false,
        }
    }

    /// Flushes at every interval until `stop`, and once more after it.
    pub(crate) async fn run(mut self, every: Duration, stop: CancellationToken) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let regularly = async {
            loop {
                ticks.tick().await;
                self.flush().await;
            }
        };
        stop.run_until_cancelled(regularly).await;
        self.hits_in = 0;
        if timeout(LAST_FLUSH, self.flush()).await.is_err() {
            tracing::warn!("the last flush took too long; the next start makes up for it");
        }
    }

    async fn flush(&mut self) {
        self.sample().await;
        let result = self.write().await;
        self.instruments.unflushed.set(i64::try_from(self.samples.len()).unwrap_or(i64::MAX));
        self.instruments.postgres_up.set(i64::from(result.is_ok()));
        match result {
            Ok(()) if self.away => tracing::info!("Postgres is back, the history is up to date"),
            Ok(()) => {}
            Err(error) => {
                self.instruments.failures.inc();
                if !self.away {
                    tracing::warn!(%error, "the history waits, visits are counted");
                }
                self.away = true;
                return;
            }
        }
        self.away = false;
    }

    async fn sample(&mut self) {
        match self.counter.read().await {
            Ok(reading) if self.flushed == Some(reading) => {}
            Ok(reading) => self.samples.add(Minute::of(SystemTime::now()), reading),
            // The link has logged it.
            Err(CounterError::Away(_)) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the total could not be read"),
        }
    }

    async fn write(&mut self) -> Result<(), HistoryError> {
        if self.samples.is_empty() {
            self.history.ping().await?;
        }
        while let Some((epoch, samples)) = self.samples.first_epoch() {
            let added = self.history.add(epoch, &samples).await?;
            self.instruments.flushed.inc_by(u64::try_from(added).unwrap_or(0));
            self.samples.done(samples.len());
            self.flushed = samples.last().map(|sample| sample.reading);
        }
        match self.hits_in.checked_sub(1) {
            Some(flushes) => self.hits_in = flushes,
            None => self.write_hits().await?,
        }
        Ok(())
    }

    /// Writes the totals of the keys that were hit since the last time.
    async fn write_hits(&mut self) -> Result<(), HistoryError> {
        let reading = match self.counter.read_hits().await {
            Ok(reading) => reading,
            Err(CounterError::Away(_)) => return Ok(()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the totals of the keys could not be read");
                return Ok(());
            }
        };
        if self.hits_epoch.replace(reading.epoch) != Some(reading.epoch) {
            self.flushed_hits.clear();
        }
        let new = |(key, total): &(String, i64)| self.flushed_hits.get(key) != Some(total);
        let new: Vec<_> = reading.totals.into_iter().filter(new).collect();
        if !new.is_empty() {
            self.history.add_hits(reading.epoch, &new).await?;
            self.flushed_hits.extend(new);
        }
        self.hits_in = HITS_EVERY - 1;
        Ok(())
    }
}
