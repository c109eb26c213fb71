//! Runs a Compose project on one Docker Engine, always the same way through:
//!
//! 1. [`observe`] lists what the engine has of the project;
//! 2. a planner ([`plan::images`], [`plan::up`], [`plan::down`] ...) compares it with the file and returns a [`Plan`]: a graph
//!    of steps, each with its cause. Planners are pure;
//! 3. [`apply()`] carries the plan out and reports [`Event`]s. It decides nothing.
//!
//! [`up`] does all of this twice, for images and for containers:
//!
//! ```no_run
//! # async fn example(project: wharf_compose::Project, engine: wharf_docker::Engine) -> Result<(), wharf_orchestrator::Error> {
//! use wharf_orchestrator::{ConvergeOptions, Event, up};
//!
//! up(&engine, &project, &ConvergeOptions::default(), &|event: Event| println!("{event:?}")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Other verbs are one plan:
//!
//! ```no_run
//! # async fn example(project: wharf_compose::Project, engine: wharf_docker::Engine) -> Result<(), wharf_orchestrator::Error> {
//! use wharf_orchestrator::{Event, apply, observe, plan};
//!
//! let observed = observe(&engine, &project).await?;
//! let plan = plan::down(&project, &observed, &plan::DownOptions::default());
//! println!("{plan}");
//! apply(&engine, &project, &plan, &Default::default(), &|event: Event| println!("{event:?}")).await?;
//! # Ok(())
//! # }
//! ```

pub mod apply;
mod build;
mod compare;
mod confidential;
mod converge;
pub mod copy;
pub mod difference;
mod digests;
pub mod doctor;
mod error;
pub mod event;
pub mod logs;
mod namesake;
pub mod observe;
mod own_keys;
mod pipe;
pub mod plan;
mod provider;
mod prune;
pub mod read;
mod registry;
mod request;
pub mod run_once;
mod sealed;
mod sources;
mod stop;
mod temporary_name;
mod twin_networks;
pub mod watch;

pub use apply::{Listener, apply, check_builds, containers};
pub use converge::{ConvergeOptions, Converged, prepare_run, up};
pub use difference::Difference;
pub use digests::pin_images;
pub use error::Error;
pub use event::{Event, Progress};
pub use namesake::{Namesake, namesake};
pub use observe::{Observed, observe};
pub use own_keys::Probes;
pub use plan::Plan;
pub use provider::{ProviderAct, ProviderProgram, ProviderPrograms, programs as provider_programs};
pub use request::{docker_compose_hash, service_hash};
pub use stop::{StopOptions, stop};
pub use wharf_plan::{Detail, Problem, StepFailure, Warning};
