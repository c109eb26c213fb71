//! Runs the stacks of `deploy/examples/` as their READMEs describe.

use std::collections::BTreeSet;

use wharf_testkit::eventually;

use crate::{
    stack::{DEADLINE, Stack},
    visitor::Visitor,
};

#[tokio::test]
async fn the_counter_says_how_often_it_was_called() {
    let stack = Stack::example("counter").await;
    stack.wharf(&["up", "--wait"]);
    let visitor = Visitor::of(stack.url("web", 5000));
    for calls in ["1 time", "2 times", "3 times"] {
        let page = visitor.get("/").await.unwrap().text;
        assert!(page.contains(&format!("Hi! I have been called {calls}<")), "{page}");
    }
}

#[tokio::test]
async fn three_tiers_keep_their_data_and_rebuild_an_edited_source() {
    let source = tempfile::tempdir().unwrap();
    let mut stack = Stack::example("three-tier").await;
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/examples/three-tier/web");
    for name in ["Dockerfile", "greeting.txt"] {
        std::fs::copy(format!("{example}/{name}"), source.path().join(name)).unwrap();
    }
    let edited = source.path().join("edited.yaml");
    std::fs::write(&edited, format!("services: {{web: {{build: {}}}}}", source.path().display())).unwrap();
    stack.add_file(edited);

    stack.wharf(&["up", "--wait"]);
    let greeting = async |stack: &Stack| Visitor::of(stack.url("web", 5000)).get("/").await.unwrap().text;
    assert!(greeting(&stack).await.contains("Hello from three tiers: visit number 1"));
    let before = stack.containers();
    std::fs::write(source.path().join("greeting.txt"), "Good morning, visitor {count}").unwrap();
    stack.wharf(&["up", "--wait", "--build"]);
    assert!(greeting(&stack).await.contains("Good morning, visitor 2"));
    let kept = stack.containers().into_iter().filter(|(name, id)| before.get(name) == Some(id));
    assert_eq!(kept.count(), 2, "only web was replaced");

    let history = async |stack: &Stack| {
        let query = "SELECT coalesce(sum(visits), 0) FROM visits_history";
        stack.inside("db", &["psql", "-U", "app", "-Atc", query]).await
    };
    eventually("both visits are in the history", DEADLINE, async || match history(&stack).await {
        visits if visits == "2" => Ok(()),
        other => Err(other),
    })
    .await
    .unwrap();
    stack.wharf(&["down"]);
    stack.wharf(&["up", "--wait"]);
    assert_eq!(history(&stack).await, "2", "the data outlives down");
    stack.wharf(&["down", "--volumes", "--rmi", "local"]);
    assert_eq!(stack.leftovers().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_load_is_balanced_over_three_replicas() {
    let stack = Stack::example("load-balanced").await;
    stack.wharf(&["up", "--wait", "--build", "--scale", "web=3"]);
    let visitor = Visitor::of(stack.url("nginx", 5002));
    let mut replicas = BTreeSet::new();
    for _ in 0..3 {
        replicas.insert(visitor.get("/count").await.unwrap().replica().to_owned());
    }
    assert_eq!(replicas.len(), 3, "{replicas:?}");
}

#[tokio::test]
async fn monitoring_has_every_target_up() {
    let stack = Stack::example("monitoring").await;
    stack.wharf(&["up", "--wait"]);
    let prometheus = Visitor::of(stack.url("prometheus", 9090));
    eventually("web and Prometheus are up", DEADLINE, async || match prometheus.targets().await {
        Ok(targets) if targets.len() == 2 && targets.iter().all(|(_, up)| *up) => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn replicas_that_share_a_host_port_are_refused_before_anything_is_started() {
    let stack = Stack::example("scaling").await;
    let message = stack.refused(&["up", "--detach", "--scale", "web=3"]);
    assert!(message.contains("3 replicas cannot share one host port (5000)"), "{message}");
    assert!(message.contains("compose.yaml:6:9"), "{message}");
    assert!(message.contains("publish a range of 3 ports"), "{message}");
    assert_eq!(stack.leftovers().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_log_of_a_labelled_application_is_shown_by_the_agent() {
    let stack = Stack::example("logging").await;
    stack.wharf(&["up", "--wait"]);
    // Without Loki, the agent prints lines after their container's name. With Loki, its own log says that it serves its pages.
    let is_shown = |line: &str| line.contains("app-1") && line.contains("tick 2");
    eventually("the agent has the application's lines", DEADLINE, async || match stack.wharf(&["logs", "agent"]) {
        shown if shown.lines().any(is_shown) || shown.contains("/targets") => Ok(()),
        shown => Err(shown),
    })
    .await
    .unwrap();
}
