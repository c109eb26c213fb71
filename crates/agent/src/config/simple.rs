//! A configuration from a few flags.

use url::Url;
use wharf_loki::labels::is_label_name;
use wharf_serve::Secret;

use super::{Config, DockerFrom, Job, Limits, SCHEDULE, default_listen, default_positions};
use crate::delivery::{Auth, ClientConfig, Proxy, PushFormat, TlsFiles};
use crate::discovery::Labelling;

/// The label that selects containers, and excludes them from `--all`.
const LABEL: &str = "log_collect";
/// Loki's path for pushes.
const PUSH: &str = "/loki/api/v1/push";

/// The common case: containers with good labels to Loki.
#[derive(Debug, Clone, Default)]
pub struct Simple {
    /// Addresses, with or without a path.
    pub loki: Vec<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// `name=value` for all lines.
    pub labels: Vec<String>,
    /// Whether all containers are read, except those with `log_collect=false`.
    pub all: bool,
    /// The engine's filters as `name=value`; if there are any, the label is not required.
    pub filters: Vec<String>,
}

impl Simple {
    /// The configuration.
    ///
    /// # Errors
    ///
    /// The first mistake, in words.
    pub fn config(&self) -> Result<Config, String> {
        let external_labels = self.labels.iter().map(|pair| label(pair)).collect::<Result<Vec<_>, _>>()?;
        let clients = self.loki.iter().map(|url| client(url, self.tenant.clone(), external_labels.clone()));
        let mut from = DockerFrom::default();
        for filter in &self.filters {
            let Some((name, value)) = filter.split_once('=').filter(|(_, value)| !value.is_empty()) else {
                return Err(format!("{filter:?} is not a filter: write for example label=app=web or name=web"));
            };
            from.filters.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        if self.all {
            from.without = Some((LABEL.to_owned(), "false".to_owned()));
        } else if self.filters.is_empty() {
            from.filters.insert("label".to_owned(), vec![format!("{LABEL}=true")]);
        }
        let job = Job {
            name: "docker".to_owned(),
            pipeline: None,
            docker: vec![from],
            files: Vec::new(),
            labelling: Labelling::Defaults,
        };
        Ok(Config {
            listen: Some(default_listen()),
            positions: default_positions(),
            clients: clients.collect::<Result<_, _>>()?,
            jobs: vec![job],
            limits: Limits::default(),
        })
    }
}

fn label(pair: &str) -> Result<(String, String), String> {
    match pair.split_once('=').filter(|(name, _)| is_label_name(name)) {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => {
            Err(format!("{pair:?} is not a label: write name=value, where the name has only letters, digits and `_`"))
        }
    }
}

fn client(text: &str, tenant: Option<String>, external_labels: Vec<(String, String)>) -> Result<ClientConfig, String> {
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // The text may hold a password.
    let mut url = parsed.ok_or("--loki takes an address, as http://loki:3100")?;
    if url.path() == "/" {
        url.set_path(PUSH);
    }
    let (user, password) = (url.username().to_owned(), url.password().map(str::to_owned));
    let auth = if user.is_empty() { Auth::None } else { Auth::Basic(user, Secret::new(password.unwrap_or_default())) };
    if auth != Auth::None && url.set_username("").and_then(|()| url.set_password(None)).is_err() {
        return Err("--loki: this address cannot have a user".to_owned());
    }
    Ok(ClientConfig {
        name: url.host_str().unwrap_or_default().to_owned(),
        format: if url.path().ends_with("/v1/logs") { PushFormat::Otlp } else { PushFormat::Protobuf },
        url,
        gzip: false,
        timeout: std::time::Duration::from_secs(10),
        schedule: SCHEDULE,
        tenant,
        external_labels,
        headers: Vec::new(),
        auth,
        tls: TlsFiles::default(),
        proxy: Proxy::FromEnvironment,
    })
}
