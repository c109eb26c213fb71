//! A connection to a Postgres server: each query in a read-only transaction of its own, with a time limit.
//!
//! There are no session settings: behind a pooler they would affect the next user of the connection.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{
    table::Table,
    user::{MAX_ROWS, UserQuery},
    wire::{Error, Wire},
};
use crate::{credentials::Login, endpoint::Address, exposition::Family};

/// How long a query may wait for a lock. Somebody changes the table then; the next scrape may have its metrics.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_millis(250);
/// At most this many rows of a built-in query are read.
const MOST_ROWS: usize = 10_000;

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    wire: Wire,
    /// Answers of queries with `cache_seconds`, and their times.
    cache: HashMap<String, (Instant, Vec<Family>)>,
}

/// The version of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// 150008 for 15.8.
    pub(crate) number: u32,
    /// The result of `version()`.
    pub(crate) text: String,
}

impl Connection {
    /// Connects and logs in. The caller sets the time limit.
    pub(crate) async fn open(address: &Address, database: &str, login: &Login) -> Result<Self, Error> {
        Ok(Connection { wire: Wire::connect(address, database, login).await?, cache: HashMap::new() })
    }

    /// The version of the server. This also proves that it answers.
    pub(crate) async fn version(&mut self) -> Result<Version, Error> {
        let table = self.wire.simple("SELECT current_setting('server_version_num'), version()", 1).await?;
        let mut cells = table.rows.into_iter().next().unwrap_or_default().into_iter().flatten();
        let number = cells.next().and_then(|number| number.parse().ok());
        let number = number.ok_or(Error::Protocol("it has no version"))?;
        Ok(Version { number, text: cells.next().unwrap_or_default() })
    }

    /// The rows of a built-in query.
    pub(crate) async fn query(&mut self, sql: &str, limit: Duration) -> Result<Table, Error> {
        let begin = begin(limit, self.wire.encoding());
        let sql = format!("{begin}; SET LOCAL search_path = pg_catalog; {sql}; COMMIT");
        let table = self.wire.simple(&sql, MOST_ROWS).await;
        self.after(table).await
    }

    /// The rows of `pg_settings`, outside of any transaction: its settings would be among them.
    pub(crate) async fn settings(&mut self, sql: &str) -> Result<Table, Error> {
        self.wire.simple(sql, MOST_ROWS).await
    }

    /// The families of a custom query.
    pub(crate) async fn user_query(&mut self, query: &UserQuery, limit: Duration) -> Result<Vec<Family>, Error> {
        if let Some((asked, families)) = self.cache.get(&query.name)
            && asked.elapsed() < query.cache
        {
            return Ok(families.clone());
        }
        let table = self.cursor(&query.sql, limit).await;
        let table = self.after(table).await?;
        if table.rows.len() > MAX_ROWS {
            tracing::warn!(
                query = query.name,
                limit = MAX_ROWS,
                "a query has more rows than are served: the rest is left out"
            );
        }
        let families = query.families(&table);
        if !query.cache.is_zero() {
            self.cache.insert(query.name.clone(), (Instant::now(), families.clone()));
        }
        Ok(families)
    }

    /// A prepared statement can only be one statement. A cursor can only read, and only the rows that we fetch.
    async fn cursor(&mut self, sql: &str, limit: Duration) -> Result<Table, Error> {
        self.wire.simple(&begin(limit, self.wire.encoding()), 0).await?;
        self.wire.prepared(&format!("DECLARE wharf_rows NO SCROLL CURSOR FOR {sql}")).await?;
        let most = MAX_ROWS + 1;
        let table = self.wire.simple(&format!("FETCH {most} FROM wharf_rows"), most).await?;
        self.wire.simple("ROLLBACK", 0).await?;
        Ok(table)
    }

    /// After an error the transaction must still be ended.
    async fn after<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::Server { .. }) = result {
            self.wire.simple("ROLLBACK", 0).await?;
        }
        result
    }

    /// Ends the connection in order.
    pub(crate) async fn close(self) {
        self.wire.close().await;
    }
}

/// The server enforces the limits on a statement, because we may be gone.
fn begin(limit: Duration, encoding: Option<&str>) -> String {
    let milliseconds = |limit: Duration| limit.as_millis().clamp(1, 60_000);
    let (statement, lock) = (milliseconds(limit), milliseconds(limit.min(LOCK_TIMEOUT)));
    let encoding = encoding.map(|name| format!("; SET LOCAL client_encoding = '{name}'")).unwrap_or_default();
    format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; \
         SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'{encoding}"
    )
}
