//! Waits for a condition that no event announces.

use std::{
    fmt::{self, Display},
    time::Duration,
};

use tokio::time::Instant;

/// The pause between two looks. A look itself may take longer.
const PAUSE: Duration = Duration::from_millis(50);

/// A condition did not come true in time. Its `Debug` is its `Display`: tests `unwrap`, and that is what they show.
#[derive(thiserror::Error)]
#[error("{what}: not within {deadline:?}; seen last: {last}")]
pub struct NeverHappened {
    /// The condition, in words.
    pub what: String,
    /// How long the wait took.
    pub deadline: Duration,
    /// What the last look found instead.
    pub last: String,
}

impl fmt::Debug for NeverHappened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Calls `look` until it returns `Ok`, for at most `deadline`. The deadline also ends a look that hangs.
///
/// The error of `look` says what it saw instead. The returned error contains the last one.
///
/// ```
/// # tokio_test(async {
/// use std::time::Duration;
/// let mut left = 3;
/// let found = wharf_testkit::eventually("the count ends", Duration::from_secs(5), async || {
///     left -= 1;
///     if left == 0 { Ok("done") } else { Err(format!("{left} left")) }
/// });
/// assert_eq!(found.await.unwrap(), "done");
/// # });
/// # fn tokio_test(test: impl Future<Output = ()>) {
/// #     tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
/// # }
/// ```
///
/// # Errors
///
/// [`NeverHappened`] if the deadline passes.
pub async fn eventually<T, E: Display>(
    what: impl Into<String>,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, NeverHappened> {
    let end = Instant::now() + deadline;
    let mut last = "nothing, the first look did not return".to_owned();
    loop {
        match tokio::time::timeout_at(end, look()).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(seen)) => last = seen.to_string(),
            Err(_) => {}
        }
        if Instant::now() >= end {
            return Err(NeverHappened { what: what.into(), deadline, last });
        }
        tokio::time::sleep_until(end.min(Instant::now() + PAUSE)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_error_tells_what_was_seen_last() {
        let mut looks = 0;
        let never = eventually("three are up", Duration::from_secs(1), async || {
            looks += 1;
            Err::<(), _>(if looks < 3 { "none" } else { "two" })
        });
        assert_eq!(never.await.unwrap_err().to_string(), "three are up: not within 1s; seen last: two");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_is_cut_off() {
        let hangs = eventually("an answer", Duration::from_secs(1), async || {
            std::future::pending::<Result<(), String>>().await
        });
        assert!(hangs.await.unwrap_err().last.starts_with("nothing"));
    }
}
