//! What a container is made from.

use wharf_compose::Project;
use wharf_compose::model::Service;
use wharf_docker::listing::MountedVolume;

use super::owners::Owners;

/// What a container is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Replica<'a> {
    pub(crate) project: &'a Project,
    pub(crate) name: &'a str,
    pub(crate) service: &'a Service,
    pub(crate) number: u32,
    /// Identifier of the image, as far as it is known.
    pub(crate) image_id: Option<&'a str>,
    /// Paths at which its image wants anonymous volumes. The engine makes those that are not named here.
    pub(crate) volumes_of_image: &'a [String],
    /// Volumes that it takes over from the container it replaces: see [`inherited`](super::inherited).
    pub(crate) inherited: &'a [MountedVolume],
    /// The containers that it shares namespaces and volumes with, and links to.
    pub(crate) owners: &'a Owners,
    /// Whether it is made in the place of another one.
    pub(crate) replaces: bool,
}
