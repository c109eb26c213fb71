//! Carries out each kind of step by requests to the engine.

mod anonymous_volumes;
mod build;
mod container;
mod hook;
mod ignored_signal;
mod image;
mod network;
mod owners;
mod provider;
mod refusal;
mod volume;

use wharf_plan::Runner;

pub use build::check_builds;

use super::context::{Context, StepResult, Task};
use crate::plan::Step;

impl Runner<Step> for Context<'_> {
    async fn run(&self, task: Task<'_>) -> StepResult {
        let _work = (!task.step().is_wait()).then(|| self.working.begin());
        // A wait follows the roster, which has one connection for all of them.
        let _permit = if task.step().is_wait() { None } else { self.connections.acquire().await.ok() };
        match task.step() {
            Step::Image(step) => image::run(self, task, step).await,
            Step::Network(step) => network::run(self, task, step).await,
            Step::Volume(step) => volume::run(self, task, step).await,
            Step::Provider(step) => provider::run(self, task, step).await,
            Step::Container(step) => container::run(self, task, step).await,
        }
    }
}
