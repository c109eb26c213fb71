//! A Redis that does with `INCR` what the test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What comes of an `INCR`.
#[derive(Clone, Copy)]
pub(crate) enum Incr {
    /// It is read, and the connection is closed.
    Swallowed,
    /// It is answered when [`FakeRedis::release`] is notified.
    Held,
    /// It is answered with an error about the value.
    Refused,
}

pub(crate) struct FakeRedis {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) incrs: Arc<AtomicUsize>,
    /// Is notified when an `INCR` has been read.
    pub(crate) arrived: Arc<Notify>,
    pub(crate) release: Arc<Notify>,
}

impl FakeRedis {
    pub(crate) async fn start(incr: Incr) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").await.unwrap(), incr)
    }

    pub(crate) fn serve(listener: TcpListener, incr: Incr) -> Self {
        let fake = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            incrs: Arc::default(),
            arrived: Arc::default(),
            release: Arc::default(),
        };
        let (connections, incrs) = (fake.connections.clone(), fake.incrs.clone());
        let (arrived, release) = (fake.arrived.clone(), fake.release.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(stream, incr, incrs.clone(), arrived.clone(), release.clone()));
            }
        });
        fake
    }

    pub(crate) fn host_and_port(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.address.port())
    }

    pub(crate) fn incrs(&self) -> usize {
        self.incrs.load(Ordering::SeqCst)
    }
}

async fn answer(
    stream: TcpStream,
    incr: Incr,
    incrs: Arc<AtomicUsize>,
    arrived: Arc<Notify>,
    release: Arc<Notify>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut queues = false;
    loop {
        let answer = match command(&mut stream).await?.as_str() {
            "MULTI" => {
                queues = true;
                "+OK\r\n"
            }
            "DISCARD" => {
                queues = false;
                "+OK\r\n"
            }
            _ if queues => "+QUEUED\r\n",
            "INCR" => {
                incrs.fetch_add(1, Ordering::SeqCst);
                arrived.notify_one();
                match incr {
                    Incr::Swallowed => return None,
                    Incr::Held => {
                        release.notified().await;
                        ":1\r\n"
                    }
                    Incr::Refused => "-ERR value is not an integer or out of range\r\n",
                }
            }
            "GET" => "$-1\r\n",
            "HLEN" => ":0\r\n",
            "AUTH" => "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
            _ => "+OK\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// Reads one command (an array of bulk strings, as the protocol's specification has it) and gives its name.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let count = number(stream, '*').await?;
    let mut name = None;
    for _ in 0..count {
        let length = number(stream, '$').await?;
        let mut word = vec![0; length + 2];
        stream.read_exact(&mut word).await.ok()?;
        name.get_or_insert(String::from_utf8_lossy(&word[..length]).to_uppercase());
    }
    name
}

async fn number(stream: &mut BufReader<TcpStream>, sign: char) -> Option<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(sign)?.parse().ok()
}
