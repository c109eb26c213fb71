//! Counting: the one type that requests use, wherever the counts are kept.

mod redis;

use std::sync::Arc;

use ::redis::RedisError;

use crate::instruments::Instruments;
use crate::key::Key;
use crate::link::Away;
use crate::people::Person;
use crate::sqlite::{SqliteCounter, StoreError};

pub(crate) use self::redis::HIT;
pub use self::redis::{EPOCH, HITS, HitsReading, Reading, RedisCounter, VISITS};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CounterError {
    /// There is no connection; nothing was sent.
    #[error("Redis is away: {0}")]
    Away(#[from] Away),
    /// The command was sent and no answer came; whether it was carried out is unknown, so it is not sent again.
    #[error("Redis' answer was lost")]
    AnswerLost(#[source] RedisError),
    /// Redis refused the command.
    #[error("Redis refused")]
    Refused(#[source] RedisError),
    /// The value under one of our keys is not of our form.
    #[error("Redis holds something else under `visits`, `visits:epoch` or `hits`")]
    NotOurs(#[source] RedisError),
    /// The file cannot be written or read. The visit is not counted, unless the disk failed after it had been written.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The key is new, and the limit of keys is reached.
    #[error("no more keys are taken")]
    KeysExhausted,
}

/// Counts visits and hits. A clone shares everything.
#[derive(Clone)]
pub struct Counter {
    kept: Kept,
    instruments: Instruments,
}

/// Where the counts are kept.
#[derive(Clone)]
pub(crate) enum Kept {
    Redis(RedisCounter),
    Sqlite(SqliteCounter),
}

impl Counter {
    pub(crate) fn new(kept: Kept, instruments: Instruments) -> Self {
        Self { kept, instruments }
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Whether a visit could be counted now.
    pub fn can_count(&self) -> bool {
        match &self.kept {
            Kept::Redis(redis) => redis.can_count(),
            Kept::Sqlite(sqlite) => sqlite.can_count(),
        }
    }

    /// Counts one visit and gives the new total.
    ///
    /// # Errors
    ///
    /// When the visit is not counted, or when that is unknown.
    pub async fn increment(&self) -> Result<i64, CounterError> {
        let total = match &self.kept {
            Kept::Redis(redis) => redis.increment().await?,
            Kept::Sqlite(sqlite) => sqlite.increment().await?,
        };
        self.instruments.visits.inc();
        Ok(total)
    }

    /// Counts one hit for `key` and gives the key's new total.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment), and [`CounterError::KeysExhausted`].
    pub async fn hit(&self, key: &Key) -> Result<i64, CounterError> {
        let total = match &self.kept {
            Kept::Redis(redis) => redis.hit(key).await,
            Kept::Sqlite(sqlite) => sqlite.hit(key).await,
        };
        match &total {
            Ok(_) => self.instruments.hits.inc(),
            Err(CounterError::KeysExhausted) => self.instruments.keys_refused.inc(),
            Err(_) => {}
        }
        total
    }

    /// Counts a hit of `person` for `key`, unless they were counted there shortly before. Gives the key's total and whether
    /// the hit was counted.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    pub(crate) async fn hit_once(&self, key: &Key, person: &Person) -> Result<(i64, bool), CounterError> {
        let answer = match &self.kept {
            Kept::Redis(redis) => redis.hit_once(key, person).await,
            Kept::Sqlite(sqlite) => sqlite.hit_once(key, person).await,
        };
        match &answer {
            Ok((_, counted)) => self.instruments.hits.inc_by((*counted).into()),
            Err(CounterError::KeysExhausted) => self.instruments.keys_refused.inc(),
            Err(_) => {}
        }
        answer
    }

    /// The total of visits; counts nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn visits(&self) -> Result<i64, CounterError> {
        match &self.kept {
            Kept::Redis(redis) => redis.visits().await,
            Kept::Sqlite(sqlite) => sqlite.visits().await,
        }
    }

    /// The hits of `key`, zero for an unknown key; counts nothing.
    ///
    /// # Errors
    ///
    /// As [`visits`](Self::visits).
    pub async fn hits(&self, key: &Key) -> Result<i64, CounterError> {
        match &self.kept {
            Kept::Redis(redis) => redis.hits(key).await,
            Kept::Sqlite(sqlite) => sqlite.hits(key).await,
        }
    }
}

impl CounterError {
    /// A name for statistics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Away(_) => "away",
            Self::AnswerLost(_) => "answer_lost",
            Self::Refused(_) => "refused",
            Self::NotOurs(_) => "not_ours",
            Self::Store(_) => "store",
            Self::KeysExhausted => "keys_exhausted",
        }
    }
}
