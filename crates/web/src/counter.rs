//! Counting: what the application asks of Redis, and what may come of it.

use redis::{ErrorKind, RedisError};
use uuid::Uuid;

use crate::instruments::Instruments;
use crate::link::{Away, Keeper, Link};
use crate::settings::Redis;

/// The key that counts; its value only grows.
pub const VISITS: &str = "visits";

/// The key that names Redis' data set. It is lost with the count, so a new name says that the count began anew.
pub const EPOCH: &str = "visits:epoch";

/// The total of visits, and the data set that it is the total of, read in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The data set's name.
    pub epoch: Uuid,
    /// Visits counted since the data set began.
    pub total: i64,
}

/// Why Redis did not do as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CounterError {
    /// There is no connection; nothing was sent.
    #[error("Redis is away: {0}")]
    Away(#[from] Away),
    /// The command was sent and no answer came; whether it was carried out is unknown, so it is not sent again.
    #[error("Redis' answer was lost")]
    AnswerLost(#[source] RedisError),
    /// Redis answered that it will not.
    #[error("Redis refused")]
    Refused(#[source] RedisError),
    /// What is stored under a key of ours is not ours.
    #[error("Redis holds something else under `visits` or `visits:epoch`")]
    NotOurs(#[source] RedisError),
}

/// Counts visits. A clone shares the connection.
#[derive(Clone)]
pub struct Counter {
    link: Link,
    instruments: Instruments,
}

impl Counter {
    /// A counter, and the task that keeps its connection.
    pub(crate) fn new(redis: Redis, instruments: Instruments) -> (Self, Keeper) {
        let (link, keeper) = Link::new(redis, instruments.redis_up.clone());
        (Self { link, instruments }, keeper)
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        self.link.now().is_ok()
    }

    /// Counts one visit and gives the new total: one `INCR`, sent once at most.
    ///
    /// # Errors
    ///
    /// After some three seconds when Redis stays away; at once, or after [`Redis::timeout`], when the answer is lost;
    /// and when Redis refuses.
    pub async fn increment(&self) -> Result<i64, CounterError> {
        let mut connection = self.link.wait().await?;
        match redis::cmd("INCR").arg(VISITS).query_async(&mut connection.redis).await {
            Ok(total) => {
                self.instruments.visits.inc();
                Ok(total)
            }
            Err(error) => {
                let error = classify(error);
                if let CounterError::AnswerLost(_) = error {
                    self.instruments.answers_lost.inc();
                }
                Err(error)
            }
        }
    }

    /// The total and its epoch, which is named here if it has no name yet. Does not wait for a Redis that is away.
    ///
    /// # Errors
    ///
    /// When Redis is away, does not answer, or refuses.
    pub async fn read(&self) -> Result<Reading, CounterError> {
        let mut connection = self.link.now()?;
        let mut transaction = redis::pipe();
        transaction.atomic();
        transaction.cmd("SET").arg(EPOCH).arg(Uuid::new_v4().to_string()).arg("NX").ignore();
        transaction.cmd("GET").arg(EPOCH).cmd("GET").arg(VISITS);
        let (epoch, total): (String, Option<i64>) =
            transaction.query_async(&mut connection.redis).await.map_err(classify)?;
        let epoch = epoch.parse().map_err(|_| {
            CounterError::NotOurs((ErrorKind::UnexpectedReturnType, "visits:epoch is not a UUID").into())
        })?;
        Ok(Reading { epoch, total: total.unwrap_or(0) })
    }
}

fn classify(error: RedisError) -> CounterError {
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => CounterError::Refused(error),
        ErrorKind::UnexpectedReturnType => CounterError::NotOurs(error),
        _ => CounterError::AnswerLost(error),
    }
}
