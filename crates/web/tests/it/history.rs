//! The history in Postgres adds up to Redis' count, whatever happens in between.

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use uuid::Uuid;
use wharf_testkit::{Postgres, Redis, eventually};
use wharf_web::counter::Reading;
use wharf_web::history::History;
use wharf_web::ledger::{Minute, Sample};
use wharf_web::settings::{Cli, Settings, Store};

use crate::replica::{Replica, SOON};

/// A writer of its own on this Postgres.
pub(crate) fn history(postgres: &Postgres) -> History {
    let cli = <Cli as clap::Parser>::parse_from(["wharf-web"]);
    let variable = |name: &str| (name == "DATABASE_URL").then(|| postgres.url()).ok_or(std::env::VarError::NotPresent);
    match Settings::new(cli.options, variable).unwrap().store {
        Store::Servers { database: Some(database), .. } => History::new(database),
        other => panic!("{other:?}"),
    }
}

/// All visits in the history.
async fn sum(postgres: &Postgres) -> Result<i64, sqlx::Error> {
    let mut connection = PgConnection::connect(&postgres.url()).await?;
    sqlx::query_scalar("SELECT coalesce(sum(visits), 0)::bigint FROM visits_history").fetch_one(&mut connection).await
}

async fn until_sum_is(expected: i64, postgres: &Postgres) {
    let look = async || match sum(postgres).await {
        Ok(sum) if sum == expected => Ok(()),
        seen => Err(format!("{seen:?}")),
    };
    eventually(format!("the history adds up to {expected}"), SOON, look).await.unwrap();
}

fn samples(epoch: Uuid, totals: &[(i64, i64)]) -> Vec<Sample> {
    let sample = |&(minute, total)| Sample { minute: Minute(minute), reading: Reading { epoch, total } };
    totals.iter().map(sample).collect()
}

async fn visit(replica: &Replica, times: usize) -> i64 {
    let answers = join_all((0..times).map(|_| replica.get("/count"))).await;
    answers.iter().map(|answer| answer.count()).max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_may_be_repeated_and_interrupted() {
    let postgres = Postgres::start().await.unwrap();
    let epoch = Uuid::new_v4();
    let mut history = history(&postgres);
    let first = samples(epoch, &[(1, 4), (2, 10)]);
    assert_eq!(history.add(epoch, &first).await.unwrap(), 10);
    assert_eq!(history.add(epoch, &first).await.unwrap(), 0);

    // Cut off anywhere: while connecting, within the transaction, or after the commit but before its answer.
    for microseconds in (0..6000).step_by(60) {
        let step = samples(epoch, &[(3, 11 + microseconds)]);
        let flush = history.add(epoch, &step);
        let _ = timeout(Duration::from_micros(u64::try_from(microseconds).unwrap()), flush).await;
    }
    history.add(epoch, &samples(epoch, &[(3, 10_000)])).await.unwrap();
    assert_eq!(sum(&postgres).await.unwrap(), 10_000);
    assert_eq!(history.add(epoch, &samples(epoch, &[(4, 9_999)])).await.unwrap(), 0, "a total that went back");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_come_at_once_make_the_tables_once_and_add_nothing_twice() {
    let postgres = Postgres::start().await.unwrap();
    let epoch = Uuid::new_v4();
    let writers = (0..6).map(|writer| {
        let mut history = history(&postgres);
        async move {
            for step in 1..=50 {
                let total = step * 10 + writer;
                // Another one's total may be ahead; then this one adds nothing.
                history.add(epoch, &samples(epoch, &[(step - 1, total - 5), (step, total)])).await.unwrap();
            }
        }
    });
    join_all(writers).await;
    assert_eq!(sum(&postgres).await.unwrap(), 505);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_goes_on_after_a_newer_one_has_changed_the_tables() {
    let postgres = Postgres::start().await.unwrap();
    history(&postgres).ping().await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'from the future', true, '', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();

    let epoch = Uuid::new_v4();
    assert_eq!(history(&postgres).add(epoch, &samples(epoch, &[(1, 3)])).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_write_one_history() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replicas = join_all((0..3).map(|_| Replica::on(&redis, &postgres))).await;
    for replica in &replicas {
        // The last flush has half a second, which may be too little to make the tables, too.
        replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"up""#)).await;
    }
    join_all(replicas.iter().map(|replica| visit(replica, 100))).await;
    // Replicas that stop bring the history up to date themselves.
    for replica in replicas {
        replica.stop().await;
    }
    assert_eq!(sum(&postgres).await.unwrap(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_goes_on_without_postgres_and_the_history_catches_up() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"up""#)).await;
    visit(&replica, 10).await;

    postgres.stop().await.unwrap();
    let away = replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"down""#)).await;
    assert_eq!(away.status, 200, "visits can be counted: {away:?}");
    assert_eq!(visit(&replica, 20).await, 30);
    let metrics = replica.get("/metrics").await.body;
    assert!(metrics.contains("\nwharf_web_postgres_up 0\n"), "{metrics}");

    postgres.start_again().await.unwrap();
    until_sum_is(30, &postgres).await;
    replica.until("/readyz", |answer| answer.body.contains(r#""postgres":"up""#)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_frozen_or_killed_loses_no_visit() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    visit(&replica, 10).await;

    postgres.pause().await.unwrap();
    visit(&replica, 10).await;
    postgres.unpause().await.unwrap();
    until_sum_is(20, &postgres).await;

    visit(&replica, 10).await;
    postgres.kill_main_process().await.unwrap();
    visit(&replica, 10).await;
    postgres.start_again().await.unwrap();
    until_sum_is(40, &postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_comes_after_the_start_gets_the_whole_history() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    postgres.stop().await.unwrap();
    let replica = Replica::on(&redis, &postgres).await;
    assert_eq!(visit(&replica, 10).await, 10);
    postgres.start_again().await.unwrap();
    until_sum_is(10, &postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_lost_its_data_begins_a_new_epoch_of_the_same_history() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    visit(&replica, 10).await;
    until_sum_is(10, &postgres).await;

    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
    assert_eq!(visit(&replica, 5).await, 5);
    until_sum_is(15, &postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_are_counted_between_the_answers_and_the_failures_when_redis_is_killed() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let replica = Replica::on(&redis, &postgres).await;
    let visitors = async {
        let visitor = async || {
            let (mut counted, mut failed) = (0, 0);
            for _ in 0..100 {
                match replica.get("/count").await.status {
                    200 => counted += 1,
                    503 => failed += 1,
                    status => panic!("{status}"),
                }
            }
            (counted, failed)
        };
        join_all((0..20).map(|_| visitor())).await
    };
    let death = async {
        replica.until("/metrics", |answer| !answer.body.contains("\nwharf_web_visits_total 0\n")).await;
        redis.kill_main_process().await.unwrap();
        redis.start_again().await.unwrap();
    };
    let (answers, ()) = tokio::join!(visitors, death);
    let (counted, failed) = answers.iter().fold((0, 0), |(c, f), (counted, failed)| (c + counted, f + failed));

    let count = replica.until("/count", |answer| answer.status == 200).await.count();
    assert!((counted + 1..=counted + failed + 1).contains(&count), "{counted} counted, {failed} failed, {count}");
    until_sum_is(count, &postgres).await;
}
