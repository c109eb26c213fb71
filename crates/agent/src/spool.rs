//! Requests on disk while no endpoint accepts them: one file for each, in a folder of limited size.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wharf_loki::Labels;
use wharf_loki::push::StreamBuffer;

use crate::batch::{BatchStream, Request};
use crate::reader::LANES;

/// A lane, and the hash of a tenant: what is delivered in order.
pub type Place = (usize, u64);

/// The version of the format; a file starts with it.
const MARK: &[u8] = b"wharf-spool 1\n";
/// The pause after a write that failed or had no room.
const PAUSE: Duration = Duration::from_secs(1);

/// A folder of requests.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    limit: u64,
    used: AtomicU64,
    next: AtomicU64,
    damaged: AtomicU64,
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
            damaged: AtomicU64::new(0),
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

    /// Bytes of files that could not be read since the start.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The requests of earlier runs, oldest first, each with its lane and its tenant's hash.
    pub fn left_over(&self) -> Vec<(Place, PathBuf)> {
        self.files().unwrap_or_default().into_iter().map(|(_, place, path)| (place, path)).collect()
    }

    /// Writes and syncs requests. `None` if there is no room or the disk failed; the lines remain in the logs.
    pub fn write(&self, (lane, tenant): Place, requests: &[Request]) -> Option<PathBuf> {
        let mut failed = self.failed.lock().ok()?;
        if failed.is_some_and(|when| when.elapsed() < PAUSE) {
            return None;
        }
        let bytes = encode(requests)?;
        if self.used() + bytes.len() as u64 > self.limit {
            // To find this out again costs as much as to write.
            *failed = Some(Instant::now());
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{number:020}-{lane}-{tenant:016x}.batch"));
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

    /// Reads requests. `None`: the file is damaged or gone; this is logged and counted.
    ///
    /// # Errors
    /// It cannot be read for another reason, such as too many open files. Its lines are still there.
    pub fn read(&self, path: &Path) -> io::Result<Option<Vec<Request>>> {
        let (batch, bytes) = match fs::read(path) {
            Ok(bytes) => (decode(&bytes), bytes.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, 0),
            Err(error) => return Err(error),
        };
        if batch.is_none() {
            self.damaged.fetch_add(bytes.max(1) as u64, Ordering::Relaxed);
            tracing::error!(file = %path.display(), "a file of the spool is damaged or gone: its lines are lost");
        }
        Ok(batch)
    }

    /// Removes what was delivered.
    pub fn remove(&self, path: &Path) {
        let size = fs::metadata(path).map_or(0, |metadata| metadata.len());
        if fs::remove_file(path).is_ok() {
            self.used.fetch_sub(size, Ordering::Relaxed);
        }
    }

    /// Number, place and path of each file, oldest first.
    fn files(&self) -> io::Result<Vec<(u64, Place, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            match name.strip_suffix(".batch").and_then(numbers) {
                Some((number, place)) => files.push((number, place, path)),
                // An interrupted write.
                None if name.ends_with(".new") => fs::remove_file(&path)?,
                None => {}
            }
        }
        files.sort_unstable();
        Ok(files)
    }
}

/// Number, lane and tenant of a name; earlier versions wrote no tenant.
fn numbers(name: &str) -> Option<(u64, Place)> {
    let (number, place) = name.split_once('-')?;
    let (lane, tenant) = match place.split_once('-') {
        Some((lane, tenant)) => (lane, u64::from_str_radix(tenant, 16).ok()?),
        None => (place, 0),
    };
    let lane: usize = lane.parse().ok()?;
    Some((number.parse().ok()?, (lane % LANES, tenant)))
}

