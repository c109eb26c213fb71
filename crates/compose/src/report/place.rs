//! Where an element was written.

use std::collections::HashMap;
use std::path::PathBuf;

/// A place in a file. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file, as it was named to the reader.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// The places of a project's elements, by path (`services.web.ports[0]`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places(HashMap<String, Place>);

impl Places {
    /// The place of the element at `path`, or of the nearest element around it.
    pub fn get(&self, path: &str) -> Option<&Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.0.get(path) {
                return Some(place);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Whether the element at `path` itself was written, not only something around it.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Records where the element at `path` was written.
    pub fn insert(&mut self, path: impl Into<String>, place: Place) {
        self.0.insert(path.into(), place);
    }
}
