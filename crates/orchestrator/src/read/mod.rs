//! What a person wants to see of a project that exists: statistics, processes, images and volumes. Rows of values; how
//! they are shown is the caller's part.

pub mod images;
pub mod processes;
pub mod stats;
pub mod volumes;
