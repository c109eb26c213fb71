//! Events and the roster, through every fault of the stream.

use std::collections::{BTreeSet, HashMap};

use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use wharf_docker::events::{Turn, follow_events, now};
use wharf_docker::roster::{self, Change, Selection};
use wharf_testkit::{FakeEngine, FakeReply};

use super::{DEADLINE, connect, container};

const LIST: &str = "/containers/json";

/// An event of a container, `at` seconds after the engine's time.
fn event(action: &str, id: &str, at: i64) -> Value {
    json!({ "Type": "container", "Action": action, "timeNano": (1_700_000_000 + at) * 1_000_000_000,
        "Actor": { "ID": id, "Attributes": { "project": "shop" } } })
}

/// The engine has these containers, all of which run.
fn has(fake: &FakeEngine, ids: &[&str]) {
    let listed: Vec<Value> = ids.iter().map(|id| json!({ "Id": id })).collect();
    fake.on("GET", LIST, FakeReply::json(listed.into()));
    fake.on("GET", "/containers/*/json", FakeReply::error(404, "No such container"));
    for id in ids {
        fake.on("GET", &format!("/containers/{id}/json"), FakeReply::json(container(id)));
    }
}

/// What a consumer of a roster knows.
#[derive(Default)]
struct Listener {
    there: BTreeSet<String>,
    failures: usize,
    reconnects: usize,
}

impl Listener {
    /// Listens until everything has been given (again).
    async fn until_complete(&mut self, changes: &mut (impl Stream<Item = Change> + Unpin)) {
        let listening = async {
            loop {
                match changes.next().await.unwrap() {
                    Change::Current(container) => drop(self.there.insert(container.id)),
                    Change::Gone(id) => drop(self.there.remove(&id)),
                    Change::Failed(_) => self.failures += 1,
                    Change::Reconnected => self.reconnects += 1,
                    Change::Complete => break,
                    Change::Clock(_) | Change::Happened(_) => {}
                }
            }
        };
        tokio::time::timeout(DEADLINE, listening).await.expect("the roster is complete in time");
    }

    fn there(&self) -> Vec<&str> {
        self.there.iter().map(String::as_str).collect()
    }
}

#[tokio::test]
async fn an_event_stream_that_broke_goes_on_where_it_ended_and_repeats_nothing() {
    let fake = FakeEngine::start();
    let engine = connect(&fake).await;
    let since = now(&engine).await.unwrap();
    let mut turns = std::pin::pin!(follow_events(engine, HashMap::new(), since));
    let (first, _) = tokio::join!(turns.next(), async {
        fake.event_streams_opened(1).await;
        fake.event(event("start", "a", 1));
    });
    assert!(matches!(&first, Some(Turn::Event(event)) if event.id == "a" && event.action == "start"), "{first:?}");
    fake.break_events();
    assert_eq!(turns.next().await, Some(Turn::Reconnected));
    let (next, _) = tokio::join!(turns.next(), async {
        fake.event_streams_opened(2).await;
        fake.event(event("start", "a", 1));
        fake.event(event("die", "a", 2));
    });
    assert!(matches!(&next, Some(Turn::Event(event)) if event.action == "die"), "{next:?}");
    let since: Vec<String> =
        fake.requests_for("GET", "/events").iter().map(|request| request.query["since"].clone()).collect();
    assert_eq!(since, ["1700000000.000000000", "1700000001.000000000"]);
}

#[tokio::test]
async fn a_roster_lists_inspects_and_follows() {
    let fake = FakeEngine::start();
    has(&fake, &["a", "b"]);
    let selection = Selection::with_labels(["project=shop".to_owned()]);
    let mut changes = std::pin::pin!(roster::follow(connect(&fake).await, selection));
    let mut listener = Listener::default();
    listener.until_complete(&mut changes).await;
    assert_eq!(listener.there(), ["a", "b"]);
    let listing = &fake.requests_for("GET", LIST)[0];
    assert_eq!(
        (listing.query["all"].as_str(), listing.query["filters"].as_str()),
        ("true", r#"{"label":["project=shop"]}"#)
    );

    let (happened, _) = tokio::join!(changes.next(), async {
        fake.event_streams_opened(1).await;
        has(&fake, &["a", "b", "c"]);
        fake.event(event("start", "c", 1));
    });
    assert!(matches!(&happened, Some(Change::Happened(event)) if event.id == "c"), "{happened:?}");
    let current = changes.next().await;
    assert!(matches!(&current, Some(Change::Current(container)) if container.id == "c"), "{current:?}");
}

#[tokio::test]
async fn a_roster_is_right_again_after_a_lost_event_stream() {
    let fake = FakeEngine::start();
    has(&fake, &["a", "b"]);
    let mut changes = std::pin::pin!(roster::follow(connect(&fake).await, Selection::all()));
    let mut listener = Listener::default();
    listener.until_complete(&mut changes).await;
    let breaks = async {
        fake.event_streams_opened(1).await;
        // The engine forgot that `a` went and `c` came.
        has(&fake, &["b", "c"]);
        fake.break_events();
    };
    tokio::join!(listener.until_complete(&mut changes), breaks);
    assert_eq!((listener.there(), listener.reconnects), (vec!["b", "c"], 1));
}

#[tokio::test]
async fn a_roster_survives_an_engine_that_goes_and_comes_back() {
    let mut fake = FakeEngine::start();
    has(&fake, &["a"]);
    let mut changes = std::pin::pin!(roster::follow(connect(&fake).await, Selection::all()));
    let mut listener = Listener::default();
    listener.until_complete(&mut changes).await;
    // Nothing is complete while the engine is away; it comes back once that was noticed.
    let noticed = async { while !matches!(changes.next().await, Some(Change::Failed(_))) {} };
    let goes = async {
        fake.event_streams_opened(1).await;
        fake.stop().await;
        has(&fake, &["b"]);
    };
    tokio::join!(noticed, goes);
    fake.start_again();
    listener.until_complete(&mut changes).await;
    assert_eq!(listener.there(), ["b"], "`a` went with the old engine");
}

#[tokio::test]
async fn a_roster_asks_again_until_the_engine_answers() {
    let fake = FakeEngine::start();
    has(&fake, &["a"]);
    fake.once("GET", "/info", FakeReply::Reset);
    fake.once("GET", LIST, FakeReply::error(500, "not now"));
    fake.once("GET", "/containers/a/json", FakeReply::error(500, "not now"));
    let mut changes = std::pin::pin!(roster::follow(connect(&fake).await, Selection::all()));
    let mut listener = Listener::default();
    listener.until_complete(&mut changes).await;
    assert_eq!((listener.there(), listener.failures), (vec!["a"], 3));
}
