//! Secrets that `RUN --mount=type=secret` shows.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::Secrets as Service;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use tonic::{Request, Response, Status};

use crate::regular_file::open_regular;

/// The engine takes no larger secret, in bytes.
const LARGEST: u64 = 500 * 1024;

/// Where a secret comes from.
#[derive(Clone)]
pub enum Secret {
    /// A file of this machine, read when the build asks for it.
    File(PathBuf),
    /// Its value. It is never printed.
    Value(Vec<u8>),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::File(path) => f.debug_tuple("File").field(path).finish(),
            Secret::Value(_) => f.write_str("Value(..)"),
        }
    }
}

pub(super) struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    pub(super) fn new(secrets: BTreeMap<String, Secret>) -> Self {
        Secrets(secrets)
    }
}

#[tonic::async_trait]
impl Service for Secrets {
    async fn get_secret(&self, request: Request<GetSecretRequest>) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let secret = self.0.get(id).ok_or_else(|| Status::not_found(format!("secret {id} not found")))?;
        let data = match secret.clone() {
            Secret::Value(value) => value,
            Secret::File(path) => {
                let reading = tokio::task::spawn_blocking(move || {
                    let mut value = Vec::new();
                    open_regular(&path)
                        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut value))
                        .map(|_| value)
                        .map_err(|error| format!("{}: {error}", path.display()))
                });
                let read = reading.await.map_err(|error| Status::internal(error.to_string()))?;
                read.map_err(|error| Status::failed_precondition(format!("secret {id}: {error}")))?
            }
        };
        if data.len() as u64 > LARGEST {
            return Err(Status::failed_precondition(format!("secret {id} has more than {} KiB", LARGEST / 1024)));
        }
        Ok(Response::new(GetSecretResponse { data }))
    }
}
