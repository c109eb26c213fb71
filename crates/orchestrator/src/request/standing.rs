//! Whether a container was made from what the file says now, as far as its labels tell.

use wharf_compose::Project;
use wharf_compose::model::Service;

use super::docker_compose_hash::docker_compose_hash;
use super::hash;
use super::owners::Owners;
use crate::observe::Container;

/// Whether a container can be kept: its labels say so, or else the comparison of its settings found no difference. What was
/// found beside the labels counts as well: see [`crate::sealed`].
pub(crate) fn is_current(project: &Project, service: &Service, container: &Container, owners: &Owners) -> bool {
    match standing(project, service, container, owners) {
        Standing::Current => container.differences.as_ref().is_none_or(Vec::is_empty),
        Standing::Changed => false,
        Standing::Unknown => container.differences.as_ref().is_some_and(Vec::is_empty),
    }
}

/// What the labels of a container tell about its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It was made from what the file says now.
    Current,
    /// It was made from something else.
    Changed,
    /// Another program made it, or another version of one: its settings have to be compared.
    Unknown,
}

/// Our own hash decides. A container without it, or with one of a form that is not known here, is up to date if docker
/// compose would say so.
pub(crate) fn standing(project: &Project, service: &Service, container: &Container, owners: &Owners) -> Standing {
    let own = container.hash.as_deref().and_then(|label| hash::is_current(project, service, label));
    match own {
        Some(true) => Standing::Current,
        Some(false) => Standing::Changed,
        None => {
            let expected = docker_compose_hash(&owners.resolved(service));
            match container.docker_compose_hash.as_ref() == Some(&expected) {
                true => Standing::Current,
                false => Standing::Unknown,
            }
        }
    }
}
