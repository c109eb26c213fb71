//! Builds an image with the builder that the engine has.

mod buildkit;
mod check;
mod classic;
mod failure;
mod inline;
mod progress;

use wharf_plan::StepError;

pub use check::check_builds;

use super::super::lines::LastLines;
use crate::apply::context::{Context, Task, failure};
use crate::build::{Builder, Sources};
use crate::plan::ImageBuild;

/// Builds the image of a service.
pub(super) async fn build(
    context: &Context<'_>,
    task: Task<'_>,
    image: &str,
    build: &ImageBuild,
) -> Result<(), StepError> {
    let sources = Sources::read(&build.build, context.builds.ssh_agent.as_deref());
    let sources = sources.map_err(|message| failed(task, build, message, LastLines::default()))?;
    match &context.builder {
        Some(Builder::BuildKit(buildkit)) => buildkit::build(context, task, build, &sources, buildkit).await,
        Some(Builder::Classic { .. }) | None => classic::build(context, task, image, build, sources).await,
    }
}

/// The failure of a build.
fn failed(task: Task<'_>, build: &ImageBuild, message: String, last: LastLines) -> wharf_plan::StepFailure {
    let step = task.step();
    wharf_plan::StepFailure {
        details: last.details("last lines of the build"),
        ..failure(step, format!("cannot {step} (service {}): {message}", build.service.name))
    }
}
