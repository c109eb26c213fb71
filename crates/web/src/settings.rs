//! Settings from flags and environment, and their checks.

mod store;

use std::env::VarError;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use wharf_serve::Secret;
use wharf_telemetry::Format;

use crate::people::TrustedProxies;

pub use self::store::Store;

const SECRETS_HELP: &str = "\
Secrets come from the environment or from a file, never from a flag,
because every user of the machine can read the arguments of a process:
  REDIS_PASSWORD     or REDIS_PASSWORD_FILE
  DATABASE_PASSWORD  or DATABASE_PASSWORD_FILE
  DATABASE_URL       or DATABASE_URL_FILE, postgres://user@host:5432/name
A line break at the end of a file is ignored. DATABASE_PASSWORD completes
a DATABASE_URL without a password. Without DATABASE_URL and DATABASE_HOST
visits are counted, but no history is kept. `--store` needs none of these.

WHARF_LOG, else RUST_LOG, chooses what is logged: `info`, `info,sqlx=debug`.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "wharf-web", version, about = "A visit counter: on Redis and Postgres, or with one file.", after_help = SECRETS_HELP)]
#[command(args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// What to do; without a command: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings.
    #[command(flatten)]
    pub options: Options,
}

/// Other tasks of the binary.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Asks the server that listens on LISTEN_ADDR whether it is alive; exits with 0 if it is, else with 1
    Healthcheck,
}

/// The settings as given by flags or environment.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Address and port to listen on
    #[arg(long, env = "LISTEN_ADDR", value_name = "LISTEN_ADDR", default_value = "0.0.0.0:5002", global = true)]
    pub listen: SocketAddr,

    /// Name of this replica, shown on the pages [default: the machine's name]
    #[arg(long, env = "REPLICA_NAME", value_name = "REPLICA_NAME")]
    pub replica_name: Option<String>,

    /// File that keeps all counts instead of Redis and Postgres, for one process: `sqlite:visits.db`
    #[arg(long, env = "STORE", value_name = "STORE")]
    pub store: Option<String>,

    /// Host name or address of Redis [default: localhost]
    #[arg(long, env = "REDIS_HOST", value_name = "REDIS_HOST", hide_env_values = true)]
    pub redis_host: Option<String>,

    /// Port of Redis
    #[arg(long, env = "REDIS_PORT", value_name = "REDIS_PORT", default_value = "6379")]
    pub redis_port: u16,

    /// File that holds the password of Redis
    #[arg(long, env = "REDIS_PASSWORD_FILE", value_name = "REDIS_PASSWORD_FILE")]
    pub redis_password_file: Option<String>,

    /// File that holds the URL of the Postgres database
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "DATABASE_URL_FILE")]
    pub database_url_file: Option<String>,

    /// Host name or address of Postgres, if no DATABASE_URL is set
    #[arg(long, env = "DATABASE_HOST", value_name = "DATABASE_HOST", hide_env_values = true)]
    pub database_host: Option<String>,

    /// Port of Postgres [default: 5432]
    #[arg(long, env = "DATABASE_PORT", value_name = "DATABASE_PORT")]
    pub database_port: Option<u16>,

    /// User of the database [default: postgres]
    #[arg(long, env = "DATABASE_USER", value_name = "DATABASE_USER")]
    pub database_user: Option<String>,

    /// Name of the database [default: the user's name]
    #[arg(long, env = "DATABASE_NAME", value_name = "DATABASE_NAME")]
    pub database_name: Option<String>,

    /// File that holds the password of the database's user
    #[arg(long, env = "DATABASE_PASSWORD_FILE", value_name = "DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<String>,

    /// Text for `/` instead of the welcome page; each visit is counted, `{count}` is replaced by the total, `{count} times` by `1 time` for the first
    #[arg(long, env = "GREETING", value_name = "GREETING")]
    pub greeting: Option<String>,

    /// File that holds the greeting
    #[arg(long, env = "GREETING_FILE", value_name = "GREETING_FILE", conflicts_with = "greeting")]
    pub greeting_file: Option<String>,

    /// How often new visits are written to the history: `1s`, `500ms`
    #[arg(long, env = "FLUSH_INTERVAL", value_name = "FLUSH_INTERVAL", default_value = "1s", value_parser = duration)]
    pub flush_interval: Duration,

    /// Most keys that `/hits/{key}` counts; hits for further keys are refused
    #[arg(long, env = "HIT_KEYS_AT_MOST", value_name = "HIT_KEYS_AT_MOST", default_value = "10000",
        value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub hit_keys_at_most: u32,

    /// Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` are believed: networks or addresses, separated by commas
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "TRUSTED_PROXIES",
        default_value = "",
        hide_default_value = true
    )]
    pub trusted_proxies: TrustedProxies,

    /// How long Redis may take to answer a command
    #[arg(long, env = "REDIS_TIMEOUT", value_name = "REDIS_TIMEOUT", default_value = "2s", value_parser = duration)]
    pub redis_timeout: Duration,

    /// Deadline of a request; a slower one is answered 503
    #[arg(long, env = "REQUEST_TIMEOUT", value_name = "REQUEST_TIMEOUT", default_value = "6s", value_parser = duration)]
    pub request_timeout: Duration,

    /// How long a client may take to send the head of a request, or may leave its connection idle
    #[arg(long, env = "HEAD_TIMEOUT", value_name = "HEAD_TIMEOUT", default_value = "30s", value_parser = duration)]
    pub head_timeout: Duration,

    /// How long requests in flight may take to finish after SIGTERM or SIGINT
    #[arg(long, env = "SHUTDOWN_TIMEOUT", value_name = "SHUTDOWN_TIMEOUT", default_value = "8s", value_parser = duration)]
    pub shutdown_timeout: Duration,

    /// Threads that answer requests; with one, a request costs the least CPU time
    #[arg(long, env = "WORKER_THREADS", value_name = "WORKER_THREADS", default_value = "1",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub worker_threads: u16,

    /// `json`: one object a line; `human`: one line of text [default: human on a terminal, else json]
    #[arg(long, env = "LOG_FORMAT", value_name = "LOG_FORMAT")]
    pub log_format: Option<Format>,
}

