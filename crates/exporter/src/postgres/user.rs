//! Custom SQL, from a file in the form of postgres_exporter's `queries.yaml`.
//!
//! ```yaml
//! shop_orders:                      # prefix of the metrics' names
//!   query: "SELECT state, count(*) AS count FROM orders GROUP BY state"
//!   runonserver: ">=10.0.0"         # default: all versions; `||` is or, a space is and
//!   cache_seconds: 30               # how long an answer is used again
//!   metrics:
//!     - state: {usage: "LABEL", description: "The order's state."}
//!     - count: {usage: "GAUGE", description: "Orders in this state."}
//! ```

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::Deserialize;

use super::table::{Table, label, number};
use super::versions::{Ranges, ranges};
use crate::exposition::{Family, Kind, Label};

/// At most this many rows of one query become series.
pub(crate) const MAX_ROWS: usize = 1_000;
/// Longest file, in bytes.
const LONGEST: u64 = 1 << 20;

/// Why the file is invalid.
#[derive(Debug, thiserror::Error)]
pub enum QueriesError {
    /// It cannot be read.
    #[error("cannot read the queries in {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is longer than one mebibyte.
    #[error("the queries in {0} are longer than 1 MiB")]
    TooLong(String),
    /// It is not YAML of the expected form.
    #[error("the queries in {file} are not of the form of queries.yaml: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// Where and why.
        reason: String,
    },
    /// A name or a range is invalid.
    #[error("{file}: query {query}: {reason}")]
    Unusable {
        /// The file.
        file: String,
        /// The query's name.
        query: String,
        /// What is wrong, and what to write.
        reason: String,
    },
}

/// One query of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct UserQuery {
    /// The prefix of its metrics' names.
    pub(crate) name: String,
    /// One statement that returns rows.
    pub(crate) sql: String,
    /// How long its answer is used again.
    pub(crate) cache: Duration,
    versions: Ranges,
    columns: BTreeMap<String, Usage>,
}

