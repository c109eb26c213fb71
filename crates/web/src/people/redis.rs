//! Marks in Redis. The scripts keep salt and marks out of the append-only file and away from replicas of Redis, so they are
//! nowhere but in its memory, and end there by themselves.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::Cmd;
use tokio::time::Instant;

use super::mark::{Mark, Salt};
use super::{REMEMBERED, SALT_LASTS};
use crate::counter::HITS;
use crate::key::Key;

/// The key of the day's salt.
const SALT: &str = "visitors:salt";

/// What the keys of marks begin with.
const MARK: &str = "visitors:";

/// How long a salt is used before Redis is asked for it again: somebody may have deleted it, and another replica may have made a
/// new one.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Gives the salt and the seconds that it still lasts, and makes `ARGV[1]` the salt if there is none.
const TAKE_SALT: &str = "\
local salt = redis.call('GET', KEYS[1])
if not salt then
  salt = ARGV[1]
  redis.set_repl(redis.REPL_NONE)
  redis.call('SET', KEYS[1], salt, 'EX', ARGV[2])
end
return {salt, redis.call('TTL', KEYS[1])}";

/// Counts a hit unless the mark is there, and leaves the mark. `KEYS` are the hash of hits and the place of the mark, `ARGV`
/// the key, the limit of keys, the mark and the seconds that it lasts. Gives the total and whether the hit was counted, and
/// nothing if the key is new and the limit is reached.
const HIT_ONCE: &str = "\
if redis.call('GET', KEYS[2]) == ARGV[3] then
  return {redis.call('HGET', KEYS[1], ARGV[1]) or 0, 0}
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return false
end
local total = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.set_repl(redis.REPL_NONE)
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
return {total, 1}";

/// The command that gives the day's salt and the seconds that it still lasts.
pub(crate) fn take_salt() -> Cmd {
    let mut script = redis::cmd("EVAL");
    script.arg(TAKE_SALT).arg(1).arg(SALT).arg(Salt::random()).arg(SALT_LASTS.as_secs());
    script
}

/// The command that counts a hit unless the mark is there.
pub(crate) fn hit_once(key: &Key, mark: Mark, keys_at_most: u32) -> Cmd {
    let mut script = redis::cmd("EVAL");
    script.arg(HIT_ONCE).arg(2).arg(HITS).arg(format!("{MARK}{:05x}", mark.place));
    script.arg(key.as_str()).arg(keys_at_most).arg(mark.print).arg(REMEMBERED.as_secs());
    script
}

/// The salt that Redis gave last on a connection, for as long as it may be used.
#[derive(Debug, Default)]
pub(crate) struct LastSalt(Mutex<Option<(Salt, Instant)>>);

impl LastSalt {
    /// The salt, unless Redis has to be asked for it.
    pub(crate) fn get(&self, now: Instant) -> Option<Salt> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(_, until)| now < *until).map(|(salt, _)| salt.clone())
    }

    /// Keeps what [`take_salt`] gave.
    pub(crate) fn keep(&self, salt: &Salt, lasts: Duration, now: Instant) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((salt.clone(), now + lasts.min(ASK_AGAIN)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_used_for_a_minute_and_no_longer_than_it_lasts() {
        let (last, start) = (LastSalt::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(last.get(start), None);
        last.keep(&Salt::new("a"), Duration::from_secs(5000), start);
        assert_eq!(last.get(after(59)), Some(Salt::new("a")));
        assert_eq!(last.get(after(60)), None);
        last.keep(&Salt::new("b"), Duration::from_secs(2), after(60));
        assert_eq!((last.get(after(61)), last.get(after(62))), (Some(Salt::new("b")), None));
    }
}
