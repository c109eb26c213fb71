//! A stack for one test, with a unique project name and ephemeral host ports. It is removed at the end.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bollard::{
    Docker,
    exec::StartExecResults,
    models::{ExecConfig, HealthStatusEnum},
    query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder},
};
use futures_util::TryStreamExt;
use serde_json::Value;
use wharf_testkit::{Run, eventually, kill_process};

/// Longest wait for a stack or a container to become healthy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);
/// The prefix of these tests' project names.
const PREFIX: &str = "wharf-e2e-";
const PROJECT_LABEL: &str = "com.docker.compose.project";

/// A project made from `deploy/compose.yaml`, an example, or a test's own file.
pub(crate) struct Stack {
    pub(crate) project: String,
    pub(crate) docker: Docker,
    files: Vec<PathBuf>,
}

impl Stack {
    /// The stack of `deploy/`, named after the test (one word) and this run. Starts nothing. Removes what dead runs
    /// left behind.
    pub(crate) async fn named(test: &str) -> Self {
        let files = chosen_files();
        Self::of_files(test, files).await
    }

    /// An example of `deploy/examples/`, with images from the same source.
    pub(crate) async fn example(name: &str) -> Self {
        let folder = root().join("deploy/examples").join(name);
        let offline = chosen_files().len() > 1;
        let names = ["compose.yaml", "compose.offline.yaml"].into_iter().take(if offline { 2 } else { 1 });
        Self::of_files(&name.replace('-', ""), names.map(|name| folder.join(name)).collect()).await
    }

    /// A project of these files.
    pub(crate) async fn of_files(test: &str, files: Vec<PathBuf>) -> Self {
        let docker = Docker::connect_with_defaults().expect("a Docker Engine");
        let run = Run::current().expect("a Linux host");
        for project in projects(&docker).await {
            let of = project.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')?.1.parse::<Run>().ok());
            if of.is_some_and(|run| run.is_over()) {
                wharf(&project, &chosen_files(), &["down", "--volumes", "--remove-orphans"]).unwrap();
            }
        }
        Self { project: format!("{PREFIX}{test}-{run}"), docker, files }
    }

    /// Adds a file that overrides the others.
    pub(crate) fn add_file(&mut self, file: PathBuf) {
        self.files.push(file);
    }

    /// Makes it the project of one file.
    pub(crate) fn replace_files(&mut self, file: PathBuf) {
        self.files = vec![file];
    }

