//! Why a step ends early.

use crate::StepFailure;

/// Why a step did not come to its end.
pub(super) enum Stop {
    /// It failed.
    Failed(Box<StepFailure>),
    /// Something else failed, or somebody asked to stop.
    GivenUp,
}

impl From<StepFailure> for Stop {
    fn from(failure: StepFailure) -> Self {
        Stop::Failed(Box::new(failure))
    }
}
