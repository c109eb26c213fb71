//! Notices a stream of the engine that brings nothing though the engine has newer lines: Docker 20.10 forgets a follower
//! now and then when it rotates and compresses a log.

/// What is known of a stream that is looked at now and then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Silence {
    /// Lines that had come at the last look.
    lines: u64,
    /// The time of the engine's newest line, later than all that had come.
    newer: Option<i64>,
    /// The newest line for which the stream was opened again. An unfinished line never comes.
    opened_for: Option<i64>,
}

/// What is to be done after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Lines have come.
    Fine,
    /// Ask the engine for the time of its newest line.
    Ask,
    /// Open the stream again.
    OpenAgain,
}

impl Silence {
    /// Looks: so many lines have come, the last with this time.
    pub(super) fn look(&mut self, lines: u64, last: i64) -> Look {
        let newer = self.newer.take().filter(|newer| *newer > last && self.opened_for != Some(*newer));
        if lines != self.lines {
            self.lines = lines;
            return Look::Fine;
        }
        match newer {
            Some(newer) => {
                self.opened_for = Some(newer);
                Look::OpenAgain
            }
            None => Look::Ask,
        }
    }

    /// The engine's newest line has this time.
    pub(super) fn answered(&mut self, newest: i64) {
        self.newer = Some(newest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_stream_is_opened_again_only_if_the_engine_has_newer_lines() {
        let mut silence = Silence::default();
        assert_eq!(silence.look(3, 30), Look::Fine);
        assert_eq!(silence.look(3, 30), Look::Ask);
        silence.answered(30);
        assert_eq!(silence.look(3, 30), Look::Ask, "nothing was written");
        silence.answered(40);
        assert_eq!(silence.look(4, 40), Look::Fine, "it was on its way");
        assert_eq!(silence.look(4, 40), Look::Ask);
        silence.answered(50);
        assert_eq!(silence.look(4, 40), Look::OpenAgain);
        assert_eq!(silence.look(4, 40), Look::Ask);
        silence.answered(50);
        assert_eq!(silence.look(4, 40), Look::Ask, "it did not help");
        silence.answered(60);
        assert_eq!(silence.look(4, 40), Look::OpenAgain, "there is more");
    }
}
