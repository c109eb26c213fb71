//! The application's own metrics, beside those of its requests.

use prometheus::{IntCounter, IntGauge, Registry};

/// What this replica tells about itself. Counters start at nought with the process.
#[derive(Clone, Debug)]
pub(crate) struct Instruments {
    /// `wharf_web_redis_up`: 1 while there is a connection to Redis that answers.
    pub(crate) redis_up: IntGauge,
    /// `wharf_web_redis_answers_lost_total`: visits that may or may not have been counted, because Redis' answer was
    /// lost. They were answered 503, and are not repeated.
    pub(crate) answers_lost: IntCounter,
    /// `wharf_web_visits_total`: visits that Redis has counted for this replica.
    pub(crate) visits: IntCounter,
    /// `wharf_web_hits_total`: hits that Redis has counted for this replica, all keys together.
    pub(crate) hits: IntCounter,
    /// `wharf_web_keys_refused_total`: hits for new keys that found no room.
    pub(crate) keys_refused: IntCounter,
    /// The metrics of the history, where one is kept.
    pub(crate) history: Option<HistoryInstruments>,
}

/// What the flusher tells about itself.
#[derive(Clone, Debug)]
pub(crate) struct HistoryInstruments {
    /// `wharf_web_postgres_up`: 1 while there is a connection to Postgres that answers.
    pub(crate) postgres_up: IntGauge,
    /// `wharf_web_visits_flushed_total`: visits, counted by any replica, that this one wrote to the history.
    pub(crate) flushed: IntCounter,
    /// `wharf_web_flush_failures_total`: attempts to bring the history up to date that failed.
    pub(crate) failures: IntCounter,
    /// `wharf_web_unflushed_samples`: totals kept for Postgres while it is away, one a minute.
    pub(crate) unflushed: IntGauge,
}

impl Instruments {
    /// Makes the metrics; those of the history only where there is one.
    ///
    /// # Errors
    ///
    /// When the registry has metrics of these names already.
    pub(crate) fn register(registry: &Registry, with_history: bool) -> Result<Self, prometheus::Error> {
        let counter = |name, help| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let gauge = |name, help| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let history = || {
            Ok::<_, prometheus::Error>(HistoryInstruments {
                postgres_up: gauge("wharf_web_postgres_up", "1 while a connection to Postgres answers.")?,
                flushed: counter("wharf_web_visits_flushed_total", "Visits this replica wrote to the history.")?,
                failures: counter("wharf_web_flush_failures_total", "Failed attempts to update the history.")?,
                unflushed: gauge("wharf_web_unflushed_samples", "Totals that wait to be written to the history.")?,
            })
        };
        Ok(Self {
            redis_up: gauge("wharf_web_redis_up", "1 while a connection to Redis answers.")?,
            answers_lost: counter("wharf_web_redis_answers_lost_total", "Visits whose count Redis did not confirm.")?,
            visits: counter("wharf_web_visits_total", "Visits that Redis has counted for this replica.")?,
            hits: counter("wharf_web_hits_total", "Hits that Redis has counted for this replica, for all keys.")?,
            keys_refused: counter("wharf_web_keys_refused_total", "Hits for new keys that found no room.")?,
            history: with_history.then(history).transpose()?,
        })
    }
}
