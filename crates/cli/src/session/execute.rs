//! Carrying plans out, or only printing what would be done.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::apply::{ApplyOptions, BuildSettings};
use wharf_orchestrator::{Plan, ProviderAct, ProviderPrograms, apply, provider_programs};
use wharf_serve::Interrupts;

use super::flags::ProgressKind;
use super::{Locked, Session};
use crate::failure::Failure;
use crate::screen::changes::View;
use crate::screen::colour::Ansi;
use crate::screen::progress::{Display, Style};
use crate::screen::report;

impl Session {
    /// How plans are carried out: the first interrupt stops them gracefully, the second at once.
    pub(crate) fn apply_options(&self, interrupts: &Interrupts) -> ApplyOptions {
        let limit = || self.settings.variable("COMPOSE_PARALLEL_LIMIT")?.parse().ok();
        let parallel = self.global.parallel.or_else(limit).map(|most| match usize::try_from(most) {
            Ok(most) => most,
            // -1: no limit.
            Err(_) => usize::MAX,
        });
        ApplyOptions {
            stop: interrupts.first.clone(),
            abort: interrupts.second.clone(),
            dry_run: self.is_dry_run(),
            builds: self.build_settings(),
            environment: self.settings.environment_of_programs(),
            parallel: parallel.and_then(NonZeroUsize::new),
            ..ApplyOptions::default()
        }
    }

    /// How images are built: `DOCKER_BUILDKIT=0` asks for the classic builder, as for docker.
    fn build_settings(&self) -> BuildSettings {
        let buildkit = self.settings.variable("DOCKER_BUILDKIT").map(|value| value.to_lowercase());
        BuildSettings {
            classic: matches!(buildkit.as_deref(), Some("0" | "f" | "false")),
            ssh_agent: self.settings.variable("SSH_AUTH_SOCK").filter(|path| !path.is_empty()).map(PathBuf::from),
            raw_reports: self.global.progress == ProgressKind::RawJson,
            memory: None,
        }
    }

    /// The same for what the first interrupt ends at once, since it leaves nothing that has to be undone.
    pub(crate) fn apply_options_without_grace(&self) -> anyhow::Result<ApplyOptions> {
        let interrupts = self.interrupts()?;
        Ok(ApplyOptions { abort: interrupts.first.clone(), ..self.apply_options(&interrupts) })
    }

    /// A display for the progress of plans, on standard error.
    pub(crate) fn display(&self, quiet: bool) -> Display {
        let terminal = std::io::stderr().is_terminal();
        let style = match self.global.progress {
            _ if quiet => Style::Quiet,
            // Rows would be drawn over the details.
            ProgressKind::Auto if terminal && self.ansi != Ansi::Never && !self.global.is_verbose() => Style::Terminal,
            ProgressKind::Auto | ProgressKind::Plain => Style::Plain,
            ProgressKind::Tty => Style::Terminal,
            ProgressKind::Json => Style::Json,
            ProgressKind::RawJson => Style::RawJson,
            ProgressKind::Quiet => Style::Quiet,
        };
        Display::new(style, self.colours.err, self.is_dry_run().then(|| self.view()))
    }

    /// How plans are printed to standard output.
    pub(crate) fn view(&self) -> View {
        View { steps: self.global.steps, values: self.global.show_values, colour: self.colours.out }
    }

    /// The programs of those of the services (none: of all) that providers provide, for `down`.
    pub(crate) async fn providers(&self, locked: &Locked, services: &[String]) -> Result<ProviderPrograms, Failure> {
        let Locked { project, engine, .. } = locked;
        let chosen = project.services.keys().filter(|name| services.is_empty() || services.contains(*name));
        let environment = self.settings.environment_of_programs();
        Ok(provider_programs(engine, project, &chosen.cloned().collect(), ProviderAct::Down, &environment).await?)
    }

    /// Carries a plan out with progress and nothing special. It is for plans that do not change which containers there are,
    /// or their state.
    pub(crate) async fn carry_out(&self, plan: &Plan, project: &Project, engine: &Engine) -> Result<ExitCode, Failure> {
        let options = self.apply_options_without_grace()?;
        apply(engine, project, plan, &options, &self.display(false)).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// The same for a project that is locked.
    pub(crate) async fn change(&self, locked: &Locked, plan: &Plan) -> Result<ExitCode, Failure> {
        self.change_with(locked, plan, self.apply_options_without_grace()?).await
    }

    /// The same with options.
    pub(crate) async fn change_with(
        &self,
        locked: &Locked,
        plan: &Plan,
        options: ApplyOptions,
    ) -> Result<ExitCode, Failure> {
        let Locked { project, engine, lock, .. } = locked;
        let applied = apply(engine, project, plan, &lock.options(options), &self.display(false)).await;
        applied.map_err(|error| lock.failure(error))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Under `--dry-run` prints what would be done; the caller then does nothing.
    pub(crate) fn only_shows(&self, what: impl FnOnce() -> String) -> anyhow::Result<bool> {
        if self.is_dry_run() {
            report::print(&what())?;
        }
        Ok(self.is_dry_run())
    }

    /// Whether `--dry-run` was given.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.global.dry_run
    }
}
