//! Volumes: created, replaced and removed.

use bollard::query_parameters::RemoveVolumeOptions;

use super::refusal::{gone_is_fine, in_use_is_fine};
use crate::apply::context::{Context, StepResult, Task};
use crate::apply::explain;
use crate::event::Outcome;
use crate::plan::{VolumeAct, VolumeStep};
use crate::request;

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &VolumeStep) -> StepResult {
    let docker = context.engine.docker();
    let result = match &step.act {
        VolumeAct::Create { key, volume } => {
            let body = request::volume_body(&context.project.name, key, volume);
            docker.create_volume(body).await.map(|_| Outcome::Done)
        }
        VolumeAct::Replace { key, volume } => {
            let body = request::volume_body(&context.project.name, key, volume);
            match gone_is_fine(docker.remove_volume(&step.name, None::<RemoveVolumeOptions>).await) {
                Ok(_) => docker.create_volume(body).await.map(|_| Outcome::Done),
                Err(error) => Err(error),
            }
        }
        VolumeAct::Remove => {
            in_use_is_fine(gone_is_fine(docker.remove_volume(&step.name, None::<RemoveVolumeOptions>).await))
        }
    };
    result.map_err(|error| explain::engine(task.step(), error).into())
}