/// Checked settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// This replica's name, for people.
    pub replica: String,
    /// Where visits are counted and their history is kept.
    pub store: Store,
    /// Shown at `/` instead of the welcome page; `{count}` is replaced by the total.
    pub greeting: Option<String>,
    /// How many keys are counted for.
    pub keys_at_most: u32,
    /// The proxies whose word about clients is taken.
    pub trusted_proxies: TrustedProxies,
    /// How often the history is brought up to date.
    pub flush_interval: Duration,
    /// A request's deadline.
    pub request_timeout: Duration,
    /// How long a request's head may take.
    pub head_timeout: Duration,
    /// How long a shutdown waits for requests in flight.
    pub shutdown_timeout: Duration,
    /// How many threads answer requests.
    pub worker_threads: u16,
    /// How log lines look.
    pub log_format: Format,
}

/// Where Redis is, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Redis {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Password, if one is needed.
    pub password: Option<Secret>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// How to reach Postgres.
#[derive(Clone)]
pub struct Database(pub(crate) PgConnectOptions);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        f.debug_struct("Database").field("host", &options.get_host()).field("port", &options.get_port()).finish()
    }
}

/// A setting that is wrong. The text is one line, begins with the setting's name, and holds no secret.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {why}")]
pub struct SettingError {
    /// The environment variable; the flag has the same name.
    pub name: &'static str,
    /// What is wrong, and what would be right.
    pub why: String,
}

fn wrong(name: &'static str, why: impl Into<String>) -> SettingError {
    SettingError { name, why: why.into() }
}

