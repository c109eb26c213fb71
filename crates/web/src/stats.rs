//! The page that shows visits by the hour and by the day.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::App;
use crate::chart::{Bar, Chart};
use crate::pages::{self, Frame, grouped, html};
use crate::reader::ReadError;
use crate::slots::Slot;
use crate::unavailable::{Cause, HISTORY_AWAY, HISTORY_TITLE, unavailable};

/// A slot as a row of a table.
struct Row {
    start: Timestamp,
    label: String,
    visits: String,
}

/// A chart, and the same numbers as a table.
struct Section {
    id: &'static str,
    title: &'static str,
    unit: &'static str,
    sum: String,
    chart: Chart,
    rows: Vec<Row>,
}

impl Section {
    /// `format` is that of `strftime`, for a slot's beginning.
    fn new((id, title, unit): (&'static str, &'static str, &'static str), format: &str, slots: &[Slot]) -> Self {
        let label = |slot: &Slot| slot.start.to_zoned(TimeZone::UTC).strftime(format).to_string();
        let bars = slots.iter().map(|slot| Bar { label: label(slot), value: slot.visits }).collect();
        let rows = slots.iter().rev();
        let rows = rows.map(|slot| Row { start: slot.start, label: label(slot), visits: grouped(slot.visits) });
        let sum = grouped(slots.iter().map(|slot| slot.visits).sum());
        Self { id, title, unit, sum, chart: Chart::new(bars), rows: rows.collect() }
    }
}

#[derive(Template)]
#[template(path = "stats.html")]
struct Page<'a> {
    frame: &'static Frame,
    replica: &'a str,
    sections: [Section; 2],
}

/// `GET /stats`.
pub(crate) async fn page(State(app): State<Arc<App>>) -> Response {
    match app.stats().await {
        Ok(stats) => html(&Page {
            frame: Frame::get(),
            replica: &app.replica,
            sections: [
                Section::new(("hours", "The last 48 hours", "Hour (UTC)"), "%-d %b, %H:00", &stats.hours),
                Section::new(("days", "The last 30 days", "Day (UTC)"), "%-d %b %Y", &stats.days),
            ],
        }),
        Err(ReadError::NotKept) => pages::message(StatusCode::NOT_FOUND, "No history", NOT_KEPT),
        Err(ReadError::Away(error)) => {
            unavailable(pages::message(StatusCode::SERVICE_UNAVAILABLE, HISTORY_TITLE, HISTORY_AWAY), Cause(error))
        }
    }
}

/// The answer where no database is configured.
pub(crate) const NOT_KEPT: &str = "Visits are counted here, and no history of them is kept.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::{HOUR, slots};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_page_shows_each_slot_as_a_bar_and_as_a_row() {
        let slots = slots(at("2026-11-21T06:30:00Z"), HOUR, 2, &[(at("2026-11-21T06:00:00Z").as_second(), 1234)]);
        let section = || Section::new(("hours", "The last 2 hours", "Hour (UTC)"), "%-d %b, %H:00", &slots);
        let page = Page { frame: Frame::get(), replica: "r", sections: [section(), section()] };
        let text = page.render().unwrap();
        assert!(text.contains("<title>21 Nov, 06:00: 1\u{202f}234</title>"), "{text}");
        let row = "<tr><th scope=\"row\"><time datetime=\"2026-11-21T06:00:00Z\">21 Nov, 06:00</time></th><td>1\u{202f}234</td></tr>";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("style=") && !text.contains("<script"), "{text}");
    }
}
