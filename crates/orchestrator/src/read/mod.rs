//! What a person wants to see of a project that exists: statistics, processes, images, volumes and events. Rows of values; how
//! they are shown is the caller's part.

pub mod events;
pub mod images;
pub mod probed;
pub mod processes;
pub mod stats;
pub mod volumes;
