//! What a build reads of this machine: the Dockerfile, directories, the sockets of SSH agents.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use wharf_buildkit::open_regular;
use wharf_compose::model::Build;

/// The name of a Dockerfile whose name is not written.
pub(crate) const USUAL: &str = "Dockerfile";
/// The file of a context that says what is not sent.
pub(super) const IGNORE_FILE: &str = ".dockerignore";
/// The largest Dockerfile, in bytes: the engine's frontend takes no larger one. An ignore file is no larger, either.
const LARGEST: u64 = 16 << 20;

/// What a build reads of this machine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// The context's directory, without symbolic links. `None`: the engine fetches the context.
    pub(crate) context: Option<PathBuf>,
    /// The Dockerfile. `None`: it is in the context that the engine fetches.
    pub(crate) dockerfile: Option<Dockerfile>,
    /// The directories among `additional_contexts`, by their names.
    pub(crate) further: BTreeMap<String, PathBuf>,
    /// The sockets of SSH agents, by the identifiers that the build has for them.
    pub(crate) agents: BTreeMap<String, PathBuf>,
}

/// A Dockerfile of this machine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dockerfile {
    /// Where it is, without symbolic links. `None`: it is written in the Compose file.
    pub(crate) path: Option<PathBuf>,
    /// Its text.
    pub(crate) text: Vec<u8>,
    /// What its own ignore file says, `<Dockerfile>.dockerignore`.
    pub(crate) ignore: Option<Vec<u8>>,
}

/// Whether a context is a directory of this machine: the reader has made its path absolute. The engine fetches all others.
pub(crate) fn is_directory(context: &str) -> bool {
    Path::new(context).is_absolute()
}

impl Sources {
    /// Reads what `build` names. `agent` is the socket of the caller's own SSH agent.
    ///
    /// # Errors
    /// What is not there or cannot be used, in one sentence.
    pub(crate) fn read(build: &Build, agent: Option<&Path>) -> Result<Self, String> {
        let directory = |what: &str, path: &str| {
            let found = Path::new(path).canonicalize().ok().filter(|found| found.is_dir());
            found.ok_or_else(|| format!("the {what} {path} is not a directory"))
        };
        let context = match is_directory(&build.context) {
            true => Some(directory("build context", &build.context)?),
            false => None,
        };
        let mut further = BTreeMap::new();
        for (name, context) in build.additional_contexts.iter().filter(|(_, context)| is_directory(context)) {
            further.insert(name.clone(), directory(&format!("context `{name}`"), context)?);
        }
        let dockerfile = Dockerfile::of(build, context.as_deref())?;
        Ok(Sources { agents: agents(build, agent)?, context, dockerfile, further })
    }
}

impl Dockerfile {
    /// The Dockerfile of a build whose context is the directory `root`; without one, the engine fetches the context. `None`: the
    /// Dockerfile is in what the engine fetches.
    ///
    /// # Errors
    /// What is not there or cannot be read, in one sentence.
    pub(crate) fn of(build: &Build, root: Option<&Path>) -> Result<Option<Self>, String> {
        match (&build.dockerfile_inline, &build.dockerfile, root) {
            (Some(text), _, _) => Ok(Some(Dockerfile { text: text.clone().into_bytes(), ..Dockerfile::default() })),
            (None, path, Some(root)) => Dockerfile::at(&root.join(path.as_deref().unwrap_or(USUAL))).map(Some),
            (None, Some(path), None) if is_directory(path) => Dockerfile::at(Path::new(path)).map(Some),
            (None, _, None) => Ok(None),
        }
    }

    fn at(path: &Path) -> Result<Self, String> {
        let found = path.canonicalize().map_err(|_| format!("there is no Dockerfile at {}", path.display()))?;
        let text = read_limited(&found).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut own = found.clone().into_os_string();
        own.push(IGNORE_FILE);
        let ignore = ignore_text(Path::new(&own))?;
        Ok(Dockerfile { path: Some(found), text, ignore })
    }

    /// The ignore file that counts for the context in the directory `root`: the Dockerfile's own, or the context's. It is empty
    /// if there is none.
    ///
    /// # Errors
    /// It cannot be read. Without it, what it excludes would be sent.
    pub(crate) fn ignore_file(&self, root: &Path) -> Result<Vec<u8>, String> {
        let text = match &self.ignore {
            Some(own) => Some(own.clone()),
            None => ignore_text(&root.join(IGNORE_FILE))?,
        };
        Ok(text.unwrap_or_default())
    }

