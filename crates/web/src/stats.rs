//! The page that shows visits by the hour and by the day.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::app::App;
use crate::pages::{self, Frame, html};
use crate::reader::ReadError;
use crate::section::{Length, Section, VISITS};
use crate::slots::Slot;
use crate::unavailable::{Cause, HISTORY_AWAY, HISTORY_TITLE, unavailable};

#[derive(Template)]
#[template(path = "stats.html")]
struct Page<'a> {
    frame: &'static Frame,
    replica: &'a str,
    sections: [Section; 2],
}

fn section(name: (&'static str, &'static str), length: Length, slots: &[Slot]) -> Section {
    let slots: Vec<_> = slots.iter().map(|slot| (slot.start.to_zoned(TimeZone::UTC), slot.visits)).collect();
    Section::new(name, length, "UTC", VISITS, &slots)
}

/// `GET /stats`.
pub(crate) async fn page(State(app): State<Arc<App>>) -> Response {
    match app.stats().await {
        Ok(stats) => html(&Page {
            frame: Frame::get(),
            replica: &app.replica,
            sections: [
                section(("hours", "The last 48 hours"), Length::Hour, &stats.hours),
                section(("days", "The last 30 days"), Length::Day, &stats.days),
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
    use jiff::Timestamp;

    use super::*;
    use crate::retention::HOUR;
    use crate::slots::slots;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_page_shows_each_slot_as_a_bar_and_as_a_row() {
        let slots = slots(at("2026-11-21T06:30:00Z"), HOUR, 2, &[(at("2026-11-21T06:00:00Z").as_second(), 1234)]);
        let section = || section(("hours", "The last 2 hours"), Length::Hour, &slots);
        let page = Page { frame: Frame::get(), replica: "r", sections: [section(), section()] };
        let text = page.render().unwrap();
        assert!(text.contains("<title>21 Nov, 06:00: 1\u{202f}234</title>"), "{text}");
        let row = "<tr><th scope=\"row\"><time datetime=\"2026-11-21T06:00:00Z\">21 Nov, 06:00</time></th><td class=\"number\">1\u{202f}234</td></tr>";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("style=") && !text.contains("<script"), "{text}");
    }
}
