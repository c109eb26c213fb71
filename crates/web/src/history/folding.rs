//! Folding rows of the history that are old, or too many. A transaction folds a bounded number of rows.

use sqlx::postgres::PgConnection;

use super::ALL_KEYS;
use crate::retention::{Bounds, Width, fold};
use crate::trace::statement;

/// How many rows one transaction folds.
const ROWS_AT_ONCE: i64 = 5_000;

/// The key of the advisory lock of the replica that folds.
const FOLDING: i64 = i64::from_be_bytes(*b"whrffold");

/// After all that happens: the year 9999.
const END: i64 = 253_402_300_799;

/// What one transaction found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// Whether there may be more to fold.
    pub more: bool,
    /// The rows of the history of keys, by width, if they were counted.
    pub rows: Option<Vec<(Width, i64)>>,
}

/// Folds rows that are due at `now` (Unix seconds), or does nothing while another replica folds.
pub(super) async fn step(connection: &mut PgConnection, now: i64, bounds: &Bounds) -> Result<Folded, sqlx::Error> {
    let lock = sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "mine!""#, FOLDING);
    if !statement("SELECT", "pg_locks", lock.fetch_one(&mut *connection)).await? {
        return Ok(Folded::default());
    }
    for width in [Width::Minute, Width::Hour] {
        let Some(before) = width.kept_from(now) else { continue };
        let visits = fold_visits(connection, width, before).await?;
        let hits = fold_hits(connection, width, Earliest { before, limit: ROWS_AT_ONCE, of_all_keys: true }).await?;
        if visits.max(hits) >= ROWS_AT_ONCE {
            return Ok(Folded { more: true, rows: None });
        }
    }
    let mut folded = Folded::default();
    let rows = count(connection).await?;
    for (width, rows) in &rows {
        let excess = bounds.of(*width).map_or(0, |bound| rows - bound);
        if excess > 0 {
            let limit = excess.min(ROWS_AT_ONCE);
            // The history of all keys is no longer than that of visits, and nobody can make it longer.
            let earliest = Earliest { before: END, limit, of_all_keys: false };
            let hits = fold_hits(connection, *width, earliest).await?;
            if hits > 0 {
                folded.more = true;
                break;
            }
        }
    }
    folded.rows = Some(rows);
    Ok(folded)
}

/// Folds visits of this width that are older than `before`, and returns how many rows they had. The rows stay in their table,
/// at the start of their slot, so an older replica reads the same sums.
async fn fold_visits(connection: &mut PgConnection, width: Width, before: i64) -> Result<i64, sqlx::Error> {
    let Some(next) = width.next() else { return Ok(0) };
    let length = next.end_of(0);
    let delete = sqlx::query!(
        r#"DELETE FROM visits_history
           WHERE minute IN (SELECT minute FROM visits_history
                            WHERE minute < to_timestamp($1::bigint) AND extract(epoch FROM minute)::bigint % $2 <> 0
                            ORDER BY minute LIMIT $3)
           RETURNING extract(epoch FROM minute)::bigint AS "start!", visits"#,
        before,
        length,
        ROWS_AT_ONCE,
    );
    let rows = statement("DELETE", "visits_history", delete.fetch_all(&mut *connection)).await?;
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let folded = fold(rows.into_iter().map(|row| ((), row.start, row.visits)), next);
    let (starts, visits): (Vec<i64>, Vec<i64>) = folded.into_iter().map(|((), start, visits)| (start, visits)).unzip();
    let insert = sqlx::query!(
        "INSERT INTO visits_history (minute, visits)
         SELECT to_timestamp(entry.start), entry.visits
         FROM unnest($1::bigint[], $2::bigint[]) AS entry (start, visits)
         ON CONFLICT (minute) DO UPDATE SET visits = visits_history.visits + excluded.visits",
        &starts,
        &visits,
    );
    statement("INSERT", "visits_history", insert.execute(connection)).await?;
    Ok(count)
}

/// Which rows of a width are folded.
struct Earliest {
    /// They start before this, in Unix seconds.
    before: i64,
    /// They are not more than this.
    limit: i64,
    /// Whether those of all keys together are among them.
    of_all_keys: bool,
}

/// Folds hits of this width, and returns how many rows they had.
async fn fold_hits(connection: &mut PgConnection, width: Width, which: Earliest) -> Result<i64, sqlx::Error> {
    let Some(next) = width.next() else { return Ok(0) };
    let delete = sqlx::query!(
        r#"DELETE FROM hits_history
           WHERE (key, width, start) IN (SELECT key, width, start FROM hits_history
                                         WHERE width = $1 AND start < to_timestamp($2::bigint)
                                               AND ($3 OR key <> $4)
                                         ORDER BY start LIMIT $5)
           RETURNING key, extract(epoch FROM start)::bigint AS "start!", hits"#,
        width.number(),
        which.before,
        which.of_all_keys,
        ALL_KEYS,
        which.limit,
    );
    let rows = statement("DELETE", "hits_history", delete.fetch_all(&mut *connection)).await?;
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let (mut keys, mut starts, mut hits) = (Vec::new(), Vec::new(), Vec::new());
    for (key, start, number) in fold(rows.into_iter().map(|row| (row.key, row.start, row.hits)), next) {
        keys.push(key);
        starts.push(start);
        hits.push(number);
    }
    let insert = sqlx::query!(
        "INSERT INTO hits_history (key, width, start, hits)
         SELECT entry.key, $1, to_timestamp(entry.start), entry.hits
         FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS entry (key, start, hits)
         ON CONFLICT (key, width, start) DO UPDATE SET hits = hits_history.hits + excluded.hits",
        next.number(),
        &keys,
        &starts,
        &hits,
    );
    statement("INSERT", "hits_history", insert.execute(connection)).await?;
    Ok(count)
}

/// The rows of each width.
async fn count(connection: &mut PgConnection) -> Result<Vec<(Width, i64)>, sqlx::Error> {
    let count = sqlx::query!(r#"SELECT width, count(*) AS "rows!" FROM hits_history GROUP BY width ORDER BY width"#);
    let rows = statement("SELECT", "hits_history", count.fetch_all(connection)).await?;
    Ok(rows.into_iter().filter_map(|row| Some((Width::numbered(row.width)?, row.rows))).collect())
}
