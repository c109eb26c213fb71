//! The border to the engine, with an engine that the test writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod following;
mod registries;

use std::time::Duration;

use serde_json::{Value, json};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_testkit::FakeEngine;

/// How long a test waits for what must come.
const DEADLINE: Duration = Duration::from_secs(20);

/// A connection to a fake engine.
async fn connect(fake: &FakeEngine) -> Engine {
    Engine::connect(&endpoint(fake)).await.unwrap()
}

fn endpoint(fake: &FakeEngine) -> Endpoint {
    let choice = EndpointChoice { host: Some(fake.host()), ..EndpointChoice::default() };
    Endpoint::resolve(&Default::default(), &choice).unwrap()
}

/// A running container, as the engine describes it.
fn container(id: &str) -> Value {
    json!({ "Id": id, "Name": format!("/{id}"), "Config": { "Labels": { "project": "shop" } },
        "State": { "Status": "running", "Running": true, "StartedAt": "2023-11-14T22:13:21Z" } })
}
