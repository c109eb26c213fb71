//! Names of containers and images, as docker compose makes them.

use wharf_compose::Project;

/// The separator between the parts of a name: `-`, or `_` as Compose 1 had it.
pub fn separator(project: &Project) -> &'static str {
    if project.compatibility { "_" } else { "-" }
}

/// The name of a replica's container: `<project>-<service>-<number>`.
pub fn container_name(project: &Project, service: &str, number: u32) -> String {
    let separator = separator(project);
    format!("{}{separator}{service}{separator}{number}", project.name)
}

/// The name of the image that is built for a service which names none: `<project>-<service>`.
pub fn built_image_name(project: &Project, service: &str) -> String {
    format!("{}{}{service}", project.name, separator(project))
}
