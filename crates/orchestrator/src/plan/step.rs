//! One step of a plan, and why it is there.

use serde::Serialize;
use wharf_compose::model::{Hook, Service};

use crate::copy::CopyInto;

/// What is done: one thing in the engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Step {
    /// Pull an image; where that fails, build it for `or_build`.
    PullImage {
        /// The image's reference.
        image: String,
        /// The service that is built if the registry does not have the image.
        #[serde(skip_serializing_if = "Option::is_none")]
        or_build: Option<String>,
        /// A failure is reported and stops nothing.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        may_fail: bool,
    },
    /// Build a service's image.
    BuildImage {
        /// The name it gets.
        image: String,
        /// The service whose `build` says how.
        service: String,
    },
    /// Create a network.
    CreateNetwork {
        /// Its key in the file.
        key: String,
        /// Its name in the engine.
        name: String,
    },
    /// Create a volume.
    CreateVolume {
        /// Its key in the file.
        key: String,
        /// Its name in the engine.
        name: String,
    },
    /// Create a replica's container.
    CreateContainer {
        /// The service.
        service: String,
        /// The replica's number.
        number: u32,
        /// The container's name.
        name: String,
        /// The container whose anonymous volumes it takes over.
        #[serde(skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    /// Give a container the name of the one it replaces.
    RenameContainer {
        /// The name it has.
        from: String,
        /// The name it gets.
        to: String,
    },
    /// Start a container.
    StartContainer {
        /// The container's name.
        name: String,
    },
    /// Run one of a service's `pre_start` containers to its end, with the volumes of a container that is not started yet.
    RunInitContainer {
        /// The service.
        service: String,
        /// Which one of its `pre_start`, from 0.
        index: usize,
        /// The container's name.
        name: String,
    },
    /// Run one of a service's commands for a moment of a container's life, in that container.
    RunHook {
        /// The service.
        service: String,
        /// The moment.
        moment: Moment,
        /// Which command, from 0.
        index: usize,
        /// The container's name.
        name: String,
    },
    /// Wait until a container is in a state.
    AwaitContainer {
        /// The container's name.
        name: String,
        /// The state.
        until: Until,
        /// It is reported, and stops nothing, if it never comes to that: nobody requires it (`required: false`).
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        optional: bool,
    },
    /// Ask a container to stop, and kill it after a grace period.
    StopContainer {
        /// The container's name.
        name: String,
        /// Seconds until it is killed; `None`: as the container was configured (10 if it was not).
        #[serde(skip_serializing_if = "Option::is_none")]
        grace: Option<u64>,
    },
    /// Stop a container and start it again.
    RestartContainer {
        /// The container's name.
        name: String,
        /// Seconds until it is killed, as for a stop.
        #[serde(skip_serializing_if = "Option::is_none")]
        grace: Option<u64>,
    },
    /// Send a signal to a container's main process.
    KillContainer {
        /// The container's name.
        name: String,
        /// The signal, by name or number.
        signal: String,
    },
    /// Freeze a container's processes.
    PauseContainer {
        /// The container's name.
        name: String,
    },
    /// Let a frozen container's processes go on.
    UnpauseContainer {
        /// The container's name.
        name: String,
    },
    /// Make an image of what a container's files are now.
    CommitContainer {
        /// The container's name.
        name: String,
        /// The image's reference; `None`: it has only an identifier.
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<String>,
        /// Who made it.
        #[serde(skip_serializing_if = "Option::is_none")]
        author: Option<String>,
        /// What was changed.
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Instructions of a Dockerfile that are applied to the image (`ENV DEBUG=1`).
        #[serde(skip_serializing_if = "Vec::is_empty")]
        changes: Vec<String>,
        /// The container is paused meanwhile.
        pause: bool,
    },
    /// Copy files of this machine into a container.
    CopyInto {
        /// The container's name.
        name: String,
        /// What is copied.
        #[serde(flatten)]
        copy: CopyInto,
    },
    /// Remove a stopped container.
    RemoveContainer {
        /// The container's name.
        name: String,
        /// Its anonymous volumes, too.
        volumes: bool,
    },
    /// Remove a network.
    RemoveNetwork {
        /// Its name.
        name: String,
    },
    /// Remove a volume with all it holds.
    RemoveVolume {
        /// Its name.
        name: String,
    },
    /// Remove an image.
    RemoveImage {
        /// Its reference.
        image: String,
    },
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// It is healthy; without a health check that cannot be.
    Healthy,
    /// It is healthy, or runs where it has no health check.
    RunningOrHealthy,
    /// It has exited with code 0.
    Completed,
}

