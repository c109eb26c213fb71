//! Namespaces of other containers and of the host.

use wharf_compose::model::Namespace;

use super::replica::Replica;

/// A namespace as the engine knows it: that of a service is its first container's.
pub(super) fn shared_with(replica: &Replica<'_>, namespace: &Namespace) -> String {
    match namespace {
        Namespace::Service(service) => format!("container:{}", replica.owners.id(replica.project, service)),
        other => other.to_string(),
    }
}
