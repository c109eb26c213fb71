//! Reading small files repeatedly.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::proc::flat_keyed::number;
use crate::resource_usage::Usage;

/// No kernel file that we read is longer. The rest is ignored.
const LONGEST: u64 = 1 << 20;

/// Reads one file at a time into a buffer that is used again.
#[derive(Debug, Default)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    /// The text of a file, or `None` if it cannot be read.
    pub(crate) fn of(&mut self, path: impl AsRef<Path>) -> Option<Cow<'_, str>> {
        self.try_of(path).ok()
    }

    /// The same with the error.
    pub(crate) fn try_of(&mut self, path: impl AsRef<Path>) -> std::io::Result<Cow<'_, str>> {
        self.try_bytes(path).map(String::from_utf8_lossy)
    }

    /// The bytes of a file that may hold names that are not UTF-8.
    pub(crate) fn try_bytes(&mut self, path: impl AsRef<Path>) -> std::io::Result<&[u8]> {
        self.0.clear();
        self.0.reserve(8192);
        File::open(path)?.take(LONGEST).read_to_end(&mut self.0)?;
        Ok(&self.0)
    }

    /// The number in a file that has nothing else.
    pub(crate) fn number(&mut self, path: impl AsRef<Path>) -> Option<u64> {
        number(&self.of(path)?)
    }
}

/// Tasks: the same files in both versions.
pub(super) fn pids(folder: &Path, text: &mut Text, usage: &mut Usage) {
    usage.threads = text.number(folder.join("pids.current"));
    // `max` does not parse; cAdvisor writes no limit as 0.
    usage.threads_max = text.of(folder.join("pids.max")).map(|text| number(&text).unwrap_or(0));
    usage.processes = text.of(folder.join("cgroup.procs")).map(|text| text.lines().count() as u64);
}
