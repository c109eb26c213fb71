//! The one connection to Redis, shared by all requests and made again whenever it is lost.
//!
//! One task, [`Keeper`], makes the connection; requests only read its state. So while Redis is away there is one attempt
//! every half second, however many requests wait.
//!
//! A server that cannot count is as good as away, although it answers: a replica, one that is full, one whose user may not
//! do it. Such a connection is dropped, and the name is resolved again, because it may lead to another server by now.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus::IntGauge;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use wharf_serve::Gather;

use crate::duty;
use crate::people::redis::LastSalt;
use crate::settings::Redis;

/// Time between the starts of two attempts to connect. An attempt that takes longer delays the next one.
const ATTEMPT_EVERY: Duration = Duration::from_millis(500);

/// How long an attempt may take: name, TCP, password and the check whether the server counts.
const ATTEMPT_TAKES: Duration = Duration::from_secs(1);

/// Failed attempts before a request is given up: one, and five retries.
const ATTEMPTS: u64 = 6;

/// How often the connection is checked.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Away(Arc<str>);

impl Away {
    fn new(why: impl ToString) -> Self {
        Self(why.to_string().into())
    }
}

/// A connection that was up when it was handed out.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) redis: MultiplexedConnection,
    /// Cancelled when the connection has ended or is given up.
    lost: CancellationToken,
    /// Why it was given up, where that is known.
    why: Arc<OnceLock<Away>>,
    /// The salt that its server gave. A server that was started again may have lost it, and other replicas may have made a new one.
    pub(crate) salt: Arc<LastSalt>,
}

impl Connection {
    /// Gives the connection up if this refusal means that its server cannot count. The keeper then makes a new one.
    pub(crate) fn refused(&self, error: &RedisError) {
        if duty::cannot_count(error) {
            let _ = self.why.set(Away::new(error));
            self.lost.cancel();
        }
    }

    fn why_lost(&self) -> Away {
        self.why.get().cloned().unwrap_or_else(|| Away::new("the connection was lost"))
    }
}

#[derive(Clone)]
enum State {
    Up(Connection),
    /// `failures` counts the attempts that failed since the process started.
    Down {
        failures: u64,
        why: Away,
    },
}

/// Gives requests the connection.
#[derive(Clone)]
pub(crate) struct Link {
    state: watch::Receiver<State>,
}

impl Link {
    /// The link to Redis and the task that keeps it. Nothing happens until the task runs.
    pub(crate) fn new(redis: Redis, up: IntGauge) -> (Self, Keeper) {
        let (sender, state) = watch::channel(State::Down { failures: 0, why: Away::new("not yet connected") });
        (Self { state }, Keeper { redis, up, state: sender, failures: 0 })
    }

    /// The connection, if there is one now.
    pub(crate) fn now(&self) -> Result<Connection, Away> {
        match &*self.state.borrow() {
            State::Up(connection) if connection.lost.is_cancelled() => Err(connection.why_lost()),
            State::Up(connection) => Ok(connection.clone()),
            State::Down { why, .. } => Err(why.clone()),
        }
    }

    /// The connection. Without one this waits for the keeper's next [`ATTEMPTS`] attempts: at most three seconds if Redis
    /// refuses them, six if it does not answer.
    pub(crate) async fn wait(&self) -> Result<Connection, Away> {
        if let Ok(connection) = self.now() {
            return Ok(connection);
        }
        let mut state = self.state.clone();
        let mut failures_before = None;
        loop {
            match &*state.borrow_and_update() {
                // The keeper has not noticed the loss yet; it will publish it.
                State::Up(connection) if connection.lost.is_cancelled() => {}
                State::Up(connection) => return Ok(connection.clone()),
                State::Down { failures, why } => {
                    if failures - *failures_before.get_or_insert(*failures) >= ATTEMPTS {
                        return Err(why.clone());
                    }
                }
            }
            if state.changed().await.is_err() {
                return Err(Away::new("the server is stopping"));
            }
        }
    }
}

/// The task that connects, watches the connection, and reconnects.
pub(crate) struct Keeper {
    redis: Redis,
    up: IntGauge,
    state: watch::Sender<State>,
    failures: u64,
}

impl Keeper {
    /// Keeps the link until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        stop.run_until_cancelled(async {
            loop {
                let next_attempt = Instant::now() + ATTEMPT_EVERY;
                match connect(&self.redis, self.failures).await {
                    Ok(connection) => self.watch_over(connection).await,
                    Err(away) => self.failed(away),
                }
                sleep_until(next_attempt).await;
            }
        })
        .await;
    }

    fn failed(&mut self, why: Away) {
        self.failures += 1;
        self.down(why);
    }

    fn down(&self, why: Away) {
        self.up.set(0);
        let news = why.clone();
        let before = self.state.send_replace(State::Down { failures: self.failures, why });
        if !matches!(before, State::Down { why, .. } if why.0 == news.0) {
            tracing::warn!(why = %news, host = self.redis.host, port = self.redis.port, "Redis is away");
        }
    }

    /// Publishes the connection until it is lost.
    async fn watch_over(&self, connection: Connection) {
        tracing::info!(host = self.redis.host, port = self.redis.port, "Redis is connected");
        self.up.set(1);
        self.state.send_replace(State::Up(connection.clone()));
        let why = tokio::select! {
            () = connection.lost.cancelled() => connection.why_lost(),
            why = heartbeat(connection.redis.clone()) => Away::new(why),
        };
        connection.lost.cancel();
        self.down(why);
    }
}

