//! The count survives: up, count, up again, down, up.

use std::collections::BTreeSet;

use wharf_testkit::eventually;

use crate::{
    stack::{DEADLINE, Stack},
    visitor::Visitor,
};

#[tokio::test]
async fn the_count_goes_on_after_down_and_up() {
    let stack = Stack::named("days").await;
    stack.wharf(&["up", "--wait"]);
    let visitor = Visitor::of(stack.url("nginx", 5002));

    assert!(visitor.get("/").await.unwrap().text.contains("Welcome to the VisitCounter"));
    three_replicas_answer_in_turn(&visitor).await;
    let counted = visitor.get("/count").await.unwrap().count();
    every_target_is_up(&stack).await;

    let before = stack.containers();
    // Grafana is there only where its image can be pulled.
    let grafana = stack.containers_of("grafana").len();
    assert_eq!(before.len(), 9 + grafana, "{before:?}");
    stack.wharf(&["up", "--wait"]);
    assert_eq!(stack.containers(), before, "a second up recreates nothing");

    stack.wharf(&["down"]);
    assert_eq!(stack.containers().len(), 0);
    stack.wharf(&["up", "--wait"]);
    let visitor = Visitor::of(stack.url("nginx", 5002));
    assert_eq!(visitor.get("/count").await.unwrap().count(), counted + 1, "the count goes on");

    stack.wharf(&["down", "--volumes"]);
    assert_eq!(stack.leftovers().await, Vec::<String>::new());
}

async fn three_replicas_answer_in_turn(visitor: &Visitor) {
    let mut answered = Vec::new();
    for _ in 0..9 {
        answered.push(visitor.get("/").await.unwrap().replica().to_owned());
    }
    assert_eq!(answered.iter().collect::<BTreeSet<_>>().len(), 3, "{answered:?}");
    assert_eq!(answered[..3], answered[3..6], "in turn: {answered:?}");
    assert_eq!(answered[..3], answered[6..], "in turn: {answered:?}");
}

async fn every_target_is_up(stack: &Stack) {
    let prometheus = Visitor::of(stack.url("prometheus", 9090));
    let seven = "Prometheus, the exporter, Redis, Postgres and three replicas are up";
    eventually(seven, DEADLINE, async || match prometheus.targets().await {
        Ok(targets) if targets.len() == 7 && targets.iter().all(|(_, up)| *up) => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await
    .unwrap();
}
