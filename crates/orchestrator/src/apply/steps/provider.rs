//! Steps of services that a program outside the engine provides.

use wharf_plan::{StepError, StepFailure};

use crate::apply::context::{Context, StepResult, Task, failure};
use crate::event::Outcome;
use crate::plan::ProviderStep;
use crate::provider::{CallError, ProviderAct, call};

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &ProviderStep) -> StepResult {
    let ProviderStep { service, program, act } = step;
    let mut environment = context.provider_environment.clone();
    let added = context.hook_environment.iter().filter_map(|variable| variable.split_once('='));
    environment.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let names = (context.project.name.as_str(), service.as_str());
    let called = call(program, *act, names, &environment, |text| task.output(text));
    let variables = tokio::select! {
        result = called => result.map_err(|error| failed(context, task, step, error))?,
        () = task.given_up() => return Err(StepError::GivenUp),
    };
    if *act == ProviderAct::Up {
        context.notes.provided(service, variables);
    }
    Ok(Outcome::Done)
}

fn failed(context: &Context<'_>, task: Task<'_>, step: &ProviderStep, error: CallError) -> StepFailure {
    let CallError { message, details } = error;
    StepFailure {
        place: context.project.places.get(&format!("services.{}.provider", step.service)).cloned(),
        details,
        ..failure(task.step(), format!("service {}: its provider {} says: {message}", step.service, step.program.kind))
    }
}
