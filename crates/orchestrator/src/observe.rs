//! Lists what the engine has of a project: its containers, networks, volumes and images, and the host ports that other
//! containers hold.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use wharf_compose::Project;
use wharf_compose::model::{Condition, Dependency, Service};
use wharf_docker::container::inspect;
pub use wharf_docker::container::{ContainerStatus as State, HealthStatus as Health, NetworkAttachment};
use wharf_docker::images::{ImageDetails, inspect_image};
pub use wharf_docker::listing::MountedVolume;
use wharf_docker::listing::{self, ListedContainer};
use wharf_docker::volumes::VolumeDetails;
use wharf_docker::{Engine, ErrorKind, NetworkDetails, Timestamp, connections, labels, volumes};

use crate::difference::Difference;
use crate::request::{self, Owners};

use crate::Error;

/// The engine's side of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The project's containers, running or not, by service and number.
    pub containers: Vec<Container>,
    /// Networks that carry the project's label, and those that the project names.
    pub networks: Vec<Network>,
    /// Volumes that carry the project's label, and those that the project names.
    pub volumes: Vec<Volume>,
    /// Images that the project names and the engine has.
    pub images: BTreeMap<String, Image>,
    /// Host ports that containers outside the project hold.
    pub foreign_ports: Vec<ForeignPort>,
    /// Paths of this machine that services mount and that do not exist. Only `up` looks for them.
    pub missing_paths: BTreeSet<String>,
}

/// A container of the project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Container {
    /// The container's identifier, 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The project it belongs to.
    pub project: String,
    /// The service it is a replica of.
    pub service: String,
    /// The replica's number, from 1.
    pub number: u32,
    /// Whether `run` or a hook made it, so that it is not a replica.
    pub one_off: bool,
    /// Our own hash of the configuration that it was created from.
    pub hash: Option<String>,
    /// docker compose's hash of the configuration that it was created from.
    pub docker_compose_hash: Option<String>,
    /// The settings in which it differs from the file, as far as they can be told. `None`: they were not compared, since its
    /// labels tell enough.
    pub differences: Option<Vec<Difference>>,
    /// Identifier of its image.
    pub image_id: String,
    /// The image's name, as it was given when the container was created.
    pub image: String,
    /// Its command.
    pub command: String,
    /// Whether it runs, is paused, has exited, and so on.
    pub state: State,
    /// The result of its health check, if it has one and runs.
    pub health: Option<Health>,
    /// Exit code, if it has stopped.
    pub exit_code: Option<i64>,
    /// The engine's description of its state: `Up 5 minutes (healthy)`.
    pub status: String,
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// Ports, published or only exposed.
    pub ports: Vec<Published>,
    /// Its networks by name.
    pub networks: BTreeMap<String, NetworkAttachment>,
    /// How it is connected: a network's name, `host`, `none`, `container:ID`.
    pub network_mode: String,
    /// Names of its volumes and paths of its bind mounts.
    pub mounts: Vec<String>,
    /// Its volumes, named or anonymous.
    pub volumes: Vec<MountedVolume>,
    /// All of its labels.
    pub labels: BTreeMap<String, String>,
}

impl Container {
    /// Whether its main process runs, or is about to be restarted.
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Running | State::Restarting | State::Paused)
    }

    /// Whether it was created for a hook of its service, and is left over from one that failed.
    pub fn is_hook(&self) -> bool {
        self.labels.contains_key(labels::HOOK)
    }
}

/// A port of a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Published {
    /// Port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Host address. It precedes the port in the order, so that IPv4 is first where the numbers differ under IPv6.
    pub ip: Option<String>,
    /// Host port. `None` if the port is only exposed.
    pub published: Option<u16>,
}

/// A host port that a container outside the project holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPort {
    /// Host address.
    pub ip: String,
    /// Host port.
    pub port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// The name of the container that holds it.
    pub container: String,
    /// The project it belongs to.
    pub project: Option<String>,
}

/// A network in the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The project whose label it carries.
    pub project: Option<String>,
    /// Its key in that project's file.
    pub key: Option<String>,
    /// In what it differs from what the project says of it, if it does. Empty: in what is not known.
    pub changed: Option<Vec<Difference>>,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// A volume in the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The project whose label it carries.
    pub project: Option<String>,
    /// Its key in that project's file.
    pub key: Option<String>,
    /// The service of that project that it was made for, if it is anonymous.
    pub anonymous_of: Option<String>,
    /// In what it differs from what the project says of it, if it does. Empty: in what is not known.
    pub changed: Option<Vec<Difference>>,
}

