//! Namespaces of other containers and of the host.

use wharf_compose::Project;
use wharf_compose::model::Namespace;

/// A namespace as the engine knows it: that of a service is its first container's.
pub(super) fn shared_with(project: &Project, namespace: &Namespace) -> String {
    match namespace {
        Namespace::Service(service) => format!("container:{}", project.replica_name(service, 1)),
        other => other.to_string(),
    }
}
