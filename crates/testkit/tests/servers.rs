//! The servers of the kit keep what they promise: against a real engine.

#![allow(clippy::unwrap_used, reason = "a test says what is wrong by its panic")]

use std::time::Duration;

use tokio::net::TcpStream;
use wharf_testkit::{Postgres, Redis, eventually};

const DEADLINE: Duration = Duration::from_secs(20);

async fn redis(url: &str) -> redis::aio::MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn count(url: &str) -> u64 {
    redis::cmd("INCR").arg("visits").query_async(&mut redis(url).await).await.unwrap()
}

#[tokio::test]
async fn redis_keeps_port_and_data_over_a_stop_and_a_kill() {
    let server = Redis::start().await.unwrap();
    let url = server.url();
    assert_eq!(count(&url).await, 1);

    server.stop().await.unwrap();
    assert!(TcpStream::connect((server.host(), server.port())).await.is_err(), "a stopped server answers");
    server.start_again().await.unwrap();
    assert_eq!(count(&url).await, 2);

    server.kill_main_process().await.unwrap();
    server.start_again().await.unwrap();
    assert_eq!(count(&url).await, 3);
}

#[tokio::test]
async fn a_paused_server_answers_after_unpause() {
    let server = Redis::start().await.unwrap();
    let mut connection = redis(&server.url()).await;
    server.pause().await.unwrap();
    let ping = redis::cmd("PING");
    let asked = ping.query_async::<String>(&mut connection);
    tokio::pin!(asked);
    tokio::time::timeout(Duration::from_millis(300), &mut asked).await.unwrap_err();
    server.unpause().await.unwrap();
    eventually("unpaused Redis answers", DEADLINE, async || {
        ping.query_async::<String>(&mut redis(&server.url()).await).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn postgres_is_ready_when_it_was_started() {
    let server = Postgres::start().await.unwrap();
    for _ in 0..2 {
        TcpStream::connect((server.host(), server.port())).await.unwrap();
        server.kill_main_process().await.unwrap();
        server.start_again().await.unwrap();
    }
    assert!(server.url().ends_with(&format!("@127.0.0.1:{}/counter", server.port())));
}
