//! Runs another project's program, to compare ours with it.

use std::time::Duration;

use testcontainers::{
    ContainerAsync, GenericImage, ImageExt, TestcontainersError,
    core::{AccessMode, Mount, client::docker_client_instance, error::ClientError},
    runners::AsyncRunner,
};
use tokio::net::TcpStream;

use crate::error::Error;
use crate::eventually::eventually;
use crate::port;
use crate::run::{RUN_LABEL, Run, TEST_LABEL, sweep, test_name};

const IMAGE: &str = "wharf-local/peers";
const TAG: &str = "bookworm";
const IMAGE_VARIABLE: &str = "an image of that name";
/// The longest wait for the program's port.
const DEADLINE: Duration = Duration::from_secs(30);

/// A program from the image `wharf-local/peers:bookworm`, in the host's network so that it reaches the servers of
/// tests. Dropping this removes it.
#[derive(Debug)]
pub struct Peer {
    container: ContainerAsync<GenericImage>,
    port: u16,
}

impl Peer {
    /// Starts the program and waits until its port accepts connections. `arguments` is called with the loopback port to
    /// listen on.
    ///
    /// # Errors
    ///
    /// If there is no engine or no image (`cargo xtask images` builds it), or if the program does not listen within
    /// half a minute.
    pub async fn start(
        program: &str,
        arguments: impl FnOnce(u16) -> Vec<String>,
        environment: &[(&str, &str)],
    ) -> Result<Self, Error> {
        Self::start_with_folders(program, arguments, environment, &[]).await
    }

    /// Like [`Peer::start`], with folders of the host mounted read-only: the path on the host, and the path in the
    /// container.
    ///
    /// # Errors
    ///
    /// As [`Peer::start`].
    pub async fn start_with_folders(
        program: &str,
        arguments: impl FnOnce(u16) -> Vec<String>,
        environment: &[(&str, &str)],
        folders: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let docker = docker_client_instance().await.map_err(Error::NoEngine)?;
        sweep(&docker).await;
        let image = format!("{IMAGE}:{TAG}");
        if docker.inspect_image(&image).await.is_err() {
            return Err(Error::NoImage { image, variable: IMAGE_VARIABLE });
        }
        let name = format!("wharf-test-{program}-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Engine {
            action: "start",
            container: name.clone(),
            source,
        };
        let port = port::unused().ok_or_else(|| failed("no host port is free".into()))?;
        let command = std::iter::once(program.to_owned()).chain(arguments(port));
        let mut request = GenericImage::new(IMAGE, TAG)
            .with_container_name(&name)
            .with_label(TEST_LABEL, test_name())
            .with_network("host")
            .with_cmd(command);
        if let Some(run) = Run::current() {
            request = request.with_label(RUN_LABEL, run.to_string());
        }
        for (host, container) in folders {
            request = request.with_mount(Mount::bind_mount(*host, *container).with_access_mode(AccessMode::ReadOnly));
        }
        for (variable, value) in environment {
            request = request.with_env_var(*variable, *value);
        }
        let container = request.start().await.map_err(|error| match error {
            TestcontainersError::Client(ClientError::PullImage { .. }) => {
                Error::NoImage { image: image.clone(), variable: IMAGE_VARIABLE }
            }
            error => failed(error.into()),
        })?;
        let listens =
            eventually(format!("{program} listens"), DEADLINE, async || TcpStream::connect(("127.0.0.1", port)).await);
        listens.await.map_err(|never| failed(never.into()))?;
        Ok(Peer { container, port })
    }

    /// The port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The container's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.container.id()
    }
}
