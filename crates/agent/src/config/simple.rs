//! A configuration from a few flags.

use std::collections::HashMap;

use url::Url;
use wharf_docker::labels::PROJECT;
use wharf_loki::labels::is_label_name;

use super::{Config, DockerFrom, Job, Limits, SCHEDULE, default_listen, default_positions};
use crate::delivery::{Auth, ClientConfig, Proxy, PushFormat, TlsConfig};
use crate::discovery::Labelling;

/// The label that selects containers, and excludes them from a project and from `--all-projects`.
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
    /// The containers that are read.
    pub selection: Selection,
}

/// Which containers are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selection {
    /// Those of this machine with the label `log_collect=true`.
    #[default]
    Labelled,
    /// Those of a Compose project, except those with `log_collect=false`.
    Project(String),
    /// Those of this machine, except those with `log_collect=false`.
    All,
    /// Those that pass the engine's filters, as `name=value`.
    Filters(Vec<String>),
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
        let from = self.selection.containers()?;
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

impl Selection {
    fn containers(&self) -> Result<DockerFrom, String> {
        let with = |label: String| HashMap::from([("label".to_owned(), vec![label])]);
        let without = Some((LABEL.to_owned(), "false".to_owned()));
        Ok(match self {
            Selection::Labelled => DockerFrom { filters: with(format!("{LABEL}=true")), ..DockerFrom::default() },
            Selection::All => DockerFrom { without, ..DockerFrom::default() },
            Selection::Project(name) => {
                DockerFrom { filters: with(format!("{PROJECT}={name}")), without, ..DockerFrom::default() }
            }
            Selection::Filters(filters) => {
                let mut from = DockerFrom::default();
                for filter in filters {
                    let Some((name, value)) = filter.split_once('=').filter(|(_, value)| !value.is_empty()) else {
                        return Err(format!("{filter:?} is not a filter: write for example label=app=web or name=web"));
                    };
                    from.filters.entry(name.to_owned()).or_default().push(value.to_owned());
                }
                from
            }
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
    let auth = Auth::taken_from(&mut url);
    Ok(ClientConfig {
        name: url.host_str().unwrap_or_default().to_owned(),
        format: if url.path().ends_with("/v1/logs") { PushFormat::Otlp } else { PushFormat::Protobuf },
        url,
        gzip: false,
        timeout: std::time::Duration::from_secs(10),
        schedule: SCHEDULE,
        tenant,
        external_labels,
        drop_rate_limited: false,
        headers: Vec::new(),
        auth,
        tls: TlsConfig::default(),
        proxy: Proxy::FromEnvironment,
    })
}
