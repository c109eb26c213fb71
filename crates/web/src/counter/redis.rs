//! Counting in Redis: the commands that the application sends.

use std::sync::LazyLock;
use std::time::Duration;

use prometheus::IntCounter;
use redis::{ErrorKind, FromRedisValue, RedisError};
use tokio::time::Instant;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::CounterError;
use crate::instruments::RedisInstruments;
use crate::key::Key;
use crate::link::{Connection, Keeper, Link};
use crate::people::{self, Person, Salt};
use crate::settings::Redis;
use crate::trace;

/// The key that counts; its value only grows.
pub const VISITS: &str = "visits";

/// The key that names Redis' data set. It is lost together with the count, so a new name means that counting has restarted.
pub const EPOCH: &str = "visits:epoch";

/// The hash with the counts of keys, one field for each.
pub const HITS: &str = "hits";

/// Counts a hit of a known key, or of a new one while the limit is not reached. `KEYS[1]` is the hash, `ARGV` the key and
/// the limit. Redis runs a script atomically, so clients that add keys at the same time cannot exceed the limit.
pub(crate) const HIT: &str = "\
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return false
end
return redis.call('HINCRBY', KEYS[1], ARGV[1], 1)";

/// The totals of all keys and their data set, read in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitsReading {
    /// The data set's name.
    pub epoch: Uuid,
    /// Each key's hits since the data set began.
    pub totals: Vec<(String, i64)>,
}

/// The total of visits and its data set, read in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The data set's name.
    pub epoch: Uuid,
    /// Visits counted since the data set began.
    pub total: i64,
}

/// Counts in Redis. A clone shares the connection.
#[derive(Clone)]
pub struct RedisCounter {
    link: Link,
    answers_lost: IntCounter,
    keys_at_most: u32,
}

impl RedisCounter {
    /// A counter with this limit of keys, and the task that keeps its connection.
    pub(crate) fn new(redis: Redis, keys_at_most: u32, instruments: &RedisInstruments) -> (Self, Keeper) {
        let (link, keeper) = Link::new(redis, instruments.up.clone());
        let answers_lost = instruments.answers_lost.clone();
        (Self { link, answers_lost, keys_at_most }, keeper)
    }

    /// Whether there is a connection now, to a server that counts.
    pub fn can_count(&self) -> bool {
        self.link.now().is_ok()
    }

    /// Counts one visit and gives the new total: one `INCR`, sent once at most.
    ///
    /// # Errors
    ///
    /// After some three seconds when Redis stays away or cannot count; at once, or after [`Redis::timeout`], when the
    /// answer is lost; and when Redis refuses.
    pub async fn increment(&self) -> Result<i64, CounterError> {
        static INCREMENT: LazyLock<redis::Cmd> = LazyLock::new(|| redis::cmd("INCR").arg(VISITS).to_owned());
        self.count("INCR", &INCREMENT).await
    }

    /// Counts one hit for `key` and gives the key's new total: one script, sent once at most.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment), and [`CounterError::KeysExhausted`].
    pub async fn hit(&self, key: &Key) -> Result<i64, CounterError> {
        let mut script = redis::cmd("EVAL");
        script.arg(HIT).arg(1).arg(HITS).arg(key.as_str()).arg(self.keys_at_most);
        let total: Option<i64> = self.count("EVAL", &script).await?;
        total.ok_or(CounterError::KeysExhausted)
    }

    /// Counts a hit of `person` for `key`, unless they were counted there shortly before. Gives the key's total and whether
    /// the hit was counted: one script, sent once at most.
    ///
    /// # Errors
    ///
    /// As [`hit`](Self::hit).
    pub(crate) async fn hit_once(&self, key: &Key, person: &Person) -> Result<(i64, bool), CounterError> {
        let script = people::redis::hit_once(key, self.salt().await?.mark(key, person), self.keys_at_most);
        let answer: Option<(i64, bool)> = self.count("EVAL", &script).await?;
        answer.ok_or(CounterError::KeysExhausted)
    }

