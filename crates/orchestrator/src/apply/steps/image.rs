//! Steps for images: pull, push, build if the registry does not have it, remove.

use bollard::query_parameters::RemoveImageOptions;
use futures_util::{Stream, StreamExt};
use wharf_compose::model::ImageReference;
use wharf_docker::{Transfer, pull_image, push_image};
use wharf_plan::StepFailure;

use super::build;
use super::refusal::{gone_is_fine, in_use_is_fine};
use crate::apply::context::{Context, StepResult, Task};
use crate::apply::explain;
use crate::event::{Amount, Outcome, Part, PartState};
use crate::plan::{ImageAct, ImageBuild, ImageStep};
use crate::registry::{Direction, Registry};

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &ImageStep) -> StepResult {
    match &step.act {
        ImageAct::Pull { platform, or_build, may_fail } => {
            pull(context, task, (&step.image, platform.as_deref()), or_build.as_ref(), *may_fail).await
        }
        ImageAct::Push { may_fail } => match (push(context, task, &step.image).await, may_fail) {
            (Err(failure), true) => Ok(Outcome::LeftOut { reason: failure.message }),
            (result, _) => Ok(result.map(|()| Outcome::Done)?),
        },
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
    (image, platform): (&str, Option<&str>),
    or_build: Option<&ImageBuild>,
    may_fail: bool,
) -> StepResult {
    match (fetch(context, task, image, platform).await, or_build) {
        (Ok(()), _) => Ok(Outcome::Done),
        (Err(failure), Some(build)) => {
            task.output(format!("{}, so it is built", failure.message));
            build::build(context, task, image, build).await?;
            Ok(Outcome::BuiltInstead)
        }
        (Err(failure), None) if may_fail => Ok(Outcome::LeftOut { reason: failure.message }),
        (Err(failure), None) => Err(failure.into()),
    }
}

async fn fetch(context: &Context<'_>, task: Task<'_>, image: &str, platform: Option<&str>) -> Result<(), StepFailure> {
    let reference = ImageReference::from(image);
    let registry = registry(context, task, &reference).await;
    let (name, tag) = match reference.digest() {
        Some(_) => (image, None),
        // Without a tag the engine would pull all tags.
        None => (reference.repository(), Some(reference.tag_or_default())),
    };
    let news = pull_image(context.engine, (name, tag), platform, registry.login());
    follow(task, news).await.map_err(|error| registry.failure(task.step().to_string(), Direction::Pull, &error))
}

async fn push(context: &Context<'_>, task: Task<'_>, image: &str) -> Result<(), StepFailure> {
    let reference = ImageReference::from(image);
    let registry = registry(context, task, &reference).await;
    let explained = |error| registry.failure(task.step().to_string(), Direction::Push, &error);
    let (name, tag) = (reference.repository(), reference.tag_or_default());
    let news = push_image(context.engine, name, tag, registry.login()).map_err(explained)?;
    follow(task, news).await.map_err(explained)
}

/// The image's registry with the login to it. One that cannot be read may not be needed.
async fn registry(context: &Context<'_>, task: Task<'_>, image: &ImageReference) -> Registry {
    let registry = Registry::of(image, &context.logins).await;
    if let Some(error) = registry.unread() {
        task.output(format!("no login from {error}"));
    }
    registry
}

/// Reports what a pull or a push does until it ends.
async fn follow(
    task: Task<'_>,
    news: impl Stream<Item = Result<Transfer, wharf_docker::Error>>,
) -> Result<(), wharf_docker::Error> {
    let mut news = Box::pin(news);
    while let Some(transfer) = news.next().await {
        let Transfer { layer, status, bytes } = transfer?;
        match layer {
            Some(layer) => task.part(Part {
                state: state(&status),
                amount: bytes.map(|(done, total)| Amount { done, total }),
                id: layer.clone(),
                name: layer,
                status,
            }),
            None => task.output(status),
        }
    }
    Ok(())
}

/// How far a layer is, by the engine's words.
fn state(status: &str) -> PartState {
    match status {
        "Pulling fs layer" | "Waiting" | "Preparing" => PartState::Waiting,
        "Pull complete" | "Already exists" | "Pushed" | "Layer already exists" => PartState::Done,
        // A base image that the registry has in another repository.
        status if status.starts_with("Mounted from") => PartState::Done,
        _ => PartState::Working,
    }
}
