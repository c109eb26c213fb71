//! The changes that a roster reports.

use crate::container::ContainerDetails;
use crate::error::Error;
use crate::events::EngineEvent;
use crate::timestamp::Timestamp;

/// What changed among the selected containers.
#[derive(Debug)]
pub enum Change {
    /// What the engine's clock shows now. This is the first change, and comes once.
    Clock(Timestamp),
    /// The engine reported this. The container's new state follows, unless it is gone by then. Where the engine has to
    /// decide what is selected, the event may be one of a container that turns out not to be.
    Happened(EngineEvent),
    /// A container as it is now: a new one, or one that has changed.
    Current(Box<ContainerDetails>),
    /// This container, which was reported before, is gone.
    Gone(String),
    /// Every selected container has been reported since the beginning, or since [`Change::Reconnected`].
    Complete,
    /// The event stream broke, so events may be missing. All containers are reported again.
    Reconnected,
    /// The engine could not be asked, so what was reported may be out of date. It is asked again after a pause.
    Failed(Error),
}