    /// Its file name.
    pub(crate) fn name(&self) -> &str {
        self.path.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or(USUAL)
    }
}

/// The text of an ignore file. `None`: there is none.
fn ignore_text(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match read_limited(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    open_regular(path)?.take(LARGEST + 1).read_to_end(&mut text)?;
    match text.len() as u64 > LARGEST {
        true => Err(std::io::Error::other(format!("it has more than {} MiB", LARGEST >> 20))),
        false => Ok(text),
    }
}

/// The agents that `ssh` names, and the caller's own for a context that is fetched through SSH.
fn agents(build: &Build, own: Option<&Path>) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut agents = BTreeMap::new();
    for (id, path) in &build.ssh {
        let socket = match (path, own) {
            (Some(path), _) => PathBuf::from(path),
            (None, Some(own)) => own.to_owned(),
            (None, None) => {
                return Err(format!(
                    "`ssh: {id}` asks for an SSH agent, and SSH_AUTH_SOCK names none (start one by `eval $(ssh-agent)`)"
                ));
            }
        };
        let kind = std::fs::metadata(&socket).map_err(|error| format!("`ssh: {id}`: {}: {error}", socket.display()))?;
        if !kind.file_type().is_socket() {
            let path = socket.display();
            return Err(format!(
                "`ssh: {id}={path}` is not the socket of an SSH agent, and wharf does not read keys itself: load it by `ssh-add \
                 {path}`, and write `ssh: [default]`"
            ));
        }
        agents.insert(id.clone(), socket);
    }
    let through_ssh = ["git@", "ssh://"].iter().any(|prefix| build.context.starts_with(prefix));
    if let (true, Some(own)) = (through_ssh, own) {
        agents.entry("default".to_owned()).or_insert_with(|| own.to_owned());
    }
    Ok(agents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(context: &Path) -> Build {
        Build { context: context.display().to_string(), ..Build::default() }
    }

    #[test]
    fn a_dockerfile_comes_with_its_own_ignore_file() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("web.Dockerfile"), "FROM x").unwrap();
        std::fs::write(root.path().join("web.Dockerfile.dockerignore"), "a").unwrap();
        std::os::unix::fs::symlink("web.Dockerfile", root.path().join("link")).unwrap();
        let build = Build { dockerfile: Some("link".to_owned()), ..build(root.path()) };
        let read = Sources::read(&build, None).unwrap().dockerfile.unwrap();
        assert_eq!(
            (read.name(), read.text.as_slice(), read.ignore.as_deref()),
            ("web.Dockerfile", &b"FROM x"[..], Some(&b"a"[..]))
        );
    }

    #[test]
    fn what_is_not_there_is_said() {
        let root = tempfile::tempdir().unwrap();
        let said =
            |build: &Build| Sources::read(build, None).unwrap_err().replace(root.path().to_str().unwrap(), "ROOT");
        assert_eq!(said(&build(root.path())), "there is no Dockerfile at ROOT/Dockerfile");
        assert_eq!(said(&build(&root.path().join("gone"))), "the build context ROOT/gone is not a directory");
        let inline = Build { dockerfile_inline: Some("FROM x".to_owned()), ..build(root.path()) };
        let further = [("base".to_owned(), root.path().join("base").display().to_string())].into();
        assert_eq!(
            said(&Build { additional_contexts: further, ..inline.clone() }),
            "the context `base` ROOT/base is not a directory"
        );
        let ssh = |path: Option<String>| Build { ssh: [("default".to_owned(), path)].into(), ..inline.clone() };
        assert!(said(&ssh(None)).contains("SSH_AUTH_SOCK names none"));
        let key = root.path().join("key");
        std::fs::write(&key, "").unwrap();
        assert!(said(&ssh(Some(key.display().to_string()))).contains("load it by `ssh-add ROOT/key`"));
    }

    #[test]
    fn what_the_engine_fetches_is_not_looked_for_here() {
        let git = Build { context: "git@example.com:x.git#main:web".to_owned(), ..Build::default() };
        let own = Path::new("/run/agent");
        let read = Sources::read(&git, Some(own)).unwrap();
        let agents = BTreeMap::from([("default".to_owned(), own.to_owned())]);
        assert_eq!(read, Sources { agents, ..Sources::default() });
    }
}