    /// The day's salt, which all replicas share.
    async fn salt(&self) -> Result<Salt, CounterError> {
        let last = self.link.wait().await?.salt;
        if let Some(salt) = last.get(Instant::now()) {
            return Ok(salt);
        }
        let (salt, lasts): (Vec<u8>, u64) = self.ask("EVAL", &people::redis::take_salt()).await?;
        let salt = Salt::new(salt);
        last.keep(&salt, Duration::from_secs(lasts), Instant::now());
        Ok(salt)
    }

    /// The total of visits; counts nothing.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub async fn visits(&self) -> Result<i64, CounterError> {
        let total: Option<i64> = self.ask("GET", redis::cmd("GET").arg(VISITS)).await?;
        Ok(total.unwrap_or(0))
    }

    /// The hits of `key`, zero for an unknown key; counts nothing.
    ///
    /// # Errors
    ///
    /// As [`increment`](Self::increment).
    pub async fn hits(&self, key: &Key) -> Result<i64, CounterError> {
        let total: Option<i64> = self.ask("HGET", redis::cmd("HGET").arg(HITS).arg(key.as_str())).await?;
        Ok(total.unwrap_or(0))
    }

    /// Sends a command that counts. If the answer is lost, the visit may or may not have been counted.
    async fn count<T: FromRedisValue>(&self, name: &'static str, command: &redis::Cmd) -> Result<T, CounterError> {
        let result = self.ask(name, command).await;
        if let Err(CounterError::AnswerLost(_)) = result {
            self.answers_lost.inc();
        }
        result
    }

    async fn ask<T: FromRedisValue>(&self, name: &'static str, command: &redis::Cmd) -> Result<T, CounterError> {
        let span = trace::redis(name);
        let result = async {
            let mut connection = self.link.wait().await?;
            command.query_async(&mut connection.redis).await.map_err(|error| classify(&connection, error))
        };
        noted(&span, result.instrument(span.clone()).await)
    }

    /// The total and its epoch, which gets a name here if it has none. Does not wait while Redis is away.
    ///
    /// # Errors
    ///
    /// When Redis is away, does not answer, or refuses.
    pub async fn read(&self) -> Result<Reading, CounterError> {
        let (epoch, total): (Uuid, Option<i64>) = self.with_epoch(redis::cmd("GET").arg(VISITS)).await?;
        Ok(Reading { epoch, total: total.unwrap_or(0) })
    }

    /// The keys' totals and their epoch, like [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub async fn read_hits(&self) -> Result<HitsReading, CounterError> {
        let (epoch, totals) = self.with_epoch(redis::cmd("HGETALL").arg(HITS)).await?;
        Ok(HitsReading { epoch, totals })
    }

    /// One answer and its epoch, in one transaction.
    async fn with_epoch<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<(Uuid, T), CounterError> {
        let mut connection = self.link.now()?;
        let mut transaction = redis::pipe();
        transaction.atomic();
        transaction.cmd("SET").arg(EPOCH).arg(Uuid::new_v4().to_string()).arg("NX").ignore();
        transaction.cmd("GET").arg(EPOCH).add_command(command.clone());
        let span = trace::redis("MULTI");
        let answer = transaction.query_async(&mut connection.redis).instrument(span.clone()).await;
        let (epoch, answer): (String, T) = noted(&span, answer.map_err(|error| classify(&connection, error)))?;
        let epoch = epoch.parse().map_err(|_| {
            CounterError::NotOurs((ErrorKind::UnexpectedReturnType, "visits:epoch is not a UUID").into())
        })?;
        Ok((epoch, answer))
    }
}

/// Records an error in the span of its command.
fn noted<T>(span: &Span, result: Result<T, CounterError>) -> Result<T, CounterError> {
    if let Err(error) = &result {
        trace::failed(span, error.kind());
    }
    result
}

/// What an error of this connection means. A connection whose server cannot count is given up.
fn classify(connection: &Connection, error: RedisError) -> CounterError {
    connection.refused(&error);
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => CounterError::Refused(error),
        ErrorKind::UnexpectedReturnType => CounterError::NotOurs(error),
        _ => CounterError::AnswerLost(error),
    }
}
