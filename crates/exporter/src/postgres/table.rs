//! The rows of a query as values, independent of any connection, and their families.

use jiff::Timestamp;

use crate::{description::Description, exposition::Kind, families::Families};

/// Rows of one query, all values in the server's text form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns from left to right.
    pub columns: Vec<Column>,
    /// The rows; each has a cell for every column, `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// A column of a [`Table`].
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as Postgres calls it: `INT8`, `TIMESTAMPTZ`.
    pub kind: String,
}

/// A built-in query and the meaning of its columns.
#[derive(Debug)]
pub(crate) struct Collector {
    /// Its name in postgres_exporter: the label `collector`.
    pub(crate) name: &'static str,
    /// The query from each version of Postgres on, in ascending order: `(170000, "...")`.
    pub(crate) queries: &'static [(u32, &'static str)],
    /// Columns that are labels.
    pub(crate) labels: &'static [&'static str],
    /// Columns that are values.
    pub(crate) metrics: &'static [Metric],
}

/// A column that is a value. A column may have several: names changed between versions of postgres_exporter.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The column.
    pub(crate) column: &'static str,
    /// The name of the metric.
    pub(crate) name: &'static str,
    /// The type of the metric.
    pub(crate) kind: Kind,
    /// One sentence.
    pub(crate) help: &'static str,
}

impl Collector {
    /// The query for a server of this version (`server_version_num`).
    pub(crate) fn query(&self, version: u32) -> Option<&'static str> {
        self.queries.iter().rev().find(|(since, _)| *since <= version).map(|(_, query)| *query)
    }

    /// The metrics with their labels.
    pub(crate) fn descriptions(&self) -> impl Iterator<Item = Description> {
        self.metrics.iter().map(|metric| Description {
            name: metric.name,
            kind: metric.kind,
            help: metric.help,
            labels: self.labels,
        })
    }

    /// The families of its query's rows. NULL means no value, or an empty label.
    pub(crate) fn families(&self, table: &Table) -> Families {
        let mut families = Families::default();
        let place = |name: &str| table.columns.iter().position(|column| column.name == name);
        let labels: Vec<Option<usize>> = self.labels.iter().map(|label| place(label)).collect();
        for (metric, description) in self.metrics.iter().zip(self.descriptions()) {
            let Some(at) = place(metric.column) else { continue };
            for row in &table.rows {
                let cell = |place: usize| row.get(place).and_then(Option::as_deref);
                let Some(value) = cell(at).and_then(|text| number(text, &table.columns[at].kind)) else { continue };
                let labels: Vec<&str> = labels.iter().map(|label| label.and_then(cell).unwrap_or_default()).collect();
                families.add(&description, &labels, value);
            }
        }
        families
    }
}

/// A value in text form as a number: a boolean is 1 or 0, a time is seconds since the epoch.
pub fn number(text: &str, kind: &str) -> Option<f64> {
    match kind {
        "BOOL" => Some(f64::from(u8::from(text.starts_with('t')))),
        "TIMESTAMPTZ" => seconds(text.parse().ok()?),
        "TIMESTAMP" => seconds(format!("{text}Z").parse().ok()?),
        "DATE" => seconds(format!("{text} 00:00Z").parse().ok()?),
        // The server writes `Infinity` and `NaN`, which Rust parses.
        _ => text.trim().parse().ok(),
    }
}

/// A value in text form as a label, as postgres_exporter writes it: its driver turns a boolean, a time and a floating-point
/// number into Go's types.
pub(super) fn label(text: &str, kind: &str) -> String {
    match kind {
        "BOOL" => if text.starts_with('t') { "true" } else { "false" }.to_owned(),
        "TIMESTAMPTZ" | "TIMESTAMP" | "DATE" => {
            number(text, kind).map_or_else(|| text.to_owned(), |seconds| format!("{:.0}", seconds.floor()))
        }
        "FLOAT" => text.parse().map_or_else(|_| text.to_owned(), as_go_prints),
        _ => text.to_owned(),
    }
}

