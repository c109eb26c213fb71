//! What has to be changed so that parts are there, or gone. Everything that stands in the way is found before.

use std::path::Path;

use rustix::fs::{Access, access};

use super::disk::{Change, Content, Found, look};
use super::parts::{Item, Part};
use super::record::{Entry, Made, Record};

/// Changes, or what stands in their way.
pub(super) type Plan = Result<Vec<Change>, Vec<String>>;

/// The changes that install `items` and note them in the record at `file`.
pub(super) fn install(items: &[Item], record: &Record, file: &Path) -> Plan {
    let mut obstacles = Vec::new();
    let mut wanted = Vec::new();
    for Item { part, path, content } in items {
        let entry = Entry { part: *part, path: path.clone(), made: Made::from(content) };
        match look(path) {
            Found::Nothing => wanted.push((entry, Change::Create(path.clone(), content.clone()))),
            Found::Content(found) if found == *content => {}
            Found::Content(found) if record.made(path) == Some(&Made::from(&found)) => {
                wanted.push((entry, Change::Replace(path.clone(), content.clone())));
            }
            found => obstacles.push(foreign(path, &found)),
        }
    }
    if wanted.is_empty() {
        return if obstacles.is_empty() { Ok(Vec::new()) } else { Err(obstacles) };
    }
    let mut after = record.clone();
    let mut changes = Vec::new();
    make_room(file, &mut changes, &mut after, &mut obstacles);
    // The record comes first: what is interrupted half-way can still be taken back.
    let at = changes.len();
    for (entry, change) in wanted {
        make_room(&entry.path, &mut changes, &mut after, &mut obstacles);
        changes.push(change);
        after.entries.retain(|old| old.path != entry.path);
        after.entries.push(entry);
    }
    let write = if look(file) == Found::Nothing { Change::Create } else { Change::Replace };
    changes.insert(at, write(file.to_owned(), after.content()));
    if obstacles.is_empty() { Ok(changes) } else { Err(obstacles) }
}

/// The changes that take back `parts` (none: all) of what is in the record at `file`.
pub(super) fn undo(parts: &[Part], record: &Record, file: &Path) -> Plan {
    let (gone, kept): (Vec<Entry>, Vec<Entry>) =
        record.entries.iter().cloned().partition(|entry| parts.is_empty() || parts.contains(&entry.part));
    let mut obstacles = Vec::new();
    let mut changes = Vec::new();
    for entry in &gone {
        match look(&entry.path) {
            Found::Nothing => {}
            Found::Content(found) if entry.made == Made::from(&found) => {
                check_writable(&entry.path, &mut obstacles);
                changes.push(Change::Remove(entry.path.clone()));
            }
            found => obstacles.push(foreign(&entry.path, &found)),
        }
    }
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    changes.push(match kept.is_empty() {
        true => Change::Remove(file.to_owned()),
        false => {
            let directories = record.directories.clone();
            Change::Replace(file.to_owned(), Record { directories, entries: kept, ..Record::default() }.content())
        }
    });
    changes.extend(record.directories.iter().rev().cloned().map(Change::RemoveDirectory));
    if obstacles.is_empty() { Ok(changes) } else { Err(obstacles) }
}

fn foreign(path: &Path, found: &Found) -> String {
    let what = match found {
        Found::Content(Content::Link(target)) => format!("a link to {}", target.display()),
        Found::Content(Content::File(_)) => "a file".to_owned(),
        Found::Nothing | Found::Other => "something".to_owned(),
    };
    format!("{} is {what} that `wharf setup` did not make", path.display())
}

/// Adds the changes that make the directories above a path, and notes them in the record.
fn make_room(path: &Path, changes: &mut Vec<Change>, record: &mut Record, obstacles: &mut Vec<String>) {
    let above = path.ancestors().skip(1);
    let mut missing: Vec<&Path> = above.take_while(|above| above.symlink_metadata().is_err()).collect();
    check_writable(missing.last().unwrap_or(&path), obstacles);
    missing.reverse();
    for directory in missing.into_iter().map(Path::to_owned) {
        if !record.directories.contains(&directory) {
            record.directories.push(directory.clone());
        }
        let make = Change::MakeDirectory(directory);
        if !changes.contains(&make) {
            changes.push(make);
        }
    }
}

/// Whether a path can be made, replaced or removed in the directory that it is in.
fn check_writable(path: &Path, obstacles: &mut Vec<String>) {
    let Some(directory) = path.parent() else { return };
    if !directory.is_dir() {
        obstacles.push(format!("{} is not a directory", directory.display()));
    } else if let Err(error) = access(directory, Access::WRITE_OK | Access::EXEC_OK) {
        obstacles.push(format!("{} cannot be written to: {}", directory.display(), std::io::Error::from(error)));
    }
}
