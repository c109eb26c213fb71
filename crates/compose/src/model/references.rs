//! How a service refers to other services, to containers and to what both share.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::Service;
use super::text::serde_as_text;

/// A namespace that a container has or shares: `network_mode`, `ipc`, `pid`, `uts`, `cgroup`, `userns_mode`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// The host's.
    Host,
    /// None (`network_mode: none`, `ipc: none`).
    None,
    /// That of a service's first container.
    Service(String),
    /// That of a container, by its name or identifier.
    Container(String),
    /// Another one that the engine knows by its name: `bridge`, `private`, `shareable`, a network.
    Named(String),
}

impl Namespace {
    /// The service that it is shared with.
    pub fn service(&self) -> Option<&str> {
        match self {
            Namespace::Service(name) => Some(name),
            _ => None,
        }
    }
}

impl FromStr for Namespace {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "host" => Namespace::Host,
            "none" => Namespace::None,
            _ => match text.split_once(':') {
                Some(("service", name)) => Namespace::Service(name.to_owned()),
                Some(("container", name)) => Namespace::Container(name.to_owned()),
                _ => Namespace::Named(text.to_owned()),
            },
        })
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Namespace::Host => f.write_str("host"),
            Namespace::None => f.write_str("none"),
            Namespace::Service(name) => write!(f, "service:{name}"),
            Namespace::Container(name) => write!(f, "container:{name}"),
            Namespace::Named(name) => f.write_str(name),
        }
    }
}

/// An entry of `links`: `SERVICE[:ALIAS]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// The service.
    pub service: String,
    /// The name under which its first container is reached, if it is not the service's.
    pub alias: Option<String>,
}

impl FromStr for Link {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        // More than one colon makes no alias, but a name that no service has.
        let (service, alias) = match text.split_once(':').filter(|(_, alias)| !alias.contains(':')) {
            Some((service, alias)) => (service, Some(alias.to_owned())),
            None => (text, None),
        };
        Ok(Self { service: service.to_owned(), alias })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.service)?;
        self.alias.iter().try_for_each(|alias| write!(f, ":{alias}"))
    }
}

/// An entry of `volumes_from`: `SERVICE[:MODE]` or `container:NAME[:MODE]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VolumesFrom {
    /// Whose mounts are taken over.
    pub source: VolumesSource,
    /// `ro` or `rw`, if the file names one.
    pub mode: Option<String>,
}

/// Whose mounts are taken over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VolumesSource {
    /// Those of a service's first container.
    Service(String),
    /// Those of a container.
    Container(String),
}

impl FromStr for VolumesFrom {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (container, rest) = match text.strip_prefix("container:") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (name, mode) = match rest.split_once(':') {
            Some((name, mode)) => (name.to_owned(), Some(mode.to_owned())),
            None => (rest.to_owned(), None),
        };
        let source = if container { VolumesSource::Container(name) } else { VolumesSource::Service(name) };
        Ok(Self { source, mode })
    }
}

impl fmt::Display for VolumesFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            VolumesSource::Service(name) => f.write_str(name)?,
            VolumesSource::Container(name) => write!(f, "container:{name}")?,
        }
        self.mode.iter().try_for_each(|mode| write!(f, ":{mode}"))
    }
}

/// What a key of a service refers to another service by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    Namespace,
    Link,
    Volumes,
}

/// The keys whose values refer to services, and how.
pub(crate) const REFERENCES: [(&str, Reference); 7] = [
    ("links", Reference::Link),
    ("network_mode", Reference::Namespace),
    ("ipc", Reference::Namespace),
    ("pid", Reference::Namespace),
    ("uts", Reference::Namespace),
    ("cgroup", Reference::Namespace),
    ("volumes_from", Reference::Volumes),
];

impl Reference {
    /// Whether the service is restarted together with the one it refers to.
    pub(crate) fn follows_restart(self) -> bool {
        self != Reference::Volumes
    }

    /// The service that a value of the key refers to.
    pub(crate) fn service(self, text: &str) -> Option<String> {
        match self {
            Reference::Namespace => match text.parse() {
                Ok(Namespace::Service(name)) => Some(name),
                _ => None,
            },
            Reference::Link => text.parse::<Link>().ok().map(|link| link.service),
            Reference::Volumes => match text.parse::<VolumesFrom>().ok()?.source {
                VolumesSource::Service(name) => Some(name),
                VolumesSource::Container(_) => None,
            },
        }
    }
}

impl Service {
    /// The services whose containers this one refers to: by its namespaces, volumes and links. `depends_on` names them,
    /// too, in a project that is [normalised](crate::Passes::normalise).
    pub fn refers_to(&self) -> impl Iterator<Item = &str> {
        self.shares_with().chain(self.links.iter().map(|link| link.service.as_str()))
    }

    /// The services whose namespaces or volumes this one shares. The engine binds them to one container for good.
    pub fn shares_with(&self) -> impl Iterator<Item = &str> {
        let namespaces = [&self.network_mode, &self.ipc, &self.pid, &self.uts, &self.cgroup];
        let namespaces = namespaces.into_iter().flatten().filter_map(Namespace::service);
        let volumes = self.volumes_from.iter().filter_map(|from| match &from.source {
            VolumesSource::Service(name) => Some(name.as_str()),
            VolumesSource::Container(_) => None,
        });
        namespaces.chain(volumes)
    }
}

serde_as_text!(Namespace, Link, VolumesFrom);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Project};

    #[test]
    fn references_are_written_as_they_were_read() {
        for text in ["host", "none", "service:db", "container:", "container:a:b", "bridge", "service"] {
            assert_eq!(text.parse::<Namespace>().unwrap().to_string(), text);
        }
        for text in ["db", "db:alias", "db:a:b", ""] {
            assert_eq!(text.parse::<Link>().unwrap().to_string(), text);
        }
        for text in ["db", "db:ro", "container:x", "container:x:ro"] {
            assert_eq!(text.parse::<VolumesFrom>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_a_service_refers_to_it_depends_on() {
        let text = "
services:
  web:
    image: x
    links: ['a:alias']
    network_mode: service:b
    ipc: service:c
    pid: service:d
    uts: service:e
    volumes_from: ['f:ro', 'container:other']
  a: {image: x}
  b: {image: x}
  c: {image: x}
  d: {image: x}
  e: {image: x}
  f: {image: x}
";
        let project = Project::load(&Options::from_text(text)).expect("the project can be loaded").project;
        let web = &project.services["web"];
        assert_eq!(web.refers_to().collect::<Vec<_>>(), ["b", "c", "d", "e", "f", "a"]);
        let mut depends_on: Vec<_> = web.depends_on.keys().collect();
        depends_on.sort_unstable();
        assert_eq!(depends_on, ["a", "b", "c", "d", "e", "f"]);
    }
}
