//! Decides from a server's log whether it is ready: certain texts must appear, in order.

use std::{collections::VecDeque, time::Duration};

use bollard::{Docker, query_parameters::LogsOptionsBuilder};
use futures_util::{StreamExt, pin_mut};
use jiff::Timestamp;

use crate::error::Error;

/// The longest wait for a server. It is enough for a new Postgres to create its database on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// An error shows at most this many of the log's last lines.
const LAST_LINES: usize = 15;

/// The state of reading a log: how many of the marks have appeared, in order, and the last lines.
#[derive(Debug)]
struct Progress {
    marks: &'static [&'static str],
    since: Timestamp,
    last: VecDeque<String>,
}

impl Progress {
    /// Lines up to `since` are from an earlier run of the same container.
    fn new(marks: &'static [&'static str], since: Timestamp) -> Self {
        Self { marks, since, last: VecDeque::new() }
    }

    /// Takes a line that begins with the engine's timestamp. Returns true when the last mark has appeared.
    fn take(&mut self, line: &str) -> bool {
        let (time, text) = line.split_once(' ').unwrap_or((line, ""));
        if time.parse::<Timestamp>().is_ok_and(|time| time <= self.since) {
            return false;
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(text.trim_end().to_owned());
        if let Some((next, rest)) = self.marks.split_first()
            && text.contains(next)
        {
            self.marks = rest;
        }
        self.marks.is_empty()
    }

    fn last_lines(&self) -> String {
        if self.last.is_empty() {
            return "(it printed nothing)".to_owned();
        }
        self.last.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }
}

/// Follows the container's log until all of `marks` have appeared since its last start.
pub(crate) async fn wait_until_ready(
    docker: &Docker,
    container: &str,
    marks: &'static [&'static str],
) -> Result<(), Error> {
    let mut progress = Progress::new(marks, end_of_last_run(docker, container).await?);
    match tokio::time::timeout(DEADLINE, follow(docker, container, &mut progress)).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Error::Ended { container: container.to_owned(), last: progress.last_lines() }),
        Ok(Err(source)) => {
            Err(Error::Engine { action: "read the log of", container: container.to_owned(), source: source.into() })
        }
        Err(_) => {
            Err(Error::NotReady { container: container.to_owned(), deadline: DEADLINE, last: progress.last_lines() })
        }
    }
}

/// True if the last mark appeared, false if the log ended before it.
async fn follow(docker: &Docker, container: &str, progress: &mut Progress) -> Result<bool, bollard::errors::Error> {
    let options = LogsOptionsBuilder::new().follow(true).stdout(true).stderr(true).timestamps(true).build();
    let log = docker.logs(container, Some(options));
    pin_mut!(log);
    while let Some(frame) = log.next().await {
        if progress.take(&String::from_utf8_lossy(&frame?.into_bytes())) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The time at which the container's previous run ended, or a time long ago for a first run. The time of the start is
/// not usable: the engine takes it when the process already runs, so it may be later than the first lines.
async fn end_of_last_run(docker: &Docker, container: &str) -> Result<Timestamp, Error> {
    let inspected = docker.inspect_container(container, None).await.map_err(|source| Error::Engine {
        action: "inspect",
        container: container.to_owned(),
        source: source.into(),
    })?;
    let finished = inspected.state.and_then(|state| state.finished_at);
    Ok(finished.and_then(|time| time.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTGRES: &[&str] = &["listening on IPv4", "ready to accept connections"];

    fn ready(marks: &'static [&'static str], since: &str, log: &[&str]) -> bool {
        let mut progress = Progress::new(marks, since.parse().unwrap());
        log.iter().any(|line| progress.take(line))
    }

    #[test]
    fn a_server_without_tcp_is_not_ready() {
        let init = [
            "2026-11-21T05:00:01.000000001Z LOG:  listening on Unix socket",
            "2026-11-21T05:00:02.000000001Z LOG:  database system is ready to accept connections",
        ];
        assert!(!ready(POSTGRES, "2026-11-21T05:00:00Z", &init));
        let whole = [
            init[0],
            init[1],
            "2026-11-21T05:00:03.000000001Z LOG:  listening on IPv4 address",
            "2026-11-21T05:00:04.000000001Z LOG:  database system is ready to accept connections",
        ];
        assert!(ready(POSTGRES, "2026-11-21T05:00:00Z", &whole));
    }

    #[test]
    fn the_log_of_an_earlier_run_does_not_count() {
        let log = ["2026-11-21T05:00:01Z Ready", "2026-11-21T05:00:09Z starting"];
        assert!(!ready(&["Ready"], "2026-11-21T05:00:05Z", &log));
        assert!(ready(&["Ready"], "2026-11-21T05:00:00Z", &log));
    }

    #[test]
    fn an_error_shows_the_last_lines_only() {
        let mut progress = Progress::new(&["never"], Timestamp::UNIX_EPOCH);
        assert_eq!(progress.last_lines(), "(it printed nothing)");
        for number in 0..100 {
            progress.take(&format!("2026-11-21T05:00:01Z line {number}\n"));
        }
        let shown = progress.last_lines();
        assert_eq!(shown.lines().count(), LAST_LINES);
        assert!(shown.ends_with("  line 99"));
    }
}
