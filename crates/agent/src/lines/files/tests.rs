//! Logs that are rotated, truncated, compressed and removed.

use std::fs;

use super::*;

struct Log {
    directory: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, extension: &str) -> PathBuf {
        self.directory.path().join(format!("x.log{extension}"))
    }

    fn append(&self, text: &str) {
        use std::io::Write;
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.path("")).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// As the engine does it.
    fn rotate(&self, most: usize) {
        let _ = fs::remove_file(self.path(&format!(".{}", most - 1)));
        for number in (1..most - 1).rev() {
            let _ = fs::rename(self.path(&format!(".{number}")), self.path(&format!(".{}", number + 1)));
        }
        fs::rename(self.path(""), self.path(".1")).unwrap();
        self.append("");
    }

    fn open(&self, position: Option<&FilePosition>) -> (LogFiles, Found) {
        LogFiles::open(&self.path(""), true, position).unwrap()
    }
}

fn read_all(files: &mut LogFiles) -> String {
    let mut buffer = [0; 7];
    let mut text = Vec::new();
    loop {
        let count = files.peek(&mut buffer).unwrap();
        files.take(&buffer[..count], count);
        text.extend_from_slice(&buffer[..count]);
        if count == 0 {
            if !files.is_rotated() {
                return String::from_utf8(text).unwrap();
            }
            files.next_file();
        }
    }
}

#[test]
fn rotated_and_removed_files_are_read_to_their_end() {
    let log = Log::new();
    log.append("one\n");
    let (mut files, _) = log.open(None);
    assert_eq!(read_all(&mut files), "one\n");
    log.append("two\n");
    for line in ["three\n", "four\n", "five\n"] {
        log.rotate(2);
        log.append(line);
        assert!(!files.look_for_new().unwrap());
    }
    assert_eq!(files.unread(), 20);
    assert_eq!(read_all(&mut files), "two\nthree\nfour\nfive\n");
}

#[test]
fn a_start_without_a_position_reads_what_was_rotated_and_compressed() {
    use std::io::Write;
    let log = Log::new();
    log.append("one\n");
    log.rotate(3);
    log.append("two\n");
    log.rotate(3);
    log.append("three\n");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&fs::read(log.path(".2")).unwrap()).unwrap();
    fs::write(log.path(".2.gz"), encoder.finish().unwrap()).unwrap();
    fs::remove_file(log.path(".2")).unwrap();
    let (mut files, found) = log.open(None);
    assert_eq!(found, Found::New);
    assert_eq!(read_all(&mut files), "one\ntwo\nthree\n");
}

#[test]
fn every_position_is_found_again_after_rotations() {
    let lines: Vec<String> = (0..60).map(|number| format!("line number {number}\n")).collect();
    let log = Log::new();
    let mut positions = vec![];
    let (mut files, mut end) = (None, 0);
    for (number, line) in lines.iter().enumerate() {
        if number % 10 == 9 {
            log.rotate(20);
        }
        log.append(line);
        let files = files.get_or_insert_with(|| log.open(None).0);
        files.look_for_new().unwrap();
        assert_eq!(read_all(files), *line);
        end += line.len() as u64;
        positions.push(files.position_at(end).unwrap());
        assert_eq!(files.place(), end);
    }
    for (number, position) in positions.iter().enumerate() {
        let (mut files, found) = log.open(Some(position));
        assert_eq!(found, Found::Resumed);
        assert_eq!(read_all(&mut files), lines[number + 1..].concat(), "{number}");
    }
    log.rotate(2);
    log.append("new");
    fs::remove_file(log.path(".1")).unwrap();
    for number in 2..20 {
        let _ = fs::remove_file(log.path(&format!(".{number}")));
    }
    let (mut files, found) = log.open(positions.last());
    assert_eq!((found, read_all(&mut files)), (Found::Gone, "new".to_owned()));
}

#[test]
fn a_place_before_the_end_is_in_the_file_that_held_it() {
    let log = Log::new();
    log.append("first file\n");
    let (mut files, _) = log.open(None);
    read_all(&mut files);
    log.rotate(3);
    log.append("second file\n");
    files.look_for_new().unwrap();
    read_all(&mut files);
    let position = files.position_at(6).unwrap();
    let (mut again, _) = log.open(Some(&position));
    assert_eq!(read_all(&mut again), "file\nsecond file\n");
    let position = files.position_at(11 + 7).unwrap();
    let (mut again, _) = log.open(Some(&position));
    assert_eq!(read_all(&mut again), "file\n");
}

#[test]
fn a_truncated_file_is_read_from_its_start() {
    let log = Log::new();
    log.append("a line that is long\n");
    let (mut files, _) = log.open(None);
    read_all(&mut files);
    fs::write(log.path(""), "new\n").unwrap();
    assert!(files.restart_if_truncated());
    assert_eq!(read_all(&mut files), "new\n");
    assert!(!files.restart_if_truncated());
    let position = files.position_at(files.place()).unwrap();
    assert_eq!(position.offset, 4);
    fs::write(log.path(""), "another line that is longer\n").unwrap();
    assert!(files.restart_if_replaced());
    assert_eq!(read_all(&mut files), "another line that is longer\n");
}

#[test]
fn removed_files_are_let_go_when_they_are_too_much() {
    let log = Log::new();
    log.append("0123456789");
    let (mut files, _) = log.open(None);
    for _ in 0..3 {
        log.rotate(2);
        log.append("0123456789");
        files.look_for_new().unwrap();
    }
    assert_eq!(files.unread(), 40);
    assert_eq!(files.let_go(10), 10);
    assert_eq!(files.let_go(10), 0);
    assert_eq!(read_all(&mut files).len(), 30);
}
