//! Redis answers, but does not count: a replica, a full one, one whose user may not.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use wharf_testkit::Redis;

use crate::replica::{Replica, SOON};

/// A name that leads new connections to the server that is set; connections that exist stay where they are.
struct Name {
    port: u16,
    leads_to: Arc<Mutex<(String, u16)>>,
}

impl Name {
    async fn of(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let leads_to = Arc::new(Mutex::new((redis.host().to_owned(), redis.port())));
        let name = Self { port, leads_to: leads_to.clone() };
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let server = leads_to.lock().unwrap().clone();
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        name
    }

    fn leads_to(&self, redis: &Redis) {
        *self.leads_to.lock().unwrap() = (redis.host().to_owned(), redis.port());
    }
}

async fn tell(redis: &Redis, command: &[&str]) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd(command[0]).arg(&command[1..]).exec_async(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_visits_are_counted_by_the_new_primary() {
    let (old, new) = tokio::join!(Redis::start(), Redis::start());
    let (old, new) = (old.unwrap(), new.unwrap());
    let name = Name::of(&old).await;
    let replica = Replica::start(("127.0.0.1", name.port), None).await;
    assert_eq!(replica.get("/count").await.count(), 1);

    tell(&new, &["SET", "visits", "1"]).await;
    name.leads_to(&new);
    tell(&old, &["REPLICAOF", "127.0.0.1", "1"]).await;
    let start = Instant::now();
    let answer = replica.until("/count", |answer| answer.status == 200).await;
    assert_eq!(answer.count(), 2, "the new primary's count");
    assert!(start.elapsed() < SOON);
    replica.until("/readyz", |answer| answer.status == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_whether_visits_can_be_counted_whatever_the_reason() {
    let redis = Redis::start().await.unwrap();
    let replica = Replica::start((redis.host(), redis.port()), None).await;
    replica.until("/readyz", |answer| answer.status == 200).await;
    let reasons: [(&[&str], &[&str]); 4] = [
        (&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"]),
        (&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"]),
        (&["CONFIG", "SET", "min-replicas-to-write", "1"], &["CONFIG", "SET", "min-replicas-to-write", "0"]),
        (&["RENAME", "visits", "aside"], &["RENAME", "aside", "visits"]),
    ];
    assert_eq!(replica.get("/count").await.count(), 1);
    for (begins, ends) in reasons {
        tell(&redis, begins).await;
        if begins[0] == "RENAME" {
            tell(&redis, &["HSET", "visits", "not", "ours"]).await;
        }
        // No request asks Redis for anything: the tasks that watch it find out.
        let away = replica.until("/readyz", |answer| answer.status == 503).await;
        assert!(away.body.contains(r#""ready":false,"redis":"down""#), "{begins:?}: {away:?}");
        let metrics = replica.get("/metrics").await.body;
        assert!(metrics.contains("\nwharf_web_redis_up 0\n"), "{begins:?}: {metrics}");
        assert_eq!(replica.get("/count").await.status, 503, "{begins:?}");
        if ends[0] == "RENAME" {
            tell(&redis, &["DEL", "visits"]).await;
        }
        tell(&redis, ends).await;
        replica.until("/readyz", |answer| answer.status == 200).await;
    }
    assert_eq!(replica.get("/count").await.count(), 2, "no check has counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_user_that_may_not_count_is_not_ready_until_it_may() {
    let redis = Redis::start().await.unwrap();
    for forbidden in ["incr", "eval"] {
        tell(&redis, &["ACL", "SETUSER", "default", &format!("-{forbidden}")]).await;
        let replica = Replica::start((redis.host(), redis.port()), None).await;
        let away = replica.get("/count").await;
        assert_eq!(away.status, 503, "{forbidden}: {away:?}");
        assert_eq!(replica.get("/readyz").await.status, 503, "{forbidden}");
        tell(&redis, &["ACL", "SETUSER", "default", &format!("+{forbidden}")]).await;
        replica.until("/readyz", |answer| answer.status == 200).await;
        // Once it is forbidden again, the first request finds out, and not the second one.
        tell(&redis, &["ACL", "SETUSER", "default", &format!("-{forbidden}")]).await;
        let path = if forbidden == "incr" { "/count" } else { "/hits/wharf" };
        assert_eq!(replica.get(path).await.status, 503, "{forbidden}");
        replica.until("/readyz", |answer| answer.status == 503).await;
        tell(&redis, &["ACL", "SETUSER", "default", &format!("+{forbidden}")]).await;
    }
}
