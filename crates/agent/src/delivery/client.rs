//! A client of one endpoint.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use url::Url;
use wharf_docker::root_cause;
use wharf_go::encoding::BASE64;
use wharf_serve::Secret;

use super::answer::{Verdict, judge, retry_after};
use super::backoff::Schedule;
use super::body::{Body, PushFormat};
use super::error::ClientError;
use super::tls::{self, TlsConfig};

/// The header that names Loki's tenant.
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");
/// The largest file with a password or a token, in bytes.
const LONGEST_SECRET: u64 = 64 * 1024;
/// Most bytes that are read of an error's text.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// Where and how lines are sent.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The endpoint's name in metrics and logs.
    pub name: String,
    /// The whole address, as `http://loki:3100/loki/api/v1/push`.
    pub url: Url,
    /// What is sent.
    pub format: PushFormat,
    /// Whether JSON and OTLP are compressed.
    pub gzip: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// When to retry.
    pub schedule: Schedule,
    /// The tenant of lines for which no stage names one.
    pub tenant: Option<String>,
    /// Labels for each stream that does not have them.
    pub external_labels: Vec<(String, String)>,
    /// Whether lines are dropped when the endpoint says that there are too many (429).
    pub drop_rate_limited: bool,
    /// More headers.
    pub headers: Vec<(String, Secret)>,
    /// How the client authenticates.
    pub auth: Auth,
    /// The certificates to trust, and the client's own.
    pub tls: TlsConfig,
    /// Direct, or through a proxy.
    pub proxy: Proxy,
}

/// How the client authenticates. Files are read again for each request, because they may be renewed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
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

impl Auth {
    /// Takes the user and the password out of an address, where they are percent-encoded (RFC 3986, 3.2.1).
    pub fn taken_from(url: &mut Url) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (user, password) = (decoded(url.username()), url.password().map(decoded));
        if user.is_empty() && password.is_none() {
            return Auth::None;
        }
        // Only an address without a host refuses this, and it can have no user.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        Auth::Basic(user, Secret::new(password.unwrap_or_default()))
    }
}

/// How the endpoint is reached. A proxy is always used as a tunnel (`CONNECT`), even for plain HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// Directly.
    #[default]
    None,
    /// As `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    FromEnvironment,
    /// This one, except for the hosts of the second text.
    Url(Url, Option<String>),
}

/// Sends requests to one endpoint.
#[derive(Debug)]
pub struct Client {
    /// Its configuration.
    pub config: ClientConfig,
    way: Way,
    uri: Uri,
    headers: HeaderMap,
}

type FullBody = Full<Bytes>;

/// A client without or with a proxy.
#[derive(Debug)]
enum Way {
    Straight(HttpClient<HttpsConnector<HttpConnector>, FullBody>),
    Tunnel(HttpClient<HttpsConnector<Tunnel<HttpConnector>>, FullBody>),
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
    /// A file cannot be read, or a value cannot be sent as a header.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        let uri: Uri = config.url.as_str().parse().map_err(|_| ClientError::Header("the address".to_owned()))?;
        let tls = tls::config(&config.tls).or_else(|error| without_tls(&config, error))?;
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let builder = match &config.tls.server_name {
            Some(name) => {
                let bad = |_| ClientError::Tls(format!("`server_name: {name}` is not a host name"));
                let name = rustls::pki_types::ServerName::try_from(name.clone()).map_err(bad)?;
                builder.with_server_name_resolver(FixedServerNameResolver::new(name))
            }
            None => builder,
        };
        let builder = builder.enable_http1();
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(config.timeout));
        let pool = HttpClient::builder(TokioExecutor::new());
        let way = match intercepted(&config.proxy, &uri) {
            None => Way::Straight(pool.build(builder.wrap_connector(connector))),
            Some(proxy) => Way::Tunnel(pool.build(builder.wrap_connector(tunnel(&proxy, connector)?))),
        };
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("wharf-agent/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &config.headers {
            let bad = |_| ClientError::Header(name.clone());
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ClientError::Header(name.clone()))?;
            headers.insert(key, HeaderValue::from_str(value.expose()).map_err(bad)?);
        }
        if let Some(tenant) = &config.tenant {
            HeaderValue::from_str(tenant).map_err(|_| ClientError::Header(TENANT.to_string()))?;
        }
        match &config.auth {
            Auth::Token(scheme, token) => drop(secret_header(scheme, token.expose()).map_err(ClientError::Unsendable)?),
            // Basic is base64, and files may change.
            Auth::None | Auth::Basic(..) | Auth::BasicFile(..) | Auth::TokenFile(..) => {}
        }
        Ok(Self { config, way, uri, headers })
    }

    /// Sends a body for a tenant. The tenant may come from a line: one that is no header value would never be taken.
    pub(super) async fn send(&self, body: &Body, tenant: Option<&str>) -> Answer {
        let of_lines = tenant.is_some();
        let Ok(tenant) = tenant.or(self.config.tenant.as_deref()).map(HeaderValue::from_str).transpose() else {
            let message = "the tenant has a control character: it cannot be sent as a header".to_owned();
            return Answer { verdict: Verdict::Refused { reason: "invalid_tenant", lines: None }, status: 0, message };
        };
        match self.try_to_send(body, tenant).await {
            // A configured header is too long: that is for a person to fix, and the lines wait.
            Ok(answer) if answer.status == 431 && !of_lines => {
                Answer { verdict: Verdict::Later { reason: "not_accepted", after: None }, ..answer }
            }
            Ok(answer) => answer,
            Err(reason) => {
                let verdict = Verdict::Later { reason: "connection", after: None };
                Answer { verdict, status: 0, message: reason }
            }
        }
    }

    async fn try_to_send(&self, body: &Body, tenant: Option<HeaderValue>) -> Result<Answer, String> {
        let mut request = Request::new(Full::new(body.bytes.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(body.content_type));
        if let Some(encoding) = body.encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if let Some(tenant) = tenant {
            headers.insert(TENANT, tenant);
        }
        if let Some(authorization) = self.authorization().await? {
            headers.insert(AUTHORIZATION, authorization);
        }
        let answered = tokio::time::timeout(self.config.timeout, self.exchange(request)).await;
        let (parts, message) = answered.map_err(|_| "no answer in time".to_owned())??;
        let status = parts.status.as_u16();
        let after = parts.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, std::time::SystemTime::now()));
        Ok(Answer { verdict: judge(status, after, &message), status, message })
    }

    async fn authorization(&self) -> Result<Option<HeaderValue>, String> {
        Ok(Some(match &self.config.auth {
            Auth::None => return Ok(None),
            Auth::Basic(user, password) => basic(user, password.expose())?,
            Auth::BasicFile(user, file) => basic(user, &read_secret(file).await?)?,
            Auth::Token(scheme, token) => secret_header(scheme, token.expose())?,
            Auth::TokenFile(scheme, file) => secret_header(scheme, &read_secret(file).await?)?,
        }))
    }

    /// Sends a request and reads its answer.
    async fn exchange(&self, request: Request<FullBody>) -> Result<(hyper::http::response::Parts, String), String> {
        let sent = match &self.way {
            Way::Straight(client) => client.request(request).await,
            Way::Tunnel(client) => client.request(request).await,
        };
        let (parts, body) = Response::into_parts(sent.map_err(|error| root_cause(&error))?);
        // An answer that is too long is judged by its status alone.
        let message =
            Limited::new(body, LONGEST_MESSAGE).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        Ok((parts, String::from_utf8_lossy(&message).into_owned()))
    }
}