/// A number as Go's `%v` prints it: with an exponent from 1e+06 on, or below 1e-04.
fn as_go_prints(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return match value {
            value if value.is_nan() => "NaN".to_owned(),
            value if value > 0.0 => "+Inf".to_owned(),
            _ => "-Inf".to_owned(),
        };
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        _ => value.to_string(),
    }
}

fn seconds(time: Timestamp) -> Option<f64> {
    Some(time.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exposition::write;

    const COLLECTOR: Collector = Collector {
        name: "test",
        queries: &[(100_000, "old"), (170_000, "new")],
        labels: &["datname", "state"],
        metrics: &[
            Metric { column: "n", name: "pg_n_total", kind: Kind::Counter, help: "N." },
            Metric { column: "n", name: "pg_n", kind: Kind::Counter, help: "N, too." },
            Metric { column: "gone", name: "pg_gone", kind: Kind::Gauge, help: "Gone." },
        ],
    };

    #[test]
    fn a_query_is_chosen_by_the_servers_version() {
        assert_eq!(COLLECTOR.query(90_600), None);
        assert_eq!(COLLECTOR.query(169_999), Some("old"));
        assert_eq!(COLLECTOR.query(180_001), Some("new"));
    }

    #[test]
    fn null_is_no_value_and_an_empty_label() {
        let column = |name: &str, kind: &str| Column { name: name.to_owned(), kind: kind.to_owned() };
        let cell = |text: &str| Some(text.to_owned());
        let table = Table {
            columns: vec![column("n", "INT8"), column("datname", "NAME"), column("state", "TEXT")],
            rows: vec![
                vec![cell("7"), cell("shop"), None],
                vec![None, cell("idle"), cell("x")],
                vec![cell("oops"), cell("bad"), cell("x")],
                vec![],
            ],
        };
        assert_eq!(
            write(&COLLECTOR.families(&table).finish()),
            "# HELP pg_n_total N.\n# TYPE pg_n_total counter\npg_n_total{datname=\"shop\",state=\"\"} 7\n\
             # HELP pg_n N, too.\n# TYPE pg_n counter\npg_n{datname=\"shop\",state=\"\"} 7\n"
        );
    }

    #[test]
    fn values_of_postgres_types() {
        assert_eq!(number("t", "BOOL"), Some(1.0));
        assert_eq!(number("f", "BOOL"), Some(0.0));
        assert_eq!(number("-1.5e3", "NUMERIC"), Some(-1500.0));
        assert_eq!(number("1970-01-01 00:01:00.5+00", "TIMESTAMPTZ"), Some(60.5));
        assert_eq!(number("1970-01-01 01:00:00+01:30", "TIMESTAMPTZ"), Some(-1800.0));
        assert_eq!(number("1970-01-02 00:00:00", "TIMESTAMP"), Some(86_400.0));
        assert_eq!(number("1970-01-02", "DATE"), Some(86_400.0));
        assert_eq!(number("infinity", "TIMESTAMPTZ"), None);
        assert_eq!(number("shop", "TEXT"), None);
    }

    #[test]
    fn labels_are_as_go_prints_them() {
        assert_eq!(label("t", "BOOL"), "true");
        assert_eq!(label("2026-11-20 10:00:00.7+00", "TIMESTAMPTZ"), "1795168800");
        assert_eq!(label("1969-12-31 23:59:59.5", "TIMESTAMP"), "-1");
        assert_eq!(label("infinity", "TIMESTAMPTZ"), "infinity");
        assert_eq!(label("0.1", "FLOAT"), "0.1");
        assert_eq!(label("1234567", "FLOAT"), "1.234567e+06");
        assert_eq!(label("123456", "FLOAT"), "123456");
        assert_eq!(label("-Infinity", "FLOAT"), "-Inf");
        assert_eq!(label("0.1", "OTHER"), "0.1");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}", kind in "(BOOL|DATE|FLOAT|TIMESTAMP|TIMESTAMPTZ|INT8)") {
            let _ = (number(&text, &kind), label(&text, &kind));
        }

        #[test]
        fn no_time_makes_it_panic(text in "[-+]?[0-9]{1,7}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{1,2}(:[0-9.]{1,12})?[-+][0-9:]{1,8}( BC)?") {
            let _ = number(&text, "TIMESTAMPTZ");
        }
    }
}
