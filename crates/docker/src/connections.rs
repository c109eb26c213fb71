//! How many connections to an engine a process may open.

use rustix::process::{Resource, getrlimit};

/// Files that a process has open besides.
const OTHERS: u64 = 16;
/// An engine does not become faster with more.
const MOST: u64 = 128;

/// How many requests to an engine may be under way at a time: each has a connection, and each connection is an open file, of
/// which the operating system allows only so many (`ulimit -n`).
pub fn connections() -> usize {
    within(getrlimit(Resource::Nofile).current)
}

/// Half of what is left of the limit: a connection that is not in use stays open for a while.
fn within(limit: Option<u64>) -> usize {
    let left = limit.map_or(MOST, |limit| limit.saturating_sub(OTHERS) / 2);
    usize::try_from(left.clamp(1, MOST)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_limit_is_for_connections() {
        assert_eq!([Some(10), Some(64), Some(128), Some(1024), None].map(within), [1, 24, 56, 128, 128]);
    }
}
