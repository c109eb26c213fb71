//! `/k/{key}`: what is known about a key. The page only looks: it counts nothing and makes no key.

use askama::Template;
use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::app::App;
use crate::form::{self, Form};
use crate::key::{Key, View};
use crate::pages::{Frame, Unavailable, counted, html};
use crate::reader::ReadError;
use crate::section::{HITS, Section, sections};
use crate::series::Series;
use crate::tile::{Tile, tiles};
use crate::unavailable::{Cause, HISTORY_AWAY, unavailable};
use crate::zone::{NAMES, Zone};

#[derive(Template)]
#[template(path = "key.html")]
struct Page<'a> {
    frame: &'static Frame,
    replica: &'a str,
    key: &'a Key,
    /// The total with its noun.
    hits: String,
    total: i64,
    /// Where the page is, for its form.
    here: String,
    zone: &'a Zone,
    zones: &'static [&'static str],
    past: Past,
}

/// What is known of the past.
enum Past {
    Kept { tiles: Vec<Tile>, sections: Vec<Section>, since: Option<String> },
    NotKept,
    Away,
}

impl Past {
    fn new(series: &Series, total: i64, now: Timestamp, zone: &Zone) -> Self {
        let since = series.since.and_then(|since| Timestamp::from_second(since).ok());
        Self::Kept {
            tiles: tiles(total, &series.summary(now, &zone.zone)).into(),
            sections: sections(series, HITS, now, zone).into(),
            since: since.map(|since| since.to_zoned(zone.zone.clone()).strftime("%-d %b %Y").to_string()),
        }
    }
}

impl Past {
    /// The numbers of today and of the last days, in plain text, or why there are none.
    fn lines(&self) -> String {
        match self {
            Self::Kept { tiles, .. } => {
                let plain = |text: &str| text.replace('\u{202f}', "");
                tiles
                    .iter()
                    .skip(1)
                    .map(|tile| format!("{}: {}\n", tile.name.to_lowercase(), plain(&tile.value)))
                    .collect()
            }
            Self::NotKept => String::new(),
            Self::Away => format!("{HISTORY_AWAY}\n"),
        }
    }
}

/// What the query asks for, as text.
#[derive(Debug, Default, serde::Deserialize)]
struct Asked {
    tz: Option<String>,
}

