//! `/api/v1/keys`: the keys with their totals and periods, a page at a time.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::history::not_a_query;
use super::{Problem, json};
use crate::app::App;
use crate::reader::KeyRow;

/// How many keys a page has at most.
const PAGE_AT_MOST: usize = 1000;

/// How many it has if the query does not say.
const PAGE: usize = 100;

/// A page of keys.
#[derive(Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<Entry>,
    /// How many keys there are, on all pages.
    #[schema(minimum = 0, example = 42)]
    count: usize,
    /// The `cursor` of the next page; absent on the last one.
    #[schema(example = "42.my-project")]
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A key. Periods are days of UTC and include today.
#[derive(Serialize, ToSchema)]
struct Entry {
    #[schema(example = "my-project")]
    key: String,
    #[schema(minimum = 0)]
    total: i64,
    #[schema(minimum = 0)]
    today: i64,
    /// The last 7 days.
    #[schema(minimum = 0)]
    week: i64,
    /// The last 30 days.
    #[schema(minimum = 0)]
    month: i64,
    /// When the total last changed.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T06:00:00Z")]
    changed: String,
}

/// The order of the list: largest, or latest, first; keys by their text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    #[default]
    Total,
    Today,
    Week,
    Month,
    Key,
    Changed,
}

impl FromStr for Sort {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "total" => Ok(Self::Total),
            "today" => Ok(Self::Today),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            "key" => Ok(Self::Key),
            "changed" => Ok(Self::Changed),
            _ => Err(()),
        }
    }
}

/// The place of a key in an order. It stays meaningful while keys are added and numbers change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    number: i64,
    key: String,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        other.number.cmp(&self.number).then_with(|| self.key.cmp(&other.key))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number, self.key)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (number, key) = text.split_once('.').ok_or(())?;
        Ok(Self { number: number.parse().map_err(|_| ())?, key: key.to_owned() })
    }
}

impl Sort {
    fn place(self, row: &KeyRow) -> Place {
        let number = match self {
            Self::Total => row.total,
            Self::Today => row.today,
            Self::Week => row.week,
            Self::Month => row.month,
            Self::Key => 0,
            Self::Changed => row.changed,
        };
        Place { number, key: row.key.clone() }
    }

    /// The rows in this order.
    pub(crate) fn sorted<'a>(self, rows: impl Iterator<Item = &'a KeyRow>) -> Vec<&'a KeyRow> {
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_cached_key(|row| self.place(row));
        rows
    }
}

/// What the query asks for, as text.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    sort: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

/// Why a query is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum AskedError {
    #[error("`sort` is total, today, week, month, key or changed.")]
    Sort,
    #[error("`limit` is a number from 1 to {PAGE_AT_MOST}.")]
    Limit,
    #[error("`cursor` is what `next` was on the page before.")]
    Cursor,
}

impl From<AskedError> for Problem {
    fn from(error: AskedError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.to_string())
    }
}

/// The keys, a page at a time; counts nothing.
#[utoipa::path(get, path = "/api/v1/keys", operation_id = "keys",
    params(
        ("sort" = Option<Sort>, Query, description = "The order: by total if absent, the largest first; keys by their text"),
        ("limit" = Option<usize>, Query, description = "How many keys, 1 to 1000; 100 if absent"),
        ("cursor" = Option<String>, Query, description = "Where to go on: `next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of keys", body = Keys),
        (status = 400, description = "A query that cannot be answered", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No history is kept", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The history cannot be read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(not_a_query)?;
    let wanted = asked.wanted()?;
    Ok(json(&wanted.page(&app.keys().await?)))
}

/// What the query asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    sort: Sort,
    limit: usize,
    after: Option<Place>,
}

impl Asked {
    fn wanted(&self) -> Result<Wanted, AskedError> {
        let parse = |text: &String| text.parse().ok().filter(|limit| (1..=PAGE_AT_MOST).contains(limit));
        let sort = self.sort.as_ref().map(|text| text.parse()).transpose().map_err(|()| AskedError::Sort)?;
        Ok(Wanted {
            sort: sort.unwrap_or_default(),
            limit: self.limit.as_ref().map_or(Some(PAGE), parse).ok_or(AskedError::Limit)?,
            after: self.cursor.as_ref().map(|text| text.parse()).transpose().map_err(|()| AskedError::Cursor)?,
        })
    }
}

impl Wanted {
    fn page(&self, rows: &[KeyRow]) -> Keys {
        let sorted = self.sort.sorted(rows.iter());
        let first = match &self.after {
            Some(after) => sorted.partition_point(|row| self.sort.place(row) <= *after),
            None => 0,
        };
        let rest = sorted.get(first..).unwrap_or_default();
        let page = rest.get(..self.limit).unwrap_or(rest);
        let last = page.last().filter(|_| rest.len() > page.len());
        Keys {
            count: rows.len(),
            next: last.map(|row| self.sort.place(row).to_string()),
            keys: page.iter().map(|row| entry(row)).collect(),
        }
    }
}

fn entry(row: &KeyRow) -> Entry {
    Entry {
        key: row.key.clone(),
        total: row.total,
        today: row.today,
        week: row.week,
        month: row.month,
        changed: Timestamp::from_second(row.changed).unwrap_or(Timestamp::MAX).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<KeyRow> {
        [("a.1", 5), ("b", 9), ("c", 5), ("d", 1)]
            .map(|(key, total)| KeyRow { key: key.to_owned(), total, today: 0, week: 0, month: 0, changed: -total })
            .to_vec()
    }

    fn wanted(sort: &str, limit: &str, cursor: Option<String>) -> Result<Wanted, AskedError> {
        Asked { sort: Some(sort.to_owned()), limit: Some(limit.to_owned()), cursor }.wanted()
    }

    fn pages(sort: &str, limit: &str) -> Vec<String> {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let page = wanted(sort, limit, cursor).unwrap().page(&rows());
            pages.push(page.keys.iter().map(|entry| &*entry.key).collect::<Vec<_>>().join(" "));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_go_on_where_the_one_before_ended() {
        assert_eq!(pages("total", "2"), ["b a.1", "c d"]);
        assert_eq!(pages("total", "1"), ["b", "a.1", "c", "d"]);
        assert_eq!(pages("key", "3"), ["a.1 b c", "d"]);
        assert_eq!(pages("changed", "4"), ["d a.1 c b"]);
    }

    #[test]
    fn a_key_that_is_gone_does_not_end_the_list() {
        let page = wanted("total", "9", Some("6.zzz".into())).unwrap().page(&rows());
        assert_eq!(page.keys.iter().map(|entry| &*entry.key).collect::<Vec<_>>(), ["a.1", "c", "d"]);
        assert_eq!((page.count, page.next), (4, None));
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_its_reason() {
        assert_eq!(wanted("size", "1", None), Err(AskedError::Sort));
        for limit in ["0", "1001", "-1", "many"] {
            assert_eq!(wanted("total", limit, None), Err(AskedError::Limit), "{limit}");
        }
        assert_eq!(wanted("total", "1", Some("nowhere".into())), Err(AskedError::Cursor));
    }
}
