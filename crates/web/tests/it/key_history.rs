//! The histories of keys add up to Redis' counts, whatever happens in between, and stay within their bounds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use uuid::Uuid;
use wharf_testkit::{Postgres, Redis, eventually};
use wharf_web::clock;
use wharf_web::counter::Reading;
use wharf_web::hits_ledger::HitsTotal;
use wharf_web::ledger::{Minute, Sample};
use wharf_web::retention::{Bounds, Width};

use crate::history::history;
use crate::replica::{Replica, SOON};

const DAY: i64 = 24 * 3600;

fn totals(list: &[(i64, &str, i64)]) -> Vec<HitsTotal> {
    list.iter().map(|&(minute, key, total)| HitsTotal { minute: Minute(minute), key: Arc::from(key), total }).collect()
}

/// Numbers of the histories, by key and day.
async fn days(postgres: &Postgres) -> BTreeMap<(String, i64), i64> {
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let query =
        "SELECT key, extract(epoch FROM start)::bigint / 86400, sum(hits)::bigint FROM hits_history GROUP BY 1, 2
                 UNION ALL
                 SELECT '(visits)', extract(epoch FROM minute)::bigint / 86400, sum(visits)::bigint
                 FROM visits_history GROUP BY 1, 2";
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(query).fetch_all(&mut connection).await.unwrap();
    rows.into_iter().map(|(key, day, sum)| ((key, day), sum)).collect()
}

/// Rows by width.
async fn rows(postgres: &Postgres) -> BTreeMap<i16, i64> {
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let query = "SELECT width, count(*) FROM hits_history GROUP BY width";
    sqlx::query_as::<_, (i16, i64)>(query).fetch_all(&mut connection).await.unwrap().into_iter().collect()
}

