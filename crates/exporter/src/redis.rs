//! Redis, and servers with its protocol, under redis_exporter's names.

mod connection;
mod fields;
mod info;
mod metrics;
mod replies;
mod resp;

pub use info::{CommandStats, Info, Keyspace, Master, Replica, parse_info};
pub use metrics::{Answers, descriptions};
pub use replies::{
    BufferLimit, Client, LatencyEvent, MAX_CLIENTS, SlowlogEntry, parse_buffer_limits, parse_clients, parse_config,
    parse_latency, parse_slowlog,
};
pub use resp::{NotRedis, Reply, parse_reply};

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout_at};

use crate::{
    credentials::Login,
    endpoint::{Address, ExpiringMap, FIRST_ANSWER},
    families::Families,
};
use connection::{Connection, Error, refused};

/// The connections to Redis servers.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    kept: ExpiringMap<Connection>,
    client_list: bool,
}

impl Servers {
    /// `client_list`: whether to serve series for each client.
    pub(crate) fn new(client_list: bool) -> Self {
        Servers { kept: ExpiringMap::default(), client_list }
    }

    /// The server's families, with `redis_up 0` if it does not answer at once.
    pub(crate) async fn scrape(
        &self,
        address: &Address,
        login: &Login,
        deadline: Instant,
    ) -> (Families, Option<String>) {
        let start = Instant::now();
        let first = deadline.min(start + FIRST_ANSWER);
        let key = format!("{}@{address}", login.username.as_deref().unwrap_or_default());
        let answer = match timeout_at(first, self.greet(&key, address, login)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return failed(&error.to_string(), start),
            Err(_) => return failed("no answer in time", start),
        };
        let Greeted { mut connection, info, connected } = answer;
        let mut error = String::new();
        let answers = match timeout_at(deadline, self.ask(&mut connection, info.clone())).await {
            Ok(Ok(answers)) => {
                self.kept.put(key, connection);
                answers
            }
            Ok(Err(problem)) => {
                error = problem.to_string();
                Answers::only(info)
            }
            Err(_) => {
                "no answer in time".clone_into(&mut error);
                Answers::only(info)
            }
        };
        let mut families = metrics::families(&answers, now());
        metrics::scraped(
            &mut families,
            &error,
            start.elapsed().as_secs_f64(),
            Some(connected.duration_since(start).as_secs_f64()),
        );
        (families, (!error.is_empty()).then_some(error))
    }

    /// Uses the kept connection, or a new one.
    async fn greet(&self, key: &str, address: &Address, login: &Login) -> Result<Greeted, Error> {
        if let Some(mut connection) = self.kept.take(key) {
            let connected = Instant::now();
            if let Ok(info) = info(&mut connection).await {
                return Ok(Greeted { connection, info, connected });
            }
        }
        let mut connection = Connection::open(address, login).await?;
        let connected = Instant::now();
        let info = info(&mut connection).await?;
        Ok(Greeted { connection, info, connected })
    }

    async fn ask(&self, connection: &mut Connection, info: String) -> Result<Answers, Error> {
        let cluster = parse_info(&info).is_cluster();
        let settings: Vec<[&str; 3]> = metrics::SETTINGS.iter().map(|name| ["CONFIG", "GET", name]).collect();
        let mut commands: Vec<&[&str]> = settings.iter().map(<[&str; 3]>::as_slice).collect();
        commands.extend([&["LATENCY", "LATEST"][..], &["SLOWLOG", "LEN"], &["SLOWLOG", "GET", "1"]]);
        // A server that is not a node of a cluster would count this as an error.
        if cluster {
            commands.push(&["CLUSTER", "INFO"]);
        }
        if self.client_list {
            commands.push(&["CLIENT", "LIST"]);
        }
        let mut replies = connection.ask(&commands).await?.into_iter();
        let settings = replies.by_ref().take(metrics::SETTINGS.len()).collect();
        let mut next = || replies.next().unwrap_or(Reply::Nil);
        Ok(Answers {
            info,
            settings,
            latency: next(),
            slowlog_length: next(),
            slowlog: next(),
            cluster: cluster.then(&mut next),
            clients: self.client_list.then(&mut next),
        })
    }
}

struct Greeted {
    connection: Connection,
    info: String,
    connected: Instant,
}

async fn info(connection: &mut Connection) -> Result<String, Error> {
    match connection.ask(&[&["INFO", "ALL"]]).await?.pop() {
        Some(Reply::Text(info)) if info.contains("redis_version:") => Ok(info),
        Some(Reply::Error(text)) => Err(refused(&text)),
        _ => Err(NotRedis.into()),
    }
}

fn failed(error: &str, start: Instant) -> (Families, Option<String>) {
    let mut families = metrics::down();
    metrics::scraped(&mut families, error, start.elapsed().as_secs_f64(), None);
    (families, Some(error.to_owned()))
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

impl Answers {
    /// For a server that stopped answering after `INFO`.
    fn only(info: String) -> Self {
        let nothing = Reply::Nil;
        Answers {
            info,
            settings: Vec::new(),
            latency: nothing.clone(),
            slowlog_length: nothing.clone(),
            slowlog: nothing,
            cluster: None,
            clients: None,
        }
    }
}