#[derive(Clone, Debug, PartialEq)]
enum Usage {
    Label,
    Discard,
    Value { kind: Kind, help: String },
    Duration { help: String },
    Mapped { help: String, mapping: BTreeMap<String, f64> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuery {
    query: String,
    #[serde(default)]
    metrics: Vec<BTreeMap<String, RawColumn>>,
    /// Once for each server. Queries never run in more than one database here.
    #[serde(default, rename = "master")]
    _master: bool,
    #[serde(default)]
    cache_seconds: u64,
    #[serde(default)]
    runonserver: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    usage: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    metric_mapping: BTreeMap<String, f64>,
}

/// Reads the file.
///
/// # Errors
///
/// The file cannot be read or is invalid.
pub fn read_queries(file: &Path) -> Result<Vec<UserQuery>, QueriesError> {
    let name = file.display().to_string();
    let unreadable = |source| QueriesError::Unreadable { file: name.clone(), source };
    if std::fs::metadata(file).map_err(unreadable)?.len() > LONGEST {
        return Err(QueriesError::TooLong(name));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    parse_queries(&text, &name)
}

/// Parses the file's text. `file` is for errors.
///
/// # Errors
///
/// The text is not of the form, or uses something that is not supported.
pub fn parse_queries(text: &str, file: &str) -> Result<Vec<UserQuery>, QueriesError> {
    let raw: BTreeMap<String, RawQuery> = serde_saphyr::from_str(text)
        .map_err(|error| QueriesError::Malformed { file: file.to_owned(), reason: error.to_string() })?;
    let parse = |(name, raw): (String, RawQuery)| {
        query(&name, raw).map_err(|reason| QueriesError::Unusable { file: file.to_owned(), query: name, reason })
    };
    raw.into_iter().map(parse).collect()
}

fn query(name: &str, raw: RawQuery) -> Result<UserQuery, String> {
    if !is_name(name) {
        return Err("the name is not a metric name: use letters, digits and underscores".to_owned());
    }
    let mut columns = BTreeMap::new();
    for (column, raw) in raw.metrics.into_iter().flatten() {
        if !is_name(&column) {
            return Err(format!("column {column:?} is not a label name: rename it with AS in the query"));
        }
        let usage = usage(raw).map_err(|reason| format!("column {column}: {reason}"))?;
        columns.insert(column, usage);
    }
    Ok(UserQuery {
        name: name.to_owned(),
        sql: raw.query,
        cache: Duration::from_secs(raw.cache_seconds),
        versions: ranges(&raw.runonserver)?,
        columns,
    })
}

fn usage(raw: RawColumn) -> Result<Usage, String> {
    let help = raw.description;
    Ok(match raw.usage.as_str() {
        "LABEL" => Usage::Label,
        "DISCARD" => Usage::Discard,
        "COUNTER" => Usage::Value { kind: Kind::Counter, help },
        "GAUGE" => Usage::Value { kind: Kind::Gauge, help },
        "DURATION" => Usage::Duration { help },
        "MAPPEDMETRIC" => Usage::Mapped { help, mapping: raw.metric_mapping },
        "HISTOGRAM" => return Err("HISTOGRAM is not supported: return a count for each bucket".to_owned()),
        other => {
            return Err(format!(
                "unknown usage {other:?}: use LABEL, COUNTER, GAUGE, DURATION, MAPPEDMETRIC or DISCARD"
            ));
        }
    })
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|rest| rest.is_ascii_alphanumeric() || rest == '_')
}

impl UserQuery {
    /// Whether it runs on a server of this version (`server_version_num`).
    pub(crate) fn runs_on(&self, server: u32) -> bool {
        self.versions.contain(server)
    }

    /// The families of its rows, at most [`MAX_ROWS`] of them. A number in a column without a usage is an
    /// untyped value.
    pub fn families(&self, table: &Table) -> Vec<Family> {
        let labels: Vec<usize> = (0..table.columns.len())
            .filter(|at| matches!(self.columns.get(&table.columns[*at].name), Some(Usage::Label)))
            .collect();
        let mut families = Vec::new();
        for (at, column) in table.columns.iter().enumerate() {
            let Some(mut family) = self.family(&column.name) else { continue };
            for row in table.rows.iter().take(MAX_ROWS) {
                let Some(Some(text)) = row.get(at) else { continue };
                if let Some(value) = self.value(&column.name, &column.kind, text) {
                    family.add(labels.iter().map(|at| label_of(table, row, *at)).collect(), value);
                }
            }
            families.push(family);
        }
        families
    }

    /// The empty family of a column; `None` if it has no family.
    fn family(&self, column: &str) -> Option<Family> {
        let name = format!("{}_{column}", self.name);
        Some(match self.columns.get(column) {
            Some(Usage::Label | Usage::Discard) => return None,
            Some(Usage::Value { kind, help }) => Family::new(name, help.clone(), *kind),
            Some(Usage::Duration { help }) => Family::new(format!("{name}_milliseconds"), help.clone(), Kind::Gauge),
            Some(Usage::Mapped { help, .. }) => Family::new(name, help.clone(), Kind::Gauge),
            None if is_name(column) => {
                Family::new(name, format!("A column of the query {}.", self.name), Kind::Untyped)
            }
            None => return None,
        })
    }

    fn value(&self, column: &str, kind: &str, text: &str) -> Option<f64> {
        match self.columns.get(column) {
            Some(Usage::Mapped { mapping, .. }) => mapping.get(text).copied(),
            Some(Usage::Duration { .. }) => milliseconds(text),
            _ => number(text, kind),
        }
    }
}

fn label_of(table: &Table, row: &[Option<String>], at: usize) -> Label {
    let column = &table.columns[at];
    let text = row.get(at).and_then(Option::as_deref);
    (column.name.clone().into(), text.map(|text| label(text, &column.kind)).unwrap_or_default())
}

/// `1h2m3.5s`, as Go writes a duration.
fn milliseconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let mut total = 0.0;
    while !rest.is_empty() {
        let letters = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let count: f64 = rest[..rest.len() - letters.len()].parse().ok()?;
        let after = letters.trim_start_matches(|c: char| c.is_alphabetic());
        total += count
            * match &letters[..letters.len() - after.len()] {
                "ns" => 1e-6,
                "us" | "µs" => 1e-3,
                "ms" => 1.0,
                "s" => 1e3,
                "m" => 6e4,
                "h" => 3.6e6,
                _ => return None,
            };
        rest = after;
    }
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{exposition::write, postgres::Column};

    const FILE: &str = "shop_orders:\n  query: \"SELECT 1\"\n  master: true\n  cache_seconds: 30\n  runonserver: \">=10.0.0 <16\"\n  \
        metrics:\n    - state: {usage: LABEL, description: State.}\n    - count: {usage: COUNTER, description: Orders.}\n    \
        - health: {usage: MAPPEDMETRIC, description: Health., metric_mapping: {good: 1, bad: 0.5}}\n    \
        - took: {usage: DURATION, description: Time.}\n    - note: {usage: DISCARD}\n";

    #[test]
    fn columns_become_labels_and_metrics() {
        let queries = parse_queries(FILE, "q.yaml").unwrap();
        let query = &queries[0];
        assert_eq!((queries.len(), query.cache), (1, Duration::from_secs(30)));
        assert!(query.runs_on(150_004) && !query.runs_on(160_000) && !query.runs_on(90_600));
        let column = |name: &str| Column { name: name.to_owned(), kind: "TEXT".to_owned() };
        let row = |cells: &[&str]| cells.iter().map(|cell| Some((*cell).to_owned())).collect();
        let table = Table {
            columns: ["state", "count", "health", "took", "note", "extra", "?column?"].map(column).to_vec(),
            rows: vec![
                row(&["new", "4", "bad", "1m0.5s", "x", "9", "1"]),
                row(&["old", "x", "odd", "?", "x", "x", "1"]),
            ],
        };
        assert_eq!(
            write(&query.families(&table)),
            "# HELP shop_orders_count Orders.\n# TYPE shop_orders_count counter\nshop_orders_count{state=\"new\"} 4\n\
             # HELP shop_orders_health Health.\n# TYPE shop_orders_health gauge\nshop_orders_health{state=\"new\"} 0.5\n\
             # HELP shop_orders_took_milliseconds Time.\n# TYPE shop_orders_took_milliseconds gauge\n\
             shop_orders_took_milliseconds{state=\"new\"} 60500\n\
             # HELP shop_orders_extra A column of the query shop_orders.\n# TYPE shop_orders_extra untyped\n\
             shop_orders_extra{state=\"new\"} 9\n"
        );
    }

    #[test]
    fn labels_are_as_postgres_exporter_has_them() {
        let file =
            "q:\n  query: x\n  metrics:\n    - b: {usage: LABEL}\n    - t: {usage: LABEL}\n    - n: {usage: GAUGE}\n";
        let query = &parse_queries(file, "q.yaml").unwrap()[0];
        let column = |name: &str, kind: &str| Column { name: name.to_owned(), kind: kind.to_owned() };
        let cell = |text: &str| Some(text.to_owned());
        let table = Table {
            columns: vec![column("b", "BOOL"), column("t", "TIMESTAMPTZ"), column("n", "INT8")],
            rows: vec![vec![cell("t"), cell("2026-11-20 10:00:00+00"), cell("1")], vec![cell("f"), None, cell("2")]],
        };
        assert_eq!(
            write(&query.families(&table)),
            "# HELP q_n \n# TYPE q_n gauge\nq_n{b=\"true\",t=\"1795168800\"} 1\nq_n{b=\"false\",t=\"\"} 2\n"
        );
    }

    #[test]
    fn rows_beyond_the_limit_are_left_out() {
        let query = &parse_queries(FILE, "q.yaml").unwrap()[0];
        let columns = vec![
            Column { name: "state".to_owned(), kind: "TEXT".to_owned() },
            Column { name: "count".to_owned(), kind: "INT8".to_owned() },
        ];
        let rows = (0..5_000).map(|row| vec![Some(row.to_string()), Some("1".to_owned())]).collect();
        assert_eq!(query.families(&Table { columns, rows })[0].samples.len(), MAX_ROWS);
    }

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        for (file, reason) in [
            ("a: [", "not of the form"),
            ("a:\n  querry: x\n", "querry"),
            ("a-b:\n  query: x\n", "not a metric name"),
            ("a:\n  query: x\n  metrics: [{b: {usage: HISTOGRAM}}]\n", "HISTOGRAM is not supported"),
            ("a:\n  query: x\n  metrics: [{b: {usage: gauge}}]\n", "unknown usage"),
            ("a:\n  query: x\n  metrics: [{\"b c\": {usage: GAUGE}}]\n", "AS in the query"),
            ("a:\n  query: x\n  runonserver: \"~10\"\n", "not a version"),
            ("a:\n  query: x\n  runonserver: \"<9 ||\"\n", "nothing beside `||`"),
        ] {
            let error = parse_queries(file, "q.yaml").unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("q.yaml"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in ".{0,200}", range in "[<>=!0-9.xé |]{0,20}", duration in "[-0-9.a-zµ]{0,12}") {
            let _ = parse_queries(&text, "q.yaml");
            let _ = ranges(&range);
            let _ = milliseconds(&duration);
        }
    }
}
