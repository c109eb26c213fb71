//! Times and durations as Go's package `time` reads and writes them.

mod duration;
mod format;
mod layout;
mod parse;
mod zone;

pub use duration::{DAY, WEEK, YEAR, format_duration, parse_duration, parse_duration_with};
pub use format::format;
pub use layout::Layout;
pub use parse::{Parsed, Unfit};
pub use zone::Location;

#[cfg(test)]
mod tests;
