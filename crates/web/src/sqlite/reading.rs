//! Reading the history, on a connection of its own: in WAL mode it waits for no writer, and none waits for it.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::batch::{ALL_KEYS, VISITS};
use crate::reader::KeyRow;
use crate::retention::{DAY, Row, Width};
use crate::series::Subject;

/// All keys with their hits since three moments. Each key's rows are found by the primary key: a subquery that groups those of
/// all keys would sort them, which takes seconds.
const KEYS: &str = "
    SELECT key, total, changed,
           ifnull(sum(count) FILTER (WHERE start >= ?1), 0),
           ifnull(sum(count) FILTER (WHERE start >= ?2), 0),
           ifnull(sum(count), 0)
    FROM subjects LEFT JOIN history ON subject = id AND width IN (0, 1, 2, 3) AND start >= ?3
    WHERE key IS NOT NULL
    GROUP BY id";

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
    let query = sqlx::query(KEYS).bind(today).bind(today - 6 * DAY).bind(today - 29 * DAY);
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

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Connection};

    use super::*;

    async fn history() -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let tables = include_str!("../../migrations-sqlite/0001_counts.sql");
        sqlx::raw_sql(tables).execute(&mut connection).await.unwrap();
        connection
    }

    #[tokio::test]
    async fn a_key_has_the_hits_of_its_days_whatever_the_width_of_their_slots() {
        let mut connection = history().await;
        let day = |ago: i64| (20_000 - ago) * DAY;
        let subjects = "INSERT INTO subjects VALUES (2, 'a', 1111111, 7), (3, 'none', 0, 8)";
        sqlx::raw_sql(subjects).execute(&mut connection).await.unwrap();
        let slots =
            [(0, 0, 1), (0, 1, 10), (1, 6, 100), (1, 7, 1000), (2, 29, 10_000), (2, 30, 100_000), (4, 0, 1_000_000)];
        for (width, ago, count) in slots {
            let slot = sqlx::query("INSERT INTO history VALUES (2, ?, ?, ?)").bind(width).bind(day(ago)).bind(count);
            slot.execute(&mut connection).await.unwrap();
        }
        let mut keys = keys(&mut connection, day(0) + 5).await.unwrap();
        keys.sort_by(|one, other| one.key.cmp(&other.key));
        let row = |key: &str, [total, today, week, month, changed]: [i64; 5]| KeyRow {
            key: key.to_owned(),
            total,
            today,
            week,
            month,
            changed,
        };
        assert_eq!(keys, [row("a", [1_111_111, 1, 111, 11_111, 7]), row("none", [0, 0, 0, 0, 8])]);
    }

    #[tokio::test]
    async fn the_list_of_keys_sorts_no_history() {
        let mut connection = history().await;
        let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {KEYS}"))).fetch_all(&mut connection).await;
        let steps: Vec<String> = plan.unwrap().iter().map(|row| row.get("detail")).collect();
        let by_key = "SEARCH history USING PRIMARY KEY (subject=? AND width=? AND start>?)";
        assert!(steps.iter().any(|step| step.starts_with(by_key)), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
