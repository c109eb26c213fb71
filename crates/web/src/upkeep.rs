//! The tasks beside the requests, for wherever the counts are kept.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::counter::{Counter, Kept, RedisCounter};
use crate::flusher::Flusher;
use crate::history::History;
use crate::instruments::{HistoryInstruments, Instruments, RedisInstruments, history_rows, store_up};
use crate::link::Keeper;
use crate::reader::Reader;
use crate::server::ServerError;
use crate::settings::{Database, Redis};
use crate::sqlite::{File, Gauges, SqliteCounter, Writer};

/// What requests use, and the tasks that it needs.
pub(crate) struct Kit {
    pub(crate) counter: Counter,
    /// The history's metrics, if Postgres keeps one.
    pub(crate) history: Option<HistoryInstruments>,
    pub(crate) reader: Option<Reader>,
    pub(crate) upkeep: Upkeep,
}

/// Tasks that have not started yet.
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub(crate) enum Upkeep {
    /// The connection to Redis, and what brings the history up to date in these intervals.
    Servers { keeper: Keeper, flusher: Option<Flusher>, every: Duration },
    /// What writes the file.
    Sqlite(Writer),
}

impl Kit {
    /// Counts in Redis, with a history in Postgres if there is a database.
    pub(crate) fn servers(
        redis: Redis,
        database: Option<Database>,
        (keys_at_most, flush_every): (u32, Duration),
        clock: &Clock,
        registry: &Registry,
    ) -> Result<Self, ServerError> {
        let (redis, keeper) = RedisCounter::new(redis, keys_at_most, &RedisInstruments::register(registry)?);
        let history = database.is_some().then(|| HistoryInstruments::register(registry)).transpose()?;
        let reader = database.clone().map(|database| Reader::postgres(database, clock.clone()));
        let flusher = database.zip(history.clone()).map(|(database, instruments)| {
            Flusher::new(redis.clone(), History::new(database), instruments, clock.clone())
        });
        Ok(Self {
            counter: Counter::new(Kept::Redis(redis), Instruments::register(registry)?),
            history,
            reader,
            upkeep: Upkeep::Servers { keeper, flusher, every: flush_every },
        })
    }

    /// Counts in a file, which no other process may use.
    pub(crate) async fn sqlite(
        path: &Path,
        keys_at_most: u32,
        clock: &Clock,
        registry: &Registry,
    ) -> Result<Self, ServerError> {
        let file = Arc::new(File::claim(path)?);
        let gauges = Gauges { up: store_up(registry)?, rows: history_rows(registry)? };
        let (sqlite, writer) = SqliteCounter::new(file.clone(), keys_at_most, gauges, clock.clone()).await?;
        Ok(Self {
            counter: Counter::new(Kept::Sqlite(sqlite), Instruments::register(registry)?),
            history: None,
            reader: Some(Reader::sqlite(file, clock.clone())),
            upkeep: Upkeep::Sqlite(writer),
        })
    }
}

impl Upkeep {
    /// Starts the tasks, which end some time after `drained`: once no request needs them any more.
    pub(crate) fn start(self, tasks: &mut JoinSet<()>, drained: &CancellationToken) {
        match self {
            Self::Servers { keeper, flusher, every } => {
                let keeper_stop = CancellationToken::new();
                tasks.spawn(keeper.run(keeper_stop.clone()));
                if flusher.is_none() {
                    tracing::info!("neither DATABASE_URL nor DATABASE_HOST is set: no history is kept");
                }
                let drained = drained.clone();
                tasks.spawn(async move {
                    // The last flush needs the connection.
                    let _stop_keeper = keeper_stop.drop_guard();
                    match flusher {
                        Some(flusher) => flusher.run(every, drained).await,
                        None => drained.cancelled().await,
                    }
                });
            }
            Self::Sqlite(writer) => _ = tasks.spawn(writer.run(drained.clone())),
        }
    }
}