/// A moment of a container's life at which the file may ask for commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// After it was started.
    PostStart,
    /// Before it is stopped.
    PreStop,
}

impl Moment {
    /// The key in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Moment::PostStart => "post_start",
            Moment::PreStop => "pre_stop",
        }
    }

    /// The service's commands for this moment.
    pub fn hooks(self, service: &Service) -> &[Hook] {
        match self {
            Moment::PostStart => &service.post_start,
            Moment::PreStop => &service.pre_stop,
        }
    }
}

impl std::fmt::Display for Until {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Until::Healthy => "healthy",
            Until::RunningOrHealthy => "running or healthy",
            Until::Completed => "completed",
        })
    }
}

/// Why a step is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
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
    ConfigurationChanged,
    /// The container was made from another image of that name.
    ImageChanged,
    /// A service that it shares namespaces with, or whose restart it follows, is replaced.
    DependencyReplaced {
        /// That service.
        service: String,
    },
    /// There are more replicas than asked for.
    ScaledDown {
        /// How many there are to be.
        to: u32,
    },
    /// It is not running.
    Stopped,
    /// Another service needs it like that.
    NeededBy {
        /// That service.
        service: String,
    },
    /// The file does not name its service.
    Orphan,
    /// The file asks for it at this moment of the container's life.
    Hook,
    /// An earlier update was interrupted.
    InterruptedUpdate,
    /// The step is a part of what was begun by an earlier one.
    Follows,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::Missing => f.write_str("not there yet"),
            Cause::Asked => f.write_str("asked for"),
            Cause::PullPolicy { policy } => write!(f, "pull_policy: {policy}"),
            Cause::ConfigurationChanged => f.write_str("its configuration changed"),
            Cause::ImageChanged => f.write_str("its image changed"),
            Cause::DependencyReplaced { service } => write!(f, "{service} is replaced"),
            Cause::ScaledDown { to } => write!(f, "scaled down to {to}"),
            Cause::Stopped => f.write_str("not running"),
            Cause::NeededBy { service } => write!(f, "{service} waits for it"),
            Cause::Orphan => f.write_str("an orphan"),
            Cause::Hook => f.write_str("a hook of its service"),
            Cause::InterruptedUpdate => f.write_str("left over from an interrupted update"),
            Cause::Follows => Ok(()),
        }
    }
}

impl Step {
    /// What the step is about, as progress lines name it.
    pub fn subject(&self) -> String {
        match self {
            Step::PullImage { image, .. } | Step::BuildImage { image, .. } | Step::RemoveImage { image } => {
                format!("Image {image}")
            }
            Step::CreateNetwork { name, .. } | Step::RemoveNetwork { name } => format!("Network {name}"),
            Step::CreateVolume { name, .. } | Step::RemoveVolume { name } => format!("Volume {name}"),
            Step::RenameContainer { to, .. } => format!("Container {to}"),
            Step::CreateContainer { name, .. }
            | Step::RunInitContainer { name, .. }
            | Step::RunHook { name, .. }
            | Step::PauseContainer { name }
            | Step::UnpauseContainer { name }
            | Step::CommitContainer { name, .. }
            | Step::CopyInto { name, .. }
            | Step::StartContainer { name }
            | Step::AwaitContainer { name, .. }
            | Step::StopContainer { name, .. }
            | Step::RestartContainer { name, .. }
            | Step::KillContainer { name, .. }
            | Step::RemoveContainer { name, .. } => format!("Container {name}"),
        }
    }

