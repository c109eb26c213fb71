//! The page of statistics: visits by the hour and by the day, and the keys.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use jiff::Timestamp;

use crate::app::App;
use crate::key_list::{Asked, KeyList};
use crate::pages::{self, Frame, html};
use crate::reader::{KeyRow, ReadError};
use crate::section::{Section, VISITS, sections};
use crate::series::{Series, Subject};
use crate::tile::{Tile, tiles};
use crate::unavailable::{Cause, HISTORY_AWAY, HISTORY_TITLE, unavailable};
use crate::zone::{NAMES, Zone};

#[derive(Template)]
#[template(path = "stats.html")]
struct Page<'a> {
    frame: &'static Frame,
    replica: &'a str,
    visits: [Tile; 4],
    sections: [Section; 2],
    zone: Zone,
    zones: &'static [&'static str],
    /// All keys together.
    hits: [Tile; 4],
    list: KeyList,
}

/// `GET /stats`.
pub(crate) async fn page(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let asked = Query::<Asked>::try_from_uri(&uri).map(|Query(asked)| asked).unwrap_or_default();
    match read(&app).await {
        Ok((visits, hits, keys)) => {
            let page = new(&app.replica, &asked, &visits, &hits, &keys, app.now());
            let mut response = html(&page);
            if page.zone.unknown.is_some() {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            response
        }
        Err(ReadError::NotKept) => pages::message(StatusCode::NOT_FOUND, "No history", NOT_KEPT),
        Err(ReadError::Away(error)) => {
            unavailable(pages::message(StatusCode::SERVICE_UNAVAILABLE, HISTORY_TITLE, HISTORY_AWAY), Cause(error))
        }
    }
}

async fn read(app: &App) -> Result<(Arc<Series>, Arc<Series>, Arc<Vec<KeyRow>>), ReadError> {
    let (visits, all_keys) = (Subject::Visits, Subject::AllKeys);
    tokio::try_join!(app.series(&visits), app.series(&all_keys), app.keys())
}

fn new<'a>(
    replica: &'a str,
    asked: &Asked,
    visits: &Series,
    hits: &Series,
    keys: &[KeyRow],
    now: Timestamp,
) -> Page<'a> {
    let zone = Zone::named(asked.tz.as_deref());
    let tiles_of = |series: &Series| {
        let summary = series.summary(now, &zone.zone);
        tiles(summary.total, &summary)
    };
    Page {
        frame: Frame::get(),
        replica,
        visits: tiles_of(visits),
        sections: sections(visits, VISITS, now, &zone),
        hits: tiles_of(hits),
        list: KeyList::new(keys, asked, &zone),
        zone,
        zones: &NAMES,
    }
}

/// The answer where no database is configured.
pub(crate) const NOT_KEPT: &str = "Visits are counted here, and no history of them is kept.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::{Row, Width};

    fn page(keys: &[KeyRow], asked: &Asked) -> String {
        let now: Timestamp = "2026-11-21T06:30:00Z".parse().unwrap();
        let visits = Series::new([Row { width: Width::Minute, start: now.as_second(), count: 1234 }]);
        let hits = Series { total: 7, ..Series::default() };
        new("r", asked, &visits, &hits, keys, now).render().unwrap()
    }

    fn row(key: &str, total: i64) -> KeyRow {
        KeyRow { key: key.to_owned(), total, today: 1, week: 2, month: 3, changed: 0 }
    }

    #[test]
    fn a_page_shows_each_slot_as_a_bar_and_as_a_row() {
        let text = page(&[], &Asked::default());
        assert!(text.contains("<title>21 Nov, 06:00: 1\u{202f}234</title>"), "{text}");
        let row = "<tr><th scope=\"row\"><time datetime=\"2026-11-21T06:00:00Z\">21 Nov, 06:00</time></th>\
                   <td class=\"number\">1\u{202f}234</td></tr>";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("style=") && !text.contains("<script"), "{text}");
    }

    #[test]
    fn keys_are_listed_with_their_pages_and_without_any_it_says_how_to_begin() {
        let text = page(&[row("blog", 5), row("wharf", 4_000)], &Asked::default());
        let first = text.find("<a href=\"/k/wharf\">wharf</a></th><td class=\"number\">4\u{202f}000</td>").unwrap();
        assert!(first < text.find("<a href=\"/k/blog\">").unwrap(), "{text}");
        assert!(text.contains("2 keys. Days are those of UTC."), "{text}");
        let picture = page(&[row("photo.gif", 1)], &Asked::default());
        assert!(picture.contains("<a href=\"/k/photo.gif.html\">photo.gif</a>"), "{picture}");
        let empty = page(&[], &Asked::default());
        assert!(empty.contains("Nothing has been counted for a key yet."), "{empty}");
    }

    #[test]
    fn an_unknown_time_zone_is_named_and_the_page_is_in_utc() {
        let text = page(&[], &Asked { tz: Some("Mars/Phobos".to_owned()), ..Asked::default() });
        assert!(text.contains("There is no time zone “Mars/Phobos”") && text.contains("Hour (UTC)"), "{text}");
    }
}
