//! SSH agents that `RUN --mount=type=ssh` reaches.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::Ssh as Service;
use bollard_buildkit_proto::moby::sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use super::files::Outgoing;

/// The agent of `RUN --mount=type=ssh` without an `id`.
const DEFAULT: &str = "default";
/// The header that names the agent.
const AGENT: &str = "buildkit.ssh.id";
/// Size of the pieces that are passed on, in bytes.
const PIECE: usize = 32 * 1024;

pub(super) struct Agents(BTreeMap<String, PathBuf>);

impl Agents {
    pub(super) fn new(agents: BTreeMap<String, PathBuf>) -> Self {
        Agents(agents)
    }

    fn socket(&self, id: &str) -> Result<&Path, Status> {
        let id = if id.is_empty() { DEFAULT } else { id };
        let socket = self.0.get(id).map(PathBuf::as_path);
        socket.ok_or_else(|| Status::not_found(format!("no SSH agent {id} is given to the build")))
    }
}

#[tonic::async_trait]
impl Service for Agents {
    type ForwardAgentStream = Outgoing<BytesMessage>;

    async fn check_agent(&self, request: Request<CheckAgentRequest>) -> Result<Response<CheckAgentResponse>, Status> {
        self.socket(&request.get_ref().id)?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    async fn forward_agent(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::ForwardAgentStream>, Status> {
        let id = request.metadata().get(AGENT).and_then(|id| id.to_str().ok()).unwrap_or(DEFAULT);
        let socket = self.socket(id)?;
        let agent = UnixStream::connect(socket).await;
        let agent =
            agent.map_err(|error| Status::failed_precondition(format!("SSH agent {}: {error}", socket.display())))?;
        let (mut from_agent, mut to_agent) = agent.into_split();
        let mut questions = request.into_inner();
        tokio::spawn(async move {
            while let Ok(Some(message)) = questions.message().await {
                if to_agent.write_all(&message.data).await.is_err() {
                    break;
                }
            }
            // The agent sees the end of the questions.
        });
        let (sender, answers) = mpsc::channel(4);
        tokio::spawn(async move {
            let mut piece = vec![0; PIECE];
            loop {
                let message = match from_agent.read(&mut piece).await {
                    Ok(0) => break,
                    Ok(length) => Ok(BytesMessage { data: piece[..length].to_vec() }),
                    Err(error) => Err(Status::unavailable(error.to_string())),
                };
                let is_last = message.is_err();
                if sender.send(message).await.is_err() || is_last {
                    break;
                }
            }
        });
        Ok(Response::new(Outgoing(answers)))
    }
}
