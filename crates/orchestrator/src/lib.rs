//! Runs a Compose project on one Docker Engine, always the same way through:
//!
//! 1. [`observe`] lists what the engine has of the project;
//! 2. a planner ([`plan::images`], [`plan::up`], [`plan::down`] ...) compares it with the file and gives a [`Plan`]: a graph of
//!    steps, each with its cause. Planners are pure;
//! 3. [`apply()`] carries the plan out and reports [`Event`]s. It decides nothing.
//!
//! ```no_run
//! # async fn example(project: wharf_compose::Project, engine: wharf_docker::Engine) -> Result<(), wharf_orchestrator::Error> {
//! use wharf_orchestrator::{apply, observe, plan};
//!
//! let observed = observe(&engine, &project).await?;
//! let options = plan::UpOptions::default();
//! let plan = plan::up(&project, &observed, &options)?;
//! println!("{plan}");
//! apply(&plan, &project, &engine, &|event| println!("{event:?}"), &Default::default()).await?;
//! # Ok(())
//! # }
//! ```

pub mod apply;
mod context;
pub mod copy;
mod digests;
pub mod doctor;
mod error;
mod event;
pub mod logs;
pub mod observe;
pub mod one_off;
mod pipe;
pub mod plan;
mod request;

pub use apply::apply;
pub use digests::pin_images;
pub use error::{Detail, Error, Problem, StepFailure};
pub use event::{Event, Progress};
pub use observe::{Observed, observe};
pub use plan::Plan;
pub use request::service_hash;
