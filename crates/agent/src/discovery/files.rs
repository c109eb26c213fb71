//! Discovers files that match `__path__`, by listing them at intervals.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};
use tokio::sync::mpsc;
use wharf_loki::Labels;

use super::docker::Told;
use crate::reader::{Command, From, Report};
use crate::target::Target;

/// How many levels of folders `**` descends into.
const DEEPEST: usize = 16;

/// The discovery of one job's files.
#[derive(Debug, Clone)]
pub struct FilesJob {
    /// The job's number.
    pub job: usize,
    /// The pattern of paths, with `*`, `?`, `[...]`, `**` and `{a,b}`.
    pub path: String,
    /// The pattern of paths to leave out.
    pub exclude: Option<String>,
    /// The labels, without the file's name.
    pub labels: Labels,
    /// How often to look.
    pub period: Duration,
}

/// Follows the files of a job and never returns.
pub async fn follow(job: FilesJob, told: Told, mut reports: mpsc::Receiver<Report>) {
    let (Some(wanted), exclude) = (matcher(&job.path), job.exclude.as_deref().and_then(matcher)) else { return };
    let mut known: HashMap<PathBuf, Arc<str>> = HashMap::new();
    let mut ticks = tokio::time::interval(job.period);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let (pattern, matchers) = (job.path.clone(), (wanted.clone(), exclude.clone()));
                let found = tokio::task::spawn_blocking(move || find(&pattern, &matchers.0, matchers.1.as_ref())).await;
                look(&job, &told, &mut known, found.unwrap_or_default());
            }
            Some(report) = reports.recv() => if let Report::Finished { key } | Report::CannotOpen { key, .. } = report {
                known.retain(|_, known| *known != key);
                if key.starts_with("file/") {
                    told.targets.remove(&key);
                }
            },
        }
    }
}

fn look(job: &FilesJob, told: &Told, known: &mut HashMap<PathBuf, Arc<str>>, found: Vec<PathBuf>) {
    let here: HashSet<&PathBuf> = found.iter().collect();
    for (path, key) in known.iter() {
        if !here.contains(path) && !path.exists() {
            told.commands.send(Command::Gone(key.clone()));
        }
    }
    for path in &found {
        if known.contains_key(path) {
            continue;
        }
        let key: Arc<str> = format!("file/{}", path.display()).into();
        let filename = path.to_string_lossy().into_owned();
        // Rules do not see the file's name, as in Promtail.
        let labels = job.labels.with("filename", filename.as_str());
        let target = Arc::new(Target {
            key: key.clone(),
            name: filename,
            job: job.job,
            discovered: labels.clone(),
            labels: [Some(labels.clone()), Some(labels)],
            state: Default::default(),
        });
        known.insert(path.clone(), key.clone());
        told.targets.insert(target.clone());
        told.commands.send(Command::Add(target, From::Plain(path.clone()), told.positions.get(&key)));
    }
}

fn matcher(pattern: &str) -> Option<GlobMatcher> {
    Some(GlobBuilder::new(pattern).literal_separator(true).build().ok()?.compile_matcher())
}

/// The files that match.
fn find(pattern: &str, wanted: &GlobMatcher, exclude: Option<&GlobMatcher>) -> Vec<PathBuf> {
    let plain: PathBuf = Path::new(pattern)
        .components()
        .take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))
        .collect();
    let depth = match pattern.contains("**") {
        true => DEEPEST,
        false => Path::new(pattern).components().count() - plain.components().count(),
    };
    let mut found = Vec::new();
    walk(&plain, depth, &mut |path| {
        if wanted.is_match(path) && !exclude.is_some_and(|exclude| exclude.is_match(path)) {
            found.push(path.to_owned());
        }
    });
    found
}

fn walk(path: &Path, depth: usize, out: &mut impl FnMut(&Path)) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    if metadata.is_file() {
        return out(path);
    }
    if !metadata.is_dir() || depth == 0 {
        return;
    }
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        walk(&entry.path(), depth - 1, out);
    }
}
