//! What happens while a plan is carried out, as values. Whoever shows them chooses the words.

use std::fmt;

use wharf_compose::model::{Hook, Service};
pub use wharf_plan::{Amount, Part, PartState};

/// News of one step of a plan.
pub type Event = wharf_plan::Event<Subject, Act, Outcome>;

/// How far a step is.
pub type Progress = wharf_plan::Progress<Outcome>;

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// An image, by its reference.
    Image(String),
    /// A network, by its name.
    Network(String),
    /// A volume, by its name.
    Volume(String),
    /// A container, by its name.
    Container(String),
    /// A service without containers, which a program provides.
    Service(String),
}

impl Subject {
    /// The name alone.
    pub fn name(&self) -> &str {
        match self {
            Subject::Image(name)
            | Subject::Network(name)
            | Subject::Volume(name)
            | Subject::Container(name)
            | Subject::Service(name) => name,
        }
    }
}

/// What a step does to its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Pulls an image.
    Pull,
    /// Pushes an image.
    Push,
    /// Builds an image.
    Build,
    /// Creates a network, a volume, a container, or what a provider provides.
    Create,
    /// Creates a container that replaces another, or a network or a volume with other settings.
    Recreate,
    /// Gives a container another name.
    Rename,
    /// Starts a container.
    Start,
    /// Runs a `pre_start` container.
    RunInitContainer,
    /// Runs a command in a container.
    RunHook(HookPoint),
    /// Waits for a container's state.
    Await(Until),
    /// Stops a container.
    Stop,
    /// Stops a container and starts it again.
    Restart,
    /// Sends a signal to a container.
    Kill,
    /// Freezes a container.
    Pause,
    /// Lets a frozen container go on.
    Unpause,
    /// Makes an image of a container.
    Commit,
    /// Copies files into a container.
    CopyInto,
    /// Brings changed files up to date in a container.
    Sync,
    /// Runs a command in a container after files have changed.
    Exec,
    /// Removes an image, a network, a volume, a container, or what a provider provides.
    Remove,
}

/// What came of a step that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// There was nothing to remove or to stop any more.
    AlreadyGone,
    /// The container did not end at its stop signal, and was killed when its grace period was over.
    IgnoredSignal {
        /// Its main process, with its arguments.
        process: String,
        /// The signal.
        signal: String,
        /// The grace period in seconds.
        seconds: u64,
        /// Whether the engine's init runs in it (`init: true`).
        has_init: bool,
    },
    /// The container does not run, so there was nothing to stop.
    NotRunning,
    /// The container that was waited for runs. It has no health check.
    Running,
    /// Others use it, so it was not removed.
    StillInUse,
    /// The engine says that others use the network, and lists none, so it was not removed.
    HasStaleEndpoints,
    /// The image could not be pulled, and was built.
    BuiltInstead,
    /// The image could not be pulled or pushed, which may be.
    LeftOut {
        /// Why it could not.
        reason: String,
    },
    /// The container never came to the state that was waited for, which no service requires.
    NotRequired {
        /// What happened instead.
        reason: String,
    },
    /// Files that are gone here could not be removed in the container, because it does not run. The others were copied.
    Kept {
        /// How many.
        files: usize,
    },
    /// An image was made.
    Committed {
        /// The image's identifier.
        id: String,
    },
}

/// A point of a container's life at which the file may ask for commands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookPoint {
    /// After it was started.
    PostStart,
    /// Before it is stopped.
    PreStop,
}

impl HookPoint {
    /// The key in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            HookPoint::PostStart => "post_start",
            HookPoint::PreStop => "pre_stop",
        }
    }

    /// The service's commands for this point.
    pub fn hooks(self, service: &Service) -> &[Hook] {
        match self {
            HookPoint::PostStart => &service.post_start,
            HookPoint::PreStop => &service.pre_stop,
        }
    }
}

/// The state of a container that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// It is healthy; without a health check that cannot be.
    Healthy,
    /// It is healthy, or runs where it has no health check.
    RunningOrHealthy,
    /// It has exited with code 0.
    Completed,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Until::Healthy => "healthy",
            Until::RunningOrHealthy => "running or healthy",
            Until::Completed => "completed",
        })
    }
}
