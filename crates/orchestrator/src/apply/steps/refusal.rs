//! Refusals of the engine that are not failures of a step.

use wharf_docker::ErrorKind;

use crate::apply::context::EngineResult;
use crate::event::Outcome;

/// What was to stop or to go, and has already, is as it should be.
pub(super) fn gone_is_fine(result: EngineResult<()>) -> EngineResult<Outcome> {
    let Err(error) = result else { return Ok(Outcome::Done) };
    match ErrorKind::of(&error) {
        ErrorKind::Gone => Ok(Outcome::AlreadyGone),
        // Another program removes it at this moment.
        ErrorKind::RemovalInProgress => Ok(Outcome::Done),
        ErrorKind::NotRunning => Ok(Outcome::NotRunning),
        _ => Err(error),
    }
}

/// A network, a volume or an image that others use stays.
pub(super) fn in_use_is_fine(result: EngineResult<Outcome>) -> EngineResult<Outcome> {
    match result {
        Err(error) if ErrorKind::of(&error) == ErrorKind::InUse => Ok(Outcome::StillInUse),
        other => other,
    }
}
