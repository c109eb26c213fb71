//! The files below a directory that rules may be about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::rules::Rules;
use crate::Error;

/// Goes through a directory and those below it, but not into those that no rule is about. Symbolic links are not followed.
/// `enter` is called before a directory is read, and `found` gets all that is in it.
pub(super) fn walk(
    rules: &Rules,
    directory: &Path,
    enter: &mut dyn FnMut(&Path) -> Result<(), Error>,
    found: &mut BTreeSet<PathBuf>,
) -> Result<(), Error> {
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        if !rules.reach_below(&directory) {
            continue;
        }
        enter(&directory)?;
        // It may be gone again.
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(entry.path());
            }
            found.insert(entry.path());
        }
    }
    Ok(())
}
