//! Visits by hour and day, and what is said while Postgres is away.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use wharf_testkit::{Postgres, Redis};

use crate::replica::Replica;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_api_show_what_the_history_has() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"up""#)).await;
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let past = "INSERT INTO visits_history (minute, visits)
                SELECT date_trunc('minute', now() - ago, 'UTC'), visits
                FROM (VALUES (interval '3 hours', 5), (interval '3 hours 1 minute', 2), (interval '10 days', 40),
                             (interval '40 days', 1000)) AS past (ago, visits)";
    sqlx::query(past).execute(&mut connection).await.unwrap();

    let answer = replica.until("/api/v1/stats", |answer| answer.body.contains("40")).await;
    let stats: Value = serde_json::from_str(&answer.body).unwrap();
    let sum =
        |name: &str| stats[name].as_array().unwrap().iter().map(|slot| slot["visits"].as_i64().unwrap()).sum::<i64>();
    assert_eq!((stats["hours"].as_array().unwrap().len(), sum("hours")), (48, 7));
    assert_eq!((stats["days"].as_array().unwrap().len(), sum("days")), (30, 47));
    assert!(stats["hours"][0]["start"].as_str().unwrap().ends_with(":00:00Z"), "{stats}");

    let page = replica.get("/stats").await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("The last 48 hours: 7</h2>") && page.body.contains("The last 30 days: 47</h2>"),
        "{page:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_frozen_or_gone_every_asker_is_told_so_in_time() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/stats", |answer| answer.status == 200).await;

    postgres.pause().await.unwrap();
    replica.until("/api/v1/stats", |answer| answer.status == 503).await;
    let start = Instant::now();
    let answers = join_all((0..100).map(|number| replica.get(["/stats", "/api/v1/stats"][number % 2]))).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(
        answers.iter().all(|answer| answer.status == 503 && answer.head.contains("\r\nretry-after: ")),
        "{answers:?}"
    );
    assert_eq!(replica.get("/count").await.status, 200);
    postgres.unpause().await.unwrap();
    replica.until("/stats", |answer| answer.status == 200).await;

    postgres.stop().await.unwrap();
    let gone = replica.until("/stats", |answer| answer.status == 503).await;
    assert!(gone.body.contains("<h1>History out of reach</h1>"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_there_is_no_history_to_show() {
    let redis = Redis::start().await.unwrap();
    let replica = Replica::start((redis.host(), redis.port()), None).await;
    let page = replica.get("/stats").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("no history of them is kept"), "{page:?}");
    assert_eq!(replica.get("/api/v1/stats").await.status, 404);
}
