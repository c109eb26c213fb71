//! Plans: graphs of steps, each with the cause that asks for it. Planners are pure functions of the project, of what was
//! observed, and of what the caller asks for.

mod builds;
mod cause;
mod changes;
mod check;
mod down;
mod hooks;
mod images;
pub(crate) mod order;
mod providers;
mod push;
mod step;
mod unsupported;
mod up;
mod verbs;
mod watch;

pub(crate) use builds::{build_of, by_builder, needs_buildkit, unbuildable};
pub use cause::Cause;
pub use changes::{Change, changes};
pub use down::{DownOptions, RemoveImages, down};
pub use images::{BuildOverrides, ImageOptions, Only, images, init_images};
pub use order::with_dependencies;
pub use providers::providers;
pub(crate) use providers::{Round, rounds};
pub use push::{PushOptions, push};
pub use step::{
    Commit, ContainerAct, ContainerStep, ImageAct, ImageBuild, ImageStep, NamedService, NetworkAct, NetworkStep,
    ProviderStep, Rejoin, Step, VolumeAct, VolumeStep,
};
pub use up::{ChangedVolume, Recreate, UpOptions, after_start, around, changed_volumes, up};
pub use verbs::{RemoveOptions, RestartOptions, commit, copy_into, kill, pause, remove, restart, stop, unpause};
pub use watch::{exec_changed, restart_changed, sync};

/// Steps for containers and what they need, each with its cause.
pub type Plan = wharf_plan::Plan<Step, Cause>;
