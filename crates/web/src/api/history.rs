//! `/api/v1/hits/{key}/history` and `/api/v1/history`: counts in time, as JSON or CSV.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, json, key};
use crate::app::App;
use crate::pages::NEVER_STORED;
use crate::retention::{DAY, HOUR, MINUTE, Width};
use crate::security;
use crate::series::{By, Comparison, Series, Subject, Summary, ZonedSlot};
use crate::zone::Zone;

/// A history in slots of a time zone.
#[derive(Serialize, ToSchema)]
pub(super) struct History {
    /// The key; absent where the history is not one key's.
    #[schema(example = "my-project")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    by: By,
    /// The time zone of the slots.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Everything in the history, also what is in none of these slots.
    #[schema(minimum = 0, example = 1234)]
    total: i64,
    /// When the first of it was counted; absent where nothing was.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-01T06:00:00Z")]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Today and yesterday, as days of the time zone.
    today: Comparison,
    /// The last 7 days, today included, and the 7 before.
    week: Comparison,
    /// The last 30 days, today included, and the 30 before.
    month: Comparison,
    /// Oldest first, without gaps.
    slots: Vec<Slot>,
}

/// A slot of time and what was counted in it.
#[derive(Serialize, ToSchema)]
struct Slot {
    /// When it begins, RFC 3339 with the offset of the time zone.
    #[schema(format = DateTime, example = "2026-11-21T06:00:00+01:00")]
    start: String,
    #[schema(minimum = 0, example = 42)]
    count: i64,
    /// False where the resolution that is kept does not have this slot's borders.
    exact: bool,
}

/// What the query asks for, as text.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    of: Option<String>,
    by: Option<String>,
    tz: Option<String>,
    from: Option<String>,
    to: Option<String>,
    format: Option<String>,
}

/// What the query asks for.
#[derive(Debug)]
struct Wanted {
    by: By,
    zone: Zone,
    now: Timestamp,
    from: Timestamp,
    to: Timestamp,
}

/// Why a query is refused. The texts are for people and do not repeat the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum AskedError {
    #[error("`of` is visits or hits.")]
    Of,
    #[error("`by` is minute, hour, day or month.")]
    By,
    #[error("`tz` is the name of a time zone, such as UTC or Europe/Berlin.")]
    Zone,
    #[error("`from` and `to` are dates (2026-11-21) or moments (2026-11-21T06:00:00Z).")]
    Time,
    #[error("`from` is later than `to`.")]
    Backwards,
    #[error("Minutes are kept for two days. Ask for a later `from`, or for hours, days or months.")]
    MinutesGone,
    #[error("Hours are kept for 90 days. Ask for a later `from`, or for days or months.")]
    HoursGone,
    #[error("`format` is json or csv.")]
    Format,
}

