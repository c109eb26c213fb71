//! What a scrape gets.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use prometheus::{Encoder, Registry, TextEncoder};

/// All of the registry's metrics as the answer to a scrape, in [text format
/// 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/); an answer 500 that says why when they cannot
/// be encoded.
pub fn exposition(registry: &Registry) -> Response {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    match encoder.encode(&registry.gather(), &mut text) {
        Ok(()) => ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
