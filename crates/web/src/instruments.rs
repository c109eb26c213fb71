//! The application's own metrics, beside those of its requests.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::people::Reason;
use crate::retention::Width;

/// What this replica counted. Counters start at zero with the process.
#[derive(Clone, Debug)]
pub(crate) struct Instruments {
    /// `wharf_web_visits_total`: visits that this replica has counted.
    pub(crate) visits: IntCounter,
    /// `wharf_web_hits_total`: hits that this replica has counted, all keys together.
    pub(crate) hits: IntCounter,
    /// `wharf_web_keys_refused_total`: hits for new keys beyond the limit.
    pub(crate) keys_refused: IntCounter,
}

/// The metrics of the connection to Redis.
#[derive(Clone, Debug)]
pub(crate) struct RedisInstruments {
    /// `wharf_web_redis_up`: 1 while there is a connection to a Redis that counts.
    pub(crate) up: IntGauge,
    /// `wharf_web_redis_answers_lost_total`: visits that may or may not have been counted because Redis' answer was
    /// lost. They were answered 503 and are not retried.
    pub(crate) answers_lost: IntCounter,
}

/// `wharf_web_store_up`: 1 while the file takes visits.
pub(crate) fn store_up(registry: &Registry) -> Result<IntGauge, prometheus::Error> {
    gauge(registry, "wharf_web_store_up", "1 while the file of STORE can be written.")
}

/// `wharf_web_not_counted_total`: requests for badges and pixels that did not count, by reason.
#[derive(Clone, Debug)]
pub(crate) struct NotCounted(IntCounterVec);

impl NotCounted {
    /// Registers the metric, with every reason at zero.
    ///
    /// # Errors
    ///
    /// When the registry has a metric of this name already.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let options = Opts::new("wharf_web_not_counted_total", "Requests for badges and pixels that did not count.");
        let counters = IntCounterVec::new(options, &["reason"])?;
        registry.register(Box::new(counters.clone()))?;
        let metric = Self(counters);
        for reason in Reason::ALL {
            metric.of(reason);
        }
        Ok(metric)
    }

    /// The counter of this reason.
    pub(crate) fn of(&self, reason: Reason) -> IntCounter {
        self.0.with_label_values(&[reason.as_str()])
    }
}

/// The metrics of the flusher.
#[derive(Clone, Debug)]
pub(crate) struct HistoryInstruments {
    /// `wharf_web_postgres_up`: 1 while there is a connection to Postgres that answers.
    pub(crate) postgres_up: IntGauge,
    /// `wharf_web_visits_flushed_total`: visits, counted by any replica, that this one wrote to the history.
    pub(crate) flushed: IntCounter,
    /// `wharf_web_hits_flushed_total`: hits, counted by any replica, that this one wrote to the history.
    pub(crate) hits_flushed: IntCounter,
    /// See [`history_rows`].
    pub(crate) rows: IntGaugeVec,
    /// `wharf_web_flush_failures_total`: attempts to bring the history up to date that failed.
    pub(crate) failures: IntCounter,
    /// `wharf_web_unflushed_samples`: totals kept for Postgres while it is away, one a minute.
    pub(crate) unflushed: IntGauge,
}

fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let counter = IntCounter::new(name, help)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

impl Instruments {
    /// # Errors
    ///
    /// When the registry has metrics of these names already, here and below.
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            visits: counter(registry, "wharf_web_visits_total", "Visits that this replica has counted.")?,
            hits: counter(registry, "wharf_web_hits_total", "Hits that this replica has counted, for all keys.")?,
            keys_refused: counter(registry, "wharf_web_keys_refused_total", "Hits for new keys beyond the limit.")?,
        })
    }
}

impl RedisInstruments {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let up = "1 while a connection to Redis answers and visits can be counted.";
        let lost = "Visits whose count Redis did not confirm.";
        Ok(Self {
            up: gauge(registry, "wharf_web_redis_up", up)?,
            answers_lost: counter(registry, "wharf_web_redis_answers_lost_total", lost)?,
        })
    }
}

impl HistoryInstruments {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let flushed = "Visits this replica wrote to the history.";
        let hits_flushed = "Hits this replica wrote to the history.";
        let failures = "Failed attempts to update the history.";
        let unflushed = "Totals that wait to be written to the history.";
        Ok(Self {
            postgres_up: gauge(registry, "wharf_web_postgres_up", "1 while a connection to Postgres answers.")?,
            flushed: counter(registry, "wharf_web_visits_flushed_total", flushed)?,
            hits_flushed: counter(registry, "wharf_web_hits_flushed_total", hits_flushed)?,
            rows: history_rows(registry)?,
            failures: counter(registry, "wharf_web_flush_failures_total", failures)?,
            unflushed: gauge(registry, "wharf_web_unflushed_samples", unflushed)?,
        })
    }
}

/// One gauge for each width, also while there are no rows.
pub(crate) fn history_rows(registry: &Registry) -> Result<IntGaugeVec, prometheus::Error> {
    let rows = Opts::new("wharf_web_history_rows", "Rows of the history of keys, by the width of their slots.");
    let rows = IntGaugeVec::new(rows, &["width"])?;
    Width::ALL.into_iter().for_each(|width| rows.with_label_values(&[width.name()]).set(0));
    registry.register(Box::new(rows.clone()))?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use prometheus::proto::MetricType;
    use wharf_http_metrics::{Description, HttpMetrics, process_descriptions};
    use wharf_testkit::{MetricRow, metric_table, page_part};

    use super::*;

    #[test]
    fn the_metrics_page_has_every_metric_of_the_application() {
        let described = |of: Description| MetricRow {
            name: of.name,
            kind: of.kind.as_str().to_owned(),
            labels: of.labels,
            help: of.help,
        };
        let registry = Registry::new();
        Instruments::register(&registry).unwrap();
        RedisInstruments::register(&registry).unwrap();
        HistoryInstruments::register(&registry).unwrap();
        store_up(&registry).unwrap();
        NotCounted::register(&registry).unwrap();
        let own = registry.gather().into_iter().map(|family| MetricRow {
            name: family.name().to_owned(),
            kind: if family.get_field_type() == MetricType::COUNTER { "counter" } else { "gauge" }.to_owned(),
            labels: family.get_metric().first().map_or_else(Vec::new, |metric| {
                metric.get_label().iter().map(|label| label.name().to_owned()).collect()
            }),
            help: family.help().to_owned(),
        });
        let tables = [
            metric_table("Visits", &own.collect::<Vec<_>>()),
            metric_table("Requests", &HttpMetrics::new().descriptions().into_iter().map(described).collect::<Vec<_>>()),
            metric_table("The process", &process_descriptions().into_iter().map(described).collect::<Vec<_>>()),
        ];
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
        page_part(&page, "web", &tables.join("\n")).unwrap();
    }
}
