//! The projects that are brought up.

use std::{fmt::Write as _, time::Duration};

/// An image that `cargo xtask images` builds.
pub(super) const IMAGE: &str = "wharf-local/debian:bookworm";
/// How many services there are side by side.
pub(super) const SERVICES: usize = 20;
/// Services that are waited for, one after the other.
pub(super) const LINKS: [&str; 3] = ["a", "b", "c"];

/// What a container without a check runs. As process 1 it ignores SIGTERM.
pub(super) const COMMAND: &str = r#"["sleep", "600"]"#;

/// Services that have nothing to do with each other.
pub(super) fn side_by_side() -> String {
    let mut text = "services:\n".to_owned();
    for number in 1..=SERVICES {
        let _ = writeln!(text, "  s{number}: {{image: '{IMAGE}', command: {COMMAND}}}");
    }
    text
}

/// Services with health checks, each of which waits for the one before, and `app`, which waits for the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    /// From the start of a container until it answers.
    pub(super) answers_after: Duration,
    /// Between two probes of the engine.
    pub(super) interval: Duration,
}

impl Chain {
    pub(super) fn text(self) -> String {
        let mut text = "services:\n".to_owned();
        let mut before = None;
        for link in LINKS {
            let _ = write!(
                text,
                "  {link}:\n    image: '{IMAGE}'\n    command: {}\n    healthcheck: {{test: {}, interval: {}s}}\n",
                self.command(),
                Chain::test(),
                self.interval.as_secs(),
            );
            wait(&mut text, before.replace(link));
        }
        let _ = write!(text, "  app:\n    image: '{IMAGE}'\n    command: {COMMAND}\n");
        wait(&mut text, before);
        text
    }

    /// As a JSON array.
    pub(super) fn command(self) -> String {
        let seconds = self.answers_after.as_secs_f64();
        format!(r#"["sh", "-c", "sleep {seconds}; touch /tmp/answers; exec sleep 600"]"#)
    }

    /// The health check, as a JSON array.
    pub(super) fn test() -> &'static str {
        r#"["CMD", "test", "-e", "/tmp/answers"]"#
    }
}

fn wait(text: &mut String, before: Option<&str>) {
    if let Some(before) = before {
        let _ = writeln!(text, "    depends_on: {{{before}: {{condition: service_healthy}}}}");
    }
}
