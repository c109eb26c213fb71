//! One run of the command: its flags, the project and the engine that they name, and where its output goes.

mod execute;
pub(crate) mod flags;
mod project;
mod settings;
pub(crate) mod signals;

use std::sync::OnceLock;

use wharf_docker::{Endpoint, EndpointChoice, Engine};

use crate::failure::Failure;
use crate::screen::colour::Colours;
use flags::Global;
use settings::Settings;

pub(crate) use project::{Existing, known};

/// One run of the command.
pub(crate) struct Session {
    pub(crate) global: Global,
    pub(crate) settings: Settings,
    pub(crate) colours: Colours,
    /// What was read from standard input, which can be read once.
    stdin: OnceLock<String>,
}

impl Session {
    pub(crate) fn new(global: Global) -> Self {
        let settings = Settings::of_process();
        let colours = Colours::of_process(global.ansi, &settings.environment);
        Session { global, settings, colours, stdin: OnceLock::new() }
    }

    /// The engine that the flags name.
    pub(crate) fn endpoint_choice(&self) -> EndpointChoice {
        EndpointChoice { host: self.global.host.clone(), context: self.global.context.clone() }
    }

    /// The engine's address, by flags, environment and contexts.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        Ok(Endpoint::resolve(&self.settings.environment, &self.endpoint_choice())?)
    }

    pub(crate) async fn connect(&self) -> Result<Engine, Failure> {
        Ok(Engine::connect(&self.endpoint()?).await?)
    }
}
