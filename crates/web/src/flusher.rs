//! The task that keeps the history up to date: read the total, keep it as a sample, write the samples down.

use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::counter::{Counter, CounterError, Reading};
use crate::history::{History, HistoryError};
use crate::instruments::HistoryInstruments;
use crate::ledger::{Minute, Samples};

/// How long the flush at the end may take. What it does not write, another replica or the next start does.
const LAST_FLUSH: Duration = Duration::from_millis(500);

/// Writes the history of one counter.
pub(crate) struct Flusher {
    counter: Counter,
    history: History,
    instruments: HistoryInstruments,
    samples: Samples,
    /// The last reading that stands in the history.
    flushed: Option<Reading>,
    /// Whether the log's last word on Postgres was that it is away.
    away: bool,
}

impl Flusher {
    pub(crate) fn new(counter: Counter, history: History, instruments: HistoryInstruments) -> Self {
        Self { counter, history, instruments, samples: Samples::default(), flushed: None, away: false }
    }

    /// Flushes at every interval until `stop`, and once more then.
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
            return self.history.ping().await;
        }
        while let Some((epoch, samples)) = self.samples.first_epoch() {
            let added = self.history.add(epoch, &samples).await?;
            self.instruments.flushed.inc_by(u64::try_from(added).unwrap_or(0));
            self.samples.done(samples.len());
            self.flushed = samples.last().map(|sample| sample.reading);
        }
        Ok(())
    }
}
