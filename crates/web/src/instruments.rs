//! The application's own metrics, beside those of its requests.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::people::Reason;
use crate::retention::Width;

/// The metrics of this replica. Counters start at zero with the process.
#[derive(Clone, Debug)]
pub(crate) struct Instruments {
    /// `wharf_web_redis_up`: 1 while there is a connection to a Redis that counts.
    pub(crate) redis_up: IntGauge,
    /// `wharf_web_redis_answers_lost_total`: visits that may or may not have been counted because Redis' answer was
    /// lost. They were answered 503 and are not retried.
    pub(crate) answers_lost: IntCounter,
    /// `wharf_web_visits_total`: visits that Redis has counted for this replica.
    pub(crate) visits: IntCounter,
    /// `wharf_web_hits_total`: hits that Redis has counted for this replica, all keys together.
    pub(crate) hits: IntCounter,
    /// `wharf_web_keys_refused_total`: hits for new keys beyond the limit.
    pub(crate) keys_refused: IntCounter,
    /// The metrics of the history, if one is kept.
    pub(crate) history: Option<HistoryInstruments>,
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
    /// `wharf_web_history_rows`: rows of the history of keys, by the width of their slots.
    pub(crate) rows: IntGaugeVec,
    /// `wharf_web_flush_failures_total`: attempts to bring the history up to date that failed.
    pub(crate) failures: IntCounter,
    /// `wharf_web_unflushed_samples`: totals kept for Postgres while it is away, one a minute.
    pub(crate) unflushed: IntGauge,
}

impl Instruments {
    /// Registers the metrics; those of the history only if there is one.
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
                hits_flushed: counter("wharf_web_hits_flushed_total", "Hits this replica wrote to the history.")?,
                rows: history_rows(registry)?,
                failures: counter("wharf_web_flush_failures_total", "Failed attempts to update the history.")?,
                unflushed: gauge("wharf_web_unflushed_samples", "Totals that wait to be written to the history.")?,
            })
        };
        Ok(Self {
            redis_up: gauge("wharf_web_redis_up", "1 while a connection to Redis answers and visits can be counted.")?,
            answers_lost: counter("wharf_web_redis_answers_lost_total", "Visits whose count Redis did not confirm.")?,
            visits: counter("wharf_web_visits_total", "Visits that Redis has counted for this replica.")?,
            hits: counter("wharf_web_hits_total", "Hits that Redis has counted for this replica, for all keys.")?,
            keys_refused: counter("wharf_web_keys_refused_total", "Hits for new keys beyond the limit.")?,
            history: with_history.then(history).transpose()?,
        })
    }
}

/// One gauge for each width, also while there are no rows.
fn history_rows(registry: &Registry) -> Result<IntGaugeVec, prometheus::Error> {
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
        Instruments::register(&registry, true).unwrap();
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
