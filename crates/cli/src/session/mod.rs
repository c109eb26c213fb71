//! One run of the command: its flags, the project and the engine that they name, and where its output goes.

mod execute;
pub(crate) mod flags;
mod git;
pub(crate) mod here;
mod lock;
mod namesake;
mod project;
mod settings;
pub(crate) mod signals;

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_serve::Interrupts;
use wharf_telemetry::EnvFilter;

use crate::failure::Failure;
use crate::invocation::Called;
use crate::screen::colour::{Ansi, Colours};
use crate::screen::report;
use flags::Global;
use git::GitCache;
use settings::Settings;
use signals::Signals;

pub(crate) use lock::ProjectLock;
pub(crate) use project::{Existing, Locked, known};

/// One run of the command.
pub(crate) struct Session {
    pub(crate) called: Called,
    pub(crate) global: Global,
    pub(crate) settings: Settings,
    /// `--ansi`, else `COMPOSE_ANSI` of the environment or of the project's `.env`.
    ansi: Ansi,
    pub(crate) colours: Colours,
    /// Set once a verb handles signals itself.
    takes_signals: OnceLock<()>,
    /// What was read from standard input, which can be read once.
    stdin: OnceLock<String>,
    /// The Git repositories that the project includes.
    git: Arc<GitCache>,
}

impl Session {
    pub(crate) fn new(called: Called, global: Global) -> Self {
        let settings = Settings::of_process();
        let ansi = global.ansi().or_else(|| {
            let values = wharf_compose::values_of_env_files(&global.place(&settings.environment).ok()?);
            Ansi::from_str(values.get("COMPOSE_ANSI")?, false).ok()
        });
        let ansi = ansi.unwrap_or(Ansi::Auto);
        let colours = Colours::of_process(ansi, &settings.environment);
        let git = Arc::new(GitCache::new(&settings.environment));
        Session { called, global, settings, ansi, colours, takes_signals: OnceLock::new(), stdin: OnceLock::new(), git }
    }

    /// The same session, which fetches nothing from the network to read the project.
    pub(crate) fn without_fetching(self) -> Self {
        Session { git: Arc::new(GitCache::offline(&self.settings.environment)), ..self }
    }

    /// With `--verbose`, prints to standard error what the libraries tell of their work.
    pub(crate) fn tell_details(&self) {
        if self.global.is_verbose() {
            let filter = EnvFilter::new("wharf=debug");
            let lines = wharf_telemetry::subscriber(wharf_telemetry::Format::Human, filter, std::io::stderr);
            if tracing::subscriber::set_global_default(lines).is_err() {
                report::line("details are told already");
            }
        }
    }

    /// Takes over SIGINT and SIGTERM: the first asks for the end, the second demands it.
    pub(crate) fn interrupts(&self) -> anyhow::Result<Interrupts> {
        self.takes_signals.get_or_init(|| ());
        Interrupts::take().context("cannot listen for signals")
    }

    /// Takes over the signals that are meant for a process in a container.
    pub(crate) fn signals(&self) -> anyhow::Result<Signals> {
        self.takes_signals.get_or_init(|| ());
        Signals::take().context("cannot listen for signals")
    }

    /// Waits for a SIGINT or SIGTERM that no verb handles.
    pub(crate) async fn interrupted(&self) -> std::io::Result<()> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if self.takes_signals.get().is_none() {
                return Ok(());
            }
        }
    }

    /// The engine that the flags name.
    pub(crate) fn endpoint_choice(&self) -> EndpointChoice {
        self.global.endpoint_choice()
    }

    /// The engine's address, by flags, environment and contexts.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        Ok(Endpoint::resolve(&self.settings.environment, &self.endpoint_choice())?)
    }

    pub(crate) async fn connect(&self) -> Result<Engine, Failure> {
        let endpoint = self.endpoint()?;
        tracing::debug!(host = endpoint.host, chosen_by = endpoint.origin, "connecting");
        let engine = Engine::connect(&endpoint).await?;
        tracing::debug!(api = %engine.api_version(), "connected");
        Ok(engine)
    }
}
