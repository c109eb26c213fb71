//! The interface between the `docker` command and its plugins.
//!
//! `docker` finds a plugin by the name of its file, asks it to describe itself, and runs it with its own command line. The
//! plugin is in the same process group, so it gets Ctrl-C from the terminal as `docker` does. A signal that only `docker`
//! gets is passed on differently: `docker` closes a socket that the plugin has connected to.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;

use rustix::process::{Signal, getpid, kill_process};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use super::COMPOSE_LEVEL;

/// The variable that holds the socket's address.
const SOCKET: &str = "DOCKER_CLI_PLUGIN_SOCKET";

/// What the plugin says of itself, as JSON.
pub(crate) fn metadata() -> String {
    let description = format!("Docker Compose, by wharf {}", env!("CARGO_PKG_VERSION"));
    let metadata = json!({
        "SchemaVersion": "0.1.0",
        "Vendor": "wharf",
        "Version": format!("v{COMPOSE_LEVEL}"),
        "ShortDescription": description,
        "URL": env!("CARGO_PKG_REPOSITORY"),
    });
    format!("{metadata}\n")
}

/// Makes the end of the connection to `docker` an interrupt of this process. A terminal may have sent the same interrupt:
/// the two are then so close together that they count as one.
pub(crate) fn interrupt_with_docker(environment: &BTreeMap<String, String>) {
    let Some(address) = environment.get(SOCKET).cloned() else { return };
    tokio::spawn(async move {
        // An older `docker` has no socket; without one there is nothing to follow.
        let Ok(mut socket) = UnixStream::connect(path(&address)).await else { return };
        let mut byte = [0];
        while matches!(socket.read(&mut byte).await, Ok(1..)) {}
        if let Err(error) = kill_process(getpid(), Signal::INT) {
            tracing::debug!(%error, "the interrupt of docker is not passed on");
        }
    });
}

/// The socket's path. `@` stands for the zero byte that begins a name without a file.
fn path(address: &str) -> std::path::PathBuf {
    let mut bytes = address.as_bytes().to_vec();
    if let Some(first) = bytes.first_mut().filter(|first| **first == b'@') {
        *first = 0;
    }
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_what_docker_demands() {
        let metadata: serde_json::Value = serde_json::from_str(&metadata()).unwrap();
        assert_eq!(metadata["SchemaVersion"], "0.1.0");
        assert_eq!((&metadata["Vendor"], &metadata["Version"]), (&json!("wharf"), &json!("v2.40.3")));
    }

    #[test]
    fn a_socket_may_have_a_name_without_a_file() {
        assert_eq!(path("@docker_cli_1").as_os_str(), "\0docker_cli_1");
        assert_eq!(path("/tmp/docker_cli_1").as_os_str(), "/tmp/docker_cli_1");
    }
}