/// An image in the engine.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// Its identifier.
    pub id: String,
    /// When it was last pulled, built or tagged here, in nanoseconds since 1970.
    pub last_tagged: Option<i64>,
    /// Paths at which its containers get anonymous volumes (`VOLUME`). `None`: only its identifier is known.
    pub volumes: Option<Vec<String>>,
}

/// Lists what the engine has of `project`, and the host ports that others hold.
///
/// # Errors
/// If a request to the engine fails.
pub async fn observe(engine: &Engine, project: &Project) -> Result<Observed, Error> {
    let containers = async {
        let all = list(engine, None, true).await?;
        let (containers, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|found| found.project == project.name);
        let images = images(engine, project, &containers).await?;
        Ok::<_, Error>((containers, images, foreign_ports(others)))
    };
    let ((containers, images, foreign_ports), networks, volumes) =
        tokio::try_join!(containers, list_networks(engine, project), list_volumes(engine, project))?;
    let containers = with_network_ids(containers, &networks);
    let ours = |owner: &Option<String>| owner.as_deref() == Some(project.name.as_str());
    let named_network = |name: &String| project.networks.values().any(|network| network.name == *name);
    let named_volume = |name: &String| project.volumes.values().any(|volume| volume.name == *name);
    Ok(Observed {
        containers,
        networks: networks.into_iter().filter(|net| ours(&net.project) || named_network(&net.name)).collect(),
        volumes: volumes.into_iter().filter(|vol| ours(&vol.project) || named_volume(&vol.name)).collect(),
        images,
        foreign_ports,
        missing_paths: BTreeSet::new(),
    })
}

/// The containers with the identifiers of their networks: Podman lists a network's name in that place.
fn with_network_ids(mut containers: Vec<Container>, networks: &[Network]) -> Vec<Container> {
    let attached = containers.iter_mut().flat_map(|container| &mut container.networks);
    for (name, attachment) in attached.filter(|(name, attachment)| attachment.network_id == **name) {
        if let Some(network) = networks.iter().find(|network| network.name == *name) {
            attachment.network_id.clone_from(&network.id);
        }
    }
    containers
}

/// Lists the containers of `project`, or of all Compose projects, sorted by project, service and number.
///
/// # Errors
/// If a request to the engine fails.
pub async fn list_containers(engine: &Engine, project: Option<&str>, stopped: bool) -> Result<Vec<Container>, Error> {
    let label = match project {
        Some(project) => labels::selector(labels::PROJECT, project),
        None => labels::PROJECT.to_owned(),
    };
    list(engine, Some(&label), stopped).await
}

async fn list(engine: &Engine, label: Option<&str>, stopped: bool) -> Result<Vec<Container>, Error> {
    let listed = listing::list_containers(engine, label, stopped).await;
    let listed = listed.map_err(|error| error.during("list the containers"))?;
    let mut containers: Vec<Container> = listed.into_iter().map(container).collect();
    containers
        .sort_by(|a, b| (&a.project, &a.service, a.number, &a.name).cmp(&(&b.project, &b.service, b.number, &b.name)));
    Ok(containers)
}

/// The containers whose namespaces, volumes or names a service's containers share, if they share any.
pub(crate) async fn owners(engine: &Engine, project: &Project, service: &Service) -> Result<Owners, Error> {
    match service.refers_to().next() {
        Some(_) => Ok(Owners::among(&list_containers(engine, Some(&project.name), true).await?)),
        None => Ok(Owners::default()),
    }
}

/// The services of `containers`, with what the labels say of them: what they depend on.
pub fn labelled_services(containers: &[Container]) -> BTreeMap<String, Service> {
    let replicas = containers.iter().filter(|container| !container.one_off);
    let service = |container: &Container| {
        let depends_on = container.labels.get(labels::DEPENDS_ON).map(String::as_str).unwrap_or_default();
        Service { depends_on: depends_on.split(',').filter_map(dependency).collect(), ..Service::default() }
    };
    replicas.map(|container| (container.service.clone(), service(container))).collect()
}

