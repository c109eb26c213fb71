//! Redis or Postgres is paused for ten seconds during visits. Each visit is answered in time, and the counts add up.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use wharf_testkit::{Postgres, Redis, eventually};

use crate::http::get;
use crate::replica::{Replica, SOON};

/// How long the server is paused.
const PAUSE: Duration = Duration::from_secs(10);

/// The deadline of a request, as the settings have it by default, and a little for a busy machine.
const ANSWERED: Duration = Duration::from_secs(7);

#[derive(Debug, Default)]
struct Seen {
    counted: i64,
    failed: i64,
    slowest: Duration,
}

/// Visitors that come again and again, half of them for a key, until `stop`.
async fn visitors(replica: &Replica, stop: &CancellationToken) -> [Seen; 2] {
    let visitor = async |path: &'static str| {
        let mut seen = Seen::default();
        while !stop.is_cancelled() {
            let start = Instant::now();
            match get(replica.address, path).await.unwrap().status {
                200 => seen.counted += 1,
                503 => seen.failed += 1,
                status => panic!("{status}"),
            }
            seen.slowest = seen.slowest.max(start.elapsed());
        }
        seen
    };
    let all = async |path: &'static str| {
        let seen = join_all((0..10).map(|_| visitor(path))).await;
        seen.into_iter().fold(Seen::default(), |all, one| Seen {
            counted: all.counted + one.counted,
            failed: all.failed + one.failed,
            slowest: all.slowest.max(one.slowest),
        })
    };
    let (visits, hits) = tokio::join!(all("/count"), all("/hits/wharf"));
    [visits, hits]
}

/// The history's sums, of visits and of hits.
async fn sums(postgres: &Postgres) -> Result<(i64, i64), sqlx::Error> {
    let mut connection = PgConnection::connect(&postgres.url()).await?;
    let query = "SELECT (SELECT coalesce(sum(visits), 0) FROM visits_history)::bigint,
                        (SELECT coalesce(sum(total), 0) FROM hits_totals)::bigint";
    sqlx::query_as(query).fetch_one(&mut connection).await
}

async fn until_history_has(visits: i64, hits: i64, postgres: &Postgres) {
    let look = async || match sums(postgres).await {
        Ok(sums) if sums == (visits, hits) => Ok(()),
        seen => Err(format!("{seen:?}")),
    };
    eventually(format!("the history has {visits} visits and {hits} hits"), SOON, look).await.unwrap();
}

async fn total(replica: &Replica, path: &str) -> i64 {
    let answer = replica.until(path, |answer| answer.status == 200).await;
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    body["count"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_paused_for_ten_seconds_under_load() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/readyz", |answer| answer.status == 200).await;
    let stop = CancellationToken::new();
    let pause = async {
        replica.until("/metrics", |answer| !answer.body.contains("\nwharf_web_visits_total 0\n")).await;
        redis.pause().await.unwrap();
        sleep(PAUSE).await;
        redis.unpause().await.unwrap();
        replica.until("/readyz", |answer| answer.status == 200).await;
        let before = total(&replica, "/api/v1/count").await;
        let more = async || match total(&replica, "/api/v1/count").await {
            now if now > before => Ok(()),
            now => Err(now),
        };
        eventually("visits are counted again", SOON, more).await.unwrap();
        stop.cancel();
    };
    let (seen, ()) = tokio::join!(visitors(&replica, &stop), pause);
    let mut totals = Vec::new();
    for (seen, path) in seen.iter().zip(["/api/v1/count", "/api/v1/hits/wharf"]) {
        assert!(seen.slowest < ANSWERED && seen.failed > 0, "{seen:?}");
        let total = total(&replica, path).await;
        // A visit that was answered with 503 may have been counted, because only Redis' answer was lost.
        assert!((seen.counted..=seen.counted + seen.failed).contains(&total), "{seen:?} {total}");
        totals.push(total);
    }
    until_history_has(totals[0], totals[1], &postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_paused_for_ten_seconds_under_load() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"up""#)).await;
    let stop = CancellationToken::new();
    let pause = async {
        postgres.pause().await.unwrap();
        sleep(PAUSE).await;
        postgres.unpause().await.unwrap();
        stop.cancel();
    };
    let (seen, ()) = tokio::join!(visitors(&replica, &stop), pause);
    for seen in &seen {
        assert!(seen.failed == 0 && seen.slowest < Duration::from_secs(2), "{seen:?}");
    }
    let [visits, hits] = seen;
    assert_eq!(total(&replica, "/api/v1/count").await, visits.counted);
    assert_eq!(total(&replica, "/api/v1/hits/wharf").await, hits.counted);
    until_history_has(visits.counted, hits.counted, &postgres).await;
}
