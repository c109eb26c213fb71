//! Reading the history, on a connection of its own: in WAL mode it waits for no writer, and none waits for it.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::batch::{ALL_KEYS, VISITS};
use crate::reader::KeyRow;
use crate::retention::{DAY, Row, Width};
use crate::series::Subject;

/// All rows of a history, in no order. Together they are the subject's total.
pub(crate) async fn rows(connection: &mut SqliteConnection, subject: &Subject) -> Result<Vec<Row>, sqlx::Error> {
    let by_id = "SELECT width, start, count FROM history WHERE subject = ?";
    let by_key = "SELECT width, start, count FROM history WHERE subject = (SELECT id FROM subjects WHERE key = ?)";
    let query = match subject {
        Subject::Visits => sqlx::query(by_id).bind(VISITS),
        Subject::AllKeys => sqlx::query(by_id).bind(ALL_KEYS),
        Subject::Key(key) => sqlx::query(by_key).bind(key.as_str()),
    };
    let rows = query.fetch_all(connection).await?;
    let row = |row: sqlx::sqlite::SqliteRow| {
        let width = Width::numbered(row.try_get(0)?).unwrap_or(Width::Ever);
        Ok(Row { width, start: row.try_get(1)?, count: row.try_get(2)? })
    };
    rows.into_iter().map(row).collect()
}

/// All keys, in no order, with their hits on the days up to `now` (Unix seconds).
pub(crate) async fn keys(connection: &mut SqliteConnection, now: i64) -> Result<Vec<KeyRow>, sqlx::Error> {
    let today = Width::Day.start_of(now);
    let query = sqlx::query(
        "SELECT key, total, changed, ifnull(today, 0), ifnull(week, 0), ifnull(month, 0)
         FROM subjects LEFT JOIN (
             SELECT subject,
                    sum(count) FILTER (WHERE start >= ?1) AS today,
                    sum(count) FILTER (WHERE start >= ?2) AS week,
                    sum(count) AS month
             FROM history
             WHERE width IN (0, 1, 2, 3) AND start >= ?3
             GROUP BY subject
         ) ON subject = id
         WHERE key IS NOT NULL",
    )
    .bind(today)
    .bind(today - 6 * DAY)
    .bind(today - 29 * DAY);
    let rows = query.fetch_all(connection).await?;
    let row = |row: sqlx::sqlite::SqliteRow| {
        Ok(KeyRow {
            key: row.try_get(0)?,
            total: row.try_get(1)?,
            changed: row.try_get(2)?,
            today: row.try_get(3)?,
            week: row.try_get(4)?,
            month: row.try_get(5)?,
        })
    };
    rows.into_iter().map(row).collect()
}
