//! Fetches Git repositories that a project includes, by the `git` program, into a cache of the user's own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use wharf_compose::{FetchError, FetchGit, GitSource, is_commit};

use crate::screen::report;

/// How long git may take for one repository.
const DEADLINE: Duration = Duration::from_secs(120);
/// How large the files of one repository may be, in bytes.
const MOST_BYTES: u64 = 512 << 20;
/// How often a running git is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often the size of what it fetches is measured.
const MEASURE: Duration = Duration::from_secs(1);
/// The most that is read of what git prints, in bytes.
const LONGEST_OUTPUT: u64 = 1 << 20;

/// The repositories that were fetched, in `$XDG_CACHE_HOME/wharf/git`. A commit has a directory of its own, which never changes.
#[derive(Debug)]
pub(super) struct GitCache {
    /// `None`: there is no home directory.
    directory: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    /// Whether only what is here already is used.
    is_offline: bool,
    /// What this run has already fetched.
    known: Mutex<BTreeMap<String, PathBuf>>,
}

impl FetchGit for GitCache {
    fn fetch(&self, source: &GitSource) -> Result<PathBuf, FetchError> {
        let key = format!("{}#{}", source.repository, source.reference.as_deref().unwrap_or_default());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(directory) = known.get(&key) {
            return Ok(directory.clone());
        }
        let directory = self.find(source)?;
        known.insert(key, directory.clone());
        Ok(directory)
    }
}

impl GitCache {
    pub(super) fn new(environment: &BTreeMap<String, String>) -> Self {
        let absolute = |name: &str| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        GitCache {
            directory: cache.map(|cache| cache.join("wharf/git")),
            environment: environment.clone(),
            is_offline: false,
            known: Mutex::default(),
        }
    }

    /// The same without the network.
    pub(super) fn offline(environment: &BTreeMap<String, String>) -> Self {
        GitCache { is_offline: true, ..GitCache::new(environment) }
    }

    fn find(&self, source: &GitSource) -> Result<PathBuf, FetchError> {
        let failed = |why: String| FetchError {
            message: format!("{source} cannot be fetched: {why}"),
            help: Some(
                "check the address and your access to it with `git ls-remote`; git cannot ask for a password here"
                    .into(),
            ),
        };
        let Some(cache) = &self.directory else {
            return Err(failed("neither HOME nor XDG_CACHE_HOME is set".to_owned()));
        };
        // An address may hold a password.
        let repository = hex::encode(&Sha256::digest(source.repository.as_bytes())[..16]);
        let commits = cache.join(repository);
        let there = |commit: &str| Some(commits.join(commit)).filter(|directory| directory.is_dir());
        if let Some(directory) = source.commit().and_then(there) {
            return Ok(directory);
        }
        if self.is_offline {
            return Err(failed("it is not here yet".to_owned()));
        }
        let work = Work::begin(cache, &self.environment).map_err(|error| failed(error.to_string()))?;
        let commit = match source.commit() {
            Some(commit) => commit.to_owned(),
            None => work.commit_of(source).map_err(failed)?,
        };
        if let Some(directory) = there(&commit) {
            return Ok(directory);
        }
        work.check_out(source, &commit).map_err(failed)?;
        let directory = work.keep_as(&commits, &commit).map_err(|error| failed(error.to_string()))?;
        let pin = if source.commit().is_some() { "" } else { "; `#COMMIT` in its place pins it" };
        report::line(&format!("note: fetched {source}: commit {commit}{pin}"));
        Ok(directory)
    }
}

/// Removes what killed fetches have left.
fn sweep(cache: &Path) {
    let is_left = |entry: &fs::DirEntry| {
        let changed = entry.metadata().and_then(|found| found.modified()).ok();
        let age = changed.and_then(|time| time.elapsed().ok());
        entry.file_name().to_string_lossy().starts_with(".fetch-") && age.is_some_and(|age| age > 2 * DEADLINE)
    };
    for entry in fs::read_dir(cache).into_iter().flatten().flatten().filter(is_left) {
        // What cannot be removed is tried again by the next fetch.
        let _removed = fs::remove_dir_all(entry.path());
    }
}

/// A directory for one fetch, which is removed if nothing comes of it.
struct Work<'a> {
    directory: tempfile::TempDir,
    environment: &'a BTreeMap<String, String>,
    deadline: Instant,
    measured: Cell<Instant>,
}

impl<'a> Work<'a> {
    fn begin(cache: &Path, environment: &'a BTreeMap<String, String>) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(cache)?;
        sweep(cache);
        let directory = tempfile::Builder::new().prefix(".fetch-").tempdir_in(cache)?;
        let now = Instant::now();
        Ok(Work { directory, environment, deadline: now + DEADLINE, measured: Cell::new(now) })
    }

    fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    /// The commit that a reference means now.
    fn commit_of(&self, source: &GitSource) -> Result<String, String> {
        let reference = source.reference.as_deref().unwrap_or("HEAD");
        let peeled = format!("{reference}^{{}}");
        let listed = self.git(&["ls-remote", "--quiet", "--", &source.repository, reference, &peeled])?;
        commit_in(&listed, reference).ok_or_else(|| format!("it has no branch or tag `{reference}`"))
    }

