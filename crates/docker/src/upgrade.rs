//! A connection to the engine that is handed over to another protocol: `POST /grpc` and `POST /session`, which speak HTTP/2
//! once the engine has agreed.
//!
//! The client library keeps the connections that it takes over to itself, so this module opens one of its own, to the same
//! endpoint.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::endpoint::{Endpoint, TlsFiles};
use crate::engine::Engine;
use crate::error::Error;

/// The port of an engine's address that names none.
const PORT: u16 = 2375;
/// The port of an engine's address with TLS that names none.
const TLS_PORT: u16 = 2376;
/// The longest text of a refusal that is read, in bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// A connection that the engine has handed over.
pub type Upgraded = hyper::upgrade::Upgraded;

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// Asks the engine to speak `protocol` on a new connection, with `POST` to `path` (without the API version).
///
/// # Errors
/// If the engine cannot be reached or does not agree. [`ErrorKind::Gone`](crate::ErrorKind::Gone): it does not know `path`.
pub async fn upgrade(
    engine: &Engine,
    path: &str,
    protocol: &str,
    headers: &[(&'static str, String)],
) -> Result<Upgraded, Error> {
    let failed = |err: std::io::Error| Error::from(bollard::errors::Error::IOError { err });
    let connection = dial(engine.endpoint()).await.map_err(failed)?;
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(connection)).await?;
    tokio::spawn(driver.with_upgrades());
    let mut request = Request::post(format!("/v{}{path}", engine.api_version()))
        .header(HOST, "docker")
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, protocol);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(String::new()).map_err(|error| failed(std::io::Error::other(error)))?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refusal(response).await);
    }
    Ok(hyper::upgrade::on(response).await?)
}

async fn refusal(response: Response<Incoming>) -> Error {
    use http_body_util::{BodyExt, Limited};
    let status_code = response.status().as_u16();
    let text = Limited::new(response.into_body(), LONGEST_REFUSAL).collect().await;
    let text = text.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    let said = serde_json::from_str::<serde_json::Value>(&text).ok();
    let message = said.and_then(|said| said["message"].as_str().map(str::to_owned)).unwrap_or(text);
    bollard::errors::Error::DockerResponseServerError { status_code, message }.into()
}

/// Opens a connection to an endpoint.
async fn dial(endpoint: &Endpoint) -> std::io::Result<Box<dyn Connection>> {
    if let Some(path) = endpoint.host.strip_prefix("unix://") {
        return Ok(Box::new(UnixStream::connect(path).await?));
    }
    let unusable = || std::io::Error::other(format!("{} is not an address that a build can use", endpoint.host));
    let uri: Uri = endpoint.host.parse().map_err(|_| unusable())?;
    let host = uri.host().ok_or_else(unusable)?;
    match (uri.scheme_str(), &endpoint.tls) {
        (Some("ssh"), _) => dial_ssh(&uri).await,
        (Some("tcp" | "http" | "https"), Some(files)) => {
            let stream = TcpStream::connect((bare(host), uri.port_u16().unwrap_or(TLS_PORT))).await?;
            let name = ServerName::try_from(bare(host).to_owned()).map_err(std::io::Error::other)?;
            let connector = tokio_rustls::TlsConnector::from(Arc::new(tls(files)?));
            Ok(Box::new(connector.connect(name, stream).await?))
        }
        (Some("tcp" | "http"), None) => {
            Ok(Box::new(TcpStream::connect((bare(host), uri.port_u16().unwrap_or(PORT))).await?))
        }
        _ => Err(unusable()),
    }
}

/// An address without the brackets that an IPv6 address has in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// As the docker command does it: its plugin on the other machine joins its own streams to the engine's socket.
async fn dial_ssh(uri: &Uri) -> std::io::Result<Box<dyn Connection>> {
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let mut command = tokio::process::Command::new("ssh");
    command.args(user.iter().flat_map(|user| ["-l", *user]));
    if let Some(port) = uri.port_u16() {
        command.arg("-p").arg(port.to_string());
    }
    command.args(["-T", "--"]).arg(bare(uri.host().unwrap_or_default())).args(["docker", "system", "dial-stdio"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(std::io::Error::other("ssh has no standard streams"));
    };
    // It ends when its input does.
    tokio::spawn(async move { child.wait().await });
    Ok(Box::new(tokio::io::join(output, input)))
}

fn tls(files: &TlsFiles) -> std::io::Result<rustls::ClientConfig> {
    let unusable = |path: &Path| {
        let path = path.display().to_string();
        move |error: &dyn std::fmt::Display| std::io::Error::other(format!("cannot use {path}: {error}"))
    };
    let certificates = |path: &Path| {
        let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        certificates.map_err(|error| unusable(path)(&error))
    };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates(&files.ca)? {
        roots.add(certificate).map_err(|error| unusable(&files.ca)(&error))?;
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key)(&error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(std::io::Error::other)?.with_root_certificates(roots);
    let config = builder.with_client_auth_cert(certificates(&files.cert)?, key);
    config.map_err(|error| unusable(&files.cert)(&error))
}
