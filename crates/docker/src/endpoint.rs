//! Which engine: the rules of the `docker` command, as a pure function of the environment and its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The socket of an engine that runs as root.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// An engine's address and how to prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///path`, `tcp://host:port`, `https://...`, `ssh://user@host` or `npipe://...`.
    pub host: String,
    /// What chose it, for messages: `--host`, `DOCKER_HOST`, `context "x"`, `the default`.
    pub origin: String,
    /// Certificates, if TLS is enabled.
    pub tls: Option<TlsFiles>,
    /// The directory of docker's configuration, which has the logins to registries.
    pub config: PathBuf,
}

/// Client certificate files in PEM form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authority that signed the engine's certificate.
    pub ca: PathBuf,
    /// Our certificate.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsFiles {
    fn in_directory(directory: &Path) -> Self {
        TlsFiles { ca: directory.join("ca.pem"), cert: directory.join("cert.pem"), key: directory.join("key.pem") }
    }
}

/// What the command line says about the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChoice {
    /// `--host`.
    pub host: Option<String>,
    /// `--context`.
    pub context: Option<String>,
    /// `--config`: the directory of docker's configuration.
    pub config: Option<PathBuf>,
    /// `--tls` and `--tlsverify`: TLS for an address with `tcp://`. The engine is always verified.
    pub tls: bool,
    /// `--tlscacert`.
    pub ca: Option<PathBuf>,
    /// `--tlscert`.
    pub cert: Option<PathBuf>,
    /// `--tlskey`.
    pub key: Option<PathBuf>,
}

impl EndpointChoice {
    /// The directory of docker's configuration: `--config`, `DOCKER_CONFIG`, `~/.docker`.
    pub fn config_directory(&self, environment: &BTreeMap<String, String>) -> PathBuf {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        match (&self.config, variable("DOCKER_CONFIG"), variable("HOME")) {
            (Some(directory), _, _) => directory.clone(),
            (None, Some(directory), _) => PathBuf::from(directory),
            (None, None, home) => Path::new(home.map_or("/", String::as_str)).join(".docker"),
        }
    }

    /// The contexts that `docker context ls` lists, by name. Files that are not a context's are left out.
    pub fn contexts(&self, environment: &BTreeMap<String, String>) -> Vec<String> {
        let stored = std::fs::read_dir(self.config_directory(environment).join("contexts/meta"));
        let names = stored.into_iter().flatten().filter_map(|entry| {
            let text = std::fs::read_to_string(entry.ok()?.path().join("meta.json")).ok()?;
            serde_json::from_str(&text).ok().map(|meta: ContextMeta| meta.name)
        });
        let mut names: Vec<String> = names.chain(["default".to_owned()]).filter(|name| !name.is_empty()).collect();
        names.sort();
        names
    }

