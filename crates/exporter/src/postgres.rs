//! Postgres under postgres_exporter's names.

mod collectors;
mod connection;
mod settings;
mod table;
mod user;
mod versions;
mod wire;

pub use settings::families as settings_families;
pub use table::{Column, Table, number};
pub use user::{QueriesError, UserQuery, parse_queries, read_queries};

use tokio::time::{Instant, timeout_at};

use crate::{
    credentials::Login,
    description::{Description, descriptions},
    endpoint::{Address, ExpiringMap, FIRST_ANSWER},
    exposition::Label,
    families::{Families, label_all},
};
use collectors::{COLLECTORS, OLDEST};
use connection::{Connection, Version};
use table::Collector;
use wire::Error;

descriptions! { EXPORTER:
    UP = Gauge "pg_up" [] "Whether the server answered.";
    SCRAPE_ERROR = Gauge "pg_exporter_last_scrape_error" [] "Whether something failed in the last scrape, except for a right that is missing.";
    SCRAPE_DURATION = Gauge "pg_exporter_last_scrape_duration_seconds" [] "Duration of the last scrape.";
    COLLECTOR_SUCCESS = Gauge "pg_scrape_collector_success" ["collector"] "Whether the collector's query succeeded; 0 also if there was no time for it.";
    COLLECTOR_DURATION = Gauge "pg_scrape_collector_duration_seconds" ["collector"] "Duration of the collector's query.";
    STATIC = Untyped "pg_static" ["short_version", "version"] "1, with the server's version in its labels.";
}

/// The label `collector` of the query for the settings.
const SETTINGS_COLLECTOR: &str = "settings";

/// Shown for `pg_settings`, of which there is one metric for each setting.
const SETTINGS: Description = Description {
    name: "pg_settings_*",
    kind: crate::exposition::Kind::Gauge,
    help: "One metric for each setting that is a number or a switch; times in seconds and sizes in bytes, which their names end with.",
    labels: &[],
};

/// The error code for missing privileges: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// All metrics of a Postgres server. Each has the label `server`, too, except for `pg_up`, `pg_exporter_*` and
/// `pg_scrape_*`.
pub fn descriptions() -> impl Iterator<Item = Description> {
    let tables = COLLECTORS.iter().flat_map(Collector::descriptions);
    EXPORTER.iter().copied().chain(tables).chain([SETTINGS])
}

/// One scrape of a server.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) address: &'a Address,
    /// The label `server`.
    pub(crate) server: &'a str,
    pub(crate) database: &'a str,
    pub(crate) login: &'a Login,
    /// Whether the connection is kept for the next scrape.
    pub(crate) keep: bool,
    /// When the scrape must be done.
    pub(crate) deadline: Instant,
}

/// The connections to Postgres servers, and the queries for them.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    kept: ExpiringMap<Connection>,
    queries: Vec<UserQuery>,
}

impl Servers {
    pub(crate) fn new(queries: Vec<UserQuery>) -> Self {
        Servers { kept: ExpiringMap::default(), queries }
    }

    /// The server's families, with `pg_up 0` if it does not answer at once, and the problem for the log.
    pub(crate) async fn scrape(&self, request: &Request<'_>) -> (Families, Option<String>) {
        let start = Instant::now();
        let key = key(request);
        let mut problems = Vec::new();
        let mut families = Families::default();
        let first = request.deadline.min(start + FIRST_ANSWER);
        match timeout_at(first, self.greet(&key, request)).await {
            Ok(Ok((connection, version))) => {
                families.add(&UP, &[], 1.0);
                let mut scrape = Scrape {
                    request,
                    version,
                    families: Families::default(),
                    states: Families::default(),
                    problems,
                    asked: 0,
                };
                match scrape.run(connection, &self.queries).await {
                    Some(connection) if request.keep => self.kept.put(key, connection),
                    Some(connection) => connection.close().await,
                    None => {}
                }
                let mut measured = scrape.families.finish();
                label_all(&mut measured, &[server(request.server)]);
                families.merge(measured);
                families.merge(scrape.states.finish());
                problems = scrape.problems;
            }
            Ok(Err(error)) => problems.push(described(&error, request.login)),
            Err(_) => problems.push("no answer in time".to_owned()),
        }
        let up = families.finish();
        let mut families = Families::default();
        if up.is_empty() {
            families.add(&UP, &[], 0.0);
        }
        families.merge(up);
        families.add(&SCRAPE_ERROR, &[], f64::from(u8::from(!problems.is_empty())));
        families.add(&SCRAPE_DURATION, &[], start.elapsed().as_secs_f64());
        (families, (!problems.is_empty()).then(|| problems.join("; ")))
    }

