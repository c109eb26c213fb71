//! The steps of a plan, by the noun they are about. A step carries all that it takes to do it, so nothing is looked up
//! in the project when the plan is carried out.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use wharf_compose::model::{Build, Hook, Network, Service, Volume};

use crate::copy::CopyInto;
use crate::event::{Act, HookPoint, Outcome, Subject, Until};
use crate::observe::{Image, MountedVolume};
use crate::own_keys::Probes;
use crate::provider::{ProviderAct, ProviderProgram};

/// One thing that is done in the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Does something with an image.
    Image(ImageStep),
    /// Does something with a network.
    Network(NetworkStep),
    /// Does something with a volume.
    Volume(VolumeStep),
    /// Does something with a container.
    Container(ContainerStep),
    /// Calls the program that provides a service.
    Provider(ProviderStep),
}

/// A step for an image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageStep {
    /// The image's reference: `redis:7`.
    pub image: String,
    /// What is done.
    pub act: ImageAct,
}

/// What is done with an image.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageAct {
    /// Pull it.
    Pull {
        /// The platform whose image it is (`linux/arm64`); `None`: the engine's own.
        platform: Option<String>,
        /// How to build it if the registry does not have it.
        or_build: Option<ImageBuild>,
        /// A failure is reported and stops nothing.
        may_fail: bool,
    },
    /// Push it to its registry.
    Push {
        /// A failure is reported and stops nothing.
        may_fail: bool,
    },
    /// Build it.
    Build(ImageBuild),
    /// Remove it.
    Remove,
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageBuild {
    /// The service it is built for.
    pub service: Arc<NamedService>,
    /// The service's `build`, with what the caller wants otherwise.
    pub build: Arc<Build>,
}

/// A step for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkStep {
    /// The network's name in the engine.
    pub name: String,
    /// What is done.
    pub act: NetworkAct,
}

/// What is done with a network.
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkAct {
    /// Create it.
    Create {
        /// Its key in the file.
        key: String,
        /// What the file says about it.
        network: Arc<Network>,
    },
    /// Remove it and create it with other settings. Containers that run stay up: they leave it, and join it again.
    Replace {
        /// Its identifier.
        id: String,
        /// Its key in the file.
        key: String,
        /// What the file says about it.
        network: Arc<Network>,
        /// The containers that are in it now.
        leave: Vec<String>,
        /// Those that join it again.
        rejoin: Vec<Rejoin>,
    },
    /// Remove it, unless something uses it.
    Remove {
        /// Its identifier: another network may have the same name.
        id: String,
    },
}

/// A container that joins a network again.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejoin {
    /// Its identifier.
    pub container: String,
    /// Its service.
    pub service: Arc<NamedService>,
    /// The replica's number, from 1. `None`: a container of `run`, which does not have the service's names.
    pub number: Option<u32>,
}

/// A step for a volume.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeStep {
    /// The volume's name in the engine.
    pub name: String,
    /// What is done.
    pub act: VolumeAct,
}

/// What is done with a volume.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeAct {
    /// Create it.
    Create {
        /// Its key in the file.
        key: String,
        /// What the file says about it.
        volume: Arc<Volume>,
    },
    /// Remove it with all it holds, and create it with other settings. It fails if something uses it.
    Replace {
        /// Its key in the file.
        key: String,
        /// What the file says about it.
        volume: Arc<Volume>,
    },
    /// Remove it with all it holds, unless something uses it.
    Remove,
}

/// A step for a container.
#[derive(Debug, Clone, PartialEq)]
pub struct ContainerStep {
    /// The container's name; that which it gets, if it gets another.
    pub name: String,
    /// What is done.
    pub act: ContainerAct,
}

