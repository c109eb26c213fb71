//! One more process in a running container.

use std::sync::{Arc, OnceLock};

use bollard::exec::{ResizeExecOptions, StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use futures_util::StreamExt;

use crate::attach::{Attached, TerminalSize};
use crate::engine::Engine;
use crate::error::Error;
use crate::start_error::StartError;

/// What the engine writes to the output of a process that it could not start begins with this.
const REFUSAL: &[u8] = b"OCI runtime exec failed";

/// What is run in a container, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Variables besides the container's own, as `KEY=VALUE`.
    pub environment: Vec<String>,
    /// User to run as; `None`: the container's.
    pub user: Option<String>,
    /// Directory to run in; `None`: the container's.
    pub working_dir: Option<String>,
    /// With extended privileges.
    pub privileged: bool,
    /// With a terminal.
    pub tty: bool,
    /// With an input that [`Attached::input`] feeds.
    pub input: bool,
    /// Without joining it: it runs on by itself.
    pub detach: bool,
}

/// A process that was made in a container.
#[derive(Debug)]
pub struct Exec<'e> {
    engine: &'e Engine,
    id: String,
}

impl<'e> Exec<'e> {
    /// Makes a process and starts it (Engine API `POST /containers/{id}/exec`, `POST /exec/{id}/start`). Gives its two
    /// directions, unless it is detached.
    ///
    /// # Errors
    /// If a request fails, for example because the container does not run or the program does not exist.
    pub async fn start(
        engine: &'e Engine,
        container: &str,
        options: ExecOptions,
    ) -> Result<(Self, Option<Attached>), Error> {
        let ExecOptions { command, environment, user, working_dir, privileged, tty, input, detach } = options;
        let config = ExecConfig {
            attach_stdin: Some(input),
            attach_stdout: Some(!detach),
            attach_stderr: Some(!detach),
            tty: Some(tty),
            env: (!environment.is_empty()).then_some(environment),
            cmd: Some(command),
            privileged: Some(privileged),
            user,
            working_dir,
            ..ExecConfig::default()
        };
        let id = engine.docker().create_exec(container, config).await.map_err(Error::at("run the command"))?.id;
        let options = StartExecOptions { detach, tty, output_capacity: None };
        let attached =
            match engine.docker().start_exec(&id, Some(options)).await.map_err(Error::at("run the command"))? {
                StartExecResults::Attached { output, input } => Some(Attached::new(output, input)),
                StartExecResults::Detached => None,
            };
        Ok((Exec { engine, id }, attached))
    }

    /// Takes out of the output what the engine writes there if the process could not be started. The cell has it at the end.
    pub fn refusal_apart(attached: Attached) -> (Attached, Arc<OnceLock<StartError>>) {
        let refusal = Arc::new(OnceLock::new());
        let (found, mut is_first) = (refusal.clone(), true);
        let output = attached.output.filter_map(move |chunk| {
            let error = match &chunk {
                Ok(chunk) if std::mem::take(&mut is_first) && chunk.bytes.starts_with(REFUSAL) => {
                    StartError::of(&String::from_utf8_lossy(&chunk.bytes))
                }
                _ => None,
            };
            let chunk = match error {
                Some(error) => {
                    found.get_or_init(|| error);
                    None
                }
                None => Some(chunk),
            };
            std::future::ready(chunk)
        });
        (Attached { output: output.boxed(), input: attached.input }, refusal)
    }

    /// Whether the process runs or has run: the engine answers before it has started it.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn has_started(&self) -> Result<bool, Error> {
        let found = self.engine.docker().inspect_exec(&self.id).await?;
        Ok(found.exit_code.is_some() || found.pid.is_some_and(|pid| pid != 0))
    }

    /// Gives its terminal another size.
    ///
    /// # Errors
    /// If the request fails, for example because the program has ended or has no terminal.
    pub async fn resize(&self, size: TerminalSize) -> Result<(), Error> {
        let options = ResizeExecOptions { height: size.height, width: size.width };
        Ok(self.engine.docker().resize_exec(&self.id, options).await?)
    }

    /// The exit code of a process that has ended; `None` while it runs.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn exit_code(&self) -> Result<Option<i64>, Error> {
        Ok(self.engine.docker().inspect_exec(&self.id).await.map_err(Error::at("ask how the command ended"))?.exit_code)
    }
}
