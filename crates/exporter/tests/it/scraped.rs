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

/// A probe, which must be allowed.
pub(crate) async fn probe(databases: &Databases, protocol: Protocol, port: u16) -> Scrape {
    let target = format!("127.0.0.1:{port}");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let families = databases.probe(protocol, &target, None, &[], deadline).await.unwrap();
    Scrape::parse(&write(&families))
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
