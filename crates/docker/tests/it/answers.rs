//! One request, and what may become of it.

use std::time::Duration;

use serde_json::json;
use wharf_docker::container::inspect;
use wharf_docker::{Engine, Error, ErrorKind};
use wharf_testkit::{FakeEngine, FakeReply};

use super::{connect, container, endpoint};

const INSPECT: &str = "/containers/*/json";

async fn error(fake: &FakeEngine, reply: FakeReply) -> Error {
    fake.once("GET", INSPECT, reply);
    inspect(&connect(fake).await, "web").await.unwrap_err()
}

#[tokio::test]
async fn both_sides_speak_the_older_ones_version() {
    let fake = FakeEngine::start();
    assert_eq!(connect(&fake).await.api_version().to_string(), "1.41");
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_refused() {
    let fake = FakeEngine::start();
    fake.on("GET", "/version", FakeReply::json(json!({ "ApiVersion": "1.40" })));
    let error = Engine::connect(&endpoint(&fake)).await.unwrap_err();
    assert!(matches!(&error, Error::TooOld { found, needed, .. } if found == "1.40" && needed == "1.41"), "{error}");
}

#[tokio::test]
async fn without_an_engine_the_error_names_the_socket_and_helps() {
    let mut fake = FakeEngine::start();
    fake.stop().await;
    let error = Engine::connect(&endpoint(&fake)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains(&fake.host()), "{error}");
    assert!(error.help().is_some_and(|help| help.contains("is the engine running?")), "{:?}", error.help());
}

#[tokio::test]
async fn an_engine_that_comes_later_is_waited_for() {
    let mut fake = FakeEngine::start();
    fake.stop().await;
    let endpoint = endpoint(&fake);
    let (sender, mut failed) = tokio::sync::mpsc::unbounded_channel();
    let connecting =
        tokio::spawn(
            async move { Engine::connect_when_there(&endpoint, |error| sender.send(error.kind()).unwrap()).await },
        );
    for _ in 0..2 {
        assert_eq!(failed.recv().await, Some(ErrorKind::Unreachable));
    }
    fake.start_again();
    assert_eq!(connecting.await.unwrap().api_version().to_string(), "1.41");
}

#[tokio::test]
async fn a_container_that_is_gone_is_none() {
    let fake = FakeEngine::start();
    let engine = connect(&fake).await;
    fake.once("GET", INSPECT, FakeReply::error(404, "No such container: web"));
    assert_eq!(inspect(&engine, "web").await.unwrap(), None);
    fake.once("GET", INSPECT, FakeReply::json(container("web")));
    assert_eq!(inspect(&engine, "web").await.unwrap().unwrap().name, "web");
    assert_eq!(fake.requests_for("GET", INSPECT)[0].path, "/containers/web/json");
}

#[tokio::test]
async fn what_the_engine_says_is_passed_on_with_its_meaning() {
    let fake = FakeEngine::start();
    let refused = error(&fake, FakeReply::error(409, "Container 4f0c is not running")).await;
    assert_eq!((refused.kind(), refused.status()), (ErrorKind::NotRunning, Some(409)));
    assert_eq!(refused.engine_message(), "Container 4f0c is not running");
    let asked = refused.during("look at the container");
    assert_eq!((asked.kind(), asked.status()), (ErrorKind::NotRunning, Some(409)));
    assert_eq!(asked.to_string(), "cannot look at the container: Container 4f0c is not running");
    let failed = error(&fake, FakeReply::error(500, "out of luck")).await;
    assert_eq!((failed.kind(), failed.engine_message().as_str()), (ErrorKind::Other, "out of luck"));
}

#[tokio::test]
async fn a_connection_that_is_reset_is_not_an_answer() {
    let fake = FakeEngine::start();
    let error = error(&fake, FakeReply::Reset).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, None), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_not_one() {
    let fake = FakeEngine::start();
    let error = error(&fake, FakeReply::CutOff(r#"{"Id":"4f0c","#.into())).await;
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, None), "{error:?}");
}

#[tokio::test]
async fn a_slow_answer_is_given_up_in_time() {
    let fake = FakeEngine::start();
    let engine = connect(&fake).await.with_timeout(Duration::from_secs(1));
    fake.on("GET", INSPECT, FakeReply::json(container("web")).after(Duration::from_secs(3600)));
    assert_eq!(inspect(&engine, "web").await.unwrap_err().kind(), ErrorKind::TimedOut);
}