/// What is done with a container.
#[derive(Debug, Clone, PartialEq)]
pub enum ContainerAct {
    /// Create a replica's container.
    Create {
        /// The service.
        service: Arc<NamedService>,
        /// The replica's number, from 1.
        number: u32,
        /// The service's image, if it was there when the plan was made.
        image: Option<Image>,
        /// The volumes of the container that it replaces. It takes over the anonymous ones.
        replaces: Option<Vec<MountedVolume>>,
    },
    /// Give it the name of the container it replaces.
    Rename {
        /// The name it has.
        from: String,
    },
    /// Start it.
    Start,
    /// Run one of the service's `pre_start` containers to its end, with the volumes of this one, which has not started
    /// yet.
    RunInitContainer {
        /// The service.
        service: Arc<NamedService>,
        /// Which of its `pre_start`, from 0.
        index: usize,
        /// That `pre_start`.
        hook: Arc<Hook>,
    },
    /// Run one of the service's commands in it.
    RunHook {
        /// The service.
        service: String,
        /// The point of the container's life.
        point: HookPoint,
        /// Which of the commands for that point, from 0.
        index: usize,
        /// That command.
        hook: Arc<Hook>,
    },
    /// Wait until it is in a state.
    Await {
        /// The state.
        until: Until,
        /// Whether a failure is only reported, because no service requires it (`required: false`).
        optional: bool,
        /// Who runs its health check meanwhile.
        probes: Probes,
    },
    /// Ask it to stop, and kill it after a grace period.
    Stop {
        /// The grace period in seconds; `None`: as the container was configured (10 if it was not).
        grace: Option<u64>,
    },
    /// Stop it and start it again.
    Restart {
        /// The grace period in seconds, as for a stop.
        grace: Option<u64>,
    },
    /// Send a signal to its main process.
    Kill {
        /// The signal, by name or number.
        signal: String,
    },
    /// Freeze its processes.
    Pause,
    /// Resume its frozen processes.
    Unpause,
    /// Create an image from its current files.
    Commit(Commit),
    /// Copy files of this machine into it.
    CopyInto(CopyInto),
    /// Bring files of this machine, by their paths in the container, up to date there. One that does not exist here is
    /// removed there.
    Sync(Arc<BTreeMap<PathBuf, PathBuf>>),
    /// Run a command in it after files were brought up to date.
    Exec {
        /// The service.
        service: String,
        /// Which of its `develop.watch` asks for it, from 0.
        index: usize,
        /// The command.
        hook: Arc<Hook>,
    },
    /// Remove it.
    Remove {
        /// Remove its anonymous volumes, too.
        volumes: bool,
    },
}

/// An image made of a container's files.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// The image's reference. `None`: it has only an identifier.
    pub image: Option<String>,
    /// The author.
    pub author: Option<String>,
    /// A description of the change.
    pub message: Option<String>,
    /// Instructions of a Dockerfile that are applied to the image (`ENV DEBUG=1`).
    pub changes: Vec<String>,
    /// The container is paused meanwhile.
    pub pause: bool,
}

/// A call of the program that provides a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderStep {
    /// The service's name.
    pub service: String,
    /// The program.
    pub program: Arc<ProviderProgram>,
    /// What it is asked to do.
    pub act: ProviderAct,
}

/// A service with its name, which the file has as the key.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedService {
    /// The name.
    pub name: String,
    /// What the file says about it.
    pub service: Service,
}

impl NamedService {
    pub(crate) fn new(name: &str, service: &Service) -> Arc<Self> {
        Arc::new(NamedService { name: name.to_owned(), service: service.clone() })
    }
}

impl Step {
    pub(crate) fn image(image: impl Into<String>, act: ImageAct) -> Self {
        Step::Image(ImageStep { image: image.into(), act })
    }

    pub(crate) fn network(name: impl Into<String>, act: NetworkAct) -> Self {
        Step::Network(NetworkStep { name: name.into(), act })
    }

    pub(crate) fn volume(name: impl Into<String>, act: VolumeAct) -> Self {
        Step::Volume(VolumeStep { name: name.into(), act })
    }

    pub(crate) fn container(name: impl Into<String>, act: ContainerAct) -> Self {
        Step::Container(ContainerStep { name: name.into(), act })
    }

    /// Whether the step only waits for a container.
    pub(crate) fn is_wait(&self) -> bool {
        matches!(self, Step::Container(ContainerStep { act: ContainerAct::Await { .. }, .. }))
    }

    /// What the step is about.
    pub fn subject(&self) -> Subject {
        match self {
            Step::Image(step) => Subject::Image(step.image.clone()),
            Step::Network(step) => Subject::Network(step.name.clone()),
            Step::Volume(step) => Subject::Volume(step.name.clone()),
            Step::Container(step) => Subject::Container(step.name.clone()),
            Step::Provider(step) => Subject::Service(step.service.clone()),
        }
    }

