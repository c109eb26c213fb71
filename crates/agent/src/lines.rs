//! From bytes on disk or from the engine to whole lines.

pub mod files;
pub mod frames;
pub mod join;
pub mod json_file;
pub mod marks;
pub mod recent;
pub mod time;

/// Where a container wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output, or a terminal.
    Stdout = 0,
    /// Standard error.
    Stderr = 1,
}

impl Stream {
    /// `stdout` or `stderr`.
    pub fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}