/// The proxy that requests go through.
fn intercepted(proxy: &Proxy, uri: &Uri) -> Option<Intercept> {
    match proxy {
        Proxy::None => None,
        Proxy::FromEnvironment => Matcher::from_env().intercept(uri),
        Proxy::Url(url, except) => {
            let matcher = Matcher::builder().all(url.as_str()).no(except.as_deref().unwrap_or_default()).build();
            matcher.intercept(uri)
        }
    }
}

fn tunnel(proxy: &Intercept, connector: HttpConnector) -> Result<Tunnel<HttpConnector>, ClientError> {
    if proxy.uri().scheme_str() != Some("http") {
        return Err(ClientError::Proxy("only those that are reached by http:// are supported".to_owned()));
    }
    let tunnel = Tunnel::new(proxy.uri().clone(), connector);
    Ok(match proxy.basic_auth() {
        Some(credentials) => tunnel.with_auth(credentials.clone()),
        None => tunnel,
    })
}

/// Without https, TLS that cannot be set up is ignored: the client may run in an image without certificates.
fn without_tls(config: &ClientConfig, error: ClientError) -> Result<rustls::ClientConfig, ClientError> {
    let proxy_is_plain = !matches!(&config.proxy, Proxy::Url(url, _) if url.scheme() == "https");
    if config.url.scheme() == "https" || !proxy_is_plain || config.tls != TlsConfig::default() {
        return Err(error);
    }
    tls::config(&TlsConfig { insecure: true, ..TlsConfig::default() })
}

async fn read_secret(file: &PathBuf) -> Result<String, String> {
    let said = |error: std::io::Error| format!("{}: {error}", file.display());
    // A pipe would be waited for without end.
    let metadata = tokio::fs::metadata(file).await.map_err(said)?;
    if !metadata.is_file() || metadata.len() > LONGEST_SECRET {
        return Err(format!("{}: it is not a regular file of at most {LONGEST_SECRET} bytes", file.display()));
    }
    let text = tokio::fs::read_to_string(file).await.map_err(said)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn secret_header(scheme: &str, credentials: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {credentials}"))
        .map_err(|_| "the credentials are not a valid header value")?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, String> {
    secret_header("Basic", &BASE64.encode(format!("{user}:{password}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_of_an_address_are_decoded() {
        for (text, user, password) in [
            ("http://alice:p%40ss@loki:3100/push", "alice", "p@ss"),
            ("http://a%3Ab:%C3%A4%25@loki:3100/push", "a:b", "ä%"),
            ("http://alice@loki:3100/push", "alice", ""),
            ("http://:only@loki:3100/push", "", "only"),
        ] {
            let mut url = Url::parse(text).unwrap();
            assert_eq!(Auth::taken_from(&mut url), Auth::Basic(user.to_owned(), Secret::new(password)), "{text}");
            assert_eq!(url.as_str(), "http://loki:3100/push");
        }
        let mut url = Url::parse("http://loki:3100/push").unwrap();
        assert_eq!(Auth::taken_from(&mut url), Auth::None);
    }

    #[test]
    fn secrets_are_not_shown() {
        let auth = Auth::Basic("me".to_owned(), Secret::new("hidden"));
        assert!(!format!("{auth:?}").contains("hidden"));
        assert!(!format!("{:?}", secret_header("Bearer", "hidden").unwrap()).contains("hidden"));
    }
}
