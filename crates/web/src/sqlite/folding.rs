//! Folding rows of the history that are old, or too many, slot by slot. A transaction folds one slot, so that requests do not
//! wait long.

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use super::batch::{ALL_KEYS, VISITS};
use crate::retention::{Bounds, Width};

/// About how many rows are folded before requests have their turn again.
const ROWS_AT_ONCE: i64 = 5_000;

/// Folds rows that are due at `now` (Unix seconds). Returns the number of rows of each width once nothing more is due.
pub(super) async fn fold(
    connection: &mut SqliteConnection,
    now: i64,
    bounds: &Bounds,
) -> Result<Option<Vec<(Width, i64)>>, sqlx::Error> {
    let mut left = ROWS_AT_ONCE;
    for width in Width::ALL {
        let Some(before) = width.kept_from(now) else { continue };
        while let Some(start) = earliest(connection, width, VISITS).await?.filter(|start| *start < before) {
            left -= fold_slot(connection, (width, start), VISITS).await?;
            if left <= 0 {
                return Ok(None);
            }
        }
    }
    let mut counts = Vec::with_capacity(Width::ALL.len());
    for width in Width::ALL {
        let mut rows = count(connection, width).await?;
        // Visits and the hits of all keys have few rows, and nobody can give them more.
        while bounds.of(width).is_some_and(|bound| rows > bound)
            && let Some(start) = earliest(connection, width, ALL_KEYS + 1).await?
        {
            let folded = fold_slot(connection, (width, start), ALL_KEYS + 1).await?;
            rows -= folded;
            left -= folded;
            if left <= 0 {
                return Ok(None);
            }
        }
        counts.push((width, rows));
    }
    Ok(Some(counts))
}

/// The start of the earliest slot of a width, of subjects from this one on.
async fn earliest(connection: &mut SqliteConnection, width: Width, from: i64) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT start FROM history WHERE width = ? AND subject >= ? ORDER BY start LIMIT 1")
        .bind(width.number())
        .bind(from)
        .fetch_optional(connection)
        .await
}

async fn count(connection: &mut SqliteConnection, width: Width) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM history WHERE width = ?").bind(width.number()).fetch_one(connection).await
}

/// Adds the rows of a slot, of subjects from this one on, to slots of the next width. Returns how many rows it had.
async fn fold_slot(connection: &mut SqliteConnection, slot: (Width, i64), from: i64) -> Result<i64, sqlx::Error> {
    let (width, start) = slot;
    let Some(into) = width.next() else { return Ok(0) };
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "INSERT INTO history (subject, width, start, count)
         SELECT subject, ?, ?, count FROM history WHERE width = ? AND start = ? AND subject >= ?
         ON CONFLICT (subject, width, start) DO UPDATE SET count = count + excluded.count",
    )
    .bind(into.number())
    .bind(into.start_of(start))
    .bind(width.number())
    .bind(start)
    .bind(from)
    .execute(&mut *transaction)
    .await?;
    let deleted = sqlx::query("DELETE FROM history WHERE width = ? AND start = ? AND subject >= ?")
        .bind(width.number())
        .bind(start)
        .bind(from)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(i64::try_from(deleted.rows_affected()).unwrap_or(i64::MAX))
}
