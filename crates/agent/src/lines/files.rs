//! A log on disk through its rotation: the files that are not read yet, oldest first, held open.
//!
//! The engine renames `x.log` to `x.log.1` (and `x.log.1` to `x.log.2`, ...), and makes a new `x.log`; it removes the
//! oldest, may compress the others, and truncates with `max-file=1`. A file that is held open is read to its end
//! whatever becomes of its name.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::position::{FilePosition, HEAD, head_hash};

/// Rotated files that are looked for: engines are seldom configured to keep more.
const MOST_ROTATED: usize = 1000;

/// The files of one log.
#[derive(Debug)]
pub struct LogFiles {
    path: PathBuf,
    /// Whether `path.1`, `path.2` belong to the log.
    rotated: bool,
    held: VecDeque<Held>,
    /// Files that were read to their end, while something of them is not acknowledged.
    past: VecDeque<Segment>,
    /// The number of the next byte that is read, over all files.
    place: u64,
}

/// How the engine rotates a log (`max-file`, `max-size`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// How many files there are at most.
    pub files: usize,
    /// How long a file may get, in bytes.
    pub size: u64,
}

/// What [`LogFiles::open`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// There was no position.
    New,
    /// The position's file, or the one after it.
    Resumed,
    /// The position's file is gone, and what was not read of it.
    Gone,
}

#[derive(Debug)]
struct Held {
    file: File,
    identity: Identity,
    content: Content,
    /// Bytes that were read.
    offset: u64,
    /// The file's first bytes, as far as they were read.
    head: Vec<u8>,
    /// The place of the byte at offset 0.
    base: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

#[derive(Debug)]
enum Content {
    Plain,
    Compressed { decoder: Box<MultiGzDecoder<File>>, ahead: Vec<u8> },
}

/// Files of a log, oldest first.
struct Chain {
    files: Vec<Held>,
    /// Whether the file that they were to follow was met, or must have been the one before them.
    unbroken: bool,
}

#[derive(Debug)]
struct Segment {
    base: u64,
    end: u64,
    position: FilePosition,
}

impl LogFiles {
    /// Opens the log at `path`, from `position` on or from its start. `rotated`: with `path.1`, `path.2` and so on.
    ///
    /// # Errors
    ///
    /// Those of opening `path` itself.
    pub fn open(path: &Path, rotated: bool, position: Option<&FilePosition>) -> io::Result<(Self, Found)> {
        let mut files = Self { path: path.to_owned(), rotated, held: VecDeque::new(), past: VecDeque::new(), place: 0 };
        files.held = files.chain(None)?.files.into();
        let Some(position) = position else { return Ok((files, Found::New)) };
        let Some(index) =
            files.held.iter_mut().enumerate().rev().find_map(|(index, held)| held.is(position).then_some(index))
        else {
            return Ok((files, Found::Gone));
        };
        files.held.drain(..index);
        files.held[0].skip_to(position.offset)?;
        files.place = files.held[0].offset;
        Ok((files, Found::Resumed))
    }

    /// The path it was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The place of the next byte to read: a number that grows over all files.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Fills `buffer` with what comes next of the oldest file, without taking it. 0: nothing has been written since.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.held.front_mut().map_or(Ok(0), |held| held.peek(buffer))
    }

    /// Takes the first `count` bytes of what [`peek`](Self::peek) gave.
    pub fn take(&mut self, peeked: &[u8], count: usize) {
        if let Some(held) = self.held.front_mut() {
            held.take(peeked, count);
        }
        self.place += count as u64;
    }

    /// Whether the oldest file has a successor: it does not grow any more.
    pub fn is_rotated(&self) -> bool {
        self.held.len() > 1
    }

    /// Whether the oldest file ends before what was read of it: it was truncated. It is then read from its start.
    pub fn restart_if_truncated(&mut self) -> bool {
        let place = self.place;
        let Some(held) = self.held.front_mut() else { return false };
        let size = held.file.metadata().map_or(u64::MAX, |metadata| metadata.len());
        if !matches!(held.content, Content::Plain) || size >= held.offset {
            return false;
        }
        self.past.extend(held.segment());
        held.offset = 0;
        held.head.clear();
        held.base = place;
        true
    }

