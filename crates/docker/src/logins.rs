//! Logins to registries, as `docker login` keeps them: in `config.json`, or in the programs that it names
//! (`docker-credential-NAME`).
//!
//! The rules are those of the `docker` command: a helper of the registry (`credHelpers`), else the store of all
//! registries (`credsStore`), else the file itself (`auths`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use futures_util::future::join_all;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::endpoint::Endpoint;

/// How long a helper may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// The name under which `docker login` keeps the login to Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";
/// Other names of Docker Hub.
const HUB_HOSTS: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
/// The user that a helper names if the secret is an identity token.
const TOKEN_USER: &str = "<token>";
/// How a helper says that it has no login to a registry.
const NOT_FOUND: &str = "credentials not found";

/// Proof of who we are to a registry. Its secret is in no output of `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A user and a password.
    Password {
        /// The user's name.
        user: String,
        /// The password, or an access token in its place.
        password: String,
    },
    /// A token that the registry exchanges for others.
    IdentityToken(String),
}

impl Login {
    /// The user's name, if the login has one.
    pub fn user(&self) -> Option<&str> {
        match self {
            Login::Password { user, .. } => Some(user),
            Login::IdentityToken(_) => None,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user()).finish_non_exhaustive()
    }
}

/// A login that cannot be read. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {reason}")]
pub struct LoginError {
    /// Where the login was looked for: a file, or a helper.
    pub origin: String,
    /// Why it cannot be read.
    pub reason: String,
}

/// The logins that a configuration of docker has. Each is looked up once.
#[derive(Debug)]
pub struct Logins {
    file: PathBuf,
    known: Mutex<HashMap<String, Found>>,
}

type Found = Arc<OnceCell<Result<Option<Login>, LoginError>>>;

impl Logins {
    /// The logins of whoever uses `endpoint`.
    pub fn of(endpoint: &Endpoint) -> Self {
        Self::in_directory(&endpoint.config)
    }

    /// The logins of a directory with a `config.json`, such as `~/.docker`.
    pub fn in_directory(directory: &Path) -> Self {
        Logins { file: directory.join("config.json"), known: Mutex::default() }
    }

    /// The file that has them or names the helpers.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The login to a registry, by its host and port as images name it: `docker.io`, `ghcr.io`, `localhost:5000`.
    /// `None`: there is none.
    ///
    /// # Errors
    /// If the file cannot be read, or its helper is not there, fails, or takes longer than 10 s.
    pub async fn login(&self, registry: &str) -> Result<Option<Login>, LoginError> {
        let server = server_of(registry);
        let found = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(server.to_owned()).or_default().clone()
        };
        found.get_or_init(|| async { self.read()?.login(server, &self.file).await }).await.clone()
    }

    /// The logins to all registries that the file names, by the names that the engine knows them by.
    pub async fn all(&self) -> (BTreeMap<String, Login>, Vec<LoginError>) {
        let config = match self.read() {
            Ok(config) => config,
            Err(error) => return (BTreeMap::new(), vec![error]),
        };
        let servers: BTreeSet<&str> =
            config.auths.keys().chain(config.helpers.keys()).map(|key| server_of(host_of(key))).collect();
        let asked = servers.into_iter().map(|server| async move { (server.to_owned(), self.login(server).await) });
        let (mut logins, mut errors) = (BTreeMap::new(), Vec::new());
        for (server, found) in join_all(asked).await {
            match found {
                Ok(Some(login)) => drop(logins.insert(server, login)),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        (logins, errors)
    }

    fn read(&self) -> Result<Config, LoginError> {
        let bad = |reason: String| LoginError { origin: self.file.display().to_string(), reason };
        match std::fs::read_to_string(&self.file) {
            // The parser's own message may quote a secret.
            Ok(text) => serde_json::from_str(&text)
                .map_err(|error| bad(format!("line {} is not what docker's configuration has there", error.line()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Config::default()),
            Err(error) => Err(bad(error.to_string())),
        }
    }
}

/// The part of `config.json` that is about registries.
#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: String,
}

/// What the file has for a registry. With a helper it is empty.
#[derive(Default, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
}

impl Config {
    async fn login(&self, server: &str, file: &Path) -> Result<Option<Login>, LoginError> {
        let of_registry = self.helpers.iter().find(|(key, _)| server_of(key) == server).map(|(_, helper)| helper);
        match of_registry.or(Some(&self.store)).filter(|helper| !helper.is_empty()) {
            Some(helper) => ask(&format!("docker-credential-{helper}"), server).await,
            None => self.in_file(server).map_err(|reason| LoginError {
                origin: format!("{}, the login to {server}", file.display()),
                reason: reason.to_owned(),
            }),
        }
    }

    fn in_file(&self, server: &str) -> Result<Option<Login>, &'static str> {
        let alike = || self.auths.iter().find(|(key, _)| server_of(host_of(key)) == server).map(|(_, entry)| entry);
        let Some(entry) = self.auths.get(server).or_else(alike) else { return Ok(None) };
        if !entry.identitytoken.is_empty() {
            return Ok(Some(Login::IdentityToken(entry.identitytoken.clone())));
        }
        let (user, password) = match entry.auth.is_empty() {
            true => (entry.username.clone(), entry.password.clone()),
            false => decoded(&entry.auth).ok_or("`auth` is not the Base64 of USER:PASSWORD")?,
        };
        Ok((!user.is_empty()).then_some(Login::Password { user, password }))
    }
}

