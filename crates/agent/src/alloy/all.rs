//! The components of a file, as others refer to them.

use std::collections::HashMap;

use super::read::{Block, Kind, Value};

/// Components on the way of logs that have a counterpart.
pub(super) const READ: [&str; 9] = [
    "discovery.docker",
    "discovery.relabel",
    "local.file",
    "local.file_match",
    "loki.source.docker",
    "loki.source.file",
    "loki.relabel",
    "loki.process",
    "loki.write",
];

/// The components by name and label.
pub(super) struct All<'a>(HashMap<String, &'a Block>);

impl<'a> All<'a> {
    pub(super) fn of(blocks: &'a [Block]) -> Self {
        All(blocks.iter().map(|block| (block.path(), block)).collect())
    }

    /// The component that a path begins with, as `loki.write.default` in `loki.write.default.receiver`.
    pub(super) fn of_path(&self, path: &str) -> Option<&'a Block> {
        let name = path.rsplit_once('.').map_or(path, |(name, _)| name);
        self.0.get(name).copied().filter(|block| READ.contains(&block.name.as_str()))
    }

    /// The name of the file whose content a value is.
    pub(super) fn file_of(&self, value: &'a Value) -> Option<&'a Value> {
        match &value.kind {
            Kind::Call(name, arguments) if name.ends_with("nonsensitive") => self.file_of(arguments.first()?),
            Kind::Reference(path) => {
                let file = path.strip_suffix(".content").and_then(|name| self.0.get(name));
                file.filter(|block| block.name == "local.file")?.attribute("filename")
            }
            _ => None,
        }
    }
}