/// `NAME:CONDITION:RESTART`
fn dependency(text: &str) -> Option<(String, Dependency)> {
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| !name.is_empty())?;
    let condition = match parts.next() {
        Some("service_healthy") => Condition::Healthy,
        Some("service_completed_successfully") => Condition::CompletedSuccessfully,
        _ => Condition::Started,
    };
    let restart = parts.next() == Some("true");
    Some((name.to_owned(), Dependency { condition, restart, required: true }))
}

/// Whether a container runs now, or is about to be restarted by its policy.
///
/// # Errors
/// If a request to the engine fails.
pub async fn is_running(engine: &Engine, id: &str) -> Result<bool, Error> {
    Ok(inspect(engine, id).await?.is_some_and(|container| container.state.running))
}

fn container(listed: ListedContainer) -> Container {
    let mut ports: Vec<Published> = listed
        .ports
        .into_iter()
        .map(|port| Published {
            target: port.private,
            protocol: port.protocol,
            published: port.public,
            ip: Some(port.ip).filter(|ip| !ip.is_empty()),
        })
        .collect();
    ports.sort();
    let labels = listed.labels;
    let hash = labels.get(labels::CONFIG_HASH);
    let earlier = hash.and_then(|label| request::of_earlier_wharf(label));
    Container {
        id: listed.id,
        name: listed.name,
        project: labels.get(labels::PROJECT).cloned().unwrap_or_default(),
        service: labels.get(labels::SERVICE).cloned().unwrap_or_default(),
        number: labels.get(labels::NUMBER).and_then(|number| number.parse().ok()).unwrap_or(0),
        one_off: labels.contains_key(labels::HOOK)
            || labels::is_one_off(labels.get(labels::ONE_OFF).map(String::as_str)),
        hash: labels.get(labels::OWN_HASH).cloned().or_else(|| earlier.map(str::to_owned)),
        docker_compose_hash: hash.filter(|_| earlier.is_none()).cloned(),
        differences: None,
        image_id: listed.image_id,
        image: listed.image,
        command: listed.command,
        state: listed.status,
        health: listed.health,
        exit_code: listed.exit_code,
        status: listed.status_text,
        created: listed.created,
        ports,
        networks: listed.networks,
        network_mode: listed.network_mode,
        mounts: listed.mounts,
        volumes: listed.volumes,
        labels,
    }
}

/// Lists the networks, and compares those of the project.
pub(crate) async fn list_networks(engine: &Engine, project: &Project) -> Result<Vec<Network>, Error> {
    let listed = wharf_docker::list_networks(engine).await.map_err(|error| error.during("list the networks"))?;
    let network = |details: NetworkDetails| {
        let wanted = project.networks.values().find(|wanted| wanted.name == details.name && !wanted.external);
        let changed = wanted.and_then(|wanted| request::changed_network(wanted, &details));
        let NetworkDetails { id, name, created, mut labels, .. } = details;
        let (project, key) = (labels.remove(labels::PROJECT), labels.remove(labels::NETWORK));
        Network { id, name, project, key, changed, created }
    };
    Ok(listed.into_iter().map(network).collect())
}

async fn list_volumes(engine: &Engine, project: &Project) -> Result<Vec<Volume>, Error> {
    let listed = volumes::list_volumes(engine, None).await.map_err(|error| error.during("list the volumes"))?;
    let volume = |details: VolumeDetails| {
        let wanted = project.volumes.values().find(|wanted| wanted.name == details.name && !wanted.external);
        let changed = wanted.and_then(|wanted| request::changed_volume(wanted, &details));
        let VolumeDetails { name, mut labels, .. } = details;
        let (project, key) = (labels.remove(labels::PROJECT), labels.remove(labels::VOLUME));
        match labels.get(labels::ANONYMOUS_VOLUME_OF).and_then(|of| of.split_once('/')) {
            Some((project, service)) => {
                let (project, anonymous_of) = (Some(project.to_owned()), Some(service.to_owned()));
                Volume { name, project, anonymous_of, ..Volume::default() }
            }
            None => Volume { name, project, key, anonymous_of: None, changed },
        }
    };
    Ok(listed.into_iter().map(volume).collect())
}

