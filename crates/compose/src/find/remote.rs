//! Files that are elsewhere: in a Git repository, which the caller may fetch, or in a registry.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::find::files::Files;
use crate::find::locate::NAMES;
use crate::report::findings::{At, Report};

/// A directory or file of a Git repository, as `include` and `extends` name it: `https://example.com/shop.git#main:deploy`.
///
/// The forms are those that docker compose takes (`ParseGitRef` of moby/buildkit), without unencrypted HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitSource {
    /// The repository, as git takes it: `https://...`, `ssh://...`, `git://...`, `user@host:path`.
    pub repository: String,
    /// A branch, a tag or a commit. `None`: the repository's default branch.
    pub reference: Option<String>,
    /// The directory or file in it, without `..`. `None`: the top.
    pub path: Option<PathBuf>,
}

impl GitSource {
    /// Reads a reference to a repository.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (repository, fragment) = match text.split_once('#') {
            Some((repository, fragment)) => (repository, Some(fragment)),
            None => (text, None),
        };
        let (reference, path) = match fragment.unwrap_or_default().split_once(':') {
            Some((reference, path)) => (reference, path),
            None => (fragment.unwrap_or_default(), ""),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let path = some(path.trim_matches('/')).map(PathBuf::from);
        if path.as_deref().is_some_and(|path| !path.components().all(|part| matches!(part, Component::Normal(_)))) {
            return Err("its path leads out of the repository".to_owned());
        }
        let reference = some(reference);
        if reference.as_deref().is_some_and(|reference| !is_reference(reference)) {
            return Err("what follows `#` is not the name of a branch or a tag, or a commit".to_owned());
        }
        Ok(GitSource { repository: repository_of(repository)?, reference, path })
    }

    /// The commit, if the reference is a whole one: it never means anything else.
    pub fn commit(&self) -> Option<&str> {
        self.reference.as_deref().filter(|text| is_commit(text))
    }
}

impl fmt::Display for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_login(&self.repository))?;
        f.write_str(self.reference.as_ref().map_or("", |_| "#"))?;
        f.write_str(self.reference.as_deref().unwrap_or_default())
    }
}

/// Whether a text is a whole commit: 40 digits, or 64 of a repository with SHA-256.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The rules of `git check-ref-format`, and no option of git.
fn is_reference(text: &str) -> bool {
    let is_odd = |byte: u8| byte <= b' ' || byte == 0x7f || b"~^:?*[\\".contains(&byte);
    !text.starts_with(['-', '/', '.']) && !text.contains("..") && !text.contains("@{") && !text.bytes().any(is_odd)
}

fn repository_of(text: &str) -> Result<String, String> {
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err("it holds a space or a control character".to_owned());
    }
    if text.starts_with("github.com/") {
        return repository_of(&format!("https://{text}"));
    }
    let (host, path) = match text.split_once("://") {
        Some(("https" | "ssh" | "git", rest)) => rest.split_once('/').unwrap_or((rest, "")),
        Some(("http", _)) => return Err("HTTP is not encrypted: use https".to_owned()),
        Some((protocol, _)) => {
            return Err(format!("wharf fetches by https, ssh and git, and not by `{protocol}`"));
        }
        // git@example.com:shop.git
        None => text.split_once(':').ok_or("it names no path of a repository")?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if host.is_empty() || host.starts_with('-') || path.is_empty() || path.starts_with('-') {
        return Err("it names no repository".to_owned());
    }
    let github = text.starts_with("https://github.com/");
    if text.starts_with("https://") && !github && !path.ends_with(".git") {
        return Err("the address of a repository by https ends with `.git`".to_owned());
    }
    Ok(text.to_owned())
}

/// The address without a user and a password.
fn without_login(repository: &str) -> String {
    let Some((protocol, rest)) = repository.split_once("://") else { return repository.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{protocol}://{host}{path}")
}

/// Fetches what a project names of Git repositories. Nothing is fetched without one: see [`Options::git`](crate::Options).
pub trait FetchGit: fmt::Debug + Send + Sync {
    /// The directory on this machine that has the files of the repository at that reference.
    ///
    /// # Errors
    /// Why it cannot be fetched. It holds no password.
    fn fetch(&self, source: &GitSource) -> Result<PathBuf, FetchError>;
}

/// Why something cannot be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Whether a path names a file elsewhere: in a Git repository or a registry.
pub(crate) fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.starts_with("github.com/")
}

/// The file on this machine that a path elsewhere means, fetched if the caller fetches. `None`: the report says why.
pub(crate) fn local(path: &str, files_of: Files<'_>, at: impl Into<At>, report: &mut Report) -> Option<PathBuf> {
    match find(path, files_of) {
        Ok(file) => Some(file),
        Err(FetchError { message, help }) => {
            report.error(at, message);
            if without_login(path) != path {
                report.without_excerpt();
            }
            if let Some(help) = help {
                report.help(help);
            }
            None
        }
    }
}

