//! An exporter that serves, and containers for it to see.

use std::{collections::HashMap, time::Duration};

use bollard::{
    Docker,
    models::{ContainerCreateBody, HostConfig},
    query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder},
};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use wharf_docker::{Endpoint, EndpointChoice};
use wharf_exporter::{CONTAINER_LABELS, Collector, Config, Exporter, RunError};
use wharf_testkit::{Run, eventually};

use crate::peer::{Scrape, get};

/// Longest wait for something to be served.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// The base of all images from Debian's packages, made by `cargo xtask images`.
const IMAGE: &str = "wharf-local/debian:bookworm";

/// The settings unless a test changes them: this machine's engine, any port.
pub(crate) fn config(collectors: &[Collector]) -> Config {
    let environment = std::env::vars().collect();
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        engine: Endpoint::resolve(&environment, &EndpointChoice::default()).unwrap(),
        collectors: collectors.to_vec(),
        procfs: "/proc".into(),
        rootfs: "/".into(),
        container_labels: CONTAINER_LABELS.map(str::to_owned).to_vec(),
        more_container_metrics: false,
        layer_sizes_every: Some(Duration::from_secs(60)),
        databases: Default::default(),
        limits: Default::default(),
    }
}

/// An exporter, stopped when this is dropped.
pub(crate) struct Served {
    pub(crate) port: u16,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), RunError>>,
    _guard: DropGuard,
}

impl Served {
    pub(crate) async fn start(config: Config) -> Self {
        let exporter = Exporter::bind(config).await.unwrap();
        let (port, stop) = (exporter.address().port(), CancellationToken::new());
        let task = tokio::spawn(exporter.run(stop.clone()));
        Served { port, _guard: stop.clone().drop_guard(), stop, task }
    }

    pub(crate) async fn scrape(&self) -> Scrape {
        Scrape::parse(&get(self.port, "/metrics").await)
    }

    /// The first scrape that satisfies a test; what it says otherwise is part of the error.
    pub(crate) async fn scrape_until(&self, what: &str, satisfied: impl Fn(&Scrape) -> Result<(), String>) -> Scrape {
        let scraped = eventually(what, DEADLINE, async || {
            let scrape = self.scrape().await;
            satisfied(&scrape).map(|()| scrape)
        });
        scraped.await.unwrap()
    }

    /// The first scrape with a sample of that name for the container.
    pub(crate) async fn scrape_with(&self, name: &str, container: &str) -> Scrape {
        let there = |scrape: &Scrape| {
            let found = of(scrape, container).into_iter().any(|(found, _)| found == name);
            if found { Ok(()) } else { Err(format!("there are {:?}", scrape.names())) }
        };
        self.scrape_until(&format!("{name} of {container}"), there).await
    }
}

/// The samples of a container.
pub(crate) fn of(scrape: &Scrape, container: &str) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for (name, series) in &scrape.0 {
        let of_it = series.iter().filter(|(labels, _)| labels.get("name").is_some_and(|name| name == container));
        found.extend(of_it.map(|(_, value)| (name.clone(), *value)));
    }
    found
}

/// A container of a test; it goes when this is dropped, or with the next run of tests.
pub(crate) struct Container {
    pub(crate) docker: Docker,
    pub(crate) name: String,
}

impl Container {
    /// Starts `command` with these labels.
    pub(crate) async fn start(word: &str, command: &[&str], labels: &[(&str, &str)], host: HostConfig) -> Self {
        let docker = Docker::connect_with_defaults().unwrap();
        let run = Run::current().unwrap();
        let name = format!("exporter-core-{word}-{run}");
        let mut all = HashMap::from([("org.wharf.testkit.run".to_owned(), run.to_string())]);
        all.insert("org.wharf.testkit.test".to_owned(), word.to_owned());
        all.extend(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let body = ContainerCreateBody {
            image: Some(IMAGE.to_owned()),
            cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            labels: Some(all),
            host_config: Some(HostConfig { init: Some(true), ..host }),
            ..Default::default()
        };
        let container = Container { docker, name };
        let options = CreateContainerOptionsBuilder::new().name(&container.name).build();
        container.docker.create_container(Some(options), body).await.unwrap();
        container.docker.start_container(&container.name, None).await.unwrap();
        container
    }

    pub(crate) async fn remove(&self) {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        self.docker.remove_container(&self.name, Some(options)).await.unwrap();
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // A test that has removed it already, or an engine that is gone: nothing to be done about either.
        let _ = std::process::Command::new("docker").args(["rm", "--force", "--volumes", &self.name]).output();
    }
}
