//! The file: claimed by one process, known to be ours, and of our schema.

use std::fs::{OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions};

/// What SQLite keeps in the file's head to tell whose it is.
const APPLICATION: i32 = i32::from_be_bytes(*b"whrf");

/// SQLite's code for a file of another format.
const NOT_A_DATABASE: &str = "26";

/// How long to wait for another program that has the file locked, such as one that makes a backup.
const BUSY: Duration = Duration::from_secs(2);

/// Why nothing can be counted in a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened for writing.
    #[error("STORE: cannot open {} for writing: {cause}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another process counts in the file.
    #[error("STORE: another process counts in {}: stop it first, or name another file (several processes need Redis)", .0.display())]
    InUse(PathBuf),
    /// The file is not one of ours.
    #[error("STORE: {} {why}: name another file", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: &'static str,
    },
    /// A newer version of this program has changed the file.
    #[error("STORE: {} was written by a newer wharf-web: run that version, or name another file", .0.display())]
    Newer(PathBuf),
    /// The tables could not be brought up to date.
    #[error("STORE: the tables of {} could not be brought up to date: {cause}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        cause: MigrateError,
    },
    /// SQLite could not read or write.
    #[error("STORE: {}: {cause}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What it says.
        cause: sqlx::Error,
    },
    /// A query took too long.
    #[error("STORE: no answer within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// A file that this process has claimed for as long as this value lives.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    /// Locked as a whole (`flock`), which SQLite's own locks (`fcntl`) do not notice. Dropping it would drop those, too, so
    /// it outlives every connection.
    _lock: std::fs::File,
}

impl File {
    /// Claims the file, and makes an empty one if there is none.
    pub(crate) fn claim(path: &Path) -> Result<Self, StoreError> {
        let open = |cause| StoreError::Open { path: path.to_owned(), cause };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(open)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(cause)) => Err(open(cause)),
        }
    }

    pub(crate) fn failed(&self, cause: sqlx::Error) -> StoreError {
        let code = cause.as_database_error().and_then(|error| error.code());
        if code.as_deref() == Some(NOT_A_DATABASE) {
            return self.not_ours("is not a SQLite database");
        }
        StoreError::Database { path: self.path.clone(), cause }
    }

    fn not_ours(&self, why: &'static str) -> StoreError {
        StoreError::NotOurs { path: self.path.clone(), why }
    }

    fn options(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new().filename(&self.path).busy_timeout(BUSY);
        options.synchronous(SqliteSynchronous::Full).disable_statement_logging()
    }

    /// A connection that writes, to tables that are up to date. A file of another program is left as it is.
    pub(crate) async fn writer(&self) -> Result<SqliteConnection, StoreError> {
        let mut connection = self.options().connect().await.map_err(|error| self.failed(error))?;
        if !self.is_ours(&mut connection).await.map_err(|error| self.failed(error))? {
            return Err(self.not_ours("is another program's database"));
        }
        let wal = sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await;
        wal.map_err(|error| self.failed(error))?;
        match sqlx::migrate!("./migrations-sqlite").run_direct(None, &mut connection, false).await {
            Ok(()) => Ok(connection),
            Err(MigrateError::VersionMissing(_)) => Err(StoreError::Newer(self.path.clone())),
            Err(cause) => Err(StoreError::Migration { path: self.path.clone(), cause }),
        }
    }

    /// A connection that reads.
    pub(crate) async fn reader(&self) -> Result<SqliteConnection, StoreError> {
        self.options().read_only(true).connect().await.map_err(|error| self.failed(error))
    }

    /// Whether the file carries our mark, which an empty one gets here.
    async fn is_ours(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        let application: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
        if application != 0 {
            return Ok(application == APPLICATION);
        }
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *connection).await?;
        if tables > 0 {
            return Ok(false);
        }
        let mark = format!("PRAGMA application_id = {APPLICATION}");
        sqlx::query(AssertSqlSafe(mark)).execute(connection).await?;
        Ok(true)
    }
}