async fn sum(postgres: &Postgres, key: &str) -> i64 {
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let query = "SELECT coalesce(sum(hits), 0)::bigint FROM hits_history WHERE key = $1";
    sqlx::query_scalar(query).bind(key).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_days_are_folded_and_each_day_keeps_its_sum() {
    let postgres = Postgres::start().await.unwrap();
    let epoch = Uuid::new_v4();
    let mut history = history(&postgres);
    let start = 1_790_000_000 / DAY * DAY;
    let mut counts = [0; 3];
    for day in 0..100 {
        // A few minutes of each day; three keys, one of them rarely.
        let mut readings = Vec::new();
        let mut samples = Vec::new();
        for minute in [0, 1, 59, 60, 61, 700, 1439] {
            let now = Minute((start + day * DAY) / 60 + minute);
            counts = [counts[0] + 1 + minute % 3, counts[1] + 2, counts[2] + i64::from(day % 9 == 0)];
            readings.extend(
                ["a", "b", "c"].iter().zip(counts).filter(|(_, total)| *total > 0).map(|(key, total)| HitsTotal {
                    minute: now,
                    key: Arc::from(*key),
                    total,
                }),
            );
            samples.push(Sample { minute: now, reading: Reading { epoch, total: counts[0] } });
        }
        history.add_hits(epoch, &readings).await.unwrap();
        history.add(epoch, &samples).await.unwrap();
        if day % 10 == 9 {
            // A visit and a hit that were seen long ago and are written late.
            counts = counts.map(|count| count + 1);
            let late = Minute((start + (day - 5) * DAY) / 60 + 30);
            history.add_hits(epoch, &[HitsTotal { minute: late, key: "a".into(), total: counts[0] }]).await.unwrap();
            history.add(epoch, &[Sample { minute: late, reading: Reading { epoch, total: counts[0] } }]).await.unwrap();
        }
        let before = days(&postgres).await;
        let folded = history.fold(start + (day + 1) * DAY, &Bounds::default()).await.unwrap();
        assert!(!folded.more, "so few rows are folded at once");
        assert_eq!(days(&postgres).await, before, "day {day}");
    }
    assert_eq!([sum(&postgres, "a").await, sum(&postgres, "b").await], [counts[0], counts[1] - 1]);
    let rows = rows(&postgres).await;
    // Two keys and their sum, each on two days of seven minutes, 88 days of four hours, and ten days; `c` had some of these.
    assert!((42..=56).contains(&rows[&0]), "{rows:?}");
    assert!((88 * 4 * 3..=88 * 5 * 4).contains(&rows[&1]), "{rows:?}");
    assert!((30..=40).contains(&rows[&2]), "{rows:?}");
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let visits: i64 =
        sqlx::query_scalar("SELECT count(*) FROM visits_history").fetch_one(&mut connection).await.unwrap();
    assert!((14 + 88 * 4 + 10..=14 + 88 * 5 + 10).contains(&visits), "{visits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_bound_the_history_gets_coarser_earliest_first_and_loses_no_hit() {
    let postgres = Postgres::start().await.unwrap();
    let epoch = Uuid::new_v4();
    let mut history = history(&postgres);
    let start = 1_790_000_000 / DAY * DAY;
    let bounds = Bounds { minutes: 60, hours: 30, days: 20, months: 10 };
    let keys: Vec<_> = (0..5).map(|number| format!("k{number}")).collect();
    for step in 1..=60 {
        // Twelve minutes, then a day later the next twelve.
        let minute = start / 60 + step / 12 * 1440 + step % 12;
        let list: Vec<_> = keys.iter().map(|key| (minute, key.as_str(), step)).collect();
        history.add_hits(epoch, &totals(&list)).await.unwrap();
        while history.fold(minute * 60, &bounds).await.unwrap().more {}
        for key in &keys {
            assert_eq!(sum(&postgres, key).await, step);
        }
        assert_eq!(sum(&postgres, "").await, 5 * step);
    }
    // The sum of all keys is beside these, with a row for each slot.
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let query = "SELECT width, count(*) FROM hits_history WHERE key <> '' GROUP BY width";
    let rows: BTreeMap<i16, i64> =
        sqlx::query_as::<_, (i16, i64)>(query).fetch_all(&mut connection).await.unwrap().into_iter().collect();
    for width in [Width::Minute, Width::Hour, Width::Day, Width::Month] {
        let count = rows.get(&width.number()).copied().unwrap_or(0);
        assert!(count <= bounds.of(width).unwrap(), "{rows:?}");
    }
    let latest: i64 = sqlx::query_scalar(
        "SELECT min(extract(epoch FROM start))::bigint FROM hits_history WHERE width = 0 AND key <> ''",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(latest > start + 3 * DAY, "the latest minutes are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_may_be_written_by_many_and_cut_off_anywhere() {
    let postgres = Postgres::start().await.unwrap();
    let epoch = Uuid::new_v4();
    let mut first = history(&postgres);
    assert_eq!(first.add_hits(epoch, &totals(&[(1, "a", 4), (1, "b", 2), (2, "a", 10)])).await.unwrap(), 12);
    assert_eq!(first.add_hits(epoch, &totals(&[(1, "a", 4), (1, "b", 2), (2, "a", 10)])).await.unwrap(), 0);
    for microseconds in (0..6000).step_by(100) {
        let totals = totals(&[(3, "a", 11 + microseconds), (3, "b", 3 + microseconds)]);
        let _ =
            timeout(Duration::from_micros(u64::try_from(microseconds).unwrap()), first.add_hits(epoch, &totals)).await;
    }
    let writers = (0..6).map(|writer| {
        let mut history = history(&postgres);
        async move {
            for step in 1..=30 {
                let total = 6000 + step * 10 + writer;
                history.add_hits(epoch, &totals(&[(step, "b", total - 5), (step, "a", total)])).await.unwrap();
                if writer == 0 {
                    // Folding takes turns with writing.
                    history.fold(step * 60 + 3 * DAY, &Bounds::default()).await.unwrap();
                }
            }
        }
    });
    join_all(writers).await;
    assert_eq!([sum(&postgres, "a").await, sum(&postgres, "b").await, sum(&postgres, "").await], [6305, 6300, 12_605]);
    assert_eq!(first.add_hits(epoch, &totals(&[(4, "a", 9)])).await.unwrap(), 0, "a total that went back");
    assert_eq!(first.add_hits(Uuid::new_v4(), &totals(&[(5, "a", 9)])).await.unwrap(), 9, "a data set that was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_that_an_older_replica_wrote_is_recorded_by_a_newer_one() {
    let postgres = Postgres::start().await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let all = sqlx::migrate!();
    let before = all.iter().filter(|migration| migration.version <= 2).cloned().collect::<Vec<_>>();
    Migrator::with_migrations(before).run(&mut connection).await.unwrap();
    let epoch = Uuid::new_v4();
    let older = async |connection: &mut PgConnection, key: &str, total: i64| {
        let known = "INSERT INTO visits_epochs (epoch) VALUES ($1) ON CONFLICT DO NOTHING";
        sqlx::query(known).bind(epoch).execute(&mut *connection).await.unwrap();
        let raise = "INSERT INTO hits_totals (epoch, key, total) VALUES ($1, $2, $3)
                     ON CONFLICT (epoch, key) DO UPDATE SET total = excluded.total, changed = now()
                     WHERE hits_totals.total < excluded.total";
        sqlx::query(raise).bind(epoch).bind(key).bind(total).execute(connection).await.unwrap();
    };
    older(&mut connection, "a", 70).await;

    let mut history = history(&postgres);
    history.ping().await.unwrap();
    assert_eq!(rows(&postgres).await, BTreeMap::from([(4, 2)]), "what was counted before has no time");
    assert_eq!([sum(&postgres, "a").await, sum(&postgres, "").await], [70, 70]);

    older(&mut connection, "a", 72).await;
    older(&mut connection, "new", 3).await;
    assert_eq!(history.add_hits(epoch, &totals(&[(1, "a", 75), (1, "new", 3)])).await.unwrap(), 8);
    assert_eq!([sum(&postgres, "a").await, sum(&postgres, "new").await, sum(&postgres, "").await], [75, 3, 78]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_history_in_the_api_also_when_postgres_was_killed() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"up""#)).await;
    for _ in 0..3 {
        replica.get("/hits/wharf").await;
    }
    postgres.kill_main_process().await.unwrap();
    for _ in 0..4 {
        assert_eq!(replica.get("/hits/wharf").await.status, 200);
    }
    postgres.start_again().await.unwrap();
    let history = replica
        .until("/api/v1/hits/wharf/history?by=hour&tz=Asia/Kolkata", |answer| answer.body.contains(r#""total":7,"#));
    let history: Value = serde_json::from_str(&history.await.body).unwrap();
    let slots = history["slots"].as_array().unwrap();
    assert_eq!(slots.iter().map(|slot| slot["count"].as_i64().unwrap()).sum::<i64>(), 7, "{history}");
    assert!(
        slots.iter().all(|slot| slot["exact"] == true && slot["start"].as_str().unwrap().ends_with(":00:00+05:30"))
    );

    let csv = replica.get("/api/v1/hits/wharf/history?by=day&format=csv").await;
    assert!(csv.head.contains("\r\ncontent-type: text/csv; charset=utf-8"), "{csv:?}");
    assert!(csv.body.starts_with("start,count,exact\r\n") && csv.body.lines().count() == 91, "{csv:?}");
    assert!(replica.get("/api/v1/history?of=hits").await.body.contains(r#""total":7,"#));
    let keys = replica.until("/api/v1/keys?sort=today", |answer| answer.body.contains(r#""total":7,"#)).await;
    assert!(keys.body.starts_with(r#"{"keys":[{"key":"wharf","total":7,"today":"#), "{keys:?}");

    // Its connection is gone with the server, and nobody notices.
    postgres.kill_main_process().await.unwrap();
    postgres.start_again().await.unwrap();
    let first = replica.get("/api/v1/history").await;
    assert_eq!(first.status, 200, "{first:?}");
    let refused = replica.get("/api/v1/hits/wharf/history?by=minute&from=2020-01-01").await;
    assert!(refused.status == 400 && refused.body.contains("Minutes are kept for two days."), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_comes_back_without_its_last_rows_gets_them_again_and_nobody_has_to_come() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    for path in ["/hits/a", "/hits/a", "/hits/b", "/count", "/count"] {
        replica.get(path).await.count();
    }
    let visits = "SELECT coalesce(sum(visits), 0)::bigint FROM visits_history";
    let look = async || {
        let mut connection = PgConnection::connect(&postgres.url()).await.map_err(|error| error.to_string())?;
        let visits: Result<i64, _> = sqlx::query_scalar(visits).fetch_one(&mut connection).await;
        let hits = sqlx::query_scalar("SELECT coalesce(sum(hits), 0)::bigint FROM hits_history WHERE key <> ''");
        match (visits, hits.fetch_one(&mut connection).await) {
            (Ok(2), Ok(3_i64)) => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    };
    eventually("the history has everything", SOON, look).await.unwrap();
    // As a standby that had not received the last transactions when it took over.
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let lose = "BEGIN; DELETE FROM hits_history; DELETE FROM hits_totals; DELETE FROM visits_history;
                UPDATE visits_epochs SET flushed = 0; COMMIT;
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wharf-web'";
    sqlx::raw_sql(lose).execute(&mut connection).await.unwrap();
    eventually("the history has everything again", SOON, look).await.unwrap();
    let keys = replica.until("/api/v1/keys", |answer| answer.body.contains(r#""count":2"#)).await;
    assert!(keys.body.contains(r#"{"key":"a","total":2,"#), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys_are_listed_and_read_in_time() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let epoch = Uuid::new_v4();
    let mut history = history(&postgres);
    let now = Minute::of((clock::system())()).0;
    for batch in 0..10 {
        let keys: Vec<_> = (0..1000).map(|number| format!("key-{:05}", batch * 1000 + number)).collect();
        for (ago, total) in [(60 * 24 * 20, 5), (30, 7)] {
            let list: Vec<_> = keys.iter().map(|key| (now - ago, key.as_str(), total)).collect();
            history.add_hits(epoch, &totals(&list)).await.unwrap();
        }
    }
    let replica = Replica::on(&redis, &postgres).await;
    let list = replica.until("/api/v1/keys?sort=key&limit=1000", |answer| answer.status == 200).await;
    let list: Value = serde_json::from_str(&list.body).unwrap();
    assert_eq!((&list["count"], &list["keys"][7]["month"]), (&10_000.into(), &7.into()), "{}", list["keys"][7]);
    assert_eq!(list["next"], "0.key-00999");

    // Many pages at once, each of another key.
    let start = Instant::now();
    let paths: Vec<_> = (0..200).map(|number| format!("/api/v1/hits/key-{:05}/history", number * 50)).collect();
    let answers = join_all(paths.iter().map(|path| replica.get(path))).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let answered = answers.iter().filter(|answer| answer.body.contains(r#""total":7,"#)).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 503)), "{answers:?}");
    assert!(answered >= 32, "{answers:?}");
    let look = async || match replica.get(&paths[199]).await {
        answer if answer.status == 200 => Ok(()),
        answer => Err(format!("{answer:?}")),
    };
    eventually("a refused one is answered the next time", SOON, look).await.unwrap();
}