impl Settings {
    /// Checks `options`, and reads secrets from their files or from the environment, which `variable` looks up as
    /// `std::env::var` does.
    ///
    /// # Errors
    ///
    /// The first setting that is wrong.
    pub fn new(options: Options, variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, SettingError> {
        let store = store(&options, &variable)?;
        Ok(Self {
            listen: options.listen,
            replica: options.replica_name.filter(|name| !name.is_empty()).unwrap_or_else(machine_name),
            store,
            greeting: greeting(options.greeting, options.greeting_file)?,
            keys_at_most: options.hit_keys_at_most,
            trusted_proxies: options.trusted_proxies,
            flush_interval: options.flush_interval,
            request_timeout: options.request_timeout,
            head_timeout: options.head_timeout,
            shutdown_timeout: options.shutdown_timeout,
            worker_threads: options.worker_threads,
            log_format: options.log_format.unwrap_or_else(Format::of_standard_output),
        })
    }
}

fn store(options: &Options, variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Store, SettingError> {
    let redis_host = options.redis_host.clone().filter(|host| !host.is_empty());
    let has_host = redis_host.is_some();
    let database = database(options, &variable)?;
    if let Some(store) = options.store.as_deref().filter(|store| !store.is_empty()) {
        let given = [("REDIS_HOST", has_host), ("DATABASE_URL", database.is_some())];
        return store::file(store, &given).map(Store::Sqlite);
    }
    let redis = Redis {
        host: host("REDIS_HOST", redis_host.unwrap_or_else(|| "localhost".to_owned()))?,
        port: port("REDIS_PORT", options.redis_port)?,
        password: secret(("REDIS_PASSWORD", "REDIS_PASSWORD_FILE"), options.redis_password_file.as_deref(), &variable)?,
        timeout: options.redis_timeout,
    };
    Ok(Store::Servers { redis, database })
}

/// The greeting itself, or what its file says, without the line break at the end.
fn greeting(text: Option<String>, file: Option<String>) -> Result<Option<String>, SettingError> {
    let text = match file.filter(|path| !path.is_empty()) {
        Some(path) => {
            let read = std::fs::read_to_string(&path);
            Some(read.map_err(|error| wrong("GREETING_FILE", format!("cannot read {path}: {error}")))?)
        }
        None => text,
    };
    Ok(text.map(|text| text.trim_end().to_owned()).filter(|text| !text.is_empty()))
}

fn database(
    options: &Options,
    variable: impl Fn(&str) -> Result<String, VarError>,
) -> Result<Option<Database>, SettingError> {
    let url = secret(("DATABASE_URL", "DATABASE_URL_FILE"), options.database_url_file.as_deref(), &variable)?;
    let password =
        secret(("DATABASE_PASSWORD", "DATABASE_PASSWORD_FILE"), options.database_password_file.as_deref(), &variable)?;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (host_name, user, name) =
        (given(&options.database_host), given(&options.database_user), given(&options.database_name));

    let mut connect = match (url, host_name) {
        (None, None) => return Ok(None),
        (None, Some(name)) => PgConnectOptions::new_without_pgpass().host(&host("DATABASE_HOST", name)?),
        (Some(url), host_name) => {
            let parts = [
                ("DATABASE_HOST", host_name.is_some()),
                ("DATABASE_PORT", options.database_port.is_some()),
                ("DATABASE_USER", user.is_some()),
                ("DATABASE_NAME", name.is_some()),
            ];
            if let Some((part, _)) = parts.into_iter().find(|(_, given)| *given) {
                return Err(wrong(part, "DATABASE_URL has this, too; set one of them"));
            }
            return Ok(Some(from_url(&url, password)?));
        }
    };
    connect = connect.port(port("DATABASE_PORT", options.database_port.unwrap_or(5432))?);
    let user = user.unwrap_or_else(|| "postgres".to_owned());
    connect = connect.username(&user).database(&name.unwrap_or(user));
    without_tls(with_password(connect, password)).map(Some)
}

fn from_url(url: &Secret, password: Option<Secret>) -> Result<Database, SettingError> {
    // The parser's own message may repeat a part of the URL, and so of the password.
    let not_a_url = || wrong("DATABASE_URL", "not a Postgres URL, write postgres://user@host:5432/name");
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.expose().starts_with(scheme)) {
        return Err(not_a_url());
    }
    let connect = PgConnectOptions::from_str(url.expose()).map_err(|_| not_a_url())?;
    without_tls(with_password(connect, password))
}

/// Refuses a connection that has to be encrypted: this program is built without TLS.
fn without_tls(database: Database) -> Result<Database, SettingError> {
    match database.0.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => Ok(database),
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => Err(wrong(
            "DATABASE_URL",
            "`sslmode` asks for TLS, which wharf-web does not have: leave it out, and let a tunnel or a pooler encrypt",
        )),
    }
}

fn with_password(connect: PgConnectOptions, password: Option<Secret>) -> Database {
    Database(match password {
        Some(password) => connect.password(password.expose()),
        None => connect,
    })
}

/// Reads the secret `name` from the environment, or from the file that `file_name` names.
fn secret(
    (name, file_name): (&'static str, &'static str),
    file: Option<&str>,
    variable: impl Fn(&str) -> Result<String, VarError>,
) -> Result<Option<Secret>, SettingError> {
    let value = match variable(name) {
        Ok(value) => Some(value).filter(|value| !value.is_empty()),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => return Err(wrong(name, "not UTF-8")),
    };
    let file = file.filter(|path| !path.is_empty());
    match (value, file) {
        (Some(_), Some(_)) => Err(wrong(name, format!("{file_name} is set, too; set one of them"))),
        (Some(value), None) => Ok(Some(Secret::new(value))),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| wrong(file_name, format!("cannot read {path}: {error}")))?;
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let text = text.strip_suffix('\r').unwrap_or(text);
            if text.is_empty() {
                return Err(wrong(file_name, format!("{path} is empty")));
            }
            Ok(Some(Secret::new(text)))
        }
        (None, None) => Ok(None),
    }
}

/// Refuses a URL where a host is asked for. The value is not repeated: it may hold a password.
fn host(name: &'static str, value: String) -> Result<String, SettingError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
    if value.is_empty() || !value.chars().all(plain) {
        return Err(wrong(name, "not a host name or address, write for example `redis` or `10.0.0.7`"));
    }
    Ok(value)
}

fn port(name: &'static str, value: u16) -> Result<u16, SettingError> {
    if value == 0 { Err(wrong(name, "a port is a number from 1 to 65535")) } else { Ok(value) }
}

/// A duration in seconds or milliseconds, such as `2s` or `500ms`: more than zero and at most an hour.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "write for example `2s` or `500ms`, from 1ms to 3600s";
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).ok_or(EXPECTED)?);
    let number: u64 = number.parse().map_err(|_| EXPECTED)?;
    let duration = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return Err(EXPECTED),
    };
    if duration.is_zero() || duration > Duration::from_secs(3600) { Err(EXPECTED) } else { Ok(duration) }
}

fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
