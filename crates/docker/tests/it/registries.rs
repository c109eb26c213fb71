//! Pulls and pushes as the engine is asked for them, with the login in its header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures_util::StreamExt;
use serde_json::{Value, json};
use wharf_docker::{Error, Login, RegistryRefusal, Transfer, pull_image, push_image, registry_digest, with_logins};
use wharf_testkit::{FakeEngine, FakeReply};

use super::connect;

/// Its characters give Base64 for which the two alphabets differ.
const PASSWORD: &str = "s3cret?>~ü";

fn login() -> Login {
    Login::Password { user: "me".to_owned(), password: PASSWORD.to_owned() }
}

fn lines(lines: &[Value]) -> FakeReply {
    FakeReply::Answer(200, lines.iter().map(|line| format!("{line}\r\n")).collect::<String>().into())
}

/// The decoded header of the only request for a path.
fn header(fake: &FakeEngine, path: &str, name: &str) -> Value {
    let requests = fake.requests_for("POST", path);
    assert_eq!(requests.len(), 1, "{:?}", fake.requests());
    let decoded = URL_SAFE.decode(&requests[0].headers[name]).unwrap();
    serde_json::from_slice(&decoded).unwrap()
}

#[tokio::test]
async fn a_pull_sends_the_login_and_tells_layers_with_their_bytes() {
    let fake = FakeEngine::start();
    fake.on(
        "POST",
        "/images/create",
        lines(&[
            json!({ "status": "Pulling from shop/app", "id": "1" }),
            json!({ "status": "Waiting", "progressDetail": {}, "id": "f7ed" }),
            json!({ "status": "Downloading", "progressDetail": { "current": 5, "total": 20 }, "id": "f7ed" }),
            json!({ "status": "Extracting", "progressDetail": { "current": 2 }, "id": "f7ed" }),
        ]),
    );
    let engine = connect(&fake).await;
    let pull = pull_image(&engine, ("reg:5000/shop/app", Some("1")), Some("linux/arm64"), Some(&login()));
    let told: Vec<Transfer> = pull.map(Result::unwrap).collect().await;
    let news = |layer: Option<&str>, status: &str, bytes| Transfer {
        layer: layer.map(str::to_owned),
        status: status.to_owned(),
        bytes,
    };
    assert_eq!(
        told,
        [
            news(None, "Pulling from shop/app", None),
            news(Some("f7ed"), "Waiting", None),
            news(Some("f7ed"), "Downloading", Some((5, 20))),
            news(Some("f7ed"), "Extracting", None),
        ]
    );
    let sent = header(&fake, "/images/create", "x-registry-auth");
    assert_eq!(sent, json!({ "username": "me", "password": PASSWORD }));
    let query = &fake.requests_for("POST", "/images/create")[0].query;
    assert_eq!((query["fromImage"].as_str(), query["tag"].as_str()), ("reg:5000/shop/app", "1"));
    assert_eq!(query["platform"], "linux/arm64");
}

#[tokio::test]
async fn a_push_tells_layers_and_its_error_ends_it() {
    let fake = FakeEngine::start();
    let path = "/images/*/shop/app/push";
    fake.on(
        "POST",
        path,
        lines(&[
            json!({ "status": "The push refers to repository [reg:5000/shop/app]" }),
            json!({ "status": "Pushing", "progressDetail": { "current": 7, "total": 7 }, "id": "f7ed" }),
            json!({ "errorDetail": { "message": "denied: no" }, "error": "denied: no" }),
        ]),
    );
    let engine = connect(&fake).await;
    let push = push_image(&engine, "reg:5000/shop/app", "1", Some(&Login::IdentityToken("tok".to_owned()))).unwrap();
    let told: Vec<Result<Transfer, Error>> = push.collect().await;
    let layer = told[1].as_ref().unwrap();
    assert_eq!((layer.layer.as_deref(), layer.bytes), (Some("f7ed"), Some((7, 7))));
    assert_eq!(RegistryRefusal::of(told[2].as_ref().unwrap_err()), Some(RegistryRefusal::Denied));
    assert_eq!(header(&fake, path, "x-registry-auth"), json!({ "identitytoken": "tok" }));
    assert_eq!(fake.requests_for("POST", path)[0].query["tag"], "1");
    assert!(push_image(&engine, "a name with spaces", "1", None).is_err());
}

#[tokio::test]
async fn a_push_without_a_login_sends_an_empty_one() {
    let fake = FakeEngine::start();
    let engine = connect(&fake).await;
    let push = push_image(&engine, "app", "1", None).unwrap();
    let _refused: Vec<_> = push.collect().await;
    assert_eq!(header(&fake, "/images/app/push", "x-registry-auth"), json!({}));
}

#[tokio::test]
async fn a_build_sends_all_logins_and_a_look_sends_one() {
    let fake = FakeEngine::start();
    let engine = connect(&fake).await;
    let docker = with_logins(&engine, &[("reg:5000".to_owned(), login())].into());
    let options = bollard::query_parameters::BuildImageOptions::default();
    let body = bollard::body_full(bytes::Bytes::new());
    let _refused: Vec<_> = docker.build_image(options, None, Some(body)).collect().await;
    let sent = header(&fake, "/build", "x-registry-config");
    assert_eq!(sent, json!({ "reg:5000": { "username": "me", "password": PASSWORD } }));
    let digest = json!({ "Descriptor": { "digest": "sha256:00" }, "Platforms": [] });
    fake.on("GET", "/distribution/*/json", FakeReply::json(digest));
    assert_eq!(registry_digest(&engine, "app", Some(&login())).await.unwrap(), "sha256:00");
    assert!(fake.requests_for("GET", "/distribution/*/json")[0].headers.contains_key("x-registry-auth"));
}
