//! Kills each main process with SIGKILL while visits go on.

use tokio::{sync::watch, task::JoinSet};
use wharf_testkit::eventually;

use crate::{
    stack::{DEADLINE, Stack},
    visitor::Visitor,
};

const VISITORS: usize = 8;
/// Visits between two kills, and after the last.
const VISITS: u64 = 500;

/// How the requests ended.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    answered: u64,
    failed: u64,
}

#[tokio::test]
async fn killed_processes_lose_no_visit() {
    let stack = Stack::named("deaths").await;
    stack.wharf(&["up", "--wait"]);
    let visitor = Visitor::of(stack.url("nginx", 5002));

    let (tallies, tally) = watch::channel(Tally::default());
    let (stop, stopped) = watch::channel(false);
    let mut visitors = JoinSet::new();
    for _ in 0..VISITORS {
        visitors.spawn(visit(visitor.clone(), tallies.clone(), stopped.clone()));
    }
    for service in ["redis", "postgres", "web"] {
        more_visits(&tally).await;
        stack.kill_and_await_recovery(&stack.containers_of(service)[0]).await;
    }
    more_visits(&tally).await;
    stop.send_replace(true);
    visitors.join_all().await;

    let Tally { answered, failed } = *tally.borrow();
    let count: u64 = stack.inside("redis", &["redis-cli", "GET", "visits"]).await.parse().unwrap();
    println!("{answered} answered, {failed} failed, {count} counted");
    assert!(answered > 4 * VISITS);
    assert!(count >= answered, "{answered} visits were acknowledged, {count} counted");
    assert!(count <= answered + failed, "{count} counted of {answered} answered and {failed} failed");

    eventually("the history adds up to the count", DEADLINE, async || {
        let sum = "SELECT coalesce(sum(visits), 0) FROM visits_history";
        let psql = ["psql", "--username", "counter", "--no-align", "--tuples-only", "--command", sum];
        let history = stack.inside("postgres", &psql).await;
        if history == count.to_string() { Ok(()) } else { Err(format!("history {history}, count {count}")) }
    })
    .await
    .unwrap();
    eventually("everything is healthy again", DEADLINE, async || stack.all_are_healthy().await).await.unwrap();
}

/// Makes one visit after the other until stopped. No visit is retried.
async fn visit(visitor: Visitor, tallies: watch::Sender<Tally>, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let outcome = visitor.get("/count").await;
        tallies.send_modify(|tally| match outcome {
            Ok(_) => tally.answered += 1,
            Err(_) => tally.failed += 1,
        });
    }
}

/// Waits until [`VISITS`] more visits have been answered.
async fn more_visits(tally: &watch::Receiver<Tally>) {
    let mut tally = tally.clone();
    let enough = tally.borrow().answered + VISITS;
    let come = tokio::time::timeout(DEADLINE, tally.wait_for(|tally| tally.answered >= enough)).await;
    let seen = *come.unwrap_or_else(|_| panic!("visits stopped being answered")).unwrap();
    assert!(seen.answered >= enough);
}
