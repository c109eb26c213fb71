//! When our own probes of a container follow each other: values in, values out.

use std::time::Duration;

/// The pause after the first probe. Each later one is twice as long as the one before, up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(500);
/// After this time a container is one that takes long, and the pause is [`PATIENT`].
const IMPATIENT_FOR: Duration = Duration::from_secs(30);
const PATIENT: Duration = Duration::from_secs(5);

/// What came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probed {
    /// It exited with code 0.
    Healthy,
    /// It exited with another code, or could not be started.
    Failed,
    /// It may still run: it did not end within its time, or the engine did not tell.
    MayRun,
}

/// What is done after a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The container is healthy.
    Healthy,
    /// The next probe comes after this pause.
    Pause(Duration),
    /// No further probe: the engine cannot end the last one, and a second one beside it could do harm.
    Never,
}

/// Our own probes of one run of a container.
#[derive(Debug)]
pub(super) struct Schedule {
    pause: Duration,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Schedule { pause: SHORTEST }
    }

    /// What follows a probe that has ended `since` the first one began.
    pub(super) fn after(&mut self, probed: Probed, since: Duration) -> Next {
        match probed {
            Probed::Healthy => Next::Healthy,
            Probed::MayRun => Next::Never,
            Probed::Failed if since >= IMPATIENT_FOR => Next::Pause(PATIENT),
            Probed::Failed => {
                let pause = self.pause;
                self.pause = LONGEST.min(pause * 2);
                Next::Pause(pause)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_the_container_is_one_that_takes_long() {
        let mut schedule = Schedule::new();
        let mut pause = |since| match schedule.after(Probed::Failed, Duration::from_secs(since)) {
            Next::Pause(pause) => pause.as_millis(),
            other => panic!("{other:?}"),
        };
        assert_eq!([0, 0, 0, 1, 1, 29].map(&mut pause), [50, 100, 200, 400, 500, 500]);
        assert_eq!([30, 35, 600].map(&mut pause), [5000, 5000, 5000]);
    }

    #[test]
    fn nothing_follows_a_probe_that_succeeded_or_may_still_run() {
        let mut schedule = Schedule::new();
        assert_eq!(schedule.after(Probed::Healthy, Duration::ZERO), Next::Healthy);
        assert_eq!(schedule.after(Probed::MayRun, Duration::ZERO), Next::Never);
    }
}
