//! What `setup` has made, so that it can be taken back exactly.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::disk::{Content, Found, digest, look};
use super::parts::Part;

/// The form of the record that this program writes.
const VERSION: u32 = 1;

/// All that `setup` has made and not taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The form of the record.
    pub(super) version: u32,
    /// Directories, the outer ones first.
    pub(super) directories: Vec<PathBuf>,
    pub(super) entries: Vec<Entry>,
}

impl Default for Record {
    fn default() -> Self {
        Record { version: VERSION, directories: Vec::new(), entries: Vec::new() }
    }
}

/// A file or a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) part: Part,
    pub(super) path: PathBuf,
    pub(super) made: Made,
}

/// What was made at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Made {
    /// A symbolic link to this.
    Link(PathBuf),
    /// A file with this SHA-256 digest.
    File(String),
}

impl From<&Content> for Made {
    fn from(content: &Content) -> Self {
        match content {
            Content::Link(target) => Made::Link(target.clone()),
            Content::File(bytes) => Made::File(digest(bytes)),
        }
    }
}

impl Record {
    /// Reads the record. Without a file nothing was made.
    ///
    /// # Errors
    /// If there is a file that cannot be read.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = match look(path) {
            Found::Nothing => return Ok(Record::default()),
            Found::Content(Content::File(bytes)) => bytes,
            _ => anyhow::bail!("{} is not a file that can be read", path.display()),
        };
        let record: Record = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} does not say what `wharf setup` has made", path.display()))?;
        anyhow::ensure!(record.version == VERSION, "{} is from another version of wharf", path.display());
        Ok(record)
    }

    /// The record as a file.
    pub(super) fn content(&self) -> Content {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        Content::File(text)
    }

    /// What was made at a path.
    pub(super) fn made(&self, path: &Path) -> Option<&Made> {
        self.entries.iter().find(|entry| entry.path == path).map(|entry| &entry.made)
    }
}
