//! One running replica of the application, in this process.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wharf_testkit::{Postgres, Redis, eventually};
use wharf_web::clock;
use wharf_web::server::{Server, ServerError};
use wharf_web::settings::{Cli, Settings};

use crate::http::{Answer, get};

/// How long anything may take that is not a deadline under test.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Replica {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    running: JoinHandle<Result<(), ServerError>>,
}

impl Replica {
    /// A replica that flushes ten times a second, on the Redis of this host and port.
    pub(crate) async fn start(redis: (&str, u16), database_url: Option<&str>) -> Self {
        Self::with(redis, database_url, &[]).await
    }

    /// The same with more flags.
    pub(crate) async fn with(redis: (&str, u16), database_url: Option<&str>, more: &[&str]) -> Self {
        let (host, port) = redis;
        let port = port.to_string();
        let flags = ["--flush-interval=100ms", "--redis-host", host, "--redis-port", &port];
        Self::bind(&[&flags, more].concat(), database_url).await.unwrap()
    }

    /// A replica that counts in a file, alone.
    pub(crate) async fn in_file(path: &Path, more: &[&str]) -> Result<Self, ServerError> {
        let store = format!("--store=sqlite:{}", path.display());
        Self::bind(&[&[&*store], more].concat(), None).await
    }

    async fn bind(flags: &[&str], database_url: Option<&str>) -> Result<Self, ServerError> {
        let cli = Cli::parse_from(["wharf-web", "--listen=127.0.0.1:0"].iter().chain(flags));
        let variable = |name: &str| {
            database_url.filter(|_| name == "DATABASE_URL").map(str::to_owned).ok_or(std::env::VarError::NotPresent)
        };
        let server = Server::bind(Settings::new(cli.options, variable).unwrap(), clock::system()).await?;
        let stop = CancellationToken::new();
        Ok(Self { address: server.address(), running: tokio::spawn(server.run(stop.clone())), stop })
    }

    pub(crate) async fn on(redis: &Redis, postgres: &Postgres) -> Self {
        Self::start((redis.host(), redis.port()), Some(&postgres.url())).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(self.address, path).await.unwrap()
    }

    /// Waits until the page's answer is as `expected` says.
    pub(crate) async fn until(&self, path: &str, expected: impl Fn(&Answer) -> bool) -> Answer {
        let look = async || {
            let answer = self.get(path).await;
            if expected(&answer) { Ok(answer) } else { Err(format!("{answer:?}")) }
        };
        eventually(format!("{path} is as expected"), SOON, look).await.unwrap()
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
    }
}
