//! Below `/k/`: the page of a key, and what other pages embed. `/k/{key}.svg` and `/k/{key}.gif` count people.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::api;
use crate::app::App;
use crate::badge::{Look, Parameter};
use crate::counter::CounterError;
use crate::form::Form;
use crate::hits::{last_part, no_key};
use crate::key::{Key, Kind, View};
use crate::peer::Peer;
use crate::people::{Client, Count, Reason, Visitor};
use crate::unavailable::{BADGE_AWAY, Cause, caused};
use crate::{key_page, picture};

/// `GET`: what the end of the path asks for.
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
    peer: Option<Extension<Peer>>,
) -> Response {
    let View { kind, key } = View::of_k(&last_part(path, &uri));
    let key = match key {
        Ok(key) => key,
        Err(error) => return no_key(kind, error),
    };
    let query = uri.query().unwrap_or_default();
    let address = peer.map(|Extension(Peer(address))| address);
    let address = Client::of(&headers, address, &app.proxies).address;
    let count = async |count: Count| match count {
        Count::None => app.counter.hits(&key).await,
        Count::All => app.counter.hit(&key).await,
        Count::People => visit(&app, &key, Visitor::of(&headers, address)).await,
    };
    match kind {
        Kind::Badge => match Look::parse(query).and_then(|look| Ok((look, Count::parse(query)?))) {
            Ok((look, counted)) => picture::badge(&app, &key, &look, count(counted).await).await,
            Err(parameter) => picture::refused(parameter.name(), parameter),
        },
        Kind::Pixel => picture::pixel(count(Count::parse(query).unwrap_or_default()).await.err()),
        Kind::Page => key_page::page(&app, &key, &uri, Form::of(&headers)).await,
        Kind::Endpoint => endpoint(&app, &key, query).await,
    }
}

/// `HEAD`: asking for the head alone counts nothing.
pub(crate) async fn head(
    State(app): State<Arc<App>>,
    form: Form,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Response {
    let View { kind, key } = View::of_k(&last_part(path, &uri));
    match (kind, key) {
        (_, Err(error)) => no_key(kind, error),
        (Kind::Page, Ok(key)) => key_page::page(&app, &key, &uri, form).await,
        (Kind::Endpoint, Ok(key)) => endpoint(&app, &key, uri.query().unwrap_or_default()).await,
        (Kind::Badge, Ok(_)) => {
            app.not_counted.of(Reason::Head).inc();
            picture::svg(String::new())
        }
        (Kind::Pixel, Ok(_)) => {
            app.not_counted.of(Reason::Head).inc();
            picture::pixel(None)
        }
    }
}

/// The key's total, after counting the visitor if they count.
async fn visit(app: &App, key: &Key, visitor: Visitor) -> Result<i64, CounterError> {
    match visitor {
        Visitor::Anyone => app.counter.hit(key).await,
        Visitor::Person(person) => {
            let (total, counted) = app.counter.hit_once(key, &person).await?;
            if !counted {
                app.not_counted.of(Reason::Repeat).inc();
            }
            Ok(total)
        }
        Visitor::Nobody(reason) => {
            app.not_counted.of(reason).inc();
            app.counter.hits(key).await
        }
    }
}

/// What shields.io makes a badge of (<https://shields.io/badges/endpoint-badge>).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    schema_version: u8,
    label: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label_color: Option<String>,
    is_error: bool,
    style: &'static str,
}

impl Endpoint {
    fn new(look: &Look, message: String) -> Self {
        let (color, label_color) =
            (look.colour.map(|colour| colour.to_string()), look.label_colour.map(|colour| colour.to_string()));
        Self {
            schema_version: 1,
            label: look.label.clone(),
            message,
            color,
            label_color,
            is_error: false,
            style: look.style.as_str(),
        }
    }
}

/// `GET /k/{key}.json`; counts nothing. Its errors are answers, too: shields.io shows no others.
async fn endpoint(app: &App, key: &Key, query: &str) -> Response {
    let look = match Look::parse(query) {
        Ok(look) => look,
        Err(parameter) => return api::json(&refused(parameter)),
    };
    match app.counter.hits(key).await {
        Ok(total) => {
            let (number, cause) = picture::number(app, key, look.format, total).await;
            caused(api::json(&Endpoint::new(&look, number)), cause)
        }
        Err(error) => {
            let away = Endpoint { is_error: true, ..Endpoint::new(&look, BADGE_AWAY.to_owned()) };
            caused(api::json(&away), Some(Cause::new(error)))
        }
    }
}

fn refused(parameter: Parameter) -> Endpoint {
    let look = Look { label: parameter.name().to_owned(), ..Look::default() };
    Endpoint { is_error: true, ..Endpoint::new(&look, parameter.to_string()) }
}