impl From<AskedError> for Problem {
    fn from(error: AskedError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

impl Asked {
    /// What is wanted at `now`.
    fn wanted(&self, now: Timestamp) -> Result<Wanted, AskedError> {
        let by = match self.by.as_deref() {
            None | Some("day") => By::Day,
            Some("minute") => By::Minute,
            Some("hour") => By::Hour,
            Some("month") => By::Month,
            Some(_) => return Err(AskedError::By),
        };
        let zone = Zone::named(self.tz.as_deref());
        if zone.unknown.is_some() {
            return Err(AskedError::Zone);
        }
        let to = match &self.to {
            // A date is meant with all its hours.
            Some(text) => moment(text, Time::MAX, &zone.zone)?,
            None => now,
        };
        let from = match &self.from {
            Some(text) => moment(text, Time::MIN, &zone.zone)?,
            None => Timestamp::from_second(to.as_second() - by_default(by)).map_err(|_| AskedError::Time)?,
        };
        if from > to {
            return Err(AskedError::Backwards);
        }
        let gone = |width: Width| width.kept_from(now.as_second()).is_some_and(|kept| from.as_second() < kept);
        match by {
            By::Minute if gone(Width::Minute) => Err(AskedError::MinutesGone),
            By::Hour if gone(Width::Hour) => Err(AskedError::HoursGone),
            _ => Ok(Wanted { by, zone, now, from, to }),
        }
    }

    /// Whether the answer is CSV.
    fn is_csv(&self, headers: &HeaderMap) -> Result<bool, AskedError> {
        match self.format.as_deref() {
            Some("csv") => Ok(true),
            Some("json") => Ok(false),
            Some(_) => Err(AskedError::Format),
            None => {
                let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
                let mut kinds = accepted.flat_map(|list| list.split(',')).filter_map(|kind| kind.split(';').next());
                Ok(kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/csv")))
            }
        }
    }
}

/// How many seconds an answer goes back where the query does not say: 120 minutes, 7 days of hours, 90 days, 24 months.
fn by_default(by: By) -> i64 {
    match by {
        By::Minute => 119 * MINUTE,
        By::Hour => (7 * 24 - 1) * HOUR,
        By::Day => 89 * DAY,
        By::Month => 700 * DAY,
    }
}

/// A moment, or a date at this time of day.
fn moment(text: &str, time: Time, zone: &TimeZone) -> Result<Timestamp, AskedError> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    // `Date` itself would also take a time of day, and drop it.
    let date = Date::strptime("%Y-%m-%d", text).map_err(|_| AskedError::Time)?;
    let zoned = date.to_datetime(time).to_zoned(zone.clone()).map_err(|_| AskedError::Time)?;
    Ok(zoned.timestamp())
}

/// The history of a key; counts nothing.
#[utoipa::path(get, path = "/api/v1/hits/{key}/history", operation_id = "hits_history",
    params(
        ("key" = String, Path, description = "As for `/api/v1/hits/{key}`"),
        ("by" = Option<By>, Query, description = "The slots; days if absent. Minutes go back two days, hours 90 days"),
        ("tz" = Option<String>, Query, description = "The time zone of the slots, by its IANA name; UTC if absent"),
        ("from" = Option<String>, Query, description = "A date or a moment (RFC 3339) in the first slot"),
        ("to" = Option<String>, Query, description = "A date or a moment (RFC 3339) in the last slot; now if absent"),
        ("format" = Option<String>, Query, description = "`json` or `csv`; otherwise `Accept: text/csv` asks for CSV"),
    ),
    responses(
        (status = 200, description = "The history; all zeros for a key that is not known", content(
            (History = "application/json"), (String = "text/csv"),
        )),
        (status = 400, description = "Not a key, or a query that cannot be answered", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No history is kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The history cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn of_key(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = key(path)?;
    let Query(asked) = query.map_err(not_a_query)?;
    answer(&app, &Subject::Key(key), &asked, &headers).await
}

/// The history of visits, or of the hits of all keys; counts nothing.
#[utoipa::path(get, path = "/api/v1/history", operation_id = "history",
    params(
        ("of" = Option<String>, Query, description = "`visits` or `hits`; visits if absent"),
        ("by" = Option<By>, Query, description = "As for a key, and so are the others"),
        ("tz" = Option<String>, Query),
        ("from" = Option<String>, Query),
        ("to" = Option<String>, Query),
        ("format" = Option<String>, Query),
    ),
    responses(
        (status = 200, description = "The history", content((History = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A query that cannot be answered", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No history is kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The history cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn of_all(
    State(app): State<Arc<App>>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(not_a_query)?;
    let subject = match asked.of.as_deref() {
        None | Some("visits") => Subject::Visits,
        Some("hits") => Subject::AllKeys,
        Some(_) => return Err(AskedError::Of.into()),
    };
    answer(&app, &subject, &asked, &headers).await
}

pub(super) fn not_a_query(_: QueryRejection) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "The query string has a name twice, or cannot be read.")
}

async fn answer(app: &App, subject: &Subject, asked: &Asked, headers: &HeaderMap) -> Result<Response, Problem> {
    let wanted = asked.wanted(app.now())?;
    let is_csv = asked.is_csv(headers)?;
    let series = app.series(subject).await?;
    let slots = series.slots(wanted.by, wanted.from, wanted.to, &wanted.zone.zone);
    let slots = slots.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    if is_csv {
        return Ok(csv_response(csv(&slots)));
    }
    Ok(json(&history(subject, &series, wanted, &slots)))
}

fn history(subject: &Subject, series: &Series, wanted: Wanted, slots: &[ZonedSlot]) -> History {
    let key = match subject {
        Subject::Key(key) => Some(key.to_string()),
        Subject::Visits | Subject::AllKeys => None,
    };
    let since = series.since.and_then(|since| Timestamp::from_second(since).ok());
    let Summary { total, today, week, month } = series.summary(wanted.now, &wanted.zone.zone);
    History {
        key,
        by: wanted.by,
        total,
        today,
        week,
        month,
        since: since.map(|since| rfc3339(&since.to_zoned(wanted.zone.zone))),
        time_zone: wanted.zone.name,
        slots: slots
            .iter()
            .map(|slot| Slot { start: rfc3339(&slot.start), count: slot.count, exact: slot.exact })
            .collect(),
    }
}

/// The moment with its offset; `Z` for UTC.
fn rfc3339(time: &Zoned) -> String {
    match time.time_zone() == &TimeZone::UTC {
        true => time.timestamp().to_string(),
        false => time.timestamp().display_with_offset(time.offset()).to_string(),
    }
}

/// Slots as CSV with a line of names. No field needs quotes.
pub(crate) fn csv(slots: &[ZonedSlot]) -> String {
    let mut text = "start,count,exact\r\n".to_owned();
    for slot in slots {
        // Writing to a string does not fail.
        let _ = write!(text, "{},{},{}\r\n", rfc3339(&slot.start), slot.count, slot.exact);
    }
    text
}

/// An answer with CSV that pages of other origins may read and no cache keeps.
pub(crate) fn csv_response(text: String) -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
    ];
    let mut response = (NEVER_STORED, headers, text).into_response();
    security::embeddable(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Row;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn asked(pairs: &[(&str, &str)]) -> Asked {
        let text = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned());
        Asked {
            of: text("of"),
            by: text("by"),
            tz: text("tz"),
            from: text("from"),
            to: text("to"),
            format: text("format"),
        }
    }

    fn range(pairs: &[(&str, &str)]) -> Result<String, AskedError> {
        let wanted = asked(pairs).wanted(at("2026-11-30T12:30:00Z"))?;
        Ok(format!("{} {}", wanted.from, wanted.to.round(jiff::Unit::Second).unwrap()))
    }

    #[test]
    fn a_date_is_meant_with_all_its_hours_in_the_time_zone() {
        let berlin = [("tz", "Europe/Berlin"), ("from", "2026-11-20"), ("to", "2026-11-21")];
        assert_eq!(range(&berlin).unwrap(), "2026-11-19T23:00:00Z 2026-11-21T23:00:00Z");
        let moments = [("from", "2026-11-20T06:00:00+01:00"), ("to", "2026-11-21T06:00:00Z")];
        assert_eq!(range(&moments).unwrap(), "2026-11-20T05:00:00Z 2026-11-21T06:00:00Z");
        assert_eq!(range(&[("by", "hour")]).unwrap(), "2026-11-23T13:30:00Z 2026-11-30T12:30:00Z");
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_its_reason() {
        let cases: [(&[(&str, &str)], AskedError); 8] = [
            (&[("by", "year")], AskedError::By),
            (&[("tz", "Mars/Olympus")], AskedError::Zone),
            (&[("tz", "../../etc/passwd")], AskedError::Zone),
            (&[("from", "yesterday")], AskedError::Time),
            (&[("from", "2026-11-21T18:00:00")], AskedError::Time),
            (&[("from", "2026-11-21"), ("to", "2026-11-20")], AskedError::Backwards),
            (&[("by", "minute"), ("from", "2026-11-28")], AskedError::MinutesGone),
            (&[("by", "hour"), ("from", "2026-08-31")], AskedError::HoursGone),
        ];
        for (pairs, error) in cases {
            assert_eq!(range(pairs).unwrap_err(), error, "{pairs:?}");
        }
    }

    #[test]
    fn csv_is_asked_for_by_the_query_or_by_the_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(asked(&[]).is_csv(&headers), Ok(false));
        assert_eq!(asked(&[("format", "csv")]).is_csv(&headers), Ok(true));
        assert_eq!(asked(&[("format", "xml")]).is_csv(&headers), Err(AskedError::Format));
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html, Text/CSV;q=0.9"));
        assert_eq!(asked(&[]).is_csv(&headers), Ok(true));
        assert_eq!(asked(&[("format", "json")]).is_csv(&headers), Ok(false));
    }

    #[test]
    fn a_history_is_shown_with_the_offset_of_its_zone() {
        let series =
            Series::new([Row { width: Width::Minute, start: at("2026-11-30T11:59:00Z").as_second(), count: 3 }]);
        let wanted = |zone| {
            asked(&[("by", "hour"), ("tz", zone), ("from", "2026-11-30T11:00:00Z")]).wanted(at("2026-11-30T12:30:00Z"))
        };
        let shown = |zone| {
            let wanted = wanted(zone).unwrap();
            let slots = series.slots(wanted.by, wanted.from, wanted.to, &wanted.zone.zone).unwrap();
            let subject = Subject::Key("wharf".parse().unwrap());
            (csv(&slots), serde_json::to_string(&history(&subject, &series, wanted, &slots)).unwrap())
        };
        assert_eq!(shown("europe/berlin"), shown("Europe/Berlin"));
        let (csv, json) = shown("Europe/Berlin");
        assert_eq!(
            csv,
            "start,count,exact\r\n2026-11-30T12:00:00+01:00,3,true\r\n2026-11-30T13:00:00+01:00,0,true\r\n"
        );
        assert_eq!(
            json,
            r#"{"key":"wharf","by":"hour","time_zone":"Europe/Berlin","total":3,"since":"2026-11-30T12:59:00+01:00","today":{"now":3,"before":0},"week":{"now":3,"before":0},"month":{"now":3,"before":0},"slots":[{"start":"2026-11-30T12:00:00+01:00","count":3,"exact":true},{"start":"2026-11-30T13:00:00+01:00","count":0,"exact":true}]}"#
        );
        assert!(shown("UTC").0.contains("2026-11-30T11:00:00Z,3,true\r\n"));
    }
}
