//! A client of one endpoint.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{NoProxy, Url, redirect};

use super::answer::{Verdict, judge, retry_after};
use super::backoff::Schedule;
use super::body::Body;
use super::tls;

/// The header that names Loki's tenant.
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");
/// Of an error's text, this much is read, in bytes.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// Where and how lines are sent.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// What the endpoint is called in metrics and logs.
    pub name: String,
    /// The whole address, as `http://loki:3100/loki/api/v1/push`.
    pub url: Url,
    /// What is sent.
    pub format: Format,
    /// Whether JSON and OTLP are compressed.
    pub gzip: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How to try again.
    pub schedule: Schedule,
    /// The tenant, where no stage names one.
    pub tenant: Option<String>,
    /// Labels for each stream that does not have them.
    pub external_labels: Vec<(String, String)>,
    /// More headers.
    pub headers: Vec<(String, Secret)>,
    /// Who we are.
    pub auth: Auth,
    /// Whom to trust, and our certificate.
    pub tls: TlsFiles,
    /// The way there.
    pub proxy: Proxy,
    /// Whether to go where the server points.
    pub follow_redirects: bool,
}

/// What is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Loki's protobuf, compressed with snappy.
    #[default]
    Protobuf,
    /// Loki's JSON.
    Json,
    /// OTLP/HTTP logs, as protobuf.
    Otlp,
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// How the client says who it is. Files are read again for each request: they may be renewed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    #[default]
    None,
    /// User and password.
    Basic(String, Secret),
    /// User and a file with the password.
    BasicFile(String, PathBuf),
    /// A scheme (`Bearer`) and its credentials.
    Token(String, Secret),
    /// A scheme and a file with its credentials.
    TokenFile(String, PathBuf),
}

/// Files for TLS, in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// The name in the server's certificate, if it is not the URL's.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub insecure: bool,
}

/// The way to the endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Straight.
    #[default]
    None,
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` say.
    FromEnvironment,
    /// This one, except for the hosts of the second text.
    Url(Url, Option<String>),
}

/// A client that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A file cannot be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(String),
    /// A header cannot be sent.
    #[error("`{0}` cannot be sent as a header")]
    Header(String),
    /// The rest.
    #[error("cannot set up the client: {0}")]
    Setup(#[from] reqwest::Error),
}

/// Sends requests to one endpoint.
#[derive(Debug)]
pub struct Client {
    /// What it was made of.
    pub config: ClientConfig,
    http: reqwest::Client,
    headers: HeaderMap,
}

/// An answer, judged.
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// The HTTP status; 0: there was none.
    pub(super) status: u16,
    pub(super) message: String,
}

impl Client {
    /// A client for an endpoint.
    ///
    /// # Errors
    ///
    /// Files that cannot be read, and what cannot be sent as a header.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        let redirects = if config.follow_redirects { redirect::Policy::limited(10) } else { redirect::Policy::none() };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("wharf-agent/", env!("CARGO_PKG_VERSION")))
            .timeout(config.timeout)
            .redirect(redirects)
            .tls_backend_preconfigured(tls::config(&config.tls).or_else(|error| without_tls(&config, error))?);
        builder = match &config.proxy {
            Proxy::None => builder.no_proxy(),
            Proxy::FromEnvironment => builder,
            Proxy::Url(url, except) => {
                let proxy = reqwest::Proxy::all(url.clone())?;
                builder.proxy(proxy.no_proxy(except.as_deref().and_then(NoProxy::from_string)))
            }
        };
        let mut headers = HeaderMap::new();
        for (name, Secret(value)) in &config.headers {
            let bad = |_| ClientError::Header(name.clone());
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ClientError::Header(name.clone()))?;
            headers.insert(key, HeaderValue::from_str(value).map_err(bad)?);
        }
        Ok(Self { http: builder.build()?, config, headers })
    }

    /// Sends a body for a tenant.
    pub(super) async fn send(&self, body: &Body, tenant: Option<&str>) -> Answer {
        match self.try_to_send(body, tenant).await {
            Ok(answer) => answer,
            Err(reason) => {
                let verdict = Verdict::Later { reason: "connection", after: None };
                Answer { verdict, status: 0, message: reason }
            }
        }
    }

    async fn try_to_send(&self, body: &Body, tenant: Option<&str>) -> Result<Answer, String> {
        let mut request = self
            .http
            .post(self.config.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, body.content_type)
            .body(body.bytes.clone());
        if let Some(encoding) = body.encoding {
            request = request.header(CONTENT_ENCODING, encoding);
        }
        if let Some(tenant) = tenant.or(self.config.tenant.as_deref()) {
            request = request.header(TENANT, HeaderValue::from_str(tenant).map_err(|_| "the tenant is no header")?);
        }
        request = match &self.config.auth {
            Auth::None => request,
            Auth::Basic(user, Secret(password)) => request.basic_auth(user, Some(password)),
            Auth::BasicFile(user, file) => request.basic_auth(user, Some(read_secret(file).await?)),
            Auth::Token(scheme, Secret(token)) => request.header(AUTHORIZATION, secret_header(scheme, token)?),
            Auth::TokenFile(scheme, file) => {
                request.header(AUTHORIZATION, secret_header(scheme, &read_secret(file).await?)?)
            }
        };
        let response = request.send().await.map_err(|error| causes(&error))?;
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, std::time::SystemTime::now()));
        let message = if response.status().is_success() { String::new() } else { read_message(response).await };
        Ok(Answer { verdict: judge(status, after, &message), status, message })
    }
}

/// Without https, TLS that cannot be set up is no obstacle: an image without certificates is one that is used.
fn without_tls(config: &ClientConfig, error: ClientError) -> Result<rustls::ClientConfig, ClientError> {
    let proxy_is_plain = !matches!(&config.proxy, Proxy::Url(url, _) if url.scheme() == "https");
    if config.url.scheme() == "https" || !proxy_is_plain || config.tls != TlsFiles::default() {
        return Err(error);
    }
    tls::config(&TlsFiles { insecure: true, ..TlsFiles::default() })
}

async fn read_message(mut response: reqwest::Response) -> String {
    let mut message = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        message.extend_from_slice(&chunk);
        if message.len() > LONGEST_MESSAGE {
            message.truncate(LONGEST_MESSAGE);
            break;
        }
    }
    String::from_utf8_lossy(&message).into_owned()
}

async fn read_secret(file: &PathBuf) -> Result<String, String> {
    let text = tokio::fs::read_to_string(file).await.map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn secret_header(scheme: &str, credentials: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(&format!("{scheme} {credentials}")).map_err(|_| "the credentials are no header")?;
    value.set_sensitive(true);
    Ok(value)
}

/// An error with its causes, and without the URL, which may hold a password.
fn causes(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { cause.to_string() }
}