    /// Runs `wharf` with arguments that it refuses, and returns its output.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        wharf(&self.project, &self.files, arguments).unwrap_err()
    }

    /// Runs `wharf` with these arguments, and returns its standard output.
    pub(crate) fn wharf(&self, arguments: &[&str]) -> String {
        wharf(&self.project, &self.files, arguments).unwrap()
    }

    /// The containers' ids by name, as `wharf ps` lists them.
    pub(crate) fn containers(&self) -> BTreeMap<String, String> {
        let text = |object: &Value, key: &str| object[key].as_str().expect("a text").to_owned();
        self.ps().iter().map(|container| (text(container, "Name"), text(container, "ID"))).collect()
    }

    /// The ids of a service's containers.
    pub(crate) fn containers_of(&self, service: &str) -> Vec<String> {
        let of = self.ps().into_iter().filter(|container| container["Service"] == service);
        of.map(|container| container["ID"].as_str().expect("an id").to_owned()).collect()
    }

    fn ps(&self) -> Vec<Value> {
        self.wharf(&["ps", "--format", "json"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// `http://127.0.0.1:port` of a published port. Under IPv6 the engine may use another number.
    pub(crate) fn url(&self, service: &str, port: u16) -> String {
        let containers = self.ps();
        let published = containers
            .iter()
            .filter(|container| container["Service"] == service)
            .flat_map(|container| container["Publishers"].as_array().expect("publishers"))
            .find(|publisher| {
                let reachable = matches!(publisher["URL"].as_str(), Some("0.0.0.0" | "127.0.0.1"));
                reachable && publisher["TargetPort"] == port && publisher["PublishedPort"] != 0
            });
        match published {
            Some(publisher) => format!("http://127.0.0.1:{}", publisher["PublishedPort"]),
            None => panic!("{service} publishes no port for its {port} under IPv4"),
        }
    }

    /// Kills a container's main process on the host and waits until the engine has started another that is healthy.
    pub(crate) async fn kill_and_await_recovery(&self, container: &str) {
        let killed = self.main_process(container).await;
        kill_process(killed).await.unwrap();
        eventually(format!("{container} comes back by its restart policy"), DEADLINE, async || {
            match self.state(container).await {
                (pid, HealthStatusEnum::HEALTHY) if pid != killed && pid > 0 => Ok(()),
                state => Err(format!("{state:?}")),
            }
        })
        .await
        .unwrap();
    }

    pub(crate) async fn main_process(&self, container: &str) -> i64 {
        self.state(container).await.0
    }

    /// How often the engine has restarted a container, and its state as the engine names it.
    pub(crate) async fn restarts(&self, container: &str) -> (i64, String) {
        let inspected = self.docker.inspect_container(container, None).await.unwrap();
        let state = inspected.state.and_then(|state| state.status).expect("a state");
        (inspected.restart_count.unwrap_or(0), state.to_string())
    }

    async fn state(&self, container: &str) -> (i64, HealthStatusEnum) {
        let state = self.docker.inspect_container(container, None).await.unwrap().state.expect("a state");
        let health = state.health.and_then(|health| health.status).unwrap_or(HealthStatusEnum::NONE);
        (state.pid.unwrap_or(0), health)
    }

    /// `Ok` if every container runs and is healthy, or has no health check. Else names one that is not.
    pub(crate) async fn all_are_healthy(&self) -> Result<(), String> {
        for (name, id) in self.containers() {
            let (pid, health) = self.state(&id).await;
            if pid == 0 || !matches!(health, HealthStatusEnum::HEALTHY | HealthStatusEnum::NONE) {
                return Err(format!("{name} is {health}"));
            }
        }
        Ok(())
    }

    /// Runs a command in a service's only container, and returns its standard output without the final line break.
    pub(crate) async fn inside(&self, service: &str, command: &[&str]) -> String {
        let [container] = &self.containers_of(service)[..] else { panic!("{service} is not one container") };
        let config = ExecConfig {
            cmd: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let exec = self.docker.create_exec(container, config).await.unwrap().id;
        let StartExecResults::Attached { output, .. } = self.docker.start_exec(&exec, None).await.unwrap() else {
            panic!("detached")
        };
        let frames: Vec<_> = output.try_collect().await.unwrap();
        frames.iter().map(ToString::to_string).collect::<String>().trim_end().to_owned()
    }

    /// What the engine still has of the project: containers, networks, volumes.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let ours = format!("{PROJECT_LABEL}={}", self.project);
        labelled(&self.docker, &ours).await.into_iter().map(|(name, _)| name).collect()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for arguments in [&["ps", "--all"][..], &["logs", "--tail", "20"]] {
                match wharf(&self.project, &self.files, arguments) {
                    Ok(output) => eprintln!("{output}"),
                    Err(error) => eprintln!("{error}"),
                }
            }
        }
        if let Err(error) = wharf(&self.project, &self.files, &["down", "--volumes"]) {
            eprintln!("{error}");
        }
    }
}

/// The names of all projects in the engine, running or not.
async fn projects(docker: &Docker) -> BTreeSet<String> {
    labelled(docker, PROJECT_LABEL)
        .await
        .into_iter()
        .filter_map(|(_, mut labels)| labels.remove(PROJECT_LABEL))
        .collect()
}

/// Names and labels of all containers, networks and volumes that have a label.
async fn labelled(docker: &Docker, label: &str) -> Vec<(String, HashMap<String, String>)> {
    let filters = HashMap::from([("label", vec![label])]);
    let containers = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let volumes = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let mut found = Vec::new();
    for container in docker.list_containers(Some(containers)).await.unwrap() {
        found.push((container.names.unwrap_or_default().join(","), container.labels.unwrap_or_default()));
    }
    for network in docker.list_networks(Some(networks)).await.unwrap() {
        found.push((network.name.unwrap_or_default(), network.labels.unwrap_or_default()));
    }
    for volume in docker.list_volumes(Some(volumes)).await.unwrap().volumes.unwrap_or_default() {
        found.push((volume.name, volume.labels));
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root")
}

/// The Compose files, by the source of images that the task chose.
fn chosen_files() -> Vec<PathBuf> {
    let files = env::var("WHARF_TEST_FILES").expect("WHARF_TEST_FILES is not set: run `cargo xtask test`");
    files.split(':').map(|file| root().join(file)).collect()
}

/// Runs the built `wharf`. The error is both outputs.
fn wharf(project: &str, files: &[PathBuf], arguments: &[&str]) -> Result<String, String> {
    let binary = env::var_os("WHARF_BIN").expect("WHARF_BIN is not set: run `cargo xtask test`");
    let output = Command::new(binary)
        .current_dir(root())
        .args(["-p", project])
        .args(files.iter().flat_map(|file| [Path::new("-f"), file]))
        .args(arguments)
        .env("WEB_PORT", "0")
        .env("PROMETHEUS_PORT", "0")
        .env("GRAFANA_PORT", "0")
        .env("PREFIX", project)
        .output()
        .expect("the built wharf");
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    if output.status.success() {
        return Ok(out);
    }
    Err(format!("wharf -p {project} {}: {}\n{out}{err}", arguments.join(" "), output.status))
}
