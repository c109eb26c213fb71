//! What `setup` can install, and where it belongs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap_complete::Shell;
use serde::{Deserialize, Serialize};

use super::disk::Content;
use crate::invocation::Called;
use crate::verbs::completion;

/// A part of the installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Part {
    /// `docker compose` is wharf: a link in ~/.docker/cli-plugins
    Plugin,
    /// `docker-compose` is wharf: a link in a directory of PATH
    DockerCompose,
    /// Completion for your shell
    Completion,
}

/// A file or link to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) part: Part,
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// Where things belong for this user.
pub(super) struct Places<'a> {
    pub(super) environment: &'a BTreeMap<String, String>,
    /// The directory of docker's configuration.
    pub(super) docker_config: PathBuf,
    /// The program that links lead to.
    pub(super) program: PathBuf,
    /// Where `docker-compose` goes, if not to the usual directory.
    pub(super) directory: Option<PathBuf>,
    /// The shell to complete for, if not the user's.
    pub(super) shell: Option<Shell>,
}

impl Places<'_> {
    /// The record of what was made.
    ///
    /// # Errors
    /// Without a home directory.
    pub(super) fn record(&self) -> anyhow::Result<PathBuf> {
        Ok(self.base("XDG_STATE_HOME", ".local/state")?.join("wharf/setup.json"))
    }

    /// What parts consist of.
    ///
    /// # Errors
    /// If there is no place for one.
    pub(super) fn items(&self, parts: &[Part]) -> anyhow::Result<Vec<Item>> {
        let mut items = Vec::new();
        for &part in parts {
            let link = |path| Item { part, path, content: Content::Link(self.program.clone()) };
            match part {
                Part::Plugin => items.push(link(self.docker_config.join("cli-plugins/docker-compose"))),
                Part::DockerCompose => items.push(link(self.directory_of_path()?.join("docker-compose"))),
                Part::Completion => {
                    let shell = self.user_shell()?;
                    let is_docker_compose = parts.contains(&Part::DockerCompose) || self.is_docker_compose();
                    for called in [Called::Wharf, Called::DockerCompose] {
                        if called == Called::Wharf || is_docker_compose {
                            let script = completion::script(shell, called);
                            let path = self.completion(shell, called)?;
                            items.push(Item { part, path, content: Content::File(script.into_bytes()) });
                        }
                    }
                }
            }
        }
        Ok(items)
    }

    /// Whether the `docker-compose` that PATH leads to is this program.
    fn is_docker_compose(&self) -> bool {
        let found = self.path().map(|directory| directory.join("docker-compose")).find(|found| found.is_file());
        let resolved = found.and_then(|found| found.canonicalize().ok());
        resolved.is_some() && resolved == self.program.canonicalize().ok()
    }

    /// What the user should know once the parts are there.
    pub(super) fn hints(&self, items: &[Item]) -> Vec<String> {
        let hint = |item: &Item| match item.part {
            Part::Plugin => Some("`docker compose` is wharf: try `docker compose version`".to_owned()),
            Part::DockerCompose => Some(match self.found_first(&item.path) {
                None => "`docker-compose` is wharf: try `docker-compose version`".to_owned(),
                Some(first) => format!("{} comes before it in PATH", first.display()),
            }),
            Part::Completion if item.path.file_name().is_some_and(|name| name == "_docker-compose") => None,
            Part::Completion if item.path.file_name().is_some_and(|name| name == "_wharf") => {
                let directory = item.path.parent().unwrap_or(&item.path).display();
                Some(format!("zsh finds the completion if ~/.zshrc has, before compinit: fpath+=({directory})"))
            }
            Part::Completion => {
                let name = item.path.file_stem().unwrap_or_default().to_string_lossy();
                Some(format!("new shells complete {name}: verbs, flags, services, profiles"))
            }
        };
        items.iter().filter_map(hint).collect()
    }

    /// Another `docker-compose` that PATH leads to before this one.
    fn found_first(&self, path: &Path) -> Option<PathBuf> {
        let found = self.path().map(|directory| directory.join("docker-compose"));
        found.take_while(|found| found != path).find(|found| found.is_file())
    }

    fn path(&self) -> impl Iterator<Item = PathBuf> {
        std::env::split_paths(self.variable("PATH").unwrap_or_default())
    }

    fn directory_of_path(&self) -> anyhow::Result<PathBuf> {
        let directory = match &self.directory {
            Some(directory) => std::path::absolute(directory)?,
            None => self.home()?.join(".local/bin"),
        };
        match self.path().any(|of_path| of_path == directory) {
            true => Ok(directory),
            false => anyhow::bail!(
                "{} is not in PATH; add it, or name a directory of PATH with --directory",
                directory.display()
            ),
        }
    }

    fn user_shell(&self) -> anyhow::Result<Shell> {
        let name = Path::new(self.variable("SHELL").unwrap_or_default()).file_name();
        let users = || Shell::from_str(name?.to_str()?, true).ok();
        self.shell.or_else(users).ok_or_else(|| anyhow::anyhow!("SHELL names no shell; name one with --shell"))
    }

    /// Where a shell looks for a user's completions of a name.
    fn completion(&self, shell: Shell, called: Called) -> anyhow::Result<PathBuf> {
        let name = called.program();
        let data = || self.base("XDG_DATA_HOME", ".local/share");
        Ok(match shell {
            Shell::Bash => data()?.join("bash-completion/completions").join(name),
            Shell::Zsh => data()?.join(format!("zsh/site-functions/_{name}")),
            Shell::Fish => self.base("XDG_CONFIG_HOME", ".config")?.join(format!("fish/completions/{name}.fish")),
            other => {
                anyhow::bail!("{other} has no directory for completions; `wharf completion {other}` prints the script")
            }
        })
    }

    /// A directory of the XDG specification, or its default below the home directory.
    fn base(&self, variable: &str, default: &str) -> anyhow::Result<PathBuf> {
        match self.variable(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(path) => Ok(path),
            None => Ok(self.home()?.join(default)),
        }
    }

    fn home(&self) -> anyhow::Result<PathBuf> {
        let home = self.variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        home.ok_or_else(|| anyhow::anyhow!("HOME does not name a home directory"))
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
