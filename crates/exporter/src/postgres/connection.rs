//! A connection to a Postgres server: each query in a read-only transaction of its own, under a limit of time.
//!
//! Nothing is set for the session: behind a pooler it would stay in force for whoever gets the connection next.

use std::{collections::HashMap, time::Duration};

use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions, Connection as _, Executor, PgConnection, Row, TypeInfo, ValueRef,
    postgres::{PgConnectOptions, PgRow, PgSslMode},
};
use tokio::time::Instant;

use super::{
    table::{Column, Table},
    user::{MAX_ROWS, UserQuery},
};
use crate::{credentials::Login, databases::Address, exposition::Family};

/// As many rows of one of our own queries are read at most.
const MOST_ROWS: usize = 10_000;

/// A kept connection.
#[derive(Debug)]
pub(crate) struct Connection {
    inner: PgConnection,
    /// What queries with `cache_seconds` answered, and when.
    cache: HashMap<String, (Instant, Vec<Family>)>,
}

/// What a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// 150008 for 15.8.
    pub(crate) number: u32,
    /// What `version()` says.
    pub(crate) text: String,
}

impl Connection {
    /// Connects and logs in; the caller sets the limit of time.
    pub(crate) async fn open(address: &Address, database: &str, login: &Login) -> sqlx::Result<Self> {
        // Everything is said here that the environment could say otherwise, the password above all.
        let options = PgConnectOptions::new_without_pgpass()
            .host(&address.host)
            .port(address.port)
            .username(login.username.as_deref().unwrap_or("postgres"))
            .password(login.password.as_ref().map_or("", |password| password.reveal()))
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .application_name("wharf_exporter")
            .statement_cache_capacity(0)
            .disable_statement_logging();
        Ok(Connection { inner: options.connect().await?, cache: HashMap::new() })
    }

    /// What the server is; also the proof that it answers.
    pub(crate) async fn version(&mut self) -> sqlx::Result<Version> {
        let table = self.rows("SELECT current_setting('server_version_num'), version()".to_owned(), 1).await?;
        let mut cells = table.rows.into_iter().next().unwrap_or_default().into_iter().flatten();
        let number = cells.next().and_then(|number| number.parse().ok());
        let number = number.ok_or_else(|| sqlx::Error::Protocol("the server has no version".to_owned()))?;
        Ok(Version { number, text: cells.next().unwrap_or_default() })
    }

    /// The rows of one of our own queries.
    pub(crate) async fn query(&mut self, sql: &str, limit: Duration) -> sqlx::Result<Table> {
        let begin = begin(limit);
        let table = self.rows(format!("{begin}; SET LOCAL search_path = pg_catalog; {sql}; COMMIT"), MOST_ROWS).await;
        self.after(table).await
    }

    /// The rows of `pg_settings`, outside of any transaction: its settings would be among them.
    pub(crate) async fn settings(&mut self, sql: &str) -> sqlx::Result<Table> {
        self.rows(sql.to_owned(), MOST_ROWS).await
    }

    /// The families of a query of the user's own.
    pub(crate) async fn user_query(&mut self, query: &UserQuery, limit: Duration) -> sqlx::Result<Vec<Family>> {
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

    /// As a prepared statement it can only be one; as a cursor's it can only read, and as many rows as we fetch.
    async fn cursor(&mut self, sql: &str, limit: Duration) -> sqlx::Result<Table> {
        self.inner.execute(sqlx::raw_sql(AssertSqlSafe(begin(limit)))).await?;
        let declare = AssertSqlSafe(format!("DECLARE wharf_rows NO SCROLL CURSOR FOR {sql}"));
        self.inner.execute(sqlx::query(declare).persistent(false)).await?;
        let table = self.rows(format!("FETCH {} FROM wharf_rows", MAX_ROWS + 1), MAX_ROWS + 1).await?;
        self.inner.execute("ROLLBACK").await?;
        Ok(table)
    }

    /// After an error of the server's the transaction is still to be ended.
    async fn after<T>(&mut self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        if let Err(sqlx::Error::Database(_)) = result {
            self.inner.execute(sqlx::raw_sql("ROLLBACK")).await?;
        }
        result
    }

    /// All values in text form: that is what the simple protocol gives.
    async fn rows(&mut self, sql: String, most: usize) -> sqlx::Result<Table> {
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut self.inner);
        let mut table = Table::default();
        while let Some(row) = rows.try_next().await? {
            if table.rows.is_empty() {
                table.columns = row.columns().iter().map(column).collect();
            }
            table.rows.push(cells(&row)?);
            if table.rows.len() >= most {
                break;
            }
        }
        Ok(table)
    }

    /// Tells the server that it is over.
    pub(crate) async fn close(self) {
        let _ = self.inner.close().await;
    }
}

/// The server ends a statement by itself: we may be gone.
fn begin(limit: Duration) -> String {
    let milliseconds = limit.as_millis().clamp(1, 60_000);
    format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds}; \
         SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'"
    )
}

fn column(column: &sqlx::postgres::PgColumn) -> Column {
    Column { name: column.name().to_owned(), kind: column.type_info().name().to_owned() }
}

fn cells(row: &PgRow) -> sqlx::Result<Vec<Option<String>>> {
    let cell = |at| {
        let value = row.try_get_raw(at)?;
        if value.is_null() {
            return Ok(None);
        }
        // A database in another encoding may hold bytes that are not UTF-8.
        let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
        Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
    };
    (0..row.len()).map(cell).collect()
}