/// Why a project cannot begin with a file elsewhere (`-f`).
pub(crate) fn as_first(path: &str) -> FetchError {
    let shown = without_login(path);
    match is_in_registry(path) {
        true => in_registry(&shown),
        false => FetchError {
            message: format!("`{shown}` is not a file on this machine"),
            help: Some(format!("a project begins with a file here: write a compose.yaml with `include: [{shown:?}]`")),
        },
    }
}

fn is_in_registry(path: &str) -> bool {
    path.starts_with("oci://")
}

fn in_registry(shown: &str) -> FetchError {
    FetchError {
        message: format!("`{shown}` is in a registry, and wharf reads no Compose files from registries"),
        help: Some(format!("write it to a file, and name that: `docker compose -f {shown} config -o FILE`")),
    }
}

fn find(path: &str, files_of: Files<'_>) -> Result<PathBuf, FetchError> {
    let error = |message: String, help: &str| FetchError { message, help: Some(help.to_owned()) };
    let shown = without_login(path);
    if is_in_registry(path) {
        return Err(in_registry(&shown));
    }
    let source = GitSource::parse(path).map_err(|why| {
        error(
            format!("`{shown}` is not on this machine, and cannot be fetched: {why}"),
            "fetch it, and name the local file",
        )
    })?;
    let Some(fetch) = files_of.fetch else {
        let message = format!("`{shown}` is not on this machine, and nothing is fetched here");
        return Err(error(message, "fetch it first (`git clone`), and name the local file"));
    };
    let top = fetch.fetch(&source)?;
    let wanted = source.path.as_deref().map_or_else(|| top.clone(), |path| top.join(path));
    let file = if wanted.is_dir() {
        NAMES.iter().map(|name| wanted.join(name)).find(|file| file.is_file())
    } else {
        Some(wanted)
    };
    match file.filter(|file| is_within(file, &top)) {
        Some(file) => Ok(file),
        None => {
            let named = source.path.as_ref().map_or_else(|| NAMES.join(", "), |path| path.display().to_string());
            Err(error(
                format!("{source} has no file {named}"),
                "name a file or a directory of it after a colon: `#main:deploy`",
            ))
        }
    }
}

/// Whether a file is in a directory, symbolic links resolved.
fn is_within(file: &Path, directory: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(file).zip(real(directory)).is_some_and(|(file, directory)| file.is_file() && file.starts_with(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, Option<String>, Option<String>), String> {
        let GitSource { repository, reference, path } = GitSource::parse(text)?;
        Ok((repository, reference, path.map(|path| path.display().to_string())))
    }

    #[test]
    fn references_are_read_as_docker_compose_reads_them() {
        let some = |text: &str| Some(text.to_owned());
        for (text, repository, reference, path) in [
            ("https://example.com/x.git", "https://example.com/x.git", None, None),
            ("https://example.com/x.git#main", "https://example.com/x.git", some("main"), None),
            ("https://example.com/x.git#:deploy", "https://example.com/x.git", None, some("deploy")),
            ("ssh://git@example.com:22/x#v1:a/b.yaml", "ssh://git@example.com:22/x", some("v1"), some("a/b.yaml")),
            ("git@example.com:x.git#feature/a", "git@example.com:x.git", some("feature/a"), None),
            ("github.com/x/y", "https://github.com/x/y", None, None),
            ("git://localhost:1234/x", "git://localhost:1234/x", None, None),
        ] {
            assert_eq!(parsed(text), Ok((repository.to_owned(), reference, path)), "{text}");
        }
    }

    #[test]
    fn what_could_mean_something_else_to_git_is_refused() {
        for text in [
            "ext::sh -c x",
            "ext::touch% x",
            "file:///etc/x.git",
            "http://example.com/x.git",
            "https://example.com/x",
            "ssh://-oProxyCommand=x/y",
            "ssh://a@-oProxyCommand=x/y",
            "git@-oProxyCommand=x:y",
            "git@example.com:-x",
            "https:///x.git",
            "https://example.com/x.git#--upload-pack=x",
            "https://example.com/x.git#a..b",
            "https://example.com/x.git#a b",
            "https://example.com/x.git#main:../x",
            "https://example.com/x.git#main:a/../../x",
            "git@example.com",
        ] {
            assert!(parsed(text).is_err(), "{text}: {:?}", parsed(text));
        }
    }

    #[test]
    fn a_login_in_an_address_is_not_shown() {
        for login in ["me:hunter2@", "me:hun@ter2@", ""] {
            let source = GitSource::parse(&format!("https://{login}example.com/x.git#main")).unwrap();
            assert_eq!(source.to_string(), "https://example.com/x.git#main");
        }
        assert_eq!(without_login("https://example.com/@team/x.git"), "https://example.com/@team/x.git");
    }

    #[test]
    fn a_whole_commit_is_one() {
        let commit = |text: &str| GitSource::parse(&format!("git://x/y#{text}")).unwrap().commit().map(str::to_owned);
        let whole = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!((commit(whole), commit(&whole[..12])), (Some(whole.to_owned()), None));
    }
}
