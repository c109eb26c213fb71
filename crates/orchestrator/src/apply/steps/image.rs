//! Steps for images: pull, build if the registry does not have it, remove.

use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveImageOptions};
use futures_util::StreamExt;
use wharf_compose::model::ImageReference;

use super::build;
use super::refusal::{gone_is_fine, in_use_is_fine};
use crate::apply::context::{Context, EngineResult, StepResult, Task};
use crate::apply::explain;
use crate::event::Outcome;
use crate::plan::{ImageAct, ImageBuild, ImageStep};

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &ImageStep) -> StepResult {
    match &step.act {
        ImageAct::Pull { or_build, may_fail } => pull(context, task, &step.image, or_build.as_ref(), *may_fail).await,
        ImageAct::Build(build) => {
            build::build(context, task, &step.image, build).await?;
            Ok(Outcome::Done)
        }
        ImageAct::Remove => {
            let removed = context.engine.docker().remove_image(&step.image, None::<RemoveImageOptions>, None).await;
            let outcome = in_use_is_fine(gone_is_fine(removed.map(|_| ())));
            outcome.map_err(|error| explain::engine(task.step(), error).into())
        }
    }
}

/// Pulls `image`. If that fails and the image can be built, builds it.
async fn pull(
    context: &Context<'_>,
    task: Task<'_>,
    image: &str,
    or_build: Option<&ImageBuild>,
    may_fail: bool,
) -> StepResult {
    match (fetch(context, task, image).await, or_build) {
        (Ok(()), _) => Ok(Outcome::Done),
        (Err(error), Some(build)) => {
            let reason = wharf_docker::Error::from(error).engine_message();
            task.output(format!("cannot be pulled ({reason}), so it is built"));
            build::build(context, task, image, build).await?;
            Ok(Outcome::BuiltInstead)
        }
        (Err(error), None) if may_fail => {
            Ok(Outcome::LeftOut { reason: wharf_docker::Error::from(error).engine_message() })
        }
        (Err(error), None) => {
            let mut failure = explain::engine(task.step(), error);
            failure.help = Some(
                "check the image's name and that its registry can be reached; `build:` in the service makes it here"
                    .to_owned(),
            );
            Err(failure.into())
        }
    }
}

async fn fetch(context: &Context<'_>, task: Task<'_>, image: &str) -> EngineResult<()> {
    let reference = ImageReference::from(image);
    let options = match reference.digest() {
        Some(_) => CreateImageOptionsBuilder::default().from_image(image),
        // Without a tag the engine would pull all tags.
        None => CreateImageOptionsBuilder::default().from_image(reference.repository()).tag(reference.tag_or_default()),
    };
    let mut progress = Box::pin(context.engine.docker().create_image(Some(options.build()), None, None));
    while let Some(info) = progress.next().await {
        let info = info?;
        let moving = info.progress_detail.is_some_and(|detail| detail.total.is_some() || detail.current.is_some());
        if let Some(status) = info.status.filter(|_| !moving) {
            task.output(info.id.map_or_else(|| status.clone(), |layer| format!("{layer}: {status}")));
        }
    }
    Ok(())
}
