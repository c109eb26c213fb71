//! A project of its own on an engine, and the `wharf` that is run on it.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use tempfile::TempDir;
use tokio::process::{Child, Command as Process};
use wharf_testkit::{Picture, Run, Shop, SimulatedEngine};

use crate::api::{Api, encode};
use crate::proxy::{Plan, Proxy};

/// A command that runs longer than this hangs.
const DEADLINE: Duration = Duration::from_secs(300);
const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;
/// What the names of all projects begin with.
const PREFIX: &str = "wharf-chaos-";

/// What is typed, with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Command {
    pub(crate) shop: Shop,
    pub(crate) words: &'static [&'static str],
}

impl Command {
    pub(crate) fn name(&self) -> String {
        format!("{} (V={})", self.words.join(" "), self.shop.db)
    }

    pub(crate) fn is_down(&self) -> bool {
        self.words[0] == "down"
    }

    pub(crate) fn removes_volumes(&self) -> bool {
        self.words == ["down", "-v"]
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    /// Its calls that changed something.
    pub(crate) calls: Vec<String>,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    pub(crate) fn failed(&self) -> bool {
        self.code().is_some_and(|code| code != 0)
    }

    /// What is wrong with any end, whatever happened: it hung, or it panicked.
    pub(crate) fn broken(&self) -> Option<String> {
        match self.status {
            None => Some(format!("it hangs: {}", self.stderr)),
            Some(status) if matches!(status.signal(), Some(SIGABRT | SIGSEGV)) => Some(format!("it crashes: {status}")),
            Some(_) if self.code() == Some(101) || self.stderr.contains("panicked at") => {
                Some(format!("it panics: {}", self.stderr))
            }
            Some(_) => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) project: String,
    pub(crate) api: Api,
    pub(crate) proxy: Proxy,
    wharf: PathBuf,
    folder: TempDir,
    port: u16,
    /// It ends with this.
    _simulated: Option<SimulatedEngine>,
}

impl Site {
    /// `socket`: that of a real engine; otherwise one is simulated.
    pub(crate) async fn new(wharf: PathBuf, socket: Option<PathBuf>, number: usize) -> Result<Self> {
        let run = Run::current().context("this needs /proc")?;
        let project = format!("{PREFIX}{run}-{number}");
        let folder = tempfile::tempdir()?;
        let (simulated, socket) = match socket {
            Some(socket) => (None, socket),
            None => {
                let engine = SimulatedEngine::start();
                engine.add_image(Shop::DB_IMAGE, &["/var/lib/db"]);
                engine.add_image(Shop::APP_IMAGE, &[]);
                let socket = engine.host().trim_start_matches("unix://").into();
                (Some(engine), socket)
            }
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let proxy = Proxy::start(folder.path().join("proxy.sock"), socket.clone())?;
        Ok(Site { project, api: Api { socket }, proxy, wharf, folder, port, _simulated: simulated })
    }

    /// Starts a command, as a client of the proxy.
    fn spawn(&self, command: &Command, log: &str) -> Result<Child> {
        let file =
            self.folder.path().join(format!("{}-{}-{}.yaml", command.shop.db, command.shop.web, command.shop.port_of));
        // Two may write it at the same moment, and another may read it.
        if !file.exists() {
            std::fs::write(&file, command.shop.text(self.port))?;
        }
        let log = std::fs::File::create(self.folder.path().join(log))?;
        let mut process = Process::new(&self.wharf);
        process.arg("-p").arg(&self.project).arg("-f").arg(file).args(command.words);
        process.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env(Shop::SECRET, "secret");
        process.env("HOME", self.folder.path()).env("XDG_RUNTIME_DIR", self.folder.path());
        process.env("DOCKER_HOST", format!("unix://{}", self.proxy.path.display()));
        process.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        process.spawn().with_context(|| format!("cannot run {}", self.wharf.display()))
    }

    /// Waits for the end; kills the process when `killed` is ready.
    async fn end(&self, mut child: Child, log: &str, killed: impl Future<Output = ()>) -> Result<Ended> {
        let start = Instant::now();
        let status = tokio::select! {
            status = child.wait() => Some(status?),
            () = killed => {
                child.start_kill()?;
                // No call of the dead is to be done.
                let calls = self.proxy.calls();
                let status = child.wait().await?;
                self.proxy.plan(Plan::Gone);
                let stderr = self.log(log)?;
                return Ok(Ended { status: Some(status), stderr, took: start.elapsed(), calls });
            }
            () = tokio::time::sleep(DEADLINE) => {
                child.kill().await?;
                None
            }
        };
        Ok(Ended { status, stderr: self.log(log)?, took: start.elapsed(), calls: self.proxy.calls() })
    }

    fn log(&self, name: &str) -> Result<String> {
        let text = std::fs::read(self.folder.path().join(name))?;
        Ok(String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// Runs a command while the proxy does what it is to do. It is killed after a time, or when the proxy says so.
    pub(crate) async fn attacked(&self, command: &Command, plan: Plan, after: Option<Duration>) -> Result<Ended> {
        self.proxy.plan(plan);
        let child = self.spawn(command, "log")?;
        let killed = async {
            match after {
                Some(after) => tokio::time::sleep(after).await,
                None => self.proxy.reached().await,
            }
        };
        self.end(child, "log", killed).await
    }

    /// Runs a command.
    pub(crate) async fn run(&self, command: &Command) -> Result<Ended> {
        self.proxy.plan(Plan::PassOn);
        self.end(self.spawn(command, "log")?, "log", std::future::pending()).await
    }

    /// Runs a command that must succeed.
    pub(crate) async fn ok(&self, command: &Command) -> Result<Ended> {
        let ended = self.run(command).await?;
        match ended.code() {
            Some(0) => Ok(ended),
            code => bail!("`{}` fails without an attack ({code:?}): {}", command.name(), ended.stderr),
        }
    }

    /// Runs two commands; the second begins a little later.
    pub(crate) async fn both(&self, [one, other]: [&Command; 2], apart: Duration) -> Result<[Ended; 2]> {
        self.proxy.plan(Plan::PassOn);
        let first = self.end(self.spawn(one, "log")?, "log", std::future::pending());
        let second = async {
            tokio::time::sleep(apart).await;
            self.end(self.spawn(other, "other")?, "other", std::future::pending()).await
        };
        tokio::try_join!(first, second).map(|(first, second)| [first, second])
    }

    pub(crate) async fn picture(&self) -> Result<Picture> {
        self.api.picture(&self.project).await
    }

    /// Writes a text into each volume of `db`.
    pub(crate) async fn mark(&self, text: &str) -> Result<()> {
        for folder in Shop::VOLUMES {
            self.api.write(&format!("{}-db-1", self.project), folder, "mark", text).await?;
        }
        Ok(())
    }

    /// What was written there; none where it is not, or where there is no container.
    pub(crate) async fn marks(&self) -> Result<[Option<Bytes>; 3]> {
        let mut marks = [const { None }; 3];
        for (mark, folder) in marks.iter_mut().zip(Shop::VOLUMES) {
            *mark = self.api.read(&format!("{}-db-1", self.project), &format!("{folder}/mark")).await?;
        }
        Ok(marks)
    }

    /// Removes all that there is of the project.
    pub(crate) async fn clear(&self) -> Result<()> {
        self.api.clear(&self.project).await
    }
}

/// Makes the images from `base`, which has `sh`.
pub(crate) async fn make_images(api: &Api, base: &str) -> Result<()> {
    if api.get(&format!("/images/{}/json", Shop::DB_IMAGE)).await?.is_some() {
        return Ok(());
    }
    let split = |image: &'static str| image.split_once(':').unwrap_or((image, "latest"));
    let (repository, tag) = split(Shop::APP_IMAGE);
    let target = format!("/images/{base}/tag?repo={}&tag={tag}", encode(repository));
    api.ask("POST", &target, Bytes::new()).await?.with_context(|| format!("there is no image {base}"))?;
    let body = format!(r#"{{"Image": "{}", "Cmd": ["true"]}}"#, Shop::APP_IMAGE);
    let answer = api.ask("POST", "/containers/create", body.into()).await?.context("no container was created")?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let id = answer["Id"].as_str().context("a container has an identifier")?;
    let (repository, tag) = split(Shop::DB_IMAGE);
    let changes = encode("VOLUME /var/lib/db");
    let target = format!("/commit?container={id}&repo={}&tag={tag}&changes={changes}", encode(repository));
    let made = api.ask("POST", &target, "{}".into()).await;
    api.ask("DELETE", &format!("/containers/{id}"), Bytes::new()).await?;
    made.map(drop)
}

/// Removes the projects of runs that are over.
pub(crate) async fn clear_dead_runs(api: &Api) -> Result<()> {
    let mut projects = std::collections::BTreeSet::new();
    for list in ["/containers/json?all=1&", "/networks?", "/volumes?"] {
        for found in api.labelled(list, "com.docker.compose.project").await? {
            projects.extend(found["Labels"]["com.docker.compose.project"].as_str().map(str::to_owned));
        }
    }
    for project in projects {
        let run = project.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('-')?.0.parse::<Run>().ok());
        if run.is_some_and(|run| run.is_over()) {
            api.clear(&project).await?;
        }
    }
    Ok(())
}