    /// As [`restart_if_truncated`](Self::restart_if_truncated), where the file has grown since: what was read before did
    /// not end with a line break.
    pub fn restart_if_replaced(&mut self) -> bool {
        let place = self.place;
        let Some(held) = self.held.front_mut() else { return false };
        let mut before = [0];
        if held.offset == 0
            || !matches!(held.content, Content::Plain)
            || matches!(held.file.read_at(&mut before, held.offset - 1), Ok(1) if before[0] == b'\n')
        {
            return false;
        }
        self.past.extend(held.segment());
        held.offset = 0;
        held.head.clear();
        held.base = place;
        true
    }

    /// Goes on to the next file, if there is one; the oldest was read to its end.
    pub fn next_file(&mut self) {
        if self.held.len() > 1
            && let Some(held) = self.held.pop_front()
        {
            self.past.extend(held.segment());
            if let Some(next) = self.held.front_mut() {
                next.base = self.place;
            }
        }
    }

    /// Looks for files that were made since, and opens them. Gives whether the chain from the files that are held to the
    /// newest was broken: a file came and went in between.
    ///
    /// # Errors
    ///
    /// Those of opening a file that is there.
    pub fn look_for_new(&mut self) -> io::Result<bool> {
        let Some(newest) = self.held.back().map(|held| held.identity) else { return Ok(false) };
        match File::open(&self.path).and_then(|file| identity(&file)) {
            Ok(current) if current == newest => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        let mut newer = self.chain(Some(newest))?;
        // A file that is held and not the newest is known, too.
        newer.files.retain(|new| self.held.iter().all(|held| held.identity != new.identity));
        self.held.extend(newer.files);
        Ok(!newer.unbroken)
    }

    /// Lets go of the oldest of the files that have no name any more, if their unread bytes are more than `most`; gives
    /// how many bytes are lost by that.
    pub fn let_go(&mut self, most: u64) -> u64 {
        let mut lost = 0;
        while self.held.len() > 1 {
            let unnamed: u64 = self.held.iter().filter(|held| held.links() == 0).map(Held::unread).sum();
            if unnamed <= most || self.held[0].links() != 0 {
                break;
            }
            let gone = self.held[0].unread();
            lost += gone;
            self.place += gone;
            self.held[0].offset += gone;
            self.next_file();
        }
        lost
    }

    /// Unread bytes, judged by file sizes; a compressed file counts with its compressed size.
    pub fn unread(&self) -> u64 {
        self.held.iter().map(Held::unread).sum()
    }

    /// Whether the next rotation removes bytes that are not read.
    pub fn is_endangered(&self, rotation: Rotation) -> bool {
        let Some(oldest) = self.held.front().filter(|oldest| oldest.unread() > 0) else { return false };
        // With one file, it is truncated when it is full.
        let nearly_full = rotation.files > 1 || self.unread() > rotation.size / 2;
        (self.held.len() >= rotation.files && nearly_full) || oldest.links() == 0
    }

    /// The position at a place that was read: the end of a file rather than the start of the next. What was before is
    /// forgotten.
    pub fn position_at(&mut self, place: u64) -> Option<FilePosition> {
        while self.past.len() > 1 && self.past[0].end < place {
            self.past.pop_front();
        }
        let current = self.held.front().filter(|held| held.base < place).and_then(Held::segment);
        let past = self.past.iter().rev().find(|segment| segment.base < place);
        let segment = current.as_ref().or(past)?;
        let offset = segment.position.offset.saturating_sub(segment.end.saturating_sub(place));
        let position = FilePosition { offset, ..segment.position.clone() };
        if current.is_some() {
            self.past.clear();
        }
        Some(position)
    }

    /// The files from the oldest to `path`, or from the one after `until`. From the newest on, a rotation meanwhile makes
    /// us see a file twice, and never miss one.
    fn chain(&self, until: Option<Identity>) -> io::Result<Chain> {
        let mut files = vec![open_plain(&self.path)?];
        let mut met = false;
        let mut missing = 0;
        for number in 1..if self.rotated { MOST_ROTATED } else { 1 } {
            let held = match open_plain(&numbered(&self.path, number, "")) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    open_compressed(&numbered(&self.path, number, ".gz"))
                }
                opened => opened,
            };
            match held {
                Ok(held) if Some(held.identity) == until => {
                    met = true;
                    break;
                }
                Ok(held) if files.iter().any(|file| file.identity == held.identity) => {}
                Ok(held) => {
                    // A compressed one is older than the file that is held.
                    if until.is_some() && matches!(held.content, Content::Compressed { .. }) {
                        met = true;
                        break;
                    }
                    files.push(held);
                }
                // In the midst of a rotation, one name may be free.
                Err(_) if missing == 0 => missing += 1,
                Err(_) => break,
            }
        }
        files.reverse();
        // Where only one file is kept, it is the next one.
        let unbroken = met || files.len() == 1;
        Ok(Chain { files, unbroken })
    }
}

