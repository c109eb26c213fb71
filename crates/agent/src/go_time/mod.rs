//! Times and durations as Go's package `time` reads and writes them.

mod duration;
mod format;
mod layout;
mod parse;
mod zone;

pub(crate) use duration::{format_duration, parse_duration};
pub(crate) use format::format;
pub(crate) use layout::Layout;
pub(crate) use parse::days_from_civil;
pub(crate) use zone::Location;

#[cfg(test)]
mod tests;
