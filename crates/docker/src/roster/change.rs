//! What a roster tells.

use crate::container::ContainerDetails;
use crate::error::Error;
use crate::events::EngineEvent;

/// What changed among the selected containers.
#[derive(Debug)]
pub enum Change {
    /// The engine reported this. The container's new state follows, unless it is gone by then. Where the engine has to
    /// decide what is selected, the event may be one of a container that turns out not to be.
    Happened(EngineEvent),
    /// A container as it is now: a new one, or one that has changed.
    Current(Box<ContainerDetails>),
    /// This container, which was given before, is gone.
    Gone(String),
    /// Every selected container was given since the beginning, or since [`Change::Reconnected`].
    Complete,
    /// The event stream broke: events may be missing. All containers follow once more.
    Reconnected,
    /// The engine could not be asked; what was given may be out of date. It is asked again after a pause.
    Failed(Error),
}