fn numbered(path: &Path, number: usize, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}{extension}"));
    name.into()
}

fn identity(file: &File) -> io::Result<Identity> {
    let metadata = file.metadata()?;
    Ok(Identity { device: metadata.dev(), inode: metadata.ino() })
}

fn open_plain(path: &Path) -> io::Result<Held> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let identity = identity(&file)?;
    Ok(Held { file, identity, content: Content::Plain, offset: 0, head: Vec::new(), base: 0 })
}

fn open_compressed(path: &Path) -> io::Result<Held> {
    let file = File::open(path)?;
    let identity = identity(&file)?;
    let decoder = Box::new(MultiGzDecoder::new(file.try_clone()?));
    let content = Content::Compressed { decoder, ahead: Vec::new() };
    Ok(Held { file, identity, content, offset: 0, head: Vec::new(), base: 0 })
}

impl Held {
    fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Plain => self.file.read_at(buffer, self.offset),
            Content::Compressed { decoder, ahead } => {
                while ahead.len() < buffer.len() {
                    let start = ahead.len();
                    ahead.resize(buffer.len(), 0);
                    // A file that is cut off ends where it is cut.
                    let read = decoder.read(&mut ahead[start..]).unwrap_or(0);
                    ahead.truncate(start + read);
                    if read == 0 {
                        break;
                    }
                }
                let count = ahead.len().min(buffer.len());
                buffer[..count].copy_from_slice(&ahead[..count]);
                Ok(count)
            }
        }
    }

    fn take(&mut self, peeked: &[u8], count: usize) {
        if let Content::Compressed { ahead, .. } = &mut self.content {
            ahead.drain(..count);
        }
        let room = HEAD - self.head.len().min(HEAD);
        if room > 0 && self.head.len() as u64 == self.offset {
            self.head.extend_from_slice(&peeked[..count.min(room)]);
        }
        self.offset += count as u64;
    }

    /// Whether this is the file of a position.
    fn is(&mut self, position: &FilePosition) -> bool {
        let length = (position.head_length as usize).min(HEAD);
        let mut head = vec![0; length];
        let mut read = 0;
        match &self.content {
            Content::Plain => {
                if self.unread() < position.offset {
                    return false;
                }
                while let Ok(count @ 1..) = self.file.read_at(&mut head[read..], read as u64) {
                    read += count;
                }
            }
            Content::Compressed { .. } => read = self.peek(&mut head).unwrap_or(0),
        }
        read == length && length > 0 && head_hash(&head) == position.head
    }

    fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        while self.offset < offset {
            let wanted = usize::try_from(offset - self.offset).unwrap_or(usize::MAX).min(buffer.len());
            // Of a plain file only the head is needed.
            if matches!(self.content, Content::Plain) && self.head.len() >= HEAD {
                self.offset = offset;
                break;
            }
            let count = self.peek(&mut buffer[..wanted])?;
            if count == 0 {
                break;
            }
            self.take(&buffer[..count], count);
        }
        Ok(())
    }

    fn links(&self) -> u64 {
        self.file.metadata().map_or(1, |metadata| metadata.nlink())
    }

    fn unread(&self) -> u64 {
        let size = self.file.metadata().map_or(0, |metadata| metadata.len());
        match self.content {
            Content::Plain => size.saturating_sub(self.offset),
            Content::Compressed { .. } if self.offset == 0 => size,
            Content::Compressed { .. } => 0,
        }
    }

    /// What was read of it; `None`: nothing.
    fn segment(&self) -> Option<Segment> {
        let position = FilePosition {
            device: self.identity.device,
            inode: self.identity.inode,
            head: head_hash(&self.head),
            head_length: u32::try_from(self.head.len()).unwrap_or(0),
            offset: self.offset,
        };
        (self.offset > 0).then(|| Segment { base: self.base, end: self.base + self.offset, position })
    }
}

#[cfg(test)]
mod tests;