    /// Uses the kept connection, or a new one.
    async fn greet(&self, key: &str, request: &Request<'_>) -> Result<(Connection, Version), Error> {
        if let Some(mut connection) = self.kept.take(key)
            && let Ok(version) = connection.version().await
        {
            return Ok((connection, version));
        }
        let mut connection = Connection::open(request.address, request.database, request.login).await?;
        let version = connection.version().await?;
        if version.number < OLDEST {
            connection.close().await;
            return Err(Error::TooOld(version.number / 10_000));
        }
        Ok((connection, version))
    }
}

fn key(request: &Request<'_>) -> String {
    let user = request.login.username.as_deref().unwrap_or_default();
    format!("{user}@{}/{}", request.address, request.database)
}

fn server(name: &str) -> Label {
    ("server".into(), name.to_owned())
}

/// A running scrape of one server.
struct Scrape<'a> {
    request: &'a Request<'a>,
    version: Version,
    /// Families that get the label `server`.
    families: Families,
    /// Families that do not.
    states: Families,
    problems: Vec<String>,
    /// How many queries were run.
    asked: usize,
}

impl Scrape<'_> {
    /// Runs all queries, and tells those that were not run as failed. Returns the connection if it is still usable.
    async fn run(&mut self, connection: Connection, queries: &[UserQuery]) -> Option<Connection> {
        let number = self.version.number;
        let short = format!("{}.{}.0", number / 10_000, number % 10_000);
        self.families.add(&STATIC, &[&short, &self.version.text], 1.0);
        let built_in = COLLECTORS.iter().filter(|collector| collector.query(number).is_some());
        let names = built_in.map(|collector| collector.name).chain([SETTINGS_COLLECTOR]);
        let own = queries.iter().filter(|query| query.runs_on(number)).map(|query| query.name.as_str());
        let names: Vec<&str> = names.chain(own).collect();
        let connection = self.run_all(connection, queries).await;
        for name in names.into_iter().skip(self.asked) {
            self.states.add(&COLLECTOR_SUCCESS, &[name], 0.0);
        }
        connection
    }

    /// Runs all queries, one after the other, until the connection is no longer usable.
    async fn run_all(&mut self, mut connection: Connection, queries: &[UserQuery]) -> Option<Connection> {
        let number = self.version.number;
        for collector in COLLECTORS {
            let Some(sql) = collector.query(number) else { continue };
            let table = self.ask(collector.name, connection.query(sql, self.share())).await?;
            if let Some(table) = table {
                self.families.merge(collector.families(&table).finish());
            }
        }
        if let Some(table) = self.ask(SETTINGS_COLLECTOR, connection.settings(settings::QUERY)).await? {
            self.families.merge(settings::families(&table));
        }
        for query in queries.iter().filter(|query| query.runs_on(number)) {
            if let Some(families) = self.ask(&query.name, connection.user_query(query, self.share())).await? {
                self.families.merge(families);
            }
        }
        Some(connection)
    }

    /// Half of the time that is left, so that a query that is slow leaves some to those after it.
    fn share(&self) -> std::time::Duration {
        self.request.deadline.saturating_duration_since(Instant::now()) / 2
    }

    /// `None` if the connection is no longer usable, `Some(None)` if the server refused.
    async fn ask<T>(&mut self, name: &str, answer: impl Future<Output = Result<T, Error>>) -> Option<Option<T>> {
        let start = Instant::now();
        self.asked += 1;
        let answer = timeout_at(self.request.deadline, answer).await;
        self.states.add(&COLLECTOR_DURATION, &[name], start.elapsed().as_secs_f64());
        self.states.add(&COLLECTOR_SUCCESS, &[name], f64::from(u8::from(matches!(answer, Ok(Ok(_))))));
        match answer {
            Ok(Ok(answer)) => Some(Some(answer)),
            Ok(Err(error)) => {
                if !matches!(&error, Error::Server { code, .. } if code == INSUFFICIENT_PRIVILEGE) {
                    self.problems.push(format!("{name}: {}", described(&error, self.request.login)));
                }
                matches!(error, Error::Server { .. }).then_some(None)
            }
            Err(_) => {
                self.problems.push(format!("{name}: no answer in time"));
                None
            }
        }
    }
}

/// For the log. A server's error may contain what was sent to it.
fn described(error: &Error, login: &Login) -> String {
    let text = error.to_string();
    match &login.password {
        Some(password) => text.replace(password.expose(), "(password)"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_comes_once() {
        let names: Vec<&str> = descriptions().map(|description| description.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert!(names.len() > 100, "{}", names.len());
    }

    #[test]
    fn an_error_does_not_repeat_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hunter2").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let password = runtime.block_on(crate::credentials::read_password(&file)).unwrap();
        let login = Login { username: None, password: Some(password), methods: Vec::new() };
        let error = Error::Server { code: "XX000".to_owned(), message: "you said hunter2!".to_owned() };
        assert!(!described(&error, &login).contains("hunter2"));
    }
}
