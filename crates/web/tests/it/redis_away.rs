//! Redis is away, comes back, or hides its answer.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::TcpListener;
use wharf_testkit::Redis;

use crate::fake_redis::{FakeRedis, Incr};
use crate::replica::Replica;

/// The deadline of a request, as the settings have it by default, and a little for a busy machine.
const ANSWERED: Duration = Duration::from_secs(7);

/// A port that nothing listens on.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_visit_whose_answer_was_lost_is_not_counted_again() {
    let redis = FakeRedis::start(Incr::Swallowed).await;
    let replica = Replica::start(redis.host_and_port(), None).await;
    let answer = replica.get("/count").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.head.contains("\r\nretry-after: 2\r\n"), "{answer:?}");
    assert_eq!(redis.incrs(), 1);

    replica.until("/readyz", |answer| answer.status == 200).await;
    assert_eq!(redis.incrs(), 1, "the new connection did not repeat it either");
    let metrics = replica.get("/metrics").await.body;
    assert!(metrics.contains("\nwharf_web_redis_answers_lost_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn a_visit_refused_because_of_the_value_is_answered_503_and_the_connection_kept() {
    let redis = FakeRedis::start(Incr::Refused).await;
    let replica = Replica::start(redis.host_and_port(), None).await;
    for _ in 0..3 {
        assert_eq!(replica.get("/count").await.status, 503);
    }
    assert_eq!((redis.incrs(), redis.connections.load(Ordering::SeqCst)), (3, 1));
}

#[tokio::test]
async fn requests_that_wait_for_redis_share_five_retries_half_a_second_apart() {
    // A server that hangs up at once, so that attempts can be counted.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let replica = Replica::start(("127.0.0.1", port), None).await;
    let attempts = async {
        for number in 1.. {
            drop(listener.accept().await);
            if number > 100 {
                break;
            }
        }
    };
    let start = Instant::now();
    let requests = join_all((0..50).map(|_| replica.get("/count")));
    let answers = tokio::select! {
        answers = requests => answers,
        () = attempts => panic!("each request makes attempts of its own"),
    };
    let took = start.elapsed();
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.head.contains("\r\nretry-after: 2\r\n")));
    assert!((Duration::from_millis(2000)..Duration::from_millis(4000)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_request_waits_for_a_redis_that_comes_within_the_retries() {
    let port = free_port().await;
    let replica = Replica::start(("127.0.0.1", port), None).await;
    assert_eq!(replica.get("/readyz").await.status, 503);
    let request = replica.get("/count");
    let comes = async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let redis = FakeRedis::serve(listener, Incr::Held);
        redis.release.notify_one();
        redis
    };
    let (answer, redis) = tokio::join!(request, comes);
    assert_eq!((answer.count(), redis.incrs()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_stopped_is_found_again_with_its_count() {
    let redis = Redis::start().await.unwrap();
    let replica = Replica::start((redis.host(), redis.port()), None).await;
    assert_eq!(replica.get("/count").await.count(), 1);

    redis.stop().await.unwrap();
    replica.until("/readyz", |answer| answer.status == 503).await;
    let start = Instant::now();
    let answer = replica.get("/count").await;
    assert_eq!(answer.status, 503);
    assert!(start.elapsed() < ANSWERED, "{:?}", start.elapsed());
    assert_eq!(replica.get("/healthz").await.status, 200);

    redis.start_again().await.unwrap();
    replica.until("/readyz", |answer| answer.status == 200).await;
    assert_eq!(replica.get("/count").await.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_hangs_while_redis_is_frozen_and_the_count_adds_up_afterwards() {
    let redis = Redis::start().await.unwrap();
    let replica = Replica::start((redis.host(), redis.port()), None).await;
    replica.get("/count").await.count();

    redis.pause().await.unwrap();
    let start = Instant::now();
    let answers = join_all((0..50).map(|_| replica.get("/count"))).await;
    assert!(start.elapsed() < ANSWERED, "{:?}", start.elapsed());
    assert!(answers.iter().all(|answer| answer.status == 503), "{answers:?}");
    replica.until("/readyz", |answer| answer.status == 503).await;

    redis.unpause().await.unwrap();
    let count = replica.until("/count", |answer| answer.status == 200).await.count();
    let failed = 50;
    assert!((2..=2 + failed).contains(&count), "{count}: one was answered 200 before, {failed} may have counted");
}
