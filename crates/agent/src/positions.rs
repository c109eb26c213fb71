//! The positions of all targets, in a file that is replaced as a whole.
//!
//! The file is JSON with a version. Promtail's file (YAML: whole seconds for containers, offsets for files) is read, too.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::budget::Share;
use crate::position::{FilePosition, Moment, Position};
use crate::targets::Targets;
use crate::wake::Waker;
use crate::yaml;

/// The form that this wharf writes.
const VERSION: u32 = 1;

/// The positions, and the file they are kept in.
#[derive(Debug)]
pub struct Positions {
    path: Option<PathBuf>,
    targets: Arc<Targets>,
    state: Mutex<State>,
    changed: tokio::sync::Notify,
    reader: Waker,
}

#[derive(Debug, Default)]
struct State {
    all: BTreeMap<String, Position>,
    changed: bool,
    /// Memory of batches whose positions are not on disk yet.
    shares: Vec<Share>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Form {
    version: u32,
    positions: BTreeMap<String, Position>,
}

/// A positions file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PositionsError {
    /// The file cannot be read, or its folder cannot be written to.
    #[error("positions file {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is not a positions file.
    #[error("positions file {}: {reason}; remove it to read all logs from their start", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Positions {
    /// Reads the file, if it exists. `path`: `None` keeps positions in memory only. `reader` is woken when a save has freed
    /// memory.
    ///
    /// # Errors
    ///
    /// A file that is not a positions file, or cannot be written.
    pub fn load(path: Option<PathBuf>, targets: Arc<Targets>, reader: Waker) -> Result<Arc<Self>, PositionsError> {
        let all = match &path {
            None => BTreeMap::new(),
            Some(path) => {
                let io = |error| PositionsError::Io { path: path.clone(), error };
                // A pipe or a device would be read for ever.
                if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
                    return Err(io(io::Error::other("it is not a regular file")));
                }
                let positions = match fs::read_to_string(path) {
                    Ok(text) => read(&text).map_err(|reason| PositionsError::Form { path: path.clone(), reason })?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
                    Err(error) => return Err(io(error)),
                };
                // Better to fail now than after the first batch.
                save(path, &positions).map_err(io)?;
                positions
            }
        };
        let state = Mutex::new(State { all, ..State::default() });
        Ok(Arc::new(Self { path, targets, state, changed: tokio::sync::Notify::new(), reader }))
    }

    /// The position of a target.
    pub fn get(&self, key: &str) -> Option<Position> {
        self.state().all.get(key).cloned()
    }

    /// The keys of all positions that start with `start`.
    pub fn keys(&self, start: &str) -> Vec<String> {
        self.state().all.keys().filter(|key| key.starts_with(start)).cloned().collect()
    }

    /// Records what was acknowledged. `share` is freed once that is saved.
    pub fn apply(&self, changes: Vec<(Arc<str>, Option<Position>)>, share: Option<Share>) {
        let mut state = self.state();
        state.shares.extend(share);
        state.changed |= !changes.is_empty();
        for (key, position) in changes {
            if let Some(target) = self.targets.get(&key)
                && let Some(position) = &position
            {
                target.state.acknowledged.store(position.moment.time, Ordering::Relaxed);
            }
            match position {
                Some(position) => state.all.insert(key.to_string(), position),
                None => state.all.remove(&*key),
            };
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Wakes the reader.
    pub fn wake(&self) {
        self.reader.wake();
    }

    /// Saves after each change. Never returns.
    pub async fn keep_saved(self: Arc<Self>) {
        loop {
            self.changed.notified().await;
            let positions = self.clone();
            // After a panic, the next change saves again.
            let _ = tokio::task::spawn_blocking(move || positions.save()).await;
        }
    }

    /// Saves what has changed.
    pub fn save(&self) {
        let (shares, changed) = {
            let mut state = self.state();
            let changed = std::mem::take(&mut state.changed).then(|| state.all.clone());
            (std::mem::take(&mut state.shares), changed)
        };
        if let (Some(path), Some(all)) = (&self.path, changed)
            && let Err(error) = save(path, &all)
        {
            tracing::error!(file = %path.display(), %error, "positions cannot be saved: after a restart, lines are sent again");
        }
        drop(shares);
        self.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a new file beside the old one, syncs it and renames it.
fn save(path: &Path, positions: &BTreeMap<String, Position>) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create(&aside)?;
    let form = Form { version: VERSION, positions: positions.clone() };
    file.write_all(&serde_json::to_vec(&form)?)?;
    file.sync_data()?;
    fs::rename(&aside, path)
}

fn read(text: &str) -> Result<BTreeMap<String, Position>, String> {
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    if !text.trim_start().starts_with('{') {
        return promtails(text);
    }
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let version: Version = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if version.version != VERSION {
        return Err(format!("version {} was written by a newer wharf", version.version));
    }
    let form: Form = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(form.positions)
}

/// Promtail's `positions: {cursor-<container>: "<seconds>", <path>: "<offset>"}`.
fn promtails(text: &str) -> Result<BTreeMap<String, Position>, String> {
    let node =
        yaml::read(text).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let Some(entries) = node.get("positions") else { return Err("it has no positions".to_owned()) };
    let mut positions = BTreeMap::new();
    for (key, field) in entries.as_map().into_iter().flatten() {
        let Some(number) = field.as_text().and_then(|text| text.parse::<i64>().ok()) else { continue };
        let (key, position) = match key.strip_prefix("cursor-") {
            Some(container) => {
                // Promtail may have sent lines of that second, or not: Loki folds what comes twice.
                let time = number.saturating_mul(1_000_000_000) - 1;
                let moment = Moment { time, lines_at_time: 1, latest: time };
                (format!("docker/{container}"), Position { file: None, moment })
            }
            None => {
                let Some(file) = file_position(Path::new(key), number) else { continue };
                (format!("file/{key}"), Position { file: Some(file), moment: Moment::default() })
            }
        };
        positions.insert(key, position);
    }
    Ok(positions)
}

/// The position in a file that is there, as long as it was.
fn file_position(path: &Path, offset: i64) -> Option<FilePosition> {
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;
    let mut file = fs::File::open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let offset = u64::try_from(offset).ok().filter(|offset| *offset > 0 && *offset <= metadata.len())?;
    let mut head = vec![0; usize::try_from(offset).unwrap_or(usize::MAX).min(crate::position::HEAD)];
    file.read_exact(&mut head).ok()?;
    let (device, inode, head_length) = (metadata.dev(), metadata.ino(), u32::try_from(head.len()).ok()?);
    Some(FilePosition { device, inode, head: crate::position::head_hash(&head), head_length, offset })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(time: i64) -> Position {
        Position { file: None, moment: Moment { time, lines_at_time: 1, latest: time } }
    }

    #[test]
    fn what_was_saved_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/positions.json");
        let positions = Positions::load(Some(path.clone()), Arc::default(), Waker::new().unwrap()).unwrap();
        positions.apply(vec![("docker/a".into(), Some(position(1))), ("docker/b".into(), Some(position(2)))], None);
        positions.apply(vec![("docker/a".into(), None)], None);
        positions.save();
        let again = Positions::load(Some(path), Arc::default(), Waker::new().unwrap()).unwrap();
        assert_eq!((again.get("docker/a"), again.get("docker/b")), (None, Some(position(2))));
    }

    #[test]
    fn promtails_positions_are_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("x.log");
        fs::write(&log, "0123456789").unwrap();
        let text =
            format!("positions:\n  cursor-abc: \"1700000000\"\n  {}: \"4\"\n  /gone.log: \"4\"\n", log.display());
        let positions = read(&text).unwrap();
        assert_eq!(positions["docker/abc"].moment.time, 1_699_999_999_999_999_999);
        assert_eq!(positions[&format!("file/{}", log.display())].file.as_ref().unwrap().offset, 4);
        assert_eq!(positions.len(), 2);
    }

    #[test]
    fn a_pipe_is_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        for path in [path, directory.path().to_owned(), PathBuf::from("/dev/zero")] {
            let error = Positions::load(Some(path), Arc::default(), Waker::new().unwrap()).unwrap_err();
            assert!(error.to_string().ends_with("it is not a regular file"), "{error}");
        }
    }

    #[test]
    fn other_files_are_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p");
        for text in ["{\"version\": 7, \"form\": \"unknown\"}", "{}", "hello"] {
            fs::write(&path, text).unwrap();
            let error = Positions::load(Some(path.clone()), Arc::default(), Waker::new().unwrap()).unwrap_err();
            assert!(matches!(error, PositionsError::Form { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
