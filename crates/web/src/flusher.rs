//! The task that keeps the history up to date: it reads the total, keeps it as a sample, and writes the samples.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::counter::{CounterError, Reading, RedisCounter};
use crate::history::{History, HistoryError};
use crate::hits_ledger::HitsSamples;
use crate::instruments::HistoryInstruments;
use crate::ledger::{Minute, Samples};
use crate::retention::Bounds;

/// How long the last flush may take. Another replica or the next start writes what is left.
const LAST_FLUSH: Duration = Duration::from_millis(500);

/// The keys' totals are read once in this many flushes: Redis needs longer to read them than one number.
const HITS_EVERY: u32 = 10;

/// How many of them one transaction writes.
const HITS_AT_ONCE: usize = 5_000;

/// The history is folded once in this many flushes, or at the next one while there is more to fold.
const FOLD_EVERY: u32 = 60;

/// Writes the history of one counter.
pub(crate) struct Flusher {
    counter: RedisCounter,
    history: History,
    instruments: HistoryInstruments,
    clock: Clock,
    samples: Samples,
    /// The last reading that the history has.
    flushed: Option<Reading>,
    hits: HitsSamples,
    /// Flushes left until the keys' totals are read again.
    hits_in: u32,
    /// Flushes left until the history is folded.
    fold_in: u32,
    /// Whether the last line that was logged about Postgres says that it is away.
    away: bool,
}

impl Flusher {
    pub(crate) fn new(counter: RedisCounter, history: History, instruments: HistoryInstruments, clock: Clock) -> Self {
        Self {
            counter,
            history,
            instruments,
            clock,
            samples: Samples::default(),
            flushed: None,
            hits: HitsSamples::default(),
            hits_in: 0,
            fold_in: 0,
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
        self.fold_in = FOLD_EVERY;
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
            Ok(()) if self.away => {
                tracing::info!("Postgres is back, the history is up to date");
                // Another server may have taken over, without the last that was written, or one from a backup.
                self.flushed = None;
                self.hits.keep_all_next();
            }
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
            Ok(reading) => self.samples.add(Minute::of((self.clock)()), reading),
            // The link has logged it.
            Err(CounterError::Away(_)) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the total could not be read"),
        }
        match self.hits_in.checked_sub(1) {
            Some(flushes) => self.hits_in = flushes,
            None => self.sample_hits().await,
        }
    }

    async fn sample_hits(&mut self) {
        match self.counter.read_hits().await {
            Ok(reading) => {
                self.hits.add(Minute::of((self.clock)()), reading);
                self.hits_in = HITS_EVERY - 1;
            }
            Err(CounterError::Away(_)) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the totals of the keys could not be read");
            }
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
        while let Some((epoch, totals)) = self.hits.first_epoch(HITS_AT_ONCE) {
            let added = self.history.add_hits(epoch, &totals).await?;
            self.instruments.hits_flushed.inc_by(u64::try_from(added).unwrap_or(0));
            self.hits.done(totals.len());
        }
        match self.fold_in.checked_sub(1) {
            Some(flushes) => self.fold_in = flushes,
            None => self.fold().await?,
        }
        Ok(())
    }

    /// Makes what is old coarser, a part at a time.
    async fn fold(&mut self) -> Result<(), HistoryError> {
        let folded = self.history.fold((self.clock)().as_second(), &Bounds::default()).await?;
        for (width, rows) in folded.rows.into_iter().flatten() {
            self.instruments.rows.with_label_values(&[width.name()]).set(rows);
        }
        self.fold_in = if folded.more { 0 } else { FOLD_EVERY - 1 };
        Ok(())
    }
}
