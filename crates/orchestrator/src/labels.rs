//! Labels and names of docker compose, so that other tools see our projects and we see theirs.

use wharf_compose::Project;

/// The project's name.
pub const PROJECT: &str = "com.docker.compose.project";
/// The service's name.
pub const SERVICE: &str = "com.docker.compose.service";
/// The replica's number, from 1.
pub const NUMBER: &str = "com.docker.compose.container-number";
/// `True` for a container of `run`.
pub const ONE_OFF: &str = "com.docker.compose.oneoff";
/// The moment a hook's container was made for: `pre_start`.
pub const HOOK: &str = "com.docker.compose.hook";
/// Hash of the configuration that the container was made from.
pub const CONFIG_HASH: &str = "com.docker.compose.config-hash";
/// Identifier of the image that the container was made from.
pub const IMAGE: &str = "com.docker.compose.image";
/// The service's dependencies, `name:condition:restart`, separated by commas.
pub const DEPENDS_ON: &str = "com.docker.compose.depends_on";
/// The Compose files, absolute, separated by commas.
pub const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
/// The project's directory.
pub const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
/// The network's key in the file.
pub const NETWORK: &str = "com.docker.compose.network";
/// The volume's key in the file.
pub const VOLUME: &str = "com.docker.compose.volume";
/// Version of the program that made the object.
pub const VERSION: &str = "com.docker.compose.version";

/// What stands between the parts of a name: `-`, or `_` as Compose 1 had it.
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
