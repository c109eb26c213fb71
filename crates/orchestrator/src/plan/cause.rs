//! Why a step is in a plan.

use std::fmt;

use wharf_docker::names::short_id;

use crate::difference::{Difference, fields};

/// Why a plan has a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The file names it and the engine does not have it.
    Missing,
    /// The caller asked for it.
    Asked,
    /// `pull_policy` asks for it.
    PullPolicy {
        /// The policy.
        policy: String,
    },
    /// The container was made from another configuration.
    ConfigurationChanged {
        /// In what it differs, as far as an inspection shows it.
        differences: Vec<Difference>,
    },
    /// The container was made from another image of that name.
    ImageChanged {
        /// Identifier of the image that it was made from.
        was: String,
        /// Identifier of the image that has the name now.
        will: String,
    },
    /// The network or volume has other settings than the file.
    SettingsChanged {
        /// Those that the file names.
        differences: Vec<Difference>,
    },
    /// A volume that it uses is replaced.
    VolumeReplaced {
        /// The volume's name in the engine.
        volume: String,
    },
    /// The container is not in a network that the file names.
    NetworkLost {
        /// The network's name in the engine.
        network: String,
    },
    /// A service that it shares namespaces with, or whose restart it follows, is replaced.
    DependencyReplaced {
        /// That service.
        service: String,
    },
    /// There are more replicas than requested.
    ScaledDown {
        /// The requested number.
        to: u32,
    },
    /// It is not running.
    Stopped,
    /// Another service waits for it.
    NeededBy {
        /// That service.
        service: String,
    },
    /// The file does not name its service.
    Orphan,
    /// Files that its service watches have changed.
    FilesChanged {
        /// One of them.
        file: String,
        /// How many more there are.
        others: usize,
    },
    /// The file asks for it at this point of the container's life.
    Hook,
    /// An earlier update was interrupted.
    InterruptedUpdate,
    /// Only its provider knows whether there is something to do.
    Provider {
        /// The provider.
        provider: String,
    },
    /// Another network of the project has its name.
    NameNotUnique,
    /// The step completes what an earlier one began.
    Follows,
}

impl Cause {
    /// Whether it tells something about a container, network or volume that was there before: why it does not stay as it is.
    pub fn is_news(&self) -> bool {
        use Cause::{Asked, Follows, Hook, Missing, NeededBy, Provider, PullPolicy, Stopped};
        !matches!(
            self,
            Missing | Asked | PullPolicy { .. } | Stopped | NeededBy { .. } | Hook | Provider { .. } | Follows
        )
    }

    /// What changed, by field.
    pub fn differences(&self) -> Vec<Difference> {
        match self {
            Cause::ConfigurationChanged { differences } | Cause::SettingsChanged { differences } => differences.clone(),
            Cause::ImageChanged { was, will } => {
                let short = |id: &str| Some(short_id(id.strip_prefix("sha256:").unwrap_or(id)).to_owned());
                vec![Difference::new("image id", short(was), short(will))]
            }
            _ => Vec::new(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Missing => f.write_str("not there yet"),
            Cause::Asked => f.write_str("asked for"),
            Cause::PullPolicy { policy } => write!(f, "pull_policy: {policy}"),
            Cause::ConfigurationChanged { differences } => {
                write!(f, "{} changed", fields(differences, "its configuration"))
            }
            Cause::ImageChanged { .. } => f.write_str("its image changed"),
            Cause::SettingsChanged { differences } => write!(f, "{} changed", fields(differences, "its settings")),
            Cause::VolumeReplaced { volume } => write!(f, "volume {volume} is replaced"),
            Cause::NetworkLost { network } => write!(f, "not in network {network}"),
            Cause::DependencyReplaced { service } => write!(f, "{service} is replaced"),
            Cause::ScaledDown { to } => write!(f, "scaled down to {to}"),
            Cause::Stopped => f.write_str("not running"),
            Cause::NeededBy { service } => write!(f, "{service} waits for it"),
            Cause::Orphan => f.write_str("an orphan"),
            Cause::FilesChanged { file, others: 0 } => write!(f, "{file} changed"),
            Cause::FilesChanged { file, others } => write!(f, "{file} and {others} more changed"),
            Cause::Hook => f.write_str("a hook of its service"),
            Cause::Provider { provider } => write!(f, "{provider} is asked at every start"),
            Cause::InterruptedUpdate => f.write_str("left over from an interrupted update"),
            Cause::NameNotUnique => f.write_str("another network has its name"),
            Cause::Follows => Ok(()),
        }
    }
}
