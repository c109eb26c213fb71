//! Servers that are away, silent, or something else: the scrape says so in time, and goes on.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wharf_exporter::databases::{Config, Databases};

use crate::scraped::{Log, SECRET, collect, collect_within, password, server};

/// The longest that a server which is away may take.
const AWAY: Duration = Duration::from_millis(500);
/// As a Prometheus with the usual scrape timeout allows.
const PATIENT: Duration = Duration::from_secs(10);

/// What a listener does with each connection.
#[derive(Clone, Copy)]
enum Answer {
    Silence,
    Close,
    Bytes(&'static [u8]),
    /// The same again and again.
    Endless(&'static [u8]),
}

/// A port where each connection gets this answer.
async fn listen(answer: Answer) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut bytes = [0; 1024];
                let _ = stream.read(&mut bytes).await;
                match answer {
                    Answer::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
                    Answer::Close => {}
                    Answer::Bytes(bytes) => {
                        let _ = stream.write_all(bytes).await;
                        let _ = stream.read(&mut [0; 1]).await;
                    }
                    Answer::Endless(bytes) => while stream.write_all(bytes).await.is_ok() {},
                }
            });
        }
    });
    port
}

/// A port that nothing listens on.
async fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

fn both(port: u16) -> Databases {
    Databases::new(Config { redis: vec![server(port)], postgres: vec![server(port)], ..Config::default() }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_or_no_server_is_down_within_half_a_second() {
    let ports = [
        nobody().await,
        listen(Answer::Silence).await,
        listen(Answer::Close).await,
        listen(Answer::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await,
        listen(Answer::Bytes(b"\0\0\0\0\xff\xff\xff\xff")).await,
        listen(Answer::Bytes(b"$-5\r\n")).await,
        listen(Answer::Endless(b"*1\r\n")).await,
        listen(Answer::Endless(b"+OK")).await,
        listen(Answer::Endless(b"+OK\r\n")).await,
        listen(Answer::Endless(b"$8000000\r\n")).await,
        listen(Answer::Endless(b"N\0\0\0\x08\0\0\0\0")).await,
        // Logged in, then columns and rows that are cut off, or longer than any memory.
        listen(Answer::Bytes(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05IT\0\0\0\x06\x7f\xff")).await,
        listen(Answer::Bytes(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05ID\0\0\0\x0a\0\x01\x7f\xff\xff\xff")).await,
        listen(Answer::Bytes(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05ID\x7f\xff\xff\xff")).await,
        listen(Answer::Bytes(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05IE\0\0\0\x06CX")).await,
        listen(Answer::Bytes(b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0")).await,
    ];
    for (which, port) in ports.into_iter().enumerate() {
        let text = collect_within(&both(port), PATIENT, AWAY).await;
        for down in [
            format!("redis_up{{addr=\"127.0.0.1:{port}\"}} 0\n"),
            format!("pg_up{{server=\"127.0.0.1:{port}\"}} 0\n"),
            format!("pg_exporter_last_scrape_error{{server=\"127.0.0.1:{port}\"}} 1\n"),
        ] {
            assert!(text.contains(&down), "{which}: {text}");
        }
    }
}

#[tokio::test]
async fn a_shorter_deadline_is_kept_too() {
    let databases = both(listen(Answer::Silence).await);
    let text = collect_within(&databases, Duration::from_millis(100), Duration::from_millis(200)).await;
    assert!(text.contains("redis_up") && text.contains("pg_up"), "{text}");
}

#[tokio::test]
async fn one_silent_server_delays_no_other_and_a_hundred_are_as_one() {
    let silent = listen(Answer::Silence).await;
    let servers = |count: u16| {
        (0..count)
            .map(|number| {
                let mut server = server(silent);
                server.module = None;
                server.address = format!("127.0.0.{}:{silent}", number + 1);
                server
            })
            .collect::<Vec<_>>()
    };
    let databases =
        Databases::new(Config { redis: servers(100), postgres: servers(100), ..Config::default() }).unwrap();
    let text = collect_within(&databases, PATIENT, AWAY * 2).await;
    assert_eq!(text.matches("\nredis_up{").count(), 100);
    assert_eq!(text.matches("\npg_up{").count(), 100);
}

#[tokio::test]
async fn what_a_server_sends_back_shows_no_password() {
    const ECHO: &[u8] = b"-ERR you said correct-horse-battery\r\n";
    const PG_ECHO: &[u8] = b"E\0\0\0\x2bSFATAL\0CXX000\0Mcorrect-horse-battery!!\0\0\0";
    let folder = tempfile::tempdir().unwrap();
    let log = Log::default();
    let guard = log.record();
    for bytes in [ECHO, PG_ECHO] {
        let mut server = server(listen(Answer::Bytes(bytes)).await);
        server.username = Some("me".to_owned());
        server.password_file = password(&folder, SECRET);
        let config = Config { redis: vec![server.clone()], postgres: vec![server], ..Config::default() };
        assert!(!format!("{config:?}").contains(SECRET));
        let databases = Databases::new(config).unwrap();
        let (text, _) = collect(&databases, PATIENT).await;
        assert!(!text.contains(SECRET), "{text}");
        assert!(!format!("{databases:?}").contains(SECRET));
    }
    drop(guard);
    assert!(log.text().contains("some of the server's metrics are missing"), "{}", log.text());
    assert!(!log.text().contains(SECRET), "{}", log.text());
}
