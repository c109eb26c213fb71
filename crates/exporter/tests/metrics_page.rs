//! `docs/metrics.md` says what the exporter serves.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by its panic")]

use std::path::Path;

use wharf_exporter::exposition::Kind;
use wharf_testkit::{MetricRow, metric_table, page_part};

#[test]
fn the_metrics_page_has_every_metric_of_the_exporter() {
    let row = |description: wharf_exporter::description::Description| MetricRow {
        name: description.name.to_owned(),
        kind: match description.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Untyped => "untyped",
        }
        .to_owned(),
        labels: description.labels.iter().map(|label| (*label).to_owned()).collect(),
        help: description.help.to_owned(),
    };
    let tables = wharf_exporter::descriptions()
        .into_iter()
        .map(|(heading, descriptions)| metric_table(heading, &descriptions.into_iter().map(row).collect::<Vec<_>>()));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    page_part(&page, "exporter", &tables.collect::<Vec<_>>().join("\n")).unwrap();
}