/// The page about `key`.
pub(crate) async fn page(app: &App, key: &Key, uri: &Uri, form: Form) -> Response {
    let asked = Query::<Asked>::try_from_uri(uri).map(|Query(asked)| asked).unwrap_or_default();
    let zone = Zone::named(asked.tz.as_deref());
    let total = match app.counter.hits(key).await {
        Ok(total) => total,
        Err(error) => return Unavailable::from(error).into_response(),
    };
    let (past, cause) = match app.key_series(key, total).await {
        Ok(series) => (Past::new(&series, total, app.now(), &zone), None),
        Err(ReadError::NotKept) => (Past::NotKept, None),
        Err(ReadError::Away(error)) => (Past::Away, Some(Cause(error))),
    };
    let text = in_text(key, total, &zone, &past);
    let page = Page {
        frame: Frame::get(),
        replica: &app.replica,
        key,
        hits: counted(total, HITS.one, HITS.more),
        total,
        here: View::page(key.as_str()),
        zone: &zone,
        zones: &NAMES,
        past,
    };
    let mut response = form.answer(|| html(&page), || text);
    if zone.unknown.is_some() {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    match cause {
        Some(cause) => unavailable(response, cause),
        None => response,
    }
}

/// The page as plain text. One that asks for an unknown zone is wrong, unless the history cannot be read at all.
fn in_text(key: &Key, total: i64, zone: &Zone, past: &Past) -> String {
    if zone.unknown.is_some() && !matches!(past, Past::Away) {
        return "There is no time zone of this name. Zones have names like Europe/Berlin.\n".to_owned();
    }
    format!("{} for {key}\n{}", form::counted(total, HITS.one), past.lines())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::{Row, Width};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn page(total: i64, tz: &str, past: impl FnOnce(&Zone) -> Past) -> String {
        let zone = Zone::named(Some(tz));
        let key = "wharf".parse().unwrap();
        let page = Page {
            frame: Frame::get(),
            replica: "r",
            key: &key,
            hits: counted(total, HITS.one, HITS.more),
            total,
            here: "/k/wharf".to_owned(),
            past: past(&zone),
            zone: &zone,
            zones: &NAMES,
        };
        page.render().unwrap()
    }

    fn one_hit(zone: &Zone) -> Past {
        let hit = Row { width: Width::Minute, start: at("2026-11-30T23:00:00Z").as_second(), count: 1 };
        let series = Series::new([hit]);
        Past::new(&series, 1, at("2026-11-30T23:30:00Z"), zone)
    }

    #[test]
    fn a_key_has_its_numbers_its_charts_and_links_to_its_data() {
        let text = page(1, "UTC", one_hit);
        assert!(text.contains("<title>1 hit for wharf – VisitCounter</title>"), "{text}");
        for part in
            ["<dt>Today</dt>", "Yesterday: 0", "since 30 Nov 2026", "The last 48 hours: 1</h2>", "30 Nov, 23:00"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        for link in [
            "/api/v1/hits/wharf/history?by=hour&#38;tz=UTC",
            "/api/v1/hits/wharf/history?by=day&#38;tz=UTC&#38;format=csv",
            "/badge?key=wharf",
        ] {
            assert!(text.contains(&format!("href=\"{link}\"")), "{link}: {text}");
        }
        assert!(text.contains("minutes for 2 days, hours for 90 days, and days for good"), "{text}");
        assert!(!text.contains("style=") && !text.contains("<script"), "{text}");
    }

    #[test]
    fn plain_text_has_the_numbers_or_says_why_not() {
        let text = |total, tz, past: fn(&Zone) -> Past| {
            let zone = Zone::named(tz);
            in_text(&"wharf".parse().unwrap(), total, &zone, &past(&zone))
        };
        assert_eq!(text(1, None, one_hit), "1 hit for wharf\ntoday: 1\nlast 7 days: 1\nlast 30 days: 1\n");
        assert_eq!(text(7, None, |_| Past::NotKept), "7 hits for wharf\n");
        let no_zone = "There is no time zone of this name. Zones have names like Europe/Berlin.\n";
        assert_eq!(text(1, Some("Mars/Phobos"), one_hit), no_zone);
        assert_eq!(text(7, Some("Mars/Phobos"), |_| Past::NotKept), no_zone);
        for tz in [None, Some("Mars/Phobos")] {
            assert_eq!(text(7, tz, |_| Past::Away), format!("7 hits for wharf\n{HISTORY_AWAY}\n"));
        }
    }

    #[test]
    fn an_unknown_time_zone_is_named_whatever_else_the_page_shows() {
        let pasts: [fn(&Zone) -> Past; 3] = [one_hit, |_| Past::NotKept, |_| Past::Away];
        for past in pasts {
            for total in [0, 1] {
                let text = page(total, "Mars/Phobos", past);
                assert_eq!(text.matches("There is no time zone “Mars/Phobos”").count(), 1, "{text}");
                assert!(!page(total, "UTC", past).contains("There is no time zone"));
            }
        }
    }

    #[test]
    fn times_are_those_of_the_time_zone_that_is_asked_for() {
        let text = page(1, "Europe/Berlin", one_hit);
        assert!(text.contains("1 Dec, 00:00</time>") && text.contains("Hour (Europe/Berlin)"), "{text}");
        assert!(text.contains("value=\"Europe/Berlin\""), "{text}");
        let wrong = page(1, "Mars/<b>", one_hit);
        assert!(wrong.contains("There is no time zone “Mars/&#60;b&#62;”"), "{wrong}");
        assert!(wrong.contains("Hour (UTC)"), "{wrong}");
    }

    #[test]
    fn a_key_that_nobody_has_counted_says_how_to_begin() {
        let text = page(0, "UTC", |zone| Past::new(&Series::default(), 0, at("2026-11-30T23:30:00Z"), zone));
        assert!(text.contains("Nobody has counted for this key yet."), "{text}");
        assert!(!text.contains("class=\"chart\""), "{text}");
    }

    #[test]
    fn without_a_history_the_total_is_shown_and_said() {
        let text = page(7, "UTC", |_| Past::Away);
        assert!(text.contains("7 hits") && text.contains("Try again"), "{text}");
        let text = page(7, "UTC", |_| Past::NotKept);
        assert!(text.contains("7 hits") && text.contains("no history"), "{text}");
    }
}
