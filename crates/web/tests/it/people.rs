//! Counting people: badges and pixels below `/k/` on a real Redis.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use redis::AsyncTypedCommands;
use wharf_testkit::{Postgres, Redis};

use crate::http::{Answer, request};
use crate::replica::Replica;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

async fn replica(redis: &Redis) -> Replica {
    Replica::with((redis.host(), redis.port()), None, &["--trusted-proxies=127.0.0.0/8"]).await
}

/// Asks as somebody at this address who uses this agent.
async fn ask(replica: &Replica, path: &str, address: &str, agent: &str) -> Answer {
    let headers = format!("X-Forwarded-For: {address}\r\nUser-Agent: {agent}\r\n");
    request(replica.address, "GET", path, &headers).await.unwrap()
}

/// The number on a badge with `format=plain`.
fn number(badge: &Answer) -> i64 {
    assert_eq!(badge.status, 200, "{badge:?}");
    let (_, title) = badge.body.split_once("<title>hits: ").unwrap();
    title.split('<').next().unwrap().parse().unwrap()
}

async fn badge(replica: &Replica, address: &str, agent: &str) -> i64 {
    number(&ask(replica, "/k/wharf.svg?format=plain", address, agent).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_counts_once_and_others_count_too() {
    let redis = Redis::start().await.unwrap();
    let replicas = [replica(&redis).await, replica(&redis).await];
    assert_eq!(badge(&replicas[0], "192.0.2.1", FIREFOX).await, 1);
    assert_eq!(badge(&replicas[1], "192.0.2.1", FIREFOX).await, 1, "replicas share what they know");
    assert_eq!(badge(&replicas[0], "192.0.2.1", SAFARI).await, 2);
    assert_eq!(badge(&replicas[0], "192.0.2.2", FIREFOX).await, 3);
    assert_eq!(badge(&replicas[0], "2001:db8:1:2::1", FIREFOX).await, 4);
    assert_eq!(badge(&replicas[0], "2001:db8:1:2::ffff", FIREFOX).await, 4, "a network of IPv6 is one place");
    let pixel = ask(&replicas[0], "/k/wharf.gif", "192.0.2.3", FIREFOX).await;
    assert!(pixel.head.contains("\r\ncontent-type: image/gif\r\n"), "{pixel:?}");
    assert!(pixel.head.contains("\r\ncache-control: no-cache, no-store"), "{pixel:?}");
    assert_eq!(badge(&replicas[0], "192.0.2.3", FIREFOX).await, 5, "a pixel and a badge count the same people");
    assert_eq!(number(&ask(&replicas[0], "/k/blog.svg?format=plain", "192.0.2.1", FIREFOX).await), 1, "for each key");

    for _ in 0..2 {
        ask(&replicas[1], "/k/wharf.svg?count=all", "192.0.2.1", FIREFOX).await;
    }
    assert_eq!(number(&ask(&replicas[1], "/k/wharf.svg?format=plain&count=none", "192.0.2.9", FIREFOX).await), 7);
    let metrics = replicas[0].get("/metrics").await.body;
    assert!(metrics.contains("\nwharf_web_hits_total 6\n"), "{metrics}");
    assert!(metrics.contains("\nwharf_web_not_counted_total{reason=\"repeat\"} 2\n"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_and_early_requests_look_and_do_not_count() {
    let redis = Redis::start().await.unwrap();
    let replica = replica(&redis).await;
    assert_eq!(
        badge(&replica, "192.0.2.1", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)").await,
        0
    );
    assert_eq!(badge(&replica, "192.0.2.1", FIREFOX).await, 1);
    let early = format!("User-Agent: {SAFARI}\r\nSec-Purpose: prefetch;prerender\r\n");
    assert_eq!(number(&request(replica.address, "GET", "/k/wharf.svg?format=plain", &early).await.unwrap()), 1);
    let head = format!("User-Agent: {SAFARI}\r\n");
    assert_eq!(request(replica.address, "HEAD", "/k/wharf.svg", &head).await.unwrap().status, 200);
    let endpoint = ask(&replica, "/k/wharf.json?label=views&format=metric", "192.0.2.4", FIREFOX).await;
    assert_eq!(endpoint.body, r#"{"schemaVersion":1,"label":"views","message":"1","isError":false,"style":"flat"}"#);
    assert_eq!(badge(&replica, "192.0.2.1", FIREFOX).await, 1);
    for fetch in 2..=4 {
        assert_eq!(badge(&replica, "192.0.2.1", "github-camo (4b76e509)").await, fetch, "each may be somebody else's");
    }
    let metrics = replica.get("/metrics").await.body;
    for (reason, count) in [("bot", 1), ("prefetch", 1), ("head", 1), ("repeat", 1)] {
        let line = format!("\nwharf_web_not_counted_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_tells_todays_number_where_there_is_a_history() {
    let (redis, postgres) = tokio::join!(Redis::start(), Postgres::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let with = Replica::on(&redis, &postgres).await;
    let without = Replica::start((redis.host(), redis.port()), None).await;
    with.get("/hits/wharf.svg").await;
    let path = "/k/wharf.svg?format=today&count=none";
    with.until(path, |badge| badge.body.contains("<title>hits: 1 today / 1</title>")).await;
    assert!(without.get(path).await.body.contains("<title>hits: no history is kept</title>"));
    let endpoint = with.get("/k/wharf.json?format=today").await.body;
    assert!(endpoint.contains(r#""message":"1 today / 1""#), "{endpoint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_at_once_count_one_person_once() {
    let redis = Redis::start().await.unwrap();
    let replicas = [replica(&redis).await, replica(&redis).await];
    let asked = (0..200).map(|n| badge(&replicas[n % 2], "192.0.2.1", FIREFOX));
    assert_eq!(join_all(asked).await, [1; 200]);
    let people = (0..100).map(|n| format!("198.51.100.{n}")).collect::<Vec<_>>();
    let asked = people.iter().chain(&people).enumerate().map(|(n, address)| badge(&replicas[n % 2], address, FIREFOX));
    let counts: BTreeSet<_> = join_all(asked).await.into_iter().collect();
    assert_eq!(counts.last(), Some(&101));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_knows_of_people_is_a_number_that_ends_by_itself() {
    let redis = Redis::start().await.unwrap();
    let replica = replica(&redis).await;
    badge(&replica, "192.0.2.1", FIREFOX).await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut client = client.get_multiplexed_async_connection().await.unwrap();
    let keys: BTreeSet<String> = client.keys("visitors:*").await.unwrap().into_iter().collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    let mark = keys.iter().find(|key| *key != "visitors:salt").unwrap();
    let left = async |key: &str, client: &mut redis::aio::MultiplexedConnection| {
        Duration::from_secs(redis::cmd("TTL").arg(key).query_async::<u64>(client).await.unwrap())
    };
    let half_an_hour = Duration::from_secs(30 * 60);
    assert!((half_an_hour - Duration::from_secs(60)..=half_an_hour).contains(&left(mark, &mut client).await));
    assert!(left("visitors:salt", &mut client).await <= Duration::from_secs(24 * 60 * 60));
    let value = client.get(mark).await.unwrap().unwrap();
    assert!(value.parse::<i64>().is_ok(), "{value}");

    // When it has ended the person counts again; until then nothing renews it.
    badge(&replica, "192.0.2.1", FIREFOX).await;
    redis::cmd("PEXPIRE").arg(mark).arg(1).exec_async(&mut client).await.unwrap();
    let gone = async || if client.clone().exists(mark).await.unwrap() { Err("still there") } else { Ok(()) };
    wharf_testkit::eventually("the mark ends", crate::replica::SOON, gone).await.unwrap();
    assert_eq!(badge(&replica, "192.0.2.1", FIREFOX).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_salt_nor_marks_are_written_to_disk() {
    let redis = Redis::start().await.unwrap();
    let replica = replica(&redis).await;
    badge(&replica, "192.0.2.1", FIREFOX).await;
    badge(&replica, "192.0.2.2", FIREFOX).await;
    redis.kill_main_process().await.unwrap();
    redis.start_again().await.unwrap();
    let client = redis::Client::open(redis.url()).unwrap();
    let mut client = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(client.keys("visitors:*").await.unwrap(), Vec::<String>::new());
    assert_eq!(client.hget("hits", "wharf").await.unwrap(), Some("2".to_owned()), "the counts are there");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_redis_a_person_counts_once_more_and_no_oftener() {
    let redis = Redis::start().await.unwrap();
    let replica_before = replica(&redis).await;
    assert_eq!(badge(&replica_before, "192.0.2.1", FIREFOX).await, 1);
    redis.kill_main_process().await.unwrap();
    redis.start_again().await.unwrap();
    replica_before.until("/readyz", |answer| answer.status == 200).await;
    assert_eq!(badge(&replica_before, "192.0.2.1", FIREFOX).await, 2);
    let replica_after = replica(&redis).await;
    assert_eq!(badge(&replica_after, "192.0.2.1", FIREFOX).await, 2, "all replicas have the new salt");
    assert_eq!(badge(&replica_before, "192.0.2.1", FIREFOX).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_the_connections_unless_a_proxy_is_trusted() {
    let redis = Redis::start().await.unwrap();
    let direct = Replica::start((redis.host(), redis.port()), None).await;
    assert_eq!(badge(&direct, "192.0.2.1", FIREFOX).await, 1);
    assert_eq!(badge(&direct, "192.0.2.2", FIREFOX).await, 1, "anybody could write that");
    let headers = "Accept: text/html\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: example.org\r\n";
    let behind = replica(&redis).await;
    for path in ["/", "/badge"] {
        let page = request(behind.address, "GET", path, headers).await.unwrap();
        assert!(page.body.contains("https://example.org/k/my-project.svg"), "{page:?}");
        let page = request(direct.address, "GET", path, headers).await.unwrap();
        assert!(!page.body.contains("example.org"), "{page:?}");
    }
}
