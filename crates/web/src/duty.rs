//! Whether a Redis server counts for us. That it answers is not enough: a replica answers, and so does a server that has
//! used up its memory.

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use uuid::Uuid;

use crate::counter::{EPOCH, HIT, HITS, VISITS};

/// Checks a new connection that nobody else uses yet: has the server take the commands that count into a transaction, which
/// is then discarded. Redis checks permissions, memory, role and disk when it queues a command, so this shows what a visit
/// would meet and counts nothing.
pub(crate) async fn counts(redis: &mut MultiplexedConnection) -> RedisResult<()> {
    // One command at a time: if `MULTI` were refused, the others would be carried out.
    redis::cmd("MULTI").exec_async(redis).await?;
    redis::cmd("INCR").arg(VISITS).exec_async(redis).await?;
    redis::cmd("EVAL").arg(HIT).arg(1).arg(HITS).arg("").arg(0).exec_async(redis).await?;
    redis::cmd("DISCARD").exec_async(redis).await?;
    still_counts(redis).await
}

/// Checks a connection that others use. `SET … NX` writes only if the data set has no name yet, but Redis refuses it
/// wherever it refuses any write.
pub(crate) async fn still_counts(redis: &mut MultiplexedConnection) -> RedisResult<()> {
    let mut check = redis::pipe();
    check.cmd("SET").arg(EPOCH).arg(Uuid::new_v4().to_string()).arg("NX").ignore();
    check.cmd("GET").arg(VISITS).cmd("HLEN").arg(HITS);
    let _: (Option<i64>, i64) = check.query_async(redis).await?;
    Ok(())
}

/// Whether this refusal is about the server, or about what our user may do there, and not about one key's value.
pub(crate) fn cannot_count(error: &RedisError) -> bool {
    match error.kind() {
        // `ERR` is also what Redis says of a number that is too large.
        ErrorKind::Server(kind) => kind != ServerErrorKind::ResponseError,
        ErrorKind::Extension => error.code() != Some("WRONGTYPE"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;

    #[test]
    fn a_refusal_by_the_server_is_told_from_one_about_a_value() {
        let refused = |line: &str| {
            let error = match redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap() {
                Value::ServerError(error) => RedisError::from(error),
                other => panic!("{other:?}"),
            };
            cannot_count(&error)
        };
        for line in [
            "READONLY You can't write against a read only replica.",
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "OOM command not allowed when used memory > 'maxmemory'.",
            "NOPERM this user has no permissions to run the 'eval' command",
            "NOAUTH Authentication required.",
            "MISCONF Redis is configured to save RDB snapshots",
            "NOREPLICAS Not enough good replicas to write.",
            "MOVED 3999 127.0.0.1:6381",
            "CLUSTERDOWN The cluster is down",
        ] {
            assert!(refused(line), "{line}");
        }
        for line in [
            "ERR value is not an integer or out of range",
            "WRONGTYPE Operation against a key holding the wrong kind of value",
        ] {
            assert!(!refused(line), "{line}");
        }
    }
}
