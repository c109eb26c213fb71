//! The files that a load may read: those of the disk, or those given as text.

use std::collections::BTreeMap;
use std::io::Read as _;
#[cfg(unix)]
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Component, Path, PathBuf};

use crate::find::remote::FetchGit;
use crate::options::Options;
use crate::report::findings::{At, Report};

/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Most bytes that all files of a project may have, repeats counted.
const MAX_ALL_BYTES: usize = 128 << 20;

/// Where files come from: the texts if there are any, else the disk.
#[derive(Clone, Copy)]
pub(crate) struct Files<'f> {
    texts: &'f BTreeMap<PathBuf, String>,
    /// What brings files of Git repositories here.
    pub(crate) fetch: Option<&'f dyn FetchGit>,
}

impl<'f> Files<'f> {
    pub(crate) fn of(options: &'f Options) -> Self {
        Files { texts: &options.texts, fetch: options.git.as_deref() }
    }

    pub(crate) fn is_file(&self, path: &Path) -> bool {
        if self.texts.is_empty() { path.is_file() } else { self.texts.contains_key(path) }
    }

    pub(crate) fn exists(&self, path: &Path) -> bool {
        if self.texts.is_empty() { path.exists() } else { self.texts.contains_key(path) }
    }

    /// Why a path is not that of a file.
    pub(crate) fn why_no_file(&self, path: &Path) -> &'static str {
        let Some(kind) = path.metadata().ok().filter(|_| self.texts.is_empty()).map(|metadata| metadata.file_type())
        else {
            return "there is no such file";
        };
        match kind {
            kind if kind.is_dir() => "it is a directory",
            #[cfg(unix)]
            kind if kind.is_fifo() => "it is a named pipe",
            #[cfg(unix)]
            kind if kind.is_socket() => "it is a socket",
            _ => "it is a device",
        }
    }

    /// Reads a text file of bounded size.
    pub(crate) fn read(&self, file: &Path, report: &mut Report) -> Option<String> {
        let shown = file.display();
        if let Some(text) = self.texts.get(file) {
            return checked_text(text.clone().into_bytes(), &shown.to_string(), report);
        }
        if !self.texts.is_empty() {
            report.error(At::NOWHERE, format!("cannot read {shown}: there is no such file"));
            return None;
        }
        let mut bytes = Vec::new();
        let result = std::fs::File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        if let Err(error) = result {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
                _ => error.to_string(),
            };
            report.error(At::NOWHERE, format!("cannot read {shown}: {why}"));
            return None;
        }
        checked_text(bytes, &shown.to_string(), report)
    }
}

/// The text that `bytes` hold, if they are of bounded size, alone and with all before them, and UTF-8.
pub(crate) fn checked_text(bytes: Vec<u8>, shown: &str, report: &mut Report) -> Option<String> {
    report.bytes += bytes.len();
    if report.bytes > MAX_ALL_BYTES {
        report.error(At::NOWHERE, format!("the files up to {shown} are longer than {} MiB", MAX_ALL_BYTES >> 20));
        return None;
    }
    if bytes.len() as u64 > MAX_BYTES {
        report.error(At::NOWHERE, format!("{shown} is longer than {} MiB", MAX_BYTES >> 20));
        return None;
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
            report.error(At::NOWHERE, format!("{shown} is not UTF-8 text: line {line} holds another byte"));
            None
        }
    }
}

/// A path without `.` and `..`, by its text alone.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match out.components().next_back() {
                Some(Component::Normal(_)) => {
                    out.pop();
                }
                Some(Component::RootDir) => {}
                // A relative path may begin with several.
                _ => out.push(".."),
            },
            component => out.push(component),
        }
    }
    out
}
