//! Networks: created, replaced and removed.

use bollard::Docker;
use bollard::models as api;
use bollard::query_parameters::InspectNetworkOptions;
use wharf_compose::model::Network;
use wharf_docker::{ErrorKind, unless_gone};

use super::refusal::{gone_is_fine, in_use_is_fine};
use crate::apply::context::{Context, EngineResult, StepResult, Task, failure};
use crate::apply::explain;
use crate::event::Outcome;
use crate::plan::{NetworkAct, NetworkStep, Rejoin};
use crate::request::{Owners, Replica};
use crate::{observe, request, twin_networks};

pub(super) async fn run(context: &Context<'_>, task: Task<'_>, step: &NetworkStep) -> StepResult {
    let result = match &step.act {
        NetworkAct::Create { key, network } => create(context, key, network).await,
        NetworkAct::Replace { id, key, network, leave, rejoin } => {
            if let Some(stranger) =
                stranger(context, id, leave).await.map_err(|error| explain::engine(task.step(), error))?
            {
                let message =
                    format!("cannot {}: container {stranger} is in it, which is not the project's", task.step());
                let help = Some(format!("docker network disconnect {} {stranger}", step.name));
                return Err(wharf_plan::StepFailure { help, ..failure(task.step(), message) }.into());
            }
            replace(context, id, (key, network), leave, rejoin).await
        }
        NetworkAct::Remove { id } => remove(context.engine.docker(), id).await,
    };
    result.map_err(|error| explain::engine(task.step(), error).into())
}

/// Another client may create the same network at the same moment. The engine then refuses the second one, or has both.
async fn create(context: &Context<'_>, key: &str, network: &Network) -> EngineResult<Outcome> {
    let docker = context.engine.docker();
    let project = &context.project.name;
    let created = docker.create_network(request::network_body(project, key, network)).await;
    // Without an answer there is no reason to remove anything.
    let networks = observe::list_networks(context.engine, context.project).await.unwrap_or_default();
    match (created, twin_networks::of(&networks, &[], project, &network.name)) {
        (Ok(created), Some((_, others))) if others.iter().any(|other| other.id == created.id) => {
            gone_is_fine(docker.remove_network(&created.id).await).map(|_| Outcome::Done)
        }
        (Ok(_), _) => Ok(Outcome::Done),
        (Err(error), Some(_)) if ErrorKind::of(&error) == ErrorKind::NameTaken => Ok(Outcome::Done),
        (Err(error), _) => Err(error),
    }
}

/// A running container in the network that is not among `known`.
async fn stranger(context: &Context<'_>, id: &str, known: &[String]) -> EngineResult<Option<String>> {
    let inspected = context.engine.docker().inspect_network(id, None::<InspectNetworkOptions>).await;
    let members = unless_gone(inspected)?.and_then(|network| network.containers).unwrap_or_default();
    let stranger = members.into_iter().find(|(container, _)| !known.contains(container));
    Ok(stranger.map(|(container, member)| member.name.unwrap_or(container)))
}

/// What an interruption leaves is a network without some of its containers, or none: the next run replaces the containers
/// that are not in it.
async fn replace(
    context: &Context<'_>,
    id: &str,
    (key, network): (&str, &Network),
    leave: &[String],
    rejoin: &[Rejoin],
) -> EngineResult<Outcome> {
    let docker = context.engine.docker();
    for container in leave {
        let request = api::NetworkDisconnectRequest { container: container.clone(), force: Some(true) };
        match docker.disconnect_network(id, request).await {
            Err(error) if !is_out(&error) => return Err(error),
            _ => {}
        }
    }
    gone_is_fine(docker.remove_network(id).await)?;
    create(context, key, network).await?;
    for Rejoin { container, service, number } in rejoin {
        let replica = Replica {
            project: context.project,
            name: &service.name,
            service: &service.service,
            number: number.unwrap_or(1),
            image_id: None,
            volumes_of_image: &[],
            inherited: &[],
            owners: &Owners::default(),
            replaces: false,
        };
        let mut endpoint_config = request::endpoint_in(&replica, &network.name);
        if let (None, Some(endpoint)) = (number, &mut endpoint_config) {
            (endpoint.aliases, endpoint.ipam_config) = (None, None);
        }
        let request = api::NetworkConnectRequest { container: container.clone(), endpoint_config };
        docker.connect_network(&network.name, request).await?;
    }
    Ok(Outcome::Done)
}

/// Whether the container is gone, or is not in the network.
fn is_out(error: &bollard::errors::Error) -> bool {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. }
            if message.contains("is not connected to") =>
        {
            true
        }
        error => ErrorKind::of(error) == ErrorKind::Gone,
    }
}

/// An engine may hold endpoints of containers that are gone, and then refuses although it lists no user.
async fn remove(docker: &Docker, id: &str) -> EngineResult<Outcome> {
    let removed = async || in_use_is_fine(gone_is_fine(docker.remove_network(id).await));
    let is_used = async || {
        let network = unless_gone(docker.inspect_network(id, None::<InspectNetworkOptions>).await);
        let containers = |network: Option<api::NetworkInspect>| network.and_then(|network| network.containers);
        network.map(|network| containers(network).is_some_and(|containers| !containers.is_empty()))
    };
    match removed().await? {
        Outcome::StillInUse if is_used().await? => Ok(Outcome::StillInUse),
        // The last user may have left in between.
        Outcome::StillInUse => match removed().await? {
            Outcome::StillInUse if !is_used().await? => Ok(Outcome::HasStaleEndpoints),
            outcome => Ok(outcome),
        },
        outcome => Ok(outcome),
    }
}
