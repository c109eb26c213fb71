//! The containers that a new one refers to.

use wharf_compose::model::Service;
use wharf_plan::StepError;

use crate::apply::context::{Context, Task, failure};
use crate::observe;
use crate::request::Owners;

/// The containers that a new one of the service refers to.
pub(super) async fn owners(context: &Context<'_>, task: Task<'_>, service: &Service) -> Result<Owners, StepError> {
    let owners = observe::owners(context.engine, context.project, service).await;
    owners.map_err(|error| failure(task.step(), format!("cannot {}: {error}", task.step())).into())
}
