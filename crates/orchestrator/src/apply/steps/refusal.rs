//! Refusals of the engine that are not failures of a step.

use wharf_docker::ErrorKind;

use crate::apply::context::EngineResult;
use crate::event::Outcome;

/// Stopping or removing something that has already stopped or gone is a success.
pub(super) fn gone_is_fine(result: EngineResult<()>) -> EngineResult<Outcome> {
    let Err(error) = result else { return Ok(Outcome::Done) };
    match ErrorKind::of(&error) {
        ErrorKind::Gone => Ok(Outcome::AlreadyGone),
        // Another program is removing it.
        ErrorKind::RemovalInProgress => Ok(Outcome::Done),
        ErrorKind::NotRunning => Ok(Outcome::NotRunning),
        _ => Err(error),
    }
}

/// A network, volume or image that others use is kept.
pub(super) fn in_use_is_fine(result: EngineResult<Outcome>) -> EngineResult<Outcome> {
    match result {
        Err(error) if ErrorKind::of(&error) == ErrorKind::InUse => Ok(Outcome::StillInUse),
        other => other,
    }
}