    /// What the step does to it.
    pub fn act(&self) -> Act {
        match self {
            Step::Image(step) => match &step.act {
                ImageAct::Pull { .. } => Act::Pull,
                ImageAct::Push { .. } => Act::Push,
                ImageAct::Build(_) => Act::Build,
                ImageAct::Remove => Act::Remove,
            },
            Step::Network(NetworkStep { act: NetworkAct::Replace { .. }, .. })
            | Step::Volume(VolumeStep { act: VolumeAct::Replace { .. }, .. }) => Act::Recreate,
            Step::Network(NetworkStep { act: NetworkAct::Create { .. }, .. })
            | Step::Volume(VolumeStep { act: VolumeAct::Create { .. }, .. }) => Act::Create,
            Step::Network(NetworkStep { act: NetworkAct::Remove { .. }, .. })
            | Step::Volume(VolumeStep { act: VolumeAct::Remove, .. }) => Act::Remove,
            Step::Provider(ProviderStep { act: ProviderAct::Up, .. }) => Act::Create,
            Step::Provider(ProviderStep { act: ProviderAct::Down, .. }) => Act::Remove,
            Step::Container(step) => match &step.act {
                ContainerAct::Create { replaces: Some(_), .. } => Act::Recreate,
                ContainerAct::Create { replaces: None, .. } => Act::Create,
                ContainerAct::Rename { .. } => Act::Rename,
                ContainerAct::Start => Act::Start,
                ContainerAct::RunInitContainer { .. } => Act::RunInitContainer,
                ContainerAct::RunHook { point, .. } => Act::RunHook(*point),
                ContainerAct::Await { until, .. } => Act::Await(*until),
                ContainerAct::Stop { .. } => Act::Stop,
                ContainerAct::Restart { .. } => Act::Restart,
                ContainerAct::Kill { .. } => Act::Kill,
                ContainerAct::Pause => Act::Pause,
                ContainerAct::Unpause => Act::Unpause,
                ContainerAct::Commit(_) => Act::Commit,
                ContainerAct::CopyInto(_) => Act::CopyInto,
                ContainerAct::Sync(_) => Act::Sync,
                ContainerAct::Exec { .. } => Act::Exec,
                ContainerAct::Remove { .. } => Act::Remove,
            },
        }
    }
}

impl wharf_plan::Step for Step {
    type Subject = Subject;
    type Act = Act;
    type Outcome = Outcome;

    fn subject(&self) -> Subject {
        self.subject()
    }

    fn act(&self) -> Act {
        self.act()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Image(step) => step.fmt(f),
            Step::Network(NetworkStep { name, act: NetworkAct::Create { .. } }) => write!(f, "create network {name}"),
            Step::Network(NetworkStep { name, act: NetworkAct::Replace { .. } }) => write!(f, "replace network {name}"),
            Step::Network(NetworkStep { name, act: NetworkAct::Remove { .. } }) => write!(f, "remove network {name}"),
            Step::Volume(VolumeStep { name, act: VolumeAct::Create { .. } }) => write!(f, "create volume {name}"),
            Step::Volume(VolumeStep { name, act: VolumeAct::Replace { .. } }) => write!(f, "replace volume {name}"),
            Step::Volume(VolumeStep { name, act: VolumeAct::Remove }) => write!(f, "remove volume {name}"),
            Step::Container(step) => step.fmt(f),
            Step::Provider(ProviderStep { service, program, act }) => {
                write!(f, "run `{} compose {}` for service {service}", program.kind, act.as_str())
            }
        }
    }
}

impl fmt::Display for ImageStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.act {
            ImageAct::Pull { or_build: None, .. } => "pull",
            ImageAct::Pull { or_build: Some(_), .. } => "pull or build",
            ImageAct::Push { .. } => "push",
            ImageAct::Build(_) => "build",
            ImageAct::Remove => "remove",
        };
        write!(f, "{what} image {}", self.image)
    }
}

impl fmt::Display for ContainerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ContainerStep { name, act } = self;
        match act {
            ContainerAct::Create { .. } => write!(f, "create container {name}"),
            ContainerAct::Rename { from } => write!(f, "rename container {from} to {name}"),
            ContainerAct::Start => write!(f, "start container {name}"),
            ContainerAct::RunInitContainer { service, index, .. } => {
                write!(f, "run pre_start[{index}] of service {} with the volumes of {name}", service.name)
            }
            ContainerAct::RunHook { point, index, .. } => write!(f, "run {}[{index}] in {name}", point.as_str()),
            ContainerAct::Await { until, .. } => write!(f, "wait until {name} is {until}"),
            ContainerAct::Stop { .. } => write!(f, "stop container {name}"),
            ContainerAct::Restart { .. } => write!(f, "restart container {name}"),
            ContainerAct::Kill { signal } => write!(f, "send {signal} to container {name}"),
            ContainerAct::Pause => write!(f, "pause container {name}"),
            ContainerAct::Unpause => write!(f, "unpause container {name}"),
            ContainerAct::Commit(Commit { image: Some(image), .. }) => write!(f, "commit container {name} as {image}"),
            ContainerAct::Commit(Commit { image: None, .. }) => write!(f, "commit container {name}"),
            ContainerAct::CopyInto(copy) => write!(f, "copy {} to {name}:{}", copy.source, copy.target),
            ContainerAct::Sync(files) if files.len() == 1 => write!(f, "sync 1 file to {name}"),
            ContainerAct::Sync(files) => write!(f, "sync {} files to {name}", files.len()),
            ContainerAct::Exec { index, .. } => write!(f, "run develop.watch[{index}].exec in {name}"),
            ContainerAct::Remove { .. } => write!(f, "remove container {name}"),
        }
    }
}