    /// The given files, and for those that are not given the usual ones of a directory.
    fn tls_files(&self, directory: &Path) -> TlsFiles {
        let TlsFiles { ca, cert, key } = TlsFiles::in_directory(directory);
        let given = |given: &Option<PathBuf>, usual: PathBuf| given.clone().unwrap_or(usual);
        TlsFiles { ca: given(&self.ca, ca), cert: given(&self.cert, cert), key: given(&self.key, key) }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CliConfig {
    current_context: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ContextMeta {
    #[serde(rename = "Name", default)]
    name: String,
    #[serde(rename = "Endpoints", default)]
    endpoints: BTreeMap<String, ContextEndpoint>,
}

#[derive(Debug, Deserialize)]
struct ContextEndpoint {
    #[serde(rename = "Host", default)]
    host: String,
}

impl Endpoint {
    /// Finds the engine: `--host`, `--context`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of
    /// `~/.docker/config.json`, the default socket, a rootless engine's socket; the first that speaks wins.
    ///
    /// # Errors
    /// A context that does not exist, an address of unknown form, a configuration that is not JSON.
    pub fn resolve(environment: &BTreeMap<String, String>, choice: &EndpointChoice) -> Result<Self, Error> {
        let variable = |name: &str| environment.get(name).map(String::as_str).filter(|value| !value.is_empty());
        if let Some(host) = &choice.host {
            return Self::at(host, "--host", environment, choice);
        }
        if let Some(name) = &choice.context {
            return Self::of_context(name, "--context", environment, choice);
        }
        if let Some(host) = variable("DOCKER_HOST") {
            return Self::at(host, "DOCKER_HOST", environment, choice);
        }
        if let Some(name) = variable("DOCKER_CONTEXT") {
            return Self::of_context(name, "DOCKER_CONTEXT", environment, choice);
        }
        let config_file = choice.config_directory(environment).join("config.json");
        if let Ok(text) = std::fs::read_to_string(&config_file) {
            let config: CliConfig = serde_json::from_str(&text)
                .map_err(|error| Error::BadConfig { path: config_file.clone(), reason: error.to_string() })?;
            if let Some(name) = config.current_context.filter(|name| !name.is_empty()) {
                let origin = format!("currentContext in {}", config_file.display());
                return Self::of_context(&name, &origin, environment, choice);
            }
        }
        Ok(Self::default_socket(environment, choice))
    }

    /// Whether the engine is reached through a socket of this machine.
    pub fn is_local(&self) -> bool {
        self.host.starts_with("unix://") || self.host.starts_with("npipe://")
    }

    fn default_socket(environment: &BTreeMap<String, String>, choice: &EndpointChoice) -> Self {
        let config = choice.config_directory(environment);
        let rootless = environment
            .get("XDG_RUNTIME_DIR")
            .map(|directory| Path::new(directory).join("docker.sock"))
            .filter(|socket| !Path::new(DEFAULT_SOCKET).exists() && socket.exists());
        let (socket, origin) = match rootless {
            Some(socket) => (socket, "the rootless engine's socket"),
            None => (PathBuf::from(DEFAULT_SOCKET), "the default"),
        };
        Endpoint { host: format!("unix://{}", socket.display()), origin: origin.to_owned(), tls: None, config }
    }

    fn at(
        host: &str,
        origin: &str,
        environment: &BTreeMap<String, String>,
        choice: &EndpointChoice,
    ) -> Result<Self, Error> {
        check_host(host, origin)?;
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let wanted = choice.tls || variable("DOCKER_TLS_VERIFY").is_some() || variable("DOCKER_TLS").is_some();
        let tls = (host.starts_with("https://") || host.starts_with("tcp://") && wanted).then(|| {
            let directory = variable("DOCKER_CERT_PATH").map(PathBuf::from);
            choice.tls_files(&directory.unwrap_or_else(|| choice.config_directory(environment)))
        });
        let config = choice.config_directory(environment);
        Ok(Endpoint { host: host.to_owned(), origin: origin.to_owned(), tls, config })
    }

    /// Contexts live in `contexts/meta/<sha256 of the name>/meta.json`, their certificates in `contexts/tls/`.
    fn of_context(
        name: &str,
        origin: &str,
        environment: &BTreeMap<String, String>,
        choice: &EndpointChoice,
    ) -> Result<Self, Error> {
        if name == "default" {
            return match environment.get("DOCKER_HOST").filter(|host| !host.is_empty()) {
                Some(host) => Self::at(host, "DOCKER_HOST", environment, choice),
                None => Ok(Self::default_socket(environment, choice)),
            };
        }
        let bad = |reason: String| Error::BadContext { name: name.to_owned(), origin: origin.to_owned(), reason };
        let id = hex::encode(Sha256::digest(name.as_bytes()));
        let config_dir = choice.config_directory(environment);
        let file = config_dir.join("contexts/meta").join(&id).join("meta.json");
        let text = std::fs::read_to_string(&file).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => bad("there is no such context".to_owned()),
            _ => bad(format!("{}: {error}", file.display())),
        })?;
        let meta: ContextMeta =
            serde_json::from_str(&text).map_err(|error| bad(format!("{}: {error}", file.display())))?;
        let host = &meta
            .endpoints
            .get("docker")
            .filter(|endpoint| !endpoint.host.is_empty())
            .ok_or_else(|| bad("it names no Docker endpoint".to_owned()))?
            .host;
        let origin = format!("context {name:?}");
        check_host(host, &origin)?;
        let tls_dir = config_dir.join("contexts/tls").join(&id).join("docker");
        let tls = tls_dir.join("ca.pem").exists().then(|| TlsFiles::in_directory(&tls_dir));
        Ok(Endpoint { host: host.clone(), origin, tls, config: config_dir })
    }
}

fn check_host(host: &str, origin: &str) -> Result<(), Error> {
    let known = ["unix://", "tcp://", "http://", "https://", "ssh://", "npipe://"];
    if known.iter().any(|scheme| host.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
        return Ok(());
    }
    Err(Error::BadHost { value: host.to_owned(), origin: origin.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn context_dir(name: &str, host: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let id = hex::encode(Sha256::digest(name.as_bytes()));
        let meta = directory.path().join("contexts/meta").join(id);
        std::fs::create_dir_all(&meta).unwrap();
        let text = format!(r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"{host}"}}}}}}"#);
        std::fs::write(meta.join("meta.json"), text).unwrap();
        directory
    }

    #[test]
    fn docker_host_beats_the_current_context() {
        let directory = context_dir("remote", "ssh://me@far");
        std::fs::write(directory.path().join("config.json"), r#"{"currentContext":"remote"}"#).unwrap();
        let config = directory.path().to_str().unwrap();
        let found = Endpoint::resolve(&environment(&[("DOCKER_CONFIG", config)]), &Default::default()).unwrap();
        assert_eq!((found.host.as_str(), found.origin.as_str()), ("ssh://me@far", "context \"remote\""));
        let both = environment(&[("DOCKER_CONFIG", config), ("DOCKER_HOST", "tcp://near:2375")]);
        assert_eq!(Endpoint::resolve(&both, &Default::default()).unwrap().host, "tcp://near:2375");
    }

    #[test]
    fn the_command_line_beats_the_environment() {
        let choice = EndpointChoice { host: Some("unix:///tmp/a.sock".into()), ..EndpointChoice::default() };
        let found = Endpoint::resolve(&environment(&[("DOCKER_HOST", "tcp://near:2375")]), &choice).unwrap();
        assert_eq!((found.host.as_str(), found.origin.as_str()), ("unix:///tmp/a.sock", "--host"));
    }

    #[test]
    fn tls_verify_takes_the_certificates_of_the_cert_path() {
        let found = Endpoint::resolve(
            &environment(&[
                ("DOCKER_HOST", "tcp://far:2376"),
                ("DOCKER_TLS_VERIFY", "1"),
                ("DOCKER_CERT_PATH", "/certs"),
            ]),
            &Default::default(),
        );
        assert_eq!(found.unwrap().tls.unwrap().ca, Path::new("/certs/ca.pem"));
    }

    #[test]
    fn the_flags_of_docker_choose_certificates_and_contexts() {
        let choice = EndpointChoice {
            host: Some("tcp://far:2376".into()),
            config: Some("/cfg".into()),
            tls: true,
            cert: Some("/mine/cert.pem".into()),
            ..EndpointChoice::default()
        };
        let tls = Endpoint::resolve(&environment(&[]), &choice).unwrap().tls.unwrap();
        assert_eq!((tls.ca.as_path(), tls.cert.as_path()), (Path::new("/cfg/ca.pem"), Path::new("/mine/cert.pem")));
        let directory = context_dir("remote", "ssh://me@far");
        let config = Some(directory.path().to_owned());
        let choice = EndpointChoice { context: Some("remote".into()), config, ..EndpointChoice::default() };
        let found = Endpoint::resolve(&environment(&[("DOCKER_CONFIG", "/nonexistent")]), &choice).unwrap();
        assert_eq!(found.host, "ssh://me@far");
    }

    #[test]
    fn contexts_are_listed_by_name() {
        let directory = context_dir("remote", "ssh://me@far");
        std::fs::create_dir(directory.path().join("contexts/meta/broken")).unwrap();
        let config = Some(directory.path().to_owned());
        let choice = EndpointChoice { config, ..EndpointChoice::default() };
        assert_eq!(choice.contexts(&environment(&[])), ["default", "remote"]);
    }

    #[test]
    fn a_context_that_is_not_there_says_who_asked_for_it() {
        let error = Endpoint::resolve(
            &environment(&[("DOCKER_CONFIG", "/nonexistent"), ("DOCKER_CONTEXT", "gone")]),
            &Default::default(),
        );
        insta::assert_snapshot!(error.unwrap_err(), @r#"Docker context "gone" (DOCKER_CONTEXT): there is no such context"#);
    }

    #[test]
    fn an_address_without_a_scheme_is_refused() {
        let error = Endpoint::resolve(&environment(&[("DOCKER_HOST", "localhost:2375")]), &Default::default());
        insta::assert_snapshot!(error.unwrap_err(), @r#""localhost:2375" is not an address of a Docker Engine (DOCKER_HOST)"#);
    }
}