/// The images that the project names and the engine has.
async fn images(
    engine: &Engine,
    project: &Project,
    containers: &[Container],
) -> Result<BTreeMap<String, Image>, Error> {
    let with_images = project.services.iter().filter(|(_, service)| service.provider.is_none());
    let references = with_images.flat_map(|(name, service)| {
        let own = project.image_of(name, service);
        crate::plan::init_images(project, name, service).chain([own])
    });
    // Services may share an image.
    let mut references: BTreeSet<String> = references.collect();
    let mut images = BTreeMap::new();
    // Only an inspection tells an image's age.
    let by_age = |service: &Service| service.pull_policy.as_ref().is_some_and(|policy| policy.max_age().is_some());
    if engine.is_docker() && !project.services.values().any(by_age) {
        images = listed_images(&references, containers);
        references.retain(|reference| !images.contains_key(reference));
    }
    images.extend(inspect_images(engine, references).await?);
    Ok(images)
}

/// The images that the list of containers shows. Docker lists a container with the name of its image only while the name means that image
/// (`refreshImage` in moby's `daemon/list.go`), and else with the identifier.
fn listed_images(references: &BTreeSet<String>, containers: &[Container]) -> BTreeMap<String, Image> {
    let listed = containers.iter().filter(|container| references.contains(&container.image));
    let image = |container: &Container| Image { id: container.image_id.clone(), ..Image::default() };
    listed.map(|container| (container.image.clone(), image(container))).collect()
}

/// Those of the images that the engine has.
pub(crate) async fn inspect_images(
    engine: &Engine,
    references: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, Image>, Error> {
    let found = stream::iter(references).map(|reference| find_image(engine, reference));
    let found: Vec<_> = found.buffer_unordered(connections()).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn find_image(engine: &Engine, reference: String) -> Result<Option<(String, Image)>, Error> {
    match inspect_image(engine, &reference).await {
        Ok(ImageDetails { id, last_tagged, volumes, .. }) => {
            let image = Image { id, last_tagged: last_tagged.map(|time| time.0), volumes: Some(volumes) };
            Ok(Some((reference, image)))
        }
        // No image has a name that is not one. The step that needs the image reports it.
        Err(error) if matches!(error.kind(), ErrorKind::Gone | ErrorKind::InvalidReference) => Ok(None),
        Err(error) => Err(error.during("look at an image").into()),
    }
}

/// Host ports that these containers hold.
fn foreign_ports(others: Vec<Container>) -> Vec<ForeignPort> {
    let running = others.into_iter().filter(Container::is_up);
    running
        .flat_map(|container| {
            let owner = Some(container.project).filter(|project| !project.is_empty());
            let name = container.name;
            container.ports.into_iter().filter_map(move |port| {
                Some(ForeignPort {
                    ip: port.ip.unwrap_or_default(),
                    port: port.published?,
                    protocol: port.protocol,
                    container: name.clone(),
                    project: owner.clone(),
                })
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_list_means_the_containers_own_image() {
        let references = BTreeSet::from(["app".to_owned(), "db:1".to_owned(), "moved".to_owned()]);
        let of = |image: &str, id: &str| Container { image: image.into(), image_id: id.into(), ..Container::default() };
        let containers =
            [of("app", "sha256:1"), of("app", "sha256:1"), of("sha256:2", "sha256:2"), of("other", "sha256:3")];
        let found = listed_images(&references, &containers);
        let image = Image { id: "sha256:1".into(), ..Image::default() };
        assert_eq!(found, BTreeMap::from([("app".to_owned(), image)]));
    }

    #[test]
    fn labels_say_which_services_there_are_and_what_they_depend_on() {
        let of = |service: &str, one_off: bool, label: &str| Container {
            service: service.to_owned(),
            one_off,
            labels: BTreeMap::from([(labels::DEPENDS_ON.to_owned(), label.to_owned())]),
            ..Container::default()
        };
        let label = "db:service_healthy:true,setup:service_completed_successfully:false,cache";
        let services = labelled_services(&[of("web", false, label), of("db", false, ""), of("job", true, "")]);
        assert_eq!(services.keys().collect::<Vec<_>>(), ["db", "web"]);
        assert!(services["db"].depends_on.is_empty());
        let found: Vec<_> = services["web"]
            .depends_on
            .iter()
            .map(|(name, found)| (name.as_str(), found.condition, found.restart))
            .collect();
        let expected = [
            ("db", Condition::Healthy, true),
            ("setup", Condition::CompletedSuccessfully, false),
            ("cache", Condition::Started, false),
        ];
        assert_eq!(found, expected);
    }
}
