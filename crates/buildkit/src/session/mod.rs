//! The session of a build: a gRPC server of ours on a connection that the engine has taken over, which it asks for files,
//! secrets, SSH agents and registry logins.

mod auth;
mod files;
mod health;
mod secrets;
mod ssh;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use bollard_buildkit_proto::health::health_server::HealthServer;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
use bollard_buildkit_proto::moby::filesync::v1::file_sync_server::FileSyncServer;
use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::SshServer;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest, Sha256};
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::{Code, Status};
use wharf_docker::{Engine, Logins, Upgraded, upgrade};

pub use secrets::Secret;

use crate::folder::Folder;

/// What a build may ask for.
#[derive(Clone)]
pub struct Offer {
    /// Folders, by the names that the build has for them.
    pub folders: BTreeMap<String, Folder>,
    /// Secrets, by their identifiers.
    pub secrets: BTreeMap<String, Secret>,
    /// Sockets of SSH agents, by the identifiers that the build has for them.
    pub agents: BTreeMap<String, PathBuf>,
    /// Logins of registries.
    pub logins: Arc<Logins>,
}

type Health = HealthServer<health::Alive>;
type Files = FileSyncServer<files::Files>;
type Secrets = SecretsServer<secrets::Secrets>;
type Ssh = SshServer<ssh::Agents>;
type Auth = AuthServer<auth::Auth>;

/// The methods that the engine may call. It asks for nothing else.
fn methods() -> Vec<String> {
    let of = |service: &str, methods: &[&str]| -> Vec<String> {
        methods.iter().map(|method| format!("/{service}/{method}")).collect()
    };
    [
        of(Health::NAME, &["Check"]),
        of(Files::NAME, &["DiffCopy"]),
        of(Secrets::NAME, &["GetSecret"]),
        of(Ssh::NAME, &["CheckAgent", "ForwardAgent"]),
        of(Auth::NAME, &["Credentials", "GetTokenAuthority", "VerifyTokenAuthority"]),
    ]
    .concat()
}

/// Opens a session, and returns its connection.
pub(crate) async fn open(
    engine: &Engine,
    id: &str,
    name: &str,
    offer: &Offer,
) -> Result<Upgraded, wharf_docker::Error> {
    let mut headers = vec![
        ("X-Docker-Expose-Session-Uuid", id.to_owned()),
        ("X-Docker-Expose-Session-Name", name.to_owned()),
        ("X-Docker-Expose-Session-Sharedkey", shared_key(offer)),
    ];
    headers.extend(methods().into_iter().map(|method| ("X-Docker-Expose-Session-Grpc-Method", method)));
    upgrade(engine, "/session", "h2c", &headers).await
}

/// Names the engine's copy of the folders, which the next build of the same folders brings up to date.
fn shared_key(offer: &Offer) -> String {
    let mut hash = Sha256::new();
    for (name, folder) in &offer.folders {
        if let Folder::Directory(path) = folder {
            hash.update(name);
            hash.update([0]);
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update([0]);
        }
    }
    hex::encode(&hash.finalize()[..16])
}

/// Answers until the engine closes the connection.
pub(crate) async fn serve(connection: Upgraded, offer: Offer) {
    let health = Health::new(health::Alive);
    let files = Files::new(files::Files::new(offer.folders));
    let secrets = Secrets::new(secrets::Secrets::new(offer.secrets));
    let ssh = Ssh::new(ssh::Agents::new(offer.agents));
    let auth = Auth::new(auth::Auth::new(offer.logins));
    let answer = move |request: http::Request<Incoming>| {
        let (mut health, mut files, mut secrets) = (health.clone(), files.clone(), secrets.clone());
        let (mut ssh, mut auth) = (ssh.clone(), auth.clone());
        async move {
            let service = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
            match service.as_str() {
                Health::NAME => health.call(request).await,
                Files::NAME => files.call(request).await,
                Secrets::NAME => secrets.call(request).await,
                Ssh::NAME => ssh.call(request).await,
                Auth::NAME => auth.call(request).await,
                _ => Ok::<_, Infallible>(Status::new(Code::Unimplemented, "no such service here").into_http()),
            }
        }
    };
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    if let Err(error) = server.serve_connection(connection, service_fn(answer)).await {
        tracing::debug!(%error, "the session of a build ended");
    }
}
