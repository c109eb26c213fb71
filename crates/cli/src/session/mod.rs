//! What every verb needs: the global flags, the project they name, and the engine.

pub(crate) mod signals;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::{Args, ValueEnum};
use wharf_compose::{Config, Loaded, Options, Passes, Project};
use wharf_docker::{Endpoint, EndpointChoice, Engine};
use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::{Observed, Plan, apply, observe};
pub(crate) use wharf_serve::Interrupts;

use crate::failure::Failure;
use crate::screen::progress::{Display, Style};
use crate::screen::report;

/// Flags that stand before the verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Compose file; may be repeated, later ones are merged over earlier ones ("-": standard input)
    #[arg(short, long = "file", value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Project name
    #[arg(short = 'p', long, value_name = "NAME")]
    project_name: Option<String>,
    /// Profile to enable; may be repeated
    #[arg(long = "profile", value_name = "NAME", global = true)]
    profile: Vec<String>,
    /// Environment file instead of .env; may be repeated
    #[arg(long = "env-file", value_name = "FILE", global = true)]
    env_file: Vec<PathBuf>,
    /// Directory that relative paths start from (default: that of the first Compose file)
    #[arg(long, value_name = "DIR", global = true)]
    project_directory: Option<PathBuf>,
    /// The engine's address instead of DOCKER_HOST
    #[arg(short = 'H', long, value_name = "URL")]
    host: Option<String>,
    /// Docker context to use
    #[arg(long, value_name = "NAME", global = true)]
    context: Option<String>,
    /// How progress is shown
    #[arg(long, value_name = "TYPE", default_value = "auto", env = "COMPOSE_PROGRESS", global = true)]
    progress: ProgressKind,
    /// When to use colours and redraw lines
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "COMPOSE_ANSI", global = true)]
    ansi: Ansi,
    /// Networks and volumes that no service uses, too
    #[arg(long)]
    pub(crate) all_resources: bool,
    /// Names of containers and built images as Compose 1 made them, with "_"
    #[arg(long, global = true)]
    compatibility: bool,
    /// How many steps are carried out at a time (-1: as many as can be)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, global = true)]
    parallel: Option<i64>,
    /// Print what would be done, and do nothing
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ProgressKind {
    /// `tty` on a terminal, `plain` elsewhere
    Auto,
    /// Lines that are redrawn
    Tty,
    /// A line an event
    Plain,
    /// A JSON object an event
    Json,
    /// Nothing
    Quiet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ansi {
    Auto,
    Always,
    Never,
}

/// One run of the command.
pub(crate) struct Session {
    pub(crate) global: Global,
    pub(crate) environment: BTreeMap<String, String>,
    /// What was read from standard input, which can be read once.
    stdin: OnceLock<String>,
    /// Whether standard output and standard error take colours.
    pub(crate) colour_out: bool,
    colour_err: bool,
}

impl Session {
    pub(crate) fn new(global: Global) -> Self {
        let mut environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        // A shell sets it; what starts wharf without one may not.
        if let Ok(here) = std::env::current_dir() {
            environment.entry("PWD".to_owned()).or_insert_with(|| here.display().to_string());
        }
        let plain = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = |terminal: bool| match global.ansi {
            Ansi::Always => true,
            Ansi::Never => false,
            Ansi::Auto => terminal && !plain,
        };
        let colour_out = colour(std::io::stdout().is_terminal());
        let colour_err = colour(std::io::stderr().is_terminal());
        Session { global, environment, stdin: OnceLock::new(), colour_out, colour_err }
    }

    /// What the reader is given. `services` are those named on the command line.
    pub(crate) fn options(&self, services: &[String], profiles: &[String]) -> anyhow::Result<Options> {
        let from_stdin = self.global.file.iter().any(|file| file.as_os_str() == "-");
        let stdin = match (from_stdin, self.stdin.get()) {
            (true, None) => {
                let mut text = String::new();
                std::io::stdin().read_to_string(&mut text)?;
                Some(self.stdin.get_or_init(|| text).clone())
            }
            (true, read) => read.cloned(),
            (false, _) => None,
        };
        let mut all_profiles = self.global.profile.clone();
        all_profiles.extend_from_slice(profiles);
        Ok(Options {
            files: self.global.file.clone(),
            stdin,
            working_dir: std::env::current_dir()?,
            project_directory: self.global.project_directory.clone(),
            project_name: self.global.project_name.clone(),
            profiles: all_profiles,
            env_files: self.global.env_file.clone(),
            environment: self.environment.clone(),
            services: services.to_vec(),
            ..Options::default()
        })
    }

    /// Reads the project and prints the reader's warnings. `services` are those named on the command line.
    pub(crate) fn load(&self, services: &[String]) -> Result<Project, Failure> {
        self.load_by(services, Passes::default())
    }

    /// The same by the given passes.
    pub(crate) fn load_by(&self, services: &[String], passes: Passes) -> Result<Project, Failure> {
        let loaded = self.read(services, &[], passes)?;
        report::compose_warnings(&loaded.warnings, self.colour_err);
        Ok(loaded.project)
    }

    /// Reads the canonical form by the given passes and prints the reader's warnings.
    pub(crate) fn config(&self, services: &[String], passes: Passes) -> Result<Config, Failure> {
        let config = Config::load(&self.options(services, &[])?, passes)?;
        report::compose_warnings(&config.warnings, self.colour_err);
        Ok(config)
    }

    /// Reads the project; the warnings are the caller's.
    pub(crate) fn load_quietly(&self, services: &[String], profiles: &[String]) -> Result<Loaded, Failure> {
        self.read(services, profiles, Passes::default())
    }

    fn read(&self, services: &[String], profiles: &[String], passes: Passes) -> Result<Loaded, Failure> {
        match Project::load_by(&self.options(services, profiles)?, passes) {
            Ok(mut loaded) => {
                loaded.project.compatibility = self.compatibility();
                Ok(loaded)
            }
            Err(error) => {
                // A name that is none is no mistake of the file.
                if let (false, Ok(loaded)) =
                    (services.is_empty(), Project::load_by(&self.options(&[], profiles)?, passes))
                {
                    known(&loaded.project, true, services)?;
                }
                Err(error.into())
            }
        }
    }

    /// Reads the project for a verb on what exists: what would be wrong to start may be stopped. Without any file takes the
    /// name alone: containers are then found by their labels. The flag says whether there was a file.
    pub(crate) fn load_or_name(&self, services: &[String]) -> Result<(Project, bool), Failure> {
        let passes = Passes { check_consistency: false, read_env_files: false, ..Passes::default() };
        match self.read(services, &[], passes) {
            Ok(loaded) => Ok((loaded.project, true)),
            Err(Failure::Compose(error)) if error.no_file() && self.global.file.is_empty() => {
                match &self.global.project_name {
                    Some(name) => Ok((Project { name: name.clone(), ..Project::default() }, false)),
                    None => Err(error.into()),
                }
            }
            Err(other) => Err(other),
        }
    }

    /// The engine that the flags name.
    pub(crate) fn endpoint_choice(&self) -> EndpointChoice {
        EndpointChoice { host: self.global.host.clone(), context: self.global.context.clone() }
    }

    fn compatibility(&self) -> bool {
        self.global.compatibility || self.is_set("COMPOSE_COMPATIBILITY")
    }

    /// Whether a variable of the environment, or of the project's `.env`, says yes.
    pub(crate) fn is_set(&self, variable: &str) -> bool {
        let value = self.environment.get(variable).cloned().or_else(|| {
            let options = self.options(&[], &[]).ok()?;
            wharf_compose::environment(&options).ok()?.remove(variable)
        });
        value.is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "t" | "true" | "y" | "yes" | "on"))
    }

    /// A text in the docker command's own configuration.
    pub(crate) fn docker_setting(&self, key: &str) -> Option<String> {
        let home = || Some(PathBuf::from(self.environment.get("HOME")?).join(".docker"));
        let directory = self.environment.get("DOCKER_CONFIG").map(PathBuf::from).or_else(home)?;
        let text = std::fs::read_to_string(directory.join("config.json")).ok()?;
        let settings: serde_json::Value = serde_json::from_str(&text).ok()?;
        settings.get(key)?.as_str().filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// How plans are carried out: the first interrupt stops them gracefully, the second at once.
    pub(crate) fn apply_options(&self, interrupts: &Interrupts) -> ApplyOptions {
        let limit = || self.environment.get("COMPOSE_PARALLEL_LIMIT")?.parse().ok();
        let parallel = self.global.parallel.or_else(limit).and_then(|most| usize::try_from(most).ok());
        ApplyOptions {
            stop: interrupts.first.clone(),
            abort: interrupts.second.clone(),
            dry_run: self.global.dry_run,
            parallel: parallel.and_then(std::num::NonZeroUsize::new),
            ..ApplyOptions::default()
        }
    }

    /// Where the engine is.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        Ok(Endpoint::resolve(&self.environment, &self.endpoint_choice())?)
    }

    pub(crate) async fn connect(&self) -> Result<Engine, Failure> {
        Ok(Engine::connect(&self.endpoint()?).await?)
    }

    /// A display for the progress of plans, on standard error.
    pub(crate) fn display(&self, quiet: bool) -> Display {
        let terminal = std::io::stderr().is_terminal();
        let style = match self.global.progress {
            _ if quiet => Style::Quiet,
            ProgressKind::Auto if terminal && self.global.ansi != Ansi::Never => Style::Terminal,
            ProgressKind::Auto | ProgressKind::Plain => Style::Plain,
            ProgressKind::Tty => Style::Terminal,
            ProgressKind::Json => Style::Json,
            ProgressKind::Quiet => Style::Quiet,
        };
        Display::new(style, self.colour_err, self.global.dry_run)
    }

    /// For verbs on what exists: the project (or its name alone), what the engine has of it, and the engine.
    pub(crate) async fn observe_existing(&self, services: &[String]) -> Result<(Project, Observed, Engine), Failure> {
        let (project, has_file) = self.load_or_name(services)?;
        known(&project, has_file, services)?;
        let engine = self.connect().await?;
        let observed = observe(&engine, &project).await?;
        Ok((project, observed, engine))
    }

    /// Carries a plan out with progress and nothing special.
    pub(crate) async fn carry_out(&self, plan: &Plan, project: &Project, engine: &Engine) -> Result<ExitCode, Failure> {
        let options = self.apply_options(&Interrupts::default());
        apply(engine, project, plan, &options, &self.display(false)).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Services named on the command line have to be in the file, if there is one.
pub(crate) fn known(project: &Project, has_file: bool, services: &[String]) -> Result<(), Failure> {
    let is_service =
        |name: &String| project.services.contains_key(name) || project.disabled_services.contains_key(name);
    match services.iter().find(|name| has_file && !is_service(name)) {
        Some(unknown) => {
            let names: Vec<&str> = project.services.keys().map(String::as_str).collect();
            Err(anyhow::anyhow!("no such service: {unknown} (the project {} has: {})", project.name, names.join(", "))
                .into())
        }
        None => Ok(()),
    }
}
