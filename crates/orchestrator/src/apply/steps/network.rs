//! Networks: created and removed.

use super::refusal::{gone_is_fine, in_use_is_fine};
use crate::apply::context::{Context, StepResult, Task};
use crate::apply::explain;
use crate::event::Outcome;
use crate::plan::{NetworkAct, NetworkStep};
use crate::request;

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &NetworkStep) -> StepResult {
    let docker = context.engine.docker();
    let result = match &step.act {
        NetworkAct::Create { key, network } => {
            let body = request::network_body(&context.project.name, key, network);
            docker.create_network(body).await.map(|_| Outcome::Done)
        }
        NetworkAct::Remove => in_use_is_fine(gone_is_fine(docker.remove_network(&step.name).await)),
    };
    result.map_err(|error| explain::engine(task.step(), error).into())
}