/// Asks Redis every second whether it still counts. Returns when it does not, or does not answer in time.
async fn heartbeat(mut redis: MultiplexedConnection) -> RedisError {
    loop {
        sleep(HEARTBEAT_EVERY).await;
        if let Err(error) = duty::still_counts(&mut redis).await {
            return error;
        }
    }
}

/// One attempt to connect. It succeeds when Redis is able to count, which it is not while it loads its file.
async fn connect(settings: &Redis, failures: u64) -> Result<Connection, Away> {
    match timeout(ATTEMPT_TAKES, any_that_counts(settings, failures)).await {
        Ok(result) => result,
        Err(_) => Err(Away::new("no answer within a second")),
    }
}

/// Tries the addresses of the name one after the other. Each attempt begins with another one, so that an address that does
/// not answer takes the time of one attempt only.
async fn any_that_counts(settings: &Redis, failures: u64) -> Result<Connection, Away> {
    let name = (settings.host.trim_matches(['[', ']']), settings.port);
    let mut addresses: Vec<_> = lookup_host(name).await.map_err(Away::new)?.collect();
    let first = failures.checked_rem(addresses.len() as u64).and_then(|first| usize::try_from(first).ok());
    addresses.rotate_left(first.unwrap_or(0));
    let mut why = Away::new("the name has no address");
    for address in addresses {
        match handshake(settings, address).await {
            Ok(connection) => return Ok(connection),
            Err(error) => why = Away::new(error),
        }
    }
    Err(why)
}

async fn handshake(settings: &Redis, address: SocketAddr) -> Result<Connection, RedisError> {
    let stream = TcpStream::connect(address).await?;
    // Nagle's algorithm stays on: a command waits for the previous answer (docs/decisions/0022-one-thread.md).
    let mut identity = RedisConnectionInfo::default();
    if let Some(password) = &settings.password {
        identity = identity.set_password(password.expose());
    }
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(settings.timeout));
    let (mut redis, driver) = MultiplexedConnection::new_with_config(&identity, Gather::new(stream), config).await?;
    let lost = CancellationToken::new();
    let given_up = lost.clone().drop_guard();
    tokio::spawn(drive(driver, lost.clone(), settings.timeout));
    duty::counts(&mut redis).await?;
    given_up.disarm();
    Ok(Connection { redis, lost, why: Arc::default(), salt: Arc::default() })
}

/// Reads and writes for all users of a connection until it ends. After it was given up, this goes on for as long as an
/// answer may still come.
async fn drive(driver: impl Future<Output = ()>, lost: CancellationToken, answers_take: Duration) {
    let given_up = async {
        lost.cancelled().await;
        sleep(answers_take).await;
    };
    tokio::select! {
        () = driver => lost.cancel(),
        () = given_up => {}
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
    use tokio::task::JoinSet;

    use super::*;

    const CLIENTS: usize = 40;

    /// Counts the writes to a stream.
    struct Counting(DuplexStream, Arc<AtomicUsize>);

    impl AsyncWrite for Counting {
        fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.1.fetch_add(1, SeqCst);
            Pin::new(&mut self.0).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    impl AsyncRead for Counting {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    /// Answers each command with 1.
    async fn answer(mut stream: DuplexStream) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut bytes).await {
            let commands = bytes[..read].iter().filter(|byte| **byte == b'*').count();
            stream.write_all(":1\r\n".repeat(commands).as_bytes()).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn commands_of_tasks_that_run_at_once_leave_together() {
        let task = async {
            let (ours, theirs) = duplex(4096);
            tokio::spawn(answer(theirs));
            let writes = Arc::new(AtomicUsize::new(0));
            let stream = Gather::new(Counting(ours, writes.clone()));
            let (redis, driver) = MultiplexedConnection::new_with_config(
                &RedisConnectionInfo::default(),
                stream,
                AsyncConnectionConfig::new(),
            )
            .await
            .unwrap();
            tokio::spawn(driver);
            let before = writes.load(SeqCst);
            let mut clients = JoinSet::new();
            for _ in 0..CLIENTS {
                let mut redis = redis.clone();
                clients.spawn(
                    async move { redis::cmd("INCR").arg("visits").query_async::<i64>(&mut redis).await.unwrap() },
                );
            }
            assert_eq!(clients.join_all().await, [1; CLIENTS]);
            writes.load(SeqCst) - before
        };
        let writes = tokio::spawn(task).await.unwrap();
        assert!((1..=4).contains(&writes), "{writes} writes for {CLIENTS} commands");
    }
}
