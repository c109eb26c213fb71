//! Each visit is counted once, whichever replica counts it.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use wharf_testkit::Redis;

use crate::replica::Replica;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_visits_to_several_replicas_each_get_a_number_of_their_own() {
    let redis = Redis::start().await.unwrap();
    let start = || Replica::start((redis.host(), redis.port()), None);
    let replicas = [start().await, start().await, start().await];
    let visits = (0..600).map(|number| replicas[number % 3].get("/count"));
    let counts: BTreeSet<i64> = join_all(visits).await.iter().map(|answer| answer.count()).collect();
    assert_eq!(counts, (1..=600).collect());

    let ready = replicas[0].get("/readyz").await;
    assert_eq!(ready.body, r#"{"ready":true,"redis":"up","postgres":"unset"}"#);
    let metrics = replicas[0].get("/metrics").await.body;
    assert!(metrics.contains("\nwharf_web_visits_total 200\n"), "{metrics}");
}
