//! Counting for keys: badges, the limit on new ones, and what Postgres keeps.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use wharf_testkit::{Postgres, Redis, eventually};

use crate::http::{get, request};
use crate::replica::{Replica, SOON};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_a_badge_count_for_the_same_key_and_a_look_counts_nothing() {
    let redis = Redis::start().await.unwrap();
    let replica = Replica::start((redis.host(), redis.port()), None).await;
    assert_eq!(replica.get("/hits/wharf").await.count(), 1);
    let badge = replica.get("/hits/wharf.svg").await;
    assert!(badge.body.contains(">hits: 2</title>"), "{badge:?}");
    assert!(badge.head.contains("\r\ncontent-type: image/svg+xml"), "{badge:?}");
    assert!(badge.head.contains("\r\ncache-control: no-cache, no-store, max-age=0, must-revalidate"), "{badge:?}");
    assert!(!badge.head.contains("\r\netag:") && !badge.head.contains("\r\nlast-modified:"), "{badge:?}");
    // A proxy that has cached it once gets no permission to keep using it.
    let again = request(replica.address, "GET", "/hits/wharf.svg", "If-None-Match: *\r\n").await.unwrap();
    assert_eq!(again.status, 200);
    assert!(again.body.contains(">hits: 3</title>"), "{again:?}");

    request(replica.address, "HEAD", "/hits/wharf.svg", "").await.unwrap();
    assert_eq!(replica.get("/api/v1/hits/wharf").await.body, r#"{"key":"wharf","count":3}"#);
    let counted = request(replica.address, "POST", "/api/v1/hits/wharf", "").await.unwrap();
    assert_eq!(counted.body, r#"{"key":"wharf","count":4}"#);
    assert_eq!(replica.get("/api/v1/hits/other").await.body, r#"{"key":"other","count":0}"#);

    assert_eq!(replica.get("/count").await.count(), 1, "hits are no visits");
    assert_eq!(replica.get("/api/v1/count").await.body, r#"{"count":1}"#);
    assert_eq!(request(replica.address, "POST", "/api/v1/count", "").await.unwrap().body, r#"{"count":2}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_keys_that_come_at_once_to_several_replicas_do_not_get_past_the_limit() {
    let redis = Redis::start().await.unwrap();
    let start = || Replica::with((redis.host(), redis.port()), None, &["--hit-keys-at-most=20"]);
    let replicas = [start().await, start().await];
    let paths: Vec<_> = (0..200).map(|number| format!("/hits/key-{number}")).collect();
    let answers = join_all(paths.iter().enumerate().map(|(number, path)| replicas[number % 2].get(path))).await;
    let taken: BTreeSet<_> = answers
        .iter()
        .zip(&paths)
        .filter(|(answer, _)| answer.status == 200)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(_, path)| path)
        .collect();
    assert_eq!(taken.len(), 20);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 403)), "{answers:?}");

    let known = replicas[0].get(taken.first().unwrap()).await;
    assert_eq!(known.count(), 2, "a known key goes on");
    let badge = replicas[1].get("/hits/late.svg").await;
    assert_eq!(badge.status, 200, "proxies show a broken picture for another status");
    assert!(badge.body.contains("no room for a new key"), "{badge:?}");
    let api = request(replicas[1].address, "POST", "/api/v1/hits/late", "").await.unwrap();
    assert_eq!(api.status, 403);
    assert!(api.head.contains("\r\ncontent-type: application/problem+json"), "{api:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_gets_each_keys_total_and_one_row_a_key() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replicas = [Replica::on(&redis, &postgres).await, Replica::on(&redis, &postgres).await];
    join_all((0..60).map(|number| {
        let replica = &replicas[number % 2];
        async move { assert_eq!(get(replica.address, &format!("/hits/k{}", number % 3)).await.unwrap().status, 200) }
    }))
    .await;
    let look = async || {
        let rows = async {
            let mut connection = PgConnection::connect(&postgres.url()).await?;
            let query = "SELECT key, total FROM hits_totals ORDER BY key";
            sqlx::query_as::<_, (String, i64)>(query).fetch_all(&mut connection).await
        };
        match rows.await {
            Ok(rows) if rows == [("k0".into(), 20), ("k1".into(), 20), ("k2".into(), 20)] => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    };
    eventually("each key's total is written", SOON, look).await.unwrap();
}