fn write_synced(aside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(aside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(aside, path)?;
    fs::File::open(path.parent().unwrap_or(path))?.sync_data()
}

/// The mark, a checksum, the head as one line of JSON, and the entries, compressed.
fn encode(all: &[Request]) -> Option<Vec<u8>> {
    let stream = |stream: &BatchStream| HeadStream {
        labels: stream.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        entries: stream.entries.len(),
        bytes: stream.entries.bytes(),
    };
    let requests = all.iter().map(|request| HeadRequest {
        tenant: request.tenant.as_deref().map(str::to_owned),
        streams: request.streams.iter().map(stream).collect(),
    });
    let mut content = serde_json::to_vec(&Head { requests: requests.collect() }).ok()?;
    content.push(b'\n');
    for stream in all.iter().flat_map(|request| &request.streams) {
        content.extend_from_slice(stream.entries.entries());
    }
    let compressed = snap::raw::Encoder::new().compress_vec(&content).ok()?;
    Some([MARK, &checksum(&compressed), &compressed].concat())
}

fn decode(bytes: &[u8]) -> Option<Vec<Request>> {
    let (sum, compressed) = bytes.strip_prefix(MARK)?.split_first_chunk::<4>()?;
    if *sum != checksum(compressed) {
        return None;
    }
    let content = snap::raw::Decoder::new().decompress_vec(compressed).ok()?;
    let end = memchr::memchr(b'\n', &content)?;
    let head: Head = serde_json::from_slice(&content[..end]).ok()?;
    let mut rest = &content[end + 1..];
    let mut requests = Vec::new();
    for request in head.requests {
        let mut streams = Vec::new();
        for HeadStream { labels, entries, bytes } in request.streams {
            let (encoded, after) = rest.split_at_checked(bytes)?;
            rest = after;
            let labels = Labels::new(labels).ok()?;
            let entries = StreamBuffer::from_entries(labels.to_string(), encoded.to_vec(), entries);
            streams.push(BatchStream { labels, entries });
        }
        requests.push(Request { tenant: request.tenant.map(Into::into), streams, ..Request::default() });
    }
    Some(requests)
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    sum.sum().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(line: &str) -> [Request; 1] {
        let labels = Labels::empty().with("a", "b");
        let mut entries = StreamBuffer::new(labels.to_string());
        entries.push::<&str, &str>(1, line, &[]);
        let streams = vec![BatchStream { labels, entries }];
        [Request { tenant: Some("t".into()), streams, ..Request::default() }]
    }

    fn encoded(requests: &[Request]) -> (Option<String>, String, Vec<u8>, usize) {
        let request = &requests[0];
        let stream = &request.streams[0];
        let tenant = request.tenant.as_deref().map(str::to_owned);
        (tenant, stream.labels.to_string(), stream.entries.entries().to_vec(), stream.entries.len())
    }

    #[test]
    fn batches_are_there_after_a_restart_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        for (lane, line) in [(1, "one"), (0, "two")] {
            spool.write((lane, 0xab), &requests(line)).unwrap();
        }
        fs::write(folder.path().join("00000000000000000002-1.new"), "cut off").unwrap();
        let again = Spool::open(folder.path(), 1 << 20).unwrap();
        let left = again.left_over();
        assert_eq!(left.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [(1, 0xab), (0, 0xab)]);
        assert_eq!(encoded(&again.read(&left[0].1).unwrap().unwrap()), encoded(&requests("one")));
        assert_eq!(again.used(), spool.used());
        for (_, path) in left {
            again.remove(&path);
        }
        assert_eq!(again.used(), 0);
        let third = again.write((0, 7), &requests("three")).unwrap();
        assert!(third.ends_with("00000000000000000002-0-0000000000000007.batch"));
        fs::rename(third, folder.path().join("00000000000000000002-3.batch")).unwrap();
        let (place, path) = again.left_over().remove(0);
        assert_eq!(place, (3, 0), "an earlier version's");
        assert_eq!(encoded(&again.read(&path).unwrap().unwrap()), encoded(&requests("three")));
    }

    #[test]
    fn a_full_spool_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 400).unwrap();
        let written = (0..10).filter_map(|_| spool.write((0, 0), &requests("line"))).count();
        assert!((1..10).contains(&written), "{written}");
    }

    #[test]
    fn a_damaged_batch_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        let path = spool.write((0, 0), &requests("line")).unwrap();
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert!(spool.read(&path).unwrap().is_none(), "{at}");
        }
        assert_eq!(spool.damaged(), (bytes.len() * bytes.len()) as u64);
    }

    #[test]
    fn a_disk_that_is_full_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), 1 << 20).unwrap();
        fs::remove_dir(folder.path()).unwrap();
        assert!(spool.write((0, 0), &requests("line")).is_none());
        fs::create_dir(folder.path()).unwrap();
        assert!(spool.write((0, 0), &requests("line")).is_none(), "not at once again");
    }
}