    /// The words for doing it and for having done it.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Step::PullImage { .. } => ("Pulling", "Pulled"),
            Step::BuildImage { .. } => ("Building", "Built"),
            Step::CreateNetwork { .. } | Step::CreateVolume { .. } => ("Creating", "Created"),
            Step::CreateContainer { replaces: Some(_), .. } => ("Recreating", "Recreated"),
            Step::CreateContainer { .. } => ("Creating", "Created"),
            Step::RenameContainer { .. } => ("Renaming", "Renamed"),
            Step::StartContainer { .. } => ("Starting", "Started"),
            Step::RunInitContainer { .. } => ("Running pre_start", "Ran pre_start"),
            Step::RunHook { moment: Moment::PostStart, .. } => ("Running post_start", "Started"),
            Step::RunHook { moment: Moment::PreStop, .. } => ("Running pre_stop", "Ran pre_stop"),
            Step::PauseContainer { .. } => ("Pausing", "Paused"),
            Step::UnpauseContainer { .. } => ("Unpausing", "Unpaused"),
            Step::CommitContainer { .. } => ("Committing", "Committed"),
            Step::CopyInto { .. } => ("Copying", "Copied"),
            Step::AwaitContainer { until: Until::Completed, .. } => ("Waiting", "Exited"),
            Step::AwaitContainer { .. } => ("Waiting", "Healthy"),
            Step::StopContainer { .. } => ("Stopping", "Stopped"),
            Step::RestartContainer { .. } => ("Restarting", "Started"),
            Step::KillContainer { .. } => ("Killing", "Killed"),
            Step::RemoveContainer { .. }
            | Step::RemoveNetwork { .. }
            | Step::RemoveVolume { .. }
            | Step::RemoveImage { .. } => ("Removing", "Removed"),
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::PullImage { image, or_build: None, .. } => write!(f, "pull image {image}"),
            Step::PullImage { image, or_build: Some(_), .. } => write!(f, "pull or build image {image}"),
            Step::BuildImage { image, .. } => write!(f, "build image {image}"),
            Step::CreateNetwork { name, .. } => write!(f, "create network {name}"),
            Step::CreateVolume { name, .. } => write!(f, "create volume {name}"),
            Step::CreateContainer { name, .. } => write!(f, "create container {name}"),
            Step::RenameContainer { from, to } => write!(f, "rename container {from} to {to}"),
            Step::StartContainer { name } => write!(f, "start container {name}"),
            Step::RunInitContainer { service, index, name } => {
                write!(f, "run pre_start[{index}] of service {service} with the volumes of {name}")
            }
            Step::RunHook { moment, index, name, .. } => write!(f, "run {}[{index}] in {name}", moment.as_str()),
            Step::PauseContainer { name } => write!(f, "pause container {name}"),
            Step::UnpauseContainer { name } => write!(f, "unpause container {name}"),
            Step::CommitContainer { name, image: Some(image), .. } => write!(f, "commit container {name} as {image}"),
            Step::CommitContainer { name, image: None, .. } => write!(f, "commit container {name}"),
            Step::CopyInto { name, copy } => write!(f, "copy {} to {name}:{}", copy.source, copy.target),
            Step::AwaitContainer { name, until, .. } => write!(f, "wait until {name} is {until}"),
            Step::StopContainer { name, .. } => write!(f, "stop container {name}"),
            Step::RestartContainer { name, .. } => write!(f, "restart container {name}"),
            Step::KillContainer { name, signal } => write!(f, "send {signal} to container {name}"),
            Step::RemoveContainer { name, .. } => write!(f, "remove container {name}"),
            Step::RemoveNetwork { name } => write!(f, "remove network {name}"),
            Step::RemoveVolume { name } => write!(f, "remove volume {name}"),
            Step::RemoveImage { image } => write!(f, "remove image {image}"),
        }
    }
}