    /// The files of a commit, without its history, and without what would run programs: hooks, filters, submodules.
    fn check_out(&self, source: &GitSource, commit: &str) -> Result<(), String> {
        let tree = self.tree();
        fs::create_dir(&tree).map_err(|error| error.to_string())?;
        let path = tree.display().to_string();
        let inside = |arguments: &[&str]| self.git(&[&["-C", &path][..], arguments].concat());
        inside(&["init", "--quiet", "--template="])?;
        let fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--"];
        inside(&[&fetch[..], &[&source.repository, commit]].concat())?;
        inside(&["checkout", "--quiet", "--detach", "FETCH_HEAD"])?;
        let found = inside(&["rev-parse", "HEAD"])?;
        if found.trim() != commit {
            return Err(format!("the repository gave another commit than {commit}"));
        }
        if size(&tree) > MOST_BYTES {
            return Err(too_large());
        }
        fs::remove_dir_all(tree.join(".git")).map_err(|error| error.to_string())
    }

    /// Moves the files to their place. Another command may have been quicker.
    fn keep_as(&self, commits: &Path, commit: &str) -> io::Result<PathBuf> {
        DirBuilder::new().recursive(true).mode(0o700).create(commits)?;
        let place = commits.join(commit);
        match fs::rename(self.tree(), &place) {
            Err(_) if place.is_dir() => Ok(place),
            result => result.map(|()| place),
        }
    }

    /// Runs git to its end, and gives what it printed.
    fn git(&self, arguments: &[&str]) -> Result<String, String> {
        let (output, errors) = (self.directory.path().join("output"), self.directory.path().join("errors"));
        let create = |path: &Path| File::create(path).map_err(|error| error.to_string());
        let mut command = Command::new("git");
        command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]).args(arguments);
        command.env_clear().envs(self.environment.iter().filter(|(name, _)| !is_of_a_repository(name)));
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "https:ssh:git")
            .env("GIT_LFS_SKIP_SMUDGE", "1");
        for (name, value) in [
            ("GIT_ASKPASS", "true"),
            ("SSH_ASKPASS_REQUIRE", "never"),
            ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ControlMaster=no"),
        ] {
            if !self.environment.contains_key(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null()).stdout(create(&output)?).stderr(create(&errors)?);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no program `git` on this machine".to_owned(),
            _ => error.to_string(),
        })?;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < self.deadline && !self.grows_too_large() => sleep(LOOK),
                unfinished => {
                    let (_, _) = (child.kill(), child.wait());
                    return Err(match unfinished {
                        Err(error) => error.to_string(),
                        _ if Instant::now() < self.deadline => too_large(),
                        _ => format!("git did not end within {} seconds", DEADLINE.as_secs()),
                    });
                }
            }
        };
        if status.success() {
            return Ok(text(&output));
        }
        let said = text(&errors);
        let last = said.lines().map(str::trim).rfind(|line| line.starts_with("fatal:") || line.starts_with("error:"));
        let last = last.or_else(|| said.lines().next()).unwrap_or("git failed");
        Err(wharf_docker::without_secrets(last.trim_start_matches("fatal: ").trim_start_matches("error: ")))
    }

    fn grows_too_large(&self) -> bool {
        if self.measured.get().elapsed() < MEASURE {
            return false;
        }
        self.measured.set(Instant::now());
        size(self.directory.path()) > MOST_BYTES
    }
}

/// Variables that a hook of another repository may have left: they would lead git there.
fn is_of_a_repository(name: &str) -> bool {
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"]
        .contains(&name)
}

fn too_large() -> String {
    format!("its files are larger than {} MiB", MOST_BYTES >> 20)
}

fn text(file: &Path) -> String {
    let mut bytes = Vec::new();
    let _read = File::open(file).and_then(|file| file.take(LONGEST_OUTPUT).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The commit of a reference in the output of `git ls-remote`, which also lists references that only end with its name.
fn commit_in(listed: &str, reference: &str) -> Option<String> {
    let lines = || listed.lines().filter_map(|line| line.split_once('\t'));
    // The order of git's own rules; an annotated tag is an object of its own, and `^{}` is the commit.
    let names = ["", "refs/", "refs/tags/", "refs/heads/"].map(|prefix| format!("{prefix}{reference}"));
    let names = names.iter().flat_map(|name| [format!("{name}^{{}}"), name.clone()]);
    let mut found = names.filter_map(|name| lines().find(|(_, listed)| *listed == name).map(|(commit, _)| commit));
    found.next().filter(|commit| is_commit(commit)).map(str::to_owned)
}

/// The bytes of all files below a directory.
fn size(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let of = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { size(&entry.path()) } else { metadata.len() })
    };
    entries.filter_map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_means_what_it_means_to_git() {
        let (one, two, three) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let listed = format!(
            "{one}\trefs/heads/feature/main\n{two}\trefs/heads/main\n{one}\trefs/tags/v1\n{three}\trefs/tags/v1^{{}}\n"
        );
        assert_eq!(commit_in(&listed, "main"), Some(two));
        assert_eq!(commit_in(&listed, "v1"), Some(three));
        assert_eq!(commit_in(&listed, "feature"), None);
        assert_eq!(commit_in(&format!("{one}\tHEAD\n"), "HEAD"), Some(one));
        assert_eq!(commit_in("--upload-pack\tHEAD\n", "HEAD"), None);
    }
}
