//! Generates `docs/metrics.md`, which lists all metrics. A test of each crate generates one part from its code.

use std::fmt::Write;
use std::path::Path;

/// If this variable is set, tests write the page instead of comparing it.
const UPDATE: &str = "UPDATE_DOCS";

/// A metric as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricRow {
    /// Its name.
    pub name: String,
    /// Its type, as the text format writes it.
    pub kind: String,
    /// Its labels' names.
    pub labels: Vec<String>,
    /// Its meaning, in a sentence.
    pub help: String,
}

/// The page differs from the code.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The part is missing or differs.
    #[error("{page}: the part {part:?} is not what the code says: run the same test with {UPDATE}=1")]
    Stale {
        /// The page.
        page: String,
        /// The part's name.
        part: String,
    },
    /// The page has no place for the part.
    #[error("{page} has no lines `<!-- begin {part} -->` and `<!-- end {part} -->`")]
    NoPlace {
        /// The page.
        page: String,
        /// The part's name.
        part: String,
    },
    /// The page cannot be read or written.
    #[error("{page}: {source}")]
    Io {
        /// The page.
        page: String,
        /// The cause.
        source: std::io::Error,
    },
}

/// A table of metrics under a heading of the third level.
pub fn metric_table(heading: &str, rows: &[MetricRow]) -> String {
    let mut text = format!("### {heading}\n\n| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n");
    for row in rows {
        let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
        let help = row.help.replace('|', "\\|").replace('\n', " ");
        let (name, kind, unit) = (&row.name, &row.kind, unit(&row.name, &row.help));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{name}` | {kind} | {} | {unit} | {help} |", labels.join(", "));
    }
    text
}

/// Compares the part of a page between `<!-- begin PART -->` and `<!-- end PART -->` with `text`. If `UPDATE_DOCS` is
/// set in the environment, it is written instead.
///
/// # Errors
///
/// [`PageError`].
pub fn page_part(page: &Path, part: &str, text: &str) -> Result<(), PageError> {
    let name = page.display().to_string();
    let io = |source| PageError::Io { page: name.clone(), source };
    let no_place = || PageError::NoPlace { page: name.clone(), part: part.to_owned() };
    let whole = std::fs::read_to_string(page).map_err(io)?;
    let (begin, end) = (format!("<!-- begin {part} -->\n"), format!("<!-- end {part} -->"));
    let (before, rest) = whole.split_once(&begin).ok_or_else(no_place)?;
    let (there, after) = rest.split_once(&end).ok_or_else(no_place)?;
    let text = format!("\n{}\n\n", text.trim());
    if there == text {
        return Ok(());
    }
    if std::env::var_os(UPDATE).is_none() {
        return Err(PageError::Stale { page: name, part: part.to_owned() });
    }
    std::fs::write(page, format!("{before}{begin}{text}{end}{after}")).map_err(io)
}

/// The unit, as a metric's name or description says it.
fn unit(name: &str, help: &str) -> &'static str {
    let words: Vec<&str> = name.split('_').collect();
    let has = |word: &str| words.contains(&word);
    if help.contains("seconds since 1970") || help.contains("seconds since the epoch") {
        "seconds since 1970"
    } else if has("usec") || help.contains("microseconds") {
        "microseconds"
    } else if has("ms") || help.contains("milliseconds") || help.starts_with("Milliseconds") {
        "milliseconds"
    } else if has("bytes") || help.contains("in bytes") || help.starts_with("Bytes") {
        "bytes"
    } else if help.starts_with("Kilobytes") {
        "kilobytes"
    } else if has("seconds") || has("sec") || help.contains("in seconds") || help.starts_with("Seconds") {
        "seconds"
    } else if has("percentage") {
        "percent"
    } else if has("ratio") {
        "ratio"
    } else {
        "1"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_told_by_name_or_sentence() {
        let units = [
            ("a_start_time_seconds", "When it was started, in seconds since 1970.", "seconds since 1970"),
            ("a_seconds_total", "Time.", "seconds"),
            ("a_memory_rss", "Anonymous memory, in bytes.", "bytes"),
            ("a_spec_cpu_quota", "CPU time in a period, in microseconds.", "microseconds"),
            ("a_frag_ratio", "Share.", "ratio"),
            ("a_requests_total", "Requests.", "1"),
        ];
        for (name, help, expected) in units {
            assert_eq!(unit(name, help), expected, "{name}");
        }
    }

    #[test]
    fn a_part_that_differs_is_told_and_one_without_a_place_too() {
        let page = std::env::temp_dir().join(format!("wharf-metrics-page-{}", std::process::id()));
        let row = MetricRow {
            name: "up".to_owned(),
            kind: "gauge".to_owned(),
            labels: vec!["job".to_owned()],
            help: "1 | 0.".to_owned(),
        };
        let table = metric_table("Targets", &[row]);
        let written = "### Targets\n\n| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n| `up` | gauge | `job` | 1 | 1 \\| 0. |";
        std::fs::write(&page, format!("# Page\n<!-- begin a -->\n\n{written}\n\n<!-- end a -->\n")).unwrap();
        page_part(&page, "a", &table).unwrap();
        assert!(matches!(page_part(&page, "b", &table), Err(PageError::NoPlace { .. })));
        if std::env::var_os(UPDATE).is_none() {
            assert!(matches!(page_part(&page, "a", "other"), Err(PageError::Stale { .. })));
        }
        std::fs::remove_file(&page).unwrap();
    }
}
