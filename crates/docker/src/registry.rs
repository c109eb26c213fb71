//! What the engine does with registries for us: pulls, pushes, looks a digest up. It is given the login each time.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptions;
use bollard::{BollardRequest, Docker};
use futures_util::{Stream, StreamExt};
use http::header::{HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::Error;
use crate::logins::Login;

const AUTH: HeaderName = HeaderName::from_static("x-registry-auth");
/// The path of a pull.
const PULL: &str = "/images/create";
const CONFIG: HeaderName = HeaderName::from_static("x-registry-config");

/// News of a pull or a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The layer that it is about, by the first digits of its digest.
    pub layer: Option<String>,
    /// What happens: `Downloading`.
    pub status: String,
    /// How many bytes have been moved, and of how many, if the engine says both.
    pub bytes: Option<(u64, u64)>,
}

/// The digest that an image's registry has for a reference now: `sha256:...`. The request is
/// `GET /distribution/{name}/json`.
///
/// # Errors
/// If the request fails; [`Error::Incomplete`] if the answer has no digest.
pub async fn registry_digest(engine: &Engine, reference: &str, login: Option<&Login>) -> Result<String, Error> {
    let answer = authorized(engine, login).inspect_registry_image(reference, None).await?;
    answer.descriptor.digest.ok_or(Error::Incomplete { reason: "the engine answered without a digest" })
}

/// Pulls an image (`POST /images/create`), for the engine's own platform unless one is given. Without a tag, `name` has a digest.
pub fn pull_image(
    engine: &Engine,
    (name, tag): (&str, Option<&str>),
    platform: Option<&str>,
    login: Option<&Login>,
) -> impl Stream<Item = Result<Transfer, Error>> + use<> {
    let options = CreateImageOptions {
        from_image: Some(name.to_owned()),
        tag: tag.map(str::to_owned),
        platform: platform.unwrap_or_default().to_owned(),
        ..CreateImageOptions::default()
    };
    transfers(authorized(engine, login), options)
}

/// Pushes an image (`POST /images/{name}/push`).
///
/// # Errors
/// [`Error::Incomplete`] if the name or the tag cannot be part of an address, and so of no image.
pub fn push_image(
    engine: &Engine,
    name: &str,
    tag: &str,
    login: Option<&Login>,
) -> Result<impl Stream<Item = Result<Transfer, Error>> + use<>, Error> {
    let target = format!("/images/{name}/push?tag={tag}");
    target.parse::<PathAndQuery>().map_err(|_| Error::Incomplete { reason: "this cannot be the name of an image" })?;
    // The client's own push leaves out which layer its news are about. The answer has the form of a pull's.
    let auth = header(&login.map_or_else(|| json!({}), auth_of));
    let docker = engine.docker().clone().with_request_modifier(move |mut request| {
        let prefix = request.uri().path().strip_suffix(PULL).unwrap_or_default();
        let mut address = request.uri().clone().into_parts();
        address.path_and_query = format!("{prefix}{target}").parse().ok();
        if let Ok(address) = address.try_into() {
            *request.uri_mut() = address;
        }
        with(request, &AUTH, auth.as_ref())
    });
    Ok(transfers(docker, CreateImageOptions::default()))
}

/// The engine's client for a build, with the logins to registries by their names (`X-Registry-Config`).
pub fn with_logins(engine: &Engine, logins: &BTreeMap<String, Login>) -> Docker {
    let config: serde_json::Map<String, Value> =
        logins.iter().map(|(server, login)| (server.clone(), auth_of(login))).collect();
    let value = header(&Value::Object(config));
    engine.docker().clone().with_request_modifier(move |request| with(request, &CONFIG, value.as_ref()))
}

/// The engine's client with a login. The client's own header is not in the alphabet that the engine reads: it would drop
/// some logins silently.
fn authorized(engine: &Engine, login: Option<&Login>) -> Docker {
    let value = login.and_then(|login| header(&auth_of(login)));
    engine.docker().clone().with_request_modifier(move |request| with(request, &AUTH, value.as_ref()))
}

fn with(mut request: BollardRequest, name: &HeaderName, value: Option<&HeaderValue>) -> BollardRequest {
    if let Some(value) = value {
        request.headers_mut().insert(name, value.clone());
    }
    request
}

/// The `AuthConfig` of the Engine API.
fn auth_of(login: &Login) -> Value {
    match login {
        Login::Password { user, password } => json!({ "username": user, "password": password }),
        Login::IdentityToken(token) => json!({ "identitytoken": token }),
    }
}

fn header(value: &Value) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(URL_SAFE.encode(value.to_string())).ok()?;
    header.set_sensitive(true);
    Some(header)
}

fn transfers(docker: Docker, options: CreateImageOptions) -> impl Stream<Item = Result<Transfer, Error>> {
    let news = docker.create_image(Some(options), None, None);
    news.filter_map(async |info| match info {
        Ok(info) => transfer(info).map(Ok),
        Err(error) => Some(Err(error.into())),
    })
}

fn transfer(info: CreateImageInfo) -> Option<Transfer> {
    let status = info.status?;
    // A pull says the tag where it has the layer elsewhere.
    let layer = info.id.filter(|_| !status.starts_with("Pulling from "));
    let bytes = info.progress_detail.and_then(|detail| {
        let total = u64::try_from(detail.total?).ok().filter(|total| *total > 0)?;
        Some((u64::try_from(detail.current.unwrap_or(0)).ok()?.min(total), total))
    });
    Some(Transfer { layer, status, bytes })
}
