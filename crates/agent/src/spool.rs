//! Batches on disk while no endpoint accepts them: one file per batch, in a folder of limited size.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wharf_loki::Labels;
use wharf_loki::push::StreamBuffer;

use crate::batch::{Batch, BatchStream, Request};

/// The version of the format; a file starts with it.
const MARK: &[u8] = b"wharf-spool 1\n";
/// The pause after a failed write.
const PAUSE: Duration = Duration::from_secs(1);

/// A folder of batches.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    limit: u64,
    used: AtomicU64,
    next: AtomicU64,
    failed: Mutex<Option<Instant>>,
}

/// The header before the entries.
#[derive(Serialize, Deserialize)]
struct Head {
    requests: Vec<HeadRequest>,
}

#[derive(Serialize, Deserialize)]
struct HeadRequest {
    tenant: Option<String>,
    streams: Vec<HeadStream>,
}

#[derive(Serialize, Deserialize)]
struct HeadStream {
    labels: Vec<(String, String)>,
    entries: usize,
    bytes: usize,
}

impl Spool {
    /// Uses at most `limit` bytes of a folder, which is created if it does not exist.
    ///
    /// # Errors
    ///
    /// The folder cannot be created or written to.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let spool = Self {
            folder: folder.to_owned(),
            limit,
            used: AtomicU64::new(0),
            next: AtomicU64::new(0),
            failed: Mutex::new(None),
        };
        let files = spool.files()?;
        let used = files.iter().filter_map(|(.., path)| Some(fs::metadata(path).ok()?.len())).sum();
        spool.used.store(used, Ordering::Relaxed);
        spool.next.store(files.last().map_or(0, |(number, ..)| number + 1), Ordering::Relaxed);
        let probe = spool.folder.join("probe.new");
        fs::write(&probe, b"")?;
        fs::remove_file(&probe)?;
        Ok(spool)
    }

    /// Bytes on disk.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The batches of earlier runs, oldest first, each with its lane.
    pub fn left_over(&self) -> Vec<(usize, PathBuf)> {
        self.files().unwrap_or_default().into_iter().map(|(_, lane, path)| (lane, path)).collect()
    }

    /// Writes and syncs a batch. `None` if there is no room or the disk failed; the lines remain in the logs.
    pub fn write(&self, lane: usize, batch: &Batch) -> Option<PathBuf> {
        let mut failed = self.failed.lock().ok()?;
        if failed.is_some_and(|when| when.elapsed() < PAUSE) {
            return None;
        }
        let bytes = encode(batch)?;
        if self.used() + bytes.len() as u64 > self.limit {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number:020}-{lane}.batch"));
        let aside = path.with_extension("new");
        match write_synced(&aside, &path, &bytes) {
            Ok(()) => {
                *failed = None;
                self.used.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                Some(path)
            }
            Err(error) => {
                // The partial file takes room.
                let _ = fs::remove_file(&aside);
                tracing::warn!(folder = %self.folder.display(), %error, "the spool cannot be written: lines wait in the engine's files");
                *failed = Some(Instant::now());
                None
            }
        }
    }

    /// Reads a batch. `None`: the file is damaged; this is logged, and it is set aside.
    pub fn read(&self, path: &Path) -> Option<Batch> {
        let batch = fs::read(path).map_err(|error| error.to_string());
        match batch.and_then(|bytes| decode(&bytes).ok_or_else(|| "it is damaged".to_owned())) {
            Ok(batch) => Some(batch),
            Err(error) => {
                tracing::error!(file = %path.display(), error, "a batch of the spool cannot be read and is lost");
                None
            }
        }
    }

    /// Removes a batch that was delivered.
    pub fn remove(&self, path: &Path) {
        let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
        if fs::remove_file(path).is_ok() {
            self.used.fetch_sub(size, Ordering::Relaxed);
        }
    }

    /// Number, lane and path of each batch, oldest first.
    fn files(&self) -> io::Result<Vec<(u64, usize, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let numbers = name.strip_suffix(".batch").and_then(|name| name.split_once('-'));
            match numbers.and_then(|(number, lane)| Some((number.parse().ok()?, lane.parse().ok()?))) {
                Some((number, lane)) => files.push((number, lane, path)),
                // An interrupted write.
                None if name.ends_with(".new") => fs::remove_file(&path)?,
                None => {}
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}

fn write_synced(aside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(aside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(aside, path)?;
    fs::File::open(path.parent().unwrap_or(path))?.sync_data()
}

/// The mark, a checksum, the head as one line of JSON, and the entries, compressed.
fn encode(batch: &Batch) -> Option<Vec<u8>> {
    let stream = |stream: &BatchStream| HeadStream {
        labels: stream.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        entries: stream.entries.len(),
        bytes: stream.entries.bytes(),
    };
    let requests = batch.requests.iter().map(|request| HeadRequest {
        tenant: request.tenant.as_deref().map(str::to_owned),
        streams: request.streams.iter().map(stream).collect(),
    });
    let mut content = serde_json::to_vec(&Head { requests: requests.collect() }).ok()?;
    content.push(b'\n');
    for stream in batch.requests.iter().flat_map(|request| &request.streams) {
        content.extend_from_slice(stream.entries.entries());
    }
    let compressed = snap::raw::Encoder::new().compress_vec(&content).ok()?;
    Some([MARK, &checksum(&compressed), &compressed].concat())
}

fn decode(bytes: &[u8]) -> Option<Batch> {
    let (sum, compressed) = bytes.strip_prefix(MARK)?.split_first_chunk::<4>()?;
    if *sum != checksum(compressed) {
        return None;
    }
    let content = snap::raw::Decoder::new().decompress_vec(compressed).ok()?;
    let end = memchr::memchr(b'\n', &content)?;
    let head: Head = serde_json::from_slice(&content[..end]).ok()?;
    let mut rest = &content[end + 1..];
    let mut batch = Batch::default();
    for request in head.requests {
        let mut streams = Vec::new();
        for HeadStream { labels, entries, bytes } in request.streams {
            let (encoded, after) = rest.split_at_checked(bytes)?;
            rest = after;
            let labels = Labels::new(labels).ok()?;
            let entries = StreamBuffer::from_entries(labels.to_string(), encoded.to_vec(), entries);
            streams.push(BatchStream { labels, entries });
        }
        batch.requests.push(Request { tenant: request.tenant.map(Into::into), streams });
    }
    Some(batch)
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(line: &str) -> Batch {
        let labels = Labels::empty().with("a", "b");
        let mut entries = StreamBuffer::new(labels.to_string());
        entries.push::<&str, &str>(1, line, &[]);
        let streams = vec![BatchStream { labels, entries }];
        Batch { requests: vec![Request { tenant: Some("t".into()), streams }], positions: Vec::new() }
    }

    fn encoded(batch: &Batch) -> (Option<String>, String, Vec<u8>, usize) {
        let request = &batch.requests[0];
        let stream = &request.streams[0];
        let tenant = request.tenant.as_deref().map(str::to_owned);
        (tenant, stream.labels.to_string(), stream.entries.entries().to_vec(), stream.entries.len())
    }

    #[test]
    fn batches_are_there_after_a_restart_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        for (lane, line) in [(1, "one"), (0, "two")] {
            spool.write(lane, &batch(line)).unwrap();
        }
        fs::write(folder.path().join("00000000000000000002-1.new"), "cut off").unwrap();
        let again = Spool::open(folder.path(), 1 << 20).unwrap();
        let left = again.left_over();
        assert_eq!(left.iter().map(|(lane, _)| *lane).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(encoded(&again.read(&left[0].1).unwrap()), encoded(&batch("one")));
        assert_eq!(again.used(), spool.used());
        for (_, path) in left {
            again.remove(&path);
        }
        assert_eq!(again.used(), 0);
        let third = again.write(0, &batch("three")).unwrap();
        assert!(third.ends_with("00000000000000000002-0.batch"));
    }

    #[test]
    fn a_full_spool_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 400).unwrap();
        let written = (0..10).filter_map(|_| spool.write(0, &batch("line"))).count();
        assert!((1..10).contains(&written), "{written}");
    }

    #[test]
    fn a_damaged_batch_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        let path = spool.write(0, &batch("line")).unwrap();
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert!(spool.read(&path).is_none(), "{at}");
        }
    }

    #[test]
    fn a_disk_that_is_full_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        fs::remove_dir(folder.path()).unwrap();
        assert!(spool.write(0, &batch("line")).is_none());
        fs::create_dir(folder.path()).unwrap();
        assert!(spool.write(0, &batch("line")).is_none(), "not at once again");
    }
}