/// `auth`: the Base64 of `user:password`.
fn decoded(auth: &str) -> Option<(String, String)> {
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(auth.trim()).ok()?;
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    // docker once filled it up with NUL.
    Some((user.to_owned(), password.trim_matches('\0').to_owned()))
}

/// The name of a registry in `config.json`, and for helpers.
fn server_of(registry: &str) -> &str {
    if registry == HUB || HUB_HOSTS.contains(&registry) { HUB } else { registry }
}

/// The host and port of a key of `auths`, which may be a URL.
fn host_of(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    bare.split('/').next().unwrap_or(bare)
}

/// Asks a helper for the login to a server (<https://github.com/docker/docker-credential-helpers>).
async fn ask(helper: &str, server: &str) -> Result<Option<Login>, LoginError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }
    let failed = |reason: String| LoginError { origin: helper.to_owned(), reason };
    let output = match tokio::time::timeout(DEADLINE, output_of(helper, server)).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(failed("it is not in PATH".to_owned()));
        }
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => return Err(failed(format!("it gave no answer within {} s", DEADLINE.as_secs()))),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return match text.contains(NOT_FOUND) {
            true => Ok(None),
            false => Err(failed(complaint(&output))),
        };
    }
    let answer: Answer = serde_json::from_str(&text).map_err(|_| failed("its answer has no login".to_owned()))?;
    Ok(match (answer.username, answer.secret) {
        (user, token) if user == TOKEN_USER => Some(Login::IdentityToken(token)),
        (user, _) if user.is_empty() => None,
        (user, password) => Some(Login::Password { user, password }),
    })
}

/// Runs a helper to its end; it ends with us.
async fn output_of(helper: &str, server: &str) -> io::Result<Output> {
    let mut command = Command::new(helper);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that reads nothing says by its answer what is wrong.
        let _ = input.write_all(server.as_bytes()).await;
    }
    child.wait_with_output().await
}

