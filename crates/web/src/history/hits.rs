//! Writing the histories of keys.

use std::collections::HashMap;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::ALL_KEYS;
use crate::hits_ledger::{HitsEntries, HitsTotal};
use crate::trace::statement;

/// Adds the hits in `totals` that are not recorded yet. Returns how many these are.
pub(super) async fn add(connection: &mut PgConnection, epoch: Uuid, totals: &[HitsTotal]) -> Result<i64, sqlx::Error> {
    let insert = sqlx::query!("INSERT INTO visits_epochs (epoch) VALUES ($1) ON CONFLICT DO NOTHING", epoch);
    statement("INSERT", "visits_epochs", insert.execute(&mut *connection)).await?;
    // Writers take turns. An older replica that adds a key refers to this row, which has to stay possible.
    let lock = sqlx::query!("SELECT flushed FROM visits_epochs WHERE epoch = $1 FOR NO KEY UPDATE", epoch);
    statement("SELECT", "visits_epochs", lock.fetch_one(&mut *connection)).await?;
    let entries = HitsEntries::new(&recorded(connection, epoch, totals).await?, totals);
    if entries.hits.is_empty() {
        return Ok(0);
    }
    add_history(connection, &entries).await?;
    record(connection, epoch, &entries).await?;
    Ok(entries.hits.values().sum())
}

/// The recorded totals of these keys.
async fn recorded(
    connection: &mut PgConnection,
    epoch: Uuid,
    totals: &[HitsTotal],
) -> Result<HashMap<String, i64>, sqlx::Error> {
    let keys: Vec<String> = totals.iter().map(|total| total.key.to_string()).collect();
    let select =
        sqlx::query!("SELECT key, recorded FROM hits_totals WHERE epoch = $1 AND key = ANY($2::text[])", epoch, &keys);
    let rows = statement("SELECT", "hits_totals", select.fetch_all(connection)).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.recorded)).collect())
}

async fn add_history(connection: &mut PgConnection, entries: &HitsEntries) -> Result<(), sqlx::Error> {
    let of_all_keys = entries.of_all_keys();
    let sums = of_all_keys.iter().map(|(minute, hits)| (ALL_KEYS, *minute, *hits));
    let of_each = entries.hits.iter().map(|((key, minute), hits)| (&**key, *minute, *hits));
    let (mut keys, mut starts, mut hits) = (Vec::new(), Vec::new(), Vec::new());
    for (key, minute, number) in sums.chain(of_each) {
        keys.push(key.to_owned());
        starts.push(minute.unix_seconds());
        hits.push(number);
    }
    let insert = sqlx::query!(
        "INSERT INTO hits_history (key, width, start, hits)
         SELECT entry.key, 0, to_timestamp(entry.start), entry.hits
         FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS entry (key, start, hits)
         ON CONFLICT (key, width, start) DO UPDATE SET hits = hits_history.hits + excluded.hits",
        &keys,
        &starts,
        &hits,
    );
    statement("INSERT", "hits_history", insert.execute(connection)).await?;
    Ok(())
}

/// Notes that the history has these totals.
async fn record(connection: &mut PgConnection, epoch: Uuid, entries: &HitsEntries) -> Result<(), sqlx::Error> {
    let (mut keys, mut totals, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for (key, (total, minute)) in &entries.recorded {
        keys.push(key.to_string());
        totals.push(*total);
        changed.push(minute.unix_seconds());
    }
    // All writers take the rows in the same order, so that they cannot deadlock.
    let insert = sqlx::query!(
        "INSERT INTO hits_totals (epoch, key, total, recorded, changed)
         SELECT $1, entry.key, entry.total, entry.total, to_timestamp(entry.changed)
         FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS entry (key, total, changed)
         ORDER BY entry.key
         ON CONFLICT (epoch, key) DO UPDATE
         SET total = greatest(hits_totals.total, excluded.total), recorded = excluded.recorded,
             changed = excluded.changed",
        epoch,
        &keys,
        &totals,
        &changed,
    );
    statement("INSERT", "hits_totals", insert.execute(connection)).await?;
    Ok(())
}
