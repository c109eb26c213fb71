//! A probe reaches what the configuration allows, and takes no password elsewhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{io::AsyncReadExt, net::TcpListener};
use wharf_exporter::databases::{Address, Config, Databases, ProbeError, Protocol, Server, Target};

use crate::scraped::{SECRET, password, server};

/// A port that counts connections, and the bytes that came over them.
struct Trap {
    port: u16,
    connections: Arc<AtomicUsize>,
    received: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Trap {
    async fn set() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let trap =
            Trap { port: listener.local_addr().unwrap().port(), connections: Arc::default(), received: Arc::default() };
        let (connections, received) = (trap.connections.clone(), trap.received.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let mut bytes = vec![0; 1024];
                let length = stream.read(&mut bytes).await.unwrap_or(0);
                received.lock().unwrap().extend(&bytes[..length]);
            }
        });
        trap
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap()).into_owned()
    }
}

async fn probe(
    databases: &Databases,
    protocol: Protocol,
    target: &str,
    module: Option<&str>,
    discovered: &[Target],
) -> Result<usize, ProbeError> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    databases.probe(protocol, target, module, discovered, deadline).await.map(|families| families.len())
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_refused_and_never_reached() {
    let trap = Trap::set().await;
    let folder = tempfile::tempdir().unwrap();
    let mut db = server(1);
    db.password_file = password(&folder, SECRET);
    let databases =
        Databases::new(Config { redis: vec![db.clone()], postgres: vec![db], ..Config::default() }).unwrap();
    for protocol in [Protocol::Redis, Protocol::Postgres] {
        let error = probe(&databases, protocol, &format!("127.0.0.1:{}", trap.port), None, &[]).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unknown(_)), "{error}");
        assert_eq!(error.status(), 403);
        assert!(!error.to_string().contains(SECRET));
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn the_credentials_of_one_server_are_not_for_another() {
    let trap = Trap::set().await;
    let folder = tempfile::tempdir().unwrap();
    let credentials = |address: String, module: Option<&str>| Server {
        address,
        module: module.map(str::to_owned),
        username: Some("me".to_owned()),
        password_file: password(&folder, SECRET),
        ..Server::default()
    };
    // The same host on another port, and a module of another server: neither is this one's.
    let config = Config {
        redis: vec![credentials("127.0.0.1:1".to_owned(), None), server(trap.port)],
        postgres: vec![credentials("127.0.0.1:1".to_owned(), Some("audit")), server(trap.port)],
        ..Config::default()
    };
    let databases = Databases::new(config).unwrap();
    let target = format!("127.0.0.1:{}", trap.port);
    assert!(probe(&databases, Protocol::Redis, &target, None, &[]).await.is_ok());
    assert!(trap.received().contains("INFO") || trap.received().contains("SETNAME"), "{}", trap.received());
    assert!(!trap.received().contains(SECRET) && !trap.received().contains("AUTH"), "{}", trap.received());
    let reached = trap.connections();
    let error = probe(&databases, Protocol::Postgres, &target, Some("audit"), &[]).await.unwrap_err();
    assert!(matches!(error, ProbeError::Module { .. }), "{error}");
    assert_eq!((error.status(), trap.connections()), (400, reached));
}

#[tokio::test]
async fn a_discovered_server_is_reached_by_its_name_and_gets_the_credentials_of_its_name() {
    let trap = Trap::set().await;
    let folder = tempfile::tempdir().unwrap();
    let configured = Server {
        address: "cache.shop".to_owned(),
        password_file: password(&folder, SECRET),
        scrape: false,
        ..Server::default()
    };
    let databases = Databases::new(Config { redis: vec![configured], ..Config::default() }).unwrap();
    let target = |name: &str| Target {
        protocol: Protocol::Redis,
        name: Address::parse(name, 6379).unwrap(),
        address: Address { host: "127.0.0.1".to_owned(), port: trap.port },
        database: None,
        labels: Vec::new(),
    };
    assert!(probe(&databases, Protocol::Redis, "cache.evil", None, &[target("cache.evil")]).await.is_ok());
    assert!(trap.connections() > 0 && !trap.received().contains(SECRET), "{}", trap.received());
    assert!(probe(&databases, Protocol::Redis, "cache.shop", None, &[target("cache.shop")]).await.is_ok());
    assert!(trap.received().contains(SECRET), "{}", trap.received());
}

#[tokio::test]
async fn a_target_that_is_none_is_refused_without_its_password() {
    let databases = Databases::new(Config::default()).unwrap();
    for target in ["", "postgres://me:correct-horse-battery@db/shop", "db:port", "unix:///tmp/x"] {
        let error = probe(&databases, Protocol::Postgres, target, None, &[]).await.unwrap_err();
        assert_eq!(error.status(), 400, "{error}");
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
}