/// The first line of what a failed helper says. An object would be a login.
fn complaint(output: &Output) -> String {
    let said = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let line = said.iter().filter_map(|text| text.lines().next()).find(|line| !line.starts_with('{'));
    match line {
        Some(line) => format!("it failed ({}): {}", output.status, line.chars().take(200).collect::<String>()),
        None => format!("it failed ({})", output.status),
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn logins(config: &str) -> (tempfile::TempDir, Logins) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.json"), config).unwrap();
        let logins = Logins::in_directory(directory.path());
        (directory, logins)
    }

    fn password(user: &str, password: &str) -> Option<Login> {
        Some(Login::Password { user: user.to_owned(), password: password.to_owned() })
    }

    #[tokio::test]
    async fn the_file_has_logins_by_host_and_by_url() {
        // me:secret; me:a:b without padding.
        let (_directory, logins) = logins(
            r#"{"auths": {
                "https://index.docker.io/v1/": {"auth": "bWU6c2VjcmV0"},
                "https://ghcr.io": {"auth": "bWU6YTpi"},
                "localhost:5000": {"username": "you", "password": "pw"},
                "corp.example": {"auth": "bWU6c2VjcmV0", "identitytoken": "tok"},
                "empty.example": {},
                "bad.example": {"auth": "%%%"}}}"#,
        );
        assert_eq!(logins.login("docker.io").await, Ok(password("me", "secret")));
        assert_eq!(logins.login("ghcr.io").await, Ok(password("me", "a:b")));
        assert_eq!(logins.login("localhost:5000").await, Ok(password("you", "pw")));
        assert_eq!(logins.login("corp.example").await, Ok(Some(Login::IdentityToken("tok".to_owned()))));
        assert_eq!(logins.login("empty.example").await, Ok(None));
        assert_eq!(logins.login("nowhere.example").await, Ok(None));
        let error = logins.login("bad.example").await.unwrap_err().to_string();
        assert!(error.ends_with("`auth` is not the Base64 of USER:PASSWORD"), "{error}");
        let (all, errors) = logins.all().await;
        let servers: Vec<&str> = all.keys().map(String::as_str).collect();
        assert_eq!(servers, ["corp.example", "ghcr.io", HUB, "localhost:5000"]);
        assert_eq!(errors.len(), 1);
    }

    #[tokio::test]
    async fn no_file_is_no_login_and_a_broken_one_shows_no_secret() {
        let none = Logins::in_directory(Path::new("/nonexistent"));
        assert_eq!(none.login("ghcr.io").await, Ok(None));
        let (_directory, broken) = logins(r#"{"auths": {"ghcr.io": "hunter2"}}"#);
        let error = broken.login("ghcr.io").await.unwrap_err().to_string();
        assert!(error.contains("config.json: line 1 ") && !error.contains("hunter2"), "{error}");
        assert!(!format!("{:?}", password("me", "hunter2")).contains("hunter2"));
    }

    /// A helper that does what a script says, by its full path: the name after `docker-credential-` may hold one.
    fn helper(directory: &Path, script: &str) -> String {
        let (text, path) = (directory.join("script"), directory.join("helper"));
        std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        // By another process: what this one has open for writing, a child of another test holds for a moment, and it cannot run.
        let made = std::process::Command::new("install").args(["-m", "755"]).args([&text, &path]).status();
        assert!(made.unwrap().success());
        path.to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_helper_is_asked_by_the_servers_name() {
        let directory = tempfile::tempdir().unwrap();
        let says = |script: &str| helper(directory.path(), script);
        let asked = says(r#"read server; echo "{\"Username\":\"$1 $server\",\"Secret\":\"s\"}""#);
        assert_eq!(ask(&asked, HUB).await, Ok(password(&format!("get {HUB}"), "s")));
        let token = says(r#"echo '{"ServerURL":"x","Username":"<token>","Secret":"t"}'"#);
        assert_eq!(ask(&token, "x").await, Ok(Some(Login::IdentityToken("t".to_owned()))));
        let none = says("echo credentials not found in native keychain; exit 1");
        assert_eq!(ask(&none, "x").await, Ok(None));
    }

    #[tokio::test]
    async fn a_helper_that_fails_is_named_and_its_secret_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let reason = async |script: &str| ask(&helper(directory.path(), script), "x").await.unwrap_err().reason;
        assert_eq!(reason("echo locked >&2; exit 3").await, "it failed (exit status: 3): locked");
        assert_eq!(reason(r#"echo '{"Secret":"s"}'; exit 3"#).await, "it failed (exit status: 3)");
        assert_eq!(reason(r#"echo '{"Secret":"s"}'"#).await, "its answer has no login");
        let error = ask("docker-credential-nowhere", "x").await.unwrap_err();
        assert_eq!(error.to_string(), "docker-credential-nowhere: it is not in PATH");
    }

    #[tokio::test(start_paused = true)]
    async fn a_helper_that_never_answers_is_given_up() {
        let directory = tempfile::tempdir().unwrap();
        let error = ask(&helper(directory.path(), "exec sleep 600"), "x").await.unwrap_err();
        assert_eq!(error.reason, "it gave no answer within 10 s");
    }

    #[tokio::test]
    async fn a_helper_of_the_registry_comes_before_the_store_and_the_store_before_the_file() {
        let (_directory, logins) = logins(
            r#"{"credsStore": "no-store", "credHelpers": {"ghcr.io": "no-helper"},
                "auths": {"quay.io": {"auth": "bWU6c2VjcmV0"}, "ghcr.io": {"auth": "bWU6c2VjcmV0"}}}"#,
        );
        let origin = async |host: &str| logins.login(host).await.unwrap_err().origin;
        assert_eq!(origin("ghcr.io").await, "docker-credential-no-helper");
        assert_eq!(origin("quay.io").await, "docker-credential-no-store");
    }
}
