//! Databases with one server, and what they serve.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use wharf_exporter::{
    databases::{Config, Databases, Protocol, Server},
    exposition::write,
};

use crate::peer::Scrape;

/// A password that must not be seen anywhere.
pub(crate) const SECRET: &str = "correct-horse-battery";

/// An entry for a server on the loopback interface.
pub(crate) fn server(port: u16) -> Server {
    Server { address: format!("127.0.0.1:{port}"), scrape: true, ..Server::default() }
}

/// A file with a password; it goes with the folder.
pub(crate) fn password(folder: &tempfile::TempDir, password: &str) -> Option<std::path::PathBuf> {
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    Some(file)
}

pub(crate) fn redis(server: Server) -> Databases {
    Databases::new(Config { redis: vec![server], ..Config::default() }).unwrap()
}

/// A scrape of all, in the text format, and how long it took.
pub(crate) async fn collect(databases: &Databases, limit: Duration) -> (String, Duration) {
    let start = Instant::now();
    let families = databases.collect(&[], tokio::time::Instant::now() + limit).await;
    (write(&families), start.elapsed())
}

/// A scrape that takes less than `most`. A machine that has more to do than it can may be late once or twice, not
/// three times in a row.
pub(crate) async fn collect_within(databases: &Databases, limit: Duration, most: Duration) -> String {
    let mut took = Vec::new();
    while took.len() < 3 {
        let (text, this) = collect(databases, limit).await;
        if this < most {
            return text;
        }
        took.push(this);
    }
    panic!("not within {most:?}: {took:?}");
}

/// A probe, which must be allowed.
pub(crate) async fn probe(databases: &Databases, protocol: Protocol, port: u16) -> Scrape {
    let target = format!("127.0.0.1:{port}");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let families = databases.probe(protocol, &target, None, &[], deadline).await.unwrap();
    Scrape::parse(&write(&families))
}

/// A probe of a server that is there; on a busy machine its first answer may come too late once.
pub(crate) async fn probe_up(databases: &Databases, protocol: Protocol, port: u16) -> Scrape {
    let up = wharf_testkit::eventually("it is up", Duration::from_secs(20), async || {
        let scrape = probe(databases, protocol, port).await;
        let is_up = ["redis_up", "pg_up"]
            .iter()
            .any(|name| scrape.0.get(*name).is_some_and(|up| up.values().all(|up| *up == 1.0)));
        if is_up { Ok(scrape) } else { Err("down") }
    });
    up.await.unwrap()
}

/// The series `up` becomes 1.
pub(crate) async fn shows_up(databases: &Databases, up: &str) {
    let shows = wharf_testkit::eventually("it is up", Duration::from_secs(20), async || {
        let (text, _) = collect(databases, Duration::from_secs(10)).await;
        if text.contains(&format!("{up}1\n")) { Ok(()) } else { Err(text) }
    });
    shows.await.unwrap();
}

/// The series `up` is 0 at once, and in time.
pub(crate) async fn shows_down(databases: &Databases, up: &str) {
    let text = collect_within(databases, Duration::from_secs(10), Duration::from_millis(500)).await;
    assert!(text.contains(&format!("{up}0\n")), "{text}");
}

/// The log of this thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Everything from now on until the guard goes.
    pub(crate) fn record(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber =
            tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || log.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
